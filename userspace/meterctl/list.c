// SPDX-License-Identifier: MIT
/*
 * meterctl list: the meters of this machine, or those that iiod shows of another one.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "iio_argument.h"
#include "meter_argument.h"

static const char help[] =
	"Usage: meterctl list [--json] [--uri URI]\n"
	"List the meters that the kernel reads on this machine.\n"
	"\n"
	"  --json     one JSON array; each element has the members name, id, type, state,\n"
	"             seen, port, source and path, those that are not known left out\n"
	"  --uri URI  those of another machine, through its iiod: ip:HOST; or local: for\n"
	"             the IIO devices of this one. A meter is there from its first whole\n"
	"             telegram on\n"
	"\n"
	"Exit codes: 0 at least one meter, 1 none, 2 bad usage.\n";

static void json_member(const char *comma, const char *name, const char *value)
{
	if (!*value)
		return;
	printf("%s\"%s\":", comma, name);
	json_text(stdout, value);
}

static void json_meter(const struct meter *m)
{
	putchar('{');
	json_member("", "name", m->name);
	json_member(",", "id", m->id);
	json_member(",", "type", m->type);
	json_member(",", "state", m->state);
	json_member(",", "seen", m->seen);
	json_member(",", "port", m->port);
	json_member(",", "source", m->source);
	json_member(",", "path", m->path);
	putchar('}');
}

static void print_json(const struct meter *meters, size_t count)
{
	putchar('[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			putchar(',');
		json_meter(&meters[i]);
	}
	puts("]");
}

/* What the line carries matters as long as no telegram was read from it. */
static const char *state_of(const struct meter *m, char *text, size_t size)
{
	if (strcmp(m->state, "searching") || !*m->seen || !strcmp(m->seen, "nothing"))
		return m->state;
	snprintf(text, size, "%s (%s)", m->state, m->seen);
	return text;
}

static void print_table(const struct meter *meters, size_t count)
{
	char state[2 * METER_WORD_MAX + 4];

	printf("%-8s %-13s %-14s %-24s %s\n", "METER", "ID", "TYPE", "STATE", "PORT");
	for (size_t i = 0; i < count; i++) {
		const struct meter *m = &meters[i];

		printf("%-8s %-13s %-14s %-24s %s\n", m->name, *m->id ? m->id : "-", m->type,
		       state_of(m, state, sizeof(state)), m->port);
	}
}

static int print_meters(const struct meter *meters, size_t count, bool json)
{
	if (json)
		print_json(meters, count);
	else if (count)
		print_table(meters, count);
	return count ? DONE : NOTHING;
}

static int list(bool json)
{
	struct meter *meters;
	size_t count;
	int rc;

	rc = meters_list(&meters, &count);
	if (rc) {
		say("the meters cannot be listed: " METER_CLASS ": %s", strerror(-rc));
		return UNUSABLE;
	}
	rc = print_meters(meters, count, json);
	free(meters);
	return rc == NOTHING ? no_meter() : rc;
}

static int list_uri(const char *uri, bool json)
{
	struct iio_meters im;
	struct meter *meters;
	int rc = UNUSABLE;

	if (!uri_open(uri, &im))
		return UNUSABLE;
	meters = calloc(im.count + 1, sizeof(*meters));
	for (size_t i = 0; meters && i < im.count; i++)
		meters[i] = im.meters[i].about;
	if (meters)
		rc = print_meters(meters, im.count, json);
	else
		say("out of memory");
	free(meters);
	iio_meters_close(&im);
	return rc == NOTHING ? no_meter_at(uri) : rc;
}

/**
 * cmd_list - list the meters of this machine, or of another one
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "uri", required_argument, NULL, 'u' },
		{ 0 },
	};
	const char *uri = NULL;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'j':
			json = true;
			break;
		case 'u':
			uri = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (optind != argc) {
		say("list takes no meter; 'meterctl show %s' shows one", argv[optind]);
		return UNUSABLE;
	}
	return uri ? list_uri(uri, json) : list(json);
}
