// SPDX-License-Identifier: GPL-2.0-only
/* When a task is worth moving: what it costs, what it must gain, and when it may leave its node. */
#include "tests/unit/policy.h"

/* ---- load ---- */

static uint32_t capacity_of(const char *source, uint32_t domain)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	uint32_t capacity;

	options.source = source;
	assert_int_equal(ccx_topology_load(&options, &topology, NULL), 0);
	assert_true(domain < topology->nr_domains);
	capacity = ccx_policy_capacity(topology, domain);
	ccx_topology_free(topology);
	return capacity;
}

static void capacity_counts_cores_by_speed_and_siblings_in_part(void **state)
{
	uint32_t one = capacity_of("synthetic:l3:2 core:4 pu:1", 1);
	uint32_t two = capacity_of("synthetic:l3:2 core:4 pu:2", 1);
	uint32_t hybrid = capacity_of("tests/topology/meteor-lake-hwloc-2.13.xml", 0);

	(void)state;
	assert_int_equal(one, 4 * CCX_CAPACITY_MAX);
	/* two threads do more than one, and far less than two cores */
	assert_in_range(two, one + 1, 2 * one - 1);
	assert_int_equal(capacity_of("synthetic:l3:1 core:1 pu:1", 0), CCX_CAPACITY_MAX);
	/* 3 P cores of two threads and 4 E cores: more than the P cores, less than 7 of them */
	assert_in_range(hybrid, 3 * (two / 4) + 1, 7 * (two / 4) - 1);
}

static void utilisation_follows_the_busy_share(void **state)
{
	uint64_t busy_pct;
	uint32_t i, before, utilisation;

	(void)state;
	for (busy_pct = 0; busy_pct <= 120; busy_pct += 5) {
		for (i = 0, utilisation = before = 500; i < 40; i++) {
			utilisation = ccx_policy_utilisation(utilisation, 8 * busy_pct * 80000,
							     8000000, 8);
			assert_true(utilisation <= 1024);
			/* no step is larger than a quarter of the way */
			assert_in_range(utilisation + 132, before, before + 264);
			before = utilisation;
		}
		assert_in_range(utilisation + 4, (busy_pct < 100 ? busy_pct : 100) * 1024 / 100,
				(busy_pct < 100 ? busy_pct : 100) * 1024 / 100 + 4);
	}
}

/* ---- cost of moving ---- */

static void moving_costs_more_the_farther(void **state)
{
	uint32_t distance, cost, before = 0, ran_ago_us;

	(void)state;
	for (ran_ago_us = 0; ran_ago_us < 200000; ran_ago_us += 500) {
		for (distance = 0, before = 0; distance < CCX_NR_DISTANCES; distance++) {
			cost = move_cost_us(distance, ran_ago_us);
			assert_true(cost >= before);
			before = cost;
		}
	}
	assert_int_equal(move_cost_us(CCX_DISTANCE_SELF, 0), 0);
	assert_true(move_cost_us(CCX_DISTANCE_SAME_CACHE, 0) <
		    move_cost_us(CCX_DISTANCE_SAME_PACKAGE, 0));
	assert_true(move_cost_us(CCX_DISTANCE_SAME_PACKAGE, 0) <
		    move_cost_us(CCX_DISTANCE_OTHER_NODE, 0));
}

static void an_unknown_distance_is_the_farthest(void **state)
{
	uint32_t farthest = move_cost_us(CCX_NR_DISTANCES - 1, 0);

	(void)state;
	assert_int_equal(move_cost_us(CCX_NR_DISTANCES, 0), farthest);
	assert_int_equal(move_cost_us(UINT32_MAX, 0), farthest);
}

static void a_cold_task_moves_for_less(void **state)
{
	uint32_t distance, ran_ago_us, cost, before;

	(void)state;
	for (distance = 1; distance < CCX_NR_DISTANCES; distance++) {
		before = UINT32_MAX;
		for (ran_ago_us = 0; ran_ago_us < 1000000; ran_ago_us += 1000) {
			cost = move_cost_us(distance, ran_ago_us);
			assert_true(cost <= before);
			before = cost;
		}
		assert_true(move_cost_us(distance, UINT32_MAX) < move_cost_us(distance, 0));
	}
}

