// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last telegrams of a meter. Records stay in one piece: room is made by moving the newer ones
 * down, once for each telegram.
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "meter.h"

#define ENTRY_SPACE(size) ALIGN(offsetof(struct ring_entry, packed) + (size), 8)

static_assert(ENTRY_SPACE(RECORD_PACKED_MAX) <= METER_RING_SIZE);
static_assert(METER_RING_SIZE <= U16_MAX);

static struct ring_entry *entry_at(struct meter_ring *ring, size_t at)
{
	return (struct ring_entry *)(ring->bytes + at);
}

static void drop_oldest(struct meter_ring *ring, size_t needed)
{
	size_t drop = 0;

	while (ring->used - drop + needed > METER_RING_SIZE) {
		drop += ENTRY_SPACE(entry_at(ring, drop)->size);
		ring->first_seq++;
	}
	ring->used -= drop;
	memmove(ring->bytes, ring->bytes + drop, ring->used);
}

/**
 * ring_append - keep a telegram
 * @ring: the ring
 * @t: the telegram
 * @number: the meter's number in it, or ""
 *
 * The oldest records go as room is needed. The caller holds the meter's lock.
 */
void ring_append(struct meter_ring *ring, const struct telegram *t, const char *number)
{
	size_t size = record_packed_size(t, number);
	struct ring_entry *entry;

	drop_oldest(ring, ENTRY_SPACE(size));
	entry = entry_at(ring, ring->used);
	entry->started = t->started;
	entry->size = size;
	record_pack(t, number, entry->packed);
	ring->newest = ring->used;
	ring->used += ENTRY_SPACE(size);
	ring->next_seq++;
}

/**
 * ring_find - a record by its number
 * @ring: the ring
 * @seq: from first_seq to next_seq - 1
 *
 * The caller holds the meter's lock for as long as it looks at the record.
 *
 * Return: the record.
 */
const struct ring_entry *ring_find(struct meter_ring *ring, u64 seq)
{
	const struct ring_entry *entry;
	size_t at = 0;
	u64 i;

	for (i = ring->first_seq, entry = entry_at(ring, 0); i < seq; i++) {
		at += ENTRY_SPACE(entry->size);
		entry = entry_at(ring, at);
	}
	return entry;
}
