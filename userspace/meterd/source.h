/* SPDX-License-Identifier: MIT */
/*
 * Sources and their lines: from a transport to telegrams.
 *
 * A source is a section of the configuration and knows one transport. A line is one stream of
 * telegrams in it: a serial port, a connection, a file, a meter of the kernel. Loop thread only.
 */
#ifndef METERD_SOURCE_H
#define METERD_SOURCE_H

#include <event2/event.h>

#include "../../kernel/telegram/softuart.h"
#include "../decode/d2l_keys.h"
#include "../decode/stream.h"
#include "config.h"
#include "d2l_server.h"
#include "notes.h"

/** enum line_state - how a line does; names as in the data contract */
enum line_state {
	LINE_OFF,		/* not enabled, or read to its end */
	LINE_SILENT,		/* nothing comes, or nothing is there yet */
	LINE_CONNECTED,		/* valid telegrams come */
	LINE_WRONG_DATA,	/* something comes, but no valid telegram */
	LINE_REFUSED,		/* the other side, or this machine, does not let us */
};

#define LINE_WHY_MAX 128
#define LINE_WHAT_MAX 96

struct source;
struct meter;

/**
 * struct moment - when a telegram's first byte came
 * @unix_ms: the host's clock, ms since 1970
 * @steady_ms: CLOCK_BOOTTIME, ms
 * @replay: the telegram's clock is the clock; the host's says nothing
 * @replay_s: with @replay, for a telegram without a stamp: what start and interval give; 0: nothing
 * @has_clock: @clock_s is known
 * @clock_s: what brought a telegram without a stamp says of the time, seconds since 1970 in UTC
 * @values: quantities of a telegram that does not tell them by itself; NULL: it does
 * @profile: of DLMS, enum dlms_profile of numbers that came without a scaler
 * @list: of a meter that sends several, which one it is; NULL: it has one
 * @behind: number of the meter that told of this one; NULL: it speaks for itself
 */
struct moment {
	s64 unix_ms;
	u64 steady_ms;
	bool replay;
	s64 replay_s;
	bool has_clock;
	s64 clock_s;
	const struct reading *values;
	u8 profile;
	const char *list;
	const char *behind;
};

/**
 * struct line - one stream of telegrams
 * @source: that it belongs to
 * @what: for people: host and port, device, file, meterN
 * @state: enum line_state; set by line_set_state() alone
 * @since_s: when @state began, seconds since 1970
 * @why: a sentence without a full stop, never ""
 * @told: line_set_state() was called
 * @telegrams: valid ones
 * @last_steady_ms: of the newest valid telegram, 0: none yet
 * @interval_ms: between telegrams, the median of the last three intervals; 0: not known
 * @bound: so many meters are on it
 * @gaps: records or bytes that were lost on the way to us were noticed so often
 * @decoder: counters of what came over it; NULL where the kernel has them
 * @dlms: counters of DLMS push; NULL: none is read
 * @uart: counters of a line that is read by its edges; NULL: it is not
 * @cipher: of enciphered telegrams on it; NULL: there are no keys
 * @meters: what has been heard on it, of meters.c
 */
struct line {
	struct source *source;
	struct line *next;
	char *what;
	enum line_state state;
	s64 since_s;
	char *why;
	bool told;
	u64 telegrams;
	u64 last_steady_ms;
	u32 interval_ms;
	u32 recent_ms[3];
	u64 gaps;
	unsigned int bound;
	struct line_decoder *decoder;
	const struct dlms_counts *dlms;
	const struct softuart_stats *uart;
	const struct p1_cipher_stats *cipher;
	struct log_limit limit;
	struct line_meters *meters;
};

/**
 * struct source_ops - a kind of source
 * @start: begins; a failure is a state of its lines, never an end
 * @stop: ends everything @start began; may be started again
 * @tended: a running source has a timer, an event or an answer to wait for, or is at its end; if
 *	not, nothing will ever call it again. On the loop, not from within the source
 */
struct source_ops {
	const char *type;
	bool (*start)(struct source *s);
	void (*stop)(struct source *s);
	bool (*tended)(const struct source *s);
};

extern const struct source_ops source_kernel, source_serial, source_tcp, source_replay, source_gpio,
	source_d2l, source_mbus;

/**
 * struct d2l_stats - what was counted of D2L modules
 * @connections: of their connections
 * @good: frames that could be read
 * @unknown: frames of modules without a key
 * @wrong_key: frames that their key did not open
 * @unreadable: frames that it did, but there was nothing to read in them
 * @old: readings that were not booked, since their clock had not gone on and was behind
 * @repeated: readings that were not booked, since they had come before
 * @updates: requests for firmware
 */
struct d2l_stats {
	struct d2l_server_stats connections;
	u64 good;
	u64 unknown;
	u64 wrong_key;
	u64 unreadable;
	u64 old;
	u64 repeated;
	u64 updates;
};

