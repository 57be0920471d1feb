// SPDX-License-Identifier: GPL-2.0-only
/* The longest wait, ever and lately, on two clocks that have nothing in common. */
#include "tests/unit/unit.h"

#include "ccx/waits.h"

#define MS 1000000ULL
#define PERIOD CCX_WAITS_PERIOD_NS
#define MONO (123456789 * MS)	/* CLOCK_MONOTONIC is ahead of BPF's by so much */

static struct ccx_waits waits;

static int setup(void **state)
{
	(void)state;
	memset(&waits, 0, sizeof(waits));
	return 0;
}

/* What BPF does when a wait ends. */
static void ends(uint64_t now, uint64_t wait_ns)
{
	if (ccx_waits_period_over(&waits, now))
		ccx_waits_begin(&waits, now, MONO + now);
	ccx_waits_add(&waits, wait_ns);
}

static uint64_t recent(uint64_t now)
{
	return ccx_waits_recent(&waits, MONO + now);
}

static void nothing_has_waited(void **state)
{
	(void)state;
	assert_int_equal(recent(0), 0);
	assert_int_equal(recent(100 * PERIOD), 0);
	assert_int_equal(waits.longest_ns, 0);
}

static void the_longest_stays_for_ever(void **state)
{
	uint64_t now = 50 * PERIOD, i;

	(void)state;
	ends(now, 7 * MS);
	for (i = 0; i < 100; i++)
		ends(now += PERIOD / 7, MS);
	assert_int_equal(waits.longest_ns, 7 * MS);
	ends(now, 9 * MS);
	assert_int_equal(waits.longest_ns, 9 * MS);
}

static void lately_forgets(void **state)
{
	uint64_t now = 50 * PERIOD;

	(void)state;
	ends(now, 7 * MS);
	assert_int_equal(recent(now), 7 * MS);
	/* other waits go on, all of them short */
	for (; now < 53 * PERIOD; now += PERIOD / 10)
		ends(now, MS);
	assert_int_equal(recent(now), MS);
}

/* A CPU that nothing waits for any more has no longest wait lately, though nobody reset it. */
static void lately_forgets_where_nothing_waits(void **state)
{
	uint64_t now = 50 * PERIOD;

	(void)state;
	ends(now, 7 * MS);
	assert_int_equal(recent(now + PERIOD), 7 * MS);
	assert_int_equal(recent(now + 2 * PERIOD + 1), 0);
	/* after a long silence, what was before it is not the period before */
	ends(now + 10 * PERIOD, MS);
	assert_int_equal(recent(now + 10 * PERIOD), MS);
}

/* Whatever happens when: never longer than two periods back, always at least one. */
static void lately_is_between_one_and_two_periods(void **state)
{
	uint64_t seed = 20260826, at[4096], wait[4096], now = 50 * PERIOD;
	uint32_t i, j;

	(void)state;
	for (i = 0; i < 4096; i++) {
		uint64_t must = 0, may = 0, said;

		at[i] = now += unit_between(&seed, 1, i % 64 ? PERIOD / 5 : 3 * PERIOD);
		wait[i] = unit_between(&seed, 1, 1000) * MS;
		ends(at[i], wait[i]);
		now += unit_between(&seed, 0, i % 3 ? PERIOD / 5 : 2 * PERIOD);
		for (j = 0; j <= i; j++) {
			if (now - at[j] <= PERIOD && wait[j] > must)
				must = wait[j];
			if (now - at[j] <= 2 * PERIOD && wait[j] > may)
				may = wait[j];
		}
		said = recent(now);
		assert_true(said >= must);
		assert_true(said <= may);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_has_waited, setup),
		cmocka_unit_test_setup(the_longest_stays_for_ever, setup),
		cmocka_unit_test_setup(lately_forgets, setup),
		cmocka_unit_test_setup(lately_forgets_where_nothing_waits, setup),
		cmocka_unit_test_setup(lately_is_between_one_and_two_periods, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
