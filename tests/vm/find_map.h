/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of the scheduler that runs, mapped as it maps them itself. */
#ifndef TESTS_VM_FIND_MAP_H
#define TESTS_VM_FIND_MAP_H

#include <bpf/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Maps all of the array of that name, whose values have that size. NULL where there is none. */
static inline void *find_map(const char *name, uint32_t value_bytes, int protection,
			     uint32_t *nr)
{
	struct bpf_map_info info;
	void *data;
	uint32_t id = 0, length;
	int fd;

	while (!bpf_map_get_next_id(id, &id)) {
		fd = bpf_map_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		length = sizeof(info);
		if (!bpf_map_get_info_by_fd(fd, &info, &length) &&
		    !strcmp(info.name, name) && info.type == BPF_MAP_TYPE_ARRAY &&
		    info.value_size == value_bytes) {
			*nr = info.max_entries;
			data = mmap(NULL, (size_t)info.max_entries * value_bytes,
				    protection, MAP_SHARED, fd, 0);
			close(fd);
			return data == MAP_FAILED ? NULL : data;
		}
		close(fd);
	}
	return NULL;
}

#endif
