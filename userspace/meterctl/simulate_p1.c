// SPDX-License-Identifier: MIT
/*
 * P1 telegrams: objects in the order, the formats and the units of each country's document (DSMR
 * P1 companion standards 2.2 to 5.0.2, e-MUCS-P1, Luxmetering 1.1.3, Swedish H1, ESO, E.ON).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "simulate.h"

/*
 * CRC-16/ARC bit by bit (DSMR 5.0.2 6.2): apart from the decoder's own, so that one is a check of
 * the other.
 */
static uint16_t crc16(const uint8_t *bytes, size_t len)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i] & 0x7f;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return crc;
}

/* What stands between parentheses are the values; a line end may stand between two of them. */
static void expect_object(struct sim_telegram *t, const char *code, const char *groups)
{
	const char *close;

	sim_field_begin(t, code);
	while ((groups = strchr(groups, '('))) {
		close = strchr(++groups, ')');
		sim_field_value(t, groups, close - groups);
		groups = close;
	}
	sim_field_end(t);
}

__attribute__((format(printf, 3, 4))) static void object(struct sim_telegram *t, const char *code,
							 const char *format, ...)
{
	char groups[2400];
	va_list args;

	va_start(args, format);
	vsnprintf(groups, sizeof(groups), format, args);
	va_end(args);
	sim_bytes(t, code, strlen(code));
	sim_bytes(t, groups, strlen(groups));
	sim_bytes(t, "\r\n", 2);
	expect_object(t, code, groups);
}

static void begin(struct sim_telegram *t, const char *ident)
{
	sim_telegram_reset(t, SIM_P1);
	sim_bytes(t, "/", 1);
	sim_bytes(t, ident, strlen(ident));
	sim_bytes(t, "\r\n\r\n", 4);
}

/* A flipped bit, or the rest of the telegram never comes; the CRC or the parity shows it. */
static void damage(struct sim_telegram *t, size_t body, unsigned int bits)
{
	if (!sim_hit(t, body))
		return;
	t->lost = true;
	if (!sim_random(&t->random, 8)) {
		t->len = 8 + sim_random(&t->random, body - 8);
		return;
	}
	while (!sim_flip(t, sim_random(&t->random, body), bits, "!/"))
		;
}

static void end(const struct sim_kind *kind, struct sim_telegram *t)
{
	size_t body = t->len;
	char crc[8] = "";

	sim_bytes(t, "!", 1);
	if (kind->crc)
		snprintf(crc, sizeof(crc), "%04X", crc16(t->bytes, t->len));
	sim_bytes(t, crc, strlen(crc));
	sim_bytes(t, "\r\n", 2);
	/* The CRC is that of seven bits. */
	damage(t, body, kind->crc ? 7 : 8);
}

/* A fixed point number with leading zeros: @value counts units of its last place. */
static void fixed(char text[32], int digits, int places, int64_t value)
{
	uint64_t size = value < 0 ? -value : value;
	uint64_t unit = 1;

	for (int i = 0; i < places; i++)
		unit *= 10;
	if (places)
		snprintf(text, 32, "%s%0*" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "", digits,
			 size / unit, places, size % unit);
	else
		snprintf(text, 32, "%s%0*" PRIu64, value < 0 ? "-" : "", digits, size);
}

/* How a number is printed: digits before and behind the point, and the unit. */
struct format {
	int digits;
	int places;
	const char *unit;
	int32_t milli; /* thousandths of the base unit in one unit of the last place */
};

static const struct format kwh = { 6, 3, "kWh", 1000 };
static const struct format kvarh = { 6, 3, "kvarh", 1000 };
static const struct format kw = { 2, 3, "kW", 1000 };
static const struct format kvar = { 2, 3, "kvar", 1000 };
static const struct format kva = { 2, 3, "kVA", 1000 };
static const struct format volt = { 3, 1, "V", 100 };
static const struct format ampere = { 3, 0, "A", 1000 };
static const struct format m3 = { 5, 3, "m3", 1 };

/* @value in units of the last place; @quantity NULL: stands for none. */
static void value(struct sim_telegram *t, const char *code, const struct format *f, int64_t value,
		  const char *quantity)
{
	char text[32];

	fixed(text, f->digits, f->places, value);
	object(t, code, "(%s*%s)", text, f->unit);
	if (quantity)
		sim_quantity(t, quantity, value * f->milli);
}

