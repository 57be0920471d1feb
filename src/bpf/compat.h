/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that knows how sched_ext differs between kernels (6.12 to 7.3).
 *
 * Every kfunc is a weak symbol: a kernel without it gives the address 0, bpf_ksym_exists() is
 * resolved at load time, and the verifier drops the branch that is not taken. Enumerators are read
 * from the running kernel's BTF (SCX_ENQ_CPU_SELECTED moved in 6.19, for one).
 *
 *	6.13	dispatch* became dsq_insert*, consume became dsq_move_to_local
 *	6.15	scx_bpf_now
 *	6.19	dsq_insert_vtime takes a struct of arguments; slices are set by a kfunc
 *	7.1	dsq_move_to_local takes enqueue flags
 */
#ifndef CCX_BPF_COMPAT_H
#define CCX_BPF_COMPAT_H

#include "kernel.h"

enum scx_enq_flags {
	SCX_ENQ_WAKEUP = 1,
	SCX_ENQ_PREEMPT = 1LLU << 32,
};

enum scx_deq_flags {
	SCX_DEQ_SLEEP = 1,
};

enum scx_wake_flags {
	SCX_WAKE_SYNC = 16,
};

enum scx_pick_idle_cpu_flags {
	SCX_PICK_IDLE_CORE = 1,
};

enum scx_kick_flags {
	SCX_KICK_IDLE = 1,
	SCX_KICK_PREEMPT = 2,
};

enum scx_ent_flags {
	SCX_TASK_QUEUED = 1,
};

enum scx_dsq_id_flags {
	SCX_DSQ_GLOBAL = 1LLU << 63 | 1,
	SCX_DSQ_LOCAL = 1LLU << 63 | 2,
	SCX_DSQ_LOCAL_ON = 1LLU << 63 | 1LLU << 62,
};

/* Of libbpf 1.4. What the verifier is told about arguments of functions that it looks at once, by themselves. */
#ifndef __arg_trusted
#define __arg_trusted	__attribute__((btf_decl_tag("arg:trusted")))
#endif
#ifndef __arg_nonnull
#define __arg_nonnull	__attribute__((btf_decl_tag("arg:nonnull")))
#endif

enum scx_exit_code {
	SCX_ECODE_RSN_HOTPLUG = 1LLU << 32,
	SCX_ECODE_ACT_RESTART = 1LLU << 48,
};

#define CCX_ENUM(type, name)	bpf_core_enum_value(enum type, name)

#define CCX_ENQ_WAKEUP		CCX_ENUM(scx_enq_flags, SCX_ENQ_WAKEUP)
#define CCX_ENQ_PREEMPT		CCX_ENUM(scx_enq_flags, SCX_ENQ_PREEMPT)
#define CCX_DEQ_SLEEP		CCX_ENUM(scx_deq_flags, SCX_DEQ_SLEEP)
#define CCX_WAKE_SYNC		CCX_ENUM(scx_wake_flags, SCX_WAKE_SYNC)
#define CCX_PICK_IDLE_CORE	CCX_ENUM(scx_pick_idle_cpu_flags, SCX_PICK_IDLE_CORE)
#define CCX_KICK_IDLE		CCX_ENUM(scx_kick_flags, SCX_KICK_IDLE)
#define CCX_KICK_PREEMPT	CCX_ENUM(scx_kick_flags, SCX_KICK_PREEMPT)
#define CCX_TASK_QUEUED		CCX_ENUM(scx_ent_flags, SCX_TASK_QUEUED)
#define CCX_DSQ_GLOBAL		CCX_ENUM(scx_dsq_id_flags, SCX_DSQ_GLOBAL)
#define CCX_DSQ_LOCAL		CCX_ENUM(scx_dsq_id_flags, SCX_DSQ_LOCAL)
#define CCX_DSQ_LOCAL_ON	CCX_ENUM(scx_dsq_id_flags, SCX_DSQ_LOCAL_ON)
#define CCX_ECODE_RESTART                                                                          \
	(CCX_ENUM(scx_exit_code, SCX_ECODE_ACT_RESTART) |                                          \
	 CCX_ENUM(scx_exit_code, SCX_ECODE_RSN_HOTPLUG))

/* Kernel functions that need no choice between versions. */
s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym __weak;
s32 scx_bpf_dsq_nr_queued(u64 dsq_id) __ksym __weak;
s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags) __ksym __weak;
bool scx_bpf_test_and_clear_cpu_idle(s32 cpu) __ksym __weak;
const struct cpumask *scx_bpf_get_idle_cpumask(void) __ksym __weak;
const struct cpumask *scx_bpf_get_idle_smtmask(void) __ksym __weak;
void scx_bpf_put_idle_cpumask(const struct cpumask *mask) __ksym __weak;
void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym __weak;
u32 scx_bpf_reenqueue_local(void) __ksym __weak;
s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym __weak;
u32 scx_bpf_nr_cpu_ids(void) __ksym __weak;
const struct cpumask *scx_bpf_get_online_cpumask(void) __ksym __weak;
void scx_bpf_put_cpumask(const struct cpumask *mask) __ksym __weak;
void scx_bpf_exit_bstr(s64 code, char *format, unsigned long long *data, u32 bytes) __ksym __weak;

void bpf_rcu_read_lock(void) __ksym __weak;
void bpf_rcu_read_unlock(void) __ksym __weak;
struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
void bpf_task_release(struct task_struct *p) __ksym __weak;
struct bpf_cpumask *bpf_cpumask_create(void) __ksym __weak;
void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym __weak;
void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym __weak;
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym __weak;
bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *a, const struct cpumask *b)
	__ksym __weak;
