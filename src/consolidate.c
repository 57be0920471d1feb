// SPDX-License-Identifier: GPL-2.0-only
#include "ccx/consolidate.h"

#include <string.h>

/* Lower comes first. */
static uint32_t rank(const struct ccx_domain *domain, enum ccx_set_class class)
{
	if (class == CCX_SET_CRITICAL)
		return domain->nr_kind[CCX_KIND_PERFORMANCE] ? 0 : 1;
	if (domain->nr_kind[CCX_KIND_PERFORMANCE])
		return 2;
	return domain->nr_kind[CCX_KIND_EFFICIENCY] ? 0 : 1;
}

/* Distance from the nearest domain that is in the order already. */
static uint32_t distance(const struct ccx_set *set, const struct ccx_topology *topology,
			 uint32_t domain)
{
	uint32_t nearest = CCX_NR_DISTANCES, i;

	for (i = 0; i < set->nr; i++) {
		uint32_t far = ccx_topology_distance(topology, set->order[i], domain);

		if (far < nearest)
			nearest = far;
	}
	return nearest;
}

/* The next domain in the order; nr_domains when all that belong are in it. */
static uint32_t choose_next(const struct ccx_set *set, const struct ccx_topology *topology,
			    enum ccx_set_class class, uint64_t taken)
{
	uint32_t best = topology->nr_domains, i;

	for (i = 0; i < topology->nr_domains; i++) {
		const struct ccx_domain *domain = &topology->domains[i];
		const struct ccx_domain *than = &topology->domains[best];

		if (taken & 1ULL << i)
			continue;
		if (best == topology->nr_domains || rank(domain, class) < rank(than, class) ||
		    (rank(domain, class) == rank(than, class) &&
		     distance(set, topology, i) < distance(set, topology, best)))
			best = i;
	}
	if (class == CCX_SET_CRITICAL && set->nr && best < topology->nr_domains &&
	    rank(&topology->domains[best], class) >
		    rank(&topology->domains[set->order[0]], class))
		return topology->nr_domains;
	return best;
}

/*
 * CPU time that the domain has, 1024 = one fastest CPU. Siblings count in full, unlike in what a
 * domain can do (ccx_policy_capacity): demand is time, too, and is longer where siblings share.
 */
static uint32_t time_of(const struct ccx_topology *topology, const struct ccx_domain *domain)
{
	uint32_t time = 0, i;

	for (i = 0; i < domain->nr_cpus; i++)
		time += ccx_topology_cpu(topology, domain->cpus[i])->capacity;
	return time;
}

void ccx_set_init(struct ccx_set *set, const struct ccx_topology *topology,
		  enum ccx_set_class class)
{
	uint32_t next, capacity = 0;
	uint64_t taken = 0;

	memset(set, 0, sizeof(*set));
	set->hold_ns = CCX_SET_HOLD_NS;
	set->active = 1;
	for (;;) {
		next = choose_next(set, topology, class, taken);
		if (next == topology->nr_domains)
			break;
		taken |= 1ULL << next;
		capacity += time_of(topology, &topology->domains[next]);
		set->capacity[set->nr] = capacity;
		set->order[set->nr++] = next;
	}
}

static uint64_t square_root(uint64_t value)
{
	uint64_t root = 0, bit = 1ULL << 31;

	for (; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= value)
			root += bit;
	return root;
}

uint64_t ccx_set_needed(uint64_t demand, uint32_t quarters)
{
	/* the root of a demand in CPUs, again in 1024ths: sqrt(d / 1024) * 1024 */
	return demand + square_root(demand * CCX_CAPACITY_MAX) * quarters / 4;
}

#define DEMAND_MOST	((uint64_t)CCX_MAX_CPUS * CCX_CAPACITY_MAX * 64)	/* beyond any machine's */

static uint64_t average(uint64_t old, uint64_t sample, uint64_t elapsed_ns, uint64_t constant_ns)
{
	int64_t change;

	/* so that no product below overflows; after so long only the sample counts anyway */
	if (sample > DEMAND_MOST)
		sample = DEMAND_MOST;
	if (elapsed_ns > 100 * constant_ns)
		elapsed_ns = 100 * constant_ns;
	change = (int64_t)sample - (int64_t)old;
	return old + change * (int64_t)elapsed_ns / (int64_t)(elapsed_ns + constant_ns);
}

static void grow(struct ccx_set *set, uint64_t now_ns)
{
	uint32_t before = set->active;

	while (set->active < set->nr &&
	       ccx_set_needed(set->fast, CCX_SET_GROW_K) > set->capacity[set->active - 1])
		set->active++;
	if (set->active == before)
		return;
	set->grown += set->active - before;
	/* it was too early to shrink: be slower to do so, for a load that goes up and down */
	if (set->shrunk_ns && now_ns - set->shrunk_ns < 10 * set->hold_ns)
		set->hold_ns = set->hold_ns * 2 < CCX_SET_HOLD_MOST_NS ? set->hold_ns * 2 :
									 CCX_SET_HOLD_MOST_NS;
	else
		set->hold_ns = CCX_SET_HOLD_NS;
	set->fits_since_ns = 0;
}

static void shrink(struct ccx_set *set, uint64_t now_ns)
{
	uint64_t demand = set->fast > set->slow ? set->fast : set->slow;

	if (set->active == 1 ||
	    ccx_set_needed(demand, CCX_SET_SHRINK_K) > set->capacity[set->active - 2]) {
		set->fits_since_ns = 0;
		return;
	}
	if (!set->fits_since_ns)
		set->fits_since_ns = now_ns;
	if (now_ns - set->fits_since_ns < set->hold_ns)
		return;
	set->active--;
	set->shrunk++;
	set->shrunk_ns = now_ns;
	set->fits_since_ns = 0;
}

uint64_t ccx_set_step(struct ccx_set *set, uint64_t demand, uint64_t now_ns)
{
	/* after a rest the load is a new one */
	uint64_t elapsed_ns = set->stepped_ns ? now_ns - set->stepped_ns : CCX_SET_PERIOD_NS;

	if (elapsed_ns > CCX_SET_SLOW_NS)
		elapsed_ns = CCX_SET_SLOW_NS;
	set->stepped_ns = now_ns;
	set->fast = average(set->fast, demand, elapsed_ns, CCX_SET_FAST_NS);
	set->slow = average(set->slow, demand, elapsed_ns, CCX_SET_SLOW_NS);
	grow(set, now_ns);
	shrink(set, now_ns);
	return ccx_set_mask(set);
}

uint64_t ccx_set_mask(const struct ccx_set *set)
{
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < set->active; i++)
		mask |= 1ULL << set->order[i];
	return mask;
}

bool ccx_set_rests(const struct ccx_set *set)
{
	return set->active == 1 && set->fast < set->capacity[0] / 4;
}
