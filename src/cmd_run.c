// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "backoff.h"
#include "clock.h"
#include "commands.h"
#include "control.h"
#include "filter.h"
#include "memory.h"
#include "metrics_server.h"
#include "notify.h"
#include "privileges.h"
#include "report.h"
#include "session.h"
#include "stats.h"
#include "stats_text.h"
#include "summary.h"
#include "task_iter.h"

/* enum scx_exit_kind and scx_exit_code of the kernel, the values of all versions */
#define EXIT_UNREG		64
#define EXIT_ERROR		1024
#define ECODE_ACT_RESTART	(1LL << 48)

/*
 * How often the firmware's preference among cores is read again, on machines that have one: the
 * X3D mode is switched by a person, so seconds are soon enough.
 */
#define RANKING_SECONDS		5

/* How long an answer to a client is good for the next one. */
#define DOCUMENT_MS		20

struct run {
	const struct ccx_options *options;
	struct ccx_session session;
	struct ccx_ruling ruling;
	struct ccx_stats stats, printed;
	struct ccx_tasks tasks;
	struct ccx_metrics_server *metrics;	/* NULL: not wanted */
	struct ccx_notify notify;
	struct ccx_progress progress;
	struct ccx_backoff backoff;
	char *document;			/* the last answer to a client, NULL: none in this session */
	uint64_t document_ns;
	char restart_reason[160];	/* why the last session was to be followed by another one */
	int signal_fd, timer_fd, ranking_fd, control_fd, epoll_fd, state_fd;
	uint64_t began_ns;		/* of the first session */
	uint32_t sessions;
	uint32_t signal, signal_pid;	/* what interrupted it, and who sent that, 0: the kernel */
	bool interrupted;
	bool ranking_changed;
};

static bool verbose;

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG || !verbose)
		return 0;
	return vfprintf(stderr, format, arguments);
}

static void read_stats_into(void *context, struct ccx_stats *stats)
{
	struct run *run = context;
	struct ccx_session *session = &run->session;

	ccx_stats_read(stats, &session->scheduler, session->topology, session->dispatchers,
		       &run->ruling, session->started_ns);
	ccx_stats_read_sets(stats, &session->packer);
}

static void read_stats(struct run *run)
{
	read_stats_into(run, &run->stats);
}

