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

/* Thresholds: audio and input run for less than 1 ms at 100 Hz and more, frames 60 Hz and more. */
#define CRITICAL_BURST_NS	(2 * 1000 * 1000ULL)
#define CRITICAL_INTERVAL_NS	(20 * 1000 * 1000ULL)

static __always_inline void classify(struct task_struct *p, struct task_ctx *tctx)
{
	u64 limit = tctx->critical ? 2 : 1;	/* hysteresis: twice as far out as in */

	if (p->flags & PF_KTHREAD) {
		tctx->critical = 1;
		return;
	}
	if (p->policy == SCHED_BATCH || p->policy == SCHED_IDLE || p->static_prio > 120) {
		tctx->critical = 0;
		return;
	}
	tctx->critical = tctx->interval_ns && tctx->interval_ns < CRITICAL_INTERVAL_NS * limit &&
			 tctx->burst_ns < CRITICAL_BURST_NS * limit &&
			 tctx->burst_ns * 2 < tctx->interval_ns * limit;
}


#endif
