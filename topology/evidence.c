// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collects what is known of each CPU's kind and speed.
 *
 * Core types come from hwloc (CPUID, PMUs) and from the kernel's PMUs. Numbers come from sysfs when
 * the source has one, because hwloc's versions differ in what they read and how they smooth it;
 * from an XML they come from the attributes that this library left there (names with the prefix
 * below), else from hwloc's own kinds.
 */
#include "topology/internal.h"

#define INFO_PREFIX "ccx:"

static const struct {
	enum ccx_signal signal;
	const char *file; /* below /sys/devices/system/cpu/cpuN */
	uint32_t divisor;
	const char *info; /* in our XML */
} sysfs_numbers[] = {
    {CCX_SIGNAL_CPU_CAPACITY, "cpu_capacity", 1, INFO_PREFIX "cpu_capacity"},
    {CCX_SIGNAL_HIGHEST_PERF, "acpi_cppc/highest_perf", 1, INFO_PREFIX "highest_perf"},
    {CCX_SIGNAL_PREFCORE, "cpufreq/amd_pstate_prefcore_ranking", 1,
     INFO_PREFIX "amd_pstate_prefcore_ranking"},
    {CCX_SIGNAL_MAX_MHZ, "cpufreq/cpuinfo_max_freq", 1000, INFO_PREFIX "max_mhz"},
    {CCX_SIGNAL_BASE_MHZ, "cpufreq/base_frequency", 1000, INFO_PREFIX "base_mhz"},
    {CCX_SIGNAL_BASE_MHZ, "acpi_cppc/nominal_freq", 1, INFO_PREFIX "base_mhz"},
};

#define NR_SYSFS_NUMBERS (sizeof(sysfs_numbers) / sizeof(sysfs_numbers[0]))

/* Names of core types: hwloc's, and this project's own words for people who write an XML. */
static const struct {
	const char *name;
	enum ccx_core_type type;
} core_types[] = {
    {"IntelCore", CCX_CORE_PERFORMANCE},    {"IntelAtom", CCX_CORE_EFFICIENCY},
    {"IntelLowPower", CCX_CORE_LOW_POWER},  {"AMDPerformance", CCX_CORE_PERFORMANCE},
    {"AMDEfficiency", CCX_CORE_EFFICIENCY}, {"AMDLowPower", CCX_CORE_LOW_POWER},
    {"performance", CCX_CORE_PERFORMANCE},  {"efficiency", CCX_CORE_EFFICIENCY},
    {"low_power", CCX_CORE_LOW_POWER},
};

static const struct {
	const char *path;
	const char *name;
} pmus[] = {
    {"sys/devices/cpu_core/cpus", "IntelCore"},
    {"sys/devices/cpu_atom/cpus", "IntelAtom"},
    {"sys/devices/cpu_lowpower/cpus", "IntelLowPower"},
};

static void set_core_type(struct ccx_evidence *evidence, const char *name)
{
	for (size_t i = 0; i < sizeof(core_types) / sizeof(core_types[0]); i++) {
		if (strcasecmp(core_types[i].name, name))
			continue;
		/* "LowPower" is the finer word for a core that another source calls Atom. */
		if (evidence->core_type > core_types[i].type)
			return;
		evidence->core_type = core_types[i].type;
		snprintf(evidence->core_type_name, sizeof(evidence->core_type_name), "%s",
			 core_types[i].name);
	}
}

/* A positive number of a text that may be anything. */
static uint32_t parse_number(const char *text)
{
	unsigned long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;
	value = strtoul(text, &end, 10);
	return *end || value > 1000000 ? 0 : value;
}

/* One attribute of an hwloc kind, for one CPU. */
static void take_kind_info(struct ccx_evidence *evidence, const char *name, const char *value,
			   bool numbers)
{
	if (!strcmp(name, "CoreType"))
		set_core_type(evidence, value);
	else if (!numbers)
		return;
	else if (!strcmp(name, "LinuxCapacity"))
		evidence->cpu_capacity = parse_number(value);
	else if (!strcmp(name, "FrequencyMaxMHz"))
		evidence->max_mhz = parse_number(value);
	else if (!strcmp(name, "FrequencyBaseMHz"))
		evidence->base_mhz = parse_number(value);
}

