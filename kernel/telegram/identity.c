// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Whose telegram this is, and when the meter says that it is.
 */
#include "labels.h"
#include "quantities.h"

/* Where P1 may have the meter's number, best first; 96.1.4 is a version in Belgium. */
static const char *const p1_number_codes[] = {
	"0-0:96.1.1", "0-0:96.1.0", "1-0:96.1.0", "0-0:42.0.0", "0-0:96.1.4",
};

#define P1_NUMBER_CODES (sizeof(p1_number_codes) / sizeof(p1_number_codes[0]))

/* A version number has no more than this many characters. */
#define P1_VERSION_LEN 5

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character that two hex digits stand for, or -1 when it is not printable ASCII. */
static int hex_char(const u8 *hex)
{
	int high = hex_digit(hex[0]);
	int low = hex_digit(hex[1]);
	int c = high * 16 + low;

	return high >= 0 && low >= 0 && c >= 0x20 && c <= 0x7e ? c : -1;
}

static bool is_hex_text(struct span s)
{
	size_t i;

	if (!s.len || s.len % 2)
		return false;
	for (i = 0; i < s.len; i += 2) {
		if (hex_char(s.bytes + i) < 0)
			return false;
	}
	return true;
}

static size_t copy_number(struct span s, char *number, size_t size)
{
	bool hex = is_hex_text(s);
	size_t len = hex ? s.len / 2 : s.len;
	size_t i;

	if (len >= size)
		len = size - 1;
	for (i = 0; i < len; i++)
		number[i] = hex ? hex_char(s.bytes + 2 * i) : s.bytes[i];
	number[len] = '\0';
	return len;
}

/**
 * p1_group - one group of a P1 object, without its parentheses
 * @t: a telegram of P1
 * @f: one of its fields
 * @at: where in the value the group begins, its parenthesis
 * @next: for where the next one begins, or the value ends
 */
struct span p1_group(const struct telegram *t, const struct field *f, unsigned int at,
		     unsigned int *next)
{
	struct span s = { .bytes = t->text + f->value + at + 1 };

	while (at + 1 + s.len < f->len && s.bytes[s.len] != ')')
		s.len++;
	*next = at + 1 + s.len + 1;
	return s;
}

static struct span first_group(const struct telegram *t, const struct field *f)
{
	unsigned int next;

	return p1_group(t, f, 0, &next);
}

static bool same_code(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static struct span p1_number(const struct telegram *t)
{
	struct span found = { .bytes = t->text + t->ident, .len = t->ident_len };
	unsigned int best = P1_NUMBER_CODES;
	unsigned int i, k;

	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		const struct label_info *info = label_info_of(t, f);

		if (!info || !(info->flags & LABEL_IDENTIFIES))
			continue;
		for (k = 0; k < best; k++) {
			struct span s = first_group(t, f);

			if (!same_code(info->name, p1_number_codes[k]) || !s.len)
				continue;
			if (k == P1_NUMBER_CODES - 1 && s.len <= P1_VERSION_LEN)
				continue;
			found = s;
			best = k;
		}
	}
	return found;
}

static struct span tic_number(const struct telegram *t)
{
	struct span found = { NULL, 0 };
	unsigned int i;

	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];

		if (f->row == TIC_ROW_ADCO || f->row == TIC_ROW_ADSC) {
			found.bytes = t->text + f->value;
			found.len = f->len;
		}
	}
	return found;
}

/**
 * telegram_number - the meter's own number
 * @t: a telegram
 * @number: for the number, as text with a NUL; decoded where the telegram has it in hex
 * @size: of @number, at least 1
 *
 * TIC: ADCO (02E) or ADSC (54E). P1: the first code of equipment identification that is not
 * empty, else the identification after '/'. DLMS: none, since it may be beside the telegram.
 *
 * Return: length of the number; 0 when the telegram has none.
 */
size_t telegram_number(const struct telegram *t, char *number, size_t size)
{
	struct span s = t->protocol == TELEGRAM_P1 ? p1_number(t) : tic_number(t);

	if (t->protocol == TELEGRAM_DLMS)
		s.len = 0;
	return copy_number(s, number, size);
}

static unsigned int two_digits(const u8 *p)
{
	return (p[0] - '0') * 10 + p[1] - '0';
}

static unsigned int days_in_month(unsigned int year, unsigned int month)
{
	static const u8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && year % 4 == 0);
}

