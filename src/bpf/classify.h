/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What BPF learns of a task by watching it. Which tasks are latency-critical: ccx/classify.h.
 */
#ifndef CCX_BPF_CLASSIFY_H
#define CCX_BPF_CLASSIFY_H

#include "groups.h"
#include "partners.h"
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
	if (follows_one(tctx))
		flags |= CCX_TASK_FOLLOWS;
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

/* Work done in ran_ns on that CPU, in time of the fastest kind. */
static __always_inline u64 scale_by_capacity(u64 ran_ns, u32 cpu)
{
	return ran_ns * cpu_config(cpu)->capacity / CCX_CAPACITY_MAX;
}

/* Adjusts which bands the domain admits, once in CCX_CRITICAL_PERIOD_NS. */
static __always_inline void critical_budget(u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	u64 nr = domain_config(domain)->nr_kind[CCX_KIND_PERFORMANCE];
	u64 since = state->bands_since_ns, elapsed = now - since;
	u32 load[CCX_NR_BANDS];
	u32 i;

	if ((s64)elapsed < (s64)CCX_CRITICAL_PERIOD_NS || !nr)
		return;
	if (__sync_val_compare_and_swap(&state->bands_since_ns, since, now) != since)
		return;
	for (i = 0; i < CCX_NR_BANDS; i++) {
		u64 used_ns = __sync_lock_test_and_set(&state->band_used_ns[i], 0);

		state->band_load[i] = ccx_band_load(state->band_load[i], used_ns, elapsed, nr);
		load[i] = state->band_load[i];
	}
	state->critical_load = ccx_bands_last(ccx_bands_matter(load, nr), &state->critical_since_ns,
					      now);
	state->bands_admitted = ccx_bands_admit(state->bands_admitted, ccx_bands_fit(load),
						&state->bands_reduced_ns, now);
}

/* No event tells of a changed clamp: it counts from the next sleep or the end of a slice on. */
static __always_inline void clamps_follow(struct task_struct *task, struct task_ctx *tctx)
{
	if (bpf_core_field_exists(task->uclamp))
		tctx->speed = ccx_speed_of(BPF_CORE_READ_BITFIELD(task, uclamp[0].value),
					   BPF_CORE_READ_BITFIELD(task, uclamp[1].value),
					   ccx_machine.lesser_capacity);
}

static __always_inline bool yields(struct task_struct *p, struct task_ctx *tctx)
{
	return p->policy == SCHED_BATCH || p->policy == SCHED_IDLE || p->static_prio > 120 ||
	       group_yields(tctx) || tctx->speed == CCX_SPEED_LOW;
}

/*
 * Who goes first does so on performance CPUs. One that may use several CPUs and none of these would
 * wait for them in vain: it goes by deadline.
 */
static __always_inline void set_critical(struct task_ctx *tctx, bool critical)
{
	tctx->critical = critical && !tctx->lesser_only;
}

static __always_inline void classify(struct task_struct *p, struct task_ctx *tctx)
{
	u32 say;

	clamps_follow(p, tctx);
	say = ccx_say(tctx->ruled, p->flags & PF_KTHREAD, yields(p, tctx));
	if (say != CCX_SAY_NOTHING) {
		tctx->band = CCX_BAND_NONE;
		set_critical(tctx, say == CCX_SAY_CRITICAL);
		return;
	}
	tctx->band = ccx_only_feeds(tctx->feeds, tctx->burst_ns, tctx->sleep_ns) ?
			     CCX_BAND_NONE :
			     ccx_band_of(tctx->burst_ns, tctx->sleep_ns, tctx->band);
	set_critical(tctx, tctx->band < domain_state(tctx->domain)->bands_admitted);
}

/*
 * Averages change with each sleep, but a class need not follow more often than once in a millisecond,
 * about: that is a third of what going to sleep costs here.
 */
static __always_inline bool classify_due(struct task_ctx *tctx, u64 now)
{
	u32 classified = now >> 20;

	if (tctx->classified == classified)
		return false;
	tctx->classified = classified;
	return true;
}

/* What a rule keeps critical although it runs on and on goes by deadline, or it would starve all. */
static __always_inline bool goes_first(struct task_ctx *tctx)
{
	return tctx->critical && !ccx_runs_long(tctx->burst_now_ns);
}

/*
 * A task that runs on and on is not latency-critical any more, whatever it did before, kernel
 * threads included; else it would go before all others until it sleeps, which may be never. Where
 * a rule says that it is, it keeps the choice of CPU, but is ordered by deadline until it sleeps.
 */
static __always_inline void declassify(struct task_ctx *tctx)
{
	if (tctx->ruled != CCX_CLASS_LATENCY_CRITICAL &&
	    ccx_runs_long(tctx->burst_now_ns)) {
		tctx->band = CCX_BAND_NONE;
		tctx->critical = 0;
	}
}

#endif
