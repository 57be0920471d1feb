// SPDX-License-Identifier: GPL-2.0-only
/*
 * serve FILE    the control socket of a scheduler that is not there: every client gets what FILE has
 *               at that moment. Until it is killed. For tests of what asks for figures.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "control.h"

static char text[CCX_CONTROL_BYTES];

static void leave(int signal)
{
	(void)signal;
	_exit(0);
}

int main(int argc, char **argv)
{
	struct ccx_error error;
	struct pollfd client = { .events = POLLIN };
	size_t length;
	FILE *file;

	if (argc != 2) {
		fprintf(stderr, "usage: serve FILE\n");
		return 2;
	}
	client.fd = ccx_control_listen(&error);
	if (client.fd < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	signal(SIGTERM, leave);
	for (;;) {
		if (poll(&client, 1, -1) != 1)
			continue;
		file = fopen(argv[1], "re");
		length = file ? fread(text, 1, sizeof(text), file) : 0;
		if (file)
			fclose(file);
		ccx_control_answer(client.fd, text, length);
	}
}
