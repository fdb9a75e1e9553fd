// SPDX-License-Identifier: MIT
/*
 * A line of DLMS push, with hours that pass as fast as they can: whose its lists are, and how much
 * one count of its registers is.
 */
#include "world.h"

#include "../../userspace/meterd/sources.h"
#include "push_list.h"

/**
 * struct stage - a world with one line of DLMS that is fed by hand
 * @source: of the line; not one of the world's list
 */
struct stage {
	struct world w;
	struct source source;
	struct line *line;
	struct feed *feed;
};

static void line_begin(struct stage *s)
{
	s->line = line_add(&s->source, "hand");
	s->feed = feed_new(s->line, LINE_P1);
}

static void line_end(struct stage *s)
{
	feed_free(s->feed);
	line_remove(s->line);
}

static void stage_begin(struct stage *s)
{
	static const struct config nothing;

	memset(s, 0, sizeof(*s));
	world_begin(&s->w);
	s->source = (struct source){ .all = s->w.sources, .lines_end = &s->source.lines };
	snprintf(s->source.config.name, sizeof(s->source.config.name), "house");
	s->source.config.framings = DLMS_AUTO;
	sources_apply(s->w.sources, &nothing);
	line_begin(s);
}

static bool stage_end(struct stage *s, bool kept)
{
	line_end(s);
	world_end(&s->w);
	return kept;
}

/* In one frame, now. */
static void send_list(struct stage *s, const struct list *l)
{
	const struct moment now = { .unix_ms = host_unix_ms(), .steady_ms = steady_ms() };
	u8 frame[LIST_FRAME_MAX];

	feed_bytes(s->feed, frame, list_frame(l, frame), &now);
}

static void pass_s(unsigned int seconds)
{
	world_ns += seconds * 1000000000ull;
}

/* Power, and the number of its meter; NULL: without. */
static void send_power(struct stage *s, const char *number, u32 power_w)
{
	struct list l;

	list_begin(&l);
	put_code(&l, 0, 1, 7, 0);
	put_number(&l, power_w);
	if (number) {
		put_code(&l, 0, 96, 1, 0);
		put_text(&l, number);
	}
	send_list(s, &l);
}

static bool heard(const struct stage *s, unsigned int count, const char *number)
{
	if (s->w.heard == count && !strcmp(s->w.number, number))
		return true;
	return broken("%u telegrams, the last one of \"%s\"; not %u, of %s", s->w.heard, s->w.number,
		      count, number);
}

static bool a_list_without_a_number_is_of_the_only_meter(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	stage_begin(&s);
	send_power(&s, NULL, 1);
	kept = heard(&s, 0, "");
	send_power(&s, "A1", 1);
	send_power(&s, NULL, 1);
	kept = kept && heard(&s, 2, "A1");
	send_power(&s, "B2", 1);
	send_power(&s, NULL, 1);
	return stage_end(&s, kept && heard(&s, 3, "B2"));
}

static bool lists_without_a_number_go_over_to_the_meter_that_replaced_another(const char **skip)
{
	struct stage s;
	bool kept;

	(void)skip;
	stage_begin(&s);
	send_power(&s, "A1", 1);
	for (unsigned int i = 0; i < 350; i++) {
		pass_s(10);
		send_power(&s, "B2", 1);
	}
	send_power(&s, NULL, 1);
	kept = heard(&s, 351, "B2");
	for (unsigned int i = 0; i < 15; i++) {
		pass_s(10);
		send_power(&s, "B2", 1);
	}
	send_power(&s, NULL, 1);
	kept = kept && heard(&s, 367, "B2");
	line_end(&s);
	line_begin(&s);
	send_power(&s, NULL, 1);
	return stage_end(&s, kept && heard(&s, 368, "B2"));
}

static bool thousands_of_numbers_take_no_meter_its_place(const char **skip)
{
	struct stage s;
	char number[16];

	(void)skip;
	stage_begin(&s);
	send_power(&s, "A1", 1);
	for (unsigned int i = 0; i < 3000; i++) {
		snprintf(number, sizeof(number), "X%u", i);
		send_power(&s, number, 1);
	}
	send_power(&s, "A1", 1);
	return stage_end(&s, heard(&s, 3002, "A1"));
}

