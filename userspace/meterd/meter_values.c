// SPDX-License-Identifier: MIT
/*
 * The newest value of each quantity of a meter.
 *
 * A meter sends a few of the many quantities that there are, and nearly always the same ones.
 */
#include <stdlib.h>
#include <string.h>

#include "meter_values.h"

#define VALID_WORDS ((QUANTITY_COUNT + 63) / 64)

/* How many quantities below @q are in a set. */
static unsigned int count_below(const u64 *valid, unsigned int q)
{
	unsigned int w, count = 0;

	for (w = 0; w < q / 64; w++)
		count += __builtin_popcountll(valid[w]);
	return q % 64 ? count + __builtin_popcountll(valid[w] << (64 - q % 64)) : count;
}

/* Where the instants of the live quantities begin, less the place of the first live quantity. */
static unsigned int until_slots(const struct meter_values *v)
{
	return count_below(v->valid, QUANTITY_COUNT) - count_below(v->valid, FIRST_LIVE);
}

static bool is_live(unsigned int q)
{
	return q >= FIRST_LIVE && q < Q_gas;
}

/* Room for quantities that were not sent before; without memory there is none. */
static void make_room(struct meter_values *v, const u64 *more)
{
	struct meter_values old = *v;
	unsigned int from = 0, to = 0, live;
	s64 *slots;

	for (unsigned int w = 0; w < VALID_WORDS; w++)
		v->valid[w] |= more[w];
	live = count_below(v->valid, Q_gas) - count_below(v->valid, FIRST_LIVE);
	slots = calloc(count_below(v->valid, QUANTITY_COUNT) + live, sizeof(*slots));
	if (!slots) {
		*v = old;
		return;
	}
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		if (meter_values_has(&old, q)) {
			slots[to] = old.slots[from];
			if (is_live(q))
				slots[until_slots(v) + to] = old.slots[until_slots(&old) + from];
			from++;
		}
		to += meter_values_has(v, q);
	}
	v->slots = slots;
	free(old.slots);
}

/**
 * meter_values_milli - the newest value of a quantity
 * @v: the values
 * @q: any quantity
 *
 * Return: thousandths; 0: it was not sent.
 */
s64 meter_values_milli(const struct meter_values *v, enum quantity q)
{
	return meter_values_has(v, q) ? v->slots[count_below(v->valid, q)] : 0;
}

/**
 * meter_values_take - the quantities of a telegram are the newest ones
 * @v: the values
 * @r: of the telegram
 * @until_ms: until when they are fresh, by any clock
 *
 * Without memory those that were not sent before are left out. Loop thread; the hot path.
 */
void meter_values_take(struct meter_values *v, const struct reading *r, u64 until_ms)
{
	u64 lacks = 0;
	unsigned int w, q, at = 0, until_at;

	for (w = 0; w < VALID_WORDS; w++)
		lacks |= r->valid[w] & ~v->valid[w];
	if (lacks)
		make_room(v, r->valid);
	until_at = until_slots(v);
	for (w = 0; w < VALID_WORDS; w++) {
		for (u64 bits = v->valid[w]; bits; bits &= bits - 1, at++) {
			q = w * 64 + __builtin_ctzll(bits);
			if (!reading_has(r, q))
				continue;
			v->slots[at] = r->milli[q];
			if (is_live(q))
				v->slots[until_at + at] = until_ms;
		}
	}
	for (q = Q_gas; q < QUANTITY_COUNT; q++) {
		if (reading_has(r, q))
			v->captured_s[q - Q_gas] = r->captured_s[q - Q_gas];
	}
}

/**
 * meter_values_fresh - the live quantities that are fresh
 * @v: the values
 * @now_ms: by the clock of meter_values_take()
 * @r: where they are set
 */
void meter_values_fresh(const struct meter_values *v, u64 now_ms, struct reading *r)
{
	unsigned int at = count_below(v->valid, FIRST_LIVE), until_at = until_slots(v);

	for (unsigned int q = FIRST_LIVE; q < Q_gas; q++) {
		if (!meter_values_has(v, q))
			continue;
		if (now_ms <= (u64)v->slots[until_at + at])
			reading_set(r, q, v->slots[at]);
		at++;
	}
}

/**
 * meter_values_forget - nothing was sent
 * @v: the values; when M-Bus meters captured theirs is kept, since those meters stay
 */
void meter_values_forget(struct meter_values *v)
{
	free(v->slots);
	v->slots = NULL;
	memset(v->valid, 0, sizeof(v->valid));
}
