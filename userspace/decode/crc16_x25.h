/* SPDX-License-Identifier: MIT */
/*
 * The check of HDLC frames.
 */
#ifndef METERLINE_CRC16_X25_H
#define METERLINE_CRC16_X25_H

#include "../../kernel/telegram/types.h"

#define CRC16_X25_BEGIN 0xffff
/* What is left over bytes and their CRC, which is sent complemented and low byte first. */
#define CRC16_X25_RESIDUE 0xf0b8

u16 crc16_x25(u16 crc, const u8 *bytes, size_t count);

#endif /* METERLINE_CRC16_X25_H */
