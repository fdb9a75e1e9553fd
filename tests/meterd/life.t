#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The life of two meters as Home Assistant sees it: they appear, count over the midnight of a month, go silent, come back, are replaced, and go for
good; meanwhile meterd is killed, and the broker loses all it knew.

One story is told once, on clocks that are moved; promises read what was seen at its stations. One meter has tariffs, export and gas, the other one
register and a total that goes on when it is replaced."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from broker import *
from home_assistant import HomeAssistant, fits

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
MIDNIGHT = utc(2027, 1, 31, 23)		# between two months there
HOUSE = ("E0000000000000042", "E0000000000000043")
BARN = ("E0000000000000077", "E0000000000000078")
GAS = "G0000000000000099"
SILENCE_S = 1200
NEW_WH = 3000		# that a new meter shows when it is put in

# Registers of the house: quantity, name in telegrams, Wh in a second.
REGISTERS = {"energy_import_t1": ("r1_8_1", 1), "energy_import_t2": ("r1_8_2", 2), "energy_export_t1": ("r2_8_1", 1)}
LIVE = ["power_import", "power_export"]


class MovedClock:
	"""The clocks of a daemon, of which no second has to be waited for."""

	def __init__(self, unix):
		self.path = Directory() / "clock"
		self.steady = 0.0
		self.steps = []		# since when it is ahead, by how many seconds
		with open(self.path, "wb") as f:
			f.write(bytes(16))
		self.set(unix)

	def _ahead(self, seconds):
		self.steps.append((time.time(), seconds))
		with open(self.path, "r+b") as f:
			f.write(struct.pack("qq", int(seconds * 1e9), int(self.steady * 1e9)))

	def set(self, unix):
		"""As when a server tells the time."""
		self._ahead(unix - time.time())

	def unix(self, at=None):
		"""What it says, or said at a time of time.time()."""
		at = time.time() if at is None else at
		return at + next(ahead for since, ahead in reversed(self.steps) if since <= at)

	def passes(self, seconds):
		self.steady += seconds
		self._ahead(self.steps[-1][1] + seconds)

	def environment(self):
		return {"LD_PRELOAD": os.path.join(TOP, "build/tests/clock_preload.so"), "MOVED_CLOCK": self.path,
			"ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0"}


class P1Meter:
	"""A meter behind a gateway, that counts whether it is heard or not.

	rates: Wh in a second by register; gas: dm3 at midnight, another 10 at each five minutes
	sent: (stamp, registers in Wh and dm3) of all sound telegrams of the meter that is there
	instead: telegrams that come in place of the next ones
	"""

	def __init__(self, clock, number, wh, rates, gas=None):
		self.clock, self.number, self.rates = clock, number, rates
		self.wh = {name: wh for name in rates}
		self.gas, self.last_s = gas, MIDNIGHT - 60
		self.sent, self.instead = [], []
		self.speaks, self.lock = False, threading.Lock()
		self.gateway = Gateway(self._script)

	def speak(self, speaks):
		"""Whether it is heard, from now on."""
		with self.lock:
			self.speaks = speaks

	def _script(self, connection):
		while True:
			with self.lock:
				said = b"" if not self.speaks else self.instead.pop(0) if self.instead else self._telegram()
			yield said
			yield 1.05 - self.clock.unix() % 1

	def _telegram(self):
		now_s = int(self.clock.unix())
		for name, rate in self.rates.items():
			self.wh[name] += rate * (now_s - self.last_s)
		self.last_s = now_s
		self.sent.append((now_s, {**self.wh, **({"gas": self.gas_dm3()} if self.gas else {})}))
		return self.telegram()

	def gas_dm3(self):
		return self.gas + (self.last_s - self.last_s % 300 - MIDNIGHT) // 30

	def telegram(self, **instead):
		gas = {"gas": self.gas_dm3(), "gas_at": self.last_s - self.last_s % 300, "gas_number": GAS} if self.gas else {}
		return p1(self.last_s, number=self.number, power_w=500, power_export_w=100, **gas, **{**self.wh, **instead})

	def replace(self, number):
		"""Another one is put in."""
		self.old, self.sent = self.sent, []
		self.number = number
		self.wh = {name: NEW_WH for name in self.wh}


