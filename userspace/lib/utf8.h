/* SPDX-License-Identifier: MIT */
/*
 * Bytes that may be text of UTF-8.
 */
#ifndef METERLINE_UTF8_H
#define METERLINE_UTF8_H

#include <stdio.h>

#include "../../kernel/telegram/types.h"

size_t utf8_len(const u8 *bytes, size_t len);
bool utf8_is_control(const u8 *bytes, size_t len);
size_t utf8_print(FILE *out, const u8 *bytes, size_t len);
void utf8_print_text(FILE *out, const char *text);

#endif /* METERLINE_UTF8_H */
