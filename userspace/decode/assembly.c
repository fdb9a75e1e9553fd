// SPDX-License-Identifier: MIT
/*
 * A message from parts that have numbers. One that lost a part is dropped, and counted once
 * however many parts of it still come.
 */
#include "assembly.h"

static void begin(struct assembly *a, const struct part *p)
{
	a->state = ASSEMBLY_OPEN;
	a->next = 0;
	a->origin = p->origin;
	a->first_byte = p->first_byte;
	a->len = 0;
}

/* What is left of a message that is dropped ends with its last part. */
static void skip(struct assembly *a, const struct part *p)
{
	a->state = p->last ? ASSEMBLY_NONE : ASSEMBLY_BROKEN;
}

static void add(struct assembly *a, const struct part *p, struct assembly_counts *counts)
{
	if (p->len > sizeof(a->bytes) - a->len) {
		counts->oversize++;
		skip(a, p);
		return;
	}
	memcpy(a->bytes + a->len, p->bytes, p->len);
	a->len += p->len;
	a->next++;
	if (p->last)
		a->state = ASSEMBLY_WHOLE;
}

/**
 * assembly_put - take the next part
 * @a: the message
 * @p: the part; number 0 begins another message
 * @counts: what was dropped is added here
 *
 * With the last part the state is ASSEMBLY_WHOLE, until the next one is put: the message is then
 * in @a->bytes.
 */
void assembly_put(struct assembly *a, const struct part *p, struct assembly_counts *counts)
{
	if (a->state == ASSEMBLY_WHOLE)
		a->state = ASSEMBLY_NONE;
	if (p->number == 0) {
		counts->gaps += a->state == ASSEMBLY_OPEN;
		begin(a, p);
	}
	if (a->state == ASSEMBLY_OPEN && a->next == p->number && a->origin == p->origin) {
		add(a, p, counts);
		return;
	}
	counts->gaps += a->state != ASSEMBLY_BROKEN;
	skip(a, p);
}

/**
 * assembly_break - something is lost, perhaps a part
 * @a: the message
 * @counts: what was dropped is added here
 */
void assembly_break(struct assembly *a, struct assembly_counts *counts)
{
	if (a->state != ASSEMBLY_OPEN)
		return;
	counts->gaps++;
	a->state = ASSEMBLY_BROKEN;
}
