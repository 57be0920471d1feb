// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ccx, the BPF side: the fast path and the safety net.
 *
 * A task that becomes runnable gets an idle CPU at once if there is one (placement.h). Otherwise
 * BPF queues latency-critical, bound and kernel tasks by itself, and so any task whose last
 * decision is still fresh. All others are put into custody (custody.h): the dispatcher of the
 * domain is told and decides about deadline, slice and domain. A CPU that needs work applies what
 * was decided, lets the dispatcher run if it has messages, and takes the earliest deadline that is
 * fit for it (dispatcher.h, pick.h). It never waits: what is not decided in time, it takes as it
 * is.
 *
 * Tunables are in ccx_config (ccx/abi.h), filled in by user space before load.
 */
#include "account.h"
#include "admit.h"
#include "dispatcher.h"
#include "groups.h"
#include "home.h"
#include "hotplug.h"
#include "life.h"
#include "move.h"
#include "partners.h"
#include "pick.h"
#include "rules.h"
#include "tasks.h"

char _license[] SEC("license") = "GPL";

/*
 * First thing after a task woke, in select_cpu or, where the kernel does not ask, in enqueue. (There
 * is ops.runnable for this; it would be one more program at each wake-up.)
 */
static __always_inline void woke(struct task_struct *p, struct task_ctx *tctx)
{
	if (!tctx->slept_ns)
		return;
	if (!tctx->blocked)
		tctx->burst_now_ns = 0;
	rules_follow(p, tctx);
}

/*
 * How long it slept, and that it did. In enqueue or when it runs, not in select_cpu: there the clock would have
 * to be read from the hardware, which nothing else needs where all CPUs are of one kind. When it runs, if
 * the kernel asked neither of them (the threads of a CPU that is not online yet): its virtual time is of
 * old then, and must not count as that of one which has waited since (ccx_clock_correct, `backlogged`).
 */
static __always_inline void slept(struct task_ctx *tctx, u64 now)
{
	if (!tctx->slept_ns)
		return;
	tctx->awake_ns = 0;
	if (!tctx->blocked && now > tctx->slept_ns)
		tctx->sleep_ns = ccx_average(tctx->sleep_ns, now - tctx->slept_ns);
	tctx->slept_ns = 0;
}

/* Whether choosing a CPU depends on the time. */
static __always_inline bool needs_time(u64 wake_flags)
{
	return wake_flags & CCX_WAKE_SYNC || ccx_config.mixed_kinds || ccx_config.consolidate;
}

s32 CCX_OPS(ccx_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_ctx *tctx = task_ctx_get(p);
	u64 now = needs_time(wake_flags) ? ccx_now() : 0;
	s32 cpu;

	if (!tctx)
		return prev_cpu;
	if (tctx->dispatcher)
		return place_dispatcher(p, tctx, prev_cpu);
	woke(p, tctx);
	settle_domain(p, tctx);
	join_partner(p, tctx);
	cpu = wake_flags & CCX_WAKE_SYNC ? hand_off(p, tctx, prev_cpu, now) : -1;
	if (cpu < 0) {
		cpu = ccx_config.consolidate ? place_packed(p, tctx, prev_cpu, now) :
					       place_idle(p, tctx, prev_cpu, now);
		if (cpu < 0) {
			if (!tctx->critical)
				cpu_state(bpf_get_smp_processor_id())->fed = 1;
			return prev_cpu;
		}
		tctx->started_by_ns = now;
	}
	count(CCX_FAST, 1);
	count_weight(tctx, effective_weight(tctx));
	ccx_dsq_insert(p, CCX_DSQ_LOCAL, ccx_config.slice_ns, 0);
	return cpu;
}

