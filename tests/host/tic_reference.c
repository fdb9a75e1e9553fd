// SPDX-License-Identifier: MIT
/*
 * TIC once more, by the rules alone and byte by byte: what the decoder must give for any bytes.
 * It knows no frame but the one in hand.
 */
#include "host.h"

enum { STX = 2, ETX = 3, EOT = 4, HT = 9, LF = 10, CR = 13 };

/* Labels whose data are digits, "n" for one digit, "*" for anything. */
static const char *const digit_labels[] = {
	"ADCO",	     "ADSC",	  "PRM",       "ISOUSC",  "BASE",    "HCHC",	 "HCHP",
	"EJPHN",     "EJPHPM",	  "BBRHCJB",   "BBRHPJB", "BBRHCJW", "BBRHPJW",	 "BBRHCJR",
	"BBRHPJR",   "PEJP",	  "IINST",     "IINST1",  "IINST2",  "IINST3",	 "ADPS",
	"IMAX",	     "IMAX1",	  "IMAX2",     "IMAX3",	  "PMAX",    "PAPP",	 "ADIR1",
	"ADIR2",     "ADIR3",	  "GAZ",       "AUTRE",	  "VTIC",    "EAST",	 "EASF01",
	"EASF02",    "EASF03",	  "EASF04",    "EASF05",  "EASF06",  "EASF07",	 "EASF08",
	"EASF09",    "EASF10",	  "EASD01",    "EASD02",  "EASD03",  "EASD04",	 "EAIT",
	"ERQ1",	     "ERQ2",	  "ERQ3",      "ERQ4",	  "IRMS1",   "IRMS2",	 "IRMS3",
	"URMS1",     "URMS2",	  "URMS3",     "PREF",	  "PCOUP",   "SINSTS",	 "SINSTS1",
	"SINSTS2",   "SINSTS3",	  "SMAXSN",    "SMAXSN1", "SMAXSN2", "SMAXSN3",	 "SMAXSN-1",
	"SMAXSN1-1", "SMAXSN2-1", "SMAXSN3-1", "SINSTI",  "SMAXIN",  "SMAXIN-1", "CCASN",
	"CCASN-1",   "CCAIN",	  "CCAIN-1",   "UMOY1",	  "UMOY2",   "UMOY3",	 "DPM1",
	"FPM1",	     "DPM2",	  "FPM2",      "DPM3",	  "FPM3",    "RELAIS",	 "NTARF",
	"NJOURF",    "NJOURF+1",
};

static const char *const hex_labels[] = { "STGE", "PPOT", "MOTDETAT" };

/** struct group - a good group, as places in the frame */
struct group {
	const u8 *label, *horodate, *value;
	size_t label_len, len;
	bool standard;
};

/** struct frame - what lies between STX and its end; @odd where the parity of a byte is odd */
struct frame {
	u8 text[METERLINE_TIC_MAX_BYTES];
	bool odd[METERLINE_TIC_MAX_BYTES];
	size_t len;
	bool parity;
};

static bool is_one_of(const char *const *labels, size_t count, const u8 *label, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(labels[i]) == len && !memcmp(labels[i], label, len))
			return true;
	return false;
}

static bool consists_of(const u8 *text, size_t len, const char *set)
{
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr(set, text[i]))
			return false;
	return true;
}

