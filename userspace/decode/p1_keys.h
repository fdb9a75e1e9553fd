/* SPDX-License-Identifier: MIT */
/*
 * The keys of an enciphered P1 line.
 */
#ifndef METERLINE_P1_KEYS_H
#define METERLINE_P1_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "crypt.h"

#define P1_TITLE_LEN 8

/**
 * struct p1_keys - what a key file says
 * @key: the key that enciphers
 * @auth_key: the key that authenticates
 * @system_title: of a meter that does not send its own (Poland)
 * @has_auth_key: whether there was one; without it tags are not verified
 * @has_system_title: whether there was one
 */
struct p1_keys {
	uint8_t key[CRYPT_KEY_LEN];
	uint8_t auth_key[CRYPT_KEY_LEN];
	uint8_t system_title[P1_TITLE_LEN];
	bool has_auth_key;
	bool has_system_title;
};

struct p1_keys *p1_keys_new(void);
struct p1_keys *p1_keys_copy(const struct p1_keys *keys);
bool p1_keys_same(const struct p1_keys *a, const struct p1_keys *b);
void p1_keys_free(struct p1_keys *keys);
struct p1_keys *p1_keys_parse(const char *text, const char *path, char *problem, size_t size);
struct p1_keys *p1_keys_read(const char *path);

#endif /* METERLINE_P1_KEYS_H */
