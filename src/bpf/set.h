/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Consolidation, the part that knows domains only: which of them a task is packed into.
 *
 * User space decides how many domains are in use (ccx/consolidate.h) and writes them into ccx_sets.
 * That is advice. Nothing of it is believed but which domains to try first: where a task finds no
 * room there and would have to wait, it is sent outside the set (packed.h), whether user space still
 * runs or not.
 *
 * Without --consolidate nothing here is called: ccx_config is frozen, and the verifier drops what
 * cannot be reached.
 */
#ifndef CCX_BPF_SET_H
#define CCX_BPF_SET_H

#include "state.h"

struct ccx_sets ccx_sets SEC(".bss.sets");

/* Wakes the packer. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ccx_set_events SEC(".maps");

/* The domains to pack the task into, of those that its affinity allows: never none. */
static __always_inline u64 set_of(struct task_ctx *tctx)
{
	u32 class = ccx_config.mixed_kinds && tctx->critical;
	u64 all = ccx_machine.domains_of[class & 1];
	u64 set = *(volatile u64 *)&ccx_sets.domains[class & 1] & all;

	set = (set ? set : all) & tctx->domains;
	return set && !tctx->prefer ? set : tctx->domains;
}

static __always_inline s64 nr_busy(u32 domain)
{
	return (s64)domain_config(domain)->nr_cpus - domain_state(domain)->nr_idle;
}

static __always_inline bool set_has_room(u32 domain)
{
	return nr_busy(domain) < domain_config(domain)->fill;
}

/* Whether a task that runs outside the set should come back: there is room for it. */
static __noinline bool set_calls_back(struct task_ctx *tctx, u32 domain)
{
	u64 set = set_of(tctx);
	u32 i;

	if (in_set(set, domain))
		return false;
	bpf_for(i, 0, ccx_machine.nr_domains)
		if (in_set(set, i) && set_has_room(i))
			return true;
	return false;
}

/* The set has little room left: the packer must look at it, if it sleeps. */
static __noinline void set_alarm(void)
{
	u64 *event;

	/* once until it sleeps again; should it write the flag all the time, the ring is full */
	if (!__sync_lock_test_and_set(&ccx_sets.asleep, 0))
		return;
	event = bpf_ringbuf_reserve(&ccx_set_events, sizeof(*event), 0);
	if (!event)
		return;
	*event = 0;
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

#endif
