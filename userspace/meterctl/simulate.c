// SPDX-License-Identifier: MIT
/*
 * meterctl simulate: be a meter.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/say.h"
#include "commands.h"
#include "numbers.h"
#include "simulate.h"
#include "simulate_dlms.h"

static const char help[] =
	"Usage: meterctl simulate KIND [OPTION]...\n"
	"       meterctl simulate --list\n"
	"Send the telegrams of a meter that counts, at the pace of its line, until\n"
	"interrupted.\n"
	"\n"
	"  --list             print the kinds of meters and exit\n"
	"  --count N          stop after N telegrams\n"
	"  --output FILE      write to FILE instead of standard output\n"
	"  --pty              make a pty, print its path, and begin when it is opened; at\n"
	"                     the end wait until it is closed. Telegrams are lost while\n"
	"                     nobody has it open\n"
	"  --link PATH        with --pty: a symbolic link to it, removed at the end\n"
	"  --speed BAUD|max   pace of the line, by default that of the kind; max does not\n"
	"                     wait at all\n"
	"  --interval S       seconds from one telegram to the next, also on the meter's\n"
	"                     clock: 0.001 to 86400, by default those of the kind; TIC is\n"
	"                     sent back to back. Lists of DLMS that come each minute or\n"
	"                     less often come by the clock, --start tells when\n"
	"  --start TIME       the meter's clock at the beginning, by default now, such as\n"
	"                     2024-03-31T00:59:30Z\n"
	"  --seed N           other registers and loads (default 1); the same seed and\n"
	"                     start give the same bytes\n"
	"  --number N         the meter's number (TIC: 12 digits; omnipower-denmark: up\n"
	"                     to 4294967295)\n"
	"  --parity[=none]    7E1: even parity in bit 7; dsmr22 has it by default\n"
	"  --damage PERMILLE  damage so many of a thousand characters\n"
	"  --key-file KEYS    P1, DLMS: encrypt each telegram, with the keys that decode\n"
	"                     and meterd take: {\"key\": \"...\", \"auth_key\": \"...\"}, hex.\n"
	"                     DLMS has no tag without \"auth_key\"; \"system_title\" is\n"
	"                     by default that of the kind\n"
	"  --counter N        with --key-file: of the first frame (default 1)\n"
	"  --expect FILE      write what 'meterctl decode' must print, damage and all\n"
	"\n"
	"Exit codes: 0 done, 2 bad usage, or something cannot be written.\n";

/**
 * struct simulation - what the command line asks for
 * @kind: of the meter
 * @number: of the meter
 * @path: file to write to
 * @expect_path: file for what decoding must give
 * @link: symbolic link to the pty
 * @key_path: NULL: telegrams are clear
 * @counter: of the first encrypted one
 * @pty: make one
 * @paced: wait as the line does
 * @parity: 7E1
 * @parity_given: ... and not by default
 * @baud: of the line
 * @damage_permille: damaged characters
 * @seed: of everything drawn by lot
 * @count: telegrams, 0: without end
 * @interval_ms: between telegrams, 0: back to back
 * @start_ms: of the meter's clock
 */
struct simulation {
	const struct sim_kind *kind;
	const char *number;
	const char *path;
	const char *expect_path;
	const char *link;
	const char *key_path;
	uint32_t counter;
	bool pty;
	bool paced;
	bool parity;
	bool parity_given;
	uint32_t baud;
	uint32_t damage_permille;
	uint64_t seed;
	uint64_t count;
	int64_t interval_ms;
	int64_t start_ms;
};

static const struct {
	const struct sim_kind *kinds;
	const size_t *count;
} groups[] = {
	{ sim_tic_kinds, &sim_tic_kind_count },
	{ sim_p1_kinds, &sim_p1_kind_count },
	{ sim_dlms_kinds, &sim_dlms_kind_count },
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static void list(void)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t i = 0; i < *groups[g].count; i++)
			printf("%-28s %s\n", groups[g].kinds[i].name, groups[g].kinds[i].help);
}

static const struct sim_kind *find_kind(const char *name)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t i = 0; i < *groups[g].count; i++)
			if (!strcmp(groups[g].kinds[i].name, name))
				return &groups[g].kinds[i];
	say("there is no meter '%s': 'meterctl simulate --list' prints those that there are", name);
	return NULL;
}

static bool parse_start(const char *text, int64_t *ms)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (end && (!*end || !strcmp(end, "Z")) && tm.tm_year >= 100 && tm.tm_year < 170) {
		*ms = (int64_t)timegm(&tm) * 1000;
		return true;
	}
	say("--start %s: it wants a time in UTC of the years 2000 to 2069, "
	    "such as 2024-03-31T00:59:30Z",
	    text);
	return false;
}

static bool parse_speed(const char *text, struct simulation *s)
{
	uint64_t baud;

	s->paced = strcmp(text, "max");
	if (!s->paced)
		return true;
	if (!number_option("speed", text, 300, 4000000, &baud))
		return false;
	s->baud = baud;
	return true;
}

