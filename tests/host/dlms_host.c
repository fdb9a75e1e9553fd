// SPDX-License-Identifier: MIT
#include "dlms_host.h"

const struct meter_keys dlms_keys = {
	.key = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.auth_key = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9 },
	.has_auth_key = true,
};

size_t dlms_cipher_of(u8 *message, u32 counter, u8 control, const u8 *text, size_t len)
{
	const struct cipher_frame f = {
		.keys = &dlms_keys,
		.title = DLMS_HOST_TITLE,
		.counter = counter,
		.control = control,
		.length_bytes = len < 100   ? 1
				: len < 230 ? 2
					    : 3,
		.text = text,
		.len = len,
	};

	return cipher_frame(&f, message);
}

static void say_apdu(struct dlms_heard *h, const struct dlms_apdu *apdu, size_t len)
{
	if (apdu->system_title) {
		text_add_bytes(&h->said, apdu->system_title, SYSTEM_TITLE_LEN);
		text_add(&h->said, " %u ", apdu->counter);
	}
	text_add(&h->said, "%d %llu ", apdu->tag, (unsigned long long)apdu->first_byte);
	text_add_bytes(&h->said, apdu->bytes, len);
	text_add(&h->said, "\n");
}

static size_t take_apdu(void *heard, const struct dlms_apdu *apdu)
{
	struct dlms_heard *h = heard;
	size_t len = h->any_body ? apdu->len : notification_len(apdu->bytes, apdu->len);

	if (!len)
		return 0;
	h->apdus++;
	say_apdu(h, apdu, len);
	return len;
}

/* Of a telegram of P1 nothing but its form is looked at. */
static size_t take_text(void *heard, const struct dlms_apdu *apdu)
{
	const u8 *end = memchr(apdu->bytes, '!', apdu->len);
	struct dlms_heard *h = heard;

	if (!end || apdu->bytes + apdu->len - end < 7)
		return 0;
	h->texts++;
	say_apdu(h, apdu, apdu->len);
	return apdu->len;
}

void dlms_begin(struct dlms_heard *h, unsigned int framings, const struct meter_keys *keys)
{
	const struct dlms_out out = {
		.apdu = take_apdu,
		.text = take_text,
		.context = h,
		.text_context = h,
	};

	memset(h, 0, sizeof(*h));
	h->line = dlms_line_new(framings, keys, &out);
	if (!h->line)
		abort();
}

void dlms_hear(struct dlms_heard *h, const u8 *bytes, size_t len)
{
	dlms_line_feed(h->line, bytes, len, 0);
}

void dlms_hear_in_pieces(struct dlms_heard *h, const u8 *bytes, size_t len, size_t most)
{
	u64 state = len;

	for (size_t at = 0; at < len;) {
		size_t n = most ? 1 + lot(&state, most) : len;

		n = n < len - at ? n : len - at;
		dlms_hear(h, bytes + at, n);
		at += n;
	}
}

void dlms_end(struct dlms_heard *h)
{
	dlms_line_end(h->line);
}

void dlms_forget(struct dlms_heard *h)
{
	dlms_line_free(h->line);
	text_free(&h->said);
}

bool dlms_same(const struct dlms_heard *a, const struct dlms_heard *b)
{
	const struct dlms_counts *of_a = dlms_line_counts(a->line);

	return text_same(&a->said, &b->said) &&
	       !memcmp(of_a, dlms_line_counts(b->line), sizeof(*of_a)) &&
	       dlms_line_trouble(a->line) == dlms_line_trouble(b->line) &&
	       dlms_line_framing(a->line) == dlms_line_framing(b->line);
}

size_t dlms_corpus(struct vector **vectors, const char **skip)
{
	size_t count;

	*vectors = NULL;
	count = load_directory(vectors, 0, "../shared/corpus/dlms");
	if (!count)
		*skip = "there is no ../shared/corpus";
	return count;
}

struct meter_keys *dlms_vector_keys(const struct vector *v)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%.*s.key.json", (int)strlen(v->name) - 4, v->name);
	file = fopen(path, "r");
	if (!file)
		return NULL;
	fclose(file);
	return meter_keys_read(path);
}

static void add_seed(struct vector **vectors, size_t *count, const u8 *bytes, size_t len)
{
	struct vector *v;

	*vectors = realloc(*vectors, (*count + 1) * sizeof(**vectors));
	v = &(*vectors)[(*count)++];
	snprintf(v->name, sizeof(v->name), "made %zu", *count);
	v->bytes = malloc(len);
	v->len = len;
	memcpy(v->bytes, bytes, len);
}

