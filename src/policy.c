// SPDX-License-Identifier: GPL-2.0-only
#include "ccx/policy.h"

#include <stddef.h>

#include "ccx/balance.h"
#include "ccx/deadline.h"

/*
 * Cost of moving by distance rank. A core refills 1 MiB of L2 and what it used of its part of the L3,
 * USUAL_CACHE_KIB, from memory at 10 to 20 GB/s: 50 to 100 us in a package, twice that from another
 * node.
 */
static const uint32_t move_cost_us[CCX_NR_DISTANCES] = {
	[CCX_DISTANCE_SELF] = 0,	 [CCX_DISTANCE_SAME_CACHE] = 25,
	[CCX_DISTANCE_SAME_PACKAGE] = 100, [CCX_DISTANCE_SAME_NODE] = 150,
	[CCX_DISTANCE_PACKAGE_NODE] = 200, [CCX_DISTANCE_OTHER_NODE] = 400,
};

#define COLD_US 20000	/* a task that has not run for so long has lost its cache */
#define L2_KIB 1024
#define USUAL_CACHE_KIB 4096
#define MOST_CACHE_KIB 16384	/* hardly any task uses more */
#define SETTLE_MS 20	/* for so long a task that was moved is left where it is, if possible */

#define FOREVER_US (UINT32_MAX / 2)	/* waits stop here: sums with them do not wrap */

uint32_t ccx_policy_capacity(const struct ccx_topology *topology, uint32_t domain)
{
	const struct ccx_domain *at = &topology->domains[domain];
	uint32_t capacity = 0, i;

	for (i = 0; i < at->nr_cpus; i++) {
		const struct ccx_cpu *cpu = ccx_topology_cpu(topology, at->cpus[i]);

		capacity += ccx_capacity_added(cpu->capacity, cpu->smt);
	}
	return capacity ? capacity : 1;
}

uint32_t ccx_policy_utilisation(uint32_t old, uint64_t busy_ns, uint64_t wall_ns, uint32_t nr_cpus)
{
	uint64_t share = busy_ns * 1024 / (wall_ns * nr_cpus);

	return (old * 3 + (share < 1024 ? share : 1024)) / 4;
}

static uint64_t waiting(const struct ccx_load *load)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < CCX_NR_READY; i++)
		sum += load->queued[i];
	return sum;
}

/* Until a task has had its turn that comes behind others of that weight. */
static uint32_t wait_behind_us(const struct ccx_load *load, uint64_t weight, uint32_t slice_us)
{
	uint64_t wait_us = FOREVER_US;

	if (weight < UINT32_MAX)
		wait_us = (weight + CCX_WEIGHT_DEFAULT) * slice_us / CCX_WEIGHT_DEFAULT *
			  CCX_CAPACITY_MAX / load->capacity;
	return wait_us < FOREVER_US ? wait_us : FOREVER_US;
}

/* What counts of a load for who has to wait. */
static uint64_t weight_of(const struct ccx_load *load)
{
	return load->weight ? load->weight : waiting(load) * CCX_WEIGHT_DEFAULT;
}

uint32_t ccx_policy_wait_us(const struct ccx_load *load, uint32_t sent, uint32_t sent_weight,
			    uint32_t slice_us)
{
	return load->idle_cpus > sent ? 0 :
	       wait_behind_us(load, weight_of(load) + sent_weight, slice_us);
}

/* The same for a task that is one of those that wait there: it does not wait for itself. */
static uint32_t wait_here_us(const struct ccx_load *own, uint32_t weight, uint32_t slice_us)
{
	uint64_t all = weight_of(own);

	if (!own->weight)
		weight = CCX_WEIGHT_DEFAULT;
	return own->idle_cpus ? 0 : wait_behind_us(own, all > weight ? all - weight : 0, slice_us);
}

bool ccx_policy_evens_out(const struct ccx_load *own, const struct ccx_load *there,
			  uint32_t sent_weight, uint32_t weight)
{
	return own->weight && there->weight &&
	       ccx_evens_out(own->weight, own->capacity, there->weight + sent_weight,
			     there->capacity, weight);
}

uint32_t ccx_policy_move_cost_us(const struct ccx_policy_config *config, uint32_t distance,
				 const struct ccx_message *message)
{
	uint32_t far = CCX_NR_DISTANCES - 1, kib = config->cache_kib;
	uint32_t cost = move_cost_us[distance < far ? distance : far];

	if (!kib)
		kib = USUAL_CACHE_KIB;
	cost = cost * (L2_KIB + (kib < MOST_CACHE_KIB ? kib : MOST_CACHE_KIB)) /
	       (L2_KIB + USUAL_CACHE_KIB);
	if (message->flags & CCX_TASK_GATHERED)
		cost += cost / 2;
	if (message->ran_ago_us >= COLD_US)
		cost /= 4;
	/* 0: it has never slept */
	return message->burst_us && message->burst_us < cost ? message->burst_us : cost;
}

static bool just_came(const struct ccx_message *message)
{
	return message->moved_ago_ms < SETTLE_MS;
}

