// SPDX-License-Identifier: MIT
/*
 * Frames of D2L modules, their keys and their JSON. Ids, keys and meters are invented.
 */
#include <inttypes.h>
#include <openssl/crypto.h>

#include "../../kernel/telegram/labels.h"
#include "d2l_host.h"

static struct crypt_cbc *aes;

static const char reading[] =
	"{ \"_TYPE_TRAME\":\"HISTORIQUE\", \"_ID_D2L\":\"990000000042\", "
	"\"ADCO\":\"990000000042\", "
	"\"OPTARIF\":\"HC..\", \"ISOUSC\":\"45\", \"IMAX\":\"\", \"BASE\":\"\", "
	"\"HCHC\":\"003820661\", \"HCHP\":\"007623409\", \"BBRHCJB\":\"\", "
	"\"_HORLOGE\":\"37537473\" }";

static size_t reading_frame(u8 frame[D2L_FRAME_MAX])
{
	return d2l_frame_of(frame, D2L_PUSH_JSON, 0, reading, sizeof(reading) - 1);
}

static enum d2l_verdict open_frame(const u8 *frame, size_t len, u8 clear[D2L_FRAME_MAX],
				   struct d2l_frame *f)
{
	return d2l_open(aes, &test_key, frame, len, clear, f);
}

static bool a_frame_says_what_was_put_in(const char **skip)
{
	u8 frame[D2L_FRAME_MAX], clear[D2L_FRAME_MAX];
	size_t len = reading_frame(frame);
	struct d2l_frame f;

	(void)skip;
	if (open_frame(frame, len, clear, &f) != D2L_GOOD)
		return broken("it is not good");
	if (f.id != test_key.id || f.type != D2L_PUSH_JSON || f.answer || f.error ||
	    f.next_query || f.payload_len != sizeof(reading) - 1 ||
	    memcmp(f.payload, reading, f.payload_len))
		return broken("it says something else");
	len = d2l_frame_of(frame, 0x80 | 9, 0x80 | 5, "x", 1);
	if (open_frame(frame, len, clear, &f) != D2L_GOOD || !f.answer || f.type != 9 || !f.error ||
	    f.next_query != 5)
		return broken("bits are mixed up");
	return true;
}

static bool what_is_sealed_is_the_frame_by_the_description(const char **skip)
{
	u8 frame[D2L_FRAME_MAX], sealed[D2L_FRAME_MAX], random[D2L_RANDOM_LEN];
	struct d2l_frame f = { .id = test_key.id, .type = 3, .payload = (const u8 *)reading };

	(void)skip;
	for (f.payload_len = 0; f.payload_len < sizeof(reading); f.payload_len++) {
		size_t len = d2l_frame_of(frame, 3, 0, reading, f.payload_len);

		for (unsigned int i = 0; i < sizeof(random); i++)
			random[i] = 17 * i + f.payload_len;
		if (d2l_seal(aes, &test_key, &f, random, sealed, sizeof(sealed)) != len ||
		    memcmp(frame, sealed, len))
			return broken("not with %zu bytes", f.payload_len);
		if (d2l_seal(aes, &test_key, &f, random, sealed, len - 1))
			return broken("%zu bytes in room for one less", len);
	}
	f.payload_len = D2L_PAYLOAD_MAX + 1;
	return !d2l_seal(aes, &test_key, &f, random, sealed, sizeof(sealed)) ||
	       broken("a payload that is too long");
}

/* In CBC one bit of cipher alters up to 17 bytes, which CRC-16 misses once in 65536 times. */
static bool no_frame_with_an_altered_byte_is_accepted(const char **skip)
{
	u8 frame[D2L_FRAME_MAX], clear[D2L_FRAME_MAX];
	size_t len = reading_frame(frame), tried = 0;
	struct d2l_frame f;

	(void)skip;
	for (size_t at = 0; at < len; at++) {
		for (unsigned int change = 1; change < 256; change += at < 16 ? 1 : 7) {
			frame[at] ^= change;
			if (open_frame(frame, len, clear, &f) == D2L_GOOD)
				return broken("accepted with byte %zu changed by %02x", at, change);
			frame[at] ^= change;
			tried++;
		}
	}
	note("%zu frames", tried);
	return open_frame(frame, len, clear, &f) == D2L_GOOD;
}

