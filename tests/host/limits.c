// SPDX-License-Identifier: MIT
/*
 * Telegrams that are too long, cut off, inside each other, without an end; garbage; and what a line
 * seems to carry.
 */
#include <time.h>

#include "host.h"

#define BYTES_MAX (1 << 20)

/** struct stream - bytes under construction */
struct stream {
	u8 *bytes;
	size_t len;
};

static struct stream stream_new(void)
{
	return (struct stream){ .bytes = calloc(1, BYTES_MAX) };
}

static void put(struct stream *s, const void *bytes, size_t len)
{
	if (s->len + len > BYTES_MAX)
		abort();
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
}

static void put_text(struct stream *s, const char *text)
{
	put(s, text, strlen(text));
}

/* A good TIC frame: 38 bytes. */
static void put_frame(struct stream *s)
{
	static const char *const groups[] = { "ADCO 992461000042", "BASE 000000123" };
	u8 frame[128];

	put(s, frame, tic_frame_of(frame, sizeof(frame), groups, COUNT(groups)));
}

/* A good P1 telegram with a CRC. */
static void put_p1(struct stream *s)
{
	u8 telegram[256];

	put(s, telegram, p1_with_crc(telegram, sizeof(telegram),
				     "/ABC5TEST\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n!"));
}

/* Whether exactly @telegrams are read and @oversize are counted, in chunks of any size. */
static bool gives(struct stream *s, size_t telegrams, u64 oversize)
{
	static const size_t chunks[] = { 0, 1, 64, 1000 };
	bool kept = true;

	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct telegram_stats stats;
		struct said said = decode(LINE_AUTO, s->bytes, s->len, chunks[i], &stats);

		if (said.telegrams != telegrams || stats.oversize != oversize)
			kept = broken("chunks of %zu: %zu telegrams, %llu oversize; expected %zu, %llu",
				      chunks[i], said.telegrams, (unsigned long long)stats.oversize,
				      telegrams, (unsigned long long)oversize);
		said_free(&said);
	}
	free(s->bytes);
	*s = (struct stream){ 0 };
	return kept;
}

/* From STX to ETX @len bytes: one group of text with a good checksum, others of text before it. */
static void put_long_frame(struct stream *s, size_t len)
{
	static const char text[] = "\nMSG1 XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX";
	size_t end = s->len + len - 1;

	put_text(s, "\002");
	while (s->len + sizeof(text) < end)
		put_text(s, text);
	while (s->len < end)
		put_text(s, "\r");
	put_text(s, "\003");
}

static bool a_frame_of_2048_bytes_is_read_a_longer_one_dropped_whole(const char **skip)
{
	struct stream s = stream_new();
	size_t begin;

	(void)skip;
	put_frame(&s);
	begin = s.len;
	put_long_frame(&s, METERLINE_TIC_MAX_BYTES);
	memcpy(s.bytes + begin + 1, "\nBASE 000000123 Q\r", 18);
	put_frame(&s);
	if (!gives(&s, 3, 0))
		return false;
	s = stream_new();
	put_frame(&s);
	begin = s.len;
	put_long_frame(&s, METERLINE_TIC_MAX_BYTES + 1);
	memcpy(s.bytes + begin + 1, "\nBASE 000000123 Q\r", 18);
	put_frame(&s);
	return gives(&s, 2, 1);
}

static void put_groups(struct stream *s, unsigned int count)
{
	put_text(s, "\002");
	for (unsigned int i = 0; i < count; i++)
		put_text(s, "\nPPOT 00 #\r");
	put_text(s, "\003");
}

static bool a_frame_of_128_groups_is_read_one_of_129_dropped_whole(const char **skip)
{
	struct stream s = stream_new();

	(void)skip;
	put_groups(&s, METERLINE_TIC_MAX_GROUPS);
	put_frame(&s);
	if (!gives(&s, 2, 0))
		return false;
	s = stream_new();
	put_frame(&s);
	put_groups(&s, METERLINE_TIC_MAX_GROUPS + 1);
	put_frame(&s);
	return gives(&s, 2, 1);
}

