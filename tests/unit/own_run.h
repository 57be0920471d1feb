/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A /run of the test's own, so that it never touches the machine's: a mount namespace, and a user
 * namespace too where it is not root. Call before any thread is started.
 */
#ifndef CCX_TESTS_OWN_RUN_H
#define CCX_TESTS_OWN_RUN_H

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

static char refusal[128]; /* why no test can run; empty when they can */

static inline bool write_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content);

	if (fd >= 0)
		close(fd);
	return ok;
}

static inline bool own_namespaces(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", getegid());
	if (!geteuid())
		return !unshare(CLONE_NEWNS);
	return !unshare(CLONE_NEWUSER | CLONE_NEWNS) &&
	       write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", users) && write_file("/proc/self/gid_map", groups);
}

/* Says why in `refusal` when there can be none; then no test may run. */
static inline void make_own_run(void)
{
	if (!own_namespaces())
		snprintf(refusal, sizeof(refusal), "no mount namespace here: %s", strerror(errno));
	else if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		 mount("ccx-test", "/run", "tmpfs", 0, "mode=755"))
		snprintf(refusal, sizeof(refusal), "cannot mount a /run: %s", strerror(errno));
}

/* First in each test: skips it, and says why, where there is no /run of our own. */
static inline void need_own_run(void)
{
	if (!*refusal)
		return;
	print_message("skipped: %s\n", refusal);
	skip();
}

#endif
