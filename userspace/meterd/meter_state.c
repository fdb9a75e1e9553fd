// SPDX-License-Identifier: MIT
/*
 * State of a meter: of every quantity the newest valid value over all its telegrams, as long as it
 * is fresh, and the registers as the ledger accepted them.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/hash.h"
#include "../lib/median.h"
#include "meters_private.h"

/* A value lives for so many periods of the telegrams that carry it, and at least this long. */
#define FRESH_PERIODS 3
#define FRESH_MIN_MS 10000
/* Until the period is known: some meters speak every 10 s. */
#define FRESH_FIRST_MS 30000

#define VALID_WORDS ((QUANTITY_COUNT + 63) / 64)

static bool same_quantities(const u64 *a, const u64 *b)
{
	u64 differ = 0;
	unsigned int w;

	for (w = 0; w < VALID_WORDS; w++)
		differ |= a[w] ^ b[w];
	return !differ;
}

static bool has_all_of(const u64 *a, const u64 *part)
{
	u64 lacks = 0;
	unsigned int w;

	for (w = 0; w < VALID_WORDS; w++)
		lacks |= part[w] & ~a[w];
	return !lacks;
}

static unsigned int count_quantities(const u64 *valid)
{
	unsigned int w, count = 0;

	for (w = 0; w < VALID_WORDS; w++)
		count += __builtin_popcountll(valid[w]);
	return count;
}

/* A frame that lost groups is of the smallest kind that has all of what is left. */
static struct telegram_kind *kind_of_damaged(struct meter *m, const struct reading *r)
{
	struct telegram_kind *best = NULL;
	unsigned int i;

	for (i = 0; i < m->kind_count; i++) {
		struct telegram_kind *k = &m->kinds[i];

		if (!k->last_ms || !has_all_of(k->valid, r->valid))
			continue;
		if (!best || count_quantities(k->valid) < count_quantities(best->valid))
			best = k;
	}
	return best;
}

/* A free one; of too many, or without memory, the oldest is forgotten. NULL: there is none. */
static struct telegram_kind *new_kind(struct meter *m, struct telegram_kind *oldest)
{
	bool full = m->kind_count == TELEGRAM_KINDS || (oldest && !oldest->last_ms);
	size_t size = (m->kind_count + 1) * sizeof(*m->kinds);
	struct telegram_kind *kinds = full ? NULL : realloc(m->kinds, size);

	if (!kinds)
		return oldest;
	m->kinds = kinds;
	return &kinds[m->kind_count++];
}

static struct telegram_kind *kind_of(struct meter *m, const struct reading *r, bool damaged)
{
	struct telegram_kind *oldest = m->kinds, *found;
	unsigned int i;

	for (i = 0; i < m->kind_count; i++) {
		if (same_quantities(m->kinds[i].valid, r->valid))
			return &m->kinds[i];
		if (m->kinds[i].last_ms < oldest->last_ms)
			oldest = &m->kinds[i];
	}
	found = damaged && count_quantities(r->valid) ? kind_of_damaged(m, r) : NULL;
	if (found)
		return found;
	found = new_kind(m, oldest);
	if (!found)
		return NULL;
	*found = (struct telegram_kind){ 0 };
	memcpy(found->valid, r->valid, sizeof(found->valid));
	return found;
}

/* The median of three intervals; of two the shorter one. */
static u32 period_ms(const struct telegram_kind *k)
{
	const u32 *ms = k->recent_ms;

	if (ms[2])
		return median_of_three(ms);
	return ms[1] && ms[1] < ms[0] ? ms[1] : ms[0];
}

static void kind_heard(struct telegram_kind *k, u64 now_ms)
{
	if (k->last_ms && now_ms > k->last_ms) {
		u64 interval_ms = now_ms - k->last_ms;

		k->recent_ms[2] = k->recent_ms[1];
		k->recent_ms[1] = k->recent_ms[0];
		k->recent_ms[0] = interval_ms < UINT32_MAX ? interval_ms : UINT32_MAX;
	}
	k->last_ms = now_ms;
}

