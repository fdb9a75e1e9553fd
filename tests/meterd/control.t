#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The control socket, and what meterctl says of it."""
import contextlib
import grp
import stat

from harness import *


def path_of(meterd):
	return os.path.join(meterd.runtime, "control")


def connect(meterd):
	s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
	s.connect(path_of(meterd))	# waits while the queue is full
	s.settimeout(60)
	return s


def answer(s):
	"""All that comes until the other side closes."""
	data = b""
	try:
		while part := s.recv(65536):
			data += part
	except ConnectionResetError:
		pass
	s.close()
	return data


def ask(meterd, request):
	s = connect(meterd)
	s.sendall(request)
	return answer(s)


def status(meterd):
	return json.loads(ask(meterd, b"status\n"))


def meter(meterd, name):
	return next(m for m in status(meterd)["meters"] if m["name"] == name)


def ctl(meterd, *arguments):
	return meterctl(*arguments, "--socket", path_of(meterd))


def works(meterd):
	equal(status(meterd)["sources"][0]["name"], "house", "name of the source")


def talking():
	return Gateway(lambda n: [lambda: p1(int(time.time()), r1_8_1=1000000), 0.2, AGAIN])


def house(gateway):
	return f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n"


SILENT = "[source house]\ntype = tcp\nhost = 127.0.0.1\nport = 1\nenabled = no\n"


@promise
def only_the_owner_and_the_group_may_connect():
	directory = Directory()
	meterd = Meterd(f"{SILENT}[daemon]\nruntime = {directory}/made\n", directory=directory)
	meterd.runtime = directory / "made"
	equal(stat.filemode(os.stat(path_of(meterd)).st_mode), "srw-rw----", "mode of the socket")
	equal(stat.filemode(os.stat(meterd.runtime).st_mode), "drwxr-x---", "mode of its directory")
	try:
		group = grp.getgrnam("meter").gr_gid
	except KeyError:
		group = os.getegid()
	if os.geteuid() == 0:
		equal(os.stat(path_of(meterd)).st_gid, group, "group of the socket")
		equal(os.stat(meterd.runtime).st_gid, group, "group of its directory")
	meterd.stop()


@promise
def others_are_told_what_to_do():
	if os.geteuid() != 0 or not shutil.which("setpriv"):
		raise Skip("not root, or no setpriv")
	meterd = Meterd(SILENT)
	os.chmod(meterd.path, 0o755)
	done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", METERCTL, "status",
			       "--socket", path_of(meterd)], stderr=subprocess.PIPE, timeout=60)
	equal((done.returncode, "usermod -aG meter" in done.stderr.decode()), (2, True), done.stderr.decode())
	meterd.stop()


@promise
def status_has_sources_lines_meters_sinks_and_the_store():
	gateway = talking()
	meterd = Meterd(house(gateway) + "[source barn]\ntype = tcp\nhost = 127.0.0.1\nport = 1\nenabled = no\n")
	wait_until(lambda: "energy_import" in meter(meterd, "house")["day"])
	said = status(meterd)
	equal(set(said), {"version", "uptime_s", "sources", "meters", "sinks", "store"}, "members")
	source, barn = said["sources"]
	equal((source["name"], source["type"], source["on"], barn["on"]), ("house", "tcp", True, False), "sources")
	line = source["lines"][0]
	equal((line["what"], line["state"], line["damaged"], line["gaps"]),
	      (f"127.0.0.1:{gateway.port}", "connected", 0, 0), "its line")
	equal((line["telegrams"] > 0, bool(line["why"]), len(line["since"])), (True, True, 20), "its line")
	equal(barn["lines"][0]["state"], "off", "state of the other one")
	mine = next(m for m in said["meters"] if m["name"] == "house")
	equal((mine["state"], mine["day"]["energy_import"], mine["month"]["energy_import"]), ("connected", 0, 0),
	      "its meter")
	today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-")
	equal(mine["day"]["date"].startswith(today), True, "its day")
	equal(set(said["store"]) >= {"commits", "rows", "rows_waiting", "bytes"}, True, "the store")
	meterd.stop()


