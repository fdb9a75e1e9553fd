# SPDX-License-Identifier: MIT
# What the tests of meterd in shell share.

# Starts meterd with the sections $1, for printf, and those of stdin; its state is kept from one to the next.
start()
{
	mkdir -p /tmp/state /run/meterd
	{
		printf '[daemon]\nstate = /tmp/state\nruntime = /run/meterd\ntimezone = Europe/Paris\n'
		printf "$1"
		cat
	} >/tmp/meterd.conf
	meterd --config /tmp/meterd.conf --foreground 2>>/tmp/meterd.log &
	meterd=$!
	within 20 meterctl status >/dev/null 2>&1
}

stop()
{
	kill $meterd
	wait $meterd
}

# The lines of the sources match the expression $1.
line_is()
{
	meterctl status --json | tr '{' '\n' | grep '"why"' | grep -q "$1"
}

# Behind what failed: what meterd says of it.
explain()
{
	[ $? -eq 0 ] && return
	tail -n 20 /tmp/meterd.log | sed 's/^/# /'
	meterctl status --json | sed 's/^/# /'
	false
}
