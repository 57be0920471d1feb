/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which tasks are latency-critical now, and why: an iterator over all tasks that writes a record
 * (ccx/tasks.h) for each that is, and for each that a rule names. It runs only while somebody reads
 * from it, in that process's context; otherwise it costs nothing.
 *
 * It reads task storage without locks, so a record may mix values from before and after an event
 * that happens meanwhile. It calls no function of sched_ext: from 7.1 on the kernel would want to
 * know which scheduler a program that is no operation belongs to. Hence the clock by way of the
 * reader, itself a task of this scheduler.
 */
#ifndef CCX_BPF_TASKS_H
#define CCX_BPF_TASKS_H

#include "classify.h"
#include "ccx/tasks.h"

/* Not those who left for a real-time policy, or never came (--partial). */
static __always_inline bool task_is_ours(struct task_struct *p, struct task_ctx *tctx)
{
	switch (p->policy) {
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_EXT:
		/* set when it is enabled */
		return tctx->domains && !(p->flags & PF_EXITING);
	}
	return false;
}

static __always_inline u32 task_reason(struct task_struct *p, struct task_ctx *tctx)
{
	if (tctx->ruled != CCX_CLASS_AUTO)
		return CCX_REASON_RULE;
	if (p->flags & PF_KTHREAD)
		return CCX_REASON_KERNEL;
	if (tctx->critical && tctx->band == CCX_BAND_LIGHT)
		return CCX_REASON_LIGHT;
	if (tctx->critical && tctx->band == CCX_BAND_MODERATE)
		return CCX_REASON_MODERATE;
	if (tctx->prefer && !tctx->die_ruled)
		return CCX_REASON_DIE;
	return CCX_REASON_RULE;	/* what it prefers; or one that is gone, until the task sleeps */
}

static __always_inline u32 task_last_cpu(struct task_struct *p)
{
	return bpf_core_field_exists(p->thread_info.cpu) ? p->thread_info.cpu : CCX_TASK_NO_CPU;
}

static __always_inline u64 reader_began_ns(void)
{
	struct task_ctx *tctx = task_ctx_get(bpf_get_current_task_btf());

	return tctx ? tctx->started_ns : 0;
}

SEC("iter/task")
int ccx_list_tasks(struct bpf_iter__task *ctx)
{
	struct ccx_task_record record = {};
	struct task_struct *p = ctx->task;
	struct task_ctx *tctx;
	const u64 *from;
	u32 cpu;
	u64 *to;

	if (!p)
		return 0;	/* the end */
	tctx = task_ctx_get(p);
	if (!tctx || !task_is_ours(p, tctx))
		return 0;
	record.ruled = tctx->ruled != CCX_CLASS_AUTO || tctx->die_ruled;
	if (!tctx->critical && !record.ruled && !tctx->prefer)
		return 0;
	record.prefer = tctx->prefer;
	record.die_ruled = tctx->die_ruled;
	record.burst_ns = tctx->burst_ns;
	record.sleep_ns = tctx->sleep_ns;
	record.stopped_ns = tctx->stopped_ns;
	record.started_ns = tctx->started_ns;
	record.reader_ns = reader_began_ns();
	record.pid = p->pid;
	record.tgid = p->tgid;
	cpu = task_last_cpu(p);
	record.cpu = cpu;
	record.flags = task_flags(p, tctx);
	record.domain = tctx->domain;
	record.reason = task_reason(p, tctx);
	record.on_performance = cpu != CCX_TASK_NO_CPU &&
				cpu_config(cpu)->kind == CCX_KIND_PERFORMANCE;
	from = (const u64 *)p->comm;
	to = (u64 *)record.comm;
	to[0] = from[0];
	to[1] = from[1];
	/* no room: the kernel shows the task again in its next buffer */
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

#endif
