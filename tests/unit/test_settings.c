// SPDX-License-Identifier: GPL-2.0-only
/* The settings file. What an option may be is taken from the table, so each is tested. */
#include "tests/unit/libconfig_leak.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings.h"

static struct ccx_options options;
static struct ccx_settings settings;
static struct ccx_error error;

/* The result of settings `text` beside what the command line gave (bits of the table). */
static int parse_beside(const char *text, uint64_t given)
{
	struct ccx_config_text config;
	int err = ccx_config_parse(&config, "x.conf", text, strlen(text), &error);

	ccx_settings_free(&settings);
	ccx_options_init(&options);
	options.given = given;
	if (err)
		return err;
	err = ccx_settings_from(&settings, &options, &config);
	ccx_config_free(&config);
	return err;
}

static void good(const char *text)
{
	if (parse_beside(text, 0))
		fail_msg("'%s' was refused: %s", text, error.text);
}

/* Refused, with the line and a message that says `about`. */
static void bad(unsigned int line, const char *text, const char *about)
{
	char begin[32];

	snprintf(begin, sizeof(begin), "x.conf:%u: ", line);
	if (parse_beside(text, 0) != -EINVAL)
		fail_msg("'%s' was taken", text);
	if (strncmp(error.text, begin, strlen(begin)) || !strstr(error.text, about))
		fail_msg("'%s' did not say '%s... %s' but: %s", text, begin, about, error.text);
}

static uint32_t value(const struct ccx_option *option)
{
	return *(uint32_t *)((char *)&options + option->offset);
}

static const char *text_of(const struct ccx_option *option)
{
	return *(const char **)((char *)&options + option->offset);
}

static void nothing_changes_nothing(void **state)
{
	struct ccx_options initial;

	(void)state;
	ccx_options_init(&initial);
	good("");
	assert_memory_equal(&options, &initial, sizeof(options));
	good("# only words\n// and\n/* more */\n");
	assert_memory_equal(&options, &initial, sizeof(options));
}

static void each_setting_reaches_its_member(void **state)
{
	const struct ccx_option *option;
	char line[256];
	size_t length;

	(void)state;
	for (option = ccx_option_table; option->name; option++) {
		const char *word = ccx_option_word(option, 1, &length);

		if (!option->setting)
			continue;
		switch (option->type) {
		case CCX_OPTION_NUMBER:
			snprintf(line, sizeof(line), "%s = %u;", option->name, option->minimum);
			good(line);
			assert_int_equal(value(option), option->minimum);
			snprintf(line, sizeof(line), "%s = %u;", option->name, option->maximum);
			good(line);
			assert_int_equal(value(option), option->maximum);
			snprintf(line, sizeof(line), "\n%s = %u;", option->name,
				 option->maximum + 1);
			bad(2, line, "is not from");
			snprintf(line, sizeof(line), "%s = -1;", option->name);
			bad(1, line, "= -1 is not from");
			snprintf(line, sizeof(line), "%s = \"5000\";", option->name);
			bad(1, line, "takes a whole number");
			snprintf(line, sizeof(line), "%s = 5000.0;", option->name);
			bad(1, line, "takes a whole number");
			break;
		case CCX_OPTION_WORD:
			snprintf(line, sizeof(line), "%s = \"%.*s\";", option->name, (int)length,
				 word);
			good(line);
			assert_int_equal(value(option), 1);
			snprintf(line, sizeof(line), "%s = \"%.*s\";", option->name,
				 (int)length - 1, word);
			bad(1, line, "is one of \"");
			snprintf(line, sizeof(line), "%s = 1;", option->name);
			bad(1, line, "is one of \"");
			break;
		case CCX_OPTION_TEXT:
			snprintf(line, sizeof(line), "%s = \"/a b\";", option->name);
			good(line);
			assert_string_equal(text_of(option), "/a b");
			snprintf(line, sizeof(line), "%s = \"\";", option->name);
			bad(1, line, "is empty");
			snprintf(line, sizeof(line), "%s = \"a\\nb\";", option->name);
			bad(1, line, "control character");
			snprintf(line, sizeof(line), "%s = [ \"a\" ];", option->name);
			bad(1, line, "takes a string");
			break;
		case CCX_OPTION_FLAG:
			snprintf(line, sizeof(line), "%s = true;", option->name);
			good(line);
			assert_true(*((char *)&options + option->offset));
			snprintf(line, sizeof(line), "%s = false;", option->name);
			good(line);
			assert_false(*((char *)&options + option->offset));
			snprintf(line, sizeof(line), "%s = 1;", option->name);
			bad(1, line, "takes true or false");
			break;
		default:
			fail_msg("%s cannot be a setting", option->name);
		}
	}
}

/* What run takes, the settings take: all but the option that says where they are. */
static void every_option_of_run_is_a_setting(void **state)
{
	const struct ccx_option *option;

	(void)state;
	for (option = ccx_option_table; option->name; option++)
		if (option->setting != (option->commands & 1 << CCX_COMMAND_RUN &&
					strcmp(option->name, "config")))
			fail_msg("%s", option->name);
}

