# SPDX-License-Identifier: MIT
"""What the ledger must say, from the readings alone: the rules of accounting once more, in their plainest form.

Knows every reading of a register from the beginning and computes each period anew; shares nothing with the daemon.
Times are seconds since 1970, values thousandths of the register's unit.
"""
import bisect
import datetime
import zoneinfo

UTC = datetime.timezone.utc
QUARTER_S = 900
KINDS = ("quarter", "day", "month", "year")
LATEST_S = 300		# no boundary reading comes later than this
WORDS = ("estimated", "partial", "jump", "replaced", "clock", "revised", "missing")


class Register:
	"""The readings of one register, in segments: one for each meter that had the name."""

	def __init__(self, period_s):
		self.segments = [[]]
		self.patience_s = min(max(60, 3 * period_s), LATEST_S)

	def read(self, t, milli):
		readings = self.segments[-1]
		if readings and (t <= readings[-1][0] or (milli == 0 and readings[-1][1] > 0)):
			return
		assert not readings or milli >= readings[-1][1], "the script's registers go down"
		readings.append((t, milli))

	def replaced(self):
		self.segments.append([])

	def first_s(self):
		return self.segments[0][0][0]

	def last_s(self):
		return self.segments[-1][-1][0]

	def boundary(self, readings, t):
		"""Value of a segment at an instant, and whether it had to be estimated."""
		if t <= readings[0][0]:
			return readings[0][1], False
		if t > readings[-1][0]:
			return readings[-1][1], False
		at = bisect.bisect_left(readings, (t,))
		(t_l, l), (t_r, r) = readings[at - 1], readings[at]
		if t_r - t <= self.patience_s:
			return r, False
		return l + (r - l) * (t - t_l) // (t_r - t_l), True

	def period(self, start, end):
		"""(value, quality as a set) of a period that has ended"""
		value, quality = 0, set()
		for readings in self.segments:
			(opened, from_estimate), (closed, to_estimate) = (self.boundary(readings, t) for t in (start, end))
			value += closed - opened
			if from_estimate or to_estimate:
				quality.add("estimated")
		if start < self.first_s():
			quality.add("partial")
		if any(start < new[0][0] and old[-1][0] < end for old, new in zip(self.segments, self.segments[1:])):
			quality.add("replaced")
		return value, quality

	def total(self):
		return sum(readings[-1][1] - readings[0][1] for readings in self.segments)


def midnight(zone, year, month, day):
	return int(datetime.datetime(year, month, day, tzinfo=zone).timestamp())


def periods(kind, zone, first_s, last_s):
	"""(start, end) of all periods from that with first_s to that with last_s"""
	if kind == "quarter":
		start = first_s // QUARTER_S * QUARTER_S
		while start <= last_s:
			yield start, start + QUARTER_S
			start += QUARTER_S
		return
	local = datetime.datetime.fromtimestamp(first_s, zone)
	day = datetime.date(local.year, local.month if kind != "year" else 1, local.day if kind == "day" else 1)
	while True:
		following = {"day": lambda: day + datetime.timedelta(1),
			     "month": lambda: datetime.date(day.year + day.month // 12, day.month % 12 + 1, 1),
			     "year": lambda: datetime.date(day.year + 1, 1, 1)}[kind]()
		start, end = (midnight(zone, d.year, d.month, d.day) for d in (day, following))
		if start > last_s:
			return
		yield start, end
		day = following


class Book:
	"""All registers of one meter by their names."""

	def __init__(self, zone="Europe/Paris", period_s=60, gas_period_s=3600):
		self.zone = zoneinfo.ZoneInfo(zone)
		self.period_s = {"gas": gas_period_s, "water": gas_period_s}
		self.default_s = period_s
		self.registers = {}

	def read(self, t, **values):
		"""The registers of a telegram, in thousandths"""
		for name, milli in values.items():
			if name not in self.registers:
				self.registers[name] = Register(self.period_s.get(name, self.default_s))
			self.registers[name].read(t, milli)

	def replaced(self):
		for register in self.registers.values():
			register.replaced()

	def expected(self, kind):
		"""{(start, register): (end, value, quality)} of the periods that have ended"""
		entries = {}
		for name, register in self.registers.items():
			for start, end in periods(kind, self.zone, register.first_s(), register.last_s()):
				if end <= register.last_s():
					entries[start, name] = (end, *register.period(start, end))
		return entries

	def running(self, kind):
		"""{register: (start, end, value)} of the periods that have not"""
		entries = {}
		for name, register in self.registers.items():
			for start, end in periods(kind, self.zone, register.last_s(), register.last_s()):
				entries[name] = (start, end, register.period(start, end)[0])
		return entries
