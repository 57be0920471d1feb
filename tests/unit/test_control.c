// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control socket against clients that do everything but read, and the client against a server
 * that does everything but answer. Its path is fixed, so the tests get a /run of their own.
 */
#include "tests/unit/own_run.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"

#define SECOND 1000000000ULL
/* What the server may take for a client at most, on a busy machine: it must not wait at all. */
#define PROMPT_NS (SECOND / 2)

static int begin(void **state)
{
	(void)state;
	umask(022);
	unlink(CCX_CONTROL_PATH);
	rmdir(CCX_RUN_DIRECTORY);
	return 0;
}

static int listening(void)
{
	struct ccx_error error = { .text = "" };
	int fd = ccx_control_listen(&error);

	if (fd < 0)
		fail_msg("%s", error.text);
	return fd;
}

static int try_connect(int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CCX_CONTROL_PATH };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | type, 0), err;

	assert_true(fd >= 0);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

static int connected(void)
{
	int fd = try_connect(SOCK_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

/* Everything until the end of the stream; returns the length. */
static size_t read_all(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, buffer + used, size - used)) > 0)
		used += got;
	assert_int_equal(got, 0);
	return used;
}

static void answer_promptly(int listen_fd, const char *text, size_t length)
{
	uint64_t began_ns = unit_now_ns();

	ccx_control_answer(listen_fd, text, length);
	assert_true(unit_now_ns() - began_ns < PROMPT_NS);
}

static uint32_t open_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	uint32_t nr = 0;

	assert_non_null(directory);
	while (readdir(directory))
		nr++;
	closedir(directory);
	return nr;
}

