/* SPDX-License-Identifier: GPL-2.0-only */
/* The scheduler's figures: gathered from BPF's state and the dispatchers, shown as text or JSON. */
#ifndef CCX_STATS_H
#define CCX_STATS_H

#include <stdio.h>

#include "dispatcher.h"
#include "packer.h"
#include "ruling.h"
#include "scheduler.h"
#include "tasks.h"

struct ccx_domain_stats {
	uint64_t counters[CCX_NR_COUNTERS];	/* of the CPUs of the domain */
	uint64_t kind_busy_ns[CCX_NR_KINDS];	/* CCX_BUSY_NS of the CPUs of each kind */
	uint64_t idle_ns;
	uint64_t ring_full;	/* messages and decisions that found no room */
	uint64_t migrated_out;
	uint64_t late_count;
	uint64_t longest_wait_ns;	/* of any task that was queued, until it ran */
	uint64_t recent_wait_ns;	/* the longest that ended in the last second or two */
	uint32_t nr_cpus;
	uint32_t nr_kind[CCX_NR_KINDS];
	uint32_t queued_ready[CCX_NR_READY];	/* tasks that wait at this moment */
	uint32_t queued_custody;
	uint32_t queued_bound;
	uint32_t late;
	pid_t dispatcher_tid;
	char cpu_list[128];	/* Linux CPU list, cut off where it is longer */
	struct ccx_dispatcher_figures dispatcher;
};

struct ccx_stats {
	uint64_t uptime_ns;
	uint32_t nr_domains;
	struct ccx_domain_stats domains[CCX_MAX_DOMAINS];
	struct ccx_ruling_figures rules;
	struct ccx_die_figures dies;
	uint64_t limited_cgroups;	/* with a cpu.max, which is not honoured */
	bool consolidates;
	uint64_t in_use;	/* bit d: work is packed into domain d; with --consolidate */
	struct ccx_packer_figures packer;
};

/* Names of the counters in JSON; the order of the enumeration. */
extern const char *const ccx_counter_names[CCX_NR_COUNTERS];

/* Reads everything; no locks, figures of one moment may differ by what happens meanwhile. */
void ccx_stats_read(struct ccx_stats *stats, const struct ccx_scheduler *scheduler,
		    const struct ccx_topology *topology,
		    const struct ccx_dispatcher *dispatchers, const struct ccx_ruling *ruling,
		    uint64_t started_ns);

/* The same for the sets of domains in use; `packer` was never started without --consolidate. */
void ccx_stats_read_sets(struct ccx_stats *stats, const struct ccx_packer *packer);

/* JSON as docs/operations.md describes it; the caller frees. NULL without memory. */
char *ccx_stats_json(const struct ccx_stats *stats, const struct ccx_tasks *tasks);

#endif
