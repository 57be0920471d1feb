/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beginning and end: of tasks, of cgroups (groups.h; left out where the kernel has none of it), and of
 * the scheduler itself.
 */
#ifndef CCX_BPF_LIFE_H
#define CCX_BPF_LIFE_H

#include "crowd.h"
#include "groups.h"
#include "home.h"
#include "masks.h"
#include "placement.h"
#include "rules.h"

SEC("struct_ops.s/ccx_init_task")
s32 BPF_PROG(ccx_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task_ctx *tctx;
	u32 i;

	tctx = bpf_task_storage_get(&ccx_tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!tctx)
		return -12; /* ENOMEM */
	/* it may be here from when the object was attached before */
	__builtin_memset(tctx, 0, sizeof(*tctx));
	reweigh(tctx, CCX_WEIGHT_DEFAULT, CCX_SHARE_ONE);
	if (bpf_core_field_exists(args->cgroup))
		group_enter(tctx, args->cgroup);
	tctx->generation = bpf_get_prandom_u32();
	tctx->domain = cpu_config(scx_bpf_task_cpu(p))->domain;
	tctx->vtime = domain_state(tctx->domain)->vtime_now;
	tctx->slice_ns = ccx_config.slice_ns;
	tctx->kind = CCX_KIND_EFFICIENCY;
	tctx->critical = p->flags & PF_KTHREAD ? 1 : 0;
	tctx->band = CCX_BAND_NONE;
	if (p->tgid != (s32)ccx_config.daemon_tgid)
		return 0;
	bpf_for(i, 0, ccx_machine.nr_domains)
		if (domain_config(i)->dispatcher_tid == (u32)p->pid)
			tctx->dispatcher = i + 1;
	return 0;
}

void CCX_OPS(ccx_enable, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx_get(p);

	if (!tctx)
		return;
	reweigh(tctx, p->scx.weight, tctx->multiplier);
	/* what runs now goes on with it: the kernel's default is several turns */
	ccx_task_set_slice(p, ccx_config.slice_ns);
	tctx->vtime = domain_state(tctx->domain)->vtime_now;
	set_affinity(p, tctx, p->cpus_ptr);
	rules_follow(p, tctx);
	clamps_follow(p, tctx);
}

s32 CCX_OPS(ccx_cgroup_init, struct cgroup *cgrp, struct scx_cgroup_init_args *args)
{
	if (bpf_core_field_exists(args->bw_quota_us))
		group_limit(cgrp, args->bw_quota_us);
	return group_add(cgrp, args->weight);
}

void CCX_OPS(ccx_cgroup_exit, struct cgroup *cgrp)
{
	group_remove(cgrp);
}

void CCX_OPS(ccx_cgroup_move, struct task_struct *p, struct cgroup *from, struct cgroup *to)
{
	struct task_ctx *tctx = task_ctx_get(p);

	if (tctx)
		group_enter(tctx, to);
}

void CCX_OPS(ccx_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	group_set_weight(cgrp, weight);
}

void CCX_OPS(ccx_cgroup_set_bandwidth, struct cgroup *cgrp, u64 period_us, u64 quota_us,
	     u64 burst_us)
{
	group_limit(cgrp, quota_us);
}

SEC("struct_ops.s/ccx_init")
s32 BPF_PROG(ccx_init)
{
	s32 err;
	u32 i;

	err = queues_create();
	if (err)
		return err;
	err = groups_create();
	if (err)
		return err;
	if (ccx_config.consolidate) {
		err = packed_create();
		if (err)
			return err;
	}
	err = masks_create(CCX_MAX_DOMAINS);
	if (err)
		return err;
	bpf_for(i, 0, ccx_machine.nr_domains) {
		domain_state(i)->bands_admitted = CCX_NR_BANDS;
		err = turns_create(i);
		if (!err)
			err = parked_create(i);
		if (!err)
			err = masks_create(i);
		if (err)
			return err;
	}
	bpf_for(i, 0, ccx_machine.nr_cpus) {
		if (!cpu_config(i)->present)
			continue;
		err = ccx_scratch_create(i);
		if (err)
			return err;
		/* one that runs something says so at once; the others would count as busy until they first do */
		cpu_state(i)->idle = 1;
		domain_state(cpu_config(i)->domain)->nr_idle++;
	}
	return 0;
}

void CCX_OPS(ccx_exit_op, struct scx_exit_info *info)
{
	u64 *event;

	bpf_probe_read_kernel_str(ccx_exit.reason, sizeof(ccx_exit.reason), info->reason);
	bpf_probe_read_kernel_str(ccx_exit.message, sizeof(ccx_exit.message), info->msg);
	bpf_probe_read_kernel_str(ccx_exit.dump, sizeof(ccx_exit.dump), info->dump);
	ccx_exit.code = info->exit_code;
	/* `kind` last: a reader that sees it sees the rest */
	__sync_lock_test_and_set(&ccx_exit.kind, info->kind);
	event = bpf_ringbuf_reserve(&ccx_events, sizeof(*event), 0);
	if (event) {
		*event = info->kind;
		bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
	}
}

#endif
