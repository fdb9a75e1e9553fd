#!/bin/sh
# SPDX-License-Identifier: MIT
# The module builds in silence against the headers of 6.1, of 6.12 and of each newer kernel that are installed, and for
# arm64, where it has the parts that need a device tree.

. "$(dirname "$0")/lib.sh"

out=$top/build/modules
mkdir -p "$out"
count=0
status=0

# A build whose output has no warning, nor anything that sparse says about a file of ours.
silent_build()
{
	name=$1
	shift
	count=$((count + 1))
	if "$top/tests/vm/build-module" "$@" >"$out/log" 2>&1 && ! grep -E 'warning:|error:|kernel/.*:[0-9]+:' "$out/log"; then
		echo "ok $count - $name"
	else
		sed 's/^/# /' "$out/log"
		echo "not ok $count - $name"
		status=1
	fi
}

# Against headers before 6.18 with words of our own.
silent_ac_build()
{
	words="KCFLAGS=-include $top/tests/vm/iio_ac.h"
	! dpkg --compare-versions "${1%%-*}" ge 6.18 || words=
	silent_build "builds for $1 with the names for alternating current" \
		"$1" "$out/$1-ac" W=1 METERLINE_IIO_AC=y ${words:+"$words"}
}

foreign_kernels()
{
	[ "$arch" = arm64 ] || echo 6.1-arm64 6.12-arm64
}

echo "TAP version 13"
for kernel in 6.1 6.12 $(newer_headers) $(foreign_kernels); do
	silent_build "builds for $kernel without a warning" "$kernel" "$out/$kernel" W=1
	silent_build "sparse finds nothing for $kernel" "$kernel" "$out/$kernel-sparse" C=2
	silent_build "builds for $kernel without IIO and GPIO" "$kernel" "$out/$kernel-noiio" W=1 METERLINE_IIO=n METERLINE_GPIO=n
done
for kernel in 6.12 $(newer_headers); do
	silent_ac_build "$kernel"
done
echo "1..$count"
exit $status
