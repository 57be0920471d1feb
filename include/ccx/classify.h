/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which tasks are latency-critical: the one definition, used by BPF and by tests. Pure.
 *
 * Latency-critical is who would be hurt by waiting and hurts nobody by going first: runs in short
 * bursts and sleeps most of the time because it wants to. The signals are two averages of a task,
 *
 *	burst	work between two sleeps, in time of the fastest kind of CPU
 *	sleep	time asleep
 *	demand	= burst / (burst + sleep): the share of a fastest CPU it would use if it never waited
 *
 * Time spent waiting for a CPU is in neither, so load does not change what a task is taken for. Nor
 * is time spent waiting for a lock or a disk (uninterruptible sleep): no task sleeps there because it
 * wants to, and a crowd that waits for one lock would look like sleepers. A
 * frame loop, audio or an editor stay below a half; a worker that takes the next request at once is
 * near 1 however long it waits for a CPU, and gains nothing from going first. Tasks are put into
 * bands by demand.
 *
 * Going first means something only to a minority. What the bands use of a domain's performance CPUs
 * is measured, and averaged over two frames, or a burst of helpers would count as a crowd; a band
 * whose tasks and lighter ones use too much of them is not admitted for a while.
 * In a crowd of tasks that wake each other all the time (a messaging load, a busy server) nobody
 * goes first, and all are ordered by deadline.
 *
 * Where the constants come from: docs/architecture.md, "Latency-critical tasks".
 */
#ifndef CCX_CLASSIFY_H
#define CCX_CLASSIFY_H

#include <linux/types.h>

#include "ccx/rules.h"

#define CCX_CRITICAL_BURST_NS	(4 * 1000 * 1000ULL)	/* a quarter of a frame at 60 Hz */
#define CCX_CRITICAL_PERIOD_NS	(8 * 1000 * 1000ULL)	/* one measurement: half a frame */
#define CCX_CRITICAL_MEMORY_NS	(32 * 1000 * 1000ULL)	/* averaged over: two frames */
#define CCX_CRITICAL_MATTERS	16	/* 1 of so many CPUs: a millisecond in a frame */
#define CCX_CRITICAL_LASTS_NS	(50 * 1000 * 1000ULL)	/* three frames: not a program that starts */
#define CCX_CRITICAL_HOLD_NS	(250 * 1000 * 1000ULL)	/* a band stays out for so long at least */

enum ccx_band {
	CCX_BAND_LIGHT,		/* an input handler, a timer */
	CCX_BAND_MODERATE,	/* audio, a game's threads */
	CCX_NR_BANDS,
	CCX_BAND_NONE = CCX_NR_BANDS,
};

#define CCX_BAND_ONE	1024		/* what shares and demands are given of */
#define CCX_LOAD_ONE	(1 << 20)	/* loads: 1/1024 would be lost in averaging */

static const struct {
	__u32 demand;	/* the largest of a task in the band */
	__u32 share;	/* the largest of performance CPUs that it and lighter bands may use */
} ccx_bands[CCX_NR_BANDS] = {
	[CCX_BAND_LIGHT] = { CCX_BAND_ONE / 16, CCX_BAND_ONE / 8 },
	[CCX_BAND_MODERATE] = { CCX_BAND_ONE / 2, CCX_BAND_ONE * 7 / 16 },
};

/* Exponential average, a quarter of the new sample each time: forgets in about ten samples. */
static inline __u64 ccx_average(__u64 old, __u64 sample)
{
	return old - (old >> 2) + (sample >> 2);
}

/*
 * The band of a task that goes to sleep. band: the one it is in; it leaves that for a heavier one
 * only when it is a quarter beyond the limits, so a task at a limit does not flap. One that has
 * never slept is in none. Averages below 2^51 ns.
 */
static inline __u32 ccx_band_of(__u64 burst_ns, __u64 sleep_ns, __u32 band)
{
	__u64 period_ns = burst_ns + sleep_ns;
	__u32 i;

	for (i = 0; i < CCX_NR_BANDS; i++) {
		__u64 quarters = band <= i ? 5 : 4;

		if (burst_ns * 4 < CCX_CRITICAL_BURST_NS * quarters &&
		    burst_ns * 4 * CCX_BAND_ONE < period_ns * ccx_bands[i].demand * quarters)
			return i;
	}
	return CCX_BAND_NONE;
}

/*
 * Whom nobody gains by. Who wakes others that then wait in turn, as no CPU is free, only makes the queue
 * longer, and the sooner it goes the fewer it finds to wake each time. It waits in turn with them; then it
 * finds many at a time, and they begin as soon as they are woken. Only who does so thousands of times a
 * second, in most of its bursts of late: the one thread of a program that others wait for, once a frame or
 * a sound, is not meant.
 *
 * feeds: what is kept of a task, 0 at first. fed: it has woken such a one in the burst that ends.
 */
#define CCX_FEEDS_PERIOD_NS	(500 * 1000ULL)
#define CCX_FEEDS_MOST		64

static inline __u32 ccx_feeds_after(__u32 feeds, int fed)
{
	if (fed)
		return feeds < CCX_FEEDS_MOST ? feeds + 1 : CCX_FEEDS_MOST;
	return feeds < 2 ? 0 : feeds - 2;
}

static inline int ccx_only_feeds(__u32 feeds, __u64 burst_ns, __u64 sleep_ns)
{
	return feeds > CCX_FEEDS_MOST / 2 && burst_ns + sleep_ns < CCX_FEEDS_PERIOD_NS;
}

