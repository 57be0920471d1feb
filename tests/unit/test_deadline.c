// SPDX-License-Identifier: GPL-2.0-only
/* Virtual time and deadlines: arithmetic at its bounds, and what a queue ordered by them does. */
#include "tests/unit/unit.h"

#include "ccx/deadline.h"
#include "ccx/share.h"

#define MS	1000000ULL
#define SLICE	(5 * MS)
#define LAG	(20 * MS)
#define CAP	(20 * MS)
#define DEBT	(1000 * MS)
#define SLACK	((int64_t)CCX_CLOCK_SLACK_NS)
#define MAX_SIM 16

/* Without cgroups. */
static uint32_t inverse_weight(uint32_t weight)
{
	return ccx_share_inverse_weight(weight, CCX_SHARE_ONE);
}

static void more_weight_never_means_more_virtual_time(void **state)
{
	uint32_t weight;

	(void)state;
	for (weight = 2; weight <= 10000; weight++)
		assert_true(inverse_weight(weight) <= inverse_weight(weight - 1));
}

/* Against 128-bit arithmetic: at every weight, up to the half hour that the header promises. */
static void virtual_time_is_exact_within_a_fifth_of_a_percent(void **state)
{
	uint64_t seed = 1, ns, got, want;
	uint32_t i, weight;

	(void)state;
	for (i = 0; i < 200000; i++) {
		weight = unit_between(&seed, 1, 10000);
		ns = unit_random(&seed) >> unit_between(&seed, 24, 44);
		got = ccx_virtual_ns(ns, inverse_weight(weight));
		want = (unsigned __int128)ns * CCX_WEIGHT_DEFAULT / weight;
		assert_true(got <= want);
		assert_true(want - got <= want / 500 + 1);
	}
	/* the largest argument that is promised, at the smallest weight: no overflow */
	assert_int_equal(ccx_virtual_ns((1ULL << 41) - 1, inverse_weight(1)),
			 100 * ((1ULL << 41) - 1));
	assert_int_equal(ccx_virtual_ns(0, inverse_weight(1)), 0);
	assert_int_equal(ccx_virtual_ns(123456789, inverse_weight(100)), 123456789);
}

static void before_holds_across_the_wrap(void **state)
{
	static const uint64_t points[] = { 0, 1, 1ULL << 62, INT64_MAX, 1ULL << 63, UINT64_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		uint64_t at = points[i];

		assert_false(ccx_before(at, at));
		assert_true(ccx_before(at, at + 1));
		assert_false(ccx_before(at + 1, at));
		assert_true(ccx_before(at - 3600000 * MS, at));
		assert_false(ccx_before(at, at - 3600000 * MS));
		assert_true(ccx_before(at, at + INT64_MAX));
	}
}

static void a_sleeper_saves_up_at_most_the_lag(void **state)
{
	uint64_t seed = 2, now, vtime, lag, placed;
	uint32_t i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		now = unit_random(&seed); /* also just before and after the wrap */
		if (i % 4 == 0)
			now = unit_between(&seed, 0, 2 * LAG) - LAG;
		lag = unit_between(&seed, 0, 100 * MS);
		vtime = now + unit_between(&seed, 0, 400 * MS) - 200 * MS;
		placed = ccx_vtime_place(vtime, now, lag, INT64_MAX / 4);
		assert_true((int64_t)(now - placed) <= (int64_t)lag);
		/* never backwards, and untouched when it is within the lag or ahead */
		assert_false(ccx_before(placed, vtime));
		if ((int64_t)(now - vtime) <= (int64_t)lag)
			assert_int_equal(placed, vtime);
		else
			assert_int_equal(placed, now - lag);
	}
}

#define FREE	CCX_DEADLINE_STEP_NS

static void awake_time_counts_from_a_step_up_to_the_cap(void **state)
{
	(void)state;
	assert_int_equal(ccx_deadline(1000, 0, CAP), 1000);
	assert_int_equal(ccx_deadline(1000, FREE, CAP), 1000);
	assert_int_equal(ccx_deadline(1000, FREE + 1, CAP), 1001);
	assert_int_equal(ccx_deadline(1000, FREE + CAP - 1, CAP), 1000 + CAP - 1);
	assert_int_equal(ccx_deadline(1000, FREE + CAP, CAP), 1000 + CAP);
	assert_int_equal(ccx_deadline(1000, UINT64_MAX, CAP), 1000 + CAP);
	assert_int_equal(ccx_deadline(UINT64_MAX, FREE + 2, CAP), 1);
}

/* ---- one CPU and a queue, as BPF keeps them ---- */

