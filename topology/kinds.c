// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which cores are of which kind.
 *
 * Evidence is ordered by how directly it speaks of the core's design; a later source is asked only
 * when the earlier ones see no difference. Numbers make kinds only where they leave a gap: firmware
 * gives the cores of one design slightly different numbers (Turbo Boost Max favours a core by a few
 * percent, Zen 3 ranks sixteen equal cores 166, 171, ... 236), and sorted numbers of one design
 * have no large step between neighbours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/decision.h"

/* A step between neighbouring values, in percent, from which on they are different kinds. */
#define GAP_CAPACITY_PERCENT 125 /* cpu_capacity and CPPC: 1024 and 870 are both big cores */
#define GAP_MHZ_PERCENT	     115 /* 5.5 and 4.6 GHz: Arrow Lake; 4.0 and 3.5: Turbo Boost Max */
#define GAP_BOTH_PERCENT     105 /* maximum and base frequency agree on who is slower */

#define X3D_MIN_BYTES (64ull << 20)

static void set_kind(struct decision *d, uint32_t i, enum ccx_kind kind)
{
	d->verdicts[i].kind = kind;
	d->decided[i] = true;
}

static uint64_t mean_l3(const struct decision *d, enum ccx_signal by, uint32_t below, bool slow)
{
	uint64_t sum = 0, nr = 0;

	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		const struct ccx_evidence *e = &d->evidence[i];

		if (d->decided[i] || (value_of(d, i, by) < below) != slow || !e->l3_cores)
			continue;
		sum += e->l3_bytes / e->l3_cores / 1024;
		nr++;
	}
	return nr ? sum / nr : 0;
}

/*
 * AMD ranks equal cores, and the driver turns the ranking of an X3D part's dies round at run time.
 * A ranking is evidence of a kind only if frequency or cache per core says the same.
 */
static bool ranking_is_backed(const struct decision *d, enum ccx_signal signal, uint32_t below)
{
	uint64_t slow_l3 = mean_l3(d, signal, below, true);
	uint64_t fast_l3 = mean_l3(d, signal, below, false);

	if (ccx_is_known(d, CCX_SIGNAL_MAX_MHZ) &&
	    ccx_mean_side(d, CCX_SIGNAL_MAX_MHZ, signal, below, false) * 100 >=
		ccx_mean_side(d, CCX_SIGNAL_MAX_MHZ, signal, below, true) * GAP_MHZ_PERCENT)
		return true;
	if (slow_l3 && fast_l3)
		return fast_l3 * 2 >= slow_l3 * 3;
	return !ccx_is_known(d, CCX_SIGNAL_MAX_MHZ);
}

static void apply_split(struct decision *d, enum ccx_signal signal, struct split split)
{
	/* Three steps of speed on x86 are P, E and LP-E; on ARM the middle ones are big cores. */
	bool three = split.nr_steps == 2 && signal != CCX_SIGNAL_CPU_CAPACITY && !d->facts->arm &&
		     !d->facts->amd;
	uint32_t fastest = 0;

	for (uint32_t i = 0; i < d->nr_cpus; i++)
		if (!d->decided[i] && value_of(d, i, signal) > fastest)
			fastest = value_of(d, i, signal);
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		uint32_t value = value_of(d, i, signal);
		enum ccx_kind kind = CCX_KIND_PERFORMANCE;

		if (d->decided[i])
			continue;
		if (three && value < split.lowest_step)
			kind = CCX_KIND_LOW_POWER;
		else if (three ? (uint64_t)value * GAP_MHZ_PERCENT <= (uint64_t)fastest * 100
			       : value < split.below)
			kind = CCX_KIND_EFFICIENCY;
		snprintf(d->verdicts[i].why, sizeof(d->verdicts[i].why), "%s %u of %u",
			 ccx_signal_name(signal), value, fastest);
		set_kind(d, i, kind);
	}
}

/* ---- the sources, in order ---- */

/* True if the CPU is outside the L3 of its package: Intel's low-power island. */
static bool is_outside_l3(const struct decision *d, uint32_t i)
{
	const struct ccx_evidence *e = &d->evidence[i];

	return !e->l3_bytes && e->package_has_l3 && !d->facts->amd && !d->facts->arm;
}

static void decide_by_core_type(struct decision *d)
{
	uint32_t typed = 0;

	for (uint32_t i = 0; i < d->nr_cpus; i++)
		typed += d->evidence[i].core_type != CCX_CORE_UNKNOWN;
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		struct ccx_evidence *e = &d->evidence[i];
		struct ccx_verdict *v = &d->verdicts[i];
		bool island = is_outside_l3(d, i);

		/* Where only some have a type, "performance" does not say that the others lack it.
		 */
		if (e->core_type == CCX_CORE_UNKNOWN ||
		    (e->core_type == CCX_CORE_PERFORMANCE && typed < d->nr_cpus))
			continue;
		snprintf(v->why, sizeof(v->why), "core type %s", e->core_type_name);
		if (e->core_type == CCX_CORE_PERFORMANCE) {
			set_kind(d, i, CCX_KIND_PERFORMANCE);
		} else if (e->core_type == CCX_CORE_LOW_POWER || island) {
			/* hwloc before 2.13 and older kernels call LP-E cores Atom as well. */
			set_kind(d, i, CCX_KIND_LOW_POWER);
			if (e->core_type != CCX_CORE_LOW_POWER)
				snprintf(v->why, sizeof(v->why), "core type %s without L3",
					 e->core_type_name);
		} else {
			set_kind(d, i, CCX_KIND_EFFICIENCY);
		}
	}
}

