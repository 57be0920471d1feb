/* SPDX-License-Identifier: GPL-2.0-only */
/* The command `scx_ccx topology`. */
#ifndef CCX_CMD_TOPOLOGY_H
#define CCX_CMD_TOPOLOGY_H

#include <stdint.h>

struct ccx_topology_use;

/*
 * Dumps a source and returns the exit code: 0 done, 1 writing failed, 2 bad source or format (one
 * line on standard error says which). NULL means the default: host, text, standard output ("-" as
 * well); max_domain_cpus 0 means CCX_DEFAULT_DOMAIN_CPUS.
 */
int ccx_cmd_topology(const char *source, const char *format, const char *output,
		     uint32_t max_domain_cpus);

/* The same beside a running scheduler: `use` says what it makes of the topology. */
int ccx_cmd_topology_use(const char *source, const char *format, const char *output,
			 uint32_t max_domain_cpus, const struct ccx_topology_use *use);

#endif
