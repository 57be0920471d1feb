/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatcher: one thread for each cache domain. It drains the domain's messages, decides, and
 * yields; BPF runs it again when there is more. See docs/architecture.md.
 */
#ifndef CCX_DISPATCHER_H
#define CCX_DISPATCHER_H

#include <pthread.h>
#include <semaphore.h>

#include "ccx/error.h"
#include "ccx/histogram.h"
#include "ccx/load_table.h"
#include "ccx/policy.h"
#include "ccx/topology.h"

/* Others to look at per batch: nearest in turn, so the cost does not grow with the machine. */
#define CCX_CANDIDATES	4

/* Processes whose threads are known to be in the domain: a power of two. */
#define CCX_PROCESSES	256

struct ring_buffer;

/* The last thread of a process that a message was about. */
struct ccx_process {
	uint32_t tgid;
	uint32_t pid;
	uint64_t seen_ns;
};

/* Figures of one dispatcher: it alone writes, anyone reads. */
struct ccx_dispatcher_figures {
	uint64_t messages;
	uint64_t decisions;
	uint64_t sent_away;	/* decisions for another domain */
	uint64_t bad_messages;	/* with impossible content: not answered, BPF takes the task */
	uint64_t ring_full;	/* not answered: the decision ring had no room */
	uint64_t batches;
	uint64_t sleeps;	/* times it blocked because its domain had nothing for it */
	uint64_t max_batch;
	struct ccx_histogram decision_ns;	/* message sent to decision written */
	struct ccx_histogram deciding_ns;	/* the same without the wait for a CPU */
};

struct ccx_dispatcher {
	uint32_t domain;
	const struct ccx_topology *topology;
	struct ccx_policy_config policy;
	struct ccx_load_table *loads;
	const volatile struct ccx_state *state;	/* BPF's, read-only; */
	const volatile struct ccx_machine *machine;	/* this, too */
	struct ccx_decision_ring *ring;
	const struct ccx_sets *sets;	/* with --consolidate: where work is packed; else NULL */
	int messages_fd;
	int quit_fd;
	int wake_reclaimer_fd;

	struct ring_buffer *messages;
	int epoll_fd;		/* waits for messages_fd and quit_fd */
	pthread_t thread;
	sem_t started, go;
	pid_t tid;
	bool quit;
	int error;	/* of the thread's start */

	/* the batch in hand */
	uint64_t now_ns;
	uint64_t tail;
	uint64_t head;
	uint32_t batch;
	struct ccx_load own;
	struct ccx_candidate candidates[CCX_CANDIDATES];
	uint32_t nr_candidates;
	uint32_t next_candidate;
	uint64_t load_seen_ns[CCX_MAX_DOMAINS];	/* time of the load that sent[] counts from */
	uint32_t sent[CCX_MAX_DOMAINS], sent_weight[CCX_MAX_DOMAINS];
	uint64_t uneven_ns[CCX_MAX_DOMAINS];	/* since when tasks had better be there; 0: no */
	struct ccx_process processes[CCX_PROCESSES];
	uint64_t evened_ns;			/* when a task was last sent away for even shares */
	uint64_t published_ns;
	uint64_t busy_ns_seen;
	uint64_t busy_seen_at_ns;

	struct ccx_dispatcher_figures figures;
};

/*
 * Starts the thread, pinned to the domain; it waits until ccx_dispatcher_go(). After return `tid`
 * is set. -errno and `error` on failure.
 */
int ccx_dispatcher_start(struct ccx_dispatcher *dispatcher, struct ccx_error *error);

/* Lets the thread work: all members up to quit_fd must be set by now. */
int ccx_dispatcher_go(struct ccx_dispatcher *dispatcher, struct ccx_error *error);

/* Asks the thread to end and waits for it. Also for one that was never let go. */
void ccx_dispatcher_stop(struct ccx_dispatcher *dispatcher);

/*
 * What the thread does before its first batch and at the beginning of each: fills in what does not
 * change; reads the load and chooses the other domains to look at. Separate from the
 * thread so that tests and simulations can drive it; the caller is an online QSBR reader, and stays
 * so until the batch ends.
 */
void ccx_dispatcher_prepare(struct ccx_dispatcher *dispatcher);
void ccx_dispatcher_begin(struct ccx_dispatcher *dispatcher, uint64_t now_ns);

/*
 * Publishes the domain's load, and wakes the reclaimer where it may have blocked meanwhile, or has not
 * kept up. Called by the thread once in CCX_LOAD_PERIOD_NS at most.
 */
void ccx_dispatcher_publish(struct ccx_dispatcher *dispatcher);

/*
 * Decides on one message: `data` of `size` bytes as the ring has it, of which nothing is believed.
 * 0, or -EAGAIN when the batch is full. Separate from the thread so that tests can drive it.
 */
int ccx_dispatcher_consume(struct ccx_dispatcher *dispatcher, const void *data, size_t size);

#endif
