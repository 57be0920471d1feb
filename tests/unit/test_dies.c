// SPDX-License-Identifier: GPL-2.0-only
/* Which die a process comes to prefer, and when it changes its mind. */
#include "tests/unit/unit.h"

#include <pthread.h>

#include "ccx/dies.h"

#define MS		1000000ULL
#define SECOND		(1000 * MS)
#define OUTSIDE		0
#define CACHE_DIE	1

static struct ccx_die_process process;
static uint64_t now;

static int start(void **state)
{
	(void)state;
	memset(&process, 0, sizeof(process));
	now = 100 * SECOND;
	return !ccx_die_claim(&process, 7, now);
}

/*
 * So many windows of work, each as long as `took`, with fills and uses as samples for one. Returns how
 * often the process changed its mind.
 */
static unsigned int windows(unsigned int nr, int on_cache, uint32_t fills, uint32_t uses,
			    uint64_t took)
{
	unsigned int changes = 0, i;

	while (nr--)
		for (i = 0; i < CCX_DIE_WINDOW; i++) {
			now += took / CCX_DIE_WINDOW;
			/* spread over the window, before the sample of work that may end it */
			if (fills * (i + 1) / CCX_DIE_WINDOW != fills * i / CCX_DIE_WINDOW)
				ccx_die_count(&process, CCX_DIE_FILL, on_cache, now);
			if (uses * (i + 1) / CCX_DIE_WINDOW != uses * i / CCX_DIE_WINDOW)
				ccx_die_count(&process, CCX_DIE_USE, on_cache, now);
			changes += ccx_die_count(&process, CCX_DIE_WORK, on_cache, now);
		}
	return changes;
}

/* As many samples of uses as come with fills at least: fills are among what is counted there. */
static uint32_t uses_of(uint32_t fills)
{
	return (fills + CCX_DIE_USES - 1) / CCX_DIE_USES;
}

static void new_processes_prefer_nothing(void **state)
{
	(void)state;
	assert_int_equal(process.prefer, CCX_PREFER_AUTO);
	windows(1, OUTSIDE, (CCX_DIE_FEW + CCX_DIE_MANY) / 2, uses_of(CCX_DIE_MANY), SECOND);
	assert_int_equal(process.prefer, CCX_PREFER_AUTO);
}

static void it_takes_a_whole_window(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i < CCX_DIE_WINDOW; i++) {
		ccx_die_count(&process, CCX_DIE_FILL, OUTSIDE, now);
		assert_false(ccx_die_count(&process, CCX_DIE_WORK, OUTSIDE, now));
		assert_int_equal(process.prefer, CCX_PREFER_AUTO);
	}
	assert_true(ccx_die_count(&process, CCX_DIE_WORK, OUTSIDE, now));
	assert_int_equal(process.prefer, CCX_PREFER_CACHE);
}

static void many_fills_want_the_cache_and_few_the_clock(void **state)
{
	uint32_t fills;

	for (fills = 0; fills < CCX_DIE_WINDOW; fills++) {
		start(state);
		windows(1, OUTSIDE, fills, uses_of(fills), SECOND);
		assert_int_equal(process.prefer, fills >= CCX_DIE_MANY ? CCX_PREFER_CACHE :
						 fills <= CCX_DIE_FEW  ? CCX_PREFER_FREQUENCY :
									 CCX_PREFER_AUTO);
	}
}

static void what_is_between_changes_nothing(void **state)
{
	uint32_t fills;

	(void)state;
	assert_int_equal(windows(1, OUTSIDE, 0, 0, SECOND), 1);
	for (fills = 0; fills < CCX_DIE_MANY; fills++)
		assert_int_equal(windows(3, OUTSIDE, fills, uses_of(fills), SECOND), 0);
	assert_int_equal(process.prefer, CCX_PREFER_FREQUENCY);
}

/* In the larger cache it misses little because it is there. */
static void few_fills_on_the_cache_die_are_no_reason_to_leave(void **state)
{
	(void)state;
	windows(1, OUTSIDE, 100, 40, SECOND);
	assert_int_equal(windows(20, CACHE_DIE, 0, 40, SECOND), 0);
	assert_int_equal(process.prefer, CCX_PREFER_CACHE);
}

