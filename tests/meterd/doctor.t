#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""meterctl doctor on the files of systems that are made here: what it says of each, as a whole."""
from harness import *

DOCTOR = os.path.join(TOP, "build/tests/meterctl")
KERNEL = "6.12.34+rpt-rpi-v8"
GETTY_WANTS = "etc/systemd/system/getty.target.wants/serial-getty@ttyS0.service"
MINI = "/soc/serial@7e215040"
PL011 = "/soc/serial@7e201000"

# A system where nothing stands in the way.
GOOD = {
	"proc/sys/kernel/osrelease": KERNEL + "\n",
	"proc/cmdline": "console=tty1 root=/dev/mmcblk0p2 rootwait\n",
	"sys/class/tty/console/active": "tty1\n",
	"sys/module/meterline/version": "1\n",
	"usr/lib/udev/rules.d/60-meterline.rules": "",
	"etc/group": "dialout:x:20:anna\nmeter:x:990:meterd,anna\ngpio:x:997:anna\n",
	"etc/passwd": "anna:x:1000:1000:Anna:/home/anna:/bin/bash\n",
}

PI = {
	**GOOD,
	"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
	"proc/device-tree/aliases/serial0": PL011 + "\0",
	"proc/device-tree/aliases/serial1": MINI + "\0",
	f"proc/device-tree{PL011}/compatible": "arm,pl011\0arm,primecell\0",
	f"proc/device-tree{MINI}/compatible": "brcm,bcm2835-aux-uart\0",
	"boot/firmware/config.txt": "[all]\nenable_uart=1\ndtoverlay=disable-bt\n",
	"dev/serial0": ("ttyAMA0",),
	"dev/ttyAMA0": "",
	"dev/gpiochip0": "",
}

# As it comes out of the box, with enable_uart=1.
PI3 = {
	**PI,
	"proc/device-tree/model": "Raspberry Pi 3 Model B Plus Rev 1.3\0",
	"proc/device-tree/aliases/serial0": MINI + "\0",
	"proc/device-tree/aliases/serial1": PL011 + "\0",
	f"proc/device-tree{PL011}/bluetooth/compatible": "brcm,bcm43438-bt\0",
	"boot/firmware/config.txt": "[all]\r\nenable_uart=1\r\n",
	"dev/serial0": ("ttyS0",),
	"dev/ttyS0": "",
}

PI5 = {
	**PI,
	"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
	"proc/device-tree/aliases/serial0": "/axi/pcie@1000120000/rp1/serial@30000\0",
	"proc/device-tree/aliases/serial10": "/soc@107c000000/serial@7d001000\0",
	"proc/device-tree/axi/pcie@1000120000/rp1/serial@30000/compatible": "arm,pl011-axi\0",
	"boot/firmware/config.txt": "dtparam=uart0=on\n",
}

BLUETOOTH = """\
ttyS0: Bluetooth has the good UART (PL011), and pins 8 and 10 have the mini UART, which loses characters when the processor is busy
    write dtoverlay=disable-bt into /boot/firmware/config.txt, sudo systemctl disable hciuart, and restart (miniuart-bt instead keeps a slow Bluetooth)
"""
CLEAR = "nothing stands in the way\n"


def process(pid, name, opens=None, number=0):
	"""A process, with a port open, or as its controlling terminal"""
	files = {f"proc/{pid}/comm": name + "\n", f"proc/{pid}/stat": f"{pid} ({name}) S 1 {pid} {pid} {number} -1 0\n"}
	return {**files, f"proc/{pid}/fd/3": (opens,)} if opens else files


def meter(number, **attributes):
	base = {"state": "locked", "seen": "nothing", "port": "ttyAMA0", "source": "tty", "type": "tic-standard",
		"statistics__telegrams": "1000", "statistics__bytes": "900000"}
	return {f"sys/class/meter/meter{number}/{name.replace('__', '/')}": value + "\n"
		for name, value in {**base, **attributes}.items()}


def tree(files):
	"""A directory with files; a tuple is a link, None is no file"""
	root = Directory()
	for name, content in files.items():
		path = root / name
		if content is None:
			continue
		os.makedirs(os.path.dirname(path), exist_ok=True)
		if isinstance(content, tuple):
			os.symlink(content[0], path)
		else:
			with open(path, "wb") as f:
				f.write(content if isinstance(content, bytes) else content.encode())
	return root


