// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the policy may never do, and what it must, for random inputs: relations, not constants, so
 * that tuning does not touch this file. test_policy_balance.c has what many decisions add up to.
 */
#include "tests/unit/policy.h"

/* ---- wait ---- */

static void no_wait_where_a_cpu_is_idle(void **state)
{
	uint64_t seed = 1;
	uint32_t i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct ccx_load load = random_load(&seed);
		uint32_t slice_us = unit_between(&seed, 100, 100000);

		if (load.idle_cpus)
			assert_int_equal(ccx_policy_wait_us(&load, load.idle_cpus - 1, 0, slice_us),
					 0);
		/* tasks on their way take the idle CPUs first */
		assert_true(ccx_policy_wait_us(&load, load.idle_cpus, 0, slice_us) > 0);
	}
}

static void wait_never_falls_with_more_work(void **state)
{
	uint64_t seed = 2;
	uint32_t i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct ccx_load load = random_load(&seed), more = load, larger = load;
		uint32_t slice_us = unit_between(&seed, 100, 20000);
		uint32_t sent = unit_between(&seed, 0, 50), wait;

		wait = ccx_policy_wait_us(&load, sent, sent * 100, slice_us);
		assert_true(ccx_policy_wait_us(&load, sent + 1, (sent + 1) * 100, slice_us) >= wait);
		assert_true(ccx_policy_wait_us(&load, sent, sent * 100, slice_us * 2) >= wait);
		more.queued[i % CCX_NR_READY] += unit_between(&seed, 1, 100);
		assert_true(ccx_policy_wait_us(&more, sent, sent * 100, slice_us) >= wait);
		larger.capacity += unit_between(&seed, 1, CCX_CAPACITY_MAX);
		assert_true(ccx_policy_wait_us(&larger, sent, sent * 100, slice_us) <= wait);
	}
}

static void every_waiting_task_counts_where_all_cpus_work(void **state)
{
	struct ccx_load few = busy_load(4, 8), many = busy_load(4, 80), slow = busy_load(4, 8);

	(void)state;
	slow.capacity /= 2;
	assert_true(ccx_policy_wait_us(&many, 0, 0, 5000) > 5 * ccx_policy_wait_us(&few, 0, 0, 5000));
	assert_true(ccx_policy_wait_us(&slow, 0, 0, 5000) > ccx_policy_wait_us(&few, 0, 0, 5000));
}

/* A fork bomb in one domain may not look like an empty domain to the others. */
static void a_very_long_queue_does_not_wrap_to_a_short_wait(void **state)
{
	struct ccx_load load = busy_load(1, 0);
	uint32_t queued, wait, before = 0;

	(void)state;
	for (queued = 0; queued < 4000000; queued += 1000) {
		load.queued[CCX_KIND_EFFICIENCY] = queued;
		wait = ccx_policy_wait_us(&load, 0, 0, 400000);
		assert_true(wait >= before);
		before = wait;
	}
}

/* ---- slice ---- */

static void slices_stay_within_their_bounds(void **state)
{
	uint64_t seed = 3;
	uint32_t i, slice_us;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct ccx_policy_config config = random_config(&seed);
		struct ccx_load load = random_load(&seed), more;

		if (i % 100 == 0)
			load.nr_cpus = 0;
		if (i % 100 == 1)
			load.queued[0] = unit_random(&seed);
		slice_us = ccx_policy_slice_us(&config, &load);
		assert_in_range(slice_us, config.slice_min_us, config.slice_us);
		more = load;
		if (i % 100 > 1)
			more.queued[1] += unit_between(&seed, 1, 100);
		assert_true(ccx_policy_slice_us(&config, &more) <= slice_us);
	}
}

/* BPF's count of a queue that is gone is an error code: nonsense, but no division by zero. */
static void an_absurd_queue_gives_the_least_slice(void **state)
{
	struct ccx_load load = busy_load(1, UINT32_MAX);

	(void)state;
	assert_int_equal(ccx_policy_slice_us(&usual, &load), usual.slice_min_us);
	load.queued[CCX_KIND_PERFORMANCE] = load.queued[CCX_KIND_EFFICIENCY] = UINT32_MAX - 1;
	assert_int_equal(ccx_policy_slice_us(&usual, &load), usual.slice_min_us);
}

