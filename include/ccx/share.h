/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weights of cgroups, flattened: the arithmetic that BPF and its unit tests share. Pure.
 *
 * Where tasks of several cgroups compete, each cgroup has a weight among its siblings, whatever is
 * below it. In a cgroup, its own tasks and its child cgroups compete with their weights; in the
 * root, too. Rather than choosing level by level, all tasks are ordered as if there were no
 * cgroups, each with an effective weight: its own times the multiplier of its cgroup,
 *
 *	multiplier(root)   = runnable weight of all tasks of the machine / sum(root)
 *	multiplier(cgroup) = multiplier(parent) * weight(cgroup) / sum(cgroup)
 *	sum(cgroup)        = weights of its own runnable tasks + weights of its active children
 *
 * The numerator at the root only sets the scale: the weights of all runnable tasks add up to what
 * they did without cgroups, so tasks in cgroups of equal shares keep their weights, and virtual
 * time goes on as fast as ever. A cgroup is active when a task in or below it is runnable.
 *
 * The tree is an array of nodes that name their parents; node 0 is the root. A pass is
 * ccx_share_begin() on all nodes, then ccx_share_mark() on all, then ccx_share_average() on all,
 * then ccx_share_flatten() on all. Whatever the nodes hold, and if parents form a ring, no step
 * leaves the array or takes more than CCX_SHARE_DEPTH turns.
 */
#ifndef CCX_SHARE_H
#define CCX_SHARE_H

#include <linux/types.h>

#include "ccx/deadline.h"

#define CCX_MAX_GROUPS		1024	/* a power of two */
#define CCX_SHARE_DEPTH		16	/* levels below the root */

/* Multipliers are fixed-point numbers: deep nesting of small shares is exact to four digits. */
#define CCX_SHARE_SHIFT		32
#define CCX_SHARE_ONE		(1ULL << CCX_SHARE_SHIFT)
#define CCX_SHARE_MAX		((__u64)CCX_WEIGHT_MAX << CCX_SHARE_SHIFT)

/* Sums are averages, and kept in units of 1 / 16 of a weight. */
#define CCX_SHARE_SUM_SHIFT	4

/*
 * id, parent, weight: written when cgroups come, go and change their weight. multiplier, yields:
 * written by flatten, read whenever a task queues or sleeps. The rest belongs to the pass.
 */
struct ccx_share_node {
	__u64 multiplier;
	__u64 id;		/* the kernel's number of the cgroup; 0: the node is free */
	__u64 own;		/* weight of its own runnable tasks, now */
	__u64 below;		/* weight of its active children, now */
	__u64 sum;		/* average of both while it was active; 0: it never was */
	__u32 parent;
	__u32 weight;		/* 1..10000, 100 is the default */
	__u32 active;
	__u32 yields;		/* a weight below the default, here or above */
	__u32 reserved[2];
};

struct ccx_share_tree {
	struct ccx_share_node nodes[CCX_MAX_GROUPS];
	__u64 total;		/* average weight of all runnable tasks, as `sum` */
};

/*
 * A mask rather than a branch: an index can never leave the array. The compiler must not leave it
 * out where it knows the index to be in range: BPF's verifier may not know.
 */
static inline struct ccx_share_node *ccx_share_node(struct ccx_share_tree *tree, __u32 index)
{
	__asm__("" : "+r"(index));
	return &tree->nodes[index & (CCX_MAX_GROUPS - 1)];
}

/*
 * share * weight / sum; saturates rather than wraps. `>=`, or the compiler sees a multiplication
 * with overflow, which BPF does not have.
 */
static inline __u64 ccx_share_part(__u64 share, __u64 weight, __u64 sum)
{
	share = weight && share >= ~0ULL / weight ? ~0ULL : share * weight;
	return sum ? share / sum : share;
}

/* A quarter of the new sample each time; the first one counts whole. */
static inline __u64 ccx_share_smooth(__u64 old, __u64 sample)
{
	sample <<= CCX_SHARE_SUM_SHIFT;
	return old ? old - old / 4 + sample / 4 : sample;
}

/* Within a sixty-fourth they are the same: weights do not change all the time for nothing. */
static inline int ccx_share_near(__u64 a, __u64 b)
{
	return (a > b ? a - b : b - a) <= b / 64;
}

/* The multiplier to use, given the one in use and the one that was computed. */
static inline __u64 ccx_share_settle(__u64 old, __u64 computed)
{
	if (computed > CCX_SHARE_MAX)
		computed = CCX_SHARE_MAX;
	if (ccx_share_near(computed, CCX_SHARE_ONE))
		return CCX_SHARE_ONE;
	return ccx_share_near(computed, old) ? old : computed;
}

