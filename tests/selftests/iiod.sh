#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# Meters through libiio and through iiod, with its own tools and with ours.
. ./common.sh
echo "TAP version 13"
modprobe -q industrialio
if ! command -v iiod >/dev/null || [ ! -e /sys/bus/iio ]; then
	echo "1..0 # SKIP this guest has no iiod, or its kernel no IIO"
	exit 4
fi
echo "1..15"

here=ip:127.0.0.1

# A simulated meter, attached: its name in $meter, its process in $simulator.
simulate()
{
	rm -f /tmp/tty
	meterctl simulate "$@" --pty >/tmp/tty 2>/tmp/simulate.log &
	simulator=$!
	within 10 test -s /tmp/tty || cat /tmp/simulate.log
	meter=$(meterctl attach --wait 20 "$(cat /tmp/tty)")
	within 10 has_iio "$meter"
}

has_iio()
{
	ls -d "/sys/class/meter/$1"/iio:device* >/dev/null 2>&1
}

answers()
{
	meterctl list --uri $here >/dev/null 2>&1
	[ $? -ne 2 ]
}

start_iiod()
{
	iiod >/tmp/iiod.log 2>&1 &
	iiod=$!
	within 20 answers || cat /tmp/iiod.log
}

# What two commands say of the same telegram: none comes meanwhile.
said_at_once()
{
	kill -STOP $simulator
	$1 >/tmp/a
	$2 >/tmp/b
	kill -CONT $simulator
}

lines_are()
{
	[ "$(cat "$@" 2>/dev/null | wc -l)" -ge "$lines" ]
}

# Waits until files have this many lines together.
await_lines()
{
	lines=$1
	shift
	within 20 lines_are "$@"
}

captures()
{
	[ "$(cat /sys/class/meter/"$1"/iio:device*/buffer/enable)" = 1 ]
}

stop_iiod()
{
	kill -9 $iiod
	wait $iiod 2>/dev/null
}

# The words of lines that name what IIO carries.
carried()
{
	grep -E '^ *(energy_(import|export|reactive_q[1-4])|power_(import|export|net|apparent_(import|export)|reactive_(import|export))|voltage|current)(_(t|l)[0-9]+)?(_(wh|varh|w|va|var|mv|ma))?( |=)'
}

# Of what sysfs has, what IIO carries; and no path, which is no path of the other machine.
here()
{
	meterctl show "$1" | grep -E "^$1|^  (id|type|state|seen|port|source) |^fields"
	meterctl show "$1" | sed '/^raw/,$d' | carried
}

remote()
{
	meterctl show --uri $here "$1" | sed '/^$/d'
}

list_without_path()
{
	meterctl list --json | sed 's/,"path":"[^"]*"//g'
}

modprobe meterline
modprobe kfifo_buf 2>/dev/null
start_iiod
meterctl list --uri $here >/tmp/list 2>/tmp/said
same "exit code" $? 1 && grep -q "there is no meter at $here" /tmp/said
result iiod_without_meters_has_no_meter

simulate dsmr5 --interval 0.4
name=$meter
id=$(cat "/sys/class/meter/$name/id")
meterctl list --uri $here >/tmp/list 2>/tmp/said
before=$?
stop_iiod
start_iiod
same "exit code of the iiod from before" $before 1 && meterctl list --uri $here | grep -q "$id"
result a_meter_that_came_later_is_seen_by_an_iiod_that_looks_again

iio_info -u $here >/tmp/info 2>/tmp/said
grep -q "iio:device0: meter (label: $id)" /tmp/info && grep -q "energy0:.*input" /tmp/info &&
	grep -q "meter_name value: $name" /tmp/info
result iio_info_shows_the_meter_with_its_id

said_at_once "cat /sys/class/meter/$name/fields/energy_import_wh" "iio_attr -u $here -c iio:device0 energy0 raw" &&
	same "energy through iio_attr" "$(cat /tmp/b)" "$(cat /tmp/a)"
result iio_attr_reads_the_energy_of_sysfs

iio_readdev -u $here -b 1 -s 2 "$id" energy0 >/tmp/samples 2>/tmp/said
same "bytes of two samples" "$(wc -c </tmp/samples)" 16 &&
	[ $(($(cat "/sys/class/meter/$name/fields/energy_import_wh") - $(od -A n -t d8 /tmp/samples | awk '{ print $1 }'))) -lt 100 ]
result iio_readdev_reads_one_sample_for_each_telegram

said_at_once "list_without_path" "meterctl list --json --uri $here" && same "list" "$(cat /tmp/b)" "$(cat /tmp/a)" &&
	same "table" "$(meterctl list --uri $here)" "$(meterctl list)"
result list_of_another_machine_is_that_of_its_own

