// SPDX-License-Identifier: GPL-2.0-only
/* What the program says at its beginning and end fits on a screen, on every machine. */
#include "tests/unit/unit.h"

#include "summary.h"

#define LINES	24
#define COLUMNS 80

static struct ccx_dispatcher dispatchers[CCX_MAX_DOMAINS];
static struct ccx_ruling ruling;
static struct ccx_stats stats;

/* The text fits, with a line for the command that was typed and one for the prompt. */
static void fits(const char *text, const char *about)
{
	size_t lines = 0, length;
	const char *at = text;

	while (*at) {
		length = strcspn(at, "\n");
		if (length >= COLUMNS)
			fail_msg("%s: a line of %zu columns in:\n%s", about, length, text);
		assert_true(at[length] == '\n');
		at += length + 1;
		lines++;
	}
	if (lines > LINES - 2)
		fail_msg("%s: %zu lines:\n%s", about, lines, text);
}

/* The caller frees. */
static char *start_text(const char *source, const struct ccx_options *options)
{
	struct ccx_topology_options topology_options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_topology *topology;
	struct ccx_error error;
	char *text = NULL;
	size_t size;
	FILE *file;

	topology_options.source = source;
	if (ccx_topology_load(&topology_options, &topology, &error))
		fail_msg("%s", error.text);
	file = open_memstream(&text, &size);
	ccx_summary_start(file, topology, options, &ruling, dispatchers);
	fclose(file);
	ccx_topology_free(topology);
	return text;
}

static void the_beginning_fits(void **state)
{
	static const char *const sources[] = {
		"synthetic:pu:1",
		"synthetic:pack:2 l3:2 core:4 pu:2",
		"synthetic:l3:10 core:2 pu:1",
		"synthetic:l3:11 core:2 pu:1",
		"synthetic:pack:2 l3:32 core:8 pu:2",
		/* siblings far apart, so that lists of CPUs are long */
		"synthetic:pack:2 l3:4 core:16 pu:4(indexes=8*64:64*1)",
		"tests/topology/meteor-lake-hwloc-2.13.xml",
		"tests/topology/ryzen-hx370-v3.xml",
	};
	struct ccx_options options = { .slice_us = 100000, .rescue_us = 1000000 };
	char *text, metrics[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		text = start_text(sources[i], &options);
		fits(text, sources[i]);
		free(text);
	}
	/* with everything that can be said */
	ruling.version = UINT32_MAX;
	ruling.file.table.nr = 255;
	memset(metrics, '/', sizeof(metrics) - 1);
	metrics[sizeof(metrics) - 1] = '\0';
	ruling.path = options.metrics = metrics;
	options.mode = CCX_MODE_SERVER;
	options.partial = true;
	text = start_text(sources[4], &options);
	fits(text, "everything");
	free(text);
	ruling.version = 0;
}

static void the_beginning_says_what_is_to_be_known(void **state)
{
	struct ccx_options options = { .slice_us = 5000, .rescue_us = 5000,
				       .metrics = "127.0.0.1:9177" };
	char *text;

	(void)state;
	text = start_text("synthetic:pack:1 l3:2 core:4 pu:2", &options);
	assert_non_null(strstr(text, "16 CPUs, 8 cores, 2 cache domains\n"));
	assert_non_null(strstr(text, "CPUs 0-7\n"));
	assert_non_null(strstr(text, "all ordinary tasks, latency first"));
	assert_non_null(strstr(text, "slices up to 5 ms"));
	assert_non_null(strstr(text, "Ctrl-C"));
	assert_non_null(strstr(text, "Metrics: 127.0.0.1:9177\n"));
	assert_null(strstr(text, "thread 0"));
	free(text);
	options.mode = CCX_MODE_SERVER;
	text = start_text("synthetic:l3:20 core:2 pu:1", &options);
	assert_non_null(strstr(text, "throughput first, in slices up to 20 ms"));
	assert_non_null(strstr(text, "and 11 more"));
	free(text);
	options.verbose = true;
	text = start_text("synthetic:l3:20 core:2 pu:1", &options);
	assert_non_null(strstr(text, "domain 19: "));
	assert_non_null(strstr(text, "dispatcher is thread"));
	free(text);
}

static char *end_text(uint64_t ran_ns, uint32_t sessions)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	ccx_summary_end(file, &stats, ran_ns, sessions);
	fclose(file);
	return text;
}

static void the_end_adds_domains_up(void **state)
{
	char *text;

	(void)state;
	memset(&stats, 0, sizeof(stats));
	text = end_text(1500000000, 1);
	fits(text, "nothing happened");
	assert_non_null(strstr(text, "Ran for 1.5 s.\n"));
	free(text);
	stats.nr_domains = 2;
	stats.uptime_ns = 75000000000;
	stats.domains[0].counters[CCX_FAST] = 11;
	stats.domains[1].counters[CCX_FAST] = 22;
	stats.domains[1].counters[CCX_RESCUED] = 7;
	stats.domains[0].counters[CCX_BUSY_NS] = 30;
	stats.domains[0].idle_ns = 10;
	stats.domains[1].idle_ns = 20;
	stats.domains[1].longest_wait_ns = 12000000;
	text = end_text(7265000000000, 3);
	fits(text, "little");
	assert_non_null(strstr(text, "Ran for 2 h 1 min, began anew 2 times"));
	assert_non_null(strstr(text, "the last 1 min 15 s.\n"));
	assert_non_null(strstr(text, "CPUs busy           50.0 %"));
	assert_non_null(strstr(text, "got an idle CPU     33 tasks"));
	assert_non_null(strstr(text, "rescued             7 tasks"));
	assert_non_null(strstr(text, "longest wait        12 ms"));
	assert_null(strstr(text, "please report"));
	free(text);
}

static void the_end_fits_whatever_happened(void **state)
{
	char *text;
	uint32_t i;

	(void)state;
	memset(&stats, 0, sizeof(stats));
	stats.nr_domains = CCX_MAX_DOMAINS;
	stats.uptime_ns = 31536000000000000;
	for (i = 0; i < CCX_MAX_DOMAINS; i++) {
		uint32_t j;

		for (j = 0; j < CCX_NR_COUNTERS; j++)
			stats.domains[i].counters[j] = 999999999999;
		stats.domains[i].late_count = stats.domains[i].ring_full = 99999999999;
		stats.domains[i].dispatcher.bad_messages = 1;
		ccx_histogram_add(&stats.domains[i].dispatcher.decision_ns, 60000000000);
	}
	text = end_text(stats.uptime_ns, 100001);
	fits(text, "a year");
	assert_non_null(strstr(text, "please report it"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_beginning_fits),
		cmocka_unit_test(the_beginning_says_what_is_to_be_known),
		cmocka_unit_test(the_end_adds_domains_up),
		cmocka_unit_test(the_end_fits_whatever_happened),
	};

	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