def around_midnight(sent, name):
	"""What a register was at first, at the last telegram before midnight, at the first one from then on, and at last."""
	before = [registers[name] for stamp, registers in sent if stamp < MIDNIGHT]
	after = [registers[name] for stamp, registers in sent if stamp >= MIDNIGHT]
	return before[0], before[-1], after[0], after[-1]


class Seen:
	"""What there was at one station of the story."""

	def __init__(self, life):
		self.states = life.home.states()
		self.values = {id: entity.value for id, entity in life.home.entities.items()}
		self.later = {id: life.home.state(id, later_s=61) for id in life.home.entities}
		self.sums = {id: total for id, total in life.home.sums().items() if not id.endswith(("_day", "_month"))}
		self.removed = list(life.home.removed)
		self.events = list(life.home.events)
		self.ids = sorted(life.home.entities)
		self.domoticz = sorted(life.domoticz.entities)


class Life:
	def __init__(self):
		self.clock = MovedClock(MIDNIGHT - 600)
		self.broker = Broker()
		self.views = []
		self.home = HomeAssistant(self.view(), day=self.day)
		self.domoticz = HomeAssistant(self.home.view, prefix="domoticz", day=self.day)
		self.house = P1Meter(self.clock, HOUSE[0], 5000000, dict(REGISTERS.values()), gas=700000)
		self.barn = P1Meter(self.clock, BARN[0], 8000000, {"r1_8_0": 1})
		self.meterd = Meterd(self.config(), environment=self.clock.environment())
		self.seen = {}

	def day(self, at):
		return datetime.datetime.fromtimestamp(self.clock.unix(at), AMSTERDAM).strftime("%Y-%m-%d")

	def view(self):
		self.views.append(View(self.broker))
		return self.views[-1]

	def config(self, sources=("house", "barn")):
		ports = {"house": self.house.gateway.port, "barn": self.barn.gateway.port}
		return (self.broker.section("discovery = device, component\nfields = yes\n") +
			"[daemon]\ntimezone = Europe/Amsterdam\ncycle = 0\n" +
			f"[meter {BARN[0]}]\nname = barn\ncontinuous = yes\n" +
			"".join(f"[source {name}]\ntype = tcp\nhost = 127.0.0.1\nport = {ports[name]}\n" for name in sources))

	def hear(self):
		self.home.hear()
		self.domoticz.hear()

	def until(self, condition, what, seconds=120):
		def found():
			self.hear()
			return condition()
		wait_until(found, seconds, what)

	def shows(self, meter, quantity, name, count=1):
		"""Until this many further telegrams of a meter were heard, in all that it is told."""
		stamp = self.clock.unix()
		# The newest that it was certainly sent is what is waited for, whatever comes after it.
		wait_until(lambda: len([s for s, _ in meter.sent if s > stamp]) >= count, 120, f"{count} telegrams")
		wanted = meter.sent[-1][1][name]
		self.until(lambda: self.home.number(quantity) >= wanted, f"{quantity} of {wanted}: {self.home.states().get(quantity)}")

	def both_show(self, count=1):
		self.shows(self.house, "meter_house_energy_import_t1", "r1_8_1", count)
		self.until(lambda: self.home.state("meter_barn_energy_import") not in ("unavailable", "unknown"), "the barn is there")

	def pause(self):
		"""Both meters pause, and all they said is heard: nothing moves while it is looked at."""
		self.house.speak(False)
		self.barn.speak(False)
		for name, meter, quantity, register in (("house", self.house, "energy_import_t1", "r1_8_1"),
							("barn", self.barn, "energy_import", "r1_8_0")):
			wait_until(lambda: self.meterd.quantities(name)[quantity] == meter.sent[-1][1][register])
		marker = f"marker/{random.random()}"
		self.broker.publish(marker, "now")
		self.until(lambda: self.home.view.all(marker), "what was sent before")

	def go_on(self):
		self.house.speak(True)
		self.barn.speak(True)

	def see(self, name):
		self.hear()
		self.seen[name] = Seen(self)

	# The story

	def tell(self):
		self.appear()
		self.count_over_midnight()
		self.go_silent()
		self.come_back()
		self.say_nonsense()
		self.die_and_begin_again()
		self.lose_what_the_broker_knew()
		self.restart_home()
		self.are_replaced()
		self.go_for_good()
		self.meterd.stop()
		self.hear()
		return self

	def appear(self):
		self.clock.set(MIDNIGHT - 8)
		self.go_on()
		# Which tariff runs is known when its register has moved.
		for id in ("meter_house_energy_import_t1", "meter_house_tariff_label", "meter_barn_energy_import"):
			self.until(lambda: self.home.entities.get(id), id)
		self.both_show()
		self.see("appeared")

	def count_over_midnight(self):
		wait_until(lambda: self.clock.unix() > MIDNIGHT + 2)
		self.both_show()
		self.pause()
		self.see("midnight")
		self.days = {name: self.meterd.ledger(name, "day") for name in ("house", "barn")}
		self.days_of_home = {id: one.by_day() for id, one in self.home.statistics.items()}
		self.sent = {"house": list(self.house.sent), "barn": list(self.barn.sent)}

	def go_silent(self):
		self.clock.passes(SILENCE_S)
		self.until(lambda: {self.home.state(f"meter_{name}_state") for name in ("house", "barn")} == {"silent"}, "silence")
		self.until(lambda: {self.home.state("meter_house_energy_import_t1"), self.home.state("meter_barn_energy_import")} == {"unavailable"},
			   "registers are not available")
		# Periods are told each minute, silent or not.
		_, _, after, last = around_midnight(self.sent["house"], "r1_8_1")
		self.period = self.home.view.wait("meter/house/period", lambda p: p["day"].get("energy_import_t1") == last - after)
		self.state = self.home.view.json("meter/house")
		self.see("silent")

	def come_back(self):
		self.go_on()
		self.both_show(2)
		self.pause()
		self.see("back")
		self.go_on()

	def say_nonsense(self):
		self.both_show()
		damaged = bytearray(self.house.telegram(r1_8_1=1))
		damaged[damaged.index(b"1-0:1.8.1(") + 12] ^= 1
		self.house.instead = [self.house.telegram(r1_8_1=0, r1_8_2=0, r2_8_1=0), bytes(damaged), self.house.telegram(r1_8_2=90000000)]
		self.nonsense_at = len(self.home.view.messages)
		wait_until(lambda: not self.house.instead)
		self.both_show(2)
		self.pause()
		self.see("nonsense")
		self.go_on()

	def die_and_begin_again(self):
		self.meterd.kill()
		self.until(lambda: set(self.home.states().values()) == {"unavailable"}, "nothing is available")
		self.see("dead")
		self.house.speak(False)
		self.barn.speak(False)
		self.meterd = Meterd(self.config(), directory=self.meterd.directory, environment=self.clock.environment())
		# It knows its meters, and has heard none yet.
		self.home.view.wait("meter/house", lambda state: not state["quantities"])
		self.until(lambda: self.home.state("meter_house_state") == "silent", "the house is silent")
		self.see("waits")
		self.go_on()
		self.both_show()
		self.pause()
		self.see("begun again")
		self.go_on()

	def lose_what_the_broker_knew(self):
		self.broker.publish("marker/kept", "yes", retain=True, qos=1)
		self.broker.kill()
		self.home.view.end()
		if os.path.exists(self.broker.directory / "mosquitto.db"):
			os.unlink(self.broker.directory / "mosquitto.db")
		self.broker.start()
		equal("marker/kept" in self.broker.retained(), False, "the broker has kept something")
		view = self.view()
		self.home.attach(view)
		self.domoticz.attach(view)
		self.both_show()
		self.until(lambda: "homeassistant/device/meter_barn/config" in {m.topic for m in view.messages}, "discovery of the barn")
		self.pause()
		self.see("broker")

	def restart_home(self):
		"""While the meters pause, so that nothing but what is retained comes."""
		kept = self.broker.retained()
		self.second = HomeAssistant(self.view(), day=self.day)
		wait_until(lambda: len({m.topic for m in self.second.hear().view.messages}) >= len(kept))
		self.hear()
		self.first_states, self.second_states = self.home.states(), self.second.states()
		self.first_configs = {id: e.config for id, e in self.home.entities.items()}
		self.second_configs = {id: e.config for id, e in self.second.entities.items()}
		self.go_on()

	def are_replaced(self):
		self.both_show()
		self.pause()
		self.see("before")
		self.house.replace(HOUSE[1])
		self.barn.replace(BARN[1])
		self.go_on()
		self.until(lambda: sum(kind == "meter-replaced" for _, kind, _ in self.home.events) >= 2, "both are replaced")
		self.both_show()
		self.pause()
		self.see("replaced")
		self.house.replaced, self.barn.replaced = list(self.house.sent), list(self.barn.sent)
		self.days_replaced = {name: self.meterd.ledger(name, "day") for name in ("house", "barn")}
		self.go_on()

	def go_for_good(self):
		self.meterd.reload(self.config(sources=("barn",)))
		self.until(lambda: not [id for id in [*self.home.entities, *self.domoticz.entities] if id.startswith("meter_house")], "the house is gone")
		self.until(lambda: not [topic for topic in self.broker.retained() if "house" in topic], "nothing of it is kept")
		self.see("gone")
		self.kept = self.broker.retained()


