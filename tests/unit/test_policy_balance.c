// SPDX-License-Identifier: GPL-2.0-only
/* What decisions add up to: balanced loads rest, a herd is split, nothing goes back and forth. */
#include "tests/unit/policy.h"

#include "ccx/balance.h"

static void equal_loads_send_nothing_away(void **state)
{
	uint64_t seed = 7;
	uint32_t i, j;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct round round;

		random_round(&seed, &round);
		for (j = 0; j < round.nr; j++) {
			round.loads[j] = round.own;
			round.candidates[j].load = &round.loads[j];
		}
		decide(&round);
		assert_int_equal(round.decision.domain, round.message.domain);
	}
}

/* Two tasks more on sixteen CPUs are noise, though the move itself would cost less. */
static void a_small_difference_moves_nothing(void **state)
{
	struct ccx_load own = busy_load(16, 3), there = busy_load(16, 0);
	struct ccx_candidate candidate = { .load = &there, .domain = 1 };
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;

	(void)state;
	candidate.distance = CCX_DISTANCE_SAME_CACHE;
	ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
	assert_int_equal(decision.domain, 0);
	own.queued[CCX_KIND_EFFICIENCY] = 160;
	ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
	assert_int_equal(decision.domain, 1);
}

/*
 * What dispatchers see when every CPU of two like domains runs one task and one more waits in each:
 * the one that is asked about is among its own domain's waiting tasks.
 */
static void balanced_domains_of_any_size_leave_each_other_alone(void **state)
{
	uint32_t nr_cpus, waiting;

	(void)state;
	for (nr_cpus = 1; nr_cpus <= 64; nr_cpus++) {
		for (waiting = 1; waiting < 200; waiting++) {
			struct ccx_load own = busy_load(nr_cpus, waiting);
			struct ccx_load there = busy_load(nr_cpus, waiting - 1);
			struct ccx_candidate candidate = { .load = &there, .domain = 1 };
			struct ccx_message message = message_from(0);
			struct ccx_decision decision;

			candidate.distance = CCX_DISTANCE_SAME_PACKAGE;
			ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
			if (decision.domain != 0)
				fail_msg("%u CPUs each, %u wait here, %u there: sent away", nr_cpus,
					 waiting, waiting - 1);
		}
	}
}

/* One domain asks for one of its waiting tasks. Returns whether it moved; the loads follow. */
static bool ask(struct ccx_load loads[2], uint32_t from)
{
	struct ccx_load own = loads[from], there = loads[!from];
	struct ccx_candidate candidate = { .load = &there,
					   .domain = !from,
					   .distance = CCX_DISTANCE_SAME_PACKAGE };
	struct ccx_message message = message_from(from);
	struct ccx_decision decision;

	ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
	if (decision.domain == from)
		return false;
	loads[from].queued[CCX_KIND_EFFICIENCY]--;
	if (loads[!from].idle_cpus)
		loads[!from].idle_cpus--;
	else
		loads[!from].queued[CCX_KIND_EFFICIENCY]++;
	return true;
}

/* Two domains that ask in turn come to rest: no task is sent back and forth for ever. */
static void two_domains_come_to_rest(void **state)
{
	uint64_t seed = 8;
	uint32_t i, turn, still, moves;

	(void)state;
	for (i = 0; i < 20000; i++) {
		uint32_t a = unit_between(&seed, 1, 16), b = unit_between(&seed, 1, 16);
		struct ccx_load loads[2] = { busy_load(a, unit_between(&seed, 0, 100)),
					     busy_load(b, unit_between(&seed, 0, 100)) };
		struct ccx_load start[2] = { loads[0], loads[1] };

		if (i % 2)
			loads[1] = idle_load(b);
		for (turn = still = moves = 0; still < 2; turn++) {
			uint32_t from = turn % 2;

			if (loads[from].queued[CCX_KIND_EFFICIENCY] && ask(loads, from)) {
				still = 0;
				if (++moves > 300)
					fail_msg("%u and %u CPUs, %u and %u waiting: no rest", a, b,
						 start[0].queued[CCX_KIND_EFFICIENCY],
						 start[1].queued[CCX_KIND_EFFICIENCY]);
			} else {
				still++;
			}
		}
	}
}

