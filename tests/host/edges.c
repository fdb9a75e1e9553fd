// SPDX-License-Identifier: MIT
#include "edges.h"

/* Later than the one before, whatever jitter and skew say: the line cannot do otherwise. */
static void add_edge(struct wire *w, u64 ns, unsigned int level)
{
	if (w->count == w->room) {
		w->room = 2 * w->room + 1024;
		w->edges = realloc(w->edges, w->room * sizeof(*w->edges));
		if (!w->edges)
			abort();
	}
	if (w->count && ns <= w->edges[w->count - 1].ns)
		ns = w->edges[w->count - 1].ns + 1;
	w->edges[w->count++] = (struct edge){ ns, level };
}

static u64 part_ns(const struct wire *w, u64 thousandths)
{
	return thousandths * 1000000000 / ((u64)w->baud * w->speed);
}

static s64 jitter_ns(struct wire *w)
{
	s64 most = part_ns(w, w->jitter);

	if (!most)
		return 0;
	if (w->extreme)
		return lot(&w->lots, 2) ? most : -most;
	return (s64)lot(&w->lots, 2 * most + 1) - most;
}

/* A level for so many thousandths of a bit. The first one of a line is high. */
void wire_level(struct wire *w, unsigned int level, u32 thousandths)
{
	s64 skew = (w->skew < 0 ? -1 : 1) * (s64)part_ns(w, abs(w->skew));

	if (!w->now_ns) {
		w->now_ns = 1000000000;
		w->level = 1;
	}
	if (level != w->level)
		add_edge(w, w->now_ns + jitter_ns(w) + (level ? skew : 0), level);
	w->level = level;
	w->now_ns += part_ns(w, thousandths);
}

void wire_byte(struct wire *w, u8 byte)
{
	wire_level(w, 0, BIT);
	for (unsigned int bit = 0; bit < 8; bit++)
		wire_level(w, byte >> bit & 1, BIT);
	wire_level(w, 1, BIT);
}

void wire_bytes(struct wire *w, const u8 *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		wire_byte(w, bytes[i]);
}

/* A pulse of the other level behind an edge, if there is room for it before the next one. */
void wire_pulse(struct wire *w, size_t behind, u32 offset_ns, u32 ns)
{
	struct edge first = { w->edges[behind].ns + offset_ns, !w->edges[behind].level };
	struct edge second = { first.ns + ns, !first.level };

	if (behind + 1 == w->count || second.ns >= w->edges[behind + 1].ns || !offset_ns || !ns)
		return;
	add_edge(w, 0, 0);
	add_edge(w, 0, 0);
	memmove(w->edges + behind + 3, w->edges + behind + 1,
		(w->count - behind - 3) * sizeof(*w->edges));
	w->edges[behind + 1] = first;
	w->edges[behind + 2] = second;
}

void wire_remove(struct wire *w, size_t at, size_t count)
{
	memmove(w->edges + at, w->edges + at + count,
		(w->count - at - count) * sizeof(*w->edges));
	w->count -= count;
}

void wire_free(struct wire *w)
{
	free(w->edges);
	w->edges = NULL;
	w->count = w->room = 0;
}

static void heard_add(struct heard *h, int character, u64 ns)
{
	if (character == SOFTUART_NONE)
		return;
	h->bytes[h->len] = character;
	h->ns[h->len++] = ns;
}

/* The timer, which is as exact as the edges. */
static void wait_until(struct softuart *u, struct heard *h, u64 ns)
{
	u64 deadline = softuart_deadline(u);

	if (deadline <= ns)
		heard_add(h, softuart_expire(u, deadline), deadline);
}

struct heard hear(struct softuart *u, const struct wire *w, size_t from, bool toggle)
{
	struct heard h = { .bytes = malloc(w->count + 1),
			   .ns = malloc((w->count + 1) * sizeof(u64)) };

	for (size_t i = from; i < w->count; i++) {
		const struct edge *e = &w->edges[i];

		wait_until(u, &h, e->ns);
		heard_add(&h, softuart_edge(u, e->ns, toggle ? SOFTUART_TOGGLE : e->level), e->ns);
	}
	wait_until(u, &h, SOFTUART_NEVER - 1);
	return h;
}

void heard_free(struct heard *h)
{
	free(h->bytes);
	free(h->ns);
	*h = (struct heard){ 0 };
}
