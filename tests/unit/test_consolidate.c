// SPDX-License-Identifier: GPL-2.0-only
/* How many domains are in use, and which: relations that hold whatever the constants are. */
#include "tests/unit/unit.h"

#include "ccx/consolidate.h"

#define STEPS	100000
#define SECOND	1000000000ULL

static struct ccx_topology *machine(const char *source)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error;

	options.source = source;
	options.max_domain_cpus = 64;
	if (ccx_topology_load(&options, &topology, &error))
		fail_msg("%s", error.text);
	return topology;
}

/* Steps of the usual period with the same demand. */
static uint64_t steady(struct ccx_set *set, uint64_t demand, uint64_t *now_ns, uint64_t for_ns)
{
	uint64_t until_ns = *now_ns + for_ns;

	while (*now_ns < until_ns) {
		*now_ns += CCX_SET_PERIOD_NS;
		ccx_set_step(set, demand, *now_ns);
	}
	return ccx_set_mask(set);
}

/* ---- order ---- */

static void every_domain_is_in_the_order_once(void **state)
{
	static const char *const sources[] = {
		"synthetic:pack:1 l3:1 core:4 pu:1", "synthetic:numa:2 l3:8 core:4 pu:2",
		"synthetic:pack:2 numa:2 l3:4 core:2 pu:1", "synthetic:l3:64 core:2 pu:1"
	};
	struct ccx_topology *topology;
	uint32_t i, j, class;

	(void)state;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		topology = machine(sources[i]);
		for (class = 0; class < CCX_NR_SETS; class++) {
			struct ccx_set set;
			uint64_t seen = 0;

			ccx_set_init(&set, topology, class);
			assert_int_equal(set.nr, topology->nr_domains);
			assert_int_equal(set.active, 1);
			for (j = 0; j < set.nr; j++) {
				assert_false(seen & 1ULL << set.order[j]);
				seen |= 1ULL << set.order[j];
				assert_true(!j || set.capacity[j] > set.capacity[j - 1]);
			}
		}
		ccx_topology_free(topology);
	}
}

static void a_node_is_filled_before_the_next(void **state)
{
	struct ccx_topology *topology = machine("synthetic:numa:4 l3:4 core:4 pu:1");
	struct ccx_set set;
	uint32_t i;

	(void)state;
	ccx_set_init(&set, topology, CCX_SET_BACKGROUND);
	assert_int_equal(set.order[0], 0);
	for (i = 0; i < set.nr; i++)
		assert_int_equal(topology->domains[set.order[i]].node,
				 topology->domains[set.order[i / 4 * 4]].node);
	ccx_topology_free(topology);
}

/* Machines with a domain of lesser CPUs only: Intel with two kinds and with three, and Arm. */
static void background_work_goes_where_it_takes_least_power(void **state)
{
	static const char *const sources[] = { "tests/topology/lunar-lake-hwloc-2.9.xml",
					       "tests/topology/meteor-lake-hwloc-2.13.xml",
					       "tests/topology/arm-linux-capacity.xml" };
	struct ccx_set background, critical;
	struct ccx_topology *topology;
	uint32_t i, j, last;

	(void)state;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		topology = machine(sources[i]);
		ccx_set_init(&background, topology, CCX_SET_BACKGROUND);
		ccx_set_init(&critical, topology, CCX_SET_CRITICAL);
		assert_int_equal(background.nr, topology->nr_domains);
		for (j = 0, last = 0; j < background.nr; j++) {
			last = topology->domains[background.order[j]].nr_kind[CCX_KIND_PERFORMANCE];
			assert_true(j || !last);
		}
		assert_true(last);
		assert_in_range(critical.nr, 1, topology->nr_domains - 1);
		for (j = 0; j < critical.nr; j++)
			assert_true(topology->domains[critical.order[j]]
					    .nr_kind[CCX_KIND_PERFORMANCE]);
		ccx_topology_free(topology);
	}
}

/* ---- need ---- */

static void more_is_needed_than_is_demanded_and_ever_less_more(void **state)
{
	uint64_t demand, last = 0;

	(void)state;
	assert_int_equal(ccx_set_needed(0, CCX_SET_GROW_K), 0);
	for (demand = 1; demand < 1024 * CCX_CAPACITY_MAX; demand += 97) {
		uint64_t grow = ccx_set_needed(demand, CCX_SET_GROW_K);
		uint64_t shrink = ccx_set_needed(demand, CCX_SET_SHRINK_K);

		assert_true(grow > demand && shrink > grow && grow >= last);
		/* the share to spare falls as the demand rises; a rounded root may lose a little */
		assert_true(ccx_set_needed(4 * demand, CCX_SET_GROW_K) <= 4 * grow);
		last = grow;
	}
}

/* A demand beyond all that there is must not wrap into a small one. */
static void a_huge_demand_needs_everything(void **state)
{
	struct ccx_topology *topology = machine("synthetic:l3:16 core:4 pu:1");
	struct ccx_set set;
	uint64_t now_ns = SECOND;

	(void)state;
	ccx_set_init(&set, topology, CCX_SET_BACKGROUND);
	assert_int_equal(steady(&set, 1ULL << 40, &now_ns, SECOND), 0xffff);
	assert_int_equal(steady(&set, 0, &now_ns, 60 * SECOND), 1ULL << set.order[0]);
	ccx_topology_free(topology);
}

/* ---- steps ---- */

