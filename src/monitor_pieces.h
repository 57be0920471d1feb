/* SPDX-License-Identifier: GPL-2.0-only */
/* What the screen of the live view is put together from. The caller has included curses.h. */
#ifndef CCX_MONITOR_PIECES_H
#define CCX_MONITOR_PIECES_H

#include "monitor.h"
#include "monitor_draw.h"

/* Where drawing goes on, and how large the screen is; what does not fit is cut off. */
struct place {
	int line, lines, columns;
	bool colour;
};

__attribute__((format(printf, 3, 4))) void put(const struct place *at, int column,
					       const char *format, ...);

/* A whole line in reverse: heads of tables, and what must be seen. */
__attribute__((format(printf, 2, 3))) void put_bar(const struct place *at, const char *format, ...);

/* Without colours, what is much is bold. */
void emphasise(const struct place *at, enum ccx_colour colour, bool on);

/* [####    ] of `width` columns, brackets included. */
void put_use(const struct place *at, int column, int width, double use);

/* A name of a task is any bytes: what cannot be shown is a question mark. */
void put_name(const struct place *at, int column, int width, const char *name);

#endif
