/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the decoders share: promises as TAP, vectors, and what a decoder said as text
 * that can be compared.
 */
#ifndef HOST_H
#define HOST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "quantities.h"
#include "record.h"
#include "telegram.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** struct promise - one test; @run returns whether it is kept, or skips with a reason */
struct promise {
	const char *name;
	bool (*run)(const char **skip);
};

int keep_promises(const struct promise *promises, size_t count);

/* Says on stdout, as a comment, what is wrong; false, so that it can be returned. */
__attribute__((format(printf, 1, 2))) bool broken(const char *format, ...);
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

/* Whether what a trace writes of a telegram is bounded and complete. */
bool goes_into_a_record(const struct telegram *t);

/** struct vector - a file of the corpus or of the project, all of it */
struct vector {
	char name[512];
	u8 *bytes;
	size_t len;
};

void load_vector(struct vector *v, const char *directory, const char *name);
size_t load_directory(struct vector **vectors, size_t count, const char *directory);
size_t load_vectors(struct vector **vectors);
void free_vectors(struct vector *vectors, size_t count);

/** struct text - text that grows */
struct text {
	char *at;
	size_t len;
	size_t room;
};

__attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *format, ...);
void text_add_bytes(struct text *text, const u8 *bytes, size_t len);
void text_free(struct text *text);
bool text_same(const struct text *a, const struct text *b);

/**
 * struct said - all that decoding gave
 * @fields: of each telegram, as text
 * @telegrams: how many
 * @fields_only: leave out what follows from the fields
 */
struct said {
	struct text fields;
	size_t telegrams;
	bool fields_only;
};

void say_telegram(void *said, const struct telegram *t);
void say_start(struct said *said, enum telegram_protocol protocol, unsigned int damaged);
void say_field(struct said *said, const u8 *label, size_t label_len, const u8 *horodate,
	       const u8 *value, size_t len);

/* What decoding @bytes gives when they come in pieces of @chunk bytes, 0: all at once. */
struct said decode(unsigned int protocols, const u8 *bytes, size_t len, size_t chunk,
		   struct telegram_stats *stats);
/* The same in two pieces, fields only. */
struct said decode_cut(unsigned int protocols, const u8 *bytes, size_t len, size_t cut);
bool same_said(const struct said *a, const struct said *b);
void said_free(struct said *said);

/* Whether these bytes, all of them, are 7E1. */
bool is_7e1(const u8 *bytes, size_t len);

/* The next of a sequence of numbers below @bound, the same in every run. */
u32 lot(u64 *state, u32 bound);

/* Bytes of a telegram for tests: without its checksums, which are added. */
size_t p1_with_crc(u8 *bytes, size_t size, const char *text);
size_t tic_frame_of(u8 *bytes, size_t size, const char *const *groups, size_t count);
void add_parity(u8 *bytes, size_t len);

/* By the rules, without any haste. */
struct said tic_reference(const u8 *bytes, size_t len);
struct said p1_reference(const u8 *bytes, size_t len);

#endif /* HOST_H */
