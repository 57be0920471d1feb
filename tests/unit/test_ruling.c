// SPDX-License-Identifier: GPL-2.0-only
/* The rules in force: versions, the table that BPF reads, bad files, figures since a version. */
#include "tests/unit/libconfig_leak.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#include "ruling.h"

static struct ccx_rules shared;
static struct ccx_rule_hits hits;
static const struct ccx_scheduler scheduler = { .rules = &shared, .rule_hits = &hits };
static struct ccx_ruling ruling;
static struct ccx_error error;
static char path[] = "/tmp/ccx-ruling-XXXXXX";

static int begin(void **state)
{
	(void)state;
	memset(&shared, 0, sizeof(shared));
	memset(&hits, 0, sizeof(hits));
	memset(&ruling, 0, sizeof(ruling));
	return 0;
}

static int read_text(const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	return ccx_ruling_read(&ruling, path, &error);
}

/* A file with rules for so many pids from `first` on. */
static void read_pids(int first, int nr)
{
	char text[4096] = "rules = (";
	size_t used = strlen(text);
	int i;

	for (i = 0; i < nr; i++)
		used += sprintf(text + used, "%s{ pid = %d; class = \"batch\"; }", i ? "," : "",
				first + i);
	sprintf(text + used, ");");
	assert_int_equal(read_text(text), 0);
}

static const struct ccx_rules_table *in_force(void)
{
	return &shared.tables[shared.version % 2];
}

static void without_a_file_nothing_is_published(void **state)
{
	struct ccx_ruling_figures figures = { 0 };
	json_t *json;

	(void)state;
	ccx_ruling_publish(&ruling, &scheduler);
	assert_int_equal(shared.version, 0);
	ccx_ruling_figures(&ruling, &scheduler, &figures);
	json = ccx_ruling_json(&figures);
	assert_int_equal(json_integer_value(json_object_get(json, "version")), 0);
	assert_int_equal(json_array_size(json_object_get(json, "list")), 0);
	assert_true(json_is_null(json_object_get(json, "file")));
	json_decref(json);
}

static void a_version_never_touches_the_table_of_the_one_before(void **state)
{
	struct ccx_rules_table before;
	int i;

	(void)state;
	read_pids(100, 3);
	ccx_ruling_publish(&ruling, &scheduler);
	for (i = 1; i < 10; i++) {
		uint64_t version = shared.version;

		assert_int_equal(version, i);
		assert_int_equal(in_force()->rules[0].pid, 100 * i);
		before = *in_force();
		read_pids(100 * (i + 1), 1 + i % 5);
		ccx_ruling_publish(&ruling, &scheduler);
		assert_memory_equal(&shared.tables[version % 2], &before, sizeof(before));
	}
}

static void a_bad_file_leaves_everything_as_it_was(void **state)
{
	(void)state;
	read_pids(100, 2);
	ccx_ruling_publish(&ruling, &scheduler);
	assert_true(read_text("rules = ( { pid = 0; class = \"batch\"; } );") < 0);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(ruling.version, 1);
	assert_int_equal(ruling.file.table.nr, 2);
	assert_int_equal(ruling.file.table.rules[0].pid, 100);
	unlink(path);
	assert_true(ccx_ruling_read(&ruling, path, &error) < 0);
	assert_int_equal(ruling.version, 1);
}

static void hits_count_from_the_version_on(void **state)
{
	struct ccx_ruling_figures figures = { 0 };
	json_t *json, *rule;

	(void)state;
	read_pids(100, 2);
	ccx_ruling_publish(&ruling, &scheduler);
	hits.tables[1][1] = 5;
	ccx_ruling_figures(&ruling, &scheduler, &figures);
	assert_int_equal(figures.hits[0], 0);
	assert_int_equal(figures.hits[1], 5);
	json = ccx_ruling_json(&figures);
	assert_int_equal(json_integer_value(json_object_get(json, "count")), 2);
	rule = json_array_get(json_object_get(json, "list"), 1);
	assert_int_equal(json_integer_value(json_object_get(rule, "hits")), 5);
	assert_int_equal(json_integer_value(json_object_get(rule, "line")), 1);
	assert_string_equal(json_string_value(json_object_get(rule, "conditions")), "pid 101");
	assert_string_equal(json_string_value(json_object_get(rule, "class")), "batch");
	json_decref(json);
	/* two versions on, the same counters are used again */
	read_pids(200, 2);
	ccx_ruling_publish(&ruling, &scheduler);
	read_pids(300, 2);
	ccx_ruling_publish(&ruling, &scheduler);
	hits.tables[1][1] += 2;
	ccx_ruling_figures(&ruling, &scheduler, &figures);
	assert_int_equal(figures.hits[1], 2);
}

static void a_new_scheduler_gets_the_same_version(void **state)
{
	(void)state;
	read_pids(100, 1);
	read_pids(200, 1);
	ccx_ruling_publish(&ruling, &scheduler);
	memset(&shared, 0, sizeof(shared));
	memset(&hits, 0, sizeof(hits));
	ccx_ruling_publish(&ruling, &scheduler);
	assert_int_equal(shared.version, 2);
	assert_int_equal(in_force()->rules[0].pid, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_file_nothing_is_published, begin),
		cmocka_unit_test_setup(a_version_never_touches_the_table_of_the_one_before, begin),
		cmocka_unit_test_setup(a_bad_file_leaves_everything_as_it_was, begin),
		cmocka_unit_test_setup(hits_count_from_the_version_on, begin),
		cmocka_unit_test_setup(a_new_scheduler_gets_the_same_version, begin),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests_name("ruling", tests, NULL, NULL);
	unlink(path);
	return failed;
}
