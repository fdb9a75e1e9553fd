// SPDX-License-Identifier: MIT
/*
 * What a telegram of DLMS takes beside time: no memory.
 */
#include "dlms_apdus.h"
#include "dlms_host.h"
#include "dlms_whole.h"

/* Of the sanitizer; its header is not everywhere that it is. */
__attribute__((weak)) int
__sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					  void (*on_free)(const volatile void *));

static size_t allocations;

static void count_allocation(const volatile void *memory, size_t size)
{
	(void)memory;
	(void)size;
	allocations++;
}

static void ignore_free(const volatile void *memory)
{
	(void)memory;
}

/* Each sample in blocks, in clear and enciphered; returns the length of the line. */
static size_t make_line(u8 *line)
{
	static struct vector *samples;
	const size_t count = apdu_seeds(&samples);
	u8 message[2000];
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct vector *v = &samples[i];

		at += hdlc_blocks_of(line + at, v->bytes, v->len, 120);
		at += hdlc_blocks_of(line + at, message,
				     dlms_cipher_of(message, i, 0x30, v->bytes, v->len), 120);
	}
	free_vectors(samples, count);
	return at;
}

static bool a_telegram_allocates_nothing_from_its_bytes_to_quantities(const char **skip)
{
	static struct dlms_whole w;
	static u8 line[65536];
	const size_t len = make_line(line), readings = 2 * dlms_sample_count;
	bool kept;

	if (!__sanitizer_install_malloc_and_free_hooks ||
	    !__sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free)) {
		*skip = "this sanitizer does not tell";
		return true;
	}
	dlms_whole_begin(&w, DLMS_AUTO, &dlms_keys);
	w.silent = true;
	allocations = 0;
	dlms_whole_hear(&w, line, len, 100);
	kept = (!allocations || broken("%zu allocations", allocations)) &&
	       (w.readings == readings || broken("%zu of %zu read", w.readings, readings));
	dlms_whole_forget(&w);
	return kept;
}

int main(void)
{
	static const struct promise promises[] = {
#define PROMISE(name) { #name, name }
		PROMISE(a_telegram_allocates_nothing_from_its_bytes_to_quantities),
#undef PROMISE
	};

	return keep_promises(promises, COUNT(promises));
}
