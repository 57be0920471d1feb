// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HTTP server of the metrics against clients of all sorts: client and server take turns in one
 * thread, so that a server that waits for a client fails the test and does not hang it.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics_server.h"

#define SECOND	  1000000000ULL
#define GET	  "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
#define PROMPT_NS (SECOND / 2)

static char directory[] = "/tmp/ccx-metrics-XXXXXX";
static char path[64];
static uint32_t readings;

static void read_figures(void *context, struct ccx_stats *stats)
{
	assert_ptr_equal(context, &readings);
	memset(stats, 0, sizeof(*stats));
	stats->nr_domains = 1;
	stats->uptime_ns = ++readings * SECOND;
}

static int listening(const char *text, struct ccx_metrics_address *address)
{
	struct ccx_error error = { .text = "" };
	int fd;

	if (ccx_metrics_parse(text, address, &error))
		fail_msg("%s", error.text);
	fd = ccx_metrics_listen(address, &error);
	if (fd < 0)
		fail_msg("%s", error.text);
	return fd;
}

static struct ccx_metrics_server *serving(int fd, unsigned int patience_s)
{
	struct ccx_error error = { .text = "" };
	struct ccx_metrics_server *server;

	readings = 0;
	server = ccx_metrics_start(fd, patience_s, read_figures, &readings, &error);
	if (!server)
		fail_msg("%s", error.text);
	return server;
}

static int client(const struct ccx_metrics_address *address, const char *request)
{
	int fd = socket(address->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &address->address.any, address->length), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	if (*request)
		assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	return fd;
}

/* As the program's loop does; and it must not wait for anybody. */
static void serve(struct ccx_metrics_server *server, int at_most_ms)
{
	struct pollfd ready = { .fd = ccx_metrics_fd(server), .events = POLLIN };
	int timeout_ms = ccx_metrics_timeout_ms(server);
	uint64_t began_ns;

	poll(&ready, 1, timeout_ms < 0 || timeout_ms > at_most_ms ? at_most_ms : timeout_ms);
	began_ns = unit_now_ns();
	ccx_metrics_serve(server);
	assert_true(unit_now_ns() - began_ns < PROMPT_NS);
}

/* Serves until the client has `until`, or the end of the stream (`until` NULL); the text so far. */
static const char *answer_of(struct ccx_metrics_server *server, int fd, const char *until)
{
	static char text[65536];
	uint64_t began_ns = unit_now_ns();
	size_t used = 0;
	ssize_t got = -1;

	do {
		serve(server, 10);
		got = read(fd, text + used, sizeof(text) - used - 1);
		if (got > 0)
			used += got;
		text[used] = '\0';
		if (unit_now_ns() - began_ns > 20 * SECOND)
			fail_msg("no answer, only: %s", text);
	} while (until ? !strstr(text, until) : got);
	return text;
}

static void good_address(const char *text, int family)
{
	struct ccx_metrics_address address;

	assert_int_equal(ccx_metrics_parse(text, &address, NULL), 0);
	assert_int_equal(address.address.any.sa_family, family);
}

static void only_this_machine_is_served(void **state)
{
	static const char *const bad[] = {
		"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:1x",
		"127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:99999999999999999999", "127.0.0.1:-1",
		"0.0.0.0:9100", ":9100", "9100", "localhost:9100", "127.0.0.2:9100", "[::]:9100",
		"[::1]", "[::1]:", "::1:9100", "192.0.2.1:9100", "metrics.sock", "./x", "@abstract",
		"unix:/x", "[::ffff:127.0.0.1]:9100",
	};
	struct ccx_metrics_address address;
	struct ccx_error error;
	char longest[200];
	size_t i;

	(void)state;
	good_address("127.0.0.1:1", AF_INET);
	good_address("127.0.0.1:65535", AF_INET);
	good_address("[::1]:9100", AF_INET6);
	good_address("/run/scx_ccx/metrics", AF_UNIX);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		*error.text = '\0';
		if (ccx_metrics_parse(bad[i], &address, &error) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(error.text, "this machine only"));
	}
	memset(longest, '/', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ccx_metrics_parse(longest, &address, &error), -EINVAL);
	assert_non_null(strstr(error.text, "107 bytes"));
	longest[107] = '\0';
	assert_int_equal(ccx_metrics_parse(longest, &address, &error), 0);
}

