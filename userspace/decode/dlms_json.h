/* SPDX-License-Identifier: MIT */
/*
 * Readings of DLMS as JSON.
 */
#ifndef METERLINE_DLMS_JSON_H
#define METERLINE_DLMS_JSON_H

#include <stdio.h>

#include "dlms.h"

void dlms_json(FILE *out, const struct dlms_reading *r);

#endif /* METERLINE_DLMS_JSON_H */
