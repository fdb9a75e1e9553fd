#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""meterctl scan on ptys, and on a system of its own where ptys pass for the ports of this machine."""
import concurrent.futures
import ctypes
import fcntl
import functools
import termios
import tty

from harness import *
from harness import _own

SCAN = os.path.join(TOP, "build/tests/meterctl")
NUMBER = "041876097767"
IN_OPEN = 0x20


class Pty:
	"""A line with something at its end: what it is told to send, once it is opened. At another speed than its own
	it is noise."""

	def __init__(self, data=b"", settings=None, speed=None):
		self.speed = speed
		self.noise = random.Random(2).randbytes(200)
		self.master, slave = os.openpty()
		self.path = os.ttyname(slave)
		os.set_blocking(self.master, False)
		tty.setraw(slave)
		if settings:
			now = termios.tcgetattr(slave)
			settings(now)
			termios.tcsetattr(slave, termios.TCSANOW, now)
		os.close(slave)
		self.before = self.settings()
		self.watch = Watch(self.path)
		self.stopped = threading.Event()
		self.thread = threading.Thread(target=self.play, args=(data,), daemon=True)
		if data:
			self.thread.start()
		_own(self)

	def play(self, data):
		while not self.stopped.wait(0.01) and not self.watch.opened():
			pass
		at = 0
		while not self.stopped.is_set():
			try:
				if self.speed and self.settings()[4] != self.speed:
					os.write(self.master, self.noise)
				else:
					at = (at + os.write(self.master, data[at:at + 200])) % len(data)
			except BlockingIOError:
				pass
			self.stopped.wait(0.01)

	def settings(self):
		"""Those of the line: both ends have the same."""
		return termios.tcgetattr(self.master)

	def received(self):
		"""What was sent to it, by anyone."""
		try:
			return os.read(self.master, 4096)
		except OSError as e:
			# EIO: nobody has the near end open.
			equal(e.errno in (errno.EAGAIN, errno.EIO), True, "error of reading the far end")
			return b""

	def end(self):
		self.stopped.set()
		if self.thread.ident:
			self.thread.join()
		self.watch.end()
		os.close(self.master)


class Watch:
	"""Whether a file was opened since: inotify."""

	def __init__(self, path):
		libc = ctypes.CDLL(None, use_errno=True)
		self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
		if libc.inotify_add_watch(self.fd, path.encode(), IN_OPEN) < 0:
			raise AssertionError(f"{path} cannot be watched")

	def opened(self):
		try:
			return len(os.read(self.fd, 4096)) // 16
		except BlockingIOError:
			return 0

	def wait(self):
		wait_until(self.opened)

	def end(self):
		os.close(self.fd)


def scan(*arguments, **options):
	"""(its ports, exit code)"""
	out, err, code = meterctl_checked("scan", "--json", *arguments, **options)
	return json.loads(out), code


