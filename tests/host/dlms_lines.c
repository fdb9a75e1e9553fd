// SPDX-License-Identifier: MIT
/*
 * DLMS lines: HDLC, wired M-Bus and no framing at all, to whole APDUs.
 */
#include "dlms_host.h"

#define ROOM 40000

/** struct sent - bytes of a line with the same APDU in one of several forms */
struct sent {
	const char *form;
	unsigned int framing;
	size_t len;
	u8 bytes[4096];
};

/* An APDU of 400 bytes, in each way that meters send one of its size. */
static size_t send_all(struct sent *sent)
{
	u8 apdu[512];
	const size_t len = notification_of(apdu, 7, 390);
	struct sent *s = sent;

	*s = (struct sent){ "one HDLC frame", DLMS_HDLC, 0, { 0 } };
	s->len = hdlc_segments_of(s->bytes, apdu, len, 2000);
	*++s = (struct sent){ "HDLC segments", DLMS_HDLC, 0, { 0 } };
	s->len = hdlc_segments_of(s->bytes, apdu, len, 150);
	*++s = (struct sent){ "blocks in HDLC", DLMS_HDLC, 0, { 0 } };
	s->len = hdlc_blocks_of(s->bytes, apdu, len, 120);
	*++s = (struct sent){ "M-Bus segments", DLMS_MBUS, 0, { 0 } };
	s->len = mbus_segments_of(s->bytes, apdu, len, 245);
	*++s = (struct sent){ "one M-Bus frame, its length modulo 256", DLMS_MBUS, 0, { 0 } };
	s->len = mbus_segments_of(s->bytes, apdu, len, 500);
	return s + 1 - sent;
}

#define FORMS 5

/* Whether these bytes give so many APDUs, by this framing and by itself. */
static bool gives(unsigned int framing, const u8 *bytes, size_t len, size_t apdus)
{
	const unsigned int framings[] = { framing, DLMS_AUTO };
	bool kept = true;

	for (size_t i = 0; i < COUNT(framings); i++) {
		struct dlms_heard h;

		dlms_begin(&h, framings[i], NULL);
		dlms_hear(&h, bytes, len);
		dlms_end(&h);
		if (h.apdus != apdus)
			kept = broken("%zu APDUs instead of %zu, framings %u", h.apdus, apdus,
				      framings[i]);
		dlms_forget(&h);
	}
	return kept;
}

static size_t one_frame(u8 *bytes)
{
	u8 apdu[512];

	return hdlc_segments_of(bytes, apdu, notification_of(apdu, 7, 300), 2000);
}

/* By the first bytes of the file: which framing a vector has. */
static unsigned int framing_of(const struct vector *v)
{
	if (strstr(v->name, "hdlc"))
		return DLMS_HDLC;
	return strstr(v->name, "mbus") ? DLMS_MBUS : DLMS_RAW;
}

static size_t lines_of(const struct vector *v)
{
	char path[600];
	size_t lines = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%.*s.expected.ndjson", (int)strlen(v->name) - 4, v->name);
	file = fopen(path, "r");
	if (!file)
		abort();
	for (int c = getc(file); c != EOF; c = getc(file))
		lines += c == '\n';
	fclose(file);
	return lines;
}

static void hear_vector(struct dlms_heard *h, const struct vector *v, unsigned int framings,
			const struct meter_keys *keys, size_t cut)
{
	dlms_begin(h, framings, keys);
	h->any_body = true;
	dlms_hear(h, v->bytes, cut);
	dlms_hear(h, v->bytes + cut, v->len - cut);
	dlms_end(h);
}

static bool vector_gives_its_messages(const struct vector *v, unsigned int framings)
{
	struct meter_keys *keys = dlms_vector_keys(v);
	struct dlms_heard h;
	bool kept;

	hear_vector(&h, v, framings, keys, v->len);
	kept = h.apdus == lines_of(v) ||
	       broken("%s by %u: %zu messages instead of %zu: %s", v->name, framings, h.apdus,
		      lines_of(v), dlms_trouble_text(dlms_line_trouble(h.line)));
	dlms_forget(&h);
	meter_keys_free(keys);
	return kept;
}

static bool each_vector_gives_its_messages(const char **skip)
{
	struct vector *vectors;
	size_t count = dlms_corpus(&vectors, skip);
	bool kept = true;

	for (size_t i = 0; i < count; i++)
		kept = vector_gives_its_messages(&vectors[i], framing_of(&vectors[i])) &&
		       vector_gives_its_messages(&vectors[i], DLMS_AUTO) && kept;
	note("%zu vectors", count);
	free_vectors(vectors, count);
	return kept;
}

static bool vector_may_be_cut(const struct vector *v, unsigned int framings)
{
	struct meter_keys *keys = dlms_vector_keys(v);
	struct dlms_heard whole, cut;
	bool kept = true;

	hear_vector(&whole, v, framings, keys, v->len);
	for (size_t at = 0; kept && at < v->len; at++) {
		hear_vector(&cut, v, framings, keys, at);
		kept = dlms_same(&whole, &cut) ||
		       broken("%s by %u: cut at %zu it differs", v->name, framings, at);
		dlms_forget(&cut);
	}
	dlms_forget(&whole);
	meter_keys_free(keys);
	return kept;
}

