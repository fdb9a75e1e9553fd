#!/bin/sh
# SPDX-License-Identifier: MIT
# What one types on a machine with a meter on tty, and what one sees. Begins with the first telegram on its way; how
# the module is loaded and who plays the meter is the caller's business.

tty=${METER_TTY:-/dev/ttyS1}
load=${METER_LOAD:-modprobe meterline}
meter=/sys/class/meter/meter0
failed=0

typed()
{
	printf '\n$ %s\n' "$*"
	eval "$*" || failed=1
}

# A capture of a real meter when there is one, else the simulator.
play()
{
	host-play corpus/tic/lains-linky_1P_standard_sample.bin --loop 100 2>/dev/null ||
		host-play simulate/linky-standard --loop 10
}

[ -n "$METER_TTY" ] || play &
typed "$load"
typed "meterctl attach --wait 20 $tty"
typed "ls $meter/fields"
typed "cat $meter/fields/energy_import_wh"
typed "sed '/^$/q' /dev/meter0"
typed "meterctl list"
typed "meterctl show meter0"
typed "meterctl watch --count 3 meter0"
exit $failed
