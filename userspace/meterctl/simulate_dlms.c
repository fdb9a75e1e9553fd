// SPDX-License-Identifier: MIT
/*
 * Kinds of DLMS meters: what each pushes, as captures and the documents of grid operators have it
 * (Landis+Gyr and Iskraemeco in Switzerland and Austria, Kamstrup 5512-2584, the lists of Norway's
 * HAN, Netz NOE for Sagemcom and Kaifa). Numbers and system titles are invented.
 */
#include "simulate_dlms.h"

#define COUNT(objects) (sizeof(objects) / sizeof((objects)[0]))

/* clang-format off */
#define VALUE(tag, scaler, ...)	{ IS_VALUE, SIM_##tag, scaler, { __VA_ARGS__ }, NULL }
#define LIST(...)		{ IS_LIST, 0, 0, { __VA_ARGS__ }, NULL }
#define NAME(...)		{ IS_NAME, 0, 0, { __VA_ARGS__ }, NULL }
#define NUMBER(tag, ...)	{ IS_NUMBER, SIM_##tag, 0, { __VA_ARGS__ }, NULL }
#define TEXT(tag, text, ...)	{ IS_TEXT, SIM_##tag, 0, { __VA_ARGS__ }, text }
#define CLOCK(...)		{ IS_CLOCK, SIM_OCTETS, 0, { __VA_ARGS__ }, NULL }
#define CHANNEL_VALUE(b)	{ IS_CHANNEL_VALUE, SIM_INT32, -3, { 0, b, 24, 2, 1 }, NULL }
#define CHANNEL_SCALER(b)	{ IS_CHANNEL_SCALER, 0, -3, { 0, b, 24, 2, 1 }, NULL }
#define CHANNEL_TYPE(b)		{ IS_CHANNEL_TYPE, SIM_UINT8, 0, { 0, b, 24, 1, 0 }, NULL }

/* One value for each phase: C, C + 20, C + 40. */
#define PHASES(tag, scaler, b, c, d)		\
	VALUE(tag, scaler, 1, b, c, d, 0),	\
	VALUE(tag, scaler, 1, b, c + 20, d, 0),	\
	VALUE(tag, scaler, 1, b, c + 40, d, 0)

/* A register of all tariffs, and of both. */
#define TARIFFS(b, c)				\
	VALUE(UINT32, 0, 1, b, c, 8, 0),	\
	VALUE(UINT32, 0, 1, b, c, 8, 1),	\
	VALUE(UINT32, 0, 1, b, c, 8, 2)

/* The list that Swiss grid operators agreed upon for 2026, after what identifies the meter. */
#define SWISS_ENERGIES				\
	VALUE(UINT32, 0, 1, 1, 1, 8, 0),	\
	VALUE(UINT32, 0, 1, 1, 2, 8, 0),	\
	VALUE(UINT32, 0, 1, 1, 3, 8, 0),	\
	VALUE(UINT32, 0, 1, 1, 4, 8, 0)

static const struct sim_object e450_live[] = {
	LIST(0, 8, 25, 9, 0),
	NAME(0, 8, 25, 9, 0),
	NUMBER(OCTETS, 0, 0, 42, 0, 0),
	TEXT(OCTETS, "9900042", 0, 0, 96, 1, 1),
	CLOCK(0, 0, 1, 0, 0),
	SWISS_ENERGIES,
	VALUE(UINT32, 0, 1, 0, 1, 7, 0),
	VALUE(UINT32, 0, 1, 0, 2, 7, 0),
	PHASES(UINT16, 0, 0, 32, 7),
	PHASES(UINT16, -2, 0, 31, 7),
};

static const struct sim_object e450_tariffs[] = {
	LIST(0, 9, 25, 9, 0),
	NAME(0, 9, 25, 9, 0),
	VALUE(UINT32, 0, 1, 1, 1, 8, 1),
	VALUE(UINT32, 0, 1, 1, 1, 8, 2),
	VALUE(UINT32, 0, 1, 1, 2, 8, 1),
	VALUE(UINT32, 0, 1, 1, 2, 8, 2),
};

