// SPDX-License-Identifier: MIT
/*
 * Encrypted P1, enciphered here with OpenSSL as Luxmetering 1.1.3 section 3.2.5 has it. Keys, title
 * and telegram are invented.
 */
#include "../../userspace/decode/stream.h"
#include "cipher_frames.h"

static const char clear[] = "/SIM5\\2TEST\r\n\r\n0-0:1.0.0(250621130000S)\r\n"
			    "0-0:42.0.0(53494D39393030303432)\r\n1-0:1.8.0(000123.456*kWh)\r\n!";

/* Room for a frame with it, and where its text begins. */
#define FRAME_ROOM 512
#define HEAD_LEN   18

static const struct meter_keys keys = {
	.key = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.auth_key = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9 },
	.has_auth_key = true,
};

/* A frame with the telegram; returns its length. */
static size_t encipher(u8 *frame, u32 counter, u8 control)
{
	u8 text[FRAME_ROOM];
	const struct cipher_frame f = {
		.keys = &keys,
		.title = "SIM\xdb\x08\n\0*",
		.counter = counter,
		.control = control,
		.text = text,
		.len = p1_with_crc(text, sizeof(text), clear),
	};

	return cipher_frame(&f, frame);
}

/* The same as Poland's meters send it, of which the keys have the title. */
static size_t encipher_headed(u8 *bytes, u32 counter)
{
	u8 text[FRAME_ROOM];
	const struct cipher_frame f = {
		.keys = &keys,
		.header = "/SIM5\\2TEST\r\n\r\n",
		.counter = counter,
		.control = 0x30,
		.text = text,
		.len = p1_with_crc(text, sizeof(text), clear),
	};

	return cipher_frame(&f, bytes);
}

/** struct reading_of - a stream that is read: what it said, and its counts when it has ended */
struct reading_of {
	struct stream stream;
	struct said said;
	struct telegram_stats counts;
	struct p1_cipher_stats cipher;
	enum p1_cipher_trouble trouble;
};

static void begin(struct reading_of *r, const struct meter_keys *with)
{
	memset(r, 0, sizeof(*r));
	if (!stream_init(&r->stream, LINE_AUTO, with, say_telegram, &r->said))
		abort();
}

static void feed(struct reading_of *r, const void *bytes, size_t len)
{
	stream_feed(&r->stream, bytes, len, 0);
}

/* What it said is given back. */
static void end(struct reading_of *r)
{
	stream_end(&r->stream);
	r->counts = r->stream.line.stats;
	r->cipher = *p1_cipher_stats(r->stream.cipher);
	r->trouble = stream_trouble(&r->stream);
	stream_release(&r->stream);
	said_free(&r->said);
}

static struct said decipher(const struct meter_keys *with, const u8 *bytes, size_t len, size_t cut)
{
	static struct reading_of r;
	struct said said;

	begin(&r, with);
	feed(&r, bytes, cut);
	feed(&r, bytes + cut, len - cut);
	stream_end(&r.stream);
	said = r.said;
	memset(&r.said, 0, sizeof(r.said));
	end(&r);
	return said;
}

/* Telegrams in so many bytes that come at once. */
static size_t telegrams_in(struct reading_of *r, const struct meter_keys *with, const u8 *bytes,
			   size_t len)
{
	size_t telegrams;

	begin(r, with);
	feed(r, bytes, len);
	stream_end(&r->stream);
	telegrams = r->said.telegrams;
	end(r);
	return telegrams;
}

static struct said said_in_clear(void)
{
	u8 text[512];

	return decode(LINE_P1, text, p1_with_crc(text, sizeof(text), clear), 0, NULL);
}

/* What a frame must say, so many times. */
static bool says_it(struct said *said, size_t times)
{
	struct said once = said_in_clear();
	bool same = said->telegrams == times && said->fields.len == times * once.fields.len;

	for (size_t i = 0; same && i < times; i++)
		same = !memcmp(said->fields.at + i * once.fields.len, once.fields.at,
			       once.fields.len);
	said_free(said);
	said_free(&once);
	return same;
}

