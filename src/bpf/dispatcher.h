/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the dispatcher of a domain runs, and what happens when it does not.
 *
 * A dispatcher yields after each batch and BPF parks it in parked(domain). A CPU of the domain runs
 * it when messages wait. A dispatcher without work for long, or whose domain is about to go idle,
 * is run once more, sees that there is nothing, and blocks: an idle domain costs no wake-up at all.
 * One that is stopped, exiting or has a signal pending is run like any other task, at once.
 *
 * It is late when it has messages, tasks have been in custody for rescue_ns and none of them was
 * decided. From then on nothing is sent to it, its custody is served like a ready queue, and it is
 * run now and then until it shows life. Tasks in custody of which no message is left (their
 * decision was lost or wrong) are orphans: their custody is served like a ready queue, too.
 */
#ifndef CCX_BPF_DISPATCHER_H
#define CCX_BPF_DISPATCHER_H

#include "account.h"
#include "custody.h"
#include "timer.h"

#define DISPATCHER_SLICE_NS	(1000 * 1000ULL)
#define DISPATCHER_IDLE_NS	(1000 * 1000 * 1000ULL)	/* parked for so long: let it block */
#define DISPATCHER_GATHER_NS	(250 * 1000ULL)		/* where others wait, it runs no more often */
#define DISPATCHER_LESSER_NS	(1000 * 1000ULL)	/* for so long lesser CPUs are waited for */
#define DISPATCHER_RETRY_NS	(20 * 1000 * 1000ULL)	/* a late one runs so often */

/* Set when the daemon is being killed: everything parked must run to its end. */
static bool daemon_exits;

/* The task has something to do in the kernel before it can go on in user space. */
static bool has_signal(struct task_struct *p)
{
	if (p->flags & PF_EXITING || p->jobctl)
		return true;
	if (BPF_CORE_READ(p, signal, flags) & SIGNAL_GROUP_EXIT)
		return true;
	return p->pending.signal.sig[0] & ~p->blocked.sig[0];
}

/* The dispatcher has something to decide on, or is late with what it had. */
static __always_inline bool dispatcher_owes(u32 domain)
{
	return domain_state(domain)->custody > 0 || domain_state(domain)->late;
}

/*
 * Whether the dispatcher, which has messages, is late with them. Once late it stays so until its
 * beat changes or its ring is empty.
 */
static __always_inline bool dispatcher_late(u32 domain, bool messages, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	struct ccx_decision_ring *ring;

	if (!messages) {
		state->late = 0;
		return false;
	}
	ring = bpf_map_lookup_elem(&ccx_decisions, &domain);
	if (!ring)
		return true;
	if (state->late) {
		if (state->beat_seen == ring->beat)
			return true;
		state->late = 0;
		state->custody_since_ns = now;
		return false;
	}
	if (now < state->custody_since_ns + ccx_config.rescue_ns)
		return false;
	state->beat_seen = ring->beat;
	state->late = 1;
	state->late_count++;
	return true;
}

static __always_inline void refresh_load(u32 domain)
{
	struct ccx_domain_state *state = domain_state(domain);

	state->queued[CCX_KIND_PERFORMANCE] = nr_ready(domain, CCX_KIND_PERFORMANCE);
	state->queued[CCX_KIND_EFFICIENCY] = nr_ready(domain, CCX_KIND_EFFICIENCY);
	state->custody_queued = state->custody > 0 ? state->custody : 0;
}

static __always_inline bool run_parked(u32 domain, u64 now)
{
	refresh_load(domain);
	if (!ccx_dsq_move_to_local(queue_parked(domain)))
		return false;
	domain_state(domain)->parked = 0;
	domain_state(domain)->dispatcher_ran_ns = now;
	count(CCX_DISPATCHER_RUNS, 1);
	return true;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CCX_MAX_DOMAINS);
	__type(key, u32);
	__type(value, struct timer_value);
} ccx_parked_timers SEC(".maps");

/*
 * A second after the dispatcher was parked: an idle CPU looks for it. Otherwise it would wait for those
 * that are not idle, and they may run real-time tasks for longer than the kernel's watchdog waits.
 */
static int ccx_parked_for_long(void *map, u32 *key, struct timer_value *timer)
{
	struct ccx_domain_state *state = domain_state(*key);

	if (!state->parked) {
		state->parked_timed = 0;
		return 0;
	}
	/* kernels up to 6.17 do not know that a timer's function may read under RCU as it is */
	bpf_rcu_read_lock();
	kick_any_idle(*key);
	bpf_rcu_read_unlock();
	bpf_timer_start(&timer->timer, DISPATCHER_IDLE_NS, 0);
	return 0;
}

