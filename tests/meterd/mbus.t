#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Meters that push DLMS through the whole daemon: simulated ones on ptys and behind converters."""
from broker import *

# Kinds of the simulator, with what of their first telegrams the daemon holds back.
KINDS = ["e450", "e570", "e360", "am550", "am550-2026", "am550-scalers", "omnipower-denmark", "t210", "ma309", "aidon", "kaifa"]
KEYS = {"key": "00112233445566778899aabbccddeeff", "auth_key": "ffeeddccbbaa99887766554433221100"}
OTHER = {"key": "ff112233445566778899aabbccddeeff"}
# Quarters of an hour, of which meters of 15-minute lists tell.
QUARTER = "2026-03-02T12:00:00Z"


def key_file(path, keys):
	with open(path, "w") as f:
		json.dump(keys, f)
	os.chmod(path, 0o600)
	return str(path)


def told(kind, **options):
	"""Bytes of a simulated meter, and what each telegram in them says."""
	directory = Directory()
	data = simulate(kind, expect=str(directory / "expect"), **options)
	with open(directory / "expect") as f:
		return data, [json.loads(line) for line in f]


def newest(readings):
	quantities = {}
	for reading in readings:
		quantities.update(reading["quantities"])
	return quantities


def source(name, gateway, more=""):
	return f"[source {name}]\ntype = mbus\nhost = 127.0.0.1\nport = {gateway.port}\n{more}\n"


def line(meterd, name="house"):
	status = json.loads(meterd.control("status", "--json")[0])
	return next(s for s in status["sources"] if s["name"] == name)["lines"][0]


def heard(meterd, name="house"):
	"""Its state as soon as a telegram came."""
	return next((m for m in meterd.meters() if m["name"] == name and "received" in m), None)


@promise
def each_kind_of_meter_says_behind_a_converter_what_it_says():
	directory, config, expected = Directory(), "[daemon]\nidentity = yes\n", {}
	for kind in KINDS:
		data, readings = told(kind, count=12)
		expected[kind] = readings
		config += source(kind, Gateway([data, HOLD]))
	meterd = Meterd(config, directory=directory)
	for kind, readings in expected.items():
		state = wait_until(lambda: heard(meterd, kind), what=f"{kind} is heard")
		number = next(r["meter"] for r in readings if "meter" in r)
		wait_until(lambda: newest(readings).items() <= meterd.meter(kind)["quantities"].items(), 20,
			   f"{kind}: {newest(readings)} in {meterd.meter(kind)['quantities']}")
		equal((state["meter"], state["protocol"]), (number, "dlms"))
	meterd.stop()


@promise
def a_meter_on_a_pty_is_read_though_its_parity_is_dropped():
	meter = Simulator("am550", speed="max", interval=0.5)
	meterd = Meterd(f"[source house]\ntype = mbus\ndevice = {meter.path}\n")
	state = wait_until(lambda: heard(meterd))
	assert state["quantities"]["energy_import"] > 0, state
	equal(line(meterd)["state"], "connected")
	meterd.stop()


@promise
def enciphered_telegrams_are_read_and_their_tags_verified():
	directory = Directory()
	path = key_file(directory / "key", KEYS)
	data, readings = told("e450", count=3, **{"key-file": path})
	meterd = Meterd(source("house", Gateway([data, HOLD]), f"key_file = {path}"))
	state = wait_until(lambda: heard(meterd))
	equal(state["quantities"]["power_import"], newest(readings)["power_import"])
	encrypted = line(meterd)["encrypted"]
	equal((encrypted["tag"], encrypted["verified"], encrypted["wrong_tag"]), ("verified", 3, 0))
	assert "encrypted, with good tags" in meterd.log(), meterd.log()
	meterd.stop()


@promise
def what_is_wrong_with_a_key_is_told():
	directory = Directory()
	data = simulate("e450", count=3, **{"key-file": key_file(directory / "key", KEYS)})
	wrong_tag = dict(KEYS, auth_key=OTHER["key"])
	config = "".join(source(name, Gateway(lambda n: [data, 2, AGAIN]), key) for name, key in (
		("none", ""), ("wrong", f"key_file = {key_file(directory / 'wrong', OTHER)}"),
		("tag", f"key_file = {key_file(directory / 'tag', wrong_tag)}")))
	meterd = Meterd(config)
	for name, words in (("none", "ask the grid operator"), ("wrong", "with this key nothing can be read"), ("tag", "their tags are wrong")):
		wait_until(lambda: words in line(meterd, name)["why"], 60, f"{name}: {line(meterd, name)}")
		equal(line(meterd, name)["state"], "wrong-data")
	equal([m["name"] for m in meterd.meters() if m["quantities"]], [])
	meterd.stop()


