// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs hwloc on input that may be hostile in a child process first.
 *
 * hwloc trusts what it reads: an XML whose objects contradict each other makes it fail an
 * assertion, follow a NULL pointer or loop. A forked child has the parent's memory byte for byte,
 * so what it survives, the parent survives; what it does not survive costs the child only.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology/internal.h"

#define MAX_SECONDS 20
#define MAX_BYTES   (2ul << 30)

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SHADOW_MEMORY 1
#endif
#endif

static void limit(int resource, rlim_t value)
{
	struct rlimit limits;

	if (getrlimit(resource, &limits))
		return;
	limits.rlim_cur = limits.rlim_max < value ? limits.rlim_max : value;
	setrlimit(resource, &limits);
}

/* No handlers, no core file, no last words, no more than any real machine needs. */
static void confine(void)
{
	static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU, SIGPIPE};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], SIG_DFL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, MAX_SECONDS);
#ifndef HAS_SHADOW_MEMORY
	limit(RLIMIT_AS, MAX_BYTES);
#endif
	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		dup2(null, STDOUT_FILENO);
	}
}

/* Waits for the child's answer; it is killed when none comes in time. */
static int await(pid_t child, int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int answer = -EPROTO, ret;

	do {
		ret = poll(&poll_fd, 1, (MAX_SECONDS + 2) * 1000);
	} while (ret < 0 && errno == EINTR);
	if (ret > 0 && read(fd, &answer, sizeof(answer)) != sizeof(answer))
		answer = -EPROTO;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return answer;
}

int ccx_probe(int (*body)(void *data), void *data)
{
	int fds[2], answer;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC))
		return -ENOMEM;
	child = fork();
	if (!child) {
		confine();
		answer = body(data);
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	answer = child < 0 ? -ENOMEM : await(child, fds[0]);
	close(fds[0]);
	return answer;
}
