// SPDX-License-Identifier: MIT
/*
 * Characters from the edges of bad lines. All lots are drawn alike in every run.
 */
#include "edges.h"

/*
 * Characters without a pause after which speed and skew of a line are known, and behind which all
 * are right. Toggles may be taken for their contrary until then.
 */
#define SETTLED	       32
#define SETTLED_TOGGLE 128
/* Characters after which their beginnings are found in a stream without a pause. */
#define FOUND 32
/* Characters of a stream that is long enough for a judgement, and of its beginning alone. */
#define STREAM	   2500
#define BEGINNING  80
#define BEGINNINGS 50

static const unsigned int bauds[] = { 1200, 9600 };

/* TIC of several meters, 7E1, for as many characters as wanted. */
static u8 *make_payload(size_t len)
{
	static const char *const names[] = { "tic-standard.bin", "tic-historique-tempo.bin",
					     "tic-standard-all71.bin", "tic-historique-base.bin" };
	u8 *bytes = malloc(len);

	for (size_t i = 0, done = 0; done < len; i++) {
		struct vector v;
		size_t n;

		load_vector(&v, "tests/vectors", names[i % COUNT(names)]);
		n = v.len < len - done ? v.len : len - done;
		memcpy(bytes + done, v.bytes, n);
		done += n;
		free(v.bytes);
	}
	add_parity(bytes, len);
	return bytes;
}

/* Sent back to back, as meters do within a frame. */
static void send_payload(struct wire *w, size_t len)
{
	u8 *bytes = make_payload(len);

	wire_level(w, 1, 20 * BIT);
	wire_bytes(w, bytes, len);
	wire_level(w, 1, 20 * BIT);
	free(bytes);
}

/* The same in frames of @frame characters, with the pause between them that 02E and 54E have. */
static void send_frames(struct wire *w, size_t len, size_t frame)
{
	u8 *bytes = make_payload(len);

	for (size_t at = 0; at < len; at += frame) {
		wire_level(w, 1, 20 * BIT);
		wire_bytes(w, bytes + at, len - at < frame ? len - at : frame);
	}
	wire_level(w, 1, 20 * BIT);
	free(bytes);
}

static struct heard hear_new(struct softuart *u, const struct wire *w, bool toggle)
{
	softuart_init(u, w->baud);
	return hear(u, w, 0, toggle);
}

static bool no_error(const struct softuart_stats *s)
{
	return !s->framing && !s->lost_edges && !s->glitches;
}

/*
 * Whether each character behind the first @settled ones is given, and hardly one that was not sent.
 */
static bool gives_all(const struct wire *line, size_t len, size_t settled, bool toggle)
{
	struct wire w = *line;
	struct softuart u;
	struct heard h;
	bool kept;

	send_payload(&w, len);
	h = hear_new(&u, &w, toggle);
	kept = h.last_missing <= settled && h.last_wrong <= settled && h.wrong <= settled / 3 &&
	       u.stats.characters == h.len && (settled || no_error(&u.stats));
	if (!kept)
		broken("%u baud, speed %u, jitter %u%s, skew %d, lots %u, toggle %d: %zu wrong, "
		       "the last at %zu, the last missing one is %zu",
		       w.baud, w.speed, w.jitter, w.extreme ? " extreme" : "", w.skew,
		       (unsigned int)line->lots, toggle, h.wrong, h.last_wrong, h.last_missing);
	heard_free(&h);
	wire_free(&w);
	return kept;
}

/* At both speeds, with levels and with toggles. */
static bool gives_all_always(struct wire w, size_t len, size_t settled, size_t settled_toggle)
{
	bool kept = true;

	for (unsigned int i = 0; i < 4; i++) {
		w.baud = bauds[i % 2];
		kept &= gives_all(&w, len, i / 2 ? settled_toggle : settled, i / 2);
	}
	return kept;
}

static bool clean_line_gives_every_byte(const char **skip)
{
	(void)skip;
	return gives_all_always(wire_at(1200), STREAM, 0, 0);
}

