/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatch queues (DSQs) and who may take from which.
 *
 * ready(domain, kind)	runnable tasks in order of deadline. `kind` is the least capable kind of CPU
 *			that may take the task at once: performance for latency-critical tasks,
 *			efficiency for all others, low-power for batch.
 * custody(domain)	tasks whose message was sent, in order of BPF's own deadline. A task stays a
 *			kernel-visible, ordered queue entry all the time it is in custody, so a CPU
 *			that has nothing else, or finds the dispatcher late, just takes it: rescue
 *			needs no search for lost tasks and cannot miss one.
 * parked(domain)	the domain's dispatcher while it waits for messages.
 * bound(cpu)		tasks that only one CPU may run, so that they share it fairly with the rest.
 */
#ifndef CCX_BPF_QUEUES_H
#define CCX_BPF_QUEUES_H

#include "state.h"

#define QUEUE(type, index)	((u64)(type) << 16 | (index))

static __always_inline u64 queue_ready(u32 domain, u32 kind)
{
	return QUEUE(1, domain * CCX_NR_KINDS + kind);
}

static __always_inline u64 queue_custody(u32 domain)
{
	return QUEUE(2, domain);
}

static __always_inline u64 queue_parked(u32 domain)
{
	return QUEUE(3, domain);
}

static __always_inline u64 queue_bound(u32 cpu)
{
	return QUEUE(4, cpu);
}

static __always_inline bool queue_empty(u64 queue)
{
	return scx_bpf_dsq_nr_queued(queue) <= 0;
}

/*
 * Deadline and queueing time of a queue's first task. False when the queue is empty. The task is
 * not held: the answer is a hint, and is used as one.
 */
static bool queue_head(u64 queue, u64 *deadline, u64 *queued_ns)
{
	struct task_struct *p;
	struct bpf_iter_scx_dsq it;
	struct task_ctx *tctx;
	bool found = false;

	if (bpf_iter_scx_dsq_new(&it, queue, 0) == 0) {
		p = bpf_iter_scx_dsq_next(&it);
		if (p) {
			tctx = task_ctx_get(p);
			*deadline = p->scx.dsq_vtime;
			*queued_ns = tctx ? tctx->queued_ns : 0;
			found = true;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return found;
}

static s32 queues_create(void)
{
	s32 err = 0;
	u32 i, kind;

	bpf_for(i, 0, ccx_config.nr_domains) {
		bpf_for(kind, 0, CCX_NR_KINDS) {
			err = scx_bpf_create_dsq(queue_ready(i, kind), -1);
			if (err)
				return err;
		}
		err = scx_bpf_create_dsq(queue_custody(i), -1);
		if (err)
			return err;
		err = scx_bpf_create_dsq(queue_parked(i), -1);
		if (err)
			return err;
	}
	bpf_for(i, 0, ccx_config.nr_cpus) {
		if (!cpu_config(i)->present)
			continue;
		err = scx_bpf_create_dsq(queue_bound(i), -1);
		if (err)
			return err;
	}
	return 0;
}

#endif
