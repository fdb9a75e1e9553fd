#!/bin/sh
# SPDX-License-Identifier: MIT
# Scripts that sleep until the power passes a limit.
. ./common.sh
echo "TAP version 13"
modprobe meterline
if [ ! -e /sys/bus/iio ]; then
	echo "1..0 # SKIP this kernel has no IIO"
	exit 4
fi
echo "1..8"

# A simulated meter, attached as meter0, with its total power in IIO.
simulate()
{
	rm -f /tmp/tty
	meterctl simulate linky-standard --pty >/tmp/tty 2>/tmp/simulate.log &
	simulator=$!
	within 10 test -s /tmp/tty || cat /tmp/simulate.log
	meterctl attach --wait 20 "$(cat /tmp/tty)" >/dev/null
	within 10 has_limits
}

has_limits()
{
	ls /sys/class/meter/meter0/iio:device*/events/*_rising_en >/dev/null 2>&1
}

enabled()
{
	cat /sys/class/meter/meter0/iio:device*/events/*_"$1"_en 2>/dev/null
}

is_enabled()
{
	[ "$(enabled "$1")" = 1 ]
}

# Ends with the exit code of the last one in the background.
code()
{
	wait $waiter
	same "exit code" $? "$1"
}

meterctl wait --above 1 meter0 2>/tmp/said
same "exit code" $? 1 && grep -q "no meter" /tmp/said
result without_a_meter_there_is_a_sentence

simulate
meterctl wait --above -1 --timeout 60 meter0 && meterctl wait --below 100000 --timeout 60 meter0
result a_power_that_is_beyond_the_limit_ends_the_wait

# Telegrams that are on their way are let through before.
kill -STOP $simulator
sleep 1
meterctl wait --above -1 meter0 &
waiter=$!
within 10 is_enabled rising && sleep 1 && kill -0 $waiter && kill -CONT $simulator && code 0
result it_sleeps_until_the_next_telegram
kill -CONT $simulator

meterctl wait --above 100000 --timeout 3 meter0 2>/tmp/said
same "exit code" $? 1 && grep -q "did not pass the limit within 3 s" /tmp/said && same enabled "$(enabled rising)" 0
result a_power_that_stays_before_the_limit_is_waited_for_until_the_time_is_up

meterctl wait --above 100000 meter0 &
waiter=$!
within 10 is_enabled rising && meterctl wait --below 1 meter0 2>/tmp/said
same "exit code" $? 2 && grep -q "one can at a time" /tmp/said
result a_second_one_is_refused_with_a_sentence

is_enabled rising && kill $waiter && code 1 && same enabled "$(enabled rising)" 0
result interrupted_it_leaves_no_limit

su -s /bin/sh nobody -c "meterctl wait --above 1 meter0" 2>/tmp/said
same "exit code" $? 2 && grep -q "only root" /tmp/said
result only_root_may_wait

meterctl wait --above 100000 meter0 2>/tmp/said &
waiter=$!
within 10 is_enabled rising && kill $simulator && code 1 && grep -q "meter0 is gone" /tmp/said
result of_a_meter_that_is_unplugged_it_says_so

wait
within 10 no_meter
finish
