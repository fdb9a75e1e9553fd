#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# A scripted year in pieces, and what the ledger says of it: quarter hours, days, months and years of three meters,
# over midnights, a month's and a year's end, both changes of the clocks, restarts, kill -9, a silent night, a summer
# with a reading a day and a replaced meter. What is expected is computed from the readings in accounts.py; the
# telegrams are made in harness.py. Neither has any code of the daemon.
import csv
import functools
import io
import math
import random
from decimal import Decimal

from harness import *
import accounts

ZONE = "Europe/Paris"


class House:
	"""A Dutch meter with two tariffs, solar panels and a gas meter that is read each hour and told late."""
	name, interval = "house", 60

	def __init__(self):
		self.book = accounts.Book(ZONE, self.interval)
		self.number = "E0000000000000001"
		self.registers = {"r1_8_1": 1234567, "r1_8_2": 7654321, "r2_8_1": 0, "r2_8_2": 150000}
		self.gas = 2345678
		self.gas_at = None
		self.still = set()
		self.random = random.Random(1)

	def replace(self):
		self.number = "E0000000000000002"
		self.registers = dict.fromkeys(self.registers, 0) | {"r1_8_1": 17}
		self.still = {"r2_8_1"}
		for name, register in self.book.registers.items():
			if name != "gas":
				register.replaced()

	def live(self, seconds):
		"""What the registers count in so many seconds: in multiples that every split of them keeps whole."""
		whole = seconds // math.gcd(seconds, 1000)
		for name in self.registers.keys() - self.still:
			self.registers[name] += self.random.randrange(seconds // 4 + 2) // whole * whole

	def telegram(self, t):
		hour = (t - 240) // 3600 * 3600
		if hour != self.gas_at:
			self.gas, self.gas_at = self.gas + self.random.randrange(900), hour
		wh = self.registers
		self.book.read(hour, gas=self.gas)
		self.book.read(t, energy_import=1000 * (wh["r1_8_1"] + wh["r1_8_2"]),
			       energy_import_t1=1000 * wh["r1_8_1"], energy_import_t2=1000 * wh["r1_8_2"],
			       energy_export=1000 * (wh["r2_8_1"] + wh["r2_8_2"]),
			       energy_export_t1=1000 * wh["r2_8_1"], energy_export_t2=1000 * wh["r2_8_2"])
		return p1(t, self.number, gas=self.gas, gas_at=hour, **wh)


class Linky:
	"""A French meter in standard mode with two tariffs and injection, a frame each two minutes."""
	name, interval = "linky", 120

	def __init__(self):
		self.book = accounts.Book(ZONE, self.interval)
		self.t = [4000000, 9000001]
		self.eait = 77777
		self.random = random.Random(2)

	def live(self, seconds):
		for i in range(2):
			self.t[i] += self.random.randrange(seconds // 4 + 2)
		self.eait += self.random.randrange(seconds // 4 + 2)

	def telegram(self, t):
		self.book.read(t, energy_import=1000 * sum(self.t), energy_import_t1=1000 * self.t[0],
			       energy_import_t2=1000 * self.t[1], energy_export=1000 * self.eait)
		return tic_standard(t, "041876097767", east=sum(self.t), t=self.t, eait=self.eait)


class Older:
	"""A French meter in historique mode, which has no clock: the n-th frame comes n intervals after the first."""
	name, interval = "older", 60

	def __init__(self):
		self.book = accounts.Book(ZONE, self.interval)
		self.hc, self.hp = 1000, 123456789
		self.random = random.Random(3)

	def live(self, seconds):
		whole = seconds // math.gcd(seconds, 1000)
		self.hc += self.random.randrange(seconds // 4 + 2) // whole * whole
		self.hp += self.random.randrange(seconds // 4 + 2) // whole * whole

	def telegram(self, t):
		self.book.read(t, energy_import=1000 * (self.hc + self.hp), energy_import_t1=1000 * self.hc,
			       energy_import_t2=1000 * self.hp)
		return tic_historique("020830022493", hc=self.hc, hp=self.hp)


def every(interval, first, last):
	return range(utc(first), utc(last) + 1, interval)


def chapters():
	"""(what happens at the end, {meter: times of its telegrams}); each piece begins where the last one ended"""
	def all_at(first, last, shift=0):
		return {m: every(m.interval, first, last) for m in (House, Linky, Older)}

	# A Friday afternoon, over two midnights and the change to summer time, on the 31st at 01:00Z.
	yield "restart", all_at("2024-03-29T13:07:10Z", "2024-03-31T20:09:10Z")
	# The end of March at 22:00Z.
	yield "kill -9", all_at("2024-03-31T20:11:10Z", "2024-04-01T20:11:10Z")
	# Behind a silent night, and a day of telegrams.
	yield "restart", all_at("2024-04-02T04:26:10Z", "2024-04-02T21:32:10Z")
	# A reading a day, right after midnight: six ends of months.
	yield "kill -9", {m: every(86400, "2024-04-02T22:00:05Z", "2024-10-24T22:00:05Z") for m in (House, Linky, Older)}
	# The end of summer time on the 27th of October, at 01:00Z.
	yield "restart", all_at("2024-10-25T22:00:05Z", "2024-10-27T23:10:05Z")
	# Another meter in the morning.
	yield "replace", all_at("2024-10-27T23:11:05Z", "2024-10-28T09:08:05Z")
	yield "restart", all_at("2024-10-28T09:12:05Z", "2024-10-28T18:08:05Z")
	# The end of the year.
	yield "restart", all_at("2024-12-31T20:08:05Z", "2025-01-01T01:30:05Z")


def play(meters, directory):
	"""Writes the files of all chapters, and the books: [(end, {meter: (path, first time, interval)})]"""
	written, last = [], {}
	for number, (ending, times) in enumerate(chapters()):
		files = {}
		for meter in meters:
			at = times[type(meter)]
			data = b""
			for t in at:
				if meter.name in last:
					meter.live(t - last[meter.name])
				last[meter.name] = t
				data += meter.telegram(t)
			path = directory / f"{number}-{meter.name}"
			with open(path, "wb") as f:
				f.write(data)
			files[meter.name] = (path, at[0], at.step, len(at))
			if ending == "replace" and isinstance(meter, House):
				meter.replace()
		written.append((ending, files))
	return written


def config(files):
	text = f"[daemon]\ntimezone = {ZONE}\nkeep_quarters = 3650d\n"
	for name, (path, start, interval, _) in files.items():
		text += f"[source {name}]\ntype = replay\npath = {path}\n"
		if name == "older":
			text += f"start = {iso(start)}\ninterval = {interval}\n"
	return text


def replayed(meterd, files):
	"""Whether the daemon has read these files to their end."""
	states = {m["name"]: m["state"] for m in meterd.meters()}
	return all(states.get(name) == "off" for name in files)


def run_chapter(directory, files, ending):
	if ending == "kill -9":
		# Again and again, at whatever it is doing; then once in peace.
		for pause in (0.0, 0.05, 0.1, 0.2, 0.4):
			meterd = Meterd(config(files), directory, ready=pause > 0)
			time.sleep(pause)
			meterd.kill()
	meterd = Meterd(config(files), directory)
	wait_until(lambda: replayed(meterd, files), 300, "the files are read")
	return meterd


class Story:
	"""The whole of it, told once; the tests look at its last daemon."""
	meterd = None
	begun = False
	ledgers = {}

	@classmethod
	def told(cls):
		assert cls.meterd or not cls.begun, "the story could not be told, see above"
		if not cls.begun:
			cls.begun = True
			with shared():
				cls.tell()
		return cls

	@classmethod
	def tell(cls):
		cls.files = Directory()
		cls.directory = Directory()
		cls.meters = [House(), Linky(), Older()]
		cls.written = play(cls.meters, cls.files)
		for number, (ending, files) in enumerate(cls.written):
			meterd = run_chapter(cls.directory, files, ending)
			if number < len(cls.written) - 1:
				meterd.stop()
		cls.meterd = meterd

	@classmethod
	def again(cls, number):
		"""A chapter once more, on the same state."""
		cls.meterd.stop()
		cls.ledgers = {}
		with shared():
			cls.meterd = run_chapter(cls.directory, cls.written[number][1], "kill -9")


def milli(value):
	whole = round(value * 1000)
	assert abs(value * 1000 - whole) < 0.01, f"{value} has more than three decimals"
	return whole


instant = functools.cache(utc)


@functools.cache
def quality(text):
	words = text.split(",")
	assert len(set(words)) == len(words) and all(w in accounts.WORDS or words == ["good"] for w in words), text
	return frozenset(words) - {"good"}


def by_start(entries):
	"""{(start, register): (end, value, quality)} of what /ledger gave"""
	return {(instant(e["start"]), e["register"]): (instant(e["end"]), milli(e["value"]) if "value" in e else None,
						       quality(e["quality"])) for e in entries}


def whole_ledger(story, meter, kind):
	"""All of it, asked for once of each daemon."""
	if (meter, kind) not in story.ledgers:
		story.ledgers[meter, kind] = by_windows(story.meterd, meter, kind)
	return story.ledgers[meter, kind]


def by_windows(meterd, meter, kind):
	"""From many answers, one for each 90 days."""
	entries, start = {}, utc("2023-12-01T00:00:00Z")
	while start < utc("2025-02-01T00:00:00Z"):
		part = meterd.ledger(meter, kind, start, start + 90 * 86400)
		assert all(e["period"] == kind for e in part), "only what was asked for"
		assert all(a["start"] <= b["start"] for a, b in zip(part, part[1:])), "by start"
		part_by_start = by_start(part)
		equal(len(part_by_start), len(part), "number of different entries")
		assert not entries.keys() & part_by_start.keys(), "no entry is in two windows"
		assert all(start <= s < start + 90 * 86400 for s, _ in part_by_start), "from and to select by start"
		entries |= part_by_start
		start += 90 * 86400
	return entries


def differences(got, expected):
	wrong = []
	for key in sorted(got.keys() | expected.keys()):
		if got.get(key) != expected.get(key):
			wrong.append(f"{iso(key[0])} {key[1]}: {got.get(key)}, not {expected.get(key)}")
	return wrong


def compare(what, got, expected):
	wrong = differences(got, expected)
	if wrong:
		raise AssertionError(f"{what}: {len(wrong)} of {len(expected)} entries differ:\n" + "\n".join(wrong[:20]))


def closed_and_running(entries, book, kind):
	"""Apart: those that have ended, and those that run."""
	running = {(start, name): value for name, (start, _, value) in book.running(kind).items()}
	return ({k: v for k, v in entries.items() if k not in running},
		{k: v for k, v in entries.items() if k in running}, running)


for kind in accounts.KINDS:
	@promise_named(f"every_{kind}_is_what_the_readings_say_to_the_milliwatthour")
	def every_period(kind=kind):
		story = Story.told()
		for meter in story.meters:
			expected = meter.book.expected(kind)
			got, _, _ = closed_and_running(whole_ledger(story, meter.name, kind), meter.book, kind)
			assert expected or kind == "year", "the story is long enough"
			compare(f"{kind}s of {meter.name}", got, expected)


@promise
def what_runs_is_told_up_to_the_last_reading():
	story = Story.told()
	for meter in story.meters:
		for kind in accounts.KINDS:
			_, got, expected = closed_and_running(whole_ledger(story, meter.name, kind), meter.book, kind)
			equal({k: v[1] for k, v in got.items()}, expected, f"running {kind} of {meter.name}")


@promise
def quarters_days_months_and_years_sum_to_what_the_meters_counted():
	story = Story.told()
	for meter in story.meters:
		for kind in accounts.KINDS:
			entries = whole_ledger(story, meter.name, kind)
			for name, register in meter.book.registers.items():
				got = sum(value or 0 for (_, n), (_, value, _) in entries.items() if n == name)
				equal(got, register.total(), f"sum of all {kind}s of {name} of {meter.name}")


@promise
def the_days_of_the_clock_changes_have_23_and_25_hours():
	story = Story.told()
	for meter in story.meters:
		days = whole_ledger(story, meter.name, "day")
		quarters = whole_ledger(story, meter.name, "quarter")
		for start, hours in ((utc("2024-03-30T23:00:00Z"), 23), (utc("2024-10-26T22:00:00Z"), 25)):
			end, value, _ = days[start, "energy_import"]
			equal(end - start, hours * 3600, f"length of the day of {meter.name}")
			parts = [v[1] for (s, name), v in quarters.items() if name == "energy_import" and start <= s < end]
			equal(len(parts), 4 * hours, "its quarters")
			equal(sum(parts), value, "their sum")


@promise
def a_replaced_meter_keeps_its_name_and_loses_no_day():
	story = Story.told()
	equal([m["name"] for m in story.meterd.meters()], ["house", "linky", "older"], "names")
	day = whole_ledger(story, "house", "day")[utc("2024-10-27T23:00:00Z"), "energy_import"]
	assert "replaced" in day[2] and day[1] > 0, day


@promise
def readings_that_come_again_change_nothing():
	story = Story.told()
	before = {(m.name, kind): whole_ledger(story, m.name, kind) for m in story.meters for kind in accounts.KINDS}
	story.again(0)
	for (name, kind), entries in before.items():
		compare(f"{kind}s of {name} after old telegrams", whole_ledger(story, name, kind), entries)
	story.again(-1)
	for (name, kind), entries in before.items():
		compare(f"{kind}s of {name} after the last ones", whole_ledger(story, name, kind), entries)


@promise
def exports_say_the_same_and_the_check_finds_every_sum_exact():
	story = Story.told()
	story.meterd.stop()
	story.meterd.check_ledger()
	file = os.path.join(story.meterd.state, "ledger.db")
	for meter in story.meters:
		for kind in accounts.KINDS:
			expected = meter.book.expected(kind)
			options = ("--file", file, "--meter", meter.name, "--period", kind)
			table, err, code = meterctl("ledger", "export", *options)
			assert code == 0 or not expected, err
			rows = list(csv.DictReader(io.StringIO(table)))
			assert all(row["meter"] == meter.name and row["period"] == kind for row in rows), "only what was asked for"
			for row in rows:
				if row["value"]:
					row["value"] = Decimal(row["value"])
				else:
					del row["value"]
				equal(row["unit"], "m3" if row["register"] == "gas" else "Wh", "unit")
			compare(f"CSV of {kind}s of {meter.name}", by_start(rows), expected)
			listed, err, code = meterctl("ledger", "export", "--format", "json", *options)
			assert code == 0 or not expected, err
			compare(f"JSON of {kind}s of {meter.name}", by_start(json.loads(listed or "[]")), expected)


run()