static void an_empty_domain_gives_the_whole_slice_and_a_full_one_the_least(void **state)
{
	struct ccx_load empty = idle_load(8), full = busy_load(8, 100000);

	(void)state;
	assert_int_equal(ccx_policy_slice_us(&usual, &empty), usual.slice_us);
	assert_int_equal(ccx_policy_slice_us(&usual, &full), usual.slice_min_us);
}

/* ---- decisions ---- */

/* What holds of every decision, whatever was decided. */
static void check_decision(const struct round *before, const struct round *after)
{
	const struct ccx_decision *decision = &after->decision;
	const struct ccx_message *message = &before->message;
	bool away = decision->domain != message->domain;
	uint32_t i, changed = 0;

	assert_int_equal(decision->pid, message->pid);
	assert_int_equal(decision->generation, message->generation);
	assert_true(decision->domain < CCX_MAX_DOMAINS);
	assert_true(message->domains & 1ULL << decision->domain);
	assert_true(decision->kind < CCX_NR_READY);
	assert_in_range(decision->slice_ns, before->config.slice_min_us * 1000,
			before->config.slice_us * 1000);
	assert_true(decision->fresh_us <= (away ? 0 : before->config.fresh_us));
	for (i = 0; i < sizeof(decision->reserved); i++)
		assert_int_equal(decision->reserved[i], 0);

	for (i = 0; i < before->nr; i++) {
		const struct ccx_candidate *a = &before->candidates[i], *b = &after->candidates[i];

		if (b->sent == a->sent)
			continue;
		/* counted once, where it goes; and that is a place of which something is known */
		assert_int_equal(b->sent, a->sent + 1);
		assert_int_equal(a->domain, decision->domain);
		assert_non_null(a->load);
		changed++;
	}
	assert_int_equal(changed, away);
	assert_true(total_queued(&before->own) - total_queued(&after->own) <= away);
	assert_memory_equal(before->loads, after->loads, sizeof(before->loads));
	assert_memory_equal(message, &after->message, sizeof(*message));
	assert_memory_equal(&before->config, &after->config, sizeof(before->config));
}

static void every_decision_is_possible(void **state)
{
	uint64_t seed = 4, away = 0;
	uint32_t i, j;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct round before, after;

		random_round(&seed, &before);
		after = before;
		for (j = 0; j < after.nr; j++)
			if (after.candidates[j].load)
				after.candidates[j].load = &after.loads[j];
		decide(&after);
		check_decision(&before, &after);
		away += after.decision.domain != before.message.domain;
	}
	/* the rounds were worth something: both ways occurred often */
	assert_in_range(away, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

static void equal_input_gives_equal_decisions(void **state)
{
	uint64_t seed = 5;
	uint32_t i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		struct round first, second;

		random_round(&seed, &first);
		second = first; /* its candidates point to the loads of the first: not written */
		decide(&first);
		decide(&second);
		assert_memory_equal(&first.decision, &second.decision, sizeof(first.decision));
	}
}

static int64_t deadline_of(struct round *round, uint32_t awake_us)
{
	round->message.awake_us = awake_us;
	decide(round);
	return round->decision.deadline_ns;
}

/* A task that never sleeps comes after one that does, and not by more than the cap. */
static void the_deadline_grows_with_time_awake_up_to_the_cap(void **state)
{
	uint64_t seed = 6;
	uint32_t i, awake_us;
	int64_t start, later, end;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		struct round round;

		random_round(&seed, &round);
		awake_us = unit_between(&seed, 0, 200000);
		start = deadline_of(&round, 0);
		later = deadline_of(&round, awake_us);
		end = deadline_of(&round, UINT32_MAX);
		assert_true(start <= later && later <= end);
		assert_true(end - start <= (int64_t)round.config.awake_cap_ns);
		/* batch work comes last however briefly it runs */
		if (round.message.flags & CCX_TASK_BATCH)
			assert_int_equal(start, round.config.awake_cap_ns);
		else if (round.config.awake_cap_ns)
			assert_true(start < end);
	}
}

