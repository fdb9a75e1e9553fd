// SPDX-License-Identifier: MIT
/*
 * Where in a telegram the fields stand that decide on more than their own value. Telegrams of one
 * line are alike, so that this is found once and holds as long as the rows are the same.
 */
#include <stdlib.h>
#include <string.h>

#include "../../kernel/telegram/labels.h"
#include "meters_private.h"

/* What a field may be. */
#define ROLE_NUMBER	0x001u
#define ROLE_DATE	0x002u
#define ROLE_TARIFF	0x004u	/* LTARF, PTEC: its text is a label */
#define ROLE_STATUS	0x008u
#define ROLE_TOMORROW	0x010u
#define ROLE_LIMITER	0x020u
#define ROLE_VERSION	0x040u	/* 0-0:96.1.4, in Belgium */
#define ROLE_DSMR	0x080u	/* 1-3:0.2.8 */
#define ROLE_DEVICE	0x100u	/* 0-0:42.0.0, not in the Netherlands */
#define ROLE_INDEX	0x200u	/* 0-0:96.14.0 */
#define ROLE_FAILURES	0x400u	/* 0-0:96.7.21 */

static const struct {
	const char *code;
	u16 roles;
} p1_codes[] = {
	{ "0-0:96.1.1", ROLE_NUMBER },	{ "0-0:96.1.0", ROLE_NUMBER },
	{ "1-0:96.1.0", ROLE_NUMBER },	{ "0-0:42.0.0", ROLE_NUMBER | ROLE_DEVICE },
	{ "0-0:1.0.0", ROLE_DATE },	{ "0-0:96.1.4", ROLE_NUMBER | ROLE_VERSION },
	{ "0-0:17.0.0", ROLE_LIMITER }, { "1-3:0.2.8", ROLE_DSMR },
	{ "0-0:96.14.0", ROLE_INDEX },	{ "0-0:96.7.21", ROLE_FAILURES },
};

static const u16 tic_roles[TIC_ROW_COUNT] = {
	[TIC_ROW_ADCO] = ROLE_NUMBER,	  [TIC_ROW_ADSC] = ROLE_NUMBER,
	[TIC_ROW_DATE] = ROLE_DATE,	  [TIC_ROW_PTEC] = ROLE_TARIFF,
	[TIC_ROW_LTARF] = ROLE_TARIFF,	  [TIC_ROW_STGE] = ROLE_STATUS,
	[TIC_ROW_DEMAIN] = ROLE_TOMORROW,
};

/**
 * p1_roles_new - the roles of the codes of P1, by row of p1_labels
 *
 * Return: a table of ROW_UNKNOWN entries, to be freed; NULL without memory.
 */
u16 *p1_roles_new(void)
{
	u16 *roles = calloc(ROW_UNKNOWN, sizeof(*roles));
	unsigned int i;

	for (i = 0; roles && i < sizeof(p1_codes) / sizeof(p1_codes[0]); i++) {
		const char *code = p1_codes[i].code;
		u8 row = p1_label_row((const u8 *)code, strlen(code));

		if (row != ROW_UNKNOWN)
			roles[row] = p1_codes[i].roles;
	}
	return roles;
}

/* e-MUCS-P1: 502 and the version of e-MUCS, 5 digits in all. */
static bool is_belgian_version(const struct telegram *t, const struct field *f)
{
	unsigned int next;
	struct span s = p1_group(t, f, 0, &next);

	return s.len == 5 && !memcmp(s.bytes, "502", 3);
}

static void layout_field(struct layout *layout, u16 roles, u8 index)
{
	if (roles & ROLE_NUMBER && layout->number_count < NUMBER_FIELDS)
		layout->numbers[layout->number_count++] = index;
	if (roles & ROLE_DATE)
		layout->date = index;
	if (roles & ROLE_TARIFF)
		layout->tariff = index;
	if (roles & ROLE_STATUS)
		layout->status = index;
	if (roles & ROLE_TOMORROW)
		layout->tomorrow = index;
	if (roles & ROLE_LIMITER)
		layout->limiter = index;
	if (roles & ROLE_FAILURES)
		layout->failures = index;
}

/* 1-3:0.2.8 is also sent in Luxembourg and Austria; those have a device name, or no indicator. */
static u8 country_of(u16 seen, bool belgian)
{
	if (belgian)
		return COUNTRY_BELGIUM;
	if (seen & ROLE_DSMR && seen & ROLE_INDEX && !(seen & ROLE_DEVICE))
		return COUNTRY_NETHERLANDS;
	return COUNTRY_OTHER;
}

/* Number and time of DLMS come beside the telegram, and no list has the others. */
static const u16 *roles_of(const u16 *p1_roles, u8 protocol)
{
	if (protocol == TELEGRAM_DLMS)
		return NULL;
	return protocol == TELEGRAM_P1 ? p1_roles : tic_roles;
}

static void layout_find(const u16 *p1_roles, const struct telegram *t, struct layout *layout)
{
	const u16 *roles = roles_of(p1_roles, t->protocol);
	bool belgian = false;
	u16 seen = 0;
	unsigned int i;

	layout->date = layout->tariff = layout->status = NO_FIELD;
	layout->tomorrow = layout->limiter = layout->failures = NO_FIELD;
	layout->number_count = 0;
	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		u16 role = f->row == ROW_UNKNOWN || !roles ? 0 : roles[f->row];

		if (!role)
			continue;
		layout_field(layout, role, i);
		seen |= role;
		if (role & ROLE_VERSION)
			belgian |= is_belgian_version(t, f);
	}
	layout->country = country_of(seen, belgian);
	layout->sent = telegram_sent_registers(t);
}

/**
 * layout_of - where the fields of a telegram stand
 * @p1_roles: of p1_roles_new()
 * @t: a telegram
 * @layout: of the telegram before on the same line, or all zero; becomes that of @t
 *
 * Loop thread.
 */
void layout_of(const u16 *p1_roles, const struct telegram *t, struct layout *layout)
{
	unsigned int end = t->ident + t->ident_len;
	u32 rows = 0;
	unsigned int i;

	for (i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		unsigned int behind = f->value + f->len;

		rows = (rows << 5 | rows >> 27) ^ f->row;
		end = behind > end ? behind : end;
	}
	layout->text_end = end;
	if (rows == layout->rows && t->nfields == layout->nfields &&
	    t->protocol == layout->protocol)
		return;
	layout->rows = rows;
	layout->nfields = t->nfields;
	layout->protocol = t->protocol;
	layout_find(p1_roles, t, layout);
}
