// SPDX-License-Identifier: GPL-2.0-only
/* The metrics as text: what the formats demand, and that values are those read. */
#include "tests/unit/unit.h"

#include "metrics.h"

static struct ccx_stats stats;
static struct ccx_ruling ruling;

static void fill(void)
{
	uint32_t i, j;

	memset(&stats, 0, sizeof(stats));
	stats.uptime_ns = 12000000034ULL;
	stats.nr_domains = 2;
	for (i = 0; i < stats.nr_domains; i++) {
		struct ccx_domain_stats *domain = &stats.domains[i];

		for (j = 0; j < CCX_NR_COUNTERS; j++)
			domain->counters[j] = 1000 * (i + 1) + j;
		domain->nr_kind[CCX_KIND_PERFORMANCE] = 4;
		domain->kind_busy_ns[CCX_KIND_PERFORMANCE] = 5000000007ULL + i;
		domain->queued_custody = 3 + i;
		domain->late = i;
		for (j = 0; j < 1000; j++)
			ccx_histogram_add(&domain->dispatcher.decision_ns, 1ULL << j % 40);
	}
	/* the second domain has two kinds */
	stats.domains[1].nr_kind[CCX_KIND_LOW_POWER] = 2;
	ruling.version = 1;
	ruling.file.table.nr = 1;
	ruling.file.lines[0] = 17;
	stats.rules.ruling = &ruling;
	stats.rules.hits[0] = 99;
}

static char *text_of(enum ccx_metrics_format format)
{
	char *text;

	fill();
	text = ccx_metrics_text(&stats, format);
	assert_non_null(text);
	return text;
}

/* The line `line` stands in `text`. */
static void has(const char *text, const char *line)
{
	size_t length = strlen(line);
	const char *at = text;

	while ((at = strstr(at, line))) {
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return;
		at++;
	}
	fail_msg("no line '%s' in:\n%s", line, text);
}

static void values_are_those_read(void **state)
{
	char *text = text_of(CCX_METRICS_OPEN), line[160], time[160];
	uint32_t i;

	(void)state;
	has(text, "scx_ccx_uptime_seconds 12.000000034");
	snprintf(line, sizeof(line), "scx_ccx_rescued_total{domain=\"1\"} %d", 2000 + CCX_RESCUED);
	has(text, line);
	snprintf(line, sizeof(line), "scx_ccx_dispatcher_seconds_total{domain=\"0\"} 0.%09d",
		 1000 + CCX_DISPATCHER_NS);
	has(text, line);
	/* each counter there is */
	for (i = 0; i < CCX_NR_COUNTERS; i++) {
		snprintf(line, sizeof(line), "{domain=\"1\"} %u\n", 2000 + i);
		snprintf(time, sizeof(time), "{domain=\"1\"} 0.%09u\n", 2000 + i);
		if (i != CCX_BUSY_NS && !strstr(text, line) && !strstr(text, time))
			fail_msg("counter %u is missing", i);
	}
	has(text, "scx_ccx_busy_seconds_total{domain=\"1\",kind=\"performance\"} 5.000000008");
	has(text, "scx_ccx_cpus{domain=\"1\",kind=\"low_power\"} 2");
	has(text, "scx_ccx_queued_tasks{domain=\"1\",queue=\"custody\"} 4");
	has(text, "scx_ccx_dispatcher_late{domain=\"0\"} 0");
	has(text, "scx_ccx_dispatcher_late{domain=\"1\"} 1");
	has(text, "scx_ccx_rule_hits_total{line=\"17\"} 99");
	assert_null(strstr(text, "cpus{domain=\"0\",kind=\"low_power\"}"));
	free(text);
	ruling.version = 0;
	stats.consolidates = true;
	stats.in_use = 2;
	stats.packer.grown = 5;
	text = ccx_metrics_text(&stats, CCX_METRICS_OPEN);
	assert_null(strstr(text, "rule_hits"));
	has(text, "scx_ccx_domain_in_use{domain=\"0\"} 0");
	has(text, "scx_ccx_domain_in_use{domain=\"1\"} 1");
	has(text, "scx_ccx_sets_grown_total 5");
	assert_null(strstr(text, "scx_ccx_die_"));
	free(text);
	stats.dies.dies = true;
	stats.dies.processes[CCX_PREFER_CACHE] = 3;
	stats.dies.counts.choices = 9;
	text = ccx_metrics_text(&stats, CCX_METRICS_OPEN);
	has(text, "scx_ccx_die_processes{die=\"cache\"} 3");
	has(text, "scx_ccx_die_processes{die=\"frequency\"} 0");
	has(text, "scx_ccx_die_choices_total 9");
	free(text);
}

/* One family of the text: the lines from its TYPE on. */
struct family {
	char name[96], type[16], unit[16];
	bool help;
	uint32_t samples;
};

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

