// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/* One CPU's part of the domain's longest waits. */
static void add_waits(struct ccx_domain_stats *out, const volatile struct ccx_cpu_state *cpu,
		      uint64_t now_ns)
{
	const struct ccx_waits waits = cpu->waits;
	uint64_t recent = ccx_waits_recent(&waits, now_ns);

	if (waits.longest_ns > out->longest_wait_ns)
		out->longest_wait_ns = waits.longest_ns;
	if (recent > out->recent_wait_ns)
		out->recent_wait_ns = recent;
}

static uint32_t at_least_0(int32_t nr)
{
	return nr > 0 ? nr : 0;
}

/* The part of the session that the CPU was online for. */
static uint64_t online_ns(const volatile struct ccx_cpu_state *cpu, uint64_t uptime_ns,
			  uint64_t now_ns)
{
	uint64_t since_ns = cpu->offline_since_ns, offline_ns = cpu->offline_ns;

	if (since_ns && since_ns < now_ns)
		offline_ns += now_ns - since_ns;
	return uptime_ns > offline_ns ? uptime_ns - offline_ns : 0;
}

static void read_cpus(struct ccx_domain_stats *out, const struct ccx_scheduler *scheduler,
		      const struct ccx_topology *topology, const struct ccx_domain *domain,
		      uint64_t uptime_ns, uint64_t now_ns)
{
	uint32_t online[CCX_MAX_CPUS], i, j;
	uint64_t available_ns = 0;

	for (i = 0; i < domain->nr_cpus; i++) {
		const volatile struct ccx_cpu_state *cpu =
			&scheduler->state->cpus[domain->cpus[i]];
		enum ccx_kind kind = ccx_topology_cpu(topology, domain->cpus[i])->kind;
		uint64_t busy_ns = cpu->counters[CCX_BUSY_NS];

		if (scheduler->machine->cpus[domain->cpus[i]].present) {
			online[out->nr_cpus++] = domain->cpus[i];
			out->nr_kind[kind]++;
		}
		available_ns += online_ns(cpu, uptime_ns, now_ns);
		for (j = 0; j < CCX_NR_COUNTERS; j++)
			out->counters[j] += j == CCX_BUSY_NS ? busy_ns : cpu->counters[j];
		out->kind_busy_ns[kind] += busy_ns;
		out->queued_bound += cpu->bound;
		add_waits(out, cpu, now_ns);
	}
	if (available_ns > out->counters[CCX_BUSY_NS])
		out->idle_ns = available_ns - out->counters[CCX_BUSY_NS];
	ccx_cpulist_format(out->cpu_list, sizeof(out->cpu_list), online, out->nr_cpus);
}

void ccx_stats_read(struct ccx_stats *stats, const struct ccx_scheduler *scheduler,
		    const struct ccx_topology *topology,
		    const struct ccx_dispatcher *dispatchers, const struct ccx_ruling *ruling,
		    uint64_t started_ns)
{
	uint64_t now_ns = ccx_monotonic_ns();
	uint32_t i, j;

	memset(stats, 0, sizeof(*stats));
	stats->uptime_ns = now_ns - started_ns;
	stats->nr_domains = topology->nr_domains;
	stats->limited_cgroups =
		scheduler->state->limited_cgroups > 0 ? scheduler->state->limited_cgroups : 0;
	ccx_ruling_figures(ruling, scheduler, &stats->rules);
	ccx_counters_read(&scheduler->counters, &stats->dies);
	for (i = 0; i < topology->nr_domains; i++) {
		const volatile struct ccx_domain_state *state = &scheduler->state->domains[i];
		const struct ccx_domain *domain = &topology->domains[i];
		struct ccx_domain_stats *out = &stats->domains[i];
		out->migrated_out = state->migrated_out;
		out->late = state->late;
		out->late_count = state->late_count;
		for (j = 0; j < CCX_NR_READY; j++)
			out->queued_ready[j] = at_least_0(state->ready[j]);
		out->queued_custody = at_least_0(state->custody);
		read_cpus(out, scheduler, topology, domain, stats->uptime_ns, now_ns);
		out->dispatcher = dispatchers[i].figures;
		out->ring_full = state->ring_full + out->dispatcher.ring_full;
		out->dispatcher_tid = dispatchers[i].tid;
	}
}

