#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /metrics: the rules of the text format 0.0.4 and of `promtool check metrics`, written down, and what the samples say."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from decimal import Decimal
from harness import *

START = utc(2024, 10, 10, 12)
NUMBER = "E0000000000000042"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
UNITS = ("seconds", "bytes", "joules", "watts", "volts", "amperes", "meters", "ratio", "hertz", "vars", "varseconds", "voltamperes")
NOT_BASE = ("milliseconds", "minutes", "hours", "days", "kilobytes", "kwh", "wh", "kilowatts", "percent", "millivolts", "milliamperes",
	    "kilometers")


def replay(name, data, more=""):
	directory = Directory()
	with open(directory / "capture", "wb") as f:
		f.write(data)
	meterd = Meterd(f"[source {name}]\ntype = replay\npath = {directory / 'capture'}\n" + more, directory=directory)
	wait_until(lambda: meterd.meter(name)["state"] == "off", what="the replay's end")
	return meterd


def parse(text):
	"""{name: (type, {labels: value})}, after looking at each rule of the format."""
	if not text.endswith("\n"):
		raise AssertionError("the last line has no end")
	families, current = {}, None
	for line in text[:-1].split("\n"):
		if line.startswith("# HELP "):
			name, _, words = line[7:].partition(" ")
			if name in families:
				raise AssertionError(f"{name} is told twice, or in two parts")
			if not re.fullmatch(NAME, name) or not words:
				raise AssertionError(line)
			families[name] = [None, {}]
			current = name
		elif line.startswith("# TYPE "):
			name, kind = line[7:].split(" ")
			if name != current or families[name][0] or families[name][1]:
				raise AssertionError(f"{line}: not between HELP and the samples of its name")
			if kind not in ("counter", "gauge"):
				raise AssertionError(line)
			families[name][0] = kind
		else:
			m = SAMPLE.fullmatch(line)
			if not m:
				raise AssertionError(f"no sample: {line!r}")
			if m[1] != current or not families[current][0]:
				raise AssertionError(f"{line}: not with the samples of its name")
			labels = m[2] or ""
			names = re.findall(r'(\w+)="', re.sub(r'"(?:[^"\\]|\\.)*"', '""', labels).replace('""', '"'))
			if len(names) != len(set(names)) or any(n.startswith("__") for n in names):
				raise AssertionError(f"{line}: labels")
			labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
			if labels in families[current][1]:
				raise AssertionError(f"{line}: twice")
			families[current][1][labels] = Decimal(m[3])
	return families


def samples(families, name, **labels):
	return {k: v for k, v in families.get(name, (None, {}))[1].items() if set(labels.items()) <= k}


def meters():
	"""A P1 meter with tariffs and all phases, a TIC meter with and one without tariffs."""
	directory = Directory()
	phases = [(f"1-0:{c}.7.0", "00.123*kW") for c in (21, 22, 41, 42, 61, 62)]
	phases += [(f"1-0:{c}.7.0", "230.1*V") for c in (32, 52, 72)] + [(f"1-0:{c}.7.0", "001.25*A") for c in (31, 51, 71)]
	captures = {
		"house": b"".join(p1(START + i, number=NUMBER, power_w=400, power_export_w=0, r1_8_1=1001, r1_8_2=2002, r2_8_1=5,
				     r2_8_2=0, gas=5123, gas_at=START - 300, more=phases) for i in range(3)),
		"cellar": b"".join(tic_standard(START + 2 * i, number="111111111111", east=6, t=(1, 2, 3), eait=9) for i in range(3)),
		"attic": b"".join(tic_historique(number="222222222222", base=77) for i in range(3)),
	}
	config = ""
	for name, data in captures.items():
		with open(directory / name, "wb") as f:
			f.write(data)
		config += f"[source {name}]\ntype = replay\npath = {directory / name}\n"
	config = config.replace(f"{directory / 'attic'}\n", f"{directory / 'attic'}\nstart = 2024-10-10T12:00:00Z\ninterval = 2\n")
	meterd = Meterd(config, directory=directory)
	wait_until(lambda: all(meterd.meter(name)["state"] == "off" for name in captures), what="the replays' ends")
	return meterd


with shared():
	M = meters()
	F = parse(M.get("/metrics"))


