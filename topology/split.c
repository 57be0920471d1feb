// SPDX-License-Identifier: GPL-2.0-only
/*
 * Divides cache groups that have more CPUs than one ring should serve.
 *
 * Parts are equal to within a core, and so is each part's share of every kind: a part that had all
 * of a cache's efficiency cores would have to send every latency-critical task away. The cores of a
 * kind stay in order, so that clusters with a common L2 are cut as rarely as evenness allows.
 * SMT siblings are never separated.
 */
#include <errno.h>

#include "topology/internal.h"

/* The CPUs of one core. */
struct core {
	uint32_t lowest_cpu;
	uint32_t group;
	enum ccx_kind kind;
	uint32_t first; /* index into the sorted CPUs */
	uint32_t nr_cpus;
};

static int compare_cpus(const void *a, const void *b)
{
	const struct ccx_raw_cpu *const *x = a, *const *y = b;

	if ((*x)->group != (*y)->group)
		return (*x)->group < (*y)->group ? -1 : 1;
	if ((*x)->core != (*y)->core)
		return (*x)->core < (*y)->core ? -1 : 1;
	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int compare_cores(const void *a, const void *b)
{
	const struct core *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->lowest_cpu > y->lowest_cpu) - (x->lowest_cpu < y->lowest_cpu);
}

struct part {
	uint32_t nr_cpus;
	uint32_t nr_cores;
};

/* Gives the next `nr_cpus` CPUs' worth of cores to a part. */
static uint32_t give_cores(struct ccx_raw_cpu **order, const struct core *cores, uint32_t nr_cores,
			   uint32_t nr_cpus, uint32_t part)
{
	uint32_t given = 0, n = 0;

	/* Half a core too many or too few: whichever is nearer. */
	while (n < nr_cores && given + (cores[n].nr_cpus + 1) / 2 <= nr_cpus) {
		for (uint32_t i = 0; i < cores[n].nr_cpus; i++)
			order[cores[n].first + i]->part = part;
		given += cores[n].nr_cpus;
		n++;
	}
	return n;
}

/*
 * Divides the cores of one group (sorted by kind) into nr_parts. Walking the kinds in turn, each
 * part's running total follows the even share, so that remainders of one kind are made good by the
 * next instead of adding up.
 */
static void divide(struct ccx_raw_cpu **order, const struct core *cores, uint32_t nr_cores,
		   struct part *parts, uint32_t nr_parts)
{
	uint32_t done = 0; /* CPUs of the kinds before, over all parts */

	memset(parts, 0, nr_parts * sizeof(*parts));
	for (uint32_t first = 0, end; first < nr_cores; first = end) {
		uint32_t left = 0, filled = done, next = first;

		for (end = first; end < nr_cores && cores[end].kind == cores[first].kind; end++)
			left += cores[end].nr_cpus;
		done += left;
		for (uint32_t p = 0; p < nr_parts; p++) {
			/* An even total of what the parts from here on have and will get. */
			uint32_t share = (filled + left + (nr_parts - p) / 2) / (nr_parts - p);
			uint32_t want = share > parts[p].nr_cpus ? share - parts[p].nr_cpus : 0;
			uint32_t given;

			filled -= parts[p].nr_cpus;
			if (p == nr_parts - 1)
				want = left;
			given = give_cores(order, cores + next, end - next, want, p);
			parts[p].nr_cores += given;
			for (; given; given--, next++) {
				parts[p].nr_cpus += cores[next].nr_cpus;
				left -= cores[next].nr_cpus;
			}
		}
	}
}

static int split_group(struct ccx_raw_cpu **order, const struct core *cores, uint32_t nr_cores,
		       uint32_t max_cpus)
{
	struct part *parts _cleanup_free_ = calloc(nr_cores, sizeof(*parts));
	uint32_t nr_cpus = 0, nr_parts;
	bool fits;

	if (!parts)
		return -ENOMEM;
	for (uint32_t i = 0; i < nr_cores; i++)
		nr_cpus += cores[i].nr_cpus;
	nr_parts = (nr_cpus + max_cpus - 1) / max_cpus;
	nr_parts = nr_parts < nr_cores ? nr_parts : nr_cores;
	/* Cores of unequal width may not fit into the fewest parts; one core each always does. */
	for (;;) {
		divide(order, cores, nr_cores, parts, nr_parts);
		fits = true;
		for (uint32_t p = 0; p < nr_parts; p++)
			fits &= parts[p].nr_cpus <= max_cpus || parts[p].nr_cores == 1;
		if (fits || nr_parts == nr_cores)
			return 0;
		nr_parts += 1 + nr_parts / 8;
		nr_parts = nr_parts < nr_cores ? nr_parts : nr_cores;
	}
}

int ccx_machine_split(struct ccx_machine *machine, uint32_t max_cpus, struct ccx_error *error)
{
	uint32_t nr = machine->nr_cpus, nr_cores = 0;
	struct ccx_raw_cpu **order _cleanup_free_ = calloc(nr, sizeof(struct ccx_raw_cpu *));
	struct core *cores _cleanup_free_ = calloc(nr, sizeof(*cores));
	int ret = order && cores ? 0 : -ENOMEM;

	for (uint32_t i = 0; !ret && i < nr; i++) {
		order[i] = &machine->cpus[i];
		order[i]->part = 0;
	}
	if (!ret)
		qsort(order, nr, sizeof(*order), compare_cpus);
	for (uint32_t i = 0; !ret && i < nr; i++) {
		struct core *core = &cores[nr_cores ? nr_cores - 1 : 0];

		if (!i || order[i]->group != order[i - 1]->group ||
		    order[i]->core != order[i - 1]->core) {
			core = &cores[nr_cores++];
			core->lowest_cpu = order[i]->id;
			core->group = order[i]->group;
			core->kind = order[i]->verdict.kind;
			core->first = i;
		}
		core->nr_cpus++;
	}
	if (!ret)
		qsort(cores, nr_cores, sizeof(*cores), compare_cores);
	for (uint32_t first = 0, end; !ret && first < nr_cores; first = end) {
		for (end = first; end < nr_cores && cores[end].group == cores[first].group;)
			end++;
		ret = split_group(order, cores + first, end - first, max_cpus);
	}
	if (ret)
		return ccx_error_set(error, ret, "cannot divide the cache domains: out of memory");
	return 0;
}