_life = []


def life():
	"""The story, as it was told once."""
	if not _life:
		with shared():
			_life.append(Life())
		with shared():
			_life[0].tell()
	return _life[0]


def grown(before, after, quantity):
	seen = life().seen
	return seen[after].sums[quantity] - seen[before].sums[quantity]


def ledger_day(rows, register, start):
	found = [row["value"] for row in rows if row["register"] == register and row["start"] == iso(start)]
	equal(len(found), 1, f"rows of {register} from {iso(start)}")
	return found[0]


@promise
def a_meter_appears_without_a_click():
	seen = life().seen["appeared"]
	for quantity in [*REGISTERS, "gas", *LIVE, "state", "event", "last_telegram"]:
		equal(f"meter_house_{quantity}" in seen.ids, True, quantity)
	for quantity in [*REGISTERS, "gas", *LIVE]:
		if not float(seen.states[f"meter_house_{quantity}"]) > 0:
			raise AssertionError(f"{quantity} is {seen.states[f'meter_house_{quantity}']}")
	equal(seen.states["meter_house_state"], "connected")
	equal({life().home.devices[f"meter_{name}"]["name"] for name in ("barn",)}, {"barn"}, "devices")


@promise
def the_energy_dashboard_can_pick_what_it_asks_for():
	configs = life().first_configs
	for quantity, place in [*((q, "grid") for q in REGISTERS), ("gas", "gas"), ("power_import", "power"), ("power_export", "power")]:
		equal((fits(configs[f"meter_house_{quantity}"], place), configs[f"meter_house_{quantity}"].get("enabled_by_default", True)),
		      (True, True), f"{quantity} for {place}")
	equal(fits(configs["meter_barn_energy_import"], "grid"), True)


