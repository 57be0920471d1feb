/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libconfig 1.5 (Debian 12) loses the string that it was scanning when a file turns out to be
 * wrong: at most the file's size for each bad reload. Our own leaks are still reported.
 * Include it in one file of a test.
 */
#ifndef CCX_TESTS_LIBCONFIG_LEAK_H
#define CCX_TESTS_LIBCONFIG_LEAK_H

const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

#endif
