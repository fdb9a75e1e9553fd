// SPDX-License-Identifier: MIT
/*
 * Whose a telegram is: the same speaker as before, a meter that is known, a new one, or one that
 * was put in the place of another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meters_private.h"

/* So many telegrams of another number, and none of the old one between them: it was replaced. */
#define REPLACED_AFTER 3

/* A number that a damaged frame brought, or that others speak beside, must come twice. */
#define CONFIRMED_AFTER 2

/* A line may make so many meters; what sends more numbers sends noise, or means harm. */
#define MADE_MAX 64

/* Raw bytes that decide on the number, in the order of the layout; 0 when there are none. */
static size_t raw_number(const struct line_meters *lm, const struct telegram *t, u8 *raw)
{
	size_t len = t->ident_len;
	unsigned int i;

	if (len > NUMBER_BYTES_MAX)
		return 0;
	memcpy(raw, t->text + t->ident, len);
	for (i = 0; i < lm->layout.number_count; i++) {
		const struct field *f = &t->fields[lm->layout.numbers[i]];

		if (len + f->len > NUMBER_BYTES_MAX)
			return 0;
		memcpy(raw + len, t->text + f->value, f->len);
		len += f->len;
	}
	return len;
}

static bool same_raw_number(const struct line_meters *lm, const struct telegram *t)
{
	size_t len = t->ident_len;
	unsigned int i;

	if (!lm->number_len || len > lm->number_len || memcmp(lm->number, t->text + t->ident, len))
		return false;
	for (i = 0; i < lm->layout.number_count; i++) {
		const struct field *f = &t->fields[lm->layout.numbers[i]];

		if (len + f->len > lm->number_len ||
		    memcmp(lm->number + len, t->text + f->value, f->len))
			return false;
		len += f->len;
	}
	return len && len == lm->number_len;
}

static bool same_speaker(const struct line_meters *lm, const struct telegram *t,
			 const char *number)
{
	if (!lm->last || lm->last->replacements != lm->replacements)
		return false;
	if (number && *number)
		return !strcmp(lm->last->number, number);
	return same_raw_number(lm, t);
}

static void remember_speaker(struct line_meters *lm, const struct telegram *t, struct meter *m)
{
	u8 raw[NUMBER_BYTES_MAX];
	size_t len = m ? raw_number(lm, t, raw) : 0;

	lm->last = m;
	lm->replacements = m ? m->replacements : 0;
	if (len != lm->number_len) {
		free(lm->number);
		lm->number = len ? malloc(len) : NULL;
	}
	lm->number_len = lm->number ? len : 0;
	if (lm->number_len)
		memcpy(lm->number, raw, len);
}

/* The identification of P1 names a type, so that it tells meters apart in one source only. */
static bool is_identification(const struct telegram *t, const char *number)
{
	return t->protocol == TELEGRAM_P1 && strlen(number) == t->ident_len &&
	       !memcmp(number, t->text + t->ident, t->ident_len);
}

static struct meter *find_number(const struct meters *all, const struct line *line,
				 const struct telegram *t, const char *number)
{
	bool local = is_identification(t, number);
	struct meter *m;

	for (m = meters_with_number(all, number); m; m = m->twin) {
		if (!local || !m->source[0] || !strcmp(m->source, line->source->config.name))
			return m;
	}
	return NULL;
}

/* The only meter that a line has had; NULL when there are none or several. */
static struct meter *only_meter(const struct meters *all, const struct line *line,
				unsigned int *count)
{
	bool by_line = source_has_many(&line->source->config);
	struct meter *m, *found = NULL;

	*count = 0;
	if (by_line && !line->bound)
		return NULL;
	for (m = all->first; m; m = m->next) {
		if (!m->book || m->via || (by_line ? m->line != line :
					   strcmp(m->source, line->source->config.name)))
			continue;
		found = m;
		++*count;
	}
	return *count == 1 ? found : NULL;
}

