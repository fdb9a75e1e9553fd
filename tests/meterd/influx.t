#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sink of the line protocol: what its lines say, and servers that refuse, fail, hang or are not there."""
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from harness import *
from influx import *

START = utc(2024, 10, 10, 12)
NUMBER = "E0000000000000042"
SECOND = 10**9


def sink_at(url, more=""):
	return f"[sink series]\ntype = influx\nurl = {url}\ncycle = 0\n{more}"


def sink(server, more="", path="/write?db=meter", host="127.0.0.1"):
	is_http = isinstance(server, Influx)
	return sink_at(f"http://{host}:{server.port}{path}" if is_http else f"udp://{host}:{server.port}", more)


def telling(pause=0.05):
	"""A gateway whose meter goes on for ever, and the configuration for it; its power counts telegrams."""
	gateway = Gateway(lambda n: (x for i in range(100000) for x in (p1(None, r1_8_1=1000 + i, power_w=i), pause)))
	return gateway, f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n"


def powers(points):
	return [int(p.fields["power_import_w"]) for p in points if "power_import_w" in p.fields]


def counted(meterd, result, name="series"):
	return meterd.metric("meterd_sink_publications_total", sink=name, result=result)


def said(meterd, words):
	return meterd.log().count(words)


@promise
def points_say_what_the_meter_said():
	server = Influx()
	telegrams = [p1(START + i, number=NUMBER, r1_8_1=1234567 + i, r1_8_2=2, r2_8_1=0, power_w=456, power_export_w=0,
			more=[("1-0:32.7.0", "231.1*V"), ("1-0:31.7.0", "001*A"), ("0-0:96.14.0", "0002")]) for i in range(3)]
	meterd = replay(telegrams, sink(server))
	wait_until(lambda: len(server.taken) == 3)
	server.check()
	for i, point in enumerate(server.taken):
		equal((point.measurement, point.tags), ("electricity", {"meter": "house", "protocol": "p1"}))
		equal(point.time, (START + i) * SECOND)
		equal(point.fields, {
			"energy_import_wh": Decimal(1234569 + i), "energy_import_t1_wh": Decimal(1234567 + i),
			"energy_import_t2_wh": Decimal(2), "energy_export_wh": Decimal(0), "energy_export_t1_wh": Decimal(0),
			"power_import_w": Decimal(456), "power_export_w": Decimal(0), "power_net_w": Decimal(456),
			"voltage_l1_v": Decimal("231.1"), "current_l1_a": Decimal(1), "tariff": 2, "tariff_label": "normal"})
		equal(type(point.fields["tariff"]), int)
	equal(server.requests[0][0], "/write?db=meter")
	equal(server.requests[0][1]["Host"], f"127.0.0.1:{server.port}")
	meterd.stop()


@promise
def gas_has_a_point_of_its_own_at_the_time_of_its_capture():
	server = Influx()
	meterd = replay([p1(START + i, r1_8_1=1, gas=5123, gas_at=START - 300) for i in range(3)], sink(server))
	wait_until(lambda: len(server.taken) == 6)
	gas = [p for p in server.taken if p.measurement == "gas"]
	equal({(p.time, *p.fields.items()) for p in gas}, {((START - 300) * SECOND, ("volume_m3", Decimal("5.123")))})
	equal([p.fields.get("volume_m3") for p in server.taken if p.measurement == "electricity"], [None] * 3)
	meterd.stop()


@promise
def a_point_of_a_telegram_without_a_clock_has_the_time_when_it_came():
	server = Influx()
	gateway, source = telling()
	before = time.time_ns()
	meterd = Meterd(source + sink(server))
	wait_until(lambda: len(server.taken) > 3)
	after = time.time_ns()
	times = [p.time for p in server.taken]
	equal(times, sorted(times))
	if not before - SECOND <= times[0] <= times[3] <= after + SECOND:
		raise AssertionError(f"{times} are not between {before} and {after}")
	meterd.stop()


