// SPDX-License-Identifier: MIT
/*
 * meterctl decode: the telegrams in a file as JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"

static const char help[] =
	"Usage: meterctl decode [--protocol PROTOCOL] [--key-file KEYS] FILE|-\n"
	"Print each valid telegram in FILE (- is standard input) as one line of JSON.\n"
	"\n"
	"  --protocol PROTOCOL  tic, p1, or auto, the default. hdlc, mbus, raw (DLMS) and d2l are\n"
	"                       names of protocols that this version does not read yet.\n"
	"  --key-file KEYS      JSON with the keys in hex, for encrypted P1: {\"key\": \"...\",\n"
	"                       \"auth_key\": \"...\"}; without auth_key the tag is not checked\n"
	"\n"
	"What was rejected is counted in the last line on stderr: telegrams= that were valid,\n"
	"groups_bad= groups of TIC dropped from their frames, checksum_bad= groups or telegrams with\n"
	"a wrong checksum, framing_bad= telegrams cut off by another's beginning or without a line\n"
	"that makes sense, oversize= telegrams longer than any meter sends, bytes= read.\n"
	"\n"
	"Exit codes: 0 at least one telegram was valid, 1 none was, 2 bad usage or FILE or KEYS\n"
	"cannot be read.\n";

struct arguments {
	const char *path;
	const char *key_path;
	unsigned int protocols;
};

/**
 * struct decode - what decode() keeps from telegram to telegram
 * @line: from bytes to telegrams
 * @telegrams: how many were printed
 */
struct decode {
	struct line_decoder line;
	u64 telegrams;
};

static void print_telegram(void *context, const struct telegram *t)
{
	char number[METERLINE_NUMBER_MAX + 1];
	struct decode *d = context;
	struct reading reading;

	telegram_number(t, number, sizeof(number));
	telegram_quantities(t, &reading);
	json_reading(stdout, t, &reading, number, NULL);
	fflush(stdout);
	d->telegrams++;
}

static int say_read(const char *path, u64 offset)
{
	say("%s: cannot be read at byte %" PRIu64 ": %s", path, offset, strerror(errno));
	return UNUSABLE;
}

static int feed(struct decode *d, int fd, const char *path)
{
	u8 bytes[16384];
	ssize_t len;

	for (;;) {
		len = read(fd, bytes, sizeof(bytes));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		line_decoder_feed(&d->line, bytes, len, 0);
	}
	line_decoder_pause(&d->line);
	return len ? say_read(path, d->line.stats.bytes) : DONE;
}

/*
 * The groups of TIC and the telegrams of P1 share their counters, and a stream is of one kind. What
 * gave no telegram at all is taken for P1, whose checksum stands for all of it.
 */
static void print_counts(const struct decode *d, unsigned int protocols)
{
	const struct telegram_stats *s = &d->line.stats;
	bool tic = (d->telegrams ? d->line.tried : protocols) == LINE_TIC;
	u64 misshapen = s->bad_parity + s->bad_form;

	fflush(stdout);
	fprintf(stderr,
		"telegrams=%" PRIu64 " groups_bad=%" PRIu64 " checksum_bad=%" PRIu64
		" framing_bad=%" PRIu64 " oversize=%" PRIu64 " bytes=%" PRIu64 "\n",
		d->telegrams, tic ? s->bad_checksum + misshapen : 0, s->bad_checksum,
		s->resyncs + (tic ? 0 : misshapen), s->oversize, s->bytes);
}

static int decode_stream(const struct arguments *args, int fd)
{
	struct decode d = { .telegrams = 0 };
	int rc;

	line_decoder_init(&d.line, args->protocols, print_telegram, &d);
	rc = feed(&d, fd, args->path);
	print_counts(&d, args->protocols);
	if (rc != DONE)
		return rc;
	if (ferror(stdout)) {
		say("what was decoded could not be written to standard output");
		return UNUSABLE;
	}
	return d.telegrams ? DONE : NOTHING;
}

static int decode(const struct arguments *args)
{
	int fd, rc;

	if (!strcmp(args->path, "-"))
		return decode_stream(args, STDIN_FILENO);
	fd = open(args->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		say("%s: cannot be opened: %s", args->path, strerror(errno));
		return UNUSABLE;
	}
	rc = decode_stream(args, fd);
	close(fd);
	return rc;
}

static bool parse_protocol(const char *name, unsigned int *protocols)
{
	static const struct {
		const char *name;
		unsigned int protocols;
	} known[] = {
		{ "auto", LINE_AUTO }, { "tic", LINE_TIC }, { "p1", LINE_P1 }, { "hdlc", 0 },
		{ "mbus", 0 },	       { "raw", 0 },	    { "d2l", 0 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name))
			continue;
		*protocols = known[i].protocols;
		if (!*protocols)
			say("this version does not read protocol %s yet; it reads tic and p1", name);
		return *protocols;
	}
	say("there is no protocol '%s': give tic, p1 or auto", name);
	return false;
}

/**
 * cmd_decode - print the telegrams in a file as JSON
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_decode(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "protocol", required_argument, NULL, 'p' },
		{ "key-file", required_argument, NULL, 'k' },
		{ 0 },
	};
	struct arguments args = { .protocols = LINE_AUTO };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'p':
			if (!parse_protocol(optarg, &args.protocols))
				return UNUSABLE;
			break;
		case 'k':
			args.key_path = optarg;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (argc - optind != 1) {
		say("decode wants one file, or - for standard input: "
		    "'meterctl decode --help' tells more");
		return UNUSABLE;
	}
	args.path = argv[optind];
	return decode(&args);
}
