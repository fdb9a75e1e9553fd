// SPDX-License-Identifier: MIT
/*
 * The ledger under everything that meters, lines and clocks do, at random: whatever comes, periods
 * sum to what the registers counted. Each run follows from its number, which is told when it fails.
 *
 *	build/tests/meterd-ledger_random [RUNS [FIRST]]
 */
#include "ledger_sheet.h"

#define MODULUS (1000000 * KWH)
#define READINGS 1500
#define REGISTERS 5

static unsigned int runs = 60;
static unsigned int first_run = 1;

static const char *const zones[] = {
	"Europe/Paris", "Europe/Dublin", "Atlantic/Azores", "America/Santiago", "America/Havana",
	"Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC",
};

/* What happens in a run. */
#define WITH_RESETS	0x01u
#define WITH_REPLACED	0x02u
#define WITH_JUMPS	0x04u
#define WITH_UNTRUSTED	0x08u
#define WITH_RESTARTS	0x10u
#define WITH_SPLIT	0x20u
#define WITH_RANGES	0x40u

/**
 * struct house - a meter as it really is
 * @value: of the registers now, thousandths
 * @used: what went through them since their first reading
 * @captured_s: of the gas, the last of @register_of
 */
struct house {
	struct sheet *s;
	u64 lots;
	unsigned int with;
	s64 now_s;
	s64 interval_s;
	s64 value[REGISTERS];
	s64 used[REGISTERS];
	s64 captured_s;
	s64 captured;
	struct sent sent[READINGS];
	unsigned int count;
	unsigned int happened;
};

static const enum quantity register_of[REGISTERS] = {
	Q_energy_import, Q_energy_import_t1, Q_energy_import_t2, Q_energy_export, Q_gas,
};

static bool chance(struct house *h, unsigned int one_of)
{
	return !lot(&h->lots, one_of);
}

static void use(struct house *h, unsigned int i, s64 milli)
{
	h->value[i] += milli;
	h->used[i] += milli;
	if (i < 4 && h->value[i] >= MODULUS)
		h->value[i] -= MODULUS;
}

/* Time goes on, and energy flows: up to 8 kW in, 3 kW out, some gas. */
static void live(struct house *h, s64 seconds)
{
	s64 t1 = lot(&h->lots, 8000) * seconds / 3600 * WH;
	s64 t2 = chance(h, 3) ? lot(&h->lots, 4000) * seconds / 3600 * WH : 0;

	h->now_s += seconds;
	use(h, 1, t1);
	use(h, 2, t2);
	use(h, 0, t1 + t2);
	use(h, 3, chance(h, 2) ? lot(&h->lots, 3000) * seconds / 3600 * WH : 0);
	use(h, 4, lot(&h->lots, 10) * seconds / 36);
	if (h->now_s / HOUR_S != h->captured_s / HOUR_S) {
		h->captured_s = h->now_s - h->now_s % HOUR_S;
		h->captured = h->value[4];
	}
}

static struct sent truth(const struct house *h)
{
	struct sent t = telegram_at(h->now_s);

	for (unsigned int i = 0; i < 4; i++)
		put(&t, register_of[i], h->value[i]);
	if (h->with & WITH_RANGES)
		t.reading.sent = ~6ull;
	put(&t, Q_gas, h->captured);
	t.values.captured_s[0] = h->captured_s;
	return t;
}

static void heard(struct house *h, struct sent *t)
{
	hear(h->s, t);
	if (h->count < READINGS && t->reading.may_close)
		h->sent[h->count++] = *t;
}

static void hear_truth(struct house *h)
{
	struct sent t = truth(h);

	if (h->with & WITH_SPLIT && !(h->with & WITH_RANGES)) {
		t.reading.sent = chance(h, 2) ? ~6ull : 6;
		heard(h, &t);
		t.reading.sent ^= ~0ull;
		t.reading.time_s = h->now_s += 1;
	}
	heard(h, &t);
}

/* A telegram with one wrong value. */
static void hear_wrong(struct house *h, unsigned int i, s64 milli)
{
	struct sent t = truth(h);

	put(&t, register_of[i], milli);
	heard(h, &t);
	h->happened++;
}

static void restart(struct house *h)
{
	struct ledger_book *b = h->s->book;

	/* What is not stored is gone. */
	for (unsigned int i = 0; i < b->count; i++) {
		free(b->accounts[i].doubt);
		b->accounts[i].doubt = NULL;
	}
	if (b->ranges)
		ledger_set_ranges(b, b->ranges);
}

