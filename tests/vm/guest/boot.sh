#!/bin/sh
# SPDX-License-Identifier: MIT
# The first test of each guest: the module loads and goes away without a trace, and wrong use of memory would be seen.

# What a stock kernel can: slub_debug=FZPU. The debug kernels have KASAN.
memory_is_watched()
{
	grep -q ' kasan_report' /proc/kallsyms && return
	for check in sanity_checks red_zone poison store_user; do
		[ "$(cat /sys/kernel/slab/kmalloc-512/$check)" = 1 ] || return
	done
}

echo "TAP version 13"
echo "1..3"
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
if memory_is_watched; then
	echo "ok 3 - use of memory is watched"
else
	echo "not ok 3 - use of memory is watched"
fi
