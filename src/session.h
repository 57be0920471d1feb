/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One stay of the scheduler on the machine, from a topology to the end of its last thread. CPUs that
 * come or go in a way that BPF does not follow end it, and the next session starts on the new topology.
 */
#ifndef CCX_SESSION_H
#define CCX_SESSION_H

#include <pthread.h>

#include "dispatcher.h"
#include "options.h"
#include "packer.h"
#include "ruling.h"
#include "scheduler.h"

struct ccx_session {
	struct ccx_topology *topology;
	struct ccx_scheduler scheduler;
	struct ccx_load_table *loads;
	struct ccx_dispatcher *dispatchers;	/* one a domain */
	uint32_t nr_started;
	int quit_fd;
	int reclaim_fd;
	pthread_t reclaimer;
	bool reclaimer_runs;
	bool reclaimer_quit;
	struct ccx_packer packer;		/* with --consolidate */
	uint64_t started_ns;
};

/*
 * Reads the topology, starts the threads, loads what is not loaded already, publishes the rules if
 * there are any, attaches. *session is all zero, or has ended. On failure everything is undone:
 * -EINVAL and -ENOENT bad input, -ENOTSUP and -EBUSY cannot run here or now, others failures. If
 * ccx_scheduler_hotplug_seq() has changed meanwhile, what started is of an old topology.
 */
int ccx_session_start(struct ccx_session *session, const struct ccx_options *options,
		      struct ccx_ruling *ruling, struct ccx_error *error);

/*
 * Detaches, ends all threads, frees everything but what the next session can use: the scheduler
 * stays loaded. *exit gets why it ended.
 */
void ccx_session_end(struct ccx_session *session, struct ccx_exit *exit);

/* No session is to follow. */
void ccx_session_close(struct ccx_session *session);

#endif
