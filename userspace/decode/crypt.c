// SPDX-License-Identifier: MIT
/*
 * AES-128 as meters use it: Galois/Counter Mode (NIST SP 800-38D) with a tag of 96 bits, and Cipher
 * Block Chaining (NIST SP 800-38A) without padding.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypt.h"

#define AES_BLOCK_LEN CRYPT_BLOCK_LEN

/**
 * struct crypt_gcm - contexts for any number of messages
 * @gcm: deciphers and verifies
 * @ctr: deciphers only; GCM is counter mode, and a tag
 */
struct crypt_gcm {
	EVP_CIPHER_CTX *gcm;
	EVP_CIPHER_CTX *ctr;
};

/**
 * struct crypt_cbc - contexts for any number of messages
 * @aes: the cipher
 * @in: deciphers
 * @out: enciphers
 */
struct crypt_cbc {
	EVP_CIPHER *aes;
	EVP_CIPHER_CTX *in;
	EVP_CIPHER_CTX *out;
};

static EVP_CIPHER_CTX *deciphers(const char *name)
{
	EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *c = aes ? EVP_CIPHER_CTX_new() : NULL;

	if (c && EVP_DecryptInit_ex2(c, aes, NULL, NULL, NULL) != 1) {
		EVP_CIPHER_CTX_free(c);
		c = NULL;
	}
	EVP_CIPHER_free(aes);
	return c;
}

/*
 * OpenSSL's memory is not locked, so what it makes of a key stays there no longer than a message
 * takes.
 */
static bool forget_key(EVP_CIPHER_CTX *c)
{
	static const uint8_t none[CRYPT_KEY_LEN];

	return EVP_DecryptInit_ex2(c, NULL, none, NULL, NULL) == 1;
}

/**
 * crypt_gcm_new - make what deciphers in GCM
 *
 * Return: for crypt_gcm_free(), to be used by one thread at a time; NULL when OpenSSL failed or
 * there is no memory.
 */
struct crypt_gcm *crypt_gcm_new(void)
{
	struct crypt_gcm *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->gcm = deciphers("AES-128-GCM");
	c->ctr = deciphers("AES-128-CTR");
	if (c->gcm && c->ctr)
		return c;
	crypt_gcm_free(c);
	return NULL;
}

/**
 * crypt_gcm_free - end it
 * @c: of crypt_gcm_new(), or NULL
 */
void crypt_gcm_free(struct crypt_gcm *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->gcm);
	EVP_CIPHER_CTX_free(c->ctr);
	free(c);
}

/**
 * crypt_gcm_decipher - the clear text of a message, its tag unread
 * @c: of crypt_gcm_new()
 * @m: the message; of it key, iv, bytes and len are used
 * @clear: room for @m->len bytes
 *
 * GCM enciphers in counter mode, from one after the block that makes the tag. Allocates nothing.
 *
 * Return: false when OpenSSL failed.
 */
bool crypt_gcm_decipher(struct crypt_gcm *c, const struct crypt_message *m, uint8_t *clear)
{
	uint8_t counter[AES_BLOCK_LEN] = { [AES_BLOCK_LEN - 1] = 2 };
	bool good;
	int len;

	memcpy(counter, m->iv, CRYPT_IV_LEN);
	good = EVP_DecryptInit_ex2(c->ctr, NULL, m->key, counter, NULL) == 1 &&
	       EVP_DecryptUpdate(c->ctr, clear, &len, m->bytes, m->len) == 1;
	return forget_key(c->ctr) && good;
}

static bool covers(struct crypt_gcm *c, const uint8_t *aad, size_t aad_len)
{
	int len;

	return !aad_len || EVP_DecryptUpdate(c->gcm, NULL, &len, aad, aad_len) == 1;
}

/**
 * crypt_gcm_verify - the clear text of a message whose tag is good
 * @c: of crypt_gcm_new()
 * @m: the message
 * @clear: room for @m->len bytes; not to be used when the tag is wrong
 *
 * Deciphers and verifies in one pass. Allocates nothing.
 *
 * Return: false when the tag is wrong, or OpenSSL failed.
 */
