// SPDX-License-Identifier: MIT
/*
 * What is known of the meters on a line of DLMS push, over a restart:
 *
 *	SOURCE/meter			number of the only meter of the line
 *	SOURCE/step/NUMBER		Wh of one count of its registers
 *	SOURCE/title/TITLE/number	number of the meter with this system title
 *	SOURCE/title/TITLE/counter	highest invocation counter that was accepted of it
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/hex.h"
#include "mbus_notes.h"

#define TITLE_DIGITS (2 * SYSTEM_TITLE_LEN)

static void title_key(char key[NOTE_KEY_MAX + 1], const char *source, const u8 *title,
		      const char *what)
{
	int at = snprintf(key, NOTE_KEY_MAX + 1, "%s/title/", source);

	for (unsigned int i = 0; i < SYSTEM_TITLE_LEN; i++)
		at += snprintf(key + at, NOTE_KEY_MAX + 1 - at, "%02X", title[i]);
	snprintf(key + at, NOTE_KEY_MAX + 1 - at, "/%s", what);
}

static void recall_title(void *context, const char *key, const char *value)
{
	const struct mbus_known *known = context;
	const char *hex = strstr(key, "/title/") + strlen("/title/");
	char digits[TITLE_DIGITS + 1];
	struct glo_mark mark;

	snprintf(digits, sizeof(digits), "%s", hex);
	if (!hex_read(digits, mark.title, sizeof(mark.title)))
		return;
	mark.counter = (u32)strtoul(value, NULL, 10);
	if (!strcmp(hex + TITLE_DIGITS, "/number"))
		known->title(known->context, mark.title, value);
	else if (!strcmp(hex + TITLE_DIGITS, "/counter"))
		known->counter(known->context, &mark);
}

/**
 * mbus_notes_recall - what was known of the system titles of a source
 * @n: the notes
 * @source: its name
 * @known: gets it; sets no note
 */
void mbus_notes_recall(const struct notes *n, const char *source, const struct mbus_known *known)
{
	char prefix[NOTE_KEY_MAX + 1];

	snprintf(prefix, sizeof(prefix), "%s/title/", source);
	notes_each(n, prefix, recall_title, (void *)known);
}

/** mbus_notes_meter - number of the only meter of a source; NULL: it had none, or several */
const char *mbus_notes_meter(const struct notes *n, const char *source)
{
	char key[NOTE_KEY_MAX + 1];

	snprintf(key, sizeof(key), "%s/meter", source);
	return notes_get(n, key);
}

static void step_key(char key[NOTE_KEY_MAX + 1], const char *source, const char *number)
{
	snprintf(key, NOTE_KEY_MAX + 1, "%s/step/%s", source, number);
}

/** mbus_notes_step - Wh of one count of a meter's registers; 0: not known */
u8 mbus_notes_step(const struct notes *n, const char *source, const char *number)
{
	char key[NOTE_KEY_MAX + 1];
	const char *value;

	step_key(key, source, number);
	value = notes_get(n, key);
	return value ? (u8)strtoul(value, NULL, 10) : 0;
}

/** mbus_note_meter - a source has this meter; NULL: it has several */
void mbus_note_meter(struct notes *n, const char *source, const char *number)
{
	char key[NOTE_KEY_MAX + 1];

	snprintf(key, sizeof(key), "%s/meter", source);
	notes_set_soon(n, key, number);
}

/** mbus_note_step - one count of a meter's registers is @step_wh */
void mbus_note_step(struct notes *n, const char *source, const char *number, u8 step_wh)
{
	char key[NOTE_KEY_MAX + 1], value[4];

	step_key(key, source, number);
	snprintf(value, sizeof(value), "%u", step_wh);
	notes_set_soon(n, key, value);
}

/** mbus_note_title - a system title is that of the meter with this number */
void mbus_note_title(struct notes *n, const char *source, const u8 title[SYSTEM_TITLE_LEN],
		     const char *number)
{
	char key[NOTE_KEY_MAX + 1];

	title_key(key, source, title, "number");
	notes_set_soon(n, key, number);
}

/** mbus_note_counter - the highest counter of a system title, which goes with the next batch */
void mbus_note_counter(struct notes *n, const char *source, const struct glo_mark *mark)
{
	char key[NOTE_KEY_MAX + 1], value[12];

	title_key(key, source, mark->title, "counter");
	snprintf(value, sizeof(value), "%" PRIu32, mark->counter);
	notes_set(n, key, value);
}