void CCX_OPS(ccx_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_ctx *tctx = task_ctx_get(p);
	u64 now = ccx_now(), deadline;
	bool wakeup = enq_flags & CCX_ENQ_WAKEUP;
	u32 kind;

	if (!tctx) {
		ccx_dsq_insert(p, CCX_DSQ_LOCAL, ccx_config.slice_ns, 0);
		return;
	}
	if (tctx->dispatcher) {
		enqueue_dispatcher(p, tctx, enq_flags, now);
		return;
	}
	if (tctx->moves_to && move_there(p, tctx))
		return;
	leave_bound(tctx);
	woke(p, tctx);
	slept(tctx, now);
	settle_domain(p, tctx);
	count_weight(tctx, effective_weight(tctx));
	/* woken before it was off its CPU: select_cpu was not asked, and that CPU is idle by now */
	if (wakeup && cpu_suits(tctx, scx_bpf_task_cpu(p), now) &&
	    (!ccx_config.consolidate ||
	     in_set(set_of(tctx), cpu_config(scx_bpf_task_cpu(p))->domain)) &&
	    scx_bpf_test_and_clear_cpu_idle(scx_bpf_task_cpu(p))) {
		count(CCX_FAST, 1);
		ccx_dsq_insert(p, CCX_DSQ_LOCAL, ccx_config.slice_ns, 0);
		return;
	}
	groups_compete();
	tctx->queued_ns = now;
	if (tctx->turn_used_ns && !wakeup && resume_turn(p, tctx))
		return;
	tctx->vtime = ccx_vtime_place(tctx->vtime, domain_state(tctx->domain)->vtime_now,
				      wakeup ? ccx_config.lag_ns : CCX_LAG_AWAKE_NS,
				      ccx_debt_ns(wakeup, ccx_config.slice_ns, tctx->inverse_weight,
						  ccx_config.debt_ns));
	deadline = home_key(tctx, tctx->vtime, tctx->awake_ns);
	kind = CCX_KIND_EFFICIENCY;

	if (bound_to_one_cpu(p)) {
		enqueue_bound(p, tctx, deadline, 0);
		return;
	}
	if (goes_first(tctx)) {
		count(CCX_CRITICAL, 1);
		critical_seen(domain_state(tctx->domain), tctx, now);
		order(p, tctx, CCX_KIND_PERFORMANCE, ccx_config.slice_ns, deadline);
		if (wakeup)
			preempt_for(p, tctx, now);
		return;
	}
	if (p->tgid == (s32)ccx_config.daemon_tgid) {
		/* the program's other threads do not depend on its dispatchers */
		order(p, tctx, kind, ccx_config.slice_ns, deadline);
		return;
	}
	if (now < tctx->fresh_until_ns && balanced(tctx)) {
		count(CCX_ORDERED, 1);
		order(p, tctx, tctx->kind, tctx->slice_ns, deadline);
		return;
	}
	if (domain_state(tctx->domain)->late) {
		count(CCX_UNATTENDED, 1);
		order(p, tctx, kind, slice_in(tctx->domain), deadline);
		return;
	}
	if (wakeup && left_alone(tctx->domain)) {
		count(CCX_ALONE, 1);
		order(p, tctx, kind, slice_in(tctx->domain), deadline);
		return;
	}
	if (domain_state(tctx->domain)->custody <= 0)
		domain_state(tctx->domain)->custody_since_ns = now;
	if (!custody_send(p, tctx, now, wakeup)) {
		__sync_fetch_and_add(&domain_state(tctx->domain)->ring_full, 1);
		order(p, tctx, kind, slice_in(tctx->domain), deadline);
		return;
	}
	count(CCX_MESSAGES, 1);
	ccx_dsq_insert_vtime(p, queue_custody(tctx->domain, open_half(tctx->domain)),
			     slice_in(tctx->domain), deadline, 0);
	wake_idle_for(p, tctx, tctx->domain);
}

void CCX_OPS(ccx_dispatch, s32 cpu, struct task_struct *prev)
{
	u64 now = ccx_now_switching(cpu);
	u32 domain = cpu_config(cpu)->domain;
	struct task_ctx *tctx = NULL;
	bool in_custody, messages, ready, goes_on;

	if (ccx_state.leaving)
		ccx_nudge_leaving();
	/* whoever was to be sent off makes room now, or need not */
	cpu_state(cpu)->makes_room = cpu_state(cpu)->preempted_ns != 0;
	cpu_state(cpu)->preempted_ns = 0;
	if (dispatcher_owes(domain))
		ccx_apply_decisions(domain, now);
	in_custody = domain_state(domain)->custody > 0;
	messages = dispatcher_owes(domain) && messages_wait(domain);
	/* late, or orphans: custody is as good as decided */
	ready = dispatcher_late(domain, messages, now) || (in_custody && !messages);

	if (domain_state(domain)->parked && dispatcher_wanted(cpu, domain, messages, now) &&
	    run_parked(domain, now))
		return;
	if (take_own(cpu, domain, prev, ready, now))
		return;
	if (in_custody && take_custody(domain))
		return;
	if (prev && prev->scx.flags & CCX_TASK_QUEUED)
		tctx = task_ctx_get(prev);
	goes_on = tctx && !tctx->dispatcher &&
		  !(ccx_config.consolidate && set_calls_back(tctx, domain));
	/* a performance CPU is idle or lent: nothing else of its own to do, so no spill bound */
	if (ccx_steal(cpu, domain, goes_on ? tctx->weight : 0, now))
		return;
	if (goes_on) {
		if (move_on(prev, tctx, cpu, now))
			goes_idle(cpu, domain);
		else
			ccx_task_set_slice(prev, ccx_config.slice_ns);
		return;
	}
	call_over(cpu, domain, now);
	if (!goes_idle(cpu, domain))
		return;
	/* the last CPU of the domain: its dispatcher may sleep, too. If it yields here, it is parked only later */
	if (domain_state(domain)->parked)
		run_parked(domain, now);
	else if (tctx && tctx->dispatcher == domain + 1)
		ccx_task_set_slice(prev, DISPATCHER_SLICE_NS);
}

