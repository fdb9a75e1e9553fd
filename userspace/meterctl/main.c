// SPDX-License-Identifier: MIT
/*
 * meterctl: smart meters on the command line.
 */
#include <stdio.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "attach", cmd_attach, "read the meter on a serial line with the kernel" },
	{ "d2l", cmd_d2l, "frames of D2L modules, a server to see them, modules that send" },
	{ "decode", cmd_decode, "print the telegrams in a file as JSON" },
	{ "doctor", cmd_doctor, "what keeps meters from being read here" },
	{ "explain", cmd_explain, "what is in a frame or telegram, layer by layer" },
	{ "ledger", cmd_ledger, "what meters consumed, as meterd keeps it" },
	{ "list", cmd_list, "the meters of this machine" },
	{ "path", cmd_path, "the sysfs directory of a meter" },
	{ "record", cmd_record, "write telegrams as CSV" },
	{ "scan", cmd_scan, "the serial ports, and what is on them" },
	{ "show", cmd_show, "what a meter says now" },
	{ "simulate", cmd_simulate, "be a meter" },
	{ "source", cmd_source, "switch a source of meterd on or off" },
	{ "status", cmd_status, "how meterd, its sources and its meters do" },
	{ "wait", cmd_wait, "sleep until the power passes a limit" },
	{ "watch", cmd_watch, "see telegrams as they come" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(void)
{
	puts("Usage: meterctl COMMAND [OPTION]... [ARGUMENT]...\n"
	     "Read smart meters: French TIC (Linky and older), DSMR P1 and DLMS push.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "meterctl COMMAND --help tells more, meterctl --version the version.\n"
	     "Exit codes: 0 done, 1 there was nothing (no telegram, no meter, no value),\n"
	     "2 bad usage or something that cannot be read or used.");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		help();
		return DONE;
	}
	if (!strcmp(name, "--version")) {
		puts("meterctl " METERLINE_VERSION);
		return DONE;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (*name)
		say("there is no command '%s': 'meterctl --help' lists them", name);
	else
		say("what to do? 'meterctl --help' lists the commands");
	return UNUSABLE;
}
