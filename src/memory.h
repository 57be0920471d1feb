/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps what the dispatchers touch in memory: a page fault there would be a stall. */
#ifndef CCX_MEMORY_H
#define CCX_MEMORY_H

#include "ccx/error.h"

/* Lifts the limit on locked memory, as far as this user may. */
void ccx_memory_allow(void);

/*
 * Locks the program's own pages and those of the libraries its loops run in now, and everything
 * else when it is first touched: libraries that only start-up needs (XML, and what it drags in)
 * would be tens of megabytes. -errno when the limit on locked memory cannot be raised.
 */
int ccx_memory_lock(struct ccx_error *error);

#endif