/* 100 tasks of one batch: both idle domains get their part, the own keeps some. */
static void a_herd_is_split(void **state)
{
	struct ccx_load own = busy_load(8, 100), there[2] = { idle_load(8), idle_load(8) };
	struct ccx_candidate candidates[2] = {
		{ .load = &there[0], .domain = 1, .distance = CCX_DISTANCE_SAME_PACKAGE },
		{ .load = &there[1], .domain = 2, .distance = CCX_DISTANCE_SAME_PACKAGE },
	};
	struct ccx_message message = message_from(0);
	uint32_t i, got[3] = { 0 };

	(void)state;
	for (i = 0; i < 100; i++) {
		struct ccx_decision decision;

		message.pid = i + 1;
		ccx_policy_decide(&usual, &message, &own, candidates, 2, &decision);
		assert_true(decision.domain < 3);
		got[decision.domain]++;
	}
	assert_int_equal(candidates[0].sent, got[1]);
	assert_int_equal(candidates[1].sent, got[2]);
	assert_int_equal(total_queued(&own), got[0]);
	/* a third each, give or take what hysteresis and the cost of moving hold back */
	assert_in_range(got[1], 16, 45);
	assert_in_range(got[2], 16, 45);
	assert_in_range(got[0], 16, 60);
	assert_in_range(got[1] + 2, got[2], got[2] + 4);
}

static void candidates_share_by_their_capacity(void **state)
{
	struct ccx_load own = busy_load(2, 200), there[2] = { busy_load(4, 0), busy_load(16, 0) };
	struct ccx_candidate candidates[2] = {
		{ .load = &there[0], .domain = 1, .distance = CCX_DISTANCE_SAME_PACKAGE },
		{ .load = &there[1], .domain = 2, .distance = CCX_DISTANCE_SAME_PACKAGE },
	};
	struct ccx_message message = message_from(0);
	uint32_t i;

	(void)state;
	for (i = 0; i < 200; i++) {
		struct ccx_decision decision;

		ccx_policy_decide(&usual, &message, &own, candidates, 2, &decision);
	}
	assert_true(candidates[1].sent > 2 * candidates[0].sent);
	assert_true(candidates[0].sent > 0);
}

/* What runs and waits in one domain, by weight. */
struct crowd {
	uint32_t weights[64];
	uint32_t nr;
};

static struct ccx_load crowd_load(const struct crowd *crowd, uint32_t nr_cpus)
{
	struct ccx_load load = busy_load(nr_cpus, crowd->nr > nr_cpus ? crowd->nr - nr_cpus : 0);
	uint32_t i;

	for (i = 0; i < crowd->nr; i++)
		load.weight += crowd->weights[i];
	return load;
}

/* Each domain asks for one of its tasks in turn. Returns how many moved until all rest. */
static uint32_t settle(struct crowd crowds[2], uint32_t nr_cpus, uint64_t *seed)
{
	uint32_t turn, moves = 0, still = 0;

	for (turn = 0; still < 200 && moves < 1000; turn++) {
		uint32_t from = turn % 2, pick;
		struct ccx_load own = crowd_load(&crowds[from], nr_cpus);
		struct ccx_load there = crowd_load(&crowds[!from], nr_cpus);
		struct ccx_candidate candidate = { .load = &there,
						   .domain = !from,
						   .distance = CCX_DISTANCE_SAME_PACKAGE,
						   .even_out = 1,
						   .lasted_ns = CCX_EVEN_PATIENCE_NS };
		struct ccx_message message = message_from(from);
		struct ccx_decision decision;

		still++;
		if (crowds[from].nr <= nr_cpus)
			continue;
		pick = unit_between(seed, 0, crowds[from].nr - 1);
		message.weight = crowds[from].weights[pick];
		ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
		if (decision.domain == from || crowds[!from].nr == 64)
			continue;
		crowds[!from].weights[crowds[!from].nr++] = message.weight;
		crowds[from].weights[pick] = crowds[from].weights[--crowds[from].nr];
		moves++;
		still = 0;
	}
	return moves;
}

