// SPDX-License-Identifier: GPL-2.0-only
/* When counters are opened and when not, and what is said of it. Counting itself: tests/vm/rules. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "counters.h"

static struct ccx_cpu cpus[2];
static struct ccx_domain domains[2];
static struct ccx_topology machine = {
	.nr_cpus = 2, .nr_domains = 2, .cpus = cpus, .domains = domains,
};
static struct ccx_counters counters;

/* CPU 0, which every machine has, and CPU `other`, in the dies that the flags say. */
static void set_machine(uint32_t first, uint32_t second, uint32_t other)
{
	domains[0].flags = first;
	domains[1].flags = second;
	cpus[1].id = other;
	machine.nr_cpus = other ? 2 : 1;
}

static void x3d(uint32_t other)
{
	set_machine(CCX_DOMAIN_FREQUENCY_DIE, CCX_DOMAIN_CACHE_DIE, other);
}

static unsigned int files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int nr = 0;

	assert_non_null(directory);
	while (readdir(directory))
		nr++;
	closedir(directory);
	return nr;
}

/* What `stats` prints; the caller frees it. */
static char *text(void)
{
	struct ccx_die_figures figures;
	char *line = NULL;
	size_t size;
	FILE *file = open_memstream(&line, &size);
	json_t *json;

	ccx_counters_read(&counters, &figures);
	json = ccx_counters_json(&figures);
	assert_non_null(json);
	ccx_counters_print(file, json);
	json_decref(json);
	fclose(file);
	return line;
}

static void expect_text(const char *expected)
{
	char *line = text();

	assert_string_equal(line, expected);
	free(line);
}

static int teardown(void **state)
{
	(void)state;
	ccx_counters_close(&counters);
	return 0;
}

static void other_machines_open_nothing(void **state)
{
	static const uint32_t flags[][2] = {
		{ 0, 0 },
		{ CCX_DOMAIN_CACHE_DIE, CCX_DOMAIN_CACHE_DIE },
		{ CCX_DOMAIN_FREQUENCY_DIE, 0 },
		{ CCX_DOMAIN_SPLIT, CCX_DOMAIN_CACHE_DIE },
	};
	unsigned int before = files(), i, source;

	(void)state;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		for (source = CCX_DIE_AUTO; source <= CCX_DIE_SOFTWARE; source++) {
			set_machine(flags[i][0], flags[i][1], 0);
			ccx_counters_open(&counters, &machine, source, false);
			assert_false(ccx_counters_measure(&counters));
			assert_int_equal(files(), before);
			expect_text("");
		}
}

static void none_where_none_are_wanted(void **state)
{
	unsigned int before = files();

	(void)state;
	x3d(0);
	ccx_counters_open(&counters, &machine, CCX_DIE_RULE, false);
	assert_false(ccx_counters_measure(&counters));
	expect_text("die choice: by rule only, not wanted\n");
	ccx_counters_open(&counters, &machine, CCX_DIE_SOFTWARE, true);
	assert_false(ccx_counters_measure(&counters));
	expect_text("die choice: by rule only, work is packed\n");
	assert_int_equal(files(), before);
}

/* Whether they can be opened depends on the machine and the user; that it is no error does not. */
static void opened_or_said_why_not(void **state)
{
	unsigned int before = files(), source;
	char *line;

	(void)state;
	x3d(0);
	for (source = CCX_DIE_AUTO; source <= CCX_DIE_SOFTWARE; source += CCX_DIE_SOFTWARE) {
		ccx_counters_open(&counters, &machine, source, false);
		line = text();
		if (ccx_counters_measure(&counters)) {
			assert_int_equal(files(), before + CCX_NR_DIE_EVENTS);
			assert_non_null(strstr(line, source ? " software " : " hardware "));
		} else {
			assert_int_equal(files(), before);
			assert_int_equal(strncmp(line, "die choice: by rule only, ", 26), 0);
			assert_true(strlen(line) > 27);
		}
		free(line);
		ccx_counters_close(&counters);
		assert_int_equal(files(), before);
	}
}

static void what_fails_half_way_leaves_nothing_open(void **state)
{
	unsigned int before = files();

	(void)state;
	x3d(CCX_MAX_CPUS * 64);	/* no machine has this one */
	ccx_counters_open(&counters, &machine, CCX_DIE_SOFTWARE, false);
	assert_false(ccx_counters_measure(&counters));
	assert_true(*counters.reason);
	assert_int_equal(files(), before);
}

static void too_few_files_are_no_error_either(void **state)
{
	struct rlimit limit, low;
	unsigned int before = files();
	int lowest = dup(STDERR_FILENO);

	(void)state;
	assert_true(lowest > 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = lowest + CCX_NR_DIE_EVENTS - 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	x3d(0);
	ccx_counters_open(&counters, &machine, CCX_DIE_SOFTWARE, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_false(ccx_counters_measure(&counters));
	assert_true(*counters.reason);
	assert_int_equal(files(), before);
}

static void a_reason_from_the_loader(void **state)
{
	(void)state;
	x3d(0);
	ccx_counters_open(&counters, &machine, CCX_DIE_RULE, false);
	assert_false(ccx_counters_refused(&counters, -EACCES));
	ccx_counters_open(&counters, &machine, CCX_DIE_SOFTWARE, false);
	if (!ccx_counters_measure(&counters))
		skip();
	assert_true(ccx_counters_refused(&counters, -EACCES));
	assert_false(ccx_counters_measure(&counters));
	assert_false(ccx_counters_refused(&counters, -EACCES));
	expect_text("die choice: by rule only, the kernel refuses the programs (Permission denied)\n");
}

/* Another version's document, or none. */
static void a_document_of_another_kind_is_no_harm(void **state)
{
	static const char *const documents[] = {
		"null", "[]", "{}", "{\"counters\": 7}", "{\"counters\": \"x\", \"cache\": \"y\"}",
		"{\"counters\": \"x\", \"reason\": 7}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		json_t *json = json_loads(documents[i], JSON_DECODE_ANY, NULL);
		FILE *file = fopen("/dev/null", "we");

		assert_non_null(json);
		ccx_counters_print(file, json);
		fclose(file);
		json_decref(json);
	}
	ccx_counters_print(stderr, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(other_machines_open_nothing, teardown),
		cmocka_unit_test_teardown(none_where_none_are_wanted, teardown),
		cmocka_unit_test_teardown(opened_or_said_why_not, teardown),
		cmocka_unit_test_teardown(what_fails_half_way_leaves_nothing_open, teardown),
		cmocka_unit_test_teardown(too_few_files_are_no_error_either, teardown),
		cmocka_unit_test_teardown(a_reason_from_the_loader, teardown),
		cmocka_unit_test(a_document_of_another_kind_is_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