static bool a_cut_at_any_byte_of_cipher_changes_nothing(const char **skip)
{
	u8 bytes[2048];
	size_t len = encipher(bytes, 1, 0x30);

	(void)skip;
	len += encipher(bytes + len, 2, 0x30);
	for (size_t cut = 0; cut <= len; cut++) {
		struct said said = decipher(&keys, bytes, len, cut);

		if (!says_it(&said, 2))
			return broken("not the two telegrams when cut at %zu", cut);
	}
	return true;
}

static bool with_its_tag_no_altered_telegram_is_accepted(const char **skip)
{
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x30);

	(void)skip;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct said said;

		bytes[bit / 8] ^= 1 << bit % 8;
		said = decipher(&keys, bytes, len, len);
		bytes[bit / 8] ^= 1 << bit % 8;
		if (said.telegrams)
			return broken("accepted with bit %zu of byte %zu flipped", bit % 8,
				      bit / 8);
		said_free(&said);
	}
	note("%zu bits", 8 * len);
	return true;
}

static bool with_an_authentication_key_a_frame_without_a_tag_is_refused(const char **skip)
{
	struct meter_keys untold = keys;
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x20);
	struct said said = decipher(&keys, bytes, len, len);

	(void)skip;
	if (said.telegrams)
		return broken("accepted");
	untold.has_auth_key = false;
	said = decipher(&untold, bytes, len, len);
	return says_it(&said, 1) || broken("refused without the key, too");
}

static bool without_an_authentication_key_the_crc_decides(const char **skip)
{
	struct meter_keys untold = keys;
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x30);
	struct said said;

	(void)skip;
	untold.has_auth_key = false;
	bytes[len - 1] ^= 1;
	said = decipher(&keys, bytes, len, len);
	if (said.telegrams)
		return broken("a wrong tag is accepted");
	said = decipher(&untold, bytes, len, len);
	if (!says_it(&said, 1))
		return broken("the tag is looked at without a key for it");
	bytes[HEAD_LEN + 70] ^= 1;
	said = decipher(&untold, bytes, len, len);
	return !said.telegrams || broken("a wrong CRC is accepted");
}

static bool a_wrong_key_gives_nothing(const char **skip)
{
	struct meter_keys wrong = keys;
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x30);
	struct said said;

	(void)skip;
	wrong.key[0] ^= 1;
	said = decipher(&wrong, bytes, len, len);
	if (said.telegrams)
		return broken("a wrong key is accepted");
	wrong.has_auth_key = false;
	said = decipher(&wrong, bytes, len, len);
	return !said.telegrams || broken("a wrong key is accepted without a tag");
}

static bool a_frame_is_read_behind_a_damaged_a_cut_and_an_endless_one(const char **skip)
{
	static const u8 endless[] = {
		0xdb, 8, 'S', 'I', 'M', 0, 0, 0, 0, 1, 0x82, 0xff, 0xff, 0x30
	};
	u8 bytes[4096];
	size_t len = encipher(bytes, 1, 0x30);
	struct said said;

	(void)skip;
	bytes[HEAD_LEN + 9] ^= 0x55;
	len += encipher(bytes + len, 2, 0x30);
	len += encipher(bytes + len, 3, 0x30) - 100;
	len += encipher(bytes + len, 4, 0x30);
	memcpy(bytes + len, endless, sizeof(endless));
	len += sizeof(endless);
	len += encipher(bytes + len, 5, 0x30);
	said = decipher(&keys, bytes, len, 17);
	return says_it(&said, 3) || broken("not the three good frames");
}

static bool noise_is_no_frame(const char **skip)
{
	static const u8 meaningful[] = { 0xdb, 0x08, '\n', 0x00, 0x81, 0x30, 0x20 };
	const size_t len = 1 << 20;
	u8 *bytes = malloc(len);
	struct said said;
	u64 state = 1;

	(void)skip;
	for (size_t i = 0; i < len; i++)
		bytes[i] = lot(&state, 2) ? (u8)lot(&state, 256) : meaningful[lot(&state, 7)];
	said = decipher(&keys, bytes, len, 1000);
	free(bytes);
	return !said.telegrams || broken("noise gives %s", said.fields.at);
}

