// SPDX-License-Identifier: MIT
/*
 * State of a meter: what is fresh, what the ledger accepted, factors, offsets and the contract.
 */
#include "house.h"

#define A "041876097767"
#define ADCO "ADCO " A
#define ADSC "ADSC\t" A

static struct house h;
static struct line *line;

static bool done(bool kept)
{
	house_close(&h);
	return kept;
}

static struct meter_config *open_house(const char *number)
{
	struct meter_config *c;

	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	c = house_meter(&h, number, "house");
	house_configure(&h);
	return c;
}

static bool is(enum quantity q, s64 wanted)
{
	return is_published(&h, "house", q, wanted);
}

static bool gone(enum quantity q)
{
	return is(q, -1);
}

/* A frame of standard mode every @interval_s, @count times. */
static void frames(unsigned int count, unsigned int interval_s, s64 *wh)
{
	while (count--) {
		h.now_s += interval_s;
		standard(&h, line, A, ++*wh);
	}
}

static bool live_values_go_after_ten_seconds_at_the_least(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	frames(5, 2, &wh);
	h.now_s += 10;
	if (!is(Q_power_apparent_import, 500000) || !is(Q_power_reference, 6000000))
		return done(false);
	h.now_s++;
	return done(gone(Q_power_apparent_import) && gone(Q_power_reference) && gone(Q_load) &&
		    is(Q_energy_import, wh * 1000));
}

static bool live_values_go_after_three_periods(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	frames(5, 20, &wh);
	h.now_s += 60;
	if (!is(Q_power_apparent_import, 500000))
		return done(false);
	h.now_s++;
	return done(gone(Q_power_apparent_import));
}

static bool one_gap_does_not_make_old_values_fresh(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	frames(5, 2, &wh);
	frames(1, 600, &wh);
	frames(1, 2, &wh);
	h.now_s += 10;
	if (!is(Q_power_apparent_import, 500000))
		return done(false);
	h.now_s++;
	return done(gone(Q_power_apparent_import));
}

static bool before_the_period_is_known_values_live_half_a_minute(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	frames(1, 2, &wh);
	h.now_s += 30;
	if (!is(Q_power_apparent_import, 500000))
		return done(false);
	h.now_s++;
	return done(gone(Q_power_apparent_import));
}

static void long_frame(const char *papp)
{
	char group[32];

	snprintf(group, sizeof(group), "PAPP %s", papp);
	tic(&h, line, ADCO, "BASE 000001000", "PTEC TH..", "IINST1 001", "IINST2 002",
	    "IINST3 003", group);
}

static void short_frame(void)
{
	tic(&h, line, "ADIR1 031", ADCO, "IINST1 031", "IINST2 032", "IINST3 033");
}

/* 02E section 2.4: 20 short frames and a long one, over and over, while a phase is overloaded. */
static bool long_and_short_frames_age_each_at_their_own_pace(const char **skip)
{
	(void)skip;
	open_house(A);
	for (unsigned int i = 0; i < 3; i++) {
		h.now_s += 1;
		long_frame("00900");
		for (unsigned int k = 0; k < 20; k++) {
			h.now_s += 1;
			short_frame();
		}
	}
	/* The long ones come every 21 s: 20 s later their values are as good as any. */
	if (!is(Q_power_apparent_import, 900000) || !is(Q_current_l1, 31000))
		return done(false);
	h.now_s += 10;
	if (!is(Q_power_apparent_import, 900000) || !is(Q_current_l1, 31000))
		return done(false);
	h.now_s += 1;
	if (!is(Q_power_apparent_import, 900000) || !gone(Q_current_l1))
		return done(false);
	h.now_s += 63 - 31 + 1;
	return done(gone(Q_power_apparent_import) && gone(Q_current_l2));
}

