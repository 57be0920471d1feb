// SPDX-License-Identifier: GPL-2.0-only
#include "map.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>

void *ccx_map_array(struct bpf_object *object, const char *name, size_t bytes, int protection)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	void *data;

	if (!map || !bytes) {
		errno = ENOENT;
		return NULL;
	}
	data = mmap(NULL, bytes, protection, MAP_SHARED | MAP_POPULATE, bpf_map__fd(map), 0);
	return data == MAP_FAILED ? NULL : data;
}

void ccx_unmap(const volatile void *data, size_t bytes)
{
	if (data)
		munmap((void *)data, bytes);
}
