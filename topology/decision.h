/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by kinds.c and signals.c: a decision in progress. */
#ifndef CCX_TOPOLOGY_DECISION_H
#define CCX_TOPOLOGY_DECISION_H

#include "topology/kinds.h"

/* A CPU is open until a source of evidence has decided its kind. */
struct decision {
	struct ccx_evidence *evidence;
	struct ccx_verdict *verdicts;
	bool *decided;
	uint32_t nr_cpus;
	struct ccx_machine_facts *facts;
};

/* Values below `below` are the slow ones; nr_steps counts the steps that are gaps. */
struct split {
	uint32_t below;
	uint32_t lowest_step; /* values below it are under the lowest gap */
	uint32_t nr_steps;
};

static inline uint32_t value_of(const struct decision *d, uint32_t i, enum ccx_signal signal)
{
	return *ccx_signal_value(&d->evidence[i], signal);
}

/* True if every CPU that is still open has the number. */
bool ccx_is_known(const struct decision *d, enum ccx_signal signal);

/* True if two CPUs have different values of it. */
bool ccx_signal_varies(const struct decision *d, enum ccx_signal signal);

/* Looks for gaps of `percent` among the open CPUs' values; the largest one becomes `below`. */
struct split ccx_find_split(const struct decision *d, enum ccx_signal signal, uint32_t percent);

/* The mean of one number, in thousandths, over the slow or the fast side of another's split. */
uint64_t ccx_mean_side(const struct decision *d, enum ccx_signal of, enum ccx_signal by,
		       uint32_t below, bool slow);

/* Makes the evidence of siblings one: the best that any of them tells. */
void ccx_complete_siblings(struct ccx_evidence *evidence, uint32_t nr_cpus);

#endif
