#!/bin/sh
# SPDX-License-Identifier: MIT
# What a person types: the tool and the files from a shell.
. ./common.sh
echo "TAP version 13"
echo "1..13"

# A pty with a simulated meter; its path in $tty. It keeps the pace of its line, so the
# shell, which reads byte by byte, is not overtaken.
simulate()
{
	rm -f /tmp/tty
	meterctl simulate "$@" --pty >/tmp/tty 2>/tmp/simulate.log &
	simulator=$!
	within 10 test -s /tmp/tty || cat /tmp/simulate.log
	tty=$(cat /tmp/tty)
}

end_all()
{
	kill "$(pidof meterctl)" 2>/dev/null
	wait
	within 10 no_meter
}

modprobe meterline
rm -f /tmp/tty
simulate linky-standard-tri-producer --number 041876097767
same "attach prints" "$(meterctl attach --wait 20 "$tty")" meter0
result attach_waits_for_a_simulated_meter

# Each line is one read of one byte after the other.
while read -r header && read -r first && read -r second; do
	break
done </dev/meter0
case $header in
*,tic-standard,*";041876097767")
	same "first line" "$first" ADSC=041876097767 && same "second line" "$second" VTIC=02
	;;
*) echo "# $header" && false ;;
esac
result a_shell_reads_records_line_by_line

count=0
while read -r line; do
	[ -n "$line" ] || count=$((count + 1))
	[ $count -lt 3 ] || break
done </dev/meter0
same "records read" $count 3
result records_end_with_an_empty_line

id=$(cat /sys/class/meter/meter0/id)
same path "$(readlink -f "$(meterctl path "$id")")" "$(readlink -f /sys/class/meter/meter0)"
result path_of_an_id_is_the_sysfs_directory

meterctl list | grep -q "meter0.*$id"
result list_shows_the_meter

case $(meterctl show meter0 energy_import_wh) in
'' | *[!0-9]*) false ;;
esac
result show_prints_a_field

meterctl watch --json --count 2 meter0 >/tmp/watch &&
	same "lines of JSON" "$(grep -c energy_import /tmp/watch)" 2
result watch_prints_telegrams

sentence=$(meterctl attach "$tty" 2>&1)
same "exit code" $? 2 && [ -n "$sentence" ]
result a_tty_in_use_is_refused_with_a_sentence

sentence=$(meterctl attach /dev/null 2>&1)
same "exit code" $? 2 && [ -n "$sentence" ]
result what_is_no_tty_is_refused_with_a_sentence

sentence=$(su -s /bin/sh nobody -c "meterctl attach $tty" 2>&1)
same "exit code" $? 2 && [ -n "$sentence" ]
result without_permission_attach_is_refused_with_a_sentence

! su -s /bin/sh nobody -c "cat /dev/meter0 || cat /sys/class/meter/meter0/serial" >/dev/null 2>&1 &&
	[ -n "$(su -s /bin/sh nobody -c "cat /sys/class/meter/meter0/fields/energy_import_wh")" ]
result everyone_reads_quantities_and_nobody_reads_the_number

kill $simulator
wait $simulator
within 10 no_meter
result attach_ends_when_its_tty_goes

end_all
rmmod meterline
simulate linky-historique-base
sentence=$(meterctl attach "$tty" 2>&1)
same "exit code" $? 2 && echo "$sentence" | grep -q 'modprobe meterline'
result without_the_module_attach_says_what_to_type
kill $simulator
modprobe meterline
finish
