// SPDX-License-Identifier: GPL-2.0-only
#include "rules.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "rule.h"

#define PID_LIMIT 4194304 /* the kernel's PID_MAX_LIMIT */

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
static const char *pattern(const struct ccx_config_text *config, const config_setting_t *setting,
			   size_t max)
{
	unsigned int line = config_setting_source_line(setting);
	const char *key = config_setting_name(setting), *text = config_setting_get_string(setting);
	size_t length = text ? strlen(text) : 0, i;

	if (!text) {
		ccx_config_bad(config, line, "%s takes a string: %s = \"...\"", key, key);
		return NULL;
	}
	if (!length) {
		ccx_config_bad(config, line, "%s is empty: no task has that; \"*\" is every task",
			       key);
		return NULL;
	}
	for (i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			ccx_config_bad(config, line, "%s has a control character", key);
			return NULL;
		}
		if (text[i] == '*' && i + 1 < length) {
			ccx_config_bad(config, line, "%s has a '*' that is not its last character",
				       key);
			return NULL;
		}
	}
	length -= text[length - 1] == '*';
	if (length > max) {
		ccx_config_bad(config, line,
			       "%s is longer than %zu characters: the first ones and '*' do", key,
			       max);
		return NULL;
	}
	return text;
}

static int parse_comm(const struct ccx_config_text *config, const config_setting_t *setting,
		      struct ccx_comm_pattern *comm)
{
	const char *text = pattern(config, setting, CCX_COMM_BYTES - 1);

	if (!text)
		return -EINVAL;
	encode(comm->value, comm->mask, text);
	return 0;
}

static int parse_cgroup(const struct ccx_config_text *config, const config_setting_t *setting,
			struct ccx_rule *rule)
{
	unsigned int line = config_setting_source_line(setting);
	const char *text = pattern(config, setting, CCX_CGROUP_BYTES - 1);
	__u64 mask[CCX_CGROUP_BYTES / 8] = {0};
	size_t length;

	if (!text)
		return -EINVAL;
	length = strlen(text);
	if (*text != '/')
		return ccx_config_bad(
		    config, line,
		    "cgroup is no path from the root of the cgroups: it begins with '/'");
	if (strstr(text, "//") || (length > 1 && text[length - 1] == '/'))
		return ccx_config_bad(
		    config, line,
		    "cgroup has an empty part, as no path has (\"/a/*\" is all below /a)");
	encode(rule->cgroup, mask, text);
	while (rule->cgroup_words < CCX_CGROUP_BYTES / 8 && mask[rule->cgroup_words])
		rule->cgroup_mask = mask[rule->cgroup_words++];
	return 0;
}

static int parse_pid(const struct ccx_config_text *config, const config_setting_t *setting,
		     __u32 *pid)
{
	unsigned int line = config_setting_source_line(setting);
	int value;

	if (config_setting_type(setting) != CONFIG_TYPE_INT)
		return ccx_config_bad(config, line, "pid takes a number: pid = 1234");
	value = config_setting_get_int(setting);
	if (value < 1 || value > PID_LIMIT)
		return ccx_config_bad(config, line, "pid %d is not from 1 to %d", value, PID_LIMIT);
	*pid = value;
	return 0;
}

static int parse_word(const struct ccx_config_text *config, const config_setting_t *setting,
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
				 !i	      ? ""
				 : i + 1 < nr ? ", "
					      : " or ",
				 words[i]);
	}
	return ccx_config_bad(config, line, "%s is one of %s", key, all);
}

/* ---- rules ---- */

static int parse_setting(const struct ccx_config_text *config, const config_setting_t *setting,
			 struct ccx_rule *rule, bool *condition, bool *effect)
{
	const char *key = config_setting_name(setting);

