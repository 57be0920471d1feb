// SPDX-License-Identifier: GPL-2.0-only
/*
 * messaging: groups of senders and receivers that send each other many small messages.
 *
 * What: -g groups, each of -f senders and -f receivers. Every sender writes -l messages of -s
 * bytes to each receiver of its group, through a socket pair per receiver (-p: a pipe) that all
 * senders share. All are processes (-T: threads). The clock runs from the moment when all are
 * ready to the last end.
 *
 * Why: thousands of wake-ups with almost no work: the scheduler's own cost, and its queues when
 * far more tasks can run than there are CPUs.
 *
 * Unit: seconds (lower is better); messages_per_s.
 *
 * Follows: hackbench (rt-tests) and `perf bench sched messaging`; -g -f -l -s -T -p mean the same
 * there, with the same defaults but -g 4 -l 400. The runner uses the real hackbench too; this one
 * exists where that is missing, and ends cleanly when stopped.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

static unsigned int groups = 4, fan = 20, loops = 400, size = 100;
static bool use_threads, use_pipes;
static double limit_s = 120;

static const struct bench_opt opts[] = {
    {'g', "groups", BENCH_UINT, &groups, "N", "groups"},
    {'f', "fds", BENCH_UINT, &fan, "N", "senders, and receivers, of a group"},
    {'l', "loops", BENCH_UINT, &loops, "N", "messages from each sender to each receiver"},
    {'s', "datasize", BENCH_UINT, &size, "BYTES", "size of a message"},
    {'T', "threads", BENCH_FLAG, &use_threads, NULL, "threads, not processes"},
    {'p', "pipe", BENCH_FLAG, &use_pipes, NULL, "pipes, not socket pairs"},
    {0, "limit", BENCH_REAL, &limit_s, "S", "give up after this long"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "messaging",
    .about = "Groups of senders and receivers with the semantics of hackbench.\n",
    .opts = opts,
};

struct member {
	unsigned int group, index;
	bool sends;
	pthread_t thread;
	int pid;
};

/* Shared by all members. */
struct start {
	uint32_t ready, ended;
	struct bench_event all_ready, all_ended;
	uint32_t failed;
};

static struct start *start;
static struct member *members;
static unsigned int member_count;
static int go[2];      /* closing it starts everybody */
static int (*ends)[2]; /* of each receiver: to read from, to write to */

static bool transfer(int fd, char *buffer, bool write_it)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write_it ? write(fd, buffer + done, size - done)
				     : read(fd, buffer + done, size - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

static void member_body(const struct member *member)
{
	int(*mine)[2] = ends + (size_t)member->group * fan;
	char *buffer = bench_alloc(1, size), byte;
	bool good = true;

	if (__atomic_add_fetch(&start->ready, 1, __ATOMIC_ACQ_REL) == member_count)
		bench_event_post(&start->all_ready);
	while (read(go[0], &byte, 1) < 0 && errno == EINTR)
		;
	if (member->sends) {
		for (unsigned int i = 0; i < loops && good; i++)
			for (unsigned int to = 0; to < fan && good; to++)
				good = transfer(mine[to][1], buffer, true);
	} else {
		for (uint64_t left = (uint64_t)loops * fan; left && good; left--)
			good = transfer(mine[member->index][0], buffer, false);
	}
	if (!good)
		__atomic_store_n(&start->failed, 1, __ATOMIC_RELAXED);
	free(buffer);
	if (__atomic_add_fetch(&start->ended, 1, __ATOMIC_ACQ_REL) == member_count)
		bench_event_post(&start->all_ended);
}

static void *member_thread(void *arg)
{
	member_body(arg);
	return NULL;
}

static void open_ends(void)
{
	ends = bench_alloc((size_t)groups * fan, sizeof(*ends));
	for (unsigned int i = 0; i < groups * fan; i++)
		if (use_pipes ? pipe(ends[i]) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]))
			bench_fail("cannot open %s %u", use_pipes ? "pipe" : "socket pair", i);
	if (pipe(go))
		bench_fail("cannot open a pipe");
}

static void start_member(struct member *member)
{
	int pid;

	if (use_threads) {
		member->thread = bench_thread(member_thread, member);
		return;
	}
	pid = bench_fork();
	if (pid == 0) {
		/* else its own copy would keep it from seeing that main closed it */
		close(go[1]);
		member_body(member);
		_exit(0);
	}
	member->pid = pid;
}

static void start_members(void)
{
	member_count = groups * fan * 2;
	members = bench_alloc(member_count, sizeof(*members));
	for (unsigned int i = 0; i < member_count; i++) {
		members[i].group = i / (fan * 2);
		members[i].index = i % fan;
		members[i].sends = i / fan % 2;
		start_member(&members[i]);
	}
}

/* False when the run was told to stop first. */
static bool wait_for_members(void)
{
	if (use_threads)
		return bench_event_wait(&start->all_ended);
	for (unsigned int i = 0; i < member_count; i++) {
		int status;

		while (waitpid(members[i].pid, &status, 0) < 0)
			if (errno != EINTR || !bench_running())
				return false;
		members[i].pid = 0;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct bench_result result;
	uint64_t began, took;
	bool whole;

	bench_init(&info, argc, argv);
	if (!groups || !fan || !size)
		bench_usage("-g, -f and -s must be above 0");
	bench_limit(limit_s);
	start = bench_shared(sizeof(*start));
	start->all_ready.shared = start->all_ended.shared = 1;
	open_ends();
	start_members();
	if (!bench_event_wait(&start->all_ready))
		bench_fail("stopped before all tasks were ready");

	began = bench_now_ns();
	close(go[1]);
	whole = wait_for_members() && !start->failed;
	took = bench_now_ns() - began;
	for (unsigned int i = 0; i < member_count; i++)
		if (members[i].pid > 0)
			kill(members[i].pid, SIGKILL);

	result = bench_result_new();
	/*
	 * Threads are not joined: some may be blocked for ever, and leaving main ends them.
	 * A part of the messages in a part of the time says nothing: no number then.
	 */
	if (whole) {
		double count = (double)groups * fan * fan * loops;

		bench_metric(&result, "seconds", (double)took / 1e9, 4, "s");
		bench_metric(&result, "messages_per_s", count / ((double)took / 1e9), 0, "/s");
	}
	bench_detail(&result, "tasks", json_integer(member_count));
	return bench_report(&result);
}
