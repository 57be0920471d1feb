/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types this scheduler touches, by hand. Only the members used are listed: CO-RE finds
 * their real offsets at load time, libbpf matches members of sched_ext_ops by name, so one object
 * serves every kernel. What differs between kernels is in compat.h, and only there.
 */
#ifndef CCX_BPF_KERNEL_H
#define CCX_BPF_KERNEL_H

/* Headers before Linux 6.4 lack this one, which bpf_for() needs; ours replaces any other. */
#define bpf_iter_num bpf_iter_num_uapi
#include <linux/bpf.h>
#undef bpf_iter_num

struct bpf_iter_num {
	__u64 opaque[1];
} __attribute__((aligned(8)));

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0
#ifndef NULL
#define NULL ((void *)0)
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct rq {
	u64 clock;
};

struct cpumask {
	unsigned long bits[1];
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

struct signal_struct {
	unsigned int flags;
};

struct kernfs_node {
	u64 id;
	const char *name;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[];	/* [0] is the root, [level] the cgroup itself */
};

struct css_set {
	struct cgroup *dfl_cgrp;	/* in the cgroup2 hierarchy */
};

struct sched_ext_entity {
	u32 flags;
	u32 weight;
	u64 slice;
	u64 dsq_vtime;
};

struct thread_info {
	u32 cpu;
};

struct uclamp_se {
	unsigned int value : 11;
	unsigned int bucket_id : 3;
	unsigned int active : 1;
	unsigned int user_defined : 1;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int static_prio;
	unsigned int policy;
	int nr_cpus_allowed;
	unsigned short migration_disabled;
	const struct cpumask *cpus_ptr;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	char comm[16];
	struct css_set *cgroups;
	struct signal_struct *signal;
	sigset_t blocked;
	struct sigpending pending;
	unsigned long jobctl;
	struct sched_ext_entity scx;
	struct uclamp_se uclamp[2];	/* minimum and maximum; with CONFIG_UCLAMP_TASK */
};

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
	char *dump;
};

struct scx_init_task_args {
	bool fork;
	struct cgroup *cgroup;	/* this and the next type: with CONFIG_EXT_GROUP_SCHED */
};

struct scx_cgroup_init_args {
	u32 weight;
	u64 bw_quota_us;	/* since 6.17; all ones: no limit */
};

struct scx_cpu_release_args;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;	/* NULL after the last one */
};

struct sched_ext_ops {
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	void (*quiescent)(struct task_struct *p, u64 deq_flags);
	void (*set_weight)(struct task_struct *p, u32 weight);
	void (*set_cpumask)(struct task_struct *p, const struct cpumask *mask);
	void (*cpu_release)(s32 cpu, struct scx_cpu_release_args *args);
	void (*cpu_online)(s32 cpu);
	void (*cpu_offline)(s32 cpu);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*enable)(struct task_struct *p);
	s32 (*cgroup_init)(struct cgroup *cgrp, struct scx_cgroup_init_args *args);
	void (*cgroup_exit)(struct cgroup *cgrp);
	void (*cgroup_move)(struct task_struct *p, struct cgroup *from, struct cgroup *to);
	void (*cgroup_set_weight)(struct cgroup *cgrp, u32 weight);
	void (*cgroup_set_bandwidth)(struct cgroup *cgrp, u64 period_us, u64 quota_us, u64 burst_us);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	u32 dispatch_max_batch;
	u64 flags;
	u32 timeout_ms;
	u32 exit_dump_len;
	u64 hotplug_seq;
	char name[128];
};

#pragma clang attribute pop

/* Opaque to programs; the iterator's size is fixed by the kernel (6 words since 6.12). */
struct bpf_iter_scx_dsq {
	u64 opaque[6];
} __attribute__((aligned(8)));

struct bpf_cpumask {
	struct cpumask cpumask;
} __attribute__((preserve_access_index));

/* include/linux/sched.h, sched/signal.h, uapi/linux/sched.h: values that never changed */
#define TASK_UNINTERRUPTIBLE	0x00000002
#define TASK_IDLE		0x00000402	/* that, and no load: a kernel thread with nothing to do */
#define PF_EXITING		0x00000004
#define PF_KTHREAD		0x00200000
#define SIGNAL_GROUP_EXIT	0x00000004
#define SCHED_NORMAL		0
#define SCHED_BATCH		3
#define SCHED_IDLE		5
#define SCHED_EXT		7

#endif