def doctor(*arguments, user="anna"):
	done = subprocess.run([DOCTOR, "doctor", "--user", user, *map(str, arguments)], stdout=subprocess.PIPE,
			      stderr=subprocess.PIPE, text=True, timeout=60)
	equal(done.stderr, "", "stderr")
	return done.stdout, done.returncode


def says(files, expected, *arguments):
	root = tree(files)
	before = sorted(os.walk(root.path))
	equal(doctor("--root", root, *arguments), (expected, 1 if expected != CLEAR else 0), "what it says, and the exit code")
	equal(sorted(os.walk(root.path)), before, "the tree afterwards")


def finding(where, what, fix):
	return f"{where}: {what}\n    {fix}\n"


for name, files in {"pi_4": PI, "pi_5": PI5, "pc": GOOD}.items():
	@promise_named(f"nothing_stands_in_the_way_on_a_good_{name}")
	def _(files=files):
		says(files, CLEAR)


@promise
def a_pi_3_has_its_good_uart_at_bluetooth():
	says(PI3, BLUETOOTH)


@promise
def a_mini_uart_without_a_steady_clock_is_told():
	says({**PI3, "boot/firmware/config.txt": "#enable_uart=1\n"}, BLUETOOTH + finding(
		"ttyS0", "the speed of the mini UART follows the core clock, which nothing keeps steady",
		"write enable_uart=1 into /boot/firmware/config.txt, and restart"))


@promise
def where_telegrams_come_no_advice_is_given():
	says({**PI3, **meter(0, port="ttyS0")}, CLEAR)


@promise
def an_older_system_has_config_txt_elsewhere():
	files = {name.replace("boot/firmware", "boot"): content for name, content in PI3.items()}
	says(files, BLUETOOTH.replace("/boot/firmware", "/boot"))


@promise
def console_and_getty_are_told():
	says({**PI, "proc/cmdline": "console=ttyAMA0,115200 console=tty1\n", "sys/class/tty/console/active": "tty1 ttyAMA0\n",
	      **process(512, "agetty", "/dev/ttyAMA0"), **process(400, "systemd", "/dev/null")},
	     finding("ttyAMA0", "a login prompt reads it (agetty, process 512) and takes the meter's characters",
		     "sudo systemctl disable --now serial-getty@ttyAMA0 && sudo systemctl mask serial-getty@ttyAMA0") +
	     finding("ttyAMA0", "the kernel's console is there: it writes its messages to the meter's line",
		     r"sudo sed -i 's/console=\(serial0\|ttyAMA0\),[0-9]* *//' /boot/firmware/cmdline.txt, and restart"))


@promise
def a_console_on_a_uart_that_an_overlay_has_given_to_the_kernel_is_told():
	files = {**PI3, "dev/serial0": None, "dev/ttyS0": None, "dev/ttyAMA0": None,
		 f"proc/device-tree{PL011}/bluetooth/status": "disabled\0", f"proc/device-tree{PL011}/meter/compatible": "meterline,tic\0",
		 **meter(0, port="serial0", source="serdev")}
	says(files, CLEAR)
	says({**files, "sys/class/tty/console/active": "ttyAMA0 tty1\n"},
	     finding("ttyAMA0", "the kernel's console is there: it writes its messages to the meter's line",
		     r"sudo sed -i 's/console=\(serial0\|ttyAMA0\),[0-9]* *//' /boot/firmware/cmdline.txt, and restart"))


@promise
def a_bluetooth_that_is_switched_off_has_no_uart():
	says({**PI3, f"proc/device-tree{PL011}/bluetooth/status": "disabled\0"}, CLEAR)


@promise
def a_getty_is_found_by_its_terminal_where_its_files_cannot_be_seen():
	says({**PI, "sys/class/tty/ttyAMA0/dev": "204:64\n", **process(512, "agetty", number=204 << 8 | 64),
	      **process(513, "agetty", number=4 << 8 | 1)},
	     finding("ttyAMA0", "a login prompt reads it (agetty, process 512) and takes the meter's characters",
		     "sudo systemctl disable --now serial-getty@ttyAMA0 && sudo systemctl mask serial-getty@ttyAMA0"))


@promise
def an_enabled_getty_that_does_not_run_is_told_unless_it_is_masked():
	files = {**PI3, **meter(0, port="ttyS0"), GETTY_WANTS: ("/lib/systemd/system/serial-getty@.service",)}
	says(files, finding("ttyS0", "a login prompt reads it and takes the meter's characters",
			    "sudo systemctl disable --now serial-getty@ttyS0 && sudo systemctl mask serial-getty@ttyS0"))
	says({**files, "etc/systemd/system/serial-getty@ttyS0.service": ("/dev/null",)}, CLEAR)


