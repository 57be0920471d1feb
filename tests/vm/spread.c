// SPDX-License-Identifier: GPL-2.0-only
/*
 * spread [-c] [-p] [-n NICES] TASKS SECONDS	how tasks are spread over cache domains
 *
 * TASKS processes start on the CPUs of the first domain. Then they may use all CPUs, or with -c stay
 * confined. They run all the time, or with -p sleep for 1 ms after each 2 ms that they ran. Each looks
 * all the time where it is. Printed, as KEY=VALUE, is for the SECONDS after all has settled:
 *
 *	spread_ms	from the moment they may until no domain has two more of them than another
 *	moves_per_s	how often any found itself in another domain than before, together
 *	outside		how often one was on a CPU that it may not use
 *	idle_ms		longest time that none of them was seen on a CPU that they may use
 *	idle_pct	time in such gaps of more than a millisecond, of all time of these CPUs
 *	error_pct	largest deviation of a nice value's CPU time from what its weight entitles it to
 *
 * With as many tasks as CPUs or more one always waits or runs, so a CPU without any is idle for
 * nothing, but for what the system does beside.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_TASKS   512
#define CONFINED_US 300000
#define PATIENCE_NS 10000000000ULL
#define GAP_NS	    1000000ULL
#define BURST_NS    2000000ULL
#define PAUSE_US    1000

struct slot {
	volatile uint64_t moves, outside, cpu_ns;
	volatile int domain;
} __attribute__((aligned(64)));

/* Written by whoever is on that CPU. */
struct seen {
	volatile uint64_t last_ns, longest_ns, gaps_ns;
} __attribute__((aligned(64)));

static struct shared {
	struct slot slots[MAX_TASKS];
	struct seen cpus[CPU_SETSIZE];
	volatile bool counts;
} *shared;

static int domain_of[CPU_SETSIZE], nr_cpus;
static int nices[8] = { 0 }, nr_nices = 1;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* A domain is named by its first CPU. */
static void read_domains(void)
{
	char path[96];
	FILE *file;
	int cpu;

	nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%d/cache/index3/shared_cpu_list", cpu);
		file = fopen(path, "r");
		if (file && fscanf(file, "%d", &domain_of[cpu]) != 1)
			domain_of[cpu] = 0;
		if (file)
			fclose(file);
	}
}

static void look(struct slot *slot, bool confined)
{
	int cpu = sched_getcpu();
	struct seen *seen = &shared->cpus[cpu];
	uint64_t now = clock_ns(CLOCK_MONOTONIC), last = seen->last_ns;

	if (domain_of[cpu] != slot->domain) {
		slot->domain = domain_of[cpu];
		slot->moves++;
	}
	/* moved between the two: the next look tells */
	slot->outside += confined && domain_of[cpu] && sched_getcpu() == cpu;
	/* off the CPU since it looked at the clock: others have been here */
	if (now <= last)
		return;
	seen->last_ns = now;
	if (!shared->counts || !last)
		return;
	if (now - last > seen->longest_ns)
		seen->longest_ns = now - last;
	if (now - last > GAP_NS)
		seen->gaps_ns += now - last;
}

static void hog(struct slot *slot, int nice_value, bool confined, bool pauses)
{
	volatile unsigned int work;
	uint64_t slept_at = 0;

	if (setpriority(PRIO_PROCESS, 0, nice_value))
		_exit(1);
	for (;;) {
		look(slot, confined);
		for (work = 0; work < 2000; work++)
			;
		slot->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		if (pauses && slot->cpu_ns - slept_at > BURST_NS) {
			usleep(PAUSE_US);
			slept_at = slot->cpu_ns;
		}
	}
}

static bool even(int tasks)
{
	int in[CPU_SETSIZE] = { 0 }, least = MAX_TASKS, most = 0, i;

	for (i = 0; i < tasks; i++)
		in[shared->slots[i].domain]++;
	for (i = 0; i < nr_cpus; i++) {
		if (domain_of[i] != i)
			continue;
		least = in[i] < least ? in[i] : least;
		most = in[i] > most ? in[i] : most;
	}
	return most - least < 2;
}

static double wait_until_even(int tasks)
{
	uint64_t began = clock_ns(CLOCK_MONOTONIC), now = began;

	while (!even(tasks) && now - began < PATIENCE_NS) {
		usleep(1000);
		now = clock_ns(CLOCK_MONOTONIC);
	}
	return (now - began) / 1e6;
}

