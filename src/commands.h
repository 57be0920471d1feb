/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands; each returns the program's exit code: 0, 1 runtime, 2 input, 3 cannot run here. */
#ifndef CCX_COMMANDS_H
#define CCX_COMMANDS_H

#include "ccx/cmd_topology.h"
#include "options.h"

enum {
	CCX_EXIT_DONE = 0,
	CCX_EXIT_FAILED = 1,
	CCX_EXIT_USAGE = 2,
	CCX_EXIT_CANNOT = 3,
};

int ccx_cmd_run(const struct ccx_options *options);
int ccx_cmd_stats(const struct ccx_options *options);
int ccx_cmd_monitor(const struct ccx_options *options);
int ccx_cmd_check_config(const struct ccx_options *options);

#endif