#define KAMSTRUP "5706567000000000"

/* Kamstrup's: 10 s lists of power; each hour one with the register. */
static void send_kamstrup(struct stage *s, u32 power_w, const u32 *count)
{
	struct list l;

	list_begin(&l);
	put_text(&l, "Kamstrup_V0001");
	put_code(&l, 1, 0, 0, 5);
	put_text(&l, KAMSTRUP);
	put_code(&l, 1, 1, 7, 0);
	put_number(&l, power_w);
	if (count) {
		put_code(&l, 1, 1, 8, 0);
		put_number(&l, *count);
	}
	send_list(s, &l);
}

static bool has_energy(const struct stage *s, s64 wh)
{
	const struct reading *r = s->w.when.values;

	if (!r || reading_has(r, Q_energy_import) != (wh >= 0))
		return broken("energy_import is %s", wh >= 0 ? "left out" : "told");
	if (wh >= 0 && r->milli[Q_energy_import] != wh * 1000)
		return broken("energy_import is %lld mWh, not %lld Wh",
			      (long long)r->milli[Q_energy_import], (long long)wh);
	return true;
}

/* Hours of 2400 W; its register at the end of each. */
static bool hours_pass(struct stage *s, unsigned int hours, u32 *count, u32 counts_per_hour)
{
	for (unsigned int at = 0; at < hours * 360; at++) {
		pass_s(10);
		send_kamstrup(s, 2400, NULL);
		if (at % 360 != 359)
			continue;
		*count += counts_per_hour;
		send_kamstrup(s, 2400, count);
		if (at < (hours - 1) * 360 && !has_energy(s, -1))
			return false;
	}
	return true;
}

static bool settles(u32 counts_per_hour, u32 step_wh)
{
	struct stage s;
	u32 count = 40000;
	bool kept;

	stage_begin(&s);
	send_kamstrup(&s, 2400, &count);
	kept = has_energy(&s, -1) && hours_pass(&s, 2, &count, counts_per_hour) &&
	       has_energy(&s, (s64)count * step_wh);
	line_end(&s);
	line_begin(&s);
	send_kamstrup(&s, 0, &count);
	return stage_end(&s, kept && has_energy(&s, (s64)count * step_wh));
}

static bool counts_of_10_wh_are_settled_by_power_and_stay_so(const char **skip)
{
	(void)skip;
	return settles(240, 10);
}

static bool counts_of_1_wh_are_settled_by_power_and_stay_so(const char **skip)
{
	(void)skip;
	return settles(2400, 1);
}

static bool what_is_configured_wins_over_what_was_settled(const char **skip)
{
	struct meter_scale scale = { .code = "1-1:1.8.0", .milli = 1000 };
	struct meter_config meter = { .number = KAMSTRUP, .scales = &scale, .scale_count = 1 };
	const struct config config = { .meters = &meter, .meter_count = 1 };
	struct stage s;
	u32 count = 40000;
	bool kept;

	(void)skip;
	stage_begin(&s);
	send_kamstrup(&s, 2400, &count);
	kept = hours_pass(&s, 2, &count, 240) && has_energy(&s, (s64)count * 10);
	sources_apply(s.w.sources, &config);
	send_kamstrup(&s, 2400, &count);
	return stage_end(&s, kept && has_energy(&s, count));
}

#define PROMISE(name) { #name, name }

static const struct promise promises[] = {
	PROMISE(a_list_without_a_number_is_of_the_only_meter),
	PROMISE(lists_without_a_number_go_over_to_the_meter_that_replaced_another),
	PROMISE(thousands_of_numbers_take_no_meter_its_place),
	PROMISE(counts_of_10_wh_are_settled_by_power_and_stay_so),
	PROMISE(counts_of_1_wh_are_settled_by_power_and_stay_so),
	PROMISE(what_is_configured_wins_over_what_was_settled),
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
