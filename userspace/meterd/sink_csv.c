// SPDX-License-Identifier: MIT
/*
 * The sink for spreadsheets: CSV (RFC 4180, with LF), one line for each quantity of a publication.
 */
#include "../lib/json.h"
#include "../lib/units.h"
#include "../lib/utf8.h"
#include "sink_lines.h"
#include "state_json.h"

/*
 * A cell of text. What a spreadsheet would take for a formula begins with an apostrophe, which
 * it takes for "this is text"; control characters, which no label has, become blanks.
 */
static void print_cell(FILE *out, const void *text, size_t len)
{
	const u8 *b = text, *end = b + len;

	fputc('"', out);
	if (len && memchr("=+-@\t\r", *b, 6))
		fputc('\'', out);
	while (b < end) {
		if (*b == '"')
			fputc('"', out);
		b += utf8_print(out, b, end - b);
	}
	fputc('"', out);
}

/* How every row of a publication begins: 2 times, a name and what stands around them. */
#define ROW_START_MAX (2 * ISO_TIME_LEN + METER_NAME_LEN + 8)

/* A name has letters, digits, '_' and '-' only. */
static void row_start(const struct meter *m, char start[ROW_START_MAX])
{
	char received[ISO_TIME_LEN + 1] = "", time[ISO_TIME_LEN + 1] = "";

	if (m->heard)
		iso_time(m->received_ms / 1000, received);
	if (m->has_time)
		iso_time(m->time_s, time);
	snprintf(start, ROW_START_MAX, "%s,%s,\"%s%s\",", received, time,
		 m->name[0] == '-' ? "'" : "", m->name);
}

static void print_word(FILE *out, const char *start, const char *what, const char *word)
{
	fprintf(out, "%s%s,", start, what);
	print_cell(out, word, strlen(word));
	fputs(",\n", out);
}

static void print_field(FILE *out, const char *start, const struct telegram *t,
			const struct field *f)
{
	fputs(start, out);
	print_cell(out, t->text + f->label, f->label_len);
	fputc(',', out);
	print_cell(out, t->text + f->value, f->len);
	fputs(",\n", out);
}

static void print_fields(FILE *out, const char *start, const struct meter *m, bool identity)
{
	struct telegram t;

	if (!meter_newest_telegram(m, &t))
		return;
	for (unsigned int i = 0; i < t.nfields; i++)
		if (identity || !field_identifies(&t, &t.fields[i]))
			print_field(out, start, &t, &t.fields[i]);
}

static void print_quantities(FILE *out, const char *start, const struct reading *r)
{
	for (unsigned int q = 0; q < QUANTITY_COUNT; q++) {
		if (!reading_has(r, q))
			continue;
		fprintf(out, "%s%s,", start, quantity_info[q].name);
		json_milli(out, r->milli[q]);
		fprintf(out, ",%s\n", quantity_unit(q));
	}
}

static void csv_meter(FILE *out, const struct meter *m, u64 now_ms, const struct line_options *o)
{
	char start[ROW_START_MAX];
	struct reading now;

	row_start(m, start);
	meter_quantities(m, now_ms, &now);
	print_quantities(out, start, &now);
	if (m->tariff_label[0])
		print_word(out, start, "tariff_label", m->tariff_label);
	if (m->color_today != COLOR_UNKNOWN)
		print_word(out, start, "color_today", color_name(m->color_today));
	if (m->color_tomorrow != COLOR_UNKNOWN)
		print_word(out, start, "color_tomorrow", color_name(m->color_tomorrow));
	if (o->fields)
		print_fields(out, start, m, o->identity);
}

const struct line_format format_csv = {
	.header = "received,time,meter,quantity,value,unit\n",
	.meter = csv_meter,
};
