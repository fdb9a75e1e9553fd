#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Meters that push DLMS through the whole daemon: simulated ones on ptys and behind converters."""
import dlms_wire
from broker import *

# Of the simulator.
FIVE = ["e450", "e570", "am550", "omnipower-denmark", "t210"]
OTHERS = ["e360", "am550-2026", "am550-scalers", "ma309", "aidon", "kaifa"]
KEYS = {"key": "00112233445566778899aabbccddeeff", "auth_key": "ffeeddccbbaa99887766554433221100"}
OTHER = {"key": "ff112233445566778899aabbccddeeff"}
# Then comes a list with the number, and that of the quarter of an hour, which tells of other meters.
QUARTER = "2026-03-02T11:59:55Z"


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


def on_pty(name, path, more=""):
	return f"[source {name}]\ntype = mbus\ndevice = {path}\n{more}\n"


def line(meterd, name="house"):
	status = json.loads(meterd.control("status", "--json")[0])
	return next(s for s in status["sources"] if s["name"] == name)["lines"][0]


def heard(meterd, name="house"):
	"""Its state as soon as a telegram came."""
	return next((m for m in meterd.meters() if m["name"] == name and "received" in m), None)


def all_say(meterd, expected):
	"""Waits until each meter {name: (number, readings)} has said all that its readings say."""
	left = dict(expected)

	def look():
		states = {m["name"]: m for m in meterd.meters()}
		for name, (number, readings) in list(left.items()):
			if newest(readings).items() <= states[name]["quantities"].items():
				equal((states[name]["meter"], states[name]["protocol"]), (number, "dlms"), name)
				del left[name]
		return not left

	try:
		wait_until(look, 60)
	except AssertionError:
		name = next(iter(left))
		raise AssertionError(f"{list(left)}; {name}: {newest(left[name][1])} in {meterd.meter(name)['quantities']}")


@promise
def the_five_meters_say_in_clear_and_enciphered_through_ptys_and_converters_what_they_say():
	directory, config, expected = Directory(), "[daemon]\nidentity = yes\n", {}
	path = key_file(directory / "key", KEYS)
	for kind in FIVE:
		for enciphered in (False, True):
			for pty in (False, True):
				number = str(10000001 + len(expected))
				name = f"{kind}-{'enciphered' if enciphered else 'clear'}-{'pty' if pty else 'tcp'}"
				options = {"number": number, "count": 10, "start": "2026-03-02T12:00:31Z"}
				options.update({"key-file": path} if enciphered else {})
				data, readings = told(kind, **options)
				more = f"key_file = {path}" if enciphered else ""
				config += on_pty(name, Simulator(kind, speed="max", **options).path, more) if pty else \
					source(name, Gateway([data, HOLD]), more)
				expected[name] = number, readings
	meterd = Meterd(config, directory=directory)
	all_say(meterd, expected)
	for name, (number, readings) in expected.items():
		found = line(meterd, name)
		equal((found["state"], found["telegrams"]), ("connected", len(readings)), name)
		equal("enciphered" not in name or found["encrypted"]["verified"], len(readings) if "enciphered" in name else True, name)
	meterd.stop()


@promise
def other_meters_say_behind_converters_what_they_say():
	config, expected = "[daemon]\nidentity = yes\n", {}
	for kind in OTHERS:
		data, readings = told(kind, count=12)
		expected[kind] = next(r["meter"] for r in readings if "meter" in r), readings
		config += source(kind, Gateway([data, HOLD]))
	meterd = Meterd(config)
	all_say(meterd, expected)
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
def of_many_system_titles_none_is_in_the_way_of_another():
	directory, data, count = Directory(), b"", 0
	for i in range(12):
		keys = key_file(directory / "keys", dict(KEYS, system_title=f"4C475A00000000{i:02X}"))
		# Three lists with the number, and one without.
		bytes_of, readings = told("e450", count=4, start="2026-03-02T12:00:46Z", number=f"LGZ{i}", **{"key-file": keys})
		equal(["meter" in r and r["meter"] == f"LGZ{i}" for r in readings], [True, True, True, False])
		data, count = data + bytes_of, count + len(readings)
	meterd = Meterd(source("house", Gateway([data, HOLD]), f"key_file = {key_file(directory / 'key', KEYS)}"))
	wait_until(lambda: line(meterd)["telegrams"] == count, 20, f"{count} telegrams")
	meterd.stop()