@promise
def the_console_of_a_pc_is_told_for_the_port_that_is_named():
	files = {**GOOD, "sys/class/tty/console/active": "tty0 ttyS0\n", "dev/ttyS0": "", "dev/ttyS1": ""}
	says(files, CLEAR)
	says(files, CLEAR, "/dev/ttyS1")
	says(files, finding("ttyS0", "the kernel's console is there: it writes its messages to the meter's line",
			    "take console=ttyS0 out of GRUB_CMDLINE_LINUX in /etc/default/grub, sudo update-grub, and restart"), "/dev/ttyS0")


@promise
def modem_manager_and_others_are_told_but_not_our_own():
	files = {**GOOD, "dev/ttyUSB0": "", "dev/serial/by-id/usb-x": ("../../ttyUSB0",),
		 **process(601, "ModemManager", "/dev/ttyUSB0"), **process(602, "ser2net", "/dev/ttyUSB0"),
		 **process(603, "meterd", "/dev/ttyUSB0"), "run/meterd/control": "",
		 **process(604, "picocom"), "run/lock/LCK..ttyUSB0": "       604\n"}
	expected = {
		finding("ttyUSB0", "ModemManager (process 601) has it open",
			"let a udev rule give it METERLINE, which keeps ModemManager away ('meterctl scan /dev/ttyUSB0' writes it), "
			"or sudo systemctl disable --now ModemManager"),
		finding("ttyUSB0", "ser2net (process 602) has it open",
			"sudo fuser -v /dev/ttyUSB0 shows it; end it, and keep it from being started again"),
		finding("ttyUSB0", "picocom (process 604) has locked it",
			"sudo fuser -v /dev/ttyUSB0 shows it; end it, and keep it from being started again"),
	}
	# Processes have no order.
	out, code = doctor("--root", tree(files), "/dev/serial/by-id/usb-x")
	lines = out.splitlines(keepends=True)
	equal(({a + b for a, b in zip(lines[::2], lines[1::2])}, len(lines), code), (expected, 6, 1))
	says({**files, "proc/601/fd/3": ("/dev/ttyUSB1",), "proc/602/fd/3": None, "proc/604/comm": None, "proc/604/stat": None}, CLEAR,
	     "/dev/ttyUSB0")


@promise
def a_port_that_is_not_there_is_told():
	says(PI, finding("/dev/ttyAMA3", "there is no such port", "write enable_uart=1 into /boot/firmware/config.txt, and restart"), "ttyAMA3")
	says({**PI5, "dev/ttyAMA0": None, "dev/serial0": None, "boot/firmware/config.txt": ""},
	     finding("/dev/ttyAMA0", "there is no such port", "write dtparam=uart0=on into /boot/firmware/config.txt, and restart"), "/dev/ttyAMA0")
	says(GOOD, finding("/dev/ttyUSB0", "there is no such port", "plug it in; 'meterctl scan' lists those that are there"), "/dev/ttyUSB0")


@promise
def a_uart_that_the_device_tree_gives_away_is_told():
	says({**PI, f"proc/device-tree{PL011}/gnss/compatible": "u-blox,neo-6m\0"},
	     finding("ttyAMA0", "the device tree gives this UART to something else: gnss (u-blox,neo-6m)",
		     "take the dtoverlay that says so out of /boot/firmware/config.txt, and restart"))
	says({**PI, f"proc/device-tree{PL011}/meter/compatible": "meterline,tic\0"}, CLEAR)


# The module

UNLOADED = {**GOOD, "sys/module/meterline/version": None}
MODULES = f"lib/modules/{KERNEL}/"
WITHOUT = "(meterd can read serial ports without it)"


@promise
def a_module_that_is_not_loaded_is_told():
	says({**UNLOADED, MODULES + "updates/dkms/meterline.ko.xz": "", MODULES + "build/Makefile": ""},
	     finding("meterline", "the module is not loaded", "sudo modprobe meterline"))


