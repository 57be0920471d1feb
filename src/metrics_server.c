// SPDX-License-Identifier: GPL-2.0-only
#include "metrics_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics.h"

/* A request of more than this is refused. */
#define REQUEST_BYTES	(16 * 1024)

/* ---- the address ---- */

static int refuse(const char *text, struct ccx_error *error)
{
	return ccx_error_set(error, -EINVAL,
			     "metrics are served to this machine only: '%.100s' is not "
			     "127.0.0.1:PORT, [::1]:PORT or the absolute path of a UNIX socket",
			     text);
}

static bool parse_port(const char *text, in_port_t *port)
{
	unsigned long value;
	char *end;

	if (*text < '1' || *text > '9')
		return false;
	value = strtoul(text, &end, 10);
	if (*end || value > 65535)
		return false;
	*port = htons(value);
	return true;
}

static int parse_path(const char *text, struct ccx_metrics_address *address,
		      struct ccx_error *error)
{
	struct sockaddr_un *un = &address->address.un;

	if (strlen(text) >= sizeof(un->sun_path))
		return ccx_error_set(error, -EINVAL,
				     "the path of a UNIX socket has %zu bytes at most: '%.100s...'",
				     sizeof(un->sun_path) - 1, text);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, text, strlen(text) + 1);
	address->length = sizeof(*un);
	return 0;
}

int ccx_metrics_parse(const char *text, struct ccx_metrics_address *address,
		      struct ccx_error *error)
{
	memset(address, 0, sizeof(*address));
	if (*text == '/')
		return parse_path(text, address, error);
	if (!strncmp(text, "127.0.0.1:", 10)) {
		address->address.in.sin_family = AF_INET;
		address->address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		address->length = sizeof(address->address.in);
		if (parse_port(text + 10, &address->address.in.sin_port))
			return 0;
	} else if (!strncmp(text, "[::1]:", 6)) {
		address->address.in6.sin6_family = AF_INET6;
		address->address.in6.sin6_addr = in6addr_loopback;
		address->length = sizeof(address->address.in6);
		if (parse_port(text + 6, &address->address.in6.sin6_port))
			return 0;
	}
	return refuse(text, error);
}

/* ---- listening ---- */

static void describe(const struct ccx_metrics_address *address, char *text, size_t size)
{
	switch (address->address.any.sa_family) {
	case AF_UNIX:
		snprintf(text, size, "%s", address->address.un.sun_path);
		break;
	case AF_INET:
		snprintf(text, size, "127.0.0.1:%u", ntohs(address->address.in.sin_port));
		break;
	default:
		snprintf(text, size, "[::1]:%u", ntohs(address->address.in6.sin6_port));
	}
}

/* Left by a program that was killed: a socket that refuses. A socket in use stays, and any file. */
static void remove_leftover(const struct ccx_metrics_address *address)
{
	const char *path = address->address.un.sun_path;
	struct stat status;
	int fd;

	if (lstat(path, &status) || !S_ISSOCK(status.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, &address->address.any, address->length) && errno == ECONNREFUSED)
		unlink(path);
	close(fd);
}

int ccx_metrics_listen(const struct ccx_metrics_address *address, struct ccx_error *error)
{
	const struct sockaddr *any = &address->address.any;
	bool local = any->sa_family == AF_UNIX;
	char name[sizeof(address->address.un.sun_path)];
	int fd, err, on = 1;

	describe(address, name, sizeof(name));
	fd = socket(any->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ccx_error_set(error, -errno, "cannot make a socket for metrics at %s: %s",
				     name, strerror(errno));
	if (local)
		remove_leftover(address);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, any, address->length) ||
	    (local && chmod(address->address.un.sun_path, 0660)) ||
	    listen(fd, CCX_METRICS_CLIENTS)) {
		err = -errno;
		close(fd);
		return ccx_error_set(error, err, "cannot listen for metrics at %s: %s", name,
				     strerror(-err));
	}
	return fd;
}

/* ---- serving ---- */

struct ccx_metrics_server {
	struct MHD_Daemon *daemon;
	int fd;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];	/* to remove; empty: none */
	void (*read)(void *context, struct ccx_stats *stats);
	void *context;
	struct ccx_stats stats;
};

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status,
			     const char *type, char *text, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, mode);
	enum MHD_Result result;

	if (!response) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse_request(struct MHD_Connection *connection, unsigned int status,
				      const char *text)
{
	return reply(connection, status, "text/plain; charset=utf-8", (char *)text,
		     MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	struct ccx_metrics_server *server = context;
	enum ccx_metrics_format format;
	char *text;

	(void)version;
	(void)upload;
	*upload_size = 0; /* nobody wants what it sends */
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return refuse_request(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	/* called for the header first; an answer to that would end the connection */
	if (!*request) {
		*request = server;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics"))
		return refuse_request(connection, MHD_HTTP_NOT_FOUND, "see /metrics\n");
	format = ccx_metrics_choose(MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
								MHD_HTTP_HEADER_ACCEPT));
	server->read(server->context, &server->stats);
	text = ccx_metrics_text(&server->stats, format);
	if (!text)
		return MHD_NO;
	return reply(connection, MHD_HTTP_OK, ccx_metrics_type(format), text,
		     MHD_RESPMEM_MUST_FREE);
}

struct ccx_metrics_server *ccx_metrics_start(int listen_fd, unsigned int patience_s,
					     void (*read)(void *context, struct ccx_stats *stats),
					     void *context, struct ccx_error *error)
{
	struct ccx_metrics_server *server = calloc(1, sizeof(*server));
	const union MHD_DaemonInfo *info = NULL;
	struct sockaddr_un address = { .sun_family = AF_UNSPEC };
	socklen_t length = sizeof(address);

	if (server) {
		server->read = read;
		server->context = context;
		if (!getsockname(listen_fd, (struct sockaddr *)&address, &length) &&
		    address.sun_family == AF_UNIX)
			snprintf(server->path, sizeof(server->path), "%s", address.sun_path);
		server->daemon = MHD_start_daemon(
			MHD_USE_EPOLL, 0, NULL, NULL, answer, server,
			MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
			(unsigned int)CCX_METRICS_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT,
			patience_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
			MHD_OPTION_END);
	}
	if (server && server->daemon)
		info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info) {
		ccx_error_set(error, -ENOMEM, "cannot start the server of metrics");
		ccx_metrics_stop(server);
		return NULL;
	}
	server->fd = info->epoll_fd;
	return server;
}

int ccx_metrics_fd(const struct ccx_metrics_server *server)
{
	return server->fd;
}

int ccx_metrics_timeout_ms(struct ccx_metrics_server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(server->daemon, &ms) != MHD_YES)
		return -1;
	return ms > 60000 ? 60000 : (int)ms;
}

void ccx_metrics_serve(struct ccx_metrics_server *server)
{
	MHD_run(server->daemon);
}

void ccx_metrics_stop(struct ccx_metrics_server *server)
{
	if (!server)
		return;
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (*server->path)
		unlink(server->path);
	free(server);
}
