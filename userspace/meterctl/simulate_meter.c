// SPDX-License-Identifier: MIT
/*
 * The clock and the registers of a simulated meter. Integers only; the same seed and start give
 * the same readings for ever.
 */
#include <string.h>

#include "simulate.h"

#define WMS_PER_WH 3600000ull

/**
 * sim_random - the next number of a generator (splitmix64)
 * @state: of the generator
 * @bound: above the largest result
 *
 * Return: 0 .. @bound - 1
 */
uint32_t sim_random(uint64_t *state, uint32_t bound)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (z >> 32) * bound >> 32;
}

/* 01:00 UTC on the last Sunday of a month of 31 days; @month from 0. */
static int64_t last_sunday(int year, int month)
{
	struct tm tm = { .tm_year = year, .tm_mon = month, .tm_mday = 31, .tm_hour = 1 };
	int64_t utc = timegm(&tm);

	return utc - (int64_t)tm.tm_wday * 86400;
}

/**
 * sim_local - Central European local time
 * @utc_s: seconds UTC
 */
struct sim_local sim_local(int64_t utc_s)
{
	struct sim_local local;
	time_t t = utc_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	local.summer = utc_s >= last_sunday(tm.tm_year, 2) && utc_s < last_sunday(tm.tm_year, 9);
	t += local.summer ? 7200 : 3600;
	gmtime_r(&t, &local.tm);
	return local;
}

/**
 * sim_tempo_colour - colour of a Tempo day, which runs from 6 h to 6 h
 * @utc_s: any time in it, seconds UTC
 *
 * Return: 0 blue, 1 white, 2 red; in about the shares of a year, red in winter only
 */
unsigned int sim_tempo_colour(int64_t utc_s)
{
	struct sim_local local = sim_local(utc_s - 6 * 3600);
	uint64_t state = (uint64_t)local.tm.tm_year * 366 + local.tm.tm_yday;
	uint32_t draw = sim_random(&state, 365);

	if (draw < 44 && (local.tm.tm_mon < 3 || local.tm.tm_mon > 9))
		return 2;
	return draw < 88 ? 1 : 0;
}

static unsigned int tariff_now(const struct sim_meter *m)
{
	struct sim_local local = sim_local(m->utc_ms / 1000);
	bool day = local.tm.tm_hour >= 6 && local.tm.tm_hour < 22;

	switch (m->calendar) {
	case CALENDAR_SINGLE:
		return 0;
	case CALENDAR_LOW_NORMAL:
		return day;
	case CALENDAR_DAY_NIGHT:
		return !day;
	case CALENDAR_TEMPO:
		return 2 * sim_tempo_colour(m->utc_ms / 1000) + day;
	}
	return 0;
}

/** sim_active_w - power of all phases in W: drawn > 0, injected < 0 */
int32_t sim_active_w(const struct sim_meter *m)
{
	int32_t sum = 0;

	for (unsigned int i = 0; i < m->phases; i++)
		sum += m->active_w[i];
	return sum;
}

/** sim_reactive_var - reactive power of all phases in var */
int32_t sim_reactive_var(const struct sim_meter *m)
{
	int32_t sum = 0;

	for (unsigned int i = 0; i < m->phases; i++)
		sum += m->load_var[i];
	return sum;
}

/** sim_apparent_va - root of the sum of squares, rounded down */
uint32_t sim_apparent_va(int32_t active_w, int32_t reactive_var)
{
	uint64_t square = (int64_t)active_w * active_w + (int64_t)reactive_var * reactive_var;
	uint64_t root = 0;

	for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= square)
			root += bit;
	return root;
}

/** sim_current_ma - current of a phase in mA */
uint32_t sim_current_ma(const struct sim_meter *m, unsigned int phase)
{
	uint64_t va = sim_apparent_va(m->active_w[phase], m->load_var[phase]);

	return va * 10000 / m->voltage_dv[phase];
}

/** sim_wh - a register in whole Wh (or varh) */
uint64_t sim_wh(uint64_t wms)
{
	return wms / WMS_PER_WH;
}

