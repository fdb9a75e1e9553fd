// SPDX-License-Identifier: MIT
/*
 * A batch: all that goes to the disk in one transaction.
 */
#include <stdlib.h>

#include "store_parts.h"

/* So many are taken in one go: 5 MiB, and some 0.1 s of the writer. */
#define ACCOUNTS_PER_BATCH 20000

/**
 * batch_new - an empty batch
 *
 * Return: the batch, or NULL when there is no memory.
 */
struct batch *batch_new(void)
{
	return calloc(1, sizeof(struct batch));
}

/**
 * batch_free - forget a batch
 * @b: may be NULL
 */
void batch_free(struct batch *b)
{
	if (!b)
		return;
	free(b->rows);
	free(b->meters);
	free(b->accounts);
	free(b->segments);
	free(b->notes);
	free(b->cost_meters);
	prices_put(b->prices);
	free(b);
}

/**
 * batch_empty - whether there is nothing to write
 * @b: a batch
 *
 * Return: whether.
 */
bool batch_empty(const struct batch *b)
{
	return !b->count && !b->meter_count && !b->account_count && !b->segment_count &&
	       !b->note_count;
}

/**
 * batch_add_row - a value
 * @b: that gathers
 * @book: id of the meter
 * @e: the value
 *
 * Return: false when there is no memory.
 */
bool batch_add_row(struct batch *b, u32 book, const struct ledger_entry *e)
{
	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 64;
		struct batch_row *rows = reallocarray(b->rows, room, sizeof(*rows));

		if (!rows)
			return false;
		b->rows = rows;
		b->room = room;
	}
	b->rows[b->count++] = (struct batch_row){
		.start_s = e->start_s,
		.milli = e->quality & QUALITY_MISSING ? 0 : e->milli,
		.book = book,
		.length_s = e->end_s - e->start_s,
		.period = e->period,
		.reg = e->reg,
		.quality = e->quality,
	};
	return true;
}

/**
 * batch_add_segment - a segment that has ended; they are few
 * @b: that gathers
 * @segment: copied; @segment->why is constant
 *
 * Return: false when there is no memory.
 */
bool batch_add_segment(struct batch *b, const struct ledger_segment *segment)
{
	struct ledger_segment *all;

	all = reallocarray(b->segments, b->segment_count + 1, sizeof(*all));
	if (!all)
		return false;
	b->segments = all;
	all[b->segment_count++] = *segment;
	return true;
}

static void take_book(struct ledger_file_meter *m, const struct ledger_book *k)
{
	*m = (struct ledger_file_meter){
		.id = k->id,
		.protocol = k->protocol,
		.sends_total = k->sends_total,
		.phases = k->phases,
	};
	snprintf(m->name, sizeof(m->name), "%s", k->name);
	snprintf(m->number, sizeof(m->number), "%s", k->number);
	snprintf(m->source, sizeof(m->source), "%s", k->source);
	snprintf(m->zone, sizeof(m->zone), "%s", zone_name(k->zone));
}

static void take_accounts(struct batch *b, struct ledger_book *k)
{
	if (k->changed)
		take_book(&b->meters[b->meter_count++], k);
	k->changed = false;
	for (unsigned int i = 0; i < k->count; i++) {
		if (!k->accounts[i].changed)
			continue;
		k->accounts[i].changed = false;
		b->accounts[b->account_count++] = (struct batch_account){
			k->id, k->accounts[i],
		};
	}
	ledger_put(k, LEDGER_STORED);
}

/* What is taken of the books that wait so, as long as there is room. */
static size_t count_pending(const struct ledger *l, enum ledger_pending pending, size_t room,
			    size_t *accounts)
{
	const struct ledger_book *k = ledger_pending(l, pending);
	size_t books = 0;

	for (; k && *accounts < room; k = TAILQ_NEXT(k, link)) {
		*accounts += k->count;
		books++;
	}
	return books;
}

/**
 * batch_take_accounts - what has changed in meters and accounts since the last time
 * @b: that is about to be handed over; has none yet
 * @l: the ledger, between two readings: its rows are in @b, so both fit together
 *
 * All of the books that have rows in @b, and as many others as a batch has room for: they are taken
 * by those that follow.
 *
 * Return: false when there is no memory: nothing was taken.
 */
