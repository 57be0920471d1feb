// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ccx/topology.h"

#ifndef CCX_VERSION
#define CCX_VERSION "0.1"
#endif

/* ---- the table ---- */

#define RUN	 (1U << CCX_COMMAND_RUN)
#define TOPOLOGY (1U << CCX_COMMAND_TOPOLOGY)
#define STATS	 (1U << CCX_COMMAND_STATS)
#define MONITOR	 (1U << CCX_COMMAND_MONITOR)

#define FLAG(member) .type = CCX_OPTION_FLAG, .offset = offsetof(struct ccx_options, member)
#define NUMBER(member, low, high, value)                                                           \
	.type = CCX_OPTION_NUMBER, .offset = offsetof(struct ccx_options, member),                 \
	.minimum = (low), .maximum = (high), .initial = (value)
#define WORD(member, value)                                                                        \
	.type = CCX_OPTION_WORD, .offset = offsetof(struct ccx_options, member), .initial = (value)
#define TEXT(member, value)                                                                        \
	.type = CCX_OPTION_TEXT, .offset = offsetof(struct ccx_options, member),                   \
	.initial_text = (value)
/* of what commands it is an option, and whether the settings file may have it */
#define OF(mask)	 .commands = (mask)
#define SETTING_OF(mask) .commands = (mask), .setting = true

/* clang-format off: a row is a row */
const struct ccx_option ccx_option_table[] = {
	{ "mode", "desktop|server", "What matters most: latency, or throughput and power",
	  WORD(mode, CCX_MODE_DESKTOP), SETTING_OF(RUN) },
	{ "topology", "SOURCE", "host, an hwloc XML file, synthetic:DESCRIPTION or fsroot:DIR",
	  TEXT(topology, "host"), SETTING_OF(RUN | TOPOLOGY) },
	{ "slice-us", "N", "CPU time before others get their turn",
	  NUMBER(slice_us, 100, 100000, 5000), SETTING_OF(RUN) },
	{ "rescue-us", "N", "How late a dispatcher may be before BPF decides",
	  NUMBER(rescue_us, 100, 1000000, 5000), SETTING_OF(RUN) },
	{ "spill-us", "N", "Longest wait for a performance core, or for one of the domains in use",
	  NUMBER(spill_us, 0, 1000000, 2000), SETTING_OF(RUN) },
	{ "fresh-us", "N", "How long BPF may reuse a decision; 0 is never",
	  NUMBER(fresh_us, 0, 1000000, 20000), SETTING_OF(RUN) },
	{ "max-domain-cpus", "N", "Domains larger than this are split along cores",
	  NUMBER(max_domain_cpus, 1, CCX_MAX_CPUS, CCX_DEFAULT_DOMAIN_CPUS),
	  SETTING_OF(RUN | TOPOLOGY) },
	{ "consolidate", NULL, "Pack work on few domains so that others sleep; so does server mode",
	  FLAG(consolidate), SETTING_OF(RUN) },
	{ "siblings", "last|first", "Packed, siblings of busy cores are used after idle cores, or before",
	  WORD(siblings_first, 0), SETTING_OF(RUN) },
	{ "die", "auto|rule|software", "Which die processes belong to: measured, by rule only, or for tests",
	  WORD(die, 0), SETTING_OF(RUN) },
	{ "partial", NULL, "Schedule only tasks with policy SCHED_EXT",
	  FLAG(partial), SETTING_OF(RUN) },
	{ "rules", "FILE", "Classes of tasks by name, cgroup or pid",
	  TEXT(rules, NULL), .example = "/etc/scx_ccx/rules.conf", SETTING_OF(RUN) },
	{ "state-dir", "DIR", "Where to keep a report when the kernel ends the scheduler",
	  TEXT(state_dir, NULL), .example = "/var/lib/scx_ccx", SETTING_OF(RUN) },
	{ "stats", "SECONDS", "Print figures every so many seconds",
	  NUMBER(stats_seconds, 1, 86400, 0), SETTING_OF(RUN) },
	{ "metrics", "ADDRESS",
	  "Serve OpenMetrics at 127.0.0.1:PORT, [::1]:PORT or the path of a UNIX socket",
	  TEXT(metrics, NULL), .example = "127.0.0.1:9177", SETTING_OF(RUN) },
	{ "verbose", NULL, "Say more, libbpf's messages included",
	  FLAG(verbose), SETTING_OF(RUN) },
	{ "config", "FILE", "The settings; 'none': no file (" CCX_SETTINGS_PATH " if it exists)",
	  TEXT(config, NULL), OF(RUN | TOPOLOGY) },
	{ "dump-topology", NULL, "The same as the command topology",
	  .type = CCX_OPTION_COMMAND, .initial = CCX_COMMAND_TOPOLOGY, OF(TOPOLOGY) },
	{ "format", "text|json|svg|xml", "Of the topology",
	  TEXT(format, "text"), OF(TOPOLOGY) },
	{ "output", "FILE", "Where the topology goes, in place of standard output",
	  TEXT(output, NULL), OF(TOPOLOGY) },
	{ "json", NULL, "Of the figures that stats prints",
	  FLAG(json), OF(STATS) },
	{ "interval", "SECONDS", "One reading of stats or monitor every period",
	  NUMBER(interval_seconds, 1, 86400, 0), OF(STATS | MONITOR) },
	{ 0 },
};
/* clang-format on */

