// SPDX-License-Identifier: MIT
/*
 * What general-glo-ciphering protects: IEC 62056-5-3, section 5.3.7 (Green Book, 9.2.7).
 */
#include "glo.h"

/**
 * glo_init - begin with a line
 * @g: for what it needs
 * @keys: of its meters, which are copied
 *
 * Return: false when OpenSSL failed or there is no memory, and then there is nothing to release.
 */
bool glo_init(struct glo *g, const struct meter_keys *keys)
{
	memset(g, 0, sizeof(*g));
	g->keys = meter_keys_copy(keys);
	g->aes = g->keys ? crypt_gcm_new() : NULL;
	if (g->aes)
		return true;
	glo_release(g);
	return false;
}

/** glo_release - wipe the keys; all zero is fine */
void glo_release(struct glo *g)
{
	crypt_gcm_free(g->aes);
	meter_keys_free(g->keys);
	g->aes = NULL;
	g->keys = NULL;
}

static bool decipher(struct glo *g, const struct crypt_message *m, u8 control, bool verify,
		     u8 *clear)
{
	u8 aad[1 + CRYPT_KEY_LEN];
	struct crypt_message tagged = *m;
	bool good;

	if (!verify)
		return !m->len || crypt_gcm_decipher(g->aes, m, clear);
	aad[0] = control;
	memcpy(aad + 1, g->keys->auth_key, CRYPT_KEY_LEN);
	tagged.aad = aad;
	tagged.aad_len = sizeof(aad);
	good = crypt_gcm_verify(g->aes, &tagged, clear);
	explicit_bzero(aad, sizeof(aad));
	return good;
}

/**
 * glo_open - the clear text of a protected one
 * @g: of the line, with keys
 * @t: the text
 * @verify: whether its tag, which it has, must be good; there must be an authentication key
 * @clear: room for glo_text_len() bytes; not to be used when it was not opened
 *
 * The tag covers the security control, the authentication key and a text that is not enciphered.
 *
 * Return: false when the tag is wrong, or OpenSSL failed.
 */
bool glo_open(struct glo *g, const struct glo_text *t, bool verify, u8 *clear)
{
	const u8 *text = t->control + GLO_HEADER_LEN;
	const size_t len = glo_text_len(t);
	const bool enciphered = t->control[0] & GLO_ENCIPHERED;
	u8 iv[CRYPT_IV_LEN];
	const struct crypt_message m = {
		.key = g->keys->key,
		.iv = iv,
		.more = text,
		.more_len = enciphered ? 0 : len,
		.bytes = text,
		.len = enciphered ? len : 0,
		.tag = text + len,
	};

	memcpy(iv, t->title, SYSTEM_TITLE_LEN);
	memcpy(iv + SYSTEM_TITLE_LEN, t->control + 1, GLO_COUNTER_LEN);
	if (!decipher(g, &m, t->control[0], verify, clear))
		return false;
	if (!enciphered)
		memcpy(clear, text, len);
	return true;
}

/* Index of the mark of a sender; g->nmarks: it has none. */
static unsigned int mark_of(const struct glo *g, const u8 *title)
{
	unsigned int i = 0;

	while (i < g->nmarks && memcmp(g->marks[i].title, title, SYSTEM_TITLE_LEN))
		i++;
	return i;
}

/**
 * glo_is_replayed - whether a counter is not above the one that is remembered of its sender
 * @g: of the line
 * @t: a text with this counter
 *
 * A sender has each counter once with one key, for the key stream comes from it.
 */
bool glo_is_replayed(const struct glo *g, const struct glo_text *t)
{
	unsigned int i = mark_of(g, t->title);

	return i < g->nmarks && glo_counter(t) <= g->marks[i].counter;
}

/**
 * glo_remember - a text proved to be of this sender, or it is known from before
 * @g: of the line
 * @title: system title, SYSTEM_TITLE_LEN bytes
 * @counter: of the text; also when it is below the one before, for a meter may begin again
 *
 * Of more than GLO_MARKS_MAX senders the one that was silent longest is forgotten.
 */
void glo_remember(struct glo *g, const u8 *title, u32 counter)
{
	struct glo_mark mark = { .counter = counter };
	unsigned int i = mark_of(g, title);

	memcpy(mark.title, title, SYSTEM_TITLE_LEN);
	if (i == g->nmarks && g->nmarks < GLO_MARKS_MAX)
		g->nmarks++;
	if (i == GLO_MARKS_MAX)
		i--;
	memmove(g->marks + 1, g->marks, i * sizeof(*g->marks));
	g->marks[0] = mark;
}
