/* SPDX-License-Identifier: MIT */
/*
 * The parts of meterctl scan: listening, and telling what was heard.
 */
#ifndef METERCTL_SCAN_H
#define METERCTL_SCAN_H

#include "../../kernel/telegram/telegram.h"
#include "../lib/tty.h"
#include "ports.h"

/* Enough to try every speed, and 9600 bit/s for as long as P1 takes there; see scan_listen.c. */
#define LISTEN_DEFAULT_S 66
#define LISTEN_MAX_S	 3600

/**
 * struct heard - what was heard on a port
 * @problem: why it could not be opened; TTY_OPEN: it could
 * @error: errno of TTY_FAILED
 * @gone: it went away meanwhile
 * @pty: it has no speed and no parity
 * @seen: what the line seems to carry while no telegram was valid
 * @inverted: P1 without an inverter
 * @bit_per_s: at which telegrams came, or what @seen or @inverted says of it
 * @even_parity: 7E1, not 8N1
 * @mbus_parity: 8E1
 * @enciphered: what @seen frames have in them
 * @framed: @seen is what good frames of DLMS are
 * @protocol: of the last telegram
 * @number: of the meter
 * @id: of the meter; "" while its number is not known
 * @bytes: at any speed
 * @telegrams: valid ones
 * @fields: TIC groups in them that were good
 * @damaged: TIC groups, telegrams of P1, or frames of DLMS, that were not
 * @line_errors: the port counts them: @framing, @breaks and @overruns at @bit_per_s
 */
struct heard {
	enum tty_problem problem;
	int error;
	bool gone;
	bool pty;
	enum line_seen seen;
	bool inverted;
	unsigned int bit_per_s;
	bool even_parity;
	bool mbus_parity;
	bool enciphered;
	bool framed;
	enum telegram_protocol protocol;
	char number[64];
	char id[16];
	u64 bytes;
	u64 telegrams;
	u64 fields;
	u64 damaged;
	bool line_errors;
	unsigned int framing;
	unsigned int breaks;
	unsigned int overruns;
};

/* scan_dlms.c */
struct scan_dlms;
struct scan_dlms *scan_dlms_new(struct heard *heard);
void scan_dlms_free(struct scan_dlms *s);
void scan_dlms_begin(struct scan_dlms *s);
enum line_seen scan_dlms_take(struct scan_dlms *s, const u8 *bytes, size_t count, u64 now);
u64 scan_dlms_damaged(const struct scan_dlms *s);

bool scan_listen(struct port *const *ports, size_t count, unsigned int seconds);
void scan_print(const struct ports *ports, bool identity);
void scan_print_json(const struct ports *ports, bool identity);
void heard_text(const struct heard *h, bool identity, char *text, size_t size);

#endif /* METERCTL_SCAN_H */
