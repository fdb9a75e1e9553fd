/* SPDX-License-Identifier: MIT */
/*
 * What general-glo-ciphering protects, and the invocation counters of it: IEC 62056-5-3, security
 * suites 0 and 1, which both have AES-128-GCM.
 */
#ifndef METERLINE_GLO_H
#define METERLINE_GLO_H

#include "../../kernel/telegram/types.h"
#include "meter_keys.h"

/* Bits of the security control. */
#define GLO_SUITE	  0x0f
#define GLO_AUTHENTICATED 0x10
#define GLO_ENCIPHERED	  0x20
#define GLO_BROADCAST_KEY 0x40
#define GLO_COMPRESSED	  0x80

#define GLO_COUNTER_LEN 4
/* The security control and the counter. */
#define GLO_HEADER_LEN (1 + GLO_COUNTER_LEN)

/* So many senders are told apart on a line. */
#define GLO_MARKS_MAX 8

/**
 * struct glo_text - a protected text
 * @title: system title of its sender, SYSTEM_TITLE_LEN bytes
 * @control: security control, counter, text and, where the control says so, a tag
 * @len: bytes from @control on; at least those of glo_overhead()
 */
struct glo_text {
	const u8 *title;
	const u8 *control;
	size_t len;
};

/** struct glo_mark - the counter that the next one of a sender must be above */
struct glo_mark {
	u8 title[SYSTEM_TITLE_LEN];
	u32 counter;
};

/**
 * struct glo - what a line needs to open texts
 * @keys: in locked memory
 * @aes: deciphers
 * @nmarks: of @marks that are in use
 * @marks: of the senders heard, the newest first
 */
struct glo {
	struct meter_keys *keys;
	struct crypt_gcm *aes;
	unsigned int nmarks;
	struct glo_mark marks[GLO_MARKS_MAX];
};

static inline bool glo_is_tagged(const struct glo_text *t)
{
	return t->control[0] & GLO_AUTHENTICATED;
}

/* Bytes that are not text, with the security control @control. */
static inline size_t glo_overhead(u8 control)
{
	return GLO_HEADER_LEN + (control & GLO_AUTHENTICATED ? CRYPT_TAG_LEN : 0);
}

static inline size_t glo_text_len(const struct glo_text *t)
{
	return t->len - glo_overhead(t->control[0]);
}

static inline u32 glo_counter(const struct glo_text *t)
{
	return (u32)t->control[1] << 24 | t->control[2] << 16 | t->control[3] << 8 | t->control[4];
}

bool glo_init(struct glo *g, const struct meter_keys *keys);
void glo_release(struct glo *g);
bool glo_open(struct glo *g, const struct glo_text *t, bool verify, u8 *clear);
bool glo_is_replayed(const struct glo *g, const struct glo_text *t);
void glo_remember(struct glo *g, const u8 *title, u32 counter);

#endif /* METERLINE_GLO_H */