void CCX_OPS(ccx_running, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx_get(p);
	s32 cpu = scx_bpf_task_cpu(p);
	struct ccx_cpu_state *state = cpu_state(cpu);
	u32 domain = cpu_config(cpu)->domain;
	struct ccx_domain_state *home;
	u64 now = ccx_now_switching(cpu);

	if (!cpu_config(cpu)->present)
		ccx_task_set_slice(p, OFFLINE_SLICE_NS);
	if (!tctx)
		return;
	/* two CPUs' clocks */
	if (state->idle && tctx->started_by_ns && now > tctx->started_by_ns)
		state->start_ns = ccx_average(state->start_ns, now - tctx->started_by_ns);
	tctx->started_by_ns = 0;
	slept(tctx, now);
	unclaim(tctx);
	note_lesser(tctx, cpu);
	is_busy(cpu, domain);
	if (!tctx->handed)
		state->turn_ns = now;
	tctx->handed = 0;
	state->running_since_ns = now;
	state->running_until_ns = now + burst_left_ns(tctx);
	state->hands_over_ns = hands_over_ns(tctx);
	state->woke_other_ns = 0;
	state->fed = 0;
	state->running_critical = tctx->critical;
	state->running_dispatcher = tctx->dispatcher != 0;
	tctx->started_ns = now;
	tctx->running = 1;
	if (tctx->dispatcher) {
		domain_state(tctx->dispatcher - 1)->blocked = 0;
		return;
	}

	if (tctx->queued_ns) {
		waited(state, tctx, now);
		ready_leave(tctx);
		leave_bound(tctx);
		if (custody_leave(tctx, tctx->custody))
			count(domain_state(tctx->domain)->late ? CCX_RESCUED : CCX_OVERTAKEN, 1);
	}
	if (tctx->domain != domain) {
		if (tctx->stopped_ns) {
			tctx->moved_ns = now;
			count(CCX_MIGRATED_IN, 1);
			__sync_fetch_and_add(&domain_state(tctx->domain)->migrated_out, 1);
		}
		set_domain(tctx, domain);
	}
	/* it ran as we came, or its weight, cgroup or affinity was changed while it did */
	if (!tctx->counted)
		count_weight(tctx, tctx->weight);
	home = domain_state(domain);
	if (tctx->critical) {
		critical_seen(home, tctx, now);
		if (ccx_config.mixed_kinds && cpu_config(cpu)->kind != CCX_KIND_PERFORMANCE &&
		    !tctx->restricted)
			count(CCX_SPILLED, 1);
	}
}

/*
 * What waits for long may change the memory node: an idle CPU looks again. Left out on machines with
 * one node.
 */
void CCX_OPS(ccx_tick, struct task_struct *p)
{
	if (ccx_waits_since(cpu_config(bpf_get_smp_processor_id())->domain,
			    ccx_now() - WAITS_LONG_NS))
		kick_any_idle(CCX_MAX_DOMAINS);
}

/* It is off its CPU, and what it used is put to its account. */
static __always_inline void stopped(struct task_struct *p, struct task_ctx *tctx, s32 cpu, bool runnable,
				    u64 now)
{
	u32 domain = cpu_config(cpu)->domain;
	struct ccx_cpu_state *state = cpu_state(cpu);
	struct ccx_domain_state *home = domain_state(domain);
	u64 ran = now - tctx->started_ns, virtual;

	if ((s64)ran < 0)
		ran = 0;
	tctx->running = 0;
	state->running_since_ns = 0;
	state->counters[CCX_BUSY_NS] += ran;
	tctx->stopped_ns = now;
	if (tctx->dispatcher) {
		state->counters[CCX_DISPATCHER_NS] += ran;
		return;
	}
	if (tctx->critical && !tctx->restricted)
		state->counters[cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE ?
					CCX_CRITICAL_ON_PERFORMANCE_NS :
					CCX_CRITICAL_ELSEWHERE_NS] += ran;
	if (tctx->band < CCX_NR_BANDS)
		__sync_fetch_and_add(&home->band_used_ns[tctx->band],
				     ccx_band_counts(tctx->burst_now_ns, ran));
	if (ccx_config.consolidate)
		home->stint_ns = ccx_average(home->stint_ns, ran);
	critical_budget(domain, now);
	advance_clock(home, tctx, ran, now);
	virtual = ccx_virtual_ns(ran, tctx->inverse_weight);
	tctx->vtime += virtual;
	tctx->awake_ns += virtual;
	tctx->burst_now_ns += scale_by_capacity(ran, cpu);
	tctx->turn_used_ns = runnable && state->makes_room ? tctx->turn_used_ns + ran : 0;
	state->makes_room = 0;
	if (runnable) {
		/* one that never sleeps: others when they wake, or go to sleep */
		rules_follow(p, tctx);
		clamps_follow(p, tctx);
	}
	declassify(tctx);
}

