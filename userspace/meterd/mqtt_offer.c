// SPDX-License-Identifier: MIT
/*
 * Which entities a meter has been offered to have. It only grows: an entity that is taken back and
 * offered again has lost what its owner made of it. Only what a replaced meter had and the new one
 * does not say within two days is dropped, for some M-Bus meters speak once a day.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/hash.h"
#include "../lib/median.h"
#include "mqtt_offer.h"
#include "source.h"

#define BUCKETS 1024
#define DROP_AFTER_MS (48 * 3600 * 1000ull)

/* So many periods without a message, and a live value does not hold any more. */
#define EXPIRE_PERIODS 10

/** struct mqtt_offers - those of all meters, by their names */
struct mqtt_offers {
	struct mqtt_offer *buckets[BUCKETS];
};

static u64 mix_text(u64 hash, const char *text)
{
	return hash_add(hash, text, strlen(text) + 1);
}

static struct mqtt_offer **find(struct mqtt_offers *all, const char *name)
{
	struct mqtt_offer **at = &all->buckets[mix_text(0, name) % BUCKETS];

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

/** mqtt_offers_new - no offers yet; NULL without memory */
struct mqtt_offers *mqtt_offers_new(void)
{
	return calloc(1, sizeof(struct mqtt_offers));
}

/** mqtt_offers_free - @all may be NULL */
void mqtt_offers_free(struct mqtt_offers *all)
{
	for (unsigned int i = 0; all && i < BUCKETS; i++) {
		while (all->buckets[i])
			mqtt_offer_forget(all, all->buckets[i]->name);
	}
	free(all);
}

/**
 * mqtt_offers_untold - all is told again when its meter is published
 * @all: of the daemon
 *
 * What was offered stays. To be called when the broker or who listens there has come back. Loop
 * thread.
 */
void mqtt_offers_untold(struct mqtt_offers *all)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		for (struct mqtt_offer *offer = all->buckets[i]; offer; offer = offer->next)
			offer->told = 0;
	}
}

/**
 * mqtt_offer_of - the offer of a meter
 * @all: of the daemon
 * @name: of the meter
 *
 * Return: an empty one when there was none; NULL without memory.
 */
struct mqtt_offer *mqtt_offer_of(struct mqtt_offers *all, const char *name)
{
	struct mqtt_offer **at = find(all, name);

	if (*at)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (*at)
		snprintf((*at)->name, sizeof((*at)->name), "%s", name);
	return *at;
}

/** mqtt_offer_forget - a meter of this name was never offered anything */
void mqtt_offer_forget(struct mqtt_offers *all, const char *name)
{
	struct mqtt_offer **at = find(all, name), *gone = *at;

	if (!gone)
		return;
	*at = gone->next;
	free(gone);
}

/* What the meter has said; registers also when the ledger knows them better. */
static void add_seen(struct entity_set *seen, const struct meter *m)
{
	struct reading now;

	meter_quantities(m, m->heard_ms, &now);
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		bool live = q >= FIRST_LIVE && q < Q_gas;

		if (reading_has(&now, q) || (live && meter_values_has(&m->values, q)))
			entity_add(seen, q);
	}
	if (m->tariff_label[0])
		entity_add(seen, ENTITY_TARIFF_LABEL);
	if (m->color_today != COLOR_UNKNOWN)
		entity_add(seen, ENTITY_COLOR_TODAY);
	if (m->color_tomorrow != COLOR_UNKNOWN)
		entity_add(seen, ENTITY_COLOR_TOMORROW);
	entity_add(seen, ENTITY_STATE);
	entity_add(seen, ENTITY_LAST_TELEGRAM);
	entity_add(seen, ENTITY_EVENT);
}

static void begin_after_replacement(struct mqtt_offer *offer, const struct meter *m)
{
	offer->replacements = m->replacements;
	offer->drop_ms = m->heard_ms + DROP_AFTER_MS;
	memset(&offer->seen, 0, sizeof(offer->seen));
}

