// SPDX-License-Identifier: GPL-2.0-only
#include "ccx/histogram.h"

#include <string.h>

void ccx_histogram_octaves(const struct ccx_histogram *histogram,
			   uint64_t counts[CCX_HISTOGRAM_OCTAVES])
{
	uint32_t bucket, octave = 0;

	memset(counts, 0, CCX_HISTOGRAM_OCTAVES * sizeof(counts[0]));
	for (bucket = 0; bucket < CCX_HISTOGRAM_BUCKETS; bucket++) {
		if (octave < CCX_HISTOGRAM_OCTAVES - 1 &&
		    ccx_histogram_limit(bucket) > ccx_histogram_octave_limit(octave))
			octave++;
		counts[octave] += __atomic_load_n(&histogram->buckets[bucket], __ATOMIC_RELAXED);
	}
}

uint64_t ccx_histogram_quantile(const struct ccx_histogram *histogram, uint32_t per_mille)
{
	uint64_t max = __atomic_load_n(&histogram->max, __ATOMIC_RELAXED);
	uint64_t total = 0, seen = 0, limit;
	uint32_t i;

	for (i = 0; i < CCX_HISTOGRAM_BUCKETS; i++)
		total += __atomic_load_n(&histogram->buckets[i], __ATOMIC_RELAXED);
	if (!total)
		return 0;
	for (i = 0; i < CCX_HISTOGRAM_BUCKETS; i++) {
		seen += __atomic_load_n(&histogram->buckets[i], __ATOMIC_RELAXED);
		if (seen * 1000 >= total * per_mille)
			break;
	}
	limit = i < CCX_HISTOGRAM_BUCKETS ? ccx_histogram_limit(i) : max;
	return limit < max ? limit : max;
}
