// SPDX-License-Identifier: MIT
/*
 * Which tariff runs, how that is known, and what to call it; the colours of Tempo.
 */
#include <stdio.h>
#include <string.h>

#include "meters_private.h"

static const char *const by_names[] = {
	[TARIFF_BY_NOTHING] = "",
	[TARIFF_BY_FIELD] = "field",
	[TARIFF_BY_REGISTER] = "register",
	[TARIFF_BY_RANGES] = "ranges",
};

static const char *const color_names[] = {
	[COLOR_UNKNOWN] = "",
	[COLOR_BLUE] = "blue",
	[COLOR_WHITE] = "white",
	[COLOR_RED] = "red",
};

/**
 * tariff_by_name - how the tariff is known, in the words of the data contract
 * @by: any value of the enum
 *
 * Return: "" for TARIFF_BY_NOTHING.
 */
const char *tariff_by_name(enum tariff_by by)
{
	return by_names[by];
}

/**
 * color_name - a colour in the words of the data contract
 * @c: any value of the enum
 *
 * Return: "" for COLOR_UNKNOWN.
 */
const char *color_name(enum color c)
{
	return color_names[c];
}

/* p1.md A11: the same index means the opposite in the two countries. */
static const char *country_label(u8 country, u8 tariff)
{
	static const char *const labels[][2] = {
		[COUNTRY_BELGIUM] = { "day", "night" },
		[COUNTRY_NETHERLANDS] = { "low", "normal" },
	};

	return country == COUNTRY_OTHER || tariff > 2 ? NULL : labels[country][tariff - 1];
}

static const char *known_label(const struct meter *m)
{
	if (m->tariff && m->config && m->config->tariff_labels[m->tariff - 1])
		return m->config->tariff_labels[m->tariff - 1];
	if (m->tariff_by == TARIFF_BY_RANGES)
		return NULL;
	if (m->tariff_sent[0])
		return m->tariff_sent;
	return m->tariff ? country_label(m->country, m->tariff) : NULL;
}

/**
 * meter_relabel - calls the running tariff by its name
 * @m: the meter
 *
 * The configured label; else what the meter sends; else what the country says; else the number.
 * Loop thread.
 */
void meter_relabel(struct meter *m)
{
	const char *label = known_label(m);

	if (label)
		snprintf(m->tariff_label, sizeof(m->tariff_label), "%s", label);
	else if (m->tariff)
		snprintf(m->tariff_label, sizeof(m->tariff_label), "%u", m->tariff);
	else
		m->tariff_label[0] = '\0';
}

static enum color color_of_letter(u8 letter)
{
	switch (letter) {
	case 'B':
		return COLOR_BLUE;
	case 'W':
		return COLOR_WHITE;
	case 'R':
		return COLOR_RED;
	default:
		return COLOR_UNKNOWN;
	}
}

/* 02E section 2.2: HCJB, HPJW and so on under Tempo. */
static enum color color_of_ptec(const u8 *ptec, unsigned int len)
{
	return len == 4 && ptec[2] == 'J' ? color_of_letter(ptec[3]) : COLOR_UNKNOWN;
}

/* 02E section 2.2: BLEU, BLAN, ROUG, or ---- when it is not known yet. */
static enum color color_of_tomorrow(const struct telegram *t, const struct field *f)
{
	static const char names[][5] = { "----", "BLEU", "BLAN", "ROUG" };
	unsigned int i;

	for (i = COLOR_BLUE; f->len == 4 && i <= COLOR_RED; i++) {
		if (!memcmp(t->text + f->value, names[i], 4))
			return i;
	}
	return COLOR_UNKNOWN;
}

/* 54E section 6.2.3.14: bits 24-25 today, 26-27 tomorrow, of 8 hex digits. */
static void take_status(struct meter *m, const struct telegram *t, const struct field *f)
{
	unsigned int bits;
	u8 digit;

	if (f->len != 8)
		return;
	digit = t->text[f->value + 1];
	bits = digit <= '9' ? digit - '0' : digit - 'A' + 10;
	m->color_today = bits & 3;
	m->color_tomorrow = bits >> 2 & 3;
}

static void take_colors(struct meter *m, const struct layout *layout, const struct telegram *t)
{
	const struct field *status = field_at(t, layout->status);
	const struct field *tomorrow = field_at(t, layout->tomorrow);

	if (status)
		take_status(m, t, status);
	if (tomorrow)
		m->color_tomorrow = color_of_tomorrow(t, tomorrow);
}

