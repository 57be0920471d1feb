// SPDX-License-Identifier: GPL-2.0-only
/*
 * named COMM [THREAD] [nap|block]	a process of that name, and a second thread with a name of its own
 *
 * Each thread is busy until it is killed; with `nap` it works 2 ms and sleeps 8, as something that
 * is latency-critical does. With `block` it works 2 ms and waits 8 for something that cannot be
 * interrupted (a child of vfork), as something does that waits for a lock or a disk.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORK_NS		(2 * 1000 * 1000ULL)
#define NAP_US		8000

static bool naps, blocks;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The child does no more than vfork() allows. */
static void wait_for_child(void)
{
	int pid = vfork();

	if (!pid) {
		usleep(NAP_US);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *work(void *name)
{
	uint64_t since_ns = now_ns();

	prctl(PR_SET_NAME, name);
	for (;;) {
		if (!(naps || blocks) || now_ns() - since_ns < WORK_NS)
			continue;
		if (blocks)
			wait_for_child();
		else
			usleep(NAP_US);
		since_ns = now_ns();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	naps = argc > 2 && !strcmp(argv[argc - 1], "nap");
	blocks = argc > 2 && !strcmp(argv[argc - 1], "block");
	argc -= naps || blocks;
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: named COMM [THREAD] [nap|block]\n");
		return 2;
	}
	if (argc > 2 && pthread_create(&thread, NULL, work, argv[2]))
		return 1;
	work(argv[1]);
}
