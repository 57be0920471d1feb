/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CCX_CLOCK_H
#define CCX_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in nanoseconds; through the vDSO, so not a system call. */
static inline uint64_t ccx_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#endif
