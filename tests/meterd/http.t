#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP server: what its pages tell, and what requests that mean harm get."""
import resource
import shutil
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from harness import *

START = utc(2024, 10, 10, 12)
NUMBER = "E0000000000000042"
REPLAY = "[source {name}]\ntype = replay\npath = {file}\n"
MEMBERS = ["name", "meter", "protocol", "source", "state", "time", "received", "quantities", "held", "tariff_label",
	   "tariff_by", "color_today", "color_tomorrow", "fields"]
HOST = b"Host: localhost\r\n"
CLOSING = HOST + b"Connection: close\r\n"


def replay(name, data, more="", **options):
	"""A meterd that has read these telegrams to their end."""
	directory = Directory()
	with open(directory / "capture", "wb") as f:
		f.write(data)
	meterd = Meterd(REPLAY.format(name=name, file=directory / "capture") + more, directory=directory, **options)
	wait_until(lambda: meterd.meter(name)["state"] == "off", what="the replay's end")
	return meterd


def house(more="", **options):
	return replay("house", b"".join(p1(START + i, number=NUMBER, power_w=400 + i, r1_8_1=1000 + i, r1_8_2=2000, r2_8_1=0,
					   gas=5123, gas_at=START - 300) for i in range(3)), more, **options)


def talk(meterd, data, shut=False, seconds=60):
	"""All bytes that come back until the other side closes."""
	with socket.create_connection(("127.0.0.1", meterd.port), timeout=seconds) as s:
		try:
			s.sendall(data)
			if shut:
				s.shutdown(socket.SHUT_WR)
		except OSError:
			pass
		got = b""
		try:
			while chunk := s.recv(65536):
				got += chunk
		except ConnectionResetError:
			pass
		return got


def answers(data):
	"""[(status, headers, body)] of what a connection gave, all of known length."""
	found = []
	while data:
		head, _, data = data.partition(b"\r\n\r\n")
		lines = head.decode("latin-1").split("\r\n")
		headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
		length = int(headers.get("content-length", len(data)))
		found.append((int(lines[0].split()[1]), headers, data[:length]))
		data = data[length:]
	return found


def one_answer(meterd, data, **options):
	got = answers(talk(meterd, data, **options))
	equal(len(got), 1, f"number of answers to {data[:60]!r}")
	return got[0]


def is_error(answer, status, *words):
	equal(answer[0], status, f"status ({answer[2][:200]!r})")
	equal(answer[1].get("content-type"), "application/json")
	error = json.loads(answer[2])
	equal(list(error), ["error"])
	for word in words:
		if word not in error["error"]:
			raise AssertionError(f"{word!r} is not in {error['error']!r}")
	return error["error"]


def get(path, headers=CLOSING, method=b"GET", version=b"HTTP/1.1"):
	return method + b" " + path.encode() + b" " + version + b"\r\n" + headers + b"\r\n"


# Pages

@promise
def a_state_has_the_members_of_the_contract_in_their_order():
	meterd = house()
	state = meterd.meter("house")
	equal(list(state), [m for m in MEMBERS if m in state], "order of the members")
	equal({k: state[k] for k in ("name", "meter", "protocol", "source", "time")},
	      {"name": "house", "meter": NUMBER, "protocol": "p1", "source": "house", "time": iso(START + 2)})
	if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", state["received"]):
		raise AssertionError(state["received"])
	q = state["quantities"]
	equal((q["energy_import"], q["energy_import_t1"], q["energy_import_t2"], q["power_import"], q["gas"]),
	      (3002, 1002, 2000, 402, 5.123))
	if ["1-0:1.8.1", "000001.002*kWh"] not in state["fields"]:
		raise AssertionError(state["fields"])
	meterd.stop()


@promise
def meters_are_an_array_of_states_without_fields():
	meterd = house()
	meters = meterd.meters()
	equal([m["name"] for m in meters], ["house"])
	state = meterd.meter("house")
	del state["fields"]
	equal(meters[0], state)
	meterd.stop()


