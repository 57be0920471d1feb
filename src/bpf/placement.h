/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which idle CPU a task gets, and who is told that work waits.
 *
 * Near before far: the CPU it ran on, then its domain, then other domains by distance; a whole idle
 * core before a sibling of a busy one. On machines with several kinds of CPU a latency-critical
 * task looks at performance CPUs only; any other task leaves them alone while latency-critical work
 * is about, as long as there is a lesser CPU idle.
 */
#ifndef CCX_BPF_PLACEMENT_H
#define CCX_BPF_PLACEMENT_H

#include "queues.h"

#define CRITICAL_LINGERS_NS	(50 * 1000 * 1000ULL)	/* three frames at 60 Hz */
#define FAR_DOMAINS		8			/* other domains looked at per wake-up */

enum kind_mask {
	MASK_ALL,
	MASK_PERFORMANCE,
	MASK_LESSER,
};

static __always_inline bool critical_about(u32 domain, u64 now)
{
	return domain_state(domain)->critical_ns + CRITICAL_LINGERS_NS > now;
}

/* Claims an idle CPU that the task may use, -1 where there is none. */
static __noinline s32 claim_idle(struct task_struct *p, struct task_ctx *tctx, u32 domain,
				 enum kind_mask which, u64 flags)
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
	else
		mask = masks->all;
	if (!mask)
		return -1;
	if (!tctx->restricted)
		return scx_bpf_pick_idle_cpu((const struct cpumask *)mask, flags);

	scratch = bpf_map_lookup_elem(&ccx_scratch, &zero);
	if (!scratch)
		return -1;
	both = scratch->mask;
	if (!both || !bpf_cpumask_and(both, (const struct cpumask *)mask, p->cpus_ptr))
		return -1;
	return scx_bpf_pick_idle_cpu((const struct cpumask *)both, flags);
}

/* The masks a task looks through, best first. */
static __always_inline s32 claim_in_domain(struct task_struct *p, struct task_ctx *tctx, u32 domain,
					   u64 flags, u64 now)
{
	s32 cpu;

	if (domain_state(domain)->nr_idle <= 0 || !(tctx->domains & 1ULL << (domain & 63)))
		return -1;
	if (!ccx_config.mixed_kinds)
		return claim_idle(p, tctx, domain, MASK_ALL, flags);
	if (tctx->critical)
		return claim_idle(p, tctx, domain, MASK_PERFORMANCE, flags);
	if (!critical_about(domain, now))
		return claim_idle(p, tctx, domain, MASK_ALL, flags);
	cpu = claim_idle(p, tctx, domain, MASK_LESSER, flags);
	if (cpu < 0)
		cpu = claim_idle(p, tctx, domain, MASK_ALL, flags);
	return cpu;
}

static __always_inline bool cpu_suits(struct task_ctx *tctx, s32 cpu, u64 now)
{
	const volatile struct ccx_config_cpu *config = cpu_config(cpu);

	if (!ccx_config.mixed_kinds)
		return true;
	if (tctx->critical)
		return config->kind == CCX_KIND_PERFORMANCE;
	return config->kind != CCX_KIND_PERFORMANCE || !critical_about(config->domain, now);
}

/* Claims the best idle CPU for the task; -1 where it must queue. */
static s32 place_idle(struct task_struct *p, struct task_ctx *tctx,
		      s32 prev_cpu, u64 now)
{
	const volatile struct ccx_config_cpu *prev = cpu_config(prev_cpu);
	u32 home = tctx->domain, i, nr = ccx_config.nr_domains - 1;
	s32 cpu;

	if (prev->present && cpu_suits(tctx, prev_cpu, now) && !prev->smt &&
	    scx_bpf_test_and_clear_cpu_idle(prev_cpu))
		return prev_cpu;

	cpu = claim_in_domain(p, tctx, home, CCX_PICK_IDLE_CORE, now);
	if (cpu >= 0)
		return cpu;
	if (prev->present && prev->smt && cpu_suits(tctx, prev_cpu, now) &&
	    scx_bpf_test_and_clear_cpu_idle(prev_cpu))
		return prev_cpu;
	cpu = claim_in_domain(p, tctx, home, 0, now);
	if (cpu >= 0)
		return cpu;

	if (nr > FAR_DOMAINS)
		nr = FAR_DOMAINS;
	bpf_for(i, 0, nr) {
		u32 far = domain_config(home)->nearest[i & (CCX_MAX_DOMAINS - 1)];

		cpu = claim_in_domain(p, tctx, far, 0, now);
		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

/*
 * After a task was queued: a CPU may have gone idle since it was looked for, and would sleep on
 * while the task waits. The kick is delivered after the queueing is complete.
 */
static __always_inline void wake_idle_for(struct task_struct *p, struct task_ctx *tctx)
{
	s32 cpu;

	if (tctx->restricted)
		cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	else
		cpu = claim_idle(p, tctx, CCX_MAX_DOMAINS, MASK_ALL, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
}

/* A hog runs on for longer; what exchanges messages does not, and loses 10 % when it is sent off. */
#define PREEMPT_WORTH_NS	(2 * 1000 * 1000ULL)

/* A CPU is preempted so often at most, however many wake up: a frame has 16 ms, audio 5. */
#define PREEMPT_PAUSE_NS	(1000 * 1000ULL)

/* Sending off what runs there ends the wait clearly sooner than waiting for it. */
static __always_inline bool worth_preempting(s32 cpu, u64 now)
{
	struct ccx_cpu_state *state = cpu_state(cpu);

	return state->running_since_ns && !state->running_critical &&
	       state->running_until_ns > now + PREEMPT_WORTH_NS &&
	       state->preempted_ns + PREEMPT_PAUSE_NS < now;
}

/*
 * A latency-critical task found no idle performance CPU: sends the running task of one off, unless
 * it is latency-critical, too, or about to sleep anyway. The task itself waits in
 * ready(domain, performance). Where a CPU's worth of such tasks waits already, they are the load,
 * and sending tasks off would only add switches.
 */
static void preempt_for(struct task_struct *p, struct task_ctx *tctx, u64 now)
{
	struct domain_masks *masks;
	struct bpf_cpumask *mask;
	u32 domain = tctx->domain, i;
	s32 cpu;

	if (scx_bpf_dsq_nr_queued(queue_ready(domain, CCX_KIND_PERFORMANCE)) >=
	    domain_config(domain)->nr_kind[CCX_KIND_PERFORMANCE])
		return;
	cpu = scx_bpf_task_cpu(p);
	if (cpu_config(cpu)->domain == domain &&
	    cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE && worth_preempting(cpu, now))
		goto kick;

	masks = bpf_map_lookup_elem(&ccx_masks, &domain);
	mask = masks ? masks->performance : NULL;
	if (!mask)
		return;
	bpf_for(i, 0, 4) {
		cpu = bpf_cpumask_any_and_distribute((const struct cpumask *)mask, p->cpus_ptr);
		if (cpu < 0 || (u32)cpu >= ccx_config.nr_cpus)
			return;
		if (worth_preempting(cpu, now))
			goto kick;
	}
	return;
kick:
	cpu_state(cpu)->preempted_ns = now;
	count(CCX_PREEMPTED, 1);
	scx_bpf_kick_cpu(cpu, CCX_KICK_PREEMPT);
}

#endif
