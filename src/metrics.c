// SPDX-License-Identifier: GPL-2.0-only
#include "metrics.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX	"scx_ccx_"
#define TYPE_OF_OPEN	"application/openmetrics-text"

const char *ccx_metrics_type(enum ccx_metrics_format format)
{
	return format == CCX_METRICS_OPEN ? TYPE_OF_OPEN "; version=1.0.0; charset=utf-8" :
					    "text/plain; version=0.0.4; charset=utf-8";
}

enum ccx_metrics_format ccx_metrics_choose(const char *accept)
{
	if (!accept || strstr(accept, TYPE_OF_OPEN) || !strstr(accept, "text/plain"))
		return CCX_METRICS_OPEN;
	return CCX_METRICS_PLAIN;
}

/* ---- families ---- */

struct output {
	FILE *file;
	enum ccx_metrics_format format;
};

/*
 * Begins a family. Names of counters are given without _total: OpenMetrics has that at the samples
 * only, the older format at the family, too. `unit` may be NULL.
 */
static void begin(const struct output *out, const char *name, const char *type, const char *unit,
		  const char *help)
{
	bool open = out->format == CCX_METRICS_OPEN;
	const char *total = !open && !strcmp(type, "counter") ? "_total" : "";

	fprintf(out->file, "# TYPE " PREFIX "%s%s %s\n", name, total, type);
	if (unit && open)
		fprintf(out->file, "# UNIT " PREFIX "%s %s\n", name, unit);
	fprintf(out->file, "# HELP " PREFIX "%s%s %s\n", name, total, help);
}

/* The unit of time is the second, exact to the nanosecond. */
static void print_seconds(const struct output *out, uint64_t ns)
{
	fprintf(out->file, "%llu.%09llu\n", (unsigned long long)(ns / 1000000000),
		(unsigned long long)(ns % 1000000000));
}

static void print_count(const struct output *out, uint64_t count)
{
	fprintf(out->file, "%llu\n", (unsigned long long)count);
}

/* Counters of a domain that need no other label; the order of docs/operations.md. */
static const struct counter {
	const char *name;
	const char *help;
	size_t offset;		/* of a uint64_t in struct ccx_domain_stats */
	bool time;		/* nanoseconds */
} counters[] = {
#define COUNTER(name, counter, help)                                                               \
	{ name, help, offsetof(struct ccx_domain_stats, counters[counter]), false }
#define TIME(name, counter, help)                                                                  \
	{ name, help, offsetof(struct ccx_domain_stats, counters[counter]), true }
#define MEMBER(name, member, help)                                                                 \
	{ name, help, offsetof(struct ccx_domain_stats, member), false }
	COUNTER("fast", CCX_FAST, "Wake-ups put on an idle CPU at once."),
	COUNTER("ordered", CCX_ORDERED, "Tasks queued by BPF with a decision still fresh."),
	COUNTER("alone", CCX_ALONE, "Tasks queued by BPF, alone, while the dispatcher slept."),
	COUNTER("critical", CCX_CRITICAL, "Tasks queued by BPF because latency-critical."),
	COUNTER("bound", CCX_BOUND, "Tasks queued by BPF because bound to one CPU."),
	COUNTER("messages", CCX_MESSAGES, "Messages sent to user space."),
	COUNTER("decisions", CCX_DECISIONS_APPLIED, "Decisions of user space applied."),
	COUNTER("stale", CCX_STALE, "Decisions for tasks that had left custody."),
	COUNTER("rejected", CCX_REJECTED, "Decisions with impossible content."),
	COUNTER("overtaken", CCX_OVERTAKEN, "Tasks taken out of custody by an idle CPU."),
	COUNTER("rescued", CCX_RESCUED,
		"Tasks taken out of custody because the dispatcher was late."),
	COUNTER("unattended", CCX_UNATTENDED,
		"Tasks queued by BPF because the dispatcher was late."),
	COUNTER("stolen", CCX_STOLEN, "Tasks taken from other domains' queues."),
	COUNTER("outside", CCX_OUTSIDE, "Tasks sent outside the domains in use."),
	COUNTER("migrated_in", CCX_MIGRATED_IN, "Tasks that last ran in another domain."),
	COUNTER("joined", CCX_JOINED, "Tasks that came to the domain of their partner."),
	COUNTER("preempted", CCX_PREEMPTED, "Tasks sent off a CPU for a latency-critical one."),
	COUNTER("spilled", CCX_SPILLED,
		"Times a latency-critical task ran on a CPU that is no performance CPU."),
	COUNTER("moved", CCX_MOVED,
		"Busy tasks that moved to an idle CPU that suits them better."),
	COUNTER("dispatcher_runs", CCX_DISPATCHER_RUNS, "Times the parked dispatcher was run."),
	TIME("dispatcher_seconds", CCX_DISPATCHER_NS, "CPU time of dispatchers."),
	TIME("latency_critical_on_performance_seconds", CCX_CRITICAL_ON_PERFORMANCE_NS,
	     "CPU time of latency-critical tasks on performance CPUs."),
	TIME("latency_critical_elsewhere_seconds", CCX_CRITICAL_ELSEWHERE_NS,
	     "CPU time of latency-critical tasks on other CPUs."),
	MEMBER("ring_full", ring_full, "Messages and decisions that found no room."),
	MEMBER("migrated_out", migrated_out, "Tasks that began to run in another domain."),
	MEMBER("late", late_count, "Times the dispatcher became late."),
	MEMBER("batches", dispatcher.batches, "Batches of the dispatcher."),
	MEMBER("sleeps", dispatcher.sleeps, "Times the dispatcher blocked for want of work."),
	MEMBER("consumed", dispatcher.messages, "Messages the dispatcher took from its ring."),
	MEMBER("bad_messages", dispatcher.bad_messages, "Messages with impossible content."),
	MEMBER("sent_away", dispatcher.sent_away, "Decisions for another domain."),
#undef COUNTER
#undef TIME
#undef MEMBER
};

