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

# The kernel that guest $1 runs. Two machines are arm64 wherever they are emulated.
guest_kernel()
{
	case ${1%%+*} in
	raspi3b | virt-arm64) echo 6.12-arm64 ;;
	*) echo "${1%%+*}" ;;
	esac
}

# The architecture of kernel $1.
kernel_arch()
{
	case $1 in
	*-arm64) echo arm64 ;;
	*) echo "$arch" ;;
	esac
}

# The meta package whose dependency names the release of kernel $1. A kernel for arm64 is that which this machine has
# headers of, built for arm64.
headers_package()
{
	case $1 in
	6.1 | 6.1-*) echo "linux-headers-$arch" ;;
	*) echo "linux-headers-${1%-arm64}-$arch" ;;
	esac
}

# Release of kernel $1 as the installed headers have it, such as 6.1.0-56-amd64; a release stays what it is.
kernel_release()
{
	[ ! -e "/lib/modules/$1/build" ] || { echo "$1"; return; }
	dpkg-query -W -f '${Depends}' "$(headers_package "$1")" 2>/dev/null |
		sed -n "s/^linux-headers-\([^ ,]*\)-$arch.*/\1-$(kernel_arch "$1")/p"
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
	case $(kernel_arch "$1"):$1 in
	*:uml | *:smp) echo "$(debug_kernel_dir "$1")/build" ;;
	"$arch":*) echo "/lib/modules/$(kernel_release "$1")/build" ;;
	*) "$top/tests/vm/get-kernel" --headers "$1" ;;
	esac
}

# What make is to be told when it builds modules for kernel $1.
kernel_make_arguments()
{
	case $(kernel_arch "$1"):$1 in
	*:uml) echo ARCH=um ;;
	*:smp) echo ARCH=x86_64 ;;
	"$arch":*) ;;
	*) echo ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- ;;
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

# Makes $work, a directory of the cache that is gone at the end of the script. What is made there is moved to its place in
# the cache, so it is there whole or not at all.
work_in_cache()
{
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
}

# An apt-get with lists and archives of its own in $work, which knows of no package that is installed here: those of this
# machine stay as they are.
own_apt_get()
{
	mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"
	: >"$work/apt/status"
	apt-get -qq -o Dir::State="$work/apt" -o Dir::State::status="$work/apt/status" -o Dir::Cache="$work/apt" \
		-o Acquire::Languages=none "$@"
}
