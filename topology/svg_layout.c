// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layout of the drawing: CPUs in cores, cores in rows, rows in domains, domains flow in packages,
 * packages stand below each other. A new kind begins a new row, so that clusters with a common L2
 * stay together.
 */
#include <errno.h>

#include "topology/svg_layout.h"

#define MIN_FLOW_WIDTH 1560 /* a package breaks its rows of domains at this width or more */

static int compare_threads(const void *a, const void *b)
{
	const struct ccx_cpu *x = *(const struct ccx_cpu *const *)a;
	const struct ccx_cpu *y = *(const struct ccx_cpu *const *)b;

	if (x->domain != y->domain)
		return x->domain < y->domain ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->core != y->core)
		return x->core < y->core ? -1 : 1;
	return (x->smt > y->smt) - (x->smt < y->smt);
}

/* Puts every CPU into its core and every core into its domain. */
static void gather(struct svg_page *page, const struct ccx_topology *topology)
{
	struct svg_core *core = page->cores - 1;
	const struct ccx_cpu *before = NULL;

	for (uint32_t i = 0; i < topology->nr_cpus; i++)
		page->threads[i] = &topology->cpus[i];
	qsort(page->threads, topology->nr_cpus, sizeof(*page->threads), compare_threads);
	for (uint32_t i = 0; i < topology->nr_cpus; i++) {
		const struct ccx_cpu *cpu = page->threads[i];
		struct svg_domain *domain = &page->domains[cpu->domain];

		if (!before || before->domain != cpu->domain || before->core != cpu->core) {
			core++;
			core->threads = &page->threads[i];
			if (!domain->nr_cores++)
				domain->cores = core;
			domain->domain = &topology->domains[cpu->domain];
		}
		core->nr_threads++;
		before = cpu;
	}
}

/* Cores in a row: about square, and a divisor of the usual clusters of four. */
static uint32_t choose_columns(const struct svg_domain *domain)
{
	if (domain->nr_cores <= 4)
		return domain->nr_cores;
	return domain->nr_cores <= 32 ? 4 : 8;
}

/* Places the cores relative to the domain and finds its size. */
static void layout_domain(struct svg_domain *domain)
{
	uint32_t columns = choose_columns(domain), column = 0;
	double x = SVG_DOMAIN_PAD, y = SVG_DOMAIN_HEAD;
	double h = SVG_THREAD_H + SVG_CORE_LABEL + 2 * SVG_CORE_PAD, widest = 0;

	for (uint32_t i = 0; i < domain->nr_cores; i++) {
		struct svg_core *core = &domain->cores[i];

		if (i &&
		    (column == columns || core->threads[0]->kind != core[-1].threads[0]->kind)) {
			x = SVG_DOMAIN_PAD;
			y += h + SVG_STRIP_H + SVG_CORE_GAP;
			column = 0;
		}
		core->x = x;
		core->y = y;
		core->w = core->nr_threads * SVG_THREAD_W + 2 * SVG_CORE_PAD;
		core->h = h;
		x += core->w + SVG_CORE_GAP;
		widest = x > widest ? x : widest;
		column++;
	}
	domain->w = widest - SVG_CORE_GAP + SVG_DOMAIN_PAD;
	domain->w = domain->w < SVG_MIN_DOMAIN_W ? SVG_MIN_DOMAIN_W : domain->w;
	domain->h = y + h + SVG_STRIP_H + SVG_CORE_GAP + SVG_CACHE_H + SVG_DOMAIN_PAD;
}

static void move_domain(struct svg_domain *domain, double x, double y)
{
	domain->x = x;
	domain->y = y;
	for (uint32_t i = 0; i < domain->nr_cores; i++) {
		domain->cores[i].x += x;
		domain->cores[i].y += y;
	}
}

/* A width that makes the page of a large machine about square, not a ribbon. */
static double choose_flow_width(const struct svg_page *page, uint32_t nr_domains)
{
	double area = 0, width = MIN_FLOW_WIDTH;

	for (uint32_t i = 0; i < nr_domains; i++)
		area += (page->domains[i].w + SVG_GAP) * (page->domains[i].h + SVG_GAP);
	while (width * width < area)
		width += 20;
	return width;
}

/* Lets the domains of a package flow in rows, those of one row equally high. */
static void layout_package(struct svg_page *page, uint32_t nr_domains, struct svg_package *package)
{
	double flow_width = choose_flow_width(page, nr_domains);
	double x = SVG_GAP, y = SVG_PACKAGE_HEAD, row_h = 0, widest = 0;
	uint32_t row_first = 0;

	for (uint32_t i = 0; i <= nr_domains; i++) {
		struct svg_domain *domain = &page->domains[i];
		bool last = i == nr_domains;

		if (!last && domain->domain->package != package->id)
			continue;
		if (last || (x > SVG_GAP && x + domain->w > flow_width)) {
			for (uint32_t j = row_first; j < i; j++)
				if (page->domains[j].domain->package == package->id)
					page->domains[j].h = row_h;
			row_first = i;
			x = SVG_GAP;
			y += row_h + SVG_GAP;
			row_h = 0;
			if (last)
				break;
		}
		move_domain(domain, package->x + x, package->y + y);
		x += domain->w + SVG_GAP;
		widest = x > widest ? x : widest;
		row_h = domain->h > row_h ? domain->h : row_h;
	}
	package->w = widest;
	package->h = y;
}

static int find_packages(struct svg_page *page, const struct ccx_topology *topology)
{
	page->packages = calloc(topology->nr_domains, sizeof(*page->packages));
	if (!page->packages)
		return -ENOMEM;
	for (uint32_t i = 0; i < topology->nr_domains; i++) {
		uint32_t id = topology->domains[i].package, n = 0;

		while (n < page->nr_packages && page->packages[n].id != id)
			n++;
		if (n == page->nr_packages)
			page->packages[page->nr_packages++].id = id;
	}
	return 0;
}

int svg_page_layout(struct svg_page *page, const struct ccx_topology *topology)
{
	double y = SVG_PAGE_HEAD, widest = SVG_MIN_PAGE_W - 2 * SVG_MARGIN;

	memset(page, 0, sizeof(*page));
	page->domains = calloc(topology->nr_domains, sizeof(*page->domains));
	page->cores = calloc(topology->nr_cpus, sizeof(*page->cores));
	page->threads = calloc(topology->nr_cpus, sizeof(*page->threads));
	if (!page->domains || !page->cores || !page->threads || find_packages(page, topology))
		return -ENOMEM;
	gather(page, topology);
	for (uint32_t i = 0; i < topology->nr_domains; i++)
		layout_domain(&page->domains[i]);
	for (uint32_t i = 0; i < page->nr_packages; i++) {
		struct svg_package *package = &page->packages[i];

		package->x = SVG_MARGIN;
		package->y = y;
		layout_package(page, topology->nr_domains, package);
		widest = package->w > widest ? package->w : widest;
		y += package->h + SVG_GAP;
	}
	for (uint32_t i = 0; i < page->nr_packages; i++)
		page->packages[i].w = widest;
	page->w = widest + 2 * SVG_MARGIN;
	page->h = y + SVG_LEGEND_H;
	return 0;
}

void svg_page_release(struct svg_page *page)
{
	free(page->packages);
	free(page->domains);
	free(page->cores);
	free(page->threads);
}
