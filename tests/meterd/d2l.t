#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""D2L modules through the whole daemon: a client written from the description of the frames posts to it, well and badly."""
from broker import *
import d2l_wire as d2l

KEY, IV = bytes(range(16)), bytes(range(0xf0, 0x100))
OTHER = bytes(range(1, 17))
ID = 990000000042
NUMBER = "041876097767"


def write_keys(path, modules, mode=0o600):
	with open(path + ".new", "w") as f:
		json.dump({str(module): {"key": key.hex(), "iv": iv.hex()} for module, (key, iv) in modules.items()}, f)
	os.chmod(path + ".new", mode)
	os.rename(path + ".new", path)


class Server:
	"""A meterd with a port for modules."""

	def __init__(self, modules={ID: (KEY, IV)}, more="", rest="", directory=None, key_file=True, **options):
		self.directory = directory or Directory()
		self.modules = modules
		self.d2l_port = free_port()
		self.config = f"[source linky]\ntype = d2l\nlisten = 127.0.0.1:{self.d2l_port}\n{'key_file = {dir}/keys' if key_file else ''}\n{more}\n{rest}"
		if modules:
			write_keys(self.directory / "keys", modules)
		self.meterd = Meterd(self.config, directory=self.directory, **options)

	def connect(self, source="127.0.0.1"):
		return socket.create_connection(("127.0.0.1", self.d2l_port), timeout=10, source_address=(source, 0))

	def source(self):
		answer, error, _ = meterctl("status", "--json", "--socket", os.path.join(self.meterd.runtime, "control"))
		if not answer:
			raise AssertionError(error)
		return json.loads(answer)["sources"][0]

	def line(self, module=ID):
		return next(line for line in self.source()["lines"] if line["what"] == f"module {module:012d}")

	def counts(self, *names):
		told = self.source()["d2l"]
		return [told[name] for name in names]

	def metric(self, name, result):
		return self.meterd.metric(name, source="linky", result=result)

	def meter(self, name="linky-7767"):
		return self.meterd.meter(name)

	def post(self, payload, module=ID, key=KEY, iv=IV, kind=d2l.PUSH_JSON, source="127.0.0.1"):
		"""One post on a connection of its own; the time of the answer, or None when there was none."""
		with self.connect(source) as s:
			s.sendall(d2l.seal(module, key, iv, kind, payload))
			return read_answer(s, module, key, iv, kind)


def read_bytes(s, count):
	data = b""
	while len(data) < count:
		try:
			chunk = s.recv(count - len(data))
		except ConnectionResetError:
			return None
		if not chunk:
			return None
		data += chunk
	return data


def read_answer(s, module=ID, key=KEY, iv=IV, kind=d2l.PUSH_JSON):
	data = read_bytes(s, 48)
	if data is None:
		return None
	got, answer, error, payload = d2l.unseal(data, key, iv)
	equal((d2l.header(data)[0], got, answer, error, len(payload)), (module, kind, True, False, 4))
	return struct.unpack("<I", payload)[0] + d2l.EPOCH


def parse_time(text):
	return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def historique(base, clock=None, number=NUMBER, currents=(3, 0, 0), **more):
	"""JSON as firmware of historique posts it; clock in seconds since 1970."""
	members = {"_TYPE_TRAME": "HISTORIQUE", "_ID_D2L": str(ID), "_DATE_FIRMWARE": "Jul  7 2017", "ADCO": number, "OPTARIF": "BASE",
		   "ISOUSC": "30", "BASE": f"{base:09d}", "HCHC": "", "HCHP": "", "PTEC": "TH..",
		   **{f"IINST{i + 1}": f"{current:03d}" for i, current in enumerate(currents)},
		   "_HORLOGE": str(int(time.time() if clock is None else clock) - d2l.EPOCH), **more}
	return json.dumps(members, separators=(",", ":")).encode()