static bool parse_parity(const char *text, struct simulation *s)
{
	s->parity_given = true;
	s->parity = !text || strcmp(text, "none");
	if (!text || !strcmp(text, "none") || !strcmp(text, "even"))
		return true;
	say("--parity=%s: it wants even or none", text);
	return false;
}

static bool parse_option(int option, struct simulation *s)
{
	uint64_t value;

	switch (option) {
	case 'o':
		s->path = optarg;
		return true;
	case 'y':
		return s->pty = true;
	case 'l':
		s->link = optarg;
		return true;
	case 'x':
		s->expect_path = optarg;
		return true;
	case 'm':
		s->number = optarg;
		return true;
	case 'b':
		return parse_speed(optarg, s);
	case 'i':
		return seconds_option("interval", optarg, &s->interval_ms);
	case 't':
		return parse_start(optarg, &s->start_ms);
	case 'p':
		return parse_parity(optarg, s);
	case 'n':
		return number_option("count", optarg, 1, UINT64_MAX, &s->count);
	case 's':
		return number_option("seed", optarg, 0, UINT64_MAX, &s->seed);
	case 'k':
		s->key_path = optarg;
		return true;
	case 'c':
		if (!number_option("counter", optarg, 0, UINT32_MAX, &value))
			return false;
		s->counter = value;
		return true;
	case 'd':
		if (!number_option("damage", optarg, 0, 1000, &value))
			return false;
		s->damage_permille = value;
		return true;
	}
	return false;
}

/* As a number of 32 bits, which is what must come out again. */
static bool is_integer(const char *text)
{
	const size_t digits = strspn(text, "0123456789");

	return digits && !text[digits] && digits <= 10 && *text != '0' &&
	       strtoull(text, NULL, 10) <= UINT32_MAX;
}

static bool check_number(const struct simulation *s)
{
	size_t len = strlen(s->number);

	if (!s->kind->number) {
		say("--number: telegrams of %s carry no number of the meter", s->kind->name);
		return false;
	}
	if (s->kind->tic && (len != 12 || strspn(s->number, "0123456789") != len)) {
		say("--number %s: a TIC meter's number has 12 digits", s->number);
		return false;
	}
	if (s->kind->dlms && s->kind->dlms->number_is_integer && !is_integer(s->number)) {
		say("--number %s: that of %s is from 1 to 4294967295", s->number, s->kind->name);
		return false;
	}
	if (!len || len > SIM_NUMBER_MAX) {
		say("--number: it wants 1 to %d characters", SIM_NUMBER_MAX);
		return false;
	}
	for (size_t i = 0; i < len; i++)
		if (s->number[i] <= ' ' || s->number[i] > '~') {
			say("--number: it wants printable ASCII without blanks");
			return false;
		}
	return true;
}

static bool check_encryption(const struct simulation *s)
{
	if (s->kind->tic)
		say("--key-file is for P1 and DLMS: TIC is never encrypted");
	else if (!s->kind->crc && !s->kind->dlms)
		say("--key-file: %s has no CRC, by which a decoder knows that its key fits",
		    s->kind->name);
	else if (s->parity)
		say("--key-file: encrypted telegrams are 8N1, they have no --parity");
	else
		return true;
	return false;
}

static bool check_dlms(const struct simulation *s)
{
	if (s->parity)
		say("--parity is for text: %s sends all 8 bits", s->kind->name);
	else if (s->kind->dlms->encrypted && !s->key_path)
		say("%s is always encrypted: give --key-file", s->kind->name);
	else
		return true;
	return false;
}

/* What depends on the kind. */
static bool complete(struct simulation *s)
{
	if (s->number && !check_number(s))
		return false;
	if (!s->number)
		s->number = s->kind->number;
	if (!s->baud)
		s->baud = s->kind->baud;
	if (!s->interval_ms)
		s->interval_ms = s->kind->period_ms;
	if (!s->parity_given)
		s->parity = s->kind->parity;
	if (s->key_path && !check_encryption(s))
		return false;
	if (s->kind->dlms && !check_dlms(s))
		return false;
	if (s->link && !s->pty) {
		say("--link is for --pty");
		return false;
	}
	if (s->pty && s->path) {
		say("give --pty or --output, not both");
		return false;
	}
	if (s->damage_permille && !s->kind->tic && !s->kind->crc && !s->kind->dlms && !s->parity) {
		say("damage to %s would not be seen, for it has no CRC: add --parity",
		    s->kind->name);
		return false;
	}
	return true;
}

/* Baud of a line with ten bits in a character that takes as long. */
static uint32_t pace(const struct simulation *s)
{
	return s->kind->bits ? s->baud * 10 / s->kind->bits : s->baud;
}

/* Time on the line in ms, gaps included. */
static int64_t duration_ms(const struct sim_telegram *t, uint32_t baud)
{
	int64_t ms = (int64_t)t->len * 10000 / baud;

	for (size_t i = 0; i < t->gap_count; i++)
		ms += t->gaps[i].ms;
	return ms;
}

