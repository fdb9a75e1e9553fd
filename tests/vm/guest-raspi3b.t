#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines that the device tree of a Raspberry Pi 3 gives to meters.
exec "$(dirname "$0")/run-guest" raspi3b serdev-p1.sh serdev-tic.sh
