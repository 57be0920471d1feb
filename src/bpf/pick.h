/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU runs next: latency-critical tasks, then the earliest deadline of its domain that is fit
 * for it, else what waits in other domains, nearest first.
 *
 * Latency-critical tasks go first, always: the classifier admits only as many as leave half of the
 * domain's performance CPUs to others (classify.h). What still waits when an epoch ends is served in
 * turn with the rest, and if it waits on, in turn with latency-critical tasks, too.
 */
#ifndef CCX_BPF_PICK_H
#define CCX_BPF_PICK_H

#include "crowd.h"
#include "home.h"
#include "queues.h"
#include "sift.h"

#define EPOCH_NS	(1000 * 1000 * 1000ULL)
#define STARVING_NS	(EPOCH_NS / 4)		/* after the end of its epoch */
#define SETTLED_NS	(1000 * 1000ULL)	/* no task is still on its way into the closed half */
#define EPOCHS_AT_MOST	4			/* then they change, emptied or not */
#define OVERDUE_NS		(10 * 1000 * 1000ULL)	/* what was too late is taken from outside */

/*
 * Another memory node is for imbalance that lasts: its CPUs take what has waited for so long. Whoever
 * queues a task wakes an idle CPU, which may come too early for that; the tick (ccx_tick) tries again.
 * So do CPUs of the same node where the domain's own idle ones, which are expected to, do not.
 */
#define WAITS_LONG_NS	(2 * 1000 * 1000ULL)

/* What is next in its domain has waited for so long: its CPUs are not to be had (real-time tasks). */
#define STRANDED_NS	(50 * 1000 * 1000ULL)

#define KEEP_PREV	0ULL	/* no queue has this number */

/* A choice among queues: the earliest deadline so far. */
struct choice {
	u64 queue;
	u64 deadline;
	bool any;
};

static __always_inline void consider(struct choice *choice, u64 queue)
{
	u64 deadline = 0, queued_ns = 0;

	if (!ccx_queue_head(queue, &deadline, &queued_ns))
		return;
	if (choice->any && !ccx_before(deadline, choice->deadline))
		return;
	choice->queue = queue;
	choice->deadline = deadline;
	choice->any = true;
}

/*
 * `bit` where a queue of the half that is closed now may hold tasks: by our count, which has those
 * that are on their way into it, and by the kernel's, should ours ever be wrong.
 */
static __always_inline u32 old_bit(bool counted, u64 queue, u32 bit)
{
	return counted || !queue_empty(queue) ? bit : 0;
}

static __always_inline u32 old_ready(u32 domain, u32 kind)
{
	return old_bit(nr_ready(domain, kind), queue_ready(domain, kind, !open_half(domain)),
		       1U << kind);
}

/* Lets the halves of the domain's queues change roles, if it is time. */
static __always_inline void change_epoch(u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	u64 since = state->epoch_ns;
	u32 old = state->old & OLD_HALVES;

	if (now < since + EPOCH_NS || (old && now < since + EPOCHS_AT_MOST * EPOCH_NS))
		return;
	state->epoch_ns = now;
	state->half ^= 1;
	state->old = old_ready(domain, CCX_KIND_PERFORMANCE) |
		     old_ready(domain, CCX_KIND_EFFICIENCY) |
		     old_bit(state->custody > 0, queue_custody(domain, !open_half(domain)), OLD_CUSTODY) |
		     (state->old & ~OLD_HALVES);
}

static __always_inline bool head_waits_since(u64 queue, u64 before_ns)
{
	u64 deadline = 0, queued_ns = 0;

	/* 0: it has just been taken */
	return ccx_queue_head(queue, &deadline, &queued_ns) && queued_ns && queued_ns < before_ns;
}

