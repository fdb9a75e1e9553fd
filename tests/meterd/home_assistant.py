# SPDX-License-Identifier: MIT
"""What Home Assistant makes of what it hears over MQTT: a model, small enough to be read.

	home = HomeAssistant(View(broker))
	home.hear()
	home.state("meter_house_energy_import")		# as its state machine has it: text, "unknown" or "unavailable"
	home.sum("meter_house_energy_import")		# as its statistics have it

What it does is in home-assistant/core below homeassistant/components/: mqtt/discovery.py, mqtt/entity.py, mqtt/sensor.py, mqtt/event.py,
sensor/recorder.py, energy/validate.py, and in the documentation of its integration MQTT."""
import json
import math
import re
import time

try:
	import jinja2
	import jinja2.sandbox
except ImportError:
	jinja2 = None

# mqtt/abbreviations.py: ABBREVIATIONS, DEVICE_ABBREVIATIONS, ORIGIN_ABBREVIATIONS, as far as they are used.
ABBREVIATIONS = {
	"avty": "availability", "avty_mode": "availability_mode", "cmps": "components", "def_ent_id": "default_entity_id", "dev": "device",
	"dev_cla": "device_class", "en": "enabled_by_default", "ent_cat": "entity_category", "evt_typ": "event_types", "exp_aft": "expire_after",
	"ic": "icon", "lrst_val_tpl": "last_reset_value_template", "o": "origin", "ops": "options", "p": "platform", "stat_cla": "state_class",
	"stat_t": "state_topic", "sug_dsp_prc": "suggested_display_precision", "uniq_id": "unique_id", "unit_of_meas": "unit_of_measurement",
	"val_tpl": "value_template",
}
DEVICE_ABBREVIATIONS = {"ids": "identifiers", "mdl": "model", "sn": "serial_number"}
ORIGIN_ABBREVIATIONS = {"sw": "sw_version"}

# mqtt/discovery.py: TOPIC_MATCHER, behind the prefix.
DISCOVERY = re.compile(r"(\w+)/(?:([a-zA-Z0-9_-]+)/)?([a-zA-Z0-9_-]+)/config")

# mqtt/schemas.py: what components take from the root where they do not say it themselves.
SHARED = ("availability", "availability_mode", "state_topic")

# sensor/const.py: DEVICE_CLASS_UNITS and DEVICE_CLASS_STATE_CLASSES; None: without one. mdi:... and no class: anything goes.
MEASUREMENT, TOTALS = {"measurement", None}, {"total", "total_increasing"}
CLASSES = {
	"apparent_power": ({"mVA", "VA", "kVA"}, MEASUREMENT),
	"current": ({"A", "mA"}, MEASUREMENT),
	"energy": ({"J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"}, TOTALS),
	"enum": ({None}, {None}),
	"frequency": ({"Hz", "kHz", "MHz", "GHz"}, MEASUREMENT),
	"gas": ({"m³", "ft³", "CCF", "L", "MCF"}, TOTALS),
	"power": ({"mW", "W", "kW", "MW", "GW", "TW"}, MEASUREMENT),
	"power_factor": ({"%", None}, MEASUREMENT),
	"reactive_energy": ({"varh", "kvarh"}, TOTALS),
	"reactive_power": ({"mvar", "var", "kvar"}, MEASUREMENT),
	"timestamp": ({None}, {None}),
	"voltage": ({"V", "mV", "µV", "kV", "MV"}, MEASUREMENT),
	"water": ({"m³", "ft³", "CCF", "gal", "L", "MCF"}, TOTALS),
}

# energy/validate.py: what each place of the Energy dashboard takes: device class and units.
DASHBOARD = {
	"grid": {"energy": CLASSES["energy"][0]},
	"gas": {"gas": CLASSES["gas"][0], "energy": CLASSES["energy"][0]},
	"water": {"water": CLASSES["water"][0]},
	"power": {"power": CLASSES["power"][0]},
}
DASHBOARD_STATE_CLASSES = {"grid": TOTALS, "gas": TOTALS, "water": TOTALS, "power": {"measurement"}}

def rename(members, names):
	renamed = {names.get(name, name): value for name, value in members.items()}
	if len(renamed) != len(members):
		raise AssertionError(f"a member has two names: {list(members)}")
	return renamed


def expand(payload):
	"""_replace_all_abbreviations() of mqtt/discovery.py."""
	payload = rename(payload, ABBREVIATIONS)
	payload["device"] = rename(payload["device"], DEVICE_ABBREVIATIONS)
	payload["origin"] = rename(payload["origin"], ORIGIN_ABBREVIATIONS)
	payload["availability"] = [rename(one, {"t": "topic"}) for one in payload["availability"]]
	if "components" in payload:
		payload["components"] = {key: rename(one, ABBREVIATIONS) for key, one in payload["components"].items()}
	return payload


