/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the BPF side and user space: every structure that both see.
 *
 * | structure            | written by                     | read by          | how they synchronise       |
 * | -------------------- | ------------------------------ | ---------------- | -------------------------- |
 * | ccx_config           | user space, before load        | BPF              | frozen when loaded         |
 * | ccx_machine          | user space, before attach;     | BPF, dispatchers | plain words, each of them  |
 * |                      | then BPF, when CPUs come or go |                  | right by itself            |
 * | ccx_cpu_state        | BPF on that CPU                | user space       | single writer, plain words |
 * | ccx_domain_state     | BPF on any CPU                 | user space, BPF  | atomics, or racy on purpose|
 * | ccx_message          | BPF, through a BPF ring buffer | its dispatcher   | the ring buffer's own      |
 * | ccx_decision_ring    | its dispatcher                 | BPF              | see the structure          |
 * | ccx_sets             | the packer; `asleep` BPF, too  | BPF, dispatchers | plain words, checked at use|
 * | ccx_exit             | BPF, once                      | user space       | an event wakes the reader  |
 *
 * User space maps everything that BPF writes read-only. BPF range-checks whatever user space
 * writes: the worst that a wrong decision can do is to order one task badly, once.
 */
#ifndef CCX_ABI_H
#define CCX_ABI_H

#include <linux/types.h>

#include "ccx/classify.h"
#include "ccx/limits.h"
#include "ccx/rules.h"
#include "ccx/waits.h"

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

/* Room for all of enum ccx_prefer, a power of two. */
#define CCX_DIES		4

/* Performance CPUs of a domain that a latency-critical task looks at for one to preempt. */
#define CCX_VICTIMS		16

/* Classes of tasks that messages and statistics name. */
enum ccx_task_flag {
	CCX_TASK_WAKEUP = 1 << 0,	/* became runnable, rather than used up its slice */
	CCX_TASK_CRITICAL = 1 << 1,	/* latency-critical by BPF's classifier */
	CCX_TASK_BATCH = 1 << 2,	/* SCHED_BATCH, SCHED_IDLE */
	CCX_TASK_RESTRICTED = 1 << 3,	/* affinity leaves out some online CPU */
	CCX_TASK_KTHREAD = 1 << 4,
	CCX_TASK_FOLLOWS = 1 << 5,	/* one other task has woken it every time of late */
	CCX_TASK_GATHERED = 1 << 6,	/* other threads of its process are here; a dispatcher adds it */
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
	__u16 moved_ago_ms;	/* time since it came to this domain; the maximum: long ago, or never */
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
	__u8 kind;		/* the ready queue: enum ccx_kind, below CCX_NR_READY */
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
	__u32 leaves_alone;	/* while it blocks, BPF orders a task that wakes and waits alone by itself */
	__u32 reserved[10];
	struct ccx_decision slots[CCX_DECISIONS];
};

enum ccx_counter {
	CCX_FAST,		/* wake-ups put on an idle CPU at once */
	CCX_ORDERED,		/* queued by BPF with a decision that was still fresh */
	CCX_ALONE,		/* woken, and queued by BPF: nothing else waited, and the dispatcher slept */
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
	CCX_OUTSIDE,		/* sent to a CPU outside the set of domains in use */
	CCX_MIGRATED_IN,
	CCX_JOINED,		/* sent to the domain of their partner, which woke them */
	CCX_PREEMPTED,		/* running tasks sent off for a latency-critical one */
	CCX_SPILLED,		/* latency-critical work that ran on a lesser kind */
	CCX_MOVED,		/* busy tasks that moved to an idle CPU that suits them better */
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
	__u64 start_ns;		/* average time from a synchronous wake-up of this idle CPU until the task runs */
	__u64 turn_ns;		/* when a task last began to run that was not handed the CPU */
	__u64 hands_over_ns;	/* of the task that runs (placement.h): so long after waking another it sleeps */
	__u64 woke_other_ns;	/* when it did that since it began to run; 0: it did not */
	__u64 preempted_ns;	/* when what runs was told to make room, 0 once it has; any CPU */
	__u64 preempt_pause_ns;	/* until when tasks that were sent off count; any CPU */
	__u64 turn_seen_ns;	/* running_since_ns when a timer looked last (src/bpf/crowd.h) */
	__u64 offline_since_ns;	/* CLOCK_MONOTONIC; 0: it is online */
	__u64 offline_ns;	/* for so long it was before that */
	struct ccx_waits waits;	/* of tasks that began to run here after they were queued */
	__u32 bound;		/* tasks in bound(cpu); atomic */
	__u32 turn;		/* counts choices, to alternate where two have a claim */
	__u8 idle;		/* counted in its domain's nr_idle */
	__u8 running_critical;
	__u8 running_dispatcher;
	__u8 makes_room;	/* what runs is about to be sent off for a latency-critical task */
	__u8 fed;		/* what runs has woken one that has to wait in turn */
	__u8 reserved[3];
} __attribute__((aligned(CCX_CACHE_LINE)));

