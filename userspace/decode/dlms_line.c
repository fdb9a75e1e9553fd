// SPDX-License-Identifier: MIT
/*
 * A line of DLMS push: which bytes are frames, and which frames are a message.
 *
 * A frame is delimited by its length and proved by its checks. What proves to be none is searched
 * from its second byte on, so that damage costs no frame behind it. Of several framings the first
 * one that gives a good frame, or an APDU, is that of the line.
 */
#include <stdlib.h>

#include "dlms_line.h"
#include "dlms_segment.h"

/* Where there are no frames, a message is all that comes between two pauses. */
#define BUFFER_MAX ASSEMBLY_MAX

/* So many times of bytes that wait are known; with more of them, each second one is forgotten. */
#define MARKS_MAX 64

/** enum moment - why bytes are looked at */
enum moment {
	MOMENT_FEED,
	MOMENT_FULL, /* there is no room for more */
	MOMENT_PAUSE,
	MOMENT_END,
};

/** struct mark - the caller's clock from a byte on */
struct mark {
	size_t offset;
	u64 now;
};

/**
 * struct dlms_line - the state of a line
 * @opener: from messages to APDUs, and the counts
 * @segments: a message in several frames
 * @allowed: framings to try
 * @tried: those that are tried now
 * @framed: a good frame came since the line began, or was learned anew
 * @burst: the byte at @at, without framing the first one, begins a message
 * @paused: nothing came since the last pause
 * @noise: the byte before @at is of no frame, so that a flag at @at may be none
 * @at: offset in @bytes of the first byte that is not done with
 * @used: of the bytes before it, those of good frames and messages
 * @open_len: length of the frame at @at that is not whole yet; 0: not known
 * @nmarks: of @marks that are in use
 * @marks: when @bytes came
 * @len: bytes of @bytes in use
 */
struct dlms_line {
	struct dlms_opener opener;
	struct assembly segments;
	unsigned int allowed;
	unsigned int tried;
	bool framed;
	bool burst;
	bool paused;
	bool noise;
	size_t at;
	size_t used;
	size_t open_len;
	unsigned int nmarks;
	struct mark marks[MARKS_MAX];
	size_t len;
	u8 bytes[BUFFER_MAX];
};

/**
 * dlms_line_new - begin with a line
 * @framings: DLMS_HDLC and others, those to try; at least one
 * @keys: of the line, which are copied; NULL: none
 * @out: where APDUs go; copied
 *
 * Return: the state of the line, for dlms_line_free(), all calls on which the caller serialises;
 * NULL without memory, or when OpenSSL failed.
 */
struct dlms_line *dlms_line_new(unsigned int framings, const struct meter_keys *keys,
				const struct dlms_out *out)
{
	struct dlms_line *l = calloc(1, sizeof(*l));

	if (!l || !dlms_opener_init(&l->opener, keys, out)) {
		free(l);
		return NULL;
	}
	l->allowed = framings;
	dlms_line_relearn(l);
	return l;
}

/**
 * dlms_line_free - give the state of a line back, and wipe its keys
 * @l: the state, or NULL
 */
void dlms_line_free(struct dlms_line *l)
{
	if (!l)
		return;
	dlms_opener_release(&l->opener);
	free(l);
}

/**
 * dlms_line_refuse_replayed - what to do with a message whose counter is not above those before
 * @l: state of the line
 * @refuse: drop it; by default it is taken and counted, for a meter may begin again
 */
void dlms_line_refuse_replayed(struct dlms_line *l, bool refuse)
{
	l->opener.refuses = refuse;
}

static void forget_each_second_mark(struct dlms_line *l)
{
	l->nmarks = MARKS_MAX / 2;
	for (unsigned int i = 0; i < l->nmarks; i++)
		l->marks[i] = l->marks[2 * i];
}

/* The bytes that come next come now. */
static void mark_time(struct dlms_line *l, u64 now)
{
	if (l->nmarks && l->marks[l->nmarks - 1].now == now)
		return;
	if (l->nmarks == MARKS_MAX)
		forget_each_second_mark(l);
	l->marks[l->nmarks++] = (struct mark){ l->len, now };
}

