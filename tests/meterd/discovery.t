#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What discovery tells of each kind of meter, against the rules of those who read it, which are written down here by their sources.

Home Assistant is home-assistant/core below homeassistant/components/, Domoticz is domoticz/domoticz, hardware/MQTTAutoDiscover.cpp."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from harness import *
import home_assistant
from home_assistant import CLASSES, TOTALS, evaluate, expand, fits

PRINTER = os.path.join(TOP, "build/tests/meterd-discovery")
RETAIN_QOS1_CHANGED = "7"

# mqtt/schemas.py: DEVICE_DISCOVERY_SCHEMA takes no other members at its root, nor MQTT_ENTITY_DEVICE_INFO_SCHEMA and
# MQTT_ORIGIN_INFO_SCHEMA in theirs: one more and nothing of the message is used.
ROOT = {"device", "origin", "components", "state_topic", "availability", "availability_mode"}
DEVICE = {"identifiers", "name", "model", "serial_number"}
ORIGIN = {"name", "sw_version"}
# mqtt/sensor.py and mqtt/event.py with MQTT_ENTITY_COMMON_SCHEMA: others are dropped without a word.
COMMON = {"platform", "unique_id", "default_entity_id", "name", "availability", "enabled_by_default", "entity_category", "icon", "state_topic",
	  "value_template"}
SENSOR = COMMON | {"device_class", "expire_after", "last_reset_value_template", "options", "state_class", "suggested_display_precision",
		   "unit_of_measurement"}
EVENT = COMMON | {"event_types"}

# What unique ids end in. Who changes one takes away the history of everybody's entity: lines may be added here, none may be changed.
FROZEN = """
energy_import energy_import_t1 energy_import_t2 energy_import_t3 energy_import_t4 energy_import_t5 energy_import_t6 energy_import_t7 energy_import_t8
energy_import_t9 energy_import_t10 energy_import_t11 energy_import_t12 energy_import_t13 energy_import_t14 energy_import_t15 energy_import_t16
energy_export energy_export_t1 energy_export_t2 energy_export_t3 energy_export_t4 energy_export_t5 energy_export_t6 energy_export_t7 energy_export_t8
energy_export_t9 energy_export_t10 energy_export_t11 energy_export_t12 energy_export_t13 energy_export_t14 energy_export_t15 energy_export_t16
energy_reactive_import energy_reactive_export energy_reactive_q1 energy_reactive_q2 energy_reactive_q3 energy_reactive_q4
gas water heat heat_kwh
""".split()
FROZEN_LIVE = """
power_import power_import_l1 power_import_l2 power_import_l3 power_export power_export_l1 power_export_l2 power_export_l3 power_net
power_reactive_import power_reactive_import_l1 power_reactive_import_l2 power_reactive_import_l3
power_reactive_export power_reactive_export_l1 power_reactive_export_l2 power_reactive_export_l3
power_apparent_import power_apparent_import_l1 power_apparent_import_l2 power_apparent_import_l3 power_apparent_export
voltage_l1 voltage_l2 voltage_l3 current_l1 current_l2 current_l3 frequency power_factor demand_import demand_import_peak
current_subscribed power_reference power_cutoff load tariff
""".split()
FROZEN_OTHERS = ["tariff_label", "color_today", "color_tomorrow", "state", "last_telegram", "event"]
FROZEN_PERIODS = [f"{register}_{period}" for period in ("day", "month") for register in FROZEN]


class Told:
	"""What the program told of one kind of meter."""

	def __init__(self):
		self.messages = {}	# topic: text
		self.flags = {}
		self.state = None
		self.quantities = {}	# name: "register" or "live"
		self.events = []

	def device(self):
		return next(expand(json.loads(text)) for topic, text in self.messages.items() if topic.startswith("homeassistant/device/"))

	def components(self):
		"""Of device discovery: {key: members}."""
		return self.device()["components"]

	def singles(self):
		"""Of component discovery: {topic: members}."""
		return {topic: expand(json.loads(text)) for topic, text in self.messages.items() if topic.startswith("domoticz/")}


