// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static int lock_segments(struct dl_phdr_info *info, size_t size, void *context)
{
	static const char *const libraries[] = { "libbpf.", "liburcu", "libc.", "ld-linux", "vdso" };
	uintptr_t page = sysconf(_SC_PAGESIZE), start, end;
	int *err = context;
	bool wanted = !*info->dlpi_name;
	size_t i;

	(void)size;
	for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		wanted |= strstr(info->dlpi_name, libraries[i]) != NULL;
	for (i = 0; wanted && i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		end = start + info->dlpi_phdr[i].p_memsz;
		start &= ~(page - 1);
		if (mlock((const void *)start, end - start))
			*err = -errno;
	}
	return 0;
}

void ccx_memory_allow(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

int ccx_memory_lock(struct ccx_error *error)
{
	int err = 0;

	/* one heap for all threads, that is never given back and never mapped anew */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, -1);
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		err = -errno;
	if (!err)
		dl_iterate_phdr(lock_segments, &err);
	if (err)
		return ccx_error_set(error, err, "cannot lock memory: %s", strerror(-err));
	return 0;
}