/* Flips each bit: the telegram as it is, or none. */
static bool without_an_authentication_key_no_altered_text_is_accepted(const char **skip)
{
	struct meter_keys untold = keys;
	u8 bytes[FRAME_ROOM];
	size_t len = encipher(bytes, 1, 0x30), accepted = 0;

	(void)skip;
	untold.has_auth_key = false;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct said said;

		bytes[bit / 8] ^= 1 << bit % 8;
		said = decipher(&untold, bytes, len, len);
		bytes[bit / 8] ^= 1 << bit % 8;
		accepted += said.telegrams;
		if (said.telegrams && !says_it(&said, 1))
			return broken("another telegram with bit %zu of byte %zu flipped", bit % 8,
				      bit / 8);
	}
	note("%zu of %zu bits are of the tag, or behind the CRC", accepted, 8 * len);
	return accepted >= 8 * 12 && accepted <= 8 * (12 + 2) + 16;
}

/* It cannot be told from noise that happens to look like one. */
static bool a_telegram_without_a_crc_needs_a_tag(const char **skip)
{
	struct meter_keys untold = keys;
	static struct reading_of r;
	const struct cipher_frame f = {
		.keys = &keys,
		.title = "SIMTITLE",
		.control = 0x30,
		.text = (const u8 *)"/SIM5\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n!\r\n",
		.len = 44,
	};
	u8 bytes[FRAME_ROOM];
	size_t len = cipher_frame(&f, bytes);

	(void)skip;
	untold.has_auth_key = false;
	if (telegrams_in(&r, &keys, bytes, len) != 1)
		return broken("refused with a good tag");
	return !telegrams_in(&r, &untold, bytes, len) || broken("accepted without any proof");
}

static bool a_frame_cut_off_at_any_length_costs_no_other(const char **skip)
{
	static struct reading_of r;
	u8 bytes[2 * FRAME_ROOM], next[FRAME_ROOM];
	size_t len = encipher(bytes, 1, 0x30), next_len = encipher(next, 2, 0x30);

	(void)skip;
	for (size_t cut = 0; cut < len; cut++) {
		memcpy(bytes + cut, next, next_len);
		if (telegrams_in(&r, &keys, bytes, cut + next_len) != 1)
			return broken("not the one behind it when cut at %zu", cut);
		encipher(bytes, 1, 0x30);
	}
	return true;
}

/* Its length may even promise more than all that follow. */
static bool behind_a_pause_the_next_frame_is_not_waited_for(const char **skip)
{
	static struct reading_of r;
	u8 bytes[FRAME_ROOM], next[FRAME_ROOM];
	size_t len = encipher(bytes, 1, 0x30), next_len = encipher(next, 2, 0x30);
	bool kept = true;
	u64 lost;

	(void)skip;
	for (size_t cut = 1; kept && cut < len; cut++) {
		bytes[11] = cut % 2 ? bytes[11] : 0x0f;
		begin(&r, &keys);
		feed(&r, bytes, cut);
		stream_pause(&r.stream);
		feed(&r, next, next_len);
		kept = r.said.telegrams == 1 || broken("it waits when cut at %zu", cut);
		end(&r);
		lost = r.counts.resyncs + r.counts.bad_checksum;
		kept = kept && (lost == 1 || (!lost && cut < 14) ||
				broken("%llu lost when cut at %zu", (unsigned long long)lost, cut));
		encipher(bytes, 1, 0x30);
	}
	return kept;
}

static bool behind_a_pause_a_clear_telegram_is_not_waited_for(const char **skip)
{
	static struct reading_of r;
	u8 bytes[FRAME_ROOM], next[FRAME_ROOM];
	size_t clear_len = p1_with_crc(next, sizeof(next), clear);
	bool kept;

	(void)skip;
	encipher(bytes, 1, 0x30);
	bytes[11] = 0x0f;
	begin(&r, &keys);
	feed(&r, bytes, 100);
	stream_pause(&r.stream);
	feed(&r, next, clear_len);
	kept = r.said.telegrams == 1 || broken("it waits");
	end(&r);
	return kept;
}

