/* SPDX-License-Identifier: GPL-2.0-only */
/* Bounds that the topology library, the program and the BPF side share. */
#ifndef CCX_LIMITS_H
#define CCX_LIMITS_H

#define CCX_MAX_CPUS		1024	/* highest CPU number + 1 the scheduler takes */
#define CCX_MAX_DOMAINS		64	/* upper bound that the BPF side is built for */
#define CCX_CAPACITY_MAX	1024	/* capacity of the fastest CPU */

enum ccx_kind {
	CCX_KIND_PERFORMANCE,
	CCX_KIND_EFFICIENCY,
	CCX_KIND_LOW_POWER,
	CCX_NR_KINDS,
};

/*
 * Ready queues of a domain, by the least capable kind of CPU that takes from them at once:
 * CCX_KIND_PERFORMANCE (latency-critical tasks) and CCX_KIND_EFFICIENCY (all others; any kind).
 */
#define CCX_NR_READY		2

#endif