static u64 fresh_ms(const struct telegram_kind *k)
{
	u64 period = k ? period_ms(k) : 0;

	if (!period)
		return FRESH_FIRST_MS;
	return FRESH_PERIODS * period > FRESH_MIN_MS ? FRESH_PERIODS * period : FRESH_MIN_MS;
}

/**
 * meter_take - the quantities of a telegram become those of its meter
 * @m: the meter; its @heard_ms is the telegram's
 * @t: the telegram
 * @r: its quantities
 *
 * Loop thread.
 */
void meter_take(struct meter *m, const struct telegram *t, const struct reading *r)
{
	struct telegram_kind *kind = kind_of(m, r, t->damaged);

	if (kind)
		kind_heard(kind, m->heard_ms);
	meter_values_take(&m->values, r, m->heard_ms + fresh_ms(kind));
	if (reading_has(r, Q_energy_import))
		m->parts_import = r->valid[0] >> Q_energy_import_t1;
	if (reading_has(r, Q_energy_export))
		m->parts_export = r->valid[0] >> Q_energy_export_t1;
}

/**
 * meter_forget - another meter is in the place of this one: nothing it said holds any more
 * @m: the meter; name, number, source and accounts stay
 *
 * Loop thread.
 */
void meter_forget(struct meter *m)
{
	meter_values_forget(&m->values);
	meter_keep_nothing(m);
	m->kind_count = 0;
	m->parts_import = m->parts_export = m->doubted = 0;
	m->tariff = 0;
	m->tariff_by = TARIFF_BY_NOTHING;
	m->tariff_sent[0] = '\0';
	m->tariff_label[0] = '\0';
	m->color_today = m->color_tomorrow = COLOR_UNKNOWN;
	m->limit_import_w = 0;
	m->failures = FAILURES_UNKNOWN;
}

/**
 * meter_line_state - how a meter does: as its line does
 * @m: the meter
 *
 * Loop thread.
 */
enum line_state meter_line_state(const struct meter *m)
{
	if (m->line)
		return m->line->state;
	return m->source_off ? LINE_OFF : LINE_SILENT;
}

/*
 * A register that was closed when the meter was replaced, and was not heard with a time since, has
 * the value of the meter before. With configured ranges tariff 1 is the total by another name.
 */
static bool accepted(const struct meter *m, enum quantity q, s64 *milli)
{
	const struct ledger_account *a = ledger_account(m->book, q);

	if (!a || a->kind == ACCOUNT_RANGE)
		a = ledger_account(m->book, Q_energy_import);
	return !(a && !a->first_s && a->last_s) && ledger_accepted(m->book, q, milli);
}

/* The total of a meter that sends none is the sum of its tariffs, where telegrams have them all. */
static bool accepted_sum(const struct meter *m, enum quantity total, u16 parts, s64 *sum)
{
	unsigned int bits;
	s64 milli;

	*sum = 0;
	for (bits = parts; bits; bits &= bits - 1) {
		if (!accepted(m, total + 1 + __builtin_ctz(bits), &milli) ||
		    __builtin_add_overflow(*sum, milli, sum))
			return false;
	}
	return parts;
}

static bool register_value(const struct meter *m, enum quantity q, s64 *milli)
{
	bool is_sum = !ledger_account(m->book, q);

	if (q == Q_energy_import && is_sum)
		return accepted_sum(m, q, m->parts_import, milli);
	if (q == Q_energy_export && is_sum)
		return accepted_sum(m, q, m->parts_export, milli);
	return accepted(m, q, milli);
}

/**
 * meter_quantities - what of a meter is to be published
 * @m: the meter
 * @now_ms: of the steady clock, ms; nothing of a replay ages but by its own telegrams
 * @r: for its fresh values, and the registers as the ledger accepted them; nothing before the
 *	meter was heard
 *
 * Loop thread.
 */
