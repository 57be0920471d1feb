/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps, per-task state and the small accessors everything else uses.
 */
#ifndef CCX_BPF_STATE_H
#define CCX_BPF_STATE_H

#include "compat.h"
#include "ccx/abi.h"
#include "ccx/balance.h"
#include "ccx/classify.h"
#include "ccx/deadline.h"
#include "ccx/rules.h"

/* An operation of sched_ext. */
#define CCX_OPS(name, args...)                                                                     \
	SEC("struct_ops/" #name)                                                                  \
	BPF_PROG(name, ##args)

const volatile struct ccx_config ccx_config SEC(".rodata.config");
struct ccx_machine ccx_machine SEC(".bss.machine");
struct ccx_state ccx_state SEC(".bss.state");
struct ccx_exit ccx_exit SEC(".bss.exit");

/* One ring buffer a domain; user space makes and inserts them before it attaches. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, CCX_MAX_DOMAINS);
	__uint(key_size, sizeof(u32));
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, CCX_MESSAGE_RING_BYTES);
	});
} ccx_messages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, CCX_MAX_DOMAINS);	/* user space lowers this to the domains there are */
	__type(key, u32);
	__type(value, struct ccx_decision_ring);
} ccx_decisions SEC(".maps");

/* Wakes the main thread when the scheduler ends, and when CPUs come or go. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ccx_events SEC(".maps");

/* What rules look at in a task, as it was when the task was last matched (rules.h). */
struct rule_subject {
	u64 comm[2];
	u64 process[2];		/* comm of the thread group's leader; 0 unless some rule asks */
	u64 cgroup;		/* its number; the same */
};

/*
 * custody: written when a message is sent, cleared by compare-and-swap by whoever applies the
 * decision, or by running() when a CPU took the task without one. Everything else is written only
 * by the CPU that enqueues, runs or stops the task, which the kernel serialises.
 */
struct task_ctx {
	u64 custody;		/* generation << 1 | in custody */
	u64 vtime;		/* on the clock of `domain` */
	u64 awake_ns;		/* virtual CPU time since it last slept */
	u64 started_ns;
	u64 stopped_ns;
	u64 queued_ns;		/* when it was queued; 0 once it runs */
	u64 moved_ns;		/* when it came to its domain from another one; 0: never */
	u64 fresh_until_ns;	/* the last decision may be reused until then */
	u64 burst_ns;		/* average work between sleeps: CPU time on the fastest kind of CPU */
	u64 burst_now_ns;	/* the same since it last slept */
	u64 sleep_ns;		/* average time asleep */
	u64 slept_ns;		/* when it last went to sleep; 0 once it is queued or runs */
	u64 started_by_ns;	/* when a synchronous wake-up sent it to an idle CPU; 0: none, or it runs */
	u64 turn_used_ns;	/* CPU time in a turn in which it was sent off for others; 0: it was not */
	u64 handoff_ns;		/* average time from waking another until it sleeps */
	u64 domains;		/* bit d: its affinity allows some CPU of domain d that is online */
	u64 rules_version;	/* of the rules it was last matched with; 0: never */
	struct rule_subject subject;
	u64 multiplier;		/* of its cgroup, when `weight` was computed (groups.h) */
	u32 generation;
	u32 weight;		/* effective: its own, times that */
	u32 inverse_weight;	/* of `weight` */
	u32 own_weight;		/* p->scx.weight */
	u32 group;		/* its cgroup */
	u32 grouped;		/* what it adds to its cgroup's weight in its domain */
	u32 ready;		/* which ready queue it is counted in (queues.h), 0 for none */
	u32 counted;		/* what it adds to its domain's weight: 0 while it sleeps */
	u32 slice_ns;		/* of the last decision */
	u32 classified;		/* when it was last classified, in 2^20 ns */
	u32 waker;		/* pid of the task that woke it last */
	u32 machine_version;	/* ccx_machine.version that `domains` and `restricted` are of */
	u32 domain;
	u8 kind;		/* of the last decision */
	u8 critical;
	u8 dispatcher;		/* domain + 1 when the task is a dispatcher */
	u8 restricted;		/* its affinity leaves out some online CPU; a dispatcher's, one of its domain */
	u8 band;		/* enum ccx_band */
	u8 handed;		/* the CPU was handed over to it */
	u8 handoffs;		/* in a row, see placement.h */
	u8 wakes;		/* by that one in a row (partners.h) */
	u8 running;		/* on a CPU since started_ns */
	u16 bound;		/* CPU + 1 whose queue bound(cpu) it waits in; 0: none */
	u8 lesser_only;		/* its affinity leaves out all performance CPUs, but not all others */
	u16 moves_to;		/* CPU + 1, claimed for it, that it moves to when its slice is over */
	u8 ruled;		/* enum ccx_class: what a rule says */
	u8 prefer;		/* enum ccx_prefer: by a rule, or measured; AUTO: neither die */
	u8 die_ruled;		/* a rule says what it prefers, or that it prefers nothing */
	u8 blocked;		/* its last sleep was for a lock or a disk, not of its own will */
	u8 feeds;		/* ccx_feeds_after() */
	u8 speed;		/* enum ccx_speed: what clamps say */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} ccx_tasks SEC(".maps");

/* CPU masks of a domain; index CCX_MAX_DOMAINS is the whole machine. */
struct domain_masks {
	struct bpf_cpumask __kptr *all;
	struct bpf_cpumask __kptr *performance;
	struct bpf_cpumask __kptr *lesser;	/* efficiency and low-power */
	struct bpf_cpumask __kptr *efficiency;
	struct bpf_cpumask __kptr *able;	/* performance and efficiency */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CCX_MAX_DOMAINS + 1);
	__type(key, u32);
	__type(value, struct domain_masks);
} ccx_masks SEC(".maps");

