/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the meters share among themselves.
 */
#ifndef METERD_METERS_PRIVATE_H
#define METERD_METERS_PRIVATE_H

#include "meters.h"

/* No such field in a telegram; it has at most METERLINE_P1_MAX_LINES. */
#define NO_FIELD 0xff
#define NUMBER_FIELDS 5

/** enum tariff_country - whose meaning tariff 1 and 2 have without a label */
enum tariff_country {
	COUNTRY_OTHER,
	COUNTRY_BELGIUM,
	COUNTRY_NETHERLANDS,
};

/**
 * struct layout - where the fields stand that decide on more than their own value
 * @rows: all rows of the telegram in their order, mixed; the same again is the same layout
 * @nfields: number of its fields
 * @protocol: enum telegram_protocol; TELEGRAM_UNKNOWN: nothing is known yet
 * @country: enum tariff_country
 * @date: the meter's clock; as all that follow an index of telegram.fields, or NO_FIELD
 * @tariff: LTARF or PTEC
 * @status: STGE
 * @tomorrow: DEMAIN
 * @limiter: 0-0:17.0.0
 * @failures: 0-0:96.7.21
 * @numbers: fields of which one has the meter's number
 * @text_end: offset behind the last byte that a field is made of; of each telegram
 * @sent: registers that stand in the telegram themselves, see telegram_sent_registers()
 */
struct layout {
	u32 rows;
	u16 nfields;
	u8 protocol;
	u8 country;
	u8 date;
	u8 tariff;
	u8 status;
	u8 tomorrow;
	u8 limiter;
	u8 failures;
	u8 number_count;
	u8 numbers[NUMBER_FIELDS];
	u16 text_end;
	u64 sent;
};

/* Raw bytes of the fields of @numbers; longer ones are decoded each time. */
#define NUMBER_BYTES_MAX 160

/**
 * struct candidate - a number that may become a meter
 * @number: of its telegrams
 * @count: of them
 * @interrupted: a meter of this line was heard since the first one
 * @kept: registers of the first two, and when they were read
 */
struct candidate {
	char number[METERLINE_NUMBER_MAX + 1];
	unsigned int count;
	bool interrupted;
	struct {
		struct reading values;
		struct reading_time time;
		u64 sent;
	} kept[2];
};

/**
 * struct line_meters - what has been heard on a line
 * @layout: of the newest telegram
 * @last: who spoke last; NULL: nobody, or one who is no meter yet
 * @replacements: of @last when it spoke
 * @number_len: bytes of @number; 0: not known
 * @number: raw, of the telegram whose meter is @last
 * @ignored: telegrams of numbers that are not to be made meters
 * @made: meters that began here, or took the place of another one
 */
struct line_meters {
	struct layout layout;
	struct meter *last;
	unsigned int replacements;
	struct candidate *candidate;
	u64 ignored;
	unsigned int made;
	u16 number_len;
	u8 *number;
};

/* A meter sends so many lists. */
#define LISTS_MAX 8

/**
 * struct kept_telegram - a copy of a telegram
 * @next: of another list of the meter
 * @room: bytes behind this header
 * @list: hash of the name of its list; 0: its meter has no lists
 */
struct kept_telegram {
	struct kept_telegram *next;
	size_t room;
	u64 list;
	u16 damaged;
	u16 ident;
	u16 ident_len;
	u16 nfields;
	u8 protocol;
	u8 bytes[];
};

/**
 * struct meters - all meters
 * @first: in the order of their names when @sorted
 * @count: of them
 * @by_name: a tree of their names
 * @by_number: a tree of their numbers
 * @config: NULL until meters_configure()
 * @p1_roles: by row of p1_labels, see meters_layout.c
 * @synchronised: of the host's clock, as of @asked_ms
 */
struct meters {
	struct meter *first;
	unsigned int count;
	bool sorted;
	void *by_name;
	void *by_number;
	struct ledger *ledger;
	struct host_clock *clock;
	struct meters_out out;
	const struct config *config;
	u16 *p1_roles;
	bool synchronised;
	u64 asked_ms;
};

/* Sources of which each line has a meter of its own, so that none is the source's. */
static inline bool source_has_many(const struct source_config *c)
{
	return c->type == SOURCE_KERNEL || c->type == SOURCE_D2L;
}

/* meters_index.c */
bool meters_put(struct meters *all, struct meter *m, const char *name);
void meters_take(struct meters *all, struct meter *m);
void meters_set_number(struct meters *all, struct meter *m, const char *number);
struct meter *meters_with_number(const struct meters *all, const char *number);

/* meters.c */
struct meter *meters_make(struct meters *all, const char *name);
void meter_settle(struct meters *all, struct meter *m);
bool meter_open_book(struct meters *all, struct meter *m, const char *number,
		     const struct source_config *source);

/* meters_names.c */
bool meters_choose_name(const struct meters *all, const struct source_config *source,
			const char *number, char name[METER_NAME_LEN + 1]);
bool meters_source_has_meter(const struct meters *all, const char *source);

/* meters_layout.c */
u16 *p1_roles_new(void);
void layout_of(const u16 *p1_roles, const struct telegram *t, struct layout *layout);

/* meters_line.c */
struct meter *meter_of_telegram(struct meters *all, struct line *line, const struct telegram *t,
				const char *number, const struct reading *values,
				const struct moment *when);

/* meters_reading.c */
void meter_telegram_time(struct meters *all, const struct meter_config *config,
			 const struct line_meters *lm, const struct telegram *t,
			 const struct moment *when, struct reading_time *time);
void meter_adjust(const struct meter_config *config, struct reading *r);

static inline const struct field *field_at(const struct telegram *t, u8 index)
{
	return index == NO_FIELD ? NULL : &t->fields[index];
}

/* meter_state.c */
void meter_take(struct meter *m, const struct telegram *t, const struct reading *r);
void meter_keep(struct meter *m, const struct telegram *t, size_t text_end, const char *list);
void meter_keep_nothing(struct meter *m);
void meter_forget(struct meter *m);

/* tariff.c */
void meter_take_tariff(struct meter *m, const struct layout *layout, const struct telegram *t,
		       const struct reading *r);
void meter_relabel(struct meter *m);

/**
 * struct before - what may be news, as it was before a telegram
 * @known: something was known at all
 */
struct before {
	bool known;
	enum color today;
	enum color tomorrow;
	char label[TARIFF_LABEL_MAX + 1];
	bool has_peak;
	s64 peak;
	u32 failures;
};

/* meter_events.c */
void meter_before(const struct meter *m, struct before *b);
void meter_take_failures(struct meter *m, const struct layout *layout, const struct telegram *t);
void meter_tell_events(const struct meters *all, const struct meter *m, const struct before *b);

/* contract.c */
void meter_take_contract(struct meter *m, const struct layout *layout, const struct telegram *t,
			 const struct reading *r);

#endif /* METERD_METERS_PRIVATE_H */
