// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "clock.h"
#include "commands.h"
#include "filter.h"
#include "memory.h"
#include "privileges.h"
#include "report.h"
#include "serve.h"
#include "stats_text.h"
#include "summary.h"

/* enum scx_exit_kind and scx_exit_code of the kernel, the values of all versions */
#define EXIT_UNREG		64
#define EXIT_SYSRQ		67
#define EXIT_ERROR		1024
#define ECODE_ACT_RESTART	(1LL << 48)

static bool verbose;

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG || !verbose)
		return 0;
	return vfprintf(stderr, format, arguments);
}

static void print_stopped(const struct ccx_run *run)
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
static void print_summary(const struct ccx_run *run)
{
	if (run->sessions)
		ccx_summary_end(stdout, &run->stats, ccx_monotonic_ns() - run->began_ns,
				run->sessions);
}

/* Who has set a limit expects it to be kept. */
static void warn_of_limits(const struct ccx_run *run)
{
	int64_t cgroups = run->session.scheduler.state->limited_cgroups;

	if (cgroups > 0)
		fprintf(stderr,
			"scx_ccx: %lld cgroup%s a CPU limit (cpu.max), which is not honoured\n",
			(long long)cgroups, cgroups == 1 ? " has" : "s have");
}

/* Another session is to follow; says why. */
static int start_again(struct ccx_run *run, const char *reason, const char *where)
{
	snprintf(run->restart_reason, sizeof(run->restart_reason), "%s", reason);
	printf("scx_ccx: %s: starting again%s.\n", reason, where);
	fflush(stdout);
	return -1;
}

static void save_report(const struct ccx_run *run, const struct ccx_exit *exit)
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
static int print_end(struct ccx_run *run, const struct ccx_exit *exit)
{
	if (run->ranking_changed && !run->interrupted)
		return start_again(run, "the firmware prefers other cores now", "");
	if (run->interrupted || exit->kind == EXIT_UNREG) {
		print_stopped(run);
		return CCX_EXIT_DONE;
	}
	if (exit->code & ECODE_ACT_RESTART)
		return start_again(run, *exit->message ? exit->message : exit->reason,
				   " on the new topology");
	fprintf(stderr, "scx_ccx: the kernel ended the scheduler: %s%s%s (kind %u, code %lld)\n",
		exit->reason, *exit->message ? ": " : "", exit->message, exit->kind,
		(long long)exit->code);
	if (exit->kind >= EXIT_ERROR && *exit->dump)
		fprintf(stderr, "%s\n", exit->dump);
	save_report(run, exit);
	/* somebody wants it off: a service manager must not bring it back */
	return exit->kind == EXIT_SYSRQ ? CCX_EXIT_DONE : CCX_EXIT_FAILED;
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

/* Says that it does, and serves clients until the session is to end. */
static void schedule(struct ccx_run *run)
{
	ccx_serve_listen(run);
	ccx_summary_start(stdout, run->session.topology, run->options, &run->ruling,
			  run->session.dispatchers);
	if (run->options->verbose)
		ccx_counters_say(stdout, &run->session.scheduler.counters);
	warn_of_limits(run);
	ccx_serve(run);
	if (run->interrupted)
		ccx_notify_send(&run->notify, "STOPPING=1");
}

/* One session. The exit code, or -1 to start anew. */
static int run_once(struct ccx_run *run)
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
	if (!run->sessions++)
		run->began_ns = run->session.started_ns;
	/* set already: attaching failed at last, in what the kernel does after it has said that it did not */
	if (!run->session.scheduler.exit->kind)
		schedule(run);
	ccx_serve_read_stats(run);
	ccx_session_end(&run->session, &exit);
	result = print_end(run, &exit);
	if (result >= 0)
		print_summary(run);
	if (run->options->stats_seconds || run->options->verbose)
		ccx_stats_print(stdout, NULL, &run->stats);
	return result;
}

/* Waits before the next session. The exit code if there is to be none, else -1. */
static int wait_for_restart(struct ccx_run *run, uint64_t began_ns)
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
			ccx_serve_signals(run);
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
static int prepare(struct ccx_run *run)
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
	if (ccx_memory_lock(&error) || ccx_serve_open(run, &error) ||
	    (run->options->metrics && ccx_serve_metrics(run, &metrics, &error)))
		goto failed;
	return -1;
failed:
	fprintf(stderr, "scx_ccx: %s\n", error.text);
	return result;
}

int ccx_cmd_run(const struct ccx_options *options)
{
	static struct ccx_run run;
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
	ccx_serve_close(&run);
	return result;
}
