# SPDX-License-Identifier: MIT
"""What the tests of whole programs share: promises as TAP, a meterd to run, gateways that behave as
badly as they are told to, and telegrams made without any code of the project.

	from harness import *

	@promise
	def a_closed_gateway_is_dialled_again():
		gateway = Gateway(lambda n: [p1(...), 0.5, CLOSE])
		meterd = Meterd(f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n")
		wait_until(lambda: gateway.connections >= 2)
		meterd.stop()

	run()

What a test starts ends with the test, whether it is kept or broken, but for what it starts `with shared():`. A test that raises is broken, one that
raises Skip(reason) is skipped.
"""
import atexit
import contextlib
import datetime
import errno
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zoneinfo

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
METERD = os.environ.get("METERD", os.path.join(TOP, "build/tests/meterd"))
METERCTL = os.environ.get("METERCTL", os.path.join(TOP, "build/meterctl"))
CORPUS = os.path.join(os.path.dirname(TOP), "shared/corpus")
SANITIZER = re.compile(r"^.*(ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:).*$", re.M)

# Promises

_promises = []
_resources = []		# of the test that runs
_shared = []		# of all tests
_sharing = False


def _own(resource):
	(_shared if _sharing else _resources).append(resource)


@contextlib.contextmanager
def shared():
	"""What is started within outlives the test: `with shared(): story = tell()`."""
	global _sharing
	before, _sharing = _sharing, True
	try:
		yield
	finally:
		_sharing = before


class Skip(Exception):
	"""Raised by a test that can't run here; its text is the reason."""


def promise(function):
	"""Decorator: this function is a test; its name is what it promises."""
	_promises.append(function)
	return function


def promise_named(name):
	"""Decorator: as promise(), for functions made in a loop."""
	def named(function):
		function.__name__ = name
		return promise(function)
	return named


def note(*words):
	"""A line of diagnostics."""
	for line in " ".join(str(word) for word in words).splitlines():
		print(f"# {line}", flush=True)


def equal(got, expected, what="it"):
	if got != expected:
		raise AssertionError(f"{what} is {got!r}, not {expected!r}")


def wait_until(condition, seconds=120, what=None):
	"""Waits until condition() is true and returns what it gave. Conditions may raise while it isn't."""
	end = time.monotonic() + seconds
	pause, error = 0.01, None
	while True:
		try:
			got = condition()
			if got:
				return got
			error = None
		except (AssertionError, OSError, LookupError, TypeError, http.client.HTTPException) as e:
			error = e
		if time.monotonic() > end:
			break
		time.sleep(pause)
		pause = min(pause * 1.3, 0.2)
	raise AssertionError(f"not within {seconds} s: {what or 'condition'}" + (f" ({error!r})" if error else ""))


def stays(condition, seconds, what=None):
	"""The condition holds all the time; for what must not happen, so keep the seconds few."""
	end = time.monotonic() + seconds
	while time.monotonic() < end:
		if not condition():
			raise AssertionError(f"did not stay so: {what or 'condition'}")
		time.sleep(0.02)


def _end(resources):
	while resources:
		resource = resources.pop()
		try:
			resource.end()
		except Exception as e:
			note(f"ending {resource}: {e!r}")


@atexit.register
def end_all():
	"""Ends what is left, whatever happened."""
	_end(_resources)
	_end(_shared)


signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))


def run():
	"""Runs all promises, prints TAP version 13, and exits. With arguments: those whose names contain one."""
	wanted = [p for p in _promises if len(sys.argv) < 2 or any(word in p.__name__ for word in sys.argv[1:])]
	print(f"TAP version 13\n1..{len(wanted)}", flush=True)
	failed = 0 if wanted else 1
	for number, test in enumerate(wanted, 1):
		ok, skip = True, ""
		try:
			test()
		except Skip as reason:
			skip = f" # SKIP {reason}"
		except Exception:
			ok = False
			note(traceback.format_exc())
			for meterd in [r for r in _resources + _shared if isinstance(r, Meterd)][-2:]:
				note(f"meterd said:\n{meterd.log()[-3000:]}")
		_end(_resources)
		failed += not ok
		print(f"{'' if ok else 'not '}ok {number} - {test.__name__}{skip}", flush=True)
	sys.exit(1 if failed else 0)


