#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Text of meters and people in every format that goes out: quotes, template braces, formulas, control bytes, and UTF-8 cut in half.

What goes out is UTF-8 without control characters, is what its format has to be, and has the text in it.
"""
import csv
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from broker import *
import influx
import prometheus

START = utc(2024, 10, 10, 12)
NUMBER = "E0000000000000042"
TEMPLATE = "{{7*7}}"
# What P1 leaves to the text between two parentheses, and TIC to a value of 16 or 32 bytes.
P1_TEXT = f'"{TEMPLATE}${{7}}\\\\ \',;= \t\x1b[2J\x07\x7f caf\xe9 \xc3 \x9b2J \xf0\x9f'
P1_HEARD = "".join(chr(ord(c) & 0x7f) for c in P1_TEXT)		# a meter has 7 bits, whatever the line has
P1_FORMULAS = ("=HYPERLINK", "+1", "-1", "@SUM", "\t=1", "\r")
TIC_LABEL = f'"{TEMPLATE}\\,=; '
TIC_MESSAGE = f"=1+1 {TEMPLATE} \",\\' <b>%s%n".ljust(32)
LABELS = (f'"{TEMPLATE}" \\ a=b'.encode(), b"caf\xc3", b"=cmd|' /C x'!A0", "É\u20ac".encode() + b"\xe2\x82", b"\xc2\x9b2J\x9b")


def house():
	"""Telegrams of a P1 meter whose tariffs, which have names, change."""
	more = [("0-0:96.13.0", P1_TEXT), ("0-0:96.13.1", P1_TEXT.encode("latin-1").hex().upper()), ("0-0:17.0.0", P1_TEXT)]
	more += [(f"0-{i}:96.13.0", text) for i, text in enumerate(P1_FORMULAS)]
	return b"".join(p1(START + 10 * i, number=NUMBER, r1_8_1=1000 + i, more=[("0-0:96.14.0", f"000{i % 5 + 1}"), *more])
			for i in range(20))


def cellar():
	"""Frames of a TIC meter."""
	return b"".join(tic_standard(START + 2 * i, number="111111111111", east=1000 + i, ltarf=TIC_LABEL, more=[("MSG1", TIC_MESSAGE)])
			for i in range(20))


class World:
	"""A meterd that has heard all of it, with every output."""

	def __init__(self):
		self.directory = Directory()
		self.influx = influx.Influx()
		self.broker = Broker()
		self.view = View(self.broker)
		captures = {"house": house(), "cellar": cellar()}
		config = f"[daemon]\nidentity = yes\n[meter {NUMBER}]\ntariff_labels = ".encode() + b", ".join(LABELS) + b"\n"
		for name, data in captures.items():
			path = os.fsencode(self.directory / name) + f' "{TEMPLATE}" '.encode() + b"caf\xc3\xa9 \xc3"
			with open(path, "wb") as f:
				f.write(data)
			config += f"[source {name}]\ntype = replay\ntrace = log\npath = ".encode() + path + b"\n"
		for kind in ("jsonl", "csv"):
			config += f"[sink {kind}]\ntype = {kind}\npath = {self.directory / kind}\ncycle = 0\nfields = yes\n".encode()
		config += f"[sink influx]\ntype = influx\nurl = http://127.0.0.1:{self.influx.port}/write?db=meter\ncycle = 0\n".encode()
		config += self.broker.section("fields = yes\nlayout = native, dsmr-reader, teleinfo2mqtt, smartmeter-datacollector\n"
					      "dsmr_reader_meter = house\ndiscovery = device, component\n").encode()
		self.meterd = Meterd(config.decode("utf-8", "surrogateescape"), directory=self.directory)
		wait_until(lambda: self.meterd.log().count("read to its end") == 2)
		wait_until(lambda: len(self.influx.taken) == 40)

	def raw(self, path):
		"""The bytes of an answer over HTTP."""
		connection = http.client.HTTPConnection("127.0.0.1", self.meterd.port, timeout=60)
		connection.request("GET", path)
		body = connection.getresponse().read()
		connection.close()
		return body

	def file(self, name):
		with open(self.directory / name, "rb") as f:
			return f.read()


def strings(value):
	"""All strings of a value of JSON."""
	if isinstance(value, str):
		return [value]
	parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
	return [text for part in parts for text in strings(part)]


def read_json(data):
	return strings(json.loads(data.decode("utf-8")))


def read_csv(data):
	"""Cells, of which none is a formula."""
	rows = list(csv.reader(data.decode("utf-8").splitlines(keepends=True), strict=True))
	equal({len(row) for row in rows}, {6}, "cells of a row")
	for row in rows[1:]:
		for cell in (row[2], row[3], row[4]):
			if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not re.fullmatch(r"-?[0-9.]+", cell):
				raise AssertionError(f"{cell!r} is a formula")
	return [cell for row in rows for cell in row]


def read_metrics(data):
	prometheus.parse(data.decode("utf-8"))
	return [data.decode("utf-8")]


def read_log(data):
	for line in data.decode("utf-8").splitlines():
		if not line.startswith("meterd: "):
			raise AssertionError(f"whose line is {line!r}?")
	return [data.decode("utf-8")]


def read_lines(data):
	return data.decode("utf-8").splitlines()


def points(w):
	w.influx.check()
	return "".join(point.line + "\n" for point in w.influx.taken).encode()


def read_points(data):
	return [value for point in influx.parse(data) for value in point.fields.values() if isinstance(value, str)]


def messages(w):
	"""A line for each message of MQTT."""
	for name in ("house", "cellar"):
		w.view.wait(f"homeassistant/device/meter_{name}/config")
		w.view.wait(f"meter/{name}/fields")
	return b"".join(m.topic.encode() + b" " + m.payload + b"\n" for m in list(w.view.messages))


def read_messages(data):
	texts = []
	for line in data.decode("utf-8").splitlines():
		topic, payload = line.split(" ", 1)
		if not re.fullmatch(r"[A-Za-z0-9_/-]+", topic):
			raise AssertionError(f"topic {topic!r}")
		texts += strings(json.loads(payload)) if payload[:1] in ("{", "[") else [payload]
	return texts


def read_templates(data):
	"""The templates of discovery, in which nothing foreign may be."""
	for line in data.decode("utf-8").splitlines():
		topic, payload = line.split(" ", 1)
		if topic.endswith("/config") and payload:
			for template in re.findall(r'"(?:val_tpl|lrst_val_tpl|[a-z_]*template)":"((?:[^"\\\\]|\\\\.)*)"', payload):
				if not re.fullmatch(r"(?:[A-Za-z0-9_ .|():,?'{}%=\[\]-]|\\\\[\"'])*", template) or "7*7" in template:
					raise AssertionError(f"template {template!r}")
	return read_messages(data)


class Output:
	"""A way out.

	name: for the promise
	take: a function from the world to all bytes that went this way
	read: a function from them to the texts in them, which raises when they are not what they should be
	has: texts that must be among these, each in one of them
	"""

	def __init__(self, name, take, read, has):
		self.name = name
		self.take = take
		self.read = read
		self.has = has


# UTF-8 where it is that, else Latin-1.
LABEL_TEXTS = (f'"{TEMPLATE}" \\ a=b', "cafÃ", "=cmd|' /C x'!A0", "É\u20acâ")
MESSAGE = f'"{TEMPLATE}${{7}}\\\\ \',;=   [2J   cafi C  2J p'		# in a cell
OUTPUTS = [
	Output("meters_over_http", lambda w: w.raw("/meters"), read_json, [TIC_LABEL.strip(), "\u009b2J"]),
	Output("fields_over_http", lambda w: w.raw("/meters/house"), read_json, [P1_HEARD]),
	Output("fields_of_tic_over_http", lambda w: w.raw("/meters/cellar"), read_json, [TIC_MESSAGE.strip()]),
	Output("metrics", lambda w: w.raw("/metrics"), read_metrics, []),
	Output("jsonl", lambda w: w.file("jsonl"), lambda data: [t for line in data.splitlines() for t in read_json(line)],
	       [*LABEL_TEXTS, P1_HEARD, TIC_LABEL.strip(), TIC_MESSAGE.strip()]),
	Output("csv", lambda w: w.file("csv"), read_csv,
	       ["cafÃ", f'"{TEMPLATE}" \\ a=b', "'=cmd|' /C x'!A0", "É\u20ac", MESSAGE, "'" + TIC_MESSAGE.strip()]),
	Output("points", points, read_points, [*LABEL_TEXTS, TIC_LABEL.strip()]),
	Output("messages_of_mqtt", messages, read_messages, ["\u009b2J", P1_HEARD, TIC_LABEL.strip(), TIC_MESSAGE.strip()]),
	Output("discovery", messages, read_templates, []),
	Output("log", lambda w: open(w.meterd.stderr, "rb").read(), read_log, [TEMPLATE, "café"]),
	Output("control_socket", lambda w: control(w), read_json, [TEMPLATE]),
	Output("meterctl_status", lambda w: status(w), read_lines, [TEMPLATE]),
	Output("meterctl_status_json", lambda w: status(w, "--json"), read_json, [TEMPLATE]),
]


def control(w):
	with socket.socket(socket.AF_UNIX) as s:
		s.connect(os.path.join(w.meterd.runtime, "control"))
		s.sendall(b"status\n")
		return b"".join(iter(lambda: s.recv(65536), b""))


def status(w, *more):
	command = [METERCTL, "status", *more, "--socket", os.path.join(w.meterd.runtime, "control")]
	return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


with shared():
	W = World()


def goes_out_harmless(output):
	data = output.take(W)
	text = data.decode("utf-8")
	bad = [c for c in text if c != "\n" and (ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0)]
	equal(bad, [], "control characters")
	texts = output.read(data)
	for wanted in output.has:
		if not any(wanted in found for found in texts):
			raise AssertionError(f"{wanted!r} is in none of {sorted({t for t in texts if len(t) > 3})[:60]}")


for each in OUTPUTS:
	promise_named(f"foreign_text_in_{each.name}_is_text")(lambda each=each: goes_out_harmless(each))


@promise
def what_meters_say_does_not_end_the_daemon():
	W.meterd.stop()


run()