static void the_set_is_never_empty_and_always_a_prefix(void **state)
{
	struct ccx_topology *topology = machine("synthetic:l3:16 core:4 pu:2");
	uint64_t seed = 1, now_ns = SECOND, demand = 0, mask, expected;
	struct ccx_set set;
	uint32_t i, j;

	(void)state;
	ccx_set_init(&set, topology, CCX_SET_BACKGROUND);
	for (i = 0; i < STEPS; i++) {
		if (unit_random(&seed) % 16 == 0)
			demand = unit_between(&seed, 0, 160 * CCX_CAPACITY_MAX);
		now_ns += unit_between(&seed, 0, 3 * CCX_SET_PERIOD_NS);
		mask = ccx_set_step(&set, demand, now_ns);
		assert_in_range(set.active, 1, set.nr);
		for (j = 0, expected = 0; j < set.active; j++)
			expected |= 1ULL << set.order[j];
		assert_int_equal(mask, expected);
		/* grown before saturation, or everything is in use */
		assert_true(set.active == set.nr ||
			    ccx_set_needed(set.fast, CCX_SET_GROW_K) <= set.capacity[set.active - 1]);
	}
	ccx_topology_free(topology);
}

static void more_demand_never_means_fewer_domains(void **state)
{
	struct ccx_topology *topology = machine("synthetic:l3:16 core:4 pu:1");
	uint64_t demand, now_ns;
	uint32_t last = 1;
	struct ccx_set set;

	(void)state;
	for (demand = 0; demand < 80 * CCX_CAPACITY_MAX; demand += 100) {
		ccx_set_init(&set, topology, CCX_SET_BACKGROUND);
		now_ns = SECOND;
		steady(&set, demand, &now_ns, SECOND);
		assert_true(set.active >= last);
		last = set.active;
	}
	assert_int_equal(last, 16);
	ccx_topology_free(topology);
}

/* At each demand, from above and from below: the set settles, and then rests. */
static void a_steady_demand_moves_nothing(void **state)
{
	struct ccx_topology *topology = machine("synthetic:l3:16 core:4 pu:1");
	uint64_t demand, now_ns, moves;
	struct ccx_set set;

	(void)state;
	for (demand = 0; demand < 70 * CCX_CAPACITY_MAX; demand += 500) {
		ccx_set_init(&set, topology, CCX_SET_BACKGROUND);
		now_ns = SECOND;
		steady(&set, demand, &now_ns, 10 * SECOND);
		moves = set.grown + set.shrunk;
		steady(&set, demand, &now_ns, 10 * SECOND);
		assert_int_equal(set.grown + set.shrunk, moves);
		steady(&set, 64 * CCX_CAPACITY_MAX, &now_ns, SECOND);
		steady(&set, demand, &now_ns, 60 * SECOND);
		moves = set.grown + set.shrunk;
		steady(&set, demand, &now_ns, 10 * SECOND);
		assert_int_equal(set.grown + set.shrunk, moves);
	}
	ccx_topology_free(topology);
}

/* A peak that comes back again and again finds the domains still there. */
static void a_load_that_comes_and_goes_makes_it_shrink_later(void **state)
{
	struct ccx_topology *topology = machine("synthetic:l3:4 core:4 pu:1");
	uint64_t now_ns = SECOND, before, early, late;
	struct ccx_set set;
	uint32_t i;

	(void)state;
	ccx_set_init(&set, topology, CCX_SET_BACKGROUND);
	for (i = 0, early = late = 0; i < 20; i++) {
		before = set.grown;
		steady(&set, 7 * CCX_CAPACITY_MAX, &now_ns, SECOND);
		steady(&set, 1 * CCX_CAPACITY_MAX, &now_ns, 2 * SECOND);
		if (i < 3)
			early += set.grown - before;
		else if (i >= 17)
			late += set.grown - before;
	}
	assert_true(early > 0);
	assert_true(late < early);
	/* and when it stays away, the set is small again */
	steady(&set, 1 * CCX_CAPACITY_MAX, &now_ns, 20 * SECOND);
	assert_int_equal(set.active, 1);
	ccx_topology_free(topology);
}

static void it_rests_only_when_small_and_nearly_idle(void **state)
{
	struct ccx_topology *topology = machine("synthetic:l3:4 core:4 pu:1");
	uint64_t now_ns = SECOND;
	struct ccx_set set;

	(void)state;
	ccx_set_init(&set, topology, CCX_SET_BACKGROUND);
	assert_true(ccx_set_rests(&set));
	steady(&set, 10 * CCX_CAPACITY_MAX, &now_ns, SECOND);
	assert_false(ccx_set_rests(&set));
	steady(&set, 2 * CCX_CAPACITY_MAX, &now_ns, 10 * SECOND);
	assert_false(ccx_set_rests(&set));
	steady(&set, 0, &now_ns, 30 * SECOND);
	assert_true(ccx_set_rests(&set));
	/* after a rest the new demand counts, not the old average */
	now_ns += 100 * SECOND;
	ccx_set_step(&set, 16 * CCX_CAPACITY_MAX, now_ns);
	assert_int_equal(set.active, 4);
	ccx_topology_free(topology);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_domain_is_in_the_order_once),
		cmocka_unit_test(a_node_is_filled_before_the_next),
		cmocka_unit_test(background_work_goes_where_it_takes_least_power),
		cmocka_unit_test(more_is_needed_than_is_demanded_and_ever_less_more),
		cmocka_unit_test(a_huge_demand_needs_everything),
		cmocka_unit_test(the_set_is_never_empty_and_always_a_prefix),
		cmocka_unit_test(more_demand_never_means_fewer_domains),
		cmocka_unit_test(a_steady_demand_moves_nothing),
		cmocka_unit_test(a_load_that_comes_and_goes_makes_it_shrink_later),
		cmocka_unit_test(it_rests_only_when_small_and_nearly_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
