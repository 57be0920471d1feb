// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which CPUs this process may use. hwloc reads the cgroup's cpuset where the cgroup file system is
 * mounted; containers often have none, but the kernel cuts the affinity of every task to its
 * cpuset. An affinity that somebody chose (taskset) is no restriction of the machine: the kernel
 * lets a task widen that again, so it is asked for every CPU and then put back.
 */
#include <sched.h>

#include "topology/internal.h"

void ccx_host_restrict(hwloc_bitmap_t set)
{
	size_t size = CPU_ALLOC_SIZE(CCX_TOPOLOGY_MAX_IDS);
	cpu_set_t *before _cleanup_free_ = calloc(1, size),
			  *widest _cleanup_free_ = calloc(1, size);
	int all;

	if (!before || !widest || sched_getaffinity(0, size, before))
		return;
	all = hwloc_bitmap_last(set);
	for (int cpu = 0, excluded = 0; cpu <= all; cpu++) {
		excluded |= hwloc_bitmap_isset(set, cpu) && !CPU_ISSET_S(cpu, size, before);
		if (cpu == all && !excluded)
			return;
	}
	memset(widest, 0xff, size);
	if (sched_setaffinity(0, size, widest) || sched_getaffinity(0, size, widest))
		memcpy(widest, before, size);
	sched_setaffinity(0, size, before);
	for (int cpu = 0; cpu <= all; cpu++)
		if (!CPU_ISSET_S(cpu, size, widest))
			hwloc_bitmap_clr(set, cpu);
}
