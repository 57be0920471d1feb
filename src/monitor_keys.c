// SPDX-License-Identifier: GPL-2.0-only
/* The terminal and the keys of the live view. */
#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor_draw.h"

#define PAGE		10
#define LONGEST_PERIOD_S 60

int ccx_screen_open(struct ccx_screen *screen, struct ccx_error *error)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return ccx_error_set(error, -ENOTTY,
				     "monitor needs a terminal; scx_ccx stats --interval 1 does not");
	setlocale(LC_CTYPE, "");
	set_escdelay(50);
	if (!newterm(NULL, stdout, stdin))
		return ccx_error_set(error, -ENOTTY,
				     "monitor does not know this terminal (TERM=%.64s)",
				     term ? term : "");
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	screen->colour = has_colors() && (!no_colour || !*no_colour);
	if (screen->colour) {
		start_color();
		use_default_colors();
		init_pair(CCX_COLOUR_LITTLE, COLOR_GREEN, -1);
		init_pair(CCX_COLOUR_MUCH, COLOR_YELLOW, -1);
		init_pair(CCX_COLOUR_FULL, COLOR_RED, -1);
		init_pair(CCX_COLOUR_NAME, COLOR_CYAN, -1);
	}
	return 0;
}

void ccx_screen_close(void)
{
	/* where the screen stays, what comes next begins on a line of its own */
	move(LINES - 1, 0);
	clrtoeol();
	refresh();
	endwin();
}

static void show(struct ccx_screen *screen, enum ccx_view view)
{
	screen->view = view;
	screen->down = screen->right = 0;
}

/* The list that the view is about: domains have a view of their own, else it is the tasks. */
static void next_order(struct ccx_screen *screen)
{
	if (screen->view == CCX_VIEW_DOMAINS || screen->view == CCX_VIEW_COUNTERS)
		screen->domain_order = (screen->domain_order + 1) % CCX_NR_DOMAIN_ORDERS;
	else
		screen->task_order = (screen->task_order + 1) % CCX_NR_TASK_ORDERS;
}

static void scroll_by(uint32_t *at, int by)
{
	*at = by < 0 && *at < (uint32_t)-by ? 0 : *at + by;
}

static void on_key(struct ccx_screen *screen, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		screen->quit = true;
		break;
	case '?':
	case 'h':
	case KEY_F(1):
		screen->help = !screen->help;
		break;
	case '1':
	case '2':
	case '3':
	case '4':
		show(screen, key - '1');
		break;
	case 'v':
	case '\t':
		show(screen, (screen->view + 1) % CCX_NR_VIEWS);
		break;
	case 's':
		next_order(screen);
		break;
	case 'r':
		screen->reverse = !screen->reverse;
		break;
	case 'p':
	case ' ':
		screen->paused = !screen->paused;
		break;
	case '+':
	case '=':
		if (screen->period_s < LONGEST_PERIOD_S)
			screen->period_s++;
		break;
	case '-':
		if (screen->period_s > 1)
			screen->period_s--;
		break;
	case KEY_UP:
	case 'k':
		scroll_by(&screen->down, -1);
		break;
	case KEY_DOWN:
	case 'j':
		scroll_by(&screen->down, 1);
		break;
	case KEY_PPAGE:
		scroll_by(&screen->down, -PAGE);
		break;
	case KEY_NPAGE:
		scroll_by(&screen->down, PAGE);
		break;
	case KEY_LEFT:
		scroll_by(&screen->right, -1);
		break;
	case KEY_RIGHT:
		scroll_by(&screen->right, 1);
		break;
	case KEY_HOME:
	case 'g':
		screen->down = screen->right = 0;
		break;
	case 'L' & 0x1f: /* Ctrl-L: something else wrote on the screen */
		clearok(curscr, TRUE);
		break;
	}
}

void ccx_screen_keys(struct ccx_screen *screen)
{
	int key;

	while ((key = getch()) != ERR) {
		/* any key ends the help, and does nothing else then; Ctrl-C and q still end all */
		if (screen->help && key != 'q' && key != KEY_RESIZE)
			screen->help = false;
		else
			on_key(screen, key);
	}
}
