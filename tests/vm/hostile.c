// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile SECONDS	a client of the control socket that wants to do harm
 *
 * Connects as fast as it can. Of its connections some are closed at once, some are written to, and
 * up to HELD are kept open without being read. Prints how many there were.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "control.h"

#define HELD 100

int main(int argc, char **argv)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX,
						    .sun_path = CCX_CONTROL_PATH };
	static char noise[4096];
	int held[HELD], fd, seconds = argc > 1 ? atoi(argv[1]) : 0;
	unsigned long nr = 0, refused = 0;
	time_t end = time(NULL) + seconds;

	memset(held, -1, sizeof(held));
	while (time(NULL) < end) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return 1;
		if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
			if (errno != EAGAIN) {
				perror("hostile: connect");
				return 1;
			}
			refused++;
			close(fd);
			usleep(1000);
			continue;
		}
		if (nr % 3 == 1)
			send(fd, noise, sizeof(noise), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (nr % 3 == 2) {
			close(fd);
		} else {
			close(held[nr % HELD]);
			held[nr % HELD] = fd;
		}
		nr++;
	}
	printf("%lu connections, %lu refused\n", nr, refused);
	return !nr;
}
