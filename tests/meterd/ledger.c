// SPDX-License-Identifier: MIT
/*
 * The rules of the ledger, one by one, under a clock of the tests.
 */
#include "ledger_sheet.h"

#define ESTIMATED QUALITY_ESTIMATED
#define PARTIAL QUALITY_PARTIAL
#define JUMP QUALITY_JUMP
#define REPLACED QUALITY_REPLACED
#define MISSING QUALITY_MISSING

/* 2024-07-10T10:00:00Z: a quarter begins, no day does. */
#define T0 1720605600ll

/* Runs @body with a sheet in Paris and takes it away again. */
#define WITH_SHEET(name)                                                                          \
	static bool name##_on(struct sheet *s);                                                   \
	static bool name(const char **skip)                                                       \
	{                                                                                         \
		struct sheet *s = sheet_new("Europe/Paris");                                      \
		bool kept = name##_on(s);                                                         \
                                                                                                  \
		(void)skip;                                                                       \
		sheet_free(s);                                                                    \
		return kept;                                                                      \
	}                                                                                         \
	static bool name##_on(struct sheet *s)

/* --- boundaries --- */

WITH_SHEET(first_reading_opens)
{
	hear_import(s, T0 + 100, 5 * KWH);
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		if (!running_is(s, Q_energy_import, p, 0, PARTIAL))
			return false;
	}
	return !s->told && s->urgent;
}

WITH_SHEET(first_period_partial)
{
	hear_on(s, Q_energy_import, T0 + 100, T0 + 1000, 10, 5 * KWH);
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 800 * WH, PARTIAL);
}

WITH_SHEET(first_period_good)
{
	hear_on(s, Q_energy_import, T0 + 60, T0 + 1000, 10, 5 * KWH);
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 840 * WH, 0);
}

WITH_SHEET(quarters_good)
{
	hear_on(s, Q_energy_import, T0 + 7, T0 + 4 * HOUR_S, 10, 5 * KWH);
	for (unsigned int i = 1; i < 15; i++) {
		if (!row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + i * QUARTER_S, 900 * WH, 0))
			return false;
	}
	return !s->events[LEDGER_GAP] && not_told(s, Q_energy_import, PERIOD_DAY, T0);
}

/* Readings each @interval_s until just before a boundary, then one @late_s after it. */
static unsigned int quality_after(s64 interval_s, s64 late_s)
{
	struct sheet *s = sheet_new("UTC");
	s64 last_s = T0 + QUARTER_S - 5;
	struct ledger_entry e;

	for (int i = 10; i >= 0; i--)
		hear_import(s, last_s - i * interval_s, KWH);
	hear_import(s, T0 + QUARTER_S + late_s, KWH + WH);
	ledger_running(s->book, Q_energy_import, PERIOD_QUARTER, &e);
	sheet_free(s);
	return e.quality & ~PARTIAL;
}

static bool grace(const char **skip)
{
	static const struct {
		s64 interval_s, late_s;
		unsigned int quality;
	} cases[] = {
		{ 1, 60, 0 }, { 1, 61, ESTIMATED }, { 10, 60, 0 }, { 10, 61, ESTIMATED },
		{ 30, 90, 0 }, { 30, 91, ESTIMATED }, { 60, 180, 0 }, { 60, 181, ESTIMATED },
		{ 120, 300, 0 }, { 120, 301, ESTIMATED }, { 900, 300, 0 }, { 900, 301, ESTIMATED },
	};

	(void)skip;
	for (unsigned int i = 0; i < COUNT(cases); i++) {
		unsigned int quality = quality_after(cases[i].interval_s, cases[i].late_s);

		if (quality != cases[i].quality)
			return broken("each %d s, %d s late: %u", (int)cases[i].interval_s,
				      (int)cases[i].late_s, quality);
	}
	return true;
}

/* One long interval among short ones says nothing about the register's own. */
WITH_SHEET(grace_is_the_median)
{
	for (unsigned int i = 0; i < 3; i++) {
		struct sheet *one = sheet_new("UTC");
		struct ledger_entry e;

		/* Intervals of 10, 10 and 100 s in any order. */
		hear_import(one, T0 + 900 - 130, 0);
		hear_import(one, T0 + 900 - (i == 0 ? 30 : 120), 0);
		hear_import(one, T0 + 900 - (i == 2 ? 110 : 20), 0);
		hear_import(one, T0 + 900 - 10, 0);
		hear_import(one, T0 + 900 + 61, WH);
		ledger_running(one->book, Q_energy_import, PERIOD_QUARTER, &e);
		sheet_free(one);
		if (!(e.quality & ESTIMATED))
			return broken("case %u: 61 s are good", i);
	}
	return !s->told;
}

WITH_SHEET(interpolation_exact)
{
	hear_on(s, Q_energy_import, T0, T0 + 890, 10, 0);
	hear_import(s, T0 + 890, 890 * WH);
	/* 1,001 Wh in 2,000 s; boundaries after 10, 910 and 1,810 s: 5.005, 455.455, 905.905 Wh. */
	hear_import(s, T0 + 2890, 1891 * WH);
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 895005, ESTIMATED) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 450450, ESTIMATED) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 1800, 450450, ESTIMATED) &&
	       running_is(s, Q_energy_import, PERIOD_QUARTER, 95095, ESTIMATED | PARTIAL) &&
	       running_is(s, Q_energy_import, PERIOD_DAY, 1891 * WH, PARTIAL) &&
	       conserved(s, Q_energy_import, 1891 * WH) && s->events[LEDGER_GAP] == 1 &&
	       s->event.from == T0 + 890 && s->event.to == T0 + 2890;
}

WITH_SHEET(interpolation_floors)
{
	hear_import(s, T0 + 890, KWH);
	hear_import(s, T0 + 890 + 3000, KWH + 2);
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 0, ESTIMATED | PARTIAL) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 0, ESTIMATED) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 1800, 1, ESTIMATED) &&
	       conserved(s, Q_energy_import, 2);
}

/* No intermediate product is too large: 50 years at 10^18. */
WITH_SHEET(interpolation_large)
{
	s64 first_s = at("2001-01-02T00:00:00Z"), last_s = at("2051-01-02T00:00:00Z");

	hear_import(s, first_s, 1000);
	hear_import(s, last_s, 1000 + 20000000 * KWH);
	for (unsigned int p = PERIOD_DAY; p < PERIOD_COUNT; p++) {
		if (sum_of_periods(s, Q_energy_import, p) != 20000000 * KWH)
			return broken("the %ss do not sum", period_name(p));
	}
	return sane_rows(s);
}

/* From 2024-03-29 noon to 2024-04-01 noon: the clock is put forward, and a month ends. */
WITH_SHEET(gap_of_three_days)
{
	s64 from_s = at("2024-03-29T11:00:00Z"), to_s = at("2024-04-01T10:00:00Z");
	s64 gap_s = to_s - from_s, gained = 30 * KWH;

	hear_on(s, Q_energy_import, from_s - HOUR_S, from_s, 10, 0);
	hear_import(s, from_s, HOUR_S * WH);
	hear_import(s, to_s, HOUR_S * WH + gained);
	hear_on(s, Q_energy_import, to_s + 10, to_s + HOUR_S, 10, HOUR_S * WH + gained);
	/* 2024-03-31 has 23 hours, which begin 35 h into the gap. */
	s64 first = gained * 36 / 71, last = gained * 59 / 71;

	if (gap_s != 71 * HOUR_S)
		return broken("the gap has %d h", (int)(gap_s / HOUR_S));
	return row_is(s, Q_energy_import, PERIOD_DAY, at("2024-03-31T10:00:00Z"), last - first,
		      ESTIMATED) &&
	       row_is(s, Q_energy_import, PERIOD_MONTH, from_s, HOUR_S * WH + last,
		      ESTIMATED | PARTIAL) &&
	       running_is(s, Q_energy_import, PERIOD_MONTH,
			  gained - last + (HOUR_S - 20) * WH, ESTIMATED | PARTIAL) &&
	       conserved(s, Q_energy_import, HOUR_S * WH + gained + (HOUR_S - 20) * WH) &&
	       sane_rows(s) && s->events[LEDGER_GAP] == 1;
}

/* 2024-10-26 noon to 2024-10-29 noon, and on over the end of February of a leap year. */
WITH_SHEET(gap_autumn_and_leap_day)
{
	s64 milli = 0;

	for (s64 t = at("2023-10-28T10:00:00Z"); t < at("2024-03-06T00:00:00Z"); t += 3 * DAY_S) {
		milli += 31 * KWH + 7;
		hear_import(s, t, milli);
	}
	const struct ledger_entry *autumn =
		sheet_at(s, Q_energy_import, PERIOD_DAY, at("2023-10-29T10:00:00Z"));
	const struct ledger_entry *leap =
		sheet_at(s, Q_energy_import, PERIOD_DAY, at("2024-02-28T23:00:00Z"));

	return autumn && autumn->end_s - autumn->start_s == 25 * HOUR_S && leap &&
	       leap->start_s == at("2024-02-28T23:00:00Z") &&
	       leap->end_s == at("2024-02-29T23:00:00Z") &&
	       conserved(s, Q_energy_import, milli - 31 * KWH - 7) && sane_rows(s);
}

