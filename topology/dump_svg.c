// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology as a drawing: packages, domains with their cache, cores coloured by kind, the CPUs
 * of a core side by side, L2 caches as strips below the cores that share them, dispatchers ringed.
 * Every core has its reason as a tooltip.
 */
#include <errno.h>

#include "topology/svg_layout.h"

/* Colours told apart by the colour-blind, too; each kind also has its letter. */
static const struct {
	const char *letter;
	const char *tile;
	const char *box;
} looks[CCX_NR_KINDS] = {
    [CCX_KIND_PERFORMANCE] = {"P", "#dce9f7", "#2b6cb0"},
    [CCX_KIND_EFFICIENCY] = {"E", "#dff2e3", "#2f855a"},
    [CCX_KIND_LOW_POWER] = {"LP", "#fbecd2", "#b7791f"},
};

static const char style[] =
    "<style>"
    "text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#1f2933}"
    ".h{font-size:20px;font-weight:600}.s{font-size:13px;fill:#52606d}"
    ".p{font-size:15px;font-weight:600}.d{font-size:14px;font-weight:600}"
    ".t{font-size:13px;font-weight:600;fill:#fff;text-anchor:middle}"
    ".n{font-size:11px;font-weight:600;fill:#fff;text-anchor:middle}"
    ".c{font-size:10px;fill:#52606d}.m{font-size:10px;fill:#52606d;text-anchor:middle}"
    ".k{font-size:12px;text-anchor:middle;fill:#3e4c59}"
    "</style>\n";

static void print_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '&')
			fputs("&amp;", file);
		else if (c == '<')
			fputs("&lt;", file);
		else if (c == '>')
			fputs("&gt;", file);
		else
			fputc(c < ' ' || c > '~' ? '?' : c, file);
	}
}

