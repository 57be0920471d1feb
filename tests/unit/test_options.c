// SPDX-License-Identifier: GPL-2.0-only
/* The command line, each case in a process of its own: bad usage ends the program. */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options.h"

#define ARGUMENTS_MAX 16
#define PARSED	      200 /* exit code of a case that was parsed: no code of the program's */

static struct ccx_options *parsed; /* shared with the children */
static char text[65536];	   /* what the last one printed, both streams */

/* Returns the exit code; `line` is split at spaces, '_' in an argument becomes a space. */
static int parse(const char *line)
{
	static char copy[1024];
	char *argv[ARGUMENTS_MAX + 1] = { (char *)"scx_ccx" }, *rest = copy, *word;
	int argc = 1, fds[2], status, got;
	size_t used = 0;
	pid_t child;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " "))) {
		assert_true(argc < ARGUMENTS_MAX);
		if (!*word)
			continue;
		argv[argc++] = word;
		for (; *word; word++)
			*word = *word == '_' ? ' ' : *word;
	}
	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		ccx_options_parse(parsed, argc, argv);
		_exit(PARSED);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + used, sizeof(text) - used - 1)) > 0)
		used += got;
	text[used] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void good(const char *line)
{
	if (parse(line) != PARSED)
		fail_msg("'%s' was refused: %s", line, text);
	if (*text)
		fail_msg("'%s' printed: %s", line, text);
}

/* Refused with exit code 2, one message that names the program and says `about`. */
static void bad(const char *line, const char *about)
{
	int code = parse(line);

	if (code != 2)
		fail_msg("'%s' gave %d, not 2: %s", line, code == PARSED ? 0 : code, text);
	if (!strstr(text, "scx_ccx: ") || !strstr(text, about))
		fail_msg("'%s' did not say '%s' but: %s", line, about, text);
}

static void defaults_are_those_of_the_documentation(void **state)
{
	(void)state;
	good("");
	assert_int_equal(parsed->command, CCX_COMMAND_RUN);
	assert_int_equal(parsed->mode, CCX_MODE_DESKTOP);
	assert_string_equal(parsed->topology, "host");
	assert_string_equal(parsed->format, "text");
	assert_null(parsed->output);
	assert_null(parsed->rules);
	assert_null(parsed->metrics);
	assert_null(parsed->config);
	assert_int_equal(parsed->rescue_us, 5000);
	assert_int_equal(parsed->max_domain_cpus, 16);
	assert_int_equal(parsed->stats_seconds, 0);
	assert_int_equal(parsed->interval_seconds, 0);
	assert_false(parsed->partial || parsed->verbose || parsed->json);
}

static void commands_are_told_apart(void **state)
{
	(void)state;
	good("run");
	assert_int_equal(parsed->command, CCX_COMMAND_RUN);
	good("topology");
	assert_int_equal(parsed->command, CCX_COMMAND_TOPOLOGY);
	good("stats");
	assert_int_equal(parsed->command, CCX_COMMAND_STATS);
	good("check-config /a /b");
	assert_int_equal(parsed->command, CCX_COMMAND_CHECK_CONFIG);
	assert_int_equal(parsed->nr_files, 2);
	good("check-config /a --config x /b --verbose");
	assert_int_equal(parsed->nr_files, 2);
	bad("check-config", "check-config takes FILE...");
	bad("check-config --verbose", "check-config takes FILE...");
	good("--dump-topology");
	assert_int_equal(parsed->command, CCX_COMMAND_TOPOLOGY);
	bad("frobnicate", "frobnicate");
	bad("Run", "Run");
	bad("run topology", "topology");
	bad("stats 5", "5");
}

static void every_option_reaches_its_member(void **state)
{
	(void)state;
	good("run --mode server --slice-us 123 --rescue-us 456 --spill-us 789 --partial --verbose "
	     "--max-domain-cpus 8 --stats 3");
	assert_int_equal(parsed->mode, CCX_MODE_SERVER);
	assert_int_equal(parsed->slice_us, 123);
	assert_int_equal(parsed->rescue_us, 456);
	assert_int_equal(parsed->spill_us, 789);
	assert_int_equal(parsed->max_domain_cpus, 8);
	assert_int_equal(parsed->stats_seconds, 3);
	assert_true(parsed->partial && parsed->verbose);
	good("--rules /etc/x");
	assert_string_equal(parsed->rules, "/etc/x");
	good("--config none");
	assert_string_equal(parsed->config, "none");
	good("--metrics 127.0.0.1:9100");
	assert_string_equal(parsed->metrics, "127.0.0.1:9100");
	good("--mode=desktop");
	assert_int_equal(parsed->mode, CCX_MODE_DESKTOP);
	good("stats --json --interval 7");
	assert_true(parsed->json);
	assert_int_equal(parsed->interval_seconds, 7);
	/* options before the command and after it */
	good("--json stats");
	assert_int_equal(parsed->command, CCX_COMMAND_STATS);
	good("topology --format json --output /tmp/x --topology synthetic:pu:4");
	/* they point into our own copy of the line, which is where the child's was */
	assert_string_equal(parsed->format, "json");
	assert_string_equal(parsed->output, "/tmp/x");
	assert_string_equal(parsed->topology, "synthetic:pu:4");
}