@promise
def a_meter_that_was_never_heard_is_told_with_empty_quantities():
	gateway = Gateway([HOLD])
	meterd = Meterd(f"[source cellar]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n"
			"[meter 123456789012]\nname = attic\n")
	meters = wait_until(lambda: [m for m in meterd.meters() if m["name"] in ("cellar", "attic")])
	equal([m["name"] for m in meters], ["attic", "cellar"])
	for m in meters:
		equal(m["quantities"], {})
		equal([k for k in ("time", "received", "protocol") if k in m], [], f"unknown members of {m['name']}")
	equal(meterd.meter("attic")["fields"], [])
	meterd.stop()


@promise
def a_register_that_is_not_believed_is_named_and_not_told():
	meterd = replay("house", b"".join(p1(START + 10 * i, r1_8_1=wh, power_w=5) for i, wh in enumerate((500000, 500010, 100, 500020))))
	held = [p1(START + 10 * i, r1_8_1=wh, power_w=5) for i, wh in enumerate((500000, 500010, 100))]
	equal("held" in meterd.meter("house"), False, "held, once it is believed again")
	meterd.stop()
	meterd = replay("house", b"".join(held))
	state = meterd.meter("house")
	equal("energy_import_t1" in state["held"], True, state["held"])
	equal(state["quantities"].get("energy_import_t1"), 500010)
	equal(state["quantities"]["power_import"], 5)
	meterd.stop()


@promise
def colors_and_tariffs_of_tempo_are_told():
	frames = [tic_frame([("ADCO", "123456789012"), ("OPTARIF", "BBR("), ("ISOUSC", "45"), ("BBRHCJB", "000000001"),
			     ("BBRHPJB", "000000002"), ("BBRHCJW", "000000003"), ("BBRHPJW", "000000004"), ("BBRHCJR", "000000005"),
			     ("BBRHPJR", "000000006"), ("PTEC", "HPJW"), ("DEMAIN", "ROUG"), ("IINST", "002"), ("PAPP", "00460")],
			    standard=False)] * 3
	meterd = replay("tempo", b"".join(frames), "start = 2024-10-10T12:00:00Z\ninterval = 2\n")
	state = meterd.meter("tempo")
	equal({k: state.get(k) for k in ("tariff_label", "tariff_by", "color_today", "color_tomorrow")},
	      {"tariff_label": "HPJW", "tariff_by": "field", "color_today": "white", "color_tomorrow": "red"})
	equal(list(state), [m for m in MEMBERS if m in state], "order of the members")
	meterd.stop()


@promise
def foreign_bytes_stay_text():
	"""A tariff's name that would end a string, an array, a page."""
	meterd = replay("tic", tic_standard(START, east=1, ltarf='"],<a>\\ ') + tic_standard(START + 2, east=1,
											 ltarf='"],<a>\\ '))
	equal(meterd.meter("tic")["tariff_label"], '"],<a>\\')
	meterd.get("/metrics")
	meterd.stop()


@promise
def every_answer_forbids_to_be_kept_or_guessed_at():
	meterd = house()
	for path in ("/meters", "/meters/house", "/ledger?meter=house&period=day", "/metrics", "/nothing", "/meters/none"):
		headers = meterd.http(path)[2]
		equal((headers.get("cache-control"), headers.get("x-content-type-options")), ("no-store", "nosniff"), path)
		equal([h for h in headers if h.startswith("access-control")], [], f"CORS of {path}")
	meterd.stop()


@promise
def head_tells_the_headers_alone():
	meterd = house()
	for path in ("/meters", "/meters/house", "/ledger?meter=house&period=day", "/metrics"):
		status, headers, body = one_answer(meterd, get(path, method=b"HEAD"))
		equal((status, body), (200, b""), path)
		equal(headers["content-type"], meterd.http(path)[2]["content-type"])
	equal(one_answer(meterd, get("/nothing", method=b"HEAD"))[0::2], (404, b""))
	meterd.stop()


# /ledger

def days(meterd, query=""):
	return meterd.get(f"/ledger?meter=house&period=day{query}")


