// SPDX-License-Identifier: GPL-2.0-only
/* Weights of cgroups, flattened: shares of nested trees, what idles, bounds and nonsense. */
#include "tests/unit/unit.h"

#include "ccx/share.h"

struct own {
	uint32_t tasks, weight;	/* runnable in this very cgroup */
};

static struct ccx_share_tree tree;
static struct own owns[CCX_MAX_GROUPS];
static uint32_t used;

static int setup(void **state)
{
	(void)state;
	memset(&tree, 0, sizeof(tree));
	memset(owns, 0, sizeof(owns));
	tree.nodes[0].multiplier = CCX_SHARE_ONE;
	used = 1;
	return 0;
}

/* tasks: of nice 0, runnable in the cgroup itself */
static uint32_t add(uint32_t parent, uint32_t weight, uint32_t tasks)
{
	uint32_t i = used++;

	tree.nodes[i].id = i;
	tree.nodes[i].parent = parent;
	tree.nodes[i].weight = weight;
	tree.nodes[i].multiplier = tree.nodes[parent].multiplier;
	owns[i] = (struct own){ tasks, 100 };
	return i;
}

/* What BPF's timer does. Returns how many multipliers changed. */
static uint32_t pass(void)
{
	uint64_t total = 0;
	uint32_t i, changed = 0;

	for (i = 0; i < used; i++) {
		ccx_share_begin(&tree, i, (uint64_t)owns[i].tasks * owns[i].weight);
		total += tree.nodes[i].own;
	}
	for (i = 0; i < used; i++)
		ccx_share_mark(&tree, i);
	for (i = 0; i < used; i++)
		ccx_share_average(&tree, i);
	ccx_share_average_total(&tree, total);
	for (i = 0; i < used; i++)
		changed += ccx_share_flatten(&tree, i);
	return changed;
}

static void settle(void)
{
	uint32_t i;

	for (i = 0; i < 30; i++)
		pass();
}

/* What all tasks of the cgroup weigh together, before they are rounded to whole weights. */
static double all_of(uint32_t i)
{
	return (double)owns[i].tasks * owns[i].weight * tree.nodes[i].multiplier / CCX_SHARE_ONE;
}

static uint32_t weight_in(uint32_t i)
{
	return ccx_share_weight(owns[i].weight, tree.nodes[i].multiplier);
}

static void assert_ratio(double a, double b, double want)
{
	if (a / b < want * 0.96 || a / b > want * 1.04)
		fail_msg("%g : %g, wanted %g", a, b, want);
}

static void the_root_alone_changes_nothing(void **state)
{
	(void)state;
	owns[0] = (struct own){ 1000, 335 };
	assert_int_equal(pass(), 0);
	assert_int_equal(weight_in(0), 335);
}

static void equal_cgroups_change_nothing(void **state)
{
	uint32_t i, j, top;

	(void)state;
	for (i = 0; i < 5; i++) {
		top = add(0, 100, 0);
		for (j = 0; j < 3; j++)
			add(top, 100, 8);
	}
	settle();
	for (i = 0; i < used; i++)
		if (owns[i].tasks)
			assert_true(tree.nodes[i].multiplier == CCX_SHARE_ONE);
}

static void one_cgroup_alone_changes_nothing(void **state)
{
	uint32_t leaf = add(add(add(0, 7, 0), 10000, 0), 1, 300);

	(void)state;
	settle();
	assert_true(tree.nodes[leaf].multiplier == CCX_SHARE_ONE);
}

static void nested_weights_multiply(void **state)
{
	uint32_t a = add(0, 100, 0), b = add(0, 400, 0);
	uint32_t ax = add(a, 100, 4), ay = add(a, 1000, 4);
	uint32_t bx = add(b, 100, 4), by = add(b, 1000, 4);

	(void)state;
	settle();
	assert_ratio(all_of(by), all_of(bx), 10);
	assert_ratio(all_of(ay), all_of(ax), 10);
	assert_ratio(all_of(bx) + all_of(by), all_of(ax) + all_of(ay), 4);
	/* the scale: all together weigh what they would without cgroups */
	assert_ratio(all_of(ax) + all_of(ay) + all_of(bx) + all_of(by), 1600, 1);
	/* and as whole weights */
	assert_true(weight_in(ax) >= 1);
	assert_ratio(weight_in(by), weight_in(ax), 40);
}

static void many_tasks_share_what_few_have(void **state)
{
	uint32_t few = add(0, 100, 2), many = add(0, 100, 60);

	(void)state;
	settle();
	assert_ratio(all_of(few), all_of(many), 1);
	assert_ratio(weight_in(few), weight_in(many), 30);
}

static void nice_counts_within_a_cgroup(void **state)
{
	uint32_t a = add(0, 100, 1), b = add(0, 100, 1);

	(void)state;
	owns[a].weight = 15;	/* nice 9, alone in there */
	settle();
	assert_ratio(all_of(a), all_of(b), 1);
}

static void a_task_of_the_root_competes_with_cgroups(void **state)
{
	uint32_t child = add(0, 300, 10);

	(void)state;
	owns[0] = (struct own){ 1, 100 };
	settle();
	assert_ratio(all_of(child), all_of(0), 3);
}