static void modes_are_what_the_header_says(void **state)
{
	static const mode_t masks[] = { 0, 022, 077 };
	struct stat status;
	size_t i;
	int fd;

	(void)state;
	need_own_run();
	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		umask(masks[i]);
		fd = listening();
		assert_int_equal(stat(CCX_RUN_DIRECTORY, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0750);
		assert_int_equal(stat(CCX_CONTROL_PATH, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0660);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		ccx_control_close(fd);
	}
}

static void closing_leaves_nothing_behind(void **state)
{
	(void)state;
	need_own_run();
	ccx_control_close(listening());
	assert_int_equal(access(CCX_RUN_DIRECTORY, F_OK), -1);
	ccx_control_close(-1);
}

static void what_another_one_put_there_stays(void **state)
{
	int fd;

	(void)state;
	need_own_run();
	fd = listening();
	assert_int_equal(rename(CCX_CONTROL_PATH, CCX_CONTROL_PATH ".ours"), 0);
	close(open(CCX_CONTROL_PATH, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ccx_control_close(fd);
	assert_int_equal(unlink(CCX_CONTROL_PATH), 0);
	assert_int_equal(unlink(CCX_CONTROL_PATH ".ours"), 0);
	assert_int_equal(rmdir(CCX_RUN_DIRECTORY), 0);
}

static void what_a_killed_one_left_is_replaced(void **state)
{
	int fd = -1;

	(void)state;
	need_own_run();
	close(listening()); /* the path stays, as after SIGKILL */
	assert_int_equal(access(CCX_CONTROL_PATH, F_OK), 0);
	fd = listening();
	close(connected());
	ccx_control_close(fd);
}

static void a_path_that_is_taken_is_an_error_with_words(void **state)
{
	struct ccx_error error = { .text = "" };
	int fd;

	(void)state;
	need_own_run();
	fd = open(CCX_RUN_DIRECTORY, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_true(ccx_control_listen(&error) < 0);
	assert_non_null(strstr(error.text, CCX_RUN_DIRECTORY));
	unlink(CCX_RUN_DIRECTORY);
}

static void nobody_waiting_is_no_wait(void **state)
{
	int fd;

	(void)state;
	need_own_run();
	fd = listening();
	answer_promptly(fd, "text", 4);
	ccx_control_close(fd);
}

static void one_answer_and_the_end_of_the_stream(void **state)
{
	int fd, client;
	char buffer[64];

	(void)state;
	need_own_run();
	fd = listening();
	client = connected();
	answer_promptly(fd, "{\"version\": 1}", 14);
	assert_int_equal(read_all(client, buffer, sizeof(buffer)), 14);
	assert_memory_equal(buffer, "{\"version\": 1}", 14);
	close(client);
	ccx_control_close(fd);
}

/* test_stats.c has the longest document there is: it is no longer than this. */
static void a_large_answer_arrives_whole_before_the_client_reads(void **state)
{
	static char text[CCX_CONTROL_BYTES], got[sizeof(text) + 1];
	uint64_t seed = 1;
	int fd, client;

	(void)state;
	need_own_run();
	unit_fill(&seed, text, sizeof(text));
	fd = listening();
	client = connected();
	answer_promptly(fd, text, sizeof(text));
	assert_int_equal(read_all(client, got, sizeof(got)), sizeof(text));
	assert_memory_equal(got, text, sizeof(text));
	close(client);
	ccx_control_close(fd);
}

static void what_never_fits_is_cut_off_not_waited_for(void **state)
{
	const size_t size = 32 << 20;
	char *text = calloc(1, size), *got = malloc(size);
	int fd, client;

	(void)state;
	assert_non_null(text);
	assert_non_null(got);
	if (*refusal) {
		free(text);
		free(got);
		need_own_run();
	}
	fd = listening();
	client = connected();
	answer_promptly(fd, text, size);
	assert_in_range(read_all(client, got, size), 0, size - 1);
	close(client);
	ccx_control_close(fd);
	free(text);
	free(got);
}

static void a_client_that_left_does_no_harm(void **state)
{
	uint32_t i;
	int fd;

	(void)state;
	need_own_run();
	fd = listening();
	for (i = 0; i < 100; i++) {
		close(connected());
		answer_promptly(fd, "text", 4); /* no SIGPIPE: we are still here */
	}
	ccx_control_close(fd);
}

static void a_client_that_talks_instead_of_listening_does_no_harm(void **state)
{
	static char noise[100000], got[64];
	uint64_t seed = 2;
	int fd, client;

	(void)state;
	need_own_run();
	unit_fill(&seed, noise, sizeof(noise));
	fd = listening();
	client = connected();
	while (send(client, noise, sizeof(noise), MSG_NOSIGNAL) > 0)
		;
	answer_promptly(fd, "text", 4);
	/* the answer is there; then the stream ends, or was reset because of what nobody read */
	assert_int_equal(read(client, got, sizeof(got)), 4);
	assert_true(read(client, got, sizeof(got)) <= 0);
	close(client);
	ccx_control_close(fd);
}

/* Clients that stay connected and never read cost the server neither time nor files. */
static void hundreds_that_never_read_do_not_tie_the_server_up(void **state)
{
	static char text[60000];
	struct rlimit limit;
	uint64_t began_ns;
	int fd, clients[400];
	uint32_t before, i;

	(void)state;
	need_own_run();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	fd = listening();
	before = open_files();
	began_ns = unit_now_ns();
	for (i = 0; i < 400; i++) {
		clients[i] = connected();
		answer_promptly(fd, text, sizeof(text));
		assert_int_equal(open_files(), before + i + 1);
	}
	assert_true(unit_now_ns() - began_ns < 10 * SECOND);
	/* the next one that reads is served all the same */
	i = connected();
	answer_promptly(fd, "text", 4);
	assert_int_equal(read_all(i, text, sizeof(text)), 4);
	close(i);
	for (i = 0; i < 400; i++)
		close(clients[i]);
	assert_int_equal(open_files(), before);
	ccx_control_close(fd);
}

static void a_crowd_at_once_is_served_one_by_one(void **state)
{
	int fd, clients[64], nr = 0, i;
	char buffer[64];

	(void)state;
	need_own_run();
	fd = listening();
	while (nr < 64 && (clients[nr] = try_connect(SOCK_NONBLOCK)) >= 0)
		nr++;
	assert_true(nr >= 8);
	if (nr < 64)
		assert_int_equal(clients[nr], -EAGAIN); /* the queue is full, and bounded */
	for (i = 0; i < nr; i++)
		answer_promptly(fd, "text", 4);
	for (i = 0; i < nr; i++) {
		assert_int_equal(read_all(clients[i], buffer, sizeof(buffer)), 4);
		close(clients[i]);
	}
	ccx_control_close(fd);
}

/* ---- the client's side ---- */

struct server {
	int fd;
	const char *text;
	size_t length;
};

static void *serve_one(void *context)
{
	struct server *server = context;
	struct pollfd waiting = { .fd = server->fd, .events = POLLIN };

	if (poll(&waiting, 1, 10000) == 1)
		ccx_control_answer(server->fd, server->text, server->length);
	return NULL;
}

static char *fetch_from(const char *text, size_t length, struct ccx_error *error)
{
	struct server server = { .text = text, .length = length };
	pthread_t thread;
	char *got;

	server.fd = listening();
	assert_int_equal(pthread_create(&thread, NULL, serve_one, &server), 0);
	got = ccx_control_fetch(error);
	pthread_join(thread, NULL);
	ccx_control_close(server.fd);
	return got;
}

static void the_client_gets_what_was_said(void **state)
{
	static const size_t sizes[] = { 1, 14, 65535, 65536, 131071, 131072, 140000 };
	static char text[140000];
	struct ccx_error error = { .text = "" };
	size_t i;
	char *got;

	(void)state;
	need_own_run();
	memset(text, 'x', sizeof(text));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		got = fetch_from(text, sizes[i], &error);
		if (!got)
			fail_msg("%s", error.text);
		assert_int_equal(strlen(got), sizes[i]);
		free(got);
	}
}

static void without_a_scheduler_the_client_says_so(void **state)
{
	struct ccx_error error = { .text = "" };

	(void)state;
	need_own_run();
	assert_null(ccx_control_fetch(&error));
	assert_non_null(strstr(error.text, CCX_CONTROL_PATH));
	close(listening()); /* a socket without a listener */
	assert_null(ccx_control_fetch(&error));
	assert_non_null(strstr(error.text, CCX_CONTROL_PATH));
}

static void an_empty_answer_is_an_error(void **state)
{
	struct ccx_error error = { .text = "" };

	(void)state;
	need_own_run();
	assert_null(fetch_from("", 0, &error));
	assert_non_null(strstr(error.text, "no answer"));
}

static pid_t fetch_in_child(void)
{
	struct ccx_error error = { .text = "" };
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	alarm(20); /* far beyond any patience: killed, and that is the failure */
	_exit(!ccx_control_fetch(&error) && *error.text ? 0 : 1);
}

/* A stopped scheduler (SIGSTOP) still listens: the client gives up, also when it cannot connect. */
static void a_silent_scheduler_does_not_hold_the_client(void **state)
{
	int fd, crowd[64], nr = 0, status, i;
	pid_t first, second;

	(void)state;
	need_own_run();
	fd = listening();
	first = fetch_in_child();
	usleep(200000);
	while (nr < 64 && (crowd[nr] = try_connect(SOCK_NONBLOCK)) >= 0)
		nr++;
	second = fetch_in_child();
	assert_int_equal(waitpid(first, &status, 0), first);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_int_equal(waitpid(second, &status, 0), second);
	if (WIFSIGNALED(status))
		fail_msg("a client that waits to be accepted waits for ever");
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	for (i = 0; i < nr; i++)
		close(crowd[i]);
	ccx_control_close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(modes_are_what_the_header_says),
		TEST(closing_leaves_nothing_behind),
		TEST(what_another_one_put_there_stays),
		TEST(what_a_killed_one_left_is_replaced),
		TEST(a_path_that_is_taken_is_an_error_with_words),
		TEST(nobody_waiting_is_no_wait),
		TEST(one_answer_and_the_end_of_the_stream),
		TEST(a_large_answer_arrives_whole_before_the_client_reads),
		TEST(what_never_fits_is_cut_off_not_waited_for),
		TEST(a_client_that_left_does_no_harm),
		TEST(a_client_that_talks_instead_of_listening_does_no_harm),
		TEST(hundreds_that_never_read_do_not_tie_the_server_up),
		TEST(a_crowd_at_once_is_served_one_by_one),
		TEST(the_client_gets_what_was_said),
		TEST(without_a_scheduler_the_client_says_so),
		TEST(an_empty_answer_is_an_error),
		TEST(a_silent_scheduler_does_not_hold_the_client),
	};

	make_own_run();
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
