// SPDX-License-Identifier: GPL-2.0-only
/*
 * reqrep: a server at a set load, and how deeply the machine sleeps meanwhile.
 *
 * What: requests arrive at random (Poisson) times from a seeded generator, --load % of what the
 * machine can do at most; each needs --service-us of work on average (exponential; --fixed: all
 * the same). They queue for --workers threads. Arrivals do not wait for replies (open loop), so a
 * slow server meets the same requests as a fast one and the delay it causes is seen in full.
 *
 * What the machine can do: the sum of the cores' speeds (cpu_capacity), a quarter more for a core
 * with two hardware threads.
 *
 * Why: the tail of the latency is what a service promises, idle residency is what it costs to run.
 *
 * Unit: latency_*: microseconds from the time a request was due to arrive to its reply.
 * served_per_s. idle_pct: idle time of all CPUs; domains_idle_95: how many cache domains were idle
 * more than 95 % of the time. Requests not answered at the end count with their age.
 *
 * Follows: the open-loop load of tailbench and mutilate / wrk2 (no coordinated omission); schbench
 * -R in that the rate is set, and the server benchmarks of ghOSt and Shinjuku in the distribution.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"

#define QUEUE_SIZE 65536 /* a power of two */
#define GRACE_S	   0.1	 /* after the window, for requests under way */

static double load_pct = 30, service_us = 500, seconds = 2, warmup_s = 0.2;
static unsigned int worker_count, generator_count, seed = 1;
static bool fixed_service;

