/* SPDX-License-Identifier: MIT */
/*
 * DLMS push: one APDU in clear to a reading.
 *
 * Pure functions of their arguments; nothing is allocated, and any thread may call them.
 */
#ifndef METERLINE_DLMS_H
#define METERLINE_DLMS_H

#include "../../kernel/telegram/quantities.h"
#include "dlms_apdu.h"

/** enum dlms_profile - whose scalers count where a telegram brings none */
enum dlms_profile {
	DLMS_PROFILE_AUTO,	/* by what the telegram shows of its meter */
	DLMS_PROFILE_NONE,	/* nobody's: such numbers have no meaning */
	DLMS_PROFILE_PUSH,	/* push object lists, Landis+Gyr, Iskraemeco: by the numbers' size */
	DLMS_PROFILE_E450,
	DLMS_PROFILE_E360,
	DLMS_PROFILE_E570,
	DLMS_PROFILE_AM550,
	DLMS_PROFILE_OMNIPOWER,
	DLMS_PROFILE_KAIFA,
	DLMS_PROFILE_COUNT,
};

/**
 * struct dlms_scale - a factor that a person knows better
 * @quantity: enum quantity that it is for
 * @milli: factor in thousandths. Of numbers with a scaler it is one more factor; of those without
 *	it stands in the place of the profile's
 */
struct dlms_scale {
	u8 quantity;
	s64 milli;
};

/**
 * struct dlms_settings - what is known of a meter beside its telegrams
 * @profile: enum dlms_profile
 * @energy_step: Wh or varh of one count of the registers whose profile does not tell, see
 *	dlms_settle.h; 0: not known
 * @scales: later ones count more
 * @scale_count: of @scales
 */
struct dlms_settings {
	u8 profile;
	u16 energy_step;
	const struct dlms_scale *scales;
	unsigned int scale_count;
};

/** enum dlms_number_from - where a reading has its meter's number from */
enum dlms_number_from {
	DLMS_NUMBER_NONE,	/* not in this telegram: it is of whom the line or the title knows */
	DLMS_NUMBER_TITLE,	/* the system title in hex; other lists may have a better one */
	DLMS_NUMBER_CLOSING,	/* a serial number without a code that closes the list */
	DLMS_NUMBER_CODE,
};

/* Flags of a field. */
#define DLMS_NUMERIC	0x01u	/* a number */
#define DLMS_NEGATIVE	0x02u
#define DLMS_SCALED	0x04u	/* with a scaler and a unit */
#define DLMS_WIDE	0x08u	/* sent in 64 bits */
#define DLMS_COUNTS	0x10u	/* the present value: attribute 2, or none named, and F of 255 */
#define DLMS_PRINTABLE	0x20u	/* a string that is text */
#define DLMS_CODED	0x40u	/* has a code */

/**
 * struct dlms_detail - what a field says beyond its text
 * @magnitude: the number as sent, without its sign
 * @exponent: the number is @magnitude * 10^@exponent
 * @class_id: of its object, where the list names it; else 0
 * @unit: as sent (Blue Book section 4.3.2); 0: none came
 * @flags: DLMS_*
 * @attribute: of its object, where the list names it; else 0
 * @layout: how it stands in its list, for dlms_layout_text()
 * @code: OBIS code A to F
 */
struct dlms_detail {
	u64 magnitude;
	s16 exponent;
	u16 class_id;
	u8 unit;
	u8 flags;
	u8 attribute;
	u8 layout;
	u8 code[6];
};

#define DLMS_LIST_LEN 20

/**
 * struct dlms_reading - one reading
 * @telegram: its fields; its text is @text, so that a copy of this is none of it
 * @details: of each field
 * @values: the quantities
 * @number: the meter's own; ""
 * @number_from: enum dlms_number_from
 * @has_clock: @clock_s is known
 * @clock_s: the meter's clock, seconds since 1970 in UTC
 * @list: logical name of the push setup that sent it, A-B:C.D.E: which of a meter's lists it is;
 *	"" where the telegram does not say
 * @profile: enum dlms_profile whose scalers were used; DLMS_PROFILE_NONE: none
 * @unsettled: energies came, whose step nobody knows; they are not in @values
 */
struct dlms_reading {
	struct telegram telegram;
	struct dlms_detail details[METERLINE_P1_MAX_LINES];
	struct reading values;
	char number[METERLINE_NUMBER_MAX + 1];
	u8 number_from;
	u8 profile;
	bool has_clock;
	bool unsettled;
	s64 clock_s;
	char list[DLMS_LIST_LEN];
	u8 text[METERLINE_P1_MAX_BYTES + TELEGRAM_PAD];
};

/** enum dlms_meaning - what a field means */
enum dlms_meaning {
	DLMS_MEANS_QUANTITY,
	DLMS_MEANS_NONE,	/* there is no quantity of its code, or no code */
	DLMS_MEANS_ELSE,	/* it is not the present value of its object */
	DLMS_MEANS_NO_NUMBER,
	DLMS_MEANS_OTHER_UNIT,	/* than that of the quantity */
	DLMS_MEANS_NO_SCALER,	/* none came, and the profile has none */
	DLMS_MEANS_UNSETTLED,	/* likewise; the step of this meter's energies is not known */
	DLMS_MEANS_IMPOSSIBLE,	/* it is too large, or no value of its quantity */
};

/**
 * struct dlms_submeter - a meter behind the meter, on its M-Bus
 * @channel: 1..8
 * @quantity: Q_gas, Q_water, Q_heat or Q_heat_kwh, valid in @values; Q_NONE: not known
 * @number: its own
 * @telegram: the fields of its channel; the text is that of the reading
 * @values: its reading. Where the telegram has no time at all, captured_s is 0
 */
struct dlms_submeter {
	u8 channel;
	u8 quantity;
	char number[METERLINE_NUMBER_MAX + 1];
	struct telegram telegram;
	struct reading values;
};

/* dlms.c */
size_t dlms_reading_parse(struct dlms_reading *r, const struct dlms_settings *settings,
			  const struct dlms_apdu *apdu);

/* dlms_layout.c */
const char *dlms_layout_text(u8 layout);

/* dlms_profile.c */
const char *dlms_profile_name(enum dlms_profile profile);
bool dlms_profile_by_name(const char *name, u8 *profile);
bool dlms_scale_of(const char *code, s64 milli, struct dlms_scale *scale);
u8 dlms_code_quantity(const char *code);

/* dlms_number.c */
bool dlms_number_milli(const struct telegram *t, const struct field *f, u8 profile,
		       enum quantity like, s64 *milli);

/* dlms_quantities.c */
enum dlms_meaning dlms_meaning_of(const struct dlms_reading *r,
				  const struct dlms_settings *settings, unsigned int i,
				  u8 *quantity, s64 *milli);

/* dlms_submeter.c */
bool dlms_submeter_next(const struct dlms_reading *r, struct dlms_submeter *m);

#endif /* METERLINE_DLMS_H */
