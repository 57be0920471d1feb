/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Consolidation, the part that knows CPUs: placement.h includes this.
 *
 * A task gets an idle CPU of the set as long as a domain of it has room (`fill`), nearest first.
 * Beyond that a domain outside the set is woken rather than the second thread of a busy core, and
 * where no CPU of the set is idle, a task that would wait longer than spill_ns is sent outside. It
 * comes back when it next wakes or its slice is over. What was expected to wait less and does not
 * get to run is seen by a timer, which runs only while something waits: an idle CPU anywhere is woken
 * for it. So the set never keeps a task waiting for longer than twice spill_ns.
 */
#ifndef CCX_BPF_PACKED_H
#define CCX_BPF_PACKED_H

/* An idle CPU of the domain whose sibling is busy. Verified by itself (allowed.h). */
__noinline s32 ccx_claim_sibling(struct task_struct *p __arg_trusted, u32 restricted, u32 domain)
{
	struct domain_masks *masks = bpf_map_lookup_elem(&ccx_masks, &domain);
	struct scratch_mask *scratch;
	const struct cpumask *idle, *whole;
	struct bpf_cpumask *all, *both;
	u32 zero = 0;

	scratch = bpf_map_lookup_elem(&ccx_scratch, &zero);
	if (!masks || !scratch)
		return -1;
	all = masks->all;
	both = scratch->mask;
	if (!all || !both)
		return -1;
	idle = scx_bpf_get_idle_cpumask();
	whole = scx_bpf_get_idle_smtmask();
	/* idle CPUs but those of whole idle cores */
	bpf_cpumask_xor(both, idle, whole);
	scx_bpf_put_idle_cpumask(whole);
	scx_bpf_put_idle_cpumask(idle);
	if (!bpf_cpumask_and(both, (const struct cpumask *)both, (const struct cpumask *)all))
		return -1;
	if (restricted && !bpf_cpumask_and(both, (const struct cpumask *)both, p->cpus_ptr))
		return -1;
	return scx_bpf_pick_idle_cpu((const struct cpumask *)both, 0);
}

/* The best idle CPU of a domain of the set. */
static __noinline s32 claim_packed(struct task_struct *p, struct task_ctx *tctx, u32 domain,
				   s32 prev_cpu, u64 now)
{
	bool stay = cpu_config(prev_cpu)->present && cpu_config(prev_cpu)->domain == domain &&
		    cpu_suits(tctx, prev_cpu, now) &&
		    (!tctx->restricted || ccx_allowed_on(p, prev_cpu));
	s32 cpu;

	if (ccx_config.siblings_first) {
		cpu = ccx_claim_sibling(p, tctx->restricted, domain);
		if (cpu >= 0)
			return cpu;
	}
	if (stay && claim_core(prev_cpu))
		return prev_cpu;
	cpu = claim_in_domain(p, tctx, domain, CCX_PICK_IDLE_CORE, now);
	if (cpu >= 0)
		return cpu;
	if (stay && cpu_config(prev_cpu)->smt && scx_bpf_test_and_clear_cpu_idle(prev_cpu))
		return prev_cpu;
	return claim_in_domain(p, tctx, domain, 0, now);
}

enum near {
	NEAR_ROOM,	/* in other domains that have room */
	NEAR_CORE,	/* whole idle cores */
	NEAR_ANY,	/* whatever is idle */
};

/* An idle CPU in the domains of `set`: the task's own first, then by distance. */
static __noinline s32 claim_near(struct task_struct *p, struct task_ctx *tctx, u64 set,
				 enum near what, u64 now)
{
	u64 flags = what == NEAR_CORE ? CCX_PICK_IDLE_CORE : 0;
	u32 home = tctx->domain, i;
	s32 cpu;

