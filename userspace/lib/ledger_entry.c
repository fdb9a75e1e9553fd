// SPDX-License-Identifier: MIT
/*
 * What the ledger says of one period: its quality in words, its JSON, and totals of tariffs.
 */
#include "json.h"
#include "ledger_cost.h"

static const struct {
	const char *word;
	unsigned int quality;
} quality_words[] = {
	{ "estimated", QUALITY_ESTIMATED },
	{ "partial", QUALITY_PARTIAL },
	{ "jump", QUALITY_JUMP },
	{ "replaced", QUALITY_REPLACED },
	{ "clock", QUALITY_CLOCK },
	{ "revised", QUALITY_REVISED },
	{ "missing", QUALITY_MISSING },
};

#define QUALITY_WORDS (sizeof(quality_words) / sizeof(quality_words[0]))

/**
 * quality_text - a quality in the words of the data contract
 * @quality: QUALITY_*
 * @text: for "good", or the words joined by commas
 */
void quality_text(unsigned int quality, char text[QUALITY_TEXT_MAX])
{
	char *end = text;
	unsigned int i;

	for (i = 0; i < QUALITY_WORDS; i++) {
		if (!(quality & quality_words[i].quality))
			continue;
		if (end != text)
			*end++ = ',';
		end = stpcpy(end, quality_words[i].word);
	}
	if (end == text)
		strcpy(text, "good");
}

static bool word_quality(const char *word, size_t len, unsigned int *quality)
{
	unsigned int i;

	for (i = 0; i < QUALITY_WORDS; i++) {
		if (len == strlen(quality_words[i].word) &&
		    !memcmp(word, quality_words[i].word, len)) {
			*quality |= quality_words[i].quality;
			return true;
		}
	}
	return false;
}

/**
 * quality_parse - the reverse of quality_text()
 * @text: "good", or words joined by commas
 * @quality: for QUALITY_*
 *
 * Return: whether @text is one.
 */
bool quality_parse(const char *text, unsigned int *quality)
{
	*quality = 0;
	if (!strcmp(text, "good"))
		return true;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!word_quality(text, len, quality))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

/**
 * ledger_entry_add - makes a total of the entries of its tariffs, one after the other
 * @total: all 0 before the first part; then what the parts so far sum to
 * @part: of the register of a tariff; the same period in every call
 *
 * A meter that never sent its total register has none in the ledger: it is the sum of its tariffs,
 * made wherever a total is read. A part that is missing delays the total: it is then partial, and
 * it is missing when all parts are.
 */
void ledger_entry_add(struct ledger_entry *total, const struct ledger_entry *part)
{
	unsigned int missing = (total->quality | part->quality) & QUALITY_MISSING;

	if (!total->end_s) {
		*total = *part;
		total->reg = register_total(part->reg);
		return;
	}
	if (total->quality & part->quality & QUALITY_MISSING)
		missing = 0;
	total->quality |= part->quality;
	if (missing) {
		total->quality &= ~QUALITY_MISSING;
		total->quality |= QUALITY_PARTIAL;
	}
	total->milli += part->milli;
}

/** ledger_entry_register - the name of an entry's register, such as "energy_import" or "cost" */
const char *ledger_entry_register(const struct ledger_entry *e)
{
	return e->reg >= COST_REGISTER ? cost_name(e->reg - COST_REGISTER) :
					 quantity_info[e->reg].name;
}

/** ledger_entry_unit - the unit of an entry's value, such as "Wh" or "EUR" */
const char *ledger_entry_unit(const struct ledger_entry *e)
{
	return e->reg >= COST_REGISTER ? e->currency : register_unit(e->reg);
}

/**
 * ledger_entry_value - an entry's value as an exact decimal number
 * @out: where to write
 * @e: an entry that is not missing
 */
void ledger_entry_value(FILE *out, const struct ledger_entry *e)
{
	if (e->reg >= COST_REGISTER)
		json_e5(out, e->milli);
	else
		json_milli(out, e->milli);
}

/**
 * ledger_entry_json - one object of GET /ledger
 * @out: where to write
 * @e: an entry
 */
void ledger_entry_json(FILE *out, const struct ledger_entry *e)
{
	char start[ISO_TIME_LEN + 1], end[ISO_TIME_LEN + 1], quality[QUALITY_TEXT_MAX];

	iso_time(e->start_s, start);
	iso_time(e->end_s, end);
	quality_text(e->quality, quality);
	fprintf(out, "{\"period\":\"%s\",\"start\":\"%s\",\"end\":\"%s\",\"register\":\"%s\"",
		period_name(e->period), start, end, ledger_entry_register(e));
	if (!(e->quality & QUALITY_MISSING)) {
		fputs(",\"value\":", out);
		ledger_entry_value(out, e);
	}
	fprintf(out, ",\"unit\":\"%s\",\"quality\":\"%s\"}", ledger_entry_unit(e), quality);
}
