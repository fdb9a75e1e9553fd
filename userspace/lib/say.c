// SPDX-License-Identifier: MIT
/*
 * Sentences for a person, on stderr.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "say.h"

/**
 * say - one sentence on stderr, with the program's name before it and a line end behind it
 * @format: as of printf()
 *
 * What already stands in stdout's buffer comes first, so that both are in order on a terminal.
 */
void say(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}
