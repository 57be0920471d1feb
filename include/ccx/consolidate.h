/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Consolidation: on how many cache domains the load is packed, and on which, so that the others
 * sleep deeply. Pure: no clock, no I/O, no threads; docs/architecture.md has the reasons.
 *
 * The set of a class of work is a prefix of a fixed order of domains. Its length follows from the
 * demand D, in CPUs, by square-root staffing:
 *
 *	needed(D, k) = D + k * sqrt(D)
 *	grow     at once, while  needed(fast average of D, k_grow)  >  capacity of the set
 *	shrink   by one domain, when  needed(larger of both averages, k_shrink)  has fitted into one
 *		 domain less for CCX_SET_HOLD_NS
 *
 * Arrivals that know nothing of each other vary by sqrt(D), so a set with k * sqrt(D) spare CPUs
 * makes a task wait equally seldom however large it is (Halfin and Whitt 1981, "Heavy-traffic
 * limits for queues with many exponential servers"): by their formula 8.5 % of the tasks find no
 * idle CPU with k = 1.5 and 2.7 % with k = 2. A small domain is thus filled to half, eight of them to
 * four fifths. What varies with sqrt(D) as well is the measured demand, so the two constants differ
 * by as much at every size: a half of sqrt(D). By the same model that is five standard deviations of
 * the fast average where a task works for 0.5 ms, and 1.6 where it does for 5 ms.
 */
#ifndef CCX_CONSOLIDATE_H
#define CCX_CONSOLIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ccx/limits.h"
#include "ccx/topology.h"

#define CCX_SET_GROW_K		6	/* quarters: 1.5 */
#define CCX_SET_SHRINK_K	8	/* quarters: 2 */
#define CCX_SET_PERIOD_NS	(20 * 1000 * 1000ULL)	/* between two steps, about */
#define CCX_SET_FAST_NS		(50 * 1000 * 1000ULL)	/* time constants of the averages */
#define CCX_SET_SLOW_NS		(200 * 1000 * 1000ULL)
#define CCX_SET_HOLD_NS		(200 * 1000 * 1000ULL)
#define CCX_SET_HOLD_MOST_NS	(3200 * 1000 * 1000ULL)

/* Whose set: on a machine with one kind of CPU both are the same. */
enum ccx_set_class {
	CCX_SET_BACKGROUND,	/* all that is not latency-critical; on one kind of CPU, everything */
	CCX_SET_CRITICAL,	/* latency-critical work */
	CCX_NR_SETS,
};

struct ccx_set {
	uint32_t nr;				/* domains in the order */
	uint32_t active;			/* so many of them form the set, 1..nr */
	uint8_t order[CCX_MAX_DOMAINS];
	uint32_t capacity[CCX_MAX_DOMAINS];	/* of the first i + 1 together, 1024 = one fastest CPU */
	/* demand, 1024 = one fastest CPU */
	uint64_t fast, slow;
	uint64_t stepped_ns;
	uint64_t fits_since_ns;			/* 0: it does not fit into one domain less */
	uint64_t shrunk_ns;
	uint64_t hold_ns;
	uint64_t grown, shrunk;			/* how often, in domains */
};

/*
 * An order of domains for that class, and a set of the first one. Background work: domains without
 * performance CPUs first (less power for the same work), those with efficiency CPUs before those
 * that have low-power ones only (too slow to keep work in). Critical work: domains with performance
 * CPUs only, where there are some. Among equals the one with the lowest CPU, where interrupts go by
 * default, then always the nearest to those before it: same cache, package, node.
 */
void ccx_set_init(struct ccx_set *set, const struct ccx_topology *topology,
		  enum ccx_set_class class);

/* CPUs, 1024 each, that `demand` needs with `quarters` / 4 square roots to spare. */
uint64_t ccx_set_needed(uint64_t demand, uint32_t quarters);

/*
 * What was demanded since the last step, 1024 = one fastest CPU, is `demand`: CPU time used by
 * capacity, and tasks that waited. Returns the domains of the set, bit d: domain d.
 */
uint64_t ccx_set_step(struct ccx_set *set, uint64_t demand, uint64_t now_ns);

/* The domains of the set. */
uint64_t ccx_set_mask(const struct ccx_set *set);

/* It is as small as can be and nearly idle: nothing to decide until BPF finds it half full. */
bool ccx_set_rests(const struct ccx_set *set);

#endif
