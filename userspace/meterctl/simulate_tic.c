// SPDX-License-Identifier: MIT
/*
 * Frames of French meters: groups in the order of the tables of Enedis-NOI-CPT_54E and
 * ERDF-NOI-CPT_02E, with their lengths, checksums and gaps.
 */
#include <inttypes.h>
#include <string.h>

#include "simulate.h"

#define STX "\002"
#define ETX "\003"
#define EOT "\004"

/* 54E 5.3: at most 33.4 ms between two groups, 16.7 to 33.4 ms between two frames. */
#define GROUP_GAP_MS 8
#define FRAME_GAP_MS 25

/* 02E 2.4: so many short frames lie between two long ones while a phase is overloaded. */
#define SHORT_FRAMES 20

/* How tri meters are simulated: an overload begins in frame 2 of each round. */
#define ROUND_FRAMES   120
#define OVERLOAD_FRAME 2
#define OVERLOAD_END   38 /* 30 s later; short frames go on for another minute */
#define BURSTS	       5

static void insert_byte(struct sim_telegram *t, size_t offset, char c)
{
	char moved[sizeof(t->bytes)];
	size_t count = t->len - offset;

	memcpy(moved, t->bytes + offset, count);
	t->len = offset;
	sim_bytes(t, &c, 1);
	memcpy(t->bytes + t->len, moved, count);
	t->len += count;
}

static void lose_byte(struct sim_telegram *t, size_t offset)
{
	memmove(t->bytes + offset, t->bytes + offset + 1, t->len - offset - 1);
	t->len--;
}

/* Damage to LF or CR loses nothing: the other one still parts the groups. */
static void damage_separator(struct sim_telegram *t, size_t offset)
{
	t->bytes[offset] ^= (t->bytes[offset] & 0x7f) == '\n' ? 4 : 2;
}

/*
 * One character between LF and CR: flipped, lost or doubled with another, so that the sum shows
 * it, which does not see bit 6: only parity does. HT and SP stay.
 */
static bool damage_character(struct sim_telegram *t, size_t offset)
{
	uint8_t seen = t->bytes[offset] & 0x7f;

	switch (sim_random(&t->random, 4)) {
	case 0:
		if (seen % 64 == 0 || seen <= ' ')
			return false;
		lose_byte(t, offset);
		return true;
	case 1:
		insert_byte(t, offset, '!' + sim_random(&t->random, 31));
		return true;
	default:
		return seen > ' ' && sim_flip(t, offset, t->parity ? 8 : 6, "");
	}
}

/* Returns whether the group from @begin is still good. */
static bool damage_group(struct sim_telegram *t, size_t begin)
{
	bool alone = !t->separator_damaged;
	size_t last = t->len - 1;
	size_t offset;

	t->separator_damaged = false;
	if (!sim_hit(t, t->len - begin))
		return true;
	do {
		offset = begin + sim_random(&t->random, t->len - begin);
		if (offset == begin && alone) {
			damage_separator(t, offset);
			return true;
		}
		if (offset == last) {
			damage_separator(t, offset);
			t->separator_damaged = true;
			return true;
		}
	} while (offset == begin || !damage_character(t, offset));
	t->damaged++;
	return false;
}

static char checksum(const char *group, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (uint8_t)group[i];
	return (sum & 0x3f) + 0x20;
}

/*
 * One group. Historique: the sum ends before the separator of the checksum (02E 1.4.2);
 * standard: that separator is in it (54E 5.3.6). Returns whether it can be read.
 */
