/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPUs' counters, on machines with a die of larger cache and one of higher clock: what they
 * sample decides which of them a process belongs to (ccx/dies.h). Anywhere else nothing is opened.
 *
 *	ccx_counters_open()	before the object is configured: it must know whether there are any
 *	ccx_counters_prepare()	before it is loaded
 *	ccx_counters_start()	when it is loaded
 *	ccx_counters_close()	at any point; what was counted stays readable until the next open
 *
 * That there are none is no error: rules decide then. Main thread only.
 */
#ifndef CCX_COUNTERS_H
#define CCX_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ccx/dies.h"
#include "ccx/topology.h"

struct bpf_object;

/* In the order of the option's words. */
enum ccx_die_source {
	CCX_DIE_AUTO,		/* the hardware's counters */
	CCX_DIE_RULE,		/* none: only rules decide */
	CCX_DIE_SOFTWARE,	/* for tests: page faults for fills, context switches for cycles */
};

struct ccx_counters {
	bool dies;		/* there are two kinds of die to choose from */
	enum ccx_die_source source;
	char reason[64];	/* why nothing is measured; empty: it is */
	int *fds;		/* CCX_NR_DIE_EVENTS for each CPU; NULL: none are open */
	uint32_t nr_fds;
	const struct ccx_die_process *processes;	/* what BPF knows, mapped; NULL: nothing */
	const volatile struct ccx_die_counts *counts;
};

/* What the figures say of it. */
struct ccx_die_figures {
	bool dies;
	enum ccx_die_source source;
	char reason[64];
	uint32_t processes[CCX_NR_PREFERS];	/* that worked of late, by what they prefer */
	struct ccx_die_counts counts;
};

/*
 * Opens the counters of all CPUs of the topology if `source` says so and the machine has such dies.
 * packed: work goes where it fits, whatever die that is, so nothing is measured.
 */
void ccx_counters_open(struct ccx_counters *counters, const struct ccx_topology *topology,
		       enum ccx_die_source source, bool packed);

static inline bool ccx_counters_measure(const struct ccx_counters *counters)
{
	return counters->fds;
}

/* Leaves out of the object what is for counters, if there are none. 0 or -errno. */
int ccx_counters_prepare(struct bpf_object *object, bool measure);

/* The object was not loaded. True if there were counters: without them it may be. */
bool ccx_counters_refused(struct ccx_counters *counters, int err);

/* Lets them count. What fails here leaves rules to decide, and a reason. */
void ccx_counters_start(struct ccx_counters *counters, struct bpf_object *object);

void ccx_counters_close(struct ccx_counters *counters);

void ccx_counters_read(const struct ccx_counters *counters, struct ccx_die_figures *figures);

/* NULL of JSON on machines without such dies. */
json_t *ccx_counters_json(const struct ccx_die_figures *figures);

/* A line, from such JSON; nothing where there is none. */
void ccx_counters_print(FILE *file, const json_t *json);

/* The same line, of what there is now. */
void ccx_counters_say(FILE *file, const struct ccx_counters *counters);

#endif
