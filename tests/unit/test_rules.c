// SPDX-License-Identifier: GPL-2.0-only
/* The rules file: what it means, what is refused, and in which line the message says it is. */
#include "tests/unit/libconfig_leak.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rule.h"
#include "rules.h"

static struct ccx_rules_file file;
static struct ccx_error error;

static int parse(const char *text)
{
	error.text[0] = '\0';
	return ccx_rules_parse(&file, "x.conf", text, strlen(text), &error);
}

static void good(const char *text, uint32_t nr)
{
	if (parse(text))
		fail_msg("'%s' was refused: %s", text, error.text);
	assert_int_equal(file.table.nr, nr);
}

/* Refused with one line that begins with the file and the line and says `about`. */
static void bad(unsigned int line, const char *text, const char *about)
{
	char where[32];
	int err = parse(text);

	snprintf(where, sizeof(where), "x.conf:%u: ", line);
	if (err != -EINVAL)
		fail_msg("'%s' gave %d", text, err);
	if (strncmp(error.text, where, strlen(where)) || !strstr(error.text, about) ||
	    strchr(error.text, '\n'))
		fail_msg("'%s' did not say '%s%s' but: %s", text, where, about, error.text);
}

#define RULE(settings)	"rules = ( { " settings " } );"

/* What BPF does with a pattern. */
static bool comm_holds(const struct ccx_comm_pattern *pattern, const char *text)
{
	uint64_t comm[2] = { 0 };

	memcpy(comm, text, strlen(text));
	return !((comm[0] ^ pattern->value[0]) & pattern->mask[0]) &&
	       !((comm[1] ^ pattern->value[1]) & pattern->mask[1]);
}

/* Behind the path's zero is garbage, as in BPF. */
static bool cgroup_holds(const struct ccx_rule *rule, const char *text)
{
	uint64_t path[CCX_CGROUP_BYTES / 4];
	uint32_t i;

	memset(path, 0x5a, sizeof(path));
	strcpy((char *)path, text);
	for (i = 0; i < rule->cgroup_words; i++)
		if ((path[i] ^ rule->cgroup[i]) &
		    (i + 1 == rule->cgroup_words ? rule->cgroup_mask : ~0ULL))
			return false;
	return true;
}

static void a_file_becomes_a_table(void **state)
{
	const struct ccx_rule *rules = file.table.rules;

	(void)state;
	good("# games first\n"
	     "rules = (\n"
	     "  { comm = \"game*\"; class = \"latency-critical\"; },\n"
	     "  { comm = \"cc1plus\"; class = \"batch\" },\n"
	     "  // three lines\n"
	     "  {\n"
	     "    cgroup = \"/user.slice/app-steam*\";\n"
	     "    class = \"latency-critical\"; prefer = \"cache\"; },\n"
	     "  { process : \"renderer*\", class = \"normal\" },\n"
	     "  { pid = 1234; comm = \"x\"; prefer = \"frequency\"; }\n"
	     ")\n",
	     5);
	assert_int_equal(rules[0].class, CCX_CLASS_LATENCY_CRITICAL);
	assert_int_equal(rules[1].class, CCX_CLASS_BATCH);
	assert_int_equal(rules[2].class, CCX_CLASS_LATENCY_CRITICAL);
	assert_int_equal(rules[2].prefer, CCX_PREFER_CACHE);
	assert_int_equal(rules[3].class, CCX_CLASS_NORMAL);
	assert_int_equal(rules[4].class, CCX_CLASS_AUTO);
	assert_int_equal(rules[4].prefer, CCX_PREFER_FREQUENCY);
	assert_int_equal(rules[4].pid, 1234);
	assert_int_equal(file.lines[0], 3);
	assert_int_equal(file.lines[2], 6);
	assert_int_equal(file.lines[4], 10);
	assert_int_equal(file.table.look, CCX_RULES_PROCESS | CCX_RULES_CGROUP);
	good("rules = ();", 0);
	assert_int_equal(file.table.look, 0);
	good(RULE("pid = 1; class = \"auto\";"), 1);
	assert_int_equal(file.table.look, 0);
}

