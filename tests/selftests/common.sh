# SPDX-License-Identifier: MIT
# What the tests in shell share.

number=0 failed=0 skipped=0

# Says how the test NAME ended: the status of the last command.
result()
{
	status=$?
	number=$((number + 1))
	if [ $status -eq 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		failed=$((failed + 1))
	fi
}

skip()
{
	number=$((number + 1)) skipped=$((skipped + 1))
	echo "ok $number - $1 # SKIP $2"
}

finish()
{
	[ $failed -eq 0 ] || exit 1
	[ $skipped -lt $number ] || exit 4
	exit 0
}

# Fails, with both shown, unless $2 is $3.
same()
{
	[ "$2" = "$3" ] && return
	echo "# $1: '$2', not '$3'"
	return 1
}

# Waits until a command succeeds, at most SECONDS; for what announces no change.
within()
{
	seconds=$1
	shift
	tries=$((seconds * 20))
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 50000
	done
}

attribute_is()
{
	[ "$(cat "/sys/class/meter/$1" 2>/dev/null)" = "$2" ]
}

no_meter()
{
	[ -z "$(ls /sys/class/meter 2>/dev/null)" ]
}

# Energy that the last telegram of a capture says, in Wh.
expected_energy()
{
	sed -n '$s/.*"energy_import":\([0-9]*\).*/\1/p' "${1%.*}.expected.ndjson"
}
