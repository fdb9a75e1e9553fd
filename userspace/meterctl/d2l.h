/* SPDX-License-Identifier: MIT */
/*
 * The parts of meterctl d2l. Each gets its own name as argv[0] and returns an exit code.
 */
#ifndef METERCTL_D2L_COMMANDS_H
#define METERCTL_D2L_COMMANDS_H

int d2l_decode(int argc, char **argv);
int d2l_serve(int argc, char **argv);
int d2l_simulate(int argc, char **argv);

#endif /* METERCTL_D2L_COMMANDS_H */