/* End of a number, for people who have their meter before them; no more of it is told. */
static const char *tail_of(const char *number)
{
	size_t len = strlen(number);

	return number + (len > 4 ? len - 4 : 0);
}

static void refuse(struct line_meters *lm, const struct line *line, const char *number)
{
	if (!lm->ignored++)
		log_line(LEVEL_WARNING, line->source->config.name,
			 "%s: telegrams of a meter that is not configured, its number ends in %s: "
			 "give it a [meter ...] section, or set auto = yes", line->what,
			 tail_of(number));
}

static void forget_candidate(struct line_meters *lm)
{
	free(lm->candidate);
	lm->candidate = NULL;
}

/* The telegrams of a candidate that turned out to be @m are counted, too. */
static void read_kept(struct meter *m, const struct candidate *c)
{
	unsigned int i;

	for (i = 0; i < c->count && i < sizeof(c->kept) / sizeof(c->kept[0]); i++) {
		const struct ledger_reading r = {
			.values = &c->kept[i].values,
			.time_s = c->kept[i].time.time_s,
			.sent = c->kept[i].sent,
			.may_close = c->kept[i].time.may_close,
			.flags = c->kept[i].time.flags,
		};

		if (c->kept[i].time.known)
			ledger_read(m->book, &r);
	}
	m->telegrams += c->count;
}

/* What is needed to judge on one telegram. */
struct hearing {
	struct meters *all;
	struct line *line;
	const struct telegram *t;
	const char *number;
	const struct reading *values;
	const struct moment *when;
};

static struct reading_time time_of(const struct hearing *h)
{
	struct reading_time time;

	meter_telegram_time(h->all, config_meter(h->all->config, h->number), h->line->meters,
			    h->t, h->when, &time);
	return time;
}

static struct meter *make_meter(const struct hearing *h, const char *name)
{
	const struct source_config *source = &h->line->source->config;
	char chosen[METER_NAME_LEN + 1];
	struct meter *m;

	if (!name) {
		if (!meters_choose_name(h->all, source, h->number, chosen))
			return NULL;
		name = chosen;
	}
	m = meters_make(h->all, name);
	if (!m || !meter_open_book(h->all, m, h->number, source))
		return NULL;
	h->line->meters->made++;
	return m;
}

/* @h is the first telegram of the new number, or what was kept of a candidate comes before it. */
static bool replace_meter(const struct hearing *h, struct meter *m, const struct candidate *c)
{
	struct reading_time time = c && c->count ? c->kept[0].time : time_of(h);

	/* Captures of a former meter that are read again bring it back to no account. */
	if (!ledger_replace(m->book, h->number, time.time_s))
		return false;
	meter_forget(m);
	meters_set_number(h->all, m, m->book->number);
	m->book->phases = 0;
	m->replacements++;
	h->line->meters->made++;
	meter_settle(h->all, m);
	return true;
}

/* A name that the configuration gives to this number, whoever had it before. */
static struct meter *take_over(const struct hearing *h, const char *name)
{
	struct meter *m = meters_find(h->all, name);

	if (!m || !m->book)
		return make_meter(h, name);
	/* An identification in two sources is one meter when it was given one name. */
	if (strcmp(m->number, h->number) && !replace_meter(h, m, NULL))
		return NULL;
	return m;
}

static struct candidate *candidate_of(struct line_meters *lm, const char *number)
{
	struct candidate *c = lm->candidate;

	if (!c)
		c = lm->candidate = malloc(sizeof(*c));
	else if (!strcmp(c->number, number))
		return c;
	if (c) {
		c->count = 0;
		c->interrupted = false;
		snprintf(c->number, sizeof(c->number), "%s", number);
	}
	return c;
}

