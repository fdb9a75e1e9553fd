/* SPDX-License-Identifier: MIT */
/*
 * AES-128 as meters use it: GCM (DLMS security suite 0) and CBC (D2L modules).
 */
#ifndef METERLINE_CRYPT_H
#define METERLINE_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPT_KEY_LEN	16
#define CRYPT_IV_LEN	12
#define CRYPT_TAG_LEN	12
#define CRYPT_BLOCK_LEN 16
/* More than any meter enciphers in one message. */
#define CRYPT_CBC_MAX 65536

/**
 * struct crypt_message - one message of GCM
 * @key: AES-128 key
 * @iv: system title and frame counter
 * @aad: data that the tag covers, but that are not enciphered
 * @aad_len: length of @aad in bytes
 * @more: further such data, behind @aad
 * @more_len: length of @more in bytes
 * @bytes: the enciphered text
 * @len: its length in bytes, and that of the clear text
 * @tag: the authentication tag
 */
struct crypt_message {
	const uint8_t *key;
	const uint8_t *iv;
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *more;
	size_t more_len;
	const uint8_t *bytes;
	size_t len;
	const uint8_t *tag;
};

struct crypt_gcm;

struct crypt_gcm *crypt_gcm_new(void);
void crypt_gcm_free(struct crypt_gcm *c);
bool crypt_gcm_decipher(struct crypt_gcm *c, const struct crypt_message *m, uint8_t *clear);
bool crypt_gcm_verify(struct crypt_gcm *c, const struct crypt_message *m, uint8_t *clear);

struct crypt_cbc;

struct crypt_cbc *crypt_cbc_new(void);
void crypt_cbc_free(struct crypt_cbc *c);
bool crypt_cbc_decipher(struct crypt_cbc *c, const uint8_t *key, const uint8_t *iv,
			const uint8_t *bytes, size_t len, uint8_t *clear);
bool crypt_cbc_encipher(struct crypt_cbc *c, const uint8_t *key, const uint8_t *iv,
			const uint8_t *clear, size_t len, uint8_t *bytes);

#endif /* METERLINE_CRYPT_H */
