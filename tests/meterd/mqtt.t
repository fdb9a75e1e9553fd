#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""meterd and a broker: what it is told, when, over what, and what is left when somebody dies."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from broker import *

NUMBER = "E0000000000000042"


def house(more="", broker=None, pause=0.1, **options):
	"""A broker, a view of it, a gateway that tells for ever, and a meterd."""
	broker = broker or Broker()
	view = View(broker)
	gateway, source = telling(number=NUMBER, pause=pause)
	meterd = Meterd(broker.section(more) + source, **options)
	return broker, view, gateway, meterd


def power(state):
	return state["quantities"].get("power_import", -1)


@promise
def a_broker_is_told_states_periods_and_who_is_there():
	broker, view, gateway, meterd = house()
	state = view.wait("meter/house", lambda s: power(s) > 5)
	equal((state["name"], state["state"], state["protocol"], state["source"]), ("house", "connected", "p1", "house"))
	equal(set(state) - {"name", "protocol", "source", "state", "received", "quantities", "time", "tariff_label", "tariff_by"}, set())
	view.wait("meter/house/availability", lambda a: a == "online")
	view.wait("meter/bridge/state", lambda a: a == "online")
	period = view.wait("meter/house/period")
	equal(sorted(period), ["day", "last_month", "month", "yesterday"])
	for part in period.values():
		equal(list(part)[0], "start")
	kept = broker.retained()
	for topic in ("meter/house", "meter/house/availability", "meter/bridge/state", "meter/house/period"):
		equal(topic in kept, True, topic)
	equal({m.qos for m in view.all("meter/house")}, {0}, "QoS of states")
	equal({m.qos for t in ("period", "availability") for m in view.all(f"meter/house/{t}")}, {1}, "QoS of what changes slowly")
	meterd.stop()


@promise
def a_clean_stop_leaves_offline_and_the_last_values():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	meterd.stop()
	kept = broker.retained()
	equal((kept["meter/bridge/state"], kept["meter/house/availability"]), (b"offline", b"offline"))
	equal(json.loads(kept["meter/house"])["quantities"]["energy_import_t1"] > 1000, True)


@promise
def kill_9_leaves_the_bridge_offline_by_its_last_will():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	meterd.kill()
	view.wait("meter/bridge/state", lambda a: a == "offline")
	equal(broker.retained()["meter/bridge/state"], b"offline")


@promise
def a_daemon_that_begins_again_is_online_whatever_its_old_connection_says():
	broker, view, gateway, meterd = house()
	view.wait("meter/bridge/state", lambda a: a == "online")
	# As the will of a connection that the broker only now finds dead.
	broker.publish("meter/bridge/state", "offline", retain=True, qos=1)
	wait_until(lambda: [m.payload for m in view.all("meter/bridge/state")][-2:] == [b"offline", b"online"])
	equal(broker.retained()["meter/bridge/state"], b"online")
	meterd.stop()


@promise
def a_broker_that_was_killed_is_found_again_and_told_everything():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	view.end()
	broker.kill()
	os.unlink(broker.directory / "mosquitto.db") if os.path.exists(broker.directory / "mosquitto.db") else None
	wait_until(lambda: "it is tried again" in meterd.log())
	seen = meterd.quantities("house")["power_import"]
	broker.start()
	view = View(broker)
	state = view.wait("meter/house", lambda s: power(s) > seen)
	for topic, wanted in (("meter/bridge/state", "online"), ("meter/house/availability", "online")):
		view.wait(topic, lambda a, wanted=wanted: a == wanted)
	view.wait("meter/house/period")
	equal(meterd.log().count("it is tried again") <= 4, True, "lines about it")
	meterd.stop()


@promise
def a_broker_that_is_not_there_yet_is_waited_for():
	port = free_port()
	broker = Broker(port=port, start=False)
	gateway, source = telling()
	meterd = Meterd(broker.section() + source)
	wait_until(lambda: "Connection refused" in meterd.log())
	wait_until(lambda: meterd.quantities("house")["power_import"] > 5)
	broker.start()
	View(broker).wait("meter/house", lambda s: power(s) > 5)
	meterd.stop()