static void untrusted(struct house *h)
{
	s64 real_s = h->now_s, wrong_s = 100000 + lot(&h->lots, 2000000000);

	for (unsigned int i = lot(&h->lots, 200); i; i--) {
		struct sent t;

		live(h, h->interval_s);
		t = truth(h);
		t.reading.time_s = wrong_s + h->now_s - real_s;
		t.reading.may_close = false;
		heard(h, &t);
	}
	live(h, h->interval_s);
}

/* The register begins anew, and is read until that is believed. */
static void reset(struct house *h)
{
	unsigned int i = lot(&h->lots, 4);

	if (h->with & WITH_RANGES)
		i = 3 * lot(&h->lots, 2);
	/* From the last tenth it would be a wrap. */
	if (h->value[i] > MODULUS / 10 * 9)
		return;
	h->value[i] = (1 + lot(&h->lots, 100)) * WH;
	h->happened++;
	for (s64 t = 0; t <= 1000 || t <= 11 * h->interval_s; t += h->interval_s) {
		live(h, h->interval_s);
		hear_truth(h);
	}
}

static void jump(struct house *h)
{
	unsigned int i = lot(&h->lots, 4);

	if (h->with & WITH_RANGES)
		i = 3 * lot(&h->lots, 2);
	/* Beyond what any gap could explain. */
	if (h->value[i] > MODULUS / 2)
		return;
	use(h, i, 300000 * KWH);
	h->happened++;
	for (s64 t = 0; t <= 100 || t <= 5 * h->interval_s; t += h->interval_s) {
		live(h, h->interval_s);
		hear_truth(h);
	}
}

static void replace(struct house *h)
{
	char number[20];

	snprintf(number, sizeof(number), "%u", lot(&h->lots, 1000000));
	ledger_replace(h->s->book, number, h->now_s);
	for (unsigned int i = 0; i < 4; i++)
		h->value[i] = lot(&h->lots, 1000000) * WH;
	h->happened++;
	live(h, chance(h, 2) ? h->interval_s : 3 * DAY_S);
}

static void something(struct house *h)
{
	unsigned int i = lot(&h->lots, 4);

	if (h->with & WITH_RANGES)
		i = 3 * lot(&h->lots, 2);
	switch (lot(&h->lots, 12)) {
	case 0:
		live(h, 60 + lot(&h->lots, 5 * DAY_S));
		break;
	case 1:
		live(h, 1 + lot(&h->lots, HOUR_S));
		break;
	case 2:
		hear_wrong(h, i, 0);
		break;
	case 3:
		/* One that is too much, or falls: unless it is a wrap that could be. */
		if (h->value[i] < MODULUS / 3)
			hear_wrong(h, i, h->value[i] + 400000 * KWH);
		break;
	case 4:
		if (h->value[i] > 500 * KWH && h->value[i] < MODULUS * 8 / 10)
			hear_wrong(h, i, h->value[i] - 1 - lot(&h->lots, 400000000));
		break;
	case 5:
		for (unsigned int k = lot(&h->lots, 20); k && h->count; k--) {
			struct sent *old = &h->sent[lot(&h->lots, h->count)];

			if (!(h->with & WITH_REPLACED))
				hear(h->s, old);
		}
		break;
	case 6:
		ledger_tick(h->s->ledger, h->now_s + lot(&h->lots, 2 * DAY_S));
		break;
	case 7:
		if (h->with & WITH_RESETS && chance(h, 4))
			reset(h);
		break;
	case 8:
		if (h->with & WITH_JUMPS && chance(h, 4))
			jump(h);
		break;
	case 9:
		if (h->with & WITH_REPLACED && chance(h, 4))
			replace(h);
		break;
	case 10:
		if (h->with & WITH_UNTRUSTED)
			untrusted(h);
		break;
	case 11:
		if (h->with & WITH_RESTARTS)
			restart(h);
		break;
	}
}

static const struct tariff_ranges *night(void)
{
	static struct tariff_ranges r;
	char error[200];

	if (!tariff_ranges_parse("22:08-06:08 1, 06:08-12:00 2, 12:00-14:30 3, 14:30-22:08 2", &r,
				 error, sizeof(error)))
		abort();
	return &r;
}

