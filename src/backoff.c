// SPDX-License-Identifier: GPL-2.0-only
#include "backoff.h"

uint32_t ccx_backoff_next(struct ccx_backoff *backoff, uint64_t lasted_ms)
{
	uint32_t wait_ms = CCX_BACKOFF_MIN_MS, i;

	if (lasted_ms >= CCX_STABLE_MS)
		backoff->restarts = 0;
	if (backoff->restarts >= CCX_RESTARTS_MAX)
		return CCX_BACKOFF_GIVE_UP;
	backoff->restarts++;
	for (i = CCX_RESTARTS_SOON; i < backoff->restarts && wait_ms < CCX_BACKOFF_MAX_MS; i++)
		wait_ms *= 2;
	return wait_ms < CCX_BACKOFF_MAX_MS ? wait_ms : CCX_BACKOFF_MAX_MS;
}
