/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An HTTP server for the metrics, on a loopback address or a UNIX socket: GET /metrics.
 *
 *	ccx_metrics_parse(text, &address, &error)	what --metrics takes
 *	ccx_metrics_listen(&address, &error)		before privileges are given up
 *	ccx_metrics_start(fd, patience_s, ...)		answers from now on, in the caller's loop:
 *	ccx_metrics_fd(), ccx_metrics_timeout_ms()	what to wait for before
 *	ccx_metrics_serve()				which never waits
 *	ccx_metrics_stop()
 *
 * No thread of its own: figures are read by the thread that serves, which also begins and ends
 * sessions, so that what is read is there. CCX_METRICS_CLIENTS at most are connected; others wait
 * in the kernel's queue until one goes, or has been silent for `patience_s`.
 */
#ifndef CCX_METRICS_SERVER_H
#define CCX_METRICS_SERVER_H

#include <netinet/in.h>
#include <sys/un.h>

#include "ccx/error.h"
#include "stats.h"

#define CCX_METRICS_CLIENTS	8
#define CCX_METRICS_PATIENCE_S	10

struct ccx_metrics_address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} address;
	socklen_t length;
};

/* 127.0.0.1:PORT, [::1]:PORT or an absolute path; anything else is -EINVAL. */
int ccx_metrics_parse(const char *text, struct ccx_metrics_address *address,
		      struct ccx_error *error);

/*
 * A listening, non-blocking socket, or -errno. A UNIX socket gets mode 0660; one that nobody
 * listens on any more is replaced, no other file is.
 */
int ccx_metrics_listen(const struct ccx_metrics_address *address, struct ccx_error *error);

struct ccx_metrics_server;

/* `read` fills in the figures of the moment, for each request. NULL and `error` on failure. */
struct ccx_metrics_server *ccx_metrics_start(int listen_fd, unsigned int patience_s,
					     void (*read)(void *context, struct ccx_stats *stats),
					     void *context, struct ccx_error *error);

/* Readable when there is something to serve. */
int ccx_metrics_fd(const struct ccx_metrics_server *server);

/* Serve after so many ms even if it is not; -1: no need. */
int ccx_metrics_timeout_ms(struct ccx_metrics_server *server);

void ccx_metrics_serve(struct ccx_metrics_server *server);

/* Closes all, the listening socket too, and removes a UNIX socket's file. NULL is allowed. */
void ccx_metrics_stop(struct ccx_metrics_server *server);

#endif