/* Whether some task there has waited since before that. Verified by itself (allowed.h). */
__noinline u32 ccx_waits_since(u32 domain, u64 before_ns)
{
	if (!anything_waits(domain))
		return false;
	return (domain_state(domain)->old & OLD_HALVES &&
		domain_state(domain)->epoch_ns < before_ns) ||
	       head_waits_since(queue_ready(domain, CCX_KIND_PERFORMANCE, open_half(domain)), before_ns) ||
	       head_waits_since(queue_ready(domain, CCX_KIND_EFFICIENCY, open_half(domain)), before_ns) ||
	       head_waits_since(queue_custody(domain, open_half(domain)), before_ns);
}

/*
 * Domains where no CPU has looked for work for longer than slices last, and tasks wait: real-time
 * tasks have their CPUs. Those of others have work of their own and would never come to it.
 */
static __always_inline void stranded_look(u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	u64 since = now - STRANDED_NS, stranded = 0;
	u32 i;

	bpf_for(i, 0, ccx_machine.nr_domains) {
		if (i != domain && domain_state(i)->look_ns + ccx_config.slice_ns < since &&
		    ccx_waits_since(i, since))
			stranded |= 1ULL << (i & 63);
	}
	if (stranded != state->stranded) {
		state->stranded = stranded;
		mark_old(state, OLD_ELSEWHERE, stranded);
	}
}

/*
 * What is due now and then in a domain and costs too much to look at each time. Taken by whichever of
 * its CPUs looks for work. Verified by itself (allowed.h).
 */
__noinline u32 ccx_look(u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	u64 due = state->look_ns;

	if (now < due || __sync_val_compare_and_swap(&state->look_ns, due, now + LOOK_NS) != due)
		return 0;
	change_epoch(domain, now);
	crowd_look(domain);
	if (state->sift) {
		state->sift = 0;
		ccx_sift(domain);
	}
	stranded_look(domain, now);
	return 1;
}

/* Takes what has waited in the closed half of a queue since before the last change of epoch. */
static __always_inline bool take_closed(u32 domain, u64 queue, u32 bit, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);

	if (!(state->old & bit))
		return false;
	if (ccx_dsq_move_to_local(queue))
		return true;
	if (now > state->epoch_ns + SETTLED_NS && queue_empty(queue))
		__sync_fetch_and_and(&state->old, ~bit);
	return false;
}

static __always_inline bool take_old(u32 domain, u32 kind, u64 now)
{
	return take_closed(domain, queue_ready(domain, kind, !open_half(domain)), 1U << kind, now);
}

/* Orphans, and what a decision came too late for. */
static __always_inline bool take_old_custody(u32 domain, u64 now)
{
	return take_closed(domain, queue_custody(domain, !open_half(domain)), OLD_CUSTODY, now);
}

/* Decided or not. */
static __always_inline bool take_custody(u32 domain)
{
	return ccx_dsq_move_to_local(queue_custody(domain, 0)) ||
	       ccx_dsq_move_to_local(queue_custody(domain, 1));
}

/* A latency-critical task, on a performance CPU at once, on another after spill_ns. */
static __always_inline bool take_critical(u32 domain, bool performance, u64 now)
{
	u64 queue = queue_ready(domain, CCX_KIND_PERFORMANCE, open_half(domain));
	u64 deadline = 0, queued_ns = 0;

	if (!nr_ready(domain, CCX_KIND_PERFORMANCE))
		return take_old(domain, CCX_KIND_PERFORMANCE, now);
	if (performance)
		return ccx_dsq_move_to_local(queue) || take_old(domain, CCX_KIND_PERFORMANCE, now);
	if (ccx_queue_head(queue, &deadline, &queued_ns) && now > queued_ns + ccx_config.spill_ns &&
	    ccx_dsq_move_to_local(queue))
		return true;
	return take_old(domain, CCX_KIND_PERFORMANCE, now);
}

/*
 * What runs and may go on (its slice is over, or it was told to make room) is in no queue. It
 * competes all the same, or a task of high weight would have to let another one run each time. Not
 * in a crowd, where each is to have its turn.
 */
