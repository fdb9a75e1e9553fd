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

static bool decipher(EVP_CIPHER_CTX *aes, const struct crypt_message *m, uint8_t *clear)
{
	uint8_t counter[AES_BLOCK_LEN] = { [AES_BLOCK_LEN - 1] = 2 };
	int len;

	memcpy(counter, m->iv, CRYPT_IV_LEN);
	return EVP_DecryptInit_ex2(aes, EVP_aes_128_ctr(), m->key, counter, NULL) == 1 &&
	       EVP_DecryptUpdate(aes, clear, &len, m->bytes, m->len) == 1;
}

static bool verify_and_decipher(EVP_CIPHER_CTX *aes, const struct crypt_message *m, uint8_t *clear)
{
	uint8_t tag[CRYPT_TAG_LEN];
	int len;

	memcpy(tag, m->tag, sizeof(tag));
	return EVP_DecryptInit_ex2(aes, EVP_aes_128_gcm(), m->key, m->iv, NULL) == 1 &&
	       EVP_DecryptUpdate(aes, NULL, &len, m->aad, m->aad_len) == 1 &&
	       EVP_DecryptUpdate(aes, clear, &len, m->bytes, m->len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1 &&
	       EVP_DecryptFinal_ex(aes, clear + len, &len) == 1;
}

/**
 * crypt_decipher - the clear text of a message, its tag unread
 * @m: the message; @m->aad and @m->tag are not used
 * @clear: room for @m->len bytes
 *
 * GCM enciphers in counter mode, from one after the block that makes the tag.
 *
 * Return: false when OpenSSL failed.
 */
bool crypt_decipher(const struct crypt_message *m, uint8_t *clear)
{
	EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
	bool ok = aes && decipher(aes, m, clear);

	EVP_CIPHER_CTX_free(aes);
	return ok;
}

/**
 * crypt_verify_and_decipher - the clear text of a message whose tag is good
 * @m: the message
 * @clear: room for @m->len bytes; not to be used when the tag is wrong
 *
 * Return: false when the tag is wrong, or OpenSSL failed.
 */
bool crypt_verify_and_decipher(const struct crypt_message *m, uint8_t *clear)
{
	EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
	bool ok = aes && verify_and_decipher(aes, m, clear);

	EVP_CIPHER_CTX_free(aes);
	return ok;
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
