// SPDX-License-Identifier: MIT
/*
 * The frames that carry an APDU of DLMS: HDLC (Green Book section 8.4) with segmentation or general
 * block transfer (9.3.13), and wired M-Bus long frames with the DLMS transport layer (EN 13757-3,
 * Green Book section 10.5.4.6); and damage to them.
 *
 * Apart from the decoder's own, so that one is a check of the other.
 */
#include <string.h>

#include "simulate_dlms.h"

#define FLAG	  0x7e
#define FORMAT	  0xa000
#define SEGMENTED 0x0800
#define CRC_LEN	  2

#define BLOCK_TRANSFER 0xe0
#define STREAMING      0x40
#define LAST_BLOCK     0x80
#define BLOCK_HEAD_LEN 7

#define MBUS_START    0x68
#define MBUS_STOP     0x16
#define MBUS_FIN      0x10
#define MBUS_HEAD_LEN 5

static const uint8_t llc[] = { 0xe6, 0xe7, 0x00 };

/** struct apdu - what is to be carried */
struct apdu {
	uint8_t bytes[sizeof(((struct sim_telegram *)0)->bytes)];
	size_t len;
};

/* CRC-16/X-25, bit by bit (ISO/IEC 13239). */
static uint16_t crc16(const uint8_t *bytes, size_t len)
{
	uint16_t crc = 0xffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	return ~crc;
}

static void put(struct sim_telegram *t, unsigned int byte)
{
	sim_axdr_integer(t, byte, 1);
}

/* Of all since @from; low byte first. */
static void put_crc(struct sim_telegram *t, size_t from)
{
	const uint16_t crc = crc16(t->bytes + from, t->len - from);

	put(t, crc & 0xff);
	put(t, crc >> 8);
}

/* Up to the information, of which there are @info_len bytes; returns where the frame begins. */
static size_t hdlc_begin(const struct sim_dlms *dlms, struct sim_telegram *t, size_t info_len,
			 bool segmented, uint8_t control)
{
	const size_t len = 2 + dlms->address_len + 1 + CRC_LEN + info_len + CRC_LEN;
	size_t begin;

	put(t, FLAG);
	begin = t->len;
	sim_axdr_integer(t, FORMAT | (segmented ? SEGMENTED : 0) | len, 2);
	sim_bytes(t, dlms->address, dlms->address_len);
	put(t, control);
	put_crc(t, begin);
	return begin;
}

static void hdlc_end(struct sim_telegram *t, size_t begin)
{
	put_crc(t, begin);
	put(t, FLAG);
}

/* One frame, or as many as are needed with the segmentation bit. */
static void put_segments(const struct sim_dlms *dlms, struct sim_telegram *t, const struct apdu *a)
{
	const bool segmented = dlms->framing == FRAMING_SEGMENTS;
	size_t from = 0;

	while (from < a->len) {
		const size_t room = !segmented ? a->len : from ? dlms->room : dlms->first;
		const size_t len = a->len - from < room ? a->len - from : room;
		const bool more = from + len < a->len;
		const size_t head = from ? 0 : sizeof(llc);
		const size_t begin = hdlc_begin(dlms, t, head + len, more,
						more ? dlms->control_more : dlms->control);

		sim_bytes(t, llc, head);
		sim_bytes(t, a->bytes + from, len);
		hdlc_end(t, begin);
		from += len;
	}
}

/*
 * Where the block that begins at @from ends. Units that would just fill it are left for the next
 * one, as in all captures of Landis+Gyr.
 */
static size_t block_end(const struct sim_telegram *t, size_t from, size_t room, size_t len)
{
	const size_t full = from + room;

	if (full >= len)
		return len;
	for (size_t i = t->unit_count; i--;) {
		const struct sim_unit *unit = &t->units[i];

		if (unit->offset < full)
			return unit->splits || unit->offset <= from ? full : unit->offset;
	}
	return full;
}

static void put_blocks(const struct sim_dlms *dlms, struct sim_telegram *t, const struct apdu *a)
{
	unsigned int number = 0;
	size_t from = 0;

	while (from < a->len) {
		const size_t end = block_end(t, from, from ? dlms->room : dlms->first, a->len);
		const size_t head = from ? 0 : sizeof(llc);
		const size_t begin = hdlc_begin(dlms, t, head + BLOCK_HEAD_LEN + end - from, false,
						dlms->control);

		sim_bytes(t, llc, head);
		put(t, BLOCK_TRANSFER);
		put(t, STREAMING | (end == a->len ? LAST_BLOCK : 0));
		sim_axdr_integer(t, ++number, 2);
		sim_axdr_integer(t, 0, 2);
		put(t, end - from);
		sim_bytes(t, a->bytes + from, end - from);
		hdlc_end(t, begin);
		from = end;
	}
}

/* Longer frames than a length byte can say have it modulo 256, as Sagemcom sends them. */
static void put_mbus(const struct sim_dlms *dlms, struct sim_telegram *t, const struct apdu *a)
{
	unsigned int segment = 0;

	for (size_t from = 0; from < a->len; from += dlms->room, segment++) {
		const bool more = a->len - from > dlms->room;
		const size_t len = more ? dlms->room : a->len - from;
		const uint8_t length = MBUS_HEAD_LEN + len;
		const uint8_t control = segment | (more ? 0 : MBUS_FIN);
		const uint8_t head[] = { MBUS_START, length,  length, MBUS_START, 0x53,
					 0xff,	     control, 0x01,   0x67 };
		const size_t begin = t->len + 4;
		uint8_t sum = 0;

		sim_bytes(t, head, sizeof(head));
		sim_bytes(t, a->bytes + from, len);
		for (size_t i = begin; i < t->len; i++)
			sum += t->bytes[i];
		put(t, sum);
		put(t, MBUS_STOP);
	}
}

/*
 * A bit is flipped, or the rest never comes; any check shows it. The flag that ends a frame may be
 * the one that begins the next, so more than that is missing.
 */
static void damage(struct sim_telegram *t)
{
	if (!sim_hit(t, t->len))
		return;
	t->lost = true;
	if (!sim_random(&t->random, 8))
		t->len = 8 + sim_random(&t->random, t->len - 10);
	else
		t->bytes[sim_random(&t->random, t->len)] ^= 1 << sim_random(&t->random, 8);
}

/**
 * sim_frame - puts an APDU, in clear or enciphered, into the frames of its line
 * @dlms: the meter
 * @t: the APDU; becomes the bytes on the line, damaged where they are to be
 */
void sim_frame(const struct sim_dlms *dlms, struct sim_telegram *t)
{
	struct apdu a = { .len = t->len };

	memcpy(a.bytes, t->bytes, t->len);
	t->len = 0;
	if (dlms->framing == FRAMING_MBUS)
		put_mbus(dlms, t, &a);
	else if (dlms->framing == FRAMING_BLOCKS)
		put_blocks(dlms, t, &a);
	else
		put_segments(dlms, t, &a);
	damage(t);
}