#define NR_OPTIONS (sizeof(ccx_option_table) / sizeof(ccx_option_table[0]) - 1)

_Static_assert(NR_OPTIONS <= 64, "struct ccx_options has a bit for each option");
_Static_assert(sizeof(enum ccx_mode) == sizeof(uint32_t), "words are written as numbers");

const struct ccx_command_name ccx_commands[CCX_NR_COMMANDS] = {
    [CCX_COMMAND_RUN] = {"run", "", "schedules until interrupted (the default)"},
    [CCX_COMMAND_TOPOLOGY] = {"topology", "", "shows how the machine is seen"},
    [CCX_COMMAND_STATS] = {"stats", "", "shows the figures of the running scheduler"},
    [CCX_COMMAND_MONITOR] = {"monitor", "", "shows them live, in the terminal"},
    [CCX_COMMAND_CHECK_CONFIG] = {"check-config", "FILE...",
				  "looks for faults in settings and rules files"},
};

/* ---- one option ---- */

static void *member(struct ccx_options *options, const struct ccx_option *option)
{
	return (char *)options + option->offset;
}

const char *ccx_option_word(const struct ccx_option *option, uint32_t index, size_t *length)
{
	const char *word = option->value;

	while (word && index--) {
		word = strchr(word, '|');
		if (word)
			word++;
	}
	*length = word ? strcspn(word, "|") : 0;
	return word;
}

void ccx_option_help(const struct ccx_option *option, char *text, size_t size)
{
	size_t used = snprintf(text, size, "%s", option->help), length;
	const char *word;

	if (option->type == CCX_OPTION_NUMBER) {
		used += snprintf(text + used, size - used, ", %u..%u", option->minimum,
				 option->maximum);
		if (option->initial >= option->minimum)
			snprintf(text + used, size - used, " (%u)", option->initial);
	} else if (option->type == CCX_OPTION_WORD) {
		word = ccx_option_word(option, option->initial, &length);
		snprintf(text + used, size - used, " (%.*s)", (int)length, word);
	} else if (option->type == CCX_OPTION_TEXT && option->initial_text) {
		snprintf(text + used, size - used, " (%s)", option->initial_text);
	}
}

static int set_number(struct ccx_options *options, const struct ccx_option *option,
		      const char *text, struct ccx_error *error)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	/* strtoul itself takes blanks and a sign, and makes a large number of a negative one */
	if (errno || *end || *text < '0' || *text > '9' || value < option->minimum ||
	    value > option->maximum)
		return ccx_error_set(error, -EINVAL, "'%.100s' is not a whole number from %u to %u",
				     text, option->minimum, option->maximum);
	*(uint32_t *)member(options, option) = value;
	return 0;
}

static int set_word(struct ccx_options *options, const struct ccx_option *option, const char *text,
		    struct ccx_error *error)
{
	char all[128] = "";
	size_t length, used = 0;
	const char *word;
	uint32_t i;

	for (i = 0; (word = ccx_option_word(option, i, &length)); i++) {
		if (strlen(text) == length && !strncmp(text, word, length)) {
			*(uint32_t *)member(options, option) = i;
			return 0;
		}
		used += snprintf(all + used, sizeof(all) - used, "%s%.*s",
				 !i		? ""
				 : word[length] ? ", "
						: " or ",
				 (int)length, word);
	}
	return ccx_error_set(error, -EINVAL, "unknown %s '%.100s': %s", option->name, text, all);
}

int ccx_option_set(struct ccx_options *options, const struct ccx_option *option, const char *text,
		   struct ccx_error *error)
{
	switch (option->type) {
	case CCX_OPTION_FLAG:
		*(bool *)member(options, option) = true;
		return 0;
	case CCX_OPTION_NUMBER:
		return set_number(options, option, text, error);
	case CCX_OPTION_WORD:
		return set_word(options, option, text, error);
	case CCX_OPTION_TEXT:
		*(const char **)member(options, option) = text;
		return 0;
	case CCX_OPTION_COMMAND:
		options->command = option->initial;
		return 0;
	}
	return -EINVAL;
}