/* From '/' to the CRC's last digit @len bytes. */
static void put_long_p1(struct stream *s, size_t len)
{
	char text[2 * METERLINE_P1_MAX_BYTES];
	u8 telegram[sizeof(text)];
	size_t at = snprintf(text, sizeof(text), "/ABC5TEST\r\n\r\n0-0:96.13.0(");

	while (at < len - 8)
		text[at++] = '3';
	snprintf(text + at, sizeof(text) - at, ")\r\n!");
	put(s, telegram, p1_with_crc(telegram, sizeof(telegram), text));
}

static bool a_p1_telegram_of_4608_bytes_is_read_a_longer_one_dropped_whole(const char **skip)
{
	struct stream s = stream_new();

	(void)skip;
	put_p1(&s);
	put_long_p1(&s, METERLINE_P1_MAX_BYTES);
	put_p1(&s);
	if (!gives(&s, 3, 0))
		return false;
	s = stream_new();
	put_p1(&s);
	put_long_p1(&s, METERLINE_P1_MAX_BYTES + 1);
	put_p1(&s);
	return gives(&s, 2, 1);
}

static void put_lines(struct stream *s, unsigned int count)
{
	char text[METERLINE_P1_MAX_BYTES];
	u8 telegram[sizeof(text)];
	size_t at = snprintf(text, sizeof(text), "/ABC5TEST\r\n\r\n");

	for (unsigned int i = 0; i < count; i++)
		at += snprintf(text + at, sizeof(text) - at, "1-0:1.8.%u(1)\r\n", i % 10);
	snprintf(text + at, sizeof(text) - at, "!");
	put(s, telegram, p1_with_crc(telegram, sizeof(telegram), text));
}

static bool a_p1_telegram_of_192_lines_is_read_one_of_193_dropped_whole(const char **skip)
{
	struct stream s = stream_new();

	(void)skip;
	put_lines(&s, METERLINE_P1_MAX_LINES);
	put_p1(&s);
	if (!gives(&s, 2, 0))
		return false;
	s = stream_new();
	put_p1(&s);
	put_lines(&s, METERLINE_P1_MAX_LINES + 1);
	put_p1(&s);
	return gives(&s, 2, 1);
}

static bool an_endless_telegram_is_dropped_and_the_next_one_read(const char **skip)
{
	struct stream s = stream_new();

	(void)skip;
	put_frame(&s);
	put_text(&s, "\002");
	while (s.len < BYTES_MAX / 2)
		put_text(&s, "\nMSG1 ENDLESS");
	put_frame(&s);
	if (!gives(&s, 2, 1))
		return false;
	s = stream_new();
	put_p1(&s);
	put_text(&s, "/ABC5TEST\r\n");
	while (s.len < BYTES_MAX / 2)
		put_text(&s, "1-0:1.8.0(000123.456*kWh)\r\n");
	put_p1(&s);
	return gives(&s, 2, 1);
}

static bool a_beginning_inside_a_telegram_drops_what_was_open(const char **skip)
{
	struct telegram_stats stats;
	struct stream s = stream_new();
	struct said said;
	bool kept;

	(void)skip;
	put_text(&s, "\002\nADCO 992461000041 9\r");
	put_frame(&s);
	said = decode(LINE_TIC, s.bytes, s.len, 0, &stats);
	kept = said.telegrams == 1 && stats.resyncs == 1 && !strstr(said.fields.at, "000041");
	said_free(&said);
	s.len = 0;
	put_text(&s, "/ABC5OLD\r\n\r\n1-0:1.8.1(000001.000*kWh)\r\n");
	put_p1(&s);
	said = decode(LINE_P1, s.bytes, s.len, 0, &stats);
	kept &= said.telegrams == 1 && stats.resyncs == 1 && !strstr(said.fields.at, "1.8.1");
	said_free(&said);
	free(s.bytes);
	return kept || broken("not one telegram and one resync");
}

