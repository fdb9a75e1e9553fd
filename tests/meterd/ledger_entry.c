// SPDX-License-Identifier: MIT
/*
 * Registers, qualities and entries of the ledger, as everybody reads and writes them.
 */
#include <inttypes.h>

#include "../../userspace/lib/ledger_entry.h"
#include "../host/host.h"

static bool registers_have_places(const char **skip)
{
	enum quantity q;

	(void)skip;
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		if (register_index(register_at(i)) != (int)i)
			return broken("register %u is at %d", i, register_index(register_at(i)));
		if (i && register_at(i) <= register_at(i - 1))
			return broken("register %u is out of order", i);
		if (!register_by_name(quantity_info[register_at(i)].name, &q) ||
		    q != register_at(i))
			return broken("no register %s", quantity_info[register_at(i)].name);
	}
	return register_index(Q_power_import) == -1 && register_index(Q_tariff) == -1 &&
	       register_index(Q_NONE) == -1 && !register_by_name("power_import", &q) &&
	       !register_by_name("", &q);
}

static bool sets_are_what_is_valid(const char **skip)
{
	(void)skip;
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		struct reading r = { 0 };
		int index = register_index(q);

		reading_set(&r, q, 1);
		if (registers_of(&r) != (index < 0 ? 0 : 1ull << index))
			return broken("%s gives 0x%" PRIx64, quantity_info[q].name,
				      registers_of(&r));
	}
	return true;
}

static bool tariffs_have_totals(const char **skip)
{
	unsigned int tariffs = 0;

	(void)skip;
	for (unsigned int i = 0; i < REGISTER_COUNT; i++) {
		enum quantity q = register_at(i), total = register_total(q);
		const char *tariff = strstr(quantity_info[q].name, "_t");
		unsigned int number = tariff ? atoi(tariff + 2) : 0;

		if (register_tariff(q) != number || (total == Q_NONE) != !number)
			return broken("%s is tariff %u", quantity_info[q].name, register_tariff(q));
		if (number && (register_tariff(total) ||
			       strncmp(quantity_info[q].name, quantity_info[total].name,
				       strlen(quantity_info[total].name))))
			return broken("%s is part of %s", quantity_info[q].name,
				      quantity_info[total].name);
		tariffs += number > 0;
	}
	return tariffs == 2 * TARIFF_COUNT && register_total(Q_power_import) == Q_NONE;
}

static bool units_are_those_of_the_contract(const char **skip)
{
	static const struct {
		enum quantity q;
		const char *unit;
	} units[] = {
		{ Q_energy_import, "Wh" }, { Q_energy_export_t16, "Wh" },
		{ Q_energy_reactive_import, "varh" }, { Q_energy_reactive_q4, "varh" },
		{ Q_gas, "m3" }, { Q_water, "m3" }, { Q_heat, "GJ" }, { Q_heat_kwh, "kWh" },
	};

	(void)skip;
	for (unsigned int i = 0; i < COUNT(units); i++) {
		if (strcmp(register_unit(units[i].q), units[i].unit))
			return broken("%s is in %s", quantity_info[units[i].q].name,
				      register_unit(units[i].q));
	}
	return true;
}

static bool qualities_come_back(const char **skip)
{
	static const char *const bad[] = { "", "good,partial", "partial,", ",partial", "Partial",
					   "partial, jump", "parti" };
	char text[QUALITY_TEXT_MAX];
	unsigned int parsed;

	(void)skip;
	for (unsigned int quality = 0; quality < 0x80; quality++) {
		quality_text(quality, text);
		if (!quality_parse(text, &parsed) || parsed != quality)
			return broken("0x%02x: %s", quality, text);
	}
	for (unsigned int i = 0; i < COUNT(bad); i++) {
		if (quality_parse(bad[i], &parsed))
			return broken("'%s' is taken", bad[i]);
	}
	quality_text(QUALITY_JUMP | QUALITY_ESTIMATED, text);
	return !strcmp(text, "estimated,jump") || broken("%s", text);
}

