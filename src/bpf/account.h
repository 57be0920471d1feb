/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is noted when a CPU goes idle, and when a task begins and stops to run.
 */
#ifndef CCX_BPF_ACCOUNT_H
#define CCX_BPF_ACCOUNT_H

#include "state.h"

static __always_inline bool all_idle(u32 domain)
{
	return domain_state(domain)->nr_idle >= domain_config(domain)->nr_cpus;
}

/*
 * How many CPUs of a domain have nothing to run: counted where a CPU finds nothing and where it
 * runs something again. (ops.update_idle would say it, too, as two more programs for each sleep; a
 * CPU that a real-time task takes over counts as idle.) True when all are idle now.
 */
static __always_inline bool goes_idle(s32 cpu, u32 domain)
{
	struct ccx_cpu_state *state = cpu_state(cpu);

	if (state->idle)
		return all_idle(domain);
	state->idle = 1;
	return __sync_fetch_and_add(&domain_state(domain)->nr_idle, 1) + 1 >=
	       domain_config(domain)->nr_cpus;
}

static __always_inline void is_busy(s32 cpu, u32 domain)
{
	if (!cpu_state(cpu)->idle)
		return;
	cpu_state(cpu)->idle = 0;
	__sync_fetch_and_add(&domain_state(domain)->nr_idle, -1);
}

/* Where the task begins to run: how long it was queued. */
static __always_inline void waited(struct ccx_cpu_state *state, struct task_ctx *tctx, u64 now)
{
	s64 wait_ns = now - tctx->queued_ns;	/* two CPUs' clocks */

	tctx->queued_ns = 0;
	if (ccx_waits_period_over(&state->waits, now))
		ccx_waits_begin(&state->waits, now, bpf_ktime_get_ns());
	if (wait_ns > 0)
		ccx_waits_add(&state->waits, wait_ns);
}

/* The task has run for ran_ns; its virtual time is still what it was when it began. */
static __always_inline void advance_clock(struct ccx_domain_state *home, struct task_ctx *tctx,
					  u64 ran_ns, u64 now)
{
	u64 by = ccx_clock_service(ran_ns, home->weight);
	s64 elapsed = now - home->vtime_advanced_ns;

	if (elapsed > 0) {
		home->vtime_advanced_ns = now;
		by += ccx_clock_correct(home->vtime_now + by, tctx->vtime, tctx->awake_ns > 0,
					elapsed);
	}
	__sync_fetch_and_add(&home->vtime_now, by);
	if (ccx_ordered_exactly(tctx->awake_ns))
		home->front_ns = ccx_front_average(home->front_ns, tctx->vtime - home->vtime_now);
}

#endif