static const struct sim_object e450_channels[] = {
	LIST(0, 11, 25, 9, 0),
	NAME(0, 11, 25, 9, 0),
	TEXT(OCTETS, "99002442", 0, 1, 96, 1, 0),
	TEXT(OCTETS, "99007742", 0, 2, 96, 1, 0),
	CHANNEL_TYPE(1),
	CHANNEL_TYPE(2),
	CHANNEL_VALUE(1),
	CHANNEL_SCALER(1),
	CHANNEL_VALUE(2),
	CHANNEL_SCALER(2),
};

static const struct sim_object e450_austria_live[] = {
	CLOCK(0),
	TARIFFS(0, 1),
	VALUE(UINT32, 0, 1, 0, 1, 7, 0),
	TARIFFS(0, 2),
	VALUE(UINT32, 0, 1, 0, 2, 7, 0),
	TARIFFS(0, 3),
	VALUE(UINT32, 0, 1, 0, 3, 7, 0),
	TARIFFS(0, 4),
	VALUE(UINT32, 0, 1, 0, 4, 7, 0),
};

static const struct sim_object e570_live[] = {
	LIST(0, 8, 25, 9, 0),
	NAME(0, 8, 25, 9, 0),
	NUMBER(OCTETS, 0, 0, 42, 0, 0),
	CLOCK(0, 0, 1, 0, 0),
	VALUE(INT64, 0, 1, 0, 1, 7, 0),
	VALUE(INT64, 0, 1, 0, 2, 7, 0),
	VALUE(INT64, 0, 1, 0, 3, 7, 0),
	VALUE(INT64, 0, 1, 0, 4, 7, 0),
	VALUE(UINT64, 0, 1, 1, 1, 8, 0),
	VALUE(UINT64, 0, 1, 1, 2, 8, 0),
	VALUE(UINT64, 0, 1, 1, 5, 8, 0),
	VALUE(UINT64, 0, 1, 1, 6, 8, 0),
	VALUE(UINT64, 0, 1, 1, 7, 8, 0),
	VALUE(UINT64, 0, 1, 1, 8, 8, 0),
	PHASES(INT64, 0, 0, 31, 7),
	VALUE(INT16, -3, 1, 0, 13, 7, 0),
};

/* The phases of the voltages really come in this order. */
static const struct sim_object e360_live[] = {
	LIST(0, 6, 25, 9, 0),
	NUMBER(OCTETS, 0, 0, 42, 0, 0),
	SWISS_ENERGIES,
	VALUE(UINT32, 0, 1, 0, 1, 7, 0),
	VALUE(UINT32, 0, 1, 0, 2, 7, 0),
	VALUE(UINT16, -1, 1, 0, 32, 7, 0),
	VALUE(UINT16, -1, 1, 0, 72, 7, 0),
	VALUE(UINT16, -1, 1, 0, 52, 7, 0),
	PHASES(UINT16, -2, 0, 31, 7),
};

static const struct sim_object am550_live[] = {
	LIST(0, 6, 25, 9, 0),
	NAME(0, 6, 25, 9, 0),
	NUMBER(OCTETS, 0, 0, 42, 0, 0),
	TEXT(OCTETS, "9900042", 0, 0, 96, 1, 1),
	CLOCK(0, 0, 1, 0, 0),
	VALUE(UINT32, 0, 1, 1, 1, 7, 0),
	VALUE(UINT32, 0, 1, 1, 2, 7, 0),
	VALUE(UINT32, 0, 1, 1, 3, 7, 0),
	VALUE(UINT32, 0, 1, 1, 4, 7, 0),
	TARIFFS(1, 1),
	TARIFFS(1, 2),
	TARIFFS(1, 5),
	TARIFFS(1, 6),
	TARIFFS(1, 7),
	TARIFFS(1, 8),
	VALUE(UINT16, -3, 1, 0, 13, 7, 0),
};