@promise
def a_broker_that_sleeps_costs_nothing_and_gets_the_newest():
	# Not the build with sanitizers, which keep what is freed.
	broker, view, gateway, meterd = house(pause=0.01, program=os.path.join(TOP, "build/meterd"))
	view.wait("meter/house", lambda s: power(s) > 5)
	broker.freeze()
	seen = meterd.quantities("house")["power_import"]
	# Far more telegrams than a socket's buffer has room for: the loop goes on, and memory stays.
	wait_until(lambda: meterd.quantities("house")["power_import"] > seen + 300)
	anonymous = meterd.anonymous
	wait_until(lambda: meterd.quantities("house")["power_import"] > seen + 900)
	if meterd.anonymous > anonymous + 1024:
		raise AssertionError(f"{meterd.anonymous - anonymous} KiB more")
	broker.thaw()
	view.wait("meter/house", lambda s: power(s) > seen + 900)
	meterd.stop()


@promise
def a_broker_that_sleeps_for_ever_does_not_hold_up_the_end():
	broker, view, gateway, meterd = house(pause=0.01)
	view.wait("meter/house", lambda s: power(s) > 5)
	broker.freeze()
	seen = meterd.quantities("house")["power_import"]
	wait_until(lambda: meterd.quantities("house")["power_import"] > seen + 100)
	meterd.stop(seconds=60)
	broker.thaw()


@promise
def something_that_accepts_and_says_nothing_is_told():
	gateway, source = telling()
	silent = Gateway()
	meterd = Meterd(f"[mqtt]\nhost = 127.0.0.1\nport = {silent.port}\n" + source)
	wait_until(lambda: silent.connections)
	wait_until(lambda: meterd.quantities("house")["power_import"] > 5)
	wait_until(lambda: "does not answer as a broker does" in meterd.log(), 90)
	meterd.stop()


@promise
def twenty_messages_are_on_their_way_and_no_more():
	deaf = Deaf()
	gateways = [telling(number=f"E{i:016d}", pause=0.5) for i in range(20)]
	meterd = Meterd(f"[mqtt]\nhost = 127.0.0.1\nport = {deaf.port}\n" +
			"".join(source.replace("[source house]", f"[source m{i:02d}]") for i, (gateway, source) in enumerate(gateways)))
	wait_until(lambda: deaf.unconfirmed == 20)
	stays(lambda: deaf.unconfirmed == 20, 2, "twenty are unconfirmed")
	# What confirms nothing is left after a minute; all goes on meanwhile.
	wait_until(lambda: deaf.connections == 2 and "does not answer as a broker does" in meterd.log(), 120)
	equal(meterd.quantities("m00")["power_import"] > 1, True)
	meterd.stop()


@promise
def status_and_metrics_tell_how_the_broker_does():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	out, err, code = meterd.control("status")
	equal((code, f"mqtt: 127.0.0.1:{broker.port}: connected, " in out), (0, True), out)
	equal(meterd.metric("meterd_mqtt_connected"), 1)
	equal(meterd.metric("meterd_mqtt_messages_total", result="sent") > 5, True)
	equal(meterd.metric("meterd_mqtt_messages_total", result="lost"), 0)
	broker.kill()
	wait_until(lambda: meterd.metric("meterd_mqtt_connected") == 0)
	wait_until(lambda: f"mqtt: 127.0.0.1:{broker.port}: Connection refused" in meterd.control("status")[0])
	meterd.stop()


@promise
def garbage_in_place_of_a_broker_is_survived():
	answers = [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(256)) * 64, b"\x20\x02\x00\x05", b"\x20\xff\xff\xff\x7f",
		   b"\x20\x02\x00\x00" + b"\x32\xff\xff\xff\x7f" + b"\0" * 5000, b"\x20\x02\x00\x00" + b"\x40\x02\xff\xff" * 2000, CLOSE]
	bad = Gateway(lambda n: [0.05, answers[n % len(answers)], 0.1, CLOSE])
	gateway, source = telling()
	meterd = Meterd(f"[mqtt]\nhost = 127.0.0.1\nport = {bad.port}\n" + source)
	wait_until(lambda: bad.connections >= 4, 120)
	seen = meterd.quantities("house")["power_import"]
	wait_until(lambda: meterd.quantities("house")["power_import"] > seen)
	meterd.stop()


@promise
def version_5_works_as_well():
	broker, view, gateway, meterd = house("version = 5\n")
	view.wait("meter/house", lambda s: power(s) > 5)
	equal(re.search(r"as meterd-[0-9a-f]{8} \(p5, c1", broker.log()) is not None, True, "MQTT 5")
	meterd.stop()
	equal(broker.retained()["meter/bridge/state"], b"offline")


