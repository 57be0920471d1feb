/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine as the scheduler sees it: CPUs, cores, cache domains and core kinds.
 *
 * A library without BPF or threads. A topology is built once from a source, never changes
 * afterwards and may be read from any thread. Loading is not thread-safe (hwloc takes some of its
 * orders from the environment, which is process-wide): load before threads are started, or from
 * one thread only.
 *
 * Functions return 0 or -errno and fill `error` (which may be NULL) with one line; those that
 * cannot fail say so. Bad input is -EINVAL or -ENOENT (exit code 2), anything else is a runtime
 * failure (exit code 1). docs/topology.md says how domains, kinds and capacities are found.
 *
 * Example:
 *	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
 *	struct ccx_error error;
 *	struct ccx_topology *topology;
 *
 *	if (ccx_topology_load(&options, &topology, &error))
 *		die("%s", error.text);
 *	ccx_topology_dump(topology, CCX_DUMP_TEXT, stdout);
 *	ccx_topology_free(topology);
 */
#ifndef CCX_TOPOLOGY_H
#define CCX_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ccx/error.h"
#include "ccx/limits.h"

#define CCX_DEFAULT_DOMAIN_CPUS 16 /* --max-domain-cpus */
#define CCX_NO_CPU		UINT32_MAX

/* What a domain is besides its cache: struct ccx_domain.flags */
enum ccx_domain_flag {
	CCX_DOMAIN_CACHE_DIE = 1 << 0,	   /* X3D: the die with the larger L3 */
	CCX_DOMAIN_FREQUENCY_DIE = 1 << 1, /* X3D: the die with the higher clock */
	CCX_DOMAIN_SPLIT = 1 << 2,	   /* one part of a cache that was too large */
	CCX_DOMAIN_NO_CACHE = 1 << 3,	   /* no shared cache is known: grouped by package */
};

/*
 * How far apart two domains are, nearest first. A smaller number is a cheaper move; the numbers
 * are ranks, not costs.
 */
enum ccx_distance {
	CCX_DISTANCE_SELF,	   /* the same domain */
	CCX_DISTANCE_SAME_CACHE,   /* parts of one cache that was split */
	CCX_DISTANCE_SAME_PACKAGE, /* same package, same memory node */
	CCX_DISTANCE_SAME_NODE,	   /* other package on the same memory node */
	CCX_DISTANCE_PACKAGE_NODE, /* same package, other memory node (sub-NUMA clusters) */
	CCX_DISTANCE_OTHER_NODE,   /* other package, other memory node */
	CCX_NR_DISTANCES,
};

struct ccx_cpu {
	uint32_t id;	   /* Linux CPU number */
	uint32_t core;	   /* dense core number, 0..nr_cores-1, ordered by lowest CPU */
	uint32_t domain;   /* index into domains */
	uint32_t node;	   /* NUMA node (OS number) */
	uint32_t package;  /* package (OS number, or logical where the OS gives none) */
	uint32_t smt;	   /* index within the core, 0 = first sibling */
	uint32_t capacity; /* relative speed, 1..CCX_CAPACITY_MAX; the fastest has the maximum */
	enum ccx_kind kind;
	uint32_t ranking; /* firmware's preference among cores, higher is better, 0 = none told */
	const char *why;  /* the evidence that decided the kind and the capacity, one line */
};

struct ccx_domain {
	uint32_t id;	/* index; domains are numbered by their lowest CPU */
	uint32_t *cpus; /* Linux CPU numbers, ascending; owned by the topology */
	uint32_t nr_cpus;
	uint32_t nr_cores;
	uint32_t node;
	uint32_t package;
	uint32_t cache_level;		/* 0 when the machine tells nothing of its caches */
	uint64_t cache_bytes;		/* size of the shared cache (all of it, even if split) */
	uint32_t nr_kind[CCX_NR_KINDS]; /* CPUs of each kind */
	uint32_t cache_id;		/* domains that are parts of one cache have the same */
	uint32_t flags;			/* enum ccx_domain_flag */
	uint32_t dispatcher_cpu;	/* where its dispatcher disturbs least, when all is equal */
};

struct ccx_topology_private;

struct ccx_topology {
	char *source;	  /* as given, "host" by default */
	uint32_t nr_cpus; /* entries in cpus: online and allowed CPUs only; at least 1 */
	uint32_t nr_cores;
	uint32_t nr_domains;
	struct ccx_cpu *cpus; /* ascending by id; numbering may be sparse */
	struct ccx_domain *domains;
	struct ccx_topology_private *private;
};