static bool no_frame_of_another_length_is_accepted(const char **skip)
{
	u8 frame[2 * D2L_FRAME_MAX] = { 0 }, clear[D2L_FRAME_MAX];
	size_t len = reading_frame(frame);
	struct d2l_header h;
	struct d2l_frame f;

	(void)skip;
	for (size_t count = 0; count < len; count++)
		if (d2l_header(frame, count, &h) != D2L_OPEN ||
		    open_frame(frame, count, clear, &f) != D2L_OPEN)
			return broken("%zu bytes of it are not open", count);
	for (unsigned int said = 0; said < 65536; said++) {
		enum d2l_verdict verdict;

		frame[2] = said;
		frame[3] = said >> 8;
		verdict = d2l_header(frame, sizeof(frame), &h);
		if (verdict == D2L_GOOD ? said < 48 || said > 4096 || said % 16 :
		    verdict != D2L_BAD_LENGTH || (said >= 48 && said <= 4096 && said % 16 == 0))
			return broken("length %u", said);
		if (verdict == D2L_GOOD && said != len &&
		    open_frame(frame, sizeof(frame), clear, &f) == D2L_GOOD)
			return broken("accepted with length %u", said);
	}
	return true;
}

static bool what_is_no_frame_is_seen_at_its_first_wrong_byte(const char **skip)
{
	static const struct {
		size_t at;
		u8 change;
		size_t seen;
		enum d2l_verdict verdict;
	} cases[] = {
		{ 0, 1, 1, D2L_BAD_VERSION },  { 2, 1, 4, D2L_BAD_LENGTH },
		{ 3, 0x80, 4, D2L_BAD_LENGTH }, { 12, 3, 13, D2L_BAD_METHOD },
	};
	u8 frame[D2L_FRAME_MAX];
	struct d2l_header h;

	(void)skip;
	for (size_t i = 0; i < COUNT(cases); i++) {
		reading_frame(frame);
		frame[cases[i].at] ^= cases[i].change;
		if (d2l_header(frame, cases[i].seen - 1, &h) != D2L_OPEN ||
		    d2l_header(frame, cases[i].seen, &h) != cases[i].verdict)
			return broken("case %zu", i);
	}
	return true;
}

static bool a_payload_longer_than_its_frame_is_refused(const char **skip)
{
	u8 frame[64], clear[D2L_FRAME_MAX];
	struct d2l_frame f;

	(void)skip;
	for (unsigned int said = 0; said < 65536; said++) {
		bool fits = said <= sizeof(frame) - 38;

		memset(frame, 0, sizeof(frame));
		frame[34] = said;
		frame[35] = said >> 8;
		d2l_complete(frame, sizeof(frame));
		d2l_encipher(&test_key, frame, sizeof(frame));
		if (open_frame(frame, sizeof(frame), clear, &f) !=
		    (fits ? D2L_GOOD : D2L_BAD_PAYLOAD))
			return broken("%u bytes", said);
	}
	return true;
}

static bool another_key_or_iv_shows_in_the_crc(const char **skip)
{
	u8 frame[D2L_FRAME_MAX], clear[D2L_FRAME_MAX];
	size_t len = reading_frame(frame);
	struct d2l_frame f;

	(void)skip;
	for (unsigned int bit = 0; bit < 256; bit++) {
		struct d2l_key other = test_key;

		if (bit < 128)
			other.key[bit / 8] ^= 1 << bit % 8;
		else
			other.iv[bit / 8 - 16] ^= 1 << bit % 8;
		if (d2l_open(aes, &other, frame, len, clear, &f) != D2L_BAD_CRC)
			return broken("not with bit %u", bit);
	}
	return true;
}

/* The lengths of the frames in a stream that comes in chunks; how it ends. */
static enum d2l_verdict frames_in(const u8 *bytes, size_t len, size_t first, size_t chunk,
				  struct text *seen)
{
	struct d2l_framer *r = calloc(1, sizeof(*r));
	enum d2l_verdict verdict = D2L_OPEN;
	u8 clear[D2L_FRAME_MAX];
	struct d2l_header h;
	struct d2l_frame f;

	for (size_t at = 0; verdict == D2L_OPEN && at < len;) {
		size_t n = at ? chunk : first;

		if (!n || n > len - at)
			n = len - at;
		n = d2l_framer_put(r, bytes + at, n);
		at += n;
		while ((verdict = d2l_framer_next(r, &h)) == D2L_GOOD) {
			text_add(seen, "%zu %d ", h.len,
				 open_frame(r->bytes, h.len, clear, &f) == D2L_GOOD);
			d2l_framer_drop(r, h.len);
		}
	}
	free(r);
	return verdict;
}

