#!/bin/sh
# SPDX-License-Identifier: MIT
# What one types on a machine with a meter on tty, with one on a P1 gateway, one on an M-Bus stick, and with a broker, and
# what one sees. Begins with the first telegram on its way; how the module is loaded and who plays the meter on tty is the caller's business.

tty=${METER_TTY:-/dev/ttyS1}
load=${METER_LOAD:-modprobe meterline}
meter=/sys/class/meter/meter0
failed=0

# The wget of busybox is the one that is always there.
wget()
{
	busybox wget "$@"
}

typed()
{
	printf '\n$ %s\n' "$*"
	eval "$*" || failed=1
}

# A capture of a real meter when there is one, else the simulator.
play()
{
	host-play corpus/tic/lains-linky_1P_standard_sample.bin --loop 100 2>/dev/null ||
		host-play simulate/linky-standard --loop 10
}

[ -n "$METER_TTY" ] || play &
typed "$load"
typed "meterctl attach --wait 20 $tty"
typed "ls $meter/fields"
typed "cat $meter/fields/energy_import_wh"
typed "sed '/^$/q' /dev/meter0"
typed "meterctl list"
typed "meterctl show meter0"
typed "meterctl watch --count 3 meter0"

# Another meter behind a gateway, one that pushes DLMS over M-Bus, and a capture of one more over the end of October.
demo=$(mktemp -d)
url=http://127.0.0.1:8087
export RUNTIME_DIRECTORY=$demo
cat >"$demo/meterd.conf" <<end
[daemon]
state = $demo
timezone = Europe/Paris

[source gateway]
type = tcp
host = localhost
port = 8088

[source swiss]
type = mbus
device = $demo/stick

[source autumn]
type = replay
path = $demo/autumn.p1

[mqtt]
port = 18830
end

fetch()
{
	wget -qO- "$url$1"
}

within_20_seconds()
{
	for i in $(seq 100); do
		eval "$1" >/dev/null 2>&1 && return
		sleep 0.2
	done
	echo "not within 20 seconds: $1"
	failed=1
}

# What the meter's own register counted between two instants, from what the simulator says that it sent.
counted()
{
	awk -F'"energy_import":' -v from="$1" -v to="$2" 'index($1, from) { f = $2 + 0 } index($1, to) { t = $2 + 0 }
		END { print f && t ? t - f : "nothing known" }' "$demo/autumn.json"
}

# Days of winter begin at 23:00 in UTC.
meterctl simulate belgium --number 1SIM0000000043 --start 2024-10-29T22:50:00Z --interval 300 --count 600 --speed max \
	--output "$demo/autumn.p1" --expect "$demo/autumn.json"
busybox nc -ll -p 8088 -e meterctl simulate belgium &
gateway=$!
meterctl simulate e450 --interval 2 --pty --link "$demo/stick" >/dev/null &
swiss=$!
typed "mosquitto -p 18830 2>/dev/null &"
broker=$!
typed "cat $demo/meterd.conf"
typed "meterd --config $demo/meterd.conf &"
meterd=$!
within_20_seconds "fetch /meters/gateway | grep '\"connected\".*\"energy_import\"'"
within_20_seconds "fetch /meters/swiss | grep '\"connected\".*\"energy_import\"'"
within_20_seconds "fetch /meters/autumn | grep '\"off\"'"
typed "meterctl status --socket $demo/control"
typed "wget -qO- $url/meters/gateway | sed 's/,\"fields\".*/}/'"
typed "meterctl simulate e450 --count 1 --speed max | meterctl explain - | tail -n 40"
typed "wget -qO- $url/meters/swiss | grep -o '\"protocol\".*' | cut -c 1-400"
typed "wget -qO- '$url/ledger?meter=autumn&period=day' | grep '\"energy_import\"'"
fetch "/ledger?meter=autumn&period=day" | grep '"2024-10-30T23:00:00Z".*"energy_import"' |
	grep -q "\"value\":$(counted 2024-10-30T23:00:00Z 2024-10-31T23:00:00Z),.*\"good\"" || failed=1
typed "wget -qO- '$url/ledger?meter=autumn&period=month' | grep '\"energy_import\"'"
fetch "/ledger?meter=autumn&period=month" |
	grep -q "\"energy_import\",\"value\":$(counted 2024-10-29T22:50:00Z 2024-10-31T23:00:00Z),.*\"partial\"" || failed=1

# What the broker has: the state, discovery for Home Assistant, what today and this month counted.
heard()
{
	typed "mosquitto_sub -p 18830 -C 1 -W 20 -t $1 | cut -c 1-400"
	mosquitto_sub -p 18830 -C 1 -W 20 -t "$1" | grep -q "$2" || failed=1
}

heard meter/bridge/state online
heard meter/gateway/availability online
heard meter/gateway '"state":"connected".*"energy_import"'
heard meter/swiss '"state":"connected".*"voltage_l3"'
heard meter/autumn/period '"yesterday":{"start":"2024-10-30T23:00:00Z","energy_import":'
heard homeassistant/device/meter_gateway/config '"dev_cla":"energy"'
kill $meterd $gateway $swiss
wait $meterd || failed=1
heard meter/bridge/state offline
kill $broker
typed "meterctl ledger check --file $demo/ledger.db"
rm -rf "$demo"
exit $failed