struct sim_task {
	uint32_t weight;
	uint64_t run_ns; /* runs so long, then sleeps; 0: never sleeps */
	uint64_t sleep_ns;
	uint64_t vtime, deadline, awake_ns;
	uint64_t left_ns; /* until it sleeps */
	uint64_t wakes_at, runnable_at;
	bool asleep;
	bool forked; /* ends where others sleep, and a new one begins */
	uint64_t order;
	uint64_t cpu_ns, max_wait_ns, runs;
};

struct sim {
	struct sim_task tasks[MAX_SIM];
	uint32_t nr;
	uint64_t clock; /* virtual */
	uint64_t now, advanced_at;
	uint64_t order;
	uint64_t seed;
	uint64_t slice_ns; /* 0: SLICE */
	uint64_t jitter_ns; /* slices end early by up to so much */
};

static void sim_queue(struct sim *sim, struct sim_task *task)
{
	uint64_t awake = ccx_virtual_ns(task->awake_ns, inverse_weight(task->weight));

	task->vtime = ccx_vtime_place(task->vtime, sim->clock,
				      task->awake_ns ? CCX_LAG_AWAKE_NS : LAG,
				      ccx_debt_ns(!task->awake_ns, SLICE, inverse_weight(task->weight),
						  DEBT));
	task->deadline = ccx_queue_key(ccx_deadline(task->vtime, awake, CAP), awake);
	task->runnable_at = sim->now;
	task->order = ++sim->order;
}

/* Weight of all who run or wait. */
static int64_t sim_weight(const struct sim *sim)
{
	int64_t weight = 0;
	uint32_t i;

	for (i = 0; i < sim->nr; i++)
		if (!sim->tasks[i].asleep)
			weight += sim->tasks[i].weight;
	return weight;
}

static void sim_wake(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < sim->nr; i++) {
		struct sim_task *task = &sim->tasks[i];

		if (!task->asleep || task->wakes_at > sim->now)
			continue;
		task->asleep = false;
		task->awake_ns = 0;
		task->left_ns = task->run_ns;
		sim_queue(sim, task);
	}
}

static struct sim_task *sim_pick(struct sim *sim)
{
	struct sim_task *best = NULL;
	uint32_t i;

	for (i = 0; i < sim->nr; i++) {
		struct sim_task *task = &sim->tasks[i];

		if (task->asleep)
			continue;
		/* of equal keys the one that was queued first, as the kernel's queues have it */
		if (!best || ccx_before(task->deadline, best->deadline) ||
		    (task->deadline == best->deadline && task->order < best->order))
			best = task;
	}
	return best;
}

static void sim_run_one(struct sim *sim)
{
	struct sim_task *task;
	uint64_t ran = sim->slice_ns ?: SLICE, wait;

	sim_wake(sim);
	task = sim_pick(sim);
	if (!task) {
		sim->now += MS / 10;
		return;
	}
	wait = sim->now - task->runnable_at;
	task->max_wait_ns = wait > task->max_wait_ns ? wait : task->max_wait_ns;
	if (sim->jitter_ns)
		ran -= unit_between(&sim->seed, 0, sim->jitter_ns);
	if (task->run_ns && ran > task->left_ns)
		ran = task->left_ns;
	sim->now += ran;
	sim->clock += ccx_clock_service(ran, sim_weight(sim));
	sim->clock += ccx_clock_correct(sim->clock, task->vtime, task->awake_ns > 0,
					sim->now - sim->advanced_at);
	sim->advanced_at = sim->now;
	task->left_ns -= task->run_ns ? ran : 0;
	task->runs++;
	task->cpu_ns += ran;
	task->awake_ns += ran;
	task->vtime += ccx_virtual_ns(ran, inverse_weight(task->weight));
	if (task->forked && !task->left_ns) {
		/* the next child, placed as BPF places what is new */
		task->vtime = sim->clock;
		task->awake_ns = 0;
		task->left_ns = task->run_ns;
		sim_queue(sim, task);
	} else if (task->run_ns && !task->left_ns) {
		task->asleep = true;
		task->wakes_at = sim->now + task->sleep_ns;
	} else {
		sim_queue(sim, task);
	}
}

static void sim_add(struct sim *sim, uint32_t weight, uint64_t run_ns, uint64_t sleep_ns)
{
	struct sim_task *task = &sim->tasks[sim->nr++];

	assert_true(sim->nr <= MAX_SIM);
	*task = (struct sim_task){ .weight = weight, .run_ns = run_ns, .sleep_ns = sleep_ns };
	task->vtime = sim->clock;
	task->left_ns = run_ns;
	sim_queue(sim, task);
}

