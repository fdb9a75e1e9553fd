#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Simulated DLMS meters send what captures and documents have, and what they say that they send. What reads them here
was written from the description of the protocols alone (../meterd/dlms_wire.py)."""
import decimal
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/meterd")
from harness import *
import dlms_wire as wire

METERCTL = os.path.join(TOP, "build/tests/meterctl")	# with sanitizers
FAST = os.path.join(TOP, "build/meterctl")
START = "2026-05-04T08:59:31Z"		# before a full hour, in summer time
KEY, AUTH_KEY = bytes(range(16)), bytes(range(0xa0, 0xb0))
IN_CLEAR = ("e450 e570 e360 am550 am550-2026 am550-scalers omnipower-norway omnipower-sweden omnipower-denmark t210 ma309 "
	    "aidon kaifa").split()
ALL = IN_CLEAR + ["e450-austria"]


def key_file(tag=True, **more):
	path = Directory() / "keys"
	with open(path, "w") as f:
		json.dump({"key": KEY.hex(), **({"auth_key": AUTH_KEY.hex()} if tag else {}), **more}, f)
	return path


def simulate(kind, *options, count=60, start=START, program=FAST):
	"""Bytes of a meter, and the readings that it says they give."""
	expect = Directory() / "expect"
	arguments = [program, "simulate", kind, "--speed", "max", "--start", start, "--count", count, "--expect", expect, *options]
	result = subprocess.run(list(map(str, arguments)), capture_output=True, timeout=120, cwd=TOP)
	assert not result.returncode and not result.stderr, result.stderr.decode()
	with open(expect) as f:
		return result.stdout, [json.loads(line, parse_float=decimal.Decimal) for line in f]


def keys_of(kind):
	return ("--key-file", key_file()) if kind == "e450-austria" else ()


def frames_of(kind, *options, **more):
	"""Frames of the first message."""
	return wire.messages(simulate(kind, *options, count=1, **more)[0])[0][1]


def compare(got, expected, count):
	for n, (g, e) in enumerate(zip(got, expected)):
		equal(g, e, f"reading {n}")
	equal((len(got), len(expected)), (count, count), "how many")


for kind in ALL:
	def says(kind=kind):
		for options in ((), ("--seed", 7, "--interval", 3607), ("--number", 4711) if kind != "e450-austria" else ()):
			data, expected = simulate(kind, *keys_of(kind), *options, program=METERCTL)
			compare(wire.readings(data, KEY, AUTH_KEY), expected, 60)
	promise_named(f"{kind}_sends_what_it_says")(says)


for kind in ALL:
	def enciphered(kind=kind):
		for tag in (True, False):
			data, expected = simulate(kind, "--key-file", key_file(tag), "--counter", 4000000000, program=METERCTL)
			compare(wire.readings(data, KEY, AUTH_KEY), expected, 60)
			envelopes = [wire.decipher(message, KEY, AUTH_KEY)[1] for message, _ in wire.messages(data)]
			equal({(e.control, e.tagged) for e in envelopes}, {(0x30 if tag else 0x20, tag)})
			equal([e.counter for e in envelopes], [4000000000 + n for n in range(60)])
			equal(len({e.title for e in envelopes}), 1)
	promise_named(f"{kind}_encrypts_with_and_without_a_tag")(enciphered)


for kind in ALL:
	def damaged(kind=kind):
		for options in (("--key-file", key_file(False)), keys_of(kind)):
			data, expected = simulate(kind, *options, "--damage", 2, "--seed", 3, count=120, program=METERCTL)
			compare(wire.readings(data, KEY, AUTH_KEY), expected, len(expected))
			assert 20 < len(expected) < 120, len(expected)
	promise_named(f"{kind}_loses_what_is_damaged_and_nothing_else")(damaged)


for kind in ALL:
	def seeded(kind=kind):
		first, again, other = (simulate(kind, *keys_of(kind), "--seed", seed)[0] for seed in (4, 4, 5))
		assert first == again and first != other
	promise_named(f"{kind}_sends_the_same_for_the_same_seed")(seeded)


for kind in ALL:
	def rising(kind=kind):
		last = {}
		for reading in simulate(kind, *keys_of(kind), "--interval", 150, count=120)[1]:
			for code, value, _ in reading["fields"]:
				if re.match(r"1-\d:\d+\.8\.|0-\d:24\.2\.1", code):
					assert decimal.Decimal(value) >= last.get(code, 0), (code, value, last)
					last[code] = decimal.Decimal(value)
			assert reading.get("time", "9") >= last.get("time", ""), reading
			last["time"] = reading.get("time", "")
		assert any(code.endswith(":1.8.0") for code in last), last
	promise_named(f"registers_of_{kind}_only_rise")(rising)


# Bytes as captures have them: frames, blocks, control bytes, checks of headers.

def block_len(frame):
	"""Length of the block in a frame."""
	return frame.info[9] if frame.info[:3] == wire.LLC else frame.info[6]


@promise
def e450_sends_504_bytes_in_four_blocks():
	data, _ = simulate("e450", count=1)
	frames = wire.frames(data)
	equal([frame.end - frame.begin for frame in frames], [134, 127, 141, 102])
	assert data.startswith(bytes.fromhex("7ea084ceff0313128be6e700e04000010000700f")), data[:20].hex()
	equal([frame.info[-block_len(frame) - 7:][:7].hex() for frame in frames],
	      ["e0400001000070", "e040000200006c", "e040000300007a", "e0c00004000053"])


@promise
def e450_encrypted_fills_its_blocks():
	equal([block_len(frame) for frame in frames_of("e450-austria", "--key-file", key_file())], [0x77, 0x7a, 0x1f])


@promise
def e570_sends_five_blocks_also_encrypted():
	equal(len(frames_of("e570")), 5)
	equal([block_len(frame) for frame in frames_of("e570", "--key-file", key_file(False))], [0x74, 0x74, 0x74, 0x74, 0x3c])


@promise
def am550_segments_its_frames():
	frames = frames_of("am550")
	equal([frame.end - frame.begin for frame in frames], [166, 166, 166, 166, 87])
	equal([(frame.more, frame.control) for frame in frames], [(True, 0x03)] * 4 + [(False, 0x13)])
	equal([frame.end - frame.begin for frame in frames_of("am550-2026")], [166, 166, 47])
	equal([frame.end - frame.begin for frame in frames_of("am550-scalers")], [166, 166, 47])


@promise
def long_lists_come_in_one_frame():
	for kind, address, length in (("e360", "cf03", 354), ("omnipower-norway", "2b21", 228)):
		(frame,) = frames_of(kind)
		equal((frame.address.hex(), frame.end - frame.begin), (address, length), kind)
	equal([frame.end - frame.begin for frame in frames_of("omnipower-denmark", "--key-file", key_file())], [491])


@promise
def sagemcom_has_its_lengths_modulo_256():
	data, _ = simulate("t210", "--key-file", key_file(False), count=1)
	equal([data[frame.begin:frame.begin + 9].hex() for frame in wire.frames(data)],
	      ["6801016853ff000167", "680d0d6853ff110167"])
	equal([frame.end - frame.begin for frame in wire.frames(data)], [263, 19])


@promise
def kaifa_on_mbus_sends_250_and_20_bytes():
	data, _ = simulate("ma309", "--key-file", key_file(False), count=1)
	equal([data[frame.begin:frame.begin + 9].hex() for frame in wire.frames(data)], ["68fafa6853ff000167", "6814146853ff110167"])


@promise
def times_are_written_as_each_meter_does():
	for kind, summer in (("e450", "0c07ea0504010a3b1fff800000"), ("e570", "0c07ea0504010a3b1fff800000"),
			     ("am550", "0c07ea0504010a3b1f00ff8880"), ("t210", "0c07ea0504010a3b1f00ff8880"),
			     ("omnipower-norway", "0c07ea0504010a3b1fff800000"), ("aidon", "00"),
			     ("kaifa", "090c07ea0504010a3b1fff800000")):
		message = wire.messages(simulate(kind, count=1)[0])[0][0]
		equal(message[5:5 + len(summer) // 2].hex(), summer, kind)
	winter = wire.messages(simulate("am550", count=1, start="2026-12-06T12:00:00Z")[0])[0][0]
	equal(winter[5:18].hex(), "0c07ea0c06070d000000ffc400")


# Lists

def sent(kind, *options, **more):
	"""When each telegram was made, in seconds after the hour, and its labels."""
	data, expected = simulate(kind, *keys_of(kind), *options, **more)
	for (message, _), reading in zip(wire.messages(data), expected):
		stamp = wire.notification(wire.decipher(message, KEY, AUTH_KEY)[0])[0]
		yield (stamp[6] * 60 + stamp[7] + 1800) % 3600 - 1800, [label for label, *_ in reading["fields"]], reading


def lists_of(telegrams):
	"""Those of an E450 by what they are."""
	lists = {}
	for seconds, labels, reading in telegrams:
		name = "channels" if "0-1:24.2.1" in labels else "live" if "1-0:1.7.0" in labels else "tariffs"
		lists.setdefault(name, []).append((seconds, reading))
	return lists


@promise
def only_the_first_list_of_e450_has_the_number():
	lists = lists_of(sent("e450", count=40))
	equal(set(lists), {"live", "tariffs", "channels"})
	equal([{"meter" in reading for _, reading in lists[name]} for name in ("live", "tariffs", "channels")],
	      [{True}, {False}, {False}])
	for seconds, reading in lists["tariffs"]:
		equal(set(reading["quantities"]), {"energy_import", "energy_import_t1", "energy_import_t2", "energy_export",
						   "energy_export_t1", "energy_export_t2"})
	for seconds, reading in lists["channels"]:
		equal([(code, unit) for code, _, unit in reading["fields"]],
		      [("0-1:96.1.0", ""), ("0-2:96.1.0", ""), ("0-1:24.1.0", ""), ("0-2:24.1.0", ""), ("0-1:24.2.1", "m3"),
		       ("0-2:24.2.1", "m3")])


@promise
def lists_of_e450_come_every_5_s_every_minute_and_every_quarter():
	lists = lists_of(sent("e450", count=240))
	assert all(4 <= b - a <= 7 for (a, _), (b, _) in zip(lists["live"], lists["live"][1:]))
	assert all(seconds % 60 <= 4 for seconds, _ in lists["tariffs"])
	equal([seconds // 60 for seconds, _ in lists["tariffs"]], list(range(len(lists["tariffs"]))))
	equal([seconds // 900 for seconds, _ in lists["channels"]], list(range(len(lists["channels"]))))
	assert len(lists["tariffs"]) > 15 and len(lists["channels"]) >= 2, {name: len(found) for name, found in lists.items()}


@promise
def energies_of_kamstrup_come_five_seconds_after_the_hour():
	telegrams = list(sent("omnipower-norway", count=10))
	equal([seconds for seconds, labels, _ in telegrams if "1-1:1.8.0" in labels], [5])
	equal([seconds for seconds, labels, _ in telegrams if "1-1:1.8.0" not in labels],
	      [-29 + 10 * n for n in range(9)])


@promise
def the_longest_list_takes_the_place_of_others_in_norway():
	telegrams = list(sent("kaifa", count=60))
	equal([seconds for seconds, labels, _ in telegrams if "1-0:1.8.0" in labels], [10])
	for seconds, labels, _ in telegrams:
		equal(len(labels), 18 if seconds == 10 else 13 if seconds % 10 == 0 else 1, f"list at {seconds} s")
	lengths = [len(reading["fields"]) for reading in simulate("aidon", count=60, start="2026-05-04T08:59:30Z")[1]]
	equal((set(lengths), lengths.count(18), lengths.count(13)), ({1, 13, 18}, 1, len(lengths) // 4 - 1))


# Numbers

@promise
def energies_of_kamstrup_are_in_10_wh_or_in_wh_by_firmware():
	registers = []
	for kind in ("omnipower-norway", "omnipower-sweden"):
		_, expected = simulate(kind, "--number", "1", "--seed", 8, count=10)
		registers.append([{code: int(value) for code, value, _ in reading["fields"] if re.match(r"1-1:\d\.8\.0", code)}
				  for reading in expected])
		assert all("energy_import" not in reading["quantities"] for reading in expected)
	tens, ones = ([found for found in kind if found] for kind in registers)
	equal(tens, [{code: value // 10 for code, value in found.items()} for found in ones])
	equal([len(found) for found in ones], [4])


@promise
def an_hour_of_power_is_that_much_energy():
	for kind in ("am550", "t210", "e570"):
		_, (before, after) = simulate(kind, "--interval", 3600, count=2, start="2026-05-04T20:00:00Z")
		drawn = after["quantities"]["energy_import"] - before["quantities"]["energy_import"]
		assert abs(drawn - before["quantities"]["power_import"]) <= 3 and drawn > 0, (kind, drawn, before["quantities"])


@promise
def registers_of_e570_have_64_bits():
	body = wire.notification(wire.messages(simulate("e570", count=1)[0])[0][0])[1]
	equal({type(value) for value in body[4:-1]}, {wire.Wide})


@promise
def telegrams_without_a_number_have_the_system_title():
	for title, more in (("4C475A6773990043", {}), ("4C475A0000000001", {"system_title": "4c475a0000000001"})):
		_, expected = simulate("e450-austria", "--key-file", key_file(**more), count=3)
		equal([reading["meter"] for reading in expected], [title] * 3)


@promise
def a_character_of_8e1_takes_eleven_bits():
	begin = time.monotonic()
	result = subprocess.run([METERCTL, "simulate", "e450", "--count", "1", "--start", START], capture_output=True)
	assert time.monotonic() - begin > 0.95 * len(result.stdout) * 11 / 2400 and len(result.stdout) == 504


@promise
def mistakes_on_the_command_line_are_told():
	for arguments, sentence in ((("e450", "--parity"), "e450 sends all 8 bits"),
				    (("e450-austria",), "always encrypted: give --key-file"),
				    (("e450-austria", "--number", "1", "--key-file", key_file()), "carry no number"),
				    (("omnipower-denmark", "--number", "4294967296"), "from 1 to 4294967295"),
				    (("omnipower-denmark", "--number", "LGZ1"), "from 1 to 4294967295")):
		result = subprocess.run([METERCTL, "simulate", *map(str, arguments)], capture_output=True, text=True, timeout=60)
		assert result.returncode == 2 and result.stdout == "" and sentence in result.stderr, (arguments, result)


run()
