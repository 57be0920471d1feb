// SPDX-License-Identifier: GPL-2.0-only
/*
 * serve ADDRESS FIRST SECOND    metrics as the program serves them, of a scheduler that is not there
 *
 * FIRST and SECOND are documents that a real one gave one after the other (stats --json). What it
 * counted between them goes on at the same rates, in real time, for ever; the rest stays as it was.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "metrics_server.h"

static struct ccx_stats first, second;
static uint64_t began_ns;

static uint64_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void read_domain(struct ccx_domain_stats *domain, const json_t *json)
{
	const json_t *kinds = json_object_get(json, "kinds"), *kind;
	const json_t *queued = json_object_get(json, "queued");
	const json_t *latency = json_object_get(json, "decision_ns");
	struct ccx_histogram *histogram = &domain->dispatcher.decision_ns;
	uint64_t low_ns;
	uint32_t i;

	for (i = 0; i < CCX_NR_COUNTERS; i++)
		domain->counters[i] = number(json, ccx_counter_names[i]);
	for (i = 0; i < CCX_NR_KINDS; i++) {
		kind = json_object_get(kinds, ccx_kind_name(i));
		domain->nr_kind[i] = number(kind, "cpus");
		domain->kind_busy_ns[i] = number(kind, "busy_ns");
	}
	for (i = 0; i < CCX_HISTOGRAM_OCTAVES; i++) {
		low_ns = i ? ccx_histogram_octave_limit(i - 1) + 1 : 0;
		histogram->buckets[ccx_histogram_bucket(low_ns)] =
			json_integer_value(json_array_get(json_object_get(latency, "octaves"), i));
	}
	histogram->sum = number(latency, "sum");
	domain->queued_ready[CCX_KIND_PERFORMANCE] = number(queued, "performance");
	domain->queued_ready[CCX_KIND_EFFICIENCY] = number(queued, "efficiency");
	domain->queued_custody = number(queued, "custody");
	domain->queued_bound = number(queued, "bound");
	domain->recent_wait_ns = number(json, "recent_longest_wait_ns");
	domain->late = json_is_true(json_object_get(json, "late"));
	domain->late_count = number(json, "late_count");
	domain->ring_full = number(json, "ring_full");
	domain->migrated_out = number(json, "migrated_out");
	domain->dispatcher.batches = number(json, "batches");
	domain->dispatcher.max_batch = number(json, "max_batch");
	domain->dispatcher.sleeps = number(json, "sleeps");
	domain->dispatcher.messages = number(json, "consumed");
	domain->dispatcher.sent_away = number(json, "sent_away");
}

static bool read_document(struct ccx_stats *stats, const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error), *domain;
	size_t i;

	if (!root) {
		fprintf(stderr, "%s: %s\n", path, error.text);
		return false;
	}
	stats->uptime_ns = number(root, "uptime_ns");
	json_array_foreach(json_object_get(root, "domains"), i, domain)
		if (i < CCX_MAX_DOMAINS)
			read_domain(&stats->domains[stats->nr_domains++], domain);
	json_decref(root);
	return stats->nr_domains > 0;
}

static void move(uint64_t *now, uint64_t before, uint64_t after, double periods)
{
	*now = after + (uint64_t)((after - before) * periods);
}

static void read_figures(void *context, struct ccx_stats *stats)
{
	double periods = (double)(ccx_monotonic_ns() - began_ns) /
			 (second.uptime_ns - first.uptime_ns);
	uint32_t i, j;

	(void)context;
	*stats = second;
	move(&stats->uptime_ns, first.uptime_ns, second.uptime_ns, periods);
	for (i = 0; i < stats->nr_domains; i++) {
		const struct ccx_domain_stats *a = &first.domains[i], *b = &second.domains[i];
		struct ccx_domain_stats *now = &stats->domains[i];

#define MOVE(member) move(&now->member, a->member, b->member, periods)
		for (j = 0; j < CCX_NR_COUNTERS; j++)
			MOVE(counters[j]);
		for (j = 0; j < CCX_NR_KINDS; j++)
			MOVE(kind_busy_ns[j]);
		for (j = 0; j < CCX_HISTOGRAM_BUCKETS; j++)
			MOVE(dispatcher.decision_ns.buckets[j]);
		MOVE(dispatcher.decision_ns.sum);
		MOVE(dispatcher.batches);
		MOVE(dispatcher.messages);
		MOVE(dispatcher.sent_away);
		MOVE(migrated_out);
		MOVE(late_count);
#undef MOVE
	}
}

int main(int argc, char **argv)
{
	struct ccx_metrics_address address;
	struct ccx_metrics_server *server;
	struct pollfd ready = { .events = POLLIN };
	struct ccx_error error;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: serve ADDRESS FIRST SECOND\n");
		return 2;
	}
	if (!read_document(&first, argv[2]) || !read_document(&second, argv[3]) ||
	    second.uptime_ns <= first.uptime_ns)
		return 1;
	began_ns = ccx_monotonic_ns();
	fd = ccx_metrics_parse(argv[1], &address, &error);
	if (!fd)
		fd = ccx_metrics_listen(&address, &error);
	server = fd < 0 ? NULL : ccx_metrics_start(fd, 10, read_figures, NULL, &error);
	if (!server) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	ready.fd = ccx_metrics_fd(server);
	for (;;) {
		poll(&ready, 1, ccx_metrics_timeout_ms(server));
		ccx_metrics_serve(server);
	}
}
