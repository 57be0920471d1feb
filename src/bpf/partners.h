/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Partners: two tasks that wake each other and nobody else, as the ends of a pipe or of a buffer that
 * goes back and forth. They share data, so they should share a cache.
 *
 * A task remembers who woke it and how often in a row. Two that name each other are partners. Where
 * one wakes the other in another domain, the other one comes to its domain, if that has no larger
 * load than its own would have with it. As only one of the two runs at a time, the one that wakes is
 * counted and about to sleep: whichever way the loads lie, one of the two may follow the other.
 *
 * All that a wake-up pays is the comparison of two numbers, as long as partners are in one domain
 * and for tasks that have none.
 */
#ifndef CCX_BPF_PARTNERS_H
#define CCX_BPF_PARTNERS_H

#include "home.h"

#define PARTNER_STREAK	8	/* wake-ups in a row */

/* One task has woken it every time of late. */
static __always_inline bool follows_one(struct task_ctx *tctx)
{
	return tctx->wakes >= PARTNER_STREAK;
}

/* Whether the waker in turn is always woken by that task. */
static __noinline bool is_partner(struct task_struct *waker, u32 pid)
{
	struct task_ctx *tctx = task_ctx_get(waker);

	return tctx && tctx->waker == pid && follows_one(tctx);
}

/* The task, which wakes up, has a partner, and that wakes it. */
static __always_inline bool partner_wakes(struct task_struct *p, struct task_ctx *tctx)
{
	return follows_one(tctx) && is_partner(bpf_get_current_task_btf(), p->pid);
}

/* Moves a task that wakes up to the domain of its partner, which wakes it, if it may. */
static __always_inline void join_partner(struct task_struct *p, struct task_ctx *tctx)
{
	struct task_struct *waker = bpf_get_current_task_btf();
	u32 pid = waker->pid, here = tctx->domain, there;

	/* 0: an idle CPU's interrupt */
	if (tctx->waker != pid || !pid) {
		tctx->waker = pid;
		tctx->wakes = 0;
		return;
	}
	if (!follows_one(tctx)) {
		tctx->wakes++;
		return;
	}
	there = cpu_config(bpf_get_smp_processor_id())->domain;
	if (there == here)
		return;
	if (tctx->prefer || !(tctx->domains & 1ULL << (there & 63)) ||
	    (tctx->critical && domain_config(there)->critical_home != there) ||
	    (ccx_config.consolidate && !in_set(set_of(tctx), there)) ||
	    !ccx_may_follow(domain_weight(here), domain_config(here)->capacity,
			    domain_weight(there), domain_config(there)->capacity, tctx->weight) ||
	    !is_partner(waker, p->pid))
		return;
	set_domain(tctx, there);
	count(CCX_JOINED, 1);
}

#endif
