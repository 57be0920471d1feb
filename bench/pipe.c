// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipe: two tasks hand a word back and forth.
 *
 * What: --pairs pairs of processes (-T: threads), each with two pipes. One writes a word and waits
 * for the answer, the other waits and answers; -l round trips, or --seconds of them if -l is 0.
 *
 * Why: the bare cost of sleeping, waking and switching, and whether waker and wakee are put where
 * handing over is cheap. With one pair the machine is idle otherwise: all that is seen is the
 * scheduler.
 *
 * Unit: usecs_per_op: microseconds for a round trip (two wake-ups, two switches), as perf counts
 * it; ops_per_s over all pairs; round_*: percentiles of single round trips.
 *
 * Follows: `perf bench sched pipe` (there -l 1000000, one pair; -T means the same).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

static unsigned int pairs = 1, loops;
static double seconds = 1, warmup_s = 0.1;
static bool use_threads;

static const struct bench_opt opts[] = {
    {'l', "loop", BENCH_UINT, &loops, "N", "round trips of each pair; 0: as many as fit"},
    {'n', "pairs", BENCH_UINT, &pairs, "N", "pairs side by side"},
    {'T', "threads", BENCH_FLAG, &use_threads, NULL, "threads, not processes"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure, if -l is 0"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "pipe",
    .about = "Round trips over two pipes with the semantics of perf bench sched pipe.\n",
    .opts = opts,
};

/* In shared memory; the times are the asker's. */
struct pair {
	int to[2], from[2];
	uint64_t rounds, spent_ns;
	struct bench_hist round;
	struct task {
		struct pair *pair;
		bool asks;
		pthread_t thread;
		int pid;
	} task[2];
} __attribute__((aligned(64)));

static struct pair *all;
static uint64_t begin_ns, end_ns;

static bool put_word(int fd)
{
	int word = 0;

	return write(fd, &word, sizeof(word)) == sizeof(word);
}

static bool get_word(int fd)
{
	int word;
	ssize_t n;

	do {
		n = read(fd, &word, sizeof(word));
	} while (n < 0 && errno == EINTR && bench_running());
	return n == sizeof(word);
}

static void ask(struct pair *pair)
{
	uint64_t start = bench_now_ns();

	while (bench_running() && (loops ? pair->rounds < loops : start < end_ns)) {
		uint64_t now;

		if (!put_word(pair->to[1]) || !get_word(pair->from[0]))
			break;
		now = bench_now_ns();
		if (start >= begin_ns) {
			bench_hist_add(&pair->round, now - start);
			pair->spent_ns += now - start;
			pair->rounds++;
		}
		start = now;
	}
}

static void answer(struct pair *pair)
{
	while (get_word(pair->to[0]) && put_word(pair->from[1]))
		;
}

static void *task_main(void *arg)
{
	struct task *task = arg;

	if (task->asks)
		ask(task->pair);
	else
		answer(task->pair);
	return NULL;
}

static void start_task(struct task *task)
{
	int pid;

	if (use_threads) {
		task->thread = bench_thread(task_main, task);
		return;
	}
	pid = bench_fork();
	if (pid == 0) {
		task_main(task);
		_exit(0);
	}
	task->pid = pid;
}

static void wait_task(const struct task *task)
{
	int status;

	if (use_threads)
		pthread_join(task->thread, NULL);
	else
		while (waitpid(task->pid, &status, 0) < 0 && errno == EINTR && bench_running())
			;
}

/* The one that answers waits for ever: it ends with its process, or with an end-of-file as a
 * thread. */
static void end_task(const struct task *task)
{
	if (use_threads) {
		close(task->pair->to[1]);
		pthread_join(task->thread, NULL);
	} else {
		kill(task->pid, SIGKILL);
	}
}

int main(int argc, char **argv)
{
	struct bench_result result;
	struct bench_hist *round;
	double spent_s = 0, ops_per_s = 0, rounds = 0;

	bench_init(&info, argc, argv);
	if (!pairs)
		bench_usage("--pairs must be above 0");
	bench_limit((loops ? 300 : warmup_s + seconds) + 60);
	round = bench_alloc(1, sizeof(*round));
	all = bench_shared(pairs * sizeof(*all));
	begin_ns = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	end_ns = begin_ns + (uint64_t)(seconds * 1e9);
	for (unsigned int i = 0; i < pairs; i++) {
		if (pipe(all[i].to) || pipe(all[i].from))
			bench_fail("cannot open pipe %u", i);
		for (int side = 0; side < 2; side++) {
			all[i].task[side].pair = &all[i];
			all[i].task[side].asks = side == 0;
			start_task(&all[i].task[side]);
		}
	}
	for (unsigned int i = 0; i < pairs; i++)
		wait_task(&all[i].task[0]);
	for (unsigned int i = 0; i < pairs; i++) {
		end_task(&all[i].task[1]);
		bench_hist_merge(round, &all[i].round);
		rounds += (double)all[i].rounds;
		spent_s += (double)all[i].spent_ns / 1e9;
		if (all[i].spent_ns)
			ops_per_s += (double)all[i].rounds / ((double)all[i].spent_ns / 1e9);
	}

	result = bench_result_new();
	bench_metric(&result, "usecs_per_op", rounds > 0 ? spent_s * 1e6 / rounds : 0, 2, "us");
	bench_metric(&result, "ops_per_s", ops_per_s, 0, "/s");
	bench_metric_latency(&result, "round", round);
	bench_detail(&result, "rounds", json_integer((json_int_t)rounds));
	free(round);
	return bench_report(&result);
}