WITH_SHEET(old_quarters_left_out)
{
	ledger_set_keep_quarters(s->ledger, 10);
	hear_import(s, at("2014-01-01T12:00:00Z"), 0);
	hear_import(s, at("2024-01-01T12:00:00Z"), 1000 * KWH);
	if (s->told > 3653 + 121 + 11 + 10 * 96 + 5)
		return broken("%d rows", (int)s->told);
	return sum_of_periods(s, Q_energy_import, PERIOD_DAY) == 1000 * KWH &&
	       sum_of_periods(s, Q_energy_import, PERIOD_MONTH) == 1000 * KWH &&
	       sum_of_periods(s, Q_energy_import, PERIOD_YEAR) == 1000 * KWH &&
	       not_told(s, Q_energy_import, PERIOD_QUARTER, at("2023-12-20T12:00:00Z")) &&
	       sheet_at(s, Q_energy_import, PERIOD_QUARTER, at("2023-12-23T12:00:00Z"));
}

WITH_SHEET(closed_stays)
{
	hear_on(s, Q_energy_import, T0, T0 + 2000, 10, 0);
	u64 told = s->told;

	hear_import(s, T0 + 2000, 5 * KWH);
	hear_import(s, T0 + 1000, 6 * KWH);
	hear_import(s, T0 + 900, 7 * KWH);
	return s->told == told && row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 900 * WH, 0);
}

/* --- what is believed --- */

/* Whether a register may gain this much in @dt_s: booked or held. */
static bool takes(enum quantity q, s64 dt_s, s64 gain, s64 limit_w)
{
	struct sheet *s = sheet_new("UTC");
	struct sent t;
	bool booked;
	s64 milli;

	hear_one(s, q, T0 + 10, 100 * KWH);
	t = telegram_at(T0 + 10 + dt_s);
	t.reading.limit_import_w = limit_w;
	put(&t, q, 100 * KWH + gain);
	hear(s, &t);
	booked = ledger_accepted(s->book, q, &milli) && milli == 100 * KWH + gain;
	if (booked == (ledger_held(s->book) >> register_index(q) & 1))
		abort();
	sheet_free(s);
	return booked;
}

static bool limits(const char **skip)
{
	static const struct {
		enum quantity q;
		s64 dt_s, limit_w, gain;
	} most[] = {
		{ Q_energy_import, 10, 0, 184 * WH + 2 * WH },
		{ Q_energy_import_t3, 3600, 0, 66240 * WH + 2 * WH },
		{ Q_energy_import, 10, 6000, 20 * WH + 2 * WH },
		{ Q_energy_import_t16, 1, 9000, 3 * WH + 2 * WH },
		{ Q_energy_export, 10, 6000, 184 * WH + 2 * WH },
		{ Q_energy_export_t1, 10, 6000, 184 * WH + 2 * WH },
		{ Q_energy_reactive_q2, 10, 6000, 184 * WH + 2 * WH },
		{ Q_gas, 3600, 6000, 48000 + 2 },
		{ Q_water, 3600, 6000, 24000 + 2 },
		{ Q_heat, 3600, 6000, 600 + 2 },
		{ Q_heat_kwh, 3600, 6000, 166666 + 2 },
		{ Q_energy_import, 86400, 0, 1589760 * WH + 2 * WH },
		/* A year at the limit of a contract that no house has: no overflow. */
		{ Q_energy_import, 365 * 86400, 2000000000, 10512000ll * KWH + 2 * WH },
	};

	(void)skip;
	for (unsigned int i = 0; i < COUNT(most); i++) {
		if (!takes(most[i].q, most[i].dt_s, most[i].gain, most[i].limit_w))
			return broken("%u: the most is not taken", i);
		if (takes(most[i].q, most[i].dt_s, most[i].gain + 1, most[i].limit_w))
			return broken("%u: more than the most is taken", i);
	}
	return true;
}

WITH_SHEET(spike_not_booked)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 100, 10, 50 * KWH);

	hear_import(s, T0 + 100, 9000 * KWH);
	if (!(ledger_held(s->book) & 1) || s->events[LEDGER_HELD] != 1)
		return broken("the spike is not held");
	hear_on(s, Q_energy_import, T0 + 110, T0 + 3600, 10, milli + 10 * WH);
	return s->events[LEDGER_BELIEVED] == 1 && !ledger_held(s->book) &&
	       s->book->counts.held == 1 && !s->segment_count &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 900 * WH, 0) &&
	       conserved(s, Q_energy_import, 3590 * WH);
}

WITH_SHEET(jump_confirmed)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 100, 10, 50 * KWH) + 900 * KWH, now;

	/* Three further ones, but not yet 60 s; then 60 s. */
	for (s64 t = T0 + 100; t < T0 + 160; t += 10)
		hear_import(s, t, milli + (t - T0 - 100) * WH);
	if (!ledger_accepted(s->book, Q_energy_import, &now) || now > 51 * KWH)
		return broken("believed after 50 s");
	hear_import(s, T0 + 160, milli + 60 * WH);
	if (!ledger_accepted(s->book, Q_energy_import, &now) || now != milli + 60 * WH)
		return broken("not believed after 60 s");
	hear_on(s, Q_energy_import, T0 + 170, T0 + 2000, 10, milli + 70 * WH);
	return s->events[LEDGER_JUMP] == 1 && !s->segment_count && !ledger_held(s->book) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 900 * KWH + 900 * WH, JUMP) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       running_is(s, Q_energy_import, PERIOD_DAY, 900 * KWH + 1990 * WH, JUMP | PARTIAL);
}

WITH_SHEET(jump_needs_count)
{
	s64 now;

	hear_import(s, T0, KWH);
	for (s64 t = T0 + 100; t <= T0 + 300; t += 100)
		hear_import(s, t, 900 * KWH);
	if (!ledger_accepted(s->book, Q_energy_import, &now) || now != KWH)
		return broken("believed after two further telegrams");
	hear_import(s, T0 + 400, 900 * KWH);
	return ledger_accepted(s->book, Q_energy_import, &now) && now == 900 * KWH;
}

/* Doubtful values that do not agree with one another are no confirmation. */
WITH_SHEET(scatter_not_confirmed)
{
	u64 state = 7;
	s64 now;

	hear_import(s, T0, 1000 * KWH);
	for (s64 t = T0 + 10; t < T0 + 3600; t += 10)
		hear_import(s, t, (2000 + 100 * lot(&state, 1000000)) * KWH);
	return ledger_accepted(s->book, Q_energy_import, &now) && now == 1000 * KWH &&
	       s->events[LEDGER_HELD] == 1;
}

WITH_SHEET(fall_held_then_reset)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 1000, 10, 50 * KWH), now;

	for (s64 t = T0 + 1000; t < T0 + 1900; t += 10)
		hear_import(s, t, (t - T0 - 990) * WH);
	if (!ledger_accepted(s->book, Q_energy_import, &now) || now != milli - 10 * WH ||
	    ledger_held(s->book) != 1 || s->segment_count)
		return broken("a fallen register is believed before 15 min");
	hear_on(s, Q_energy_import, T0 + 1900, T0 + 3000, 10, 910 * WH);
	return s->segment_count == 1 && !strcmp(s->segments[0].why, "reset") &&
	       s->segments[0].first == 50 * KWH && s->segments[0].last == milli - 10 * WH &&
	       s->events[LEDGER_REGISTER_RESET] == 1 && !ledger_held(s->book) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, (90 + 800) * WH,
		      REPLACED | ESTIMATED) &&
	       conserved(s, Q_energy_import, (990 + 1990) * WH) && sane_rows(s) &&
	       sum_of_segments(s, Q_energy_import) == (990 + 1990) * WH;
}

WITH_SHEET(reset_needs_count)
{
	s64 now;

	hear_import(s, T0, 50 * KWH);
	for (int i = 1; i <= 9; i++)
		hear_import(s, T0 + i * 120, KWH + i);
	if (!ledger_accepted(s->book, Q_energy_import, &now) || now != 50 * KWH)
		return broken("believed after 9 telegrams");
	hear_import(s, T0 + 1200, KWH + 10);
	return ledger_accepted(s->book, Q_energy_import, &now) && now == KWH + 10;
}