/* When the byte at l->at came, or one not long before it. */
static u64 time_at(const struct dlms_line *l)
{
	unsigned int i = l->nmarks - 1;

	while (i && l->marks[i].offset > l->at)
		i--;
	return l->marks[i].now;
}

static void shift_marks(struct dlms_line *l, size_t done)
{
	unsigned int first = 0, i;

	while (first + 1 < l->nmarks && l->marks[first + 1].offset <= done)
		first++;
	for (i = 0; first + i < l->nmarks; i++) {
		l->marks[i] = l->marks[first + i];
		l->marks[i].offset -= l->marks[i].offset < done ? l->marks[i].offset : done;
	}
	l->nmarks = l->len ? i : 0;
}

/* Forgets the bytes before l->at. */
static void shift(struct dlms_line *l)
{
	const size_t done = l->at;

	if (!done)
		return;
	l->opener.counts.skipped += done - l->used;
	l->len -= done;
	memmove(l->bytes, l->bytes + done, l->len);
	shift_marks(l, done);
	l->at = 0;
	l->used = 0;
}

static void take_segment(struct dlms_line *l, const struct part *segment)
{
	const struct assembly *whole = &l->segments;
	struct part message;

	assembly_put(&l->segments, segment, &l->opener.counts.parts);
	if (whole->state != ASSEMBLY_WHOLE)
		return;
	message = *segment;
	message.first_byte = whole->first_byte;
	message.bytes = whole->bytes;
	message.len = whole->len;
	dlms_open_message(&l->opener, &message);
}

static void take_hdlc_frame(struct dlms_line *l, const struct hdlc_frame *f)
{
	struct part part;

	if (!f->information_len)
		return;
	if (hdlc_segment(f, &l->segments, time_at(l), &part))
		dlms_open_message(&l->opener, &part);
	else
		take_segment(l, &part);
}

static void take_mbus_frame(struct dlms_line *l, const struct mbus_frame *f)
{
	struct part part;

	if (!f->dlms)
		l->opener.counts.other++;
	else if (mbus_segment(f, &l->segments, time_at(l), &part))
		dlms_open_message(&l->opener, &part);
	else
		take_segment(l, &part);
}

/* Is done with the next bytes, of which @used belong to a good frame. */
static void pass(struct dlms_line *l, size_t count, size_t used)
{
	l->at += count;
	l->used += used;
}

/*
 * What is between the parts of a message may be parts: the end of this one and the beginning of
 * another, whose other parts have the numbers that this one waits for.
 */
static void pass_noise(struct dlms_line *l, size_t count)
{
	assembly_break(&l->segments, &l->opener.counts.parts);
	assembly_break(&l->opener.blocks, &l->opener.counts.parts);
	pass(l, count, 0);
	l->noise = true;
}

static void count_good(struct dlms_line *l, unsigned int framing)
{
	l->tried = framing;
	l->framed = true;
	l->opener.counts.frames++;
}

/* Whether there is a good frame in what an open one, at l->at, may claim. */
static bool frame_behind(const struct dlms_line *l)
{
	struct hdlc_frame h;
	struct mbus_frame m;

	for (size_t at = l->at + 1; at < l->len; at++) {
		const u8 *p = l->bytes + at;

		if (*p == HDLC_FLAG && l->tried & DLMS_HDLC &&
		    hdlc_read(p, l->len - at, &h) == HDLC_GOOD)
			return true;
		if (*p == MBUS_START && l->tried & DLMS_MBUS &&
		    mbus_read(p, l->len - at, false, &m) == MBUS_GOOD)
			return true;
	}
	return false;
}

/* Whether the open frame at l->at is waited for. In a pause gateways stall, but frames go on. */
static bool is_waited_for(const struct dlms_line *l, enum moment moment)
{
	return moment == MOMENT_PAUSE ? !frame_behind(l) : moment != MOMENT_END;
}

/* What begins at l->at. The last flag of all ends a frame, and begins none. */
static enum hdlc_verdict read_hdlc(const struct dlms_line *l, enum moment moment,
				   struct hdlc_frame *f)
{
	const size_t count = l->len - l->at;