@promise
def version_3_1_1_is_the_default():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	equal(re.search(r"as meterd-[0-9a-f]{8} \(p2, c1, k60\)", broker.log()) is not None, True, "MQTT 3.1.1")
	meterd.stop()


# Who may come, and whom we believe

def password_file(directory, text, mode=0o600):
	path = directory / "password"
	with open(path, "w") as f:
		f.write(text)
	os.chmod(path, mode)
	return path


@promise
def user_and_password_come_from_a_file_that_others_cannot_read():
	broker = Broker(users={"meterd": "sesame"})
	directory = Directory()
	path = password_file(directory, "sesame\n", 0o644)
	gateway, source = telling()
	meterd = Meterd(broker.section(f"user = meterd\npassword_file = {path}\n") + source)
	wait_until(lambda: str(path) in meterd.log() and "chmod" in meterd.log())
	os.chmod(path, 0o600)
	View(broker, "-u", "meterd", "-P", "sesame").wait("meter/house", lambda s: power(s) > 5)
	equal("sesame" in meterd.log(), False)
	meterd.stop()


@promise
def a_wrong_password_is_told_and_a_new_one_is_taken():
	broker = Broker(users={"meterd": "sesame"})
	directory = Directory()
	path = password_file(directory, "simsim\n")
	gateway, source = telling()
	meterd = Meterd(broker.section(f"user = meterd\npassword_file = {path}\n") + source)
	wait_until(lambda: "the broker refuses us" in meterd.log())
	password_file(directory, "sesame\n")
	View(broker, "-u", "meterd", "-P", "sesame").wait("meter/house", lambda s: power(s) > 5)
	meterd.stop()


@promise
def user_and_password_may_be_credentials_of_the_service():
	broker = Broker(users={"meterd": "sesame"})
	directory = Directory()
	for name, text in (("mqtt.user", "meterd\n"), ("mqtt.password", "sesame\n")):
		with open(directory / name, "w") as f:
			f.write(text)
		os.chmod(directory / name, 0o400)
	gateway, source = telling()
	meterd = Meterd(broker.section() + source, environment={"CREDENTIALS_DIRECTORY": str(directory)})
	View(broker, "-u", "meterd", "-P", "sesame").wait("meter/house", lambda s: power(s) > 5)
	meterd.stop()


@promise
def tls_is_spoken_with_a_broker_whose_certificate_is_good():
	authority = Authority()
	broker = Broker(tls=authority.issue("localhost", "DNS:localhost,IP:127.0.0.1"))
	gateway, source = telling()
	meterd = Meterd(broker.section(f"tls = yes\nca_file = {authority.ca}\n") + source)
	View(broker, "--cafile", authority.ca).wait("meter/house", lambda s: power(s) > 5)
	equal(", with TLS" in meterd.log(), True)
	meterd.stop()


def refused(broker, more, sentence, seconds=60):
	"""A meterd that must not send anything to this broker, and says why."""
	gateway, source = telling()
	meterd = Meterd(broker.section(more) + source)
	wait_until(lambda: sentence in meterd.log(), seconds, f"{sentence!r} in {meterd.log()[-600:]}")
	equal("mqtt: connected" in meterd.log(), False)
	equal("PUBLISH from" in broker.log(), False)
	return meterd


@promise
def a_certificate_of_another_authority_is_not_believed():
	broker = Broker(tls=Authority("Other CA").issue("localhost", "DNS:localhost,IP:127.0.0.1"))
	refused(broker, f"tls = yes\nca_file = {Authority().ca}\n", "is not signed by").stop()


@promise
def without_a_ca_file_the_system_decides():
	broker = Broker(tls=Authority().issue("localhost", "DNS:localhost,IP:127.0.0.1"))
	refused(broker, "tls = yes\n", "is not signed by the system's authorities").stop()


@promise
def a_certificate_for_another_name_is_not_believed():
	authority = Authority()
	broker = Broker(tls=authority.issue("elsewhere", "DNS:elsewhere.example"))
	refused(broker, f"tls = yes\nca_file = {authority.ca}\n", "for another name").stop()


@promise
def insecure_has_to_be_said_and_then_believes_everybody():
	broker = Broker(tls=Authority("Other CA").issue("elsewhere", "DNS:elsewhere.example"))
	gateway, source = telling()
	meterd = Meterd(broker.section(f"tls = yes\ninsecure = yes\nca_file = {Authority().ca}\n") + source)
	wait_until(lambda: "mqtt: connected" in meterd.log())
	wait_until(lambda: "PUBLISH from" in broker.log())
	meterd.stop()


