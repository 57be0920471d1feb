/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which idle CPU a task gets, and who is told that work waits.
 *
 * Near before far: the CPU it ran on, then its domain, then other domains by distance; a whole idle
 * core before a sibling of a busy one, also one near by if that lasts. On machines with several kinds of CPU: kinds.h.
 */
#ifndef CCX_BPF_PLACEMENT_H
#define CCX_BPF_PLACEMENT_H

#include "allowed.h"
#include "kinds.h"
#include "partners.h"
#include "set.h"

#define FAR_DOMAINS		8			/* other domains looked at per wake-up */
#define CORE_WORTH_NS		(100 * 1000ULL)		/* who runs for less does not miss half a core */

static __always_inline u32 looked_at(u32 nr_domains)
{
	return nr_domains < FAR_DOMAINS ? nr_domains : FAR_DOMAINS;
}

/* Claims an idle CPU that the task may use, -1 where there is none. */
static __always_inline s32 claim_idle_here(struct task_struct *p, u32 restricted, u32 domain,
					   u32 which, u64 flags)
{
	struct domain_masks *masks = bpf_map_lookup_elem(&ccx_masks, &domain);
	struct bpf_cpumask *mask, *both;
	struct scratch_mask *scratch;
	u32 zero = 0;

	if (!masks)
		return -1;
	if (which == MASK_PERFORMANCE)
		mask = masks->performance;
	else if (which == MASK_LESSER)
		mask = masks->lesser;
	else if (which == MASK_EFFICIENCY)
		mask = masks->efficiency;
	else if (which == MASK_ABLE)
		mask = masks->able;
	else
		mask = masks->all;
	if (!mask)
		return -1;
	if (!restricted)
		return scx_bpf_pick_idle_cpu((const struct cpumask *)mask, flags);

	scratch = bpf_map_lookup_elem(&ccx_scratch, &zero);
	if (!scratch)
		return -1;
	both = scratch->mask;
	if (!both || !bpf_cpumask_and(both, (const struct cpumask *)mask, p->cpus_ptr))
		return -1;
	return scx_bpf_pick_idle_cpu((const struct cpumask *)both, flags);
}

/* The same, verified by itself (allowed.h). */
__noinline s32 ccx_claim_idle(struct task_struct *p __arg_trusted, u32 restricted, u32 domain,
			      u32 which, u64 flags)
{
	return claim_idle_here(p, restricted, domain, which, flags);
}

static __always_inline s32 claim_idle(struct task_struct *p, struct task_ctx *tctx, u32 domain,
				      enum kind_mask which, u64 flags)
{
	return ccx_claim_idle(p, tctx->restricted, domain, which, flags);
}

static __always_inline bool may_be_idle(struct task_ctx *tctx, u32 domain)
{
	return domain_state(domain)->nr_idle > 0 && tctx->domains & 1ULL << (domain & 63);
}

static __always_inline s32 claim_in_domain(struct task_struct *p, struct task_ctx *tctx, u32 domain,
					   u64 flags, u64 now)
{
	s32 cpu;

	if (!may_be_idle(tctx, domain))
		return -1;
	if (!ccx_config.mixed_kinds)
		return claim_idle(p, tctx, domain, MASK_ALL, flags);
	if (tctx->critical)
		return claim_idle(p, tctx, domain, MASK_PERFORMANCE, flags);
	cpu = claim_idle(p, tctx, domain, first_mask(tctx, domain, now), flags);
	if (cpu < 0)
		cpu = claim_idle(p, tctx, domain, second_mask(tctx), flags);
	return cpu;
}

/* Claims that CPU, one of a core with two threads, if both are idle. Verified by itself (allowed.h). */
__noinline u32 ccx_claim_core(s32 cpu)
{
	const struct cpumask *whole = scx_bpf_get_idle_smtmask();
	bool idle = bpf_cpumask_test_cpu(cpu, whole);

	scx_bpf_put_idle_cpumask(whole);
	return idle && scx_bpf_test_and_clear_cpu_idle(cpu);
}

/* Claims that CPU if its core is idle as a whole. */
static __always_inline bool claim_core(s32 cpu)
{
	return cpu_config(cpu)->smt ? ccx_claim_core(cpu) : scx_bpf_test_and_clear_cpu_idle(cpu);
}

/*
 * Claims an idle CPU that suits the task better than one of that kind, on its memory node: a
 * performance CPU that has its core for itself and is not wanted for latency-critical tasks, for a
 * task on a low-power CPU also an efficiency one; a lesser one for a task that is to save power.
 */