class Directory:
	"""A temporary directory that ends with the test; str() is its path."""

	def __init__(self, keep=False):
		self.path = tempfile.mkdtemp(prefix="meterd-test-")
		_own(self)

	def __str__(self):
		return self.path

	def __truediv__(self, name):
		return os.path.join(self.path, name)

	def end(self):
		shutil.rmtree(self.path, ignore_errors=True)


def corpus(path):
	"""The path of a capture of a real meter; skips the test where there is none."""
	full = os.path.join(CORPUS, path)
	if not os.path.exists(full):
		raise Skip(f"no {os.path.relpath(full, TOP)}")
	return full


def metrics_document():
	"""What Documentation/metrics.md says: {name: (type, labels)}"""
	with open(os.path.join(TOP, "Documentation/metrics.md")) as page:
		rows = re.findall(r"^\| `([a-z0-9_]+)` \| (\w+) \| [^|]+ \| ([^|]*)\|", page.read(), re.M)
	return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def free_port(host="127.0.0.1"):
	"""A TCP port nobody listens on, outside of the range the kernel gives to clients."""
	family = socket.AF_INET6 if ":" in host else socket.AF_INET
	for _ in range(200):
		port = random.SystemRandom().randrange(12000, 32000)
		with socket.socket(family, socket.SOCK_STREAM) as s:
			try:
				s.bind((host, port))
				return port
			except OSError:
				continue
	raise AssertionError(f"no free port on {host}")


# The daemon

def with_keys(config, section, keys):
	"""The configuration with these keys in this section, where it doesn't have them itself."""
	lines = config.splitlines()
	heads = [i for i, line in enumerate(lines) if line.strip() == f"[{section}]"]
	if not heads:
		return "\n".join([f"[{section}]", *(f"{k} = {v}" for k, v in keys.items()), *lines, ""])
	end = next((i for i in range(heads[0] + 1, len(lines)) if lines[i].strip().startswith("[")), len(lines))
	has = {line.split("=")[0].strip() for line in lines[heads[0] + 1:end]}
	return "\n".join([*lines[:heads[0] + 1], *(f"{k} = {v}" for k, v in keys.items() if k not in has),
			  *lines[heads[0] + 1:], ""])


