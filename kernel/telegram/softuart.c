// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Characters from the edges of a line.
 *
 * Each edge is placed on the grid of bits that the start bit's falling edge begins and the falling
 * edges behind it correct. A rising edge is first moved by the skew: opto-couplers let go later, or
 * earlier, than they seize. Length of a bit and skew are learned from good characters; a skew so
 * far off that there are none, from the shortest low and the shortest high pulse: both are one bit,
 * one longer and the other shorter by the skew.
 *
 * An edge counts only when the line has kept its new level for a moment (see GLITCH), so it waits
 * until the next one. A character ends when its stop bit must have been, so at most one for each
 * edge. Each edge costs a fixed number of steps.
 *
 * What it takes, and what not, is in Documentation/telegrams.md.
 */
#include "softuart.h"

#define BAUD_SLOW 1200
#define BAUD_FAST 9600
#define SECOND_NS 1000000000u

/* Lengths in eighths of a bit. */
#define GLITCH	     1	/* shorter is not even looked at */
#define HALF	     4	/* shorter, skew corrected, is no bit */
#define LONGEST_BIT  13 /* a low or high one, with all skew */
#define TWO_AT_LEAST 10 /* the shortest low and high one together, with jitter */
#define TWO_AT_MOST  17
#define STOP_OVER    75 /* a falling edge from here on is that of the next start bit */
#define TOO_LONG     84 /* no character lasts so long, and no level in one */

#define STOP_BIT 9

/* Good characters in a row that prove where characters begin; one bad one takes as many away. */
#define TRUST_PROOF 8
#define TRUST_MAX   16

/* The first good character moves what is learned by one part in so many, later ones by less. */
#define LEARN_FIRST 16
#define LEARN_MAX   222

/* Pulses of both polarities from which the shortest are taken. */
#define BLOCK_PULSES 16

/*
 * Pulses over which the speed is decided, and what they are: 9600 baud has bits of 52 to 156 us
 * with any skew, 1200 baud none shorter than 250 us.
 */
#define SPEED_PULSES	    32
#define SPEED_SHORT_NS	    210000
#define SPEED_GLITCH_NS	    26000
#define SPEED_FAST_AT_LEAST 6
#define SPEED_SLOW_AT_MOST  1

static inline u32 eighths(const struct softuart *u, unsigned int count)
{
	return u->bit_ns / 8 * count;
}

/* Time from one to the other; what is too long to matter is cut. */
static inline u32 ns_between(u64 from, u64 to)
{
	const u64 most = 1u << 30;

	return to - from < most ? to - from : most;
}

static inline s32 within(s32 value, s32 least, s32 most)
{
	return value < least ? least : value > most ? most : value;
}

static void clear_block(struct softuart *u)
{
	u->shortest_ns[0] = u->shortest_ns[1] = ~0u;
	u->block_pulses = 0;
}

/* Half a bit, and what jitter adds to it. */
static void set_skew(struct softuart *u, s32 skew_ns)
{
	s32 most = eighths(u, 5);

	u->skew_ns = within(skew_ns, -most, most);
}

/* Where characters begin must be found again: behind a long idle, or by trial. */
static void lose_sync(struct softuart *u)
{
	u->synced = false;
	u->doubt = true;
	u->trust = 0;
	u->bit_ns = u->nominal_ns;
	u->learned = 0;
}

/* Forgets the edges so far. */
static void drop_character(struct softuart *u)
{
	u->pending = false;
	u->open = false;
	u->edge_ns = 0;
	lose_sync(u);
}

static void set_speed(struct softuart *u, unsigned int baud)
{
	u->nominal_ns = SECOND_NS / baud;
	drop_character(u);
	set_skew(u, u->skew_ns);
	clear_block(u);
}

/**
 * softuart_init - begin to listen to a line
 * @u: receiver of the line; the caller serialises all calls on it
 * @baud: speed in bit/s, 1200 or 9600; 0: find out which of them, and follow when it changes
 *
 * The first falling edge is taken for a start bit until its character proves that it is none.
 */
void softuart_init(struct softuart *u, unsigned int baud)
{
	memset(u, 0, sizeof(*u));
	u->find_speed = !baud;
	u->speed_known = baud;
	set_speed(u, baud ? baud : BAUD_SLOW);
	u->level = SOFTUART_TOGGLE;
	u->synced = true;
	u->doubt = false;
}

/**
 * softuart_baud - the speed of the line
 * @u: receiver of the line; the caller serialises all calls on it
 *
 * Return: in bit/s, what softuart_init() was told or what was found; 0: not found yet.
 */
unsigned int softuart_baud(const struct softuart *u)
{
	return u->speed_known ? SECOND_NS / u->nominal_ns : 0;
}