static bool a_frame_that_stalls_anywhere_is_read(const char **skip)
{
	static struct reading_of r;
	u8 bytes[FRAME_ROOM];
	size_t len = encipher(bytes, 1, 0x30);
	bool kept = true;

	(void)skip;
	for (size_t cut = 1; kept && cut < len; cut++) {
		begin(&r, &keys);
		feed(&r, bytes, cut);
		stream_pause(&r.stream);
		feed(&r, bytes + cut, len - cut);
		kept = r.said.telegrams == 1 || broken("not when it stalls at %zu", cut);
		end(&r);
	}
	return kept;
}

static bool clear_and_enciphered_telegrams_keep_their_order(const char **skip)
{
	static const char *const numbers[] = { "31", "32", "33", "34" };
	u8 bytes[4 * FRAME_ROOM], text[FRAME_ROOM];
	size_t len = 0;
	bool kept = true;

	(void)skip;
	for (u32 i = 0; i < COUNT(numbers); i++) {
		char telegram[256];
		struct cipher_frame f = { .keys = &keys, .title = "SIMTITLE", .counter = i,
					  .control = 0x30, .text = text };

		snprintf(telegram, sizeof(telegram), "/SIM5\r\n\r\n0-0:42.0.0(%s)\r\n!",
			 numbers[i]);
		f.len = p1_with_crc(text, sizeof(text), telegram);
		if (i % 2)
			len += cipher_frame(&f, bytes + len);
		else
			memcpy(bytes + len, text, f.len);
		len += i % 2 ? 0 : f.len;
	}
	for (size_t cut = 0; kept && cut <= len; cut++) {
		struct said said = decipher(&keys, bytes, len, cut);
		const char *at = said.fields.at;

		for (size_t i = 0; at && i < COUNT(numbers); i++)
			at = strstr(at + 1, numbers[i]);
		kept = (said.telegrams == 4 && at) ||
		       broken("cut at %zu:\n%s", cut, said.fields.at);
		said_free(&said);
	}
	return kept;
}

static bool a_clear_header_is_no_telegram_of_its_own(const char **skip)
{
	struct meter_keys titled = keys;
	static struct reading_of r;
	u8 bytes[4 * FRAME_ROOM];
	size_t len = encipher_headed(bytes, 1);

	(void)skip;
	len += encipher_headed(bytes + len, 2);
	len += encipher_headed(bytes + len, 3);
	titled.has_system_title = true;
	for (size_t cut = 0; cut <= len; cut++) {
		struct said said = decipher(&titled, bytes, len, cut);

		if (!says_it(&said, 3))
			return broken("not the three telegrams when cut at %zu", cut);
	}
	telegrams_in(&r, &titled, bytes, len);
	if (r.counts.resyncs || r.counts.bad_form || r.counts.bad_checksum)
		return broken("its header counts as damage");
	if (telegrams_in(&r, &keys, bytes, len) || r.trouble != CIPHER_NO_TITLE)
		return broken("read without a title, or not said that there is none");
	return true;
}

static bool every_form_of_a_length_is_read(const char **skip)
{
	static struct reading_of r;
	u8 text[FRAME_ROOM], bytes[FRAME_ROOM];
	struct cipher_frame f = { .keys = &keys, .title = "SIMTITLE", .control = 0x30,
				  .text = text };

	(void)skip;
	f.len = p1_with_crc(text, sizeof(text), "/SIM5\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n!");
	for (f.length_bytes = 1; f.length_bytes <= 3; f.length_bytes++)
		if (telegrams_in(&r, &keys, bytes, cipher_frame(&f, bytes)) != 1)
			return broken("not with %u bytes of length", f.length_bytes);
	return true;
}

