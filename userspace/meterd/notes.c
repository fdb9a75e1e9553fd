// SPDX-License-Identifier: MIT
/*
 * Notes: an array in the order of the keys, so that those of a source stand side by side.
 */
#include <stdlib.h>

#include "../lib/text.h"
#include "notes.h"

/**
 * struct note - one of them
 * @set: when it was set for the last time, in sets; 0: by no one since the start
 * @there: it has a value; if not, it waits to be removed from the file
 * @stored: it is in the file, or in a batch on its way there
 * @changed: no batch has it as it is
 */
struct note {
	u64 set;
	bool there;
	bool stored;
	bool changed;
	char value[NOTE_VALUE_MAX + 1];
	char key[];
};

/**
 * struct notes - all of them
 * @all: by key
 * @changed: how many are
 * @sets: so many times one was set
 */
struct notes {
	struct note **all;
	size_t count;
	size_t room;
	size_t changed;
	u64 sets;
	void (*urgent)(void *context);
	void *context;
};

/**
 * notes_new - no notes
 * @urgent: called when something new is to be stored soon; NULL: nobody wants to know
 * @context: handed to @urgent
 *
 * Return: the notes; NULL without memory.
 */
struct notes *notes_new(void (*urgent)(void *context), void *context)
{
	struct notes *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->urgent = urgent;
	n->context = context;
	return n;
}

/**
 * notes_free - forget all; what is in the file stays there
 * @n: may be NULL
 */
void notes_free(struct notes *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->count; i++)
		free(n->all[i]);
	free(n->all);
	free(n);
}