/* Tasks of nice 0, 5 and 10: what a unit of weight gets ends up the same within some percent. */
static void weights_even_out_and_come_to_rest(void **state)
{
	static const uint32_t weights[] = { 100, 33, 11 };
	uint64_t seed = 9;
	uint32_t round, i;

	(void)state;
	for (round = 0; round < 200; round++) {
		struct crowd crowds[2] = {};
		uint64_t sums[2];

		for (i = 0; i < 24; i++) {
			struct crowd *crowd = &crowds[round % 2 ? 0 : unit_random(&seed) & 1];

			crowd->weights[crowd->nr++] = weights[i % 3];
		}
		if (settle(crowds, 4, &seed) >= 1000)
			fail_msg("round %u: no rest", round);
		sums[0] = crowd_load(&crowds[0], 4).weight;
		sums[1] = crowd_load(&crowds[1], 4).weight;
		/* 4 CPUs each must have work; then no more apart than the lightest tasks can mend */
		if (crowds[0].nr > 4 && crowds[1].nr > 4)
			assert_in_range(sums[0] * 100 / (sums[0] + sums[1]), 44, 56);
	}
}

/* Many light tasks keep nobody waiting: a heavy one goes where they are. */
static void a_crowd_of_light_tasks_is_not_a_load(void **state)
{
	struct crowd heavy = { .nr = 12 }, light = { .nr = 40 };
	struct ccx_load own, there;
	struct ccx_candidate candidate = { .load = &there, .domain = 1,
					   .distance = CCX_DISTANCE_SAME_PACKAGE };
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;
	uint32_t i;

	(void)state;
	for (i = 0; i < 40; i++) {
		heavy.weights[i] = 100;
		light.weights[i] = 2;
	}
	own = crowd_load(&heavy, 4);
	there = crowd_load(&light, 4);
	ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
	assert_int_equal(decision.domain, 1);
}

static void no_two_domains_want_to_send_each_other_the_same_task(void **state)
{
	uint64_t seed = 10;
	uint32_t i, evens = 0;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct ccx_load a = random_load(&seed), b = random_load(&seed);
		uint32_t weight = unit_between(&seed, 1, 10000);

		a.weight = unit_between(&seed, 0, 1000000);
		b.weight = unit_between(&seed, 0, 1000000);
		if (!ccx_policy_evens_out(&a, &b, 0, weight))
			continue;
		evens++;
		a.weight -= weight;
		b.weight += weight;
		assert_false(ccx_policy_evens_out(&b, &a, 0, weight));
	}
	assert_in_range(evens, ROUNDS / 10, ROUNDS);
}

/* Five tasks beside four on CPUs that go on: one is taken, in turn. Six beside six: none ever. */
static void a_busy_cpu_takes_only_from_who_is_worse_off(void **state)
{
	uint32_t tasks, capacity;

	(void)state;
	for (capacity = 1024; capacity < 65536; capacity += 1024) {
		for (tasks = 1; tasks < 200; tasks++) {
			assert_true(ccx_worse_off(100 * (tasks + 1), capacity, 100 * tasks, capacity));
			assert_false(ccx_worse_off(100 * tasks, capacity, 100 * tasks, capacity));
			/* what is no whole task (of little weight, on its way to sleep) is no reason */
			assert_false(ccx_worse_off(100 * tasks + 50, capacity, 100 * tasks, capacity));
			/* twice the capacity, twice the tasks */
			assert_false(ccx_worse_off(200 * tasks, 2 * capacity, 100 * tasks, capacity));
			assert_true(ccx_worse_off(200 * tasks + 200, 2 * capacity, 100 * tasks, capacity));
		}
	}
}