@promise
def meterctl_status_is_a_table():
	gateway = talking()
	meterd = Meterd(house(gateway))
	wait_until(lambda: "energy_import" in meter(meterd, "house")["day"])
	out, error, code = ctl(meterd, "status")
	equal((error, code), ("", 0), "errors and exit code")
	for row in (r"^SOURCE +TYPE +STATE +SINCE +TELEGRAMS +DAMAGED +WHAT$",
		    rf"^house +tcp +connected +\S+Z +\d+ +0  127\.0\.0\.1:{gateway.port}: p1 telegrams come$",
		    r"^METER +STATE +DAY ", r"^house +connected +\d{4}-\d\d-\d\d +0\.000 +- +\d{4}-\d\d +0\.000 +-$",
		    r"^meterd \S+ runs for 0 d 0 h \d+ min; its ledger has \d+ KiB"):
		if not re.search(row, out, re.M):
			raise AssertionError(f"no {row} in\n{out}")
	meterd.stop()


@promise
def meterctl_status_json_is_what_meterd_says():
	meterd = Meterd(SILENT)
	out, error, code = ctl(meterd, "status", "--json")
	equal((json.loads(out)["sources"], error, code, out.count("\n")), (status(meterd)["sources"], "", 0, 1), "it")
	meterd.stop()


@promise
def a_source_is_switched_off_and_on():
	gateway = talking()
	meterd = Meterd(house(gateway))
	wait_until(lambda: meterd.meter("house")["state"] == "connected")
	equal(ctl(meterd, "source", "house", "off"), ("house is off\n", "", 0), "what meterctl says")
	wait_until(lambda: gateway.open == 0)
	equal((meterd.meter("house")["state"], status(meterd)["sources"][0]["on"]), ("off", False), "state")
	time.sleep(1)
	equal(gateway.connections, 1, "connections")
	equal(ctl(meterd, "source", "house", "on"), ("house is on\n", "", 0), "what meterctl says")
	wait_until(lambda: meterd.meter("house")["state"] == "connected")
	equal(gateway.connections, 2, "connections")
	meterd.stop()


@promise
def a_source_that_was_switched_off_stays_off_over_a_reload():
	gateway = talking()
	meterd = Meterd(house(gateway))
	wait_until(lambda: meterd.meter("house")["state"] == "connected")
	ctl(meterd, "source", "house", "off")
	meterd.reload(house(gateway) + "[daemon]\ncycle = 1\n")
	wait_until(lambda: "was read again" in meterd.log())
	equal((status(meterd)["sources"][0]["on"], gateway.connections), (False, 1), "on, and connections")
	meterd.stop()


@promise
def an_unknown_source_is_told():
	meterd = Meterd(SILENT)
	out, error, code = ctl(meterd, "source", "cellar", "on")
	equal((out, code), ("", 2), "stdout and exit code")
	equal(error, "meterctl: there is no source 'cellar'; 'meterctl status' lists them\n", "what it says")
	for arguments in (("source",), ("source", "house"), ("source", "house", "maybe"), ("source", "a b", "on"),
			  ("source", "house", "on", "now"), ("status", "house")):
		out, error, code = ctl(meterd, *arguments)
		equal((out, code, error.startswith("meterctl: ")), ("", 2, True), f"{arguments}: {error}")
	meterd.stop()


@promise
def without_a_meterd_one_is_told_how_to_start_it():
	directory = Directory()
	out, error, code = meterctl("status", "--socket", directory / "control")
	equal((out, code, "systemctl start meterd" in error), ("", 2, True), error)


@promise
def a_meterd_that_one_started_oneself_is_found():
	if os.path.exists("/run/meterd"):
		raise Skip("this machine has a /run/meterd")
	directory = Directory()
	os.mkdir(directory / "meterd")
	meterd = Meterd(f"{SILENT}[daemon]\nruntime = {directory}/meterd\n", directory=directory)
	out, error, code = meterctl("status", environment={"XDG_RUNTIME_DIR": str(directory)})
	equal((error, code, "house" in out), ("", 0, True), "what meterctl says")
	meterd.stop()


@promise
def the_socket_of_a_dead_meterd_is_replaced():
	meterd = Meterd(SILENT)
	meterd.kill()
	equal(os.path.exists(path_of(meterd)), True, "its socket")
	out, error, code = ctl(meterd, "status")
	equal((code, "systemctl start meterd" in error), (2, True), error)
	meterd.start()
	works(meterd)
	meterd.stop()
	equal(os.path.exists(path_of(meterd)), False, "its socket after the end")


