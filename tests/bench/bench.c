// SPDX-License-Identifier: MIT
/*
 * What decoding costs: nanoseconds for a byte, from bytes to fields and quantities, side by side
 * with one pass of a CRC-16 by slices of 8 over the same bytes.
 *
 *	bench NAME=FILE[,KEYS]...
 *
 * The machine is noisy: all figures are taken in turns, each is the smallest of several medians.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../userspace/decode/stream.h"
#include "quantities.h"

/* At least so many bytes in one sample, so that it takes milliseconds. */
#define SAMPLE_BYTES (512u << 10)
#define SAMPLES 9
#define MEDIANS 7

static const size_t chunks[] = { 1, 16, 64, 1024 };

#define CHUNKS (sizeof(chunks) / sizeof(chunks[0]))

struct input {
	const char *name;
	unsigned char *bytes;
	size_t len;
	struct stream stream;
	double best_ns[CHUNKS];
	double best_crc_ns;
};

/* What was decoded, so that nothing is optimised away; printed at the end. */
struct total {
	unsigned long telegrams;
	long long milli;
	unsigned int crc;
};

static void add_up(void *context, const struct telegram *telegram)
{
	struct total *total = context;
	struct reading reading;

	telegram_quantities(telegram, &reading);
	total->telegrams++;
	if (reading_has(&reading, Q_energy_import))
		total->milli += reading.milli[Q_energy_import];
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int load(struct input *input, const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file || fseek(file, 0, SEEK_END)) {
		perror(path);
		return -1;
	}
	input->len = ftell(file);
	rewind(file);
	input->bytes = malloc(input->len);
	if (!input->len || !input->bytes ||
	    fread(input->bytes, 1, input->len, file) != input->len) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	return fclose(file);
}

/* With the keys in a file, when there is one. */
static int begin(struct input *input, const char *keys_path, struct total *total)
{
	struct meter_keys *keys = keys_path ? meter_keys_read(keys_path) : NULL;

	if ((keys_path && !keys) ||
	    !stream_init(&input->stream, LINE_AUTO, keys, add_up, total))
		return -1;
	meter_keys_free(keys);
	return 0;
}

static double decode_ns(struct input *input, size_t chunk)
{
	unsigned int times = (SAMPLE_BYTES + input->len - 1) / input->len;
	double start = now_ns();
	unsigned int i;
	size_t at;

	for (i = 0; i < times; i++) {
		for (at = 0; at + chunk <= input->len; at += chunk)
			stream_feed(&input->stream, input->bytes + at, chunk, 0);
		stream_feed(&input->stream, input->bytes + at, input->len - at, 0);
	}
	return (now_ns() - start) / ((double)input->len * times);
}

static double crc_ns(struct input *input, struct total *total)
{
	unsigned int times = (SAMPLE_BYTES + input->len - 1) / input->len;
	double start = now_ns();
	unsigned int i;

	for (i = 0; i < times; i++)
		total->crc += crc16_arc(total->crc, input->bytes, input->len);
	return (now_ns() - start) / ((double)input->len * times);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void keep_best(double *best, double *samples)
{
	qsort(samples, SAMPLES, sizeof(*samples), compare);
	if (samples[SAMPLES / 2] < *best)
		*best = samples[SAMPLES / 2];
}

static void measure(struct input *input, struct total *total)
{
	double samples[CHUNKS + 1][SAMPLES];
	unsigned int i, k;

	for (i = 0; i < SAMPLES; i++) {
		for (k = 0; k < CHUNKS; k++)
			samples[k][i] = decode_ns(input, chunks[k]);
		samples[CHUNKS][i] = crc_ns(input, total);
	}
	for (k = 0; k < CHUNKS; k++)
		keep_best(&input->best_ns[k], samples[k]);
	keep_best(&input->best_crc_ns, samples[CHUNKS]);
}

static void print(const struct input *input)
{
	unsigned int k;

	for (k = 0; k < CHUNKS; k++)
		printf("bench %s.chunk%zu %.2f ns/byte\n", input->name, chunks[k],
		       input->best_ns[k]);
	printf("bench crc16.slicing8.%s %.2f ns/byte\n", input->name, input->best_crc_ns);
}

int main(int argc, char **argv)
{
	struct total total = { 0 };
	struct input *inputs;
	int i, k, status = 0;

	inputs = calloc(argc, sizeof(*inputs));
	if (!inputs || argc < 2) {
		fprintf(stderr, "usage: bench NAME=FILE[,KEYS]...\n");
		return 2;
	}
	for (i = 1; i < argc; i++) {
		struct input *input = &inputs[i];
		char *path = strchr(argv[i], '='), *keys;

		if (!path) {
			fprintf(stderr, "%s: not NAME=FILE\n", argv[i]);
			return 2;
		}
		*path++ = '\0';
		keys = strchr(path, ',');
		if (keys)
			*keys++ = '\0';
		input->name = argv[i];
		if (load(input, path) || begin(input, keys, &total))
			return 2;
		input->best_crc_ns = 1e9;
		for (k = 0; k < (int)CHUNKS; k++)
			input->best_ns[k] = 1e9;
	}
	for (k = 0; k < MEDIANS; k++) {
		for (i = 1; i < argc; i++)
			measure(&inputs[i], &total);
	}
	for (i = 1; i < argc; i++) {
		if (!inputs[i].stream.line.stats.telegrams) {
			fprintf(stderr, "%s: no telegram was decoded\n", inputs[i].name);
			status = 1;
		}
		print(&inputs[i]);
		stream_release(&inputs[i].stream);
		free(inputs[i].bytes);
	}
	printf("bench state.line_decoder %zu bytes\n", sizeof(struct line_decoder));
	printf("bench state.tic %zu bytes\n", sizeof(struct tic_decoder));
	printf("bench state.p1 %zu bytes\n", sizeof(struct p1_decoder));
	fprintf(stderr, "decoded %lu telegrams, energy %lld, crc %04x\n", total.telegrams,
		total.milli, total.crc & 0xffff);
	free(inputs);
	return status;
}
