#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sink serve of a whole meterd, and the readers of its port: good ones, slow ones, and worse."""
import resource
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from harness import *

PLAIN = os.path.join(TOP, "build/meterd")
NUMBER = "E0000000000000042"
HEX = NUMBER.encode().hex().upper()
TELEGRAM = re.compile(rb"/[^/!]+![0-9A-F]{4}\r\n")


def source(gateway, name="house", more=""):
	return f"[source {name}]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n{more}\n"


def serve(port, more="", name="out"):
	return f"[sink {name}]\ntype = serve\nlisten = 127.0.0.1:{port}\n{more}\n"


def telegrams(pause=0.1, number=NUMBER, padding=0):
	"""A script of telegrams that count up, with so many bytes more."""
	count = [0]
	more = [("1-0:99.97.0", "5" * 64)] * (padding // 80)

	def following():
		count[0] += 1
		return p1(int(time.time()), number=number, r1_8_1=1000000 + count[0], r1_8_2=2000000, more=more)

	return lambda n: [following, pause, AGAIN]


class Client:
	"""A reader of a port; data is all that came so far."""

	def __init__(self, port, window=None, host="127.0.0.1"):
		self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
		if window:
			self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
		self.socket.settimeout(10)
		self.socket.connect((host, port))
		self.socket.setblocking(False)
		self.data, self.open = b"", True

	def read(self):
		"""Takes what is there and returns all."""
		try:
			while self.open:
				got = self.socket.recv(65536)
				self.data += got
				self.open = bool(got)
		except BlockingIOError:
			pass
		except OSError:
			self.open = False
		return self.data

	def telegrams(self):
		return TELEGRAM.findall(self.read())

	def wait(self, count=1, seconds=60):
		"""So many telegrams, each of them right."""
		got = wait_until(lambda: len(self.telegrams()) >= count and self.telegrams(), seconds, f"{count} telegrams")
		for telegram in got:
			check(telegram)
		return got

	def is_closed(self):
		self.read()
		return not self.open

	def close(self):
		self.socket.close()


def check(telegram):
	body, crc = telegram[:telegram.rindex(b"!") + 1], telegram[telegram.rindex(b"!") + 1:]
	equal(crc, b"%04X\r\n" % p1_crc(body), "the CRC")


def counts(got):
	"""The counter of telegrams()."""
	return [int(re.search(rb"1-0:1\.8\.1\((\d+)\.(\d+)", t)[0].split(b"(")[1].replace(b".", b"")) - 1000000 for t in got]


def whole(data):
	"""Whether there is nothing but telegrams, but for what may be on its way at the end."""
	rest = TELEGRAM.sub(b"", data)
	return b"!" not in rest and (not rest or (rest.startswith(b"/") and data.endswith(rest)))


# What Home Assistant's and other strict readers ask for, from DSMR P1 5.0.2, sections 5.2, 6.2, 6.4 and table 6-1.

ENERGY, POWER, STAMP, HEX_TEXT = r"\d{6}\.\d{3}\*kWh", r"\d{2}\.\d{3}\*kW", r"\d{12}[SW]", r"([0-9A-F]{2}){1,48}"
SHAPES = {
	r"1-3:0\.2\.8": r"\(50\)", r"0-0:1\.0\.0": rf"\({STAMP}\)", r"0-0:96\.1\.1": rf"\({HEX_TEXT}\)",
	r"1-0:[12]\.8\.[012]": rf"\({ENERGY}\)", r"0-0:96\.14\.0": r"\(000[12]\)", r"1-0:[12]\.7\.0": rf"\({POWER}\)",
	r"0-0:96\.13\.0": r"\(\)", r"1-0:[357]2\.7\.0": r"\(\d{3}\.\d\*V\)", r"1-0:[357]1\.7\.0": r"\(\d{3}\*A\)",
	r"1-0:[246][12]\.7\.0": rf"\({POWER}\)", r"1-0:([246]9|9|10)\.7\.0": r"\(\d{2}\.\d{3}\*kVA\)",
	r"1-0:[5678]\.8\.0": r"\(\d{6}\.\d{3}\*kvarh\)",
}


def read_strictly(telegram):
	"""{code: value} of a telegram of DSMR 5, which must be one to the letter."""
	check(telegram)
	text = telegram.decode("ascii")
	head, rest = text.split("\r\n\r\n", 1)
	if not re.fullmatch(r"/[A-Za-z]{3}5[ -~]{1,16}", head):
		raise AssertionError(f"identification {head!r}")
	values = {}
	for line in rest[:rest.rindex("!")].split("\r\n")[:-1]:
		code, groups = line.split("(", 1)
		groups = "(" + groups
		shape = next((s for c, s in SHAPES.items() if re.fullmatch(c, code)), None)
		if not shape or not re.fullmatch(shape, groups):
			raise AssertionError(f"{line!r} is not as table 6-1 has it")
		if code in values:
			raise AssertionError(f"{code} stands twice")
		values[code] = groups[1:-1].split("*")[0]
	if "0-0:96.1.1" not in values:
		raise AssertionError("no equipment identifier")
	return values


@promise
def a_p1_meter_is_served_with_a_name_in_the_place_of_its_number():
	gateway, port = Gateway(telegrams()), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	client = Client(port)
	got = client.wait(5)
	for telegram in got:
		if HEX.encode() in telegram or b"0-0:96.1.1(686F757365)" not in telegram:
			raise AssertionError(telegram.decode())
		read_strictly(telegram)
	equal(counts(got), list(range(counts(got)[0], counts(got)[0] + len(got))), "each telegram once")
	meterd.stop()


@promise
def with_identity_what_is_served_is_what_the_meter_sent():
	data, port = simulate("dsmr5", count=20), free_port()
	sent = TELEGRAM.findall(data)
	gateway = Gateway(lambda n: [x for t in sent for x in (t, 0.1)])
	meterd = Meterd("[daemon]\nidentity = yes\n" + source(gateway) + serve(port))
	client = Client(port)
	got = client.wait(10)
	equal(got, sent[sent.index(got[0]):][:len(got)], "what was served")
	meterd.stop()


@promise
def a_reload_of_identity_keeps_the_clients():
	gateway, port = Gateway(telegrams()), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	client = Client(port)
	client.wait(2)
	meterd.reload("[daemon]\nidentity = yes\n" + source(gateway) + serve(port))
	wait_until(lambda: HEX.encode() in client.read())
	equal((client.open, whole(client.data)), (True, True), "open, and nothing but telegrams")
	meterd.stop()


@promise
def a_french_meter_is_served_as_a_telegram_that_strict_readers_take():
	for standard in (True, False):
		count = [0]

		def frame(standard=standard, count=count):
			count[0] += 1
			if standard:
				return tic_standard(int(time.time()), east=7000 + count[0], t=(4000, 3000 + count[0]), sinsts=1500,
						    ntarf=2, more=(("URMS1", "231"), ("IRMS1", "007"), ("EAIT", "000000005")))
			return tic_historique(hc=4000, hp=3000 + count[0], papp=1500, iinst=7)

		gateway, port, other = Gateway(lambda n, frame=frame: [frame, 0.2, AGAIN]), free_port(), free_port()
		meterd = Meterd(source(gateway) + serve(port) + serve(other, "apparent_as_power = yes", "power"))
		plain, power = Client(port), Client(other)
		wait_until(lambda: b"1.8.2" in plain.read() and b"1.8.2" in power.read())
		values = read_strictly(plain.wait()[-1])
		equal((values["1-0:1.8.1"], values["1-0:1.8.2"][:8], values["0-0:96.14.0"]), ("000004.000", "000003.0", "0002"))
		equal((values["1-0:9.7.0"], "1-0:1.7.0" in values, values["1-0:31.7.0"]), ("01.500", False, "007"))
		equal("2.8." in str(sorted(values)), standard, "export")
		equal(read_strictly(power.wait()[-1])["1-0:1.7.0"], "01.500", "power with apparent_as_power")
		if b"123456789012".hex().upper().encode() in plain.data:
			raise AssertionError("the number is told")
		meterd.stop()


def decoded(data):
	out, err, code = meterctl("decode", "-", input=data)
	equal(code, 0, f"meterctl decode ({err})")
	return json.loads(out.splitlines()[-1])


# What a telegram of DSMR 5 has no object for, or has in another way.
NOT_IN_P1 = re.compile(r"power_reference|power_cutoff|load|current_subscribed|tariff|energy_(im|ex)port_t\d+")


def same_is_read(kind, telegram, state):
	"""How many quantities of the state were compared with those that our decoder reads."""
	french, read = kind.startswith("linky"), decoded(telegram)
	wanted = {q: v for q, v in state["quantities"].items() if not (french and NOT_IN_P1.fullmatch(q))}
	equal({q: v for q, v in read["quantities"].items() if q in wanted}, wanted, f"quantities of {kind}")
	if kind not in ("dsmr22", "dsmr3"):	# which have no clock
		equal(read["time"], state["time"], f"time of {kind}")
	if french:
		read_strictly(telegram)
		tariffs = sum(v for q, v in read["quantities"].items() if re.fullmatch(r"energy_import_t\d", q))
		equal(tariffs, state["quantities"]["energy_import"], f"sum of the tariffs of {kind}")
	return len(wanted)


@promise
def our_own_decoder_reads_the_same_of_every_meter_of_tic_and_p1():
	go, config, ports = threading.Event(), "", {}
	for i, kind in enumerate(text_kinds()):
		number = {} if kind in ("sweden", "austria") else {"number": f"99{i:010d}"}
		data = simulate(kind, count=6, **number)
		gateway = Gateway(lambda n, data=data: [go.wait, data, HOLD])
		ports[kind] = free_port()
		config += source(gateway, kind) + serve(ports[kind], f"meter = {kind}", f"to-{kind}")
	meterd = Meterd(config)
	clients = {kind: Client(port) for kind, port in ports.items()}
	go.set()
	compared = {}
	for kind, client in clients.items():
		compared[kind] = wait_until(lambda: same_is_read(kind, client.telegrams()[-1], meterd.meter(kind)), 30, kind)
	note(compared)
	if len(compared) < 15 or min(compared.values()) < 1 or sum(compared.values()) < 150:
		raise AssertionError(f"quantities: {compared}")
	meterd.stop()


@promise
def a_second_meterd_reads_the_port_and_counts_the_same():
	gateway, port = Gateway(telegrams(0.1)), free_port()
	first = Meterd("[daemon]\nidentity = yes\n" + source(gateway) + serve(port))
	second = Meterd("[daemon]\nidentity = yes\n" + f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {port}\n")
	wait_until(lambda: second.quantities("house")["energy_import_t1"] > 1000020)
	gateway.stop()

	def alike():
		a, b = first.meter("house"), second.meter("house")
		day = [m.ledger("house", "day") for m in (first, second)]
		return all(a[k] == b[k] for k in ("meter", "time", "quantities", "protocol")) and \
			[(r["register"], r["unit"]) for r in day[0]] == [(r["register"], r["unit"]) for r in day[1]]

	wait_until(alike, 20, "the same meter in both")
	second.stop()
	first.stop()


@promise
def fifty_clients_get_every_telegram():
	gateway, port = Gateway(telegrams()), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	clients = [Client(port) for _ in range(50)]
	for client in clients:
		client.wait(10)
	first = max(counts(client.telegrams())[0] for client in clients)
	wanted = list(range(first, first + 5))
	for client in clients:
		got = counts(client.telegrams())
		equal(got[got.index(first):][:5], wanted, "telegrams of a client")
		equal(whole(client.data), True, "nothing but telegrams")
	meterd.stop()


@promise
def a_slow_client_loses_whole_telegrams_and_nobody_waits_for_it():
	gateway, port = Gateway(telegrams(0.005, padding=3600)), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	slow, stuck, fast = Client(port, 4096), Client(port, 4096), Client(port)
	slow.wait(1)
	begun = counts(slow.telegrams())[-1]
	wait_until(lambda: counts(fast.telegrams())[-1] > begun + 500)
	# Far behind: what waits for it is read at once, and then it goes on with new ones.
	newest = counts(fast.telegrams())[-1]
	wait_until(lambda: counts(slow.telegrams())[-1] > newest + 20)
	got = counts(slow.telegrams())
	missed = got[-1] - got[0] + 1 - len(got)
	note(f"the slow one missed {missed} of {got[-1] - got[0] + 1}")
	equal(whole(slow.data), True, "nothing but whole telegrams")
	if missed < 100 or got != sorted(set(got)):
		raise AssertionError(f"telegrams of the slow one: {got}")
	got = counts(fast.telegrams())
	equal(got, list(range(got[0], got[0] + len(got))), "telegrams of the fast one")
	slow.close()
	wait_until(lambda: re.search(r"read too slowly and missed \d{2,} telegrams", meterd.log()))
	wait_until(lambda: fast.read() and "it has read nothing for 30 s" in meterd.log(), 60)
	equal(meterd.log().count("has read nothing"), 1)
	stuck.close()
	meterd.stop()


@promise
def a_client_may_say_hello_but_not_talk_without_end():
	gateway, port = Gateway(telegrams()), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	polite, web, loud = Client(port), Client(port), Client(port)
	polite.socket.send(b"\xff\xfb\x01hello\r\n")
	web.socket.send(b"GET / HTTP/1.1\r\nHost: meter\r\n\r\n")

	def talk():
		try:
			loud.socket.send(random.randbytes(4096))
		except BlockingIOError:
			pass
		except OSError:
			return True
		return loud.is_closed()

	wait_until(talk)
	wait_until(lambda: "sends without end" in meterd.log())
	count = len(polite.telegrams())
	polite.wait(count + 3)
	web.wait(3)
	equal((polite.open, web.open), (True, True), "the others are connected")
	meterd.stop()


@promise
def both_families_of_addresses_are_served_at_once():
	try:
		port = free_port("::1")
	except OSError:
		raise Skip("this machine has no ::1")
	gateway = Gateway(telegrams())
	meterd = Meterd(source(gateway) + f"[sink out]\ntype = serve\nlisten = [::]:{port}\n")
	four, six = Client(port), Client(port, host="::1")
	four.wait(2)
	six.wait(2)
	meterd.stop()


@promise
def clients_that_come_and_go_leave_nothing_behind():
	gateway, port = Gateway(telegrams(0.02)), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	Client(port).wait(1)
	wait_until(lambda: meterd.quantities("house"))
	files = meterd.fds
	for i in range(300):
		client = Client(port)
		if i % 3 == 0:
			client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		if i % 5 == 0:
			client.socket.shutdown(socket.SHUT_WR)
		client.close()
	# Those that are still on their way in may fill it up for a moment.
	wait_until(lambda: Client(port).wait(3, 10))
	wait_until(lambda: meterd.fds <= files, what=f"{files} files again")
	meterd.stop()


@promise
def the_65th_client_is_refused_until_another_goes():
	gateway, port = Gateway(telegrams()), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	clients = [Client(port) for _ in range(64)]
	for client in clients:
		client.wait(1)
	over = Client(port)
	wait_until(over.is_closed)
	equal(over.data, b"", "what the 65th got")
	wait_until(lambda: "64 clients are connected" in meterd.log())
	clients.pop().close()
	wait_until(lambda: len(Client(port).wait(1, 2)) > 0)
	for client in clients:
		client.wait(2)
	meterd.stop()


@promise
def nine_clients_of_one_address_beyond_loopback_are_one_too_many():
	setup = "ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec \"$@\""
	if subprocess.run(["unshare", "-n", "sh", "-c", setup, "sh", "true"], stderr=subprocess.DEVNULL).returncode:
		raise Skip("no network of its own can be had")
	meterd = Meterd("[source house]\ntype = replay\npath = {dir}/none\n"
			"[sink out]\ntype = serve\nlisten = 0.0.0.0:8088\n", wrapper=["unshare", "-n", "sh", "-c", setup, "sh"])
	script = """
import socket, time
def count(host, wanted):
	all = [socket.create_connection((host, 8088)) for _ in range(wanted)]
	time.sleep(0.5)
	for s in all: s.setblocking(False)
	def is_open(s):
		try: return bool(s.recv(1))
		except BlockingIOError: return True
		except OSError: return False
	return sum(map(is_open, all))
print(count("192.0.2.1", 12), count("127.0.0.1", 12))
"""
	done = subprocess.run(["nsenter", "-t", str(meterd.pid), "-n", sys.executable, "-c", script], stdout=subprocess.PIPE)
	equal(done.stdout, b"8 12\n", "clients that stayed")
	meterd.stop()


@promise
def without_descriptors_the_others_go_on_and_later_all_do():
	gateway, port = Gateway(telegrams()), free_port()
	meterd = Meterd(source(gateway) + serve(port))
	client = Client(port)
	client.wait(2)
	_, hard = resource.prlimit(meterd.pid, resource.RLIMIT_NOFILE)
	resource.prlimit(meterd.pid, resource.RLIMIT_NOFILE, (meterd.fds, hard))
	waiting = Client(port)
	wait_until(lambda: "no connection can be taken" in meterd.log())
	cpu, count, begun = meterd.cpu_ns, len(client.telegrams()), time.monotonic()
	client.wait(count + 20)
	load = (meterd.cpu_ns - cpu) / (time.monotonic() - begun) / 1e7
	if load > 30:
		raise AssertionError(f"{load} % of a core while it waits")
	equal(waiting.read(), b"", "what the one that waits got")
	resource.prlimit(meterd.pid, resource.RLIMIT_NOFILE, (hard, hard))
	waiting.wait(2)
	meterd.stop()


@promise
def a_port_that_is_taken_is_told_once_and_had_later():
	gateway = Gateway(telegrams())
	other = Gateway([HOLD])
	meterd = Meterd(source(gateway) + serve(other.port))
	wait_until(lambda: f"cannot listen on 127.0.0.1 port {other.port}" in meterd.log())
	wait_until(lambda: meterd.quantities("house"))
	other.stop()
	wait_until(lambda: f"out: listening on 127.0.0.1 port {other.port}" in meterd.log(), 60)
	Client(other.port).wait(2)
	equal(meterd.log().count("cannot listen"), 1)
	meterd.stop()


@promise
def a_reload_moves_the_port():
	gateway, old, new = Gateway(telegrams()), free_port(), free_port()
	meterd = Meterd(source(gateway) + serve(old))
	before = Client(old)
	before.wait(2)
	meterd.reload(source(gateway) + serve(new))
	wait_until(before.is_closed)
	after = wait_until(lambda: Client(new))
	after.wait(2)
	try:
		Client(old)
	except ConnectionRefusedError:
		pass
	else:
		raise AssertionError("the old port is still there")
	meterd.reload(source(gateway))
	wait_until(after.is_closed)
	equal(gateway.connections, 1, "connections to the gateway")
	meterd.stop()


@promise
def a_silent_meter_says_nothing_and_its_clients_stay():
	data = [p1(int(time.time()) + i, number=NUMBER, r1_8_1=1000000 + i) for i in range(6)]
	go_on = threading.Event()
	gateway = Gateway(lambda n: [x for t in data for x in (t, 0.1)] + [go_on.wait, telegrams()(0)[0]])
	port = free_port()
	meterd = Meterd(source(gateway) + serve(port))
	early = Client(port)
	wait_until(lambda: 5 in counts(early.telegrams()))
	wait_until(lambda: meterd.quantities("house")["energy_import_t1"] == 1000005)
	count = len(early.telegrams())
	time.sleep(1)	# ten periods
	late = Client(port)
	stays(lambda: late.read() == b"" and late.open and len(early.telegrams()) == count and early.open, 1.5,
	      "nothing is said of a silent meter")
	go_on.set()
	early.wait(count + 1)
	late.wait(1)
	meterd.stop()


@promise
def who_comes_within_a_cycle_gets_the_newest_at_once():
	gateway, port = Gateway(telegrams()), free_port()
	meterd = Meterd(source(gateway) + serve(port, "cycle = 3600"))
	wait_until(lambda: meterd.quantities("house")["energy_import_t1"] > 1000005)
	clients = [Client(port) for _ in range(3)]
	for client in clients:
		equal(len(client.wait(1, 5)), 1, "telegrams")
	stays(lambda: all(len(c.telegrams()) == 1 for c in clients), 1, "one telegram in a cycle")
	meterd.stop()


@promise
def several_meters_are_not_mixed_up():
	one, two, port = Gateway(telegrams()), Gateway(telegrams(number="E0000000000000099")), free_port()
	config = source(one, "house") + source(two, "barn")
	meterd = Meterd(config + serve(port))
	client = Client(port)
	wait_until(lambda: meterd.quantities("house")["energy_import_t1"] > 1000005 and meterd.quantities("barn"))
	equal(client.read(), b"", "what is served of two meters")
	equal(meterd.log().count("there are several meters"), 1)
	for word in ("[sink out]", "meter = house", "meter = barn"):
		if word not in meterd.log():
			raise AssertionError(f"no {word} in what is told")
	meterd.reload(config + serve(port, "meter = barn"))
	wait_until(client.is_closed)
	got = wait_until(lambda: Client(port)).wait(3)
	equal({b"0-0:96.1.1(6261726E)" in t for t in got}, {True}, "telegrams of barn")
	meterd.reload(config + serve(port, "meter = nobody"))
	wait_until(lambda: "no meter is called nobody yet" in meterd.log())
	meterd.stop()


def random_pieces(data, lots):
	while data:
		count = lots.choice((1, 2, 7, 62, 500, 3000))
		yield data[:count]
		data = data[count:]


@promise
def raw_is_what_the_gateway_sent_byte_for_byte():
	lots = random.Random(7)
	streams = {
		"p1": (simulate("dsmr5", count=100, number="R1"), b"/"),
		"parity": (simulate("dsmr22", count=80, number="R2", parity=True), b"\xaf"),
		"damaged": (simulate("dsmr5", count=100, number="R3", damage=2), b"/"),
		"tic": (simulate("linky-standard", count=80, parity=True), b"\x02\x82"),
	}
	config, ports = "", {}
	for name, (data, _) in streams.items():
		steps = [x for piece in random_pieces(data, lots) for x in (piece, lots.choice((0.001, 0.002)))]
		gateway = Gateway(lambda n, steps=steps, data=data: [data[-20:], *steps, HOLD])
		ports[name] = free_port()
		config += source(gateway, name) + serve(ports[name], f"meter = {name}\nformat = raw", f"raw-{name}")
	meterd = Meterd(config)
	clients = {name: Client(port) for name, port in ports.items()}
	for name, (data, beginnings) in streams.items():
		client = clients[name]
		wait_until(lambda: client.read() and data.endswith(client.data[-200:]), what=f"the end of {name}")
		if client.data[:1] not in [bytes([b]) for b in beginnings]:
			raise AssertionError(f"{name} begins with {client.data[:20]!r}")
		if (data[-20:] + data).find(client.data) < 0:
			raise AssertionError(f"{name}: other bytes came than were sent")
		if len(client.data) < len(data) / 3:
			raise AssertionError(f"{name}: {len(client.data)} of {len(data)} bytes")
		note(f"{name}: {len(client.data)} of {len(data)} bytes")
	meterd.stop()


@promise
def raw_of_a_meter_on_two_lines_is_that_of_one():
	lots, config, port = random.Random(8), "", free_port()
	for name in ("one", "two"):
		more = [("1-0:99.97.0", name)]
		steps = [x for i in range(150) for piece in random_pieces(p1(number=NUMBER, r1_8_1=1000000 + i, more=more), lots)
			 for x in (piece, 0.005)]
		config += source(Gateway(lambda n, steps=steps: steps), name)
	meterd = Meterd(config + f"[meter {NUMBER}]\nname = house\n" + serve(port, "meter = house\nformat = raw"))
	client = Client(port)
	got = client.wait(60)
	lines = {re.search(rb"1-0:99.97.0\((\w+)\)", t)[1] for t in got}
	equal((len(lines), whole(client.data)), (1, True), f"lines ({lines}), and whole telegrams")
	meterd.stop()


@promise
def raw_goes_on_when_its_gateway_comes_again():
	gateway, port = Gateway(lambda n: [p1(number=NUMBER, r1_8_1=1000000 + n), 0.2] * 4 + [p1(number=NUMBER)[:50], CLOSE]), free_port()
	meterd = Meterd(source(gateway) + serve(port, "format = raw"))
	client = Client(port)
	wait_until(lambda: len(set(counts(client.telegrams()))) >= 3)
	meterd.stop()


@promise
def raw_without_an_end_is_not_kept_for_who_does_not_read():
	noise, good = b"abcdefgh" * 512, p1(number=NUMBER, r1_8_1=1000000)
	heard, go_on = threading.Event(), threading.Event()

	def stream():
		while not heard.is_set():
			yield good
			yield 0.1
		yield from [noise] * 130
		yield go_on.wait
		yield b"\r\n" + good
		yield HOLD

	gateway, port = Gateway(lambda n: stream()), free_port()
	meterd = Meterd(source(gateway) + serve(port, "format = raw"))
	# A burst of a second is more than what is kept for a reader who is not called meanwhile.
	lazy, busy = Client(port, 4096), Client(port, 1 << 20)
	wait_until(lambda: lazy.read() and busy.read())
	heard.set()
	wait_until(lambda: busy.read().endswith(noise) and len(busy.data) >= 130 * len(noise))
	wait_until(lambda: len(lazy.data) == len(lazy.read()) > 50000, what="all that was kept is read")
	go_on.set()
	wait_until(lambda: lazy.read().endswith(good) and busy.read().endswith(good))
	note(f"{len(lazy.data)} of {len(busy.data)} bytes were kept")
	if len(lazy.data) > 300000:
		raise AssertionError(f"{len(lazy.data)} bytes were kept")
	meterd.stop()


@promise
def raw_of_a_recording_is_told_not_to_be():
	directory, port = Directory(), free_port()
	with open(directory / "capture", "wb") as f:
		f.write(simulate("dsmr5", count=5))
	meterd = Meterd(f"[source house]\ntype = replay\npath = {directory / 'capture'}\n" + serve(port, "format = raw"))
	wait_until(lambda: "read to its end" in meterd.log())
	equal(meterd.log().count("expected format = p1"), 1)
	meterd.stop()


@promise
def a_recording_is_served():
	directory, port = Directory(), free_port()
	with open(directory / "capture", "wb") as f:
		f.write(simulate("dsmr5", count=50, interval=1))
	meterd = Meterd(f"[source house]\ntype = replay\npath = {directory / 'capture'}\nspeed = real\n" + serve(port))
	Client(port).wait(3)
	meterd.stop()


@promise
def sixty_four_clients_cost_little():
	gateway, port = Gateway(telegrams(1, padding=800)), free_port()
	meterd = Meterd(source(gateway) + serve(port), program=PLAIN)
	Client(port).wait(2)
	before = meterd.anonymous
	clients = [Client(port) for _ in range(63)]
	for client in clients:
		client.wait(2)
	cpu, count = meterd.cpu_ns, len(clients[0].telegrams())
	clients[0].wait(count + 5)
	each = (meterd.cpu_ns - cpu) / 5 / 63 / 1000
	note(f"{meterd.anonymous - before} KiB for 63 clients, {each:.1f} us for each and a telegram")
	if meterd.anonymous - before > 1024:
		raise AssertionError(f"{meterd.anonymous - before} KiB for 63 clients")
	meterd.stop()


run()