static bool group(struct sim_telegram *t, const char *label, const char *stamp, const char *value)
{
	char text[160];
	char sep = t->standard ? '\t' : ' ';
	size_t begin = t->len;
	size_t len;

	if (t->len > 1)
		sim_silence(t, GROUP_GAP_MS);
	if (stamp)
		len = snprintf(text, sizeof(text), "\n%s%c%s%c%s%c", label, sep, stamp, sep, value,
			       sep);
	else
		len = snprintf(text, sizeof(text), "\n%s%c%s%c", label, sep, value, sep);
	text[len] = checksum(text + 1, t->standard ? len - 1 : len - 2);
	text[len + 1] = '\r';
	sim_bytes(t, text, len + 2);
	if (!damage_group(t, begin))
		return false;
	sim_field_begin(t, label);
	if (stamp)
		sim_field_value(t, stamp, strlen(stamp));
	sim_field_value(t, value, strlen(value));
	sim_field_end(t);
	return true;
}

/* A number with leading zeros that stands for a quantity. */
static bool number(struct sim_telegram *t, const char *label, int digits, uint64_t value,
		   const char *quantity, uint32_t milli)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*" PRIu64, digits, value);
	if (!group(t, label, NULL, text))
		return false;
	if (quantity)
		sim_quantity(t, quantity, value * milli);
	return true;
}

/* The same for a label and a quantity of one phase or of all when @phase is 0. */
static bool phase_number(struct sim_telegram *t, const char *label, unsigned int phase, int digits,
			 uint64_t value, const char *quantity, uint32_t milli)
{
	char name[16], full[40];

	snprintf(name, sizeof(name), "%s%u", label, phase);
	snprintf(full, sizeof(full), "%s_l%u", quantity, phase);
	return number(t, name, digits, value, full, milli);
}

static void begin_frame(struct sim_telegram *t, const char *protocol)
{
	sim_telegram_reset(t, protocol);
	sim_silence(t, FRAME_GAP_MS);
	sim_bytes(t, STX, 1);
	if (!t->end_damaged && sim_hit(t, 1)) {
		t->bytes[0] ^= 0x40;
		t->lost = true;
	}
}

/* Without its end a frame is dropped when the next one begins. */
static void end_frame(struct sim_telegram *t, const char *end)
{
	size_t offset = t->len;

	sim_bytes(t, end, strlen(end));
	t->end_damaged = sim_hit(t, 1);
	if (!t->end_damaged)
		return;
	for (; offset < t->len; offset++)
		t->bytes[offset] ^= 0x40;
	t->lost = true;
}

static uint32_t rounded(uint32_t value, uint32_t unit)
{
	return (value + unit / 2) / unit;
}

static uint32_t amperes(const struct sim_meter *m, unsigned int phase)
{
	return rounded(sim_current_ma(m, phase), 1000);
}

/* PAPP and SINSTS count what is drawn; while energy is injected they are 0. */
static uint32_t drawn_va(const struct sim_meter *m)
{
	int32_t active = sim_active_w(m);

	return active < 0 ? 0 : sim_apparent_va(active, sim_reactive_var(m));
}

static uint32_t phase_va(const struct sim_meter *m, unsigned int phase)
{
	if (m->active_w[phase] < 0)
		return 0;
	return sim_apparent_va(m->active_w[phase], m->load_var[phase]);
}

/* Thousandths of a percent, rounded half up: 100 * part / whole. */
static int64_t load_milli(uint64_t part, uint64_t whole)
{
	return (part * 200000 + whole) / (2 * whole);
}

/* ---- historique ---- */

#define ISOUSC_A 30

static const char *const tempo_index[] = { "BBRHCJB", "BBRHPJB", "BBRHCJW",
					   "BBRHPJW", "BBRHCJR", "BBRHPJR" };
static const char *const tempo_period[] = { "HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR" };
static const char *const tempo_tomorrow[] = { "BLEU", "BLAN", "ROUG" };

