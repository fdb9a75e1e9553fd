// SPDX-License-Identifier: MIT
/*
 * What of a telegram is news: tariffs, colours, power failures, peaks.
 */
#include "house.h"

#define ADCO "ADCO 041876097767"
#define ADSC "ADSC\t041876097767"

static struct house h;
static struct line *line;

static bool done(bool kept)
{
	house_close(&h);
	return kept;
}

static struct meter_config *open_house(void)
{
	struct meter_config *c;

	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	h.replay = true;
	c = house_meter(&h, "041876097767", "house");
	house_configure(&h);
	return c;
}

/* How often which event was told, since the last time that this was asked. */
static bool told(enum meter_event_kind kind, unsigned int count)
{
	unsigned int others = 0, was = h.events[kind];

	for (unsigned int k = 0; k < COUNT(h.events); k++)
		others += k == kind ? 0 : h.events[k];
	memset(h.events, 0, sizeof(h.events));
	return (was == count && !others) ||
	       broken("%u events of kind %u and %u others, not %u and none", was, kind, others,
		      count);
}

static bool nothing_told(void)
{
	return told(METER_TARIFF, 0);
}

static bool told_words(enum meter_event_kind kind, const char *from, const char *to)
{
	if (!told(kind, 1))
		return false;
	return (!strcmp(h.event_from, from) && !strcmp(h.event_to, to)) ||
	       broken("from \"%s\" to \"%s\", not from \"%s\" to \"%s\"", h.event_from, h.event_to,
		      from, to);
}

static bool told_values(enum meter_event_kind kind, s64 from, s64 to)
{
	if (!told(kind, 1))
		return false;
	return (h.event.from == from && h.event.to == to) ||
	       broken("from %lld to %lld, not from %lld to %lld", (long long)h.event.from,
		      (long long)h.event.to, (long long)from, (long long)to);
}

/* Tariffs */

static void off_peak(const char *ptec, unsigned int hc, unsigned int hp)
{
	char registers[2][32], period[32];

	snprintf(registers[0], sizeof(registers[0]), "HCHC %09u", hc);
	snprintf(registers[1], sizeof(registers[1]), "HCHP %09u", hp);
	snprintf(period, sizeof(period), "PTEC %s", ptec);
	tic(&h, line, ADCO, "OPTARIF HC..", registers[0], registers[1], period);
}

static bool another_tariff_of_the_meter_is_told_once(const char **skip)
{
	(void)skip;
	open_house();
	off_peak("HP..", 1, 2);
	if (!nothing_told())
		return done(false);
	off_peak("HC..", 1, 2);
	if (!told_words(METER_TARIFF, "HP..", "HC.."))
		return done(false);
	off_peak("HC..", 1, 2);
	/* A short frame says nothing of it. */
	tic(&h, line, ADCO, "IINST1 010", "IINST2 010", "IINST3 010");
	off_peak("HC..", 1, 2);
	return done(nothing_told());
}

static bool tariffs_are_called_as_the_owner_calls_them(const char **skip)
{
	struct meter_config *c = open_house();

	(void)skip;
	c->tariff_labels[0] = "night";
	c->tariff_labels[1] = "day";
	house_configure(&h);
	off_peak("HP..", 1, 2);
	off_peak("HC..", 1, 2);
	if (!told_words(METER_TARIFF, "day", "night"))
		return done(false);
	/* Another name for what runs is not another tariff. */
	c->tariff_labels[0] = "cheap";
	house_configure(&h);
	off_peak("HC..", 1, 2);
	return done(nothing_told());
}

static void two_registers(unsigned int t1, unsigned int t2)
{
	h.now_s += 10;
	p1(&h, line, "0-0:1.0.0(%sW)\r\n1-0:1.8.1(%06u.000*kWh)\r\n1-0:1.8.2(%06u.000*kWh)\r\n",
	   winter(h.now_s), t1, t2);
}

static bool a_register_that_moves_tells_the_tariff(const char **skip)
{
	(void)skip;
	open_house();
	two_registers(100, 200);
	/* The first move tells which it is, not that it is another one. */
	h.now_s += 3600;
	two_registers(101, 200);
	if (!nothing_told())
		return done(false);
	h.now_s += 3600;
	two_registers(101, 201);
	return done(told_words(METER_TARIFF, "1", "2"));
}

static bool a_register_that_is_in_doubt_tells_nothing(const char **skip)
{
	(void)skip;
	open_house();
	two_registers(100, 200);
	h.now_s += 3600;
	two_registers(101, 200);
	two_registers(101, 99999);
	two_registers(101, 0);
	two_registers(101, 200);
	return done(nothing_told());
}

/* Colours */

static void tempo(const char *ptec, const char *tomorrow)
{
	char period[32], next[32];

	snprintf(period, sizeof(period), "PTEC %s", ptec);
	snprintf(next, sizeof(next), "DEMAIN %s", tomorrow);
	tic(&h, line, ADCO, "OPTARIF BBR(", "BBRHCJB 000000001", period, next);
}