/* Index of the first key that is not below the first @len characters of @key. */
static size_t place_of(const struct notes *n, const char *key, size_t len)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(n->all[middle]->key, key, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct note *find(const struct notes *n, const char *key)
{
	size_t i = place_of(n, key, strlen(key) + 1);

	return i < n->count && !strcmp(n->all[i]->key, key) ? n->all[i] : NULL;
}

/**
 * notes_get - what is noted
 * @n: the notes
 * @key: any
 *
 * Return: the value, valid until the next notes_set(); NULL: there is none.
 */
const char *notes_get(const struct notes *n, const char *key)
{
	const struct note *found = find(n, key);

	return found && found->there ? found->value : NULL;
}

static void take_out(struct notes *n, size_t i)
{
	free(n->all[i]);
	n->count--;
	memmove(&n->all[i], &n->all[i + 1], (n->count - i) * sizeof(*n->all));
}

static void mark(struct notes *n, struct note *note, bool changed)
{
	n->changed += changed - note->changed;
	note->changed = changed;
}

/* One that is not on the disk leaves nothing, so that a storm of new ones takes no more memory. */
static void remove_at(struct notes *n, size_t i)
{
	struct note *note = n->all[i];

	note->there = false;
	mark(n, note, note->stored);
	if (!note->stored)
		take_out(n, i);
}

static struct note *insert(struct notes *n, const char *key)
{
	size_t len = strlen(key), at = place_of(n, key, len + 1);
	struct note *note;

	if (n->count == n->room) {
		size_t room = n->room ? n->room * 2 : 16;
		struct note **all = reallocarray(n->all, room, sizeof(struct note *));

		if (!all)
			return NULL;
		n->all = all;
		n->room = room;
	}
	note = calloc(1, sizeof(*note) + len + 1);
	if (!note)
		return NULL;
	memcpy(note->key, key, len + 1);
	memmove(&n->all[at + 1], &n->all[at], (n->count - at) * sizeof(*n->all));
	n->all[at] = note;
	n->count++;
	return note;
}

static bool can_be_note(const char *key, const char *value)
{
	return strchr(key, '/') && strlen(key) <= NOTE_KEY_MAX && strlen(value) <= NOTE_VALUE_MAX;
}

static void put(struct note *note, const char *value)
{
	strcpy(note->value, value);
	note->there = true;
}

/* When the source of @key has one too many. */
static void remove_oldest(struct notes *n, const char *key)
{
	size_t source_len = strcspn(key, "/") + 1, there = 0, oldest = 0;

	if (n->count <= NOTES_PER_SOURCE)
		return;
	for (size_t i = place_of(n, key, source_len);
	     i < n->count && !strncmp(n->all[i]->key, key, source_len); i++) {
		if (!n->all[i]->there)
			continue;
		if (!there++ || n->all[i]->set < n->all[oldest]->set)
			oldest = i;
	}
	if (there > NOTES_PER_SOURCE)
		remove_at(n, oldest);
}

static void forget(struct notes *n, const char *key)
{
	size_t i = place_of(n, key, strlen(key) + 1);

	if (notes_get(n, key))
		remove_at(n, i);
}

/**
 * notes_set - note something
 * @n: the notes
 * @key: the name of a source, a slash, and more: up to NOTE_KEY_MAX characters
 * @value: up to NOTE_VALUE_MAX characters; NULL: what is noted there is not true any more
 *
 * Nothing is written for a value that is the same as before. When the source has too many notes
 * the one goes that was set longest ago.
 *
 * Return: false when key or value can't be noted, or there is no memory: what was there stays.
 */
bool notes_set(struct notes *n, const char *key, const char *value)
{
	struct note *note;
	bool new;

	if (!value) {
		forget(n, key);
		return true;
	}
	if (!can_be_note(key, value))
		return false;
	note = find(n, key);
	if (!note)
		note = insert(n, key);
	if (!note)
		return false;
	note->set = ++n->sets;
	new = !note->there;
	if (!new && !strcmp(note->value, value))
		return true;
	put(note, value);
	mark(n, note, true);
	if (new)
		remove_oldest(n, key);
	return true;
}

/**
 * notes_set_soon - note something that took long to learn
 * @n: the notes
 * @key: as of notes_set()
 * @value: as of notes_set()
 *
 * When it is new it is stored within 5 s, and with it all else that waits.
 *
 * Return: as notes_set().
 */
bool notes_set_soon(struct notes *n, const char *key, const char *value)
{
	bool same = same_text(notes_get(n, key), value);
	bool set = notes_set(n, key, value);

	if (set && !same && n->urgent)
		n->urgent(n->context);
	return set;
}

/**
 * notes_each - all notes whose keys begin so
 * @n: the notes
 * @prefix: "": all
 * @each: called for each, in order of the keys; must not set any
 * @context: handed to @each
 */
void notes_each(const struct notes *n, const char *prefix, note_fn each, void *context)
{
	size_t len = strlen(prefix);

	for (size_t i = place_of(n, prefix, len);
	     i < n->count && !strncmp(n->all[i]->key, prefix, len); i++)
		if (n->all[i]->there)
			each(context, n->all[i]->key, n->all[i]->value);
}

/**
 * notes_restore - a note as it stands in the file
 * @n: the notes
 * @key: not noted yet
 * @value: its value
 *
 * Those that are set from now on are newer.
 *
 * Return: false when this can be no note, or there is no memory.
 */
bool notes_restore(struct notes *n, const char *key, const char *value)
{
	struct note *note = can_be_note(key, value) ? insert(n, key) : NULL;

	if (!note)
		return false;
	put(note, value);
	note->stored = true;
	remove_oldest(n, key);
	return true;
}

/**
 * notes_changed - how many have changed since notes_take()
 * @n: the notes
 *
 * Return: how many it will hand over.
 */
size_t notes_changed(const struct notes *n)
{
	return n->changed;
}

/**
 * notes_take - hand over those that have changed
 * @n: the notes
 * @take: sees to it that they are stored; @value NULL: removed
 * @context: handed to @take
 */
void notes_take(struct notes *n, note_fn take, void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct note *note = n->all[i];

		if (note->changed)
			take(context, note->key, note->there ? note->value : NULL);
		mark(n, note, false);
		note->stored = true;
		if (note->there)
			n->all[kept++] = note;
		else
			free(note);
	}
	n->count = kept;
}