	if (moment == MOMENT_END && count == 1)
		return HDLC_NONE;
	return hdlc_read(l->bytes + l->at, count, f);
}

/* False: more bytes are needed. */
static bool take_hdlc(struct dlms_line *l, enum moment moment)
{
	struct dlms_counts *counts = &l->opener.counts;
	struct hdlc_frame f;

	switch (read_hdlc(l, moment, &f)) {
	case HDLC_GOOD:
		count_good(l, DLMS_HDLC);
		take_hdlc_frame(l, &f);
		/* The last flag may be the first one of the next frame. */
		pass(l, f.len - 1, f.len - 1);
		l->noise = false;
		return true;
	case HDLC_OPEN:
		l->open_len = f.len;
		if (is_waited_for(l, moment))
			return false;
		counts->bad_form += f.len > 0;
		break;
	case HDLC_NONE:
		/* It may have been the last one of the frame before. */
		pass(l, 1, 1);
		l->noise = false;
		return true;
	case HDLC_BAD_HCS:
		counts->bad_hcs += !l->noise;
		break;
	case HDLC_BAD_FCS:
		counts->bad_fcs += f.len || !l->noise;
		break;
	case HDLC_NO_END:
		counts->bad_form++;
		break;
	}
	pass_noise(l, 1);
	return true;
}

/* False: more bytes are needed. */
static bool take_mbus(struct dlms_line *l, enum moment moment)
{
	struct dlms_counts *counts = &l->opener.counts;
	const u8 *bytes = l->bytes + l->at;
	const size_t count = l->len - l->at;
	struct mbus_frame f;
	enum mbus_verdict verdict = mbus_read(bytes, count, moment == MOMENT_END, &f);

	if (verdict == MBUS_OPEN) {
		if (is_waited_for(l, moment))
			return false;
		verdict = mbus_read(bytes, count, true, &f);
	}
	switch (verdict) {
	case MBUS_GOOD:
		count_good(l, DLMS_MBUS);
		take_mbus_frame(l, &f);
		pass(l, f.len, f.len);
		return true;
	case MBUS_BAD_CHECKSUM:
		counts->bad_checksum++;
		break;
	case MBUS_NO_STOP:
		counts->bad_form++;
		break;
	case MBUS_OPEN:
		counts->bad_form += count >= MBUS_HEADER_LEN;
		break;
	case MBUS_NONE:
		break;
	}
	pass_noise(l, 1);
	return true;
}

static bool may_begin_frame(const struct dlms_line *l, u8 byte)
{
	return (byte == HDLC_FLAG && l->tried & DLMS_HDLC) ||
	       (byte == MBUS_START && l->tried & DLMS_MBUS);
}

static void skip_noise(struct dlms_line *l)
{
	size_t at = l->at;

	while (at < l->len && !may_begin_frame(l, l->bytes[at]))
		at++;
	if (at > l->at)
		pass_noise(l, at - l->at);
}

static void take_frames(struct dlms_line *l, enum moment moment)
{
	for (;;) {
		skip_noise(l);
		if (l->at == l->len)
			return;
		if (l->bytes[l->at] == HDLC_FLAG ? !take_hdlc(l, moment) : !take_mbus(l, moment))
			return;
	}
}

/* Whether a message without framing may begin with these bytes, as far as they go. */
static bool looks_raw(const u8 *bytes, size_t count)
{
	const size_t llc = dlms_llc_len(bytes, count);

	if (!llc && count && count < 3 && bytes[0] == 0xe6)
		return true;
	bytes += llc;
	count -= llc;
	if (!count)
		return true;
	if (bytes[0] == DLMS_GENERAL_GLO_CIPHERING)
		return count < 2 || !bytes[1] || bytes[1] == SYSTEM_TITLE_LEN;
	return bytes[0] == DLMS_DATA_NOTIFICATION &&
	       (count < 6 || !bytes[5] || bytes[5] == 0x0c || bytes[5] == 0x09 || bytes[5] == 0x19);
}

/*
 * Whether a message is looked for at l->at: of any kind where one must begin; behind damage where
 * noise hardly looks so.
 */
