// SPDX-License-Identifier: MIT
/*
 * Whose telegram it is and what a meter is called.
 */
#include "house.h"

#define A "041876097767"
#define B "041876091234"
#define C "021976555555"
/* The same in hex, as P1 has it: "E0011111" and so on. */
#define P1_A "4530303131313131"
#define P1_B "4530303232323232"

static struct house h;

/* Ends a test: everything is freed, whatever came out. */
static bool done(bool kept)
{
	house_close(&h);
	return kept;
}

static bool the_first_meter_of_a_source_has_its_name(const char **skip)
{
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "house", SOURCE_SERIAL);
	house_configure(&h);
	standard(&h, line, A, 1000);
	return done(last_is(&h, "house") && names_are(&h, "house") && heard_is(&h, 1) &&
		    h.added == 1 && !strcmp(h.last->number, A) &&
		    !strcmp(h.last->book->source, "house"));
}

static bool meters_of_the_kernel_are_called_by_their_numbers(const char **skip)
{
	struct line *line, *other;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "kernel", SOURCE_KERNEL);
	other = house_source(&h, "kernel", SOURCE_KERNEL);
	house_configure(&h);
	h.number = A;
	standard(&h, line, A, 1000);
	h.number = B;
	standard(&h, other, B, 1000);
	return done(names_are(&h, "kernel-1234 kernel-7767"));
}

static bool numbers_that_end_alike_have_longer_names(const char **skip)
{
	struct line *line[4];

	(void)skip;
	house_open(&h);
	for (unsigned int i = 0; i < 4; i++)
		line[i] = house_source(&h, "kernel", SOURCE_KERNEL);
	house_configure(&h);
	standard(&h, line[0], "041876097767", 1);
	standard(&h, line[1], "041876197767", 1);
	standard(&h, line[2], "041876297767", 1);
	/* "7767" is all it has. */
	simple_p1(&h, line[3], "37373637", 1);
	return done(names_are(&h, "kernel-297767 kernel-7767 kernel-7767-2 kernel-97767"));
}

static bool odd_characters_and_long_names_make_names_that_fit(const char **skip)
{
	struct line *line;
	const char *name;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "a-source-with-a-name-of-32-chars", SOURCE_KERNEL);
	house_configure(&h);
	simple_p1(&h, line, "A/1 \\z", 1);
	name = h.last ? h.last->name : "";
	return done(!strcmp(name, "a-source-with-a-name-of-32--1--z") ||
		    broken("it is called \"%s\"", name));
}

static bool the_configured_name_comes_first(const char **skip)
{
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "gateway", SOURCE_TCP);
	house_meter(&h, "E0011111", "garage");
	house_configure(&h);
	simple_p1(&h, line, P1_A, 1);
	return done(last_is(&h, "garage"));
}

static bool bridge_is_no_name_of_a_meter(const char **skip)
{
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "bridge", SOURCE_TCP);
	house_configure(&h);
	simple_p1(&h, line, P1_A, 1);
	return done(last_is(&h, "bridge-1111"));
}

static bool the_name_in_the_ledger_stays(const char **skip)
{
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "house", SOURCE_SERIAL);
	house_configure(&h);
	standard(&h, line, A, 1000);
	snprintf(h.sources[0].name, sizeof(h.sources[0].name), "attic");
	house_restart(&h);
	if (!names_are(&h, "attic house"))
		return done(false);
	standard(&h, line, A, 1001);
	return done(last_is(&h, "house") && h.added == 0);
}

static bool configured_meters_are_listed_before_they_are_heard(const char **skip)
{
	const struct meter *m;

	(void)skip;
	house_open(&h);
	house_source(&h, "gateway", SOURCE_TCP);
	house_source(&h, "kernel", SOURCE_KERNEL);
	house_source(&h, "off", SOURCE_SERIAL);
	h.sources[2].enabled = false;
	house_meter(&h, A, "zoo");
	house_meter(&h, B, "");
	house_configure(&h);
	if (!names_are(&h, "gateway off zoo"))
		return done(false);
	m = meters_find(h.meters, "off");
	if (meter_line_state(m) != LINE_OFF || m->heard || m->book)
		return done(broken("state of a meter whose source is off"));
	m = meters_find(h.meters, "zoo");
	if (meter_line_state(m) != LINE_SILENT || strcmp(m->number, A) ||
	    published(&h, "zoo", Q_energy_import) != -1)
		return done(broken("state of a meter that was not heard"));
	return done(true);
}

