// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_BUFFER (1024 * 1024)

/* The client takes no document longer than this, far above CCX_CONTROL_BYTES. */
#define FETCH_BYTES (16 * 1024 * 1024)

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CCX_CONTROL_PATH };

int ccx_control_make_directory(struct ccx_error *error)
{
	/* chmod: whatever the umask, or what somebody left there */
	if ((mkdir(CCX_RUN_DIRECTORY, 0750) && errno != EEXIST) || chmod(CCX_RUN_DIRECTORY, 0750))
		return ccx_error_set(error, -errno, "cannot make %s: %s", CCX_RUN_DIRECTORY,
				     strerror(errno));
	return 0;
}

/* What ccx_control_listen() made: another scheduler may have put its own there since. */
static struct stat own_socket;

int ccx_control_listen(struct ccx_error *error)
{
	int fd, err = ccx_control_make_directory(error);

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ccx_error_set(error, -errno, "cannot make a socket: %s", strerror(errno));
	/* left by one that was killed, or of one that waits between two sessions and will not be let in again */
	unlink(CCX_CONTROL_PATH);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    chmod(CCX_CONTROL_PATH, 0660) || listen(fd, 8)) {
		err = -errno;
		close(fd);
		return ccx_error_set(error, err, "cannot listen at %s: %s", CCX_CONTROL_PATH,
				     strerror(-err));
	}
	stat(CCX_CONTROL_PATH, &own_socket);
	return fd;
}

/* Has the peer this group among its own? */
static bool in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t groups[256];
	socklen_t size = sizeof(groups);
	size_t i;

	if (peer->gid == group)
		return true;
	/* fails with more groups than we look at: not one of ours then */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		return false;
	for (i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool ccx_control_trusts(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct stat owner;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || size != sizeof(peer))
		return false;
	if (!peer.uid || peer.uid == geteuid())
		return true;
	return !stat(CCX_CONTROL_PATH, &owner) && in_group(fd, &peer, owner.st_gid);
}

void ccx_control_answer(int listen_fd, const char *text, size_t length)
{
	int size = SEND_BUFFER;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	/* a client that went away, or a document beyond the buffer: the client sees it cut off */
	if (!ccx_control_trusts(fd) ||
	    send(fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		shutdown(fd, SHUT_RDWR);
	close(fd);
}

void ccx_control_close(int listen_fd)
{
	struct stat there;

	if (listen_fd < 0)
		return;
	close(listen_fd);
	if (!stat(CCX_CONTROL_PATH, &there) && there.st_dev == own_socket.st_dev &&
	    there.st_ino == own_socket.st_ino)
		unlink(CCX_CONTROL_PATH);
	rmdir(CCX_RUN_DIRECTORY);
}

/* ---- the client ---- */

int ccx_fetch_begin(struct ccx_fetch *fetch, bool wait, struct ccx_error *error)
{
	struct timeval patience = { .tv_sec = 5 };
	int err;

	memset(fetch, 0, sizeof(*fetch));
	fetch->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
	/* the second bounds connect(): a stopped scheduler's queue of clients may be full */
	if (fetch->fd >= 0 &&
	    !setsockopt(fetch->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) &&
	    !setsockopt(fetch->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) &&
	    !connect(fetch->fd, (const struct sockaddr *)&address, sizeof(address)))
		return 0;
	err = ccx_error_set(error, -errno, "cannot reach a running scx_ccx at %s: %s",
			    CCX_CONTROL_PATH, strerror(errno));
	ccx_fetch_end(fetch);
	return err;
}

/* Room for one more byte and the end of the text. */
static int make_room(struct ccx_fetch *fetch)
{
	size_t size = fetch->size ? 2 * fetch->size : 65536;
	char *larger;

	if (fetch->used + 1 < fetch->size)
		return 0;
	larger = size > FETCH_BYTES ? NULL : realloc(fetch->text, size);
	if (!larger)
		return -ENOMEM;
	fetch->text = larger;
	fetch->size = size;
	return 0;
}

int ccx_fetch_more(struct ccx_fetch *fetch, struct ccx_error *error)
{
	ssize_t got;
	int err;

	for (;;) {
		err = make_room(fetch);
		if (err)
			break;
		/* NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): it was opened */
		got = recv(fetch->fd, fetch->text + fetch->used, fetch->size - fetch->used - 1, 0);
		if (got < 0) {
			err = -errno;
			break;
		}
		if (!got) {
			fetch->text[fetch->used] = '\0';
			if (fetch->used)
				return 1;
			return ccx_error_set(error, -EIO, "no answer from scx_ccx at %s: closed",
					     CCX_CONTROL_PATH);
		}
		fetch->used += got;
	}
	if (err == -EAGAIN || err == -EINTR)
		return 0;
	return ccx_error_set(error, err, "no answer from scx_ccx at %s: %s", CCX_CONTROL_PATH,
			     strerror(-err));
}

void ccx_fetch_end(struct ccx_fetch *fetch)
{
	if (fetch->fd >= 0)
		close(fetch->fd);
	free(fetch->text);
	*fetch = (struct ccx_fetch){ .fd = -1 };
}

char *ccx_control_fetch(struct ccx_error *error)
{
	struct ccx_fetch fetch;
	char *text = NULL;
	int result;

	if (ccx_fetch_begin(&fetch, true, error))
		return NULL;
	result = ccx_fetch_more(&fetch, error);
	if (!result)
		ccx_error_set(error, -EAGAIN, "no answer from scx_ccx at %s: %s", CCX_CONTROL_PATH,
			      strerror(EAGAIN));
	if (result == 1) {
		text = fetch.text;
		fetch.text = NULL;
	}
	ccx_fetch_end(&fetch);
	return text;
}