static const struct sim_object am550_2026_live[] = {
	LIST(0, 6, 25, 9, 0),
	NUMBER(OCTETS, 0, 0, 42, 0, 0),
	SWISS_ENERGIES,
	VALUE(UINT32, 0, 1, 1, 1, 7, 0),
	VALUE(UINT32, 0, 1, 1, 2, 7, 0),
	PHASES(UINT16, -1, 0, 32, 7),
	PHASES(UINT16, -2, 0, 31, 7),
};

static const struct sim_object am550_scalers_live[] = {
	NUMBER(OCTETS, 0, 0, 96, 1, 0),
	TEXT(OCTETS, "990042", 0, 0, 96, 1, 1),
	VALUE(UINT32, 0, 1, 0, 1, 7, 0),
	VALUE(UINT32, 0, 1, 0, 2, 7, 0),
	VALUE(UINT32, 0, 1, 0, 1, 8, 0),
	VALUE(UINT32, 0, 1, 0, 2, 8, 0),
	PHASES(UINT16, -1, 0, 32, 7),
	PHASES(UINT16, -2, 0, 31, 7),
	VALUE(UINT32, 0, 1, 0, 1, 8, 1),
	VALUE(UINT32, 0, 1, 0, 1, 8, 2),
	VALUE(UINT32, 0, 1, 0, 2, 8, 1),
	VALUE(UINT32, 0, 1, 0, 2, 8, 2),
};

#define KAMSTRUP_POWER				\
	VALUE(UINT32, 0, 1, 1, 1, 7, 0),	\
	VALUE(UINT32, 0, 1, 1, 2, 7, 0),	\
	VALUE(UINT32, 0, 1, 1, 3, 7, 0),	\
	VALUE(UINT32, 0, 1, 1, 4, 7, 0)

#define KAMSTRUP_LIVE						\
	TEXT(VISIBLE, "Kamstrup_V0001", 0),			\
	NUMBER(VISIBLE, 1, 1, 0, 0, 5),				\
	TEXT(VISIBLE, "6841199BN990000042", 1, 1, 96, 1, 1),	\
	KAMSTRUP_POWER,						\
	PHASES(UINT32, -2, 1, 31, 7),				\
	PHASES(UINT16, 0, 1, 32, 7)

#define KAMSTRUP_ENERGIES(scaler)			\
	VALUE(UINT32, scaler, 1, 1, 1, 8, 0),		\
	VALUE(UINT32, scaler, 1, 1, 2, 8, 0),		\
	VALUE(UINT32, scaler, 1, 1, 3, 8, 0),		\
	VALUE(UINT32, scaler, 1, 1, 4, 8, 0)

static const struct sim_object kamstrup_live[] = { KAMSTRUP_LIVE };

static const struct sim_object kamstrup_hour_10wh[] = {
	KAMSTRUP_LIVE, CLOCK(0, 1, 1, 0, 0), KAMSTRUP_ENERGIES(1),
};

static const struct sim_object kamstrup_hour_wh[] = {
	KAMSTRUP_LIVE, CLOCK(0, 1, 1, 0, 0), KAMSTRUP_ENERGIES(0),
};

static const struct sim_object kamstrup_denmark[] = {
	TEXT(VISIBLE, "Kamstrup_V0001", 0),
	KAMSTRUP_ENERGIES(0),
	NUMBER(UINT32, 1, 1, 0, 0, 1),
	KAMSTRUP_POWER,
	CLOCK(0, 1, 1, 0, 0),
	PHASES(UINT16, 0, 1, 32, 7),
	PHASES(UINT32, -2, 1, 31, 7),
	PHASES(UINT32, 0, 1, 21, 7),
	PHASES(UINT16, -2, 1, 33, 7),
	VALUE(UINT16, -2, 1, 1, 13, 7, 0),
	PHASES(UINT32, 0, 1, 22, 7),
	PHASES(UINT32, 0, 1, 22, 8),
	PHASES(UINT32, 0, 1, 21, 8),
};

