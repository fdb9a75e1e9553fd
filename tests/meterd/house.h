/* SPDX-License-Identifier: MIT */
/*
 * Meters with a ledger and lines that are played: telegrams are made, go through the real decoder
 * and end in the state of a meter. For one C file of a program.
 */
#ifndef METERD_TESTS_HOUSE_H
#define METERD_TESTS_HOUSE_H

#include <sys/timex.h>

#include "../../userspace/meterd/meters.h"
#include "../../userspace/meterd/store.h"
#include "../host/host.h"

/* 2024-10-10T10:00:00Z; before any build, so that the host's clock is never plausible. */
#define BEGIN_S 1728554400ll

/* Nothing keeps the host's clock, whatever keeps that of this machine. */
int adjtimex(struct timex *t)
{
	t->status = STA_UNSYNC;
	return TIME_ERROR;
}

#define HOUSE_MAX 8

/**
 * struct house - all of it
 * @now_s: the time, on all clocks
 * @replay: telegrams come from a file
 * @store: of the ledger, for tests that give it one after house_open(); they close it, too
 * @added: meters that appeared; @heard telegrams that reached a meter; @last of them
 * @gone: names that are not used any more
 * @events: how many of each kind; @event the newest, with its texts in @event_from and @event_to
 */
struct house {
	struct config config;
	struct source_config sources[HOUSE_MAX];
	struct meter_config meter_configs[HOUSE_MAX];
	struct source source[HOUSE_MAX];
	struct line line[HOUSE_MAX];
	struct ledger *ledger;
	struct host_clock clock;
	struct meters *meters;
	struct line_decoder decoder;
	struct line *at;
	const char *number;
	s64 now_s;
	bool replay;
	struct store *store;
	unsigned int added;
	unsigned int heard;
	unsigned int segments;
	unsigned int gone;
	unsigned int events[METER_DEMAND_PEAK + 1];
	struct meter_event event;
	char event_from[TARIFF_LABEL_MAX + 1];
	char event_to[TARIFF_LABEL_MAX + 1];
	struct meter *last;
};

static inline void house_heard(void *context, struct meter *m)
{
	struct house *h = context;

	h->heard++;
	h->last = m;
}

static inline void house_added(void *context, struct meter *m)
{
	struct house *h = context;

	(void)m;
	h->added++;
}

static inline void house_gone(void *context, const char *name)
{
	struct house *h = context;

	(void)name;
	h->gone++;
}

static inline void house_event(void *context, const struct meter *m, const struct meter_event *e)
{
	struct house *h = context;

	(void)m;
	h->events[e->kind]++;
	h->event = *e;
	snprintf(h->event_from, sizeof(h->event_from), "%s", e->from_text ? e->from_text : "");
	snprintf(h->event_to, sizeof(h->event_to), "%s", e->to_text ? e->to_text : "");
}

static inline void house_row(void *context, const struct ledger_book *b,
			     const struct ledger_entry *e)
{
	struct house *h = context;

	if (h->store)
		store_row(h->store, b, e);
}

static inline void house_segment(void *context, const struct ledger_segment *s)
{
	struct house *h = context;

	(void)s;
	h->segments++;
}

static inline void house_telegram(void *context, const struct telegram *t)
{
	struct house *h = context;
	const struct moment when = {
		.unix_ms = h->now_s * 1000,
		.steady_ms = (h->now_s - BEGIN_S + 1000) * 1000,
		.replay = h->replay,
		.replay_s = h->replay ? h->now_s : 0,
	};

	h->at->telegrams++;
	h->at->state = LINE_CONNECTED;
	meters_telegram(h->meters, h->at, t, h->number, &when);
}

/* The present on the steady clock. */
static inline u64 house_ms(const struct house *h)
{
	return (h->now_s - BEGIN_S + 1000) * 1000;
}

static inline void house_open(struct house *h)
{
	const struct ledger_out ledger = {
		.row = house_row, .segment = house_segment, .context = h,
	};
	const struct meters_out out = { house_heard, house_added, house_gone, house_event, h };

	memset(h, 0, sizeof(*h));
	h->now_s = BEGIN_S;
	h->config.zone = zone_get("Europe/Paris");
	h->config.sources = h->sources;
	h->config.meters = h->meter_configs;
	h->ledger = ledger_new(&ledger);
	h->meters = meters_new(h->ledger, &h->clock, &out);
	if (!h->config.zone || !h->ledger || !h->meters)
		abort();
}

static inline void house_close(struct house *h)
{
	for (unsigned int i = 0; i < HOUSE_MAX; i++)
		meters_line_gone(h->meters, &h->line[i]);
	meters_free(h->meters);
	ledger_free(h->ledger);
}

/* Another source, with one line; to be followed by house_configure(). */
static inline struct line *house_source(struct house *h, const char *name, enum source_type type)
{
	unsigned int i = h->config.source_count++;
	struct source_config *c = &h->sources[i];

	snprintf(c->name, sizeof(c->name), "%s", name);
	c->type = type;
	c->enabled = true;
	c->makes_meters = true;
	h->line[i].source = &h->source[i];
	h->line[i].state = LINE_SILENT;
	h->line[i].what = c->name;
	return &h->line[i];
}

static inline struct meter_config *house_meter(struct house *h, const char *number,
					       const char *name)
{
	struct meter_config *c = &h->meter_configs[h->config.meter_count++];

	snprintf(c->number, sizeof(c->number), "%s", number);
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->base_offset_min = 60;
	return c;
}

