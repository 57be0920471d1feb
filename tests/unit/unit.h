/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests share: cmocka with all it wants included first, and repeatable randomness. */
#ifndef CCX_TESTS_UNIT_H
#define CCX_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* splitmix64: every test begins with a seed of its own, so each fails alone and again. */
static inline uint64_t unit_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* minimum..maximum, both included */
static inline uint64_t unit_between(uint64_t *state, uint64_t minimum, uint64_t maximum)
{
	return minimum + unit_random(state) % (maximum - minimum + 1);
}

static inline void unit_fill(uint64_t *state, void *data, size_t size)
{
	unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = unit_random(state);
}

static inline uint64_t unit_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#endif
