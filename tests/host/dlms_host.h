/* SPDX-License-Identifier: MIT */
/*
 * DLMS lines for tests: what is heard on one.
 */
#ifndef DLMS_HOST_H
#define DLMS_HOST_H

#include "../../userspace/decode/dlms_line.h"
#include "cipher_frames.h"
#include "dlms_frames.h"
#include "host.h"

/**
 * struct dlms_heard - a line that is read, and what it gave
 * @line: the line
 * @said: each APDU, and what is known of it, as text
 * @apdus: how many
 * @texts: telegrams of P1
 * @any_body: APDUs are taken whole, whatever is in them; else only those of notification_of()
 */
struct dlms_heard {
	struct dlms_line *line;
	struct text said;
	size_t apdus;
	size_t texts;
	bool any_body;
};

void dlms_begin(struct dlms_heard *h, unsigned int framings, const struct meter_keys *keys);
void dlms_hear(struct dlms_heard *h, const u8 *bytes, size_t len);
/* In pieces of up to @most bytes; 0: all at once. */
void dlms_hear_in_pieces(struct dlms_heard *h, const u8 *bytes, size_t len, size_t most);
/* No more will come; what was said and counted stays until dlms_forget(). */
void dlms_end(struct dlms_heard *h);
void dlms_forget(struct dlms_heard *h);

/* Whether all that two lines gave and counted is the same. */
bool dlms_same(const struct dlms_heard *a, const struct dlms_heard *b);

/* Invented keys, with which the frames of tests are enciphered. */
extern const struct meter_keys dlms_keys;
/* System title of who enciphers, with bytes in it that begin frames. */
#define DLMS_HOST_TITLE "SIM\xdb\x08~h*"
/* An enciphered message; returns its length. */
size_t dlms_cipher_of(u8 *message, u32 counter, u8 control, const u8 *text, size_t len);

/* The vectors of the corpus; 0 with a reason where there is none. */
size_t dlms_corpus(struct vector **vectors, const char **skip);
/* The keys beside a vector, for meter_keys_free(); NULL: it has none. */
struct meter_keys *dlms_vector_keys(const struct vector *v);

/* Lines of each kind to change: those of the corpus, where it is there, and some that are made. */
size_t dlms_seeds(struct vector **vectors);
/* Whether a line, and its counts, are the same in any chunks. */
bool dlms_same_in_chunks(unsigned int framings, const struct meter_keys *keys, const u8 *bytes,
			 size_t len);

/**
 * struct frame_rules - frames of one framing, by its document
 * @framing: DLMS_HDLC or DLMS_MBUS
 * @start: the byte with which each begins
 * @step: bytes from the beginning of a frame to where the next may begin; 0: these are none
 * @reads_the_same: whether the decoder says of these bytes what the document says
 * @put_all_right: makes the checks of all that have the form of a frame right
 */
struct frame_rules {
	unsigned int framing;
	u8 start;
	size_t (*step)(const u8 *bytes, size_t len);
	bool (*reads_the_same)(const u8 *bytes, size_t len);
	void (*put_all_right)(u8 *bytes, size_t len);
};

/* Whether decoder and document agree on these bytes, and once their checks are right. */
bool dlms_frames_agree(const struct frame_rules *rules, const u8 *bytes, size_t len);

#endif /* DLMS_HOST_H */