static bool begins_raw(const struct dlms_line *l)
{
	const u8 *bytes = l->bytes + l->at;
	const size_t count = l->len - l->at, llc = dlms_llc_len(bytes, count);

	if (llc == count)
		return false;
	if (l->burst)
		return dlms_tag_name(bytes[llc]);
	if (count < 2)
		return false;
	return llc ? looks_raw(bytes, count)
		   : bytes[0] == DLMS_GENERAL_GLO_CIPHERING && bytes[1] == SYSTEM_TITLE_LEN;
}

/* Returns whether the bytes at l->at, @count of them, gave something. */
static bool take_raw_message(struct dlms_line *l, size_t count)
{
	const struct part message = {
		.first_byte = time_at(l),
		.bytes = l->bytes + l->at,
		.len = count,
	};
	size_t taken = dlms_open_message(&l->opener, &message);

	pass(l, taken, taken);
	return taken;
}

/* Messages that tell their length need no pause. */
static void take_raw_at_once(struct dlms_line *l)
{
	while (l->burst && l->at < l->len) {
		const u8 *bytes = l->bytes + l->at;
		const size_t count = l->len - l->at;
		const size_t llc = dlms_llc_len(bytes, count);
		size_t len;

		if (llc == count || bytes[llc] != DLMS_GENERAL_GLO_CIPHERING ||
		    dlms_glo_len(bytes + llc, count - llc, &len) <= 0 || llc + len > count)
			return;
		l->burst = take_raw_message(l, llc + len);
		if (!l->burst)
			pass(l, 1, 0);
	}
}

/* What is there is all that comes, or all that there is room for. */
static void take_raw(struct dlms_line *l, enum moment moment)
{
	while (l->at < l->len) {
		const size_t count = l->len - l->at;

		if (begins_raw(l) && take_raw_message(l, count)) {
			l->burst = true;
			continue;
		}
		/* The rest of it may be yet to come. */
		if (moment == MOMENT_FULL && count <= BUFFER_MAX / 2)
			return;
		l->opener.counts.parts.oversize += l->burst && count == BUFFER_MAX;
		l->burst = false;
		pass(l, 1, 0);
	}
}

/*
 * Whether the first burst of a line whose framing is not known gives something. What ends like a
 * frame is one whose beginning was missed.
 */
static bool turns_raw(struct dlms_line *l, enum moment moment)
{
	const size_t scanned = l->at, used = l->used;

	if (!l->burst || !looks_raw(l->bytes, l->len) ||
	    (moment != MOMENT_FULL && l->bytes[l->len - 1] == HDLC_FLAG))
		return false;
	l->at = 0;
	l->used = 0;
	if (take_raw_message(l, l->len)) {
		l->tried = DLMS_RAW;
		return true;
	}
	l->at = scanned;
	l->used = used;
	return false;
}

static bool is_decided(const struct dlms_line *l)
{
	return !(l->tried & (l->tried - 1));
}

/* The bytes of a burst are kept for as long as it may be a message without framing. */
static bool is_kept(const struct dlms_line *l, enum moment moment)
{
	return moment == MOMENT_FEED && l->tried & DLMS_RAW && !is_decided(l) && l->burst &&
	       looks_raw(l->bytes, l->len);
}

/* Looks at what is there. Bytes that come one by one need no look before their frame is whole. */
static void take(struct dlms_line *l, enum moment moment)
{
	if (moment == MOMENT_FEED && l->len - l->at < l->open_len && is_decided(l))
		return;
	l->open_len = 0;
	if (l->tried & (DLMS_HDLC | DLMS_MBUS))
		take_frames(l, moment);
	if (is_kept(l, moment))
		return;
	if (l->tried == DLMS_RAW && moment == MOMENT_FEED)
		take_raw_at_once(l);
	else if (l->len && l->tried & DLMS_RAW && moment != MOMENT_FEED &&
		 (is_decided(l) || turns_raw(l, moment)))
		take_raw(l, moment);
	else if (!is_decided(l))
		l->burst = false;
	shift(l);
}

/**
 * dlms_line_feed - take bytes of the line
 * @l: state of the line
 * @bytes: as they came, in any chunks
 * @count: number of @bytes
 * @now: the caller's clock, for the start of a message that begins in these bytes
 */