static bool a_cut_at_any_byte_of_a_vector_changes_nothing(const char **skip)
{
	struct vector *vectors;
	size_t count = dlms_corpus(&vectors, skip);
	bool kept = true;

	for (size_t i = 0; i < count; i++)
		kept = vector_may_be_cut(&vectors[i], framing_of(&vectors[i])) &&
		       vector_may_be_cut(&vectors[i], DLMS_AUTO) && kept;
	free_vectors(vectors, count);
	return kept;
}

static bool each_form_of_a_message_is_read_byte_by_byte_and_to_its_last(const char **skip)
{
	static struct sent sent[FORMS];

	(void)skip;
	for (size_t i = 0; i < send_all(sent); i++) {
		struct dlms_heard h;
		size_t apdus;
		u64 skipped;

		dlms_begin(&h, DLMS_AUTO, NULL);
		dlms_hear_in_pieces(&h, sent[i].bytes, sent[i].len, 1);
		apdus = h.apdus;
		dlms_end(&h);
		skipped = dlms_line_counts(h.line)->skipped;
		dlms_forget(&h);
		if (apdus != 1 || skipped)
			return broken("%s: %zu APDUs, %llu bytes skipped", sent[i].form, apdus,
				      (unsigned long long)skipped);
	}
	return true;
}

/* Without framing there is no check, and a body that is altered is for who parses it. */
static bool no_altered_bit_is_accepted(const char **skip)
{
	static struct sent sent[FORMS];
	size_t bits = 0;

	(void)skip;
	for (size_t i = 0; i < send_all(sent); i++) {
		struct sent *s = &sent[i];

		for (size_t bit = 0; bit < 8 * s->len; bit++) {
			struct dlms_heard h;
			size_t apdus;

			s->bytes[bit / 8] ^= 1 << bit % 8;
			dlms_begin(&h, s->framing, NULL);
			h.any_body = true;
			dlms_hear(&h, s->bytes, s->len);
			dlms_end(&h);
			apdus = h.apdus;
			dlms_forget(&h);
			s->bytes[bit / 8] ^= 1 << bit % 8;
			if (apdus)
				return broken("%s: accepted with bit %zu of byte %zu flipped",
					      s->form, bit % 8, bit / 8);
		}
		bits += 8 * s->len;
	}
	note("%zu bits", bits);
	return true;
}

/* A whole message behind the beginning of one, and between two of which one is cut off at its head.
 */
static bool costs_no_other(const struct sent *s, size_t len)
{
	/* A flag that is missing is that of the frame beside it. */
	const bool hdlc = s->bytes[0] == 0x7e;
	const size_t head = hdlc && len == s->len - 1, tail = !len || (hdlc && len == 1);
	static u8 line[3 * 4096];

	memcpy(line, s->bytes, len);
	memcpy(line + len, s->bytes, s->len);
	if (!gives(s->framing, line, len + s->len, 1 + head))
		return broken("%s, cut off at %zu", s->form, len);
	memcpy(line, s->bytes, s->len);
	memcpy(line + s->len, s->bytes + len, s->len - len);
	memcpy(line + 2 * s->len - len, s->bytes, s->len);
	return gives(s->framing, line, 3 * s->len - len, 2 + tail) ||
	       broken("%s, begun at %zu", s->form, len);
}

static bool a_message_cut_off_at_any_length_costs_no_other(const char **skip)
{
	static struct sent sent[FORMS];
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < send_all(sent); i++)
		for (size_t len = 0; kept && len < sent[i].len; len++)
			kept = costs_no_other(&sent[i], len);
	return kept;
}

/* What is cut off is no longer waited for when there is a good frame behind it. */
static bool a_pause_hands_out_what_a_cut_frame_claims(const char **skip)
{
	static const unsigned int lengths[] = { 10, 120, 245, 1000 };
	u8 apdu[2000], line[4096];

	(void)skip;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		size_t claims = hdlc_segments_of(line, apdu, notification_of(apdu, 1, 1500), 2000);
		struct dlms_heard h;
		bool kept;

		claims -= 1000;
		claims += hdlc_segments_of(line + claims, apdu,
					   notification_of(apdu, 2, lengths[i] / 2), 2000);
		dlms_begin(&h, DLMS_HDLC, NULL);
		dlms_hear(&h, line, claims);
		kept = !h.apdus && dlms_line_waits_for_pause(h.line);
		dlms_line_pause(h.line);
		kept = kept && h.apdus == 1 && dlms_line_counts(h.line)->bad_form == 1 &&
		       !dlms_line_waits_for_pause(h.line);
		dlms_forget(&h);
		if (!kept)
			return broken("with %u bytes behind it", lengths[i]);
	}
	return true;
}

/* Gateways stall. */
static bool a_pause_inside_a_frame_changes_nothing(const char **skip)
{
	static struct sent sent[FORMS];

	(void)skip;
	for (size_t i = 0; i < send_all(sent); i++) {
		for (size_t at = 0; at < sent[i].len; at++) {
			struct dlms_heard h;
			size_t apdus;

			dlms_begin(&h, DLMS_AUTO, NULL);
			dlms_hear(&h, sent[i].bytes, at);
			dlms_line_pause(h.line);
			dlms_hear(&h, sent[i].bytes + at, sent[i].len - at);
			apdus = h.apdus;
			dlms_forget(&h);
			if (apdus != 1)
				return broken("%s, a pause at %zu", sent[i].form, at);
		}
	}
	return true;
}

