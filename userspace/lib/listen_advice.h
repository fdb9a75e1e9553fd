/* SPDX-License-Identifier: MIT */
/*
 * What a person can do when a program cannot listen.
 */
#ifndef METERLINE_LISTEN_ADVICE_H
#define METERLINE_LISTEN_ADVICE_H

const char *listen_advice(int error);

#endif /* METERLINE_LISTEN_ADVICE_H */
