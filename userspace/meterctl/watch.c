// SPDX-License-Identifier: MIT
/*
 * meterctl watch: telegrams as they come, from the records of /dev/meterN.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/json.h"
#include "../lib/records.h"
#include "../lib/say.h"
#include "commands.h"
#include "meter_argument.h"
#include "watch.h"
#include "watch_screen.h"

static const char help[] =
	"Usage: meterctl watch [--json] [--oldest] [--count N]\n"
	"                      [--no-follow | --until-gone] [METER]\n"
	"       meterctl watch --uri URI [--json] [--count N] [--until-gone] [METER]\n"
	"See a meter's telegrams as they come: a live view on a terminal, else one line\n"
	"for each. METER (meterN, its id, or the beginning of either) may be left out\n"
	"when there is only one.\n"
	"\n"
	"  --json        each telegram as the line of JSON that 'meterctl decode'\n"
	"                prints\n"
	"  --oldest      begin with the oldest telegram that the kernel keeps (about\n"
	"                ten), not with the next one\n"
	"  --count N     end after N telegrams\n"
	"  --no-follow   end when there is no further telegram at the moment; implies\n"
	"                --oldest\n"
	"  --until-gone  end when the meter's line goes, instead of waiting for the\n"
	"                meter to come back, on whatever port\n"
	"  --uri URI     a meter of another machine, through its iiod: ip:HOST; or\n"
	"                local: for the IIO devices of this one. Shown is what IIO\n"
	"                carries: voltages, currents, powers and energies\n"
	"\n"
	"/dev/meterN is read by root and the group meter.\n"
	"\n"
	"Exit codes: 0 at least one telegram was shown, 1 none, 2 bad usage or the\n"
	"meter cannot be read.\n";

/**
 * struct watch - a meter that is being watched
 * @args: how
 * @meter: the meter; its id also finds it when it comes back
 * @reader: its records
 * @shown: telegrams shown so far
 * @reading: quantities of the last one
 * @screen: the live view, or NULL
 */
struct watch {
	const struct watch_arguments *args;
	struct meter meter;
	struct record_reader reader;
	u64 shown;
	struct reading reading;
	struct screen *screen;
};

static void note(struct watch *w, const char *sentence)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %s", w->meter.name, sentence);
	if (w->screen)
		screen_note(w->screen, text);
	else
		say("%s", text);
}

static void print_time(const struct telegram *t)
{
	char text[32];
	struct tm tm;
	time_t when;
	s64 unix_s;

	if (!telegram_time(t, &unix_s)) {
		putchar('-');
		return;
	}
	when = unix_s;
	if (gmtime_r(&when, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		fputs(text, stdout);
}

/**
 * watch_print_quantities - the rest of a line for a telegram
 * @r: its quantities
 */
void watch_print_quantities(const struct reading *r)
{
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		if (!reading_has(r, q))
			continue;
		printf(" %s=", quantity_info[q].name);
		json_milli(stdout, r->milli[q]);
	}
	putchar('\n');
}

static void print_line(const struct watch *w)
{
	printf("%s ", w->meter.name);
	print_time(&w->reader.telegram);
	printf(" damaged=%u", w->reader.header.damaged);
	watch_print_quantities(&w->reading);
}

static void show_telegram(struct watch *w)
{
	telegram_quantities(&w->reader.telegram, &w->reading);
	w->shown++;
	if (w->screen)
		return;
	if (w->args->json)
		json_reading(stdout, &w->reader.telegram, &w->reading, w->reader.header.number, NULL);
	else
		print_line(w);
	fflush(stdout);
}

static bool has_enough(const struct watch *w)
{
	return w->args->count && w->shown >= w->args->count;
}

/* A number that the meter no longer says is not shown. */
static void redraw(struct watch *w)
{
	bool fresh;

	if (!w->screen)
		return;
	fresh = w->shown && !strcmp(w->meter.state, "locked");
	screen_draw(w->screen, &w->meter, w->shown ? &w->reader : NULL, fresh ? &w->reading : NULL);
}

/* Everything that is there now; returns what ended it. */
static enum record_result drain(struct watch *w)
{
	enum record_result result;

	for (;;) {
		result = record_reader_next(&w->reader);
		switch (result) {
		case RECORD_TELEGRAM:
			show_telegram(w);
			if (has_enough(w))
				return result;
			break;
		case RECORD_LOST:
			note(w, "sent telegrams that were lost: they were read too slowly");
			break;
		case RECORD_UNREADABLE:
			note(w, "gave a record that this version does not understand");
			break;
		case RECORD_FAILED:
			note(w, strerror(errno));
			return result;
		case RECORD_NOTHING:
		case RECORD_GONE:
			return result;
		}
	}
}

/* True when the terminal's user wants to end. */
static bool pause_for(struct watch *w)
{
	struct pollfd fds[] = {
		{ .fd = w->reader.fd, .events = POLLIN },
		{ .fd = w->screen ? STDIN_FILENO : -1, .events = POLLIN },
	};

	poll(fds, 2, WATCH_LOOK_MS);
	return w->screen && screen_wants_to_quit(w->screen);
}

static bool open_records(struct watch *w, bool from_oldest)
{
	if (record_reader_open(&w->reader, w->meter.name, from_oldest))
		return true;
	if (errno == EACCES)
		say("you have no permission to read /dev/%s: become root or a member of the group "
		    "meter ('adduser $USER meter', then log in again)",
		    w->meter.name);
	else
		say("/dev/%s cannot be read: %s", w->meter.name, strerror(errno));
	return false;
}

static bool come_back(struct watch *w)
{
	struct meter again;

	if (meter_find(*w->meter.id ? w->meter.id : w->meter.name, &again) != METER_FOUND)
		return false;
	if (!record_reader_open(&w->reader, again.name, true))
		return false;
	w->meter = again;
	return true;
}

/* Until the meter is there again; true when the terminal's user wants to end instead. */
static bool await_return(struct watch *w)
{
	record_reader_close(&w->reader);
	strcpy(w->meter.state, "gone");
	redraw(w);
	note(w, "is gone; waiting for it to come back");
	do
		if (pause_for(w))
			return true;
	while (!come_back(w));
	return false;
}

static void follow(struct watch *w)
{
	for (;;) {
		switch (drain(w)) {
		case RECORD_GONE:
			if (w->args->until_gone || !w->args->follow || await_return(w))
				return;
			break;
		case RECORD_NOTHING:
			meter_read(&w->meter, w->meter.name);
			redraw(w);
			if (!w->args->follow || pause_for(w))
				return;
			break;
		default:
			return;
		}
	}
}

static int watch(struct watch *w)
{
	bool live = !w->args->json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);

	if (!open_records(w, live || w->args->oldest))
		return UNUSABLE;
	if (live)
		w->screen = screen_open();
	follow(w);
	screen_close(w->screen);
	record_reader_close(&w->reader);
	if (ferror(stdout)) {
		say("telegrams could not be written to standard output");
		return UNUSABLE;
	}
	return w->shown ? DONE : NOTHING;
}