/* Frames that lost a group each time another one are long frames all the same. */
static bool damage_does_not_make_values_linger(const char **skip)
{
	static const char *const lost[] = {
		"\nPAPP 00900 !\r\x03", "\nIINST1 001 !\r\x03", "\nIINST2 001 !\r\x03",
		"\nIINST3 001 !\r\x03", "\nISOUSC 30 !\r\x03",	"\nPTEC TH.. !\r\x03",
	};
	const char *groups[] = { ADCO,	       "BASE 000001000", "PTEC TH..", "ISOUSC 30",
				 "IINST1 001", "IINST2 002",	 "IINST3 003", "PAPP 00900" };
	static const unsigned int left_out[] = { 7, 4, 5, 6, 3, 2 };

	(void)skip;
	open_house(A);
	for (unsigned int i = 0; i < 60; i++) {
		const char *some[COUNT(groups)];
		unsigned int n = 0, way = i / 2 % COUNT(lost);
		u8 bytes[512];
		size_t len;

		for (unsigned int k = 0; k < COUNT(groups); k++)
			if (i % 2 || k != left_out[way])
				some[n++] = groups[k];
		len = tic_frame_of(bytes, sizeof(bytes), some, n);
		if (!(i % 2)) {
			memcpy(bytes + len - 1, lost[way], strlen(lost[way]));
			len += strlen(lost[way]) - 1;
		}
		h.now_s += 2;
		house_bytes(&h, line, bytes, len);
	}
	if (!heard_is(&h, 60))
		return done(false);
	h.now_s += 10;
	if (!is(Q_current_l1, 1000) || !is(Q_power_apparent_import, 900000))
		return done(false);
	h.now_s += 1;
	return done(gone(Q_current_l1) && gone(Q_power_apparent_import) && gone(Q_current_l3));
}

/* More kinds of telegrams than are remembered. */
static bool many_kinds_of_telegrams_are_survived(const char **skip)
{
	static const char *const extra[] = { "IINST 001", "ISOUSC 30", "IINST1 001", "IINST2 001",
					     "IINST3 001", "PAPP 00500", "PTEC TH.." };

	(void)skip;
	open_house(A);
	for (unsigned int i = 0; i < 70; i++) {
		h.now_s += 1;
		tic(&h, line, ADCO, "BASE 000001000", extra[i % COUNT(extra)]);
	}
	return done(heard_is(&h, 70) && is(Q_current_subscribed, 30000) &&
		    is(Q_power_apparent_import, 500000) && is(Q_tariff, 1000));
}

static bool the_newest_value_of_all_telegrams_counts(const char **skip)
{
	(void)skip;
	open_house(A);
	long_frame("00900");
	h.now_s++;
	short_frame();
	return done(is(Q_current_l1, 31000) && is(Q_power_apparent_import, 900000));
}

static bool nothing_of_a_replay_ages_after_its_end(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	h.replay = true;
	frames(5, 2, &wh);
	h.now_s += 86400;
	return done(is(Q_power_apparent_import, 500000) && is(Q_energy_import, wh * 1000));
}

static bool values_of_a_replay_age_by_its_own_clock(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	h.replay = true;
	frames(5, 2, &wh);
	h.now_s += 100;
	tic(&h, line, ADSC, "DATE\tH241010130000\t", "URMS1\t230");
	return done(gone(Q_power_apparent_import) && is(Q_voltage_l1, 230000));
}

static bool a_doubtful_register_is_not_published(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	frames(5, 2, &wh);
	h.now_s += 2;
	standard(&h, line, A, 900000000);
	if (!is(Q_energy_import, 1005000) ||
	    ledger_held(h.last->book) != 1ull << register_index(Q_energy_import))
		return done(false);
	h.now_s += 2;
	standard(&h, line, A, 500);
	if (!is(Q_energy_import, 1005000))
		return done(false);
	h.now_s += 2;
	standard(&h, line, A, 1006);
	return done(is(Q_energy_import, 1006000) && !ledger_held(h.last->book));
}