/* A body so that the FCS, or the HCS, has this byte in one of its places. */
static bool is_read_with_a_flag_in(unsigned int place)
{
	u8 apdu[64], frame[128];

	for (u32 invoke_id = 0; invoke_id < 100000; invoke_id++) {
		size_t len =
			hdlc_segments_of(frame, apdu, notification_of(apdu, invoke_id, 40), 99);

		if (frame[len - place] == 0x7e)
			return gives(DLMS_HDLC, frame, len, 1);
	}
	return broken("no such frame");
}

static bool is_read_with_a_flag_in_the_hcs(unsigned int place)
{
	u8 information[64] = { 0xe6, 0xe7, 0x00 }, frame[128];
	const size_t len = 3 + notification_of(information + 3, 1, 40);

	for (unsigned int address = 0; address < 0x10000; address++) {
		const struct hdlc_made h = {
			.destination = { address >> 7 & 0xfe, (address << 1 & 0xff) | 1 },
			.destination_len = 2,
			.source = { 3 },
			.source_len = 1,
			.control = 0x13,
			.information = information,
			.len = len,
		};
		size_t frame_len = hdlc_frame_of(frame, &h);

		if (frame[7 + place] == 0x7e)
			return gives(DLMS_HDLC, frame, frame_len, 1);
	}
	return broken("no such frame");
}

static bool a_flag_inside_data_and_checks_is_no_flag(const char **skip)
{
	u8 apdu[600], frame[700];
	size_t len = hdlc_segments_of(frame, apdu, notification_of(apdu, 0x7e7e7e7e, 500), 2000);

	(void)skip;
	return gives(DLMS_HDLC, frame, len, 1) && is_read_with_a_flag_in(2) &&
	       is_read_with_a_flag_in(3) && is_read_with_a_flag_in_the_hcs(0) &&
	       is_read_with_a_flag_in_the_hcs(1);
}

static bool flags_may_be_shared_or_more_than_two(const char **skip)
{
	u8 line[4096];
	size_t len = one_frame(line), shared = 2 * len - 1, more;

	(void)skip;
	one_frame(line + len - 1);
	more = shared;
	memset(line + more, 0x7e, 5);
	memcpy(line + more + 5, line, len);
	memset(line + more + 5 + len, 0x7e, 300);
	return gives(DLMS_HDLC, line, shared, 2) && gives(DLMS_HDLC, line, more + 5 + len, 3) &&
	       gives(DLMS_HDLC, line, more + 5 + len + 300, 3);
}

static bool addresses_of_1_2_and_4_bytes_are_read(const char **skip)
{
	static const u8 addresses[5][4] = {
		{ 0 }, { 0x41 }, { 0x08, 0x83 }, { 0x02, 0x04, 0x07 }, { 0x02, 0x04, 0x06, 0x09 },
	};
	u8 information[200] = { 0xe6, 0xe7, 0x00 }, frame[300];
	const size_t len = 3 + notification_of(information + 3, 1, 100);

	(void)skip;
	for (unsigned int i = 1; i < 25; i++) {
		const unsigned int to = i % 5, from = i / 5;
		const bool good = to && from && to != 3 && from != 3;
		struct hdlc_made h = {
			.destination_len = to,
			.source_len = from,
			.control = 0x13,
			.information = information,
			.len = len,
		};

		memcpy(h.destination, addresses[to], 4);
		memcpy(h.source, addresses[from], 4);
		if (to && from && !gives(DLMS_HDLC, frame, hdlc_frame_of(frame, &h), good))
			return broken("addresses of %u and %u bytes", to, from);
	}
	return true;
}

static bool a_check_of_zero_is_not_unchecked(const char **skip)
{
	u8 line[700];
	size_t len = one_frame(line);

	(void)skip;
	line[len - 3] = line[len - 2] = 0;
	if (!gives(DLMS_HDLC, line, len, 0))
		return false;
	len = one_frame(line);
	line[7] = line[8] = 0;
	return gives(DLMS_HDLC, line, len, 0);
}

/* Noise with flags and headers in it, some of which claim whatever follows. */
static size_t make_noise(u8 *noise, u64 *state)
{
	size_t len = lot(state, 30), at;

	for (at = 0; at < len; at++)
		noise[at] = lot(state, 256);
	switch (lot(state, 4)) {
	case 0:
		noise[at++] = 0x7e;
		noise[at++] = 0xa0 | lot(state, 16);
		noise[at++] = lot(state, 256);
		break;
	case 1:
		noise[at++] = 0x68;
		noise[at++] = 0x12;
		noise[at++] = 0x12;
		noise[at++] = 0x68;
		break;
	case 2:
		/* A good header, of which nothing follows. */
		e450_frame_of(noise + at, false, noise, len ? len : 1);
		at += 9;
		break;
	}
	return at;
}

static bool noise_between_frames_costs_none(const char **skip)
{
	static u8 line[200 * 500];
	u64 state = 1;

	(void)skip;
	for (unsigned int mbus = 0; mbus < 2; mbus++) {
		size_t at = 0;

		for (unsigned int i = 0; i < 150; i++) {
			u8 apdu[300];
			size_t len = notification_of(apdu, i, lot(&state, 240));

			at += make_noise(line + at, &state);
			at += mbus ? mbus_segments_of(line + at, apdu, len, 2000)
				   : hdlc_segments_of(line + at, apdu, len, 2000);
		}
		if (!gives(mbus ? DLMS_MBUS : DLMS_HDLC, line, at, 150))
			return broken("of %s", mbus ? "M-Bus" : "HDLC");
	}
	return true;
}