/*
 * Written by the CPUs of the domain, each line by events of about one frequency: the first at every
 * context switch, the second where tasks queue, the third by what has to do with the dispatcher.
 */
struct ccx_domain_state {
	__u64 vtime_now;	/* the domain's virtual clock, ns; atomic */
	__u64 vtime_advanced_ns; /* when it was last corrected; BPF's clock */
	__s64 weight;		/* sum over the tasks at home here that run or wait; atomic */
	__s64 nr_idle;		/* atomic */
	__s64 front_ns;		/* ccx_front_average() of the tasks that ran here */
	__u64 band_used_ns[CCX_NR_BANDS]; /* CPU time of each band since `bands_since_ns`; atomic */
	__u64 bands_since_ns;

	__u64 look_ns __attribute__((aligned(CCX_CACHE_LINE)));	/* when the next look is due (pick.h) */
	__u32 half;		/* the half of each ready queue that tasks go into: 0 or 1 */
	__u32 old;		/* bit `kind`: the other half may hold tasks; more bits in pick.h */
	__s32 ready[CCX_NR_READY]; /* tasks in the ready queues, or taken and about to run; atomic */
	__u32 bands_admitted;	/* so many bands of tasks are latency-critical, the lightest first */
	__u32 band_load[CCX_NR_BANDS]; /* average share of each, of CCX_LOAD_ONE */
	__u32 critical_load;	/* 1: latency-critical tasks add up to something, and have for a while */
	__u64 critical_ns;	/* when one was last queued or run while they did; BPF's clock */
	/* refreshed when the dispatcher is about to run */
	__u32 queued[CCX_NR_READY];
	__u32 custody_queued;
	/* with a look */
	__u64 epoch_ns;		/* when the halves changed roles */
	__u64 turn_ns;		/* longest turn in a crowd (ccx/crowd.h); 0: there is none */
	__u64 stranded;		/* bit d: nothing of domain d runs, though tasks wait there */
	__u32 turns_timed;	/* a timer ends turns */
	__u32 sift;		/* a CPU went offline: look through what waits once more (src/bpf/hotplug.h) */
	__u64 odd_since_ns;	/* when a task was last taken from another domain; BPF's clock */
	__u32 spread;		/* ccx_spread_after() */

	__u64 decision_head __attribute__((aligned(CCX_CACHE_LINE)));	/* next decision to claim */
	__u64 custody_since_ns;	/* oldest proof of life that counts for what is in custody; BPF's clock */
	__u64 dispatcher_ran_ns;
	__u64 beat_seen;
	__u64 ring_full;
	__u64 migrated_out;
	__s32 custody;		/* tasks in custody; atomic */
	__u32 parked;		/* the dispatcher is in parked(domain) */
	__u32 parked_timed;	/* a timer looks after it */
	__u32 blocked;		/* the dispatcher sleeps */
	__u32 late;		/* the dispatcher is late: BPF decides until it is back */
	__u32 late_count;
	__u64 critical_since_ns; /* since when latency-critical tasks add up to something; 0: they do not */
	__u64 bands_reduced_ns;	/* when a band was last shut out */
	__u64 called_ns;	/* when a task was last called over (move.h); BPF's clock */
	__u32 wants_better;	/* CPU + 1: what runs there had better run on an idle CPU of this domain */
	/* only with `consolidate` */
	__u64 stint_ns;		/* average time a task runs in one go */
	__u64 overdue_ns;	/* when a task was last found that waited for too long; BPF's clock */
} __attribute__((aligned(CCX_CACHE_LINE)));

/*
 * Consolidation: the domains that work is packed into, bit d: domain d (ccx/consolidate.h). User
 * space writes it at any time. BPF uses of it what there is (domains_of in ccx_machine), everything
 * if that is nothing, and goes beyond it by itself where a task would have to wait.
 */
struct ccx_sets {
	__u64 domains[2];	/* by enum ccx_set_class */
	__u32 asleep;		/* the packer blocks: an event when the set becomes half full */
	__u32 reserved;
};

