// SPDX-License-Identifier: GPL-2.0-only
/*
 * hijack loop|stop TID SECONDS	takes one thread of a program away from it, then gives it back
 *
 *	loop	the thread spins in user space: its instruction pointer is set to a jump to itself
 *	stop	the thread is stopped by a tracer, as under a debugger
 *
 * The jump is written over the program's entry point, which nobody executes any more: the other
 * threads do not notice. Afterwards text, registers and, if the thread was in one, its system call
 * are as before. x86-64 only; ends with 77 elsewhere.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77

static int fail(const char *what)
{
	fprintf(stderr, "hijack: %s: %s\n", what, strerror(errno));
	return 1;
}

static int interrupt(pid_t tid)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL))
		return -1;
	return waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status) ? 0 : -1;
}

#ifdef __x86_64__
#define JUMP_TO_ITSELF 0xfeebL	/* eb fe */

static uint64_t entry_point(pid_t tid)
{
	uint64_t pairs[2 * 64];
	char path[64];
	ssize_t got;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/auxv", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, pairs, sizeof(pairs));
	if (fd >= 0)
		close(fd);
	for (i = 0; i + 1 < got / (ssize_t)sizeof(*pairs); i += 2)
		if (pairs[i] == AT_ENTRY)
			return pairs[i + 1];
	return 0;
}

static int spin_for(pid_t tid, int seconds)
{
	struct user_regs_struct before, spinning, after;
	uint64_t entry = entry_point(tid);
	long text;

	if (!entry) {
		errno = ENOENT;
		return fail("entry point");
	}
	if (ptrace(PTRACE_GETREGS, tid, NULL, &before))
		return fail("reading registers");
	errno = 0;
	text = ptrace(PTRACE_PEEKTEXT, tid, (void *)entry, NULL);
	if (errno || ptrace(PTRACE_POKETEXT, tid, (void *)entry,
			    (void *)((text & ~0xffffL) | JUMP_TO_ITSELF)))
		return fail("writing text");
	spinning = before;
	spinning.rip = entry;
	spinning.orig_rax = -1;	/* no system call to restart: the kernel would move rip */
	if (ptrace(PTRACE_SETREGS, tid, NULL, &spinning) || ptrace(PTRACE_CONT, tid, NULL, NULL))
		return fail("letting it spin");
	sleep(seconds);
	if (interrupt(tid) || ptrace(PTRACE_GETREGS, tid, NULL, &after))
		return fail("interrupting it");
	if (after.rip != entry) {
		fprintf(stderr, "hijack: it does not spin: rip is %#llx, not %#llx\n",
			(unsigned long long)after.rip, (unsigned long long)entry);
		return 1;
	}
	if (ptrace(PTRACE_POKETEXT, tid, (void *)entry, (void *)text) ||
	    ptrace(PTRACE_SETREGS, tid, NULL, &before))
		return fail("restoring it");
	return 0;
}
#else
static int spin_for(pid_t tid, int seconds)
{
	(void)tid;
	(void)seconds;
	return SKIPPED;
}
#endif

int main(int argc, char **argv)
{
	int seconds = argc == 4 ? atoi(argv[3]) : 0, code = 0;
	pid_t tid = argc == 4 ? atoi(argv[2]) : 0;
	int loop = argc == 4 && !strcmp(argv[1], "loop");

	if (tid < 1 || seconds < 1 || (!loop && strcmp(argv[1], "stop"))) {
		fprintf(stderr, "usage: hijack loop|stop TID SECONDS\n");
		return 2;
	}
	/* should this program die, the kernel lets the thread go on */
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return fail("attaching");
	if (interrupt(tid))
		return fail("stopping it");
	if (loop)
		code = spin_for(tid, seconds);
	else
		sleep(seconds);
	if (ptrace(PTRACE_DETACH, tid, NULL, NULL))
		return fail("detaching");
	return code;
}
