/* SPDX-License-Identifier: MIT */
/*
 * What a meter says, as a telegram of P1: of any meter, for readers that know only this.
 */
#ifndef METERD_P1_COMPOSE_H
#define METERD_P1_COMPOSE_H

#include <stdio.h>

#include "meters.h"

/**
 * struct p1_options - what a telegram may say
 * @identity: numbers of meters
 * @apparent_as_power: VA in the place of W, of a meter that says nothing in W
 */
struct p1_options {
	bool identity;
	bool apparent_as_power;
};

/* NULL without memory, or when the meter has said nothing yet; else for free(). */
char *p1_compose(const struct meter *m, u64 now_ms, const struct p1_options *o, size_t *len);

/* p1_again.c: identification and objects of the newest telegram of a meter with P1 */
void p1_print_again(FILE *out, const struct meter *m, const struct telegram *t, bool identity);

/* Bytes of text in hex, as P1 has its numbers. */
void p1_print_hex(FILE *out, const char *text);

#define P1_OWN_IDENT "\\2meterline"

#endif /* METERD_P1_COMPOSE_H */
