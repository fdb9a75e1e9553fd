// SPDX-License-Identifier: MIT
/*
 * Encrypted P1, enciphered here with OpenSSL as Luxmetering 1.1.3 section 3.2.5 has it. Keys, title
 * and telegram are invented.
 */
#include <openssl/evp.h>

#include "../../userspace/decode/p1_cipher.h"
#include "host.h"

#define HEAD_LEN 18
#define TAG_LEN	 12

static const char clear[] = "/SIM5\\2TEST\r\n\r\n0-0:1.0.0(250621130000S)\r\n"
			    "0-0:42.0.0(53494D39393030303432)\r\n1-0:1.8.0(000123.456*kWh)\r\n!";

static const struct p1_keys keys = {
	.key = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.auth_key = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9 },
	.has_auth_key = true,
};

/* One frame with the telegram and its tag; returns its length. */
static size_t encipher(u8 *frame, u8 counter, u8 control)
{
	static const u8 title[8] = { 'S', 'I', 'M', 0xdb, 0x08, 0x0a, 0x00, 42 };
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	u8 text[512], iv[12], aad[17];
	size_t len = p1_with_crc(text, sizeof(text), clear);
	size_t length = 5 + len + (control == 0x30 ? TAG_LEN : 0);
	int out;

	frame[0] = 0xdb;
	frame[1] = 8;
	memcpy(frame + 2, title, 8);
	frame[10] = 0x82;
	frame[11] = length >> 8;
	frame[12] = length;
	frame[13] = control;
	memset(frame + 14, 0, 3);
	frame[17] = counter;
	memcpy(iv, title, 8);
	memcpy(iv + 8, frame + 14, 4);
	aad[0] = control;
	memcpy(aad + 1, keys.auth_key, 16);
	if (!context || !EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, keys.key, iv) ||
	    (control == 0x30 && !EVP_EncryptUpdate(context, NULL, &out, aad, sizeof(aad))) ||
	    !EVP_EncryptUpdate(context, frame + HEAD_LEN, &out, text, len) ||
	    !EVP_EncryptFinal_ex(context, frame + HEAD_LEN + len, &out))
		abort();
	if (control == 0x30 &&
	    !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_LEN, frame + HEAD_LEN + len))
		abort();
	EVP_CIPHER_CTX_free(context);
	return 13 + length;
}

static struct said decipher(const struct p1_keys *with, const u8 *bytes, size_t len, size_t cut)
{
	struct said said = { .telegrams = 0 };
	struct p1_cipher *c = p1_cipher_new(with, say_telegram, &said);

	p1_cipher_feed(c, bytes, cut);
	p1_cipher_feed(c, bytes + cut, len - cut);
	p1_cipher_pause(c);
	p1_cipher_free(c);
	return said;
}

static struct said said_in_clear(void)
{
	u8 text[512];

	return decode(LINE_P1, text, p1_with_crc(text, sizeof(text), clear), 0, NULL);
}

/* What a frame must say, so many times. */
static bool says_it(struct said *said, size_t times)
{
	struct said once = said_in_clear();
	bool same = said->telegrams == times && said->fields.len == times * once.fields.len;

	for (size_t i = 0; same && i < times; i++)
		same = !memcmp(said->fields.at + i * once.fields.len, once.fields.at,
			       once.fields.len);
	said_free(said);
	said_free(&once);
	return same;
}

static bool a_cut_at_any_byte_of_cipher_changes_nothing(const char **skip)
{
	u8 bytes[2048];
	size_t len = encipher(bytes, 1, 0x30);

	(void)skip;
	len += encipher(bytes + len, 2, 0x30);
	for (size_t cut = 0; cut <= len; cut++) {
		struct said said = decipher(&keys, bytes, len, cut);

		if (!says_it(&said, 2))
			return broken("not the two telegrams when cut at %zu", cut);
	}
	return true;
}

static bool with_its_tag_no_altered_telegram_is_accepted(const char **skip)
{
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x30);

	(void)skip;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct said said;

		bytes[bit / 8] ^= 1 << bit % 8;
		said = decipher(&keys, bytes, len, len);
		bytes[bit / 8] ^= 1 << bit % 8;
		if (said.telegrams)
			return broken("accepted with bit %zu of byte %zu flipped", bit % 8,
				      bit / 8);
		said_free(&said);
	}
	note("%zu bits", 8 * len);
	return true;
}

