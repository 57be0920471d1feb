/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weights of cgroups (cpu.weight), flattened: a task's effective weight is its own times the
 * multiplier of its cgroup; how that is computed is in ccx/share.h.
 *
 * A cgroup here is one with a CPU controller of its own, and has a node in ccx_groups. The kernel
 * tells of those that there are, parents first, and then of every change; tasks keep the number of
 * their node. Where there is no node left, or a cgroup is nested too deeply, its tasks count as
 * their parent's. Without any cgroup but the root all that a wake-up costs is two comparisons.
 *
 * Runnable weight is counted where that of the domain is (home.h), by domain, so that a cgroup that
 * is spread over the machine is no shared cache line. A timer adds it up and computes the
 * multipliers, GROUPS_PERIOD_NS after a task had to queue: as long as all who wake find idle CPUs,
 * weights mean nothing, and the timer does not run. Nothing waits for it; late, it only leaves
 * the multipliers as they were.
 */
#ifndef CCX_BPF_GROUPS_H
#define CCX_BPF_GROUPS_H

#include "timer.h"
#include "ccx/share.h"

#define GROUPS_PERIOD_NS	(10 * 1000 * 1000ULL)
#define MAX_CGROUPS		8192	/* known by number, with a node of their own or not */

/*
 * tree: see ccx/share.h; what belongs to the pass, to the timer, which never runs twice at a time.
 * nr, slots: written where cgroups come and go, which the kernel serialises. armed: by
 * compare-and-swap.
 */
struct {
	u32 nr;			/* nodes in use beside the root's */
	u32 slots;		/* the highest ever used, plus one */
	u32 armed __attribute__((aligned(CCX_CACHE_LINE)));
	struct ccx_share_tree tree __attribute__((aligned(CCX_CACHE_LINE)));
} ccx_groups SEC(".bss.groups");

/*
 * Weight of the tasks of each cgroup that run or wait, at home in one domain; atomic. Never reset,
 * also when a node passes to another cgroup: a task that dies takes off what it added.
 */
struct group_weights {
	s64 runnable[CCX_MAX_GROUPS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CCX_MAX_DOMAINS);	/* lowered to the domains there are, before load */
	__type(key, u32);
	__type(value, struct group_weights);
} ccx_group_weights SEC(".maps");

/* The node of a cgroup, by the kernel's number. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CGROUPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u32);
} ccx_group_of_cgroup SEC(".maps");

/* Cgroups with a limit (cpu.max), by the kernel's number: counted, so that somebody is told. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CGROUPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u8);
} ccx_limited_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer_value);
} ccx_group_timer SEC(".maps");

/* ---- at every wake-up ---- */

/* What the task adds to its cgroup's weight: its own, or 0 when it sleeps. */
static __always_inline void group_count(struct task_ctx *tctx, bool runnable)
{
	u32 weight = runnable && ccx_groups.nr ? tctx->own_weight : 0, domain = tctx->domain;
	s64 more = (s64)weight - tctx->grouped;
	struct group_weights *weights;

	if (!more)
		return;
	weights = bpf_map_lookup_elem(&ccx_group_weights, &domain);
	if (!weights)
		return;
	__sync_fetch_and_add(&weights->runnable[tctx->group & (CCX_MAX_GROUPS - 1)], more);
	tctx->grouped = weight;
}

/* Both are new, or one of them. */
static __noinline void reweigh(struct task_ctx *tctx, u32 own_weight, u64 multiplier)
{
	u64 clock = domain_state(tctx->domain)->vtime_now;
	u32 old = tctx->inverse_weight;

	tctx->own_weight = own_weight;
	tctx->multiplier = multiplier;
	tctx->weight = ccx_share_weight(own_weight, multiplier);
	tctx->inverse_weight = ccx_share_inverse_weight(own_weight, multiplier);
	tctx->vtime = clock + ccx_lag_reweighed(tctx->vtime - clock, old, tctx->inverse_weight);
}

/* The task's weight among all others, whatever cgroups they are in. */
static __always_inline u32 effective_weight(struct task_ctx *tctx)
{
	u64 multiplier = ccx_share_node(&ccx_groups.tree, tctx->group)->multiplier;

	if (multiplier != tctx->multiplier)
		reweigh(tctx, tctx->own_weight, multiplier);
	return tctx->weight;
}

/* As a positive nice value: the others of the machine go first. */
static __always_inline bool group_yields(struct task_ctx *tctx)
{
	return ccx_share_node(&ccx_groups.tree, tctx->group)->yields;
}

/* A task has to queue: weights mean something. */
static __always_inline void groups_compete(void)
{
	if (ccx_groups.nr)
		timer_arm(&ccx_group_timer, 0, &ccx_groups.armed, GROUPS_PERIOD_NS);
}

/* ---- the timer ---- */

static __noinline u64 group_runnable(u32 group)
{
	struct group_weights *weights;
	s64 sum = 0;
	u32 i;

	bpf_for(i, 0, ccx_machine.nr_domains) {
		u32 domain = i;

		weights = bpf_map_lookup_elem(&ccx_group_weights, &domain);
		if (weights)
			sum += weights->runnable[group & (CCX_MAX_GROUPS - 1)];
	}
	return sum > 0 ? sum : 0;	/* less than 0: a moment's inconsistency between CPUs */
}

