/* SPDX-License-Identifier: GPL-2.0-only */
/* What a running scheduler says of itself, for commands that show it beside something else. */
#ifndef CCX_RUNNING_H
#define CCX_RUNNING_H

#include "ccx/topology.h"

struct ccx_running;

/* Asks the running scheduler. NULL when there is none, it may not be asked, or does not answer. */
struct ccx_running *ccx_running_ask(void);

/* Its view as the topology dump wants it; valid until ccx_running_free(). */
const struct ccx_topology_use *ccx_running_use(const struct ccx_running *running);

void ccx_running_free(struct ccx_running *running);

#endif
