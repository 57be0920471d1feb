// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "control.h"
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
	printf("%6s %6s %10s %10s %10s %10s %8s %8s %8s %8s %9s %9s %8s\n", "domain", "busy", "fast",
	       "ordered", "messages", "decisions", "stale", "rescued", "in", "out", "p50 us",
	       "p99 us", "wait ms");
	json_array_foreach(json_object_get(root, "domains"), i, domain) {
		json_t *latency = json_object_get(domain, "decision_ns");
		double busy = number(domain, "busy_ns"), idle = number(domain, "idle_ns");

		printf("%6zu %5.1f%% %10lld %10lld %10lld %10lld %8lld %8lld %8lld %8lld %9.1f %9.1f %8.1f\n",
		       i, busy + idle > 0 ? 100 * busy / (busy + idle) : 0, number(domain, "fast"),
		       number(domain, "ordered"), number(domain, "messages"),
		       number(domain, "decisions"), number(domain, "stale"),
		       number(domain, "rescued"), number(domain, "migrated_in"),
		       number(domain, "migrated_out"), number(latency, "p50") / 1e3,
		       number(latency, "p99") / 1e3, number(domain, "longest_wait_ns") / 1e6);
	}
	print_rules(json_object_get(root, "rules"));
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