class Meterd:
	"""A meterd of its own: temporary state and runtime directories, HTTP on a free port of 127.0.0.1.

	config: its configuration. [daemon] state, runtime and timezone (UTC) and [http] listen are added where they
		are missing; {dir} stands for its directory.
	directory: that of an earlier Meterd, to run again on its state; else a new one
	program: other than build/tests/meterd, which has sanitizers
	wrapper: a command to run it by, as a list
	arguments: other than --config FILE --foreground
	ready: wait until it is ready to serve
	"""

	def __init__(self, config="", directory=None, program=None, wrapper=(), arguments=None, environment=None,
		     ready=True, start=True):
		self.directory = directory or Directory()
		self.path = str(self.directory)
		self.state = os.path.join(self.path, "state")
		self.runtime = os.path.join(self.path, "run")
		self.config = os.path.join(self.path, "meterd.conf")
		self.port = free_port()
		self.program = program or METERD
		self.wrapper = list(wrapper)
		self.arguments = arguments if arguments is not None else ["--config", self.config, "--foreground"]
		self.environment = environment or {}
		self.process = None
		self.stderr = os.path.join(self.path, f"stderr.{time.monotonic_ns()}")
		self.stdout = os.path.join(self.path, f"stdout.{time.monotonic_ns()}")
		os.makedirs(self.state, mode=0o700, exist_ok=True)
		os.makedirs(self.runtime, mode=0o755, exist_ok=True)
		self.configure(config)
		_own(self)
		if start:
			self.start(ready)

	def configure(self, config):
		"""Writes the configuration file; hup() makes a running daemon read it."""
		config = with_keys(config.replace("{dir}", self.path), "http", {"listen": f"127.0.0.1:{self.port}"})
		config = with_keys(config, "daemon", {"state": self.state, "runtime": self.runtime, "timezone": "UTC"})
		self.has_http = not re.search(r"^listen = off$", config, re.M)
		with open(self.config + ".new", "w", errors="surrogateescape") as f:
			f.write(config)
		os.rename(self.config + ".new", self.config)

	def start(self, ready=True):
		environment = {k: v for k, v in os.environ.items() if not k.startswith(("METERD", "NOTIFY", "WATCHDOG"))}
		environment.update({"ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
				    "UBSAN_OPTIONS": "print_stacktrace=1", "LC_ALL": "C", "TZ": "UTC",
				    "RUNTIME_DIRECTORY": self.runtime})
		self.notify = None
		if ready:
			path = os.path.join(self.path, "notify")
			if os.path.exists(path):
				os.unlink(path)
			self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
			self.notify.bind(path)
			self.notify.setblocking(False)
			environment["NOTIFY_SOCKET"] = path
		environment.update(self.environment)
		with open(self.stderr, "ab") as err, open(self.stdout, "ab") as out:
			self.process = subprocess.Popen([*self.wrapper, self.program, *self.arguments], env=environment,
							cwd=self.path, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
		if ready:
			wait_until(self._ready, 120, "meterd is ready")

	def _ready(self):
		if self.process.poll() is not None:
			raise RuntimeError(f"meterd ended with {self.process.returncode}:\n{self.log()}")
		try:
			return b"READY=1" in self.notify.recv(4096)
		except BlockingIOError:
			return False

	@property
	def pid(self):
		return self.process.pid

	def log(self):
		"""All that it said on stderr."""
		with open(self.stderr, errors="replace") as f:
			return f.read()

	def output(self):
		"""All that it said on stdout."""
		with open(self.stdout, errors="replace") as f:
			return f.read()

	def running(self):
		return self.process is not None and self.process.poll() is None

	# Its doors

	def http(self, path, method="GET", headers=None, host="127.0.0.1", timeout=60):
		"""(status, parsed JSON or text, headers by lower-case name)"""
		connection = http.client.HTTPConnection(host, self.port, timeout=timeout)
		try:
			connection.request(method, path, headers=headers or {})
			answer = connection.getresponse()
			body = answer.read().decode("utf-8")
			fields = {k.lower(): v for k, v in answer.getheaders()}
			kind = fields.get("content-type", "")
			return answer.status, json.loads(body) if "json" in kind else body, fields
		finally:
			connection.close()

	def get(self, path):
		"""What a path gives, which must be 200."""
		status, body, _ = self.http(path)
		if status != 200:
			raise AssertionError(f"GET {path}: {status} {body}")
		return body

	def meters(self):
		return self.get("/meters")

	def meter(self, name):
		return self.get(f"/meters/{name}")

	def quantities(self, name):
		return self.meter(name)["quantities"]

	def ledger(self, meter, period, start=None, end=None):
		path = f"/ledger?meter={meter}&period={period}"
		path += "".join(f"&{k}={v if isinstance(v, str) else iso(v)}" for k, v in (("from", start), ("to", end))
				if v is not None)
		return self.get(path)

	def metric(self, name, **labels):
		"""The value of one line of /metrics as a float, None where there is none."""
		for line in self.get("/metrics").splitlines():
			m = re.fullmatch(r"([a-z_:0-9]+)(?:\{(.*)\})? (\S+)(?: \d+)?", line)
			if m and m[1] == name:
				has = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', m[2] or ""))
				if all(has.get(k) == str(v) for k, v in labels.items()):
					return float(m[3])
		return None

	def control(self, *words):
		"""meterctl status or source, to this daemon: (stdout, stderr, exit code)"""
		return meterctl(*words, "--socket", os.path.join(self.runtime, "control"))

	def check_ledger(self):
		"""meterctl ledger check finds nothing wrong."""
		out, err, code = meterctl("ledger", "check", "--file", os.path.join(self.state, "ledger.db"))
		equal(code, 0, f"meterctl ledger check ({out}{err})")

	# Its life

	def hup(self):
		self.process.send_signal(signal.SIGHUP)

	def reload(self, config):
		self.configure(config)
		self.hup()

	def stop(self, seconds=120):
		"""SIGTERM; it must end with 0 and no sanitizer may have said anything."""
		if self.running():
			self.process.send_signal(signal.SIGTERM)
		code = self.wait(seconds)
		self.check_sanitizers()
		equal(code, 0, f"exit code of meterd ({self.log()[-2000:]})")

	def wait(self, seconds=120):
		"""Its exit code."""
		try:
			return self.process.wait(seconds)
		except subprocess.TimeoutExpired:
			raise AssertionError(f"meterd does not end within {seconds} s")

	def kill(self):
		"""kill -9"""
		self.process.kill()
		self.process.wait()
		self.check_sanitizers()

	def check_sanitizers(self):
		found = SANITIZER.search(self.log())
		if found:
			raise AssertionError(f"a sanitizer reports: {self.log()[found.start():][:6000]}")

	def end(self):
		if self.running():
			self.process.kill()
			self.process.wait()
		if self.process and self.notify:
			self.notify.close()

	# Its size

	def _status(self, key):
		with open(f"/proc/{self.pid}/status") as f:
			return next(int(line.split()[1]) for line in f if line.startswith(key + ":"))

	@property
	def rss(self):
		"""KiB resident"""
		return self._status("VmRSS")

	@property
	def anonymous(self):
		"""KiB resident that belong to no file"""
		return self._status("RssAnon")

	@property
	def fds(self):
		"""How many files it has open."""
		return len(os.listdir(f"/proc/{self.pid}/fd"))

	@property
	def cpu_ns(self):
		"""Processor time of all its threads so far."""
		total = 0
		for thread in os.listdir(f"/proc/{self.pid}/task"):
			with open(f"/proc/{self.pid}/task/{thread}/schedstat") as f:
				total += int(f.read().split()[0])
		return total


def meterctl(*arguments, input=None, timeout=300, environment=None):
	"""Runs meterctl to its end: (stdout, stderr, exit code)"""
	done = subprocess.run([METERCTL, *map(str, arguments)], input=input, stdout=subprocess.PIPE,
			      stderr=subprocess.PIPE, timeout=timeout, env={**os.environ, **(environment or {})})
	return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.returncode


def replay(telegrams, more="", **options):
	"""A meterd that has read these telegrams as those of the source "house"; more: of its configuration."""
	directory = Directory()
	with open(directory / "capture", "wb") as f:
		f.write(b"".join(telegrams))
	meterd = Meterd(f"[source house]\ntype = replay\npath = {directory / 'capture'}\n" + more, directory=directory, **options)
	wait_until(lambda: "read to its end" in meterd.log())
	return meterd


# The simulator of the project

def simulate(kind, **options):
	"""Bytes of `meterctl simulate KIND`: simulate("dsmr5", count=10, start="2024-03-31T00:59:30Z", interval=10)"""
	command = [METERCTL, "simulate", kind, "--speed", "max"]
	for key, value in options.items():
		command += [f"--{key}"] if value is True else [f"--{key}", str(value)]
	return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def text_kinds():
	"""The kinds of meters that send TIC or P1; those of DLMS begin otherwise, or want a key."""
	kinds = [line.split()[0] for line in meterctl("simulate", "--list")[0].splitlines()]
	command = [METERCTL, "simulate", "--speed", "max", "--count", "1"]
	return [kind for kind in kinds if subprocess.run([*command, kind], capture_output=True).stdout[:1] in (b"\x02", b"/")]


class Simulator:
	"""A simulated meter on a pty that goes on until it is stopped; path is the pty."""

	def __init__(self, kind, **options):
		command = [METERCTL, "simulate", kind, "--pty"]
		for key, value in options.items():
			command += [f"--{key}"] if value is True else [f"--{key}", str(value)]
		self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
		self.path = self.process.stdout.readline().decode().strip()
		_own(self)
		if not self.path:
			raise AssertionError(f"no pty: {' '.join(command)}")

	def end(self):
		self.process.kill()
		self.process.wait()
		self.process.stdout.close()


# Gateways

CLOSE = "close"		# end the connection
RESET = "reset"		# end it with RST
HOLD = "hold"		# say nothing more and keep it open
AGAIN = "again"		# from the beginning of the script


class Gateway:
	"""A TCP server that does what its script says with each connection.

	script: a list of steps, or a function from the number of the connection (0, 1, ...) to such a list.
		A step is bytes to send, a pause in seconds, CLOSE, RESET, HOLD, AGAIN, or a function that is called
		and whose result, if any, is a step. At the end of the list the connection is held.
	one_client: a new connection kicks the old one out, as the old P1 gateways do it
	connections: how many were accepted; open: how many are now; sent: bytes sent in all
	"""

	def __init__(self, script=(HOLD,), host="127.0.0.1", port=0, one_client=False):
		self.script = script
		self.one_client = one_client
		self.connections = 0
		self.times = []
		self.sent = 0
		self.received = b""
		self.stopped = threading.Event()
		self.sockets = []
		self.lock = threading.Lock()
		self.server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
		self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		self.server.bind((host, port))
		self.server.listen(128)
		self.host, self.port = self.server.getsockname()[:2]
		self.thread = threading.Thread(target=self._accept, daemon=True)
		self.thread.start()
		_own(self)

	@property
	def open(self):
		with self.lock:
			return len(self.sockets)

	def _accept(self):
		self.server.settimeout(0.1)
		while not self.stopped.is_set():
			try:
				connection, _ = self.server.accept()
			except socket.timeout:
				continue
			except OSError:
				return
			with self.lock:
				kicked = self.sockets if self.one_client else []
				self.sockets = [connection] if self.one_client else self.sockets + [connection]
				number = self.connections
				self.connections += 1
				self.times.append(time.monotonic())
			for old in kicked:
				self._shut(old)
			threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

	@staticmethod
	def _shut(connection):
		try:
			connection.shutdown(socket.SHUT_RDWR)
		except OSError:
			pass

	def _serve(self, connection, number):
		connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		script = self.script(number) if callable(self.script) else self.script
		try:
			while self._play(connection, script):
				pass
		except OSError:
			pass
		finally:
			with self.lock:
				if connection in self.sockets:
					self.sockets.remove(connection)
			connection.close()

	def _play(self, connection, script):
		"""True: once more"""
		for step in script:
			if self.stopped.is_set():
				return False
			if callable(step):
				step = step()
			if step is None:
				continue
			if isinstance(step, (bytes, bytearray)):
				self._send(connection, step)
			elif isinstance(step, (int, float)):
				self._pause(connection, step)
			elif step == CLOSE:
				connection.shutdown(socket.SHUT_RDWR)
				return False
			elif step == RESET:
				connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
				return False
			elif step == AGAIN:
				return True
			elif step == HOLD:
				break
			else:
				raise ValueError(f"no step of a gateway: {step!r}")
		self._pause(connection, None)
		return False

	def _send(self, connection, data):
		connection.settimeout(0.2)
		view = memoryview(data)
		while view and not self.stopped.is_set():
			try:
				count = connection.send(view[:65536])
			except socket.timeout:
				continue
			view = view[count:]
			self.sent += count

	def _pause(self, connection, seconds):
		"""Until the time is over, or the other side has gone."""
		end = None if seconds is None else time.monotonic() + seconds
		connection.settimeout(0.2)
		while not self.stopped.is_set():
			left = None if end is None else end - time.monotonic()
			if left is not None and left <= 0:
				return
			connection.settimeout(0.2 if left is None else max(min(left, 0.2), 0.001))
			try:
				data = connection.recv(4096)
			except socket.timeout:
				continue
			if not data:
				raise OSError(errno.EPIPE, "the other side has closed")
			self.received += data

	def kick(self):
		"""Ends every connection that is open now."""
		with self.lock:
			for connection in self.sockets:
				self._shut(connection)

	def end(self):
		self.stopped.set()
		self.server.close()
		self.kick()
		self.thread.join(10)

	stop = end


# Time

UTC = datetime.timezone.utc


def utc(*civil):
	"""Seconds since 1970 of a moment in UTC: utc(2024, 3, 31, 0, 59, 30) or utc("2024-03-31T00:59:30Z")"""
	if isinstance(civil[0], str):
		return int(datetime.datetime.strptime(civil[0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
	return int(datetime.datetime(*civil, tzinfo=UTC).timestamp())


def iso(unix):
	"""2024-03-31T00:59:30Z"""
	return datetime.datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_summer(unix):
	"""Summer time of the European Union."""
	return bool(datetime.datetime.fromtimestamp(unix, zoneinfo.ZoneInfo("Europe/Paris")).dst())


# Telegrams, from their documents

def crc16_arc(data):
	crc = 0
	for byte in data:
		crc ^= byte
		for _ in range(8):
			crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
	return crc


_CRC_TABLE = [crc16_arc(bytes([i])) for i in range(256)]


def p1_crc(data):
	crc = 0
	for byte in data:
		crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
	return crc


def p1_stamp(unix, summer=None):
	"""YYMMDDhhmmssX: S is UTC+2, W is UTC+1. summer: by the calendar of the EU where it isn't given."""
	summer = is_summer(unix) if summer is None else summer
	local = datetime.datetime.fromtimestamp(unix + (7200 if summer else 3600), UTC)
	return local.strftime("%y%m%d%H%M%S") + ("S" if summer else "W")


def p1_telegram(objects, header="XYZ5\\TESTMETER", crc=True):
	"""A P1 telegram. objects: (code, group, ...) with the groups as text without parentheses."""
	lines = [f"/{header}", ""] + [code + "".join(f"({group})" for group in groups) for code, *groups in objects]
	data = ("\r\n".join(lines) + "\r\n!").encode("latin-1")
	return data + (b"%04X\r\n" % p1_crc(data) if crc else b"\r\n")


def p1(unix=None, number="E0000000000000001", power_w=500, power_export_w=None, summer=None, gas=None, gas_at=None,
       gas_number="G0000000000000001", version="50", more=(), **registers):
	"""A telegram as a Dutch DSMR 5 meter sends it. Registers by their codes, in Wh: p1(t, r1_8_1=1234567, r2_8_1=0).
	unix: None sends no stamp. gas: in dm3, with the stamp gas_at."""
	objects = [("1-3:0.2.8", version)] if version else []
	if unix is not None:
		objects.append(("0-0:1.0.0", p1_stamp(unix, summer)))
	if number:
		objects.append(("0-0:96.1.1", number.encode().hex().upper()))
	for name, wh in registers.items():
		code = name[1:].replace("_", ".")
		objects.append((f"1-0:{code}", f"{wh // 1000:06d}.{wh % 1000:03d}*kWh"))
	if power_w is not None:
		objects.append(("1-0:1.7.0", f"{power_w // 1000:02d}.{power_w % 1000:03d}*kW"))
	if power_export_w is not None:
		objects.append(("1-0:2.7.0", f"{power_export_w // 1000:02d}.{power_export_w % 1000:03d}*kW"))
	if gas is not None:
		objects += [("0-1:24.1.0", "003"), ("0-1:96.1.0", gas_number.encode().hex().upper()),
			    ("0-1:24.2.1", p1_stamp(gas_at, summer), f"{gas // 1000:05d}.{gas % 1000:03d}*m3")]
	return p1_telegram(objects + list(more))


def tic_horodate(unix, summer=None, letter=None):
	"""SAAMMJJhhmmss: E is UTC+2, H is UTC+1."""
	summer = is_summer(unix) if summer is None else summer
	local = datetime.datetime.fromtimestamp(unix + (7200 if summer else 3600), UTC)
	return (letter or ("E" if summer else "H")) + local.strftime("%y%m%d%H%M%S")


def tic_frame(groups, standard=True):
	"""A TIC frame. groups: (label, value), or (label, horodate, value) in standard mode."""
	separator = "\t" if standard else " "
	frame = b"\x02"
	for group in groups:
		text = separator.join(group).encode("latin-1")
		summed = text + separator.encode() if standard else text
		checksum = (sum(summed) & 0x3F) + 0x20
		frame += b"\n" + text + separator.encode() + bytes([checksum]) + b"\r"
	return frame + b"\x03"


def tic_standard(unix=None, number="123456789012", east=0, t=(), eait=None, sinsts=500, ntarf=1, ltarf="BASE",
		 pref=9, summer=None, more=()):
	"""A standard frame; energies in Wh, t: those of EASF01 and further, pref in kVA."""
	groups = [("ADSC", number), ("VTIC", "02")]
	if unix is not None:
		groups.append(("DATE", tic_horodate(unix, summer), ""))
	groups += [("NGTF", "     TEST       "), ("LTARF", ltarf.rjust(16)), ("EAST", f"{east:09d}")]
	groups += [(f"EASF{i:02d}", f"{wh:09d}") for i, wh in enumerate(t, 1)]
	if eait is not None:
		groups.append(("EAIT", f"{eait:09d}"))
	groups += [("PREF", f"{pref:02d}"), ("PCOUP", f"{pref:02d}"), ("SINSTS", f"{sinsts:05d}"), ("NTARF", f"{ntarf:02d}")]
	return tic_frame(groups + list(more))


def tic_historique(number="123456789012", base=None, hc=None, hp=None, papp=500, iinst=2, isousc=45, ptec=None, more=()):
	"""A historique frame of a single phase meter, BASE or HC (hc and hp); energies in Wh."""
	groups = [("ADCO", number), ("OPTARIF", "BASE" if base is not None else "HC.."), ("ISOUSC", f"{isousc:02d}")]
	if base is not None:
		groups += [("BASE", f"{base:09d}"), ("PTEC", ptec or "TH..")]
	else:
		groups += [("HCHC", f"{hc:09d}"), ("HCHP", f"{hp:09d}"), ("PTEC", ptec or "HP..")]
	groups += [("IINST", f"{iinst:03d}"), ("IMAX", "090"), ("PAPP", f"{papp:05d}"), ("HHPHC", "A"),
		   ("MOTDETAT", "000000")]
	return tic_frame(groups + list(more), standard=False)
