/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls that the program can make from here on (seccomp): no other program is started, no process made,
 * no memory of others read, nothing mounted, no module loaded. Everything else that it and its libraries
 * need passes; what is refused fails with EPERM.
 */
#ifndef CCX_FILTER_H
#define CCX_FILTER_H

#include <stdbool.h>

#include "ccx/error.h"

/*
 * For this thread and those that it starts later. children: the program may make processes of itself, as reading a
 * topology from a file does; still none of another program. counters: it may open the CPUs' counters. Needs no_new_privs
 * (ccx_privileges_begin).
 * -errno and `error` on failure, -ENOTSUP on a kernel without seccomp.
 */
int ccx_filter_install(bool children, bool counters, struct ccx_error *error);

#endif