@promise
def missing_headers_are_told_by_the_name_of_their_package():
	for release, model, package in ((KERNEL, "Raspberry Pi 4 Model B Rev 1.4", "linux-headers-rpi-v8"),
					("6.1.21-v7l+", "Raspberry Pi 4 Model B Rev 1.4", "raspberrypi-kernel-headers"),
					("6.12.57-amd64", None, "linux-headers-6.12.57-amd64")):
		says({**UNLOADED, "proc/sys/kernel/osrelease": release, "proc/device-tree/model": model},
		     finding("meterline", f"the headers of the running kernel {release} are missing, so the module cannot be built {WITHOUT}",
			     f"sudo apt install {package}"))


@promise
def a_module_of_another_kernel_is_told():
	says({**UNLOADED, MODULES + "build/Makefile": "", "lib/modules/6.6.31+rpt-rpi-v8/updates/dkms/meterline.ko.xz": "",
	      "var/lib/dkms/meterline/source": ""},
	     finding("meterline", f"the module is not built for the running kernel {KERNEL}, only for 6.6.31+rpt-rpi-v8 {WITHOUT}",
		     "sudo dkms autoinstall"))


@promise
def a_module_that_was_never_built_is_told_unless_meterd_does_without():
	files = {**UNLOADED, MODULES + "build/Makefile": ""}
	says(files, finding("meterline", f"the module is not built for the running kernel {KERNEL} {WITHOUT}",
			    "in the sources of meterline: make modules && sudo make install"))
	says({**files, **process(700, "meterd"), "run/meterd/control": ""}, CLEAR)


@promise
def secure_boot_is_told_for_a_module_that_is_not_signed():
	files = {**UNLOADED, MODULES + "updates/meterline.ko": b"\x7fELF" + bytes(100),
		 "sys/kernel/security/lockdown": "none [integrity] confidentiality\n"}
	says(files, finding(
		"meterline", f"Secure Boot is on, so the kernel loads signed modules only, and /{MODULES}updates/meterline.ko is not signed",
		"sudo mokutil --import /var/lib/dkms/mok.pub, restart and enroll it, then sudo dkms install --force meterline"))
	signed = {**files, MODULES + "updates/meterline.ko": bytes(100) + b"~Module signature appended~\n"}
	unlocked = {**files, "sys/kernel/security/lockdown": "[none] integrity confidentiality\n"}
	for other in (signed, unlocked):
		says(other, finding("meterline", "the module is not loaded", "sudo modprobe meterline"))


# Around it

@promise
def missing_groups_and_rules_are_told():
	says({**PI, "etc/group": "dialout:x:20:pi\nmeter:x:990:meterd\ngpio:x:997:pi\n", "usr/lib/udev/rules.d/60-meterline.rules": None},
	     finding("udev", "the rules of meterline are not installed, so there is no /dev/meter/by-id, and group meter cannot read meters",
		     "in the sources of meterline: sudo make install") +
	     "".join(finding("anna", f"is no member of group {group}, which may {what}", f"sudo usermod -aG {group} anna, then log in anew")
		     for group, what in (("meter", "read meters and ask meterd"), ("dialout", "open serial ports"), ("gpio", "use GPIO lines"))))
	says({**GOOD, "etc/group": "dialout:x:20:anna\n"}, finding("group meter", "there is no such group, so only root can read /dev/meterN",
								  "sudo systemd-sysusers"))


@promise
def a_primary_group_counts_and_a_name_that_only_begins_so_does_not():
	says({**GOOD, "etc/group": "meter:x:1000:annabel\n"}, CLEAR)
	says({**GOOD, "etc/group": "meter:x:990:annabel\n"}, finding(
		"anna", "is no member of group meter, which may read meters and ask meterd", "sudo usermod -aG meter anna, then log in anew"))


