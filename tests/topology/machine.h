/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Made-up machines: a short description in, a tree of /sys and /proc files out, for `fsroot:`.
 *
 * One statement a line, '#' begins a comment:
 *	arch NAME				uname -m; x86_64 unless told
 *	vendor NAME, model TEXT			/proc/cpuinfo
 *	max-domain-cpus N			for the test: --max-domain-cpus
 *	cores CPUS/THREADS			cores of THREADS consecutive CPUs of the list
 *	package ID CPUS, node ID CPUS
 *	cache LEVEL data|instruction|unified SIZE CPUS/SHARERS
 *	set FILE CPUS[/GROUP] VALUE[,VALUE...]	a file below cpuN: a value for each group of CPUs
 *	online LIST				those with files, unless told
 *	file PATH TEXT				any other file
 * CPUS is a list of A, A-B, A-B:STEP and A-B+K (the pairs A, A+K, A+1, A+1+K, ...).
 */
#ifndef CCX_TESTS_TOPOLOGY_MACHINE_H
#define CCX_TESTS_TOPOLOGY_MACHINE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MACHINE_MAX_CPUS 4096

struct machine {
	const char *root;
	char arch[32], vendor[64], model[128], online[256];
	uint32_t max_domain_cpus;
	bool present[MACHINE_MAX_CPUS];
	uint32_t nr_caches[MACHINE_MAX_CPUS];
	int last; /* highest CPU */
	bool failed;
};

/* CPUs in the order of the text; `group` is what follows a slash, else all of them. */
struct machine_list {
	uint32_t nr, group;
	int cpus[MACHINE_MAX_CPUS];
};

__attribute__((format(printf, 3, 4))) static inline void
machine_write(struct machine *machine, const char *text, const char *format, ...)
{
	char path[4096];
	va_list args;
	FILE *file;
	int length = snprintf(path, sizeof(path), "%s/", machine->root);

	va_start(args, format);
	vsnprintf(path + length, sizeof(path) - length, format, args);
	va_end(args);
	for (char *p = path + length; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0)
		machine->failed = true;
	if (file && fclose(file))
		machine->failed = true;
}

static inline struct machine_list machine_parse_list(const char *text)
{
	struct machine_list list = {0};
	const char *p = text;

	while (*p && *p != '/') {
		int length = 0, first, last, step = 1, pair = 0;

		if (sscanf(p, "%d%n", &first, &length) != 1)
			break;
		p += length;
		last = first;
		if (*p == '-' && sscanf(p, "-%d%n", &last, &length) == 1)
			p += length;
		if (*p == ':' && sscanf(p, ":%d%n", &step, &length) == 1)
			p += length;
		if (*p == '+' && sscanf(p, "+%d%n", &pair, &length) == 1)
			p += length;
		for (int cpu = first; cpu <= last && list.nr + 2 < MACHINE_MAX_CPUS; cpu += step) {
			list.cpus[list.nr++] = cpu;
			if (pair)
				list.cpus[list.nr++] = cpu + pair;
		}
		p += *p == ',';
	}
	list.group = *p == '/' ? strtoul(p + 1, NULL, 10) : list.nr;
	list.group = list.group ? list.group : 1;
	return list;
}

/* The kernel's hexadecimal mask of some CPUs. */
static inline void machine_mask(char *text, size_t size, const int *cpus, uint32_t nr)
{
	uint32_t words[MACHINE_MAX_CPUS / 32] = {0}, highest = 0;
	size_t length = 0;

	for (uint32_t i = 0; i < nr; i++) {
		words[cpus[i] / 32] |= 1u << cpus[i] % 32;
		highest = (uint32_t)cpus[i] / 32 > highest ? (uint32_t)cpus[i] / 32 : highest;
	}
	for (int word = highest; word >= 0; word--)
		length += snprintf(text + length, size - length, "%s%08x",
				   word == (int)highest ? "" : ",", words[word]);
	snprintf(text + length, size - length, "\n");
}

