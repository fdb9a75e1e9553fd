// SPDX-License-Identifier: MIT
/*
 * A serial line on a GPIO, without a UART: its edges to characters.
 *
 * The kernel takes the time of each edge, so a reader may be late by as many edges as are kept.
 */
#include <time.h>

#include "gpio_uart.h"

#define EDGES_MAX	16

/* As libgpiod 1.6 keeps. */
#define FEW_EDGES	16

#define SLOW_BIT_PER_S	1200
#define FAST_BIT_PER_S	9600

/* No later than a serial line is read. */
#define PATIENCE_MAX_MS	80

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/**
 * gpio_uart_reads - whether a line of this speed can be read by its edges
 * @bit_per_s: 1200 or 9600
 *
 * Two characters at 9600 bit/s fill the 16 edges that are kept with libgpiod 1.6 in 2 ms, which no
 * process can promise to be back in; at 1200 bit/s it has 13 ms.
 */
bool gpio_uart_reads(unsigned int bit_per_s)
{
	return bit_per_s == SLOW_BIT_PER_S ||
	       (bit_per_s == FAST_BIT_PER_S && gpio_edges_kept() > FEW_EDGES);
}

/**
 * gpio_uart_open - begin to listen
 * @g: all zero the first time; what it counts goes on when it is opened again
 * @spec: the line; with GPIO_ACTIVE_LOW it is low between characters
 * @bit_per_s: its speed; 0: whichever gpio_uart_reads() allows, found out
 * @failure: why not
 *
 * Return: false: see @failure.
 */
bool gpio_uart_open(struct gpio_uart *g, const struct gpio_spec *spec, unsigned int bit_per_s,
		    struct gpio_failure *failure)
{
	const struct softuart_stats counted = g->softuart.stats;

	if (!bit_per_s && !gpio_uart_reads(FAST_BIT_PER_S))
		bit_per_s = SLOW_BIT_PER_S;
	g->line = gpio_edges(spec, failure);
	softuart_init(&g->softuart, bit_per_s);
	g->softuart.stats = counted;
	return g->line;
}

static int put(u8 *bytes, int count, int character)
{
	if (character == SOFTUART_NONE)
		return count;
	bytes[count] = (u8)character;
	return count + 1;
}

/* A character whose last bits had no edge is complete when its time has passed. */
static int expire(struct gpio_uart *g, u64 now, u8 *bytes, int count)
{
	if (softuart_deadline(&g->softuart) > now)
		return count;
	return put(bytes, count, softuart_expire(&g->softuart, now));
}

static int take(struct gpio_uart *g, const struct gpio_edge *edge, u8 *bytes, int count)
{
	if (edge->lost)
		softuart_lost(&g->softuart);
	g->edges++;
	return put(bytes, count, softuart_edge(&g->softuart, edge->time_ns, edge->level));
}

/**
 * gpio_uart_read - characters that came
 * @g: an open line
 * @bytes: where they go
 * @room: in @bytes, at least GPIO_UART_ROOM
 *
 * Does not wait. To be called when gpio_fd() can be read, and within gpio_uart_patience_ms().
 *
 * Return: how many; -1 with errno: the chip is gone, or broken.
 */
int gpio_uart_read(struct gpio_uart *g, u8 *bytes, unsigned int room)
{
	struct gpio_edge edges[EDGES_MAX];
	/* Edges until now are all read below, so none is missed by whoever says that time passed. */
	u64 now = now_ns();
	int edge_count, count = 0;

	do {
		edge_count = gpio_read_edges(g->line, edges, EDGES_MAX);
		for (int i = 0; i < edge_count; i++)
			count = take(g, &edges[i], bytes, count);
	} while (edge_count == EDGES_MAX && count + GPIO_UART_ROOM <= (int)room);
	if (edge_count < 0)
		return -1;
	return edge_count == EDGES_MAX ? count : expire(g, now, bytes, count);
}

/**
 * gpio_uart_patience_ms - how long the line may be left alone
 * @g: an open line
 *
 * Return: ms, by when at most half of the edges that are kept are there; -1: until gpio_fd() can be
 * read, since nothing is under way.
 */
int gpio_uart_patience_ms(const struct gpio_uart *g)
{
	const unsigned int known = softuart_baud(&g->softuart);
	const unsigned int bit_per_s = known ? known : FAST_BIT_PER_S;
	const unsigned int half_ms = gpio_edges_kept() / 2 * 1000 / bit_per_s;

	if (softuart_deadline(&g->softuart) == SOFTUART_NEVER)
		return -1;
	return half_ms < PATIENCE_MAX_MS ? (int)half_ms : PATIENCE_MAX_MS;
}

/**
 * gpio_uart_close - listen no more
 * @g: may not be open
 */
void gpio_uart_close(struct gpio_uart *g)
{
	gpio_release(g->line);
	g->line = NULL;
}
