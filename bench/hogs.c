// SPDX-License-Identifier: GPL-2.0-only
/*
 * hogs: CPU-bound tasks: how much work the machine gets done, how evenly, and how soon all end.
 *
 * What: --count processes (or threads) that work without end. With --fork-every K every K-th of
 * them instead forks a child that works --fork-ms, waits for it, and forks the next: the
 * short-lived processes of a build. With --work-ms W every hog does W and ends: makespan.
 *
 * Why: the load beside which latency is measured, and the throughput that must not be paid for it.
 *
 * Unit: work in P-core milliseconds. work_ms_per_s: P-core milliseconds of work done in a second,
 * all hogs together (a machine of four P cores and four of half the speed has 6000). share_min,
 * share_max: a hog's CPU time over what its weight entitles it to, among the hogs that do not fork
 * (1 is fair). jain: Jain's index of the same ratios, 1 is fair. For makespan: makespan_ms,
 * ideal_ms (the bound for tasks that may move between cores at no cost, from cpu_capacity where
 * the kernel has it; siblings of a core count as full CPUs) and makespan_ratio.
 *
 * Follows: the `make -j` and stress-ng loads beside scheduler demonstrations; makespan of equal
 * tasks as in the scheduling literature (preemptive uniform machines).
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

#define CHUNK_MS 0.05 /* hogs count their work in steps of this */

static unsigned int count, fork_every;
static double fork_ms = 1.8, work_ms, seconds = 2, warmup_s = 0.2;
static const char *nice_list;
static bool use_threads, per_hog;

static const struct bench_opt opts[] = {
    {'n', "count", BENCH_UINT, &count, "N", "hogs; 0: four for each CPU"},
    {'f', "fork-every", BENCH_UINT, &fork_every, "K",
     "every K-th hog forks short children; 0: none"},
    {0, "fork-ms", BENCH_REAL, &fork_ms, "MS", "work of each such child"},
    {0, "work-ms", BENCH_REAL, &work_ms, "MS", "each hog does this much and ends; 0: no end"},
    {0, "nice", BENCH_STRING, &nice_list, "LIST", "nice values, e.g. 0,5,10, dealt out in turn"},
    {'t', "threads", BENCH_FLAG, &use_threads, NULL, "threads of one process, not processes"},
    {'s', "seconds", BENCH_REAL, &seconds, "S",
     "time to measure (makespan: the limit, at least 60)"},
    {'w', "warmup", BENCH_REAL, &warmup_s, "S", "time before that (not for makespan)"},
    {0, "per-hog", BENCH_FLAG, &per_hog, NULL, "put every hog's figures into the JSON detail"},
    {0, NULL, BENCH_FLAG, NULL, NULL, NULL},
};

static const struct bench_info info = {
    .name = "hogs",
    .about = "CPU-bound tasks: work done per second, its fairness, or (--work-ms) the makespan.\n"
	     "Work is in milliseconds of the fastest core.\n",
    .opts = opts,
};

/* Written by one hog (and its children, one at a time), read by main. */
struct hog {
	uint64_t chunks; /* of CHUNK_MS, done */
	uint64_t ended_ns;
	struct bench_event go;
	int nice;
	bool forks;
	int pid;
	pthread_t thread;
} __attribute__((aligned(64)));

static struct hog *hogs;
static int nices[64];
static unsigned int nice_count;

static void work_chunk(struct hog *hog, uint64_t iterations)
{
	bench_spin(iterations);
	__atomic_fetch_add(&hog->chunks, 1, __ATOMIC_RELAXED);
}

static void work_amount(struct hog *hog, double ms)
{
	uint64_t chunk = bench_iterations(CHUNK_MS);

	for (uint64_t left = (uint64_t)(ms / CHUNK_MS + 0.5); left && bench_running(); left--)
		work_chunk(hog, chunk);
}

