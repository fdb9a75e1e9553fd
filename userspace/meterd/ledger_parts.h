/* SPDX-License-Identifier: MIT */
/*
 * What the files of the ledger share.
 */
#ifndef METERD_LEDGER_PARTS_H
#define METERD_LEDGER_PARTS_H

#include "ledger.h"

struct ledger {
	struct ledger_out out;
	struct ledger_book *books;
	struct ledger_book **end;
	unsigned int count;
	u32 last_id;
	TAILQ_HEAD(, ledger_book) pending[2];
	s64 keep_quarters_s;
};

/* Instants outside are those of clocks that were never set; the zones' tables end here. */
#define LEDGER_TIME_MIN_S 978307200ll	/* 2001 */
#define LEDGER_TIME_MAX_S 4102444800ll	/* 2100 */

/* A longer pause between two readings may be a stamp that is ahead of its time. */
#define LEAP_S 3600

#define REGISTER_BIT(q) (1ull << register_index(q))
#define TOTALS (1ull << Q_energy_import | 1ull << Q_energy_export)

/**
 * struct ledger_run - readings that agree with one another but not with the account
 * @count: how many; 0: none
 * @first: value of the first one; @first_s when
 * @last: value of the newest one; @last_s when
 * @up: above the account's last reading
 */
struct ledger_run {
	unsigned int count;
	bool up;
	s64 first;
	s64 first_s;
	s64 last;
	s64 last_s;
};

/**
 * struct ledger_doubt - what an account does not believe (yet)
 * @value: readings that fell or rose too much
 * @late: readings with a time before the last accepted one
 * @untimed: readings whose time is not known
 * @before: the account before the last leap of time, when @leapt
 */
struct ledger_doubt {
	struct ledger_run value;
	struct ledger_run late;
	struct ledger_run untimed;
	bool leapt;
	struct ledger_account before;
};

/**
 * struct ledger_step - a register from one accepted reading to the next
 * @grace_s: this long after a boundary a reading still stands for it
 * @flags: QUALITY_* of all periods that the step touches
 * @closing: QUALITY_* of the periods that it closes
 * @ranges: NULL, or: only what is counted while they say @tariff, in @zone
 */
struct ledger_step {
	s64 from;
	s64 from_s;
	s64 to;
	s64 to_s;
	s64 grace_s;
	u8 flags;
	u8 closing;
	const struct tariff_ranges *ranges;
	const struct zone *zone;
	unsigned int tariff;
};

/**
 * struct ledger_visit - one reading on its way through the accounts
 * @time_s: of the register at hand
 * @closes: that time is trusted
 * @booked: at least one register was
 * @late: at least one was older than the last, or the same again
 * @crossed: at least one boundary was passed
 * @gap_from_s: where the longest gap with boundaries in it begins, when @gap_to_s
 */
struct ledger_visit {
	struct ledger_book *book;
	const struct ledger_reading *reading;
	s64 time_s;
	bool closes;
	bool booked;
	bool late;
	bool crossed;
	s64 gap_from_s;
	s64 gap_to_s;
};

/* ledger.c */
struct ledger_account *book_account(const struct ledger_book *b, enum quantity q);
struct ledger_account *book_add_account(struct ledger_book *b, enum quantity q,
					enum account_kind kind);
void ledger_tell(const struct ledger_book *b, enum ledger_event_kind kind, enum quantity q,
		 s64 time_s, s64 from, s64 to);
void ledger_tell_segment(struct ledger_book *b, const struct ledger_account *a,
			 const char *why);
void ledger_urgent(struct ledger_book *b);

/* ledger_account.c */
void account_read(struct ledger_visit *v, struct ledger_account *a, s64 value);
s64 account_allowed(unsigned int index, const struct ledger_reading *r, s64 dt_s, s64 step);
void account_accepted(struct ledger_account *a, s64 value, s64 time_s);

void account_learn_form(const struct ledger_visit *v, struct ledger_account *a, s64 value);
void account_remember(struct ledger_account *a, s64 time_s);
bool account_recall(struct ledger_book *b, struct ledger_account *a, s64 value, s64 time_s);

/* ledger_periods.c */
s64 account_grace_s(const struct ledger_account *a);
s64 account_patience_s(const struct ledger_account *a);
s64 step_at(const struct ledger_step *s, s64 time_s, u8 *quality);
void account_open(struct ledger_book *b, struct ledger_account *a, s64 value, s64 time_s,
		  u8 flags);
s64 account_advance(struct ledger_book *b, struct ledger_account *a,
		    const struct ledger_step *s, bool *estimated);
void account_untell(struct ledger_book *b, const struct ledger_account *a,
		    const struct ledger_account *ahead);
void account_running(const struct ledger_account *a, enum period p, struct ledger_entry *e);
s64 account_next_end_s(const struct ledger_account *a);

/* ledger_ranges.c */
void ranges_decide(struct ledger_book *b);
u64 ranges_registers(struct ledger_book *b, u64 registers);
void ranges_prepare(struct ledger_book *b);
void ranges_open(struct ledger_book *b, s64 time_s, u8 flags);
void ranges_advance(struct ledger_visit *v, const struct ledger_step *s);
void ranges_add(struct ledger_book *b, s64 milli, s64 time_s);
void ranges_recall(struct ledger_book *b, s64 time_s);

/* ledger_totals.c */
void total_begin(struct ledger_visit *v, struct ledger_account *total);
void totals_forget(struct ledger_book *b, u64 registers);
void totals_check(struct ledger_visit *v, u64 registers);
bool total_is_derived(const struct ledger_book *b, enum quantity q);

/* ledger_form.c */
bool register_form(const struct telegram *t, enum quantity q, s64 milli, s64 *step, s64 *modulus);

#endif /* METERD_LEDGER_PARTS_H */
