// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "commands.h"
#include "running.h"

/* With a running scheduler the host's topology also shows what it makes of it. */
static int topology(const struct ccx_options *options)
{
	struct ccx_running *running = strcmp(options->topology, "host") ? NULL : ccx_running_ask();
	int result = ccx_cmd_topology_use(options->topology, options->format, options->output,
					  options->max_domain_cpus, ccx_running_use(running));

	ccx_running_free(running);
	return result;
}

int main(int argc, char **argv)
{
	struct ccx_options options;

	ccx_options_parse(&options, argc, argv);
	switch (options.command) {
	case CCX_COMMAND_TOPOLOGY:
		return topology(&options);
	case CCX_COMMAND_STATS:
		return ccx_cmd_stats(&options);
	default:
		return ccx_cmd_run(&options);
	}
}
