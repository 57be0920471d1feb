// SPDX-License-Identifier: GPL-2.0-only
/* From raw CPUs to the numbered topology: cores, domains, siblings, capacities, flags. */
#include <errno.h>

#include "topology/internal.h"

static int compare_ids(const void *a, const void *b)
{
	const struct ccx_raw_cpu *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* A key seen before, and the dense number it got. */
struct numbering {
	uint64_t key;
	uint32_t index; /* of the CPU */
	uint32_t number;
};

static int compare_numbering(const void *a, const void *b)
{
	const struct numbering *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static int compare_first(const void *a, const void *b)
{
	const struct numbering *const *x = a, *const *y = b;

	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

/*
 * Replaces arbitrary keys (one per CPU, in CPU order) by dense numbers in the order of the lowest
 * CPU that has each; `within`, if given, gets each CPU's index among those with its key.
 */
static int number_keys(const uint64_t *keys, uint32_t nr_cpus, uint32_t *numbers, uint32_t *within,
		       uint32_t *nr_numbers)
{
	struct numbering *sorted _cleanup_free_ = calloc(nr_cpus, sizeof(*sorted));
	struct numbering **first _cleanup_free_ = calloc(nr_cpus, sizeof(struct numbering *));
	uint32_t nr = 0;

	if (!sorted || !first)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr_cpus; i++)
		sorted[i] = (struct numbering){.key = keys[i], .index = i};
	qsort(sorted, nr_cpus, sizeof(*sorted), compare_numbering);
	for (uint32_t i = 0; i < nr_cpus; i++)
		if (!i || sorted[i].key != sorted[i - 1].key)
			first[nr++] = &sorted[i];
	qsort(first, nr, sizeof(*first), compare_first);
	for (uint32_t n = 0; n < nr; n++)
		first[n]->number = n;
	for (uint32_t i = 0, n = 0; i < nr_cpus; i++, n++) {
		if (!i || sorted[i].key != sorted[i - 1].key)
			n = 0;
		else
			sorted[i].number = sorted[i - 1].number;
		numbers[sorted[i].index] = sorted[i].number;
		if (within)
			within[sorted[i].index] = n;
	}
	*nr_numbers = nr;
	return 0;
}

static int number_cpus(struct ccx_topology *topology)
{
	const struct ccx_machine *machine = &topology->private->machine;
	uint32_t nr = machine->nr_cpus, fastest = 1;
	uint64_t *keys _cleanup_free_ = calloc(nr, sizeof(*keys));
	uint32_t *numbers _cleanup_free_ = calloc(nr, sizeof(*numbers));
	uint32_t *within _cleanup_free_ = calloc(nr, sizeof(*within));
	int ret;

	topology->cpus = calloc(nr, sizeof(*topology->cpus));
	if (!keys || !numbers || !within || !topology->cpus)
		return -ENOMEM;
	topology->nr_cpus = nr;
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t speed = machine->cpus[i].verdict.speed;

		keys[i] = machine->cpus[i].core;
		fastest = speed > fastest ? speed : fastest;
	}
	ret = number_keys(keys, nr, numbers, within, &topology->nr_cores);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < nr; i++) {
		const struct ccx_raw_cpu *raw = &machine->cpus[i];
		uint32_t capacity = (raw->verdict.speed * CCX_CAPACITY_MAX + fastest / 2) / fastest;

		topology->cpus[i] = (struct ccx_cpu){
		    .id = raw->id,
		    .core = numbers[i],
		    .node = raw->node,
		    .package = raw->package,
		    .smt = within[i],
		    .capacity = capacity ? capacity : 1,
		    .kind = raw->verdict.kind,
		    .ranking = raw->evidence.prefcore,
		    .why = raw->verdict.why,
		};
		keys[i] = (uint64_t)raw->group << 32 | raw->part;
	}
	ret = number_keys(keys, nr, numbers, NULL, &topology->nr_domains);
	for (uint32_t i = 0; !ret && i < nr; i++)
		topology->cpus[i].domain = numbers[i];
	return ret;
}

/*
 * The dispatcher runs only while messages wait, so it disturbs least on the slowest core; among
 * equals on the last, because interrupts and single-threaded programs gather on the first.
 */
static uint32_t choose_dispatcher_cpu(const struct ccx_topology *topology,
				      const struct ccx_domain *domain)
{
	const struct ccx_cpu *best = ccx_topology_cpu(topology, domain->cpus[0]);

	for (uint32_t i = 1; i < domain->nr_cpus; i++) {
		const struct ccx_cpu *cpu = ccx_topology_cpu(topology, domain->cpus[i]);

		if (cpu->kind > best->kind ||
		    (cpu->kind == best->kind && cpu->smt >= best->smt))
			best = cpu;
	}
	return best->id;
}

