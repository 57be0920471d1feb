// SPDX-License-Identifier: GPL-2.0-only
#include "serve.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "reset.h"
#include "stats_text.h"
#include "task_iter.h"

/*
 * How often the firmware's preference among cores is read again, on machines that have one: the
 * X3D mode is switched by a person, so seconds are soon enough.
 */
#define RANKING_SECONDS		5

/* How long an answer to a client is good for the next one. */
#define DOCUMENT_MS		20

static void read_stats_into(void *context, struct ccx_stats *stats)
{
	struct ccx_run *run = context;
	struct ccx_session *session = &run->session;

	ccx_stats_read(stats, &session->scheduler, session->topology, session->dispatchers,
		       &run->ruling, session->started_ns);
	ccx_stats_read_sets(stats, &session->packer);
}

void ccx_serve_read_stats(struct ccx_run *run)
{
	read_stats_into(run, &run->stats);
}

static int watch(struct ccx_run *run, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Threads started later inherit the block. */
int ccx_serve_open(struct ccx_run *run, struct ccx_error *error)
{
	struct itimerspec period = { 0 };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	run->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	run->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	run->ranking_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (run->signal_fd < 0 || run->timer_fd < 0 || run->ranking_fd < 0 || run->epoll_fd < 0 ||
	    watch(run, run->signal_fd) || watch(run, run->timer_fd) || watch(run, run->ranking_fd))
		return ccx_error_set(error, -errno, "cannot open files: %s", strerror(errno));
	ccx_notify_open(&run->notify);
	if (run->notify.timer_fd >= 0)
		watch(run, run->notify.timer_fd);
	period.it_value.tv_sec = period.it_interval.tv_sec = run->options->stats_seconds;
	timerfd_settime(run->timer_fd, 0, &period, NULL);
	return 0;
}

int ccx_serve_metrics(struct ccx_run *run, const struct ccx_metrics_address *address,
		      struct ccx_error *error)
{
	int fd, err;

	if (address->address.any.sa_family == AF_UNIX &&
	    !strncmp(address->address.un.sun_path, CCX_RUN_DIRECTORY "/",
		     sizeof(CCX_RUN_DIRECTORY))) {
		err = ccx_control_make_directory(error);
		if (err)
			return err;
	}
	fd = ccx_metrics_listen(address, error);
	if (fd < 0)
		return fd;
	run->metrics = ccx_metrics_start(fd, CCX_METRICS_PATIENCE_S, read_stats_into, run, error);
	return run->metrics ? watch(run, ccx_metrics_fd(run->metrics)) : -ENOMEM;
}

void ccx_serve_listen(struct ccx_run *run)
{
	struct ccx_error error;

	if (run->control_fd >= 0)
		return;
	run->control_fd = ccx_control_listen(&error);
	if (run->control_fd < 0)
		fprintf(stderr, "scx_ccx: %s; going on without figures for others\n", error.text);
	else
		watch(run, run->control_fd);
}

void ccx_serve_close(struct ccx_run *run)
{
	ccx_metrics_stop(run->metrics);
	ccx_control_close(run->control_fd);
	ccx_notify_close(&run->notify);
	close(run->epoll_fd);
	close(run->ranking_fd);
	close(run->timer_fd);
	close(run->signal_fd);
	if (run->state_fd >= 0)
		close(run->state_fd);
}

/* A timer only where there is something to read: other machines are not woken for it. */
static void watch_ranking(struct ccx_run *run)
{
	const struct ccx_topology *topology = run->session.topology;
	struct itimerspec period = { 0 };
	uint32_t i;

	for (i = 0; i < topology->nr_cpus; i++)
		if (topology->cpus[i].ranking)
			period.it_value.tv_sec = period.it_interval.tv_sec = RANKING_SECONDS;
	timerfd_settime(run->ranking_fd, 0, &period, NULL);
	run->ranking_changed = false;
}

static void check_ranking(struct ccx_run *run)
{
	static uint32_t ranking[CCX_MAX_CPUS];
	bool changed = false;

	if (!ccx_topology_read_ranking(run->session.topology, ranking, &changed, NULL))
		run->ranking_changed = changed;
}

static void print_rules(const struct ccx_ruling *ruling)
{
	if (!ruling->version)
		return;
	printf("scx_ccx: %u rules of %s in force (version %llu)\n", ruling->file.table.nr,
	       ruling->path, (unsigned long long)ruling->version);
	fflush(stdout);
}

static void notify_ready(const struct ccx_run *run)
{
	const struct ccx_topology *topology = run->session.topology;
	uint32_t cpus[CCX_MAX_CPUS];

	ccx_notify_send(&run->notify, "READY=1\nSTATUS=Scheduling %s on %u CPUs in %u domain%s",
			run->options->partial ? "tasks of policy SCHED_EXT" : "all ordinary tasks",
			ccx_scheduler_online(&run->session.scheduler, cpus), topology->nr_domains,
			topology->nr_domains == 1 ? "" : "s");
}

/* BPF goes on with those that are left, or all of them again. */
static void tell_cpus(struct ccx_run *run)
{
	const struct ccx_scheduler *scheduler = &run->session.scheduler;
	uint32_t cpus[CCX_MAX_CPUS], nr;
	char list[512];

	if (scheduler->exit->kind || ccx_reset_ring(scheduler->events_fd))
		return;
	nr = ccx_scheduler_online(scheduler, cpus);
	ccx_cpulist_format(list, sizeof(list), cpus, nr);
	printf("scx_ccx: CPUs came or went: going on with %s (%u)\n", list, nr);
	fflush(stdout);
	notify_ready(run);
}

/* A bad file must not cost the rules that are in force. */
static void reload_rules(struct ccx_run *run)
{
	struct ccx_error error;

	if (!run->options->rules)
		return;
	if (ccx_ruling_read(&run->ruling, run->options->rules, &error)) {
		fprintf(stderr, "scx_ccx: %s; the rules stay as they were\n", error.text);
		return;
	}
	/* between two sessions there is nobody to tell: the next one begins with them */
	if (run->session.scheduler.rules)
		ccx_ruling_publish(&run->ruling, &run->session.scheduler);
	print_rules(&run->ruling);
}

/* Only while it does what it is for: attached, and every dispatcher decides. */
static void sign_of_life(struct ccx_run *run)
{
	const struct ccx_session *session = &run->session;

	if (ccx_progress_check(&run->progress, session->scheduler.state, session->dispatchers,
			       session->topology->nr_domains) &&
	    !session->scheduler.exit->kind)
		ccx_notify_send(&run->notify, "WATCHDOG=1");
}

void ccx_serve_signals(struct ccx_run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			run->interrupted = true;
			run->signal = info.ssi_signo;
			run->signal_pid = info.ssi_code == SI_USER ? info.ssi_pid : 0;
		} else {
			ccx_notify_reloading(&run->notify);
			reload_rules(run);
			if (run->session.topology)
				notify_ready(run);
		}
	}
}

