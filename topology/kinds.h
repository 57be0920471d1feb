/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kinds of cores: from what is known of each CPU to what it is. Pure: no files, no hwloc.
 *
 * The order of evidence (the first that tells cores apart decides; docs/topology.md has the why):
 *	1. the core type that CPUID, the kernel's PMUs or a person's XML names
 *	2. a CPU without an L3 where the others have one: Intel's low-power island
 *	3. cpu_capacity, the kernel's own measure
 *	4. ACPI CPPC highest_perf, and on AMD amd_pstate_prefcore_ranking
 *	5. maximum frequency, backed or replaced by base frequency
 *	6. hwloc's ranking of kinds, when none of the numbers above is known
 *	7. the design of the caches (L1, L2), which differs between big and small cores
 */
#ifndef CCX_TOPOLOGY_KINDS_H
#define CCX_TOPOLOGY_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "ccx/limits.h"

enum ccx_core_type {
	CCX_CORE_UNKNOWN,
	CCX_CORE_PERFORMANCE, /* IntelCore, AMDPerformance */
	CCX_CORE_EFFICIENCY,  /* IntelAtom, AMDEfficiency */
	CCX_CORE_LOW_POWER,   /* IntelLowPower, AMDLowPower */
};

/* One CPU. Numbers are 0 where nothing is known. */
struct ccx_evidence {
	enum ccx_core_type core_type;
	char core_type_name[24]; /* as the source spells it */
	int32_t hwloc_rank;	 /* hwloc's kind, higher is faster, -1 = unknown */
	uint32_t cpu_capacity;	 /* 1..1024 or more */
	uint32_t highest_perf;	 /* ACPI CPPC, abstract units */
	uint32_t prefcore;	 /* amd_pstate_prefcore_ranking */
	uint32_t max_mhz;
	uint32_t base_mhz;

	uint32_t core; /* key: siblings share evidence that only one of them has */
	uint64_t l1d_bytes;
	uint64_t l1i_bytes;
	uint64_t l2_bytes;
	uint32_t l2_cores; /* that share it */
	uint64_t l3_bytes; /* 0 = the CPU has no L3 */
	uint32_t l3_cores;
	bool package_has_l3; /* some CPU of its package has one */
};

/* Of the whole machine. */
struct ccx_machine_facts {
	bool amd; /* rankings are preferences, not speeds, and an absent L3 means nothing */
	bool arm; /* an absent L3 means nothing */
	bool x3d; /* found by ccx_kinds_decide: the dies differ by cache, not by kind */
};

struct ccx_verdict {
	enum ccx_kind kind;
	uint32_t speed; /* relative to the machine's fastest CPU, 1..CCX_CAPACITY_MAX */
	char why[120];
};

/*
 * Fills verdicts[i] from evidence[i], nr_cpus entries each. Evidence may be completed in place
 * (siblings of a core). At least one CPU is "performance".
 */
void ccx_kinds_decide(struct ccx_evidence *evidence, uint32_t nr_cpus,
		      struct ccx_machine_facts *facts, struct ccx_verdict *verdicts);

/* The numbers that evidence can have. */
enum ccx_signal {
	CCX_SIGNAL_CPU_CAPACITY,
	CCX_SIGNAL_HIGHEST_PERF,
	CCX_SIGNAL_PREFCORE,
	CCX_SIGNAL_MAX_MHZ,
	CCX_SIGNAL_BASE_MHZ,
	CCX_NR_SIGNALS,
};

const char *ccx_signal_name(enum ccx_signal signal);
uint32_t *ccx_signal_value(struct ccx_evidence *evidence, enum ccx_signal signal);

/* speed.c: fills the speeds of verdicts whose kinds are decided, and completes why. */
void ccx_speeds_decide(struct ccx_evidence *evidence, uint32_t nr_cpus,
		       const struct ccx_machine_facts *facts, struct ccx_verdict *verdicts);

#endif
