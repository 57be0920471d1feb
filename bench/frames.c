// SPDX-License-Identifier: GPL-2.0-only
/*
 * frames: a game-like loop of dependent threads at a fixed rate.
 *
 * What: every period (60 Hz) the main thread works --head-ms, wakes --helpers threads that work
 * --helper-ms each at the same time, waits for all of them, and works --tail-ms. A frame that ends
 * after its period starts the next one at once; time lost is not made up for, as a display that
 * waits for the next frame does not make up for it either.
 *
 * Why: this is what people notice first when a machine is loaded. One helper that waits for a CPU
 * delays the whole frame, so the loop shows both wake-up latency and the choice of core.
 *
 * Unit: work in P-core milliseconds, times in milliseconds. fps: finished frames a second.
 * on_time_pct: frames that took at most one period, of all frames.
 *
 * Follows: the games beside a build that scheduler authors publish (scx_rustland's Terraria beside
 * `make -j32`, scx_rusty's frame rates under stress-ng), reduced to what repeats. The defaults are
 * the project's reference scenario: alone on a P core a frame takes 5.4 ms.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

static double rate_hz = 60, head_ms = 1.8, helper_ms = 1.8, tail_ms = 1.8;
static double seconds = 2, warmup_s = 0.2;
static unsigned int helpers = 3;
static bool raw;

static const struct bench_opt opts[] = {
    {'r', "rate", BENCH_REAL, &rate_hz, "HZ", "frames a second to aim for"},
    {0, "head-ms", BENCH_REAL, &head_ms, "MS", "main thread's work before the helpers"},
    {0, "helpers", BENCH_UINT, &helpers, "N", "helper threads, 0 for a single-threaded loop"},
    {0, "helper-ms", BENCH_REAL, &helper_ms, "MS", "work of each helper"},
    {0, "tail-ms", BENCH_REAL, &tail_ms, "MS", "main thread's work after the helpers"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, "raw", BENCH_FLAG, &raw, NULL, "put every frame's time into the JSON detail"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "frames",
    .about = "A 60 Hz loop of dependent threads; reports the frame rate and frame times.\n"
	     "Work is in milliseconds of the fastest core.\n",
    .opts = opts,
};

struct helper {
	pthread_t thread;
	struct bench_event start;
};

static struct helper *team;
static struct bench_event all_done;
static unsigned int unfinished;

static void *helper_main(void *arg)
{
	struct helper *self = arg;
	uint64_t work = bench_iterations(helper_ms);

	for (;;) {
		bench_event_wait(&self->start);
		if (!bench_running())
			return NULL;
		bench_spin(work);
		if (__atomic_sub_fetch(&unfinished, 1, __ATOMIC_ACQ_REL) == 0)
			bench_event_post(&all_done);
	}
}

static void frame(void)
{
	bench_spin(bench_iterations(head_ms));
	if (helpers) {
		__atomic_store_n(&unfinished, helpers, __ATOMIC_RELEASE);
		for (unsigned int i = 0; i < helpers; i++)
			bench_event_post(&team[i].start);
		bench_event_wait(&all_done);
	}
	bench_spin(bench_iterations(tail_ms));
}

struct outcome {
	struct bench_hist times;
	uint64_t on_time, began_ns, ended_ns;
	json_t *list;
};

static void measure(struct outcome *outcome)
{
	uint64_t period_ns = (uint64_t)(1e9 / rate_hz);
	uint64_t now = bench_now_ns(), next = now;
	uint64_t begin = now + (uint64_t)(warmup_s * 1e9);
	uint64_t end = begin + (uint64_t)(seconds * 1e9);

	/* the window is whole frames: from the start of the first to the start of the one not run
	 */
	for (;;) {
		uint64_t took;

		if (!bench_sleep_until_ns(next))
			break;
		now = bench_now_ns();
		if (now >= end)
			break;
		if (now >= begin && !outcome->began_ns)
			outcome->began_ns = next > begin ? next : now;
		frame();
		took = bench_now_ns() - next;
		if (outcome->began_ns) {
			bench_hist_add(&outcome->times, took);
			outcome->on_time += took <= period_ns;
			if (raw)
				json_array_append_new(outcome->list, json_real((double)took / 1e6));
		}
		next += period_ns > took ? period_ns : took;
	}
	outcome->ended_ns = next;
}

static double ms(const struct bench_hist *hist, double percent)
{
	return (double)bench_hist_percentile(hist, percent) / 1e6;
}

int main(int argc, char **argv)
{
	struct bench_result result;
	struct outcome *outcome;
	double count, window_s;

	bench_init(&info, argc, argv);
	if (rate_hz <= 0)
		bench_usage("--rate must be above 0");
	outcome = bench_alloc(1, sizeof(*outcome));
	outcome->list = json_array();
	bench_exact_timers();
	team = bench_alloc(helpers, sizeof(*team));
	for (unsigned int i = 0; i < helpers; i++)
		team[i].thread = bench_thread(helper_main, &team[i]);
	bench_limit(warmup_s + seconds + 60);

	measure(outcome);

	bench_stop();
	for (unsigned int i = 0; i < helpers; i++)
		bench_event_post(&team[i].start);
	for (unsigned int i = 0; i < helpers; i++)
		pthread_join(team[i].thread, NULL);

	count = (double)outcome->times.count;
	window_s = outcome->began_ns ? (double)(outcome->ended_ns - outcome->began_ns) / 1e9 : 0;
	result = bench_result_new();
	bench_metric(&result, "fps", window_s > 0 ? count / window_s : 0, 1, "");
	bench_metric(&result, "on_time_pct", count ? 100 * (double)outcome->on_time / count : 0, 1,
		     "%");
	bench_metric(&result, "frame_p50_ms", ms(&outcome->times, 50), 1, "ms");
	bench_metric(&result, "frame_p99_ms", ms(&outcome->times, 99), 1, "ms");
	bench_metric(&result, "frame_max_ms", ms(&outcome->times, 100), 1, "ms");
	bench_detail(&result, "frames", json_integer((json_int_t)outcome->times.count));
	bench_detail(&result, "window_s", json_real(window_s));
	if (raw)
		bench_detail(&result, "frame_ms", outcome->list);
	else
		json_decref(outcome->list);
	free(team);
	free(outcome);
	return bench_report(&result);
}
