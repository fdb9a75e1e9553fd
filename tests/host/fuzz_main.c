// SPDX-License-Identifier: MIT
/*
 * Tries a property on its seeds and on changed ones, the same ones in every run. ROUNDS in the
 * environment: how many changed ones.
 */
#include <errno.h>

#include "fuzz.h"

#define ROUNDS	  20000
#define BYTES_MAX 8192

static const char *const words[] = {
	"\002", "\003",	     "\004",  "\n",	"\r",	      "\t",	     " ",
	"/",	"!",	     "(",     ")",	"\r\n",	      "/ABC5",	     "!\r\n",
	"0",	"999999999", "-",     "*kWh",	"1-0:1.8.0(", "0-1:24.2.1(", "632525252525S",
	"255",	"\x80",	     "\xff",  "\\x",	"\n ",	      "=",	     ";",
	",",	"@",	     "BASE ", "DATE\t",     "\"",	      "\",\"",	     "{",
	"}",	"[",	     "]",     ":\"",	"|",	      "\\u0000",    "\"BASE\":\"1\"",
	"null", "\"DATE\":", "1e9",
};

static void change_byte(u8 *bytes, size_t *len, u64 *state)
{
	size_t at = lot(state, *len);

	if (lot(state, 2))
		bytes[at] ^= 1 << lot(state, 8);
	else
		bytes[at] = lot(state, 256);
}

static void remove_some(u8 *bytes, size_t *len, u64 *state)
{
	size_t at = lot(state, *len);
	size_t count = 1 + lot(state, lot(state, 4) ? 4 : 400);

	if (count >= *len - at)
		count = *len - at - 1;
	memmove(bytes + at, bytes + at + count, *len - at - count);
	*len -= count;
}

static void insert(u8 *bytes, size_t *len, size_t at, const void *from, size_t count)
{
	if (*len + count > BYTES_MAX)
		return;
	memmove(bytes + at + count, bytes + at, *len - at);
	memcpy(bytes + at, from, count);
	*len += count;
}

static void insert_word(u8 *bytes, size_t *len, u64 *state)
{
	const char *word = words[lot(state, COUNT(words))];

	insert(bytes, len, lot(state, *len), word, strlen(word));
}

static void repeat_some(u8 *bytes, size_t *len, u64 *state)
{
	size_t at = lot(state, *len), count = 1 + lot(state, 300);
	u8 copy[300];

	if (count > *len - at)
		count = *len - at;
	memcpy(copy, bytes + at, count);
	insert(bytes, len, lot(state, *len), copy, count);
}

static void change(u8 *bytes, size_t *len, u64 *state)
{
	static void (*const changes[])(u8 *, size_t *, u64 *) = {
		change_byte, change_byte, remove_some, insert_word, repeat_some,
	};

	for (u32 n = 1 + lot(state, 8); n && *len > 1; n--)
		changes[lot(state, COUNT(changes))](bytes, len, state);
}

/* Without good checksums hardly anything that was changed would be read. */
static void repair_groups(u8 *bytes, size_t len)
{
	size_t begin = len;

	for (size_t i = 0; i < len; i++) {
		unsigned int sum = 0;

		if (bytes[i] == '\n')
			begin = i + 1;
		if (bytes[i] != '\r' || i < begin + 4)
			continue;
		for (size_t at = begin; at < i - (bytes[i - 2] == '\t' ? 1 : 2); at++)
			sum += bytes[at];
		bytes[i - 1] = (sum & 0x3f) + 0x20;
	}
}

static void repair_crc(u8 *bytes, size_t len)
{
	char text[8];
	size_t begin = len;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '/')
			begin = i;
		if (bytes[i] != '!' || begin > i || i + 6 > len || bytes[i + 5] != '\r')
			continue;
		snprintf(text, sizeof(text), "%04X", crc16_arc(0, bytes + begin, i + 1 - begin));
		memcpy(bytes + i + 1, text, 4);
	}
}

/* A piece of a vector, changed. */
static size_t make_input(const struct vector *vectors, size_t count, u8 *bytes, u64 *state)
{
	const struct vector *v = &vectors[lot(state, count)];
	size_t len = v->len < BYTES_MAX / 2 ? v->len : BYTES_MAX / 2;

	memcpy(bytes, v->bytes + (v->len - len ? lot(state, v->len - len) : 0), len);
	change(bytes, &len, state);
	if (lot(state, 2))
		repair_groups(bytes, len);
	if (lot(state, 2))
		repair_crc(bytes, len);
	return len;
}

static void keep_input(const u8 *bytes, size_t len, unsigned long round)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s.input", program_invocation_name);
	file = fopen(path, "wb");
	if (file && fwrite(bytes, 1, len, file) == len)
		note("round %lu: the input is kept in %s", round, path);
	if (file)
		fclose(file);
}

static bool holds_for_changed_vectors(const char **skip)
{
	const char *rounds = getenv("ROUNDS");
	unsigned long count = rounds ? strtoul(rounds, NULL, 10) : ROUNDS;
	struct vector *vectors;
	size_t vector_count = fuzz_seeds(&vectors);
	u8 *bytes = malloc(BYTES_MAX);
	bool kept = true;
	u64 state = 1;

	(void)skip;
	for (size_t i = 0; kept && i < vector_count; i++)
		kept = holds(vectors[i].bytes, vectors[i].len);
	for (unsigned long round = 0; kept && round < count; round++) {
		size_t len = make_input(vectors, vector_count, bytes, &state);

		kept = holds(bytes, len);
		if (!kept)
			keep_input(bytes, len, round);
	}
	note("%lu inputs", count + vector_count);
	free(bytes);
	free_vectors(vectors, vector_count);
	return kept;
}

int main(void)
{
	const struct promise promise = { property, holds_for_changed_vectors };

	return keep_promises(&promise, 1);
}
