// SPDX-License-Identifier: MIT
/*
 * However the bytes of a vector arrive, and whatever came before them, the telegrams are the same.
 */
#include "host.h"

static const unsigned int protocols[] = { LINE_AUTO, LINE_TIC, LINE_P1 };

/* Whether @check holds for every vector and protocol. */
static bool for_each_vector(bool (*check)(const struct vector *v, unsigned int protocols,
					  const struct said *whole))
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors), telegrams = 0;
	bool kept = true;

	for (size_t i = 0; i < count; i++)
		for (size_t p = 0; p < COUNT(protocols); p++) {
			struct said whole =
				decode(protocols[p], vectors[i].bytes, vectors[i].len, 0, NULL);

			telegrams += whole.telegrams;
			kept &= check(&vectors[i], protocols[p], &whole);
			said_free(&whole);
		}
	free_vectors(vectors, count);
	note("%zu vectors, %zu telegrams", count, telegrams);
	return kept && telegrams;
}

static bool cut_everywhere(const struct vector *v, unsigned int tried, const struct said *whole)
{
	struct said uncut = decode_cut(tried, v->bytes, v->len, v->len);
	bool same = uncut.telegrams == whole->telegrams;

	for (size_t cut = 0; same && tried == LINE_AUTO && cut < v->len; cut++) {
		struct said said = decode_cut(tried, v->bytes, v->len, cut);

		same = same_said(&said, &uncut);
		said_free(&said);
		if (!same)
			broken("%s says something else when cut at byte %zu", v->name, cut);
	}
	said_free(&uncut);
	return same;
}

static bool a_cut_at_any_byte_changes_nothing(const char **skip)
{
	(void)skip;
	return for_each_vector(cut_everywhere);
}

static bool in_chunks(const struct vector *v, unsigned int tried, const struct said *whole)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 8, 9, 16, 62, 64, 255, 1024, 4096 };

	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct said said = decode(tried, v->bytes, v->len, chunks[i], NULL);
		bool same = same_said(&said, whole);

		said_free(&said);
		if (!same)
			return broken("%s says something else in chunks of %zu", v->name,
				      chunks[i]);
	}
	return true;
}

static bool chunks_of_any_size_change_nothing(const char **skip)
{
	(void)skip;
	return for_each_vector(in_chunks);
}