def standard(total, clock=None, number=NUMBER, **more):
	"""JSON as firmware of standard posts it; clock in seconds since 1970."""
	paris = datetime.datetime.fromtimestamp(time.time() if clock is None else clock, zoneinfo.ZoneInfo("Europe/Paris"))
	date = ("E" if paris.dst() else "H") + paris.strftime("%y%m%d%H%M%S")
	members = {"_TYPE_TRAME": "STANDARD", "_ID_D2L": str(ID), "ADSC": number, "VTIC": "02", "DATE": date + "|", "NGTF": "BASE",
		   "EAST": f"{total:09d}", "EASF01": f"{total:09d}", "EAIT": "", "SINSTS": "00450", "PREF": "06", "SMAXSN": date[:9] + "|03381",
		   "SMAXSN1": date[:9] + "|02822", "SMAXSN-1": "|", **more}
	return json.dumps(members, separators=(",", ":")).encode()


@promise
def a_post_is_answered_with_the_time_and_its_values_are_seen():
	server = Server()
	before = int(time.time())
	answer = server.post(historique(1234567))
	assert before <= answer <= time.time() + 1, answer
	state = wait_until(server.meter)
	equal((state["protocol"], state["source"], state["state"]), ("tic-historique", "linky", "connected"))
	equal(state["quantities"]["energy_import"], 1234567)
	equal(server.line()["state"], "connected")
	server.meterd.stop()


@promise
def the_clock_is_given_to_who_asks_for_it():
	server = Server()
	for kind in (d2l.GET_HORLOGE, d2l.NO_INTERNET, 9):
		assert abs(server.post(b"", kind=kind) - time.time()) < 5
	equal(server.counts("good", "unreadable"), [3, 0])
	server.meterd.stop()


def one_day(make, quantity):
	"""Posts every 10 minutes of a day whose end is now, as when all were late but in order."""
	server = Server(rest=f"[meter {NUMBER}]\nname = house\ntime = meter\n")
	end = int(time.time()) // 600 * 600
	with server.connect() as s:
		for i in range(145):
			s.sendall(d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, make(1000000 + 100 * i, end - 86400 + 600 * i)))
			assert read_answer(s)
	state = wait_until(lambda: server.meter("house"))
	equal(state["quantities"][quantity], 1000000 + 14400)
	equal(server.counts("good", "old", "repeated", "unreadable"), [145, 0, 0, 0])
	assert server.meterd.ledger("house", "quarter"), "the ledger has no quarters"
	server.meterd.stop()


@promise
def three_lines_show_a_module_in_mqtt_in_the_ledger_and_in_meterctl():
	broker = Broker()
	view = View(broker)
	port = free_port()
	directory = Directory()
	write_keys(directory / "keys", {ID: (KEY, IV)})
	meterd = Meterd(f"{broker.section()}\n[source linky]\ntype = d2l\nkey_file = {{dir}}/keys\nlisten = 127.0.0.1:{port}\n",
			directory=directory)
	for i in range(3):
		with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
			s.sendall(d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, historique(1000000 + i, time.time() + i)))
			assert read_answer(s)
	state = view.wait("meter/linky-7767", lambda state: state["quantities"].get("energy_import") == 1000002)
	equal((state["protocol"], state["quantities"]["current_l1"]), ("tic-historique", 3))
	for period in ("day", "month"):
		rows = wait_until(lambda: [e for e in meterd.ledger("linky-7767", period) if e["register"] == "energy_import"])
		equal(rows[-1]["value"], 2)
	told = json.loads(meterd.control("status", "--json")[0])["sources"][0]["lines"][1]
	equal((told["what"], told["state"], told["telegrams"]), (f"module {ID:012d}", "connected", 3))
	meterd.stop()
	shown, error, code = meterctl("ledger", "show", "--meter", "linky-7767", "--file", str(directory / "state/ledger.db"))
	assert code == 0 and "energy_import" in shown, (shown, error)


@promise
def a_credential_of_the_service_has_the_keys():
	credentials = Directory()
	write_keys(credentials / "source.linky.key", {ID: (KEY, IV)}, 0o400)
	server = Server(modules=None, environment={"CREDENTIALS_DIRECTORY": str(credentials)}, key_file=False)
	assert server.post(historique(1000))
	equal(server.meter()["quantities"]["energy_import"], 1000)
	server.meterd.stop()


