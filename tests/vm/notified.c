// SPDX-License-Identifier: GPL-2.0-only
/*
 * notified PATH	a service manager's ear: makes the datagram socket PATH and prints what comes, each
 * message on a line behind the milliseconds since the one before it, blanks for its newlines. Until it is killed.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t before_ms = now_ms(), ms;
	char text[4096], *at;
	ssize_t length;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: notified PATH\n");
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	unlink(argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("notified");
		return 1;
	}
	while ((length = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[length] = '\0';
		for (at = text; *at; at++)
			if (*at == '\n')
				*at = ' ';
		ms = now_ms();
		printf("%llu %s\n", (unsigned long long)(ms - before_ms), text);
		fflush(stdout);
		before_ms = ms;
	}
	return 1;
}
