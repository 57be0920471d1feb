// SPDX-License-Identifier: GPL-2.0-only
#include "rules.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rule.h"

#define PID_LIMIT	4194304	/* the kernel's PID_MAX_LIMIT */

/* The file that is parsed, and where complaints go. */
struct parser {
	const char *name;
	struct ccx_error *error;
};

__attribute__((format(printf, 3, 4))) static int bad(const struct parser *parser, unsigned int line,
						     const char *format, ...)
{
	char text[sizeof(parser->error->text) / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return ccx_error_set(parser->error, -EINVAL, "%.200s:%u: %s", parser->name, line, text);
}

/* ---- values ---- */

/*
 * A pattern as words under a mask: `exact` has its terminating zero compared as well. The arrays
 * have `bytes` bytes, are zero, and hold the text and its zero.
 */
static void encode(__u64 *value, __u64 *mask, const char *text)
{
	size_t length = strlen(text);
	bool prefix = length && text[length - 1] == '*';

	memcpy(value, text, length - prefix);
	memset(mask, 0xff, prefix ? length - 1 : length + 1);
}

/* The string of a pattern of at most `max` bytes without its asterisk, NULL if it is none. */
static const char *pattern(const struct parser *parser, const config_setting_t *setting, size_t max)
{
	unsigned int line = config_setting_source_line(setting);
	const char *key = config_setting_name(setting), *text = config_setting_get_string(setting);
	size_t length = text ? strlen(text) : 0, i;

	if (!text) {
		bad(parser, line, "%s takes a string: %s = \"...\"", key, key);
		return NULL;
	}
	if (!length) {
		bad(parser, line, "%s is empty: no task has that; \"*\" is every task", key);
		return NULL;
	}
	for (i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			bad(parser, line, "%s has a control character", key);
			return NULL;
		}
		if (text[i] == '*' && i + 1 < length) {
			bad(parser, line, "%s has a '*' that is not its last character", key);
			return NULL;
		}
	}
	length -= text[length - 1] == '*';
	if (length > max) {
		bad(parser, line, "%s is longer than %zu characters: the first ones and '*' do",
		    key, max);
		return NULL;
	}
	return text;
}

static int parse_comm(const struct parser *parser, const config_setting_t *setting,
		      struct ccx_comm_pattern *comm)
{
	const char *text = pattern(parser, setting, CCX_COMM_BYTES - 1);

	if (!text)
		return -EINVAL;
	encode(comm->value, comm->mask, text);
	return 0;
}

static int parse_cgroup(const struct parser *parser, const config_setting_t *setting,
			struct ccx_rule *rule)
{
	unsigned int line = config_setting_source_line(setting);
	const char *text = pattern(parser, setting, CCX_CGROUP_BYTES - 1);
	__u64 mask[CCX_CGROUP_BYTES / 8] = { 0 };
	size_t length;

	if (!text)
		return -EINVAL;
	length = strlen(text);
	if (*text != '/')
		return bad(parser, line,
			   "cgroup is no path from the root of the cgroups: it begins with '/'");
	if (strstr(text, "//") || (length > 1 && text[length - 1] == '/'))
		return bad(parser, line,
			   "cgroup has an empty part, as no path has (\"/a/*\" is all below /a)");
	encode(rule->cgroup, mask, text);
	while (rule->cgroup_words < CCX_CGROUP_BYTES / 8 && mask[rule->cgroup_words])
		rule->cgroup_mask = mask[rule->cgroup_words++];
	return 0;
}

static int parse_pid(const struct parser *parser, const config_setting_t *setting, __u32 *pid)
{
	unsigned int line = config_setting_source_line(setting);
	int value;

	if (config_setting_type(setting) != CONFIG_TYPE_INT)
		return bad(parser, line, "pid takes a number: pid = 1234");
	value = config_setting_get_int(setting);
	if (value < 1 || value > PID_LIMIT)
		return bad(parser, line, "pid %d is not from 1 to %d", value, PID_LIMIT);
	*pid = value;
	return 0;
}

static int parse_word(const struct parser *parser, const config_setting_t *setting,
		      const char *const *words, size_t nr, __u8 *word)
{
	unsigned int line = config_setting_source_line(setting);
	const char *key = config_setting_name(setting), *text = config_setting_get_string(setting);
	char all[128] = "";
	size_t i, used = 0;

	for (i = 0; i < nr; i++) {
		if (text && !strcmp(text, words[i])) {
			*word = i;
			return 0;
		}
		used += snprintf(all + used, sizeof(all) - used, "%s\"%s\"",
				 !i ? "" : i + 1 < nr ? ", " : " or ", words[i]);
	}
	return bad(parser, line, "%s is one of %s", key, all);
}

/* ---- rules ---- */

static int parse_setting(const struct parser *parser, const config_setting_t *setting,
			 struct ccx_rule *rule, bool *condition, bool *effect)
{
	const char *key = config_setting_name(setting);

	*effect |= !strcmp(key, "class") || !strcmp(key, "prefer");
	*condition |= strcmp(key, "class") && strcmp(key, "prefer");
	if (!strcmp(key, "comm"))
		return parse_comm(parser, setting, &rule->comm);
	if (!strcmp(key, "process"))
		return parse_comm(parser, setting, &rule->process);
	if (!strcmp(key, "cgroup"))
		return parse_cgroup(parser, setting, rule);
	if (!strcmp(key, "pid"))
		return parse_pid(parser, setting, &rule->pid);
	if (!strcmp(key, "class"))
		return parse_word(parser, setting, ccx_class_names, CCX_NR_CLASSES, &rule->class);
	if (!strcmp(key, "prefer"))
		return parse_word(parser, setting, ccx_prefer_names, CCX_NR_PREFERS, &rule->prefer);
	return bad(parser, config_setting_source_line(setting),
		   "unknown key '%.40s': comm, process, cgroup, pid, class or prefer", key);
}

