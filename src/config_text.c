// SPDX-License-Identifier: GPL-2.0-only
#include "config_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ccx_config_bad(const struct ccx_config_text *config, unsigned int line, const char *format, ...)
{
	char text[sizeof(config->error->text) / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return ccx_error_set(config->error, -EINVAL, "%.200s:%u: %s", config->name, line, text);
}

static unsigned int line_of(const char *text, const char *at)
{
	unsigned int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* Behind a comment or a string that begins at `at`; `at` itself if neither does. */
static const char *skip_quiet(const char *at)
{
	const char *end;

	if (*at == '#' || !strncmp(at, "//", 2))
		return at + strcspn(at, "\n");
	if (!strncmp(at, "/*", 2)) {
		end = strstr(at + 2, "*/");
		return end ? end + 2 : at + strlen(at);
	}
	if (*at == '"') {
		for (at++; *at && *at != '"'; at++)
			at += *at == '\\' && at[1];
		return at + (*at == '"');
	}
	return at;
}

/* Does the word at `at` begin with a number that does not fit into an int? */
static bool too_large(const char *at)
{
	bool hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');

	errno = 0;
	return isdigit((unsigned char)*at) &&
	       (strtoull(at, NULL, hex ? 16 : 10) > INT_MAX || errno);
}

/*
 * libconfig 1.5 makes 1 of 4294967297, without a word: such numbers have to be found in the text.
 * NULL, or where the first one is. Nothing that this project reads takes one.
 */
static const char *find_large_number(const char *text)
{
	const char *at = text, *next;

	while (*at) {
		next = skip_quiet(at);
		if (next == at && too_large(at))
			return at;
		if (next == at)
			next = at + strspn(at, "0123456789_*ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					       "abcdefghijklmnopqrstuvwxyz.-");
		at = next == at ? at + 1 : next;
	}
	return NULL;
}

/* What libconfig must not see: it would read other files, end early, or misread. */
static int check_text(const struct ccx_config_text *config, const char *text, size_t length)
{
	const char *include = strstr(text, "@include"), *end = text + strlen(text), *large;

	if (include)
		return ccx_config_bad(config, line_of(text, include),
				      "@include is not allowed: everything is in one file");
	if (end != text + length)
		return ccx_config_bad(config, line_of(text, end), "a zero byte: this is no text");
	large = find_large_number(text);
	if (large)
		return ccx_config_bad(config, line_of(text, large),
				      "a number that is too large: %d at most", INT_MAX);
	return 0;
}

int ccx_config_parse(struct ccx_config_text *config, const char *name, const char *text,
		     size_t length, struct ccx_error *error)
{
	char *copy;
	int err;

	config->name = name;
	config->error = error;
	if (length > CCX_CONFIG_BYTES)
		return ccx_error_set(error, -E2BIG, "%s is longer than %d bytes", name,
				     CCX_CONFIG_BYTES);
	copy = malloc(length + 1);
	if (!copy)
		return ccx_error_set(error, -ENOMEM, "out of memory");
	memcpy(copy, text, length);
	copy[length] = '\0';
	config_init(&config->tree);
	err = check_text(config, copy, length);
	if (!err && !config_read_string(&config->tree, copy))
		err = ccx_config_bad(config, config_error_line(&config->tree), "%s",
				     config_error_text(&config->tree));
	if (err)
		config_destroy(&config->tree);
	free(copy);
	return err;
}

void ccx_config_free(struct ccx_config_text *config)
{
	config_destroy(&config->tree);
}

int ccx_config_read(const char *path, const char *what, char *text, size_t *length,
		    struct ccx_error *error)
{
	/* not blocking: opening a pipe would wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = 0;
	struct stat status;
	size_t used = 0;
	ssize_t got = 1;

	if (fd < 0 || fstat(fd, &status))
		err = -errno;
	else if (!S_ISREG(status.st_mode))
		err = S_ISDIR(status.st_mode) ? -EISDIR : -ENODEV;
	while (!err && got > 0 && used <= CCX_CONFIG_BYTES) {
		got = read(fd, text + used, CCX_CONFIG_BYTES + 1 - used);
		if (got < 0)
			err = -errno;
		else
			used += got;
	}
	if (fd >= 0)
		close(fd);
	*length = used;
	if (err)
		return ccx_error_set(error, err, "cannot read %s from %s: %s", what, path,
				     err == -ENODEV ? "no regular file" : strerror(-err));
	return 0;
}
