// SPDX-License-Identifier: GPL-2.0-only
#include "configure.h"

#include <string.h>
#include <unistd.h>

#include "ccx/consolidate.h"
#include "ccx/deadline.h"
#include "ccx/policy.h"

#define US 1000ULL
#define MS (1000 * US)

static bool has_kind(const struct ccx_topology *topology, uint32_t kind)
{
	uint32_t i;

	for (i = 0; i < topology->nr_domains; i++)
		if (topology->domains[i].nr_kind[kind])
			return true;
	return false;
}

/*
 * Low-power cores are kept for what is light where there are others to run the rest. On a machine
 * without efficiency cores (Lunar Lake) they are half of all, and the only ones beside performance
 * cores: there they are used as efficiency cores.
 */
static uint32_t used_as(const struct ccx_topology *topology, uint32_t kind)
{
	return kind == CCX_KIND_LOW_POWER && !has_kind(topology, CCX_KIND_EFFICIENCY) ?
		       CCX_KIND_EFFICIENCY :
		       kind;
}

/* On parts whose faster cores have an L3 of their own (Zen 5 beside Zen 5c) that is the fast die. */
static bool is_fast_domain(const struct ccx_topology *topology, const struct ccx_domain *domain)
{
	return domain->nr_kind[CCX_KIND_PERFORMANCE] == domain->nr_cpus &&
	       has_kind(topology, CCX_KIND_EFFICIENCY);
}

static bool is_die(const struct ccx_topology *topology, uint32_t index, uint32_t prefer)
{
	const struct ccx_domain *domain = &topology->domains[index];

	switch (prefer) {
	case CCX_PREFER_CACHE:
		return domain->flags & CCX_DOMAIN_CACHE_DIE;
	case CCX_PREFER_FREQUENCY:
		return domain->flags & CCX_DOMAIN_FREQUENCY_DIE || is_fast_domain(topology, domain);
	}
	return false;
}

/* The die of each preference, seen from domain `index`. out->nearest is filled in, with nr entries. */
static void config_dies(struct ccx_config_domain *out, const struct ccx_topology *topology,
			uint32_t index, uint32_t nr)
{
	uint32_t prefer, i;

	for (prefer = 0; prefer < CCX_NR_PREFERS; prefer++) {
		out->die[prefer] = index;
		for (i = 0; i < nr && !is_die(topology, out->die[prefer], prefer); i++)
			if (is_die(topology, out->nearest[i], prefer))
				out->die[prefer] = out->nearest[i];
	}
}

static void config_domain(struct ccx_machine *machine, const struct ccx_topology *topology,
			  uint32_t index)
{
	const struct ccx_domain *domain = &topology->domains[index];
	struct ccx_config_domain *out = &machine->domains[index];
	uint32_t nr_kind[CCX_NR_KINDS] = { 0 }, nr = 0, i, kind, distance;

	out->nr_cpus = domain->nr_cpus;
	out->nr_cores = domain->nr_cores;
	out->cache_die = is_die(topology, index, CCX_PREFER_CACHE);
	out->fill = domain->nr_cores + (domain->nr_cpus - domain->nr_cores) * 3 / 4;
	out->capacity = ccx_policy_capacity(topology, index);
	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		nr_kind[used_as(topology, kind)] += domain->nr_kind[kind];
	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		out->nr_kind[kind] = nr_kind[kind] < 255 ? nr_kind[kind] : 255;
	for (distance = 0; distance < CCX_NR_DISTANCES; distance++)
		for (i = 1; i < topology->nr_domains; i++) {
			/* start behind oneself, so that neighbours do not all pick the same */
			uint32_t other = (index + i) % topology->nr_domains;

			if (ccx_topology_distance(topology, index, other) != distance)
				continue;
			out->nearest[nr++] = other;
			out->nr_near += !ccx_policy_other_node(distance);
		}
	out->critical_home = index;
	for (i = 0; i < nr && !domain->nr_kind[CCX_KIND_PERFORMANCE]; i++)
		if (topology->domains[out->nearest[i]].nr_kind[CCX_KIND_PERFORMANCE]) {
			out->critical_home = out->nearest[i];
			break;
		}
	config_dies(out, topology, index, nr);
	for (i = 0; i < domain->nr_cpus && out->nr_victims < CCX_VICTIMS; i++)
		if (ccx_topology_cpu(topology, domain->cpus[i])->kind == CCX_KIND_PERFORMANCE)
			out->performance[out->nr_victims++] = domain->cpus[i];
}