struct ccx_state {
	struct ccx_cpu_state cpus[CCX_MAX_CPUS];
	struct ccx_domain_state domains[CCX_MAX_DOMAINS];
	__s64 limited_cgroups;	/* with a cpu.max, which is not honoured; atomic */
	__u32 leaving;		/* CPU + 1 that goes offline; 0: none (hotplug.h) */
	__u32 reserved;
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
	__u8 present;		/* online */
	__u8 domain;
	__u8 kind;
	__u8 smt;		/* shares its core with another CPU that is online */
	__u16 capacity;		/* 1..1024; 0: not in the topology */
	__u16 sibling;		/* the other CPU of its core; itself if there is none */
};

struct ccx_config_domain {
	__u32 nr_cpus;
	__u32 nr_cores;
	__u32 capacity;		/* ccx_policy_capacity() */
	__u32 dispatcher_tid;
	__u32 fill;		/* so many of its CPUs are used before others are woken */
	__u8 nr_kind[CCX_NR_KINDS];	/* saturates at 255 */
	__u8 critical_home;	/* nearest domain with performance CPUs, itself if it has some */
	__u8 die[CCX_DIES];	/* by enum ccx_prefer: nearest domain of that die, else itself */
	__u8 cache_die;		/* where a part has two, it is the one with the larger cache */
	__u8 nr_victims;
	__u16 performance[CCX_VICTIMS];	/* the first of its performance CPUs, online or not */
	__u8 nearest[CCX_MAX_DOMAINS];	/* all other domains, by distance */
	__u32 nr_near;		/* so many of these are on the same memory node */
};

/*
 * The machine as it is now. While the scheduler is attached BPF follows CPUs that go offline and come
 * online (src/bpf/hotplug.h): `present`, `smt`, and what domains count of their CPUs. What is more than
 * that takes another one of these, with which the loaded object is attached again.
 */
struct ccx_machine {
	__u32 nr_cpus;		/* highest CPU number + 1 */
	__u32 version;		/* counts changes of `present` */
	__u32 nr_domains;
	__u32 lesser_capacity;	/* the largest of a CPU that is no performance CPU */
	__u64 domains_of[2];	/* by enum ccx_set_class: the domains that may be in that set */
	__u64 low_power_domains; /* bit d: domain d has no other */
	struct ccx_config_cpu cpus[CCX_MAX_CPUS];
	struct ccx_config_domain domains[CCX_MAX_DOMAINS];
};

/* What the programs are specialised for: the verifier removes what an option leaves out. */
struct ccx_config {
	__u32 daemon_tgid;
	__u32 mixed_kinds;	/* the machine has more than one kind of CPU */
	__u32 many_nodes;	/* some domains are on another memory node than others */
	__u32 consolidate;	/* pack work into the domains of ccx_sets */
	__u32 siblings_first;	/* with that: both siblings of a core before the next core */
	__u32 low_power;	/* it has low-power CPUs beside efficiency ones */
	__u32 measured_dies;	/* what dies processes prefer is measured (ccx/dies.h) */
	__u32 reserved;		/* no padding: two of these are compared as bytes */
	__u64 slice_ns;
	__u64 slice_least_ns;	/* what is left of it, however many wait */
	__u64 slice_min_ns;	/* no decision may ask for less, */
	__u64 slice_max_ns;	/* or for more */
	__u64 rescue_ns;
	__u64 spill_ns;
	__u64 lag_ns;		/* how far a sleeper may fall behind its domain's clock */
	__u64 debt_ns;		/* how far ahead of it any task counts at most */
	__u64 awake_cap_ns;	/* how much CPU time without sleep counts against a deadline */
};

_Static_assert(sizeof(struct ccx_message) == 64, "a message is one cache line");
_Static_assert(sizeof(struct ccx_decision) == 32, "two decisions a cache line");
_Static_assert(sizeof(struct ccx_decision_ring) == 64 + 32 * CCX_DECISIONS, "no padding");
_Static_assert(__builtin_offsetof(struct ccx_decision_ring, slots) == 64, "slots are aligned");
_Static_assert(sizeof(struct ccx_cpu_state) % CCX_CACHE_LINE == 0, "no false sharing of CPUs");
_Static_assert(CCX_NR_PREFERS <= CCX_DIES, "each preference has a die");
_Static_assert((CCX_DECISIONS & (CCX_DECISIONS - 1)) == 0, "power of two");
_Static_assert(sizeof(struct ccx_config_cpu) == 8, "no padding");

#endif