static bool the_colour_of_tomorrow_is_told_when_it_is_known(const char **skip)
{
	(void)skip;
	open_house();
	tempo("HPJB", "----");
	if (!nothing_told())
		return done(false);
	tempo("HPJB", "ROUG");
	if (!told_words(METER_COLOR_TOMORROW, "", "red"))
		return done(false);
	tempo("HPJB", "ROUG");
	/* And nothing when it is not any more. */
	tempo("HPJB", "----");
	return done(nothing_told());
}

static bool a_colour_that_was_wrong_is_told_again(const char **skip)
{
	(void)skip;
	open_house();
	tempo("HPJB", "BLAN");
	tempo("HPJB", "ROUG");
	return done(told_words(METER_COLOR_TOMORROW, "white", "red"));
}

static bool the_colour_of_today_is_told_with_its_tariff(const char **skip)
{
	(void)skip;
	open_house();
	tempo("HCJB", "ROUG");
	tempo("HPJR", "----");
	return done((h.events[METER_TARIFF] == 1 && h.events[METER_COLOR_TODAY] == 1 &&
		     !h.events[METER_COLOR_TOMORROW] && !strcmp(h.event_from, "blue") &&
		     !strcmp(h.event_to, "red")) ||
		    broken("last from \"%s\" to \"%s\"", h.event_from, h.event_to));
}

static void standard_tempo(const char *status)
{
	char stge[32];

	snprintf(stge, sizeof(stge), "STGE\t%s", status);
	tic(&h, line, ADSC, "LTARF\t   HC  BLANC    ", "EASF01\t000000001", stge, "NTARF\t03");
}

static bool the_status_of_standard_tells_colours(const char **skip)
{
	(void)skip;
	open_house();
	standard_tempo("013A0800");
	if (!nothing_told())
		return done(false);
	standard_tempo("0D3A0800");
	if (!told_words(METER_COLOR_TOMORROW, "", "red"))
		return done(false);
	standard_tempo("033A0800");
	return done(told_words(METER_COLOR_TODAY, "blue", "red"));
}

static bool a_status_that_is_none_tells_nothing(const char **skip)
{
	static const char *const garbage[] = {
		"0Z3A0800", "0d3A0800", "D", "0D3A08000", "0 3A0800",
	};

	(void)skip;
	open_house();
	standard_tempo("013A0800");
	for (unsigned int i = 0; i < COUNT(garbage); i++)
		standard_tempo(garbage[i]);
	return done(nothing_told());
}

/* Power failures and peaks */

static void failures(const char *count)
{
	h.now_s += 10;
	p1(&h, line, "0-0:1.0.0(%sW)\r\n1-0:1.8.0(000001.000*kWh)\r\n0-0:96.7.21(%s)\r\n",
	   winter(h.now_s), count);
}

static bool a_failure_that_was_counted_is_told(const char **skip)
{
	(void)skip;
	open_house();
	failures("00003");
	failures("00003");
	if (!nothing_told())
		return done(false);
	failures("00005");
	return done(told_values(METER_POWER_FAILURE, 3000, 5000));
}

static bool a_counter_of_failures_that_begins_again_is_no_failure(const char **skip)
{
	(void)skip;
	open_house();
	failures("99999");
	failures("00000");
	if (!nothing_told())
		return done(false);
	failures("00001");
	return done(told_values(METER_POWER_FAILURE, 0, 1000));
}

static bool a_counter_of_failures_that_is_none_tells_nothing(const char **skip)
{
	static const char *const garbage[] = { "", "0000x", "-0009", "9999999999", "00009*kWh" };

	(void)skip;
	open_house();
	failures("00003");
	for (unsigned int i = 0; i < COUNT(garbage); i++)
		failures(garbage[i]);
	failures("00003");
	if (!nothing_told())
		return done(false);
	failures("000000004");
	return done(told_values(METER_POWER_FAILURE, 3000, 4000));
}

static void peak(unsigned int w)
{
	h.now_s += 10;
	p1(&h, line, "0-0:1.0.0(%sW)\r\n1-0:1.8.0(000001.000*kWh)\r\n"
	   "1-0:1.6.0(241001100000S)(%02u.%03u*kW)\r\n", winter(h.now_s), w / 1000, w % 1000);
}

static bool a_higher_peak_is_told_and_a_new_month_is_not(const char **skip)
{
	(void)skip;
	open_house();
	peak(2589);
	peak(2589);
	if (!nothing_told())
		return done(false);
	peak(3000);
	if (!told_values(METER_DEMAND_PEAK, 2589000, 3000000))
		return done(false);
	peak(100);
	if (!nothing_told())
		return done(false);
	peak(101);
	return done(told_values(METER_DEMAND_PEAK, 100000, 101000));
}

/* What nobody should be told */

