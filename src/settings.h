/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The settings file, scx_ccx.conf(5): options of run in libconfig's format, under their own names.
 * What the command line says comes first.
 */
#ifndef CCX_SETTINGS_H
#define CCX_SETTINGS_H

#include "config_text.h"
#include "options.h"

/* What texts of `options` point to: must live as long as they do. */
struct ccx_settings {
	char *strings;
};

/*
 * Sets what the file says and the command line does not. 0, or -EINVAL with "NAME:LINE: ..." in the
 * error, or -ENOMEM; then `options` are undefined. In any case ccx_settings_free() at the end.
 */
int ccx_settings_from(struct ccx_settings *settings, struct ccx_options *options,
		      const struct ccx_config_text *config);

/*
 * The same from the file that the options ask for, or CCX_SETTINGS_PATH if it exists and they ask
 * for none. Main thread only.
 */
int ccx_settings_read(struct ccx_settings *settings, struct ccx_options *options,
		      struct ccx_error *error);

void ccx_settings_free(struct ccx_settings *settings);

#endif
