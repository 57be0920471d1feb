// SPDX-License-Identifier: GPL-2.0-only
/* The model of the live view: documents in, rates and order out, whatever the documents are like. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <math.h>

#include "ccx/topology.h"
#include "monitor.h"
#include "stats.h"

#define SECOND 1000000000ULL

static struct ccx_monitor monitor;
static struct ccx_stats stats;

static int begin(void **state)
{
	(void)state;
	memset(&monitor, 0, sizeof(monitor));
	memset(&stats, 0, sizeof(stats));
	stats.nr_domains = 2;
	stats.domains[0].nr_cpus = 6;
	stats.domains[0].nr_kind[CCX_KIND_PERFORMANCE] = 4;
	stats.domains[0].nr_kind[CCX_KIND_EFFICIENCY] = 2;
	stats.domains[1].nr_cpus = 2;
	stats.domains[1].nr_kind[CCX_KIND_LOW_POWER] = 2;
	return 0;
}

/* The document as the program makes it of `stats`, with another pid if that is not 0. */
static json_t *document(int pid)
{
	static struct ccx_tasks tasks;
	json_t *root;
	char *text;

	ccx_tasks_begin(&tasks);
	ccx_tasks_end(&tasks);
	text = ccx_stats_json(&stats, &tasks);
	root = json_loads(text, 0, NULL);
	free(text);
	assert_non_null(root);
	if (pid)
		json_object_set_new(root, "pid", json_integer(pid));
	return root;
}

static int take_as(int pid)
{
	json_t *root = document(pid);
	int result = ccx_monitor_take(&monitor, root);

	json_decref(root);
	return result;
}

static int take(void)
{
	return take_as(0);
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-6 * fabs(b) + 1e-9;
}

static void every_counter_is_in_the_document(void **state)
{
	json_t *root = document(0);
	json_t *domain = json_array_get(json_object_get(root, "domains"), 0);
	uint32_t i;

	(void)state;
	for (i = 0; i < CCX_NR_MONITOR_COUNTERS; i++)
		if (!json_is_integer(json_object_get(domain, ccx_monitor_name(i))))
			fail_msg("no field %s", ccx_monitor_name(i));
	assert_true(ccx_monitor_is_time(CCX_BUSY_NS));
	assert_false(ccx_monitor_is_time(CCX_FAST) || ccx_monitor_is_time(CCX_MONITOR_LATE));
	json_decref(root);
}

static void rates_are_of_the_time_between(void **state)
{
	(void)state;
	stats.uptime_ns = 10 * SECOND;
	stats.domains[0].counters[CCX_FAST] = 5000;
	stats.domains[0].counters[CCX_RESCUED] = 7;
	stats.domains[0].kind_busy_ns[CCX_KIND_PERFORMANCE] = 20 * SECOND;
	assert_int_equal(take(), 0);
	/* the first: since the start */
	assert_true(near(monitor.domains[0].per_second[CCX_FAST], 500));
	assert_true(near(monitor.domains[0].use[CCX_KIND_PERFORMANCE], 0.5));
	assert_int_equal(monitor.nr_cpus, 8);

	stats.uptime_ns += 2 * SECOND;
	stats.domains[0].counters[CCX_FAST] += 300;
	stats.domains[1].counters[CCX_FAST] += 100;
	stats.domains[0].kind_busy_ns[CCX_KIND_PERFORMANCE] += 8 * SECOND;
	stats.domains[0].kind_busy_ns[CCX_KIND_EFFICIENCY] += 1 * SECOND;
	stats.domains[1].kind_busy_ns[CCX_KIND_LOW_POWER] += 1 * SECOND;
	assert_int_equal(take(), 0);
	assert_int_equal(monitor.news, CCX_NEWS_NONE);
	assert_true(near(monitor.domains[0].per_second[CCX_FAST], 150));
	assert_true(near(monitor.domains[0].per_second[CCX_RESCUED], 0));
	assert_int_equal(monitor.domains[0].counts.counters[CCX_RESCUED], 7);
	assert_true(near(monitor.domains[0].use[CCX_KIND_PERFORMANCE], 1));
	assert_true(near(monitor.domains[0].use[CCX_KIND_EFFICIENCY], 0.25));
	assert_true(near(monitor.domains[0].use_all, 0.75));
	assert_true(near(monitor.domains[1].use[CCX_KIND_LOW_POWER], 0.25));
	assert_true(near(monitor.all.per_second[CCX_FAST], 200));
	assert_true(near(monitor.all.use_all, 10.0 / 16));
}

static void the_same_moment_again_changes_nothing(void **state)
{
	struct ccx_monitor before;

	(void)state;
	stats.uptime_ns = 10 * SECOND;
	take();
	stats.uptime_ns += SECOND;
	stats.domains[0].counters[CCX_FAST] += 300;
	take();
	before = monitor;
	assert_int_equal(take(), 0);
	assert_memory_equal(&monitor, &before, sizeof(monitor));
}

