/* SPDX-License-Identifier: MIT */
/*
 * What sources learn of their meters and must know after a restart: text by key, in the ledger's
 * file.
 *
 * A key begins with the name of its source and a slash: "house/title/4C475A0102030405/counter".
 * Loop thread only.
 */
#ifndef METERD_NOTES_H
#define METERD_NOTES_H

#include "../../kernel/telegram/types.h"

#define NOTE_KEY_MAX   160
#define NOTE_VALUE_MAX 160

/* What a line sends may become notes: beyond this the one goes that was set longest ago. */
#define NOTES_PER_SOURCE 2048

struct notes;

/* @urgent, which may be NULL, is called when something new is to be stored soon. */
struct notes *notes_new(void (*urgent)(void *context), void *context);
void notes_free(struct notes *n);

/* NULL: there is none. What is returned is valid until the next notes_set(). */
const char *notes_get(const struct notes *n, const char *key);
/* Is written with the next batch; @value NULL removes. */
bool notes_set(struct notes *n, const char *key, const char *value);
/* The same, and what is new of it is stored soon: within 5 s. */
bool notes_set_soon(struct notes *n, const char *key, const char *value);

/* In order of the keys. Must not set any. */
typedef void (*note_fn)(void *context, const char *key, const char *value);
void notes_each(const struct notes *n, const char *prefix, note_fn each, void *context);

/* For the store. */
bool notes_restore(struct notes *n, const char *key, const char *value);
size_t notes_changed(const struct notes *n);
void notes_take(struct notes *n, note_fn take, void *context);

#endif /* METERD_NOTES_H */
