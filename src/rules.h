/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules file (docs/rules.md): text in libconfig's format to the table that BPF takes.
 *
 * Parsing is pure: no I/O, nothing kept. A file that has any fault gives no rules at all, and the
 * error begins with "FILE:LINE: " wherever a line is to blame.
 */
#ifndef CCX_RULES_FILE_H
#define CCX_RULES_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "ccx/error.h"
#include "ccx/rules.h"
#include "config_text.h"

struct ccx_rules_file {
	struct ccx_rules_table table;
	uint16_t lines[CCX_MAX_RULES];	/* where each rule begins */
};

/*
 * Parses `length` bytes of text, which needs no terminating zero. `name` is what errors call the
 * file. 0, or -EINVAL (the content), -E2BIG (too long), -ENOMEM; then *file is undefined.
 */
int ccx_rules_parse(struct ccx_rules_file *file, const char *name, const char *text, size_t length,
		    struct ccx_error *error);

/* The same from a file that libconfig has parsed. */
int ccx_rules_from(struct ccx_rules_file *file, const struct ccx_config_text *config);

/* Reads and parses a regular file. Main thread only. -errno as above, or why it cannot be read. */
int ccx_rules_read(struct ccx_rules_file *file, const char *path, struct ccx_error *error);

#endif
