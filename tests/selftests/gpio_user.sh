#!/bin/sh
# SPDX-License-Identifier: MIT
# clock: virtual
# timeout: 240
# GPIO lines from user space, where the kernel has them: a meter that is read by its edges without the kernel module,
# and the lines that meterctl attach and meterd hold.
. ./common.sh
. ./common-meterd.sh
echo "TAP version 13"
echo "1..11"

config=/sys/kernel/config
quiet='[http]\nlisten = off\n'

reading='a_real_capture_on_a_gpio_comes_through_without_loss a_line_that_is_read_is_in_use noise_on_a_gpio_is_counted
	decode_reads_a_gpio_as_it_reads_the_recording a_line_that_was_let_go_is_free'
lines='request_is_high_while_attached led_flashes_with_telegrams attach_has_no_privilege_left request_is_let_go_to_high_impedance
	request_is_high_while_meterd_reads request_of_meterd_is_let_go_to_high_impedance'

rmmod meterline 2>/dev/null
if modprobe edges baud=1200 2>/dev/null && [ -e /dev/gpiochip0 ]; then
	capture=/corpus/tic/pyteleinfo-captured-frames
	[ -e $capture.bin ] || capture=/vectors/tic-historique-tempo
	count=$(wc -l <$capture.expected.ndjson)
	start "$quiet" <<-END
	[source attic]
	type = gpio
	line = edges:0
	END
	cat $capture.bin >/sys/kernel/debug/edges/play
	within 10 line_is "\"connected\",.*at 1200 bit/s.*\"telegrams\":$count,.*\"framing\":0,\"lost_edges\":0,\"glitches\":0"
	explain
	result a_real_capture_on_a_gpio_comes_through_without_loss

	meterctl decode --gpio edges:0 2>&1 | grep -q 'edges:0 is in use by meterd'
	result a_line_that_is_read_is_in_use

	# Pulses too short for a bit, then a line that is low for longer than a character.
	echo 400 250000 >/sys/kernel/debug/edges/toggle
	echo 20 12000000 >/sys/kernel/debug/edges/toggle
	within 10 line_is "\"telegrams\":$count,.*\"framing\":[1-9]"
	explain
	result noise_on_a_gpio_is_counted
	stop

	meterctl decode --gpio edges:0 >/tmp/decoded 2>/tmp/decode.log &
	decode=$!
	# Another decode would take the line when this one has not yet.
	within 10 grep -q '|meterctl' /sys/kernel/debug/gpio
	cat $capture.bin >/sys/kernel/debug/edges/play
	meterctl decode $capture.bin >/tmp/expected 2>/dev/null
	within 10 cmp -s /tmp/expected /tmp/decoded
	kill -INT $decode
	wait $decode
	cmp /tmp/expected /tmp/decoded && grep -q 'framing_bad=0 edges_lost=0 glitches=0' /tmp/decode.log
	result decode_reads_a_gpio_as_it_reads_the_recording
	rmmod edges
	result a_line_that_was_let_go_is_free
else
	rmmod edges 2>/dev/null
	for name in $reading; do
		skip $name "this kernel has no GPIOs"
	done
fi

if modprobe gpio-sim 2>/dev/null && { [ -d $config/gpio-sim ] || mount -t configfs none $config; }; then
	mkdir -p $config/gpio-sim/board/bank
	echo 8 >$config/gpio-sim/board/bank/num_lines
	echo board >$config/gpio-sim/board/bank/label
	echo 1 >$config/gpio-sim/board/live
	sim=/sys/devices/platform/$(cat $config/gpio-sim/board/dev_name)/$(cat $config/gpio-sim/board/bank/chip_name)

	# Line $1 has the level $2, whoever drives it.
	is_level()
	{
		[ "$(cat "$sim/sim_gpio$1/value")" = "$2" ]
	}
	# Nobody drives line $1: it goes where it is pulled.
	is_free()
	{
		echo pull-up >"$sim/sim_gpio$1/pull" && is_level "$1" 1 && echo pull-down >"$sim/sim_gpio$1/pull" && is_level "$1" 0
	}

	modprobe meterline
	meterctl simulate dsmr5 --pty >/tmp/tty &
	simulator=$!
	within 10 test -s /tmp/tty
	tty=$(cat /tmp/tty)

	is_level 3 0 && meterctl attach --wait 20 --request board:3 --led board:4 "$tty" >/dev/null && is_level 3 1 &&
		echo pull-down >"$sim/sim_gpio3/pull" && is_level 3 1
	result request_is_high_while_attached

	within 5 is_level 4 1 && within 5 is_level 4 0 && within 5 is_level 4 1
	result led_flashes_with_telegrams

	attach=$(pidof meterctl | tr ' ' '\n' | grep -vx $simulator)
	same user "$(sed -n 's/^Uid:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$attach/status")" 65534 &&
		same capabilities "$(sed -n 's/^CapPrm:[^0-9]*//p' "/proc/$attach/status")" 0000000000000000
	result attach_has_no_privilege_left

	kill "$attach"
	within 10 no_meter && is_free 3 && is_free 4
	result request_is_let_go_to_high_impedance

	start "$quiet" <<-END
	[source attic]
	type = serial
	device = $tty
	request = board:3
	END
	within 10 line_is '"connected"' && is_level 3 1
	explain
	result request_is_high_while_meterd_reads

	meterctl source attic off >/dev/null
	is_free 3
	explain
	result request_of_meterd_is_let_go_to_high_impedance
	stop
	kill $simulator
	wait $simulator
	rmmod meterline
	echo 0 >$config/gpio-sim/board/live
	rmdir $config/gpio-sim/board/bank $config/gpio-sim/board
else
	for name in $lines; do
		skip $name "this kernel has no gpio-sim"
	done
fi
finish