/* Seconds since 1970 of YYMMDDhhmmss in a clock that is @offset_h ahead of UTC; 2000 to 2099. */
static bool civil_time(const u8 *digits, unsigned int offset_h, s64 *unix_s)
{
	unsigned int year = two_digits(digits), month = two_digits(digits + 2);
	unsigned int day = two_digits(digits + 4), hour = two_digits(digits + 6);
	unsigned int minute = two_digits(digits + 8), second = two_digits(digits + 10);
	unsigned int days, m;

	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	days = 10957 + year * 365 + (year + 3) / 4 + day - 1;
	for (m = 1; m < month; m++)
		days += days_in_month(year, m);
	*unix_s = (s64)days * 86400 + hour * 3600 + minute * 60 + second;
	*unix_s -= offset_h * 3600;
	return true;
}

static bool all_digits(const u8 *p, unsigned int n)
{
	while (n--) {
		if (*p < '0' || *p > '9')
			return false;
		p++;
	}
	return true;
}

/**
 * p1_stamp - time of a P1 time stamp
 * @stamp: YYMMDDhhmmssX (DSMR P1 5.0.2 section 6.4), or without the X in DSMR 3 gas
 * @len: its length in bytes
 * @unix_s: for the seconds since 1970 in UTC
 *
 * S is UTC+2 and W is UTC+1, by the letter; without it winter is assumed. A year of 70 or more is
 * a clock that was never set.
 *
 * Return: false when it is not a valid time.
 */
bool p1_stamp(const u8 *stamp, size_t len, s64 *unix_s)
{
	if (len < 12 || len > 13 || !all_digits(stamp, 12) || stamp[0] >= '7')
		return false;
	if (len == 13 && stamp[12] != 'S' && stamp[12] != 'W')
		return false;
	return civil_time(stamp, len == 13 && stamp[12] == 'S' ? 2 : 1, unix_s);
}

/* Horodate of 54E section 6.2.1.1; without a season the clock says no time that can be placed. */
static bool tic_stamp(const u8 *horodate, s64 *unix_s)
{
	u8 season = horodate[0] & ~0x20;

	if (season != 'H' && season != 'E')
		return false;
	return civil_time(horodate + 1, season == 'E' ? 2 : 1, unix_s);
}

static bool p1_time(const struct telegram *t, const struct field *f, s64 *unix_s)
{
	struct span s = first_group(t, f);

	return s.len == 13 && p1_stamp(s.bytes, s.len, unix_s);
}

/**
 * telegram_time - the time that the meter's own clock had
 * @t: a telegram
 * @unix_s: for the seconds since 1970 in UTC
 *
 * DATE of TIC standard, 0-0:1.0.0 of P1; the last one counts. DLMS: none, as with its number.
 *
 * Return: false when the telegram has no time, or one that is not valid.
 */
bool telegram_time(const struct telegram *t, s64 *unix_s)
{
	bool found = false;
	unsigned int i;

	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		const u8 *label = t->text + f->label;

		if (t->protocol == TELEGRAM_P1) {
			if (f->label_len == 9 && !memcmp(label, "0-0:1.0.0", 9))
				found = p1_time(t, f, unix_s);
		} else if (!telegram_has_obis(t) && f->row == TIC_ROW_DATE &&
			   tic_field_has_horodate(f)) {
			found = tic_stamp(label + f->label_len + 1, unix_s);
		}
	}
	return found;
}

/* CRC-32 of IEEE 802.3, a bit at a time: it is made once for a meter. */
static u32 crc32_ieee(const char *bytes)
{
	u32 crc = ~0u;
	unsigned int i;

	for (; *bytes; bytes++) {
		crc ^= (u8)*bytes;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/**
 * meter_id - name of a meter that is fit for files and bug reports
 * @protocol: of its telegrams
 * @number: the meter's own number
 * @id: for "tic-", "p1-" or "dlms-" and 8 hex digits of the number's CRC-32, with a NUL
 */
void meter_id(enum telegram_protocol protocol, const char *number, char id[16])
{
	const char *prefix = protocol == TELEGRAM_P1   ? "p1-" :
			     protocol == TELEGRAM_DLMS ? "dlms-" :
							 "tic-";
	u32 crc = crc32_ieee(number);
	unsigned int i;

	while (*prefix)
		*id++ = *prefix++;
	for (i = 0; i < 8; i++)
		*id++ = "0123456789abcdef"[crc >> (28 - 4 * i) & 15];
	*id = '\0';
}
