/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU masks of the domains and the scratch masks, made once when the scheduler starts.
 */
#ifndef CCX_BPF_MASKS_H
#define CCX_BPF_MASKS_H

#include "state.h"

#define KIND(name)	(1U << CCX_KIND_##name)

/* A mask of the CPUs of these kinds of a domain, or of the machine for CCX_MAX_DOMAINS. */
static __always_inline struct bpf_cpumask *mask_of(u32 domain, u32 kinds)
{
	struct bpf_cpumask *mask = bpf_cpumask_create();
	u32 i;

	if (!mask)
		return NULL;
	bpf_for(i, 0, ccx_config.nr_cpus) {
		const volatile struct ccx_config_cpu *cpu = cpu_config(i);

		if (cpu->present && (domain == CCX_MAX_DOMAINS || cpu->domain == domain) &&
		    kinds & 1U << (cpu->kind & 31))
			bpf_cpumask_set_cpu(i, mask);
	}
	return mask;
}

#define MASK_SET(masks, name, domain, kinds)                                                       \
	({                                                                                         \
		struct bpf_cpumask *mask = mask_of(domain, kinds);                                 \
                                                                                                   \
		if (!mask)                                                                         \
			return -12; /* ENOMEM */                                                   \
		mask = bpf_kptr_xchg(&(masks)->name, mask);                                        \
		if (mask)                                                                          \
			bpf_cpumask_release(mask);                                                 \
	})

/* Makes the masks of one domain, or of the machine for CCX_MAX_DOMAINS. */
static s32 masks_create(u32 domain)
{
	struct domain_masks *masks = bpf_map_lookup_elem(&ccx_masks, &domain);

	if (!masks)
		return -22; /* EINVAL */
	MASK_SET(masks, all, domain, ~0U);
	MASK_SET(masks, performance, domain, KIND(PERFORMANCE));
	MASK_SET(masks, lesser, domain, KIND(EFFICIENCY) | KIND(LOW_POWER));
	MASK_SET(masks, efficiency, domain, KIND(EFFICIENCY));
	MASK_SET(masks, able, domain, KIND(PERFORMANCE) | KIND(EFFICIENCY));
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