static void an_idle_sibling_leaves_its_share(void **state)
{
	uint32_t a = add(0, 100, 0), b = add(0, 100, 4);
	uint32_t ax = add(a, 100, 4), ay = add(a, 900, 4);

	(void)state;
	settle();
	assert_ratio(all_of(b), all_of(ax), 10);
	owns[ay].tasks = 0;
	settle();
	assert_ratio(all_of(b), all_of(ax), 1);
	owns[ay].tasks = 4;
	settle();
	assert_ratio(all_of(b), all_of(ax), 10);
}

/* It is there at every fourth look only, and has its whole share, not four times that. */
static void a_sleeper_has_its_share_when_it_runs(void **state)
{
	uint32_t a = add(0, 100, 1), b = add(0, 100, 5), i;

	(void)state;
	for (i = 0; i < 200; i++) {
		owns[a].tasks = i % 4 == 0;
		pass();
	}
	owns[a].tasks = 1;
	assert_ratio(all_of(a), all_of(b), 1);
}

/* Before anything was averaged, and when the machine was all the root's a moment ago. */
static void nobody_is_worth_nothing_at_first(void **state)
{
	uint32_t a = add(0, 100, 0), i;

	(void)state;
	pass();
	for (i = 0; i < used; i++)
		assert_true(tree.nodes[i].multiplier == CCX_SHARE_ONE);
	owns[0] = (struct own){ 8, 100 };
	pass();
	owns[0].tasks = 0;
	owns[a].tasks = 1;
	pass();
	assert_in_range(weight_in(a), 10, 100);
}

/* The average of those above does not know it yet: it would have ten times all they have. */
static void a_new_child_has_no_more_than_the_whole(void **state)
{
	uint32_t a = add(0, 100, 0), b = add(0, 100, 1), i;
	uint32_t ax = add(a, 100, 1), ay = add(a, 1000, 0);

	(void)state;
	settle();
	assert_in_range(tree.nodes[ay].multiplier, 1, CCX_SHARE_ONE);
	owns[ay].tasks = 1;
	for (i = 0; i < 30; i++) {
		pass();
		assert_true(all_of(ay) <= all_of(b) * 1.04);
	}
	assert_ratio(all_of(ay), all_of(ax), 10);
}

static void a_low_weight_yields_with_all_below(void **state)
{
	uint32_t low = add(0, 99, 0), below = add(low, 1000, 1), high = add(0, 100, 1);

	(void)state;
	pass();
	assert_true(tree.nodes[low].yields && tree.nodes[below].yields);
	assert_false(tree.nodes[high].yields || tree.nodes[0].yields);
	tree.nodes[low].weight = 100;
	pass();
	assert_false(tree.nodes[low].yields || tree.nodes[below].yields);
}

static void a_changed_weight_counts_soon(void **state)
{
	uint32_t a = add(0, 100, 4), b = add(0, 100, 4), i;

	(void)state;
	settle();
	tree.nodes[b].weight = 500;
	for (i = 0; i < 12; i++)
		pass();
	assert_ratio(all_of(b), all_of(a), 5);
}

static void what_is_settled_stays_so(void **state)
{
	uint32_t a = add(0, 100, 4);

	(void)state;
	add(a, 333, 7);
	add(0, 41, 3);
	settle();
	assert_int_equal(pass(), 0);
	owns[a].tasks = 4;
	owns[0] = (struct own){ 1, 1 };	/* next to nothing */
	assert_int_equal(pass(), 0);
}

static void effective_weights_stay_in_range(void **state)
{
	(void)state;
	assert_int_equal(ccx_share_weight(100, CCX_SHARE_ONE), 100);
	assert_int_equal(ccx_share_weight(100, CCX_SHARE_ONE / 3), 33);
	assert_int_equal(ccx_share_weight(1, 1), 1);
	assert_int_equal(ccx_share_weight(0, 0), 1);
	assert_int_equal(ccx_share_weight(10000, CCX_SHARE_MAX), 10000);
	assert_int_equal(ccx_share_weight(UINT32_MAX, UINT64_MAX), 10000);
	assert_int_equal(ccx_share_weight(10000, CCX_SHARE_ONE), 10000);
}

static void inverse_weights_are_clamped_at_their_bounds(void **state)
{
	uint32_t least = ccx_share_inverse_weight(10000, CCX_SHARE_ONE);

	(void)state;
	assert_int_equal(ccx_share_inverse_weight(100, CCX_SHARE_ONE), 1 << CCX_WEIGHT_SHIFT);
	assert_int_equal(ccx_share_inverse_weight(1, CCX_SHARE_ONE), 100 << CCX_WEIGHT_SHIFT);
	assert_int_equal(ccx_share_inverse_weight(0, CCX_SHARE_ONE), 100 << CCX_WEIGHT_SHIFT);
	assert_int_equal(ccx_share_inverse_weight(0, 0), 100 << CCX_WEIGHT_SHIFT);
	assert_true(least > 0);
	assert_int_equal(ccx_share_inverse_weight(10001, CCX_SHARE_ONE), least);
	assert_int_equal(ccx_share_inverse_weight(UINT32_MAX, UINT64_MAX), least);
	/* between whole weights, too */
	assert_ratio(ccx_share_inverse_weight(3, CCX_SHARE_ONE / 2),
		     ccx_share_inverse_weight(3, CCX_SHARE_ONE), 2);
}

