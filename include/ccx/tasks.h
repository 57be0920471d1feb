/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What BPF says of one task when somebody asks which ones are latency-critical: the stream that a
 * reader of the iterator (src/bpf/tasks.h) gets is these records, one after the other.
 *
 * Times are on BPF's clock, which user space cannot read: only their differences mean something.
 */
#ifndef CCX_TASKS_H
#define CCX_TASKS_H

#include <linux/types.h>

#define CCX_TASK_NO_CPU		0xffff

/* Why the task is in the stream: the first that holds. */
enum ccx_task_reason {
	CCX_REASON_RULE,	/* a rule gives it a class */
	CCX_REASON_KERNEL,	/* a kernel thread */
	CCX_REASON_LIGHT,	/* its band, by the classifier */
	CCX_REASON_MODERATE,
	CCX_REASON_DIE,		/* not latency-critical: what was measured puts it on a die */
	CCX_NR_REASONS,
};

/* A task is in the stream if it is latency-critical, if a rule names it, or if it prefers a die. */
struct ccx_task_record {
	__u64 burst_ns;		/* average work between sleeps, on the fastest kind of CPU */
	__u64 sleep_ns;		/* average time asleep; 0: it has never slept */
	__u64 started_ns;	/* when it last began to run; 0: it never did */
	__u64 stopped_ns;	/* when it last ended; less than the former: it runs */
	__u64 reader_ns;	/* when the reader began to run, so about now; 0: unknown */
	__u32 pid;
	__u32 tgid;
	__u16 cpu;		/* where it runs or ran last; CCX_TASK_NO_CPU: the kernel hides it */
	__u16 flags;		/* enum ccx_task_flag (ccx/abi.h) */
	__u8 domain;
	__u8 reason;		/* enum ccx_task_reason */
	__u8 ruled;		/* a rule names it: its class or what it prefers */
	__u8 on_performance;	/* `cpu` is a performance CPU */
	__u8 prefer;		/* enum ccx_prefer (ccx/rules.h): the die that it is kept on */
	__u8 die_ruled;		/* a rule says so, or that it prefers nothing; else it was measured */
	__u8 reserved[6];
	char comm[16];		/* any bytes */
};

_Static_assert(sizeof(struct ccx_task_record) == 80, "no padding: all of it goes to user space");
_Static_assert(__builtin_offsetof(struct ccx_task_record, comm) == 64, "comm is aligned");

#endif