static void few_uses_are(void **state)
{
	(void)state;
	windows(1, OUTSIDE, 100, 40, SECOND);
	windows(3, CACHE_DIE, 10, 40, SECOND);
	assert_int_equal(windows(1, CACHE_DIE, 0, uses_of(CCX_DIE_FEW), SECOND), 0);
	assert_int_equal(windows(1, CACHE_DIE, 0, uses_of(CCX_DIE_FEW) - 1, SECOND), 1);
	assert_int_equal(process.prefer, CCX_PREFER_FREQUENCY);
}

/* It started there, so nobody knows what it would need elsewhere. */
static void nothing_is_known_from_the_cache_die_alone(void **state)
{
	(void)state;
	assert_int_equal(windows(5, CACHE_DIE, 5, 40, SECOND), 0);
	assert_int_equal(windows(5, CACHE_DIE, 100, 40, SECOND), 0);
	assert_int_equal(process.prefer, CCX_PREFER_AUTO);
	assert_int_equal(windows(1, CACHE_DIE, 0, 0, SECOND), 1);
	assert_int_equal(process.prefer, CCX_PREFER_FREQUENCY);
}

static void a_cache_that_does_not_help_is_left(void **state)
{
	uint32_t fills;

	for (fills = 0; fills < 100; fills++) {
		start(state);
		windows(1, OUTSIDE, 100, 40, SECOND);
		windows(3, CACHE_DIE, fills, 40, SECOND);
		assert_int_equal(process.prefer,
				 fills <= 75 ? CCX_PREFER_CACHE : CCX_PREFER_FREQUENCY);
	}
}

/* A trial a minute, not a process that goes to and fro all the time. */
static void and_not_tried_again_for_a_while(void **state)
{
	unsigned int changes = 0;
	uint64_t until = now + 10 * CCX_DIE_RETRY_NS;

	(void)state;
	while (now < until)
		changes += windows(1, process.prefer == CCX_PREFER_CACHE, 100, 40, SECOND);
	assert_in_range(changes, 10, 2 * 10 + 1);
}

/* The trial is of the first time on the cache die only: later it is another phase of the program. */
static void a_cache_that_helped_is_kept(void **state)
{
	(void)state;
	windows(1, OUTSIDE, 100, 40, SECOND);
	windows(3, CACHE_DIE, 10, 40, SECOND);
	assert_int_equal(windows(3, CACHE_DIE, 100, 40, SECOND), 0);
	assert_int_equal(process.prefer, CCX_PREFER_CACHE);
}

static void changes_are_apart(void **state)
{
	unsigned int i;
	uint64_t changed;

	(void)state;
	windows(1, OUTSIDE, 0, 0, 100 * MS);
	changed = process.changed_ns;
	for (i = 0; i < 100; i++)
		if (windows(1, OUTSIDE, 127, 60, 100 * MS)) {
			assert_true(process.changed_ns - changed >= CCX_DIE_DWELL_NS);
			assert_true(process.changed_ns - changed <= CCX_DIE_DWELL_NS + 200 * MS);
			return;
		}
	fail_msg("it never changes its mind");
}

static void light_processes_prefer_nothing(void **state)
{
	(void)state;
	windows(5, OUTSIDE, 127, 60, CCX_DIE_LIGHT_NS + SECOND);
	assert_int_equal(process.prefer, CCX_PREFER_AUTO);
	windows(1, OUTSIDE, 127, 60, SECOND);
	assert_int_equal(process.prefer, CCX_PREFER_CACHE);
	windows(1, CACHE_DIE, 0, 60, CCX_DIE_LIGHT_NS + SECOND);
	assert_int_equal(process.prefer, CCX_PREFER_AUTO);
}

