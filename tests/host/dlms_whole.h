/* SPDX-License-Identifier: MIT */
/*
 * DLMS for tests, all the way from the bytes of a line to readings.
 */
#ifndef DLMS_WHOLE_H
#define DLMS_WHOLE_H

#include "../../userspace/decode/dlms.h"
#include "../../userspace/decode/dlms_line.h"
#include "host.h"

/**
 * struct dlms_whole - a line that is read, and what it gave
 * @line: the line
 * @reading: the newest
 * @silent: readings are counted only
 * @skipped: bytes of the line that belong to nothing that is good
 * @readings: how many
 * @said: each as a line of JSON
 */
struct dlms_whole {
	struct dlms_line *line;
	struct dlms_reading reading;
	bool silent;
	u64 skipped;
	size_t readings;
	struct text said;
};

void dlms_whole_begin(struct dlms_whole *w, unsigned int framings, const struct meter_keys *keys);
/* From the first byte of a line to its end; @chunk: bytes that come at once, 0: all of them. */
void dlms_whole_hear(struct dlms_whole *w, const u8 *bytes, size_t len, size_t chunk);
/* Another line begins; the keys stay. */
void dlms_whole_again(struct dlms_whole *w);
void dlms_whole_forget(struct dlms_whole *w);

#endif /* DLMS_WHOLE_H */
