/* SPDX-License-Identifier: MIT */
/*
 * D2L modules for tests: frames made here, with OpenSSL and bit by bit, by the table in
 * decode/d2l.h and by nothing else of the project.
 */
#ifndef D2L_HOST_H
#define D2L_HOST_H

#include "../../userspace/decode/d2l.h"
#include "../../userspace/decode/d2l_json.h"
#include "../../userspace/meterctl/d2l_module.h"
#include "host.h"

extern const struct d2l_key test_key;

/* Puts version, length, method and CRC into a frame in clear, as it is. */
void d2l_complete(u8 *clear, size_t len);
/* Enciphers it from its 16th byte on, in place. */
void d2l_encipher(const struct d2l_key *key, u8 *frame, size_t len);
/* A whole frame of a module; returns its length. */
size_t d2l_frame_of(u8 *frame, u8 type, u8 flags, const void *payload, size_t payload_len);

/* By the rules (data contract, D2L), without any haste. */
struct said d2l_reference(const u8 *json, size_t len);
/* What d2l_reading_parse() and d2l_quantities() make of it. */
struct said d2l_said(const u8 *json, size_t len, unsigned int phases, bool fields_only);

/* JSON of modules of every kind. */
size_t d2l_json_seeds(struct vector **vectors);

#endif /* D2L_HOST_H */