static const struct bench_opt opts[] = {
    {'l', "load", BENCH_REAL, &load_pct, "PCT", "arriving work, of what the machine can do"},
    {0, "service-us", BENCH_REAL, &service_us, "US", "mean work of a request on a P core"},
    {0, "fixed", BENCH_FLAG, &fixed_service, NULL, "every request needs the mean"},
    {'t', "workers", BENCH_UINT, &worker_count, "N", "worker threads; 0: two for each CPU"},
    {'g', "generators", BENCH_UINT, &generator_count, "N",
     "threads that let requests arrive; 0: one for each 4 CPUs"},
    {0, "seed", BENCH_UINT, &seed, "N", "of the arrival times and service times"},
    {'s', "seconds", BENCH_REAL, &seconds, "S", "time to measure"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "reqrep",
    .about = "An open-loop server at a set load; reports latencies and idle time.\n",
    .opts = opts,
};

struct request {
	uint64_t due_ns;
	uint64_t work; /* loop iterations */
};

/* Generators put, workers take; all under the lock. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	uint64_t put, taken;
	uint64_t dropped;
	struct request ring[QUEUE_SIZE];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

/* Written by its thread; under_way is read by main when it counts what was not answered. */
struct worker {
	pthread_t thread;
	uint64_t under_way_ns; /* due time of the request in hand, or 0 */
	struct bench_hist latency;
};

static double rate_per_s; /* of one generator */
static uint64_t begin_ns, end_ns;
static bool closing; /* under the queue's lock */

static void *generator_main(void *arg)
{
	uint64_t state = seed * 1000003ULL + (uint64_t)(uintptr_t)arg;
	uint64_t mean = bench_iterations(service_us / 1000);
	double due = (double)(begin_ns - (uint64_t)(warmup_s * 1e9));

	for (;;) {
		double scale = fixed_service ? 1 : -log(bench_random_unit(&state));
		struct request request;

		due += -log(bench_random_unit(&state)) / rate_per_s * 1e9;
		request.due_ns = (uint64_t)due;
		request.work = (uint64_t)((double)mean * scale);
		if (request.due_ns >= end_ns || !bench_sleep_until_ns(request.due_ns))
			return NULL;
		pthread_mutex_lock(&queue.lock);
		if (queue.put - queue.taken < QUEUE_SIZE)
			queue.ring[queue.put++ % QUEUE_SIZE] = request;
		else
			queue.dropped++;
		pthread_mutex_unlock(&queue.lock);
		pthread_cond_signal(&queue.filled);
	}
}

static bool take(struct worker *worker, struct request *request)
{
	bool got;

	pthread_mutex_lock(&queue.lock);
	worker->under_way_ns = 0;
	while (queue.put == queue.taken && !closing)
		pthread_cond_wait(&queue.filled, &queue.lock);
	got = !closing;
	if (got) {
		*request = queue.ring[queue.taken++ % QUEUE_SIZE];
		worker->under_way_ns = request->due_ns;
	}
	pthread_mutex_unlock(&queue.lock);
	return got;
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct request request;

	while (take(worker, &request)) {
		bench_spin(request.work);
		if (request.due_ns >= begin_ns)
			bench_hist_add(&worker->latency, bench_now_ns() - request.due_ns);
	}
	return NULL;
}

/* Everything that still waits or is in hand counts with its age. Returns how many. */
static uint64_t count_unanswered(const struct worker *workers, struct bench_hist *latency)
{
	uint64_t now = bench_now_ns(), n = 0;

	pthread_mutex_lock(&queue.lock);
	closing = true;
	for (unsigned int i = 0; i < worker_count; i++) {
		uint64_t due = workers[i].under_way_ns;

		if (due >= begin_ns && now > due) {
			bench_hist_add(latency, now - due);
			n++;
		}
	}
	for (uint64_t at = queue.taken; at != queue.put; at++) {
		uint64_t due = queue.ring[at % QUEUE_SIZE].due_ns;

		if (due >= begin_ns && now > due) {
			bench_hist_add(latency, now - due);
			n++;
		}
	}
	pthread_mutex_unlock(&queue.lock);
	pthread_cond_broadcast(&queue.filled);
	return n;
}

/* Idle time of each CPU in clock ticks; exact on tickless kernels, where the kernel measures it. */
static void read_idle(const struct bench_machine *machine, double *idle)
{
	char text[512];
	FILE *file = fopen("/proc/stat", "re");

	memset(idle, 0, machine->cpus * sizeof(*idle));
	while (file && fgets(text, sizeof(text), file)) {
		unsigned long long user, nice, system, none, disk;
		unsigned int cpu;

		if (sscanf(text, "cpu%u %llu %llu %llu %llu %llu", &cpu, &user, &nice, &system,
			   &none, &disk) == 6 &&
		    cpu < machine->cpus)
			idle[cpu] = (double)(none + disk);
	}
	if (file)
		fclose(file);
}

static void report_idle(struct bench_result *result, const struct bench_machine *machine,
			const double *before, const double *after, double window_s)
{
	double window_ticks = window_s * (double)sysconf(_SC_CLK_TCK), total = 0;
	json_t *cpus = json_array(), *domains = json_array();
	unsigned int online = 0, deep = 0;

	for (unsigned int d = 0; d < machine->domains; d++) {
		double sum = 0;
		unsigned int members = 0;

		for (unsigned int cpu = 0; cpu < machine->cpus; cpu++) {
			double idle = fmin(100, 100 * (after[cpu] - before[cpu]) / window_ticks);

			if (machine->domain[cpu] != d || machine->speed[cpu] <= 0)
				continue;
			json_array_append_new(cpus, json_pack("{s:i, s:i, s:f}", "cpu", (int)cpu,
							      "domain", (int)d, "idle_pct", idle));
			sum += idle;
			members++;
		}
		json_array_append_new(domains, json_real(members ? sum / members : 0));
		deep += members && sum / members > 95;
		total += sum;
		online += members;
	}
	bench_metric(result, "idle_pct", online ? total / online : 0, 1, "%");
	bench_metric(result, "domains_idle_95", deep, 0, "");
	bench_detail(result, "domains", json_integer(machine->domains));
	bench_detail(result, "cpu_idle", cpus);
	bench_detail(result, "domain_idle_pct", domains);
}

int main(int argc, char **argv)
{
	static struct bench_machine machine;
	static double idle_before[BENCH_MAX_CPUS], idle_after[BENCH_MAX_CPUS];
	struct bench_result result;
	struct bench_hist *latency;
	struct worker *workers;
	uint64_t began, ended, unanswered, answered;
	double offered_per_s, window_s;

	bench_init(&info, argc, argv);
	if (load_pct <= 0 || service_us <= 0)
		bench_usage("--load and --service-us must be above 0");
	bench_exact_timers();
	bench_machine_read(&machine);
	if (!worker_count)
		worker_count = 2 * bench_cpus();
	if (!generator_count)
		generator_count = (bench_cpus() + 3) / 4;
	offered_per_s = load_pct / 100 * machine.capacity * 1e6 / service_us;
	rate_per_s = offered_per_s / generator_count;
	bench_limit(warmup_s + seconds + 60);
	latency = bench_alloc(1, sizeof(*latency));
	workers = bench_alloc(worker_count, sizeof(*workers));

	begin_ns = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	end_ns = begin_ns + (uint64_t)(seconds * 1e9);
	for (unsigned int i = 0; i < worker_count; i++)
		workers[i].thread = bench_thread(worker_main, &workers[i]);
	for (unsigned int i = 0; i < generator_count; i++)
		bench_thread(generator_main, (void *)(uintptr_t)i);
	bench_sleep_until_ns(begin_ns);
	read_idle(&machine, idle_before);
	began = bench_now_ns();
	bench_sleep_until_ns(end_ns);
	read_idle(&machine, idle_after);
	ended = bench_now_ns();
	bench_sleep_until_ns(end_ns + (uint64_t)(GRACE_S * 1e9));
	unanswered = count_unanswered(workers, latency);
	bench_stop();
	for (unsigned int i = 0; i < worker_count; i++)
		pthread_join(workers[i].thread, NULL);
	answered = 0;
	for (unsigned int i = 0; i < worker_count; i++) {
		bench_hist_merge(latency, &workers[i].latency);
		answered += workers[i].latency.count;
	}
	window_s = (double)(ended - began) / 1e9;

	result = bench_result_new();
	bench_metric_latency(&result, "latency", latency);
	bench_metric(&result, "served_per_s", window_s > 0 ? (double)answered / window_s : 0, 0,
		     "/s");
	bench_detail(&result, "offered_per_s", json_real(offered_per_s));
	bench_detail(&result, "unanswered", json_integer((json_int_t)unanswered));
	bench_detail(&result, "dropped", json_integer((json_int_t)queue.dropped));
	report_idle(&result, &machine, idle_before, idle_after, window_s);
	free(workers);
	free(latency);
	return bench_report(&result);
}
