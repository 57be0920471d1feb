// SPDX-License-Identifier: GPL-2.0-only
/*
 * progress TASKS SECONDS [turn | threads [nice]]	do all of TASKS busy processes get on?
 *
 * With `turn` every second process sleeps often at first, as an interactive task does, and then
 * turns busy: it must not keep the favour that it was given as a sleeper. With `threads` they are
 * threads of one process, which need little memory; with `nice` every third of them has nice 10,
 * every third nice 19.
 *
 * Each counts as fast as it can. Prints the longest time that any of them stood still, or waits for
 * its first turn, and the share of the slowest, and fails when one made no progress at all in a
 * third of the time.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THIRDS 3

struct slot {
	volatile uint64_t count;
	volatile uint64_t longest_ns;
	volatile uint64_t last_ns;	/* when it ran last; at first, when it was made */
	int nice;
	char padding[36];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#define NAPS	200
#define NAP_US	2000

static void spin(struct slot *slot, int naps)
{
	uint64_t now;

	while (naps--) {
		usleep(NAP_US);
		slot->count++;
		slot->last_ns = now_ns();
	}
	for (;;) {
		now = now_ns();
		if (now - slot->last_ns > slot->longest_ns)
			slot->longest_ns = now - slot->last_ns;
		slot->last_ns = now;
		slot->count++;
	}
}

static void *thread(void *arg)
{
	struct slot *slot = arg;

	if (slot->nice)
		setpriority(PRIO_PROCESS, gettid(), slot->nice);
	spin(slot, 0);
	return NULL;
}

static int make_thread(struct slot *slot)
{
	pthread_attr_t attributes;
	pthread_t id;
	int err;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	err = pthread_create(&id, &attributes, thread, slot);
	pthread_attr_destroy(&attributes);
	return err;
}

int main(int argc, char **argv)
{
	int tasks = argc > 1 ? atoi(argv[1]) : 0, seconds = argc > 2 ? atoi(argv[2]) : 0;
	uint64_t longest_ns = 0, least = UINT64_MAX, most = 0, now, *before;
	int turn = argc > 3 && !strcmp(argv[3], "turn"), stuck = 0, third, i;
	int threads = argc > 3 && !strcmp(argv[3], "threads"), nice = threads && argc > 4;
	struct slot *slots;
	pid_t *pids;

	if (tasks < 1 || seconds < 1) {
		fprintf(stderr, "usage: progress TASKS SECONDS [turn | threads [nice]]\n");
		return 2;
	}
	slots = mmap(NULL, tasks * sizeof(*slots), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pids = calloc(tasks, sizeof(*pids));
	before = calloc(tasks, sizeof(*before));
	if (slots == MAP_FAILED || !pids || !before)
		return 2;
	for (i = 0; i < tasks; i++) {
		slots[i].last_ns = now_ns();
		slots[i].nice = nice && i % 3 ? i % 3 == 1 ? 10 : 19 : 0;
		if (threads) {
			if (make_thread(&slots[i])) {
				fprintf(stderr, "progress: %d threads are all there can be\n", i);
				return 2;
			}
			continue;
		}
		pids[i] = fork();
		if (!pids[i])
			spin(&slots[i], turn && i % 2 ? NAPS : 0);
	}
	for (third = 0; third < THIRDS; third++) {
		usleep(seconds * 1000000ULL / THIRDS);
		for (i = 0; i < tasks; i++) {
			stuck += slots[i].count == before[i];
			before[i] = slots[i].count;
		}
	}
	now = now_ns();
	for (i = 0; i < tasks; i++) {
		if (!threads)
			kill(pids[i], SIGKILL);
		if (slots[i].last_ns < now && now - slots[i].last_ns > slots[i].longest_ns)
			slots[i].longest_ns = now - slots[i].last_ns;
		if (slots[i].longest_ns > longest_ns)
			longest_ns = slots[i].longest_ns;
		if (before[i] < least)
			least = before[i];
		if (before[i] > most)
			most = before[i];
	}
	while (!threads && wait(NULL) > 0)
		;
	printf("%d tasks, %d stuck, longest wait %.1f ms, slowest at %.0f %% of fastest\n", tasks,
	       stuck, longest_ns / 1e6, most ? 100.0 * least / most : 0.0);
	return stuck != 0;
}
