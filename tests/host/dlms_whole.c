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

	w->silent = false;
	w->readings = 0;
	w->said = (struct text){ 0 };
	w->line = dlms_line_new(framings, keys, &out);
	if (!w->line)
		abort();
}

void dlms_whole_forget(struct dlms_whole *w)
{
	dlms_line_free(w->line);
	text_free(&w->said);
}

struct text dlms_whole_says(unsigned int framings, const struct meter_keys *keys, const u8 *bytes,
			    size_t len, size_t chunk)
{
	static struct dlms_whole w;

	dlms_whole_begin(&w, framings, keys);
	for (size_t at = 0; at < len;) {
		size_t n = chunk && chunk < len - at ? chunk : len - at;

		dlms_line_feed(w.line, bytes + at, n, 0);
		at += n;
	}
	dlms_line_end(w.line);
	dlms_line_free(w.line);
	return w.said;
}