/* One object for each phase: codes 1-0:N.7.0, 1-0:(N+20).7.0, 1-0:(N+40).7.0. */
static void phase_value(struct sim_telegram *t, unsigned int code, unsigned int phase,
			const struct format *f, int64_t value, const char *quantity)
{
	char text[32], full[24];

	fixed(text, f->digits, f->places, value);
	snprintf(full, sizeof(full), "1-0:%u.7.0", code + 20 * phase);
	object(t, full, "(%s*%s)", text, f->unit);
	if (quantity)
		sim_quantity_phase(t, quantity, phase, value * f->milli);
}

static int64_t positive(int64_t value)
{
	return value > 0 ? value : 0;
}

static void print_stamp(char text[16], const struct tm *tm, char letter)
{
	snprintf(text, 16, "%02d%02d%02d%02d%02d%02d%c", tm->tm_year % 100, tm->tm_mon + 1,
		 tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec, letter);
}

static void stamp(char text[16], int64_t utc_s)
{
	struct sim_local local = sim_local(utc_s);

	print_stamp(text, &local.tm, local.summer ? 'S' : 'W');
}

static void clock_object(const struct sim_meter *m, struct sim_telegram *t)
{
	char text[16];

	stamp(text, m->utc_ms / 1000);
	object(t, "0-0:1.0.0", "(%s)", text);
	sim_time_is(t, m->utc_ms / 1000);
}

static void hex(char *text, const char *from)
{
	for (text[0] = '\0'; *from; from++, text += 2)
		snprintf(text, 3, "%02X", (unsigned char)*from);
}

static void id(struct sim_telegram *t, const char *code, const char *number)
{
	char text[2 * SIM_NUMBER_MAX + 1];

	hex(text, number);
	object(t, code, "(%s)", text);
}

static void meter_id(struct sim_telegram *t, const char *code, const char *number)
{
	id(t, code, number);
	sim_meter_is(t, number);
}

/* Registers 1.8.1.. or 2.8.1..; returns their sum as printed. */
static uint64_t tariff_registers(struct sim_telegram *t, char direction, const uint64_t *wms,
				 unsigned int count, const struct format *f)
{
	const char *name = direction == '1' ? "energy_import" : "energy_export";
	char code[24], quantity[32];
	uint64_t sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		snprintf(code, sizeof(code), "1-0:%c.8.%u", direction, i + 1);
		snprintf(quantity, sizeof(quantity), "%s_t%u", name, i + 1);
		value(t, code, f, sim_wh(wms[i]), quantity);
		sum += sim_wh(wms[i]);
	}
	return sum;
}

/* The Netherlands and Belgium: no totals, they are the sums. */
static void two_tariffs(const struct sim_meter *m, struct sim_telegram *t, const struct format *f)
{
	uint64_t drawn = tariff_registers(t, '1', m->import_wms, 2, f);
	uint64_t injected = tariff_registers(t, '2', m->export_wms, 2, f);

	sim_quantity(t, "energy_import", drawn * 1000);
	sim_quantity(t, "energy_export", injected * 1000);
}

static void totals(const struct sim_meter *m, struct sim_telegram *t, const struct format *wh,
		   const struct format *varh)
{
	const uint64_t *q = m->quadrant_varms;

	value(t, "1-0:1.8.0", wh, sim_total_wh(m->import_wms, SIM_TARIFFS), "energy_import");
	value(t, "1-0:2.8.0", wh, sim_total_wh(m->export_wms, SIM_TARIFFS), "energy_export");
	value(t, "1-0:3.8.0", varh, sim_total_wh(q, 2), "energy_reactive_import");
	value(t, "1-0:4.8.0", varh, sim_total_wh(q + 2, 2), "energy_reactive_export");
}

static void indicator(const struct sim_meter *m, struct sim_telegram *t)
{
	object(t, "0-0:96.14.0", "(%04u)", m->tariff + 1);
	sim_quantity(t, "tariff", (m->tariff + 1) * 1000);
}

/* @unit_w: W in one unit of the last place */
static void power(const struct sim_meter *m, struct sim_telegram *t, const struct format *f,
		  int32_t unit_w)
{
	int64_t active = sim_active_w(m) / unit_w;

	value(t, "1-0:1.7.0", f, positive(active), "power_import");
	value(t, "1-0:2.7.0", f, positive(-active), "power_export");
	sim_quantity(t, "power_net", active * f->milli);
}

