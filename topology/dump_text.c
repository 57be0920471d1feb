// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology for people: a summary, a tree of packages, domains and like cores, and the reason
 * why each CPU got its kind and capacity.
 *
 * Cores of a domain that agree in kind, caches and threads become one line, and reasons that differ
 * in numbers only become one with ranges, so that 1024 CPUs are not a thousand lines.
 */
#include <errno.h>

#include "topology/internal.h"

/* Cores of one domain that look the same. */
struct row {
	const struct ccx_cpu *first;
	uint32_t nr_cores;
	uint32_t smt;	      /* threads per core */
	uint32_t capacity[2]; /* lowest, highest */
	uint32_t ranking[2];
};

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static const struct ccx_raw_cpu *raw_of(const struct ccx_topology *topology,
					const struct ccx_cpu *cpu)
{
	return &topology->private->machine.cpus[cpu - topology->cpus];
}

static void print_cpulist(FILE *file, const uint32_t *cpus, uint32_t nr_cpus)
{
	for (uint32_t first = 0, last; first < nr_cpus; first = last + 1) {
		for (last = first; last + 1 < nr_cpus && cpus[last + 1] == cpus[last] + 1;)
			last++;
		fprintf(file, "%s%u", first ? "," : "", cpus[first]);
		if (last > first)
			fprintf(file, "-%u", cpus[last]);
	}
}

static void print_summary(const struct ccx_topology *topology, const struct ccx_topology_use *use,
			  FILE *file)
{
	const struct ccx_machine *machine = &topology->private->machine;
	uint32_t kinds[CCX_NR_KINDS] = {0};
	const char *separator = "";

	fprintf(file, "Topology of %s%s%s\n", topology->source, machine->model[0] ? ": " : "",
		machine->model);
	fprintf(file, "  %u CPU%s, %u core%s, %u domain%s", topology->nr_cpus,
		plural(topology->nr_cpus), topology->nr_cores, plural(topology->nr_cores),
		topology->nr_domains, plural(topology->nr_domains));
	if (machine->nr_offline)
		fprintf(file, "; %u CPU%s offline", machine->nr_offline,
			plural(machine->nr_offline));
	if (machine->nr_forbidden)
		fprintf(file, "; %u CPU%s not allowed here", machine->nr_forbidden,
			plural(machine->nr_forbidden));
	for (uint32_t i = 0; i < topology->nr_domains; i++)
		for (int kind = 0; kind < CCX_NR_KINDS; kind++)
			kinds[kind] += topology->domains[i].nr_kind[kind];
	fprintf(file, "\n  kinds: ");
	for (int kind = 0; kind < CCX_NR_KINDS; kind++) {
		if (!kinds[kind])
			continue;
		fprintf(file, "%s%u %s", separator, kinds[kind], ccx_kind_name(kind));
		separator = ", ";
	}
	fprintf(file, "\n  evidence: %s\n",
		machine->evidence_note[0] ? machine->evidence_note : "none");
	if (use && use->state)
		fprintf(file, "  in use: %s\n", use->state);
}

static void print_domain_head(const struct ccx_domain *domain, FILE *file)
{
	char bytes[24];

	fprintf(file, "    domain %u: CPU%s ", domain->id, plural(domain->nr_cpus));
	print_cpulist(file, domain->cpus, domain->nr_cpus);
	if (domain->flags & CCX_DOMAIN_NO_CACHE)
		fprintf(file, ", no shared cache known");
	else if (domain->cache_bytes)
		fprintf(file, ", L%u %s", domain->cache_level,
			ccx_format_bytes(bytes, sizeof(bytes), domain->cache_bytes));
	else
		fprintf(file, ", L%u of unknown size", domain->cache_level);
	if (domain->flags & CCX_DOMAIN_SPLIT)
		fprintf(file, ", part of cache %u", domain->cache_id);
	if (domain->flags & CCX_DOMAIN_CACHE_DIE)
		fprintf(file, ", X3D cache die");
	if (domain->flags & CCX_DOMAIN_FREQUENCY_DIE)
		fprintf(file, ", X3D frequency die");
	fprintf(file, ", dispatcher on CPU %u\n", domain->dispatcher_cpu);
}

/* Threads of a core within its domain. */
static uint32_t count_threads(const struct ccx_topology *topology, const struct ccx_domain *domain,
			      uint32_t core)
{
	uint32_t threads = 0;

	for (uint32_t i = 0; i < domain->nr_cpus; i++)
		threads += ccx_topology_cpu(topology, domain->cpus[i])->core == core;
	return threads;
}

