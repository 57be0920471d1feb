// SPDX-License-Identifier: GPL-2.0-only
/* What BPF is told of machines with several kinds of CPU: the machines are those of tests/topology. */
#include "tests/unit/unit.h"

#include "ccx/topology.h"
#include "configure.h"

static struct ccx_machine machine;
static struct ccx_config config;
static struct ccx_topology *topology;

static void configure(const char *source)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	const struct ccx_scheduler_options scheduler = { .slice_us = 5000, .rescue_us = 5000,
							 .spill_us = 2000 };
	pid_t tids[CCX_MAX_DOMAINS];
	struct ccx_error error;
	uint32_t i;

	options.source = source;
	assert_int_equal(ccx_topology_load(&options, &topology, &error), 0);
	for (i = 0; i < CCX_MAX_DOMAINS; i++)
		tids[i] = 1000 + i;
	ccx_configure_machine(&machine, topology, tids);
	ccx_configure(&config, &machine, topology, &scheduler);
}

static int teardown(void **state)
{
	(void)state;
	ccx_topology_free(topology);
	topology = NULL;
	return 0;
}

static uint32_t cpus_of(uint32_t kind)
{
	uint32_t i, nr = 0;

	for (i = 0; i < machine.nr_cpus; i++)
		nr += machine.cpus[i].present && machine.cpus[i].kind == kind;
	return nr;
}

/* What holds of every machine. */
static void expect_consistent(void)
{
	uint32_t i, kind, nr[CCX_NR_KINDS] = { 0 };

	for (i = 0; i < machine.nr_domains; i++)
		for (kind = 0; kind < CCX_NR_KINDS; kind++)
			nr[kind] += machine.domains[i].nr_kind[kind];
	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		assert_int_equal(nr[kind], cpus_of(kind));
	for (i = 0; i < machine.nr_cpus; i++) {
		const struct ccx_config_cpu *cpu = &machine.cpus[i];

		if (!cpu->present)
			continue;
		if (cpu->smt) {
			assert_int_not_equal(cpu->sibling, i);
			assert_int_equal(machine.cpus[cpu->sibling].domain, cpu->domain);
			assert_int_equal(machine.cpus[cpu->sibling].kind, cpu->kind);
		}
		if (cpu->kind != CCX_KIND_PERFORMANCE)
			assert_true(cpu->capacity <= machine.lesser_capacity);
	}
}

static void low_power_beside_efficiency_is_kept_apart(void **state)
{
	(void)state;
	configure("tests/topology/meteor-lake-hwloc-2.13.xml");
	expect_consistent();
	assert_int_equal(cpus_of(CCX_KIND_PERFORMANCE), 12);
	assert_int_equal(cpus_of(CCX_KIND_EFFICIENCY), 8);
	assert_int_equal(cpus_of(CCX_KIND_LOW_POWER), 2);
	assert_true(config.mixed_kinds);
	assert_true(config.low_power);
	assert_int_equal(machine.low_power_domains, 1ULL << 2);
	/* who is heavy, or latency-critical, is at home in a domain that has performance CPUs */
	assert_true(machine.domains[machine.domains[2].critical_home].nr_kind[CCX_KIND_PERFORMANCE]);
	/* a clamp is compared with the fastest lesser CPU */
	assert_int_equal(machine.lesser_capacity, machine.cpus[12].capacity);
}

static void low_power_alone_is_used_as_efficiency(void **state)
{
	(void)state;
	configure("tests/topology/lunar-lake-hwloc-2.9.xml");
	expect_consistent();
	assert_int_equal(cpus_of(CCX_KIND_LOW_POWER), 0);
	assert_int_equal(cpus_of(CCX_KIND_EFFICIENCY), 4);
	assert_true(config.mixed_kinds);
	assert_false(config.low_power);
	assert_int_equal(machine.low_power_domains, 0);
}

/* Zen 5 and Zen 5c: the faster cores are the fast die; there is none with more cache. */
static void faster_cores_with_a_cache_of_their_own_are_a_die(void **state)
{
	uint32_t i;

	(void)state;
	configure("tests/topology/ryzen-hx370-v3.xml");
	expect_consistent();
	assert_true(config.mixed_kinds);
	assert_false(config.low_power);
	for (i = 0; i < 2; i++) {
		assert_int_equal(machine.domains[i].critical_home, 0);
		assert_int_equal(machine.domains[i].die[CCX_PREFER_FREQUENCY], 0);
		assert_int_equal(machine.domains[i].die[CCX_PREFER_CACHE], i);
		assert_int_equal(machine.domains[i].die[CCX_PREFER_NONE], i);
		assert_int_equal(machine.domains[i].die[CCX_PREFER_AUTO], i);
		assert_false(machine.domains[i].cache_die);
	}
}

static void a_machine_of_one_kind(void **state)
{
	uint32_t i, prefer;

	(void)state;
	configure("synthetic:pack:1 l3:2 core:4 pu:2");
	expect_consistent();
	assert_false(config.mixed_kinds);
	assert_false(config.low_power);
	assert_int_equal(cpus_of(CCX_KIND_PERFORMANCE), 16);
	assert_int_equal(machine.lesser_capacity, CCX_CAPACITY_MAX / 2);
	for (i = 0; i < 2; i++)
		for (prefer = 0; prefer < CCX_NR_PREFERS; prefer++)
			assert_int_equal(machine.domains[i].die[prefer], i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(low_power_beside_efficiency_is_kept_apart, teardown),
		cmocka_unit_test_teardown(low_power_alone_is_used_as_efficiency, teardown),
		cmocka_unit_test_teardown(faster_cores_with_a_cache_of_their_own_are_a_die,
					  teardown),
		cmocka_unit_test_teardown(a_machine_of_one_kind, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
