/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options: what the command line and the settings file say. One table (options.c) drives parsing
 * of both, --help, the man pages, the completions and the example settings.
 */
#ifndef CCX_OPTIONS_H
#define CCX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ccx/error.h"

#define CCX_SETTINGS_PATH	"/etc/scx_ccx/scx_ccx.conf"

enum ccx_command {
	CCX_COMMAND_RUN,
	CCX_COMMAND_TOPOLOGY,
	CCX_COMMAND_STATS,
	CCX_COMMAND_MONITOR,
	CCX_COMMAND_CHECK_CONFIG,
	CCX_NR_COMMANDS,
};

enum ccx_mode {
	CCX_MODE_DESKTOP,
	CCX_MODE_SERVER,
};

struct ccx_options {
	enum ccx_command command;
	uint64_t given;			/* bit i: the command line has row i of the table */
	const char *config;		/* FILE; NULL: CCX_SETTINGS_PATH if it exists */
	enum ccx_mode mode;
	const char *topology;		/* SOURCE */
	uint32_t slice_us;
	uint32_t rescue_us;
	uint32_t spill_us;
	uint32_t fresh_us;
	uint32_t max_domain_cpus;
	const char *rules;		/* FILE; NULL: none */
	const char *state_dir;		/* DIR; NULL: none */
	uint32_t stats_seconds;		/* 0: none */
	const char *metrics;		/* ADDRESS; NULL: none */
	bool consolidate;
	uint32_t siblings_first;	/* 0: last */
	uint32_t die;			/* enum ccx_die_source (counters.h) */
	bool partial;
	bool verbose;
	/* topology */
	const char *format;
	const char *output;		/* NULL: standard output */
	/* stats */
	bool json;
	uint32_t interval_seconds;	/* 0: one reading */
	/* check-config */
	char **files;
	uint32_t nr_files;
};

enum ccx_option_type {
	CCX_OPTION_FLAG,	/* bool */
	CCX_OPTION_NUMBER,	/* uint32_t */
	CCX_OPTION_WORD,	/* an enumeration, in the order of the words in `value` */
	CCX_OPTION_TEXT,	/* const char * */
	CCX_OPTION_COMMAND,	/* another way to give a command, whose number is `initial` */
};

struct ccx_option {
	const char *name;	/* --name; the same in the settings file */
	const char *value;	/* what help calls it, or its words with '|' between; NULL: none */
	const char *help;	/* without range and default, which follow from the rest */
	enum ccx_option_type type;
	uint32_t offset;	/* of its member in struct ccx_options */
	uint32_t minimum, maximum, initial;	/* numbers; words: initial; none if out of range */
	const char *initial_text;		/* texts */
	const char *example;			/* texts without one that are settings */
	uint32_t commands;	/* bit i: enum ccx_command i takes it */
	bool setting;		/* may stand in the settings file */
};

struct ccx_command_name {
	const char *name;
	const char *arguments;	/* "" if it takes none */
	const char *help;
};

extern const struct ccx_option ccx_option_table[];	/* ends with a row without a name */
extern const struct ccx_command_name ccx_commands[CCX_NR_COMMANDS];

/* The longest text of ccx_option_help(), its zero included. */
#define CCX_OPTION_HELP_BYTES	256

/* The help of an option with its range and default, as --help has it. */
void ccx_option_help(const struct ccx_option *option, char *text, size_t size);

/* The word at `index` of an option's value, its length in *length; NULL behind the last one. */
const char *ccx_option_word(const struct ccx_option *option, uint32_t index, size_t *length);

/* Every option as if nothing was said. */
void ccx_options_init(struct ccx_options *options);

/*
 * Sets one option from text, which must outlive `options` if it is a text. 0, or -EINVAL: no such
 * word or number. A flag or command is switched on, its text ignored.
 */
int ccx_option_set(struct ccx_options *options, const struct ccx_option *option, const char *text,
		   struct ccx_error *error);

/* Server mode does so, too. */
static inline bool ccx_options_consolidate(const struct ccx_options *options)
{
	return options->consolidate || options->mode == CCX_MODE_SERVER;
}

/* Fills in `options`; on bad usage, --help and --version it prints and exits (2, 0, 0). */
void ccx_options_parse(struct ccx_options *options, int argc, char **argv);

#endif