bool batch_take_accounts(struct batch *b, struct ledger *l)
{
	size_t accounts = 0;
	size_t due = count_pending(l, LEDGER_DUE, SIZE_MAX, &accounts);
	size_t books = due + count_pending(l, LEDGER_CHANGED, ACCOUNTS_PER_BATCH, &accounts);

	/* Of the last time, when nothing had changed after all. */
	free(b->meters);
	free(b->accounts);
	b->meters = books ? calloc(books, sizeof(*b->meters)) : NULL;
	b->accounts = accounts ? calloc(accounts, sizeof(*b->accounts)) : NULL;
	if ((books && !b->meters) || (accounts && !b->accounts)) {
		free(b->meters);
		free(b->accounts);
		b->meters = NULL;
		b->accounts = NULL;
		return false;
	}
	for (size_t i = 0; i < books; i++)
		take_accounts(b, ledger_pending(l, i < due ? LEDGER_DUE : LEDGER_CHANGED));
	return true;
}

static void take_note(void *context, const char *key, const char *value)
{
	struct batch *b = context;
	struct batch_note *note = &b->notes[b->note_count++];

	*note = (struct batch_note){ .removed = !value };
	strcpy(note->key, key);
	if (value)
		strcpy(note->value, value);
}

/**
 * batch_take_notes - the notes that have changed since the last time
 * @b: that is about to be handed over
 * @notes: NULL: there are none
 *
 * May be called again, for those that have changed since.
 *
 * Return: false when there is no memory: nothing was taken.
 */
bool batch_take_notes(struct batch *b, struct notes *notes)
{
	size_t count = notes ? notes_changed(notes) : 0;
	struct batch_note *all;

	if (!count)
		return true;
	all = reallocarray(b->notes, b->note_count + count, sizeof(*all));
	if (!all)
		return false;
	b->notes = all;
	notes_take(notes, take_note, b);
	return true;
}

static int by_id(const void *left, const void *right)
{
	const struct cost_meter *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

/**
 * batch_take_prices - what the writer computes costs with
 * @b: that is about to be handed over
 * @l: the ledger
 * @prices: NULL: none
 *
 * May be called again, with newer ones.
 *
 * Return: false when there is no memory.
 */
bool batch_take_prices(struct batch *b, struct ledger *l, struct prices *prices)
{
	size_t count = 0;

	free(b->cost_meters);
	prices_put(b->prices);
	b->prices = NULL;
	b->cost_meter_count = 0;
	for (const struct ledger_book *k = ledger_books(l); prices && k; k = k->next)
		count += prices_has_meter(prices, k->name);
	b->cost_meters = count ? calloc(count, sizeof(*b->cost_meters)) : NULL;
	if (count && !b->cost_meters)
		return false;
	b->prices = prices ? prices_get(prices) : NULL;
	if (!count)
		return true;
	for (const struct ledger_book *k = ledger_books(l); k; k = k->next) {
		struct cost_meter *m = &b->cost_meters[b->cost_meter_count];

		if (!k->zone || !prices_has_meter(prices, k->name))
			continue;
		m->id = k->id;
		m->zone = k->zone;
		strcpy(m->name, k->name);
		b->cost_meter_count++;
	}
	qsort(b->cost_meters, b->cost_meter_count, sizeof(*b->cost_meters), by_id);
	return true;
}

static void note_lost(struct batch *b, const struct batch_row *row)
{
	if (!b->lost_to_s || row->start_s < b->lost_from_s)
		b->lost_from_s = row->start_s;
	if (row->start_s + row->length_s > b->lost_to_s)
		b->lost_to_s = row->start_s + row->length_s;
}

/**
 * batch_give_up_rows - make room when nothing could be written for very long
 * @b: that gathers
 *
 * Quarters go first, the older half of them; then, when there are none, the older half of all:
 * their energy stays in the longer periods and in the accounts.
 *
 * Return: how many rows were given up.
 */
size_t batch_give_up_rows(struct batch *b)
{
	size_t quarters = 0, kept = 0, lost = 0, limit;

	for (size_t i = 0; i < b->count; i++)
		quarters += b->rows[i].period == PERIOD_QUARTER;
	limit = ((quarters ? quarters : b->count) + 1) / 2;
	for (size_t i = 0; i < b->count; i++) {
		const struct batch_row *row = &b->rows[i];

		if (lost < limit && (!quarters || row->period == PERIOD_QUARTER)) {
			note_lost(b, row);
			lost++;
		} else {
			b->rows[kept++] = *row;
		}
	}
	b->count = kept;
	return lost;
}
