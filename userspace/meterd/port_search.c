// SPDX-License-Identifier: MIT
/*
 * Which speed and parity a serial line has, by trying.
 *
 * TIC and P1 are read as 8N1 whatever they are, and the kernel's search knows their speeds. M-Bus has
 * real parity: 8E1 where EN 13757-2 is kept, 8N1 at many meters all the same. With the wrong one
 * frames look right and are damaged, so that only a good check says which it is.
 */
#include "port_search.h"

/*
 * Kamstrup sends each 10 s, for 2 s (5512-2584, section 3); all others more often. A meter that
 * sends hourly or by the quarter of an hour sends other lists between.
 */
#define LISTEN_MS 13000

/* Telegrams that stay away for so long where they came before: try another. */
#define STALE_MS 60000

/* In the order in which they are likely. */
static const struct port_setting settings[] = {
	{ 2400, true }, { 2400, false }, { 115200, false }, { 9600, false },
	{ 38400, false }, { 9600, true }, { 19200, true },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/**
 * port_search_init - begin
 * @p: the search
 * @c: of the source: what is given there is not searched
 * @now_ms: the steady clock, ms
 */
void port_search_init(struct port_search *p, const struct source_config *c, u64 now_ms)
{
	*p = (struct port_search){
		.mbus = c->framings,
		.speed = c->speed_bit_per_s,
		.parity = c->parity,
		.since_ms = now_ms,
	};
	speed_search_init(&p->text, c->speed_bit_per_s, now_ms);
}

/** port_search_is_open - whether there is anything to find out */
bool port_search_is_open(const struct port_search *p)
{
	return !p->speed || (p->mbus && p->parity == PARITY_AUTO);
}

/* A setting of the table, with what is given in the place of what it says. */
static struct port_setting mbus_setting(const struct port_search *p, unsigned int at)
{
	struct port_setting s = settings[at];

	if (p->speed)
		s.bit_per_s = p->speed;
	if (p->parity != PARITY_AUTO)
		s.even = p->parity == PARITY_EVEN;
	return s;
}

/** port_search_setting - what the line is to be set to */
struct port_setting port_search_setting(const struct port_search *p)
{
	if (p->mbus)
		return mbus_setting(p, p->at);
	return (struct port_setting){ .bit_per_s = speed_search_speed(&p->text) };
}

/** port_search_telegram - telegrams come: the setting is right */
void port_search_telegram(struct port_search *p)
{
	p->read = true;
	speed_search_telegram(&p->text);
}

/** port_search_silence - telegrams have begun to stay away, at @now_ms */
void port_search_silence(struct port_search *p, u64 now_ms)
{
	p->since_ms = now_ms;
	speed_search_silence(&p->text, now_ms);
}

/**
 * port_search_until - until when the setting is kept if no telegram comes
 * @p: the search
 * @seen: what the bytes look like so far
 * @heard: whether any came with this setting
 *
 * Return: ms of the steady clock; SPEED_KEEP: no other is to be tried.
 */
u64 port_search_until(const struct port_search *p, enum line_seen seen, bool heard)
{
	if (!p->mbus)
		return speed_search_until(&p->text, seen, heard);
	/* Good frames come: the setting is right, whatever is in them. */
	if (!port_search_is_open(p) || (!p->read && (seen == SEEN_HDLC || seen == SEEN_MBUS)))
		return SPEED_KEEP;
	return p->since_ms + (p->read ? STALE_MS : LISTEN_MS);
}

static bool is_same(struct port_setting a, struct port_setting b)
{
	return a.bit_per_s == b.bit_per_s && a.even == b.even;
}

/**
 * port_search_next - go on to the next setting
 * @p: the search
 * @now_ms: the steady clock, ms
 */
void port_search_next(struct port_search *p, u64 now_ms)
{
	const struct port_setting before = mbus_setting(p, p->at);

	p->read = false;
	p->since_ms = now_ms;
	speed_search_next(&p->text, now_ms);
	for (unsigned int i = 0; i < SETTINGS; i++) {
		p->at = (p->at + 1) % SETTINGS;
		if (!is_same(mbus_setting(p, p->at), before))
			return;
	}
}
