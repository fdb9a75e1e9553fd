/* SPDX-License-Identifier: MIT */
/*
 * meterctl explain: what is in a frame or telegram, layer by layer, for people.
 *
 * The decoders read; what is here only looks at the same bytes with them and prints.
 */
#ifndef METERCTL_EXPLAIN_H
#define METERCTL_EXPLAIN_H

#include "../decode/dlms.h"
#include "../decode/dlms_message.h"
#include "protocols.h"

/* So much of a file is explained, and so many characters of hex digits are read for it. */
#define EXPLAIN_MAX	65536
#define EXPLAIN_TEXT_MAX (6 * EXPLAIN_MAX)

/** enum explain_kind - what a file is */
enum explain_kind {
	EXPLAIN_UNKNOWN,
	EXPLAIN_TIC,
	EXPLAIN_P1,
	EXPLAIN_HDLC,
	EXPLAIN_MBUS,
	EXPLAIN_RAW,
	EXPLAIN_D2L,
};

/**
 * struct explain - a file that is explained
 * @bytes: all of it
 * @len: how many
 * @keys: of the key file
 * @good: telegrams that can be read
 * @damaged: a frame of the message was damaged
 * @settings: what is known of a meter of DLMS
 * @opener: from messages of DLMS to APDUs
 * @segments: a message in several frames
 * @reading: the newest of DLMS
 */
struct explain {
	const u8 *bytes;
	size_t len;
	const struct file_keys *keys;
	u64 good;
	bool damaged;
	struct dlms_settings settings;
	struct dlms_opener opener;
	struct assembly segments;
	struct dlms_reading reading;
};

/**
 * struct verdict - what the decoder of clear telegrams said of some bytes
 * @stats: what it rejected
 * @telegram: made by it
 * @given: there was one
 * @explains: a telegram is printed
 */
struct verdict {
	struct telegram_stats stats;
	struct telegram telegram;
	bool given;
	bool explains;
};

/* explain_input.c */
u8 *explain_read(const char *path, size_t *len, bool *hex);

/* explain_kind.c */
enum explain_kind explain_kind_of(const struct explain *e, const struct protocols *p);

/* explain_frames.c */
void explain_hdlc(struct explain *e);
void explain_mbus(struct explain *e);
void explain_raw(struct explain *e);

/* explain_message.c */
bool explain_message_begin(struct explain *e);
size_t explain_message(struct explain *e, const struct part *message);

/* explain_axdr.c */
bool explain_axdr(const u8 *apdu, const u8 *at, const u8 *end);
void explain_clock(const u8 *clock, char *text, size_t size);

/* explain_reading.c */
void explain_reading(const struct dlms_reading *r, const struct dlms_settings *settings);
void explain_telegram(const struct telegram *t);
struct telegram_sink explain_verdict(struct verdict *v);

/* explain_names.c */
const char *explain_quantity(u8 quantity);
const char *explain_code(const char *label);
const char *explain_unit(u8 unit);

/* explain_tic.c */
void explain_tic(struct explain *e);

/* explain_p1.c */
void explain_p1(const u8 *bytes, size_t len, u64 *good);

/* explain_print.c */
__attribute__((format(printf, 1, 2))) void explain_title(const char *format, ...);
__attribute__((format(printf, 5, 6)))
void explain_row(size_t offset, const u8 *bytes, size_t len, unsigned int depth,
		 const char *format, ...);
__attribute__((format(printf, 1, 2))) void explain_note(const char *format, ...);
void explain_wrapped(const char *text, unsigned int column);
void explain_bytes(size_t offset, const u8 *bytes, size_t len);

#endif /* METERCTL_EXPLAIN_H */
