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

#include "../decode/stream.h"
#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "decode_gpio.h"

static const char help[] =
	"Usage: meterctl decode [--protocol PROTOCOL] [--key-file KEYS] FILE|-\n"
	"       meterctl decode [--protocol PROTOCOL] [--speed SPEED] --gpio GPIO\n"
	"Print each valid telegram in FILE (- is standard input) as one line of JSON.\n"
	"\n"
	"  --protocol PROTOCOL  tic, p1, or auto, the default. hdlc, mbus, raw (DLMS)\n"
	"                       and d2l are names of protocols that this version does\n"
	"                       not read yet.\n"
	"  --key-file KEYS      JSON with the keys in hex, for encrypted P1: {\"key\":\n"
	"                       \"...\", \"auth_key\": \"...\"}; without auth_key the tag is\n"
	"                       not checked. \"system_title\" for meters that send none\n"
	"  --gpio GPIO          in place of FILE: what comes on a GPIO, by its edges,\n"
	"                       until Ctrl-C: CHIP:LINE, such as gpiochip0:18, or the\n"
	"                       name of a line; behind it may stand ,active-low\n"
	"                       (inverted), ,pull-up or ,pull-down\n"
	"  --speed SPEED        of the GPIO: 1200, 9600 (bit/s), or auto, the default;\n"
	"                       with libgpiod 1.6 always 1200\n"
	"\n"
	"What was rejected is counted in the last line on stderr: telegrams= that were\n"
	"valid, groups_bad= groups of TIC dropped from their frames, checksum_bad=\n"
	"groups or telegrams with a wrong checksum, framing_bad= telegrams cut off by\n"
	"another's beginning or without a line that makes sense, oversize= telegrams\n"
	"longer than any meter sends, bytes= read.\n"
	"\n"
	"Exit codes: 0 at least one telegram was valid, 1 none was, 2 bad usage or FILE\n"
	"or KEYS cannot be read.\n";

struct arguments {
	const char *path;
	const char *key_path;
	unsigned int protocols;
	struct gpio_stream gpio;
};

/**
 * struct decode - what is kept from telegram to telegram
 * @stream: from bytes to telegrams
 * @telegrams: how many were printed
 * @bytes: how many were read
 */
struct decode {
	struct stream stream;
	u64 telegrams;
	u64 bytes;
};

static void print_telegram(void *context, const struct telegram *t)
{
	char number[METERLINE_NUMBER_MAX + 1];
	struct decode *d = context;
	struct reading reading;

	telegram_number(t, number, sizeof(number));
	telegram_quantities(t, &reading);
	json_reading(stdout, t, &reading, number, d->stream.via);
	fflush(stdout);
	d->telegrams++;
}

static int say_read(const char *path, u64 offset)
{
	say("%s: cannot be read at byte %" PRIu64 ": %s", path, offset, strerror(errno));
	return UNUSABLE;
}

static int read_stream(struct decode *d, int fd, const char *path)
{
	u8 bytes[16384];
	ssize_t len;

	for (;;) {
		len = read(fd, bytes, sizeof(bytes));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		stream_feed(&d->stream, bytes, len, 0);
		d->bytes += len;
	}
	stream_end(&d->stream);
	return len ? say_read(path, d->bytes) : DONE;
}

static void feed_live(void *context, const u8 *bytes, size_t count)
{
	struct decode *d = context;

	d->bytes += count;
	if (count)
		stream_feed(&d->stream, bytes, count, 0);
	else
		stream_end(&d->stream);
}

/* The groups of TIC and the telegrams of P1 share their counters, and a stream is of one kind. */
static void print_counts(const struct decode *d, unsigned int protocols)
{
	const struct telegram_stats *s = &d->stream.line.stats;
	bool tic = (d->telegrams ? d->stream.line.tried : protocols) == LINE_TIC;
	u64 misshapen = s->bad_parity + s->bad_form;

	fprintf(stderr,
		"telegrams=%" PRIu64 " groups_bad=%" PRIu64 " checksum_bad=%" PRIu64
		" framing_bad=%" PRIu64 " oversize=%" PRIu64 " bytes=%" PRIu64 "\n",
		d->telegrams, tic ? s->bad_checksum + misshapen : 0, s->bad_checksum,
		s->resyncs + (tic ? 0 : misshapen), s->oversize, d->bytes);
}

