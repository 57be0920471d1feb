// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "rules.h"
#include "settings.h"

/* A rules file has a list of rules, settings name at most a file of them. */
static bool has_rules(const struct ccx_config_text *config)
{
	const config_setting_t *rules =
	    config_setting_get_member(config_root_setting(&config->tree), "rules");

	return rules && config_setting_type(rules) != CONFIG_TYPE_STRING;
}

static int check_rules(const char *path, const struct ccx_config_text *config)
{
	static struct ccx_rules_file rules;
	int err = ccx_rules_from(&rules, config);

	if (!err)
		printf("%s: good rules, %u of them\n", path, rules.table.nr);
	return err;
}

/* The file that the settings name is looked at, too: run would read it. */
static int check_settings(const char *path, const struct ccx_config_text *config)
{
	static struct ccx_rules_file rules;
	struct ccx_settings settings;
	struct ccx_options options;
	int err;

	ccx_options_init(&options);
	err = ccx_settings_from(&settings, &options, config);
	if (!err)
		printf("%s: good settings, %d of them\n", path,
		       config_setting_length(config_root_setting(&config->tree)));
	if (!err && options.rules) {
		err = ccx_rules_read(&rules, options.rules, config->error);
		if (!err)
			printf("%s: good rules, %u of them\n", options.rules, rules.table.nr);
	}
	ccx_settings_free(&settings);
	return err;
}

static int check_file(const char *path, struct ccx_error *error)
{
	static char text[CCX_CONFIG_BYTES + 1];
	struct ccx_config_text config;
	size_t length;
	int err = ccx_config_read(path, "settings or rules", text, &length, error);

	if (!err)
		err = ccx_config_parse(&config, path, text, length, error);
	if (err)
		return err;
	err = has_rules(&config) ? check_rules(path, &config) : check_settings(path, &config);
	ccx_config_free(&config);
	return err;
}

int ccx_cmd_check_config(const struct ccx_options *options)
{
	int result = CCX_EXIT_DONE;
	struct ccx_error error;
	uint32_t i;

	for (i = 0; i < options->nr_files; i++) {
		if (!check_file(options->files[i], &error))
			continue;
		fflush(stdout);
		fprintf(stderr, "scx_ccx: %s\n", error.text);
		result = CCX_EXIT_USAGE;
	}
	if (fflush(stdout))
		result = CCX_EXIT_FAILED;
	return result;
}
