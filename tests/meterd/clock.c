// SPDX-License-Identifier: MIT
/*
 * Whose clock a reading is booked by, and when the host's can close a period.
 */
#include "../../userspace/meterd/clock.h"
#include "../../kernel/telegram/labels.h"
#include "../host/host.h"

/* In 2099, later than any build of this. */
#define TODAY_S 4084000000ll
/* 2024-10-10T10:00:00Z = E241010120000 = 241010120000S. */
#define STAMP_S 1728554400ll

struct stamped {
	struct telegram t;
	u8 text[128];
};

/* A telegram that has nothing but a clock; "" for none. */
static const struct field *stamp(struct stamped *s, unsigned int protocol, const char *stamp_text)
{
	const char *label = protocol == TELEGRAM_P1 ? "0-0:1.0.0" : "DATE";
	struct field *f = &s->t.fields[0];
	size_t len = strlen(stamp_text);

	memset(s, 0, sizeof(*s));
	s->t.text = s->text;
	s->t.protocol = protocol;
	if (!len)
		return NULL;
	s->t.nfields = 1;
	f->label_len = strlen(label);
	memcpy(s->text, label, f->label_len);
	if (protocol == TELEGRAM_P1) {
		f->value = f->label_len;
		f->len = snprintf((char *)s->text + f->value, 64, "(%s)", stamp_text);
	} else {
		memcpy(s->text + f->label_len + 1, stamp_text, len);
		f->value = f->label_len + 1 + len + 1;
		f->row = TIC_ROW_DATE;
	}
	return f;
}

static bool clock_is(unsigned int protocol, const char *text, int offset_min, s64 wanted_s,
		     bool wanted_sound)
{
	struct stamped s;
	const struct field *f = stamp(&s, protocol, text);
	bool sound = !wanted_sound;
	s64 unix_s = -1;

	if (!meter_clock(&s.t, f, offset_min, &unix_s, &sound))
		return broken("%s is no clock", text);
	if (unix_s != wanted_s || sound != wanted_sound)
		return broken("%s at %d min: %lld, sound %d", text, offset_min, (long long)unix_s,
			      sound);
	return true;
}

static bool no_clock(unsigned int protocol, const char *text)
{
	struct stamped s;
	const struct field *f = stamp(&s, protocol, text);
	bool sound;
	s64 unix_s;

	return !meter_clock(&s.t, f, 60, &unix_s, &sound) || broken("%s is a clock", text);
}

static bool stamps_are_read_by_their_letter(const char **skip)
{
	(void)skip;
	return clock_is(TELEGRAM_TIC_STANDARD, "E241010120000", 60, STAMP_S, true) &&
	       clock_is(TELEGRAM_TIC_STANDARD, "H241010110000", 60, STAMP_S, true) &&
	       clock_is(TELEGRAM_TIC_STANDARD, "e241010120000", 60, STAMP_S, false) &&
	       clock_is(TELEGRAM_TIC_STANDARD, "h241010110000", 60, STAMP_S, false) &&
	       clock_is(TELEGRAM_P1, "241010120000S", 60, STAMP_S, true) &&
	       clock_is(TELEGRAM_P1, "241010110000W", 60, STAMP_S, true);
}

static bool stamps_that_say_no_time_are_none(const char **skip)
{
	(void)skip;
	return no_clock(TELEGRAM_TIC_STANDARD, "") && no_clock(TELEGRAM_P1, "") &&
	       no_clock(TELEGRAM_TIC_STANDARD, " 241010120000") &&
	       no_clock(TELEGRAM_TIC_STANDARD, "E241310120000") &&
	       no_clock(TELEGRAM_TIC_STANDARD, "E700101000000") &&
	       no_clock(TELEGRAM_P1, "632525252525S") && no_clock(TELEGRAM_P1, "700101010000W") &&
	       no_clock(TELEGRAM_P1, "241010120000");
}