@promise
def meters_that_do_not_do_well_are_told():
	wiring = "check that the meter is wired to it and its customer port enabled (TIC: I1 and I2; P1: the data request line high)"
	lost = {"state": "searching", "statistics__telegrams": "0"}
	files = {**GOOD, **{f"dev/ttyUSB{i}": "" for i in range(8)},
		 **meter(0, port="ttyUSB0", state="stale"),
		 **meter(1, port="ttyUSB1", **lost, statistics__bytes="0"),
		 **meter(2, port="ttyUSB2", **lost, seen="garbage"),
		 **meter(3, port="ttyUSB3", **lost, seen="p1-encrypted"),
		 **meter(4, port="ttyUSB4", **lost, seen="hdlc"),
		 **meter(5, port="ttyUSB5", statistics__bad_checksum="60", statistics__bad_parity="41"),
		 **meter(6, port="ttyUSB6", type="p1", statistics__bad_checksum="11", statistics__uart_overruns="2"),
		 **meter(8, port="gpiochip0:17", source="gpio", statistics__uart_framing="500"),
		 **meter(7, port="ttyUSB7", statistics__bad_checksum="100", statistics__uart_overruns="1")}
	says(files,
	     finding("meter0 (ttyUSB0)", "telegrams came, and come no longer", "check the cable; a port that was taken away is found again by itself") +
	     finding("meter1 (ttyUSB1)", "not a byte came", wiring) +
	     finding("meter2 (ttyUSB2)", "garbage comes: a wrong speed, a damaged cable, or P1 without an inverter",
		     "attach it without --speed, or stop what reads it and 'sudo meterctl scan /dev/ttyUSB2', which recognises a wrong speed and an inverted cable") +
	     finding("meter3 (ttyUSB3)", "it sends encrypted P1", "ask the grid operator for the key, or to switch encryption off") +
	     finding("meter4 (ttyUSB4)", "it sends DLMS (hdlc), which the kernel does not read",
		     "take the kernel off it, and let meterd read it as type = mbus; 'meterctl scan' writes the lines") +
	     finding("meter5 (ttyUSB5)", "101 groups were damaged in 1000 telegrams",
		     "a shorter cable, or another resistor at the opto-coupler: at 9600 bit/s it must switch faster") +
	     finding("meter6 (ttyUSB6)", "11 telegrams were damaged in 1000 telegrams",
		     "a shorter cable, a pull-up of 1 to 10 kOhm at the data line, or a stronger inverter") +
	     finding("meter6 (ttyUSB6)", "the UART lost characters 2 times in 1000 telegrams",
		     "use the PL011 in place of the mini UART (dtoverlay=disable-bt), or take load off this machine") +
	     finding("meter8 (gpiochip0:17)", "500 characters without a stop bit in 1000 telegrams",
		     "a stronger pull-up (1 to 4.7 kOhm to 3.3 V), a shorter cable, or the parameter inverted of the overlay"))


@promise
def a_daemon_that_does_not_run_or_has_no_socket_is_told():
	configured = {**GOOD, "etc/meterd/meterd.conf": ""}
	says(configured, finding("meterd", "it is configured in /etc/meterd/meterd.conf, but does not run", "sudo systemctl enable --now meterd"))
	says({**configured, **process(700, "meterd")}, finding(
		"/run/meterd/control", "meterd runs, but has no socket there", "sudo systemctl restart meterd; 'journalctl -u meterd' tells more"))
	says({**configured, **process(700, "meterd"), "run/meterd/control": ""}, CLEAR)


@promise
def what_meterd_says_of_its_lines_is_told():
	meterd = Meterd("[source attic]\ntype = serial\ndevice = /nowhere/meter\n")
	found = json.loads(doctor("--json", "--socket", os.path.join(meterd.runtime, "control"))[0])
	equal([(f["where"], f["what"], f["fix"]) for f in found if f["where"].startswith("source")],
	      [("source attic (/nowhere/meter)", "silent, says meterd", "it is not there: is the adapter plugged in?")])
	meterd.stop()
	found = json.loads(doctor("--json", "--socket", "/nowhere/control")[0])
	equal([f["where"] for f in found if f["where"] == "/nowhere/control"], ["/nowhere/control"])


@promise
def a_port_that_is_named_is_listened_to():
	meter = Simulator("linky-standard", number="041876097767")
	found = json.loads(doctor("--json", meter.path)[0])
	equal([f for f in found if f["where"] == meter.path], [], "findings of a good line")
	master, slave = os.openpty()
	path = os.ttyname(slave)
	os.close(slave)
	found = json.loads(doctor("--json", "--seconds", 1, path)[0])
	equal([f["what"] for f in found if f["where"] == path],
	      ["it carries nothing: is the meter wired to it, and its customer port enabled?"])
	os.close(master)


@promise
def json_says_the_same():
	out, code = doctor("--json", "--root", tree(PI3))
	equal((["".join(finding(f["where"], f["what"], f["fix"])) for f in json.loads(out)], code), ([BLUETOOTH], 1))


@promise
def hostile_names_do_not_reach_the_terminal():
	out, _ = doctor("--root", tree({**GOOD, "dev/ttyUSB0": "", **process(601, "\x1b]0;x\x07", "/dev/ttyUSB0")}), "/dev/ttyUSB0")
	equal([c for c in out if ord(c) < 32 and c != "\n"], [])


run()
