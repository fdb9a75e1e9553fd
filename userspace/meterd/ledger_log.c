// SPDX-License-Identifier: MIT
/*
 * What the ledger found, as a line for people.
 */
#include <stdio.h>

#include "ledger_log.h"

#define VALUE_MAX 40

/* As the registers count: "1234500.000 Wh". */
static const char *value_text(char text[VALUE_MAX], s64 milli, const char *unit)
{
	u64 size = milli < 0 ? -(u64)milli : (u64)milli;

	snprintf(text, VALUE_MAX, "%s%llu.%03llu %s", milli < 0 ? "-" : "",
		 (unsigned long long)(size / 1000), (unsigned long long)(size % 1000), unit);
	return text;
}

/**
 * ledger_log - tells people what the ledger found
 * @limit: of such lines
 * @b: the accounts of the meter
 * @e: what was found
 *
 * Loop thread.
 */
void ledger_log(struct log_limit *limit, const struct ledger_book *b,
		const struct ledger_event *e)
{
	const char *reg = e->reg == Q_NONE ? "its registers" : quantity_info[e->reg].name;
	const char *unit = e->reg == Q_NONE ? "" : register_unit(e->reg);
	char from[VALUE_MAX], to[VALUE_MAX], when[ISO_TIME_LEN + 1];

	value_text(from, e->from, unit);
	value_text(to, e->to, unit);
	iso_time(e->time_s, when);
	switch (e->kind) {
	case LEDGER_METER_REPLACED:
		log_limited(limit, LEVEL_INFO, b->name,
			    "at %s another meter took its place; its accounts go on", when);
		break;
	case LEDGER_REGISTER_RESET:
		log_limited(limit, LEVEL_WARNING, b->name,
			    "at %s %s began anew: %s after %s", when, reg, to, from);
		break;
	case LEDGER_REGISTER_WRAPPED:
		log_limited(limit, LEVEL_INFO, b->name,
			    "at %s %s went past its last digit: %s after %s", when, reg, to, from);
		break;
	case LEDGER_HELD:
		log_limited(limit, LEVEL_WARNING, b->name,
			    "at %s %s is not believed: %s after %s; waiting for what it says next",
			    when, reg, to, from);
		break;
	case LEDGER_BELIEVED:
		log_limited(limit, LEVEL_INFO, b->name, "at %s %s is in order again: %s", when,
			    reg, to);
		break;
	case LEDGER_JUMP:
		log_limited(limit, LEVEL_WARNING, b->name,
			    "at %s %s made a large step that was confirmed: %s after %s", when, reg,
			    to, from);
		break;
	case LEDGER_GAP:
		log_limited(limit, LEVEL_WARNING, b->name,
			    "at %s readings came back after %lld s; periods that began or ended "
			    "meanwhile are estimated", when, (long long)(e->to - e->from));
		break;
	case LEDGER_TARIFFS_DIFFER:
		log_limited(limit, LEVEL_WARNING, b->name,
			    "at %s the tariffs of %s do not sum to its total: %s of %s", when, reg,
			    from, to);
		break;
	case LEDGER_CLOCK_BACK:
		log_limited(limit, LEVEL_WARNING, b->name,
			    "at %s its clock went back by %lld s; %s goes on from there", when,
			    (long long)(e->from - e->to), reg);
		break;
	}
}