static int groups_refresh(void *map, u32 *key, struct timer_value *timer)
{
	struct ccx_share_tree *tree = &ccx_groups.tree;
	u32 slots = ccx_groups.slots, i;
	u64 runnable, total = 0;

	/* what queues from here on arms it again */
	ccx_groups.armed = 0;
	bpf_for(i, 0, slots) {
		runnable = group_runnable(i);
		total += runnable;
		ccx_share_begin(tree, i, runnable);
	}
	bpf_for(i, 0, slots)
		ccx_share_mark(tree, i);
	bpf_for(i, 0, slots)
		ccx_share_average(tree, i);
	ccx_share_average_total(tree, total);
	bpf_for(i, 0, slots)
		ccx_share_flatten(tree, i);
	return 0;
}

/* ---- cgroups come and go ---- */

/* The root's node is there before the kernel tells of cgroups, and where it never does. */
static s32 groups_create(void)
{
	ccx_share_node(&ccx_groups.tree, 0)->multiplier = CCX_SHARE_ONE;
	ccx_groups.slots = 1;
	return timer_create(&ccx_group_timer, 0, groups_refresh);
}

/* The root, where it is not known. */
static __always_inline u32 group_of(u64 cgroup)
{
	u32 *group = bpf_map_lookup_elem(&ccx_group_of_cgroup, &cgroup);

	return group ? *group : 0;
}

/* A node for a cgroup; its parent's where there is none left. */
static __always_inline u32 group_new(u64 cgroup, u32 parent, u32 weight)
{
	struct ccx_share_node *node, *above = ccx_share_node(&ccx_groups.tree, parent);
	u32 i;

	bpf_for(i, 1, CCX_MAX_GROUPS) {
		node = ccx_share_node(&ccx_groups.tree, i);
		if (node->id)
			continue;
		node->id = cgroup;
		node->parent = parent;
		node->weight = weight;
		node->sum = 0;
		/* until the timer knows better */
		node->multiplier = above->multiplier;
		node->yields = above->yields || weight < CCX_WEIGHT_DEFAULT;
		if (ccx_groups.slots <= i)
			ccx_groups.slots = i + 1;
		ccx_groups.nr++;
		return i;
	}
	return parent;
}

static __always_inline s32 group_add(struct cgroup *cgrp, u32 weight)
{
	u64 cgroup = BPF_CORE_READ(cgrp, kn, id);
	u32 group = 0, level = cgrp->level;

	if (level) {
		group = group_of(BPF_CORE_READ(cgrp, self.parent, cgroup, kn, id));
		if (level <= CCX_SHARE_DEPTH)
			group = group_new(cgroup, group, weight);
	}
	/* one too many is not known, and counts as the root: no reason to refuse it */
	bpf_map_update_elem(&ccx_group_of_cgroup, &cgroup, &group, BPF_ANY);
	return 0;
}

#define NO_LIMIT	(~0ULL)

/* Limits are not honoured (docs/architecture.md). */
static __always_inline void group_limit(struct cgroup *cgrp, u64 quota_us)
{
	u64 cgroup = BPF_CORE_READ(cgrp, kn, id);
	u8 one = 1;

	if (quota_us == NO_LIMIT) {
		if (!bpf_map_delete_elem(&ccx_limited_cgroups, &cgroup))
			__sync_fetch_and_add(&ccx_state.limited_cgroups, -1);
	} else if (!bpf_map_update_elem(&ccx_limited_cgroups, &cgroup, &one, BPF_NOEXIST)) {
		__sync_fetch_and_add(&ccx_state.limited_cgroups, 1);
	}
}

/* NULL where it has none of its own. */
static __always_inline struct ccx_share_node *group_own_node(struct cgroup *cgrp)
{
	u64 cgroup = BPF_CORE_READ(cgrp, kn, id);
	struct ccx_share_node *node = ccx_share_node(&ccx_groups.tree, group_of(cgroup));

	return node->id == cgroup ? node : NULL;
}

static __always_inline void group_remove(struct cgroup *cgrp)
{
	struct ccx_share_node *node = group_own_node(cgrp);
	u64 cgroup = BPF_CORE_READ(cgrp, kn, id);

	bpf_map_delete_elem(&ccx_group_of_cgroup, &cgroup);
	group_limit(cgrp, NO_LIMIT);
	if (!node)
		return;
	/* tasks that are about to die may still count here: beside the root's, with no one below */
	node->parent = 0;
	node->weight = CCX_WEIGHT_DEFAULT;
	node->id = 0;
	ccx_groups.nr--;
}

static __always_inline void group_set_weight(struct cgroup *cgrp, u32 weight)
{
	struct ccx_share_node *node = group_own_node(cgrp);

	if (node)
		node->weight = weight;
}

/* The kernel has dequeued the task meanwhile, or has not begun to run it. */
static __always_inline void group_enter(struct task_ctx *tctx, struct cgroup *cgrp)
{
	bool runnable = tctx->grouped;

	group_count(tctx, false);
	tctx->group = group_of(BPF_CORE_READ(cgrp, kn, id));
	group_count(tctx, runnable);
}

#endif
