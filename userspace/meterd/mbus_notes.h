/* SPDX-License-Identifier: MIT */
/*
 * What is known of the meters on a line of DLMS push, over a restart.
 */
#ifndef METERD_MBUS_NOTES_H
#define METERD_MBUS_NOTES_H

#include "../decode/glo.h"
#include "notes.h"

/**
 * struct mbus_known - who gets what was known of a source
 * @title: a system title is that of this meter
 * @counter: the highest one that was accepted of a system title
 */
struct mbus_known {
	void (*title)(void *context, const u8 title[SYSTEM_TITLE_LEN], const char *number);
	void (*counter)(void *context, const struct glo_mark *mark);
	void *context;
};

void mbus_notes_recall(const struct notes *n, const char *source, const struct mbus_known *known);
const char *mbus_notes_meter(const struct notes *n, const char *source);
u8 mbus_notes_step(const struct notes *n, const char *source, const char *number);
void mbus_note_meter(struct notes *n, const char *source, const char *number);
void mbus_note_step(struct notes *n, const char *source, const char *number, u8 step_wh);
void mbus_note_title(struct notes *n, const char *source, const u8 title[SYSTEM_TITLE_LEN],
		     const char *number);
void mbus_note_counter(struct notes *n, const char *source, const struct glo_mark *mark);

#endif /* METERD_MBUS_NOTES_H */