@promise
def days_of_home_assistant_are_those_of_the_ledger():
	# It counts what comes with the first telegram after midnight to the new day, the ledger what that telegram is the end of to the old one.
	l = life()
	for quantity, name, meter, unit in [*((q, n, "house", 1) for q, (n, _) in REGISTERS.items()), ("gas", "gas", "house", 1000),
					    ("energy_import", "r1_8_0", "barn", 1)]:
		days = l.days_of_home[f"meter_{meter}_{quantity}"]
		first, before, after, last = around_midnight(l.sent[meter], name)
		equal(after > before, True, f"{name} counts over midnight")
		equal({day: round(total * unit) for day, total in days.items()}, {"2027-01-31": before - first, "2027-02-01": last - before}, quantity)
		equal(ledger_day(l.days[meter], quantity, MIDNIGHT - 86400), (after - first) / unit, f"{quantity} of the old day")
		equal(ledger_day(l.days[meter], quantity, MIDNIGHT), (last - after) / unit, f"{quantity} of the new day")


@promise
def periods_begin_anew_and_yesterday_is_what_was_counted():
	l = life()
	equal({name: l.period[name]["start"] for name in ("day", "yesterday", "month", "last_month")},
	      {"day": iso(MIDNIGHT), "yesterday": iso(MIDNIGHT - 86400), "month": iso(MIDNIGHT), "last_month": iso(MIDNIGHT - 31 * 86400)})
	for quantity, (name, _) in REGISTERS.items():
		first, _, after, last = around_midnight(l.sent["house"], name)
		equal([l.period[member][quantity] for member in ("yesterday", "last_month", "day", "month")],
		      [after - first, after - first, last - after, last - after], quantity)