static void reactive_power(const struct sim_meter *m, struct sim_telegram *t,
			   const struct format *f)
{
	int64_t reactive = sim_reactive_var(m);

	value(t, "1-0:3.7.0", f, positive(reactive), "power_reactive_import");
	value(t, "1-0:4.7.0", f, positive(-reactive), "power_reactive_export");
}

static void phase_active(const struct sim_meter *m, struct sim_telegram *t, unsigned int phase,
			 const struct format *f)
{
	phase_value(t, 21, phase, f, positive(m->active_w[phase]), "power_import");
	phase_value(t, 22, phase, f, positive(-m->active_w[phase]), "power_export");
}

static void phase_reactive(const struct sim_meter *m, struct sim_telegram *t, unsigned int phase,
			   const struct format *f)
{
	phase_value(t, 23, phase, f, positive(m->load_var[phase]), "power_reactive_import");
	phase_value(t, 24, phase, f, positive(-m->load_var[phase]), "power_reactive_export");
}

/* All phases of one direction, then all of the other. */
static void active_by_direction(const struct sim_meter *m, struct sim_telegram *t)
{
	for (unsigned int i = 0; i < m->phases; i++)
		phase_value(t, 21, i, &kw, positive(m->active_w[i]), "power_import");
	for (unsigned int i = 0; i < m->phases; i++)
		phase_value(t, 22, i, &kw, positive(-m->active_w[i]), "power_export");
}

static void reactive_by_direction(const struct sim_meter *m, struct sim_telegram *t)
{
	for (unsigned int i = 0; i < m->phases; i++)
		phase_value(t, 23, i, &kvar, positive(m->load_var[i]), "power_reactive_import");
	for (unsigned int i = 0; i < m->phases; i++)
		phase_value(t, 24, i, &kvar, positive(-m->load_var[i]), "power_reactive_export");
}

static void voltages(const struct sim_meter *m, struct sim_telegram *t)
{
	for (unsigned int i = 0; i < m->phases; i++)
		phase_value(t, 32, i, &volt, m->voltage_dv[i], "voltage");
}

/* @unit_ma: mA in one unit of the last place */
static void currents(const struct sim_meter *m, struct sim_telegram *t, const struct format *f,
		     uint32_t unit_ma)
{
	for (unsigned int i = 0; i < m->phases; i++)
		phase_value(t, 31, i, f, sim_current_ma(m, i) / unit_ma, "current");
}

/* Objects of each phase without a quantity: 1-0:32.x.0, 52.x.0, 72.x.0. */
static void phase_counts(struct sim_telegram *t, unsigned int phases, unsigned int what)
{
	char code[24];

	for (unsigned int i = 0; i < phases; i++) {
		snprintf(code, sizeof(code), "1-0:%u.%u.0", 32 + 20 * i, what);
		object(t, code, "(%05u)", i);
	}
}

static void failures(const struct sim_meter *m, struct sim_telegram *t)
{
	char newest[16], before[16];

	stamp(newest, m->month_ends[SIM_MONTHS - 2] + 40000);
	stamp(before, m->month_ends[SIM_MONTHS - 6] + 50000);
	object(t, "0-0:96.7.21", "(00007)");
	object(t, "0-0:96.7.9", "(00002)");
	object(t, "1-0:99.97.0", "(2)(0-0:96.7.19)(%s)(0000000240*s)(%s)(0000000301*s)", newest,
	       before);
	phase_counts(t, m->phases, 32);
	phase_counts(t, m->phases, 36);
}

/* A device on M-Bus channel @channel. */
static void channel(struct sim_telegram *t, unsigned int channel, unsigned int type,
		    const char *id_code, const char *number)
{
	char code[24];

	snprintf(code, sizeof(code), "0-%u:24.1.0", channel);
	object(t, code, "(%03u)", type);
	snprintf(code, sizeof(code), "0-%u:%s", channel, id_code);
	id(t, code, number);
}

static void channel_value(struct sim_telegram *t, unsigned int channel, const char *what,
			  const struct sim_supply *supply, const char *quantity)
{
	char code[24], text[32], when[16];

	snprintf(code, sizeof(code), "0-%u:%s", channel, what);
	stamp(when, supply->read_utc);
	fixed(text, m3.digits, m3.places, supply->read_dm3);
	object(t, code, "(%s)(%s*m3)", when, text);
	sim_quantity(t, quantity, supply->read_dm3 * m3.milli);
}

