// SPDX-License-Identifier: GPL-2.0-only
/* What BPF is told of the machine: the order of other domains, memory nodes, capacities. */
#include "tests/unit/unit.h"

#include "ccx/policy.h"
#include "ccx/topology.h"
#include "configure.h"

static const char *const sources[] = {
	"synthetic:l3:1 core:4 pu:1",
	"synthetic:l3:2 core:4 pu:2",
	"synthetic:pack:2 [numa] l3:4 core:8 pu:1",
	"synthetic:pack:2 [numa] l3:32 core:16 pu:1",
	"synthetic:numa:4 l3:2 core:2 pu:2",
	/* parts of one cache are nearest */
	"synthetic:pack:2 [numa] l3:2 core:40 pu:1",
	"tests/topology/meteor-lake-hwloc-2.13.xml",
	"tests/topology/ryzen-hx370-v3.xml",
};

#define NR_SOURCES (sizeof(sources) / sizeof(sources[0]))

static struct ccx_machine machine;
static struct ccx_config config;

static struct ccx_topology *configure(const char *source)
{
	static const pid_t tids[CCX_MAX_DOMAINS];
	struct ccx_scheduler_options scheduler = { .slice_us = 5000, .rescue_us = 5000 };
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;

	options.source = source;
	assert_int_equal(ccx_topology_load(&options, &topology, NULL), 0);
	ccx_configure_machine(&machine, topology, tids);
	ccx_configure(&config, &machine, topology, &scheduler);
	return topology;
}

static void every_other_domain_once_and_the_nearer_first(void **state)
{
	uint32_t domain, i;
	size_t s;

	(void)state;
	for (s = 0; s < NR_SOURCES; s++) {
		struct ccx_topology *topology = configure(sources[s]);

		for (domain = 0; domain < topology->nr_domains; domain++) {
			const struct ccx_config_domain *at = &machine.domains[domain];
			uint64_t seen = 1ULL << domain;
			uint32_t distance, before = 0;

			for (i = 0; i < topology->nr_domains - 1; i++) {
				assert_false(seen & 1ULL << at->nearest[i]);
				seen |= 1ULL << at->nearest[i];
				distance = ccx_topology_distance(topology, domain, at->nearest[i]);
				assert_true(distance >= before);
				before = distance;
			}
			assert_int_equal(__builtin_popcountll(seen), topology->nr_domains);
		}
		ccx_topology_free(topology);
	}
}

static void what_is_near_is_on_the_same_node(void **state)
{
	uint32_t domain, i, far;
	size_t s;

	(void)state;
	for (s = 0; s < NR_SOURCES; s++) {
		struct ccx_topology *topology = configure(sources[s]);

		for (domain = 0, far = 0; domain < topology->nr_domains; domain++) {
			const struct ccx_config_domain *at = &machine.domains[domain];

			for (i = 0; i < topology->nr_domains - 1; i++)
				assert_int_equal(topology->domains[at->nearest[i]].node ==
							 topology->domains[domain].node,
						 i < at->nr_near);
			far += topology->nr_domains - 1 - at->nr_near;
		}
		assert_int_equal(!!config.many_nodes, far > 0);
		ccx_topology_free(topology);
	}
	/* both sorts were among them */
	ccx_topology_free(configure(sources[1]));
	assert_false(config.many_nodes);
	ccx_topology_free(configure(sources[2]));
	assert_true(config.many_nodes);
}

/* Neighbours do not all send to the same one first. */
static void domains_begin_with_different_neighbours(void **state)
{
	struct ccx_topology *topology = configure("synthetic:l3:16 core:4 pu:1");
	uint64_t first = 0;
	uint32_t domain;

	(void)state;
	for (domain = 0; domain < topology->nr_domains; domain++)
		first |= 1ULL << machine.domains[domain].nearest[0];
	assert_int_equal(__builtin_popcountll(first), topology->nr_domains);
	ccx_topology_free(topology);
}

static void bpf_and_dispatchers_agree_on_capacity(void **state)
{
	uint32_t domain;
	size_t s;

	(void)state;
	for (s = 0; s < NR_SOURCES; s++) {
		struct ccx_topology *topology = configure(sources[s]);

		for (domain = 0; domain < topology->nr_domains; domain++)
			assert_int_equal(machine.domains[domain].capacity,
					 ccx_policy_capacity(topology, domain));
		ccx_topology_free(topology);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_other_domain_once_and_the_nearer_first),
		cmocka_unit_test(what_is_near_is_on_the_same_node),
		cmocka_unit_test(domains_begin_with_different_neighbours),
		cmocka_unit_test(bpf_and_dispatchers_agree_on_capacity),
	};

	return cmocka_run_group_tests_name("configure", tests, NULL, NULL);
}
