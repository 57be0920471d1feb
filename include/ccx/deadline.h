/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual time and deadlines: the one definition that BPF and the dispatchers share. Pure.
 *
 * Virtual time is CPU time divided by weight (weight 100 = nice 0), kept per task; a domain's clock
 * says how far a task is that has had its share so far. A task is ordered by
 *
 *	deadline = vtime + min(max(awake - step, 0), cap)
 *
 * where `awake` is the virtual CPU time it has used since it last slept. A task that sleeps often
 * has a short `awake` and comes before one that never does, which is what makes a desktop feel
 * alive; vtime alone keeps the shares. A sleeper may not save up more than `lag` of virtual time.
 * The first step is free: else who writes messages would always come after who reads them, and the
 * readers would be woken for one message each.
 */
#ifndef CCX_DEADLINE_H
#define CCX_DEADLINE_H

#include <linux/types.h>

/* How much virtual CPU time without sleep counts; BPF refuses decisions beyond it. */
#define CCX_AWAKE_CAP_NS	(20 * 1000 * 1000ULL)

/*
 * Tasks that sleep and wake are ordered by deadlines in steps, a power of two; within a step, first
 * come, first served. Finer order costs a messaging load half its throughput, because whoever has
 * run a little less goes first each time, with one message to handle. A task that has not slept for
 * a step is ordered exactly: among such, one that begins a new step would wait until all others have
 * run to the end of theirs.
 */
#define CCX_DEADLINE_STEP_NS	16777216ULL

/* How far order by deadline allows a task to be from the clock when it begins to run. */
#define CCX_CLOCK_SLACK_NS	(CCX_AWAKE_CAP_NS + CCX_DEADLINE_STEP_NS / 2)

#define CCX_WEIGHT_DEFAULT	100
#define CCX_WEIGHT_MAX		10000
#define CCX_WEIGHT_SHIFT	16

/*
 * CPU time to virtual time, by 2^16 * 100 / weight (ccx_share_inverse_weight, ccx/share.h); exact
 * enough for ns < 2^41 (half an hour) at any weight
 */
static inline __u64 ccx_virtual_ns(__u64 ns, __u32 inverse_weight)
{
	return (ns * inverse_weight) >> CCX_WEIGHT_SHIFT;
}

/* a is before b on a clock that may wrap */
static inline int ccx_before(__u64 a, __u64 b)
{
	return (__s64)(a - b) < 0;
}

/*
 * How far a task that does not sleep may fall behind the clock. Tasks of high weight are behind by
 * as much as those of low weight are ahead after their slice, which is far on few CPUs: what a
 * sleeper may save up would not do, and shares would follow number instead of weight.
 */
#define CCX_LAG_AWAKE_NS	(200 * 1000 * 1000ULL)

/*
 * Virtual time of a task that becomes runnable: at most lag_ns behind the clock `now`, so that
 * nobody saves up time, and at most debt_ns ahead, so that nobody waits for ever to pay for it.
 */
static inline __u64 ccx_vtime_place(__u64 vtime, __u64 now, __u64 lag_ns, __u64 debt_ns)
{
	if (ccx_before(vtime, now - lag_ns))
		return now - lag_ns;
	return ccx_before(now + debt_ns, vtime) ? now + debt_ns : vtime;
}

/*
 * What a task that becomes runnable can owe.
 *
 * One that wakes: two of its slices. More than that it has run only because it went before others, as
 * latency-critical tasks do within their budget. Were it kept, a task whose class is taken from it
 * would stand still until it had paid, for hundreds of milliseconds.
 *
 * One that does not sleep: four, beyond the slack within which it is where it happens to be. In turn
 * nobody gets so far ahead; what has, ran while nobody else wanted the CPU, or when its weight was
 * another one, and where its weight is high it would pay for that for seconds.
 *
 * max_ns bounds it for low weights.
 */
static inline __u64 ccx_debt_ns(int wakeup, __u64 slice_ns, __u32 inverse_weight, __u64 max_ns)
{
	__u64 debt_ns = wakeup ? ccx_virtual_ns(2 * slice_ns, inverse_weight) :
				 ccx_virtual_ns(4 * slice_ns, inverse_weight) + CCX_CLOCK_SLACK_NS;

	return debt_ns < max_ns ? debt_ns : max_ns;
}

/*
 * A domain's clock. CPU time given, divided by the weight of all who run or wait, is what each of
 * them is entitled to: so much it advances. It must not stand still, or whoever is placed at the
 * clock (what wakes, what is forked) goes before those ahead of it for ever; and it must not run
 * away, or all who never sleep are equally far behind it, whatever their weight.
 *
 * weight: of the domain, in units of CCX_WEIGHT_DEFAULT / 100; 0 or less (a moment's inconsistency
 * between CPUs) counts as one default task.
 */
static inline __u64 ccx_clock_service(__u64 ran_ns, __s64 weight)
{
	return ran_ns * CCX_WEIGHT_DEFAULT / (weight > 0 ? (__u64)weight : CCX_WEIGHT_DEFAULT);
}