/* sched_prio_to_weight[] of the kernel, for the values that are used: 1.25 for each step */
static double weight_of(int nice_value)
{
	double weight = 1024;

	for (; nice_value > 0; nice_value--)
		weight /= 1.25;
	return weight;
}

static double share_error(const uint64_t *before, int tasks)
{
	double used[8] = { 0 }, all = 0, weights = 0, error, worst = 0;
	int i;

	for (i = 0; i < tasks; i++) {
		used[i % nr_nices] += shared->slots[i].cpu_ns - before[i];
		all += shared->slots[i].cpu_ns - before[i];
		weights += weight_of(nices[i % nr_nices]);
	}
	for (i = 0; i < nr_nices; i++) {
		double due = weight_of(nices[i]) * (tasks / nr_nices) / weights;

		error = used[i] / all / due - 1;
		worst = error > worst ? error : -error > worst ? -error : worst;
	}
	return 100 * worst;
}

static void read_nices(char *list)
{
	char *token = strtok(list, ",");

	for (nr_nices = 0; token && nr_nices < 8; token = strtok(NULL, ","))
		nices[nr_nices++] = atoi(token);
}

static void report(int tasks, double seconds, bool confined, double spread_ms)
{
	uint64_t before[MAX_TASKS], moves = 0, outside = 0, longest = 0, gaps = 0, began, took;
	int i, cpus = 0;

	for (i = 0; i < tasks; i++) {
		before[i] = shared->slots[i].cpu_ns;
		moves -= shared->slots[i].moves;
	}
	began = clock_ns(CLOCK_MONOTONIC);
	shared->counts = true;
	usleep(seconds * 1e6);
	shared->counts = false;
	took = clock_ns(CLOCK_MONOTONIC) - began;
	for (i = 0; i < tasks; i++) {
		moves += shared->slots[i].moves;
		outside += shared->slots[i].outside;
	}
	for (i = 0; i < nr_cpus; i++) {
		if (confined && domain_of[i])
			continue;
		cpus++;
		gaps += shared->cpus[i].gaps_ns;
		if (shared->cpus[i].longest_ns > longest)
			longest = shared->cpus[i].longest_ns;
	}
	printf("spread_ms=%.0f moves_per_s=%.1f outside=%llu idle_ms=%.1f idle_pct=%.2f error_pct=%.1f\n",
	       spread_ms, moves / (took / 1e9), (unsigned long long)outside, longest / 1e6,
	       100.0 * gaps / took / cpus, share_error(before, tasks));
}

int main(int argc, char **argv)
{
	cpu_set_t first, all;
	bool confined = false, pauses = false;
	int option, tasks, i;
	double spread_ms = 0;
	pid_t pids[MAX_TASKS];

	while ((option = getopt(argc, argv, "cpn:")) != -1) {
		if (option == 'c')
			confined = true;
		if (option == 'p')
			pauses = true;
		if (option == 'n')
			read_nices(optarg);
	}
	tasks = argc - optind == 2 ? atoi(argv[optind]) : 0;
	if (tasks < 1 || tasks > MAX_TASKS || tasks % nr_nices) {
		fprintf(stderr, "usage: spread [-c] [-p] [-n NICES] TASKS SECONDS\n");
		return 2;
	}
	read_domains();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || sched_getaffinity(0, sizeof(all), &all))
		return 2;
	CPU_ZERO(&first);
	for (i = 0; i < nr_cpus; i++)
		if (!domain_of[i])
			CPU_SET(i, &first);
	sched_setaffinity(0, sizeof(first), &first);
	for (i = 0; i < tasks; i++) {
		pids[i] = fork();
		if (!pids[i])
			hog(&shared->slots[i], nices[i % nr_nices], confined, pauses);
	}
	sched_setaffinity(0, sizeof(all), &all);
	usleep(CONFINED_US);
	if (!confined) {
		for (i = 0; i < tasks; i++)
			sched_setaffinity(pids[i], sizeof(all), &all);
		spread_ms = wait_until_even(tasks);
		usleep(1000000);
	}
	report(tasks, atof(argv[optind + 1]), confined, spread_ms);
	for (i = 0; i < tasks; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
