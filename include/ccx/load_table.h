/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The load table: what every domain last said of its load.
 *
 * One immutable snapshot per domain, published with RCU (liburcu, QSBR flavour) by the domain's
 * dispatcher and read by the others when they decide. Nothing is locked and nothing is allocated
 * after the table is made.
 *
 * | what               | written by                     | read by                | ordering            |
 * | ------------------ | ------------------------------ | ---------------------- | ------------------- |
 * | current[domain]    | that domain's dispatcher       | all, in a read section | rcu_assign_pointer / rcu_dereference |
 * | a snapshot         | its dispatcher, unpublished    | all, once published    | the pointer's       |
 * | retired / recycled | dispatcher and reclaimer, SPSC | the other of the two   | release / acquire   |
 *
 * A snapshot that was replaced goes to the reclaimer (any thread that may block, calling
 * ccx_load_table_reclaim); after a grace period it may be written again. A reclaimer that is late
 * costs freshness of the table, never progress: a dispatcher without a free snapshot does not
 * publish.
 */
#ifndef CCX_LOAD_TABLE_H
#define CCX_LOAD_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ccx/limits.h"

/* Snapshots a domain owns: at one per CCX_LOAD_PERIOD_NS, this is how long the reclaimer may sleep. */
#define CCX_LOAD_SNAPSHOTS	256
#define CCX_LOAD_PERIOD_NS	(1000 * 1000ULL)

/*
 * The reclaimer gives snapshots back once in so long, of which a domain uses up 50 meanwhile. It blocks when
 * nobody has retired one for as long; whoever has paused for half of it must take it for blocked.
 */
#define CCX_LOAD_RECLAIM_NS	(50 * 1000 * 1000ULL)

struct ccx_load {
	uint64_t time_ns;	/* CLOCK_MONOTONIC, when it was taken */
	uint64_t vtime_now;	/* the domain's virtual clock, ns */
	uint32_t capacity;	/* ccx_policy_capacity() */
	uint32_t nr_cpus;
	uint32_t idle_cpus;
	uint32_t queued[CCX_NR_READY];	/* runnable tasks that wait, by ready queue */
	uint64_t weight;	/* of all that run or wait, 100 = one at nice 0; 0: not known */
	uint32_t running;	/* tasks that run */
	uint32_t running_critical;
	uint32_t utilisation;	/* busy share of the last 32 ms or so, 0..1024 */
} __attribute__((aligned(64)));

struct ccx_load_table;

/* nr_domains: 1..CCX_MAX_DOMAINS. NULL without memory. */
struct ccx_load_table *ccx_load_table_new(uint32_t nr_domains);
void ccx_load_table_free(struct ccx_load_table *table);

/*
 * Makes `load` the domain's current one. Only the domain's dispatcher may call it. False when no
 * snapshot was free: the table keeps the older one.
 */
bool ccx_load_table_publish(struct ccx_load_table *table, uint32_t domain,
			    const struct ccx_load *load);

/*
 * The domain's current load, valid until the caller's next quiescent state; NULL before the first
 * publication. The caller is a registered, online QSBR reader.
 */
const struct ccx_load *ccx_load_table_read(const struct ccx_load_table *table, uint32_t domain);

/*
 * Waits for a grace period and gives what was retired before it back. Blocks; the caller is not an
 * online QSBR reader. Returns how many snapshots were recycled; 0 means nobody publishes.
 */
uint32_t ccx_load_table_reclaim(struct ccx_load_table *table);

#endif