/* The house of a run, after all that happened to it, and an hour of peace. */
static struct house *house_lived(unsigned int run, unsigned int with)
{
	static const s64 intervals[] = { 1, 2, 10, 60, 300, 900 };
	struct house *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	h->lots = run * 7919 + with;
	lot(&h->lots, 2);
	h->with = with;
	h->s = sheet_new(zones[run % COUNT(zones)]);
	h->now_s = at("2020-01-01T00:00:00Z") + lot(&h->lots, 500000000);
	h->interval_s = intervals[lot(&h->lots, COUNT(intervals))];
	for (unsigned int i = 0; i < REGISTERS; i++)
		h->value[i] = (1 + lot(&h->lots, 1000000)) * WH;
	if (chance(h, 3))
		h->value[0] = MODULUS - (1 + lot(&h->lots, 100000)) * WH;
	if (with & WITH_RANGES)
		ledger_set_ranges(h->s->book, night());
	live(h, h->interval_s);
	hear_truth(h);
	for (unsigned int i = 0; i < h->s->book->count; i++) {
		if (h->s->book->accounts[i].reg < Q_gas)
			h->s->book->accounts[i].modulus = MODULUS;
	}
	memset(h->used, 0, sizeof(h->used));
	while (h->count < READINGS - 300) {
		live(h, h->interval_s);
		if (!chance(h, 50))
			hear_truth(h);
		if (chance(h, 30))
			something(h);
		for (unsigned int i = 0; i < h->s->book->count; i++) {
			if (h->s->book->accounts[i].reg < Q_gas)
				h->s->book->accounts[i].modulus = MODULUS;
		}
	}
	for (s64 t = 0; t <= HOUR_S || t <= 12 * h->interval_s; t += 30) {
		live(h, 30);
		hear_truth(h);
	}
	return h;
}

static void house_free(struct house *h)
{
	sheet_free(h->s);
	free(h);
}

/* Rows are the periods of the zone, and none of them is negative. */
static bool rows_are_periods(const struct sheet *s)
{
	s64 start_s, end_s;

	if (!sane_rows(s))
		return false;
	for (size_t i = 0; i < s->room; i++) {
		const struct ledger_entry *e = &s->rows[i];

		if (!e->end_s)
			continue;
		zone_period(s->book->zone, e->period, e->start_s, &start_s, &end_s);
		if (start_s != e->start_s || end_s != e->end_s)
			return broken("%s %" PRId64 "..%" PRId64, period_name(e->period),
				      e->start_s, e->end_s);
	}
	return true;
}

static bool all_conserved(const struct house *h)
{
	const struct ledger_book *b = h->s->book;

	for (unsigned int i = 0; i < b->count; i++) {
		enum quantity q = b->accounts[i].reg;

		if (!conserved(h->s, q, sum_of_segments(h->s, q)))
			return false;
	}
	return rows_are_periods(h->s) && b->count >= 4;
}

typedef bool (*run_check)(struct house *h);

static bool all_runs(unsigned int with, run_check check)
{
	unsigned int happened = 0, segments = 0, wraps = 0, gaps = 0;

	for (unsigned int run = first_run; run < first_run + runs; run++) {
		struct house *h = house_lived(run, with);
		bool kept = check(h);

		happened += h->happened;
		segments += h->s->segment_count;
		wraps += h->s->events[LEDGER_REGISTER_WRAPPED];
		gaps += h->s->events[LEDGER_GAP];
		house_free(h);
		if (!kept)
			return broken("run %u with 0x%02x", run, with);
	}
	note("%u runs: %u odd readings, %u segments, %u wraps, %u gaps", runs, happened, segments,
	     wraps, gaps);
	if (runs < 20)
		return true;
	/* A total that comes after its tariffs ends what they were for it. */
	return (happened && wraps && gaps &&
		!segments == !(with & (WITH_RESETS | WITH_REPLACED | WITH_SPLIT))) ||
	       broken("nothing happened");
}

/* Also: the register stands where the meter has it, and everything it counted was counted. */
static bool exactly_used(struct house *h)
{
	s64 now;

	if (!all_conserved(h))
		return false;
	for (unsigned int i = 0; i < 4; i++) {
		enum quantity q = register_of[i];

		if (h->with & WITH_RANGES && (i == 1 || i == 2))
			continue;
		if (!ledger_accepted(h->s->book, q, &now) || now != h->value[i])
			return broken("%s is %" PRId64 ", not %" PRId64, quantity_info[q].name,
				      now, h->value[i]);
		if (sum_of_segments(h->s, q) != h->used[i])
			return broken("%s counted %" PRId64 ", not %" PRId64,
				      quantity_info[q].name, sum_of_segments(h->s, q), h->used[i]);
	}
	return !ledger_held(h->s->book) || broken("something is held");
}

