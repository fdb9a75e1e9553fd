// SPDX-License-Identifier: MIT
/*
 * Frames of D2L modules: pure functions of bytes. See d2l.h for what a frame is.
 */
#include "../../kernel/telegram/telegram.h"
#include "d2l.h"

#define METHOD_MASK	0x07
#define METHOD_AES_CBC	1
#define TOP_BIT		0x80

#define AT_LENGTH	2
#define AT_ID		4
#define AT_METHOD	12
#define AT_RANDOM	16
#define AT_CRC		32
#define AT_PAYLOAD_LEN	34
#define AT_TYPE		36
#define AT_NEXT_QUERY	37

#define CLOCK_LEN	4
#define CRC_BEGIN	0xffff

static u64 load(const u8 *bytes, unsigned int count)
{
	u64 n = 0;

	while (count--)
		n = n << 8 | bytes[count];
	return n;
}

static void store(u8 *bytes, unsigned int count, u64 n)
{
	for (; count--; n >>= 8)
		*bytes++ = n;
}

/* CRC-16/MODBUS is that of P1 with another beginning. */
static u16 crc_of(const u8 *clear, size_t len)
{
	u16 crc = crc16_arc(CRC_BEGIN, clear, AT_CRC);

	return crc16_arc(crc, clear + AT_PAYLOAD_LEN, len - AT_PAYLOAD_LEN);
}

static bool is_frame_len(size_t len)
{
	return len >= D2L_FRAME_MIN && len <= D2L_FRAME_MAX && len % CRYPT_BLOCK_LEN == 0;
}

/**
 * d2l_header - look at what may be the beginning of a frame
 * @bytes: of a stream
 * @count: how many there are
 * @h: for what it says, when the whole frame is there or open with D2L_HEADER_LEN bytes or more
 *
 * What is no frame is seen at its first wrong byte.
 *
 * Return: D2L_GOOD when the frame is there with all of its bytes, D2L_OPEN when some are missing;
 * D2L_BAD_VERSION, D2L_BAD_LENGTH or D2L_BAD_METHOD.
 */
enum d2l_verdict d2l_header(const u8 *bytes, size_t count, struct d2l_header *h)
{
	if (count > 0 && bytes[0] != D2L_VERSION)
		return D2L_BAD_VERSION;
	if (count >= AT_ID && !is_frame_len(load(bytes + AT_LENGTH, 2)))
		return D2L_BAD_LENGTH;
	if (count > AT_METHOD && (bytes[AT_METHOD] & METHOD_MASK) != METHOD_AES_CBC)
		return D2L_BAD_METHOD;
	if (count < D2L_HEADER_LEN)
		return D2L_OPEN;
	h->id = load(bytes + AT_ID, 8);
	h->len = load(bytes + AT_LENGTH, 2);
	return count < h->len ? D2L_OPEN : D2L_GOOD;
}

static enum d2l_verdict read_clear(const u8 *clear, size_t len, struct d2l_frame *f)
{
	if (load(clear + AT_CRC, 2) != crc_of(clear, len))
		return D2L_BAD_CRC;
	f->id = load(clear + AT_ID, 8);
	f->type = clear[AT_TYPE] & ~TOP_BIT;
	f->answer = clear[AT_TYPE] & TOP_BIT;
	f->next_query = clear[AT_NEXT_QUERY] & ~TOP_BIT;
	f->error = clear[AT_NEXT_QUERY] & TOP_BIT;
	f->payload = clear + D2L_PAYLOAD;
	f->payload_len = load(clear + AT_PAYLOAD_LEN, 2);
	return f->payload_len <= len - D2L_PAYLOAD ? D2L_GOOD : D2L_BAD_PAYLOAD;
}

/**
 * d2l_open - decipher a frame and check it
 * @aes: of crypt_cbc_new()
 * @key: of the module
 * @bytes: the frame
 * @len: how many; those of the whole frame
 * @clear: for the frame in clear
 * @f: for what it says; its payload is in @clear
 *
 * Return: D2L_GOOD, or what is wrong; D2L_OPEN when @len is less than the frame says.
 */
enum d2l_verdict d2l_open(struct crypt_cbc *aes, const struct d2l_key *key, const u8 *bytes,
			  size_t len, u8 clear[D2L_FRAME_MAX], struct d2l_frame *f)
{
	struct d2l_header h;
	enum d2l_verdict verdict = d2l_header(bytes, len, &h);

	if (verdict != D2L_GOOD)
		return verdict;
	memcpy(clear, bytes, D2L_HEADER_LEN);
	if (!crypt_cbc_decipher(aes, key->key, key->iv, bytes + D2L_HEADER_LEN,
				h.len - D2L_HEADER_LEN, clear + D2L_HEADER_LEN))
		return D2L_FAILED;
	return read_clear(clear, h.len, f);
}

/**
 * d2l_seal - make a frame
 * @aes: of crypt_cbc_new()
 * @key: of the module
 * @f: what the frame is to say
 * @random: fresh for each frame
 * @bytes: for the frame; not where @f->payload is
 * @size: room in @bytes
 *
 * Return: length of the frame; 0 when there is no room for it, or OpenSSL failed.
 */
