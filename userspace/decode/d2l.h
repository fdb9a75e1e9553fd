/* SPDX-License-Identifier: MIT */
/*
 * Frames of D2L modules, in both directions (reference: Zehir/eesmart-d2l and
 * ultrasuperpingu/DomoticzD2LPlugin; the maker has published no document).
 *
 * All integers are little-endian; the module is the client of a TCP connection:
 *
 *	offset	bytes
 *	0	1	version, 3
 *	2	2	length of the frame, a multiple of 16
 *	4	8	id of the module
 *	12	1	bits 0..2: method of encipherment, 1
 *	16	...	from here on AES-128-CBC, filled up with zeros
 *	16	16	random, since key and IV are always the same
 *	32	2	CRC-16/MODBUS of all that is before and behind it, in clear
 *	34	2	length of the payload
 *	36	1	bits 0..6: type; bit 7: an answer
 *	37	1	bits 0..6: what the module is to do next, undocumented; bit 7: an error
 *	38	...	payload
 */
#ifndef METERLINE_D2L_H
#define METERLINE_D2L_H

#include "../../kernel/telegram/types.h"
#include "crypt.h"
#include "d2l_keys.h"

#define D2L_PORT	7845
#define D2L_VERSION	3		/* the first byte of a frame */
#define D2L_HEADER_LEN	16
#define D2L_RANDOM_LEN	16
#define D2L_PAYLOAD	38		/* where it begins */
#define D2L_FRAME_MIN	48
/* Modules send up to 1500 bytes; more than this is none. */
#define D2L_FRAME_MAX	4096
#define D2L_PAYLOAD_MAX	(D2L_FRAME_MAX - D2L_PAYLOAD)
/* An answer: its payload is a clock in 4 bytes. */
#define D2L_ANSWER_LEN	48
/* Zero of the module's clock, 2016-01-01T00:00:00Z, in seconds since 1970. */
#define D2L_EPOCH_S	1451606400

/** enum d2l_type - what a frame is about */
enum d2l_type {
	D2L_UPDATE_REQUEST = 1,		/* wants firmware, which only its maker has */
	D2L_PUSH_JSON = 3,		/* what the meter said */
	D2L_GET_HORLOGE = 5,		/* wants to know the time */
	D2L_NO_INTERNET = 7,
};

/** enum d2l_verdict - what some bytes are; see d2l_verdict_text() */
enum d2l_verdict {
	D2L_GOOD,
	D2L_OPEN,			/* the beginning of a frame, so far as it is there */
	D2L_BAD_VERSION,
	D2L_BAD_LENGTH,
	D2L_BAD_METHOD,
	D2L_BAD_CRC,			/* damaged, or another key or IV */
	D2L_BAD_PAYLOAD,		/* longer than its frame */
	D2L_FAILED,			/* OpenSSL could not do it */
};

/** struct d2l_header - the part of a frame that is in clear; @len is that of the whole frame */
struct d2l_header {
	u64 id;
	size_t len;
};

/**
 * struct d2l_frame - the rest of it
 * @id: of the module
 * @type: enum d2l_type, or another number below 128
 * @next_query: what the module is to do next, below 128
 * @answer: comes from the server
 * @error: ... which could not do what it was asked
 * @payload: JSON or a clock
 * @payload_len: bytes of @payload
 */
struct d2l_frame {
	u64 id;
	u8 type;
	u8 next_query;
	bool answer;
	bool error;
	const u8 *payload;
	size_t payload_len;
};

enum d2l_verdict d2l_header(const u8 *bytes, size_t count, struct d2l_header *h);
enum d2l_verdict d2l_open(struct crypt_cbc *aes, const struct d2l_key *key, const u8 *bytes,
			  size_t len, u8 clear[D2L_FRAME_MAX], struct d2l_frame *f);
size_t d2l_seal(struct crypt_cbc *aes, const struct d2l_key *key, const struct d2l_frame *f,
		const u8 random[D2L_RANDOM_LEN], u8 *bytes, size_t size);
bool d2l_answer(struct crypt_cbc *aes, const struct d2l_key *key, const struct d2l_frame *request,
		s64 unix_s, const u8 random[D2L_RANDOM_LEN], u8 bytes[D2L_ANSWER_LEN]);
bool d2l_answer_clock(const struct d2l_frame *f, s64 *unix_s);
const char *d2l_type_name(u8 type);
const char *d2l_verdict_text(enum d2l_verdict verdict);

/**
 * struct d2l_framer - bytes of a connection until they are frames
 * @len: bytes of @bytes in use
 * @bytes: begin with the next frame
 *
 * All zero at the beginning. Put in what came, take out what is whole:
 *
 *	while (count) {
 *		n = d2l_framer_put(r, bytes, count);
 *		bytes += n;
 *		count -= n;
 *		while ((verdict = d2l_framer_next(r, &h)) == D2L_GOOD) {
 *			... r->bytes, h.len ...
 *			d2l_framer_drop(r, h.len);
 *		}
 *		if (verdict != D2L_OPEN)
 *			... this is no module
 *	}
 */
struct d2l_framer {
	size_t len;
	u8 bytes[D2L_FRAME_MAX];
};

size_t d2l_framer_put(struct d2l_framer *r, const u8 *bytes, size_t count);
enum d2l_verdict d2l_framer_next(const struct d2l_framer *r, struct d2l_header *h);
void d2l_framer_drop(struct d2l_framer *r, size_t count);

#endif /* METERLINE_D2L_H */
