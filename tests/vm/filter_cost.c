// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter_cost	what the filter of system calls costs a dispatcher's loop: a system call a batch
 *
 * Times sched_yield() before and after ccx_filter_install(), and in a child under a filter that looks at an argument
 * of it, so that the kernel must run it: what a filter costs without the kernel's bitmap. The least of
 * many rounds each, in ns for one call; where the machine counts instructions (tests/vm/run --accel count), in those.
 */
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"

#define ROUNDS	40
#define CALLS	500

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static double yield_ns(void)
{
	uint64_t least = UINT64_MAX, before, took;
	int round, call;

	for (round = 0; round < ROUNDS; round++) {
		before = now_ns();
		for (call = 0; call < CALLS; call++)
			sched_yield();
		took = now_ns() - before;
		if (took < least)
			least = took;
	}
	return (double)least / CALLS;
}

static int install_without_bitmap(void)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int err = context ? 0 : -1;

	if (!err)
		err = seccomp_rule_add(context, SCMP_ACT_ERRNO(1), SCMP_SYS(sched_yield), 1,
				       SCMP_A5(SCMP_CMP_EQ, 0x1234567));
	if (!err)
		err = seccomp_load(context);
	seccomp_release(context);
	return err;
}

/* In a child: a filter stays for good. */
static int measure_run(void)
{
	pid_t child = fork();
	int status;

	if (child)
		return waitpid(child, &status, 0) == child && !status ? 0 : -1;
	if (install_without_bitmap())
		_exit(1);
	printf("run %.0f ", yield_ns());
	fflush(stdout);
	_exit(0);
}

int main(void)
{
	struct ccx_error error;
	double plain;

	yield_ns();
	plain = yield_ns();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || measure_run() ||
	    ccx_filter_install(false, true, &error)) {
		fprintf(stderr, "filter_cost: no filter here\n");
		return 2;
	}
	printf("filtered %.0f plain %.0f\n", yield_ns(), plain);
	return 0;
}