/* Takes the time since the edge before, whether it was a glitch or not at the present speed. */
static void find_speed(struct softuart *u, u32 pulse_ns)
{
	unsigned int baud = softuart_baud(u), found = baud;

	if (pulse_ns < SPEED_GLITCH_NS)
		return;
	u->speed_short += pulse_ns < SPEED_SHORT_NS;
	if (++u->speed_pulses < SPEED_PULSES)
		return;
	if (u->speed_short >= SPEED_FAST_AT_LEAST)
		found = BAUD_FAST;
	else if (u->speed_short <= SPEED_SLOW_AT_MOST)
		found = BAUD_SLOW;
	u->speed_pulses = 0;
	u->speed_short = 0;
	if (found == baud)
		return;
	if (SECOND_NS / found != u->nominal_ns)
		set_speed(u, found);
	u->speed_known = true;
}

/*
 * What a block of pulses says of the skew is taken while characters are bad: good ones tell better.
 * The sum is that of two bits, unless a glitch was among the pulses or none was a single bit.
 */
static void judge_block(struct softuart *u)
{
	u32 low_ns = u->shortest_ns[0], high_ns = u->shortest_ns[1];
	s32 skew_ns = ((s32)low_ns - (s32)high_ns) / 2;
	bool is_bit = low_ns < eighths(u, LONGEST_BIT) && high_ns < eighths(u, LONGEST_BIT) &&
		      low_ns + high_ns > eighths(u, TWO_AT_LEAST) &&
		      low_ns + high_ns < eighths(u, TWO_AT_MOST);

	if (is_bit && u->doubt)
		set_skew(u, skew_ns);
	clear_block(u);
}

static void learn_pulse(struct softuart *u, unsigned int level, u32 pulse_ns)
{
	if (pulse_ns < u->shortest_ns[level])
		u->shortest_ns[level] = pulse_ns;
	if (++u->block_pulses == BLOCK_PULSES)
		judge_block(u);
}

/* From a good character: the more of them there were, the less each one counts. */
static void learn_character(struct softuart *u)
{
	s32 slow = LEARN_FIRST + u->learned, tolerance = u->nominal_ns / 25;

	/* The later in the character, the more it says about the length of a bit. */
	u->bit_ns += u->falling_ns * u->falling_at / (128 * slow);
	u->bit_ns = within(u->bit_ns, u->nominal_ns - tolerance, u->nominal_ns + tolerance);
	set_skew(u, u->skew_ns + u->rising_ns / slow);
	if (u->learned < LEARN_MAX)
		u->learned++;
}

static void good_character(struct softuart *u)
{
	learn_character(u);
	if (u->trust < TRUST_MAX)
		u->trust++;
	if (u->trust < TRUST_PROOF)
		return;
	u->synced = true;
	u->doubt = false;
}

static void bad_character(struct softuart *u)
{
	if (u->trust > TRUST_PROOF)
		u->trust -= TRUST_PROOF;
	else
		lose_sync(u);
}

/* The stop bit must have been; @level is what the line has now. */
static int end_character(struct softuart *u, unsigned int level)
{
	u->open = false;
	if (u->damaged || !level) {
		u->stats.framing += !u->lost;
		bad_character(u);
		return SOFTUART_NONE;
	}
	u->frame |= 0x3ff << u->at;
	good_character(u);
	if (!u->synced)
		return SOFTUART_NONE;
	u->stats.characters++;
	return u->frame >> 1 & 0xff;
}

static void begin_character(struct softuart *u)
{
	u->open = true;
	u->start_ns = u->pending_ns;
	u->frame = 0;
	u->at = 0;
	u->rising_ns = 0;
	u->falling_ns = 0;
	u->falling_at = 0;
	u->fallings = 1;
	u->damaged = false;
	u->lost = false;
}

static void short_pulse(struct softuart *u)
{
	u->stats.glitches++;
	u->damaged = true;
	if (u->at)
		return;
	u->open = false; /* no start bit */
	bad_character(u);
}

/* Corrects the grid by what a falling edge came too late: to the mean of them all. */
static void place_falling(struct softuart *u, u8 bit, s32 late_ns)
{
	u->frame |= (1 << bit) - (1 << u->at);
	u->falling_ns = late_ns;
	u->falling_at = bit;
	u->start_ns += late_ns / ++u->fallings;
}

/* Puts an edge on the grid: the bits before it are known now. */
static void place_edge(struct softuart *u, u32 pulse_ns)
{
	s32 skew_ns = u->level ? u->skew_ns : 0;
	s32 place_ns = (s32)ns_between(u->start_ns, u->pending_ns) - skew_ns;
	s32 length_ns = pulse_ns + (u->level ? -u->skew_ns : u->skew_ns);
	s32 bit = (place_ns + (s32)eighths(u, HALF)) / (s32)u->bit_ns;

	if (length_ns < (s32)eighths(u, HALF)) {
		short_pulse(u);
		return;
	}
	if (bit <= u->at || bit > STOP_BIT) {
		u->damaged = true;
		return;
	}
	if (u->level)
		u->rising_ns += place_ns - bit * (s32)u->bit_ns;
	else
		place_falling(u, bit, place_ns - bit * (s32)u->bit_ns);
	u->at = bit;
}

