// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"

int main(int argc, char **argv)
{
	struct ccx_options options;

	ccx_options_parse(&options, argc, argv);
	switch (options.command) {
	case CCX_COMMAND_TOPOLOGY:
		return ccx_cmd_topology(options.topology, options.format, options.output,
					options.max_domain_cpus);
	case CCX_COMMAND_STATS:
		return ccx_cmd_stats(&options);
	default:
		return ccx_cmd_run(&options);
	}
}
