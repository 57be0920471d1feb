/* SPDX-License-Identifier: GPL-2.0-only */
/* What BPF is told of the machine and the options. */
#ifndef CCX_CONFIGURE_H
#define CCX_CONFIGURE_H

#include "scheduler.h"

/*
 * Fills all of `machine`. The topology is within the limits (ccx_topology_check_limits); tids has
 * the thread id of each domain's dispatcher.
 */
void ccx_configure_machine(struct ccx_machine *machine, const struct ccx_topology *topology,
			   const pid_t *tids);

/*
 * Fills all of `config` but measured_dies, for that machine and this process. Where it comes out
 * equal, an object that is loaded with it serves another machine of as many domains or fewer, too.
 */
void ccx_configure(struct ccx_config *config, const struct ccx_machine *machine,
		   const struct ccx_topology *topology,
		   const struct ccx_scheduler_options *options);

#endif