/* Also when it is bytes that begin a frame. */
static bool noise_between_segments_of_mbus_drops_their_message(const char **skip)
{
	static const u8 noises[][4] = { { 0x68 }, { 0x68, 0x68 }, { 0x7e }, { 0x68, 9, 9, 0x68 } };
	u8 apdu[600], line[1000], noisy[2000];
	const size_t len = mbus_segments_of(line, apdu, notification_of(apdu, 1, 480), 245);
	const size_t first = line[1] + 6;

	(void)skip;
	for (size_t i = 0; i < COUNT(noises); i++) {
		const size_t noise = i == 3 ? 4 : 1 + i % 2;

		memcpy(noisy, line, first);
		memcpy(noisy + first, noises[i], noise);
		memcpy(noisy + first + noise, line + first, len - first);
		memcpy(noisy + len + noise, line, len);
		if (!gives(DLMS_MBUS, noisy, 2 * len + noise, 1))
			return broken("noise %zu", i);
	}
	return true;
}

static bool noise_inside_a_segmented_message_drops_it(const char **skip)
{
	u8 apdu[600], line[1000], noisy[1000];
	const size_t len = hdlc_segments_of(line, apdu, notification_of(apdu, 1, 480), 150);
	const size_t first = 1 + (line[1] & 7) * 256 + line[2] + 1;
	struct dlms_heard h;
	bool kept;

	(void)skip;
	memcpy(noisy, line, first);
	noisy[first] = 0x55;
	memcpy(noisy + first + 1, line + first, len - first);
	dlms_begin(&h, DLMS_HDLC, NULL);
	dlms_hear(&h, noisy, len + 1);
	kept = !h.apdus && dlms_line_counts(h.line)->parts.gaps == 1;
	dlms_hear(&h, line, len);
	kept = kept && h.apdus == 1 && dlms_line_counts(h.line)->parts.gaps == 1;
	dlms_forget(&h);
	return kept;
}

/* Lengths of the frames of a line. */
static size_t frames_of(const u8 *line, size_t len, size_t *frames)
{
	size_t count = 0;

	for (size_t at = 0; at < len; at += frames[count++]) {
		if (line[at] == 0x7e)
			frames[count] = 2 + (line[at + 1] & 7) * 256 + line[at + 2];
		else
			frames[count] = line[at + 1] + 6;
	}
	return count;
}

/* Sends the frames in this order; a number of 0 ends it. */
static size_t in_order(u8 *to, const u8 *line, const size_t *frames, const u8 *order)
{
	size_t len = 0;

	for (; *order; order++) {
		const u8 *from = line;

		for (unsigned int i = 1; i < *order; i++)
			from += frames[i - 1];
		memcpy(to + len, from, frames[*order - 1]);
		len += frames[*order - 1];
	}
	return len;
}

/** struct order - in which order parts come, how many messages that gives, and how many gaps */
struct order {
	u8 parts[16];
	size_t apdus;
	u64 gaps;
};

static bool orders_are_kept(const u8 *line, size_t len, const struct order *orders, size_t count)
{
	static u8 sent[16 * 300];
	size_t frames[16];
	bool kept = true;

	if (frames_of(line, len, frames) != 4)
		return broken("not in 4 parts");
	for (size_t i = 0; kept && i < count; i++) {
		const struct order *o = &orders[i];
		struct dlms_heard h;

		dlms_begin(&h, DLMS_AUTO, NULL);
		dlms_hear(&h, sent, in_order(sent, line, frames, o->parts));
		dlms_end(&h);
		kept = h.apdus == o->apdus && dlms_line_counts(h.line)->parts.gaps == o->gaps;
		if (!kept)
			broken("order %zu: %zu messages, %llu gaps", i, h.apdus,
			       (unsigned long long)dlms_line_counts(h.line)->parts.gaps);
		dlms_forget(&h);
	}
	return kept;
}

static bool blocks_and_segments_that_are_missing_or_twice_drop_their_message(const char **skip)
{
	static const struct order orders[] = {
		{ { 1, 2, 3, 4 }, 1, 0 },
		{ { 1, 3, 4, 1, 2, 3, 4 }, 1, 1 },
		{ { 1, 2, 4 }, 0, 1 },
		{ { 2, 3, 4, 1, 2, 3, 4 }, 1, 1 },
		{ { 4, 1, 2, 3, 4 }, 1, 1 },
		{ { 1, 2, 2, 3, 4 }, 0, 1 },
		{ { 1, 2, 3, 3, 4, 1, 2, 3, 4 }, 1, 1 },
		{ { 1, 3, 2, 4 }, 0, 1 },
		{ { 1, 2, 3, 1, 2, 3, 4 }, 1, 1 },
		{ { 1, 2, 3, 4, 4, 1, 2, 3, 4 }, 2, 1 },
		{ { 1, 1, 2, 3, 4 }, 1, 1 },
		{ { 1, 2, 3 }, 0, 1 },
	};
	u8 apdu[600], line[1000];
	const size_t len = notification_of(apdu, 1, 480);

	(void)skip;
	return orders_are_kept(line, hdlc_blocks_of(line, apdu, len, 130), orders, COUNT(orders)) &&
	       orders_are_kept(line, mbus_segments_of(line, apdu, len, 130), orders, COUNT(orders));
}

