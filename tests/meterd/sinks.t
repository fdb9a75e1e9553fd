#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sinks of a whole meterd: lines of JSON and CSV in files and on standard output."""
import csv
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from harness import *

START = utc(2024, 10, 10, 12)
NUMBER = "E0000000000000042"
JSONL = "[sink lines]\ntype = jsonl\npath = {dir}/out.jsonl\ncycle = 0\n"
CSV = "[sink table]\ntype = csv\npath = {dir}/out.csv\ncycle = 0\n"


def lines(meterd, name="out.jsonl"):
	with open(os.path.join(meterd.path, name)) as f:
		return f.read().splitlines()


def telling(step=1000):
	"""A gateway whose meter goes on for ever, ten telegrams a second, and the configuration for it."""
	gateway = Gateway(lambda n: [x for i in range(step) for x in (p1(None, r1_8_1=1000 + i, power_w=i), 0.1)])
	return gateway, f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n"


@promise
def each_line_of_jsonl_is_a_state():
	meterd = replay([p1(START + i, number=NUMBER, r1_8_1=1000 + i, power_w=i) for i in range(20)], JSONL)
	states = [json.loads(line) for line in lines(meterd)]
	equal([s["quantities"]["power_import"] for s in states], list(range(20)))
	equal([s["time"] for s in states], [iso(START + i) for i in range(20)])
	last, shown = states[-1], meterd.meters()[0]
	equal((last["state"], shown["state"], "meter" in last), ("connected", "off", False))
	for member in ("name", "protocol", "source", "time", "quantities"):
		equal(last[member], shown[member], member)
	meterd.stop()
	equal(len(lines(meterd)), 20)


@promise
def fields_come_when_asked_for_and_numbers_with_identity():
	meterd = replay([p1(START + i, number=NUMBER, r1_8_1=1000 + i) for i in range(3)], JSONL + "fields = yes\n")
	state = json.loads(lines(meterd)[0])
	equal(["1-0:1.8.1", "000001.000*kWh"] in state["fields"], True, state["fields"])
	equal([f for f in state["fields"] if f[0] == "0-0:96.1.1"], [])
	meterd.stop()
	meterd = replay([p1(START + i, number=NUMBER, r1_8_1=1000 + i) for i in range(3)],
			"[daemon]\nidentity = yes\n" + JSONL + "fields = yes\n")
	state = json.loads(lines(meterd)[0])
	equal(state["meter"], NUMBER)
	equal(["0-0:96.1.1", NUMBER.encode().hex().upper()] in state["fields"], True)
	meterd.stop()


@promise
def csv_is_a_table_that_a_spreadsheet_reads():
	meterd = replay([p1(START + i, number=NUMBER, r1_8_1=1000 + i, power_w=i) for i in range(20)], CSV)
	with open(os.path.join(meterd.path, "out.csv"), newline="") as f:
		rows = list(csv.DictReader(f))
	equal(list(rows[0]), ["received", "time", "meter", "quantity", "value", "unit"])
	power = [r for r in rows if r["quantity"] == "power_import"]
	equal([r["value"] for r in power], [str(i) for i in range(20)])
	equal({(r["meter"], r["unit"]) for r in power}, {("house", "W")})
	equal(power[5]["time"], iso(START + 5))
	equal({r["unit"] for r in rows if r["quantity"].startswith("energy")}, {"Wh"})
	meterd.stop()


@promise
def the_first_state_does_not_wait_for_the_cycle():
	gateway, source = telling()
	meterd = Meterd(source + JSONL.replace("cycle = 0", "cycle = 3600"))
	wait_until(lambda: len(lines(meterd)) == 1)
	wait_until(lambda: meterd.quantities("house")["power_import"] > 5)
	equal(len(lines(meterd)), 1)
	meterd.stop()
	equal(len(lines(meterd)), 2, "lines, with what waited at the end")


@promise
def events_are_told_among_the_states():
	old = [p1(START + 10 * i, number=NUMBER, r1_8_1=500000 + i) for i in range(5)]
	new = [p1(START + 100 + 10 * i, number="E0000000000000099", r1_8_1=1 + i) for i in range(5)]
	meterd = replay(old + new, JSONL)
	meterd.stop()
	events = [json.loads(line) for line in lines(meterd) if line.startswith('{"event"')]
	replaced = [e for e in events if e["event"] == "meter-replaced"]
	if not replaced:
		raise AssertionError(f"events: {events}")
	equal((replaced[0]["name"], "meter" in replaced[0]), ("house", False))


@promise
def a_reload_follows_a_file_that_was_moved_away():
	gateway, source = telling()
	meterd = Meterd(source + JSONL)
	wait_until(lambda: len(lines(meterd)) >= 3)
	os.rename(os.path.join(meterd.path, "out.jsonl"), os.path.join(meterd.path, "out.jsonl.1"))
	meterd.hup()
	wait_until(lambda: len(lines(meterd)) >= 3)
	meterd.stop()
	powers = [json.loads(line)["quantities"]["power_import"] for name in ("out.jsonl.1", "out.jsonl") for line in lines(meterd, name)]
	equal(powers, list(range(len(powers))), "states over both files")


@promise
def a_reload_ends_and_begins_sinks():
	gateway, source = telling()
	meterd = Meterd(source + JSONL)
	wait_until(lambda: len(lines(meterd)) >= 3)
	meterd.reload(source + CSV)
	wait_until(lambda: len(lines(meterd, "out.csv")) >= 10)
	count = len(lines(meterd))
	power = meterd.quantities("house")["power_import"]
	wait_until(lambda: meterd.quantities("house")["power_import"] > power + 2)
	equal(len(lines(meterd)), count, "lines of the sink that ended")
	meterd.stop()


@promise
def standard_output_that_is_closed_ends_its_sink_and_not_the_daemon():
	gateway, source = telling()
	read, write = os.pipe()
	directory = Directory()
	meterd = Meterd(source + "[sink out]\ntype = jsonl\npath = -\ncycle = 0\n" + JSONL, directory=directory,
			wrapper=["sh", "-c", f'exec "$@" >/proc/{os.getpid()}/fd/{write}', "sh"])
	os.close(write)
	with os.fdopen(read) as out:
		equal(json.loads(out.readline())["name"], "house")
	wait_until(lambda: "nobody reads standard output" in meterd.log())
	count = len(lines(meterd))
	wait_until(lambda: len(lines(meterd)) > count + 3)
	equal(meterd.log().count("nobody reads standard output"), 1)
	meterd.stop()


@promise
def a_file_that_cannot_be_written_is_said_once():
	gateway, source = telling()
	meterd = Meterd(source + JSONL.replace("{dir}/out.jsonl", "{dir}/none/out.jsonl"))
	wait_until(lambda: meterd.quantities("house")["power_import"] > 10)
	equal(meterd.log().count("none/out.jsonl"), 1)
	meterd.stop()
	if "publications for" not in meterd.log():
		raise AssertionError("what was lost is not told")


run()
