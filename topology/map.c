// SPDX-License-Identifier: GPL-2.0-only
/* A description laid over the machine: run --topology SOURCE. */
#include <errno.h>

#include "topology/internal.h"

int ccx_topology_map(const struct ccx_topology *wanted, const struct ccx_topology *host,
		     struct ccx_topology **out, struct ccx_error *error)
{
	const struct ccx_machine *from = &wanted->private->machine;
	struct ccx_machine machine = *from;
	int ret;

	*out = NULL;
	machine.cpus = calloc(host->nr_cpus, sizeof(*machine.cpus));
	if (!machine.cpus)
		return ccx_error_set(error, -ENOMEM, "cannot map %s: out of memory",
				     wanted->source);
	machine.nr_cpus = 0;
	for (uint32_t i = 0; i < host->nr_cpus; i++) {
		const struct ccx_raw_cpu *raw = ccx_machine_cpu(from, host->cpus[i].id);

		if (!raw) {
			ccx_machine_release(&machine);
			return ccx_error_set(error, -EINVAL,
					     "topology source %s does not cover CPU %u, which is "
					     "online here",
					     wanted->source, host->cpus[i].id);
		}
		machine.cpus[machine.nr_cpus] = *raw;
		/* The preference is the firmware's of this machine, and changes here. */
		machine.cpus[machine.nr_cpus++].evidence.prefcore = host->cpus[i].ranking;
	}
	ret = ccx_topology_assemble(&machine, wanted->source, wanted->private->max_domain_cpus, out,
				    error);
	if (ret) {
		ccx_machine_release(&machine);
		return ret;
	}
	if (host->private->root)
		(*out)->private->root = strdup(host->private->root);
	if (hwloc_topology_dup(&(*out)->private->hwloc, wanted->private->hwloc))
		(*out)->private->hwloc = NULL;
	return 0;
}