	if (what != NEAR_ROOM && in_set(set, home)) {
		cpu = claim_in_domain(p, tctx, home, flags, now);
		if (cpu >= 0)
			return cpu;
	}
	bpf_for(i, 0, ccx_machine.nr_domains - 1) {
		u32 far = domain_config(home)->nearest[i & (CCX_MAX_DOMAINS - 1)];

		if (!in_set(set, far) || (what == NEAR_ROOM && !set_has_room(far)))
			continue;
		cpu = claim_in_domain(p, tctx, far, flags, now);
		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

/* One outside the set. */
static __always_inline s32 claim_outside(struct task_struct *p, struct task_ctx *tctx, u64 set,
					 enum near what, u64 now)
{
	s32 cpu = claim_near(p, tctx, ccx_machine.domains_of[0] & ~set, what, now);

	if (cpu >= 0)
		count(CCX_OUTSIDE, 1);
	return cpu;
}

/*
 * How long the task would wait in its domain's queues: as many go before it as wait there, and a
 * CPU gets free as often as tasks stop.
 */
static __always_inline u64 expected_wait_ns(struct task_ctx *tctx)
{
	struct ccx_domain_state *state = domain_state(tctx->domain);
	u64 before = nr_ready(tctx->domain, CCX_KIND_PERFORMANCE);

	if (!tctx->critical) {
		before += nr_ready(tctx->domain, CCX_KIND_EFFICIENCY);
		if (state->custody > 0)
			before += state->custody;
	}
	return (before + 1) * state->stint_ns / (domain_config(tctx->domain)->nr_cpus ?: 1);
}

/* Claims the best idle CPU for the task; -1 where it must queue. */
static __noinline s32 place_packed(struct task_struct *p, struct task_ctx *tctx, s32 prev_cpu,
				   u64 now)
{
	u64 set = set_of(tctx);
	u32 home = tctx->domain;
	s32 cpu = -1;

	if (ccx_sets.asleep && 2 * nr_busy(home) > domain_config(home)->nr_cpus)
		set_alarm();
	if (set_has_room(home))
		cpu = claim_packed(p, tctx, home, prev_cpu, now);
	if (cpu < 0)
		cpu = claim_near(p, tctx, set, NEAR_ROOM, now);
	/* a core of its own elsewhere, rather than half of one */
	if (cpu < 0 && domain_config(home)->fill < domain_config(home)->nr_cpus)
		cpu = claim_outside(p, tctx, set, NEAR_CORE, now);
	if (cpu < 0)
		cpu = claim_near(p, tctx, set, NEAR_ANY, now);
	if (cpu < 0 && expected_wait_ns(tctx) > ccx_config.spill_ns)
		cpu = claim_outside(p, tctx, set, NEAR_ANY, now);
	return cpu;
}

/* ---- what waits ---- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer_value);
} ccx_packed_timer SEC(".maps");

#define SCAN_LEAST_NS	(500 * 1000ULL)
#define SCAN_TASKS	8		/* first tasks of a queue that are looked at */

/* The timer runs, or is about to; by compare-and-swap. */
static u32 packed_armed;

static __always_inline u64 scan_pause_ns(void)
{
	return ccx_config.spill_ns > SCAN_LEAST_NS ? ccx_config.spill_ns : SCAN_LEAST_NS;
}

/* A task waits that could run outside the set: it must not be forgotten. */
static __always_inline void packed_arm(void)
{
	timer_arm(&ccx_packed_timer, 0, &packed_armed, scan_pause_ns());
}

/* Wakes an idle CPU, wherever it is, for each of the queue's first tasks that waits for too long. */
static __noinline bool wake_for_late(u64 queue, u64 now)
{
	struct task_struct *p;
	struct bpf_iter_scx_dsq it;
	struct task_ctx *tctx;
	bool late = false;
	s32 cpu;
	u32 i;

	if (bpf_iter_scx_dsq_new(&it, queue, 0) == 0) {
		bpf_for(i, 0, SCAN_TASKS) {
			p = bpf_iter_scx_dsq_next(&it);
			if (!p)
				break;
			tctx = task_ctx_get(p);
			if (!tctx || !tctx->queued_ns ||
			    now < tctx->queued_ns + ccx_config.spill_ns)
				continue;
			late = true;
			/* not as a function of its own, which would be verified as part of ccx_init, which sleeps */
			cpu = claim_idle_here(p, tctx->restricted, CCX_MAX_DOMAINS, MASK_ALL, 0);
			if (cpu < 0)
				continue;
			count(CCX_OUTSIDE, 1);
			scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return late;
}

/* True when something waits there. */
static __noinline bool scan_domain(u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	bool waits = state->custody > 0, late = false;
	u32 i;

	bpf_for(i, 0, CCX_NR_READY * 2) {
		if (!nr_ready(domain, i / 2 & 1))
			continue;
		waits = true;
		if (wake_for_late(queue_ready(domain, i / 2 & 1, i), now))
			late = true;
	}
	bpf_for(i, 0, 2) {
		if (state->custody > 0 && wake_for_late(queue_custody(domain, i), now))
			late = true;
	}
	if (late)
		state->overdue_ns = now;
	return waits;
}

static int packed_scan(void *map, u32 *key, struct timer_value *timer)
{
	u64 now = ccx_now();
	bool waits = false;
	u32 i;

	/* what queues from here on arms it again */
	packed_armed = 0;
	bpf_rcu_read_lock(); /* as in ccx_parked_for_long */
	bpf_for(i, 0, ccx_machine.nr_domains)
		if (scan_domain(i, now))
			waits = true;
	bpf_rcu_read_unlock();
	if (waits)
		packed_arm();
	return 0;
}

static s32 packed_create(void)
{
	return timer_create(&ccx_packed_timer, 0, packed_scan);
}

/* A task was queued: who may take it now. */
static __noinline void packed_wake(struct task_struct *p, struct task_ctx *tctx, u64 now)
{
	u64 set = set_of(tctx);
	s32 cpu = claim_near(p, tctx, set, NEAR_ANY, now);

	if (cpu < 0 && ccx_sets.asleep)
		set_alarm();
	if (cpu < 0 && expected_wait_ns(tctx) > ccx_config.spill_ns)
		cpu = claim_outside(p, tctx, set, NEAR_ANY, now);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
	else if (tctx->domains & ~set)
		packed_arm();
}

#endif
