/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine that is not there, with the program's own dispatchers, policy and load table. One thread,
 * steps of MODEL_TICK_NS, no clock but its own.
 */
#ifndef BENCH_MODEL_MACHINE_H
#define BENCH_MODEL_MACHINE_H

#include "ccx/topology.h"
#include "dispatcher.h"

#define MODEL_TICK_NS 250000ULL
#define MODEL_MS      1000000ULL

struct model_options {
	const char *topology;	/* as hwloc's synthetic ones */
	unsigned int per_cpu;	/* tasks for each CPU */
	unsigned int sleepers_pct; /* so many of them run 1 ms of 4 at most, the others always */
	bool from_one;		/* all begin in the first domain; else in turn */
	bool weights;		/* nice 0, 5 and 10 in turn; else all 0 */
};

struct model_task {
	uint64_t vtime, awake_ns, queued_ns, moved_ns, fresh_ns, slice_ns, left_ns, wakes_ns, ran_ns;
	uint64_t measured_ns;
	uint32_t id, weight, inverse, home, queue, generation, moves, counted;
	bool sleeper, waits;
	uint64_t burst_ns; /* left of it */
};

struct model_domain {
	struct ccx_dispatcher dispatcher;
	struct model_task **queue; /* in no order */
	struct ccx_message *messages;
	uint32_t nr_queued, nr_messages;
};

/* Counted from the beginning. */
struct model_figures {
	uint64_t idle_ns;	/* of CPUs, while a task waited somewhere */
	uint64_t decisions;
	uint64_t decide_ns;	/* on this machine */
	uint32_t decide_looks;	/* other domains looked at for a batch, at most */
	uint32_t steal_looks;	/* and by a CPU that found nothing to do */
};

struct model {
	struct ccx_topology *topology;
	struct ccx_machine machine;
	struct ccx_config config;
	struct ccx_state *state;
	struct ccx_load_table *loads;
	struct model_domain *domains;
	struct model_task *tasks, **running; /* running: by CPU number */
	uint32_t nr_tasks, *turns;
	uint64_t now_ns, began_ns;
	struct model_figures figures;
};

/* The calling thread is a registered, online QSBR reader from then on. Ends the program on failure. */
void model_make(struct model *model, const struct model_options *options);
void model_tick(struct model *model);
void model_free(struct model *model);

/* Whether each domain's weight per capacity is within a tenth of the average. */
bool model_even(const struct model *model);

#endif