@promise
def a_recording_is_refused_when_that_is_wanted():
	directory = Directory()
	path = key_file(directory / "key", KEYS)
	data, readings = told("e570", count=2, **{"key-file": path})
	meterd = Meterd(source("house", Gateway([data, 0.5, data, HOLD]), f"key_file = {path}\nreplayed = refuse"))
	wait_until(lambda: heard(meterd))
	wait_until(lambda: line(meterd)["encrypted"]["replayed"] == 2)
	equal(line(meterd)["telegrams"], 2)
	meterd.stop()


@promise
def a_list_without_a_number_is_of_the_meter_that_was_heard_before():
	data, readings = told("e450", count=14, start="2026-03-02T11:59:00Z")
	assert any("meter" not in r for r in readings), "all lists have the number"
	meterd = Meterd("[daemon]\nidentity = yes\n" + source("house", Gateway([data, HOLD])))
	wait_until(lambda: line(meterd)["telegrams"] >= 3)
	number = next(r["meter"] for r in readings if "meter" in r)
	equal([m["meter"] for m in meterd.meters() if "via" not in m], [number])
	meterd.stop()


@promise
def whose_a_list_is_and_which_counters_were_seen_is_known_after_a_restart():
	directory = Directory()
	path = key_file(directory / "key", KEYS)
	data, readings = told("e450", count=3, start="2026-03-02T11:58:31Z", **{"key-file": path})
	without, more = told("e450", count=1, start="2026-03-02T11:59:00Z", counter=100, **{"key-file": path})
	equal([r["meter"].startswith("LGZ") for r in readings + more], [True, True, True, False])
	first = Meterd("[daemon]\nidentity = yes\n" + source("house", Gateway([data, HOLD]), f"key_file = {path}"), directory=directory)
	wait_until(lambda: line(first)["telegrams"] == 3)
	first.stop()
	second = Meterd("[daemon]\nidentity = yes\n" +
			source("house", Gateway([data, without, HOLD]), f"key_file = {path}\nreplayed = refuse"), directory=directory)
	state = wait_until(lambda: heard(second))
	equal((state["meter"], len(second.meters())), (readings[0]["meter"], 1))
	equal((line(second)["telegrams"], line(second)["encrypted"]["replayed"] >= 2), (1, True))
	second.stop()


@promise
def meters_behind_a_meter_are_meters_of_their_own():
	data, readings = told("e450", count=4, start=QUARTER)
	meterd = Meterd(source("house", Gateway([data, HOLD])))
	behind = wait_until(lambda: [m for m in meterd.meters() if m.get("via") == "house"])
	quantities = {name for m in behind for name in m["quantities"]}
	assert quantities & {"gas", "water", "heat", "heat_kwh"}, behind
	assert not {"gas", "water"} & set(meterd.meter("house")["quantities"]), meterd.meter("house")
	meterd.stop()


@promise
def energies_of_an_unknown_size_are_held_back_until_the_configuration_tells():
	data, readings = told("omnipower-norway", count=2, start="2026-03-02T12:00:00Z", interval=10)
	number = readings[0]["meter"]
	first = Meterd(source("house", Gateway([data, HOLD])))
	state = wait_until(lambda: heard(first))
	wait_until(lambda: "whether its registers count 1 or 10 Wh" in first.log())
	equal([name for name in state["quantities"] if name.startswith("energy")], [])
	first.stop()
	second = Meterd(source("house", Gateway([data, HOLD])) + f"[meter {number}]\nscale.1-0:1.8.0 = 10\n")
	wait_until(lambda: heard(second) and heard(second)["quantities"].get("energy_import"))
	second.stop()


@promise
def a_meter_without_a_number_has_the_one_that_is_given():
	data, readings = told("e450-austria", count=4, **{"key-file": key_file(Directory() / "key", KEYS)})
	equal([r.get("meter") for r in readings if "LGZ" in r.get("meter", "")], [])
	path = key_file(Directory() / "key", KEYS)
	meterd = Meterd("[daemon]\nidentity = yes\n" + source("house", Gateway([data, HOLD]), f"key_file = {path}\nmeter = 12345678"))
	wait_until(lambda: meterd.meter("house").get("meter") == "12345678")
	meterd.stop()


@promise
def the_datacollector_layout_has_it():
	broker = Broker()
	view = View(broker)
	data, readings = told("e450", count=2)
	number = readings[0]["meter"]
	meterd = Meterd("[daemon]\nidentity = yes\n" + broker.section("layout = smartmeter-datacollector\n") +
			source("house", Gateway([data, HOLD])))
	told_power = view.wait(f"smartmeter/{number}/ACTIVE_POWER_P", lambda told: told["value"] == newest(readings)["power_import"])
	assert told_power["timestamp"] > 0, told_power
	meterd.stop()


@promise
def wrong_noise_on_the_line_is_no_meter():
	gateway = Gateway([os.urandom(3000), HOLD])
	meterd = Meterd(source("house", gateway))
	wait_until(lambda: line(meterd)["state"] == "wrong-data", 60)
	equal([m for m in meterd.meters() if m["quantities"]], [])
	meterd.stop()


run()