/*
 * What service misses, by a task that began to run with that vtime, elapsed_ns after the last one.
 *
 * Forward: a heavy task that has only one CPU cannot use its share, and the clock would stay behind
 * all others. Never faster than time: a task that has the machine for itself may be far ahead.
 *
 * Back, slowly: tasks that sleep take service and leave their debt behind, so the clock gets ahead of
 * those who never do. backlogged: the task has not slept since it last ran.
 */
static inline __s64 ccx_clock_correct(__u64 now, __u64 vtime, int backlogged, __u64 elapsed_ns)
{
	__s64 ahead = vtime - now;

	if (ahead > (__s64)CCX_CLOCK_SLACK_NS) {
		ahead -= CCX_CLOCK_SLACK_NS;
		return ahead < (__s64)elapsed_ns ? ahead : (__s64)elapsed_ns;
	}
	if (backlogged && -ahead > (__s64)CCX_CLOCK_SLACK_NS)
		return (ahead + (__s64)CCX_CLOCK_SLACK_NS) / 16;
	return 0;
}

/*
 * How far from its domain's clock a task that has not slept for a step is when its turn comes, on
 * average. Within the slack above that is where it happens to be, and another place in each domain;
 * so such a task that changes the domain keeps its distance to this instead, or it would come with up
 * to twice the slack more or less than those it is to wait among.
 *
 * front: the average so far; distance: from the clock to the vtime of a task that was picked.
 */
static inline __s64 ccx_front_average(__s64 front, __s64 distance)
{
	if (distance > (__s64)CCX_CLOCK_SLACK_NS)
		distance = CCX_CLOCK_SLACK_NS;
	if (distance < -(__s64)CCX_CLOCK_SLACK_NS)
		distance = -(__s64)CCX_CLOCK_SLACK_NS;
	return front + ((distance - front) >> 3);	/* BPF has no signed division */
}

static inline int ccx_ordered_exactly(__u64 awake_ns)
{
	return awake_ns >= CCX_DEADLINE_STEP_NS;
}

/* What a task's vtime changes by when it goes from one domain, its clock and front, to another. */
static inline __s64 ccx_clock_change(__u64 from_now, __s64 from_front, __u64 to_now, __s64 to_front,
				     __u64 awake_ns)
{
	__s64 change = to_now - from_now;

	return ccx_ordered_exactly(awake_ns) ? change + to_front - from_front : change;
}

/* Any distance beyond this is cut anyway (ccx_vtime_place); times any inverse weight it is below 2^63. */
#define CCX_LAG_MAX_NS	(1ULL << 40)

/*
 * How far a task is ahead of its domain's clock (or behind it, below 0) once its weight has changed: as
 * much CPU time as before, which is another virtual time. Else what a task owes from when few others
 * were there, and it counted little beside the clock, would be a debt of seconds when more come.
 * Within the slack a task is where it happens to be, and owes nothing: so far from the clock is not
 * scaled, or one that is forked into a cgroup of little weight would owe for a second, or be owed.
 * inverse weights: ccx_share_inverse_weight; old: 0 for a task that had none yet
 */
static inline __s64 ccx_lag_reweighed(__s64 ahead_ns, __u32 old_inverse, __u32 new_inverse)
{
	__u64 distance = ahead_ns < 0 ? -(__u64)ahead_ns : (__u64)ahead_ns;

	if (!old_inverse || old_inverse == new_inverse || distance <= CCX_CLOCK_SLACK_NS)
		return ahead_ns;
	distance -= CCX_CLOCK_SLACK_NS;
	if (distance > CCX_LAG_MAX_NS)
		distance = CCX_LAG_MAX_NS;
	distance = CCX_CLOCK_SLACK_NS + distance * new_inverse / old_inverse;
	return ahead_ns < 0 ? -(__s64)distance : (__s64)distance;
}

/* Slice of a task where others wait for nr_cpus CPUs (1 or more): shorter, so that all have their turn soon. */
static inline __u64 ccx_slice_among(__u64 slice, __u64 least, __u64 nr_cpus, __u64 waiting)
{
	slice = slice * nr_cpus / (nr_cpus + waiting);
	return slice < least ? least : slice;
}

static inline __u64 ccx_deadline(__u64 vtime, __u64 awake_ns, __u64 cap_ns)
{
	awake_ns = awake_ns < CCX_DEADLINE_STEP_NS ? 0 : awake_ns - CCX_DEADLINE_STEP_NS;
	return vtime + (awake_ns < cap_ns ? awake_ns : cap_ns);
}

/*
 * What a queue is ordered by; awake_ns: virtual CPU time since the task last slept. Rounded to the
 * nearest step, so that neither sort is ahead on average. Virtual time keeps the exact account, so
 * no share is lost.
 */
static inline __u64 ccx_queue_key(__u64 deadline, __u64 awake_ns)
{
	return ccx_ordered_exactly(awake_ns) ?
		       deadline :
		       (deadline + CCX_DEADLINE_STEP_NS / 2) & ~(CCX_DEADLINE_STEP_NS - 1);
}

#endif
