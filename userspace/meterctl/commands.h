/* SPDX-License-Identifier: MIT */
/*
 * The commands of meterctl. Each gets its own name as argv[0] and returns an exit code.
 */
#ifndef METERCTL_COMMANDS_H
#define METERCTL_COMMANDS_H

/** enum exit_code - what the shell learns; the same for every command */
enum exit_code {
	DONE = 0,
	NOTHING = 1,	/* it worked, but there was nothing: no telegram, no meter, no value */
	UNUSABLE = 2,	/* bad usage, or a file, tty or device that cannot be used */
};

int cmd_attach(int argc, char **argv);
int cmd_d2l(int argc, char **argv);
int cmd_decode(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_ledger(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_path(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_source(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_watch(int argc, char **argv);

#endif /* METERCTL_COMMANDS_H */
