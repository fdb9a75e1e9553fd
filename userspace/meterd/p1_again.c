// SPDX-License-Identifier: MIT
/*
 * The newest telegram of a meter with P1 once more: every object in its order, as it was printed.
 *
 * Without identity, what may say whose meter it is becomes a name of ours. It stays what it is for
 * readers: hex text that is not empty, another one for each device, and always the same.
 */
#include "p1_compose.h"
#include "state_json.h"

/* A longer 96.1.4 is a number, this one the version of a Belgian meter: see the data contract. */
#define VERSION_LEN 5

/* Letters of the manufacturer and what stands behind them, DSMR P1 5.0.2 section 5.2. */
#define IDENT_MARK_LEN 4

static bool is_code(const struct telegram *t, const struct field *f, const char *cde)
{
	const u8 *label = t->text + f->label;
	const u8 *colon = memchr(label, ':', f->label_len);
	size_t len = strlen(cde);

	return colon && (size_t)(label + f->label_len - colon - 1) >= len &&
	       !memcmp(colon + 1, cde, len);
}

static void print_ident(FILE *out, const struct telegram *t, bool identity)
{
	const u8 *ident = t->text + t->ident;

	if (identity) {
		fwrite(ident, 1, t->ident_len, out);
	} else if (t->ident_len >= IDENT_MARK_LEN) {
		fwrite(ident, 1, IDENT_MARK_LEN, out);
		fputs(P1_OWN_IDENT, out);
	} else {
		fwrite(ident, 1, t->ident_len, out);
		fputs("5" P1_OWN_IDENT, out);
	}
}

/* "house", of the device on channel 1 "house-1". */
static void print_pseudonym(FILE *out, const struct meter *m, const u8 *label)
{
	char name[METER_NAME_LEN + 3];

	if (label[2] >= '1' && label[2] <= '9' && label[0] == '0')
		snprintf(name, sizeof(name), "%s-%c", m->name, label[2]);
	else
		snprintf(name, sizeof(name), "%s", m->name);
	fputc('(', out);
	p1_print_hex(out, name);
	fputc(')', out);
}

static void print_groups(FILE *out, const struct telegram *t, const struct field *f)
{
	const u8 *value = t->text + f->value;
	size_t last = f->len;

	/* DSMR P1 2.2 and 3.0: the value of the hour stands on a line of its own. */
	if (is_code(t, f, "24.3.0"))
		while (last > 1 && value[--last] != '(')
			;
	fwrite(value, 1, last, out);
	if (last < f->len) {
		fputs("\r\n", out);
		fwrite(value + last, 1, f->len - last, out);
	}
}

static void print_masked(FILE *out, const struct meter *m, const struct telegram *t,
			 const struct field *f)
{
	unsigned int next;
	struct span first = p1_group(t, f, 0, &next);

	if (!first.len && next >= f->len)
		fputs("()", out);
	else if (is_code(t, f, "96.13."))
		fputs("()", out);
	else if (is_code(t, f, "96.1.4") && first.len <= VERSION_LEN && next >= f->len)
		print_groups(out, t, f);
	else
		print_pseudonym(out, m, t->text + f->label);
}

/**
 * p1_print_again - identification and objects of a telegram, without its end
 * @out: where to
 * @m: its meter
 * @t: the telegram; of P1
 * @identity: numbers may be told
 */
void p1_print_again(FILE *out, const struct meter *m, const struct telegram *t, bool identity)
{
	fputc('/', out);
	print_ident(out, t, identity);
	fputs("\r\n\r\n", out);
	for (unsigned int i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];

		fwrite(t->text + f->label, 1, f->label_len, out);
		if (!identity && field_identifies(t, f))
			print_masked(out, m, t, f);
		else
			print_groups(out, t, f);
		fputs("\r\n", out);
	}
}
