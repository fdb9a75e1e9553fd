/* SPDX-License-Identifier: MIT */
/*
 * A stream of bytes to telegrams, whether they are clear or enciphered.
 */
#ifndef METERLINE_STREAM_H
#define METERLINE_STREAM_H

#include "../../kernel/telegram/telegram.h"
#include "dlms_line.h"
#include "p1_cipher.h"

/**
 * struct stream - all that one stream needs from bytes to telegrams
 * @line: what is clear, and the counts of both
 * @cipher: what is enciphered; NULL: no keys, so it is only recognised
 * @dlms: DLMS push; NULL: not asked for
 * @dlms_before: what @dlms had given when stream_relearn() was called
 * @bytes: that came
 * @via: of the telegram that is handed out: what it came in, as the data contract names it; NULL:
 *	it came in clear
 */
struct stream {
	struct line_decoder line;
	struct p1_cipher *cipher;
	struct dlms_line *dlms;
	u64 dlms_before;
	u64 bytes;
	const char *via;
};

bool stream_init(struct stream *s, unsigned int protocols, const struct meter_keys *keys,
		 telegram_fn emit, void *context);
bool stream_add_dlms(struct stream *s, unsigned int framings, const struct meter_keys *keys,
		     const struct dlms_out *out);
void stream_release(struct stream *s);
void stream_feed(struct stream *s, const u8 *bytes, size_t count, u64 now);
void stream_pause(struct stream *s);
void stream_end(struct stream *s);
bool stream_waits_for_pause(const struct stream *s);
void stream_relearn(struct stream *s);
bool stream_is_dlms(const struct stream *s);
u64 stream_bytes(const struct stream *s);
u64 stream_damaged(const struct stream *s);
enum line_seen stream_seen(const struct stream *s);
enum p1_cipher_trouble stream_trouble(const struct stream *s);

#endif /* METERLINE_STREAM_H */