static int watch(struct run *run, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Signals arrive at the main thread's loop; threads started later inherit the block. */
static int open_files(struct run *run, struct ccx_error *error)
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

/* In use from here on, though it is answered only while a session runs. */
static int open_metrics(struct run *run, const struct ccx_metrics_address *address,
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

static void close_files(struct run *run)
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
static void watch_ranking(struct run *run)
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

static void check_ranking(struct run *run)
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

static void notify_ready(const struct run *run)
{
	const struct ccx_topology *topology = run->session.topology;

	ccx_notify_send(&run->notify, "READY=1\nSTATUS=Scheduling %s on %u CPUs in %u domain%s",
			run->options->partial ? "tasks of policy SCHED_EXT" : "all ordinary tasks",
			topology->nr_cpus, topology->nr_domains,
			topology->nr_domains == 1 ? "" : "s");
}

/* A bad file must not cost the rules that are in force. */
static void reload_rules(struct run *run)
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
static void sign_of_life(struct run *run)
{
	const struct ccx_session *session = &run->session;

	if (ccx_progress_check(&run->progress, session->scheduler.state, session->dispatchers,
			       session->topology->nr_domains) &&
	    !session->scheduler.exit->kind)
		ccx_notify_send(&run->notify, "WATCHDOG=1");
}

static void on_signal(struct run *run)
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
static void answer_client(struct run *run)
{
	uint64_t now_ns = ccx_monotonic_ns();

	if (!run->document || now_ns - run->document_ns > DOCUMENT_MS * 1000000ULL) {
		free(run->document);
		read_stats(run);
		ccx_task_iter_read(run->session.scheduler.object, &run->tasks);
		run->document = ccx_stats_json(&run->stats, &run->tasks);
		run->document_ns = now_ns;
	}
	ccx_control_answer(run->control_fd, run->document ? run->document : "",
			   run->document ? strlen(run->document) : 0);
}

static void on_event(struct run *run, int fd)
{
	uint64_t expirations;

	if (fd == run->signal_fd) {
		on_signal(run);
	} else if (fd == run->timer_fd) {
		if (read(fd, &expirations, sizeof(expirations)) < 0)
			return;
		read_stats(run);
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
	}
}

/* Until a signal, a new ranking of the cores, or the kernel ends the scheduler. */
static void serve(struct run *run)
{
	struct epoll_event events[8];
	int nr, i, timeout_ms;

	while (!run->interrupted && !run->ranking_changed && !run->session.scheduler.exit->kind) {
		timeout_ms = run->metrics ? ccx_metrics_timeout_ms(run->metrics) : -1;
		nr = epoll_wait(run->epoll_fd, events, 8, timeout_ms);
		if (run->metrics)
			ccx_metrics_serve(run->metrics);
		for (i = 0; i < nr; i++)
			on_event(run, events[i].data.fd);
	}
}

static void print_stopped(const struct run *run)
{
	char by[64] = "unregistered by the kernel";

	if (run->signal_pid)
		snprintf(by, sizeof(by), "SIG%s from process %u", sigabbrev_np(run->signal),
			 run->signal_pid);
	else if (run->interrupted)
		snprintf(by, sizeof(by), "%s",
			 run->signal == SIGINT ? "Ctrl-C" : sigdescr_np(run->signal));
	printf("scx_ccx: stopped (%s); the kernel's own scheduler is back.\n", by);
}

/* Nothing more is to follow. */
static void print_summary(const struct run *run)
{
	if (run->sessions)
		ccx_summary_end(stdout, &run->stats, ccx_monotonic_ns() - run->began_ns,
				run->sessions);
}

/* Who has set a limit expects it to be kept. */
static void warn_of_limits(const struct run *run)
{
	int64_t cgroups = run->session.scheduler.state->limited_cgroups;

	if (cgroups > 0)
		fprintf(stderr,
			"scx_ccx: %lld cgroup%s a CPU limit (cpu.max), which is not honoured\n",
			(long long)cgroups, cgroups == 1 ? " has" : "s have");
}

/* Another session is to follow; says why. */
static int start_again(struct run *run, const char *reason, const char *where)
{
	snprintf(run->restart_reason, sizeof(run->restart_reason), "%s", reason);
	printf("scx_ccx: %s: starting again%s.\n", reason, where);
	fflush(stdout);
	return -1;
}

static void save_report(const struct run *run, const struct ccx_exit *exit)
{
	struct ccx_error error;
	char name[64];

	if (run->state_fd < 0)
		return;
	if (ccx_report_save(run->state_fd, exit, &run->stats, name, sizeof(name), &error))
		fprintf(stderr, "scx_ccx: %s\n", error.text);
	else
		fprintf(stderr, "scx_ccx: this was saved as %s/%s\n", run->options->state_dir, name);
}

/* Prints why a session ended. Returns the exit code, or -1 to start anew. */
static int print_end(struct run *run, const struct ccx_exit *exit)
{
	if (run->ranking_changed && !run->interrupted)
		return start_again(run, "the firmware prefers other cores now", "");
	if (run->interrupted || exit->kind == EXIT_UNREG) {
		print_stopped(run);
		return CCX_EXIT_DONE;
	}
	if (exit->code & ECODE_ACT_RESTART)
		return start_again(run, exit->reason, " on the new topology");
	fprintf(stderr, "scx_ccx: the kernel ended the scheduler: %s%s%s (kind %u, code %lld)\n",
		exit->reason, *exit->message ? ": " : "", exit->message, exit->kind,
		(long long)exit->code);
	if (exit->kind >= EXIT_ERROR && *exit->dump)
		fprintf(stderr, "%s\n", exit->dump);
	save_report(run, exit);
	return CCX_EXIT_FAILED;
}

static int exit_code(int err)
{
	switch (err) {
	case -EINVAL:
	case -ENOENT:
	case -E2BIG:
		return CCX_EXIT_USAGE;
	case -ENOTSUP:
	case -EBUSY:
	case -EPERM:
		return CCX_EXIT_CANNOT;
	default:
		return CCX_EXIT_FAILED;
	}
}

/* One session. The exit code, or -1 to start anew. */
static int run_once(struct run *run)
{
	static struct ccx_exit exit;
	uint64_t hotplug_seq = ccx_scheduler_hotplug_seq();
	struct ccx_error error;
	int err, result;

	memset(&exit, 0, sizeof(exit));
	memset(&run->printed, 0, sizeof(run->printed));
	memset(&run->progress, 0, sizeof(run->progress));
	err = ccx_session_start(&run->session, run->options, &run->ruling, &error);
	/* it may have failed for that: a thread cannot start on CPUs that went away, say */
	if (ccx_scheduler_hotplug_seq() != hotplug_seq) {
		if (!err)
			ccx_session_end(&run->session, NULL);
		return start_again(run, "CPUs changed during the start", " on the new topology");
	}
	if (err) {
		fprintf(stderr, "scx_ccx: %s\n", error.text);
		ccx_notify_send(&run->notify, "STATUS=%s", error.text);
		return exit_code(err);
	}
	if (run->control_fd < 0) {
		run->control_fd = ccx_control_listen(&error);
		if (run->control_fd < 0)
			fprintf(stderr, "scx_ccx: %s; going on without figures for others\n",
				error.text);
		else
			watch(run, run->control_fd);
	}
	if (!run->sessions++)
		run->began_ns = run->session.started_ns;
	ccx_summary_start(stdout, run->session.topology, run->options, &run->ruling,
			  run->session.dispatchers);
	if (run->options->verbose)
		ccx_counters_say(stdout, &run->session.scheduler.counters);
	warn_of_limits(run);
	watch_ranking(run);
	watch(run, run->session.scheduler.events_fd);
	notify_ready(run);
	serve(run);
	if (run->interrupted)
		ccx_notify_send(&run->notify, "STOPPING=1");
	read_stats(run);
	free(run->document);
	run->document = NULL;
	ccx_session_end(&run->session, &exit);
	result = print_end(run, &exit);
	if (result >= 0)
		print_summary(run);
	if (run->options->stats_seconds || run->options->verbose)
		ccx_stats_print(stdout, NULL, &run->stats);
	return result;
}

/* Waits before the next session. The exit code if there is to be none, else -1. */
static int wait_for_restart(struct run *run, uint64_t began_ns)
{
	struct pollfd signals = { .fd = run->signal_fd, .events = POLLIN };
	uint64_t now_ns = ccx_monotonic_ns(), until_ns;
	uint32_t wait_ms = ccx_backoff_next(&run->backoff, (now_ns - began_ns) / 1000000);

	if (wait_ms == CCX_BACKOFF_GIVE_UP) {
		fprintf(stderr, "scx_ccx: %u restarts in a row, the last because of this: %s. Giving up\n",
			run->backoff.restarts, run->restart_reason);
		return CCX_EXIT_FAILED;
	}
	until_ns = now_ns + wait_ms * 1000000ULL;
	while (!run->interrupted && (now_ns = ccx_monotonic_ns()) < until_ns) {
		if (poll(&signals, 1, (until_ns - now_ns) / 1000000 + 1) > 0)
			on_signal(run);
	}
	if (!run->interrupted)
		return -1;
	ccx_notify_send(&run->notify, "STOPPING=1");
	print_stopped(run);
	print_summary(run);
	return CCX_EXIT_DONE;
}

/* A topology that is not this machine's own is read in a child first. */
static bool needs_children(const struct ccx_options *options)
{
	return options->topology && strcmp(options->topology, "host");
}

/* Everything that comes before the first session. The exit code on failure, else -1. */
static int prepare(struct run *run)
{
	struct ccx_metrics_address metrics = { .length = 0 };
	struct ccx_error error;
	int result = CCX_EXIT_FAILED;

	/* what the program will be able to do in the end decides whether it can read its files now */
	ccx_memory_allow();
	if (ccx_privileges_begin(&error))
		goto failed;
	if ((run->options->metrics &&
	     ccx_metrics_parse(run->options->metrics, &metrics, &error)) ||
	    (run->options->rules && ccx_ruling_read(&run->ruling, run->options->rules, &error))) {
		result = CCX_EXIT_USAGE;
		goto failed;
	}
	if (run->options->state_dir) {
		run->state_fd = ccx_report_open(run->options->state_dir, &error);
		if (run->state_fd < 0) {
			result = CCX_EXIT_USAGE;
			goto failed;
		}
	}
	if (ccx_scheduler_check(&error)) {
		result = CCX_EXIT_CANNOT;
		goto failed;
	}
	if (ccx_filter_install(needs_children(run->options), run->options->die != CCX_DIE_RULE,
			       &error))
		fprintf(stderr, "scx_ccx: %s; going on without\n", error.text);
	if (ccx_memory_lock(&error) || open_files(run, &error) ||
	    (run->options->metrics && open_metrics(run, &metrics, &error)))
		goto failed;
	return -1;
failed:
	fprintf(stderr, "scx_ccx: %s\n", error.text);
	return result;
}

int ccx_cmd_run(const struct ccx_options *options)
{
	static struct run run;
	uint64_t began_ns;
	int result;

	run.options = options;
	run.control_fd = run.state_fd = -1;
	verbose = options->verbose;
	libbpf_set_print(print_libbpf);
	result = prepare(&run);
	if (result >= 0)
		return result;
	while (result < 0) {
		began_ns = ccx_monotonic_ns();
		result = run_once(&run);
		if (result < 0)
			result = wait_for_restart(&run, began_ns);
	}
	ccx_session_close(&run.session);
	close_files(&run);
	return result;
}
