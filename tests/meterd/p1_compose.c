// SPDX-License-Identifier: MIT
/*
 * Telegrams of P1 that meterd makes: their shape, their numbers, what is not in them, and that our
 * own decoder reads them back.
 */
#include <stdlib.h>

#include "../../userspace/meterd/p1_compose.h"
#include "house.h"

#define A "041876097767"
#define ADSC "ADSC\t" A
#define ADCO "ADCO " A
#define HEX_HOUSE "686F757365"
#define HEX_A "303431383736303937373637"

static struct house h;
static struct line *line;
static char said[16384];
static size_t said_len;

static void open_house(const char *number)
{
	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	house_meter(&h, number, "house");
	house_configure(&h);
}

static bool done(bool kept)
{
	house_close(&h);
	return kept;
}

/* What is served of the meter now, in @said. */
static bool compose(bool identity, bool apparent_as_power)
{
	const struct p1_options o = { identity, apparent_as_power };
	const struct meter *m = meters_find(h.meters, "house");
	char *text = m ? p1_compose(m, house_ms(&h), &o, &said_len) : NULL;

	said[0] = '\0';
	if (!text || said_len >= sizeof(said)) {
		free(text);
		return broken("nothing was made");
	}
	memcpy(said, text, said_len);
	said[said_len] = '\0';
	free(text);
	return true;
}

static bool says(const char *line_of_it)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "\r\n%s\r\n", line_of_it);
	return strstr(said, whole) || broken("no \"%s\" in:\n%s", line_of_it, said);
}

static bool never_says(const char *text)
{
	return !strstr(said, text) || broken("\"%s\" is in:\n%s", text, said);
}

/* All of it but the CRC, whose place has "CRC_". */
static bool says_all(const char *expected)
{
	char *crc = strrchr(said, '!');

	if (crc && strlen(crc) == 7)
		memcpy(crc + 1, "CRC_", 4);
	return !strcmp(said, expected) || broken("expected:\n%s\nbut got:\n%s", expected, said);
}

struct seen {
	unsigned int count;
	struct reading r;
	unsigned int nfields;
	bool has_time;
	s64 time_s;
	char number[METERLINE_NUMBER_MAX + 1];
};

static void see(void *context, const struct telegram *t)
{
	struct seen *s = context;

	s->count++;
	s->nfields = t->nfields;
	telegram_quantities(t, &s->r);
	s->has_time = telegram_time(t, &s->time_s);
	telegram_number(t, s->number, sizeof(s->number));
}

/* What our own decoder makes of what was said. */
static bool read_back(struct seen *s)
{
	struct line_decoder *d = calloc(1, sizeof(*d));

	memset(s, 0, sizeof(*s));
	if (!d)
		return false;
	line_decoder_init(d, LINE_P1, see, s);
	line_decoder_feed(d, (const u8 *)said, said_len, 0);
	free(d);
	return s->count == 1 || broken("%u telegrams in:\n%s", s->count, said);
}

static bool is_read(const struct seen *s, enum quantity q, s64 milli)
{
	s64 got = reading_has(&s->r, q) ? s->r.milli[q] : -1;

	return got == milli || broken("%s is read as %lld, not %lld", quantity_info[q].name,
				      (long long)got, (long long)milli);
}

#define DUTCH \
	"1-3:0.2.8(50)\r\n0-0:1.0.0(241010120000S)\r\n0-0:96.1.1(4530303034)\r\n" \
	"1-0:1.8.1(000671.578*kWh)\r\n1-0:1.8.2(000842.472*kWh)\r\n" \
	"0-0:96.14.0(0001)\r\n1-0:1.7.0(00.333*kW)\r\n1-0:2.7.0(00.000*kW)\r\n" \
	"1-0:99.97.0(1)(0-0:96.7.19)(241009120000S)(0000000240*s)\r\n" \
	"0-0:96.13.0(48414C4C4F)\r\n1-0:31.7.0(001*A)\r\n" \
	"0-1:24.1.0(003)\r\n0-1:96.1.0(4730303035)\r\n0-1:24.2.1(241010113000S)(00246.138*m3)\r\n" \
	"0-2:24.1.0(003)\r\n0-2:96.1.0()\r\n0-2:24.2.1(700101010000W)(00000000)\r\n"

