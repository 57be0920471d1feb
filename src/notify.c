// SPDX-License-Identifier: GPL-2.0-only
#include "notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"

#define SIGNS_OF_LIFE 3 /* a period of the manager's */

/* $WATCHDOG_USEC, if it is meant for this process; else 0. */
static uint64_t watchdog_us(void)
{
	const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us;
	char *end;

	if (!period || *period < '0' || *period > '9')
		return 0;
	if (pid && strtoll(pid, NULL, 10) != getpid())
		return 0;
	errno = 0;
	us = strtoull(period, &end, 10);
	return errno || *end ? 0 : us;
}

static int start_timer(uint64_t period_us)
{
	struct itimerspec period = {0};
	int fd;

	if (!period_us)
		return -1;
	period.it_interval.tv_sec = period_us / SIGNS_OF_LIFE / 1000000;
	period.it_interval.tv_nsec = period_us / SIGNS_OF_LIFE % 1000000 * 1000 + 1;
	period.it_value = period.it_interval;
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd >= 0)
		timerfd_settime(fd, 0, &period, NULL);
	return fd;
}

void ccx_notify_open(struct ccx_notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;

	*notify = (struct ccx_notify){.fd = -1, .timer_fd = -1};
	/* a path, or a name in the abstract namespace with '@' for its first byte, a zero */
	if (!length || length >= sizeof(notify->address.sun_path) || !strchr("/@", *path))
		return;
	notify->address.sun_family = AF_UNIX;
	memcpy(notify->address.sun_path, path, length);
	if (*path == '@')
		notify->address.sun_path[0] = '\0';
	notify->length = offsetof(struct sockaddr_un, sun_path) + length;
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd >= 0)
		notify->timer_fd = start_timer(watchdog_us());
}

void ccx_notify_send(const struct ccx_notify *notify, const char *format, ...)
{
	char text[1024];
	va_list args;
	int length;

	if (notify->fd < 0)
		return;
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	if (length > 0)
		sendto(notify->fd, text, length, MSG_NOSIGNAL,
		       (const struct sockaddr *)&notify->address, notify->length);
}

void ccx_notify_reloading(const struct ccx_notify *notify)
{
	ccx_notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%llu",
			(unsigned long long)ccx_monotonic_ns() / 1000);
}

void ccx_notify_close(struct ccx_notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	if (notify->timer_fd >= 0)
		close(notify->timer_fd);
	notify->fd = notify->timer_fd = -1;
}

bool ccx_progress_check(struct ccx_progress *progress, const volatile struct ccx_state *state,
			const struct ccx_dispatcher *dispatchers, uint32_t nr_domains)
{
	bool all = true;
	uint32_t i;

	for (i = 0; i < nr_domains; i++) {
		bool late = state->domains[i].late;
		uint64_t batches =
		    __atomic_load_n(&dispatchers[i].figures.batches, __ATOMIC_RELAXED);

		all &= !(late && progress->late[i] && batches == progress->batches[i]);
		progress->late[i] = late;
		progress->batches[i] = batches;
	}
	return all;
}
