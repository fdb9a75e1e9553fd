// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * From fields to quantities: exact, in thousandths of the base unit. What a telegram does not say,
 * or says in a way that is not valid, is left out.
 */
#include "gathering.h"
#include "labels.h"
#include "swar.h"

/* A number of more digits before its point says nothing that a meter could. */
#define INTEGER_DIGITS_MAX 15
/* Enough for thousandths of a Wh of a number in MWh, and one to round by. */
#define DECIMALS_MAX 10
#define SIGNIFICANT_DIGITS_MAX 18
/* What sysfs can still show in kJ. */
#define MBUS_MILLI_MAX 1000000000000000ll

enum unit {
	UNIT_NONE,
	UNIT_WH,
	UNIT_VARH,
	UNIT_W,
	UNIT_VAR,
	UNIT_VA,
	UNIT_V,
	UNIT_A,
	UNIT_HZ,
	UNIT_M3,
	UNIT_GJ,
	UNIT_COUNT_ONLY,	/* never printed behind a number */
};

static const u8 quantity_unit[QUANTITY_COUNT] = {
	[Q_energy_import ... Q_energy_export_t16] = UNIT_WH,
	[Q_energy_reactive_import ... Q_energy_reactive_q4] = UNIT_VARH,
	[Q_power_import ... Q_power_net] = UNIT_W,
	[Q_power_reactive_import ... Q_power_reactive_export_l3] = UNIT_VAR,
	[Q_power_apparent_import ... Q_power_apparent_export] = UNIT_VA,
	[Q_voltage_l1 ... Q_voltage_l3] = UNIT_V,
	[Q_current_l1 ... Q_current_l3] = UNIT_A,
	[Q_frequency] = UNIT_HZ,
	[Q_power_factor] = UNIT_NONE,
	[Q_demand_import ... Q_demand_import_peak] = UNIT_W,
	[Q_current_subscribed] = UNIT_A,
	[Q_power_reference ... Q_power_cutoff] = UNIT_VA,
	[Q_load] = UNIT_COUNT_ONLY,
	[Q_tariff] = UNIT_NONE,
	[Q_gas ... Q_water] = UNIT_M3,
	[Q_heat] = UNIT_GJ,
	[Q_heat_kwh] = UNIT_WH,
};

#define UNIT_WORD(a, b, c, d, e)                                                                  \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32)

/* Units as printed, in small letters, with the power of ten from them to thousandths. */
static const struct unit_spelling {
	u64 word;
	u8 unit;
	u8 exponent;
} unit_spellings[] = {
	{ UNIT_WORD('k', 'w', 'h', 0, 0), UNIT_WH, 6 },
	{ UNIT_WORD('k', 'w', 0, 0, 0), UNIT_W, 6 },
	{ UNIT_WORD('v', 0, 0, 0, 0), UNIT_V, 3 },
	{ UNIT_WORD('a', 0, 0, 0, 0), UNIT_A, 3 },
	{ UNIT_WORD('m', '3', 0, 0, 0), UNIT_M3, 3 },
	{ UNIT_WORD('k', 'v', 'a', 'r', 'h'), UNIT_VARH, 6 },
	{ UNIT_WORD('k', 'v', 'a', 'r', 0), UNIT_VAR, 6 },
	{ UNIT_WORD('k', 'v', 'a', 0, 0), UNIT_VA, 6 },
	{ UNIT_WORD('w', 'h', 0, 0, 0), UNIT_WH, 3 },
	{ UNIT_WORD('w', 0, 0, 0, 0), UNIT_W, 3 },
	{ UNIT_WORD('v', 'a', 'r', 'h', 0), UNIT_VARH, 3 },
	{ UNIT_WORD('v', 'a', 'r', 0, 0), UNIT_VAR, 3 },
	{ UNIT_WORD('v', 'a', 0, 0, 0), UNIT_VA, 3 },
	{ UNIT_WORD('m', 'w', 'h', 0, 0), UNIT_WH, 9 },
	{ UNIT_WORD('m', 'w', 0, 0, 0), UNIT_W, 9 },
	{ UNIT_WORD('k', 'v', 0, 0, 0), UNIT_V, 6 },
	{ UNIT_WORD('m', 'a', 0, 0, 0), UNIT_A, 0 },
	{ UNIT_WORD('h', 'z', 0, 0, 0), UNIT_HZ, 3 },
	{ UNIT_WORD('g', 'j', 0, 0, 0), UNIT_GJ, 3 },
};

#define UNIT_SPELLINGS (sizeof(unit_spellings) / sizeof(unit_spellings[0]))