/* DSMR 2.2 and 3.0: the value stands on a line of its own, its stamp has no letter. */
static void hourly_gas(const struct sim_meter *m, struct sim_telegram *t)
{
	struct sim_local local = sim_local(m->gas.read_utc);
	char text[32], when[16];

	print_stamp(when, &local.tm, '\0');
	fixed(text, m3.digits, m3.places, m->gas.read_dm3);
	object(t, "0-1:24.3.0", "(%s)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(%s)", when, text);
	sim_quantity(t, "gas", m->gas.read_dm3);
	object(t, "0-1:24.4.0", "(1)");
}

#define GAS_ID "G0099002400000042"

/* DSMR 2.2 and 3.0: power in steps of 10 W. */
static void dsmr_old(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		     struct sim_telegram *t, const char *ident, int power_digits, const char *limit)
{
	const struct format energy = { 5, 3, "kWh", 1000 };
	const struct format ten_w = { power_digits, 2, "kW", 10000 };

	begin(t, ident);
	meter_id(t, "0-0:96.1.1", number);
	two_tariffs(m, t, &energy);
	indicator(m, t);
	power(m, t, &ten_w, 10);
	object(t, "0-0:17.0.0", "(%s)", limit);
	object(t, "0-0:96.3.10", "(1)");
	object(t, "0-0:96.13.1", "()");
	object(t, "0-0:96.13.0", "()");
	channel(t, 1, 3, "96.1.0", GAS_ID);
	hourly_gas(m, t);
	end(kind, t);
}

static void dsmr22(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		   struct sim_telegram *t)
{
	dsmr_old(kind, m, number, t, "ISk5\\2MT382-1004", 4, "0999.00*kW");
}

static void dsmr3(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		  struct sim_telegram *t)
{
	dsmr_old(kind, m, number, t, "ISk5\\2MT382-1000", 3, "016*A");
}

static void dsmr4(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		  struct sim_telegram *t)
{
	begin(t, "KFM5KAIFA-METER");
	object(t, "1-3:0.2.8", "(42)");
	clock_object(m, t);
	meter_id(t, "0-0:96.1.1", number);
	two_tariffs(m, t, &kwh);
	indicator(m, t);
	power(m, t, &kw, 1);
	failures(m, t);
	object(t, "0-0:96.13.1", "()");
	object(t, "0-0:96.13.0", "()");
	currents(m, t, &ampere, 1000);
	for (unsigned int i = 0; i < m->phases; i++)
		phase_active(m, t, i, &kw);
	channel(t, 1, 3, "96.1.0", GAS_ID);
	channel_value(t, 1, "24.2.1", &m->gas, "gas");
	end(kind, t);
}

/* The gas meter was replaced: channel 2 is left over from the old one. */
static void dsmr5(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		  struct sim_telegram *t)
{
	begin(t, "ISK5\\2M550T-1012");
	object(t, "1-3:0.2.8", "(50)");
	clock_object(m, t);
	meter_id(t, "0-0:96.1.1", number);
	two_tariffs(m, t, &kwh);
	indicator(m, t);
	power(m, t, &kw, 1);
	failures(m, t);
	object(t, "0-0:96.13.0", "()");
	voltages(m, t);
	currents(m, t, &ampere, 1000);
	active_by_direction(m, t);
	channel(t, 1, 3, "96.1.0", GAS_ID);
	channel_value(t, 1, "24.2.1", &m->gas, "gas");
	channel(t, 2, 3, "96.1.0", "");
	object(t, "0-2:24.2.1", "(700101010000W)(00000000)");
	end(kind, t);
}

/* e-MUCS-P1: mean of the running quarter, peak of the month and of thirteen months before. */
static void demand(const struct sim_meter *m, struct sim_telegram *t)
{
	char groups[SIM_MONTHS * 48 + 48], text[32], when[16], month[16];
	size_t len = snprintf(groups, sizeof(groups), "(%u)(1-0:1.6.0)(1-0:1.6.0)", SIM_MONTHS);

	value(t, "1-0:1.4.0", &kw, m->quarter.sum / 900000, "demand_import");
	stamp(when, m->peak.utc);
	fixed(text, kw.digits, kw.places, m->peak.value);
	object(t, "1-0:1.6.0", "(%s)(%s*kW)", when, text);
	sim_quantity(t, "demand_import_peak", (int64_t)m->peak.value * 1000);
	for (int i = 0; i < SIM_MONTHS; i++) {
		stamp(month, m->month_ends[i]);
		stamp(when, m->peaks[i].utc);
		fixed(text, kw.digits, kw.places, m->peaks[i].value);
		len += snprintf(groups + len, sizeof(groups) - len, "(%s)(%s)(%s*kW)", month, when,
				text);
	}
	object(t, "0-0:98.1.0", "%s", groups);
}