@promise
def the_ledger_tells_entries_of_the_contract():
	meterd = replay("house", b"".join(p1(START + 3600 * i, r1_8_1=1000 * i, r1_8_2=5) for i in range(60)))
	entries = days(meterd)
	for e in entries:
		equal(list(e), [k for k in ("period", "start", "end", "register", "value", "unit", "quality") if k in e])
		equal((e["period"], e["unit"]), ("day", "Wh"))
		equal("value" in e, "missing" not in e["quality"].split(","), "value")
	equal([e["start"] for e in entries], sorted(e["start"] for e in entries), "order")
	t1 = [e["value"] for e in entries if e["register"] == "energy_import_t1"]
	equal((t1, sum(t1)), ([12000, 24000, 23000], 59000))
	meterd.stop()


@promise
def from_is_inclusive_and_to_exclusive_by_start():
	meterd = replay("house", b"".join(p1(START + 3600 * i, r1_8_1=1000 * i) for i in range(120)))
	starts = sorted({e["start"] for e in days(meterd)})
	equal(starts, [f"2024-10-{d}T00:00:00Z" for d in range(10, 16)])
	for query, wanted in (
		("&from=2024-10-12T00:00:00Z", starts[2:]),
		("&from=2024-10-12T00:00:01Z", starts[3:]),
		("&to=2024-10-12T00:00:00Z", starts[:2]),
		("&from=2024-10-11T00:00:00Z&to=2024-10-12T00:00:00Z", starts[1:2]),
		("&from=2024-10-12T02:00:00%2B02:00&to=2024-10-13T02:00:00+02:00", starts[2:3]),
		("&from=2024-10-12&to=2024-10-14", starts[2:4]),
		("&from=2030-01-01", []),
	):
		equal(sorted({e["start"] for e in days(meterd, query)}), wanted, query)
	meterd.stop()


@promise
def a_date_is_midnight_in_the_meters_zone():
	for zone, midnight in (("Europe/Paris", "2024-10-11T22:00:00Z"), ("America/New_York", "2024-10-12T04:00:00Z"),
			       ("Pacific/Auckland", "2024-10-11T11:00:00Z"), ("UTC", "2024-10-12T00:00:00Z")):
		meterd = replay("house", b"".join(p1(START + 3600 * i, r1_8_1=1000 * i) for i in range(72)),
				f"[daemon]\ntimezone = {zone}\n")
		equal(sorted({e["start"] for e in days(meterd, "&from=2024-10-12")})[0], midnight, zone)
		equal(sorted({e["start"] for e in days(meterd, "&to=2024-10-12")})[-1] < midnight, True, zone)
		meterd.stop()


@promise
def without_from_and_to_the_newest_ten_thousand_come():
	meterd = replay("house", b"".join(p1(START + 900 * i, r1_8_1=i, r1_8_2=i, r2_8_1=i) for i in range(4200)))
	newest = meterd.ledger("house", "quarter")
	whole = meterd.ledger("house", "quarter", start="2024-01-01T00:00:00Z")
	if not 9990 <= len(newest) <= 10000 < len(whole):
		raise AssertionError(f"{len(newest)} of {len(whole)} entries")
	equal(newest, whole[-len(newest):], "the newest entries")
	meterd.stop()


