// SPDX-License-Identifier: MIT
/*
 * meterctl source: switch a source of meterd on or off.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"
#include "control_client.h"

#define NAME_MAX_BYTES 64

static const char help[] =
	"Usage: meterctl source [--socket PATH] NAME on|off\n"
	"Switch a source of meterd on or off, until meterd is started again.\n"
	"\n"
	"  --socket PATH   the control socket of meterd; default: /run/meterd/control,\n"
	"                  or that of a meterd which you have started yourself\n"
	"\n"
	"'enabled = no' in its section keeps a source off.\n"
	"Exit codes: 0 done, 2 bad usage, no such source, or meterd cannot be asked.\n";

static bool word_is_good(const char *word)
{
	return *word && strlen(word) <= NAME_MAX_BYTES && !strpbrk(word, " \t\r\n");
}

/**
 * cmd_source - switch a source of meterd on or off
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_source(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "socket", required_argument, NULL, 's' },
		{ 0 },
	};
	char request[NAME_MAX_BYTES + 16];
	const char *path = NULL;
	struct control_answer answer;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 's':
			path = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (argc - optind != 2 || !word_is_good(argv[optind]) ||
	    (strcmp(argv[optind + 1], "on") && strcmp(argv[optind + 1], "off"))) {
		say("which source, on or off? 'meterctl source NAME on'; 'meterctl status' lists "
		    "the sources");
		return UNUSABLE;
	}
	snprintf(request, sizeof(request), "source %s %s", argv[optind], argv[optind + 1]);
	if (!control_ask(path, request, &answer))
		return UNUSABLE;
	printf("%s is %s\n", argv[optind], argv[optind + 1]);
	control_answer_free(&answer);
	return DONE;
}