void ccx_options_init(struct ccx_options *options)
{
	const struct ccx_option *option;

	memset(options, 0, sizeof(*options));
	for (option = ccx_option_table; option->name; option++) {
		if (option->type == CCX_OPTION_NUMBER || option->type == CCX_OPTION_WORD)
			*(uint32_t *)member(options, option) = option->initial;
		else if (option->type == CCX_OPTION_TEXT)
			*(const char **)member(options, option) = option->initial_text;
	}
}

/* ---- the command line ---- */

#define FIRST_KEY 0x100 /* no character: there are no short options but argp's own */

static void parse_argument(struct argp_state *state, char *word)
{
	struct ccx_options *options = state->input;
	uint32_t i;

	if (state->arg_num && *ccx_commands[options->command].arguments) {
		/* all options were read by now, so these stand together at the end */
		if (!options->nr_files++)
			options->files = &state->argv[state->next - 1];
		return;
	}
	if (state->arg_num)
		argp_error(state, "unexpected argument '%s'", word);
	for (i = 0; i < CCX_NR_COMMANDS; i++) {
		if (!strcmp(word, ccx_commands[i].name)) {
			options->command = i;
			return;
		}
	}
	argp_error(state, "unknown command '%s'", word);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct ccx_options *options = state->input;
	struct ccx_error error;

	if (key >= FIRST_KEY && key < FIRST_KEY + (int)NR_OPTIONS) {
		if (ccx_option_set(options, &ccx_option_table[key - FIRST_KEY], argument, &error))
			argp_error(state, "%s", error.text);
		options->given |= 1ULL << (key - FIRST_KEY);
		return 0;
	}
	if (key == ARGP_KEY_ARG) {
		parse_argument(state, argument);
		return 0;
	}
	if (key == ARGP_KEY_END) {
		if (*ccx_commands[options->command].arguments && !options->nr_files)
			argp_error(state, "%s takes %s", ccx_commands[options->command].name,
				   ccx_commands[options->command].arguments);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* argp's own table; options of run come first, then those of other commands only. */
static void make_table(struct argp_option *rows, char (*help)[CCX_OPTION_HELP_BYTES])
{
	uint32_t i;

	for (i = 0; i < NR_OPTIONS; i++) {
		const struct ccx_option *option = &ccx_option_table[i];

		ccx_option_help(option, help[i], sizeof(help[i]));
		rows[i] = (struct argp_option){
		    .name = option->name,
		    .key = FIRST_KEY + i,
		    .arg = option->value,
		    .doc = help[i],
		    .group = option->commands & RUN ? 1 : 1 + __builtin_ctz(option->commands),
		};
	}
	rows[NR_OPTIONS] = (struct argp_option){0};
}

static void make_documentation(char *text, size_t size, char *usage, size_t usage_size)
{
	size_t used, usage_used = 0;
	uint32_t i;

	used = snprintf(text, size,
			"A CPU scheduler for machines whose cores are not alike.\v"
			"Commands:\n");
	for (i = 0; i < CCX_NR_COMMANDS; i++) {
		const struct ccx_command_name *command = &ccx_commands[i];
		const char *gap = *command->arguments ? " " : "";

		used += snprintf(text + used, size - used, "  %s%s%s  %s\n", command->name, gap,
				 command->arguments, command->help);
		usage_used +=
		    snprintf(usage + usage_used, usage_size - usage_used,
			     i ? "\n%s%s%s" : "[%s%s%s]", command->name, gap, command->arguments);
	}
	snprintf(
	    text + used, size - used,
	    "\nExit status: 0 done, 1 failed while running, 2 bad usage or input, 3 this kernel or "
	    "user cannot run it.");
}

void ccx_options_parse(struct ccx_options *options, int argc, char **argv)
{
	static char help[NR_OPTIONS][CCX_OPTION_HELP_BYTES], documentation[2048], usage[512];
	static struct argp_option rows[NR_OPTIONS + 1];
	static const struct argp argp = {
	    .options = rows,
	    .parser = parse,
	    .args_doc = usage,
	    .doc = documentation,
	};

	ccx_options_init(options);
	make_table(rows, help);
	make_documentation(documentation, sizeof(documentation), usage, sizeof(usage));
	argp_program_version = "scx_ccx " CCX_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