def fits(config, place):
	"""Whether the Energy dashboard takes an entity at a place."""
	units = DASHBOARD[place].get(config.get("device_class"), ())
	return config.get("unit_of_measurement") in units and config.get("state_class") in DASHBOARD_STATE_CLASSES[place]


def render(template, value_json):
	"""As mqtt/models.py does with jinja2; a name that is not there must not even be warned of."""
	environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
	environment.filters["to_json"] = json.dumps
	return environment.from_string(template).render(value_json=value_json).strip()


PATH = re.compile(r"\{\{ value_json\.([a-z0-9_.]+) \| default\((none|'')\) \}\}")
EVENT = "{{ dict(value_json, event_type=value_json.event) | to_json }}"


def evaluate(template, value_json):
	"""The same for the two forms that meterd has, without jinja2."""
	if template == EVENT:
		return json.dumps({**value_json, "event_type": value_json["event"]})
	path, missing = PATH.fullmatch(template).groups()
	*objects, last = path.split(".")
	for name in objects:
		value_json = value_json[name]
	return str(value_json[last]) if last in value_json else {"none": "None", "''": ""}[missing]


class Statistics:
	"""The sum of one sensor, as compile_statistics() of sensor/recorder.py makes it; days are those of the clock that the model was given."""

	def __init__(self):
		self.old = self.new = self.last_reset = None
		self.before = 0.0		# what earlier cycles gave
		self.days = {}			# name of a day: sum at its end

	@property
	def sum(self):
		return self.before + (self.new - self.old if self.new is not None else 0)

	def _is_reset(self, value, state_class, last_reset):
		if self.old is None:
			return True
		if state_class == "total_increasing":
			return value < 0.9 * self.new
		return last_reset is not None and last_reset != self.last_reset

	def add(self, value, state_class, last_reset, day):
		if state_class == "total_increasing" and value < 0:
			return
		if self._is_reset(value, state_class, last_reset):
			if self.old is not None:
				self.before += self.new - self.old
			# A sensor's first state is its zero, a new cycle begins at 0.
			self.old = value if self.old is None else 0.0
			self.last_reset = last_reset
		self.new = value
		self.days[day] = self.sum

	def by_day(self):
		"""What the Energy dashboard shows: {day: what was added in it}"""
		ends = [0.0, *self.days.values()]
		return {day: end - start for day, start, end in zip(self.days, ends, ends[1:])}


class Entity:
	"""One entity: what was discovered of it, and what it heard."""

	def __init__(self, config):
		self.config = config
		self.value = None		# None: unknown
		self.last_reset = None
		self.heard_s = None		# when its last message came, whatever was in it

	def is_numeric(self):
		"""sensor/__init__.py: _numeric_state_expected()"""
		if self.config.get("device_class") in ("enum", "timestamp", "date"):
			return False
		return any(self.config.get(m) for m in ("device_class", "state_class", "unit_of_measurement", "suggested_display_precision"))


