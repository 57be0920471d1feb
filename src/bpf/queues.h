/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatch queues (DSQs) and who may take from which.
 *
 * ready(domain, kind)	runnable tasks in order of deadline. `kind` is the least capable kind of CPU
 *			that takes them at once: performance for latency-critical tasks, efficiency
 *			for all others.
 * bound(cpu)		tasks that only one CPU may run, so that they share it fairly with the rest.
 * custody(domain)	tasks whose message was sent, in order of BPF's own deadline. A task stays a
 *			kernel-visible, ordered queue entry all the time it is in custody, so a CPU
 *			that has nothing else, or finds the dispatcher late, just takes it: rescue
 *			needs no search for lost tasks and cannot miss one.
 * parked(domain)	the domain's dispatcher while it waits for messages.
 *
 * ready, bound and custody have two halves. Tasks go into one; each epoch the halves change roles, and the
 * one that was closed is emptied before long (pick.h). Whatever deadlines and classes say, and
 * however many tasks there are, one that waits is therefore run within an epoch or two and as long
 * as all that wait with it take for one slice each.
 */
#ifndef CCX_BPF_QUEUES_H
#define CCX_BPF_QUEUES_H

#include "state.h"

#define QUEUE(type, index)	((u64)(type) << 16 | (index))

static __always_inline u64 queue_ready(u32 domain, u32 kind, u32 half)
{
	return QUEUE(1, (domain * CCX_NR_READY + kind) * 2 + (half & 1));
}

static __always_inline u64 queue_custody(u32 domain, u32 half)
{
	return QUEUE(2, domain * 2 + (half & 1));
}

static __always_inline u64 queue_parked(u32 domain)
{
	return QUEUE(3, domain);
}

static __always_inline u64 queue_bound(u32 cpu, u32 half)
{
	return QUEUE(4, cpu * 2 + (half & 1));
}

/*
 * More bits of `old` of a domain, which is looked at anyway: the closed half of custody may hold tasks; some
 * other domain is stranded; this one has a crowd (pick.h).
 */
#define OLD_CUSTODY	(1U << CCX_NR_READY)
#define OLD_ELSEWHERE	(2U << CCX_NR_READY)
#define OLD_CROWD	(4U << CCX_NR_READY)
#define OLD_HALVES	(OLD_ELSEWHERE - 1)

static __always_inline bool crowded(u32 domain)
{
	return domain_state(domain)->old & OLD_CROWD;
}

/*
 * What a task is ordered by. In a crowd exactly: whoever is a step ahead would have to run it off in
 * turns of a fraction of a step, with all others waiting.
 */
static __always_inline u64 queue_key(u32 domain, u64 deadline, u64 awake_ns)
{
	return crowded(domain) ? deadline : ccx_queue_key(deadline, awake_ns);
}

/* The same at home, of its virtual time and how long it has been awake. */
static __always_inline u64 home_key(struct task_ctx *tctx, u64 vtime, u64 awake_ns)
{
	return queue_key(tctx->domain, ccx_deadline(vtime, awake_ns, ccx_config.awake_cap_ns),
			 awake_ns);
}

/* The half that tasks go into now. */
static __always_inline u32 open_half(u32 domain)
{
	return domain_state(domain)->half;
}

/*
 * How many wait in a ready queue is counted beside it, because asking the kernel costs a lookup,
 * twice for each context switch. A task is counted from before it is queued until it runs or is
 * dequeued: the count is never less than what waits. Should it ever be, a queue would be thought
 * empty that is not; so the kernel is asked once an epoch all the same (change_epoch).
 */
static __always_inline void ready_count(u32 mark, s32 n)
{
	u32 index = mark - 1;

	__sync_fetch_and_add(&domain_state(index / CCX_NR_READY)->ready[index % CCX_NR_READY], n);
}

static __always_inline void ready_leave(struct task_ctx *tctx)
{
	u32 mark;

	if (!tctx->ready)
		return;
	mark = __sync_lock_test_and_set(&tctx->ready, 0);
	if (mark)
		ready_count(mark, -1);
}

/* Returns what ready_undo() takes. */
static __always_inline u32 ready_enter(struct task_ctx *tctx, u32 domain, u32 kind)
{
	u32 mark = domain * CCX_NR_READY + kind + 1, old;

	ready_count(mark, 1);
	old = __sync_lock_test_and_set(&tctx->ready, mark);
	if (old)
		ready_count(old, -1);
	return mark;
}

/* It was not queued after all; unless it has run meanwhile, and was uncounted then. */
static __always_inline void ready_undo(struct task_ctx *tctx, u32 mark)
{
	if (__sync_val_compare_and_swap(&tctx->ready, mark, 0) == mark)
		ready_count(mark, -1);
}

static __always_inline u32 nr_ready(u32 domain, u32 kind)
{
	s32 nr = domain_state(domain)->ready[kind];

	return nr > 0 ? nr : 0;
}

static __always_inline u64 nr_ready_all(u32 domain)
{
	return nr_ready(domain, CCX_KIND_PERFORMANCE) + nr_ready(domain, CCX_KIND_EFFICIENCY);
}

/* Something waits in the domain's queues, not counting what is bound to one CPU. */
static __always_inline bool anything_waits(u32 domain)
{
	return nr_ready(domain, CCX_KIND_PERFORMANCE) || nr_ready(domain, CCX_KIND_EFFICIENCY) ||
	       domain_state(domain)->custody > 0;
}

static __always_inline bool queue_empty(u64 queue)
{
	return scx_bpf_dsq_nr_queued(queue) <= 0;
}

/*
 * Deadline and queueing time of a queue's first task. False when the queue is empty. The task is
 * not held: the answer is a hint, and is used as one. Verified by itself (allowed.h).
 */
__noinline u32 ccx_queue_head(u64 queue, u64 *deadline __arg_nonnull, u64 *queued_ns __arg_nonnull)
{
	struct task_struct *p;
	struct bpf_iter_scx_dsq it;
	struct task_ctx *tctx;
	u32 found = 0;

	if (bpf_iter_scx_dsq_new(&it, queue, 0) == 0) {
		p = bpf_iter_scx_dsq_next(&it);
		if (p) {
			tctx = task_ctx_get(p);
			*deadline = p->scx.dsq_vtime;
			*queued_ns = tctx ? tctx->queued_ns : 0;
			found = 1;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return found;
}

static s32 queues_create(void)
{
	s32 err = 0;
	u32 i, j;

	bpf_for(i, 0, ccx_machine.nr_domains) {
		bpf_for(j, 0, CCX_NR_READY * 2) {
			err = scx_bpf_create_dsq(queue_ready(i, j / 2, j), -1);
			if (err)
				return err;
		}
		err = scx_bpf_create_dsq(queue_custody(i, 0), -1);
		if (!err)
			err = scx_bpf_create_dsq(queue_custody(i, 1), -1);
		if (!err)
			err = scx_bpf_create_dsq(queue_parked(i), -1);
		if (err)
			return err;
	}
	/* for all that the machine may have: one that comes online runs before the program has heard of it */
	bpf_for(i, 0, scx_bpf_nr_cpu_ids()) {
		if (i == CCX_MAX_CPUS)
			break;
		err = scx_bpf_create_dsq(queue_bound(i, 0), -1);
		if (!err)
			err = scx_bpf_create_dsq(queue_bound(i, 1), -1);
		if (err)
			return err;
	}
	return 0;
}

#endif