static void a_restart_is_noticed_and_begins_anew(void **state)
{
	(void)state;
	stats.uptime_ns = 100 * SECOND;
	stats.domains[0].counters[CCX_FAST] = 5000;
	take_as(1);
	/* another process, which may be up for longer than the one before was */
	stats.uptime_ns = 200 * SECOND;
	stats.domains[0].counters[CCX_FAST] = 400;
	take_as(2);
	assert_int_equal(monitor.news, CCX_NEWS_PROCESS);
	assert_true(near(monitor.domains[0].per_second[CCX_FAST], 2));
	stats.uptime_ns = 1 * SECOND;
	stats.domains[0].counters[CCX_FAST] = 30;
	take_as(2);
	assert_int_equal(monitor.news, CCX_NEWS_SESSION);
	assert_true(near(monitor.domains[0].per_second[CCX_FAST], 30));
	stats.nr_domains = 1;
	stats.uptime_ns = 2 * SECOND;
	take_as(2);
	assert_int_equal(monitor.news, CCX_NEWS_SESSION);
	assert_int_equal(monitor.nr_domains, 1);
	stats.uptime_ns = 3 * SECOND;
	take_as(2);
	assert_int_equal(monitor.news, CCX_NEWS_NONE);
}

static void latency_is_of_the_period(void **state)
{
	struct ccx_histogram *histogram = &stats.domains[0].dispatcher.decision_ns;
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		ccx_histogram_add(histogram, 3000);
	stats.uptime_ns = SECOND;
	take();
	/* 2048..4095 ns */
	assert_true(monitor.domains[0].p50_us >= 2 && monitor.domains[0].p99_us <= 4.1);
	assert_true(monitor.domains[1].p50_us < 0);
	for (i = 0; i < 100; i++)
		ccx_histogram_add(histogram, i < 90 ? 200000 : 20000000);
	stats.uptime_ns += SECOND;
	take();
	assert_true(monitor.domains[0].p50_us >= 131 && monitor.domains[0].p50_us <= 262.2);
	assert_true(monitor.domains[0].p99_us >= 16777 && monitor.domains[0].p99_us <= 33554.5);
	stats.uptime_ns += SECOND;
	take();
	assert_true(monitor.domains[0].p50_us < 0);
}

static void quantiles_rise_and_lie_within_octaves(void **state)
{
	uint64_t octaves[CCX_HISTOGRAM_OCTAVES] = { 0 }, seed = 1;
	double last, now;
	int i, per_cent;

	(void)state;
	assert_true(ccx_monitor_quantile_us(octaves, 0.5) < 0);
	octaves[CCX_HISTOGRAM_OCTAVES - 1] = 1;
	assert_true(near(ccx_monitor_quantile_us(octaves, 0.5), (1 << 30) / 1e3));
	for (i = 0; i < 100; i++) {
		memset(octaves, 0, sizeof(octaves));
		octaves[unit_random(&seed) % CCX_HISTOGRAM_OCTAVES] = 1 + unit_random(&seed) % 9;
		octaves[unit_random(&seed) % CCX_HISTOGRAM_OCTAVES] += unit_random(&seed) % 99;
		for (per_cent = 1, last = 0; per_cent <= 100; per_cent++) {
			now = ccx_monitor_quantile_us(octaves, per_cent / 100.0);
			assert_true(now >= last);
			last = now;
		}
	}
}

static void what_is_no_document_changes_nothing(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "1", "{\"version\":2,\"domains\":[{}]}", "{\"version\":1}",
		"{\"version\":1,\"domains\":[]}", "{\"version\":1,\"domains\":7}",
	};
	struct ccx_monitor before;
	json_t *root, *many;
	size_t i;

	(void)state;
	stats.uptime_ns = SECOND;
	take();
	before = monitor;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		root = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		assert_int_equal(ccx_monitor_take(&monitor, root), -EINVAL);
		assert_memory_equal(&monitor, &before, sizeof(monitor));
		json_decref(root);
	}
	many = json_array();
	for (i = 0; i <= CCX_MAX_DOMAINS; i++)
		json_array_append_new(many, json_object());
	root = json_pack("{s:i, s:o}", "version", 1, "domains", many);
	assert_int_equal(ccx_monitor_take(&monitor, root), -EINVAL);
	json_decref(root);
	/* fields that are not there, or are something else, are 0 */
	root = json_loads("{\"version\":1,\"domains\":[{\"kinds\":3,\"decision_ns\":{\"octaves\":{}},"
			  "\"cpu_list\":5}],\"tasks\":[{\"comm\":1,\"cpu\":\"x\"},7]}",
			  0, NULL);
	assert_int_equal(ccx_monitor_take(&monitor, root), 0);
	assert_int_equal(monitor.nr_tasks, 2);
	assert_int_equal(monitor.tasks[0].cpu, -1);
	assert_string_equal(monitor.tasks[0].reason, "?");
	json_decref(root);
}

