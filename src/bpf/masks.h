/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU masks of the domains and the scratch masks, made once when the scheduler starts.
 */
#ifndef CCX_BPF_MASKS_H
#define CCX_BPF_MASKS_H

#include "state.h"

/* Makes the masks of one domain, or of the machine for CCX_MAX_DOMAINS. */
static s32 masks_create(u32 domain)
{
	struct domain_masks *masks = bpf_map_lookup_elem(&ccx_masks, &domain);
	struct bpf_cpumask *all, *performance, *lesser, *old;
	u32 i;

	if (!masks)
		return -22; /* EINVAL */
	all = bpf_cpumask_create();
	if (!all)
		return -12; /* ENOMEM */
	performance = bpf_cpumask_create();
	if (!performance) {
		bpf_cpumask_release(all);
		return -12;
	}
	lesser = bpf_cpumask_create();
	if (!lesser) {
		bpf_cpumask_release(all);
		bpf_cpumask_release(performance);
		return -12;
	}
	bpf_for(i, 0, ccx_config.nr_cpus) {
		const volatile struct ccx_config_cpu *cpu = cpu_config(i);

		if (!cpu->present || (domain != CCX_MAX_DOMAINS && cpu->domain != domain))
			continue;
		bpf_cpumask_set_cpu(i, all);
		bpf_cpumask_set_cpu(i, cpu->kind == CCX_KIND_PERFORMANCE ? performance : lesser);
	}
	old = bpf_kptr_xchg(&masks->all, all);
	if (old)
		bpf_cpumask_release(old);
	old = bpf_kptr_xchg(&masks->performance, performance);
	if (old)
		bpf_cpumask_release(old);
	old = bpf_kptr_xchg(&masks->lesser, lesser);
	if (old)
		bpf_cpumask_release(old);
	return 0;
}

static s32 scratch_create(u32 cpu)
{
	struct bpf_cpumask *mask, *old;
	struct scratch_mask *scratch;
	u32 zero = 0;

	scratch = bpf_map_lookup_percpu_elem(&ccx_scratch, &zero, cpu);
	if (!scratch)
		return -22; /* EINVAL */
	mask = bpf_cpumask_create();
	if (!mask)
		return -12; /* ENOMEM */
	old = bpf_kptr_xchg(&scratch->mask, mask);
	if (old)
		bpf_cpumask_release(old);
	return 0;
}

#endif
