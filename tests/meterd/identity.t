#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers of meters: with identity = no they are in no payload, log, file or page that may leave the machine; with yes they are."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from broker import *
import influx

P1_NUMBER = "E0047000012345678"
GAS_NUMBER = "G0055000087654321"
TIC_NUMBER = "041876543210"
PRM = "14712345678901"


def everything(identity):
	"""All that went out of a meterd with a P1 and a TIC meter: {name: bytes}"""
	broker = Broker()
	view = View(broker)
	points = influx.Influx()
	port = free_port()
	house = Gateway(lambda n: (x for i in itertools.count() for x in (
		p1(None, number=P1_NUMBER, r1_8_1=1000 + i, gas=5000 + i, gas_at=int(time.time()) // 3600 * 3600, gas_number=GAS_NUMBER), 0.1)))
	cellar = Gateway(lambda n: (x for i in itertools.count() for x in (
		tic_standard(int(time.time()), number=TIC_NUMBER, east=1000 + i, more=[("PRM", PRM)]), 0.1)))
	layouts = "native, dsmr-reader" + (", teleinfo2mqtt, smartmeter-datacollector" if identity else "")
	config = f"[daemon]\nidentity = {'yes' if identity else 'no'}\nlog = debug\ncycle = 0\n"
	config += broker.section(f"fields = yes\nlayout = {layouts}\ndsmr_reader_meter = house\ndiscovery = device, component\n")
	for name, gateway in (("house", house), ("cellar", cellar)):
		config += f"[source {name}]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\ntrace = {{dir}}/{name}.trace\n"
	for kind in ("jsonl", "csv"):
		config += f"[sink {kind}]\ntype = {kind}\npath = {{dir}}/{kind}\nfields = yes\n"
	config += f"[sink influx]\ntype = influx\nurl = http://127.0.0.1:{points.port}/write?db=meter\n"
	config += f"[sink p1]\ntype = serve\nmeter = house\nlisten = 127.0.0.1:{port}\n"
	meterd = Meterd(config)
	for name in ("house", "cellar"):
		view.wait(f"homeassistant/device/meter_{name}/config")
		view.wait(f"domoticz/sensor/meter_{name}_energy_import_t1/config" if name == "house" else
			  f"domoticz/sensor/meter_{name}_energy_import/config")
		view.wait(f"meter/{name}/fields")
	view.wait("dsmr/consumption/gas/delivered")
	wait_until(lambda: len(points.taken) > 4)
	with socket.create_connection(("127.0.0.1", port), 60) as client:
		served = b""
		while served.count(b"!") < 2:
			served += client.recv(65536)
	went = {"metrics": meterd.get("/metrics").encode(), "ledger": json.dumps(meterd.ledger("house", "day")).encode(),
		"status": "".join(meterd.control("status")[:2]).encode(), "served": served}
	meterd.stop()
	went["messages"] = b"".join(m.topic.encode() + b" " + m.payload + b"\n" for m in view.messages)
	went["points"] = "\n".join(point.line for point in points.taken).encode()
	went["log"] = meterd.log().encode()
	for name in ("jsonl", "csv", "house.trace", "cellar.trace"):
		with open(os.path.join(meterd.path, name), "rb") as f:
			went[name] = f.read()
	return went


def forms(number):
	"""As it stands in telegrams, and in hex as P1 prints it."""
	return [number.encode(), number.encode().hex().upper().encode(), number.encode().hex().encode()]


@promise
def without_identity_no_number_goes_anywhere():
	went = everything(False)
	for name, data in went.items():
		equal(len(data) > 50, True, f"bytes of {name}")
		for number in (P1_NUMBER, GAS_NUMBER, TIC_NUMBER, PRM):
			for form in forms(number):
				if form in data:
					at = data.index(form)
					raise AssertionError(f"{name} has {form}: ...{data[max(0, at - 80):at + 80]}...")


@promise
def with_identity_those_who_are_told_numbers_have_them():
	went = everything(True)
	for name, number in (("messages", P1_NUMBER), ("messages", TIC_NUMBER), ("jsonl", TIC_NUMBER), ("served", P1_NUMBER)):
		if not any(form in went[name] for form in forms(number)):
			raise AssertionError(f"{name} lacks {number}")


run()