/* Three tasks, told apart by their pids, in an order of the caller's. */
static void tasks_come_in_the_order_asked_for(void **state)
{
	static const char text[] =
		"{\"version\":1,\"uptime_ns\":1,\"domains\":[{\"cpus\":2}],\"tasks\":["
		"{\"pid\":1,\"comm\":\"b\",\"cpu\":2,\"demand\":0.5,\"burst_us\":9,\"ran_ago_us\":5},"
		"{\"pid\":2,\"comm\":\"c\",\"cpu\":1,\"demand\":0.9,\"burst_us\":3,\"ran_ago_us\":null},"
		"{\"pid\":3,\"comm\":\"a\",\"cpu\":3,\"demand\":0.1,\"burst_us\":6,\"ran_ago_us\":0,"
		"\"running\":true}]}";
	static const char *const expected[CCX_NR_TASK_ORDERS] = {
		[CCX_TASKS_BY_LAST_RUN] = "312", [CCX_TASKS_BY_DEMAND] = "213",
		[CCX_TASKS_BY_BURST] = "132",	 [CCX_TASKS_BY_CPU] = "213",
		[CCX_TASKS_BY_PID] = "123",	 [CCX_TASKS_BY_NAME] = "312",
	};
	json_t *root = json_loads(text, 0, NULL);
	int order, i, reverse;

	(void)state;
	assert_int_equal(ccx_monitor_take(&monitor, root), 0);
	for (order = 0; order < CCX_NR_TASK_ORDERS; order++)
		for (reverse = 0; reverse < 2; reverse++) {
			ccx_monitor_sort(&monitor, CCX_DOMAINS_BY_NUMBER, order, reverse);
			for (i = 0; i < 3; i++)
				assert_int_equal(monitor.tasks[i].pid,
						 expected[order][reverse ? 2 - i : i] - '0');
		}
	json_decref(root);
}

static void domains_come_in_the_order_asked_for(void **state)
{
	(void)state;
	stats.uptime_ns = SECOND;
	stats.domains[0].queued_custody = 1;
	stats.domains[1].queued_bound = 2;
	stats.domains[0].kind_busy_ns[CCX_KIND_PERFORMANCE] = 3 * SECOND;
	stats.domains[1].kind_busy_ns[CCX_KIND_LOW_POWER] = SECOND / 2;
	stats.domains[1].recent_wait_ns = 5;
	take();
	ccx_monitor_sort(&monitor, CCX_DOMAINS_BY_QUEUE, 0, false);
	assert_int_equal(monitor.order[0], 1);
	ccx_monitor_sort(&monitor, CCX_DOMAINS_BY_USE, 0, false);
	assert_int_equal(monitor.order[0], 0);
	ccx_monitor_sort(&monitor, CCX_DOMAINS_BY_WAIT, 0, false);
	assert_int_equal(monitor.order[0], 1);
	ccx_monitor_sort(&monitor, CCX_DOMAINS_BY_NUMBER, 0, false);
	assert_int_equal(monitor.order[0], 0);
	ccx_monitor_sort(&monitor, CCX_DOMAINS_BY_NUMBER, 0, true);
	assert_int_equal(monitor.order[0], 1);
}

static void numbers_keep_their_width(void **state)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = {
		{ 0, "0" },	       { 0.001, "0.1" },   { 3.14, "3.1" },   { 9.94, "9.9" },
		{ 9.96, "10" },	       { 1234, "1234" },   { 99999, "99999" }, { 100000, "100k" },
		{ 999499, "999k" },    { 1.5e6, "1.50M" }, { 12.34e6, "12.3M" }, { 5e9, "5.00G" },
		{ 1e300, "9999T" },
	};
	char text[CCX_MONITOR_NUMBER_BYTES];
	double number;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ccx_monitor_format(text, cases[i].number);
		assert_string_equal(text, cases[i].text);
	}
	for (number = 0.01; number < 1e18; number *= 1.003) {
		ccx_monitor_format(text, number);
		assert_in_range(strlen(text), 1, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_counter_is_in_the_document, begin),
		cmocka_unit_test_setup(rates_are_of_the_time_between, begin),
		cmocka_unit_test_setup(the_same_moment_again_changes_nothing, begin),
		cmocka_unit_test_setup(a_restart_is_noticed_and_begins_anew, begin),
		cmocka_unit_test_setup(latency_is_of_the_period, begin),
		cmocka_unit_test_setup(quantiles_rise_and_lie_within_octaves, begin),
		cmocka_unit_test_setup(what_is_no_document_changes_nothing, begin),
		cmocka_unit_test_setup(tasks_come_in_the_order_asked_for, begin),
		cmocka_unit_test_setup(domains_come_in_the_order_asked_for, begin),
		cmocka_unit_test_setup(numbers_keep_their_width, begin),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
