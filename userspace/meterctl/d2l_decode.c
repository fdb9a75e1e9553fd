// SPDX-License-Identifier: MIT
/*
 * meterctl d2l decode: the frames in a file in clear.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../lib/say.h"
#include "commands.h"
#include "d2l.h"
#include "d2l_file.h"
#include "d2l_print.h"

static const char help[] =
	"Usage: meterctl d2l decode [--key-file KEYS] FILE|-\n"
	"Print each frame in FILE (- is standard input): its place, the id of the module,\n"
	"what it is, and its payload in clear. It has the number of the meter in it.\n"
	"\n"
	"  --key-file KEYS   JSON with the keys of the module in hex, as eeSmart tells\n"
	"                    them: {\"key\": \"...\", \"iv\": \"...\"}, or those of many\n"
	"                    modules: {\"ID\": {\"key\": \"...\", \"iv\": \"...\"}, ...}.\n"
	"                    Without it only the id and the length are known\n"
	"\n"
	"'meterctl decode' prints what readings mean.\n"
	"Exit codes: 0 at least one frame was good, 1 none was, 2 bad usage or FILE or\n"
	"KEYS cannot be read.\n";

static void print_frame(void *context, const struct d2l_found *found)
{
	u64 *good = context;

	printf("byte %" PRIu64 ": ", found->offset);
	d2l_print_frame(found);
	*good += found->key && found->verdict == D2L_GOOD;
}

static int decode_stream(struct d2l_file *d, FILE *file, const char *path, const u64 *good)
{
	u8 bytes[16384];
	size_t len;

	while ((len = fread(bytes, 1, sizeof(bytes), file)))
		d2l_file_feed(d, bytes, len);
	if (ferror(file)) {
		say("%s cannot be read: %s", path, strerror(errno));
		return UNUSABLE;
	}
	d2l_file_end(d);
	if (fflush(stdout)) {
		say("what was decoded could not be written to standard output");
		return UNUSABLE;
	}
	if (d2l_file_stats(d)->framing)
		say("%s: in %" PRIu64 " places there is something else than a whole frame", path,
		    d2l_file_stats(d)->framing);
	if (!d2l_file_stats(d)->frames)
		say("%s: no frame of a D2L module", path);
	return *good ? DONE : NOTHING;
}

static int decode_file(const char *path, const struct d2l_keys *keys)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct d2l_file *d;
	int rc = UNUSABLE;
	u64 good = 0;

	if (!file) {
		say("%s cannot be read: %s", path, strerror(errno));
		return UNUSABLE;
	}
	d = d2l_file_new(keys, print_frame, &good);
	if (d)
		rc = decode_stream(d, file, path, &good);
	else
		say("out of memory");
	d2l_file_free(d);
	if (file != stdin)
		fclose(file);
	return rc;
}

/**
 * d2l_decode - print the frames in a file in clear
 * @argc: as of main()
 * @argv: as of main(), from the command's name on
 *
 * Return: an exit code.
 */
int d2l_decode(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "key-file", required_argument, NULL, 'k' },
		{ 0 },
	};
	const char *key_path = NULL;
	struct d2l_keys *keys = NULL;
	int c, rc;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return DONE;
		}
		if (c != 'k')
			return UNUSABLE;
		key_path = optarg;
	}
	if (argc - optind != 1) {
		say("d2l decode wants one file, or - for standard input: "
		    "'meterctl d2l decode --help' tells more");
		return UNUSABLE;
	}
	if (key_path) {
		keys = d2l_keys_from_file(key_path);
		if (!keys)
			return UNUSABLE;
	}
	rc = decode_file(argv[optind], keys);
	d2l_keys_free(keys);
	return rc;
}