def all_told():
	told = {}
	text = subprocess.run([PRINTER, "print"], check=True, capture_output=True, timeout=120).stdout.decode("utf-8", "surrogateescape")
	for line in text.rstrip("\n").split("\n"):
		case, kind, topic, rest = line.split("\t")
		one = told.setdefault(case, Told())
		if kind == "state":
			one.state = json.loads(rest)
		elif kind == "quantity":
			one.quantities[topic] = rest
		elif kind == "event":
			one.events.append(topic)
		else:
			if topic in one.messages:
				raise AssertionError(f"{topic} was sent twice")
			one.messages[topic], one.flags[topic] = rest, kind
	return told


TOLD = all_told()
REAL = {name: told for name, told in TOLD.items() if name != "everything"}


def each(cases=TOLD):
	"""(what it is, members) of each entity in either form."""
	for case, told in cases.items():
		for key, members in told.components().items():
			yield f"{case}: {key}", members
		for topic, members in told.singles().items():
			yield f"{case}: {topic}", members


def sensors(cases=TOLD):
	return ((what, e) for what, e in each(cases) if e.get("platform", "sensor") == "sensor")


def inside(got, allowed, what):
	if not set(got) <= set(allowed):
		raise AssertionError(f"{what}: {sorted(set(got) - set(allowed), key=str)} are not among {sorted(allowed, key=str)}")


@promise
def discovery_has_the_members_that_home_assistant_demands():
	for case, told in TOLD.items():
		device = told.device()
		inside(device, ROOT, case)
		inside(ROOT, device, case)
		inside(device["device"], DEVICE, case)
		inside(device["origin"], ORIGIN, case)
		equal(device["origin"]["name"], "meterd")
		equal(len(device["device"]["identifiers"]), 1, "number of identifiers")
		for key, e in device["components"].items():
			inside(e, {"sensor": SENSOR, "event": EVENT}[e["platform"]], f"{case}: {key}")
			inside({"unique_id", "default_entity_id", "name", "value_template"}, e, f"{case}: {key}")
		for topic, e in told.singles().items():
			inside(e, SENSOR - {"platform"} | {"device", "origin", "availability_mode"}, f"{case}: {topic}")
			inside({"device", "origin", "state_topic", "unique_id", "name", "value_template"}, e, f"{case}: {topic}")


@promise
def topics_are_those_that_home_assistant_matches():
	for case, told in TOLD.items():
		for topic, flags in told.flags.items():
			# mqtt/discovery.py: TOPIC_MATCHER; "device" is a component of its own.
			if not re.fullmatch(r"(homeassistant/device|domoticz/sensor)/[a-zA-Z0-9_-]+/config", topic):
				raise AssertionError(f"{case}: {topic}")
			equal(flags, RETAIN_QOS1_CHANGED, f"flags of {topic}")
		equal(sum(topic.startswith("homeassistant/") for topic in told.messages), 1, "messages of device discovery")


@promise
def units_and_classes_are_those_of_home_assistant():
	for what, e in sensors():
		device_class, unit, state_class = e.get("device_class"), e.get("unit_of_measurement"), e.get("state_class")
		if device_class:
			units, state_classes = CLASSES[device_class]
			inside({unit}, units, f"{what}: unit")
			inside({state_class}, state_classes, f"{what}: state class")
		# mqtt/sensor.py: validate_sensor_state_and_device_class_config()
		if "last_reset_value_template" in e:
			equal(state_class, "total", f"{what}: state class with a last reset")
		equal("options" in e, device_class == "enum", f"{what}: options")
		inside({e.get("entity_category")}, {None, "diagnostic"}, what)


@promise
def every_quantity_has_an_entity():
	told = TOLD["everything"]
	components = told.components()
	equal(len(told.quantities), len(FROZEN) + len(FROZEN_LIVE), "number of quantities")
	for name, kind in told.quantities.items():
		e = components[name]
		equal(e["unique_id"], f"meter_house_{name}")
		if not e["name"]:
			raise AssertionError(f"{name} has no name")
		if kind == "register":
			inside({"device_class", "state_class", "unit_of_measurement"}, e, name)
			equal(e["state_class"], "total_increasing", name)
			inside({f"{name}_day", f"{name}_month"}, components, "periods")


@promise
def unique_ids_are_frozen():
	told = TOLD["everything"]
	equal(sorted(e["unique_id"] for e in told.components().values()),
	      sorted(f"meter_house_{id}" for id in FROZEN + FROZEN_LIVE + FROZEN_OTHERS + FROZEN_PERIODS), "ids")
	equal(sorted((topic, e["unique_id"]) for topic, e in told.singles().items()),
	      sorted((f"domoticz/sensor/meter_house_{id}/config", f"meter_house_{id}")
		     for id in FROZEN + FROZEN_LIVE + FROZEN_OTHERS if id not in ("event", "last_telegram")), "ids of components")