static bool a_place_is_taken_by_its_meter(const char **skip)
{
	struct line *line;
	struct meter *place;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "gateway", SOURCE_TCP);
	house_meter(&h, "E0011111", "garage");
	house_configure(&h);
	place = meters_find(h.meters, "garage");
	if (!names_are(&h, "garage gateway"))
		return done(false);
	simple_p1(&h, line, P1_A, 1);
	if (h.last != place)
		return done(broken("the place and its meter are two"));
	/* The source has its meter now, and needs no place when it is configured again. */
	house_configure(&h);
	return done(names_are(&h, "garage"));
}

static bool a_silent_meter_does_as_the_line_of_its_source(const char **skip)
{
	struct line *line;
	const struct meter *m;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "gateway", SOURCE_TCP);
	house_configure(&h);
	m = meters_find(h.meters, "gateway");
	line->state = LINE_REFUSED;
	meters_line_state(h.meters, line);
	if (meter_line_state(m) != LINE_REFUSED)
		return done(broken("a refused gateway does not show"));
	meters_line_gone(h.meters, line);
	return done(meter_line_state(m) == LINE_SILENT || broken("a line that is gone shows"));
}

static bool a_name_given_by_configuration_keeps_the_accounts(const char **skip)
{
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "gateway", SOURCE_TCP);
	house_configure(&h);
	simple_p1(&h, line, P1_A, 1000);
	h.now_s += 10;
	simple_p1(&h, line, P1_A, 1003);
	h.last->book->changed = false;
	house_meter(&h, "E0011111", "garage");
	house_configure(&h);
	if (!names_are(&h, "garage") || !day_is(&h, "garage", Q_energy_import, 3000) ||
	    !h.last->book->changed || strcmp(h.last->book->name, "garage"))
		return done(false);
	h.now_s += 10;
	simple_p1(&h, line, P1_A, 1005);
	return done(last_is(&h, "garage") && day_is(&h, "garage", Q_energy_import, 5000));
}

static bool a_name_with_accounts_of_another_meter_is_not_given_away(const char **skip)
{
	struct line *line, *other;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "one", SOURCE_TCP);
	other = house_source(&h, "two", SOURCE_TCP);
	house_configure(&h);
	simple_p1(&h, line, P1_A, 1000);
	simple_p1(&h, other, P1_B, 1000);
	house_meter(&h, "E0011111", "two");
	house_configure(&h);
	return done(names_are(&h, "one two") &&
		    !strcmp(meters_find(h.meters, "two")->number, "E0022222"));
}

/* @count telegrams of a meter, 10 s and 10 Wh apart. */
static void speak(struct line *line, const char *number, s64 *wh, unsigned int count)
{
	while (count--) {
		standard(&h, line, number, *wh);
		h.now_s += 10;
		*wh += 10;
	}
}

static struct line *house_with_a(s64 *wh)
{
	struct line *line;

	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	house_configure(&h);
	speak(line, A, wh, 5);
	return line;
}

static bool a_replaced_meter_keeps_its_name_and_its_energy(const char **skip)
{
	s64 a = 5000, b = 3;
	struct line *line = house_with_a(&a);

	(void)skip;
	speak(line, B, &b, 2);
	if (!names_are(&h, "house") || !heard_is(&h, 5) || strcmp(h.last->number, A))
		return done(broken("two telegrams are enough"));
	speak(line, B, &b, 3);
	/* 40 Wh of the old one; of the new one all from its first telegram on: 4 steps of 10. */
	return done(names_are(&h, "house") && last_is(&h, "house") &&
		    !strcmp(h.last->number, B) && !strcmp(h.last->book->number, B) &&
		    h.segments == 1 && h.added == 1 &&
		    day_is(&h, "house", Q_energy_import, 80000) &&
		    is_published(&h, "house", Q_energy_import, 43000));
}

static bool a_meter_replaced_while_nobody_listened_is_found_out(const char **skip)
{
	s64 a = 5000, b = 7;
	struct line *line = house_with_a(&a);

	(void)skip;
	house_restart(&h);
	speak(line, B, &b, 2);
	if (!heard_is(&h, 0))
		return done(false);
	speak(line, B, &b, 2);
	return done(names_are(&h, "house") && !strcmp(h.last->number, B) && h.segments == 1 &&
		    day_is(&h, "house", Q_energy_import, 70000));
}

