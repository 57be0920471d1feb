// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "commands.h"
#include "running.h"
#include "settings.h"

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
	static struct ccx_settings settings; /* what options point to, until the end */
	struct ccx_options options;
	struct ccx_error error;

	ccx_options_parse(&options, argc, argv);
	if ((options.command == CCX_COMMAND_RUN || options.command == CCX_COMMAND_TOPOLOGY) &&
	    ccx_settings_read(&settings, &options, &error)) {
		fprintf(stderr, "scx_ccx: %s\n", error.text);
		return CCX_EXIT_USAGE;
	}
	switch (options.command) {
	case CCX_COMMAND_TOPOLOGY:
		return topology(&options);
	case CCX_COMMAND_STATS:
		return ccx_cmd_stats(&options);
	case CCX_COMMAND_MONITOR:
		return ccx_cmd_monitor(&options);
	case CCX_COMMAND_CHECK_CONFIG:
		return ccx_cmd_check_config(&options);
	default:
		return ccx_cmd_run(&options);
	}
}
