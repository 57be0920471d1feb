/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the program may do, and when: docs/operations.md has the table. Capabilities belong to
 * threads; each function changes the calling one.
 *
 *	ccx_privileges_begin()	main thread, before all others: gives up for good what is never needed
 *	ccx_privileges_raise()	main thread, before BPF is loaded
 *	ccx_privileges_lower()	main thread, once attached: what is left stays permitted, for a restart
 *	ccx_privileges_drop()	any other thread: everything, for good
 */
#ifndef CCX_PRIVILEGES_H
#define CCX_PRIVILEGES_H

#include "ccx/error.h"

/* The name of a capability that loading BPF needs and this thread lacks; NULL if it has all. */
const char *ccx_privileges_missing(void);

/* -errno and `error` when something could not be given up. Not having it is no failure. */
int ccx_privileges_begin(struct ccx_error *error);
int ccx_privileges_raise(struct ccx_error *error);
int ccx_privileges_lower(struct ccx_error *error);
int ccx_privileges_drop(void);

#endif
