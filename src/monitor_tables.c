// SPDX-License-Identifier: GPL-2.0-only
#include <curses.h>

#include "monitor_tables.h"

static const char *const kind_names[CCX_NR_KINDS] = {
	[CCX_KIND_PERFORMANCE] = "perf",
	[CCX_KIND_EFFICIENCY] = "eff",
	[CCX_KIND_LOW_POWER] = "low",
};

double by_bpf(const struct ccx_monitor_domain *domain)
{
	return domain->per_second[CCX_ORDERED] + domain->per_second[CCX_ALONE] +
	       domain->per_second[CCX_CRITICAL] + domain->per_second[CCX_BOUND] +
	       domain->per_second[CCX_UNATTENDED];
}

/* A time in microseconds, in 6 characters at most. */
static void format_us(char text[CCX_MONITOR_NUMBER_BYTES], double us)
{
	if (us < 0)
		snprintf(text, CCX_MONITOR_NUMBER_BYTES, "-");
	else
		ccx_monitor_format(text, us);
}

static void format_ago(char *text, size_t size, const struct ccx_monitor_task *task)
{
	double us = task->ran_ago_us;

	if (task->running)
		snprintf(text, size, "runs");
	else if (us < 0)
		snprintf(text, size, "never");
	else if (us < 10e3)
		snprintf(text, size, "%.0f us", us);
	else if (us < 10e6)
		snprintf(text, size, "%.0f ms", us / 1e3);
	else
		snprintf(text, size, "%.0f s", us / 1e6);
}

/* ---- domains ---- */

/* All but the bar have their widths; it takes what is left. */
#define DOMAIN_COLUMNS	68
#define WIDE_COLUMNS	15 /* two columns more, where there is room for them */
#define BAR_LEAST	6

static bool is_wide(const struct place *at)
{
	return at->columns >= 80 + WIDE_COLUMNS;
}

static int bar_width(const struct place *at)
{
	int width = at->columns - DOMAIN_COLUMNS - (is_wide(at) ? WIDE_COLUMNS : 0);

	return width < BAR_LEAST ? BAR_LEAST : width > 60 ? 60 : width;
}

static void draw_domain_title(struct place *at)
{
	put_bar(at, "DOM KIND CPUS %-*s      QUEUE FAST/s USER/s MOVE/s RESCUED P50 us P99 us%s",
		bar_width(at), "USE", is_wide(at) ? "  BPF/s WAIT ms" : "");
	at->line++;
}

/* Figures of the whole domain, in the line of its first kind. */
static void draw_domain_figures(const struct place *at, int column,
				const struct ccx_monitor_domain *domain)
{
	bool trouble = domain->late || domain->per_second[CCX_RESCUED] > 0;
	char fast[CCX_MONITOR_NUMBER_BYTES], user[CCX_MONITOR_NUMBER_BYTES];
	char moves[CCX_MONITOR_NUMBER_BYTES], bpf[CCX_MONITOR_NUMBER_BYTES];
	char p50[CCX_MONITOR_NUMBER_BYTES], p99[CCX_MONITOR_NUMBER_BYTES];
	char wait[CCX_MONITOR_NUMBER_BYTES];

	ccx_monitor_format(fast, domain->per_second[CCX_FAST]);
	ccx_monitor_format(user, domain->per_second[CCX_DECISIONS_APPLIED]);
	ccx_monitor_format(moves, domain->per_second[CCX_MIGRATED_IN]);
	ccx_monitor_format(bpf, by_bpf(domain));
	ccx_monitor_format(wait, domain->wait_ms);
	format_us(p50, domain->p50_us);
	format_us(p99, domain->p99_us);
	put(at, column, "%5u %6s %6s %6s", domain->queued, fast, user, moves);
	emphasise(at, CCX_COLOUR_FULL, trouble);
	put(at, column + 27, "%7llu",
	    (unsigned long long)domain->counts.counters[CCX_RESCUED]);
	emphasise(at, CCX_COLOUR_FULL, false);
	put(at, column + 35, "%6s %6s", p50, p99);
	if (is_wide(at))
		put(at, column + 48, " %6s %7s", bpf, wait);
}

static int domain_lines(const struct ccx_monitor_domain *domain)
{
	int lines = 0, kind;

	for (kind = 0; kind < CCX_NR_KINDS; kind++)
		lines += domain->nr_kind[kind] > 0;
	return lines ? lines : 1;
}

