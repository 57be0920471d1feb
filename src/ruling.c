// SPDX-License-Identifier: GPL-2.0-only
#include "ruling.h"

#include <string.h>

#include "rule.h"

int ccx_ruling_read(struct ccx_ruling *ruling, const char *path, struct ccx_error *error)
{
	static struct ccx_rules_file file;
	int err = ccx_rules_read(&file, path, error);

	if (err)
		return err;
	ruling->path = path;
	ruling->file = file;
	ruling->version++;
	return 0;
}

void ccx_ruling_publish(struct ccx_ruling *ruling, const struct ccx_scheduler *scheduler)
{
	struct ccx_rules *rules = scheduler->rules;
	uint32_t side = ruling->version & 1, i;

	if (!ruling->version)
		return;
	for (i = 0; i < CCX_MAX_RULES; i++)
		ruling->hits_before[i] = scheduler->rule_hits->tables[side][i];
	rules->tables[side] = ruling->file.table;
	/* pairs with rules_follow(): whoever sees the version sees the table */
	__atomic_store_n(&rules->version, ruling->version, __ATOMIC_RELEASE);
}

void ccx_ruling_figures(const struct ccx_ruling *ruling, const struct ccx_scheduler *scheduler,
			struct ccx_ruling_figures *figures)
{
	uint32_t side = ruling->version & 1, i;

	figures->ruling = ruling;
	for (i = 0; i < ruling->file.table.nr; i++)
		figures->hits[i] = scheduler->rule_hits->tables[side][i] - ruling->hits_before[i];
}

static json_t *rule_json(const struct ccx_ruling_figures *figures, uint32_t index)
{
	const struct ccx_rules_file *file = &figures->ruling->file;
	const struct ccx_rule *rule = &file->table.rules[index];
	char conditions[512];

	ccx_rule_format(rule, conditions, sizeof(conditions));
	return json_pack("{s:i, s:s, s:s, s:s, s:I}", "line", (int)file->lines[index], "conditions",
			 conditions, "class", ccx_class_names[rule->class], "prefer",
			 ccx_prefer_names[rule->prefer], "hits", (json_int_t)figures->hits[index]);
}

json_t *ccx_ruling_json(const struct ccx_ruling_figures *figures)
{
	const struct ccx_ruling *ruling = figures->ruling;
	json_t *list = json_array();
	uint32_t i;

	if (!ruling || !ruling->version)
		return json_pack("{s:n, s:i, s:i, s:o}", "file", "version", 0, "count", 0, "list",
				 list);
	for (i = 0; i < ruling->file.table.nr; i++)
		json_array_append_new(list, rule_json(figures, i));
	/* a path need not be UTF-8; then it is not shown */
	return json_pack("{s:o, s:I, s:i, s:o}", "file",
			 json_string(ruling->path) ?: json_null(), "version",
			 (json_int_t)ruling->version, "count", (int)ruling->file.table.nr, "list",
			 list);
}
