#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make install` in a small Debian with systemd and udev; then USB adapters with meters behind them come and go."""
import functools
import pathlib
import platform
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "meterd"))

from harness import *  # noqa: E402,F403
import harness  # noqa: E402
from system import Adapter, Failed, System  # noqa: E402

CYCLES = 50
HOUSE, SHOP = "041876097767", "021876097768"
USB = "pci-0000:00:02.0-usb-0"
RULES = "/etc/udev/rules.d/50-local.rules"

# What is there, but for what runs, what is logged and what is built; and who.
LISTING = (r"(find / -xdev \( -path /tmp -o -path /src -o -path /var/log -o -path /vm -o -path '/run/*'"
	   r" -o -path '/usr/lib/*-linux-gnu' \) -prune -o"
	   r" -printf '%p %M %u %g\n' | sort; cat /etc/passwd /etc/group /etc/shadow /etc/gshadow)")


def meter_id(number):
	"""tic- and the CRC-32 of the number: see Documentation/ABI"""
	return f"tic-{zlib.crc32(number.encode()):08x}"


def by_id(number):
	return f"/dev/meter/by-id/{meter_id(number)}"


def by_path(port):
	return f"/dev/meter/by-path/{USB}:{port}:1.0-port0"


def meter(number):
	return lambda count: tic_historique(number=number, base=1000 + count, papp=500 + count % 100)


def adapter(port, serial, number):
	a = Adapter(system(), port, serial, meter(number))
	harness._own(a)
	return a


@functools.lru_cache
def system():
	"""Booted, with everything installed from a copy of the project, as a person would do it."""
	try:
		with shared():
			s = System()
			harness._own(s)
	except Exception as error:
		print(f"Bail out! {error!r}", flush=True)
		sys.exit(1)
	# Once, as on any Debian, so that the copies of these files that have a "-" behind their names are there.
	s.run("systemd-sysusers; mkdir -p /boot/firmware/overlays /src/build/dtbs; echo >/src/build/dtbs/meterline-uart0.dtbo")
	s.run(f"{LISTING} >/tmp/before")
	s.said = s.run("cd /src && make install 2>&1", 120)
	return s


def wait_for(*names):
	system().run(f"udevadm wait --timeout=30 {' '.join(names)}")


def wait_gone(*names):
	system().run(f"udevadm wait --removed --timeout=30 {' '.join(names)}")


def leads_to(name):
	return system().run(f"readlink -f {name}")


def unplug(*adapters):
	for a in adapters:
		a.unplug()
	wait_gone(*(by_path(a.port) for a in adapters))


def attached():
	"""The ports that a service reads."""
	return " ".join(re.findall(r"meterline-attach@(\w+)\.service", system().run(
		"systemctl list-units --plain --no-legend 'meterline-attach@*.service'")))


def opt_in(rule):
	system().run(f"""printf '%s\\n' '{rule}' >{RULES}; udevadm control --reload;
		     udevadm trigger --settle --subsystem-match=tty --sysname-match="ttyUSB*" """)



@promise
def make_install_says_what_it_did_and_what_to_do():
	said = system().said
	for words in ("the module is installed for Linux", "overlays are in /boot/firmware/overlays", "config.txt"):
		if words not in said:
			raise AssertionError(said)
	system().run("test -e /boot/firmware/overlays/meterline-uart0.dtbo && meterctl --version && modinfo meterline")
	equal(system().run("id -nG meterd"), "meterd dialout meter", "groups of meterd")


@promise
def an_adapter_that_matches_no_rule_is_never_opened():
	before = system().opened()
	stranger = adapter(1, "A1", HOUSE)
	stranger.plug()
	wait_for("/dev/ttyUSB0")
	system().run("udevadm settle")
	equal(attached(), "", "services")
	equal(system().run("udevadm info -q property --property=ID_MM_PORT_IGNORE --value /dev/ttyUSB0"), "", "word for modem programs")
	equal(system().opened() - before, 0, "how often it was opened")
	# What opening would look like.
	system().run(": </dev/ttyUSB0")
	equal(system().opened() > before, True, "that opening is seen")
	stranger.unplug()
	wait_gone("/dev/ttyUSB0")


@promise
def a_port_is_opted_in_by_its_path_while_it_is_plugged_in():
	one, other = adapter(1, "A1", HOUSE), adapter(2, "A2", SHOP)
	one.plug()
	other.plug()
	wait_for("/dev/ttyUSB0", "/dev/ttyUSB1")
	opt_in(f'SUBSYSTEM=="tty", ENV{{ID_PATH}}=="{USB}:2:1.0", ENV{{METERLINE}}="1", SYMLINK+="teleinfo"')
	wait_for(by_id(SHOP))
	equal(leads_to(by_path(2)), leads_to(by_id(SHOP)), "the meter by its path")
	equal(leads_to("/dev/teleinfo"), f"/dev/{attached()}", "the name of one's own")
	equal(len(attached().split()), 1, "ports that are read")
	unplug(other)
	one.unplug()
	wait_gone("/dev/ttyUSB0")