static bool a_replaced_meter_may_come_back(const char **skip)
{
	s64 a = 5000, b = 7;
	struct line *line = house_with_a(&a);

	(void)skip;
	speak(line, B, &b, 4);
	speak(line, A, &a, 4);
	return done(names_are(&h, "house") && !strcmp(h.last->number, A) && h.segments == 2 &&
		    day_is(&h, "house", Q_energy_import, 40000 + 30000 + 30000));
}

static bool two_meters_that_speak_in_turn_are_two(const char **skip)
{
	s64 a = 5000, b = 100;
	struct line *line = house_with_a(&a);

	(void)skip;
	for (unsigned int i = 0; i < 3; i++) {
		speak(line, B, &b, 1);
		speak(line, A, &a, 1);
	}
	return done(names_are(&h, "house house-1234") && h.segments == 0 &&
		    /* Of B all from its first telegram on. */
		    day_is(&h, "house-1234", Q_energy_import, 20000) &&
		    day_is(&h, "house", Q_energy_import, 70000) &&
		    /* Its first telegram was booked, though it was nobody's then. */
		    heard_is(&h, 10));
}

static bool the_old_meter_heard_again_saves_it(const char **skip)
{
	s64 a = 5000, b = 100;
	struct line *line = house_with_a(&a);

	(void)skip;
	speak(line, B, &b, 2);
	speak(line, A, &a, 1);
	speak(line, B, &b, 1);
	return done(names_are(&h, "house house-1234") && h.segments == 0 &&
		    day_is(&h, "house-1234", Q_energy_import, 20000));
}

static bool one_wrong_number_changes_nothing(const char **skip)
{
	s64 a = 5000, b = 100, c = 200;
	struct line *line = house_with_a(&a);

	(void)skip;
	speak(line, B, &b, 1);
	speak(line, A, &a, 3);
	speak(line, C, &c, 1);
	speak(line, A, &a, 3);
	return done(names_are(&h, "house") && heard_is(&h, 11) && h.segments == 0 &&
		    day_is(&h, "house", Q_energy_import, 100000));
}

static bool changing_wrong_numbers_replace_nobody(const char **skip)
{
	s64 a = 5000, b = 100, c = 200;
	struct line *line = house_with_a(&a);

	(void)skip;
	for (unsigned int i = 0; i < 4; i++) {
		speak(line, B, &b, 2);
		speak(line, C, &c, 2);
	}
	return done(names_are(&h, "house") && heard_is(&h, 5) && h.segments == 0);
}

static bool a_number_known_elsewhere_is_that_meter_at_once(const char **skip)
{
	s64 a = 5000, b = 100;
	struct line *line, *other;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "one", SOURCE_TCP);
	other = house_source(&h, "two", SOURCE_TCP);
	house_configure(&h);
	speak(line, A, &a, 2);
	speak(other, B, &b, 2);
	other->state = LINE_SILENT;
	speak(line, B, &b, 1);
	return done(names_are(&h, "one two") && last_is(&h, "two") && h.last->line == line &&
		    !strcmp(h.last->source, "one") && !strcmp(h.last->book->source, "one") &&
		    day_is(&h, "two", Q_energy_import, 20000));
}

static bool a_meter_heard_twice_over_does_not_move_in_the_ledger(const char **skip)
{
	s64 a = 5000;
	struct line *line, *other;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "one", SOURCE_TCP);
	other = house_source(&h, "two", SOURCE_TCP);
	house_configure(&h);
	speak(line, A, &a, 2);
	speak(other, A, &a, 1);
	if (!last_is(&h, "one") || strcmp(h.last->source, "two") ||
	    strcmp(h.last->book->source, "one"))
		return done(broken("one telegram by another way moved it"));
	speak(line, A, &a, 1);
	return done(names_are(&h, "one two") && last_is(&h, "one") &&
		    day_is(&h, "one", Q_energy_import, 30000));
}

