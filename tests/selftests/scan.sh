#!/bin/sh
# SPDX-License-Identifier: MIT
# meterctl scan on real ports: which it lists, which it opens, what it hears, how it leaves them.
# timeout: 240
if [ ! -e /dev/ttyS1 ] || ! command -v host-play >/dev/null; then
	printf 'TAP version 13\n1..0 # SKIP no UART that the host can drive\n'
	exit 4
fi
. ./common.sh
echo "TAP version 13"
echo "1..9"

# The devices of the ports in /tmp/scan.
listed()
{
	grep '^/' /tmp/scan | cut -d ' ' -f 1 | tr '\n' ' '
}

# What scan says that ttyS1 carries while the host plays, without its counts.
carries()
{
	host-play "$@" &
	player=$!
	meterctl scan --seconds 40 /dev/ttyS1 >/tmp/scan
	status=$?
	host-play --stop
	wait $player
	sed -n 's/^  carries  \(.*\), [a-z0-9]*-[0-9a-f]*:.*/\1/p' /tmp/scan
	return $status
}

explain()
{
	[ $? -eq 0 ] && return
	sed 's/^/# /' /tmp/scan
	false
}

times_opened()
{
	[ "$(grep -c opened /tmp/opened)" = "$1" ]
}

./watch_opens /dev/ttyS1 >/tmp/opened &
watcher=$!
within 10 grep -q watching /tmp/opened
: </dev/ttyS1
within 10 times_opened 1
result opening_is_seen_by_the_test

meterctl scan >/tmp/scan && same ports "$(listed)" "/dev/ttyS0 /dev/ttyS1 /dev/ttyS2 /dev/ttyS3 "
explain
result ports_that_exist_are_listed

grep -q "used by .*the kernel's console" /tmp/scan && grep -q 'used by .*init (process 1)' /tmp/scan
explain
result console_and_processes_are_named_as_users

times_opened 1
result a_bare_scan_opens_nothing
kill $watcher

stty 4800 icanon hupcl </dev/ttyS1
before=$(stty -a </dev/ttyS1 2>/dev/null | tr '\n' ' ' | sed 's/ hupcl/ -hupcl/')
same carries "$(carries vectors/tic-historique-base-7e1.bin --baud 1200 --loop 20)" \
	"tic-historique at 1200 bit/s, 7E1" && grep -q ' 0 damaged; [0-9]* framing errors' /tmp/scan
explain
result speed_and_parity_are_found_and_framing_errors_counted

same settings "$(stty -a </dev/ttyS1 2>/dev/null | tr '\n' ' ')" "$before" && echo "$before" | grep -q 'speed 4800 baud.* -hupcl'
result settings_are_restored_but_for_hupcl

same carries "$(carries vectors/p1-dsmr5.bin --baud 115200 --loop 80 --gap 200)" "p1 at 115200 bit/s, 8N1"
explain
result p1_is_found_at_its_speed

# What a rule of udev leaves in its database.
mkdir -p /run/udev/data
printf 'I:1\nE:METERLINE=1\nE:ID_PATH=platform-serial8250\n' >/run/udev/data/c4:65
host-play vectors/tic-standard.bin --baud 9600 --loop 30 &
player=$!
meterctl scan >/tmp/scan &&
	grep -q 'carries .*tic-standard at 9600 bit/s' /tmp/scan && grep -q 'keep it .*a udev rule has it' /tmp/scan
explain
result a_port_that_udev_marks_is_listened_to
host-play --stop
wait $player
rm -r /run/udev

modprobe meterline
meterctl attach --speed 1200 /dev/ttyS1 2>/dev/null &
within 10 test -e /sys/class/meter/meter0
meterctl scan /dev/ttyS1 >/tmp/scan
same "exit code" $? 2 && grep -q 'used by .*the kernel as meter0' /tmp/scan && ! grep -q carries /tmp/scan
explain
result a_port_that_the_kernel_reads_is_not_listened_to
kill "$(pidof meterctl)"
within 10 no_meter
finish
