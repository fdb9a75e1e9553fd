/* SPDX-License-Identifier: MIT */
/*
 * HDLC frames of DLMS: IEC 62056-46, frame format type 3.
 *
 *	7E, format and length (2), destination and source (1, 2 or 4 each), control, HCS (2),
 *	information, FCS (2), 7E
 *
 * There is no byte stuffing: 7E occurs inside, also in the checks. One flag may end a frame and
 * begin the next one.
 */
#ifndef METERLINE_HDLC_H
#define METERLINE_HDLC_H

#include "../../kernel/telegram/types.h"

#define HDLC_FLAG 0x7e

/** enum hdlc_verdict - what some bytes are */
enum hdlc_verdict {
	HDLC_GOOD,
	HDLC_OPEN, /* may become a frame: more bytes are needed */
	HDLC_NONE, /* no frame begins here */
	HDLC_BAD_HCS,
	HDLC_BAD_FCS,
	HDLC_NO_END, /* there is no flag where the frame ends */
};

/**
 * struct hdlc_frame - what a frame says
 * @len: from its first flag to its last, both included; 0: not known yet, or of no good header
 * @header_len: from the format to the control; the HCS, or FCS, follows. 0: not known
 * @destination: address
 * @source: address
 * @segmented: further segments of the message follow
 * @information: what it carries
 * @information_len: length of @information
 */
struct hdlc_frame {
	size_t len;
	size_t header_len;
	u32 destination;
	u32 source;
	bool segmented;
	const u8 *information;
	size_t information_len;
};

enum hdlc_verdict hdlc_read(const u8 *bytes, size_t count, struct hdlc_frame *f);

#endif /* METERLINE_HDLC_H */