static bool one(const char *text, unsigned int telegrams)
{
	struct said said = decode(LINE_P1, (const u8 *)text, strlen(text), 1, NULL);
	bool kept = said.telegrams == telegrams;

	if (!kept)
		broken("%zu telegrams, expected %u, in %s", said.telegrams, telegrams, text);
	said_free(&said);
	return kept;
}

static bool a_slash_without_three_letters_begins_nothing(const char **skip)
{
	(void)skip;
	return one("/ABC5TEST\r\n\r\n0-0:96.13.0(a/b/12)\r\n1-0:1.8.0(1*kWh)\r\n!\r\n", 1) &
	       one("/A1C5TEST\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n", 0) &
	       one("//ABC5TEST\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n", 1) &
	       one("/AB/ABC5TEST\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n", 1);
}

static bool an_exclamation_mark_inside_a_telegram_is_not_its_end(const char **skip)
{
	(void)skip;
	return one("/ABC5TE!ST\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n", 1) &
	       one("/ABC5TEST\r\n\r\n0-0:96.13.0(wow! 12)\r\n1-0:1.8.0(1*kWh)\r\n!\r\n", 1) &
	       one("/ABC5TEST\r\n\r\n!\r\n", 0);
}

static bool a_pause_ends_a_telegram_that_has_no_line_end(const char **skip)
{
	static const char text[] = "/ABC5TEST\r\n\r\n1-0:1.8.0(1*kWh)\r\n!";
	struct said said = { .telegrams = 0 };
	struct line_decoder *d = malloc(sizeof(*d));
	bool kept;

	(void)skip;
	line_decoder_init(d, LINE_AUTO, say_telegram, &said);
	line_decoder_feed(d, (const u8 *)text, sizeof(text) - 2, 0);
	kept = !line_decoder_waits_for_pause(d);
	line_decoder_feed(d, (const u8 *)"!", 1, 0);
	kept &= line_decoder_waits_for_pause(d) && !said.telegrams;
	line_decoder_pause(d);
	kept &= said.telegrams == 1 && !line_decoder_waits_for_pause(d);
	line_decoder_pause(d);
	kept &= said.telegrams == 1;
	free(d);
	said_free(&said);
	return kept || broken("the pause did not end it once");
}

static bool a_good_crc_ends_a_telegram_at_once(const char **skip)
{
	struct stream s = stream_new();
	struct said said = { .telegrams = 0 };
	struct line_decoder *d = malloc(sizeof(*d));
	bool kept;

	(void)skip;
	put_p1(&s);
	line_decoder_init(d, LINE_P1, say_telegram, &said);
	line_decoder_feed(d, s.bytes, s.len - 3, 0);
	kept = !said.telegrams;
	line_decoder_feed(d, s.bytes + s.len - 3, 1, 0);
	kept &= said.telegrams == 1 && !line_decoder_waits_for_pause(d);
	line_decoder_feed(d, s.bytes + s.len - 2, 2, 0);
	line_decoder_pause(d);
	kept &= said.telegrams == 1;
	free(d);
	free(s.bytes);
	said_free(&said);
	return kept || broken("not one telegram at its last digit");
}

/* 7E1 for most of the stream: the group with the wrong parity is dropped, and bit 7 masked. */
static bool parity_is_believed_above_nine_tenths_and_masked_otherwise(const char **skip)
{
	struct stream s = stream_new();
	struct telegram_stats stats;
	struct said said;
	bool kept;

	(void)skip;
	put_frame(&s);
	put_frame(&s);
	add_parity(s.bytes, s.len);
	s.bytes[s.len - 6] ^= 0x80;
	said = decode(LINE_TIC, s.bytes, s.len, 0, &stats);
	kept = said.telegrams == 2 && stats.bad_parity == 1;
	said_free(&said);
	for (size_t i = 0; i < s.len; i += 3)
		s.bytes[i] ^= 0x80;
	said = decode(LINE_TIC, s.bytes, s.len, 0, &stats);
	kept &= said.telegrams == 2 && stats.bad_parity == 0;
	said_free(&said);
	free(s.bytes);
	return kept || broken("other counts of parity");
}