static void affinity_is_kept_however_good_it_is_elsewhere(void **state)
{
	struct ccx_load own = busy_load(1, 1000), there = idle_load(64);
	struct ccx_candidate candidate = { .load = &there, .domain = 5 };
	struct ccx_message message = message_from(3);
	struct ccx_decision decision;

	(void)state;
	message.domains = ~(1ULL << 5);
	ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
	assert_int_equal(decision.domain, 3);
	message.domains = 1ULL << 3 | 1ULL << 5;
	ccx_policy_decide(&usual, &message, &own, &candidate, 1, &decision);
	assert_int_equal(decision.domain, 5);
}

static void what_is_unknown_gets_nothing(void **state)
{
	struct ccx_load own = busy_load(1, 1000);
	struct ccx_candidate candidates[2] = { { .domain = 1 }, { .domain = 2 } };
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;

	(void)state;
	ccx_policy_decide(&usual, &message, &own, candidates, 2, &decision);
	assert_int_equal(decision.domain, 0);
	ccx_policy_decide(&usual, &message, &own, NULL, 0, &decision);
	assert_int_equal(decision.domain, 0);
}

/* In whatever order they are looked at, and however little nearer it is. */
static void an_idle_near_domain_beats_an_idle_far_one(void **state)
{
	struct ccx_load own = busy_load(4, 40), there = idle_load(4);
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;
	uint32_t far, order;

	(void)state;
	for (far = 1; far < CCX_NR_DISTANCES; far++) {
		for (order = 0; order < 2; order++) {
			struct ccx_candidate candidates[2];

			candidates[order] = (struct ccx_candidate){ .load = &there,
								    .domain = 1,
								    .distance = far,
								    .lasted_ns = CCX_NODE_PATIENCE_NS };
			candidates[!order] = (struct ccx_candidate){ .load = &there,
								     .domain = 2,
								     .distance = far - 1,
								     .lasted_ns = CCX_NODE_PATIENCE_NS };
			if (move_cost_us(far, 0) == move_cost_us(far - 1, 0))
				continue;
			ccx_policy_decide(&usual, &message, &own, candidates, 2, &decision);
			if (decision.domain != 2)
				fail_msg("distance %u was preferred to %u", far, far - 1);
		}
	}
}

/* In whatever order they are looked at. */
static void an_idle_domain_beats_a_busy_one(void **state)
{
	struct ccx_load own = busy_load(8, 200), busy = busy_load(8, 0), idle = idle_load(8);
	struct ccx_message message = message_from(0);
	struct ccx_decision decision;
	uint32_t order;

	(void)state;
	for (order = 0; order < 2; order++) {
		struct ccx_candidate candidates[2];

		candidates[order] = (struct ccx_candidate){ .load = &busy,
							    .domain = 1,
							    .distance = CCX_DISTANCE_SAME_PACKAGE };
		candidates[!order] = (struct ccx_candidate){
			.load = &idle, .domain = 2, .distance = CCX_DISTANCE_SAME_PACKAGE
		};
		ccx_policy_decide(&usual, &message, &own, candidates, 2, &decision);
		assert_int_equal(decision.domain, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wait_where_a_cpu_is_idle),
		cmocka_unit_test(wait_never_falls_with_more_work),
		cmocka_unit_test(every_waiting_task_counts_where_all_cpus_work),
		cmocka_unit_test(a_very_long_queue_does_not_wrap_to_a_short_wait),
		cmocka_unit_test(slices_stay_within_their_bounds),
		cmocka_unit_test(an_empty_domain_gives_the_whole_slice_and_a_full_one_the_least),
		cmocka_unit_test(an_absurd_queue_gives_the_least_slice),
		cmocka_unit_test(every_decision_is_possible),
		cmocka_unit_test(equal_input_gives_equal_decisions),
		cmocka_unit_test(the_deadline_grows_with_time_awake_up_to_the_cap),
		cmocka_unit_test(affinity_is_kept_however_good_it_is_elsewhere),
		cmocka_unit_test(what_is_unknown_gets_nothing),
		cmocka_unit_test(an_idle_near_domain_beats_an_idle_far_one),
		cmocka_unit_test(an_idle_domain_beats_a_busy_one),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