static void print_counters(const struct output *out, const struct ccx_stats *stats)
{
	const struct counter *counter;
	const uint64_t *value;
	uint32_t i;

	for (counter = counters; counter < counters + sizeof(counters) / sizeof(*counter);
	     counter++) {
		begin(out, counter->name, "counter", counter->time ? "seconds" : NULL,
		      counter->help);
		for (i = 0; i < stats->nr_domains; i++) {
			value = (const uint64_t *)((const char *)&stats->domains[i] +
						   counter->offset);
			fprintf(out->file, PREFIX "%s_total{domain=\"%u\"} ", counter->name, i);
			if (counter->time)
				print_seconds(out, *value);
			else
				print_count(out, *value);
		}
	}
}

static void print_kinds(const struct output *out, const struct ccx_stats *stats)
{
	uint32_t i, kind;

	begin(out, "busy_seconds", "counter", "seconds",
	      "CPU time of tasks of this scheduler, dispatchers among them.");
	for (i = 0; i < stats->nr_domains; i++)
		for (kind = 0; kind < CCX_NR_KINDS; kind++) {
			if (!stats->domains[i].nr_kind[kind])
				continue;
			fprintf(out->file, PREFIX "busy_seconds_total{domain=\"%u\",kind=\"%s\"} ",
				i, ccx_kind_name(kind));
			print_seconds(out, stats->domains[i].kind_busy_ns[kind]);
		}
	begin(out, "cpus", "gauge", NULL, "CPUs of the domain.");
	for (i = 0; i < stats->nr_domains; i++)
		for (kind = 0; kind < CCX_NR_KINDS; kind++)
			if (stats->domains[i].nr_kind[kind])
				fprintf(out->file,
					PREFIX "cpus{domain=\"%u\",kind=\"%s\"} %u\n", i,
					ccx_kind_name(kind), stats->domains[i].nr_kind[kind]);
}

static void print_gauges(const struct output *out, const struct ccx_stats *stats)
{
	uint32_t i;

	begin(out, "queued_tasks", "gauge", "tasks", "Tasks that wait now, by queue.");
	for (i = 0; i < stats->nr_domains; i++) {
		const struct ccx_domain_stats *domain = &stats->domains[i];
		const struct {
			const char *name;
			uint32_t nr;
		} queues[] = {
			{ "performance", domain->queued_ready[CCX_KIND_PERFORMANCE] },
			{ "efficiency", domain->queued_ready[CCX_KIND_EFFICIENCY] },
			{ "custody", domain->queued_custody },
			{ "bound", domain->queued_bound },
		};
		size_t q;

		for (q = 0; q < sizeof(queues) / sizeof(queues[0]); q++)
			fprintf(out->file,
				PREFIX "queued_tasks{domain=\"%u\",queue=\"%s\"} %u\n", i,
				queues[q].name, queues[q].nr);
	}
	begin(out, "longest_wait_seconds", "gauge", "seconds",
	      "The longest that a task was queued until it ran, of the last one to two seconds.");
	for (i = 0; i < stats->nr_domains; i++) {
		fprintf(out->file, PREFIX "longest_wait_seconds{domain=\"%u\"} ", i);
		print_seconds(out, stats->domains[i].recent_wait_ns);
	}
	begin(out, "dispatcher_late", "gauge", NULL, "1 while the dispatcher is late.");
	for (i = 0; i < stats->nr_domains; i++)
		fprintf(out->file, PREFIX "dispatcher_late{domain=\"%u\"} %d\n", i,
			!!stats->domains[i].late);
	begin(out, "batch_messages_max", "gauge", NULL, "Messages of the largest batch.");
	for (i = 0; i < stats->nr_domains; i++)
		fprintf(out->file, PREFIX "batch_messages_max{domain=\"%u\"} %llu\n", i,
			(unsigned long long)stats->domains[i].dispatcher.max_batch);
}

