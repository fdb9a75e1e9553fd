// SPDX-License-Identifier: MIT
/*
 * Keys of D2L modules: JSON of one module, {"key": hex, "iv": hex}, or of any number of them,
 * {"011601000001": {"key": hex, "iv": hex}, ...}.
 *
 * The keys stand in locked memory; what finds them there by id does not, since ids are no secret.
 * On their way there they are in memory of jansson's, which is wiped, too.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/hex.h"
#include "../lib/locked.h"
#include "../lib/wiped_json.h"
#include "d2l_keys.h"

#define ROOM_MIN 64

/**
 * struct d2l_keys - keys by id
 * @keys: in locked memory, in the order in which they came
 * @count: of them
 * @room: for so many
 * @slots: open hash of the ids: 1 + index in @keys, 0: free; at least half of them are
 * @slot_bits: 2 to the power of this is their number
 */
struct d2l_keys {
	struct d2l_key *keys;
	size_t count;
	size_t room;
	u32 *slots;
	unsigned int slot_bits;
};

/**
 * struct reader - a key file that is read
 * @keys: where they go
 * @problem: for a sentence
 * @size: of @problem
 */
struct reader {
	struct d2l_keys *keys;
	char *problem;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static bool refused(const struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->problem, r->size, format, args);
	va_end(args);
	return false;
}

/**
 * d2l_keys_new - a table without keys
 *
 * Return: for d2l_keys_free(); NULL without memory.
 */
struct d2l_keys *d2l_keys_new(void)
{
	return calloc(1, sizeof(struct d2l_keys));
}

/**
 * d2l_keys_free - wipe the keys
 * @k: of d2l_keys_new(), or NULL
 */
void d2l_keys_free(struct d2l_keys *k)
{
	if (!k)
		return;
	locked_free(k->keys, k->room * sizeof(*k->keys));
	free(k->slots);
	free(k);
}

/* The slot of an id, or the free one where it would be. */
static size_t slot_of(const struct d2l_keys *k, u64 id)
{
	const size_t mask = ((size_t)1 << k->slot_bits) - 1;
	size_t at = id * 0x9e3779b97f4a7c15ull >> (64 - k->slot_bits);

	while (k->slots[at] && k->keys[k->slots[at] - 1].id != id)
		at = (at + 1) & mask;
	return at;
}

static bool grow_slots(struct d2l_keys *k, size_t room)
{
	unsigned int bits = 1;
	u32 *slots;

	while ((size_t)1 << bits < 2 * room)
		bits++;
	slots = calloc((size_t)1 << bits, sizeof(*slots));
	if (!slots)
		return false;
	free(k->slots);
	k->slots = slots;
	k->slot_bits = bits;
	for (size_t i = 0; i < k->count; i++)
		slots[slot_of(k, k->keys[i].id)] = 1 + i;
	return true;
}

/* Makes room for so many more. */
static bool grow(struct d2l_keys *k, size_t more)
{
	size_t room = k->count + more > 2 * k->room ? k->count + more : 2 * k->room;
	struct d2l_key *keys;

	if (k->count + more <= k->room)
		return true;
	if (room < ROOM_MIN)
		room = ROOM_MIN;
	if (room >= UINT32_MAX || !grow_slots(k, room))
		return false;
	keys = locked_new(room * sizeof(*keys));
	if (!keys)
		return false;
	if (k->count)
		memcpy(keys, k->keys, k->count * sizeof(*keys));
	locked_free(k->keys, k->room * sizeof(*keys));
	k->keys = keys;
	k->room = room;
	return true;
}

/* The key of @id, still zero, in the place where it stays; NULL after a sentence. */
static struct d2l_key *new_key(const struct reader *r, u64 id)
{
	struct d2l_keys *k = r->keys;
	size_t at;

	if (!grow(k, 1)) {
		refused(r, "there is no memory for the keys");
		return NULL;
	}
	at = slot_of(k, id);
	if (k->slots[at] && id == D2L_ANY_ID)
		refused(r, "there is another \"key\" without the id of its module; expected "
			   "{\"ID\": {\"key\": ..., \"iv\": ...}, ...}");
	else if (k->slots[at])
		refused(r, "module %0*" PRIu64 " is there twice", D2L_ID_DIGITS, id);
	if (k->slots[at])
		return NULL;
	k->keys[k->count].id = id;
	k->slots[at] = ++k->count;
	return &k->keys[k->count - 1];
}

/* Whose: "module 011601000001: " or "". Nothing of a key is ever told. */
static bool read_member(const struct reader *r, const char *whose, const json_t *object,
			const char *name, u8 bytes[CRYPT_KEY_LEN])
{
	const json_t *value = json_object_get(object, name);
	const char *hex = json_string_value(value);
	size_t good = hex ? strspn(hex, HEX_DIGITS) : 0;

	if (!value)
		return refused(r, "%sthere is no \"%s\", which eeSmart tells for each module",
			       whose, name);
	if (!hex)
		return refused(r, "%s\"%s\" is no text, expected %d hex digits in quotes", whose,
			       name, 2 * CRYPT_KEY_LEN);
	if (hex[good])
		return refused(r, "%scharacter %zu of \"%s\" is no hex digit, expected %d of them",
			       whose, good + 1, name, 2 * CRYPT_KEY_LEN);
	if (good != 2 * CRYPT_KEY_LEN)
		return refused(r, "%s\"%s\" has %zu hex digits, expected %d", whose, name, good,
			       2 * CRYPT_KEY_LEN);
	return hex_read(hex, bytes, CRYPT_KEY_LEN);
}

