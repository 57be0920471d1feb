/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules in force: read from the file, handed to BPF, read again on request, shown. Outlives
 * sessions, so that a restart keeps rules and version. Main thread only.
 *
 *	static struct ccx_ruling ruling;
 *	ccx_ruling_read(&ruling, path, &error);		the file counts from the next publish on
 *	ccx_ruling_publish(&ruling, &scheduler);	it counts now
 */
#ifndef CCX_RULING_H
#define CCX_RULING_H

#include <jansson.h>

#include "rules.h"
#include "scheduler.h"

struct ccx_ruling {
	const char *path;
	uint64_t version;		/* how often the file was read; 0: there are no rules */
	struct ccx_rules_file file;
	uint64_t hits_before[CCX_MAX_RULES];	/* what the counters were when it was published */
};

/* How often tasks came under each rule since it was published. */
struct ccx_ruling_figures {
	const struct ccx_ruling *ruling;	/* NULL or version 0: no rules */
	uint64_t hits[CCX_MAX_RULES];
};

/*
 * Reads the file; `path` must outlive `ruling`. On failure (as ccx_rules_read()) what was read
 * before stays.
 */
int ccx_ruling_read(struct ccx_ruling *ruling, const char *path, struct ccx_error *error);

/*
 * Hands what was read to BPF: tasks follow from their next turn on. Once for each version that was
 * read, and once for each scheduler that is opened.
 */
void ccx_ruling_publish(struct ccx_ruling *ruling, const struct ccx_scheduler *scheduler);

void ccx_ruling_figures(const struct ccx_ruling *ruling, const struct ccx_scheduler *scheduler,
			struct ccx_ruling_figures *figures);

/* The object `rules` of the figures, docs/operations.md; NULL without memory. */
json_t *ccx_ruling_json(const struct ccx_ruling_figures *figures);

#endif
