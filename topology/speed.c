// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast each CPU is, relative to the machine's fastest. One number serves the whole machine (the
 * first that is known for every CPU), because numbers of different sources cannot be compared.
 * Pure, like kinds.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/kinds.h"

/* What a core of a kind is taken for when no number tells: Zen 5c runs at 0.65 of Zen 5's clock. */
static const uint32_t assumed_percent[CCX_NR_KINDS] = {
    [CCX_KIND_PERFORMANCE] = 100,
    [CCX_KIND_EFFICIENCY] = 65,
    [CCX_KIND_LOW_POWER] = 45,
};

__attribute__((format(printf, 2, 3))) static void add_why(struct ccx_verdict *verdict,
							  const char *format, ...)
{
	size_t length = strlen(verdict->why);
	va_list args;

	va_start(args, format);
	vsnprintf(verdict->why + length, sizeof(verdict->why) - length, format, args);
	va_end(args);
}

/* False if a CPU lacks the number; *lowest and *highest over all CPUs. */
static bool get_range(struct ccx_evidence *evidence, uint32_t nr_cpus, enum ccx_signal signal,
		      uint32_t *lowest, uint32_t *highest)
{
	*lowest = UINT32_MAX;
	*highest = 0;
	for (uint32_t i = 0; i < nr_cpus; i++) {
		uint32_t value = *ccx_signal_value(&evidence[i], signal);

		*lowest = value < *lowest ? value : *lowest;
		*highest = value > *highest ? value : *highest;
	}
	return *lowest && nr_cpus;
}

static bool has_kinds(const struct ccx_verdict *verdicts, uint32_t nr_cpus)
{
	for (uint32_t i = 1; i < nr_cpus; i++)
		if (verdicts[i].kind != verdicts[0].kind)
			return true;
	return false;
}

/*
 * True if the number sees what the kinds say: the slower kinds are slower by it. Some firmware
 * reports one maximum frequency for P and E cores.
 */
static bool agrees_with_kinds(struct ccx_evidence *evidence, uint32_t nr_cpus,
			      enum ccx_signal signal, const struct ccx_verdict *verdicts)
{
	uint64_t sum[2] = {0}, nr[2] = {0};

	for (uint32_t i = 0; i < nr_cpus; i++) {
		int side = verdicts[i].kind != CCX_KIND_PERFORMANCE;

		sum[side] += *ccx_signal_value(&evidence[i], signal);
		nr[side]++;
	}
	if (!nr[0] || !nr[1])
		return true;
	return sum[1] * nr[0] * 100 <= sum[0] * nr[1] * 95;
}

/* The number that speeds are made of, or CCX_NR_SIGNALS. */
static enum ccx_signal choose_signal(struct ccx_evidence *evidence, uint32_t nr_cpus,
				     const struct ccx_machine_facts *facts,
				     const struct ccx_verdict *verdicts)
{
	static const enum ccx_signal in_order[] = {
	    CCX_SIGNAL_CPU_CAPACITY, CCX_SIGNAL_HIGHEST_PERF, CCX_SIGNAL_MAX_MHZ,
	    CCX_SIGNAL_PREFCORE,     CCX_SIGNAL_BASE_MHZ,
	};
	bool hybrid = has_kinds(verdicts, nr_cpus);
	uint32_t lowest, highest;

	for (size_t n = 0; n < sizeof(in_order) / sizeof(in_order[0]); n++) {
		enum ccx_signal s = in_order[n];

		/* AMD's CPPC and ranking order equal cores: their distances mean nothing. */
		if (facts->amd && s == CCX_SIGNAL_HIGHEST_PERF)
			continue;
		if (s == CCX_SIGNAL_PREFCORE && !hybrid)
			continue;
		if (s == CCX_SIGNAL_BASE_MHZ && !hybrid)
			continue;
		if (get_range(evidence, nr_cpus, s, &lowest, &highest) &&
		    agrees_with_kinds(evidence, nr_cpus, s, verdicts))
			return s;
	}
	return CCX_NR_SIGNALS;
}

void ccx_speeds_decide(struct ccx_evidence *evidence, uint32_t nr_cpus,
		       const struct ccx_machine_facts *facts, struct ccx_verdict *verdicts)
{
	enum ccx_signal signal = choose_signal(evidence, nr_cpus, facts, verdicts);
	uint32_t lowest, highest = 0;

	if (signal != CCX_NR_SIGNALS)
		get_range(evidence, nr_cpus, signal, &lowest, &highest);
	for (uint32_t i = 0; i < nr_cpus; i++) {
		struct ccx_verdict *verdict = &verdicts[i];
		uint32_t percent = assumed_percent[verdict->kind];
		char fact[64];

		if (signal == CCX_NR_SIGNALS) {
			verdict->speed = percent * CCX_CAPACITY_MAX / 100;
			if (percent != 100)
				add_why(verdict, "; speed assumed %u %%", percent);
			continue;
		}
		uint32_t value = *ccx_signal_value(&evidence[i], signal);

		/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a signal that is taken is somebody's */
		verdict->speed = ((uint64_t)value * CCX_CAPACITY_MAX + highest / 2) / highest;
		verdict->speed = verdict->speed ? verdict->speed : 1;
		snprintf(fact, sizeof(fact), "%s %u of %u", ccx_signal_name(signal), value,
			 highest);
		if (!strstr(verdict->why, fact))
			add_why(verdict, "; %s", fact);
	}
}
