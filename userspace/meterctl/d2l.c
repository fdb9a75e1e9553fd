// SPDX-License-Identifier: MIT
/*
 * meterctl d2l: frames of D2L modules, a server that shows them, and modules that send them.
 */
#include <stdio.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"
#include "d2l.h"

static const char help[] =
	"Usage: meterctl d2l decode [--key-file KEYS] FILE|-\n"
	"       meterctl d2l serve [--key-file KEYS] [--count N] [ADDRESS[:PORT]]\n"
	"       meterctl d2l simulate [OPTION]... [ADDRESS[:PORT]]\n"
	"The D2L of eeSmart: a module on a Linky that posts what the meter says,\n"
	"enciphered, to a server of one's own.\n"
	"\n"
	"  decode     print the frames in a file in clear\n"
	"  serve      be the server of a module, to see what it sends\n"
	"  simulate   be one module or many, to try a server\n"
	"\n"
	"'meterctl d2l serve --help' tells more, and so do the others.\n"
	"Exit codes: 0 done, 1 there was nothing, or not all went well, 2 bad usage or\n"
	"something that cannot be used.\n";

/**
 * cmd_d2l - frames of D2L modules, a server that shows them, and modules that send them
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_d2l(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		fputs(help, stdout);
		return DONE;
	}
	if (!strcmp(name, "decode"))
		return d2l_decode(argc - 1, argv + 1);
	if (!strcmp(name, "serve"))
		return d2l_serve(argc - 1, argv + 1);
	if (!strcmp(name, "simulate"))
		return d2l_simulate(argc - 1, argv + 1);
	say("d2l wants decode, serve or simulate%s%s%s: 'meterctl d2l --help' tells more",
	    *name ? ", not '" : "", name, *name ? "'" : "");
	return UNUSABLE;
}
