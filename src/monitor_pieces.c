// SPDX-License-Identifier: GPL-2.0-only
#include <curses.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "monitor_pieces.h"

void put(const struct place *at, int column, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (at->line < at->lines && column >= 0 && column < at->columns)
		mvaddnstr(at->line, column, text, at->columns - column);
}

void put_bar(const struct place *at, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	attron(A_REVERSE);
	put(at, 0, "%-*s", at->columns, text);
	attroff(A_REVERSE);
}

void emphasise(const struct place *at, enum ccx_colour colour, bool on)
{
	attr_t attributes = at->colour		     ? COLOR_PAIR(colour) :
			    colour == CCX_COLOUR_FULL ? A_BOLD :
							A_NORMAL;

	if (on)
		attron(attributes);
	else
		attroff(attributes);
}

void put_use(const struct place *at, int column, int width, double use)
{
	enum ccx_colour colour = use < 0.7  ? CCX_COLOUR_LITTLE :
				 use < 0.95 ? CCX_COLOUR_MUCH :
					      CCX_COLOUR_FULL;
	int full = (width - 2) * use + 0.5, i;

	put(at, column, "[");
	emphasise(at, colour, true);
	for (i = 0; i < width - 2; i++)
		put(at, column + 1 + i, i < full ? "#" : " ");
	emphasise(at, colour, false);
	put(at, column + width - 1, "]");
}

void put_name(const struct place *at, int column, int width, const char *name)
{
	mbstate_t state = { 0 };
	wchar_t wide[64];
	int used = 0, columns = 0, cell;
	size_t got;

	while (*name && used < 63) {
		got = mbrtowc(&wide[used], name, MB_LEN_MAX, &state);
		if (got == (size_t)-1 || got == (size_t)-2) {
			memset(&state, 0, sizeof(state));
			got = 1;
			wide[used] = L'?';
		}
		name += got;
		cell = iswprint(wide[used]) ? wcwidth(wide[used]) : -1;
		if (cell < 0) {
			wide[used] = L'?';
			cell = 1;
		}
		if (columns + cell > width)
			break;
		columns += cell;
		used++;
	}
	if (at->line < at->lines && column + columns <= at->columns)
		mvaddnwstr(at->line, column, wide, used);
}
