// SPDX-License-Identifier: MIT
/*
 * How many telegrams of these files the decoder alone reads in a second, in portions of 64 KiB that
 * are in memory already: what replay through the ledger is held against.
 *
 *	decoder_rate FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "quantities.h"

#define PORTION (64u << 10)
#define RUNS 5

struct bytes {
	unsigned char *at;
	size_t len;
};

/* What was decoded, so that nothing is optimised away. */
struct total {
	unsigned long telegrams;
	long long milli;
};

static void add_up(void *context, const struct telegram *telegram)
{
	struct total *total = context;
	struct reading reading;

	telegram_quantities(telegram, &reading);
	total->telegrams++;
	total->milli += reading.milli[Q_energy_import_t1];
}

static bool load(struct bytes *bytes, const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file || fseek(file, 0, SEEK_END)) {
		perror(path);
		return false;
	}
	bytes->len = ftell(file);
	rewind(file);
	bytes->at = malloc(bytes->len + 1);
	if (!bytes->at || fread(bytes->at, 1, bytes->len, file) != bytes->len) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return false;
	}
	fclose(file);
	return true;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double decode_s(struct line_decoder *decoder, const struct bytes *files, int count)
{
	double start = now_s();

	for (int i = 0; i < count; i++) {
		for (size_t at = 0; at < files[i].len; at += PORTION) {
			size_t left = files[i].len - at;

			line_decoder_feed(decoder, files[i].at + at,
					  left < PORTION ? left : PORTION, 0);
		}
	}
	return now_s() - start;
}

int main(int argc, char **argv)
{
	static struct line_decoder decoder;
	struct bytes *files = calloc(argc, sizeof(*files));
	struct total total = { 0 };
	double best = 1e9;

	if (!files || argc < 2) {
		fprintf(stderr, "usage: decoder_rate FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		if (!load(&files[i - 1], argv[i]))
			return 2;
	}
	line_decoder_init(&decoder, LINE_AUTO, add_up, &total);
	for (int i = 0; i < RUNS; i++) {
		double took = decode_s(&decoder, files, argc - 1);

		best = took < best ? took : best;
	}
	fprintf(stderr, "decoded %lu telegrams, energy %lld\n", total.telegrams, total.milli);
	printf("%lu %.6f\n", total.telegrams / RUNS, best);
	return !total.telegrams;
}
