/* SPDX-License-Identifier: GPL-2.0-only */
/* The screen of the live view. Knows ncurses and the model, no sockets and no clock. */
#ifndef CCX_MONITOR_DRAW_H
#define CCX_MONITOR_DRAW_H

#include "ccx/error.h"
#include "monitor.h"

enum ccx_view {
	CCX_VIEW_OVERVIEW,
	CCX_VIEW_DOMAINS,
	CCX_VIEW_TASKS,
	CCX_VIEW_COUNTERS,
	CCX_NR_VIEWS,
};

/* Colour pairs. */
enum ccx_colour {
	CCX_COLOUR_LITTLE = 1,
	CCX_COLOUR_MUCH,
	CCX_COLOUR_FULL,
	CCX_COLOUR_NAME,
};

/* What the person at the keyboard chose, and what the connection is like. */
struct ccx_screen {
	enum ccx_view view;
	enum ccx_domain_order domain_order;
	enum ccx_task_order task_order;
	bool reverse;
	bool paused;
	bool help;
	uint32_t period_s;
	uint32_t down, right;		/* scrolled by so many lines and columns */
	bool colour;
	bool quit;
	char problem[256];		/* why there is no new document; empty: there is */
	double age_s;			/* of the document, shown with a problem */
	char news[96];			/* worth saying for a while; may be empty */
};

/*
 * Takes the terminal; -ENOTTY and `error` when it cannot be one. Colours only where the terminal
 * has some and NO_COLOR is not set.
 */
int ccx_screen_open(struct ccx_screen *screen, struct ccx_error *error);
void ccx_screen_close(void);

/* All keys that were pressed; never waits. */
void ccx_screen_keys(struct ccx_screen *screen);

/* `down` and `right` are brought into range on the way. */
void ccx_screen_draw(struct ccx_screen *screen, struct ccx_monitor *monitor);

#endif