static __always_inline s32 parked_create(u32 domain)
{
	return timer_create(&ccx_parked_timers, domain, ccx_parked_for_long);
}

/*
 * The dispatcher became runnable or yielded. One that somebody has taken from CPUs of its domain is
 * queued like any task: those would not find it.
 */
static __always_inline void enqueue_dispatcher(struct task_struct *p, struct task_ctx *tctx,
					       u64 enq_flags, u64 now)
{
	u32 domain = tctx->dispatcher - 1;
	struct ccx_domain_state *state = domain_state(domain);
	bool signalled = has_signal(p);

	if (signalled)
		daemon_exits = BPF_CORE_READ(p, signal, flags) & SIGNAL_GROUP_EXIT;
	if (signalled || tctx->restricted) {
		/*
		 * When the program exits nobody decides any more, and the scheduler ends with the last
		 * thread: no slice of a hog's later.
		 */
		ccx_dsq_insert(p, CCX_DSQ_LOCAL, DISPATCHER_SLICE_NS,
			       signalled && daemon_exits ? CCX_ENQ_PREEMPT : 0);
		/* it may be what ran, on a CPU that goes idle because nothing else waits */
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), CCX_KICK_IDLE);
		return;
	}
	ccx_dsq_insert_vtime(p, queue_parked(domain), DISPATCHER_SLICE_NS, 0, 0);
	timer_arm(&ccx_parked_timers, domain, &state->parked_timed, DISPATCHER_IDLE_NS);
	if (enq_flags & CCX_ENQ_WAKEUP) {
		/* it blocked, so somebody has work for it or wants it to end */
		state->dispatcher_ran_ns = now - DISPATCHER_IDLE_NS;
	}
	/*
	 * Its CPU may have looked for work before, and the others, too: the last that went idle found it not
	 * parked. A full barrier on either side (goes_idle): one of the two sees what the other one wrote.
	 */
	__sync_lock_test_and_set(&state->parked, 1);
	if (enq_flags & CCX_ENQ_WAKEUP || all_idle(domain))
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), CCX_KICK_IDLE);
}

/*
 * The idle CPU where a dispatcher that was woken disturbs least: a lesser one, one whose core is at
 * work anyway, any of its domain's. Where none is idle, enqueue_dispatcher() goes on.
 */
static __noinline s32 place_dispatcher(struct task_struct *p, struct task_ctx *tctx, s32 prev_cpu)
{
	u32 domain = tctx->dispatcher - 1;
	s32 cpu = -1;

	if (ccx_config.mixed_kinds)
		cpu = claim_idle(p, tctx, domain, MASK_LESSER, 0);
	if (cpu < 0)
		cpu = ccx_claim_sibling(p, tctx->restricted, domain);
	if (cpu < 0)
		cpu = claim_idle(p, tctx, domain, MASK_ALL, 0);
	if (cpu < 0)
		return prev_cpu;
	count(CCX_FAST, 1);
	ccx_dsq_insert(p, CCX_DSQ_LOCAL, DISPATCHER_SLICE_NS, 0);
	return cpu;
}

/*
 * Whether this CPU should run the parked dispatcher rather than anything else. One with nothing else
 * to do runs it at once. Otherwise latency-critical tasks go first, as they never wait for a
 * decision; a performance CPU leaves it to lesser ones, where it disturbs less, if one of them comes
 * by soon; and messages are allowed to gather for a moment, so that a switch to the dispatcher and
 * back serves several.
 */
static __always_inline bool dispatcher_wanted(u32 cpu, u32 domain, bool messages, u64 now)
{
	const volatile struct ccx_config_domain *config = domain_config(domain);
	struct ccx_domain_state *state = domain_state(domain);

	if (daemon_exits || now > state->dispatcher_ran_ns + DISPATCHER_IDLE_NS)
		return true;
	if (state->late)
		return now > state->dispatcher_ran_ns + DISPATCHER_RETRY_NS;
	if (!messages)
		return false;
	if (nr_ready(domain, CCX_KIND_PERFORMANCE))
		return false;
	if (!nr_ready(domain, CCX_KIND_EFFICIENCY))
		return true;
	if (now < state->dispatcher_ran_ns + DISPATCHER_GATHER_NS)
		return false;
	return cpu_config(cpu)->kind != CCX_KIND_PERFORMANCE ||
	       config->nr_kind[CCX_KIND_PERFORMANCE] >= config->nr_cpus ||
	       now > state->custody_since_ns + DISPATCHER_LESSER_NS;
}

#endif
