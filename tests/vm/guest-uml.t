#!/bin/sh
# SPDX-License-Identifier: MIT
# guest-uml.t [OPTION...]: in the debug kernel; options are those of run-guest.
here=$(dirname "$0")
[ "$(dpkg --print-architecture)" = amd64 ] || {
	echo "TAP version 13"
	echo "1..0 # SKIP User-Mode Linux is for amd64"
	exit 0
}
"$here/build-debug-kernel" uml >/dev/null || exit 1
exec "$here/run-guest" "$@" uml