/* The fastest of the open CPUs inside or outside the L3. */
static uint32_t fastest(const struct decision *d, enum ccx_signal signal, bool outside)
{
	uint32_t best = 0;

	for (uint32_t i = 0; i < d->nr_cpus; i++)
		if (!d->decided[i] && is_outside_l3(d, i) == outside &&
		    value_of(d, i, signal) > best)
			best = value_of(d, i, signal);
	return best;
}

static void decide_by_missing_l3(struct decision *d)
{
	bool slower = false;

	/* A hole in the cache information, not an island, if those CPUs are as fast. */
	for (int s = 0; s < CCX_NR_SIGNALS; s++) {
		uint32_t slow = fastest(d, s, true), fast = fastest(d, s, false);

		if (!slow || !ccx_is_known(d, s))
			continue;
		if ((uint64_t)slow * GAP_BOTH_PERCENT > (uint64_t)fast * 100)
			return;
		slower = true;
	}
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		/* Without a number that says so, at least they must be a cluster. */
		if (d->decided[i] || !is_outside_l3(d, i) ||
		    (!slower && d->evidence[i].l2_cores < 2))
			continue;
		set_kind(d, i, CCX_KIND_LOW_POWER);
		snprintf(d->verdicts[i].why, sizeof(d->verdicts[i].why),
			 "no L3 where its package has one");
	}
}

static bool same_design(const struct ccx_evidence *a, const struct ccx_evidence *b)
{
	return a->l1d_bytes == b->l1d_bytes && a->l1i_bytes == b->l1i_bytes &&
	       a->l2_bytes == b->l2_bytes;
}

/* True if the caches are known and say that all open CPUs are of one design. */
static bool caches_are_alike(const struct decision *d)
{
	const struct ccx_evidence *first = NULL;

	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		const struct ccx_evidence *e = &d->evidence[i];

		if (d->decided[i])
			continue;
		if (!e->l1d_bytes || !e->l2_bytes)
			return false;
		if (first && !same_design(first, e))
			return false;
		first = first ? first : e;
	}
	return first;
}

static bool decide_by_numbers(struct decision *d)
{
	struct split split, base;

	if (d->facts->x3d)
		return false;
	split = ccx_find_split(d, CCX_SIGNAL_CPU_CAPACITY, GAP_CAPACITY_PERCENT);
	if (split.nr_steps) {
		apply_split(d, CCX_SIGNAL_CPU_CAPACITY, split);
		return true;
	}
	for (int s = CCX_SIGNAL_HIGHEST_PERF; s <= CCX_SIGNAL_PREFCORE; s++) {
		split =
		    ccx_find_split(d, s, d->facts->amd ? GAP_MHZ_PERCENT : GAP_CAPACITY_PERCENT);
		if (!split.nr_steps || (d->facts->amd && !ranking_is_backed(d, s, split.below)))
			continue;
		apply_split(d, s, split);
		return true;
	}
	split = ccx_find_split(d, CCX_SIGNAL_MAX_MHZ, GAP_MHZ_PERCENT);
	if (split.nr_steps) {
		apply_split(d, CCX_SIGNAL_MAX_MHZ, split);
		return true;
	}
	split = ccx_find_split(d, CCX_SIGNAL_MAX_MHZ, GAP_BOTH_PERCENT);
	base = ccx_find_split(d, CCX_SIGNAL_BASE_MHZ, GAP_BOTH_PERCENT);
	if (split.nr_steps && base.nr_steps &&
	    ccx_mean_side(d, CCX_SIGNAL_BASE_MHZ, CCX_SIGNAL_MAX_MHZ, split.below, false) * 100 >=
		ccx_mean_side(d, CCX_SIGNAL_BASE_MHZ, CCX_SIGNAL_MAX_MHZ, split.below, true) *
		    GAP_BOTH_PERCENT) {
		apply_split(d, CCX_SIGNAL_MAX_MHZ, split);
		return true;
	}
	/* Base frequencies alone differ by Intel's Speed Select, too: then the caches are alike. */
	base = ccx_find_split(d, CCX_SIGNAL_BASE_MHZ, GAP_MHZ_PERCENT);
	if (base.nr_steps && !split.nr_steps && !caches_are_alike(d)) {
		apply_split(d, CCX_SIGNAL_BASE_MHZ, base);
		return true;
	}
	return false;
}