/* From the first character on, of many lines and of one for long. */
static bool loses_nothing(u32 speed, u32 jitter, bool extreme, s32 skew)
{
	struct wire w = wire_at(1200);
	bool kept = true;

	w.jitter = jitter;
	w.extreme = extreme;
	w.skew = skew;
	for (w.speed = 1000 - speed; w.speed <= 1000 + speed; w.speed += speed) {
		kept &= gives_all_always(w, STREAM, 0, 0);
		for (w.lots = 2; w.lots < BEGINNINGS; w.lots++)
			kept &= gives_all_always(w, BEGINNING, 0, 0);
	}
	return kept;
}

static bool speed_3_percent_off_and_10_percent_of_jitter_lose_nothing(const char **skip)
{
	(void)skip;
	return loses_nothing(30, 100, false, 0) && loses_nothing(30, 100, true, 0);
}

static bool speed_1_percent_off_and_20_percent_of_jitter_lose_nothing(const char **skip)
{
	(void)skip;
	return loses_nothing(10, 200, false, 0);
}

static bool small_skew_loses_nothing(const char **skip)
{
	(void)skip;
	return loses_nothing(30, 100, false, -100) && loses_nothing(30, 100, false, 100);
}

/* Once it is known. */
static bool skew_is_found(u32 speed, u32 jitter, bool extreme, s32 most)
{
	struct wire w = wire_at(1200);
	bool kept = true;

	w.jitter = jitter;
	w.extreme = extreme;
	for (w.skew = -most; w.skew <= most; w.skew += most / 5)
		for (w.speed = 1000 - speed; w.speed <= 1000 + speed; w.speed += speed)
			kept &= gives_all_always(w, STREAM, SETTLED, SETTLED_TOGGLE);
	return kept;
}

static bool half_a_bit_of_skew_is_found_with_3_percent_and_10_percent(const char **skip)
{
	(void)skip;
	return skew_is_found(30, 100, false, 500) && skew_is_found(30, 100, true, 500);
}

static bool two_fifths_of_a_bit_of_skew_are_found_with_1_percent_and_20_percent(const char **skip)
{
	(void)skip;
	return skew_is_found(10, 200, false, 400);
}

/* What is done to a line, and what may come of it. */
static bool skew_changes(s32 before, s32 after, bool toggle)
{
	struct wire w = wire_at(9600);
	struct softuart u;
	struct heard h;
	bool kept;

	w.jitter = 100;
	w.skew = before;
	send_payload(&w, STREAM);
	w.skew = after;
	send_payload(&w, STREAM);
	h = hear_new(&u, &w, toggle);
	kept = h.last_missing < STREAM + (toggle ? SETTLED_TOGGLE : SETTLED) + SETTLED &&
	       h.wrong < SETTLED;
	if (!kept)
		broken("from %d to %d: %zu wrong, the last missing one is %zu", before, after,
		       h.wrong, h.last_missing);
	heard_free(&h);
	wire_free(&w);
	return kept;
}

static bool skew_that_changes_is_found_again(const char **skip)
{
	static const s32 skews[] = { -500, -250, 0, 250, 500 };
	bool kept = true;

	(void)skip;
	for (size_t i = 0; i < COUNT(skews); i++)
		for (size_t k = 0; k < COUNT(skews); k++)
			kept &= skew_changes(skews[i], skews[k], false) &&
				skew_changes(skews[i], skews[k], true);
	return kept;
}

/* A stream with a pulse of a length in thousandths of a bit now and then; their number. */
static size_t send_with_pulses(struct wire *w, u32 thousandths, u32 often)
{
	u32 ns = 1000000 * thousandths / w->baud, before;
	size_t pulses = 0;

	send_payload(w, STREAM);
	for (size_t i = 100; i + 1 < w->count; i += 3 + lot(&w->lots, often)) {
		before = w->count;
		wire_pulse(w, i, 1 + lot(&w->lots, w->edges[i + 1].ns - w->edges[i].ns), ns);
		pulses += w->count > before;
	}
	return pulses;
}