static void off_peak(unsigned int hc, unsigned int hp)
{
	char low[32], high[32];

	snprintf(low, sizeof(low), "HCHC %09u", hc);
	snprintf(high, sizeof(high), "HCHP %09u", hp);
	h.now_s += 2;
	tic(&h, line, ADCO, low, high, "PTEC HC..");
}

static bool a_total_that_is_not_sent_is_the_sum_of_what_was_accepted(const char **skip)
{
	(void)skip;
	open_house(A);
	h.replay = true;
	off_peak(1000, 2000);
	if (!is(Q_energy_import, 3000000))
		return done(false);
	/* One part is doubted: the total takes the other one in. */
	off_peak(900000000, 2001);
	if (!is(Q_energy_import, 3001000) || !is(Q_energy_import_t1, 1000000))
		return done(false);
	/* A part is missing: the total stays. */
	h.now_s += 2;
	tic(&h, line, ADCO, "HCHC 000001001", "PTEC HC..");
	return done(is(Q_energy_import, 3002000) && is(Q_energy_import_t1, 1001000));
}

static bool no_total_is_made_of_a_set_that_was_never_whole(const char **skip)
{
	(void)skip;
	open_house(A);
	tic(&h, line, ADCO, "HCHC 000001001", "PTEC HC..");
	return done(is(Q_energy_import_t1, 1001000) && gone(Q_energy_import));
}

static bool another_contract_does_not_add_what_is_no_longer_sent(const char **skip)
{
	(void)skip;
	open_house(A);
	h.replay = true;
	off_peak(1000, 2000);
	h.now_s += 2;
	/* BASE stands for all that was before; until it is believed t1 is that of before. */
	tic(&h, line, ADCO, "BASE 000001002", "PTEC TH..");
	return done(is(Q_energy_import, 1002000));
}

static void other_meter(unsigned int count)
{
	while (count--) {
		h.now_s += 2;
		tic(&h, line, "ADCO 021976555555", "BASE 000000003", "PTEC TH..");
	}
}

static bool registers_of_the_meter_before_are_not_published(const char **skip)
{
	(void)skip;
	open_house(A);
	h.replay = true;
	off_peak(1000, 2000);
	other_meter(3);
	return done(is(Q_energy_import_t1, 3000) && gone(Q_energy_import_t2) &&
		    is(Q_energy_import, 3000));
}

/* Nothing of the new meter is booked then, and what stands in the accounts is not its own. */
static bool without_a_clock_a_replaced_meter_has_no_registers(const char **skip)
{
	(void)skip;
	open_house(A);
	h.replay = true;
	off_peak(1000, 2000);
	h.replay = false;
	other_meter(4);
	if (!heard_is(&h, 3) || !gone(Q_energy_import_t1) || !gone(Q_energy_import_t2) ||
	    !gone(Q_energy_import))
		return done(false);
	h.replay = true;
	other_meter(1);
	return done(is(Q_energy_import_t1, 3000) && is(Q_energy_import, 3000));
}

static bool nothing_is_published_before_it_was_heard(const char **skip)
{
	s64 wh = 1000;

	(void)skip;
	open_house(A);
	frames(2, 2, &wh);
	house_restart(&h);
	if (!gone(Q_energy_import) || meters_find(h.meters, "house")->heard)
		return done(false);
	/* A frame without registers makes those of the ledger known. */
	h.now_s += 2;
	tic(&h, line, ADSC, "DATE\tH241010110010\t", "URMS1\t230");
	return done(is(Q_energy_import, 1002000) && is(Q_voltage_l1, 230000));
}