/* One telegram as it goes on the line. */
static bool make(const struct simulation *s, const struct sim_meter *m, struct sim_cipher *cipher,
		 struct sim_telegram *t)
{
	s->kind->write(s->kind, m, s->number, t);
	if (cipher->keys && !sim_encipher(cipher, s->kind, t))
		return false;
	if (s->kind->dlms)
		sim_frame(s->kind->dlms, t);
	return true;
}

/* The line is silent until the next telegram is due; returns how long this one has taken. */
static int64_t wait_until(struct sim_output *out, int64_t line_ms, int64_t due_ms)
{
	if (line_ms >= due_ms)
		return line_ms;
	sim_output_idle(out, due_ms - line_ms);
	return due_ms;
}

/* False when something could not be written. */
static bool run(const struct simulation *s, struct sim_cipher *cipher, struct sim_output *out,
		FILE *expect)
{
	struct sim_telegram *t = calloc(1, sizeof(*t));
	const struct sim_kind *kind = s->kind;
	struct sim_schedule schedule;
	struct sim_meter m;
	bool ok = t;

	sim_meter_start(&m, kind, s->seed, s->start_ms);
	sim_schedule_start(&schedule, kind, s->start_ms);
	if (t) {
		t->parity = s->parity;
		t->damage_permille = s->damage_permille;
		t->random = ~s->seed;
	}
	while (ok && (!s->count || m.telegrams < s->count)) {
		m.list = sim_schedule_take(&schedule, kind, m.utc_ms, s->interval_ms);
		ok = make(s, &m, cipher, t);
		if (!ok || !sim_output_send(out, t, s->paced ? pace(s) : 0))
			break;
		ok = !expect || sim_expect(t, expect);
		m.overload = kind->overload ? kind->overload(m.telegrams + 1) : -1;
		sim_meter_advance(&m, wait_until(out, duration_ms(t, pace(s)),
						 sim_schedule_next(&schedule) - m.utc_ms));
	}
	free(t);
	return ok && !out->failed;
}

/* A header in place of a title: whoever reads it must get the title in another way. */
static bool read_keys(const struct simulation *s, struct sim_cipher *cipher)
{
	if (!s->key_path)
		return true;
	cipher->keys = meter_keys_read(s->key_path);
	if (!cipher->keys)
		return false;
	if (!s->kind->headed || cipher->keys->has_system_title)
		return true;
	say("%s: %s sends no system title, so the key file must have \"system_title\"",
	    s->key_path, s->kind->name);
	return false;
}

static int simulate(const struct simulation *s)
{
	struct sim_cipher cipher = { .counter = s->counter };
	struct sim_output out;
	FILE *expect = NULL;
	bool ok;

	if (!read_keys(s, &cipher)) {
		meter_keys_free(cipher.keys);
		return UNUSABLE;
	}
	if (s->expect_path) {
		expect = fopen(s->expect_path, "we");
		if (!expect) {
			say("%s cannot be written: %s", s->expect_path, strerror(errno));
			return UNUSABLE;
		}
	}
	ok = s->pty ? sim_output_open_pty(&out, s->link) : sim_output_open(&out, s->path);
	ok = ok && run(s, &cipher, &out, expect);
	meter_keys_free(cipher.keys);
	sim_output_close(&out);
	if (expect && fclose(expect)) {
		say("%s cannot be written: %s", s->expect_path, strerror(errno));
		ok = false;
	}
	return ok ? DONE : UNUSABLE;
}

/**
 * cmd_simulate - be a meter
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_simulate(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "list", no_argument, NULL, 'L' },
		{ "count", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		{ "pty", no_argument, NULL, 'y' },
		{ "link", required_argument, NULL, 'l' },
		{ "speed", required_argument, NULL, 'b' },
		{ "interval", required_argument, NULL, 'i' },
		{ "start", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "number", required_argument, NULL, 'm' },
		{ "parity", optional_argument, NULL, 'p' },
		{ "damage", required_argument, NULL, 'd' },
		{ "expect", required_argument, NULL, 'x' },
		{ "key-file", required_argument, NULL, 'k' },
		{ "counter", required_argument, NULL, 'c' },
		{ 0 },
	};
	struct simulation s = { .paced = true, .seed = 1, .start_ms = (int64_t)time(NULL) * 1000,
				.counter = 1 };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h' || c == 'L') {
			if (c == 'h')
				fputs(help, stdout);
			else
				list();
			return DONE;
		}
		if (c == '?' || !parse_option(c, &s))
			return UNUSABLE;
	}
	if (argc - optind != 1) {
		say("simulate wants one kind of meter: 'meterctl simulate --help' tells more");
		return UNUSABLE;
	}
	s.kind = find_kind(argv[optind]);
	return s.kind && complete(&s) ? simulate(&s) : UNUSABLE;
}