/* Writes one file for every CPU of a list, the mask of its group in it. */
static inline void machine_write_masks(struct machine *machine, const struct machine_list *list,
				       const char *file)
{
	char mask[MACHINE_MAX_CPUS / 2];

	for (uint32_t i = 0; i < list->nr; i++) {
		uint32_t first = i / list->group * list->group;
		uint32_t nr = list->nr - first < list->group ? list->nr - first : list->group;

		machine_mask(mask, sizeof(mask), list->cpus + first, nr);
		machine_write(machine, mask, "sys/devices/system/cpu/cpu%d/%s", list->cpus[i],
			      file);
	}
}

static inline void machine_cores(struct machine *machine, const char *cpus)
{
	struct machine_list list = machine_parse_list(cpus);
	char text[32];

	machine_write_masks(machine, &list, "topology/core_cpus");
	for (uint32_t i = 0; i < list.nr; i++) {
		int cpu = list.cpus[i];

		machine->present[cpu] = true;
		machine->last = cpu > machine->last ? cpu : machine->last;
		snprintf(text, sizeof(text), "%d\n", list.cpus[i / list.group * list.group]);
		machine_write(machine, text, "sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
	}
}

static inline void machine_package(struct machine *machine, const char *id, const char *cpus)
{
	struct machine_list list = machine_parse_list(cpus);

	machine_write_masks(machine, &list, "topology/package_cpus");
	for (uint32_t i = 0; i < list.nr; i++)
		machine_write(machine, id,
			      "sys/devices/system/cpu/cpu%d/topology/physical_package_id",
			      list.cpus[i]);
}

static inline void machine_node(struct machine *machine, const char *id, const char *cpus)
{
	struct machine_list list = machine_parse_list(cpus);
	char mask[MACHINE_MAX_CPUS / 2], memory[128];
	int node = atoi(id);

	machine_mask(mask, sizeof(mask), list.cpus, list.nr);
	machine_write(machine, mask, "sys/devices/system/node/node%d/cpumap", node);
	snprintf(memory, sizeof(memory), "Node %d MemTotal: 16777216 kB\n", node);
	machine_write(machine, memory, "sys/devices/system/node/node%d/meminfo", node);
	machine_write(machine, "", "sys/bus/node/devices/node%d/link", node);
}

static inline void machine_cache(struct machine *machine, const char *level, const char *type,
				 const char *size, const char *cpus)
{
	struct machine_list list = machine_parse_list(cpus);
	char mask[MACHINE_MAX_CPUS / 2], name[32];

	snprintf(name, sizeof(name), "%c%s\n", type[0] - 'a' + 'A', type + 1);
	for (uint32_t i = 0; i < list.nr; i++) {
		uint32_t first = i / list.group * list.group;
		uint32_t nr = list.nr - first < list.group ? list.nr - first : list.group;
		int cpu = list.cpus[i], index = machine->nr_caches[cpu]++;
		const char *base = "sys/devices/system/cpu";

		machine_mask(mask, sizeof(mask), list.cpus + first, nr);
		machine_write(machine, mask, "%s/cpu%d/cache/index%d/shared_cpu_map", base, cpu,
			      index);
		machine_write(machine, level, "%s/cpu%d/cache/index%d/level", base, cpu, index);
		machine_write(machine, name, "%s/cpu%d/cache/index%d/type", base, cpu, index);
		machine_write(machine, size, "%s/cpu%d/cache/index%d/size", base, cpu, index);
	}
}

static inline void machine_set(struct machine *machine, const char *file, const char *cpus,
			       char *values)
{
	struct machine_list list = machine_parse_list(cpus);
	char *save = NULL, *value = strtok_r(values, ",", &save);

	for (uint32_t i = 0; value && i < list.nr; i++) {
		if (i && !(i % list.group)) {
			char *next = strtok_r(NULL, ",", &save);

			value = next ? next : value;
		}
		machine_write(machine, value, "sys/devices/system/cpu/cpu%d/%s", list.cpus[i],
			      file);
	}
}

static inline void machine_line(struct machine *machine, char *line)
{
	char *save = NULL, *words[6] = {0}, *rest;

	line[strcspn(line, "#\n")] = '\0';
	while (*line && line[strlen(line) - 1] == ' ')
		line[strlen(line) - 1] = '\0';
	words[0] = strtok_r(line, " \t", &save);
	if (!words[0])
		return;
	rest = save;
	if (!strcmp(words[0], "arch")) {
		snprintf(machine->arch, sizeof(machine->arch), "%s", rest);
	} else if (!strcmp(words[0], "vendor")) {
		snprintf(machine->vendor, sizeof(machine->vendor), "%s", rest);
	} else if (!strcmp(words[0], "model")) {
		snprintf(machine->model, sizeof(machine->model), "%s", rest);
	} else if (!strcmp(words[0], "online")) {
		snprintf(machine->online, sizeof(machine->online), "%s", rest);
	} else if (!strcmp(words[0], "max-domain-cpus")) {
		machine->max_domain_cpus = atoi(rest);
	} else if (!strcmp(words[0], "file")) {
		words[1] = strtok_r(NULL, " \t", &save);
		machine_write(machine, save ? save : "", "%s", words[1] ? words[1] : "");
	} else {
		for (int i = 1; i < 6; i++)
			words[i] = strtok_r(NULL, " \t", &save);
		if (!strcmp(words[0], "cores") && words[1])
			machine_cores(machine, words[1]);
		else if (!strcmp(words[0], "package") && words[2])
			machine_package(machine, words[1], words[2]);
		else if (!strcmp(words[0], "node") && words[2])
			machine_node(machine, words[1], words[2]);
		else if (!strcmp(words[0], "cache") && words[4])
			machine_cache(machine, words[1], words[2], words[3], words[4]);
		else if (!strcmp(words[0], "set") && words[3])
			machine_set(machine, words[1], words[2], words[3]);
		else
			machine->failed = true;
	}
}

/* What needs the whole description: /proc and the lists of CPUs. */
static inline void machine_finish(struct machine *machine)
{
	char *text = malloc(MACHINE_MAX_CPUS * 300);
	size_t length = 0;

	if (!text) {
		machine->failed = true;
		return;
	}
	for (int cpu = 0; cpu <= machine->last; cpu++)
		if (machine->present[cpu])
			length += sprintf(text + length,
					  "processor\t: %d\nvendor_id\t: %s\nmodel name\t: %s\n\n",
					  cpu, machine->vendor, machine->model);
	machine_write(machine, text, "proc/cpuinfo");
	length = 0;
	for (int cpu = 0; cpu <= machine->last; cpu++)
		if (machine->present[cpu])
			length += sprintf(text + length, "%s%d", length ? "," : "", cpu);
	machine_write(machine, machine->online[0] ? machine->online : text,
		      "sys/devices/system/cpu/online");
	machine_write(machine, text, "sys/devices/system/cpu/possible");
	machine_write(machine, text, "sys/devices/system/cpu/present");
	sprintf(text, "OSName: Linux\nArchitecture: %s\nHostName: made-up\n", machine->arch);
	machine_write(machine, text, "proc/hwloc-nofile-info");
	machine_write(machine, "MemTotal: 16777216 kB\n", "proc/meminfo");
	free(text);
}

/* Builds the machine of a description below `root`; false if it cannot. */
static inline bool machine_build(struct machine *machine, const char *description, const char *root)
{
	FILE *file = fopen(description, "re");
	char line[4096];

	memset(machine, 0, sizeof(*machine));
	machine->root = root;
	snprintf(machine->arch, sizeof(machine->arch), "x86_64");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		machine_line(machine, line);
	fclose(file);
	machine_finish(machine);
	return !machine->failed;
}

#endif