BAD_PARAMETERS = [
	("/ledger", "meter", "name"),
	("/ledger?meter=house", "period", "quarter, day, month or year"),
	("/ledger?meter=house&period=week", "period", "quarter, day, month or year"),
	("/ledger?meter=house&period=", "period"),
	("/ledger?meter=house&period", "period"),
	("/ledger?meter=house&period=day&from=yesterday", "from", "2024-10-10T23:05:31Z"),
	("/ledger?meter=house&period=day&from=2024-13-01", "from"),
	("/ledger?meter=house&period=day&to=2024-02-30", "to"),
	("/ledger?meter=house&period=day&from=2024-10-10T00:00:00", "from"),
	("/ledger?meter=house&period=day&from=2024-10-11&to=2024-10-10", "from", "before"),
	("/ledger?meter=house&period=day&from=2024-10-11&to=2024-10-11", "from", "before"),
	("/ledger?meter=house&meter=house&period=day", "meter", "twice"),
	("/ledger?meter=house&period=day&from=2024-10-11&from=2024-10-11", "from", "twice"),
	("/ledger?meter=house&period=day&limit=5", "limit", "not known"),
	("/ledger?meter=house&period=day&%00=5", "name"),
	("/ledger?meter=%zz&period=day", "meter"),
	("/ledger?meter=%2&period=day", "meter"),
	("/ledger?meter=" + "h" * 100 + "&period=day", "meter"),
	("/meters?x=1", "x"),
	("/meters/house?fields=no", "fields"),
	("/metrics?name=x", "name"),
]


@promise
def a_bad_parameter_is_named_and_told_what_is_expected():
	meterd = house()
	for path, *words in BAD_PARAMETERS:
		is_error(one_answer(meterd, get(path)), 400, *words)
	meterd.stop()


@promise
def an_unknown_path_or_meter_is_404():
	meterd = house()
	for path in ("/", "/meter", "/meters/", "/meters/none", "/meters/house/", "/meters/house/fields", "/metrics/",
		     "/ledger/house", "/favicon.ico", "/meters/../metrics", "/meters/%00", "/meters/house%00",
		     "/meters/%", "/meters/" + "x" * 5000, "/ledger?meter=none&period=day"):
		is_error(one_answer(meterd, get(path)), 404)
	meterd.stop()


@promise
def percent_encoding_is_taken_away_once():
	meterd = house()
	equal(one_answer(meterd, get("/%6deters/%68ouse"))[0], 200)
	is_error(one_answer(meterd, get("/meters/%2568ouse")), 404)
	equal(one_answer(meterd, get("/ledger?meter=%68ouse&p%65riod=d%61y"))[0], 200)
	meterd.stop()


# Requests that mean harm

@promise
def other_methods_are_405_and_told_what_is_allowed():
	meterd = house()
	for method in (b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"FOO", b"CONNECT"):
		answer = one_answer(meterd, get("/meters", method=method))
		is_error(answer, 405, "GET")
		equal(answer[1].get("allow"), "GET, HEAD")
	is_error(one_answer(meterd, b"POST /meters HTTP/1.1\r\n" + CLOSING + b"Content-Length: 5\r\n\r\nhello"), 405)
	meterd.stop()


HOSTS = [
	(b"localhost", 200), (b"localhost:8087", 200), (b"LOCALHOST", 200), (b"127.0.0.1", 200), (b"127.0.0.1:1", 200),
	(b"192.0.2.7:8087", 200), (b"[::1]", 200), (b"[::1]:8087", 200), (b"[2001:db8::7]:80", 200),
	(b"meter.example", 200), (b"Meter.Example:8087", 200),
	(b"evil.example", 403), (b"evil.example:8087", 403), (b"127.0.0.1.evil.example", 403), (b"localhost.evil.example", 403),
	(b"meter.example.evil", 403), (b"1.2.3", 403), (b"0x7f000001", 403), (b"[::1", 403), (b"[::1]x", 403), (b"[evil]", 403),
	(b"::1", 403), (b"127.0.0.1:x", 403), (b"127.0.0.1:", 403), (b"localhost@evil.example", 403), (b"", 403),
	(b"localhost evil.example", 403), (b"a" * 4000, 403),
]


@promise
def a_web_page_whose_name_points_here_reads_nothing():
	meterd = house("[http]\nnames = meter.example\n")
	for host, status in HOSTS:
		got = one_answer(meterd, get("/meters", b"Host: " + host + b"\r\nConnection: close\r\n"))
		equal(got[0], status, f"status for Host: {host[:40]}")
		if status != 200:
			is_error(got, 403, "names")
	is_error(one_answer(meterd, get("//evil.example/meters")), 403)
	is_error(one_answer(meterd, b"GET http://evil.example/meters HTTP/1.0\r\n" + HOST + b"\r\n"), 403)
	equal(one_answer(meterd, b"GET http://localhost/meters HTTP/1.0\r\n" + HOST + b"\r\n")[0], 200)
	meterd.stop()


