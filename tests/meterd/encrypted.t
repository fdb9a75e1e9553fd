#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Encrypted P1 through the whole daemon: right, wrong and missing keys, damage, replays, and that no key is ever told."""
from harness import *

PLAIN = os.path.join(TOP, "build/meterd")
KEYS = {"key": "1c2d3e4f5a6b7c8d9e0f102132435465", "auth_key": "a0b1c2d3e4f5061728394a5b6c7d8e9f",
	"system_title": "53494d3939303434"}
OTHER = "7766554433221100ffeeddccbbaa9988"
START = "2027-01-10T12:00:00Z"


def key_file(path, mode=0o600, **changed):
	"""Writes a key file; a key that is None is left out."""
	keys = {name: value for name, value in {**KEYS, **changed}.items() if value}
	with open(path + ".new", "w") as f:
		json.dump(keys, f)
	os.chmod(path + ".new", mode)
	os.rename(path + ".new", path)
	return path


class Meter:
	"""Frames of a simulated meter, one by one: frames(3) and then frames(2) are five telegrams with counters that go up."""

	def __init__(self, kind="luxembourg", more=()):
		self.directory = Directory()
		keys = key_file(self.directory / "keys")
		command = [METERCTL, "simulate", kind, "--speed", "max", "--count", "60", "--start", START, "--interval", "10",
			   "--expect", self.directory / "expected", "--key-file", keys, *more]
		data = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
		self.left = self._split(data)
		with open(self.directory / "expected") as f:
			self.readings = [json.loads(line) for line in f]

	@staticmethod
	def _split(data):
		"""By their lengths."""
		frames, at = [], 0
		while at < len(data):
			head = data.index(b"\x82", at) if data[at] == 0x2F else at + 10
			end = head + 3 + int.from_bytes(data[head + 1:head + 3], "big")
			frames.append(data[at:end])
			at = end
		return frames

	def frames(self, count):
		taken, self.left = self.left[:count], self.left[count:]
		return taken


def source(more, name="house", gateway=None, path=None):
	where = f"type = tcp\nhost = 127.0.0.1\nport = {gateway.port}" if gateway else f"type = replay\npath = {path}"
	return f"[source {name}]\n{where}\n{more}\n"


def status(meterd):
	answer, error, _ = meterctl("status", "--json", "--socket", os.path.join(meterd.runtime, "control"))
	if not answer:
		raise AssertionError(error)
	return json.loads(answer)


def line(meterd, name="house"):
	return next(s for s in status(meterd)["sources"] if s["name"] == name)["lines"][0]


def tells_no_key(meterd):
	"""In no log, page or file of the state directory, in any spelling."""
	said = [meterd.log(), meterd.output(), json.dumps(status(meterd)), meterctl("status", "--socket", os.path.join(meterd.runtime, "control"))[0]]
	if meterd.has_http:
		said += [meterd.http(path)[1] if path == "/metrics" else json.dumps(meterd.http(path)[1])
			 for path in ("/metrics", "/meters", "/meters/house", "/ledger?meter=house&period=day")]
	texts = [text.encode() for text in said]
	for directory, _, names in os.walk(meterd.state):
		for name in names:
			with open(os.path.join(directory, name), "rb") as f:
				texts.append(f.read())
	for secret in (KEYS["key"], KEYS["auth_key"], OTHER):
		for spelling in (secret.encode(), secret.upper().encode(), bytes.fromhex(secret), secret[:12].encode()):
			if any(spelling in text for text in texts):
				raise AssertionError(f"a key is told: {spelling}")


def stop(meterd):
	tells_no_key(meterd)
	meterd.stop()


def read_again(parts, more="", ready=None, **keys):
	"""A meterd that has read these bytes from a file."""
	directory = Directory()
	with open(directory / "capture", "wb") as f:
		f.write(b"".join(parts))
	path = key_file(directory / "house.key", **keys)
	meterd = Meterd(source(f"key_file = {path}\n" + more, path=directory / "capture"), directory=directory)
	wait_until(ready or (lambda: line(meterd)["state"] == "off"))
	return meterd


