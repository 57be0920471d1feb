/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the BPF side and user space: every structure that both see.
 *
 * | structure            | written by                     | read by          | how they synchronise       |
 * | -------------------- | ------------------------------ | ---------------- | -------------------------- |
 * | ccx_config           | user space, before load        | BPF              | frozen when loaded         |
 * | ccx_cpu_state        | BPF on that CPU                | user space       | single writer, plain words |
 * | ccx_domain_state     | BPF on any CPU                 | user space, BPF  | atomics, or racy on purpose|
 * | ccx_message          | BPF, through a BPF ring buffer | its dispatcher   | the ring buffer's own      |
 * | ccx_decision_ring    | its dispatcher                 | BPF              | see the structure          |
 * | ccx_exit             | BPF, once                      | user space       | an event wakes the reader  |
 *
 * User space maps everything that BPF writes read-only. BPF range-checks whatever user space
 * writes: the worst that a wrong decision can do is to order one task badly, once.
 */
#ifndef CCX_ABI_H
#define CCX_ABI_H

#include <linux/types.h>

#include "ccx/limits.h"

#define CCX_OPS_NAME		"ccx"
#define CCX_CACHE_LINE		64

/* Slots of one decision ring and bytes of one message ring; both powers of two. */
#define CCX_DECISIONS		2048
#define CCX_MESSAGE_RING_BYTES	(256 * 1024)

/*
 * A dispatcher stops writing this many slots before its ring is full: a CPU copies a slot after it
 * has claimed it, and up to CCX_APPLY_BATCH slots a CPU may be in that state.
 */
#define CCX_DECISION_MARGIN	512
#define CCX_APPLY_BATCH		16

/* Classes of tasks that messages and statistics name. */
enum ccx_task_flag {
	CCX_TASK_WAKEUP = 1 << 0,	/* became runnable, rather than used up its slice */
	CCX_TASK_CRITICAL = 1 << 1,	/* latency-critical by BPF's classifier */
	CCX_TASK_BATCH = 1 << 2,	/* SCHED_BATCH, SCHED_IDLE */
	CCX_TASK_RESTRICTED = 1 << 3,	/* affinity leaves out some online CPU */
	CCX_TASK_KTHREAD = 1 << 4,
};

/* BPF to dispatcher: one runnable task that found no idle CPU. */
struct ccx_message {
	__u32 pid;
	__u32 generation;	/* goes back in the decision; tells this stay in custody from others */
	__u64 sent_ns;		/* CLOCK_MONOTONIC */
	__u64 domains;		/* bit d: some CPU of domain d may run the task */
	__s64 vtime_ns;		/* virtual time, relative to its domain's clock */
	__u32 awake_us;		/* virtual CPU time since it last slept */
	__u32 burst_us;		/* average CPU time between sleeps */
	__u32 weight;		/* 1..10000, 100 is nice 0 */
	__u32 tgid;
	__u16 flags;		/* enum ccx_task_flag */
	__u16 cpu;		/* where it ran last */
	__u16 domain;		/* whose ring this is */
	__u16 reserved;
	__u32 ran_ago_us;	/* time since it last ran */
	__u32 sleep_us;		/* average time asleep */
};

/* Dispatcher to BPF: where that task goes. */
struct ccx_decision {
	__u32 pid;
	__u32 generation;
	__u64 deadline_ns;	/* virtual time from the task's own to its deadline, <= awake_cap_ns */
	__u32 slice_ns;		/* clamped to [slice_min_ns, slice_max_ns] */
	__u32 fresh_us;		/* BPF may reuse it for so long, 1 s at most; 0: ask every time */
	__u8 domain;		/* target */
	__u8 kind;		/* enum ccx_kind: the least capable kind that may take it at once */
	__u8 reserved[6];
};

/*
 * One domain's decisions: single producer (the dispatcher), many consumers (the CPUs of the
 * domain). Indexes count up for ever; slot = index % CCX_DECISIONS. The producer fills slots, then
 * stores `tail` with release. A consumer loads `tail`, claims by compare-and-swap on
 * ccx_domain_state.decision_head (a full barrier, pairs with the release), then copies. `head` is
 * not in this structure because user space could write it.
 */
struct ccx_decision_ring {
	__u64 tail;
	__u64 beat;		/* counts the dispatcher's batches: its proof of life */
	__u32 asleep;		/* the dispatcher blocks (or is about to): wake it with the message */
	__u32 reserved[11];
	struct ccx_decision slots[CCX_DECISIONS];
};

