// SPDX-License-Identifier: MIT
/*
 * What a character costs that is made of edges: of a clean line, and of one with jitter and skew.
 *
 *	softuart_rate FILE
 *
 * Each figure is the smallest of several, as the machine is noisy.
 */
#include <time.h>

#include "edges.h"

#define CHARACTERS 20000
#define RUNS	   25

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* The characters of a line that a new receiver gives; @took_ns: the time for all edges. */
static size_t take_edges(const struct wire *w, double *took_ns)
{
	double start = now_ns();
	struct softuart u;
	size_t characters = 0;

	softuart_init(&u, w->baud);
	for (size_t i = 0; i < w->count; i++)
		characters += softuart_edge(&u, w->edges[i].ns, w->edges[i].level) != SOFTUART_NONE;
	*took_ns = now_ns() - start;
	return characters;
}

static bool measure(const char *name, struct wire *w, const struct vector *v)
{
	double took_ns, best_ns = 1e18;
	size_t characters = 0;

	wire_level(w, 1, 20 * BIT);
	for (size_t i = 0; i < CHARACTERS; i++)
		wire_byte(w, v->bytes[i % v->len]);
	for (unsigned int i = 0; i < RUNS; i++) {
		characters = take_edges(w, &took_ns);
		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	printf("bench softuart.%s %.1f ns/character %.1f ns/edge\n", name, best_ns / CHARACTERS,
	       best_ns / w->count);
	wire_free(w);
	return characters * 100 > CHARACTERS * 99;
}

int main(int argc, char **argv)
{
	struct wire clean = wire_at(9600), bad = wire_at(9600);
	struct vector v;
	bool heard;

	if (argc != 2) {
		fprintf(stderr, "usage: softuart_rate FILE\n");
		return 2;
	}
	load_vector(&v, ".", argv[1]);
	bad.jitter = 100;
	bad.skew = 300;
	heard = measure("clean", &clean, &v) & measure("jitter.skew", &bad, &v);
	printf("bench state.softuart %zu bytes\n", sizeof(struct softuart));
	free(v.bytes);
	if (!heard)
		fprintf(stderr, "%s: not all characters were heard\n", argv[1]);
	return !heard;
}
