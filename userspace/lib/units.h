/* SPDX-License-Identifier: MIT */
/*
 * The units of the data contract.
 */
#ifndef METERLINE_UNITS_H
#define METERLINE_UNITS_H

#include "../../kernel/telegram/quantities.h"

const char *quantity_unit(enum quantity q);

#endif /* METERLINE_UNITS_H */
