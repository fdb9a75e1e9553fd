#!/bin/sh
# SPDX-License-Identifier: MIT
# dtoverlay=meterline-uart0,request_gpio=23
# A meter on the UART of a Raspberry Pi by device tree: TIC, whose speed the driver searches.
driver=/sys/bus/serial/drivers/meterline
device=serial0-0
historique=vectors/tic-historique-hc.bin
standard=vectors/tic-standard-all71.bin

if [ ! -e /sys/bus/serial/devices/$device/of_node/compatible ]; then
	printf 'TAP version 13\n1..0 # SKIP no UART that a device tree gives to a meter\n'
	exit 4
fi
. ./common.sh
echo "TAP version 13"
echo "1..10"

shows_end_of()
{
	[ "$(cat /sys/class/meter/meter0/fields/energy_import_wh 2>/dev/null)" = "$(expected_energy "/$1")" ]
}

request_is()
{
	grep -q "GPIO23 .*|request .* out $1" /sys/kernel/debug/gpio
}

plays()
{
	host-play "$1" --baud "$2" --loop 50 &
	within "$3" attribute_is meter0/state locked && within 10 attribute_is meter0/type "$4"
}

silence()
{
	host-play --stop
	wait
}

modprobe "$(cat /sys/bus/serial/devices/$device/modalias)" && [ -d /sys/module/meterline ]
result alias_of_the_device_loads_the_module

within 5 test -e /dev/meter0 && same source "$(cat /sys/class/meter/meter0/source)" serdev &&
	same port "$(cat /sys/class/meter/meter0/port)" uart0
result meter_is_there_without_a_process

case $(readlink -f /sys/class/meter/meter0) in
*/serial0/$device/meter/meter0) true ;;
*) false ;;
esac && [ ! -e /dev/ttyAMA0 ]
result meter_is_a_child_of_its_uart_which_is_no_tty

request_is hi
result data_request_line_is_held_while_the_driver_is_bound

plays $standard 9600 20 tic-standard && within 10 shows_end_of $standard
result speed_is_searched_until_the_meter_is_read

# Telegrams stop, and those of the other mode are noise at this speed.
silence
plays $historique 1200 5 tic-historique || within 60 attribute_is meter0/type tic-historique
within 20 shows_end_of $historique
result change_of_mode_and_speed_is_followed
same lost "$(cat /sys/class/meter/meter0/statistics/uart_overruns)" 0
silence

cat /dev/meter0 >/tmp/records 2>/tmp/reason &
reader=$!
within 5 test -s /tmp/records
echo $device >$driver/unbind
within 5 eval "! kill -0 $reader 2>/dev/null" && grep -q "No such device" /tmp/reason && no_meter && ! request_is hi
result unbinding_wakes_a_reader_and_takes_the_meter_away

echo $device >$driver/bind
within 5 test -e /sys/class/meter/meter0 && request_is hi && plays $historique 1200 20 tic-historique
result meter_comes_back_with_the_driver

# In the middle of telegrams.
cycles=0
while [ $cycles -lt 20 ] && echo $device >$driver/unbind && echo $device >$driver/bind; do
	cycles=$((cycles + 1))
done
same cycles $cycles 20 && within 20 attribute_is meter0/state locked
result line_may_be_unbound_while_bytes_come
silence

rmmod meterline && no_meter && [ -z "$(ls -d $driver 2>/dev/null)" ]
result module_goes_though_a_line_is_bound
finish
