// SPDX-License-Identifier: MIT
/*
 * What a D2L module says of its meter, with the order, the blanks and the quirks of frames that
 * were captured; see decode/d2l_json.c.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../kernel/telegram/labels.h"
#include "../../kernel/telegram/quantities.h"
#include "d2l_module.h"
#include "simulate.h"

#define ISOUSC_A	45
#define PREF_KVA	9
#define VOLTAGE_V	230
#define DAY_S		86400
#define TARIFFS		6
#define SEGMENTS	9

/* Since then meters count. */
#define BEGIN_S		1704067200	/* 2024-01-01 */

static const char *const historique_registers[] = {
	"BASE",	   "HCHC",    "HCHP",	 "BBRHCJB", "BBRHCJR", "BBRHCJW",
	"BBRHPJB", "BBRHPJR", "BBRHPJW", "EJPHN",   "EJPHPM",
};

/* Contract and tariff of each of them. */
static const u8 register_of[][2] = {
	{ 0, 0 }, { 1, 0 }, { 1, 1 }, { 3, 0 }, { 3, 4 }, { 3, 2 },
	{ 3, 1 }, { 3, 5 }, { 3, 3 }, { 2, 0 }, { 2, 1 },
};

static const char *const contract_names[] = { "BASE", "HC..", "EJP.", "BBR(" };
static const u8 contract_tariffs[] = { 1, 2, 2, 6 };

/* When which tariff runs, over and over again: seconds and the tariff. The last one has 0 s. */
static const struct segment {
	u32 seconds;
	u8 tariff;
} calendars[][SEGMENTS + 1] = {
	{ { DAY_S, 0 } },
	{ { 6 * 3600, 0 }, { 16 * 3600, 1 }, { 2 * 3600, 0 } },
	{ { 7 * DAY_S, 0 }, { DAY_S, 1 } },
	{ { 6 * 3600, 0 }, { 16 * 3600, 1 }, { 2 * 3600, 0 },
	  { 6 * 3600, 2 }, { 16 * 3600, 3 }, { 2 * 3600, 2 },
	  { 6 * 3600, 4 }, { 16 * 3600, 5 }, { 2 * 3600, 4 } },
};

/** struct writer - JSON that is written; too much is counted and cut */
struct writer {
	char *at;
	size_t size;
	size_t len;
};

/**
 * struct now - what a meter says at one moment
 * @m: its module
 * @unix_s: seconds since 1970
 * @tariff: that runs
 * @wh: registers by tariff
 * @total_wh: their sum
 * @va: drawn from the grid
 */
struct now {
	const struct d2l_module *m;
	s64 unix_s;
	unsigned int tariff;
	u64 wh[TARIFFS];
	u64 total_wh;
	u32 va;
};

/**
 * d2l_module_of - the module with an id
 * @id: any
 * @mode: of its meter
 * @m: for the module
 */
void d2l_module_of(u64 id, enum d2l_mode mode, struct d2l_module *m)
{
	u64 state = id;

	m->id = id;
	m->all = mode == D2L_ALL_LABELS;
	m->standard = m->all || mode == D2L_STANDARD || (mode == D2L_MIXED && id % 2);
	m->tri = m->all || id / 2 % 4 == 3;
	m->producer = m->all || id / 8 % 4 == 3;
	m->contract = m->all ? 3 : id / 2 % 4;
	m->power_w = 150 + sim_random(&state, 2000);
}

/**
 * d2l_module_key - the key of a simulated module
 * @id: of the module
 * @key: for its key and IV, which follow from @id: no secret
 */
void d2l_module_key(u64 id, struct d2l_key *key)
{
	u64 state = ~id;

	key->id = id;
	for (unsigned int i = 0; i < sizeof(key->key); i++) {
		key->key[i] = sim_random(&state, 256);
		key->iv[i] = sim_random(&state, 256);
	}
}

