// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values of a meter: what fields/, raw/ and IIO show.
 *
 * An undamaged full telegram says all there is: what it lacks, the meter does not send. A damaged
 * one, or a short TIC frame, leaves what it lacks as it was, for a while. Quantities are kept
 * one by one. Raw values are read from the newest record; those that it lacks but should still be
 * shown are carried in a small pool, each with its time.
 */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/math64.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/ktime.h>

#include "meter.h"

/**
 * struct carried - a raw value in the pool
 * @at_s: when it came, CLOCK_BOOTTIME
 * @len: bytes of @raw
 * @row: of its label in the table of the protocol
 * @raw: the value, or horodate HT value
 */
struct carried {
	u32 at_s;
	u16 len;
	u8 row;
	u8 raw[];
};

#define CARRIED_SPACE(len) ALIGN(offsetof(struct carried, raw) + (len), 4)

static u32 ns_to_s(u64 ns)
{
	return div_u64(ns, NSEC_PER_SEC);
}

static bool is_kept(const struct meter *m, u32 at_s, u64 now)
{
	return ns_to_s(now) - at_s < ns_to_s(meter_keep_ns(m));
}

/**
 * telegram_is_full - whether the meter sent all it has
 * @t: a telegram
 *
 * A TIC frame without any energy register is a short one: 20 of them, with the currents alone, lie
 * between two full ones while a three-phase meter is overloaded (02E section 2.2.3).
 *
 * Return: whether it is a full one.
 */
bool telegram_is_full(const struct telegram *t)
{
	unsigned int i;

	if (t->protocol == TELEGRAM_P1)
		return true;
	for (i = 0; i < t->nfields; i++) {
		const struct label_info *info = label_info_of(t, &t->fields[i]);

		if (info && info->flags & LABEL_REGISTER)
			return true;
	}
	return false;
}

/** values_clear - forget all values; the caller holds the meter's lock */
void values_clear(struct meter *m)
{
	bitmap_zero(m->values.valid, QUANTITY_COUNT);
	m->values.carry_used = 0;
}

static struct carried *carried_at(struct meter_values *v, size_t at)
{
	return (struct carried *)(v->carry + at);
}

static void carry_remove(struct meter_values *v, size_t at)
{
	size_t space = CARRIED_SPACE(carried_at(v, at)->len);

	v->carry_used -= space;
	memmove(v->carry + at, v->carry + at + space, v->carry_used - at);
}

static void carry_remove_row(struct meter_values *v, u8 row)
{
	size_t at;

	for (at = 0; at < v->carry_used; at += CARRIED_SPACE(carried_at(v, at)->len)) {
		if (carried_at(v, at)->row != row)
			continue;
		carry_remove(v, at);
		return;
	}
}

static void carry_add(struct meter_values *v, const struct record_item *item, u32 at_s)
{
	size_t space = CARRIED_SPACE(item->len);
	struct carried *c;

	carry_remove_row(v, item->row);
	if (space > METER_CARRY_SIZE)
		return;
	while (v->carry_used + space > METER_CARRY_SIZE)
		carry_remove(v, 0);
	c = carried_at(v, v->carry_used);
	c->at_s = at_s;
	c->len = item->len;
	c->row = item->row;
	memcpy(c->raw, item->raw, item->len);
	v->carry_used += space;
}

static void rows_of(const struct telegram *t, unsigned long *rows)
{
	unsigned int i;

	bitmap_zero(rows, ROW_UNKNOWN + 1);
	for (i = 0; i < t->nfields; i++)
		__set_bit(t->fields[i].row, rows);
}

/**
 * values_carry - keep the raw values of the newest record which the next one lacks
 * @m: the meter
 * @t: the next telegram, a damaged or short one; not in the ring yet
 *
 * The caller holds the meter's lock.
 */
