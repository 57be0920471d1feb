/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which kinds of CPU suit a task, on machines that have several.
 *
 * A latency-critical task takes performance CPUs only. While such tasks are about in a domain, the
 * others leave its performance CPUs alone as long as they get a lesser one. When none are, a heavy
 * task takes an idle performance CPU before any other, and moves on to one that goes idle later.
 *
 * Utilisation clamps say so, too: a task whose maximum is what a lesser CPU has takes lesser ones
 * first and is never latency-critical; one whose minimum is more than that takes performance CPUs
 * first, as a heavy one does.
 *
 * Low-power CPUs are for what is light: a heavy task gets one only where it would have to wait, and
 * moves on as soon as a better CPU is idle. (Where a machine has no efficiency CPUs, user space
 * passes its low-power ones off as such: then they are half of the machine.)
 */
#ifndef CCX_BPF_KINDS_H
#define CCX_BPF_KINDS_H

#include "classify.h"
#include "queues.h"

#define CRITICAL_LINGERS_NS	(50 * 1000 * 1000ULL)	/* three frames at 60 Hz */

/* Sets of CPUs to look for an idle one in. */
enum kind_mask {
	MASK_ALL,
	MASK_PERFORMANCE,
	MASK_LESSER,		/* all but performance */
	MASK_EFFICIENCY,
	MASK_ABLE,		/* all but low-power */
	NR_MASKS
};

/* The performance CPUs of the domain are wanted for latency-critical tasks. */
static __always_inline bool critical_about(u32 domain, u64 now)
{
	return domain_state(domain)->critical_ns + CRITICAL_LINGERS_NS > now;
}

/*
 * A latency-critical task is queued or runs. Those that do not add up to anything (a timer, a
 * kernel thread) get a CPU when they wake, and nothing is kept free for them.
 */
static __always_inline void critical_seen(struct ccx_domain_state *state, struct task_ctx *tctx,
					  u64 now)
{
	if (tctx->ruled == CCX_CLASS_LATENCY_CRITICAL ||
	    (tctx->band < CCX_NR_BANDS && state->critical_load))
		state->critical_ns = now;
}

/* It keeps a CPU busy and may want a fast one. */
static __always_inline bool heavy(struct task_ctx *tctx)
{
	return tctx->speed != CCX_SPEED_LOW && ccx_is_heavy(tctx->burst_ns, tctx->burst_now_ns);
}

static __always_inline bool wants_performance(struct task_ctx *tctx)
{
	return tctx->speed == CCX_SPEED_HIGH || heavy(tctx);
}

static __always_inline bool low_power_only(u32 domain)
{
	return ccx_machine.low_power_domains & 1ULL << (domain & 63);
}

/* What an ordinary task looks through in a domain, best first. */
static __always_inline enum kind_mask first_mask(struct task_ctx *tctx, u32 domain, u64 now)
{
	if (tctx->speed == CCX_SPEED_LOW)
		return MASK_LESSER;
	if (critical_about(domain, now))
		return heavy(tctx) ? MASK_EFFICIENCY : MASK_LESSER;
	if (wants_performance(tctx))
		return MASK_PERFORMANCE;
	return ccx_config.low_power ? MASK_ABLE : MASK_ALL;
}

static __always_inline enum kind_mask second_mask(struct task_ctx *tctx)
{
	return ccx_config.low_power && heavy(tctx) ? MASK_ABLE : MASK_ALL;
}

/* It may go on where it is: another CPU would be no better. */
static __always_inline bool cpu_suits(struct task_ctx *tctx, s32 cpu, u64 now)
{
	const volatile struct ccx_config_cpu *config = cpu_config(cpu);

	if (!ccx_config.mixed_kinds)
		return true;
	if (tctx->critical)
		return config->kind == CCX_KIND_PERFORMANCE;
	if (config->kind == CCX_KIND_PERFORMANCE)
		return tctx->speed != CCX_SPEED_LOW && !critical_about(config->domain, now);
	return config->kind != CCX_KIND_LOW_POWER || !heavy(tctx);
}

#endif
