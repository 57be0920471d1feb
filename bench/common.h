/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark programs share: options, calibrated work, time, threads, percentiles, output.
 *
 * Units. Work is given in "P-core milliseconds": what the fastest core does in a millisecond when
 * nothing disturbs it. A slow core needs longer for the same work, so results compare across core
 * kinds. One P-core millisecond is a number of loop iterations (two instructions each); it comes
 * from, in this order: --mips N, the environment's BENCH_MIPS, the virtual-time lab (recognised by
 * "vtseed=" on the kernel's command line: exactly 1000 million instructions a second), or a
 * calibration on every allowed CPU at start. When schedulers are compared on real hardware the
 * runner calibrates once, before any load, and passes BENCH_MIPS to every run.
 *
 * Ending. Every program ends by itself: after its --seconds, on SIGINT or SIGTERM (with the
 * results so far and "complete": false), and at the latest at the limit given to bench_limit().
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define BENCH_NS_PER_MS 1000000ULL
#define BENCH_NS_PER_S	1000000000ULL

/* ---- options ------------------------------------------------------------------------------- */

enum bench_opt_type {
	BENCH_FLAG,   /* bool */
	BENCH_UINT,   /* unsigned int */
	BENCH_REAL,   /* double */
	BENCH_STRING, /* const char * */
};

/* One table row drives parsing, --help and the "params" object of the JSON output. */
struct bench_opt {
	char key; /* short form, or 0 */
	const char *name;
	enum bench_opt_type type;
	void *value;
	const char *arg; /* what --help calls the argument */
	const char *help;
};

struct bench_info {
	const char *name;
	const char *about;	      /* one or more full lines, shown by --help */
	const struct bench_opt *opts; /* ends with a row whose name is NULL */
	bool takes_command;	      /* operands are allowed: see bench_operands */
};

/* What followed the options, NULL-terminated. */
extern char **bench_operands;

/*
 * Parse options (exits with 0 for --help, 2 for bad usage), install the signal handlers, find out
 * what a P-core millisecond is. Call first, before any thread exists.
 */
void bench_init(const struct bench_info *info, int argc, char **argv);

/* Exit with 2 and a message: a bad option value. */
void bench_usage(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Exit with 1 and a message; adds strerror(errno) when errno is not 0. */
void bench_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* ---- time and stopping --------------------------------------------------------------------- */

uint64_t bench_now_ns(void);
/* Absolute CLOCK_MONOTONIC sleep; returns early, with false, when the run was told to stop. */
bool bench_sleep_until_ns(uint64_t when_ns);
/* Sleeps are exact instead of up to 50 us late; for the calling thread and those it makes later. */
void bench_exact_timers(void);

/* False once the run must end. Cheap: one relaxed load. */
bool bench_running(void);
/* End the run normally. Async-signal-safe. */
void bench_stop(void);
/* True when a signal or the limit ended the run before its time. */
bool bench_interrupted(void);
/* After this many seconds the run is stopped, 5 s later the process is killed. */
void bench_limit(double seconds);

/* ---- work ---------------------------------------------------------------------------------- */

/* Loop iterations of bench_spin() in one P-core millisecond. */
double bench_iterations_per_ms(void);
/* Iterations for so many P-core milliseconds. */
uint64_t bench_iterations(double p_core_ms);
/* Run n iterations of two instructions without touching memory. */
void bench_spin(uint64_t n);
/* Online CPUs this process may use, at least 1. */
unsigned int bench_cpus(void);

/* Deterministic random numbers (splitmix64): the same seed, the same series on every machine. */
uint64_t bench_random(uint64_t *state);
/* Uniform in (0, 1]. */
double bench_random_unit(uint64_t *state);

/* ---- threads and processes ----------------------------------------------------------------- */

/* Start a thread with SIGINT, SIGTERM and SIGALRM blocked, so that main gets them. Exits on
 * failure. */
pthread_t bench_thread(void *(*body)(void *), void *arg);
/* fork(); the child dies with its parent and has the default signal actions. Exits on failure. */
int bench_fork(void);
/* Zeroed memory that forked children share. */
void *bench_shared(size_t bytes);
/* Zeroed private memory; exits when there is none. */
void *bench_alloc(size_t count, size_t bytes);

/*
 * A futex that holds one wake-up: a post to a set event is kept, not counted, and costs no system
 * call. All zero is a valid, cleared event between threads; for use between processes it must lie
 * in shared memory and have shared set.
 */
struct bench_event {
	uint32_t set;
	uint32_t shared;
};
/*
 * Sleep until posted, then clear. One waiter at a time. False, without a post, when a signal ended
 * the run meanwhile: only main sees that, as only main gets signals.
 */
bool bench_event_wait(struct bench_event *event);
void bench_event_post(struct bench_event *event);

/* ---- percentiles --------------------------------------------------------------------------- */

#define BENCH_HIST_SUB_BITS 8
#define BENCH_HIST_BUCKETS  ((64 - BENCH_HIST_SUB_BITS + 1) << BENCH_HIST_SUB_BITS)

/*
 * Log-linear histogram: 256 buckets per power of two, so a percentile is off by 0.2 % at most.
 * Minimum, maximum and sum are exact. One writer; merge after the writers ended.
 */
struct bench_hist {
	uint64_t count, sum, min, max;
	uint32_t bucket[BENCH_HIST_BUCKETS];
};

void bench_hist_add(struct bench_hist *hist, uint64_t value);
void bench_hist_merge(struct bench_hist *into, const struct bench_hist *from);
/* Nearest rank: the smallest value that at least percent % of the samples do not exceed. 0 if
 * empty. */
uint64_t bench_hist_percentile(const struct bench_hist *hist, double percent);

/* ---- output -------------------------------------------------------------------------------- */

/*
 * One result. "metrics" holds the numbers that are compared, "detail" whatever helps to explain
 * them. The human line is made of the metrics in the order in which they were added.
 */
struct bench_result {
	json_t *metrics;
	json_t *detail;
};

struct bench_result bench_result_new(void);
/* digits: how many behind the point in the human line; unit may be "". */
void bench_metric(struct bench_result *result, const char *name, double value, int digits,
		  const char *unit);
/* p50, p90, p99, p99.9 and max of nanosecond samples as PREFIX_p50_us and so on. */
void bench_metric_latency(struct bench_result *result, const char *prefix,
			  const struct bench_hist *hist);
/* Steals the reference. */
void bench_detail(struct bench_result *result, const char *name, json_t *value);
/* Prints everything, frees it, and returns the exit code: 0, or 1 when interrupted. */
int bench_report(struct bench_result *result);

#endif /* BENCH_COMMON_H */