static bool read_module(const struct reader *r, const char *whose, const json_t *object, u64 id)
{
	struct d2l_key *key = new_key(r, id);

	return key && read_member(r, whose, object, "key", key->key) &&
	       read_member(r, whose, object, "iv", key->iv);
}

/* The members of @table are modules. */
static bool read_table(const struct reader *r, json_t *table)
{
	const char *name;
	char whose[64];
	unsigned int nth = 0;
	json_t *object;
	u64 id;

	if (!grow(r->keys, json_object_size(table)))
		return refused(r, "there is no memory for the keys");
	json_object_foreach(table, name, object) {
		nth++;
		/* What stands in the wrong place may be a key. */
		if (!d2l_id_read(name, &id))
			return refused(r, "the name of member %u is no id of a module, expected up "
					  "to %d digits", nth, D2L_ID_DIGITS);
		snprintf(whose, sizeof(whose), "module %0*" PRIu64 ": ", D2L_ID_DIGITS, id);
		if (!json_is_object(object))
			return refused(r, "%sexpected {\"key\": ..., \"iv\": ...}", whose);
		if (!read_module(r, whose, object, id))
			return false;
	}
	return nth || refused(r, "there is no module in it");
}

/* Of one module without an id. */
static bool is_single(const json_t *object)
{
	return json_is_string(json_object_get(object, "key")) ||
	       json_is_string(json_object_get(object, "iv"));
}

/* jansson's own sentences quote what they stumble over, which may be a key. */
static json_t *read_json(const struct reader *r, const char *text, size_t len)
{
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (json && json_is_object(json))
		return json;
	if (json)
		refused(r, "expected a JSON object such as {\"011601000001\": {\"key\": \"...\", "
			   "\"iv\": \"...\"}}");
	else if (json_error_code(&error) == json_error_duplicate_key)
		refused(r, "line %d: this member was there before", error.line);
	else
		refused(r, "line %d, character %d: this is not JSON", error.line, error.column);
	explicit_bzero(&error, sizeof(error));
	json_decref(json);
	return NULL;
}

/**
 * d2l_keys_add - add what a key file says
 * @k: the table
 * @text: of the file: JSON of one module or of many; the caller wipes it
 * @len: its length in bytes
 * @problem: for a sentence without the name of the file, when it is not as it should be
 * @size: of @problem
 *
 * Has jansson use other memory meanwhile, so that no other thread may use it.
 *
 * Return: false after a problem; what @k has then is of no use.
 */
bool d2l_keys_add(struct d2l_keys *k, const char *text, size_t len, char *problem, size_t size)
{
	const struct reader r = { k, problem, size };
	struct wiped_json wiping;
	bool good = false;
	json_t *json;

	wiped_json_begin(&wiping);
	json = read_json(&r, text, len);
	if (json)
		good = is_single(json) ? read_module(&r, "", json, D2L_ANY_ID)
				       : read_table(&r, json);
	json_decref(json);
	wiped_json_end(&wiping);
	return good;
}

/**
 * d2l_keys_put - add one key
 * @k: the table
 * @key: with the id of its module
 *
 * Return: false without memory, or when the module has one.
 */
bool d2l_keys_put(struct d2l_keys *k, const struct d2l_key *key)
{
	size_t at;

	if (!grow(k, 1))
		return false;
	at = slot_of(k, key->id);
	if (k->slots[at])
		return false;
	k->keys[k->count] = *key;
	k->slots[at] = ++k->count;
	return true;
}

/**
 * d2l_keys_copy - the same keys once more
 * @k: to copy, or NULL
 *
 * Return: a copy, for d2l_keys_free(); NULL without memory, or for NULL.
 */
struct d2l_keys *d2l_keys_copy(const struct d2l_keys *k)
{
	struct d2l_keys *copy = k ? d2l_keys_new() : NULL;

	for (size_t i = 0; copy && i < k->count; i++) {
		if (d2l_keys_put(copy, &k->keys[i]))
			continue;
		d2l_keys_free(copy);
		copy = NULL;
	}
	return copy;
}

/**
 * d2l_keys_find - the key of a module
 * @k: the table
 * @id: of the module
 *
 * Return: its key, or one that came without an id; NULL when there is neither. Valid until the
 * next d2l_keys_add().
 */
const struct d2l_key *d2l_keys_find(const struct d2l_keys *k, u64 id)
{
	u32 found;

	if (!k->count)
		return NULL;
	found = k->slots[slot_of(k, id)];
	if (!found)
		found = k->slots[slot_of(k, D2L_ANY_ID)];
	return found ? &k->keys[found - 1] : NULL;
}

/** d2l_keys_count - how many keys there are */
size_t d2l_keys_count(const struct d2l_keys *k)
{
	return k->count;
}

/** d2l_keys_at - one of them, by an index below d2l_keys_count(), in the order of the files */
const struct d2l_key *d2l_keys_at(const struct d2l_keys *k, size_t index)
{
	return &k->keys[index];
}

/**
 * d2l_id_read - the id of a module
 * @text: up to 12 digits; labels on modules lack the zeros on the left
 * @id: for the id
 *
 * Return: false when it is none.
 */
bool d2l_id_read(const char *text, u64 *id)
{
	size_t len = strlen(text);

	if (!len || len > D2L_ID_DIGITS || strspn(text, "0123456789") != len)
		return false;
	*id = strtoull(text, NULL, 10);
	return true;
}
