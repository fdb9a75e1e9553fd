/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Quantities of a telegram with OBIS codes while they are gathered, of P1 and of DLMS: what a code
 * stands for, and what follows from what was sent.
 */
#ifndef TELEGRAM_GATHERING_H
#define TELEGRAM_GATHERING_H

#include "quantities.h"

/**
 * struct gathering - the quantities so far
 * @r: the valid ones; nothing is valid in it at first
 * @named: those that are in the telegram, valid or not; none at first
 */
struct gathering {
	struct reading *r;
	u64 named[(QUANTITY_COUNT + 63) / 64];
};

static inline void reading_unset(struct reading *r, enum quantity q)
{
	r->valid[q / 64] &= ~(1ull << (q % 64));
}

static inline bool named(const struct gathering *g, enum quantity q)
{
	return g->named[q / 64] >> (q % 64) & 1;
}

static inline void gather(struct gathering *g, enum quantity q, bool valid, s64 milli)
{
	g->named[q / 64] |= 1ull << (q % 64);
	if (valid)
		reading_set(g->r, q, milli);
	else
		reading_unset(g->r, q);
}

/* An object whose code is not in the table may still be that of a quantity with another B. */
static inline enum quantity obis_other_quantity(const struct telegram *t, const struct field *f)
{
	const u8 *label = t->text + f->label;
	u8 code[20] = "1-0";
	unsigned int colon = 2;
	u8 row;

	if (label[0] != '1' || label[1] != '-' || (label[2] == '0' && label[3] == ':'))
		return Q_NONE;
	while (label[colon] != ':')
		colon++;
	memcpy(code + 3, label + colon, f->label_len - colon);
	row = p1_label_row(code, 3 + f->label_len - colon);
	return row == ROW_UNKNOWN ? Q_NONE : p1_labels[row].quantity;
}

/* What a field stands for, or Q_NONE. */
static inline enum quantity obis_quantity(const struct telegram *t, const struct field *f)
{
	return f->row == ROW_UNKNOWN ? obis_other_quantity(t, f) : p1_labels[f->row].quantity;
}

/* The total, where the meter sends only its tariff registers. */
static inline void sum_tariffs(struct gathering *g, enum quantity total, enum quantity t1)
{
	bool any = false;
	s64 sum = 0;
	unsigned int i;

	if (named(g, total))
		return;
	for (i = t1; i < t1 + 16u; i++) {
		if (!named(g, i))
			continue;
		if (!reading_has(g->r, i) || __builtin_add_overflow(sum, g->r->milli[i], &sum))
			return;
		any = true;
	}
	if (any)
		reading_set(g->r, total, sum);
}

static inline bool names_export(const struct gathering *g)
{
	unsigned int i;

	for (i = Q_energy_export; i <= Q_energy_export_t16; i++) {
		if (named(g, i))
			return true;
	}
	return named(g, Q_power_export);
}

/* What 16.7.0 says stands already; the difference is the better knowledge. */
static inline void net_power(struct gathering *g)
{
	struct reading *r = g->r;

	if (!reading_has(r, Q_power_import))
		return;
	if (reading_has(r, Q_power_export))
		reading_set(r, Q_power_net, r->milli[Q_power_import] - r->milli[Q_power_export]);
	else if (!names_export(g))
		reading_set(r, Q_power_net, r->milli[Q_power_import]);
}

#endif /* TELEGRAM_GATHERING_H */