static void count_energy(struct now *n)
{
	const struct segment *s = calendars[n->m->contract];
	u64 seconds[TARIFFS] = { 0 }, state = n->m->id + 1;
	s64 rest = n->unix_s > BEGIN_S ? n->unix_s - BEGIN_S : 0;
	u64 cycle = 0;

	for (unsigned int i = 0; s[i].seconds; i++)
		cycle += s[i].seconds;
	for (unsigned int i = 0; s[i].seconds; i++)
		seconds[s[i].tariff] += rest / cycle * s[i].seconds;
	rest %= cycle;
	for (; rest >= s->seconds; s++) {
		seconds[s->tariff] += s->seconds;
		rest -= s->seconds;
	}
	seconds[s->tariff] += rest;
	n->tariff = s->tariff;
	for (unsigned int i = 0; i < contract_tariffs[n->m->contract]; i++) {
		n->wh[i] = seconds[i] * n->m->power_w / 3600 + sim_random(&state, 10000000);
		n->total_wh += n->wh[i];
	}
}

__attribute__((format(printf, 3, 4)))
static void member(struct writer *w, const char *label, const char *format, ...)
{
	const char *comma = w->len ? ", " : "{ ";
	char value[128];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	w->len += snprintf(w->at + w->len, w->len < w->size ? w->size - w->len : 0,
			   "%s\"%s\":\"%s\"", comma, label, value);
}

static void begin(struct writer *w, const struct d2l_module *m)
{
	member(w, "_TYPE_TRAME", m->standard ? "STANDARD" : "HISTORIQUE");
	member(w, "_ID_D2L", "%0*" PRIu64, D2L_ID_DIGITS, m->id);
	member(w, "_DATE_FIRMWARE", "Jul  7 2017");
}

/* Invented; the ids of modules differ in their last ten digits. */
static void meter_number(struct writer *w, const char *label, const struct d2l_module *m)
{
	member(w, label, "99%010" PRIu64, m->id % 10000000000);
}

static void historique(struct writer *w, const struct now *n)
{
	const struct d2l_module *m = n->m;

	meter_number(w, "ADCO", m);
	member(w, "OPTARIF", "%s", contract_names[m->contract]);
	member(w, "ISOUSC", "%d", ISOUSC_A);
	member(w, "IMAX", "%03u", ISOUSC_A);
	for (size_t i = 0; i < sizeof(register_of) / sizeof(register_of[0]); i++) {
		if (register_of[i][0] == m->contract)
			member(w, historique_registers[i], "%09" PRIu64,
			       n->wh[register_of[i][1]] % 1000000000);
		else
			member(w, historique_registers[i], "%s", "");
	}
	member(w, "_HORLOGE", "%" PRId64, n->unix_s - D2L_EPOCH_S);
	member(w, "PTEC", "%s", "");
	member(w, "ADIR1", "%s", "");
	member(w, "ADIR2", "%s", "");
	member(w, "ADIR3", "%s", "");
	member(w, "IINST1", "%u", n->va / VOLTAGE_V / (m->tri ? 3 : 1));
	member(w, "IINST2", "%u", m->tri ? n->va / VOLTAGE_V / 3 : 0);
	member(w, "IINST3", "%u", m->tri ? n->va / VOLTAGE_V / 3 : 0);
}

/* Season and local time; all but DATE end behind the hour. */
static void stamp(char text[32], s64 unix_s, bool whole)
{
	struct sim_local local = sim_local(unix_s);

	snprintf(text, 32, "%c%02d%02d%02d%02d%02d%02d", local.summer ? 'E' : 'H',
		 local.tm.tm_year % 100, local.tm.tm_mon + 1, local.tm.tm_mday, local.tm.tm_hour,
		 local.tm.tm_min, local.tm.tm_sec);
	if (!whole)
		text[9] = '\0';
}

static void stamped(struct writer *w, const char *label, s64 unix_s, int digits, u32 value)
{
	char text[32];

	stamp(text, unix_s, false);
	member(w, label, "%s|%0*" PRIu32, text, digits, value);
}

