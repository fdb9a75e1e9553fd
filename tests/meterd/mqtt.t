#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""meterd and a broker: what it is told, when, and what is left when somebody dies."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from broker import *


@promise
def a_broker_is_told_the_state_of_a_meter():
	broker = Broker()
	view = View(broker)
	gateway, source = telling()
	meterd = Meterd(broker.section() + source)
	state = view.wait("meter/house", lambda s: s["quantities"].get("power_import", 0) > 5)
	equal((state["name"], state["state"], state["protocol"]), ("house", "connected", "p1"))
	equal("meter" in state, False)
	view.wait("meter/house/availability", lambda a: a == "online")
	view.wait("meter/bridge/state", lambda a: a == "online")
	period = view.wait("meter/house/period")
	equal(sorted(period), ["day", "last_month", "month", "yesterday"])
	kept = broker.retained()
	for topic in ("meter/house", "meter/house/availability", "meter/bridge/state", "meter/house/period"):
		equal(topic in kept, True, topic)
	meterd.stop()
	view.wait("meter/bridge/state", lambda a: a == "offline")
	view.wait("meter/house/availability", lambda a: a == "offline")


run()
