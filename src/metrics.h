/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures as metrics for Prometheus and its like. Names and units: docs/operations.md. */
#ifndef CCX_METRICS_H
#define CCX_METRICS_H

#include "stats.h"

enum ccx_metrics_format {
	CCX_METRICS_OPEN,	/* OpenMetrics 1.0 */
	CCX_METRICS_PLAIN,	/* the text format 0.0.4 that came before it */
};

/* The Content-Type of each. */
const char *ccx_metrics_type(enum ccx_metrics_format format);

/*
 * The format that the Accept header of a request asks for, NULL for none: OpenMetrics, unless it
 * names text/plain and not OpenMetrics.
 */
enum ccx_metrics_format ccx_metrics_choose(const char *accept);

/* The caller frees; NULL without memory. Does no I/O and takes no lock. */
char *ccx_metrics_text(const struct ccx_stats *stats, enum ccx_metrics_format format);

#endif
