/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: elements of an array, each user of which has its own. One is armed by whoever finds it not
 * armed; what `armed` means from then on is its user's affair.
 */
#ifndef CCX_BPF_TIMER_H
#define CCX_BPF_TIMER_H

#include "state.h"

#define CLOCK_MONOTONIC	1

struct timer_value {
	struct bpf_timer timer;
};

static __always_inline s32 timer_create(void *map, u32 key,
					int (*callback)(void *map, u32 *key,
							struct timer_value *timer))
{
	struct timer_value *value = bpf_map_lookup_elem(map, &key);
	s32 err;

	if (!value)
		return -2; /* ENOENT */
	err = bpf_timer_init(&value->timer, map, CLOCK_MONOTONIC);
	return err ? err : bpf_timer_set_callback(&value->timer, callback);
}

/* Lets it come in so many ns, unless it is armed already; by compare-and-swap. */
static __always_inline void timer_arm(void *map, u32 key, u32 *armed, u64 ns)
{
	struct timer_value *value;

	if (*armed || __sync_val_compare_and_swap(armed, 0, 1))
		return;
	value = bpf_map_lookup_elem(map, &key);
	if (!value || bpf_timer_start(&value->timer, ns, 0))
		*armed = 0;
}

#endif
