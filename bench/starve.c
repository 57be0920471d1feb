// SPDX-License-Identifier: GPL-2.0-only
/*
 * starve: the longest time any task has to wait.
 *
 * What: --sleepers threads sleep --sleep-ms and work --work-ms, over and over; --spinners threads
 * never sleep. A sleeper's wait is the time from the end of its sleep until it runs; a spinner's
 * is any gap between two looks at the clock, a few microseconds of its own work apart.
 *
 * Why: a scheduler that loses a task, or whose user-space part hangs, shows up here first and
 * worst. Run it while the scheduler is stopped, killed or restarted. A wait that has not ended
 * when the run ends counts with its length so far.
 *
 * Unit: milliseconds. sleeper_max_ms and spinner_max_ms are the longest waits of all threads.
 *
 * Follows: the project's rescue measurement (16 sleepers, 16 spinners on 8 CPUs); the idea of
 * cyclictest, applied to tasks without real-time priority and to tasks that never sleep.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

#define LOOK_MS 0.005 /* a spinner looks at the clock after this much work */

static unsigned int sleepers = 16, spinners = 16;
static double sleep_ms = 5, work_ms = 0.05, seconds = 2, warmup_s = 0.2;

static const struct bench_opt opts[] = {
    {0, "sleepers", BENCH_UINT, &sleepers, "N", "threads that sleep and wake"},
    {0, "spinners", BENCH_UINT, &spinners, "N", "threads that never sleep"},
    {0, "sleep-ms", BENCH_REAL, &sleep_ms, "MS", "how long a sleeper sleeps"},
    {0, "work-ms", BENCH_REAL, &work_ms, "MS", "what a sleeper works after each sleep"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "starve",
    .about = "Threads that sleep and threads that spin; reports the longest wait of each sort.\n",
    .opts = opts,
};

/* Written by its thread; due_ns is read by main while the thread may be waiting. */
struct task {
	pthread_t thread;
	uint64_t due_ns; /* since when the task could run, or last ran */
	struct bench_hist waits;
};

static struct task *tasks;
static bool measuring;

static void note_wait(struct task *task, uint64_t from_ns, uint64_t now_ns)
{
	/* a wait that began in the warm-up and ended after it counts: that is what it is all about
	 */
	if (__atomic_load_n(&measuring, __ATOMIC_RELAXED))
		bench_hist_add(&task->waits, now_ns > from_ns ? now_ns - from_ns : 0);
}

static void *sleeper(void *arg)
{
	struct task *task = arg;
	uint64_t work = bench_iterations(work_ms);

	while (bench_running()) {
		uint64_t due = bench_now_ns() + (uint64_t)(sleep_ms * 1e6);

		__atomic_store_n(&task->due_ns, due, __ATOMIC_RELAXED);
		bench_sleep_until_ns(due);
		note_wait(task, due, bench_now_ns());
		bench_spin(work);
	}
	return NULL;
}

static void *spinner(void *arg)
{
	struct task *task = arg;
	uint64_t work = bench_iterations(LOOK_MS), last = bench_now_ns();

	while (bench_running()) {
		uint64_t now;

		bench_spin(work);
		now = bench_now_ns();
		note_wait(task, last, now);
		__atomic_store_n(&task->due_ns, now, __ATOMIC_RELAXED);
		last = now;
	}
	return NULL;
}

/* The longest wait of tasks first..first+n, merged into all; unfinished waits count up to now. */
static double longest_ms(unsigned int first, unsigned int n, uint64_t now, struct bench_hist *all)
{
	for (unsigned int i = first; i < first + n; i++) {
		uint64_t due = __atomic_load_n(&tasks[i].due_ns, __ATOMIC_RELAXED);

		bench_hist_merge(all, &tasks[i].waits);
		if (due && now > due && now - due > all->max)
			all->max = now - due;
	}
	return (double)all->max / 1e6;
}

int main(int argc, char **argv)
{
	struct bench_hist *slept, *spun;
	struct bench_result result;
	uint64_t begin, ended;
	double sleeper_ms, spinner_ms;

	bench_init(&info, argc, argv);
	bench_exact_timers();
	tasks = bench_alloc(sleepers + spinners, sizeof(*tasks));
	slept = bench_alloc(1, sizeof(*slept));
	spun = bench_alloc(1, sizeof(*spun));
	bench_limit(warmup_s + seconds + 60);
	for (unsigned int i = 0; i < sleepers + spinners; i++)
		tasks[i].thread = bench_thread(i < sleepers ? sleeper : spinner, &tasks[i]);

	begin = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	bench_sleep_until_ns(begin);
	__atomic_store_n(&measuring, true, __ATOMIC_RELAXED);
	bench_sleep_until_ns(begin + (uint64_t)(seconds * 1e9));
	/* read before the threads are told to end: a starved one would take its time to */
	ended = bench_now_ns();
	sleeper_ms = longest_ms(0, sleepers, ended, slept);
	spinner_ms = longest_ms(sleepers, spinners, ended, spun);
	bench_stop();

	result = bench_result_new();
	bench_metric(&result, "sleeper_max_ms", sleeper_ms, 2, "ms");
	bench_metric(&result, "spinner_max_ms", spinner_ms, 2, "ms");
	bench_metric(&result, "sleeper_p50_us", (double)bench_hist_percentile(slept, 50) / 1e3, 1,
		     "us");
	bench_metric(&result, "sleeper_p99_us", (double)bench_hist_percentile(slept, 99) / 1e3, 1,
		     "us");
	bench_detail(&result, "sleeps", json_integer((json_int_t)slept->count));
	bench_detail(&result, "late_ms", json_real((double)(ended - begin) / 1e6 - seconds * 1e3));
	/* no join: report even if a thread is stuck; leaving main ends them all */
	return bench_report(&result);
}
