/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to the topology library: the machine between hwloc and the finished topology.
 *
 *	source.c   SOURCE -> hwloc topology                    (the only file that opens anything)
 *	collect.c  hwloc topology -> struct ccx_machine         caches, nodes, cores
 *	evidence.c hwloc infos, sysfs -> evidence of each CPU
 *	kinds.c    evidence -> kind, speed and why              pure
 *	split.c    caches larger than the limit -> parts        pure
 *	assemble.c struct ccx_machine -> struct ccx_topology    numbering, capacity, flags
 */
#ifndef CCX_TOPOLOGY_INTERNAL_H
#define CCX_TOPOLOGY_INTERNAL_H

#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "ccx/topology.h"
#include "topology/kinds.h"

/* Beyond these a description is a mistake or an attack (hwloc needs 3 s for 4096 flat CPUs). */
#define CCX_TOPOLOGY_MAX_IDS	 65536		    /* highest CPU, node or package number + 1 */
#define CCX_TOPOLOGY_MAX_SOURCED 4096		    /* CPUs of a synthetic description */
#define CCX_TOPOLOGY_MAX_XML	 (64 * 1024 * 1024) /* bytes; 1024 real CPUs take about one MiB */

#define CCX_NR_CACHE_LEVELS 5 /* hwloc knows L1 to L5 */

/* A data or unified cache as one CPU sees it. */
struct ccx_cache {
	uint64_t bytes;	   /* 0 = the CPU has none of this level */
	uint32_t key;	   /* the same for the CPUs that share it */
	uint32_t nr_cores; /* that share it */
};

/* One CPU while the topology is being built. */
struct ccx_raw_cpu {
	uint32_t id;
	uint32_t core; /* key: the same for SMT siblings */
	uint32_t package;
	uint32_t node;
	bool allowed;

	struct ccx_cache cache[CCX_NR_CACHE_LEVELS + 1]; /* by level, 0 unused */
	uint64_t l1i_bytes;

	uint32_t group; /* key of the last-level cache within one node and package */
	uint32_t group_level;
	uint64_t group_bytes;
	bool group_shared; /* false: no shared cache is known */
	uint32_t part;	   /* within the group, when that is split */

	struct ccx_evidence evidence;
	struct ccx_verdict verdict;
};

/* All that is known of a machine; the raw CPUs are ascending by id and never empty. */
struct ccx_machine {
	uint32_t nr_cpus;
	struct ccx_raw_cpu *cpus;
	struct ccx_machine_facts facts;
	char model[128];	 /* CPU model, "" when unknown */
	char evidence_note[256]; /* which sources of evidence were seen */
	uint32_t nr_offline;	 /* known but absent from cpus */
	uint32_t nr_forbidden;	 /* in cpus, but not allowed */
};

struct ccx_topology_private {
	struct ccx_machine machine; /* only the CPUs of the topology, same order as cpus */
	hwloc_topology_t hwloc;
	char *root; /* where sysfs can be read again, NULL = the source cannot change */
	uint32_t max_domain_cpus;
};

/* source.c: opens a source. *root gets where its sysfs is ("" = /), or NULL; both are owned. */
int ccx_source_open(const struct ccx_topology_options *options, hwloc_topology_t *out, char **root,
		    struct ccx_error *error);

/* xml.c: reads and hands an XML file to hwloc; size limits and version quirks. */
int ccx_source_open_xml(const char *path, hwloc_topology_t *out, struct ccx_error *error);
int ccx_source_open_xml_buffer(const char *name, char *text, size_t size, hwloc_topology_t *out,
			       struct ccx_error *error);
/* xml.c: the topology element in a text, or NULL if that cannot be one; blanks comments. */
char *ccx_xml_prepare(const char *name, char *text, size_t size, struct ccx_error *error);
/* xml_check.c: -EINVAL unless the element at `topology` (its '<') is well-formed and the last. */
int ccx_xml_check(const char *name, const char *text, const char *topology,
		  struct ccx_error *error);
/* source.c: a new hwloc topology with the filters and flags that this library wants. */
int ccx_source_new(hwloc_topology_t *out, struct ccx_error *error);

/*
 * probe.c: the result of `body` run in a child process; -EPROTO if it died or took too long,
 * -ENOMEM if there could be no child.
 */
int ccx_probe(int (*body)(void *data), void *data);

/* source.c: what a probe does with a topology that could be opened; closes it. */
void ccx_source_exercise(hwloc_topology_t hwloc);

/* collect.c */
int ccx_machine_collect(struct ccx_machine *machine, hwloc_topology_t hwloc,
			struct ccx_error *error);
void ccx_machine_release(struct ccx_machine *machine);
struct ccx_raw_cpu *ccx_machine_cpu(const struct ccx_machine *machine, uint32_t id);

/* evidence.c */
void ccx_machine_collect_evidence(struct ccx_machine *machine, hwloc_topology_t hwloc,
				  const char *root);
/* Leaves the sysfs evidence in the hwloc topology, so that an XML export carries it. */
void ccx_machine_annotate(const struct ccx_machine *machine, hwloc_topology_t hwloc);

/* sysfs.c: one number of /sys/devices/system/cpu/cpuN/NAME below a root; 0 if absent or absurd. */
uint32_t ccx_sysfs_cpu_number(const char *root, uint32_t cpu, const char *name);
/* The CPUs of a list file such as sys/devices/cpu_atom/cpus; false if there is none. */
bool ccx_sysfs_cpulist(const char *root, const char *path, hwloc_bitmap_t out);

/* allowed.c: drops from `set` the CPUs that this process may not use, where that is known. */
void ccx_host_restrict(hwloc_bitmap_t set);

/* group.c: gives each CPU its last-level cache group; -ENOMEM. */
int ccx_machine_group(struct ccx_machine *machine);

/* split.c: divides groups of more than max_cpus CPUs evenly along cores. */
int ccx_machine_split(struct ccx_machine *machine, uint32_t max_cpus, struct ccx_error *error);

/* assemble.c: takes over machine, hwloc and root on success. */
int ccx_topology_assemble(struct ccx_machine *machine, const char *source, uint32_t max_domain_cpus,
			  struct ccx_topology **out, struct ccx_error *error);

/* load.c: all after the source is open; takes over hwloc and root, also on failure. */
int ccx_topology_build(const char *source, const struct ccx_topology_options *options,
		       hwloc_topology_t hwloc, char *root, struct ccx_topology **out,
		       struct ccx_error *error);

/* Copies printable ASCII only, so that a file's text cannot command a terminal. */
void ccx_copy_printable(char *to, size_t size, const char *from);

/* "24 MiB", "1.25 MiB", "512 KiB"; buffer of at least 24. */
const char *ccx_format_bytes(char *buffer, size_t size, uint64_t bytes);

/* The formats. */
int ccx_dump_text(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		  FILE *file);
int ccx_dump_json(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		  FILE *file);
int ccx_dump_svg(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		 FILE *file);

static inline void ccx_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void ccx_bitmap_freep(hwloc_bitmap_t *bitmap)
{
	hwloc_bitmap_free(*bitmap);
}

#define _cleanup_free_	 __attribute__((cleanup(ccx_free_pointer)))
#define _cleanup_bitmap_ __attribute__((cleanup(ccx_bitmap_freep)))
#define CCX_TAKE(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#endif