@promise
def damage_and_noise_cost_no_telegram_beside_them():
	data, readings = told("e570", count=6, start="2026-03-02T12:00:31Z")
	first = [frame.begin for frame in dlms_wire.frames(data)]
	blocks = len(first) // len(readings)
	assert blocks > 2, "the list is in one frame"
	hurt = bytearray(data)
	hurt[first[2 * blocks + 1] + 30] ^= 0x10			# a block of the third telegram is damaged
	gap = first[4 * blocks + 1], first[4 * blocks + 2]		# one of the fifth is lost
	noise = bytes(random.Random(7).randrange(256) for _ in range(700))
	hurt = bytes(hurt[:first[blocks]]) + noise + bytes(hurt[first[blocks]:gap[0]]) + bytes(hurt[gap[1]:])
	meterd = Meterd(source("house", Gateway([hurt, HOLD])))
	wait_until(lambda: newest(readings).items() <= meterd.meter("house")["quantities"].items(), 20)
	equal(line(meterd)["telegrams"], 4)
	equal(meterd.metric("meter_telegrams_total", source="house", result="ok"), 4)
	assert meterd.metric("meter_telegrams_total", source="house", result="crc") >= 1
	meterd.stop()


@promise
def a_converter_that_goes_and_comes_back_is_read_again():
	directory, link = Directory(), Directory() / "tty"
	data, readings = told("e450", count=2, number="LGZ1")
	gateway = Gateway(lambda n: [data, CLOSE] if not n else [data, HOLD])
	first = Simulator("am550", number="ISK2", speed="max", interval=0.3)
	os.symlink(first.path, link)
	meterd = Meterd(source("house", gateway) + on_pty("flat", link), directory=directory)
	wait_until(lambda: heard(meterd, "flat") and line(meterd, "flat")["state"] == "connected")
	first.end()
	wait_until(lambda: line(meterd, "flat")["state"] == "silent")
	before = line(meterd, "flat")["telegrams"]
	os.unlink(link)
	os.symlink(Simulator("am550", number="ISK2", speed="max", interval=0.3).path, link)
	wait_until(lambda: line(meterd, "flat")["telegrams"] > before and line(meterd, "flat")["state"] == "connected")
	wait_until(lambda: line(meterd)["telegrams"] == 4)
	equal(sorted(m["name"] for m in meterd.meters()), ["flat", "house"])
	meterd.stop()


@promise
def with_auto_no_a_meter_must_be_listed():
	data, readings = told("e450", count=4, start=QUARTER, number="LGZ1")
	strange = source("strange", Gateway([data, HOLD]), "auto = no")
	meterd = Meterd(strange)
	wait_until(lambda: "a meter that is not configured" in meterd.log())
	equal([m["name"] for m in meterd.meters() if m["quantities"]], [])
	meterd.stop()
	meterd = Meterd("[daemon]\nidentity = yes\n" + strange + "[meter LGZ1]\nname = house\n")
	equal(wait_until(lambda: heard(meterd))["meter"], "LGZ1")
	# Those behind it are not listed.
	wait_until(lambda: "a meter that is not configured" in meterd.log())
	equal([m["name"] for m in meterd.meters() if m["quantities"]], ["house"])
	meterd.stop()


@promise
def a_meter_that_speaks_p1_in_text_is_read_as_such():
	meterd = Meterd(source("house", Gateway([p1(number="4153363030303030"), HOLD])))
	state = wait_until(lambda: heard(meterd))
	equal((state["protocol"], state["quantities"]["power_import"]), ("p1", 500))
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
	advice = re.search(r"(scale\.\S+ = )1 or 10", first.log())[1]
	first.stop()
	second = Meterd(source("house", Gateway([data, HOLD])) + f"[meter {number}]\n{advice}10\n")
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


# Types of smartmeter-datacollector 2.0.0, cosem.py, for what the simulators send.
TYPES = {f"{type}{of}": (f"{quantity}{of.lower()}", f"{c + 20 * i}.7.0")
	 for type, quantity, c in (("ACTIVE_POWER_P", "power_import", 1), ("ACTIVE_POWER_N", "power_export", 2),
				   ("REACTIVE_POWER_P", "power_reactive_import", 3), ("REACTIVE_POWER_N", "power_reactive_export", 4),
				   ("CURRENT", "current", 11), ("VOLTAGE", "voltage", 12))
	 for i, of in enumerate(("", "_L1", "_L2", "_L3"))}
