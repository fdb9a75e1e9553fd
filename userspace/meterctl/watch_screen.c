// SPDX-License-Identifier: MIT
/*
 * The live view of meterctl watch on a terminal: quantities on the left, what the meter printed on
 * the right, as much as fits.
 */
#include <curses.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/units.h"
#include "watch_screen.h"

#define TOP		3	/* lines of the head */
#define QUANTITY_COLUMNS 44

/**
 * struct screen - a terminal in the hands of ncurses
 * @terminal: of newterm()
 */
struct screen {
	SCREEN *terminal;
};

/**
 * screen_open - take the terminal
 *
 * Return: NULL when it is no terminal that ncurses knows (no terminfo in an initramfs).
 */
struct screen *screen_open(void)
{
	struct screen *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->terminal = newterm(NULL, stdout, stdin);
	if (!s->terminal) {
		free(s);
		return NULL;
	}
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	curs_set(0);
	return s;
}

static void draw_head(const struct meter *m, const struct record_reader *r)
{
	s64 unix_s;

	attron(A_BOLD);
	mvprintw(0, 0, "%s  %s  %s  on %s", m->name, m->id, m->type, m->port);
	attroff(A_BOLD);
	if (strcmp(m->state, "locked"))
		attron(A_REVERSE);
	printw("  %s", m->state);
	attroff(A_REVERSE);
	if (!r)
		return;
	mvprintw(1, 0, "telegram %" PRIu64, (uint64_t)r->header.seq);
	if (r->header.damaged)
		printw(", groups damaged: %u", r->header.damaged);
	if (telegram_time(&r->telegram, &unix_s)) {
		time_t when = unix_s;
		char text[32];
		struct tm tm;

		if (localtime_r(&when, &tm) && strftime(text, sizeof(text), "%F %T %Z", &tm))
			printw(", at %s by the meter's clock", text);
	}
}

static void draw_quantities(const struct reading *reading)
{
	int line = TOP;

	for (unsigned int q = 0; q < QUANTITY_COUNT && line < LINES - 1; q++) {
		s64 milli;

		if (!reading_has(reading, q))
			continue;
		milli = reading->milli[q];
		mvprintw(line++, 0, "%-24s %s%" PRIu64, quantity_info[q].name,
			 milli < 0 ? "-" : "", (milli < 0 ? -(u64)milli : (u64)milli) / 1000);
		if (milli % 1000)
			printw(".%03u", (unsigned int)llabs(milli % 1000));
		printw(" %s", quantity_unit(q));
	}
}

/* A byte of the wire must not steer the terminal. */
static void draw_bytes(const u8 *bytes, size_t len)
{
	for (; len && getcurx(stdscr) < COLS - 1; len--, bytes++)
		addch(*bytes >= 0x20 && *bytes <= 0x7e ? *bytes : '.');
}

static void draw_fields(const struct telegram *t)
{
	int line = TOP;

	for (unsigned int i = 0; i < t->nfields && line < LINES - 1; i++) {
		const struct field *f = &t->fields[i];
		const u8 *label = t->text + f->label;

		move(line++, QUANTITY_COLUMNS);
		draw_bytes(label, f->label_len);
		if (getcurx(stdscr) >= COLS - 1)
			continue;
		addch(' ');
		if (t->protocol != TELEGRAM_P1 && tic_field_has_horodate(f)) {
			draw_bytes(label + f->label_len + 1, TIC_HORODATE_LEN);
			if (getcurx(stdscr) >= COLS - 1)
				continue;
			addch(' ');
		}
		draw_bytes(t->text + f->value, f->len);
	}
}

/**
 * screen_draw - show a meter's newest telegram
 * @s: the screen
 * @m: the meter now
 * @r: its reader with the telegram; NULL: none yet, or none at all with IIO
 * @reading: the telegram's quantities; NULL: do not show numbers, they are old
 */
void screen_draw(struct screen *s, const struct meter *m, const struct record_reader *r,
		 const struct reading *reading)
{
	erase();
	draw_head(m, r);
	if (reading)
		draw_quantities(reading);
	if (reading && r && COLS > QUANTITY_COLUMNS)
		draw_fields(&r->telegram);
	screen_note(s, "q quits");
}

/**
 * screen_note - a sentence on the last line
 * @s: the screen
 * @sentence: what to say
 */
void screen_note(struct screen *s, const char *sentence)
{
	(void)s;
	move(LINES - 1, 0);
	clrtoeol();
	addnstr(sentence, COLS - 1);
	refresh();
}

/**
 * screen_wants_to_quit - whether q was typed
 * @s: the screen
 *
 * Return: true once it was.
 */
bool screen_wants_to_quit(struct screen *s)
{
	int key;

	(void)s;
	while ((key = getch()) != ERR)
		if (key == 'q')
			return true;
	return false;
}

/**
 * screen_close - give the terminal back
 * @s: the screen; NULL is allowed
 */
void screen_close(struct screen *s)
{
	if (!s)
		return;
	endwin();
	delscreen(s->terminal);
	free(s);
}