/* The registers of the contract; energy_import only when all of them can be read. */
static void registers(const struct sim_meter *m, struct sim_telegram *t)
{
	static const char *const single[] = { "BASE" };
	static const char *const peak[] = { "HCHC", "HCHP" };
	static const struct {
		const char *const *labels;
		unsigned int count;
	} contracts[] = { { single, 1 }, { peak, 2 }, { peak, 2 }, { tempo_index, 6 } };
	unsigned int count = contracts[m->calendar].count;
	uint64_t sum = 0;
	bool whole = true;
	char name[32];

	for (unsigned int i = 0; i < count; i++) {
		uint64_t wh = sim_wh(m->import_wms[i]);

		snprintf(name, sizeof(name), "energy_import_t%u", i + 1);
		whole &= number(t, contracts[m->calendar].labels[i], 9, wh, name, 1000);
		sum += wh;
	}
	if (whole)
		sim_quantity(t, "energy_import", sum * 1000);
}

static void period(const struct sim_meter *m, struct sim_telegram *t)
{
	static const char *const peak[] = { "HC..", "HP.." };
	const char *value = m->calendar == CALENDAR_SINGLE  ? "TH.."
			    : m->calendar == CALENDAR_TEMPO ? tempo_period[m->tariff]
							    : peak[m->tariff];

	if (group(t, "PTEC", NULL, value))
		sim_quantity(t, "tariff", (m->tariff + 1) * 1000);
}

/* Tempo: tomorrow's colour is known from 20 h on. */
static void tomorrow(const struct sim_meter *m, struct sim_telegram *t)
{
	struct sim_local local = sim_local(m->utc_ms / 1000);
	unsigned int colour = sim_tempo_colour(m->utc_ms / 1000 + 86400);

	if (m->calendar == CALENDAR_TEMPO)
		group(t, "DEMAIN", NULL, local.tm.tm_hour >= 20 ? tempo_tomorrow[colour] : "----");
}

static void address(struct sim_telegram *t, const char *label, const char *meter)
{
	if (group(t, label, NULL, meter))
		sim_meter_is(t, meter);
}

static bool contract(const struct sim_meter *m, const char *meter, struct sim_telegram *t)
{
	static const char *const options[] = { "BASE", "HC..", "HC..", "BBR(" };
	bool subscribed;

	address(t, "ADCO", meter);
	group(t, "OPTARIF", NULL, options[m->calendar]);
	subscribed = number(t, "ISOUSC", 2, ISOUSC_A, "current_subscribed", 1000);
	registers(m, t);
	period(m, t);
	return subscribed;
}

static void historique_mono(const struct sim_kind *kind, const struct sim_meter *m,
			    const char *meter, struct sim_telegram *t)
{
	uint32_t current = amperes(m, 0);
	bool subscribed;

	(void)kind;
	begin_frame(t, SIM_TIC_HISTORIQUE);
	subscribed = contract(m, meter, t);
	tomorrow(m, t);
	if (number(t, "IINST", 3, current, "current_l1", 1000) && subscribed)
		sim_quantity(t, "load", load_milli(current, ISOUSC_A));
	if (current > ISOUSC_A)
		number(t, "ADPS", 3, current, NULL, 0);
	number(t, "IMAX", 3, 90, NULL, 0);
	number(t, "PAPP", 5, drawn_va(m) / 10 * 10, "power_apparent_import", 1000);
	group(t, "HHPHC", NULL, "A");
	group(t, "MOTDETAT", NULL, "000000");
	end_frame(t, ETX);
}

static bool phase_currents(const struct sim_meter *m, struct sim_telegram *t)
{
	bool all = true;

	for (unsigned int i = 0; i < m->phases; i++)
		all &= phase_number(t, "IINST", i + 1, 3, amperes(m, i), "current", 1000);
	return all;
}

static void phase_maxima(const struct sim_meter *m, struct sim_telegram *t)
{
	char label[8];

	for (unsigned int i = 0; i < m->phases; i++) {
		snprintf(label, sizeof(label), "IMAX%u", i + 1);
		number(t, label, 3, 60, NULL, 0);
	}
	number(t, "PMAX", 5, m->smax_before[0].value, NULL, 0);
}