@promise
def the_format_is_that_of_version_0_0_4():
	status, text, headers = M.http("/metrics")
	equal((status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
	parse(text)


@promise
def counters_end_in_total_and_nothing_else_does():
	for name, (kind, _) in F.items():
		equal(name.endswith("_total"), kind == "counter", f"_total of {name}")
		if name.endswith(("_count", "_sum", "_bucket")):
			raise AssertionError(f"{name} is a name of histograms")


@promise
def names_tell_base_units_at_their_end():
	for name, (kind, values) in F.items():
		words = name.removesuffix("_total").split("_")
		for word in words:
			if word in NOT_BASE or word in ("gauge", "counter") or word != word.lower():
				raise AssertionError(f"{name}: {word}")
		found = [w for w in words if w in UNITS]
		if found and words[-1] != found[-1]:
			raise AssertionError(f"{name}: its unit is not at the end")
		if not values:
			raise AssertionError(f"{name} has no sample")
		if not name.startswith(("meter_", "meterd_", "process_")):
			raise AssertionError(f"{name}: whose is it?")


@promise
def the_names_of_the_reference_are_there():
	for name in ("meter_info", "meter_energy_joules_total", "meter_power_watts", "meter_voltage_volts", "meter_current_amperes",
		     "meter_gas_cubic_meters_total", "meter_telegrams_total", "meter_last_telegram_timestamp_seconds",
		     "process_resident_memory_bytes"):
		if not samples(F, name):
			raise AssertionError(f"no {name}")
	equal(set(samples(F, "meter_info").values()), {1})
	equal(samples(F, "meter_telegrams_total", source="house", result="ok").popitem()[1], 3)
	equal({dict(k)["result"] for k in samples(F, "meter_telegrams_total")}, {"ok", "crc", "parse", "gap"})


@promise
def the_sum_over_tariffs_is_what_the_meter_counted():
	for name, direction, register in (("house", "import", "energy_import"), ("house", "export", "energy_export"),
					  ("cellar", "import", "energy_import"), ("cellar", "export", "energy_export"),
					  ("attic", "import", "energy_import")):
		joules = sum(samples(F, "meter_energy_joules_total", meter=name, direction=direction).values())
		equal(joules, M.quantities(name)[register] * 3600, f"sum of {name}, {direction}")
	equal(len(samples(F, "meter_energy_joules_total", meter="house", direction="import")), 2)
	equal(len(samples(F, "meter_energy_joules_total", meter="attic", direction="import")), 1)


@promise
def totals_and_phases_have_names_of_their_own():
	equal(sum(samples(F, "meter_power_watts", meter="house", direction="import").values()), 400)
	equal(len(samples(F, "meter_phase_power_watts", meter="house")), 6)


@promise
def values_are_exact():
	equal(samples(F, "meter_gas_cubic_meters_total", meter="house").popitem()[1], Decimal("5.123"))
	equal(set(samples(F, "meter_voltage_volts", meter="house").values()), {Decimal("230.1")})
	equal(set(samples(F, "meter_current_amperes", meter="house").values()), {Decimal("1.25")})
	# 100 * 500 / 9000 % = 5.556 %
	equal(samples(F, "meter_load_ratio", meter="cellar").popitem()[1], Decimal("0.05556"))


@promise
def numbers_of_meters_are_never_told():
	text = M.get("/metrics")
	for number in (NUMBER, NUMBER.encode().hex().upper(), "111111111111", "222222222222", "G0000000000000001"):
		if number in text:
			raise AssertionError(f"{number} is told")


@promise
def what_is_not_known_is_absent_and_not_0():
	gateway = Gateway([HOLD])
	meterd = Meterd(f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n")
	families = wait_until(lambda: parse(meterd.get("/metrics")))
	equal([name for name in families if name.startswith(("meter_energy", "meter_power", "meter_last", "meter_tariff"))], [])
	equal(samples(families, "meter_info", meter="house").popitem()[1], 1)
	equal(samples(families, "meter_connected", meter="house").popitem()[1], 0)
	meterd.stop()


@promise
def live_values_vanish_when_their_meter_is_silent_and_registers_stay():
	gateway = Gateway([p1(None, r1_8_1=1000), 0.3, p1(None, r1_8_1=1001), 0.3, p1(None, r1_8_1=1002), HOLD])
	meterd = Meterd(f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n")
	wait_until(lambda: meterd.metric("meter_power_watts", meter="house") == 500)
	wait_until(lambda: meterd.metric("meter_energy_joules_total", meter="house") == 1002 * 3600)
	wait_until(lambda: meterd.metric("meter_power_watts", meter="house") is None)
	equal(meterd.metric("meter_energy_joules_total", meter="house"), 1002 * 3600)
	equal(meterd.quantities("house").get("power_import"), None)
	meterd.stop()


@promise
def damaged_telegrams_are_counted_by_source():
	good = p1(START, r1_8_1=1)
	meterd = replay("house", good + good.replace(b"000000.001", b"000000.009") + p1(START + 1, r1_8_1=1))
	equal(meterd.metric("meter_telegrams_total", source="house", result="ok"), 2)
	equal(meterd.metric("meter_telegrams_total", source="house", result="crc"), 1)
	meterd.stop()


@promise
def the_store_and_the_server_tell_how_they_do():
	meterd = replay("house", b"".join(p1(START + 900 * i, r1_8_1=i) for i in range(100)))
	wait_until(lambda: meterd.metric("meterd_store_rows_total") > 0)
	wait_until(lambda: meterd.metric("meterd_store_waiting_rows") == 0)
	equal(meterd.metric("meterd_store_failing"), 0)
	before = meterd.metric("meterd_http_requests_total")
	meterd.get("/meters")
	equal(meterd.metric("meterd_http_requests_total"), before + 2)
	equal(meterd.metric("meter_readings_total", meter="house", result="booked"), 100)
	meterd.stop()


run()
