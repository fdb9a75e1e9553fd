/* SPDX-License-Identifier: MIT */
/*
 * Long frames of wired M-Bus that carry DLMS: EN 13757-2, section 5; EN 13757-3, the transport
 * layer of DLMS (Green Book, 10.5.4.6).
 *
 *	68 L L 68, C, A, CI, STSAP, DTSAP, data, sum of all from C on, 16
 *
 * L counts from C to the end of the data. Sagemcom and Kaifa also send more than 255 bytes, and
 * their number modulo 256 as L.
 */
#ifndef METERLINE_MBUS_H
#define METERLINE_MBUS_H

#include "../../kernel/telegram/types.h"

#define MBUS_START	0x68
#define MBUS_HEADER_LEN 4
/* The header, checksum and stop. */
#define MBUS_AROUND    6

/** enum mbus_verdict - what some bytes are */
enum mbus_verdict {
	MBUS_GOOD,
	MBUS_OPEN, /* may become a frame: more bytes are needed */
	MBUS_NONE, /* no long frame begins here */
	MBUS_BAD_CHECKSUM,
	MBUS_NO_STOP,
};

/**
 * struct mbus_frame - what a frame says
 * @len: of the whole frame
 * @dlms: it has the transport layer of DLMS, and what follows is valid
 * @control: C
 * @address: A
 * @segment: number of this segment of the message, 0..15
 * @final: no other segment follows
 * @source: STSAP
 * @destination: DTSAP
 * @data: of this segment
 * @data_len: length of @data
 */
struct mbus_frame {
	size_t len;
	bool dlms;
	u8 control;
	u8 address;
	u8 segment;
	bool final;
	u8 source;
	u8 destination;
	const u8 *data;
	size_t data_len;
};

enum mbus_verdict mbus_read(const u8 *bytes, size_t count, bool last, struct mbus_frame *f);

#endif /* METERLINE_MBUS_H */