static void long_frame(const struct sim_meter *m, const char *meter, struct sim_telegram *t,
		       bool eot)
{
	uint32_t sum = amperes(m, 0) + amperes(m, 1) + amperes(m, 2);
	bool subscribed;

	begin_frame(t, SIM_TIC_HISTORIQUE);
	subscribed = contract(m, meter, t);
	tomorrow(m, t);
	if (phase_currents(m, t) && subscribed)
		sim_quantity(t, "load", load_milli(sum, 3 * ISOUSC_A));
	phase_maxima(m, t);
	number(t, "PAPP", 5, drawn_va(m) / 10 * 10, "power_apparent_import", 1000);
	group(t, "HHPHC", NULL, "A");
	group(t, "MOTDETAT", NULL, "000000");
	group(t, "PPOT", NULL, "00");
	end_frame(t, eot ? ETX EOT : ETX);
}

/* The long frame that an overload stops at the end of a group. */
static void cut_frame(const struct sim_meter *m, const char *meter, struct sim_telegram *t)
{
	begin_frame(t, SIM_TIC_HISTORIQUE);
	contract(m, meter, t);
	end_frame(t, EOT);
}

static void short_frame(const struct sim_meter *m, const char *meter, struct sim_telegram *t)
{
	char label[8];

	begin_frame(t, SIM_TIC_HISTORIQUE);
	for (unsigned int i = 0; i < m->phases; i++) {
		snprintf(label, sizeof(label), "ADIR%u", i + 1);
		if (amperes(m, i) > ISOUSC_A)
			number(t, label, 3, amperes(m, i), NULL, 0);
	}
	address(t, "ADCO", meter);
	phase_currents(m, t);
	end_frame(t, ETX);
}

/* 02E table 6: EOT between a long frame and a short one, none between a short and a long one. */
static void historique_tri(const struct sim_kind *kind, const struct sim_meter *m,
			   const char *meter, struct sim_telegram *t)
{
	unsigned int in_round = m->telegrams % ROUND_FRAMES;
	unsigned int first_short = OVERLOAD_FRAME + 1;
	unsigned int end = first_short + BURSTS * (SHORT_FRAMES + 1);
	bool burst = in_round >= first_short && in_round < end;
	bool is_long = (in_round - first_short) % (SHORT_FRAMES + 1) == SHORT_FRAMES;

	(void)kind;
	if (in_round == OVERLOAD_FRAME)
		cut_frame(m, meter, t);
	else if (burst && !is_long)
		short_frame(m, meter, t);
	else
		long_frame(m, meter, t, burst && in_round + 1 < end);
}

static int overload(uint64_t telegrams)
{
	unsigned int in_round = telegrams % ROUND_FRAMES;

	if (in_round < OVERLOAD_FRAME || in_round >= OVERLOAD_END)
		return -1;
	return telegrams / ROUND_FRAMES % SIM_PHASES;
}

/* ---- standard ---- */

#define PREF_MONO_KVA 6
#define PREF_TRI_KVA  12

static void stamp(char text[16], int64_t utc_s)
{
	struct sim_local local = sim_local(utc_s);

	snprintf(text, 16, "%c%02d%02d%02d%02d%02d%02d", local.summer ? 'E' : 'H',
		 local.tm.tm_year % 100, local.tm.tm_mon + 1, local.tm.tm_mday, local.tm.tm_hour,
		 local.tm.tm_min, local.tm.tm_sec);
}

static void stamped(struct sim_telegram *t, const char *label, int digits,
		    const struct sim_stamped *s)
{
	char horodate[16], value[16];

	stamp(horodate, s->utc);
	snprintf(value, sizeof(value), "%0*" PRIu32, digits, s->value);
	group(t, label, horodate, value);
}

static void date(const struct sim_meter *m, struct sim_telegram *t)
{
	char horodate[16];

	stamp(horodate, m->utc_ms / 1000);
	if (group(t, "DATE", horodate, ""))
		sim_time_is(t, m->utc_ms / 1000);
}

