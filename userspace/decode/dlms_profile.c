// SPDX-License-Identifier: MIT
/*
 * Scalers of numbers that come without: what each type of meter means.
 *
 * Kamstrup 5512-2584 section 5 says that a reader has to know them. The others are those of
 * scs/smartmeter-datacollector 2.0.0 (cosem.py and the meters' files) and of the Norwegian OBIS
 * lists, as far as captures bear them out.
 */
#include "../../kernel/telegram/gathering.h"
#include "dlms_parts.h"

#define BY_SIZE (INT8_MIN + 1)

/**
 * struct profile - powers of ten of the numbers of one type of meter
 * @name: in the configuration
 * @power: W, var and VA
 * @energy: Wh and varh
 * @voltage: BY_SIZE: 0.1 V when one of the voltages is then more than 100 V, else 1 V
 * @current: BY_SIZE: 1 A when it is sent in 64 bits, else 0.01 A
 */
struct profile {
	char name[12];
	s8 power;
	s8 energy;
	s8 voltage;
	s8 current;
	s8 power_factor;
	s8 frequency;
};

#define UNKNOWN EXPONENT_UNKNOWN

static const struct profile profiles[DLMS_PROFILE_COUNT] = {
	[DLMS_PROFILE_AUTO] = { "auto", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN },
	[DLMS_PROFILE_NONE] = { "none", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN },
	[DLMS_PROFILE_PUSH] = { "push", 0, 0, BY_SIZE, BY_SIZE, -3, 0 },
	[DLMS_PROFILE_E450] = { "e450", 0, 0, 0, -2, -3, 0 },
	[DLMS_PROFILE_E360] = { "e360", 0, 0, -1, -2, -3, 0 },
	[DLMS_PROFILE_E570] = { "e570", 0, 0, 0, 0, -3, 0 },
	[DLMS_PROFILE_AM550] = { "am550", 0, 0, -1, -2, -3, 0 },
	[DLMS_PROFILE_OMNIPOWER] = { "omnipower", 0, UNKNOWN, 0, -2, UNKNOWN, UNKNOWN },
	[DLMS_PROFILE_KAIFA] = { "kaifa", 0, 0, -1, -3, 0, 0 },
};

/* How makers begin their system titles (FLAG letters), lists and numbers. */
static const struct {
	char text[9];
	u8 profile;
} makers[] = {
	{ "LGZ", DLMS_PROFILE_PUSH },	{ "ISK", DLMS_PROFILE_PUSH },
	{ "KFM", DLMS_PROFILE_KAIFA },	{ "KAM", DLMS_PROFILE_OMNIPOWER },
	{ "Kamstrup", DLMS_PROFILE_OMNIPOWER },
};

#define MAKERS (sizeof(makers) / sizeof(makers[0]))

/* From this number on a voltage is one in tenths of a volt. */
#define VOLTAGE_TENTHS 1000

/**
 * dlms_profile_name - the name of a profile in the configuration
 * @profile: a profile
 *
 * Return: a constant text.
 */
const char *dlms_profile_name(enum dlms_profile profile)
{
	return profiles[profile].name;
}

/**
 * dlms_profile_by_name - the profile with a name
 * @name: any text
 * @profile: for it
 *
 * Return: false when none is called so.
 */
bool dlms_profile_by_name(const char *name, u8 *profile)
{
	for (*profile = 0; *profile < DLMS_PROFILE_COUNT; ++*profile) {
		if (!strcmp(profiles[*profile].name, name))
			return true;
	}
	return false;
}

static u8 profile_of_maker(const u8 *text, size_t len)
{
	for (unsigned int i = 0; i < MAKERS; i++) {
		size_t maker_len = strlen(makers[i].text);

		if (len >= maker_len && !memcmp(text, makers[i].text, maker_len))
			return makers[i].profile;
	}
	return DLMS_PROFILE_NONE;
}

static u8 profile_of_first_text(const struct dlms_reading *r)
{
	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		struct span s = dlms_text(r, i);

		if (r->details[i].flags & DLMS_PRINTABLE)
			return profile_of_maker(s.bytes, s.len);
	}
	return DLMS_PROFILE_NONE;
}