static void names_match_exactly_or_by_prefix(void **state)
{
	const struct ccx_rule *rule = &file.table.rules[0];

	(void)state;
	good(RULE("comm = \"make\"; class = \"batch\";"), 1);
	assert_true(comm_holds(&rule->comm, "make"));
	assert_false(comm_holds(&rule->comm, "maker"));
	assert_false(comm_holds(&rule->comm, "mak"));
	assert_false(comm_holds(&rule->comm, ""));
	assert_true(comm_holds(&rule->process, "anything"));
	good(RULE("process = \"make*\"; class = \"batch\";"), 1);
	assert_true(comm_holds(&rule->process, "make"));
	assert_true(comm_holds(&rule->process, "make-more-of-it"));
	assert_false(comm_holds(&rule->process, "mak"));
	assert_true(comm_holds(&rule->comm, "anything"));
	/* over both words */
	good(RULE("comm = \"abcdefgh*\"; class = \"batch\";"), 1);
	assert_true(comm_holds(&rule->comm, "abcdefgh"));
	assert_true(comm_holds(&rule->comm, "abcdefghi"));
	assert_false(comm_holds(&rule->comm, "abcdefg"));
	good(RULE("comm = \"abcdefghijklmno\"; class = \"batch\";"), 1);
	assert_true(comm_holds(&rule->comm, "abcdefghijklmno"));
	assert_false(comm_holds(&rule->comm, "abcdefghijklmn"));
	good(RULE("comm = \"abcdefghijklmno*\"; class = \"batch\";"), 1);
	assert_true(comm_holds(&rule->comm, "abcdefghijklmno"));
	good(RULE("comm = \"*\"; class = \"batch\";"), 1);
	assert_true(comm_holds(&rule->comm, "") && comm_holds(&rule->comm, "any"));
}

static void cgroups_match_exactly_or_by_prefix(void **state)
{
	const struct ccx_rule *rule = &file.table.rules[0];
	char path[CCX_CGROUP_BYTES], text[2 * CCX_CGROUP_BYTES];
	uint32_t length;

	(void)state;
	good(RULE("cgroup = \"/\"; class = \"batch\";"), 1);
	assert_true(cgroup_holds(rule, "/"));
	assert_false(cgroup_holds(rule, "/a"));
	good(RULE("cgroup = \"/*\"; class = \"batch\";"), 1);
	assert_true(cgroup_holds(rule, "/") && cgroup_holds(rule, "/a/b"));
	good(RULE("cgroup = \"/a/*\"; class = \"batch\";"), 1);
	assert_true(cgroup_holds(rule, "/a/b"));
	assert_false(cgroup_holds(rule, "/a"));
	for (length = 1; length < CCX_CGROUP_BYTES; length++) {
		memset(path, 'p', length);
		path[0] = '/';
		path[length] = '\0';
		snprintf(text, sizeof(text), RULE("cgroup = \"%s\"; class = \"batch\";"), path);
		good(text, 1);
		assert_true(rule->cgroup_words <= CCX_CGROUP_BYTES / 8);
		assert_true(cgroup_holds(rule, path));
		snprintf(text, sizeof(text), "%sq", path);
		assert_false(cgroup_holds(rule, text));
		snprintf(text, sizeof(text), "%.*s", length - 1, path);
		assert_false(cgroup_holds(rule, text));
		snprintf(text, sizeof(text), RULE("cgroup = \"%s*\"; class = \"batch\";"), path);
		good(text, 1);
		assert_true(cgroup_holds(rule, path));
		snprintf(text, sizeof(text), "%s/q", path);
		assert_true(cgroup_holds(rule, text));
		snprintf(text, sizeof(text), "%.*s", length - 1, path);
		assert_false(cgroup_holds(rule, text));
	}
}