def reload(meterd):
	before = meterd.log().count("was read again")
	meterd.hup()
	wait_until(lambda: meterd.log().count("was read again") > before)


def repeat(parts, pause=0.05):
	"""A script that sends these over and over."""
	return [step for part in parts for step in (part, pause)] + [AGAIN]


VECTORS = ["esphome-smarty-encrypted", "esphome-smarty-encrypted-twice-no-auth-key", "esphome-smarty-encrypted-wrong-auth-key",
	   "synthetic-p1-encrypted-tag-1"]


def vector(name):
	with open(corpus(f"p1/{name}.bin"), "rb") as f:
		data = f.read()
	with open(corpus(f"p1/{name}.key.json")) as f:
		keys = {"auth_key": None, "system_title": None, **json.load(f)}
	with open(corpus(f"p1/{name}.expected.ndjson")) as f:
		return data, keys, [json.loads(text) for text in f]


@promise
def vectors_are_read_with_their_keys_over_tcp_and_from_files():
	directory, config, expected = Directory(), "", {}
	for name in VECTORS:
		data, keys, readings = vector(name)
		short = "s" + name[-12:]
		keys = key_file(directory / f"{short}.key", **keys)
		with open(directory / short, "wb") as f:
			f.write(data)
		config += source(f"key_file = {keys}", f"tcp-{short}", gateway=Gateway([data[:100], 0.05, data[100:], HOLD]))
		config += source(f"key_file = {keys}", f"file-{short}", path=directory / short)
		expected.update({f"tcp-{short}": readings, f"file-{short}": readings})
	meterd = Meterd(config)
	wait_until(lambda: all(line(meterd, name)["telegrams"] == len(readings) for name, readings in expected.items()))
	heard = {m["name"]: m for m in meterd.meters()}
	for name, readings in expected.items():
		meter = next((m for m in heard.values() if m["source"] == name), None)
		if readings and meter:
			registers = {q: v for q, v in readings[-1]["quantities"].items() if q.startswith("energy")}
			equal({q: v for q, v in meter["quantities"].items() if q in registers}, registers, name)
	assert any(m["source"].startswith("tcp-") for m in heard.values())
	wrong = f"tcp-s{VECTORS[2][-12:]}"
	wait_until(lambda: "auth_key" in line(meterd, wrong)["why"])
	equal(line(meterd, wrong)["encrypted"], {"tag": "wrong", "verified": 0, "unverified": 0, "wrong_tag": 3, "unreadable": 0, "replayed": 0})
	good = line(meterd, f"tcp-s{VECTORS[3][-12:]}")["encrypted"]
	equal((good["tag"], good["verified"], good["wrong_tag"]), ("verified", 3, 1))
	loose = line(meterd, f"tcp-s{VECTORS[1][-12:]}")
	equal((loose["encrypted"]["tag"], loose["encrypted"]["unverified"], loose["encrypted"]["replayed"]), ("not-verifiable", 2, 1))
	assert "cannot be verified" in loose["why"], loose
	meterd.stop()


@promise
def without_a_key_it_is_said_once_what_to_do():
	gateway = Gateway(repeat(Meter().frames(20)))
	meterd = Meterd(source("", gateway=gateway))
	wait_until(lambda: line(meterd)["state"] == "wrong-data")
	assert "key_file" in line(meterd)["why"] and "encrypted" not in line(meterd), line(meterd)
	stays(lambda: meterd.log().count("key_file") == 1, 2)
	equal(meterd.metric("meter_encrypted_telegrams_total", source="house"), None)
	stop(meterd)


