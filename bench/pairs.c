// SPDX-License-Identifier: GPL-2.0-only
/*
 * pairs: cache-sensitive pairs of threads that pass a shared buffer back and forth.
 *
 * What: --count pairs of threads. The holder of a pair's buffer reads and writes every
 * cache line of it (--kib), adds --work-us of work, hands it over and sleeps until it comes back.
 *
 * Why: two tasks that share data should share a cache. Where they do not, every hand-over moves
 * the buffer between caches; on hardware that is time, in the virtual-time lab (no caches)
 * cross_pct tells it.
 *
 * Unit: rounds_per_s over all pairs (a round is two hand-overs); slowest_pct: the slowest pair's
 * rounds, of the mean; cross_pct: hand-overs between CPUs of different cache domains;
 * domain_moves_per_s: how often a thread found itself in another domain than before; round_*:
 * percentiles of a round.
 *
 * Follows: the pipe tests of perf bench with a footprint added, as in papers on cache-aware
 * placement (and schbench's shared-data split).
 */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "machine.h"

#define LINE_BYTES 64

static unsigned int pair_count, kib = 64;
static double work_us = 20, seconds = 2, warmup_s = 0.2;

static const struct bench_opt opts[] = {
    {'n', "count", BENCH_UINT, &pair_count, "N", "pairs; 0: one for each two CPUs"},
    {'k', "kib", BENCH_UINT, &kib, "KIB", "shared buffer of a pair"},
    {0, "work-us", BENCH_REAL, &work_us, "US", "further work of a holder, on a P core"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "pairs",
    .about = "Pairs of threads that pass a shared buffer; reports speed and placement.\n",
    .opts = opts,
};

struct side {
	struct pair *pair;
	struct side *other;
	pthread_t thread;
	bool starts;
	struct bench_event turn;
	uint64_t moves; /* of this thread between domains */
	int domain; /* where it last held the buffer, -1: never; read by the other in its turn */
};

/* The counters belong to whoever holds the buffer. */
struct pair {
	struct side side[2];
	uint64_t *buffer;
	uint64_t handovers, crossings;
	struct bench_hist round;
};

static struct bench_machine machine;
static bool measuring;

static void touch(uint64_t *buffer)
{
	size_t step = LINE_BYTES / sizeof(*buffer), words = (size_t)kib * 1024 / sizeof(*buffer);

	for (size_t i = 0; i < words; i += step)
		((volatile uint64_t *)buffer)[i]++;
}

static void hold(struct side *side)
{
	int cpu = sched_getcpu();
	int domain = cpu >= 0 && (unsigned int)cpu < machine.cpus ? (int)machine.domain[cpu] : 0;

	if (__atomic_load_n(&measuring, __ATOMIC_RELAXED)) {
		side->pair->handovers++;
		side->pair->crossings += side->other->domain >= 0 && side->other->domain != domain;
		side->moves += side->domain >= 0 && side->domain != domain;
	}
	side->domain = domain;
	touch(side->pair->buffer);
	bench_spin(bench_iterations(work_us / 1000));
}

static void *side_main(void *arg)
{
	struct side *side = arg;
	uint64_t last = 0;

	if (side->starts)
		bench_event_post(&side->turn);
	while (bench_running()) {
		bench_event_wait(&side->turn);
		if (side->starts) {
			uint64_t now = bench_now_ns();

			if (last && __atomic_load_n(&measuring, __ATOMIC_RELAXED))
				bench_hist_add(&side->pair->round, now - last);
			last = now;
		}
		hold(side);
		bench_event_post(&side->other->turn);
	}
	return NULL;
}

static void start_pairs(struct pair *pairs)
{
	for (unsigned int i = 0; i < pair_count; i++) {
		pairs[i].buffer = bench_alloc(1, (size_t)kib * 1024 + LINE_BYTES);
		for (int s = 0; s < 2; s++) {
			struct side *side = &pairs[i].side[s];

			side->pair = &pairs[i];
			side->other = &pairs[i].side[!s];
			side->starts = s == 0;
			side->domain = -1;
		}
	}
	for (unsigned int i = 0; i < pair_count; i++)
		for (int s = 0; s < 2; s++)
			pairs[i].side[s].thread = bench_thread(side_main, &pairs[i].side[s]);
}

int main(int argc, char **argv)
{
	struct bench_result result;
	struct bench_hist *round;
	struct pair *pairs;
	uint64_t begin, began, ended;
	double rounds = 0, slowest = INFINITY, handovers = 0, crossings = 0, moves = 0, window_s;

	bench_init(&info, argc, argv);
	bench_machine_read(&machine);
	if (!pair_count)
		pair_count = (bench_cpus() + 1) / 2;
	bench_limit(warmup_s + seconds + 60);
	round = bench_alloc(1, sizeof(*round));
	pairs = bench_alloc(pair_count, sizeof(*pairs));
	start_pairs(pairs);

	begin = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	bench_sleep_until_ns(begin);
	began = bench_now_ns();
	__atomic_store_n(&measuring, true, __ATOMIC_RELAXED);
	bench_sleep_until_ns(begin + (uint64_t)(seconds * 1e9));
	__atomic_store_n(&measuring, false, __ATOMIC_RELAXED);
	ended = bench_now_ns();
	bench_stop();
	for (unsigned int i = 0; i < pair_count; i++) {
		for (int s = 0; s < 2; s++) {
			bench_event_post(&pairs[i].side[s].turn);
			pthread_join(pairs[i].side[s].thread, NULL);
			moves += (double)pairs[i].side[s].moves;
		}
		bench_hist_merge(round, &pairs[i].round);
		rounds += (double)pairs[i].round.count;
		slowest = fmin(slowest, (double)pairs[i].round.count);
		handovers += (double)pairs[i].handovers;
		crossings += (double)pairs[i].crossings;
		free(pairs[i].buffer);
	}
	window_s = (double)(ended - began) / 1e9;

	result = bench_result_new();
	bench_metric(&result, "rounds_per_s", window_s > 0 ? rounds / window_s : 0, 0, "/s");
	bench_metric(&result, "slowest_pct", rounds > 0 ? 100 * slowest * pair_count / rounds : 0,
		     1, "%");
	bench_metric(&result, "cross_pct", handovers > 0 ? 100 * crossings / handovers : 0, 2, "%");
	bench_metric(&result, "domain_moves_per_s", window_s > 0 ? moves / window_s : 0, 1, "/s");
	bench_metric_latency(&result, "round", round);
	bench_detail(&result, "domains", json_integer(machine.domains));
	free(pairs);
	free(round);
	return bench_report(&result);
}