struct sources;

/**
 * struct source - one section of the configuration
 * @on: runs, or should
 * @running: started and not stopped
 * @keys: of enciphered telegrams; NULL: none
 * @modules: keys of D2L modules; NULL: none
 * @modules_limit: of what is said of how they do
 * @d2l: counts of D2L modules; NULL: of another kind, or it does not run
 * @lines: at least one, also while it is off; none when @ops->start is called
 * @lines_end: where the next one goes
 * @private: of its kind
 */
struct source {
	const struct source_ops *ops;
	struct sources *all;
	struct source *next;
	struct source_config config;
	bool on;
	bool running;
	struct meter_keys *keys;
	struct d2l_keys *modules;
	struct log_limit modules_limit;
	const struct d2l_stats *d2l;
	struct line *lines;
	struct line **lines_end;
	void *private;
	struct trace *trace;
};

/**
 * struct source_out - where telegrams go
 * @telegram: valid until it returns. @number: the meter's number where the transport knows it
 *	better than the telegram, else NULL
 * @bytes: came on a line that has bytes, before they are decoded; NULL: nobody wants them
 * @state: a line changed its state
 * @gone: this line is about to be freed
 */
struct source_out {
	void (*telegram)(void *context, struct line *line, const struct telegram *t,
			 const char *number, const struct moment *when);
	void (*bytes)(void *context, struct line *line, const u8 *bytes, size_t count);
	void (*state)(void *context, struct line *line);
	void (*gone)(void *context, struct line *line);
	void *context;
};

/* source_keys.c */
struct meter_keys *source_keys_read(const struct source_config *c, char *problem, size_t size);
struct d2l_keys *source_modules_read(const struct source_config *c, char *problem, size_t size);

/* sources.c: all of them */
struct sources *sources_new(struct event_base *base, const struct source_out *out,
			    struct notes *notes);
/* Starts, stops and keeps running what the configuration asks for; takes copies. */
void sources_apply(struct sources *all, const struct config *c);
struct source *sources_first(const struct sources *all);
bool sources_switch(struct sources *all, const char *name, bool on);
struct event_base *sources_base(const struct sources *all);
struct notes *sources_notes(const struct sources *all);
struct resolver *sources_resolver(struct sources *all);
/* One for all, for what is read and fed in one go. */
#define SOURCES_BUFFER_BYTES 16384
u8 *sources_buffer(struct sources *all);
/* Closes everything; a half telegram is given up. */
void sources_free(struct sources *all);

/* line.c: for the sources */
struct line *line_add(struct source *s, const char *what);
struct line *line_add_address(struct source *s, const char *host, u16 port);
bool line_set_what(struct line *line, const char *what);
void line_remove(struct line *line);
__attribute__((format(printf, 3, 4)))
void line_set_state(struct line *line, enum line_state state, const char *why, ...);
const char *line_state_name(enum line_state state);
void line_telegram(struct line *line, const struct telegram *t, const char *number,
		   const struct moment *when);
void line_bytes(struct line *line, const u8 *bytes, size_t count);
void line_told_of(struct line *line, const struct telegram *t, const char *number,
		  const struct moment *when);
bool line_decode_begin(struct line *line, struct stream *stream, unsigned int protocols,
		       telegram_fn emit, void *context);
void line_decode_end(struct line *line, struct stream *stream);
const char *line_cipher_complaint(const struct line *line, enum p1_cipher_trouble trouble);
bool line_cipher_stats(const struct line *line, struct p1_cipher_stats *sum);
const char *stream_dlms_complaint(const struct stream *s);
const char *line_via(const struct line *line);
/* How long a line may be without a valid telegram: 3 periods, at least 30 s. */
u64 line_patience_ms(const struct line *line);
u64 steady_ms(void);
s64 host_unix_ms(void);

/**
 * struct feed - live bytes to telegrams on one line; for serial and tcp
 *
 * Owns the decoder and the pause of one second that ends a P1 telegram without digits.
 */
struct feed;
struct feed *feed_new(struct line *line, unsigned int protocols);
void feed_bytes(struct feed *f, const u8 *bytes, size_t count, const struct moment *when);
void feed_end(struct feed *f);		/* no more bytes of this stream: as a pause */
void feed_reset(struct feed *f);	/* another stream begins: half a telegram is given up */
u64 feed_idle_ms(const struct feed *f);	/* since the last valid telegram, or feed_reset() */
enum line_seen feed_seen(const struct feed *f);
u64 feed_bytes_seen(const struct feed *f);
enum telegram_protocol feed_protocol(const struct feed *f);
const char *feed_complaint(const struct feed *f); /* what comes in place of telegrams, or NULL */
void feed_free(struct feed *f);

#endif /* METERD_SOURCE_H */
