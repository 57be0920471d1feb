/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What BPF learns of a task by watching it, and which tasks are latency-critical.
 */
#ifndef CCX_BPF_CLASSIFY_H
#define CCX_BPF_CLASSIFY_H

#include "queues.h"

/* Exponential average, a quarter of the new sample each time: forgets in about ten samples. */
static __always_inline u64 average(u64 old, u64 sample)
{
	return old - (old >> 2) + (sample >> 2);
}

static __always_inline u16 task_flags(struct task_struct *p, struct task_ctx *tctx)
{
	u16 flags = 0;

	if (tctx->critical)
		flags |= CCX_TASK_CRITICAL;
	if (p->policy == SCHED_BATCH || p->policy == SCHED_IDLE)
		flags |= CCX_TASK_BATCH;
	if (tctx->restricted)
		flags |= CCX_TASK_RESTRICTED;
	if (p->flags & PF_KTHREAD)
		flags |= CCX_TASK_KTHREAD;
	return flags;
}

/*
 * Latency-critical is who would be hurt by waiting and hurts nobody by going first: runs in short
 * bursts and sleeps most of the time because it wants to. `demand` is the share of time it would
 * run if it never had to wait: burst / (burst + sleep). A frame loop, audio or an editor stay well
 * below a half; a worker that takes the next request at once is near 1 however long it waits for a
 * CPU, and gains nothing from going first.
 */
#define CRITICAL_BURST_NS	(4 * 1000 * 1000ULL)	/* a quarter of a frame at 60 Hz */
#define CRITICAL_DEMAND		384			/* of 1024 */

static __always_inline void classify(struct task_struct *p, struct task_ctx *tctx)
{
	u64 limit = tctx->critical ? 5 : 4;	/* hysteresis: a quarter further out than in */
	u64 period_ns = tctx->burst_ns + tctx->sleep_ns;

	if (p->flags & PF_KTHREAD) {
		tctx->critical = 1;
		return;
	}
	if (p->policy == SCHED_BATCH || p->policy == SCHED_IDLE || p->static_prio > 120) {
		tctx->critical = 0;
		return;
	}
	tctx->critical = tctx->sleep_ns && tctx->burst_ns * 4 < CRITICAL_BURST_NS * limit &&
			 tctx->burst_ns * 1024 * 4 < period_ns * CRITICAL_DEMAND * limit;
}

/*
 * A task that runs on and on is not latency-critical any more, whatever it did before, kernel
 * threads included; else it would go before all others until it sleeps, which may be never.
 */
static __always_inline void declassify(struct task_ctx *tctx)
{
	if (tctx->burst_now_ns * 4 > CRITICAL_BURST_NS * 5)
		tctx->critical = 0;
}

#endif
