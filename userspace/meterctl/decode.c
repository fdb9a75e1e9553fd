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

#include "../lib/say.h"
#include "commands.h"
#include "decode_gpio.h"
#include "decode_telegrams.h"

static const char help[] =
	"Usage: meterctl decode [--protocol PROTOCOL] [--key-file KEYS]\n"
	"                       [--profile METER] FILE|-\n"
	"       meterctl decode [--protocol PROTOCOL] [--speed SPEED] --gpio GPIO\n"
	"Print each valid telegram in FILE (- is standard input) as one line of JSON.\n"
	"\n"
	"  --protocol PROTOCOL  tic, p1, dlms, or by its framing hdlc, mbus or raw; d2l;\n"
	"                       or auto, the default: the first telegram decides\n"
	"  --key-file KEYS      JSON with the keys in hex, for encrypted P1 and DLMS:\n"
	"                       {\"key\": \"...\", \"auth_key\": \"...\"}; without auth_key the\n"
	"                       tag is not checked. \"system_title\" for meters that send\n"
	"                       none. For D2L modules: {\"key\": \"...\", \"iv\": \"...\"}, or\n"
	"                       {\"ID\": {\"key\": \"...\", \"iv\": \"...\"}, ...}\n"
	"  --profile METER      of DLMS, for numbers that come without a scaler: e450,\n"
	"                       e360, e570, am550, omnipower, kaifa, push, none, or auto,\n"
	"                       the default: by what the telegram shows of its meter\n"
	"  --gpio GPIO          in place of FILE: what comes on a GPIO, by its edges,\n"
	"                       until Ctrl-C: CHIP:LINE, such as gpiochip0:18, or the\n"
	"                       name of a line; behind it may stand ,active-low\n"
	"                       (inverted), ,pull-up or ,pull-down. TIC and P1 only\n"
	"  --speed SPEED        of the GPIO: 1200, 9600 (bit/s), or auto, the default;\n"
	"                       with libgpiod 1.6 always 1200\n"
	"\n"
	"What was rejected is counted in the last line on stderr: telegrams= that were\n"
	"valid, groups_bad= groups of TIC dropped from their frames, checksum_bad=\n"
	"groups, telegrams or frames with a wrong checksum or tag, or that the key does\n"
	"not open, framing_bad= those cut off by another's beginning, with a part missing\n"
	"or without anything that makes sense, oversize= longer than any meter sends,\n"
	"bytes= read. 'meterctl explain' shows what is in a frame, also in a bad one.\n"
	"\n"
	"Exit codes: 0 at least one telegram was valid, 1 none was, 2 bad usage or FILE\n"
	"or KEYS cannot be read.\n";

struct arguments {
	const char *path;
	struct file_options file;
	struct gpio_stream gpio;
};

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
		decode_feed(d, bytes, len);
	}
	decode_end(d);
	return len ? say_read(path, d->bytes) : DONE;
}

static void feed_live(void *context, const u8 *bytes, size_t count)
{
	if (count)
		decode_feed(context, bytes, count);
	else
		decode_end(context);
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
	if (rc == DONE) {
		decode_say_advice(d, args->path, args->file.key_path);
		rc = d->telegrams ? DONE : NOTHING;
	}
	decode_print_counts(d);
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
	struct decode d = { .settings.profile = args->file.profile };
	struct file_keys keys;
	int rc = UNUSABLE;

	if (!file_keys_read(&args->file, &keys))
		return UNUSABLE;
	if (decode_init(&d, &args->file.protocols, &keys))
		rc = decode_file(args, &d);
	else
		say("out of memory");
	decode_release(&d);
	file_keys_free(&keys);
	return rc;
}

static bool parse_option(int c, struct arguments *args)
{
	switch (c) {
	case 'g':
		return gpio_stream_name(&args->gpio, optarg);
	case 's':
		return gpio_stream_speed(&args->gpio, optarg);
	default:
		return file_option(c, optarg, &args->file);
	}
}

/* Options that do not go together; false after a sentence. */
static bool check(struct arguments *args)
{
	const bool gpio = *args->gpio.spec.text;

	if (gpio && !args->file.protocols.line) {
		say("--gpio reads tic, p1 or auto: D2L modules post over the network, and DLMS is "
		    "for files here; meterd reads it from a serial line");
		return false;
	}
	if (args->file.profile != DLMS_PROFILE_AUTO && (gpio || !args->file.protocols.dlms)) {
		say("--profile is for DLMS in files: --protocol dlms, hdlc, mbus, raw or auto");
		return false;
	}
	if (gpio)
		args->file.protocols = (struct protocols){ .line = args->file.protocols.line };
	return true;
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
		{ "profile", required_argument, NULL, 'm' },
		{ "gpio", required_argument, NULL, 'g' },
		{ "speed", required_argument, NULL, 's' },
		{ 0 },
	};
	struct arguments args = { NULL };
	int c;

	file_options_init(&args.file);
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return DONE;
		}
		if (!parse_option(c, &args))
			return UNUSABLE;
	}
	if (argc - optind != !*args.gpio.spec.text) {
		say("decode wants one file, - for standard input, or --gpio: "
		    "'meterctl decode --help' tells more");
		return UNUSABLE;
	}
	args.path = *args.gpio.spec.text ? args.gpio.spec.text : argv[optind];
	return check(&args) ? decode(&args) : UNUSABLE;
}
