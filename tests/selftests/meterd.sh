#!/bin/sh
# SPDX-License-Identifier: MIT
# meterd and the kernel's meters: as they come and go, and what it says of them.
# timeout: 240
. ./common.sh
. ./common-meterd.sh
echo "TAP version 13"
if [ ! -e /proc/net/tcp ]; then
	echo "1..0 # SKIP this kernel has no TCP/IP for meterd's HTTP"
	exit 4
fi
echo "1..16"

house='[meter 041876097767]\nname = house\n'

# A pty with a simulated meter; its path in $tty.
simulate()
{
	rm -f /tmp/tty
	meterctl simulate linky-standard --number 041876097767 "$@" --pty >/tmp/tty 2>/tmp/simulate.log &
	simulator=$!
	within 10 test -s /tmp/tty || cat /tmp/simulate.log
	tty=$(cat /tmp/tty)
}

unplug()
{
	kill $simulator
	wait $simulator
}

page()
{
	wget -q -O - 2>/dev/null "http://127.0.0.1:8087$1"
}

has_power()
{
	page /meters/house | grep -q '"state":"connected".*"power_apparent_import":[0-9]'
}

gaps()
{
	page /metrics | sed -n 's/^meter_telegrams_total{source="kernel",result="gap"} //p'
}

rmmod meterline 2>/dev/null
start "$house" <<END
[source kernel]
type = kernel
END
line_is '"silent".*modprobe meterline'
explain
result without_the_module_meterd_says_what_to_type

modprobe meterline
simulate
meterctl attach --wait 20 "$tty" >/dev/null
within 10 has_power
explain
result an_attached_meter_is_on_http

page /meters/house | grep -q '"meter":"041876097767"' && page '/ledger?meter=house&period=day' | grep -q '"register":"energy_import"'
explain
result its_ledger_is_on_http

kill -STOP $simulator
within 40 attribute_is meter0/state stale && within 10 line_is '"silent".*no longer come on pts'
explain && kill -CONT $simulator && within 10 has_power
explain
result a_meter_that_falls_silent_is_told

unplug
within 2 line_is '"what":"meter0","state":"silent".*it is gone'
explain
result an_unplugged_meter_is_told_at_once

page /meters/house | grep -q '"state":"silent"'
explain
result an_unplugged_meter_is_silent_on_http

simulate
meterctl attach --wait 20 "$tty" >/dev/null
within 10 has_power && same meters "$(page /meters | grep -o '"name"' | wc -l)" 1
explain
result a_replugged_meter_keeps_its_name

unplug
within 10 no_meter && within 10 rmmod meterline
explain
result meterd_does_not_hold_the_module

modprobe meterline
simulate
meterctl attach --wait 20 "$tty" >/dev/null
within 10 has_power
explain
result a_reloaded_module_is_found_again
unplug
within 10 no_meter

simulate --speed max
meterctl attach --wait 20 "$tty" >/dev/null
within 20 has_power
gaps_before=$(gaps)
kill -STOP $meterd
before=$(cat /sys/class/meter/meter0/statistics/telegrams)
twenty_more()
{
	[ "$(cat /sys/class/meter/meter0/statistics/telegrams)" -gt $((before + 20)) ]
}
within 30 twenty_more
kill -CONT $meterd
counted()
{
	[ "$(gaps)" -gt "$gaps_before" ]
}
within 10 counted && within 10 has_power
explain
result an_overtaken_reader_counts_a_gap_and_goes_on
unplug
within 10 no_meter

simulate
meterctl attach --wait 20 "$tty" >/dev/null
within 10 has_power
stop
same "exit code" $? 0
explain
result meterd_ends_cleanly_beside_a_meter

# The telegrams that the kernel has kept are read again, and count once.
start "$house" <<END
[source kernel]
type = kernel
END
within 10 has_power
same meters "$(page /meters | grep -o '"name"' | wc -l)" 1 && line_is '"gaps":0'
explain
result a_restarted_meterd_reads_what_the_kernel_kept
stop

mkdir -p /tmp/nobody
chown nobody /tmp/nobody
printf '[daemon]\nstate = /tmp/nobody\nruntime = /tmp/nobody\ntimezone = Europe/Paris\n[source kernel]\ntype = kernel\n' >/tmp/nobody.conf
su -s /bin/sh nobody -c 'meterd --config /tmp/nobody.conf --foreground' 2>>/tmp/meterd.log &
refused()
{
	grep -q 'refused.*group meter' /tmp/meterd.log
}
within 20 refused
explain
result without_permission_the_line_is_refused_with_a_sentence
kill "$(pidof meterd)"
wait $!
unplug
within 10 no_meter

if [ -e /dev/ttyS1 ] && command -v host-play >/dev/null; then
	start "$house" <<END
[source kernel]
type = serial
device = /dev/ttyS1
END
	host-play vectors/tic-historique-hc.bin --baud 1200 --loop 12 &
	within 60 line_is '"connected".*tic-historique.*1200 bit/s'
	explain
	result a_plain_tty_is_read_at_the_speed_that_is_found
	host-play --stop
	wait $!
	stop

	meterctl attach /dev/ttyS1 2>/dev/null &
	attach=$!
	within 10 test -e /sys/class/meter/meter0
	start "$house" <<END
[source kernel]
type = serial
device = /dev/ttyS1
END
	within 10 line_is '"refused".*type = kernel'
	explain
	result a_tty_that_the_kernel_reads_is_refused_with_a_sentence
	kill $attach
	within 30 line_is '"silent".*it is open'
	explain
	result a_tty_that_is_free_again_is_taken
	stop
else
	for name in a_plain_tty_is_read_at_the_speed_that_is_found \
		a_tty_that_the_kernel_reads_is_refused_with_a_sentence a_tty_that_is_free_again_is_taken; do
		skip $name "no UART that the host can drive"
	done
fi
finish