/* One scratch mask a CPU, for the masks of restricted tasks. */
struct scratch_mask {
	struct bpf_cpumask __kptr *mask;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch_mask);
} ccx_scratch SEC(".maps");

/* Some idle CPU of that domain, or of the machine for CCX_MAX_DOMAINS, looks for work. */
static __always_inline void kick_any_idle(u32 domain)
{
	struct domain_masks *masks = bpf_map_lookup_elem(&ccx_masks, &domain);
	s32 cpu;

	if (!masks || !masks->all)
		return;
	cpu = scx_bpf_pick_idle_cpu((const struct cpumask *)masks->all, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, CCX_KICK_IDLE);
}

static __always_inline struct task_ctx *task_ctx_get(struct task_struct *p)
{
	return bpf_task_storage_get(&ccx_tasks, p, NULL, 0);
}

/* Masks rather than branches: an index can never leave its array. */
static __always_inline struct ccx_domain_state *domain_state(u32 domain)
{
	return &ccx_state.domains[domain & (CCX_MAX_DOMAINS - 1)];
}

static __always_inline struct ccx_cpu_state *cpu_state(u32 cpu)
{
	return &ccx_state.cpus[cpu & (CCX_MAX_CPUS - 1)];
}

static __always_inline const volatile struct ccx_config_cpu *cpu_config(u32 cpu)
{
	return &ccx_machine.cpus[cpu & (CCX_MAX_CPUS - 1)];
}

static __always_inline const volatile struct ccx_config_domain *domain_config(u32 domain)
{
	return &ccx_machine.domains[domain & (CCX_MAX_DOMAINS - 1)];
}

/* Of a set of domains: bit d is domain d. */
static __always_inline bool in_set(u64 set, u32 domain)
{
	return set & 1ULL << (domain & (CCX_MAX_DOMAINS - 1));
}

/* The domain itself if it is in the set, else the nearest that is; itself if none is. */
static __noinline u32 nearest_in(u64 set, u32 domain)
{
	u32 i;

	if (in_set(set, domain))
		return domain;
	bpf_for(i, 0, ccx_machine.nr_domains - 1) {
		u32 far = domain_config(domain)->nearest[i & (CCX_MAX_DOMAINS - 1)];

		if (in_set(set, far))
			return far;
	}
	return domain;
}

/* Counters belong to the CPU that counts: no atomics, no shared lines. */
static __always_inline void count(enum ccx_counter counter, u64 n)
{
	cpu_state(bpf_get_smp_processor_id())->counters[counter] += n;
}

#endif
