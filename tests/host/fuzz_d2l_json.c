// SPDX-License-Identifier: MIT
#include "d2l_host.h"
#include "fuzz.h"

const char property[] = "any_json_of_a_module_says_what_the_rules_say_and_goes_through_a_record";

/** fuzz_seeds - what inputs are made from */
size_t fuzz_seeds(struct vector **vectors)
{
	return d2l_json_seeds(vectors);
}

/* Fields lie one behind the other within the text, and behind them is room to read words. */
static bool is_sound(const struct d2l_reading *r)
{
	size_t at = 0;

	for (unsigned int i = 0; i < r->telegram.nfields; i++) {
		const struct field *f = &r->telegram.fields[i];

		if (f->label != at || f->value <= f->label + f->label_len)
			return broken("field %u is out of place", i);
		at = f->value + f->len + 1;
	}
	return at + TELEGRAM_PAD <= sizeof(r->text) || broken("the text is too long");
}

/** holds - see the property */
bool holds(const u8 *bytes, size_t len)
{
	struct d2l_reading *r = malloc(sizeof(*r));
	struct said rules, said;
	bool kept = true;

	if (len > D2L_PAYLOAD_MAX)
		len = D2L_PAYLOAD_MAX;
	if (d2l_reading_parse(r, bytes, len)) {
		rules = d2l_reference(bytes, len);
		said = d2l_said(bytes, len, 7, true);
		kept = is_sound(r) && goes_into_a_record(&r->telegram) &&
		       (same_said(&rules, &said) ||
			broken("read:\n%s\nby the rules:\n%s", said.fields.at, rules.fields.at));
		said_free(&rules);
		said_free(&said);
		said = d2l_said(bytes, len, 7, false);
		said_free(&said);
	}
	free(r);
	return kept;
}
