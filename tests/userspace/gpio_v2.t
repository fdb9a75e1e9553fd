#!/bin/sh
# SPDX-License-Identifier: MIT
# What is done with GPIO lines, with libgpiod 2.x where this system has 1.6.
# The 2.x of Debian 13 is fetched, not installed.
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
if ! grep -q gpiod_line_request_both_edges_events /usr/include/gpiod.h; then
	echo "1..0 # SKIP this system has libgpiod 2 itself"
	exit 0
fi
if ! dir=$(tests/userspace/get-debian13 libgpiod-2 gpiod.h libgpiod-dev libgpiod3 2>&1); then
	echo "1..0 # SKIP $(echo "$dir" | head -n 1)"
	exit 0
fi
program=build/userspace-tests/libgpiod-2/gpio
if ! make --no-print-directory CFLAGS="-I$dir/include -Werror" LDFLAGS="-L$dir/lib -Wl,-rpath,$dir/lib" $program >&2; then
	printf '1..1\nnot ok 1 - it builds with libgpiod 2\n'
	exit 1
fi
exec $program