static bool a_telegram_without_a_good_line_or_group_is_none(const char **skip)
{
	static const char frame[] = "\002\nBASE 000000123 !\r\003";
	struct said said = decode(LINE_TIC, (const u8 *)frame, sizeof(frame) - 1, 0, NULL);
	bool kept = !said.telegrams;

	(void)skip;
	said_free(&said);
	return kept & one("/ABC5TEST\r\n\r\nnothing here\r\n!\r\n", 0);
}

/* Bytes of an alphabet, by lot. */
static void fill(u8 *bytes, size_t len, const u8 *alphabet, u32 count, u64 seed)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = alphabet[lot(&seed, count)];
}

static bool a_mebibyte_of_garbage_gives_no_telegram(const char **skip)
{
	u8 any[256], *bytes = malloc(BYTES_MAX);
	bool kept = true;

	(void)skip;
	for (unsigned int i = 0; i < 256; i++)
		any[i] = i;
	for (u64 seed = 1; seed <= 4; seed++) {
		struct telegram_stats stats;
		struct said said;

		fill(bytes, BYTES_MAX, any + (seed == 2 ? 0x20 : 0), seed == 2 ? 95 :
		     seed == 3 ? 128 : 256, seed);
		said = decode(LINE_AUTO, bytes, BYTES_MAX, 1000, &stats);
		if (said.telegrams || stats.bytes != BYTES_MAX)
			kept = broken("seed %llu gives %s", (unsigned long long)seed,
				      said.fields.at);
		said_free(&said);
	}
	free(bytes);
	return kept;
}

static const char *const alphabets[] = {
	"\002\003\nABCDEFGH01 \r", "\002\n\r\t 0", "/ABC!", "/ABC\r\n!0123", "\002", "!", "/", "\n",
	"\003\004", "(", ")(", "1-0:1.8.0()\r\n!/ABC", "\x7e\xa0\x68\xdb\x08\n", "\x68", "\002\003",
};

static bool is_read_as(const u8 *bytes, size_t len, unsigned int protocol,
		       struct said (*reference)(const u8 *, size_t))
{
	struct said rules = reference(bytes, len), said = { .fields_only = true };
	struct line_decoder *d = malloc(sizeof(*d));
	bool same;

	line_decoder_init(d, protocol, say_telegram, &said);
	line_decoder_feed(d, bytes, len, 0);
	line_decoder_pause(d);
	free(d);
	same = same_said(&said, &rules);
	if (!same)
		broken("%zu telegrams, by the rules %zu", said.telegrams, rules.telegrams);
	said_free(&said);
	said_free(&rules);
	return same;
}

static bool garbage_of_meaningful_bytes_is_read_as_the_rules_say(const char **skip)
{
	const size_t len = 1 << 15;
	u8 *bytes = malloc(len);
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(alphabets); i++) {
		fill(bytes, len, (const u8 *)alphabets[i], strlen(alphabets[i]), i);
		if (!is_read_as(bytes, len, LINE_TIC, tic_reference) ||
		    !is_read_as(bytes, len, LINE_P1, p1_reference))
			kept = broken("alphabet %zu", i);
	}
	free(bytes);
	return kept;
}

static u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The smallest of three, for other programs run beside this one. */
static u64 cost_ns(const u8 *bytes, size_t len)
{
	u64 least = ~0ull;

	for (int i = 0; i < 3; i++) {
		u64 begin = cpu_ns();
		struct said said = decode(LINE_AUTO, bytes, len, 64, NULL);

		said_free(&said);
		begin = cpu_ns() - begin;
		least = begin < least ? begin : least;
	}
	return least;
}

static size_t repeat(u8 *bytes, size_t len, const char *head, const char *text)
{
	size_t at = strlen(head), text_len = strlen(text);

	memcpy(bytes, head, at);
	for (; at + text_len <= len; at += text_len)
		memcpy(bytes + at, text, text_len);
	return at;
}

