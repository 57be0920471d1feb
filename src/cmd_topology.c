// SPDX-License-Identifier: GPL-2.0-only
/* scx_ccx topology: shows what the scheduler would work with. Needs no privilege and no kernel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ccx/cmd_topology.h"
#include "ccx/topology.h"

static int fail_bad_input(const char *text)
{
	fprintf(stderr, "scx_ccx: %s\n", text);
	return 2;
}

/* Only a file that was written whole counts; a failed one is not left behind as if it were good. */
static int write_dump(const struct ccx_topology *topology, enum ccx_dump_format format,
		      const struct ccx_topology_use *use, const char *output)
{
	FILE *file = output ? fopen(output, "we") : stdout;
	const char *name = output ? output : "standard output";
	int ret;

	if (!file) {
		fprintf(stderr, "scx_ccx: cannot write %s: %s\n", name, strerror(errno));
		return 1;
	}
	ret = ccx_topology_dump_use(topology, format, use, file);
	if (output && fclose(file) && !ret)
		ret = -errno;
	if (!ret)
		return 0;
	fprintf(stderr, "scx_ccx: cannot write the topology to %s: %s\n", name, strerror(-ret));
	return 1;
}

int ccx_cmd_topology_use(const char *source, const char *format, const char *output,
			 uint32_t max_domain_cpus, const struct ccx_topology_use *use)
{
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error = {.text = ""};
	int kind = ccx_dump_format_parse(format ? format : "text"), ret;

	if (kind < 0) {
		ccx_error_set(&error, kind, "unknown format '%.100s': text, json, svg or xml",
			      format);
		return fail_bad_input(error.text);
	}
	options.source = source ? source : "host";
	options.max_domain_cpus = max_domain_cpus ? max_domain_cpus : CCX_DEFAULT_DOMAIN_CPUS;
	ret = ccx_topology_load(&options, &topology, &error);
	if (ret == -ENOMEM) {
		fprintf(stderr, "scx_ccx: %s\n", error.text);
		return 1;
	}
	if (ret)
		return fail_bad_input(error.text);
	ret = write_dump(topology, kind, use, output && strcmp(output, "-") ? output : NULL);
	ccx_topology_free(topology);
	return ret;
}

int ccx_cmd_topology(const char *source, const char *format, const char *output,
		     uint32_t max_domain_cpus)
{
	return ccx_cmd_topology_use(source, format, output, max_domain_cpus, NULL);
}