static void fork_one(struct hog *hog)
{
	int pid = bench_fork(), status;

	if (pid == 0) {
		work_amount(hog, fork_ms);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

static void hog_body(struct hog *hog)
{
	uint64_t chunk = bench_iterations(CHUNK_MS);

	/* Linux keeps nice values by thread, so this is right for threads too */
	if (nice_count && setpriority(PRIO_PROCESS, 0, hog->nice))
		bench_fail("cannot set nice %d", hog->nice);
	bench_event_wait(&hog->go);
	if (work_ms > 0) {
		work_amount(hog, work_ms);
		__atomic_store_n(&hog->ended_ns, bench_now_ns(), __ATOMIC_RELEASE);
		return;
	}
	while (bench_running()) {
		if (hog->forks)
			fork_one(hog);
		else
			work_chunk(hog, chunk);
	}
}

static void *hog_thread(void *arg)
{
	hog_body(arg);
	return NULL;
}

static void parse_nices(void)
{
	const char *at = nice_list;

	while (at && *at) {
		char *end;
		long value = strtol(at, &end, 10);

		if (end == at || (*end && *end != ',') || value < -20 || value > 19 ||
		    nice_count == 64)
			bench_usage("--nice: '%s' is not a list of nice values", nice_list);
		nices[nice_count++] = (int)value;
		at = *end ? end + 1 : end;
	}
}

/* Returns when the first of them was let go. */
static uint64_t start_hogs(void)
{
	uint64_t began;

	for (unsigned int i = 0; i < count; i++) {
		struct hog *hog = &hogs[i];
		int pid;

		hog->nice = nice_count ? nices[i % nice_count] : 0;
		hog->go.shared = !use_threads;
		hog->forks = fork_every && work_ms <= 0 && (i + 1) % fork_every == 0;
		if (use_threads) {
			hog->thread = bench_thread(hog_thread, hog);
			continue;
		}
		pid = bench_fork();
		if (pid == 0) {
			hog_body(hog);
			_exit(0);
		}
		hog->pid = pid; /* by the parent only: the memory is shared */
	}
	began = bench_now_ns();
	for (unsigned int i = 0; i < count; i++)
		bench_event_post(&hogs[i].go);
	return began;
}

static void end_hogs(void)
{
	int status;

	bench_stop();
	for (unsigned int i = 0; i < count; i++) {
		if (use_threads) {
			pthread_join(hogs[i].thread, NULL);
			continue;
		}
		kill(hogs[i].pid, SIGKILL);
		while (waitpid(hogs[i].pid, &status, 0) < 0 && errno == EINTR)
			;
	}
}

/* What one look at all hogs finds. */
struct reading {
	uint64_t at_ns;
	uint64_t *chunks;
	uint64_t *cpu_ns;
};

static uint64_t hog_cpu_ns(const struct hog *hog)
{
	struct timespec t;
	clockid_t id;

	if (use_threads ? pthread_getcpuclockid(hog->thread, &id)
			: clock_getcpuclockid(hog->pid, &id))
		return 0;
	if (clock_gettime(id, &t))
		return 0;
	return (uint64_t)t.tv_sec * BENCH_NS_PER_S + (uint64_t)t.tv_nsec;
}

static struct reading reading_new(void)
{
	return (struct reading){.chunks = bench_alloc(count, sizeof(uint64_t)),
				.cpu_ns = bench_alloc(count, sizeof(uint64_t))};
}

static void read_hogs(struct reading *reading)
{
	/* the work and its time stamp first and together: main may be preempted between the others
	 */
	for (unsigned int i = 0; i < count; i++)
		reading->chunks[i] = __atomic_load_n(&hogs[i].chunks, __ATOMIC_RELAXED);
	reading->at_ns = bench_now_ns();
	for (unsigned int i = 0; i < count; i++)
		reading->cpu_ns[i] = hog_cpu_ns(&hogs[i]);
}

/* The kernel's weight of a nice value is 1024 at 0 and 1.25 times less for each step. */
static double nice_weight(int nice)
{
	return pow(1.25, -nice);
}

static void report_fairness(struct bench_result *result, const struct reading *a,
			    const struct reading *b)
{
	double weights = 0, total = 0, low = INFINITY, high = 0, sum = 0, squares = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (hogs[i].forks)
			continue;
		weights += nice_weight(hogs[i].nice);
		total += (double)(b->cpu_ns[i] - a->cpu_ns[i]);
		n++;
	}
	if (!n || total <= 0)
		return;
	for (unsigned int i = 0; i < count; i++) {
		double due = total * nice_weight(hogs[i].nice) / weights;
		double ratio = (double)(b->cpu_ns[i] - a->cpu_ns[i]) / due;

		if (hogs[i].forks)
			continue;
		low = fmin(low, ratio);
		high = fmax(high, ratio);
		sum += ratio;
		squares += ratio * ratio;
	}
	bench_metric(result, "share_min", low, 3, "");
	bench_metric(result, "share_max", high, 3, "");
	bench_metric(result, "jain", sum * sum / (n * squares), 4, "");
}

static void report_window(struct bench_result *result, const struct reading *a,
			  const struct reading *b)
{
	double window_s = (double)(b->at_ns - a->at_ns) / 1e9, done = 0, forked = 0;
	json_t *list = json_array();

	for (unsigned int i = 0; i < count; i++) {
		double ms = (double)(b->chunks[i] - a->chunks[i]) * CHUNK_MS;

		done += ms;
		forked += hogs[i].forks ? ms : 0;
		json_array_append_new(list,
				      json_pack("{s:f, s:f, s:i, s:b}", "work_ms", ms, "cpu_ms",
						(double)(b->cpu_ns[i] - a->cpu_ns[i]) / 1e6, "nice",
						hogs[i].nice, "forks", hogs[i].forks));
	}
	bench_metric(result, "work_ms_per_s", done / window_s, 0, "ms/s");
	report_fairness(result, a, b);
	bench_detail(result, "window_s", json_real(window_s));
	bench_detail(result, "forked_work_ms_per_s", json_real(forked / window_s));
	if (per_hog)
		bench_detail(result, "hogs", list);
	else
		json_decref(list);
}

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Preemptive scheduling of equal tasks on uniform machines: no k tasks beat the k fastest CPUs. */
static double ideal_makespan_ms(void)
{
	static struct bench_machine machine;
	unsigned int cpus = bench_cpus();
	double bound = 0, speed = 0;

	bench_machine_read(&machine);
	qsort(machine.speed, machine.cpus, sizeof(machine.speed[0]), descending);
	for (unsigned int k = 1; k <= cpus && k <= count; k++) {
		unsigned int tasks = k == cpus ? count : k;

		speed += machine.speed[k - 1];
		bound = fmax(bound, tasks * work_ms / speed);
	}
	return bound;
}

static void run_makespan(struct bench_result *result)
{
	uint64_t began, last = 0;
	double sum_ms = 0, first_ms = INFINITY, took_ms, ideal;
	unsigned int ended = 0;
	int status;

	bench_limit(fmax(seconds, 60));
	began = start_hogs();
	for (unsigned int i = 0; i < count; i++) {
		if (use_threads)
			pthread_join(hogs[i].thread, NULL);
		else
			while (waitpid(hogs[i].pid, &status, 0) < 0 && bench_running())
				;
	}
	for (unsigned int i = 0; i < count; i++) {
		uint64_t end = __atomic_load_n(&hogs[i].ended_ns, __ATOMIC_ACQUIRE);

		if (!use_threads)
			kill(hogs[i].pid, SIGKILL); /* gone already unless interrupted */
		if (!end)
			continue;
		ended++;
		sum_ms += (double)(end - began) / 1e6;
		first_ms = fmin(first_ms, (double)(end - began) / 1e6);
		last = end > last ? end : last;
	}
	took_ms = last ? (double)(last - began) / 1e6 : NAN;
	ideal = ideal_makespan_ms();
	bench_metric(result, "makespan_ms", took_ms, 1, "ms");
	bench_metric(result, "ideal_ms", ideal, 1, "ms");
	bench_metric(result, "makespan_ratio", took_ms / ideal, 4, "");
	bench_metric(result, "mean_end_ms", ended ? sum_ms / ended : NAN, 1, "ms");
	bench_detail(result, "ended", json_integer(ended));
	bench_detail(result, "first_end_ms", json_real(ended ? first_ms : 0));
}

static void run_window(struct bench_result *result)
{
	struct reading a = reading_new(), b = reading_new();
	uint64_t begin;

	bench_limit(warmup_s + seconds + 60);
	start_hogs();
	begin = bench_now_ns() + (uint64_t)(warmup_s * 1e9);
	bench_sleep_until_ns(begin);
	read_hogs(&a);
	bench_sleep_until_ns(begin + (uint64_t)(seconds * 1e9));
	read_hogs(&b);
	end_hogs();
	report_window(result, &a, &b);
	free(a.chunks);
	free(a.cpu_ns);
	free(b.chunks);
	free(b.cpu_ns);
}

int main(int argc, char **argv)
{
	struct bench_result result;

	bench_init(&info, argc, argv);
	if (!count)
		count = 4 * bench_cpus();
	parse_nices();
	hogs = bench_shared(count * sizeof(*hogs));
	result = bench_result_new();
	if (work_ms > 0)
		run_makespan(&result);
	else
		run_window(&result);
	return bench_report(&result);
}
