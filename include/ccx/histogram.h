/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A histogram of durations in nanoseconds: one bucket per quarter of a power of two, so a quantile
 * is at most 25 % high. One writer; readers on other threads see each bucket whole.
 */
#ifndef CCX_HISTOGRAM_H
#define CCX_HISTOGRAM_H

#include <stdint.h>

#define CCX_HISTOGRAM_BUCKETS (64 * 4)

/*
 * For others it is shown in powers of two: the first octave is all below 2^10 ns, octave i holds
 * 2^(9 + i) up to 2^(10 + i) - 1 ns, the last all from 2^30 ns on.
 */
#define CCX_HISTOGRAM_OCTAVES 22

struct ccx_histogram {
	uint64_t buckets[CCX_HISTOGRAM_BUCKETS];
	uint64_t max;
	uint64_t sum;
};

static inline uint32_t ccx_histogram_bucket(uint64_t ns)
{
	uint32_t log;

	if (ns < 4)
		return ns;
	log = 63 - __builtin_clzll(ns);
	return (log - 1) * 4 + ((ns >> (log - 2)) & 3);
}

/* Largest value that falls into a bucket. */
static inline uint64_t ccx_histogram_limit(uint32_t bucket)
{
	uint32_t log = bucket / 4 + 1;

	if (bucket < 4)
		return bucket;
	return ((4ULL + bucket % 4 + 1) << (log - 2)) - 1;
}

static inline void ccx_histogram_add(struct ccx_histogram *histogram, uint64_t ns)
{
	uint64_t *bucket = &histogram->buckets[ccx_histogram_bucket(ns)];

	__atomic_store_n(bucket, *bucket + 1, __ATOMIC_RELAXED);
	if (ns > histogram->max)
		__atomic_store_n(&histogram->max, ns, __ATOMIC_RELAXED);
	__atomic_store_n(&histogram->sum, histogram->sum + ns, __ATOMIC_RELAXED);
}

/* Largest value of an octave but the last, which has no limit. */
static inline uint64_t ccx_histogram_octave_limit(uint32_t octave)
{
	return (1ULL << (10 + octave)) - 1;
}

/* Samples in each octave. */
void ccx_histogram_octaves(const struct ccx_histogram *histogram,
			   uint64_t counts[CCX_HISTOGRAM_OCTAVES]);

/* Value that `per_mille` thousandths of the samples do not exceed; 0 without samples. */
uint64_t ccx_histogram_quantile(const struct ccx_histogram *histogram, uint32_t per_mille);

#endif