static bool with_identity_every_byte_of_p1_comes_out_as_it_went_in(const char **skip)
{
	static const char text[] = "/XYZ5TEST\r\n\r\n" DUTCH "!";
	u8 bytes[2048];
	size_t len = p1_with_crc(bytes, sizeof(bytes), text);
	bool kept;

	(void)skip;
	open_house("E0004");
	p1(&h, line, "%s", DUTCH);
	kept = compose(true, false) &&
	       ((said_len == len && !memcmp(said, bytes, len)) || broken("it is:\n%s", said));
	return done(kept);
}

static bool without_identity_numbers_become_names_and_nothing_else_changes(const char **skip)
{
	(void)skip;
	open_house("E0004");
	p1(&h, line, "%s", DUTCH);
	return done(compose(false, false) && says_all(
		"/XYZ5\\2meterline\r\n\r\n"
		"1-3:0.2.8(50)\r\n0-0:1.0.0(241010120000S)\r\n0-0:96.1.1(" HEX_HOUSE ")\r\n"
		"1-0:1.8.1(000671.578*kWh)\r\n1-0:1.8.2(000842.472*kWh)\r\n"
		"0-0:96.14.0(0001)\r\n1-0:1.7.0(00.333*kW)\r\n1-0:2.7.0(00.000*kW)\r\n"
		"1-0:99.97.0(1)(0-0:96.7.19)(241009120000S)(0000000240*s)\r\n"
		"0-0:96.13.0()\r\n1-0:31.7.0(001*A)\r\n"
		"0-1:24.1.0(003)\r\n0-1:96.1.0(" HEX_HOUSE "2D31)\r\n"
		"0-1:24.2.1(241010113000S)(00246.138*m3)\r\n"
		"0-2:24.1.0(003)\r\n0-2:96.1.0()\r\n0-2:24.2.1(700101010000W)(00000000)\r\n"
		"!CRC_\r\n"));
}

static bool numbers_in_every_place_are_masked_and_versions_are_not(const char **skip)
{
	(void)skip;
	open_house("SAG1");
	p1(&h, line, "0-0:1.0.0(241010120000S)\r\n0-0:96.1.4(50217)\r\n0-0:42.0.0(53414731)\r\n"
	   "0-0:96.1.0(53414731)\r\n1-0:96.1.0(53414731)\r\n0-1:96.1.1(53414732)(53414731)\r\n"
	   "0-3:96.1.9(53414731)\r\n9-9:42.0.0(53414731)\r\n0-0:96.1.255(53414731)\r\n"
	   "0-0:96.13.9(53414731)\r\n1-0:1.8.0(000001.000*kWh)\r\n");
	return done(compose(false, false) && never_says("5341473") &&
		    says("0-0:96.1.4(50217)") && says("0-0:42.0.0(" HEX_HOUSE ")") &&
		    says("1-0:96.1.0(" HEX_HOUSE ")") && says("0-3:96.1.9(" HEX_HOUSE "2D33)") &&
		    says("0-0:96.13.9()") && says("0-1:96.1.1(" HEX_HOUSE "2D31)") &&
		    says("1-0:1.8.0(000001.000*kWh)"));
}

static bool a_long_version_is_a_number(const char **skip)
{
	(void)skip;
	open_house("SAG1");
	p1(&h, line, "0-0:1.0.0(241010120000S)\r\n0-0:96.1.1(53414731)\r\n"
	   "0-0:96.1.4(534147)\r\n0-0:96.1.4(50217)(534147)\r\n1-0:1.8.0(000001.000*kWh)\r\n");
	return done(compose(false, false) && never_says("534147"));
}

static bool the_value_of_an_hour_stands_on_a_line_of_its_own(const char **skip)
{
	struct seen s;

	(void)skip;
	open_house("E0004");
	p1(&h, line, "0-0:96.1.1(4530303034)\r\n1-0:1.8.1(00671.578*kWh)\r\n0-1:24.1.0(3)\r\n"
	   "0-1:96.1.0(4730303035)\r\n"
	   "0-1:24.3.0(241010110000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00246.138)\r\n");
	return done(compose(false, false) &&
		    says("0-1:24.3.0(241010110000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00246.138)") &&
		    read_back(&s) && is_read(&s, Q_gas, 246138));
}

