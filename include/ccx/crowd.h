/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crowds: how long a turn is where very many wait. Pure; BPF and its unit tests share it.
 *
 * Where so many tasks wait for each CPU that a slice for each takes longer than CCX_ROUND_NS, turns
 * become shorter, so that a round, a turn for everybody, still takes no longer. Slices are ended by
 * the kernel's tick, which comes every 4 ms on many kernels: with a thousand tasks for each CPU a
 * round would take 4 s however short their slices, and the kernel's watchdog ends a scheduler that
 * lets a task wait for 5 s. So turns are ended by a timer (src/bpf/crowd.h), whatever slice a task was
 * given, and by whom.
 */
#ifndef CCX_CROWD_H
#define CCX_CROWD_H

#include <linux/types.h>

/* A round takes no longer, as long as turns of CCX_TURN_MIN_NS allow it: 2000 tasks for each CPU. */
#define CCX_ROUND_NS	(500 * 1000 * 1000ULL)

/* A shorter turn would be spent on switching: a switch and the timer take some 10 us of a slow CPU. */
#define CCX_TURN_MIN_NS	(250 * 1000ULL)

/* The longest turn where so many tasks wait for each CPU; 0: nothing to shorten. */
static inline __u64 ccx_turn_ns(__u64 waiting, __u64 slice_ns)
{
	__u64 turn_ns;

	if (waiting * slice_ns <= CCX_ROUND_NS)
		return 0;
	turn_ns = CCX_ROUND_NS / waiting;
	return turn_ns > CCX_TURN_MIN_NS ? turn_ns : CCX_TURN_MIN_NS;
}

#endif