/* The same telegram again and again is one telegram. */
WITH_SHEET(repeats_confirm_nothing)
{
	s64 now;

	hear_import(s, T0, 50 * KWH);
	for (int i = 0; i < 30; i++)
		hear_import(s, T0 + 10, KWH);
	hear_import(s, T0 + 1000, KWH + WH);
	for (int i = 0; i < 30; i++)
		hear_import(s, T0 + 10, KWH);
	return ledger_accepted(s->book, Q_energy_import, &now) && now == 50 * KWH &&
	       !s->segment_count;
}

/* A dip, however small, is never a new base. */
WITH_SHEET(dip_never_rebased)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 50 * KWH);

	hear_import(s, T0 + 600, milli - 11 * WH);
	hear_import(s, T0 + 610, milli - 11 * WH);
	hear_on(s, Q_energy_import, T0 + 620, T0 + 2000, 10, milli + 20 * WH);
	return s->events[LEDGER_BELIEVED] == 1 && !s->segment_count &&
	       conserved(s, Q_energy_import, 1990 * WH);
}

WITH_SHEET(zero_ignored)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 999999 * KWH), now;

	ledger_account(s->book, Q_energy_import)->modulus = 1000000 * KWH;
	for (s64 t = T0 + 600; t < T0 + 2 * HOUR_S; t += 10)
		hear_import(s, t, 0);
	if (!ledger_accepted(s->book, Q_energy_import, &now) || now != milli - 10 * WH)
		return broken("0 was believed");
	if (s->book->counts.zeros != 660 || s->book->counts.held || ledger_held(s->book))
		return broken("zeros: %d", (int)s->book->counts.zeros);
	hear_import(s, T0 + 2 * HOUR_S, milli + WH);
	return conserved(s, Q_energy_import, 601 * WH) && !s->segment_count;
}

/* A register that is 0 may stay there and begin. */
WITH_SHEET(zero_from_the_start)
{
	hear_on(s, Q_energy_export, T0, T0 + 10, 10, 0);
	hear_one(s, Q_energy_export, T0 + 10, 0);
	hear_one(s, Q_energy_export, T0 + 20, 5 * WH);
	return !s->book->counts.zeros && conserved(s, Q_energy_export, 5 * WH);
}

WITH_SHEET(register_missing_keeps_last)
{
	struct sent t;
	s64 now;

	hear_import(s, T0, 5 * KWH);
	for (s64 i = 1; i < 100; i++) {
		t = telegram_at(T0 + i * 10);
		put(&t, Q_energy_export, KWH);
		hear(s, &t);
	}
	return ledger_accepted(s->book, Q_energy_import, &now) && now == 5 * KWH &&
	       !ledger_held(s->book);
}

WITH_SHEET(late_never_booked)
{
	struct ledger_counts *c = &s->book->counts;

	hear_on(s, Q_energy_import, T0, T0 + 100, 10, 5 * KWH);
	if (c->booked != 10 || c->late)
		return broken("%d booked", (int)c->booked);
	hear_import(s, T0 + 90, 5 * KWH + 90 * WH);	/* the same again */
	hear_import(s, T0 + 80, 5 * KWH + 80 * WH);
	hear_import(s, T0 + 85, 5 * KWH + 95 * WH);
	hear_import(s, T0 + 90, 5 * KWH + 89 * WH);	/* the same instant, less */
	return c->booked == 10 && c->late == 3 && conserved(s, Q_energy_import, 90 * WH);
}

WITH_SHEET(same_second_booked)
{
	hear_import(s, T0, 5 * KWH);
	hear_import(s, T0, 5 * KWH + 2 * WH);
	return s->book->counts.booked == 2 && conserved(s, Q_energy_import, 2 * WH);
}

/* Every order of the same readings ends the same: each is booked once or not at all. */
WITH_SHEET(duplicates_any_order)
{
	u64 state = 3;
	s64 newest = 0;

	for (s64 i = 0; i < 4000; i++) {
		s64 back = lot(&state, 4) ? 0 : lot(&state, 60);
		s64 n = i < back ? 0 : i - back;

		hear_import(s, T0 + n * 10, 5 * KWH + n * 10 * WH);
		newest = n > newest ? n : newest;
	}
	return conserved(s, Q_energy_import, newest * 10 * WH) && !s->events[LEDGER_HELD] &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 900 * WH, 0);
}

/* --- wraps, with the digits that the telegrams show --- */

struct wire {
	struct sheet *sheet;
	s64 time_s;
	bool heard;
};

static void on_telegram(void *context, const struct telegram *t)
{
	struct wire *w = context;
	struct reading values;
	const struct ledger_reading r = {
		.values = &values,
		.telegram = t,
		.time_s = w->time_s,
		.sent = telegram_sent_registers(t),
		.may_close = true,
	};

	telegram_quantities(t, &values);
	ledger_read(w->sheet->book, &r);
	w->heard = true;
}

static void feed(struct wire *w, const u8 *bytes, size_t len)
{
	static struct line_decoder d;

	line_decoder_init(&d, LINE_AUTO, on_telegram, w);
	w->heard = false;
	line_decoder_feed(&d, bytes, len, 0);
	line_decoder_pause(&d);
	if (!w->heard)
		abort();
}

static void hear_p1(struct sheet *s, s64 time_s, const char *lines)
{
	struct wire w = { .sheet = s, .time_s = time_s };
	char text[1024];
	u8 bytes[1200];

	snprintf(text, sizeof(text), "/ABC5METER\r\n\r\n0-0:96.1.1(1234)\r\n%s!", lines);
	feed(&w, bytes, p1_with_crc(bytes, sizeof(bytes), text));
}

static void hear_tic(struct sheet *s, s64 time_s, const char *const *groups, size_t count)
{
	struct wire w = { .sheet = s, .time_s = time_s };
	u8 bytes[512];

	feed(&w, bytes, tic_frame_of(bytes, sizeof(bytes), groups, count));
}

WITH_SHEET(wrap_of_tic)
{
	const char *before[] = { "ADCO 031234567890", "BASE 999999990" };
	const char *after[] = { "ADCO 031234567890", "BASE 000000005" };

	hear_tic(s, T0, before, 2);
	hear_tic(s, T0 + 10, after, 2);
	return s->events[LEDGER_REGISTER_WRAPPED] == 1 && !s->segment_count &&
	       conserved(s, Q_energy_import_t1, 15 * WH) &&
	       conserved(s, Q_energy_import, 15 * WH) &&
	       sum_of_segments(s, Q_energy_import_t1) == 15 * WH;
}

static bool wraps_p1_in(const char *before, const char *after, enum quantity q, s64 gain,
			s64 seconds)
{
	struct sheet *s = sheet_new("UTC");
	bool kept;

	hear_p1(s, T0 + 600, before);
	hear_p1(s, T0 + 600 + seconds, after);
	kept = gain ? s->events[LEDGER_REGISTER_WRAPPED] == 1 && conserved(s, q, gain) :
		      s->events[LEDGER_HELD] == 1 && conserved(s, q, 0);
	sheet_free(s);
	return kept || broken("%s", after);
}

static bool wraps_p1(const char *before, const char *after, enum quantity q, s64 gain)
{
	return wraps_p1_in(before, after, q, gain, 2 * HOUR_S);
}

static bool wraps_of_p1(const char **skip)
{
	(void)skip;
	return wraps_p1("1-0:1.8.0(999999.990*kWh)\r\n", "1-0:1.8.0(000000.005*kWh)\r\n",
			Q_energy_import, 15 * WH) &&
	       wraps_p1("1-0:1.8.1(99999999.990*kWh)\r\n", "1-0:1.8.1(00000002.005*kWh)\r\n",
			Q_energy_import_t1, 2015 * WH) &&
	       wraps_p1("1-0:2.8.0(9999999999*Wh)\r\n", "1-0:2.8.0(0000000001*Wh)\r\n",
			Q_energy_export, 2 * WH) &&
	       /* Not from the last tenth, not to the first one, too much, no leading zeros. */
	       wraps_p1_in("1-0:1.8.0(900000.000*kWh)\r\n", "1-0:1.8.0(000000.005*kWh)\r\n",
			   Q_energy_import, 0, 360 * DAY_S) &&
	       wraps_p1_in("1-0:1.8.0(999999.990*kWh)\r\n", "1-0:1.8.0(100000.000*kWh)\r\n",
			   Q_energy_import, 0, 360 * DAY_S) &&
	       wraps_p1_in("1-0:1.8.0(900001.000*kWh)\r\n", "1-0:1.8.0(099999.000*kWh)\r\n",
			   Q_energy_import, 199998 * KWH, 360 * DAY_S) &&
	       wraps_p1("1-0:1.8.0(999999.990*kWh)\r\n", "1-0:1.8.0(000133.005*kWh)\r\n",
			Q_energy_import, 0) &&
	       wraps_p1("1-0:1.8.0(950.990*kWh)\r\n", "1-0:1.8.0(5.005*kWh)\r\n",
			Q_energy_import, 0);
}