static void expect_shares_by_weight(const struct sim *sim)
{
	double total = 0, weights = 0, want, got;
	uint32_t i;

	for (i = 0; i < sim->nr; i++) {
		total += sim->tasks[i].cpu_ns;
		weights += sim->tasks[i].weight;
	}
	for (i = 0; i < sim->nr; i++) {
		want = sim->tasks[i].weight / weights;
		got = sim->tasks[i].cpu_ns / total;
		if (got < want * 0.99 || got > want * 1.01)
			fail_msg("weight %u: share %.5f, wanted %.5f", sim->tasks[i].weight, got,
				 want);
	}
}

static void shares_follow_weights_from(uint64_t clock, const uint32_t *weights, uint32_t nr)
{
	struct sim sim = { .clock = clock, .seed = 3, .jitter_ns = 4 * MS };
	uint32_t i;

	for (i = 0; i < nr; i++)
		sim_add(&sim, weights[i], 0, 0);
	for (i = 0; i < 2000000; i++)
		sim_run_one(&sim);
	expect_shares_by_weight(&sim);
}

static void shares_follow_weights_within_a_percent(void **state)
{
	static const uint32_t nice[] = { 15, 36, 100, 100, 335, 1024, 1500 };
	static const uint32_t extremes[] = { 1, 10000 };

	(void)state;
	shares_follow_weights_from(0, nice, 7);
	shares_follow_weights_from(0, extremes, 2);
}

static void shares_follow_weights_while_the_clock_wraps(void **state)
{
	static const uint32_t weights[] = { 50, 100, 200, 400 };

	(void)state;
	shares_follow_weights_from(-(1000 * 1000 * MS), weights, 4);
	shares_follow_weights_from((1ULL << 63) - 1000 * 1000 * MS, weights, 4);
}

static void a_sleeper_goes_before_hogs(void **state)
{
	struct sim sim = { .seed = 4 };
	struct sim_task *sleeper = &sim.tasks[8];
	uint32_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		sim_add(&sim, 100, 0, 0);
	sim_add(&sim, 100, MS / 2, 16 * MS);
	for (i = 0; i < 1000; i++) /* until the hogs have their whole awake time */
		sim_run_one(&sim);
	sleeper->max_wait_ns = sleeper->runs = 0;
	for (i = 0; i < 20000; i++)
		sim_run_one(&sim);
	assert_true(sleeper->runs > 1000);
	/* whoever runs may end its slice; nobody else comes first, as the hogs' keys are later */
	assert_true(sleeper->max_wait_ns <= SLICE);
}

/* After an hour of sleep it has no more than lag and cap in hand over the others. */
static void a_long_sleep_does_not_buy_the_machine(void **state)
{
	struct sim sim = { .seed = 5 };
	struct sim_task *woken = &sim.tasks[4];
	uint64_t began, others_before = 0, others_after = 0;
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		sim_add(&sim, 100, 0, 0);
	sim_add(&sim, 100, 3600 * 1000 * MS, 0);
	woken->asleep = true;
	woken->wakes_at = 3600 * 1000 * MS;
	while (sim.now < woken->wakes_at)
		sim_run_one(&sim);
	for (i = 0; i < 4; i++)
		others_before += sim.tasks[i].cpu_ns;
	began = woken->cpu_ns;
	while (woken->cpu_ns - began < LAG + CAP + 2 * SLICE)
		sim_run_one(&sim);
	for (i = 0; i < 4; i++)
		others_after += sim.tasks[i].cpu_ns;
	assert_true(others_after > others_before);
}

/*
 * Nobody starves: a task waits at most until all others have used up what they may be ahead of it
 * in virtual time (lag, cap and the slice each), whatever they do.
 */
static void expect_bounded_waits(const struct sim *sim)
{
	uint32_t i, j;

	for (i = 0; i < sim->nr; i++) {
		const struct sim_task *task = &sim->tasks[i];
		double ahead = LAG + CAP + CCX_DEADLINE_STEP_NS + SLICE * 100.0 / task->weight, bound = SLICE;

		for (j = 0; j < sim->nr; j++)
			if (j != i)
				bound += ahead * sim->tasks[j].weight / 100 + SLICE;
		assert_true(task->runs > 0);
		if (task->max_wait_ns > bound)
			fail_msg("task %u of weight %u waited %.1f ms, at most %.1f are allowed", i,
				 task->weight, task->max_wait_ns / 1e6, bound / 1e6);
	}
}