@promise
def a_silent_meter_is_not_available_and_says_so():
	seen = life().seen["silent"]
	stands = {"meter_house_state": "silent", "meter_barn_state": "silent"}
	for id, state in seen.states.items():
		if id.endswith(("_event", "_last_telegram")):
			continue
		equal(state, stands.get(id, "unavailable"), id)


@promise
def a_silent_meter_loses_no_register_and_no_sum():
	l = life()
	equal(l.seen["silent"].sums, l.seen["midnight"].sums)
	for quantity, (name, _) in REGISTERS.items():
		equal(l.state["quantities"][quantity], l.sent["house"][-1][1][name], quantity)
	equal([q for q in LIVE if q in l.state["quantities"]], [], "live values")


@promise
def live_values_expire_where_nobody_says_that_they_are_old_and_registers_do_not():
	seen = life().seen["back"]
	for quantity in LIVE:
		equal((seen.states[f"meter_house_{quantity}"] not in ("unknown", "unavailable"), seen.later[f"meter_house_{quantity}"]),
		      (True, "unavailable"), quantity)
	for quantity in [*REGISTERS, "gas", "state", "tariff_label"]:
		equal(seen.later[f"meter_house_{quantity}"], seen.states[f"meter_house_{quantity}"], quantity)


@promise
def what_was_counted_in_silence_comes_with_the_first_telegram():
	l = life()
	for quantity, (name, rate) in REGISTERS.items():
		growth = grown("midnight", "back", f"meter_house_{quantity}")
		equal(growth >= SILENCE_S * rate, True, f"{quantity} has grown by {growth}")
		equal(float(l.seen["back"].states[f"meter_house_{quantity}"]), l.state["quantities"][quantity] + growth, quantity)


@promise
def an_estimated_boundary_is_told_once():
	gaps = [attributes for id, kind, attributes in life().seen["nonsense"].events if kind == "gap" and id == "meter_house_event"]
	equal(len(gaps), 1, f"events of a gap {gaps}")
	equal(gaps[0]["name"], "house")


@promise
def zeros_spikes_and_damage_never_reach_a_sum():
	l = life()
	for message in l.views[0].messages[l.nonsense_at:]:
		if message.topic != "meter/house":
			continue
		for quantity in REGISTERS:
			value = message.json["quantities"].get(quantity, 5000000)
			equal(5000000 <= value < 5100000, True, f"{quantity} of {value}")
	for quantity, (name, _) in REGISTERS.items():
		equal(l.seen["nonsense"].sums[f"meter_house_{quantity}"], float(l.seen["nonsense"].states[f"meter_house_{quantity}"]) - l.house.old[0][1][name])


@promise
def meterd_that_is_killed_takes_its_entities_along_and_brings_them_back():
	l = life()
	equal(set(l.seen["dead"].states.values()), {"unavailable"})
	equal(l.seen["waits"].sums, l.seen["nonsense"].sums)
	for quantity in [*REGISTERS, "gas"]:
		equal(l.seen["waits"].values[f"meter_house_{quantity}"], l.seen["nonsense"].values[f"meter_house_{quantity}"], quantity)
	equal((l.seen["begun again"].ids, l.seen["begun again"].removed), (l.seen["appeared"].ids, []))
	for quantity, (name, _) in REGISTERS.items():
		equal(l.seen["begun again"].sums[f"meter_house_{quantity}"],
		      float(l.seen["begun again"].states[f"meter_house_{quantity}"]) - l.house.old[0][1][name])


@promise
def a_broker_that_lost_everything_is_told_everything():
	l = life()
	equal((l.seen["broker"].ids, l.seen["broker"].removed), (l.seen["appeared"].ids, []))
	for quantity in [*REGISTERS, "gas"]:
		unit = 1000 if quantity == "gas" else 1
		name = "gas" if quantity == "gas" else REGISTERS[quantity][0]
		equal(round(l.seen["broker"].sums[f"meter_house_{quantity}"], 3),
		      round(float(l.seen["broker"].states[f"meter_house_{quantity}"]) - l.house.old[0][1][name] / unit, 3), quantity)