WITH_SHEET(wrap_over_a_boundary)
{
	s64 mod = 1000000 * KWH;

	hear_on(s, Q_energy_import, T0, T0 + 890, 10, mod - 895 * WH);
	ledger_account(s->book, Q_energy_import)->modulus = mod;
	hear_import(s, T0 + 2700, 2700 * WH - 895 * WH);
	hear_import(s, T0 + 2710, 2710 * WH - 895 * WH);
	return s->events[LEDGER_REGISTER_WRAPPED] == 1 &&
	       conserved(s, Q_energy_import, 2710 * WH) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 900 * WH, ESTIMATED) &&
	       sum_of_segments(s, Q_energy_import) == 2710 * WH;
}

static bool forms(const char **skip)
{
	struct sheet *s = sheet_new("UTC");
	const struct ledger_account *a;
	bool kept = true;

	(void)skip;
	hear_p1(s, T0, "0-1:24.1.0(003)\r\n0-1:96.1.0(4730)\r\n"
		       "0-1:24.2.1(240710100000S)(00012.345*m3)\r\n"
		       "1-0:1.8.0(000012.3*kWh)\r\n1-0:2.8.0(00000012*kWh)\r\n"
		       "1-0:1.8.2(000000.000*kWh)\r\n");
	a = ledger_account(s->book, Q_energy_import);
	kept &= a && a->step == 100 * WH && a->modulus == 1000000 * KWH;
	a = ledger_account(s->book, Q_energy_export);
	kept &= a && a->step == KWH && a->modulus == 100000000 * KWH;
	/* A register at 0 does not say of what its digits are. */
	a = ledger_account(s->book, Q_energy_import_t2);
	kept &= a && a->step == WH && !a->modulus;
	a = ledger_account(s->book, Q_gas);
	kept &= a && a->step == 1 && a->modulus == 100000000;
	sheet_free(s);
	return kept || broken("not the digits of the telegram");
}

/* --- clocks --- */

WITH_SHEET(unset_clocks)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH);
	u64 told = s->told;

	hear_import(s, 5, milli);
	hear_import(s, at("2000-01-01T00:00:05Z"), milli);
	hear_import(s, at("2000-06-01T00:00:05Z"), milli + WH);
	if (s->told != told || s->segment_count)
		return broken("a period was closed");
	hear_on(s, Q_energy_import, T0 + 600, T0 + 2000, 10, milli);
	return conserved(s, Q_energy_import, 1990 * WH) && !s->events[LEDGER_GAP] &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 900 * WH, 0);
}

/* The very first stamps are those of a clock that was never set. */
WITH_SHEET(unset_clock_first)
{
	hear_import(s, 5, 5 * KWH);
	hear_import(s, at("2000-01-01T00:00:05Z"), 5 * KWH + WH);
	hear_import(s, at("2000-01-01T00:00:15Z"), 5 * KWH + 2 * WH);
	struct ledger_entry e;
	s64 now;

	if (ledger_running(s->book, Q_energy_import, PERIOD_DAY, &e))
		return broken("a period of the year 2000 runs");
	if (!ledger_accepted(s->book, Q_energy_import, &now))
		return broken("nothing to show");
	hear_on(s, Q_energy_import, T0, T0 + 1000, 10, 5 * KWH + 3 * WH);
	return conserved(s, Q_energy_import, 993 * WH) && s->told == 1;
}

/* One stamp of 2031 between good ones. */
WITH_SHEET(one_stamp_ahead)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH);

	hear_import(s, at("2031-05-05T05:05:05Z"), milli);
	hear_on(s, Q_energy_import, T0 + 610, T0 + 3 * HOUR_S, 10, milli + 10 * WH);
	return s->events[LEDGER_CLOCK_BACK] == 1 && !s->segment_count &&
	       conserved(s, Q_energy_import, (3 * HOUR_S - 10) * WH) && sane_rows(s) &&
	       row_is(s, Q_energy_import, PERIOD_DAY, at("2025-05-05T05:05:05Z"), 0, MISSING) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 2 * HOUR_S, 900 * WH, 0);
}

/* The same, and the daemon was started again before anybody could see what was wrong. */
WITH_SHEET(stamp_ahead_and_restart)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH), now;
	struct ledger_account *a;

	hear_import(s, at("2031-05-05T05:05:05Z"), milli);
	a = ledger_account(s->book, Q_energy_import);
	free(a->doubt);
	a->doubt = NULL;
	milli = hear_on(s, Q_energy_import, T0 + 610, T0 + 3 * HOUR_S, 10, milli + 10 * WH);
	return s->events[LEDGER_CLOCK_BACK] == 1 && s->segment_count == 1 &&
	       !strcmp(s->segments[0].why, "clock") &&
	       ledger_accepted(s->book, Q_energy_import, &now) && now == milli - 10 * WH &&
	       sum_of_segments(s, Q_energy_import) == (3 * HOUR_S - 10) * WH &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 2 * HOUR_S, 900 * WH, 0);
}

/*
 * A clock that was ahead for a day, as one of a host that nothing confirmed. Periods that are lived
 * twice lose what the leap had spread over them: less than the one step of 10 Wh.
 */
WITH_SHEET(clock_ahead_for_long)
{
	s64 ahead_s = 40 * DAY_S, counted = (DAY_S + 3 * HOUR_S - 10) * WH, now;
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH);

	milli = hear_on(s, Q_energy_import, T0 + 600 + ahead_s, T0 + DAY_S + ahead_s, 10, milli);
	milli = hear_on(s, Q_energy_import, T0 + DAY_S, T0 + DAY_S + 3 * HOUR_S, 10, milli);
	return s->events[LEDGER_CLOCK_BACK] == 1 &&
	       ledger_accepted(s->book, Q_energy_import, &now) && now == milli - 10 * WH &&
	       sum_of_segments(s, Q_energy_import) == counted &&
	       sum_of_periods(s, Q_energy_import, PERIOD_QUARTER) > counted - 10 * WH &&
	       sum_of_periods(s, Q_energy_import, PERIOD_DAY) > counted - 10 * WH &&
	       sum_of_periods(s, Q_energy_import, PERIOD_YEAR) == counted;
}

WITH_SHEET(clock_steps_forward)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH);

	hear_on(s, Q_energy_import, T0 + 600 + HOUR_S, T0 + 2 * HOUR_S, 10, milli);
	return conserved(s, Q_energy_import, (HOUR_S - 10) * WH) && s->events[LEDGER_GAP] == 1 &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 1800,
		      sheet_at(s, Q_energy_import, PERIOD_QUARTER, T0 + 1800)->milli, ESTIMATED);
}

WITH_SHEET(clock_steps_back)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 2 * HOUR_S, 10, 5 * KWH);

	milli = hear_on(s, Q_energy_import, T0 + HOUR_S, T0 + 4 * HOUR_S, 10, milli);
	/* Nothing is booked twice, and what came in the hour that came twice is not lost. */
	return milli == 5 * KWH + 5 * HOUR_S * WH && !s->segment_count &&
	       !s->events[LEDGER_CLOCK_BACK] &&
	       conserved(s, Q_energy_import, 5 * HOUR_S * WH - 10 * WH) && sane_rows(s);
}

WITH_SHEET(untrusted_clock)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH), now;
	u64 told = s->told;

	/* After a start without a clock: 1971, then some hours of it. */
	for (s64 t = 0; t < 2 * HOUR_S; t += 10) {
		struct sent x = telegram_at(31536000 + t);

		x.reading.may_close = false;
		put(&x, Q_energy_import, milli + t * WH);
		hear(s, &x);
	}
	if (s->told != told)
		return broken("a period was closed");
	if (!ledger_accepted(s->book, Q_energy_import, &now) || now != milli + 7190 * WH)
		return broken("energy is not counted");
	if (!running_is(s, Q_energy_import, PERIOD_DAY, (600 + 7190) * WH, PARTIAL))
		return false;
	hear_on(s, Q_energy_import, T0 + 600 + 2 * HOUR_S, T0 + 3 * HOUR_S, 10,
		milli + 2 * HOUR_S * WH);
	return conserved(s, Q_energy_import, (3 * HOUR_S - 10) * WH) && sane_rows(s) &&
	       s->told == told + 11;
}

WITH_SHEET(untrusted_spike)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH), now;
	static const s64 values[] = { 6000, 99000000, 6010, 0, 6020, 6030 };

	for (unsigned int i = 0; i < COUNT(values); i++) {
		struct sent x = telegram_at(31536000 + 10 * i);

		x.reading.may_close = false;
		put(&x, Q_energy_import, values[i] ? milli + values[i] * WH : 0);
		hear(s, &x);
	}
	return ledger_accepted(s->book, Q_energy_import, &now) && now == milli + 6030 * WH;
}

