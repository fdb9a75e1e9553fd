#!/bin/sh
# SPDX-License-Identifier: MIT
# A line of a real GPIO controller, whose level the interrupt reads; the host drives it with slow characters.
chip=9030000.pl061

. ./common.sh
if ! grep -q "$chip" /sys/kernel/debug/gpio 2>/dev/null || [ -z "$(find /lib/modules -name edges.ko)" ]; then
	printf 'TAP version 13\n1..0 # SKIP no GPIO controller that the host drives\n'
	exit 4
fi
echo "TAP version 13"
echo "1..5"

statistic_is_over()
{
	[ "$(cat "/sys/class/meter/meter0/statistics/$1")" -gt "$2" ]
}

interrupts_are_over()
{
	[ "$(sed -n 's/^ *[0-9]*: *\([0-9]*\).* meterline$/\1/p' /proc/interrupts)" -gt "$1" ]
}

modprobe meterline
modprobe edges chip=$chip offset=1 speed=1200
within 10 attribute_is meter0/port $chip/1 && attribute_is meter0/source gpio
result line_of_the_controller_is_a_meter

within 30 interrupts_are_over 100
result edges_from_outside_make_interrupts

within 30 statistic_is_over bytes 20
result slow_characters_come_through

echo "# $(cat /sys/class/meter/meter0/statistics/bytes) characters, framing $(
	cat /sys/class/meter/meter0/statistics/uart_framing), lost $(cat /sys/class/meter/meter0/statistics/uart_overruns)"
attribute_is meter0/type unknown && attribute_is meter0/statistics/telegrams 0
result what_no_meter_sends_makes_no_value

rmmod edges && within 10 no_meter && rmmod meterline
result line_goes_while_edges_come
finish
