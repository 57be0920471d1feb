// SPDX-License-Identifier: GPL-2.0-only
/*
 * scribble bytes|decisions|words|sets SECONDS	a hostile dispatcher: garbage in what BPF reads live
 *
 * Finds the map ccx_decisions of the scheduler that runs, maps it as its dispatchers do, and writes
 *
 *	bytes		random bytes over whole rings: slots and header
 *	decisions	decisions that look right: pids of living tasks, generations that are right or
 *			nearly so, and domains, kinds, deadlines and slices of which most are
 *			impossible; then moves the tail so that BPF applies them
 *	words		the header only: random tail, beat, asleep and leaves_alone
 *	sets		the domains that work is packed into (ccx_sets)
 *
 * BPF must drop what is impossible, survive what is merely bad, and count. Prints how much was
 * written; ends with 2 when there is no such map.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ccx/abi.h"
#include "tests/vm/find_map.h"

#define MAX_PIDS	1024
#define PIDS_MS		2000	/* how often the list of living tasks is refreshed */
#define PAUSE_US	200	/* between bursts: the dispatchers, too, get to write */

struct target {
	struct ccx_decision_ring *rings;
	struct ccx_sets *sets;
	uint32_t nr_rings;
	uint32_t pids[MAX_PIDS];
	uint32_t nr_pids;
	uint64_t written;
};

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t random_below(uint32_t limit)
{
	return random_u64() % limit;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static bool find_maps(struct target *target)
{
	uint32_t nr;

	target->rings = find_map("ccx_decisions", sizeof(*target->rings),
				 PROT_READ | PROT_WRITE, &target->nr_rings);
	target->sets = find_map(".bss.sets", sizeof(*target->sets), PROT_READ | PROT_WRITE, &nr);
	return target->rings && target->sets;
}

/* All living threads, as far as there is room. */
static void find_pids(struct target *target)
{
	DIR *proc = opendir("/proc"), *tasks;
	struct dirent *process, *task;
	char path[300];

	target->nr_pids = 0;
	while (proc && (process = readdir(proc))) {
		if (process->d_name[0] < '1' || process->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", process->d_name);
		tasks = opendir(path);
		while (tasks && (task = readdir(tasks)) && target->nr_pids < MAX_PIDS)
			if (task->d_name[0] != '.')
				target->pids[target->nr_pids++] = atoi(task->d_name);
		if (tasks)
			closedir(tasks);
	}
	if (proc)
		closedir(proc);
}

static void scribble_words(struct target *target)
{
	volatile struct ccx_decision_ring *ring = &target->rings[random_below(target->nr_rings)];

	switch (random_below(5)) {
	case 0:
		ring->tail = random_u64();
		break;
	case 1:
		ring->tail += random_below(2 * CCX_DECISIONS);
		break;
	case 2:
		ring->tail -= random_below(2 * CCX_DECISIONS);
		break;
	case 3:
		ring->beat = random_u64();
		break;
	case 4:
		ring->asleep = random_below(2) ? 0 : random_u64();
		ring->leaves_alone = random_u64();
		break;
	}
	target->written++;
}

/* None, one that is not there, one that is, all, anything. */
static void scribble_sets(struct target *target)
{
	static const uint64_t sets[] = { 0, 1ULL << 63, 1, 2, UINT64_MAX };
	volatile struct ccx_sets *live = target->sets;
	uint32_t which = random_below(6);

	live->domains[random_below(2)] = which < 5 ? sets[which] : random_u64();
	live->asleep = random_below(2) ? 1 : random_u64();
	target->written++;
}

static void scribble_bytes(struct target *target)
{
	struct ccx_decision_ring *ring = &target->rings[random_below(target->nr_rings)];
	volatile uint64_t *words = (volatile uint64_t *)ring;
	size_t i;

	for (i = 0; i < sizeof(*ring) / sizeof(*words); i++)
		words[i] = random_u64();
	target->written++;
}

/*
 * The slots hold what the dispatcher decided lately: who is in custody has the generation of the
 * last decision about it, or the next one.
 */
static void scribble_decisions(struct target *target)
{
	static const uint64_t deadlines[] = { 0, 1, 500000, 999999999, 1000000001, 1ULL << 40,
					      1ULL << 63, UINT64_MAX };
	static const uint32_t slices[] = { 0, 1, 20000, 5000000, 1000000000, UINT32_MAX };
	static const uint8_t small[] = { 0, 0, 1, 1, 2, 3, 4, 63, 64, 127, 128, 255 };
	struct ccx_decision_ring *ring = &target->rings[random_below(target->nr_rings)];
	struct ccx_decision decision;
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	uint32_t nr = 1 + random_below(64), i;

	for (i = 0; i < nr; i++) {
		decision = ring->slots[random_below(CCX_DECISIONS)];
		switch (random_below(4)) {
		case 0:
			decision.pid = target->nr_pids ?
					       target->pids[random_below(target->nr_pids)] : 1;
			decision.generation = random_u64();
			break;
		case 1:
			decision.pid = random_u64();
			break;
		default:	/* most often about a task that the dispatcher knows */
			decision.generation += random_below(3);
			break;
		}
		if (random_below(2))
			decision.deadline_ns = deadlines[random_below(8)];
		if (random_below(2))
			decision.slice_ns = slices[random_below(6)];
		if (random_below(2))
			decision.domain = small[random_below(12)];
		if (random_below(2))
			decision.kind = small[random_below(12)];
		decision.fresh_us = 0;	/* so that messages keep coming */
		ring->slots[(tail + i) % CCX_DECISIONS] = decision;
	}
	/* and some of those that the dispatcher is writing just now */
	for (i = 1; i <= 8; i++) {
		struct ccx_decision *slot = &ring->slots[(tail - i) % CCX_DECISIONS];

		slot->domain = small[random_below(12)];
		slot->kind = small[random_below(12)];
		slot->slice_ns = slices[random_below(6)];
		slot->deadline_ns = deadlines[random_below(8)];
	}
	__atomic_store_n(&ring->tail, tail + nr, __ATOMIC_RELEASE);
	target->written += nr;
}

int main(int argc, char **argv)
{
	void (*scribble)(struct target *target) = NULL;
	static struct target target;
	uint64_t end_ms, pids_ms = 0;
	int i;

	if (argc == 3 && atoi(argv[2]) > 0) {
		if (!strcmp(argv[1], "bytes"))
			scribble = scribble_bytes;
		else if (!strcmp(argv[1], "decisions"))
			scribble = scribble_decisions;
		else if (!strcmp(argv[1], "words"))
			scribble = scribble_words;
		else if (!strcmp(argv[1], "sets"))
			scribble = scribble_sets;
	}
	if (!scribble) {
		fprintf(stderr, "usage: scribble bytes|decisions|words|sets SECONDS\n");
		return 2;
	}
	random_state ^= now_ms() << 20 ^ getpid();
	if (!find_maps(&target)) {
		fprintf(stderr, "scribble: no maps ccx_decisions and .bss.sets that fit this build\n");
		return 2;
	}
	end_ms = now_ms() + atoi(argv[2]) * 1000;
	while (now_ms() < end_ms) {
		if (scribble == scribble_decisions && now_ms() - pids_ms > PIDS_MS) {
			find_pids(&target);
			pids_ms = now_ms();
		}
		for (i = 0; i < 8; i++)
			scribble(&target);
		usleep(PAUSE_US);
	}
	printf("%s: %llu written over %u rings\n", argv[1], (unsigned long long)target.written,
	       target.nr_rings);
	return 0;
}
