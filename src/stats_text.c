// SPDX-License-Identifier: GPL-2.0-only
#include "stats_text.h"

void ccx_stats_head(FILE *file)
{
	fprintf(file, "%6s %6s %6s %9s %9s %9s %9s %7s %7s %7s %7s %9s %9s %8s\n", "domain", "busy",
		"queued", "fast", "ordered", "critical", "decisions", "taken", "rescued", "in",
		"out", "p50 us", "p99 us", "wait ms");
}

void ccx_stats_row(FILE *file, const struct ccx_stats_row *row)
{
#define NUMBER(member) ((unsigned long long)row->member)
	fprintf(file, "%6u %5.1f%% %6llu %9llu %9llu %9llu %9llu %7llu %7llu %7llu %7llu %9.1f %9.1f %8.1f\n",
		row->domain, 100 * row->busy, NUMBER(queued), NUMBER(fast), NUMBER(ordered),
		NUMBER(critical), NUMBER(decisions), NUMBER(taken), NUMBER(rescued), NUMBER(in),
		NUMBER(out), row->p50_us, row->p99_us, row->wait_ms);
#undef NUMBER
}

/* The samples that came between two readings. Their maximum is not known: that of all is no less. */
static void subtract(struct ccx_histogram *out, const struct ccx_histogram *before,
		     const struct ccx_histogram *now)
{
	uint32_t i;

	for (i = 0; i < CCX_HISTOGRAM_BUCKETS; i++)
		out->buckets[i] = now->buckets[i] - before->buckets[i];
	out->max = now->max;
}

void ccx_stats_print(FILE *file, const struct ccx_stats *before, const struct ccx_stats *now)
{
	static const struct ccx_stats nothing;
	uint32_t i;

	if (!before || before->nr_domains != now->nr_domains)
		before = &nothing;
	ccx_stats_head(file);
	for (i = 0; i < now->nr_domains; i++) {
		const struct ccx_domain_stats *a = &before->domains[i], *b = &now->domains[i];
		uint64_t wall_ns = (now->uptime_ns - before->uptime_ns) * b->nr_cpus;
		struct ccx_histogram latency = { 0 };
		struct ccx_stats_row row = { .domain = i };

#define SINCE(counter) (b->counters[counter] - a->counters[counter])
		row.busy = wall_ns ? (double)SINCE(CCX_BUSY_NS) / wall_ns : 0;
		row.queued = b->queued_ready[CCX_KIND_PERFORMANCE] +
			     b->queued_ready[CCX_KIND_EFFICIENCY] + b->queued_custody +
			     b->queued_bound;
		row.fast = SINCE(CCX_FAST);
		row.ordered = SINCE(CCX_ORDERED);
		row.critical = SINCE(CCX_CRITICAL);
		row.decisions = SINCE(CCX_DECISIONS_APPLIED);
		row.taken = SINCE(CCX_OVERTAKEN);
		row.rescued = SINCE(CCX_RESCUED);
		row.in = SINCE(CCX_MIGRATED_IN);
		row.out = b->migrated_out - a->migrated_out;
#undef SINCE
		subtract(&latency, &a->dispatcher.decision_ns, &b->dispatcher.decision_ns);
		row.p50_us = ccx_histogram_quantile(&latency, 500) / 1e3;
		row.p99_us = ccx_histogram_quantile(&latency, 990) / 1e3;
		row.wait_ms = (before == &nothing ? b->longest_wait_ns : b->recent_wait_ns) / 1e6;
		ccx_stats_row(file, &row);
	}
	fflush(file);
}
