// SPDX-License-Identifier: MIT
/*
 * Which tariff runs, how that is known, what it is called, and the colours of the day.
 */
#include "house.h"

static struct house h;
static struct line *line;

static bool done(bool kept)
{
	house_close(&h);
	return kept;
}

/* A house with one source; to be configured. */
static struct meter_config *open_house(void)
{
	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	h.replay = true;
	return house_meter(&h, "041876097767", "");
}

static bool tariff_is(unsigned int tariff, enum tariff_by by, const char *label)
{
	const struct meter *m = h.last;

	if (!m)
		return broken("nothing was heard");
	if (m->tariff != tariff || m->tariff_by != by || strcmp(m->tariff_label, label))
		return broken("tariff %u by \"%s\" is called \"%s\", not %u by \"%s\", \"%s\"",
			      m->tariff, tariff_by_name(m->tariff_by), m->tariff_label, tariff,
			      tariff_by_name(by), label);
	return true;
}

static bool colors_are(const char *today, const char *tomorrow)
{
	const char *now = color_name(h.last->color_today);
	const char *then = color_name(h.last->color_tomorrow);

	return (!strcmp(now, today) && !strcmp(then, tomorrow)) ||
	       broken("colours are \"%s\" and \"%s\", not \"%s\" and \"%s\"", now, then, today,
		      tomorrow);
}

#define ADCO "ADCO 041876097767"
#define ADSC "ADSC\t041876097767"

static bool historique_is_called_as_the_meter_calls_it(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	tic(&h, line, ADCO, "OPTARIF HC..", "HCHC 000000001", "HCHP 000000002", "PTEC HP..");
	if (!tariff_is(2, TARIFF_BY_FIELD, "HP.."))
		return done(false);
	tic(&h, line, ADCO, "OPTARIF HC..", "HCHC 000000001", "HCHP 000000002", "PTEC HC..");
	if (!tariff_is(1, TARIFF_BY_FIELD, "HC.."))
		return done(false);
	tic(&h, line, ADCO, "OPTARIF BASE", "BASE 000000003", "PTEC TH..");
	return done(tariff_is(1, TARIFF_BY_FIELD, "TH..") && colors_are("", ""));
}

static bool a_frame_without_the_period_leaves_it(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	tic(&h, line, ADCO, "HCHC 000000001", "HCHP 000000002", "PTEC HP..");
	tic(&h, line, ADCO, "IINST1 010", "IINST2 010", "IINST3 010");
	if (!tariff_is(2, TARIFF_BY_FIELD, "HP.."))
		return done(false);
	/* Not even when a register moves in it. */
	h.now_s += 10;
	tic(&h, line, ADCO, "HCHC 000000002", "HCHP 000000002");
	return done(tariff_is(2, TARIFF_BY_FIELD, "HP.."));
}

static bool ejp_is_what_the_meter_says(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	tic(&h, line, ADCO, "OPTARIF EJP.", "EJPHN 000000001", "EJPHPM 000000002", "PTEC HN..");
	if (!tariff_is(1, TARIFF_BY_FIELD, "HN.."))
		return done(false);
	tic(&h, line, ADCO, "OPTARIF EJP.", "EJPHN 000000001", "EJPHPM 000000002", "PEJP 30",
	    "PTEC PM..");
	return done(tariff_is(2, TARIFF_BY_FIELD, "PM..") && colors_are("", ""));
}

static bool tempo_of_historique(const char *ptec, const char *tomorrow, unsigned int tariff,
				const char *today, const char *then)
{
	char period[32], next[32];

	snprintf(period, sizeof(period), "PTEC %s", ptec);
	snprintf(next, sizeof(next), "DEMAIN %s", tomorrow);
	tic(&h, line, ADCO, "OPTARIF BBR(", "BBRHCJB 000000001", "BBRHPJB 000000001",
	    "BBRHCJW 000000001", "BBRHPJW 000000001", "BBRHCJR 000000001", "BBRHPJR 000000001",
	    period, next);
	return tariff_is(tariff, TARIFF_BY_FIELD, ptec) && colors_are(today, then);
}

