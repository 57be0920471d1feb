/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures of domains as a table: the same for scx_ccx stats and for run --stats. */
#ifndef CCX_STATS_TEXT_H
#define CCX_STATS_TEXT_H

#include "stats.h"

struct ccx_stats_row {
	uint32_t domain;
	double busy;		/* 0..1 */
	uint64_t queued, fast, ordered, critical, decisions, taken, rescued, in, out;
	double p50_us, p99_us;
	double wait_ms;
};

void ccx_stats_head(FILE *file);
void ccx_stats_row(FILE *file, const struct ccx_stats_row *row);

/* One row per domain: what happened between two readings (`before` may be NULL: since start). */
void ccx_stats_print(FILE *file, const struct ccx_stats *before, const struct ccx_stats *now);

#endif