/* Fast and slow of one design stand in one line: the same kind, threads and L2. */
static bool fits_row(const struct ccx_topology *topology, const struct row *row,
		     const struct ccx_cpu *cpu, uint32_t threads)
{
	const struct ccx_raw_cpu *a = raw_of(topology, row->first), *b = raw_of(topology, cpu);

	return row->first->kind == cpu->kind && row->smt == threads &&
	       a->cache[2].bytes == b->cache[2].bytes &&
	       a->cache[2].nr_cores == b->cache[2].nr_cores;
}

static void widen(uint32_t range[2], uint32_t value, bool first)
{
	range[0] = first || value < range[0] ? value : range[0];
	range[1] = first || value > range[1] ? value : range[1];
}

static void print_range(FILE *file, const char *name, const uint32_t range[2])
{
	char text[32];

	if (range[0] == range[1])
		snprintf(text, sizeof(text), "%u", range[0]);
	else
		snprintf(text, sizeof(text), "%u-%u", range[0], range[1]);
	fprintf(file, "%s %s", name, text);
}

/* Which CPUs are siblings: "0+16 1+17". */
static void print_siblings(const struct ccx_topology *topology, const uint32_t *cpus,
			   uint32_t nr_cpus, FILE *file)
{
	fprintf(file, "         ");
	for (uint32_t i = 0; i < nr_cpus; i++) {
		const struct ccx_cpu *cpu = ccx_topology_cpu(topology, cpus[i]);

		if (cpu->smt)
			continue;
		fprintf(file, " %u", cpu->id);
		for (uint32_t j = i + 1; j < nr_cpus; j++)
			if (ccx_topology_cpu(topology, cpus[j])->core == cpu->core)
				fprintf(file, "+%u", cpus[j]);
	}
	fputc('\n', file);
}

static void print_row(const struct ccx_topology *topology, const struct row *row,
		      const uint32_t *cpus, uint32_t nr_cpus, FILE *file)
{
	const struct ccx_raw_cpu *raw = raw_of(topology, row->first);
	char bytes[24];

	fprintf(file, "      %3u %s core%s: ", row->nr_cores, ccx_kind_name(row->first->kind),
		plural(row->nr_cores));
	fprintf(file, "CPU%s ", plural(nr_cpus));
	print_cpulist(file, cpus, nr_cpus);
	print_range(file, ", capacity", row->capacity);
	if (row->ranking[1])
		print_range(file, ", rank", row->ranking);
	if (raw->cache[2].bytes) {
		fprintf(file, ", L2 %s",
			ccx_format_bytes(bytes, sizeof(bytes), raw->cache[2].bytes));
		if (raw->cache[2].nr_cores > 1)
			fprintf(file, " for %u cores", raw->cache[2].nr_cores);
	}
	fputc('\n', file);
	if (row->smt > 1)
		print_siblings(topology, cpus, nr_cpus, file);
}

/* Sorts the cores of a domain into rows; row_of has a row for each CPU. Returns their number. */
static uint32_t fill_rows(const struct ccx_topology *topology, const struct ccx_domain *domain,
			  struct row *rows, uint32_t *row_of)
{
	uint32_t nr_rows = 0;

	for (uint32_t i = 0; i < domain->nr_cpus; i++) {
		const struct ccx_cpu *cpu = ccx_topology_cpu(topology, domain->cpus[i]);
		uint32_t threads = count_threads(topology, domain, cpu->core), n = 0;

		while (n < nr_rows && !fits_row(topology, &rows[n], cpu, threads))
			n++;
		if (n == nr_rows)
			rows[nr_rows++] = (struct row){.first = cpu, .smt = threads};
		row_of[i] = n;
		rows[n].nr_cores += cpu->smt == 0;
		widen(rows[n].capacity, cpu->capacity, rows[n].first == cpu);
		widen(rows[n].ranking, cpu->ranking, rows[n].first == cpu);
	}
	return nr_rows;
}

static int print_cores(const struct ccx_topology *topology, const struct ccx_domain *domain,
		       FILE *file)
{
	uint32_t *row_of _cleanup_free_ = calloc(domain->nr_cpus, sizeof(*row_of));
	uint32_t *cpus _cleanup_free_ = calloc(domain->nr_cpus, sizeof(*cpus));
	struct row *rows _cleanup_free_ = calloc(domain->nr_cpus, sizeof(*rows));
	uint32_t nr_rows;

	if (!row_of || !cpus || !rows)
		return -1;
	nr_rows = fill_rows(topology, domain, rows, row_of);
	for (uint32_t n = 0; n < nr_rows; n++) {
		uint32_t nr = 0;

		for (uint32_t i = 0; i < domain->nr_cpus; i++)
			if (row_of[i] == n)
				cpus[nr++] = domain->cpus[i];
		print_row(topology, &rows[n], cpus, nr, file);
	}
	return 0;
}

