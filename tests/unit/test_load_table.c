// SPDX-License-Identifier: GPL-2.0-only
/* The load table's contract, one thread at a time; test_load_table_stress.c has them all at once.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <urcu-qsbr.h>

#include "ccx/load_table.h"

static struct ccx_load numbered(uint64_t number)
{
	return (struct ccx_load){
		.time_ns = number,
		.vtime_now = ~number,
		.capacity = number + 1,
		.nr_cpus = number + 2,
		.idle_cpus = number + 3,
		.queued = { number + 4, number + 5 },
		.running = number + 7,
		.running_critical = number + 8,
		.utilisation = number + 9,
	};
}

/* field by field: the structure has padding */
static void expect_load(const struct ccx_load *load, uint64_t number)
{
	struct ccx_load want = numbered(number);

	assert_non_null(load);
	assert_int_equal(load->time_ns, want.time_ns);
	assert_int_equal(load->vtime_now, want.vtime_now);
	assert_int_equal(load->capacity, want.capacity);
	assert_int_equal(load->nr_cpus, want.nr_cpus);
	assert_int_equal(load->idle_cpus, want.idle_cpus);
	assert_memory_equal(load->queued, want.queued, sizeof(want.queued));
	assert_int_equal(load->running, want.running);
	assert_int_equal(load->running_critical, want.running_critical);
	assert_int_equal(load->utilisation, want.utilisation);
}

static void expect(const struct ccx_load_table *table, uint32_t domain, uint64_t number)
{
	expect_load(ccx_load_table_read(table, domain), number);
}

static bool publish(struct ccx_load_table *table, uint32_t domain, uint64_t number)
{
	struct ccx_load load = numbered(number);

	return ccx_load_table_publish(table, domain, &load);
}

static uint32_t reclaim(struct ccx_load_table *table)
{
	uint32_t nr;

	rcu_thread_offline();
	nr = ccx_load_table_reclaim(table);
	rcu_thread_online();
	return nr;
}

static int begin(void **state)
{
	rcu_register_thread();
	*state = ccx_load_table_new(3);
	return *state ? 0 : -1;
}

static int end(void **state)
{
	ccx_load_table_free(*state);
	rcu_unregister_thread();
	return 0;
}

static void nothing_is_there_before_the_first_publication(void **state)
{
	uint32_t domain;

	for (domain = 0; domain < 3; domain++)
		assert_null(ccx_load_table_read(*state, domain));
	assert_int_equal(reclaim(*state), 0);
}

static void what_was_published_last_is_read(void **state)
{
	uint64_t number;

	for (number = 1; number < 100; number++) {
		assert_true(publish(*state, 1, number));
		expect(*state, 1, number);
	}
}

static void domains_do_not_touch_each_other(void **state)
{
	while (publish(*state, 0, 7))
		;
	assert_null(ccx_load_table_read(*state, 1));
	assert_true(publish(*state, 1, 8));
	assert_true(publish(*state, 2, 9));
	expect(*state, 0, 7);
	expect(*state, 1, 8);
	expect(*state, 2, 9);
}

static void without_a_reclaimer_it_stays_at_the_last_that_fitted(void **state)
{
	uint64_t number = 0;

	while (publish(*state, 0, number + 1))
		number++;
	assert_int_equal(number, CCX_LOAD_SNAPSHOTS);
	expect(*state, 0, number);
	assert_false(publish(*state, 0, 12345));
	expect(*state, 0, number);
}

static void it_recovers_when_the_reclaimer_is_back(void **state)
{
	uint64_t number = 0;
	uint32_t round, published;

	while (publish(*state, 0, ++number))
		;
	for (round = 0; round < 20; round++) {
		/* all but the current one; and that stays as it is */
		number--;
		assert_int_equal(reclaim(*state), CCX_LOAD_SNAPSHOTS - 1);
		expect(*state, 0, number);
		for (published = 0; publish(*state, 0, ++number); published++)
			expect(*state, 0, number);
		assert_int_equal(published, CCX_LOAD_SNAPSHOTS - 1);
	}
}

static void every_retired_snapshot_is_counted_once(void **state)
{
	publish(*state, 0, 1);
	publish(*state, 2, 1);
	assert_int_equal(reclaim(*state), 0);
	publish(*state, 0, 2);
	publish(*state, 0, 3);
	publish(*state, 2, 2);
	assert_int_equal(reclaim(*state), 3);
	assert_int_equal(reclaim(*state), 0);
}

/* Ring indexes are 32 bits that wrap: many times round the rings, every value right. */
static void it_goes_round_and_round(void **state)
{
	uint64_t number;

	for (number = 1; number <= 200000; number++) {
		assert_true(publish(*state, 0, number));
		expect(*state, 0, number);
		if (number % 200 == 0)
			assert_int_equal(reclaim(*state), number == 200 ? 199 : 200);
	}
}

static void all_domains_can_be_full(void **state)
{
	struct ccx_load_table *table = ccx_load_table_new(CCX_MAX_DOMAINS);
	uint32_t domain;

	(void)state;
	assert_non_null(table);
	for (domain = 0; domain < CCX_MAX_DOMAINS; domain++)
		while (publish(table, domain, domain))
			;
	assert_int_equal(reclaim(table), CCX_MAX_DOMAINS * (CCX_LOAD_SNAPSHOTS - 1));
	for (domain = 0; domain < CCX_MAX_DOMAINS; domain++)
		expect(table, domain, domain);
	ccx_load_table_free(table);
}

static void nothing_is_freed_gladly(void **state)
{
	(void)state;
	ccx_load_table_free(NULL);
}

struct grace {
	struct ccx_load_table *table;
	uint32_t returned;
	bool done;
};

static void *reclaimer(void *context)
{
	struct grace *grace = context;

	grace->returned = ccx_load_table_reclaim(grace->table);
	__atomic_store_n(&grace->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* What a reader holds is not recycled until it says so, however much is published meanwhile. */
static void a_held_snapshot_outlasts_everything(void **state)
{
	struct grace grace = { .table = *state };
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	const struct ccx_load *held;
	uint64_t number = 1;
	pthread_t thread;

	assert_true(publish(*state, 0, number));
	held = ccx_load_table_read(*state, 0);
	assert_true(publish(*state, 0, ++number));
	assert_int_equal(pthread_create(&thread, NULL, reclaimer, &grace), 0);
	nanosleep(&pause, NULL);
	while (publish(*state, 0, ++number))
		;
	assert_false(__atomic_load_n(&grace.done, __ATOMIC_ACQUIRE));
	expect_load(held, 1);
	rcu_thread_offline(); /* a quiescent state, and none waits for us */
	pthread_join(thread, NULL);
	rcu_thread_online();
	/* what was retired when it began, the first at least; a grace period covers nothing else */
	assert_in_range(grace.returned, 1, CCX_LOAD_SNAPSHOTS - 1);
	while (grace.returned--)
		assert_true(publish(*state, 0, number));
	assert_false(publish(*state, 0, number));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_there_before_the_first_publication),
		TEST(what_was_published_last_is_read),
		TEST(domains_do_not_touch_each_other),
		TEST(without_a_reclaimer_it_stays_at_the_last_that_fitted),
		TEST(it_recovers_when_the_reclaimer_is_back),
		TEST(every_retired_snapshot_is_counted_once),
		TEST(it_goes_round_and_round),
		TEST(all_domains_can_be_full),
		TEST(nothing_is_freed_gladly),
		TEST(a_held_snapshot_outlasts_everything),
	};

	return cmocka_run_group_tests_name("load table", tests, NULL, NULL);
}
