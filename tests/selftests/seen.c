// SPDX-License-Identifier: MIT
/*
 * Lines that the module cannot read are named in `seen`, so that tools can say what to use.
 */
#include "selftest.h"

static void add_bytes(struct text *t, const void *bytes, size_t count)
{
	require(t->len + count < sizeof(t->bytes));
	memcpy(t->bytes + t->len, bytes, count);
	t->len += count;
}

static void add_noise(struct text *t, size_t count, unsigned int *seed)
{
	uint8_t byte;

	while (count--) {
		byte = rand_r(seed) >> 8;
		add_bytes(t, &byte, 1);
	}
}

/* CRC-16/X.25, of HDLC. */
static uint16_t crc16_x25(const char *bytes, size_t len)
{
	uint16_t crc = 0xffff;
	int bit;

	while (len--) {
		crc ^= (uint8_t)*bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	return ~crc;
}

/* An HDLC frame of format 3 with both check sequences. */
static void add_hdlc(struct text *t, unsigned int info, unsigned int *seed)
{
	unsigned int len = 10 + info;
	uint8_t head[] = { 0xa0 | len >> 8, len & 0xff, 0xce, 0xff, 0x03, 0x13 };
	size_t start;
	uint16_t crc;

	add_bytes(t, "\x7e", 1);
	start = t->len;
	add_bytes(t, head, sizeof(head));
	crc = crc16_x25(t->bytes + start, t->len - start);
	add_bytes(t, &crc, 2);
	add_noise(t, info, seed);
	crc = crc16_x25(t->bytes + start, t->len - start);
	add_bytes(t, &crc, 2);
	add_bytes(t, "\x7e", 1);
}

/* A long frame of wired M-Bus. */
static void add_mbus(struct text *t, uint8_t len, unsigned int *seed)
{
	uint8_t head[] = { 0x68, len, len, 0x68, 0x53, 0xff, 0x00, 0x01, 0x67 }, sum = 0;
	size_t i, start;

	add_bytes(t, head, sizeof(head));
	start = t->len - 5;
	add_noise(t, len - 5, seed);
	for (i = start; i < t->len; i++)
		sum += t->bytes[i];
	add_bytes(t, &sum, 1);
	add_bytes(t, "\x16", 1);
}

/* P1 in general-glo-ciphering: tag, system title, length, security control, counter, text. */
static void add_encrypted_p1(struct text *t, unsigned int *seed)
{
	static const uint8_t head[] = {
		0xdb, 0x08, 'S', 'A', 'G', 'g', 'p', 0x00, 0x01, 0xd3, 0x82, 0x02, 0x11, 0x30,
	};

	add_bytes(t, head, sizeof(head));
	add_noise(t, 0x211 - 1, seed);
}

static void silent_line_has_seen_nothing(void)
{
	struct line l;

	line_attach(&l);
	require(attr_is(&l, "seen", "nothing"));
}

static void noise_is_seen_as_garbage(void)
{
	struct text t = { 0 };
	unsigned int seed = 3;
	struct line l;

	line_attach(&l);
	add_noise(&t, 4000, &seed);
	line_feed_text(&l, &t);
	line_sync(&l);
	require_attr(&l, "seen", "garbage");
	require(attr_is(&l, "state", "searching"));
}

static void encrypted_p1_is_named(void)
{
	struct text t = { 0 };
	unsigned int seed = 4;
	struct line l;
	int i;

	line_attach(&l);
	for (i = 0; i < 6; i++)
		add_encrypted_p1(&t, &seed);
	line_feed_text(&l, &t);
	line_sync(&l);
	require_attr(&l, "seen", "p1-encrypted");
}

static void hdlc_is_named(void)
{
	struct text t = { 0 };
	unsigned int seed = 5;
	struct line l;
	int i;

	line_attach(&l);
	for (i = 0; i < 6; i++)
		add_hdlc(&t, 200, &seed);
	line_feed_text(&l, &t);
	line_sync(&l);
	require_attr(&l, "seen", "hdlc");
}

static void mbus_is_named(void)
{
	struct text t = { 0 };
	unsigned int seed = 6;
	struct line l;
	int i;

	line_attach(&l);
	for (i = 0; i < 6; i++)
		add_mbus(&t, 0xfa, &seed);
	line_feed_text(&l, &t);
	line_sync(&l);
	require_attr(&l, "seen", "mbus");
}

static void nothing_is_seen_once_telegrams_are_read(void)
{
	struct text t = { 0 };
	unsigned int seed = 7;
	struct line l;

	line_attach(&l);
	add_noise(&t, 4000, &seed);
	tic_base(&t, 1000, 420);
	line_feed_text(&l, &t);
	require_attr(&l, "state", "locked");
	require_attr_error(&l, "seen", -ENODATA);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(silent_line_has_seen_nothing),
		TEST(noise_is_seen_as_garbage),
		TEST(encrypted_p1_is_named),
		TEST(hdlc_is_named),
		TEST(mbus_is_named),
		TEST(nothing_is_seen_once_telegrams_are_read),
	};

	return selftest_main(tests, ARRAY_SIZE(tests), argc, argv);
}