static void belgium(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		    struct sim_telegram *t)
{
	const struct format hundredths = { 3, 2, "A", 10 };

	begin(t, "FLU5\\253990042_A");
	object(t, "0-0:96.1.4", "(50217)");
	meter_id(t, "0-0:96.1.1", number);
	clock_object(m, t);
	two_tariffs(m, t, &kwh);
	demand(m, t);
	indicator(m, t);
	power(m, t, &kw, 1);
	active_by_direction(m, t);
	voltages(m, t);
	currents(m, t, &hundredths, 10);
	object(t, "0-0:96.3.10", "(1)");
	object(t, "0-0:17.0.0", "(999.9*kW)");
	object(t, "1-0:31.4.0", "(999*A)");
	object(t, "0-0:96.13.0", "()");
	channel(t, 1, 3, "96.1.1", "7FLO9900000042");
	object(t, "0-1:24.4.0", "(1)");
	channel_value(t, 1, "24.2.3", &m->gas, "gas");
	channel(t, 2, 7, "96.1.1", "8SAG9900000042");
	channel_value(t, 2, "24.2.1", &m->water, "water");
	end(kind, t);
}

/* Swedish H1: normal time all year, and units in capitals. */
static void sweden(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		   struct sim_telegram *t)
{
	const struct format wh = { 8, 3, "kWh", 1000 }, varh = { 8, 3, "kVArh", 1000 };
	const struct format w = { 4, 3, "kW", 1000 }, var = { 4, 3, "kVAr", 1000 };
	const struct format tenths = { 3, 1, "A", 100 };
	time_t normal = m->utc_ms / 1000 + 3600;
	char text[16];
	struct tm tm;

	(void)number;
	begin(t, "ADN9 6534");
	sim_meter_is(t, "ADN9 6534");
	gmtime_r(&normal, &tm);
	print_stamp(text, &tm, 'W');
	object(t, "0-0:1.0.0", "(%s)", text);
	sim_time_is(t, m->utc_ms / 1000);
	totals(m, t, &wh, &varh);
	power(m, t, &w, 1);
	reactive_power(m, t, &var);
	for (unsigned int i = 0; i < m->phases; i++)
		phase_active(m, t, i, &w);
	for (unsigned int i = 0; i < m->phases; i++)
		phase_reactive(m, t, i, &var);
	voltages(m, t);
	currents(m, t, &tenths, 100);
	end(kind, t);
}

/* A new gas meter on channel 4, the dead one on channel 1, two channels without a device. */
static void luxembourg_channels(const struct sim_meter *m, struct sim_telegram *t)
{
	char when[16];

	stamp(when, m->month_ends[0]);
	channel(t, 1, 3, "96.1.0", "FLO99000000000042");
	object(t, "0-1:24.2.1", "(%s)(00001.287*m3)", when);
	object(t, "0-1:24.4.0", "(0)");
	channel(t, 2, 7, "96.1.0", "");
	object(t, "0-2:24.2.1", "(632525252525S)(00000.000)");
	object(t, "0-2:24.4.0", "(1)");
	channel(t, 3, 7, "96.1.0", "ELS99000000000043");
	channel_value(t, 3, "24.2.1", &m->water, "water");
	channel(t, 4, 3, "96.1.0", "ELS99000000000042");
	channel_value(t, 4, "24.2.1", &m->gas, "gas");
	object(t, "0-4:24.4.0", "(1)");
}