WITH_SHEET(unconfirmed_clock_marks)
{
	for (s64 t = T0; t < T0 + 2000; t += 10) {
		struct sent x = telegram_at(t);

		x.reading.flags = t < T0 + 1000 ? QUALITY_CLOCK : 0;
		put(&x, Q_energy_import, (t - T0) * WH);
		hear(s, &x);
	}
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 900 * WH, QUALITY_CLOCK) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 900 * WH, 0);
}

/* --- meters that are replaced --- */

WITH_SHEET(replaced_in_a_day)
{
	hear_on(s, Q_energy_import, T0, T0 + 1000, 10, 5000 * KWH);
	ledger_replace(s->book, "5678", T0 + 1100);
	if (!running_is(s, Q_energy_import, PERIOD_DAY, 990 * WH, REPLACED | PARTIAL))
		return false;
	hear_on(s, Q_energy_import, T0 + 1100, T0 + 2000, 10, 3 * KWH);
	return !strcmp(s->book->number, "5678") && s->segment_count == 1 &&
	       !strcmp(s->segments[0].number, "1234") && !strcmp(s->segments[0].why, "replaced") &&
	       s->events[LEDGER_METER_REPLACED] == 1 &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, (90 + 700) * WH, REPLACED) &&
	       running_is(s, Q_energy_import, PERIOD_DAY, (990 + 890) * WH, REPLACED | PARTIAL) &&
	       conserved(s, Q_energy_import, sum_of_segments(s, Q_energy_import)) &&
	       sum_of_segments(s, Q_energy_import) == (990 + 890) * WH;
}

WITH_SHEET(replaced_over_days)
{
	s64 later_s = T0 + 3 * DAY_S;

	hear_on(s, Q_energy_import, T0, T0 + 1000, 10, 5000 * KWH);
	ledger_replace(s->book, "5678", later_s);
	hear_on(s, Q_energy_import, later_s, later_s + 1000, 10, 9000 * KWH);
	return row_is(s, Q_energy_import, PERIOD_DAY, T0, 990 * WH, REPLACED | PARTIAL) &&
	       row_is(s, Q_energy_import, PERIOD_DAY, T0 + DAY_S, 0, MISSING) &&
	       row_is(s, Q_energy_import, PERIOD_DAY, T0 + 2 * DAY_S, 0, MISSING) &&
	       running_is(s, Q_energy_import, PERIOD_DAY, 990 * WH, REPLACED | PARTIAL) &&
	       running_is(s, Q_energy_import, PERIOD_MONTH, 1980 * WH, REPLACED | PARTIAL) &&
	       conserved(s, Q_energy_import, 1980 * WH) && sane_rows(s);
}

/* A new meter, a register that began anew, and one that passed its highest value. */
WITH_SHEET(continuous_total)
{
	struct ledger_account *a;
	s64 milli = 0;

	hear_on(s, Q_energy_import, T0, T0 + 1000, 10, 5000 * KWH);
	ledger_replace(s->book, "5678", T0 + 1100);
	hear_on(s, Q_energy_import, T0 + 1100, T0 + 2000, 10, 3 * KWH);
	hear_on(s, Q_energy_import, T0 + 2000, T0 + 4000, 10, KWH);
	a = ledger_account(s->book, Q_energy_import);
	if (!a || s->segment_count != 2 || !ledger_continuous(s->book, Q_energy_import, &milli))
		return broken("%zu segments ended", s->segment_count);
	return milli == 5000 * KWH + sum_of_segments(s, Q_energy_import) ||
	       broken("%lld after %lld", (long long)milli, (long long)(5000 * KWH));
}

/* Telegrams of the meter before, read once more, do not bring it back. */
WITH_SHEET(former_meter_stays_away)
{
	hear_on(s, Q_energy_import, T0, T0 + 1000, 10, 5000 * KWH);
	if (!ledger_replace(s->book, "5678", T0 + 1100))
		return broken("not replaced");
	hear_on(s, Q_energy_import, T0 + 1100, T0 + 2000, 10, 3 * KWH);
	return !ledger_replace(s->book, "1234", T0) && !strcmp(s->book->number, "5678") &&
	       s->segment_count == 1 && s->events[LEDGER_METER_REPLACED] == 1 &&
	       s->book->counts.late == 1;
}

/* The gas meter is not replaced with the one of electricity. */
WITH_SHEET(gas_goes_on)
{
	hear_on(s, Q_energy_import, T0, T0 + 1000, 10, 5000 * KWH);
	hear_one(s, Q_gas, T0, 5000);
	ledger_replace(s->book, "5678", T0 + 1100);
	hear_on(s, Q_energy_import, T0 + 1100, T0 + 4000, 10, 3 * KWH);
	hear_one(s, Q_gas, T0 + HOUR_S, 5800);
	return s->segment_count == 1 && conserved(s, Q_gas, 800) &&
	       running_is(s, Q_gas, PERIOD_DAY, 800, PARTIAL);
}

/* --- silence --- */

WITH_SHEET(silence_told)
{
	s64 now_s = T0 + 600 + 3 * DAY_S;

	hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH);
	ledger_tick(s->ledger, T0 + 959);
	if (s->told)
		return broken("told before the grace is over");
	if (ledger_next_tick(s->ledger, T0 + 600) != T0 + 960)
		return broken("next tick at %d", (int)(ledger_next_tick(s->ledger, T0) - T0));
	for (s64 t = T0 + 600, next; t < now_s; t = next) {
		next = ledger_next_tick(s->ledger, t);
		if (next <= t)
			return broken("ticks stand still");
		ledger_tick(s->ledger, next);
	}
	if (!row_is(s, Q_energy_import, PERIOD_QUARTER, T0, 590 * WH, PARTIAL) ||
	    !row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 0, MISSING) ||
	    !row_is(s, Q_energy_import, PERIOD_QUARTER, now_s - 1800, 0, MISSING) ||
	    !row_is(s, Q_energy_import, PERIOD_DAY, T0, 590 * WH, PARTIAL) ||
	    !row_is(s, Q_energy_import, PERIOD_DAY, T0 + DAY_S, 0, MISSING) ||
	    !not_told(s, Q_energy_import, PERIOD_MONTH, T0))
		return false;
	if (s->told != 3 * 96 + 1 + 3)
		return broken("%d rows: some come twice", (int)s->told);
	/* And back: what was missing is estimated. */
	hear_import(s, now_s, 6 * KWH);
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900,
		      sheet_at(s, Q_energy_import, PERIOD_QUARTER, T0 + 900)->milli, ESTIMATED) &&
	       conserved(s, Q_energy_import, KWH) && sane_rows(s);
}

WITH_SHEET(silence_after_restart)
{
	hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH);
	ledger_tick(s->ledger, T0 + 4 * HOUR_S);
	u64 told = s->told;

	ledger_tick(s->ledger, T0 + 4 * HOUR_S + 1);
	ledger_tick(s->ledger, T0 + 3 * HOUR_S);
	return told == 15 && s->told == told;
}

/* Readings that come late, as from a buffer, and then silence again. */
WITH_SHEET(silence_told_again)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + 600, 10, 5 * KWH);

	ledger_tick(s->ledger, T0 + 4 * HOUR_S);
	hear_on(s, Q_energy_import, T0 + 600, T0 + HOUR_S + 600, 10, milli);
	ledger_tick(s->ledger, T0 + 4 * HOUR_S + 1);
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 1800, 900 * WH, 0) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + HOUR_S, 590 * WH, PARTIAL) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 2 * HOUR_S, 0, MISSING);
}

WITH_SHEET(no_ticks_for_the_living)
{
	for (s64 t = T0; t < T0 + 2 * DAY_S; t += 10) {
		hear_import(s, t, (t - T0) * WH);
		ledger_tick(s->ledger, t + 5);
	}
	for (size_t i = 0; i < s->room; i++) {
		if (s->rows[i].end_s && s->rows[i].quality & ~PARTIAL)
			return broken("quality %u", s->rows[i].quality);
	}
	return s->told == 2 * 96 - 1 + 2 && s->book->counts.late == 0;
}

/* Gas is read each hour: its quarters are estimated, and it is not silent in between. */
WITH_SHEET(hourly_gas)
{
	for (s64 t = T0 + 10; t < T0 + 8 * HOUR_S; t += 10) {
		struct sent x = telegram_at(t);
		s64 captured_s = t - t % HOUR_S;

		put(&x, Q_energy_import, (t - T0) * WH);
		put(&x, Q_gas, (captured_s - T0) / HOUR_S * 400);
		x.values.captured_s[0] = captured_s;
		hear(s, &x);
		ledger_tick(s->ledger, t);
	}
	for (int i = 0; i < 28; i++) {
		if (!row_is(s, Q_gas, PERIOD_QUARTER, T0 + i * 900, 100, ESTIMATED))
			return false;
	}
	return conserved(s, Q_gas, 2800) && !s->book->counts.late && s->told == 28 + 31 &&
	       !s->events[LEDGER_GAP];
}