@promise
def the_same_meter_in_another_port_has_the_same_name():
	opt_in('SUBSYSTEM=="tty", ENV{ID_SERIAL_SHORT}=="A1", ENV{METERLINE}="1"')
	house = adapter(1, "A1", HOUSE)
	house.plug()
	wait_for(by_id(HOUSE))
	equal(leads_to(by_path(1)), leads_to(by_id(HOUSE)), "the meter by its path")
	unplug(house)
	house.plug(3)
	wait_for(by_id(HOUSE))
	equal(leads_to(by_path(3)), leads_to(by_id(HOUSE)), "the meter by its path")
	equal(system().run("ls /dev/meter/by-id /dev/meter/by-path").split()[1::2], [meter_id(HOUSE), by_path(3).split("/")[-1]], "names")
	unplug(house)


@promise
def readers_that_sleep_learn_that_the_meter_is_gone():
	house = adapter(1, "TINFO-2000", HOUSE)
	house.plug()
	wait_for(by_id(HOUSE))
	system().run(f"(cat {by_id(HOUSE)} >/dev/null 2>/tmp/cat & echo $! >/tmp/cat.pid) 2>/dev/null")
	system().run(f"(meterctl watch --json --until-gone {meter_id(HOUSE)} >/tmp/shown 2>/tmp/watch; echo $? >>/tmp/watch) &")
	system().run("until [ -s /tmp/shown ] && grep -q meter /proc/$(cat /tmp/cat.pid)/stack; do sleep 0.1; done")
	unplug(house)
	system().run("until [ -s /tmp/cat ] && grep -q '^[0-9]' /tmp/watch; do sleep 0.1; done")
	equal(system().run("cat /tmp/cat").split(": ")[-1], "No such device", "what cat says")
	equal(system().run("tail -n 1 /tmp/watch"), "0", "exit code of meterctl watch --until-gone")


@promise
def two_meters_keep_their_names_when_their_adapters_are_swapped():
	house, shop = adapter(1, "TINFO-1", HOUSE), adapter(2, "TINFO-2", SHOP)
	house.plug()
	shop.plug()
	wait_for(by_id(HOUSE), by_id(SHOP))
	equal((leads_to(by_path(1)), leads_to(by_path(2))), (leads_to(by_id(HOUSE)), leads_to(by_id(SHOP))), "meters by their paths")
	unplug(house, shop)
	house.plug(2)
	shop.plug(1)
	wait_for(by_id(HOUSE), by_id(SHOP))
	equal((leads_to(by_path(2)), leads_to(by_path(1))), (leads_to(by_id(HOUSE)), leads_to(by_id(SHOP))), "meters by their paths")
	for number in (HOUSE, SHOP):
		equal(system().run(f"cat /sys/class/meter/$(basename {leads_to(by_id(number))})/serial"), number, "the number")
	unplug(house, shop)


@promise
def another_meter_on_the_same_line_gets_its_name_without_a_replug():
	line = adapter(1, "TINFO-1", HOUSE)
	line.plug()
	wait_for(by_id(HOUSE))
	line.telegram = meter(SHOP)
	wait_for(by_id(SHOP))
	wait_gone(by_id(HOUSE))
	unplug(line)


