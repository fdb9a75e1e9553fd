# SPDX-License-Identifier: MIT
# Sourced by what makes the roots of guests: programs and modules in $root, for the kernel in $kernel_dir, named $release.

copy_program()
{
	cp "$1" "$root/bin/"
	copy_libraries "$1"
}

# Each library that program $1 needs, at the same place.
copy_libraries()
{
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$root${library%/*}"
		cp -L "$library" "$root$library"
	done
}

# Module $1 and all that it depends on, uncompressed.
copy_module()
{
	file=$(find "$kernel_dir/lib/modules/" -name "$(echo "$1" | tr _- '??').ko*" | head -n 1)
	[ -n "$file" ] || die "Linux $kernel has no module $1"
	to=$root/lib/modules/$release/kernel
	mkdir -p "$to"
	case $file in
	*.xz) xz -dc "$file" >"$to/$1.ko" ;;
	*) cp "$file" "$to/$1.ko" ;;
	esac
	copy_dependencies "$to/$1.ko"
}

copy_dependencies()
{
	for dependency in $(modinfo -F depends "$1" | tr , ' '); do
		copy_module "$dependency"
	done
}