static bool a_tic_frame_becomes_a_telegram_of_dsmr_5(const char **skip)
{
	(void)skip;
	open_house(A);
	tic(&h, line, ADSC, "DATE\tE241010120000\t", "EAST\t001234567", "EASF01\t001000000",
	    "EASF02\t000234567", "IRMS1\t002", "URMS1\t231", "PREF\t09", "SINSTS\t00500",
	    "NTARF\t02");
	return done(compose(false, false) && says_all(
		"/MTL5\\2meterline\r\n\r\n"
		"1-3:0.2.8(50)\r\n0-0:1.0.0(241010120000S)\r\n0-0:96.1.1(" HEX_HOUSE ")\r\n"
		"1-0:1.8.0(001234.567*kWh)\r\n1-0:1.8.1(001000.000*kWh)\r\n"
		"1-0:1.8.2(000234.567*kWh)\r\n0-0:96.14.0(0002)\r\n0-0:96.13.0()\r\n"
		"1-0:32.7.0(231.0*V)\r\n1-0:31.7.0(002*A)\r\n1-0:9.7.0(00.500*kVA)\r\n!CRC_\r\n"));
}

static bool the_number_is_told_with_identity_alone(const char **skip)
{
	(void)skip;
	open_house(A);
	standard(&h, line, A, 1000);
	return done(compose(false, false) && never_says(HEX_A) && never_says(A) &&
		    compose(true, false) && says("0-0:96.1.1(" HEX_A ")"));
}

static bool what_is_not_known_is_not_there(const char **skip)
{
	(void)skip;
	open_house(A);
	standard(&h, line, A, 1000);
	if (!compose(false, false) || !never_says("1.7.0") || !never_says("2.7.0") ||
	    !never_says("2.8.") || !never_says("1.8.2") || !never_says("96.14.0") ||
	    !never_says("24.") || !never_says("1.7.0(00.000"))
		return done(false);
	/* Live values go, registers stay. */
	h.now_s += 3600;
	return done(compose(false, false) && never_says(":9.7.0") && never_says("7.0(") &&
		    says("1-0:1.8.0(000001.000*kWh)"));
}

static bool va_stand_for_w_only_when_asked_for(const char **skip)
{
	(void)skip;
	open_house(A);
	tic(&h, line, ADSC, "DATE\tE241010120000\t", "EAST\t001234567", "SINSTS\t00500",
	    "SINSTS1\t00200", "SINSTS2\t00000", "SINSTS3\t00300", "SINSTI\t00007");
	return done(compose(false, false) && never_says(":1.7.0") && never_says(":2.7.0") &&
		    compose(false, true) && says("1-0:1.7.0(00.500*kW)") &&
		    says("1-0:2.7.0(00.007*kW)") && says("1-0:21.7.0(00.200*kW)") &&
		    says("1-0:41.7.0(00.000*kW)") && says("1-0:61.7.0(00.300*kW)") &&
		    says("1-0:9.7.0(00.500*kVA)"));
}

/* A meter with P1 whose values the configuration scales is told by its state. */
static void scaled(const char *code, s64 milli)
{
	static struct meter_scale scales[1];
	struct meter_config *c;

	house_open(&h);
	line = house_source(&h, "house", SOURCE_TCP);
	c = house_meter(&h, "E0004", "house");
	snprintf(scales[0].code, sizeof(scales[0].code), "%s", code);
	scales[0].milli = milli;
	c->scales = scales;
	c->scale_count = 1;
	house_configure(&h);
}

static bool w_of_the_meter_are_never_replaced_by_va(const char **skip)
{
	(void)skip;
	scaled("1-0:99.9.9", 2000);
	p1(&h, line, "0-0:96.1.1(4530303034)\r\n1-0:1.7.0(00.333*kW)\r\n1-0:9.7.0(00.444*kVA)\r\n");
	return done(compose(false, true) && says("1-0:1.7.0(00.333*kW)") &&
		    never_says("1.7.0(00.444"));
}

static bool scaled_values_are_told_as_they_count(const char **skip)
{
	(void)skip;
	scaled("1-0:1.8.1", 40000);
	p1(&h, line, "0-0:1.0.0(241010120000S)\r\n0-0:96.1.1(4530303034)\r\n"
	   "1-0:1.8.1(099999.999*kWh)\r\n1-0:1.8.2(000001.000*kWh)\r\n");
	return done(compose(false, false) && says("1-0:1.8.1(3999999.960*kWh)") &&
		    says("1-0:1.8.2(000001.000*kWh)") && says("1-0:1.8.0(4000000.960*kWh)"));
}