/* Whether a label belongs to more than one phase, or to solar panels. */
static bool is_of_tri(unsigned int row)
{
	return row == TIC_ROW_IRMS2 || row == TIC_ROW_IRMS3 || row == TIC_ROW_URMS2 ||
	       row == TIC_ROW_URMS3 || (row >= TIC_ROW_SINSTS1 && row <= TIC_ROW_SINSTS3) ||
	       (row >= TIC_ROW_SMAXSN1 && row <= TIC_ROW_SMAXSN3) ||
	       (row >= TIC_ROW_SMAXSN1_M1 && row <= TIC_ROW_SMAXSN3_M1) ||
	       row == TIC_ROW_UMOY2 || row == TIC_ROW_UMOY3;
}

static bool is_of_producer(unsigned int row)
{
	return (row >= TIC_ROW_EAIT && row <= TIC_ROW_ERQ4) ||
	       (row >= TIC_ROW_SINSTI && row <= TIC_ROW_SMAXIN_M1) ||
	       row == TIC_ROW_CCAIN || row == TIC_ROW_CCAIN_M1;
}

static bool is_rare(unsigned int row)
{
	return (row >= TIC_ROW_DPM1 && row <= TIC_ROW_FPM3) || row == TIC_ROW_MSG2 ||
	       row == TIC_ROW_PPOINTE;
}

static bool has_horodate(unsigned int row)
{
	return (row >= TIC_ROW_SMAXSN && row <= TIC_ROW_SMAXSN3_M1) ||
	       (row >= TIC_ROW_SMAXIN && row <= TIC_ROW_UMOY3) ||
	       (row >= TIC_ROW_DPM1 && row <= TIC_ROW_FPM3);
}

/* Values with a horodate. Of a single-phase meter SMAXSN1 has that of SMAXSN-1, as captured. */
static void stamped_value(struct writer *w, const struct now *n, unsigned int row)
{
	const char *label = tic_labels[row].name;
	const bool voltage = row >= TIC_ROW_UMOY1 && row <= TIC_ROW_UMOY3;
	const bool before = row >= TIC_ROW_SMAXSN_M1 && row <= TIC_ROW_SMAXSN3_M1;
	s64 when = n->unix_s - n->unix_s % 3600;

	if (!n->m->tri && row == TIC_ROW_SMAXSN1)
		stamped(w, label, when - DAY_S, 5, n->va);
	else if (!n->m->tri && row == TIC_ROW_SMAXSN_M1)
		member(w, label, "|");
	else if (row >= TIC_ROW_DPM1 && row <= TIC_ROW_FPM3)
		stamped(w, label, when + DAY_S, 2, 0);
	else
		stamped(w, label, before ? when - DAY_S : when, voltage ? 3 : 5,
			voltage ? VOLTAGE_V : n->va);
}

#define PROFILE                                                                                   \
	"00004001 06004002 22004001 NONUTILE NONUTILE NONUTILE NONUTILE NONUTILE NONUTILE "       \
	"NONUTILE NONUTILE"

/* What is the same for all meters. */
static const char *const constants[TIC_ROW_COUNT] = {
	[TIC_ROW_VTIC] = "02",
	[TIC_ROW_NGTF] = "      TEMPO     ",
	[TIC_ROW_SINSTI] = "00000",
	[TIC_ROW_STGE] = "003A4001",
	[TIC_ROW_MSG1] = "PAS DE          MESSAGE         ",
	[TIC_ROW_MSG2] = "RELEVE DEMAIN   ",
	[TIC_ROW_RELAIS] = "000",
	[TIC_ROW_NJOURF] = "00",
	[TIC_ROW_NJOURF_P1] = "00",
	[TIC_ROW_PJOURF_P1] = PROFILE,
	[TIC_ROW_PPOINTE] = PROFILE,
};