@promise
def meters_whose_names_begin_alike_do_not_share_an_id():
	# house + gas_day and house_gas + day would be the same.
	ids = FROZEN + FROZEN_LIVE + FROZEN_OTHERS + FROZEN_PERIODS
	equal([(one, other) for one in ids for other in ids if one.endswith(f"_{other}")], [], "ids that end in another")
	for case, told in TOLD.items():
		for topic, e in told.singles().items():
			inside([":" in id for id in e["device"]["identifiers"][:-1]], [True], f"{case}: {topic}")


@promise
def ids_hold_the_meter_and_are_told_once():
	for case, told in REAL.items():
		topic = told.device()["state_topic"].rsplit("/", 1)[0]
		prefix = re.sub(rb"[^a-zA-Z0-9_-]", b"_", topic.encode()).decode() + "_house_"
		for entities in (told.components(), told.singles()):
			ids = [e["unique_id"] for e in entities.values()]
			equal(len(set(ids)), len(ids), "number of ids")
			equal([id for id in ids if not id.startswith(prefix)], [], f"{case}: ids without {prefix}")
			for e in entities.values():
				if not re.fullmatch(r"(sensor|event)\.house_[a-z0-9_]+", e["default_entity_id"]):
					raise AssertionError(e["default_entity_id"])
		names = [e["name"] for e in told.components().values()]
		equal(len(set(names)), len(names), f"{case}: number of names")


@promise
def names_leave_out_the_device():
	for what, e in each():
		# has_entity_name: Home Assistant puts the device's name before it by itself.
		if "house" in e["name"].lower():
			raise AssertionError(f"{what} is called {e['name']}")


@promise
def names_of_tariffs_are_those_of_the_owner():
	names = {key: e["name"] for key, e in TOLD["labels"].components().items()}
	equal((names["energy_import_t1"], names["energy_import_t2"]), ("Energy import HC", "Energy import HP été"))
	equal(names["energy_export_t2_month"], "Energy export HP été this month")
	equal(TOLD["dsmr5"].components()["energy_import_t2"]["name"], "Energy import tariff 2")


@promise
def live_values_expire_and_registers_do_not():
	kinds = TOLD["everything"].quantities
	for what, e in sensors():
		name = next((name for name in sorted(kinds, key=len, reverse=True) if e["unique_id"].endswith(f"_house_{name}")), None)
		if name and kinds[name] == "live":
			equal(e["expire_after"], 60, f"{what} expires after")
		elif "expire_after" in e:
			raise AssertionError(f"{what} expires")


@promise
def what_a_meter_says_is_offered_and_nothing_else():
	for case, told in REAL.items():
		words = {word for word in ("tariff_label", "color_today", "color_tomorrow") if word in told.state}
		told_of = {key for key, e in told.components().items() if "last_reset_value_template" not in e}
		equal(told_of, set(told.state["quantities"]) | words | {"state", "last_telegram", "event"}, case)
	inside(["water", "gas", "demand_import_peak", "demand_import"], TOLD["belgian"].components(), "belgian")
	inside(["color_today", "color_tomorrow", "energy_import_t6"], TOLD["tempo"].components(), "tempo")
	inside(["power_apparent_import_l3", "energy_reactive_q4", "load"], TOLD["standard"].components(), "standard")
	inside(["heat", "power_factor", "frequency"], TOLD["heat"].components(), "heat")


@promise
def the_energy_dashboard_takes_what_it_asks_for():
	wanted = {
		"dsmr5": {"grid": ["energy_import", "energy_import_t1", "energy_import_t2", "energy_export_t1", "energy_export_t2"],
			  "gas": ["gas"], "power": ["power_import", "power_export", "power_net"]},
		"belgian": {"grid": ["energy_import_t1", "energy_export_t2"], "gas": ["gas"], "water": ["water"]},
		"tempo": {"grid": [f"energy_import_t{t}" for t in range(1, 7)]},
		"standard": {"grid": ["energy_import_t1", "energy_import_t2", "energy_export"]},
		"heat": {"grid": ["energy_import"], "gas": ["heat"]},
		"continuous": {"grid": ["energy_import_t1", "energy_export_t1"], "gas": ["gas"], "water": ["water"]},
	}
	for case, places in wanted.items():
		components = TOLD[case].components()
		for place, keys in places.items():
			for key in keys:
				if not fits(components[key], place) or not components[key].get("enabled_by_default", True):
					raise AssertionError(f"{case}: {key} is not for {place}: {components[key]}")


