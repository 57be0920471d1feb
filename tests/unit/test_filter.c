// SPDX-License-Identifier: GPL-2.0-only
/* What the filter of system calls lets through and what not, each in a child of its own. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "privileges.h"

#define WITHOUT_SECCOMP 77

/* Runs `body` behind the filter; what it returns is the child's exit code. */
static void behind(bool children, bool counters, int (*body)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		int err;

		alarm(30);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			_exit(1);
		err = ccx_filter_install(children, counters, NULL);
		_exit(err == -ENOTSUP ? WITHOUT_SECCOMP : err ? 1 : body());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == WITHOUT_SECCOMP)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void behind_filter(int (*body)(void))
{
	behind(false, false, body);
}

static bool refused(long result)
{
	return result == -1 && errno == EPERM;
}

static int no_program(void)
{
	char *const arguments[] = { "true", NULL }, *const environment[] = { NULL };

	return !refused(execve("/bin/true", arguments, environment));
}

static int no_process(void)
{
	pid_t child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (!child)
		_exit(0);
	return !refused(child);
}

/* The child of a file's topology: made, waited for, and no other program either. */
static int child_only(void)
{
	int status = 1;
	pid_t child = fork();

	if (!child)
		_exit(no_program());
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

static int no_others(void)
{
	return !refused(syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0)) ||
	       !refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)) ||
	       !refused(syscall(SYS_kill, getppid(), 0)) ||
	       !refused(syscall(SYS_setuid, 0)) || !refused(syscall(SYS_mount, "", "/", "", 0, "")) ||
	       !refused(syscall(SYS_unshare, CLONE_NEWUSER)) ||
	       !refused(syscall(SYS_init_module, NULL, 0, ""));
}

static int no_counters(void)
{
	return !refused(syscall(SYS_perf_event_open, NULL, -1, 0, -1, 0));
}

/* It comes as far as the kernel's look at the arguments. */
static int counters(void)
{
	return syscall(SYS_perf_event_open, NULL, -1, 0, -1, 0) != -1 || errno != EFAULT;
}

static void *nothing(void *context)
{
	sched_yield();
	return context;
}

static int threads_and_files(void)
{
	pthread_t thread;
	void *result = NULL;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return fd < 0 || write(fd, "x", 1) != 1 || close(fd) ||
	       pthread_create(&thread, NULL, nothing, &fd) || pthread_join(thread, &result) ||
	       result != &fd;
}

/* A restart installs nothing anew, but capabilities change for each session. */
static int capabilities(void)
{
	return ccx_privileges_raise(NULL) || ccx_privileges_lower(NULL) || ccx_privileges_drop() ||
	       !ccx_privileges_missing();
}

static void no_program_is_started(void **state)
{
	(void)state;
	behind_filter(no_program);
}

static void no_process_is_made(void **state)
{
	(void)state;
	behind_filter(no_process);
}

static void a_child_where_one_is_needed(void **state)
{
	(void)state;
	behind(true, false, child_only);
	behind(true, false, threads_and_files);
}

static void counters_where_they_are_wanted(void **state)
{
	(void)state;
	behind(false, false, no_counters);
	behind(false, true, counters);
	behind(false, true, no_others);
}

static void others_are_left_alone(void **state)
{
	(void)state;
	behind_filter(no_others);
}

static void threads_and_files_work(void **state)
{
	(void)state;
	behind_filter(threads_and_files);
}

static void capabilities_can_be_dropped(void **state)
{
	(void)state;
	behind_filter(capabilities);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_program_is_started),
		cmocka_unit_test(no_process_is_made),
		cmocka_unit_test(a_child_where_one_is_needed),
		cmocka_unit_test(counters_where_they_are_wanted),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(threads_and_files_work),
		cmocka_unit_test(capabilities_can_be_dropped),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