static bool numbers_are_rounded_half_away_from_zero(const char **skip)
{
	static const struct {
		const char *printed, *expected;
	} rows[] = {
		{ "00.500", "1-0:1.7.0(00.001*kW)" }, { "00.499", "1-0:1.7.0(00.000*kW)" },
		{ "01.499", "1-0:1.7.0(00.001*kW)" }, { "01.500", "1-0:1.7.0(00.002*kW)" },
		{ "-00.500", "1-0:1.7.0(-00.001*kW)" }, { "-00.499", "1-0:1.7.0(00.000*kW)" },
		{ "99999.500", "1-0:1.7.0(100.000*kW)" },
		{ "12345678.499", "1-0:1.7.0(12345.678*kW)" },
	};
	bool kept = true;

	(void)skip;
	scaled("1-0:1.7.0", 1);
	for (unsigned int i = 0; kept && i < sizeof(rows) / sizeof(rows[0]); i++) {
		h.now_s++;
		p1(&h, line, "0-0:96.1.1(4530303034)\r\n1-0:1.7.0(%s*kW)\r\n", rows[i].printed);
		kept = compose(false, false) && says(rows[i].expected);
	}
	return done(kept);
}

static bool decimals_are_there_where_they_are_needed(const char **skip)
{
	(void)skip;
	scaled("1-0:99.9.9", 2000);
	p1(&h, line, "0-0:96.1.1(4530303034)\r\n1-0:31.7.0(000.48*A)\r\n1-0:51.7.0(12*A)\r\n"
	   "1-0:71.7.0(1234.5*A)\r\n1-0:32.7.0(230.15*V)\r\n1-0:52.7.0(230*V)\r\n"
	   "1-0:14.7.0(50.0*Hz)\r\n1-0:13.7.0(-0.98)\r\n");
	return done(compose(false, false) && says("1-0:31.7.0(000.48*A)") &&
		    says("1-0:51.7.0(012*A)") && says("1-0:71.7.0(1234.5*A)") &&
		    says("1-0:32.7.0(230.15*V)") && says("1-0:52.7.0(230.0*V)") &&
		    says("1-0:14.7.0(50.00*Hz)") && says("1-0:13.7.0(-0.980)"));
}

static bool devices_behind_the_meter_have_a_channel_each(const char **skip)
{
	struct seen s;

	(void)skip;
	scaled("1-0:99.9.9", 2000);
	p1(&h, line, "0-0:1.0.0(241010120000S)\r\n0-0:96.1.1(4530303034)\r\n"
	   "0-2:24.1.0(007)\r\n0-2:96.1.0(57)\r\n0-2:24.2.1(241010113000S)(00001.002*m3)\r\n"
	   "0-4:24.1.0(003)\r\n0-4:96.1.0(47)\r\n0-4:24.2.3(241010110000S)(123456.789*m3)\r\n"
	   "0-3:24.1.0(004)\r\n0-3:96.1.0(48)\r\n0-3:24.2.1(241010110000S)(12.345*GJ)\r\n");
	return done(compose(true, false) &&
		    says("0-1:24.1.0(003)\r\n0-1:96.1.0(" HEX_HOUSE "2D31)\r\n"
			 "0-1:24.2.1(241010110000S)(123456.789*m3)\r\n"
			 "0-2:24.1.0(007)\r\n0-2:96.1.0(" HEX_HOUSE "2D32)\r\n"
			 "0-2:24.2.1(241010113000S)(00001.002*m3)\r\n"
			 "0-3:24.1.0(004)\r\n0-3:96.1.0(" HEX_HOUSE "2D33)\r\n"
			 "0-3:24.2.1(241010110000S)(00012.345*GJ)") &&
		    read_back(&s) && is_read(&s, Q_gas, 123456789) && is_read(&s, Q_water, 1002) &&
		    is_read(&s, Q_heat, 12345));
}

static void tempo(s64 white_peak)
{
	char white[32];

	snprintf(white, sizeof(white), "BBRHPJW %09lld", (long long)white_peak);
	tic(&h, line, ADCO, "OPTARIF BBR(", "ISOUSC 45", "BBRHCJB 001000001", "BBRHPJB 002000002",
	    "BBRHCJW 000030003", white, "BBRHCJR 000000500", "BBRHPJR 000000060", "PTEC HPJW",
	    "PAPP 00500");
}

