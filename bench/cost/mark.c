// SPDX-License-Identifier: GPL-2.0-only
/* mark [off]: tells the emulator's plugin (count.c) to begin, or to end, counting. */
#include "mark.h"

#define CODE(bytes...)	CODE_(bytes)
#define CODE_(bytes...)	__asm__ volatile(".byte " #bytes)

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		CODE(MARK_OFF);
	else
		CODE(MARK_ON);
	return 0;
}
