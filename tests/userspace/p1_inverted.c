// SPDX-License-Identifier: MIT
/*
 * P1 through a UART that sees it inverted, made bit by bit from the vectors.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../userspace/lib/p1_inverted.h"

#define LINE_MAX_BITS (1u << 20)
#define IDLE_BITS     2000

static unsigned int number, failed;

static void result(bool ok, const char *name)
{
	printf("%s %u - %s\n", ok ? "ok" : "not ok", ++number, name);
	failed += !ok;
}

static size_t read_vector(const char *name, u8 *bytes, size_t size)
{
	char path[128];
	size_t count;
	FILE *file;

	snprintf(path, sizeof(path), "tests/vectors/%s.bin", name);
	file = fopen(path, "rb");
	if (!file) {
		printf("Bail out! %s is not there\n", path);
		exit(1);
	}
	count = fread(bytes, 1, size, file);
	fclose(file);
	return count;
}

/* Levels of the line, a pause before and behind the characters. */
static size_t make_line(const u8 *bytes, size_t count, bool inverted, u8 *bits)
{
	size_t n = 0;

	for (; n < IDLE_BITS; n++)
		bits[n] = !inverted;
	for (size_t i = 0; i < count; i++) {
		unsigned int frame = bytes[i] << 1 | 1 << 9;

		for (unsigned int bit = 0; bit < 10; bit++)
			bits[n++] = (frame >> bit & 1) ^ inverted;
	}
	for (size_t i = 0; i < IDLE_BITS; i++)
		bits[n++] = !inverted;
	return n;
}

/* An 8N1 receiver, which waits for a mark after a break. */
static void receive(const u8 *bits, size_t count, struct p1_inverted *p)
{
	for (size_t i = 0; i + 10 <= count;) {
		unsigned int byte = 0;
		u8 taken;

		if (bits[i]) {
			i++;
			continue;
		}
		for (unsigned int bit = 0; bit < 8; bit++)
			byte |= (unsigned int)bits[i + 1 + bit] << bit;
		taken = byte;
		p1_inverted_feed(p, &taken, 1);
		i += 9;
		while (i < count && !bits[i])
			i++;
	}
}

static bool is_evident(const char *vector, bool inverted)
{
	static u8 bytes[1 << 15], bits[LINE_MAX_BITS];
	struct p1_inverted p = { 0 };
	size_t count = read_vector(vector, bytes, sizeof(bytes));

	receive(bits, make_line(bytes, count, inverted, bits), &p);
	return p1_inverted_is_evident(&p);
}

static bool noise_is_evident(void)
{
	struct p1_inverted p = { 0 };

	srand(1);
	for (unsigned int i = 0; i < 1000000; i++) {
		u8 byte = rand() >> 7;

		p1_inverted_feed(&p, &byte, 1);
	}
	return p1_inverted_is_evident(&p);
}

int main(void)
{
	static const char *const p1[] = {
		"p1-austria",	    "p1-belgium", "p1-dsmr3",	  "p1-dsmr4",	   "p1-dsmr5",
		"p1-dsmr5-damaged", "p1-hungary", "p1-lithuania", "p1-luxembourg", "p1-sweden",
	};
	static const char *const tic[] = { "tic-historique-base", "tic-historique-base-7e1",
					   "tic-standard", "tic-standard-all71" };
	bool all = true, none = true, upright = true;

	puts("TAP version 13\n1..4");
	for (size_t i = 0; i < sizeof(p1) / sizeof(*p1); i++) {
		all &= is_evident(p1[i], true);
		upright &= !is_evident(p1[i], false);
	}
	for (size_t i = 0; i < sizeof(tic) / sizeof(*tic); i++)
		none &= !is_evident(tic[i], true) && !is_evident(tic[i], false);
	result(all, "p1_that_is_inverted_is_evident");
	result(upright, "p1_that_is_upright_is_not_called_inverted");
	result(none, "tic_is_not_called_inverted_p1");
	result(!noise_is_evident(), "noise_is_not_called_inverted_p1");
	return failed != 0;
}
