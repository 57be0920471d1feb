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
#include "dispatcher.h"
#include "groups.h"
#include "home.h"
#include "masks.h"
#include "partners.h"
#include "pick.h"
#include "rules.h"
#include "tasks.h"

char _license[] SEC("license") = "GPL";

#define CCX_OPS(name, args...)                                                                     \
	SEC("struct_ops/" #name)                                                                  \
	BPF_PROG(name, ##args)

/*
 * First thing after a task woke, in select_cpu or, where the kernel does not ask, in enqueue. (There
 * is ops.runnable for this; it would be one more program at each wake-up.)
 */
static __always_inline void woke(struct task_struct *p, struct task_ctx *tctx, u64 now)
{
	if (!tctx->slept_ns)
		return;
	if (!tctx->blocked) {
		if (now > tctx->slept_ns)
			tctx->sleep_ns = ccx_average(tctx->sleep_ns, now - tctx->slept_ns);
		tctx->burst_now_ns = 0;
	}
	tctx->slept_ns = 0;
	tctx->awake_ns = 0;
	rules_follow(p, tctx);
}

s32 CCX_OPS(ccx_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_ctx *tctx = task_ctx_get(p);
	u64 now = ccx_now();
	s32 cpu;

	if (!tctx)
		return prev_cpu;
	if (tctx->dispatcher)
		return place_dispatcher(p, tctx, prev_cpu);
	woke(p, tctx, now);
	settle_domain(p, tctx);
	join_partner(p, tctx);
	cpu = wake_flags & CCX_WAKE_SYNC ? hand_off(p, tctx, prev_cpu, now) : -1;
	if (cpu < 0) {
		cpu = ccx_config.consolidate ? place_packed(p, tctx, prev_cpu, now) :
					       place_idle(p, tctx, prev_cpu, now);
		if (cpu < 0)
			return prev_cpu;
		tctx->started_by_ns = now;
	}
	count(CCX_FAST, 1);
	count_weight(tctx, effective_weight(tctx));
	ccx_dsq_insert(p, CCX_DSQ_LOCAL, ccx_config.slice_ns, 0);
	return cpu;
}

/* Queues a task by BPF's own rule. */
static __always_inline void order(struct task_struct *p, struct task_ctx *tctx, u32 kind,
				  u64 slice_ns, u64 deadline)
{
	ready_enter(tctx, tctx->domain, kind);
	ccx_dsq_insert_vtime(p, queue_ready(tctx->domain, kind, open_half(tctx->domain)), slice_ns,
			     deadline, 0);
	wake_idle_for(p, tctx);
}

/*
 * Whether the task has no larger share elsewhere, as far as can be told at a glance: at one other
 * domain, each time another one. A decision that a task stays here is good for as long as that
 * holds.
 */
static __always_inline bool balanced(struct task_ctx *tctx)
{
	const volatile struct ccx_config_domain *here = domain_config(tctx->domain);
	u32 others = ccx_config.nr_domains - 1, far;

	if (!others)
		return true;
	far = here->nearest[bpf_get_prandom_u32() % others & (CCX_MAX_DOMAINS - 1)];
	if (ccx_config.consolidate && !in_set(set_of(tctx), far))
		return true;
	return !ccx_evens_out(domain_weight(tctx->domain), here->capacity, domain_weight(far),
			      domain_config(far)->capacity,
			      ccx_weight_to_move(tctx->counted, follows_one(tctx)));
}

static __always_inline void enqueue_bound(struct task_struct *p, struct task_ctx *tctx, u64 deadline)
{
	s32 cpu = scx_bpf_task_cpu(p);

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
	tctx->bound = 1;
	cpu_state(cpu)->bound++;
	ccx_dsq_insert_vtime(p, queue_bound(cpu, open_half(tctx->domain)), ccx_config.slice_ns,
			     deadline, 0);
	scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
}

/* It left bound(its CPU), by running or by being dequeued; under that CPU's run queue lock. */
static __always_inline void leave_bound(struct task_struct *p, struct task_ctx *tctx)
{
	if (!tctx->bound)
		return;
	tctx->bound = 0;
	cpu_state(scx_bpf_task_cpu(p))->bound--;
}

/* Sends the task to the CPU that move_on() claimed; false when its affinity leaves that out by now. */
static __always_inline bool move_there(struct task_struct *p, struct task_ctx *tctx)
{
	s32 to = tctx->moves_to - 1;

	tctx->moves_to = 0;
	if (migration_disabled(p) || !bpf_cpumask_test_cpu(to, p->cpus_ptr)) {
		scx_bpf_kick_cpu(to, CCX_KICK_IDLE);	/* so that it counts as idle again */
		return false;
	}
	count(CCX_MOVED, 1);
	ccx_dsq_insert(p, CCX_DSQ_LOCAL_ON | to, ccx_config.slice_ns, 0);
	return true;
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
		enqueue_dispatcher(p, tctx->dispatcher - 1, enq_flags);
		return;
	}
	if (tctx->moves_to && move_there(p, tctx))
		return;
	woke(p, tctx, now);
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
	tctx->vtime = ccx_vtime_place(tctx->vtime, domain_state(tctx->domain)->vtime_now,
				      wakeup ? ccx_config.lag_ns : CCX_LAG_AWAKE_NS,
				      wakeup ? ccx_wake_debt_ns(ccx_config.slice_ns,
								tctx->inverse_weight,
								ccx_config.debt_ns) :
					       ccx_config.debt_ns);
	deadline = ccx_queue_key(ccx_deadline(tctx->vtime, tctx->awake_ns, ccx_config.awake_cap_ns),
				 tctx->awake_ns);
	kind = CCX_KIND_EFFICIENCY;

	if (bound_to_one_cpu(p)) {
		enqueue_bound(p, tctx, deadline);
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
		order(p, tctx, kind, ccx_config.slice_ns, deadline);
		return;
	}
	if (domain_state(tctx->domain)->custody <= 0)
		domain_state(tctx->domain)->custody_since_ns = now;
	if (!custody_send(p, tctx, now, wakeup)) {
		__sync_fetch_and_add(&domain_state(tctx->domain)->ring_full, 1);
		order(p, tctx, kind, ccx_config.slice_ns, deadline);
		return;
	}
	count(CCX_MESSAGES, 1);
	ccx_dsq_insert_vtime(p, queue_custody(tctx->domain), ccx_config.slice_ns, deadline, 0);
	wake_idle_for(p, tctx);
}

/*
 * How many CPUs of a domain have nothing to run: counted where a CPU finds nothing and where it
 * runs something again. (ops.update_idle would say it, too, as two more programs for each sleep; a
 * CPU that a real-time task takes over counts as idle.) True when all are idle now.
 */
static __always_inline bool goes_idle(s32 cpu, u32 domain)
{
	struct ccx_cpu_state *state = cpu_state(cpu);

	if (state->idle)
		return domain_state(domain)->nr_idle >= domain_config(domain)->nr_cpus;
	state->idle = 1;
	return __sync_fetch_and_add(&domain_state(domain)->nr_idle, 1) + 1 >=
	       domain_config(domain)->nr_cpus;
}

static __always_inline void is_busy(s32 cpu, u32 domain)
{
	if (!cpu_state(cpu)->idle)
		return;
	cpu_state(cpu)->idle = 0;
	__sync_fetch_and_add(&domain_state(domain)->nr_idle, -1);
}

void CCX_OPS(ccx_dispatch, s32 cpu, struct task_struct *prev)
{
	u64 now = ccx_now();
	u32 domain = cpu_config(cpu)->domain;
	struct task_ctx *tctx;
	bool in_custody, messages, ready;

	cpu_state(cpu)->preempted_ns = 0;	/* whoever was to be sent off makes room now, or need not */
	apply_decisions(domain, now);
	in_custody = domain_state(domain)->custody > 0;
	messages = (in_custody || domain_state(domain)->late) && messages_wait(domain);
	/* late, or orphans: custody is as good as decided */
	ready = dispatcher_late(domain, messages, now) || (in_custody && !messages);

	if (domain_state(domain)->parked && dispatcher_wanted(cpu, domain, messages, now) &&
	    run_parked(domain, now))
		return;
	if (take_own(cpu, domain, prev, ready, now))
		return;
	if (in_custody && ccx_dsq_move_to_local(queue_custody(domain)))
		return;
	/* a performance CPU is idle or lent: nothing else of its own to do, so no spill bound */
	if (steal(cpu, domain, now))
		return;

	if (prev && prev->scx.flags & CCX_TASK_QUEUED) {
		tctx = task_ctx_get(prev);
		if (tctx && !tctx->dispatcher &&
		    !(ccx_config.consolidate && set_calls_back(tctx, domain))) {
			if (move_on(prev, tctx, cpu, now))
				return;
			ccx_task_set_slice(prev, ccx_config.slice_ns);
			return;
		}
	}
	/* the last CPU of the domain goes idle: its dispatcher may sleep, too */
	if (goes_idle(cpu, domain) && domain_state(domain)->parked)
		run_parked(domain, now);
}

/* Where the task begins to run: how long it was queued. */
static __always_inline void waited(struct ccx_cpu_state *state, struct task_ctx *tctx, u64 now)
{
	s64 wait_ns = now - tctx->queued_ns;	/* two CPUs' clocks */

	tctx->queued_ns = 0;
	if (ccx_waits_period_over(&state->waits, now))
		ccx_waits_begin(&state->waits, now, bpf_ktime_get_ns());
	if (wait_ns > 0)
		ccx_waits_add(&state->waits, wait_ns);
}

void CCX_OPS(ccx_running, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx_get(p);
	s32 cpu = scx_bpf_task_cpu(p);
	struct ccx_cpu_state *state = cpu_state(cpu);
	u32 domain = cpu_config(cpu)->domain;
	struct ccx_domain_state *home;
	u64 now = ccx_now();

	if (!tctx)
		return;
	if (cpu_state(cpu)->idle && tctx->started_by_ns)
		state->start_ns = ccx_average(state->start_ns, now - tctx->started_by_ns);
	tctx->started_by_ns = 0;
	tctx->moves_to = 0;
	is_busy(cpu, domain);
	if (!tctx->handed)
		state->turn_ns = now;
	tctx->handed = 0;
	state->running_since_ns = now;
	state->running_until_ns = now + burst_left_ns(tctx);
	state->running_critical = tctx->critical;
	state->running_dispatcher = tctx->dispatcher != 0;
	tctx->started_ns = now;
	if (tctx->dispatcher) {
		domain_state(tctx->dispatcher - 1)->blocked = 0;
		return;
	}

	if (tctx->queued_ns)
		waited(state, tctx, now);
	ready_leave(tctx);
	leave_bound(p, tctx);
	if (custody_leave(tctx, tctx->custody))
		count(domain_state(tctx->domain)->late ? CCX_RESCUED : CCX_OVERTAKEN, 1);
	if (tctx->domain != domain) {
		if (tctx->stopped_ns) {
			tctx->moved_ns = now;
			count(CCX_MIGRATED_IN, 1);
			__sync_fetch_and_add(&domain_state(tctx->domain)->migrated_out, 1);
		}
		set_domain(tctx, domain);
	}
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
	u32 all = CCX_MAX_DOMAINS;
	struct domain_masks *masks;
	s32 cpu;

	if (!waits_long(cpu_config(bpf_get_smp_processor_id())->domain, ccx_now()))
		return;
	masks = bpf_map_lookup_elem(&ccx_masks, &all);
	if (!masks || !masks->all)
		return;
	cpu = scx_bpf_pick_idle_cpu((const struct cpumask *)masks->all, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
}

/* The task has run for ran_ns; its virtual time is still what it was when it began. */
static __always_inline void advance_clock(struct ccx_domain_state *home, struct task_ctx *tctx,
					  u64 ran_ns, u64 now)
{
	u64 by = ccx_clock_service(ran_ns, home->weight);
	s64 elapsed = now - home->vtime_advanced_ns;

	if (elapsed > 0) {
		home->vtime_advanced_ns = now;
		by += ccx_clock_correct(home->vtime_now + by, tctx->vtime, tctx->awake_ns > 0,
					elapsed);
	}
	__sync_fetch_and_add(&home->vtime_now, by);
}

void CCX_OPS(ccx_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *tctx = task_ctx_get(p);
	s32 cpu = scx_bpf_task_cpu(p);
	u32 domain = cpu_config(cpu)->domain;
	struct ccx_cpu_state *state = cpu_state(cpu);
	struct ccx_domain_state *home = domain_state(domain);
	u64 now = ccx_now(), ran, virtual;

	if (!tctx || !tctx->started_ns)
		return;
	ran = now - tctx->started_ns;
	if ((s64)ran < 0)
		ran = 0;
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
	if (runnable) {
		/* one that never sleeps: others when they wake, or go to sleep */
		rules_follow(p, tctx);
		clamps_follow(p, tctx);
	}
	declassify(tctx);
}

void CCX_OPS(ccx_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct task_ctx *tctx = task_ctx_get(p);
	u64 now;

	if (!tctx)
		return;
	if (tctx->dispatcher) {
		domain_state(tctx->dispatcher - 1)->blocked = !!(deq_flags & CCX_DEQ_SLEEP);
		return;
	}
	ready_leave(tctx);
	leave_bound(p, tctx);
	custody_leave(tctx, tctx->custody);
	count_weight(tctx, 0);
	tctx->queued_ns = 0;
	if (!(deq_flags & CCX_DEQ_SLEEP))
		return;
	now = ccx_now();
	tctx->slept_ns = now;
	judge_handoff(tctx, now);
	tctx->blocked = !!(p->__state & TASK_UNINTERRUPTIBLE);
	if (tctx->blocked)
		return;
	tctx->burst_ns = ccx_average(tctx->burst_ns, tctx->burst_now_ns);
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

SEC("struct_ops.s/ccx_init_task")
s32 BPF_PROG(ccx_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task_ctx *tctx;
	u32 i;

	tctx = bpf_task_storage_get(&ccx_tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!tctx)
		return -12; /* ENOMEM */
	reweigh(tctx, CCX_WEIGHT_DEFAULT, CCX_SHARE_ONE);
	if (bpf_core_field_exists(args->cgroup))
		group_enter(tctx, args->cgroup);
	tctx->generation = bpf_get_prandom_u32();
	tctx->domain = cpu_config(scx_bpf_task_cpu(p))->domain;
	tctx->vtime = domain_state(tctx->domain)->vtime_now;
	tctx->slice_ns = ccx_config.slice_ns;
	tctx->kind = CCX_KIND_EFFICIENCY;
	tctx->critical = p->flags & PF_KTHREAD ? 1 : 0;
	tctx->band = CCX_BAND_NONE;
	if (p->tgid != (s32)ccx_config.daemon_tgid)
		return 0;
	bpf_for(i, 0, ccx_config.nr_domains)
		if (domain_config(i)->dispatcher_tid == (u32)p->pid)
			tctx->dispatcher = i + 1;
	return 0;
}

void CCX_OPS(ccx_enable, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx_get(p);

	if (!tctx)
		return;
	reweigh(tctx, p->scx.weight, tctx->multiplier);
	tctx->vtime = domain_state(tctx->domain)->vtime_now;
	set_affinity(p, tctx, p->cpus_ptr);
	rules_follow(p, tctx);
	clamps_follow(p, tctx);
}

/* Weights of cgroups: groups.h. Left out where the kernel has none of it. */
s32 CCX_OPS(ccx_cgroup_init, struct cgroup *cgrp, struct scx_cgroup_init_args *args)
{
	if (bpf_core_field_exists(args->bw_quota_us))
		group_limit(cgrp, args->bw_quota_us);
	return group_add(cgrp, args->weight);
}

void CCX_OPS(ccx_cgroup_exit, struct cgroup *cgrp)
{
	group_remove(cgrp);
}

void CCX_OPS(ccx_cgroup_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
	struct task_ctx *tctx = task_ctx_get(p);

	if (tctx)
		group_enter(tctx, to);
}

void CCX_OPS(ccx_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	group_set_weight(cgrp, weight);
}

void CCX_OPS(ccx_cgroup_set_bandwidth, struct cgroup *cgrp, u64 period_us, u64 quota_us,
	     u64 burst_us)
{
	group_limit(cgrp, quota_us);
}

SEC("struct_ops.s/ccx_init")
s32 BPF_PROG(ccx_init)
{
	s32 err;
	u32 i;

	err = queues_create();
	if (err)
		return err;
	err = groups_create();
	if (err)
		return err;
	if (ccx_config.consolidate) {
		err = packed_create();
		if (err)
			return err;
	}
	err = masks_create(CCX_MAX_DOMAINS);
	if (err)
		return err;
	bpf_for(i, 0, ccx_config.nr_domains) {
		domain_state(i)->bands_admitted = CCX_NR_BANDS;
		err = masks_create(i);
		if (err)
			return err;
	}
	bpf_for(i, 0, ccx_config.nr_cpus) {
		if (!cpu_config(i)->present)
			continue;
		err = scratch_create(i);
		if (err)
			return err;
		/* one that runs something says so at once; the others would be found full */
		if (ccx_config.consolidate) {
			cpu_state(i)->idle = 1;
			domain_state(cpu_config(i)->domain)->nr_idle++;
		}
	}
	return 0;
}

void CCX_OPS(ccx_exit_op, struct scx_exit_info *info)
{
	u64 *event;

	bpf_probe_read_kernel_str(ccx_exit.reason, sizeof(ccx_exit.reason), info->reason);
	bpf_probe_read_kernel_str(ccx_exit.message, sizeof(ccx_exit.message), info->msg);
	bpf_probe_read_kernel_str(ccx_exit.dump, sizeof(ccx_exit.dump), info->dump);
	ccx_exit.code = info->exit_code;
	/* `kind` last: a reader that sees it sees the rest */
	__sync_lock_test_and_set(&ccx_exit.kind, info->kind);
	event = bpf_ringbuf_reserve(&ccx_events, sizeof(*event), 0);
	if (event) {
		*event = info->kind;
		bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	}
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
