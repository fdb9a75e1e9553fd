#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""meterctl d2l: the frames in a file in clear, a server for trying, and modules that post; the other side was written
from the description of the frames alone."""
import collections
import signal
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0] + "/meterd")
from harness import *
from harness import _own
import d2l_wire as d2l

METERCTL = os.path.join(TOP, "build/tests/meterctl")
KEY, IV = bytes(range(16)), bytes(range(0xf0, 0x100))
ID = 990000000042


def run_meterctl(*arguments, input=None):
	result = subprocess.run([METERCTL, *map(str, arguments)], input=input, capture_output=True, timeout=120, cwd=TOP)
	assert not SANITIZER.search(result.stderr.decode()), result.stderr.decode()
	return result.returncode, result.stdout.decode(), result.stderr.decode()


def key_file(directory, keys=None):
	path = directory / "keys"
	with open(path, "w") as f:
		json.dump(keys or {"key": KEY.hex(), "iv": IV.hex()}, f)
	return path


def decode(frames, *options, keys=None, command=("d2l", "decode")):
	return run_meterctl(*command, *options, "--key-file", key_file(Directory(), keys), "-", input=frames)


def tally(out):
	return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)\b(?!\.)", out.split("\n")[0])}


# Frames in a file

@promise
def frames_are_told_in_clear():
	frames = d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE) + d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, b'{"BASE":"000000001"}') \
		+ d2l.clock_answer(ID, KEY, IV, d2l.PUSH_JSON, utc(2025, 1, 2, 3, 4, 5)) \
		+ d2l.seal(ID, KEY, IV, 9, b"\x01\xff", error=True, next_query=3)
	code, out, err = decode(frames)
	equal((code, err), (0, ""))
	equal(out.split("\n"), [
		"byte 0: module 990000000042, 48 bytes: GET_HORLOGE (type 5), 0 bytes of payload",
		"byte 48: module 990000000042, 64 bytes: PUSH_JSON (type 3), 20 bytes of payload",
		'  {"BASE":"000000001"}',
		"byte 112: module 990000000042, 48 bytes: PUSH_JSON, answer (type 3), 4 bytes of payload",
		"  the time: 2025-01-02T03:04:05Z",
		"byte 160: module 990000000042, 48 bytes: unknown (type 9), 2 bytes of payload, next query 3, error",
		r"  \x01\xff", ""])


@promise
def what_is_wrong_with_a_frame_is_told():
	good = d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE)
	bad = good[:40] + bytes([good[40] ^ 1]) + good[41:]
	code, out, err = decode(good + b"noise" + good + bad + good + good[:30])
	equal((code, re.findall(r"^byte (\d+): .*: GET_HORLOGE \(type 5\), 0 bytes of payload$", out, re.M)), (0, ["0", "53", "149"]))
	assert re.search(r"^byte 101: .*: its CRC is wrong.*the key or the IV is not the module's$", out, re.M), out
	assert "in 2 places there is something else" in err, err


@promise
def a_frame_behind_one_with_an_altered_length_is_found():
	good = d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, b'{"BASE":"000000001"}')
	for length in (48, 80, 128, 4096):
		altered = good[:2] + struct.pack("<H", length) + good[4:]
		code, out, err = decode(altered + good + good, command=("decode", "--protocol", "d2l"))
		equal((length, code, out.count("\n")), (length, 0, 2))


@promise
def modules_without_a_key_are_named():
	frames = d2l.seal(11601000001, KEY, IV, d2l.PUSH_JSON, b'{"BASE":"000000001"}')
	other = {"7": {"key": KEY.hex(), "iv": IV.hex()}}
	code, out, err = decode(frames, keys=other)
	equal((code, out), (1, "byte 0: module 011601000001, 64 bytes: there is no key for this module\n"))
	code, out, err = decode(frames, keys=other, command=("decode",))
	assert code == 1 and "D2L module 011601000001, which has no key in " in err, err
	code, out, err = run_meterctl("decode", "-", input=frames)
	assert code == 1 and "D2L module 011601000001: give its key and IV with --key-file" in err, err


@promise
def a_table_of_keys_is_taken_for_frames_of_many_modules():
	keys = {str(ID + n): {"key": (KEY[n:] + KEY[:n]).hex(), "iv": IV.hex()} for n in range(10)}
	frames = b"".join(d2l.seal(ID + n, KEY[n:] + KEY[:n], IV, d2l.PUSH_JSON, b'{"ADCO":"%d"}' % (100 + n)) for n in range(10))
	code, out, err = decode(frames, keys=keys, command=("decode",))
	equal((code, [json.loads(line)["meter"] for line in out.splitlines()]), (0, [str(100 + n) for n in range(10)]))


@promise
def what_is_wrong_with_a_key_is_said_and_not_the_key():
	for keys, sentence in (({"key": KEY.hex()[1:], "iv": IV.hex()}, '"key" has 31 hex digits, expected 32'),
			       ({"7": {"key": KEY.hex(), "iv": IV.hex()[:-1] + "x"}}, 'module 000000000007: character 32 of "iv" is no hex'),
			       ({"7": {"iv": IV.hex()}}, 'module 000000000007: there is no "key"')):
		for command in (("d2l", "decode"), ("decode",), ("decode", "--protocol", "d2l")):
			code, out, err = decode(b"", keys=keys, command=command)
			assert code == 2 and sentence in err and KEY.hex()[4:12] not in err and IV.hex()[4:12] not in err, err


# A server for trying

OTHER = 11601000001
KEYS = {"990000000042": {"key": KEY.hex(), "iv": IV.hex()}, "11601000001": {"key": IV.hex(), "iv": KEY.hex()}}
JSON = b'{"_TYPE_TRAME":"HISTORIQUE","ADCO":"000000000042","BASE":"000000001"}'


class Trial:
	"""meterctl d2l serve, that listens already."""

	def __init__(self, *options, keys=KEYS, host="127.0.0.1"):
		self.port, self.host, self._out = free_port(host), host, Directory() / "out"
		options = [*options, *(["--key-file", str(key_file(Directory(), keys))] if keys else [])]
		at = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
		with open(self._out, "w") as out, open(str(self._out) + ".err", "w") as err:
			self.process = subprocess.Popen([METERCTL, "d2l", "serve", *options, at], stdout=out, stderr=err, cwd=TOP)
		_own(self)
		wait_until(lambda: f"listens on {at}, with the keys of " in self.err)

	@property
	def out(self):
		return open(self._out).read()

	@property
	def err(self):
		return open(str(self._out) + ".err").read()

	def lines(self):
		"""What was printed, without the time and the address, which it checks."""
		found = [re.sub(rf"^\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ {re.escape(self.host)}: ", "", line) for line in self.out.splitlines()]
		assert not any(line.startswith("20") for line in found), self.out
		return found

	def connect(self):
		connection = socket.create_connection((self.host, self.port), timeout=60)
		connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		return connection

	def end(self):
		self.process.kill()
		self.process.wait()

	def finish(self, code=0):
		"""Ends it if it has not ended; returns its counts that are not 0."""
		if self.process.poll() is None:
			self.process.send_signal(signal.SIGINT)
		equal(self.process.wait(timeout=60), code, "the exit code")
		assert not SANITIZER.search(self.err), self.err
		return {name: count for name, count in tally(self.err.splitlines()[-1]).items() if count}


def receive(connection, count):
	data = b""
	while len(data) < count:
		chunk = connection.recv(count - len(data))
		assert chunk, f"closed after {len(data)} bytes of {count}"
		data += chunk
	return data


def expect_clock(connection, kind, module=ID, key=KEY, iv=IV):
	frame = receive(connection, 48)
	got = d2l.unseal(frame, key, iv)
	equal((d2l.header(frame)[0], got[:3], len(got[3])), (module, (kind, True, False), 4))
	off = struct.unpack("<I", got[3])[0] + d2l.EPOCH - time.time()
	assert -5 < off <= 1, off


def expect_close(connection):
	try:
		equal(connection.recv(1), b"")
	except ConnectionResetError:
		pass


CLOCK = d2l.seal(ID, KEY, IV, d2l.GET_HORLOGE)
POST = d2l.seal(ID, KEY, IV, d2l.PUSH_JSON, JSON)
CLOCK_LINE = "module 990000000042, 48 bytes: GET_HORLOGE (type 5), 0 bytes of payload"
POST_LINES = [f"module 990000000042, 112 bytes: PUSH_JSON (type 3), {len(JSON)} bytes of payload", "  " + JSON.decode()]


@promise
def the_server_shows_frames_in_clear_and_answers_with_the_time():
	for host in ("127.0.0.1", "::1"):
		trial = Trial(host=host)
		with trial.connect() as module:
			for frame, kind in ((CLOCK, d2l.GET_HORLOGE), (POST, d2l.PUSH_JSON), (d2l.seal(ID, KEY, IV, 9), 9)):
				module.sendall(frame)
				expect_clock(module, kind)
		equal(trial.finish(), {"connections": 1, "good": 3})
		equal(trial.lines(), [CLOCK_LINE, *POST_LINES, "module 990000000042, 48 bytes: unknown (type 9), 0 bytes of payload"])


@promise
def the_server_takes_frames_cut_anywhere_and_joined():
	trial = Trial()
	with trial.connect() as module:
		for byte in POST[:-1]:
			module.sendall(bytes([byte]))
		module.sendall(POST[-1:] + CLOCK + POST + CLOCK[:20])
		for kind in (d2l.PUSH_JSON, d2l.GET_HORLOGE, d2l.PUSH_JSON):
			expect_clock(module, kind)
		module.sendall(CLOCK[20:])
		expect_clock(module, d2l.GET_HORLOGE)
	equal(trial.finish(), {"connections": 1, "good": 4})
	equal(trial.lines(), [*POST_LINES, CLOCK_LINE, *POST_LINES, CLOCK_LINE])


@promise
def the_server_has_many_modules_at_once_each_with_its_key():
	trial = Trial()
	with trial.connect() as one, trial.connect() as other:
		one.sendall(CLOCK[:30])
		other.sendall(d2l.seal(OTHER, IV, KEY, d2l.PUSH_JSON, b'{"BASE":"000000002"}'))
		expect_clock(other, d2l.PUSH_JSON, OTHER, IV, KEY)
		one.sendall(CLOCK[30:])
		expect_clock(one, d2l.GET_HORLOGE)
	equal(trial.finish(), {"connections": 2, "good": 2})
	equal(trial.lines(), ["module 011601000001, 64 bytes: PUSH_JSON (type 3), 20 bytes of payload", '  {"BASE":"000000002"}', CLOCK_LINE])


@promise
def the_server_names_unknown_modules_and_wrong_keys_and_what_to_do_once():
	trial = Trial()
	for _ in range(3):
		for frame in (d2l.seal(7, KEY, IV, d2l.GET_HORLOGE), d2l.seal(OTHER, KEY, IV, d2l.GET_HORLOGE)):
			with trial.connect() as module:
				module.sendall(frame)
				expect_close(module)
	equal(trial.finish(1), {"connections": 6, "unknown": 3, "wrong_key": 3})
	equal(trial.lines(), ["module 000000000007, 48 bytes: there is no key for this module", "module 011601000001, 48 bytes: "
			      "its CRC is wrong: it is damaged, or the key or the IV is not the module's"] * 3)
	equal(re.findall(r"module (\d+): (put|compare) its key and IV ", trial.err), [("000000000007", "put"), ("011601000001", "compare")])


@promise
def a_real_module_at_a_server_for_simulated_ones_is_told_what_it_wants():
	trial = Trial(keys=None)
	with trial.connect() as module:
		module.sendall(CLOCK)
		expect_close(module)
	equal(trial.finish(1), {"connections": 1, "wrong_key": 1})
	assert "module 990000000042: without --key-file only keys of 'meterctl d2l simulate' are known" in trial.err, trial.err


@promise
def a_request_for_firmware_is_explained_and_has_no_answer():
	trial = Trial()
	with trial.connect() as module:
		module.sendall(d2l.seal(ID, KEY, IV, d2l.UPDATE_REQUEST, b"x") * 2 + CLOCK)
		expect_clock(module, d2l.GET_HORLOGE)
	equal(trial.finish(), {"connections": 1, "good": 3, "updates": 2})
	equal(trial.err.count("module 990000000042: it asks for new firmware, which only its maker has"), 1)


@promise
def noise_and_answers_are_closed_and_the_server_goes_on():
	trial = Trial()
	for bytes_, line in ((b"GET / HTTP/1.0\r\n\r\n", "closed: what came is no frame: it does not begin as frames of a D2L do"),
			     (b"\3\0\x31\0", "closed: what came is no frame: it has a length that no frame of a D2L has"),
			     (d2l.clock_answer(ID, KEY, IV, 5), "module 990000000042, 48 bytes: GET_HORLOGE, answer (type 5), 4 bytes of payload")):
		with trial.connect() as stranger:
			stranger.sendall(bytes_)
			expect_close(stranger)
		wait_until(lambda: line in trial.lines())
	with trial.connect() as module:
		module.sendall(CLOCK[:20])
	wait_until(lambda: "closed: it hung up in the middle of a frame, after 20 bytes" in trial.lines())
	with trial.connect() as module:
		module.sendall(CLOCK)
		expect_clock(module, d2l.GET_HORLOGE)
	equal(trial.finish(), {"connections": 5, "good": 1, "malformed": 3})


@promise
def strangers_who_send_nothing_go_and_a_module_stays():
	trial = Trial()
	with trial.connect() as module:
		module.sendall(CLOCK)
		expect_clock(module, d2l.GET_HORLOGE)
		strangers = [trial.connect() for _ in range(65)]
		for stranger in strangers[:2]:
			expect_close(stranger)
		for stranger in strangers[2:]:
			expect_close(stranger)		# after 10 s
			stranger.close()
		module.sendall(POST)
		expect_clock(module, d2l.PUSH_JSON)
	equal(trial.finish(), {"connections": 66, "good": 2, "full": 2, "slow": 63})
	equal(collections.Counter(trial.lines()[1:-2]), {"closed: 64 are open, and a new one came": 2, "closed: no whole frame came within 10 s": 63})


@promise
def simulated_modules_are_known_without_a_key_file():
	trial = Trial(keys=None)
	code, out, err = run_meterctl("d2l", "simulate", "--modules", 5, "--count", 2, "--period", "0.2", f"127.0.0.1:{trial.port}")
	equal((code, tally(out)["answered"]), (0, 15))
	equal(trial.finish(), {"connections": 15, "good": 15})
	equal(len(re.findall(r'^  \{ "_TYPE_TRAME":"(?:HISTORIQUE|STANDARD)", "_ID_D2L":"99000000000[1-5]"', trial.out, re.M)), 10)


@promise
def the_server_ends_after_so_many_good_frames_or_when_it_is_interrupted():
	trial = Trial("--count", "2")
	with trial.connect() as module:
		module.sendall(CLOCK + CLOCK)
		for _ in range(2):
			expect_clock(module, d2l.GET_HORLOGE)
		trial.process.wait(timeout=60)
		equal(trial.finish(), {"connections": 1, "good": 2})
	trial = Trial()
	trial.process.send_signal(signal.SIGTERM)
	equal(trial.finish(1), {})
	assert trial.err.splitlines()[-1].startswith("connections=0 good=0 "), trial.err


@promise
def a_place_where_the_server_cannot_listen_is_told():
	trial = Trial()
	for arguments, sentence in (((f"127.0.0.1:{trial.port}",), f"cannot listen on 127.0.0.1, port {trial.port}: .*another program has it"),
				    (("192.0.2.1",), "cannot listen on 192.0.2.1, port 7845: .*this machine has no such address"),
				    (("localhost",), "is no address"), (("[::1]x",), "is no address"), (("[::1",), "is no address"), (("a", "b"), "one address"), (("--count", 0), "whole number from 1"),
				    (("--key-file", "/nowhere/keys"), "cannot be read")):
		code, out, err = run_meterctl("d2l", "serve", *arguments)
		assert code == 2 and out == "" and re.search(sentence, err), (arguments, code, out, err)
	trial.finish(1)


# Modules that post

def simulated_keys(count, *options):
	path = Directory() / "table"
	code, out, err = run_meterctl("d2l", "simulate", "--modules", count, "--write-keys", path, *options)
	equal((code, out, err, os.stat(path).st_mode & 0o777), (0, "", "", 0o600))
	with open(path) as f:
		return {int(id): (bytes.fromhex(k["key"]), bytes.fromhex(k["iv"])) for id, k in json.load(f).items()}


def post(server, *options):
	try:
		return run_meterctl("d2l", "simulate", *options, f"127.0.0.1:{server.port}")
	finally:
		server.end()


@promise
def each_module_asks_for_the_time_and_posts_from_its_own_address():
	server = d2l.Server(simulated_keys(20))
	code, out, err = post(server, "--modules", 20, "--count", 3, "--period", "0.2")
	equal((code, err), (0, ""))
	equal(tally(out), {"clocks": 20, "posts": 60, "answered": 80, "refused": 0, "closed": 0, "no_answer": 0, "wrong": 0, "behind": 0})
	assert re.search(r"^answers in ms: p50=\d+\.\d\d p90=\d+\.\d\d p99=\d+\.\d\d p99\.9=\d+\.\d\d max=\d+\.\d\d$", out, re.M), out
	for n in range(20):
		mine = [f for f in server.frames if f[1] == 990000000001 + n]
		equal([f[2] for f in mine], [d2l.GET_HORLOGE] + [d2l.PUSH_JSON] * 3)
		equal({f[0] for f in mine}, {f"127.1.0.{1 + n}"})
		said = json.loads(mine[-1][3])
		equal(said["_TYPE_TRAME"], "HISTORIQUE" if mine[0][1] % 2 == 0 else "STANDARD")
		equal(int(said["_ID_D2L"]), mine[0][1])


@promise
def modules_share_addresses_when_they_are_told_to():
	server = d2l.Server(simulated_keys(10, "--first-id", "7"))
	code, out, err = post(server, "--modules", 10, "--first-id", 7, "--count", 1, "--period", "0.1", "--per-address", 4, "--mode", "all")
	equal((code, len({f[0] for f in server.frames})), (0, 3))
	equal({json.loads(f[3])["_TYPE_TRAME"] for f in server.frames if f[3]}, {"STANDARD"})


@promise
def a_real_module_posts_with_its_own_key():
	server = d2l.Server({ID: (KEY, IV)})
	code, out, err = post(server, "--key-file", key_file(Directory(), {str(ID): {"key": KEY.hex(), "iv": IV.hex()}}), "--count", 1)
	equal((code, [f[1:3] for f in server.frames]), (0, [(ID, 5), (ID, 3)]))
	server = d2l.Server({ID: (KEY, IV)})
	code, out, err = post(server, "--key-file", key_file(Directory()), "--first-id", ID, "--count", 1, "--per-address", 0)
	equal((code, [f[0:2] for f in server.frames]), (0, [("127.0.0.1", ID)] * 2))


@promise
def wrong_answers_are_told_apart():
	cases = [
		("wrong", "its CRC is wrong", lambda m, k, iv, kind: d2l.clock_answer(m, iv, k, kind)),
		("wrong", "for another module", lambda m, k, iv, kind: d2l.clock_answer(m + 1, k, iv, kind)),
		("wrong", "is none to this frame", lambda m, k, iv, kind: d2l.clock_answer(m, k, iv, kind + 1)),
		("wrong", "is none to this frame", lambda m, k, iv, kind: d2l.seal(m, k, iv, kind, b"1234")),
		("wrong", "is an error", lambda m, k, iv, kind: d2l.seal(m, k, iv, kind, b"1234", answer=True, error=True)),
		("wrong", "another time", lambda m, k, iv, kind: d2l.clock_answer(m, k, iv, kind, time.time() - 60)),
		("wrong", "is no answer", lambda m, k, iv, kind: b"HTTP/1.1 400 Bad Request\r\n"),
		("closed", "without an answer", lambda m, k, iv, kind: None),
		("no_answer", "no answer within 3 s", lambda m, k, iv, kind: d2l.clock_answer(m, k, iv, kind)[:47]),
	]
	keys = simulated_keys(1)
	for counter, sentence, answer in cases:
		code, out, err = post(d2l.Server(keys, answer), "--count", 1)
		equal((code, {k: v for k, v in tally(out).items() if v}), (1, {"clocks": 1, counter: 1}), sentence)
		assert re.search(rf"module 990000000001: GET_HORLOGE: .*{sentence}", err), err


@promise
def a_server_that_is_not_there_is_told():
	code, out, err = run_meterctl("d2l", "simulate", "--count", 2, "--period", "0.1", f"127.0.0.1:{free_port()}")
	equal((code, tally(out)["refused"], tally(out)["clocks"]), (1, 2, 2))
	assert "Connection refused" in err, err


@promise
def it_ends_with_its_figures_when_it_is_interrupted():
	server = d2l.Server(simulated_keys(3))
	process = subprocess.Popen([METERCTL, "d2l", "simulate", "--modules", "3", "--period", "0.1", f"127.0.0.1:{server.port}"],
				   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TOP)
	wait_until(lambda: len(server.frames) > 20)
	process.send_signal(signal.SIGTERM)
	out, err = process.communicate(timeout=60)
	server.end()
	got = tally(out)
	equal((process.returncode, err, got["answered"]), (0, "", got["clocks"] + got["posts"]))


@promise
def mistakes_on_the_command_line_are_told():
	for arguments, sentence in ((("--modules", 0), "whole number from 1"), (("--mode", "x"), "historique, standard, all or mixed"),
				    (("--first-id", "1234567890123"), "up to 12 digits"), (("localhost",), "is no address"),
				    (("127.0.0.1:0",), "from 1 to 65535"), (("a", "b"), "one address"),
				    (("--first-id", 999999999999, "--modules", 2), "beyond 12 digits"),
				    (("--write-keys", "/nowhere/keys"), "cannot be written"), (("--key-file", "/nowhere/keys"), "cannot be read"),
				    (("--key-file", "x", "--write-keys", "y"), "leave out --key-file")):
		code, out, err = run_meterctl("d2l", "simulate", *arguments)
		assert code == 2 and out == "" and sentence in err, (arguments, code, out, err)


run()
