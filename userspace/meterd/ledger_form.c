// SPDX-License-Identifier: MIT
/*
 * How a telegram prints its registers: which of them it has itself, and with how many digits.
 */
#include "ledger_parts.h"

#define IMPORT REGISTER_BIT(Q_energy_import)
#define EXPORT REGISTER_BIT(Q_energy_export)

/* Totals with a channel that the table does not have: 1-B:1.8.0 and 1-B:2.8.0. */
static u64 total_of_code(const u8 *label, unsigned int len)
{
	if (len < 8 || label[0] != '1' || label[1] != '-')
		return 0;
	label += len - 6;
	return !memcmp(label, ":1.8.0", 6) ? IMPORT : !memcmp(label, ":2.8.0", 6) ? EXPORT : 0;
}

/* Which totals stand in a telegram of P1 or DLMS. */
static u64 obis_totals(const struct telegram *t)
{
	u64 found = 0;
	unsigned int i;

	for (i = 0; i < t->nfields && found != TOTALS; i++) {
		const struct field *f = &t->fields[i];
		enum quantity q;

		if (f->row == ROW_UNKNOWN) {
			found |= total_of_code(t->text + f->label, f->label_len);
			continue;
		}
		q = p1_labels[f->row].quantity;
		if (q == Q_energy_import)
			found |= IMPORT;
		else if (q == Q_energy_export)
			found |= EXPORT;
	}
	return found;
}

/**
 * telegram_sent_registers - which registers a telegram has itself
 * @t: a telegram
 *
 * Its totals may be sums that telegram_quantities() made of the tariffs; all else is sent.
 *
 * Return: the set of all registers but totals that are sums, bit register_index().
 */
u64 telegram_sent_registers(const struct telegram *t)
{
	if (telegram_has_obis(t))
		return ~TOTALS | obis_totals(t);
	return t->protocol == TELEGRAM_TIC_STANDARD ? ~0ull : ~IMPORT;
}

/* What a number shows: all its digits, how many stand before and behind its point. */
struct printed {
	s64 digits;
	unsigned int before;
	unsigned int behind;
};

/* Digits and a point at the start of @s; more than 18 digits are not a register. */
static bool read_number(const u8 *s, unsigned int len, struct printed *n)
{
	bool point = false;
	unsigned int i;

	*n = (struct printed){ 0 };
	for (i = 0; i < len; i++) {
		if (s[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (s[i] < '0' || s[i] > '9')
			break;
		if (n->before + n->behind == 18)
			return false;
		n->digits = 10 * n->digits + s[i] - '0';
		n->before += !point;
		n->behind += point;
	}
	return n->before > 0;
}

static s64 power_of_ten(unsigned int exponent)
{
	s64 power = 1;

	while (exponent--)
		power *= 10;
	return power;
}

/*
 * The unit is the one in which the number is the value: k, M or none, all in thousandths. A
 * register at 0 does not tell.
 */
static bool form_of(const struct printed *n, s64 milli, s64 *step, s64 *modulus)
{
	unsigned int exponent;

	if (!milli)
		return false;
	for (exponent = 3; exponent <= 9 && n->before + exponent <= 18; exponent += 3) {
		s64 value, unit = 1;

		if (n->behind > exponent) {
			s64 divisor = power_of_ten(n->behind - exponent);

			value = (n->digits + divisor / 2) / divisor;
		} else {
			unit = power_of_ten(exponent - n->behind);
			if (__builtin_mul_overflow(n->digits, unit, &value))
				return false;
		}
		if (value == milli) {
			*step = unit;
			*modulus = power_of_ten(n->before + exponent);
			return true;
		}
	}
	return false;
}

/* Whether a field of P1 may be this register. */
static bool may_be(const struct telegram *t, const struct field *f, enum quantity q)
{
	const u8 *label = t->text + f->label;

	if (q >= Q_gas)
		return label[0] == '0' && label[2] >= '1' && label[2] <= '9';
	if (f->row == ROW_UNKNOWN)
		return label[0] == '1';
	return p1_labels[f->row].quantity == q;
}

static bool p1_form(const struct telegram *t, enum quantity q, s64 milli, s64 *step, s64 *modulus)
{
	struct printed n;
	unsigned int i;

	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		struct span group = { 0 };
		unsigned int at = 0;

		if (!may_be(t, f, q))
			continue;
		while (at < f->len)
			group = p1_group(t, f, at, &at);
		if (group.len && read_number(group.bytes, group.len, &n) &&
		    form_of(&n, milli, step, modulus))
			return true;
	}
	return false;
}

/**
 * register_form - with how many digits a telegram prints a register
 * @t: a telegram; NULL: none at hand
 * @q: a register
 * @milli: its value in the telegram, thousandths
 * @step: for the place value of its last digit, thousandths
 * @modulus: for the value at which its digits begin anew, thousandths
 *
 * 02E and 54E: 9 digits of Wh. P1: F9(3,3) or F8(3,3) with leading zeros. A meter without leading
 * zeros, and each one of DLMS, shows fewer digits than it has; then this is only the power of ten above the value.
 *
 * Return: false, with nothing changed, when it is not in the telegram or is 0.
 */
bool register_form(const struct telegram *t, enum quantity q, s64 milli, s64 *step, s64 *modulus)
{
	struct printed n;
	unsigned int i;

	if (!t)
		return false;
	if (t->protocol == TELEGRAM_P1)
		return p1_form(t, q, milli, step, modulus);
	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		const struct label_info *info = label_info_of(t, f);

		if (info && info->quantity == q &&
		    read_number(t->text + f->value, f->len, &n) &&
		    form_of(&n, milli, step, modulus))
			return true;
	}
	return false;
}
