// SPDX-License-Identifier: GPL-2.0-only
/*
 * wakeup: message threads wake worker threads, which pause, compute and ask for more.
 *
 * What: the semantics of schbench (Chris Mason), written anew. Each of -m message threads has -t
 * workers. A worker queues itself at its message thread, wakes it and sleeps; the message thread
 * takes the whole queue, reads the clock once, and wakes all who were in it. A woken worker
 * handles one request: sleep -s microseconds (a network, and a fresh time slice), then -n
 * multiplications of two square matrices that, with the product, fill -F KiB. While it computes it
 * holds a spin lock that belongs to its CPU (-L: no lock), which makes preemption in the middle of
 * a request expensive.
 *
 * Why: it is what schedulers' authors quote, and it shows long tails that averages hide.
 *
 * Unit: microseconds. wakeup_*: from the clock reading of the message thread to the worker's own
 * when it runs; one reading for a whole queue, so a waker that is preempted by the first it wakes
 * shows. request_*: from the start of the request, pause included, to its end. rps: requests a
 * second.
 *
 * Follows: schbench; -m -t -r -w -F -n -s -L mean the same there. Differences: nanosecond clocks,
 * percentiles within 0.2 % instead of 0.8 %, runs as short as you like (-r 0.5), rps over the
 * measured window alone. The reference rows (docs/benchmarks/wakeups.md) are `-F 32 -n 1`.
 */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

static unsigned int message_threads = 1, worker_threads, footprint_kib = 256, operations = 5;
static unsigned int sleep_us = 100;
static double seconds = 2, warmup_s = 0.2;
static bool no_locking;

