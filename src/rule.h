/* SPDX-License-Identifier: GPL-2.0-only */
/* One rule (ccx/rules.h) as user space sees it: its words, and what it holds for. Pure. */
#ifndef CCX_RULE_H
#define CCX_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "ccx/rules.h"

/* The words of the rules file, by value. */
extern const char *const ccx_class_names[CCX_NR_CLASSES];
extern const char *const ccx_prefer_names[CCX_NR_PREFERS];

/* Whatever `b` holds for, `a` holds for as well: behind `a`, `b` never counts. */
bool ccx_rule_covers(const struct ccx_rule *a, const struct ccx_rule *b);

/* The conditions in printable ASCII: comm "game*", pid 12. Cut off at `size`. */
void ccx_rule_format(const struct ccx_rule *rule, char *text, size_t size);

#endif
