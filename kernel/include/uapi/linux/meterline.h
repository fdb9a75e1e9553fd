/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Limits of telegrams and the grammar of /dev/meterN.
 *
 * A record is text and ends with an empty line:
 *
 *	seq,boottime_usec,type,flags,damaged;number
 *	 LABEL=value			TIC
 *	 LABEL@horodate=value		TIC, a group with a time stamp
 *	 A-B:C.D.E=(group)(group)	P1
 *
 * A reader ignores further commas in the header and keys that it does not know. Bytes outside
 * 0x20..0x7E, HT excepted, are written \xNN, and so is a backslash that stands before an x.
 */
#ifndef _UAPI_LINUX_METERLINE_H
#define _UAPI_LINUX_METERLINE_H

/* A TIC frame from STX to ETX; 54E needs 1727 bytes and 71 groups. */
#define METERLINE_TIC_MAX_BYTES		2048
#define METERLINE_TIC_MAX_GROUPS	128

/* A P1 telegram from '/' to the end of its CRC; the largest in the field has 2337 bytes. */
#define METERLINE_P1_MAX_BYTES		4608
#define METERLINE_P1_MAX_LINES		192

/* The meter's own number, decoded from hex where it is hex: P1 allows 96 hex digits. */
#define METERLINE_NUMBER_MAX		96

/* Text of the largest record: every byte of the largest telegram escaped, and its header. */
#define METERLINE_RECORD_MAX		32768

/* Letters in the flags of a record; '-' stands for none. */
#define METERLINE_FLAG_GAP		'g'	/* records were lost before this one */

#endif /* _UAPI_LINUX_METERLINE_H */
