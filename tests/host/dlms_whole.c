// SPDX-License-Identifier: MIT
#include "dlms_apdus.h"
#include "dlms_whole.h"

static size_t take_apdu(void *whole, const struct dlms_apdu *apdu)
{
	static const struct dlms_settings none;
	struct dlms_whole *w = whole;

	return dlms_reading_parse(&w->reading, &none, apdu);
}

static void say_reading(void *whole)
{
	struct dlms_whole *w = whole;
	char *json;

	w->readings++;
	if (w->silent)
		return;
	json = json_of(&w->reading);
	text_add_bytes(&w->said, (const u8 *)json, strlen(json));
	free(json);
}

void dlms_whole_begin(struct dlms_whole *w, unsigned int framings, const struct meter_keys *keys)
{
	const struct dlms_out out = { .apdu = take_apdu, .done = say_reading, .context = w };

	w->line = dlms_line_new(framings, keys, &out);
	if (!w->line)
		abort();
	w->silent = false;
	w->said = (struct text){ 0 };
	dlms_whole_again(w);
}

void dlms_whole_again(struct dlms_whole *w)
{
	dlms_line_relearn(w->line);
	w->readings = 0;
	text_free(&w->said);
}

void dlms_whole_hear(struct dlms_whole *w, const u8 *bytes, size_t len, size_t chunk)
{
	const struct dlms_counts *counts = dlms_line_counts(w->line);
	const u64 before = counts->skipped;

	for (size_t at = 0; at < len;) {
		size_t n = chunk && chunk < len - at ? chunk : len - at;

		dlms_line_feed(w->line, bytes + at, n, 0);
		at += n;
	}
	dlms_line_end(w->line);
	w->skipped = counts->skipped - before;
}

void dlms_whole_forget(struct dlms_whole *w)
{
	dlms_line_free(w->line);
	text_free(&w->said);
}