static void luxembourg(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		       struct sim_telegram *t)
{
	int32_t active = sim_active_w(m);
	int64_t va = sim_apparent_va(active, sim_reactive_var(m));

	begin(t, "Lux5\\253990042_A");
	object(t, "1-3:0.2.8", "(42)");
	clock_object(m, t);
	meter_id(t, "0-0:42.0.0", number);
	totals(m, t, &kwh, &kvarh);
	power(m, t, &kw, 1);
	reactive_power(m, t, &kvar);
	object(t, "0-0:17.0.0", "(069.0*kVA)");
	value(t, "1-0:9.7.0", &kva, active >= 0 ? va : 0, "power_apparent_import");
	value(t, "1-0:10.7.0", &kva, active < 0 ? va : 0, "power_apparent_export");
	object(t, "1-1:31.4.0", "(100*A)(-063*A)");
	object(t, "0-0:96.3.10", "(1)");
	object(t, "0-1:96.3.10", "(0)");
	object(t, "0-2:96.3.10", "(0)");
	object(t, "0-0:96.7.21", "(00099)");
	phase_counts(t, m->phases, 32);
	phase_counts(t, m->phases, 36);
	object(t, "0-0:96.13.0", "()");
	voltages(m, t);
	currents(m, t, &ampere, 1000);
	active_by_direction(m, t);
	reactive_by_direction(m, t);
	luxembourg_channels(m, t);
	end(kind, t);
}

/* Power factor, negative while energy is injected, in thousandths. */
static int64_t power_factor(int32_t active, int32_t reactive)
{
	uint32_t va = sim_apparent_va(active, reactive);

	return va ? (int64_t)active * 1000 / va : 1000;
}

static void factors(const struct sim_meter *m, struct sim_telegram *t)
{
	int64_t factor = power_factor(sim_active_w(m), sim_reactive_var(m));
	char text[32], code[24];

	fixed(text, 1, 3, factor);
	object(t, "1-0:13.7.0", "(%s)", text);
	sim_quantity(t, "power_factor", factor);
	for (unsigned int i = 0; i < m->phases; i++) {
		fixed(text, 1, 3, power_factor(m->active_w[i], m->load_var[i]));
		snprintf(code, sizeof(code), "1-0:%u.7.0", 33 + 20 * i);
		object(t, code, "(%s)", text);
	}
}

static void frequency(const struct sim_meter *m, struct sim_telegram *t, int places)
{
	const struct format hz = { 2, places, "Hz", places == 1 ? 100 : 10 };
	int64_t unit = places == 1 ? 10 : 100;

	value(t, "1-0:14.7.0", &hz, 50 * unit - 1 + (int64_t)(m->telegrams % 3), "frequency");
}

static void lithuania(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		      struct sim_telegram *t)
{
	const uint64_t *q = m->quadrant_varms;

	begin(t, "ESO5\\S0042");
	clock_object(m, t);
	value(t, "1-0:1.8.0", &kwh, sim_total_wh(m->import_wms, SIM_TARIFFS), "energy_import");
	tariff_registers(t, '1', m->import_wms, 4, &kwh);
	value(t, "1-0:2.8.0", &kwh, sim_total_wh(m->export_wms, SIM_TARIFFS), "energy_export");
	value(t, "1-0:3.8.0", &kvarh, sim_total_wh(q, 2), "energy_reactive_import");
	value(t, "1-0:4.8.0", &kvarh, sim_total_wh(q + 2, 2), "energy_reactive_export");
	power(m, t, &kw, 1);
	reactive_power(m, t, &kvar);
	active_by_direction(m, t);
	reactive_by_direction(m, t);
	for (unsigned int i = 0; i < m->phases; i++) {
		phase_value(t, 32, i, &volt, m->voltage_dv[i], "voltage");
		phase_value(t, 31, i, &ampere, sim_current_ma(m, i) / 1000, "current");
	}
	frequency(m, t, 1);
	factors(m, t);
	object(t, "0-0:96.7.21", "(00039)");
	object(t, "0-0:96.13.0", "(73657450315F657874656E6465645F337068)");
	phase_counts(t, m->phases, 32);
	phase_counts(t, m->phases, 36);
	meter_id(t, "0-0:96.1.1", number);
	end(kind, t);
}

/* E.ON: the registers at the end of the last month, in an object that means peaks in Belgium. */
static void month_profile(const struct sim_meter *m, struct sim_telegram *t)
{
	char groups[512], text[32], when[16];
	size_t len;

	stamp(when, m->month_ends[SIM_MONTHS - 1]);
	len = snprintf(groups, sizeof(groups), "(%s)", when);
	for (unsigned int i = 0; i < 13; i++) {
		fixed(text, kwh.digits, kwh.places, 40000 + 1000 * i);
		len += snprintf(groups + len, sizeof(groups) - len, "(%s*%s)", text,
				i < 6 || i == 12 ? "kWh" : "kvarh");
	}
	for (unsigned int i = 0; i < 6; i++) {
		fixed(text, kw.digits, kw.places, 3000 + 100 * i);
		len += snprintf(groups + len, sizeof(groups) - len, "(%s*kW)", text);
	}
	object(t, "0-0:98.1.0", "%s", groups);
}