uint32_t ccx_policy_hysteresis_us(const struct ccx_message *message, uint32_t slice_us)
{
	return slice_us / 2 + (just_came(message) ? slice_us : 0);
}

bool ccx_policy_other_node(uint32_t distance)
{
	return distance >= CCX_DISTANCE_PACKAGE_NODE;
}

uint32_t ccx_policy_slice_us(const struct ccx_policy_config *config, const struct ccx_load *load)
{
	return ccx_slice_among(config->slice_us, config->slice_min_us,
			       load->nr_cpus ? load->nr_cpus : 1, waiting(load));
}

static bool possible(const struct ccx_candidate *candidate, const struct ccx_message *message)
{
	return candidate->load && message->domains & 1ULL << candidate->domain &&
	       (candidate->lasted_ns >= CCX_NODE_PATIENCE_NS ||
		!ccx_policy_other_node(candidate->distance));
}

/* Whether the task may go there to make shares more even. */
static bool evens_out(const struct ccx_candidate *candidate, const struct ccx_load *own,
		      uint32_t weight)
{
	uint32_t times = candidate->even_out;

	if (times == 1 && candidate->lasted_ns < CCX_EVEN_PATIENCE_NS)
		times = 2;
	return times && ccx_policy_evens_out(own, candidate->load, candidate->sent_weight,
					     weight * times);
}

/*
 * The candidate to send the task to, NULL where it stays: the one with the shortest wait, its cost
 * included, if it gains enough; else one where only shares become more even.
 */
static struct ccx_candidate *choose(const struct ccx_policy_config *config,
				    const struct ccx_message *message, const struct ccx_load *own,
				    struct ccx_candidate *candidates, uint32_t nr_candidates,
				    uint32_t slice_us)
{
	uint32_t best_us = wait_here_us(own, message->weight, slice_us), there_us, i;
	uint32_t gain_us = ccx_policy_hysteresis_us(message, slice_us);
	uint32_t weight = ccx_weight_to_move(message->weight, message->flags & CCX_TASK_FOLLOWS);
	struct ccx_candidate *best = NULL, *even = NULL;

	best_us = best_us > gain_us ? best_us - gain_us : 0;
	for (i = 0; i < nr_candidates; i++) {
		struct ccx_candidate *candidate = &candidates[i];

		if (!possible(candidate, message))
			continue;
		there_us = ccx_policy_wait_us(candidate->load, candidate->sent,
					      candidate->sent_weight, slice_us) +
			   ccx_policy_move_cost_us(config, candidate->distance, message);
		if (there_us < best_us) {
			best_us = there_us;
			best = candidate;
		} else if (!even && !just_came(message) && evens_out(candidate, own, weight)) {
			even = candidate;
		}
	}
	if (!best && even)
		even->even_out = 0;
	return best ? best : even;
}

bool ccx_policy_uneven(const struct ccx_policy_config *config, const struct ccx_load *own,
		       const struct ccx_candidate *there)
{
	const struct ccx_message lightest = { .domains = ~0ULL,
					      .weight = 1,
					      .moved_ago_ms = UINT16_MAX };
	struct ccx_candidate candidate = *there;

	candidate.even_out = 1;
	candidate.lasted_ns = UINT64_MAX;
	return choose(config, &lightest, own, &candidate, 1, ccx_policy_slice_us(config, own));
}

uint64_t ccx_policy_lasted_ns(bool uneven, uint64_t now_ns, uint64_t *since_ns)
{
	if (!uneven)
		*since_ns = 0;
	else if (!*since_ns)
		*since_ns = now_ns;
	return uneven ? now_ns - *since_ns : 0;
}

void ccx_policy_decide(const struct ccx_policy_config *config, const struct ccx_message *message,
		       struct ccx_load *own, struct ccx_candidate *candidates,
		       uint32_t nr_candidates, struct ccx_decision *decision)
{
	uint32_t slice_us = ccx_policy_slice_us(config, own);
	struct ccx_candidate *best =
		choose(config, message, own, candidates, nr_candidates, slice_us);
	/* batch work comes last among equals, however briefly it runs */
	uint64_t awake_ns = message->flags & CCX_TASK_BATCH ? UINT64_MAX :
							      message->awake_us * 1000ULL;

	*decision = (struct ccx_decision){
		.pid = message->pid,
		.generation = message->generation,
		.deadline_ns = ccx_deadline(0, awake_ns, config->awake_cap_ns),
		.domain = message->domain,
		.kind = CCX_KIND_EFFICIENCY,
	};
	if (best) {
		decision->domain = best->domain;
		best->sent++;
		best->sent_weight += message->weight;
		own->weight -= own->weight > message->weight ? message->weight : own->weight;
		if (own->queued[CCX_KIND_EFFICIENCY])
			own->queued[CCX_KIND_EFFICIENCY]--;
	}
	decision->slice_ns = slice_us * 1000;
	/* a task that was sent elsewhere is looked at again there */
	decision->fresh_us = best ? 0 : config->fresh_us;
}