static int fill_domains(struct ccx_topology *topology)
{
	const struct ccx_machine *machine = &topology->private->machine;
	uint32_t *parts _cleanup_free_ = calloc(topology->nr_cpus, sizeof(*parts));

	topology->domains = calloc(topology->nr_domains, sizeof(*topology->domains));
	if (!topology->domains || !parts)
		return -ENOMEM;
	for (uint32_t i = 0; i < topology->nr_cpus; i++)
		topology->domains[topology->cpus[i].domain].nr_cpus++;
	for (uint32_t i = 0; i < topology->nr_domains; i++) {
		struct ccx_domain *domain = &topology->domains[i];

		domain->id = i;
		domain->cpus = calloc(domain->nr_cpus, sizeof(*domain->cpus));
		if (!domain->cpus)
			return -ENOMEM;
		domain->nr_cpus = 0;
	}
	for (uint32_t i = 0; i < topology->nr_cpus; i++) {
		const struct ccx_raw_cpu *raw = &machine->cpus[i];
		struct ccx_domain *domain = &topology->domains[topology->cpus[i].domain];

		domain->cpus[domain->nr_cpus++] = raw->id;
		domain->nr_kind[raw->verdict.kind]++;
		domain->nr_cores += topology->cpus[i].smt == 0;
		domain->node = raw->node;
		domain->package = raw->package;
		domain->cache_level = raw->group_level;
		domain->cache_bytes = raw->group_bytes;
		domain->cache_id = raw->group;
		domain->flags |= raw->group_shared ? 0 : CCX_DOMAIN_NO_CACHE;
		parts[domain->id] = raw->part;
	}
	for (uint32_t i = 0; i < topology->nr_domains; i++) {
		struct ccx_domain *domain = &topology->domains[i];

		domain->dispatcher_cpu = choose_dispatcher_cpu(topology, domain);
		for (uint32_t j = 0; parts[i] && j < topology->nr_domains; j++) {
			if (topology->domains[j].cache_id != domain->cache_id)
				continue;
			topology->domains[j].flags |= CCX_DOMAIN_SPLIT;
			domain->flags |= CCX_DOMAIN_SPLIT;
		}
	}
	return 0;
}

static void flag_x3d(struct ccx_topology *topology)
{
	uint64_t largest = 0;

	for (uint32_t i = 0; i < topology->nr_domains; i++)
		if (topology->domains[i].cache_bytes > largest)
			largest = topology->domains[i].cache_bytes;
	for (uint32_t i = 0; i < topology->nr_domains; i++) {
		struct ccx_domain *domain = &topology->domains[i];

		if (domain->cache_level == 3)
			domain->flags |= domain->cache_bytes == largest ? CCX_DOMAIN_CACHE_DIE
									: CCX_DOMAIN_FREQUENCY_DIE;
	}
}

int ccx_topology_assemble(struct ccx_machine *machine, const char *source, uint32_t max_domain_cpus,
			  struct ccx_topology **out, struct ccx_error *error)
{
	struct ccx_topology *topology = calloc(1, sizeof(*topology));
	int ret = -ENOMEM;

	*out = NULL;
	if (!topology)
		goto fail;
	topology->private = calloc(1, sizeof(*topology->private));
	topology->source = strdup(source);
	if (!topology->private || !topology->source)
		goto fail;
	qsort(machine->cpus, machine->nr_cpus, sizeof(*machine->cpus), compare_ids);
	ret = ccx_machine_split(machine, max_domain_cpus, error);
	if (ret)
		goto fail_told;
	topology->private->machine = *machine;
	topology->private->max_domain_cpus = max_domain_cpus;
	memset(machine, 0, sizeof(*machine));
	ret = number_cpus(topology);
	if (!ret)
		ret = fill_domains(topology);
	if (ret)
		goto fail;
	if (topology->private->machine.facts.x3d)
		flag_x3d(topology);
	*out = topology;
	return 0;
fail:
	ccx_error_set(error, ret, "cannot build the topology: out of memory");
fail_told:
	ccx_topology_free(topology);
	return ret;
}

void ccx_topology_free(struct ccx_topology *topology)
{
	if (!topology)
		return;
	for (uint32_t i = 0; topology->domains && i < topology->nr_domains; i++)
		free(topology->domains[i].cpus);
	free(topology->domains);
	free(topology->cpus);
	free(topology->source);
	if (topology->private) {
		ccx_machine_release(&topology->private->machine);
		if (topology->private->hwloc)
			hwloc_topology_destroy(topology->private->hwloc);
		free(topology->private->root);
		free(topology->private);
	}
	free(topology);
}

const struct ccx_cpu *ccx_topology_cpu(const struct ccx_topology *topology, uint32_t id)
{
	uint32_t low = 0, high = topology->nr_cpus;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (topology->cpus[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < topology->nr_cpus && topology->cpus[low].id == id ? &topology->cpus[low]
								       : NULL;
}

const char *ccx_kind_name(enum ccx_kind kind)
{
	static const char *const names[] = {
	    [CCX_KIND_PERFORMANCE] = "performance",
	    [CCX_KIND_EFFICIENCY] = "efficiency",
	    [CCX_KIND_LOW_POWER] = "low_power",
	};

	return kind < CCX_NR_KINDS ? names[kind] : "unknown";
}
