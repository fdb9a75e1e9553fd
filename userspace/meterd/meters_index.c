// SPDX-License-Identifier: MIT
/*
 * Finds meters by name and by number, for those who have a hundred thousand of them.
 *
 * The trees are of the C library, which keeps them balanced.
 */
#include <search.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meters_private.h"

/* Of where numbers stand. */
static int by_number(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;

	return strcmp(*left, *right);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct meter *meter_of_name(const void *name)
{
	return (struct meter *)((char *)name - offsetof(struct meter, name));
}

static struct meter *meter_of_number(const void *number)
{
	return (struct meter *)((char *)number - offsetof(struct meter, number));
}

/**
 * meters_find - the meter with a name
 * @all: the meters
 * @name: any text
 *
 * Loop thread.
 *
 * Return: the meter or NULL.
 */
struct meter *meters_find(const struct meters *all, const char *name)
{
	void *const *node = tfind(name, &all->by_name, by_text);

	return node ? meter_of_name(*node) : NULL;
}

/**
 * meters_with_number - the first meter with a number; the others follow by their twin
 * @all: the meters
 * @number: any text but ""
 *
 * A number is unique, but for the identification of P1, which names a type. Loop thread.
 *
 * Return: the meter or NULL.
 */
struct meter *meters_with_number(const struct meters *all, const char *number)
{
	void *const *node = tfind(&number, &all->by_number, by_number);

	return node ? meter_of_number(*node) : NULL;
}

/**
 * meters_put - a meter gets its name and is found by it
 * @all: the meters
 * @m: not among them
 * @name: of 1 to 32 characters, that no other has
 *
 * Loop thread.
 *
 * Return: false without memory; it is not among them then.
 */
bool meters_put(struct meters *all, struct meter *m, const char *name)
{
	snprintf(m->name, sizeof(m->name), "%s", name);
	if (!tsearch(m->name, &all->by_name, by_text))
		return false;
	m->next = all->first;
	all->first = m;
	all->count++;
	all->sorted = false;
	return true;
}

/**
 * meters_take - the opposite of meters_put()
 * @all: the meters
 * @m: one of them
 *
 * Loop thread.
 */
void meters_take(struct meters *all, struct meter *m)
{
	struct meter **at = &all->first;

	tdelete(m->name, &all->by_name, by_text);
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	all->count--;
}

static int by_name(const void *a, const void *b)
{
	const struct meter *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* When they are read, not with each new one; without memory they stay as they are. */
static void sort(struct meters *all)
{
	struct meter **order = malloc(all->count * sizeof(*order)), **at = order;

	if (!order)
		return;
	for (struct meter *m = all->first; m; m = m->next)
		*at++ = m;
	qsort(order, all->count, sizeof(*order), by_name);
	for (unsigned int i = 0; i < all->count; i++)
		order[i]->next = i + 1 < all->count ? order[i + 1] : NULL;
	all->first = order[0];
	all->sorted = true;
	free(order);
}

/**
 * meters_first - the first meter in the order of their names; the others follow by their next
 * @all: the meters
 *
 * Loop thread.
 */
struct meter *meters_first(struct meters *all)
{
	if (!all->sorted && all->count > 1)
		sort(all);
	return all->first;
}

static void forget_number(struct meters *all, struct meter *m)
{
	struct meter *first = m->number[0] ? meters_with_number(all, m->number) : NULL, **at;

	if (first == m) {
		tdelete(&m->number, &all->by_number, by_number);
		if (m->twin)
			tsearch(&m->twin->number, &all->by_number, by_number);
	} else if (first) {
		for (at = &first->twin; *at && *at != m; at = &(*at)->twin)
			;
		if (*at)
			*at = m->twin;
	}
	m->twin = NULL;
}

/**
 * meters_set_number - a meter gets another number and is found by it
 * @all: the meters
 * @m: one of them
 * @number: cut at METERLINE_NUMBER_MAX; "": not known (any more)
 *
 * Without memory it is not known. Loop thread.
 */
void meters_set_number(struct meters *all, struct meter *m, const char *number)
{
	struct meter *first;
	char *copy;

	if (!strcmp(m->number, number))
		return;
	copy = number[0] ? strndup(number, METERLINE_NUMBER_MAX) : NULL;
	forget_number(all, m);
	if (m->number[0])
		free((char *)m->number);
	m->number = copy ? copy : "";
	if (!m->number[0])
		return;
	first = meters_with_number(all, m->number);
	if (first) {
		m->twin = first->twin;
		first->twin = m;
	} else {
		tsearch(&m->number, &all->by_number, by_number);
	}
}