static void keep_telegram(const struct hearing *h, struct candidate *c)
{
	unsigned int i = c->count++;

	if (i >= sizeof(c->kept) / sizeof(c->kept[0]))
		return;
	c->kept[i].values = *h->values;
	if (h->t->protocol != TELEGRAM_DLMS)
		meter_adjust(config_meter(h->all->config, h->number), &c->kept[i].values);
	c->kept[i].time = time_of(h);
	c->kept[i].sent = h->line->meters->layout.sent;
}

/* A number that nobody knows: a new meter, the next one of the meter here, or only damage. */
static struct meter *judge_unknown(const struct hearing *h)
{
	struct line_meters *lm = h->line->meters;
	struct candidate *c = candidate_of(lm, h->number);
	struct meter *m = NULL, *old;
	unsigned int count, needed;

	if (!c)
		return NULL;
	old = only_meter(h->all, h->line, &count);
	if (!count)
		needed = h->t->damaged ? CONFIRMED_AFTER : 1;
	else
		needed = c->interrupted ? CONFIRMED_AFTER : REPLACED_AFTER;
	if (c->count + 1 < needed) {
		keep_telegram(h, c);
		return NULL;
	}
	if (old && !c->interrupted) {
		m = replace_meter(h, old, c) ? old : NULL;
	} else {
		m = make_meter(h, NULL);
	}
	if (m)
		read_kept(m, c);
	forget_candidate(lm);
	return m;
}

/* Each meter has accounts for ever. */
static bool may_make(const struct hearing *h)
{
	const struct source_config *source = &h->line->source->config;

	if (source_has_many(source) || source->type == SOURCE_REPLAY)
		return true;
	if (h->line->meters->made == MADE_MAX) {
		h->line->meters->made++;
		log_line(LEVEL_WARNING, source->name,
			 "%s: it has sent the numbers of %u new meters, and more are not taken: is "
			 "it noise? Meters with a [meter ...] section are always taken",
			 h->line->what, MADE_MAX);
	}
	return h->line->meters->made < MADE_MAX;
}

static struct meter *judge(const struct hearing *h)
{
	const struct source_config *source = &h->line->source->config;
	const struct meter_config *config = config_meter(h->all->config, h->number);
	struct meter *m = find_number(h->all, h->line, h->t, h->number);

	if (m && m->book)
		return m;
	if (m)
		return meter_open_book(h->all, m, h->number, source) ? m : NULL;
	if (config && config->name[0])
		return take_over(h, config->name);
	if (!config && !source->makes_meters) {
		refuse(h->line->meters, h->line, h->number);
		return NULL;
	}
	if (!config && !may_make(h))
		return NULL;
	return h->when->behind ? make_meter(h, NULL) : judge_unknown(h);
}

/**
 * meter_of_telegram - whose telegram this is
 * @all: the meters
 * @line: that it came on; has a struct line_meters, whose layout is that of @t
 * @t: the telegram
 * @number: of the meter, where the transport knows it; else NULL
 * @values: its quantities, as sent
 * @when: its first byte came
 *
 * A TIC frame that lost its number belongs to who spoke last. A number that is new on a line that
 * has a meter is that meter's successor after 3 telegrams in a row, or a meter of its own when
 * both speak; until then its registers are kept, so that none of its energy is lost. Loop thread.
 *
 * Return: the meter, with accounts; NULL when it belongs to none, or not yet.
 */
struct meter *meter_of_telegram(struct meters *all, struct line *line, const struct telegram *t,
				const char *number, const struct reading *values,
				const struct moment *when)
{
	struct line_meters *lm = line->meters;
	char own[METERLINE_NUMBER_MAX + 1];
	struct hearing h = { all, line, t, number, values, when };
	struct meter *m = lm->last;

	if (!same_speaker(lm, t, number)) {
		if (!number || !*number) {
			telegram_number(t, own, sizeof(own));
			h.number = own;
		}
		if (!*h.number)
			return lm->last;
		m = judge(&h);
		remember_speaker(lm, t, m);
	}
	if (m && lm->candidate)
		lm->candidate->interrupted = true;
	return m;
}