static void numbers_keep_to_their_bounds(void **state)
{
	static const struct {
		const char *option;
		uint32_t minimum, maximum;
	} bounds[] = {
		{ "--slice-us", 100, 100000 }, { "--rescue-us", 100, 1000000 },
		{ "--spill-us", 0, 1000000 },  { "--fresh-us", 0, 1000000 },
		{ "--max-domain-cpus", 1, 1024 },
		{ "--stats", 1, 86400 },       { "--interval", 1, 86400 },
	};
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		snprintf(line, sizeof(line), "%s %u", bounds[i].option, bounds[i].minimum);
		good(line);
		snprintf(line, sizeof(line), "%s=%u", bounds[i].option, bounds[i].maximum);
		good(line);
		snprintf(line, sizeof(line), "%s %u", bounds[i].option, bounds[i].maximum + 1);
		bad(line, "whole number");
		snprintf(line, sizeof(line), "%s %lld", bounds[i].option, bounds[i].minimum - 1LL);
		bad(line, "whole number");
	}
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const words[] = {
		"",
		"_",
		"x",
		"1000x",
		"0x3e8",
		"1e3",
		"1000.0",
		"-1000",
		"+1000",
		"_1000",
		"1000_",
		"4294968296",		/* 2^32 + 1000 */
		"18446744073709552616", /* 2^64 + 1000 */
		"-18446744073709550616",
		"_-18446744073709550616",
		"nan",
		"\xd9\xa1\xd9\xa0\xd9\xa0",
	};
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(line, sizeof(line), "--slice-us=%s", words[i]);
		bad(line, "whole number from 100 to 100000");
	}
}

static void unknown_words_are_refused(void **state)
{
	(void)state;
	bad("--frobnicate", "frobnicate");
	bad("-x", "x");
	bad("--mode fast", "fast");
	bad("--mode", "mode");
	bad("--slice-us", "slice-us");
	bad("--mode=", "unknown mode");
	bad("--partial=yes", "partial");
	bad("--rules", "rules");
}

/* Which options were given decides whether the settings count. */
static void what_was_given_is_known(void **state)
{
	const struct ccx_option *option;
	char line[128];
	size_t length;

	(void)state;
	good("");
	assert_int_equal(parsed->given, 0);
	for (option = ccx_option_table; option->name; option++) {
		const char *word = ccx_option_word(option, 0, &length);

		if (option->type == CCX_OPTION_NUMBER)
			snprintf(line, sizeof(line), "--%s %u", option->name, option->maximum);
		else if (word)
			snprintf(line, sizeof(line), "--%s %.*s", option->name, (int)length, word);
		else
			snprintf(line, sizeof(line), "--%s", option->name);
		good(line);
		assert_int_equal(parsed->given, 1ULL << (option - ccx_option_table));
	}
}

static void help_and_version_succeed(void **state)
{
	const struct ccx_option *option;
	char name[64];
	uint32_t i;

	(void)state;
	assert_int_equal(parse("--help"), 0);
	for (option = ccx_option_table; option->name; option++) {
		snprintf(name, sizeof(name), " --%s", option->name);
		if (!strstr(text, name))
			fail_msg("--help does not name%s", name);
	}
	for (i = 0; i < CCX_NR_COMMANDS; i++)
		if (!strstr(text, ccx_commands[i].help))
			fail_msg("--help does not explain %s", ccx_commands[i].name);
	assert_non_null(strstr(text, "Exit status: 0 done, 1 failed"));
	assert_int_equal(parse("--version"), 0);
	assert_true(strncmp(text, "scx_ccx ", 8) == 0 && text[8] >= '0' && text[8] <= '9');
	/* whatever else is there */
	assert_int_equal(parse("--mode server --version"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_documentation),
		cmocka_unit_test(commands_are_told_apart),
		cmocka_unit_test(every_option_reaches_its_member),
		cmocka_unit_test(numbers_keep_to_their_bounds),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(unknown_words_are_refused),
		cmocka_unit_test(what_was_given_is_known),
		cmocka_unit_test(help_and_version_succeed),
	};

	parsed = mmap(NULL, sizeof(*parsed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (parsed == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
