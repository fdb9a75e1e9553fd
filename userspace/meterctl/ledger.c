// SPDX-License-Identifier: MIT
/*
 * meterctl ledger: what meters consumed, as meterd keeps it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"
#include "ledger.h"

#define DEFAULT_PATH "/var/lib/meterd/" LEDGER_FILE_NAME

static const char help[] =
	"Usage: meterctl ledger show|export|check|size [OPTION]...\n"
	"       meterctl ledger import [--file PATH] EXPORT|-\n"
	"What meters consumed and injected, as meterd keeps it.\n"
	"\n"
	"  show     a table, with the periods that run\n"
	"  export   all of it, or a part, as CSV or JSON; ended periods only\n"
	"  import   put an export into a ledger that no meterd is writing; what is there\n"
	"           stays as it is\n"
	"  check    prove that nothing was lost or invented: for each register, the days,\n"
	"           months and years sum to what it counted, days to months to years, and\n"
	"           quarter hours to days\n"
	"  size     bytes and rows\n"
	"\n"
	"  --meter NAME      of one meter only\n"
	"  --period PERIOD   quarter, day, month or year; show: day, others: all\n"
	"  --from TIME       periods that start then or later: a date in the meter's time\n"
	"                    zone (2025-11-20), or 2025-11-20T14:15:00Z\n"
	"  --to TIME         periods that start before then\n"
	"  --format FORMAT   of export: csv, the default, or json\n"
	"  --file PATH       the ledger, " DEFAULT_PATH " by default\n"
	"\n"
	"Exit codes: 0 done, 1 there was nothing, or check found something wrong, or\n"
	"import left something out, 2 bad usage, or a file that cannot be read or used.\n";

static const struct command {
	const char *name;
	int (*run)(sqlite3 *db, const struct ledger_arguments *args);
} commands[] = {
	{ "show", ledger_show },
	{ "export", ledger_export },
	{ "check", ledger_check },
	{ "size", ledger_size },
	{ "import", NULL },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum option_id {
	OPTION_METER = 1,
	OPTION_PERIOD,
	OPTION_FROM,
	OPTION_TO,
	OPTION_FORMAT,
	OPTION_FILE,
};

static const struct option options[] = {
	{ "meter", required_argument, NULL, OPTION_METER },
	{ "period", required_argument, NULL, OPTION_PERIOD },
	{ "from", required_argument, NULL, OPTION_FROM },
	{ "to", required_argument, NULL, OPTION_TO },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "file", required_argument, NULL, OPTION_FILE },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static bool set_instant(const char *name, const char *text, const char **instant)
{
	s64 unix_s;

	*instant = text;
	if (ledger_instant(text, zone_get("UTC"), &unix_s))
		return true;
	say("%s '%s': a date such as 2025-11-20, or a time such as 2025-11-20T14:15:00Z", name,
	    text);
	return false;
}

static bool set_format(const char *text, enum ledger_format *format)
{
	*format = !strcmp(text, "json") ? FORMAT_JSON : FORMAT_CSV;
	if (*format == FORMAT_JSON || !strcmp(text, "csv"))
		return true;
	say("--format '%s': csv or json", text);
	return false;
}

static bool set_option(struct ledger_arguments *args, int option)
{
	switch (option) {
	case OPTION_METER:
		args->meter = optarg;
		return true;
	case OPTION_PERIOD:
		if (period_by_name(optarg, &args->period))
			return true;
		say("--period '%s': quarter, day, month or year", optarg);
		return false;
	case OPTION_FROM:
		return set_instant("--from", optarg, &args->from);
	case OPTION_TO:
		return set_instant("--to", optarg, &args->to);
	case OPTION_FORMAT:
		return set_format(optarg, &args->format);
	case OPTION_FILE:
		args->path = optarg;
		return true;
	default:
		say("'meterctl ledger --help' tells the options");
		return false;
	}
}

static int run(const struct command *c, const struct ledger_arguments *args)
{
	char error[LEDGER_FILE_ERROR_MAX];
	struct ledger_file_meter m;
	int rc = NOTHING;
	sqlite3 *db;

	if (!c->run)
		return ledger_import(args);
	db = ledger_file_open(args->path, LEDGER_FILE_READ, error);
	if (!db) {
		say("%s", error);
		return UNUSABLE;
	}
	if (args->meter && !ledger_file_find(db, args->meter, &m))
		say("%s: there is no meter '%s' in it: 'meterctl ledger size' lists them",
		    args->path, args->meter);
	else
		rc = c->run(db, args);
	sqlite3_close(db);
	if (fflush(stdout) || ferror(stdout)) {
		say("not all could be written to standard output");
		return UNUSABLE;
	}
	return rc;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; name && i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/**
 * cmd_ledger - meterctl ledger
 * @argc: number of @argv
 * @argv: the command's name, then its arguments
 *
 * Return: an exit code.
 */
int cmd_ledger(int argc, char **argv)
{
	struct ledger_arguments args = { .path = DEFAULT_PATH, .period = PERIOD_COUNT };
	const struct command *c;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (option == 'h') {
			fputs(help, stdout);
			return DONE;
		}
		if (!set_option(&args, option))
			return UNUSABLE;
	}
	c = find_command(argv[optind]);
	if (!c) {
		say("ledger: show, export, import, check or size? 'meterctl ledger --help' tells "
		    "more");
		return UNUSABLE;
	}
	args.input = argv[optind + 1];
	if (argc - optind != (c->run ? 1 : 2)) {
		say("ledger %s: %s", c->name,
		    c->run ? "takes options only: --meter NAME names a meter" :
			     "which export is to be read? - is standard input");
		return UNUSABLE;
	}
	return run(c, &args);
}
