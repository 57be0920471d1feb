// SPDX-License-Identifier: GPL-2.0-only
/*
 * inset MASK SECONDS	waits until work is packed into the domains of MASK
 * inset outside		prints how often a CPU outside of them was woken for a task
 *
 * The domains must be these for a second on end; ends with 1 when that has not come about in SECONDS.
 * Reads what BPF reads and counts (ccx_sets, ccx_state) and hardly runs itself: `scx_ccx stats` and
 * what takes its answer apart are two busy CPUs for a while, and the set grows for them. Prints the
 * last mask and how long it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ccx/abi.h"
#include "tests/vm/find_map.h"

#define LOOK_MS		50
#define STEADY_MS	1000

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static int print_outside(void)
{
	const volatile struct ccx_state *state;
	uint64_t outside = 0;
	uint32_t nr, i;

	state = find_map(".bss.state", sizeof(*state), PROT_READ, &nr);
	if (!state) {
		fprintf(stderr, "inset: no map .bss.state that fits this build\n");
		return 2;
	}
	for (i = 0; i < CCX_MAX_CPUS; i++)
		outside += state->cpus[i].counters[CCX_OUTSIDE];
	printf("%llu\n", (unsigned long long)outside);
	return 0;
}

static int wait_for(uint64_t wanted, uint64_t limit_ms)
{
	uint64_t begin_ms, since_ms, now, mask;
	const volatile struct ccx_sets *sets;
	uint32_t nr;

	sets = find_map(".bss.sets", sizeof(*sets), PROT_READ, &nr);
	if (!sets) {
		fprintf(stderr, "inset: no map .bss.sets that fits this build\n");
		return 2;
	}
	begin_ms = since_ms = now = now_ms();
	do {
		usleep(LOOK_MS * 1000);
		now = now_ms();
		mask = sets->domains[0];
		if (mask != wanted)
			since_ms = now;
	} while (now - since_ms < STEADY_MS && now - begin_ms < limit_ms);
	printf("set %#llx after %llu ms\n", (unsigned long long)mask,
	       (unsigned long long)(now - begin_ms));
	return now - since_ms < STEADY_MS;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "outside"))
		return print_outside();
	if (argc == 3 && atoi(argv[2]) > 0)
		return wait_for(strtoull(argv[1], NULL, 0), atoi(argv[2]) * 1000ULL);
	fprintf(stderr, "usage: inset MASK SECONDS | inset outside\n");
	return 2;
}