static int only_meter(struct meter *m)
{
	struct meter *meters;
	size_t count;
	int rc = DONE;

	if (meters_list(&meters, &count) || !count)
		return no_meter();
	if (count == 1) {
		*m = meters[0];
	} else {
		say("there are %zu meters: say which; 'meterctl list' shows them", count);
		rc = UNUSABLE;
	}
	free(meters);
	return rc;
}

static bool parse_count(const char *text, u64 *count)
{
	char *end;

	errno = 0;
	*count = strtoull(text, &end, 10);
	if (*text >= '1' && *text <= '9' && !*end && !errno)
		return true;
	say("'%s' is no number of telegrams", text);
	return false;
}

/* UNUSABLE after a sentence; NOTHING for --help. */
static int parse(int argc, char **argv, struct watch_arguments *args)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "oldest", no_argument, NULL, 'o' },
		{ "count", required_argument, NULL, 'n' },
		{ "no-follow", no_argument, NULL, 'f' },
		{ "until-gone", no_argument, NULL, 'g' },
		{ "uri", required_argument, NULL, 'u' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "hn:", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return NOTHING;
		case 'j':
			args->json = true;
			break;
		case 'o':
			args->oldest = true;
			break;
		case 'n':
			if (!parse_count(optarg, &args->count))
				return UNUSABLE;
			break;
		case 'f':
			args->follow = false;
			args->oldest = true;
			break;
		case 'g':
			args->until_gone = true;
			break;
		case 'u':
			args->uri = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (argc - optind <= 1)
		return DONE;
	say("watch shows one meter: 'meterctl watch --help' tells more");
	return UNUSABLE;
}

/**
 * cmd_watch - see telegrams as they come
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_watch(int argc, char **argv)
{
	struct watch_arguments args = { .follow = true };
	struct watch *w;
	int rc;

	rc = parse(argc, argv, &args);
	if (rc != DONE)
		return rc == NOTHING ? DONE : rc;
	if (args.uri)
		return watch_uri(&args, argv[optind]);
	w = calloc(1, sizeof(*w));
	if (!w) {
		say("out of memory");
		return UNUSABLE;
	}
	w->args = &args;
	rc = argv[optind] ? meter_argument(argv[optind], &w->meter) : only_meter(&w->meter);
	if (rc == DONE)
		rc = watch(w);
	free(w);
	return rc;
}