@promise
def times_are_in_the_unit_that_the_url_asks_for():
	for word, unit in (("s", SECOND), ("ms", 10**6), ("us", 1000), ("ns", 1)):
		server = Influx()
		path = f"/api/v2/write?org=home&precision={word}&bucket=meter"
		meterd = replay([p1(START + i, r1_8_1=1, power_w=i) for i in range(3)], sink(server, path=path))
		wait_until(lambda: len(server.taken) == 3)
		equal([p.time for p in server.taken], [(START + i) * SECOND // unit for i in range(3)], word)
		equal(server.requests[0][0], path)
		meterd.stop()


@promise
def a_measurement_can_have_another_name():
	server = Influx()
	meterd = replay([p1(START, r1_8_1=1, gas=1, gas_at=START)], sink(server, "measurement = power\n"))
	wait_until(lambda: len(server.taken) == 2)
	equal([p.measurement for p in server.taken], ["power", "gas"])
	meterd.stop()


def simulated(kinds, more):
	"""A meterd that has read something of each kind of meter that the simulator knows."""
	directory, config = Directory(), ""
	for i, kind in enumerate(kinds, 1):
		with open(directory / kind, "wb") as f:
			number = {"number": f"{i:012}"} if kind not in ("sweden", "austria") else {}
			f.write(simulate(kind, count=40, start=iso(START), **number))
		config += f"[source {kind}]\ntype = replay\npath = {directory / kind}\n"
		if kind.startswith(("linky-historique", "dsmr22", "dsmr3")):
			config += f"start = {iso(START)}\ninterval = 2\n"
	meterd = Meterd(config + more, directory=directory)
	wait_until(lambda: said(meterd, "read to its end") == len(kinds))
	return meterd


@promise
def a_field_never_changes_its_type_and_no_line_its_bounds():
	kinds = text_kinds()
	server, receiver = Influx(), Receiver()
	meterd = simulated(kinds, sink(server) + sink(receiver).replace("[sink series]", "[sink datagrams]"))
	for taken in (lambda: server.taken, lambda: receiver.taken):
		wait_until(lambda: len({p.tags["meter"] for p in taken()}) >= len(kinds))
	wait_until(lambda: counted(meterd, "sent") == counted(meterd, "sent", "datagrams") >= 30 * len(kinds))
	server.check()
	types = {}
	for point in server.taken + receiver.taken:
		for name, value in point.fields.items():
			types.setdefault((point.measurement, name), set()).add(type(value))
	equal({k: v for k, v in types.items() if len(v) > 1}, {}, "fields with several types")
	equal({name for (_, name), kind in types.items() if kind == {int}}, {"tariff"}, "integers")
	equal({m for m, _ in types}, {"electricity", "gas", "water"}, "measurements")
	if len(types) < 50:
		raise AssertionError(f"only {len(types)} fields were seen")
	if not any(len(point.fields["tariff_label"]) > 3 for point in server.taken if "tariff_label" in point.fields):
		raise AssertionError("no label was seen")
	equal([len(d) for d in receiver.datagrams if len(d) > 1400], [], "lengths of datagrams")
	meterd.stop()


@promise
def a_state_that_is_longer_than_a_datagram_is_several_lines_of_one_point():
	registers = {f"r{d}_8_{t}": 123456789 for d in (1, 2) for t in range(1, 17)}
	live = [(f"1-0:{c}.7.0", "00.123*kW") for c in (21, 22, 41, 42, 61, 62)]
	live += [(f"1-0:{c}.7.0", "00.123*kvar") for c in (3, 4, 23, 24, 43, 44, 63, 64)]
	live += [(f"1-0:{c}.7.0", "230.1*V") for c in (32, 52, 72)] + [(f"1-0:{c}.7.0", "001.25*A") for c in (31, 51, 71)]
	telegram = p1(START, **registers, more=live, gas=1, gas_at=START)
	server, receiver = Influx(), Receiver()
	meterd = replay([telegram], sink(server) + sink(receiver).replace("[sink series]", "[sink datagrams]"))
	wait_until(lambda: len(server.taken) >= 2 and len(receiver.taken) >= 2)
	server.check()
	for taken in (server.taken, receiver.taken):
		points = [p for p in taken if p.measurement == "electricity"]
		equal(len({(p.time, *p.tags.items()) for p in points}), 1, "points")
		names = [name for p in points for name in p.fields]
		equal(len(names), len(set(names)), "fields")
		equal(len([n for n in names if n.startswith("energy_")]), 34)
		if len(points) < 2:
			raise AssertionError("one line was long enough")
	meterd.stop()


@promise
def numbers_of_meters_are_never_sent():
	server = Influx()
	meterd = replay([p1(START + i, number=NUMBER, r1_8_1=1, gas=1, gas_at=START) for i in range(3)],
			"[daemon]\nidentity = yes\n" + sink(server))
	wait_until(lambda: len(server.taken) == 6)
	for point in server.taken:
		for number in (NUMBER, NUMBER.encode().hex().upper(), "G0000000000000001"):
			if number in point.line:
				raise AssertionError(point.line)
	meterd.stop()


@promise
def one_connection_has_one_request_at_a_time_and_the_next_one_has_all_that_waits():
	release = threading.Event()
	server = Influx(lambda n: (release.wait(60), 204)[1] if n == 0 else 204)
	gateway, source = telling(0.02)
	meterd = Meterd(source + sink(server))
	wait_until(lambda: len(server.requests) == 1)
	wait_until(lambda: meterd.quantities("house")["power_import"] > 30, what="the loop goes on")
	equal(len(server.requests), 1, "requests while one is under way")
	release.set()
	wait_until(lambda: len(server.taken) > 40)
	equal(server.connections, 1)
	if len(server.requests[1][2]) < 25:
		raise AssertionError(f"the second request had {len(server.requests[1][2])} points")
	got = powers(server.taken)
	equal(got, list(range(got[0], got[0] + len(got))), "points in their order, none twice")
	equal(counted(meterd, "lost"), 0)
	meterd.stop()


@promise
def lines_that_are_refused_are_lost_counted_and_told_once():
	server = Influx(lambda n: (400, b'{"error":"partial write:\x1b[2J field type conflict"}\n' + b"x" * 5000) if n < 5 else 204)
	gateway, source = telling()
	meterd = Meterd(source + sink(server))
	wait_until(lambda: len(server.taken) > 3)
	refused = powers(p for r in server.requests[:5] for p in r[2])
	equal([p for p in powers(server.taken) if p in refused], [], "refused points that were sent again")
	equal(said(meterd, "refuses lines"), 1)
	line = next(x for x in meterd.log().splitlines() if "refuses lines" in x)
	equal("400" in line and "field type conflict" in line and "\x1b" not in line and len(line) < 400, True, line)
	wait_until(lambda: f"takes lines again; {len(refused)} publications were lost" in meterd.log())
	equal(counted(meterd, "lost"), len(refused))
	meterd.stop()


def fails_and_recovers(answer, words, times=2):
	"""A server that fails some times loses nothing, is complained of once, and is asked less and less often."""
	server = Influx(lambda n: answer if n < times else 204)
	gateway, source = telling()
	meterd = Meterd(source + sink(server))
	wait_until(lambda: "takes lines again; 0 publications were lost" in meterd.log())
	got = powers(server.taken)
	equal(got, list(range(got[0], got[0] + len(got))), "points in their order, none twice")
	equal(got[0], powers(server.requests[0][2])[0], "first point of all")
	equal(said(meterd, words), 1, "complaints")
	equal(counted(meterd, "lost"), 0)
	equal(meterd.running(), True)
	meterd.stop()
	return server


@promise
def a_server_that_fails_gets_the_lines_again():
	fails_and_recovers((503, b"overloaded\n"), "it answers 503, the lines wait: overloaded")


@promise
def a_server_that_has_too_much_to_do_gets_the_lines_again():
	fails_and_recovers((429, b""), "it answers 429")


@promise
def a_database_that_is_not_there_yet_gets_the_lines_when_it_is():
	fails_and_recovers((404, b'{"error":"database not found: \\"meter\\""}\n'), "database not found")


@promise
def a_server_that_closes_without_an_answer_gets_the_lines_again():
	fails_and_recovers(CLOSE, "the connection ended without an answer")


@promise
def a_server_that_does_not_answer_is_given_up_after_10_seconds():
	server = fails_and_recovers(HANG, "no answer within 10 s", times=1)
	equal(server.connections, 2)


@promise
def an_endless_answer_is_not_read_to_its_end():
	server = Influx(lambda n: (400, b"x" * (64 << 20)) if n == 0 else 204)
	gateway, source = telling()
	meterd = Meterd(source + sink(server))
	wait_until(lambda: len(server.taken) > 3)
	if meterd.rss > 400 << 10:
		raise AssertionError(f"{meterd.rss} KiB")
	equal(server.connections, 2)
	meterd.stop()


@promise
def a_server_that_begins_later_gets_all_that_waited():
	port = free_port()
	gateway, source = telling()
	meterd = Meterd(source + sink_at(f"http://127.0.0.1:{port}/write?db=meter"))
	wait_until(lambda: said(meterd, "no connection: is the port right") == 1)
	wait_until(lambda: meterd.quantities("house")["power_import"] > 40)
	server = Influx(port=port)
	wait_until(lambda: "takes lines again; 0 publications were lost" in meterd.log())
	got = powers(server.taken)
	equal(got, list(range(len(got))), "points since the beginning")
	equal(said(meterd, "no connection"), 1)
	# And again, after it was away while a connection was open.
	server.end()
	power = meterd.quantities("house")["power_import"]
	wait_until(lambda: meterd.quantities("house")["power_import"] > power + 20)
	again = Influx(port=port)
	wait_until(lambda: powers(again.taken))
	every = sorted(set(powers(server.taken)) | set(powers(again.taken)))
	equal(every, list(range(len(every))), "points over both lives of the server")
	meterd.stop()


@promise
def a_connection_that_was_closed_while_nothing_was_sent_is_made_anew():
	server = Influx()
	script = [p1(None, r1_8_1=1, power_w=1), lambda: closed.wait(60) and None, p1(None, r1_8_1=2, power_w=2), HOLD]
	closed = threading.Event()
	gateway = Gateway(script)
	meterd = Meterd(f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n" + sink(server))
	wait_until(lambda: powers(server.taken) == [1])
	for s in server.sockets:
		s.shutdown(socket.SHUT_RDWR)
	closed.set()
	wait_until(lambda: powers(server.taken) == [1, 2])
	equal((server.connections, counted(meterd, "lost")), (2, 0))
	meterd.stop()


@promise
def a_name_that_has_no_address_is_told_and_keeps_nobody_waiting():
	gateway, source = telling()
	meterd = Meterd(source + sink_at("http://nobody.invalid:8086/write?db=meter"))
	wait_until(lambda: "nobody.invalid" in meterd.log())
	power = wait_until(lambda: meterd.quantities("house")["power_import"])
	wait_until(lambda: meterd.quantities("house")["power_import"] > power + 20)
	equal(said(meterd, "sink series: nobody.invalid:8086: "), 1, meterd.log())
	meterd.stop()
	if not re.search(r"sink series: \d+ publications for nobody.invalid:8086 were lost", meterd.log()):
		raise AssertionError("what was lost is not told")


@promise
def a_name_is_looked_up():
	for server in (Influx(), Receiver()):
		meterd = replay([p1(START, r1_8_1=1, power_w=7)], sink(server, host="localhost"))
		wait_until(lambda: powers(server.taken) == [7])
		meterd.stop()


@promise
def all_addresses_of_a_name_are_tried():
	if not shutil.which("unshare"):
		raise Skip("no unshare")
	directory = Directory()
	with open(directory / "hosts", "w") as f:
		f.write("127.0.0.3 several.test\n127.0.0.2 several.test\n127.0.0.1 several.test\n")
	mounted = f"mount --bind {directory / 'hosts'} /etc/hosts && exec \"$@\""
	wrapper = ["unshare", "--mount", "sh", "-c", mounted, "sh"]
	if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL).returncode:
		raise Skip("no mount namespaces for this user")
	for server in (Influx(), Receiver()):
		meterd = replay([p1(START, r1_8_1=1, power_w=7)], sink(server, host="several.test"), wrapper=wrapper)
		wait_until(lambda: 7 in powers(server.taken))
		equal(said(meterd, "several.test"), 0, meterd.log())
		meterd.stop()


@promise
def what_finds_no_room_takes_that_of_the_oldest_and_is_counted():
	server = Influx(503)
	telegrams = [p1(START + i, r1_8_1=1000 + i, power_w=i % 1000) for i in range(12000)]
	meterd = replay(telegrams, sink(server) + "[sink lines]\ntype = jsonl\npath = {dir}/out\ncycle = 0\n")
	equal(said(meterd, "the oldest are given up"), 1)
	lost = counted(meterd, "lost")
	if not 1000 < lost < 11000:
		raise AssertionError(f"{lost} were lost")
	equal(counted(meterd, "sent"), 0)
	equal((counted(meterd, "sent", "lines"), counted(meterd, "lost", "lines")), (12000, 0))
	server.answer = 204
	wait_until(lambda: counted(meterd, "sent") + counted(meterd, "lost") == 12000)
	got = [p.time // SECOND - START for p in server.taken]
	# A request that was on its way when there was no room is repeated whole.
	gap = next((i for i in range(1, len(got)) if got[i] != got[i - 1] + 1), 0)
	equal((got[:gap], got[gap:]), (list(range(got[0], got[0] + gap)), list(range(12000 - len(got) + gap, 12000))), "points are the newest")
	if gap * 100 > 256 << 10:
		raise AssertionError(f"{gap} older points came")
	if max(len(r[2]) for r in server.requests) * 100 > 256 << 10:
		raise AssertionError("a request has more than 256 KiB")
	meterd.stop()


@promise
def a_token_is_sent_and_never_told():
	server = Influx()
	directory = Directory()
	with open(directory / "token", "w") as f:
		f.write("very-secret==\n")
	os.chmod(directory / "token", 0o640)
	meterd = replay([p1(START, r1_8_1=1)], sink(server, f"token_file = {directory / 'token'}\n"))
	wait_until(lambda: server.taken)
	equal(server.requests[0][1]["Authorization"], "Token very-secret==")
	meterd.stop()
	if "very-secret" in meterd.log():
		raise AssertionError("the token is in the log")


@promise
def a_token_that_others_can_read_is_not_used_until_they_cannot():
	server = Influx()
	directory = Directory()
	with open(directory / "token", "w") as f:
		f.write("very-secret")
	os.chmod(directory / "token", 0o644)
	gateway, source = telling()
	meterd = Meterd(source + sink(server, f"token_file = {directory / 'token'}\n"))
	wait_until(lambda: said(meterd, "chmod 0640") == 1)
	equal(server.requests, [])
	os.chmod(directory / "token", 0o640)
	wait_until(lambda: server.taken)
	equal(powers(server.taken)[0], 0, "the first point")
	meterd.stop()


@promise
def a_reload_keeps_what_waits():
	server = Influx(503)
	gateway, source = telling()
	meterd = Meterd(source + sink(server))
	wait_until(lambda: len(server.requests) == 3)
	server.answer = 204
	meterd.reload(source + sink(server, "measurement = power\n"))
	wait_until(lambda: any(p.measurement == "power" for p in server.taken))
	got = powers(server.taken)
	equal(got, list(range(len(got))), "points since the beginning")
	meterd.stop()


@promise
def datagrams_arrive_and_those_that_nobody_took_are_sent_again():
	port = free_port()
	absent = type("Absent", (Receiver,), {"__init__": lambda self: None})()
	absent.port = port
	gateway, source = telling()
	meterd = Meterd(source + sink(absent))
	wait_until(lambda: said(meterd, "nobody takes datagrams there") == 1)
	wait_until(lambda: meterd.quantities("house")["power_import"] > 20)
	equal(counted(meterd, "sent"), 0)
	receiver = Receiver(port=port)
	wait_until(lambda: "takes lines again; 0 publications were lost" in meterd.log())
	got = powers(receiver.taken)
	equal(got, list(range(len(got))), "points since the beginning")
	meterd.stop()
	equal(max(powers(receiver.taken)), len(set(powers(receiver.taken))) - 1, "points, with those at the end")
	if "were lost, of which" in meterd.log():
		raise AssertionError("what could be sent at the end was not")


@promise
def a_daemon_that_ends_tells_what_still_waited():
	server = Influx(503)
	gateway, source = telling()
	meterd = Meterd(source + sink(server))
	wait_until(lambda: len(server.requests) >= 2)
	meterd.stop()
	if not re.search(r"\d+ publications for 127.0.0.1:\d+ were lost, of which \d+ had waited", meterd.log()):
		raise AssertionError(meterd.log())


run()