/* Three frames, and the beginning of a fourth. */
static size_t make_stream(u8 *bytes)
{
	size_t len = d2l_frame_of(bytes, D2L_GET_HORLOGE, 0, "", 0);

	len += reading_frame(bytes + len);
	len += d2l_frame_of(bytes + len, D2L_NO_INTERNET, 0, "", 0);
	reading_frame(bytes + len);
	return len + 40;
}

static bool a_cut_anywhere_changes_nothing(const char **skip)
{
	u8 bytes[3 * D2L_FRAME_MAX];
	size_t len = make_stream(bytes);
	struct text whole = { 0 };
	bool kept;

	(void)skip;
	frames_in(bytes, len, 0, 0, &whole);
	kept = whole.at && !strcmp(whole.at, "48 1 256 1 48 1 ");
	if (!kept)
		broken("whole: %s", whole.at);
	for (size_t first = 0; kept && first <= len; first++) {
		static const size_t chunks[] = { 0, 1, 7 };

		for (size_t i = 0; kept && i < COUNT(chunks); i++) {
			struct text cut = { 0 };

			kept = frames_in(bytes, len, first, chunks[i], &cut) == D2L_OPEN &&
			       text_same(&whole, &cut);
			if (!kept)
				broken("cut at %zu, then by %zu: %s", first, chunks[i], cut.at);
			text_free(&cut);
		}
	}
	text_free(&whole);
	return kept;
}

static bool many_frames_in_one_read_are_all_seen(const char **skip)
{
	const size_t count = 1000;
	u8 *bytes = malloc(count * 48);
	struct text seen = { 0 };
	bool kept;

	(void)skip;
	for (size_t i = 0; i < count; i++)
		d2l_frame_of(bytes + i * 48, D2L_GET_HORLOGE, 0, "", 0);
	kept = frames_in(bytes, count * 48, 0, 0, &seen) == D2L_OPEN && seen.len == count * 5;
	free(bytes);
	text_free(&seen);
	return kept || broken("not all");
}

static bool the_answer_tells_seconds_since_2016(const char **skip)
{
	static const struct {
		s64 unix_s;
		u32 clock;
	} cases[] = {
		{ 1451606400, 0 },	      { 1451606401, 1 },
		{ 1489143873, 37537473 },     { 0, 0 },
		{ -1, 0 },		      { 1451606400 + (s64)UINT32_MAX, UINT32_MAX },
		{ INT64_MAX, UINT32_MAX },    { INT64_MIN, 0 },
		{ 1760000000, 308393600 },
	};
	u8 random[D2L_RANDOM_LEN], answer[D2L_ANSWER_LEN], expected[D2L_FRAME_MAX];
	const struct d2l_frame request = { .id = test_key.id, .type = D2L_PUSH_JSON };

	(void)skip;
	for (unsigned int i = 0; i < sizeof(random); i++)
		random[i] = 17 * i + 4;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const u32 c = cases[i].clock;
		const u8 clock[4] = { c, c >> 8, c >> 16, c >> 24 };

		if (d2l_frame_of(expected, 0x80 | D2L_PUSH_JSON, 0, clock, 4) != D2L_ANSWER_LEN ||
		    !d2l_answer(aes, &test_key, &request, cases[i].unix_s, random, answer) ||
		    memcmp(answer, expected, sizeof(answer)))
			return broken("not at %" PRId64, cases[i].unix_s);
	}
	return true;
}

static bool only_an_answer_has_a_clock(const char **skip)
{
	static const u8 clock[8] = { 1, 2 };
	struct d2l_frame f = { .answer = true, .payload = clock, .payload_len = 4 };
	s64 unix_s;

	(void)skip;
	if (!d2l_answer_clock(&f, &unix_s) || unix_s != 1451606400 + 513)
		return broken("not 513 s after 2016");
	f.error = true;
	if (d2l_answer_clock(&f, &unix_s))
		return broken("of an error");
	f.error = false;
	f.payload_len = 3;
	if (d2l_answer_clock(&f, &unix_s))
		return broken("of three bytes");
	f.payload_len = 4;
	f.answer = false;
	return !d2l_answer_clock(&f, &unix_s) || broken("of a request");
}

/* Counted from main() on. */
static size_t allocations;

static void *counting_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	allocations++;
	return malloc(size);
}

