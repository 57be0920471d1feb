/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a benchmark program needs to know of the machine: speeds of the CPUs and their cache
 * domains.
 *
 * From /sys alone, so that it works in a guest without hwloc. Header-only on purpose: every other
 * C file here is a program. A domain is the CPUs that share their largest cache, as in the
 * design's words; domains larger than a scheduler would use are not split here.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

#define BENCH_MAX_CPUS 1024
/* What a core gains when its second hardware thread works too: typical, and the lab's figure. */
#define BENCH_SIBLING_GAIN 0.25

struct bench_machine {
	unsigned int cpus;		     /* configured CPU numbers, 0..cpus-1 */
	unsigned int domains;		     /* at least 1 */
	unsigned int domain[BENCH_MAX_CPUS]; /* of each CPU, 0..domains-1 */
	double speed[BENCH_MAX_CPUS];	     /* of the fastest is 1; 0: not online */
	double capacity;		     /* of all together, see BENCH_SIBLING_GAIN */
};

/* First number in a file below a CPU's directory, or fallback. */
static inline long bench_cpu_number(unsigned int cpu, const char *file, long fallback)
{
	char path[128];
	long value;
	FILE *stream;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/%s", cpu, file);
	stream = fopen(path, "re");
	if (!stream)
		return fallback;
	if (fscanf(stream, "%ld", &value) != 1)
		value = fallback;
	fclose(stream);
	return value;
}

/* The lowest CPU that shares this one's largest cache; without cache information, 0: all together.
 */
static inline long bench_cache_leader(unsigned int cpu)
{
	long best_level = 0, leader = 0;

	for (int index = 0; index < 10; index++) {
		char file[64];
		long level;

		snprintf(file, sizeof(file), "cache/index%d/level", index);
		level = bench_cpu_number(cpu, file, 0);
		if (level <= best_level)
			continue;
		best_level = level;
		snprintf(file, sizeof(file), "cache/index%d/shared_cpu_list", index);
		leader = bench_cpu_number(cpu, file, 0);
	}
	return leader;
}

static inline void bench_machine_read(struct bench_machine *machine)
{
	long leaders[BENCH_MAX_CPUS], fastest = 1;
	long configured = sysconf(_SC_NPROCESSORS_CONF);

	memset(machine, 0, sizeof(*machine));
	machine->cpus = configured < 1		      ? 1
			: configured > BENCH_MAX_CPUS ? BENCH_MAX_CPUS
						      : (unsigned int)configured;
	for (unsigned int cpu = 0; cpu < machine->cpus; cpu++) {
		long leader = bench_cache_leader(cpu), capacity;
		unsigned int domain = 0;

		while (domain < machine->domains && leaders[domain] != leader)
			domain++;
		if (domain == machine->domains)
			leaders[machine->domains++] = leader;
		machine->domain[cpu] = domain;
		/* cpu0 often has no "online" file: it is */
		if (!bench_cpu_number(cpu, "online", 1))
			continue;
		capacity = bench_cpu_number(cpu, "cpu_capacity", 1024);
		machine->speed[cpu] = (double)capacity;
		fastest = capacity > fastest ? capacity : fastest;
	}
	for (unsigned int cpu = 0; cpu < machine->cpus; cpu++) {
		/* the first of a core's threads has the lowest number */
		bool sibling = bench_cpu_number(cpu, "topology/core_cpus_list", cpu) != (long)cpu;

		machine->speed[cpu] /= (double)fastest;
		machine->capacity += machine->speed[cpu] * (sibling ? BENCH_SIBLING_GAIN : 1);
	}
}

#endif /* BENCH_MACHINE_H */
