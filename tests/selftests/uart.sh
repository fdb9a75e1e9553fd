#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 180
# Captures played from outside into the emulated UART, at the speed of the line.
historique=corpus/tic/pyteleinfo-valid-frame-hc.bin
standard=corpus/tic/synthetic-tic-std-msg2-1.bin
dsmr=corpus/p1/ndokter-v5.txt

if [ ! -e /dev/ttyS1 ] || ! command -v host-play >/dev/null; then
	printf 'TAP version 13\n1..0 # SKIP no UART that the host can drive\n'
	exit 4
fi
# Without real captures, those of the simulator.
if [ ! -e /$historique ]; then
	historique=vectors/tic-historique-hc.bin
	standard=vectors/tic-standard.bin
	dsmr=vectors/p1-dsmr5.bin
fi
. ./common.sh
echo "TAP version 13"
echo "1..8"

# What a script reads is what the last telegram of the capture says.
energy_is_that_of()
{
	same energy_import_wh "$(cat /sys/class/meter/meter0/fields/energy_import_wh)" \
		"$(expected_energy "/$1")"
}

modprobe meterline
host-play $historique --baud 1200 --loop 12 &
player=$!
same "attach prints" "$(meterctl attach --wait 40 /dev/ttyS1)" meter0
result attach_returns_with_the_first_telegram

wait $player
energy_is_that_of $historique
result capture_played_into_the_uart_arrives_in_sysfs

attribute_is meter0/port ttyS1 && attribute_is meter0/source tty && attribute_is meter0/state locked
result port_and_source_say_where_the_meter_is

case $(readlink -f /sys/class/meter/meter0/device) in
*/ttyS1) true ;;
*) false ;;
esac
result meter_is_a_child_of_its_tty

# The same attach, without a word from anyone: another mode and another speed.
host-play $standard --baud 9600 --loop 18 &
player=$!
within 40 attribute_is meter0/type tic-standard
result attach_follows_a_change_of_mode_and_speed
wait $player
energy_is_that_of $standard
result capture_in_the_other_mode_arrives_in_sysfs

kill "$(pidof meterctl)"
within 10 no_meter
result ending_attach_ends_the_meter

meterctl attach --speed 115200 --wait 20 /dev/ttyS1 >/dev/null &
attach=$!
within 10 test -e /sys/class/meter/meter0
host-play $dsmr --baud 115200 --loop 3 --gap 200
wait $attach &&
	energy_is_that_of $dsmr
result capture_of_p1_arrives_in_sysfs
kill "$(pidof meterctl)"
within 10 no_meter
finish
