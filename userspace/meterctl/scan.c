// SPDX-License-Identifier: MIT
/*
 * meterctl scan: the serial ports of this machine, and what is on them.
 *
 * Opening a port raises DTR, which resets Zigbee sticks and others, so none is opened but those
 * that a rule of udev or the user names, and none that is in use.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/say.h"
#include "commands.h"
#include "scan.h"
#include "wait.h"

static const char help[] =
	"Usage: meterctl scan [OPTION]... [--all | PORT...]\n"
	"List the serial ports of this machine: their names that stay, what they are,\n"
	"and who uses them. Listen to those that a udev rule says a meter is on\n"
	"(METERLINE is 1), tell what comes, and what to write to keep it.\n"
	"No other port is opened, since that resets Zigbee sticks among others; none that\n"
	"is in use; and nothing is ever sent.\n"
	"\n"
	"  PORT            listen to this one, such as /dev/ttyUSB0, and list only it\n"
	"  --all           listen to all of them\n"
	"  --seconds N     for at most N seconds; default 66, enough for every speed\n"
	"  --identity      tell the numbers of meters, too\n"
	"  --json          one JSON array\n"
	"\n"
	"    sudo meterctl scan\n"
	"    sudo meterctl scan /dev/ttyUSB0\n"
	"\n"
	"Exit codes: 0 ports were listed, or with PORT or --all telegrams came; 1 there\n"
	"is no port, or no telegram came; 2 bad usage, or a PORT cannot be listened to.\n";

/**
 * struct arguments - what was asked for
 * @all: listen to every port
 * @paths: PORT..., ended by NULL
 */
struct arguments {
	bool all;
	bool json;
	bool identity;
	unsigned int seconds;
	char *const *paths;
};

static bool is_wanted(const struct port *p, const struct arguments *args)
{
	return !p->use.count && (p->marked || args->all || *args->paths);
}

static bool listen_to(struct ports *ports, const struct arguments *args)
{
	struct port **chosen = calloc(ports->count ? ports->count : 1, sizeof(*chosen));
	size_t count = 0;
	bool ok = chosen;

	for (size_t i = 0; ok && i < ports->count; i++)
		if (is_wanted(&ports->port[i], args))
			chosen[count++] = &ports->port[i];
	if (count && isatty(STDERR_FILENO))
		say("listening to %zu port%s for at most %u s", count, count == 1 ? "" : "s",
		    args->seconds);
	ok = ok && scan_listen(chosen, count, args->seconds);
	free(chosen);
	if (!ok)
		say("no memory to listen");
	return ok;
}

static void say_partly(const struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++) {
		if (!ports->port[i].use.partly)
			continue;
		say("what processes of other users have open was not to be seen: 'sudo meterctl "
		    "scan' sees it");
		return;
	}
}

static int exit_code(const struct ports *ports, const struct arguments *args)
{
	int rc = NOTHING;

	if (!args->all && !*args->paths)
		return ports->count ? DONE : NOTHING;
	for (size_t i = 0; i < ports->count; i++) {
		const struct heard *h = ports->port[i].heard;

		if (h && h->telegrams)
			return DONE;
		if (*args->paths && (!h || h->problem != TTY_OPEN))
			rc = UNUSABLE;
	}
	return rc;
}

static int collect(struct ports *ports, const struct arguments *args)
{
	int rc = 0;

	*ports = (struct ports){ 0 };
	if (!*args->paths)
		return ports_list(ports);
	for (char *const *path = args->paths; !rc && *path; path++)
		rc = ports_add(ports, *path);
	return rc;
}

static int scan(const struct arguments *args)
{
	struct ports ports;
	int rc = collect(&ports, args);

	if (rc) {
		say("the ports cannot be listed: %s", strerror(-rc));
		rc = UNUSABLE;
	} else if (!listen_to(&ports, args)) {
		rc = UNUSABLE;
	} else {
		if (args->json)
			scan_print_json(&ports, args->identity);
		else
			scan_print(&ports, args->identity);
		say_partly(&ports);
		rc = exit_code(&ports, args);
	}
	if (!ports.count && rc == NOTHING)
		say("this machine has no serial port; Documentation/raspberry-pi.md tells how one "
		    "gets a UART of a Raspberry Pi");
	ports_free(&ports);
	return rc;
}

/**
 * cmd_scan - the serial ports of this machine, and what is on them
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_scan(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },	     { "all", no_argument, NULL, 'a' },
		{ "identity", no_argument, NULL, 'i' },	     { "json", no_argument, NULL, 'j' },
		{ "seconds", required_argument, NULL, 's' }, { 0 },
	};
	struct arguments args = { .seconds = LISTEN_DEFAULT_S };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'a':
			args.all = true;
			break;
		case 'i':
			args.identity = true;
			break;
		case 'j':
			args.json = true;
			break;
		case 's':
			if (!wait_seconds(optarg, "listen", LISTEN_MAX_S, &args.seconds))
				return UNUSABLE;
			break;
		default:
			return UNUSABLE;
		}
	}
	args.paths = argv + optind;
	if (args.all && *args.paths) {
		say("give either --all or ports, not both");
		return UNUSABLE;
	}
	return scan(&args);
}
