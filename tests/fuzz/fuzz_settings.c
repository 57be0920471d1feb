// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes as a settings file. What is refused says why, in one line; what is
 * taken is within the bounds of the table of options.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "tests/unit/libconfig_leak.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_option(const struct ccx_options *options, const struct ccx_option *option)
{
	const char *member = (const char *)options + option->offset;
	uint32_t value;
	size_t length;

	memcpy(&value, member, sizeof(value));
	if (option->type == CCX_OPTION_NUMBER)
		require(value == option->initial ||
			(value >= option->minimum && value <= option->maximum));
	if (option->type == CCX_OPTION_WORD)
		require(ccx_option_word(option, value, &length) != NULL);
	if (option->type == CCX_OPTION_FLAG)
		require(*member == 0 || *member == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ccx_settings settings = { .strings = NULL };
	struct ccx_error error = { .text = "" };
	const struct ccx_option *option;
	struct ccx_options options;
	struct ccx_config_text config;
	int err = ccx_config_parse(&config, "fuzz", (const char *)data, size, &error);

	ccx_options_init(&options);
	if (!err) {
		err = ccx_settings_from(&settings, &options, &config);
		ccx_config_free(&config);
	}
	if (err) {
		require(err == -EINVAL || err == -E2BIG);
		require(!strncmp(error.text, "fuzz", 4) && !strchr(error.text, '\n'));
	}
	for (option = ccx_option_table; !err && option->name; option++)
		check_option(&options, option);
	if (!err && options.rules)
		require(strlen(options.rules) < size);
	ccx_settings_free(&settings);
	return 0;
}
