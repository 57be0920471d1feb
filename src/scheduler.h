/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF object: configured, loaded, attached, detached. Knows nothing of policy or threads.
 *
 *	ccx_scheduler_check()	can this kernel and user run it at all?
 *	ccx_scheduler_open()	configure and load; the dispatchers' thread ids must be known. What is
 *				loaded already is used again if it can be: loading takes the kernel
 *				half a second and more, which is how long CPUs that come or go would
 *				leave the machine without the scheduler.
 *	ccx_scheduler_attach()	from here on tasks are scheduled by it
 *	ccx_scheduler_detach()	gives the machine back
 *	ccx_scheduler_close()	the same, and frees everything; safe at any point
 */
#ifndef CCX_SCHEDULER_H
#define CCX_SCHEDULER_H

#include <stdbool.h>
#include <sys/types.h>

#include "ccx/abi.h"
#include "ccx/error.h"
#include "ccx/rules.h"
#include "ccx/topology.h"
#include "counters.h"

struct bpf_object;
struct bpf_link;

struct ccx_scheduler {
	struct bpf_object *object;
	struct bpf_link *link;
	int events_fd;				/* readable when CPUs came or went, or the kernel has ended the scheduler */
	const volatile struct ccx_state *state;	/* read-only */
	const volatile struct ccx_machine *machine;	/* read-only */
	const volatile struct ccx_exit *exit;	/* read-only; kind 0 while it runs */
	struct ccx_decision_ring *decisions;	/* one a domain */
	struct ccx_rules *rules;
	const volatile struct ccx_rule_hits *rule_hits;	/* read-only */
	struct ccx_sets *sets;			/* the packer writes */
	int set_events_fd;
	int *message_fds;			/* one a domain */
	uint32_t max_domains;			/* it was loaded for so many */
	struct ccx_config config;		/* it was loaded with */
	struct ccx_counters counters;
};

struct ccx_scheduler_options {
	uint32_t slice_us;
	uint32_t slice_least_us;	/* however many wait */
	uint32_t rescue_us;
	uint32_t spill_us;
	bool partial;
	bool consolidate;
	bool siblings_first;
	enum ccx_die_source die;
};

/*
 * 0, or -ENOTSUP with the reason why this kernel (no sched_ext, no BTF), this user (missing
 * capability) or this moment (another scheduler is attached) cannot run it.
 */
int ccx_scheduler_check(struct ccx_error *error);

/*
 * The kernel's count of CPU hotplug events; 0 where it does not tell. Read before the topology and
 * once attached: from then on BPF follows, or ends the session (src/bpf/hotplug.h). (The operations table
 * has a member for this, but a table cannot change once it was attached.)
 */
uint64_t ccx_scheduler_hotplug_seq(void);

/* The CPUs that are online now, in order, of those that the session began with; cpus: room for CCX_MAX_CPUS. */
uint32_t ccx_scheduler_online(const struct ccx_scheduler *scheduler, uint32_t *cpus);

/*
 * The BPF object, configured but not loaded: the first half of ccx_scheduler_open(), for who wants
 * to watch the second. NULL on failure, with errno set. bpf_object__close() frees it.
 */
struct bpf_object *ccx_scheduler_prepare(const struct ccx_config *config, uint32_t nr_domains,
					 const struct ccx_scheduler_options *options,
					 struct ccx_error *error);

/*
 * *scheduler is all zero, or was opened before and is detached; all that it counted and shared then
 * begins anew. tids: one dispatcher's thread id per domain. On failure nothing is left behind.
 * -errno: -ENOTSUP as above, -E2BIG more than CCX_MAX_DOMAINS domains, others as the kernel says.
 */
int ccx_scheduler_open(struct ccx_scheduler *scheduler, const struct ccx_topology *topology,
		       const struct ccx_scheduler_options *options, const pid_t *tids,
		       struct ccx_error *error);

int ccx_scheduler_attach(struct ccx_scheduler *scheduler, struct ccx_error *error);

/* Detaches if attached, waits until the kernel's own scheduler is back, frees everything. */
void ccx_scheduler_close(struct ccx_scheduler *scheduler);

/* Detaches only: state and rings stay mapped, so that threads that use them can end in peace. */
void ccx_scheduler_detach(struct ccx_scheduler *scheduler);

#endif