/* hwloc 3 gives the attributes as one structure. */
static int get_kind(hwloc_topology_t hwloc, unsigned int kind, hwloc_bitmap_t set, int *rank,
		    unsigned int *nr_infos, struct hwloc_info_s **infos)
{
#if HWLOC_API_VERSION >= 0x00030000
	struct hwloc_infos_s *all;
	int ret = hwloc_cpukinds_get_info(hwloc, kind, set, rank, &all, 0);

	*nr_infos = ret ? 0 : all->count;
	*infos = ret ? NULL : all->array;
	return ret;
#else
	return hwloc_cpukinds_get_info(hwloc, kind, set, rank, nr_infos, infos, 0);
#endif
}

static void collect_hwloc_kinds(struct ccx_machine *machine, hwloc_topology_t hwloc, bool numbers)
{
	hwloc_bitmap_t set _cleanup_bitmap_ = hwloc_bitmap_alloc();
	int nr_kinds = hwloc_cpukinds_get_nr(hwloc, 0);

	for (int kind = 0; set && kind < nr_kinds; kind++) {
		struct hwloc_info_s *infos = NULL;
		unsigned int nr_infos = 0;
		int rank = -1;

		if (get_kind(hwloc, kind, set, &rank, &nr_infos, &infos))
			continue;
		for (uint32_t i = 0; i < machine->nr_cpus; i++) {
			struct ccx_raw_cpu *cpu = &machine->cpus[i];

			if (!hwloc_bitmap_isset(set, cpu->id))
				continue;
			cpu->evidence.hwloc_rank = rank;
			for (unsigned int n = 0; n < nr_infos; n++)
				take_kind_info(&cpu->evidence, infos[n].name, infos[n].value,
					       numbers);
		}
	}
}

static void collect_xml_infos(struct ccx_machine *machine, hwloc_topology_t hwloc)
{
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_PU, pu))) {
		struct ccx_raw_cpu *cpu = ccx_machine_cpu(machine, pu->os_index);
		const char *type = hwloc_obj_get_info_by_name(pu, INFO_PREFIX "core_type");

		if (!cpu)
			continue;
		if (type)
			set_core_type(&cpu->evidence, type);
		for (size_t n = 0; n < NR_SYSFS_NUMBERS; n++) {
			const char *text = hwloc_obj_get_info_by_name(pu, sysfs_numbers[n].info);
			uint32_t value = parse_number(text);

			if (value)
				*ccx_signal_value(&cpu->evidence, sysfs_numbers[n].signal) = value;
		}
	}
}

static void collect_sysfs(struct ccx_machine *machine, const char *root)
{
	hwloc_bitmap_t set _cleanup_bitmap_ = hwloc_bitmap_alloc();

	for (size_t n = 0; set && n < sizeof(pmus) / sizeof(pmus[0]); n++) {
		if (!ccx_sysfs_cpulist(root, pmus[n].path, set))
			continue;
		for (uint32_t i = 0; i < machine->nr_cpus; i++)
			if (hwloc_bitmap_isset(set, machine->cpus[i].id))
				set_core_type(&machine->cpus[i].evidence, pmus[n].name);
	}
	for (size_t n = 0; n < NR_SYSFS_NUMBERS; n++) {
		for (uint32_t i = 0; i < machine->nr_cpus; i++) {
			struct ccx_raw_cpu *cpu = &machine->cpus[i];
			uint32_t *value = ccx_signal_value(&cpu->evidence, sysfs_numbers[n].signal);

			if (!*value)
				*value =
				    ccx_sysfs_cpu_number(root, cpu->id, sysfs_numbers[n].file) /
				    sysfs_numbers[n].divisor;
		}
	}
}

static void note(struct ccx_machine *machine, const char *name, uint32_t known)
{
	size_t length = strlen(machine->evidence_note);
	char part[64];

	if (!known)
		return;
	if (known == machine->nr_cpus)
		snprintf(part, sizeof(part), "%s", name);
	else
		snprintf(part, sizeof(part), "%s (%u of %u CPUs)", name, known, machine->nr_cpus);
	snprintf(machine->evidence_note + length, sizeof(machine->evidence_note) - length, "%s%s",
		 length ? ", " : "", part);
}

