# SPDX-License-Identifier: MIT
# Sourced by the scripts here: where things are, and which kernel "6.1" or "6.12" means on this machine.

top=$(cd "$(dirname "$0")/../.." && pwd)
cache=${METERLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/meterline}
PATH=$PATH:/usr/sbin:/sbin
arch=$(dpkg --print-architecture)

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# The meta package whose dependency names the release of kernel $1.
headers_package()
{
	case $1 in
	6.1) echo "linux-headers-$arch" ;;
	*) echo "linux-headers-$1-$arch" ;;
	esac
}

# Release of kernel $1 as its installed headers have it, such as 6.1.0-56-amd64; a release stays what it is.
kernel_release()
{
	[ ! -e "/lib/modules/$1/build" ] || { echo "$1"; return; }
	dpkg-query -W -f '${Depends}' "$(headers_package "$1")" 2>/dev/null |
		sed -n 's/^linux-headers-\([^ ,]*\).*/\1/p'
}

# The directory of the cache which holds debug kernel $1 (uml or smp): by source version and configuration.
debug_kernel_dir()
{
	version=$(dpkg-query -W -f '${Version}' linux-source-6.12 2>/dev/null) || return 1
	hash=$(cd "$top/tests/vm" && grep -h '^CONFIG_' config.debug "config.$1" | sort | sha256sum | cut -c1-12)
	echo "$cache/$1-$version-$hash"
}

# The tree to build modules for kernel $1 against.
kernel_build_dir()
{
	case $1 in
	uml | smp) echo "$(debug_kernel_dir "$1")/build" ;;
	*) echo "/lib/modules/$(kernel_release "$1")/build" ;;
	esac
}

# Releases of other headers that are installed, newer than 6.12.
newer_headers()
{
	for build in /lib/modules/*/build; do
		other=${build#/lib/modules/}
		other=${other%/build}
		[ -e "$build/Makefile" ] && [ "$other" != "$(kernel_release 6.12)" ] &&
			dpkg --compare-versions "$other" gt 6.13 && echo "$other"
	done
}
