// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ccx/deadline.h"
#include "clock.h"
#include "privileges.h"

static int load_topology(struct ccx_session *session, const struct ccx_options *options,
			 struct ccx_error *error)
{
	struct ccx_topology_options host_options = CCX_TOPOLOGY_OPTIONS_INIT, wanted_options;
	struct ccx_topology *host, *wanted;
	int err;

	host_options.max_domain_cpus = options->max_domain_cpus;
	host_options.all_cpus = true;
	err = ccx_topology_load(&host_options, &host, error);
	if (err)
		return err;
	if (!strcmp(options->topology, "host")) {
		session->topology = host;
		return 0;
	}
	wanted_options = host_options;
	wanted_options.source = options->topology;
	err = ccx_topology_load(&wanted_options, &wanted, error);
	if (!err) {
		err = ccx_topology_map(wanted, host, &session->topology, error);
		ccx_topology_free(wanted);
	}
	ccx_topology_free(host);
	return err;
}

/*
 * Gives used snapshots of the load table back. May be late without harm; blocks while nobody
 * publishes, so an idle machine is not woken.
 */
static void *reclaimer_thread(void *context)
{
	struct ccx_session *session = context;
	struct timespec pause = { .tv_nsec = CCX_LOAD_RECLAIM_NS };
	uint64_t events;

	pthread_setname_np(pthread_self(), "ccx-reclaim");
	if (ccx_privileges_drop())
		fprintf(stderr, "scx_ccx: the reclaimer keeps its capabilities\n");
	while (!__atomic_load_n(&session->reclaimer_quit, __ATOMIC_ACQUIRE)) {
		nanosleep(&pause, NULL);
		if (!ccx_load_table_reclaim(session->loads) &&
		    read(session->reclaim_fd, &events, sizeof(events)) < 0 && errno != EINTR)
			break;
	}
	return NULL;
}

/* Both slices of the server mode are this much longer: fewer switches, more throughput. */
static uint32_t mode_factor(const struct ccx_options *options)
{
	return options->mode == CCX_MODE_SERVER ? 4 : 1;
}

static uint32_t slice_us(const struct ccx_options *options)
{
	return options->slice_us * mode_factor(options);
}

/* However many wait. */
static uint32_t slice_least_us(const struct ccx_options *options)
{
	return (options->slice_us < 1000 ? options->slice_us : 1000) * mode_factor(options);
}

static void policy_config(struct ccx_policy_config *policy, const struct ccx_options *options)
{
	*policy = (struct ccx_policy_config){
		.slice_us = slice_us(options),
		.slice_min_us = slice_least_us(options),
		.awake_cap_ns = CCX_AWAKE_CAP_NS,
		.fresh_us = options->fresh_us,
	};
}

static int start_dispatchers(struct ccx_session *session, const struct ccx_options *options,
			     pid_t *tids, struct ccx_error *error)
{
	uint32_t i;
	int err;

	for (i = 0; i < session->topology->nr_domains; i++) {
		struct ccx_dispatcher *dispatcher = &session->dispatchers[i];

		dispatcher->domain = i;
		dispatcher->topology = session->topology;
		dispatcher->loads = session->loads;
		dispatcher->quit_fd = session->quit_fd;
		dispatcher->wake_reclaimer_fd = session->reclaim_fd;
		policy_config(&dispatcher->policy, options);
		err = ccx_dispatcher_start(dispatcher, error);
		if (err)
			return err;
		session->nr_started++;
		tids[i] = dispatcher->tid;
	}
	return 0;
}

static int let_dispatchers_go(struct ccx_session *session, bool consolidate,
			      struct ccx_error *error)
{
	uint32_t i;
	int err;

	for (i = 0; i < session->topology->nr_domains; i++) {
		struct ccx_dispatcher *dispatcher = &session->dispatchers[i];

		dispatcher->state = session->scheduler.state;
		dispatcher->machine = session->scheduler.machine;
		dispatcher->ring = &session->scheduler.decisions[i];
		dispatcher->sets = consolidate ? session->scheduler.sets : NULL;
		dispatcher->messages_fd = session->scheduler.message_fds[i];
		err = ccx_dispatcher_go(dispatcher, error);
		if (err)
			return err;
	}
	return 0;
}

/* One domain alone is always in use. */
static int start_packer(struct ccx_session *session, const struct ccx_options *options,
			struct ccx_error *error)
{
	struct ccx_packer *packer = &session->packer;