@promise
def a_day_of_historique_is_booked():
	one_day(historique, "energy_import")


@promise
def a_day_of_standard_is_booked():
	one_day(standard, "energy_import")


@promise
def frames_may_be_cut_and_joined_anywhere():
	server = Server()
	frames = [d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, historique(1000 + i, time.time() + i)) for i in range(3)]
	joined = b"".join(frames)
	with server.connect() as s:
		s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		s.sendall(joined)
		for _ in frames:
			assert read_answer(s)
		for at in (1, 15, 16, 47, len(frames[0]) - 1, len(frames[0]) + 1):
			s.sendall(joined[:at])
			time.sleep(0.02)
			s.sendall(joined[at:])
			for _ in frames:
				assert read_answer(s)
	server.meterd.stop()


def opens(frame):
	try:
		return bool(d2l.unseal(frame, KEY, IV))
	except AssertionError:
		return False


def altered_frames(payload):
	"""A frame with each byte altered in turn; one in 65536 of them has the right CRC by chance: then it is another."""
	while True:
		frame = d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, payload)
		altered = [frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1:] for at in range(len(frame))]
		if not any(map(opens, altered)):
			return altered


@promise
def an_altered_frame_is_never_read():
	server = Server()
	for at, frame in enumerate(altered_frames(historique(1234567))):
		with server.connect() as s:
			s.sendall(frame)
			s.shutdown(socket.SHUT_WR)
			equal(read_answer(s), None, f"the answer to a frame with byte {at} altered")
	equal(server.meterd.meters(), [])
	assert server.post(historique(1234567))
	server.meterd.stop()


@promise
def every_length_is_taken_or_closed():
	server = Server()
	head = d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE)
	for length in [*range(0, 130), 4095, 4096, 4097, 65535]:
		with server.connect() as s:
			s.sendall(head[:2] + struct.pack("<H", length) + head[4:])
			s.shutdown(socket.SHUT_WR)
			equal(read_answer(s, kind=d2l.GET_HORLOGE) is None, length != 48, f"no answer to length {length}")
	server.meterd.stop()


@promise
def a_wrong_key_is_told_once():
	server = Server()
	for _ in range(20):
		equal(server.post(historique(1), key=OTHER), None)
	equal(server.counts("wrong_key", "good"), [20, 0])
	equal(server.line()["state"], "wrong-data")
	assert "key or IV" in server.line()["why"]
	equal(server.meterd.log().count("key or IV"), 1)
	assert KEY.hex() not in server.meterd.log()
	server.meterd.stop()


@promise
def a_module_without_a_key_is_named_and_closed():
	server = Server()
	for _ in range(30):
		equal(server.post(historique(1), module=7), None)
	equal(server.counts("unknown"), [30])
	equal(server.metric("meter_d2l_frames_total", "unknown"), 30)
	assert 1 <= server.meterd.log().count("000000000007") <= 12
	server.meterd.stop()


@promise
def a_request_for_firmware_is_told_once_and_not_answered():
	server = Server()
	with server.connect() as s:
		for _ in range(3):
			s.sendall(d2l.seal(ID, KEY, IV, d2l.UPDATE_REQUEST, b"x"))
		s.sendall(d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE))
		assert read_answer(s, kind=d2l.GET_HORLOGE)
	equal(server.counts("update"), [3])
	equal(server.meterd.log().count("asks for new firmware"), 1)
	server.meterd.stop()


@promise
def two_modules_behind_one_address_are_two_meters():
	server = Server({ID: (KEY, IV), 7: (OTHER, IV)})
	with server.connect() as one, server.connect() as two:
		one.sendall(d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, historique(1000)))
		two.sendall(d2l.seal(7, OTHER, IV, d2l.PUSH_JSON, standard(2000, number="041876000002")))
		assert read_answer(one) and read_answer(two, 7, OTHER)
	wait_until(lambda: len(server.meterd.meters()) == 2)
	equal(server.meter("linky-7767")["quantities"]["energy_import"], 1000)
	equal(server.meter("linky-0002")["quantities"]["energy_import"], 2000)
	server.meterd.stop()