	*effect |= !strcmp(key, "class") || !strcmp(key, "prefer");
	*condition |= strcmp(key, "class") && strcmp(key, "prefer");
	if (!strcmp(key, "comm"))
		return parse_comm(config, setting, &rule->comm);
	if (!strcmp(key, "process"))
		return parse_comm(config, setting, &rule->process);
	if (!strcmp(key, "cgroup"))
		return parse_cgroup(config, setting, rule);
	if (!strcmp(key, "pid"))
		return parse_pid(config, setting, &rule->pid);
	if (!strcmp(key, "class"))
		return parse_word(config, setting, ccx_class_names, CCX_NR_CLASSES, &rule->class);
	if (!strcmp(key, "prefer"))
		return parse_word(config, setting, ccx_prefer_names, CCX_NR_PREFERS, &rule->prefer);
	return ccx_config_bad(config, config_setting_source_line(setting),
			      "unknown key '%.40s': comm, process, cgroup, pid, class or prefer",
			      key);
}

static int parse_rule(const struct ccx_config_text *config, const config_setting_t *group,
		      struct ccx_rule *rule)
{
	unsigned int line = config_setting_source_line(group);
	bool condition = false, effect = false;
	int i, err;

	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return ccx_config_bad(config, line,
				      "a rule is a group: { comm = \"...\"; class = \"...\"; }");
	for (i = 0; i < config_setting_length(group); i++) {
		err = parse_setting(config, config_setting_get_elem(group, i), rule, &condition,
				    &effect);
		if (err)
			return err;
	}
	if (!condition)
		return ccx_config_bad(config, line,
				      "this rule has no condition: comm, process, cgroup or pid");
	if (!effect)
		return ccx_config_bad(config, line, "this rule says nothing: class or prefer");
	return 0;
}

static int parse_rules(const struct ccx_config_text *config, const config_setting_t *list,
		       struct ccx_rules_file *file)
{
	struct ccx_rules_table *table = &file->table;
	int nr = config_setting_length(list), i, j, err;

	if (config_setting_type(list) != CONFIG_TYPE_LIST)
		return ccx_config_bad(config, config_setting_source_line(list),
				      "rules is a list: rules = ( {...}, {...} );");
	for (i = 0; i < nr; i++) {
		const config_setting_t *group = config_setting_get_elem(list, i);
		struct ccx_rule *rule = &table->rules[i];

		if (i == CCX_MAX_RULES)
			return ccx_config_bad(config, config_setting_source_line(group),
					      "more than %d rules", CCX_MAX_RULES);
		err = parse_rule(config, group, rule);
		if (err)
			return err;
		file->lines[i] = config_setting_source_line(group);
		for (j = 0; j < i; j++)
			if (ccx_rule_covers(&table->rules[j], rule))
				return ccx_config_bad(
				    config, file->lines[i],
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

static int parse_root(const struct ccx_config_text *config, struct ccx_rules_file *file)
{
	const config_setting_t *root = config_root_setting(&config->tree), *setting;
	int i;

	for (i = 0; i < config_setting_length(root); i++) {
		setting = config_setting_get_elem(root, i);
		if (strcmp(config_setting_name(setting), "rules"))
			return ccx_config_bad(
			    config, config_setting_source_line(setting),
			    "unknown setting '%.40s': there is only rules = ( ... );",
			    config_setting_name(setting));
	}
	if (!i)
		return ccx_error_set(config->error, -EINVAL, "%s has no rules = ( ... );",
				     config->name);
	return parse_rules(config, config_setting_get_elem(root, 0), file);
}

int ccx_rules_from(struct ccx_rules_file *file, const struct ccx_config_text *config)
{
	memset(file, 0, sizeof(*file));
	return parse_root(config, file);
}

int ccx_rules_parse(struct ccx_rules_file *file, const char *name, const char *text, size_t length,
		    struct ccx_error *error)
{
	struct ccx_config_text config;
	int err = ccx_config_parse(&config, name, text, length, error);

	if (err)
		return err;
	err = ccx_rules_from(file, &config);
	ccx_config_free(&config);
	return err;
}

int ccx_rules_read(struct ccx_rules_file *file, const char *path, struct ccx_error *error)
{
	static char text[CCX_CONFIG_BYTES + 1];
	size_t length;
	int err = ccx_config_read(path, "rules", text, &length, error);

	return err ? err : ccx_rules_parse(file, path, text, length, error);
}