void dlms_line_feed(struct dlms_line *l, const u8 *bytes, size_t count, u64 now)
{
	l->opener.counts.bytes += count;
	while (count) {
		size_t room = sizeof(l->bytes) - l->len;
		size_t n = count < room ? count : room;

		mark_time(l, now);
		memcpy(l->bytes + l->len, bytes, n);
		l->len += n;
		l->paused = false;
		bytes += n;
		count -= n;
		take(l, MOMENT_FEED);
		if (l->len == sizeof(l->bytes))
			take(l, MOMENT_FULL);
	}
}

/**
 * dlms_line_pause - the line was silent for a second
 * @l: state of the line
 *
 * Without framing, a message is at its end. A frame may go on, unless there is a good one in what
 * came of it.
 */
void dlms_line_pause(struct dlms_line *l)
{
	take(l, MOMENT_PAUSE);
	l->paused = true;
	l->noise = false;
	l->burst = !l->len;
}

/* Gives up what has not come to its end. */
static void give_up(struct dlms_line *l)
{
	l->len = 0;
	l->open_len = 0;
	l->nmarks = 0;
	l->segments.state = ASSEMBLY_NONE;
	l->opener.blocks.state = ASSEMBLY_NONE;
	l->noise = false;
	l->burst = true;
}

/**
 * dlms_line_end - no more bytes will come
 * @l: state of the line
 *
 * What has not come to its end is counted and given up.
 */
void dlms_line_end(struct dlms_line *l)
{
	struct assembly_counts *parts = &l->opener.counts.parts;

	take(l, MOMENT_END);
	assembly_break(&l->segments, parts);
	assembly_break(&l->opener.blocks, parts);
	give_up(l);
}

/**
 * dlms_line_waits_for_pause - whether dlms_line_pause() would change anything
 * @l: state of the line
 */
bool dlms_line_waits_for_pause(const struct dlms_line *l)
{
	/* The flag that ends a frame waits for another frame. */
	return !l->paused && l->len > (l->tried == DLMS_HDLC);
}

/**
 * dlms_line_relearn - another stream begins, or its speed or parity was changed
 * @l: state of the line
 *
 * What has not come to its end is given up, and the framing is found out again; counts, and the
 * highest counters, stay.
 */
void dlms_line_relearn(struct dlms_line *l)
{
	l->opener.counts.skipped += l->len - l->used;
	l->at = 0;
	l->used = 0;
	give_up(l);
	l->tried = l->allowed;
	l->framed = false;
	l->opener.trouble = DLMS_FINE;
}

/**
 * dlms_line_framing - what framing the line has
 * @l: state of the line
 *
 * Return: DLMS_HDLC, DLMS_MBUS or DLMS_RAW; all that are tried while it is not known: a good frame
 * tells, or an APDU without framing.
 */
unsigned int dlms_line_framing(const struct dlms_line *l)
{
	return l->tried;
}

/** dlms_line_has_frames - whether a good frame came since the line began, or was learned anew */
bool dlms_line_has_frames(const struct dlms_line *l)
{
	return l->framed;
}

/**
 * dlms_line_counts - what was counted
 * @l: state of the line
 *
 * Return: the counts, valid as long as @l.
 */
const struct dlms_counts *dlms_line_counts(const struct dlms_line *l)
{
	return &l->opener.counts;
}

/** dlms_line_trouble - why the newest message gave no APDU */
enum dlms_trouble dlms_line_trouble(const struct dlms_line *l)
{
	return l->opener.trouble;
}

/** dlms_line_other_apdu - first byte of the newest APDU of a kind that is not read; see
 * dlms_tag_name() */
u8 dlms_line_other_apdu(const struct dlms_line *l)
{
	return l->opener.other;
}

/**
 * dlms_line_remember - a counter that was kept
 * @l: state of the line
 * @mark: the newest counter of a sender
 */
void dlms_line_remember(struct dlms_line *l, const struct glo_mark *mark)
{
	glo_remember(&l->opener.glo, mark->title, mark->counter);
}