static void *counting_realloc(void *bytes, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	allocations++;
	return realloc(bytes, size);
}

static void counting_free(void *bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	free(bytes);
}

static bool openssl_allocates_nothing_for_a_frame(const char **skip)
{
	u8 frame[D2L_FRAME_MAX], clear[D2L_FRAME_MAX], answer[D2L_ANSWER_LEN];
	u8 random[D2L_RANDOM_LEN] = { 1 };
	size_t len = reading_frame(frame), before = allocations;
	struct d2l_frame f;

	(void)skip;
	if (!before)
		return broken("nothing is counted");
	for (unsigned int i = 0; i < 100; i++)
		if (open_frame(frame, len, clear, &f) != D2L_GOOD ||
		    !d2l_answer(aes, &test_key, &f, 1760000000 + i, random, answer))
			return broken("round %u", i);
	return allocations == before || broken("%zu allocations", allocations - before);
}

/* Keys */

#define HEX_KEY "00112233445566778899aabbccddeeff"
#define HEX_IV	"FFEEddccbbaa99887766554433221100"

static struct d2l_keys *keys_of(const char *text, char problem[256])
{
	struct d2l_keys *k = d2l_keys_new();

	problem[0] = '\0';
	if (d2l_keys_add(k, text, strlen(text), problem, 256))
		return k;
	d2l_keys_free(k);
	return NULL;
}

static bool ids_are_padded_with_zeros_on_the_left(const char **skip)
{
	char problem[256];
	static const char text[] = "{\"11601000001\": {\"key\": \"" HEX_KEY "\", \"iv\": \"" HEX_IV
				   "\"}, \"000000000007\": {\"iv\": \"" HEX_KEY
				   "\", \"key\": \"" HEX_IV "\", \"more\": 1}}";
	struct d2l_keys *k = keys_of(text, problem);
	const struct d2l_key *a, *b;
	bool kept;

	(void)skip;
	if (!k)
		return broken("%s", problem);
	a = d2l_keys_find(k, 11601000001);
	b = d2l_keys_find(k, 7);
	kept = a && b && !d2l_keys_find(k, 8) && d2l_keys_count(k) == 2 &&
	       d2l_keys_at(k, 1) == b && a->key[1] == 0x11 && a->iv[0] == 0xff &&
	       b->iv[15] == 0xff && b->key[15] == 0;
	d2l_keys_free(k);
	return kept || broken("not found");
}

static bool a_key_without_an_id_is_for_every_module(const char **skip)
{
	char problem[256];
	struct d2l_keys *k =
		keys_of("{\"key\": \"" HEX_KEY "\", \"iv\": \"" HEX_IV "\"}", problem);
	char more[] = "{\"5\": {\"key\": \"" HEX_IV "\", \"iv\": \"" HEX_IV "\"}}";
	bool kept;

	(void)skip;
	if (!k)
		return broken("%s", problem);
	kept = d2l_keys_add(k, more, strlen(more), problem, sizeof(problem)) &&
	       d2l_keys_find(k, 1)->key[1] == 0x11 &&
	       d2l_keys_find(k, UINT64_MAX)->key[1] == 0x11 &&
	       d2l_keys_find(k, 5)->key[0] == 0xff;
	d2l_keys_free(k);
	return kept || broken("not so");
}