/* Half of its threads here, half there: whichever window is full first counts, neither mixes both. */
static void dies_are_told_apart(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 3 * CCX_DIE_WINDOW; i++) {
		now += 10 * MS;
		ccx_die_count(&process, CCX_DIE_FILL, OUTSIDE, now);
		ccx_die_count(&process, CCX_DIE_USE, OUTSIDE, now);
		ccx_die_count(&process, CCX_DIE_WORK, OUTSIDE, now);
		ccx_die_count(&process, CCX_DIE_USE, CACHE_DIE, now);
		ccx_die_count(&process, CCX_DIE_WORK, CACHE_DIE, now);
	}
	assert_int_equal(process.prefer, CCX_PREFER_CACHE);
}

static void a_place_goes_to_another_when_it_is_free(void **state)
{
	(void)state;
	windows(1, OUTSIDE, 127, 60, SECOND);
	assert_true(ccx_die_claim(&process, 7, now));
	assert_false(ccx_die_claim(&process, 8, now + CCX_DIE_GONE_NS - 1));
	assert_int_equal(process.prefer, CCX_PREFER_CACHE);
	now += CCX_DIE_GONE_NS;
	assert_true(ccx_die_claim(&process, 8, now));
	assert_int_equal(process.tgid, 8);
	assert_int_equal(process.prefer, CCX_PREFER_AUTO);
	assert_int_equal(process.windows[0].events[CCX_DIE_FILL], 0);
	assert_int_equal(process.changes, 0);
	assert_false(ccx_die_claim(&process, 7, now));
}

static void places_are_spread(void **state)
{
	static uint8_t taken[CCX_DIE_PROCESSES];
	uint32_t tgid, slot, crowded = 0;

	(void)state;
	for (tgid = 1000; tgid < 1000 + CCX_DIE_PROCESSES / 2; tgid++) {
		slot = ccx_die_slot(tgid);
		assert_true(slot < CCX_DIE_PROCESSES);
		crowded += taken[slot]++ > 0;
	}
	/* numbers in a row, as processes have, meet less often than by chance */
	assert_true(crowded < CCX_DIE_PROCESSES / 16);
}

#define THREADS 4
#define ROUNDS	(2000 * CCX_DIE_WINDOW / THREADS)

static void *count(void *unused)
{
	uint32_t i, changes = 0;

	(void)unused;
	for (i = 0; i < ROUNDS; i++) {
		ccx_die_count(&process, CCX_DIE_FILL, OUTSIDE, 100 * SECOND);
		changes += ccx_die_count(&process, CCX_DIE_WORK, OUTSIDE, 100 * SECOND);
	}
	return (void *)(uintptr_t)changes;
}

/* Threads of a process are counted on several CPUs at a time: no window is judged twice. */
static void cpus_count_together(void **state)
{
	pthread_t threads[THREADS];
	uintptr_t changes = 0;
	uint32_t i;
	void *result;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		changes += (uintptr_t)result;
	}
	assert_int_equal(changes, process.changes);
	assert_int_equal(process.prefer, CCX_PREFER_CACHE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(new_processes_prefer_nothing, start),
		cmocka_unit_test_setup(it_takes_a_whole_window, start),
		cmocka_unit_test_setup(many_fills_want_the_cache_and_few_the_clock, start),
		cmocka_unit_test_setup(what_is_between_changes_nothing, start),
		cmocka_unit_test_setup(few_fills_on_the_cache_die_are_no_reason_to_leave, start),
		cmocka_unit_test_setup(few_uses_are, start),
		cmocka_unit_test_setup(nothing_is_known_from_the_cache_die_alone, start),
		cmocka_unit_test_setup(a_cache_that_does_not_help_is_left, start),
		cmocka_unit_test_setup(and_not_tried_again_for_a_while, start),
		cmocka_unit_test_setup(a_cache_that_helped_is_kept, start),
		cmocka_unit_test_setup(changes_are_apart, start),
		cmocka_unit_test_setup(light_processes_prefer_nothing, start),
		cmocka_unit_test_setup(dies_are_told_apart, start),
		cmocka_unit_test_setup(a_place_goes_to_another_when_it_is_free, start),
		cmocka_unit_test(places_are_spread),
		cmocka_unit_test_setup(cpus_count_together, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
