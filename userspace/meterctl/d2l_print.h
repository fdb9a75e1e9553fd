/* SPDX-License-Identifier: MIT */
/*
 * A frame of a D2L module for people.
 */
#ifndef METERCTL_D2L_PRINT_H
#define METERCTL_D2L_PRINT_H

#include "d2l_file.h"

void d2l_print_frame(const struct d2l_found *found);

#endif /* METERCTL_D2L_PRINT_H */
