#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# What periods cost: a month and some days of two meters, over the end of summer time and of a month, and what the
# ledger says they cost, against a model in fractions that is fed with what the ledger says was counted. Knows the
# rules of Documentation/ledger.md and no code of the daemon.
import csv
import functools
import io
import sqlite3
import sys
from decimal import Decimal
from fractions import Fraction

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from broker import *

ZONE = zoneinfo.ZoneInfo("Europe/Paris")
START = utc(2024, 9, 30, 22)		# midnight in Paris; the last Sunday of October has 25 hours
END = utc(2024, 11, 3, 9)
KINDS = ("quarter", "day", "month", "year")
COSTS = ["cost", "cost_import", *(f"cost_import_t{i}" for i in range(1, 17)), "cost_export", "cost_gas", "cost_water",
	 "cost_heat", "cost_fixed"]


# The model

class Amount:
	"""Money, exactly, or None where nothing was read, and the words of its quality."""

	def __init__(self, value, quality):
		self.value, self.quality = None if "missing" in quality else value, frozenset(quality)

	def __add__(self, other):
		quality = self.quality | other.quality
		if "missing" in quality and not (self.value is None and other.value is None):
			quality = quality - {"missing"} | {"partial"}
		return Amount((self.value or 0) + (other.value or 0), quality)

	def with_words(self, *words):
		return Amount(self.value, self.quality | set(words))

	def negative(self):
		return Amount(-self.value if self.value is not None else None, self.quality)


class Prices:
	"""A section. Prices as text, as in the file; quarters: {start: price as text}."""

	def __init__(self, since="0001-01-01", quarters=None, quarters_factor="1", export_quarters=None,
		     export_quarters_factor="1", **prices):
		self.since = since
		self.prices = {k: Fraction(v) for k, v in prices.items()}
		self.series = {"import": quarters, "export": export_quarters}
		self.factor = {"import": Fraction(quarters_factor), "export": Fraction(export_quarters_factor)}

	def given(self, way):
		return self.series[way] is not None or any(k == way or k.startswith(way + "_t") for k in self.prices)

	def by_tariff(self, way):
		return any(k.startswith(way + "_t") for k in self.prices)

	def of(self, way, tariff, t):
		"""Price of a kWh, None where it is not known."""
		if not tariff and self.by_tariff(way):
			return None
		price = self.prices.get(f"{way}_t{tariff}" if tariff else way, self.prices.get(way))
		if self.series[way] is None:
			return price
		row = next((at for at in (t - back for back in (0, 900, 1800, 2700)) if at in self.series[way]), None)
		if row is None:
			return None
		return (price or 0) + rounded(Fraction(self.series[way][row]) * self.factor[way])


def rounded(value):
	"""To five decimals, half away from zero."""
	scaled = abs(value) * 100000
	whole = scaled.numerator // scaled.denominator
	whole += 2 * (scaled - whole) >= 1
	return Fraction(whole if value >= 0 else -whole, 100000)


def civil(t):
	return datetime.datetime.fromtimestamp(t, ZONE)


def in_force(table, t):
	held = [p for p in table if p.since <= civil(t).strftime("%Y-%m-%d")]
	return max(held, key=lambda p: p.since) if held else None


def day_of(t):
	day = civil(t).date()
	return tuple(int(datetime.datetime.combine(d, datetime.time(), ZONE).timestamp())
		     for d in (day, day + datetime.timedelta(days=1)))