@promise
def a_wrong_key_is_said_once_and_the_right_one_is_taken_by_sighup():
	gateway = Gateway(repeat(Meter().frames(50)))
	directory = Directory()
	path = key_file(directory / "house.key", key=OTHER)
	meterd = Meterd(source(f"key_file = {path}", gateway=gateway), directory=directory)
	wait_until(lambda: "is the key that of this meter" in line(meterd)["why"])
	equal(line(meterd)["telegrams"], 0)
	stays(lambda: meterd.log().count("that of this meter") == 1, 2)
	key_file(path)
	meterd.hup()
	wait_until(lambda: line(meterd)["state"] == "connected")
	assert "good tags" in line(meterd)["why"], line(meterd)
	# The same once more changes nothing, and what cannot be read neither.
	connections = gateway.connections
	for break_it in (lambda: None, lambda: os.chmod(path, 0o644), lambda: os.unlink(path)):
		break_it()
		reload(meterd)
		before = line(meterd)["telegrams"]
		wait_until(lambda: line(meterd)["telegrams"] > before + 2)
	equal(gateway.connections, connections)
	equal(meterd.log().count("it goes on with the keys that it has"), 2)
	stop(meterd)


@promise
def a_key_file_that_others_can_read_is_refused_with_what_to_type():
	gateway = Gateway(repeat(Meter().frames(50)))
	directory = Directory()
	path = key_file(directory / "house.key", mode=0o644)
	meterd = Meterd(source(f"key_file = {path}", gateway=gateway), directory=directory)
	assert f"type: chmod 0640 {path}" in meterd.log() or f"type: chmod 0600 {path}" in meterd.log(), meterd.log()
	wait_until(lambda: "key file could not be read" in line(meterd)["why"])
	os.chmod(path, 0o600)
	meterd.hup()
	wait_until(lambda: line(meterd)["state"] == "connected")
	stop(meterd)


@promise
def a_key_file_that_is_no_json_is_told_without_a_word_of_it():
	directory = Directory()
	path = directory / "house.key"
	with open(path, "w") as f:
		f.write(f'{{"key": {KEYS["key"]}, "auth_key": "{KEYS["auth_key"]}"')
	os.chmod(path, 0o600)
	meterd = Meterd(source(f"key_file = {path}", gateway=Gateway()), directory=directory)
	assert f"{path}:1: not JSON" in meterd.log(), meterd.log()
	stop(meterd)


@promise
def a_credential_of_the_service_is_taken():
	gateway = Gateway(repeat(Meter("austria").frames(50)))
	credentials = Directory()
	key_file(credentials / "source.house.key", mode=0o400)
	meterd = Meterd(source("", gateway=gateway), environment={"CREDENTIALS_DIRECTORY": str(credentials)})
	wait_until(lambda: line(meterd)["state"] == "connected")
	stop(meterd)


@promise
def keys_in_the_configuration_work_when_they_are_allowed():
	gateway = Gateway(repeat(Meter("poland").frames(50)))
	more = "".join(f"{name} = {value}\n" for name, value in KEYS.items())
	meterd = Meterd("[daemon]\nallow_inline_secrets = yes\n" + source(more, gateway=gateway))
	wait_until(lambda: line(meterd)["state"] == "connected")
	stop(meterd)


@promise
def telegrams_come_from_any_pieces_and_any_number_of_them():
	meters = {kind: Meter(kind) for kind in ("luxembourg", "austria", "poland")}
	directory, config, expected = Directory(), "", {}
	path = key_file(directory / "house.key")
	for kind, meter in meters.items():
		one, two, three, *rest = meter.frames(11)
		data = b"".join([one, two, three])
		steps = [data[i:i + 7] for i in range(0, len(data), 7)] + [b"".join(rest)]
		config += source(f"key_file = {path}", kind, gateway=Gateway([step for s in steps for step in (s, 0.001)] + [HOLD]))
	meterd = Meterd(config, directory=directory)
	for kind, meter in meters.items():
		wait_until(lambda: line(meterd, kind)["telegrams"] == 11, what=kind)
		equal(line(meterd, kind)["damaged"], 0)
		equal(meterd.metric("meter_telegrams_total", source=kind, result="parse"), 0)
		equal(meterd.metric("meter_encrypted_telegrams_total", source=kind, result="verified"), 11)
		registers = {q: v for q, v in meter.readings[10]["quantities"].items() if q.startswith("energy")}
		equal({q: v for q, v in meterd.quantities(kind).items() if q in registers}, registers, kind)
	meterd.stop()