static bool the_first_telegram_after_a_start_tells_nothing(const char **skip)
{
	(void)skip;
	open_house();
	tempo("HPJB", "----");
	house_restart(&h);
	tempo("HCJR", "ROUG");
	return done(nothing_told());
}

/* Three telegrams of another number, each with other news. */
static void other_meter(const char *number)
{
	for (unsigned int i = 1; i <= 3; i++) {
		h.now_s += 10;
		p1(&h, line, "0-0:1.0.0(%sW)\r\n0-0:96.1.1(%s)\r\n1-0:1.8.0(000003.%03u*kWh)\r\n"
		   "0-0:96.14.0(0002)\r\n0-0:96.7.21(00009)\r\n"
		   "1-0:1.6.0(241001100000S)(09.000*kW)\r\n", winter(h.now_s), number, i);
	}
}

static bool a_meter_that_replaces_another_tells_nothing(const char **skip)
{
	(void)skip;
	open_house();
	p1(&h, line, "0-0:1.0.0(%sW)\r\n0-0:96.1.1(45303031)\r\n1-0:1.8.0(000900.000*kWh)\r\n"
	   "0-0:96.14.0(0001)\r\n0-0:96.7.21(00003)\r\n1-0:1.6.0(241001100000S)(01.000*kW)\r\n",
	   winter(h.now_s));
	other_meter("45303032");
	return done(h.last->replacements == 1 && nothing_told());
}

static bool colours_of_a_meter_that_replaces_another_are_no_news(const char **skip)
{
	(void)skip;
	open_house();
	tempo("HPJB", "----");
	for (unsigned int i = 0; i < 3; i++) {
		h.now_s += 10;
		tic(&h, line, "ADCO 041876097768", "OPTARIF BBR(", "BBRHCJB 000000001", "PTEC HPJR",
		    "DEMAIN BLAN");
	}
	return done(h.last->replacements == 1 && nothing_told());
}

static void damage(u8 *bytes, size_t len, const char *at)
{
	u8 *found = memmem(bytes, len, at, strlen(at));

	if (!found)
		abort();
	found[strlen(at) - 1] ^= 1;
}

/* A frame of which this group is damaged, the others are not. */
static void damaged_tempo(const char *group)
{
	static const char *const groups[] = {
		ADCO, "OPTARIF BBR(", "ISOUSC 45", "BBRHCJB 000000001", "PTEC HPJR", "DEMAIN ROUG",
	};
	u8 bytes[1024];
	size_t len = tic_frame_of(bytes, sizeof(bytes), groups, COUNT(groups));

	damage(bytes, len, group);
	house_bytes(&h, line, bytes, len);
}

static bool a_damaged_group_is_no_news(const char **skip)
{
	(void)skip;
	open_house();
	tempo("HPJB", "----");
	damaged_tempo("PTEC HPJR");
	if (!heard_is(&h, 2) || !told_words(METER_COLOR_TOMORROW, "", "red"))
		return done(false);
	tempo("HPJB", "----");
	damaged_tempo("DEMAIN ROUG");
	return done(heard_is(&h, 4) && h.events[METER_TARIFF] == 1 &&
		    h.events[METER_COLOR_TODAY] == 1 && !h.events[METER_COLOR_TOMORROW]);
}

static bool a_damaged_telegram_is_no_news(const char **skip)
{
	u8 bytes[256];
	size_t len;

	(void)skip;
	open_house();
	failures("00003");
	len = p1_with_crc(bytes, sizeof(bytes), "/XYZ5TEST\r\n\r\n0-0:96.7.21(00005)\r\n!");
	damage(bytes, len, "0-0:96.7.21(00005");
	house_bytes(&h, line, bytes, len);
	return done(heard_is(&h, 1) && nothing_told());
}

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(another_tariff_of_the_meter_is_told_once),
		PROMISE(tariffs_are_called_as_the_owner_calls_them),
		PROMISE(a_register_that_moves_tells_the_tariff),
		PROMISE(a_register_that_is_in_doubt_tells_nothing),
		PROMISE(the_colour_of_tomorrow_is_told_when_it_is_known),
		PROMISE(a_colour_that_was_wrong_is_told_again),
		PROMISE(the_colour_of_today_is_told_with_its_tariff),
		PROMISE(the_status_of_standard_tells_colours),
		PROMISE(a_status_that_is_none_tells_nothing),
		PROMISE(a_failure_that_was_counted_is_told),
		PROMISE(a_counter_of_failures_that_begins_again_is_no_failure),
		PROMISE(a_counter_of_failures_that_is_none_tells_nothing),
		PROMISE(a_higher_peak_is_told_and_a_new_month_is_not),
		PROMISE(the_first_telegram_after_a_start_tells_nothing),
		PROMISE(a_meter_that_replaces_another_tells_nothing),
		PROMISE(colours_of_a_meter_that_replaces_another_are_no_news),
		PROMISE(a_damaged_group_is_no_news),
		PROMISE(a_damaged_telegram_is_no_news),
	};

	return keep_promises(promises, COUNT(promises));
}
