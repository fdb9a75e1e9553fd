/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Telegrams of smart meters: French TIC and DSMR P1, from bytes to fields and quantities. Those of
 * DLMS are made in userspace/decode, and have the same form.
 *
 * Freestanding: no allocation, no floating point, no C library but mem*. All state is in the
 * structures of the caller, who also serialises the calls on one structure; different structures
 * are independent.
 *
 * A decoder collects one telegram in a buffer of its own while it looks at each byte once, and
 * parses the telegram when its end has come, so bytes may arrive in any chunks.
 */
#ifndef TELEGRAM_H
#define TELEGRAM_H

#include "types.h"
#include "../include/uapi/linux/meterline.h"

/** enum telegram_protocol - what language a telegram is in */
enum telegram_protocol {
	TELEGRAM_UNKNOWN,
	TELEGRAM_TIC_HISTORIQUE,
	TELEGRAM_TIC_STANDARD,
	TELEGRAM_P1,
	TELEGRAM_DLMS,
};

/* Row of a label that is not in the table. */
#define ROW_UNKNOWN 0xff

/**
 * struct field - what one TIC group or one P1 object says, as places in the telegram's text
 * @label: offset of the label: TIC as sent, P1 and DLMS normalised to A-B:C.D.E
 * @value: offset of the value. TIC: what stands between the last but one and the last separator.
 *	P1: the first parenthesis; the value is "(group)(group)..." without anything between the
 *	groups and without line ends; it follows its label at once
 * @len: length of the value in bytes
 * @label_len: length of the label in bytes
 * @row: row of the label in the table of the protocol, or ROW_UNKNOWN
 *
 * A TIC group with a horodate has its 13 characters at @label + @label_len + 1, and @value 14
 * further on than a group without one. D2L modules cut most of them to 9. In a field of DLMS the
 * unit, which may be "", stands in this place.
 */
struct field {
	u16 label;
	u16 value;
	u16 len;
	u8 label_len;
	u8 row;
};

#define TIC_HORODATE_LEN 13

/** tic_field_has_horodate - whether this field of a TIC frame carries a time stamp */
static inline bool tic_field_has_horodate(const struct field *f)
{
	return f->value > f->label + f->label_len + 1;
}

/** tic_horodate_len - characters of the time stamp of a field that has one */
static inline unsigned int tic_horodate_len(const struct field *f)
{
	return f->value - f->label - f->label_len - 2;
}

/**
 * struct telegram - one valid telegram
 * @text: what the offsets in @fields count from; readable 16 bytes beyond the last field
 * @started: the caller's clock when the first byte came
 * @damaged: TIC groups of this frame that were dropped; P1: 0
 * @ident: offset of the identification after '/' of P1, without the '/'
 * @ident_len: its length; 0 for TIC
 * @nfields: number of @fields
 * @protocol: enum telegram_protocol
 * @fields: in the order sent, doubles kept
 *
 * Valid during the call that hands it out.
 */
struct telegram {
	const u8 *text;
	u64 started;
	u16 damaged;
	u16 ident;
	u16 ident_len;
	u16 nfields;
	u8 protocol;
	struct field fields[METERLINE_P1_MAX_LINES];
};

/** telegram_has_obis - whether the labels of this telegram are OBIS codes, rows of p1_labels[] */
static inline bool telegram_has_obis(const struct telegram *t)
{
	return t->protocol >= TELEGRAM_P1;
}

typedef void (*telegram_fn)(void *context, const struct telegram *telegram);

/**
 * struct telegram_stats - what a decoder counted
 * @bytes: bytes seen
 * @telegrams: valid telegrams
 * @bad_checksum: TIC groups or P1 telegrams whose checksum is wrong
 * @bad_parity: TIC groups or P1 telegrams with a byte of wrong parity in a stream with parity
 * @bad_form: TIC groups whose form is not that of their label; P1 telegrams without a good line
 * @oversize: telegrams dropped because they are too long or have too many groups
 * @resyncs: telegrams that another one's beginning cut off
 * @unknown_labels: fields whose label is not in the table
 *
 * The TIC groups of @bad_checksum, @bad_parity and @bad_form together are the damaged ones; those
 * of frames without a good group are among them.
 */
struct telegram_stats {
	u64 bytes;
	u64 telegrams;
	u64 bad_checksum;
	u64 bad_parity;
	u64 bad_form;
	u64 oversize;
	u64 resyncs;
	u64 unknown_labels;
};

/**
 * struct parity_evidence - whether the bytes of a line carry even parity in bit 7
 * @bytes: bytes seen
 * @even: bytes of them whose 8 bits have even parity
 * @bit7: bytes of them with bit 7 set came
 */
struct parity_evidence {
	u64 bytes;
	u64 even;
	bool bit7;
};

/* More than 90 % even and some with bit 7: 7E1 read as 8N1. Real 7E1 lies above 99 %. */
static inline bool carries_parity(const struct parity_evidence *p)
{
	return p->bit7 && p->even * 10 > p->bytes * 9;
}

/**
 * struct telegram_sink - where a decoder puts what it finds
 * @telegram: where telegrams are made; decoders that are fed in turn may share it
 * @stats: counters to add to; @stats->bytes is left to the caller
 * @emit: called for each valid telegram, which is valid until it returns
 * @context: handed to @emit
 */
struct telegram_sink {
	struct telegram *telegram;
	struct telegram_stats *stats;
	telegram_fn emit;
	void *context;
};

/* Room behind a telegram for reads of whole words. */
#define TELEGRAM_PAD 16

/* Labels of TIC in the table, and one row more for the beginning of a frame. */
#define TIC_ROWS 108

