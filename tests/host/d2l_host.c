// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "d2l_host.h"

/* The IV begins with a byte above 0x7f, and the key with a zero: some programs read them wrong. */
const struct d2l_key test_key = {
	.id = 990000000042,
	.key = { 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.iv = { 0xfc, 0x91, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 1, 2, 3, 4, 5, 0 },
};

/* CRC-16/MODBUS, the check of "123456789" is 0x4B37. */
static u16 crc_add(u16 crc, u8 byte)
{
	crc ^= byte;
	for (int bit = 0; bit < 8; bit++)
		crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	return crc;
}

void d2l_complete(u8 *clear, size_t len)
{
	u16 crc = 0xffff;

	clear[0] = 3;
	clear[2] = len;
	clear[3] = len >> 8;
	clear[12] = (clear[12] & ~7) | 1;
	for (size_t i = 0; i < len; i++)
		if (i < 32 || i >= 34)
			crc = crc_add(crc, clear[i]);
	clear[32] = crc;
	clear[33] = crc >> 8;
}

void d2l_encipher(const struct d2l_key *key, u8 *frame, size_t len)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int out;

	if (!context ||
	    !EVP_EncryptInit_ex(context, EVP_aes_128_cbc(), NULL, key->key, key->iv) ||
	    !EVP_CIPHER_CTX_set_padding(context, 0) ||
	    !EVP_EncryptUpdate(context, frame + 16, &out, frame + 16, len - 16) ||
	    (size_t)out != len - 16)
		abort();
	EVP_CIPHER_CTX_free(context);
}

size_t d2l_frame_of(u8 *frame, u8 type, u8 flags, const void *payload, size_t payload_len)
{
	size_t len = (38 + payload_len + 15) / 16 * 16;

	memset(frame, 0, len);
	for (int i = 0; i < 8; i++)
		frame[4 + i] = test_key.id >> 8 * i;
	for (int i = 0; i < 16; i++)
		frame[16 + i] = 17 * i + payload_len;
	frame[34] = payload_len;
	frame[35] = payload_len >> 8;
	frame[36] = type;
	frame[37] = flags;
	memcpy(frame + 38, payload, payload_len);
	d2l_complete(frame, len);
	d2l_encipher(&test_key, frame, len);
	return len;
}

static void reference_field(struct said *said, const char *label, const char *value, size_t len,
			    bool standard)
{
	const char *bar = standard ? memchr(value, '|', len) : NULL;
	bool date = standard && !bar && !strcmp(label, "DATE");
	size_t stamp = bar ? (size_t)(bar - value) : date ? len : 0;

	if (!len || (len == 1 && *value == '|'))
		return;
	text_add(&said->fields, "%s", label);
	if (bar || date) {
		text_add(&said->fields, " @ ");
		text_add_bytes(&said->fields, (const u8 *)value, stamp);
		value += stamp + !!bar;
		len -= stamp + !!bar;
	}
	text_add(&said->fields, " = ");
	text_add_bytes(&said->fields, (const u8 *)value, len);
	text_add(&said->fields, "\n");
}

static void reference_member(struct said *said, const char *label, const json_t *value,
			     bool standard)
{
	char *text;

	if (json_is_string(value)) {
		reference_field(said, label, json_string_value(value), json_string_length(value),
				standard);
		return;
	}
	text = json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (text)
		reference_field(said, label, text, strlen(text), standard);
	free(text);
}

struct said d2l_reference(const u8 *json, size_t len)
{
	json_t *object = json_loadb((const char *)json, len, JSON_ALLOW_NUL, NULL);
	const char *type = json_string_value(json_object_get(object, "_TYPE_TRAME"));
	bool named = type && (!strcmp(type, "STANDARD") || !strcmp(type, "HISTORIQUE"));
	bool standard = named ? *type == 'S' : !!json_object_get(object, "ADSC");
	struct said said = { .fields_only = true };
	const char *label;
	json_t *value;

	if (json_is_object(object)) {
		say_start(&said, standard ? TELEGRAM_TIC_STANDARD : TELEGRAM_TIC_HISTORIQUE, 0);
		json_object_foreach(object, label, value)
			reference_member(&said, label, value, standard);
	}
	json_decref(object);
	return said;
}

struct said d2l_said(const u8 *json, size_t len, unsigned int phases, bool fields_only)
{
	struct d2l_reading *r = malloc(sizeof(*r));
	struct said said = { .fields_only = true };
	struct reading values;

	if (d2l_reading_parse(r, json, len)) {
		say_telegram(&said, &r->telegram);
		d2l_quantities(&r->telegram, phases, &values);
		if (!fields_only && r->has_clock)
			text_add(&said.fields, "time %" PRId64 "\n", r->clock_s);
		for (unsigned int q = 0; !fields_only && q < QUANTITY_COUNT; q++)
			if (reading_has(&values, q))
				text_add(&said.fields, "%s %" PRId64 "\n", quantity_info[q].name,
					 values.milli[q]);
	}
	free(r);
	return said;
}

size_t d2l_json_seeds(struct vector **vectors)
{
	const size_t count = 64;
	struct d2l_module m;

	*vectors = calloc(count, sizeof(**vectors));
	for (size_t i = 0; i < count; i++) {
		struct vector *v = &(*vectors)[i];

		snprintf(v->name, sizeof(v->name), "module %zu", i);
		v->bytes = malloc(D2L_PAYLOAD_MAX);
		d2l_module_of(990000000000 + i, i % 16 == 15 ? D2L_ALL_LABELS : D2L_MIXED, &m);
		v->len = d2l_module_json(&m, 1720000000 + 100000 * i, (char *)v->bytes,
					 D2L_PAYLOAD_MAX);
	}
	return count;
}
