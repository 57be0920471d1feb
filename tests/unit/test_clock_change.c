// SPDX-License-Identifier: GPL-2.0-only
/* A task that never sleeps changes the domain: how long it, and those it comes to, wait for their turn. */
#include "tests/unit/unit.h"

#include "ccx/deadline.h"

#define MS	1000000ULL
#define NR	8	/* tasks that are there already */
#define CPUS	4
#define SLICE	(4 * MS)
#define AWAKE	(1000 * MS)

/* A domain whose CPUs all run for a slice at a time. */
struct domain {
	uint64_t now, vtime[NR + 1];
	int64_t front;
	uint32_t nr, waited[NR + 1], longest;
};

/* NR tasks that are that far from the clock, after they have been so for a while. */
static void make(struct domain *domain, uint64_t now, int64_t distance)
{
	uint32_t i;

	*domain = (struct domain){ .now = now, .nr = NR };
	for (i = 0; i < NR; i++)
		domain->vtime[i] = now + distance + i % 2 * SLICE;
}

static void run_one_slice(struct domain *domain)
{
	bool ran[NR + 1] = { false };
	uint32_t cpu, i, best;

	for (cpu = 0; cpu < CPUS; cpu++) {
		best = NR + 1;
		for (i = 0; i < domain->nr; i++)
			if (!ran[i] && (best > NR || ccx_before(domain->vtime[i], domain->vtime[best])))
				best = i;
		ran[best] = true;
		domain->front = ccx_front_average(domain->front, domain->vtime[best] - domain->now);
		domain->vtime[best] += SLICE;
	}
	for (i = 0; i < domain->nr; i++) {
		domain->waited[i] = ran[i] ? 0 : domain->waited[i] + 1;
		if (domain->waited[i] > domain->longest)
			domain->longest = domain->waited[i];
	}
	domain->now += SLICE * CPUS / domain->nr;
}

/* Wherever the tasks of the two domains happen to be from their clocks, which may wrap. */
static void who_comes_waits_no_longer_than_who_is_there(void **state)
{
	int64_t from_ms, to_ms;
	uint32_t i, turn;

	(void)state;
	for (from_ms = -28; from_ms <= 28; from_ms += 7)
		for (to_ms = -28; to_ms <= 28; to_ms += 7)
			for (turn = 0; turn < 3; turn++) {
				struct domain from, to;

				make(&from, -60 * MS, from_ms * (int64_t)MS);
				make(&to, 12345 * MS, to_ms * (int64_t)MS);
				for (i = 0; i < 40 + turn; i++) {
					run_one_slice(&from);
					run_one_slice(&to);
				}
				to.longest = 0;
				to.vtime[to.nr++] =
					from.vtime[turn] + ccx_clock_change(from.now, from.front,
									    to.now, to.front, AWAKE);
				for (i = 0; i < 40; i++)
					run_one_slice(&to);
				assert_true(to.longest <= 3);
			}
}

static void who_sleeps_keeps_its_distance_to_the_clock(void **state)
{
	(void)state;
	assert_int_equal(ccx_clock_change(100, 7000, 5100, -9000, 0), 5000);
	assert_int_equal(ccx_clock_change(100, 7000, 5100, -9000, CCX_DEADLINE_STEP_NS - 1), 5000);
	assert_int_equal(ccx_clock_change(100, 7000, 5100, -9000, CCX_DEADLINE_STEP_NS), -11000);
	assert_int_equal(ccx_clock_change(-100ULL, 0, 100, 0, AWAKE), 200);
}

/* One task of great weight that has a CPU for itself, far behind the clock, does not count for all. */
static void front_stays_within_the_slack(void **state)
{
	int64_t front = 0, slack = CCX_CLOCK_SLACK_NS;
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		front = ccx_front_average(front, -200 * (int64_t)MS);
	assert_in_range(front + slack, 0, 8);
	for (i = 0; i < 1000; i++)
		front = ccx_front_average(front, INT64_MAX);
	assert_in_range(slack - front, 0, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_waits_no_longer_than_who_is_there),
		cmocka_unit_test(who_sleeps_keeps_its_distance_to_the_clock),
		cmocka_unit_test(front_stays_within_the_slack),
	};

	return cmocka_run_group_tests_name("clock_change", tests, NULL, NULL);
}
