// SPDX-License-Identifier: GPL-2.0-only
#include "monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ccx/topology.h"
#include "stats.h"
#include "tasks.h"

const char *ccx_monitor_name(uint32_t counter)
{
	static const char *const others[] = {
		[CCX_MONITOR_MIGRATED_OUT - CCX_NR_COUNTERS] = "migrated_out",
		[CCX_MONITOR_SENT_AWAY - CCX_NR_COUNTERS] = "sent_away",
		[CCX_MONITOR_LATE - CCX_NR_COUNTERS] = "late_count",
		[CCX_MONITOR_BATCHES - CCX_NR_COUNTERS] = "batches",
		[CCX_MONITOR_SLEEPS - CCX_NR_COUNTERS] = "sleeps",
		[CCX_MONITOR_RING_FULL - CCX_NR_COUNTERS] = "ring_full",
		[CCX_MONITOR_BAD_MESSAGES - CCX_NR_COUNTERS] = "bad_messages",
	};

	return counter < CCX_NR_COUNTERS ? ccx_counter_names[counter] :
					   others[counter - CCX_NR_COUNTERS];
}

bool ccx_monitor_is_time(uint32_t counter)
{
	const char *name = ccx_monitor_name(counter), *unit = strrchr(name, '_');

	return unit && !strcmp(unit, "_ns");
}

/* ---- numbers ---- */

double ccx_monitor_quantile_us(const uint64_t octaves[CCX_HISTOGRAM_OCTAVES], double fraction)
{
	double total = 0, wanted, low, high;
	uint32_t i;

	for (i = 0; i < CCX_HISTOGRAM_OCTAVES; i++)
		total += octaves[i];
	if (total <= 0)
		return -1;
	wanted = total * fraction;
	for (i = 0; i < CCX_HISTOGRAM_OCTAVES - 1; i++) {
		if (wanted <= octaves[i])
			break;
		wanted -= octaves[i];
	}
	low = i ? ccx_histogram_octave_limit(i - 1) + 1 : 0;
	if (i == CCX_HISTOGRAM_OCTAVES - 1)
		return low / 1e3; /* no upper limit: this at least */
	high = ccx_histogram_octave_limit(i) + 1;
	return (low + (high - low) * (octaves[i] ? wanted / octaves[i] : 0)) / 1e3;
}

void ccx_monitor_format(char text[CCX_MONITOR_NUMBER_BYTES], double number)
{
	static const char units[] = { 0, 'k', 'M', 'G', 'T' };
	size_t unit = 0;
	int digits;

	if (number < 9.95) {
		/* 0 is nothing at all, and 0.0 is not */
		snprintf(text, CCX_MONITOR_NUMBER_BYTES, number > 0 ? "%.1f" : "0",
			 number > 0 && number < 0.1 ? 0.1 : number);
		return;
	}
	if (number < 99999.5) {
		snprintf(text, CCX_MONITOR_NUMBER_BYTES, "%.0f", number);
		return;
	}
	while (number >= 999.5 && unit < sizeof(units) - 1) {
		number /= 1000;
		unit++;
	}
	if (number >= 9999) /* more than there is */
		number = 9999;
	digits = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
	snprintf(text, CCX_MONITOR_NUMBER_BYTES, "%.*f%c", digits, number, units[unit]);
}

/* ---- taking a document in ---- */

static int64_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static bool flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static void copy_text(char *out, size_t size, const json_t *text)
{
	snprintf(out, size, "%s", json_string_value(text) ?: "");
}

static void read_counts(struct ccx_monitor_counts *counts, const json_t *json)
{
	const json_t *kinds = json_object_get(json, "kinds");
	const json_t *octaves =
		json_object_get(json_object_get(json, "decision_ns"), "octaves");
	uint32_t i;

	for (i = 0; i < CCX_NR_MONITOR_COUNTERS; i++)
		counts->counters[i] = number(json, ccx_monitor_name(i));
	for (i = 0; i < CCX_NR_KINDS; i++)
		counts->busy_ns[i] = number(json_object_get(kinds, ccx_kind_name(i)), "busy_ns");
	for (i = 0; i < CCX_HISTOGRAM_OCTAVES; i++)
		counts->octaves[i] = json_integer_value(json_array_get(octaves, i));
}

