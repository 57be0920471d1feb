// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include <urcu-qsbr.h>

#include "ccx/load_table.h"

#define CACHE_LINE 64

/* Single producer, single consumer; holds every snapshot of the domain, so it is never full. */
struct snapshot_ring {
	uint32_t head __attribute__((aligned(CACHE_LINE)));	/* consumer */
	uint32_t tail __attribute__((aligned(CACHE_LINE)));	/* producer */
	struct ccx_load *slots[CCX_LOAD_SNAPSHOTS];
};

struct domain_loads {
	struct ccx_load *current __attribute__((aligned(CACHE_LINE)));
	struct snapshot_ring retired;	/* dispatcher to reclaimer */
	struct snapshot_ring recycled;	/* reclaimer to dispatcher */
	struct ccx_load snapshots[CCX_LOAD_SNAPSHOTS] __attribute__((aligned(CACHE_LINE)));
};

struct ccx_load_table {
	uint32_t nr_domains;
	struct domain_loads *domains;
};

static void ring_push(struct snapshot_ring *ring, struct ccx_load *load)
{
	uint32_t tail = ring->tail;

	ring->slots[tail % CCX_LOAD_SNAPSHOTS] = load;
	/* pairs with the acquire in ring_pop: the slot before the tail */
	__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
}

static struct ccx_load *ring_pop(struct snapshot_ring *ring)
{
	uint32_t head = ring->head;

	/* pairs with the release in ring_push */
	if (head == __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE))
		return NULL;
	ring->head = head + 1;
	return ring->slots[head % CCX_LOAD_SNAPSHOTS];
}

struct ccx_load_table *ccx_load_table_new(uint32_t nr_domains)
{
	struct ccx_load_table *table = calloc(1, sizeof(*table));
	size_t bytes = nr_domains * sizeof(*table->domains);
	uint32_t i, j;

	if (!table)
		return NULL;
	table->nr_domains = nr_domains;
	table->domains = aligned_alloc(CACHE_LINE, bytes);
	if (!table->domains) {
		free(table);
		return NULL;
	}
	/* touched here once, so that no dispatcher faults on it */
	__builtin_memset(table->domains, 0, bytes);
	for (i = 0; i < nr_domains; i++)
		for (j = 0; j < CCX_LOAD_SNAPSHOTS; j++)
			ring_push(&table->domains[i].recycled, &table->domains[i].snapshots[j]);
	return table;
}

void ccx_load_table_free(struct ccx_load_table *table)
{
	if (!table)
		return;
	free(table->domains);
	free(table);
}

bool ccx_load_table_publish(struct ccx_load_table *table, uint32_t domain,
			    const struct ccx_load *load)
{
	struct domain_loads *loads = &table->domains[domain];
	struct ccx_load *fresh = ring_pop(&loads->recycled), *old = loads->current;

	if (!fresh)
		return false;
	*fresh = *load;
	/* pairs with rcu_dereference in ccx_load_table_read: contents before pointer */
	rcu_assign_pointer(loads->current, fresh);
	if (old)
		ring_push(&loads->retired, old);
	return true;
}

const struct ccx_load *ccx_load_table_read(const struct ccx_load_table *table, uint32_t domain)
{
	return rcu_dereference(table->domains[domain].current);
}

uint32_t ccx_load_table_reclaim(struct ccx_load_table *table)
{
	uint32_t upto[CCX_MAX_DOMAINS], i, nr = 0;
	struct domain_loads *loads;

	for (i = 0; i < table->nr_domains; i++) {
		loads = &table->domains[i];
		upto[i] = __atomic_load_n(&loads->retired.tail, __ATOMIC_ACQUIRE);
		nr += upto[i] - loads->retired.head;
	}
	if (!nr)
		return 0;
	/* whoever could see what was retired by now has passed a quiescent state after this */
	synchronize_rcu();
	for (i = 0; i < table->nr_domains; i++) {
		loads = &table->domains[i];
		while (loads->retired.head != upto[i])
			ring_push(&loads->recycled, ring_pop(&loads->retired));
	}
	return nr;
}
