// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load table with all its threads at once, as the program has them: one writer per domain that
 * reads all the others, one reader that only reads, one reclaimer. Every field of a snapshot is
 * derived from one number, so a snapshot that was read half-written or after it was recycled shows.
 *
 * Built three ways: plainly (real reordering), with ASan, and with ThreadSanitizer, where
 * tsan_urcu.c tells the sanitizer what liburcu promises and no more.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <urcu-qsbr.h>

#include "ccx/load_table.h"

#define DOMAINS	    4
#define DURATION_NS (1200 * 1000 * 1000ULL)

struct thread {
	pthread_t id;
	struct stress *stress;
	uint32_t domain; /* DOMAINS: reads only */
	uint64_t published, refused, reads, torn, recycled, backwards;
	uint64_t seen[DOMAINS];
};

struct stress {
	struct ccx_load_table *table;
	struct thread threads[DOMAINS + 1];
	uint64_t reclaimed;
	bool quit;
};

static struct ccx_load derive(uint64_t number, uint32_t domain)
{
	uint64_t seed = number * DOMAINS + domain;
	struct ccx_load load;

	memset(&load, 0, sizeof(load));
	load.time_ns = number;
	load.vtime_now = unit_random(&seed);
	load.capacity = unit_random(&seed);
	load.nr_cpus = unit_random(&seed);
	load.idle_cpus = unit_random(&seed);
	load.queued[0] = unit_random(&seed);
	load.queued[1] = unit_random(&seed);
	load.running = unit_random(&seed);
	load.running_critical = unit_random(&seed);
	load.utilisation = unit_random(&seed);
	return load;
}

static bool whole(const struct ccx_load *load, uint32_t domain)
{
	struct ccx_load want = derive(load->time_ns, domain);

	return load->vtime_now == want.vtime_now && load->capacity == want.capacity &&
	       load->nr_cpus == want.nr_cpus && load->idle_cpus == want.idle_cpus &&
	       load->queued[0] == want.queued[0] && load->queued[1] == want.queued[1] &&
	       load->running == want.running &&
	       load->running_critical == want.running_critical &&
	       load->utilisation == want.utilisation;
}

/* One batch of a dispatcher: between two quiescent states every pointer stays good. */
static void read_all(struct thread *thread, uint64_t *seed)
{
	const struct ccx_load *held[DOMAINS];
	uint64_t number[DOMAINS];
	uint32_t i;

	for (i = 0; i < DOMAINS; i++) {
		held[i] = ccx_load_table_read(thread->stress->table, i);
		if (!held[i])
			continue;
		number[i] = held[i]->time_ns;
		thread->reads++;
		thread->torn += !whole(held[i], i);
		/* a domain's snapshots are seen in the order of their publication */
		thread->backwards += number[i] < thread->seen[i];
		thread->seen[i] = number[i];
	}
	if (unit_random(seed) % 8 == 0)
		sched_yield();
	for (i = 0; i < DOMAINS; i++)
		if (held[i])
			thread->recycled += held[i]->time_ns != number[i] || !whole(held[i], i);
}

static void *dispatcher(void *context)
{
	struct thread *thread = context;
	struct stress *stress = thread->stress;
	uint64_t seed = thread->domain, number = 0;
	struct ccx_load load;

	rcu_register_thread();
	while (!__atomic_load_n(&stress->quit, __ATOMIC_ACQUIRE)) {
		read_all(thread, &seed);
		if (thread->domain < DOMAINS) {
			load = derive(number + 1, thread->domain);
			if (ccx_load_table_publish(stress->table, thread->domain, &load)) {
				number++;
				thread->published++;
			} else {
				thread->refused++;
			}
		}
		/* both ways of saying it, as the program does and as it may one day */
		if (unit_random(&seed) % 4) {
			rcu_quiescent_state();
		} else {
			rcu_thread_offline();
			sched_yield();
			rcu_thread_online();
		}
	}
	rcu_unregister_thread();
	return NULL;
}

static void *reclaimer(void *context)
{
	struct stress *stress = context;

	while (!__atomic_load_n(&stress->quit, __ATOMIC_ACQUIRE)) {
		stress->reclaimed += ccx_load_table_reclaim(stress->table);
		sched_yield();
	}
	return NULL;
}

static void nobody_ever_sees_a_half_written_or_recycled_snapshot(void **state)
{
	static struct stress stress;
	const struct timespec duration = { DURATION_NS / 1000000000, DURATION_NS % 1000000000 };
	uint64_t published = 0, reads = 0, refused = 0;
	pthread_t reclaiming;
	uint32_t i;

	(void)state;
	stress.table = ccx_load_table_new(DOMAINS);
	assert_non_null(stress.table);
	for (i = 0; i <= DOMAINS; i++) {
		stress.threads[i].stress = &stress;
		stress.threads[i].domain = i;
		assert_int_equal(
			pthread_create(&stress.threads[i].id, NULL, dispatcher, &stress.threads[i]),
			0);
	}
	assert_int_equal(pthread_create(&reclaiming, NULL, reclaimer, &stress), 0);
	nanosleep(&duration, NULL);
	__atomic_store_n(&stress.quit, true, __ATOMIC_RELEASE);
	/* the reclaimer last: a dispatcher never waits for it, it may wait for a dispatcher */
	for (i = 0; i <= DOMAINS; i++)
		pthread_join(stress.threads[i].id, NULL);
	pthread_join(reclaiming, NULL);

	for (i = 0; i <= DOMAINS; i++) {
		struct thread *thread = &stress.threads[i];

		assert_int_equal(thread->torn, 0);
		assert_int_equal(thread->recycled, 0);
		assert_int_equal(thread->backwards, 0);
		assert_true(thread->reads > 0);
		assert_true(i == DOMAINS || thread->published > 0);
		published += thread->published;
		refused += thread->refused;
		reads += thread->reads;
	}
	print_message("%llu published, %llu refused for want of a snapshot, %llu read, "
		      "%llu recycled\n",
		      (unsigned long long)published, (unsigned long long)refused,
		      (unsigned long long)reads, (unsigned long long)stress.reclaimed);
	/* it was about recycled snapshots, so there must have been many */
	assert_true(published > 2 * DOMAINS * CCX_LOAD_SNAPSHOTS);
	assert_true(stress.reclaimed > DOMAINS * CCX_LOAD_SNAPSHOTS);
	ccx_load_table_free(stress.table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_ever_sees_a_half_written_or_recycled_snapshot),
	};

	return cmocka_run_group_tests_name("load table stress", tests, NULL, NULL);
}
