// SPDX-License-Identifier: MIT
/*
 * Protocols and profiles of a file by their names on the command line, and the key file that
 * belongs to them.
 */
#include <string.h>

#include "../../kernel/telegram/telegram.h"
#include "../decode/dlms.h"
#include "../decode/dlms_line.h"
#include "../lib/say.h"
#include "d2l_file.h"
#include "protocols.h"

/**
 * protocols_by_name - what --protocol says
 * @name: any text
 * @p: for what it means
 *
 * Return: false after a sentence.
 */
bool protocols_by_name(const char *name, struct protocols *p)
{
	static const struct {
		const char *name;
		struct protocols protocols;
	} known[] = {
		{ "auto", { LINE_AUTO, DLMS_AUTO, true } },
		{ "tic", { .line = LINE_TIC } },
		{ "p1", { .line = LINE_P1 } },
		{ "dlms", { .dlms = DLMS_AUTO } },
		{ "hdlc", { .dlms = DLMS_HDLC } },
		{ "mbus", { .dlms = DLMS_MBUS } },
		{ "raw", { .dlms = DLMS_RAW } },
		{ "d2l", { .d2l = true } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name))
			continue;
		*p = known[i].protocols;
		return true;
	}
	say("there is no protocol '%s': give tic, p1, dlms, hdlc, mbus, raw, d2l or auto", name);
	return false;
}

/**
 * profile_by_name - what --profile says
 * @name: any text
 * @profile: for enum dlms_profile
 *
 * Return: false after a sentence.
 */
bool profile_by_name(const char *name, u8 *profile)
{
	if (dlms_profile_by_name(name, profile))
		return true;
	say("there is no profile '%s': give e450, e360, e570, am550, omnipower, kaifa, push, none "
	    "or auto", name);
	return false;
}

/**
 * file_keys_read - read a key file of any kind
 * @path: of the file; NULL: none was given
 * @p: what the keys are for
 * @keys: for them; none of a kind is NULL
 *
 * Return: false after a sentence, and then there is nothing to free.
 */
bool file_keys_read(const char *path, const struct protocols *p, struct file_keys *keys)
{
	*keys = (struct file_keys){ NULL };
	if (!path)
		return true;
	if (p->d2l && ((!p->line && !p->dlms) || d2l_is_key_file(path))) {
		keys->d2l = d2l_keys_from_file(path);
		return keys->d2l;
	}
	if (!(p->line & LINE_P1) && !p->dlms) {
		say("--key-file is for encrypted P1, DLMS and D2L modules: TIC is never encrypted");
		return false;
	}
	keys->meter = meter_keys_read(path);
	return keys->meter;
}

/** file_keys_free - wipe the keys */
void file_keys_free(struct file_keys *keys)
{
	meter_keys_free(keys->meter);
	d2l_keys_free(keys->d2l);
	*keys = (struct file_keys){ NULL };
}