static void config_cpu(struct ccx_machine *machine, const struct ccx_topology *topology,
		       const struct ccx_cpu *cpu)
{
	struct ccx_config_cpu *out = &machine->cpus[cpu->id];
	uint32_t i;

	out->present = 1;
	out->domain = cpu->domain;
	out->kind = used_as(topology, cpu->kind);
	out->capacity = cpu->capacity;
	out->sibling = cpu->id;
	for (i = 0; i < topology->nr_cpus; i++)
		if (topology->cpus[i].core == cpu->core && topology->cpus[i].id != cpu->id) {
			out->smt = 1;
			out->sibling = topology->cpus[i].id;
			break;
		}
}

/* Which domains may be in which set: latency-critical tasks go where performance CPUs are. */
static void config_sets(struct ccx_machine *machine, const struct ccx_topology *topology)
{
	__u64 *all = &machine->domains_of[CCX_SET_BACKGROUND];
	__u64 *critical = &machine->domains_of[CCX_SET_CRITICAL];
	uint32_t i;

	for (i = 0; i < topology->nr_domains; i++) {
		*all |= 1ULL << i;
		if (topology->domains[i].nr_kind[CCX_KIND_PERFORMANCE])
			*critical |= 1ULL << i;
	}
	if (!*critical)
		*critical = *all;
}

static bool mixed_kinds(const struct ccx_topology *topology)
{
	uint32_t kind, kinds = 0;

	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		kinds += has_kind(topology, kind);
	return kinds > 1;
}

void ccx_configure_machine(struct ccx_machine *machine, const struct ccx_topology *topology,
			   const pid_t *tids)
{
	uint32_t i;

	memset(machine, 0, sizeof(*machine));
	machine->nr_cpus = topology->cpus[topology->nr_cpus - 1].id + 1;
	machine->nr_domains = topology->nr_domains;
	for (i = 0; i < topology->nr_cpus; i++)
		config_cpu(machine, topology, &topology->cpus[i]);
	for (i = 0; i < topology->nr_domains; i++) {
		config_domain(machine, topology, i);
		machine->domains[i].dispatcher_tid = tids[i];
	}
	/* where all are alike, clamps are compared with half of one */
	machine->lesser_capacity = mixed_kinds(topology) ? 0 : CCX_CAPACITY_MAX / 2;
	for (i = 0; i < machine->nr_cpus; i++)
		if (machine->cpus[i].kind != CCX_KIND_PERFORMANCE &&
		    machine->cpus[i].capacity > machine->lesser_capacity)
			machine->lesser_capacity = machine->cpus[i].capacity;
	for (i = 0; i < topology->nr_domains; i++)
		if (machine->domains[i].nr_kind[CCX_KIND_LOW_POWER] == machine->domains[i].nr_cpus)
			machine->low_power_domains |= 1ULL << i;
	config_sets(machine, topology);
}

void ccx_configure(struct ccx_config *config, const struct ccx_machine *machine,
		   const struct ccx_topology *topology,
		   const struct ccx_scheduler_options *options)
{
	uint32_t i;

	memset(config, 0, sizeof(*config));
	config->daemon_tgid = getpid();
	config->mixed_kinds = mixed_kinds(topology);
	for (i = 0; i < topology->nr_domains; i++)
		config->many_nodes |= machine->domains[i].nr_near != topology->nr_domains - 1;
	config->low_power = has_kind(topology, CCX_KIND_LOW_POWER) &&
			    has_kind(topology, CCX_KIND_EFFICIENCY);
	config->consolidate = options->consolidate && topology->nr_domains > 1;
	config->siblings_first = options->siblings_first;
	config->slice_ns = options->slice_us * US;
	config->slice_least_ns = options->slice_least_us * US;
	config->slice_min_ns = 100 * US;
	config->slice_max_ns = 100 * MS;
	config->rescue_ns = options->rescue_us * US;
	config->spill_ns = options->spill_us * US;
	config->lag_ns = 20 * MS;
	config->debt_ns = 1000 * MS;	/* whatever its weight; epochs (pick.h) bound the wait */
	config->awake_cap_ns = CCX_AWAKE_CAP_NS;
}