/* A cost per byte that grows with the length of what is open would be hundreds of times as much. */
static bool no_garbage_costs_many_times_a_good_stream(const char **skip)
{
	static const char *const heads[][2] = {
		{ "/ABC5TEST\r\n", "!0000 x" },	     { "/ABC5TEST\r\n", "!" },
		{ "/ABC5TEST\r\n", "!1\r" },	     { "/ABC5TEST\r\n", "/AB" },
		{ "", "/ABC" },			     { "/ABC5TEST\r\n1-0:1.8.0(", "\n1-0:1." },
		{ "/ABC5TEST\r\n", "!0000/" },	     { "\002", "\n" },
		{ "\002", "A" },		     { "\002", "A 1 A\t" },
		{ "", "\002" },			     { "", "\002A\003" },
		{ "", "\x7e\xa0" },		     { "", "\x68" },
		{ "/ABC5\r\n1-0:1.8.0", "(\r\n" },
	};
	const size_t len = 1 << 17;
	struct stream good = stream_new();
	u8 *bytes = malloc(len);
	u64 least;
	bool kept = true;

	(void)skip;
	while (good.len < len)
		put_frame(&good);
	least = cost_ns(good.bytes, len);
	for (size_t i = 0; i < COUNT(heads); i++) {
		size_t used = repeat(bytes, len, heads[i][0], heads[i][1]);
		u64 cost = cost_ns(bytes, used);

		if (cost > 20 * least)
			kept = broken("stream %zu costs %llu times a good one", i,
				      (unsigned long long)(cost / least));
	}
	for (size_t i = 0; i < COUNT(alphabets); i++) {
		u64 cost;

		fill(bytes, len, (const u8 *)alphabets[i], strlen(alphabets[i]), i);
		cost = cost_ns(bytes, len);
		if (cost > 20 * least)
			kept = broken("alphabet %zu costs %llu times a good stream", i,
				      (unsigned long long)(cost / least));
	}
	free(good.bytes);
	free(bytes);
	return kept;
}

static bool seems(const char *name, const u8 *bytes, size_t len, enum line_seen seen)
{
	struct said said = { .telegrams = 0 };
	struct line_decoder *d = malloc(sizeof(*d));
	enum line_seen got;

	line_decoder_init(d, LINE_AUTO, say_telegram, &said);
	line_decoder_feed(d, bytes, len, 0);
	got = line_decoder_seen(d);
	said_free(&said);
	free(d);
	return got == seen ||
	       broken("%s seems %s, expected %s", name, line_seen_name(got), line_seen_name(seen));
}

static bool a_silent_line_and_a_read_one_seem_nothing(const char **skip)
{
	struct stream s = stream_new();
	bool kept;

	(void)skip;
	put_frame(&s);
	kept = seems("silence", s.bytes, 0, SEEN_NOTHING) &
	       seems("a frame", s.bytes, s.len, SEEN_NOTHING) &
	       seems("half a frame", s.bytes, s.len / 2, SEEN_NOTHING);
	free(s.bytes);
	return kept;
}

static bool noise_seems_garbage(const char **skip)
{
	u8 bytes[8192], any[256];

	(void)skip;
	for (unsigned int i = 0; i < 256; i++)
		any[i] = i;
	fill(bytes, sizeof(bytes), any, 256, 1);
	return seems("noise", bytes, sizeof(bytes), SEEN_GARBAGE);
}

/* System title and invocation counter are invented; the rest is what cipher looks like. */
static bool encrypted_p1_is_named(const char **skip)
{
	static const u8 head[] = { 0xdb, 0x08, 'S', 'I', 'M', 0, 0, 0, 0, 42, 0x82, 0x01, 0xf2,
				   0x30, 0, 0, 0, 1 };
	u8 bytes[2048], any[256];

	(void)skip;
	for (unsigned int i = 0; i < 256; i++)
		any[i] = i;
	fill(bytes, sizeof(bytes), any, 256, 2);
	for (size_t at = 0; at + 512 <= sizeof(bytes); at += 511)
		memcpy(bytes + at, head, sizeof(head));
	return seems("encrypted P1", bytes, sizeof(bytes), SEEN_P1_ENCRYPTED);
}