@promise
def counters_of_periods_keep_away_from_the_dashboard_until_they_are_enabled():
	for what, e in each():
		period = "last_reset_value_template" in e
		if period:
			equal(e["enabled_by_default"], False, what)
			equal(e["state_topic"].rsplit("/", 1)[1], "period", what)
	equal(sum("last_reset_value_template" in e for e in TOLD["dsmr5"].components().values()), 14, "counters of periods of a DSMR 5 meter")


@promise
def what_changes_with_each_message_is_not_recorded_unasked():
	for case, told in TOLD.items():
		equal(told.components()["last_telegram"]["enabled_by_default"], False, case)


@promise
def all_payloads_are_json_in_utf_8():
	for case, told in TOLD.items():
		for topic, text in told.messages.items():
			equal(type(json.loads(text.encode("utf-8"))), dict, f"{case}: {topic}")


@promise
def a_meter_is_available_when_it_and_meterd_are():
	for case, told in REAL.items():
		if case == "hostile":
			continue
		both = [{"topic": "meter/bridge/state"}, {"topic": "meter/house/availability"}]
		for payload in [told.device(), *told.singles().values()]:
			if payload.get("unique_id") == "meter_house_state":
				continue
			equal((payload["availability"], payload["availability_mode"]), (both, "all"), case)
		# What tells that the meter is silent must not vanish with it.
		for key, e in told.components().items():
			equal(e.get("availability"), both[:1] if key in ("state", "last_telegram", "event") else None, f"{case}: {key}")


@promise
def a_number_is_told_only_with_identity():
	for case, told in TOLD.items():
		for topic, text in told.messages.items():
			equal("041876097767" in text + topic, case == "identity", f"{case}: number in {topic}")
	equal(TOLD["identity"].device()["device"]["serial_number"], "041876097767")


@promise
def models_are_what_is_known_of_them():
	equal({case: told.device()["device"]["model"] for case, told in TOLD.items() if case in ("dsmr5", "standard", "tempo")},
	      {"dsmr5": "DSMR P1", "standard": "TIC standard", "tempo": "TIC historique"})


TEMPLATE = re.compile(r"\{\{ value_json(\.[a-z0-9_]+)+ \| default\((none|'')\) \}\}")


@promise
def no_template_holds_a_foreign_string():
	event = "{{ dict(value_json, event_type=value_json.event) | to_json }}"
	known = set(TOLD["everything"].quantities) | {"value_json", "quantities", "continuous", "day", "month", "start", "state", "received",
						      "tariff_label", "color_today", "color_tomorrow"}
	for what, e in each():
		for member, value in e.items():
			if not member.endswith("template"):
				continue
			if e.get("platform") == "event":
				equal(value, event, what)
			elif not TEMPLATE.fullmatch(value):
				raise AssertionError(f"{what}: {value}")
			else:
				inside(value.split()[1].split("."), known, what)
	hostile = TOLD["hostile"].components()
	equal(hostile["energy_import_t1"]["name"], "Energy import \"},{{ value_json }}\\")
	equal(hostile["energy_import_t2"]["name"], "Energy import {% raw %}\u00c3\u0001")
	equal(TOLD["hostile"].device()["state_topic"], 'a "{{ x }}"/café/house')


def render(template, value_json):
	if not home_assistant.jinja2:
		raise Skip("python3-jinja2 is not installed")
	return home_assistant.render(template, value_json)


@promise
def templates_give_what_the_state_says():
	for case, told in REAL.items():
		words = {**told.state["quantities"], **{k: v for k, v in told.state.items() if isinstance(v, str)}}
		words["last_telegram"] = told.state["received"]
		for key, e in told.components().items():
			if "last_reset_value_template" not in e and key != "event":
				equal(render(e["value_template"], told.state), str(words[key]).strip(), f"{case}: {key}")