static bool what_is_wrong_with_a_key_file_is_said_without_the_key(const char **skip)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
		{ "", "line 1, character" },
		{ "[]", "expected a JSON object" },
		{ "{}", "there is no module in it" },
		{ "{\"key\": \"" HEX_KEY "\"}", "there is no \"iv\"" },
		{ "{\"iv\": \"" HEX_KEY "\"}", "there is no \"key\"" },
		{ "{\"key\": \"" HEX_KEY "\" \"iv\": 1}", "line 1, character" },
		{ "{\"key\": \"" HEX_KEY "\",\n\"key\": \"" HEX_KEY "\"}",
		  "line 2: this member was there before" },
		{ "{\"key\": \"" HEX_KEY "0\", \"iv\": \"" HEX_IV "\"}",
		  "\"key\" has 33 hex digits, expected 32" },
		{ "{\"key\": \"" HEX_KEY "\", \"iv\": \"ffee\"}",
		  "\"iv\" has 4 hex digits, expected 32" },
		{ "{\"key\": \"0011223344556677 8899aabbccddeeff\", \"iv\": \"" HEX_IV "\"}",
		  "character 17 of \"key\" is no hex digit" },
		{ "{\"7\": {\"key\": \"" HEX_KEY "\", \"iv\": 5}}",
		  "module 000000000007: \"iv\" is no text" },
		{ "{\"7\": {\"key\": \"" HEX_KEY "\"}}",
		  "module 000000000007: there is no \"iv\"" },
		{ "{\"7\": \"" HEX_KEY "\"}", "module 000000000007: expected {" },
		{ "{\"7\": {\"key\": \"" HEX_KEY "\", \"iv\": \"" HEX_KEY
		  "\"}, \"007\": {\"key\": \"" HEX_KEY "\", \"iv\": \"" HEX_KEY "\"}}",
		  "module 000000000007 is there twice" },
		{ "{\"" HEX_KEY "\": {\"key\": \"1\"}}", "the name of member 1 is no id" },
		{ "{\"1234567890123\": {}}", "the name of member 1 is no id" },
		{ "{\"\": {}}", "the name of member 1 is no id" },
		{ "{\"-1\": {}}", "the name of member 1 is no id" },
	};

	(void)skip;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char problem[256];

		if (keys_of(cases[i].text, problem))
			return broken("taken: %s", cases[i].text);
		if (!strstr(problem, cases[i].problem))
			return broken("%s: %s", cases[i].text, problem);
		if (strstr(problem, "00112233") || strstr(problem, "ccdd"))
			return broken("told: %s", problem);
	}
	return true;
}

static bool keys_of_thousands_of_modules_are_found(const char **skip)
{
	const u64 count = 20000;
	struct d2l_keys *k = d2l_keys_new();
	struct text text = { 0 };
	char problem[256];
	bool kept;

	(void)skip;
	for (u64 i = 0; i < count; i++)
		text_add(&text, "%s\"%" PRIu64 "\": {\"key\": \"%032" PRIx64 "\", \"iv\": \"" HEX_IV
			 "\"}", i ? "," : "{", i * i * 7 + i, i);
	text_add(&text, "}");
	kept = d2l_keys_add(k, text.at, text.len, problem, sizeof(problem)) ||
	       broken("%s", problem);
	for (u64 i = 0; kept && i < count; i++) {
		const struct d2l_key *key = d2l_keys_find(k, i * i * 7 + i);

		kept = (key && key->key[15] == (u8)i && key->key[14] == (u8)(i >> 8)) ||
		       broken("module %" PRIu64, i);
	}
	kept = kept && !d2l_keys_find(k, 1) && d2l_keys_count(k) == count;
	text_free(&text);
	d2l_keys_free(k);
	return kept;
}

/* JSON */

