// SPDX-License-Identifier: MIT
/*
 * AES-128 as meters use it: Galois/Counter Mode (NIST SP 800-38D) with a tag of 96 bits.
 */
#include <openssl/evp.h>
#include <string.h>

#include "crypt.h"

#define AES_BLOCK_LEN 16

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
