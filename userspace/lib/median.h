/* SPDX-License-Identifier: MIT */
/*
 * The median of the last three intervals: one gap among them does not show in it.
 */
#ifndef METERLINE_MEDIAN_H
#define METERLINE_MEDIAN_H

#include "../../kernel/telegram/types.h"

/** median_of_three - the one in the middle, of three values in any order */
static inline u32 median_of_three(const u32 v[3])
{
	u32 low = v[0] < v[1] ? v[0] : v[1];
	u32 high = v[0] < v[1] ? v[1] : v[0];

	return v[2] < low ? low : v[2] > high ? high : v[2];
}

#endif /* METERLINE_MEDIAN_H */