@promise
def home_assistant_that_restarts_finds_the_same_entities():
	l = life()
	equal(l.second_configs, l.first_configs)
	events = {id for id, config in l.second_configs.items() if config["platform"] == "event"}
	for id in set(l.second_states) - events:
		equal(l.second_states[id], l.first_states[id], id)
	equal(l.second.events, [], "events of long ago")


@promise
def a_replaced_meter_keeps_its_entities():
	l = life()
	equal((l.seen["replaced"].ids, l.seen["replaced"].removed), (l.seen["appeared"].ids, []))
	told = [(id, kind) for id, kind, _ in l.seen["replaced"].events if kind == "meter-replaced"]
	equal(sorted(told), [("meter_barn_event", "meter-replaced"), ("meter_house_event", "meter-replaced")])


@promise
def a_replaced_meter_costs_a_sum_what_it_came_with_at_the_most():
	l = life()
	for quantity, (name, _) in REGISTERS.items():
		counted = float(l.seen["replaced"].states[f"meter_house_{quantity}"]) - NEW_WH
		equal(grown("before", "replaced", f"meter_house_{quantity}"), counted + NEW_WH, quantity)


@promise
def a_total_that_goes_on_grows_by_what_was_counted():
	l = life()
	values = [registers["r1_8_0"] for _, registers in l.barn.replaced]
	equal(grown("before", "replaced", "meter_barn_energy_import"), values[-1] - values[0])
	equal(l.seen["replaced"].sums["meter_barn_energy_import"],
	      l.barn.old[-1][1]["r1_8_0"] - l.barn.old[0][1]["r1_8_0"] + values[-1] - values[0])


@promise
def the_day_of_a_replaced_meter_is_part_one_and_part_two():
	l = life()
	for quantity, meter, name in [*((q, "house", n) for q, (n, _) in REGISTERS.items()), ("energy_import", "barn", "r1_8_0")]:
		source = {"house": l.house, "barn": l.barn}[meter]
		old = [registers[name] for stamp, registers in source.old if stamp >= MIDNIGHT]
		new = [registers[name] for _, registers in source.replaced]
		equal(ledger_day(l.days_replaced[meter], quantity, MIDNIGHT), old[-1] - old[0] + new[-1] - new[0], f"{quantity} of {meter}")


@promise
def a_meter_that_goes_for_good_leaves_nothing():
	l = life()
	equal([topic for topic in l.kept if "house" in topic], [])
	equal([id for id in l.seen["gone"].ids + l.seen["gone"].domoticz if "house" in id], [])
	equal([id for id in l.home.devices if "house" in id], [])
	equal(sorted(id for id in l.seen["gone"].ids if "barn" in id), [id for id in l.seen["appeared"].ids if "barn" in id])


@promise
def both_kinds_of_discovery_show_nobody_a_meter_twice():
	l = life()
	equal((l.home.doubles, l.domoticz.doubles), ([], []))
	equal(set(l.seen["appeared"].domoticz) < set(l.seen["appeared"].ids), True, "entities of components are among those of devices")
	for quantity in [*REGISTERS, "gas", *LIVE]:
		equal(f"meter_house_{quantity}" in l.seen["appeared"].domoticz, True, quantity)
	equal(l.domoticz.sums()["meter_barn_energy_import"], l.home.sums()["meter_barn_energy_import"])


@promise
def nothing_is_in_the_log_of_home_assistant():
	equal((life().home.errors, life().domoticz.errors), ([], []))


@promise
def numbers_of_meters_are_in_no_message_of_their_life():
	count = 0
	for view in life().views:
		for message in view.messages:
			count += 1
			for number in (*HOUSE, *BARN, GAS):
				for form in (number.encode(), number.encode().hex().encode(), number.encode().hex().upper().encode()):
					if form in message.payload or form in message.topic.encode():
						raise AssertionError(f"{message}")
	equal(count > 100, True, f"{count} messages")


@promise
def the_ledger_is_sound_after_all_that():
	life().meterd.check_ledger()


run()
