/* SPDX-License-Identifier: MIT */
/*
 * APDUs for the tests of DLMS, written as hex with text in between, and what is read of them.
 */
#ifndef DLMS_APDUS_H
#define DLMS_APDUS_H

#include "../../userspace/decode/axdr.h"
#include "../../userspace/decode/dlms.h"
#include "host.h"

#define APDU_MAX 65536

/** struct apdu - bytes that are put together */
struct apdu {
	u8 bytes[APDU_MAX];
	size_t len;
};

/* Adds hex digits; blanks part them, 'text' stands for its characters. */
void apdu_add(struct apdu *a, const char *text);
/* A data-notification without a time, and with what @body is. */
void apdu_of(struct apdu *a, const char *body);

/** struct dlms_sample - an APDU and what it says, as a line of JSON */
struct dlms_sample {
	const char *name;
	const char *title;	/* system title as text; NULL: none */
	const char *apdu;
	const char *json;
};

extern const struct dlms_sample dlms_samples[];
extern const size_t dlms_sample_count;

/* From a copy of just these bytes, so that the sanitizer sees what is read beyond them. */
size_t parse_exact(struct dlms_reading *r, const struct dlms_settings *s, const u8 *bytes,
		   size_t len, const char *title);
/* For free(). */
char *json_of(const struct dlms_reading *r);

size_t apdu_seeds(struct vector **vectors);

#endif /* DLMS_APDUS_H */
