// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ccx monitor: asks the running scheduler for its figures every period, as scx_ccx stats does,
 * and shows them. Never waits for it: keys work while it is stopped, and when it is gone it is
 * looked for again until it is back.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "control.h"
#include "monitor_draw.h"

#define SECOND_NS	1000000000ULL
#define PATIENCE_NS	(2 * SECOND_NS) /* without an answer for so long, it does not answer */
#define RETRY_NS	SECOND_NS
#define NEWS_NS		(10 * SECOND_NS)

struct watch {
	struct ccx_monitor monitor;
	struct ccx_screen screen;
	struct ccx_fetch fetch;
	bool fetching;
	uint64_t now_ns;
	uint64_t asked_ns;	/* when the question was put that is not answered yet, or was last */
	uint64_t answered_ns;
	uint64_t next_ns;	/* when to ask again */
	uint64_t news_ns;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void give_up(struct watch *watch, const char *problem)
{
	snprintf(watch->screen.problem, sizeof(watch->screen.problem), "%.255s", problem);
	*watch->screen.news = '\0';
	watch->next_ns = watch->now_ns + RETRY_NS;
	watch->fetching = false;
}

static void tell_news(struct watch *watch)
{
	static const char *const news[] = {
		[CCX_NEWS_PROCESS] = "scx_ccx was started again: figures begin anew",
		[CCX_NEWS_SESSION] = "the scheduler began anew, on a changed topology: so do figures",
	};

	if (!watch->monitor.news)
		return;
	snprintf(watch->screen.news, sizeof(watch->screen.news), "%s", news[watch->monitor.news]);
	watch->news_ns = watch->now_ns;
}

static void take(struct watch *watch, const char *text)
{
	json_t *root = json_loads(text, 0, NULL);

	if (!root || ccx_monitor_take(&watch->monitor, root)) {
		give_up(watch, "The answer of scx_ccx cannot be read: is it another version?");
	} else {
		tell_news(watch);
		*watch->screen.problem = '\0';
		watch->answered_ns = watch->now_ns;
		watch->next_ns = watch->asked_ns + watch->screen.period_s * SECOND_NS;
	}
	json_decref(root);
}

static void ask(struct watch *watch)
{
	struct ccx_error error;

	watch->asked_ns = watch->now_ns;
	if (ccx_fetch_begin(&watch->fetch, false, &error))
		give_up(watch, error.text);
	else
		watch->fetching = true;
}

static void go_on(struct watch *watch)
{
	struct ccx_error error;
	int result = ccx_fetch_more(&watch->fetch, &error);

	if (result == 1) {
		watch->fetching = false;
		take(watch, watch->fetch.text);
	} else if (result < 0) {
		give_up(watch, error.text);
	} else if (watch->now_ns - watch->asked_ns < PATIENCE_NS) {
		return;
	} else {
		give_up(watch, "scx_ccx does not answer: is it stopped?");
	}
	ccx_fetch_end(&watch->fetch);
}

/* Until a key, an answer, or the next thing to do; a second at most, for the age on the screen. */
static void wait_for_something(const struct watch *watch)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = watch->fetching ? watch->fetch.fd : -1, .events = POLLIN },
	};
	uint64_t until_ns = watch->now_ns + SECOND_NS;

	if (!watch->fetching && !watch->screen.paused && watch->next_ns < until_ns)
		until_ns = watch->next_ns;
	if (until_ns > watch->now_ns)
		poll(fds, 2, (until_ns - watch->now_ns) / 1000000 + 1);
}

/* The terminal is gone: nobody presses q any more. */
static bool terminal_gone(void)
{
	struct pollfd fd = { .fd = STDIN_FILENO };

	return poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR | POLLNVAL);
}

static void run(struct watch *watch)
{
	while (!interrupted && !watch->screen.quit && !terminal_gone()) {
		watch->now_ns = ccx_monotonic_ns();
		if (watch->fetching)
			go_on(watch);
		else if (!watch->screen.paused && watch->now_ns >= watch->next_ns)
			ask(watch);
		if (watch->now_ns - watch->news_ns > NEWS_NS)
			*watch->screen.news = '\0';
		watch->screen.age_s = (watch->now_ns - watch->answered_ns) / 1e9;
		ccx_screen_keys(&watch->screen);
		ccx_screen_draw(&watch->screen, &watch->monitor);
		wait_for_something(watch);
	}
}

int ccx_cmd_monitor(const struct ccx_options *options)
{
	static struct watch watch;
	struct sigaction action = { .sa_handler = on_signal };
	struct ccx_error error;
	int err;

	watch.screen.period_s = options->interval_seconds ? options->interval_seconds : 1;
	/* who may not ask never will; who is not there may come */
	err = ccx_fetch_begin(&watch.fetch, false, &error);
	if (!err)
		ccx_fetch_end(&watch.fetch);
	if (err == -EACCES || ccx_screen_open(&watch.screen, &error)) {
		fprintf(stderr, "scx_ccx: %s\n", error.text);
		return err == -EACCES ? CCX_EXIT_FAILED : CCX_EXIT_USAGE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	run(&watch);
	ccx_screen_close();
	if (watch.fetching)
		ccx_fetch_end(&watch.fetch);
	return CCX_EXIT_DONE;
}