void meter_quantities(const struct meter *m, u64 now_ms, struct reading *r)
{
	unsigned int i;
	s64 milli;

	memset(r->valid, 0, sizeof(r->valid));
	if (!m->heard)
		return;
	meter_values_fresh(&m->values, m->replay ? m->heard_ms : now_ms, r);
	for (i = 0; i < REGISTER_COUNT; i++) {
		enum quantity q = register_at(i);

		if (register_value(m, q, &milli))
			reading_set(r, q, milli);
	}
	memcpy(r->captured_s, m->values.captured_s, sizeof(r->captured_s));
}

/* Takes out what is kept of a list; NULL when nothing is. Of too many lists the oldest goes. */
static struct kept_telegram *take_kept(struct meter *m, u64 list)
{
	struct kept_telegram **at = &m->newest, *k;
	unsigned int count = 1;

	while (*at && (*at)->list != list && ((*at)->next || count < LISTS_MAX)) {
		at = &(*at)->next;
		count++;
	}
	k = *at;
	if (k)
		*at = k->next;
	return k;
}

static struct kept_telegram *room_for(struct meter *m, u64 list, size_t size)
{
	struct kept_telegram *k = take_kept(m, list);

	if (!k || k->room < size) {
		free(k);
		k = malloc(sizeof(*k) + size);
		if (!k)
			return NULL;
		k->room = size;
	}
	k->list = list;
	k->next = m->newest;
	m->newest = k;
	return k;
}

/**
 * meter_keep - keeps a copy of the newest telegram, for its fields
 * @m: the meter
 * @t: the telegram
 * @text_end: offset behind the last byte of its text that a field is made of
 * @list: which of the meter's lists it is: one of each is kept; NULL: it has none
 *
 * Without memory there is none. Loop thread.
 */
void meter_keep(struct meter *m, const struct telegram *t, size_t text_end, const char *list)
{
	size_t fields = t->nfields * sizeof(t->fields[0]), text = text_end + TELEGRAM_PAD;
	u64 hash = list ? hash_add(HASH_BEGIN, list, strlen(list)) : 0;
	struct kept_telegram *k = room_for(m, hash, fields + text);

	if (!k)
		return;
	k->damaged = t->damaged;
	k->ident = t->ident;
	k->ident_len = t->ident_len;
	k->nfields = t->nfields;
	k->protocol = t->protocol;
	memcpy(k->bytes, t->fields, fields);
	memcpy(k->bytes + fields, t->text, text);
}

/** meter_keep_nothing - forgets all copies of telegrams */
void meter_keep_nothing(struct meter *m)
{
	struct kept_telegram *k;

	while ((k = m->newest)) {
		m->newest = k->next;
		free(k);
	}
}

/**
 * meter_kept_telegram - what was kept of one of a meter's lists
 * @m: the meter
 * @at: 0 for the newest telegram, 1 for the newest one of another list, and so on
 * @t: for the telegram; its text is valid until the loop goes on
 *
 * Loop thread.
 *
 * Return: false when there is none.
 */
bool meter_kept_telegram(const struct meter *m, unsigned int at, struct telegram *t)
{
	const struct kept_telegram *k = m->newest;
	size_t fields;

	while (k && at--)
		k = k->next;
	if (!k)
		return false;
	fields = k->nfields * sizeof(t->fields[0]);
	t->started = 0;
	t->damaged = k->damaged;
	t->ident = k->ident;
	t->ident_len = k->ident_len;
	t->nfields = k->nfields;
	t->protocol = k->protocol;
	t->text = k->bytes + fields;
	memcpy(t->fields, k->bytes, fields);
	return true;
}

/** meter_newest_telegram - meter_kept_telegram() of the newest one */
bool meter_newest_telegram(const struct meter *m, struct telegram *t)
{
	return meter_kept_telegram(m, 0, t);
}