enum ccx_counter {
	CCX_FAST,		/* wake-ups put on an idle CPU at once */
	CCX_ORDERED,		/* queued by BPF with a decision that was still fresh */
	CCX_CRITICAL,		/* queued by BPF because latency-critical */
	CCX_BOUND,		/* queued by BPF because bound to one CPU */
	CCX_MESSAGES,		/* sent to user space */
	CCX_DECISIONS_APPLIED,
	CCX_STALE,		/* decisions whose task had left custody */
	CCX_REJECTED,		/* decisions with impossible content */
	CCX_OVERTAKEN,		/* left custody because a CPU had nothing else to run */
	CCX_RESCUED,		/* left custody because the dispatcher was late */
	CCX_UNATTENDED,		/* not sent: the dispatcher was late or gone */
	CCX_STOLEN,		/* taken from another domain's queues */
	CCX_MIGRATED_IN,
	CCX_PREEMPTED,		/* running tasks sent off for a latency-critical one */
	CCX_SPILLED,		/* latency-critical work that ran on a lesser kind */
	CCX_DISPATCHER_RUNS,
	CCX_BUSY_NS,
	CCX_DISPATCHER_NS,
	CCX_CRITICAL_ON_PERFORMANCE_NS,
	CCX_CRITICAL_ELSEWHERE_NS,
	CCX_NR_COUNTERS,
};

struct ccx_cpu_state {
	__u64 counters[CCX_NR_COUNTERS];
	__u64 running_since_ns;	/* BPF's clock; 0: nothing of ours runs here */
	__u64 running_until_ns;	/* when it will likely sleep, by its past; BPF's clock */
	__u64 preempted_ns;	/* when a task was last sent off here, written by any CPU */
	__u8 running_critical;
	__u8 running_dispatcher;
	__u8 reserved[6];
} __attribute__((aligned(CCX_CACHE_LINE)));

struct ccx_domain_state {
	__u64 vtime_now;	/* the domain's virtual clock, ns */
	__u64 vtime_advanced_ns; /* when it was last advanced; BPF's clock */
	__u64 decision_head;	/* next decision to claim */
	__u64 custody_since_ns;	/* oldest proof of life that counts for what is in custody; BPF's clock */
	__u64 dispatcher_ran_ns;
	__u64 beat_seen;
	__u64 ring_full;
	__u64 migrated_out;
	__s64 nr_idle;
	__u64 critical_ns;	/* when a latency-critical task was last queued or run; BPF's clock */
	__u32 late;		/* the dispatcher is late: BPF decides until it is back */
	__u32 late_count;
	/* refreshed when the dispatcher is about to run */
	__u32 queued[CCX_NR_KINDS];
	__u32 custody;
} __attribute__((aligned(CCX_CACHE_LINE)));

struct ccx_state {
	struct ccx_cpu_state cpus[CCX_MAX_CPUS];
	struct ccx_domain_state domains[CCX_MAX_DOMAINS];
};

struct ccx_exit {
	__u32 kind;		/* enum scx_exit_kind; 0 while the scheduler runs */
	__u32 reserved;
	__s64 code;
	char reason[128];
	char message[1024];
	char dump[32768];
};

struct ccx_config_cpu {
	__u8 present;
	__u8 domain;
	__u8 kind;
	__u8 smt;		/* shares its core with another CPU */
};

struct ccx_config_domain {
	__u32 nr_cpus;
	__u32 dispatcher_tid;
	__u8 nr_kind[CCX_NR_KINDS];	/* saturates at 255 */
	__u8 nearest[CCX_MAX_DOMAINS];	/* all other domains, by distance */
};

struct ccx_config {
	__u32 nr_cpus;		/* highest CPU number + 1 */
	__u32 nr_online;
	__u32 nr_domains;
	__u32 daemon_tgid;
	__u32 mixed_kinds;	/* the machine has more than one kind of CPU */
	__u32 reserved;
	__u64 slice_ns;
	__u64 slice_min_ns;
	__u64 slice_max_ns;
	__u64 rescue_ns;
	__u64 spill_ns;
	__u64 lag_ns;		/* how far a sleeper may fall behind its domain's clock */
	__u64 debt_ns;		/* how far ahead of it any task counts at most */
	__u64 awake_cap_ns;	/* how much CPU time without sleep counts against a deadline */
	struct ccx_config_cpu cpus[CCX_MAX_CPUS];
	struct ccx_config_domain domains[CCX_MAX_DOMAINS];
};

_Static_assert(sizeof(struct ccx_message) == 64, "a message is one cache line");
_Static_assert(sizeof(struct ccx_decision) == 32, "two decisions a cache line");
_Static_assert(sizeof(struct ccx_decision_ring) == 64 + 32 * CCX_DECISIONS, "no padding");
_Static_assert(__builtin_offsetof(struct ccx_decision_ring, slots) == 64, "slots are aligned");
_Static_assert(sizeof(struct ccx_cpu_state) % CCX_CACHE_LINE == 0, "no false sharing of CPUs");
_Static_assert((CCX_DECISIONS & (CCX_DECISIONS - 1)) == 0, "power of two");
_Static_assert(sizeof(struct ccx_config_cpu) == 4, "no padding");

#endif
