/* SPDX-License-Identifier: MIT */
/*
 * The ledger: what each period consumed, from registers.
 *
 * Knows no clock but the one it is handed, no file and no transport. Loop thread only.
 */
#ifndef METERD_LEDGER_H
#define METERD_LEDGER_H

#include <sys/queue.h>

#include "../lib/ledger_entry.h"
#include "tariff_ranges.h"

struct ledger;

/**
 * struct ledger_span - the open period of a register, one for each enum period
 * @start_s: where it begins; @end_s where it ends, exclusive
 * @base: the register's value at the boundary that opened it, thousandths
 * @carried: what earlier segments (or ranges) already gave to this period, thousandths
 */
struct ledger_span {
	u32 start_s;
	u32 end_s;
	s64 base;
	s64 carried;
};

/**
 * enum account_kind - how an account counts
 * @ACCOUNT_SENT: a register that the meter sends
 * @ACCOUNT_RANGE: a tariff of configured ranges: gets its share of another register's steps
 */
enum account_kind {
	ACCOUNT_SENT,
	ACCOUNT_RANGE,
};

/**
 * struct ledger_account - one register of one meter, all that must survive a restart
 *
 * There are about a dozen for each meter, so that they are small: instants lie between 1970 and
 * 2106, see LEDGER_TIME_MAX_S. A difference of two of them is to be made of s64.
 *
 * @reg: enum quantity
 * @kind: enum account_kind
 * @interval_count: how many of @interval_s are known
 * @changed: since the store last took it
 * @quality: QUALITY_* gathered so far, by enum period
 * @interval_s: between the last accepted readings, newest first
 * @first: reading that opened the segment, thousandths; less than 0 after a wrap, so that
 *	@last - @first stays what was counted
 * @first_s: when; 0: no segment is open, the next reading opens one
 * @last: newest accepted reading
 * @last_s: when; 0: only readings whose time is not known came, no period is open
 * @continued: with @last, a total that goes on where a segment ended or the register wrapped
 * @modulus: where the register wraps, thousandths; 0: not known
 * @step: place value of its last digit, thousandths; 0: not known
 * @told_s: up to here the periods of a silent register were told as partial or missing
 * @span: by enum period
 * @fast_until_s: before it nothing is to be decided; 0: always
 * @doubt: what is not believed (yet); not kept over a restart
 */
struct ledger_account {
	u8 reg;
	u8 kind;
	u8 interval_count;
	bool changed;
	u8 quality[PERIOD_COUNT];
	u32 interval_s[3];
	u32 first_s;
	u32 last_s;
	u32 told_s;
	u32 fast_until_s;
	s64 first;
	s64 last;
	s64 continued;
	s64 modulus;
	s64 step;
	struct ledger_span span[PERIOD_COUNT];
	struct ledger_doubt *doubt;
};

/**
 * enum ledger_pending - how what changed in a book waits to be stored
 * @LEDGER_DUE: rows or segments of it are gathered, or it is urgent: goes with the next batch
 * @LEDGER_CHANGED: only accounts: nothing is lost when they are older than the readings
 * @LEDGER_STORED: nothing changed
 */
enum ledger_pending {
	LEDGER_DUE,
	LEDGER_CHANGED,
	LEDGER_STORED,
};

/**
 * struct ledger_book - all accounts of one meter
 * @id: in the store, from 1 on
 * @name: of the meter, for ever
 * @number: of the meter that has this name now
 * @source: of the configuration that it was first heard on
 * @protocol: enum telegram_protocol
 * @zone: its civil time
 * @sends_total: registers (bit register_index()) whose total the meter has ever sent itself
 * @phases: that ever carried current, bit 0 for phase 1, where telegrams do not say which there are
 * @accounts: in order of their registers
 * @changed: what stands above, since the store last took it
 * @pending: enum ledger_pending
 * @link: to those that wait as it does
 * @idle: no telegram is due by the host's clock: it is replayed, or its source does not run
 * @ranges: NULL: none configured
 * @split: @ranges divide the import: the meter sends no tariffs of its own
 * @single: the import comes as the register of tariff 1 and is booked as the total
 * @ranges_ready: there is an open account for each tariff of @ranges
 * @edge_s: when @ranges change the tariff from @edge_tariff to another
 * @tariffs_differ: has been told
 * @place: by register_index(), its place in @accounts from 1 on; 0: none
 */
struct ledger_book {
	u32 id;
	char name[METER_NAME_LEN + 1];
	char number[METERLINE_NUMBER_MAX + 1];
	char source[METER_NAME_LEN + 1];
	u8 protocol;
	const struct zone *zone;
	u64 sends_total;
	u8 phases;
	struct ledger_account *accounts;
	unsigned int count;
	bool changed;
	u8 pending;
	TAILQ_ENTRY(ledger_book) link;
	bool idle;
	struct ledger *ledger;
	const struct tariff_ranges *ranges;
	bool split;
	bool single;
	bool ranges_ready;
	u8 edge_tariff;
	s64 edge_s;
	bool tariffs_differ;
	u8 place[REGISTER_COUNT];
	struct ledger_counts {
		u64 booked;		/* readings of which at least one register was */
		u64 late;		/* older than the last accepted, or the same again */
		u64 held;		/* register values not (yet) believed */
		u64 zeros;		/* 0 where it was above 0 */
	} counts;
	struct ledger_book *next;
};

