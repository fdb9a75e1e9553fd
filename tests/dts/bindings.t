#!/bin/sh
# SPDX-License-Identifier: MIT
# The bindings are valid, their examples are what they say, and a mistake in one is found.
. "$(dirname "$0")/../vm/lib.sh"

echo "TAP version 13"
command -v dt-doc-validate >/dev/null || {
	echo "1..0 # SKIP no dt-doc-validate: type apt-get install dt-schema"
	exit 0
}
headers=$(ls -d /usr/src/linux-headers-*-common/include 2>/dev/null | tail -n 1)
[ -n "$headers" ] || {
	echo "1..0 # SKIP no headers of a kernel, which have those that examples include"
	exit 0
}
out=$top/build/tests/dts
mkdir -p "$out"
cd "$top/dts/bindings" || exit 1
dt-mk-schema -j ./*.yaml >"$out/schema.json" 2>/dev/null
count=0
status=0

# The status of the last command, what it wrote being in $out/said.
result()
{
	good=$?
	count=$((count + 1))
	if [ $good -eq 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		sed 's/^/# /' "$out/said"
		status=1
	fi
}

# The examples of a binding as a tree, changed by a script of sed; what dt-validate says of it is in $out/said.
check_examples()
{
	dt-extract-example "$1" | sed "$2" | gcc -E -nostdinc -undef -D__DTS__ -I "$headers" -x assembler-with-cpp - |
		dtc -q -I dts -O dtb -o "$out/example.dtb" - && dt-validate -M -s "$out/schema.json" "$out/example.dtb" >"$out/said" 2>&1
	grep -q "meterline,.*yaml#" "$out/said"
}

is_refused()
{
	check_examples "$1" "$3" && grep -q "From schema: .*$1" "$out/said"
	result "$2"
}

is_good()
{
	check_examples "$1" "" && ! grep -q "From schema" "$out/said"
	result "examples are valid: $1"
}

dt-doc-validate -u "$PWD" ./*.yaml >"$out/said" 2>&1 && [ ! -s "$out/said" ]
result "bindings are valid schemas"
for binding in *.yaml; do
	is_good "$binding"
done
is_refused meterline,serial.yaml "speed that no meter has is refused" 's/<115200>/<2400>/'
is_refused meterline,serial.yaml "request while open without a request line is refused" \
	's/request-gpios = .*/meterline,request-while-open;/'
is_refused meterline,serial.yaml "property that there is not is refused" 's/label = /name-of-port = /'
is_refused meterline,tic-gpio.yaml "line without its GPIO is refused" '/rx-gpios/d'
is_refused meterline,tic-gpio.yaml "speed that TIC has not is refused" 's/<1200>/<115200>/'

# An overlay with all its parameters, applied to a stub.
overlay_fits()
{
	"$top/tests/dts/dtoverlay.py" "$out/stub-pi4.dtb" "$out/example.dtb" "$2" >"$out/said" 2>&1 &&
		dt-validate -M -l meterline -s "$out/schema.json" "$out/example.dtb" >"$out/said" 2>&1
	grep -q "$1#" "$out/said" && ! grep -q "From schema" "$out/said"
	result "overlay is what its binding says: $2"
}

overlay_fits meterline,serial.yaml meterline-uart0
overlay_fits meterline,serial.yaml meterline-uart2,p1,speed=115200,request_gpio=23,request_while_open
overlay_fits meterline,tic-gpio.yaml meterline-gpio,gpio=22,inverted,speed=9600
echo "1..$count"
exit $status