static int parse_rule(const struct parser *parser, const config_setting_t *group,
		      struct ccx_rule *rule)
{
	unsigned int line = config_setting_source_line(group);
	bool condition = false, effect = false;
	int i, err;

	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return bad(parser, line, "a rule is a group: { comm = \"...\"; class = \"...\"; }");
	for (i = 0; i < config_setting_length(group); i++) {
		err = parse_setting(parser, config_setting_get_elem(group, i), rule, &condition,
				    &effect);
		if (err)
			return err;
	}
	if (!condition)
		return bad(parser, line,
			   "this rule has no condition: comm, process, cgroup or pid");
	if (!effect)
		return bad(parser, line, "this rule says nothing: class or prefer");
	return 0;
}

static int parse_rules(const struct parser *parser, const config_setting_t *list,
		       struct ccx_rules_file *file)
{
	struct ccx_rules_table *table = &file->table;
	int nr = config_setting_length(list), i, j, err;

	if (config_setting_type(list) != CONFIG_TYPE_LIST)
		return bad(parser, config_setting_source_line(list),
			   "rules is a list: rules = ( {...}, {...} );");
	for (i = 0; i < nr; i++) {
		const config_setting_t *group = config_setting_get_elem(list, i);
		struct ccx_rule *rule = &table->rules[i];

		if (i == CCX_MAX_RULES)
			return bad(parser, config_setting_source_line(group),
				   "more than %d rules", CCX_MAX_RULES);
		err = parse_rule(parser, group, rule);
		if (err)
			return err;
		file->lines[i] = config_setting_source_line(group);
		for (j = 0; j < i; j++)
			if (ccx_rule_covers(&table->rules[j], rule))
				return bad(parser, file->lines[i],
					   "this rule never counts: the one in line %u comes first "
					   "and holds for all of its tasks",
					   file->lines[j]);
		if (rule->process.mask[0])
			table->look |= CCX_RULES_PROCESS;
		if (rule->cgroup_words)
			table->look |= CCX_RULES_CGROUP;
	}
	table->nr = nr;
	return 0;
}

static int parse_root(const struct parser *parser, const config_t *config,
		      struct ccx_rules_file *file)
{
	const config_setting_t *root = config_root_setting(config), *setting;
	int i;

	for (i = 0; i < config_setting_length(root); i++) {
		setting = config_setting_get_elem(root, i);
		if (strcmp(config_setting_name(setting), "rules"))
			return bad(parser, config_setting_source_line(setting),
				   "unknown setting '%.40s': there is only rules = ( ... );",
				   config_setting_name(setting));
	}
	if (!i)
		return ccx_error_set(parser->error, -EINVAL, "%s has no rules = ( ... );",
				     parser->name);
	return parse_rules(parser, config_setting_get_elem(root, 0), file);
}

/* What libconfig must not see: it would read other files, or end early. */
static int check_text(const struct parser *parser, const char *text, size_t length)
{
	const char *include = strstr(text, "@include"), *end = text + strlen(text), *at;
	const char *wrong = include ? include : end;
	unsigned int line = 1;

	if (wrong == text + length)
		return 0;
	for (at = text; at < wrong; at++)
		line += *at == '\n';
	return bad(parser, line, include ? "@include is not allowed: rules are in one file" :
					   "a zero byte: this is no text");
}

int ccx_rules_parse(struct ccx_rules_file *file, const char *name, const char *text, size_t length,
		    struct ccx_error *error)
{
	struct parser parser = { .name = name, .error = error };
	config_t config;
	char *copy;
	int err;

	memset(file, 0, sizeof(*file));
	if (length > CCX_RULES_FILE_BYTES)
		return ccx_error_set(error, -E2BIG, "%s is longer than %d bytes", name,
				     CCX_RULES_FILE_BYTES);
	copy = malloc(length + 1);
	if (!copy)
		return ccx_error_set(error, -ENOMEM, "out of memory");
	memcpy(copy, text, length);
	copy[length] = '\0';
	config_init(&config);
	err = check_text(&parser, copy, length);
	if (!err && !config_read_string(&config, copy))
		err = bad(&parser, config_error_line(&config), "%s", config_error_text(&config));
	if (!err)
		err = parse_root(&parser, &config, file);
	config_destroy(&config);
	free(copy);
	return err;
}

int ccx_rules_read(struct ccx_rules_file *file, const char *path, struct ccx_error *error)
{
	/* not blocking: opening a pipe would wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = 0;
	char text[CCX_RULES_FILE_BYTES + 1];
	size_t used = 0;
	struct stat status;
	ssize_t got = 1;

	if (fd < 0 || fstat(fd, &status))
		err = -errno;
	else if (!S_ISREG(status.st_mode))
		err = S_ISDIR(status.st_mode) ? -EISDIR : -ENODEV;
	while (!err && got > 0 && used < sizeof(text)) {
		got = read(fd, text + used, sizeof(text) - used);
		if (got < 0)
			err = -errno;
		else
			used += got;
	}
	if (fd >= 0)
		close(fd);
	if (err)
		return ccx_error_set(error, err, "cannot read rules from %s: %s", path,
				     err == -ENODEV ? "no regular file" : strerror(-err));
	return ccx_rules_parse(file, path, text, used, error);
}