/* Where segments end something is not known: never more than was used, and all that is now. */
static bool never_more_than_used(struct house *h)
{
	s64 now;

	if (!all_conserved(h))
		return false;
	for (unsigned int i = 0; i < 4; i++) {
		enum quantity q = register_of[i];

		if (!ledger_accepted(h->s->book, q, &now) || now != h->value[i])
			return broken("%s is %" PRId64 ", not %" PRId64, quantity_info[q].name,
				      now, h->value[i]);
		if (sum_of_segments(h->s, q) > h->used[i] || sum_of_segments(h->s, q) <= 0)
			return broken("%s counted %" PRId64 " of %" PRId64, quantity_info[q].name,
				      sum_of_segments(h->s, q), h->used[i]);
	}
	return true;
}

/* All telegrams once more, in their order and in some other one: no row, no Wh. */
static bool replay_changes_nothing(struct house *h)
{
	u64 told = h->s->told, booked = h->s->book->counts.booked;
	size_t segments = h->s->segment_count;
	s64 before[REGISTERS];

	for (unsigned int i = 0; i < REGISTERS; i++)
		before[i] = sum_of_periods(h->s, register_of[i], PERIOD_YEAR);
	for (unsigned int i = 0; i < h->count; i++)
		hear(h->s, &h->sent[i]);
	for (unsigned int i = 0; i < h->count; i++)
		hear(h->s, &h->sent[lot(&h->lots, h->count)]);
	if (h->s->told != told || h->s->book->counts.booked != booked ||
	    h->s->segment_count != segments)
		return broken("%d rows, %d booked", (int)(h->s->told - told),
			      (int)(h->s->book->counts.booked - booked));
	for (unsigned int i = 0; i < REGISTERS; i++) {
		if (sum_of_periods(h->s, register_of[i], PERIOD_YEAR) != before[i])
			return broken("%s", quantity_info[register_of[i]].name);
	}
	return all_conserved(h);
}

/* The tariffs of ranges sum to their total, at every level. */
static bool ranges_sum_to_total(struct house *h)
{
	for (unsigned int p = 0; p < PERIOD_COUNT; p++) {
		s64 sum = 0;

		for (unsigned int i = 1; i <= 3; i++)
			sum += sum_of_periods(h->s, Q_energy_import + i, p);
		if (sum != sum_of_periods(h->s, Q_energy_import, p))
			return broken("%ss: %" PRId64, period_name(p), sum);
	}
	return exactly_used(h);
}

static bool plain(const char **skip)
{
	(void)skip;
	return all_runs(0, exactly_used);
}

static bool jumps_and_restarts(const char **skip)
{
	(void)skip;
	return all_runs(WITH_JUMPS | WITH_SPLIT, exactly_used) &&
	       all_runs(WITH_RESTARTS, exactly_used);
}

static bool untrusted_clocks(const char **skip)
{
	(void)skip;
	return all_runs(WITH_UNTRUSTED | WITH_RESTARTS, exactly_used);
}

static bool resets(const char **skip)
{
	(void)skip;
	return all_runs(WITH_RESETS, never_more_than_used) &&
	       all_runs(WITH_RESETS | WITH_JUMPS | WITH_RESTARTS, never_more_than_used);
}

static bool replaced(const char **skip)
{
	(void)skip;
	return all_runs(WITH_REPLACED | WITH_SPLIT, never_more_than_used) &&
	       all_runs(WITH_REPLACED | WITH_RESETS | WITH_JUMPS | WITH_UNTRUSTED | WITH_RESTARTS,
			never_more_than_used);
}

static bool replay(const char **skip)
{
	(void)skip;
	return all_runs(WITH_SPLIT, replay_changes_nothing) &&
	       all_runs(WITH_RESETS | WITH_JUMPS, replay_changes_nothing);
}

static bool ranges(const char **skip)
{
	(void)skip;
	return all_runs(WITH_RANGES, ranges_sum_to_total) &&
	       all_runs(WITH_RANGES | WITH_UNTRUSTED | WITH_RESTARTS, ranges_sum_to_total);
}

static const struct promise promises[] = {
	{ "periods_sum_to_last_minus_first_whatever_comes", plain },
	{ "and_with_jumps_split_lists_and_restarts", jumps_and_restarts },
	{ "and_with_clocks_that_nobody_trusts", untrusted_clocks },
	{ "with_resets_nothing_is_invented", resets },
	{ "with_replaced_meters_nothing_is_invented", replaced },
	{ "a_replay_in_any_order_changes_nothing", replay },
	{ "tariffs_of_ranges_sum_to_the_total", ranges },
};

int main(int argc, char **argv)
{
	int failed;

	if (argc > 1)
		runs = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first_run = strtoul(argv[2], NULL, 10);
	failed = keep_promises(promises, COUNT(promises));
	zones_free();
	return failed;
}