/**
 * struct tic_shape - how the groups of a label look
 * @value: offset of the data from the label
 * @len: length of the data; 0: not known
 * @sum: of label and separators, as the checksum counts them
 */
struct tic_shape {
	u8 value;
	u8 len;
	u8 sum;
};

/**
 * struct tic_decoder - TIC, historique and standard, each frame by its own separators
 *
 * See tic.c. Public only so that a caller can hold one.
 */
struct tic_decoder {
	struct parity_evidence parity;
	u64 started;
	u16 len;		/* bytes of @text in use */
	u8 state;
	u8 bit7;		/* OR of the bytes since the last STX */
	u8 next[TIC_ROWS];	/* which row came after each row in the last frame */
	struct tic_shape shape[TIC_ROWS];	/* of the last good group of each row */
	u8 text[METERLINE_TIC_MAX_BYTES + TELEGRAM_PAD];
};

/**
 * struct p1_decoder - DSMR P1 and its relatives in clear text
 *
 * See p1.c. Public only so that a caller can hold one.
 */
struct p1_decoder {
	struct parity_evidence parity;
	u64 started;
	u64 slash_started;	/* the same for what may begin at @slash */
	u16 len;		/* bytes of @text in use */
	u16 slash;		/* offset of the '/' that may begin another telegram */
	u16 header;		/* bytes in which the end of the first line was looked for */
	u16 first_line;		/* where the line after the header begins; 0: not yet */
	u16 end;		/* offset of the '!' that may end this telegram */
	u16 crc;		/* over the first @crc_len bytes of @text */
	u16 crc7;		/* the same with bit 7 masked */
	u16 crc_len;
	u16 crc_sent;		/* behind the '!' */
	u8 digits;		/* number of its digits */
	u8 state;
	u8 bit7;		/* OR of the bytes of this telegram */
	u8 rows[METERLINE_P1_MAX_LINES]; /* of each line of the last telegram */
	u8 text[METERLINE_P1_MAX_BYTES + TELEGRAM_PAD];
};

void tic_init(struct tic_decoder *d);
void tic_feed(struct tic_decoder *d, const u8 *bytes, size_t count, u64 now,
	      const struct telegram_sink *sink);

void p1_init(struct p1_decoder *d);
void p1_feed(struct p1_decoder *d, const u8 *bytes, size_t count, u64 now,
	     const struct telegram_sink *sink);
void p1_pause(struct p1_decoder *d, const struct telegram_sink *sink);
bool p1_waits_for_pause(const struct p1_decoder *d);

u16 crc16_arc(u16 crc, const u8 *bytes, size_t count);

/** enum line_seen - what a line without a valid telegram seems to carry */
enum line_seen {
	SEEN_NOTHING,
	SEEN_GARBAGE,
	SEEN_P1_ENCRYPTED,
	SEEN_HDLC,
	SEEN_MBUS,
};

/* Protocols that a line decoder tries. */
#define LINE_TIC	1u
#define LINE_P1		2u
#define LINE_AUTO	(LINE_TIC | LINE_P1)

/** struct line_evidence - what the bytes of a line that cannot be read look like; see detect.c */
struct line_evidence {
	u32 bytes;
	u32 flat;		/* 0x00, 0x80, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE, 0xFF: a slower line */
	u32 printable;		/* 0x20..0x7E, HT, LF, CR with bit 7 masked, that are not flat */
	u32 encrypted;		/* headers of ciphered P1 */
	u32 hdlc;		/* headers of HDLC frames with a good check sequence */
	u32 mbus;		/* headers of M-Bus long frames */
	u8 window[16];		/* the last bytes, not yet searched for headers */
};

/**
 * struct line_decoder - all that one line needs from bytes to telegrams
 *
 * Tries every protocol it was allowed until one gave a valid telegram, then only that one, until
 * line_decoder_relearn().
 */
struct line_decoder {
	struct telegram_stats stats;
	struct telegram_sink sink;
	telegram_fn emit;
	void *context;
	u8 allowed;		/* LINE_* */
	u8 tried;		/* LINE_*, what the bytes go to now */
	bool valid;		/* a telegram was, and @tried is its protocol alone */
	struct line_evidence evidence;
	struct tic_decoder tic;
	struct p1_decoder p1;
	struct telegram telegram;
};

void line_decoder_init(struct line_decoder *d, unsigned int protocols, telegram_fn emit,
		       void *context);
void line_decoder_feed(struct line_decoder *d, const u8 *bytes, size_t count, u64 now);
void line_decoder_pause(struct line_decoder *d);
bool line_decoder_waits_for_pause(const struct line_decoder *d);
void line_decoder_relearn(struct line_decoder *d);
enum line_seen line_decoder_seen(const struct line_decoder *d);
unsigned int line_decoder_next_speed(const struct line_decoder *d, unsigned int speed);
bool line_decoder_has_parity(const struct line_decoder *d);

const char *telegram_protocol_name(enum telegram_protocol protocol);
const char *line_seen_name(enum line_seen seen);

/** struct span - a part of a telegram's text */
struct span {
	const u8 *bytes;
	unsigned int len;
};

/* identity.c */
struct span p1_group(const struct telegram *t, const struct field *f, unsigned int at,
		     unsigned int *next);
bool p1_stamp(const u8 *stamp, size_t len, s64 *unix_s);
size_t telegram_number(const struct telegram *t, char *number, size_t size);
bool telegram_time(const struct telegram *t, s64 *unix_s);
void meter_id(enum telegram_protocol protocol, const char *number, char id[16]);

#endif /* TELEGRAM_H */
