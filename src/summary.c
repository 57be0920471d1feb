// SPDX-License-Identifier: GPL-2.0-only
#include "summary.h"

#include <string.h>
#include <unistd.h>

#define COLUMNS		80
#define DOMAIN_LINES	10

#ifndef CCX_VERSION
#define CCX_VERSION "0.1"
#endif

/* ---- the beginning ---- */

/* "4 performance, 8 efficiency" */
static void format_kinds(char *text, size_t size, const uint32_t nr_kind[CCX_NR_KINDS])
{
	size_t used = 0;
	uint32_t kind;

	*text = '\0';
	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		if (nr_kind[kind] && used < size)
			used += snprintf(text + used, size - used, "%s%u %s", used ? ", " : "",
					 nr_kind[kind], ccx_kind_name(kind));
}

/* In the largest unit that divides it. */
static void format_bytes(char *text, size_t size, uint64_t bytes)
{
	if (bytes && !(bytes % (1 << 20)))
		snprintf(text, size, "%llu MiB", (unsigned long long)bytes >> 20);
	else
		snprintf(text, size, "%llu KiB", (unsigned long long)bytes >> 10);
}

static void print_domain(FILE *file, const struct ccx_domain *domain,
			 const struct ccx_dispatcher *dispatcher, bool verbose)
{
	char cpus[512], kinds[96], cache[64] = "", bytes[32], line[COLUMNS];

	ccx_cpulist_format(cpus, sizeof(cpus), domain->cpus, domain->nr_cpus);
	format_kinds(kinds, sizeof(kinds), domain->nr_kind);
	if (domain->cache_level) {
		format_bytes(bytes, sizeof(bytes), domain->cache_bytes);
		snprintf(cache, sizeof(cache), ", L%u %s%s", domain->cache_level, bytes,
			 domain->flags & CCX_DOMAIN_SPLIT ? " (a part of)" : "");
	}
	if (verbose) {
		fprintf(file, "  domain %u: %s%s, CPUs %s, dispatcher is thread %d\n", domain->id,
			kinds, cache, cpus, dispatcher->tid);
		return;
	}
	/* lists of CPUs can be long: they come last, and are cut off */
	if (snprintf(line, sizeof(line), "  domain %u: %s%s, CPUs %s", domain->id, kinds, cache,
		     cpus) >= (int)sizeof(line))
		memcpy(line + sizeof(line) - 4, "...", 4);
	fprintf(file, "%s\n", line);
}

static void print_domains(FILE *file, const struct ccx_topology *topology,
			  const struct ccx_dispatcher *dispatchers, bool verbose)
{
	uint32_t shown = topology->nr_domains, i;

	if (!verbose && shown > DOMAIN_LINES)
		shown = DOMAIN_LINES - 1;
	for (i = 0; i < shown; i++)
		print_domain(file, &topology->domains[i], &dispatchers[i], verbose);
	if (shown < topology->nr_domains)
		fprintf(file, "  and %u more: scx_ccx topology shows all\n",
			topology->nr_domains - shown);
}

void ccx_summary_start(FILE *file, const struct ccx_topology *topology,
		      const struct ccx_options *options, const struct ccx_ruling *ruling,
		      const struct ccx_dispatcher *dispatchers)
{
	bool server = options->mode == CCX_MODE_SERVER;

	fprintf(file, "scx_ccx " CCX_VERSION ": %u CPU%s, %u core%s, %u cache domain%s\n",
		topology->nr_cpus, topology->nr_cpus == 1 ? "" : "s", topology->nr_cores,
		topology->nr_cores == 1 ? "" : "s", topology->nr_domains,
		topology->nr_domains == 1 ? "" : "s");
	print_domains(file, topology, dispatchers, options->verbose);
	fprintf(file, "Schedules %s, %s first, in slices up to %g ms.\n",
		options->partial ? "tasks of policy SCHED_EXT" : "all ordinary tasks",
		server ? "throughput" : "latency", options->slice_us * (server ? 4 : 1) / 1e3);
	if (ccx_options_consolidate(options) && topology->nr_domains > 1)
		fprintf(file, "Packs work on as few domains as it fits.\n");
	fprintf(file, "A thread for each domain decides; BPF does when one is %g ms late.\n",
		options->rescue_us / 1e3);
	if (ruling->version)
		fprintf(file, "Rules: %u of %.38s; SIGHUP reads them again.\n",
			ruling->file.table.nr, ruling->path);
	fprintf(file, "Stop it: Ctrl-C, or kill %d. The kernel's own scheduler is back at once.\n",
		getpid());
	fprintf(file, "Watch it: scx_ccx monitor; figures: scx_ccx stats.\n");
	if (options->metrics)
		fprintf(file, "Metrics: %.70s\n", options->metrics);
	fflush(file);
}

/* ---- the end ---- */

