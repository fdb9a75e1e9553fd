/* SPDX-License-Identifier: MIT */
/*
 * The newest value of each quantity of a meter, with room only for those that it has sent.
 */
#ifndef METERD_METER_VALUES_H
#define METERD_METER_VALUES_H

#include "../../kernel/telegram/quantities.h"

/* The quantities that age, from this one on up to Q_gas; all others are registers. */
#define FIRST_LIVE Q_power_import

/**
 * struct meter_values - of every quantity the newest valid value
 * @valid: one bit for each quantity that was sent
 * @captured_s: as in struct reading
 * @slots: thousandths of each quantity of @valid, in their order; behind them, for each live one
 *	of them, until when it is fresh
 */
struct meter_values {
	u64 valid[(QUANTITY_COUNT + 63) / 64];
	s64 captured_s[QUANTITY_COUNT - Q_gas];
	s64 *slots;
};

static inline bool meter_values_has(const struct meter_values *v, enum quantity q)
{
	return v->valid[q / 64] >> (q % 64) & 1;
}

s64 meter_values_milli(const struct meter_values *v, enum quantity q);
void meter_values_take(struct meter_values *v, const struct reading *r, u64 until_ms);
void meter_values_fresh(const struct meter_values *v, u64 now_ms, struct reading *r);
void meter_values_forget(struct meter_values *v);

#endif /* METERD_METER_VALUES_H */