/* --- totals, tariffs, lists --- */

static void hear_tariffs(struct sheet *s, s64 time_s, s64 t1, s64 t2, s64 total)
{
	struct sent t = telegram_at(time_s);

	if (t1 >= 0)
		put(&t, Q_energy_import_t1, t1);
	if (t2 >= 0)
		put(&t, Q_energy_import_t2, t2);
	if (total >= 0)
		put(&t, Q_energy_import, total);
	hear(s, &t);
}

WITH_SHEET(total_derived)
{
	s64 now;

	for (s64 t = 0; t < 2000; t += 10) {
		struct sent x = telegram_at(T0 + t);

		put(&x, Q_energy_import_t1, KWH + t * WH);
		put(&x, Q_energy_import_t2, 5 * KWH);
		/* The sum that the decoder made is not the meter's. */
		put(&x, Q_energy_import, 6 * KWH + t * WH);
		x.reading.sent = ~1ull;
		hear(s, &x);
	}
	return !ledger_account(s->book, Q_energy_import) && !s->book->sends_total &&
	       ledger_accepted(s->book, Q_energy_import, &now) && now == 6 * KWH + 1990 * WH &&
	       running_is(s, Q_energy_import, PERIOD_DAY, 1990 * WH, PARTIAL) &&
	       not_told(s, Q_energy_import, PERIOD_QUARTER, T0) &&
	       row_is(s, Q_energy_import_t1, PERIOD_QUARTER, T0, 900 * WH, 0);
}

/* A telegram without one of the parts: the total waits for it and never falls. */
WITH_SHEET(derived_total_never_falls)
{
	s64 last = 0, now;

	for (s64 t = 0; t < 2000; t += 10) {
		hear_tariffs(s, T0 + t, t % 30 ? KWH + t * WH : -1, t % 20 ? 5 * KWH + t * WH : -1,
			     -1);
		if (t < 20)
			continue;
		if (!ledger_accepted(s->book, Q_energy_import, &now) || now < last)
			return broken("from %" PRId64 " to %" PRId64, last, now);
		last = now;
	}
	return true;
}

WITH_SHEET(total_begins)
{
	for (s64 t = 0; t < 1000; t += 10)
		hear_tariffs(s, T0 + t, KWH + t * WH, 5 * KWH, -1);
	for (s64 t = 1000; t < 2000; t += 10)
		hear_tariffs(s, T0 + t, KWH + t * WH, 5 * KWH, 6 * KWH + t * WH);
	/* Not even when the total stays away: it is remembered. */
	hear_tariffs(s, T0 + 2000, KWH + 2000 * WH, 5 * KWH, -1);
	return s->book->sends_total == 1 && s->segment_count == 1 &&
	       !strcmp(s->segments[0].why, "total") &&
	       row_is(s, Q_energy_import_t1, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       not_told(s, Q_energy_import, PERIOD_QUARTER, T0) &&
	       running_is(s, Q_energy_import, PERIOD_DAY, 1990 * WH, PARTIAL) &&
	       running_is(s, Q_energy_import_t1, PERIOD_DAY, 2000 * WH, PARTIAL) &&
	       sum_of_segments(s, Q_energy_import) == 1990 * WH;
}

/* Totals in one list, tariffs in another, each with its own stamps. */
WITH_SHEET(split_lists)
{
	for (s64 t = 0; t < 4000; t += 10) {
		hear_tariffs(s, T0 + t, -1, -1, 6 * KWH + t * WH);
		hear_tariffs(s, T0 + t + 4, KWH + t * WH, 5 * KWH, -1);
	}
	return row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t1, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t2, PERIOD_QUARTER, T0 + 900, 0, 0) &&
	       conserved(s, Q_energy_import, 3990 * WH) &&
	       conserved(s, Q_energy_import_t1, 3990 * WH) && !s->book->counts.late &&
	       !s->events[LEDGER_TARIFFS_DIFFER];
}

WITH_SHEET(tariffs_differ_once)
{
	for (s64 t = 0; t < 4000; t += 10)
		hear_tariffs(s, T0 + t, KWH + t * WH, 5 * KWH, 6 * KWH + t * WH + 2 * WH);
	if (s->events[LEDGER_TARIFFS_DIFFER])
		return broken("two registers may leave out one Wh each");
	for (s64 t = 4000; t < 8000; t += 10)
		hear_tariffs(s, T0 + t, KWH + t * WH, 5 * KWH, 6 * KWH + t * WH + 3 * WH);
	return s->events[LEDGER_TARIFFS_DIFFER] == 1;
}

WITH_SHEET(unused_tariffs)
{
	s64 now;

	/* Linky sends all its registers, also those that stay 0. */
	for (s64 t = 0; t < 2000; t += 10) {
		struct sent x = telegram_at(T0 + t);

		for (enum quantity q = Q_energy_import_t2; q <= Q_energy_import_t10; q++)
			put(&x, q, 0);
		put(&x, Q_energy_import_t1, KWH + t * WH);
		put(&x, Q_energy_import, KWH + t * WH);
		hear(s, &x);
	}
	return !s->book->counts.zeros && !s->events[LEDGER_TARIFFS_DIFFER] &&
	       ledger_accepted(s->book, Q_energy_import_t10, &now) && now == 0 &&
	       row_is(s, Q_energy_import_t10, PERIOD_QUARTER, T0 + 900, 0, 0);
}

/* --- configured ranges --- */

static const struct tariff_ranges *ranges(const char *text)
{
	static struct tariff_ranges r;
	char error[200];

	if (!tariff_ranges_parse(text, &r, error, sizeof(error)))
		abort();
	return &r;
}

/* 22:08 in Paris is 20:08 UTC in summer. */
WITH_SHEET(ranges_split)
{
	s64 from_s = at("2024-07-10T20:00:00Z"), edge_s = at("2024-07-10T20:08:00Z");

	ledger_set_ranges(s->book, ranges("22:08-06:08 1, 06:08-22:08 2"));
	hear_on(s, Q_energy_import, from_s, from_s + 2000, 10, 5 * KWH);
	return edge_s - from_s == 480 &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, from_s, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t2, PERIOD_QUARTER, from_s, 480 * WH, 0) &&
	       row_is(s, Q_energy_import_t1, PERIOD_QUARTER, from_s, 420 * WH, 0) &&
	       row_is(s, Q_energy_import_t2, PERIOD_QUARTER, from_s + 900, 0, 0) &&
	       row_is(s, Q_energy_import_t1, PERIOD_QUARTER, from_s + 900, 900 * WH, 0) &&
	       conserved(s, Q_energy_import_t1, 1510 * WH) &&
	       conserved(s, Q_energy_import_t2, 480 * WH) &&
	       !ledger_accepted(s->book, Q_energy_import_t1, &from_s);
}

/* Two days in a gap: 71 hours, of which the night has so many of each day; edges are estimated. */
WITH_SHEET(ranges_over_a_gap)
{
	s64 from_s = at("2024-03-29T11:00:00Z"), to_s = at("2024-04-01T10:00:00Z"), sum;

	ledger_set_ranges(s->book, ranges("22:00-06:00 1, 06:00-22:00 2"));
	hear_import(s, from_s, 5 * KWH);
	hear_import(s, to_s, 5 * KWH + 71 * KWH);
	/* Three nights, one of which has 7 hours. */
	sum = sum_of_periods(s, Q_energy_import_t1, PERIOD_DAY) +
	      sum_of_periods(s, Q_energy_import_t2, PERIOD_DAY);
	return conserved(s, Q_energy_import_t1, 23 * KWH) &&
	       conserved(s, Q_energy_import_t2, 48 * KWH) && sum == 71 * KWH &&
	       row_is(s, Q_energy_import_t1, PERIOD_DAY, at("2024-03-31T10:00:00Z"), 7 * KWH,
		      ESTIMATED) &&
	       row_is(s, Q_energy_import_t2, PERIOD_DAY, at("2024-03-31T10:00:00Z"), 16 * KWH,
		      ESTIMATED) &&
	       sane_rows(s);
}

/* TIC BASE has its one index as that of tariff 1. */
WITH_SHEET(ranges_on_base)
{
	s64 from_s = at("2024-07-10T20:00:00Z"), now;

	ledger_set_ranges(s->book, ranges("22:00-06:00 1, 06:00-22:00 2"));
	for (s64 t = from_s - 900; t < from_s + 1000; t += 10) {
		char base[16];
		const char *groups[] = { "ADCO 031234567890", base };

		snprintf(base, sizeof(base), "BASE %09d", (int)(5000 + t - from_s));
		hear_tic(s, t, groups, 2);
	}
	return row_is(s, Q_energy_import, PERIOD_QUARTER, from_s, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t2, PERIOD_QUARTER, from_s - 900, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t1, PERIOD_QUARTER, from_s, 900 * WH, 0) &&
	       ledger_accepted(s->book, Q_energy_import_t1, &now) && now == 5990 * WH &&
	       ledger_accepted(s->book, Q_energy_import, &now) && now == 5990 * WH &&
	       !ledger_accepted(s->book, Q_energy_import_t2, &now) && s->book->sends_total == 1;
}

