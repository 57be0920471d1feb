// SPDX-License-Identifier: GPL-2.0-only
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The row of a name; NULL: no setting. */
static const struct ccx_option *find(const char *name)
{
	const struct ccx_option *option;

	for (option = ccx_option_table; option->name; option++)
		if (option->setting && !strcmp(option->name, name))
			return option;
	return NULL;
}

static int unknown(const struct ccx_config_text *config, const config_setting_t *setting)
{
	const struct ccx_option *option;
	char all[256];
	size_t used = 0;

	for (option = ccx_option_table; option->name && used < sizeof(all); option++)
		if (option->setting)
			used += snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "",
					 option->name);
	return ccx_config_bad(config, config_setting_source_line(setting),
			      "unknown setting '%.40s': there are %s", config_setting_name(setting),
			      all);
}

static int number(const struct ccx_config_text *config, const config_setting_t *setting,
		  const struct ccx_option *option, char *text, size_t size)
{
	unsigned int line = config_setting_source_line(setting);
	long long value = config_setting_get_int64(setting);
	int type = config_setting_type(setting);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return ccx_config_bad(config, line, "%s takes a whole number: %s = %u;",
				      option->name, option->name,
				      option->initial ? option->initial : option->minimum);
	if (value < option->minimum || value > option->maximum)
		return ccx_config_bad(config, line, "%s = %lld is not from %u to %u", option->name,
				      value, option->minimum, option->maximum);
	snprintf(text, size, "%lld", value);
	return 0;
}

static int word(const struct ccx_config_text *config, const config_setting_t *setting,
		const struct ccx_option *option, const char **text)
{
	size_t length, used = 0;
	const char *candidate;
	char all[128] = "";
	uint32_t i;

	*text = config_setting_get_string(setting);
	for (i = 0; (candidate = ccx_option_word(option, i, &length)); i++) {
		if (*text && strlen(*text) == length && !strncmp(*text, candidate, length))
			return 0;
		used += snprintf(all + used, sizeof(all) - used, "%s\"%.*s\"",
				 !i		     ? ""
				 : candidate[length] ? ", "
						     : " or ",
				 (int)length, candidate);
	}
	return ccx_config_bad(config, config_setting_source_line(setting), "%s is one of %s",
			      option->name, all);
}

static int string(const struct ccx_config_text *config, const config_setting_t *setting,
		  const struct ccx_option *option, const char **text)
{
	unsigned int line = config_setting_source_line(setting);
	const char *at;

	*text = config_setting_get_string(setting);
	if (!*text)
		return ccx_config_bad(config, line, "%s takes a string: %s = \"...\";",
				      option->name, option->name);
	if (!**text)
		return ccx_config_bad(config, line, "%s is empty: leave the line out instead",
				      option->name);
	for (at = *text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return ccx_config_bad(config, line, "%s has a control character",
					      option->name);
	return 0;
}

static int flag(const struct ccx_config_text *config, const config_setting_t *setting,
		const struct ccx_option *option, const char **text)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		return ccx_config_bad(config, config_setting_source_line(setting),
				      "%s takes true or false: %s = true;", option->name,
				      option->name);
	*text = config_setting_get_bool(setting) ? "" : NULL;
	return 0;
}

/* A setting as text for ccx_option_set(), NULL if it switches nothing on; `digits` holds a number.
 */
static int value_of(const struct ccx_config_text *config, const config_setting_t *setting,
		    const struct ccx_option *option, char digits[24], const char **text)
{
	switch (option->type) {
	case CCX_OPTION_NUMBER:
		*text = digits;
		return number(config, setting, option, digits, 24);
	case CCX_OPTION_WORD:
		return word(config, setting, option, text);
	case CCX_OPTION_TEXT:
		return string(config, setting, option, text);
	default:
		return flag(config, setting, option, text);
	}
}

/* All texts together are no longer than the file. */
static const char *keep(char **room, const char *text)
{
	char *copy = *room;

	*room = stpcpy(copy, text) + 1;
	return copy;
}

int ccx_settings_from(struct ccx_settings *settings, struct ccx_options *options,
		      const struct ccx_config_text *config)
{
	const config_setting_t *root = config_root_setting(&config->tree), *setting;
	const struct ccx_option *option;
	const char *text = NULL;
	char digits[24], *room;
	int i, err;

	settings->strings = room = malloc(CCX_CONFIG_BYTES + 1);
	if (!room)
		return ccx_error_set(config->error, -ENOMEM, "out of memory");
	for (i = 0; i < config_setting_length(root); i++) {
		setting = config_setting_get_elem(root, i);
		option = find(config_setting_name(setting));
		if (!option)
			return unknown(config, setting);
		err = value_of(config, setting, option, digits, &text);
		if (err)
			return err;
		if (!text || options->given & 1ULL << (option - ccx_option_table))
			continue;
		if (option->type == CCX_OPTION_TEXT)
			text = keep(&room, text);
		err = ccx_option_set(options, option, text, config->error);
		if (err)
			return err;
	}
	return 0;
}

int ccx_settings_read(struct ccx_settings *settings, struct ccx_options *options,
		      struct ccx_error *error)
{
	static char text[CCX_CONFIG_BYTES + 1];
	const char *path = options->config ? options->config : CCX_SETTINGS_PATH;
	struct ccx_config_text config;
	size_t length;
	int err;

	settings->strings = NULL;
	if (!strcmp(path, "none") || (!options->config && access(path, F_OK) && errno == ENOENT))
		return 0;
	err = ccx_config_read(path, "settings", text, &length, error);
	if (!err)
		err = ccx_config_parse(&config, path, text, length, error);
	if (err)
		return err;
	err = ccx_settings_from(settings, options, &config);
	ccx_config_free(&config);
	return err;
}

void ccx_settings_free(struct ccx_settings *settings)
{
	free(settings->strings);
	settings->strings = NULL;
}