static inline void house_configure(struct house *h)
{
	for (unsigned int i = 0; i < h->config.source_count; i++)
		h->source[i].config = h->sources[i];
	meters_configure(h->meters, &h->config);
}

/* The daemon ends and begins again; the ledger stays, as its file would. */
static inline void house_restart(struct house *h)
{
	const struct meters_out out = { house_heard, house_added, house_gone, house_event, h };

	for (unsigned int i = 0; i < HOUSE_MAX; i++) {
		meters_line_gone(h->meters, &h->line[i]);
		h->line[i].state = LINE_SILENT;
	}
	meters_free(h->meters);
	h->last = NULL;
	h->added = h->heard = 0;
	h->meters = meters_new(h->ledger, &h->clock, &out);
	house_configure(h);
}

static inline void house_bytes(struct house *h, struct line *line, const u8 *bytes, size_t len)
{
	h->at = line;
	line_decoder_init(&h->decoder, LINE_AUTO, house_telegram, h);
	line_decoder_feed(&h->decoder, bytes, len, 0);
	line_decoder_pause(&h->decoder);
}

/* Groups of a TIC frame without their checksums, up to NULL. */
#define tic(h, line, ...) house_tic(h, line, (const char *const[]){ __VA_ARGS__, NULL })

static inline void house_tic(struct house *h, struct line *line, const char *const *groups)
{
	u8 bytes[2048];
	size_t count = 0;

	while (groups[count])
		count++;
	house_bytes(h, line, bytes, tic_frame_of(bytes, sizeof(bytes), groups, count));
}

/* A telegram of P1 from its lines, each with its line end. */
__attribute__((format(printf, 3, 4)))
static inline void p1(struct house *h, struct line *line, const char *format, ...)
{
	char text[4096];
	u8 bytes[4200];
	va_list args;
	int len;

	len = snprintf(text, sizeof(text), "/XYZ5TEST\r\n\r\n");
	va_start(args, format);
	len += vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	snprintf(text + len, sizeof(text) - len, "!");
	house_bytes(h, line, bytes, p1_with_crc(bytes, sizeof(bytes), text));
}

/* YYMMDDhhmmss of an instant in winter time, UTC+1. */
static inline const char *winter(s64 unix_s)
{
	static char text[13];
	time_t t = unix_s + 3600;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%y%m%d%H%M%S", &tm);
	return text;
}

/* A full frame of TIC standard; @wh is its only register. */
static inline void standard(struct house *h, struct line *line, const char *adsc, s64 wh)
{
	char number[32], date[32], east[32];

	snprintf(number, sizeof(number), "ADSC\t%s", adsc);
	snprintf(date, sizeof(date), "DATE\tH%s\t", winter(h->now_s));
	snprintf(east, sizeof(east), "EAST\t%09lld", (long long)wh);
	if (adsc[0])
		tic(h, line, number, date, east, "SINSTS\t00500", "PREF\t06");
	else
		tic(h, line, date, east, "SINSTS\t00500", "PREF\t06");
}

/* A telegram of P1 with a number, as sent, and one register. */
static inline void simple_p1(struct house *h, struct line *line, const char *number, s64 wh)
{
	p1(h, line, "0-0:1.0.0(%sW)\r\n0-0:96.1.1(%s)\r\n1-0:1.8.0(%06lld.%03lld*kWh)\r\n"
	   "1-0:1.7.0(00.500*kW)\r\n", winter(h->now_s), number, (long long)wh / 1000,
	   (long long)wh % 1000);
}

static inline bool names_are(const struct house *h, const char *wanted)
{
	char names[512];
	size_t len = 0;

	names[0] = '\0';
	for (const struct meter *m = meters_first(h->meters); m; m = m->next)
		len += snprintf(names + len, sizeof(names) - len, "%s%s", len ? " " : "", m->name);
	return !strcmp(names, wanted) || broken("meters are \"%s\", not \"%s\"", names, wanted);
}

static inline bool last_is(const struct house *h, const char *name)
{
	const char *last = h->last ? h->last->name : "nobody's";

	return !strcmp(last, name) || broken("the last telegram was %s, not %s", last, name);
}

static inline bool heard_is(const struct house *h, unsigned int wanted)
{
	return h->heard == wanted || broken("%u telegrams heard, not %u", h->heard, wanted);
}

/* What @q of a meter is, as published now; -1: it is not. */
static inline s64 published(const struct house *h, const char *name, enum quantity q)
{
	const struct meter *m = meters_find(h->meters, name);
	struct reading r;

	if (!m)
		return -2;
	meter_quantities(m, house_ms(h), &r);
	return reading_has(&r, q) ? r.milli[q] : -1;
}

static inline bool is_published(const struct house *h, const char *name, enum quantity q,
				s64 wanted)
{
	s64 milli = published(h, name, q);

	return milli == wanted || broken("%s of %s is %lld, not %lld", quantity_info[q].name, name,
					 (long long)milli, (long long)wanted);
}

/* What the running day of a meter has counted, thousandths. */
static inline bool day_is(const struct house *h, const char *name, enum quantity q, s64 wanted)
{
	const struct meter *m = meters_find(h->meters, name);
	struct ledger_entry e = { .milli = -1 };

	if (m && m->book)
		ledger_running(m->book, q, PERIOD_DAY, &e);
	return e.milli == wanted || broken("the day of %s has %lld, not %lld", name,
					   (long long)e.milli, (long long)wanted);
}

#define PROMISE(name) { #name, name }

#endif /* METERD_TESTS_HOUSE_H */
