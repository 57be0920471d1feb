// SPDX-License-Identifier: GPL-2.0-only
/*
 * day: the decisions of consolidation (src/consolidate.c, the code that runs) on machines of 16 and
 * 64 domains over days of load, in a simulation.
 *
 * What: tasks arrive at random (Poisson) at a rate that follows a curve and need 2 ms each on
 * average (exponential). An hour of the day takes 10 s. Packed, a task gets an idle CPU of the first
 * domain of the set that has one; if there is none, it waits, or is sent outside the set if it would
 * wait for longer than 2 ms, as BPF does it (src/bpf/packed.h). A CPU that gets free takes what has
 * waited longest. Spread, every domain is always in the set, and the emptiest is taken.
 *
 * Unit: asleep_pct, domain time in pauses of the whole domain of at least 1 ms; wait_p99_us and
 * wait_p9999_us from arrival to CPU; waited_pct of the tasks; outside_pct of the tasks; moves,
 * domains that joined or left the set, per hour of the day.
 *
 * The curves and arrivals come from a seed: the same figures each time.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccx/consolidate.h"

#define CPUS_A_DOMAIN	8
#define SERVICE_S	0.002
#define SPILL_S		0.002
#define HOUR_S		10.0
#define DAY_S		(24 * HOUR_S)
#define PAUSE_S		0.001
#define PERIOD_S	(CCX_SET_PERIOD_NS / 1e9)
#define MAX_CPUS	(CCX_MAX_DOMAINS * CPUS_A_DOMAIN)
#define MAX_WAITING	(1 << 20)
#define BUCKETS		400	/* of waits, a tenth more each */

static uint64_t seed;

static double unit(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return (double)((z >> 11) + 1) / 9007199254740993.0;
}

static double exponential(double mean)
{
	return -log(unit()) * mean;
}

/* ---- curves: share of the machine that is asked for at an hour of the day ---- */

/* Quiet nights, a peak before noon and one in the evening. */
static double office(double hour)
{
	double morning = exp(-pow((hour - 11) / 2.5, 2)), evening = exp(-pow((hour - 20) / 2, 2));

	return 0.06 + 0.55 * morning + 0.45 * evening;
}

/* The same, less high, and each quarter of an hour twice as much for a minute. */
static double batches(double hour)
{
	double share = 0.06 + 0.5 * (office(hour) - 0.06);

	return fmod(hour, 0.25) < 1.0 / 60 ? share * 2 + 0.1 : share;
}

/* Up and down every half hour, from one moment to the next. */
static double steps(double hour)
{
	return fmod(hour, 1) < 0.5 ? 0.1 : 0.6;
}

static const struct curve {
	const char *name;
	double (*share)(double hour);
} curves[] = { { "office", office }, { "batches", batches }, { "steps", steps } };

/* ---- the machine ---- */

struct departure {
	double at;
	uint32_t cpu;
};

static struct {
	uint32_t nr_domains;
	bool packed;
	struct ccx_set set;
	uint64_t mask;
	/* a heap, the earliest first; one entry for each busy CPU */
	struct departure heap[MAX_CPUS];
	uint32_t nr_busy;
	bool busy[MAX_CPUS];
	uint32_t busy_in[CCX_MAX_DOMAINS];
	double idle_since[CCX_MAX_DOMAINS], asleep_s;
	double waiting[MAX_WAITING];	/* times of arrival */
	uint32_t first, last;
	double busy_s, accounted;	/* CPU time since the last step */
	uint64_t tasks, waited, outside, waits[BUCKETS];
} machine;

static void account(double now)
{
	machine.busy_s += (now - machine.accounted) * machine.nr_busy;
	machine.accounted = now;
}

static void push(double at, uint32_t cpu)
{
	uint32_t i = machine.nr_busy++;

	for (; i && machine.heap[(i - 1) / 2].at > at; i = (i - 1) / 2)
		machine.heap[i] = machine.heap[(i - 1) / 2];
	machine.heap[i] = (struct departure){ at, cpu };
}

static uint32_t pop(void)
{
	uint32_t cpu = machine.heap[0].cpu, nr = --machine.nr_busy, i = 0, child;
	struct departure last = machine.heap[nr];

	while ((child = 2 * i + 1) < nr) {
		if (child + 1 < nr && machine.heap[child + 1].at < machine.heap[child].at)
			child++;
		if (last.at <= machine.heap[child].at)
			break;
		machine.heap[i] = machine.heap[child];
		i = child;
	}
	machine.heap[i] = last;
	return cpu;
}