static void faults_are_named_with_their_line(void **state)
{
	(void)state;
	bad(1, "rules", "syntax error");
	bad(3, "rules = (\n{ comm = \"x\";\nclass \"batch\"; } );", "syntax error");
	bad(2, "rules = ();\nrules = ();", "duplicate");
	bad(2, "rules = (\n{ comm = \"x\"; comm = \"y\"; class = \"batch\"; } );", "duplicate");
	bad(2, "\nrule = ();", "unknown setting 'rule'");
	bad(2, "rules = ();\nother = 1;", "unknown setting 'other'");
	bad(1, "rules = 1;", "rules is a list");
	bad(1, "rules = [ 1 ];", "rules is a list");
	bad(1, "rules = { comm = \"x\"; };", "rules is a list");
	bad(1, "rules = ( 7 );", "a rule is a group");
	bad(2, "rules = (\n{ } );", "no condition");
	bad(1, RULE("class = \"batch\";"), "no condition");
	bad(1, RULE("comm = \"x\";"), "says nothing");
	bad(3, "rules = (\n{ comm = \"x\";\n com = \"y\"; class = \"batch\"; } );",
	    "unknown key 'com'");
	bad(1, RULE("COMM = \"x\"; class = \"batch\";"), "unknown key 'COMM'");
	bad(1, RULE("comm = 7; class = \"batch\";"), "comm takes a string");
	bad(1, RULE("process = true; class = \"batch\";"), "process takes a string");
	bad(1, RULE("cgroup = ( \"/a\" ); class = \"batch\";"), "cgroup takes a string");
	bad(1, RULE("comm = \"\"; class = \"batch\";"), "comm is empty");
	bad(1, RULE("comm = \"*x\"; class = \"batch\";"), "'*'");
	bad(1, RULE("comm = \"x**\"; class = \"batch\";"), "'*'");
	bad(1, RULE("comm = \"a\\nb\"; class = \"batch\";"), "control character");
	bad(1, RULE("comm = \"abcdefghijklmnop\"; class = \"batch\";"), "longer than 15");
	bad(1, RULE("process = \"abcdefghijklmnop*\"; class = \"batch\";"), "longer than 15");
	bad(1, RULE("cgroup = \"user.slice\"; class = \"batch\";"), "begins with '/'");
	bad(1, RULE("cgroup = \"*\"; class = \"batch\";"), "begins with '/'");
	bad(1, RULE("cgroup = \"/a//b\"; class = \"batch\";"), "empty part");
	bad(1, RULE("cgroup = \"/a/\"; class = \"batch\";"), "empty part");
	bad(1, RULE("pid = \"7\"; class = \"batch\";"), "pid takes a number");
	bad(1, RULE("pid = 7.0; class = \"batch\";"), "pid takes a number");
	bad(1, RULE("pid = 7L; class = \"batch\";"), "pid takes a number");
	bad(1, RULE("pid = 0; class = \"batch\";"), "from 1 to");
	bad(1, RULE("pid = -7; class = \"batch\";"), "from 1 to");
	bad(1, RULE("pid = 4194305; class = \"batch\";"), "from 1 to");
	bad(1, RULE("pid = 7; class = \"critical\";"),
	    "\"auto\", \"latency-critical\", \"normal\" or \"batch\"");
	bad(1, RULE("pid = 7; class = 1;"), "class is one of");
	bad(1, RULE("pid = 7; prefer = \"speed\";"), "\"auto\", \"cache\", \"frequency\" or \"none\"");
	bad(2, "# \n@include \"/etc/passwd\"\n", "@include");
	bad(2, "rules = ();\n  @include \"x\"", "@include");
	/* no line to blame */
	assert_int_equal(parse(""), -EINVAL);
	assert_string_equal(error.text, "x.conf has no rules = ( ... );");
	assert_int_equal(parse("# nothing\n"), -EINVAL);
}

static void a_long_cgroup_is_refused(void **state)
{
	char path[CCX_CGROUP_BYTES + 1], text[2 * CCX_CGROUP_BYTES];

	(void)state;
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), RULE("cgroup = \"%s\"; class = \"batch\";"), path);
	bad(1, text, "longer than 255");
}

static void a_rule_that_never_counts_is_refused(void **state)
{
	static const struct {
		const char *first, *second;
		bool refused;
	} pairs[] = {
		{ "comm = \"a\"", "comm = \"a\"", true },
		{ "comm = \"a\"", "comm = \"b\"", false },
		{ "comm = \"a*\"", "comm = \"a\"", true },
		{ "comm = \"a*\"", "comm = \"ab*\"", true },
		{ "comm = \"*\"", "pid = 7", true },
		{ "comm = \"a\"", "comm = \"a*\"", false },
		{ "comm = \"ab*\"", "comm = \"a*\"", false },
		{ "comm = \"a\"", "process = \"a\"", false },
		{ "comm = \"a\"", "comm = \"a\"; pid = 7", true },
		{ "comm = \"a\"; pid = 7", "comm = \"a\"", false },
		{ "pid = 7", "pid = 8", false },
		{ "cgroup = \"/a*\"", "cgroup = \"/abcdefghijk\"", true },
		{ "cgroup = \"/abcdefg*\"", "cgroup = \"/abcdefg\"", true },
		{ "cgroup = \"/abcdefg\"", "cgroup = \"/abcdefg*\"", false },
		{ "cgroup = \"/abcdefgh\"", "cgroup = \"/abcdefgi\"", false },
		{ "cgroup = \"/abcdefghijklmnopq*\"", "cgroup = \"/abcdefgh\"", false },
		{ "cgroup = \"/a\"", "comm = \"a\"", false },
	};
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		snprintf(text, sizeof(text),
			 "rules = (\n{ %s; class = \"batch\"; },\n{ %s; class = \"normal\"; } );",
			 pairs[i].first, pairs[i].second);
		if (pairs[i].refused)
			bad(3, text, "the one in line 2 comes first");
		else
			good(text, 2);
	}
}