@promise
def a_broker_without_tls_is_not_spoken_to_in_clear():
	broker = Broker()
	refused(broker, f"tls = yes\nca_file = {Authority().ca}\n", "it is tried again").stop()


@promise
def a_broker_that_wants_a_certificate_gets_ours():
	authority = Authority()
	broker = Broker(tls=authority.issue("localhost", "DNS:localhost,IP:127.0.0.1"), ca=authority.ca)
	certificate, key = authority.issue("meterd", "DNS:meterd")
	gateway, source = telling()
	meterd = Meterd(broker.section(f"tls = yes\nca_file = {authority.ca}\ncert_file = {certificate}\nkey_file = {key}\n") + source)
	View(broker, "--cafile", authority.ca, "--cert", certificate, "--key", key).wait("meter/house", lambda s: power(s) > 5)
	meterd.stop()


@promise
def a_broker_that_wants_a_certificate_and_gets_none_is_told():
	authority = Authority()
	broker = Broker(tls=authority.issue("localhost", "DNS:localhost,IP:127.0.0.1"), ca=authority.ca)
	refused(broker, f"tls = yes\nca_file = {authority.ca}\n", "it is tried again").stop()


@promise
def a_key_that_others_can_read_is_not_used():
	authority = Authority()
	broker = Broker(tls=authority.issue("localhost", "DNS:localhost,IP:127.0.0.1"), ca=authority.ca)
	certificate, key = authority.issue("meterd", "DNS:meterd")
	os.chmod(key, 0o644)
	refused(broker, f"tls = yes\nca_file = {authority.ca}\ncert_file = {certificate}\nkey_file = {key}\n", "chmod").stop()


# What is told

@promise
def numbers_are_told_only_where_identity_is_yes():
	hidden = [NUMBER.encode(), NUMBER.encode().hex().upper().encode(), NUMBER.encode().hex().encode()]
	broker, view, gateway, meterd = house("fields = yes\n")
	view.wait("meter/house/fields", lambda f: "1-0:1.7.0" in f)
	view.wait("meter/house", lambda s: power(s) > 5)
	meterd.stop()
	for message in view.messages:
		for number in hidden:
			if number in message.payload or number in message.topic.encode():
				raise AssertionError(f"{message}")
	broker, view, gateway, meterd = house("fields = yes\n[daemon]\nidentity = yes\n")
	equal(view.wait("meter/house", lambda s: power(s) > 5)["meter"], NUMBER)
	equal(view.wait("meter/house/fields")["0-0:96.1.1"], NUMBER.encode().hex().upper())
	meterd.stop()


