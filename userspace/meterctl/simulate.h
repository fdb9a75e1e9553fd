/* SPDX-License-Identifier: MIT */
/*
 * A meter that counts: its clock and registers, the telegrams that it writes, and what they say.
 *
 * What a telegram says is written down while it is made, from the meter's registers and never by
 * decoding it, so that it can be held against what a decoder reads.
 */
#ifndef SIMULATE_H
#define SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "../decode/meter_keys.h"

#define SIM_TIC_HISTORIQUE	"tic-historique"
#define SIM_TIC_STANDARD	"tic-standard"
#define SIM_P1			"p1"
#define SIM_DLMS		"dlms"

#define SIM_PHASES	3
#define SIM_TARIFFS	10
#define SIM_MONTHS	13
#define SIM_NUMBER_MAX	48
#define SIM_LISTS	3

/** enum sim_calendar - which tariff register counts when, in local time */
enum sim_calendar {
	CALENDAR_SINGLE,	/* always the first */
	CALENDAR_LOW_NORMAL,	/* 1 from 22 to 6 h, 2 from 6 to 22 h */
	CALENDAR_DAY_NIGHT,	/* the other way round */
	CALENDAR_TEMPO,		/* 1 2 blue, 3 4 white, 5 6 red; odd from 22 to 6 h */
};

/** struct sim_stamped - a value and the time, in seconds UTC, that it belongs to */
struct sim_stamped {
	int64_t utc;
	uint32_t value;
};

/**
 * struct sim_mean - means over fixed periods of the clock
 * @period_s: length of a period
 * @sum: value times milliseconds in the running one
 * @ms: milliseconds of it
 * @last: mean and end of the period before
 * @before: those of the one before that
 */
struct sim_mean {
	uint32_t period_s;
	uint64_t sum;
	uint64_t ms;
	struct sim_stamped last;
	struct sim_stamped before;
};

/** struct sim_supply - a gas or water meter, read once in each period */
struct sim_supply {
	uint32_t period_s;
	uint64_t ml;
	uint64_t read_dm3;
	int64_t read_utc;
};

/**
 * struct sim_meter - registers and clock
 * @random: state of the generator
 * @utc_ms: the clock
 * @phases: 1 or 3
 * @producer: with solar panels
 * @calendar: which tariff register counts
 * @telegrams: how many were written
 * @list: which of its lists is written next, of a DLMS meter
 * @load_w: what the house draws from each phase
 * @load_var: reactive power of the house
 * @active_w: what the meter sees: drawn > 0, injected < 0
 * @voltage_dv: tenths of a volt
 * @overload: phase that is held above what the contract allows, or -1
 * @tariff: index of the register that counts now, from 0
 * @import_wms: energy drawn by tariff, in watt milliseconds
 * @export_wms: energy injected by tariff
 * @grid_wms: energy drawn by the grid operator's four registers
 * @quadrant_varms: reactive energy Q1..Q4
 * @smax: largest apparent power drawn today; of all phases, and each
 * @smax_before: that of yesterday
 * @smaxi: largest apparent power injected today
 * @smaxi_before: that of yesterday
 * @curve: mean power drawn in half hours
 * @curve_export: mean power injected in half hours
 * @voltage: mean voltage in ten minutes
 * @quarter: mean power drawn in quarters of an hour
 * @peak: largest @quarter of the month
 * @peaks: those of the months before, oldest first
 * @month_ends: when those months ended
 */
struct sim_meter {
	uint64_t random;
	int64_t utc_ms;
	unsigned int phases;
	bool producer;
	enum sim_calendar calendar;
	uint64_t telegrams;
	unsigned int list;
	int32_t load_w[SIM_PHASES];
	int32_t load_var[SIM_PHASES];
	int32_t active_w[SIM_PHASES];
	uint32_t voltage_dv[SIM_PHASES];
	int overload;
	unsigned int tariff;
	uint64_t import_wms[SIM_TARIFFS];
	uint64_t export_wms[SIM_TARIFFS];
	uint64_t grid_wms[4];
	uint64_t quadrant_varms[4];
	struct sim_stamped smax[1 + SIM_PHASES];
	struct sim_stamped smax_before[1 + SIM_PHASES];
	struct sim_stamped smaxi;
	struct sim_stamped smaxi_before;
	struct sim_mean curve;
	struct sim_mean curve_export;
	struct sim_mean voltage[SIM_PHASES];
	struct sim_mean quarter;
	struct sim_stamped peak;
	struct sim_stamped peaks[SIM_MONTHS];
	int64_t month_ends[SIM_MONTHS];
	struct sim_supply gas;
	struct sim_supply water;
};