static bool factors_multiply_before_state_and_ledger(const char **skip)
{
	struct meter_scale scales[] = {
		{ "1-0:1.8.0", 40000 },
		{ "1-0:1.7.0", 40000 },
		{ "1-0:32.7.0", 1500 },
		{ "1-0:31.7.0", -1 },
	};
	struct meter_config *c = open_house("B");

	(void)skip;
	c->scales = scales;
	c->scale_count = COUNT(scales);
	for (unsigned int i = 0; i < 2; i++) {
		p1(&h, line, "0-0:1.0.0(%sW)\r\n0-0:96.1.1(42)\r\n1-0:1.8.0(000001.%03u*kWh)\r\n"
		   "1-0:1.7.0(00.025*kW)\r\n1-0:2.7.0(00.010*kW)\r\n1-0:32.7.0(230.1*V)\r\n"
		   "1-0:31.7.0(000.5*A)\r\n", winter(h.now_s), i);
		h.now_s += 10;
	}
	return done(is(Q_energy_import, 40040000) && is(Q_power_import, 1000000) &&
		    is(Q_power_net, 990000) && is(Q_voltage_l1, 345150) &&
		    day_is(&h, "house", Q_energy_import, 40000) &&
		    /* -0.5 is rounded away from zero: -1 mA. */
		    is(Q_current_l1, -1));
}

static bool a_product_that_does_not_fit_is_no_value(const char **skip)
{
	struct meter_scale scale = { "1-0:1.8.0", INT64_MAX / 2 };
	struct meter_config *c = open_house("B");

	(void)skip;
	c->scales = &scale;
	c->scale_count = 1;
	simple_p1(&h, line, "42", 1000);
	return done(heard_is(&h, 1) && gone(Q_energy_import) && is(Q_power_import, 500000));
}

static bool offsets_move_the_time_of_the_meter_and_of_its_gas(const char **skip)
{
	struct meter_config *c = open_house("B");
	const struct meter *m;

	(void)skip;
	c->base_offset_min = 120;
	c->time = TIME_METER;
	p1(&h, line, "0-0:1.0.0(241010120000W)\r\n0-0:96.1.1(42)\r\n0-1:24.1.0(003)\r\n"
	   "0-1:96.1.0(33)\r\n0-1:24.2.1(241010115500W)(00123.456*m3)\r\n");
	m = h.last;
	if (!m || !m->has_time || m->time_s != BEGIN_S ||
	    m->values.captured_s[0] != BEGIN_S - 300)
		return done(broken("stamps are not those of UTC+2"));
	return done(is(Q_gas, 123456));
}

static bool limit_is(s64 wanted)
{
	return h.last->limit_import_w == wanted ||
	       broken("the limit is %lld W, not %lld", (long long)h.last->limit_import_w,
		      (long long)wanted);
}

static bool the_contract_of_tic_limits_the_import(const char **skip)
{
	(void)skip;
	open_house(A);
	tic(&h, line, ADSC, "PREF\t06", "PCOUP\t09");
	if (!limit_is(9000))
		return done(false);
	tic(&h, line, ADSC, "PREF\t12", "PCOUP\t09");
	if (!limit_is(12000))
		return done(false);
	/* A frame that says nothing of it. */
	tic(&h, line, ADSC, "URMS1\t230");
	return done(limit_is(12000));
}

static bool subscribed_amperes_count_for_each_phase(const char **skip)
{
	(void)skip;
	open_house(A);
	tic(&h, line, ADCO, "ISOUSC 30", "IINST 002");
	if (!limit_is(30 * 230))
		return done(false);
	tic(&h, line, ADCO, "ISOUSC 20", "IINST1 002", "IINST2 002", "IINST3 002");
	if (!limit_is(3 * 20 * 230))
		return done(false);
	tic(&h, line, ADCO, "ISOUSC 20", "IINST1 002");
	return done(limit_is(3 * 20 * 230));
}

static bool limiter_of(const char *value, s64 wanted)
{
	h.last->limit_import_w = 0;
	p1(&h, line, "0-0:96.1.1(42)\r\n0-0:17.0.0(%s)\r\n", value);
	return limit_is(wanted) || broken("of \"%s\"", value);
}

