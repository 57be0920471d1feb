// SPDX-License-Identifier: GPL-2.0-only
/* The table of domains: what happened in a period, and only that. */
#include "tests/unit/unit.h"

#include "stats_text.h"

static struct ccx_stats before, now;

/* The rows without the head; static. */
static const char *rows(const struct ccx_stats *from)
{
	static char text[4096];
	FILE *file = fmemopen(text, sizeof(text), "w");
	char *end;

	ccx_stats_print(file, from, &now);
	fclose(file);
	end = strchr(text, '\n');
	assert_non_null(end);
	/* the head is as wide as the rows: columns stand below their names */
	assert_int_equal(end - text, strcspn(end + 1, "\n"));
	return end + 1;
}

static void columns_are_of_the_period(void **state)
{
	struct ccx_histogram *latency = &before.domains[0].dispatcher.decision_ns;
	int i;

	(void)state;
	before.nr_domains = 1;
	before.uptime_ns = 1000000000;
	before.domains[0].nr_cpus = 4;
	before.domains[0].counters[CCX_FAST] = 1000;
	before.domains[0].counters[CCX_OVERTAKEN] = 3;
	before.domains[0].migrated_out = 5;
	before.domains[0].longest_wait_ns = 9000000;
	for (i = 0; i < 10000; i++)
		ccx_histogram_add(latency, 1000);
	now = before;
	now.uptime_ns += 2000000000;
	now.domains[0].counters[CCX_FAST] += 234;
	now.domains[0].counters[CCX_BUSY_NS] += 2000000000;
	now.domains[0].migrated_out += 7;
	now.domains[0].queued_ready[CCX_KIND_EFFICIENCY] = 2;
	now.domains[0].queued_bound = 1;
	now.domains[0].recent_wait_ns = 4000000;
	for (i = 0; i < 100; i++)
		ccx_histogram_add(&now.domains[0].dispatcher.decision_ns, 64000);
	/* domain busy queued fast ordered critical decisions taken rescued in out p50 p99 wait */
	assert_string_equal(rows(&before),
			    "     0  25.0%      3       234         0         0         0       0"
			    "       0       0       7      64.0      64.0      4.0\n");
	assert_string_equal(rows(NULL),
			    "     0  16.7%      3      1234         0         0         0       3"
			    "       0       0      12       1.0       1.0      9.0\n");
	/* a restart in between: other domains */
	before.nr_domains = 2;
	assert_non_null(strstr(rows(&before), " 1234 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_of_the_period),
	};

	return cmocka_run_group_tests_name("stats_text", tests, NULL, NULL);
}
