#!/bin/sh
# SPDX-License-Identifier: MIT
# libiio is loaded without its header. What is taken from it is compared with the headers of 0.24, which Debian 12
# has, and of the 0.26 of Debian 13, which is fetched, not installed.
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
echo "1..2"

compare()
{
	"${CC:-gcc}" -fsyntax-only -Wall -I"$2" tests/userspace/iio_header.c >&2 || printf 'not '
	echo "ok $1 - the functions of libiio$3"
}

if [ -f /usr/include/iio.h ]; then
	compare 1 /usr/include " of this system"
else
	echo "ok 1 - the functions of libiio of this system # SKIP there is no libiio-dev"
fi
if dir=$(tests/userspace/get-debian13 libiio-0.26 iio.h libiio-dev libiio0 2>&1); then
	compare 2 "$dir/include" " 0.26"
else
	echo "ok 2 - the functions of libiio 0.26 # SKIP $(echo "$dir" | head -n 1)"
fi