@promise
def one_host_is_needed_but_for_a_local_http_1_0():
	meterd = house()
	is_error(one_answer(meterd, get("/meters", b"Connection: close\r\n")), 400, "Host")
	is_error(one_answer(meterd, get("/meters", HOST + CLOSING)), 400, "Host")
	is_error(one_answer(meterd, get("/meters", HOST + b"Host: evil.example\r\n")), 400, "Host")
	equal(one_answer(meterd, get("/meters", b"", version=b"HTTP/1.0"))[0], 200)
	meterd.stop()


BODIES = [
	(b"GET", b"Content-Length: 5\r\n", b"hello"),
	(b"GET", b"Content-Length: 0\r\nContent-Length: 5\r\n", b"hello"),
	(b"GET", b"Content-Length: +0\r\n", b""),
	(b"GET", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
	(b"GET", b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
	(b"HEAD", b"Content-Length: 5\r\n", b"hello"),
	(b"POST", b"Content-Length: 1000000\r\n", b"x" * 1000000),
	(b"POST", b"Transfer-Encoding: chunked\r\n", b"ffff\r\n" + b"x" * 65535 + b"\r\n0\r\n\r\n"),
]


@promise
def a_body_is_refused_and_never_taken_for_a_request():
	meterd = house()
	smuggled = get("/meters/house")
	for method, headers, body in BODIES:
		got = answers(talk(meterd, method + b" /meters HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body + smuggled))
		# A large body may meet a connection that was closed already; then nothing comes.
		if len(body) < 10000 or got:
			equal([a[0] for a in got], [413], f"answers to {method} with {headers}")
			equal(got[0][1]["connection"], "close")
			if method != b"HEAD":
				is_error(got[0], 413, "body")
	meterd.stop()


NOT_HTTP = {
	"rubbish": b"\x00\x01\x02\xff\xfe\r\n\r\n",
	"HTTP/0.9": b"GET /meters\r\n\r\n",
	"no version": b"GET /meters \r\n\r\n",
	"HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"HTTP/9.9": get("/meters", version=b"HTTP/9.9"),
	"a tail at the version": get("/meters", version=b"HTTP/1.1x"),
	"NUL in the path": b"GET /meters\0/house HTTP/1.1\r\n" + CLOSING + b"\r\n",
	"a header without colon": get("/meters", CLOSING + b"Nonsense\r\n"),
	"a negative length": b"POST /meters HTTP/1.1\r\n" + CLOSING + b"Content-Length: -5\r\n\r\nhello",
	"a path of 9 KiB": get("/" + "a" * 9216),
	"a query of 9 KiB": get("/ledger?meter=" + "a" * 9216),
	"a header of 9 KiB": get("/meters", CLOSING + b"X: " + b"a" * 9216 + b"\r\n"),
	"headers of 9 KiB": get("/meters", CLOSING + (b"X: " + b"a" * 100 + b"\r\n") * 90),
	"a line without end": b"GET /" + b"a" * 20000,
	"lines before the request": b"\r\n\r\n" + get("/meters"),
}


@promise
def what_is_no_request_of_http_is_400_in_json():
	meterd = house()
	for what, request in NOT_HTTP.items():
		answer = one_answer(meterd, request)
		is_error(answer, 400, "HTTP/1.1", "8 KiB")
		equal(answer[1].get("connection"), "close", what)
	meterd.stop()


@promise
def rubbish_behind_a_good_request_is_told_after_its_answer():
	meterd = house()
	got = answers(talk(meterd, get("/meters/none", HOST) * 3 + NOT_HTTP["rubbish"]))
	equal([a[0] for a in got], [404, 404, 404, 400])
	is_error(got[3], 400)
	meterd.stop()


@promise
def pipelined_requests_are_answered_in_their_order():
	meterd = house()
	paths = ["/meters/none", "/meters/house", "/nothing", "/ledger?meter=house&period=x"] * 10
	got = answers(talk(meterd, b"".join(get(p, HOST) for p in paths) + get("/meters")))
	equal([a[0] for a in got], [404, 200, 404, 400] * 10 + [200])
	meterd.stop()


@promise
def a_connection_serves_several_requests():
	meterd = house()
	connection = http.client.HTTPConnection("127.0.0.1", meterd.port, timeout=60)
	for path in ("/meters", "/meters/house", "/nothing", "/metrics", "/ledger?meter=house&period=quarter", "/meters") * 5:
		connection.request("GET", path)
		sock = connection.sock
		connection.getresponse().read()
		if connection.sock is not sock:
			raise AssertionError(f"closed after {path}")
	connection.close()
	meterd.stop()


@promise
def thirty_two_connections_are_served_and_the_next_is_told_503():
	meterd = house()
	idle = [socket.create_connection(("127.0.0.1", meterd.port)) for _ in range(32)]
	wait_until(lambda: talk(meterd, get("/meters")).startswith(b"HTTP/1.1 503"))
	is_error(one_answer(meterd, b""), 503, "too many")
	idle[7].sendall(get("/meters/house", HOST))
	equal(idle[7].recv(12), b"HTTP/1.1 200", "one of the 32")
	for s in idle:
		s.close()
	wait_until(lambda: meterd.http("/meters")[0] == 200)
	if meterd.metric("meterd_http_refused_connections_total") < 2:
		raise AssertionError("refused connections are not counted")
	wait_until(lambda: meterd.metric("meterd_http_connections") == 1)
	meterd.stop()


@promise
def a_hundred_connections_at_once_do_no_harm():
	meterd = house()
	fds = meterd.fds
	for _ in range(3):
		many = [socket.create_connection(("127.0.0.1", meterd.port)) for _ in range(100)]
		for s in many:
			s.close()
	wait_until(lambda: meterd.http("/meters")[0] == 200)
	wait_until(lambda: meterd.fds <= fds + 1, what="closed descriptors")
	meterd.stop()


@promise
def a_machine_without_descriptors_costs_a_pause_and_no_processor():
	meterd = house()
	limit = meterd.fds + 5
	resource.prlimit(meterd.pid, resource.RLIMIT_NOFILE, (limit, limit))
	many = [socket.create_connection(("127.0.0.1", meterd.port)) for _ in range(20)]
	wait_until(lambda: "no connection can be taken" in meterd.log())
	before = meterd.cpu_ns
	time.sleep(2)
	if meterd.cpu_ns - before > 10 ** 9:
		raise AssertionError("it asks again and again")
	for s in many:
		s.close()
	wait_until(lambda: meterd.http("/meters")[0] == 200)
	meterd.stop()


@promise
def a_request_that_comes_byte_by_byte_is_cut_after_ten_seconds():
	meterd = house()
	slow = [socket.create_connection(("127.0.0.1", meterd.port)) for _ in range(32)]
	begun = time.monotonic()

	def dribble():
		for s in slow:
			try:
				s.send(b"G")
			except OSError:
				pass
		return talk(meterd, get("/meters")).startswith(b"HTTP/1.1 200")

	wait_until(lambda: not dribble())
	wait_until(dribble)
	if time.monotonic() - begun < 8:
		raise AssertionError("cut before ten seconds")
	for s in slow:
		s.close()
	meterd.stop()


@promise
def an_idle_connection_is_closed_after_ten_seconds():
	meterd = house()
	with socket.create_connection(("127.0.0.1", meterd.port), timeout=120) as s:
		s.sendall(get("/meters/none", HOST))
		s.recv(65536)
		begun = time.monotonic()
		equal(s.recv(1), b"", "what comes after the answer")
		if time.monotonic() - begun < 8:
			raise AssertionError("closed before ten seconds")
	meterd.stop()


@promise
def a_long_answer_needs_no_memory():
	"""67,000 entries, some 10 MB, to a reader that stops in the middle."""
	meterd = replay("house", b"".join(p1(START + 900 * i, r1_8_1=i, r1_8_2=i, r2_8_1=i, r2_8_2=i) for i in range(9600)),
			program=os.path.join(TOP, "build/meterd"))
	path = "/ledger?meter=house&period=quarter&from=2024-01-01"
	meterd.get("/ledger?meter=house&period=quarter")
	before = meterd.rss
	with socket.create_connection(("127.0.0.1", meterd.port), timeout=60) as s:
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
		s.sendall(get(path))
		s.recv(1000, socket.MSG_WAITALL)
		most = max(meterd.rss for _ in range(100) if time.sleep(0.01) is None)
	note(f"RSS {before} KiB, then at most {most} KiB")
	if most - before > 512:
		raise AssertionError(f"{most - before} KiB more for one answer")
	entries = meterd.get(path)
	equal(len(entries) > 57000, True, f"{len(entries)} entries")
	meterd.stop()


@promise
def peers_that_go_away_in_an_answer_leave_nothing_behind():
	meterd = replay("house", b"".join(p1(START + 900 * i, r1_8_1=i, r1_8_2=i) for i in range(3000)))
	fds = meterd.fds
	for i in range(40):
		with socket.create_connection(("127.0.0.1", meterd.port)) as s:
			s.sendall(get("/ledger?meter=house&period=quarter&from=2024-01-01"))
			s.recv(1 + 3000 * i)
			if i % 2:
				s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	wait_until(lambda: meterd.metric("meterd_http_connections") == 1)
	wait_until(lambda: meterd.fds <= fds + 1, what="closed descriptors")
	meterd.stop()


@promise
def a_stop_in_the_middle_of_an_answer_is_clean():
	meterd = replay("house", b"".join(p1(START + 900 * i, r1_8_1=i, r1_8_2=i) for i in range(3000)))
	open_ones = [socket.create_connection(("127.0.0.1", meterd.port)) for _ in range(5)]
	for s in open_ones[1:]:
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		s.sendall(get("/ledger?meter=house&period=quarter&from=2024-01-01"))
		s.recv(10)
	meterd.stop()


# Addresses

@promise
def a_port_that_is_taken_is_said_with_advice():
	gateway = Gateway()
	meterd = Meterd(f"[http]\nlisten = 127.0.0.1:{gateway.port}\n", ready=False)
	wait_until(lambda: f"cannot listen on 127.0.0.1 port {gateway.port}" in meterd.log())
	if "choose another port" not in meterd.log():
		raise AssertionError(meterd.log())
	meterd.process.terminate()
	meterd.process.wait()
	meterd.check_sanitizers()


@promise
def a_reload_moves_the_server_and_keeps_it_where_it_cannot_move():
	meterd = house()
	old, new, taken = meterd.port, free_port(), Gateway()
	config = open(meterd.config).read()
	meterd.reload(config.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}"))
	meterd.port = new
	wait_until(lambda: meterd.http("/meters")[0] == 200)
	try:
		socket.create_connection(("127.0.0.1", old)).close()
		raise AssertionError("the old port is still open")
	except ConnectionRefusedError:
		pass
	meterd.reload(config.replace(f"127.0.0.1:{old}", f"127.0.0.1:{taken.port}"))
	wait_until(lambda: f"cannot listen on 127.0.0.1 port {taken.port}" in meterd.log())
	equal(meterd.http("/meters")[0], 200, "the server where it was")
	meterd.reload(config.replace(f"127.0.0.1:{old}", f"0.0.0.0:{new}"))
	wait_until(lambda: f"listening on 0.0.0.0 port {new}" in meterd.log())
	wait_until(lambda: meterd.http("/meters")[0] == 200)
	meterd.reload(config.replace(f"127.0.0.1:{old}", f"192.0.2.1:{new}"))
	wait_until(lambda: f"cannot listen on 192.0.2.1 port {new}" in meterd.log())
	wait_until(lambda: meterd.http("/meters")[0] == 200)
	meterd.reload(config.replace(f"127.0.0.1:{old}", "off"))
	wait_until(lambda: refused(new))
	meterd.stop()


def refused(port):
	try:
		socket.create_connection(("127.0.0.1", port)).close()
		return False
	except ConnectionRefusedError:
		return True


@promise
def it_serves_over_ipv6():
	try:
		port = free_port("::1")
	except (OSError, AssertionError):
		raise Skip("this machine has no IPv6")
	meterd = Meterd(f"[http]\nlisten = [::1]:{port}\n", ready=False)

	def status(path):
		connection = http.client.HTTPConnection("::1", port, timeout=60)
		try:
			connection.request("GET", path)
			return connection.getresponse().status
		finally:
			connection.close()

	wait_until(lambda: status("/meters") == 200)
	meterd.stop()


# Identity

BEYOND = """
import http.client, json, sys
for host in ("192.0.2.1", "127.0.0.1"):
	c = http.client.HTTPConnection(host, int(sys.argv[1]), timeout=60)
	for path in ("/meters", "/meters/house"):
		c.request("GET", path)
		print(c.getresponse().read().decode().strip())
"""


def beyond_loopback(identity):
	"""States as a peer on another address sees them, and then on loopback, in a network of its own."""
	enter = ["unshare", "--user", "--map-root-user", "--net"]
	if not shutil.which("unshare") or not shutil.which("nsenter") or not shutil.which("ip") or \
	   subprocess.run([*enter, "true"], stderr=subprocess.DEVNULL).returncode:
		raise Skip("no network namespaces here")
	meterd = Meterd(f"[daemon]\nidentity = {identity}\n[http]\nlisten = 0.0.0.0:8087\n"
			"[source house]\ntype = replay\npath = {dir}/capture\n", start=False)
	more = [("0-0:96.13.0", "48414C4C4F"), ("0-2:96.1.9", "53455249454C"), ("0-0:42.0.0", "LOGICAL"), ("1-0:99.1.7", "7")]
	with open(os.path.join(meterd.path, "capture"), "wb") as f:
		f.write(b"".join(p1(START + i, number=NUMBER, r1_8_1=1, gas=5, gas_at=START, more=more) for i in range(3)))
	meterd.wrapper = [*enter, "sh", "-c", 'ip link set lo up; ip address add 192.0.2.1/32 dev lo; exec "$@"', "sh"]
	meterd.start()
	wait_until(lambda: "read to its end" in meterd.log())
	out = subprocess.run(["nsenter", "-t", str(meterd.process.pid), "-U", "-n", "--preserve-credentials", sys.executable, "-c",
			      BEYOND, "8087"], stdout=subprocess.PIPE, check=True, timeout=120).stdout.decode()
	meterd.stop()
	return [json.loads(line) for line in out.splitlines()]


@promise
def beyond_loopback_nobody_learns_who_the_meter_is():
	far, far_one, near, near_one = beyond_loopback("no")
	equal("meter" in far[0] or "meter" in far_one, False, "the number is told")
	text = json.dumps(far_one)
	for secret in (NUMBER, NUMBER.encode().hex().upper(), "G0000000000000001".encode().hex().upper(), "48414C4C4F",
		       "53455249454C", "LOGICAL"):
		if secret in text:
			raise AssertionError(f"{secret} in {text}")
		if secret != NUMBER and secret not in json.dumps(near_one):
			raise AssertionError(f"{secret} is not told on loopback either")
	labels = [f[0] for f in far_one["fields"]]
	if "1-0:1.8.1" not in labels or "1-0:99.1.7" not in labels:
		raise AssertionError(f"harmless fields are kept back: {labels}")
	equal((near[0]["meter"], near_one["meter"]), (NUMBER, NUMBER))


@promise
def identity_yes_tells_it_everywhere():
	far, far_one, _, _ = beyond_loopback("yes")
	equal((far[0]["meter"], far_one["meter"]), (NUMBER, NUMBER))


run()