static void the_number_of_rules_is_bounded(void **state)
{
	char text[8192] = "rules = (\n";
	size_t used = strlen(text);
	int i;

	(void)state;
	for (i = 1; i <= CCX_MAX_RULES; i++)
		used += sprintf(text + used, "%s{ pid = %d; class = \"batch\"; }\n",
				i > 1 ? "," : "", i);
	sprintf(text + used, ");");
	good(text, CCX_MAX_RULES);
	assert_int_equal(file.lines[CCX_MAX_RULES - 1], CCX_MAX_RULES + 1);
	sprintf(text + used, ",\n{ pid = 9999; class = \"batch\"; } );");
	bad(CCX_MAX_RULES + 3, text, "more than 64 rules");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char zero[] = "rules =\n\0 ();";
	char *large = malloc(CCX_CONFIG_BYTES + 1);

	(void)state;
	assert_int_equal(ccx_rules_parse(&file, "x.conf", zero, sizeof(zero) - 1, &error),
			 -EINVAL);
	assert_string_equal(error.text, "x.conf:2: a zero byte: this is no text");
	assert_non_null(large);
	memset(large, '\n', CCX_CONFIG_BYTES + 1);
	assert_int_equal(ccx_rules_parse(&file, "x.conf", large, CCX_CONFIG_BYTES + 1, &error),
			 -E2BIG);
	assert_non_null(strstr(error.text, "longer than 65535 bytes"));
	/* the last line of the longest file is still counted right */
	memcpy(large + CCX_CONFIG_BYTES - 2, "x;", 2);
	assert_int_equal(ccx_rules_parse(&file, "x.conf", large, CCX_CONFIG_BYTES, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "x.conf:65534: "));
	free(large);
}

static void deep_nesting_is_no_harm(void **state)
{
	char *text = malloc(CCX_CONFIG_BYTES + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '(', CCX_CONFIG_BYTES);
	memcpy(text, "rules = ", 8);
	text[CCX_CONFIG_BYTES] = '\0';
	assert_int_equal(parse(text), -EINVAL);
	free(text);
}

static void files_are_read_or_the_reason_is_given(void **state)
{
	static const char text[] = RULE("comm = \"x\"; class = \"batch\";");
	char directory[] = "/tmp/ccx-rules-XXXXXX", path[64], about[128];
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/rules", directory);
	assert_int_equal(ccx_rules_read(&file, path, &error), -ENOENT);
	snprintf(about, sizeof(about), "cannot read rules from %s: No such file or directory",
		 path);
	assert_string_equal(error.text, about);
	assert_int_equal(ccx_rules_read(&file, directory, &error), -EISDIR);
	/* a pipe without a writer does not keep it waiting */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ccx_rules_read(&file, path, &error), -ENODEV);
	unlink(path);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(ccx_rules_read(&file, path, &error), 0);
	assert_int_equal(file.table.nr, 1);
	assert_int_equal(truncate(path, CCX_CONFIG_BYTES + 1), 0);
	assert_int_equal(ccx_rules_read(&file, path, &error), -E2BIG);
	unlink(path);
	rmdir(directory);
}

static void rules_are_shown_as_they_were_written(void **state)
{
	char text[512], short_text[8];

	(void)state;
	good(RULE("comm = \"a\"; process = \"b*\"; cgroup = \"/c/d*\"; pid = 7; class = \"auto\";"),
	     1);
	ccx_rule_format(&file.table.rules[0], text, sizeof(text));
	assert_string_equal(text, "comm \"a\", process \"b*\", cgroup \"/c/d*\", pid 7");
	ccx_rule_format(&file.table.rules[0], short_text, sizeof(short_text));
	assert_string_equal(short_text, "comm \"a");
	good(RULE("comm = \"*\"; class = \"batch\";"), 1);
	ccx_rule_format(&file.table.rules[0], text, sizeof(text));
	assert_string_equal(text, "every task");
	good(RULE("comm = \"\xc3\xa4\"; cgroup = \"/abcdefg\"; class = \"batch\";"), 1);
	ccx_rule_format(&file.table.rules[0], text, sizeof(text));
	assert_string_equal(text, "comm \"?\?\", cgroup \"/abcdefg\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_becomes_a_table),
		cmocka_unit_test(names_match_exactly_or_by_prefix),
		cmocka_unit_test(cgroups_match_exactly_or_by_prefix),
		cmocka_unit_test(faults_are_named_with_their_line),
		cmocka_unit_test(a_long_cgroup_is_refused),
		cmocka_unit_test(a_rule_that_never_counts_is_refused),
		cmocka_unit_test(the_number_of_rules_is_bounded),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(deep_nesting_is_no_harm),
		cmocka_unit_test(files_are_read_or_the_reason_is_given),
		cmocka_unit_test(rules_are_shown_as_they_were_written),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