static void parts_saturate(void **state)
{
	(void)state;
	assert_true(ccx_share_part(UINT64_MAX, 10000, 1) == UINT64_MAX);
	assert_true(ccx_share_part(UINT64_MAX, UINT64_MAX, 0) == UINT64_MAX);
	assert_true(ccx_share_part(CCX_SHARE_ONE, 0, 0) == 0);
	assert_true(ccx_share_part(CCX_SHARE_MAX, 10000, 10000) == CCX_SHARE_MAX);
	assert_true(ccx_share_settle(CCX_SHARE_ONE, UINT64_MAX) == CCX_SHARE_MAX);
}

/* The least against the most, as deep as it goes, with as many tasks as there can be. */
static void extremes_are_bounded(void **state)
{
	uint32_t low = 0, high = 0, i;

	(void)state;
	for (i = 0; i < CCX_SHARE_DEPTH; i++) {
		low = add(low, 1, i + 1 == CCX_SHARE_DEPTH ? 4000000 : 0);
		high = add(high, 10000, i + 1 == CCX_SHARE_DEPTH);
	}
	owns[low].weight = 10000;
	owns[high].weight = 1;
	settle();
	for (i = 0; i < used; i++)
		assert_in_range(tree.nodes[i].multiplier, 0, CCX_SHARE_MAX);
	assert_true(tree.nodes[high].multiplier > tree.nodes[low].multiplier);
	assert_int_equal(weight_in(high), 10000);
}

/* Nothing of this happens; no step may leave the array or go on for ever if it does. */
static void nonsense_is_survived(void **state)
{
	uint64_t seed = 7;
	uint32_t i, round;

	(void)state;
	used = CCX_MAX_GROUPS;
	for (round = 0; round < 20; round++) {
		for (i = 0; i < used; i++) {
			tree.nodes[i].parent = unit_random(&seed);
			tree.nodes[i].weight = unit_random(&seed);
			owns[i].tasks = unit_random(&seed) >> unit_between(&seed, 32, 63);
			owns[i].weight = unit_random(&seed);
		}
		pass();
		for (i = 0; i < used; i++)
			assert_in_range(tree.nodes[i].multiplier, 0, CCX_SHARE_MAX);
	}
}

/* Random trees: below each cgroup, what children weigh together is as their weights are. */
static void random_trees_keep_their_ratios(void **state)
{
	uint64_t seed = 11;
	double all[40];
	uint32_t round, i, j;

	for (round = 0; round < 200; round++) {
		setup(state);
		for (i = 0; i < 39; i++)
			add(i < 3 ? 0 : unit_between(&seed, 0, i / 2), unit_between(&seed, 50, 400),
			    unit_between(&seed, 1, 20));
		settle();
		for (i = 0; i < used; i++)
			all[i] = all_of(i);
		for (i = used - 1; i > 0; i--)
			if (tree.nodes[i].parent < i)
				all[tree.nodes[i].parent] += all[i];
		for (i = 1; i < used; i++)
			for (j = 1; j < i; j++)
				if (tree.nodes[i].parent == tree.nodes[j].parent)
					assert_ratio(all[i], all[j],
						     (double)tree.nodes[i].weight /
							     tree.nodes[j].weight);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_root_alone_changes_nothing, setup),
		cmocka_unit_test_setup(equal_cgroups_change_nothing, setup),
		cmocka_unit_test_setup(one_cgroup_alone_changes_nothing, setup),
		cmocka_unit_test_setup(nested_weights_multiply, setup),
		cmocka_unit_test_setup(many_tasks_share_what_few_have, setup),
		cmocka_unit_test_setup(nice_counts_within_a_cgroup, setup),
		cmocka_unit_test_setup(a_task_of_the_root_competes_with_cgroups, setup),
		cmocka_unit_test_setup(an_idle_sibling_leaves_its_share, setup),
		cmocka_unit_test_setup(a_sleeper_has_its_share_when_it_runs, setup),
		cmocka_unit_test_setup(nobody_is_worth_nothing_at_first, setup),
		cmocka_unit_test_setup(a_new_child_has_no_more_than_the_whole, setup),
		cmocka_unit_test_setup(a_low_weight_yields_with_all_below, setup),
		cmocka_unit_test_setup(a_changed_weight_counts_soon, setup),
		cmocka_unit_test_setup(what_is_settled_stays_so, setup),
		cmocka_unit_test_setup(effective_weights_stay_in_range, setup),
		cmocka_unit_test_setup(inverse_weights_are_clamped_at_their_bounds, setup),
		cmocka_unit_test_setup(parts_saturate, setup),
		cmocka_unit_test_setup(extremes_are_bounded, setup),
		cmocka_unit_test_setup(nonsense_is_survived, setup),
		cmocka_unit_test_setup(random_trees_keep_their_ratios, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
