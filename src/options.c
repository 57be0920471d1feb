// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ccx/topology.h"

#ifndef CCX_VERSION
#define CCX_VERSION "0.1"
#endif

enum key {
	KEY_MODE = 0x100,
	KEY_TOPOLOGY,
	KEY_SLICE,
	KEY_RESCUE,
	KEY_SPILL,
	KEY_FRESH,
	KEY_MAX_DOMAIN_CPUS,
	KEY_PARTIAL,
	KEY_RULES,
	KEY_STATS,
	KEY_VERBOSE,
	KEY_DUMP_TOPOLOGY,
	KEY_FORMAT,
	KEY_OUTPUT,
	KEY_JSON,
	KEY_INTERVAL,
};

/* Bounds and defaults of the numeric options; the table below names the same keys. */
static const struct number {
	enum key key;
	size_t offset;
	uint32_t minimum, maximum, value;
} numbers[] = {
#define NUMBER(key, member, minimum, maximum, value)                                               \
	{ key, offsetof(struct ccx_options, member), minimum, maximum, value }
	NUMBER(KEY_SLICE, slice_us, 100, 100000, 5000),
	NUMBER(KEY_RESCUE, rescue_us, 100, 1000000, 5000),
	NUMBER(KEY_SPILL, spill_us, 0, 1000000, 2000),
	NUMBER(KEY_FRESH, fresh_us, 0, 1000000, 20000),
	NUMBER(KEY_MAX_DOMAIN_CPUS, max_domain_cpus, 1, CCX_MAX_CPUS, CCX_DEFAULT_DOMAIN_CPUS),
	NUMBER(KEY_STATS, stats_seconds, 1, 86400, 0),
	NUMBER(KEY_INTERVAL, interval_seconds, 1, 86400, 0),
#undef NUMBER
};

static const struct argp_option run_table[] = {
	{ "mode", KEY_MODE, "desktop|server", 0, "What matters most: latency, or throughput (desktop)",
	  0 },
	{ "topology", KEY_TOPOLOGY, "SOURCE", 0,
	  "host, an hwloc XML file, synthetic:DESCRIPTION or fsroot:DIR (host)", 0 },
	{ "slice-us", KEY_SLICE, "N", 0, "CPU time before others get their turn, 100..100000 (5000)",
	  0 },
	{ "rescue-us", KEY_RESCUE, "N", 0,
	  "How late a dispatcher may be before BPF decides, 100..1000000 (5000)", 0 },
	{ "spill-us", KEY_SPILL, "N", 0,
	  "Wait of a latency-critical task before lesser cores may take it, 0..1000000 (2000)", 0 },
	{ "fresh-us", KEY_FRESH, "N", 0,
	  "How long BPF may reuse a decision, 0: never, ..1000000 (20000)", 0 },
	{ "max-domain-cpus", KEY_MAX_DOMAIN_CPUS, "N", 0,
	  "Domains larger than this are split along cores, 1..1024 (16)", 0 },
	{ "partial", KEY_PARTIAL, NULL, 0, "Schedule only tasks with policy SCHED_EXT", 0 },
	{ "rules", KEY_RULES, "FILE", 0, "Classes of tasks by name, cgroup or pid", 0 },
	{ "stats", KEY_STATS, "SECONDS", 0, "Print figures every so many seconds", 0 },
	{ "verbose", KEY_VERBOSE, NULL, 0, "Say more, libbpf's messages included", 0 },
	{ "dump-topology", KEY_DUMP_TOPOLOGY, NULL, 0, "The same as the command topology", 0 },
	{ "format", KEY_FORMAT, "text|json|svg|xml", 0, "Of the topology (text)", 1 },
	{ "output", KEY_OUTPUT, "FILE", 0, "Where the topology goes (standard output)", 1 },
	{ "json", KEY_JSON, NULL, 0, "Of the figures that stats prints", 2 },
	{ "interval", KEY_INTERVAL, "SECONDS", 0, "One reading of stats every period", 2 },
	{ 0 },
};

static void parse_number(struct argp_state *state, int key, const char *text)
{
	struct ccx_options *options = state->input;
	unsigned long value;
	char *end;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *number = &numbers[i];

		if ((int)number->key != key)
			continue;
		errno = 0;
		value = strtoul(text, &end, 10);
		/* strtoul itself takes blanks and a sign, and makes a large number of a negative one */
		if (errno || *end || *text < '0' || *text > '9' || value < number->minimum ||
		    value > number->maximum)
			argp_error(state, "'%s' is not a whole number from %u to %u", text,
				   number->minimum, number->maximum);
		*(uint32_t *)((char *)options + number->offset) = value;
		return;
	}
}

static void parse_command(struct argp_state *state, const char *word)
{
	struct ccx_options *options = state->input;

	if (state->arg_num)
		argp_error(state, "unexpected argument '%s'", word);
	if (!strcmp(word, "run"))
		options->command = CCX_COMMAND_RUN;
	else if (!strcmp(word, "topology"))
		options->command = CCX_COMMAND_TOPOLOGY;
	else if (!strcmp(word, "stats"))
		options->command = CCX_COMMAND_STATS;
	else
		argp_error(state, "unknown command '%s'", word);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct ccx_options *options = state->input;

	switch (key) {
	case KEY_MODE:
		if (!strcmp(argument, "desktop"))
			options->mode = CCX_MODE_DESKTOP;
		else if (!strcmp(argument, "server"))
			options->mode = CCX_MODE_SERVER;
		else
			argp_error(state, "unknown mode '%s': desktop or server", argument);
		break;
	case KEY_TOPOLOGY:
		options->topology = argument;
		break;
	case KEY_PARTIAL:
		options->partial = true;
		break;
	case KEY_RULES:
		options->rules = argument;
		break;
	case KEY_VERBOSE:
		options->verbose = true;
		break;
	case KEY_DUMP_TOPOLOGY:
		options->command = CCX_COMMAND_TOPOLOGY;
		break;
	case KEY_FORMAT:
		options->format = argument;
		break;
	case KEY_OUTPUT:
		options->output = argument;
		break;
	case KEY_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARG:
		parse_command(state, argument);
		break;
	case KEY_SLICE:
	case KEY_RESCUE:
	case KEY_SPILL:
	case KEY_FRESH:
	case KEY_MAX_DOMAIN_CPUS:
	case KEY_STATS:
	case KEY_INTERVAL:
		parse_number(state, key, argument);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const char documentation[] =
	"A CPU scheduler for machines whose cores are not alike.\v"
	"Commands: run (the default) schedules until interrupted; topology shows how the machine is\n"
	"seen; stats shows the figures of the running scheduler.\n\n"
	"Exit status: 0 done, 1 failed while running, 2 bad usage or input, 3 this kernel or user\n"
	"cannot run it.";

void ccx_options_parse(struct ccx_options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = run_table,
		.parser = parse,
		.args_doc = "[run|topology|stats]",
		.doc = documentation,
	};
	size_t i;

	*options = (struct ccx_options){ .topology = "host", .format = "text" };
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		*(uint32_t *)((char *)options + numbers[i].offset) = numbers[i].value;
	argp_program_version = "scx_ccx " CCX_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
