// SPDX-License-Identifier: GPL-2.0-only
#include "tasks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ccx/abi.h"
#include "rule.h"

#define COMM_BYTES sizeof(((struct ccx_task_record *)0)->comm)

const char *const ccx_reason_names[CCX_NR_REASONS] = {
	[CCX_REASON_RULE] = "rule",
	[CCX_REASON_KERNEL] = "kernel",
	[CCX_REASON_LIGHT] = "light",
	[CCX_REASON_MODERATE] = "moderate",
	[CCX_REASON_DIE] = "die",
};

/* ---- taking in ---- */

static bool runs(const struct ccx_task_record *record)
{
	return record->started_ns > record->stopped_ns;
}

/* When it last ran: larger is later. */
static uint64_t last_ran(const struct ccx_task_record *record)
{
	return runs(record) ? UINT64_MAX : record->stopped_ns;
}

static int order(const void *a, const void *b)
{
	const struct ccx_task_record *first = a, *second = b;
	int kernel = !!(first->flags & CCX_TASK_KTHREAD) - !!(second->flags & CCX_TASK_KTHREAD);

	if (kernel)
		return kernel;
	if (last_ran(first) != last_ran(second))
		return last_ran(first) > last_ran(second) ? -1 : 1;
	return first->pid < second->pid ? -1 : first->pid > second->pid;
}

static void put_in_order(struct ccx_tasks *tasks)
{
	qsort(tasks->list, tasks->nr, sizeof(tasks->list[0]), order);
	if (tasks->nr <= CCX_MAX_TASKS)
		return;
	tasks->left_out += tasks->nr - CCX_MAX_TASKS;
	tasks->nr = CCX_MAX_TASKS;
}

static bool possible(const struct ccx_task_record *record)
{
	return record->pid && record->tgid && record->domain < CCX_MAX_DOMAINS &&
	       record->reason < CCX_NR_REASONS && record->prefer < CCX_PREFER_NONE &&
	       (record->cpu < CCX_MAX_CPUS || record->cpu == CCX_TASK_NO_CPU);
}

static void later(uint64_t *now_ns, uint64_t time_ns)
{
	if (time_ns > *now_ns)
		*now_ns = time_ns;
}

void ccx_tasks_begin(struct ccx_tasks *tasks)
{
	tasks->nr = tasks->left_out = tasks->kernel_threads = tasks->bad = 0;
	tasks->now_ns = tasks->reading_ns = 0;
	*tasks->error.text = '\0';
}

void ccx_tasks_add(struct ccx_tasks *tasks, const struct ccx_task_record *record)
{
	if (!possible(record)) {
		tasks->bad++;
		return;
	}
	later(&tasks->now_ns, record->reader_ns);
	later(&tasks->now_ns, record->started_ns);
	later(&tasks->now_ns, record->stopped_ns);
	if (record->flags & CCX_TASK_KTHREAD && !record->ruled) {
		tasks->kernel_threads++;
		return;
	}
	/* twice the room that is needed: in order once in CCX_MAX_TASKS records, not at each */
	if (tasks->nr == 2 * CCX_MAX_TASKS)
		put_in_order(tasks);
	tasks->list[tasks->nr++] = *record;
}

void ccx_tasks_end(struct ccx_tasks *tasks)
{
	put_in_order(tasks);
	if (tasks->bad && !*tasks->error.text)
		ccx_error_set(&tasks->error, 0, "%u records of tasks have impossible content",
			      tasks->bad);
}

/* ---- JSON ---- */

/* Of a fastest CPU, if it never had to wait; 1 for one that has never slept. */
static double demand(const struct ccx_task_record *record)
{
	if (!record->sleep_ns)
		return 1;
	return (double)record->burst_ns / ((double)record->burst_ns + record->sleep_ns);
}

/* JSON is UTF-8; a name can be any bytes, or a character cut off at its end. */
static json_t *comm_json(const char *comm)
{
	char text[COMM_BYTES + 1] = "";
	json_t *json;
	size_t i;

	memcpy(text, comm, COMM_BYTES);
	json = json_string(text);
	if (json)
		return json;
	for (i = 0; text[i]; i++)
		if (text[i] & 0x80)
			text[i] = '?';
	return json_string(text);
}

static json_t *ran_ago_json(const struct ccx_task_record *record, uint64_t now_ns)
{
	if (runs(record))
		return json_integer(0);
	if (!record->stopped_ns)
		return json_null();
	return json_integer((json_int_t)((now_ns - record->stopped_ns) / 1000));
}

/* NULL: neither. */
static const char *die_name(const struct ccx_task_record *record)
{
	return record->prefer ? ccx_prefer_names[record->prefer] : NULL;
}

