/* SPDX-License-Identifier: MIT */
/*
 * The keys of a line whose meter enciphers by DLMS: P1 and DLMS itself.
 */
#ifndef METERLINE_METER_KEYS_H
#define METERLINE_METER_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "crypt.h"

#define SYSTEM_TITLE_LEN 8

/**
 * struct meter_keys - what a key file says
 * @key: the key that enciphers
 * @auth_key: the key that authenticates
 * @system_title: of a meter that does not send its own (Poland)
 * @has_auth_key: whether there was one; without it tags are not verified
 * @has_system_title: whether there was one
 */
struct meter_keys {
	uint8_t key[CRYPT_KEY_LEN];
	uint8_t auth_key[CRYPT_KEY_LEN];
	uint8_t system_title[SYSTEM_TITLE_LEN];
	bool has_auth_key;
	bool has_system_title;
};

struct meter_keys *meter_keys_new(void);
struct meter_keys *meter_keys_copy(const struct meter_keys *keys);
bool meter_keys_same(const struct meter_keys *a, const struct meter_keys *b);
void meter_keys_free(struct meter_keys *keys);
struct meter_keys *meter_keys_parse(const char *text, const char *path, char *problem, size_t size);
struct meter_keys *meter_keys_read(const char *path);

#endif /* METERLINE_METER_KEYS_H */