static bool configuration_says_who_takes_over_a_name(const char **skip)
{
	s64 a = 5000, b = 100;
	struct line *line = house_with_a(&a);

	(void)skip;
	house_meter(&h, B, "house");
	house_configure(&h);
	speak(line, B, &b, 2);
	return done(names_are(&h, "house") && !strcmp(h.last->number, B) && heard_is(&h, 7) &&
		    h.segments == 1 && day_is(&h, "house", Q_energy_import, 50000));
}

static bool particulars_of_a_name_outlive_a_replacement(const char **skip)
{
	s64 a = 5000, b = 100;
	struct meter_config *c;
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "gateway", SOURCE_TCP);
	c = house_meter(&h, A, "house");
	c->zone = zone_get("Atlantic/Azores");
	house_configure(&h);
	speak(line, A, &a, 2);
	speak(line, B, &b, 3);
	return done(last_is(&h, "house") && !strcmp(h.last->number, B) && h.last->config == c &&
		    h.last->book->zone == c->zone);
}

static bool a_frame_without_number_is_of_who_spoke_last(const char **skip)
{
	s64 a = 5000, b = 100;
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	house_configure(&h);
	speak(line, "", &a, 3);
	if (!heard_is(&h, 0) || h.added)
		return done(broken("a frame without a number made a meter"));
	speak(line, A, &a, 1);
	speak(line, "", &a, 1);
	if (!heard_is(&h, 2) || !last_is(&h, "house") ||
	    !day_is(&h, "house", Q_energy_import, 10000))
		return done(false);
	/* After a stranger it could be the stranger's. */
	speak(line, B, &b, 1);
	speak(line, "", &b, 1);
	if (!heard_is(&h, 2))
		return done(false);
	speak(line, A, &a, 1);
	return done(heard_is(&h, 3) && day_is(&h, "house", Q_energy_import, 20000));
}

static bool a_number_out_of_a_damaged_frame_must_come_twice(const char **skip)
{
	static const u8 damaged[] = "\nEAST\t000000100\t!\r\x03";
	u8 bytes[256];
	const char *groups[] = { "ADSC\t" A, "SINSTS\t00100" };
	struct line *line;
	size_t len;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	house_configure(&h);
	len = tic_frame_of(bytes, sizeof(bytes), groups, 2) - 1;
	memcpy(bytes + len, damaged, sizeof(damaged) - 1);
	len += sizeof(damaged) - 1;
	house_bytes(&h, line, bytes, len);
	if (h.added || !heard_is(&h, 0))
		return done(broken("a damaged frame made a meter"));
	house_bytes(&h, line, bytes, len);
	return done(h.added == 1 && last_is(&h, "house") && h.last->telegrams == 2);
}

static bool strangers_are_ignored_where_meters_are_not_made(const char **skip)
{
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "gateway", SOURCE_TCP);
	h.sources[0].makes_meters = false;
	house_meter(&h, "E0011111", "garage");
	house_configure(&h);
	for (unsigned int i = 0; i < 9; i++)
		simple_p1(&h, line, P1_B, 1);
	if (!heard_is(&h, 0) || h.added)
		return done(broken("a stranger became a meter"));
	simple_p1(&h, line, P1_A, 1);
	for (unsigned int i = 0; i < 9; i++)
		simple_p1(&h, line, P1_B, 1);
	return done(heard_is(&h, 1) && last_is(&h, "garage") && h.segments == 0 &&
		    names_are(&h, "garage"));
}

static bool a_line_of_thousands_of_numbers_makes_a_bounded_number_of_meters(const char **skip)
{
	struct line *line;
	char number[16], hex[32];

	(void)skip;
	house_open(&h);
	line = house_source(&h, "gateway", SOURCE_TCP);
	house_meter(&h, "E9999999", "garage");
	house_configure(&h);
	simple_p1(&h, line, P1_A, 1);
	for (unsigned int i = 0; i < 4000; i++) {
		snprintf(number, sizeof(number), "F%07u", i / 2);
		for (unsigned int k = 0; number[k]; k++)
			snprintf(hex + 2 * k, 3, "%02X", number[k]);
		simple_p1(&h, line, hex, 1);
		simple_p1(&h, line, P1_A, 1);
	}
	if (h.added < 2 || h.added > 100)
		return done(broken("%u meters were made", h.added));
	simple_p1(&h, line, "4539393939393939", 1);
	return done(last_is(&h, "garage"));
}