void bpf_cpumask_xor(struct bpf_cpumask *dst, const struct cpumask *a, const struct cpumask *b)
	__ksym __weak;
bool bpf_cpumask_intersects(const struct cpumask *a, const struct cpumask *b) __ksym __weak;
bool bpf_cpumask_subset(const struct cpumask *a, const struct cpumask *b) __ksym __weak;

int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym __weak;
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) __ksym __weak;
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym __weak;

/* Kernel functions that changed. */
u64 scx_bpf_now(void) __ksym __weak;

void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
	__ksym __weak;

struct scx_bpf_dsq_insert_vtime_args {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args)
	__ksym __weak;
void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
			      u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch_vtime___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
				  u64 enq_flags) __ksym __weak;

bool scx_bpf_dsq_move_to_local___v2(u64 dsq_id, u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local(u64 dsq_id) __ksym __weak;
bool scx_bpf_consume___old(u64 dsq_id) __ksym __weak;

void scx_bpf_dsq_move_set_slice(struct bpf_iter_scx_dsq *it, u64 slice) __ksym __weak;
void scx_bpf_dsq_move_set_vtime(struct bpf_iter_scx_dsq *it, u64 vtime) __ksym __weak;
bool scx_bpf_dsq_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
			    u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id, u64 enq_flags)
	__ksym __weak;
bool scx_bpf_dispatch_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
				     u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch_from_dsq_set_slice___old(struct bpf_iter_scx_dsq *it, u64 slice)
	__ksym __weak;
void scx_bpf_dispatch_from_dsq_set_vtime___old(struct bpf_iter_scx_dsq *it, u64 vtime)
	__ksym __weak;
bool scx_bpf_dispatch_vtime_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p,
					   u64 dsq_id, u64 enq_flags) __ksym __weak;

bool scx_bpf_task_set_slice(struct task_struct *p, u64 slice) __ksym __weak;

/*
 * The kernel ends a scheduler that sends such a task to another CPU (from 6.14 on it does not ask about
 * it). A kernel without the field has none. While a BPF program runs, the current task is one more
 * time than it is of its own.
 */
static __always_inline bool migration_disabled(struct task_struct *p)
{
	u32 own;

	if (!bpf_core_field_exists(p->migration_disabled))
		return false;
	own = p->migration_disabled;
	return own > 1 || (own && p != bpf_get_current_task_btf());
}

/* Nanoseconds; cheap (the run queue's clock) where the kernel has it. Never compare with user space. */
static __always_inline u64 ccx_now(void)
{
	if (bpf_ksym_exists(scx_bpf_now))
		return scx_bpf_now();
	return bpf_ktime_get_ns();
}

extern struct rq runqueues __ksym __weak;

/*
 * The same for a CPU that is on its way from one task to the next (stopping, quiescent, dispatch, running): its run queue's
 * clock is of just now, and the same for all of them, so that no time is nobody's or counted twice.
 * scx_bpf_now() would ask the hardware, as the run queue was unlocked in between.
 */
static __always_inline u64 ccx_now_switching(s32 cpu)
{
	struct rq *rq;

	if (!bpf_ksym_exists(scx_bpf_now) || !bpf_ksym_exists(&runqueues))
		return ccx_now();
	rq = bpf_per_cpu_ptr(&runqueues, cpu);
	return rq ? rq->clock : ccx_now();
}

static __always_inline void ccx_dsq_insert(struct task_struct *p, u64 dsq, u64 slice_ns, u64 flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert))
		scx_bpf_dsq_insert(p, dsq, slice_ns, flags);
	else
		scx_bpf_dispatch___old(p, dsq, slice_ns, flags);
}

static __always_inline void ccx_dsq_insert_vtime(struct task_struct *p, u64 dsq, u64 slice_ns,
						 u64 vtime, u64 flags)
{
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq,
			.slice = slice_ns,
			.vtime = vtime,
			.enq_flags = flags,
		};

		__scx_bpf_dsq_insert_vtime(p, &args);
	} else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime)) {
		scx_bpf_dsq_insert_vtime(p, dsq, slice_ns, vtime, flags);
	} else {
		scx_bpf_dispatch_vtime___old(p, dsq, slice_ns, vtime, flags);
	}
}

static __always_inline bool ccx_dsq_move_to_local(u64 dsq)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2))
		return scx_bpf_dsq_move_to_local___v2(dsq, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local))
		return scx_bpf_dsq_move_to_local(dsq);
	return scx_bpf_consume___old(dsq);
}

/*
 * Moves a task of the queue that `it` was made for to another vtime-ordered queue. False when the
 * task is no longer there, or came there after `it` was made.
 */
static __always_inline bool ccx_dsq_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p,
					       u64 dsq, u64 slice_ns, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_vtime)) {
		scx_bpf_dsq_move_set_slice(it, slice_ns);
		scx_bpf_dsq_move_set_vtime(it, vtime);
		return scx_bpf_dsq_move_vtime(it, p, dsq, 0);
	}
	scx_bpf_dispatch_from_dsq_set_slice___old(it, slice_ns);
	scx_bpf_dispatch_from_dsq_set_vtime___old(it, vtime);
	return scx_bpf_dispatch_vtime_from_dsq___old(it, p, dsq, 0);
}

/* The same to a queue that is not ordered. */
static __always_inline bool ccx_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move))
		return scx_bpf_dsq_move(it, p, dsq, 0);
	return scx_bpf_dispatch_from_dsq___old(it, p, dsq, 0);
}

static __always_inline void ccx_task_set_slice(struct task_struct *p, u64 slice_ns)
{
	if (bpf_ksym_exists(scx_bpf_task_set_slice))
		scx_bpf_task_set_slice(p, slice_ns);
	else
		p->scx.slice = slice_ns;
}

#endif
