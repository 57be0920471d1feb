/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules: what a person said about tasks, in the form that BPF compares them with. docs/rules.md has
 * the file that they are read from.
 *
 * | structure     | written by              | read by    | how they synchronise |
 * | ------------- | ----------------------- | ---------- | -------------------- |
 * | ccx_rules     | user space, at any time | BPF        | see the structure    |
 * | ccx_rule_hits | BPF on any CPU          | user space | atomic additions     |
 *
 * User space maps ccx_rule_hits read-only. BPF trusts nothing in ccx_rules: the number of rules and
 * of words is clamped, a class or preference that does not exist counts as none.
 *
 * A pattern is compared as words under masks, so that exact and prefix are the same to BPF: the mask
 * of an exact pattern covers its terminating zero, too. Bytes are in memory order, so words are the
 * same to both sides whatever the byte order.
 */
#ifndef CCX_RULES_H
#define CCX_RULES_H

#include <linux/types.h>

#define CCX_MAX_RULES		64
#define CCX_COMM_BYTES		16	/* the kernel's TASK_COMM_LEN, with the terminating zero */
#define CCX_CGROUP_BYTES	256	/* of a pattern, with the terminating zero */

enum ccx_class {
	CCX_CLASS_AUTO,			/* the classifier decides */
	CCX_CLASS_LATENCY_CRITICAL,
	CCX_CLASS_NORMAL,		/* never latency-critical */
	CCX_CLASS_BATCH,		/* the same, and as if it had policy SCHED_BATCH */
	CCX_NR_CLASSES,
};

/* Of performance CPUs on parts where some have the larger cache and some the higher clock. */
enum ccx_prefer {
	CCX_PREFER_AUTO,		/* what was measured, if anything (ccx/dies.h) */
	CCX_PREFER_CACHE,
	CCX_PREFER_FREQUENCY,
	CCX_PREFER_NONE,		/* neither, whatever was measured */
	CCX_NR_PREFERS,
};

struct ccx_comm_pattern {
	__u64 value[CCX_COMM_BYTES / 8];
	__u64 mask[CCX_COMM_BYTES / 8];	/* all zero: matches everything */
};

/* Holds for a task if all of its conditions do. */
struct ccx_rule {
	struct ccx_comm_pattern comm;	/* of the task */
	struct ccx_comm_pattern process; /* comm of its thread group's leader */
	__u32 pid;			/* of the task or its thread group, host's view; 0: any */
	__u8 class;			/* enum ccx_class */
	__u8 prefer;			/* enum ccx_prefer */
	__u16 cgroup_words;		/* of `cgroup` to compare; 0: any cgroup */
	__u64 cgroup_mask;		/* of the last of these words; the others count in full */
	__u64 cgroup[CCX_CGROUP_BYTES / 8]; /* path from the root of the cgroup2 hierarchy */
};

/* What a table's rules look at beside comm and pid: what nobody asks about is not read. */
enum ccx_rules_look {
	CCX_RULES_PROCESS = 1 << 0,
	CCX_RULES_CGROUP = 1 << 1,
};

/* The first rule that holds counts. */
struct ccx_rules_table {
	__u32 nr;
	__u32 look;			/* enum ccx_rules_look */
	struct ccx_rule rules[CCX_MAX_RULES];
};

/*
 * The table in force is tables[version % 2]. Single writer: it fills the other table, then stores
 * `version` + 1 with release. A reader loads `version` once and indexes with it: the address of all
 * that it reads then depends on that load, which orders them (pairs with the release). A task
 * remembers the version it was matched under and is matched again when it finds another, so a
 * reader so slow that the writer comes round to its table again may take a wrong match, but only
 * until the task's next turn.
 */
struct ccx_rules {
	__u64 version;			/* 0: no rules, for as long as this program is loaded */
	__u64 reserved[7];
	struct ccx_rules_table tables[2];
};

/* How often tasks came under a rule; counts on when a table is used again. */
struct ccx_rule_hits {
	__u64 tables[2][CCX_MAX_RULES];
};

_Static_assert(sizeof(struct ccx_comm_pattern) == 32, "no padding");
_Static_assert(sizeof(struct ccx_rule) == 80 + CCX_CGROUP_BYTES, "no padding");
_Static_assert(__builtin_offsetof(struct ccx_rule, cgroup) == 80, "words are aligned");
_Static_assert(sizeof(struct ccx_rules_table) == 8 + CCX_MAX_RULES * sizeof(struct ccx_rule),
	       "no padding");
_Static_assert(__builtin_offsetof(struct ccx_rules, tables) == 64, "version has its own line");
_Static_assert((CCX_MAX_RULES & (CCX_MAX_RULES - 1)) == 0, "power of two: BPF masks indexes");
_Static_assert((CCX_CGROUP_BYTES & (CCX_CGROUP_BYTES - 1)) == 0, "power of two: the same");

#endif