/* The identification names a type: two houses may have the same. */
static bool meters_without_a_number_are_told_apart_by_their_sources(const char **skip)
{
	struct line *line, *other;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "one", SOURCE_TCP);
	other = house_source(&h, "two", SOURCE_TCP);
	house_configure(&h);
	p1(&h, line, "1-0:1.8.0(000001.000*kWh)\r\n");
	p1(&h, other, "1-0:1.8.0(000002.000*kWh)\r\n");
	p1(&h, line, "1-0:1.8.0(000001.000*kWh)\r\n");
	if (!last_is(&h, "one") || !names_are(&h, "one two"))
		return done(false);
	house_restart(&h);
	p1(&h, other, "1-0:1.8.0(000002.000*kWh)\r\n");
	return done(last_is(&h, "two") && heard_is(&h, 1) && h.segments == 0);
}

static bool a_new_layout_does_not_hide_a_new_number(const char **skip)
{
	struct line *line;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "one", SOURCE_TCP);
	house_meter(&h, "E0011111", "a");
	house_meter(&h, "E0022222", "b");
	house_configure(&h);
	for (unsigned int i = 0; i < 3; i++) {
		simple_p1(&h, line, P1_A, 1);
		if (!last_is(&h, "a"))
			return done(false);
		/* The same rows, another number; other rows, the same number; both. */
		simple_p1(&h, line, P1_B, 1);
		if (!last_is(&h, "b"))
			return done(false);
		p1(&h, line, "1-0:1.8.0(000001.000*kWh)\r\n0-0:96.1.1(" P1_A ")\r\n");
		if (!last_is(&h, "a"))
			return done(false);
		/* A better number beside one that is the same as before. */
		p1(&h, line, "0-0:96.1.1(" P1_B ")\r\n0-0:96.1.0(" P1_A ")\r\n"
		   "1-0:1.8.0(000001.000*kWh)\r\n");
		if (!last_is(&h, "b"))
			return done(false);
		/* The beginning of the same, which is another number now. */
		p1(&h, line, "0-0:96.1.0(" P1_A ")\r\n0-0:96.1.1(" P1_B ")\r\n"
		   "1-0:1.8.0(000001.000*kWh)\r\n");
		p1(&h, line, "0-0:96.1.0(" P1_A ")\r\n1-0:1.8.0(000001.000*kWh)\r\n");
		if (!last_is(&h, "a"))
			return done(false);
	}
	return done(names_are(&h, "a b"));
}

/* The line remembers who spoke last by a number that is no longer that meter's. */
static bool a_number_that_was_replaced_elsewhere_is_not_its_meters(const char **skip)
{
	s64 a = 5000, b = 100;
	struct line *line, *other;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "one", SOURCE_TCP);
	other = house_source(&h, "two", SOURCE_TCP);
	house_configure(&h);
	speak(line, A, &a, 2);
	speak(other, A, &a, 1);
	speak(other, B, &b, 3);
	if (!last_is(&h, "one") || strcmp(h.last->number, B))
		return done(broken("it was not replaced"));
	speak(line, A, &a, 1);
	return done(last_is(&h, "one-7767") && !strcmp(meters_find(h.meters, "one")->number, B) &&
		    day_is(&h, "one", Q_energy_import, 40000));
}

static bool an_identification_with_one_name_is_one_meter(const char **skip)
{
	struct line *line, *other;

	(void)skip;
	house_open(&h);
	line = house_source(&h, "one", SOURCE_TCP);
	other = house_source(&h, "two", SOURCE_TCP);
	house_meter(&h, "XYZ5TEST", "house");
	house_configure(&h);
	for (unsigned int i = 0; i < 3; i++) {
		p1(&h, line, "1-0:1.8.0(000001.000*kWh)\r\n");
		p1(&h, other, "1-0:1.8.0(000001.000*kWh)\r\n");
	}
	return done(heard_is(&h, 6) && last_is(&h, "house") && h.added == 1 && h.segments == 0);
}

static bool a_line_may_go_while_somebody_is_a_candidate(const char **skip)
{
	s64 a = 5000, b = 100;
	struct line *line = house_with_a(&a);

	(void)skip;
	speak(line, B, &b, 1);
	meters_line_gone(h.meters, line);
	if (meter_line_state(meters_find(h.meters, "house")) != LINE_SILENT)
		return done(broken("its line is gone, its state stayed"));
	speak(line, A, &a, 1);
	return done(last_is(&h, "house") && heard_is(&h, 6));
}

