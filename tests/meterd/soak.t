#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Faults from all sides for SOAK seconds (120): gateways that reset, garble, fall silent and are kicked, serial lines
# that go and come, HTTP readers good and bad, SIGHUP, sources switched off and on, kill -9; on a daemon with
# sanitizers and on one without at the same time. At the end each must have counted what the meters counted, hold no
# more files or memory than before, and end in peace.
import pty
import tty
from harness import *

SECONDS = int(os.environ.get("SOAK", "120"))
SEED = int(os.environ.get("SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
PLAIN = os.environ.get("METERD_PLAIN", os.path.join(TOP, "build/meterd"))
HEAP_KIB = 768		# what fragments of the heap may add


class Counter:
	"""A meter that counts by the clock: a telegram for each second, the same again within one."""

	def __init__(self, seed):
		self.random = random.Random(seed)
		self.lock = threading.Lock()
		self.wh = [1000000 + 1000 * seed, 5000000]
		self.stamp = 0
		self.bytes = b""
		self.frozen = False

	def telegram(self):
		with self.lock:
			now = int(time.time())
			if now > self.stamp and not (self.frozen and self.bytes):
				if self.stamp:
					self.wh[now // 60 % 2] += self.random.randrange(2 * min(now - self.stamp, 60) + 1)
				self.stamp = now
				self.bytes = self.form(now)
			return self.bytes

	def freeze(self):
		"""Sends the same again from now on; what its registers are."""
		with self.lock:
			self.frozen = True
			return sum(self.wh)


class P1Counter(Counter):
	def __init__(self, seed):
		super().__init__(seed)
		self.number = f"E{seed:016d}"

	def form(self, now):
		return p1(now, self.number, r1_8_1=self.wh[0], r1_8_2=self.wh[1], r2_8_1=7, r2_8_2=0)


class TicCounter(Counter):
	def __init__(self, seed):
		super().__init__(seed)
		self.number = f"{seed:012d}"

	def form(self, now):
		return tic_standard(now, self.number, east=sum(self.wh), t=self.wh, eait=5)


class HistoriqueCounter(Counter):
	def __init__(self, seed):
		super().__init__(seed)
		self.number = f"{seed:012d}"

	def form(self, now):
		return tic_historique(self.number, hc=self.wh[0], hp=self.wh[1])


def pieces(data, chance):
	"""Cut anywhere."""
	while data:
		size = chance.choice((1, 3, 17, 62, 500, 4096))
		yield data[:size]
		data = data[size:]


class Script:
	"""What a line does: good telegrams while calm, else also what bad ones do."""

	def __init__(self, counter, calm, seed):
		self.counter, self.calm, self.random = counter, calm, random.Random(seed)
		self.done = {}

	def steps(self):
		"""One turn; the first is always good, so that it is known which reading was the first."""
		chance = self.random
		kind = "good" if self.calm.is_set() or not self.done or chance.random() < 0.7 else chance.choice(
			("garbage", "cut", "damaged", "endless", "silence", "close", "reset", "binary"))
		self.done[kind] = self.done.get(kind, 0) + 1
		telegram = self.counter.telegram()
		if kind == "good":
			yield from pieces(telegram, chance)
			yield 0.5 + chance.random()
		elif kind == "garbage":
			yield chance.randbytes(chance.randrange(1, 5000))
		elif kind == "cut":
			yield telegram[:chance.randrange(len(telegram))]
			yield chance.choice((0.1, CLOSE, RESET))
		elif kind == "damaged":
			at = chance.randrange(len(telegram) - 1)
			yield telegram[:at] + bytes([telegram[at] ^ 0xFF]) + telegram[at + 1:]
			yield 0.5
		elif kind == "endless":
			yield b"/XYZ5x\r\n\r\n" + b"1-0:1.8.0(000001.000*kWh)\r\n" * 2000
		elif kind == "silence":
			yield chance.random() * 8
		elif kind == "binary":
			yield b"\x7e\xa0\x2a" * 500 + b"\xdb\x08SAG12345\x82\x01\x00" + bytes(200) + b"\xff\xfa"
		else:
			yield kind

	def connection(self, number):
		"""For Gateway."""
		while True:
			yield from self.steps()


class SerialLine:
	"""A pty that does what its script says; CLOSE and RESET take the device away for a while."""

	def __init__(self, script, link):
		self.script, self.link = script, link
		self.stopped = threading.Event()
		self.thread = threading.Thread(target=self.serve, daemon=True)
		self.thread.start()
		wait_until(lambda: os.path.islink(link))

	def serve(self):
		while not self.stopped.is_set():
			master, slave = pty.openpty()
			tty.setraw(slave)
			path = os.ttyname(slave)
			os.symlink(path, self.link + ".new")
			os.rename(self.link + ".new", self.link)
			os.close(slave)
			os.set_blocking(master, False)
			try:
				while not self.stopped.is_set() and self.turn(master):
					pass
			finally:
				os.close(master)
			if not self.stopped.is_set():
				os.unlink(self.link)
				self.stopped.wait(1)

	def turn(self, master):
		"""False: the device goes."""
		for step in self.script.steps():
			if step in (CLOSE, RESET):
				return False
			if isinstance(step, float):
				self.stopped.wait(step)
				continue
			try:
				os.write(master, step)
			except OSError:		# nobody has it open, or nobody reads
				self.stopped.wait(0.2)
		return True

	def stop(self):
		self.stopped.set()
		self.thread.join(20)


class Worker:
	"""Does something again and again until it is stopped; what goes wrong is kept."""

	def __init__(self, work):
		self.work, self.error, self.count = work, None, 0
		self.stopped = threading.Event()
		self.thread = threading.Thread(target=self.serve, daemon=True)
		self.thread.start()

	def serve(self):
		try:
			while not self.stopped.is_set():
				self.work()
				self.count += 1
		except Exception:
			self.error = traceback.format_exc()

	def stop(self):
		self.stopped.set()
		self.thread.join(60)
		assert not self.error, self.error
		assert self.count, "it did its work at least once"


class House:
	"""A daemon and all that plays with it."""

	def __init__(self, program, seed):
		self.random = random.Random(seed)
		self.calm = threading.Event()
		self.calm.set()
		self.lock = threading.Lock()
		self.restarting = False
		self.directory = Directory()
		self.program = program
		self.counters, self.gateways, self.serials, self.scripts = {}, [], [], []
		self.sources = ""
		for i, (kind, one) in enumerate(((P1Counter, True), (P1Counter, False), (TicCounter, False))):
			script = self.script(f"tcp{i}", kind, seed + i)
			gateway = Gateway(script.connection, one_client=one)
			self.gateways.append(gateway)
			self.sources += f"[source tcp{i}]\ntype = tcp\nhost = localhost\nport = {gateway.port}\n"
		for i, kind in enumerate((TicCounter, HistoriqueCounter, P1Counter)):
			link = self.directory / f"tty{i}"
			self.serials.append(SerialLine(self.script(f"serial{i}", kind, seed + 10 + i), link))
			self.sources += f"[source serial{i}]\ntype = serial\ndevice = {link}\n"
		self.sources += f"[source closed]\ntype = tcp\nhost = 127.0.0.1\nport = {free_port()}\n"
		self.sources += "[source nowhere]\ntype = tcp\nhost = nowhere.invalid\n"
		self.sources += "[sink all]\ntype = jsonl\npath = {dir}/all.jsonl\n[sink table]\ntype = csv\npath = {dir}/all.csv\n"
		self.meterd = Meterd(self.sources, self.directory, program)

	def script(self, name, kind, seed):
		self.counters[name] = kind(seed)
		self.scripts.append(Script(self.counters[name], self.calm, seed))
		return self.scripts[-1]

	def all_connected(self):
		states = {m["name"]: m["state"] for m in self.meterd.meters()}
		return all(states.get(name) == "connected" for name in self.counters)

	def frozen(self):
		"""{meter: its total} while nothing counts, once the daemon knows it."""
		totals = {name: counter.freeze() for name, counter in self.counters.items()}
		wait_until(lambda: all(self.meterd.quantities(name).get("energy_import") == wh for name, wh in totals.items()),
			   120, "the newest value of every meter is known")
		return totals

	def go_on(self):
		for counter in self.counters.values():
			counter.frozen = False

	def opening(self):
		"""{(meter, kind of period): where its periods begin to count}; this never changes."""
		values = {}
		for name, wh in self.frozen().items():
			for kind in ("quarter", "day", "month", "year"):
				entries = [e for e in self.meterd.ledger(name, kind) if e["register"] == "energy_import"]
				# Without a stamp and with a host's clock that nothing confirms there is no period yet.
				assert entries or isinstance(self.counters[name], HistoriqueCounter), f"{name} has {kind}s"
				if entries:
					values[name, kind] = wh - sum(e["value"] for e in entries)
		return values

	# What plays with it

	def read_good(self):
		path = self.random.choice(("/meters", "/meters/tcp0", "/metrics", "/ledger?meter=tcp0&period=quarter",
					   "/ledger?meter=serial0&period=day", "/meters/nobody", "/ledger?meter=tcp1&period=week"))
		try:
			status, _, _ = self.meterd.http(path)
		except (OSError, http.client.HTTPException):
			assert self.restarting or not self.meterd.running(), f"{path}: no answer"
			time.sleep(0.2)
			return
		assert status in (200, 404, 400), f"{path}: {status}"
		time.sleep(0.05)

	def read_bad(self):
		request = self.random.choice((b"GET /meters HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"\x00" * 300,
					      b"GET /" + b"x" * 20000, b"GET /meters HTTP/1.1\r\n", b"POST /meters HTTP/1.0\r\n\r\n",
					      b"GET /ledger?meter=tcp0&period=quarter HTTP/1.1\r\nHost: localhost\r\n\r\n",
					      b"GET /meters HTTP/1.1\r\nContent-Length: 99999999\r\nHost: localhost\r\n\r\nx"))
		try:
			with socket.create_connection(("127.0.0.1", self.meterd.port), 5) as s:
				s.settimeout(self.random.random())
				s.sendall(request)
				if self.random.random() < 0.5:
					s.recv(100)
				time.sleep(self.random.random() / 2)
		except OSError:
			pass
		time.sleep(0.05)

	def disturb(self):
		"""SIGHUP with the same or another configuration, a source off and on, a kicked gateway."""
		time.sleep(0.5 + self.random.random() * 2)
		with self.lock:
			if not self.calm.is_set():
				self.disturb_once()

	def disturb_once(self):
		kind = self.random.choice(("hup", "reload", "switch", "kick", "broken"))
		self.disturbed[kind] = self.disturbed.get(kind, 0) + 1
		if kind == "hup":
			self.meterd.hup()
		elif kind == "reload":
			more = "[source more]\ntype = tcp\nhost = ::1\nport = 9\n" if self.random.random() < 0.5 else ""
			self.meterd.reload(f"[daemon]\ncycle = {self.random.randrange(3)}\n" + self.sources + more)
		elif kind == "broken":
			self.meterd.reload("[source tcp0]\ntype = nothing\n")
			time.sleep(0.5)
			self.meterd.reload(self.sources)
		elif kind == "switch":
			name = self.random.choice(list(self.counters))
			for state in ("off", "on"):
				out, err, code = self.meterd.control("source", name, state)
				equal(code, 0, f"meterctl source {name} {state} ({out}{err})")
				time.sleep(self.random.random() * 2)
			out, err, code = self.meterd.control("status")
			assert code == 0 and name in out, f"meterctl status: {out}{err}"
		elif kind == "kick":
			self.random.choice(self.gateways).kick()

	# The story

	def begin(self):
		self.disturbed = {}
		wait_until(self.all_connected, 120, "all meters are connected")
		self.opened = self.opening()
		self.fds, self.rss = self.meterd.fds, self.meterd.rss
		self.go_on()
		self.calm.clear()
		self.workers = [Worker(self.read_good), Worker(self.read_good), Worker(self.read_bad), Worker(self.disturb)]

	def crash(self):
		"""kill -9, and again on the same state."""
		with self.lock:
			self.restarting = True
			self.meterd.kill()
			self.meterd = Meterd(self.sources, self.directory, self.program)
			self.restarting = False

	def quiet(self):
		"""No more faults; waits until every meter's newest value is known."""
		with self.lock:
			self.calm.set()
		for worker in self.workers:
			worker.stop()
		self.meterd.reload(self.sources)
		for name in self.counters:
			self.meterd.control("source", name, "on")
		try:
			wait_until(self.all_connected, 180, "all meters are connected again")
		except AssertionError:
			note(*self.meterd.control("status"))
			raise

	def end(self):
		for gateway in self.gateways:
			gateway.stop()
		for line in self.serials:
			line.stop()


class Soak:
	begun, ended = False, False

	@classmethod
	def done(cls):
		assert cls.ended or not cls.begun, "the soak broke off, see above"
		if not cls.begun:
			cls.begun = True
			with shared():
				cls.run()
			cls.ended = True
		return cls

	@classmethod
	def run(cls):
		note(f"{SECONDS} s, SOAK_SEED={SEED}")
		cls.checked, cls.plain = House(METERD, SEED % 10000), House(PLAIN, SEED % 10000 + 100)
		cls.houses = [cls.checked, cls.plain]
		for house in cls.houses:
			house.begin()
		begin = time.monotonic()
		crashes = 0
		while time.monotonic() < begin + SECONDS:
			time.sleep(min(SECONDS / 4, 60))
			for house in cls.houses:
				assert house.meterd.running(), f"it ended:\n{house.meterd.log()[-4000:]}"
			cls.checked.crash()
			crashes += 1
			if crashes == 2:
				cls.plain.middle = cls.plain.meterd.rss
		for house in cls.houses:
			house.quiet()


@promise
def faults_from_all_sides_do_not_end_it():
	for house in Soak.done().houses:
		assert house.meterd.running()
		kinds = set().union(*(script.done for script in house.scripts))
		assert len(kinds) >= 8 and house.disturbed, f"only {kinds} and {house.disturbed} happened"
		note(f"{sum(sum(s.done.values()) for s in house.scripts)} telegrams and faults, {house.disturbed}, "
		     f"{[w.count for w in house.workers]}")


@promise
def what_the_meters_counted_is_in_the_ledger():
	for house in Soak.done().houses:
		assert len(house.opened) >= 4 * 5, house.opened
		opening = house.opening()
		equal({key: opening[key] for key in house.opened}, house.opened, "value from which everything was counted")


@promise
def memory_does_not_grow():
	plain = Soak.done().plain
	note(f"RSS {plain.rss} KiB, {plain.middle} KiB in the middle, {plain.meterd.rss} KiB at the end")
	assert plain.meterd.rss < plain.middle + HEAP_KIB, f"{plain.meterd.rss} KiB after {plain.middle} KiB"


@promise
def open_files_do_not_grow():
	plain = Soak.done().plain
	wait_until(lambda: plain.meterd.fds <= plain.fds, 60, f"no more than {plain.fds} files are open")


@promise
def it_ends_in_peace_with_a_ledger_that_proves_itself():
	for house in Soak.done().houses:
		house.meterd.stop()
		house.meterd.check_ledger()
		house.end()


run()
