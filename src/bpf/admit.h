/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a task that got no idle CPU is queued where BPF decides: by order of deadline, on the one CPU it
 * is bound to.
 */
#ifndef CCX_BPF_ADMIT_H
#define CCX_BPF_ADMIT_H

#include "classify.h"
#include "home.h"
#include "partners.h"
#include "placement.h"

/* Slice of a task that BPF has no decision about: what a dispatcher would give it. */
static __always_inline u64 slice_among(u64 nr_cpus, u64 waiting)
{
	return ccx_slice_among(ccx_config.slice_ns, ccx_config.slice_least_ns, nr_cpus, waiting);
}

static __always_inline u64 slice_in(u32 domain)
{
	return slice_among(domain_config(domain)->nr_cpus, nr_ready_all(domain));
}

/* Queues a task by BPF's own rule. */
static __always_inline void order(struct task_struct *p, struct task_ctx *tctx, u32 kind,
				  u64 slice_ns, u64 deadline)
{
	ready_enter(tctx, tctx->domain, kind);
	ccx_dsq_insert_vtime(p, queue_ready(tctx->domain, kind, open_half(tctx->domain)), slice_ns,
			     deadline, 0);
	wake_idle_for(p, tctx, tctx->domain);
}

/*
 * Whether a task that woke and is to be queued there is left to BPF: nobody else waits, so that there is hardly
 * anything to decide, and its dispatcher sleeps. To wake that takes an interrupt, two switches and a CPU
 * that the task could have. (Not whoever goes on after its slice: with others it is a load to balance.)
 */
static __always_inline bool left_alone(u32 domain)
{
	struct ccx_decision_ring *ring;

	if (!domain_state(domain)->blocked || anything_waits(domain))
		return false;
	ring = bpf_map_lookup_elem(&ccx_decisions, &domain);
	return ring && ring->leaves_alone;
}

/*
 * Whether the task has no larger share elsewhere, as far as can be told at a glance: at one other
 * domain, each time another one. A decision that a task stays here is good for as long as that
 * holds.
 */
static __always_inline bool balanced(struct task_ctx *tctx)
{
	const volatile struct ccx_config_domain *here = domain_config(tctx->domain);
	u32 others = ccx_machine.nr_domains - 1, far;

	if (!others)
		return true;
	far = here->nearest[bpf_get_prandom_u32() % others & (CCX_MAX_DOMAINS - 1)];
	if (ccx_config.consolidate && !in_set(set_of(tctx), far))
		return true;
	return !ccx_evens_out(domain_weight(tctx->domain), here->capacity, domain_weight(far),
			      domain_config(far)->capacity,
			      ccx_weight_to_move(tctx->counted, follows_one(tctx)));
}

/* used_ns: of its turn, which it has begun. */
static __always_inline void enqueue_bound(struct task_struct *p, struct task_ctx *tctx,
					  u64 deadline, u64 used_ns)
{
	s32 cpu = scx_bpf_task_cpu(p);
	u64 slice_ns;

	count(CCX_BOUND, 1);
	if (p->flags & PF_KTHREAD) {
		/* what others wait for: never behind a hog */
		ccx_dsq_insert(p, CCX_DSQ_LOCAL, ccx_config.slice_ns, CCX_ENQ_PREEMPT);
		return;
	}
	if (goes_first(tctx)) {
		ccx_dsq_insert(p, CCX_DSQ_LOCAL, ccx_config.slice_ns,
			       cpu_state(cpu)->running_critical ? 0 : CCX_ENQ_PREEMPT);
		return;
	}
	tctx->bound = cpu + 1;
	slice_ns = slice_among(1, __sync_fetch_and_add(&cpu_state(cpu)->bound, 1));
	slice_ns = slice_ns > used_ns ? slice_ns - used_ns : ccx_config.slice_min_ns;
	ccx_dsq_insert_vtime(p, queue_bound(cpu, open_half(tctx->domain)), slice_ns, deadline, 0);
	scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
}

/*
 * The task was sent off in the middle of its turn. What it was doing may hold others up (a lock that
 * they spin for), so it keeps its place: it goes on as soon as any CPU is free that would have taken
 * it before, for what is left of its turn. False if nothing is.
 */
static __always_inline bool resume_turn(struct task_struct *p, struct task_ctx *tctx)
{
	u64 used_ns = tctx->turn_used_ns, slice_ns = slice_in(tctx->domain), served, deadline;

	if (used_ns >= slice_ns) {
		tctx->turn_used_ns = 0;
		return false;
	}
	served = ccx_virtual_ns(used_ns, tctx->inverse_weight);
	if (served > tctx->awake_ns)
		served = tctx->awake_ns;	/* its weight was another one when the turn began */
	deadline = home_key(tctx, tctx->vtime - served, tctx->awake_ns - served);
	if (bound_to_one_cpu(p))
		enqueue_bound(p, tctx, deadline, used_ns);
	else
		order(p, tctx, tctx->kind, slice_ns - used_ns, deadline);
	return true;
}

/*
 * It left bound(cpu): it runs, was dequeued, or is queued anew, as where the kernel moves it to another
 * CPU, of which ops.quiescent is not told.
 */
static __always_inline void leave_bound(struct task_ctx *tctx)
{
	u32 cpu = tctx->bound - 1U;

	if (!tctx->bound)
		return;
	tctx->bound = 0;
	__sync_fetch_and_add(&cpu_state(cpu)->bound, -1);
}

#endif
