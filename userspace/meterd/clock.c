// SPDX-License-Identifier: MIT
/*
 * When a reading was taken: the meter's clock or the host's, and whether either can close a
 * period.
 */
#include <sys/timex.h>

#include "../../kernel/telegram/quantities.h"
#include "clock.h"

/* A host's clock that nothing confirms is believed so long after the machine's start. */
#define PLAUSIBLE_AFTER_MS (10 * 60 * 1000)

/* A meter's clock is believed within this distance of the host's. */
#define METER_CLOCK_MAX_S 3600

/* Base offset of central Europe, by which stamps are read. */
#define USUAL_OFFSET_MIN 60

static unsigned int build_number(const char *digits, size_t count)
{
	unsigned int n = 0;

	for (; count--; digits++)
		n = n * 10 + (*digits == ' ' ? 0 : *digits - '0');
	return n;
}

/* A few weeks before this was compiled at the most: __DATE__ is "Mmm dd yyyy". */
static s64 build_s(void)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *date = __DATE__;
	unsigned int day = build_number(date + 4, 2), year = build_number(date + 7, 4), month = 0;

	while (month < 11 && memcmp(months + 3 * month, date, 3))
		month++;
	/* 30 days for a month and 365 for a year: never later than the day itself. */
	return ((s64)(year - 1970) * 365 + month * 30 + day - 2) * 86400;
}

/**
 * host_clock_trust - how far the host's clock can be believed
 * @c: what is known of it
 * @unix_s: what it says, seconds since 1970
 * @steady_ms: CLOCK_BOOTTIME, ms
 * @synchronised: of host_clock_synchronised()
 *
 * Pure; any thread.
 *
 * A machine without a clock of its own has a wrong one until a server tells it the time: within
 * minutes of its start or never, whenever the daemon was begun.
 *
 * Return: CLOCK_SYNCHRONISED when something keeps it; CLOCK_PLAUSIBLE 10 minutes after the start
 * when it is later than this program and than all that the ledger knows; else CLOCK_UNTRUSTED.
 */
enum clock_trust host_clock_trust(const struct host_clock *c, s64 unix_s, u64 steady_ms,
				  bool synchronised)
{
	if (synchronised)
		return CLOCK_SYNCHRONISED;
	if (steady_ms >= PLAUSIBLE_AFTER_MS && unix_s > c->newest_s &&
	    unix_s > build_s())
		return CLOCK_PLAUSIBLE;
	return CLOCK_UNTRUSTED;
}

/**
 * host_clock_synchronised - whether NTP, PTP or the like keeps the host's clock
 *
 * A system call: not for each telegram. Any thread.
 */
bool host_clock_synchronised(void)
{
	struct timex t = { .modes = 0 };

	return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}

/**
 * shift_stamp - a stamp of a meter whose winter time is not UTC+1
 * @unix_s: the stamp as read by its letter, seconds since 1970
 * @base_offset_min: the meter's winter time, minutes ahead of UTC
 *
 * Return: seconds since 1970 in UTC.
 */
s64 shift_stamp(s64 unix_s, int base_offset_min)
{
	return unix_s - (s64)(base_offset_min - USUAL_OFFSET_MIN) * 60;
}

/**
 * meter_clock - what the meter's own clock says
 * @t: a telegram
 * @date: DATE of TIC standard or 0-0:1.0.0 of P1, a field of @t; NULL: it has none
 * @base_offset_min: the meter's winter time, minutes ahead of UTC; 60 in central Europe
 * @unix_s: for the seconds since 1970 in UTC
 * @sound: for whether the meter itself trusts it: 54E section 6.2.1.1, a small season letter is a
 *	clock that ran out
 *
 * Pure; any thread.
 *
 * Return: false when it says no valid time.
 */
bool meter_clock(const struct telegram *t, const struct field *date, int base_offset_min,
		 s64 *unix_s, bool *sound)
{
	const u8 *stamp;
	unsigned int next;

	if (!date)
		return false;
	if (t->protocol == TELEGRAM_P1) {
		struct span s = p1_group(t, date, 0, &next);

		/* Without S or W it could be any hour. */
		if (s.len != 13 || !p1_stamp(s.bytes, s.len, unix_s))
			return false;
		*sound = true;
	} else {
		u8 as_p1[13];

		if (!tic_field_has_horodate(date))
			return false;
		stamp = t->text + date->label + date->label_len + 1;
		if ((stamp[0] | 0x20) != 'e' && (stamp[0] | 0x20) != 'h')
			return false;
		/* The same digits and the same meaning of the season, in another order. */
		memcpy(as_p1, stamp + 1, 12);
		as_p1[12] = (stamp[0] | 0x20) == 'e' ? 'S' : 'W';
		if (!p1_stamp(as_p1, sizeof(as_p1), unix_s))
			return false;
		*sound = stamp[0] == 'E' || stamp[0] == 'H';
	}
	*unix_s = shift_stamp(*unix_s, base_offset_min);
	return true;
}

static void replay_time(bool has_clock, s64 clock_s, const struct moment *when,
			struct reading_time *time)
{
	time->known = has_clock || when->replay_s;
	time->time_s = has_clock ? clock_s : when->replay_s;
	time->may_close = time->known;
}

static bool clock_counts(s64 clock_s, s64 host_s, enum time_policy policy)
{
	if (policy == TIME_METER)
		return true;
	return policy == TIME_AUTO && clock_s >= host_s - METER_CLOCK_MAX_S &&
	       clock_s <= host_s + METER_CLOCK_MAX_S;
}

/**
 * reading_time - when a reading was taken, and whether that may close a period
 * @t: the telegram
 * @date: its field with the meter's clock; NULL: none
 * @when: its first byte came
 * @policy: whose clock counts; TIME_METER takes a sound stamp however far from the host's clock
 * @base_offset_min: the meter's winter time, minutes ahead of UTC
 * @trust: in the host's clock
 * @time: for the answer
 *
 * Replay knows nothing but the telegram's clock, or what start and interval of the file give.
 * Pure; any thread.
 */
void reading_time(const struct telegram *t, const struct field *date, const struct moment *when,
		  enum time_policy policy, int base_offset_min, enum clock_trust trust,
		  struct reading_time *time)
{
	s64 clock_s = 0, host_s = when->unix_ms / 1000;
	bool sound = false;
	bool has_clock = meter_clock(t, date, base_offset_min, &clock_s, &sound);

	if (!has_clock && when->has_clock) {
		has_clock = sound = true;
		clock_s = when->clock_s;
	}
	*time = (struct reading_time){ 0 };
	if (when->replay) {
		replay_time(has_clock, clock_s, when, time);
		return;
	}
	time->known = true;
	if (has_clock && sound && clock_counts(clock_s, host_s, policy)) {
		time->time_s = clock_s;
		time->may_close = true;
		return;
	}
	time->time_s = host_s;
	time->may_close = trust != CLOCK_UNTRUSTED;
	time->flags = trust == CLOCK_PLAUSIBLE ? QUALITY_CLOCK : 0;
}
