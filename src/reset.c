// SPDX-License-Identifier: GPL-2.0-only
#include "reset.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel frees what an old value holds, such as a timer, when it is overwritten. */
static int clear_array(const struct bpf_map *map)
{
	void *zeroes = calloc(1, bpf_map__value_size(map));
	uint32_t i;
	int err = zeroes ? 0 : -ENOMEM;

	for (i = 0; !err && i < bpf_map__max_entries(map); i++)
		err = bpf_map_update_elem(bpf_map__fd(map), &i, zeroes, BPF_ANY);
	free(zeroes);
	return err;
}

static int clear_hash(const struct bpf_map *map)
{
	void *key = calloc(1, bpf_map__key_size(map));
	int err = key ? 0 : -ENOMEM;

	while (!err && !bpf_map_get_next_key(bpf_map__fd(map), NULL, key))
		err = bpf_map_delete_elem(bpf_map__fd(map), key);
	free(key);
	return err;
}

/* Its first two pages hold how far it was read and how far it is filled (kernel/bpf/ringbuf.c). */
int ccx_reset_ring(int fd)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned long *read_to = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	const unsigned long *filled_to = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, page);
	int err = read_to == MAP_FAILED || filled_to == MAP_FAILED ? -errno : 0;

	if (!err)
		__atomic_store_n(read_to, __atomic_load_n(filled_to, __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
	if (read_to != MAP_FAILED)
		munmap(read_to, page);
	if (filled_to != MAP_FAILED)
		munmap((void *)filled_to, page);
	return err;
}

static int clear(const struct bpf_map *map)
{
	if (bpf_map__map_flags(map) & BPF_F_RDONLY_PROG)
		return 0;
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_ARRAY:
		return clear_array(map);
	case BPF_MAP_TYPE_HASH:
		return clear_hash(map);
	case BPF_MAP_TYPE_RINGBUF:
		return ccx_reset_ring(bpf_map__fd(map));
	default:
		return 0;
	}
}

int ccx_reset_object(struct bpf_object *object)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object) {
		err = clear(map);
		if (err)
			break;
	}
	return err;
}
