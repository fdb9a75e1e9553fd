#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole daemon and its gateways: names, floods, crowds, and that no gateway ends it."""
from harness import *

PLAIN = os.path.join(TOP, "build/meterd")


def source(name, gateway=None, host="127.0.0.1", port=None, more=""):
	return f"[source {name}]\ntype = tcp\nhost = {host}\nport = {port or gateway.port}\n{more}\n"


def telegrams(pause=0.1, number="E0000000000000001"):
	"""A script of telegrams that count up."""
	count = [0]

	def following():
		count[0] += 1
		return p1(int(time.time()), number=number, r1_8_1=1000000 + count[0], r1_8_2=2000000)

	return lambda n: [following, pause, AGAIN]


def lines(meterd):
	"""The first line of each source, by the source's name."""
	status, error, code = meterctl("status", "--json", "--socket", os.path.join(meterd.runtime, "control"))
	if code and not status:
		raise AssertionError(error)
	return {s["name"]: s["lines"][0] for s in json.loads(status)["sources"]}


def is_connected(meterd, *names):
	now = lines(meterd)
	return all(now[name]["state"] == "connected" for name in names)


@promise
def a_name_and_both_families_of_addresses_are_dialled():
	four, six = Gateway(telegrams()), None
	try:
		six = Gateway(telegrams(number="E0000000000000006"), host="::1")
	except OSError:
		note("this machine has no ::1")
	config = source("name", four, host="localhost") + source("four", four)
	names = ["name", "four"]
	if six:
		config += source("six", six, host="::1") + source("brackets", six, host="[::1]")
		names += ["six", "brackets"]
	meterd = Meterd(config)
	wait_until(lambda: is_connected(meterd, *names))
	meterd.stop()
	equal(four.received, b"", "what the gateway was sent")


@promise
def a_name_that_is_not_known_is_refused_and_holds_up_nobody():
	gateway = Gateway(telegrams())
	config = "".join(source(f"unknown{i}", host=f"gateway-{i}.invalid", port=8088) for i in range(5))
	meterd = Meterd(config + source("house", gateway), environment={"RES_OPTIONS": "timeout:1 attempts:1"})
	wait_until(lambda: is_connected(meterd, "house"))
	wait_until(lambda: lines(meterd)["unknown0"]["state"] == "refused", 300)
	why = lines(meterd)["unknown0"]["why"]
	assert "gateway-0.invalid" in why, why
	meterd.stop()


@promise
def the_daemon_ends_at_once_while_a_name_server_is_slow():
	# A name server that takes questions and never answers: all of it is lost after the daemon's end.
	config = "".join(source(f"unknown{i}", host=f"gateway-{i}.invalid", port=8088) for i in range(50))
	meterd = Meterd(config, environment={"RES_OPTIONS": "timeout:5 attempts:2"})
	begun = time.monotonic()
	meterd.stop()
	note(f"ended within {time.monotonic() - begun:.2f} s")


@promise
def a_gateway_that_appears_later_is_found():
	port = free_port()
	meterd = Meterd(source("house", port=port))
	wait_until(lambda: lines(meterd)["house"]["state"] == "refused")
	assert "refused" in lines(meterd)["house"]["why"]
	Gateway(telegrams(), port=port)
	wait_until(lambda: is_connected(meterd, "house"))
	wait_until(lambda: meterd.meter("house")["state"] == "connected")
	meterd.stop()


@promise
def a_source_is_switched_off_and_on_and_its_connection_with_it():
	gateway = Gateway(telegrams())
	meterd = Meterd(source("house", gateway))
	control = os.path.join(meterd.runtime, "control")
	wait_until(lambda: is_connected(meterd, "house"))
	meterctl("source", "house", "off", "--socket", control)
	wait_until(lambda: lines(meterd)["house"]["state"] == "off" and gateway.open == 0)
	equal(meterd.meter("house")["state"], "off", "state of the meter")
	meterctl("source", "house", "on", "--socket", control)
	wait_until(lambda: is_connected(meterd, "house") and gateway.connections == 2)
	meterd.stop()