/**
 * dlms_profile_of - whose scalers a telegram needs, by what it shows
 * @b: the reading as it was made, with its fields and its number
 * @system_title: 8 bytes; NULL: none came
 *
 * Return: enum dlms_profile.
 */
u8 dlms_profile_of(const struct dlms_build *b, const u8 *system_title)
{
	const struct dlms_reading *r = b->r;
	u8 profile = DLMS_PROFILE_NONE;

	if (b->in_push_list)
		return DLMS_PROFILE_PUSH;
	/* All lists without codes whose places are known are Kaifa's. */
	if (b->places)
		return DLMS_PROFILE_KAIFA;
	if (system_title)
		profile = profile_of_maker(system_title, 3);
	if (profile == DLMS_PROFILE_NONE)
		profile = profile_of_first_text(r);
	if (profile == DLMS_PROFILE_NONE)
		profile = profile_of_maker((const u8 *)r->number, strlen(r->number));
	return profile;
}

static bool is_bare(const struct dlms_detail *d)
{
	return d->flags & DLMS_NUMERIC && !(d->flags & DLMS_SCALED);
}

/* Code 1-B:32.7.0, 52 or 72. */
static bool is_voltage(const u8 code[OBIS_LEN])
{
	return code[0] == 1 && (code[2] == 32 || code[2] == 52 || code[2] == 72) &&
	       code[3] == 7 && !code[4];
}

static bool any_voltage_in_tenths(const struct dlms_reading *r)
{
	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		const struct dlms_detail *d = &r->details[i];

		if (is_bare(d) && d->flags & DLMS_COUNTS && is_voltage(d->code) &&
		    d->magnitude >= VOLTAGE_TENTHS)
			return true;
	}
	return false;
}

/**
 * dlms_profile_exponent - power of ten of a number without a scaler
 * @profile: enum dlms_profile
 * @r: the reading, whose other numbers may decide
 * @d: the number
 * @q: its quantity
 *
 * Return: EXPONENT_UNKNOWN when nobody knows.
 */
s8 dlms_profile_exponent(u8 profile, const struct dlms_reading *r, const struct dlms_detail *d,
			 enum quantity q)
{
	const struct profile *p = &profiles[profile];

	switch (q) {
	case Q_energy_import ... Q_energy_reactive_q4:
		return p->energy;
	case Q_power_import ... Q_power_apparent_export:
	case Q_demand_import ... Q_demand_import_peak:
		return p->power;
	case Q_voltage_l1 ... Q_voltage_l3:
		if (p->voltage == BY_SIZE)
			return any_voltage_in_tenths(r) ? -1 : 0;
		return p->voltage;
	case Q_current_l1 ... Q_current_l3:
		if (p->current == BY_SIZE)
			return d->flags & DLMS_WIDE ? 0 : -2;
		return p->current;
	case Q_power_factor:
		return p->power_factor;
	case Q_frequency:
		return p->frequency;
	case Q_tariff:
		return p->power;
	default:
		return UNKNOWN;
	}
}

/**
 * dlms_code_quantity - what an object stands for
 * @code: any text
 *
 * Return: enum quantity; Q_NONE when @code is none that is A-B:C.D.E, or nothing is known by it.
 */
u8 dlms_code_quantity(const char *code)
{
	const size_t len = strlen(code);
	const struct field f = { .label_len = len, .row = p1_label_row((const u8 *)code, len) };
	const struct telegram t = { .text = (const u8 *)code };

	if (len < sizeof("1-0:1.8.0") - 1 || len > sizeof("1-255:255.255.255") - 1 ||
	    !memchr(code, ':', len))
		return Q_NONE;
	return obis_quantity(&t, &f);
}

/**
 * dlms_scale_of - a factor of the configuration
 * @code: OBIS code A-B:C.D.E that it is for, of any channel B
 * @milli: factor in thousandths
 * @scale: for it
 *
 * Return: false when nothing is known by that code, or it has no unit.
 */
bool dlms_scale_of(const char *code, s64 milli, struct dlms_scale *scale)
{
	scale->milli = milli;
	scale->quantity = dlms_code_quantity(code);
	return scale->quantity != Q_NONE && scale->quantity != Q_tariff;
}
