/* SPDX-License-Identifier: MIT */
/*
 * Sentences for a person, on stderr.
 */
#ifndef METERLINE_SAY_H
#define METERLINE_SAY_H

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif /* METERLINE_SAY_H */
