// SPDX-License-Identifier: MIT
/*
 * meterctl doctor: what keeps meters from being read on this machine. It changes nothing.
 */
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/json.h"
#include "../lib/meters.h"
#include "../lib/say.h"
#include "../lib/utf8.h"
#include "commands.h"
#include "doctor.h"
#include "scan.h"
#include "wait.h"

static const char help[] =
	"Usage: meterctl doctor [OPTION]... [PORT...]\n"
	"Tell what keeps meters from being read on this machine, and for each thing the\n"
	"line to type or to write: who else uses the port, the console and Bluetooth of\n"
	"a Raspberry Pi, the kernel module, groups, udev rules, how meters and meterd\n"
	"do. Changes nothing.\n"
	"\n"
	"  PORT            where a meter is wired to, such as /dev/ttyAMA0: look at this\n"
	"                  port, and listen to it if nobody else does. Without: the UART\n"
	"                  on the pins of a Raspberry Pi, and ports with a meter;\n"
	"                  none is opened\n"
	"  --seconds N     listen for at most N seconds; default 66\n"
	"  --user NAME     who is to read meters; default: you\n"
	"  --socket PATH   the control socket of meterd\n"
	"  --root DIR      look at the files of another system; no port is opened\n"
	"  --json          one JSON array\n"
	"\n"
	"Exit codes: 0 nothing stands in the way, 1 something does, 2 bad usage.\n";

struct arguments {
	const char *root;
	const char *user;
	const char *socket;
	unsigned int seconds;
	bool json;
	char *const *paths;
};

/* Ports that a rule of udev, or the kernel, says a meter is on. */
static void find_ports(struct doctor *d)
{
	char path[DOCTOR_PATH_MAX], value[METER_WORD_MAX];
	struct ports ports = { 0 };
	struct attribute_names meters;

	if (*d->header)
		doctor_add_port(d, d->header);
	if (!*d->root && !ports_list(&ports))
		for (size_t i = 0; i < ports.count; i++)
			if (ports.port[i].marked)
				doctor_add_port(d, ports.port[i].name);
	ports_free(&ports);
	snprintf(path, sizeof(path), "%s" METER_CLASS, d->root);
	attribute_names_read(path, &meters);
	for (size_t i = 0; i < meters.count; i++) {
		doctor_read(d, value, sizeof(value), METER_CLASS "/%s/source", meters.name[i]);
		if (!strcmp(value, "tty") &&
		    doctor_read(d, value, sizeof(value), METER_CLASS "/%s/port", meters.name[i]))
			doctor_add_port(d, value);
	}
	attribute_names_free(&meters);
}

static void note_heard(struct doctor *d, const struct port *p)
{
	const struct heard *h = p->heard;
	char text[400], fix[128];

	heard_text(h, false, text, sizeof(text));
	if (h->problem == TTY_NOT_ALLOWED) {
		snprintf(fix, sizeof(fix), "sudo meterctl doctor %s", p->path);
		doctor_find(d, p->path, fix, "it may not be opened by you");
	} else if (h->problem == TTY_OPEN && !h->telegrams) {
		doctor_find(d, p->path, "Documentation/raspberry-pi.md tells how meters are wired",
			    "it carries %s", text);
	} else if (h->telegrams && h->damaged * 100 > h->fields + h->damaged) {
		doctor_find(d, p->path, "check the cable", "more than 1 %% is damaged: %s", text);
	}
}

/* The ports that were named, if nobody has them open. */
static void listen_to(struct doctor *d, const struct arguments *args)
{
	struct port **chosen = calloc(d->nports + 1, sizeof(*chosen));
	struct ports ports = { 0 };
	char path[DOCTOR_PATH_MAX];
	size_t count = 0;

	for (size_t i = 0; i < d->nports; i++) {
		snprintf(path, sizeof(path), "/dev/%s", d->ports[i]);
		if (doctor_has(d, "%s", path))
			ports_add(&ports, path);
	}
	for (size_t i = 0; chosen && i < ports.count; i++)
		if (!ports.port[i].use.count)
			chosen[count++] = &ports.port[i];
	if (count && scan_listen(chosen, count, args->seconds))
		for (size_t i = 0; i < count; i++)
			note_heard(d, chosen[i]);
	free(chosen);
	ports_free(&ports);
}

static bool look(struct doctor *d, const struct arguments *args)
{
	bool ok = true;

	doctor_board(d);
	for (char *const *path = args->paths; ok && *path; path++)
		ok = doctor_add_port(d, *path);
	if (!*args->paths)
		find_ports(d);
	doctor_uart(d);
	doctor_port_users(d);
	doctor_module(d);
	doctor_rules(d);
	doctor_groups(d);
	doctor_meters(d);
	doctor_meterd(d, args->socket);
	if (!*d->root && *args->paths)
		listen_to(d, args);
	return ok;
}

static void print(const struct doctor *d)
{
	/* Names of processes, devices and files are others' choice. */
	for (size_t i = 0; i < d->count; i++) {
		utf8_print_text(stdout, d->findings[i].where);
		printf(": ");
		utf8_print_text(stdout, d->findings[i].what);
		printf("\n    ");
		utf8_print_text(stdout, d->findings[i].fix);
		putchar('\n');
	}
	if (!d->count)
		puts("nothing stands in the way");
}

static void print_json(const struct doctor *d)
{
	putchar('[');
	for (size_t i = 0; i < d->count; i++) {
		printf("%s{\"where\":", i ? "," : "");
		json_utf8(stdout, d->findings[i].where);
		printf(",\"what\":");
		json_utf8(stdout, d->findings[i].what);
		printf(",\"fix\":");
		json_utf8(stdout, d->findings[i].fix);
		putchar('}');
	}
	puts("]");
}

static void doctor_free(struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->findings[i].where);
		free(d->findings[i].what);
		free(d->findings[i].fix);
	}
	for (size_t i = 0; i < d->nports; i++)
		free(d->ports[i]);
	free(d->findings);
	free(d->ports);
}

/* Who typed it, also through sudo; NULL for root. */
static const char *user_name(void)
{
	const struct passwd *user = getpwuid(getuid());

	return getuid() ? (user ? user->pw_name : NULL) : getenv("SUDO_USER");
}

static int doctor(const struct arguments *args)
{
	struct doctor d = { .root = args->root ? args->root : "",
			    .user = args->user ? args->user : user_name() };
	bool ok = look(&d, args);
	int rc = d.count ? NOTHING : DONE;

	if (!ok)
		say("no memory");
	else if (args->json)
		print_json(&d);
	else
		print(&d);
	doctor_free(&d);
	return ok ? rc : UNUSABLE;
}

/**
 * cmd_doctor - what keeps meters from being read here
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "root", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "socket", required_argument, NULL, 'c' },
		{ "user", required_argument, NULL, 'u' },
		{ 0 },
	};
	struct arguments args = { .seconds = LISTEN_DEFAULT_S };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'j':
			args.json = true;
			break;
		case 'r':
			args.root = optarg;
			break;
		case 's':
			if (!wait_seconds(optarg, "listen", LISTEN_MAX_S, &args.seconds))
				return UNUSABLE;
			break;
		case 'c':
			args.socket = optarg;
			break;
		case 'u':
			args.user = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	args.paths = argv + optind;
	return doctor(&args);
}
