// SPDX-License-Identifier: GPL-2.0-only
/*
 * dieload COMM CPU ELSEWHERE THERE	a process of that name that takes page faults
 *
 * One thread takes ELSEWHERE of them, then sleeps for 1 ms, over and over; where it runs on a CPU with
 * that number or a higher one, it takes THERE. With `--die software` these count as data from memory
 * and its sleeps as work: so it needs a larger cache or not, and that helps it or not. A second thread
 * is busy until it is killed and takes none.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGES 64

static void *be_busy(void *unused)
{
	(void)unused;
	for (;;)
		__asm__ volatile("");
	return NULL;
}

int main(int argc, char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	volatile char *memory;
	pthread_t thread;
	int i, nr;

	if (argc != 5) {
		fprintf(stderr, "usage: dieload COMM CPU ELSEWHERE THERE\n");
		return 2;
	}
	prctl(PR_SET_NAME, argv[1]);
	memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED || madvise((void *)memory, PAGES * page, MADV_NOHUGEPAGE) ||
	    pthread_create(&thread, NULL, be_busy, NULL))
		return 1;
	for (;;) {
		nr = atoi(argv[sched_getcpu() >= atoi(argv[2]) ? 4 : 3]);
		madvise((void *)memory, PAGES * page, MADV_DONTNEED);
		for (i = 0; i < nr; i++)
			memory[i % PAGES * page] = 1;
		usleep(1000);
	}
}