size_t d2l_seal(struct crypt_cbc *aes, const struct d2l_key *key, const struct d2l_frame *f,
		const u8 random[D2L_RANDOM_LEN], u8 *bytes, size_t size)
{
	size_t len = D2L_PAYLOAD + f->payload_len;

	len += -len % CRYPT_BLOCK_LEN;
	if (f->payload_len > D2L_PAYLOAD_MAX || len > size)
		return 0;
	memset(bytes, 0, len);
	bytes[0] = D2L_VERSION;
	store(bytes + AT_LENGTH, 2, len);
	store(bytes + AT_ID, 8, f->id);
	bytes[AT_METHOD] = METHOD_AES_CBC;
	memcpy(bytes + AT_RANDOM, random, D2L_RANDOM_LEN);
	store(bytes + AT_PAYLOAD_LEN, 2, f->payload_len);
	bytes[AT_TYPE] = (f->type & ~TOP_BIT) | (f->answer ? TOP_BIT : 0);
	bytes[AT_NEXT_QUERY] = (f->next_query & ~TOP_BIT) | (f->error ? TOP_BIT : 0);
	if (f->payload_len)
		memcpy(bytes + D2L_PAYLOAD, f->payload, f->payload_len);
	store(bytes + AT_CRC, 2, crc_of(bytes, len));
	if (!crypt_cbc_encipher(aes, key->key, key->iv, bytes + D2L_HEADER_LEN,
				len - D2L_HEADER_LEN, bytes + D2L_HEADER_LEN))
		return 0;
	return len;
}

/**
 * d2l_answer - the answer to a frame, by which the module sets its clock
 * @aes: of crypt_cbc_new()
 * @key: of the module
 * @request: the module's frame, of any type
 * @unix_s: the time now, seconds since 1970; what the clock cannot say becomes its nearest value
 * @random: fresh for each frame
 * @bytes: for the answer
 *
 * A module that has no answer on the same connection after 3 s closes it.
 *
 * Return: false when OpenSSL failed.
 */
bool d2l_answer(struct crypt_cbc *aes, const struct d2l_key *key, const struct d2l_frame *request,
		s64 unix_s, const u8 random[D2L_RANDOM_LEN], u8 bytes[D2L_ANSWER_LEN])
{
	s64 since = unix_s < D2L_EPOCH_S ? 0 : unix_s - D2L_EPOCH_S;
	u8 clock[CLOCK_LEN];
	const struct d2l_frame f = {
		.id = request->id,
		.type = request->type,
		.answer = true,
		.payload = clock,
		.payload_len = sizeof(clock),
	};

	store(clock, sizeof(clock), since > UINT32_MAX ? UINT32_MAX : since);
	return d2l_seal(aes, key, &f, random, bytes, D2L_ANSWER_LEN) == D2L_ANSWER_LEN;
}

/**
 * d2l_answer_clock - the clock in an answer
 * @f: a frame
 * @unix_s: for the time, seconds since 1970
 *
 * Return: false when it is no answer with a clock.
 */
bool d2l_answer_clock(const struct d2l_frame *f, s64 *unix_s)
{
	if (!f->answer || f->error || f->payload_len != CLOCK_LEN)
		return false;
	*unix_s = D2L_EPOCH_S + (s64)load(f->payload, CLOCK_LEN);
	return true;
}

/**
 * d2l_type_name - the name of a type of frames
 * @type: of a frame
 *
 * Return: a constant string.
 */
const char *d2l_type_name(u8 type)
{
	switch (type) {
	case D2L_UPDATE_REQUEST:
		return "UPDATE_REQUEST";
	case D2L_PUSH_JSON:
		return "PUSH_JSON";
	case D2L_GET_HORLOGE:
		return "GET_HORLOGE";
	case D2L_NO_INTERNET:
		return "NO_INTERNET";
	default:
		return "unknown";
	}
}

/**
 * d2l_verdict_text - what is wrong with a frame
 * @verdict: of any function here
 *
 * Return: a constant clause for people.
 */
const char *d2l_verdict_text(enum d2l_verdict verdict)
{
	switch (verdict) {
	case D2L_GOOD:
		return "it is good";
	case D2L_OPEN:
		return "it is cut off";
	case D2L_BAD_VERSION:
		return "it does not begin as frames of a D2L do";
	case D2L_BAD_LENGTH:
		return "it has a length that no frame of a D2L has";
	case D2L_BAD_METHOD:
		return "it is enciphered in a way that no D2L is known to use";
	case D2L_BAD_CRC:
		return "its CRC is wrong: it is damaged, or the key or the IV is not the module's";
	case D2L_BAD_PAYLOAD:
		return "its payload would be longer than the frame";
	case D2L_FAILED:
		break;
	}
	return "OpenSSL cannot decipher it";
}

/**
 * d2l_framer_put - take bytes of a connection
 * @r: the framer
 * @bytes: as they came, cut anywhere
 * @count: of them
 *
 * Return: how many were taken; at least one while d2l_framer_next() says D2L_OPEN.
 */
size_t d2l_framer_put(struct d2l_framer *r, const u8 *bytes, size_t count)
{
	const size_t room = sizeof(r->bytes) - r->len;

	if (count > room)
		count = room;
	memcpy(r->bytes + r->len, bytes, count);
	r->len += count;
	return count;
}

/**
 * d2l_framer_next - look at the next frame
 * @r: the framer
 * @h: for its header; its bytes are the first of @r->bytes
 *
 * Return: D2L_GOOD when it is whole, D2L_OPEN when bytes are missing; else these bytes are no
 * frame.
 */
enum d2l_verdict d2l_framer_next(const struct d2l_framer *r, struct d2l_header *h)
{
	return d2l_header(r->bytes, r->len, h);
}

/**
 * d2l_framer_drop - done with the first bytes
 * @r: the framer
 * @count: of them, at most what is there
 */
void d2l_framer_drop(struct d2l_framer *r, size_t count)
{
	r->len -= count;
	memmove(r->bytes, r->bytes + count, r->len);
}
