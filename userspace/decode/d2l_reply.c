// SPDX-License-Identifier: MIT
/*
 * How a server treats D2L modules, whichever program it is in.
 */
#include <sys/random.h>

#include "d2l_reply.h"

/**
 * d2l_reply - what a server does after a good frame
 * @aes: of crypt_cbc_new()
 * @key: of the module
 * @f: the frame, of any type
 * @unix_s: the time now, seconds since 1970
 * @answer: for the answer when there is one
 *
 * Never waits. Any thread, one at a time with @aes.
 *
 * Return: what becomes of the connection. Frames that are answers come from no module; a request
 * for firmware has no answer, since firmware is all that would do.
 */
enum d2l_next d2l_reply(struct crypt_cbc *aes, const struct d2l_key *key,
			const struct d2l_frame *f, s64 unix_s, u8 answer[D2L_ANSWER_LEN])
{
	u8 random[D2L_RANDOM_LEN];

	if (f->answer)
		return D2L_CLOSE;
	if (f->type == D2L_UPDATE_REQUEST)
		return D2L_KEEP;
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random) ||
	    !d2l_answer(aes, key, f, unix_s, random, answer))
		return D2L_CLOSE;
	return D2L_ANSWER;
}
