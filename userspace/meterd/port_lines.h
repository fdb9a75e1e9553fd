/* SPDX-License-Identifier: MIT */
/*
 * What a serial port has beside its UART: the data request line of P1, and an LED.
 */
#ifndef METERD_PORT_LINES_H
#define METERD_PORT_LINES_H

#include "source.h"

struct port_lines;

struct port_lines *port_lines_new(struct line *line);
bool port_lines_open(struct port_lines *p);
void port_lines_telegram(struct port_lines *p);
void port_lines_close(struct port_lines *p);
void port_lines_free(struct port_lines *p);

#endif /* METERD_PORT_LINES_H */