static bool tempo_of_historique_has_colours(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	return done(tempo_of_historique("HCJB", "----", 1, "blue", "") &&
		    tempo_of_historique("HPJB", "BLAN", 2, "blue", "white") &&
		    tempo_of_historique("HPJW", "ROUG", 4, "white", "red") &&
		    tempo_of_historique("HCJR", "BLEU", 5, "red", "blue") &&
		    tempo_of_historique("HPJR", "----", 6, "red", ""));
}

static bool tempo_of_standard(const char *status, const char *today, const char *tomorrow)
{
	char stge[32];

	snprintf(stge, sizeof(stge), "STGE\t%s", status);
	tic(&h, line, ADSC, "LTARF\t   HC  BLANC    ", "EASF01\t000000001", stge, "NTARF\t03");
	return tariff_is(3, TARIFF_BY_FIELD, "HC  BLANC") && colors_are(today, tomorrow);
}

static bool tempo_of_standard_has_colours(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	return done(tempo_of_standard("463A0800", "white", "blue") &&
		    tempo_of_standard("093A0800", "blue", "white") &&
		    tempo_of_standard("0F3A0800", "red", "red") &&
		    tempo_of_standard("013A0800", "blue", "") &&
		    tempo_of_standard("003A0800", "", ""));
}

static bool labels_of_the_configuration_come_first(const char **skip)
{
	struct meter_config *c = open_house();

	(void)skip;
	c->tariff_labels[0] = "nuit";
	house_configure(&h);
	tic(&h, line, ADCO, "HCHC 000000001", "HCHP 000000002", "PTEC HC..");
	if (!tariff_is(1, TARIFF_BY_FIELD, "nuit"))
		return done(false);
	/* One that has no label there is called as sent. */
	tic(&h, line, ADCO, "HCHC 000000001", "HCHP 000000002", "PTEC HP..");
	if (!tariff_is(2, TARIFF_BY_FIELD, "HP.."))
		return done(false);
	c->tariff_labels[1] = "jour";
	house_configure(&h);
	return done(tariff_is(2, TARIFF_BY_FIELD, "jour"));
}

static bool belgium_is_the_opposite_of_the_netherlands(const char **skip)
{
	static const char belgian[] = "0-0:96.1.4(50217)\r\n0-0:96.1.1(42)\r\n"
				      "1-0:1.8.1(000001.000*kWh)\r\n1-0:1.8.2(000001.000*kWh)\r\n";
	static const char dutch[] = "1-3:0.2.8(50)\r\n0-0:96.1.1(43)\r\n"
				    "1-0:1.8.1(000001.000*kWh)\r\n1-0:1.8.2(000001.000*kWh)\r\n";

	(void)skip;
	house_open(&h);
	line = house_source(&h, "kernel", SOURCE_KERNEL);
	house_meter(&h, "B", "be");
	house_meter(&h, "C", "nl");
	house_configure(&h);
	p1(&h, line, "%s0-0:96.14.0(0001)\r\n", belgian);
	if (!last_is(&h, "be") || !tariff_is(1, TARIFF_BY_FIELD, "day"))
		return done(false);
	p1(&h, line, "%s0-0:96.14.0(0002)\r\n", belgian);
	if (!tariff_is(2, TARIFF_BY_FIELD, "night"))
		return done(false);
	p1(&h, line, "%s0-0:96.14.0(0001)\r\n", dutch);
	if (!last_is(&h, "nl") || !tariff_is(1, TARIFF_BY_FIELD, "low"))
		return done(false);
	p1(&h, line, "%s0-0:96.14.0(0002)\r\n", dutch);
	return done(tariff_is(2, TARIFF_BY_FIELD, "normal"));
}

