/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which rule (ccx/rules.h) a task comes under.
 *
 * The result is kept in the task's state, with the version of the rules and what they looked at:
 * comm, and if some rule asks for it the leader's comm and the cgroup. Wherever a task becomes
 * runnable or uses up its slice, rules_follow() compares these, and matches anew when one differs.
 * Without rules that is one comparison. So a task that is renamed or moved to another cgroup, and a
 * new version of the rules, count from the task's next turn on; nobody has to look for tasks.
 *
 * Cgroups are matched by path, level by level from the root, rather than by numbers that user space
 * looks up: a cgroup that is made later matches as well.
 */
#ifndef CCX_BPF_RULES_H
#define CCX_BPF_RULES_H

#include "state.h"

struct ccx_rules ccx_rules SEC(".bss.rules");
struct ccx_rule_hits ccx_rule_hits SEC(".bss.hits");

/* A level has two bytes at least: so many fill what is compared, however deep the cgroup is. */
#define CGROUP_LEVELS		(CCX_CGROUP_BYTES / 2)

/* A path as far as it is compared, and room for the last name that begins in there. */
union rule_path {
	char text[2 * CCX_CGROUP_BYTES];
	u64 words[2 * CCX_CGROUP_BYTES / 8];
};

/* Matching is done under the lock of the task's run queue: interrupts are off, nothing nests. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, union rule_path);
} ccx_rule_path SEC(".maps");

static __always_inline const struct ccx_rules_table *rules_table(u64 version)
{
	return &ccx_rules.tables[version & 1];
}

/* The run queue's lock keeps p->cgroups from being freed: it disables preemption, hence RCU. */
static __always_inline u64 cgroup_id(struct task_struct *p)
{
	return bpf_core_field_exists(p->cgroups) ? BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id) : 0;
}

/* The kernel fills comm up with zeros, so it can be compared as words. */
static __always_inline void subject_read(struct rule_subject *subject, struct task_struct *p,
					 u32 look)
{
	const u64 *comm = (const u64 *)p->comm;

	subject->comm[0] = comm[0];
	subject->comm[1] = comm[1];
	subject->process[0] = subject->process[1] = 0;
	if (look & CCX_RULES_PROCESS)
		BPF_CORE_READ_INTO(&subject->process, p, group_leader, comm);
	subject->cgroup = look & CCX_RULES_CGROUP ? cgroup_id(p) : 0;
}

static __always_inline bool subject_same(const struct rule_subject *a, const struct rule_subject *b)
{
	return a->comm[0] == b->comm[0] && a->comm[1] == b->comm[1] &&
	       a->process[0] == b->process[0] && a->process[1] == b->process[1] &&
	       a->cgroup == b->cgroup;
}

/* Writes the path of the task's cgroup. False when the kernel's structures cannot be read. */
static __noinline bool path_read(union rule_path *path, struct task_struct *p)
{
	struct cgroup *cgroup, *ancestor, **ancestors;
	u32 used = 0, level, i;
	long bytes;

	path->words[0] = 0;
	path->text[0] = '/';
	if (!bpf_core_field_exists(p->cgroups))
		return false;
	cgroup = BPF_CORE_READ(p, cgroups, dfl_cgrp);
	ancestors = (void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors);
	level = BPF_CORE_READ(cgroup, level);
	if (level > CGROUP_LEVELS)
		level = CGROUP_LEVELS;
	bpf_for(i, 1, level + 1) {
		if (used >= CCX_CGROUP_BYTES)
			break;
		if (bpf_probe_read_kernel(&ancestor, sizeof(ancestor), ancestors + i))
			return false;
		path->text[used & (CCX_CGROUP_BYTES - 1)] = '/';
		bytes = bpf_probe_read_kernel_str(&path->text[(used & (CCX_CGROUP_BYTES - 1)) + 1],
						  CCX_CGROUP_BYTES - 1,
						  BPF_CORE_READ(ancestor, kn, name));
		if (bytes <= 0)
			return false;
		used += bytes;	/* the slash, and the name without its zero */
	}
	return true;
}

