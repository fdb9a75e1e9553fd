#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole daemon on simulated meters behind ptys."""
from harness import *

NUMBER = "041876097767"


def config(device, more=""):
	return f"[source attic]\ntype = serial\ndevice = {device}\n{more}[meter {NUMBER}]\nname = house\n"


def line(meterd, name="attic"):
	status = json.loads(meterd.control("status", "--json")[0])
	return next(s for s in status["sources"] if s["name"] == name)["lines"][0]


def state(meterd, name="attic"):
	return line(meterd, name)["state"]


@promise
def a_meter_on_a_pty_is_served_over_http():
	meter = Simulator("linky-standard", number=NUMBER)
	meterd = Meterd(config(meter.path))
	wait_until(lambda: "power_apparent_import" in meterd.quantities("house"))
	equal(meterd.meter("house")["state"], "connected")
	equal(meterd.meter("house")["protocol"], "tic-standard")
	meterd.stop()


@promise
def a_meter_comes_back_under_the_same_name_of_its_device():
	directory = Directory()
	device = directory / "meter"
	meterd = Meterd(config(device))
	equal(state(meterd), "silent")
	meter = Simulator("dsmr5", number=NUMBER, link=device)
	wait_until(lambda: state(meterd) == "connected")
	meter.end()
	os.unlink(device)
	wait_until(lambda: "not there" in line(meterd)["why"])
	equal(meterd.meter("house")["state"], "silent")
	# Another protocol as well.
	Simulator("linky-standard", number=NUMBER, link=device)
	wait_until(lambda: meterd.meter("house")["protocol"] == "tic-standard")
	equal(meterd.meter("house")["state"], "connected")
	meterd.stop()


@promise
def a_reload_leaves_the_line_open():
	meter = Simulator("linky-standard", number=NUMBER)
	meterd = Meterd(config(meter.path))
	wait_until(lambda: state(meterd) == "connected")
	before = line(meterd)
	meterd.reload(config(meter.path, "[source other]\ntype = serial\ndevice = /nowhere/meter\n"))
	wait_until(lambda: state(meterd, "other") == "silent")
	wait_until(lambda: line(meterd)["telegrams"] > before["telegrams"])
	equal(line(meterd)["since"], before["since"])
	equal(meterd.log().count("it is open"), 1, "times that it was opened")
	meterd.stop()


@promise
def a_second_daemon_is_refused():
	meter = Simulator("linky-standard", number=NUMBER)
	first = Meterd(config(meter.path))
	wait_until(lambda: state(first) == "connected")
	second = Meterd(config(meter.path))
	wait_until(lambda: state(second) == "refused")
	if "in use" not in line(second)["why"]:
		raise AssertionError(line(second))
	first.stop()
	wait_until(lambda: state(second) == "connected")
	second.stop()


@promise
def switched_off_and_on_it_is_read_again():
	meter = Simulator("linky-standard", number=NUMBER)
	meterd = Meterd(config(meter.path))
	wait_until(lambda: state(meterd) == "connected")
	meterd.control("source", "attic", "off")
	equal(state(meterd), "off")
	meterd.control("source", "attic", "on")
	wait_until(lambda: state(meterd) == "connected")
	meterd.stop()


run()
