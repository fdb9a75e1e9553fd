#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole daemon on captures: what they add up to, and that they are read once."""
from harness import *

NUMBER = "E0000000000000001"
BEGIN = utc(2024, 3, 30, 12)
# Wh in each minute of the capture, so that no two hours are the same.
MINUTES = [minute % 7 * 3 + minute // 60 for minute in range(2 * 24 * 60)]


def capture():
	"""A telegram each minute for two days, the night of the change to summer time among them."""
	energy, telegrams = 5000000, []
	for minute, wh in enumerate(MINUTES):
		telegrams.append(p1(BEGIN + 60 * minute, r1_8_1=energy, r1_8_2=700000))
		energy += wh
	return b"".join(telegrams)


def config(path, more=""):
	return f"[source past]\ntype = replay\npath = {path}\n{more}[meter {NUMBER}]\nname = house\n"


def line(meterd):
	return json.loads(meterd.control("status", "--json")[0])["sources"][0]["lines"][0]


def is_read(meterd):
	return line(meterd)["state"] == "off"


def hours(meterd):
	"""Sums of the quarters of each whole hour, by its begin."""
	sums = {}
	for entry in meterd.ledger("house", "quarter"):
		if entry["register"] == "energy_import":
			hour = utc(entry["start"]) // 3600 * 3600
			sums[hour] = sums.get(hour, 0) + entry["value"]
	return sums


def expected_hours():
	return {BEGIN + 3600 * hour: sum(MINUTES[60 * hour:60 * hour + 60]) for hour in range(47)}


def shelve(directory, name="capture", data=None):
	with open(directory / name, "wb") as f:
		f.write(capture() if data is None else data)
	return directory / name


def dlms(kind, more="", **options):
	"""A meterd that has read what a simulated meter pushed, and what it said."""
	directory = Directory()
	expect = directory / "expect"
	path = shelve(directory, data=simulate(kind, expect=expect, **options))
	with open(expect) as f:
		said = [json.loads(text) for text in f]
	meterd = Meterd(f"[source house]\ntype = replay\npath = {path}\n{more}")
	return meterd, said


@promise
def a_capture_of_dlms_is_booked_by_the_meters_clock_also_when_that_is_changed():
	"""The meter's own time is 2:45 after 2:59 on this day."""
	meterd, said = dlms("am550", "[daemon]\ntimezone = Europe/Zurich\n", count=160, interval=60, start="2026-10-24T23:40:00Z")
	wait_until(lambda: is_read(meterd))
	equal((line(meterd)["telegrams"], meterd.meter("house")["time"]), (160, said[-1]["time"]))
	equal(meterd.meter("house")["quantities"]["energy_import"], said[-1]["quantities"]["energy_import"])
	at = {r["time"]: r["quantities"]["energy_import"] for r in said}
	quarters = {utc(e["start"]): e for e in meterd.ledger("house", "quarter") if e["register"] == "energy_import"}
	for start in range(utc("2026-10-24T23:45:00Z"), utc("2026-10-25T02:15:00Z"), 900):
		equal((quarters[start]["value"], quarters[start]["quality"]), (at[iso(start + 900)] - at[iso(start)], "good"), iso(start))
	meterd.stop()


@promise
def a_capture_of_enciphered_dlms_without_a_clock_is_read_with_a_key_and_a_beginning():
	keys = Directory() / "keys"
	with open(keys, "w") as f:
		f.write('{"key": "00112233445566778899aabbccddeeff"}')
	os.chmod(keys, 0o600)
	options = {"count": 12, "start": "2026-03-02T11:50:01Z", "key-file": keys}
	meterd, said = dlms("e570", **options)
	wait_until(lambda: "are enciphered: ask the grid operator" in line(meterd)["why"])
	meterd.stop()
	meterd, said = dlms("e570", f"key_file = {keys}\n", **options)
	wait_until(lambda: "give the keys start and interval" in line(meterd)["why"])
	equal([m["quantities"] for m in meterd.meters()], [{}])
	meterd.stop()
	meterd, said = dlms("e570", f"key_file = {keys}\nstart = 2026-03-02T11:50:01Z\ninterval = 5\n", **options)
	wait_until(lambda: is_read(meterd))
	state = meterd.meter("house")
	equal((state["time"], state["quantities"]["energy_import"]), ("2026-03-02T11:50:56Z", said[-1]["quantities"]["energy_import"]))
	meterd.stop()


@promise
def a_capture_is_booked_by_its_own_clock_to_the_watt_hour():
	meterd = Meterd(config(shelve(Directory())))
	wait_until(lambda: is_read(meterd))
	got = wait_until(lambda: hours(meterd))
	for hour, wh in expected_hours().items():
		equal(got.get(hour), wh, f"the hour from {iso(hour)}")
	equal(meterd.meter("house")["time"], iso(BEGIN + 60 * (len(MINUTES) - 1)))
	meterd.stop()
	meterd.check_ledger()


@promise
def files_of_a_directory_add_up_as_one():
	directory, data = Directory(), capture()
	# At an end of a telegram: half ones are given up with their file.
	cut = data.index(b"\r\n/", len(data) // 3) + 2
	shelve(directory, "1", data[:cut])
	shelve(directory, "2", data[cut:])
	meterd = Meterd(config(directory))
	wait_until(lambda: is_read(meterd))
	got = hours(meterd)
	for hour, wh in expected_hours().items():
		equal(got.get(hour), wh, f"the hour from {iso(hour)}")
	meterd.stop()


@promise
def a_reload_does_not_read_it_again_and_a_restart_books_nothing_twice():
	directory = Directory()
	path = shelve(directory)
	meterd = Meterd(config(path))
	wait_until(lambda: is_read(meterd))
	before = line(meterd), hours(meterd)
	meterd.reload(config(path, "[source other]\ntype = replay\npath = /nowhere/else\n"))
	wait_until(lambda: "/nowhere/else" in meterd.log())
	equal((line(meterd), hours(meterd)), before, "what was read and booked")
	meterd.stop()
	meterd.start()
	wait_until(lambda: is_read(meterd))
	equal(hours(meterd), before[1], "what is booked after a restart")
	meterd.stop()


@promise
def http_answers_while_a_long_capture_is_read():
	data = simulate("dsmr5", count=60000, start=iso(BEGIN), interval=1)
	path = shelve(Directory(), data=data)
	meterd = Meterd(f"[source past]\ntype = replay\npath = {path}\n")
	answers, longest = 0, 0
	while not is_read(meterd):
		begun = time.monotonic()
		meterd.meters()
		longest = max(longest, time.monotonic() - begun)
		answers += 1
	note(f"{answers} answers, the longest took {longest:.3f} s")
	if longest > 5:
		raise AssertionError(f"an answer took {longest:.1f} s")
	equal(line(meterd)["telegrams"], 60000)
	meterd.stop()


@promise
def a_historique_capture_is_booked_by_start_and_interval():
	frames = b"".join(tic_historique(number="123456789012", base=1000 + 5 * i) for i in range(121))
	path = shelve(Directory(), data=frames)
	meterd = Meterd("[source past]\ntype = replay\nstart = 2024-10-10T10:00:00Z\ninterval = 60\n"
			f"path = {path}\n[meter 123456789012]\nname = house\n")
	wait_until(lambda: is_read(meterd))
	got = hours(meterd)
	equal([got[utc(2024, 10, 10, h)] for h in (10, 11)], [300, 300])
	meterd.stop()


@promise
def without_a_clock_nothing_is_booked():
	path = shelve(Directory(), data=tic_historique(number="123456789012", base=1000) * 3)
	meterd = Meterd(f"[source past]\ntype = replay\npath = {path}\n[meter 123456789012]\nname = house\n")
	wait_until(lambda: line(meterd)["state"] == "wrong-data")
	if "start and interval" not in line(meterd)["why"]:
		raise AssertionError(line(meterd))
	equal(meterd.ledger("house", "day"), [])
	meterd.stop()


run()