static void read_domain(struct ccx_monitor_domain *domain, const json_t *json)
{
	const json_t *kinds = json_object_get(json, "kinds");
	const json_t *queued = json_object_get(json, "queued");
	uint32_t i;

	memset(domain, 0, sizeof(*domain));
	copy_text(domain->cpus, sizeof(domain->cpus), json_object_get(json, "cpu_list"));
	for (i = 0; i < CCX_NR_KINDS; i++)
		domain->nr_kind[i] = number(json_object_get(kinds, ccx_kind_name(i)), "cpus");
	domain->queued = number(queued, "performance") + number(queued, "efficiency") +
			 number(queued, "custody") + number(queued, "bound");
	domain->wait_ms = number(json, "recent_longest_wait_ns") / 1e6;
	domain->late = flag(json, "late");
	read_counts(&domain->counts, json);
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static double share(uint64_t busy_ns, uint64_t period_ns, uint32_t nr_cpus)
{
	double used = nr_cpus && period_ns ? (double)busy_ns / period_ns / nr_cpus : 0;

	return used < 1 ? used : 1;
}

static void compute(struct ccx_monitor_domain *domain, const struct ccx_monitor_counts *before,
		    uint64_t period_ns)
{
	const struct ccx_monitor_counts *now = &domain->counts;
	uint64_t octaves[CCX_HISTOGRAM_OCTAVES], busy_ns, all_ns = 0;
	uint32_t i, nr_cpus = 0;

	for (i = 0; i < CCX_NR_MONITOR_COUNTERS; i++)
		domain->per_second[i] =
			period_ns ? since(now->counters[i], before->counters[i]) * 1e9 / period_ns :
				    0;
	for (i = 0; i < CCX_NR_KINDS; i++) {
		busy_ns = since(now->busy_ns[i], before->busy_ns[i]);
		domain->use[i] = share(busy_ns, period_ns, domain->nr_kind[i]);
		all_ns += busy_ns;
		nr_cpus += domain->nr_kind[i];
	}
	domain->use_all = share(all_ns, period_ns, nr_cpus);
	for (i = 0; i < CCX_HISTOGRAM_OCTAVES; i++)
		octaves[i] = since(now->octaves[i], before->octaves[i]);
	domain->p50_us = ccx_monitor_quantile_us(octaves, 0.5);
	domain->p99_us = ccx_monitor_quantile_us(octaves, 0.99);
}

static void add_counts(struct ccx_monitor_counts *sum, const struct ccx_monitor_counts *counts)
{
	uint32_t i;

	for (i = 0; i < CCX_NR_MONITOR_COUNTERS; i++)
		sum->counters[i] += counts->counters[i];
	for (i = 0; i < CCX_NR_KINDS; i++)
		sum->busy_ns[i] += counts->busy_ns[i];
	for (i = 0; i < CCX_HISTOGRAM_OCTAVES; i++)
		sum->octaves[i] += counts->octaves[i];
}

static void add_domain(struct ccx_monitor_domain *all, const struct ccx_monitor_domain *domain)
{
	uint32_t i;

	for (i = 0; i < CCX_NR_KINDS; i++)
		all->nr_kind[i] += domain->nr_kind[i];
	all->queued += domain->queued;
	all->late |= domain->late;
	if (domain->wait_ms > all->wait_ms)
		all->wait_ms = domain->wait_ms;
	add_counts(&all->counts, &domain->counts);
}

/* The document's words for it, as constants. */
static const char *reason_of(const json_t *task)
{
	const char *reason = json_string_value(json_object_get(task, "reason"));
	size_t i;

	for (i = 0; reason && i < CCX_NR_REASONS; i++)
		if (!strcmp(reason, ccx_reason_names[i]))
			return ccx_reason_names[i];
	return "?";
}

static void read_task(struct ccx_monitor_task *task, const json_t *json)
{
	const json_t *cpu = json_object_get(json, "cpu"), *ago = json_object_get(json, "ran_ago_us");

	task->pid = number(json, "pid");
	copy_text(task->comm, sizeof(task->comm), json_object_get(json, "comm"));
	task->domain = number(json, "domain");
	task->cpu = json_is_integer(cpu) ? json_integer_value(cpu) : -1;
	task->reason = reason_of(json);
	task->demand = json_number_value(json_object_get(json, "demand"));
	task->burst_us = number(json, "burst_us");
	task->sleep_us = number(json, "sleep_us");
	task->running = flag(json, "running");
	task->ran_ago_us = json_is_integer(ago) ? json_integer_value(ago) : -1;
	task->critical = flag(json, "critical");
	task->on_performance = flag(json, "on_performance");
}

static void read_tasks(struct ccx_monitor *monitor, const json_t *root)
{
	const json_t *list = json_object_get(root, "tasks");
	size_t nr = json_array_size(list);

	if (nr > CCX_MAX_TASKS)
		nr = CCX_MAX_TASKS;
	for (monitor->nr_tasks = 0; monitor->nr_tasks < nr; monitor->nr_tasks++)
		read_task(&monitor->tasks[monitor->nr_tasks],
			  json_array_get(list, monitor->nr_tasks));
	monitor->tasks_left_out = number(root, "tasks_left_out");
	monitor->kernel_threads = number(root, "kernel_threads");
	copy_text(monitor->tasks_error, sizeof(monitor->tasks_error),
		  json_object_get(root, "tasks_error"));
}

static enum ccx_monitor_news news_of(const struct ccx_monitor *monitor, int64_t pid,
				     uint64_t uptime_ns, size_t nr_domains)
{
	if (!monitor->valid)
		return CCX_NEWS_NONE;
	if (pid != monitor->pid)
		return CCX_NEWS_PROCESS;
	if (uptime_ns < monitor->uptime_ns || nr_domains != monitor->nr_domains)
		return CCX_NEWS_SESSION;
	return CCX_NEWS_NONE;
}

int ccx_monitor_take(struct ccx_monitor *monitor, const json_t *root)
{
	const json_t *domains = json_object_get(root, "domains");
	static const struct ccx_monitor_counts nothing;
	struct ccx_monitor_counts before, all_before = nothing;
	size_t nr = json_array_size(domains);
	uint64_t uptime_ns = number(root, "uptime_ns");
	int64_t pid = number(root, "pid");
	bool follows;
	uint32_t i;

	if (number(root, "version") != 1 || !nr || nr > CCX_MAX_DOMAINS)
		return -EINVAL;
	monitor->news = news_of(monitor, pid, uptime_ns, nr);
	follows = monitor->valid && !monitor->news;
	/* the same moment again: rates stay those of the period before it */
	if (follows && uptime_ns == monitor->uptime_ns)
		return 0;
	monitor->period_ns = follows ? uptime_ns - monitor->uptime_ns : uptime_ns;
	memset(&monitor->all, 0, sizeof(monitor->all));
	monitor->nr_cpus = 0;
	for (i = 0; i < nr; i++) {
		before = follows ? monitor->domains[i].counts : nothing;
		read_domain(&monitor->domains[i], json_array_get(domains, i));
		compute(&monitor->domains[i], &before, monitor->period_ns);
		add_domain(&monitor->all, &monitor->domains[i]);
		add_counts(&all_before, &before);
		monitor->nr_cpus += number(json_array_get(domains, i), "cpus");
		monitor->order[i] = i;
	}
	compute(&monitor->all, &all_before, monitor->period_ns);
	monitor->nr_domains = nr;
	monitor->pid = pid;
	monitor->uptime_ns = uptime_ns;
	monitor->valid = true;
	read_tasks(monitor, root);
	return 0;
}

/* ---- sorting ---- */

struct domain_sorting {
	const struct ccx_monitor *monitor;
	enum ccx_domain_order order;
	bool reverse;
};

struct task_sorting {
	enum ccx_task_order order;
	bool reverse;
};

static int larger_first(double a, double b)
{
	return a > b ? -1 : a < b;
}

static int smaller_first(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_domains(const void *a, const void *b, void *context)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
	const struct domain_sorting *sorting = context;
	const struct ccx_monitor_domain *one = &sorting->monitor->domains[first];
	const struct ccx_monitor_domain *two = &sorting->monitor->domains[second];
	int result = 0;

	switch (sorting->order) {
	case CCX_DOMAINS_BY_USE:
		result = larger_first(one->use_all, two->use_all);
		break;
	case CCX_DOMAINS_BY_QUEUE:
		result = larger_first(one->queued, two->queued);
		break;
	case CCX_DOMAINS_BY_LATENCY:
		result = larger_first(one->p99_us, two->p99_us);
		break;
	case CCX_DOMAINS_BY_WAIT:
		result = larger_first(one->wait_ms, two->wait_ms);
		break;
	default:
		break;
	}
	/* equals keep their places, whatever was sorted before */
	if (!result)
		result = smaller_first(first, second);
	return sorting->reverse ? -result : result;
}

/* Those that run first, those that never ran last. */
static int64_t ago(const struct ccx_monitor_task *task)
{
	return task->running ? -1 : task->ran_ago_us < 0 ? INT64_MAX : task->ran_ago_us;
}

static int compare_tasks(const void *a, const void *b, void *context)
{
	const struct ccx_monitor_task *one = a, *two = b;
	const struct task_sorting *sorting = context;
	int result = 0;

	switch (sorting->order) {
	case CCX_TASKS_BY_DEMAND:
		result = larger_first(one->demand, two->demand);
		break;
	case CCX_TASKS_BY_BURST:
		result = larger_first(one->burst_us, two->burst_us);
		break;
	case CCX_TASKS_BY_CPU:
		result = smaller_first(one->cpu, two->cpu);
		break;
	case CCX_TASKS_BY_NAME:
		result = strcmp(one->comm, two->comm);
		break;
	case CCX_TASKS_BY_LAST_RUN:
		result = smaller_first(ago(one), ago(two));
		break;
	default:
		break;
	}
	if (!result)
		result = smaller_first(one->pid, two->pid);
	return sorting->reverse ? -result : result;
}

void ccx_monitor_sort(struct ccx_monitor *monitor, enum ccx_domain_order domains,
		      enum ccx_task_order tasks, bool reverse)
{
	struct domain_sorting by_domain = { monitor, domains, reverse };
	struct task_sorting by_task = { tasks, reverse };

	qsort_r(monitor->order, monitor->nr_domains, sizeof(monitor->order[0]), compare_domains,
		&by_domain);
	qsort_r(monitor->tasks, monitor->nr_tasks, sizeof(monitor->tasks[0]), compare_tasks,
		&by_task);
}