static bool tempo_is_folded_into_two_tariffs_and_nothing_is_lost(const char **skip)
{
	struct seen s;

	(void)skip;
	open_house(A);
	tempo(40004);
	return done(compose(false, false) && says("1-0:1.8.1(001030.504*kWh)") &&
		    says("1-0:1.8.2(002040.066*kWh)") && says("1-0:1.8.0(003070.570*kWh)") &&
		    says("0-0:96.14.0(0002)") && never_says("1.8.3") && read_back(&s) &&
		    is_read(&s, Q_energy_import, 3070570000) && is_read(&s, Q_tariff, 2000));
}

static bool a_register_in_doubt_stays_at_what_was_accepted(const char **skip)
{
	(void)skip;
	open_house(A);
	tempo(40004);
	h.now_s += 2;
	tempo(90040004);
	return done(compose(false, false) && says("1-0:1.8.2(002040.066*kWh)") &&
		    says("1-0:1.8.1(001030.504*kWh)"));
}

static bool a_meter_without_tariffs_has_its_total_in_the_first(const char **skip)
{
	(void)skip;
	open_house(A);
	tic(&h, line, ADSC, "DATE\tE241010120000\t", "EAST\t001234567", "EAIT\t000000089",
	    "SINSTS\t00500");
	return done(compose(false, false) &&
		    says("1-0:1.8.0(001234.567*kWh)\r\n1-0:1.8.1(001234.567*kWh)") &&
		    says("1-0:2.8.0(000000.089*kWh)\r\n1-0:2.8.1(000000.089*kWh)") &&
		    never_says("8.2("));
}

/* 2024-10-27T01:00:00Z ends summer time, 2025-03-30T01:00:00Z begins it. */
static bool stamps_change_their_letter_when_europe_changes_its_clocks(const char **skip)
{
	static const struct {
		const char *date, *expected;
	} rows[] = {
		{ "DATE\tE241027025959\t", "0-0:1.0.0(241027025959S)" },
		{ "DATE\tH241027020000\t", "0-0:1.0.0(241027020000W)" },
		{ "DATE\tH250330015959\t", "0-0:1.0.0(250330015959W)" },
		{ "DATE\tE250330030000\t", "0-0:1.0.0(250330030000S)" },
		/* A meter that does not follow: the same instant in the other time. */
		{ "DATE\tH250701120000\t", "0-0:1.0.0(250701130000S)" },
	};
	bool kept = true;

	(void)skip;
	open_house(A);
	h.meter_configs[0].time = TIME_METER;
	for (unsigned int i = 0; kept && i < sizeof(rows) / sizeof(rows[0]); i++) {
		tic(&h, line, ADSC, rows[i].date, "EAST\t001234567", "SINSTS\t00500");
		kept = compose(false, false) && says(rows[i].expected);
	}
	return done(kept);
}

static bool nothing_is_made_before_the_meter_was_heard(const char **skip)
{
	const struct p1_options o = { 0 };
	const struct meter *m;
	size_t len;
	char *text;

	(void)skip;
	open_house(A);
	m = meters_find(h.meters, "house");
	text = m ? p1_compose(m, house_ms(&h), &o, &len) : NULL;
	free(text);
	return done(m && !text);
}

static bool all_numbers_of_a_frame_are_read_back(const char **skip)
{
	static const enum quantity all[] = {
		Q_energy_import, Q_energy_import_t1, Q_energy_import_t2, Q_energy_export,
		Q_energy_reactive_q1, Q_energy_reactive_q4, Q_power_apparent_import,
		Q_power_apparent_import_l1, Q_power_apparent_import_l3, Q_power_apparent_export,
		Q_voltage_l1, Q_voltage_l2, Q_voltage_l3, Q_current_l1, Q_current_l2, Q_current_l3,
		Q_tariff,
	};
	struct reading now;
	struct seen s;
	bool kept;

	(void)skip;
	open_house(A);
	tic(&h, line, ADSC, "DATE\tE241010120000\t", "EAST\t999999999", "EASF01\t999999998",
	    "EASF02\t000000001", "EAIT\t123456789", "ERQ1\t000000012", "ERQ4\t000000345",
	    "SINSTS\t99999", "SINSTS1\t00001", "SINSTS2\t00002", "SINSTS3\t00003", "SINSTI\t00004",
	    "URMS1\t231", "URMS2\t232", "URMS3\t233", "IRMS1\t001", "IRMS2\t090", "IRMS3\t999",
	    "NTARF\t01");
	meter_quantities(meters_find(h.meters, "house"), house_ms(&h), &now);
	kept = compose(true, false) && read_back(&s);
	for (unsigned int i = 0; kept && i < sizeof(all) / sizeof(all[0]); i++)
		kept = (reading_has(&now, all[i]) || broken("the frame has no %s",
							    quantity_info[all[i]].name)) &&
		       is_read(&s, all[i], now.milli[all[i]]);
	kept = kept && s.has_time && s.time_s == 1728554400 && !strcmp(s.number, A);
	return done(kept);
}

