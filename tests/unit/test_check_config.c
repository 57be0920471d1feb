// SPDX-License-Identifier: GPL-2.0-only
/* The command check-config: its words and exit codes. */
#include "tests/unit/libconfig_leak.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"

static char directory[] = "/tmp/ccx-check-XXXXXX";
static char printed[8192]; /* by the last call, both streams */

static char *make_file(const char *name, const char *text)
{
	char *path;
	FILE *file;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

/* Exit code of `scx_ccx check-config FILES...`. */
static int check(char **files, uint32_t nr)
{
	struct ccx_options options = { .files = files, .nr_files = nr };
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), code;
	char *path = make_file("printed", "");
	ssize_t got;
	int fd = open(path, O_RDWR | O_APPEND);

	assert_true(fd >= 0 && out >= 0 && err >= 0);
	fflush(NULL);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	code = ccx_cmd_check_config(&options);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	got = pread(fd, printed, sizeof(printed) - 1, 0);
	assert_true(got >= 0);
	printed[got] = '\0';
	close(fd);
	close(out);
	close(err);
	free(path);
	return code;
}

static void each_file_is_named_with_what_it_is(void **state)
{
	char *files[] = {
		make_file("a", "mode = \"server\";\npartial = true;\n"),
		make_file("b", "rules = ( { comm = \"x\"; class = \"batch\"; } );\n"),
		make_file("c", ""),
	};
	char expected[1024];
	size_t i;

	(void)state;
	assert_int_equal(check(files, 3), 0);
	snprintf(expected, sizeof(expected),
		 "%s: good settings, 2 of them\n%s: good rules, 1 of them\n"
		 "%s: good settings, 0 of them\n",
		 files[0], files[1], files[2]);
	assert_string_equal(printed, expected);
	for (i = 0; i < 3; i++)
		free(files[i]);
}

static void one_fault_does_not_hide_the_others(void **state)
{
	char *files[] = {
		make_file("a", "mode = \"server\";\n\nslice-us = 1;\n"),
		make_file("b", "mode = \"server\";\n"),
		make_file("c", "rules = ( { comm = \"x\"; klass = \"batch\"; } );\n"),
		make_file("d", "rules = 5;\n"),
	};
	size_t i;

	(void)state;
	assert_int_equal(check(files, 4), 2);
	assert_non_null(strstr(printed, "/a:3: slice-us = 1 is not from 100 to 100000"));
	assert_non_null(strstr(printed, "/b: good settings"));
	assert_non_null(strstr(printed, "/c:1: unknown key 'klass'"));
	assert_non_null(strstr(printed, "/d:1: rules is a list"));
	assert_int_equal(unlink(files[1]), 0);
	assert_int_equal(check(&files[1], 1), 2);
	assert_non_null(strstr(printed, "scx_ccx: cannot read settings or rules from"));
	for (i = 0; i < 4; i++)
		free(files[i]);
}

static void rules_that_settings_name_are_looked_at(void **state)
{
	char *rules = make_file("rules", "rules = ( { comm = \"x\"; } );\n"), *settings, *text;

	(void)state;
	assert_true(asprintf(&text, "rules = \"%s\";", rules) > 0);
	settings = make_file("settings", text);
	assert_int_equal(check(&settings, 1), 2);
	assert_non_null(strstr(printed, "/settings: good settings"));
	assert_non_null(strstr(printed, "/rules:1: this rule says nothing"));
	free(make_file("rules", "rules = ();\n"));
	assert_int_equal(check(&settings, 1), 0);
	assert_non_null(strstr(printed, "/rules: good rules, 0 of them"));
	free(rules);
	free(settings);
	free(text);
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "rules", "settings", "printed" };
	char path[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_named_with_what_it_is),
		cmocka_unit_test(one_fault_does_not_hide_the_others),
		cmocka_unit_test(rules_that_settings_name_are_looked_at),
	};

	return cmocka_run_group_tests_name("check-config", tests, begin, end);
}
