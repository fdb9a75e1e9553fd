/* SPDX-License-Identifier: MIT */
/*
 * The meters: which telegram belongs to which, their names, and their state.
 */
#ifndef METERD_METERS_H
#define METERD_METERS_H

#include "clock.h"
#include "ledger.h"
#include "meter_values.h"

struct meters;

/* Kinds of telegrams of one meter (long and short frames, lists) whose pace is known. */
#define TELEGRAM_KINDS 4

/**
 * struct telegram_kind - telegrams of one meter that carry the same quantities
 * @valid: those quantities
 * @last_ms: when the newest came, on the clock of the meter's @heard_ms
 * @recent_ms: its last intervals, newest first; 0: not known
 */
struct telegram_kind {
	u64 valid[(QUANTITY_COUNT + 63) / 64];
	u64 last_ms;
	u32 recent_ms[3];
};

enum tariff_by {
	TARIFF_BY_NOTHING,
	TARIFF_BY_FIELD,
	TARIFF_BY_REGISTER,
	TARIFF_BY_RANGES,
};

enum color {
	COLOR_UNKNOWN,
	COLOR_BLUE,
	COLOR_WHITE,
	COLOR_RED,
};

#define TARIFF_LABEL_MAX 32

/** enum meter_event_kind - what a telegram may say that its meter had not said before */
enum meter_event_kind {
	METER_TARIFF,		/* another tariff runs */
	METER_COLOR_TODAY,
	METER_COLOR_TOMORROW,
	METER_POWER_FAILURE,	/* the meter has counted one more */
	METER_DEMAND_PEAK,	/* the month has a new highest quarter */
};

/**
 * struct meter_event - one of them
 * @from: value before, thousandths; of a peak W, of failures their number
 * @to: value now
 * @from_text: tariff or colour before; "" when none was known
 * @to_text: the same now
 */
struct meter_event {
	enum meter_event_kind kind;
	s64 from;
	s64 to;
	const char *from_text;
	const char *to_text;
};

/* Of a counter whose value is not known. */
#define FAILURES_UNKNOWN UINT32_MAX

/**
 * struct meter - the state of one meter
 * @name: for ever
 * @number: "" when it is not known; set by meters_set_number() alone
 * @twin: another one with this number
 * @line: on which it was last heard, or will be; NULL: none
 * @via: accounts of the meter that tells of this one; NULL: it speaks for itself
 * @source: of @line, else where it was last heard or will be; "": not known
 * @source_off: @source is not enabled, or not configured any more
 * @source_gone: it is not configured any more
 * @config: NULL: none
 * @book: its accounts; NULL before it was heard
 * @protocol: of the newest telegram
 * @profile: of DLMS, enum dlms_profile of numbers that came without a scaler
 * @replacements: how often it got another number
 * @heard: at least one telegram came since the start
 * @has_time: @time_s is known: the newest telegram's
 * @received_ms: host's clock of the newest telegram, ms since 1970
 * @heard_ms: the same on the steady clock, ms (replay: of the telegrams' clock)
 * @values: of every quantity the newest valid one, fresh on the clock of @heard_ms
 * @parts_import: tariffs (bit tariff - 1) in the newest telegram that had a total of import, too
 * @parts_export: the same of export
 * @kinds: of its telegrams; one without @last_ms is free
 * @kind_count: of them, at most TELEGRAM_KINDS
 * @doubted: tariffs (bit tariff - 1) whose newest register the ledger did not believe
 * @tariff: 1..16, 0: not known
 * @tariff_sent: LTARF or PTEC as sent; ""
 * @tariff_from_s: since then @tariff by ranges holds, up to @tariff_until_s
 * @country: enum tariff_country
 * @failures: power failures that it has counted, or FAILURES_UNKNOWN
 * @told: round in which a broker was told all of it, of sink_mqtt.c
 * @newest: copies of the newest telegrams of each of its lists, for their fields, the newest first;
 *	NULL: none
 */
struct meter {
	struct meter *next;
	char name[METER_NAME_LEN + 1];
	const char *number;
	struct meter *twin;
	struct line *line;
	const struct ledger_book *via;
	char source[METER_NAME_LEN + 1];
	bool source_off;
	bool source_gone;
	const struct meter_config *config;
	struct ledger_book *book;
	unsigned int replacements;
	u8 protocol;
	u8 profile;
	bool heard;
	bool replay;
	bool has_time;
	s64 time_s;
	s64 received_ms;
	u64 heard_ms;
	struct meter_values values;
	u16 parts_import;
	u16 parts_export;
	struct telegram_kind *kinds;
	u8 kind_count;
	u16 doubted;
	u8 tariff;
	enum tariff_by tariff_by;
	char tariff_label[TARIFF_LABEL_MAX + 1];
	char tariff_sent[TARIFF_LABEL_MAX + 1];
	s64 tariff_from_s;
	s64 tariff_until_s;
	u8 country;
	enum color color_today;
	enum color color_tomorrow;
	s64 limit_import_w;
	u32 failures;
	u32 told;
	struct kept_telegram *newest;
	u64 telegrams;
	void *published;	/* of publish.c */
};

/**
 * struct meters_out - who wants to know
 * @heard: a telegram of this meter is in its state and in the ledger
 * @added: a meter appeared
 * @gone: no meter is called so any more
 * @event: a telegram of this meter brought news; before @heard
 */
struct meters_out {
	void (*heard)(void *context, struct meter *m);
	void (*added)(void *context, struct meter *m);
	void (*gone)(void *context, const char *name);
	void (*event)(void *context, const struct meter *m, const struct meter_event *e);
	void *context;
};

struct meters *meters_new(struct ledger *ledger, struct host_clock *clock,
			  const struct meters_out *out);
void meters_free(struct meters *all);
/* Names, zones, ranges, labels; @c must live until the next call. */
void meters_configure(struct meters *all, const struct config *c);

/* As struct source_out wants them. */
void meters_telegram(struct meters *all, struct line *line, const struct telegram *t,
		     const char *number, const struct moment *when);
/* A line changed its state: what has not been heard yet learns where it will be. */
void meters_line_state(struct meters *all, struct line *line);
void meters_line_gone(struct meters *all, struct line *line);

/* In the order of their names: all that configuration, ledger or lines know. */
struct meter *meters_first(struct meters *all);
struct meter *meters_find(const struct meters *all, const char *name);

/* meter_state.c */
enum line_state meter_line_state(const struct meter *m);
/* The quantities to publish at @now_ms of the steady clock: fresh ones, and accepted registers. */
void meter_quantities(const struct meter *m, u64 now_ms, struct reading *r);
const char *tariff_by_name(enum tariff_by by);
const char *color_name(enum color c);
/* The newest telegram, for its fields: false when there is none. Valid until the loop goes on. */
bool meter_newest_telegram(const struct meter *m, struct telegram *t);
bool meter_kept_telegram(const struct meter *m, unsigned int at, struct telegram *t);

#endif /* METERD_METERS_H */