static void requests_get_what_they_ask_for(void **state)
{
	static const struct {
		const char *request, *status, *content;
	} cases[] = {
		{ GET, "HTTP/1.1 200 ", "\r\nContent-Type: application/openmetrics-text; "
					"version=1.0.0; charset=utf-8\r\n" },
		{ GET, "HTTP/1.1 200 ", "\n# EOF\n" },
		{ "GET /metrics HTTP/1.0\r\nAccept: text/plain\r\n\r\n", "HTTP/1.",
		  "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n" },
		{ "GET /metrics?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "# EOF" },
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "see /metrics" },
		{ "GET /metrics/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "" },
		{ "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		  "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n" },
		{ "DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 ", "" },
		{ "nonsense\r\n\r\n", "", "" },
	};
	struct ccx_metrics_address address;
	struct ccx_metrics_server *server = serving(listening(path, &address), 10);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = client(&address, cases[i].request);
		const char *text;

		shutdown(fd, SHUT_WR);
		text = answer_of(server, fd, NULL);
		if (strncmp(text, cases[i].status, strlen(cases[i].status)) ||
		    !strstr(text, cases[i].content))
			fail_msg("'%s' got: %s", cases[i].request, text);
		close(fd);
	}
	ccx_metrics_stop(server);
	assert_int_equal(access(path, F_OK), -1);
}

static void each_request_reads_anew(void **state)
{
	struct ccx_metrics_address address;
	struct ccx_metrics_server *server = serving(listening(path, &address), 10);
	int fd = client(&address, GET);

	(void)state;
	assert_non_null(strstr(answer_of(server, fd, "# EOF\n"), "uptime_seconds 1.000000000"));
	/* on the same connection */
	assert_int_equal(write(fd, GET, strlen(GET)), strlen(GET));
	assert_non_null(strstr(answer_of(server, fd, "# EOF\n"), "uptime_seconds 2.000000000"));
	assert_int_equal(readings, 2);
	close(fd);
	ccx_metrics_stop(server);
}

static void a_loopback_port_is_served(void **state)
{
	static const char *const places[] = { "127.0.0.1:1", "[::1]:1" };
	struct ccx_metrics_address address;
	struct ccx_metrics_server *server;
	struct ccx_error error;
	uint32_t served = 0;
	int fd, listen_fd;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(ccx_metrics_parse(places[i], &address, &error), 0);
		/* any port that is free; the port is at the same place in both */
		address.address.in.sin_port = 0;
		listen_fd = ccx_metrics_listen(&address, &error);
		if (listen_fd < 0) {
			print_message("%s\n", error.text); /* a machine without IPv6 */
			continue;
		}
		getsockname(listen_fd, &address.address.any, &address.length);
		assert_int_equal(ccx_metrics_listen(&address, &error), -EADDRINUSE);
		assert_non_null(strstr(error.text, "cannot listen for metrics at "));
		server = serving(listen_fd, 10);
		fd = client(&address, GET);
		answer_of(server, fd, "# EOF\n");
		close(fd);
		ccx_metrics_stop(server);
		served++;
	}
	assert_true(served > 0);
}

static void silent_clients_are_bounded_and_go(void **state)
{
	struct ccx_metrics_address address;
	struct ccx_metrics_server *server = serving(listening(path, &address), 1);
	int silent[CCX_METRICS_CLIENTS], fd, i;

	(void)state;
	for (i = 0; i < CCX_METRICS_CLIENTS; i++)
		silent[i] = client(&address, i % 2 ? "GET /met" : "");
	for (i = 0; i < 10; i++)
		serve(server, 1);
	fd = client(&address, GET);
	for (i = 0; i < 10; i++)
		serve(server, 1);
	assert_int_equal(readings, 0); /* its turn comes when one of the others has gone */
	answer_of(server, fd, "# EOF\n");
	assert_int_equal(readings, 1);
	answer_of(server, silent[0], NULL);
	for (i = 0; i < CCX_METRICS_CLIENTS; i++)
		close(silent[i]);
	close(fd);
	ccx_metrics_stop(server);
}

static void a_request_without_end_is_cut_off(void **state)
{
	static char endless[65536];
	struct ccx_metrics_address address;
	struct ccx_metrics_server *server = serving(listening(path, &address), 10);
	int fd = client(&address, "GET /metrics HTTP/1.1\r\nX: ");

	(void)state;
	memset(endless, 'x', sizeof(endless));
	assert_true(write(fd, endless, sizeof(endless)) > 0);
	while (strncmp(answer_of(server, fd, "HTTP/1.1 "), "HTTP/1.1 4", 10))
		;
	assert_int_equal(readings, 0);
	close(fd);
	ccx_metrics_stop(server);
}

static void only_a_leftover_socket_is_replaced(void **state)
{
	struct ccx_metrics_address address;
	struct ccx_error error;
	struct stat status;
	int fd = listening(path, &address);

	(void)state;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_int_equal(ccx_metrics_listen(&address, &error), -EADDRINUSE);
	close(fd); /* as after SIGKILL */
	fd = listening(path, &address);
	close(fd);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(ccx_metrics_listen(&address, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_this_machine_is_served),
		cmocka_unit_test(requests_get_what_they_ask_for),
		cmocka_unit_test(each_request_reads_anew),
		cmocka_unit_test(a_loopback_port_is_served),
		cmocka_unit_test(silent_clients_are_bounded_and_go),
		cmocka_unit_test(a_request_without_end_is_cut_off),
		cmocka_unit_test(only_a_leftover_socket_is_replaced),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/metrics", directory);
	failed = cmocka_run_group_tests_name("metrics_server", tests, NULL, NULL);
	unlink(path);
	rmdir(directory);
	return failed;
}
