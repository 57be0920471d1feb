// SPDX-License-Identifier: GPL-2.0-only
/* Buckets without gaps, quantiles at most a quarter high, and a reader beside the writer. */
#include "tests/unit/unit.h"

#include <pthread.h>

#include "ccx/histogram.h"

static void every_value_lies_within_its_bucket(uint64_t ns)
{
	uint32_t bucket = ccx_histogram_bucket(ns);

	assert_true(bucket < CCX_HISTOGRAM_BUCKETS);
	assert_true(ns <= ccx_histogram_limit(bucket));
	if (bucket)
		assert_true(ns > ccx_histogram_limit(bucket - 1));
	/* the limit is at most a quarter above the value */
	assert_true(ccx_histogram_limit(bucket) - ns <= ns / 4);
}

static void buckets_have_no_gaps(void **state)
{
	uint64_t seed = 1, ns;
	uint32_t i, shift;

	(void)state;
	for (ns = 0; ns < 100000; ns++)
		every_value_lies_within_its_bucket(ns);
	for (shift = 1; shift < 64; shift++)
		for (i = 0; i < 3; i++)
			every_value_lies_within_its_bucket((1ULL << shift) + i - 1);
	every_value_lies_within_its_bucket(UINT64_MAX);
	for (i = 0; i < 100000; i++)
		every_value_lies_within_its_bucket(unit_random(&seed) >> (i % 64));
}

static void no_samples_no_quantile(void **state)
{
	static struct ccx_histogram histogram;

	(void)state;
	assert_int_equal(ccx_histogram_quantile(&histogram, 0), 0);
	assert_int_equal(ccx_histogram_quantile(&histogram, 500), 0);
	assert_int_equal(ccx_histogram_quantile(&histogram, 1000), 0);
}

static void one_sample_is_every_quantile(void **state)
{
	struct ccx_histogram histogram = { 0 };

	(void)state;
	ccx_histogram_add(&histogram, 123456);
	assert_int_equal(histogram.max, 123456);
	assert_int_equal(ccx_histogram_quantile(&histogram, 1), 123456);
	assert_int_equal(ccx_histogram_quantile(&histogram, 500), 123456);
	assert_int_equal(ccx_histogram_quantile(&histogram, 1000), 123456);
}

static void half_of_two_is_the_smaller(void **state)
{
	struct ccx_histogram histogram = { 0 };

	(void)state;
	ccx_histogram_add(&histogram, 1000);
	ccx_histogram_add(&histogram, 10);
	assert_in_range(ccx_histogram_quantile(&histogram, 500), 10, 12);
	assert_int_equal(ccx_histogram_quantile(&histogram, 501), 1000);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Against the sorted samples. */
static void quantiles_are_at_most_a_quarter_high(void **state)
{
	static const uint32_t per_mille[] = { 1, 10, 250, 500, 900, 990, 999, 1000 };
	static uint64_t samples[20000];
	static struct ccx_histogram histogram;
	uint64_t seed = 2, exact, got;
	size_t i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		samples[i] = unit_random(&seed) >> unit_between(&seed, 24, 60);
		ccx_histogram_add(&histogram, samples[i]);
	}
	qsort(samples, 20000, sizeof(samples[0]), compare);
	for (i = 0; i < sizeof(per_mille) / sizeof(per_mille[0]); i++) {
		exact = samples[per_mille[i] * 20 - 1];
		got = ccx_histogram_quantile(&histogram, per_mille[i]);
		assert_true(got >= exact);
		assert_true(got - exact <= exact / 4);
	}
	assert_int_equal(ccx_histogram_quantile(&histogram, 1000), samples[19999]);
	assert_int_equal(histogram.max, samples[19999]);
}

static void octaves_hold_what_their_limits_say(void **state)
{
	uint64_t counts[CCX_HISTOGRAM_OCTAVES], expected[CCX_HISTOGRAM_OCTAVES] = { 0 };
	static struct ccx_histogram histogram;
	uint64_t seed = 4, ns, sum = 0;
	uint32_t i, octave;

	(void)state;
	for (i = 0; i < 20000; i++) {
		/* the values beside the limits, too */
		ns = i < 128 ? (1ULL << (i / 2 % 40)) - i % 2 :
			       unit_random(&seed) >> unit_between(&seed, 24, 60);
		for (octave = 0; octave < CCX_HISTOGRAM_OCTAVES - 1; octave++)
			if (ns <= ccx_histogram_octave_limit(octave))
				break;
		expected[octave]++;
		sum += ns;
		ccx_histogram_add(&histogram, ns);
	}
	ccx_histogram_octaves(&histogram, counts);
	for (octave = 0; octave < CCX_HISTOGRAM_OCTAVES; octave++)
		assert_int_equal(counts[octave], expected[octave]);
	assert_int_equal(histogram.sum, sum);
}

struct shared {
	struct ccx_histogram histogram;
	bool quit;
};

static void *writer(void *context)
{
	struct shared *shared = context;
	uint64_t seed = 3;
	uint32_t i;

	for (i = 0; i < 300000; i++)
		ccx_histogram_add(&shared->histogram, unit_between(&seed, 1000, 2000));
	__atomic_store_n(&shared->quit, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Also built with ThreadSanitizer: see module.mk. */
static void a_reader_beside_the_writer_sees_sane_values(void **state)
{
	static struct shared shared;
	uint64_t quantile, total = 0;
	pthread_t thread;
	uint32_t i;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, writer, &shared), 0);
	while (!__atomic_load_n(&shared.quit, __ATOMIC_ACQUIRE)) {
		quantile = ccx_histogram_quantile(&shared.histogram, 990);
		assert_true(quantile <= 2500);
	}
	pthread_join(thread, NULL);
	for (i = 0; i < CCX_HISTOGRAM_BUCKETS; i++)
		total += shared.histogram.buckets[i];
	assert_int_equal(total, 300000);
	assert_in_range(ccx_histogram_quantile(&shared.histogram, 500), 1500, 1900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_have_no_gaps),
		cmocka_unit_test(no_samples_no_quantile),
		cmocka_unit_test(one_sample_is_every_quantile),
		cmocka_unit_test(half_of_two_is_the_smaller),
		cmocka_unit_test(quantiles_are_at_most_a_quarter_high),
		cmocka_unit_test(octaves_hold_what_their_limits_say),
		cmocka_unit_test(a_reader_beside_the_writer_sees_sane_values),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
