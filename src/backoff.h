/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long to wait before the scheduler starts again, and when to give up. Pure: no clock, no
 * sleep.
 */
#ifndef CCX_BACKOFF_H
#define CCX_BACKOFF_H

#include <stdint.h>

/*
 * CPUs seldom come or go alone (siblings, a whole domain, all but one for a suspend), and they do one
 * by one. Between two changes of scheduler every task should have had its turn, too.
 */
#define CCX_BACKOFF_MIN_MS	100
#define CCX_RESTARTS_SOON	4	/* so many after that time; then twice as long each time, */
#define CCX_BACKOFF_MAX_MS	5000	/* up to this */
#define CCX_RESTARTS_MAX	20	/* in a row: about 50 s of waiting */
#define CCX_STABLE_MS		10000	/* a session that lasted this long ends the row */

#define CCX_BACKOFF_GIVE_UP	UINT32_MAX

struct ccx_backoff {
	uint32_t restarts;	/* in a row */
};

/*
 * A session ended after `lasted_ms` and is to be followed by another one. Milliseconds to wait
 * before that, or CCX_BACKOFF_GIVE_UP.
 */
uint32_t ccx_backoff_next(struct ccx_backoff *backoff, uint64_t lasted_ms);

#endif
