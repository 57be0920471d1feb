// SPDX-License-Identifier: GPL-2.0-only
/* The firmware's preference among cores, which an X3D part's driver turns round at run time. */
#include "topology/internal.h"

int ccx_topology_read_ranking(const struct ccx_topology *topology, uint32_t *ranking, bool *changed,
			      struct ccx_error *error)
{
	const char *root = topology->private->root;

	(void)error;
	*changed = false;
	for (uint32_t i = 0; i < topology->nr_cpus; i++) {
		const struct ccx_cpu *cpu = &topology->cpus[i];

		ranking[i] = cpu->ranking;
		/* A machine that had none at the start does not get one: spare the file opens. */
		if (!root || !cpu->ranking)
			continue;
		ranking[i] =
		    ccx_sysfs_cpu_number(root, cpu->id, "cpufreq/amd_pstate_prefcore_ranking");
		/* 0: not to be read, as of a CPU that is offline */
		*changed |= ranking[i] && ranking[i] != cpu->ranking;
	}
	return 0;
}