static void tariff_names(const struct sim_meter *m, struct sim_telegram *t)
{
	static const char *const calendars[] = { "      BASE      ", "H PLEINE-CREUSE ",
						 "H PLEINE-CREUSE ", "     TEMPO      " };
	static const char *const single[] = { "      BASE      " };
	static const char *const peak[] = { " HEURE  CREUSE  ", " HEURE  PLEINE  " };
	static const char *const tempo[] = { "    HC  BLEU    ", "    HP  BLEU    ",
					     "   HC  BLANC    ", "   HP  BLANC    ",
					     "   HC  ROUGE    ", "   HP  ROUGE    " };
	static const char *const *const tariffs[] = { single, peak, peak, tempo };

	group(t, "NGTF", NULL, calendars[m->calendar]);
	group(t, "LTARF", NULL, tariffs[m->calendar][m->tariff]);
}

static void energy(const struct sim_meter *m, struct sim_telegram *t)
{
	char label[8], quantity[32];

	number(t, "EAST", 9, sim_total_wh(m->import_wms, SIM_TARIFFS), "energy_import", 1000);
	for (unsigned int i = 0; i < SIM_TARIFFS; i++) {
		snprintf(label, sizeof(label), "EASF%02u", i + 1);
		snprintf(quantity, sizeof(quantity), "energy_import_t%u", i + 1);
		number(t, label, 9, sim_wh(m->import_wms[i]), quantity, 1000);
	}
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(label, sizeof(label), "EASD%02u", i + 1);
		number(t, label, 9, sim_wh(m->grid_wms[i]), NULL, 0);
	}
	if (!m->producer)
		return;
	number(t, "EAIT", 9, sim_total_wh(m->export_wms, SIM_TARIFFS), "energy_export", 1000);
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(label, sizeof(label), "ERQ%u", i + 1);
		snprintf(quantity, sizeof(quantity), "energy_reactive_q%u", i + 1);
		number(t, label, 9, sim_wh(m->quadrant_varms[i]), quantity, 1000);
	}
}

static void electricity(const struct sim_meter *m, struct sim_telegram *t, uint32_t pref_kva)
{
	bool reference;

	for (unsigned int i = 0; i < m->phases; i++)
		phase_number(t, "IRMS", i + 1, 3, amperes(m, i), "current", 1000);
	for (unsigned int i = 0; i < m->phases; i++)
		phase_number(t, "URMS", i + 1, 3, rounded(m->voltage_dv[i], 10), "voltage", 1000);
	reference = number(t, "PREF", 2, pref_kva, "power_reference", 1000000);
	number(t, "PCOUP", 2, pref_kva, "power_cutoff", 1000000);
	if (number(t, "SINSTS", 5, drawn_va(m), "power_apparent_import", 1000) && reference)
		sim_quantity(t, "load", load_milli(drawn_va(m), pref_kva * 1000));
	for (unsigned int i = 0; m->phases > 1 && i < m->phases; i++)
		phase_number(t, "SINSTS", i + 1, 5, phase_va(m, i), "power_apparent_import", 1000);
}

static void maxima(const struct sim_meter *m, struct sim_telegram *t)
{
	static const char *const today[] = { "SMAXSN", "SMAXSN1", "SMAXSN2", "SMAXSN3" };
	static const char *const before[] = { "SMAXSN-1", "SMAXSN1-1", "SMAXSN2-1", "SMAXSN3-1" };
	unsigned int count = m->phases > 1 ? 1 + m->phases : 1;
	int32_t active = sim_active_w(m);

	for (unsigned int i = 0; i < count; i++)
		stamped(t, today[i], 5, &m->smax[i]);
	for (unsigned int i = 0; i < count; i++)
		stamped(t, before[i], 5, &m->smax_before[i]);
	if (!m->producer)
		return;
	number(t, "SINSTI", 5, active < 0 ? sim_apparent_va(active, sim_reactive_var(m)) : 0,
	       "power_apparent_export", 1000);
	stamped(t, "SMAXIN", 5, &m->smaxi);
	stamped(t, "SMAXIN-1", 5, &m->smaxi_before);
}