@promise
def old_and_repeated_readings_are_answered_but_not_booked():
	server = Server()
	now = int(time.time())
	first = historique(1000, now)
	for payload in (first, first, historique(900, now - 3600), historique(1001, now - 60)):
		assert server.post(payload)
	equal(server.counts("good", "repeated", "old"), [4, 1, 1])
	equal(server.meter()["quantities"]["energy_import"], 1001)
	server.meterd.stop()


@promise
def a_module_whose_clock_was_never_set_takes_the_time_of_the_host():
	server = Server()
	for base in (1000, 1001, 1001):
		assert server.post(historique(base, d2l.EPOCH + 100))
	state = server.meter()
	equal((server.counts("old", "repeated"), state["quantities"]["energy_import"]), ([0, 0], 1001))
	assert abs(parse_time(state["time"]) - time.time()) < 60, state["time"]
	server.meterd.stop()


@promise
def the_load_is_of_the_phases_that_ever_carried_current_also_after_a_restart():
	server = Server()
	assert server.post(historique(1000, currents=(15, 0, 0)))
	equal(server.meter()["quantities"]["load"], 50)
	assert server.post(historique(1001, time.time() + 1, currents=(15, 15, 3)))
	equal(server.meter()["quantities"]["load"], 36.667)
	server.meterd.stop()
	again = Server(directory=server.directory)
	assert again.post(historique(1002, time.time() + 2, currents=(15, 0, 0)))
	equal(again.meter()["quantities"]["load"], 16.667)
	again.meterd.stop()


@promise
def the_configuration_settles_the_phases():
	server = Server(rest=f"[meter {NUMBER}]\nphases = 3\n")
	assert server.post(historique(1000, currents=(15, 0, 0)))
	equal(server.meter()["quantities"]["load"], 16.667)
	server.meterd.stop()


@promise
def a_restart_in_the_middle_goes_on_with_the_ledger():
	server = Server()
	assert server.post(historique(1000))
	server.meterd.stop()
	again = Server(directory=server.directory)
	assert again.post(historique(1001, time.time() + 1))
	state = again.meter()
	equal((state["name"], state["quantities"]["energy_import"]), ("linky-7767", 1001))
	again.meterd.stop()


@promise
def nothing_listens_until_a_module_has_a_key():
	server = Server(modules=None)
	try:
		server.connect().close()
		raise AssertionError("it listens")
	except ConnectionRefusedError:
		pass
	write_keys(server.directory / "keys", {ID: (KEY, IV)})
	server.meterd.hup()
	assert wait_until(lambda: server.post(historique(1000)))
	server.meterd.stop()


@promise
def modules_are_added_while_others_go_on():
	server = Server()
	with server.connect() as s:
		s.sendall(d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE))
		assert read_answer(s, kind=d2l.GET_HORLOGE)
		write_keys(server.directory / "keys", {ID: (KEY, IV), 7: (OTHER, IV)})
		server.meterd.hup()
		assert wait_until(lambda: server.post(historique(1, number="041876000002"), module=7, key=OTHER))
		s.sendall(d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE))
		assert read_answer(s, kind=d2l.GET_HORLOGE)
	server.meterd.stop()


@promise
def each_module_may_have_a_key_file_of_its_own():
	directory = Directory()
	os.mkdir(directory / "keys", 0o700)
	write_keys(os.path.join(directory / "keys", "one"), {ID: (KEY, IV)})
	write_keys(os.path.join(directory / "keys", "two"), {7: (OTHER, IV)})
	server = Server(modules=None, directory=directory)
	assert server.post(historique(1000))
	assert server.post(standard(2000, number="041876000002"), 7, OTHER)
	server.meterd.stop()


@promise
def a_key_file_that_others_can_read_is_refused():
	directory = Directory()
	write_keys(directory / "keys", {ID: (KEY, IV)}, 0o644)
	server = Server(modules=None, directory=directory)
	assert "chmod" in server.meterd.log()
	server.meterd.stop()


