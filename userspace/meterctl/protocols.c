// SPDX-License-Identifier: MIT
/*
 * How a file is read: the options that are about that, and the key file that they name.
 */
#include <string.h>

#include "../../kernel/telegram/telegram.h"
#include "../decode/dlms.h"
#include "../decode/dlms_line.h"
#include "../lib/say.h"
#include "d2l_file.h"
#include "protocols.h"

/* What --protocol says; false after a sentence. */
static bool protocols_by_name(const char *name, struct protocols *p)
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

/* What --profile says; false after a sentence. */
static bool profile_by_name(const char *name, u8 *profile)
{
	if (dlms_profile_by_name(name, profile))
		return true;
	say("there is no profile '%s': give e450, e360, e570, am550, omnipower, kaifa, push, none "
	    "or auto", name);
	return false;
}

/**
 * file_options_init - what holds where no option is given
 * @o: filled
 */
void file_options_init(struct file_options *o)
{
	*o = (struct file_options){ .profile = DLMS_PROFILE_AUTO };
	protocols_by_name("auto", &o->protocols);
}

/**
 * file_option - take an option that is about a file
 * @c: 'p' protocol, 'k' key file, 'm' profile
 * @value: of the option
 * @o: for it
 *
 * Return: false for another one, and after a sentence.
 */
bool file_option(int c, const char *value, struct file_options *o)
{
	switch (c) {
	case 'p':
		return protocols_by_name(value, &o->protocols);
	case 'k':
		o->key_path = value;
		return true;
	case 'm':
		return profile_by_name(value, &o->profile);
	default:
		return false;
	}
}

/**
 * file_keys_read - read a key file of any kind
 * @o: which one, and what the keys are for
 * @keys: for them; none of a kind is NULL
 *
 * Return: false after a sentence, and then there is nothing to free.
 */
bool file_keys_read(const struct file_options *o, struct file_keys *keys)
{
	const struct protocols *p = &o->protocols;
	const char *path = o->key_path;

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