@promise
def the_service_has_one_capability_and_drops_it():
	house = adapter(1, "TINFO-1", HOUSE)
	house.plug()
	wait_for(by_id(HOUSE))
	status = dict(line.split(":\t") for line in system().run(
		"cat /proc/$(systemctl show -P MainPID meterline-attach@ttyUSB0)/status").splitlines())
	equal({name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd")},
	      dict(CapInh=0, CapPrm=0, CapEff=0, CapAmb=0, CapBnd=1 << 21), "capabilities")
	equal((status["NoNewPrivs"], "0" in status["Uid"].split()), ("1", False), "no new privileges, and root")
	for path, owner in ((by_id(HOUSE), "root:meter 640"), (f"/sys/class/meter/meter0/serial", "root:meter 440")):
		equal(system().run(f"stat -L -c '%U:%G %a' {path}"), owner, f"owner of {path}")
	unplug(house)


@promise
def meterd_as_a_service_sees_a_meter_come_and_go():
	system().run("systemctl enable --now meterd")
	house = adapter(1, "TINFO-1", HOUSE)
	house.plug()
	wait_for(by_id(HOUSE))
	system().run("until meterctl status | grep -q 'telegrams come'; do sleep 0.5; done")
	unplug(house)
	system().run("until meterctl status | grep -q 'it is gone'; do sleep 0.5; done")
	house.plug(2)
	wait_for(by_id(HOUSE))
	system().run("until meterctl status | grep -q 'telegrams come'; do sleep 0.5; done; systemctl stop meterd")
	unplug(house)


def iiod_shows(*numbers):
	for number in numbers:
		system().run(f"until meterctl list --uri ip:127.0.0.1 2>/dev/null | grep -q {meter_id(number)}; do sleep 0.2; done")


@promise
def an_iiod_that_runs_sees_a_meter_that_comes_later_and_is_left_alone_otherwise():
	house, shop = adapter(1, "TINFO-1", HOUSE), adapter(2, "TINFO-2", SHOP)
	# As at boot: there is no IIO before the first meter, when nothing has loaded the module.
	system().run("modprobe -qr meterline; modprobe -qr kfifo_buf; modprobe -qr industrialio; test ! -e /sys/bus/iio")
	wants = "/run/systemd/system/multi-user.target.wants"
	system().run(f"mkdir -p {wants}; ln -s /lib/systemd/system/iiod.service {wants}; systemctl daemon-reload; systemctl start iiod")
	equal(system().run("systemctl is-active iiod || :"), "inactive", "iiod without IIO")
	house.plug()
	iiod_shows(HOUSE)
	shop.plug()
	iiod_shows(HOUSE, SHOP)
	before = system().run("systemctl show -P MainPID iiod")
	system().run("systemctl start meterline-iiod")
	equal(system().run("systemctl show -P MainPID iiod"), before, "an iiod that knows its meters")
	system().run("systemctl kill -s KILL iiod; systemctl stop iiod; systemctl start meterline-iiod")
	equal(system().run("systemctl is-active iiod || :") in ("inactive", "failed"), True, "an iiod that was stopped stays so")
	system().run(f"rm {wants}/iiod.service; systemctl daemon-reload; systemctl reset-failed")
	unplug(house, shop)


def traces():
	"""What a life of an adapter could leave behind: {what: how many}"""
	words = system().run("""echo $(systemctl list-units --all --plain --no-legend 'meterline-attach@*' 'dev-*meter*' 'dev-*ttyUSB*' |
		wc -l) $(ls /run/udev/data | wc -l) $(ls /run/udev/links 2>/dev/null | wc -l) $(ls /sys/class/meter | wc -l)
		$(ls -d /dev/meter* /dev/ttyUSB* 2>/dev/null | wc -l) $(cat /sys/module/meterline/refcnt) $(ls /proc/1/fd | wc -l)""")
	return dict(zip(("units", "devices of udev", "links of udev", "meters", "nodes", "users of the module", "descriptors"),
			map(int, words.split())))


def free_kib():
	return int(system().run("echo 3 >/proc/sys/vm/drop_caches; awk '/MemAvailable/ { print $2 }' /proc/meminfo"))


@promise
def fifty_adapters_come_and_go_without_a_trace():
	house, shop = adapter(1, "TINFO-1", HOUSE), adapter(2, "TINFO-2", SHOP)
	before, free = traces(), free_kib()
	for _ in range(CYCLES // 2):
		house.plug()
		shop.plug()
		wait_for(by_id(HOUSE), by_id(SHOP))
		unplug(house, shop)
	wait_until(lambda: [(what, count) for what, count in traces().items() if count > before[what]] == [])
	lost = free - free_kib()
	note(f"{lost} KiB less are free")
	if lost > 100 * CYCLES:
		raise AssertionError(f"{lost} KiB are lost")


@promise
def uninstall_leaves_nothing():
	system().run("systemctl enable meterline-attach@ttyUSB9")
	house = adapter(1, "TINFO-1", HOUSE)
	house.plug()
	wait_for(by_id(HOUSE))
	said = system().run("cd /src && make uninstall 2>&1", 120)
	if "accounts and configuration stay in /var/lib/meterd," not in said:
		raise AssertionError(said)
	system().run("test ! -e /sys/module/meterline && test ! -e /dev/meter0 && test -e /var/lib/meterd/ledger.db && id meterd")
	system().run(f"rm -r /var/lib/meterd {RULES} && cd /src && make uninstall 2>&1", 120)
	system().run("! id meterd 2>/dev/null")
	system().run(f"{LISTING} >/tmp/after; diff /tmp/before /tmp/after")


if platform.machine() != "x86_64":
	print("TAP version 13\n1..0 # SKIP the machine with USB is emulated with a kernel for amd64, which is not here")
	sys.exit(0)
run()
