/* SPDX-License-Identifier: MIT */
/*
 * A server of D2L modules that shows each frame.
 */
#ifndef METERCTL_D2L_TRIAL_H
#define METERCTL_D2L_TRIAL_H

#include "../decode/d2l_keys.h"

/* So many connections at a time: of the modules of a house, and of strangers. */
#define D2L_TRIAL_MAX 64

/**
 * struct d2l_trial - what a server is to do
 * @listener: a socket that listens and never waits
 * @stop: a descriptor that becomes readable when it is enough
 * @keys: of the modules; NULL: those of simulated ones
 * @count: good frames until it ends; 0: until @stop
 */
struct d2l_trial {
	int listener;
	int stop;
	const struct d2l_keys *keys;
	u64 count;
};

/**
 * struct d2l_trial_tally - what came
 * @connections: all
 * @good: frames
 * @updates: of these, those that ask for firmware
 * @unknown: frames of modules whose key is not known
 * @wrong_key: frames whose CRC is wrong
 * @malformed: connections closed since what came was no frame of a module
 * @slow: closed since no whole frame came in time
 * @full: closed since there were too many
 */
struct d2l_trial_tally {
	u64 connections;
	u64 good;
	u64 updates;
	u64 unknown;
	u64 wrong_key;
	u64 malformed;
	u64 slow;
	u64 full;
};

bool d2l_trial(const struct d2l_trial *plan, struct d2l_trial_tally *tally);

#endif /* METERCTL_D2L_TRIAL_H */
