/* SPDX-License-Identifier: MIT */
/*
 * Simulated DLMS meters: their lists of objects, the APDU that carries one, and its frames.
 *
 * Nothing here is shared with the decoder, so that one is a check of the other.
 */
#ifndef SIMULATE_DLMS_H
#define SIMULATE_DLMS_H

#include "simulate.h"

/** enum sim_tag - types of A-XDR that are sent (Green Book section 9.5) */
enum sim_tag {
	SIM_ARRAY = 0x01,
	SIM_STRUCTURE = 0x02,
	SIM_INT32 = 0x05,
	SIM_UINT32 = 0x06,
	SIM_OCTETS = 0x09,
	SIM_VISIBLE = 0x0a,
	SIM_INT8 = 0x0f,
	SIM_INT16 = 0x10,
	SIM_UINT8 = 0x11,
	SIM_UINT16 = 0x12,
	SIM_INT64 = 0x14,
	SIM_UINT64 = 0x15,
	SIM_ENUM = 0x16,
};

/* Units of the Blue Book (section 4.3.2). */
enum sim_unit_code {
	UNIT_M3 = 13,
	UNIT_W = 27,
	UNIT_VAR = 29,
	UNIT_WH = 30,
	UNIT_VARH = 32,
	UNIT_A = 33,
	UNIT_V = 35,
	UNIT_NONE = 255,
};

/** enum sim_is - what an object of a list is */
enum sim_is {
	IS_VALUE,		/* register: what the meter measures by that code */
	IS_LIST,		/* push setup: the list itself, which comes first */
	IS_NAME,		/* push setup: its logical name */
	IS_NUMBER,		/* the number of the meter */
	IS_TEXT,		/* text that never changes */
	IS_CLOCK,
	IS_CHANNEL_VALUE,	/* of a meter on the M-Bus of this one: channel is B of the code */
	IS_CHANNEL_SCALER,
	IS_CHANNEL_TYPE,
};

/**
 * struct sim_object - one object of a list
 * @is: what it is
 * @tag: type of its value
 * @scaler: one count of its value is 10^@scaler of the base unit
 * @code: A to E of its code; F is 255
 * @text: of IS_TEXT
 */
struct sim_object {
	enum sim_is is;
	enum sim_tag tag;
	int8_t scaler;
	uint8_t code[5];
	const char *text;
};

/** enum sim_layout - how the objects of a list stand in the body of a notification */
enum sim_layout {
	LAYOUT_PUSH,		/* their description first, then values alone */
	LAYOUT_PAIRS,		/* code, value; text and clock at the head have no code */
	LAYOUT_ELEMENTS,	/* a structure {code, value, {scaler, unit}} for each */
	LAYOUT_TRIPLES,		/* code, value, {scaler, unit}; clock and number have no code */
	LAYOUT_VALUES,		/* values alone */
};

/**
 * struct sim_list - one of the lists that a meter pushes
 * @layout: how it is laid out
 * @outer: type of what holds the elements
 * @objects: in their order
 * @count: of them
 * @period_s: by the meter's clock; 0: at the interval of the command line, as only the first does
 * @offset_s: seconds after the beginning of that period
 */
struct sim_list {
	enum sim_layout layout;
	enum sim_tag outer;
	const struct sim_object *objects;
	unsigned int count;
	uint32_t period_s;
	uint32_t offset_s;
};

/** enum sim_framing - what carries an APDU on the line */
enum sim_framing {
	FRAMING_HDLC,		/* one frame */
	FRAMING_SEGMENTS,	/* frames with the segmentation bit */
	FRAMING_BLOCKS,		/* frames with general block transfer in them */
	FRAMING_MBUS,		/* wired M-Bus long frames */
};

/** enum sim_stamp - how the time of the message is written */
enum sim_stamp {
	STAMP_NONE,
	STAMP_PLAIN,
	STAMP_TAGGED,		/* with the tag of an octet string, against A-XDR */
};

/**
 * struct sim_dlms - what a DLMS meter is beyond other meters
 * @framing: of its line
 * @address: HDLC: destination and source, in @address_len bytes
 * @control: HDLC: of the last frame
 * @control_more: HDLC: of those before it
 * @first: most bytes of an APDU in the first frame, without the LLC header
 * @room: most of them in the others
 * @invoke: long-invoke-id-and-priority of the first notification
 * @invoke_counts: goes up with each notification
 * @stamp: how the time of the message is written
 * @zoned: its times state their deviation from UTC
 * @hundredths: its times have hundredths of a second
 * @stamp_summer: status of the time of the message in summer
 * @clock_summer: status of the clock object in summer
 * @scalerless: its numbers come without scalers, and nobody knows those of its energies and power
 *	factor
 * @encrypted: always
 * @number_is_integer: its number is sent as one
 * @exclusive: of the lists that are due at the same time only the last one is sent
 * @title: system title, of an invented meter
 * @lists: that it pushes
 * @list_count: of them
 */
struct sim_dlms {
	enum sim_framing framing;
	uint8_t address[4];
	unsigned int address_len;
	uint8_t control;
	uint8_t control_more;
	size_t first;
	size_t room;
	uint32_t invoke;
	bool invoke_counts;
	enum sim_stamp stamp;
	bool zoned;
	bool hundredths;
	uint8_t stamp_summer;
	uint8_t clock_summer;
	bool scalerless;
	bool encrypted;
	bool number_is_integer;
	bool exclusive;
	uint8_t title[8];
	const struct sim_list *lists;
	unsigned int list_count;
};

/**
 * struct sim_measure - what a meter measures by a code
 * @milli: thousandths of the base unit
 * @unit: the base unit, enum sim_unit_code
 * @name: of its quantity in the data contract, or NULL
 * @phase: 1 to 3; 0: all of them
 * @tariff: 1 and more; 0: all of them
 */
struct sim_measure {
	int64_t milli;
	uint8_t unit;
	const char *name;
	unsigned int phase;
	unsigned int tariff;
};

struct sim_measure sim_measure(const struct sim_meter *m, const uint8_t code[5]);
struct sim_measure sim_measure_channel(const struct sim_meter *m, unsigned int channel);

#define SIM_CLOCK_LEN 12

/* simulate_axdr.c */
void sim_axdr_unit(struct sim_telegram *t, bool splits);
void sim_axdr_integer(struct sim_telegram *t, uint64_t value, unsigned int len);
void sim_axdr_head(struct sim_telegram *t, enum sim_tag tag, size_t count);
void sim_axdr_number(struct sim_telegram *t, enum sim_tag tag, int64_t value);
void sim_axdr_string(struct sim_telegram *t, enum sim_tag tag, const void *bytes, size_t len);
void sim_axdr_code(struct sim_telegram *t, const uint8_t code[5]);
void sim_axdr_scaler(struct sim_telegram *t, int8_t scaler, uint8_t unit);
void sim_axdr_clock(uint8_t clock[SIM_CLOCK_LEN], int64_t utc_ms, const struct sim_dlms *dlms,
		    uint8_t summer);

/* simulate_list.c */
void sim_write_list(const struct sim_kind *kind, const struct sim_meter *m, const char *number,
		    struct sim_telegram *t);

#endif /* SIMULATE_DLMS_H */
