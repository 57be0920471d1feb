/* SPDX-License-Identifier: GPL-2.0-only */
/* What the program says when it begins and when it ends: each fits on a screen of 80x24. */
#ifndef CCX_SUMMARY_H
#define CCX_SUMMARY_H

#include <stdio.h>

#include "dispatcher.h"
#include "options.h"
#include "ruling.h"
#include "stats.h"

/*
 * The machine as it is seen, what is going to be done, how to stop it and where figures are. With
 * options->verbose more than a screen: all domains and their dispatchers. `dispatchers`: one for
 * each domain of the topology.
 */
void ccx_summary_start(FILE *file, const struct ccx_topology *topology,
		      const struct ccx_options *options, const struct ccx_ruling *ruling,
		      const struct ccx_dispatcher *dispatchers);

/* The figures of the last session, and how long and often the program scheduled. */
void ccx_summary_end(FILE *file, const struct ccx_stats *stats, uint64_t ran_ns, uint32_t sessions);

#endif