/** struct sim_local - local time of Central Europe; @summer is the letter of the stamps */
struct sim_local {
	struct tm tm;
	bool summer;
};

struct sim_kind;

void sim_meter_start(struct sim_meter *m, const struct sim_kind *kind, uint64_t seed,
		     int64_t utc_ms);
void sim_meter_advance(struct sim_meter *m, int64_t ms);
uint32_t sim_random(uint64_t *state, uint32_t bound);
struct sim_local sim_local(int64_t utc_s);
unsigned int sim_tempo_colour(int64_t utc_s);
int32_t sim_active_w(const struct sim_meter *m);
int32_t sim_reactive_var(const struct sim_meter *m);
uint32_t sim_apparent_va(int32_t active_w, int32_t reactive_var);
uint32_t sim_current_ma(const struct sim_meter *m, unsigned int phase);
uint64_t sim_total_wh(const uint64_t *wms, unsigned int count);
uint64_t sim_wh(uint64_t wms);

/** struct sim_text - text that grows in a fixed buffer */
struct sim_text {
	size_t len;
	char text[40960];
};

/** struct sim_gap - silence on the line before the byte at @offset */
struct sim_gap {
	size_t offset;
	uint32_t ms;
};

/** struct sim_unit - what begins at @offset stays in one block unless it @splits */
struct sim_unit {
	uint16_t offset;
	bool splits;
};

/**
 * struct sim_telegram - one telegram as bytes on the line, and what it says
 * @bytes: on the line
 * @len: how many
 * @gaps: silences in it
 * @gap_count: how many
 * @units: parts of an APDU that block transfer does not cut; none: it may be cut anywhere
 * @unit_count: how many
 * @has_meter: the number of the meter can be read in it
 * @standard: TIC standard
 * @head: JSON of protocol, meter and time
 * @fields: JSON of what can be read of it
 * @quantities: JSON of what that means
 * @good: fields in @fields
 * @damaged: TIC groups that were damaged
 * @lost: nothing of this telegram can be read
 * @parity: even parity in bit 7
 * @damage_permille: how many of a thousand characters are damaged
 * @random: generator of the damage, apart from that of the meter
 * @separator_damaged: the last byte before the next group is not what it should be
 * @end_damaged: the last frame's end was
 */
struct sim_telegram {
	uint8_t bytes[8192];
	size_t len;
	struct sim_gap gaps[160];
	size_t gap_count;
	struct sim_unit units[96];
	size_t unit_count;
	bool has_meter;
	bool standard;
	struct sim_text head;
	struct sim_text fields;
	struct sim_text quantities;
	unsigned int good;
	unsigned int damaged;
	bool lost;
	bool parity;
	uint32_t damage_permille;
	uint64_t random;
	bool separator_damaged;
	bool end_damaged;
};

void sim_telegram_reset(struct sim_telegram *t, const char *protocol);
void sim_meter_is(struct sim_telegram *t, const char *number);
void sim_time_is(struct sim_telegram *t, int64_t utc_s);
void sim_bytes(struct sim_telegram *t, const void *bytes, size_t len);
void sim_silence(struct sim_telegram *t, uint32_t ms);
void sim_field_begin(struct sim_telegram *t, const char *label);
void sim_field_value(struct sim_telegram *t, const char *value, size_t len);
void sim_field_end(struct sim_telegram *t);
void sim_via_is(struct sim_telegram *t, const char *via);
void sim_quantity(struct sim_telegram *t, const char *name, int64_t milli);
void sim_quantity_tariff(struct sim_telegram *t, const char *name, unsigned int tariff,
			 int64_t milli);
