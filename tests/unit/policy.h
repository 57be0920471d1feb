/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads, messages and whole rounds of decisions for the tests of the policy. */
#ifndef CCX_TESTS_POLICY_H
#define CCX_TESTS_POLICY_H

#include "tests/unit/unit.h"

#include "ccx/policy.h"
#include "ccx/topology.h"

#define ROUNDS	   100000
#define MAX_OTHERS 8

/* Whatever the options and the mode make of it. */
static inline struct ccx_policy_config random_config(uint64_t *seed)
{
	uint32_t slice_us = unit_between(seed, 100, 400000);

	return (struct ccx_policy_config){
		.slice_us = slice_us,
		.slice_min_us = unit_between(seed, 100, slice_us < 20000 ? slice_us : 20000),
		.awake_cap_ns = unit_between(seed, 0, 100) * 1000000,
		.fresh_us = unit_between(seed, 0, 100000),
	};
}

static const struct ccx_policy_config usual = {
	.slice_us = 5000,
	.slice_min_us = 500,
	.awake_cap_ns = 20000000,
	.fresh_us = 10000,
};

static inline struct ccx_load busy_load(uint32_t nr_cpus, uint32_t queued)
{
	return (struct ccx_load){
		.capacity = nr_cpus * CCX_CAPACITY_MAX,
		.nr_cpus = nr_cpus,
		.queued = { [CCX_KIND_EFFICIENCY] = queued },
		.running = nr_cpus,
		.utilisation = 1024,
	};
}

static inline struct ccx_load idle_load(uint32_t nr_cpus)
{
	struct ccx_load load = busy_load(nr_cpus, 0);

	load.idle_cpus = nr_cpus;
	load.running = load.utilisation = 0;
	return load;
}

static inline struct ccx_load random_load(uint64_t *seed)
{
	struct ccx_load load = busy_load(unit_between(seed, 1, 64), 0);
	uint32_t i;

	load.capacity = unit_between(seed, 1, load.nr_cpus * CCX_CAPACITY_MAX);
	load.time_ns = unit_random(seed);
	load.vtime_now = unit_random(seed);
	for (i = 0; i < CCX_NR_READY; i++)
		load.queued[i] = unit_random(seed) & 3 ? unit_between(seed, 0, 100) : 0;
	if (unit_random(seed) % 4 == 0)
		load.idle_cpus = unit_between(seed, 0, load.nr_cpus);
	load.running = load.nr_cpus - load.idle_cpus;
	load.running_critical = unit_between(seed, 0, load.running);
	load.utilisation = unit_between(seed, 0, 1024);
	return load;
}

/* The task may always run in the domain that asks: BPF sees to that. */
static inline struct ccx_message random_message(uint64_t *seed)
{
	struct ccx_message message;

	unit_fill(seed, &message, sizeof(message));
	message.pid = unit_between(seed, 1, INT32_MAX);
	message.domain = unit_between(seed, 0, CCX_MAX_DOMAINS - 1);
	message.weight = unit_between(seed, 1, 10000);
	message.domains |= 1ULL << message.domain;
	if (unit_random(seed) & 1)
		message.ran_ago_us = unit_between(seed, 0, 50000);
	return message;
}

static inline struct ccx_message message_from(uint32_t domain)
{
	return (struct ccx_message){
		.pid = 1,
		.domains = UINT64_MAX,
		.weight = 100,
		.domain = domain,
		.moved_ago_ms = UINT16_MAX,
	};
}

static inline uint32_t move_cost_us(uint32_t distance, uint32_t ran_ago_us)
{
	struct ccx_message message = message_from(0);

	message.ran_ago_us = ran_ago_us;
	return ccx_policy_move_cost_us(&usual, distance, &message);
}

static inline uint32_t total_queued(const struct ccx_load *load)
{
	return load->queued[0] + load->queued[1];
}

struct round {
	struct ccx_policy_config config;
	struct ccx_message message;
	struct ccx_load own, loads[MAX_OTHERS];
	struct ccx_candidate candidates[MAX_OTHERS];
	uint32_t nr;
	struct ccx_decision decision;
};

static inline void random_round(uint64_t *seed, struct round *round)
{
	uint32_t i;

	memset(round, 0, sizeof(*round));
	round->config = random_config(seed);
	round->message = random_message(seed);
	round->own = random_load(seed);
	round->nr = unit_between(seed, 0, MAX_OTHERS);
	for (i = 0; i < round->nr; i++) {
		round->loads[i] = unit_random(seed) % 4 ? random_load(seed) : idle_load(8);
		round->candidates[i] = (struct ccx_candidate){
			.load = unit_random(seed) % 8 ? &round->loads[i] : NULL,
			/* all different, never the own */
			.domain = (round->message.domain + 1 + i * 7) % CCX_MAX_DOMAINS,
			.distance = unit_between(seed, 0, CCX_NR_DISTANCES),
			.sent = unit_random(seed) % 4 ? 0 : unit_between(seed, 0, 100),
			.lasted_ns = unit_random(seed) & 1 ? CCX_NODE_PATIENCE_NS : 0,
		};
	}
}

static inline void decide(struct round *round)
{
	memset(&round->decision, 0xff, sizeof(round->decision));
	ccx_policy_decide(&round->config, &round->message, &round->own, round->candidates,
			  round->nr, &round->decision);
}

#endif
