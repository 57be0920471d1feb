/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs that go offline and come online while the scheduler is attached.
 *
 * The domain goes on with the CPUs that it has left: its masks and what it counts of them follow at
 * once, tasks' affinities when they are queued next (settle_domain), dispatchers read its capacity in
 * each batch. Queues are the domain's, so nothing waits for that CPU but what only it may run (sift.h).
 *
 * What changes more than that ends the session with the kernel's code for "start again": a CPU that is
 * not in the topology, a domain's last CPU, and any where domains are packed or the CPUs' counters are
 * read.
 *
 * Both operations run on the CPU in question, one at a time (the kernel's hotplug lock), before it is
 * online and after it is offline for us: meanwhile the kernel does not ask us about it.
 */
#ifndef CCX_BPF_HOTPLUG_H
#define CCX_BPF_HOTPLUG_H

#include "account.h"
#include "masks.h"
#include "sift.h"
#include "ccx/balance.h"

/*
 * What runs on a CPU that is not online is about to bring it up or down, or to be pushed away. Its slice
 * must not end: the kernel does not ask us for another task then and, with SCX_OPS_ENQ_LAST, puts the
 * one that it has into the CPU's own queue and goes idle, without a reschedule, until something else
 * wakes the CPU (docs/kernels.md: on 6.18 the hotplug thread did not run for five seconds and more).
 */
#define OFFLINE_SLICE_NS	(1000 * 1000 * 1000ULL)

static __always_inline void start_again(s32 cpu, bool online)
{
	char goes[] = "CPU %llu goes offline", comes[] = "CPU %llu comes online";
	unsigned long long arguments[] = { cpu };

	scx_bpf_exit_bstr(CCX_ECODE_RESTART, online ? comes : goes, arguments, sizeof(arguments));
}

/*
 * A CPU that goes offline waits until no task is on its run queue, and looks only when it schedules. Tasks that wait
 * in our queues are on the run queue of the CPU that queued them: when another CPU has taken the last of them,
 * the leaving one is idle already, and nothing would ever tell it (docs/kernels.md: the hotplug thread, and with it
 * who took the CPU offline, waited for good). Called whenever a CPU looks for work. Verified by itself (allowed.h).
 */
__noinline u32 ccx_nudge_leaving(void)
{
	u32 leaving = ccx_state.leaving;
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	bool gone = !bpf_cpumask_test_cpu(leaving - 1, online);

	scx_bpf_put_cpumask(online);
	if (gone)
		__sync_val_compare_and_swap(&ccx_state.leaving, leaving, 0);
	else
		scx_bpf_kick_cpu(leaving - 1, CCX_KICK_IDLE);
	return 0;
}

/* The domain has that CPU, or has it no longer. 0, or -errno: the masks are not right. */
static __always_inline s32 set_present(u32 cpu, bool present)
{
	struct ccx_config_cpu *config = &ccx_machine.cpus[cpu & (CCX_MAX_CPUS - 1)];
	struct ccx_config_cpu *sibling = &ccx_machine.cpus[config->sibling & (CCX_MAX_CPUS - 1)];
	u32 domain = config->domain & (CCX_MAX_DOMAINS - 1);
	struct ccx_config_domain *at = &ccx_machine.domains[domain];
	bool shares = config->sibling != cpu && sibling->present;
	u32 capacity = ccx_capacity_added(config->capacity, shares);
	u8 *nr_kind = &at->nr_kind[config->kind < CCX_NR_KINDS ? config->kind : 0];
	s32 err;

	config->present = present;
	config->smt = present && shares;
	if (shares)
		sibling->smt = present;
	if (present) {
		at->nr_cpus++;
		at->nr_cores += !shares;
		at->capacity += capacity;
		*nr_kind += *nr_kind < 255;
	} else {
		at->nr_cpus--;
		at->nr_cores -= !shares;
		at->capacity -= capacity;
		/* 255: more than that */
		*nr_kind -= *nr_kind > 0 && *nr_kind < 255;
	}
	err = masks_create(domain);
	if (!err)
		err = masks_create(CCX_MAX_DOMAINS);
	ccx_machine.version++;
	return err;
}

/* The main thread tells of it. */
static __always_inline void notify_cpus(void)
{
	u64 *event = bpf_ringbuf_reserve(&ccx_events, sizeof(*event), 0);

	if (!event)
		return;
	*event = 0;
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

static __always_inline bool in_topology(s32 cpu)
{
	return cpu >= 0 && cpu < CCX_MAX_CPUS && cpu_config(cpu)->capacity;
}

void CCX_OPS(ccx_cpu_offline, s32 cpu)
{
	u32 domain;

	ccx_task_set_slice(bpf_get_current_task_btf(), OFFLINE_SLICE_NS);
	/* it came a moment ago, and the session ends for that */
	if (!in_topology(cpu) || !cpu_config(cpu)->present)
		return;
	domain = cpu_config(cpu)->domain;
	is_busy(cpu, domain);
	if (ccx_config.consolidate || ccx_config.measured_dies || domain_config(domain)->nr_cpus < 2 ||
	    set_present(cpu, false)) {
		start_again(cpu, false);
		return;
	}
	cpu_state(cpu)->offline_since_ns = bpf_ktime_get_ns();
	ccx_state.leaving = cpu + 1;
	domain_state(domain)->sift = 1;
	ccx_sift(domain);
	ccx_sift_queue(queue_bound(cpu, 0), CCX_MAX_DOMAINS);
	ccx_sift_queue(queue_bound(cpu, 1), CCX_MAX_DOMAINS);
	notify_cpus();
}

void CCX_OPS(ccx_cpu_online, s32 cpu)
{
	struct ccx_cpu_state *state = cpu_state(cpu);

	__sync_val_compare_and_swap(&ccx_state.leaving, cpu + 1, 0);
	if (!in_topology(cpu) || cpu_config(cpu)->present || set_present(cpu, true)) {
		start_again(cpu, true);
		return;
	}
	if (state->offline_since_ns)
		state->offline_ns += bpf_ktime_get_ns() - state->offline_since_ns;
	state->offline_since_ns = 0;
	notify_cpus();
}

#endif