/** struct ledger_segment - a run of one register of one meter number that has ended */
struct ledger_segment {
	u32 book;
	u8 reg;
	char number[METERLINE_NUMBER_MAX + 1];
	const char *why;	/* "replaced" "reset" "clock" "total" "ranges" */
	s64 first, first_s, last, last_s;
};

/** enum ledger_event_kind - what a person may want to hear of */
enum ledger_event_kind {
	LEDGER_METER_REPLACED,
	LEDGER_REGISTER_RESET,
	LEDGER_REGISTER_WRAPPED,
	LEDGER_HELD,		/* a value is not believed: register went down or jumped */
	LEDGER_BELIEVED,	/* the register is in order again */
	LEDGER_JUMP,		/* a large step was confirmed */
	LEDGER_GAP,		/* readings came back after boundaries had to be estimated */
	LEDGER_TARIFFS_DIFFER,	/* the tariffs do not sum to the total */
	LEDGER_CLOCK_BACK,	/* the meter's clock had been ahead */
};

/**
 * struct ledger_event - one of them
 * @reg: Q_NONE: all of the meter
 * @from: value before, thousandths; seconds since 1970 for LEDGER_GAP and LEDGER_CLOCK_BACK; what
 *	the tariffs sum to for LEDGER_TARIFFS_DIFFER
 * @to: value after, or when; the total
 */
struct ledger_event {
	enum ledger_event_kind kind;
	u8 reg;
	s64 time_s;
	s64 from;
	s64 to;
};

/**
 * struct ledger_out - where the ledger puts what it finds
 * @row: a period has this value now; the same period may come again with a better one
 * @segment: a segment has ended
 * @urgent: something new stands in the accounts that is to be stored soon
 * @event: for people
 */
struct ledger_out {
	void (*row)(void *context, const struct ledger_book *b, const struct ledger_entry *e);
	void (*segment)(void *context, const struct ledger_segment *s);
	void (*urgent)(void *context);
	void (*event)(void *context, const struct ledger_book *b, const struct ledger_event *e);
	void *context;
};

/**
 * struct ledger_reading - the registers of one telegram, and when
 * @values: of the telegram
 * @telegram: that they come from, for the form of doubtful values; NULL in tests: unknown form
 * @time_s: of all registers but those of M-Bus meters, which have @values->captured_s
 * @sent: telegram_sent_registers(); may have more bits than @values has registers
 * @may_close: the clock behind @time_s is trusted; else energy is counted and nothing is closed
 * @flags: QUALITY_CLOCK when periods closed by this reading carry it
 * @limit_import_w: what the contract allows to draw, W or VA; 0: not known
 */
struct ledger_reading {
	const struct reading *values;
	const struct telegram *telegram;
	s64 time_s;
	u64 sent;
	bool may_close;
	u8 flags;
	s64 limit_import_w;
};

struct ledger *ledger_new(const struct ledger_out *out);
void ledger_free(struct ledger *l);
void ledger_set_keep_quarters(struct ledger *l, unsigned int days);

/* For the store, when it reads the file: takes what is given as it is. */
struct ledger_book *ledger_restore_book(struct ledger *l, const struct ledger_book *b);
struct ledger_account *ledger_restore_account(struct ledger_book *b,
					      const struct ledger_account *a);

struct ledger_book *ledger_books(const struct ledger *l);	/* first, then ->next */
struct ledger_book *ledger_find(const struct ledger *l, const char *name);
struct ledger_book *ledger_find_number(const struct ledger *l, const char *number);
struct ledger_book *ledger_add(struct ledger *l, const char *name, const char *number,
			       const char *source, const struct zone *zone);
void ledger_put(struct ledger_book *b, enum ledger_pending pending);
void ledger_book_changed(struct ledger_book *b);
struct ledger_book *ledger_pending(const struct ledger *l, enum ledger_pending pending);
unsigned int ledger_count(const struct ledger *l);
void ledger_set_zone(struct ledger_book *b, const struct zone *zone);
void ledger_set_ranges(struct ledger_book *b, const struct tariff_ranges *ranges);

void ledger_read(struct ledger_book *b, const struct ledger_reading *r);
bool ledger_replace(struct ledger_book *b, const char *number, s64 time_s);

/* Tells the periods of silent registers that ended by @now_s; at most this often: */
void ledger_tick(struct ledger *l, s64 now_s);
s64 ledger_next_tick(const struct ledger *l, s64 now_s);

struct ledger_account *ledger_account(const struct ledger_book *b, enum quantity reg);
bool ledger_accepted(const struct ledger_book *b, enum quantity reg, s64 *milli);
bool ledger_continuous(const struct ledger_book *b, enum quantity reg, s64 *milli);
u64 ledger_held(const struct ledger_book *b);
bool ledger_running(const struct ledger_book *b, enum quantity reg, enum period p,
		    struct ledger_entry *e);
u64 telegram_sent_registers(const struct telegram *t);

#endif /* METERD_LEDGER_H */