def meterctl_checked(*arguments, wrapper=(), environment=None):
	done = subprocess.run([*wrapper, SCAN, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			      env={**os.environ, **(environment or {})}, timeout=120, text=True)
	if SANITIZER.search(done.stderr):
		raise AssertionError(done.stderr)
	return done.stdout, done.stderr, done.returncode


def vector(name):
	with open(os.path.join(TOP, "tests/vectors", name), "rb") as f:
		return f.read()


# What is on a line

def x25(data):
	"""CRC-16/X-25 of HDLC"""
	fcs = 0xffff
	for byte in data:
		fcs ^= byte
		for _ in range(8):
			fcs = fcs >> 1 ^ (0x8408 if fcs & 1 else 0)
	return struct.pack("<H", fcs ^ 0xffff)


def hdlc():
	"""Frame format type 3, addresses, UI, its check sequence, and something behind it"""
	head = b"\xa0\x27\x41\x08\x83\x13"
	return b"\x7e" + head + x25(head) + bytes(range(0x80, 0xa0)) + b"\x7e"


READ = {
	"tic-historique-base": ("tic-historique", "8N1"),
	"tic-historique-base-7e1": ("tic-historique", "7E1"),
	"tic-standard": ("tic-standard", "8N1"),
	"p1-dsmr5": ("p1", "8N1"),
	"p1-dsmr22": ("p1", "7E1"),
	"tic-standard-damaged": ("tic-standard", "8N1"),
	"p1-dsmr5-damaged": ("p1", "8N1"),
}
FOREIGN = {
	"hdlc": hdlc(),
	"mbus": b"\x68\x20\x20\x68\x53\xff\x00" + bytes(range(0x80, 0xa0)) + b"\x16",
	"p1-encrypted": b"\xdb\x08SYSTITLE\x82\x01\x20\x30\x00\x00\x00\x01" + bytes(range(0x80, 0xf0)),
	"p1-inverted": bytes((~byte << 1 | 1) & 0xff for byte in vector("p1-dsmr5.bin")),
	"garbage": random.Random(1).randbytes(4000),
}


@functools.lru_cache
def scan_of_all():
	"""All of them in one scan: {name: what was heard}"""
	with shared():
		lines = {name: Pty(vector(f"{name}.bin")) for name in READ} | {name: Pty(data) for name, data in FOREIGN.items()}
	began = time.monotonic()
	ports, code = scan("--seconds", 30, *(line.path for line in lines.values()))
	equal((code, time.monotonic() - began < 30), (0, True), "exit code, and all at once")
	equal([p["port"] for p in ports], [line.path for line in lines.values()])
	return {name: p["heard"] for name, p in zip(lines, ports)}


for name in READ:
	@promise_named(f"{name.replace('-', '_')}_is_named_with_its_parity")
	def _(name=name):
		found = scan_of_all()[name]
		equal((found["carries"], found["parity"]), READ[name])
		equal(found["damaged"] > 0, "damaged" in name, "whether damage is told")
		equal(bool(re.fullmatch(r"(tic|p1)-[0-9a-f]{8}", found["id"])), True, "whether its id is told")
		equal("bit_per_s" in found, False, "whether a pty has a speed")

for name in FOREIGN:
	@promise_named(f"{name.replace('-', '_')}_is_named_though_it_is_not_read")
	def _(name=name):
		equal(scan_of_all()[name]["carries"], name)


@functools.lru_cache
def scan_of_dlms():
	"""What a person is told of meters that push DLMS, and the JSON of it: {name: (lines, port)}"""
	with shared():
		directory = Directory()
		with open(directory / "key", "w") as f:
			f.write('{"key": "00112233445566778899aabbccddeeff"}')
		data = {name: simulate(kind, count=3, start="2026-03-02T12:00:01Z", **more) for name, kind, more in (
			("blocks", "e450", {"number": NUMBER}), ("mbus", "t210", {"number": NUMBER}),
			("enciphered", "e570", {"key-file": directory / "key"}))}
		lines, again = ({name: Pty(sent) for name, sent in data.items()} for _ in range(2))
	with concurrent.futures.ThreadPoolExecutor() as pool:
		text = pool.submit(meterctl_checked, "scan", *(line.path for line in lines.values()))
		ports, code = scan(*(line.path for line in again.values()))
	equal(code, 0)
	return text.result()[0], dict(zip(again, ports)), lines


@promise
def meters_that_push_dlms_are_named_with_the_lines_to_write():
	text, ports, lines = scan_of_dlms()
	for name in ("blocks", "mbus"):
		found = ports[name]["heard"]
		equal((found["carries"], found["parity"], "udev_rule" in ports[name]), ("dlms", "8N1", False), name)
		assert re.fullmatch(r"dlms-[0-9a-f]{8}", found["id"]), found
		assert f"type = mbus\n               device = {lines[name].path}\n" in text, text
	assert NUMBER not in text, text
	assert "meterctl attach" not in text, text


@promise
def enciphered_dlms_is_named_with_the_key_that_it_wants():
	text, ports, lines = scan_of_dlms()
	found = ports["enciphered"]["heard"]
	equal((found["carries"], found["encrypted"]), ("hdlc", True))
	assert "it needs the key of the meter" in found["text"], found
	assert f"device = {lines['enciphered'].path}\n               key_file = " in text, text


@promise
def a_line_of_mbus_is_found_behind_the_speeds_of_text():
	line = Pty(simulate("e450", count=3, number=NUMBER), speed=termios.B2400)
	out, err, code = meterctl_checked("scan", line.path, environment={
		"LD_PRELOAD": os.path.join(TOP, "build/tests/uart_preload.so"), "ASAN_OPTIONS": "verify_asan_link_order=0"})
	assert re.search(r"carries  dlms at 2400 bit/s, 8E1, dlms-[0-9a-f]{8}: \d+ telegrams good", out), out
	assert "speed = 2400\n               parity = even\n" in out, out
	equal(code, 0)


@promise
def numbers_are_told_on_request_only():
	data = simulate("linky-standard", number=NUMBER, count=3)
	words = {(): False, ("--json",): False, ("--identity",): True, ("--identity", "--json"): True}
	with concurrent.futures.ThreadPoolExecutor() as pool:
		done = list(pool.map(lambda w: meterctl_checked("scan", *w, Pty(data).path), words))
	equal([(NUMBER in out + err, code) for out, err, code in done], [(told, 0) for told in words.values()])


@promise
def a_silent_line_is_told_within_the_time_given():
	began = time.monotonic()
	ports, code = scan("--seconds", 2, Pty().path)
	equal((code, ports[0]["heard"]["carries"], ports[0]["heard"]["bytes"]), (1, "nothing", 0))
	equal(2 <= time.monotonic() - began < 10, True, "within the time")


# What it does to a line

@promise
def nothing_is_ever_sent():
	line = Pty(vector("tic-historique-base.bin"))
	silent = Pty()
	equal(scan("--seconds", 7, line.path, silent.path)[1], 0, "exit code")
	equal((line.received(), silent.received()), (b"", b""), "what was sent")


def with_hupcl(now):
	now[2] |= termios.HUPCL


@promise
def settings_are_restored_but_for_hupcl():
	def odd(now):
		now[0] |= termios.ICRNL | termios.IXON
		now[2] |= termios.HUPCL | termios.PARENB
		now[3] |= termios.ICANON | termios.ISIG
		now[4] = now[5] = termios.B4800
	line = Pty(vector("tic-standard.bin"), odd)
	equal(line.before[2] & termios.HUPCL, termios.HUPCL, "HUPCL before")
	equal(scan(line.path)[1], 0, "exit code")
	after = line.settings()
	line.before[2] &= ~termios.HUPCL
	equal(after, line.before, "settings afterwards")


@promise
def settings_are_restored_when_it_is_interrupted():
	line = Pty(settings=with_hupcl)
	process = subprocess.Popen([SCAN, "scan", line.path], stdout=subprocess.PIPE, text=True)
	wait_until(lambda: not line.settings()[2] & termios.HUPCL)
	process.send_signal(signal.SIGINT)
	out = process.communicate(timeout=60)[0]
	line.before[2] &= ~termios.HUPCL
	equal((line.settings(), process.returncode), (line.before, 1))
	equal("nothing" in out, True, "what was heard until then is told")


@promise
def a_line_that_is_read_is_locked():
	line = Pty(settings=with_hupcl)
	process = subprocess.Popen([SCAN, "scan", "--seconds", "60", line.path], stdout=subprocess.DEVNULL)
	wait_until(lambda: not line.settings()[2] & termios.HUPCL)
	try:
		with open(line.path, "rb", buffering=0) as tty_file:
			fcntl.flock(tty_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
		raise AssertionError("it was not locked")
	except BlockingIOError:
		pass
	process.terminate()
	process.wait(60)


class Holder:
	"""A process that has a file open, and perhaps locked."""

	def __init__(self, path, lock=False):
		code = "import fcntl,os,sys\nfd=os.open(sys.argv[1],os.O_RDWR|os.O_NOCTTY)\n"
		code += "fcntl.flock(fd,fcntl.LOCK_EX)\n" if lock else ""
		self.process = subprocess.Popen([sys.executable, "-c", code + "print(flush=True)\nsys.stdin.read()", path],
						stdin=subprocess.PIPE, stdout=subprocess.PIPE)
		self.process.stdout.readline()
		_own(self)

	def end(self):
		self.process.kill()
		self.process.wait()
		self.process.stdin.close()
		self.process.stdout.close()


@promise
def a_port_in_use_is_not_opened_and_its_user_is_named():
	line = Pty()
	holder = Holder(line.path)
	line.watch.wait()
	ports, code = scan(line.path)
	equal((code, "heard" in ports[0], line.watch.opened()), (2, False, 0), "exit code, heard, times opened")
	equal([(u["by"], u["pid"]) for u in ports[0]["used_by"]], [("process", holder.process.pid)])
	holder.end()



# A system of its own: udev's database and sysfs are files, and ptys pass for ports.

# Runs the rest in a mount namespace with the tree $1: its sys and run, and each file of its dev bound over one of /dev.
ELSEWHERE = """
mount --bind /dev/pts "$1/pts" && mount --rbind "$1/sys" /sys && mount --bind "$1/run" /run || exit 9
mount -t tmpfs none /dev && mkdir /dev/pts && mount --bind "$1/pts" /dev/pts || exit 9
for link in "$1"/dev/*; do
	: >"/dev/${link##*/}"
	mount --bind "$(readlink "$link")" "/dev/${link##*/}" || exit 9
done
shift
exec "$@"
"""


class System:
	"""Ports that udev and sysfs know; none of them is there before one asks for it."""

	def __init__(self):
		if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode:
			raise Skip("no namespace for a /sys and a /dev of its own can be made here")
		self.root = Directory()
		for name in ("sys/class/tty", "sys/bus", "sys/dev/char", "run/udev/data", "dev", "pts"):
			os.makedirs(self.root / name)
		self.lines = {}

	def file(self, name, content):
		os.makedirs(os.path.dirname(self.root / name), exist_ok=True)
		with open(self.root / name, "w") as f:
			f.write(content)

	def port(self, name, minor, data=b"", usb=None, properties=(), links=(), type=None):
		"""A port with a line behind it; usb: attributes of its device"""
		device = "sys/devices/usb1/1-1" if usb else "sys/devices/pnp0/00:05"
		device = f"{device}.{minor}"
		path = f"{device}/tty/{name}"
		self.file(f"{path}/uevent", f"MAJOR=188\nMINOR={minor}\nDEVNAME={name}\n")
		self.file(f"{path}/dev", f"188:{minor}\n")
		self.file(f"{device}/uevent", "DEVTYPE=usb_device\n" if usb else "")
		os.symlink("/sys/bus/usb" if usb else "/sys/bus/pnp", self.root / f"{device}/subsystem")
		os.symlink("/sys/class/tty", self.root / f"{path}/subsystem")
		if type is not None:
			self.file(f"{path}/type", f"{type}\n")
		for attribute, value in (usb or {}).items():
			self.file(f"{device}/{attribute}", value + "\n")
		os.symlink(f"/{path}", self.root / f"sys/class/tty/{name}")
		os.symlink(f"/{path}", self.root / f"sys/dev/char/188:{minor}")
		self.file(f"run/udev/data/c188:{minor}", "I:1000\n" + "".join(f"E:{p}\n" for p in properties) + "".join(f"S:{l}\n" for l in links))
		self.lines[name] = Pty(data)
		os.symlink(self.lines[name].path, self.root / f"dev/{name}")

	def run(self, *arguments):
		wrapper = ["unshare", "--mount", "sh", "-c", ELSEWHERE, "sh", self.root.path]
		out, err, code = meterctl_checked("scan", *arguments, wrapper=wrapper, environment={"SYSTEMD_DEVICE_VERIFY_SYSFS": "0"})
		equal(err, "", "stderr")
		return out, code

	def opened(self):
		return {name for name, line in self.lines.items() if line.watch.opened()}


def system():
	s = System()
	good = vector("tic-standard.bin")
	s.port("ttyACM0", 0, good, {"manufacturer": "CH2i", "product": "uTinfo-V3.0", "serial": "TINFO-2201", "idVendor": "1a86", "idProduct": "55d4"},
	       ["METERLINE=1", "ID_PATH=pci-0000:00:14.0-usb-0:1:1.0"],
	       ["serial/by-path/pci-0000:00:14.0-usb-0:1:1.0", "serial/by-id/usb-CH2i_uTinfo-V3.0_TINFO-2201-if00"])
	s.port("ttyUSB0", 1, good, {"manufacturer": "FTDI", "product": "FT230X Basic UART", "serial": "D30ABCDE", "idVendor": "0403", "idProduct": "6015"},
	       ["ID_PATH=pci-0000:00:14.0-usb-0:2:1.0"], ["serial/by-id/usb-FTDI_FT230X_Basic_UART_D30ABCDE-if00-port0"])
	s.port("ttyUSB1", 2, good, {"manufacturer": "Silicon Labs", "product": "CP2102\x1b[2J", "serial": "0001", "idVendor": "10c4", "idProduct": "ea60"},
	       ["METERLINE=0", "ID_PATH=pci-0000:00:14.0-usb-0:3:1.0"])
	s.port("ttyS1", 3, good, type=4)
	s.port("ttyS2", 4, good, type=0)
	return s


@promise
def ports_are_listed_and_only_those_that_udev_marks_are_opened():
	s = system()
	out, code = s.run("--json")
	ports = json.loads(out)
	equal(code, 0)
	equal([(p["port"], p["udev"], "heard" in p) for p in ports],
	      [("/dev/ttyACM0", True, True), ("/dev/ttyS1", False, False), ("/dev/ttyUSB0", False, False), ("/dev/ttyUSB1", False, False)])
	equal(s.opened() - {"ttyACM0"}, set(), "others that were opened")
	equal((ports[0]["heard"]["carries"], ports[0]["device"], ports[0]["names"]),
	      ("tic-standard", "CH2i uTinfo-V3.0 TINFO-2201, USB 1a86:55d4",
	       ["/dev/serial/by-id/usb-CH2i_uTinfo-V3.0_TINFO-2201-if00", "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0"]))
	equal(ports[1]["device"], "pnp 00:05.3")


@promise
def all_opens_each_that_exists():
	s = system()
	out, code = s.run("--all", "--json")
	equal((code, [p["heard"]["carries"] for p in json.loads(out)]), (0, 4 * ["tic-standard"]))
	equal(s.lines["ttyS2"].watch.opened(), 0, "times that a port without a UART was opened")


@promise
def the_list_is_for_people():
	out, code = system().run()
	expected = """\
/dev/ttyACM0  CH2i uTinfo-V3.0 TINFO-2201, USB 1a86:55d4
  names    /dev/serial/by-id/usb-CH2i_uTinfo-V3.0_TINFO-2201-if00
           /dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0
  carries  tic-standard, 8N1, tic-ID: N telegrams, N groups good, 0 damaged
           for once: sudo meterctl attach /dev/serial/by-id/usb-CH2i_uTinfo-V3.0_TINFO-2201-if00
           without the kernel module, in meterd.conf:
               [source house]
               type = serial
               device = /dev/serial/by-id/usb-CH2i_uTinfo-V3.0_TINFO-2201-if00
/dev/ttyS1  pnp 00:05.3
  carries  not listened to: 'sudo meterctl scan /dev/ttyS1' does
/dev/ttyUSB0  FTDI FT230X Basic UART D30ABCDE, USB 0403:6015
  names    /dev/serial/by-id/usb-FTDI_FT230X_Basic_UART_D30ABCDE-if00-port0
  carries  not listened to: 'sudo meterctl scan /dev/ttyUSB0' does
/dev/ttyUSB1  Silicon Labs CP2102 [2J 0001, USB 10c4:ea60
  carries  not listened to: 'sudo meterctl scan /dev/ttyUSB1' does
"""
	out = re.sub(r"tic-[0-9a-f]{8}: \d+ telegrams, \d+ groups", "tic-ID: N telegrams, N groups", out)
	equal((out, code), (expected, 0))


run()
