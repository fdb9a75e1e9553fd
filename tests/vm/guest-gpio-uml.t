#!/bin/sh
# SPDX-License-Identifier: MIT
# What wants a virtual clock, in the debug kernel.
exec "$(dirname "$0")/guest-uml.t" --virtual
