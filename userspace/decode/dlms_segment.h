/* SPDX-License-Identifier: MIT */
/*
 * Which part of a message a frame has.
 */
#ifndef METERLINE_DLMS_SEGMENT_H
#define METERLINE_DLMS_SEGMENT_H

#include "dlms_message.h"
#include "dlms_tags.h"
#include "hdlc.h"
#include "mbus.h"

/**
 * hdlc_segment - the part of a message that an HDLC frame has
 * @f: a good frame with information
 * @a: the message that its parts make
 * @first_byte: the caller's clock when the frame began
 * @part: for the part
 *
 * The first segment of a message has the LLC header, others have no number. Blocks of a message
 * have numbers of their own, and the header in the first one only.
 *
 * Return: true when it is a message by itself, which is not to be put into @a.
 */
static inline bool hdlc_segment(const struct hdlc_frame *f, const struct assembly *a,
				u64 first_byte, struct part *part)
{
	const bool open = a->state == ASSEMBLY_OPEN;
	const bool headed = dlms_llc_len(f->information, f->information_len);

	*part = (struct part){
		.number = headed ? 0
			  : open ? a->next
				 : 1,
		.last = !f->segmented,
		.origin = (u64)f->destination << 32 | f->source,
		.first_byte = first_byte,
		.bytes = f->information,
		.len = f->information_len,
	};
	return part->last && !open && (headed || part->bytes[0] == DLMS_GENERAL_BLOCK_TRANSFER);
}

/**
 * mbus_segment - the part of a message that a long frame of M-Bus has
 * @f: a good frame with the transport layer of DLMS
 * @a: the message that its parts make
 * @first_byte: the caller's clock when the frame began
 * @part: for the part
 *
 * Return: true when it is a message by itself, which is not to be put into @a.
 */
static inline bool mbus_segment(const struct mbus_frame *f, const struct assembly *a,
				u64 first_byte, struct part *part)
{
	*part = (struct part){
		.number = f->segment,
		.last = f->final,
		.origin = f->address << 16 | f->source << 8 | f->destination,
		.first_byte = first_byte,
		.bytes = f->data,
		.len = f->data_len,
	};
	return part->last && !part->number && a->state != ASSEMBLY_OPEN;
}

#endif /* METERLINE_DLMS_SEGMENT_H */