/* Clients that come in quick succession get the same reading: it walks all tasks of the machine. */
static void answer_client(struct ccx_run *run)
{
	uint64_t now_ns = ccx_monotonic_ns();

	if (!run->document || now_ns - run->document_ns > DOCUMENT_MS * 1000000ULL) {
		free(run->document);
		ccx_serve_read_stats(run);
		ccx_task_iter_read(run->session.scheduler.object, &run->tasks);
		run->document = ccx_stats_json(&run->stats, &run->tasks);
		run->document_ns = now_ns;
	}
	ccx_control_answer(run->control_fd, run->document ? run->document : "",
			   run->document ? strlen(run->document) : 0);
}

static void on_event(struct ccx_run *run, int fd)
{
	uint64_t expirations;

	if (fd == run->signal_fd) {
		ccx_serve_signals(run);
	} else if (fd == run->timer_fd) {
		if (read(fd, &expirations, sizeof(expirations)) < 0)
			return;
		ccx_serve_read_stats(run);
		ccx_stats_print(stdout, &run->printed, &run->stats);
		run->printed = run->stats;
	} else if (fd == run->ranking_fd) {
		if (read(fd, &expirations, sizeof(expirations)) > 0)
			check_ranking(run);
	} else if (fd == run->notify.timer_fd) {
		if (read(fd, &expirations, sizeof(expirations)) > 0)
			sign_of_life(run);
	} else if (fd == run->control_fd) {
		answer_client(run);
	} else if (fd == run->session.scheduler.events_fd) {
		tell_cpus(run);
	}
}

void ccx_serve(struct ccx_run *run)
{
	struct epoll_event events[8];
	int nr, i, timeout_ms;

	watch_ranking(run);
	watch(run, run->session.scheduler.events_fd);
	notify_ready(run);
	while (!run->interrupted && !run->ranking_changed && !run->session.scheduler.exit->kind) {
		timeout_ms = run->metrics ? ccx_metrics_timeout_ms(run->metrics) : -1;
		nr = epoll_wait(run->epoll_fd, events, 8, timeout_ms);
		if (run->metrics)
			ccx_metrics_serve(run->metrics);
		for (i = 0; i < nr; i++)
			on_event(run, events[i].data.fd);
	}
	free(run->document);
	run->document = NULL;
}
