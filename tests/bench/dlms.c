// SPDX-License-Identifier: MIT
/*
 * What a telegram of DLMS costs, from the bytes of a line to quantities: framing, checks, block
 * transfer, encipherment, the list and its scalers. Each figure is the smallest of several, for the
 * machine is noisy.
 */
#include <time.h>

#include "../../userspace/decode/dlms_line.h"
#include "../host/cipher_frames.h"
#include "../host/dlms_apdus.h"
#include "../host/dlms_frames.h"

/* Each is so short that many are not interrupted. */
#define SAMPLES	  400
#define IN_SAMPLE 100

/* An E450 sends 504 bytes in four blocks. */
#define E450_LINE  504
#define E450_BLOCK 107

#define ENTRY(class_id, code) " 0204 1200" class_id " 0906 " code " 0F02 120000"

static const char e450[] =
	"0F 00000001 0C 07E90B14FF08000000800000 0211 0111" ENTRY("28", "0008190900FF")
	ENTRY("01", "00002A0000FF") ENTRY("01", "0000600101FF") ENTRY("08", "0000010000FF")
	ENTRY("03", "0101010800FF") ENTRY("03", "0101020800FF") ENTRY("03", "0101030800FF")
	ENTRY("03", "0101040800FF") ENTRY("03", "0100010700FF") ENTRY("03", "0100020700FF")
	ENTRY("03", "0100200700FF") ENTRY("03", "0100340700FF") ENTRY("03", "0100480700FF")
	ENTRY("03", "01001F0700FF") ENTRY("03", "0100330700FF") ENTRY("03", "0100470700FF")
	ENTRY("01", "0000600E00FF")
	" 0910 'LGZ1030999000001' 0907 '9900001' 090C 07E90B14FF08000000800000 06 00AEEE8F"
	" 06 000C45DA 06 0006C25B 06 00038632 06 000009A5 06 00000000 12 00E5 12 00E6 12 00E8"
	" 06 000002D6 06 0000005C 06 000000C5 11 01";

/* Kamstrup's list in Denmark, the largest without scalers. */
static const char omnipower[] =
	"0F 00000000 0C 07EA030C040F181EFF800000 0219 0A0E 'Kamstrup_V0001'"
	" 0906 0101010800FF 06 00603EAA 0906 0101020800FF 06 00000000"
	" 0906 0101000001FF 06 00BC5868 0906 0101010700FF 06 0000043B"
	" 0906 0101200700FF 12 00DE 0906 0101340700FF 12 00DD 0906 0101480700FF 12 00E3"
	" 0906 01011F0700FF 06 00000039 0906 0101330700FF 06 000000E4"
	" 0906 0101470700FF 06 0000014D 0906 0101150700FF 06 00000024"
	" 0906 0101290700FF 06 000001A8";

static const struct meter_keys keys = {
	.key = { 1, 2, 3, 4 },
	.auth_key = { 5, 6, 7, 8 },
	.has_auth_key = true,
};

/** struct bench - bytes of a line, and what is read of them */
struct bench {
	const char *name;
	u8 line[1024];
	size_t len;
	struct dlms_reading reading;
	u64 quantities;
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static size_t take_apdu(void *context, const struct dlms_apdu *apdu)
{
	static const struct dlms_settings none;
	struct bench *b = context;

	return dlms_reading_parse(&b->reading, &none, apdu);
}

static void take_reading(void *context)
{
	struct bench *b = context;

	b->quantities += reading_has(&b->reading.values, Q_power_import);
}

static double sample_us(struct dlms_line *l, const struct bench *b, size_t chunk)
{
	double begin = now_us();

	for (unsigned int i = 0; i < IN_SAMPLE; i++)
		for (size_t at = 0; at < b->len; at += chunk)
			dlms_line_feed(l, b->line + at, chunk < b->len - at ? chunk : b->len - at,
				       0);
	return (now_us() - begin) / IN_SAMPLE;
}

/* @chunk: bytes that are fed at once: a serial line gives them one by one, a socket many. */
static void measure(struct bench *b, size_t chunk)
{
	const struct dlms_out out = { .apdu = take_apdu, .done = take_reading, .context = b };
	struct dlms_line *l = dlms_line_new(DLMS_AUTO, &keys, &out);
	double best = 1e9;

	b->quantities = 0;
	for (unsigned int i = 0; l && i < SAMPLES; i++) {
		double took = sample_us(l, b, chunk);

		best = took < best ? took : best;
	}
	if (!l || b->quantities != SAMPLES * IN_SAMPLE) {
		fprintf(stderr, "dlms: %s is not read\n", b->name);
		exit(1);
	}
	printf("bench dlms.%s.chunk%zu %.2f us/telegram\n", b->name, chunk, best);
	dlms_line_free(l);
}

static size_t encipher(u8 *message, const struct apdu *apdu)
{
	const struct cipher_frame f = {
		.keys = &keys,
		.title = "LGZSIMUL",
		.counter = 1,
		.control = 0x30,
		.text = apdu->bytes,
		.len = apdu->len,
	};

	return cipher_frame(&f, message);
}

static void measure_e450(struct bench *b, const struct apdu *apdu)
{
	b->name = "e450";
	b->len = hdlc_blocks_of(b->line, apdu->bytes, apdu->len, E450_BLOCK);
	if (b->len != E450_LINE)
		exit(1);
	measure(b, 64);
	measure(b, 1);
}

static void measure_others(struct bench *b, struct apdu *apdu)
{
	u8 message[600];
	size_t len = encipher(message, apdu);

	b->name = "e450.encrypted";
	b->len = hdlc_blocks_of(b->line, message, len, E450_BLOCK + 8);
	measure(b, 64);
	b->name = "mbus.encrypted";
	b->len = mbus_segments_of(b->line, message, len, 245);
	measure(b, 64);
	b->name = "am550";
	b->len = hdlc_segments_of(b->line, apdu->bytes, apdu->len, 166);
	measure(b, 64);
	apdu->len = 0;
	apdu_add(apdu, omnipower);
	b->name = "omnipower.encrypted";
	b->len = hdlc_segments_of(b->line, message, encipher(message, apdu), 500);
	measure(b, 64);
}

int main(void)
{
	static struct bench b;
	static struct apdu apdu;

	apdu_add(&apdu, e450);
	measure_e450(&b, &apdu);
	measure_others(&b, &apdu);
	return 0;
}
