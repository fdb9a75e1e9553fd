// SPDX-License-Identifier: MIT
/*
 * A P1 telegram in a frame of general-glo-ciphering (Luxmetering P1 1.1.3, section 3.2.5), or, as
 * Poland's meters have it, behind its own first line and without a system title.
 *
 * Apart from the decoder's own, so that one is a check of the other.
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <string.h>

#include "../lib/say.h"
#include "simulate.h"

#define TAG_LEN		12
#define HEAD_MAX	(2 + SYSTEM_TITLE_LEN + 3 + 1 + 4)
#define CONTROL		0x30	/* security suite 0, encrypted and authenticated */

/* Of a meter that is not real, where the key file has none. */
static const uint8_t own_title[SYSTEM_TITLE_LEN] = { 'S', 'I', 'M', 0, 0, 0, 0, 42 };

static const uint8_t *title_of(const struct sim_cipher *c)
{
	return c->keys->has_system_title ? c->keys->system_title : own_title;
}

/* Enciphers @len bytes in their place and writes the tag behind them. */
static bool encipher(const struct sim_cipher *c, uint8_t *text, size_t len)
{
	uint8_t iv[CRYPT_IV_LEN], aad[1 + CRYPT_KEY_LEN] = { CONTROL };
	EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
	uint32_t counter = htonl(c->counter);
	bool ok;
	int out;

	memcpy(iv, title_of(c), SYSTEM_TITLE_LEN);
	memcpy(iv + SYSTEM_TITLE_LEN, &counter, sizeof(counter));
	memcpy(aad + 1, c->keys->auth_key, CRYPT_KEY_LEN);
	ok = aes && EVP_EncryptInit_ex2(aes, EVP_aes_128_gcm(), c->keys->key, iv, NULL) == 1 &&
	     EVP_EncryptUpdate(aes, NULL, &out, aad, sizeof(aad)) == 1 &&
	     EVP_EncryptUpdate(aes, text, &out, text, len) == 1 &&
	     EVP_EncryptFinal_ex(aes, text + out, &out) == 1 &&
	     EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, text + len) == 1;
	EVP_CIPHER_CTX_free(aes);
	return ok;
}

/* What stands before the text; returns its length. */
static size_t write_head(const struct sim_cipher *c, bool headed, size_t text_len, uint8_t *head)
{
	const size_t length = 1 + 4 + text_len + TAG_LEN;
	uint8_t *at = head;

	if (headed) {
		*at++ = 0;
	} else {
		*at++ = 0xdb;
		*at++ = SYSTEM_TITLE_LEN;
		memcpy(at, title_of(c), SYSTEM_TITLE_LEN);
		at += SYSTEM_TITLE_LEN;
	}
	*at++ = 0x82;
	*at++ = length >> 8;
	*at++ = length;
	*at++ = CONTROL;
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
	size_t head_len = write_head(c, kind->headed, text, head);
	uint8_t *frame = t->bytes + header;

	if (header + head_len + text + TAG_LEN > sizeof(t->bytes)) {
		say("a telegram of %s is too long to be encrypted", kind->name);
		return false;
	}
	memmove(frame + head_len, t->bytes, text);
	memcpy(frame, head, head_len);
	if (!encipher(c, frame + head_len, text)) {
		say("OpenSSL cannot encrypt with AES-128-GCM");
		return false;
	}
	t->len = header + head_len + text + TAG_LEN;
	c->counter++;
	sim_via_is(t, "p1-encrypted");
	return true;
}
