/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a dispatcher decides. Pure: no I/O, no clock, no threads, so that unit tests and simulations
 * call the code that runs.
 */
#ifndef CCX_POLICY_H
#define CCX_POLICY_H

#include "ccx/abi.h"
#include "ccx/load_table.h"
#include "ccx/topology.h"

struct ccx_policy_config {
	uint32_t slice_us;	/* for a domain with nothing else to do */
	uint32_t slice_min_us;	/* however many tasks wait */
	uint64_t awake_cap_ns;	/* as BPF's: see ccx/deadline.h */
	uint32_t fresh_us;	/* longest time that BPF may reuse a decision */
	uint32_t cache_kib;	/* a CPU's part of the domain's shared cache; 0: not known */
};

/* Another domain as a place to send a task to. */
struct ccx_candidate {
	const struct ccx_load *load;	/* NULL: unknown, not used */
	uint32_t domain;
	uint32_t distance;		/* ccx_topology_distance() from the own domain */
	uint32_t sent;			/* tasks sent there since `load` was taken */
	uint32_t sent_weight;		/* their weight */
	uint32_t even_out;		/* may get a task only to make shares even, if so many of its
					 * weight would fit; 0: not */
	uint64_t lasted_ns;		/* for so long it has been the better place at each look */
};

/*
 * Load. A domain's load is the weight of all that runs or waits there, divided by its capacity: the
 * sum over its CPUs, 1024 for the fastest; CPUs of lesser kinds count by their speed, and further
 * siblings of a core a quarter each, because they share it. Never 0.
 */
uint32_t ccx_policy_capacity(const struct ccx_topology *topology, uint32_t domain);

/*
 * Busy share of the domain, 0..1024, averaged: a quarter of the new sample each time. busy_ns: of all
 * its CPUs, within wall_ns of time.
 */
uint32_t ccx_policy_utilisation(uint32_t old, uint64_t busy_ns, uint64_t wall_ns, uint32_t nr_cpus);

/*
 * Expected wait, in microseconds, of one more task in a domain with that load and `sent` tasks of
 * together sent_weight more on their way: 0 when a CPU is idle, else what runs and waits already,
 * spread over the domain's capacity, at one slice for each weight of CCX_WEIGHT_DEFAULT. Weight and
 * not number, because CPU time is shared by weight: many tasks of nice 19 keep nobody waiting. Where
 * the weight is not known, each task that waits counts as one of default weight.
 */
uint32_t ccx_policy_wait_us(const struct ccx_load *load, uint32_t sent, uint32_t sent_weight,
			    uint32_t slice_us);

/*
 * Whether shares become more even when a task of that weight moves (ccx_evens_out, ccx/balance.h);
 * sent_weight is on its way there already. False where a weight is not known.
 */
bool ccx_policy_evens_out(const struct ccx_load *own, const struct ccx_load *there,
			  uint32_t sent_weight, uint32_t weight);

/*
 * Cost, in microseconds of lost work, of moving that task over `distance`: refilling its part of the
 * cache. More where that part is large, and where other threads of its process, with which it may
 * share data, stay. Less for a task that has not run for long: its cache is cold anyway. Never more
 * than it runs between two sleeps: it has not touched more.
 */
uint32_t ccx_policy_move_cost_us(const struct ccx_policy_config *config, uint32_t distance,
				 const struct ccx_message *message);

/*
 * What a task must gain beyond the cost of moving: half a slice, by which loads differ from moment to
 * moment, and a whole one more for a task that has only just come.
 */
uint32_t ccx_policy_hysteresis_us(const struct ccx_message *message, uint32_t slice_us);

/*
 * Imbalance that lasts. Loads differ for moments all the time, whenever something short runs. Where a
 * task moves only for even shares and more than its own weight is not at stake, the other domain must
 * have been the better place at each look for CCX_EVEN_PATIENCE_NS; to another memory node a task goes
 * for nothing less than CCX_NODE_PATIENCE_NS.
 */
#define CCX_EVEN_PATIENCE_NS	(8 * 1000 * 1000ULL)
#define CCX_NODE_PATIENCE_NS	(20 * 1000 * 1000ULL)

bool ccx_policy_other_node(uint32_t distance);

/* Whether the other domain is the better place: the lightest of tasks would be sent there. */
bool ccx_policy_uneven(const struct ccx_policy_config *config, const struct ccx_load *own,
		       const struct ccx_candidate *there);

/* For how long that has been so. *since_ns: the caller keeps it, 0 at first. */
uint64_t ccx_policy_lasted_ns(bool uneven, uint64_t now_ns, uint64_t *since_ns);

/* Slice for a task of a domain with that load, in microseconds. */
uint32_t ccx_policy_slice_us(const struct ccx_policy_config *config, const struct ccx_load *load);

/*
 * Decides where one task goes, when and for how long. `own` is the load of the domain whose message
 * it is, `candidates` the other domains to consider (may be none). Writes all of `decision` and
 * counts what it sends away, in `own` and in the candidate.
 */
void ccx_policy_decide(const struct ccx_policy_config *config, const struct ccx_message *message,
		       struct ccx_load *own, struct ccx_candidate *candidates,
		       uint32_t nr_candidates, struct ccx_decision *decision);

#endif