/** sim_total_wh - several registers together, in whole Wh */
uint64_t sim_total_wh(const uint64_t *wms, unsigned int count)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < count; i++)
		sum += wms[i];
	return sim_wh(sum);
}

/* Panels of 4.5 kW: a triangle from 6 to 20 h local time, with clouds. */
static int32_t sun_w(struct sim_meter *m)
{
	struct sim_local local = sim_local(m->utc_ms / 1000);
	int32_t minute = local.tm.tm_hour * 60 + local.tm.tm_min;
	int32_t from_noon = minute > 780 ? minute - 780 : 780 - minute;

	if (!m->producer || from_noon >= 420)
		return 0;
	return (420 - from_noon) * 4500 / 420 * (int32_t)(70 + sim_random(&m->random, 31)) / 100;
}

static int32_t clamp(int32_t value, int32_t low, int32_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* The house's next state: small changes, and now and then something switched on or off. */
static void draw_power(struct sim_meter *m)
{
	int32_t sun = sun_w(m) / (int32_t)m->phases;
	int32_t most = m->phases == 1 ? 7200 : 3400;

	for (unsigned int i = 0; i < m->phases; i++) {
		if (!sim_random(&m->random, 12))
			m->load_w[i] = 100 + sim_random(&m->random, most);
		m->load_w[i] =
			clamp(m->load_w[i] + (int32_t)sim_random(&m->random, 81) - 40, 60, most);
		if (m->overload == (int)i)
			m->load_w[i] = 7600 + (int32_t)sim_random(&m->random, 1500);
		m->load_var[i] =
			clamp(m->load_var[i] + (int32_t)sim_random(&m->random, 41) - 20, -250, 600);
		m->active_w[i] = m->load_w[i] - sun;
		m->voltage_dv[i] =
			clamp((int32_t)m->voltage_dv[i] - 5 + (int32_t)sim_random(&m->random, 11),
			      2200, 2440);
	}
}

/* Q1 and Q4 while energy is drawn, Q2 and Q3 while it is injected (IEC 62053-23). */
static void count_energy(struct sim_meter *m, uint64_t ms)
{
	int32_t active = sim_active_w(m);
	int32_t reactive = sim_reactive_var(m);
	unsigned int quadrant = active >= 0 ? (reactive >= 0 ? 0 : 3) : (reactive >= 0 ? 1 : 2);
	bool summer = sim_local(m->utc_ms / 1000).summer;

	if (active >= 0) {
		m->import_wms[m->tariff] += active * ms;
		m->grid_wms[2 * summer + m->tariff % 2] += active * ms;
	} else {
		m->export_wms[m->tariff] += -active * ms;
	}
	m->quadrant_varms[quadrant] += (reactive < 0 ? -reactive : reactive) * ms;
}

static void mean_add(struct sim_mean *mean, uint32_t value, uint64_t ms)
{
	mean->sum += value * ms;
	mean->ms += ms;
}

/* Closes the period that ended before now; returns true when there was one. */
static bool mean_close(struct sim_mean *mean, int64_t utc_s)
{
	int64_t end = utc_s - utc_s % mean->period_s;

	if (end <= mean->last.utc)
		return false;
	mean->before = mean->last;
	mean->last.utc = end;
	mean->last.value = mean->ms ? mean->sum / mean->ms : 0;
	mean->sum = 0;
	mean->ms = 0;
	return true;
}

static void supply_count(struct sim_supply *supply, uint64_t ml, int64_t utc_s)
{
	int64_t due = utc_s - utc_s % supply->period_s;

	supply->ml += ml;
	if (due <= supply->read_utc)
		return;
	supply->read_utc = due;
	supply->read_dm3 = supply->ml / 1000;
}

static bool same_day(int64_t utc_a, int64_t utc_b)
{
	struct sim_local a = sim_local(utc_a), b = sim_local(utc_b);

	return a.tm.tm_yday == b.tm.tm_yday && a.tm.tm_year == b.tm.tm_year;
}

static void larger(struct sim_stamped *s, uint32_t value, int64_t utc_s)
{
	if (value <= s->value)
		return;
	s->value = value;
	s->utc = utc_s;
}

/* Maxima of the day; a new day begins with its first value. */
static void keep_maxima(struct sim_meter *m, int64_t before_s, int64_t utc_s)
{
	int32_t active = sim_active_w(m);
	uint32_t va = sim_apparent_va(active, sim_reactive_var(m));

	if (!same_day(before_s, utc_s)) {
		memcpy(m->smax_before, m->smax, sizeof(m->smax));
		m->smaxi_before = m->smaxi;
		for (unsigned int i = 0; i <= m->phases; i++)
			m->smax[i] = (struct sim_stamped){ .utc = utc_s };
		m->smaxi = (struct sim_stamped){ .utc = utc_s };
	}
	larger(active >= 0 ? &m->smax[0] : &m->smaxi, va, utc_s);
	for (unsigned int i = 0; i < m->phases; i++)
		if (m->active_w[i] >= 0)
			larger(&m->smax[1 + i], sim_apparent_va(m->active_w[i], m->load_var[i]),
			       utc_s);
}

static void keep_means(struct sim_meter *m, uint64_t ms, int64_t utc_s)
{
	int32_t active = sim_active_w(m);
	uint32_t import_w = active > 0 ? active : 0;

	mean_add(&m->curve, import_w, ms);
	mean_add(&m->curve_export, active < 0 ? -active : 0, ms);
	mean_add(&m->quarter, import_w, ms);
	mean_close(&m->curve, utc_s);
	mean_close(&m->curve_export, utc_s);
	for (unsigned int i = 0; i < m->phases; i++) {
		mean_add(&m->voltage[i], m->voltage_dv[i], ms);
		mean_close(&m->voltage[i], utc_s);
	}
	if (mean_close(&m->quarter, utc_s))
		larger(&m->peak, m->quarter.last.value, m->quarter.last.utc);
}

static void month_ended(struct sim_meter *m, int64_t end)
{
	memmove(m->peaks, m->peaks + 1, (SIM_MONTHS - 1) * sizeof(*m->peaks));
	memmove(m->month_ends, m->month_ends + 1, (SIM_MONTHS - 1) * sizeof(*m->month_ends));
	m->peaks[SIM_MONTHS - 1] = m->peak;
	m->month_ends[SIM_MONTHS - 1] = end;
	m->peak = (struct sim_stamped){ .utc = end };
}

/* Midnight, local time, at the beginning of the month that was @back months before. */
static int64_t month_begin(int64_t utc_s, int back)
{
	struct sim_local local = sim_local(utc_s);
	struct tm tm = { .tm_year = local.tm.tm_year,
			 .tm_mon = local.tm.tm_mon - back,
			 .tm_mday = 1 };
	int64_t begin = timegm(&tm) - 3600;

	return sim_local(begin).summer ? begin - 3600 : begin;
}

/**
 * sim_meter_advance - lets time pass
 * @m: the meter
 * @ms: milliseconds, during which it draws the same power
 */
void sim_meter_advance(struct sim_meter *m, int64_t ms)
{
	int64_t before_s = m->utc_ms / 1000;
	int64_t utc_s;

	count_energy(m, ms);
	m->utc_ms += ms;
	utc_s = m->utc_ms / 1000;
	keep_means(m, ms, utc_s);
	supply_count(&m->gas, ms * (1 + sim_random(&m->random, 3)) / 10, utc_s);
	supply_count(&m->water, sim_random(&m->random, 8) ? 0 : ms / 20, utc_s);
	if (month_begin(before_s, 0) != month_begin(utc_s, 0))
		month_ended(m, month_begin(utc_s, 0));
	m->tariff = tariff_now(m);
	draw_power(m);
	keep_maxima(m, before_s, utc_s);
	m->telegrams++;
}

static void start_mean(struct sim_meter *m, struct sim_mean *mean, uint32_t period_s, uint32_t low,
		       uint32_t span)
{
	int64_t utc_s = m->utc_ms / 1000;

	mean->period_s = period_s;
	mean->last.utc = utc_s - utc_s % period_s;
	mean->last.value = low + sim_random(&m->random, span);
	mean->before.utc = mean->last.utc - period_s;
	mean->before.value = low + sim_random(&m->random, span);
}

/* What happened before the simulation began. */
static void start_history(struct sim_meter *m)
{
	int64_t utc_s = m->utc_ms / 1000;

	start_mean(m, &m->curve, 1800, 80, 1200);
	start_mean(m, &m->curve_export, 1800, 0, 900);
	start_mean(m, &m->quarter, 900, 80, 1200);
	for (unsigned int i = 0; i < m->phases; i++)
		start_mean(m, &m->voltage[i], 600, 2280, 60);
	for (unsigned int i = 0; i <= m->phases; i++) {
		m->smax[i].utc = utc_s;
		m->smax_before[i].utc = utc_s - 86400 - sim_random(&m->random, 3000);
		m->smax_before[i].value = 900 + sim_random(&m->random, 2400);
	}
	m->smaxi.utc = utc_s;
	m->smaxi_before = m->smax_before[0];
	m->peak = m->quarter.last;
	for (int i = 0; i < SIM_MONTHS; i++) {
		m->month_ends[i] = month_begin(utc_s, SIM_MONTHS - 1 - i);
		m->peaks[i].utc =
			m->month_ends[i] - 900 * (int64_t)(1 + sim_random(&m->random, 2600));
		m->peaks[i].value = 2500 + sim_random(&m->random, 4000);
	}
}

static void start_supply(struct sim_meter *m, struct sim_supply *supply, uint32_t period_s)
{
	int64_t utc_s = m->utc_ms / 1000;

	supply->period_s = period_s;
	supply->ml = 100000000 + 1000ull * sim_random(&m->random, 20000000);
	supply->read_dm3 = supply->ml / 1000;
	supply->read_utc = utc_s - utc_s % supply->period_s;
}

/**
 * sim_meter_start - a meter that has been counting for some years
 * @m: filled in
 * @kind: what meter
 * @seed: of everything that is drawn by lot
 * @utc_ms: its clock, milliseconds UTC
 */
void sim_meter_start(struct sim_meter *m, const struct sim_kind *kind, uint64_t seed,
		     int64_t utc_ms)
{
	static const unsigned int tariffs[] = { 1, 2, 2, 6 };

	memset(m, 0, sizeof(*m));
	m->random = seed;
	m->utc_ms = utc_ms;
	m->phases = kind->phases;
	m->producer = kind->producer;
	m->calendar = kind->calendar;
	m->overload = -1;
	for (unsigned int i = 0; i < tariffs[kind->calendar]; i++) {
		m->import_wms[i] = (1000000 + sim_random(&m->random, 30000000)) * WMS_PER_WH;
		if (kind->producer)
			m->export_wms[i] = (1000000 + sim_random(&m->random, 9000000)) * WMS_PER_WH;
	}
	for (unsigned int i = 0; i < 4; i++) {
		m->grid_wms[i] = (1000000 + sim_random(&m->random, 15000000)) * WMS_PER_WH;
		m->quadrant_varms[i] = (100000 + sim_random(&m->random, 5000000)) * WMS_PER_WH;
	}
	for (unsigned int i = 0; i < kind->phases; i++) {
		m->load_w[i] = 200 + sim_random(&m->random, 1500);
		m->load_var[i] = sim_random(&m->random, 200);
		m->voltage_dv[i] = 2280 + sim_random(&m->random, 60);
	}
	m->tariff = tariff_now(m);
	draw_power(m);
	start_history(m);
	start_supply(m, &m->gas, kind->supply_period_s);
	start_supply(m, &m->water, kind->supply_period_s);
	keep_maxima(m, utc_ms / 1000, utc_ms / 1000);
}
