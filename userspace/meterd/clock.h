/* SPDX-License-Identifier: MIT */
/*
 * Whether the host's clock can be trusted, and when a reading was taken.
 */
#ifndef METERD_CLOCK_H
#define METERD_CLOCK_H

#include "source.h"

/** enum clock_trust - of the host's clock */
enum clock_trust {
	CLOCK_UNTRUSTED,	/* count energy, close nothing */
	CLOCK_PLAUSIBLE,	/* close, with QUALITY_CLOCK */
	CLOCK_SYNCHRONISED,
};

/**
 * struct host_clock - what is known of the host's clock
 * @newest_s: newest reading in the ledger
 */
struct host_clock {
	s64 newest_s;
};

/**
 * struct reading_time - when a reading was taken
 * @known: else it can't be booked
 */
struct reading_time {
	bool known;
	s64 time_s;
	bool may_close;
	u8 flags;
};

enum clock_trust host_clock_trust(const struct host_clock *c, s64 unix_s, u64 steady_ms,
				  bool synchronised);
bool host_clock_synchronised(void);

/* @date: the field of @t that has the meter's clock; NULL: none */
bool meter_clock(const struct telegram *t, const struct field *date, int base_offset_min,
		 s64 *unix_s, bool *sound);
void reading_time(const struct telegram *t, const struct field *date, const struct moment *when,
		  enum time_policy policy, int base_offset_min, enum clock_trust trust,
		  struct reading_time *time);
s64 shift_stamp(s64 unix_s, int base_offset_min);

#endif /* METERD_CLOCK_H */