/* Ranges are configured on a meter that had its one register as that of tariff 1. */
WITH_SHEET(ranges_come_later)
{
	s64 from_s = at("2024-07-10T20:00:00Z"), milli;

	milli = hear_on(s, Q_energy_import_t1, from_s - HOUR_S, from_s, 10, 5 * KWH);
	ledger_set_ranges(s->book, ranges("22:00-06:00 1, 06:00-22:00 2"));
	hear_on(s, Q_energy_import_t1, from_s, from_s + HOUR_S, 10, milli);
	/* What was counted before stays tariff 1, and the total goes on from it. */
	return running_is(s, Q_energy_import, PERIOD_DAY, 7190 * WH, PARTIAL) &&
	       running_is(s, Q_energy_import_t1, PERIOD_DAY, 7190 * WH, PARTIAL) &&
	       running_is(s, Q_energy_import_t2, PERIOD_DAY, 0, PARTIAL) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, from_s, 900 * WH, 0);
}

WITH_SHEET(ranges_taken_away)
{
	s64 from_s = at("2024-07-10T20:00:00Z"), milli, now;

	ledger_set_ranges(s->book, ranges("22:00-06:00 1, 06:00-22:00 2"));
	milli = hear_on(s, Q_energy_import_t1, from_s - HOUR_S, from_s, 10, 5 * KWH);
	ledger_set_ranges(s->book, NULL);
	hear_on(s, Q_energy_import_t1, from_s, from_s + HOUR_S, 10, milli);
	return running_is(s, Q_energy_import, PERIOD_DAY, 7190 * WH, PARTIAL) &&
	       conserved(s, Q_energy_import, 7190 * WH) &&
	       ledger_accepted(s->book, Q_energy_import_t1, &now) && now == 5 * KWH + 7190 * WH;
}

WITH_SHEET(ranges_without_effect)
{
	ledger_set_ranges(s->book, ranges("22:00-06:00 1, 06:00-22:00 2"));
	for (s64 t = 0; t < 2000; t += 10)
		hear_tariffs(s, T0 + t, KWH + t * WH, 5 * KWH, -1);
	return row_is(s, Q_energy_import_t1, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t2, PERIOD_QUARTER, T0 + 900, 0, 0);
}

/* Ranges are configured where the total comes alone and the tariffs in another list. */
WITH_SHEET(ranges_on_split_lists)
{
	for (s64 t = 0; t < 2000; t += 10) {
		if (t == 1000)
			ledger_set_ranges(s->book, ranges("22:00-06:00 1, 06:00-22:00 2"));
		hear_tariffs(s, T0 + t, -1, -1, 6 * KWH + t * WH);
		hear_tariffs(s, T0 + t + 1, KWH + t * WH, 5 * KWH, -1);
	}
	return row_is(s, Q_energy_import_t1, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t2, PERIOD_QUARTER, T0 + 900, 0, 0) &&
	       !s->segment_count &&
	       ledger_account(s->book, Q_energy_import_t2)->kind == ACCOUNT_SENT;
}

