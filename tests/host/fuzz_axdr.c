// SPDX-License-Identifier: MIT
#include "dlms_apdus.h"
#include "fuzz.h"

const char property[] = "any_data_are_walked_through_to_one_end_that_is_theirs_alone";

/* Before the body stand tag, invoke id and time. */
#define HEAD_LEN 6

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	size_t count = apdu_seeds(vectors);

	for (size_t i = 0; i < count; i++) {
		(*vectors)[i].len -= HEAD_LEN;
		memmove((*vectors)[i].bytes, (*vectors)[i].bytes + HEAD_LEN, (*vectors)[i].len);
	}
	return count;
}

/* Bytes of the first value and all that it has, in memory that ends there; 0: not valid. */
static size_t walked(const u8 *bytes, size_t len)
{
	unsigned int budget = AXDR_VALUES_MAX;
	u8 *copy = malloc(len ? len : 1);
	struct axdr a = { copy, copy + len, NULL, NULL };
	size_t used;

	memcpy(copy, bytes, len);
	used = axdr_skip(&a, &budget) ? a.at - copy : 0;
	free(copy);
	return used;
}

static bool reads_are_within(const u8 *bytes, size_t len)
{
	u8 *copy = malloc(len ? len : 1);
	struct axdr a = { copy, copy + len, NULL, NULL };
	struct axdr_value v;
	struct axdr_number n;
	bool kept = true;
	s64 unix_s;

	memcpy(copy, bytes, len);
	while (kept && axdr_read(&a, &v)) {
		kept = !v.len || (v.bytes >= copy && v.bytes + v.len <= copy + len);
		axdr_number(&v, &n);
		if (v.len == AXDR_CLOCK_LEN)
			axdr_clock(v.bytes, &unix_s);
	}
	free(copy);
	return kept || broken("a value lies outside");
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	size_t used = walked(bytes, len);

	if (!reads_are_within(bytes, len))
		return false;
	if (!used)
		return true;
	if (used > len || walked(bytes, used) != used)
		return broken("%zu bytes of %zu", used, len);
	return !walked(bytes, used - 1) || broken("it ends before its end");
}