static bool json_is(const struct ledger_entry *e, const char *wanted)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool same;

	ledger_entry_json(out, e);
	fclose(out);
	same = !strcmp(text, wanted) || broken("%s", text);
	free(text);
	return same;
}

static bool entries_as_json(const char **skip)
{
	struct ledger_entry e = {
		.start_s = 1728597600,
		.end_s = 1728684000,
		.milli = 1234567890123,
		.period = PERIOD_DAY,
		.reg = Q_energy_import_t1,
		.quality = QUALITY_ESTIMATED | QUALITY_PARTIAL,
	};

	(void)skip;
	if (!json_is(&e, "{\"period\":\"day\",\"start\":\"2024-10-10T22:00:00Z\","
			 "\"end\":\"2024-10-11T22:00:00Z\",\"register\":\"energy_import_t1\","
			 "\"value\":1234567890.123,\"unit\":\"Wh\","
			 "\"quality\":\"estimated,partial\"}"))
		return false;
	e.reg = Q_gas;
	e.quality = QUALITY_MISSING;
	return json_is(&e, "{\"period\":\"day\",\"start\":\"2024-10-10T22:00:00Z\","
			   "\"end\":\"2024-10-11T22:00:00Z\",\"register\":\"gas\",\"unit\":\"m3\","
			   "\"quality\":\"missing\"}");
}

/* The total of parts with these qualities; each has 1000, or nothing when it is missing. */
static bool sum_is(const unsigned int *qualities, unsigned int count, s64 milli,
		   unsigned int quality)
{
	struct ledger_entry total = { 0 };

	for (unsigned int i = 0; i < count; i++) {
		const struct ledger_entry part = {
			.start_s = 900, .end_s = 1800, .reg = Q_energy_export_t1 + i,
			.milli = qualities[i] & QUALITY_MISSING ? 0 : 1000, .quality = qualities[i],
		};

		ledger_entry_add(&total, &part);
	}
	return (total.reg == Q_energy_export && total.start_s == 900 && total.end_s == 1800 &&
		total.milli == milli && total.quality == quality) ||
	       broken("%" PRId64 ", 0x%02x", total.milli, total.quality);
}

static bool totals_are_sums(const char **skip)
{
	static const unsigned int good[] = { 0, 0, 0 };
	static const unsigned int some[] = { QUALITY_ESTIMATED, 0, QUALITY_JUMP };
	static const unsigned int first[] = { QUALITY_MISSING, 0 };
	static const unsigned int last[] = { 0, QUALITY_MISSING };
	static const unsigned int middle[] = { 0, QUALITY_MISSING, 0 };
	static const unsigned int all[] = { QUALITY_MISSING, QUALITY_MISSING, QUALITY_MISSING };
	static const unsigned int two[] = { QUALITY_MISSING, QUALITY_MISSING, 0 };

	(void)skip;
	return sum_is(good, 3, 3000, 0) && sum_is(good, 1, 1000, 0) &&
	       sum_is(some, 3, 3000, QUALITY_ESTIMATED | QUALITY_JUMP) &&
	       sum_is(first, 2, 1000, QUALITY_PARTIAL) && sum_is(last, 2, 1000, QUALITY_PARTIAL) &&
	       sum_is(middle, 3, 2000, QUALITY_PARTIAL) && sum_is(all, 3, 0, QUALITY_MISSING) &&
	       sum_is(two, 3, 1000, QUALITY_PARTIAL);
}

static const struct promise promises[] = {
	{ "every_register_has_one_place_and_one_name", registers_have_places },
	{ "a_set_has_the_registers_that_are_valid", sets_are_what_is_valid },
	{ "every_tariff_has_its_total", tariffs_have_totals },
	{ "units_are_those_of_the_contract", units_are_those_of_the_contract },
	{ "every_quality_is_read_as_it_is_written", qualities_come_back },
	{ "an_entry_is_the_object_of_the_contract", entries_as_json },
	{ "a_total_is_the_sum_of_its_tariffs_and_waits_for_missing_ones", totals_are_sums },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
