#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# meterctl ledger on a ledger that meterd made of two replayed meters, and on what was done to its file.
import csv
import io
import sqlite3
from decimal import Decimal

from harness import *

START = utc(2024, 10, 26, 22)		# midnight of the day of 25 hours in Paris
DAYS = 8

CONFIG = """[daemon]
timezone = Europe/Paris
[source house]
type = replay
path = {dir}/house
[source linky]
type = replay
path = {dir}/linky
"""


def house(directory):
	with open(os.path.join(directory, "house"), "wb") as f:
		for i in range(0, DAYS * 86400, 600):
			t = START + i
			f.write(p1(t, r1_8_1=1000000 + i // 7, r1_8_2=500000 + i // 9, r2_8_1=i // 31, r2_8_2=0,
				   gas=7000 + i // 3600, gas_at=t // 3600 * 3600))


def linky(directory):
	with open(os.path.join(directory, "linky"), "wb") as f:
		for i in range(0, DAYS * 86400, 600):
			f.write(tic_standard(START + i, east=12345678 + i // 5, t=(12345678 + i // 5,)))


def made():
	"""A directory with a finished ledger, and what the daemon said of it."""
	directory = Directory()
	house(str(directory))
	linky(str(directory))
	meterd = Meterd(CONFIG, directory=directory)
	wait_until(lambda: meterd.log().count("read to its end") == 2)
	said = {(m, p): meterd.ledger(m, p, start=0) for m in ("house", "linky") for p in ("quarter", "day", "month", "year")}
	meterd.stop()
	return meterd, said


with shared():
	METERD_1, SAID = made()
LEDGER = os.path.join(METERD_1.state, "ledger.db")


def ledger(*words, path=LEDGER, **options):
	return meterctl("ledger", *words, "--file", path, **options)


def copy():
	path = os.path.join(str(Directory()), "ledger.db")
	shutil.copy(LEDGER, path)
	return path


def tampered(*statements):
	path = copy()
	with contextlib.closing(sqlite3.connect(path)) as db:
		for statement in statements:
			db.execute(statement)
		db.commit()
	return path


def ended(entries):
	"""What an export has of them: no running periods."""
	return [e for e in entries if e["start"] < iso(START + DAYS * 86400) and "partial" not in e["quality"]]


def exact(text):
	return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@promise
def an_export_in_json_is_what_http_says():
	out, err, code = ledger("export", "--format", "json")
	equal(code, 0, err)
	exported = json.loads(out)
	for (meter, period), said in SAID.items():
		got = [{k: v for k, v in e.items() if k not in ("meter", "number")}
		       for e in exported if e["meter"] == meter and e["period"] == period]
		equal(ended(got), ended(said), f"{period}s of {meter}")
	if not any(len(ended(said)) > 3000 for said in SAID.values()):
		raise AssertionError("the ledger is empty")


@promise
def an_export_in_csv_has_the_same_values():
	as_json = exact(ledger("export", "--format", "json")[0])
	rows = list(csv.DictReader(io.StringIO(ledger("export")[0])))
	equal(len(rows), len(as_json), "rows")
	for row, value in zip(rows, as_json):
		got = {k: v for k, v in row.items() if k != "value"}
		equal(got, {k: v for k, v in value.items() if k != "value"})
		equal(Decimal(row["value"]) if row["value"] else None, value.get("value"))


@promise
def meter_period_and_dates_select():
	out, _, code = ledger("export", "--meter", "house", "--period", "day", "--from", "2024-10-27", "--to", "2024-10-29")
	days = {(r["start"], r["end"]) for r in csv.DictReader(io.StringIO(out))}
	equal(days, {("2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"), ("2024-10-27T23:00:00Z", "2024-10-28T23:00:00Z")})
	out, _, code = ledger("export", "--meter", "house", "--period", "quarter", "--from", "2024-10-27T10:00:00Z",
			      "--to", "2024-10-27T10:15:00Z")
	equal({r["start"] for r in csv.DictReader(io.StringIO(out))}, {"2024-10-27T10:00:00Z"})
	equal(ledger("export", "--from", "2030-01-01")[2], 1, "nothing to export")
	for words in (("--period", "week"), ("--from", "yesterday"), ("--format", "xml"), ("--meter",), ("more",)):
		equal(ledger("export", *words)[2], 2, words)


@promise
def a_table_has_the_day_that_runs():
	out, err, code = ledger("show", "--meter", "house")
	equal(code, 0, err)
	lines = out.splitlines()
	equal([l for l in lines if l.startswith("2024-10-27")] != [], True, out)
	if not lines[-1].startswith("2024-11-03") or not lines[-1].endswith("so far"):
		raise AssertionError(out)
	if "energy_import_t2" not in lines[1] or "m3" not in lines[2]:
		raise AssertionError(out)
	equal(ledger("show", "--meter", "nobody")[2], 1, "no such meter")


@promise
def an_import_makes_the_same_ledger():
	for form in ("csv", "json"):
		path = os.path.join(str(Directory()), "ledger.db")
		text = ledger("export", "--format", form)[0]
		out, err, code = ledger("import", "-", path=path, input=text.encode())
		equal(code, 0, out + err)
		equal(ledger("export", "--format", form, path=path)[0], text, form)
		out, err, code = ledger("check", path=path)
		equal(code, 0, out + err)
		out, err, code = ledger("import", "-", path=path, input=text.encode())
		equal((code, out.split(" ")[0]), (0, "0"), f"the same again ({out}{err})")


@promise
def an_import_leaves_what_is_there():
	path = copy()
	before = ledger("export", path=path)[0]
	rows = list(csv.DictReader(io.StringIO(before)))
	changed = [dict(r, value="1.5") for r in rows if r["period"] == "day" and r["value"]]
	older = [dict(r, start="2023-10-26T22:00:00Z", end="2023-10-27T22:00:00Z", value="7") for r in changed[:1]]
	text = io.StringIO()
	writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
	writer.writeheader()
	writer.writerows(changed + older)
	out, err, code = ledger("import", "-", path=path, input=text.getvalue().encode())
	equal((code, out.split(" ")[0]), (1, "1"), out + err)
	after = list(csv.DictReader(io.StringIO(ledger("export", path=path)[0])))
	equal([r for r in after if r["start"] != older[0]["start"]], rows)
	equal(ledger("check", path=path)[2], 0, "exit code of check")


@promise
def a_malformed_import_changes_nothing():
	good = "house,1,day,2023-01-01T23:00:00Z,2023-01-02T23:00:00Z,gas,1.5,m3,good"
	bad = ["", "x" * 3000, "house", good + ",1", good.replace("gas", "coal"), good.replace("m3", "Wh"),
	       good.replace("1.5", "1.2345"), good.replace("1.5", "1e3"), good.replace("1.5", ""), good.replace("1.5", "nan"),
	       good.replace("good", "fine"), good.replace("good", "missing"), good.replace("house", "../x"),
	       good.replace("01-02T", "01-01T"), good.replace("day", "quarter"), good.replace("2023-01-01T23:00:00Z", "soon"),
	       good.replace("1.5", "1" * 19), good.replace("good", '"good')]
	header = "meter,number,period,start,end,register,value,unit,quality"
	for line in bad[1:]:
		path = copy()
		before = ledger("export", path=path)[0]
		out, err, code = ledger("import", "-", path=path, input=f"{header}\n{good}\n{line}\n".encode())
		equal((code, ":3:" in err), (2, True), f"{line[:80]}: {out}{err}")
		equal(ledger("export", path=path)[0], before)
	for text in (b"", b"[", b"[{}]", b'[{"meter":"a"}', b"{}", b"meter\n", b"[" * 5000, b'[{"meter":"' + b"a" * 5000):
		path = copy()
		out, err, code = ledger("import", "-", path=path, input=text)
		equal(code, 2, f"{text[:30]}: {out}{err}")


@promise
def an_import_is_refused_while_meterd_writes():
	meterd = Meterd("")
	path = os.path.join(meterd.state, "ledger.db")
	out, err, code = ledger("import", "-", path=path, input=ledger("export")[0].encode())
	equal((code, "stop it first" in err), (2, True), out + err)
	equal(ledger("export", path=path)[2], 1, "still empty")
	meterd.stop()


@promise
def a_ledger_can_be_read_where_nothing_can_be_written():
	if os.geteuid():
		raise Skip("only root can become somebody else")
	path = copy()
	os.chmod(os.path.dirname(path), 0o755)
	os.chmod(path, 0o644)
	# The project may stand where nobody else may look.
	program = shutil.copy(METERCTL, os.path.dirname(path))
	done = subprocess.run([program, "ledger", "check", "--file", path], user=65534, group=65534, extra_groups=[],
			      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	equal(done.returncode, 0, done.stdout)


@promise
def check_is_content_with_what_meterd_wrote():
	out, err, code = ledger("check")
	equal((code, "2 meters" in out, "every sum is exact" in out), (0, True, True), out + err)


def finds(name, word, *statements):
	def test():
		out, err, code = ledger("check", path=tampered(*statements))
		equal(code, 1, out + err)
		if word not in out or "wrong" not in out:
			raise AssertionError(f"{word!r} is not told: {out}{err}")
	promise_named(f"check_finds_{name}")(test)


DAY = "start = (SELECT max(start) FROM day WHERE gas IS NOT NULL)"
finds("one_thousandth_of_a_watthour_too_much_in_a_quarter", "quarter periods sum",
      f"UPDATE quarter SET energy_import_t1 = energy_import_t1 + 1 WHERE start = {START + 86400 * 2}")
finds("a_quarter_that_is_gone", "quarter periods sum", f"DELETE FROM quarter WHERE start = {START + 86400 * 2}")
finds("a_day_that_is_gone", "day periods sum", f"DELETE FROM day WHERE {DAY}")
finds("a_day_that_has_another_value", "day periods sum", f"UPDATE day SET gas = gas + 1 WHERE {DAY}")
finds("a_month_that_is_not_its_days", "month 2024-10", "UPDATE month SET gas = gas + 5, energy_export = energy_export")
finds("a_reading_that_was_changed", "the register counted", "UPDATE account SET first = first + 1 WHERE register = 'gas'")
finds("a_segment_that_was_invented", "the register counted",
      "INSERT INTO segment(meter, register, number, why, first, first_s, last, last_s) VALUES(1, 'gas', '', 'reset', 0, 1, 1000, 2)")
finds("less_than_nothing", "less than nothing", f"UPDATE day SET gas = -5 WHERE {DAY}")
finds("a_value_that_is_said_to_be_missing", "missing",
      "INSERT OR REPLACE INTO quality SELECT 2, start, meter, 'gas', 64 FROM month WHERE gas IS NOT NULL LIMIT 1")


@promise
def size_tells_rows_and_bytes():
	out, err, code = ledger("size")
	equal(code, 0, err)
	rows = {l.split()[0]: l.split()[1:] for l in out.splitlines() if l}
	equal(rows["periods"], ["quarter", "day", "month", "year"])
	equal(int(rows["house"][1]), len({e["start"] for e in ended(SAID["house", "day"])}) , "days of house")
	equal(int(rows[LEDGER][0]), os.path.getsize(LEDGER))


@promise
def what_is_no_ledger_is_named_and_untouched():
	for content in (b"", b"not a ledger", os.urandom(9000)):
		path = os.path.join(str(Directory()), "ledger.db")
		with open(path, "wb") as f:
			f.write(content)
		for command in ("show", "export", "check", "size"):
			out, err, code = ledger(command, path=path)
			equal((code, path in err), (2, True), out + err)
		with open(path, "rb") as f:
			equal(f.read(), content)
	equal(ledger("show", path="/nowhere/ledger.db")[2], 2)


run()