static bool a_base_offset_moves_stamps_of_other_countries(const char **skip)
{
	(void)skip;
	/* Finland: winter UTC+2, summer UTC+3. Ireland: UTC and UTC+1. */
	return clock_is(TELEGRAM_P1, "241010130000S", 120, STAMP_S, true) &&
	       clock_is(TELEGRAM_P1, "241010120000W", 120, STAMP_S, true) &&
	       clock_is(TELEGRAM_P1, "241010110000S", 0, STAMP_S, true) &&
	       clock_is(TELEGRAM_TIC_STANDARD, "H241010133000", 210, STAMP_S, true);
}

static bool trust_is(s64 unix_s, u64 ran_ms, bool synchronised, s64 newest_s,
		     enum clock_trust wanted)
{
	const struct host_clock c = { .newest_s = newest_s };
	enum clock_trust trust = host_clock_trust(&c, unix_s, ran_ms, synchronised);

	return trust == wanted || broken("%lld after %llu ms, newest %lld: trust %d, not %d",
					 (long long)unix_s, (unsigned long long)ran_ms,
					 (long long)newest_s, trust, wanted);
}

static bool a_synchronised_clock_is_trusted_at_once(const char **skip)
{
	(void)skip;
	return trust_is(TODAY_S, 0, true, 0, CLOCK_SYNCHRONISED) &&
	       trust_is(TODAY_S, 0, true, TODAY_S + 1000, CLOCK_SYNCHRONISED);
}

static bool another_clock_is_plausible_after_ten_minutes(const char **skip)
{
	(void)skip;
	return trust_is(TODAY_S, 0, false, 0, CLOCK_UNTRUSTED) &&
	       trust_is(TODAY_S, 599999, false, 0, CLOCK_UNTRUSTED) &&
	       trust_is(TODAY_S, 600000, false, 0, CLOCK_PLAUSIBLE);
}

static bool a_clock_before_the_build_or_the_ledger_is_never_plausible(const char **skip)
{
	(void)skip;
	return trust_is(0, 86400000, false, 0, CLOCK_UNTRUSTED) &&
	       trust_is(1577836800, 86400000, false, 0, CLOCK_UNTRUSTED) &&
	       trust_is(TODAY_S, 86400000, false, TODAY_S, CLOCK_UNTRUSTED) &&
	       trust_is(TODAY_S, 86400000, false, TODAY_S - 1, CLOCK_PLAUSIBLE);
}

/** struct booking - one row of the matrix: what is known, and what follows */
struct booking {
	const char *stamp;
	s64 host_s;
	bool replay;
	s64 replay_s;
	enum time_policy policy;
	enum clock_trust trust;
	struct reading_time wanted;
};

#define BY_METER { .known = true, .time_s = STAMP_S, .may_close = true }
#define BY_HOST(s, close, f) { .known = true, .time_s = (s), .may_close = (close), .flags = (f) }

static const char sound[] = "E241010120000", degraded[] = "e241010120000";

