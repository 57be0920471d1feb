// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which CPUs share a last-level cache.
 *
 * The L3 where a CPU has one (an L4 or a memory-side cache is too far away to keep tasks near);
 * else the largest cache that it shares with another core (the L2 of an LP-E cluster, of ARM's
 * clusters, of a Core 2); else, nothing being known, its package. A cache that spans memory nodes
 * or packages, as virtual machines report, is divided there: a domain is on one node.
 */
#include <errno.h>

#include "topology/internal.h"

/* What CPUs of one group have in common. */
struct group_key {
	uint32_t package;
	uint32_t node;
	uint32_t level; /* 0: no shared cache */
	uint32_t cache;
};

struct keyed_cpu {
	struct group_key key;
	struct ccx_raw_cpu *cpu;
};

/* The level of a CPU's last shared cache, 0 if it has none. */
static uint32_t last_shared_level(const struct ccx_raw_cpu *cpu)
{
	if (cpu->cache[3].bytes || cpu->cache[3].nr_cores)
		return 3;
	for (uint32_t level = CCX_NR_CACHE_LEVELS; level > 0; level--)
		if (cpu->cache[level].nr_cores > 1)
			return level;
	return 0;
}

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed_cpu *x = a, *y = b;
	int order = memcmp(&x->key, &y->key, sizeof(x->key));

	return order ? order : (x->cpu->id > y->cpu->id) - (x->cpu->id < y->cpu->id);
}

static bool is_one_core(const struct keyed_cpu *keyed, uint32_t nr)
{
	for (uint32_t i = 1; i < nr; i++)
		if (keyed[i].cpu->core != keyed[0].cpu->core)
			return false;
	return true;
}

/* Fills in what the CPUs of one group share; entries are sorted by CPU. */
static void set_group(const struct keyed_cpu *keyed, uint32_t nr)
{
	const struct ccx_raw_cpu *first = keyed[0].cpu;
	uint32_t level = keyed[0].key.level;
	bool shared = level > 0;

	/* A core alone shares nothing, but has caches of its own. */
	if (!level && is_one_core(keyed, nr)) {
		for (level = CCX_NR_CACHE_LEVELS; level > 0 && !first->cache[level].nr_cores;)
			level--;
		shared = level > 0;
	}
	for (uint32_t i = 0; i < nr; i++) {
		keyed[i].cpu->group = first->id;
		keyed[i].cpu->group_level = level;
		keyed[i].cpu->group_bytes = level ? first->cache[level].bytes : 0;
		keyed[i].cpu->group_shared = shared;
	}
}

int ccx_machine_group(struct ccx_machine *machine)
{
	struct keyed_cpu *keyed _cleanup_free_ = calloc(machine->nr_cpus, sizeof(*keyed));
	uint32_t nr = machine->nr_cpus;

	if (!keyed)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++) {
		struct ccx_raw_cpu *cpu = &machine->cpus[i];
		uint32_t level = last_shared_level(cpu);

		keyed[i].cpu = cpu;
		keyed[i].key.package = cpu->package;
		keyed[i].key.node = cpu->node;
		keyed[i].key.level = level;
		keyed[i].key.cache = level ? cpu->cache[level].key : 0;
	}
	qsort(keyed, nr, sizeof(*keyed), compare_keyed);
	for (uint32_t first = 0, end; first < nr; first = end) {
		for (end = first + 1; end < nr && !memcmp(&keyed[end].key, &keyed[first].key,
							  sizeof(keyed[first].key));)
			end++;
		set_group(&keyed[first], end - first);
	}
	return 0;
}
