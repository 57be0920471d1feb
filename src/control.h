/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: whoever connects to /run/scx_ccx/control gets one JSON document and the end
 * of the stream. The server never waits for a client: what does not fit into the socket's buffer at
 * once is cut off. CCX_CONTROL_BYTES do fit, also with the kernel's default limits, and no document
 * is longer.
 */
#ifndef CCX_CONTROL_H
#define CCX_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "ccx/error.h"

#define CCX_RUN_DIRECTORY	"/run/scx_ccx"
#define CCX_CONTROL_PATH	CCX_RUN_DIRECTORY "/control"
#define CCX_CONTROL_BYTES	(384 * 1024)

/* Makes CCX_RUN_DIRECTORY, mode 0750, if it is not there. */
int ccx_control_make_directory(struct ccx_error *error);

/* A listening, non-blocking socket, or -errno. Directory mode 0750, socket mode 0660. */
int ccx_control_listen(struct ccx_error *error);

/*
 * Is the peer of this connection root, our own user, or of the group that owns the socket? Rights
 * of the path say the same; they can be changed by mistake.
 */
bool ccx_control_trusts(int fd);

/*
 * Answers one waiting client, if there still is one and it is trusted, with `text`; others get the
 * end of the stream at once.
 */
void ccx_control_answer(int listen_fd, const char *text, size_t length);

/* Closes and removes the socket. */
void ccx_control_close(int listen_fd);

/* Client, which may wait or not: begun, gone on with until it is whole, and ended in any case. */
struct ccx_fetch {
	int fd;		/* poll it, for reading */
	char *text;
	size_t used, size;
};

/* -errno and `error` when it cannot be reached; then there is nothing to end. */
int ccx_fetch_begin(struct ccx_fetch *fetch, bool wait, struct ccx_error *error);

/* 1: `text` is the document; 0: not yet (with `wait`: for 5 s); -errno and `error` on failure. */
int ccx_fetch_more(struct ccx_fetch *fetch, struct ccx_error *error);

void ccx_fetch_end(struct ccx_fetch *fetch);

/* Client: the document of the running scheduler (the caller frees), or NULL and `error`. */
char *ccx_control_fetch(struct ccx_error *error);

#endif
