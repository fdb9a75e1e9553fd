/* SPDX-License-Identifier: MIT */
/*
 * Frames of general-glo-ciphering for tests, enciphered with OpenSSL as Luxmetering 1.1.3 section
 * 3.2.5 and the Green Book 9.2.7 have it.
 */
#ifndef CIPHER_FRAMES_H
#define CIPHER_FRAMES_H

#include <openssl/evp.h>

#include "../../userspace/decode/meter_keys.h"
#include "host.h"

#define FRAME_TAG_LEN 12

/**
 * struct cipher_frame - a frame to make
 * @keys: its keys, all of which are used
 * @header: what is sent in clear before it, in place of a title; NULL: it has @title
 * @title: 8 bytes
 * @counter: of the frame
 * @control: 0x30 with a tag, 0x20 without; 0x10 a tag only; the other bits are kept
 * @length_bytes: 1 to 3 that its length takes; 0: 3
 * @text: to encipher
 * @len: its length
 */
struct cipher_frame {
	const struct meter_keys *keys;
	const char *header;
	const char *title;
	u32 counter;
	u8 control;
	unsigned int length_bytes;
	const u8 *text;
	size_t len;
};

static inline u8 *cipher_frame_length(u8 *at, const struct cipher_frame *f, size_t length)
{
	if (f->length_bytes == 1) {
		*at++ = length;
		return at;
	}
	*at++ = f->length_bytes == 2 ? 0x81 : 0x82;
	if (f->length_bytes != 2)
		*at++ = length >> 8;
	*at++ = length;
	return at;
}

/* Writes the frame and returns its length. */
static inline size_t cipher_frame(const struct cipher_frame *f, u8 *frame)
{
	const u8 *title = f->header ? f->keys->system_title : (const u8 *)f->title;
	const bool tagged = f->control & 0x10, enciphered = f->control & 0x20;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	u8 iv[12], aad[17], *at = frame;
	int out;

	if (f->header) {
		at = (u8 *)stpcpy((char *)frame, f->header);
		*at++ = 0;
	} else {
		*at++ = 0xdb;
		*at++ = 8;
		at = mempcpy(at, title, 8);
	}
	at = cipher_frame_length(at, f, 5 + f->len + (tagged ? FRAME_TAG_LEN : 0));
	*at++ = f->control;
	memcpy(iv, title, 8);
	for (unsigned int i = 0; i < 4; i++)
		iv[8 + i] = *at++ = f->counter >> (24 - 8 * i);
	aad[0] = f->control;
	memcpy(aad + 1, f->keys->auth_key, 16);
	if (!context || !EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, f->keys->key, iv) ||
	    (tagged && !EVP_EncryptUpdate(context, NULL, &out, aad, sizeof(aad))) ||
	    !EVP_EncryptUpdate(context, enciphered ? at : NULL, &out, f->text, f->len) ||
	    !EVP_EncryptFinal_ex(context, at + f->len, &out) ||
	    (tagged && !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, FRAME_TAG_LEN,
					    at + f->len)))
		abort();
	if (!enciphered)
		memcpy(at, f->text, f->len);
	EVP_CIPHER_CTX_free(context);
	return at + f->len + (tagged ? FRAME_TAG_LEN : 0) - frame;
}

#endif /* CIPHER_FRAMES_H */
