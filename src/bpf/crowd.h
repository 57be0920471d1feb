/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crowds: a timer ends turns where slices would make a round too long (ccx/crowd.h).
 *
 * One timer a domain. It runs only while there is a crowd: a look (pick.h) measures it and starts the
 * timer, which ends when the look finds none, or when none is taken any more.
 */
#ifndef CCX_BPF_CROWD_H
#define CCX_BPF_CROWD_H

#include "ccx/crowd.h"
#include "queues.h"
#include "timer.h"

#define LOOK_NS		(50 * 1000 * 1000ULL)	/* between two looks at a domain (pick.h) */
#define LOOKS_LAST_NS	(10 * LOOK_NS)		/* none for so long: nothing of ours runs there */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CCX_MAX_DOMAINS);
	__type(key, u32);
	__type(value, struct timer_value);
} ccx_turn_timers SEC(".maps");

/*
 * Whether what runs there has had its turn: it is what ran when the timer came the last time, half a
 * turn ago, and before that another one did. For how long it has run cannot be asked: outside of a
 * scheduler's callback the run queue's clock may be as old as the last one that touched the queue. Nor
 * would that do where the machine stands still at times, as a guest does: everybody gets somewhere.
 */
static __always_inline bool turn_over(struct ccx_cpu_state *state, u64 now)
{
	u64 since = state->running_since_ns;

	if (since != state->turn_seen_ns) {
		state->turn_seen_ns = since;
		return false;
	}
	return since && !state->running_dispatcher &&
	       (!state->running_critical || (since < now && ccx_runs_long(now - since)));
}

static int turns_end(void *map, u32 *key, struct timer_value *timer)
{
	struct ccx_domain_state *state;
	u32 domain = *key, i;
	u64 now = ccx_now(), turn_ns;

	state = domain_state(domain);
	turn_ns = state->turn_ns;
	if (!turn_ns || now > state->look_ns + LOOKS_LAST_NS) {
		/* a look from here on starts it again */
		state->turn_ns = 0;
		state->turns_timed = 0;
		return 0;
	}
	bpf_for(i, 0, ccx_machine.nr_cpus)
		if (cpu_config(i)->present && cpu_config(i)->domain == domain &&
		    turn_over(cpu_state(i), now))
			scx_bpf_kick_cpu(i, CCX_KICK_PREEMPT);
	bpf_timer_start(&timer->timer, turn_ns / 2, 0);
	return 0;
}

/* How many wait for each CPU, or for the one with most that may run nowhere else. */
static __always_inline u64 waiting_each(u32 domain)
{
	struct ccx_domain_state *state = domain_state(domain);
	u64 nr = nr_ready_all(domain);
	u32 nr_cpus = domain_config(domain)->nr_cpus, bound = 0, i;

	if (state->custody > 0)
		nr += state->custody;
	bpf_for(i, 0, ccx_machine.nr_cpus)
		if (cpu_config(i)->domain == domain && cpu_state(i)->bound > bound)
			bound = cpu_state(i)->bound;
	return (nr_cpus ? nr / nr_cpus : 0) + bound;
}

static __always_inline void mark_old(struct ccx_domain_state *state, u32 mark, bool on)
{
	if (on)
		__sync_fetch_and_or(&state->old, mark);
	else
		__sync_fetch_and_and(&state->old, ~mark);
}

static __always_inline void crowd_look(u32 domain)
{
	struct ccx_domain_state *state = domain_state(domain);

	state->turn_ns = ccx_turn_ns(waiting_each(domain), ccx_config.slice_ns);
	if (crowded(domain) != !!state->turn_ns)
		mark_old(state, OLD_CROWD, state->turn_ns);
	if (state->turn_ns)
		timer_arm(&ccx_turn_timers, domain, &state->turns_timed, state->turn_ns);
}

static __always_inline s32 turns_create(u32 domain)
{
	return timer_create(&ccx_turn_timers, domain, turns_end);
}

#endif