static const struct {
	const char *name;
	const char *json;
	unsigned int phases;
	const char *says;
} readings[] = {
	{ "off-peak hours, no load without phases",
	  "{\"_TYPE_TRAME\":\"HISTORIQUE\",\"ADCO\":\"990000000042\",\"OPTARIF\":\"HC..\","
	  "\"ISOUSC\":\"30\","
	  "\"BASE\":\"\",\"HCHC\":\"000000100\",\"HCHP\":\"000000020\",\"_HORLOGE\":\"60\","
	  "\"PTEC\":\"\","
	  "\"IINST1\":\"15\",\"IINST2\":\"0\",\"IINST3\":\"0\"}",
	  0,
	  "telegram tic-historique damaged 0\n_TYPE_TRAME = HISTORIQUE\nADCO = "
	  "990000000042\nOPTARIF = HC..\n"
	  "ISOUSC = 30\nHCHC = 000000100\nHCHP = 000000020\n_HORLOGE = 60\nIINST1 = 15\nIINST2 = "
	  "0\nIINST3 = 0\n"
	  "time 1451606460\nenergy_import 120000\nenergy_import_t1 100000\nenergy_import_t2 20000\n"
	  "current_l1 15000\ncurrent_l2 0\ncurrent_l3 0\ncurrent_subscribed 30000\n" },
	{ "one phase", "{\"ISOUSC\":\"30\",\"IINST1\":\"15\",\"IINST2\":\"0\",\"IINST3\":\"0\"}", 1,
	  "telegram tic-historique damaged 0\nISOUSC = 30\nIINST1 = 15\nIINST2 = 0\nIINST3 = 0\n"
	  "current_l1 15000\ncurrent_l2 0\ncurrent_l3 0\ncurrent_subscribed 30000\nload 50000\n" },
	{ "three phases", "{\"ISOUSC\":\"30\",\"IINST1\":\"15\",\"IINST2\":\"3\",\"IINST3\":\"0\"}",
	  7,
	  "telegram tic-historique damaged 0\nISOUSC = 30\nIINST1 = 15\nIINST2 = 3\nIINST3 = 0\n"
	  "current_l1 15000\ncurrent_l2 3000\ncurrent_l3 0\ncurrent_subscribed 30000\nload "
	  "20000\n" },
	{ "a phase that did not come", "{\"ISOUSC\":\"30\",\"IINST1\":\"15\"}", 7,
	  "telegram tic-historique damaged 0\nISOUSC = 30\nIINST1 = 15\n"
	  "current_l1 15000\ncurrent_subscribed 30000\n" },
	{ "Base", "{\"BASE\":\"000001234\"}", 0,
	  "telegram tic-historique damaged 0\nBASE = 000001234\nenergy_import "
	  "1234000\nenergy_import_t1 1234000\n" },
	{ "EJP, half of it", "{\"EJPHN\":\"000000005\",\"EJPHPM\":\"\"}", 0,
	  "telegram tic-historique damaged 0\nEJPHN = 000000005\nenergy_import_t1 5000\n" },
	{ "EJP", "{\"EJPHN\":\"000000005\",\"EJPHPM\":\"000000006\"}", 0,
	  "telegram tic-historique damaged 0\nEJPHN = 000000005\nEJPHPM = 000000006\n"
	  "energy_import 11000\nenergy_import_t1 5000\nenergy_import_t2 6000\n" },
	{ "Tempo in the module's order",
	  "{\"BBRHCJB\":\"1\",\"BBRHCJR\":\"5\",\"BBRHCJW\":\"3\",\"BBRHPJB\":\"2\",\"BBRHPJR\":"
	  "\"6\",\"BBRHPJW\":\"4\","
	  "\"PTEC\":\"HPJW\"}",
	  0,
	  "telegram tic-historique damaged 0\nBBRHCJB = 1\nBBRHCJR = 5\nBBRHCJW = 3\nBBRHPJB = "
	  "2\nBBRHPJR = 6\n"
	  "BBRHPJW = 4\nPTEC = HPJW\nenergy_import 21000\nenergy_import_t1 1000\nenergy_import_t2 "
	  "2000\n"
	  "energy_import_t3 3000\nenergy_import_t4 4000\nenergy_import_t5 5000\nenergy_import_t6 "
	  "6000\ntariff 4000\n" },
	{ "standard, single phase: horodates of 9 characters, SMAXSN1 in place of SMAXSN-1",
	  "{\"_TYPE_TRAME\":\"STANDARD\",\"ADSC\":\"990000000042\",\"DATE\":\"E250714093000\","
	  "\"NGTF\":\" BASE \","
	  "\"EAST\":\"000000007\",\"EAIT\":\"\",\"IRMS2\":\"\",\"PREF\":\"09\",\"SINSTS\":"
	  "\"00697\","
	  "\"SMAXSN\":\"E25071402|03381\",\"SMAXSN1\":\"E25071322|04710\",\"SMAXSN-1\":\"|\","
	  "\"STGE\":\"003A4001\"}",
	  0,
	  "telegram tic-standard damaged 0\n_TYPE_TRAME = STANDARD\nADSC = 990000000042\nDATE @ "
	  "E250714093000 = \n"
	  "NGTF =  BASE \nEAST = 000000007\nPREF = 09\nSINSTS = 00697\nSMAXSN @ E25071402 = 03381\n"
	  "SMAXSN1 @ E25071322 = 04710\nSTGE = 003A4001\ntime 1752478200\nenergy_import 7000\n"
	  "power_apparent_import 697000\npower_reference 9000000\nload 7744\n" },
	{ "three phases and a producer",
	  "{\"ADSC\":\"990000000042\",\"EAIT\":\"000000009\",\"ERQ1\":\"000000001\",\"IRMS3\":"
	  "\"003\",\"URMS2\":\"231\","
	  "\"SINSTS2\":\"00100\",\"SINSTI\":\"00050\",\"NTARF\":\"02\"}",
	  0,
	  "telegram tic-standard damaged 0\nADSC = 990000000042\nEAIT = 000000009\nERQ1 = "
	  "000000001\nIRMS3 = 003\n"
	  "URMS2 = 231\nSINSTS2 = 00100\nSINSTI = 00050\nNTARF = 02\nenergy_export "
	  "9000\nenergy_reactive_q1 1000\n"
	  "power_apparent_import_l2 100000\npower_apparent_export 50000\nvoltage_l2 "
	  "231000\ncurrent_l3 3000\n"
	  "tariff 2000\n" },
	{ "unknown members are kept",
	  "{\"_X\":\"1\",\"NEW-9\":\"a|b\",\"\":\"empty\",\"BASE\":\"1\"}", 0,
	  "telegram tic-historique damaged 0\n_X = 1\nNEW-9 = a|b\n = empty\nBASE = "
	  "1\nenergy_import 1000\n"
	  "energy_import_t1 1000\n" },
	{ "values of a wrong form are kept and mean nothing",
	  "{\"BASE\":\"00000q234\",\"ISOUSC\":\"4 "
	  "5\",\"IINST1\":\"-1\",\"HCHC\":\"9999999999999999\",\"PTEC\":\"XX..\"}",
	  0,
	  "telegram tic-historique damaged 0\nBASE = 00000q234\nISOUSC = 4 5\nIINST1 = -1\nHCHC = "
	  "9999999999999999\n"
	  "PTEC = XX..\n" },
	{ "a clock that is none", "{\"_HORLOGE\":\"4294967296\",\"BASE\":\"x\"}", 0,
	  "telegram tic-historique damaged 0\n_HORLOGE = 4294967296\nBASE = x\n" },
	{ "a date that is cut: the module's clock",
	  "{\"ADSC\":\"1\",\"DATE\":\"E25071409\",\"_HORLOGE\":\"1\"}", 0,
	  "telegram tic-standard damaged 0\nADSC = 1\nDATE @ E25071409 = \n_HORLOGE = 1\ntime "
	  "1451606401\n" },
	{ "a date of no calendar", "{\"ADSC\":\"1\",\"DATE\":\"E251314093000\"}", 0,
	  "telegram tic-standard damaged 0\nADSC = 1\nDATE @ E251314093000 = \n" },
	{ "values that are no strings",
	  "{\"BASE\":12,\"X\":1.5,\"Y\":true,\"Z\":null,\"A\":{\"b\":[1,2]}}", 0,
	  "telegram tic-historique damaged 0\nBASE = 12\nX = 1.5\nY = true\nA = "
	  "{\"b\":[1,2]}\nenergy_import 12000\n"
	  "energy_import_t1 12000\n" },
	{ "a label sent twice: the last one counts", "{\"BASE\":\"1\",\"X\":\"\",\"BASE\":\"2\"}",
	  0,
	  "telegram tic-historique damaged 0\nBASE = 2\nenergy_import 2000\nenergy_import_t1 "
	  "2000\n" },
	{ "nothing in it", "{\"BASE\":\"\",\"X\":\"|\"}", 0, "" },
	{ "an array", "[\"BASE\"]", 0, "" },
	{ "cut off", "{\"BASE\":\"1\"", 0, "" },
	{ "no JSON", "BASE 000001234", 0, "" },
};

