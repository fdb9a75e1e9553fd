// SPDX-License-Identifier: MIT
/*
 * The search for a line's speed, against model meters and a model clock: whatever moment it begins
 * at, each meter is found, and no speed is left that should be kept.
 */
#include <stdio.h>

#include "../../kernel/telegram/speed_search.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How often the tool looks, in ms; see attach_stay.c. */
#define LOOK_MS 500

/**
 * struct model - a meter
 * @bit_per_s: its speed
 * @period_ms: from the beginning of one telegram to that of the next
 * @length_ms: of a telegram; the rest of the period is silence
 * @bound_ms: within which it must be found
 */
struct model {
	const char *name;
	unsigned int bit_per_s;
	u64 period_ms;
	u64 length_ms;
	u64 bound_ms;
};

static const struct model models[] = {
	{ "historique, one phase", 1200, 1300, 1270, 5000 },
	{ "historique, three phases, Tempo", 1200, 3000, 2970, 8000 },
	{ "standard, one phase", 9600, 930, 900, 8000 },
	{ "standard, all labels with the longest gaps", 9600, 4230, 4200, 14000 },
	{ "DSMR 5", 115200, 1000, 100, 16000 },
	{ "DSMR 4", 115200, 10000, 100, 40000 },
	{ "DSMR 4, slow", 115200, 10070, 8000, 60000 },
	{ "DSMR 2.2", 9600, 10000, 500, 60000 },
	{ "DSMR 2.2, a little late", 9600, 10100, 800, 60000 },
};

/* Whether the meter sends anything in [from, to). */
static bool sends(const struct model *m, u64 from, u64 to)
{
	return from % m->period_ms < m->length_ms ||
	       from / m->period_ms != (to - 1) / m->period_ms;
}

/* Whether a whole telegram lies in [from, to). */
static bool telegram_in(const struct model *m, u64 from, u64 to)
{
	u64 first = (from + m->period_ms - 1) / m->period_ms * m->period_ms;

	return first + m->length_ms <= to;
}

/* When the meter is found by a search that begins at @begin, or 0 when not within its bound. */
static u64 found_after(const struct model *m, struct speed_search *s, u64 begin)
{
	u64 since = begin;

	for (u64 now = begin; now <= begin + m->bound_ms; now += LOOK_MS) {
		bool right = speed_search_speed(s) == m->bit_per_s;
		bool heard = now > since && sends(m, since, now);
		enum line_seen seen = heard && !right ? SEEN_GARBAGE : SEEN_NOTHING;

		if (right && telegram_in(m, since, now))
			return now - begin;
		if (now >= speed_search_until(s, seen, heard)) {
			speed_search_next(s, now);
			since = now;
		}
	}
	return 0;
}

static bool every_meter_is_found_at_every_moment(void)
{
	bool good = true;

	for (size_t i = 0; i < COUNT(models); i++) {
		u64 longest = 0;

		for (u64 begin = 1000000; begin < 1000000 + models[i].period_ms; begin += 10) {
			struct speed_search s;
			u64 after;

			speed_search_init(&s, 0, begin);
			after = found_after(&models[i], &s, begin);
			if (after > longest)
				longest = after;
			if (after)
				continue;
			printf("# %s: not found from %llu ms on\n", models[i].name,
			       (unsigned long long)(begin % models[i].period_ms));
			good = false;
			break;
		}
		printf("# %s: found within %llu ms\n", models[i].name, (unsigned long long)longest);
	}
	return good;
}

static bool meter_whose_mode_was_changed_is_found_again(void)
{
	for (size_t i = 0; i < COUNT(models); i++) {
		struct model m = models[i];
		struct speed_search s;

		m.bound_ms += 10000;
		speed_search_init(&s, 0, 0);
		if (speed_search_speed(&s) == m.bit_per_s)
			speed_search_next(&s, 0);
		speed_search_telegram(&s);
		speed_search_silence(&s, 50000);
		if (!found_after(&m, &s, 50000))
			return false;
	}
	return true;
}

static bool speed_that_worked_is_kept_for_ten_seconds_of_silence(void)
{
	struct speed_search s;

	speed_search_init(&s, 0, 0);
	speed_search_telegram(&s);
	speed_search_silence(&s, 70000);
	return speed_search_until(&s, SEEN_GARBAGE, true) == 80000 &&
	       speed_search_until(&s, SEEN_NOTHING, false) == 80000;
}

static bool speed_of_a_recognised_line_is_kept(void)
{
	struct speed_search s;

	speed_search_init(&s, 0, 0);
	return speed_search_until(&s, SEEN_P1_ENCRYPTED, true) == SPEED_KEEP &&
	       speed_search_until(&s, SEEN_HDLC, true) == SPEED_KEEP &&
	       speed_search_until(&s, SEEN_MBUS, true) == SPEED_KEEP;
}

static bool speed_that_was_given_is_never_left(void)
{
	struct speed_search s;

	speed_search_init(&s, 9600, 0);
	return speed_search_speed(&s) == 9600 &&
	       speed_search_until(&s, SEEN_GARBAGE, true) == SPEED_KEEP &&
	       speed_search_until(&s, SEEN_NOTHING, false) == SPEED_KEEP;
}

static const struct {
	const char *name;
	bool (*run)(void);
} promises[] = {
	{ "every_meter_is_found_at_every_moment", every_meter_is_found_at_every_moment },
	{ "meter_whose_mode_was_changed_is_found_again",
	  meter_whose_mode_was_changed_is_found_again },
	{ "speed_that_worked_is_kept_for_ten_seconds_of_silence",
	  speed_that_worked_is_kept_for_ten_seconds_of_silence },
	{ "speed_of_a_recognised_line_is_kept", speed_of_a_recognised_line_is_kept },
	{ "speed_that_was_given_is_never_left", speed_that_was_given_is_never_left },
};

int main(void)
{
	int failed = 0;

	printf("TAP version 13\n1..%zu\n", COUNT(promises));
	for (size_t i = 0; i < COUNT(promises); i++) {
		bool kept = promises[i].run();

		printf("%sok %zu - %s\n", kept ? "" : "not ", i + 1, promises[i].name);
		failed |= !kept;
	}
	return failed;
}