struct ccx_topology_options {
	/*
	 * "host", the path of an hwloc XML file, "synthetic:DESCRIPTION" (hwloc's own syntax) or
	 * "fsroot:DIRECTORY" (a copy of a machine's /sys and /proc). NULL means "host".
	 */
	const char *source;
	uint32_t max_domain_cpus; /* 1..CCX_MAX_CPUS; larger domains are split along cores */
	/*
	 * Take every online CPU, also those that this container, cpuset or CPU affinity forbids.
	 * A scheduler serves the whole machine, so `run` sets it; `topology` does not.
	 */
	bool all_cpus;
};

#define CCX_TOPOLOGY_OPTIONS_INIT {.source = "host", .max_domain_cpus = CCX_DEFAULT_DOMAIN_CPUS}

/*
 * Builds the topology of a source into *out, which the caller frees. On failure *out is NULL.
 * The library describes any machine; whether the scheduler can run on it is the next function's.
 */
int ccx_topology_load(const struct ccx_topology_options *options, struct ccx_topology **out,
		      struct ccx_error *error);

/* NULL is allowed. */
void ccx_topology_free(struct ccx_topology *topology);

/* -E2BIG when the machine has more than CCX_MAX_DOMAINS domains or a CPU >= CCX_MAX_CPUS. */
int ccx_topology_check_limits(const struct ccx_topology *topology, struct ccx_error *error);

/*
 * `run --topology SOURCE`: what `wanted` says of the CPUs of `host` (load it with all_cpus), as a
 * topology of its own that the caller frees. CPUs of `wanted` that the host lacks are dropped;
 * a host CPU that `wanted` lacks is -EINVAL.
 */
int ccx_topology_map(const struct ccx_topology *wanted, const struct ccx_topology *host,
		     struct ccx_topology **out, struct ccx_error *error);

/* The CPU of a Linux number, NULL if the topology lacks it. O(log n), cannot fail. */
const struct ccx_cpu *ccx_topology_cpu(const struct ccx_topology *topology, uint32_t id);

/* The distance of two domains (indices below nr_domains). O(1), symmetric, cannot fail. */
enum ccx_distance ccx_topology_distance(const struct ccx_topology *topology, uint32_t a,
					uint32_t b);

/*
 * Reads the cores' preference again where the source has one (amd_pstate_prefcore_ranking changes
 * when the X3D mode is switched): ranking[i] is for cpus[i], nr_cpus entries, 0 = none, or
 * not to be read now. *changed tells whether any other differs from the topology's. Sources that
 * cannot change give their values again. The topology itself stays as it is. Safe in any thread.
 */
int ccx_topology_read_ranking(const struct ccx_topology *topology, uint32_t *ranking, bool *changed,
			      struct ccx_error *error);

/* "performance", "efficiency" or "low_power"; cannot fail. */
const char *ccx_kind_name(enum ccx_kind kind);

/*
 * Writes CPU numbers (ascending) as a Linux CPU list ("0-3,8") and returns the length it has or
 * would have, as snprintf does.
 */
size_t ccx_cpulist_format(char *buffer, size_t size, const uint32_t *cpus, uint32_t nr_cpus);

/* ---- dump ---- */

enum ccx_dump_format {
	CCX_DUMP_TEXT,
	CCX_DUMP_JSON,
	CCX_DUMP_SVG,
	CCX_DUMP_XML,
};

/* What a running scheduler makes of the topology; all members are optional. */
struct ccx_topology_use {
	const char *state;		/* one line, e.g. "scx_ccx 1.0, desktop, up 3 h" */
	uint32_t nr_domains;		/* entries in `domains`: its own number of domains */
	const char *const *domains;	/* one line per domain, entries may be NULL */
	const uint32_t *dispatcher_cpu; /* where each dispatcher last ran, or CCX_NO_CPU */
};

/* An enum ccx_dump_format, or -EINVAL. */
int ccx_dump_format_parse(const char *name);

/* Writes the topology and flushes the file. Returns -errno when writing fails. */
int ccx_topology_dump(const struct ccx_topology *topology, enum ccx_dump_format format, FILE *file);

/* The same with what a running scheduler makes of it; `use` may be NULL. */
int ccx_topology_dump_use(const struct ccx_topology *topology, enum ccx_dump_format format,
			  const struct ccx_topology_use *use, FILE *file);

#endif
