/* SPDX-License-Identifier: MIT */
/*
 * Enciphered P1 (Luxembourg, Austria, Poland): from bytes to telegrams.
 */
#ifndef METERLINE_P1_CIPHER_H
#define METERLINE_P1_CIPHER_H

#include "../../kernel/telegram/telegram.h"
#include "meter_keys.h"

struct p1_cipher;

/** enum p1_cipher_trouble - why the newest frame gave no telegram */
enum p1_cipher_trouble {
	CIPHER_FINE,		/* it gave one, or there was none */
	CIPHER_WRONG_KEY,	/* no telegram came out */
	CIPHER_WRONG_TAG,	/* a telegram came out, but the authentication key says no */
	CIPHER_NO_TAG,		/* there is an authentication key, and no tag */
	CIPHER_NO_TITLE,	/* neither frame nor keys have a system title */
	CIPHER_REPLAYED,	/* its counter is not above those before, and that is refused */
};

/**
 * struct p1_cipher_stats - what became of frames
 * @verified: gave a telegram, with a good tag
 * @unverified: gave a telegram; there is no authentication key to verify the tag with
 * @wrong_tag: dropped, since the tag is wrong, or missing where there is a key for it
 * @unreadable: dropped, since no telegram with a good CRC is in it, or no system title is known
 * @replayed: of @verified and @unverified, or dropped when that is refused: the counter was not
 *	above the highest one before
 * @deciphered: bytes that went through AES, also in vain
 */
struct p1_cipher_stats {
	u64 verified;
	u64 unverified;
	u64 wrong_tag;
	u64 unreadable;
	u64 replayed;
	u64 deciphered;
};

/**
 * struct p1_cipher_out - where that what is found goes
 * @clear: bytes that belong to no frame, in their place between the telegrams
 * @dropped: bytes of frames that gave nothing, or of what only looked like one
 * @headed: a frame began with a clear header (Poland), which has gone to @clear and is no telegram
 * @telegrams: the place where they are made, counts and whom to call; @telegrams.emit gets
 *	@telegrams.context, and so do the others
 */
struct p1_cipher_out {
	void (*clear)(void *context, const u8 *bytes, size_t count, u64 now);
	void (*dropped)(void *context, const u8 *bytes, size_t count, u64 now);
	void (*headed)(void *context);
	struct telegram_sink telegrams;
};

struct p1_cipher *p1_cipher_new(const struct meter_keys *keys, const struct p1_cipher_out *out);
void p1_cipher_free(struct p1_cipher *c);
void p1_cipher_refuse_replayed(struct p1_cipher *c, bool refuse);
void p1_cipher_feed(struct p1_cipher *c, const u8 *bytes, size_t count, u64 now);
void p1_cipher_pause(struct p1_cipher *c);
void p1_cipher_end(struct p1_cipher *c);
bool p1_cipher_waits_for_pause(const struct p1_cipher *c);
void p1_cipher_reset(struct p1_cipher *c);
enum p1_cipher_trouble p1_cipher_trouble(const struct p1_cipher *c);
const struct p1_cipher_stats *p1_cipher_stats(const struct p1_cipher *c);

#endif /* METERLINE_P1_CIPHER_H */