/* Two wake-ups of three must have had a lighter domain near by; a run of others takes all back. */
static void a_core_elsewhere_is_for_what_lasts(void **state)
{
	uint32_t spread = 0, i, sent = 0;

	(void)state;
	assert_int_equal(ccx_spread_after(0, 0), 0);
	for (i = 0; i < CCX_SPREAD_MOST / 2; i++) {
		assert_true(spread < CCX_SPREAD_MOST);
		spread = ccx_spread_after(spread, 1);
	}
	assert_int_equal(spread, CCX_SPREAD_MOST);
	assert_int_equal(ccx_spread_after(spread, 1), CCX_SPREAD_MOST);
	assert_int_equal(ccx_spread_after(CCX_SPREAD_MOST - 1, 1), CCX_SPREAD_MOST);
	assert_true(ccx_spread_after(spread, 0) < CCX_SPREAD_MOST);
	/* one in three: never, however long */
	for (spread = i = 0; i < 3000; i++) {
		spread = ccx_spread_after(spread, i % 3 == 0);
		assert_true(spread < CCX_SPREAD_MOST);
	}
	/* two in three: again and again */
	for (spread = i = 0; i < 3000; i++) {
		spread = ccx_spread_after(spread, i % 3 != 0);
		if (spread == CCX_SPREAD_MOST) {
			spread = 0;
			sent++;
		}
	}
	assert_in_range(sent, 3000 / 32, 3000 / 8);
}

/* The odd one among like tasks is told from everything else that makes a domain worse off. */
static void the_odd_one_is_kept_for_a_while(void **state)
{
	const uint32_t weights[] = { 1, 11, 100, 335, 10000 };
	uint32_t i, tasks;

	(void)state;
	for (i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
		const uint32_t weight = weights[i];

		for (tasks = 0; tasks < 200; tasks++) {
			const uint64_t here = (uint64_t)weight * tasks;

			assert_true(ccx_odd_one(here + weight, 4096, here, 4096, weight));
			assert_false(ccx_odd_one(here, 4096, here, 4096, weight));
			assert_false(ccx_odd_one(here + 2 * weight, 4096, here, 4096, weight));
			/* another capacity: the domains are not alike */
			assert_false(ccx_odd_one(here + weight, 8192, here, 4096, weight));
			/* one of another weight is among them, on either side */
			assert_false(ccx_odd_one(here + weight + 7, 4096, here, 4096, weight));
			assert_false(weight > 1 && ccx_odd_one(here + weight + 1, 4096, here + 1, 4096,
							       weight));
		}
	}
	assert_false(ccx_odd_one(100, 4096, 100, 4096, 0));
}

/* Nine tasks here and seven there are not even: one goes, and that is the end of it. */
static void two_tasks_more_are_not_even(void **state)
{
	uint32_t tasks, capacity;

	(void)state;
	for (capacity = 1024; capacity < 65536; capacity += 1024) {
		for (tasks = 1; tasks < 200; tasks++) {
			assert_true(ccx_evens_out(100 * (tasks + 1), capacity, 100 * (tasks - 1),
						  capacity, 100));
			assert_false(ccx_evens_out(100 * tasks, capacity, 100 * tasks, capacity, 100));
			assert_false(ccx_evens_out(100 * (tasks + 1), capacity, 100 * tasks, capacity,
						   100));
		}
	}
}

/* A CPU that steals always looks at the nearest, at few, at none twice, and at all within some turns. */
static void stealing_looks_at_few_domains_and_at_all_in_turn(void **state)
{
	uint32_t others, look, turn, times;

	(void)state;
	for (others = 0; others < CCX_MAX_DOMAINS; others++) {
		uint32_t nr = ccx_steal_looks(others);
		uint64_t all = 0;

		assert_true(nr <= CCX_STEAL_NEAREST + CCX_STEAL_OTHERS && nr <= others);
		/* the counter wraps on the way */
		for (turn = UINT32_MAX - 20, times = 0; times < CCX_MAX_DOMAINS; times++) {
			uint64_t now = 0;

			for (look = 0; look < nr; look++) {
				uint32_t index = ccx_steal_index(look, turn, others);

				assert_true(index < others);
				assert_false(now & 1ULL << index);
				now |= 1ULL << index;
				if (look < CCX_STEAL_NEAREST)
					assert_int_equal(index, look);
			}
			all |= now;
			turn += CCX_STEAL_OTHERS;
		}
		assert_int_equal(__builtin_popcountll(all), others);
	}
}

