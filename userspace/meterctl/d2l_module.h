/* SPDX-License-Identifier: MIT */
/*
 * A D2L module and its meter, simulated: what it says follows from its id and the time alone, so
 * that any number of them needs no memory.
 */
#ifndef METERCTL_D2L_MODULE_H
#define METERCTL_D2L_MODULE_H

#include "../decode/d2l.h"

/** enum d2l_mode - the TIC mode of the meters */
enum d2l_mode {
	D2L_MIXED,	/* even ids historique, odd ones standard */
	D2L_HISTORIQUE,
	D2L_STANDARD,
	D2L_ALL_LABELS,	/* standard, and every label has a value */
};

/**
 * struct d2l_module - a module and its meter
 * @id: of the module
 * @standard: TIC standard
 * @all: every label of it has a value
 * @tri: three phases
 * @producer: with solar panels
 * @contract: 0 Base, 1 off-peak hours, 2 EJP, 3 Tempo
 * @power_w: what is drawn, always
 */
struct d2l_module {
	u64 id;
	bool standard;
	bool all;
	bool tri;
	bool producer;
	unsigned int contract;
	u32 power_w;
};

void d2l_module_of(u64 id, enum d2l_mode mode, struct d2l_module *m);
void d2l_module_key(u64 id, struct d2l_key *key);
size_t d2l_module_json(const struct d2l_module *m, s64 unix_s, char *json, size_t size);

#endif /* METERCTL_D2L_MODULE_H */