#define AUSTRIA_LIVE(factor)			\
	CLOCK(0),				\
	VALUE(UINT32, 0, 1, 0, 1, 8, 0),	\
	VALUE(UINT32, 0, 1, 0, 2, 8, 0),	\
	VALUE(UINT32, 0, 1, 0, 1, 7, 0),	\
	VALUE(UINT32, 0, 1, 0, 2, 7, 0),	\
	PHASES(UINT16, -1, 0, 32, 7),		\
	PHASES(UINT16, -2, 0, 31, 7),		\
	VALUE(factor, -3, 1, 0, 13, 7, 0),	\
	NUMBER(OCTETS, 0)

static const struct sim_object t210_live[] = { AUSTRIA_LIVE(INT16) };

static const struct sim_object ma309_live[] = { AUSTRIA_LIVE(UINT16) };

#define HAN_POWER				\
	VALUE(UINT32, 0, 1, 0, 1, 7, 0),	\
	VALUE(UINT32, 0, 1, 0, 2, 7, 0),	\
	VALUE(UINT32, 0, 1, 0, 3, 7, 0),	\
	VALUE(UINT32, 0, 1, 0, 4, 7, 0)

#define HAN_ENERGIES(scaler)			\
	VALUE(UINT32, scaler, 1, 0, 1, 8, 0),	\
	VALUE(UINT32, scaler, 1, 0, 2, 8, 0),	\
	VALUE(UINT32, scaler, 1, 0, 3, 8, 0),	\
	VALUE(UINT32, scaler, 1, 0, 4, 8, 0)

static const struct sim_object han_power[] = { VALUE(UINT32, 0, 1, 0, 1, 7, 0) };

#define AIDON_LIVE					\
	TEXT(VISIBLE, "AIDON_V0001", 1, 1, 0, 2, 129),	\
	NUMBER(VISIBLE, 0, 0, 96, 1, 0),		\
	TEXT(VISIBLE, "6534", 0, 0, 96, 1, 7),		\
	HAN_POWER,					\
	PHASES(INT16, -1, 0, 31, 7),			\
	PHASES(UINT16, -1, 0, 32, 7)

static const struct sim_object aidon_live[] = { AIDON_LIVE };

static const struct sim_object aidon_hour[] = {
	AIDON_LIVE, CLOCK(0, 0, 1, 0, 0), HAN_ENERGIES(1),
};

#define KAIFA_LIVE					\
	TEXT(OCTETS, "KFM_001", 1, 1, 0, 2, 129),	\
	NUMBER(OCTETS, 0, 0, 96, 1, 0),			\
	TEXT(OCTETS, "MA304H3E", 0, 0, 96, 1, 7),	\
	HAN_POWER,					\
	PHASES(UINT32, -3, 0, 31, 7),			\
	PHASES(UINT32, -1, 0, 32, 7)

static const struct sim_object kaifa_live[] = { KAIFA_LIVE };

static const struct sim_object kaifa_hour[] = {
	KAIFA_LIVE, CLOCK(0, 0, 1, 0, 0), HAN_ENERGIES(0),
};
/* clang-format on */

