#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names of meters and what the ledger's file makes of them, in a whole daemon."""
import sqlite3

from harness import *

A, B = "E0000000000000001", "E0000000000000002"


def source(name, gateway):
	return f"[source {name}]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n"


class Speaker:
	"""A gateway whose meter counts 1 Wh a telegram, ten a second; its number can be changed."""

	def __init__(self, number, wh=1000000):
		self.number, self.wh = number, wh
		self.gateway = Gateway(lambda n: [self.telegram, 0.1, AGAIN])

	def telegram(self):
		self.wh += 1
		return p1(int(time.time()), number=self.number, r1_8_0=self.wh)


def names(meterd):
	return [m["name"] for m in meterd.meters()]


def imported(meterd, name):
	"""Wh of the running year, None where there are none."""
	entries = [e for e in meterd.ledger(name, "year") if e["register"] == "energy_import"]
	return entries[-1].get("value") if entries else None


def heard(meterd, name):
	return meterd.meter(name)["quantities"].get("energy_import") is not None


@promise
def a_renamed_meter_keeps_its_accounts_over_a_restart():
	speaker = Speaker(A)
	config = source("gateway", speaker.gateway)
	meterd = Meterd(config)
	wait_until(lambda: names(meterd) == ["gateway"] and (imported(meterd, "gateway") or 0) >= 3)
	before = imported(meterd, "gateway")
	meterd.reload(config + f"[meter {A}]\nname = house\n")
	wait_until(lambda: names(meterd) == ["house"])
	equal(meterd.http("/meters/gateway")[0], 404, "the old name")
	wait_until(lambda: imported(meterd, "house") > before)
	before = imported(meterd, "house")
	meterd.stop()
	meterd.start()
	equal(names(meterd), ["house"], "meters after the restart")
	wait_until(lambda: imported(meterd, "house") > before)
	meterd.stop()
	meterd.check_ledger()


def stored(meterd):
	"""Names of meters in the file."""
	with contextlib.closing(sqlite3.connect(f"file:{meterd.state}/ledger.db?mode=ro", uri=True)) as db:
		return sorted(name for name, in db.execute("SELECT name FROM meter"))


def named(a, b):
	return f"[meter {A}]\nname = {a}\n[meter {B}]\nname = {b}\n"


@promise
def a_name_that_one_meter_gives_up_another_may_take():
	one, two = Speaker(A), Speaker(B)
	sources = source("one", one.gateway) + source("two", two.gateway)
	meterd = Meterd(source("two", two.gateway))
	wait_until(lambda: (imported(meterd, "two") or 0) >= 1)
	meterd.reload(sources)
	wait_until(lambda: stored(meterd) == ["one", "two"])
	# Both ways: the older meter takes a name of the newer one, and the newer one a name of the older one.
	for meters, wanted in ((named("three", "one"), ["one", "three"]),
			       (f"[meter {B}]\nname = four\n[meter {A}]\nname = one\n", ["four", "one"])):
		meterd.reload(sources + meters)
		wait_until(lambda: names(meterd) == wanted)
		meterd.stop()
		equal(re.findall("error: .*", meterd.log()), [], "errors in the log")
		meterd.start()
		equal(names(meterd), wanted, "meters after a restart")
		wait_until(lambda: all(heard(meterd, name) for name in wanted))
	meterd.stop()
	meterd.check_ledger()


@promise
def a_meter_replaced_while_it_was_off_keeps_its_name():
	speaker = Speaker(A)
	meterd = Meterd(source("house", speaker.gateway) + f"[meter {A}]\nname = house\ncontinuous = yes\n")
	wait_until(lambda: (imported(meterd, "house") or 0) >= 3)
	meterd.stop()
	speaker.number, speaker.wh = B, 0
	meterd.start()
	wait_until(lambda: heard(meterd, "house") and meterd.quantities("house")["energy_import"] < 1000000)
	equal(names(meterd), ["house"], "meters")
	equal([m["meter"] for m in meterd.meters()], [B], "its number")
	if meterd.meter("house")["continuous"]["energy_import"] < 1000003:
		raise AssertionError("the continuous total did not go on")
	meterd.stop()
	meterd.check_ledger()


@promise
def a_gateway_that_refuses_shows_in_the_state_of_its_meter():
	port = free_port()
	meterd = Meterd(f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {port}\n"
			"[source attic]\ntype = tcp\nenabled = no\nhost = 127.0.0.1\n")
	wait_until(lambda: meterd.meter("house")["state"] == "refused", 60)
	equal(meterd.meter("attic")["state"], "off", "state of what is not enabled")
	meterd.stop()


run()
