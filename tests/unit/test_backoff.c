// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/unit.h"

#include "backoff.h"

static void a_few_soon(void **context)
{
	struct ccx_backoff backoff = { 0 };
	int i;

	(void)context;
	for (i = 0; i < CCX_RESTARTS_SOON; i++)
		assert_int_equal(ccx_backoff_next(&backoff, 0), CCX_BACKOFF_MIN_MS);
	assert_int_equal(ccx_backoff_next(&backoff, 0), 2 * CCX_BACKOFF_MIN_MS);
}

static void longer_each_time(void **context)
{
	struct ccx_backoff backoff = { 0 };
	uint32_t last = 0, wait, most = 0, all = 0;

	(void)context;
	while ((wait = ccx_backoff_next(&backoff, CCX_STABLE_MS - 1)) != CCX_BACKOFF_GIVE_UP) {
		assert_true(wait >= last);
		assert_true(!last || wait <= 2 * last);
		last = wait;
		most = wait > most ? wait : most;
		all++;
		assert_true(all <= CCX_RESTARTS_MAX);
	}
	assert_int_equal(all, CCX_RESTARTS_MAX);
	assert_int_equal(most, CCX_BACKOFF_MAX_MS);
}

static void gives_up_for_good(void **context)
{
	struct ccx_backoff backoff = { .restarts = CCX_RESTARTS_MAX };

	(void)context;
	assert_int_equal(ccx_backoff_next(&backoff, 0), CCX_BACKOFF_GIVE_UP);
	assert_int_equal(ccx_backoff_next(&backoff, 0), CCX_BACKOFF_GIVE_UP);
}

/* Suspended every hour for a year: each time it starts again, and soon. */
static void a_stable_session_ends_the_row(void **context)
{
	struct ccx_backoff backoff = { 0 };
	int i;

	(void)context;
	for (i = 0; i < 24 * 365; i++)
		assert_int_equal(ccx_backoff_next(&backoff, 3600 * 1000), CCX_BACKOFF_MIN_MS);
	while (ccx_backoff_next(&backoff, 0) != CCX_BACKOFF_GIVE_UP)
		;
	assert_int_equal(ccx_backoff_next(&backoff, CCX_STABLE_MS), CCX_BACKOFF_MIN_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_soon),
		cmocka_unit_test(longer_each_time),
		cmocka_unit_test(gives_up_for_good),
		cmocka_unit_test(a_stable_session_ends_the_row),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
