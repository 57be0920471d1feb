// SPDX-License-Identifier: GPL-2.0-only
#include "filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>

/*
 * By purpose. Names that an architecture lacks are skipped. None looks at its arguments: the kernel then keeps the
 * verdict in a bitmap and does not run the filter, which a dispatcher's sched_yield would feel.
 */
static const char *const allowed[] = {
	/* the dispatchers' loop */
	"sched_yield", "epoll_wait", "epoll_pwait", "write", "futex",
	/* files: topology, rules, reports */
	"read", "readv", "pread64", "writev", "pwrite64", "open", "openat", "close", "lseek", "stat",
	"fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat",
	"faccessat2", "readlink", "readlinkat", "getdents64", "fcntl", "ioctl", "dup", "dup2", "dup3",
	"close_range", "fadvise64", "pipe2", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2",
	"chmod", "fchmod", "fchmodat", "fsync", "fdatasync", "ftruncate", "umask", "getcwd", "chdir",
	"name_to_handle_at",
	/* memory */
	"mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "mlock", "mlock2", "munlock",
	"mlockall", "get_mempolicy", "mincore", "memfd_create",
	/* threads and their CPUs */
	"exit", "exit_group", "set_robust_list", "get_robust_list", "rseq", "set_tid_address",
	"arch_prctl", "membarrier", "sched_getaffinity", "sched_setaffinity", "sched_getparam",
	"sched_getscheduler", "sched_get_priority_min", "sched_get_priority_max", "getcpu",
	/* signals */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "tgkill", "signalfd4",
	"restart_syscall",
	/* time and events */
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time",
	"eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "epoll_create1",
	"epoll_ctl", "poll", "ppoll", "select", "pselect6",
	/* the control socket, metrics, readiness */
	"socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "sendto", "sendmsg",
	"sendmmsg", "sendfile", "recvfrom", "recvmsg", "recvmmsg", "shutdown", "setsockopt",
	"getsockopt", "getsockname", "getpeername",
	/* who and where we are */
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid",
	"getresgid", "getgroups", "uname", "sysinfo", "getrandom", "getrusage", "prlimit64",
	"getrlimit", "setrlimit", "capget", "capset", "prctl",
	/* a restart loads BPF again */
	"bpf",
};

/* A child that reads what may kill it (topology/probe.c), at each start and restart. */
static const char *const for_children[] = { "clone", "wait4", "kill" };

static int allow_all(scmp_filter_ctx context, const char *const *names, size_t nr)
{
	size_t i;
	int err = 0, number;

	for (i = 0; !err && i < nr; i++) {
		number = seccomp_syscall_resolve_name(names[i]);
		if (number >= 0)
			err = seccomp_rule_add(context, SCMP_ACT_ALLOW, number, 0);
	}
	return err;
}

/* The CPUs' counters (counters.c), at each start and restart. */
static const char *const for_counters[] = { "perf_event_open" };

static int allow(scmp_filter_ctx context, bool children, bool counters)
{
	int err = allow_all(context, allowed, sizeof(allowed) / sizeof(allowed[0]));

	if (!err && children)
		err = allow_all(context, for_children,
				sizeof(for_children) / sizeof(for_children[0]));
	if (!err && counters)
		err = allow_all(context, for_counters,
				sizeof(for_counters) / sizeof(for_counters[0]));
	/* threads, but no processes */
	if (!err && !children)
		err = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	/* its flags are in memory, out of a filter's sight: the C library then takes clone */
	if (!err)
		err = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

int ccx_filter_install(bool children, bool counters, struct ccx_error *error)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = -ENOMEM;

	if (context) {
		err = allow(context, children, counters);
		if (!err)
			err = seccomp_load(context);
		seccomp_release(context);
	}
	if (err == -EINVAL || err == -ENOSYS)
		err = -ENOTSUP;
	if (err)
		return ccx_error_set(error, err, "cannot limit system calls: %s", strerror(-err));
	return 0;
}