/* A path that ends earlier differs in its terminating zero: what is behind that does not matter. */
static __noinline bool path_matches(const union rule_path *path, const struct ccx_rule *rule)
{
	u32 nr = rule->cgroup_words, i;

	bpf_for(i, 0, nr) {
		u32 at = i & (CCX_CGROUP_BYTES / 8 - 1);
		u64 differs = path->words[at] ^ rule->cgroup[at];

		if (i + 1 == nr)
			differs &= rule->cgroup_mask;
		if (differs || i >= CCX_CGROUP_BYTES / 8)
			return false;
	}
	return true;
}

static __always_inline bool comm_matches(const u64 *comm, const struct ccx_comm_pattern *pattern)
{
	return !((comm[0] ^ pattern->value[0]) & pattern->mask[0]) &&
	       !((comm[1] ^ pattern->value[1]) & pattern->mask[1]);
}

/* What a rule could only harm: the threads that the CPUs and this program cannot do without. */
static __always_inline bool rules_exempt(struct task_struct *p)
{
	return p->tgid == (s32)ccx_config.daemon_tgid ||
	       (p->flags & PF_KTHREAD && p->nr_cpus_allowed == 1);
}

/* The number of the first rule that holds, CCX_MAX_RULES where none does. */
static __noinline u32 rules_find(struct task_struct *p, const struct rule_subject *subject,
				 u64 version)
{
	const struct ccx_rules_table *table = rules_table(version);
	u32 nr = table->nr, i, zero = 0;
	union rule_path *path = NULL;

	if (table->look & CCX_RULES_CGROUP) {
		path = bpf_map_lookup_elem(&ccx_rule_path, &zero);
		if (path && !path_read(path, p))
			path = NULL;
	}
	bpf_for(i, 0, nr) {
		const struct ccx_rule *rule = &table->rules[i & (CCX_MAX_RULES - 1)];

		if (i >= CCX_MAX_RULES)
			break;
		if (!comm_matches(subject->comm, &rule->comm) ||
		    !comm_matches(subject->process, &rule->process))
			continue;
		if (rule->pid && rule->pid != (u32)p->pid && rule->pid != (u32)p->tgid)
			continue;
		if (rule->cgroup_words && (!path || !path_matches(path, rule)))
			continue;
		return i;
	}
	return CCX_MAX_RULES;
}

static __noinline void rules_match(struct task_struct *p, struct task_ctx *tctx, u64 version)
{
	const struct ccx_rules_table *table = rules_table(version);
	u8 class = CCX_CLASS_AUTO, prefer = CCX_PREFER_AUTO;
	u32 index = CCX_MAX_RULES;

	subject_read(&tctx->subject, p, table->look);
	tctx->rules_version = version;
	if (!rules_exempt(p))
		index = rules_find(p, &tctx->subject, version);
	if (index < CCX_MAX_RULES) {
		class = table->rules[index].class;
		prefer = table->rules[index].prefer;
		__sync_fetch_and_add(&ccx_rule_hits.tables[version & 1][index], 1);
	}
	tctx->die_ruled = prefer != CCX_PREFER_AUTO && prefer < CCX_NR_PREFERS;
	tctx->prefer = tctx->die_ruled && prefer != CCX_PREFER_NONE ? prefer : CCX_PREFER_AUTO;
	class = class < CCX_NR_CLASSES ? class : CCX_CLASS_AUTO;
	if (class == tctx->ruled)
		return;
	tctx->ruled = class;
	tctx->fresh_until_ns = 0;	/* what was decided was decided about another class */
	if (class != CCX_CLASS_AUTO)
		set_critical(tctx, class == CCX_CLASS_LATENCY_CRITICAL);
}

/* Matches the task against the rules if it or they changed since it was last matched. */
static __always_inline void rules_follow(struct task_struct *p, struct task_ctx *tctx)
{
	u64 version = *(volatile u64 *)&ccx_rules.version;
	struct rule_subject now;

	if (version == tctx->rules_version) {
		if (!version)
			return;
		subject_read(&now, p, rules_table(version)->look);
		if (subject_same(&now, &tctx->subject))
			return;
	}
	rules_match(p, tctx, version);
}

#endif