static bool is_label(const u8 *text, size_t len)
{
	return len >= 1 && len <= 10 && text[0] >= 'A' && text[0] <= 'Z' &&
	       consists_of(text, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-");
}

static bool is_value(const struct group *g)
{
	for (size_t i = 0; i < g->len; i++)
		if (g->value[i] < 0x20 || g->value[i] > 0x7e)
			return false;
	if (is_one_of(digit_labels, COUNT(digit_labels), g->label, g->label_len))
		return g->len && consists_of(g->value, g->len, "0123456789");
	if (is_one_of(hex_labels, COUNT(hex_labels), g->label, g->label_len))
		return g->len && consists_of(g->value, g->len, "0123456789ABCDEF");
	return true;
}

static bool is_horodate(const u8 *text, size_t len)
{
	return len == 13 && strchr("EHeh ", text[0]) && text[0] &&
	       consists_of(text + 1, 12, "0123456789");
}

/* Label up to the first blank, data up to the one before the checksum, not empty. */
static bool historique(const u8 *text, size_t len, struct group *g)
{
	const u8 *blank = memchr(text, ' ', len);

	if (!blank)
		return false;
	g->label = text;
	g->label_len = blank - text;
	g->value = blank + 1;
	g->len = text + len - g->value;
	return g->len > 0;
}

/* Two or three parts between HTs; the checksum is the last. */
static bool standard(const u8 *text, size_t len, struct group *g)
{
	const u8 *first = memchr(text, HT, len);
	const u8 *second;

	if (!first)
		return false;
	g->label = text;
	g->label_len = first - text;
	g->value = first + 1;
	g->len = text + len - g->value;
	second = memchr(g->value, HT, g->len);
	if (!second)
		return true;
	g->horodate = g->value;
	g->value = second + 1;
	g->len = text + len - g->value;
	return is_horodate(g->horodate, second - g->horodate) && !memchr(g->value, HT, g->len);
}

static bool is_group(const u8 *text, size_t len, struct group *g)
{
	unsigned int sum = 0;

	if (len < 4)
		return false;
	*g = (struct group){ .standard = text[len - 2] == HT };
	if (text[len - 2] != HT && text[len - 2] != ' ')
		return false;
	for (size_t i = 0; i < len - (g->standard ? 1 : 2); i++)
		sum += text[i];
	if ((sum & 0x3f) + 0x20 != text[len - 1])
		return false;
	if (!(g->standard ? standard(text, len - 2, g) : historique(text, len - 2, g)))
		return false;
	return is_label(g->label, g->label_len) && is_value(g);
}

static bool has_odd(const struct frame *f, size_t begin, size_t end)
{
	while (f->parity && begin < end)
		if (f->odd[begin++])
			return true;
	return false;
}

/* As it stands, without its first byte, without its last, without both. */
static bool find_group(const struct frame *f, size_t begin, size_t end, struct group *g)
{
	bool no_lf = begin == 0 || f->text[begin - 1] != LF;
	bool no_cr = end == f->len || f->text[end] != CR;

	for (unsigned int i = 0; i < 4; i++) {
		size_t from = begin + (i & 1), to = end - (i >> 1);

		if (((i & 1) && !no_lf) || ((i >> 1) && !no_cr) || to <= from)
			continue;
		if (is_group(f->text + from, to - from, g))
			return !has_odd(f, from, to);
	}
	return false;
}

static void parse(const struct frame *f, struct said *said)
{
	struct group groups[METERLINE_TIC_MAX_GROUPS];
	unsigned int pieces = 0, good = 0, damaged = 0;

	for (size_t at = 0; at < f->len;) {
		size_t end = at;

		while (end < f->len && f->text[end] != LF && f->text[end] != CR)
			end++;
		if (end > at) {
			if (++pieces > METERLINE_TIC_MAX_GROUPS)
				return;
			if (find_group(f, at, end, &groups[good]) &&
			    groups[good].standard == groups[0].standard)
				good++;
			else
				damaged++;
		}
		at = end + 1;
	}
	if (!good)
		return;
	say_start(said, groups[0].standard ? TELEGRAM_TIC_STANDARD : TELEGRAM_TIC_HISTORIQUE,
		  damaged);
	for (unsigned int i = 0; i < good; i++)
		say_field(said, groups[i].label, groups[i].label_len, groups[i].horodate,
			  groups[i].value, groups[i].len);
}

/** tic_reference - the fields of the telegrams in these bytes */
struct said tic_reference(const u8 *bytes, size_t len)
{
	struct said said = { .fields_only = true };
	struct frame *f = calloc(1, sizeof(*f));
	size_t even = 0;
	bool inside = false, bit7 = false;

	for (size_t i = 0; i < len; i++) {
		u8 c = bytes[i] & 0x7f;

		even += !__builtin_parity(bytes[i]);
		bit7 |= bytes[i] >> 7;
		if (c == STX) {
			inside = true;
			f->len = 0;
		} else if (inside && (c == ETX || c == EOT)) {
			f->parity = bit7 && even * 10 > (i + 1) * 9;
			parse(f, &said);
			inside = false;
		} else if (inside && f->len == METERLINE_TIC_MAX_BYTES - 2) {
			inside = false;
		} else if (inside) {
			f->odd[f->len] = __builtin_parity(bytes[i]);
			f->text[f->len++] = c;
		}
	}
	free(f);
	return said;
}