static __always_inline void consider_prev(struct choice *choice, struct task_struct *prev, u64 now)
{
	struct task_ctx *tctx;
	u64 ran;

	if (!prev || !(prev->scx.flags & CCX_TASK_QUEUED))
		return;
	tctx = task_ctx_get(prev);
	if (!tctx || tctx->dispatcher || now < tctx->started_ns || crowded(tctx->domain))
		return;
	ran = ccx_virtual_ns(now - tctx->started_ns, tctx->inverse_weight);
	choice->queue = KEEP_PREV;
	/* its exact deadline, whatever steps the others are ordered by */
	choice->deadline = ccx_deadline(tctx->vtime + ran, tctx->awake_ns + ran,
					ccx_config.awake_cap_ns);
	choice->any = true;
}

static __always_inline bool take_normal(u32 cpu, u32 domain, struct task_struct *prev, bool custody,
					u64 now)
{
	u64 normal = queue_ready(domain, CCX_KIND_EFFICIENCY, open_half(domain));
	u32 old = domain_state(domain)->old & (1U << CCX_KIND_EFFICIENCY | OLD_CUSTODY);
	struct choice choice = {};

	if (!nr_ready(domain, CCX_KIND_EFFICIENCY) && !cpu_state(cpu)->bound && !custody)
		return false;
	consider_prev(&choice, prev, now);
	if (!cpu_state(cpu)->bound && !custody && !choice.any && !old)
		return ccx_dsq_move_to_local(normal);
	consider(&choice, normal);
	if (old & 1U << CCX_KIND_EFFICIENCY)
		consider(&choice, queue_ready(domain, CCX_KIND_EFFICIENCY, !open_half(domain)));
	if (custody)
		consider(&choice, queue_custody(domain, open_half(domain)));
	if (old & OLD_CUSTODY)
		consider(&choice, queue_custody(domain, !open_half(domain)));
	if (cpu_state(cpu)->bound) {
		consider(&choice, queue_bound(cpu, 0));
		consider(&choice, queue_bound(cpu, 1));
	}
	if (!choice.any)
		return false;
	if (choice.queue == KEEP_PREV) {
		ccx_task_set_slice(prev, ccx_config.slice_min_ns);
		return true;
	}
	if (ccx_dsq_move_to_local(choice.queue))
		return true;
	/* its first tasks may not run here: whatever may */
	return (choice.queue != normal && ccx_dsq_move_to_local(normal)) ||
	       ccx_dsq_move_to_local(queue_bound(cpu, 0)) ||
	       ccx_dsq_move_to_local(queue_bound(cpu, 1));
}

static __always_inline bool take_from(u32 domain, bool performance, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);

	/* an idle CPU there would have taken what waits, unless it was too late already, or cannot */
	if (!anything_waits(domain) ||
	    (state->nr_idle > 0 && !ccx_waits_since(domain, now - WAITS_LONG_NS) &&
	     !(ccx_config.consolidate && now < state->overdue_ns + OVERDUE_NS)))
		return false;
	return take_critical(domain, performance, now) ||
	       ccx_dsq_move_to_local(queue_ready(domain, CCX_KIND_EFFICIENCY, open_half(domain))) ||
	       take_old(domain, CCX_KIND_EFFICIENCY, now) ||
	       (state->custody > 0 && take_custody(domain));
}

/* A task of a domain of which no CPU is to be had. Verified by itself (allowed.h). */
__noinline u32 ccx_take_stranded(u32 domain, u32 performance, u64 now)
{
	u32 i;

	bpf_for(i, 0, ccx_machine.nr_domains) {
		if (domain_state(domain)->stranded & 1ULL << (i & 63) &&
		    take_from(i, performance, now)) {
			count(CCX_STOLEN, 1);
			return 1;
		}
	}
	return 0;
}