@promise
def a_register_that_is_not_there_stays_and_a_live_value_is_unknown():
	# mqtt/sensor.py: "" where a number is expected is passed over, "None" is unknown.
	kinds = TOLD["everything"].quantities
	for what, e in each():
		if e.get("platform") == "event":
			continue
		gone = render(e["value_template"], {"name": "house", "quantities": {}, "continuous": {}, "day": {}, "month": {}})
		register = any(e["unique_id"] == f"meter_house_{name}" for name, kind in kinds.items() if kind == "register")
		if not e["unique_id"].startswith("meter_house_"):
			continue
		equal(gone, "" if register else "None", what)
		if register:
			inside({"state_class"}, e, what)


@promise
def templates_are_read_without_jinja2_as_with_it():
	for case, told in REAL.items():
		state = {**told.state, "continuous": told.state.get("continuous", {}), "event": "gap", "day": {"start": "", "gas": 1.5}, "month": {}}
		for key, e in told.components().items():
			equal(evaluate(e["value_template"], state).strip(), render(e["value_template"], state), f"{case}: {key}")


@promise
def continuous_totals_take_the_place_of_registers():
	for key, e in TOLD["continuous"].components().items():
		path = e["value_template"].split()[1]
		if key in TOLD["continuous"].state["continuous"]:
			equal(path, f"value_json.continuous.{key}")
		elif key in TOLD["continuous"].state["quantities"]:
			equal(path, f"value_json.quantities.{key}")


@promise
def periods_begin_when_their_period_begins():
	period = {name: {"start": f"2024-10-{day}T22:00:00Z", "energy_import_t1": 1234.5, "gas": 0.001} for name, day in (("day", 10), ("month", "01"))}
	components = TOLD["dsmr5"].components()
	for name in period:
		for register in ("energy_import_t1", "gas"):
			e = components[f"{register}_{name}"]
			equal(render(e["value_template"], period), str(period[name][register]))
			equal(render(e["last_reset_value_template"], period), period[name]["start"])


@promise
def events_are_of_the_form_that_home_assistant_takes():
	# mqtt/event.py: an object with a known "event_type"; all else are attributes.
	e = TOLD["dsmr5"].components()["event"]
	equal(e["event_types"], TOLD["everything"].events)
	inside(["tariff-changed", "meter-replaced", "gap", "power-failure", "demand-peak", "color-tomorrow"], e["event_types"], "events")
	event = {"event": "tariff-changed", "name": "house", "from": "{{ 7 * 7 }}", "to": "a \"b\"\\"}
	equal(json.loads(render(e["value_template"], event)), {**event, "event_type": "tariff-changed"})
	equal(e["state_topic"], "meter/house/event")


# Domoticz: CleanValueTemplate() and GetValueFromTemplate(), as far as paths go.

def domoticz_path(template):
	for character in "{}'\"":
		template = template.replace(character, "")
	template = template.split("|")[0].split(".split(")[0].split("if value_json.")[0].strip()
	if "endif" in template or template.startswith("("):
		raise AssertionError(f"Domoticz would guess at {template}")
	return template


def domoticz_value(template, state):
	path = domoticz_path(template)
	if not path.startswith("value_json."):
		raise AssertionError(f"Domoticz cannot read {path}")
	for key in path[len("value_json."):].split("."):
		if key not in state:
			return ""
		state = state[key]
	return f"{state:.9g}" if isinstance(state, (int, float)) else state


@promise
def domoticz_templates_are_of_the_form_it_reads():
	for case, told in REAL.items():
		words = {**told.state["quantities"], **{k: v for k, v in told.state.items() if isinstance(v, str)}}
		for topic, e in told.singles().items():
			key = next(key for key in sorted(words, key=len, reverse=True) if topic.endswith(f"_house_{key}/config"))
			value = domoticz_value(e["value_template"], told.state)
			equal(value if isinstance(words[key], str) else float(value), words[key], f"{case}: {topic}")
			equal(domoticz_value(e["value_template"], {"quantities": {}}), "", f"{case}: {topic} that is not there")


def domoticz_kind(e):
	"""GuessSensorTypeValue()"""
	unit, icon = e.get("unit_of_measurement", "").lower(), e.get("icon", "")
	if unit == "m³":
		return "rain" if "water" in icon else "gas" if "gas" in icon else "counter"
	return {"v": "voltage", "a": "current", "w": "usage", "kwh": "kWh", "wh": "kWh", "%": "percentage", "": "text or number"}.get(unit, "custom")


