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

#include "../decode/d2l_json.h"
#include "../decode/stream.h"
#include "../lib/json.h"
#include "../lib/say.h"
#include "commands.h"
#include "d2l_file.h"
#include "decode_gpio.h"

static const char help[] =
	"Usage: meterctl decode [--protocol PROTOCOL] [--key-file KEYS] FILE|-\n"
	"       meterctl decode [--protocol PROTOCOL] [--speed SPEED] --gpio GPIO\n"
	"Print each valid telegram in FILE (- is standard input) as one line of JSON.\n"
	"\n"
	"  --protocol PROTOCOL  tic, p1, d2l, or auto, the default. hdlc, mbus and raw\n"
	"                       (DLMS) are names of protocols that this version does not\n"
	"                       read yet.\n"
	"  --key-file KEYS      JSON with the keys in hex, for encrypted P1: {\"key\":\n"
	"                       \"...\", \"auth_key\": \"...\"}; without auth_key the tag is\n"
	"                       not checked. \"system_title\" for meters that send none.\n"
	"                       For D2L modules: {\"key\": \"...\", \"iv\": \"...\"}, or\n"
	"                       {\"ID\": {\"key\": \"...\", \"iv\": \"...\"}, ...}\n"
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
	"longer than any meter sends, bytes= read. Frames of D2L modules count as\n"
	"telegrams do.\n"
	"\n"
	"Exit codes: 0 at least one telegram was valid, 1 none was, 2 bad usage or FILE\n"
	"or KEYS cannot be read.\n";

struct arguments {
	const char *path;
	const char *key_path;
	unsigned int protocols;
	struct gpio_stream gpio;
	bool d2l;
};

/* What a file turned out to be: it is of one kind, so its first telegram decides. */
enum kind {
	KIND_OPEN,
	KIND_METER,
	KIND_D2L,
};

/**
 * struct decode - what is kept from telegram to telegram
 * @stream: from bytes to telegrams, when they come from a meter
 * @d2l: the same when they come from D2L modules; NULL: not asked for
 * @unread: frames of modules with a payload that is no reading
 * @module: of the newest frame of a module
 * @kind: enum kind
 * @telegrams: how many were printed
 * @bytes: how many were read
 * @reading: of a module, the newest
 */
struct decode {
	struct stream stream;
	struct d2l_file *d2l;
	u64 unread;
	u64 module;
	enum kind kind;
	u64 telegrams;
	u64 bytes;
	struct d2l_reading reading;
};

static bool may_be(const struct decode *d, enum kind kind)
{
	return d->kind == KIND_OPEN || d->kind == kind;
}

static void print_telegram(struct decode *d, const struct telegram *t, const struct reading *r,
			   const struct json_carrier *via)
{
	char number[METERLINE_NUMBER_MAX + 1];

	telegram_number(t, number, sizeof(number));
	json_reading(stdout, t, r, number, via);
	fflush(stdout);
	d->telegrams++;
}

static void meter_telegram(void *context, const struct telegram *t)
{
	struct decode *d = context;
	const struct json_carrier via = { .name = d->stream.via };
	struct reading reading;

	if (!may_be(d, KIND_METER))
		return;
	d->kind = KIND_METER;
	telegram_quantities(t, &reading);
	print_telegram(d, t, &reading, via.name ? &via : NULL);
}

static void d2l_frame(void *context, const struct d2l_found *found)
{
	struct json_carrier via = { .name = "d2l" };
	struct decode *d = context;
	struct reading reading;

	d->module = found->header.id;
	if (!found->key || found->verdict != D2L_GOOD || found->frame.type != D2L_PUSH_JSON ||
	    found->frame.answer || !may_be(d, KIND_D2L))
		return;
	if (!d2l_reading_parse(&d->reading, found->frame.payload, found->frame.payload_len)) {
		d->unread++;
		return;
	}
	d->kind = KIND_D2L;
	via.has_clock = d->reading.has_clock;
	via.clock_s = d->reading.clock_s;
	d2l_quantities(&d->reading.telegram, 0, &reading);
	print_telegram(d, &d->reading.telegram, &reading, &via);
}

static void feed(struct decode *d, const u8 *bytes, size_t count)
{
	d->bytes += count;
	if (may_be(d, KIND_METER))
		stream_feed(&d->stream, bytes, count, 0);
	if (d->d2l && may_be(d, KIND_D2L))
		d2l_file_feed(d->d2l, bytes, count);
}

static void feed_end(struct decode *d)
{
	if (may_be(d, KIND_METER))
		stream_end(&d->stream);
	if (d->d2l && may_be(d, KIND_D2L))
		d2l_file_end(d->d2l);
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
		feed(d, bytes, len);
	}
	feed_end(d);
	return len ? say_read(path, d->bytes) : DONE;
}

static void feed_live(void *context, const u8 *bytes, size_t count)
{
	if (count)
		feed(context, bytes, count);
	else
		feed_end(context);
}

struct counts {
	u64 groups_bad;
	u64 checksum_bad;
	u64 framing_bad;
	u64 oversize;
};

/* The groups of TIC and the telegrams of P1 share their counters, and a stream is of one kind. */
static struct counts meter_counts(const struct decode *d, unsigned int protocols)
{
	const struct telegram_stats *s = &d->stream.line.stats;
	bool tic = (d->telegrams ? d->stream.line.tried : protocols) == LINE_TIC;
	u64 misshapen = s->bad_parity + s->bad_form;

