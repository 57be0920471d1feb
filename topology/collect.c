// SPDX-License-Identifier: GPL-2.0-only
/* Reads CPUs, cores, caches and memory nodes out of an hwloc topology. */
#include <errno.h>

#include "topology/internal.h"

static uint32_t number_of(hwloc_obj_t object)
{
	return object->os_index < CCX_TOPOLOGY_MAX_IDS ? object->os_index : object->logical_index;
}

/* The level of a data or unified cache, 0 for anything else. */
static uint32_t cache_level(hwloc_obj_t object)
{
	return hwloc_obj_type_is_dcache(object->type) &&
		       object->attr->cache.depth <= CCX_NR_CACHE_LEVELS
		   ? object->attr->cache.depth
		   : 0;
}

/*
 * The memory node a CPU is on. Several may be local (HBM beside DRAM, a CXL expander for the whole
 * machine): the one that serves the fewest CPUs is the CPU's own.
 */
static uint32_t find_node(hwloc_topology_t hwloc, hwloc_obj_t pu)
{
	hwloc_obj_t best = NULL, node = NULL;
	int fewest = 0;

	while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node))) {
		int weight;

		if (!node->cpuset || !hwloc_bitmap_isset(node->cpuset, pu->os_index))
			continue;
		weight = hwloc_bitmap_weight(node->cpuset);
		if (!best || weight < fewest ||
		    (weight == fewest && node->os_index < best->os_index)) {
			best = node;
			fewest = weight;
		}
	}
	return best ? number_of(best) : 0;
}

static void collect_cpu(struct ccx_raw_cpu *cpu, hwloc_obj_t pu)
{
	bool has_core = false, has_package = false;

	memset(cpu, 0, sizeof(*cpu));
	cpu->id = pu->os_index;
	cpu->core = cpu->id;
	for (hwloc_obj_t object = pu->parent; object; object = object->parent) {
		uint32_t level = cache_level(object);
		int lowest = object->cpuset ? hwloc_bitmap_first(object->cpuset) : -1;

		if (lowest < 0)
			continue;
		if (level && !cpu->cache[level].nr_cores) {
			cpu->cache[level].bytes = object->attr->cache.size;
			cpu->cache[level].key = lowest;
			cpu->cache[level].nr_cores = 1; /* counted later */
		} else if (object->type == HWLOC_OBJ_L1ICACHE) {
			cpu->l1i_bytes = object->attr->cache.size;
		} else if (object->type == HWLOC_OBJ_CORE && !has_core) {
			cpu->core = lowest;
			has_core = true;
		} else if (object->type == HWLOC_OBJ_PACKAGE && !has_package) {
			cpu->package = number_of(object);
			has_package = true;
		}
	}
}