@promise
def domoticz_makes_the_devices_that_they_are():
	kinds = {e["unique_id"][len("meter_house_"):]: domoticz_kind(e) for e in TOLD["everything"].singles().values()}
	for name, kind in kinds.items():
		if name.startswith("energy_") and "reactive" not in name:
			equal(kind, "kWh", name)
	equal({name: kinds[name] for name in ("power_import", "voltage_l1", "current_l3", "gas", "water", "load", "heat_kwh", "tariff_label")},
	      {"power_import": "usage", "voltage_l1": "voltage", "current_l3": "current", "gas": "gas", "water": "counter", "load": "percentage",
	       "heat_kwh": "kWh", "tariff_label": "text or number"})
	for topic in TOLD["everything"].singles():
		object_id = topic.split("/")[2]
		# on_auto_discovery_message() and handle_auto_discovery_sensor() pass over these.
		for word in ("_address", "_ssid", "_signal_sensor", "_sensitivity", "_alarm", "_calibration", "battery", "sensitivity", "alarm", "humidity",
			     "temperature", "dew_point"):
			equal(word in object_id, False, f"{word} in {object_id}")
		equal(object_id.endswith(("_min", "_max")) or object_id.startswith(("min_", "max_")), False, object_id)


def domoticz_power_of(counter, entities):
	"""get_auto_discovery_sensor_unit(): of the same device, whose unique id is most alike; the first of these."""
	best, found = -1, None
	for e in sorted(entities, key=lambda e: e["unique_id"]):
		if e["device"]["identifiers"][0] != counter["device"]["identifiers"][0] or e.get("unit_of_measurement") != "W":
			continue
		alike = next((i for i, (a, b) in enumerate(zip(counter["unique_id"], e["unique_id"])) if a != b), None)
		if alike is not None and alike > best:
			best, found = alike, e["unique_id"]
	return found


@promise
def domoticz_shows_with_a_counter_its_own_power():
	for case in ("everything", "dsmr5", "belgian"):
		entities = list(TOLD[case].singles().values())
		for e in entities:
			if domoticz_kind(e) != "kWh":
				continue
			name = e["unique_id"][len("meter_house_"):]
			own = {"energy_import": "meter_house_power_import", "energy_export": "meter_house_power_export"}.get(name)
			equal(domoticz_power_of(e, entities), own, f"{case}: power of {name}")


@promise
def domoticz_is_told_the_availability_of_the_meter():
	for topic, e in TOLD["dsmr5"].singles().items():
		# It knows one topic only, and of a list that is the last one; "topic" has no other name there.
		wanted = "meter/bridge/state" if topic.endswith("_state/config") else "meter/house/availability"
		equal(json.loads(TOLD["dsmr5"].messages[topic])["avty"][-1], {"topic": wanted}, topic)


@promise
def components_of_a_meter_are_one_device_to_home_assistant():
	for case, told in TOLD.items():
		own = told.device()["device"]["identifiers"][0]
		for topic, e in told.singles().items():
			# helpers/device_registry.py: one identifier that is the same is enough.
			inside([own], e["device"]["identifiers"], topic)


@promise
def component_and_device_never_meet_under_one_prefix():
	config = "[mqtt]\nhost = 127.0.0.1\ndiscovery = device, component\ndiscovery_prefix = homeassistant\ncomponent_prefix = homeassistant\n"
	directory = Directory()
	path = directory / "meterd.conf"
	with open(path, "w") as f:
		f.write(f"[daemon]\nstate = {directory}\n{config}")
	meterd = subprocess.run([METERD, "--config", str(path), "--foreground"], capture_output=True, text=True, timeout=60)
	if not meterd.returncode or "component_prefix" not in meterd.stderr:
		raise AssertionError(f"exit {meterd.returncode}: {meterd.stderr}")
	for told in TOLD.values():
		prefixes = [{topic.split("/")[0] for topic in told.messages if topic.split("/")[1] == kind} for kind in ("device", "sensor")]
		equal(prefixes, [{"homeassistant"}, {"domoticz"}])


@promise
def payloads_stay_small():
	for case, told in REAL.items():
		for topic, text in told.messages.items():
			if len(text.encode()) > 16384:
				raise AssertionError(f"{case}: {topic} has {len(text.encode())} bytes")
	note("bytes of a device:", {case: max(len(text.encode()) for text in told.messages.values()) for case, told in TOLD.items()})


run()
