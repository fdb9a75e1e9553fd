// SPDX-License-Identifier: MIT
/*
 * Which speed and which parity a line has, from its bytes alone: telegrams as a UART takes them
 * when it samples at another speed than they are sent with.
 */
#include "host.h"

static const unsigned int speeds[] = { 1200, 9600, 115200 };

/* Bytes that are enough for a judgement: what a line gives in a second or two. */
#define SAMPLE_BYTES 1500

/** struct wire - the level of a line, bit after bit */
struct wire {
	const u8 *bytes;
	size_t len;
	unsigned int bit_s;	/* bits in a second */
};

/* Start bit 0, eight bits, stop bit 1, byte after byte; 1 when nothing is sent any more. */
static bool level(const struct wire *w, u64 time_ns)
{
	u64 bit = time_ns * w->bit_s / 1000000000;
	size_t at = bit / 10;
	unsigned int in = bit % 10;

	if (at >= w->len || in == 9)
		return true;
	return in && w->bytes[at] >> (in - 1) & 1;
}

static u64 bit_ns(unsigned int speed, unsigned int half_bits)
{
	return 500000000ull * half_bits / speed;
}

/* What a UART at @speed takes these bytes for; one without its stop bit is taken all the same. */
static size_t sample(const struct wire *w, unsigned int speed, u8 *to, size_t room)
{
	u64 end = 10000000000ull * w->len / w->bit_s;
	u64 time = 0, step = bit_ns(speed, 1) / 8;
	size_t n = 0;
	unsigned int i;

	while (time < end && n < room) {
		if (level(w, time)) {
			time += step;
			continue;
		}
		to[n] = 0;
		for (i = 0; i < 8; i++)
			to[n] |= level(w, time + bit_ns(speed, 3 + 2 * i)) << i;
		n++;
		time += bit_ns(speed, 19);
		while (time < end && !level(w, time))
			time += step;
	}
	return n;
}

static void ignore(void *context, const struct telegram *t)
{
	(void)context;
	(void)t;
}

static struct line_decoder *listen(const struct vector *v, unsigned int sent, unsigned int read)
{
	struct line_decoder *d = malloc(sizeof(*d));
	struct wire w = { v->bytes, v->len, sent };
	u8 bytes[SAMPLE_BYTES];
	size_t n = sample(&w, read, bytes, sizeof(bytes));

	line_decoder_init(d, LINE_AUTO, ignore, NULL);
	line_decoder_feed(d, bytes, n, 0);
	return d;
}

/* The speed at which meters send telegrams like these. */
static unsigned int speed_of(const struct vector *v)
{
	if (strstr(v->name, "historique"))
		return 1200;
	if (strstr(v->name, "tic") || strstr(v->name, "dsmr22") || strstr(v->name, "dsmr3"))
		return 9600;
	return 115200;
}

/* Only the project's own: these say in their names what they are. */
static bool is_own(const struct vector *v)
{
	return strstr(v->name, "tests/vectors/") && !strstr(v->name, "damaged");
}

/* Follows the advice from @first on, as long as there is some. */
static unsigned int follow(const struct vector *v, unsigned int first)
{
	unsigned int speed = first, tries;

	for (tries = 0; tries < COUNT(speeds); tries++) {
		struct line_decoder *d = listen(v, speed_of(v), speed);
		unsigned int next = line_decoder_next_speed(d, speed);

		free(d);
		if (next == speed)
			break;
		speed = next;
	}
	return speed;
}

static bool speed_is_found_from_any_other(const char **skip)
{
	struct vector *vectors;
	size_t i, k, count = load_vectors(&vectors), done = 0;
	bool kept = true;

	for (i = 0; i < count; i++) {
		for (k = 0; is_own(&vectors[i]) && k < COUNT(speeds); k++, done++) {
			unsigned int found = follow(&vectors[i], speeds[k]);

			if (found != speed_of(&vectors[i]))
				kept = broken("%s from %u: %u", vectors[i].name, speeds[k], found);
		}
	}
	free_vectors(vectors, count);
	(void)skip;
	return kept && (done || broken("no vector of the project was there"));
}

static bool slower_line_is_tried_slower_next(const char **skip)
{
	struct vector *vectors;
	size_t i, k, count = load_vectors(&vectors), done = 0;
	bool kept = true;

	for (i = 0; i < count; i++) {
		for (k = 1; is_own(&vectors[i]) && k < COUNT(speeds); k++) {
			unsigned int next;
			struct line_decoder *d;

			if (speed_of(&vectors[i]) >= speeds[k])
				continue;
			done++;
			d = listen(&vectors[i], speed_of(&vectors[i]), speeds[k]);
			next = line_decoder_next_speed(d, speeds[k]);
			if (next != speeds[k - 1])
				kept = broken("%s at %u: %u is next", vectors[i].name, speeds[k],
					      next);
			free(d);
		}
	}
	free_vectors(vectors, count);
	(void)skip;
	return kept && (done || broken("no vector of the project was there"));
}

static bool right_speed_is_never_left(const char **skip)
{
	struct vector *vectors;
	size_t i, count = load_vectors(&vectors), done = 0;
	bool kept = true;

	for (i = 0; i < count; i++) {
		unsigned int speed = speed_of(&vectors[i]);
		struct line_decoder *d;

		if (!is_own(&vectors[i]))
			continue;
		done++;
		d = listen(&vectors[i], speed, speed);
		if (line_decoder_next_speed(d, speed) != speed)
			kept = broken("%s leaves %u", vectors[i].name, speed);
		free(d);
	}
	free_vectors(vectors, count);
	(void)skip;
	return kept && (done || broken("no vector of the project was there"));
}

static bool silent_line_is_tried_at_every_speed(const char **skip)
{
	struct line_decoder *d = malloc(sizeof(*d));
	unsigned int speed = 9600, i;
	bool kept = true;

	line_decoder_init(d, LINE_AUTO, ignore, NULL);
	for (i = 0; i < COUNT(speeds); i++) {
		unsigned int next = line_decoder_next_speed(d, speed);

		kept &= next != speed || broken("%u is kept", speed);
		speed = next;
	}
	free(d);
	(void)skip;
	return kept && (speed == 9600 || broken("after one round at %u", speed));
}

static bool parity_is_told_from_none(const char **skip)
{
	struct vector *vectors;
	size_t i, count = load_vectors(&vectors), with = 0, without = 0;
	bool kept = true;

	for (i = 0; i < count; i++) {
		bool parity = is_7e1(vectors[i].bytes, vectors[i].len);
		struct line_decoder *d;

		if (!is_own(&vectors[i]))
			continue;
		*(parity ? &with : &without) += 1;
		d = listen(&vectors[i], speed_of(&vectors[i]), speed_of(&vectors[i]));
		if (line_decoder_has_parity(d) != parity)
			kept = broken("%s: parity %d", vectors[i].name, !parity);
		free(d);
	}
	free_vectors(vectors, count);
	(void)skip;
	return kept && ((with && without) || broken("%zu with parity, %zu without", with, without));
}

int main(void)
{
	static const struct promise promises[] = {
		{ "speed_is_found_from_any_other", speed_is_found_from_any_other },
		{ "slower_line_is_tried_slower_next", slower_line_is_tried_slower_next },
		{ "right_speed_is_never_left", right_speed_is_never_left },
		{ "silent_line_is_tried_at_every_speed", silent_line_is_tried_at_every_speed },
		{ "parity_is_told_from_none", parity_is_told_from_none },
	};

	return keep_promises(promises, COUNT(promises));
}