static bool the_limiter_of_p1_limits_the_import(const char **skip)
{
	(void)skip;
	open_house("B");
	simple_p1(&h, line, "42", 1);
	return done(limit_is(0) && limiter_of("027.6*kVA", 28000) && limiter_of("09.0*kW", 9000) &&
		    limiter_of("016*A", 16 * 230 * 3) && limiter_of("999.9*kW", 0) &&
		    limiter_of("999*A", 0) && limiter_of("9999999999*kW", 0) &&
		    limiter_of("00.0*kW", 0) && limiter_of("", 0) && limiter_of("16", 0) &&
		    limiter_of("*kW", 0) && limiter_of("-5*kW", 0) && limiter_of("5*kWh", 0));
}

static bool fields_are_those_of_the_newest_telegram(const char **skip)
{
	struct telegram t;
	struct field *f;

	(void)skip;
	open_house(A);
	if (meter_newest_telegram(meters_find(h.meters, "house"), &t))
		return done(broken("a telegram before the first one"));
	long_frame("00900");
	short_frame();
	if (!meter_newest_telegram(h.last, &t) || t.nfields != 5 ||
	    t.protocol != TELEGRAM_TIC_HISTORIQUE)
		return done(broken("not the short frame"));
	f = &t.fields[4];
	if (memcmp(t.text + f->label, "IINST3", 6) || memcmp(t.text + f->value, "033", 3))
		return done(broken("its last field"));
	long_frame("00901");
	if (!meter_newest_telegram(h.last, &t) || t.nfields != 7)
		return done(broken("not the long frame"));
	f = &t.fields[6];
	return done(f->len == 5 && !memcmp(t.text + f->value, "00901", 5));
}

static bool every_vector_passes_through(const char **skip)
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors);
	unsigned int heard = 0;

	(void)skip;
	for (size_t i = 0; i < count; i++) {
		struct telegram t;

		house_open(&h);
		line = house_source(&h, "house", SOURCE_REPLAY);
		house_configure(&h);
		h.replay = true;
		house_bytes(&h, line, vectors[i].bytes, vectors[i].len);
		heard += h.heard;
		for (struct meter *m = meters_first(h.meters); m; m = m->next) {
			struct reading r;

			meter_quantities(m, 0, &r);
			if (m->heard && !meter_newest_telegram(m, &t))
				return done(broken("%s: no telegram is kept", vectors[i].name));
		}
		house_close(&h);
	}
	free_vectors(vectors, count);
	return heard > 50 || broken("only %u telegrams were heard", heard);
}

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(live_values_go_after_ten_seconds_at_the_least),
		PROMISE(live_values_go_after_three_periods),
		PROMISE(one_gap_does_not_make_old_values_fresh),
		PROMISE(before_the_period_is_known_values_live_half_a_minute),
		PROMISE(long_and_short_frames_age_each_at_their_own_pace),
		PROMISE(damage_does_not_make_values_linger),
		PROMISE(many_kinds_of_telegrams_are_survived),
		PROMISE(the_newest_value_of_all_telegrams_counts),
		PROMISE(nothing_of_a_replay_ages_after_its_end),
		PROMISE(values_of_a_replay_age_by_its_own_clock),
		PROMISE(a_doubtful_register_is_not_published),
		PROMISE(a_total_that_is_not_sent_is_the_sum_of_what_was_accepted),
		PROMISE(no_total_is_made_of_a_set_that_was_never_whole),
		PROMISE(another_contract_does_not_add_what_is_no_longer_sent),
		PROMISE(registers_of_the_meter_before_are_not_published),
		PROMISE(without_a_clock_a_replaced_meter_has_no_registers),
		PROMISE(nothing_is_published_before_it_was_heard),
		PROMISE(factors_multiply_before_state_and_ledger),
		PROMISE(a_product_that_does_not_fit_is_no_value),
		PROMISE(offsets_move_the_time_of_the_meter_and_of_its_gas),
		PROMISE(the_contract_of_tic_limits_the_import),
		PROMISE(subscribed_amperes_count_for_each_phase),
		PROMISE(the_limiter_of_p1_limits_the_import),
		PROMISE(fields_are_those_of_the_newest_telegram),
		PROMISE(every_vector_passes_through),
	};

	return keep_promises(promises, COUNT(promises));
}
