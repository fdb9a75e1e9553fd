// SPDX-License-Identifier: MIT
/*
 * meterctl path: the sysfs directory of a meter, for scripts.
 */
#include <getopt.h>
#include <stdio.h>

#include "../lib/say.h"
#include "commands.h"
#include "meter_argument.h"

static const char help[] =
	"Usage: meterctl path METER\n"
	"Print the sysfs directory of a meter, for scripts:\n"
	"\n"
	"    cat \"$(meterctl path tic-5d41402a)/fields/energy_import_wh\"\n"
	"\n"
	"METER is its id, meterN, or the beginning of either. The id goes with the\n"
	"meter, whatever port it is plugged into.\n"
	"\n"
	"Exit codes: 0 printed, 1 there is no such meter, 2 bad usage.\n";

/**
 * cmd_path - print the sysfs directory of a meter
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_path(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	struct meter m;
	int c, rc;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c != 'h')
			return UNUSABLE;
		fputs(help, stdout);
		return DONE;
	}
	if (argc - optind != 1) {
		say("path wants one meter: 'meterctl path --help' tells more");
		return UNUSABLE;
	}
	rc = meter_argument(argv[optind], &m);
	if (rc == DONE)
		puts(m.path);
	return rc;
}