said_at_once "here $name" "remote $name" && same "show" "$(cat /tmp/b)" "$(cat /tmp/a)" &&
	grep -q voltage_l3_mv /tmp/a && grep -q energy_export_wh /tmp/a
result show_of_another_machine_is_that_of_its_own

telegrams()
{
	tr ' ' '\n' <"$1" | carried | tr '\n' ' '
}
meterctl watch "$name" >/tmp/local &
local=$!
within 10 test -s /tmp/local
meterctl watch --uri $here --count 2 "$name" >/tmp/remote 2>/tmp/said
status=$?
watch_agrees()
{
	case "$(telegrams /tmp/local)" in
	*"$(telegrams /tmp/remote)"*) ;;
	*) return 1 ;;
	esac
}
same "exit code" $status 0 && same "lines" "$(wc -l </tmp/remote)" 2 && within 5 watch_agrees
result watch_of_another_machine_shows_the_same_telegrams
kill $local

meterctl watch "$name" >/tmp/local 2>/dev/null &
local=$!
within 10 test -s /tmp/local
meterctl record --uri $here --count 5 -o /tmp/record.csv "$id" 2>/tmp/said
status=$?
energies()
{
	sed -n 's/.* energy_import=\([0-9]*\).* power_import=\([0-9]*\).*/\1,\2/p' /tmp/local | tr '\n' ' '
}
recorded()
{
	awk -F , 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ printf "%s,%s ", $at["energy_import_wh"], $at["power_import_w"] }' "$1"
}
record_agrees()
{
	case "$(energies)" in
	*"$(recorded /tmp/record.csv)"*) ;;
	*) return 1 ;;
	esac
}
same "exit code" $status 0 && same "lines" "$(wc -l </tmp/record.csv)" 6 && within 5 record_agrees
result record_writes_one_line_for_each_telegram
kill $local

times_rise()
{
	awk -F , 'NR > 1 { if ($2 <= last || $1 !~ /^20[0-9][0-9]-.*T.*\.[0-9][0-9][0-9]Z$/ || NF < 20) exit 1; last = $2 }' "$1"
}
meterctl record --count 1 -o /tmp/record.csv --uri $here "$id" 2>/tmp/said
same "exit code for a file that exists" $? 2 && same "its lines" "$(wc -l </tmp/record.csv)" 6 && times_rise /tmp/record.csv
result record_overwrites_nothing_and_its_times_rise

stop_iiod
meterctl record -o /tmp/here.csv "$name" 2>/tmp/said &
recorder=$!
within 10 captures "$name"
await_lines 2 /tmp/here.csv
kill -INT $recorder
wait $recorder
same "exit code" $? 0 && [ "$(wc -l </tmp/here.csv)" -gt 1 ] && grep -q "telegrams of $name are in" /tmp/said &&
	same "buffer" "$(cat "/sys/class/meter/$name"/iio:device*/buffer/enable)" 0
result record_ends_clean_when_interrupted

skipped()
{
	[ "$(cat "$device/meter_iio_skipped")" -gt "$before" ]
}
device=$(echo /sys/class/meter/"$name"/iio:device*)
before=$(cat "$device/meter_iio_skipped")
echo 1 >"$device/scan_elements/in_energy0_en"
echo 2 >"$device/buffer/length"
echo 1 >"$device/buffer/enable"
within 10 skipped
result a_telegram_that_finds_the_buffer_full_is_counted
echo 0 >"$device/buffer/enable"

first=$simulator
simulate linky-standard-tri-producer
other=$meter
start_iiod
for meter in "$name" "$other"; do
	meterctl record --uri $here --count 2 -o "/tmp/$meter.csv" "$(cat "/sys/class/meter/$meter/id")" 2>/dev/null &
done
await_lines 6 "/tmp/$name.csv" "/tmp/$other.csv"
same "lines of both" "$(cat "/tmp/$name.csv" "/tmp/$other.csv" | wc -l)" 6 &&
	! head -n 1 "/tmp/$name.csv" | grep -q apparent && head -n 1 "/tmp/$other.csv" | grep -q apparent && same "meters" "$(meterctl list --uri $here | wc -l)" 3
result two_meters_are_recorded_at_once

meterctl record --uri $here -o /tmp/gone.csv "$name" 2>/tmp/said &
recorder=$!
within 10 test -s /tmp/gone.csv
kill $first
wait $recorder
same "exit code" $? 1 && grep -q "$name is gone" /tmp/said
result record_of_a_meter_that_is_unplugged_says_so

stop_iiod
sentence=$(meterctl show --uri $here "$other" 2>&1)
same "exit code" $? 2 && case $sentence in
*"iiod does not answer at '127.0.0.1'"*) ;;
*) echo "# $sentence" && false ;;
esac
result without_iiod_there_is_a_sentence

kill $(pidof meterctl)
wait
within 10 no_meter
rmmod meterline
finish
