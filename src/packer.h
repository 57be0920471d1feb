/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packer: the thread that decides how many domains are in use (--consolidate). Every
 * CCX_SET_PERIOD_NS it reads what the domains' CPUs did, has ccx_set_step() decide, and writes the
 * sets that BPF packs work into. While next to nothing runs it blocks, and BPF wakes it when the set
 * becomes half full. Nothing waits for it: stopped, it leaves the sets as they are, and BPF goes
 * beyond them where tasks would wait.
 */
#ifndef CCX_PACKER_H
#define CCX_PACKER_H

#include <pthread.h>

#include "ccx/abi.h"
#include "ccx/consolidate.h"
#include "ccx/error.h"
#include "ccx/topology.h"

struct ring_buffer;

/* It alone writes, anyone reads. */
struct ccx_packer_figures {
	uint64_t steps;
	uint64_t rests;		/* times it blocked because next to nothing ran */
	uint64_t grown, shrunk;	/* how often, in domains */
	uint64_t demand;	/* the fast average, 1024 = one fastest CPU */
};

struct ccx_packer {
	const struct ccx_topology *topology;
	const volatile struct ccx_state *state;	/* BPF's, read-only */
	struct ccx_sets *sets;			/* shared with BPF */
	int events_fd;
	int quit_fd;				/* becomes readable when the thread must end */

	struct ring_buffer *events;
	pthread_t thread;
	bool mixed_kinds;
	struct ccx_set set[CCX_NR_SETS];
	/* of each CPU, when it was last looked at */
	struct {
		uint64_t busy_ns, critical_ns, running_since_ns;
	} seen[CCX_MAX_CPUS];
	uint64_t seen_ns;
	struct ccx_packer_figures figures;
};

/*
 * Writes the first sets and starts the thread; the first five members are set. -errno and `error` on
 * failure, and nothing was started.
 */
int ccx_packer_start(struct ccx_packer *packer, struct ccx_error *error);

/* Waits for the thread; quit_fd is readable by now. Also for one that was never started. */
void ccx_packer_stop(struct ccx_packer *packer);

/* One look at the CPUs and one step. Separate from the thread so that tests can drive it. */
void ccx_packer_step(struct ccx_packer *packer, uint64_t now_ns);

#endif