/* A burst that is a quarter longer than the longest average one, and no end in sight. */
static inline int ccx_runs_long(__u64 burst_now_ns)
{
	return burst_now_ns * 4 > CCX_CRITICAL_BURST_NS * 5;
}

/*
 * How much of ran_ns counts as use of the task's band: what it ran before it ran long. It goes first
 * no more from then on, and one that turns busy, each hog at its start, is no crowd.
 */
static inline __u64 ccx_band_counts(__u64 burst_before_ns, __u64 ran_ns)
{
	__u64 most_ns = CCX_CRITICAL_BURST_NS * 5 / 4, left_ns;

	left_ns = burst_before_ns < most_ns ? most_ns - burst_before_ns : 0;
	return ran_ns < left_ns ? ran_ns : left_ns;
}

/* It keeps a CPU busy: by its past, by what it does now, or for all that is known of it. */
static inline int ccx_is_heavy(__u64 burst_ns, __u64 burst_now_ns)
{
	return !burst_ns || burst_ns >= CCX_CRITICAL_BURST_NS || ccx_runs_long(burst_now_ns);
}

/*
 * The load of a band, of CCX_LOAD_ONE: the average share of nr_cpus performance CPUs that it used.
 * used_ns: CPU time in the last elapsed_ns, which is below 2^44 (four hours). However long that was,
 * it counts as what it is beside the CCX_CRITICAL_MEMORY_NS before.
 */
static inline __u32 ccx_band_load(__u32 load, __u64 used_ns, __u64 elapsed_ns, __u32 nr_cpus)
{
	__u64 all_ns = CCX_CRITICAL_MEMORY_NS + elapsed_ns;

	return (load * CCX_CRITICAL_MEMORY_NS + used_ns * CCX_LOAD_ONE / nr_cpus) / all_ns;
}

/* How many bands, the lightest first, use no more than is theirs and that of the lighter ones. */
static inline __u32 ccx_bands_fit(const __u32 load[CCX_NR_BANDS])
{
	__u32 i, sum = 0, fit = 0;

	for (i = 0; i < CCX_NR_BANDS; i++) {
		sum += load[i];
		if (sum <= ccx_bands[i].share * (CCX_LOAD_ONE / CCX_BAND_ONE))
			fit = i + 1;
	}
	return fit;
}

/* All bands together use so much of nr_cpus that CPUs should be kept free for them. */
static inline int ccx_bands_matter(const __u32 load[CCX_NR_BANDS], __u32 nr_cpus)
{
	__u64 sum = 0;
	__u32 i;

	for (i = 0; i < CCX_NR_BANDS; i++)
		sum += load[i];
	return sum * nr_cpus >= CCX_LOAD_ONE / CCX_CRITICAL_MATTERS;
}

/*
 * It has mattered for CCX_CRITICAL_LASTS_NS on end: a program that starts or a command line is busy for
 * as long as a frame, once. since_ns: since when it matters, 0 while it does not; updated.
 */
static inline int ccx_bands_last(int matter, __u64 *since_ns, __u64 now)
{
	if (!matter)
		*since_ns = 0;
	else if (!*since_ns)
		*since_ns = now;
	return matter && now - *since_ns >= CCX_CRITICAL_LASTS_NS;
}

/*
 * How many are admitted from now on: fewer at once, more only CCX_CRITICAL_HOLD_NS after they were
 * last reduced. reduced_ns: when that was; updated.
 */
static inline __u32 ccx_bands_admit(__u32 admitted, __u32 fit, __u64 *reduced_ns, __u64 now)
{
	if (fit < admitted)
		*reduced_ns = now;
	else if (now < *reduced_ns + CCX_CRITICAL_HOLD_NS)
		return admitted;
	return fit;
}

/*
 * What utilisation clamps (sched_setattr(2), cpu.uclamp.min and .max) say: how fast a CPU the task
 * needs, not that it may go before others.
 */
enum ccx_speed {
	CCX_SPEED_ANY,
	CCX_SPEED_HIGH,		/* more than lesser CPUs have */
	CCX_SPEED_LOW,		/* no more than those have: it is to save power */
};

/*
 * min, max: what the kernel makes of the task's and its cgroup's clamps, of CCX_CAPACITY_MAX; the
 * maximum wins, as in the kernel. A maximum of 0 is none: so the kernel leaves it until somebody
 * uses clamps. lesser: capacity of the fastest CPU that is no performance CPU.
 */
static inline __u32 ccx_speed_of(__u32 min, __u32 max, __u32 lesser)
{
	if (max && max <= lesser)
		return CCX_SPEED_LOW;
	return min > lesser ? CCX_SPEED_HIGH : CCX_SPEED_ANY;
}

/* What is said about a task beside how it behaves. */
enum ccx_say {
	CCX_SAY_NOTHING,	/* behaviour decides */
	CCX_SAY_CRITICAL,
	CCX_SAY_NOT,
};

/*
 * Rules first, in both directions; then kernel threads, which others wait for; then what asks to
 * come last: SCHED_BATCH and SCHED_IDLE, a positive nice value, a cgroup of low weight.
 */
static inline __u32 ccx_say(__u32 ruled, int kernel_thread, int yields)
{
	if (ruled != CCX_CLASS_AUTO)
		return ruled == CCX_CLASS_LATENCY_CRITICAL ? CCX_SAY_CRITICAL : CCX_SAY_NOT;
	if (kernel_thread)
		return CCX_SAY_CRITICAL;
	return yields ? CCX_SAY_NOT : CCX_SAY_NOTHING;
}

#endif
