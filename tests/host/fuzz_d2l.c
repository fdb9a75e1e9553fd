// SPDX-License-Identifier: MIT
/*
 * The seeds are payloads; bytes are tried as a stream, as frames in clear, and as payloads.
 */
#include "d2l_host.h"
#include "fuzz.h"

const char property[] = "any_bytes_are_the_same_frames_in_any_chunks_and_say_what_they_are_made_of";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return d2l_json_seeds(vectors);
}

static struct crypt_cbc *aes(void)
{
	static struct crypt_cbc *c;

	if (!c)
		c = crypt_cbc_new();
	return c;
}

/* Each verdict on the way, up to the one that ends a connection. */
static void add_verdicts(struct text *said, const u8 *bytes, size_t len, bool ragged)
{
	struct d2l_framer *r = calloc(1, sizeof(*r));
	enum d2l_verdict verdict = D2L_OPEN;
	struct d2l_header h;
	u64 state = len;

	for (size_t at = 0; verdict == D2L_OPEN && at < len;) {
		size_t n = ragged ? 1 + lot(&state, lot(&state, 3) ? 9 : 900) : len;

		at += d2l_framer_put(r, bytes + at, n < len - at ? n : len - at);
		while ((verdict = d2l_framer_next(r, &h)) == D2L_GOOD) {
			text_add(said, "%zu ", h.len);
			text_add_bytes(said, r->bytes, h.len);
			d2l_framer_drop(r, h.len);
		}
	}
	text_add(said, "%d", verdict);
	free(r);
}

static bool same_in_chunks(const u8 *bytes, size_t len)
{
	struct text whole = { 0 }, ragged = { 0 };
	bool same;

	add_verdicts(&whole, bytes, len, false);
	add_verdicts(&ragged, bytes, len, true);
	same = text_same(&whole, &ragged);
	text_free(&whole);
	text_free(&ragged);
	return same || broken("not the same frames in chunks");
}

/* The bytes as frames one after the other, of lengths by lot, whose headers are as they must be. */
static size_t make_stream(u8 *stream, const u8 *bytes, size_t len)
{
	u64 state = len + (len ? bytes[0] : 0);
	size_t at = 0;

	while (at + D2L_FRAME_MIN <= len) {
		size_t frame = D2L_FRAME_MIN + 16 * lot(&state, 20);

		if (frame > len - at)
			frame = D2L_FRAME_MIN;
		memcpy(stream + at, bytes + at, frame);
		/* Now and then what follows is damaged. */
		if (lot(&state, 10))
			d2l_complete(stream + at, frame);
		at += frame;
	}
	memcpy(stream + at, bytes + at, len - at);
	return len;
}

static bool opens_as_made(const u8 *bytes, size_t len)
{
	u8 clear[D2L_FRAME_MAX], frame[D2L_FRAME_MAX], opened[D2L_FRAME_MAX];
	enum d2l_verdict verdict;
	struct d2l_frame f;
	size_t said;

	len -= len % 16;
	if (len < D2L_FRAME_MIN)
		return true;
	if (len > D2L_FRAME_MAX)
		len = D2L_FRAME_MAX;
	memcpy(clear, bytes, len);
	d2l_complete(clear, len);
	memcpy(frame, clear, len);
	d2l_encipher(&test_key, frame, len);
	verdict = d2l_open(aes(), &test_key, frame, len, opened, &f);
	said = clear[34] | clear[35] << 8;
	if (verdict != (said <= len - 38 ? D2L_GOOD : D2L_BAD_PAYLOAD))
		return broken("verdict %d", verdict);
	if (memcmp(clear, opened, len) || f.type != (clear[36] & 0x7f) ||
	    f.answer != clear[36] >> 7 || f.error != clear[37] >> 7 ||
	    f.payload != opened + 38 || f.payload_len != said)
		return broken("it says something else");
	return true;
}

static bool comes_back(const u8 *bytes, size_t len)
{
	struct d2l_frame f = { .id = ~test_key.id, .type = 3, .payload = bytes }, again;
	u8 frame[D2L_FRAME_MAX], clear[D2L_FRAME_MAX];
	const u8 random[D2L_RANDOM_LEN] = { 1 };
	struct d2l_reading *r;
	size_t sealed;

	f.payload_len = len < D2L_PAYLOAD_MAX ? len : D2L_PAYLOAD_MAX;
	sealed = d2l_seal(aes(), &test_key, &f, random, frame, sizeof(frame));
	if (d2l_open(aes(), &test_key, frame, sealed, clear, &again) != D2L_GOOD ||
	    again.id != f.id || again.payload_len != f.payload_len ||
	    memcmp(again.payload, bytes, f.payload_len))
		return broken("it does not come back");
	r = malloc(sizeof(*r));
	d2l_reading_parse(r, again.payload, again.payload_len);
	free(r);
	return true;
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	u8 *stream = malloc(len + 1);
	bool kept;

	make_stream(stream, bytes, len);
	kept = same_in_chunks(bytes, len) && same_in_chunks(stream, len);
	free(stream);
	return kept && opens_as_made(bytes, len) && comes_back(bytes, len);
}
