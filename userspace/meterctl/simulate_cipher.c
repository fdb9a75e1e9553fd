// SPDX-License-Identifier: MIT
/*
 * A telegram in general-glo-ciphering (Green Book section 9.2.7, Luxmetering P1 1.1.3, section
 * 3.2.5): P1 text, or an APDU of DLMS. Poland's meters have it behind the first line of their P1
 * and without a system title.
 *
 * Apart from the decoder's own, so that one is a check of the other.
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <string.h>

#include "../lib/say.h"
#include "simulate.h"
#include "simulate_dlms.h"

#define TAG_LEN		12
#define HEAD_MAX	(2 + SYSTEM_TITLE_LEN + 3 + 1 + 4)
#define ENCRYPTED	0x20	/* security control, of suite 0 */
#define AUTHENTICATED	0x10

/* Of a meter that is not real, where the key file has none. */
static const uint8_t own_title[SYSTEM_TITLE_LEN] = { 'S', 'I', 'M', 0, 0, 0, 0, 42 };

static const uint8_t *title_of(const struct sim_cipher *c, const struct sim_kind *kind)
{
	if (c->keys->has_system_title)
		return c->keys->system_title;
	return kind->dlms ? kind->dlms->title : own_title;
}

/* P1 always has a tag; DLMS has one when there is a key to make it with. */
static size_t tag_len(const struct sim_cipher *c, const struct sim_kind *kind)
{
	return !kind->dlms || c->keys->has_auth_key ? TAG_LEN : 0;
}

/* What the tag covers beside the text: nothing without one. */
static size_t write_aad(const struct sim_cipher *c, const struct sim_kind *kind, uint8_t *aad)
{
	if (!tag_len(c, kind))
		return 0;
	aad[0] = ENCRYPTED | AUTHENTICATED;
	memcpy(aad + 1, c->keys->auth_key, CRYPT_KEY_LEN);
	return 1 + CRYPT_KEY_LEN;
}

/* Enciphers @len bytes in their place and writes the tag, if any, behind them. */
static bool encipher(const struct sim_cipher *c, const struct sim_kind *kind, uint8_t *text,
		     size_t len)
{
	uint8_t iv[CRYPT_IV_LEN], aad[1 + CRYPT_KEY_LEN], tag[TAG_LEN];
	const size_t aad_len = write_aad(c, kind, aad);
	EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
	uint32_t counter = htonl(c->counter);
	bool ok;
	int out;

	memcpy(iv, title_of(c, kind), SYSTEM_TITLE_LEN);
	memcpy(iv + SYSTEM_TITLE_LEN, &counter, sizeof(counter));
	ok = aes && EVP_EncryptInit_ex2(aes, EVP_aes_128_gcm(), c->keys->key, iv, NULL) == 1 &&
	     (!aad_len || EVP_EncryptUpdate(aes, NULL, &out, aad, aad_len) == 1) &&
	     EVP_EncryptUpdate(aes, text, &out, text, len) == 1 &&
	     EVP_EncryptFinal_ex(aes, text + out, &out) == 1 &&
	     EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) == 1;
	EVP_CIPHER_CTX_free(aes);
	explicit_bzero(aad, sizeof(aad));
	memcpy(text + len, tag, ok ? tag_len(c, kind) : 0);
	return ok;
}

/* BER; P1 has two bytes of length also where one would do. */
static uint8_t *write_length(uint8_t *at, size_t length, bool shortest)
{
	if (shortest && length < 0x80) {
		*at++ = length;
		return at;
	}
	*at++ = shortest && length < 0x100 ? 0x81 : 0x82;
	if (at[-1] == 0x82)
		*at++ = length >> 8;
	*at++ = length;
	return at;
}

/* What stands before the text; returns its length. */
static size_t write_head(const struct sim_cipher *c, const struct sim_kind *kind, size_t text_len,
			 uint8_t *head)
{
	uint8_t *at = head;

	if (kind->headed) {
		*at++ = 0;
	} else {
		*at++ = 0xdb;
		*at++ = SYSTEM_TITLE_LEN;
		memcpy(at, title_of(c, kind), SYSTEM_TITLE_LEN);
		at += SYSTEM_TITLE_LEN;
	}
	at = write_length(at, 1 + 4 + text_len + tag_len(c, kind), kind->dlms);
	*at++ = ENCRYPTED | (tag_len(c, kind) ? AUTHENTICATED : 0);
	for (int shift = 24; shift >= 0; shift -= 8)
		*at++ = c->counter >> shift;
	return at - head;
}

/* Length of the first line and the empty one behind it, which are sent in clear as well. */
static size_t header_len(const struct sim_telegram *t)
{
	static const char end[] = { '\r', '\n', '\r', '\n' };
	const uint8_t *at = memmem(t->bytes, t->len, end, sizeof(end));

	return at ? at + sizeof(end) - t->bytes : 0;
}

/* By what a reader tells whose it is, where the telegram has no number. */
static void title_is_meter(struct sim_telegram *t, const uint8_t *title)
{
	char number[2 * SYSTEM_TITLE_LEN + 1];

	for (unsigned int i = 0; i < SYSTEM_TITLE_LEN; i++)
		snprintf(number + 2 * i, 3, "%02X", title[i]);
	sim_meter_is(t, number);
}

static void expect_enciphered(const struct sim_cipher *c, const struct sim_kind *kind,
			      struct sim_telegram *t)
{
	if (!kind->dlms)
		sim_via_is(t, "p1-encrypted");
	else if (!t->has_meter)
		title_is_meter(t, title_of(c, kind));
}

/**
 * sim_encipher - puts a telegram into a frame
 * @c: the keys, and the counter, which goes up
 * @kind: of the meter
 * @t: the telegram, clear and whole; what must be read of it then tells that it was enciphered
 *
 * Return: false after having said what is wrong
 */
bool sim_encipher(struct sim_cipher *c, const struct sim_kind *kind, struct sim_telegram *t)
{
	const size_t header = kind->headed ? header_len(t) : 0;
	const size_t text = t->len;
	uint8_t head[HEAD_MAX];
	size_t head_len = write_head(c, kind, text, head);
	uint8_t *frame = t->bytes + header;

	if (header + head_len + text + TAG_LEN > sizeof(t->bytes)) {
		say("a telegram of %s is too long to be encrypted", kind->name);
		return false;
	}
	memmove(frame + head_len, t->bytes, text);
	memcpy(frame, head, head_len);
	if (!encipher(c, kind, frame + head_len, text)) {
		say("OpenSSL cannot encrypt with AES-128-GCM");
		return false;
	}
	t->len = header + head_len + text + tag_len(c, kind);
	/* What is enciphered has no parts. */
	t->unit_count = 0;
	c->counter++;
	expect_enciphered(c, kind, t);
	return true;
}