static __noinline s32 claim_better(struct task_struct *p, struct task_ctx *tctx, u32 kind, u64 now)
{
	u32 home = tctx->domain, nr = domain_config(tctx->domain)->nr_near + 1, i;
	u64 set = ccx_config.consolidate ? set_of(tctx) : 0;
	s32 cpu = -1;

	bpf_for(i, 0, looked_at(nr)) {
		u32 domain = home;

		if (i)
			domain = domain_config(home)->nearest[(i - 1) & (CCX_MAX_DOMAINS - 1)];
		if (!may_be_idle(tctx, domain) || (tctx->prefer && domain != home) ||
		    (ccx_config.consolidate && !in_set(set, domain)))
			continue;
		if (tctx->speed == CCX_SPEED_LOW)
			cpu = claim_idle(p, tctx, domain, MASK_LESSER, 0);
		else if (tctx->critical || !ccx_config.mixed_kinds || !critical_about(domain, now))
			cpu = claim_idle(p, tctx, domain, MASK_PERFORMANCE, CCX_PICK_IDLE_CORE);
		if (cpu < 0 && kind == CCX_KIND_LOW_POWER && tctx->speed != CCX_SPEED_LOW)
			cpu = claim_idle(p, tctx, domain, MASK_EFFICIENCY, CCX_PICK_IDLE_CORE);
		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

/* A near domain that has less to do than the task's with it, and idle CPUs; CCX_MAX_DOMAINS: none. */
static __always_inline u32 lighter_near(struct task_ctx *tctx)
{
	u32 home = tctx->domain, nr = domain_config(tctx->domain)->nr_near, i;

	bpf_for(i, 0, looked_at(nr)) {
		u32 far = domain_config(home)->nearest[i & (CCX_MAX_DOMAINS - 1)];

		if (may_be_idle(tctx, far) && !anything_waits(far) &&
		    ccx_evens_out(domain_weight(home) + tctx->weight, domain_config(home)->capacity,
				  domain_weight(far), domain_config(far)->capacity, tctx->weight))
			return far;
	}
	return CCX_MAX_DOMAINS;
}

/*
 * For a task in whose domain no core is idle as a whole: one of a near domain, rather than half of one
 * here (ccx_spread_after, balance.h). Not for one that its partner wakes, or what may turn out to be one,
 * nor where tasks wait.
 */
static __noinline s32 claim_core_near(struct task_struct *p, struct task_ctx *tctx, u64 now)
{
	struct ccx_domain_state *home = domain_state(tctx->domain);
	u32 far;
	s32 cpu;

	if (anything_waits(tctx->domain) || tctx->prefer ||
	    (tctx->wakes && !follows_one(tctx)) || partner_wakes(p, tctx))
		return -1;
	far = lighter_near(tctx);
	home->spread = ccx_spread_after(home->spread, far < CCX_MAX_DOMAINS);
	if (far >= CCX_MAX_DOMAINS || home->spread < CCX_SPREAD_MOST)
		return -1;
	cpu = claim_in_domain(p, tctx, far, CCX_PICK_IDLE_CORE, now);
	if (cpu >= 0)
		home->spread = 0;
	return cpu;
}

/* Claims the best idle CPU for the task; -1 where it must queue. */
static s32 place_idle(struct task_struct *p, struct task_ctx *tctx,
		      s32 prev_cpu, u64 now)
{
	const volatile struct ccx_config_cpu *prev = cpu_config(prev_cpu);
	u32 home = tctx->domain, i, nr = looked_at(ccx_machine.nr_domains - 1);
	/* not where its home is another by now: a die that it prefers, its partner's domain */
	bool stay = prev->present && prev->domain == home && cpu_suits(tctx, prev_cpu, now) &&
		    (!tctx->restricted || ccx_allowed_on(p, prev_cpu));
	s32 cpu;

	if (ccx_config.mixed_kinds && prev->kind != CCX_KIND_PERFORMANCE && !tctx->critical &&
	    wants_performance(tctx)) {
		cpu = claim_better(p, tctx, prev->kind, now);
		if (cpu >= 0)
			return cpu;
	}
	if (stay && claim_core(prev_cpu))
		return prev_cpu;

	cpu = claim_in_domain(p, tctx, home, CCX_PICK_IDLE_CORE, now);
	if (cpu >= 0)
		return cpu;
	if (prev->smt && tctx->burst_ns >= CORE_WORTH_NS) {
		cpu = claim_core_near(p, tctx, now);
		if (cpu >= 0)
			return cpu;
	}
	if (stay && prev->smt && scx_bpf_test_and_clear_cpu_idle(prev_cpu))
		return prev_cpu;
	cpu = claim_in_domain(p, tctx, home, 0, now);
	if (cpu >= 0)
		return cpu;

	/* its partner, which wakes it, is about to sleep: a CPU is free here before one is started elsewhere */
	if (!anything_waits(home) && partner_wakes(p, tctx))
		return -1;
	/* another memory node last, and only where others wait already */
	if (nr > domain_config(home)->nr_near && !anything_waits(home))
		nr = domain_config(home)->nr_near;
	bpf_for(i, 0, nr) {
		u32 far = domain_config(home)->nearest[i & (CCX_MAX_DOMAINS - 1)];

		cpu = claim_in_domain(p, tctx, far, 0, now);
		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

#include "packed.h"

/*
 * Handing over. A task that wakes another and sleeps at once (a request through a pipe, a reply
 * through a socket) can give it its CPU: no interrupt, no idle CPU to start, the data in the cache.
 * The kernel's hint that it will (WAKE_SYNC) is often wrong, so it must have been right
 * HANDOFF_STREAK times in a row, with one wake-up each time; one miss, and it is to be earned anew.
 * And what it takes the waker to get off its CPU must be less than starting the other CPU took of
 * late: that is microseconds where the CPU only halts, and a multiple where it sleeps deeply. Where
 * others wait in the domain there is no idle CPU to start, and the task woken would wait, too; but a
 * pair must not keep the CPU for itself, so it is handed over only for HANDOFF_TURN_NS after the CPU
 * last took a task from a queue.
 */
#define HANDOFF_STREAK	8
#define HANDOFF_MAX_NS	(100 * 1000ULL)	/* a waker that goes on for longer was a miss */
#define HANDOFF_TURN_NS	(1000 * 1000ULL)
#define SWITCH_NS	2000ULL		/* from one task's sleep to the next one's start, and to be sure */

#define NO_HANDOFF	(~0ULL)
#define WOKE_SEVERAL	(~0ULL)		/* no time: such a waker has not kept the promise */

/*
 * The waker's CPU, if the task it wakes should run there next; else -1. What is known of the waker is
 * with its CPU since it began to run: to look its own record up would cost as much as all of this.
 */
static __always_inline s32 hand_off(struct task_struct *p, struct task_ctx *tctx, s32 prev_cpu,
				    u64 now)
{
	u32 cpu = bpf_get_smp_processor_id(), domain = cpu_config(cpu)->domain;
	struct ccx_cpu_state *state = cpu_state(cpu);

	/* an idle CPU's interrupt, or a real-time task */
	if (!state->running_since_ns)
		return -1;
	if (state->woke_other_ns) {
		state->woke_other_ns = WOKE_SEVERAL;
		return -1;
	}
	state->woke_other_ns = now;
	if (state->hands_over_ns == NO_HANDOFF || !cpu_suits(tctx, cpu, now) ||
	    (tctx->restricted && !ccx_allowed_on(p, cpu)))
		return -1;
	if (anything_waits(domain) || state->bound) {
		if (now > state->turn_ns + HANDOFF_TURN_NS)
			return -1;
	} else if (state->hands_over_ns + SWITCH_NS >= cpu_state(prev_cpu)->start_ns) {
		return -1;
	}
	tctx->handed = 1;
	return cpu;
}

/* How long after waking another it sleeps, if it may hand over its CPU; else NO_HANDOFF. */
static __always_inline u64 hands_over_ns(struct task_ctx *tctx)
{
	return tctx->handoffs == HANDOFF_STREAK ? tctx->handoff_ns : NO_HANDOFF;
}

/* The task goes to sleep on that CPU: whether it would have been right to hand over, and how long it took. */
static __always_inline void judge_handoff(struct ccx_cpu_state *state, struct task_ctx *tctx, u64 now)
{
	u64 woke_ns = state->woke_other_ns, took_ns = now - woke_ns;

	if (!woke_ns || took_ns > HANDOFF_MAX_NS) {
		tctx->handoffs = 0;
		return;
	}
	tctx->handoff_ns = ccx_average(tctx->handoff_ns, took_ns);
	if (tctx->handoffs < HANDOFF_STREAK)
		tctx->handoffs++;
}

/*
 * After a task was queued in that domain: a CPU may have gone idle since it was looked for, and would
 * sleep on while the task waits. One of the domain first: others leave what waits to it (take_from, pick.h).
 * The kick is delivered after the queueing is complete.
 */
static __always_inline void wake_idle_for(struct task_struct *p, struct task_ctx *tctx, u32 domain)
{
	enum kind_mask which;
	s32 cpu;

	if (ccx_config.consolidate) {
		packed_wake(p, tctx, ccx_now());
		return;
	}
	which = tctx->restricted ? MASK_ALL : second_mask(tctx);
	cpu = may_be_idle(tctx, domain) ? claim_idle(p, tctx, domain, which, 0) : -1;
	if (cpu < 0)
		cpu = claim_idle(p, tctx, CCX_MAX_DOMAINS, which, 0);
	if (cpu < 0 && which != MASK_ALL)
		cpu = claim_idle(p, tctx, CCX_MAX_DOMAINS, MASK_ALL, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
}

#define PREEMPT_WORTH_NS	(1000 * 1000ULL)	/* what runs for less is better let finish */
#define PREEMPT_SOON_NS		(150 * 1000ULL)	/* waited for rather than sending one off */
#define PREEMPT_PAUSE_NS	(500 * 1000ULL)	/* on average between two on a CPU */

/*
 * How long what runs on the CPU will likely go on, by its past; 0 where it must not be sent off: it
 * is latency-critical itself, a dispatcher, is being sent off already, takes its CPU offline (hotplug.h),
 * or will end sooner than switching pays. What has run for longer than it was expected to goes on for as long again.
 *
 * On a CPU that sends off all the time nothing else gets anywhere, so there is to be a pause between
 * two, on average: one may follow another at once, or a helper that wakes just after some timer did
 * would wait for a whole slice.
 */
static __always_inline u64 worth_preempting(s32 cpu, u64 now)
{
	struct ccx_cpu_state *state = cpu_state(cpu);
	u64 since = state->running_since_ns, left;

	/* two CPUs' clocks: what has just begun may seem to begin later */
	if (!since || since > now || state->running_dispatcher || !cpu_config(cpu)->present ||
	    (state->running_critical && !ccx_runs_long(now - since)) ||
	    state->preempted_ns + PREEMPT_PAUSE_NS > now ||
	    state->preempt_pause_ns > now + PREEMPT_PAUSE_NS)
		return 0;
	left = state->running_until_ns > now ? state->running_until_ns - now : now - since;
	return left > PREEMPT_WORTH_NS ? left : 0;
}

/* What runs there will likely sleep within PREEMPT_SOON_NS, by its past: that is waited for. */
static __always_inline bool ends_soon(s32 cpu, u64 now)
{
	u64 until = cpu_state(cpu)->running_until_ns;

	return cpu_state(cpu)->running_since_ns && until > now && until < now + PREEMPT_SOON_NS;
}

/* The task's affinity leaves out that CPU. */
static __always_inline bool barred(struct task_struct *p, struct task_ctx *tctx, s32 cpu)
{
	return tctx->restricted && !bpf_cpumask_test_cpu(cpu, p->cpus_ptr);
}

static __always_inline u64 later(u64 a, u64 b)
{
	return a > b ? a : b;
}

/*
 * Makes room on a performance CPU for a latency-critical task that was just queued in
 * ready(domain, performance): on the one where it ran last, else where most would go on for longest,
 * unless as many will be free soon as such tasks wait. Where a CPU's worth of them waits already,
 * they are the load, and sending tasks off would only add switches.
 */
static void preempt_for(struct task_struct *p, struct task_ctx *tctx, u64 now)
{
	const volatile struct ccx_config_domain *domain = domain_config(tctx->domain);
	u32 i;
	u64 longest = 0, left;
	s32 cpu, best = -1, waiting;

	if (nr_ready(tctx->domain, CCX_KIND_PERFORMANCE) > domain->nr_kind[CCX_KIND_PERFORMANCE])
		return;
	/* read anew: the verifier must not know any bounds of what changes in the loop */
	waiting = *(volatile s32 *)&domain_state(tctx->domain)->ready[CCX_KIND_PERFORMANCE];
	bpf_for(i, 0, domain->nr_victims) {
		cpu = domain->performance[i & (CCX_VICTIMS - 1)];
		if (barred(p, tctx, cpu))
			continue;
		waiting -= ends_soon(cpu, now);
		left = worth_preempting(cpu, now);
		if (left > longest) {
			longest = left;
			best = cpu;
		}
	}
	if (best < 0 || waiting <= 0)
		return;
	cpu = scx_bpf_task_cpu(p);
	if (cpu_config(cpu)->domain == tctx->domain &&
	    cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE && worth_preempting(cpu, now) &&
	    !barred(p, tctx, cpu))
		best = cpu;
	cpu_state(best)->preempted_ns = now;
	cpu_state(best)->preempt_pause_ns =
		later(cpu_state(best)->preempt_pause_ns, now) + PREEMPT_PAUSE_NS;
	count(CCX_PREEMPTED, 1);
	scx_bpf_kick_cpu(best, CCX_KICK_PREEMPT);
}

#endif
