// SPDX-License-Identifier: MIT
/*
 * Reading JSON that has keys in it: what jansson gives back meanwhile is wiped.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "wiped_json.h"

static void wipe_and_free(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/**
 * wiped_json_begin - from now on jansson wipes what it frees
 * @w: for wiped_json_end(), before which all that was read is to be freed
 *
 * No other thread may use jansson until then.
 */
void wiped_json_begin(struct wiped_json *w)
{
	json_get_alloc_funcs(&w->allocate, &w->release);
	json_set_alloc_funcs(malloc, wipe_and_free);
}

/**
 * wiped_json_end - jansson frees as it did before
 * @w: of wiped_json_begin()
 */
void wiped_json_end(const struct wiped_json *w)
{
	json_set_alloc_funcs(w->allocate, w->release);
}