/* hwloc derives its ranks from the same numbers; without any, somebody told hwloc. */
static bool decide_by_hwloc_rank(struct decision *d)
{
	int32_t lowest = INT32_MAX, highest = -1;

	for (int s = 0; s < CCX_NR_SIGNALS; s++)
		if (ccx_signal_varies(d, s))
			return false;
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		int32_t rank = d->evidence[i].hwloc_rank;

		if (d->decided[i])
			continue;
		if (rank < 0)
			return false;
		lowest = rank < lowest ? rank : lowest;
		highest = rank > highest ? rank : highest;
	}
	if (lowest >= highest)
		return false;
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		int32_t rank = d->evidence[i].hwloc_rank;
		enum ccx_kind kind = CCX_KIND_EFFICIENCY;

		if (d->decided[i])
			continue;
		if (rank == highest)
			kind = CCX_KIND_PERFORMANCE;
		else if (rank == lowest && highest - lowest >= 2)
			kind = CCX_KIND_LOW_POWER;
		snprintf(d->verdicts[i].why, sizeof(d->verdicts[i].why), "hwloc rank %d of %d",
			 rank, highest);
		set_kind(d, i, kind);
	}
	return true;
}

/* Small x86 cores share an L2 in clusters and have other L1 sizes than the big ones. */
static bool decide_by_caches(struct decision *d)
{
	const struct ccx_evidence *big = NULL, *small = NULL;

	if (d->facts->amd || d->facts->arm)
		return false;
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		const struct ccx_evidence *e = &d->evidence[i];
		const struct ccx_evidence **design = e->l2_cores > 1 ? &small : &big;

		if (d->decided[i])
			continue;
		if (!e->l1d_bytes || !e->l2_bytes || (*design && !same_design(*design, e)))
			return false;
		*design = e;
	}
	if (!big || !small || big->l2_bytes == small->l2_bytes ||
	    (big->l1d_bytes == small->l1d_bytes && big->l1i_bytes == small->l1i_bytes))
		return false;
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		bool shared = d->evidence[i].l2_cores > 1;

		if (d->decided[i])
			continue;
		snprintf(d->verdicts[i].why, sizeof(d->verdicts[i].why),
			 shared ? "L2 shared by %u cores, other L1" : "L2 of its own",
			 d->evidence[i].l2_cores);
		set_kind(d, i, shared ? CCX_KIND_EFFICIENCY : CCX_KIND_PERFORMANCE);
	}
	return true;
}

/* Dies of one design of which one has a stacked cache. */
static bool is_x3d(const struct decision *d)
{
	uint64_t smallest = UINT64_MAX, largest = 0;

	if (d->facts->arm)
		return false;
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		uint64_t l3 = d->evidence[i].l3_bytes;

		smallest = l3 < smallest ? l3 : smallest;
		largest = l3 > largest ? l3 : largest;
	}
	return smallest && largest >= X3D_MIN_BYTES && largest >= 2 * smallest &&
	       smallest != UINT64_MAX && caches_are_alike(d);
}

static void explain_one_kind(struct decision *d)
{
	const char *why = "nothing tells the cores apart";

	for (int s = 0; s < CCX_NR_SIGNALS; s++)
		if (ccx_signal_varies(d, s))
			why = "no difference that makes kinds";
	if (d->facts->x3d)
		why = "X3D: the dies differ by L3, not by kind";
	for (uint32_t i = 0; i < d->nr_cpus; i++)
		if (!d->decided[i])
			snprintf(d->verdicts[i].why, sizeof(d->verdicts[i].why), "%s", why);
}

/* A machine without performance cores calls its best ones so: there is always somebody. */
static void promote_best_kind(struct decision *d)
{
	enum ccx_kind best = CCX_KIND_LOW_POWER;

	for (uint32_t i = 0; i < d->nr_cpus; i++)
		if (d->verdicts[i].kind < best)
			best = d->verdicts[i].kind;
	for (uint32_t i = 0; i < d->nr_cpus; i++) {
		struct ccx_verdict *v = &d->verdicts[i];

		if (v->kind == best)
			v->kind = CCX_KIND_PERFORMANCE;
	}
}

void ccx_kinds_decide(struct ccx_evidence *evidence, uint32_t nr_cpus,
		      struct ccx_machine_facts *facts, struct ccx_verdict *verdicts)
{
	struct decision d = {
	    .evidence = evidence,
	    .verdicts = verdicts,
	    .decided = calloc(nr_cpus, sizeof(bool)),
	    .nr_cpus = nr_cpus,
	    .facts = facts,
	};

	memset(verdicts, 0, nr_cpus * sizeof(*verdicts));
	if (!d.decided)
		return;
	ccx_complete_siblings(evidence, nr_cpus);
	for (uint32_t i = 0; i < nr_cpus; i++)
		facts->amd |= evidence[i].prefcore != 0;
	facts->x3d = is_x3d(&d);

	decide_by_core_type(&d);
	decide_by_missing_l3(&d);
	if (!decide_by_numbers(&d) && !decide_by_hwloc_rank(&d) && !decide_by_caches(&d))
		explain_one_kind(&d);
	promote_best_kind(&d);
	ccx_speeds_decide(evidence, nr_cpus, facts, verdicts);
	free(d.decided);
}
