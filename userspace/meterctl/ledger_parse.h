/* SPDX-License-Identifier: MIT */
/*
 * meterctl ledger: reading an export, CSV or JSON.
 */
#ifndef METERCTL_LEDGER_PARSE_H
#define METERCTL_LEDGER_PARSE_H

#include <stdio.h>

#include "../lib/ledger_cost.h"
#include "../../kernel/include/uapi/linux/meterline.h"

/** struct ledger_value - a value of an export; @entry has no value when it is missing */
struct ledger_value {
	char meter[METER_NAME_LEN + 1];
	char number[METERLINE_NUMBER_MAX + 1];
	struct ledger_entry entry;
};

/** enum ledger_member - what a value consists of, in the order of CSV */
enum ledger_member {
	MEMBER_METER,
	MEMBER_NUMBER,
	MEMBER_PERIOD,
	MEMBER_START,
	MEMBER_END,
	MEMBER_REGISTER,
	MEMBER_VALUE,
	MEMBER_UNIT,
	MEMBER_QUALITY,
	MEMBER_COUNT,
};

extern const char *const ledger_member_names[MEMBER_COUNT];

typedef bool (*ledger_value_fn)(void *context, const struct ledger_value *v);

/* ledger_parse.c */
const char *ledger_value_of(const char *const members[MEMBER_COUNT], struct ledger_value *v);
bool ledger_parse(FILE *in, const char *name, ledger_value_fn each, void *context);

/* ledger_parse_json.c */
bool ledger_parse_json(FILE *in, const char *name, ledger_value_fn each, void *context);

#endif /* METERCTL_LEDGER_PARSE_H */
