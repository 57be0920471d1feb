/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads BPF's iterator over tasks (src/bpf/tasks.h). For the main thread, when a client asks: it
 * takes time in proportion to the tasks of the machine, as an ordinary task, and no lock that a
 * dispatcher could wait for.
 */
#ifndef CCX_TASK_ITER_H
#define CCX_TASK_ITER_H

#include "tasks.h"

struct bpf_object;

/* Before the object is loaded: leaves the program out where the kernel knows none of its kind. */
void ccx_task_iter_prepare(struct bpf_object *object);

/*
 * Fills in *tasks, from begin to end. Where that fails, tasks->error says why, and the list holds
 * what was read until then.
 */
void ccx_task_iter_read(struct bpf_object *object, struct ccx_tasks *tasks);

#endif