/* Of registers there are nine digits. */
static void number(struct writer *w, unsigned int row, int digits, u64 value)
{
	member(w, tic_labels[row].name, "%0*" PRIu64, digits, value % 1000000000);
}

static void measured_value(struct writer *w, const struct now *n, unsigned int row)
{
	const unsigned int phases = n->m->tri ? 3 : 1;

	switch (row) {
	case TIC_ROW_EAST:
		number(w, row, 9, n->total_wh);
		break;
	case TIC_ROW_EASF01 ... TIC_ROW_EASF10:
		number(w, row, 9, row - TIC_ROW_EASF01 < TARIFFS ? n->wh[row - TIC_ROW_EASF01] : 0);
		break;
	case TIC_ROW_EASD01 ... TIC_ROW_ERQ4:
		number(w, row, 9, n->total_wh / (row - TIC_ROW_EASD01 + 2));
		break;
	case TIC_ROW_IRMS1 ... TIC_ROW_IRMS3:
		number(w, row, 3, n->va / VOLTAGE_V / phases);
		break;
	case TIC_ROW_URMS1 ... TIC_ROW_URMS3:
		number(w, row, 3, VOLTAGE_V);
		break;
	case TIC_ROW_PREF:
	case TIC_ROW_PCOUP:
		number(w, row, 2, PREF_KVA);
		break;
	case TIC_ROW_SINSTS:
		number(w, row, 5, n->va);
		break;
	case TIC_ROW_SINSTS1 ... TIC_ROW_SINSTS3:
		number(w, row, 5, n->va / phases);
		break;
	case TIC_ROW_NTARF:
		number(w, row, 2, n->tariff + 1);
		break;
	}
}

static void plain_value(struct writer *w, const struct now *n, unsigned int row)
{
	const char *label = tic_labels[row].name;
	char text[32];

	if (constants[row]) {
		member(w, label, "%s", constants[row]);
	} else if (row == TIC_ROW_ADSC) {
		meter_number(w, label, n->m);
	} else if (row == TIC_ROW_PRM) {
		member(w, label, "99%012" PRIu64, n->m->id % 1000000000000);
	} else if (row == TIC_ROW_LTARF) {
		member(w, label, "    TARIF %u     ", n->tariff + 1);
	} else if (row == TIC_ROW_DATE) {
		stamp(text, n->unix_s, true);
		member(w, label, "%s", text);
	} else {
		measured_value(w, n, row);
	}
}

static void standard(struct writer *w, const struct now *n)
{
	const bool tri = n->m->tri;

	for (unsigned int row = TIC_ROW_STANDARD; row < TIC_ROW_COUNT; row++) {
		const bool quirk = !tri && row == TIC_ROW_SMAXSN1;

		if ((is_of_tri(row) && !tri && !quirk) ||
		    (is_of_producer(row) && !n->m->producer) || (is_rare(row) && !n->m->all))
			member(w, tic_labels[row].name, "%s", has_horodate(row) ? "|" : "");
		else if (has_horodate(row))
			stamped_value(w, n, row);
		else
			plain_value(w, n, row);
	}
}

/**
 * d2l_module_json - what a module posts
 * @m: the module
 * @unix_s: the time, which its clock has, too; seconds since 1970, 2016 or later
 * @json: for the payload of a PUSH_JSON
 * @size: room in @json
 *
 * Return: its length; 0 when there is no room for it.
 */
size_t d2l_module_json(const struct d2l_module *m, s64 unix_s, char *json, size_t size)
{
	struct writer w = { .at = json, .size = size };
	struct now n = { .m = m, .unix_s = unix_s, .va = m->power_w };

	count_energy(&n);
	begin(&w, m);
	if (m->standard)
		standard(&w, &n);
	else
		historique(&w, &n);
	if (w.len + 3 > size)
		return 0;
	memcpy(json + w.len, " }", 3);
	return w.len + 2;
}