/* Frames with these counters: how many are given on. */
static size_t counters_taken(struct reading_of *r, bool refuse, const u32 *counters, size_t count)
{
	size_t telegrams;
	u8 bytes[FRAME_ROOM];

	begin(r, &keys);
	p1_cipher_refuse_replayed(r->stream.cipher, refuse);
	for (size_t i = 0; i < count; i++)
		feed(r, bytes, encipher(bytes, counters[i], 0x30));
	telegrams = r->said.telegrams;
	end(r);
	return telegrams;
}

static bool a_counter_that_goes_back_is_counted_and_may_be_refused(const char **skip)
{
	static const u32 counters[] = { 0, 1, 5, 5, 2, 3, 0xfffffffe, 0xffffffff, 0, 6 };
	static struct reading_of r;

	(void)skip;
	/* 5 again, 2, and 0: from where it went back to, it goes on. */
	if (counters_taken(&r, false, counters, COUNT(counters)) != 10 || r.cipher.replayed != 3)
		return broken("%llu of 3 are counted", (unsigned long long)r.cipher.replayed);
	if (r.trouble != CIPHER_FINE)
		return broken("it is said to be in trouble");
	/* The highest one stays. */
	if (counters_taken(&r, true, counters, COUNT(counters)) != 5 || r.cipher.replayed != 5)
		return broken("%llu of 5 are refused", (unsigned long long)r.cipher.replayed);
	return r.trouble == CIPHER_REPLAYED && r.counts.telegrams == 5;
}

static bool what_cannot_be_read_moves_no_counter(const char **skip)
{
	static struct reading_of r;
	struct meter_keys untold = keys;
	u8 bytes[FRAME_ROOM];
	size_t len, telegrams;

	(void)skip;
	for (int told = 0; told < 2; told++) {
		untold.has_auth_key = told;
		begin(&r, &untold);
		p1_cipher_refuse_replayed(r.stream.cipher, true);
		len = encipher(bytes, 7, 0x30);
		memset(bytes + 14, 0xff, 4);
		feed(&r, bytes, len);
		feed(&r, bytes, encipher(bytes, 8, 0x30));
		telegrams = r.said.telegrams;
		end(&r);
		if (telegrams != 1)
			return broken("a damaged counter locks the meter out");
	}
	return true;
}

static bool what_is_wrong_is_named(const char **skip)
{
	struct meter_keys wrong = keys;
	static struct reading_of r;
	u8 bytes[FRAME_ROOM];
	size_t len = encipher(bytes, 1, 0x30);

	(void)skip;
	wrong.auth_key[3] ^= 1;
	if (telegrams_in(&r, &wrong, bytes, len) || r.trouble != CIPHER_WRONG_TAG ||
	    r.cipher.wrong_tag != 1 || r.cipher.unreadable || r.counts.bad_checksum != 1)
		return broken("a wrong authentication key is not named");
	wrong.key[3] ^= 1;
	if (telegrams_in(&r, &wrong, bytes, len) || r.trouble != CIPHER_WRONG_KEY ||
	    r.cipher.unreadable != 1 || r.cipher.wrong_tag)
		return broken("a wrong key is not named");
	if (telegrams_in(&r, &keys, bytes, encipher(bytes, 1, 0x20)) ||
	    r.trouble != CIPHER_NO_TAG || r.cipher.wrong_tag != 1)
		return broken("a missing tag is not named");
	if (telegrams_in(&r, &keys, bytes, encipher(bytes, 1, 0x30)) != 1 ||
	    r.trouble != CIPHER_FINE || r.cipher.verified != 1 || r.cipher.unverified ||
	    r.counts.bytes != len || r.counts.bad_checksum)
		return broken("a good one is not fine");
	return true;
}

