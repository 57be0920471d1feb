// SPDX-License-Identifier: GPL-2.0-only
/* The document of figures as a whole: everything in it at its longest still fits the control socket. */
#include "tests/unit/unit.h"

#include "control.h"
#include "stats.h"

/* In whole digits more than any count or time here reaches in a year. */
#define LARGE_COUNT	9999999999999999ULL
#define YEAR_NS		31536000000000000ULL

static struct ccx_stats stats;
static struct ccx_ruling ruling;
static struct ccx_tasks tasks;

static void fill_domains(void)
{
	uint32_t i, j;

	stats.uptime_ns = YEAR_NS;
	stats.nr_domains = CCX_MAX_DOMAINS;
	for (i = 0; i < CCX_MAX_DOMAINS; i++) {
		struct ccx_domain_stats *domain = &stats.domains[i];

		for (j = 0; j < CCX_NR_COUNTERS; j++)
			domain->counters[j] = LARGE_COUNT;
		domain->idle_ns = domain->ring_full = domain->migrated_out = LARGE_COUNT;
		domain->late_count = LARGE_COUNT;
		domain->nr_cpus = CCX_MAX_CPUS;
		for (j = 0; j < CCX_NR_KINDS; j++) {
			domain->nr_kind[j] = CCX_MAX_CPUS;
			domain->kind_busy_ns[j] = LARGE_COUNT;
		}
		for (j = 0; j < CCX_HISTOGRAM_BUCKETS; j++)
			domain->dispatcher.decision_ns.buckets[j] = LARGE_COUNT / 256;
		domain->queued_ready[0] = domain->queued_ready[1] = 4194304;
		domain->queued_custody = domain->queued_bound = 4194304;
		domain->dispatcher_tid = 4194304;
		memset(domain->cpu_list, '9', sizeof(domain->cpu_list) - 1);
		domain->dispatcher.batches = domain->dispatcher.sleeps = LARGE_COUNT;
		domain->dispatcher.messages = domain->dispatcher.bad_messages = LARGE_COUNT;
		domain->dispatcher.sent_away = domain->dispatcher.max_batch = LARGE_COUNT;
		domain->dispatcher.decision_ns.max = domain->dispatcher.decision_ns.sum = LARGE_COUNT;
	}
}

static void fill_rules(void)
{
	uint32_t i;

	ruling.version = 1;
	ruling.path = "/etc/scx_ccx/rules.conf";
	ruling.file.table.nr = CCX_MAX_RULES;
	for (i = 0; i < CCX_MAX_RULES; i++) {
		struct ccx_rule *rule = &ruling.file.table.rules[i];

		/* every character of the path one that JSON escapes */
		memset(&rule->comm, '\\', sizeof(rule->comm));
		memset(&rule->process, '\\', sizeof(rule->process));
		memset(rule->cgroup, '\\', sizeof(rule->cgroup));
		rule->cgroup_words = CCX_CGROUP_BYTES / 8;
		rule->cgroup_mask = UINT64_MAX >> 8;
		rule->pid = 4194304;
		rule->class = CCX_CLASS_LATENCY_CRITICAL;
		rule->prefer = CCX_PREFER_FREQUENCY;
		ruling.file.lines[i] = 65535;
		stats.rules.hits[i] = LARGE_COUNT;
	}
	stats.rules.ruling = &ruling;
}

static void fill_tasks(void)
{
	struct ccx_task_record record = {
		.burst_ns = YEAR_NS,
		.sleep_ns = YEAR_NS - 12345678,
		.started_ns = 1,
		.stopped_ns = 2,
		.reader_ns = YEAR_NS,
		.tgid = 4194304,
		.cpu = CCX_MAX_CPUS - 1,
		.domain = CCX_MAX_DOMAINS - 1,
		.reason = CCX_REASON_MODERATE,
	};
	uint32_t i;

	memset(record.comm, '\x01', sizeof(record.comm));
	ccx_tasks_begin(&tasks);
	for (i = 0; i < 3 * CCX_MAX_TASKS; i++) {
		record.pid = 4194304 - i;
		ccx_tasks_add(&tasks, &record);
	}
	ccx_tasks_end(&tasks);
}

static void the_longest_document_fits_the_socket(void **state)
{
	json_t *root;
	char *text;

	(void)state;
	fill_domains();
	fill_rules();
	fill_tasks();
	text = ccx_stats_json(&stats, &tasks);
	assert_non_null(text);
	print_message("the longest document has %zu bytes\n", strlen(text));
	assert_true(strlen(text) <= CCX_CONTROL_BYTES);
	root = json_loads(text, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(root, "domains")), CCX_MAX_DOMAINS);
	assert_int_equal(json_array_size(json_object_get(root, "tasks")), CCX_MAX_TASKS);
	json_decref(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_document_fits_the_socket),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