bool crypt_gcm_verify(struct crypt_gcm *c, const struct crypt_message *m, uint8_t *clear)
{
	uint8_t tag[CRYPT_TAG_LEN];
	int len = 0;
	bool good;

	memcpy(tag, m->tag, sizeof(tag));
	good = EVP_DecryptInit_ex2(c->gcm, NULL, m->key, m->iv, NULL) == 1 &&
	       covers(c, m->aad, m->aad_len) && covers(c, m->more, m->more_len) &&
	       (!m->len || EVP_DecryptUpdate(c->gcm, clear, &len, m->bytes, m->len) == 1) &&
	       EVP_CIPHER_CTX_ctrl(c->gcm, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1 &&
	       EVP_DecryptFinal_ex(c->gcm, clear + len, &len) == 1;
	return forget_key(c->gcm) && good;
}

/**
 * crypt_cbc_new - make what deciphers and enciphers in CBC
 *
 * Return: for crypt_cbc_free(), to be used by one thread at a time; NULL when OpenSSL failed or
 * there is no memory.
 */
struct crypt_cbc *crypt_cbc_new(void)
{
	struct crypt_cbc *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->aes = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	c->in = EVP_CIPHER_CTX_new();
	c->out = EVP_CIPHER_CTX_new();
	if (c->aes && c->in && c->out &&
	    EVP_DecryptInit_ex2(c->in, c->aes, NULL, NULL, NULL) == 1 &&
	    EVP_EncryptInit_ex2(c->out, c->aes, NULL, NULL, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(c->in, 0) == 1 && EVP_CIPHER_CTX_set_padding(c->out, 0) == 1)
		return c;
	crypt_cbc_free(c);
	return NULL;
}

/**
 * crypt_cbc_free - end it, and wipe what it knows of the newest key
 * @c: of crypt_cbc_new(), or NULL
 */
void crypt_cbc_free(struct crypt_cbc *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->in);
	EVP_CIPHER_CTX_free(c->out);
	EVP_CIPHER_free(c->aes);
	free(c);
}

/**
 * crypt_cbc_decipher - the clear text of a message
 * @c: of crypt_cbc_new()
 * @key: CRYPT_KEY_LEN bytes
 * @iv: CRYPT_BLOCK_LEN bytes
 * @bytes: the enciphered text
 * @len: its length in bytes, whole blocks
 * @clear: room for @len bytes, which may be those of @bytes
 *
 * Allocates nothing.
 *
 * Return: false when @len is not one of whole blocks, or OpenSSL failed.
 */
bool crypt_cbc_decipher(struct crypt_cbc *c, const uint8_t *key, const uint8_t *iv,
			const uint8_t *bytes, size_t len, uint8_t *clear)
{
	int done;

	return len <= CRYPT_CBC_MAX && len % AES_BLOCK_LEN == 0 &&
	       EVP_DecryptInit_ex2(c->in, NULL, key, iv, NULL) == 1 &&
	       EVP_DecryptUpdate(c->in, clear, &done, bytes, len) == 1 && (size_t)done == len;
}

/**
 * crypt_cbc_encipher - the other way round
 * @c: of crypt_cbc_new()
 * @key: CRYPT_KEY_LEN bytes
 * @iv: CRYPT_BLOCK_LEN bytes
 * @clear: the clear text
 * @len: its length in bytes, whole blocks
 * @bytes: room for @len bytes, which may be those of @clear
 *
 * Allocates nothing.
 *
 * Return: false when @len is not one of whole blocks, or OpenSSL failed.
 */
bool crypt_cbc_encipher(struct crypt_cbc *c, const uint8_t *key, const uint8_t *iv,
			const uint8_t *clear, size_t len, uint8_t *bytes)
{
	int done;

	return len <= CRYPT_CBC_MAX && len % AES_BLOCK_LEN == 0 &&
	       EVP_EncryptInit_ex2(c->out, NULL, key, iv, NULL) == 1 &&
	       EVP_EncryptUpdate(c->out, bytes, &done, clear, len) == 1 && (size_t)done == len;
}