/* Says which sources spoke at all, so that a wrong answer can be traced to what is missing. */
static void note_sources(struct ccx_machine *machine)
{
	uint32_t types = 0, ranks = 0, caches = 0, numbers[CCX_NR_SIGNALS] = {0};
	bool any = false;

	for (uint32_t i = 0; i < machine->nr_cpus; i++) {
		struct ccx_evidence *e = &machine->cpus[i].evidence;

		types += e->core_type != CCX_CORE_UNKNOWN;
		ranks += e->hwloc_rank >= 0;
		caches += e->l2_bytes || e->l3_bytes;
		for (int s = 0; s < CCX_NR_SIGNALS; s++)
			numbers[s] += *ccx_signal_value(e, s) != 0;
	}
	note(machine, "core types", types);
	for (int s = 0; s < CCX_NR_SIGNALS; s++) {
		note(machine, ccx_signal_name(s), numbers[s]);
		any |= numbers[s] > 0;
	}
	any |= types > 0;
	/* hwloc's versions rank differently; it matters only where nothing else is known. */
	if (!any)
		note(machine, "hwloc kinds", ranks);
	note(machine, "caches", caches);
}

/* Tells each CPU whether some CPU of its package has an L3; packages are below MAX_IDS. */
static void collect_package_l3(struct ccx_machine *machine)
{
	hwloc_bitmap_t with_l3 _cleanup_bitmap_ = hwloc_bitmap_alloc();

	for (uint32_t i = 0; with_l3 && i < machine->nr_cpus; i++)
		if (machine->cpus[i].cache[3].bytes)
			hwloc_bitmap_set(with_l3, machine->cpus[i].package);
	for (uint32_t i = 0; with_l3 && i < machine->nr_cpus; i++)
		machine->cpus[i].evidence.package_has_l3 =
		    hwloc_bitmap_isset(with_l3, machine->cpus[i].package);
}

void ccx_machine_collect_evidence(struct ccx_machine *machine, hwloc_topology_t hwloc,
				  const char *root)
{
	for (uint32_t i = 0; i < machine->nr_cpus; i++) {
		struct ccx_raw_cpu *cpu = &machine->cpus[i];
		struct ccx_evidence *e = &cpu->evidence;

		memset(e, 0, sizeof(*e));
		e->hwloc_rank = -1;
		e->core = cpu->core;
		e->l1d_bytes = cpu->cache[1].bytes;
		e->l1i_bytes = cpu->l1i_bytes;
		e->l2_bytes = cpu->cache[2].bytes;
		e->l2_cores = cpu->cache[2].nr_cores;
		e->l3_bytes = cpu->cache[3].bytes;
		e->l3_cores = cpu->cache[3].nr_cores;
	}
	collect_package_l3(machine);
	collect_hwloc_kinds(machine, hwloc, !root);
	if (root)
		collect_sysfs(machine, root);
	else
		collect_xml_infos(machine, hwloc);
	note_sources(machine);
}

void ccx_machine_annotate(const struct ccx_machine *machine, hwloc_topology_t hwloc)
{
	hwloc_obj_t pu = NULL;

	while ((pu = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_PU, pu))) {
		struct ccx_raw_cpu *cpu = ccx_machine_cpu(machine, pu->os_index);
		char text[16];

		if (!cpu)
			continue;
		if (cpu->evidence.core_type != CCX_CORE_UNKNOWN)
			hwloc_obj_add_info(pu, INFO_PREFIX "core_type",
					   cpu->evidence.core_type_name);
		/* The last entry repeats the one before under another file's name. */
		for (size_t n = 0; n + 1 < NR_SYSFS_NUMBERS; n++) {
			uint32_t value = *ccx_signal_value(&cpu->evidence, sysfs_numbers[n].signal);

			snprintf(text, sizeof(text), "%u", value);
			if (value)
				hwloc_obj_add_info(pu, sysfs_numbers[n].info, text);
		}
	}
}