void CCX_OPS(ccx_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *tctx;
	s32 cpu;

	/* it is dequeued: ccx_quiescent is next, and looks its record up anyway */
	if (!runnable)
		return;
	tctx = task_ctx_get(p);
	if (!tctx || !tctx->running)
		return;
	cpu = scx_bpf_task_cpu(p);
	stopped(p, tctx, cpu, true, ccx_now_switching(cpu));
}

void CCX_OPS(ccx_quiescent, struct task_struct *p, u64 deq_flags)
{
	s32 cpu = scx_bpf_task_cpu(p);
	struct ccx_cpu_state *state = cpu_state(cpu);
	struct task_ctx *tctx = task_ctx_get(p);
	u64 now;

	if (!tctx)
		return;
	now = ccx_now_switching(cpu);
	if (tctx->running)
		stopped(p, tctx, cpu, false, now);
	if (tctx->dispatcher) {
		domain_state(tctx->dispatcher - 1)->blocked = !!(deq_flags & CCX_DEQ_SLEEP);
		domain_state(tctx->dispatcher - 1)->parked = 0;
		return;
	}
	unclaim(tctx);
	count_weight(tctx, 0);
	if (!(deq_flags & CCX_DEQ_SLEEP)) {
		/* what goes to sleep has run, and left all queues when it began to */
		ready_leave(tctx);
		leave_bound(tctx);
		custody_leave(tctx, tctx->custody);
		tctx->queued_ns = 0;
		return;
	}
	tctx->slept_ns = now;
	judge_handoff(state, tctx, now);
	tctx->blocked = (p->__state & TASK_IDLE) == TASK_UNINTERRUPTIBLE;
	if (tctx->blocked)
		return;
	tctx->burst_ns = ccx_average(tctx->burst_ns, tctx->burst_now_ns);
	if (state->fed || tctx->feeds)
		tctx->feeds = ccx_feeds_after(tctx->feeds, state->fed);
	if (classify_due(tctx, now))
		classify(p, tctx);
}

void CCX_OPS(ccx_set_weight, struct task_struct *p, u32 weight)
{
	struct task_ctx *tctx = task_ctx_get(p);

	if (!tctx)
		return;
	reweigh(tctx, weight, tctx->multiplier);
	if (tctx->counted)
		count_weight(tctx, tctx->weight);
}

void CCX_OPS(ccx_set_cpumask, struct task_struct *p, const struct cpumask *mask)
{
	struct task_ctx *tctx = task_ctx_get(p);

	if (tctx)
		set_affinity(p, tctx, mask);
}

/* A real-time task takes the CPU for who knows how long: what waits on it goes elsewhere. */
void CCX_OPS(ccx_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	if (bpf_ksym_exists(scx_bpf_reenqueue_local))
		scx_bpf_reenqueue_local();
}

SEC(".struct_ops.link")
struct sched_ext_ops ccx_ops = {
	.select_cpu = (void *)ccx_select_cpu,
	.enqueue = (void *)ccx_enqueue,
	.dispatch = (void *)ccx_dispatch,
	.running = (void *)ccx_running,
	.tick = (void *)ccx_tick,
	.stopping = (void *)ccx_stopping,
	.quiescent = (void *)ccx_quiescent,
	.set_weight = (void *)ccx_set_weight,
	.set_cpumask = (void *)ccx_set_cpumask,
	.cpu_release = (void *)ccx_cpu_release,
	.cpu_online = (void *)ccx_cpu_online,
	.cpu_offline = (void *)ccx_cpu_offline,
	.init_task = (void *)ccx_init_task,
	.enable = (void *)ccx_enable,
	.cgroup_init = (void *)ccx_cgroup_init,
	.cgroup_exit = (void *)ccx_cgroup_exit,
	.cgroup_move = (void *)ccx_cgroup_move,
	.cgroup_set_weight = (void *)ccx_cgroup_set_weight,
	.cgroup_set_bandwidth = (void *)ccx_cgroup_set_bandwidth,
	.init = (void *)ccx_init,
	.exit = (void *)ccx_exit_op,
	.flags = 0,		/* user space adds the running kernel's flags */
	.timeout_ms = 5000,
	.exit_dump_len = 32768,
	.name = CCX_OPS_NAME,
};
