// SPDX-License-Identifier: GPL-2.0-only
/*
 * verifier	what the kernel's verifier had to do for each program of the scheduler
 *
 * Loads the programs without attaching them. One line each: name, instructions processed, states,
 * most states at a time.
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configure.h"
#include "scheduler.h"

#define PROGRAMS  64
#define LOG_BYTES (64 * 1024)
#define LOG_STATS 4 /* BPF_LOG_STATS of the kernel */

static unsigned long number_after(const char *log, const char *word)
{
	const char *found = strstr(log, word);

	return found ? strtoul(found + strlen(word), NULL, 10) : 0;
}

int main(void)
{
	static char logs[PROGRAMS][LOG_BYTES];
	struct ccx_topology_options topology_options = CCX_TOPOLOGY_OPTIONS_INIT;
	struct ccx_scheduler_options options = { .slice_us = 5000, .rescue_us = 5000,
						 .spill_us = 2000 };
	static const pid_t tids[CCX_MAX_DOMAINS];
	struct ccx_machine machine;
	struct ccx_config config;
	struct ccx_topology *topology;
	struct bpf_program *program;
	struct bpf_object *object = NULL;
	struct ccx_error error;
	int nr = 0, err;

	if (!ccx_topology_load(&topology_options, &topology, &error)) {
		ccx_configure_machine(&machine, topology, tids);
		ccx_configure(&config, &machine, topology, &options);
		object = ccx_scheduler_prepare(&config, topology->nr_domains, &options, &error);
	}
	if (!object) {
		fprintf(stderr, "verifier: %s\n", error.text);
		return 1;
	}
	bpf_object__for_each_program(program, object) {
		if (nr == PROGRAMS)
			return 1;
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, logs[nr++], LOG_BYTES);
	}
	err = bpf_object__load(object);
	if (err)
		fprintf(stderr, "verifier: cannot load: %s\n", strerror(-err));
	nr = 0;
	bpf_object__for_each_program(program, object) {
		const char *log = logs[nr++];

		if (number_after(log, "processed "))
			printf("%s %lu %lu %lu\n", bpf_program__name(program),
			       number_after(log, "processed "), number_after(log, "total_states "),
			       number_after(log, "peak_states "));
	}
	bpf_object__close(object);
	ccx_topology_free(topology);
	return err != 0;
}