/* Domains of one package and node stand together, wherever their CPU numbers lie. */
static int print_tree(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		      FILE *file)
{
	bool *done _cleanup_free_ = calloc(topology->nr_domains, sizeof(*done));

	if (!done)
		return -1;
	for (uint32_t first = 0; first < topology->nr_domains; first++) {
		const struct ccx_domain *head = &topology->domains[first];

		if (done[first])
			continue;
		fprintf(file, "\n  package %u, memory node %u\n", head->package, head->node);
		for (uint32_t i = first; i < topology->nr_domains; i++) {
			const struct ccx_domain *domain = &topology->domains[i];

			if (domain->package != head->package || domain->node != head->node)
				continue;
			done[i] = true;
			print_domain_head(domain, file);
			if (use && use->domains && i < use->nr_domains && use->domains[i])
				fprintf(file, "      in use: %s\n", use->domains[i]);
			if (print_cores(topology, domain, file))
				return -1;
		}
	}
	return 0;
}

#define MAX_NUMBERS 8 /* in one reason */

static const char *skip_digits(const char *text)
{
	return text + strspn(text, "0123456789");
}

/* Orders reasons by their words, so that those that differ in numbers only are neighbours. */
static int compare_words(const char *a, const char *b)
{
	while (*a && *b) {
		if (skip_digits(a) != a && skip_digits(b) != b) {
			a = skip_digits(a);
			b = skip_digits(b);
			continue;
		}
		if (*a != *b)
			break;
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

static int compare_reasons(const void *a, const void *b)
{
	const struct ccx_cpu *x = *(const struct ccx_cpu *const *)a;
	const struct ccx_cpu *y = *(const struct ccx_cpu *const *)b;
	int order = (int)x->kind - (int)y->kind;

	order = order ? order : compare_words(x->why, y->why);
	return order ? order : (x->id > y->id) - (x->id < y->id);
}

/* Prints the words that some CPUs' reasons share, with the range of each number. */
static void print_reason(FILE *file, const struct ccx_cpu *const *cpus, uint32_t nr)
{
	uint32_t ranges[MAX_NUMBERS][2];
	int n = 0;

	for (uint32_t i = 0; i < nr; i++) {
		n = 0;
		for (const char *p = cpus[i]->why; *p && n < MAX_NUMBERS; p++) {
			if (skip_digits(p) == p)
				continue;
			widen(ranges[n++], strtoul(p, NULL, 10), i == 0);
			p = skip_digits(p) - 1;
		}
	}
	n = 0;
	for (const char *p = cpus[0]->why; *p; p++) {
		if (skip_digits(p) == p || n == MAX_NUMBERS) {
			fputc(*p, file);
			continue;
		}
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): numbers that the loop above saw */
		fprintf(file, "%u", ranges[n][0]);
		if (ranges[n][1] != ranges[n][0])
			fprintf(file, "-%u", ranges[n][1]);
		n++;
		p = skip_digits(p) - 1;
	}
}

/* One line per kind and reason, with the CPUs it holds for. */
static int print_reasons(const struct ccx_topology *topology, FILE *file)
{
	uint32_t nr = topology->nr_cpus;
	const struct ccx_cpu **order _cleanup_free_ = calloc(nr, sizeof(struct ccx_cpu *));
	uint32_t *ids _cleanup_free_ = calloc(nr, sizeof(*ids));

	if (!order || !ids)
		return -1;
	for (uint32_t i = 0; i < nr; i++)
		order[i] = &topology->cpus[i];
	qsort(order, nr, sizeof(*order), compare_reasons);
	fprintf(file, "\n  why\n");
	for (uint32_t first = 0, end; first < nr; first = end) {
		const struct ccx_cpu *cpu = order[first];

		for (end = first; end < nr && order[end]->kind == cpu->kind &&
				  !compare_words(order[end]->why, cpu->why);
		     end++)
			ids[end - first] = order[end]->id;
		fprintf(file, "    %-11s CPU%s ", ccx_kind_name(cpu->kind), plural(end - first));
		print_cpulist(file, ids, end - first);
		fputs(": ", file);
		print_reason(file, order + first, end - first);
		fputc('\n', file);
	}
	return 0;
}

int ccx_dump_text(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		  FILE *file)
{
	print_summary(topology, use, file);
	if (print_tree(topology, use, file) || print_reasons(topology, file))
		return -ENOMEM;
	return 0;
}