/* LTARF without its blanks, or PTEC; true when it is another one. */
static bool take_sent(struct meter *m, const struct telegram *t, const struct field *f)
{
	const u8 *text = t->text + f->value;
	unsigned int len = f->len;

	for (; len && *text == ' '; len--)
		text++;
	while (len && text[len - 1] == ' ')
		len--;
	if (len > TARIFF_LABEL_MAX)
		len = TARIFF_LABEL_MAX;
	if (!m->tariff_sent[len] && !memcmp(m->tariff_sent, text, len) &&
	    strlen(m->tariff_sent) == len)
		return false;
	memcpy(m->tariff_sent, text, len);
	m->tariff_sent[len] = '\0';
	if (t->protocol == TELEGRAM_TIC_HISTORIQUE)
		m->color_today = color_of_ptec(text, len);
	return true;
}

/* Registers of tariffs from the second one on: the meter keeps tariffs of its own. */
#define OTHER_TARIFFS (0x7fffull << Q_energy_import_t2)

static bool uses_ranges(const struct meter *m, const struct reading *r)
{
	return m->config && m->config->ranges.count && m->has_time &&
	       !((m->values.valid[0] | r->valid[0]) & OTHER_TARIFFS);
}

static u8 tariff_by_ranges(struct meter *m)
{
	const struct tariff_ranges *ranges = &m->config->ranges;
	const struct zone *zone = m->book->zone;

	/* Backwards in time, as a replay may go, nothing is known. */
	if (m->tariff_by == TARIFF_BY_RANGES && m->time_s < m->tariff_until_s &&
	    m->time_s >= m->tariff_from_s)
		return m->tariff;
	m->tariff_from_s = m->time_s;
	m->tariff_until_s = tariff_ranges_next(ranges, zone, m->time_s);
	return tariff_ranges_at(ranges, zone, m->time_s);
}

/*
 * The register that moved since the telegram before, if the ledger believes both values; else 0.
 * What comes back from a value that was not believed has not moved.
 */
static u8 tariff_by_register(struct meter *m, const struct reading *r)
{
	u16 doubted = m->doubted;
	u8 moved = 0;

	for (unsigned int tariff = 1; tariff <= TARIFF_COUNT; tariff++) {
		enum quantity q = Q_energy_import + tariff;
		u16 bit = 1u << (tariff - 1);
		s64 accepted;

		if (!reading_has(r, q))
			continue;
		m->doubted &= ~bit;
		if (!ledger_accepted(m->book, q, &accepted) || accepted != r->milli[q])
			m->doubted |= bit;
		else if (!moved && !(doubted & bit) && meter_values_has(&m->values, q) &&
			 r->milli[q] > meter_values_milli(&m->values, q))
			moved = tariff;
	}
	return moved;
}

static void find_tariff(struct meter *m, const struct reading *r)
{
	u8 tariff;

	if (uses_ranges(m, r)) {
		m->tariff = tariff_by_ranges(m);
		m->tariff_by = TARIFF_BY_RANGES;
	} else if (reading_has(r, Q_tariff)) {
		s64 index = r->milli[Q_tariff] / 1000;

		m->tariff = index >= 1 && index <= TARIFF_COUNT ? index : 0;
		m->tariff_by = m->tariff ? TARIFF_BY_FIELD : TARIFF_BY_NOTHING;
	} else if (m->tariff_by != TARIFF_BY_FIELD) {
		tariff = tariff_by_register(m, r);
		if (tariff) {
			m->tariff = tariff;
			m->tariff_by = TARIFF_BY_REGISTER;
		}
	}
}

/**
 * meter_take_tariff - which tariff runs by what a telegram says
 * @m: its meter; its quantities are still those of the telegrams before, its accounts are not
 * @layout: of @t
 * @t: the telegram
 * @r: its quantities
 *
 * Configured ranges where the meter has one register only; else the meter's field; else the
 * register that last moved. Loop thread.
 */
void meter_take_tariff(struct meter *m, const struct layout *layout, const struct telegram *t,
		       const struct reading *r)
{
	const struct field *sent = field_at(t, layout->tariff);
	u8 tariff = m->tariff, by = m->tariff_by;
	bool other = m->country != layout->country;

	m->country = layout->country;
	if (sent)
		other |= take_sent(m, t, sent);
	take_colors(m, layout, t);
	find_tariff(m, r);
	if (other || m->tariff != tariff || m->tariff_by != by)
		meter_relabel(m);
}