/* Buckets are cumulative. The count is that of the buckets read, so that they always agree. */
static void print_latency(const struct output *out, const struct ccx_stats *stats)
{
	uint64_t counts[CCX_HISTOGRAM_OCTAVES], total;
	uint32_t i, octave;

	begin(out, "decision_latency_seconds", "histogram", "seconds",
	      "Time from a message sent to its decision written.");
	for (i = 0; i < stats->nr_domains; i++) {
		const struct ccx_histogram *histogram = &stats->domains[i].dispatcher.decision_ns;

		ccx_histogram_octaves(histogram, counts);
		for (total = octave = 0; octave < CCX_HISTOGRAM_OCTAVES; octave++) {
			total += counts[octave];
			fprintf(out->file,
				PREFIX "decision_latency_seconds_bucket{domain=\"%u\",le=\"", i);
			if (octave < CCX_HISTOGRAM_OCTAVES - 1)
				fprintf(out->file, "%.10g\"} ",
					ccx_histogram_octave_limit(octave) / 1e9);
			else
				fputs("+Inf\"} ", out->file);
			print_count(out, total);
		}
		fprintf(out->file, PREFIX "decision_latency_seconds_count{domain=\"%u\"} ", i);
		print_count(out, total);
		fprintf(out->file, PREFIX "decision_latency_seconds_sum{domain=\"%u\"} ", i);
		print_seconds(out, histogram->sum);
	}
}

static void print_rules(const struct output *out, const struct ccx_ruling_figures *rules)
{
	const struct ccx_ruling *ruling = rules->ruling;
	uint32_t i;

	if (!ruling || !ruling->version)
		return;
	begin(out, "rule_hits", "counter", NULL, "Times a task came under the rule of that line.");
	for (i = 0; i < ruling->file.table.nr; i++) {
		fprintf(out->file, PREFIX "rule_hits_total{line=\"%u\"} ", ruling->file.lines[i]);
		print_count(out, rules->hits[i]);
	}
}

/* Only with --consolidate. */
static void print_sets(const struct output *out, const struct ccx_stats *stats)
{
	uint32_t i;

	begin(out, "limited_cgroups", "gauge", NULL,
	      "Control groups with a CPU limit, which is not honoured.");
	fputs(PREFIX "limited_cgroups ", out->file);
	print_count(out, stats->limited_cgroups);
	if (!stats->consolidates)
		return;
	begin(out, "domain_in_use", "gauge", NULL, "1 for a domain that work is packed into.");
	for (i = 0; i < stats->nr_domains; i++)
		fprintf(out->file, PREFIX "domain_in_use{domain=\"%u\"} %d\n", i,
			!!(stats->in_use & 1ULL << i));
	begin(out, "sets_grown", "counter", NULL, "Times a domain was taken into use.");
	fputs(PREFIX "sets_grown_total ", out->file);
	print_count(out, stats->packer.grown);
	begin(out, "sets_shrunk", "counter", NULL, "Times a domain was left.");
	fputs(PREFIX "sets_shrunk_total ", out->file);
	print_count(out, stats->packer.shrunk);
}

/* Only on machines with two kinds of die. */
static void print_dies(const struct output *out, const struct ccx_die_figures *dies)
{
	static const char *const names[CCX_NR_PREFERS] = {
		[CCX_PREFER_AUTO] = "undecided",
		[CCX_PREFER_CACHE] = "cache",
		[CCX_PREFER_FREQUENCY] = "frequency",
	};
	uint32_t i;

	if (!dies->dies)
		return;
	begin(out, "die_processes", "gauge", NULL,
	      "Processes that worked of late, by the die they prefer by what was measured.");
	for (i = 0; i < CCX_NR_PREFERS; i++)
		if (names[i]) {
			fprintf(out->file, PREFIX "die_processes{die=\"%s\"} ", names[i]);
			print_count(out, dies->processes[i]);
		}
	begin(out, "die_choices", "counter", NULL, "Times what a process prefers changed.");
	fputs(PREFIX "die_choices_total ", out->file);
	print_count(out, dies->counts.choices);
}

char *ccx_metrics_text(const struct ccx_stats *stats, enum ccx_metrics_format format)
{
	bool open = format == CCX_METRICS_OPEN;
	struct output out = { .format = format };
	char *text = NULL;
	size_t size;
	bool failed;

	out.file = open_memstream(&text, &size);
	if (!out.file)
		return NULL;
	begin(&out, open ? "build" : "build_info", open ? "info" : "gauge", NULL,
	      "Version of the program.");
	fprintf(out.file, PREFIX "build_info{version=\"%s\"} 1\n", CCX_VERSION);
	begin(&out, "uptime_seconds", "gauge", "seconds",
	      "Since it was attached, or since the last restart.");
	fputs(PREFIX "uptime_seconds ", out.file);
	print_seconds(&out, stats->uptime_ns);
	print_kinds(&out, stats);
	print_counters(&out, stats);
	print_gauges(&out, stats);
	print_latency(&out, stats);
	print_rules(&out, &stats->rules);
	print_sets(&out, stats);
	print_dies(&out, &stats->dies);
	if (open)
		fputs("# EOF\n", out.file);
	failed = ferror(out.file);
	if (fclose(out.file) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