@promise
def noise_at_full_speed_costs_little_and_harms_no_other():
	noise = random.Random(1).randbytes(65536)
	loud, good = Gateway([noise, AGAIN]), Gateway(telegrams())
	meterd = Meterd(source("loud", loud) + source("good", good), program=PLAIN)
	wait_until(lambda: lines(meterd)["loud"]["state"] == "wrong-data" and is_connected(meterd, "good"))
	rss, cpu, sent, heard, begun = meterd.rss, meterd.cpu_ns, loud.sent, lines(meterd)["good"]["telegrams"], \
		time.monotonic()
	wait_until(lambda: time.monotonic() - begun > 5 and lines(meterd)["good"]["telegrams"] > heard + 10)
	seconds = time.monotonic() - begun
	speed, load = (loud.sent - sent) / seconds, (meterd.cpu_ns - cpu) / seconds / 1e7
	note(f"takes {speed / 1024:.0f} KiB/s, {load:.1f} % of a core, {meterd.rss - rss} KiB more")
	assert speed < 4 * 65536, f"{speed} bytes a second are taken"
	assert load < 25, f"{load} % of a core"
	assert meterd.rss < rss + 1024, f"{rss} KiB became {meterd.rss} KiB"
	assert meterd.log().count("64 KiB/s") == 1, "said once"
	meterd.stop()


@promise
def no_gateway_ends_the_daemon():
	bad = {
		"closes": Gateway([CLOSE]),
		"resets": Gateway([RESET]),
		"mute": Gateway([HOLD]),
		"half": Gateway(lambda n: [p1(r1_8_1=n)[:100], RESET]),
		"nul": Gateway([b"\0" * 4096, 0.01, AGAIN]),
		"long": Gateway([b"/XYZ5" + b"a" * 65536, 0.1, AGAIN]),
		"web": Gateway([b"HTTP/1.1 400 Bad Request\r\n\r\n<html>", CLOSE]),
		"flood": Gateway([p1(r1_8_1=1) * 50, AGAIN]),
		"kicks": Gateway(telegrams(0.02), one_client=True),
	}
	good = Gateway(telegrams())
	config = source("good", good) + "".join(source(name, gateway) for name, gateway in bad.items())
	config += source("kicked", bad["kicks"]) + source("nobody", port=free_port())
	meterd = Meterd(config)
	wait_until(lambda: is_connected(meterd, "good", "flood"))
	files = meterd.fds
	heard = lines(meterd)["good"]["telegrams"]
	wait_until(lambda: bad["closes"].connections >= 4 and bad["resets"].connections >= 4)
	wait_until(lambda: lines(meterd)["good"]["telegrams"] > heard + 20)
	now = lines(meterd)
	for name in ("closes", "resets", "half", "web", "nobody"):
		assert now[name]["state"] in ("refused", "silent", "wrong-data"), (name, now[name])
		assert now[name]["why"], name
	for name in bad:
		assert bad[name].connections < 40, f"{name}: {bad[name].connections} connections"
	assert meterd.fds <= files + 8, f"{files} files became {meterd.fds}"
	meterd.stop()


@promise
def a_trace_is_written_as_asked():
	gateway = Gateway(telegrams())
	meterd = Meterd(source("house", gateway, more="trace = {dir}/trace") + source("other", gateway, more="trace = log"))
	path = os.path.join(meterd.path, "trace")
	number = b"E0000000000000001".hex().upper()

	def text():
		with open(path) as f:
			return f.read()

	wait_until(lambda: text().count("1-0:1.8.1=(001000.") >= 3)
	wait_until(lambda: "other:  1-0:1.8.1=(001000." in meterd.log())
	assert number not in text() and number not in meterd.log(), "the number is told"
	meterd.reload(f"[daemon]\nidentity = yes\n{source('house', gateway, more='trace = {dir}/trace')}")
	wait_until(lambda: number in text())
	equal(gateway.connections, 2, "connections")
	meterd.stop()


