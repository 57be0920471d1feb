// SPDX-License-Identifier: GPL-2.0-only
/* What the packer makes of BPF's state: demand, and the sets that BPF reads. */
#include "tests/unit/unit.h"

#include "packer.h"

#define PERIOD_NS CCX_SET_PERIOD_NS

static struct ccx_state state;
static struct ccx_sets sets;
static struct ccx_packer packer;
static uint64_t now_ns;

static int setup(void **unused)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error;
	uint32_t class;

	(void)unused;
	options.source = "synthetic:l3:4 core:4 pu:1";
	if (ccx_topology_load(&options, &topology, &error))
		fail_msg("%s", error.text);
	memset(&state, 0, sizeof(state));
	memset(&sets, 0, sizeof(sets));
	memset(&packer, 0, sizeof(packer));
	packer.topology = topology;
	packer.state = &state;
	packer.sets = &sets;
	for (class = 0; class < CCX_NR_SETS; class++)
		ccx_set_init(&packer.set[class], topology, class);
	now_ns = packer.seen_ns = 1000000000;
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	ccx_topology_free((struct ccx_topology *)packer.topology);
	return 0;
}

static void step(uint32_t times)
{
	while (times--) {
		now_ns += PERIOD_NS;
		ccx_packer_step(&packer, now_ns);
	}
}

static void an_idle_machine_needs_one_domain(void **unused)
{
	(void)unused;
	step(100);
	assert_int_equal(packer.figures.demand, 0);
	assert_int_equal(sets.domains[CCX_SET_BACKGROUND], 1);
	assert_int_equal(sets.domains[CCX_SET_CRITICAL], 1);
}

/* CPU time is added when a task stops, and one that never stops adds none. */
static void a_task_that_never_stops_is_seen(void **unused)
{
	uint32_t cpu;

	(void)unused;
	for (cpu = 0; cpu < 8; cpu++)
		state.cpus[cpu].running_since_ns = 5;
	step(100);
	assert_in_range(packer.figures.demand, 8 * CCX_CAPACITY_MAX - 64, 8 * CCX_CAPACITY_MAX);
	assert_true(packer.set[0].active >= 3);
	assert_int_equal(sets.domains[0], ccx_set_mask(&packer.set[0]));
	/* a domain that is in nobody's set works, too: it counts */
	memset(state.cpus, 0, sizeof(state.cpus));
	state.cpus[15].running_since_ns = 5;
	step(100);
	assert_in_range(packer.figures.demand, CCX_CAPACITY_MAX - 64, CCX_CAPACITY_MAX + 64);
}

/* What is added at once for a long time before does not look like many CPUs. */
static void a_cpu_is_one_cpu(void **unused)
{
	uint32_t i;

	(void)unused;
	for (i = 0; i < 100; i++) {
		state.cpus[3].counters[CCX_BUSY_NS] += 100 * PERIOD_NS;
		step(1);
	}
	assert_in_range(packer.figures.demand, CCX_CAPACITY_MAX - 64, CCX_CAPACITY_MAX);
	assert_int_equal(packer.set[0].active, 1);
}

/*
 * A task that runs for `run_ns` and then sleeps for `sleep_ns`, again and again, as BPF notes it.
 * Returns the demand that the packer saw on average, in thousandths of a CPU.
 */
static uint32_t seen_of(uint64_t run_ns, uint64_t sleep_ns)
{
	const uint64_t until_ns = now_ns + 4000 * PERIOD_NS;
	uint64_t next_ns = now_ns + sleep_ns / 2, sum = 0;
	uint32_t steps = 0;

	while (now_ns < until_ns) {
		while (next_ns <= now_ns + PERIOD_NS) {
			if (state.cpus[2].running_since_ns) {
				state.cpus[2].counters[CCX_BUSY_NS] += run_ns;
				state.cpus[2].running_since_ns = 0;
				next_ns += sleep_ns;
			} else {
				/* BPF's clock is another one */
				state.cpus[2].running_since_ns = next_ns + 12345;
				next_ns += run_ns;
			}
		}
		step(1);
		sum += packer.figures.demand;
		steps++;
	}
	return sum * 1000 / CCX_CAPACITY_MAX / steps;
}

/*
 * All of a stint counts in the period in which it ends, and a period in which nothing ends but for
 * the whole: on average that is what was used, however long stints are.
 */
static void stints_of_any_length_count_as_what_they_use(void **unused)
{
	static const uint32_t stints_us[][2] = {
		{ 2000, 8000 }, { 700, 6300 }, { 5000, 1700 }, { 13000, 17000 }, { 19000, 29000 },
		{ 33000, 41000 }, { 71000, 37000 }, { 510000, 130000 }, { 3000, 97000 },
	};
	uint32_t i, run_us, sleep_us, share, seen;

	(void)unused;
	for (i = 0; i < sizeof(stints_us) / sizeof(*stints_us); i++) {
		run_us = stints_us[i][0];
		sleep_us = stints_us[i][1];
		share = 1000 * run_us / (run_us + sleep_us);
		seen = seen_of(run_us * 1000ULL, sleep_us * 1000ULL);
		print_message("runs %u us, sleeps %u us: %u/1000, seen as %u\n", run_us, sleep_us,
			      share, seen);
		assert_in_range(seen, share - share / 50 - 10, share + share / 50 + 10);
		memset(state.cpus, 0, sizeof(state.cpus));
		packer.seen[2].busy_ns = packer.seen[2].running_since_ns = 0;
	}
}

static void tasks_wait_only_where_no_cpu_is_idle(void **unused)
{
	(void)unused;
	state.domains[0].ready[CCX_KIND_EFFICIENCY] = 30;
	state.domains[0].custody = 10;
	/* they are not allowed on the idle ones */
	state.domains[0].nr_idle = 2;
	step(100);
	assert_int_equal(packer.set[0].active, 1);
	state.domains[0].nr_idle = 0;
	step(100);
	assert_int_equal(packer.set[0].active, 4);
	assert_int_equal(sets.domains[0], 0xf);
	/* counts that are wrong for a moment */
	state.domains[0].ready[CCX_KIND_EFFICIENCY] = -100;
	state.domains[0].nr_idle = -1;
	step(1000);
	assert_int_equal(packer.set[0].active, 1);
}

/* With several kinds of CPU each class of work has its set. */
static void critical_work_counts_for_its_own_set(void **unused)
{
	uint32_t i, cpu;

	(void)unused;
	packer.mixed_kinds = true;
	for (i = 0; i < 100; i++) {
		for (cpu = 0; cpu < 8; cpu++) {
			state.cpus[cpu].counters[CCX_BUSY_NS] += PERIOD_NS;
			state.cpus[cpu].counters[CCX_CRITICAL_ON_PERFORMANCE_NS] += PERIOD_NS;
		}
		step(1);
	}
	assert_true(packer.set[CCX_SET_CRITICAL].active >= 3);
	assert_int_equal(packer.set[CCX_SET_BACKGROUND].active, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_idle_machine_needs_one_domain),
		TEST(a_task_that_never_stops_is_seen),
		TEST(a_cpu_is_one_cpu),
		TEST(stints_of_any_length_count_as_what_they_use),
		TEST(tasks_wait_only_where_no_cpu_is_idle),
		TEST(critical_work_counts_for_its_own_set),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
