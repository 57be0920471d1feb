// SPDX-License-Identifier: GPL-2.0-only
/*
 * malloc_count.so: LD_PRELOAD=malloc_count.so CCX_MALLOC_COUNT=FILE scx_ccx
 *
 * Counts the calls of malloc, calloc, realloc and free that dispatchers make in their loop. A
 * dispatcher's thread is told by its name; its loop begins with its first sched_yield or
 * epoll_wait, and what it calls after the last of them, when it ends, does not count. At exit FILE
 * gets one line:
 *
 *	dispatchers N rounds N calls N elsewhere N
 *
 * `elsewhere` are the calls of all other threads: not 0, or the counting does not work.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PREFIX		"ccx-disp-"
#define IN_OBJECT	__attribute__((tls_model("initial-exec")))	/* no lazy allocation */

/* glibc's own, so that finding them needs no allocation */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *old);

enum role { UNKNOWN, DISPATCHER, OTHER };

static __thread enum role role IN_OBJECT;
static __thread uint64_t since_last_round IN_OBJECT;
static uint64_t dispatchers, rounds, calls, elsewhere;
static int (*real_epoll_wait)(int fd, struct epoll_event *events, int max, int timeout);

static void add(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static void called(void)
{
	if (role == DISPATCHER)
		since_last_round++;
	else
		add(&elsewhere, 1);
}

/* A thread gives up its CPU: the end of a batch, if it is a dispatcher's. */
static void round_ends(void)
{
	char name[16] = "";

	if (role == UNKNOWN) {
		prctl(PR_GET_NAME, name, 0, 0, 0);
		role = strncmp(name, PREFIX, strlen(PREFIX)) ? OTHER : DISPATCHER;
		add(&dispatchers, role == DISPATCHER);
		since_last_round = 0;
	}
	if (role != DISPATCHER)
		return;
	add(&rounds, 1);
	add(&calls, since_last_round);
	since_last_round = 0;
}

void *malloc(size_t size)
{
	called();
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	called();
	return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	called();
	return __libc_realloc(old, size);
}

void free(void *old)
{
	called();
	__libc_free(old);
}

int sched_yield(void)
{
	round_ends();
	return syscall(SYS_sched_yield);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	round_ends();
	return real_epoll_wait(fd, events, max, timeout);
}

__attribute__((constructor)) static void find_real(void)
{
	*(void **)&real_epoll_wait = dlsym(RTLD_NEXT, "epoll_wait");
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("CCX_MALLOC_COUNT");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "dispatchers %llu rounds %llu calls %llu elsewhere %llu\n",
		(unsigned long long)dispatchers, (unsigned long long)rounds,
		(unsigned long long)calls, (unsigned long long)elsewhere);
	fclose(file);
}
