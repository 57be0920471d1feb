/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the live view shows: documents of the control socket taken in one after the other, made into
 * rates of the time between them. No I/O, no clock; the drawing is in monitor_draw.h.
 *
 *	ccx_monitor_take(&monitor, root)	for each document
 *	ccx_monitor_sort(&monitor, ...)		then monitor.order, monitor.tasks
 */
#ifndef CCX_MONITOR_H
#define CCX_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ccx/abi.h"
#include "ccx/histogram.h"
#include "ccx/limits.h"
#include "tasks.h"

/* Counters of a domain: BPF's (enum ccx_counter), then those that others keep. */
enum ccx_monitor_counter {
	CCX_MONITOR_MIGRATED_OUT = CCX_NR_COUNTERS,
	CCX_MONITOR_SENT_AWAY,
	CCX_MONITOR_LATE,
	CCX_MONITOR_BATCHES,
	CCX_MONITOR_SLEEPS,
	CCX_MONITOR_RING_FULL,
	CCX_MONITOR_BAD_MESSAGES,
	CCX_NR_MONITOR_COUNTERS,
};

/* Its name in the document. */
const char *ccx_monitor_name(uint32_t counter);

/* It counts nanoseconds, not events. */
bool ccx_monitor_is_time(uint32_t counter);

/* What documents count up, of one moment. */
struct ccx_monitor_counts {
	uint64_t counters[CCX_NR_MONITOR_COUNTERS];
	uint64_t busy_ns[CCX_NR_KINDS];
	uint64_t octaves[CCX_HISTOGRAM_OCTAVES];
};

struct ccx_monitor_domain {
	char cpus[128];				/* Linux CPU list */
	uint32_t nr_kind[CCX_NR_KINDS];
	struct ccx_monitor_counts counts;	/* since the scheduler was attached */
	/* of the period */
	double per_second[CCX_NR_MONITOR_COUNTERS];
	double use[CCX_NR_KINDS];		/* 0..1, by kind of CPU */
	double use_all;
	double p50_us, p99_us;			/* below 0: nothing was decided */
	/* of the moment */
	uint32_t queued;
	double wait_ms;				/* the longest of late */
	bool late;
};

struct ccx_monitor_task {
	int64_t pid;
	char comm[64];				/* UTF-8, any characters */
	int64_t domain;
	int64_t cpu;				/* -1: hidden */
	const char *reason;			/* a constant */
	double demand;
	int64_t burst_us, sleep_us;
	int64_t ran_ago_us;			/* 0: it runs, -1: it never ran */
	bool critical, running, on_performance;
};

enum ccx_monitor_news {
	CCX_NEWS_NONE,
	CCX_NEWS_PROCESS,	/* another process than before */
	CCX_NEWS_SESSION,	/* the same began anew, on another topology */
};

/* Sorting. The first of each is the order of the document. */
enum ccx_domain_order {
	CCX_DOMAINS_BY_NUMBER,
	CCX_DOMAINS_BY_USE,
	CCX_DOMAINS_BY_QUEUE,
	CCX_DOMAINS_BY_LATENCY,
	CCX_DOMAINS_BY_WAIT,
	CCX_NR_DOMAIN_ORDERS,
};

enum ccx_task_order {
	CCX_TASKS_BY_LAST_RUN,
	CCX_TASKS_BY_DEMAND,
	CCX_TASKS_BY_BURST,
	CCX_TASKS_BY_CPU,
	CCX_TASKS_BY_PID,
	CCX_TASKS_BY_NAME,
	CCX_NR_TASK_ORDERS,
};

struct ccx_monitor {
	bool valid;			/* a document was taken */
	enum ccx_monitor_news news;	/* of the last document */
	int64_t pid;
	uint64_t uptime_ns;
	uint64_t period_ns;		/* what the rates are of */
	uint32_t nr_domains, nr_cpus;
	struct ccx_monitor_domain domains[CCX_MAX_DOMAINS];
	struct ccx_monitor_domain all;	/* their sum */
	uint32_t order[CCX_MAX_DOMAINS];
	struct ccx_monitor_task tasks[CCX_MAX_TASKS];
	uint32_t nr_tasks;
	int64_t tasks_left_out, kernel_threads;
	char tasks_error[256];		/* empty: none */
};

/*
 * Takes a document in. Rates are of the time since the one before, or since the scheduler was
 * attached if there is none, or it was another session's. -EINVAL, and nothing changes, when it is
 * no document of a version we know.
 */
int ccx_monitor_take(struct ccx_monitor *monitor, const json_t *root);

/* The largest, or the latest, first, but numbers and names from the least. */
void ccx_monitor_sort(struct ccx_monitor *monitor, enum ccx_domain_order domains,
		      enum ccx_task_order tasks, bool reverse);

/*
 * The value that `fraction` of the samples do not exceed, in us, taking those of an octave as
 * evenly spread in it; -1 without samples.
 */
double ccx_monitor_quantile_us(const uint64_t octaves[CCX_HISTOGRAM_OCTAVES], double fraction);

/* A number of at least 0 in 6 characters at most: 0, 0.3, 1234, 123k, 1.23M. */
#define CCX_MONITOR_NUMBER_BYTES 8
void ccx_monitor_format(char text[CCX_MONITOR_NUMBER_BYTES], double number);

#endif
