#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""meterd and meterctl with GPIO lines: a meter that is read by its edges, a data request line, an LED."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from gpio import *

NUMBER = "041876097767"


def config(line="gpiochip0:18", more=""):
	return f"[source attic]\ntype = gpio\nline = {line}\n{more}"


def line(meterd, name="attic"):
	status = json.loads(meterd.control("status", "--json")[0])
	return next(s for s in status["sources"] if s["name"] == name)["lines"][0]


def is_line(meterd, state, words):
	found = line(meterd)
	return found["state"] == state and words in found["why"]


def telegrams(path):
	"""The bytes of a capture, and how many telegrams they hold."""
	with open(path, "rb") as file, open(path.replace(".bin", ".expected.ndjson")) as expected:
		return file.read(), len(expected.readlines())


def vector(name):
	return os.path.join(TOP, "tests/vectors", name)


@promise
def a_capture_at_1200_baud_comes_through_without_loss():
	path = corpus("tic/lains-linky_3P_historical_2024_sample-restored.bin")
	data, count = telegrams(path)
	chips = Chips()
	meterd = Meterd(config(), environment=chips.environment())
	replayed = Meterd(f"[source attic]\ntype = replay\npath = {path}\n")
	chips.send(data, 1200)
	wait_until(lambda: line(meterd)["telegrams"] == count)
	wait_until(lambda: is_line(meterd, "connected", "tic-historique telegrams come at 1200 bit/s"))
	told = line(meterd)
	equal([told[k] for k in ("framing", "lost_edges", "glitches")], [0, 0, 0], "what was dropped")
	equal(told["damaged"], line(replayed)["damaged"], "damaged groups")
	equal(meterd.metric("meter_characters_total", source="attic", result="ok"), len(data), "characters")
	equal(chips.log()[0], f"gpiochip0:18 edges v{chips.version()} meterd")
	meterd.stop()
	equal(chips.log()[-1], "gpiochip0:18 closed")
	replayed.stop()