/* The total came in a list of its own before the tariffs did. */
WITH_SHEET(tariffs_come_after_all)
{
	ledger_set_ranges(s->book, ranges("22:00-06:00 1, 06:00-12:00 2, 12:00-22:00 3"));
	for (s64 t = 0; t < 2000; t += 10) {
		hear_tariffs(s, T0 + t, -1, -1, 6 * KWH + t * WH);
		hear_tariffs(s, T0 + t + 1, KWH + t * WH, 5 * KWH, -1);
	}
	return row_is(s, Q_energy_import_t1, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       row_is(s, Q_energy_import_t2, PERIOD_QUARTER, T0 + 900, 0, 0) &&
	       row_is(s, Q_energy_import, PERIOD_QUARTER, T0 + 900, 900 * WH, 0) &&
	       conserved(s, Q_energy_import_t2, 0) && conserved(s, Q_energy_import_t3, 0);
}

/* --- what telegrams have --- */

struct totals {
	u64 sent;
	bool heard;
};

static void on_totals(void *context, const struct telegram *t)
{
	struct totals *found = context;

	found->sent = telegram_sent_registers(t);
	found->heard = true;
}

static bool totals_are(const u8 *bytes, size_t len, u64 totals)
{
	static struct line_decoder d;
	struct totals found = { 0 };

	line_decoder_init(&d, LINE_AUTO, on_totals, &found);
	line_decoder_feed(&d, bytes, len, 0);
	line_decoder_pause(&d);
	return found.heard && (found.sent & (1ull << Q_energy_import | 1ull << Q_energy_export)) ==
	       totals;
}

static bool sums_are_not_sent(const char **skip)
{
	const u64 import = 1ull << Q_energy_import, export = 1ull << Q_energy_export;
	const char *historique[] = { "ADCO 031234567890", "HCHC 000000001", "HCHP 000000002" };
	const char *standard[] = { "ADSC\t031234567890", "EAST\t000000001" };
	u8 bytes[1024];

	(void)skip;
	return totals_are(bytes, p1_with_crc(bytes, sizeof(bytes),
					     "/ABC5METER\r\n\r\n1-0:1.8.1(000001.000*kWh)\r\n"
					     "1-0:1.8.2(000001.000*kWh)\r\n"
					     "1-0:2.8.0(000001.000*kWh)\r\n!"), export) &&
	       totals_are(bytes, p1_with_crc(bytes, sizeof(bytes),
					     "/ABC5METER\r\n\r\n1-1:1.8.0(000001.000*kWh)\r\n"
					     "1-1:2.8.1(000001.000*kWh)\r\n!"), import) &&
	       totals_are(bytes, p1_with_crc(bytes, sizeof(bytes),
					     "/ABC5METER\r\n\r\n"
					     "1-7:1.8.0(000001.000*kWh)\r\n!"), import) &&
	       totals_are(bytes, tic_frame_of(bytes, sizeof(bytes), historique, 3), export) &&
	       totals_are(bytes, tic_frame_of(bytes, sizeof(bytes), standard, 2), import | export);
}

/* --- books --- */

WITH_SHEET(books_found)
{
	struct ledger_book *b = ledger_add(s->ledger, "shop", "77", "line", s->book->zone);
	struct ledger_book stored = { .id = 40, .name = "old", .number = "88" };

	ledger_restore_book(s->ledger, &stored);
	return b && b->id == 2 && ledger_find(s->ledger, "shop") == b &&
	       ledger_find_number(s->ledger, "77") == b && !ledger_find(s->ledger, "77") &&
	       ledger_find(s->ledger, "old")->id == 40 &&
	       ledger_add(s->ledger, "new", "99", "line", s->book->zone)->id == 41 &&
	       ledger_books(s->ledger) == s->book;
}

WITH_SHEET(no_readings_nothing_listed)
{
	struct ledger_entry e;
	s64 now;

	ledger_tick(s->ledger, T0);
	return !ledger_running(s->book, Q_energy_import, PERIOD_DAY, &e) &&
	       !ledger_running(s->book, Q_gas, PERIOD_DAY, &e) &&
	       !ledger_accepted(s->book, Q_energy_import, &now) &&
	       !ledger_account(s->book, Q_gas) && !s->told &&
	       ledger_next_tick(s->ledger, T0) == INT64_MAX;
}

WITH_SHEET(zone_changed)
{
	s64 milli = hear_on(s, Q_energy_import, T0, T0 + HOUR_S, 10, 5 * KWH);

	struct ledger_entry e;

	ledger_set_zone(s->book, zone_get("America/Havana"));
	ledger_running(s->book, Q_energy_import, PERIOD_DAY, &e);
	if (e.end_s != at("2024-07-11T04:00:00Z") || e.start_s != at("2024-07-09T22:00:00Z"))
		return broken("the day ends at %" PRId64, e.end_s);
	hear_on(s, Q_energy_import, T0 + HOUR_S, T0 + 2 * DAY_S, 10, milli);
	return conserved(s, Q_energy_import, (2 * DAY_S - 10) * WH) && sane_rows(s) &&
	       sheet_at(s, Q_energy_import, PERIOD_DAY, T0 + DAY_S) != NULL;
}

/* Accounts as a store would keep them, put into a new ledger. */
static struct sheet *restarted(struct sheet *s)
{
	struct sheet *next = sheet_new(zone_name(s->book->zone));

	next->book->sends_total = s->book->sends_total;
	for (unsigned int i = 0; i < s->book->count; i++) {
		struct ledger_account a = s->book->accounts[i];

		a.fast_until_s = UINT32_MAX;
		if (!ledger_restore_account(next->book, &a))
			abort();
	}
	for (size_t i = 0; i < s->room; i++) {
		if (s->rows[i].end_s)
			sheet_row(next, next->book, &s->rows[i]);
	}
	memcpy(next->segments, s->segments, sizeof(s->segments));
	next->segment_count = s->segment_count;
	sheet_free(s);
	return next;
}

static bool restart_loses_nothing(const char **skip)
{
	struct sheet *s = sheet_new("Europe/Paris"), *whole = sheet_new("Europe/Paris");
	bool kept = true;

	(void)skip;
	for (s64 t = 0; t < 8000; t += 10) {
		hear_tariffs(s, T0 + t, KWH + t * WH, 5 * KWH, t < 3000 ? -1 : 6 * KWH + t * WH);
		hear_tariffs(whole, T0 + t, KWH + t * WH, 5 * KWH,
			     t < 3000 ? -1 : 6 * KWH + t * WH);
		if (t % 370 == 0)
			s = restarted(s);
	}
	for (size_t i = 0; i < whole->room; i++) {
		const struct ledger_entry *e = &whole->rows[i];

		if (e->end_s)
			kept &= row_is(s, e->reg, e->period, e->start_s, e->milli, e->quality);
	}
	kept &= s->count == whole->count &&
		running_is(s, Q_energy_import, PERIOD_DAY, 7990 * WH, PARTIAL);
	sheet_free(s);
	sheet_free(whole);
	return kept;
}

static bool restart_with_ranges(const char **skip)
{
	struct sheet *s = sheet_new("Europe/Paris");
	const struct tariff_ranges *r = ranges("12:20-06:00 1, 06:00-12:20 2");
	bool kept;

	(void)skip;
	/* 12:00 in Paris at first. */
	for (s64 t = 0; t < 3600; t += 10) {
		if (t % 370 == 0)
			s = restarted(s);
		ledger_set_ranges(s->book, r);
		hear_import(s, T0 + t, t * WH);
	}
	kept = conserved(s, Q_energy_import_t2, 1200 * WH) &&
	       conserved(s, Q_energy_import_t1, 2390 * WH) &&
	       conserved(s, Q_energy_import, 3590 * WH);
	sheet_free(s);
	return kept;
}

static const struct promise promises[] = {
	{ "a_running_period_is_listed_from_the_reading_that_opens_it", first_reading_opens },
	{ "a_period_from_the_first_reading_is_partial", first_period_partial },
	{ "a_first_reading_soon_after_the_boundary_stands_for_it", first_period_good },
	{ "quarters_with_readings_are_good_and_exact", quarters_good },
	{ "a_boundary_is_good_within_three_intervals_60_to_300_s", grace },
	{ "one_long_interval_does_not_widen_the_grace", grace_is_the_median },
	{ "a_boundary_in_a_gap_is_interpolated_and_the_gap_exact", interpolation_exact },
	{ "interpolation_rounds_down_and_loses_nothing", interpolation_floors },
	{ "half_a_century_does_not_overflow", interpolation_large },
	{ "three_days_over_month_end_and_summer_time_sum_exactly", gap_of_three_days },
	{ "gaps_over_autumn_and_a_leap_day_sum_exactly", gap_autumn_and_leap_day },
	{ "a_gap_of_years_does_not_make_quarters_nobody_keeps", old_quarters_left_out },
	{ "a_closed_boundary_never_moves", closed_stays },
	{ "a_register_gains_at_most_its_limit", limits },
	{ "a_spike_is_never_booked", spike_not_booked },
	{ "a_jump_is_booked_after_3_telegrams_and_60_s", jump_confirmed },
	{ "time_alone_does_not_confirm_a_jump", jump_needs_count },
	{ "values_that_do_not_agree_confirm_nothing", scatter_not_confirmed },
	{ "a_fallen_register_is_held_and_after_15_min_a_new_segment", fall_held_then_reset },
	{ "time_alone_does_not_confirm_a_reset", reset_needs_count },
	{ "a_repeated_telegram_confirms_nothing", repeats_confirm_nothing },
	{ "a_dip_is_never_a_new_base", dip_never_rebased },
	{ "a_spike_of_0_is_ignored_even_where_a_register_may_wrap", zero_ignored },
	{ "a_register_may_stay_at_0_and_begin", zero_from_the_start },
	{ "a_missing_register_keeps_its_last_value", register_missing_keeps_last },
	{ "late_readings_and_repeats_are_counted_and_never_booked", late_never_booked },
	{ "more_in_the_same_second_is_booked", same_second_booked },
	{ "duplicates_in_any_order_change_nothing", duplicates_any_order },
	{ "nine_digits_of_tic_wrap", wrap_of_tic },
	{ "p1_wraps_by_the_digits_it_prints_and_only_then", wraps_of_p1 },
	{ "a_wrap_in_a_gap_is_split_as_any_step", wrap_over_a_boundary },
	{ "digits_tell_step_and_modulus", forms },
	{ "stamps_of_1970_and_2000_close_nothing", unset_clocks },
	{ "a_meter_that_begins_in_1970_loses_nothing", unset_clock_first },
	{ "one_stamp_ahead_is_taken_back_without_a_trace", one_stamp_ahead },
	{ "a_stamp_ahead_does_not_kill_an_account_over_a_restart", stamp_ahead_and_restart },
	{ "a_clock_ahead_for_long_does_not_kill_an_account", clock_ahead_for_long },
	{ "a_clock_put_forward_an_hour_loses_nothing", clock_steps_forward },
	{ "a_clock_put_back_an_hour_books_nothing_twice", clock_steps_back },
	{ "without_a_trusted_clock_energy_counts_and_nothing_closes", untrusted_clock },
	{ "without_a_trusted_clock_a_spike_counts_nothing", untrusted_spike },
	{ "a_period_closed_by_an_unconfirmed_clock_says_so", unconfirmed_clock_marks },
	{ "the_day_of_a_replaced_meter_is_part_one_and_part_two", replaced_in_a_day },
	{ "a_meter_replaced_over_days_leaves_the_days_between_missing", replaced_over_days },
	{ "telegrams_of_a_former_meter_do_not_bring_it_back", former_meter_stays_away },
	{ "gas_goes_on_when_the_electricity_meter_is_replaced", gas_goes_on },
	{ "a_continuous_total_goes_on_over_new_meters_and_resets", continuous_total },
	{ "silence_is_missing_and_then_estimated", silence_told },
	{ "silence_is_told_once", silence_after_restart },
	{ "silence_after_late_readings_is_told_anew", silence_told_again },
	{ "a_register_that_is_heard_is_never_told_as_silent", no_ticks_for_the_living },
	{ "hourly_gas_goes_by_its_own_stamps", hourly_gas },
	{ "a_total_that_is_not_sent_is_the_sum_of_its_tariffs", total_derived },
	{ "a_missing_part_delays_the_total_and_never_lowers_it", derived_total_never_falls },
	{ "a_total_that_begins_goes_on_from_its_tariffs", total_begins },
	{ "totals_and_tariffs_in_different_lists_are_both_exact", split_lists },
	{ "tariffs_that_do_not_sum_to_the_total_are_told_once", tariffs_differ_once },
	{ "unused_tariffs_are_accounts_like_others", unused_tariffs },
	{ "ranges_split_a_register_at_their_edge", ranges_split },
	{ "ranges_split_a_gap_over_summer_time_hour_by_hour", ranges_over_a_gap },
	{ "ranges_make_the_one_register_of_tic_base_the_total", ranges_on_base },
	{ "ranges_that_come_later_lose_nothing", ranges_come_later },
	{ "ranges_that_are_taken_away_lose_nothing", ranges_taken_away },
	{ "ranges_do_nothing_where_the_meter_counts_tariffs", ranges_without_effect },
	{ "ranges_do_nothing_where_tariffs_come_in_another_list", ranges_on_split_lists },
	{ "ranges_give_way_to_tariffs_in_a_later_list", tariffs_come_after_all },
	{ "a_total_that_the_decoder_summed_is_not_sent", sums_are_not_sent },
	{ "books_are_found_by_name_and_number", books_found },
	{ "without_a_reading_nothing_is_listed", no_readings_nothing_listed },
	{ "a_change_of_zone_loses_nothing", zone_changed },
	{ "a_restart_at_any_point_changes_no_figure", restart_loses_nothing },
	{ "a_restart_with_ranges_changes_no_figure", restart_with_ranges },
};

int main(void)
{
	int failed = keep_promises(promises, COUNT(promises));

	zones_free();
	return failed;
}
