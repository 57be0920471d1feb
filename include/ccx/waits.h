/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The longest wait: since the scheduler was attached, and lately. Pure.
 *
 * One struct ccx_waits a CPU. BPF on that CPU adds each wait that ends there; user space reads. "Lately"
 * is two periods, the one that goes on and the one before: a reader gets the longest wait of at
 * least the last CCX_WAITS_PERIOD_NS and at most twice that. Nobody has to reset anything, so any
 * number of readers may read as often as they like.
 *
 * The two sides have different clocks (compat.h), hence a time stamp for each.
 */
#ifndef CCX_WAITS_H
#define CCX_WAITS_H

#include <linux/types.h>

#define CCX_WAITS_PERIOD_NS	(1000 * 1000 * 1000ULL)

struct ccx_waits {
	__u64 longest_ns;	/* ever */
	__u64 period_ns;	/* in the period that goes on */
	__u64 before_ns;	/* in the one before */
	__u64 began_ns;		/* when the period began; BPF's clock */
	__u64 began_mono_ns;	/* the same; CLOCK_MONOTONIC */
};

/* True when a period is over; the caller begins another. now: BPF's clock. */
static inline int ccx_waits_period_over(const struct ccx_waits *waits, __u64 now)
{
	return (__s64)(now - waits->began_ns) >= (__s64)CCX_WAITS_PERIOD_NS;
}

/* Periods follow each other without gaps: the new one began at most one period ago. */
static inline void ccx_waits_begin(struct ccx_waits *waits, __u64 now, __u64 mono_ns)
{
	__u64 elapsed_ns = now - waits->began_ns, late_ns = elapsed_ns % CCX_WAITS_PERIOD_NS;

	waits->before_ns = elapsed_ns >= 2 * CCX_WAITS_PERIOD_NS ? 0 : waits->period_ns;
	waits->period_ns = 0;
	waits->began_ns = now - late_ns;
	waits->began_mono_ns = mono_ns - late_ns;
}

static inline void ccx_waits_add(struct ccx_waits *waits, __u64 wait_ns)
{
	if (wait_ns <= waits->period_ns)
		return;
	waits->period_ns = wait_ns;
	if (wait_ns > waits->longest_ns)
		waits->longest_ns = wait_ns;
}

/* mono_ns: CLOCK_MONOTONIC now. A period that should be over has seen no wait since. */
static inline __u64 ccx_waits_recent(const struct ccx_waits *waits, __u64 mono_ns)
{
	__u64 age_ns = mono_ns > waits->began_mono_ns ? mono_ns - waits->began_mono_ns : 0;

	if (age_ns >= 2 * CCX_WAITS_PERIOD_NS)
		return 0;
	if (age_ns >= CCX_WAITS_PERIOD_NS || waits->period_ns > waits->before_ns)
		return waits->period_ns;
	return waits->before_ns;
}

#endif
