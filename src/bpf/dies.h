/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which die a process belongs to where no rule says so (ccx/dies.h): samples of the CPUs' counters,
 * and what follows from them for a task.
 *
 * Reading counters at each switch would cost every task some hundred cycles. So they are left to
 * interrupt once in so many events, and these programs run in the interrupt, which may be one that
 * cannot be masked: they take no locks, call nothing of sched_ext and touch nothing but the table of
 * processes. A wake-up pays for finding its process in that table. Where the machine has no such
 * dies, or nothing is measured, neither is loaded (measured_dies is a constant).
 *
 * The counters are per CPU: a sample is that of the task that the CPU runs.
 */
#ifndef CCX_BPF_DIES_H
#define CCX_BPF_DIES_H

#include "state.h"
#include "ccx/dies.h"

struct ccx_die_counts ccx_die_counts SEC(".bss.dies");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CCX_DIE_PROCESSES);	/* user space lowers this where nothing is measured */
	__type(key, u32);
	__type(value, struct ccx_die_process);
} ccx_processes SEC(".maps");

static __always_inline struct ccx_die_process *die_process(u32 tgid)
{
	u32 slot = ccx_die_slot(tgid);

	return bpf_map_lookup_elem(&ccx_processes, &slot);
}

static __always_inline int die_sample(enum ccx_die_event event)
{
	struct task_struct *p = bpf_get_current_task_btf();
	u32 tgid = p->tgid, domain = cpu_config(bpf_get_smp_processor_id())->domain;
	struct ccx_die_process *process;
	u64 now = bpf_ktime_get_ns();

	__sync_fetch_and_add(&ccx_die_counts.samples[event], 1);
	/* a counter that never counts, as a virtual machine may have, must not be taken for few events */
	if (!ccx_die_counts.samples[CCX_DIE_FILL] || !ccx_die_counts.samples[CCX_DIE_USE])
		return 0;
	/* idle CPUs' tasks are kernel threads, too */
	if (p->flags & PF_KTHREAD || tgid == ccx_config.daemon_tgid)
		return 0;
	process = die_process(tgid);
	if (!process)
		return 0;
	if (event != CCX_DIE_WORK) {
		if (process->tgid != tgid)
			return 0;
	} else if (!ccx_die_claim(process, tgid, now)) {
		__sync_fetch_and_add(&ccx_die_counts.crowded, 1);
		return 0;
	}
	if (ccx_die_count(process, event, domain_config(domain)->cache_die, now))
		__sync_fetch_and_add(&ccx_die_counts.choices, 1);
	return 0;
}

SEC("perf_event")
int ccx_die_work(void *ctx)
{
	return die_sample(CCX_DIE_WORK);
}

SEC("perf_event")
int ccx_die_fill(void *ctx)
{
	return die_sample(CCX_DIE_FILL);
}

SEC("perf_event")
int ccx_die_use(void *ctx)
{
	return die_sample(CCX_DIE_USE);
}

static __always_inline u8 die_measured(struct task_struct *p)
{
	struct ccx_die_process *process = die_process(p->tgid);

	if (!process || process->tgid != (u32)p->tgid)
		return CCX_PREFER_AUTO;
	return process->prefer & (CCX_DIES - 1);
}

/* The domain of the die that the task prefers, seen from `domain`; that one if it prefers none. */
static __always_inline u32 die_of(struct task_ctx *tctx, u32 domain)
{
	return domain_config(domain)->die[tctx->prefer & (CCX_DIES - 1)];
}

#endif