static bool elsewhere_a_tariff_is_its_number(const char **skip)
{
	(void)skip;
	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	house_configure(&h);
	/* Hungary has no version; Luxembourg has one, and a device name. */
	p1(&h, line, "0-0:96.1.1(4B)\r\n0-0:96.14.0(0002)\r\n1-0:1.8.0(000001.000*kWh)\r\n");
	if (!tariff_is(2, TARIFF_BY_FIELD, "2"))
		return done(false);
	p1(&h, line, "1-3:0.2.8(42)\r\n0-0:42.0.0(53)\r\n0-0:96.1.1(4B)\r\n0-0:96.14.0(0001)\r\n"
	   "1-0:1.8.0(000001.000*kWh)\r\n");
	if (!tariff_is(1, TARIFF_BY_FIELD, "1"))
		return done(false);
	/* A version that is not Belgian. */
	p1(&h, line, "0-0:96.1.4(40217)\r\n0-0:96.1.1(4B)\r\n0-0:96.14.0(0002)\r\n"
	   "1-0:1.8.0(000001.000*kWh)\r\n");
	return done(tariff_is(2, TARIFF_BY_FIELD, "2"));
}

static bool a_tariff_beyond_sixteen_is_none(const char **skip)
{
	(void)skip;
	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	house_configure(&h);
	p1(&h, line, "0-0:96.1.1(4B)\r\n0-0:96.14.0(0016)\r\n1-0:1.8.0(000001.000*kWh)\r\n");
	if (!tariff_is(16, TARIFF_BY_FIELD, "16"))
		return done(false);
	p1(&h, line, "0-0:96.1.1(4B)\r\n0-0:96.14.0(0017)\r\n1-0:1.8.0(000001.000*kWh)\r\n");
	if (!tariff_is(0, TARIFF_BY_NOTHING, ""))
		return done(false);
	p1(&h, line, "0-0:96.1.1(4B)\r\n0-0:96.14.0(0000)\r\n1-0:1.8.0(000001.000*kWh)\r\n");
	return done(tariff_is(0, TARIFF_BY_NOTHING, ""));
}

static void austrian(unsigned int t1_wh, unsigned int t2_wh)
{
	p1(&h, line, "1-3:0.2.8(50)\r\n0-0:1.0.0(%sW)\r\n0-0:96.1.1(4B)\r\n"
	   "1-0:1.8.1(%09u*Wh)\r\n1-0:1.8.2(%09u*Wh)\r\n", winter(h.now_s), t1_wh, t2_wh);
	h.now_s += 10;
}

static bool without_a_field_the_register_that_moves_tells(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	austrian(1000, 2000);
	if (!tariff_is(0, TARIFF_BY_NOTHING, ""))
		return done(false);
	austrian(1000, 2003);
	if (!tariff_is(2, TARIFF_BY_REGISTER, "2"))
		return done(false);
	austrian(1000, 2003);
	if (!tariff_is(2, TARIFF_BY_REGISTER, "2"))
		return done(false);
	austrian(1001, 2003);
	if (!tariff_is(1, TARIFF_BY_REGISTER, "1"))
		return done(false);
	/* A jump that the ledger does not believe is no sign. */
	austrian(1001, 900000000);
	return done(tariff_is(1, TARIFF_BY_REGISTER, "1"));
}

static void base(unsigned int wh)
{
	char date[32], east[32];

	snprintf(date, sizeof(date), "DATE\tH%s\t", winter(h.now_s));
	snprintf(east, sizeof(east), "EAST\t%09u", wh);
	tic(&h, line, ADSC, date, "LTARF\t      BASE      ", east, "NTARF\t01");
}

static bool configured_ranges_win_over_a_single_register(const char **skip)
{
	struct meter_config *c = open_house();
	char error[128];

	(void)skip;
	if (!tariff_ranges_parse("22:00-06:00 1, 06:00-22:00 2", &c->ranges, error, sizeof(error)))
		return done(broken("%s", error));
	c->tariff_labels[1] = "plein";
	house_configure(&h);
	/* 12:00 in Paris; then 21:59:59 and 22:00:00; then 06:00. */
	base(1000);
	if (!tariff_is(2, TARIFF_BY_RANGES, "plein"))
		return done(false);
	h.now_s += 10 * 3600 - 1;
	base(1001);
	if (!tariff_is(2, TARIFF_BY_RANGES, "plein"))
		return done(false);
	h.now_s++;
	base(1001);
	if (!tariff_is(1, TARIFF_BY_RANGES, "1"))
		return done(false);
	h.now_s += 8 * 3600;
	base(1002);
	if (!tariff_is(2, TARIFF_BY_RANGES, "plein"))
		return done(false);
	/* A file that begins before. */
	h.now_s -= 7 * 3600;
	base(1002);
	return done(tariff_is(1, TARIFF_BY_RANGES, "1"));
}