static void curves(const struct sim_meter *m, struct sim_telegram *t)
{
	char label[8];

	stamped(t, "CCASN", 5, &m->curve.last);
	stamped(t, "CCASN-1", 5, &m->curve.before);
	if (m->producer) {
		stamped(t, "CCAIN", 5, &m->curve_export.last);
		stamped(t, "CCAIN-1", 5, &m->curve_export.before);
	}
	for (unsigned int i = 0; i < m->phases; i++) {
		struct sim_stamped mean = m->voltage[i].last;

		mean.value = rounded(mean.value, 10);
		snprintf(label, sizeof(label), "UMOY%u", i + 1);
		stamped(t, label, 3, &mean);
	}
}

/* 54E 6.2.3.14: contact open, Euridis on with security, registered, standard. */
static void status(const struct sim_meter *m, struct sim_telegram *t, uint32_t pref_kva)
{
	uint32_t bits = 1u << 0 | 1u << 17 | 3u << 19 | 1u << 21;
	int64_t now = m->utc_ms / 1000;
	char text[12];

	if (drawn_va(m) > pref_kva * 1000)
		bits |= 1u << 7;
	if (m->producer)
		bits |= 1u << 8;
	if (sim_active_w(m) < 0)
		bits |= 1u << 9;
	bits |= m->tariff << 10;
	bits |= (2 * sim_local(now).summer + m->tariff % 2) << 14;
	if (m->calendar == CALENDAR_TEMPO) {
		bits |= (sim_tempo_colour(now) + 1) << 24;
		bits |= (sim_tempo_colour(now + 86400) + 1) << 26;
	}
	snprintf(text, sizeof(text), "%08" PRIX32, bits);
	group(t, "STGE", NULL, text);
}

/* Eleven blocks HHMMSSSS, unused ones NONUTILE. */
static void profile(struct sim_telegram *t, const char *label, const char *used)
{
	char text[104];
	size_t len = snprintf(text, sizeof(text), "%s", used);

	while (len < 98)
		len += snprintf(text + len, sizeof(text) - len, " NONUTILE");
	group(t, label, NULL, text);
}

static void tomorrow_profile(const struct sim_meter *m, struct sim_telegram *t)
{
	unsigned int low = 2 * sim_tempo_colour(m->utc_ms / 1000 + 86400) + 1;
	char used[32];

	if (m->calendar == CALENDAR_SINGLE)
		snprintf(used, sizeof(used), "00008001");
	else if (m->calendar == CALENDAR_TEMPO)
		snprintf(used, sizeof(used), "0000400%u 0600400%u 2200400%u", low, low + 1, low);
	else
		snprintf(used, sizeof(used), "0000C001 06008002 2200C001");
	profile(t, "PJOURF+1", used);
}

/* 6 h local time, @days from now; the season is a space, for it does not apply. */
static void peak_border(const struct sim_meter *m, struct sim_telegram *t, const char *name,
			int number, int days)
{
	struct sim_local local = sim_local(m->utc_ms / 1000);
	struct tm tm = { .tm_year = local.tm.tm_year,
			 .tm_mon = local.tm.tm_mon,
			 .tm_mday = local.tm.tm_mday + days };
	char label[8], horodate[16];

	timegm(&tm);
	snprintf(label, sizeof(label), "%s%d", name, number);
	snprintf(horodate, sizeof(horodate), " %02d%02d%02d060000", tm.tm_year % 100, tm.tm_mon + 1,
		 tm.tm_mday);
	group(t, label, horodate, "00");
}

/* Three announced mobile peaks, on the next three days from 6 h to 6 h. */
static void mobile_peaks(const struct sim_meter *m, struct sim_telegram *t)
{
	for (int i = 1; i <= 3; i++) {
		peak_border(m, t, "DPM", i, i);
		peak_border(m, t, "FPM", i, i + 1);
	}
}