/* The next task of the domain that is fit for this CPU. custody: its tasks count as decided. */
static __always_inline bool take_own(u32 cpu, u32 domain, struct task_struct *prev, bool custody,
				     u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	bool performance = cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE ||
			   !domain_config(domain)->nr_kind[CCX_KIND_PERFORMANCE];
	bool turn, starving;

	if (now >= state->look_ns)
		ccx_look(domain, now);
	turn = (state->old || cpu_state(cpu)->bound) && ++cpu_state(cpu)->turn & 1;
	starving = turn && now > state->epoch_ns + STARVING_NS;
	if (starving) {
		if (take_old(domain, CCX_KIND_EFFICIENCY, now) ||
		    (cpu_state(cpu)->bound &&
		     ccx_dsq_move_to_local(queue_bound(cpu, !open_half(domain)))) ||
		    take_old_custody(domain, now))
			return true;
	}
	if (take_critical(domain, performance, now))
		return true;
	if (turn && state->old & OLD_ELSEWHERE && ccx_take_stranded(domain, performance, now))
		return true;
	if (turn && (take_old(domain, CCX_KIND_EFFICIENCY, now) || take_old_custody(domain, now)))
		return true;
	return take_normal(cpu, domain, prev, custody, now) ||
	       take_old(domain, CCX_KIND_EFFICIENCY, now) || take_old_custody(domain, now);
}

/* Nearly always so where a CPU goes idle: found out with a plain loop, which an iterator costs three times. */
static __always_inline bool nothing_waits_elsewhere(u32 domain, u32 nr, u32 turn, u32 others)
{
	u32 i, index;

	for (i = 0; i < CCX_STEAL_NEAREST + CCX_STEAL_OTHERS && i < nr; i++) {
		index = ccx_steal_index(i, turn, others);
		if (anything_waits(domain_config(domain)->nearest[index & (CCX_MAX_DOMAINS - 1)]))
			return false;
	}
	return true;
}

/*
 * Whether a CPU that could go on with a task of that weight had better do so than take one from there:
 * the domains are alike, or it is not this one's turn with the odd task yet.
 */
static __always_inline bool even_enough(u32 domain, u32 far, u32 weight, u64 now)
{
	u64 here_weight = domain_weight(domain), there_weight = domain_weight(far);
	u32 here = domain_config(domain)->capacity, there = domain_config(far)->capacity;

	if (!ccx_worse_off(there_weight, there, here_weight, here))
		return true;
	return now < domain_state(far)->odd_since_ns + CCX_ODD_KEPT_NS &&
	       ccx_odd_one(there_weight, there, here_weight, here, weight);
}

/*
 * Takes from other domains, nearest first (ccx_steal_index, balance.h). A CPU that could go on with a
 * task of that weight (`goes_on`; 0: it would go idle) only from those that are worse off or get nothing
 * done. Verified by itself (allowed.h).
 */
__noinline u32 ccx_steal(u32 cpu, u32 domain, u32 goes_on, u64 now)
{
	bool performance = cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE;
	u32 others = ccx_machine.nr_domains - 1, nr = ccx_steal_looks(others), i;
	u32 turn = cpu_state(cpu)->turn;

	if (nr < others)
		cpu_state(cpu)->turn += CCX_STEAL_OTHERS;
	if (nothing_waits_elsewhere(domain, nr, turn, others))
		return 0;
	bpf_for(i, 0, nr) {
		u32 index = ccx_steal_index(i, turn, others);
		u32 far = domain_config(domain)->nearest[index & (CCX_MAX_DOMAINS - 1)];

		if (index >= domain_config(domain)->nr_near &&
		    !ccx_waits_since(far, now - WAITS_LONG_NS))
			continue;
		if (goes_on && !nr_ready(far, CCX_KIND_PERFORMANCE) &&
		    even_enough(domain, far, goes_on, now) && !ccx_waits_since(far, now - STRANDED_NS))
			continue;
		if (take_from(far, performance, now)) {
			domain_state(domain)->odd_since_ns = now;
			count(CCX_STOLEN, 1);
			return 1;
		}
	}
	return 0;
}

#endif
