#!/bin/sh
# SPDX-License-Identifier: MIT
here=$(dirname "$0")
"$here/get-kernel" smp >/dev/null 2>&1 || {
	echo "TAP version 13"
	echo "1..0 # SKIP no x86 debug kernel in the cache; make check-debug SMP=1 builds it in ten minutes"
	exit 0
}
exec "$here/run-guest" --smp 2 smp boot.sh attach chardev iio iio_events lifetime storm kmemleak.sh
