// SPDX-License-Identifier: MIT
#include "edges.h"

static void *grown(void *at, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return at;
	*room = 2 * *room + 1024;
	at = realloc(at, *room * size);
	if (!at)
		abort();
	return at;
}

/* Later than the one before, whatever jitter and skew say: the line cannot do otherwise. */
static void add_edge(struct wire *w, u64 ns, unsigned int level)
{
	w->edges = grown(w->edges, w->count, &w->room, sizeof(*w->edges));
	if (w->count && ns <= w->edges[w->count - 1].ns)
		ns = w->edges[w->count - 1].ns + 1;
	w->edges[w->count++] = (struct edge){ ns, level };
}

static void add_sent(struct wire *w, u8 byte)
{
	w->sent = grown(w->sent, w->sent_count, &w->sent_room, sizeof(*w->sent));
	w->sent[w->sent_count++] = (struct sent){ w->now_ns, byte };
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

/* A line that has been idle for long. */
struct wire wire_at(unsigned int baud)
{
	return (struct wire){
		.baud = baud, .speed = 1000, .lots = 1, .now_ns = 1000000000, .level = 1
	};
}

/* A level for so many thousandths of a bit. */
void wire_level(struct wire *w, unsigned int level, u32 thousandths)
{
	s64 skew = (w->skew < 0 ? -1 : 1) * (s64)part_ns(w, abs(w->skew));

	if (level != w->level)
		add_edge(w, w->now_ns + jitter_ns(w) + (level ? skew : 0), level);
	w->level = level;
	w->now_ns += part_ns(w, thousandths);
}

void wire_byte(struct wire *w, u8 byte)
{
	add_sent(w, byte);
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
	memmove(w->edges + at, w->edges + at + count, (w->count - at - count) * sizeof(*w->edges));
	w->count -= count;
}

void wire_free(struct wire *w)
{
	free(w->edges);
	free(w->sent);
	*w = (struct wire){ 0 };
}

/* struct listening - a receiver at work; @next: of the characters sent, which may be heard next */
struct listening {
	struct softuart *u;
	const struct wire *w;
	struct heard *h;
	size_t next;
};

/* A character is complete ten bits after its beginning, or shortly before or after. */
static bool was_sent(struct listening *l, u8 byte, u64 ns)
{
	const struct wire *w = l->w;
	u64 bit = part_ns(w, BIT), began = ns - 10 * bit;

	while (l->next < w->sent_count && w->sent[l->next].ns + bit < began)
		l->h->last_missing = ++l->next;
	if (l->next == w->sent_count || w->sent[l->next].ns > began + bit ||
	    w->sent[l->next].byte != byte)
		return false;
	l->next++;
	return true;
}

static void take(struct listening *l, int character, u64 ns)
{
	struct heard *h = l->h;

	if (character == SOFTUART_NONE)
		return;
	h->bytes[h->len++] = character;
	if (was_sent(l, character, ns)) {
		h->right++;
	} else {
		h->wrong++;
		h->last_wrong = h->len;
	}
}

/* The timer, which is as exact as the edges. */
static void wait_until(struct listening *l, u64 ns)
{
	u64 deadline = softuart_deadline(l->u);

	if (deadline <= ns)
		take(l, softuart_expire(l->u, deadline), deadline);
}

struct heard hear(struct softuart *u, const struct wire *w, size_t from, unsigned int how)
{
	struct heard h = { .bytes = malloc(w->count + 1) };
	struct listening l = { u, w, &h, 0 };

	while (from && l.next < w->sent_count && w->sent[l.next].ns < w->edges[from].ns)
		l.next++;
	for (size_t i = from; i < w->count; i++) {
		const struct edge *e = &w->edges[i];

		if (!(how & HEAR_LATE))
			wait_until(&l, e->ns);
		take(&l, softuart_edge(u, e->ns, how & HEAR_TOGGLES ? SOFTUART_TOGGLE : e->level),
		     e->ns);
	}
	wait_until(&l, SOFTUART_NEVER - 1);
	if (l.next < w->sent_count)
		h.last_missing = w->sent_count;
	return h;
}

void heard_free(struct heard *h)
{
	free(h->bytes);
	*h = (struct heard){ 0 };
}