def decoded_by_edges_as_recorded(name, baud):
	data, count = telegrams(vector(name))
	chips = Chips()
	with subprocess.Popen([METERCTL, "decode", "--gpio", "GPIO18,pull-up", "--speed", str(baud)],
			      env={**os.environ, **chips.environment()}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			      universal_newlines=True) as decode:
		wait_until(lambda: chips.log() or decode.poll())
		if decode.poll():
			raise Skip(decode.stderr.read().strip())
		chips.send(data, baud)
		decode.send_signal(signal.SIGINT)
		said, counted = decode.communicate(timeout=60)
	recorded = subprocess.run([METERCTL, "decode", vector(name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
				  universal_newlines=True, check=True)
	equal(said, recorded.stdout, f"what is decoded of {name}")
	equal(counted.splitlines(), [f"characters={len(data)} framing_bad=0 edges_lost=0 glitches=0 speed={baud}",
				     *recorded.stderr.splitlines()], "counts")
	equal(len(said.splitlines()), count)


@promise
def decode_prints_what_it_prints_of_a_recording():
	for name in ("tic-historique-tempo-damaged.bin", "tic-historique-tri-7e1-damaged.bin"):
		decoded_by_edges_as_recorded(name, 1200)


@promise
def decode_prints_at_9600_baud_what_it_prints_of_a_recording():
	decoded_by_edges_as_recorded("tic-standard-7e1-damaged.bin", 9600)


@promise
def noise_is_counted_and_is_no_telegram():
	chips = Chips()
	meterd = Meterd(config(more="speed = 1200\n"), environment=chips.environment())
	rng = random.Random(5)
	chips.version()
	now = time.monotonic_ns() - 5_000_000_000
	for _ in range(300):
		edges = []
		for level in (False, True) * 3:
			now += rng.randrange(20_000, 3_000_000)
			edges.append((now, level))
		chips.edges(edges)
	wait_until(lambda: line(meterd)["framing"] > 20 and line(meterd)["glitches"] > 20)
	equal(line(meterd)["telegrams"], 0)
	equal(meterd.quantities("attic"), {})
	equal(meterd.metric("meter_characters_total", source="attic", result="framing"), line(meterd)["framing"])
	if "characters dropped" not in meterd.control("status")[0]:
		raise AssertionError(meterd.control("status"))
	# And then it is read.
	data, count = telegrams(vector("tic-historique-hc.bin"))
	chips.time_ns = now + 1_000_000_000
	chips.send(data, 1200)
	wait_until(lambda: line(meterd)["telegrams"] >= count - 1)
	meterd.stop()


@promise
def edges_that_came_too_late_to_be_kept_are_counted():
	data, count = telegrams(vector("tic-historique-hc.bin"))
	chips = Chips()
	meterd = Meterd(config(), environment=chips.environment())
	half = data.index(b"\x03") + 40
	chips.send(data[:half], 1200)
	if chips.version() == "1":
		# As many as are kept: there may have been more.
		start = chips.time_ns
		chips.edges([(start + i * 833_000, bool(i & 1)) for i in range(16)])
		chips.time_ns = start + 40 * 833_000
	else:
		chips.seqno += 7
	chips.send(data[half + 10:], 1200)
	wait_until(lambda: line(meterd)["telegrams"] >= 2 and line(meterd)["lost_edges"] > 0)
	equal(meterd.metric("meter_characters_total", source="attic", result="lost"), line(meterd)["lost_edges"])
	meterd.stop()


@promise
def an_inverted_line_is_asked_for_as_active_low():
	chips = Chips()
	meterd = Meterd(config("pinctrl-bcm2711:18,pull-up", "inverted = yes\n"), environment=chips.environment())
	wait_until(chips.log)
	equal(chips.log(), [f"gpiochip0:18 edges v{chips.version()} active-low pull-up meterd"])
	meterd.stop()


@promise
def a_line_that_is_in_use_is_refused_until_it_is_free():
	chips = Chips({18: "lirc"})
	meterd = Meterd(config(), environment=chips.environment())
	wait_until(lambda: is_line(meterd, "refused", "it is in use by lirc"))
	chips.use({})
	wait_until(lambda: is_line(meterd, "silent", "it is open"))
	meterd.stop()


@promise
def a_chip_that_goes_is_opened_again():
	chips = Chips()
	meterd = Meterd(config(), environment=chips.environment())
	wait_until(lambda: is_line(meterd, "silent", "it is open"))
	open(chips / "gone", "w").close()
	os.rename(chips / "gpiochip0", chips / "away")
	with open(chips / "edges", "r+b", buffering=0) as fifo:
		fifo.write(b"x")
		wait_until(lambda: is_line(meterd, "silent", "not there") or is_line(meterd, "silent", "is gone"))
		fifo.read(1)
	os.unlink(chips / "gone")
	os.rename(chips / "away", chips / "gpiochip0")
	wait_until(lambda: is_line(meterd, "silent", "it is open"))
	data, count = telegrams(vector("tic-historique-hc.bin"))
	chips.send(data, 1200)
	wait_until(lambda: line(meterd)["telegrams"] == count)
	meterd.stop()


@promise
def a_reload_leaves_the_line_open():
	chips = Chips()
	meterd = Meterd(config(), environment=chips.environment())
	wait_until(chips.log)
	meterd.reload(config() + "[source other]\ntype = gpio\nline = gpiochip0:19\n")
	wait_until(lambda: len(chips.log()) == 2)
	meterd.reload(config(more="inverted = yes\n") + "[source other]\ntype = gpio\nline = gpiochip0:19\n")
	wait_until(lambda: len(chips.log()) == 4)
	equal([row.split()[0] + row.split()[1] for row in chips.log()],
	      ["gpiochip0:18edges", "gpiochip0:19edges", "gpiochip0:18closed", "gpiochip0:18edges"])
	meterd.stop()


@promise
def the_watchdog_is_fed_with_and_without_the_line():
	chips = Chips({18: "lirc"})
	meterd = Meterd(config(), environment={**chips.environment(), "WATCHDOG_USEC": "400000"})

	def fed():
		try:
			return b"WATCHDOG=1" in meterd.notify.recv(4096)
		except BlockingIOError:
			return False

	for state, words in (("refused", "in use"), ("silent", "it is open"), ("connected", "1200")):
		wait_until(lambda: is_line(meterd, state, words))
		while fed():
			pass
		wait_until(fed)
		wait_until(fed)
		chips.use({})
		if state == "silent":
			chips.send(telegrams(vector("tic-historique-hc.bin"))[0], 1200)
	meterd.stop()


def serial(device, more):
	return f"[source attic]\ntype = serial\ndevice = {device}\n{more}"


@promise
def data_is_requested_while_the_port_is_open():
	chips, directory = Chips(), Directory()
	device = directory / "meter"
	meterd = Meterd(serial(device, "request = gpiochip0:17\n"), environment=chips.environment())
	wait_until(lambda: is_line(meterd, "silent", "not there"))
	equal(chips.log(), [], "what was done while there is no port")
	meter = Simulator("dsmr5", number=NUMBER, link=device)
	wait_until(lambda: line(meterd)["state"] == "connected")
	equal(chips.log(), ["gpiochip0:17 output 1 open-source meterd"])
	meter.end()
	os.unlink(device)
	wait_until(lambda: "not there" in line(meterd)["why"])
	equal(chips.log()[1:], ["gpiochip0:17 input", "gpiochip0:17 closed"])
	Simulator("dsmr5", number=NUMBER, link=device)
	wait_until(lambda: len(chips.log()) == 4)
	meterd.stop()
	equal(chips.log()[3:], ["gpiochip0:17 output 1 open-source meterd", "gpiochip0:17 input", "gpiochip0:17 closed"])


@promise
def without_its_request_a_port_is_not_read():
	chips = Chips({17: "lirc"})
	meter = Simulator("dsmr5", number=NUMBER)
	meterd = Meterd(serial(meter.path, "request = gpiochip0:17,active-low\n"), environment=chips.environment())
	wait_until(lambda: is_line(meterd, "refused", "request = gpiochip0:17,active-low is in use by lirc"))
	chips.use({})
	wait_until(lambda: line(meterd)["state"] == "connected")
	equal(chips.log(), ["gpiochip0:17 output 1 active-low open-drain meterd"])
	meterd.stop()


@promise
def an_led_flashes_with_telegrams():
	chips = Chips()
	meter = Simulator("dsmr5", number=NUMBER)
	meterd = Meterd(serial(meter.path, "led = GPIO27\n"), environment=chips.environment())
	wait_until(lambda: chips.log().count("gpiochip0:27 set 0") >= 3)
	meterd.stop()
	log = chips.log()
	equal(log[:3], ["gpiochip0:27 output 0 meterd", "gpiochip0:27 set 1", "gpiochip0:27 set 0"])
	equal(log[-2:], ["gpiochip0:27 input", "gpiochip0:27 closed"])


@promise
def without_its_led_a_port_is_read():
	chips = Chips({27: "lirc"})
	meter = Simulator("dsmr5", number=NUMBER)
	meterd = Meterd(serial(meter.path, "led = GPIO27\n"), environment=chips.environment())
	wait_until(lambda: line(meterd)["state"] == "connected")
	if "led = GPIO27 is in use by lirc; the meter is read without it" not in meterd.log():
		raise AssertionError("no word of it")
	meterd.stop()


run()
