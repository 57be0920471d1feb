// SPDX-License-Identifier: GPL-2.0-only
#include "rule.h"

#include <stdio.h>
#include <string.h>

const char *const ccx_class_names[CCX_NR_CLASSES] = {
	[CCX_CLASS_AUTO] = "auto",
	[CCX_CLASS_LATENCY_CRITICAL] = "latency-critical",
	[CCX_CLASS_NORMAL] = "normal",
	[CCX_CLASS_BATCH] = "batch",
};

const char *const ccx_prefer_names[CCX_NR_PREFERS] = {
	[CCX_PREFER_AUTO] = "auto",
	[CCX_PREFER_CACHE] = "cache",
	[CCX_PREFER_FREQUENCY] = "frequency",
	[CCX_PREFER_NONE] = "none",
};

static bool words_cover(__u64 a, __u64 a_mask, __u64 b, __u64 b_mask)
{
	return (a_mask & b_mask) == a_mask && !((a ^ b) & a_mask);
}

static bool comm_covers(const struct ccx_comm_pattern *a, const struct ccx_comm_pattern *b)
{
	return words_cover(a->value[0], a->mask[0], b->value[0], b->mask[0]) &&
	       words_cover(a->value[1], a->mask[1], b->value[1], b->mask[1]);
}

static bool cgroup_covers(const struct ccx_rule *a, const struct ccx_rule *b)
{
	__u32 last = a->cgroup_words - 1;

	if (!a->cgroup_words)
		return true;
	return a->cgroup_words <= b->cgroup_words &&
	       !memcmp(a->cgroup, b->cgroup, last * sizeof(*a->cgroup)) &&
	       words_cover(a->cgroup[last], a->cgroup_mask, b->cgroup[last],
			   a->cgroup_words < b->cgroup_words ? ~0ULL : b->cgroup_mask);
}

bool ccx_rule_covers(const struct ccx_rule *a, const struct ccx_rule *b)
{
	return (!a->pid || a->pid == b->pid) && comm_covers(&a->comm, &b->comm) &&
	       comm_covers(&a->process, &b->process) && cgroup_covers(a, b);
}

/* The text of words under a mask again, with its asterisk if it is a prefix. */
static void decode(const __u64 *value, size_t length, char *text)
{
	const char *bytes = (const char *)value;
	size_t i;

	for (i = 0; i < length && bytes[i]; i++)
		text[i] = bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '?';
	if (i == length)
		text[i++] = '*';
	text[i] = '\0';
}

static size_t mask_bytes(__u64 mask)
{
	return __builtin_popcountll(mask) / 8;
}

void ccx_rule_format(const struct ccx_rule *rule, char *text, size_t size)
{
	char pattern_text[CCX_CGROUP_BYTES + 2];
	size_t bytes, used = 0;

#define ADD(format, args...)                                                                       \
	do {                                                                                       \
		used += snprintf(text + used, size - used, "%s" format, used ? ", " : "", ##args); \
		if (used >= size)                                                                  \
			return;                                                                    \
	} while (0)
	bytes = mask_bytes(rule->comm.mask[0]) + mask_bytes(rule->comm.mask[1]);
	if (bytes) {
		decode(rule->comm.value, bytes, pattern_text);
		ADD("comm \"%s\"", pattern_text);
	}
	bytes = mask_bytes(rule->process.mask[0]) + mask_bytes(rule->process.mask[1]);
	if (bytes) {
		decode(rule->process.value, bytes, pattern_text);
		ADD("process \"%s\"", pattern_text);
	}
	if (rule->cgroup_words) {
		bytes = (rule->cgroup_words - 1) * 8 + mask_bytes(rule->cgroup_mask);
		decode(rule->cgroup, bytes, pattern_text);
		ADD("cgroup \"%s\"", pattern_text);
	}
	if (rule->pid)
		ADD("pid %u", rule->pid);
	if (!used)
		ADD("every task");
#undef ADD
}