@promise
def many_modules_that_come_at_once_are_few_lines_of_the_log():
	modules = {ID + i: (KEY, IV) for i in range(40)}
	server = Server(modules)
	for module in modules:
		assert server.post(historique(1000, number=f"{module:012d}"), module)
	wait_until(lambda: len(server.meterd.meters()) == 40)
	equal(server.meterd.log().count("connected: tic-historique"), 10)
	equal(server.line(ID + 39)["state"], "connected")
	server.meterd.stop()


@promise
def when_full_the_oldest_connection_without_a_frame_goes():
	server = Server(more="max_connections = 20")
	with server.connect() as module:
		module.sendall(d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE))
		assert read_answer(module, kind=d2l.GET_HORLOGE)
		strangers = [server.connect() for _ in range(60)]
		equal(read_bytes(strangers[0], 1), None)
		assert server.post(historique(1000))
		module.sendall(d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE))
		assert read_answer(module, kind=d2l.GET_HORLOGE)
		for s in strangers:
			s.close()
	assert server.metric("meter_d2l_connections_total", "full") >= 40
	server.meterd.stop()


@promise
def an_address_has_1024_connections_and_a_flood_of_it_disturbs_no_other():
	server = Server()
	with server.connect("127.0.0.3") as module:
		module.sendall(d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE))
		assert read_answer(module, kind=d2l.GET_HORLOGE)
		strangers = [server.connect("127.0.0.2") for _ in range(1024)]
		wait_until(lambda: server.metric("meter_d2l_connections_total", "taken") == 1025)
		equal(server.metric("meter_d2l_connections_total", "full"), 0)
		strangers.append(server.connect("127.0.0.2"))
		equal(read_bytes(strangers[0], 1), None)
		equal(server.metric("meter_d2l_connections_total", "full"), 1)
		assert server.post(historique(1000), source="127.0.0.2")
		module.sendall(d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE))
		assert read_answer(module, kind=d2l.GET_HORLOGE)
		for s in strangers:
			s.close()
	server.meterd.stop()


@promise
def slow_and_stuck_clients_are_closed_and_harm_nobody():
	server = Server()
	slow, silent = server.connect(), server.connect()
	frame = d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, historique(1000))
	slow.sendall(frame[:20])
	begin = time.monotonic()
	assert server.post(historique(1001))
	silent.settimeout(30)
	slow.settimeout(30)
	equal((read_bytes(silent, 1), read_bytes(slow, 1)), (None, None))
	assert 8 <= time.monotonic() - begin < 20
	equal(server.metric("meter_d2l_connections_total", "slow"), 2)
	server.meterd.stop()


@promise
def one_that_reads_no_answers_is_closed():
	server = Server()
	with server.connect() as s:
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		frame = d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE)
		try:
			for _ in range(20000):
				s.sendall(frame * 20)
			raise AssertionError("it was never closed")
		except (ConnectionResetError, BrokenPipeError, TimeoutError):
			pass
		assert server.post(historique(1000))
	server.meterd.stop()


@promise
def noise_is_closed_at_once():
	server = Server()
	for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", bytes(100), b"\x03\x00\xff\xff" + bytes(60)):
		with server.connect() as s:
			s.sendall(noise)
			equal(read_bytes(s, 1), None)
	equal(server.metric("meter_d2l_connections_total", "malformed"), 4)
	server.meterd.stop()


@promise
def communication_shows_what_is_said_but_not_whose_meter_it_is():
	for identity in ("no", "yes"):
		server = Server(rest=f"[daemon]\nlog = communication\nidentity = {identity}\n")
		assert server.post(historique(1234567, UNHEARD="strange"))
		log = server.meterd.log()
		assert "PUSH_JSON" in log and "001234567" in log, log
		equal(NUMBER in log, identity == "yes")
		equal("UNHEARD" in log, True)
		assert KEY.hex() not in log
		server.meterd.stop()


run()