/* Whichever way the loads lie, one of two partners may come to the other; and then both stay. */
static void one_of_two_partners_may_follow_the_other(void **state)
{
	uint64_t seed = 11;
	uint32_t i, both = 0;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		uint32_t capacity[2] = { unit_between(&seed, 1, 65536), unit_between(&seed, 1, 65536) };
		uint32_t weight[2] = { unit_between(&seed, 1, 10000), unit_between(&seed, 1, 10000) };
		uint64_t load[2] = { unit_between(&seed, 0, 100000), unit_between(&seed, 0, 100000) };
		bool follows[2];
		uint32_t one;

		/* the other one runs and is counted at home; the one that it wakes sleeps */
		for (one = 0; one < 2; one++)
			follows[one] = ccx_may_follow(load[one], capacity[one],
						      load[!one] + weight[!one], capacity[!one],
						      weight[one]);
		both += follows[0] && follows[1];
		if (weight[0] == weight[1])
			assert_true(follows[0] || follows[1]);
	}
	assert_true(both < ROUNDS / 2);
}

/* Like loads: the pair gets together. A much larger load there: not there, but here. */
static void a_pair_gets_together_where_there_is_less_to_do(void **state)
{
	(void)state;
	assert_true(ccx_may_follow(300, 4096, 400, 4096, 100));
	assert_false(ccx_may_follow(300, 4096, 500, 4096, 100));
	/* the same load is less on twice the capacity */
	assert_true(ccx_may_follow(300, 4096, 800, 8192, 100));
	assert_false(ccx_may_follow(300, 4096, 900, 8192, 100));
}

/* What follows another, and is followed, is not sent away where only one of the two would fit. */
static void partners_are_not_parted_for_little(void **state)
{
	struct ccx_load own = busy_load(4, 4), there = busy_load(4, 3);
	struct ccx_candidate candidate = { .load = &there, .domain = 1,
					   .distance = CCX_DISTANCE_SAME_PACKAGE };
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;
	uint32_t more, single = 0, follower = 0;

	(void)state;
	for (more = 1; more <= 16; more++) {
		there.weight = 700;
		own.weight = 700 + 25 * more;
		message.weight = 100;
		message.flags = 0;
		candidate.even_out = 1;
		candidate.lasted_ns = CCX_EVEN_PATIENCE_NS;
		ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
		if (decision.domain && !single)
			single = more;
		own.weight = 700 + 25 * more;
		candidate.sent = candidate.sent_weight = 0;
		candidate.even_out = 1;
		message.flags = CCX_TASK_FOLLOWS;
		ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
		if (decision.domain && !follower)
			follower = more;
		candidate.sent = candidate.sent_weight = 0;
	}
	assert_true(single > 0);
	assert_true(follower > single);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_loads_send_nothing_away),
		cmocka_unit_test(a_small_difference_moves_nothing),
		cmocka_unit_test(balanced_domains_of_any_size_leave_each_other_alone),
		cmocka_unit_test(two_domains_come_to_rest),
		cmocka_unit_test(a_herd_is_split),
		cmocka_unit_test(candidates_share_by_their_capacity),
		cmocka_unit_test(weights_even_out_and_come_to_rest),
		cmocka_unit_test(a_crowd_of_light_tasks_is_not_a_load),
		cmocka_unit_test(no_two_domains_want_to_send_each_other_the_same_task),
		cmocka_unit_test(a_busy_cpu_takes_only_from_who_is_worse_off),
		cmocka_unit_test(a_core_elsewhere_is_for_what_lasts),
		cmocka_unit_test(the_odd_one_is_kept_for_a_while),
		cmocka_unit_test(two_tasks_more_are_not_even),
		cmocka_unit_test(stealing_looks_at_few_domains_and_at_all_in_turn),
		cmocka_unit_test(one_of_two_partners_may_follow_the_other),
		cmocka_unit_test(a_pair_gets_together_where_there_is_less_to_do),
		cmocka_unit_test(partners_are_not_parted_for_little),
	};

	return cmocka_run_group_tests_name("policy: balance", tests, NULL, NULL);
}
