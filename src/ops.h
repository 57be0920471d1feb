/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of operations (struct sched_ext_ops), fitted to the running kernel. */
#ifndef CCX_OPS_H
#define CCX_OPS_H

#include "scheduler.h"

/*
 * Sets the flags, and drops operations that this kernel does not have or this machine does not need. After the object is opened, before it is loaded. 0 or -errno.
 */
int ccx_ops_set(struct bpf_object *object, const struct ccx_scheduler_options *options,
		bool many_nodes);

#endif
