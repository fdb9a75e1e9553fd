// SPDX-License-Identifier: MIT
/*
 * A frame of a D2L module for people.
 */
#include <inttypes.h>
#include <stdio.h>

#include "../../kernel/telegram/record.h"
#include "../lib/zone.h"
#include "d2l_print.h"

static void print_payload(const struct d2l_frame *f)
{
	char text[4 * D2L_PAYLOAD_MAX + 1];
	s64 unix_s;

	if (d2l_answer_clock(f, &unix_s)) {
		iso_time(unix_s, text);
		printf("  the time: %s\n", text);
	} else if (f->payload_len) {
		record_escape(f->payload, f->payload_len, text, sizeof(text));
		printf("  %s\n", text);
	}
}

/**
 * d2l_print_frame - the rest of a line on stdout, and the payload in clear on another one
 * @found: the frame; where it was found is for the caller to print
 */
void d2l_print_frame(const struct d2l_found *found)
{
	const struct d2l_frame *f = &found->frame;

	printf("module %0*" PRIu64 ", %zu bytes", D2L_ID_DIGITS, found->header.id,
	       found->header.len);
	if (!found->key || found->verdict != D2L_GOOD) {
		printf(": %s\n", found->key ? d2l_verdict_text(found->verdict) :
					      "there is no key for this module");
		return;
	}
	printf(": %s%s (type %u), %zu bytes of payload", d2l_type_name(f->type),
	       f->answer ? ", answer" : "", f->type, f->payload_len);
	if (f->next_query)
		printf(", next query %u", f->next_query);
	puts(f->error ? ", error" : "");
	print_payload(f);
}
