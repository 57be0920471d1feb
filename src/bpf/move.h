/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving what runs to a CPU that suits it better: a faster one, a core that it need not share.
 *
 * A task that goes on and on looks for one when its slice is over (move_on). What is idle for
 * moments only would be missed that way: such CPUs are found when all look at the same tick, and busy
 * with what the tick has woken. So a task that runs where it had better not leaves its CPU's number in
 * its domain (wants_better), and a performance CPU that goes idle there sends that task off (call_over):
 * it looks again at once.
 */
#ifndef CCX_BPF_MOVE_H
#define CCX_BPF_MOVE_H

#include "placement.h"

#define CALL_PAUSE_NS	(1000 * 1000ULL)	/* between two calls in a domain */

/* Nothing better than this CPU: a performance CPU that has its core for itself. */
static __always_inline bool best_place(s32 cpu)
{
	const volatile struct ccx_config_cpu *config = cpu_config(cpu);

	return config->kind == CCX_KIND_PERFORMANCE &&
	       (!config->smt || cpu_state(config->sibling)->idle);
}

/* Whether the task, which goes on and on where it is, would be better off on another CPU. */
static __always_inline bool would_move(struct task_ctx *tctx, s32 cpu, u64 now)
{
	bool performance = cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE;

	if (tctx->speed == CCX_SPEED_LOW)
		return ccx_config.mixed_kinds && performance;
	if (best_place(cpu) || (performance && ccx_config.siblings_first))
		return false;
	/* what it has run since it began is added up only when it stops */
	return tctx->critical || tctx->speed == CCX_SPEED_HIGH ||
	       ccx_is_heavy(tctx->burst_ns, tctx->burst_now_ns + now - tctx->started_ns);
}

/* The task on that CPU would move: a CPU that goes idle may call it over. */
static __always_inline void wants_better(s32 cpu)
{
	domain_state(domain_config(cpu_config(cpu)->domain)->critical_home)->wants_better = cpu + 1;
}

/* Claims an idle core of the die that the task prefers, if it runs on another. */
static __always_inline s32 claim_on_die(struct task_struct *p, struct task_ctx *tctx, s32 cpu)
{
	u32 here = cpu_config(cpu)->domain, there;

	if (!tctx->die_ruled)
		tctx->prefer = die_measured(p);
	there = die_of(tctx, here);
	if (there == here || !may_be_idle(tctx, there) || migration_disabled(p) ||
	    p->flags & PF_EXITING)
		return -1;
	return claim_idle(p, tctx, there, MASK_ALL, CCX_PICK_IDLE_CORE);
}

/*
 * The task's slice is over and nothing else wants the CPU, so it would go on. If there is an idle one
 * that suits it better, a faster one or a core that it need not share, that is claimed and the task
 * moves there when it is enqueued. What is light sleeps before moving pays.
 */
static __always_inline bool move_on(struct task_struct *p, struct task_ctx *tctx, s32 cpu, u64 now)
{
	s32 to;

	clamps_follow(p, tctx);
	if (ccx_config.measured_dies) {
		to = claim_on_die(p, tctx, cpu);
		if (to >= 0) {
			tctx->moves_to = to + 1;
			return true;
		}
	}
	/* the kernel does not ask ops.enqueue about a task that exits */
	if (!would_move(tctx, cpu, now) || migration_disabled(p) || p->flags & PF_EXITING)
		return false;
	to = claim_better(p, tctx, cpu_config(cpu)->kind, now);
	if (to < 0) {
		if (tctx->speed != CCX_SPEED_LOW)
			wants_better(cpu);
		return false;
	}
	tctx->moves_to = to + 1;
	return true;
}

/*
 * Gives up the CPU that move_on() claimed: a kick, or it would never count as idle again. The kernel
 * clears the mark of an idle CPU that is claimed and sets it only when the CPU goes idle anew.
 */
static __always_inline void unclaim(struct task_ctx *tctx)
{
	s32 cpu = tctx->moves_to - 1;

	if (!tctx->moves_to)
		return;
	tctx->moves_to = 0;
	scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
}

/* Sends the task to the CPU that move_on() claimed; false when its affinity leaves that out by now. */
static __always_inline bool move_there(struct task_struct *p, struct task_ctx *tctx)
{
	s32 to = tctx->moves_to - 1;

	if (migration_disabled(p) || !ccx_allowed_on(p, to)) {
		unclaim(tctx);
		return false;
	}
	tctx->moves_to = 0;
	count(CCX_MOVED, 1);
	ccx_dsq_insert(p, CCX_DSQ_LOCAL_ON | to, ccx_config.slice_ns, 0);
	return true;
}

/*
 * The task begins to run, on a lesser CPU although it is heavy: perhaps only because something brief
 * took its place, or all performance CPUs were busy for the moment when it woke.
 */
static __always_inline void note_lesser(struct task_ctx *tctx, s32 cpu)
{
	if (ccx_config.mixed_kinds && cpu_config(cpu)->kind != CCX_KIND_PERFORMANCE &&
	    (tctx->critical || wants_performance(tctx)))
		wants_better(cpu);
}

/* The CPU goes idle: it calls a task over that would be better off here. */
static __always_inline void call_over(s32 cpu, u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	s32 from;

	if (ccx_config.consolidate || !state->wants_better || !best_place(cpu) ||
	    (ccx_config.mixed_kinds && critical_about(domain, now)) ||
	    now < state->called_ns + CALL_PAUSE_NS)
		return;
	from = __sync_lock_test_and_set(&state->wants_better, 0) - 1;
	if (from < 0 || cpu_state(from)->idle || !cpu_config(from)->present)
		return;
	state->called_ns = now;
	scx_bpf_kick_cpu(from, CCX_KICK_PREEMPT);
}

#endif
