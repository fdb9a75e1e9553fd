#!/bin/sh
# SPDX-License-Identifier: MIT
# The module as it is built for a kernel without IIO.
exec "$(dirname "$0")/run-guest" 6.12+noiio
