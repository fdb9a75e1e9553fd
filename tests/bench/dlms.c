// SPDX-License-Identifier: MIT
/*
 * What a telegram of DLMS costs, from the bytes of a line to plain APDUs: framing, checks, block
 * transfer, encipherment. Each figure is the smallest of several, for the machine is noisy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../userspace/decode/dlms_line.h"
#include "../host/cipher_frames.h"
#include "../host/dlms_frames.h"

/* Each is so short that many are not interrupted. */
#define SAMPLES	  400
#define IN_SAMPLE 100

/* The APDU of an E450: 504 bytes on the line, in four blocks. */
#define E450_BODY  415
#define E450_BLOCK 107

static const struct meter_keys keys = {
	.key = { 1, 2, 3, 4 },
	.auth_key = { 5, 6, 7, 8 },
	.has_auth_key = true,
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

/* Where the body would be parsed. */
static size_t take(void *context, const struct dlms_apdu *apdu)
{
	(void)context;
	return apdu->len;
}

static size_t encipher(u8 *message, const u8 *apdu, size_t len)
{
	const struct cipher_frame f = {
		.keys = &keys,
		.title = "LGZSIMUL",
		.counter = 1,
		.control = 0x30,
		.text = apdu,
		.len = len,
	};

	return cipher_frame(&f, message);
}

static double sample_us(struct dlms_line *l, const u8 *line, size_t len, size_t chunk)
{
	double begin = now_us();

	for (unsigned int i = 0; i < IN_SAMPLE; i++)
		for (size_t at = 0; at < len; at += chunk)
			dlms_line_feed(l, line + at, chunk < len - at ? chunk : len - at, 0);
	return (now_us() - begin) / IN_SAMPLE;
}

static void measure(const char *name, const u8 *line, size_t len, size_t chunk)
{
	const struct dlms_out out = { .apdu = take };
	struct dlms_line *l = dlms_line_new(DLMS_AUTO, &keys, &out);
	double best = 1e9;

	for (unsigned int i = 0; l && i < SAMPLES; i++) {
		double took = sample_us(l, line, len, chunk);

		best = took < best ? took : best;
	}
	if (!l || dlms_line_counts(l)->apdus != SAMPLES * IN_SAMPLE) {
		fprintf(stderr, "dlms: %s is not read\n", name);
		exit(1);
	}
	printf("bench dlms.frames.%s.chunk%zu %.2f us/telegram\n", name, chunk, best);
	dlms_line_free(l);
}

int main(void)
{
	u8 apdu[512], message[600], line[1024];
	const size_t apdu_len = notification_of(apdu, 1, E450_BODY);
	const size_t message_len = encipher(message, apdu, apdu_len);
	size_t len = hdlc_blocks_of(line, apdu, apdu_len, E450_BLOCK);

	measure("e450", line, len, 64);
	measure("e450", line, len, 1);
	len = hdlc_blocks_of(line, message, message_len, E450_BLOCK + 8);
	measure("e450.encrypted", line, len, 64);
	len = hdlc_segments_of(line, apdu, apdu_len, 166);
	measure("am550", line, len, 64);
	len = mbus_segments_of(line, message, message_len, 245);
	measure("mbus.encrypted", line, len, 64);
	return 0;
}