static void standard_frame(const struct sim_meter *m, const char *meter, struct sim_telegram *t,
			   bool all)
{
	uint32_t pref_kva = m->phases == 1 ? PREF_MONO_KVA : PREF_TRI_KVA;

	begin_frame(t, SIM_TIC_STANDARD);
	address(t, "ADSC", meter);
	group(t, "VTIC", NULL, "02");
	date(m, t);
	tariff_names(m, t);
	energy(m, t);
	electricity(m, t, pref_kva);
	maxima(m, t);
	curves(m, t);
	status(m, t, pref_kva);
	if (all)
		mobile_peaks(m, t);
	group(t, "MSG1", NULL, "PAS DE          MESSAGE         ");
	if (all)
		group(t, "MSG2", NULL, "RELEVE DEMAIN   ");
	group(t, "PRM", NULL, "99000000000042");
	group(t, "RELAIS", NULL, "000");
	number(t, "NTARF", 2, m->tariff + 1, "tariff", 1000);
	group(t, "NJOURF", NULL, "00");
	group(t, "NJOURF+1", NULL, "00");
	tomorrow_profile(m, t);
	if (all)
		profile(t, "PPOINTE", "00004003 06004004 22004003");
	end_frame(t, ETX);
}

static void standard(const struct sim_kind *kind, const struct sim_meter *m, const char *meter,
		     struct sim_telegram *t)
{
	(void)kind;
	standard_frame(m, meter, t, false);
}

static void standard_all(const struct sim_kind *kind, const struct sim_meter *m, const char *meter,
			 struct sim_telegram *t)
{
	(void)kind;
	standard_frame(m, meter, t, true);
}

const struct sim_kind sim_tic_kinds[] = {
	{
		.name = "linky-historique-base",
		.help = "French Linky, single phase, historique, one tariff; 1200 baud",
		.number = "992461000042",
		.baud = 1200,
		.phases = 1,
		.supply_period_s = 3600,
		.tic = true,
		.write = historique_mono,
	},
	{
		.name = "linky-historique-hc",
		.help = "the same with off-peak hours",
		.number = "992461000043",
		.baud = 1200,
		.phases = 1,
		.supply_period_s = 3600,
		.tic = true,
		.calendar = CALENDAR_LOW_NORMAL,
		.write = historique_mono,
	},
	{
		.name = "linky-historique-tempo",
		.help = "the same with Tempo's six tariffs",
		.number = "992461000044",
		.baud = 1200,
		.phases = 1,
		.supply_period_s = 3600,
		.tic = true,
		.calendar = CALENDAR_TEMPO,
		.write = historique_mono,
	},
	{
		.name = "linky-historique-tri",
		.help = "three-phase, historique; from the third frame on a phase is overloaded",
		.number = "992463000045",
		.baud = 1200,
		.phases = 3,
		.supply_period_s = 3600,
		.tic = true,
		.overload = overload,
		.write = historique_tri,
	},
	{
		.name = "linky-standard",
		.help = "French Linky, single phase, standard, off-peak hours; 9600 baud",
		.number = "992461000046",
		.baud = 9600,
		.phases = 1,
		.supply_period_s = 3600,
		.tic = true,
		.calendar = CALENDAR_LOW_NORMAL,
		.write = standard,
	},
	{
		.name = "linky-standard-tri-producer",
		.help = "three-phase, standard, with solar panels",
		.number = "992463000047",
		.baud = 9600,
		.phases = 3,
		.supply_period_s = 3600,
		.tic = true,
		.producer = true,
		.write = standard,
	},
	{
		.name = "linky-standard-all71",
		.help = "the same with every label that the specification knows",
		.number = "992463000048",
		.baud = 9600,
		.phases = 3,
		.supply_period_s = 3600,
		.tic = true,
		.producer = true,
		.calendar = CALENDAR_TEMPO,
		.write = standard_all,
	},
};

const size_t sim_tic_kind_count = sizeof(sim_tic_kinds) / sizeof(sim_tic_kinds[0]);
