// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "control.h"
#include "counters.h"
#include "stats_text.h"
#include "tasks.h"

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void print_rules(const json_t *rules)
{
	const json_t *list = json_object_get(rules, "list"), *rule;
	const char *file = json_string_value(json_object_get(rules, "file"));
	size_t i;

	if (!number(rules, "version"))
		return;
	printf("%lld rules%s%s, version %lld\n", number(rules, "count"), file ? " of " : "",
	       file ? file : "", number(rules, "version"));
	if (json_array_size(list))
		printf("%6s %10s %-16s %-9s %s\n", "line", "hits", "class", "prefer", "conditions");
	json_array_foreach(list, i, rule)
		printf("%6lld %10lld %-16s %-9s %s\n", number(rule, "line"), number(rule, "hits"),
		       json_string_value(json_object_get(rule, "class")),
		       json_string_value(json_object_get(rule, "prefer")),
		       json_string_value(json_object_get(rule, "conditions")));
}

static void print_domain(uint32_t index, const json_t *domain)
{
	const json_t *latency = json_object_get(domain, "decision_ns");
	const json_t *queued = json_object_get(domain, "queued");
	double busy = number(domain, "busy_ns"), idle = number(domain, "idle_ns");
	struct ccx_stats_row row = {
		.domain = index,
		.busy = busy + idle > 0 ? busy / (busy + idle) : 0,
		.queued = number(queued, "performance") + number(queued, "efficiency") +
			  number(queued, "custody") + number(queued, "bound"),
		.fast = number(domain, "fast"),
		.ordered = number(domain, "ordered"),
		.critical = number(domain, "critical"),
		.decisions = number(domain, "decisions"),
		.taken = number(domain, "overtaken"),
		.rescued = number(domain, "rescued"),
		.in = number(domain, "migrated_in"),
		.out = number(domain, "migrated_out"),
		.p50_us = number(latency, "p50") / 1e3,
		.p99_us = number(latency, "p99") / 1e3,
		.wait_ms = number(domain, "longest_wait_ns") / 1e6,
	};

	ccx_stats_row(stdout, &row);
}

static int print_text(const char *text)
{
	json_error_t error;
	json_t *root = json_loads(text, 0, &error), *domain;
	size_t i;

	if (!root) {
		fprintf(stderr, "scx_ccx: unreadable answer: %s\n", error.text);
		return CCX_EXIT_FAILED;
	}
	printf("up %.1f s\n", number(root, "uptime_ns") / 1e9);
	ccx_stats_head(stdout);
	json_array_foreach(json_object_get(root, "domains"), i, domain)
		print_domain(i, domain);
	print_rules(json_object_get(root, "rules"));
	ccx_counters_print(stdout, json_object_get(root, "dies"));
	ccx_tasks_print(stdout, root);
	json_decref(root);
	return CCX_EXIT_DONE;
}

int ccx_cmd_stats(const struct ccx_options *options)
{
	struct ccx_error error;
	int result;
	char *text;

	for (;;) {
		text = ccx_control_fetch(&error);
		if (!text) {
			fprintf(stderr, "scx_ccx: %s\n", error.text);
			return CCX_EXIT_FAILED;
		}
		if (options->json)
			result = puts(text) < 0 ? CCX_EXIT_FAILED : CCX_EXIT_DONE;
		else
			result = print_text(text);
		free(text);
		if (fflush(stdout))
			result = CCX_EXIT_FAILED;
		if (result || !options->interval_seconds)
			return result;
		sleep(options->interval_seconds);
	}
}