def captures():
	"""(name, bytes, telegrams) of each capture in clear that the corpus has."""
	for kind in ("p1", "tic"):
		for name in sorted(os.listdir(corpus(kind))):
			path = os.path.join(corpus(kind), name)
			base = os.path.splitext(path)[0]
			if not name.endswith((".bin", ".txt")) or os.path.exists(base + ".key.json"):
				continue
			with open(path, "rb") as data, open(base + ".expected.ndjson") as expected:
				yield os.path.basename(base), data.read(), len(expected.readlines())


def in_pieces(data, lots):
	"""The bytes as steps of a gateway, cut anywhere."""
	steps = []
	while data:
		count = lots.choice((1, 2, 7, 62, 100, 1000, 8000))
		steps += [data[:count], lots.choice((0, 0, 0.001))]
		data = data[count:]
	return [step for step in steps if step != 0] + [HOLD]


@promise
def captures_of_real_meters_come_whole_over_tcp():
	lots, config, wanted = random.Random(2), "", {}
	for number, (name, data, count) in enumerate(captures()):
		steps = in_pieces(data, lots)
		gateway = Gateway(lambda n, steps=steps: steps if n == 0 else [HOLD])
		config += source(f"capture{number}", gateway)
		wanted[f"capture{number}"] = (name, count)
	assert len(wanted) > 50, f"{len(wanted)} captures"
	meterd = Meterd(config)

	def wrong():
		now = lines(meterd)
		return {name: (now[s]["telegrams"], count) for s, (name, count) in wanted.items()
			if now[s]["telegrams"] != count}

	try:
		wait_until(lambda: not wrong())
	except AssertionError:
		raise AssertionError(f"telegrams, and how many they should be: {wrong()}")
	note(f"{len(wanted)} captures, {sum(count for _, count in wanted.values())} telegrams")
	meterd.stop()


class Crowd:
	"""Many gateways in one port: each connection gets its own meter's telegram once a second."""

	def __init__(self):
		self.server = socket.socket()
		self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		self.server.bind(("127.0.0.1", 0))
		self.server.listen(4096)
		self.server.setblocking(False)
		self.port = self.server.getsockname()[1]
		self.clients, self.telegrams = [], []
		self.sent = 0
		self.stopped = threading.Event()
		self.thread = threading.Thread(target=self._serve, daemon=True)
		self.thread.start()

	def _accept(self):
		try:
			while True:
				client = self.server.accept()[0]
				client.setblocking(False)
				number = f"E{len(self.telegrams):016d}"
				self.telegrams.append(p1(number=number, r1_8_1=1000000, r1_8_2=2000000))
				self.clients.append(client)
		except BlockingIOError:
			pass

	def _serve(self):
		while not self.stopped.wait(1):
			self._accept()
			for client, telegram in zip(self.clients, self.telegrams):
				try:
					self.sent += client.send(telegram) == len(telegram)
				except OSError:
					pass

	def end(self):
		self.stopped.set()
		self.thread.join()
		for client in [self.server, *self.clients]:
			client.close()


@promise
def a_thousand_gateways_fit_into_24_mib():
	crowd = Crowd()
	try:
		meterd = Meterd("".join(source(f"gateway{i}", port=crowd.port) for i in range(1000)), program=PLAIN)
		wait_until(lambda: sum(m["state"] == "connected" for m in meterd.meters()) == 1000, 300)
		sent, cpu, begun = crowd.sent, meterd.cpu_ns, time.monotonic()
		wait_until(lambda: crowd.sent >= sent + 5000, 300)
		load = (meterd.cpu_ns - cpu) / (crowd.sent - sent) / 1000
		note(f"{meterd.rss} KiB resident, {meterd.anonymous} KiB anonymous, {load:.1f} us for a telegram, "
		     f"{(crowd.sent - sent) / (time.monotonic() - begun):.0f} telegrams a second")
		assert meterd.rss <= 24 * 1024, f"{meterd.rss} KiB"
		assert meterd.fds < 1100, f"{meterd.fds} files"
		meterd.stop()
	finally:
		crowd.end()


run()