/* What to do about frames that gave no telegram; NULL: nothing is known of them. */
static const char *trouble_advice(enum p1_cipher_trouble trouble)
{
	switch (trouble) {
	case CIPHER_WRONG_KEY:
		return "no telegram comes out with this \"key\": is it that of this meter?";
	case CIPHER_WRONG_TAG:
		return "\"key\" is right, but \"auth_key\" is not: correct it, or leave it out, "
		       "and tags are not verified";
	case CIPHER_NO_TAG:
		return "it has no tags to verify: leave \"auth_key\" out of the key file";
	case CIPHER_NO_TITLE:
		return "it comes without a system title: add \"system_title\" to the key file";
	case CIPHER_REPLAYED:
	case CIPHER_FINE:
		break;
	}
	return NULL;
}

/* A person who sees no telegram wants to know what else there was. */
static void say_nothing_read(const struct decode *d, const char *path)
{
	const char *advice = trouble_advice(stream_trouble(&d->stream));
	enum line_seen seen = stream_seen(&d->stream);

	if (advice)
		say("%s: encrypted P1: %s", path, advice);
	else if (seen == SEEN_P1_ENCRYPTED && d->stream.cipher)
		say("%s: encrypted P1, but no frame of it is whole", path);
	else if (seen == SEEN_P1_ENCRYPTED)
		say("%s: encrypted P1: give the meter's key with --key-file", path);
	else if (seen == SEEN_HDLC || seen == SEEN_MBUS)
		say("%s: no telegram of TIC or P1; it looks like %s, which this version does not "
		    "read yet",
		    path, line_seen_name(seen));
}

/* @fd: -1: of the GPIO. */
static int decode_stream(const struct arguments *args, struct decode *d, int fd)
{
	int rc = fd < 0 ? gpio_stream_read(&args->gpio, feed_live, d) :
			  read_stream(d, fd, args->path);

	if (rc == DONE && ferror(stdout)) {
		say("what was decoded could not be written to standard output");
		rc = UNUSABLE;
	}
	if (rc == DONE && !d->telegrams) {
		say_nothing_read(d, args->path);
		rc = NOTHING;
	}
	print_counts(d, args->protocols);
	return rc;
}

static int decode_file(const struct arguments *args, struct decode *d)
{
	int fd, rc;

	if (*args->gpio.spec.text)
		return decode_stream(args, d, -1);
	if (!strcmp(args->path, "-"))
		return decode_stream(args, d, STDIN_FILENO);
	fd = open(args->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		say("%s: cannot be opened: %s", args->path, strerror(errno));
		return UNUSABLE;
	}
	rc = decode_stream(args, d, fd);
	close(fd);
	return rc;
}

static int decode(const struct arguments *args)
{
	struct decode d = { .telegrams = 0 };
	struct p1_keys *keys = NULL;
	bool begun;
	int rc;

	if (args->key_path && !(args->protocols & LINE_P1)) {
		say("--key-file is for encrypted P1: TIC is never encrypted");
		return UNUSABLE;
	}
	if (args->key_path) {
		keys = p1_keys_read(args->key_path);
		if (!keys)
			return UNUSABLE;
	}
	begun = stream_init(&d.stream, args->protocols, keys, print_telegram, &d);
	p1_keys_free(keys);
	if (!begun) {
		say("out of memory");
		return UNUSABLE;
	}
	rc = decode_file(args, &d);
	stream_release(&d.stream);
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
		{ "gpio", required_argument, NULL, 'g' },
		{ "speed", required_argument, NULL, 's' },
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
		case 'g':
			if (!gpio_stream_name(&args.gpio, optarg))
				return UNUSABLE;
			break;
		case 's':
			if (!gpio_stream_speed(&args.gpio, optarg))
				return UNUSABLE;
			break;
		default:
			return UNUSABLE;
		}
	}
	if (argc - optind != !*args.gpio.spec.text) {
		say("decode wants one file, - for standard input, or --gpio: "
		    "'meterctl decode --help' tells more");
		return UNUSABLE;
	}
	args.path = *args.gpio.spec.text ? args.gpio.spec.text : argv[optind];
	return decode(&args);
}