/* Segments of HDLC have no numbers: only the first one tells what it is. */
static bool a_first_segment_begins_anew(const char **skip)
{
	static const struct order orders[] = {
		{ { 1, 2, 3, 4, 1, 2, 3, 4 }, 2, 0 }, { { 1, 2, 3, 1, 2, 3, 4 }, 1, 1 },
		{ { 2, 3, 4, 1, 2, 3, 4 }, 1, 1 },    { { 1, 1, 2, 3, 4 }, 1, 1 },
		{ { 4, 1, 2, 3, 4 }, 1, 1 },	      { { 1, 2, 3 }, 0, 1 },
	};
	u8 apdu[600], line[1000];
	const size_t len = notification_of(apdu, 1, 480);

	(void)skip;
	return orders_are_kept(line, hdlc_segments_of(line, apdu, len, 130), orders, COUNT(orders));
}

static bool parts_of_different_senders_make_no_message(const char **skip)
{
	u8 apdu[600], line[1000];
	const size_t len = hdlc_blocks_of(line, apdu, notification_of(apdu, 1, 480), 130);
	struct hdlc_made h = { .destination = { 0xcf },
			       .destination_len = 1,
			       .source = { 5 },
			       .source_len = 1,
			       .control = 0x13 };
	size_t frames[8], last;
	u8 block[200];

	(void)skip;
	last = frames_of(line, len, frames) - 1;
	h.len = frames[last] - 12;
	memcpy(block, line + len - frames[last] + 9, h.len);
	h.information = block;
	return gives(DLMS_HDLC, line, len, 1) &&
	       gives(DLMS_HDLC, line,
		     len - frames[last] + hdlc_frame_of(line + len - frames[last], &h), 0);
}

static bool an_mbus_frame_of_any_length_is_read(const char **skip)
{
	u8 data[600], frame[700];

	(void)skip;
	for (size_t len = 10; len <= 250; len++)
		if (!gives(DLMS_MBUS, frame,
			   mbus_frame_of(frame, 0x10, data, notification_of(data, 1, len - 8)), 1))
			return broken("about %zu bytes", len);
	/* Longer than its length byte can say. */
	for (size_t len = 250; len <= 490; len++)
		if (!gives(DLMS_MBUS, frame,
			   mbus_frame_of(frame, 0x10, data, notification_of(data, 1, len)), 1))
			return broken("about %zu bytes, modulo 256", len);
	return true;
}

/* Also of a length in two bytes and in three. */
static bool blocks_of_any_length_are_read(const char **skip)
{
	static u8 apdu[4000], line[6000];
	const size_t len = notification_of(apdu, 1, 3000);

	(void)skip;
	for (size_t part = 60; part < 1900; part += 1 + part / 20)
		if (!gives(DLMS_HDLC, line, hdlc_blocks_of(line, apdu, len, part), 1))
			return broken("of %zu bytes", part);
	return true;
}

static bool sixteen_segments_are_a_message_and_more_are_none(const char **skip)
{
	static u8 apdu[6000], line[8000];

	(void)skip;
	if (!gives(DLMS_MBUS, line,
		   mbus_segments_of(line, apdu, notification_of(apdu, 1, 3980), 250), 1))
		return false;
	return gives(DLMS_MBUS, line,
		     mbus_segments_of(line, apdu, notification_of(apdu, 1, 4100), 250), 0);
}

static bool segments_without_end_are_bounded(const char **skip)
{
	u8 apdu[300], good[400], segment[400];
	const size_t good_len = hdlc_segments_of(good, apdu, notification_of(apdu, 1, 200), 2000);
	struct dlms_heard h;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_HDLC, NULL);
	memcpy(apdu, "\xe6\xe7\0", 3);
	dlms_hear(&h, segment, e450_frame_of(segment, true, apdu, 200));
	memset(apdu, 1, 200);
	for (unsigned int i = 0; i < 200; i++)
		dlms_hear(&h, segment, e450_frame_of(segment, true, apdu, 200));
	kept = dlms_line_counts(h.line)->parts.oversize == 1;
	dlms_hear(&h, good, good_len);
	kept = kept && h.apdus == 1 && !dlms_line_counts(h.line)->parts.gaps;
	dlms_forget(&h);
	return kept;
}

static bool blocks_without_end_are_bounded(const char **skip)
{
	u8 data[200] = { 0 }, block[256], frame[300];
	struct dlms_heard h;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_HDLC, NULL);
	for (unsigned int i = 1; i < 0xffff; i++)
		dlms_hear(&h, frame,
			  e450_frame_of(frame, false, block, block_of(block, i, false, data, 200)));
	dlms_end(&h);
	kept = dlms_line_counts(h.line)->parts.oversize == 1 && !h.apdus;
	dlms_forget(&h);
	return kept;
}

static bool noise_without_pause_is_bounded(const char **skip)
{
	u8 apdu[300], noise[500];
	const size_t len = notification_of(apdu, 1, 200);
	struct dlms_heard h;
	bool kept;

	(void)skip;
	memset(noise, 0x0f, sizeof(noise));
	dlms_begin(&h, DLMS_RAW, NULL);
	for (unsigned int i = 0; i < 200; i++)
		dlms_hear(&h, noise, sizeof(noise));
	dlms_line_pause(h.line);
	dlms_hear(&h, apdu, len);
	dlms_end(&h);
	kept = h.apdus == 1 && dlms_line_counts(h.line)->parts.oversize == 1;
	dlms_forget(&h);
	return kept;
}