/* A text element; class names are those of the style above. */
__attribute__((format(printf, 5, 6))) static void
print_text(FILE *file, const char *class, double x, double y, const char *format, ...)
{
	char text[640];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(file, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	print_escaped(file, text);
	fputs("</text>\n", file);
}

static void print_box(FILE *file, double x, double y, double w, double h, double radius,
		      const char *fill, const char *stroke)
{
	fprintf(file,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\" "
		"fill=\"%s\" stroke=\"%s\"/>\n",
		x, y, w, h, radius, fill, stroke);
}

static const struct ccx_raw_cpu *raw_of(const struct ccx_topology *topology,
					const struct ccx_cpu *cpu)
{
	return &topology->private->machine.cpus[cpu - topology->cpus];
}

static void draw_core(const struct svg_core *core, uint32_t dispatcher_cpu, FILE *file)
{
	const struct ccx_cpu *first = core->threads[0];

	fputs("<g><title>", file);
	fprintf(file, "core %u, %s: ", first->core, ccx_kind_name(first->kind));
	print_escaped(file, first->why);
	fputs("</title>\n", file);
	print_box(file, core->x, core->y, core->w, core->h, 5, looks[first->kind].tile,
		  looks[first->kind].box);
	for (uint32_t i = 0; i < core->nr_threads; i++) {
		double x = core->x + SVG_CORE_PAD + i * SVG_THREAD_W, y = core->y + SVG_CORE_PAD;

		print_box(file, x + 1, y, SVG_THREAD_W - 2, SVG_THREAD_H, 3, looks[first->kind].box,
			  "none");
		if (core->threads[i]->id == dispatcher_cpu)
			fprintf(file,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"2\" "
				"fill=\"none\" stroke=\"#ffd43b\" stroke-width=\"2.5\"/>\n",
				x + 3, y + 2, SVG_THREAD_W - 6, SVG_THREAD_H - 4);
		print_text(file, core->threads[i]->id < 1000 ? "t" : "n", x + SVG_THREAD_W / 2.0,
			   y + 18, "%u", core->threads[i]->id);
	}
	if (core->nr_threads > 1)
		print_text(file, "c", core->x + SVG_CORE_PAD + 1, core->y + core->h - 5, "%s %u",
			   looks[first->kind].letter, first->capacity);
	else
		print_text(file, "m", core->x + core->w / 2, core->y + core->h - 5, "%s %u",
			   looks[first->kind].letter, first->capacity);
	fputs("</g>\n", file);
}

/* Strips below the cores of one row that share an L2. */
static void draw_l2(const struct ccx_topology *topology, const struct svg_domain *domain,
		    FILE *file)
{
	for (uint32_t first = 0, end; first < domain->nr_cores; first = end) {
		const struct svg_core *core = &domain->cores[first];
		const struct ccx_cache *l2 = &raw_of(topology, core->threads[0])->cache[2];
		char bytes[24];
		double w;

		for (end = first + 1; end < domain->nr_cores; end++) {
			const struct svg_core *next = &domain->cores[end];
			const struct ccx_cache *other =
			    &raw_of(topology, next->threads[0])->cache[2];

			if (next->y > core->y || !l2->nr_cores || !other->nr_cores ||
			    other->key != l2->key)
				break;
		}
		if (!l2->nr_cores || domain->domain->cache_level == 2)
			continue;
		w = domain->cores[end - 1].x + domain->cores[end - 1].w - core->x;
		print_box(file, core->x, core->y + core->h + 2, w, SVG_STRIP_H - 2, 3, "#e9edf2",
			  "#cbd2d9");
		ccx_format_bytes(bytes, sizeof(bytes), l2->bytes);
		print_text(file, "m", core->x + w / 2, core->y + core->h + SVG_STRIP_H - 2.5,
			   "%s%s", w > 60 ? "L2 " : "", l2->bytes ? bytes : "L2");
	}
}

static void draw_domain(const struct ccx_topology *topology, const struct svg_domain *box,
			const struct ccx_topology_use *use, FILE *file)
{
	const struct ccx_domain *domain = box->domain;
	uint32_t dispatcher = domain->dispatcher_cpu;
	const char *die = "", *line = NULL;
	char cpus[64], bytes[24], cache[160];
	double y = box->y + box->h - SVG_DOMAIN_PAD - SVG_CACHE_H;

	if (domain->flags & CCX_DOMAIN_CACHE_DIE)
		die = ", X3D cache die";
	if (domain->flags & CCX_DOMAIN_FREQUENCY_DIE)
		die = ", X3D frequency die";
	if (use && domain->id < use->nr_domains) {
		if (use->dispatcher_cpu && use->dispatcher_cpu[domain->id] != CCX_NO_CPU)
			dispatcher = use->dispatcher_cpu[domain->id];
		line = use->domains ? use->domains[domain->id] : NULL;
	}
	if (ccx_cpulist_format(cpus, sizeof(cpus), domain->cpus, domain->nr_cpus) >= 26)
		snprintf(cpus + 23, sizeof(cpus) - 23, "...");
	print_box(file, box->x, box->y, box->w, box->h, 8, "#ffffff", "#9aa5b1");
	print_text(file, "d", box->x + SVG_DOMAIN_PAD, box->y + 19, "domain %u%s", domain->id, die);
	print_text(file, "s", box->x + SVG_DOMAIN_PAD, box->y + 36, "%s", line ? line : "");
	if (!line)
		print_text(file, "s", box->x + SVG_DOMAIN_PAD, box->y + 36, "node %u, CPUs %s",
			   domain->node, cpus);
	for (uint32_t i = 0; i < box->nr_cores; i++)
		draw_core(&box->cores[i], dispatcher, file);
	draw_l2(topology, box, file);

	ccx_format_bytes(bytes, sizeof(bytes), domain->cache_bytes);
	if (domain->flags & CCX_DOMAIN_NO_CACHE)
		snprintf(cache, sizeof(cache), "no shared cache known");
	else
		snprintf(cache, sizeof(cache), "L%u %s%s", domain->cache_level,
			 domain->cache_bytes ? bytes : "",
			 domain->flags & CCX_DOMAIN_SPLIT ? " (shared, split)" : "");
	print_box(file, box->x + SVG_DOMAIN_PAD, y, box->w - 2 * SVG_DOMAIN_PAD, SVG_CACHE_H, 4,
		  domain->flags & CCX_DOMAIN_CACHE_DIE ? "#d6bcfa" : "#e4e7eb", "#9aa5b1");
	print_text(file, "k", box->x + box->w / 2, y + 16, "%s", cache);
}

static void draw_head(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		      FILE *file)
{
	const struct ccx_machine *machine = &topology->private->machine;
	char text[160];

	print_text(file, "h", SVG_MARGIN, 34, "%.100s",
		   machine->model[0] ? machine->model : topology->source);
	snprintf(text, sizeof(text), "%u CPUs, %u cores, %u domains", topology->nr_cpus,
		 topology->nr_cores, topology->nr_domains);
	print_text(file, "s", SVG_MARGIN, 56, "%s%s%.200s%s%.200s", text,
		   machine->model[0] ? ", from " : "", machine->model[0] ? topology->source : "",
		   use && use->state ? ", " : "", use && use->state ? use->state : "");
}

static void draw_legend(const struct svg_page *page, FILE *file)
{
	static const char *const names[] = {"performance", "efficiency", "low power"};
	double x = SVG_MARGIN, y = page->h - SVG_LEGEND_H + 6;

	for (int kind = 0; kind < CCX_NR_KINDS; kind++) {
		print_box(file, x, y, 18, 18, 3, looks[kind].box, "none");
		print_text(file, "s", x + 25, y + 14, "%s (%s)", names[kind], looks[kind].letter);
		x += 150;
	}
	print_box(file, x, y, 18, 18, 3, "#627d98", "none");
	fprintf(file,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"13\" height=\"13\" rx=\"2\" fill=\"none\" "
		"stroke=\"#ffd43b\" stroke-width=\"2.5\"/>\n",
		x + 2.5, y + 2.5);
	print_text(file, "s", x + 25, y + 14, "dispatcher");
	print_text(file, "s", x + 125, y + 14, "number below a core: capacity, fastest = %d",
		   CCX_CAPACITY_MAX);
}

int ccx_dump_svg(const struct ccx_topology *topology, const struct ccx_topology_use *use,
		 FILE *file)
{
	struct svg_page page;
	int ret = svg_page_layout(&page, topology);

	if (ret)
		goto out;
	fprintf(file,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\">\n%s",
		page.w, page.h, page.w, page.h, style);
	print_box(file, 0, 0, page.w, page.h, 0, "#f5f7fa", "none");
	draw_head(topology, use, file);
	for (uint32_t i = 0; i < page.nr_packages; i++) {
		const struct svg_package *package = &page.packages[i];

		print_box(file, package->x, package->y, package->w, package->h, 10, "#eaeef3",
			  "#9aa5b1");
		print_text(file, "p", package->x + SVG_GAP, package->y + 21, "package %u",
			   package->id);
	}
	for (uint32_t i = 0; i < topology->nr_domains; i++)
		draw_domain(topology, &page.domains[i], use, file);
	draw_legend(&page, file);
	fputs("</svg>\n", file);
out:
	svg_page_release(&page);
	return ret;
}
