/* SPDX-License-Identifier: MIT */
/*
 * How a server treats D2L modules, whichever program it is in.
 */
#ifndef METERLINE_D2L_REPLY_H
#define METERLINE_D2L_REPLY_H

#include "d2l.h"

/* A module sends a frame in one go, and waits 3 s for the answer. */
#define D2L_FRAME_MS 10000
/* One that stays connected posts within this time. */
#define D2L_IDLE_MS (15 * 60 * 1000)

/* What a person can do about D2L_UPDATE_REQUEST. */
#define D2L_UPDATE_ADVICE                                                                        \
	"it asks for new firmware, which only its maker has: let it reach the maker's server "   \
	"for an hour, then give it the address of this machine again"

/** enum d2l_next - what becomes of a connection after a frame */
enum d2l_next {
	D2L_CLOSE,		/* it is none of a module */
	D2L_KEEP,
	D2L_ANSWER,		/* is sent, and more may come */
};

enum d2l_next d2l_reply(struct crypt_cbc *aes, const struct d2l_key *key,
			const struct d2l_frame *f, s64 unix_s, u8 answer[D2L_ANSWER_LEN]);

#endif /* METERLINE_D2L_REPLY_H */
