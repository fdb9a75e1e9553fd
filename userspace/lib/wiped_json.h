/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON that has keys in it: what jansson gives back meanwhile is wiped.
 */
#ifndef METERLINE_WIPED_JSON_H
#define METERLINE_WIPED_JSON_H

#include <jansson.h>

/** struct wiped_json - what jansson uses at other times */
struct wiped_json {
	json_malloc_t allocate;
	json_free_t release;
};

void wiped_json_begin(struct wiped_json *w);
void wiped_json_end(const struct wiped_json *w);

#endif /* METERLINE_WIPED_JSON_H */
