/* SPDX-License-Identifier: GPL-2.0-only */
/* What BPF is told of the machine and the options before it is loaded. */
#ifndef CCX_CONFIGURE_H
#define CCX_CONFIGURE_H

#include "scheduler.h"

/*
 * Fills all of `config`. The topology is within the limits (ccx_topology_check_limits); tids has
 * the thread id of each domain's dispatcher.
 */
void ccx_configure(struct ccx_config *config, const struct ccx_topology *topology,
		   const struct ccx_scheduler_options *options, const pid_t *tids);

#endif