/* CRC-16/X-25 (IEC 62056-46 6.4.4), low byte first. */
static void put_hcs(u8 *frame, size_t len)
{
	u16 crc = 0xffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= frame[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x8408 : crc >> 1;
	}
	crc ^= 0xffff;
	frame[len] = crc;
	frame[len + 1] = crc >> 8;
}

static bool hdlc_is_named(const char **skip)
{
	u8 bytes[1024], any[256];

	(void)skip;
	for (unsigned int i = 0; i < 256; i++)
		any[i] = i;
	fill(bytes, sizeof(bytes), any, 256, 3);
	for (size_t at = 0; at + 128 <= sizeof(bytes); at += 123) {
		static const u8 head[] = { 0x7e, 0xa0, 0x79, 0x01, 0x02, 0x01, 0x10 };

		memcpy(bytes + at, head, sizeof(head));
		put_hcs(bytes + at + 1, sizeof(head) - 1);
	}
	return seems("HDLC", bytes, sizeof(bytes), SEEN_HDLC);
}

static bool mbus_is_named(const char **skip)
{
	u8 bytes[1024], any[256];

	(void)skip;
	for (unsigned int i = 0; i < 256; i++)
		any[i] = i;
	fill(bytes, sizeof(bytes), any, 256, 4);
	for (size_t at = 0; at + 256 <= sizeof(bytes); at += 256) {
		static const u8 head[] = { 0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0x00, 0x01 };

		memcpy(bytes + at, head, sizeof(head));
	}
	return seems("M-Bus", bytes, sizeof(bytes), SEEN_MBUS);
}

static bool a_line_that_changes_its_protocol_is_read_after_relearning(const char **skip)
{
	struct stream tic = stream_new(), p1 = stream_new();
	struct said said = { .telegrams = 0 };
	struct line_decoder *d = malloc(sizeof(*d));
	bool kept;

	(void)skip;
	put_frame(&tic);
	put_p1(&p1);
	line_decoder_init(d, LINE_AUTO, say_telegram, &said);
	line_decoder_feed(d, tic.bytes, tic.len, 0);
	line_decoder_feed(d, p1.bytes, p1.len, 0);
	kept = said.telegrams == 1;
	line_decoder_relearn(d);
	line_decoder_feed(d, p1.bytes, p1.len, 0);
	kept &= said.telegrams == 2 && d->stats.bytes == tic.len + 2 * p1.len;
	free(d);
	free(tic.bytes);
	free(p1.bytes);
	said_free(&said);
	return kept || broken("not one telegram of each");
}

#define PROMISE(name) { #name, name }

static const struct promise promises[] = {
	PROMISE(a_frame_of_2048_bytes_is_read_a_longer_one_dropped_whole),
	PROMISE(a_frame_of_128_groups_is_read_one_of_129_dropped_whole),
	PROMISE(a_p1_telegram_of_4608_bytes_is_read_a_longer_one_dropped_whole),
	PROMISE(a_p1_telegram_of_192_lines_is_read_one_of_193_dropped_whole),
	PROMISE(an_endless_telegram_is_dropped_and_the_next_one_read),
	PROMISE(a_beginning_inside_a_telegram_drops_what_was_open),
	PROMISE(a_slash_without_three_letters_begins_nothing),
	PROMISE(an_exclamation_mark_inside_a_telegram_is_not_its_end),
	PROMISE(a_pause_ends_a_telegram_that_has_no_line_end),
	PROMISE(a_good_crc_ends_a_telegram_at_once),
	PROMISE(parity_is_believed_above_nine_tenths_and_masked_otherwise),
	PROMISE(a_telegram_without_a_good_line_or_group_is_none),
	PROMISE(a_mebibyte_of_garbage_gives_no_telegram),
	PROMISE(garbage_of_meaningful_bytes_is_read_as_the_rules_say),
	PROMISE(no_garbage_costs_many_times_a_good_stream),
	PROMISE(a_silent_line_and_a_read_one_seem_nothing),
	PROMISE(noise_seems_garbage),
	PROMISE(encrypted_p1_is_named),
	PROMISE(hdlc_is_named),
	PROMISE(mbus_is_named),
	PROMISE(a_line_that_changes_its_protocol_is_read_after_relearning),
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