static void nobody_starves(void **state)
{
	uint64_t seed = 6;
	uint32_t round, i;

	(void)state;
	for (round = 0; round < 30; round++) {
		struct sim sim = { .seed = round, .jitter_ns = MS, .clock = unit_random(&seed) };
		uint32_t nr = unit_between(&seed, 2, MAX_SIM);

		for (i = 0; i < nr; i++) {
			uint32_t weight = unit_between(&seed, 20, 400);
			bool sleeps = unit_random(&seed) & 1;

			/* together the sleepers want more than there is */
			sim_add(&sim, weight, sleeps ? unit_between(&seed, MS / 10, 8 * MS) : 0,
				sleeps ? unit_between(&seed, 0, 2 * MS) : 0);
		}
		for (i = 0; i < 30000; i++)
			sim_run_one(&sim);
		expect_bounded_waits(&sim);
	}
}

/*
 * Equal tasks that never sleep take turns: none waits for more than two slices of each other, even
 * where a slice is a small part of a step of the queues' order.
 */
static void equal_hogs_take_turns(void **state)
{
	struct sim sim = { .seed = 8, .slice_ns = MS, .jitter_ns = MS / 2 };
	uint32_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		sim_add(&sim, 100, 0, 0);
	for (i = 0; i < 200; i++)	/* until each is awake for longer than a step */
		sim_run_one(&sim);
	for (i = 0; i < 8; i++)
		sim.tasks[i].max_wait_ns = 0;
	for (i = 0; i < 20000; i++)
		sim_run_one(&sim);
	for (i = 0; i < 8; i++)
		assert_true(sim.tasks[i].max_wait_ns < 2 * 8 * sim.slice_ns);
}

/* A debt beyond the bound is forgiven; one below it is kept. */
static void debt_is_bounded(void **context)
{
	(void)context;
	assert_int_equal(ccx_vtime_place(1500, 1000, 100, 400), 1400);
	assert_int_equal(ccx_vtime_place(1400, 1000, 100, 400), 1400);
	assert_int_equal(ccx_vtime_place(1399, 1000, 100, 400), 1399);
	assert_int_equal(ccx_vtime_place(1001, 1000, 100, 0), 1000);
	/* across the wrap of the clock */
	assert_int_equal(ccx_vtime_place(500, UINT64_MAX - 99, 50, 200), 100);
}

/* Who wakes owes two slices at most, others four beyond the slack: less wall time the more weight they have. */
static void debt_is_some_slices(void **context)
{
	const uint64_t slice = 5 * MS, bound = 1000 * MS;
	uint64_t before = bound;
	uint32_t weight;

	(void)context;
	assert_int_equal(ccx_debt_ns(1, slice, inverse_weight(100), bound), 2 * slice);
	assert_int_equal(ccx_debt_ns(0, slice, inverse_weight(100), bound), 4 * slice + CCX_CLOCK_SLACK_NS);
	for (weight = 1; weight <= 10000; weight++) {
		uint32_t inverse = inverse_weight(weight);
		uint64_t debt = ccx_debt_ns(1, slice, inverse, bound);

		assert_true(debt <= before);
		assert_true(ccx_debt_ns(0, slice, inverse, bound) >= debt);
		assert_true(debt >= ccx_virtual_ns(slice, inverse) || debt == bound);
		before = debt;
	}
	assert_int_equal(ccx_debt_ns(1, slice, inverse_weight(1), bound), bound);
	assert_int_equal(ccx_debt_ns(0, slice, inverse_weight(1), bound), bound);
}

/* Who owes 5 ms of CPU time owes them at any weight, ahead or behind, and no number wraps. */
static void a_new_weight_keeps_what_is_owed(void **context)
{
	uint64_t seed = 3;
	uint32_t i;

	(void)context;
	assert_int_equal(ccx_lag_reweighed(SLACK + 500 * MS, inverse_weight(1), inverse_weight(100)),
			 SLACK + 5 * MS);
	assert_int_equal(ccx_lag_reweighed(-SLACK - 5 * MS, inverse_weight(100), inverse_weight(1)),
			 -SLACK - 500 * MS);
	/* nobody's debt: where a task is as its turn comes */
	assert_int_equal(ccx_lag_reweighed(SLACK, inverse_weight(1000), inverse_weight(1)), SLACK);
	assert_int_equal(ccx_lag_reweighed(-SLACK, inverse_weight(1000), inverse_weight(1)), -SLACK);
	assert_int_equal(ccx_lag_reweighed(12345, 0, inverse_weight(100)), 12345);
	assert_int_equal(ccx_lag_reweighed(12345, inverse_weight(7), inverse_weight(7)), 12345);
	for (i = 0; i < 100000; i++) {
		uint32_t old = inverse_weight(unit_between(&seed, 1, 10000));
		uint32_t new = inverse_weight(unit_between(&seed, 1, 10000));
		int64_t ahead = unit_random(&seed), lag = ccx_lag_reweighed(ahead, old, new);
		double due;

		assert_true(old == new || !lag || (lag < 0) == (ahead < 0));
		ahead >>= 30;
		lag = ccx_lag_reweighed(ahead, old, new);
		if (llabs(ahead) <= SLACK) {
			assert_int_equal(lag, ahead);
			continue;
		}
		/* as much CPU time beyond the slack, to the nanosecond */
		due = (double)(llabs(ahead) - SLACK) * new / old;
		lag = llabs(lag) - SLACK;
		assert_true(lag <= due + 1 && lag >= due - 1);
	}
}

