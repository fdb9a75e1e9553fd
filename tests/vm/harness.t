#!/bin/sh
# SPDX-License-Identifier: MIT
# The harness turns red for a test that fails in any way and for a bug planted in the module, and goes on behind it.

. "$(dirname "$0")/lib.sh"

out=$top/build/harness
mkdir -p "$out"
count=0
status=0

# What run-guest says about these tests must be a failure, with a line that matches.
red()
{
	name=$1 pattern=$2
	shift 2
	count=$((count + 1))
	if ! "$top/tests/vm/run-guest" "$@" >"$out/$count" 2>&1 && grep -qE "$pattern" "$out/$count"; then
		echo "ok $count - $name"
	else
		sed 's/^/# /' "$out/$count"
		echo "not ok $count - $name"
		status=1
	fi
}

red_script()
{
	red "$1" "^not ok .*$2" "$quick" "red-$3.sh"
}

skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# A bug that only a debug kernel finds.
red_debug()
{
	if [ "$quick" = uml ]; then
		red "$@"
	else
		skip "$1" "User-Mode Linux is for amd64"
	fi
}

case $arch in
amd64)
	quick=uml
	"$top/tests/vm/build-debug-kernel" uml >/dev/null || exit 1
	;;
*) quick=6.12 ;;
esac
echo "TAP version 13"
echo "1..13"
red_script failed_test_is_a_failure "this fails" fails
red_script bad_exit_code_is_a_failure "exits with 0" exits
red_script missing_test_is_a_failure "runs the 2 tests that it planned" stops
red_script nothing_run_is_a_failure "runs a test at all" empty
red_script hanging_test_is_a_failure "ends within 3 s" hangs
red_script warning_of_the_kernel_is_a_failure "the kernel has nothing to report" warns
red panic_is_a_failure "^not ok .*leaves the guest alive" 6.12 red-panics.sh
red tests_behind_a_panic_are_run "^ok .*boot.sh: the module unloads" 6.12 red-panics.sh boot.sh
red_debug planted_use_after_free_is_found "KASAN: .*use-after-free|KASAN: .*vmalloc-out-of-bounds|BUG: unable to handle" \
	uml+uaf "chardev two_readers_each_get_all"
red_debug planted_leak_is_found "^not ok .*no memory is lost" \
	uml+leak "chardev two_readers_each_get_all" kmemleak.sh
red_debug planted_sleep_under_a_spinlock_is_found "BUG: sleeping function called" \
	uml+sleep "attach many_lines_are_independent"
red planted_event_without_a_crossing_is_found "^not ok .*iio_events: event_comes_once" \
	"$quick+event" "iio_events event_comes_once_until_the_power_was_below_the_limit"
red planted_wrong_decoder_is_found "^not ok .*damage: " 6.12+checksum damage
exit $status