@promise
def what_a_tic_meter_printed_is_told_by_label_when_it_changes():
	broker = Broker()
	view = View(broker)
	frames = [tic_historique(hc=1000 + i // 5, hp=2000, papp=500, more=[("ADPS", "030")] if i == 7 else []) for i in range(12)]
	gateway = Gateway(lambda n: [x for frame in frames for x in (frame, 0.1)])
	meterd = Meterd(broker.section() + f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\nprotocol = tic\ncycle = 0\n")
	view.wait("meter/house", lambda s: s["quantities"].get("energy_import_t1") == 1002)
	fields = view.wait("meter/house/fields", lambda f: f["HCHC"] == "000001002")
	equal((fields["PTEC"], fields["PAPP"], fields["ISOUSC"], "ADCO" in fields), ("HP..", "00500", "45", False))
	wait_until(lambda: len(view.all("meter/house")) >= 12)
	equal(len(view.all("meter/house/fields")) <= 5, True, f"{len(view.all('meter/house/fields'))} times the fields")
	meterd.stop()


@promise
def events_are_told_each_and_not_kept():
	broker = Broker()
	view = View(broker)
	more = lambda failures: [("0-0:96.7.21", f"{failures:05d}")]
	telegrams = [p1(None, number=NUMBER, r1_8_1=1000, r1_8_2=500, more=more(3) + [("0-0:96.14.0", "0001")]),
		     p1(None, number=NUMBER, r1_8_1=1001, r1_8_2=500, more=more(3) + [("0-0:96.14.0", "0002")]),
		     p1(None, number=NUMBER, r1_8_1=1001, r1_8_2=501, more=more(5) + [("0-0:96.14.0", "0002")])]
	go = threading.Event()
	gateway = Gateway(lambda n: [telegrams[0], lambda: go.wait(60) and None, *telegrams[1:]])
	meterd = Meterd(broker.section() + f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\ncycle = 0\n")
	view.wait("meter/house")
	go.set()
	wait_until(lambda: len(view.all("meter/house/event")) >= 2)
	events = [m.json for m in view.all("meter/house/event")]
	equal([(e["event"], e["name"], e["from"], e["to"]) for e in events],
	      [("tariff-changed", "house", "low", "normal"), ("power-failure", "house", 3, 5)])
	equal([e for e in broker.retained() if e.endswith("event")], [])
	meterd.stop()


@promise
def events_wait_for_a_broker_that_is_away():
	port = free_port()
	broker = Broker(port=port, start=False)
	frames = [tic_historique(base=1000 + i, ptec=ptec) for i, ptec in enumerate(["TH..", "HC..", "TH.."])]
	gateway = Gateway(lambda n: [frames[0], 0.1, frames[1], 0.1, frames[2]])
	meterd = Meterd(broker.section() + f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\nprotocol = tic\n")
	wait_until(lambda: meterd.meter("house")["quantities"].get("energy_import") == 1002)
	wait_until(lambda: "Connection refused" in meterd.log())
	broker.start()
	view = View(broker)
	wait_until(lambda: len(view.all("meter/house/event")) == 2)
	equal([m.json["to"] for m in view.all("meter/house/event")], ["HC..", "TH.."])
	meterd.stop()


@promise
def a_silent_meter_is_offline_and_its_live_values_go():
	broker = Broker()
	view = View(broker)
	gateway = Gateway([p1(None, number=NUMBER, r1_8_1=1234567), 1, p1(None, number=NUMBER, r1_8_1=1234568), HOLD])
	meterd = Meterd(broker.section() + f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\ncycle = 0\n")
	view.wait("meter/house", lambda s: s["quantities"]["energy_import_t1"] == 1234568 and power(s) == 500)
	view.wait("meter/house/availability", lambda a: a == "offline")
	state = view.wait("meter/house", lambda s: s["state"] != "connected")
	equal((power(state), state["quantities"]["energy_import_t1"]), (-1, 1234568))
	meterd.stop()


@promise
def live_values_go_where_a_gateway_goes_while_they_are_fresh():
	broker = Broker()
	view = View(broker)
	gateway = Gateway([p1(None, number=NUMBER, r1_8_1=1234567), 1, p1(None, number=NUMBER, r1_8_1=1234568), HOLD])
	meterd = Meterd(broker.section() + f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\ncycle = 0\n")
	view.wait("meter/house", lambda s: s["quantities"]["energy_import_t1"] == 1234568)
	gateway.stop()
	view.wait("meter/house", lambda s: s["state"] == "refused")
	state = view.wait("meter/house", lambda s: power(s) == -1)
	equal(state["quantities"]["energy_import_t1"], 1234568)
	count = len(view.all("meter/house"))
	stays(lambda: len(view.all("meter/house")) == count, 2)
	meterd.stop()


@promise
def a_meter_that_is_renamed_leaves_nothing_under_its_old_name():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	meterd.reload(broker.section() + f"[meter {NUMBER}]\nname = villa\n"
		      f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\ncycle = 0\n")
	view.wait("meter/villa", lambda s: power(s) > 5)
	wait_until(lambda: view.last("meter/house") == b"")
	kept = broker.retained()
	equal(sorted(t for t in kept if t.startswith("meter/house")), [])
	equal(kept["meter/villa/availability"], b"online")
	meterd.stop()


@promise
def a_meter_that_is_renamed_while_the_broker_is_away_leaves_nothing_either():
	more = "discovery = device, component\n"
	broker, view, gateway, meterd = house(more)
	view.wait("meter/house", lambda s: power(s) > 5)
	view.wait("domoticz/sensor/meter_house_state/config")
	source = f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\ncycle = 0\n"
	broker.stop()
	wait_until(lambda: "it is tried again" in meterd.log())
	meterd.reload(broker.section(more) + f"[meter {NUMBER}]\nname = villa\n" + source)
	wait_until(lambda: meterd.quantities("villa")["power_import"] > 5)
	broker.start()
	view = View(broker)
	view.wait("meter/villa", lambda s: power(s) > 5)
	wait_until(lambda: not [t for t in broker.retained() if "house" in t])
	# Or while meterd is not there.
	meterd.stop()
	meterd = Meterd(broker.section(more) + f"[meter {NUMBER}]\nname = castle\n" + source, directory=meterd.directory)
	view.wait("meter/castle", lambda s: power(s) > 5)
	wait_until(lambda: not [t for t in broker.retained() if "villa" in t])
	meterd.stop()


@promise
def a_meter_whose_source_is_taken_away_leaves_nothing():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	other, source = telling(number="E0000000000000077")
	meterd.reload(broker.section() + source.replace("[source house]", "[source barn]"))
	view.wait("meter/barn", lambda s: power(s) > 5)
	wait_until(lambda: not [t for t in broker.retained() if t.startswith("meter/house")])
	meterd.stop()
	equal([t for t in broker.retained() if t.startswith("meter/house")], [])
	equal([m["name"] for m in meterd_again(meterd).meters()], ["barn", "house"], "the ledger still has it")


def meterd_again(meterd):
	return Meterd("", directory=meterd.directory)


@promise
def another_topic_takes_everything_along():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	with open(meterd.config) as f:
		config = f.read()
	meterd.reload(config.replace("[mqtt]", "[mqtt]\ntopic = home/meters"))
	view.wait("home/meters/house", lambda s: power(s) > 5)
	view.wait("home/meters/bridge/state", lambda a: a == "online")
	equal([t for t in broker.retained() if t.startswith("meter/")], [])
	meterd.stop()


@promise
def another_topic_leaves_no_entity_of_the_old_one():
	broker, view, gateway, meterd = house("discovery = device, component\n")
	view.wait("domoticz/sensor/meter_house_power_import/config")
	view.wait("meter/house", lambda s: power(s) > 5)
	with open(meterd.config) as f:
		config = f.read()
	confirmed = broker.log().count("Sending PUBACK to meterd")
	# All confirmations are there at once, so that nothing flies while others wait.
	broker.freeze()
	meterd.reload(config.replace("[mqtt]", "[mqtt]\ntopic = home/meters"))
	wait_until(lambda: "was read again" in meterd.log())
	meterd.process.send_signal(signal.SIGSTOP)
	broker.thaw()
	wait_until(lambda: broker.log().count("Sending PUBACK to meterd") >= confirmed + 20)
	meterd.process.send_signal(signal.SIGCONT)
	view.wait("domoticz/sensor/home_meters_house_power_import/config")
	old_connection, _ = broker.log().split("Received DISCONNECT from meterd")
	equal("home/meters" in old_connection, False, "the new topic in the old connection")
	equal([t for t in broker.retained() if "meter_house" in t], [])
	meterd.stop()


@promise
def another_broker_takes_over_at_a_reload():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	second = Broker()
	with open(meterd.config) as f:
		config = f.read()
	meterd.reload(config.replace(f"port = {broker.port}", f"port = {second.port}"))
	View(second).wait("meter/house", lambda s: power(s) > 5)
	kept = broker.retained()
	equal((kept["meter/bridge/state"], kept["meter/house/availability"]), (b"offline", b"offline"), "what the first one has kept")
	equal([m.payload for m in view.all("meter/bridge/state")], [b"online", b"offline"])
	meterd.stop()


@promise
def a_section_that_comes_back_tells_everything():
	broker = Broker()
	directory = Directory()
	with open(directory / "capture", "wb") as f:
		f.write(p1(utc(2024, 10, 10), number=NUMBER, r1_8_1=1234567))
	# Nothing more happens to this meter.
	source = f"[source house]\ntype = replay\npath = {directory / 'capture'}\n"
	meterd = Meterd(broker.section() + source, directory=directory)
	View(broker).wait("meter/house", lambda s: s["state"] == "off")
	meterd.reload(source)
	wait_until(lambda: broker.retained()["meter/bridge/state"] == b"offline")
	for topic in ("meter/house", "meter/house/period"):
		broker.publish(topic, "", retain=True)
	meterd.reload(broker.section() + source)
	wait_until(lambda: {"meter/house", "meter/house/period"} <= set(broker.retained()), 20)
	meterd.stop()


@promise
def a_reload_that_changes_nothing_keeps_the_connection():
	broker, view, gateway, meterd = house()
	view.wait("meter/house", lambda s: power(s) > 5)
	count = broker.log().count("New client connected")
	meterd.hup()
	wait_until(lambda: "was read again" in meterd.log())
	seen = power(view.json("meter/house"))
	view.wait("meter/house", lambda s: power(s) > seen)
	equal(broker.log().count("New client connected"), count)
	meterd.stop()


@promise
def layouts_of_others_are_told_beside_ours():
	broker = Broker()
	view = View(broker)
	gateway, source = telling(number=NUMBER, r1_8_2=2000)
	tic = Gateway(lambda n: (x for i in itertools.count() for x in (tic_historique(hc=1000 + i, hp=2000), 0.2)))
	meterd = Meterd("[daemon]\nidentity = yes\n" +
			broker.section("layout = native, dsmr-reader, teleinfo2mqtt, smartmeter-datacollector\ndsmr_reader_meter = house\n") +
			source + f"[source cellar]\ntype = tcp\nhost = 127.0.0.1\nport = {tic.port}\nprotocol = tic\ncycle = 0\n")
	view.wait("meter/house", lambda s: power(s) > 5)
	view.wait("dsmr/reading/electricity_delivered_1", lambda v: re.fullmatch(r"1\.\d{3}", v))
	view.wait("dsmr/reading/electricity_delivered_2", lambda v: v == "2.000")
	equal(view.wait("teleinfo/123456789012")["PAPP"], {"raw": "00500", "value": 500})
	equal(sorted(view.wait(f"smartmeter/{NUMBER}/ACTIVE_POWER_P")), ["obis", "timestamp", "value"])
	meterd.stop()


@promise
def costs_stand_where_dsmr_reader_has_them():
	broker = Broker()
	view = View(broker)
	telegrams = [p1(utc(2024, 10, 10) + 600 * i, number=NUMBER, r1_8_1=1000000 + 100 * i, r1_8_2=500000 + 10 * i) for i in range(145)]
	meterd = replay(telegrams, broker.section("layout = dsmr-reader\n") +
			"[price contract]\ncurrency = EUR\nimport_t1 = 0.2\nimport_t2 = 0.3\nfixed_day = 0.5\n")
	# From midnight to midnight 14.4 kWh and 1.44 kWh; what runs is the day after, of which the month is the sum.
	for topic, wanted in (("electricity1_cost", "2.88"), ("electricity2_cost", "0.43"), ("electricity_cost_merged", "3.31")):
		view.wait(f"dsmr/current-month/{topic}", lambda v, wanted=wanted: v == wanted)
	view.wait("dsmr/current-month/fixed_cost", lambda v: v in ("0.50", "1.00"))
	meterd.stop()


@promise
def home_assistant_is_told_again_when_it_begins():
	broker, view, gateway, meterd = house()
	config = "homeassistant/device/meter_house/config"
	view.wait(config)
	view.wait("meter/house", lambda s: power(s) > 5)
	count = len(view.all(config))
	broker.publish("homeassistant/status", "online")
	wait_until(lambda: len(view.all(config)) > count, 30)
	equal(view.all(config)[-1].payload, view.all(config)[count - 1].payload)
	meterd.stop()


@promise
def fifty_meters_are_all_told():
	broker = Broker("log_type none\n")
	view = View(broker)
	gateways = [telling(number=f"E{i:016d}", pause=0.5) for i in range(50)]
	meterd = Meterd(broker.section() + "".join(source.replace("[source house]", f"[source m{i:02d}]")
						   for i, (gateway, source) in enumerate(gateways)))
	for i in range(50):
		view.wait(f"meter/m{i:02d}", lambda s: power(s) >= 1)
		view.wait(f"meter/m{i:02d}/availability", lambda a: a == "online")
		view.wait(f"meter/m{i:02d}/period")
	kept = broker.retained()
	equal(len([t for t in kept if t.endswith("/availability")]), 50)
	meterd.stop()
	kept = broker.retained()
	equal({kept[f"meter/m{i:02d}/availability"] for i in range(50)}, {b"offline"})


@promise
def a_broker_that_is_full_loses_states_and_not_the_daemon():
	broker = Broker("message_size_limit 200\n")
	gateway, source = telling()
	meterd = Meterd(broker.section("version = 5\n") + source)
	wait_until(lambda: "mqtt" in meterd.log())
	seen = wait_until(lambda: meterd.quantities("house").get("power_import"))
	wait_until(lambda: meterd.quantities("house")["power_import"] > seen + 10)
	meterd.stop()


run()