static bool several_apdus_in_one_frame_are_handed_out_one_by_one(const char **skip)
{
	u8 information[700], frame[800];
	struct dlms_heard h;
	size_t at = 0;
	bool kept;

	(void)skip;
	for (unsigned int i = 0; i < 3; i++) {
		memcpy(information + at, "\xe6\xe7\0", 3);
		at += 3;
		at += notification_of(information + at, i, 150);
	}
	if (!gives(DLMS_HDLC, frame, e450_frame_of(frame, false, information, at), 3))
		return false;
	/* What is behind them is for nobody, and takes nothing away. */
	memset(information + at, 0xaa, 9);
	dlms_begin(&h, DLMS_AUTO, NULL);
	dlms_hear(&h, frame, e450_frame_of(frame, false, information, at + 9));
	kept = h.apdus == 3 && dlms_line_counts(h.line)->other == 1 &&
	       dlms_line_trouble(h.line) == DLMS_FINE;
	dlms_forget(&h);
	return kept;
}

/** struct counted - APDUs that count, where all of a message have to */
struct counted {
	u8 read;
	u8 done[8];
	size_t len;
};

static size_t read_counted(void *counted, const struct dlms_apdu *apdu)
{
	struct counted *c = counted;
	const size_t len = notification_len(apdu->bytes, apdu->len);

	if (len)
		c->read = apdu->bytes[4];
	return len;
}

static void count_done(void *counted)
{
	struct counted *c = counted;

	c->done[c->len++ % sizeof(c->done)] = c->read;
}

/* Whether of this frame just the APDUs 0 to @apdus count, in their order. */
static bool counts_just(const u8 *information, size_t len, size_t apdus)
{
	struct counted c = { 0 };
	const struct dlms_out out = { .apdu = read_counted, .done = count_done, .context = &c };
	struct dlms_line *l = dlms_line_new(DLMS_HDLC, NULL, &out);
	bool kept;
	u8 frame[800];

	if (!l)
		return false;
	dlms_line_feed(l, frame, e450_frame_of(frame, false, information, len), 0);
	dlms_line_end(l);
	kept = c.len == apdus && dlms_line_counts(l)->apdus == apdus &&
	       dlms_line_counts(l)->unparsed == !apdus &&
	       dlms_line_trouble(l) == (apdus ? DLMS_FINE : DLMS_UNPARSED);
	for (size_t i = 0; i < c.len && kept; i++)
		kept = c.done[i] == i;
	dlms_line_free(l);
	return kept || broken("%zu of %zu count", c.len, apdus);
}

static bool apdus_of_a_message_count_only_when_all_of_them_can_be_read(const char **skip)
{
	u8 information[700];
	size_t at[4] = { 0 };

	(void)skip;
	for (unsigned int i = 0; i < 3; i++) {
		memcpy(information + at[i], "\xe6\xe7\0", 3);
		at[i + 1] = at[i] + 3;
		at[i + 1] += notification_of(information + at[i + 1], i, 150);
	}
	if (!counts_just(information, at[1], 1) || !counts_just(information, at[3], 3))
		return false;
	/* The last one is cut off, or something else. */
	if (!counts_just(information, at[3] - 1, 0) || !counts_just(information, at[2] + 3, 0))
		return false;
	information[at[2] + 3] = 0xc2;
	if (!counts_just(information, at[3], 0))
		return false;
	/* One in the middle is altered. */
	information[at[2] + 3] = 0x0f;
	information[at[1] + 60] ^= 1;
	return counts_just(information, at[3], 0);
}

static bool a_frame_without_information_is_good_and_says_nothing(const char **skip)
{
	const struct hdlc_made h = { .destination = { 0x03 },
				     .destination_len = 1,
				     .source = { 0x21 },
				     .source_len = 1,
				     .control = 0x73 };
	u8 frame[32];
	const size_t len = hdlc_frame_of(frame, &h);
	struct dlms_heard heard;
	bool kept;

	(void)skip;
	dlms_begin(&heard, DLMS_AUTO, NULL);
	dlms_hear(&heard, frame, len);
	frame[len - 2] ^= 1;
	dlms_hear(&heard, frame, len);
	dlms_end(&heard);
	kept = dlms_line_counts(heard.line)->frames == 1 &&
	       dlms_line_counts(heard.line)->bad_fcs == 1 && !heard.apdus;
	dlms_forget(&heard);
	return kept;
}

static bool damage_is_counted_by_its_kind(const char **skip)
{
	u8 line[700], apdu[300];
	const size_t len = one_frame(line);
	const struct dlms_counts *counts;
	struct dlms_heard h;
	size_t mbus;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_HDLC, NULL);
	counts = dlms_line_counts(h.line);
	line[4] ^= 0x10;
	dlms_hear(&h, line, len);
	line[4] ^= 0x10;
	kept = counts->bad_hcs == 1 && !counts->bad_fcs;
	line[50] ^= 0x10;
	dlms_hear(&h, line, len);
	line[50] ^= 0x10;
	kept = kept && counts->bad_hcs == 1 && counts->bad_fcs == 1 && !counts->bad_form;
	line[len - 1] = 0x7f;
	dlms_hear(&h, line, len);
	kept = kept && counts->bad_form == 1 && counts->bad_fcs == 1 && !counts->frames;
	dlms_forget(&h);
	dlms_begin(&h, DLMS_MBUS, NULL);
	counts = dlms_line_counts(h.line);
	mbus = mbus_segments_of(line, apdu, notification_of(apdu, 1, 200), 250);
	line[50] ^= 0x10;
	dlms_hear(&h, line, mbus);
	dlms_end(&h);
	kept = kept && counts->bad_checksum == 1 && !counts->bad_form && !counts->frames;
	dlms_forget(&h);
	return kept;
}