static void the_command_line_wins(void **state)
{
	const struct ccx_option *option;
	uint64_t all = 0;

	(void)state;
	for (option = ccx_option_table; strcmp(option->name, "slice-us"); option++)
		;
	assert_int_equal(parse_beside("slice-us = 777; rescue-us = 888;",
				      1ULL << (option - ccx_option_table)),
			 0);
	assert_int_equal(options.slice_us, 5000);
	assert_int_equal(options.rescue_us, 888);
	/* a flag, and a fault all the same */
	for (option = ccx_option_table; option->name; option++)
		all |= 1ULL << (option - ccx_option_table);
	assert_int_equal(parse_beside("partial = true; rules = \"x\";", all), 0);
	assert_false(options.partial);
	assert_null(options.rules);
	assert_int_equal(parse_beside("slice-us = 1;", all), -EINVAL);
}

static void texts_outlive_the_file(void **state)
{
	char file[64];

	(void)state;
	snprintf(file, sizeof(file), "topology = \"a\";\nrules = \"%s\";\n", "bc");
	good(file);
	memset(file, 0x5a, sizeof(file));
	assert_string_equal(options.topology, "a");
	assert_string_equal(options.rules, "bc");
}

static void what_is_no_setting_is_refused(void **state)
{
	(void)state;
	bad(1, "frobnicate = 1;", "unknown setting 'frobnicate': there are mode, topology, ");
	bad(3, "mode = \"server\";\n\nslice_us = 1000;", "unknown setting 'slice_us'");
	/* of other commands, or the command line's alone */
	bad(1, "json = true;", "unknown setting 'json'");
	bad(1, "config = \"x\";", "unknown setting 'config'");
	bad(1, "dump-topology = true;", "unknown setting");
	bad(2, "partial = true;\npartial = false;", "duplicate setting name");
	bad(2, "mode = \"server\"\ntopology", "syntax error");
	bad(2, "# x\n@include \"/etc/passwd\"\n", "@include");
}

/* libconfig 1.5 reads some of these as 1000. */
static void numbers_that_wrap_are_refused(void **state)
{
	static const char *const numbers[] = {
		"4294968296",
		"+4294968296",
		"2147483648",
		"18446744073709552616",
		"99999999999999999999999999999999",
		"0x1000003e8",
		"0X80000000",
		"4294968296L",
		"0x100000000000003e8L",
		"00000000004294968296",
	};
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(line, sizeof(line), "\nslice-us = %s;", numbers[i]);
		bad(2, line, "too large: 2147483647 at most");
		snprintf(line, sizeof(line), "slice-us=%s", numbers[i]);
		bad(1, line, "too large");
	}
	/* no numbers, or none that is too large */
	good("slice-us = 0x3e8; # 4294968296\n// 4294968296\n/* 4294968296\n*/ rescue-us=1000;");
	assert_int_equal(options.slice_us, 1000);
	good("rules = \"4294968296 \\\" 4294968296\"; slice-us = 000000000000001000;");
	assert_string_equal(options.rules, "4294968296 \" 4294968296");
	assert_int_equal(options.slice_us, 1000);
	bad(1, "a4294968296-4294968296 = 1;", "unknown setting");
	bad(1, "slice-us = 2147483647;", "is not from");
}

static void files_are_read(void **state)
{
	char path[] = "/tmp/ccx-settings-XXXXXX", directory[] = "/tmp";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "mode = \"server\";", 16), 16);
	ccx_settings_free(&settings);
	ccx_options_init(&options);
	options.config = path;
	assert_int_equal(ccx_settings_read(&settings, &options, &error), 0);
	assert_int_equal(options.mode, CCX_MODE_SERVER);
	ccx_settings_free(&settings);
	/* named, so it must be there; none: nothing is read */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ccx_settings_read(&settings, &options, &error), -ENOENT);
	assert_non_null(strstr(error.text, "cannot read settings from /tmp/ccx-settings-"));
	options.config = directory;
	assert_int_equal(ccx_settings_read(&settings, &options, &error), -EISDIR);
	options.config = "none";
	ccx_options_init(&options);
	options.config = "none";
	assert_int_equal(ccx_settings_read(&settings, &options, &error), 0);
	assert_int_equal(options.mode, CCX_MODE_DESKTOP);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_nothing),
		cmocka_unit_test(each_setting_reaches_its_member),
		cmocka_unit_test(every_option_of_run_is_a_setting),
		cmocka_unit_test(the_command_line_wins),
		cmocka_unit_test(texts_outlive_the_file),
		cmocka_unit_test(what_is_no_setting_is_refused),
		cmocka_unit_test(numbers_that_wrap_are_refused),
		cmocka_unit_test(files_are_read),
	};
	int result = cmocka_run_group_tests_name("settings", tests, NULL, NULL);

	ccx_settings_free(&settings);
	return result;
}