size_t dlms_seeds(struct vector **vectors)
{
	size_t (*const makers[])(u8 *, const u8 *, size_t, size_t) = {
		hdlc_segments_of,
		hdlc_blocks_of,
		mbus_segments_of,
	};
	u8 apdu[600], line[1500], *at;
	const size_t len = notification_of(apdu, 1, 390);
	size_t count;

	*vectors = NULL;
	count = load_directory(vectors, 0, "../shared/corpus/dlms");
	for (size_t i = 0; i < COUNT(makers); i++) {
		at = line + makers[i](line, apdu, len, 150);
		at += makers[i](at, apdu, 70, 2000);
		add_seed(vectors, &count, line, at - line);
	}
	add_seed(vectors, &count, apdu, len);
	add_seed(vectors, &count, line, dlms_cipher_of(line, 1, 0x30, apdu, len));
	return count;
}

/* A pause now and then, at the same bytes however they come. */
static void hear_with_pauses(struct dlms_heard *h, const u8 *bytes, size_t len, size_t most)
{
	u64 state = len;

	for (size_t at = 0; at < len;) {
		size_t n = 1 + lot(&state, lot(&state, 2) ? 40 : 3000);

		n = n < len - at ? n : len - at;
		dlms_hear_in_pieces(h, bytes + at, n, most);
		dlms_line_pause(h->line);
		at += n;
	}
	dlms_end(h);
}

static void hear_line(struct dlms_heard *h, bool pauses, const u8 *bytes, size_t len, size_t most)
{
	if (pauses) {
		hear_with_pauses(h, bytes, len, most);
	} else {
		dlms_hear_in_pieces(h, bytes, len, most);
		dlms_end(h);
	}
}

bool dlms_same_in_chunks(unsigned int framings, const struct meter_keys *keys, const u8 *bytes,
			 size_t len)
{
	static const size_t chunks[] = { 1, 7, 300 };
	struct dlms_heard whole, pieces;
	u64 state = len;
	bool same = true;

	for (unsigned int pauses = 0; same && pauses < 2; pauses++) {
		const size_t chunk = chunks[lot(&state, COUNT(chunks))];

		dlms_begin(&whole, framings, keys);
		hear_line(&whole, pauses, bytes, len, 0);
		dlms_begin(&pieces, framings, keys);
		hear_line(&pieces, pauses, bytes, len, chunk);
		same = dlms_same(&whole, &pieces) ||
		       broken("framings %u, pauses %u: other in chunks of %zu", framings, pauses,
			      chunk);
		dlms_forget(&pieces);
		dlms_forget(&whole);
	}
	return same;
}

/* How many good frames there are by this framing alone. */
static u64 frames_in(unsigned int framing, const u8 *bytes, size_t len)
{
	struct dlms_heard h;
	u64 frames;

	dlms_begin(&h, framing, NULL);
	dlms_hear_in_pieces(&h, bytes, len, 100);
	dlms_end(&h);
	frames = dlms_line_counts(h.line)->frames;
	dlms_forget(&h);
	return frames;
}

/* From the first byte on. */
static bool line_has_them(const struct frame_rules *r, const u8 *bytes, size_t len)
{
	u64 frames = 0, found = frames_in(r->framing, bytes, len);

	for (size_t at = 0; at < len;) {
		const size_t step = r->step(bytes + at, len - at);

		frames += step > 0;
		at += step ? step : 1;
	}
	return frames == found || broken("%llu frames instead of %llu", (unsigned long long)found,
					 (unsigned long long)frames);
}

static bool agrees(const struct frame_rules *r, const u8 *bytes, size_t len)
{
	for (size_t at = 0; at < len; at++)
		if (bytes[at] == r->start && !r->reads_the_same(bytes + at, len - at))
			return false;
	return line_has_them(r, bytes, len);
}

bool dlms_frames_agree(const struct frame_rules *rules, const u8 *bytes, size_t len)
{
	u8 *right = malloc(len + 1);
	bool kept;

	if (!right)
		abort();
	memcpy(right, bytes, len);
	rules->put_all_right(right, len);
	kept = agrees(rules, bytes, len) && agrees(rules, right, len) &&
	       dlms_same_in_chunks(rules->framing, NULL, right, len);
	free(right);
	return kept;
}