void sim_quantity_phase(struct sim_telegram *t, const char *name, unsigned int phase,
			int64_t milli);
bool sim_hit(struct sim_telegram *t, size_t characters);
bool sim_flip(struct sim_telegram *t, size_t offset, unsigned int bits, const char *avoid);
bool sim_expect(const struct sim_telegram *t, FILE *file);

struct sim_dlms;

/**
 * struct sim_kind - a kind of meter
 * @name: on the command line
 * @help: what it is
 * @number: an invented number of the form that it has, or NULL when its telegrams carry none
 * @baud: line rate
 * @bits: of a character on the line, with start, parity and stop; 0: 10
 * @period_ms: from one telegram's beginning to the next, 0: back to back; of a DLMS meter that of
 *	its first list
 * @phases: 1 or 3
 * @producer: with solar panels
 * @calendar: which tariff registers count
 * @supply_period_s: how often gas and water are read; P1
 * @parity: sends parity when not told otherwise
 * @crc: P1: its telegrams end with a CRC
 * @tic: a TIC meter; its number has 12 digits
 * @headed: P1, enciphered: its frames have a clear header in place of a system title
 * @dlms: what a DLMS meter is beyond this, or NULL
 * @overload: phase that is overloaded while telegram number @telegrams is sent, or -1;
 *	NULL: none ever
 * @write: writes the next telegram; of a DLMS meter its APDU, for sim_frame()
 */
struct sim_kind {
	const char *name;
	const char *help;
	const char *number;
	uint32_t baud;
	unsigned int bits;
	uint32_t period_ms;
	unsigned int phases;
	bool producer;
	enum sim_calendar calendar;
	uint32_t supply_period_s;
	bool parity;
	bool crc;
	bool tic;
	bool headed;
	const struct sim_dlms *dlms;
	int (*overload)(uint64_t telegrams);
	void (*write)(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		      struct sim_telegram *t);
};

/**
 * struct sim_cipher - how telegrams are enciphered
 * @keys: of --key-file; without an authentication key the tag is made with zeros
 * @counter: of the next frame
 */
struct sim_cipher {
	struct meter_keys *keys;
	uint32_t counter;
};

bool sim_encipher(struct sim_cipher *c, const struct sim_kind *kind, struct sim_telegram *t);
void sim_frame(const struct sim_dlms *dlms, struct sim_telegram *t);

/** struct sim_schedule - when each of a meter's lists is due, in milliseconds UTC */
struct sim_schedule {
	unsigned int lists;
	int64_t due_ms[SIM_LISTS];
};

void sim_schedule_start(struct sim_schedule *s, const struct sim_kind *kind, int64_t now_ms);
unsigned int sim_schedule_take(struct sim_schedule *s, const struct sim_kind *kind, int64_t now_ms,
			       int64_t interval_ms);
int64_t sim_schedule_next(const struct sim_schedule *s);

extern const struct sim_kind sim_tic_kinds[];
extern const size_t sim_tic_kind_count;
extern const struct sim_kind sim_p1_kinds[];
extern const size_t sim_p1_kind_count;
extern const struct sim_kind sim_dlms_kinds[];
extern const size_t sim_dlms_kind_count;

/**
 * struct sim_output - where the bytes go
 * @fd: what is written to
 * @stop: a signalfd: SIGINT or SIGTERM came
 * @watch: tells when the pty's other side is opened, or -1
 * @pty: a pty that this process made
 * @link: symbolic link to it, to be removed
 * @started: the first telegram was sent
 * @due_ns: CLOCK_MONOTONIC when the next byte may go
 * @failed: something could not be written, and this was said
 */
struct sim_output {
	int fd;
	int stop;
	int watch;
	bool pty;
	const char *link;
	bool started;
	int64_t due_ns;
	bool failed;
};

bool sim_output_open(struct sim_output *out, const char *path);
bool sim_output_open_pty(struct sim_output *out, const char *link);
bool sim_output_send(struct sim_output *out, const struct sim_telegram *t, uint32_t baud);
void sim_output_idle(struct sim_output *out, int64_t ms);
void sim_output_close(struct sim_output *out);

#endif /* SIMULATE_H */