/* Not by who is as far ahead as any may be, never faster than time. */
static void clock_is_never_faster_than_time(void **context)
{
	(void)context;
	assert_int_equal(ccx_clock_correct(1000, 1000, 0, 500), 0);
	assert_int_equal(ccx_clock_correct(1000, 1000 + SLACK, 0, 500), 0);
	assert_int_equal(ccx_clock_correct(1000, 1300 + SLACK, 0, 500), 300);
	assert_int_equal(ccx_clock_correct(1000, 9000 + SLACK, 0, 500), 500);
	assert_int_equal(ccx_clock_correct(UINT64_MAX, 10 + SLACK, 1, 500), 11);
}

/* Only for those who never sleep, a little at a time, and never behind them. */
static void clock_that_ran_away_comes_back(void **context)
{
	uint64_t clock = 1000 * MS;
	uint32_t i;

	(void)context;
	assert_int_equal(ccx_clock_correct(clock, 500 * MS, 0, MS), 0);
	assert_int_equal(ccx_clock_correct(clock, clock - SLACK, 1, MS), 0);
	for (i = 0; i < 1000; i++) {
		int64_t by = ccx_clock_correct(clock, 500 * MS, 1, MS);

		assert_true(by <= 0);
		clock += by;
	}
	assert_in_range(clock, 500 * MS + SLACK, 500 * MS + SLACK + 16);
}

static void service_advances_the_clock_by_the_share_of_each(void **context)
{
	(void)context;
	assert_int_equal(ccx_clock_service(1000, 100), 1000);
	assert_int_equal(ccx_clock_service(1000, 400), 250);
	assert_int_equal(ccx_clock_service(1000, 1), 100000);
	/* no task counted, for a moment: as if there were one */
	assert_int_equal(ccx_clock_service(1000, 0), 1000);
	assert_int_equal(ccx_clock_service(1000, -100), 1000);
}

/*
 * Children that are forked one after the other start at the clock each time and run briefly. They
 * must not go before a task that never sleeps for ever.
 */
static void a_storm_of_forks_starves_nobody(void **context)
{
	struct sim sim = { .seed = 7 };
	const struct sim_task *hog = &sim.tasks[0];
	uint32_t i;

	(void)context;
	sim_add(&sim, 100, 0, 0);
	for (i = 0; i < 3; i++) {
		sim_add(&sim, 100, 2 * MS, 0);
		sim.tasks[sim.nr - 1].forked = true;
	}
	for (i = 0; i < 10000; i++)
		sim_run_one(&sim);
	/* a quarter is its share; children forgive themselves what they owe */
	assert_true(hog->cpu_ns > sim.now / 8);
	assert_true(hog->max_wait_ns < 200 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debt_is_bounded),
		cmocka_unit_test(debt_is_some_slices),
		cmocka_unit_test(a_new_weight_keeps_what_is_owed),
		cmocka_unit_test(clock_is_never_faster_than_time),
		cmocka_unit_test(clock_that_ran_away_comes_back),
		cmocka_unit_test(service_advances_the_clock_by_the_share_of_each),
		cmocka_unit_test(a_storm_of_forks_starves_nobody),
		cmocka_unit_test(more_weight_never_means_more_virtual_time),
		cmocka_unit_test(virtual_time_is_exact_within_a_fifth_of_a_percent),
		cmocka_unit_test(before_holds_across_the_wrap),
		cmocka_unit_test(a_sleeper_saves_up_at_most_the_lag),
		cmocka_unit_test(awake_time_counts_from_a_step_up_to_the_cap),
		cmocka_unit_test(shares_follow_weights_within_a_percent),
		cmocka_unit_test(shares_follow_weights_while_the_clock_wraps),
		cmocka_unit_test(a_sleeper_goes_before_hogs),
		cmocka_unit_test(a_long_sleep_does_not_buy_the_machine),
		cmocka_unit_test(nobody_starves),
		cmocka_unit_test(equal_hogs_take_turns),
	};

	return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
