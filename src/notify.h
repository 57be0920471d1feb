/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a service manager is told (sd_notify(3)): ready, reloading, stopping, and that all is well.
 * Without a manager that asks, nothing happens. Main thread only.
 *
 * The protocol is a datagram to the socket in $NOTIFY_SOCKET. It is stable, and libsystemd would
 * bring more code into a privileged program that locks its memory than it saves here.
 */
#ifndef CCX_NOTIFY_H
#define CCX_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "dispatcher.h"

struct ccx_notify {
	int fd;			/* -1: nobody asks */
	int timer_fd;		/* readable when a sign of life is due; -1: nobody waits for one */
	struct sockaddr_un address;
	socklen_t length;
};

/* What ccx_progress_check() saw the last time, all zero before. */
struct ccx_progress {
	bool late[CCX_MAX_DOMAINS];
	uint64_t batches[CCX_MAX_DOMAINS];
};

/*
 * Does what $NOTIFY_SOCKET and $WATCHDOG_USEC ask for. A sign of life is due three times as often as
 * the manager wants one, so that one that is late, or one check that fails, ends nothing.
 */
void ccx_notify_open(struct ccx_notify *notify);

/* Sends lines "NAME=VALUE". What goes wrong is the manager's fault and cannot be helped. */
__attribute__((format(printf, 2, 3))) void ccx_notify_send(const struct ccx_notify *notify,
							   const char *format, ...);

/* RELOADING=1 with the time that goes with it; READY=1 has to follow. */
void ccx_notify_reloading(const struct ccx_notify *notify);

void ccx_notify_close(struct ccx_notify *notify);

/*
 * Do all dispatchers make progress? Not one that is late (it has messages and decides nothing) now
 * and at the check before, without a batch in between. Tasks run all the same, but what the program
 * is for does not happen, and it does not get better by itself.
 */
bool ccx_progress_check(struct ccx_progress *progress, const volatile struct ccx_state *state,
			const struct ccx_dispatcher *dispatchers, uint32_t nr_domains);

#endif