static const u32 power_of_ten[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

/* A number as printed: @digits * 10^-@decimals. */
struct decimal {
	s64 digits;
	unsigned int decimals;
	bool negative;
};

/* The quantities of a telegram of P1 while they are gathered. */
struct p1_gathering {
	struct gathering all;
	struct {
		s64 newest_s;
		s64 milli;
		u8 type;
		u8 unit;		/* UNIT_NONE: no valid value */
		bool has_id;
	} channels[8];
};

/* @milli = @value * 10^@exponent, unless that is more than fits. */
static bool scale(s64 value, unsigned int exponent, s64 *milli)
{
	return !__builtin_mul_overflow(value, (s64)power_of_ten[exponent], milli);
}

static bool decimal_to_milli(const struct decimal *d, unsigned int exponent, s64 *milli)
{
	s64 value;

	if (d->decimals > exponent) {
		s32 divisor = power_of_ten[d->decimals - exponent];

		value = div_s64(d->digits + divisor / 2, divisor);
	} else if (!scale(d->digits, exponent - d->decimals, &value)) {
		return false;
	}
	*milli = d->negative ? -value : value;
	return true;
}

static struct span trim(struct span s)
{
	while (s.len && *s.bytes == ' ') {
		s.bytes++;
		s.len--;
	}
	while (s.len && s.bytes[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* [-]digits[.digits], and nothing else. Decimals too small to matter are only looked at. */
static bool parse_decimal(struct span s, struct decimal *d)
{
	unsigned int i = 0, integer = 0, significant = 0;
	bool point = false;

	*d = (struct decimal){ .negative = s.len && s.bytes[0] == '-' };
	for (i = d->negative; i < s.len; i++) {
		u8 c = s.bytes[i];

		if (c == '.' && !point && integer) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			return false;
		if (!point && ++integer > INTEGER_DIGITS_MAX)
			return false;
		if (point && (d->decimals == DECIMALS_MAX ||
			      significant == SIGNIFICANT_DIGITS_MAX))
			continue;
		d->decimals += point;
		d->digits = d->digits * 10 + (c - '0');
		significant += d->digits != 0;
	}
	return integer;
}

static const struct unit_spelling *find_unit(struct span s)
{
	u64 word;
	unsigned int i;

	if (!s.len || s.len > 5)
		return NULL;
	word = swar_first(swar_load(s.bytes) | SWAR_ONES * 0x20, s.len);
	for (i = 0; i < UNIT_SPELLINGS; i++) {
		if (unit_spellings[i].word == word)
			return &unit_spellings[i];
	}
	return NULL;
}

/* "number*unit" or "number": its parts, without the blanks around them. */
static void split_unit(struct span group, struct span *number, struct span *unit)
{
	unsigned int i = group.len;

	*number = group;
	*unit = (struct span){ group.bytes + group.len, 0 };
	while (i--) {
		if (group.bytes[i] == '*') {
			number->len = i;
			*unit = (struct span){ group.bytes + i + 1, group.len - i - 1 };
			break;
		}
	}
	*number = trim(*number);
	*unit = trim(*unit);
}

/* Value of a quantity out of one number and one unit; energy in Wh, or kWh when it is heat. */
static bool value_of(struct span number, struct span unit, bool heat, u8 *kind, s64 *milli)
{
	const struct unit_spelling *spelling = find_unit(unit);
	struct decimal d;
	unsigned int exponent = 3;

	if ((unit.len && !spelling) || !parse_decimal(number, &d))
		return false;
	*kind = spelling ? spelling->unit : UNIT_NONE;
	if (spelling)
		exponent = spelling->exponent;
	if (heat && *kind == UNIT_WH)
		exponent -= 3;
	return decimal_to_milli(&d, exponent, milli);
}

static struct span last_group(const struct telegram *t, const struct field *f)
{
	const u8 *value = t->text + f->value;
	struct span s;
	unsigned int at = f->len - 1;

	while (at && value[at] != '(')
		at--;
	s.bytes = value + at + 1;
	s.len = f->len - at - 2;
	return s;
}

/*
 * Most numbers are up to 8 digits, a point, up to 3 digits and a unit, in a value of one group:
 * these are read a word at a time. False says nothing about the others.
 */
static inline bool p1_usual(const struct telegram *t, const struct field *f, enum quantity q,
			    s64 *milli)
{
	const u8 *text = t->text + f->value + 1;
	const u8 *end = t->text + f->value + f->len - 1;
	u64 word = swar_load(text), decimals, unit;
	u64 stop = swar_below(word, '0') | swar_above(word, '9');
	unsigned int integer = stop ? swar_index(stop) : 8;
	unsigned int fraction = 0, unit_len, i;
	s64 value;

	if (!integer)
		return false;
	value = swar_number(swar_decimal(word, integer));
	text += integer;
	if (*text == '.') {
		decimals = swar_load(text + 1);
		stop = swar_below(decimals, '0') | swar_above(decimals, '9');
		fraction = stop ? swar_index(stop) : 8;
		if (!fraction || fraction > 3)
			return false;
		value = value * power_of_ten[fraction] +
			swar_number(swar_decimal(decimals, fraction));
		text += 1 + fraction;
	}
	unit_len = end - text - 1;
	if (*text != '*' || unit_len - 1 > 4u)
		return false;
	unit = swar_first(swar_load(text + 1) | SWAR_ONES * 0x20, unit_len);
	for (i = 0; unit_spellings[i].word != unit; i++) {
		if (i == UNIT_SPELLINGS - 1)
			return false;
	}
	if (unit_spellings[i].unit != quantity_unit[q] || unit_spellings[i].exponent < fraction)
		return false;
	*milli = value * power_of_ten[unit_spellings[i].exponent - fraction];
	return true;
}

static void p1_value(struct gathering *g, const struct telegram *t, const struct field *f,
		     enum quantity q)
{
	struct span number, unit;
	s64 milli;
	bool valid;
	u8 kind;

	if (p1_usual(t, f, q, &milli)) {
		gather(g, q, true, milli);
		return;
	}
	split_unit(last_group(t, f), &number, &unit);
	valid = value_of(number, unit, false, &kind, &milli) && kind == quantity_unit[q];
	if (q == Q_power_factor)
		valid = valid && milli >= -1000 && milli <= 1000;
	if (q == Q_tariff)
		valid = valid && number.bytes[0] != '-' && div_s64(milli, 1000) * 1000 == milli;
	gather(g, q, valid, milli);
}

/**
 * p1_field_milli - the number of an object that is no quantity
 * @t: a telegram of P1
 * @f: one of its fields
 * @milli: for thousandths of its unit without prefixes (Wh, varh, W, ...), or of the bare number
 *
 * Return: false when its last group is not a number with a unit that is known.
 */
bool p1_field_milli(const struct telegram *t, const struct field *f, s64 *milli)
{
	struct span number, unit;
	u8 kind;

	split_unit(last_group(t, f), &number, &unit);
	return value_of(number, unit, false, &kind, milli);
}

/* Codes of M-Bus objects, C.D.E, all have the same length. */
#define MBUS_CODE_LEN 6

static bool code_is(const u8 *label, unsigned int len, const char *code)
{
	return len == MBUS_CODE_LEN && !memcmp(label, code, MBUS_CODE_LEN);
}

/* 24.2.1 and its kin: (stamp)...(value*unit); 24.3.0 of DSMR 3 has its unit in the sixth group. */
static void mbus_value(struct p1_gathering *g, const struct telegram *t, const struct field *f,
		       unsigned int channel, bool profile)
{
	unsigned int at = 0, groups = 0;
	struct span group, stamp = { 0 }, sixth = { 0 }, number, unit;
	s64 stamp_s, milli;
	u8 kind;

	while (at < f->len) {
		group = p1_group(t, f, at, &at);
		groups++;
		if (groups == 1)
			stamp = group;
		if (groups == 6)
			sixth = group;
	}
	split_unit(group, &number, &unit);
	if (profile)
		unit = trim(sixth);
	if (groups < 2 || !unit.len || !p1_stamp(stamp.bytes, stamp.len, &stamp_s) ||
	    !value_of(number, unit, true, &kind, &milli))
		return;
	g->channels[channel].newest_s = stamp_s;
	g->channels[channel].milli = milli;
	g->channels[channel].unit = kind;
}

/* 0-n:24.1.0 says what channel n measures (EN 13757-3); n is the order of installation. */
static void mbus_object(struct p1_gathering *g, const struct telegram *t, const struct field *f)
{
	const u8 *code = t->text + f->label + 4;
	unsigned int channel = t->text[f->label + 2] - '1';
	unsigned int next, len = f->label_len - 4;
	struct span first = p1_group(t, f, 0, &next);
	struct decimal type;

	if (code_is(code, len, "24.1.0"))
		g->channels[channel].type =
			parse_decimal(trim(first), &type) && type.digits < 256 ? type.digits : 0;
	else if (code_is(code, len, "96.1.0") || code_is(code, len, "96.1.1") ||
		 code_is(code, len, "96.1.2"))
		g->channels[channel].has_id |= first.len > 0;
	else if (code_is(code, len, "24.2.1") || code_is(code, len, "24.2.3"))
		mbus_value(g, t, f, channel, false);
	else if (code_is(code, len, "24.3.0"))
		mbus_value(g, t, f, channel, true);
}

/* The channel of this type with the newest valid stamp; on a draw the lowest one. */
static void mbus_choose(struct p1_gathering *g, u8 type, u8 unit, enum quantity q)
{
	unsigned int i, best = 8;

	for (i = 0; i < 8; i++) {
		if (g->channels[i].type != type || g->channels[i].unit == UNIT_NONE ||
		    !g->channels[i].has_id)
			continue;
		if (best == 8 || g->channels[i].newest_s > g->channels[best].newest_s)
			best = i;
	}
	if (best < 8 && g->channels[best].unit == unit && g->channels[best].milli < MBUS_MILLI_MAX) {
		reading_set(g->all.r, q, g->channels[best].milli);
		g->all.r->captured_s[q - Q_gas] = g->channels[best].newest_s;
	}
}

static void p1_field(struct p1_gathering *g, const struct telegram *t, const struct field *f)
{
	const u8 *label = t->text + f->label;
	enum quantity q;

	if (label[0] == '0' && label[2] >= '1' && label[2] <= '8' && label[3] == ':') {
		mbus_object(g, t, f);
		return;
	}
	q = obis_quantity(t, f);
	if (q != Q_NONE)
		p1_value(&g->all, t, f, q);
}

static void p1_quantities(const struct telegram *t, struct reading *r)
{
	struct p1_gathering g;
	unsigned int i;

	memset(&g, 0, sizeof(g));
	g.all.r = r;
	for (i = 0; i < t->nfields; i++)
		p1_field(&g, t, &t->fields[i]);
	sum_tariffs(&g.all, Q_energy_import, Q_energy_import_t1);
	sum_tariffs(&g.all, Q_energy_export, Q_energy_export_t1);
	net_power(&g.all);
	mbus_choose(&g, 3, UNIT_M3, Q_gas);
	mbus_choose(&g, 7, UNIT_M3, Q_water);
	mbus_choose(&g, 4, UNIT_GJ, Q_heat);
	mbus_choose(&g, 4, UNIT_WH, Q_heat_kwh);
}

/* Digits only: the decoder has seen to it. */
static bool tic_number(const u8 *digits, unsigned int len, s64 *number)
{
	*number = 0;
	if (len > INTEGER_DIGITS_MAX)
		return false;
	if (len > 8) {
		*number = 100000000ll * swar_number(swar_decimal(swar_load(digits), len - 8));
		digits += len - 8;
		len = 8;
	}
	*number += swar_number(swar_decimal(swar_load(digits), len));
	return true;
}

/* PTEC (02E section 2.2): the position of the current period in its contract, or 0. */
static unsigned int tic_ptec(const u8 *ptec)
{
	static const struct {
		char name[5];
		u8 tariff;
	} periods[] = {
		{ "TH..", 1 }, { "HC..", 1 }, { "HP..", 2 }, { "HN..", 1 },
		{ "PM..", 2 }, { "HCJB", 1 }, { "HPJB", 2 }, { "HCJW", 3 },
		{ "HPJW", 4 }, { "HCJR", 5 }, { "HPJR", 6 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		if (!memcmp(ptec, periods[i].name, 4))
			return periods[i].tariff;
	}
	return 0;
}

/* Power of ten from what TIC prints to thousandths: kVA, else base units. */
static unsigned int tic_exponent(enum quantity q)
{
	return q == Q_power_reference || q == Q_power_cutoff ? 6 : 3;
}

/* Rows of historique that are seen in a frame, one bit each; it has fewer than 64. */
#define SEEN(id) (1ull << TIC_ROW_##id)

static __always_inline void tic_field(const struct telegram *t, const struct field *f, struct reading *r)
{
	const u8 *value = t->text + f->value;
	enum quantity q = tic_labels[f->row].quantity;
	s64 number, milli;

	if (q == Q_NONE)
		return;
	if (f->row == TIC_ROW_PTEC) {
		number = f->len == 4 ? tic_ptec(value) : 0;
		if (number)
			reading_set(r, q, number * 1000);
		else
			reading_unset(r, q);
		return;
	}
	if (tic_number(value, f->len, &number) && scale(number, tic_exponent(q), &milli))
		reading_set(r, q, milli);
	else
		reading_unset(r, q);
}

static void tic_sum(struct reading *r, u64 seen, u64 set, unsigned int registers)
{
	s64 sum = 0;
	unsigned int i;

	if ((seen & set) != set)
		return;
	for (i = Q_energy_import_t1; i < Q_energy_import_t1 + registers; i++) {
		if (!reading_has(r, i) || __builtin_add_overflow(sum, r->milli[i], &sum))
			return;
	}
	reading_set(r, Q_energy_import, sum);
}

/* 100 * @part / @whole in thousandths of a percent, rounded. */
static void set_load(struct reading *r, s64 part_milli, s64 whole_milli)
{
	if (whole_milli <= 0 || whole_milli > 0x7fffffff || part_milli > 1000000000)
		return;
	reading_set(r, Q_load,
		    div_s64(part_milli * 100000 + div_s64(whole_milli, 2), whole_milli));
}

/**
 * historique_load - load of a contract in amperes, from what TIC historique says
 * @r: quantities; Q_load becomes valid when the subscribed current and those of all @phases are
 * @phases: those that the meter has, bit 0 for phase 1 and so on; 0: not known
 */
void historique_load(struct reading *r, unsigned int phases)
{
	s64 subscribed = r->milli[Q_current_subscribed], sum = 0;
	unsigned int i, count = 0;

	reading_unset(r, Q_load);
	for (i = 0; i < 3; i++) {
		if (!(phases >> i & 1))
			continue;
		if (!reading_has(r, Q_current_l1 + i))
			return;
		sum += r->milli[Q_current_l1 + i];
		count++;
	}
	if (count && reading_has(r, Q_current_subscribed) && subscribed < 0x7fffffff)
		set_load(r, sum, subscribed * count);
}

/* A meter with three phases sends the currents of all of them. */
static unsigned int phases_seen(u64 seen)
{
	const u64 three = SEEN(IINST1) | SEEN(IINST2) | SEEN(IINST3);

	if (seen & SEEN(IINST))
		return 1;
	return (seen & three) == three ? 7 : 0;
}

static void historique_quantities(const struct telegram *t, struct reading *r)
{
	u64 seen = 0;
	unsigned int i;

	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];

		if (f->row >= TIC_ROW_STANDARD)
			continue;
		seen |= 1ull << f->row;
		tic_field(t, f, r);
	}
	tic_sum(r, seen, SEEN(BBRHCJB) | SEEN(BBRHPJB) | SEEN(BBRHCJW) | SEEN(BBRHPJW) |
			 SEEN(BBRHCJR) | SEEN(BBRHPJR), 6);
	tic_sum(r, seen, SEEN(EJPHN) | SEEN(EJPHPM), 2);
	tic_sum(r, seen, SEEN(HCHC) | SEEN(HCHP), 2);
	tic_sum(r, seen, SEEN(BASE), 1);
	historique_load(r, phases_seen(seen));
}

static void standard_quantities(const struct telegram *t, struct reading *r)
{
	unsigned int i;

	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];

		if (f->row >= TIC_ROW_STANDARD && f->row != ROW_UNKNOWN)
			tic_field(t, f, r);
	}
	if (reading_has(r, Q_power_apparent_import) && reading_has(r, Q_power_reference))
		set_load(r, r->milli[Q_power_apparent_import], r->milli[Q_power_reference]);
}

/**
 * telegram_quantities - what a telegram says, in base units
 * @t: a telegram
 * @r: for the quantities, in thousandths; those that @t does not carry, or carries as an invalid
 *	value, are not valid in it. None is of DLMS, whose numbers need scalers to have a meaning
 */
void telegram_quantities(const struct telegram *t, struct reading *r)
{
	memset(r->valid, 0, sizeof(r->valid));
	if (t->protocol == TELEGRAM_P1)
		p1_quantities(t, r);
	else if (t->protocol == TELEGRAM_TIC_STANDARD)
		standard_quantities(t, r);
	else if (t->protocol == TELEGRAM_TIC_HISTORIQUE)
		historique_quantities(t, r);
}

/**
 * quantity_to_sysfs - a quantity as the integer that its file in fields/ shows
 * @q: the quantity
 * @milli: its value in thousandths of the base unit
 *
 * Return: the value in the unit of the file's name, rounded half away from zero.
 */
s64 quantity_to_sysfs(enum quantity q, s64 milli)
{
	s32 div = quantity_info[q].div;
	s64 value = milli * quantity_info[q].mul;

	return div_s64(value < 0 ? value - div / 2 : value + div / 2, div);
}