/* A sample's name is its family's, with the suffix that the type has. */
static void check_sample(const struct family *family, const char *line, bool open)
{
	char name[96] = "", suffix[32] = "";

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, "{ "), line);
	if (strncmp(name, family->name, strlen(family->name)))
		fail_msg("'%s' is no sample of %s", line, family->name);
	snprintf(suffix, sizeof(suffix), "%s", name + strlen(family->name));
	if (!strcmp(family->type, "counter"))
		assert_string_equal(suffix, open ? "_total" : "");
	else if (!strcmp(family->type, "info"))
		assert_string_equal(suffix, "_info");
	else if (!strcmp(family->type, "histogram"))
		assert_true(!strcmp(suffix, "_bucket") || !strcmp(suffix, "_count") ||
			    !strcmp(suffix, "_sum"));
	else
		assert_string_equal(suffix, "");
	assert_true(!strcmp(line + strcspn(line, " ") + 1, "0") ||
		    strtod(line + strcspn(line, " ") + 1, NULL) > 0 ||
		    strstr(line, " 0.000000000"));
}

static void check_family(const struct family *family, bool open)
{
	assert_true(family->help);
	assert_true(family->samples > 0);
	assert_true(ends_with(family->name, "_total") == (!open && !strcmp(family->type, "counter")));
	if (*family->unit)
		assert_true(ends_with(family->name, family->unit));
}

static uint32_t check_text(char *text, bool open)
{
	static struct family families[64];
	uint32_t nr = 0, i;
	char *line, *rest = text;

	memset(families, 0, sizeof(families));
	assert_true(ends_with(text, "\n"));
	while ((line = strsep(&rest, "\n")) && *line) {
		struct family *last = nr ? &families[nr - 1] : NULL;
		char name[96], word[96];

		if (!strcmp(line, "# EOF")) {
			assert_true(open);
			assert_string_equal(rest, "");
			break;
		}
		if (sscanf(line, "# TYPE %95s %95s", name, word) == 2) {
			assert_true(nr < 64);
			for (i = 0; i < nr; i++)
				assert_string_not_equal(families[i].name, name);
			snprintf(families[nr].name, sizeof(families[nr].name), "%s", name);
			snprintf(families[nr++].type, sizeof(families[0].type), "%.15s", word);
		} else if (sscanf(line, "# UNIT %95s %95s", name, word) == 2) {
			assert_true(open && last && !strcmp(last->name, name) && !last->samples);
			snprintf(last->unit, sizeof(last->unit), "%.15s", word);
		} else if (sscanf(line, "# HELP %95s %95s", name, word) == 2) {
			assert_true(last && !strcmp(last->name, name) && !last->samples);
			last->help = true;
		} else {
			assert_non_null(last);
			check_sample(last, line, open);
			last->samples++;
		}
	}
	assert_true(!open || (line && !strcmp(line, "# EOF")));
	for (i = 0; i < nr; i++)
		check_family(&families[i], open);
	return nr;
}

static void both_formats_keep_their_rules(void **state)
{
	char *open = text_of(CCX_METRICS_OPEN), *plain = text_of(CCX_METRICS_PLAIN);

	(void)state;
	assert_int_equal(check_text(open, true), check_text(plain, false));
	free(open);
	free(plain);
}

static void buckets_add_up(void **state)
{
	static const char name[] = "scx_ccx_decision_latency_seconds_bucket{domain=\"1\",le=\"";
	char *text = text_of(CCX_METRICS_OPEN), *at = text, *end;
	unsigned long long count, before = 0;
	double limit, last = 0;
	uint32_t nr = 0;

	(void)state;
	while ((at = strstr(at, name))) {
		at += strlen(name);
		limit = strtod(at, &end); /* strtod knows +Inf */
		assert_true(limit > last);
		count = strtoull(end + strlen("\"}"), NULL, 10);
		assert_true(count >= before);
		/* 1, 2, 4, ... ns, each 25 times: as many as lie below the limit */
		if (limit < 1)
			assert_int_equal(count, 25 * (10 + nr));
		before = count;
		last = limit;
		nr++;
	}
	assert_int_equal(nr, CCX_HISTOGRAM_OCTAVES);
	assert_int_equal(before, 1000);
	has(text, "scx_ccx_decision_latency_seconds_count{domain=\"1\"} 1000");
	/* 25 * (2^40 - 1) ns */
	has(text, "scx_ccx_decision_latency_seconds_sum{domain=\"1\"} 27487.790694375");
	free(text);
}

static void the_request_chooses_the_format(void **state)
{
	(void)state;
	assert_int_equal(ccx_metrics_choose(NULL), CCX_METRICS_OPEN);
	assert_int_equal(ccx_metrics_choose("*/*"), CCX_METRICS_OPEN);
	assert_int_equal(ccx_metrics_choose("text/plain"), CCX_METRICS_PLAIN);
	/* what Prometheus sends */
	assert_int_equal(ccx_metrics_choose("application/openmetrics-text;version=1.0.0;q=0.75,"
					    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
			 CCX_METRICS_OPEN);
	assert_string_equal(ccx_metrics_type(CCX_METRICS_OPEN),
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_read),
		cmocka_unit_test(both_formats_keep_their_rules),
		cmocka_unit_test(buckets_add_up),
		cmocka_unit_test(the_request_chooses_the_format),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
