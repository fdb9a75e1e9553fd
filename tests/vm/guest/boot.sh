#!/bin/sh
# SPDX-License-Identifier: MIT
# The first test of each guest: the module loads and goes away without a trace.

echo "TAP version 13"
echo "1..2"
if modprobe meterline && [ -d /sys/class/meter ]; then
	echo "ok 1 - the module loads into Linux $(uname -r)"
else
	echo "not ok 1 - the module loads into Linux $(uname -r)"
fi
if rmmod meterline && [ ! -e /sys/class/meter ]; then
	echo "ok 2 - the module unloads"
else
	echo "not ok 2 - the module unloads"
fi