@promise
def the_socket_of_a_living_meterd_is_not_replaced():
	meterd = Meterd(SILENT)
	other = Meterd(f"[source other]\ntype = tcp\nhost = 127.0.0.1\nport = 1\nenabled = no\n"
		       f"[daemon]\nruntime = {meterd.runtime}\n")
	if "another meterd listens" not in other.log():
		raise AssertionError(other.log())
	works(meterd)
	equal([m["name"] for m in other.meters()], ["other"], "meters of the other one")
	other.stop()
	works(meterd)
	meterd.stop()


@promise
def what_is_no_socket_is_not_replaced():
	meterd = Meterd(SILENT, start=False)
	with open(path_of(meterd), "w") as f:
		f.write("precious")
	meterd.start()
	with open(path_of(meterd)) as f:
		equal(f.read(), "precious", "the file")
	if "is in the way" not in meterd.log():
		raise AssertionError(meterd.log())
	meterd.stop()


HOSTILE = {
	"nothing": b"\n",
	"blanks": b"     \n",
	"another_word": b"shutdown\n",
	"more_words": b"source house off now\n",
	"no_word": b"source house\n",
	"status_of_something": b"status house\n",
	"binary": bytes(range(1, 10)) + bytes(range(11, 256)) + b"\n",
	"a_format": b"source %s%n%n%n on\n",
	"quotes": b'source "};"\\u0000 on\n',
	"two_requests": b"nonsense\nsource house on\n",
}
for name, request in HOSTILE.items():
	def hostile(request=request):
		meterd = Meterd(SILENT)
		said = ask(meterd, request)
		equal(list(json.loads(said)), ["error"], "members of the answer")
		equal(status(meterd)["sources"][0]["on"], False, "the source")
		meterd.stop()
	promise_named(f"hostile_{name}_is_answered_by_an_error")(hostile)

SILENTLY = {
	"a_nul_byte": b"status\0house\n",
	"a_line_without_end": b"x" * 100000,
	"a_long_line": b"status" + b" " * 300 + b"\n",
	"half_a_request": None,
}
for name, request in SILENTLY.items():
	def silently(request=request):
		meterd = Meterd(SILENT)
		s = connect(meterd)
		try:
			s.sendall(request or b"stat")
		except (BrokenPipeError, ConnectionResetError):
			pass
		if not request:
			s.shutdown(socket.SHUT_WR)
		equal(answer(s), b"", "answer")
		works(meterd)
		meterd.stop()
	promise_named(f"hostile_{name}_is_hung_up_on")(silently)


@promise
def who_says_nothing_is_hung_up_on():
	meterd = Meterd(SILENT)
	begin = time.monotonic()
	equal(answer(connect(meterd)), b"", "answer")
	if time.monotonic() - begin < 5:
		raise AssertionError("too early")
	meterd.stop()


@promise
def who_says_a_byte_now_and_then_is_hung_up_on():
	meterd = Meterd(SILENT)
	s, begin = connect(meterd), time.monotonic()
	with contextlib.suppress(BrokenPipeError, ConnectionResetError):
		while time.monotonic() - begin < 60:
			s.sendall(b"s")
			time.sleep(0.5)
		raise AssertionError("it may go on for ever")
	s.close()
	works(meterd)
	meterd.stop()


@promise
def who_goes_without_reading_does_no_harm():
	meterd = Meterd(SILENT + "".join(f"[source s{i}]\ntype = tcp\nhost = 127.0.0.1\nport = 1\nenabled = no\n"
					 for i in range(1000)))
	for _ in range(50):
		s = connect(meterd)
		s.sendall(b"status\n")
		s.close()
	equal(len(status(meterd)["sources"]), 1001, "sources")
	meterd.stop()


@promise
def connections_are_bounded_and_nobody_is_shut_out_for_long():
	meterd = Meterd(SILENT)
	works(meterd)
	before = meterd.fds
	crowd = []
	for _ in range(16):
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.settimeout(5)
		try:
			s.connect(path_of(meterd))
		except (TimeoutError, BlockingIOError):
			break
		crowd.append(s)
	wait_until(lambda: meterd.fds >= before + 8)
	equal(meterd.fds, before + 8, "files")
	wait_until(lambda: works(meterd) is None, 120)
	for s in crowd:
		s.close()
	meterd.stop()


run()