static bool reconfiguring_changes_nothing_that_was_heard(const char **skip)
{
	s64 a = 5000;
	struct line *line = house_with_a(&a);
	struct meter *m = h.last;

	(void)skip;
	house_configure(&h);
	house_configure(&h);
	if (!names_are(&h, "house") || meters_first(h.meters) != m || m->line != line)
		return done(false);
	speak(line, A, &a, 1);
	return done(h.last == m && day_is(&h, "house", Q_energy_import, 50000));
}

static bool the_ledger_knows_the_protocol(const char **skip)
{
	s64 a = 5000;
	struct line *line = house_with_a(&a);

	(void)skip;
	if (h.last->book->protocol != TELEGRAM_TIC_STANDARD)
		return done(broken("a book without a protocol"));
	h.last->book->changed = false;
	tic(&h, line, "ADCO " A, "IINST 001");
	if (h.last->book->protocol != TELEGRAM_TIC_HISTORIQUE || !h.last->book->changed)
		return done(broken("a meter that changed its mode"));
	house_restart(&h);
	return done(meters_find(h.meters, "house")->protocol == TELEGRAM_TIC_HISTORIQUE);
}

static bool a_meter_whose_source_is_no_more_is_off(const char **skip)
{
	s64 a = 5000;
	struct line *line = house_with_a(&a);

	(void)skip;
	meters_line_gone(h.meters, line);
	h.config.source_count = 0;
	house_configure(&h);
	return done(names_are(&h, "house") &&
		    meter_line_state(meters_find(h.meters, "house")) == LINE_OFF);
}

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(the_first_meter_of_a_source_has_its_name),
		PROMISE(meters_of_the_kernel_are_called_by_their_numbers),
		PROMISE(numbers_that_end_alike_have_longer_names),
		PROMISE(odd_characters_and_long_names_make_names_that_fit),
		PROMISE(the_configured_name_comes_first),
		PROMISE(bridge_is_no_name_of_a_meter),
		PROMISE(the_name_in_the_ledger_stays),
		PROMISE(configured_meters_are_listed_before_they_are_heard),
		PROMISE(a_place_is_taken_by_its_meter),
		PROMISE(a_silent_meter_does_as_the_line_of_its_source),
		PROMISE(a_name_given_by_configuration_keeps_the_accounts),
		PROMISE(a_name_with_accounts_of_another_meter_is_not_given_away),
		PROMISE(a_replaced_meter_keeps_its_name_and_its_energy),
		PROMISE(a_meter_replaced_while_nobody_listened_is_found_out),
		PROMISE(a_replaced_meter_may_come_back),
		PROMISE(two_meters_that_speak_in_turn_are_two),
		PROMISE(the_old_meter_heard_again_saves_it),
		PROMISE(one_wrong_number_changes_nothing),
		PROMISE(changing_wrong_numbers_replace_nobody),
		PROMISE(a_number_known_elsewhere_is_that_meter_at_once),
		PROMISE(a_meter_heard_twice_over_does_not_move_in_the_ledger),
		PROMISE(configuration_says_who_takes_over_a_name),
		PROMISE(particulars_of_a_name_outlive_a_replacement),
		PROMISE(a_frame_without_number_is_of_who_spoke_last),
		PROMISE(a_number_out_of_a_damaged_frame_must_come_twice),
		PROMISE(strangers_are_ignored_where_meters_are_not_made),
		PROMISE(a_line_of_thousands_of_numbers_makes_a_bounded_number_of_meters),
		PROMISE(meters_without_a_number_are_told_apart_by_their_sources),
		PROMISE(a_new_layout_does_not_hide_a_new_number),
		PROMISE(a_number_that_was_replaced_elsewhere_is_not_its_meters),
		PROMISE(an_identification_with_one_name_is_one_meter),
		PROMISE(a_line_may_go_while_somebody_is_a_candidate),
		PROMISE(reconfiguring_changes_nothing_that_was_heard),
		PROMISE(the_ledger_knows_the_protocol),
		PROMISE(a_meter_whose_source_is_no_more_is_off),
	};

	return keep_promises(promises, COUNT(promises));
}
