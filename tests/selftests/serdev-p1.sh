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
	[ "$(cat /sys/class/meter/meter0/fields/energy_import_wh 2>/dev/null)" = "$(expected_energy /$capture)" ]
}

modprobe meterline
within 5 test -e /dev/meter0 && request_is hi
result nothing_is_requested_while_nobody_reads

same source "$(cat /sys/class/meter/meter1/source)" gpio && same port "$(cat /sys/class/meter/meter1/port)" pinctrl-bcm2835/22 &&
	grep -q "GPIO22 .*|rx .* in .*IRQ ACTIVE LOW" /sys/kernel/debug/gpio
result gpio_of_another_meter_is_bound_as_its_overlay_says

exec 8</dev/meter0
within 5 request_is lo
result opening_the_device_requests_data

exec 7</dev/meter0 8<&-
host-play $capture --baud 115200 --gap 300 && within 10 attribute_is meter0/state locked && shows_end &&
	same type "$(cat /sys/class/meter/meter0/type)" p1 && request_is lo
result capture_arrives_at_the_speed_that_p1_has_today

exec 7<&-
within 5 request_is hi
result closing_the_device_for_the_last_time_ends_the_request

echo serial0-0 >/sys/bus/serial/drivers/meterline/unbind && rmmod meterline && no_meter
result module_goes_with_nothing_bound
finish
