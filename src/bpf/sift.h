/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * After a CPU went offline: what waits in the queues of its domain, and what no CPU that is left there may
 * run. That goes to the kernel's global queue, which each CPU serves before it asks us, the one that
 * leaves, too: the kernel pushes away what it picks there, with another affinity if need be.
 *
 * What is on its way into a queue at that time is found the second time, with the next look (pick.h).
 */
#ifndef CCX_BPF_SIFT_H
#define CCX_BPF_SIFT_H

#include "queues.h"

/* Verified by itself (allowed.h). */
__noinline u32 ccx_runs_in(struct task_struct *p __arg_trusted, u32 domain)
{
	struct domain_masks *masks = bpf_map_lookup_elem(&ccx_masks, &domain);

	return masks && masks->all &&
	       bpf_cpumask_intersects((const struct cpumask *)masks->all, p->cpus_ptr);
}

/* domain: of the CPUs that may take from there; CCX_MAX_DOMAINS: none may any more. Verified by itself (allowed.h). */
__noinline u32 ccx_sift_queue(u64 queue, u32 domain)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	u32 moved = 0;

	if (bpf_iter_scx_dsq_new(&it, queue, 0) == 0) {
		while ((p = bpf_iter_scx_dsq_next(&it))) {
			if (domain < CCX_MAX_DOMAINS && ccx_runs_in(p, domain) &&
			    !migration_disabled(p))
				continue;
			moved += ccx_dsq_move(&it, p, CCX_DSQ_GLOBAL);
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return moved;
}

__noinline u32 ccx_sift(u32 domain)
{
	u32 moved = 0, half, kind;

	bpf_for(half, 0, 2) {
		bpf_for(kind, 0, CCX_NR_READY)
			moved += ccx_sift_queue(queue_ready(domain, kind, half), domain);
		moved += ccx_sift_queue(queue_custody(domain, half), domain);
	}
	return moved;
}

#endif