static bool other_apdus_are_counted_and_named(const char **skip)
{
	static const u8 tags[] = { 0xdc, 0xdd, 0xdf, 0xc2, 0x18, 0xcc, 0xd8 };
	u8 information[64] = { 0xe6, 0xe7, 0x00 }, frame[100];

	(void)skip;
	for (size_t i = 0; i < COUNT(tags); i++) {
		struct dlms_heard h;
		bool kept;

		dlms_begin(&h, DLMS_AUTO, NULL);
		information[3] = tags[i];
		dlms_hear(&h, frame, e450_frame_of(frame, false, information, 60));
		kept = dlms_line_counts(h.line)->other == 1 && !h.apdus &&
		       dlms_line_trouble(h.line) == DLMS_OTHER_APDU &&
		       dlms_line_other_apdu(h.line) == tags[i];
		dlms_forget(&h);
		if (!kept)
			return broken("APDU %02x", tags[i]);
	}
	return true;
}

static bool a_body_that_is_not_known_is_told(const char **skip)
{
	u8 information[64] = { 0xe6, 0xe7, 0x00, 0x0f }, frame[400];
	struct dlms_heard h;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_AUTO, NULL);
	dlms_hear(&h, frame, e450_frame_of(frame, false, information, 60));
	kept = dlms_line_counts(h.line)->unparsed == 1 &&
	       dlms_line_trouble(h.line) == DLMS_UNPARSED;
	dlms_hear(&h, frame, one_frame(frame));
	kept = kept && dlms_line_trouble(h.line) == DLMS_FINE;
	dlms_forget(&h);
	return kept;
}

static bool without_framing_a_pause_ends_a_message(const char **skip)
{
	static const unsigned int framings[] = { DLMS_RAW, DLMS_AUTO };
	u8 apdu[600] = { 0xe6, 0xe7, 0x00 };
	const size_t len = 3 + notification_of(apdu + 3, 1, 500);

	(void)skip;
	for (size_t i = 0; i < 2 * COUNT(framings); i++) {
		const size_t llc = i % 2 ? 3 : 0;
		struct dlms_heard h;
		bool kept;

		dlms_begin(&h, framings[i / 2], NULL);
		dlms_hear_in_pieces(&h, apdu + llc, len - llc, 20);
		kept = !h.apdus && dlms_line_waits_for_pause(h.line);
		dlms_line_pause(h.line);
		kept = kept && h.apdus == 1 && !dlms_line_waits_for_pause(h.line) &&
		       dlms_line_framing(h.line) == DLMS_RAW;
		/* Half a message is none, and costs no other. */
		dlms_hear(&h, apdu, 200);
		dlms_line_pause(h.line);
		dlms_hear(&h, apdu, len);
		dlms_line_pause(h.line);
		kept = kept && h.apdus == 2;
		dlms_forget(&h);
		if (!kept)
			return broken("framings %u", framings[i / 2]);
	}
	return true;
}

static bool without_framing_and_pauses_a_long_file_is_read(const char **skip)
{
	static u8 line[60 * 700];
	size_t at = 0;

	(void)skip;
	for (unsigned int i = 0; i < 60; i++)
		at += notification_of(line + at, i, 100 + 9 * i);
	return gives(DLMS_RAW, line, at, 60);
}

/* A frame whose checks are wrong must not come in through the back door. */
static bool a_damaged_frame_is_no_message_without_framing(const char **skip)
{
	u8 line[700];
	const size_t len = one_frame(line);

	(void)skip;
	line[len - 2] ^= 1;
	for (size_t from = 0; from < 12; from++)
		if (!gives(DLMS_AUTO, line + from, len - from, 0))
			return broken("from byte %zu on", from);
	return true;
}

static bool the_first_good_frame_decides_until_it_is_learnt_again(const char **skip)
{
	u8 hdlc[400], mbus[400], apdu[300];
	const size_t len = notification_of(apdu, 1, 200);
	const size_t hdlc_len = hdlc_segments_of(hdlc, apdu, len, 2000);
	const size_t mbus_len = mbus_segments_of(mbus, apdu, len, 250);
	struct dlms_heard h;
	bool kept;

	(void)skip;
	dlms_begin(&h, DLMS_AUTO, NULL);
	kept = dlms_line_framing(h.line) == DLMS_AUTO;
	dlms_hear(&h, mbus, mbus_len);
	dlms_hear(&h, hdlc, hdlc_len);
	kept = kept && dlms_line_framing(h.line) == DLMS_MBUS && h.apdus == 1;
	dlms_hear(&h, hdlc, hdlc_len / 2);
	dlms_line_relearn(h.line);
	dlms_hear(&h, hdlc, hdlc_len);
	dlms_hear(&h, mbus, mbus_len);
	kept = kept && dlms_line_framing(h.line) == DLMS_HDLC && h.apdus == 2;
	dlms_forget(&h);
	return kept;
}

