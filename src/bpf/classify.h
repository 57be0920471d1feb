/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What BPF learns of a task by watching it, and which tasks are latency-critical.
 */
#ifndef CCX_BPF_CLASSIFY_H
#define CCX_BPF_CLASSIFY_H

#include "groups.h"
#include "queues.h"

static __always_inline u16 task_flags(struct task_struct *p, struct task_ctx *tctx)
{
	u16 flags = 0;

	if (tctx->critical)
		flags |= CCX_TASK_CRITICAL;
	if (p->policy == SCHED_BATCH || p->policy == SCHED_IDLE || tctx->ruled == CCX_CLASS_BATCH)
		flags |= CCX_TASK_BATCH;
	if (tctx->restricted)
		flags |= CCX_TASK_RESTRICTED;
	if (p->flags & PF_KTHREAD)
		flags |= CCX_TASK_KTHREAD;
	return flags;
}

/* For how long a task that begins to run will likely go on before it sleeps. */
static __always_inline u64 burst_left_ns(struct task_ctx *tctx)
{
	if (!tctx->burst_ns)
		return ccx_config.slice_ns;	/* it has never slept: nothing is known */
	if (tctx->burst_now_ns < tctx->burst_ns)
		return tctx->burst_ns - tctx->burst_now_ns;
	return tctx->burst_now_ns;	/* longer than usual: for as long again */
}

/*
 * Latency-critical is who would be hurt by waiting and hurts nobody by going first: runs in short
 * bursts and sleeps most of the time because it wants to. `demand` is the share of a fastest CPU it
 * would use if it never had to wait: burst / (burst + sleep). A frame loop, audio or an editor stay
 * below; a worker that takes the next request at once is near 1 however long it waits for a CPU,
 * and gains nothing from going first. Tasks are put into bands by demand.
 *
 * Going first means something only to a minority. What the bands use of the domain's performance
 * CPUs is measured; a band whose tasks and lighter ones use too much of them is not admitted for a
 * while. In a crowd of tasks that wake each other all the time (a messaging load, a busy server)
 * nobody goes first, and all are ordered by deadline.
 */
#define CRITICAL_BURST_NS	(4 * 1000 * 1000ULL)	/* a quarter of a frame at 60 Hz */
#define CRITICAL_PERIOD_NS	(8 * 1000 * 1000ULL)	/* one measurement: half a frame */
#define CRITICAL_HOLD_NS	(250 * 1000 * 1000ULL)	/* a band stays out for so long at least */

enum band {
	BAND_LIGHT,		/* an input handler, a timer */
	BAND_MODERATE,		/* audio, a game's threads */
	BAND_NONE,
};

/* Of 1024: the largest demand of a band; the largest share of CPU time of it and lighter ones. */
static const struct {
	u32 demand;
	u32 share;
} bands[CCX_NR_BANDS] = {
	[BAND_LIGHT] = { 64, 128 },
	[BAND_MODERATE] = { 512, 448 },
};

/* Work done in ran_ns on that CPU, in time of the fastest kind. */
static __always_inline u64 scale_by_capacity(u64 ran_ns, u32 cpu)
{
	return ran_ns * cpu_config(cpu)->capacity / CCX_CAPACITY_MAX;
}

/* Adjusts which bands the domain admits, once in CRITICAL_PERIOD_NS. */
static __always_inline void critical_budget(u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	u64 nr = domain_config(domain)->nr_kind[CCX_KIND_PERFORMANCE];
	u64 since = state->bands_since_ns, elapsed = now - since, used = 0;
	u32 i, admitted = 0;

	if ((s64)elapsed < (s64)CRITICAL_PERIOD_NS || !nr)
		return;
	if (__sync_val_compare_and_swap(&state->bands_since_ns, since, now) != since)
		return;
	for (i = 0; i < CCX_NR_BANDS; i++) {
		used += __sync_lock_test_and_set(&state->band_used_ns[i], 0);
		if (used * 1024 <= elapsed * nr * bands[i].share)
			admitted = i + 1;
	}
	if (admitted < state->bands_admitted)
		state->bands_reduced_ns = now;
	else if (now < state->bands_reduced_ns + CRITICAL_HOLD_NS)
		return;
	state->bands_admitted = admitted;
}

static __always_inline u32 band_of(struct task_ctx *tctx)
{
	u64 period_ns = tctx->burst_ns + tctx->sleep_ns;
	u32 i;

	if (!tctx->sleep_ns)
		return BAND_NONE;
	for (i = 0; i < CCX_NR_BANDS; i++) {
		/* hysteresis: a quarter further out than in */
		u64 limit = tctx->band <= i ? 5 : 4;

		if (tctx->burst_ns * 4 < CRITICAL_BURST_NS * limit &&
		    tctx->burst_ns * 1024 * 4 < period_ns * bands[i].demand * limit)
			return i;
	}
	return BAND_NONE;
}

static __always_inline void classify(struct task_struct *p, struct task_ctx *tctx)
{
	if (tctx->ruled != CCX_CLASS_AUTO) {
		tctx->band = BAND_NONE;
		tctx->critical = tctx->ruled == CCX_CLASS_LATENCY_CRITICAL;
		return;
	}
	if (p->flags & PF_KTHREAD) {
		tctx->band = BAND_NONE;
		tctx->critical = 1;
		return;
	}
	if (p->policy == SCHED_BATCH || p->policy == SCHED_IDLE || p->static_prio > 120 ||
	    group_yields(tctx)) {
		tctx->band = BAND_NONE;
		tctx->critical = 0;
		return;
	}
	tctx->band = band_of(tctx);
	tctx->critical = tctx->band < domain_state(tctx->domain)->bands_admitted;
}

/* A quarter longer than the longest average burst, and no end in sight. */
static __always_inline bool runs_long(struct task_ctx *tctx)
{
	return tctx->burst_now_ns * 4 > CRITICAL_BURST_NS * 5;
}

/* What a rule keeps critical although it runs on and on goes by deadline, or it would starve all. */
static __always_inline bool goes_first(struct task_ctx *tctx)
{
	return tctx->critical && !runs_long(tctx);
}

/*
 * A task that runs on and on is not latency-critical any more, whatever it did before, kernel
 * threads included; else it would go before all others until it sleeps, which may be never. Where
 * a rule says that it is, it keeps the choice of CPU, but is ordered by deadline until it sleeps.
 */
static __always_inline void declassify(struct task_ctx *tctx)
{
	if (tctx->ruled != CCX_CLASS_LATENCY_CRITICAL && runs_long(tctx)) {
		tctx->band = BAND_NONE;
		tctx->critical = 0;
	}
}

#endif