	return (struct counts){
		.groups_bad = tic ? s->bad_checksum + misshapen : 0,
		.checksum_bad = s->bad_checksum,
		.framing_bad = s->resyncs + (tic ? 0 : misshapen),
		.oversize = s->oversize,
	};
}

static struct counts d2l_counts(const struct decode *d)
{
	const struct d2l_file_stats *s = d2l_file_stats(d->d2l);

	return (struct counts){
		.checksum_bad = s->bad_checksum,
		.framing_bad = s->framing + d->unread,
	};
}

/* Whether frames of modules came, and nothing else. */
static bool looks_like_d2l(const struct decode *d, unsigned int protocols)
{
	return d->kind == KIND_D2L || (d->kind == KIND_OPEN && d->d2l &&
				       (!protocols || d2l_file_stats(d->d2l)->frames));
}

static void print_counts(const struct decode *d, unsigned int protocols)
{
	struct counts c = looks_like_d2l(d, protocols) ? d2l_counts(d) : meter_counts(d, protocols);

	fprintf(stderr,
		"telegrams=%" PRIu64 " groups_bad=%" PRIu64 " checksum_bad=%" PRIu64
		" framing_bad=%" PRIu64 " oversize=%" PRIu64 " bytes=%" PRIu64 "\n",
		d->telegrams, c.groups_bad, c.checksum_bad, c.framing_bad, c.oversize, d->bytes);
}

static void say_no_d2l_reading(const struct decode *d, const struct arguments *args)
{
	const struct d2l_file_stats *s = d2l_file_stats(d->d2l);

	if (!s->frames)
		say("%s: no frame of a D2L module", args->path);
	else if (s->keyless && !args->key_path)
		say("%s: frames of the D2L module %0*" PRIu64 ": give its key and IV with "
		    "--key-file", args->path, D2L_ID_DIGITS, d->module);
	else if (s->keyless)
		say("%s: frames of the D2L module %0*" PRIu64 ", which has no key in %s",
		    args->path, D2L_ID_DIGITS, d->module, args->key_path);
	else if (s->bad_checksum)
		say("%s: frames of a D2L module, but with this key and IV their CRC is wrong",
		    args->path);
	else if (d->unread)
		say("%s: frames of a D2L module, but no JSON in them", args->path);
	else
		say("%s: frames of a D2L module, but none with a reading", args->path);
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
static void say_nothing_read(const struct decode *d, const struct arguments *args)
{
	const char *advice = trouble_advice(stream_trouble(&d->stream));
	enum line_seen seen = stream_seen(&d->stream);
	const char *path = args->path;

	if (looks_like_d2l(d, args->protocols))
		say_no_d2l_reading(d, args);
	else if (advice)
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
		say_nothing_read(d, args);
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

/**
 * struct file_keys - what a key file says: P1 and D2L modules have files of their own
 */
struct file_keys {
	struct meter_keys *p1;
	struct d2l_keys *d2l;
};

/* False after a sentence. */
static bool read_keys(const struct arguments *args, struct file_keys *keys)
{
	if (!args->key_path)
		return true;
	if (args->d2l && (!args->protocols || d2l_is_key_file(args->key_path))) {
		keys->d2l = d2l_keys_from_file(args->key_path);
		return keys->d2l;
	}
	if (!(args->protocols & LINE_P1)) {
		say("--key-file is for encrypted P1 and D2L modules: TIC is never encrypted");
		return false;
	}
	keys->p1 = meter_keys_read(args->key_path);
	return keys->p1;
}

static int decode_with(const struct arguments *args, const struct file_keys *keys)
{
	struct decode d = { .kind = KIND_OPEN };
	int rc = UNUSABLE;

	if (args->d2l)
		d.d2l = d2l_file_new(keys->d2l, d2l_frame, &d);
	if ((args->d2l && !d.d2l) ||
	    !stream_init(&d.stream, args->protocols, keys->p1, meter_telegram, &d))
		say("out of memory");
	else
		rc = decode_file(args, &d);
	stream_release(&d.stream);
	d2l_file_free(d.d2l);
	return rc;
}

static int decode(const struct arguments *args)
{
	struct file_keys keys = { NULL };
	int rc = read_keys(args, &keys) ? decode_with(args, &keys) : UNUSABLE;

	meter_keys_free(keys.p1);
	d2l_keys_free(keys.d2l);
	return rc;
}

static bool parse_protocol(const char *name, struct arguments *args)
{
	static const struct {
		const char *name;
		unsigned int protocols;
		bool d2l;
	} known[] = {
		{ "auto", LINE_AUTO, true }, { "tic", LINE_TIC, false }, { "p1", LINE_P1, false },
		{ "d2l", 0, true },	     { "hdlc", 0, false },	 { "mbus", 0, false },
		{ "raw", 0, false },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name))
			continue;
		args->protocols = known[i].protocols;
		args->d2l = known[i].d2l;
		if (args->protocols || args->d2l)
			return true;
		say("this version does not read protocol %s yet; it reads tic, p1 and d2l", name);
		return false;
	}
	say("there is no protocol '%s': give tic, p1, d2l or auto", name);
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
	struct arguments args = { .protocols = LINE_AUTO, .d2l = true };
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help, stdout);
			return DONE;
		case 'p':
			if (!parse_protocol(optarg, &args))
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
	if (*args.gpio.spec.text && !args.protocols) {
		say("D2L modules post over the network: --gpio reads tic, p1 or auto");
		return UNUSABLE;
	}
	args.d2l = args.d2l && !*args.gpio.spec.text;
	return decode(&args);
}
