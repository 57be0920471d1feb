/* SPDX-License-Identifier: GPL-2.0-only */
/* What holds of every topology, whatever the machine; include after cmocka.h. */
#ifndef CCX_TESTS_TOPOLOGY_CHECK_H
#define CCX_TESTS_TOPOLOGY_CHECK_H

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ccx/topology.h"

/* A dump as a string, which the caller frees. (Inlined, gcc 12 takes the stream for dangling.) */
__attribute__((noinline, unused)) static char *dump_to_string(const struct ccx_topology *topology,
							      enum ccx_dump_format format)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	assert_int_equal(ccx_topology_dump(topology, format, file), 0);
	assert_int_equal(fclose(file), 0);
	return text;
}

static inline void check_cpus(const struct ccx_topology *t)
{
	uint32_t *kind_of = calloc(t->nr_cpus, sizeof(*kind_of));
	uint32_t *capacity_of = calloc(t->nr_cpus, sizeof(*capacity_of));
	uint32_t fastest = 0, cores = 0;

	assert_true(t->nr_cpus > 0 && kind_of && capacity_of);
	for (uint32_t i = 0; i < t->nr_cpus; i++) {
		const struct ccx_cpu *cpu = &t->cpus[i];

		assert_true(!i || cpu->id > cpu[-1].id);
		assert_ptr_equal(ccx_topology_cpu(t, cpu->id), cpu);
		assert_in_range(cpu->capacity, 1, CCX_CAPACITY_MAX);
		assert_true(cpu->kind < CCX_NR_KINDS);
		assert_true(cpu->core < t->nr_cores && cpu->domain < t->nr_domains);
		assert_true(cpu->why && *cpu->why);
		/* Cores are numbered by their lowest CPU, which is sibling 0. */
		assert_true(cpu->core <= cores);
		assert_int_equal(cpu->smt == 0, cpu->core == cores);
		/* Siblings are one core, of one kind. */
		if (cpu->core < cores) {
			assert_int_equal(cpu->kind, kind_of[cpu->core]);
			assert_int_equal(cpu->capacity, capacity_of[cpu->core]);
		} else {
			kind_of[cores] = cpu->kind;
			capacity_of[cores] = cpu->capacity;
		}
		cores += cpu->core == cores;
		fastest = cpu->capacity > fastest ? cpu->capacity : fastest;
	}
	assert_int_equal(cores, t->nr_cores);
	assert_int_equal(fastest, CCX_CAPACITY_MAX);
	assert_null(ccx_topology_cpu(t, t->cpus[t->nr_cpus - 1].id + 1));
	free(kind_of);
	free(capacity_of);
}

static inline void check_domains(const struct ccx_topology *t, uint32_t max_domain_cpus)
{
	uint32_t cpus = 0, cores = 0;

	for (uint32_t i = 0; i < t->nr_domains; i++) {
		const struct ccx_domain *domain = &t->domains[i];
		uint32_t kinds[CCX_NR_KINDS] = {0};

		assert_int_equal(domain->id, i);
		assert_true(domain->nr_cpus > 0);
		assert_true(domain->nr_cpus <= max_domain_cpus || domain->nr_cores == 1);
		assert_true(!i || domain->cpus[0] > domain[-1].cpus[0]);
		for (uint32_t n = 0; n < domain->nr_cpus; n++) {
			const struct ccx_cpu *cpu = ccx_topology_cpu(t, domain->cpus[n]);

			assert_non_null(cpu);
			assert_true(!n || domain->cpus[n] > domain->cpus[n - 1]);
			assert_int_equal(cpu->domain, i);
			assert_int_equal(cpu->node, domain->node);
			assert_int_equal(cpu->package, domain->package);
			kinds[cpu->kind]++;
		}
		for (int kind = 0; kind < CCX_NR_KINDS; kind++)
			assert_int_equal(kinds[kind], domain->nr_kind[kind]);
		assert_int_equal(ccx_topology_cpu(t, domain->dispatcher_cpu)->domain, i);
		cpus += domain->nr_cpus;
		cores += domain->nr_cores;
		for (uint32_t j = 0; j < t->nr_domains && t->nr_domains <= CCX_MAX_DOMAINS; j++) {
			assert_int_equal(ccx_topology_distance(t, i, j),
					 ccx_topology_distance(t, j, i));
			assert_int_equal(ccx_topology_distance(t, i, j) == CCX_DISTANCE_SELF,
					 i == j);
		}
	}
	assert_int_equal(cpus, t->nr_cpus);
	/* No core is in two domains. */
	assert_int_equal(cores, t->nr_cores);
}