static void drop_unseen(struct mqtt_offer *offer)
{
	for (unsigned int w = 0; w < ENTITY_WORDS; w++) {
		offer->dropped.bits[w] |= offer->all.bits[w] & ~offer->seen.bits[w];
		offer->all.bits[w] = offer->seen.bits[w];
	}
	offer->drop_ms = 0;
}

static void add_to_all(struct mqtt_offer *offer)
{
	for (unsigned int w = 0; w < ENTITY_WORDS; w++) {
		offer->all.bits[w] |= offer->seen.bits[w];
		offer->dropped.bits[w] &= ~offer->all.bits[w];
	}
}

/* The shortest known: any telegram brings a message for all. 0: none is known yet. */
static u32 period_s(const struct meter *m)
{
	u32 shortest_ms = 0;

	for (unsigned int i = 0; i < m->kind_count; i++) {
		const struct telegram_kind *k = &m->kinds[i];
		u32 ms = k->recent_ms[2] ? median_of_three(k->recent_ms) : 0;

		if (ms && (!shortest_ms || ms < shortest_ms))
			shortest_ms = ms;
	}
	return shortest_ms / 1000 + !!(shortest_ms % 1000);
}

static int cycle_s(const struct mqtt_out *o, const struct meter *m)
{
	if (o->config->cycle_s >= 0)
		return o->config->cycle_s;
	if (m->line && m->line->source->config.cycle_s >= 0)
		return m->line->source->config.cycle_s;
	return o->cycle_s;
}

/* On a coarse grid, so that a meter that is late at times does not change its entities. */
static u32 expire_s(const struct mqtt_out *o, const struct meter *m)
{
	static const u32 grid_s[] = { 60, 300, 1800, 7200, 43200, 172800 };
	u64 wanted_s = period_s(m);
	unsigned int i = 0;

	if ((u64)cycle_s(o, m) > wanted_s)
		wanted_s = cycle_s(o, m);
	wanted_s *= EXPIRE_PERIODS;
	while (i < sizeof(grid_s) / sizeof(grid_s[0]) - 1 && grid_s[i] < wanted_s)
		i++;
	return grid_s[i];
}

static u64 fingerprint(const struct mqtt_offer *offer, const struct mqtt_out *o,
		       const struct meter *m)
{
	const struct meter_config *c = m->config;
	u64 hash = hash_add(HASH_BEGIN, &offer->all, sizeof(offer->all));

	hash = hash_add(hash, &offer->dropped, sizeof(offer->dropped));
	hash = hash_add(hash, &offer->expire_s, sizeof(offer->expire_s));
	hash = hash_add(hash, &m->protocol, sizeof(m->protocol));
	if (o->identity)
		hash = mix_text(hash, m->number);
	if (!c)
		return hash;
	hash = hash_add(hash, &c->continuous, sizeof(c->continuous));
	for (unsigned int i = 0; i < TARIFF_COUNT; i++)
		hash = mix_text(hash, c->tariff_labels[i] ? c->tariff_labels[i] : "");
	return hash;
}

/**
 * mqtt_offer_update - takes what a meter has said by now into its offer
 * @offer: of the meter
 * @o: whose configuration counts
 * @m: the meter, heard
 *
 * Loop thread.
 *
 * Return: whether there is something to tell.
 */
bool mqtt_offer_update(struct mqtt_offer *offer, const struct mqtt_out *o, const struct meter *m)
{
	u64 was = offer->told;
	u32 expires_s = expire_s(o, m);

	if (offer->replacements != m->replacements)
		begin_after_replacement(offer, m);
	add_seen(&offer->seen, m);
	if (offer->drop_ms && m->heard_ms >= offer->drop_ms)
		drop_unseen(offer);
	add_to_all(offer);
	if (expires_s > offer->expire_s)
		offer->expire_s = expires_s;
	offer->told = fingerprint(offer, o, m);
	return offer->told != was;
}