#define ENTRY(layout, outer, objects, period_s, offset_s)                                          \
	{ LAYOUT_##layout, SIM_##outer, objects, COUNT(objects), period_s, offset_s }

#define ONE_LIST(layout, outer, objects)                                                           \
	.lists = (const struct sim_list[]){ ENTRY(layout, outer, objects, 0, 0) }, .list_count = 1

static const struct sim_dlms e450 = {
	.framing = FRAMING_BLOCKS,
	.address = { 0xce, 0xff, 0x03 },
	.address_len = 3,
	.control = 0x13,
	.first = 119,
	.room = 122,
	.invoke = 0x00030000,
	.invoke_counts = true,
	.stamp = STAMP_PLAIN,
	.clock_summer = 0x81,
	.title = { 'L', 'G', 'Z', 0x67, 0x73, 0x99, 0x00, 0x42 },
	.lists = (const struct sim_list[]){
		ENTRY(PUSH, STRUCTURE, e450_live, 0, 0),
		ENTRY(PUSH, STRUCTURE, e450_tariffs, 60, 0),
		ENTRY(PUSH, STRUCTURE, e450_channels, 900, 0),
	},
	.list_count = 3,
};

static const struct sim_dlms e450_austria = {
	.framing = FRAMING_BLOCKS,
	.address = { 0xce, 0xff, 0x03 },
	.address_len = 3,
	.control = 0x13,
	.first = 119,
	.room = 122,
	.invoke = 0x00170000,
	.invoke_counts = true,
	.stamp = STAMP_PLAIN,
	.encrypted = true,
	.title = { 'L', 'G', 'Z', 0x67, 0x73, 0x99, 0x00, 0x43 },
	ONE_LIST(PAIRS, STRUCTURE, e450_austria_live),
};

static const struct sim_dlms e570 = {
	.framing = FRAMING_BLOCKS,
	.address = { 0xce, 0x95, 0x03 },
	.address_len = 3,
	.control = 0x13,
	.first = 116,
	.room = 116,
	.invoke = 0x00020000,
	.invoke_counts = true,
	.stamp = STAMP_PLAIN,
	.clock_summer = 0x81,
	.title = { 'L', 'G', 'Z', 0x67, 0x74, 0x99, 0x00, 0x42 },
	ONE_LIST(PUSH, STRUCTURE, e570_live),
};

static const struct sim_dlms e360 = {
	.framing = FRAMING_HDLC,
	.address = { 0xcf, 0x03 },
	.address_len = 2,
	.control = 0x13,
	.invoke = 0x00000900,
	.invoke_counts = true,
	.stamp = STAMP_PLAIN,
	.zoned = true,
	.hundredths = true,
	.stamp_summer = 0x80,
	.title = { 'L', 'G', 'Z', 0x67, 0x36, 0x99, 0x00, 0x42 },
	ONE_LIST(PUSH, STRUCTURE, e360_live),
};

/* The lists of AM550 differ by grid operator, and nothing else does. */
#define AM550                                                                                      \
	.framing = FRAMING_SEGMENTS, .address = { 0xcf, 0x02, 0x23 }, .address_len = 3,            \
	.control = 0x13, .control_more = 0x03, .first = 151, .room = 154, .invoke = 0x00002000,    \
	.invoke_counts = true, .stamp = STAMP_PLAIN, .zoned = true, .hundredths = true,            \
	.stamp_summer = 0x80, .clock_summer = 0x80,                                                \
	.title = { 'I', 'S', 'K', 0x67, 0x70, 0x99, 0x00, 0x42 }

static const struct sim_dlms am550 = {
	AM550,
	ONE_LIST(PUSH, STRUCTURE, am550_live),
};

static const struct sim_dlms am550_2026 = {
	AM550,
	ONE_LIST(PUSH, STRUCTURE, am550_2026_live),
};

static const struct sim_dlms am550_scalers = {
	AM550,
	ONE_LIST(ELEMENTS, STRUCTURE, am550_scalers_live),
};

#define KAMSTRUP                                                                                   \
	.framing = FRAMING_HDLC, .address_len = 2, .control = 0x13, .stamp = STAMP_PLAIN,          \
	.scalerless = true, .title = { 'K', 'A', 'M', 0x45, 0x01, 0x99, 0x00, 0x42 }

static const struct sim_dlms omnipower_norway = {
	KAMSTRUP,
	.address = { 0x2b, 0x21 },
	.lists = (const struct sim_list[]){
		ENTRY(PAIRS, STRUCTURE, kamstrup_live, 0, 0),
		ENTRY(PAIRS, STRUCTURE, kamstrup_hour_10wh, 3600, 5),
	},
	.list_count = 2,
};

static const struct sim_dlms omnipower_sweden = {
	KAMSTRUP,
	.address = { 0x2b, 0x21 },
	.lists = (const struct sim_list[]){
		ENTRY(PAIRS, STRUCTURE, kamstrup_live, 0, 0),
		ENTRY(PAIRS, STRUCTURE, kamstrup_hour_wh, 3600, 5),
	},
	.list_count = 2,
};

static const struct sim_dlms omnipower_denmark = {
	KAMSTRUP,
	.address = { 0x41, 0x03 },
	.number_is_integer = true,
	ONE_LIST(PAIRS, STRUCTURE, kamstrup_denmark),
};

static const struct sim_dlms t210 = {
	.framing = FRAMING_MBUS,
	.room = 252,
	.stamp = STAMP_PLAIN,
	.zoned = true,
	.hundredths = true,
	.stamp_summer = 0x80,
	.clock_summer = 0x80,
	.title = { 'S', 'A', 'G', 0x06, 0x3a, 0x99, 0x00, 0x42 },
	ONE_LIST(TRIPLES, STRUCTURE, t210_live),
};

static const struct sim_dlms ma309 = {
	.framing = FRAMING_MBUS,
	.room = 245,
	.invoke = 0x80068700,
	.invoke_counts = true,
	.stamp = STAMP_PLAIN,
	.zoned = true,
	.hundredths = true,
	.stamp_summer = 0x80,
	.clock_summer = 0x80,
	.title = { 'K', 'F', 'M', 0x67, 0x50, 0x99, 0x00, 0x42 },
	ONE_LIST(TRIPLES, STRUCTURE, ma309_live),
};

static const struct sim_dlms aidon = {
	.framing = FRAMING_HDLC,
	.address = { 0x41, 0x08, 0x83 },
	.address_len = 3,
	.control = 0x13,
	.invoke = 0x40000000,
	.zoned = true,
	.exclusive = true,
	.title = { 'A', 'I', 'D', 0x00, 0x00, 0x99, 0x00, 0x42 },
	.lists = (const struct sim_list[]){
		ENTRY(ELEMENTS, ARRAY, han_power, 0, 0),
		ENTRY(ELEMENTS, ARRAY, aidon_live, 10, 0),
		ENTRY(ELEMENTS, ARRAY, aidon_hour, 3600, 10),
	},
	.list_count = 3,
};

static const struct sim_dlms kaifa = {
	.framing = FRAMING_HDLC,
	.address = { 0x01, 0x02, 0x01 },
	.address_len = 3,
	.control = 0x10,
	.invoke = 0x40000000,
	.stamp = STAMP_TAGGED,
	.exclusive = true,
	.title = { 'K', 'F', 'M', 0x30, 0x40, 0x99, 0x00, 0x42 },
	.lists = (const struct sim_list[]){
		ENTRY(VALUES, STRUCTURE, han_power, 0, 0),
		ENTRY(VALUES, STRUCTURE, kaifa_live, 10, 0),
		ENTRY(VALUES, STRUCTURE, kaifa_hour, 3600, 10),
	},
	.list_count = 3,
};

/* 8E1 and 8N1, three phases; most have panels. */
#define MBUS_LINE .baud = 2400, .bits = 11, .phases = 3, .supply_period_s = 900
#define MBUS_LINE_8N1 .baud = 2400, .phases = 3, .supply_period_s = 900
#define P1_LINE .baud = 115200, .phases = 3, .supply_period_s = 900

const struct sim_kind sim_dlms_kinds[] = {
	{
		.name = "e450",
		.help = "Switzerland, Landis+Gyr E450, lists of 5 s, 1 min and 15 min",
		.number = "LGZ1030990000042",
		MBUS_LINE,
		.period_ms = 5000,
		.producer = true,
		.calendar = CALENDAR_DAY_NIGHT,
		.dlms = &e450,
		.write = sim_write_list,
	},
	{
		.name = "e450-austria",
		.help = "Austria, Landis+Gyr E450: always encrypted, no number",
		MBUS_LINE,
		.period_ms = 5000,
		.producer = true,
		.calendar = CALENDAR_DAY_NIGHT,
		.dlms = &e450_austria,
		.write = sim_write_list,
	},
	{
		.name = "e570",
		.help = "Switzerland, Landis+Gyr E570, every 5 s",
		.number = "LGZ1030990000043",
		MBUS_LINE,
		.period_ms = 5000,
		.dlms = &e570,
		.write = sim_write_list,
	},
	{
		.name = "e360",
		.help = "Switzerland, Landis+Gyr E360, every 10 s",
		.number = "LGZ1030990000044",
		.baud = 9600,
		.phases = 3,
		.supply_period_s = 900,
		.period_ms = 10000,
		.producer = true,
		.dlms = &e360,
		.write = sim_write_list,
	},
	{
		.name = "am550",
		.help = "Switzerland, Iskraemeco AM550 with tariffs, every 5 s",
		.number = "ISK1030990000042",
		P1_LINE,
		.period_ms = 5000,
		.producer = true,
		.calendar = CALENDAR_DAY_NIGHT,
		.dlms = &am550,
		.write = sim_write_list,
	},
	{
		.name = "am550-2026",
		.help = "Switzerland, Iskraemeco AM550 with the list of 2026",
		.number = "ISK1030990000043",
		P1_LINE,
		.period_ms = 5000,
		.producer = true,
		.calendar = CALENDAR_DAY_NIGHT,
		.dlms = &am550_2026,
		.write = sim_write_list,
	},
	{
		.name = "am550-scalers",
		.help = "Romandie and Austria, Iskraemeco AM550: scalers in the list",
		.number = "99000042",
		P1_LINE,
		.period_ms = 5000,
		.producer = true,
		.calendar = CALENDAR_DAY_NIGHT,
		.dlms = &am550_scalers,
		.write = sim_write_list,
	},
	{
		.name = "omnipower-norway",
		.help = "Norway, Kamstrup OMNIPOWER, energies each hour in 10 Wh",
		.number = "5799990000000042",
		MBUS_LINE_8N1,
		.period_ms = 10000,
		.producer = true,
		.dlms = &omnipower_norway,
		.write = sim_write_list,
	},
	{
		.name = "omnipower-sweden",
		.help = "Sweden, Kamstrup OMNIPOWER, energies each hour in Wh",
		.number = "5799990000000043",
		MBUS_LINE_8N1,
		.period_ms = 10000,
		.producer = true,
		.dlms = &omnipower_sweden,
		.write = sim_write_list,
	},
	{
		.name = "omnipower-denmark",
		.help = "Denmark, Kamstrup OMNIPOWER, all of it every 10 s",
		.number = "99000044",
		MBUS_LINE_8N1,
		.period_ms = 10000,
		.producer = true,
		.dlms = &omnipower_denmark,
		.write = sim_write_list,
	},
	{
		.name = "t210",
		.help = "Austria, Sagemcom T210-D on wired M-Bus, every 5 s",
		.number = "179900000042",
		MBUS_LINE,
		.period_ms = 5000,
		.producer = true,
		.dlms = &t210,
		.write = sim_write_list,
	},
	{
		.name = "ma309",
		.help = "Austria, Kaifa MA309 on wired M-Bus, every 5 s",
		.number = "189900000042",
		MBUS_LINE,
		.period_ms = 5000,
		.producer = true,
		.dlms = &ma309,
		.write = sim_write_list,
	},
	{
		.name = "aidon",
		.help = "Norway, Aidon 6534, lists of 2.5 s, 10 s and an hour",
		.number = "7359999900000042",
		MBUS_LINE,
		.period_ms = 2500,
		.producer = true,
		.dlms = &aidon,
		.write = sim_write_list,
	},
	{
		.name = "kaifa",
		.help = "Norway, Kaifa MA304H3E, lists of 2 s, 10 s and an hour",
		.number = "6999999900000042",
		MBUS_LINE,
		.period_ms = 2000,
		.producer = true,
		.dlms = &kaifa,
		.write = sim_write_list,
	},
};

const size_t sim_dlms_kind_count = sizeof(sim_dlms_kinds) / sizeof(sim_dlms_kinds[0]);
