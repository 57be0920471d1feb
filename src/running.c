// SPDX-License-Identifier: GPL-2.0-only
#include "running.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

struct ccx_running {
	char state[96];
	char lines[CCX_MAX_DOMAINS][160];
	const char *domains[CCX_MAX_DOMAINS];
	uint32_t dispatcher_cpu[CCX_MAX_DOMAINS];
	struct ccx_topology_use use;
};

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* The CPU a thread ran on last: the 39th field of its stat, the 37th after the name. */
static uint32_t last_cpu(long long pid, long long tid)
{
	char path[64], line[512], *field;
	uint32_t cpu = CCX_NO_CPU;
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "/proc/%lld/task/%lld/stat", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return cpu;
	field = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	for (i = 0; field && i < 37; i++)
		field = strchr(field + 1, ' ');
	if (field)
		cpu = strtoul(field, NULL, 10);
	fclose(file);
	return cpu;
}

static void describe_domain(struct ccx_running *running, uint32_t index, const json_t *domain,
			    long long pid)
{
	double busy = number(domain, "busy_ns"), idle = number(domain, "idle_ns");
	uint32_t cpu = last_cpu(pid, number(domain, "dispatcher_tid"));

	snprintf(running->lines[index], sizeof(running->lines[index]),
		 "CPUs %s, %.0f %% busy, %lld decisions%s",
		 json_string_value(json_object_get(domain, "cpu_list")),
		 busy + idle > 0 ? 100 * busy / (busy + idle) : 0, number(domain, "decisions"),
		 json_is_true(json_object_get(domain, "late")) ? ", dispatcher late" : "");
	running->domains[index] = running->lines[index];
	running->dispatcher_cpu[index] = cpu;
}

struct ccx_running *ccx_running_ask(void)
{
	struct ccx_running *running;
	json_t *root, *domain, *domains;
	char *text = ccx_control_fetch(NULL);
	json_error_t error;
	size_t i;

	if (!text)
		return NULL;
	root = json_loads(text, 0, &error);
	free(text);
	running = root ? calloc(1, sizeof(*running)) : NULL;
	if (!running) {
		json_decref(root);
		return NULL;
	}
	domains = json_object_get(root, "domains");
	snprintf(running->state, sizeof(running->state), "scx_ccx, process %lld, up %.0f s, %zu domains",
		 number(root, "pid"), number(root, "uptime_ns") / 1e9, json_array_size(domains));
	json_array_foreach(domains, i, domain) {
		if (i == CCX_MAX_DOMAINS)
			break;
		describe_domain(running, i, domain, number(root, "pid"));
		running->use.nr_domains = i + 1;
	}
	running->use.state = running->state;
	running->use.domains = running->domains;
	running->use.dispatcher_cpu = running->dispatcher_cpu;
	json_decref(root);
	return running;
}

const struct ccx_topology_use *ccx_running_use(const struct ccx_running *running)
{
	return running ? &running->use : NULL;
}

void ccx_running_free(struct ccx_running *running)
{
	free(running);
}