static void quadrants(const struct sim_meter *m, struct sim_telegram *t)
{
	char code[24], quantity[32];

	for (unsigned int i = 0; i < 4; i++) {
		snprintf(code, sizeof(code), "1-0:%u.8.0", 5 + i);
		snprintf(quantity, sizeof(quantity), "energy_reactive_q%u", i + 1);
		value(t, code, &kvarh, sim_wh(m->quadrant_varms[i]), quantity);
	}
}

static void hungary(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		    struct sim_telegram *t)
{
	const uint64_t *q = m->quadrant_varms;
	uint64_t drawn = sim_total_wh(m->import_wms, SIM_TARIFFS);
	uint64_t injected = sim_total_wh(m->export_wms, SIM_TARIFFS);

	begin(t, "SAG5SAG-METER");
	clock_object(m, t);
	id(t, "0-0:42.0.0", "SAG9900000000042");
	meter_id(t, "0-0:96.1.0", number);
	indicator(m, t);
	object(t, "0-0:96.3.10", "(1)");
	object(t, "0-0:17.0.0", "(90.000*kW)");
	value(t, "1-0:1.8.0", &kwh, drawn, "energy_import");
	tariff_registers(t, '1', m->import_wms, 4, &kwh);
	value(t, "1-0:2.8.0", &kwh, injected, "energy_export");
	tariff_registers(t, '2', m->export_wms, 4, &kwh);
	value(t, "1-0:3.8.0", &kvarh, sim_total_wh(q, 2), "energy_reactive_import");
	value(t, "1-0:4.8.0", &kvarh, sim_total_wh(q + 2, 2), "energy_reactive_export");
	quadrants(m, t);
	value(t, "1-0:15.8.0", &kwh, drawn + injected, NULL);
	voltages(m, t);
	currents(m, t, &ampere, 1000);
	factors(m, t);
	frequency(m, t, 2);
	power(m, t, &kw, 1);
	object(t, "1-0:31.4.0", "(200.00*A)");
	object(t, "1-0:51.4.0", "(200.00*A)");
	object(t, "1-0:71.4.0", "(200.00*A)");
	month_profile(m, t);
	object(t, "0-0:96.13.0", "()");
	end(kind, t);
}

/* Sagemcom T210-D-r: whole numbers of Wh, W, varh and var, and no number of the meter. */
static void austria(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		    struct sim_telegram *t)
{
	const struct format wh = { 9, 0, "Wh", 1000 }, w = { 9, 0, "W", 1000 };
	const struct format varh = { 9, 0, "varh", 1000 }, var = { 9, 0, "var", 1000 };
	const uint64_t *q = m->quadrant_varms;
	int64_t active = sim_active_w(m), reactive = sim_reactive_var(m);

	(void)number;
	begin(t, "EST5\\253990042_A");
	sim_meter_is(t, "EST5\\253990042_A");
	object(t, "1-3:0.2.8", "(50)");
	clock_object(m, t);
	value(t, "1-0:1.8.0", &wh, sim_total_wh(m->import_wms, SIM_TARIFFS), "energy_import");
	tariff_registers(t, '1', m->import_wms, 2, &wh);
	value(t, "1-0:1.7.0", &w, positive(active), "power_import");
	value(t, "1-0:2.8.0", &wh, sim_total_wh(m->export_wms, SIM_TARIFFS), "energy_export");
	tariff_registers(t, '2', m->export_wms, 2, &wh);
	value(t, "1-0:2.7.0", &w, positive(-active), "power_export");
	sim_quantity(t, "power_net", active * 1000);
	value(t, "1-0:3.8.0", &varh, sim_total_wh(q, 2), "energy_reactive_import");
	value(t, "1-0:3.7.0", &var, positive(reactive), "power_reactive_import");
	value(t, "1-0:4.8.0", &varh, sim_total_wh(q + 2, 2), "energy_reactive_export");
	value(t, "1-0:4.7.0", &var, positive(-reactive), "power_reactive_export");
	end(kind, t);
}