static bool with_an_authentication_key_a_frame_without_a_tag_is_refused(const char **skip)
{
	struct p1_keys untold = keys;
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x20);
	struct said said = decipher(&keys, bytes, len, len);

	(void)skip;
	if (said.telegrams)
		return broken("accepted");
	untold.has_auth_key = false;
	said = decipher(&untold, bytes, len, len);
	return says_it(&said, 1) || broken("refused without the key, too");
}

static bool without_an_authentication_key_the_crc_decides(const char **skip)
{
	struct p1_keys untold = keys;
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x30);
	struct said said;

	(void)skip;
	untold.has_auth_key = false;
	bytes[len - 1] ^= 1;
	said = decipher(&keys, bytes, len, len);
	if (said.telegrams)
		return broken("a wrong tag is accepted");
	said = decipher(&untold, bytes, len, len);
	if (!says_it(&said, 1))
		return broken("the tag is looked at without a key for it");
	bytes[HEAD_LEN + 70] ^= 1;
	said = decipher(&untold, bytes, len, len);
	return !said.telegrams || broken("a wrong CRC is accepted");
}

static bool a_wrong_key_gives_nothing(const char **skip)
{
	struct p1_keys wrong = keys;
	u8 bytes[1024];
	size_t len = encipher(bytes, 1, 0x30);
	struct said said;

	(void)skip;
	wrong.key[0] ^= 1;
	said = decipher(&wrong, bytes, len, len);
	if (said.telegrams)
		return broken("a wrong key is accepted");
	wrong.has_auth_key = false;
	said = decipher(&wrong, bytes, len, len);
	return !said.telegrams || broken("a wrong key is accepted without a tag");
}

static bool a_frame_is_read_behind_a_damaged_a_cut_and_an_endless_one(const char **skip)
{
	static const u8 endless[] = {
		0xdb, 8, 'S', 'I', 'M', 0, 0, 0, 0, 1, 0x82, 0xff, 0xff, 0x30
	};
	u8 bytes[4096];
	size_t len = encipher(bytes, 1, 0x30);
	struct said said;

	(void)skip;
	bytes[HEAD_LEN + 9] ^= 0x55;
	len += encipher(bytes + len, 2, 0x30);
	len += encipher(bytes + len, 3, 0x30) - 100;
	len += encipher(bytes + len, 4, 0x30);
	memcpy(bytes + len, endless, sizeof(endless));
	len += sizeof(endless);
	len += encipher(bytes + len, 5, 0x30);
	said = decipher(&keys, bytes, len, 17);
	return says_it(&said, 3) || broken("not the three good frames");
}

static bool noise_is_no_frame(const char **skip)
{
	static const u8 meaningful[] = { 0xdb, 0x08, '\n', 0x00, 0x81, 0x30, 0x20 };
	const size_t len = 1 << 20;
	u8 *bytes = malloc(len);
	struct said said;
	u64 state = 1;

	(void)skip;
	for (size_t i = 0; i < len; i++)
		bytes[i] = lot(&state, 2) ? (u8)lot(&state, 256) : meaningful[lot(&state, 7)];
	said = decipher(&keys, bytes, len, 1000);
	free(bytes);
	return !said.telegrams || broken("noise gives %s", said.fields.at);
}

static const struct promise promises[] = {
	{ "a_cut_at_any_byte_of_cipher_changes_nothing",
	  a_cut_at_any_byte_of_cipher_changes_nothing },
	{ "with_its_tag_no_altered_telegram_is_accepted",
	  with_its_tag_no_altered_telegram_is_accepted },
	{ "with_an_authentication_key_a_frame_without_a_tag_is_refused",
	  with_an_authentication_key_a_frame_without_a_tag_is_refused },
	{ "without_an_authentication_key_the_crc_decides",
	  without_an_authentication_key_the_crc_decides },
	{ "a_wrong_key_gives_nothing", a_wrong_key_gives_nothing },
	{ "a_frame_is_read_behind_a_damaged_a_cut_and_an_endless_one",
	  a_frame_is_read_behind_a_damaged_a_cut_and_an_endless_one },
	{ "noise_is_no_frame", noise_is_no_frame },
};

int main(void)
{
	return keep_promises(promises, COUNT(promises));
}
