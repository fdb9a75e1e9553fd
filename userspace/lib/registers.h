/* SPDX-License-Identifier: MIT */
/*
 * The registers that the ledger keeps: the quantities that only go up.
 */
#ifndef METERLINE_REGISTERS_H
#define METERLINE_REGISTERS_H

#include "../../kernel/telegram/quantities.h"

/* Energy by direction and tariff, reactive energy, gas, water, heat. */
#define REGISTER_COUNT 44

#define TARIFF_COUNT 16

int register_index(enum quantity q);
enum quantity register_at(unsigned int index);
u64 registers_of(const struct reading *r);
bool register_by_name(const char *name, enum quantity *q);
const char *register_unit(enum quantity q);

/* Tariff 1..16 of a register of a tariff, 0 for others. */
unsigned int register_tariff(enum quantity q);
/* The total of a register of a tariff; Q_NONE for others. */
enum quantity register_total(enum quantity q);

#endif /* METERLINE_REGISTERS_H */
