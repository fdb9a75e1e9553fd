// SPDX-License-Identifier: MIT
/*
 * Frames of D2L modules in a file, as a connection or several have delivered them.
 *
 * A server closes a connection at the first byte that makes no sense. In a file it is skipped, and
 * behind a frame that proves wrong another one is looked for from its second byte on, since what
 * is wrong may be its length.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/say.h"
#include "d2l_file.h"

/* Of 200,000 modules. */
#define KEY_FILE_MAX (32u << 20)

/**
 * struct d2l_file - what is kept from chunk to chunk
 * @offset: of the first byte in @framer
 * @lost: what comes was counted as bad already, up to the next good frame
 * @resume: where the newest bad frame ends, if its length is right
 * @clear: the newest frame in clear
 */
struct d2l_file {
	const struct d2l_keys *keys;
	d2l_found_fn found;
	void *context;
	struct crypt_cbc *aes;
	struct d2l_file_stats stats;
	u64 offset;
	bool lost;
	u64 resume;
	struct d2l_framer framer;
	u8 clear[D2L_FRAME_MAX];
};

/**
 * d2l_file_new - begin with a file
 * @keys: of the modules; must live longer. NULL: there are none
 * @found: called for each whole frame
 * @context: given to @found
 *
 * Return: for d2l_file_free(); NULL without memory.
 */
struct d2l_file *d2l_file_new(const struct d2l_keys *keys, d2l_found_fn found, void *context)
{
	struct d2l_file *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->keys = keys;
	d->found = found;
	d->context = context;
	d->aes = crypt_cbc_new();
	if (d->aes)
		return d;
	free(d);
	return NULL;
}

/**
 * d2l_file_free - done with a file
 * @d: of d2l_file_new(), or NULL
 */
void d2l_file_free(struct d2l_file *d)
{
	if (!d)
		return;
	crypt_cbc_free(d->aes);
	free(d);
}

/**
 * d2l_file_stats - what was counted
 * @d: of d2l_file_new()
 *
 * Return: the counts, valid as long as @d.
 */
const struct d2l_file_stats *d2l_file_stats(const struct d2l_file *d)
{
	return &d->stats;
}

static void drop(struct d2l_file *d, size_t count)
{
	d2l_framer_drop(&d->framer, count);
	d->offset += count;
}

/* A whole frame; returns how many of its bytes are done with. */
static size_t take_frame(struct d2l_file *d, const struct d2l_header *h)
{
	struct d2l_found found = { .offset = d->offset, .header = *h };

	if (d->keys)
		found.key = d2l_keys_find(d->keys, h->id);
	if (found.key)
		found.verdict = d2l_open(d->aes, found.key, d->framer.bytes, h->len, d->clear,
					 &found.frame);
	/* What a damaged frame is made of may look like a header. */
	if (d->lost && d->offset != d->resume && d->keys &&
	    !(found.key && found.verdict == D2L_GOOD))
		return 1;
	d->stats.frames++;
	d->stats.keyless += !found.key;
	d->stats.bad_checksum += found.verdict == D2L_BAD_CRC;
	d->stats.framing += found.verdict == D2L_BAD_PAYLOAD;
	d->lost = found.verdict != D2L_GOOD;
	d->resume = d->offset + h->len;
	d->found(d->context, &found);
	return d->lost ? 1 : h->len;
}

/* Bytes at the beginning that are certainly no frame. */
static size_t garbage(const struct d2l_framer *r)
{
	const u8 *next = memchr(r->bytes + 1, D2L_VERSION, r->len - 1);

	return next ? (size_t)(next - r->bytes) : r->len;
}

/* With @last no more bytes will come. */
static void take(struct d2l_file *d, bool last)
{
	struct d2l_header h;

	while (d->framer.len) {
		enum d2l_verdict verdict = d2l_framer_next(&d->framer, &h);

		if (verdict == D2L_OPEN && !last)
			return;
		if (verdict == D2L_GOOD) {
			drop(d, take_frame(d, &h));
			continue;
		}
		d->stats.framing += !d->lost;
		d->lost = true;
		drop(d, garbage(&d->framer));
	}
}

/**
 * d2l_file_feed - take bytes of the file
 * @d: of d2l_file_new()
 * @bytes: in any chunks
 * @count: number of @bytes
 */
void d2l_file_feed(struct d2l_file *d, const u8 *bytes, size_t count)
{
	while (count) {
		size_t n = d2l_framer_put(&d->framer, bytes, count);

		bytes += n;
		count -= n;
		take(d, false);
	}
}

/**
 * d2l_file_end - there are no more bytes
 * @d: of d2l_file_new()
 *
 * A frame that has not come to its end may have another one within.
 */
void d2l_file_end(struct d2l_file *d)
{
	take(d, true);
}

/* All of a file, with a NUL behind it; to be wiped and freed. */
static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(KEY_FILE_MAX + 1) : NULL;

	if (!text) {
		say("%s cannot be read: %s", path, strerror(errno));
		if (file)
			fclose(file);
		return NULL;
	}
	/* No copy of keys in a buffer of stdio. */
	setvbuf(file, NULL, _IONBF, 0);
	*len = fread(text, 1, KEY_FILE_MAX, file);
	text[*len] = '\0';
	if (ferror(file)) {
		say("%s cannot be read: %s", path, strerror(errno));
		explicit_bzero(text, *len);
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

/**
 * d2l_keys_from_file - read a key file
 * @path: of the file
 *
 * Return: the keys, for d2l_keys_free(); NULL when it cannot be read or is not as it should be,
 * which it has said.
 */
struct d2l_keys *d2l_keys_from_file(const char *path)
{
	struct d2l_keys *keys = d2l_keys_new();
	char problem[256] = "no memory for it";
	size_t len = 0;
	char *text = read_file(path, &len);

	if (!text || !keys || !d2l_keys_add(keys, text, len, problem, sizeof(problem))) {
		if (text)
			say("%s: %s", path, problem);
		d2l_keys_free(keys);
		keys = NULL;
	}
	if (text)
		explicit_bzero(text, len);
	free(text);
	return keys;
}

/**
 * d2l_is_key_file - whether a key file is one for D2L modules, good or bad
 * @path: of the file
 *
 * Those of other meters have no IV. What can be read only once is left alone.
 */
bool d2l_is_key_file(const char *path)
{
	struct stat about;
	size_t len = 0;
	char *text;
	bool found;

	if (stat(path, &about) || !S_ISREG(about.st_mode))
		return false;
	text = read_file(path, &len);
	found = text && strstr(text, "\"iv\"");
	if (text)
		explicit_bzero(text, len);
	free(text);
	return found;
}
