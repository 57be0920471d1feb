// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology for programs. The fields that DESIGN.md names are stable; the others may grow.
 */
#include <errno.h>

#include <jansson.h>

#include "topology/internal.h"

/* A string that may be no UTF-8 (a path): what is not ASCII becomes '?'. */
static json_t *make_string(const char *text)
{
	json_t *string = json_string(text);
	char printable[512];

	if (string)
		return string;
	ccx_copy_printable(printable, sizeof(printable), text);
	return json_string(printable);
}

static json_t *make_cpulist(const uint32_t *cpus, uint32_t nr_cpus)
{
	size_t size = ccx_cpulist_format(NULL, 0, cpus, nr_cpus) + 1;
	char *list _cleanup_free_ = malloc(size);

	if (!list)
		return NULL;
	ccx_cpulist_format(list, size, cpus, nr_cpus);
	return json_string(list);
}

static json_t *make_cpu(const struct ccx_topology *topology, uint32_t i)
{
	const struct ccx_cpu *cpu = &topology->cpus[i];
	const struct ccx_evidence *e = &topology->private->machine.cpus[i].evidence;
	json_t *object = json_pack("{s:i s:i s:i s:i s:i s:s s:i s:i s:o}", "id", cpu->id, "core",
				   cpu->core, "domain", cpu->domain, "node", cpu->node, "package",
				   cpu->package, "kind", ccx_kind_name(cpu->kind), "capacity",
				   cpu->capacity, "smt", cpu->smt, "why", make_string(cpu->why));
	const struct {
		const char *name;
		uint32_t value;
	} numbers[] = {
	    {"ranking", cpu->ranking},	       {"cpu_capacity", e->cpu_capacity},
	    {"highest_perf", e->highest_perf}, {"max_mhz", e->max_mhz},
	    {"base_mhz", e->base_mhz},
	};

	for (size_t n = 0; object && n < sizeof(numbers) / sizeof(numbers[0]); n++)
		if (numbers[n].value)
			json_object_set_new(object, numbers[n].name,
					    json_integer(numbers[n].value));
	if (object && e->core_type != CCX_CORE_UNKNOWN)
		json_object_set_new(object, "core_type", make_string(e->core_type_name));
	return object;
}

static json_t *make_domain(const struct ccx_topology *topology, uint32_t i,
			   const struct ccx_topology_use *use)
{
	const struct ccx_domain *domain = &topology->domains[i];
	json_t *object =
	    json_pack("{s:i s:o s:i s:I s:i s:i s:i s:i s:i s:i s:i s:i s:b}", "id", domain->id,
		      "cpus", make_cpulist(domain->cpus, domain->nr_cpus), "cache_level",
		      domain->cache_level, "cache_bytes", (json_int_t)domain->cache_bytes, "node",
		      domain->node, "performance", domain->nr_kind[CCX_KIND_PERFORMANCE],
		      "efficiency", domain->nr_kind[CCX_KIND_EFFICIENCY], "low_power",
		      domain->nr_kind[CCX_KIND_LOW_POWER], "package", domain->package, "cores",
		      domain->nr_cores, "cache_id", domain->cache_id, "dispatcher_cpu",
		      domain->dispatcher_cpu, "split", !!(domain->flags & CCX_DOMAIN_SPLIT));

	if (object && domain->flags & (CCX_DOMAIN_CACHE_DIE | CCX_DOMAIN_FREQUENCY_DIE))
		json_object_set_new(
		    object, "x3d",
		    json_string(domain->flags & CCX_DOMAIN_CACHE_DIE ? "cache" : "frequency"));
	if (object && use && use->domains && i < use->nr_domains && use->domains[i])
		json_object_set_new(object, "use", make_string(use->domains[i]));
	return object;
}

/* distances[a][b] is the rank of ccx_topology_distance. */
static json_t *make_distances(const struct ccx_topology *topology)
{
	json_t *rows = json_array();

	for (uint32_t a = 0; rows && a < topology->nr_domains; a++) {
		json_t *row = json_array();

		for (uint32_t b = 0; row && b < topology->nr_domains; b++)
			json_array_append_new(row,
					      json_integer(ccx_topology_distance(topology, a, b)));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *make_root(const struct ccx_topology *topology, const struct ccx_topology_use *use)
{
	const struct ccx_machine *machine = &topology->private->machine;
	json_t *cpus = json_array(), *domains = json_array();

	for (uint32_t i = 0; cpus && i < topology->nr_cpus; i++)
		json_array_append_new(cpus, make_cpu(topology, i));
	for (uint32_t i = 0; domains && i < topology->nr_domains; i++)
		json_array_append_new(domains, make_domain(topology, i, use));
	json_t *root = json_pack(
	    "{s:i s:o s:o s:i s:i s:i s:i s:o s:o s:o}", "version", 1, "source",
	    make_string(topology->source), "model", make_string(machine->model), "cores",
	    topology->nr_cores, "offline", machine->nr_offline, "forbidden", machine->nr_forbidden,
	    "max_domain_cpus", topology->private->max_domain_cpus, "evidence",
	    make_string(machine->evidence_note), "cpus", cpus, "domains", domains);

	/* Quadratic: of use on machines that the scheduler takes. */
	if (root && topology->nr_domains <= CCX_MAX_DOMAINS)
		json_object_set_new(root, "distances", make_distances(topology));
	if (root && use && use->state)
		json_object_set_new(root, "use", make_string(use->state));
	return root;
}

int ccx_dump_json(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		  FILE *file)
{
	json_t *root = make_root(topology, use);
	int ret = -ENOMEM;

	if (root)
		ret = json_dumpf(root, file, JSON_INDENT(1)) ? -EIO : 0;
	json_decref(root);
	if (!ret && fputc('\n', file) == EOF)
		ret = -EIO;
	return ret;
}
