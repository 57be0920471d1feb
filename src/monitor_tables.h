/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of the live view. Each begins with its head at `at`, and leaves `at` behind itself. */
#ifndef CCX_MONITOR_TABLES_H
#define CCX_MONITOR_TABLES_H

#include "monitor_pieces.h"

/* As many domains as fit in `lines`; the first `skip` are left out. */
void draw_domains(struct place *at, const struct ccx_monitor *monitor, uint32_t skip, int lines);

/* So many lines all of them would take, with the head. */
int all_domain_lines(const struct ccx_monitor *monitor);

/* Up to line `end`. */
void draw_tasks(struct place *at, const struct ccx_monitor *monitor, uint32_t skip, int end);
void draw_counters(struct place *at, const struct ccx_monitor *monitor, uint32_t skip,
		   uint32_t skip_domains, int end);

/* Tasks a second that BPF queued without a decision of user space for them. */
double by_bpf(const struct ccx_monitor_domain *domain);

#endif