static json_t *task_json(const struct ccx_task_record *record, uint64_t now_ns)
{
	return json_pack("{s:I, s:I, s:o, s:i, s:o, s:b, s:s, s:f, s:I, s:I, s:b, s:b, s:o, s:s?, s:s?}",
			 "pid", (json_int_t)record->pid, "tgid", (json_int_t)record->tgid, "comm",
			 comm_json(record->comm), "domain", (int)record->domain, "cpu",
			 record->cpu == CCX_TASK_NO_CPU ? json_null() : json_integer(record->cpu),
			 "critical", !!(record->flags & CCX_TASK_CRITICAL), "reason",
			 ccx_reason_names[record->reason], "demand", demand(record), "burst_us",
			 (json_int_t)(record->burst_ns / 1000), "sleep_us",
			 (json_int_t)(record->sleep_ns / 1000), "running", runs(record),
			 "on_performance", !!record->on_performance, "ran_ago_us",
			 ran_ago_json(record, now_ns), "die", die_name(record), "die_by",
			 record->die_ruled ? "rule" :
			 record->prefer	   ? "measured" :
					     NULL);
}

void ccx_tasks_json(const struct ccx_tasks *tasks, json_t *root)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < tasks->nr; i++)
		json_array_append_new(list, task_json(&tasks->list[i], tasks->now_ns));
	json_object_set_new(root, "tasks", list);
	json_object_set_new(root, "tasks_left_out", json_integer(tasks->left_out));
	json_object_set_new(root, "tasks_error",
			    *tasks->error.text ? json_string(tasks->error.text) : json_null());
	json_object_set_new(root, "tasks_reading_us",
			    json_integer((json_int_t)(tasks->reading_ns / 1000)));
	json_object_set_new(root, "kernel_threads", json_integer(tasks->kernel_threads));
}

/* ---- text ---- */

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* A name must not steer the terminal: what is no printable ASCII is shown as ?. */
static void format_comm(char *out, size_t size, const char *comm)
{
	size_t i;

	for (i = 0; comm && comm[i] && i + 1 < size; i++)
		out[i] = comm[i] < ' ' || comm[i] > '~' ? '?' : comm[i];
	out[i] = '\0';
}

/* In a unit that shows two digits at least. */
static void format_ago(char *out, size_t size, const json_t *task)
{
	const json_t *ago = json_object_get(task, "ran_ago_us");
	long long us = json_integer_value(ago);

	if (json_is_true(json_object_get(task, "running")))
		snprintf(out, size, "runs");
	else if (!json_is_integer(ago))
		snprintf(out, size, "never ran");
	else if (us < 10 * 1000)
		snprintf(out, size, "%lld us", us);
	else if (us < 10 * 1000 * 1000)
		snprintf(out, size, "%lld ms", us / 1000);
	else
		snprintf(out, size, "%lld s", us / 1000000);
}

/* Which die the task is kept on, with a * if a rule says so. */
static void format_die(char *out, size_t size, const json_t *task)
{
	const char *die = json_string_value(json_object_get(task, "die"));
	const char *by = json_string_value(json_object_get(task, "die_by"));

	snprintf(out, size, "%.10s%s", die ?: "-", by && !strcmp(by, "rule") ? "*" : "");
}

static void print_row(FILE *file, const json_t *task, bool dies)
{
	const json_t *cpu = json_object_get(task, "cpu");
	const char *reason = json_string_value(json_object_get(task, "reason"));
	char comm[COMM_BYTES], ago[32], die[16], where[16] = "-";

	format_comm(comm, sizeof(comm), json_string_value(json_object_get(task, "comm")));
	format_ago(ago, sizeof(ago), task);
	if (json_is_integer(cpu))
		snprintf(where, sizeof(where), "%d", (int)json_integer_value(cpu));
	fprintf(file, "%8lld %8lld %-15s %6lld %4s %-4s %-4s %-8s %6.1f%% %9lld %9lld %10s",
		number(task, "pid"), number(task, "tgid"), comm, number(task, "domain"), where,
		json_is_true(json_object_get(task, "on_performance")) ? "perf" : "-",
		json_is_true(json_object_get(task, "critical")) ? "yes" : "no", reason ?: "?",
		100 * json_real_value(json_object_get(task, "demand")), number(task, "burst_us"),
		number(task, "sleep_us"), ago);
	format_die(die, sizeof(die), task);
	fprintf(file, dies ? " %s\n" : "\n", die);
}

void ccx_tasks_print(FILE *file, const json_t *root)
{
	const json_t *list = json_object_get(root, "tasks"), *task;
	const char *error = json_string_value(json_object_get(root, "tasks_error"));
	bool dies = json_is_object(json_object_get(root, "dies"));
	size_t nr = json_array_size(list), i;
	char line[512];

	if (error) {
		format_comm(line, sizeof(line), error);
		fprintf(file, "tasks: %s\n", line);
	}
	if (!list || (error && !nr))
		return;
	fprintf(file, "%lld tasks latency-critical or named by rules, and %lld kernel threads\n",
		(long long)nr + number(root, "tasks_left_out"), number(root, "kernel_threads"));
	if (nr)
		fprintf(file, "%8s %8s %-15s %6s %4s %-4s %-4s %-8s %7s %9s %9s %10s%s\n", "pid",
			"tgid", "comm", "domain", "cpu", "kind", "crit", "reason", "demand",
			"burst us", "sleep us", "last ran", dies ? " die" : "");
	for (i = 0; i < nr && i < CCX_TASK_ROWS; i++) {
		task = json_array_get(list, i);
		print_row(file, task, dies);
	}
	nr += number(root, "tasks_left_out");
	if (nr > i)
		fprintf(file, "and %zu more\n", nr - i);
}
