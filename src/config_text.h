/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files in libconfig's format, as the settings and the rules are: read, and parsed with what
 * libconfig itself leaves unchecked. What a file means is its owner's business (settings.c, rules.c).
 *
 *	struct ccx_config_text config;
 *	if (!ccx_config_parse(&config, name, text, length, &error)) {
 *		... config_root_setting(&config.tree) ...
 *		ccx_config_free(&config);
 *	}
 */
#ifndef CCX_CONFIG_TEXT_H
#define CCX_CONFIG_TEXT_H

#include <libconfig.h>
#include <stddef.h>

#include "ccx/error.h"

#define CCX_CONFIG_BYTES	65535	/* libconfig counts lines in 16 bits */

struct ccx_config_text {
	config_t tree;
	const char *name;		/* what errors call the file */
	struct ccx_error *error;
};

/* Sets the error to "NAME:LINE: ..." and returns -EINVAL. */
__attribute__((format(printf, 3, 4))) int ccx_config_bad(const struct ccx_config_text *config,
							 unsigned int line, const char *format, ...);

/*
 * Parses `length` bytes of text, which needs no terminating zero. `name` and `error` must outlive
 * `config`. 0, or -EINVAL (the content), -E2BIG (too long), -ENOMEM; then there is nothing to free.
 */
int ccx_config_parse(struct ccx_config_text *config, const char *name, const char *text, size_t length,
		     struct ccx_error *error);

void ccx_config_free(struct ccx_config_text *config);

/*
 * Reads a regular file of at most CCX_CONFIG_BYTES + 1 bytes into memory of the caller's, which has
 * that many. `what` is what the error calls its content. -errno: why it cannot be read.
 */
int ccx_config_read(const char *path, const char *what, char *text, size_t *length,
		    struct ccx_error *error);

#endif