def fixed_of_day(prices, t):
	"""In units of 1e-11: what is left over of a month's charge goes to days as evenly as can be."""
	if not prices.prices.keys() & {"fixed_day", "fixed_month"}:
		return None
	day = civil(t)
	days = ((day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1) - datetime.timedelta(days=1)).day
	month = prices.prices.get("fixed_month", Fraction()) * 10**11
	share = int(month * day.day // days - month * (day.day - 1) // days)
	return prices.prices.get("fixed_day", Fraction()) + Fraction(share, 10**11)


def fixed_of_quarter(prices, start, end):
	day, day_end = day_of(start)
	fixed = fixed_of_day(prices, day)
	if fixed is None:
		return None
	exact = fixed * 10**11
	return Fraction(int(exact * (end - day) // (day_end - day) - exact * (start - day) // (day_end - day)), 10**11)


def energy_costs(prices, energy, t, way):
	"""What one direction costs in a period that has one price for each tariff; None: not known."""
	found, known = {}, True
	tariffs = [i for i in range(1, 17) if f"energy_{way}_t{i}" in energy]
	by_tariff = prices.by_tariff(way) and tariffs
	total = None
	for i in tariffs or ():
		milli, quality = energy[f"energy_{way}_t{i}"]
		price = prices.of(way, i, t) if milli else Fraction()
		if price is None:
			known = False
			continue
		amount = Amount(price * milli / 10**6, quality)
		if way == "import":
			found[f"cost_import_t{i}"] = amount
		total = amount if total is None else total + amount
	if not by_tariff:
		milli, quality = energy.get(f"energy_{way}", (None, ()))
		if milli is None and "missing" not in quality:
			return found, True
		price = prices.of(way, 0, t) if milli else Fraction()
		known = price is not None
		total = Amount(price * (milli or 0) / 10**6, quality) if known else None
	if known and total is not None:
		found[f"cost_{way}"] = total
	return found, known


def with_total(costs, known):
	if known:
		parts = [a.negative() if name == "cost_export" else a for name, a in costs.items()
			 if not name.startswith("cost_import_t")]
		if parts:
			costs["cost"] = functools.reduce(lambda a, b: a + b, parts)
	return costs


def others(prices, energy):
	costs = {}
	for name in ("gas", "water"):
		if name in energy and name in prices.prices:
			milli, quality = energy[name]
			costs[f"cost_{name}"] = Amount(prices.prices[name] * (milli or 0) / 1000, quality)
	return costs


def quarter_costs(prices, energy, start, end):
	costs, known = {}, True
	for way in ("import", "export"):
		if prices.given(way):
			found, fine = energy_costs(prices, energy, start, way)
			costs, known = costs | found, known and fine
	costs |= others(prices, energy)
	fixed = fixed_of_quarter(prices, start, end)
	if fixed is not None:
		costs["cost_fixed"] = Amount(fixed, ())
	return with_total(costs, known)


def over_time(parts):
	"""Sum of [(start, end, costs)]: what some of them lack is partial, and everything where there is a hole."""
	names = {name for _, _, costs in parts for name in costs}
	hole = any(a[1] != b[0] for a, b in zip(parts, parts[1:]))
	whole = {}
	for name in names:
		has = [costs[name] for _, _, costs in parts if name in costs]
		amount = functools.reduce(lambda a, b: a + b, has)
		whole[name] = amount.with_words("partial") if hole or len(has) < len(parts) else amount
	return whole


def day_costs(prices, energy, start, quarters):
	costs, known = {}, True
	inside = over_time(quarters)
	for way in ("import", "export"):
		if not prices.given(way):
			continue
		if prices.series[way] is None:
			found, fine = energy_costs(prices, energy, start, way)
			costs, known = costs | found, known and fine
		elif f"energy_{way}" in energy:
			names = [f"cost_{way}"] + [n for n in inside if n.startswith(f"cost_{way}_t")]
			costs |= {n: inside[n] for n in names if n in inside}
			known = known and f"cost_{way}" in inside
	costs |= others(prices, energy)
	fixed = fixed_of_day(prices, start)
	if fixed is not None:
		costs["cost_fixed"] = Amount(fixed, ())
	return with_total(costs, known)


def counted(entries):
	"""{(start, end): {register: (thousandths, words)}} of what is no cost"""
	periods = {}
	for e in entries:
		if not e["register"].startswith("cost"):
			words = set(e["quality"].split(",")) - {"good"}
			milli = int(Decimal(str(e["value"])) * 1000) if "value" in e else None
			periods.setdefault((utc(e["start"]), utc(e["end"])), {})[e["register"]] = milli, words
	return periods


def model(said, table):
	"""{kind: [(start, register, value, quality)]} of all costs, from {kind: entries} of a meter"""
	costs = {"quarter": {}, "day": {}}
	for (start, end), energy in counted(said["quarter"]).items():
		prices = in_force(table, start)
		costs["quarter"][start, end] = quarter_costs(prices, energy, start, end) if prices else {}
	for (start, end), energy in counted(said["day"]).items():
		prices = in_force(table, start)
		inside = [(*at, found) for at, found in costs["quarter"].items() if start <= at[0] < end]
		costs["day"][start, end] = day_costs(prices, energy, start, inside) if prices else {}
	for kind in ("month", "year"):
		costs[kind] = {}
		for start, end in counted(said[kind]):
			parts = [(*at, found) for at, found in costs["day"].items() if start <= at[0] < end]
			whole = over_time(parts)
			if parts[0][0] != start or parts[-1][1] != end:
				whole = {n: a.with_words("partial") for n, a in whole.items()}
			costs[kind][start, end] = whole
	return {kind: [told(at, name, found[name]) for at, found in sorted(costs[kind].items()) for name in COSTS if name in found]
		for kind in costs}


def told(at, name, amount):
	words = [w for w in ("estimated", "partial", "jump", "replaced", "clock", "revised", "missing") if w in amount.quality]
	return iso(at[0]), iso(at[1]), name, None if amount.value is None else rounded(amount.value), ",".join(words) or "good"


def costs_said(entries):
	for e in entries:
		assert e["unit"] == "EUR" or not e["register"].startswith("cost"), e
	return [(e["start"], e["end"], e["register"], Fraction(Decimal(str(e["value"]))) if "value" in e else None, e["quality"])
		for e in entries if e["register"].startswith("cost")]


def ledger_of(meterd, meter):
	return {kind: meterd.ledger(meter, kind, start=0) for kind in KINDS}


def differences(said, table):
	expected = model(said, table)
	found = {}
	for kind in KINDS:
		got = costs_said(said[kind])
		if got != expected[kind]:
			found[kind] = next((g, e) for g, e in zip([*got, None], [*expected[kind], None]) if g != e)
	return found


def agree(meterd, tables, what):
	for meter, table in tables.items():
		said = ledger_of(meterd, meter)
		assert not table or all(costs_said(said[kind]) for kind in KINDS), f"{meter} {what}: no costs are told"
		equal(differences(said, table), {}, f"{meter} {what}: what the ledger says and what was expected")


# The meters

def house(path):
	"""Two tariffs, injection and gas."""
	with open(path, "wb") as f:
		day = night = sun = 0
		for i in range(0, END - START, 600):
			t = START + i
			light = civil(t).hour in range(7, 23)
			day += (i // 600 * 7919 % 131) if light else 0
			night += (i // 600 * 104729 % 97) if not light else 0
			sun += (i // 600 * 31 % 53) if civil(t).hour in range(10, 16) else 0
			f.write(p1(t, r1_8_1=1000000 + night, r1_8_2=2000000 + day, r2_8_1=5, r2_8_2=sun, gas=7000 + 13 * (i // 3600),
				   gas_at=t // 3600 * 3600))


def linky(path):
	"""Two tariffs and injection; a night without a frame."""
	with open(path, "wb") as f:
		for i in range(0, END - START, 600):
			if utc(2024, 10, 10, 21, 17) <= START + i < utc(2024, 10, 11, 5, 3):
				continue
			t = 12345678 + i // 17, 87654 + i // 13
			f.write(tic_standard(START + i, east=sum(t), t=t, eait=i // 41))


def spot(first, last, every=3600):
	"""{start: price} that falls below zero at times, as text with two decimals"""
	return {t: f"{(t // every * 7919 % 30000 - 12000) / 100:.2f}" for t in range(first, last, every)}


def csv_of(series, separator=",", comma=".", header="start,price\n"):
	return header + "".join(f"{iso(t)}{separator}{p.replace('.', comma)}\n" for t, p in sorted(series.items()))


# Hours at first, then quarters; a morning and a day are missing.
SPOT = spot(START - 86400, utc(2024, 10, 20)) | spot(utc(2024, 10, 20), END, 900)
SPOT = {t: p for t, p in SPOT.items() if not utc(2024, 10, 5, 6) <= t < utc(2024, 10, 5, 9)
	and not utc(2024, 10, 15) <= t < utc(2024, 10, 17)}

HOUSE = [Prices(import_t1="0.20683", import_t2="0.25161", export="0.0401", gas="1.20009", fixed_month="10"),
	 Prices("2024-10-17", **{"import": "0.31", "export_t1": "0.01", "export_t2": "-0.00333", "fixed_day": "0.11111",
				 "fixed_month": "7.77777"})]
LINKY = [Prices("2024-10-03", quarters=SPOT, quarters_factor="0.0012099", import_t1="0.12345", import_t2="0.05",
		export_quarters=SPOT, export_quarters_factor="0.001", export="-0.01", fixed_day="0.3")]

SECTIONS = """
[price house]
meter = house
currency = EUR
import_t1 = 0.20683
import_t2 = 0.25161
export = 0.0401
gas = 1.20009
fixed_month = 10
[price house-2]
meter = house
from = 2024-10-17
currency = EUR
import = 0.31
export_t1 = 0.01
export_t2 = -0.00333
fixed_day = 0.11111
fixed_month = 7.77777
[price linky]
meter = nobody, linky
from = 2024-10-03
currency = EUR
quarters = spot.csv
quarters_factor = 0.0012099
import_t1 = 0.12345
import_t2 = 0.05
export_quarters = spot-comma.csv
export_quarters_factor = 0.001
export = -0.01
fixed_day = 0.3
"""

OTHER = [Prices(quarters=SPOT, **{"import": "1", "fixed_month": "3"})]
OTHER_SECTIONS = """
[price other]
currency = EUR
import = 1
quarters = spot.csv
fixed_month = 3
"""

METERS = """[daemon]
timezone = Europe/Paris
[source house]
type = replay
path = {dir}/house
[source linky]
type = replay
path = {dir}/linky
"""


def write(path, text):
	with open(path + ".new", "w") as f:
		f.write(text)
	os.rename(path + ".new", path)


def world():
	directory = Directory()
	house(directory / "house")
	linky(directory / "linky")
	write(directory / "spot.csv", csv_of(SPOT))
	write(directory / "spot-comma.csv", csv_of(SPOT, ";", ",", "\ufeff\n"))
	return directory


def begun(directory, sections, **options):
	meterd = Meterd(METERS + sections, directory, **options)
	wait_until(lambda: meterd.log().count("read to its end") == 2, what="the files are read")
	return meterd


def ledger(meterd, *words, **options):
	return meterctl("ledger", *words, "--file", os.path.join(meterd.state, "ledger.db"), **options)


def stored(meterd):
	"""What the file has of each day: {(meter, start): amounts}; all of it when all are computed."""
	with contextlib.closing(sqlite3.connect(os.path.join(meterd.state, "ledger.db"))) as db:
		return {(row[0], row[1]): row[2:] for row in db.execute(f"SELECT meter, start, qualities, {','.join(COSTS)} FROM cost")}


def is_computed(meterd, tables):
	"""Whether the file alone says what is expected of ended days and months."""
	for meter, table in tables.items():
		said = ledger_of(meterd, meter)
		expected = model(said, table)
		for kind in ("day", "month"):
			out, err, code = ledger(meterd, "export", "--format", "json", "--meter", meter, "--period", kind)
			got = costs_said(json.loads(out))
			equal(got, [e for e in expected[kind] if utc(e[1]) <= END - 600], f"{kind}s of {meter} in the file")
			assert got, "the file has none"
	return True


with shared():
	PLACE = world()
	METERD_1 = begun(PLACE, SECTIONS)
	SAID = {meter: ledger_of(METERD_1, meter) for meter in ("house", "linky")}
TABLES = {"house": HOUSE, "linky": LINKY}
OTHER_TABLES = {"house": OTHER, "linky": OTHER}


@promise
def costs_follow_tables_with_dates_tariffs_and_charges():
	equal(differences(SAID["house"], HOUSE), {}, "house: what the ledger says and what was expected")
	assert len(costs_said(SAID["house"]["day"])) > 200


@promise
def dynamic_costs_follow_the_csv_quarter_by_quarter():
	equal(differences(SAID["linky"], LINKY), {}, "linky: what the ledger says and what was expected")
	imported = [c for c in costs_said(SAID["linky"]["quarter"]) if c[2] == "cost_import"]
	assert any(c[3] < 0 for c in imported), "no price was below zero"
	assert len(imported) > 2000


@promise
def costs_stand_behind_registers_in_their_order():
	order = {name: i for i, name in enumerate(COSTS)}
	for kind in KINDS:
		for meter in SAID:
			starts = {}
			for e in SAID[meter][kind]:
				starts.setdefault(e["start"], []).append(e["register"])
			for registers in starts.values():
				costs = [r for r in registers if r in order]
				equal(registers[len(registers) - len(costs):], sorted(costs, key=order.get))


@promise
def an_unknown_price_gives_no_cost_and_never_0():
	day = {c[2]: c for c in costs_said(SAID["linky"]["day"]) if c[0] == "2024-10-15T22:00:00Z"}
	equal(sorted(day), ["cost_fixed"], "a day without prices")
	quarter = [c[2] for c in costs_said(SAID["linky"]["quarter"]) if c[0] == "2024-10-05T07:15:00Z"]
	equal(quarter, ["cost_fixed"], "a quarter without a price")
	part = {c[2]: c[4] for c in costs_said(SAID["linky"]["day"]) if c[0] == "2024-10-04T22:00:00Z"}
	equal((part["cost_import"], part["cost"]), ("partial", "partial"), "a day of which a part has prices")
	early = [c for c in costs_said(SAID["linky"]["day"]) if c[0] < "2024-10-02T22:00:00Z"]
	equal(early, [], "days before the first date")


@promise
def days_sum_exactly_to_the_month_whatever_is_rounded():
	meterd = begun(world(), OTHER_SECTIONS)
	wait_until(lambda: is_computed(meterd, OTHER_TABLES))
	october = [dict(zip(COSTS, row[1:])) for (meter, start), row in stored(meterd).items()
		   if meter == 1 and START <= start < utc(2024, 10, 31, 23)]
	equal(len(october), 31, "days of October in the file")
	name = meterd.meters()[0]["name"]
	month = {c[2]: c for c in costs_said(meterd.ledger(name, "month")) if c[0] == iso(START)}
	equal(sum(day["cost_fixed"] for day in october), 3 * 10**11, "the days' charges, exactly")
	equal(month["cost_fixed"][3:], (3, "good"), "the month's charge")
	for cost in ("cost", "cost_import", "cost_import_t1", "cost_import_t2"):
		equal(month[cost][3], rounded(Fraction(sum(day[cost] or 0 for day in october), 10**11)), cost)
	meterd.stop()


@promise
def the_file_alone_says_the_same():
	meterd = begun(world(), SECTIONS)
	wait_until(lambda: is_computed(meterd, TABLES), what="all days are in the file")
	said = ledger_of(meterd, "house")
	meterd.stop()
	meterd.check_ledger()
	out, err, code = ledger(meterd, "show", "--meter", "house", "--period", "month")
	equal(code, 0, err)
	line = next(l for l in out.splitlines() if l.startswith("2024-10")).split()
	head = next(l for l in out.splitlines() if "energy_import" in l).split()
	month = {c[2]: c[3] for c in costs_said(said["month"]) if c[0] == iso(START)}
	for name, value in month.items():
		equal(Fraction(line[1 + head.index(name)]), value, f"{name} in the table")
	assert "EUR" in out and "cost_fixed" in head, out


@promise
def without_prices_nothing_is_different():
	meterd = begun(world(), "")
	for meter, said in SAID.items():
		for kind in KINDS:
			equal(meterd.ledger(meter, kind, start=0), [e for e in said[kind] if e["unit"] != "EUR"], f"{kind}s of {meter}")
	meterd.stop()
	equal(stored(meterd), {}, "what is stored of costs")
	assert "cost" not in ledger(meterd, "export")[0]


@promise
def the_newest_10000_are_whole_starts():
	newest = METERD_1.ledger("house", "quarter")
	assert 4000 < len(newest) <= 10000, len(newest)
	equal(newest, SAID["house"]["quarter"][-len(newest):], "the newest")
	first = newest[0]["start"]
	equal([e for e in SAID["house"]["quarter"] if e["start"] >= first], newest)


@promise
def other_prices_are_applied_to_what_was():
	meterd = begun(world(), SECTIONS)
	meterd.reload(METERS + OTHER_SECTIONS)
	wait_until(lambda: is_computed(meterd, OTHER_TABLES), what="all is computed again")
	agree(meterd, OTHER_TABLES, "after a reload")
	meterd.reload(METERS + SECTIONS)
	wait_until(lambda: is_computed(meterd, TABLES), what="all is computed once more")
	agree(meterd, TABLES, "after another reload")
	meterd.stop()
	# And those that were given while it was away.
	meterd = begun(meterd.directory, OTHER_SECTIONS)
	wait_until(lambda: is_computed(meterd, OTHER_TABLES), what="all is computed after a restart")
	meterd.stop()
	meterd.check_ledger()


@promise
def a_file_of_prices_that_changes_is_read_again():
	meterd = begun(world(), OTHER_SECTIONS)
	more = SPOT | {t: "99.99999" for t in range(utc(2024, 10, 15), utc(2024, 10, 17), 3600)}
	write(meterd.directory / "spot.csv", csv_of(more))
	tables = {meter: [Prices(quarters=more, **{"import": "1", "fixed_month": "3"})] for meter in OTHER_TABLES}
	wait_until(lambda: is_computed(meterd, tables), what="the new prices count")
	agree(meterd, tables, "with more prices")
	# A mistake is told once, a file that is gone too, and what was read stays.
	write(meterd.directory / "spot.csv", csv_of(more) + "2024-11-03T08:00:00Z,much\n")
	meterd.hup()
	line = len(more) + 2
	wait_until(lambda: f"spot.csv:{line}: expected a price" in meterd.log())
	os.unlink(meterd.directory / "spot.csv")
	meterd.hup()
	wait_until(lambda: "spot.csv: cannot be read" in meterd.log())
	agree(meterd, tables, "with a bad file")
	meterd.stop()


@promise
def meterd_begins_without_the_file_of_prices():
	directory = world()
	os.unlink(directory / "spot.csv")
	meterd = begun(directory, OTHER_SECTIONS)
	assert "spot.csv: cannot be read" in meterd.log()
	agree(meterd, {"house": [Prices(quarters={}, fixed_month="3")]}, "without prices by the quarter")
	meterd.stop()


@promise
def the_check_of_the_configuration_reads_files_of_prices():
	for text, code in ((csv_of(SPOT), 0), (csv_of(SPOT) + "soon,1\n", 1)):
		meterd = Meterd(METERS + OTHER_SECTIONS, world(), start=False)
		write(meterd.directory / "spot.csv", text)
		done = subprocess.run([METERD, "--config", meterd.config, "--check-config"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
		equal((done.returncode, b"spot.csv:" in done.stderr, b"is fine" in done.stdout), (code, code == 1, code == 0), done)


@promise
def kill_9_while_costs_are_computed_leaves_nothing_stale():
	directory = world()
	begun(directory, SECTIONS).stop()
	for n, (sections, pause) in enumerate([(OTHER_SECTIONS, 0), (SECTIONS, 0.02), (OTHER_SECTIONS, 0.05), (SECTIONS, 0.1),
					       (OTHER_SECTIONS, 0.2)]):
		meterd = Meterd(METERS + sections, directory)
		time.sleep(pause)
		meterd.kill()
	meterd = begun(directory, SECTIONS)
	wait_until(lambda: is_computed(meterd, TABLES), what="all is as it must be")
	agree(meterd, TABLES, "after kill -9")
	meterd.stop()
	meterd.check_ledger()


@promise
def a_day_whose_quarters_are_gone_keeps_its_cost():
	meterd = begun(world(), SECTIONS)
	wait_until(lambda: is_computed(meterd, TABLES))
	meterd.stop()
	before = stored(meterd)
	gone = utc(2024, 10, 9, 22)
	with contextlib.closing(sqlite3.connect(os.path.join(meterd.state, "ledger.db"))) as db:
		db.execute(f"DELETE FROM quarter WHERE start < {gone}")
		db.execute(f"INSERT OR REPLACE INTO about VALUES('quarters_from', {gone})")
		db.commit()
	write(meterd.directory / "spot.csv", csv_of({t: "500" for t in SPOT}))
	meterd = begun(meterd.directory, SECTIONS)
	linky_id = max(meter for meter, _ in before)
	def computed():
		now = stored(meterd)
		return all(now[at] != row for at, row in before.items()
			   if at[0] == linky_id and at[1] >= gone and row[COSTS.index("cost_import") + 1] is not None)
	wait_until(computed, what="days with quarters are computed again")
	now = stored(meterd)
	linkys = [at for at in before if at[0] == linky_id and at[1] < gone]
	assert len(linkys) > 5
	equal({at: now[at] for at in linkys}, {at: before[at] for at in linkys}, "days without quarters")
	day = {c[2]: c[3] for c in costs_said(meterd.ledger("linky", "day", start=0)) if c[0] == "2024-10-07T22:00:00Z"}
	equal(day, {c[2]: c[3] for c in costs_said(SAID["linky"]["day"]) if c[0] == "2024-10-07T22:00:00Z"}, "over HTTP")
	meterd.stop()


@promise
def without_sections_costs_are_not_told_and_stay_in_the_file():
	meterd = begun(world(), SECTIONS)
	wait_until(lambda: is_computed(meterd, TABLES))
	before = stored(meterd)
	meterd.reload(METERS)
	wait_until(lambda: not costs_said(meterd.ledger("house", "day")))
	for kind in KINDS:
		equal(costs_said(meterd.ledger("linky", kind)), [], kind)
	meterd.stop()
	equal(stored(meterd), before, "what is stored")


@promise
def costs_are_exported_and_imported():
	meterd = begun(world(), SECTIONS)
	wait_until(lambda: is_computed(meterd, TABLES))
	meterd.stop()
	days = ("--period", "day")
	for form in ("csv", "json"):
		text = ledger(meterd, "export", "--format", form)[0]
		path = os.path.join(str(Directory()), "ledger.db")
		out, err, code = meterctl("ledger", "import", "-", "--file", path, input=text.encode())
		equal(code, 0, out + err)
		equal(meterctl("ledger", "export", "--format", form, "--file", path, *days)[0],
		      ledger(meterd, "export", "--format", form, *days)[0], f"days as {form}")
		out, err, code = meterctl("ledger", "import", "-", "--file", path, input=text.encode())
		equal((code, out.split()[0]), (0, "0"), out + err)
		equal(meterctl("ledger", "check", "--file", path)[2], 0, "exit code of check")
	header = "meter,number,period,start,end,register,value,unit,quality\n"
	good = "house,1,day,2023-01-01T23:00:00Z,2023-01-02T23:00:00Z,cost_gas,1.5,EUR,good"
	for bad in ("1.500001", "12345678.5", "1e3"):
		out, err, code = meterctl("ledger", "import", "-", "--file", path, input=(header + good.replace("1.5", bad)).encode())
		equal((code, ":2:" in err), (2, True), f"{bad}: {out}{err}")
	out, err, code = meterctl("ledger", "import", "-", "--file", path, input=(header + good.replace("EUR", "Euro")).encode())
	equal((code, ":2:" in err), (2, True), out + err)


@promise
def check_finds_a_cost_that_is_not_the_sum_of_its_parts():
	meterd = begun(world(), SECTIONS)
	wait_until(lambda: is_computed(meterd, TABLES))
	meterd.stop()
	meterd.check_ledger()
	with contextlib.closing(sqlite3.connect(os.path.join(meterd.state, "ledger.db"))) as db:
		db.execute(f"UPDATE cost SET cost_import = cost_import + 1 WHERE start = {utc(2024, 10, 11, 22)} AND meter = 1")
		db.execute(f"UPDATE cost SET start = start + 60 WHERE start = {utc(2024, 10, 12, 22)} AND meter = 1")
		db.commit()
	out, err, code = ledger(meterd, "check")
	equal((code, "2024-10-12: its cost is not the sum" in out, "no such day" in out), (1, True, True), out + err)


@promise
def costs_stand_in_the_period_of_mqtt():
	broker = Broker()
	view = View(broker)
	gateway, source = telling(number="E0000000000000042", pause=0.1)
	meterd = Meterd(broker.section() + source + "[price now]\ncurrency = EUR\nimport = 0.25\nfixed_day = 0.3\n")
	day = view.wait("meter/house/period", lambda p: p["day"].get("cost_import"))["day"]
	equal(Fraction(str(day["cost_import"])), rounded(Fraction(str(day["energy_import"])) / 4000), "cost of the day")
	equal(Fraction(str(day["cost"])), Fraction(str(day["cost_import"])) + Fraction("0.3"), "with its charge")
	meterd.stop()


@promise
def the_first_meterd_ends_in_peace():
	METERD_1.stop()


run()
