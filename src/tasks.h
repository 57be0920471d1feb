/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The latency-critical tasks of a moment: records of BPF's (ccx/tasks.h) taken in, put in order,
 * shown as JSON or text. No I/O but the printing; the reading is in task_iter.h.
 *
 *	ccx_tasks_begin(&tasks);
 *	ccx_tasks_add(&tasks, &record);		for each
 *	ccx_tasks_end(&tasks);
 *	ccx_tasks_json(&tasks, root);
 */
#ifndef CCX_SRC_TASKS_H
#define CCX_SRC_TASKS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "ccx/error.h"
#include "ccx/tasks.h"

/* What the document of stats calls them, by enum ccx_task_reason. */
extern const char *const ccx_reason_names[CCX_NR_REASONS];

/*
 * So many are listed, so that the document has a bound (control.h); and so many rows are printed.
 */
#define CCX_MAX_TASKS		512
#define CCX_TASK_ROWS		20

struct ccx_tasks {
	struct ccx_task_record list[2 * CCX_MAX_TASKS];
	uint32_t nr;
	uint32_t left_out;		/* beyond CCX_MAX_TASKS, those that last ran longest ago */
	uint32_t kernel_threads;	/* latency-critical ones that no rule names: not listed */
	uint32_t bad;			/* records of impossible content, not listed */
	uint64_t now_ns;		/* the latest time in any record: BPF's clock */
	uint64_t reading_ns;		/* what the reading took */
	struct ccx_error error;		/* why the list is not there, or not whole; else empty */
};

void ccx_tasks_begin(struct ccx_tasks *tasks);
void ccx_tasks_add(struct ccx_tasks *tasks, const struct ccx_task_record *record);

/* Puts them in order: user tasks before kernel threads, then the most recently run first. */
void ccx_tasks_end(struct ccx_tasks *tasks);

/* Adds the fields to an object, as docs/operations.md describes them. */
void ccx_tasks_json(const struct ccx_tasks *tasks, json_t *root);

/* Prints them from such an object; nothing where it has no such fields. */
void ccx_tasks_print(FILE *file, const json_t *root);

#endif
