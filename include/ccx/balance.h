/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When shares are even between domains: the one definition that BPF and the dispatchers share. Pure.
 *
 * A domain's load is the weight of all that runs or waits there, divided by its capacity
 * (ccx_policy_capacity, ccx/policy.h): the reciprocal of what a unit of weight gets.
 */
#ifndef CCX_BALANCE_H
#define CCX_BALANCE_H

#include <linux/types.h>

#include "ccx/deadline.h"

/*
 * What a CPU of that capacity adds to its domain's. With a busy sibling a core does about a quarter more
 * than alone: shares: another CPU of its core is counted already.
 */
static inline __u32 ccx_capacity_added(__u32 capacity, int shares)
{
	return shares ? capacity / 4 : capacity;
}

/*
 * Whether shares become more even when a task of that weight moves from here, where it is counted,
 * to there: what a unit of weight gets of the capacity, here without it, is then still no more than
 * there with it. So no two domains can both want to send each other a task, and like loads rest.
 * Weights below 2^40, capacities below 2^20.
 */
static inline int ccx_evens_out(__u64 here_weight, __u32 here_capacity, __u64 there_weight,
				__u32 there_capacity, __u32 weight)
{
	return here_weight >= weight && (here_weight - weight) * there_capacity >=
						(there_weight + weight) * here_capacity;
}

/*
 * Whether a CPU whose task's slice is over should run one that waits there rather than go on with it:
 * a unit of weight gets less there, by half a task's at least. Odd loads are shared out in turn
 * that way, and like ones rest.
 */
static inline int ccx_worse_off(__u64 there_weight, __u32 there_capacity, __u64 here_weight,
				__u32 here_capacity)
{
	return there_weight * here_capacity >
	       (here_weight + CCX_WEIGHT_DEFAULT / 2) * there_capacity;
}

/*
 * Whether the only difference is the odd one of tasks of the same weight, on like domains. Such domains
 * take turns with it, too, but need not at each slice: whoever has it keeps it for CCX_ODD_KEPT_NS.
 * Among tasks of several weights all depends on which goes, and who goes is whose turn it is: shares
 * are right only if turns are frequent.
 */
#define CCX_ODD_KEPT_NS	(50 * 1000 * 1000ULL)

static inline int ccx_odd_one(__u64 there_weight, __u32 there_capacity, __u64 here_weight,
			      __u32 here_capacity, __u32 weight)
{
	return weight && there_capacity == here_capacity && there_weight == here_weight + weight &&
	       here_weight % weight == 0;
}

/*
 * As what a task counts when it is to move only for even shares. One that follows another is followed
 * in turn: twice its weight must fit.
 */
static inline __u32 ccx_weight_to_move(__u32 weight, int follows)
{
	return follows ? 2 * weight : weight;
}

/*
 * Whether a task of that weight, which sleeps and is counted nowhere, may follow its partner from here
 * to there. The partner is counted there and about to sleep, so what is there now is what will be
 * there with the task; here it would come on top. Of two partners at least one may follow the
 * other.
 */
static inline int ccx_may_follow(__u64 here_weight, __u32 here_capacity, __u64 there_weight,
				 __u32 there_capacity, __u32 weight)
{
	return there_weight * here_capacity <= (here_weight + weight) * there_capacity;
}

/*
 * Whether a domain of which no core is idle as a whole is to send a task that wakes to an idle core of
 * another one. What has one CPU or another wakes and sleeps all the time, so it does only if the loads
 * would have been more even in two of three such wake-ups of late.
 *
 * spread: what is kept of the domain, 0 at first and when a task was sent. evens_out: ccx_evens_out() of
 * this wake-up.
 */
#define CCX_SPREAD_MOST	16

static inline __u32 ccx_spread_after(__u32 spread, int evens_out)
{
	if (evens_out)
		return spread < CCX_SPREAD_MOST - 2 ? spread + 2 : CCX_SPREAD_MOST;
	return spread ? spread - 1 : 0;
}

/*
 * Where a CPU with nothing to do looks for work: in so many other domains, however many there are. The
 * nearest ones always, further ones in turn: `turn` counts up, by CCX_STEAL_OTHERS for each time. The
 * result is an index into the domains by distance.
 */
#define CCX_STEAL_NEAREST	8
#define CCX_STEAL_OTHERS	4

static inline __u32 ccx_steal_looks(__u32 others)
{
	__u32 most = CCX_STEAL_NEAREST + CCX_STEAL_OTHERS;

	return others < most ? others : most;
}

static inline __u32 ccx_steal_index(__u32 look, __u32 turn, __u32 others)
{
	if (look < CCX_STEAL_NEAREST || others <= CCX_STEAL_NEAREST + CCX_STEAL_OTHERS)
		return look;
	others -= CCX_STEAL_NEAREST;
	return CCX_STEAL_NEAREST + (turn % others + look - CCX_STEAL_NEAREST) % others;
}

#endif
