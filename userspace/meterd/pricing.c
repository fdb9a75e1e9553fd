// SPDX-License-Identifier: MIT
/*
 * The prices in use. Files of prices are looked at each minute and read again when they changed;
 * one that cannot be read, or has a mistake, leaves what was read of it before.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "pricing.h"

#define LOOK_S 60

/**
 * struct price_source - a file of prices
 * @series: what was read of it
 * @seen: as it was when it was read
 * @used: the configuration names it
 * @said: mistake that was told last; "": none
 */
struct price_source {
	struct price_source *next;
	char *path;
	struct price_series *series;
	struct stat seen;
	bool used;
	char said[PRICE_ERROR_MAX];
};

struct pricing {
	struct store *store;
	struct event *timer;
	const struct config *config;
	struct price_source *sources;
	struct prices *prices;
};

/* All 0: there is none. */
static void look_at(const char *path, struct stat *st)
{
	if (stat(path, st))
		memset(st, 0, sizeof(*st));
}

static bool has_changed(const struct price_source *f)
{
	struct stat now;

	look_at(f->path, &now);
	return f->seen.st_ino != now.st_ino || f->seen.st_size != now.st_size ||
	       f->seen.st_mtim.tv_sec != now.st_mtim.tv_sec ||
	       f->seen.st_mtim.tv_nsec != now.st_mtim.tv_nsec;
}

/* Each mistake is told once, and that it is over. */
static void tell(struct price_source *f, const char *mistake)
{
	bool same = !strcmp(f->said, mistake);

	snprintf(f->said, sizeof(f->said), "%s", mistake);
	if (!same && *mistake)
		log_line(LEVEL_ERROR, "prices",
			 "%s; the prices read of it before stay in use, it is read again when it "
			 "has changed", mistake);
	else if (!same)
		log_line(LEVEL_INFO, "prices", "%s: %u prices were read", f->path,
			 f->series->count);
}

/* Whether the series is another one now. */
static bool read_source(struct price_source *f)
{
	char mistake[PRICE_ERROR_MAX] = "";
	struct price_series *series, *before = f->series;
	bool changed;

	look_at(f->path, &f->seen);
	series = price_series_read(f->path, mistake);
	changed = series && series->hash != before->hash;
	if (series) {
		f->series = series;
		price_series_put(before);
	}
	tell(f, mistake);
	return changed;
}

static struct price_source *add_source(struct pricing *p, const char *path)
{
	struct price_source *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->path = strdup(path);
	f->series = price_series_empty();
	if (!f->path || !f->series) {
		price_series_put(f->series);
		free(f->path);
		free(f);
		return NULL;
	}
	f->next = p->sources;
	p->sources = f;
	read_source(f);
	return f;
}

/* As prices_new() wants it. */
static struct price_series *series_of(void *context, const char *path)
{
	struct pricing *p = context;
	struct price_source *f = p->sources;

	while (f && strcmp(f->path, path))
		f = f->next;
	if (!f)
		f = add_source(p, path);
	if (!f)
		return NULL;
	f->used = true;
	return f->series;
}

static void drop_unused(struct pricing *p)
{
	struct price_source **at = &p->sources, *f;

	while ((f = *at)) {
		if (f->used) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		price_series_put(f->series);
		free(f->path);
		free(f);
	}
}

/* Makes the prices anew; without memory the old ones stay. */
static void use(struct pricing *p)
{
	struct prices *prices = NULL;

	for (struct price_source *f = p->sources; f; f = f->next)
		f->used = false;
	if (p->config->price_count) {
		prices = prices_new(p->config, series_of, p);
		if (!prices) {
			log_line(LEVEL_ERROR, "prices", "no memory for new prices: those before "
				 "stay in use");
			return;
		}
	}
	drop_unused(p);
	prices_put(p->prices);
	p->prices = prices;
	store_set_prices(p->store, prices);
}

static void look_again_later(struct pricing *p)
{
	const struct timeval later = { .tv_sec = LOOK_S };

	if (p->sources)
		evtimer_add(p->timer, &later);
	else
		evtimer_del(p->timer);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct pricing *p = context;
	bool changed = false;

	(void)fd;
	(void)what;
	for (struct price_source *f = p->sources; f; f = f->next)
		if (has_changed(f))
			changed |= read_source(f);
	if (changed)
		use(p);
	look_again_later(p);
}

/**
 * pricing_new - no prices yet
 * @base: the loop
 * @store: is told of prices
 *
 * Return: the prices in use, or NULL when there is no memory.
 */
struct pricing *pricing_new(struct event_base *base, struct store *store)
{
	struct pricing *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->store = store;
	p->timer = evtimer_new(base, on_timer, p);
	if (p->timer)
		return p;
	free(p);
	return NULL;
}

/**
 * pricing_free - end it; the store keeps what it was told
 * @p: may be NULL
 */
void pricing_free(struct pricing *p)
{
	if (!p)
		return;
	for (struct price_source *f = p->sources; f; f = f->next)
		f->used = false;
	drop_unused(p);
	prices_put(p->prices);
	event_free(p->timer);
	free(p);
}

/**
 * pricing_configure - take the prices of a configuration
 * @p: the prices in use
 * @c: must live until the next call
 *
 * Reads all files of prices, also those that did not change. Loop thread; some milliseconds.
 */
void pricing_configure(struct pricing *p, const struct config *c)
{
	p->config = c;
	for (struct price_source *f = p->sources; f; f = f->next)
		read_source(f);
	use(p);
	look_again_later(p);
}

/**
 * pricing_check - reads all files of prices and forgets them
 * @c: a configuration
 *
 * Return: false when one can't be read or has a mistake, which is told in the log.
 */
bool pricing_check(const struct config *c)
{
	char mistake[PRICE_ERROR_MAX];
	bool fine = true;

	for (unsigned int i = 0; i < c->price_count; i++) {
		for (unsigned int d = 0; d < DIRECTION_COUNT; d++) {
			const char *path = c->prices[i].quarters[d];
			struct price_series *series = path ? price_series_read(path, mistake)
							   : NULL;

			if (path && !series)
				log_line(LEVEL_ERROR, "prices", "%s", mistake);
			fine &= !path || series;
			price_series_put(series);
		}
	}
	return fine;
}

/**
 * pricing_now - what a unit costs at the moment
 * @p: the prices in use
 * @b: the meter
 * @now_s: seconds since 1970
 * @reg: Q_energy_import or Q_energy_export where prices don't go by tariffs, else the register of
 *	the tariff that runs; Q_gas, Q_water, Q_heat, Q_heat_kwh
 * @price_e5: for the price, 1e-5 of the currency per kWh, m3 or GJ
 * @currency: for its name, until the next call of pricing_configure()
 *
 * Loop thread.
 *
 * Return: false when there is no such price, or it is not known.
 */
bool pricing_now(const struct pricing *p, const struct ledger_book *b, s64 now_s, enum quantity reg,
		 s64 *price_e5, const char **currency)
{
	const struct price_section *s = NULL;

	if (p->prices && b->zone)
		s = prices_section(p->prices, b->name, b->zone, now_s);
	if (!s)
		return false;
	*currency = s->terms.currency;
	return price_at(s, reg, now_s, price_e5);
}
