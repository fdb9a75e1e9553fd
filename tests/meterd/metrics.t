#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /metrics: the rules of the text format 0.0.4 and of `promtool check metrics`, written down, and what the samples say."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from decimal import Decimal
from harness import *
from prometheus import *

START = utc(2024, 10, 10, 12)
NUMBER = "E0000000000000042"


def replay(name, data, more=""):
	directory = Directory()
	with open(directory / "capture", "wb") as f:
		f.write(data)
	meterd = Meterd(f"[source {name}]\ntype = replay\npath = {directory / 'capture'}\n" + more, directory=directory)
	wait_until(lambda: meterd.meter(name)["state"] == "off", what="the replay's end")
	return meterd


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
	config += "[sink lines]\ntype = jsonl\npath = lines\n"
	meterd = Meterd(config, directory=directory)
	wait_until(lambda: all(meterd.meter(name)["state"] == "off" for name in captures), what="the replays' ends")
	return meterd


with shared():
	M = meters()
	F = parse(M.get("/metrics"))
	H = dict(re.findall(r"^# HELP (\S+) (.*)$", M.get("/metrics"), re.M))


@promise
def the_format_is_that_of_version_0_0_4():
	status, text, headers = M.http("/metrics")
	equal((status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
	parse(text)


# The rules of promlint, which is what `promtool check metrics` asks: prometheus/client_golang, prometheus/testutil/promlint.
BASE_UNITS = {unit: unit for unit in ("amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "metres", "seconds", "volts")}
OTHER_UNITS = {"minutes": "seconds", "hours": "seconds", "days": "seconds", "weeks": "seconds", "kelvins": "kelvin",
	       "fahrenheit": "celsius", "rankine": "celsius", "inches": "meters", "yards": "meters", "miles": "meters", "bits": "bytes",
	       "calories": "joules", "pounds": "grams", "ounces": "grams"}
PREFIXES = ("pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi", "giga", "gibi", "tera",
	    "tebi", "peta", "pebi")
ABBREVIATIONS = ("s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d")
TYPES = ("counter", "gauge", "summary", "histogram", "gauge_histogram")
# Beyond it: units that meters have and promlint does not know, in Prometheus' manner, and those that nobody should take for them.
METER_UNITS = ("watts", "ratio", "hertz", "vars", "varseconds", "voltamperes")
NOT_BASE = ("kwh", "wh", "watthours", "percent", "kilowatts", "milliwatts", "millivolts")


def has_word(name, word):
	return f"_{word}_" in name or name.endswith("_" + word)


def unit_problems(name):
	for word in name.split("_"):
		for prefix in ("", *PREFIXES):
			base = {**BASE_UNITS, **OTHER_UNITS}.get(word.removeprefix(prefix)) if word.startswith(prefix) else None
			if base and base != word:
				yield f"{word} instead of the base unit {base}"


def lint(name, kind, help, labels):
	"""What promlint has against a family: a list of sentences."""
	problems = list(unit_problems(name))
	if not help:
		problems.append("no help")
	if name.endswith("_total") != (kind == "counter"):
		problems.append("_total is the end of counters")
	if name.endswith("_timestamp_seconds") and kind != "gauge":
		problems.append("a timestamp is a gauge")
	problems += [f"{end} is of histograms" for end in ("_bucket", "_count", "_sum") if name.endswith(end)]
	problems += [f"label {label} is of histograms" for label in labels if label in ("le", "quantile")]
	problems += [f"type {word} in the name" for word in TYPES if has_word(name.lower(), word)]
	problems += [f"abbreviation {word}" for word in ABBREVIATIONS if has_word(name.lower(), word)]
	if ":" in name:
		problems.append("a colon")
	problems += [f"{word} is camel case" for word in (name, *labels) if re.search("[a-z][A-Z]", word)]
	return problems


def promtool(text):
	"""What the program has against a page: (exit code, its lines)"""
	if not shutil.which("promtool"):
		raise Skip("no promtool: package prometheus")
	done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	return done.returncode, done.stdout.decode().splitlines()


@promise
def no_rule_of_promtool_is_broken():
	for name, (kind, values) in F.items():
		labels = {label for found in values for label, _ in found}
		equal(lint(name, kind, H[name], labels), [], name)


# One family for each rule.
BAD = (("a_total", "gauge", "x", ()), ("a", "counter", "x", ()), ("a_count", "gauge", "x", ()),
       ("a_sum", "gauge", "x", ()), ("a_bucket", "gauge", "x", ()), ("a_gauge", "gauge", "x", ()), ("a_counter_total", "counter", "x", ()),
       ("a_minutes", "gauge", "x", ()), ("a_kilojoules_total", "counter", "x", ()), ("a_milliamperes", "gauge", "x", ()),
       ("a_h", "gauge", "x", ()), ("a_ms_total", "counter", "x", ()), ("a:b", "gauge", "x", ()), ("aB", "gauge", "x", ()),
       ("a", "gauge", "x", ("myLabel",)), ("a", "gauge", "x", ("le",)), ("a", "gauge", "x", ("quantile",)), ("a", "gauge", "", ()))


@promise
def each_rule_finds_what_breaks_it():
	for family in BAD:
		if not lint(*family):
			raise AssertionError(f"{family} breaks no rule")
	equal(lint("a_joules_total", "counter", "x", ("meter",)), [])


@promise
def promtool_says_the_same():
	equal(promtool(M.get("/metrics")), (0, []))
	for name, kind, help, labels in BAD:
		page = (f"# HELP {name} {help}\n" if help else "") + f"# TYPE {name} {kind}\n"
		page += name + ("{" + ",".join(f'{label}="1"' for label in labels) + "}" if labels else "") + " 1\n"
		if promtool(page)[0] == 0:
			raise AssertionError(f"promtool has nothing against {page}")


@promise
def names_tell_base_units_at_their_end():
	for name, (kind, values) in F.items():
		words = name.removesuffix("_total").split("_")
		equal([word for word in words if word in NOT_BASE or word != word.lower()], [], name)
		found = [w for w in words if w in BASE_UNITS or w in METER_UNITS]
		if found and words[-1] != found[-1]:
			raise AssertionError(f"{name}: its unit is not at the end")
		if not values:
			raise AssertionError(f"{name} has no sample")
		if not name.startswith(("meter_", "meterd_", "process_")):
			raise AssertionError(f"{name}: whose is it?")


@promise
def the_page_is_as_its_document_has_it():
	told = metrics_document()
	for name, (kind, values) in F.items():
		labels = {label for found in values for label, _ in found}
		equal(kind, told[name][0], f"type of {name}")
		equal(sorted(labels - told[name][1]), [], f"labels of {name} that its document lacks")
	for name in ("meter_info", "meter_energy_joules_total", "meter_phase_power_watts", "meter_telegrams_total",
		     "meterd_sink_publications_total", "meterd_build_info"):
		labels = {label for found in F[name][1] for label, _ in found}
		equal(labels, told[name][1], f"labels of {name}")


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