static bool same_stats(const struct telegram_stats *a, const struct telegram_stats *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool counted_in_chunks(const struct vector *v, unsigned int tried, const struct said *whole)
{
	static const size_t chunks[] = { 1, 7, 64, 1000 };
	struct telegram_stats once, stats;
	struct said said;

	(void)whole;
	if (tried == LINE_AUTO)
		return true;
	said = decode(tried, v->bytes, v->len, 0, &once);
	said_free(&said);
	if (once.bytes != v->len)
		return broken("%s: %zu bytes, counted %llu", v->name, v->len,
			      (unsigned long long)once.bytes);
	for (size_t i = 0; i < COUNT(chunks); i++) {
		said = decode(tried, v->bytes, v->len, chunks[i], &stats);
		said_free(&said);
		if (!same_stats(&once, &stats))
			return broken("%s: other counts in chunks of %zu", v->name, chunks[i]);
	}
	return true;
}

static bool chunks_of_any_size_are_counted_alike(const char **skip)
{
	(void)skip;
	return for_each_vector(counted_in_chunks);
}

/* Bytes that begin no telegram; as even or odd as the line. */
static void make_noise(u8 *noise, size_t len, bool parity, u64 *state)
{
	for (size_t i = 0; i < len; i++) {
		do {
			noise[i] = lot(state, 256);
			if (parity)
				add_parity(noise + i, 1);
		} while ((noise[i] & 0x7f) == 2 || (noise[i] & 0x7f) == '/');
	}
}

static bool behind_noise(const struct vector *v, unsigned int tried, const struct said *whole)
{
	static const size_t lengths[] = { 1, 5, 64, 300, 5000 };
	bool parity = is_7e1(v->bytes, v->len), same = true;
	u8 *bytes = malloc(v->len + 5000);
	u64 state = v->len;

	for (size_t i = 0; same && i < COUNT(lengths); i++) {
		struct said said;

		make_noise(bytes, lengths[i], parity, &state);
		memcpy(bytes + lengths[i], v->bytes, v->len);
		said = decode(tried, bytes, lengths[i] + v->len, 64, NULL);
		same = same_said(&said, whole);
		said_free(&said);
		if (!same)
			broken("%s says something else behind %zu bytes of noise", v->name,
			       lengths[i]);
	}
	free(bytes);
	return same;
}

static bool noise_before_a_telegram_changes_nothing(const char **skip)
{
	(void)skip;
	return for_each_vector(behind_noise);
}

/* Each vector behind the one before it: what a decoder has learned must not show. */
static bool a_telegram_says_the_same_whatever_came_before(const char **skip)
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors);
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i + 1 < count; i++) {
		const struct vector *a = &vectors[i], *b = &vectors[i + 1];
		u8 *bytes = malloc(a->len + b->len);

		memcpy(bytes, a->bytes, a->len);
		memcpy(bytes + a->len, b->bytes, b->len);
		for (size_t p = 1; p < COUNT(protocols); p++) {
			struct said first = decode(protocols[p], a->bytes, a->len, 0, NULL);
			struct said second = decode(protocols[p], b->bytes, b->len, 0, NULL);
			struct said both = decode(protocols[p], bytes, a->len + b->len, 0, NULL);
			const char *end = both.fields.at + both.fields.len - second.fields.len;

			/* What carries parity is decided over all bytes, so only alike ones. */
			if (is_7e1(a->bytes, a->len) == is_7e1(b->bytes, b->len) &&
			    second.fields.len &&
			    (both.fields.len < second.fields.len ||
			     memcmp(end, second.fields.at, second.fields.len)))
				kept = broken("%s says something else behind %s", b->name, a->name);
			said_free(&first);
			said_free(&second);
			said_free(&both);
		}
		free(bytes);
	}
	free_vectors(vectors, count);
	return kept;
}

static bool is_read_as(unsigned int protocol, struct said (*reference)(const u8 *, size_t))
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors), telegrams = 0;
	bool kept = true;

	for (size_t i = 0; i < count; i++) {
		struct said rules = reference(vectors[i].bytes, vectors[i].len);
		struct said said = { .fields_only = true };
		struct line_decoder *d = malloc(sizeof(*d));

		line_decoder_init(d, protocol, say_telegram, &said);
		line_decoder_feed(d, vectors[i].bytes, vectors[i].len, 0);
		line_decoder_pause(d);
		free(d);
		telegrams += rules.telegrams;
		if (!same_said(&said, &rules))
			kept = broken("%s says\n%s, by the rules\n%s", vectors[i].name,
				      said.fields.at, rules.fields.at);
		said_free(&said);
		said_free(&rules);
	}
	free_vectors(vectors, count);
	note("%zu telegrams", telegrams);
	return kept && telegrams;
}

static bool tic_is_read_as_the_rules_say(const char **skip)
{
	(void)skip;
	return is_read_as(LINE_TIC, tic_reference);
}

static bool p1_is_read_as_the_rules_say(const char **skip)
{
	(void)skip;
	return is_read_as(LINE_P1, p1_reference);
}

static const struct promise promises[] = {
	{ "a_cut_at_any_byte_changes_nothing", a_cut_at_any_byte_changes_nothing },
	{ "chunks_of_any_size_change_nothing", chunks_of_any_size_change_nothing },
	{ "chunks_of_any_size_are_counted_alike", chunks_of_any_size_are_counted_alike },
	{ "noise_before_a_telegram_changes_nothing", noise_before_a_telegram_changes_nothing },
	{ "a_telegram_says_the_same_whatever_came_before",
	  a_telegram_says_the_same_whatever_came_before },
	{ "tic_is_read_as_the_rules_say", tic_is_read_as_the_rules_say },
	{ "p1_is_read_as_the_rules_say", p1_is_read_as_the_rules_say },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