/* weight: of the task, 1..10000; the result is in the same range, as a fixed-point number */
static inline __u64 ccx_share_effective(__u32 weight, __u64 multiplier)
{
	__u64 effective;

	if (weight > CCX_WEIGHT_MAX)
		weight = CCX_WEIGHT_MAX;
	if (multiplier > CCX_SHARE_MAX)
		multiplier = CCX_SHARE_MAX;
	effective = weight * multiplier;
	if (effective < CCX_SHARE_ONE)
		return CCX_SHARE_ONE;
	return effective < CCX_SHARE_MAX ? effective : CCX_SHARE_MAX;
}

/* The same in whole weights. */
static inline __u32 ccx_share_weight(__u32 weight, __u64 multiplier)
{
	return (ccx_share_effective(weight, multiplier) + CCX_SHARE_ONE / 2) >> CCX_SHARE_SHIFT;
}

/* What ccx_virtual_ns() takes, exact also where the effective weight is 1.4. */
static inline __u32 ccx_share_inverse_weight(__u32 weight, __u64 multiplier)
{
	return ((__u64)CCX_WEIGHT_DEFAULT << (CCX_WEIGHT_SHIFT + CCX_SHARE_SHIFT)) /
	       ccx_share_effective(weight, multiplier);
}

/* runnable: weight of the tasks in this very cgroup that run or wait */
static inline void ccx_share_begin(struct ccx_share_tree *tree, __u32 index, __u64 runnable)
{
	struct ccx_share_node *node = ccx_share_node(tree, index);

	node->own = runnable;
	node->below = 0;
	node->active = 0;
}

/* Tells the cgroups above a cgroup with runnable tasks, as far as none below them has done so. */
static inline void ccx_share_mark(struct ccx_share_tree *tree, __u32 index)
{
	struct ccx_share_node *node = ccx_share_node(tree, index), *parent;
	__u32 level;

	if (!node->own)
		return;
	for (level = 0; level < CCX_SHARE_DEPTH; level++) {
		if (node->active)
			return;
		node->active = 1;
		if (node == &tree->nodes[0])
			return;
		parent = ccx_share_node(tree, node->parent);
		parent->below += node->weight;
		node = parent;
	}
	tree->nodes[0].active = 1;
}

/*
 * While a cgroup has nothing to run, it remembers what it was like when it had: a task that runs
 * now and then has the whole share of its cgroup whenever it does, not many times that.
 */
static inline void ccx_share_average(struct ccx_share_tree *tree, __u32 index)
{
	struct ccx_share_node *node = ccx_share_node(tree, index);

	if (node->active)
		node->sum = ccx_share_smooth(node->sum, node->own + node->below);
}

/* The same for the machine: own added up over all nodes. */
static inline void ccx_share_average_total(struct ccx_share_tree *tree, __u64 runnable)
{
	if (runnable)
		tree->total = ccx_share_smooth(tree->total, runnable);
}

/* The sum of a node of which one child has `part` (in the same units; 0: none). */
static inline __u64 ccx_share_whole(const struct ccx_share_node *node, __u64 part)
{
	__u64 sum = node->sum ? node->sum : CCX_WEIGHT_DEFAULT << CCX_SHARE_SUM_SHIFT;

	return sum > part ? sum : part;
}

/*
 * Sets the multiplier of a node from its sums and those above it. True when it changed. A cgroup that
 * has just become active is not in the average above it yet: a child's part is never more than the
 * whole. Before the first average of the machine the root's own stands for it.
 */
static inline int ccx_share_flatten(struct ccx_share_tree *tree, __u32 index)
{
	struct ccx_share_node *node = ccx_share_node(tree, index), *at = node;
	__u64 share = CCX_SHARE_ONE, old = node->multiplier, part = 0, sum;
	__u32 level, yields = 0;

	for (level = 0; level < CCX_SHARE_DEPTH; level++) {
		if (at == &tree->nodes[0])
			break;
		yields |= at->weight < CCX_WEIGHT_DEFAULT;
		sum = ccx_share_whole(at, part);
		part = (__u64)at->weight << CCX_SHARE_SUM_SHIFT;
		share = ccx_share_part(share, part, sum);
		at = ccx_share_node(tree, at->parent);
	}
	sum = ccx_share_whole(&tree->nodes[0], part);
	share = ccx_share_part(share, tree->total ? tree->total : sum, sum);
	node->yields = yields;
	node->multiplier = ccx_share_settle(old, share);
	return node->multiplier != old;
}

_Static_assert((CCX_MAX_GROUPS & (CCX_MAX_GROUPS - 1)) == 0, "power of two");
_Static_assert(sizeof(struct ccx_share_node) == 64, "one node a cache line");

#endif
