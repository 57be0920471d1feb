/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which die a process belongs to, by what was measured: on parts where one domain has the larger
 * cache and another the higher clock (AMD X3D). Pure; BPF and unit tests share it. A rule that speaks
 * of dies comes first (ccx/rules.h).
 *
 * Counters of the CPUs sample three events, each once in so many (src/counters.c says how many):
 *
 *	work	cycles
 *	fills	data that came from memory, because no cache had it
 *	uses	data that came from beyond the L2: from the L3, from another cache or from memory
 *
 * What costs time is the share of cycles spent waiting for memory, so fills are compared with cycles,
 * not with instructions. The periods are such that half as many samples of fills as of work are where
 * the larger cache begins to be worth its lower clock.
 *
 * What a process needs is not seen on every die. In the smaller cache many fills say that it needs
 * more. In the larger one few fills say nothing: perhaps it fits only there. So
 *
 * - it comes to prefer the cache by its fills outside of the cache die, and the clock by few fills
 *   there, or by few uses anywhere;
 * - it leaves the cache when its uses become few: the fills that it would have elsewhere are among
 *   them, so they are fewer still;
 * - the first time that it was on the cache die for long enough, its fills there are compared with
 *   those before. If the cache has not saved a quarter of them (data that is read once, or far too
 *   much), it prefers the clock, and the cache is not tried again for CCX_DIE_RETRY_NS.
 *
 * It is judged by windows of so much work, all threads together. Light processes take long for one:
 * they have no preference. Thresholds for coming and leaving are a factor of two apart, and between
 * two changes CCX_DIE_DWELL_NS pass.
 */
#ifndef CCX_DIES_H
#define CCX_DIES_H

#include <linux/types.h>

#include "ccx/rules.h"

#define CCX_DIE_WINDOW		128	/* samples of work */
#define CCX_DIE_MANY		(CCX_DIE_WINDOW / 2)	/* fills: it prefers the cache */
#define CCX_DIE_FEW		(CCX_DIE_WINDOW / 4)	/* or fewer: the clock */
#define CCX_DIE_USES		4	/* a sample of uses stands for as many as so many of fills */
#define CCX_DIE_LIGHT_NS	(20 * 1000 * 1000 * 1000ULL)	/* a window in this time: light */
#define CCX_DIE_DWELL_NS	(2 * 1000 * 1000 * 1000ULL)
#define CCX_DIE_RETRY_NS	(60 * 1000 * 1000 * 1000ULL)
#define CCX_DIE_GONE_NS		(5 * 1000 * 1000 * 1000ULL)	/* without work: its place is free */

/* Processes that are measured at a time, by a hash of their number; a power of two. */
#define CCX_DIE_BITS		11
#define CCX_DIE_PROCESSES	(1U << CCX_DIE_BITS)

enum ccx_die_event {
	CCX_DIE_WORK,
	CCX_DIE_FILL,
	CCX_DIE_USE,
	CCX_NR_DIE_EVENTS,
};

/* Samples since the window began, of one kind of die. */
struct ccx_die_window {
	__u32 events[CCX_NR_DIE_EVENTS];
	__u32 reserved;
};

/*
 * A process. Counts are atomic. Everything else is written by the CPU whose sample of work fills a
 * window, or by the one that takes the place over; readers take what they find.
 */
struct ccx_die_process {
	__u32 tgid;
	__u8 prefer;		/* enum ccx_prefer, never CCX_PREFER_NONE */
	__u8 reserved[3];
	__u64 worked_ns;	/* its last sample of work; these are all CLOCK_MONOTONIC */
	__u64 began_ns;		/* the windows */
	__u64 changed_ns;	/* `prefer`; 0: never */
	__u64 retry_ns;		/* the cache is not tried before */
	__u32 fills_outside;	/* in the window that made it prefer the cache; 0: was compared */
	__u32 changes;
	struct ccx_die_window windows[2];	/* [1]: on a cache die */
	__u64 unused[6];
};

/* Over all processes; atomic. */
struct ccx_die_counts {
	__u64 samples[CCX_NR_DIE_EVENTS];
	__u64 choices;		/* preferences that changed */
	__u64 crowded;		/* samples of work of processes whose place another one has */
};

