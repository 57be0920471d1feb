// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: any bytes as a rules file. What is refused says why, in one line; what is taken
 * is within the bounds that BPF relies on, and no rule stands behind one that covers it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"
#include "rules.h"
#include "tests/unit/libconfig_leak.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_rule(const struct ccx_rules_file *file, uint32_t index)
{
	const struct ccx_rule *rule = &file->table.rules[index];
	char text[512];
	uint32_t i;

	require(rule->class < CCX_NR_CLASSES && rule->prefer < CCX_NR_PREFERS);
	require(rule->cgroup_words <= CCX_CGROUP_BYTES / 8);
	require(!rule->cgroup_words == !rule->cgroup_mask);
	require(!rule->cgroup_words || *(const char *)rule->cgroup == '/');
	require(file->lines[index] && (!index || file->lines[index] >= file->lines[index - 1]));
	for (i = 0; i < index; i++)
		require(!ccx_rule_covers(&file->table.rules[i], rule));
	ccx_rule_format(rule, text, sizeof(text));
	require(*text && !strchr(text, '\n'));
	ccx_rule_format(rule, text, 1 + index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ccx_rules_file file;
	struct ccx_error error = { .text = "" };
	uint32_t i;
	int err = ccx_rules_parse(&file, "fuzz", (const char *)data, size, &error);

	if (err) {
		require(err == -EINVAL || err == -E2BIG);
		require(!strncmp(error.text, "fuzz", 4) && !strchr(error.text, '\n'));
		return 0;
	}
	require(file.table.nr <= CCX_MAX_RULES);
	for (i = 0; i < file.table.nr; i++)
		check_rule(&file, i);
	return 0;
}
