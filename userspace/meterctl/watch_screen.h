/* SPDX-License-Identifier: MIT */
/*
 * The live view of meterctl watch on a terminal.
 */
#ifndef METERCTL_WATCH_SCREEN_H
#define METERCTL_WATCH_SCREEN_H

#include "../lib/meters.h"
#include "../lib/records.h"
#include "../../kernel/telegram/quantities.h"

struct screen;

struct screen *screen_open(void);
void screen_draw(struct screen *s, const struct meter *m, const struct record_reader *r,
		 const struct reading *reading);
void screen_note(struct screen *s, const char *sentence);
bool screen_wants_to_quit(struct screen *s);
void screen_close(struct screen *s);

#endif /* METERCTL_WATCH_SCREEN_H */