static inline __u32 ccx_die_slot(__u32 tgid)
{
	return tgid * 2654435761U >> (32 - CCX_DIE_BITS);
}

/*
 * What a process prefers after a window of work, all of it on cache dies or none. Updates what it
 * remembers of the trial, but not `prefer`.
 */
static inline __u32 ccx_die_choose(struct ccx_die_process *process, __u32 fills, __u32 uses,
				   int on_cache, __u64 now_ns)
{
	__u32 few_uses = uses * CCX_DIE_USES < CCX_DIE_FEW, before = process->fills_outside;

	if (now_ns - process->began_ns > CCX_DIE_LIGHT_NS)
		return CCX_PREFER_AUTO;
	if (process->changed_ns && now_ns - process->changed_ns < CCX_DIE_DWELL_NS)
		return process->prefer;
	if (on_cache) {
		if (few_uses)
			return CCX_PREFER_FREQUENCY;
		if (process->prefer != CCX_PREFER_CACHE || !before)
			return process->prefer;
		process->fills_outside = 0;
		if (fills * 4 <= before * 3)
			return CCX_PREFER_CACHE;
		process->retry_ns = now_ns + CCX_DIE_RETRY_NS;
		return CCX_PREFER_FREQUENCY;
	}
	if (process->prefer == CCX_PREFER_CACHE)
		return few_uses ? CCX_PREFER_FREQUENCY : CCX_PREFER_CACHE;
	if (fills >= CCX_DIE_MANY && now_ns >= process->retry_ns) {
		process->fills_outside = fills;
		return CCX_PREFER_CACHE;
	}
	return fills <= CCX_DIE_FEW ? CCX_PREFER_FREQUENCY : process->prefer;
}

static inline void ccx_die_restart(struct ccx_die_process *process, __u64 now_ns)
{
	__u32 i;

	process->began_ns = now_ns;
	for (i = 0; i < 2; i++) {
		process->windows[i].events[CCX_DIE_FILL] = 0;
		process->windows[i].events[CCX_DIE_USE] = 0;
		/* last: whoever fills the next window began after this */
		process->windows[i].events[CCX_DIE_WORK] = 0;
	}
}

/*
 * Whether the process has its place in the table, and takes it if it is free. Two that try at the
 * same moment: one gets it.
 */
static inline int ccx_die_claim(struct ccx_die_process *process, __u32 tgid, __u64 now_ns)
{
	__u32 holder = process->tgid;

	if (holder == tgid)
		return 1;
	if (holder && now_ns - process->worked_ns < CCX_DIE_GONE_NS)
		return 0;
	process->prefer = CCX_PREFER_AUTO;	/* before others can take it for theirs */
	if (!__sync_bool_compare_and_swap(&process->tgid, holder, tgid))
		return 0;
	process->worked_ns = now_ns;
	process->changed_ns = process->retry_ns = 0;
	process->fills_outside = process->changes = 0;
	ccx_die_restart(process, now_ns);
	return 1;
}

/*
 * Counts one sample of a process that has its place. True when it prefers something else now. Any
 * CPU, in any context: an interrupt that cannot be masked interrupts this very function.
 */
static inline int ccx_die_count(struct ccx_die_process *process, enum ccx_die_event event,
				int on_cache, __u64 now_ns)
{
	struct ccx_die_window *window = &process->windows[on_cache ? 1 : 0];
	__u32 nr = __sync_fetch_and_add(&window->events[event], 1) + 1, prefer;

	if (event != CCX_DIE_WORK)
		return 0;
	process->worked_ns = now_ns;
	if (nr != CCX_DIE_WINDOW)
		return 0;
	prefer = ccx_die_choose(process, window->events[CCX_DIE_FILL],
				window->events[CCX_DIE_USE], on_cache, now_ns);
	ccx_die_restart(process, now_ns);
	if (prefer == process->prefer)
		return 0;
	process->prefer = prefer;
	process->changed_ns = now_ns;
	process->changes++;
	return 1;
}

_Static_assert(sizeof(struct ccx_die_window) == 16, "no padding");
_Static_assert(sizeof(struct ccx_die_process) == 128, "two cache lines");

#endif