static bool the_noise_of_a_frame_is_no_damage_of_another_kind(const char **skip)
{
	struct meter_keys wrong = keys;
	static struct reading_of r;
	static u8 bytes[200 * FRAME_ROOM];
	size_t len = 0;

	(void)skip;
	wrong.key[0] ^= 1;
	for (u32 i = 0; i < 200; i++)
		len += encipher(bytes + len, i, 0x30);
	telegrams_in(&r, &wrong, bytes, len);
	return (r.counts.bad_checksum == 200 && !r.counts.resyncs && !r.counts.bad_form &&
		!r.counts.oversize && r.counts.bytes == len) ||
	       broken("%llu telegrams and %llu others are counted",
		      (unsigned long long)r.counts.bad_checksum,
		      (unsigned long long)(r.counts.resyncs + r.counts.bad_form));
}

/* Headers alone, each of which claims as much as there may be. */
static bool a_flood_of_headers_costs_little(const char **skip)
{
	static const u8 header[] = {
		0xdb, 8, 'S', 'I', 'M', 0, 0, 0, 0, 1, 0x82, 0x11, 0xf0, 0x30
	};
	const size_t len = 1 << 20;
	static struct reading_of r;
	u8 *bytes = malloc(len);

	(void)skip;
	for (size_t i = 0; i < len; i++)
		bytes[i] = header[i % sizeof(header)];
	telegrams_in(&r, &keys, bytes, len);
	free(bytes);
	note("%llu bytes are deciphered for each that came",
	     (unsigned long long)r.cipher.deciphered / len);
	return r.cipher.deciphered <= 5 * len ||
	       broken("%llu bytes of AES for %zu", (unsigned long long)r.cipher.deciphered, len);
}

static const struct promise promises[] = {
	{ "a_cut_at_any_byte_of_cipher_changes_nothing",
	  a_cut_at_any_byte_of_cipher_changes_nothing },
	{ "with_its_tag_no_altered_telegram_is_accepted",
	  with_its_tag_no_altered_telegram_is_accepted },
	{ "with_an_authentication_key_a_frame_without_a_tag_is_refused",
	  with_an_authentication_key_a_frame_without_a_tag_is_refused },
	{ "without_an_authentication_key_the_crc_decides",
	  without_an_authentication_key_the_crc_decides },
	{ "a_wrong_key_gives_nothing", a_wrong_key_gives_nothing },
	{ "a_frame_is_read_behind_a_damaged_a_cut_and_an_endless_one",
	  a_frame_is_read_behind_a_damaged_a_cut_and_an_endless_one },
	{ "noise_is_no_frame", noise_is_no_frame },
	{ "without_an_authentication_key_no_altered_text_is_accepted",
	  without_an_authentication_key_no_altered_text_is_accepted },
	{ "a_telegram_without_a_crc_needs_a_tag",
	  a_telegram_without_a_crc_needs_a_tag },
	{ "a_frame_cut_off_at_any_length_costs_no_other",
	  a_frame_cut_off_at_any_length_costs_no_other },
	{ "behind_a_pause_the_next_frame_is_not_waited_for",
	  behind_a_pause_the_next_frame_is_not_waited_for },
	{ "behind_a_pause_a_clear_telegram_is_not_waited_for",
	  behind_a_pause_a_clear_telegram_is_not_waited_for },
	{ "a_frame_that_stalls_anywhere_is_read",
	  a_frame_that_stalls_anywhere_is_read },
	{ "clear_and_enciphered_telegrams_keep_their_order",
	  clear_and_enciphered_telegrams_keep_their_order },
	{ "a_clear_header_is_no_telegram_of_its_own",
	  a_clear_header_is_no_telegram_of_its_own },
	{ "every_form_of_a_length_is_read",
	  every_form_of_a_length_is_read },
	{ "a_counter_that_goes_back_is_counted_and_may_be_refused",
	  a_counter_that_goes_back_is_counted_and_may_be_refused },
	{ "what_cannot_be_read_moves_no_counter",
	  what_cannot_be_read_moves_no_counter },
	{ "what_is_wrong_is_named",
	  what_is_wrong_is_named },
	{ "the_noise_of_a_frame_is_no_damage_of_another_kind",
	  the_noise_of_a_frame_is_no_damage_of_another_kind },
	{ "a_flood_of_headers_costs_little",
	  a_flood_of_headers_costs_little },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
