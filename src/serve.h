/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The main thread's loop while a session runs: signals, clients, the service manager, new rules, the
 * firmware's ranking of the cores. Dispatchers are other threads and do not notice.
 */
#ifndef CCX_SERVE_H
#define CCX_SERVE_H

#include "backoff.h"
#include "metrics_server.h"
#include "notify.h"
#include "options.h"
#include "ruling.h"
#include "session.h"
#include "stats.h"
#include "tasks.h"

/* The program from its start to its end, over all sessions. */
struct ccx_run {
	const struct ccx_options *options;
	struct ccx_session session;
	struct ccx_ruling ruling;
	struct ccx_stats stats, printed;
	struct ccx_tasks tasks;
	struct ccx_metrics_server *metrics;	/* NULL: not wanted */
	struct ccx_notify notify;
	struct ccx_progress progress;
	struct ccx_backoff backoff;
	char *document;			/* the last answer to a client, NULL: none */
	uint64_t document_ns;
	char restart_reason[1024];	/* why the last session was to be followed by another one */
	int signal_fd, timer_fd, ranking_fd, control_fd, epoll_fd, state_fd;
	uint64_t began_ns;		/* of the first session */
	uint32_t sessions;
	uint32_t signal, signal_pid;	/* what interrupted it, and who sent that, 0: the kernel */
	bool interrupted;
	bool ranking_changed;
};

/* Opens what the loop watches, and blocks signals, which arrive there from now on. 0 or -errno. */
int ccx_serve_open(struct ccx_run *run, struct ccx_error *error);

/* Listens for readers of metrics from here on, though it answers only while a session runs. 0 or -errno. */
int ccx_serve_metrics(struct ccx_run *run, const struct ccx_metrics_address *address,
		      struct ccx_error *error);

void ccx_serve_close(struct ccx_run *run);

/* Listens for clients, if it does not yet; goes on without them where it cannot. */
void ccx_serve_listen(struct ccx_run *run);

/*
 * A session has begun: says that it is ready, and serves until a signal, a new ranking of the cores,
 * or the kernel ends the scheduler.
 */
void ccx_serve(struct ccx_run *run);

/* Takes the signals that have arrived, also between two sessions. */
void ccx_serve_signals(struct ccx_run *run);

/* The session's figures, into run->stats. */
void ccx_serve_read_stats(struct ccx_run *run);

#endif