static inline json_int_t json_field(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static inline void check_json(const struct ccx_topology *t)
{
	char *text = dump_to_string(t, CCX_DUMP_JSON);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *cpus, *domains;

	assert_non_null(root);
	assert_int_equal(json_field(root, "version"), 1);
	assert_true(json_is_string(json_object_get(root, "source")));
	cpus = json_object_get(root, "cpus");
	domains = json_object_get(root, "domains");
	assert_int_equal(json_array_size(cpus), t->nr_cpus);
	assert_int_equal(json_array_size(domains), t->nr_domains);
	for (uint32_t i = 0; i < t->nr_cpus; i++) {
		const json_t *cpu = json_array_get(cpus, i);

		assert_int_equal(json_field(cpu, "id"), t->cpus[i].id);
		assert_int_equal(json_field(cpu, "core"), t->cpus[i].core);
		assert_int_equal(json_field(cpu, "domain"), t->cpus[i].domain);
		assert_int_equal(json_field(cpu, "node"), t->cpus[i].node);
		assert_int_equal(json_field(cpu, "package"), t->cpus[i].package);
		assert_int_equal(json_field(cpu, "capacity"), t->cpus[i].capacity);
		assert_int_equal(json_field(cpu, "smt"), t->cpus[i].smt);
		assert_string_equal(json_string_value(json_object_get(cpu, "kind")),
				    ccx_kind_name(t->cpus[i].kind));
	}
	for (uint32_t i = 0; i < t->nr_domains; i++) {
		const struct ccx_domain *domain = &t->domains[i];
		const json_t *object = json_array_get(domains, i);
		char list[8192];

		ccx_cpulist_format(list, sizeof(list), domain->cpus, domain->nr_cpus);
		assert_int_equal(json_field(object, "id"), i);
		assert_string_equal(json_string_value(json_object_get(object, "cpus")), list);
		assert_int_equal(json_field(object, "cache_level"), domain->cache_level);
		assert_int_equal(json_field(object, "cache_bytes"), domain->cache_bytes);
		assert_int_equal(json_field(object, "node"), domain->node);
		for (int kind = 0; kind < CCX_NR_KINDS; kind++)
			assert_int_equal(json_field(object, ccx_kind_name(kind)),
					 domain->nr_kind[kind]);
	}
	json_decref(root);
	free(text);
}

static inline uint32_t count_of(const char *text, const char *what)
{
	uint32_t count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

static inline void check_svg(const struct ccx_topology *t)
{
	char *text = dump_to_string(t, CCX_DUMP_SVG);

	assert_memory_equal(text, "<?xml ", 6);
	assert_non_null(strstr(text, "</svg>\n"));
	assert_int_equal(count_of(text, "<text"), count_of(text, "</text>"));
	assert_int_equal(count_of(text, "<g>"), t->nr_cores);
	assert_int_equal(count_of(text, "</g>"), t->nr_cores);
	assert_null(strstr(text, "nan"));
	free(text);
}

static inline void check_topology(const struct ccx_topology *t, uint32_t max_domain_cpus)
{
	check_cpus(t);
	check_domains(t, max_domain_cpus);
	check_json(t);
	check_svg(t);
}

#endif
