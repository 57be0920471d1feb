// SPDX-License-Identifier: GPL-2.0-only
/*
 * affinity THREADS SECONDS	an affinity storm
 *
 * Threads work, sleep, yield and fork, and all the time change the masks of CPUs they may use:
 * their own and each other's, to one CPU, to some or to all, while the other runs, waits or sleeps.
 * Each checks that it is where it may be. Fails when one was on a CPU outside its mask, when one
 * made no progress at all, or when one is not back in time at the end.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS	512
#define PATIENCE_S	30	/* until a thread that does not end is lost */

/* The lock makes mask and kernel agree: whoever holds it knows where the thread may be. */
struct thread {
	pthread_t thread;
	pthread_mutex_t lock;
	cpu_set_t mask;
	pid_t tid;
	atomic_ulong rounds;
	atomic_ulong changes;
	uint64_t random;
} __attribute__((aligned(64)));

static struct thread threads[MAX_THREADS];
static int nr_threads;
static cpu_set_t all;
static atomic_int ended, violations, refused;
static atomic_bool quit;

static uint32_t random_below(struct thread *self, uint32_t limit)
{
	self->random ^= self->random << 13;
	self->random ^= self->random >> 7;
	self->random ^= self->random << 17;
	return self->random % limit;
}

static int random_cpu(struct thread *self)
{
	uint32_t skip = random_below(self, CPU_COUNT(&all));
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && !skip--)
			break;
	return cpu;
}

static void change(struct thread *self, struct thread *other)
{
	cpu_set_t mask;
	uint32_t nr;

	CPU_ZERO(&mask);
	switch (random_below(self, 4)) {
	case 0:
		mask = all;
		break;
	case 1:
		CPU_SET(random_cpu(self), &mask);
		break;
	default:
		for (nr = 1 + random_below(self, CPU_COUNT(&all)); nr; nr--)
			CPU_SET(random_cpu(self), &mask);
		break;
	}
	pthread_mutex_lock(&other->lock);
	if (other->tid) {
		if (sched_setaffinity(other->tid, sizeof(mask), &mask))
			refused++;
		else
			other->mask = mask;
		other->changes++;
	}
	pthread_mutex_unlock(&other->lock);
}

static void check(struct thread *self)
{
	int cpu;

	pthread_mutex_lock(&self->lock);
	cpu = sched_getcpu();
	if (!CPU_ISSET(cpu, &self->mask) && !violations++)
		fprintf(stderr, "affinity: thread %d is on CPU %d, outside its mask\n", self->tid,
			cpu);
	pthread_mutex_unlock(&self->lock);
}

static void *run(void *context)
{
	struct thread *self = context;
	struct timespec pause;
	volatile uint32_t work;
	pid_t child;

	pthread_mutex_lock(&self->lock);
	self->mask = all;
	self->tid = syscall(SYS_gettid);
	pthread_mutex_unlock(&self->lock);
	while (!quit) {
		change(self, random_below(self, 2) ? self :
						     &threads[random_below(self, nr_threads)]);
		check(self);
		for (work = random_below(self, 200000); work; work--)
			;
		check(self);
		switch (random_below(self, 8)) {
		case 0:
		case 1:
			pause = (struct timespec){ .tv_nsec = random_below(self, 3000000) };
			nanosleep(&pause, NULL);
			break;
		case 2:
			sched_yield();
			break;
		case 3:
			if (random_below(self, 8))
				break;
			child = fork();
			if (!child)
				_exit(0);
			while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
				;
			break;
		}
		self->rounds++;
	}
	/* nobody may change who is gone: the number could be another's by then */
	pthread_mutex_lock(&self->lock);
	self->tid = 0;
	pthread_mutex_unlock(&self->lock);
	ended++;
	return NULL;
}

int main(int argc, char **argv)
{
	int seconds = argc == 3 ? atoi(argv[2]) : 0, stuck = 0, i;
	unsigned long rounds = 0, changes = 0;
	struct timespec now;

	nr_threads = argc == 3 ? atoi(argv[1]) : 0;
	if (nr_threads < 1 || nr_threads > MAX_THREADS || seconds < 1) {
		fprintf(stderr, "usage: affinity THREADS SECONDS\n");
		return 2;
	}
	sched_getaffinity(0, sizeof(all), &all);
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (i = 0; i < nr_threads; i++) {
		pthread_mutex_init(&threads[i].lock, NULL);
		threads[i].random = (now.tv_nsec ^ 0x9e3779b97f4a7c15) * (2 * i + 1);
	}
	for (i = 0; i < nr_threads; i++)
		if (pthread_create(&threads[i].thread, NULL, run, &threads[i])) {
			perror("affinity: pthread_create");
			return 2;
		}
	sleep(seconds);
	for (i = 0; i < nr_threads; i++)
		stuck += !threads[i].rounds;
	quit = true;
	for (i = 0; i < PATIENCE_S * 10 && ended < nr_threads; i++)
		usleep(100000);
	for (i = 0; i < nr_threads; i++) {
		rounds += threads[i].rounds;
		changes += threads[i].changes;
	}
	printf("%d threads, %lu rounds, %lu changes (%d refused), %d stuck, %d lost, %d outside their mask\n",
	       nr_threads, rounds, changes, refused, stuck, nr_threads - ended, violations);
	/* threads that are lost cannot be joined */
	fflush(stdout);
	_exit(stuck || violations || refused || ended < nr_threads || !changes);
}
