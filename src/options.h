/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line. One table (options.c) drives parsing, --help and the documentation. */
#ifndef CCX_OPTIONS_H
#define CCX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum ccx_command {
	CCX_COMMAND_RUN,
	CCX_COMMAND_TOPOLOGY,
	CCX_COMMAND_STATS,
};

enum ccx_mode {
	CCX_MODE_DESKTOP,
	CCX_MODE_SERVER,
};

struct ccx_options {
	enum ccx_command command;
	enum ccx_mode mode;
	const char *topology;		/* SOURCE */
	uint32_t slice_us;
	uint32_t rescue_us;
	uint32_t spill_us;
	uint32_t fresh_us;
	uint32_t max_domain_cpus;
	const char *rules;		/* FILE; NULL: none */
	uint32_t stats_seconds;		/* 0: none */
	bool partial;
	bool verbose;
	/* topology */
	const char *format;
	const char *output;		/* NULL: standard output */
	/* stats */
	bool json;
	uint32_t interval_seconds;	/* 0: one reading */
};

/* Fills in `options`; on bad usage, --help and --version it prints and exits (2, 0, 0). */
void ccx_options_parse(struct ccx_options *options, int argc, char **argv);

#endif
