// SPDX-License-Identifier: MIT
/*
 * What a simulated meter measures, by OBIS code (Blue Book section 7.5).
 */
#include <stdlib.h>

#include "simulate_dlms.h"

#define CURRENT	     11
#define VOLTAGE	     12
#define POWER_FACTOR 13

static int64_t positive(int64_t value)
{
	return value > 0 ? value : 0;
}

/* Of all phases, in whole Wh or varh; @c: 1 to 8. */
static uint64_t total(const struct sim_meter *m, unsigned int c)
{
	switch (c) {
	case 1:
		return sim_total_wh(m->import_wms, SIM_TARIFFS);
	case 2:
		return sim_total_wh(m->export_wms, SIM_TARIFFS);
	case 3:
	case 4:
		return sim_total_wh(m->quadrant_varms + 2 * (c - 3), 2);
	default:
		return sim_wh(m->quadrant_varms[c - 5]);
	}
}

/* Reactive energy is counted by quadrant: tariff 1 has five eighths of it, tariff 2 the rest. */
static uint64_t of_tariff(const struct sim_meter *m, unsigned int c, unsigned int tariff)
{
	const uint64_t first = total(m, c) * 5 / 8;

	if (c <= 2)
		return sim_wh(c == 1 ? m->import_wms[tariff - 1] : m->export_wms[tariff - 1]);
	return tariff == 1 ? first : total(m, c) - first;
}

/* Thirds that add up to the total. */
static uint64_t of_phase(const struct sim_meter *m, unsigned int c, unsigned int phase)
{
	return (total(m, c) + phase - 1) / SIM_PHASES;
}

static struct sim_measure energy(const struct sim_meter *m, unsigned int c, unsigned int phase,
				 unsigned int tariff)
{
	static const char *const names[] = {
		"energy_import",	  "energy_export",	"energy_reactive_import",
		"energy_reactive_export", "energy_reactive_q1", "energy_reactive_q2",
		"energy_reactive_q3",	  "energy_reactive_q4",
	};
	const bool named = !phase && (!tariff || c <= 2);
	uint64_t wh = tariff ? of_tariff(m, c, tariff) : total(m, c);

	if (phase)
		wh = of_phase(m, c, phase);
	return (struct sim_measure){ .milli = wh * 1000,
				     .unit = c <= 2 ? UNIT_WH : UNIT_VARH,
				     .name = named ? names[c - 1] : NULL,
				     .phase = phase,
				     .tariff = tariff };
}

static struct sim_measure power(const struct sim_meter *m, unsigned int c, unsigned int phase)
{
	static const char *const names[] = { "power_import", "power_export",
					     "power_reactive_import", "power_reactive_export" };
	const int64_t active = phase ? m->active_w[phase - 1] : sim_active_w(m);
	const int64_t reactive = phase ? m->load_var[phase - 1] : sim_reactive_var(m);
	const int64_t value = c <= 2 ? active : reactive;

	return (struct sim_measure){ .milli = positive(c % 2 ? value : -value) * 1000,
				     .unit = c <= 2 ? UNIT_W : UNIT_VAR,
				     .name = names[c - 1],
				     .phase = phase };
}

/* Without a sign, which types of these meters do not have. */
static struct sim_measure power_factor(const struct sim_meter *m, unsigned int phase)
{
	const int64_t active = phase ? m->active_w[phase - 1] : sim_active_w(m);
	const int64_t reactive = phase ? m->load_var[phase - 1] : sim_reactive_var(m);
	const int64_t va = sim_apparent_va(active, reactive);

	return (struct sim_measure){ .milli = va ? llabs(active) * 1000 / va : 1000,
				     .unit = UNIT_NONE,
				     .name = phase ? NULL : "power_factor",
				     .phase = phase };
}

/**
 * sim_measure - what a meter measures by a code
 * @m: the meter
 * @code: A to E
 *
 * C is that of all phases, and 20, 40 or 60 more for one of them. The program ends with abort() for
 * codes that no list has.
 */
struct sim_measure sim_measure(const struct sim_meter *m, const uint8_t code[5])
{
	const unsigned int phase = code[2] > 20 ? (code[2] - 1) / 20 : 0;
	const unsigned int c = code[2] - 20 * phase;

	if (code[3] == 8 && c <= 8)
		return energy(m, c, phase, code[4]);
	if (code[3] == 7 && c <= 4)
		return power(m, c, phase);
	if (code[3] == 7 && c == CURRENT && phase)
		return (struct sim_measure){ .milli = sim_current_ma(m, phase - 1),
					     .unit = UNIT_A,
					     .name = "current",
					     .phase = phase };
	if (code[3] == 7 && c == VOLTAGE && phase)
		return (struct sim_measure){ .milli = m->voltage_dv[phase - 1] * 100,
					     .unit = UNIT_V,
					     .name = "voltage",
					     .phase = phase };
	if (code[3] == 7 && c == POWER_FACTOR)
		return power_factor(m, phase);
	abort();
}

/** sim_measure_channel - what the meter on an M-Bus channel counted: 1 is gas, others are water */
struct sim_measure sim_measure_channel(const struct sim_meter *m, unsigned int channel)
{
	return (struct sim_measure){ .milli = channel == 1 ? m->gas.read_dm3 : m->water.read_dm3,
				     .unit = UNIT_M3 };
}