static void a_larger_cache_is_dearer_to_fill_up_to_a_bound(void **state)
{
	struct ccx_policy_config config = usual;
	struct ccx_message message = message_from(0);
	uint32_t before = 0, cost, unknown;

	(void)state;
	unknown = ccx_policy_move_cost_us(&config, CCX_DISTANCE_SAME_PACKAGE, &message);
	for (config.cache_kib = 1; config.cache_kib < 1 << 22; config.cache_kib += 511) {
		cost = ccx_policy_move_cost_us(&config, CCX_DISTANCE_SAME_PACKAGE, &message);
		assert_true(cost >= before && cost <= 4 * unknown);
		before = cost;
	}
	config.cache_kib = 512;
	assert_true(ccx_policy_move_cost_us(&config, CCX_DISTANCE_SAME_PACKAGE, &message) < unknown);
	config.cache_kib = UINT32_MAX;
	assert_true(ccx_policy_move_cost_us(&config, CCX_DISTANCE_SAME_PACKAGE, &message) == before);
	assert_true(before > unknown);
}

/* It cannot have touched more than it ran. 0: it has never slept, nothing is known. */
static void what_runs_briefly_has_little_to_lose(void **state)
{
	struct ccx_message message = message_from(0);
	uint32_t whole = ccx_policy_move_cost_us(&usual, CCX_DISTANCE_OTHER_NODE, &message);

	(void)state;
	for (message.burst_us = 1; message.burst_us < 2 * whole; message.burst_us++)
		assert_int_equal(ccx_policy_move_cost_us(&usual, CCX_DISTANCE_OTHER_NODE, &message),
				 message.burst_us < whole ? message.burst_us : whole);
}

static void a_thread_among_its_like_is_dearer_to_move(void **state)
{
	struct ccx_message message = message_from(0);
	uint32_t alone, distance;

	(void)state;
	for (distance = 1; distance < CCX_NR_DISTANCES; distance++) {
		message.flags = 0;
		alone = ccx_policy_move_cost_us(&usual, distance, &message);
		message.flags = CCX_TASK_GATHERED;
		assert_true(ccx_policy_move_cost_us(&usual, distance, &message) > alone);
	}
}

/* ---- hysteresis ---- */

static bool sent_to_idle(struct ccx_message *message, uint32_t queued, uint32_t slice_us)
{
	struct ccx_policy_config config = usual;
	struct ccx_load own = busy_load(8, queued), there = idle_load(8);
	struct ccx_candidate candidate = { .load = &there, .domain = 1,
					   .distance = CCX_DISTANCE_SAME_PACKAGE };
	struct ccx_decision decision;

	config.slice_us = config.slice_min_us = slice_us;
	ccx_policy_decide(&config, message, &own, &candidate, 1, &decision);
	return decision.domain == 1;
}

/* A task that has only just come is sent on for a larger gain only; and not for even shares. */
static void a_task_that_was_moved_settles(void **state)
{
	struct ccx_load own = busy_load(4, 8), there = busy_load(4, 8);
	struct ccx_candidate candidate = { .load = &there, .domain = 1, .even_out = 1,
					   .distance = CCX_DISTANCE_SAME_PACKAGE };
	struct ccx_message old = message_from(0), fresh = message_from(0);
	uint32_t queued, old_at = 0, fresh_at = 0;
	struct ccx_decision decision;

	(void)state;
	fresh.moved_ago_ms = 1;
	assert_true(ccx_policy_hysteresis_us(&fresh, 5000) >
		    ccx_policy_hysteresis_us(&old, 5000));
	for (queued = 1; queued < 200; queued++) {
		if (!old_at && sent_to_idle(&old, queued, 2000))
			old_at = queued;
		if (!fresh_at && sent_to_idle(&fresh, queued, 2000))
			fresh_at = queued;
	}
	assert_in_range(old_at, 1, 199);
	assert_in_range(fresh_at, old_at + 1, 199);

	candidate.lasted_ns = CCX_EVEN_PATIENCE_NS;
	own.weight = 1200;
	there.weight = 900;
	ccx_policy_decide(&usual, &fresh, &own, &candidate, 1, &decision);
	assert_int_equal(decision.domain, 0);
	ccx_policy_decide(&usual, &old, &own, &candidate, 1, &decision);
	assert_int_equal(decision.domain, 1);
}

/* What differs by no more than the one task moves it only if that lasts; what differs by more, at once. */
static void a_moment_of_imbalance_moves_nothing(void **state)
{
	struct ccx_load own = busy_load(16, 32), there = busy_load(16, 32);
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;
	uint32_t more, lasts;

	(void)state;
	for (more = 0; more <= 800; more += 50) {
		for (lasts = 0; lasts < 2; lasts++) {
			struct ccx_candidate candidate = {
				.load = &there, .domain = 1, .even_out = 1,
				.distance = CCX_DISTANCE_SAME_PACKAGE,
				.lasted_ns = lasts ? CCX_EVEN_PATIENCE_NS : CCX_EVEN_PATIENCE_NS - 1,
			};

			there.weight = 3000;
			own.weight = 3000 + more;
			ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
			assert_int_equal(decision.domain, more >= (lasts ? 200 : 400));
		}
	}
}

