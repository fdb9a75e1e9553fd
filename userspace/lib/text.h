/* SPDX-License-Identifier: MIT */
/*
 * Texts that may be absent, which is NULL.
 */
#ifndef METERLINE_TEXT_H
#define METERLINE_TEXT_H

#include <stdbool.h>
#include <string.h>

/** same_text - whether both say the same, or both are absent */
static inline bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/** copy_text - a copy for free(); false without memory */
static inline bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

#endif /* METERLINE_TEXT_H */