/* Bytes that a damaged or evil meter may print between parentheses. */
static void hostile_objects(u64 *state, char *text, size_t size)
{
	static const char bytes[] = "()/!*.:-0123456789kWhABC\t \x01\x7f\xff%{\"'\\";
	static const char *const codes[] = {
		"0-0:96.1.1", "0-1:24.3.0", "0-0:96.13.0", "1-0:1.8.1", "0-9:96.1.0",
		"255-255:255.255.255", "0-0:96.1.4", "1-0:99.97.0",
	};
	size_t len = 0;

	for (unsigned int i = lot(state, 40) + 1; i && len + 200 < size; i--) {
		len += snprintf(text + len, size - len, "%s(", codes[lot(state, 8)]);
		for (unsigned int n = lot(state, 40); n; n--)
			text[len++] = bytes[lot(state, sizeof(bytes) - 1)];
		len += snprintf(text + len, size - len, ")\r\n");
	}
	text[len] = '\0';
}

static bool whatever_a_meter_prints_is_made_without_harm_and_masked(const char **skip)
{
	u64 state = 5;
	char text[4000];
	unsigned int made = 0;
	bool kept = true;

	(void)skip;
	open_house("E0004");
	for (unsigned int i = 0; kept && i < 3000; i++) {
		unsigned int heard = h.heard;

		h.now_s++;
		hostile_objects(&state, text, sizeof(text));
		p1(&h, line, "0-0:96.1.1(4530303034)\r\n%s", text);
		if (h.heard == heard || h.last != meters_find(h.meters, "house"))
			continue;
		made++;
		kept = compose(false, false) && !memcmp(said, "/XYZ5\\2meterline\r\n\r\n", 20) &&
		       never_says("4530303034") && compose(true, false);
	}
	printf("# %u telegrams were made\n", made);
	return done(kept && made > 500);
}

static const struct promise promises[] = {
	PROMISE(with_identity_every_byte_of_p1_comes_out_as_it_went_in),
	PROMISE(without_identity_numbers_become_names_and_nothing_else_changes),
	PROMISE(numbers_in_every_place_are_masked_and_versions_are_not),
	PROMISE(a_long_version_is_a_number),
	PROMISE(the_value_of_an_hour_stands_on_a_line_of_its_own),
	PROMISE(a_tic_frame_becomes_a_telegram_of_dsmr_5),
	PROMISE(the_number_is_told_with_identity_alone),
	PROMISE(what_is_not_known_is_not_there),
	PROMISE(va_stand_for_w_only_when_asked_for),
	PROMISE(w_of_the_meter_are_never_replaced_by_va),
	PROMISE(scaled_values_are_told_as_they_count),
	PROMISE(numbers_are_rounded_half_away_from_zero),
	PROMISE(decimals_are_there_where_they_are_needed),
	PROMISE(devices_behind_the_meter_have_a_channel_each),
	PROMISE(tempo_is_folded_into_two_tariffs_and_nothing_is_lost),
	PROMISE(a_register_in_doubt_stays_at_what_was_accepted),
	PROMISE(a_meter_without_tariffs_has_its_total_in_the_first),
	PROMISE(stamps_change_their_letter_when_europe_changes_its_clocks),
	PROMISE(nothing_is_made_before_the_meter_was_heard),
	PROMISE(all_numbers_of_a_frame_are_read_back),
	PROMISE(whatever_a_meter_prints_is_made_without_harm_and_masked),
};

int main(void)
{
	return keep_promises(promises, sizeof(promises) / sizeof(promises[0]));
}
