// SPDX-License-Identifier: MIT
/*
 * What a frame of a D2L module costs a server: the key by its id, decipher, check, JSON,
 * quantities, and the answer. Each figure is the smallest of several, for the machine is noisy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../userspace/decode/d2l.h"
#include "../../userspace/decode/d2l_json.h"
#include "../../userspace/meterctl/d2l_module.h"

#define MODULES	10000
/* Of different modules. */
#define FRAMES	1000
/* Each is so short that many are not interrupted. */
#define SAMPLES 300
#define IN_SAMPLE 50

#define UNIX_S	1760000000

/**
 * struct server - what a server has
 * @energy: of all readings, so that nothing is optimised away
 */
struct server {
	struct d2l_keys *keys;
	struct crypt_cbc *aes;
	struct d2l_reading reading;
	u8 answer[D2L_ANSWER_LEN];
	s64 energy;
};

struct sealed {
	size_t len;
	u8 bytes[D2L_FRAME_MAX];
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void fail(const char *what)
{
	fprintf(stderr, "d2l: %s\n", what);
	exit(1);
}

static void add_keys(struct d2l_keys *keys)
{
	char *text = malloc(MODULES * 128), problem[256];
	size_t len = 0;
	struct d2l_key key;

	for (u64 id = 1; text && id <= MODULES; id++) {
		d2l_module_key(id, &key);
		len += sprintf(text + len, "%c\"%012u\": {\"key\": \"", id == 1 ? '{' : ',',
			       (unsigned int)id);
		for (int i = 0; i < 16; i++)
			len += sprintf(text + len, "%02x", key.key[i]);
		len += sprintf(text + len, "\", \"iv\": \"");
		for (int i = 0; i < 16; i++)
			len += sprintf(text + len, "%02x", key.iv[i]);
		len += sprintf(text + len, "\"}");
	}
	if (!text)
		fail("no memory");
	text[len++] = '}';
	if (!d2l_keys_add(keys, text, len, problem, sizeof(problem)))
		fail(problem);
	free(text);
}

/* Frames of different modules of one kind. */
static struct sealed *make_frames(struct server *s, enum d2l_mode mode)
{
	struct sealed *frames = calloc(FRAMES, sizeof(*frames));
	const u8 random[D2L_RANDOM_LEN] = { 1 };
	char json[D2L_PAYLOAD_MAX];
	struct d2l_module m;

	for (unsigned int i = 0; frames && i < FRAMES; i++) {
		struct d2l_frame f = { .id = 1 + i * 7, .type = D2L_PUSH_JSON };

		d2l_module_of(f.id, mode, &m);
		f.payload = (u8 *)json;
		f.payload_len = d2l_module_json(&m, UNIX_S, json, sizeof(json));
		frames[i].len = d2l_seal(s->aes, d2l_keys_find(s->keys, f.id), &f, random,
					 frames[i].bytes, sizeof(frames[i].bytes));
		if (!frames[i].len)
			fail("a frame cannot be made");
	}
	if (!frames)
		fail("no memory");
	return frames;
}

static void serve(struct server *s, const struct sealed *frame, unsigned int nth)
{
	u8 clear[D2L_FRAME_MAX], random[D2L_RANDOM_LEN] = { nth };
	const struct d2l_key *key;
	struct reading values;
	struct d2l_header h;
	struct d2l_frame f;

	if (d2l_header(frame->bytes, frame->len, &h) != D2L_GOOD)
		fail("no header");
	key = d2l_keys_find(s->keys, h.id);
	if (!key || d2l_open(s->aes, key, frame->bytes, h.len, clear, &f) != D2L_GOOD ||
	    !d2l_reading_parse(&s->reading, f.payload, f.payload_len) ||
	    !d2l_answer(s->aes, key, &f, UNIX_S, random, s->answer))
		fail("a frame is not read");
	d2l_quantities(&s->reading.telegram, 0, &values);
	if (!reading_has(&values, Q_energy_import))
		fail("a reading has no energy");
	s->energy += values.milli[Q_energy_import] + s->answer[40];
}

static void measure(struct server *s, enum d2l_mode mode, const char *name)
{
	struct sealed *frames = make_frames(s, mode);
	double best = 1e9;

	for (unsigned int sample = 0; sample < SAMPLES; sample++) {
		double begin = now_us(), took;

		for (unsigned int i = 0; i < IN_SAMPLE; i++)
			serve(s, &frames[(sample * IN_SAMPLE + i) % FRAMES], i);
		took = (now_us() - begin) / IN_SAMPLE;
		if (took < best)
			best = took;
	}
	printf("bench d2l.%s %.1f us/frame\n", name, best);
	free(frames);
}

int main(void)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		fail("no memory");
	s->keys = d2l_keys_new();
	s->aes = crypt_cbc_new();
	if (!s->keys || !s->aes)
		fail("no memory");
	add_keys(s->keys);
	measure(s, D2L_HISTORIQUE, "historique");
	measure(s, D2L_STANDARD, "standard");
	measure(s, D2L_ALL_LABELS, "standard.all_labels");
	printf("bench d2l.key %zu bytes\n", sizeof(struct d2l_key));
	fprintf(stderr, "energy %lld\n", (long long)s->energy);
	d2l_keys_free(s->keys);
	crypt_cbc_free(s->aes);
	free(s);
	return 0;
}
