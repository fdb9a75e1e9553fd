#!/bin/sh
# SPDX-License-Identifier: MIT
# A meter on a GPIO of a controller whose level is read in the interrupt.
exec "$(dirname "$0")/run-guest" virt-arm64 gpio-pl061.sh
