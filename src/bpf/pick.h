/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU runs next: the earliest deadline of its domain that is fit for it, else what waits in
 * other domains, nearest first.
 */
#ifndef CCX_BPF_PICK_H
#define CCX_BPF_PICK_H

#include "queues.h"

/* A choice among queues: the earliest deadline so far. */
struct choice {
	u64 queue;
	u64 deadline;
	bool any;
};

static __always_inline void consider(struct choice *choice, u64 queue, u64 bonus_ns,
				     u64 waited_since, u64 now)
{
	u64 deadline = 0, queued_ns = 0;

	if (queue_empty(queue) || !queue_head(queue, &deadline, &queued_ns))
		return;
	/* clocks of CPUs differ a little: only a real bound is compared */
	if (waited_since && queued_ns + waited_since > now)
		return;
	deadline -= bonus_ns;
	if (choice->any && !ccx_before(deadline, choice->deadline))
		return;
	choice->queue = queue;
	choice->deadline = deadline;
	choice->any = true;
}

/* Takes the earliest deadline of the domain that is fit for this CPU. */
static __always_inline bool take_own(u32 cpu, u32 domain, bool custody, u64 now)
{
	struct choice choice = {};
	bool performance = cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE ||
			   !domain_config(domain)->nr_kind[CCX_KIND_PERFORMANCE];
	u64 critical = queue_ready(domain, CCX_KIND_PERFORMANCE);
	u64 normal = queue_ready(domain, CCX_KIND_EFFICIENCY);
	u64 batch = queue_ready(domain, CCX_KIND_LOW_POWER);

	consider(&choice, critical, ccx_config.lag_ns, performance ? 0 : ccx_config.spill_ns, now);
	consider(&choice, normal, 0, 0, now);
	consider(&choice, batch, 0, 0, now);
	consider(&choice, queue_bound(cpu), 0, 0, now);
	if (custody)
		consider(&choice, queue_custody(domain), 0, 0, now);
	if (!choice.any)
		return false;
	if (ccx_dsq_move_to_local(choice.queue))
		return true;
	/* its first tasks may not run here: whatever may */
	return ccx_dsq_move_to_local(queue_bound(cpu)) ||
	       (performance && ccx_dsq_move_to_local(critical)) ||
	       ccx_dsq_move_to_local(normal) || ccx_dsq_move_to_local(batch);
}

static __always_inline bool take_from(u32 domain, bool performance)
{
	u64 queue;

	queue = queue_ready(domain, CCX_KIND_PERFORMANCE);
	if (performance && !queue_empty(queue) && ccx_dsq_move_to_local(queue))
		return true;
	queue = queue_ready(domain, CCX_KIND_EFFICIENCY);
	if (!queue_empty(queue) && ccx_dsq_move_to_local(queue))
		return true;
	queue = queue_ready(domain, CCX_KIND_LOW_POWER);
	if (!queue_empty(queue) && ccx_dsq_move_to_local(queue))
		return true;
	queue = queue_custody(domain);
	return !queue_empty(queue) && ccx_dsq_move_to_local(queue);
}

static bool steal(u32 cpu, u32 domain)
{
	bool performance = cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE;
	u32 i;

	bpf_for(i, 0, ccx_config.nr_domains - 1) {
		u32 far = domain_config(domain)->nearest[i & (CCX_MAX_DOMAINS - 1)];

		if (take_from(far, performance)) {
			count(CCX_STOLEN, 1);
			return true;
		}
	}
	return false;
}

#endif
