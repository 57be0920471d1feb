// SPDX-License-Identifier: GPL-2.0-only
/* How long a turn is where very many wait: rounds are bounded, and switching is affordable. */
#include "tests/unit/unit.h"

#include "ccx/crowd.h"

#define MS 1000000ULL
#define SLICE (5 * MS)
#define WATCHDOG_NS (5000 * MS)	/* timeout_ms of ccx_ops */

static uint64_t turn(uint64_t waiting)
{
	return ccx_turn_ns(waiting, SLICE);
}

static void few_have_their_slice(void **state)
{
	uint64_t waiting;

	(void)state;
	for (waiting = 0; waiting * SLICE <= CCX_ROUND_NS; waiting++)
		assert_int_equal(turn(waiting), 0);
	assert_int_not_equal(turn(waiting), 0);
}

/* What is shortened is never lengthened: the turn is shorter than the slice it ends. */
static void a_turn_is_no_longer_than_a_slice(void **state)
{
	uint64_t waiting, slice_ns;

	(void)state;
	for (slice_ns = MS; slice_ns <= 100 * MS; slice_ns += MS)
		for (waiting = 1; waiting < 5000; waiting += 7)
			assert_true(ccx_turn_ns(waiting, slice_ns) < slice_ns);
}

static void a_round_is_bounded(void **state)
{
	uint64_t most = CCX_ROUND_NS / CCX_TURN_MIN_NS, waiting;

	(void)state;
	for (waiting = 1; waiting <= most; waiting++)
		assert_true(waiting * (turn(waiting) ? turn(waiting) : SLICE) <= CCX_ROUND_NS);
	/* 10,000 on four CPUs: twice the epochs' worst case, two rounds each, is within the watchdog's time */
	waiting = 10000 / 4;
	assert_true(4 * waiting * turn(waiting) + 1000 * MS < WATCHDOG_NS);
}

static void more_tasks_never_have_longer_turns(void **state)
{
	uint64_t waiting, last = SLICE;

	(void)state;
	for (waiting = CCX_ROUND_NS / SLICE + 1; waiting < 100000; waiting++) {
		assert_true(turn(waiting) <= last);
		last = turn(waiting);
	}
}

/* However many: switching must not eat the machine, and nothing may overflow. */
static void turns_have_a_floor(void **state)
{
	(void)state;
	assert_int_equal(turn(1000000), CCX_TURN_MIN_NS);
	assert_int_equal(ccx_turn_ns(UINT32_MAX, 100 * MS), CCX_TURN_MIN_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_have_their_slice),
		cmocka_unit_test(a_turn_is_no_longer_than_a_slice),
		cmocka_unit_test(a_round_is_bounded),
		cmocka_unit_test(more_tasks_never_have_longer_turns),
		cmocka_unit_test(turns_have_a_floor),
	};

	return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