static void format_duration(char *text, size_t size, uint64_t ns)
{
	unsigned long long s = ns / 1000000000;

	if (s >= 86400)
		snprintf(text, size, "%llu d %llu h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		snprintf(text, size, "%llu h %llu min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf(text, size, "%llu min %llu s", s / 60, s % 60);
	else
		snprintf(text, size, "%.1f s", ns / 1e9);
}

/* In digits as long as that is a short number. */
static const char *count(char *text, size_t size, uint64_t number)
{
	if (number < 10000000)
		snprintf(text, size, "%llu", (unsigned long long)number);
	else if (number < 10000000000)
		snprintf(text, size, "%.1f million", number / 1e6);
	else
		snprintf(text, size, "%.1f billion", number / 1e9);
	return text;
}

/* In the unit that leaves one to three digits before the point. */
static const char *short_time(char *text, size_t size, uint64_t ns)
{
	if (ns < 999500)
		snprintf(text, size, "%.3g us", ns / 1e3);
	else if (ns < 999500000)
		snprintf(text, size, "%.3g ms", ns / 1e6);
	else
		snprintf(text, size, "%.1f s", ns / 1e9);
	return text;
}

/* What happened in all domains. */
struct sums {
	uint64_t counters[CCX_NR_COUNTERS];
	uint64_t idle_ns, late, bad, ring_full, longest_wait_ns;
	struct ccx_histogram latency;
};

static void add(struct sums *sums, const struct ccx_domain_stats *domain)
{
	const struct ccx_histogram *latency = &domain->dispatcher.decision_ns;
	uint32_t i;

	for (i = 0; i < CCX_NR_COUNTERS; i++)
		sums->counters[i] += domain->counters[i];
	for (i = 0; i < CCX_HISTOGRAM_BUCKETS; i++)
		sums->latency.buckets[i] += latency->buckets[i];
	if (latency->max > sums->latency.max)
		sums->latency.max = latency->max;
	if (domain->longest_wait_ns > sums->longest_wait_ns)
		sums->longest_wait_ns = domain->longest_wait_ns;
	sums->idle_ns += domain->idle_ns;
	sums->late += domain->late_count;
	sums->bad += domain->counters[CCX_REJECTED] + domain->dispatcher.bad_messages;
	sums->ring_full += domain->ring_full;
}

static double per_cent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * part / whole : 0;
}

/* Numbers in lines, each in room of its own. */
#define COUNT(number)	count((char[24]){ 0 }, 24, number)
#define TIME(ns)	short_time((char[24]){ 0 }, 24, ns)

static void print_sums(FILE *file, const struct sums *sums)
{
	const uint64_t *counters = sums->counters;
	uint64_t by_bpf = counters[CCX_ORDERED] + counters[CCX_ALONE] + counters[CCX_CRITICAL] +
			  counters[CCX_BOUND] + counters[CCX_UNATTENDED];

	fprintf(file, "  CPUs busy           %.1f %%, of that %.2f %% by dispatchers\n",
		per_cent(counters[CCX_BUSY_NS], counters[CCX_BUSY_NS] + sums->idle_ns),
		per_cent(counters[CCX_DISPATCHER_NS], counters[CCX_BUSY_NS]));
	fprintf(file, "  got an idle CPU     %s tasks, at once\n", COUNT(counters[CCX_FAST]));
	fprintf(file, "  by user space       %s decisions\n",
		COUNT(counters[CCX_DECISIONS_APPLIED]));
	if (counters[CCX_DECISIONS_APPLIED])
		fprintf(file, "  which took          %s for half of them, %s for 99 %%\n",
			TIME(ccx_histogram_quantile(&sums->latency, 500)),
			TIME(ccx_histogram_quantile(&sums->latency, 990)));
	fprintf(file, "  by BPF alone        %s tasks\n", COUNT(by_bpf));
	fprintf(file, "  changed the domain  %s tasks\n", COUNT(counters[CCX_MIGRATED_IN]));
	fprintf(file, "  preempted           %s tasks, for latency-critical ones\n",
		COUNT(counters[CCX_PREEMPTED]));
	fprintf(file, "  rescued             %s tasks\n", COUNT(counters[CCX_RESCUED]));
	fprintf(file, "  dispatchers late    %s times\n", COUNT(sums->late));
	fprintf(file, "  longest wait        %s\n", TIME(sums->longest_wait_ns));
	if (sums->ring_full)
		fprintf(file, "  found a ring full   %s tasks\n", COUNT(sums->ring_full));
	if (sums->bad)
		fprintf(file, "  impossible          %s messages or decisions: please report it\n",
			COUNT(sums->bad));
}

void ccx_summary_end(FILE *file, const struct ccx_stats *stats, uint64_t ran_ns, uint32_t sessions)
{
	struct sums sums = { 0 };
	char ran[64];
	uint32_t i;

	for (i = 0; i < stats->nr_domains; i++)
		add(&sums, &stats->domains[i]);
	format_duration(ran, sizeof(ran), ran_ns);
	fprintf(file, "Ran for %s", ran);
	if (sessions > 1) {
		format_duration(ran, sizeof(ran), stats->uptime_ns);
		fprintf(file, ", began anew %u times; the rest is of the last %s",
			sessions - 1, ran);
	}
	fputs(".\n", file);
	print_sums(file, &sums);
	fflush(file);
}