	if (!ccx_options_consolidate(options) || session->topology->nr_domains < 2)
		return 0;
	packer->topology = session->topology;
	packer->state = session->scheduler.state;
	packer->sets = session->scheduler.sets;
	packer->events_fd = session->scheduler.set_events_fd;
	packer->quit_fd = session->quit_fd;
	return ccx_packer_start(packer, error);
}

static int start(struct ccx_session *session, const struct ccx_options *options,
		 struct ccx_ruling *ruling, struct ccx_error *error)
{
	struct ccx_scheduler_options scheduler_options = {
		.slice_us = slice_us(options),
		.slice_least_us = slice_least_us(options),
		.rescue_us = options->rescue_us,
		.spill_us = options->spill_us,
		.partial = options->partial,
		.consolidate = ccx_options_consolidate(options),
		.siblings_first = options->siblings_first,
		.die = options->die,
	};
	pid_t tids[CCX_MAX_DOMAINS];
	int err;

	err = load_topology(session, options, error);
	if (!err)
		err = ccx_topology_check_limits(session->topology, error);
	if (err)
		return err;
	session->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	session->reclaim_fd = eventfd(0, EFD_CLOEXEC);
	session->loads = ccx_load_table_new(session->topology->nr_domains);
	session->dispatchers =
		calloc(session->topology->nr_domains, sizeof(*session->dispatchers));
	if (session->quit_fd < 0 || session->reclaim_fd < 0 || !session->loads ||
	    !session->dispatchers)
		return ccx_error_set(error, -ENOMEM, "out of memory or file descriptors");

	/* threads before BPF: it must know which ones are dispatchers when it is attached */
	err = start_dispatchers(session, options, tids, error);
	if (err)
		return err;
	err = ccx_scheduler_open(&session->scheduler, session->topology, &scheduler_options, tids,
				 error);
	if (err)
		return err;
	err = let_dispatchers_go(session, ccx_options_consolidate(options), error);
	if (err)
		return err;
	err = -pthread_create(&session->reclaimer, NULL, reclaimer_thread, session);
	if (err)
		return ccx_error_set(error, err, "cannot start a thread: %s", strerror(-err));
	session->reclaimer_runs = true;
	err = start_packer(session, options, error);
	if (err)
		return err;
	ccx_ruling_publish(ruling, &session->scheduler);
	err = ccx_scheduler_attach(&session->scheduler, error);
	if (err)
		return err;
	session->started_ns = ccx_monotonic_ns();
	return 0;
}

/* All but the scheduler. */
static void forget(struct ccx_session *session)
{
	struct ccx_scheduler scheduler = session->scheduler;

	memset(session, 0, sizeof(*session));
	session->scheduler = scheduler;
	session->quit_fd = session->reclaim_fd = -1;
}

int ccx_session_start(struct ccx_session *session, const struct ccx_options *options,
		      struct ccx_ruling *ruling, struct ccx_error *error)
{
	int err;

	forget(session);
	err = ccx_privileges_raise(error);
	if (!err)
		err = start(session, options, ruling, error);
	if (!err)
		err = ccx_privileges_lower(error);
	if (err)
		ccx_session_end(session, NULL);
	return err;
}

void ccx_session_end(struct ccx_session *session, struct ccx_exit *exit)
{
	uint64_t one = 1;
	uint32_t i;

	/* first of all the machine is given back; whatever follows, tasks run */
	if (session->scheduler.object)
		ccx_scheduler_detach(&session->scheduler);
	if (session->reclaimer_runs) {
		__atomic_store_n(&session->reclaimer_quit, true, __ATOMIC_RELEASE);
		if (write(session->reclaim_fd, &one, sizeof(one)) < 0)
			perror("scx_ccx: waking the reclaimer");
		pthread_join(session->reclaimer, NULL);
	}
	if (session->packer.thread && write(session->quit_fd, &one, sizeof(one)) < 0)
		perror("scx_ccx: waking the packer");
	ccx_packer_stop(&session->packer);
	for (i = 0; i < session->nr_started; i++)
		ccx_dispatcher_stop(&session->dispatchers[i]);
	if (exit && session->scheduler.exit)
		memcpy(exit, (const void *)session->scheduler.exit, sizeof(*exit));
	free(session->dispatchers);
	ccx_load_table_free(session->loads);
	if (session->quit_fd >= 0)
		close(session->quit_fd);
	if (session->reclaim_fd >= 0)
		close(session->reclaim_fd);
	ccx_topology_free(session->topology);
	forget(session);
}

void ccx_session_close(struct ccx_session *session)
{
	ccx_scheduler_close(&session->scheduler);
}
