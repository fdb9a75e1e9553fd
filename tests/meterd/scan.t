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
	"""A line with something at its end: what it is told to send, once it is opened."""

	def __init__(self, data=b"", settings=None):
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


run()