@promise
def garbage_between_telegrams_and_stalls_within_cost_none():
	frames = Meter().frames(12)
	noise = random.Random(1).randbytes(700)
	half = len(frames[0]) // 2
	steps = [noise]
	for frame in frames:
		steps += [frame[:half], 1.3 if frame is frames[5] else 0.01, frame[half:], noise, noise[:13], b"\xdb\x08", b"/ABC"]
	directory = Directory()
	path = key_file(directory / "house.key")
	meterd = Meterd(source(f"key_file = {path}", gateway=Gateway(steps + [HOLD])), directory=directory)
	wait_until(lambda: line(meterd)["telegrams"] == 12)
	stop(meterd)


@promise
def no_altered_byte_is_ever_believed():
	meter = Meter("poland")
	frame, good = meter.frames(2)
	# The clear header before a frame may say anything.
	altered = [frame[:i] + bytes([frame[i] ^ 1 << i % 8]) + frame[i + 1:] for i in range(11, len(frame))]
	meterd = read_again([part for text in altered for part in (text, good)])
	equal((line(meterd)["telegrams"], line(meterd)["encrypted"]["verified"]), (len(altered), len(altered)))
	equal(line(meterd)["encrypted"]["replayed"], len(altered) - 1)
	registers = {q: v for q, v in meter.readings[1]["quantities"].items() if q.startswith("energy")}
	equal({q: v for q, v in meterd.quantities("house").items() if q in registers}, registers)
	stop(meterd)


@promise
def what_is_cut_off_at_any_length_costs_no_other():
	frame, good = Meter("austria").frames(2)
	meterd = read_again([part for i in range(len(frame)) for part in (frame[:i], good)])
	equal(line(meterd)["telegrams"], len(frame))
	stop(meterd)


@promise
def at_their_own_pace_none_is_lost_when_damage_holds_some_up():
	frames = Meter(more=["--interval", "1"]).frames(6)
	# It claims three frames, so that two come at once.
	frames[1] = frames[1][:11] + b"\x11\xe0" + frames[1][13:]
	meterd = read_again(frames, more="speed = real")
	equal(line(meterd)["telegrams"], 5)
	stop(meterd)


@promise
def a_wrong_tag_is_dropped_and_counted():
	frames = Meter().frames(5)
	frames[1] = frames[1][:-1] + bytes([frames[1][-1] ^ 1])
	frames[3] = frames[3][:600] + bytes([frames[3][600] ^ 1]) + frames[3][601:]
	meterd = read_again(frames)
	equal(line(meterd)["encrypted"], {"tag": "verified", "verified": 3, "unverified": 0, "wrong_tag": 1, "unreadable": 1, "replayed": 0})
	equal(meterd.metric("meter_telegrams_total", source="house", result="crc"), 2)
	equal(meterd.metric("meter_encrypted_telegrams_total", source="house", result="wrong_tag"), 1)
	stop(meterd)
	# Without the key to it the first one is fine, and the CRC finds the second.
	meterd = read_again(frames, auth_key=None)
	equal(line(meterd)["encrypted"], {"tag": "not-verifiable", "verified": 0, "unverified": 4, "wrong_tag": 0, "unreadable": 1, "replayed": 0})
	stop(meterd)


@promise
def a_counter_that_goes_back_is_counted_or_refused():
	frames = Meter().frames(6)
	replayed = frames[:4] + frames[1:3] + frames[4:]
	for policy, taken in (("count", 8), ("refuse", 6)):
		directory = Directory()
		path = key_file(directory / "house.key")
		gateway = Gateway([step for frame in replayed for step in (frame, 0.2)] + [HOLD])
		meterd = Meterd(source(f"key_file = {path}\nreplayed = {policy}", gateway=gateway), directory=directory)
		wait_until(lambda: line(meterd)["telegrams"] == taken)
		# Once where it goes on from the lower one, twice where the highest one counts.
		equal(line(meterd)["encrypted"]["replayed"], 1 if policy == "count" else 2)
		assert "the frame counter of encrypted telegrams has not gone up" in meterd.log(), meterd.log()
		stop(meterd)


