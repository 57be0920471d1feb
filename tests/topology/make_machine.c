// SPDX-License-Identifier: GPL-2.0-only
/*
 * make_machine DESCRIPTION DIRECTORY: the file tree of a .machine file, to look at or to dump with
 * `scx_ccx topology --topology fsroot:DIRECTORY`. The tests do the same by themselves.
 */
#include "tests/topology/machine.h"

int main(int argc, char **argv)
{
	static struct machine machine;

	if (argc != 3) {
		fprintf(stderr, "usage: make_machine DESCRIPTION DIRECTORY\n");
		return 2;
	}
	mkdir(argv[2], 0755);
	if (!machine_build(&machine, argv[1], argv[2])) {
		fprintf(stderr, "make_machine: cannot build %s below %s\n", argv[1], argv[2]);
		return 1;
	}
	return 0;
}