static const struct bench_opt opts[] = {
    {'m', "message-threads", BENCH_UINT, &message_threads, "N", "message threads"},
    {'t', "threads", BENCH_UINT, &worker_threads, "N",
     "workers of each; 0: all CPUs' worth together"},
    {'r', "runtime", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmuptime", BENCH_REAL, &warmup_s, "S", "time before that"},
    {'F', "cache-footprint", BENCH_UINT, &footprint_kib, "KIB", "memory of a worker's matrices"},
    {'n', "operations", BENCH_UINT, &operations, "N", "matrix multiplications of a request"},
    {'s', "sleep-usec", BENCH_UINT, &sleep_us, "US", "pause at the start of a request"},
    {'L', "no-locking", BENCH_FLAG, &no_locking, NULL, "no per-CPU lock around the computation"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "wakeup",
    .about = "Wake-up and request latency with the semantics of schbench.\n",
    .opts = opts,
};

struct messenger;

struct worker {
	pthread_t thread;
	struct messenger *messenger;
	struct worker *next; /* in the messenger's queue */
	struct bench_event woken;
	uint64_t posted_ns; /* the messenger's clock when it woke this worker */
	uint64_t requests;
	uint64_t *matrices;
	struct bench_hist wakeup, request;
};

struct messenger {
	pthread_t thread;
	struct worker *queue; /* pushed by its workers, taken as a whole by the messenger */
	struct bench_event asked;
};

struct cpu_lock {
	uint32_t held;
} __attribute__((aligned(64)));

static struct messenger *messengers;
static struct worker *workers;
static struct cpu_lock *cpu_locks;
static unsigned int cpu_lock_count, side;
static bool measuring;

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* The lock of the CPU this thread is on; taken by spinning on purpose, see above. */
static struct cpu_lock *lock_cpu(void)
{
	for (;;) {
		int cpu = sched_getcpu();
		struct cpu_lock *lock =
		    &cpu_locks[cpu < 0 ? 0 : (unsigned int)cpu % cpu_lock_count];

		while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
			relax();
		if (sched_getcpu() == cpu)
			return lock;
		/* moved while it spun: that one is another CPU's now */
		__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	}
}

/*
 * The plain triple loop. Each partial sum goes to memory: without that the count of instructions
 * (eight for each step of the inner loop on x86-64) would depend on how clever the compiler is.
 */
static void multiply(uint64_t *matrices)
{
	const uint64_t *a = matrices, *b = matrices + (size_t)side * side;
	volatile uint64_t *product = matrices + 2 * (size_t)side * side;

	for (size_t row = 0; row < side; row++) {
		for (size_t column = 0; column < side; column++) {
			uint64_t sum = 0;

			for (size_t k = 0; k < side; k++) {
				sum += a[row * side + k] * b[k * side + column];
				product[row * side + column] = sum;
			}
		}
	}
}

static void handle_request(struct worker *worker)
{
	struct cpu_lock *lock = NULL;

	if (sleep_us)
		usleep(sleep_us);
	if (!no_locking)
		lock = lock_cpu();
	for (unsigned int i = 0; i < operations; i++)
		multiply(worker->matrices);
	if (lock)
		__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

static void enqueue(struct worker *worker)
{
	struct messenger *messenger = worker->messenger;
	struct worker *head = __atomic_load_n(&messenger->queue, __ATOMIC_RELAXED);

	/* release: pairs with the messenger's acquire when it takes the queue */
	do {
		worker->next = head;
	} while (!__atomic_compare_exchange_n(&messenger->queue, &head, worker, false,
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	while (bench_running()) {
		uint64_t woke, done;

		enqueue(worker);
		bench_event_post(&worker->messenger->asked);
		bench_event_wait(&worker->woken);
		woke = bench_now_ns();
		if (!bench_running())
			break;
		handle_request(worker);
		done = bench_now_ns();
		if (!__atomic_load_n(&measuring, __ATOMIC_RELAXED))
			continue;
		bench_hist_add(&worker->wakeup,
			       woke > worker->posted_ns ? woke - worker->posted_ns : 0);
		bench_hist_add(&worker->request, done - woke);
		worker->requests++;
	}
	return NULL;
}

static void wake_queue(struct messenger *messenger)
{
	struct worker *worker = __atomic_exchange_n(&messenger->queue, NULL, __ATOMIC_ACQUIRE);
	uint64_t now = bench_now_ns();

	while (worker) {
		/* read first: once woken it may queue itself again */
		struct worker *next = worker->next;

		worker->posted_ns = now;
		bench_event_post(&worker->woken);
		worker = next;
	}
}

static void *messenger_main(void *arg)
{
	struct messenger *messenger = arg;

	while (bench_running()) {
		wake_queue(messenger);
		bench_event_wait(&messenger->asked);
	}
	return NULL;
}

static void start_threads(void)
{
	size_t cells = 3 * (size_t)side * side;

	for (unsigned int m = 0; m < message_threads; m++)
		messengers[m].thread = bench_thread(messenger_main, &messengers[m]);
	for (unsigned int i = 0; i < message_threads * worker_threads; i++) {
		workers[i].messenger = &messengers[i / worker_threads];
		workers[i].matrices = bench_alloc(cells, sizeof(uint64_t));
		for (size_t c = 0; c < cells; c++)
			workers[i].matrices[c] = c;
		workers[i].thread = bench_thread(worker_main, &workers[i]);
	}
}

static void end_threads(void)
{
	bench_stop();
	for (unsigned int i = 0; i < message_threads * worker_threads; i++)
		bench_event_post(&workers[i].woken);
	for (unsigned int m = 0; m < message_threads; m++)
		bench_event_post(&messengers[m].asked);
	for (unsigned int i = 0; i < message_threads * worker_threads; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned int m = 0; m < message_threads; m++)
		pthread_join(messengers[m].thread, NULL);
}

int main(int argc, char **argv)
{
	struct bench_hist *wakeup, *request;
	struct bench_result result;
	uint64_t begin, began, ended, requests = 0;

	bench_init(&info, argc, argv);
	if (!message_threads || !footprint_kib)
		bench_usage("-m and -F must be above 0");
	if (!worker_threads)
		worker_threads = (bench_cpus() + message_threads - 1) / message_threads;
	side = (unsigned int)sqrt(footprint_kib * 1024.0 / 3 / sizeof(uint64_t));
	bench_limit(warmup_s + seconds + 60);

	wakeup = bench_alloc(1, sizeof(*wakeup));
	request = bench_alloc(1, sizeof(*request));
	messengers = bench_alloc(message_threads, sizeof(*messengers));
	workers = bench_alloc(message_threads * worker_threads, sizeof(*workers));
	cpu_lock_count = (unsigned int)sysconf(_SC_NPROCESSORS_CONF);
	cpu_locks = bench_shared(cpu_lock_count * sizeof(*cpu_locks)); /* page-aligned */
	start_threads();

	begin = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	bench_sleep_until_ns(begin);
	began = bench_now_ns();
	__atomic_store_n(&measuring, true, __ATOMIC_RELAXED);
	bench_sleep_until_ns(begin + (uint64_t)(seconds * 1e9));
	__atomic_store_n(&measuring, false, __ATOMIC_RELAXED);
	ended = bench_now_ns();
	end_threads();

	for (unsigned int i = 0; i < message_threads * worker_threads; i++) {
		bench_hist_merge(wakeup, &workers[i].wakeup);
		bench_hist_merge(request, &workers[i].request);
		requests += workers[i].requests;
		free(workers[i].matrices);
	}
	result = bench_result_new();
	bench_metric_latency(&result, "wakeup", wakeup);
	bench_metric_latency(&result, "request", request);
	bench_metric(&result, "rps", (double)requests / ((double)(ended - began) / 1e9), 0, "/s");
	bench_detail(&result, "matrix_side", json_integer(side));
	bench_detail(&result, "window_s", json_real((double)(ended - began) / 1e9));
	free(workers);
	free(messengers);
	free(wakeup);
	free(request);
	return bench_report(&result);
}