class HomeAssistant:
	"""One that was started now, with the prefix of its discovery.

	view: View of '#'; attach() gives it another one, as when its connection was lost
	day: name of a day from the time at which a message came, seconds of time.time()
	entities: by unique id; devices: by all of their identifiers
	removed, doubles: unique ids that were taken away; that came from two topics
	events: (unique id, type, attributes) of what event entities said
	errors: what it would write to its log
	"""

	def __init__(self, view, prefix="homeassistant", day=lambda at: "today"):
		self.prefix = prefix
		self.day = day
		self.entities = {}
		self.sources = {}	# unique id: (topic of discovery, key of the component)
		self.devices = {}
		self.statistics = {}	# by unique id, as long as there is a database
		self.removed, self.doubles, self.events, self.errors = [], [], [], []
		self.attach(view)

	def attach(self, view):
		"""A new connection: what the broker has kept is what there is."""
		self.view = view
		self.at = 0
		self.last = {}		# newest message by topic

	def hear(self):
		"""Takes in what has come; returns itself."""
		messages = self.view.messages
		while self.at < len(messages):
			self._message(messages[self.at])
			self.at += 1
		return self

	def _message(self, message):
		if message.topic.startswith(self.prefix + "/"):
			found = DISCOVERY.fullmatch(message.topic[len(self.prefix) + 1:])
			if found:
				self._discovered(message, found[1])
			return
		self.last[message.topic] = message
		for unique_id, entity in list(self.entities.items()):
			if entity.config["state_topic"] == message.topic:
				self._told(unique_id, entity, message)
			if message.topic in [one["topic"] for one in entity.config["availability"]]:
				self._record(unique_id, entity, message.at)

	# Discovery

	def _discovered(self, message, component):
		if not message.payload:
			for unique_id in [id for id, (topic, _) in self.sources.items() if topic == message.topic]:
				self._remove(unique_id)
			return
		payload = expand(message.json)
		components = payload.pop("components", None)
		if component != "device":
			self._component(message.topic, "", {**payload, "platform": component})
			return
		for key, one in components.items():
			if set(one) == {"platform"}:
				for unique_id in [id for id, source in self.sources.items() if source == (message.topic, key)]:
					self._remove(unique_id)
			else:
				shared = {name: payload[name] for name in SHARED if name in payload and name not in one}
				self._component(message.topic, key, {**one, **shared, "device": payload["device"]})

	def _component(self, topic, key, config):
		unique_id = config["unique_id"]
		if self.sources.setdefault(unique_id, (topic, key)) != (topic, key):
			self.doubles.append(unique_id)
			return
		for identifier in config["device"]["identifiers"]:
			self.devices[identifier] = config["device"]
		old = self.entities.get(unique_id)
		if old:
			moved = old.config["state_topic"] != config["state_topic"]
			old.config = config
		else:
			moved = True
			self.entities[unique_id] = Entity(config)
		# It subscribes then, and gets what is retained; events are not.
		kept = self.last.get(config["state_topic"])
		if moved and kept and config["platform"] == "sensor":
			self._told(unique_id, self.entities[unique_id], kept)

	def _remove(self, unique_id):
		device = self.entities.pop(unique_id).config["device"]
		del self.sources[unique_id]
		self.removed.append(unique_id)
		if not any(entity.config["device"]["identifiers"] == device["identifiers"] for entity in self.entities.values()):
			for identifier in device["identifiers"]:
				self.devices.pop(identifier, None)

	# Values

	def _told(self, unique_id, entity, message):
		if not message.payload:
			self.errors.append(f"{unique_id}: {message} is no JSON")
		elif entity.config["platform"] == "event":
			if not message.retain:
				self._event(unique_id, entity, message)
		else:
			entity.heard_s = message.at
			self._last_reset(entity, message)
			self._sensor(unique_id, entity, message)

	def _event(self, unique_id, entity, message):
		attributes = json.loads(evaluate(entity.config["value_template"], message.json))
		kind = attributes.pop("event_type")
		if kind in entity.config["event_types"]:
			self.events.append((unique_id, kind, attributes))
		else:
			self.errors.append(f"{unique_id}: {kind} is no type of its events")

	def _last_reset(self, entity, message):
		template = entity.config.get("last_reset_value_template")
		text = evaluate(template, message.json) if template else ""
		if text:
			entity.last_reset = text

	def _sensor(self, unique_id, entity, message):
		text = evaluate(entity.config["value_template"], message.json)
		if text == "None":
			entity.value = None
		elif entity.is_numeric():
			if text:
				self._number(unique_id, entity, text, message)
		elif entity.config.get("options") and text not in entity.config["options"]:
			self.errors.append(f"{unique_id}: {text!r} is none of its options")
		else:
			entity.value = text

	def _number(self, unique_id, entity, text, message):
		number = float(text)
		if not math.isfinite(number):
			self.errors.append(f"{unique_id}: {text} is no number")
			return
		entity.value = text
		self._record(unique_id, entity, message.at)

	def _record(self, unique_id, entity, at):
		"""What is not available is recorded as that, and no number."""
		if entity.config.get("state_class") in TOTALS and entity.value is not None and self.available(unique_id):
			self.statistics.setdefault(unique_id, Statistics()).add(
				float(entity.value), entity.config["state_class"], entity.last_reset, self.day(at))

	# What it shows

	def available(self, unique_id, later_s=0):
		"""Whether it is, if nothing more comes for some seconds."""
		config, heard_s = self.entities[unique_id].config, self.entities[unique_id].heard_s
		if config.get("expire_after") and (heard_s is None or time.time() + later_s > heard_s + config["expire_after"]):
			return False
		words = [self.last[a["topic"]].payload if a["topic"] in self.last else None for a in config["availability"]]
		# Else the latest word counts, which is the word where there is one topic.
		return all(word == b"online" for word in words)

	def state(self, unique_id, later_s=0):
		"""As its state machine has it."""
		if not self.available(unique_id, later_s):
			return "unavailable"
		value = self.entities[unique_id].value
		return "unknown" if value is None else value

	def states(self):
		return {unique_id: self.state(unique_id) for unique_id in self.entities}

	def number(self, unique_id):
		"""The same as a number; None: it is none."""
		try:
			return float(self.state(unique_id))
		except ValueError:
			return None

	def sum(self, unique_id):
		return self.statistics[unique_id].sum

	def sums(self):
		return {unique_id: one.sum for unique_id, one in self.statistics.items()}