static bool ranges_may_change_while_it_runs(const char **skip)
{
	struct meter_config *c = open_house();
	char error[128];

	(void)skip;
	house_configure(&h);
	base(1000);
	if (!tariff_is(1, TARIFF_BY_FIELD, "BASE"))
		return done(false);
	if (!tariff_ranges_parse("00:00-24:00 3", &c->ranges, error, sizeof(error)))
		return done(broken("%s", error));
	house_configure(&h);
	h.now_s += 10;
	base(1001);
	if (!tariff_is(3, TARIFF_BY_RANGES, "3"))
		return done(false);
	c->ranges.tariff[0] = 4;
	house_configure(&h);
	h.now_s += 10;
	base(1001);
	if (!tariff_is(4, TARIFF_BY_RANGES, "4"))
		return done(false);
	c->ranges.count = 0;
	house_configure(&h);
	h.now_s += 10;
	base(1001);
	return done(tariff_is(1, TARIFF_BY_FIELD, "BASE"));
}

static bool a_meter_with_tariffs_of_its_own_needs_no_ranges(const char **skip)
{
	struct meter_config *c = open_house();
	char error[128];

	(void)skip;
	if (!tariff_ranges_parse("00:00-24:00 3", &c->ranges, error, sizeof(error)))
		return done(broken("%s", error));
	house_configure(&h);
	tic(&h, line, ADCO, "HCHC 000000001", "HCHP 000000002", "PTEC HC..");
	return done(tariff_is(1, TARIFF_BY_FIELD, "HC.."));
}

static bool another_meter_in_its_place_begins_anew(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	tempo_of_historique("HPJB", "BLAN", 2, "blue", "white");
	for (unsigned int i = 0; i < 3; i++)
		tic(&h, line, "ADCO 021976555555", "BASE 000000003");
	return done(!strcmp(h.last->number, "021976555555") &&
		    tariff_is(0, TARIFF_BY_NOTHING, "") && colors_are("", ""));
}

static bool labels_never_overrun(const char **skip)
{
	(void)skip;
	open_house();
	house_configure(&h);
	tic(&h, line, ADSC, "LTARF\t0123456789012345678901234567890123456789", "NTARF\t01");
	if (!tariff_is(1, TARIFF_BY_FIELD, "01234567890123456789012345678901") ||
	    strlen(h.last->tariff_sent) != TARIFF_LABEL_MAX)
		return done(false);
	tic(&h, line, ADSC, "LTARF\t                ", "STGE\t1", "NTARF\t01");
	return done(tariff_is(1, TARIFF_BY_FIELD, "1") && colors_are("", ""));
}

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(historique_is_called_as_the_meter_calls_it),
		PROMISE(a_frame_without_the_period_leaves_it),
		PROMISE(ejp_is_what_the_meter_says),
		PROMISE(tempo_of_historique_has_colours),
		PROMISE(tempo_of_standard_has_colours),
		PROMISE(labels_of_the_configuration_come_first),
		PROMISE(belgium_is_the_opposite_of_the_netherlands),
		PROMISE(elsewhere_a_tariff_is_its_number),
		PROMISE(a_tariff_beyond_sixteen_is_none),
		PROMISE(without_a_field_the_register_that_moves_tells),
		PROMISE(configured_ranges_win_over_a_single_register),
		PROMISE(ranges_may_change_while_it_runs),
		PROMISE(a_meter_with_tariffs_of_its_own_needs_no_ranges),
		PROMISE(another_meter_in_its_place_begins_anew),
		PROMISE(labels_never_overrun),
	};

	return keep_promises(promises, COUNT(promises));
}
