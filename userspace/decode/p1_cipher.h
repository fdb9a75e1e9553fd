/* SPDX-License-Identifier: MIT */
/*
 * Enciphered P1 (Luxembourg, Austria, Poland): from bytes to telegrams.
 */
#ifndef METERLINE_P1_CIPHER_H
#define METERLINE_P1_CIPHER_H

#include "../../kernel/telegram/telegram.h"
#include "p1_keys.h"

struct p1_cipher;

/**
 * struct p1_cipher_stats - what a decoder of enciphered P1 counted
 * @bytes: bytes seen
 * @telegrams: valid telegrams
 * @bad_checksum: frames with a wrong tag, or without a telegram whose CRC is right
 * @framing: frames that did not come to their end
 * @oversize: frames that are longer than those of any meter
 * @untitled: frames without a system title, where the keys have none either
 */
struct p1_cipher_stats {
	u64 bytes;
	u64 telegrams;
	u64 bad_checksum;
	u64 framing;
	u64 oversize;
	u64 untitled;
};

struct p1_cipher *p1_cipher_new(const struct p1_keys *keys, telegram_fn emit, void *context);
void p1_cipher_free(struct p1_cipher *c);
void p1_cipher_feed(struct p1_cipher *c, const u8 *bytes, size_t count);
void p1_cipher_pause(struct p1_cipher *c);
const struct p1_cipher_stats *p1_cipher_stats(const struct p1_cipher *c);

#endif /* METERLINE_P1_CIPHER_H */
