# SPDX-License-Identifier: MIT
# Sourced by the variants with a planted bug.

# In FILE, replaces what matches the line PATTERN; a pattern that matches nothing plants nothing, and is an error.
plant()
{
	grep -q "$2" "$1" || {
		echo "${0##*/}: nothing in $1 matches $2" >&2
		exit 1
	}
	sed -i "s|$2|$3|" "$1"
}