static bool readings_say_what_the_rules_say(const char **skip)
{
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(readings); i++) {
		struct said said = d2l_said((const u8 *)readings[i].json, strlen(readings[i].json),
					    readings[i].phases, false);
		const char *says = said.fields.at ? said.fields.at : "";

		if (strcmp(says, readings[i].says))
			kept = broken("%s:\n%s\nexpected\n%s", readings[i].name, says,
				      readings[i].says);
		said_free(&said);
	}
	return kept;
}

/* A flat object of so many members, each with a value so long. */
static struct text object_of(unsigned int members, unsigned int value_len)
{
	struct text text = { 0 };

	for (unsigned int i = 0; i < members; i++)
		text_add(&text, "%s\"M%u\":\"%0*u\"", i ? "," : "{", i, (int)value_len, 0);
	text_add(&text, "}");
	return text;
}

static bool reads(const struct text *text)
{
	struct said said = d2l_said((const u8 *)text->at, text->len, 0, true);
	bool good = said.telegrams;

	said_free(&said);
	return good;
}

static bool what_is_more_than_a_telegram_is_refused(const char **skip)
{
	static const struct {
		unsigned int members;
		unsigned int value_len;
		bool good;
	} cases[] = {
		{ METERLINE_P1_MAX_LINES, 1, true }, { METERLINE_P1_MAX_LINES + 1, 1, false },
		{ 10, 400, true },		     { 12, 400, false },
	};
	struct text deep = { 0 }, label = { 0 };
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text text = object_of(cases[i].members, cases[i].value_len);

		if (reads(&text) != cases[i].good)
			kept = broken("%u members of %u", cases[i].members, cases[i].value_len);
		text_free(&text);
	}
	for (unsigned int i = 0; i < D2L_PAYLOAD_MAX; i++)
		text_add(&deep, "[");
	text_add(&label, "{\"%0256u\":\"1\"}", 0);
	kept = kept && !reads(&deep) && !reads(&label);
	text_free(&deep);
	text_free(&label);
	return kept || broken("not refused");
}

