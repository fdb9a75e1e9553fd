/* SPDX-License-Identifier: MIT */
/*
 * Bytes of DLMS lines for tests: made bit by bit, from the documents and by nothing else of the
 * project.
 */
#ifndef DLMS_FRAMES_H
#define DLMS_FRAMES_H

#include "../../kernel/telegram/types.h"

/* Larger than any frame. */
#define DLMS_FRAME_ROOM 2100

/**
 * struct hdlc_made - an HDLC frame to make
 * @destination: address as it is sent, its length in @destination_len
 * @source: likewise
 * @control: control byte
 * @segmented: the segmentation bit
 * @information: what it carries; NULL: there is no HCS either
 */
struct hdlc_made {
	u8 destination[4];
	u8 source[4];
	unsigned int destination_len;
	unsigned int source_len;
	u8 control;
	bool segmented;
	const u8 *information;
	size_t len;
};

/* Writes the frame with both flags, and returns its length. */
size_t hdlc_frame_of(u8 *frame, const struct hdlc_made *h);
/* The same with the addresses of an E450. */
size_t e450_frame_of(u8 *frame, bool segmented, const u8 *information, size_t len);
/* A long frame of M-Bus with these fields. */
size_t mbus_frame_of(u8 *frame, u8 ci, const u8 *data, size_t len);
/* A block of general-block-transfer. */
size_t block_of(u8 *block, unsigned int number, bool last, const u8 *data, size_t len);
/* A data-notification whose body is one octet string of @len bytes, each another one. */
size_t notification_of(u8 *apdu, u32 invoke_id, size_t len);
/* Its length; 0: these bytes do not begin with one, or it is altered. */
size_t notification_len(const u8 *bytes, size_t count);
/* CRC-16/X-25, by the bit. */
u16 x25_of(const u8 *bytes, size_t len);

/*
 * A message over several frames: @part bytes in each, the first begins with the LLC header where
 * there is one. Returns the length of all.
 */
size_t hdlc_segments_of(u8 *bytes, const u8 *apdu, size_t len, size_t part);
size_t hdlc_blocks_of(u8 *bytes, const u8 *apdu, size_t len, size_t part);
size_t mbus_segments_of(u8 *bytes, const u8 *apdu, size_t len, size_t part);

#endif /* DLMS_FRAMES_H */
