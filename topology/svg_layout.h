/* SPDX-License-Identifier: GPL-2.0-only */
/* Where everything goes in the drawing; all lengths in SVG user units (pixels at scale 1). */
#ifndef CCX_TOPOLOGY_SVG_LAYOUT_H
#define CCX_TOPOLOGY_SVG_LAYOUT_H

#include "topology/internal.h"

#define SVG_THREAD_W	 38 /* box of one CPU */
#define SVG_THREAD_H	 26
#define SVG_CORE_PAD	 5  /* core tile around its CPUs */
#define SVG_CORE_LABEL	 13 /* capacity line in the core tile */
#define SVG_CORE_GAP	 6
#define SVG_STRIP_H	 14 /* L2 strip below the cores that share it */
#define SVG_DOMAIN_PAD	 12
#define SVG_DOMAIN_HEAD	 44 /* title and subtitle of a domain */
#define SVG_CACHE_H	 24 /* the bar of the shared cache */
#define SVG_GAP		 16
#define SVG_PACKAGE_HEAD 30
#define SVG_MARGIN	 24
#define SVG_PAGE_HEAD	 78
#define SVG_LEGEND_H	 50
#define SVG_MIN_DOMAIN_W 236
#define SVG_MIN_PAGE_W	 900

struct svg_core {
	const struct ccx_cpu **threads; /* into the page's array */
	uint32_t nr_threads;
	double x, y, w, h; /* absolute, without the L2 strip */
};

struct svg_domain {
	const struct ccx_domain *domain;
	struct svg_core *cores; /* into the page's array; by kind, then by number */
	uint32_t nr_cores;
	double x, y, w, h;
};

struct svg_package {
	uint32_t id;
	double x, y, w, h;
};

struct svg_page {
	double w, h;
	struct svg_package *packages;
	uint32_t nr_packages;
	struct svg_domain *domains; /* nr_domains of the topology, same order */
	struct svg_core *cores;
	const struct ccx_cpu **threads;
};

/* 0 or -ENOMEM; release in both cases. */
int svg_page_layout(struct svg_page *page, const struct ccx_topology *topology);
void svg_page_release(struct svg_page *page);

#endif
