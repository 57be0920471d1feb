// SPDX-License-Identifier: GPL-2.0-only
#include "monitor_draw.h"

#include <curses.h>
#include <string.h>

#include "monitor_tables.h"

#define TASK_ROWS_AT_LEAST 4 /* of the overview, however many domains there are */

static const char *const view_names[CCX_NR_VIEWS] = {
	[CCX_VIEW_OVERVIEW] = "overview",
	[CCX_VIEW_DOMAINS] = "domains",
	[CCX_VIEW_TASKS] = "tasks",
	[CCX_VIEW_COUNTERS] = "counters",
};

static const char *const domain_orders[CCX_NR_DOMAIN_ORDERS] = {
	[CCX_DOMAINS_BY_NUMBER] = "number",  [CCX_DOMAINS_BY_USE] = "use",
	[CCX_DOMAINS_BY_QUEUE] = "queue",    [CCX_DOMAINS_BY_LATENCY] = "p99",
	[CCX_DOMAINS_BY_WAIT] = "wait",
};

static const char *const task_orders[CCX_NR_TASK_ORDERS] = {
	[CCX_TASKS_BY_LAST_RUN] = "last run", [CCX_TASKS_BY_DEMAND] = "demand",
	[CCX_TASKS_BY_BURST] = "burst",	      [CCX_TASKS_BY_CPU] = "CPU",
	[CCX_TASKS_BY_PID] = "pid",	      [CCX_TASKS_BY_NAME] = "name",
};

/* ---- the top ---- */

static void draw_head(struct place *at, const struct ccx_screen *screen,
		      const struct ccx_monitor *monitor)
{
	unsigned long long up_s = monitor->uptime_ns / 1000000000;
	char left[128] = "scx_ccx", right[64];
	int room;

	if (monitor->valid)
		snprintf(left, sizeof(left),
			 "scx_ccx  process %lld  up %llu:%02llu:%02llu  %u domain%s, %u CPUs",
			 (long long)monitor->pid, up_s / 3600, up_s / 60 % 60, up_s % 60,
			 monitor->nr_domains, monitor->nr_domains == 1 ? "" : "s",
			 monitor->nr_cpus);
	snprintf(right, sizeof(right), "%s, every %u s", view_names[screen->view],
		 screen->period_s);
	if (screen->paused)
		snprintf(right, sizeof(right), "PAUSED");
	attron(A_BOLD);
	put(at, 0, "%s", left);
	room = at->columns - (int)strlen(right);
	/* that it stands still must be seen whatever the width */
	if (room > (int)strlen(left) + 1 || screen->paused)
		put(at, room, "%s", right);
	attroff(A_BOLD);
	at->line++;
}

/* One line of the whole machine, or what is wrong. */
static void draw_summary(struct place *at, const struct ccx_screen *screen,
			 const struct ccx_monitor *monitor)
{
	const struct ccx_monitor_domain *all = &monitor->all;
	char fast[CCX_MONITOR_NUMBER_BYTES], user[CCX_MONITOR_NUMBER_BYTES];
	char bpf[CCX_MONITOR_NUMBER_BYTES];

	if (*screen->problem) {
		put_bar(at, "%s", screen->problem);
		at->line++;
		if (monitor->valid)
			put(at, 0, "Trying again every second. What you see is %.0f s old.",
			    screen->age_s);
		else
			put(at, 0, "Trying again every second.");
		at->line++;
		return;
	}
	if (*screen->news) {
		put_bar(at, "%s", screen->news);
		at->line++;
	}
	if (!monitor->valid)
		return;
	ccx_monitor_format(fast, all->per_second[CCX_FAST]);
	ccx_monitor_format(user, all->per_second[CCX_DECISIONS_APPLIED]);
	ccx_monitor_format(bpf, by_bpf(all));
	put(at, 0, "busy %.0f%%  queued %u  fast %s/s  by user space %s/s  by BPF %s/s  rescued %llu%s",
	    100 * all->use_all, all->queued, fast, user, bpf,
	    (unsigned long long)all->counts.counters[CCX_RESCUED],
	    all->late ? "  LATE" : "");
	at->line++;
}

/* ---- all of it ---- */

static void draw_help(struct place *at)
{
	static const char *const lines[] = {
		"Keys",
		"  1 2 3 4    overview, domains, tasks, counters;  v or Tab: the next one",
		"  s          sort by something else;  r: the other way round",
		"  p, space   pause, and go on",
		"  + -        longer, shorter periods",
		"  arrows     scroll;  PgUp PgDn Home",
		"  ?          this help;  q: quit",
		"",
		"QUEUE    tasks that wait now         FAST/s   wake-ups put on an idle CPU",
		"USER/s   decided by user space       BPF/s    queued by BPF alone",
		"MOVE/s   came from another domain    RESCUED  dispatcher was late, since start",
		"P50 P99  us from message to decision, of the last period (- none)",
		"WAIT ms  longest wait of any task lately (on wider terminals)",
		"",
		"Tasks are those that are latency-critical (CRIT) or named by rules. REASON says",
		"why, DEMAND is the share of a fastest CPU that the task would use. BURST and",
		"SLEEP: average times between sleeps and asleep, in us.",
		"",
		"Any key goes back.",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++, at->line++)
		put(at, 0, "%s", lines[i]);
}

static void draw_foot(struct place *at, const struct ccx_screen *screen)
{
	bool domains = screen->view == CCX_VIEW_DOMAINS || screen->view == CCX_VIEW_COUNTERS;

	at->line = at->lines - 1;
	put_bar(at, "? help  v view  p pause  +/- period  q quit  s sort: %s%s",
		domains ? domain_orders[screen->domain_order] : task_orders[screen->task_order],
		screen->reverse ? " (reversed)" : "");
}

static void limit(uint32_t *value, uint32_t count)
{
	if (*value >= count)
		*value = count ? count - 1 : 0;
}

static void draw_view(struct place *at, struct ccx_screen *screen,
		      const struct ccx_monitor *monitor)
{
	int end = at->lines - 1, room = end - at->line, lines = all_domain_lines(monitor);

	switch (screen->view) {
	case CCX_VIEW_DOMAINS:
		limit(&screen->down, monitor->nr_domains);
		draw_domains(at, monitor, screen->down, room);
		break;
	case CCX_VIEW_TASKS:
		limit(&screen->down, monitor->nr_tasks);
		draw_tasks(at, monitor, screen->down, end);
		break;
	case CCX_VIEW_COUNTERS:
		limit(&screen->down, CCX_NR_MONITOR_COUNTERS);
		limit(&screen->right, monitor->nr_domains);
		draw_counters(at, monitor, screen->down, screen->right, end);
		break;
	default:
		limit(&screen->down, monitor->nr_tasks);
		if (lines > room - TASK_ROWS_AT_LEAST)
			lines = room - TASK_ROWS_AT_LEAST;
		draw_domains(at, monitor, 0, lines);
		at->line++;
		draw_tasks(at, monitor, screen->down, end);
	}
}

void ccx_screen_draw(struct ccx_screen *screen, struct ccx_monitor *monitor)
{
	struct place at = { .colour = screen->colour };

	getmaxyx(stdscr, at.lines, at.columns);
	erase();
	draw_head(&at, screen, monitor);
	if (screen->help) {
		at.line++;
		draw_help(&at);
	} else {
		draw_summary(&at, screen, monitor);
		at.line++;
		if (monitor->valid) {
			ccx_monitor_sort(monitor, screen->domain_order, screen->task_order,
					 screen->reverse);
			draw_view(&at, screen, monitor);
		}
	}
	draw_foot(&at, screen);
	refresh();
}
