// SPDX-License-Identifier: GPL-2.0-only
/*
 * audio: a periodic task that must deliver every few milliseconds.
 *
 * What: every --period-ms a task wakes on a timer and works --work-ms: it fills a sound card's
 * next buffer. The buffer must be ready when the period ends; if it is not, that is an xrun, heard
 * as a crackle. After an xrun the stream starts again at the present time, as ALSA's does after
 * recovery. --streams runs several, phases spread over the period.
 *
 * Why: the smallest deadline most people own, and no display hides it.
 *
 * Unit: xruns (count) and xrun_pct of the periods; wake_*: microseconds from the timer's time to
 * the task's first instruction; ready_*: from there to the end of the work. Work in P-core
 * milliseconds.
 *
 * Follows: cyclictest's loop with real work in it; the default is 256 frames at 48 kHz (5.3 ms)
 * rounded to 5 ms with a load of 26 %, as in the reports of crackling that scheduler authors get.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

static double period_ms = 5, work_ms = 1.3, seconds = 2, warmup_s = 0.2;
static unsigned int stream_count = 1;

static const struct bench_opt opts[] = {
    {'p', "period-ms", BENCH_REAL, &period_ms, "MS", "length of a buffer"},
    {0, "work-ms", BENCH_REAL, &work_ms, "MS", "work to fill it"},
    {'n', "streams", BENCH_UINT, &stream_count, "N", "independent streams"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "audio",
    .about = "A task that works 1.3 ms every 5 ms; reports missed buffers and latencies.\n",
    .opts = opts,
};

struct stream {
	pthread_t thread;
	uint64_t first_ns; /* when its first period starts */
	uint64_t xruns;
	struct bench_hist wake, ready;
};

static uint64_t measure_from_ns, end_ns;

static void *stream_main(void *arg)
{
	struct stream *stream = arg;
	uint64_t period = (uint64_t)(period_ms * 1e6), next = stream->first_ns;
	uint64_t work = bench_iterations(work_ms);

	while (next < end_ns && bench_sleep_until_ns(next)) {
		uint64_t woke = bench_now_ns(), done;

		bench_spin(work);
		done = bench_now_ns();
		if (next >= measure_from_ns) {
			bench_hist_add(&stream->wake, woke - next);
			bench_hist_add(&stream->ready, done - next);
			stream->xruns += done - next > period;
		}
		next += period;
		if (done > next)
			next = done;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct bench_hist *wake, *ready;
	struct bench_result result;
	struct stream *streams;
	uint64_t start, xruns = 0;

	bench_init(&info, argc, argv);
	if (period_ms <= 0 || !stream_count)
		bench_usage("--period-ms and --streams must be above 0");
	bench_exact_timers();
	bench_limit(warmup_s + seconds + 60);
	streams = bench_alloc(stream_count, sizeof(*streams));
	wake = bench_alloc(1, sizeof(*wake));
	ready = bench_alloc(1, sizeof(*ready));

	start = bench_now_ns();
	measure_from_ns = start + (uint64_t)(warmup_s * 1e9);
	end_ns = measure_from_ns + (uint64_t)(seconds * 1e9);
	for (unsigned int i = 0; i < stream_count; i++) {
		streams[i].first_ns = start + (uint64_t)(period_ms * 1e6 * i / stream_count);
		streams[i].thread = bench_thread(stream_main, &streams[i]);
	}
	/* so that a signal ends it at once: main is the thread that gets signals */
	bench_sleep_until_ns(end_ns);
	for (unsigned int i = 0; i < stream_count; i++) {
		pthread_join(streams[i].thread, NULL);
		bench_hist_merge(wake, &streams[i].wake);
		bench_hist_merge(ready, &streams[i].ready);
		xruns += streams[i].xruns;
	}

	result = bench_result_new();
	bench_metric(&result, "xruns", (double)xruns, 0, "");
	bench_metric(&result, "xrun_pct",
		     ready->count ? 100.0 * (double)xruns / (double)ready->count : 0, 2, "%");
	bench_metric_latency(&result, "wake", wake);
	bench_metric_latency(&result, "ready", ready);
	bench_detail(&result, "periods", json_integer((json_int_t)ready->count));
	free(streams);
	free(wake);
	free(ready);
	return bench_report(&result);
}
