// SPDX-License-Identifier: MIT
/*
 * meterctl status: how meterd, its sources and its meters do.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"
#include "control_client.h"

static const char help[] =
	"Usage: meterctl status [--json] [--socket PATH]\n"
	"Show how meterd does: its sources, its meters, and its ledger.\n"
	"\n"
	"  --json          what meterd answers, one JSON object\n"
	"  --socket PATH   the control socket of meterd; default: /run/meterd/control,\n"
	"                  or that of a meterd which you have started yourself\n"
	"\n"
	"Exit codes: 0 done, 2 bad usage or meterd cannot be asked.\n";

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

static long long number_of(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* Counters that this kind of line does not have are no zeros. */
static const char *count_of(json_t *object, const char *name, char *text, size_t size)
{
	if (!json_is_integer(json_object_get(object, name)))
		return "-";
	snprintf(text, size, "%lld", number_of(object, name));
	return text;
}

/* Of a line that is read by its edges: what was dropped before it became a byte. */
static void print_dropped(json_t *line)
{
	json_int_t framing = json_integer_value(json_object_get(line, "framing"));
	json_int_t lost = json_integer_value(json_object_get(line, "lost_edges"));

	if (framing || lost)
		printf(" (characters dropped: %" JSON_INTEGER_FORMAT ", edges lost: %"
		       JSON_INTEGER_FORMAT ")", framing, lost);
}

static void print_line(json_t *source, json_t *line)
{
	char telegrams[24], damaged[24];

	printf("%-20s %-7s %-10s %-20s %10s %8s  %s: %s", text_of(source, "name"),
	       text_of(source, "type"), text_of(line, "state"), text_of(line, "since"),
	       count_of(line, "telegrams", telegrams, sizeof(telegrams)),
	       count_of(line, "damaged", damaged, sizeof(damaged)), text_of(line, "what"),
	       text_of(line, "why"));
	print_dropped(line);
	putchar('\n');
}

static void print_sources(json_t *sources)
{
	json_t *source, *line, *lines;
	size_t i, k;

	printf("%-20s %-7s %-10s %-20s %10s %8s  %s\n", "SOURCE", "TYPE", "STATE", "SINCE",
	       "TELEGRAMS", "DAMAGED", "WHAT");
	json_array_foreach(sources, i, source) {
		lines = json_object_get(source, "lines");
		json_array_foreach(lines, k, line)
			print_line(source, line);
		if (!json_array_size(lines))
			printf("%-20s %-7s %s\n", text_of(source, "name"), text_of(source, "type"),
			       json_is_true(json_object_get(source, "on")) ? "-" : "off");
	}
}

/* To the nearest one. */
static long long whole(json_t *number)
{
	double value;

	if (json_is_integer(number))
		return json_integer_value(number);
	value = json_real_value(number);
	return (long long)(value < 0 ? value - 0.5 : value + 0.5);
}

/* Wh to kWh, exact to the Wh. */
static const char *kwh(json_t *period, const char *name, char *text, size_t size)
{
	json_t *wh = json_object_get(period, name);
	long long n;

	if (!json_is_number(wh))
		return "-";
	n = whole(wh);
	snprintf(text, size, "%s%lld.%03lld", n < 0 ? "-" : "", (n < 0 ? -n : n) / 1000,
		 (n < 0 ? -n : n) % 1000);
	return text;
}

/* The running day or month: when it began, what it consumed and injected. */
static void print_period(json_t *period, int date_len)
{
	char import[32], export[32];

	printf("  %-*.*s %12s %12s", date_len, date_len, text_of(period, "date"),
	       kwh(period, "energy_import", import, sizeof(import)),
	       kwh(period, "energy_export", export, sizeof(export)));
}

static void print_meters(json_t *meters)
{
	json_t *meter;
	size_t i;

	printf("\n%-20s %-10s  %-10s %12s %12s  %-7s %12s %12s\n", "METER", "STATE", "DAY",
	       "import kWh", "export kWh", "MONTH", "import kWh", "export kWh");
	json_array_foreach(meters, i, meter) {
		printf("%-20s %-10s", text_of(meter, "name"), text_of(meter, "state"));
		print_period(json_object_get(meter, "day"), 10);
		print_period(json_object_get(meter, "month"), 7);
		putchar('\n');
	}
}

/* "mqtt: connected to localhost:1883, 1200 messages sent", or why not. */
static void print_sinks(json_t *sinks)
{
	json_t *sink;
	size_t i;

	json_array_foreach(sinks, i, sink) {
		printf("%s%s: %s: %s, %lld messages sent", i ? "" : "\n", text_of(sink, "name"),
		       text_of(sink, "what"), text_of(sink, "why"), number_of(sink, "sent"));
		if (number_of(sink, "lost"))
			printf(", %lld lost", number_of(sink, "lost"));
		putchar('\n');
	}
}

static void print_daemon(json_t *status)
{
	json_t *store = json_object_get(status, "store");
	long long up = number_of(status, "uptime_s");

	printf("\nmeterd %s runs for %lld d %lld h %lld min; its ledger has %lld KiB",
	       text_of(status, "version"), up / 86400, up / 3600 % 24, up / 60 % 60,
	       number_of(store, "bytes") / 1024);
	if (number_of(store, "rows_waiting"))
		printf(", %lld rows wait to be written", number_of(store, "rows_waiting"));
	putchar('\n');
	if (json_is_string(json_object_get(store, "error")))
		printf("The ledger: %s\n", text_of(store, "error"));
}

static void print_status(json_t *status)
{
	print_sources(json_object_get(status, "sources"));
	print_meters(json_object_get(status, "meters"));
	print_sinks(json_object_get(status, "sinks"));
	print_daemon(status);
}

/**
 * cmd_status - how meterd does
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "socket", required_argument, NULL, 's' },
		{ 0 },
	};
	const char *path = NULL;
	bool json = false;
	struct control_answer answer;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'j':
			json = true;
			break;
		case 's':
			path = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (optind != argc) {
		say("status takes no argument; 'meterctl show %s' shows a meter of the kernel",
		    argv[optind]);
		return UNUSABLE;
	}
	if (!control_ask(path, "status", &answer))
		return UNUSABLE;
	if (json)
		fputs(answer.text, stdout);
	else
		print_status(answer.json);
	control_answer_free(&answer);
	return DONE;
}
