/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF object: configured, loaded, attached, detached. Knows nothing of policy or threads.
 *
 *	ccx_scheduler_check()	can this kernel and user run it at all?
 *	ccx_scheduler_open()	configure and load; the dispatchers' thread ids must be known
 *	ccx_scheduler_attach()	from here on tasks are scheduled by it
 *	ccx_scheduler_close()	gives the machine back; safe at any point
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
	int events_fd;				/* readable when the kernel has ended the scheduler */
	const volatile struct ccx_state *state;	/* read-only */
	const volatile struct ccx_exit *exit;	/* read-only; kind 0 while it runs */
	struct ccx_decision_ring *decisions;	/* one a domain */
	struct ccx_rules *rules;
	const volatile struct ccx_rule_hits *rule_hits;	/* read-only */
	struct ccx_sets *sets;			/* the packer writes */
	int set_events_fd;
	int *message_fds;			/* one a domain */
	uint32_t nr_domains;
	struct ccx_counters counters;
};

struct ccx_scheduler_options {
	uint32_t slice_us;
	uint32_t rescue_us;
	uint32_t spill_us;
	bool partial;
	bool consolidate;
	bool siblings_first;
	enum ccx_die_source die;
	bool measured_dies;	/* ccx_scheduler_open() finds out */
	uint64_t hotplug_seq;	/* read before the topology, so that no change in between is missed */
};

/*
 * 0, or -ENOTSUP with the reason why this kernel (no sched_ext, no BTF), this user (missing
 * capability) or this moment (another scheduler is attached) cannot run it.
 */
int ccx_scheduler_check(struct ccx_error *error);

/* The kernel's count of CPU hotplug events; 0 where it does not tell. */
uint64_t ccx_scheduler_hotplug_seq(void);

/*
 * The BPF object, configured but not loaded: the first half of ccx_scheduler_open(), for who wants
 * to watch the second. NULL on failure, with errno set. bpf_object__close() frees it.
 */
struct bpf_object *ccx_scheduler_prepare(const struct ccx_topology *topology,
					 const struct ccx_scheduler_options *options,
					 const pid_t *tids, struct ccx_error *error);

/*
 * tids: one dispatcher's thread id per domain. On failure nothing is left behind. -errno: -ENOTSUP
 * as above, -E2BIG more than CCX_MAX_DOMAINS domains, others as the kernel says.
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