void ccx_stats_read_sets(struct ccx_stats *stats, const struct ccx_packer *packer)
{
	uint32_t class;

	stats->consolidates = packer->thread;
	if (!stats->consolidates)
		return;
	stats->in_use = 0;
	for (class = 0; class < CCX_NR_SETS; class++)
		stats->in_use |= __atomic_load_n(&packer->sets->domains[class], __ATOMIC_RELAXED);
	stats->packer = packer->figures;
}

const char *const ccx_counter_names[CCX_NR_COUNTERS] = {
	[CCX_FAST] = "fast",
	[CCX_ORDERED] = "ordered",
	[CCX_ALONE] = "alone",
	[CCX_CRITICAL] = "critical",
	[CCX_BOUND] = "bound",
	[CCX_MESSAGES] = "messages",
	[CCX_DECISIONS_APPLIED] = "decisions",
	[CCX_STALE] = "stale",
	[CCX_REJECTED] = "rejected",
	[CCX_OVERTAKEN] = "overtaken",
	[CCX_RESCUED] = "rescued",
	[CCX_UNATTENDED] = "unattended",
	[CCX_STOLEN] = "stolen",
	[CCX_OUTSIDE] = "outside",
	[CCX_MIGRATED_IN] = "migrated_in",
	[CCX_JOINED] = "joined",
	[CCX_PREEMPTED] = "preempted",
	[CCX_SPILLED] = "spilled",
	[CCX_MOVED] = "moved",
	[CCX_DISPATCHER_RUNS] = "dispatcher_runs",
	[CCX_BUSY_NS] = "busy_ns",
	[CCX_DISPATCHER_NS] = "dispatcher_ns",
	[CCX_CRITICAL_ON_PERFORMANCE_NS] = "latency_critical_on_performance_ns",
	[CCX_CRITICAL_ELSEWHERE_NS] = "latency_critical_elsewhere_ns",
};

/* Only the kinds that the domain has. */
static json_t *kinds_json(const struct ccx_domain_stats *stats)
{
	json_t *json = json_object();
	uint32_t i;

	for (i = 0; i < CCX_NR_KINDS; i++)
		if (stats->nr_kind[i])
			json_object_set_new(json, ccx_kind_name(i),
					    json_pack("{s:i, s:I}", "cpus", (int)stats->nr_kind[i],
						      "busy_ns",
						      (json_int_t)stats->kind_busy_ns[i]));
	return json;
}

static json_t *queued_json(const struct ccx_domain_stats *stats)
{
	return json_pack("{s:i, s:i, s:i, s:i}", "performance",
			 (int)stats->queued_ready[CCX_KIND_PERFORMANCE], "efficiency",
			 (int)stats->queued_ready[CCX_KIND_EFFICIENCY], "custody",
			 (int)stats->queued_custody, "bound", (int)stats->queued_bound);
}