static const struct booking live[] = {
	/* Within an hour the meter's clock counts, whatever the host's is worth. */
	{ sound, STAMP_S, .trust = CLOCK_SYNCHRONISED, .wanted = BY_METER },
	{ sound, STAMP_S + 3600, .trust = CLOCK_UNTRUSTED, .wanted = BY_METER },
	{ sound, STAMP_S - 3600, .trust = CLOCK_PLAUSIBLE, .wanted = BY_METER },
	/* Beyond it the host's does, as far as it is trusted. */
	{ sound, STAMP_S + 3601, .trust = CLOCK_SYNCHRONISED,
	  .wanted = BY_HOST(STAMP_S + 3601, true, 0) },
	{ sound, STAMP_S - 3601, .trust = CLOCK_PLAUSIBLE,
	  .wanted = BY_HOST(STAMP_S - 3601, true, QUALITY_CLOCK) },
	{ sound, 1000, .trust = CLOCK_UNTRUSTED, .wanted = BY_HOST(1000, false, 0) },
	/* A meter that does not trust itself, or has no clock. */
	{ degraded, STAMP_S + 5, .trust = CLOCK_SYNCHRONISED,
	  .wanted = BY_HOST(STAMP_S + 5, true, 0) },
	{ degraded, STAMP_S + 5, .trust = CLOCK_UNTRUSTED,
	  .wanted = BY_HOST(STAMP_S + 5, false, 0) },
	{ "", STAMP_S + 5, .trust = CLOCK_PLAUSIBLE,
	  .wanted = BY_HOST(STAMP_S + 5, true, QUALITY_CLOCK) },
	{ "", STAMP_S + 5, .trust = CLOCK_UNTRUSTED, .wanted = BY_HOST(STAMP_S + 5, false, 0) },
	/* By configuration. */
	{ sound, STAMP_S + 5, .policy = TIME_HOST, .trust = CLOCK_SYNCHRONISED,
	  .wanted = BY_HOST(STAMP_S + 5, true, 0) },
	{ sound, STAMP_S + 5, .policy = TIME_HOST, .trust = CLOCK_UNTRUSTED,
	  .wanted = BY_HOST(STAMP_S + 5, false, 0) },
	{ sound, 1000, .policy = TIME_METER, .trust = CLOCK_UNTRUSTED, .wanted = BY_METER },
	{ degraded, STAMP_S + 5, .policy = TIME_METER, .trust = CLOCK_SYNCHRONISED,
	  .wanted = BY_HOST(STAMP_S + 5, true, 0) },
};

static const struct booking replayed[] = {
	/* However old, by whatever host, sound or not. */
	{ sound, 9999999, .replay = true, .replay_s = 77, .wanted = BY_METER },
	{ degraded, 9999999, .replay = true, .wanted = BY_METER },
	{ sound, 9999999, .replay = true, .policy = TIME_HOST, .wanted = BY_METER },
	/* Start and interval, where the file has no stamps; else nothing. */
	{ "", 9999999, .replay = true, .replay_s = 77, .wanted = BY_HOST(77, true, 0) },
	{ "", 9999999, .replay = true, .trust = CLOCK_SYNCHRONISED },
};

static bool books(const struct booking *b)
{
	const struct moment when = { .unix_ms = b->host_s * 1000 + 999, .steady_ms = 1,
				     .replay = b->replay, .replay_s = b->replay_s };
	struct stamped s;
	const struct field *f = stamp(&s, TELEGRAM_TIC_STANDARD, b->stamp);
	struct reading_time time;

	reading_time(&s.t, f, &when, b->policy, 60, b->trust, &time);
	return (time.known == b->wanted.known && time.time_s == b->wanted.time_s &&
		time.may_close == b->wanted.may_close && time.flags == b->wanted.flags) ||
	       broken("\"%s\" host %lld policy %d trust %d: known %d time %lld close %d flags %x",
		      b->stamp, (long long)b->host_s, b->policy, b->trust, time.known,
		      (long long)time.time_s, time.may_close, time.flags);
}

static bool live_readings_are_booked_by_the_clock_that_counts(const char **skip)
{
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(live); i++)
		kept &= books(&live[i]);
	return kept;
}

static bool replayed_readings_are_booked_by_the_telegrams_clock(const char **skip)
{
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(replayed); i++)
		kept &= books(&replayed[i]);
	return kept;
}

#define PROMISE(name) { #name, name }

int main(void)
{
	static const struct promise promises[] = {
		PROMISE(stamps_are_read_by_their_letter),
		PROMISE(stamps_that_say_no_time_are_none),
		PROMISE(a_base_offset_moves_stamps_of_other_countries),
		PROMISE(a_synchronised_clock_is_trusted_at_once),
		PROMISE(another_clock_is_plausible_after_ten_minutes),
		PROMISE(a_clock_before_the_build_or_the_ledger_is_never_plausible),
		PROMISE(live_readings_are_booked_by_the_clock_that_counts),
		PROMISE(replayed_readings_are_booked_by_the_telegrams_clock),
	};

	return keep_promises(promises, COUNT(promises));
}
