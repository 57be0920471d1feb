/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a task is at home: the domain whose queues it waits in and whose clock it is measured by,
 * and the domains that its affinity allows.
 */
#ifndef CCX_BPF_HOME_H
#define CCX_BPF_HOME_H

#include "allowed.h"
#include "dies.h"
#include "groups.h"
#include "kinds.h"
#include "set.h"

/*
 * The weight of a domain is that of the tasks at home in it that run or wait: what its clock is
 * divided by. The kernel calls runnable() and quiescent() in pairs, under the task's run queue lock.
 */
static __always_inline void count_weight(struct task_ctx *tctx, u32 weight)
{
	s64 more = (s64)weight - tctx->counted;

	if (!more)
		return;
	__sync_fetch_and_add(&domain_state(tctx->domain)->weight, more);
	tctx->counted = weight;
	group_count(tctx, weight);
}

/* A moment's inconsistency between CPUs may be a weight below 0. */
static __always_inline u64 domain_weight(u32 domain)
{
	s64 weight = domain_state(domain)->weight;

	return weight > 0 ? weight : 0;
}

/* What a task's virtual time changes by when it changes the domain. */
static __always_inline u64 clock_change(struct task_ctx *tctx, u32 from, u32 to)
{
	return ccx_clock_change(domain_state(from)->vtime_now, domain_state(from)->front_ns,
				domain_state(to)->vtime_now, domain_state(to)->front_ns,
				tctx->awake_ns);
}

static __always_inline void set_domain(struct task_ctx *tctx, u32 domain)
{
	u32 weight = tctx->counted;

	if (tctx->domain == domain)
		return;
	count_weight(tctx, 0);
	tctx->vtime += clock_change(tctx, tctx->domain, domain);
	tctx->domain = domain;
	count_weight(tctx, weight);
}

static void set_affinity(struct task_struct *p, struct task_ctx *tctx,
			 const struct cpumask *mask)
{
	struct domain_masks *masks;
	const struct cpumask *all;
	u64 domains = 0;
	u32 i;

	tctx->machine_version = ccx_machine.version;
	bpf_for(i, 0, ccx_machine.nr_domains) {
		u32 key = i;

		masks = bpf_map_lookup_elem(&ccx_masks, &key);
		if (masks && masks->all &&
		    bpf_cpumask_intersects((const struct cpumask *)masks->all, mask))
			domains |= 1ULL << (i & 63);
	}
	tctx->domains = domains;
	i = CCX_MAX_DOMAINS;
	masks = ccx_config.mixed_kinds ? bpf_map_lookup_elem(&ccx_masks, &i) : NULL;
	tctx->lesser_only = masks && masks->performance && p->nr_cpus_allowed > 1 &&
			    !bpf_cpumask_intersects((const struct cpumask *)masks->performance, mask);
	if (tctx->lesser_only)
		tctx->critical = 0;
	/* a dispatcher stays in its domain, so only that matters */
	i = tctx->dispatcher ? tctx->dispatcher - 1U : CCX_MAX_DOMAINS;
	masks = bpf_map_lookup_elem(&ccx_masks, &i);
	all = masks ? (const struct cpumask *)masks->all : NULL;
	tctx->restricted = all && !bpf_cpumask_subset(all, mask);
}

/* CPUs have come or gone since. Verified by itself (allowed.h). */
__noinline u32 ccx_affinity_anew(struct task_struct *p __arg_trusted)
{
	struct task_ctx *tctx = task_ctx_get(p);

	if (tctx)
		set_affinity(p, tctx, p->cpus_ptr);
	return 0;
}

/* A core of that domain, or more, has nothing to run. */
static __always_inline bool has_free_core(u32 domain)
{
	s64 busy = domain_config(domain)->nr_cpus - domain_state(domain)->nr_idle;

	return busy < domain_config(domain)->nr_cores;
}

/*
 * What was measured of the task's process, where no rule speaks of dies. A rule is an order; this is a
 * preference, which is followed where nobody pays for it: where a core is free on that die, or the
 * task's share gets no smaller. The latter not at once again: where loads are alike, a dispatcher
 * would send it back each time. A latency-critical task goes there in any case.
 */
#define FOLLOW_PAUSE_NS	(1000 * 1000 * 1000ULL)

static __always_inline void follow_measured(struct task_struct *p, struct task_ctx *tctx)
{
	u32 here = tctx->domain, there;
	u64 weight = domain_weight(here);

	if (tctx->die_ruled)
		return;
	tctx->prefer = die_measured(p);
	there = die_of(tctx, here);
	if (there == here || tctx->critical || has_free_core(there))
		return;
	/* it is counted here while it does not sleep */
	weight -= weight < tctx->counted ? weight : tctx->counted;
	if (ccx_now() < tctx->moved_ns + FOLLOW_PAUSE_NS ||
	    !ccx_may_follow(weight, domain_config(here)->capacity, domain_weight(there),
			    domain_config(there)->capacity, tctx->weight))
		tctx->prefer = CCX_PREFER_AUTO;
}

/*
 * The domain whose queues the task waits in: its own, or one that its affinity allows; the die that
 * a rule or what was measured prefers, or for a latency-critical task one with performance CPUs, if
 * it may. A heavy task is not at home among low-power CPUs. Where work is packed, the nearest that is
 * in use.
 */
static __always_inline void settle_domain(struct task_struct *p, struct task_ctx *tctx)
{
	u32 home = tctx->domain;

	if (tctx->machine_version != ccx_machine.version)
		ccx_affinity_anew(p);
	if (ccx_config.measured_dies)
		follow_measured(p, tctx);
	if (tctx->prefer)
		home = die_of(tctx, home);
	else if (tctx->critical || (low_power_only(home) && heavy(tctx)))
		home = domain_config(home)->critical_home;
	if (ccx_config.consolidate)
		home = nearest_in(set_of(tctx), home);
	if (!(tctx->domains & 1ULL << (home & 63)))
		home = tctx->domain;
	if (!(tctx->domains & 1ULL << (home & 63)))
		home = nearest_in(tctx->domains, home);
	set_domain(tctx, home);
}

static __always_inline bool bound_to_one_cpu(struct task_struct *p)
{
	return p->nr_cpus_allowed == 1;
}

#endif
