// SPDX-License-Identifier: GPL-2.0-only
/* What a service manager hears, and when a dispatcher counts as stuck. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

static char heard[2048];

/* A manager's socket under a name as $NOTIFY_SOCKET has it. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (*name == '@')
		address.sun_path[0] = '\0';
	else
		unlink(name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      offsetof(struct sockaddr_un, sun_path) + strlen(name)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static const char *hear(int fd)
{
	ssize_t got = recv(fd, heard, sizeof(heard) - 1, 0);

	heard[got < 0 ? 0 : got] = '\0';
	return heard;
}

static void forget(void)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void messages_arrive(void **state)
{
	static const char *const names[] = { "/tmp/ccx-notify", "@ccx-notify" };
	char name[64], text[1600], expected[64];
	struct ccx_notify notify;
	unsigned long long us;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s-%d", names[i], getpid());
		fd = listen_at(name);
		ccx_notify_open(&notify);
		assert_true(notify.fd >= 0 && notify.timer_fd < 0);
		assert_true(fcntl(notify.fd, F_GETFD) & FD_CLOEXEC);
		ccx_notify_send(&notify, "READY=1\nSTATUS=%u of %s", 3, "them");
		assert_string_equal(hear(fd), "READY=1\nSTATUS=3 of them");
		ccx_notify_reloading(&notify);
		assert_int_equal(sscanf(hear(fd), "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
		snprintf(expected, sizeof(expected), "RELOADING=1\nMONOTONIC_USEC=%llu", us);
		assert_string_equal(heard, expected);
		/* cut off, not lost */
		memset(text, 'x', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		ccx_notify_send(&notify, "STATUS=%s", text);
		assert_int_equal(strlen(hear(fd)), 1023);
		/* a manager that went away */
		close(fd);
		ccx_notify_send(&notify, "READY=1");
		ccx_notify_close(&notify);
		assert_true(notify.fd < 0);
		unlink(name);
	}
	forget();
}

static void nobody_asks(void **state)
{
	static const char *const names[] = { "", "relative", "vsock:2:1",
					     "/a/name/that/is/longer/than/what/the/kernel/takes/for/a/socket"
					     "/in/the/file/system/which/is/a/hundred/and/seven" };
	struct ccx_notify notify;
	size_t i;

	(void)state;
	setenv("WATCHDOG_USEC", "1000000", 1);
	ccx_notify_open(&notify);
	assert_true(notify.fd < 0 && notify.timer_fd < 0);
	ccx_notify_send(&notify, "READY=1");
	ccx_notify_close(&notify);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		ccx_notify_open(&notify);
		assert_true(notify.fd < 0 && notify.timer_fd < 0);
	}
	forget();
}

static void signs_of_life_are_three_a_period(void **state)
{
	static const char *const wrong[] = { "", "0", "x", "-1", "1s", "99999999999999999999999" };
	struct itimerspec period;
	struct ccx_notify notify;
	struct pollfd due = { .events = POLLIN };
	char name[64], pid[32];
	size_t i;
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@ccx-watchdog-%d", getpid());
	fd = listen_at(name);
	setenv("WATCHDOG_USEC", "30000000", 1);
	ccx_notify_open(&notify);
	assert_int_equal(timerfd_gettime(notify.timer_fd, &period), 0);
	assert_int_equal(period.it_interval.tv_sec, 10);
	ccx_notify_close(&notify);
	setenv("WATCHDOG_USEC", "3000", 1);
	ccx_notify_open(&notify);
	due.fd = notify.timer_fd;
	assert_int_equal(poll(&due, 1, 10000), 1);
	ccx_notify_close(&notify);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		setenv("WATCHDOG_USEC", wrong[i], 1);
		ccx_notify_open(&notify);
		assert_true(notify.fd >= 0 && notify.timer_fd < 0);
		ccx_notify_close(&notify);
	}
	/* it is for this process, or it is not */
	setenv("WATCHDOG_USEC", "1000000", 1);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	ccx_notify_open(&notify);
	assert_true(notify.timer_fd >= 0);
	ccx_notify_close(&notify);
	setenv("WATCHDOG_PID", "1", 1);
	ccx_notify_open(&notify);
	assert_true(notify.fd >= 0 && notify.timer_fd < 0);
	ccx_notify_close(&notify);
	close(fd);
	forget();
}

static void late_without_a_batch_is_stuck(void **state)
{
	static struct ccx_state *shared;
	struct ccx_dispatcher dispatchers[2] = { 0 };
	struct ccx_progress progress = { 0 };

	(void)state;
	shared = calloc(1, sizeof(*shared));
	assert_non_null(shared);
	/* idle: no batches, and none is missed */
	assert_true(ccx_progress_check(&progress, shared, dispatchers, 2));
	assert_true(ccx_progress_check(&progress, shared, dispatchers, 2));
	/* once late is no fault, twice is */
	shared->domains[1].late = 1;
	assert_true(ccx_progress_check(&progress, shared, dispatchers, 2));
	assert_false(ccx_progress_check(&progress, shared, dispatchers, 2));
	assert_false(ccx_progress_check(&progress, shared, dispatchers, 2));
	/* a batch in between: slow, not stuck */
	dispatchers[1].figures.batches++;
	assert_true(ccx_progress_check(&progress, shared, dispatchers, 2));
	/* another's batches do not help */
	dispatchers[0].figures.batches++;
	assert_false(ccx_progress_check(&progress, shared, dispatchers, 2));
	/* the ring was emptied otherwise */
	shared->domains[1].late = 0;
	assert_true(ccx_progress_check(&progress, shared, dispatchers, 2));
	shared->domains[1].late = 1;
	assert_true(ccx_progress_check(&progress, shared, dispatchers, 2));
	/* beyond the machine's domains nobody looks */
	assert_true(ccx_progress_check(&progress, shared, dispatchers, 1));
	free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive),
		cmocka_unit_test(nobody_asks),
		cmocka_unit_test(signs_of_life_are_three_a_period),
		cmocka_unit_test(late_without_a_batch_is_stuck),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