/* Lines of a text. */
static size_t lines(const struct text *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->len; i++)
		count += text->at[i] == '\n';
	return count;
}

static bool what_simulated_modules_say_is_read(const char **skip)
{
	struct vector *seeds;
	size_t count = d2l_json_seeds(&seeds);
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < count; i++) {
		struct said said = d2l_said(seeds[i].bytes, seeds[i].len, 0, false);
		struct said rules = d2l_reference(seeds[i].bytes, seeds[i].len);
		struct said fields = d2l_said(seeds[i].bytes, seeds[i].len, 0, true);

		if (!said.telegrams || !same_said(&rules, &fields) ||
		    !strstr(said.fields.at, "\nenergy_import ") ||
		    !strstr(said.fields.at, "\ntime "))
			kept = broken("%s: %s", seeds[i].name, said.fields.at);
		/* All labels, three members of the module's own, and the line before them. */
		if (i % 16 == 15 && lines(&fields.fields) != TIC_ROW_COUNT - TIC_ROW_STANDARD + 4)
			kept = broken("%s has not all labels: %zu", seeds[i].name,
				      lines(&fields.fields));
		said_free(&said);
		said_free(&rules);
		said_free(&fields);
	}
	free_vectors(seeds, count);
	return kept;
}

static const struct promise promises[] = {
	{ "a_frame_says_what_was_put_in", a_frame_says_what_was_put_in },
	{ "what_is_sealed_is_the_frame_by_the_description",
	  what_is_sealed_is_the_frame_by_the_description },
	{ "no_frame_with_an_altered_byte_is_accepted", no_frame_with_an_altered_byte_is_accepted },
	{ "no_frame_of_another_length_is_accepted", no_frame_of_another_length_is_accepted },
	{ "what_is_no_frame_is_seen_at_its_first_wrong_byte",
	  what_is_no_frame_is_seen_at_its_first_wrong_byte },
	{ "a_payload_longer_than_its_frame_is_refused",
	  a_payload_longer_than_its_frame_is_refused },
	{ "another_key_or_iv_shows_in_the_crc", another_key_or_iv_shows_in_the_crc },
	{ "a_cut_anywhere_changes_nothing", a_cut_anywhere_changes_nothing },
	{ "many_frames_in_one_read_are_all_seen", many_frames_in_one_read_are_all_seen },
	{ "the_answer_tells_seconds_since_2016", the_answer_tells_seconds_since_2016 },
	{ "only_an_answer_has_a_clock", only_an_answer_has_a_clock },
	{ "openssl_allocates_nothing_for_a_frame", openssl_allocates_nothing_for_a_frame },
	{ "ids_are_padded_with_zeros_on_the_left", ids_are_padded_with_zeros_on_the_left },
	{ "a_key_without_an_id_is_for_every_module", a_key_without_an_id_is_for_every_module },
	{ "what_is_wrong_with_a_key_file_is_said_without_the_key",
	  what_is_wrong_with_a_key_file_is_said_without_the_key },
	{ "keys_of_thousands_of_modules_are_found", keys_of_thousands_of_modules_are_found },
	{ "readings_say_what_the_rules_say", readings_say_what_the_rules_say },
	{ "what_is_more_than_a_telegram_is_refused", what_is_more_than_a_telegram_is_refused },
	{ "what_simulated_modules_say_is_read", what_simulated_modules_say_is_read },
};

int main(void)
{
	int rc;

	if (!CRYPTO_set_mem_functions(counting_malloc, counting_realloc, counting_free))
		return 1;
	aes = crypt_cbc_new();
	if (!aes)
		return 1;
	rc = keep_promises(promises, COUNT(promises));
	crypt_cbc_free(aes);
	return rc;
}