/* The line of a wrong speed, or without a meter. */
static bool noise_gives_nothing_and_decides_nothing(const char **skip)
{
	static u8 noise[200000];
	struct dlms_heard h;
	u64 state = 5;
	bool kept;

	(void)skip;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = lot(&state, 256);
	dlms_begin(&h, DLMS_AUTO, &dlms_keys);
	h.any_body = true;
	for (size_t at = 0; at < sizeof(noise); at += 100) {
		dlms_hear(&h, noise + at, 100);
		if (!lot(&state, 5))
			dlms_line_pause(h.line);
	}
	dlms_end(&h);
	kept = !h.apdus && dlms_line_framing(h.line) == DLMS_AUTO &&
	       dlms_line_counts(h.line)->skipped + 2000 > sizeof(noise);
	dlms_forget(&h);
	return kept;
}

static u64 told_first_byte;

static size_t take_first_byte(void *context, const struct dlms_apdu *apdu)
{
	(void)context;
	told_first_byte = apdu->first_byte;
	return apdu->len;
}

static bool is_stamped(const u8 *line, size_t len, size_t first, size_t piece)
{
	const struct dlms_out out = { .apdu = take_first_byte };
	struct dlms_line *l = dlms_line_new(DLMS_HDLC | DLMS_MBUS, NULL, &out);

	told_first_byte = 0;
	for (size_t at = 0; at < len; at += piece)
		dlms_line_feed(l, line + at, piece < len - at ? piece : len - at, 1000 + at);
	dlms_line_pause(l);
	dlms_line_free(l);
	return told_first_byte == 1000 + first / piece * piece;
}

static bool a_message_is_stamped_with_its_first_byte(const char **skip)
{
	static struct sent sent[FORMS];
	u8 line[4096 + 64] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 };

	(void)skip;
	for (size_t i = 0; i < send_all(sent); i++) {
		memcpy(line + 13, sent[i].bytes, sent[i].len);
		for (size_t piece = 1; piece < 70; piece++)
			if (!is_stamped(line, 13 + sent[i].len, 13, piece))
				return broken("%s in pieces of %zu bytes: %llu", sent[i].form,
					      piece, (unsigned long long)told_first_byte);
	}
	return true;
}

/* ... also when a frame that proved to be none had claimed it. */
static bool a_message_behind_a_false_beginning_has_its_own_stamp(const char **skip)
{
	u8 line[3000], apdu[1000];
	size_t at = hdlc_segments_of(line, apdu, notification_of(apdu, 1, 900), 2000) - 500;
	size_t len = hdlc_segments_of(line + at, apdu, notification_of(apdu, 1, 300), 2000);

	(void)skip;
	for (size_t piece = 16; piece < 100; piece++)
		if (!is_stamped(line, at + len, at, piece))
			return broken("in pieces of %zu bytes: %llu", piece,
				      (unsigned long long)told_first_byte);
	return true;
}

int main(void)
{
	static const struct promise promises[] = {
#define PROMISE(name) { #name, name }
		PROMISE(each_vector_gives_its_messages),
		PROMISE(a_cut_at_any_byte_of_a_vector_changes_nothing),
		PROMISE(each_form_of_a_message_is_read_byte_by_byte_and_to_its_last),
		PROMISE(no_altered_bit_is_accepted),
		PROMISE(a_message_cut_off_at_any_length_costs_no_other),
		PROMISE(a_pause_hands_out_what_a_cut_frame_claims),
		PROMISE(a_pause_inside_a_frame_changes_nothing),
		PROMISE(a_flag_inside_data_and_checks_is_no_flag),
		PROMISE(flags_may_be_shared_or_more_than_two),
		PROMISE(addresses_of_1_2_and_4_bytes_are_read),
		PROMISE(a_check_of_zero_is_not_unchecked),
		PROMISE(noise_between_frames_costs_none),
		PROMISE(noise_inside_a_segmented_message_drops_it),
		PROMISE(noise_between_segments_of_mbus_drops_their_message),
		PROMISE(blocks_and_segments_that_are_missing_or_twice_drop_their_message),
		PROMISE(a_first_segment_begins_anew),
		PROMISE(parts_of_different_senders_make_no_message),
		PROMISE(an_mbus_frame_of_any_length_is_read),
		PROMISE(blocks_of_any_length_are_read),
		PROMISE(sixteen_segments_are_a_message_and_more_are_none),
		PROMISE(segments_without_end_are_bounded),
		PROMISE(blocks_without_end_are_bounded),
		PROMISE(noise_without_pause_is_bounded),
		PROMISE(several_apdus_in_one_frame_are_handed_out_one_by_one),
		PROMISE(apdus_of_a_message_count_only_when_all_of_them_can_be_read),
		PROMISE(a_frame_without_information_is_good_and_says_nothing),
		PROMISE(damage_is_counted_by_its_kind),
		PROMISE(other_apdus_are_counted_and_named),
		PROMISE(a_body_that_is_not_known_is_told),
		PROMISE(without_framing_a_pause_ends_a_message),
		PROMISE(without_framing_and_pauses_a_long_file_is_read),
		PROMISE(a_damaged_frame_is_no_message_without_framing),
		PROMISE(the_first_good_frame_decides_until_it_is_learnt_again),
		PROMISE(noise_gives_nothing_and_decides_nothing),
		PROMISE(a_message_is_stamped_with_its_first_byte),
		PROMISE(a_message_behind_a_false_beginning_has_its_own_stamp),
#undef PROMISE
	};

	return keep_promises(promises, COUNT(promises));
}
