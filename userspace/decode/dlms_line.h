/* SPDX-License-Identifier: MIT */
/*
 * A line of DLMS push: from bytes to plain xDLMS APDUs.
 */
#ifndef METERLINE_DLMS_LINE_H
#define METERLINE_DLMS_LINE_H

#include "dlms_message.h"

/* Framings that a line is tried for. */
#define DLMS_HDLC 1u
#define DLMS_MBUS 2u
#define DLMS_RAW  4u /* none: messages are parted by pauses, or tell their length */
#define DLMS_AUTO (DLMS_HDLC | DLMS_MBUS | DLMS_RAW)

struct dlms_line;

struct dlms_line *dlms_line_new(unsigned int framings, const struct meter_keys *keys,
				const struct dlms_out *out);
void dlms_line_free(struct dlms_line *l);
void dlms_line_refuse_replayed(struct dlms_line *l, bool refuse);
void dlms_line_feed(struct dlms_line *l, const u8 *bytes, size_t count, u64 now);
void dlms_line_pause(struct dlms_line *l);
void dlms_line_end(struct dlms_line *l);
bool dlms_line_waits_for_pause(const struct dlms_line *l);
void dlms_line_relearn(struct dlms_line *l);
unsigned int dlms_line_framing(const struct dlms_line *l);
bool dlms_line_has_frames(const struct dlms_line *l);
const struct dlms_counts *dlms_line_counts(const struct dlms_line *l);
enum dlms_trouble dlms_line_trouble(const struct dlms_line *l);
u8 dlms_line_other_apdu(const struct dlms_line *l);
void dlms_line_remember(struct dlms_line *l, const struct glo_mark *mark);

#endif /* METERLINE_DLMS_LINE_H */
