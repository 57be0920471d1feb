// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers as evidence: who has them, where they leave gaps. Pure.
 */
#include <stdlib.h>
#include <string.h>

#include "topology/decision.h"

static const char *const signal_names[] = {
    [CCX_SIGNAL_CPU_CAPACITY] = "cpu_capacity", [CCX_SIGNAL_HIGHEST_PERF] = "CPPC highest_perf",
    [CCX_SIGNAL_PREFCORE] = "prefcore ranking", [CCX_SIGNAL_MAX_MHZ] = "max MHz",
    [CCX_SIGNAL_BASE_MHZ] = "base MHz",
};

const char *ccx_signal_name(enum ccx_signal signal)
{
	return signal_names[signal];
}

uint32_t *ccx_signal_value(struct ccx_evidence *evidence, enum ccx_signal signal)
{
	switch (signal) {
	case CCX_SIGNAL_CPU_CAPACITY:
		return &evidence->cpu_capacity;
	case CCX_SIGNAL_HIGHEST_PERF:
		return &evidence->highest_perf;
	case CCX_SIGNAL_PREFCORE:
		return &evidence->prefcore;
	case CCX_SIGNAL_MAX_MHZ:
		return &evidence->max_mhz;
	default:
		return &evidence->base_mhz;
	}
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_core(const void *a, const void *b)
{
	const struct ccx_evidence *const *x = a, *const *y = b;

	return ((*x)->core > (*y)->core) - ((*x)->core < (*y)->core);
}

static void merge(struct ccx_evidence *best, struct ccx_evidence *sibling)
{
	for (int s = 0; s < CCX_NR_SIGNALS; s++) {
		uint32_t *value = ccx_signal_value(best, s);

		if (*ccx_signal_value(sibling, s) > *value)
			*value = *ccx_signal_value(sibling, s);
	}
	if (sibling->hwloc_rank > best->hwloc_rank)
		best->hwloc_rank = sibling->hwloc_rank;
	/* Types are ordered from unknown over the fastest to the slowest. */
	if (sibling->core_type != CCX_CORE_UNKNOWN &&
	    (best->core_type == CCX_CORE_UNKNOWN || sibling->core_type < best->core_type)) {
		best->core_type = sibling->core_type;
		memcpy(best->core_type_name, sibling->core_type_name, sizeof(best->core_type_name));
	}
}

/*
 * Siblings are one core: the best that one of them tells, holds for all. (Files under a CPU that
 * was offline may be missing, and a description may contradict itself.)
 */
void ccx_complete_siblings(struct ccx_evidence *evidence, uint32_t nr_cpus)
{
	struct ccx_evidence **order = calloc(nr_cpus, sizeof(*order));

	if (!order)
		return;
	for (uint32_t i = 0; i < nr_cpus; i++)
		order[i] = &evidence[i];
	qsort(order, nr_cpus, sizeof(*order), compare_core);
	for (uint32_t first = 0, end; first < nr_cpus; first = end) {
		for (end = first + 1; end < nr_cpus && order[end]->core == order[first]->core;)
			merge(order[first], order[end++]);
		for (uint32_t i = first + 1; i < end; i++)
			*order[i] = *order[first];
	}
	free(order);
}

/* True if every CPU that is still open has the number. */
bool ccx_is_known(const struct decision *d, enum ccx_signal signal)
{
	for (uint32_t i = 0; i < d->nr_cpus; i++)
		if (!d->decided[i] && !value_of(d, i, signal))
			return false;
	return true;
}

/* Looks for gaps among the open CPUs' values; the largest one becomes `below`. */
struct split ccx_find_split(const struct decision *d, enum ccx_signal signal, uint32_t percent)
{
	struct split split = {0};
	uint32_t *values = calloc(d->nr_cpus, sizeof(*values));
	uint32_t nr = 0;
	uint64_t best = 0;

	if (!values || !ccx_is_known(d, signal))
		goto out;
	for (uint32_t i = 0; i < d->nr_cpus; i++)
		if (!d->decided[i])
			values[nr++] = value_of(d, i, signal);
	qsort(values, nr, sizeof(*values), compare_u32);
	for (uint32_t i = 1; i < nr; i++) {
		uint64_t ratio = (uint64_t)values[i] * 10000 / values[i - 1];

		if (ratio < (uint64_t)percent * 100)
			continue;
		if (!split.nr_steps++)
			split.lowest_step = values[i];
		if (ratio > best) {
			best = ratio;
			split.below = values[i];
		}
	}
out:
	free(values);
	return split;
}

bool ccx_signal_varies(const struct decision *d, enum ccx_signal signal)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		uint32_t value = value_of(d, i, signal);

		if (!first)
			first = value;
		else if (value && value != first)
			return true;
	}
	return false;
}

/* The mean of a number in thousandths over the slow or the fast side of a split. */
uint64_t ccx_mean_side(const struct decision *d, enum ccx_signal of, enum ccx_signal by,
		       uint32_t below, bool slow)
{
	uint64_t sum = 0, nr = 0;

	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		if (d->decided[i] || (value_of(d, i, by) < below) != slow)
			continue;
		sum += value_of(d, i, of);
		nr++;
	}
	return nr ? sum * 1000 / nr : 0;
}
