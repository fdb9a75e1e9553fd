/* SPDX-License-Identifier: MIT */
/*
 * Of how many watt-hours one count of a register is, by what the power said meanwhile.
 *
 * Kamstrup's lists have no scalers, and firmwares differ: 1 Wh (Sweden, Denmark) or 10 Wh (Norway).
 */
#ifndef METERLINE_DLMS_SETTLE_H
#define METERLINE_DLMS_SETTLE_H

#include "dlms.h"

/**
 * struct dlms_settle - what is known of one meter's registers; all 0 at first
 * @step: Wh of one count: 1 or 10; 0: not settled yet
 * @has_power: @power_milli is the power at @power_ms
 * @has_count: @count is the register of import when @energy_mwms was 0
 * @energy_mwms: energy drawn since then, thousandths of W times ms
 * @agreed: spans in a row that said @leaning
 */
struct dlms_settle {
	u8 step;
	u8 leaning;
	u8 agreed;
	bool has_power;
	bool has_count;
	u64 power_ms;
	s64 power_milli;
	s64 energy_mwms;
	s64 count;
};

bool dlms_settle_take(struct dlms_settle *s, const struct dlms_reading *r, u64 now_ms);

#endif /* METERLINE_DLMS_SETTLE_H */
