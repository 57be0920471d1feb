// SPDX-License-Identifier: GPL-2.0-only
/* How far apart domains are, and whether the scheduler can run on so many. */
#include <errno.h>

#include "topology/internal.h"

enum ccx_distance ccx_topology_distance(const struct ccx_topology *topology, uint32_t a, uint32_t b)
{
	const struct ccx_domain *x = &topology->domains[a], *y = &topology->domains[b];

	if (a == b)
		return CCX_DISTANCE_SELF;
	if (x->cache_id == y->cache_id && !(x->flags & CCX_DOMAIN_NO_CACHE))
		return CCX_DISTANCE_SAME_CACHE;
	if (x->node == y->node)
		return x->package == y->package ? CCX_DISTANCE_SAME_PACKAGE
						: CCX_DISTANCE_SAME_NODE;
	return x->package == y->package ? CCX_DISTANCE_PACKAGE_NODE : CCX_DISTANCE_OTHER_NODE;
}

int ccx_topology_check_limits(const struct ccx_topology *topology, struct ccx_error *error)
{
	uint32_t highest = topology->cpus[topology->nr_cpus - 1].id;

	if (highest >= CCX_MAX_CPUS)
		return ccx_error_set(error, -E2BIG,
				     "this machine has a CPU %u; the scheduler takes CPUs 0 to %d",
				     highest, CCX_MAX_CPUS - 1);
	if (topology->nr_domains > CCX_MAX_DOMAINS)
		return ccx_error_set(error, -E2BIG,
				     "this machine has %u domains, the scheduler takes %d: raise "
				     "--max-domain-cpus (now %u)",
				     topology->nr_domains, CCX_MAX_DOMAINS,
				     topology->private->max_domain_cpus);
	return 0;
}