static bool spikes_change_nothing(const char **skip)
{
	static const u32 lengths[] = { 1, 10, 50, 100, 120 };
	bool kept = true;

	for (size_t i = 0; i < 4 * COUNT(lengths); i++) {
		struct wire w = wire_at(bauds[i / 2 % 2]);
		struct softuart u;
		struct heard h;
		size_t spikes;

		w.jitter = 100;
		spikes = send_with_pulses(&w, lengths[i / 4], 20);
		h = hear_new(&u, &w, i % 2);
		if (h.right != STREAM || h.wrong || u.stats.glitches != spikes || !spikes)
			kept = broken("%zu spikes of %u: %llu counted, %zu right, %zu wrong",
				      spikes, lengths[i / 4], (unsigned long long)u.stats.glitches,
				      h.right, h.wrong);
		heard_free(&h);
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

static bool pulses_too_short_for_a_bit_drop_characters_and_are_counted(const char **skip)
{
	static const u32 lengths[] = { 150, 200, 250, 300, 350 };
	bool kept = true;

	for (size_t i = 0; i < 4 * COUNT(lengths); i++) {
		struct wire w = wire_at(bauds[i / 2 % 2]);
		struct softuart u;
		struct heard h;
		size_t pulses;

		w.jitter = 50;
		pulses = send_with_pulses(&w, lengths[i / 4], 120);
		h = hear_new(&u, &w, i % 2);
		if (h.wrong * 20 > pulses || STREAM - h.right > 3 * pulses || !pulses ||
		    u.stats.glitches < pulses)
			kept = broken("%zu pulses of %u: %llu counted, %zu right, %zu wrong",
				      pulses, lengths[i / 4], (unsigned long long)u.stats.glitches,
				      h.right, h.wrong);
		heard_free(&h);
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

static bool short_low_pulse_is_no_start_bit(const char **skip)
{
	bool kept = true;

	for (u32 high = 1500; high < 12000; high += 700) {
		struct wire w = wire_at(9600);
		struct softuart u;
		struct heard h;

		send_payload(&w, 100);
		wire_level(&w, 0, 300);
		wire_level(&w, 1, high);
		wire_bytes(&w, (const u8 *)"0123456789", 10);
		wire_level(&w, 1, 20 * BIT);
		h = hear_new(&u, &w, false);
		if (h.right != 110 || h.wrong || u.stats.glitches != 1 || u.stats.framing)
			kept = broken("%u before a character: %zu right, %zu wrong, counted %llu",
				      high, h.right, h.wrong, (unsigned long long)u.stats.framing);
		heard_free(&h);
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

/* Edges at any distance up to some bits. */
static void send_noise(struct wire *w, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wire_level(w, i % 2, 1 + lot(&w->lots, lot(&w->lots, 2) ? 300 : 5000));
}

static bool noise_is_counted_and_spoils_nothing_behind_it(const char **skip)
{
	bool kept = true;

	for (size_t i = 0; i < 24; i++) {
		struct wire w = wire_at(bauds[i / 2 % 2]);
		struct softuart u;
		struct heard h;

		w.skew = (s32)(i % 3) * 250 - 250;
		w.jitter = 100;
		w.speed = i % 5 ? 1030 : 970;
		w.lots = i;
		send_payload(&w, STREAM);
		send_noise(&w, 2000);
		send_payload(&w, STREAM);
		h = hear_new(&u, &w, i % 2);
		if (h.last_missing > STREAM + 2 * SETTLED || h.wrong > 80 ||
		    u.stats.framing + u.stats.glitches < 500)
			kept = broken("lots %zu, skew %d: %zu wrong, the last missing one is %zu",
				      i, w.skew, h.wrong, h.last_missing);
		heard_free(&h);
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

/* A stream in frames from which @count edges are missing now and then. */
/* At most so many characters in a hundred times. */
static bool edges_are_lost(size_t count, bool toggle, size_t missing_most, size_t wrong_most)
{
	struct wire w = wire_at(1200);
	struct softuart u;
	struct heard h;
	size_t times = 0;
	bool kept;

	w.jitter = 100;
	send_frames(&w, 4 * STREAM, 300);
	for (size_t i = 200; i + 200 < w.count; i += 500 + lot(&w.lots, 1000), times++)
		wire_remove(&w, i, count);
	h = hear_new(&u, &w, toggle);
	kept = (w.sent_count - h.right) * 100 <= missing_most * times &&
	       h.wrong * 100 <= wrong_most * times && u.stats.framing < 2 * times &&
	       u.stats.lost_edges + u.stats.framing >= times / 2 && times > 10 &&
	       (toggle || count % 2 == 0 || u.stats.lost_edges == times);
	if (!kept)
		broken("%zu times %zu edges, toggle %d: %zu missing, %zu wrong, counted %llu and "
		       "%llu",
		       times, count, toggle, w.sent_count - h.right, h.wrong,
		       (unsigned long long)u.stats.lost_edges, (unsigned long long)u.stats.framing);
	heard_free(&h);
	wire_free(&w);
	return kept;
}

static bool lost_edge_costs_a_few_characters_and_is_counted(const char **skip)
{
	(void)skip;
	return edges_are_lost(1, false, 800, 30) & edges_are_lost(2, false, 800, 200) &
	       edges_are_lost(3, false, 1600, 60);
}

static bool lost_toggle_costs_a_few_characters(const char **skip)
{
	(void)skip;
	return edges_are_lost(1, true, 2400, 600) & edges_are_lost(2, true, 1200, 200) &
	       edges_are_lost(3, true, 2400, 600);
}

/* An edge that comes again, some time before the next one. */
static size_t repeat_edges(struct wire *w, u32 often)
{
	size_t repeats = 0;

	for (size_t i = 200; i + 1 < w->count; i += often) {
		u32 room = w->edges[i + 1].ns - w->edges[i].ns;
		struct edge again = { w->edges[i].ns + room / 8 * (1 + repeats % 7),
				      w->edges[i].level };

		wire_pulse(w, i, room / 2, room / 4);
		w->edges[i + 1] = again;
		wire_remove(w, i + 2, 1);
		repeats++;
	}
	return repeats;
}

static bool edge_that_repeats_the_level_drops_its_character(const char **skip)
{
	struct wire w = wire_at(9600);
	struct softuart u;
	struct heard h;
	size_t repeats;
	bool kept;

	send_frames(&w, STREAM, 30);
	repeats = repeat_edges(&w, 401);
	h = hear_new(&u, &w, false);
	kept = h.right >= STREAM - 20 * repeats && !h.wrong && u.stats.lost_edges == repeats &&
	       repeats && !u.stats.framing;
	if (!kept)
		broken("%zu repeats: %llu counted, %zu right, %zu wrong", repeats,
		       (unsigned long long)u.stats.lost_edges, h.right, h.wrong);
	heard_free(&h);
	wire_free(&w);
	(void)skip;
	return kept;
}

static bool time_that_goes_back_is_a_loss_and_ends_at_a_pause(const char **skip)
{
	bool kept = true;

	for (size_t at = 1; at < 40; at++) {
		struct wire before = wire_at(9600), after = wire_at(9600);
		struct softuart u;
		struct heard h;

		before.now_ns = 100000000000;
		send_payload(&before, 100);
		send_frames(&after, 200, 100);
		softuart_init(&u, 9600);
		for (size_t i = 0; i < at; i++)
			softuart_edge(&u, before.edges[i].ns, before.edges[i].level);
		h = hear(&u, &after, 0, at % 2);
		if (h.right < 100 || h.wrong > 16 || !u.stats.lost_edges)
			kept = broken("behind %zu edges: %zu right, %zu wrong", at, h.right,
				      h.wrong);
		heard_free(&h);
		wire_free(&before);
		wire_free(&after);
	}
	(void)skip;
	return kept;
}

static bool losses_that_the_caller_tells_are_counted_and_end_at_a_pause(const char **skip)
{
	bool kept = true;

	for (size_t at = 1; at < 60; at++) {
		struct wire before = wire_at(9600), after;
		struct softuart u;
		struct heard h;

		send_payload(&before, 100);
		before.count = at;
		after = wire_at(9600);
		after.now_ns = 2000000000;
		send_payload(&after, 100);
		softuart_init(&u, 9600);
		for (size_t i = 0; i < at; i++)
			softuart_edge(&u, before.edges[i].ns, before.edges[i].level);
		softuart_lost(&u);
		kept &= softuart_deadline(&u) == SOFTUART_NEVER;
		softuart_edge(&u, 1990000000, at % 2);
		softuart_edge(&u, 1992000000, !(at % 2));
		softuart_edge(&u, 1993000000, 1);
		h = hear(&u, &after, 0, false);
		if (h.right != 100 || h.wrong || u.stats.lost_edges > 2)
			kept = broken("behind %zu edges: %zu right, %llu counted", at, h.right,
				      (unsigned long long)u.stats.lost_edges);
		heard_free(&h);
		wire_free(&before);
		wire_free(&after);
	}
	(void)skip;
	return kept;
}

static bool break_is_counted_once_and_no_character(const char **skip)
{
	bool kept = true;

	for (u32 bits = 11; bits < 400; bits += 97) {
		struct wire w = wire_at(9600);
		struct softuart u;
		struct heard h;

		send_payload(&w, 100);
		wire_level(&w, 0, bits * BIT);
		send_payload(&w, 100);
		h = hear_new(&u, &w, false);
		if (h.right != 200 || h.wrong || u.stats.framing != 1 || u.stats.lost_edges)
			kept = broken("%u bits low: %zu right, %zu wrong, %llu counted", bits,
				      h.right, h.wrong, (unsigned long long)u.stats.framing);
		heard_free(&h);
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

static bool last_character_needs_no_edge_but_the_deadline(const char **skip)
{
	bool kept = true;

	for (unsigned int byte = 0; byte < 256; byte++) {
		struct wire w = wire_at(bauds[byte % 2]);
		u64 begin = w.now_ns, bit = 1000000000 / w.baud, deadline;
		struct softuart u;
		int early, character;

		wire_byte(&w, byte);
		softuart_init(&u, w.baud);
		kept &= softuart_deadline(&u) == SOFTUART_NEVER;
		for (size_t i = 0; i < w.count; i++)
			kept &= softuart_edge(&u, w.edges[i].ns, w.edges[i].level) == SOFTUART_NONE;
		deadline = softuart_deadline(&u);
		early = softuart_expire(&u, deadline - 1);
		character = softuart_expire(&u, deadline);
		if (early != SOFTUART_NONE || character != (int)byte ||
		    softuart_deadline(&u) != SOFTUART_NEVER || deadline > begin + 11 * bit)
			kept = broken("%u: %d at %llu", byte, character,
				      (unsigned long long)(deadline - begin));
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

/* From each edge of a stream without a pause. */
static bool begins_in_mid_stream(unsigned int baud, bool toggle, size_t wrong_most,
				 size_t wrong_in_all, size_t found)
{
	struct wire w = wire_at(baud);
	size_t wrong = 0, edges = 600;
	bool kept = true;

	w.jitter = 50;
	send_payload(&w, 400);
	for (size_t from = 1; from < edges; from++) {
		size_t first = 0;
		struct softuart u;
		struct heard h;

		while (w.sent[first].ns < w.edges[from].ns)
			first++;
		softuart_init(&u, baud);
		h = hear(&u, &w, from, toggle);
		wrong += h.wrong;
		if (h.wrong > wrong_most || h.last_missing > first + found)
			kept = broken("from edge %zu, in character %zu: %zu wrong, the last "
				      "missing one is %zu",
				      from, first, h.wrong, h.last_missing);
		heard_free(&h);
	}
	wire_free(&w);
	note("%zu wrong in %zu times", wrong, edges);
	return kept && wrong <= wrong_in_all;
}

static bool beginning_in_mid_stream_gives_little_that_is_wrong(const char **skip)
{
	(void)skip;
	return begins_in_mid_stream(1200, false, 16, 450, FOUND) &
	       begins_in_mid_stream(9600, true, 40, 1200, 4 * FOUND);
}

static bool behind_a_loss_nothing_is_given_until_it_is_proven(const char **skip)
{
	struct wire w = wire_at(9600);
	size_t wrong = 0, times = 0;
	bool kept = true;

	send_payload(&w, 400);
	for (size_t from = 100; from < 500; from++, times++) {
		struct softuart u;
		struct heard h;

		softuart_init(&u, 9600);
		for (size_t i = 0; i < 20; i++)
			softuart_edge(&u, w.edges[i].ns, w.edges[i].level);
		softuart_lost(&u);
		h = hear(&u, &w, from, false);
		wrong += h.wrong;
		kept &= h.right > 200 || broken("from edge %zu: %zu right", from, h.right);
		heard_free(&h);
	}
	wire_free(&w);
	note("%zu wrong in %zu times", wrong, times);
	(void)skip;
	return kept && wrong * 4 < times;
}

static bool bit_is_learned_within_4_percent(const char **skip)
{
	bool kept = true;

	for (u32 speed = 940; speed <= 1060; speed += 10) {
		struct wire w = wire_at(1200);
		struct softuart u;
		struct heard h;
		s32 most, bit;

		w.speed = speed;
		send_payload(&w, STREAM);
		h = hear_new(&u, &w, false);
		most = u.nominal_ns / 25;
		bit = u.nominal_ns * 1000ull / speed;
		if (abs((s32)(u.bit_ns - u.nominal_ns)) > most ||
		    (abs(bit - (s32)u.nominal_ns) < most && abs((s32)u.bit_ns - bit) * 200 > bit))
			kept = broken("speed %u: %u ns instead of %d", speed, u.bit_ns, bit);
		heard_free(&h);
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

/* A line that changes its speed, told or not. */
static bool changes_speed(unsigned int from, unsigned int to, bool toggle, s32 skew)
{
	struct wire w = wire_at(from);
	struct softuart u;
	struct heard h;
	size_t settled;
	bool kept;

	w.jitter = 100;
	w.skew = skew;
	send_frames(&w, STREAM, 100);
	settled = w.count;
	w.baud = to;
	send_frames(&w, STREAM, 100);
	softuart_init(&u, 0);
	kept = !softuart_baud(&u);
	for (size_t i = 0; i < settled; i++)
		softuart_edge(&u, w.edges[i].ns, toggle ? SOFTUART_TOGGLE : w.edges[i].level);
	kept &= softuart_baud(&u) == from;
	h = hear(&u, &w, settled, toggle);
	kept &= softuart_baud(&u) == to && h.last_missing <= STREAM + 200 && h.wrong < 24;
	if (!kept)
		broken("from %u to %u: %u, %zu wrong, the last missing one is %zu", from, to,
		       softuart_baud(&u), h.wrong, h.last_missing);
	heard_free(&h);
	wire_free(&w);
	return kept;
}

static bool speed_is_found_and_followed(const char **skip)
{
	bool kept = true;

	for (s32 skew = -400; skew <= 400; skew += 400)
		for (unsigned int i = 0; i < 8; i++)
			kept &= changes_speed(bauds[i % 2], bauds[i / 2 % 2], i / 4, skew);
	(void)skip;
	return kept;
}

/* Historique has 1200 baud (54E section 5.3.1); P1 at 115200 is no matter here. */
static unsigned int baud_of(const struct vector *v)
{
	return strstr(v->name, "hist") || strstr(v->name, "3P") ? 1200 : 9600;
}

/* A vector behind what tells skew and speed, and nothing that begins a telegram. */
static struct heard hear_vector(const struct vector *v, s32 skew, bool toggle)
{
	static const u8 text[] = "The quick brown fox jumps over 13 lazy dogs, and so on";
	struct wire w = wire_at(baud_of(v));
	struct softuart u;
	struct heard h;
	u8 before[64];

	memcpy(before, text, sizeof(text) - 1);
	if (is_7e1(v->bytes, v->len))
		add_parity(before, sizeof(text) - 1);
	w.speed = 1015;
	w.jitter = 100;
	w.skew = skew;
	wire_level(&w, 1, 20 * BIT);
	wire_bytes(&w, before, sizeof(text) - 1);
	wire_bytes(&w, v->bytes, v->len);
	h = hear_new(&u, &w, toggle);
	wire_free(&w);
	return h;
}

static bool telegrams_of_captures_are_those_of_their_bytes(const char **skip)
{
	struct vector *vectors;
	size_t count = load_vectors(&vectors), telegrams = 0;
	bool kept = true;

	for (size_t i = 0; i < 4 * count; i++) {
		const struct vector *v = &vectors[i / 4];
		struct heard h = hear_vector(v, i / 2 % 2 ? -300 : 300, i % 2);
		struct said sent = decode(LINE_AUTO, v->bytes, v->len, 0, NULL);
		struct said heard = decode(LINE_AUTO, h.bytes, h.len, 1, NULL);

		if (!same_said(&sent, &heard))
			kept = broken("%s says\n%s instead of\n%s", v->name, heard.fields.at,
				      sent.fields.at);
		telegrams += heard.telegrams;
		heard_free(&h);
		said_free(&sent);
		said_free(&heard);
	}
	free_vectors(vectors, count);
	note("%zu telegrams", telegrams);
	(void)skip;
	return kept && telegrams;
}

/* Something bad happens to a line every few hundred edges. */
static void spoil(struct wire *w)
{
	for (size_t i = 100; i + 100 < w->count; i += 20 + lot(&w->lots, 600)) {
		u32 room = w->edges[i + 1].ns - w->edges[i].ns;

		if (lot(&w->lots, 2))
			wire_remove(w, i, 1 + lot(&w->lots, 3));
		else
			wire_pulse(w, i, 1 + lot(&w->lots, room), 1 + lot(&w->lots, room));
	}
}

static bool late_timer_changes_nothing(const char **skip)
{
	bool kept = true;

	for (size_t i = 0; i < 16; i++) {
		struct wire w = wire_at(bauds[i / 4 % 2]);
		struct softuart prompt, late;
		struct heard first, second;

		w.jitter = 100;
		w.lots = i;
		send_frames(&w, 2 * STREAM, 50);
		spoil(&w);
		softuart_init(&prompt, i / 2 % 2 ? w.baud : 0);
		late = prompt;
		first = hear(&prompt, &w, 0, i % 2);
		second = hear(&late, &w, 0, i % 2 | HEAR_LATE);
		if (first.len != second.len || memcmp(first.bytes, second.bytes, first.len) ||
		    memcmp(&prompt.stats, &late.stats, sizeof(late.stats)) || !first.right)
			kept = broken("lots %zu: %zu and %zu characters", i, first.len, second.len);
		heard_free(&first);
		heard_free(&second);
		wire_free(&w);
	}
	(void)skip;
	return kept;
}

/* Whether each line of one text is in another one. */
static bool lines_are_in(const struct text *lines, const struct text *all)
{
	char *line, *rest = lines->at;
	bool found = true;

	while ((line = strsep(&rest, "\n")))
		found &= strstr(all->at, line) || broken("'%s' was never sent", line);
	return found;
}

/* Not the texts, in which no form tells that characters are missing. */
static void say_quantities(void *said, const struct telegram *t)
{
	struct reading reading;

	((struct said *)said)->telegrams++;
	telegram_quantities(t, &reading);
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++)
		if (reading_has(&reading, q))
			text_add(&((struct said *)said)->fields, "%s %lld;\n",
				 quantity_info[q].name, (long long)reading.milli[q]);
}

static struct said quantities_of(const u8 *bytes, size_t len)
{
	struct said said = { .telegrams = 0 };
	struct line_decoder *d = malloc(sizeof(*d));

	line_decoder_init(d, LINE_AUTO, say_quantities, &said);
	line_decoder_feed(d, bytes, len, 0);
	free(d);
	return said;
}

static bool spoiled_line_gives_no_wrong_value(const char **skip)
{
	const size_t len = 4 * STREAM;
	u8 *bytes = make_payload(len);
	struct said sent = quantities_of(bytes, len);
	size_t telegrams = 0, errors = 0;
	bool kept = true;

	for (size_t i = 0; i < 32; i++) {
		struct wire w = wire_at(bauds[i % 2]);
		struct softuart u;
		struct heard h;
		struct said said;

		w.jitter = 100;
		w.lots = i;
		w.skew = (s32)(i % 3) * 400 - 400;
		send_frames(&w, len, 700);
		spoil(&w);
		h = hear_new(&u, &w, i / 2 % 2);
		said = quantities_of(h.bytes, h.len);
		kept &= lines_are_in(&said.fields, &sent.fields);
		telegrams += said.telegrams;
		errors += u.stats.framing + u.stats.glitches + u.stats.lost_edges;
		said_free(&said);
		heard_free(&h);
		wire_free(&w);
	}
	note("%zu telegrams, %zu errors counted", telegrams, errors);
	said_free(&sent);
	free(bytes);
	(void)skip;
	return kept && telegrams > 100 && errors > 1000;
}

static const struct promise promises[] = {
	{ "clean_line_gives_every_byte", clean_line_gives_every_byte },
	{ "speed_3_percent_off_and_10_percent_of_jitter_lose_nothing",
	  speed_3_percent_off_and_10_percent_of_jitter_lose_nothing },
	{ "speed_1_percent_off_and_20_percent_of_jitter_lose_nothing",
	  speed_1_percent_off_and_20_percent_of_jitter_lose_nothing },
	{ "small_skew_loses_nothing", small_skew_loses_nothing },
	{ "half_a_bit_of_skew_is_found_with_3_percent_and_10_percent",
	  half_a_bit_of_skew_is_found_with_3_percent_and_10_percent },
	{ "two_fifths_of_a_bit_of_skew_are_found_with_1_percent_and_20_percent",
	  two_fifths_of_a_bit_of_skew_are_found_with_1_percent_and_20_percent },
	{ "skew_that_changes_is_found_again", skew_that_changes_is_found_again },
	{ "spikes_change_nothing", spikes_change_nothing },
	{ "pulses_too_short_for_a_bit_drop_characters_and_are_counted",
	  pulses_too_short_for_a_bit_drop_characters_and_are_counted },
	{ "short_low_pulse_is_no_start_bit", short_low_pulse_is_no_start_bit },
	{ "noise_is_counted_and_spoils_nothing_behind_it",
	  noise_is_counted_and_spoils_nothing_behind_it },
	{ "lost_edge_costs_a_few_characters_and_is_counted",
	  lost_edge_costs_a_few_characters_and_is_counted },
	{ "lost_toggle_costs_a_few_characters", lost_toggle_costs_a_few_characters },
	{ "edge_that_repeats_the_level_drops_its_character",
	  edge_that_repeats_the_level_drops_its_character },
	{ "time_that_goes_back_is_a_loss_and_ends_at_a_pause",
	  time_that_goes_back_is_a_loss_and_ends_at_a_pause },
	{ "late_timer_changes_nothing", late_timer_changes_nothing },
	{ "losses_that_the_caller_tells_are_counted_and_end_at_a_pause",
	  losses_that_the_caller_tells_are_counted_and_end_at_a_pause },
	{ "break_is_counted_once_and_no_character", break_is_counted_once_and_no_character },
	{ "last_character_needs_no_edge_but_the_deadline",
	  last_character_needs_no_edge_but_the_deadline },
	{ "beginning_in_mid_stream_gives_little_that_is_wrong",
	  beginning_in_mid_stream_gives_little_that_is_wrong },
	{ "behind_a_loss_nothing_is_given_until_it_is_proven",
	  behind_a_loss_nothing_is_given_until_it_is_proven },
	{ "bit_is_learned_within_4_percent", bit_is_learned_within_4_percent },
	{ "speed_is_found_and_followed", speed_is_found_and_followed },
	{ "telegrams_of_captures_are_those_of_their_bytes",
	  telegrams_of_captures_are_those_of_their_bytes },
	{ "spoiled_line_gives_no_wrong_value", spoiled_line_gives_no_wrong_value },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
