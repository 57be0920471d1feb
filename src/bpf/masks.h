/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU masks of the domains and the scratch masks, made once when the scheduler starts.
 */
#ifndef CCX_BPF_MASKS_H
#define CCX_BPF_MASKS_H

#include "kinds.h"

#define KIND(name)	(1U << CCX_KIND_##name)

/* A mask of the CPUs of these kinds of a domain, or of the machine for CCX_MAX_DOMAINS. */
static __always_inline struct bpf_cpumask *mask_of(u32 domain, u32 kinds)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	u32 i;

	if (!mask)
		return NULL;
	bpf_for(i, 0, ccx_machine.nr_cpus) {
		const volatile struct ccx_config_cpu *cpu = cpu_config(i);

		if (cpu->present && (domain == CCX_MAX_DOMAINS || cpu->domain == domain) &&
		    kinds & 1U << (cpu->kind & 31))
			bpf_cpumask_set_cpu(i, mask);
	}
	return mask;
}

/* Makes the mask of that name. Verified by itself (allowed.h): there are many. */
__noinline s32 ccx_mask_create(u32 domain, u32 which)
{
	struct domain_masks *masks = bpf_map_lookup_elem(&ccx_masks, &domain);
	u32 kinds = which == MASK_PERFORMANCE ? KIND(PERFORMANCE) :
		    which == MASK_LESSER      ? KIND(EFFICIENCY) | KIND(LOW_POWER) :
		    which == MASK_EFFICIENCY  ? KIND(EFFICIENCY) :
		    which == MASK_ABLE	      ? KIND(PERFORMANCE) | KIND(EFFICIENCY) : ~0U;
	struct bpf_cpumask *mask;

	if (!masks)
		return -22; /* EINVAL */
	mask = mask_of(domain, kinds);
	if (!mask)
		return -12; /* ENOMEM */
	if (which == MASK_PERFORMANCE)
		mask = bpf_kptr_xchg(&masks->performance, mask);
	else if (which == MASK_LESSER)
		mask = bpf_kptr_xchg(&masks->lesser, mask);
	else if (which == MASK_EFFICIENCY)
		mask = bpf_kptr_xchg(&masks->efficiency, mask);
	else if (which == MASK_ABLE)
		mask = bpf_kptr_xchg(&masks->able, mask);
	else
		mask = bpf_kptr_xchg(&masks->all, mask);
	if (mask)
		bpf_cpumask_release(mask);
	return 0;
}

/* Makes the masks of one domain, or of the machine for CCX_MAX_DOMAINS. */
static s32 masks_create(u32 domain)
{
	s32 err = 0;
	u32 which;

	bpf_for(which, 0, NR_MASKS) {
		err = ccx_mask_create(domain, which);
		if (err)
			break;
	}
	return err;
}

__noinline s32 ccx_scratch_create(u32 cpu)
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