/* Elgama GAMA 150, which repeats its limit and has objects of its own (94.98). */
static void poland(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		   struct sim_telegram *t)
{
	begin(t, "EGM5G15");
	clock_object(m, t);
	value(t, "1-0:1.8.0", &kwh, sim_total_wh(m->import_wms, SIM_TARIFFS), "energy_import");
	tariff_registers(t, '1', m->import_wms, 4, &kwh);
	value(t, "1-0:2.8.0", &kwh, sim_total_wh(m->export_wms, SIM_TARIFFS), "energy_export");
	tariff_registers(t, '2', m->export_wms, 4, &kwh);
	power(m, t, &kw, 1);
	object(t, "0-0:96.13.0", "()");
	meter_id(t, "0-0:96.1.0", number);
	for (unsigned int i = 0; i < m->phases; i++)
		object(t, "0-0:17.0.0", "(16500)");
	object(t, "0-0:94.98.31", "(00000)");
	object(t, "0-0:94.98.32", "(00000)");
	object(t, "0-0:94.98.33", "(3)");
	end(kind, t);
}

#define DUTCH_ID "E0099002400000042"

const struct sim_kind sim_p1_kinds[] = {
	{
		.name = "dsmr22",
		.help = "Netherlands, DSMR 2.2; 9600 baud with parity",
		.number = DUTCH_ID,
		.baud = 9600,
		.period_ms = 10000,
		.phases = 1,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 3600,
		.parity = true,
		.write = dsmr22,
	},
	{
		.name = "dsmr3",
		.help = "Netherlands, DSMR 3.0; 9600 baud",
		.number = DUTCH_ID,
		.baud = 9600,
		.period_ms = 10000,
		.phases = 1,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 3600,
		.write = dsmr3,
	},
	{
		.name = "dsmr4",
		.help = "Netherlands, DSMR 4.2, three-phase, every 10 s",
		.number = DUTCH_ID,
		.baud = 115200,
		.period_ms = 10000,
		.phases = 3,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 3600,
		.crc = true,
		.write = dsmr4,
	},
	{
		.name = "dsmr5",
		.help = "Netherlands, DSMR 5.0 with solar panels, every second",
		.number = DUTCH_ID,
		.baud = 115200,
		.period_ms = 1000,
		.phases = 3,
		.producer = true,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 300,
		.crc = true,
		.write = dsmr5,
	},
	{
		.name = "belgium",
		.help = "Belgium, e-MUCS-P1 1.7 with gas and water",
		.number = "1SAG9900000042",
		.baud = 115200,
		.period_ms = 1000,
		.phases = 3,
		.producer = true,
		.calendar = CALENDAR_DAY_NIGHT,
		.supply_period_s = 300,
		.crc = true,
		.write = belgium,
	},
	{
		.name = "sweden",
		.help = "Sweden, H1 port, every 10 s",
		.baud = 115200,
		.period_ms = 10000,
		.phases = 3,
		.producer = true,
		.supply_period_s = 3600,
		.crc = true,
		.write = sweden,
	},
	{
		.name = "luxembourg",
		.help = "Luxembourg, Smarty, a replaced gas meter",
		.number = "SAG9900000000042",
		.baud = 115200,
		.period_ms = 10000,
		.phases = 3,
		.producer = true,
		.supply_period_s = 300,
		.crc = true,
		.write = luxembourg,
	},
	{
		.name = "lithuania",
		.help = "Lithuania, ESO extended set",
		.number = "99000000000000000000000000000042",
		.baud = 115200,
		.period_ms = 10000,
		.phases = 3,
		.producer = true,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 3600,
		.crc = true,
		.write = lithuania,
	},
	{
		.name = "hungary",
		.help = "Hungary, E.ON",
		.number = "990000000000042",
		.baud = 115200,
		.period_ms = 10000,
		.phases = 3,
		.producer = true,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 3600,
		.crc = true,
		.write = hungary,
	},
	{
		.name = "austria",
		.help = "Austria, Sagemcom T210-D-r: whole Wh and W",
		.baud = 115200,
		.period_ms = 10000,
		.phases = 3,
		.producer = true,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 3600,
		.crc = true,
		.write = austria,
	},
	{
		.name = "poland",
		.help = "Poland, Elgama GAMA 150 as Stoen has it",
		.number = "14990042",
		.baud = 115200,
		.period_ms = 10000,
		.phases = 3,
		.producer = true,
		.calendar = CALENDAR_LOW_NORMAL,
		.supply_period_s = 3600,
		.crc = true,
		.headed = true,
		.write = poland,
	},
};

const size_t sim_p1_kind_count = sizeof(sim_p1_kinds) / sizeof(sim_p1_kinds[0]);
