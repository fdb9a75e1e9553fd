#!/bin/sh
# SPDX-License-Identifier: MIT
# dtoverlay=meterline-uart0,p1,request_gpio=23,request_active_low,request_while_open
# dtoverlay=meterline-gpio,gpio=22,inverted
# A meter on the UART of a Raspberry Pi by device tree: P1, of which data is requested while somebody reads; and
# beside it a GPIO that the device tree gives to another meter.
capture=vectors/p1-dsmr5.bin

if [ ! -e /sys/bus/serial/devices/serial0-0/of_node/compatible ]; then
	printf 'TAP version 13\n1..0 # SKIP no UART that a device tree gives to a meter\n'
	exit 4
fi
. ./common.sh
echo "TAP version 13"
echo "1..6"

# Low is active.
request_is()
{
	grep -q "GPIO23 .*|request .* out $1 .*ACTIVE LOW" /sys/kernel/debug/gpio
}

shows_end()
{
	[ "$(cat "/sys/class/meter/$meter/fields/energy_import_wh" 2>/dev/null)" = "$(expected_energy /$capture)" ]
}

# Drivers of the serial bus probe beside others, so the meters may come in any order.
meter_of()
{
	for directory in /sys/class/meter/*; do
		[ "$(cat "$directory/source" 2>/dev/null)" != "$1" ] || echo "${directory##*/}"
	done
}

two_meters()
{
	[ -n "$(meter_of serdev)" ] && [ -n "$(meter_of gpio)" ]
}

modprobe meterline
within 5 two_meters
meter=$(meter_of serdev)
within 5 test -c "/dev/$meter" && request_is hi
result nothing_is_requested_while_nobody_reads

same port "$(cat "/sys/class/meter/$(meter_of gpio)/port")" pinctrl-bcm2835/22 &&
	grep -q "GPIO22 .*|rx .* in .*IRQ ACTIVE LOW" /sys/kernel/debug/gpio
result gpio_of_another_meter_is_bound_as_its_overlay_says

exec 8<"/dev/$meter"
within 5 request_is lo
result opening_the_device_requests_data

exec 7<"/dev/$meter" 8<&-
host-play $capture --baud 115200 --gap 300 && within 10 attribute_is "$meter/state" locked && shows_end &&
	same type "$(cat "/sys/class/meter/$meter/type")" p1 && request_is lo
result capture_arrives_at_the_speed_that_p1_has_today

exec 7<&-
within 5 request_is hi
result closing_the_device_for_the_last_time_ends_the_request

echo serial0-0 >/sys/bus/serial/drivers/meterline/unbind && rmmod meterline && no_meter
result module_goes_with_nothing_bound
finish