TYPES.update({f"{type}{of}": (f"{quantity}{of.lower()}", f"{c}.8.{i}")
	      for type, quantity, c in (("ACTIVE_ENERGY_P", "energy_import", 1), ("ACTIVE_ENERGY_N", "energy_export", 2))
	      for i, of in enumerate(("", "_T1", "_T2"))})
TYPES.update({f"REACTIVE_ENERGY_{of}": (f"energy_reactive_{quantity}", f"{c}.8.0") for of, quantity, c in (
	("P", "import", 3), ("N", "export", 4), ("Q1", "q1", 5), ("Q2", "q2", 6), ("Q3", "q3", 7), ("Q4", "q4", 8))})
TYPES["POWER_FACTOR"] = "power_factor", "13.7.0"


def published(view, number):
	prefix = f"smartmeter/{number}/"
	return {m.topic[len(prefix):]: m.json for m in list(view.messages) if m.topic.startswith(prefix)}


@promise
def the_datacollector_layout_has_all_that_the_meters_say():
	broker, config, expected = Broker(), "", {}
	view = View(broker)
	for i, kind in enumerate(FIVE):
		data, readings = told(kind, count=10, start="2026-03-02T12:00:31Z", number=str(10000001 + i))
		config += source(kind, Gateway([data, HOLD]))
		got = newest(readings)
		expected[str(10000001 + i)] = {type: (got[name], code) for type, (name, code) in TYPES.items() if name in got}
	meterd = Meterd("[daemon]\nidentity = yes\ncycle = 1\n" + broker.section("layout = smartmeter-datacollector\n") + config)
	for number, types in expected.items():
		assert len(types) > 8, types
		wait_until(lambda: types.items() <= {type: (p["value"], p["obis"]) for type, p in published(view, number).items()}.items(), 20,
			   f"{types} in {published(view, number)}")
		equal([p for p in published(view, number).values() if not p["timestamp"] > 0], [])
	meterd.stop()


def push(*objects):
	"""A frame of HDLC with a list of codes and values: (code A.B.C.D.E, text or number), ..."""
	body = b"\x02" + bytes([2 * len(objects)])
	for code, value in objects:
		body += b"\x09\x06" + bytes(map(int, re.split("[-:.]", code))) + b"\xff"
		body += b"\x0a" + bytes([len(value)]) + value.encode() if isinstance(value, str) else b"\x06" + struct.pack(">I", value)
	info = dlms_wire.LLC + b"\x0f\0\0\0\0\0" + body
	head = struct.pack(">H", 0xa000 | 2 + 3 + 2 + len(info) + 2) + b"\x03\x21\x13"
	frame = head + dlms_wire.crc16_x25(head) + info
	return b"\x7e" + frame + dlms_wire.crc16_x25(frame) + b"\x7e"


@promise
def the_datacollector_layout_has_what_is_no_quantity_too():
	broker = Broker()
	view = View(broker)
	data = push(("0-0:42.0.0", "LGZ1"), ("1-0:33.7.0", 995), ("1-0:81.7.40", 12), ("1-0:62.8.0", 77), ("1-1:3.8.1", 41))
	meterd = Meterd("[daemon]\nidentity = yes\ncycle = 0\n" + broker.section("layout = smartmeter-datacollector\n") +
			source("house", Gateway([data, HOLD])))
	view.wait("smartmeter/LGZ1/REACTIVE_ENERGY_P_T1")
	equal({type: (p["value"], p["obis"]) for type, p in published(view, "LGZ1").items()},
	      {"POWER_FACTOR_L1": (0.995, "33.7.0"), "ANGLE_UI_L1": (12, "81.7.40"), "ACTIVE_ENERGY_N_L3": (77, "62.8.0"),
	       "REACTIVE_ENERGY_P_T1": (41, "3.8.1")})
	meterd.stop()


@promise
def wrong_noise_on_the_line_is_no_meter():
	gateway = Gateway([os.urandom(3000), HOLD])
	meterd = Meterd(source("house", gateway))
	wait_until(lambda: line(meterd)["state"] == "wrong-data", 60)
	assert "neither DLMS nor P1" in line(meterd)["why"], line(meterd)
	equal([m for m in meterd.meters() if m["quantities"]], [])
	meterd.stop()


run()