static int compare_ids(const void *a, const void *b)
{
	const struct ccx_raw_cpu *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int compare_core(const void *a, const void *b)
{
	const struct ccx_raw_cpu *const *x = a, *const *y = b;

	if ((*x)->core != (*y)->core)
		return (*x)->core < (*y)->core ? -1 : 1;
	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* A core is in one place, whatever a contradictory source says of its siblings. */
static int join_siblings(struct ccx_machine *machine)
{
	uint32_t nr = machine->nr_cpus;
	struct ccx_raw_cpu **order _cleanup_free_ = calloc(nr, sizeof(struct ccx_raw_cpu *));

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr; i++)
		order[i] = &machine->cpus[i];
	qsort(order, nr, sizeof(*order), compare_core);
	for (uint32_t i = 1; i < nr; i++) {
		if (order[i]->core != order[i - 1]->core)
			continue;
		order[i]->package = order[i - 1]->package;
		order[i]->node = order[i - 1]->node;
		memcpy(order[i]->cache, order[i - 1]->cache, sizeof(order[i]->cache));
		order[i]->l1i_bytes = order[i - 1]->l1i_bytes;
	}
	return 0;
}

static int compare_cache(const void *a, const void *b, void *data)
{
	const struct ccx_raw_cpu *const *x = a, *const *y = b;
	uint32_t level = *(const uint32_t *)data;
	const struct ccx_cache *p = &(*x)->cache[level], *q = &(*y)->cache[level];

	if (!p->nr_cores != !q->nr_cores)
		return !p->nr_cores ? 1 : -1;
	if (p->key != q->key)
		return p->key < q->key ? -1 : 1;
	return ((*x)->core > (*y)->core) - ((*x)->core < (*y)->core);
}

/* Counts the cores that share each cache: online ones, not those the hardware once had. */
static int count_sharers(struct ccx_machine *machine)
{
	uint32_t nr = machine->nr_cpus;
	struct ccx_raw_cpu **order _cleanup_free_ = calloc(nr, sizeof(struct ccx_raw_cpu *));

	if (!order)
		return -ENOMEM;
	for (uint32_t level = 1; level <= CCX_NR_CACHE_LEVELS; level++) {
		for (uint32_t i = 0; i < nr; i++)
			order[i] = &machine->cpus[i];
		qsort_r(order, nr, sizeof(*order), compare_cache, &level);
		for (uint32_t first = 0, end; first < nr; first = end) {
			uint32_t key = order[first]->cache[level].key, cores = 0;

			if (!order[first]->cache[level].nr_cores)
				break;
			for (end = first; end < nr && order[end]->cache[level].nr_cores &&
					  order[end]->cache[level].key == key;
			     end++)
				cores += end == first || order[end]->core != order[end - 1]->core;
			for (uint32_t i = first; i < end; i++)
				order[i]->cache[level].nr_cores = cores;
		}
	}
	return 0;
}

static void collect_facts(struct ccx_machine *machine, hwloc_topology_t hwloc)
{
	hwloc_obj_t package = hwloc_get_obj_by_type(hwloc, HWLOC_OBJ_PACKAGE, 0);
	hwloc_obj_t root = hwloc_get_root_obj(hwloc);
	const char *vendor = NULL, *model = NULL, *arch;

	if (package) {
		vendor = hwloc_obj_get_info_by_name(package, "CPUVendor");
		model = hwloc_obj_get_info_by_name(package, "CPUModel");
		machine->facts.arm = hwloc_obj_get_info_by_name(package, "CPUImplementer");
	}
	vendor = vendor ? vendor : hwloc_obj_get_info_by_name(root, "CPUVendor");
	model = model ? model : hwloc_obj_get_info_by_name(root, "CPUModel");
	arch = hwloc_obj_get_info_by_name(root, "Architecture");
	machine->facts.amd =
	    vendor && (!strcmp(vendor, "AuthenticAMD") || !strcmp(vendor, "HygonGenuine"));
	machine->facts.arm |= hwloc_obj_get_info_by_name(root, "CPUImplementer") ||
			      (arch && (!strncmp(arch, "aarch64", 7) || !strncmp(arch, "arm", 3)));
	ccx_copy_printable(machine->model, sizeof(machine->model), model ? model : "");
}

int ccx_machine_collect(struct ccx_machine *machine, hwloc_topology_t hwloc,
			struct ccx_error *error)
{
	hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_cpuset(hwloc);
	hwloc_obj_t root = hwloc_get_root_obj(hwloc), pu = NULL, before = NULL;
	int nr = hwloc_get_nbobjs_by_type(hwloc, HWLOC_OBJ_PU), complete;

	memset(machine, 0, sizeof(*machine));
	if (nr <= 0)
		return ccx_error_set(error, -EINVAL, "the source describes no CPU");
	machine->cpus = calloc(nr, sizeof(*machine->cpus));
	if (!machine->cpus)
		return ccx_error_set(error, -ENOMEM, "cannot describe %d CPUs: out of memory", nr);
	while ((pu = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_PU, pu))) {
		struct ccx_raw_cpu *cpu = &machine->cpus[machine->nr_cpus];

		if (pu->os_index >= CCX_TOPOLOGY_MAX_IDS)
			return ccx_error_set(error, -EINVAL,
					     "the source numbers a CPU %u; %d is the highest "
					     "this program reads",
					     pu->os_index, CCX_TOPOLOGY_MAX_IDS - 1);
		collect_cpu(cpu, pu);
		cpu->allowed = hwloc_bitmap_isset(allowed, pu->os_index);
		cpu->node =
		    before && before->parent == pu->parent ? cpu[-1].node : find_node(hwloc, pu);
		before = pu;
		machine->nr_cpus++;
	}
	qsort(machine->cpus, machine->nr_cpus, sizeof(*machine->cpus), compare_ids);
	for (uint32_t i = 1; i < machine->nr_cpus; i++)
		if (machine->cpus[i].id == machine->cpus[i - 1].id)
			return ccx_error_set(error, -EINVAL, "the source has CPU %u twice",
					     machine->cpus[i].id);
	complete = root->complete_cpuset ? hwloc_bitmap_weight(root->complete_cpuset) : 0;
	machine->nr_offline = complete > nr ? complete - nr : 0;
	collect_facts(machine, hwloc);
	if (join_siblings(machine) || count_sharers(machine))
		return ccx_error_set(error, -ENOMEM, "cannot count caches: out of memory");
	return 0;
}

void ccx_machine_release(struct ccx_machine *machine)
{
	free(machine->cpus);
	memset(machine, 0, sizeof(*machine));
}

struct ccx_raw_cpu *ccx_machine_cpu(const struct ccx_machine *machine, uint32_t id)
{
	struct ccx_raw_cpu key = {.id = id};

	return bsearch(&key, machine->cpus, machine->nr_cpus, sizeof(key), compare_ids);
}

void ccx_copy_printable(char *to, size_t size, const char *from)
{
	size_t length = 0;

	while (*from == ' ')
		from++;
	for (; *from && length + 1 < size; from++)
		to[length++] = *from >= ' ' && *from <= '~' ? *from : '?';
	while (length && to[length - 1] == ' ')
		length--;
	to[length] = '\0';
}
