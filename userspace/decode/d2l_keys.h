/* SPDX-License-Identifier: MIT */
/*
 * The keys of D2L modules, by the id of the module.
 */
#ifndef METERLINE_D2L_KEYS_H
#define METERLINE_D2L_KEYS_H

#include "../../kernel/telegram/types.h"
#include "crypt.h"

/* An id as it is printed: so many digits, with zeros on the left. */
#define D2L_ID_DIGITS 12

/* Of a key that came without the id of its module; no module has it, for it has too many digits. */
#define D2L_ANY_ID UINT64_MAX

/** struct d2l_key - what deciphers the frames of one module, in both directions */
struct d2l_key {
	u64 id;
	u8 key[CRYPT_KEY_LEN];
	u8 iv[CRYPT_BLOCK_LEN];
};

struct d2l_keys;

struct d2l_keys *d2l_keys_new(void);
void d2l_keys_free(struct d2l_keys *k);
bool d2l_keys_add(struct d2l_keys *k, const char *text, size_t len, char *problem, size_t size);
bool d2l_keys_put(struct d2l_keys *k, const struct d2l_key *key);
struct d2l_keys *d2l_keys_copy(const struct d2l_keys *k);
const struct d2l_key *d2l_keys_find(const struct d2l_keys *k, u64 id);
size_t d2l_keys_count(const struct d2l_keys *k);
const struct d2l_key *d2l_keys_at(const struct d2l_keys *k, size_t index);
bool d2l_id_read(const char *text, u64 *id);

#endif /* METERLINE_D2L_KEYS_H */