static void draw_domain(struct place *at, uint32_t number, const struct ccx_monitor_domain *domain)
{
	int bar = bar_width(at), kind;
	bool first = true;

	for (kind = 0; kind < CCX_NR_KINDS; kind++) {
		if (!domain->nr_kind[kind])
			continue;
		if (first)
			put(at, 0, "%3u", number);
		emphasise(at, CCX_COLOUR_NAME, true);
		put(at, 4, "%-4s", kind_names[kind]);
		emphasise(at, CCX_COLOUR_NAME, false);
		put(at, 9, "%4u", domain->nr_kind[kind]);
		put_use(at, 14, bar, domain->use[kind]);
		put(at, 14 + bar, "%4.0f%%", 100 * domain->use[kind]);
		if (first)
			draw_domain_figures(at, 14 + bar + 6, domain);
		first = false;
		at->line++;
	}
	if (first) {
		put(at, 0, "%3u", number);
		at->line++;
	}
}

void draw_domains(struct place *at, const struct ccx_monitor *monitor, uint32_t skip,
			 int lines)
{
	int end = at->line + lines;
	uint32_t i, left;

	draw_domain_title(at);
	for (i = skip; i < monitor->nr_domains; i++) {
		const struct ccx_monitor_domain *domain = &monitor->domains[monitor->order[i]];

		left = monitor->nr_domains - i;
		/* the last line is for how many more there are */
		if (at->line + domain_lines(domain) > end - (left > 1)) {
			if (at->line < end)
				put(at, 4, "%u more", left);
			at->line = end;
			return;
		}
		draw_domain(at, monitor->order[i], domain);
	}
}

int all_domain_lines(const struct ccx_monitor *monitor)
{
	int lines = 1;
	uint32_t i;

	for (i = 0; i < monitor->nr_domains; i++)
		lines += domain_lines(&monitor->domains[i]);
	return lines;
}

/* ---- tasks ---- */

static void draw_task(struct place *at, const struct ccx_monitor_task *task)
{
	char cpu[24] = "-", burst[CCX_MONITOR_NUMBER_BYTES], sleep[CCX_MONITOR_NUMBER_BYTES];
	char ago[24];

	if (task->cpu >= 0)
		snprintf(cpu, sizeof(cpu), "%lld", (long long)task->cpu);
	ccx_monitor_format(burst, task->burst_us);
	ccx_monitor_format(sleep, task->sleep_us);
	format_ago(ago, sizeof(ago), task);
	put(at, 0, "%7lld", (long long)task->pid);
	if (!task->critical)
		attron(A_DIM);
	put_name(at, 8, 15, task->comm);
	attroff(A_DIM);
	put(at, 24, "%3lld %4s %-4s %-4s %-8s %5.0f%% %6s %6s %7s", (long long)task->domain, cpu,
	    task->on_performance ? "perf" : "-", task->critical ? "yes" : "no", task->reason,
	    100 * task->demand, burst, sleep, ago);
	at->line++;
}

void draw_tasks(struct place *at, const struct ccx_monitor *monitor, uint32_t skip, int end)
{
	uint32_t i;

	put_bar(at, "    PID NAME            DOM  CPU KIND CRIT REASON   DEMAND  BURST  SLEEP LASTRAN");
	at->line++;
	for (i = skip; i < monitor->nr_tasks && at->line < end; i++)
		draw_task(at, &monitor->tasks[i]);
	if (*monitor->tasks_error && at->line < end) {
		put_name(at, 0, at->columns, monitor->tasks_error);
		at->line++;
	} else if (!monitor->nr_tasks && at->line < end) {
		put(at, 8, "none is latency-critical now");
		at->line++;
	}
	if (at->line < end)
		put(at, 8, "%lld tasks in all, and %lld kernel threads",
		    (long long)monitor->nr_tasks + (long long)monitor->tasks_left_out,
		    (long long)monitor->kernel_threads);
}

/* ---- counters ---- */

void draw_counters(struct place *at, const struct ccx_monitor *monitor, uint32_t skip,
			  uint32_t skip_domains, int end)
{
	char text[CCX_MONITOR_NUMBER_BYTES];
	uint32_t i, j;
	int column;

	put_bar(at, "PER SECOND            TOTAL    ALL");
	attron(A_REVERSE);
	for (j = skip_domains, column = 36; j < monitor->nr_domains; j++, column += 8)
		put(at, column, "%7u", monitor->order[j]);
	attroff(A_REVERSE);
	at->line++;
	for (i = 0; i < CCX_NR_MONITOR_COUNTERS && at->line < end; i++) {
		/* times are in the other views, as use */
		if (ccx_monitor_is_time(i))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		put(at, 0, "%s", ccx_monitor_name(i));
		ccx_monitor_format(text, monitor->all.counts.counters[i]);
		put(at, 20, "%7s", text);
		ccx_monitor_format(text, monitor->all.per_second[i]);
		put(at, 27, "%7s", text);
		for (j = skip_domains, column = 36; j < monitor->nr_domains; j++, column += 8) {
			ccx_monitor_format(text,
					   monitor->domains[monitor->order[j]].per_second[i]);
			put(at, column, "%7s", text);
		}
		at->line++;
	}
}