static json_t *latency_json(const struct ccx_histogram *histogram)
{
	uint64_t counts[CCX_HISTOGRAM_OCTAVES];
	json_t *octaves = json_array();
	uint32_t i;

	ccx_histogram_octaves(histogram, counts);
	for (i = 0; i < CCX_HISTOGRAM_OCTAVES; i++)
		json_array_append_new(octaves, json_integer((json_int_t)counts[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "p50",
			 (json_int_t)ccx_histogram_quantile(histogram, 500), "p99",
			 (json_int_t)ccx_histogram_quantile(histogram, 990), "max",
			 (json_int_t)histogram->max, "sum", (json_int_t)histogram->sum, "octaves",
			 octaves);
}

static json_t *domain_json(const struct ccx_domain_stats *stats, uint32_t index)
{
	const struct ccx_dispatcher_figures *figures = &stats->dispatcher;
	json_t *json = json_pack("{s:i, s:i, s:s, s:i}", "id", (int)index, "cpus",
				 (int)stats->nr_cpus, "cpu_list", stats->cpu_list,
				 "dispatcher_tid", (int)stats->dispatcher_tid);
	uint32_t i;

	for (i = 0; i < CCX_NR_COUNTERS; i++)
		json_object_set_new(json, ccx_counter_names[i],
				    json_integer((json_int_t)stats->counters[i]));
	json_object_set_new(json, "idle_ns", json_integer((json_int_t)stats->idle_ns));
	json_object_set_new(json, "kinds", kinds_json(stats));
	json_object_set_new(json, "queued", queued_json(stats));
	json_object_set_new(json, "ring_full", json_integer((json_int_t)stats->ring_full));
	json_object_set_new(json, "migrated_out", json_integer((json_int_t)stats->migrated_out));
	json_object_set_new(json, "late", json_boolean(stats->late));
	json_object_set_new(json, "late_count", json_integer((json_int_t)stats->late_count));
	json_object_set_new(json, "longest_wait_ns",
			    json_integer((json_int_t)stats->longest_wait_ns));
	json_object_set_new(json, "recent_longest_wait_ns",
			    json_integer((json_int_t)stats->recent_wait_ns));
	json_object_set_new(json, "batches", json_integer((json_int_t)figures->batches));
	json_object_set_new(json, "max_batch", json_integer((json_int_t)figures->max_batch));
	json_object_set_new(json, "sleeps", json_integer((json_int_t)figures->sleeps));
	json_object_set_new(json, "consumed", json_integer((json_int_t)figures->messages));
	json_object_set_new(json, "bad_messages", json_integer((json_int_t)figures->bad_messages));
	json_object_set_new(json, "sent_away", json_integer((json_int_t)figures->sent_away));
	json_object_set_new(json, "decision_ns", latency_json(&figures->decision_ns));
	json_object_set_new(json, "deciding_ns", latency_json(&figures->deciding_ns));
	return json;
}

static json_t *sets_json(const struct ccx_stats *stats)
{
	json_t *domains;
	uint32_t i;

	if (!stats->consolidates)
		return json_null();
	domains = json_array();
	for (i = 0; i < stats->nr_domains; i++)
		if (stats->in_use & 1ULL << i)
			json_array_append_new(domains, json_integer(i));
	return json_pack("{s:o, s:f, s:I, s:I, s:I, s:I}", "in_use", domains, "demand_cpus",
			 (double)stats->packer.demand / CCX_CAPACITY_MAX, "grown",
			 (json_int_t)stats->packer.grown, "shrunk",
			 (json_int_t)stats->packer.shrunk, "steps",
			 (json_int_t)stats->packer.steps, "rests", (json_int_t)stats->packer.rests);
}

char *ccx_stats_json(const struct ccx_stats *stats, const struct ccx_tasks *tasks)
{
	json_t *root, *domains = json_array();
	char *text;
	uint32_t i;

	for (i = 0; i < stats->nr_domains; i++)
		json_array_append_new(domains, domain_json(&stats->domains[i], i));
	root = json_pack("{s:i, s:i, s:I, s:o, s:o}", "version", 1, "pid", (int)getpid(),
			 "uptime_ns", (json_int_t)stats->uptime_ns, "domains", domains, "rules",
			 ccx_ruling_json(&stats->rules));
	json_object_set_new(root, "consolidation", sets_json(stats));
	json_object_set_new(root, "dies", ccx_counters_json(&stats->dies));
	json_object_set_new(root, "limited_cgroups",
			    json_integer((json_int_t)stats->limited_cgroups));
	ccx_tasks_json(tasks, root);
	/* names of tasks: what a terminal would take for a command stays an escape sequence of JSON */
	text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(4));
	json_decref(root);
	return text;
}