static void run(double now, uint32_t cpu, double arrived)
{
	uint32_t domain = cpu / CPUS_A_DOMAIN, bucket = 0;
	double wait = now - arrived;

	if (wait > 0) {
		machine.waited++;
		bucket = wait < 1e-7 ? 1 : 1 + (uint32_t)(log(wait / 1e-7) / log(1.1));
	}
	machine.waits[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	if (!machine.busy_in[domain]++ && now - machine.idle_since[domain] >= PAUSE_S)
		machine.asleep_s += now - machine.idle_since[domain];
	machine.busy[cpu] = true;
	push(now + exponential(SERVICE_S), cpu);
}

/* A CPU of that domain, which is not full. */
static uint32_t idle_cpu(uint32_t domain)
{
	uint32_t cpu = domain * CPUS_A_DOMAIN;

	while (machine.busy[cpu])
		cpu++;
	return cpu;
}

static uint32_t emptiest(void)
{
	uint32_t best = 0, i;

	for (i = 1; i < machine.nr_domains; i++)
		if (machine.busy_in[i] < machine.busy_in[best])
			best = i;
	return best;
}

static void arrive(double now)
{
	uint32_t waiting = machine.last - machine.first, i;
	uint32_t active = machine.packed ? machine.set.active : machine.nr_domains;

	machine.tasks++;
	if (!machine.packed) {
		i = emptiest();
		if (machine.busy_in[i] < CPUS_A_DOMAIN) {
			run(now, idle_cpu(i), now);
			return;
		}
	}
	for (i = 0; machine.packed && i < machine.nr_domains; i++) {
		uint32_t domain = machine.set.order[i];
		double wait = SERVICE_S * (waiting + 1) / (active * CPUS_A_DOMAIN);

		if (machine.busy_in[domain] == CPUS_A_DOMAIN)
			continue;
		if (i >= active && wait <= SPILL_S)
			break;
		machine.outside += i >= active;
		run(now, idle_cpu(domain), now);
		return;
	}
	if (waiting == MAX_WAITING) {
		fprintf(stderr, "day: the load is more than the machine can do\n");
		exit(1);
	}
	machine.waiting[machine.last++ % MAX_WAITING] = now;
}

static void depart(double now)
{
	uint32_t cpu = pop(), domain = cpu / CPUS_A_DOMAIN;

	machine.busy[cpu] = false;
	if (!--machine.busy_in[domain])
		machine.idle_since[domain] = now;
	if (machine.first != machine.last)
		run(now, cpu, machine.waiting[machine.first++ % MAX_WAITING]);
}

static void step(double now)
{
	uint32_t waiting = machine.last - machine.first;

	ccx_set_step(&machine.set,
		     (uint64_t)(machine.busy_s / PERIOD_S * CCX_CAPACITY_MAX) +
			     waiting * CCX_CAPACITY_MAX,
		     (uint64_t)(now * 1e9) + 1);
	machine.busy_s = 0;
}

static double quantile_us(double share)
{
	double left = share * machine.tasks;
	uint32_t i;

	for (i = 0; i < BUCKETS && left > machine.waits[i]; i++)
		left -= machine.waits[i];
	return i ? 0.1 * pow(1.1, i) : 0;
}

static void simulate(const struct ccx_topology *topology, const struct curve *curve, bool packed)
{
	double cpus = topology->nr_domains * CPUS_A_DOMAIN, rate = cpus / SERVICE_S;
	double arrival = 0, control = PERIOD_S;
	uint32_t i;

	memset(&machine, 0, sizeof(machine));
	machine.nr_domains = topology->nr_domains;
	machine.packed = packed;
	ccx_set_init(&machine.set, topology, CCX_SET_BACKGROUND);
	seed = 1;
	while (arrival < DAY_S) {
		double departure = machine.nr_busy ? machine.heap[0].at : DAY_S + 1;

		if (control <= arrival && control <= departure) {
			account(control);
			step(control);
			control += PERIOD_S;
		} else if (departure <= arrival) {
			account(departure);
			depart(departure);
		} else {
			account(arrival);
			/* thinned: as many as at full load, of which a share is real */
			if (unit() < curve->share(arrival / HOUR_S))
				arrive(arrival);
			arrival += exponential(1 / rate);
		}
	}
	for (i = 0; i < machine.nr_domains; i++)
		if (!machine.busy_in[i])
			machine.asleep_s += DAY_S - machine.idle_since[i];
	printf("| %u | %s | %s | %.1f | %.2f | %.0f | %.0f | %.2f | %.1f |\n", machine.nr_domains,
	       curve->name, packed ? "packed" : "spread",
	       100 * machine.asleep_s / (DAY_S * machine.nr_domains),
	       100.0 * machine.waited / machine.tasks, quantile_us(0.99), quantile_us(0.9999),
	       100.0 * machine.outside / machine.tasks,
	       packed ? (machine.set.grown + machine.set.shrunk) / 24.0 : 0);
}

int main(void)
{
	static const uint32_t sizes[] = { 16, 64 };
	struct ccx_topology_options options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error;
	char source[64];
	size_t i, j;

	printf("| domains | day | | asleep, %% | waited, %% | wait p99, us | p99.99, us | outside, %% | moves an hour |\n"
	       "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(source, sizeof(source), "synthetic:l3:%u core:%u pu:1", sizes[i],
			 CPUS_A_DOMAIN);
		options.source = source;
		if (ccx_topology_load(&options, &topology, &error)) {
			fprintf(stderr, "day: %s\n", error.text);
			return 1;
		}
		for (j = 0; j < sizeof(curves) / sizeof(curves[0]); j++) {
			simulate(topology, &curves[j], false);
			simulate(topology, &curves[j], true);
			fflush(stdout);
		}
		ccx_topology_free(topology);
	}
	return 0;
}