void values_carry(struct meter *m, const struct telegram *t)
{
	const struct ring_entry *newest = ring_newest(&m->ring);
	DECLARE_BITMAP(rows, ROW_UNKNOWN + 1);
	struct meter_values *v = &m->values;
	struct record_cursor cursor;
	struct record_item item;
	size_t at = 0;

	rows_of(t, rows);
	while (at < v->carry_used) {
		struct carried *c = carried_at(v, at);

		if (test_bit(c->row, rows))
			carry_remove(v, at);
		else
			at += CARRIED_SPACE(c->len);
	}
	if (!newest || record_protocol(newest->packed) != t->protocol)
		return;
	record_first(newest->packed, &cursor);
	while (record_next(&cursor, &item)) {
		if (item.row != ROW_UNKNOWN && !test_bit(item.row, rows))
			carry_add(v, &item, ns_to_s(newest->started));
	}
}

/**
 * values_set - take the quantities of a telegram
 * @m: the meter
 * @r: its quantities
 * @now: CLOCK_BOOTTIME ns
 * @all: what it lacks, the meter does not send
 *
 * The caller holds the meter's lock.
 */
void values_set(struct meter *m, const struct reading *r, u64 now, bool all)
{
	struct meter_values *v = &m->values;
	u32 now_s = ns_to_s(now);
	unsigned int q;

	if (all)
		values_clear(m);
	for (q = 0; q < QUANTITY_COUNT; q++) {
		if (!reading_has(r, q))
			continue;
		__set_bit(q, v->valid);
		v->milli[q] = r->milli[q];
		v->at_s[q] = now_s;
	}
}

/**
 * values_get - the value of a quantity
 * @m: the meter
 * @q: the quantity
 * @milli: thousandths of its base unit
 *
 * Return: 0; -ENODATA when there is no value, or an old one.
 */
int values_get(struct meter *m, enum quantity q, s64 *milli)
{
	struct meter_values *v = &m->values;
	int ret = -ENODATA;
	u64 now;

	spin_lock(&m->lock);
	now = ktime_get_boottime_ns();
	if (meter_is_fresh(m, now) && test_bit(q, v->valid) && is_kept(m, v->at_s[q], now)) {
		*milli = v->milli[q];
		ret = 0;
	}
	spin_unlock(&m->lock);
	return ret;
}

/* A label that came twice: the last one counts. */
static bool find_in_newest(struct meter *m, u8 row, struct record_item *found)
{
	const struct ring_entry *newest = ring_newest(&m->ring);
	struct record_cursor cursor;
	struct record_item item;
	bool has = false;

	if (!newest || record_protocol(newest->packed) != m->protocol)
		return false;
	record_first(newest->packed, &cursor);
	while (record_next(&cursor, &item)) {
		if (item.row != row)
			continue;
		*found = item;
		has = true;
	}
	return has;
}

static bool find_carried(struct meter *m, u8 row, u64 now, struct record_item *found)
{
	struct meter_values *v = &m->values;
	struct carried *c;
	size_t at;

	for (at = 0; at < v->carry_used; at += CARRIED_SPACE(c->len)) {
		c = carried_at(v, at);
		if (c->row != row || !is_kept(m, c->at_s, now))
			continue;
		found->raw = c->raw;
		found->len = c->len;
		return true;
	}
	return false;
}

/**
 * values_raw - what the meter printed under a label
 * @m: the meter
 * @p1: whether @row is one of P1
 * @row: row of the label in the table of its protocol
 * @text: for the text, escaped as in a record
 * @size: of @text
 *
 * Return: length of the whole text, as snprintf() does; -ENODATA when there is none, or an old one.
 */
ssize_t values_raw(struct meter *m, bool p1, u8 row, char *text, size_t size)
{
	struct record_item found;
	ssize_t ret = -ENODATA;
	u64 now;

	spin_lock(&m->lock);
	now = ktime_get_boottime_ns();
	if (meter_is_fresh(m, now) && p1 == (m->protocol == TELEGRAM_P1) &&
	    (find_in_newest(m, row, &found) || find_carried(m, row, now, &found)))
		ret = record_escape(found.raw, found.len, text, size);
	spin_unlock(&m->lock);
	return ret;
}