/* The edge that waited counts. */
static void take_pending(struct softuart *u)
{
	u32 pulse_ns = ns_between(u->edge_ns, u->pending_ns);

	if (!u->pending)
		return;
	u->pending = false;
	if (u->edge_ns)
		learn_pulse(u, !u->level, pulse_ns);
	if (u->open) {
		place_edge(u, pulse_ns);
	} else if (!u->level) {
		if (u->edge_ns && pulse_ns >= eighths(u, TOO_LONG))
			u->synced = true;
		begin_character(u);
	}
	u->edge_ns = u->pending_ns;
}

/*
 * An edge to the level that the line has had: one was lost before it. The character stays open, so
 * that it is known when the next one begins.
 */
static void edge_was_lost(struct softuart *u)
{
	u->stats.lost_edges++;
	if (!u->open) {
		drop_character(u);
		return;
	}
	u->edge_ns = 0;
	u->damaged = true;
	u->lost = true;
}

/* Low where it must be high, and levels are inferred: it is high. */
static void level_was_wrong(struct softuart *u)
{
	u32 low_ns = u->shortest_ns[0];

	u->stats.lost_edges++;
	drop_character(u);
	u->edge_ns = u->latest_ns;
	u->level = 1;
	u->shortest_ns[0] = u->shortest_ns[1];
	u->shortest_ns[1] = low_ns;
}

/* What came before an edge to @level. False: the two edges are a glitch, as if they never were. */
static bool take_before(struct softuart *u, unsigned int level, u32 since_ns)
{
	if (level == u->level) {
		take_pending(u);
		edge_was_lost(u);
	} else if (u->level == SOFTUART_TOGGLE) {
		u->synced &= !level;
	} else if (u->pending && since_ns < eighths(u, GLITCH)) {
		u->pending = false;
		u->level = level;
		u->stats.glitches++;
		return false;
	} else {
		take_pending(u);
	}
	return true;
}

/**
 * softuart_lost - the caller knows that edges were lost
 * @u: receiver of the line; the caller serialises all calls on it
 *
 * Drops the character that is open. The next edge may have either level.
 */
void softuart_lost(struct softuart *u)
{
	u->stats.lost_edges++;
	drop_character(u);
	u->level = SOFTUART_TOGGLE;
}

/**
 * softuart_deadline - when softuart_expire() has something to do if no edge comes before
 * @u: receiver of the line; the caller serialises all calls on it
 *
 * Return: a time by the clock of the edges, or SOFTUART_NEVER.
 */
u64 softuart_deadline(const struct softuart *u)
{
	if (u->open)
		return u->start_ns + eighths(u, TOO_LONG);
	if (u->pending && !u->level)
		return u->pending_ns + eighths(u, TOO_LONG);
	return SOFTUART_NEVER;
}

/**
 * softuart_expire - the line has had no edge until now
 * @u: receiver of the line; the caller serialises all calls on it
 * @now_ns: the time by the clock of the edges; before softuart_deadline() nothing happens
 *
 * Return: a character, 0 to 255, that is complete; or SOFTUART_NONE.
 */
int softuart_expire(struct softuart *u, u64 now_ns)
{
	if (now_ns < softuart_deadline(u))
		return SOFTUART_NONE;
	take_pending(u);
	if (u->toggles && !u->level)
		level_was_wrong(u);
	return u->open ? end_character(u, u->level) : SOFTUART_NONE;
}

/**
 * softuart_edge - take one edge
 * @u: receiver of the line; the caller serialises all calls on it
 * @time_ns: when it was, by any clock that does not go back
 * @level: of the line after it: 0, 1 (idle), or SOFTUART_TOGGLE
 *
 * Does what softuart_expire() would have done before, if the caller's timer is late.
 *
 * Return: a character, 0 to 255, that was complete before this edge; or SOFTUART_NONE.
 */
int softuart_edge(struct softuart *u, u64 time_ns, unsigned int level)
{
	int character;
	u32 since_ns;

	if (time_ns < u->latest_ns)
		softuart_lost(u);
	since_ns = ns_between(u->latest_ns, time_ns);
	character = softuart_expire(u, time_ns);
	if (u->find_speed)
		find_speed(u, since_ns);
	u->toggles = level >= SOFTUART_TOGGLE;
	if (u->toggles)
		level = !u->level; /* The first edge is a start bit's. */
	u->latest_ns = time_ns;
	if (!take_before(u, level, since_ns))
		return character;
	if (u->open && !level && ns_between(u->start_ns, time_ns) >= eighths(u, STOP_OVER))
		character = end_character(u, u->level);
	u->pending = true;
	u->pending_ns = time_ns;
	u->level = level;
	return character;
}
