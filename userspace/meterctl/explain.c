// SPDX-License-Identifier: MIT
/*
 * meterctl explain: what is in a frame or telegram, layer by layer.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"
#include "d2l_file.h"
#include "d2l_print.h"
#include "explain.h"

static const char help[] =
	"Usage: meterctl explain [--protocol PROTOCOL] [--key-file KEYS]\n"
	"                        [--profile METER] FILE|-\n"
	"Show what is in the frames or telegrams of FILE (- is standard input), layer by\n"
	"layer: offsets, lengths, checksums and what they should be, encipherment, types,\n"
	"codes, and what each number means or why it means nothing. Hex digits, as people\n"
	"paste them, are read as the bytes that they stand for.\n"
	"\n"
	"  --protocol PROTOCOL  tic, p1, dlms, or by its framing hdlc, mbus or raw; d2l;\n"
	"                       or auto, the default\n"
	"  --key-file KEYS      as of 'meterctl decode'. What is enciphered is shown in\n"
	"                       clear, the keys never\n"
	"  --profile METER      as of 'meterctl decode'\n"
	"\n"
	"What is shown has the number of the meter in it. The first 65536 bytes are\n"
	"explained.\n"
	"Exit codes: 0 at least one telegram or frame can be read, 1 none can, 2 bad\n"
	"usage or FILE or KEYS cannot be read.\n";

struct arguments {
	const char *path;
	struct file_options file;
};

static void print_frame(void *context, const struct d2l_found *found)
{
	u64 *good = context;

	printf("byte %" PRIu64 ": ", found->offset);
	d2l_print_frame(found);
	*good += found->key && found->verdict == D2L_GOOD;
}

static bool explain_d2l(struct explain *e)
{
	struct d2l_file *d = d2l_file_new(e->keys->d2l, print_frame, &e->good);

	if (!d)
		return false;
	d2l_file_feed(d, e->bytes, e->len);
	d2l_file_end(d);
	d2l_file_free(d);
	return true;
}

static void explain_unknown(const struct explain *e)
{
	puts("no frame or telegram of a meter; these are the bytes:");
	explain_bytes(0, e->bytes, e->len);
}

static void explain_bytes_as(struct explain *e, enum explain_kind kind)
{
	static const char *const names[] = {
		[EXPLAIN_TIC] = "TIC, the text of French meters",
		[EXPLAIN_P1] = "P1, the text of DSMR meters",
		[EXPLAIN_HDLC] = "DLMS in frames of HDLC",
		[EXPLAIN_MBUS] = "DLMS in long frames of wired M-Bus",
		[EXPLAIN_RAW] = "DLMS without framing",
		[EXPLAIN_D2L] = "frames of D2L modules",
	};

	if (kind != EXPLAIN_UNKNOWN)
		printf("%s\n", names[kind]);
	switch (kind) {
	case EXPLAIN_TIC:
		explain_tic(e);
		break;
	case EXPLAIN_P1:
		explain_p1(e->bytes, e->len, &e->good);
		break;
	case EXPLAIN_HDLC:
		explain_hdlc(e);
		break;
	case EXPLAIN_MBUS:
		explain_mbus(e);
		break;
	case EXPLAIN_RAW:
		explain_raw(e);
		break;
	case EXPLAIN_D2L:
		if (!explain_d2l(e))
			say("out of memory");
		break;
	case EXPLAIN_UNKNOWN:
		explain_unknown(e);
		break;
	}
}

static int explain_file(struct explain *e, const struct arguments *args)
{
	bool hex;
	u8 *bytes = explain_read(args->path, &e->len, &hex);

	if (!bytes)
		return UNUSABLE;
	e->bytes = bytes;
	printf("%zu bytes%s: ", e->len, hex ? ", from hex digits" : "");
	explain_bytes_as(e, explain_kind_of(e, &args->file.protocols));
	free(bytes);
	if (fflush(stdout)) {
		say("what was explained could not be written to standard output");
		return UNUSABLE;
	}
	return e->good ? DONE : NOTHING;
}

static int explain_with(const struct arguments *args, const struct file_keys *keys)
{
	struct explain *e = calloc(1, sizeof(*e));
	int rc = UNUSABLE;

	if (e) {
		e->keys = keys;
		e->settings.profile = args->file.profile;
	}
	if (e && explain_message_begin(e)) {
		rc = explain_file(e, args);
		dlms_opener_release(&e->opener);
	} else {
		say("out of memory");
	}
	free(e);
	return rc;
}

static int explain(const struct arguments *args)
{
	struct file_keys keys;
	int rc;

	if (!file_keys_read(&args->file, &keys))
		return UNUSABLE;
	rc = explain_with(args, &keys);
	file_keys_free(&keys);
	return rc;
}

/**
 * cmd_explain - what is in a frame or telegram, layer by layer
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int cmd_explain(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "protocol", required_argument, NULL, 'p' },
		{ "key-file", required_argument, NULL, 'k' },
		{ "profile", required_argument, NULL, 'm' },
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
		if (!file_option(c, optarg, &args.file))
			return UNUSABLE;
	}
	if (argc - optind != 1) {
		say("explain wants one file, or - for standard input: "
		    "'meterctl explain --help' tells more");
		return UNUSABLE;
	}
	args.path = argv[optind];
	return explain(&args);
}
