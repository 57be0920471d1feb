// SPDX-License-Identifier: GPL-2.0-only
/* ccx_topology_load: from a source to a finished topology. */
#include <errno.h>

#include "topology/internal.h"

static int decide_kinds(struct ccx_machine *machine)
{
	uint32_t nr = machine->nr_cpus;
	struct ccx_evidence *evidence _cleanup_free_ = calloc(nr, sizeof(*evidence));
	struct ccx_verdict *verdicts _cleanup_free_ = calloc(nr, sizeof(*verdicts));

	if (!evidence || !verdicts)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++)
		evidence[i] = machine->cpus[i].evidence;
	ccx_kinds_decide(evidence, nr, &machine->facts, verdicts);
	for (uint32_t i = 0; i < nr; i++) {
		machine->cpus[i].evidence = evidence[i];
		machine->cpus[i].verdict = verdicts[i];
	}
	return 0;
}

/* Applies what the container or the affinity forbids, on the machine we run on. */
static int restrict_to_allowed(struct ccx_machine *machine, struct ccx_error *error)
{
	hwloc_bitmap_t set _cleanup_bitmap_ = hwloc_bitmap_alloc();

	if (!set)
		return ccx_error_set(error, -ENOMEM, "cannot read the affinity: out of memory");
	for (uint32_t i = 0; i < machine->nr_cpus; i++)
		if (machine->cpus[i].allowed)
			hwloc_bitmap_set(set, machine->cpus[i].id);
	ccx_host_restrict(set);
	for (uint32_t i = 0; i < machine->nr_cpus; i++)
		machine->cpus[i].allowed = hwloc_bitmap_isset(set, machine->cpus[i].id);
	return 0;
}

static int drop_forbidden(struct ccx_machine *machine, struct ccx_error *error)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < machine->nr_cpus; i++)
		if (machine->cpus[i].allowed)
			machine->cpus[kept++] = machine->cpus[i];
	if (!kept)
		return ccx_error_set(error, -EINVAL, "the source allows the use of no CPU");
	machine->nr_forbidden = machine->nr_cpus - kept;
	machine->nr_cpus = kept;
	return 0;
}

static int build_machine(struct ccx_machine *machine, hwloc_topology_t hwloc, const char *root,
			 bool all_cpus, struct ccx_error *error)
{
	int ret = ccx_machine_collect(machine, hwloc, error);

	if (ret)
		return ret;
	ccx_machine_collect_evidence(machine, hwloc, root);
	if (root)
		ccx_machine_annotate(machine, hwloc);
	if (ccx_machine_group(machine) || decide_kinds(machine))
		return ccx_error_set(error, -ENOMEM, "cannot group CPUs: out of memory");
	if (all_cpus)
		return 0;
	if (root && !*root)
		ret = restrict_to_allowed(machine, error);
	return ret ? ret : drop_forbidden(machine, error);
}

int ccx_topology_build(const char *source, const struct ccx_topology_options *options,
		       hwloc_topology_t hwloc, char *root, struct ccx_topology **out,
		       struct ccx_error *error)
{
	struct ccx_machine machine = {0};
	int ret = build_machine(&machine, hwloc, root, options->all_cpus, error);

	*out = NULL;
	if (!ret)
		ret = ccx_topology_assemble(&machine, source, options->max_domain_cpus, out, error);
	if (ret) {
		ccx_machine_release(&machine);
		hwloc_topology_destroy(hwloc);
		free(root);
		return ret;
	}
	(*out)->private->hwloc = hwloc;
	(*out)->private->root = root;
	return 0;
}

int ccx_topology_load(const struct ccx_topology_options *options, struct ccx_topology **out,
		      struct ccx_error *error)
{
	const char *source = options->source ? options->source : "host";
	hwloc_topology_t hwloc = NULL;
	char *root = NULL;
	int ret;

	*out = NULL;
	if (error)
		error->text[0] = '\0';
	if (options->max_domain_cpus < 1 || options->max_domain_cpus > CCX_MAX_CPUS)
		return ccx_error_set(error, -EINVAL,
				     "a domain cannot have %u CPUs at most: choose 1 to %d",
				     options->max_domain_cpus, CCX_MAX_CPUS);
	ret = ccx_source_open(options, &hwloc, &root, error);
	return ret ? ret : ccx_topology_build(source, options, hwloc, root, out, error);
}