/* ---- memory nodes ---- */

static void another_node_gets_nothing_before_it_has_lasted(void **state)
{
	struct ccx_load own = busy_load(4, 200), there = idle_load(64);
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;
	uint32_t distance;

	(void)state;
	for (distance = CCX_DISTANCE_SAME_CACHE; distance < CCX_NR_DISTANCES; distance++) {
		struct ccx_candidate candidate = { .load = &there, .domain = 1,
						   .distance = distance };

		ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
		assert_int_equal(decision.domain, !ccx_policy_other_node(distance));
		candidate.lasted_ns = CCX_NODE_PATIENCE_NS - 1;
		ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
		assert_int_equal(decision.domain, !ccx_policy_other_node(distance));
		candidate.sent = candidate.sent_weight = 0;
		candidate.lasted_ns = CCX_NODE_PATIENCE_NS;
		ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
		assert_int_equal(decision.domain, 1);
	}
	assert_false(ccx_policy_other_node(CCX_DISTANCE_SAME_NODE));
	assert_true(ccx_policy_other_node(CCX_DISTANCE_OTHER_NODE));
}

/* However much it looks worth it in between: one look that does not, and it begins anew. */
static void imbalance_lasts_when_every_look_sees_it(void **state)
{
	uint64_t since_ns = 0, now_ns, began_ns = 0, seed = 12;
	uint64_t lasted_ns, longest_ns = 0;

	(void)state;
	for (now_ns = 1; now_ns < 100 * CCX_NODE_PATIENCE_NS; now_ns += 500000) {
		bool uneven = unit_random(&seed) % 64;

		if (!uneven)
			began_ns = 0;
		else if (!began_ns)
			began_ns = now_ns;
		lasted_ns = ccx_policy_lasted_ns(uneven, now_ns, &since_ns);
		assert_int_equal(lasted_ns, uneven ? now_ns - began_ns : 0);
		longest_ns = lasted_ns > longest_ns ? lasted_ns : longest_ns;
	}
	assert_true(longest_ns > CCX_NODE_PATIENCE_NS);
}

static void uneven_is_what_the_lightest_task_would_be_sent_for(void **state)
{
	struct ccx_load own = busy_load(8, 200), there = idle_load(8);
	struct ccx_candidate candidate = { .load = &there, .domain = 1,
					   .distance = CCX_DISTANCE_OTHER_NODE };

	(void)state;
	assert_true(ccx_policy_uneven(&usual, &own, &candidate));
	there = own;
	assert_false(ccx_policy_uneven(&usual, &own, &candidate));
	/* small, but a larger share there */
	own = busy_load(8, 8);
	there = busy_load(8, 8);
	own.weight = 1600;
	there.weight = 1598;
	assert_true(ccx_policy_uneven(&usual, &own, &candidate));
	there.weight = 1599;
	assert_false(ccx_policy_uneven(&usual, &own, &candidate));
	candidate.load = NULL;
	assert_false(ccx_policy_uneven(&usual, &own, &candidate));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capacity_counts_cores_by_speed_and_siblings_in_part),
		cmocka_unit_test(utilisation_follows_the_busy_share),
		cmocka_unit_test(moving_costs_more_the_farther),
		cmocka_unit_test(an_unknown_distance_is_the_farthest),
		cmocka_unit_test(a_cold_task_moves_for_less),
		cmocka_unit_test(a_larger_cache_is_dearer_to_fill_up_to_a_bound),
		cmocka_unit_test(what_runs_briefly_has_little_to_lose),
		cmocka_unit_test(a_thread_among_its_like_is_dearer_to_move),
		cmocka_unit_test(a_task_that_was_moved_settles),
		cmocka_unit_test(a_moment_of_imbalance_moves_nothing),
		cmocka_unit_test(another_node_gets_nothing_before_it_has_lasted),
		cmocka_unit_test(imbalance_lasts_when_every_look_sees_it),
		cmocka_unit_test(uneven_is_what_the_lightest_task_would_be_sent_for),
	};

	return cmocka_run_group_tests_name("policy: moving", tests, NULL, NULL);
}