@promise
def a_line_may_carry_clear_telegrams_too():
	parts = []
	for i, frame in enumerate(Meter().frames(10)):
		parts += [frame, p1(utc(START) + 10 * i + 5, r1_8_1=1000000 + i)]
	directory = Directory()
	path = key_file(directory / "house.key")
	config = source(f"key_file = {path}", gateway=Gateway([b"".join(parts), HOLD]))
	meterd = Meterd("[daemon]\nidentity = yes\n" + config, directory=directory)
	wait_until(lambda: line(meterd)["telegrams"] == 20)
	equal(sorted(m["meter"] for m in meterd.meters()), ["E0000000000000001", "SAG9900000000042"])
	equal(line(meterd)["damaged"], 0)
	stop(meterd)


@promise
def a_serial_line_is_read():
	directory = Directory()
	path = key_file(directory / "house.key")
	meter = Simulator("luxembourg", interval=1, **{"key-file": path})
	meterd = Meterd(f"[source house]\ntype = serial\ndevice = {meter.path}\nkey_file = {path}\n", directory=directory)
	wait_until(lambda: line(meterd)["telegrams"] >= 3)
	assert "good tags" in line(meterd)["why"], line(meterd)
	stop(meterd)


@promise
def raw_bytes_go_on_as_they_came_and_p1_is_made_anew():
	directory, frames = Directory(), Meter().frames(60)
	path = key_file(directory / "house.key")
	raw, clear = free_port(), free_port()
	sinks = (f"[sink raw]\ntype = serve\nlisten = 127.0.0.1:{raw}\nformat = raw\nmeter = house\n"
		 f"[sink clear]\ntype = serve\nlisten = 127.0.0.1:{clear}\nmeter = house\n")
	meterd = Meterd(source(f"key_file = {path}", gateway=Gateway(repeat(frames))) + sinks, directory=directory)
	wait_until(lambda: line(meterd)["state"] == "connected")

	def received(port, enough):
		data = b""
		with socket.create_connection(("127.0.0.1", port), 60) as s:
			while not enough(data):
				data += s.recv(65536)
		return data

	data = received(raw, lambda data: len(data) > 5 * len(frames[0]))
	assert data[:2] == b"\xdb\x08", data[:16]
	assert data[:len(frames[0])] in frames, "the first one is not whole"
	assert data in b"".join(frames * 2), "not as it came"
	out, error, code = meterctl("decode", "--key-file", path, "-", input=data)
	assert code == 0 and out.count('"via":"p1-encrypted"') >= 5, error
	data = received(clear, lambda data: data.count(b"!") >= 2)
	out, error, code = meterctl("decode", "-", input=data)
	assert code == 0 and "via" not in out, error
	stop(meterd)


@promise
def keys_are_in_locked_memory_beside_the_sandbox():
	gateway = Gateway(repeat(Meter().frames(50)))
	directory = Directory()
	path = key_file(directory / "house.key")
	meterd = Meterd("[daemon]\nsandbox = yes\n" + source(f"key_file = {path}", gateway=gateway), directory=directory, program=PLAIN)
	wait_until(lambda: line(meterd)["state"] == "connected")
	locked = meterd._status("VmLck")
	note(f"{locked} KiB are locked")
	assert 0 < locked <= 16, locked
	key_file(path, auth_key=None)
	meterd.hup()
	wait_until(lambda: "cannot be verified" in line(meterd)["why"])
	equal(meterd._status("VmLck"), locked)
	meterd.configure(source("", gateway=gateway))
	meterd.hup()
	wait_until(lambda: meterd._status("VmLck") == 0)
	stop(meterd)


run()
