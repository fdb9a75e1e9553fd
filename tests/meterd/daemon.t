#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon's life: beginning, readiness, the watchdog, reloading, ending."""
from harness import *

NOBODY = 65534


def house(gateway, more=""):
	return f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\n{more}"


def talking_gateway(number="E0000000000000001"):
	"""A P1 telegram each 0.1 s, whose register goes up by 1 Wh each time."""
	count = [0]

	def next_telegram():
		count[0] += 1
		return p1(int(time.time()), number=number, r1_8_1=1000000 + count[0])

	return Gateway(lambda n: [next_telegram, 0.1, AGAIN])


def line(meterd, source):
	status, error, _ = meterctl("status", "--json", "--socket", os.path.join(meterd.runtime, "control"))
	if error:
		raise AssertionError(error)
	return next(s for s in json.loads(status)["sources"] if s["name"] == source)["lines"][0]


def imported(meterd):
	"""Wh of this year"""
	return sum(e["value"] for e in meterd.ledger("house", "year") if e["register"] == "energy_import")


def messages(meterd):
	"""What the service manager was told since it was last asked."""
	said = []
	while True:
		try:
			said.append(meterd.notify.recv(4096).decode())
		except BlockingIOError:
			return said


def run_meterd(*arguments, **environment):
	done = subprocess.run([METERD, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
			      env={**os.environ, "LC_ALL": "C", **environment})
	return done.stdout.decode(), done.stderr.decode(), done.returncode


@promise
def no_configuration_is_needed():
	if os.path.exists("/etc/meterd/meterd.conf"):
		raise Skip("this machine has an /etc/meterd/meterd.conf")
	with socket.socket() as s:
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		try:
			s.bind(("127.0.0.1", 8087))
		except OSError:
			raise Skip("something listens on 127.0.0.1 port 8087")
	directory = Directory()
	state = directory / "ledger-is-here"
	meterd = Meterd(directory=directory, arguments=[], environment={"STATE_DIRECTORY": state})
	meterd.port = 8087
	equal([m for m in meterd.meters() if m["source"] != "kernel"], [], "meters of no source")
	equal(meterd.http("/metrics")[0], 200, "status of /metrics")
	if not os.path.exists(os.path.join(state, "ledger.db")):
		raise AssertionError("no ledger in the state directory")
	meterd.stop()


@promise
def accounts_are_not_for_everybody():
	gateway = talking_gateway()
	before = os.umask(0o022)
	meterd = Meterd(house(gateway))
	os.umask(before)
	wait_until(lambda: meterd.ledger("house", "day"))
	for name in os.listdir(meterd.state):
		mode = os.stat(os.path.join(meterd.state, name)).st_mode
		if mode & 0o027:
			raise AssertionError(f"{name} has mode {mode & 0o777:o}")
	meterd.stop()


@promise
def readiness_is_told_when_http_answers():
	meterd = Meterd()
	connection = socket.create_connection(("127.0.0.1", meterd.port), timeout=10)
	connection.close()
	meterd.stop()


@promise
def the_end_is_told():
	meterd = Meterd()
	messages(meterd)
	meterd.stop()
	equal(messages(meterd), ["STOPPING=1"], "what the service manager was told")


@promise
def the_watchdog_is_fed_at_half_of_its_time():
	meterd = Meterd(environment={"WATCHDOG_USEC": "1000000"})
	begin, fed = time.monotonic(), 0
	while fed < 5:
		fed += wait_until(lambda: messages(meterd)).count("WATCHDOG=1")
	if time.monotonic() - begin < 1.5:
		raise AssertionError("fed far too often")
	meterd.stop()


@promise
def a_loop_that_does_not_turn_feeds_no_watchdog():
	meterd = Meterd(environment={"WATCHDOG_USEC": "200000"})
	wait_until(lambda: "WATCHDOG=1" in messages(meterd))
	meterd.process.send_signal(signal.SIGSTOP)
	wait_until(lambda: open(f"/proc/{meterd.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T")
	messages(meterd)
	stays(lambda: not messages(meterd), 1, "no watchdog is fed")
	meterd.process.send_signal(signal.SIGCONT)
	wait_until(lambda: "WATCHDOG=1" in messages(meterd))
	meterd.stop()


@promise
def the_watchdog_of_another_process_is_not_fed():
	meterd = Meterd(environment={"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"})
	messages(meterd)
	stays(lambda: "WATCHDOG=1" not in messages(meterd), 1, "no watchdog is fed")
	meterd.stop()


@promise
def a_service_manager_that_does_not_listen_is_not_waited_for():
	meterd = Meterd(environment={"WATCHDOG_USEC": "2000"})
	time.sleep(1)	# hundreds of messages, of which its socket takes a few
	equal(meterd.meters(), [], "meters")
	meterd.stop()


@promise
def a_reload_loses_no_telegram_and_no_connection():
	gateway = talking_gateway()
	other = talking_gateway("E0000000000000002")
	meterd = Meterd(house(gateway))
	wait_until(lambda: line(meterd, "house")["telegrams"] > 3)
	for cycle in (1, 2, 3, 4, 5):
		messages(meterd)
		meterd.reload(house(gateway, f"[source barn]\ntype = tcp\nhost = 127.0.0.1\nport = {other.port}\n"
				    f"[daemon]\ncycle = {cycle}\n"))
		said = []

		def reloaded():
			said.extend(messages(meterd))
			return "READY=1" in said
		wait_until(reloaded)
		if not said[0].startswith("RELOADING=1\nMONOTONIC_USEC="):
			raise AssertionError(f"the service manager was told {said}")
	wait_until(lambda: meterd.quantities("barn")["energy_import"] > 1000000)
	before = line(meterd, "house")["telegrams"]
	wait_until(lambda: line(meterd, "house")["telegrams"] > before + 3)
	equal((gateway.connections, other.connections), (1, 1), "connections")
	now = line(meterd, "house")
	equal((now["damaged"], now["state"]), (0, "connected"), "damaged telegrams and state")
	meterd.stop()


@promise
def a_source_that_is_gone_from_the_configuration_ends():
	gateway, other = talking_gateway(), talking_gateway("E0000000000000002")
	meterd = Meterd(house(gateway))
	wait_until(lambda: line(meterd, "house")["telegrams"])
	meterd.reload(f"[source barn]\ntype = tcp\nhost = 127.0.0.1\nport = {other.port}\n")
	wait_until(lambda: gateway.open == 0 and other.open == 1)
	wait_until(lambda: meterd.meter("barn")["state"] == "connected")
	meterd.stop()


@promise
def an_invalid_configuration_is_told_and_the_old_one_stays():
	gateway = talking_gateway()
	meterd = Meterd(house(gateway))
	wait_until(lambda: line(meterd, "house")["telegrams"] > 3)
	messages(meterd)
	meterd.reload(house(gateway, "prot = 8088\n[daemon]\ncycle = often\n"))
	wait_until(lambda: "READY=1" in messages(meterd))
	log = meterd.log()
	for sentence in ("prot: [source] has no such key", "cycle = often: expected", "was not taken"):
		if sentence not in log:
			raise AssertionError(f"not in the log: {sentence}")
	if not re.search(r"meterd\.conf:\d+: cycle = often", log):
		raise AssertionError("no file and line")
	before = line(meterd, "house")["telegrams"]
	wait_until(lambda: line(meterd, "house")["telegrams"] > before + 3)
	equal(gateway.connections, 1, "connections")
	meterd.stop()


@promise
def a_configuration_that_is_gone_leaves_all_as_it_is():
	gateway = talking_gateway()
	meterd = Meterd(house(gateway))
	wait_until(lambda: line(meterd, "house")["telegrams"] > 3)
	os.unlink(meterd.config)
	messages(meterd)
	meterd.hup()
	wait_until(lambda: "READY=1" in messages(meterd))
	wait_until(lambda: meterd.meter("house")["state"] == "connected")
	equal(gateway.connections, 1, "connections")
	meterd.stop()


@promise
def http_moves_with_a_reload():
	meterd = Meterd()
	old = meterd.port
	meterd.port = free_port()
	meterd.reload("")
	wait_until(lambda: meterd.meters() == [])
	meterd.port, new = old, meterd.port
	try:
		meterd.meters()
		raise AssertionError("the old address still answers")
	except OSError:
		pass
	meterd.port = new
	meterd.stop()


@promise
def http_stays_when_its_new_address_is_taken():
	with socket.socket() as taken:
		taken.bind(("127.0.0.1", 0))
		taken.listen()
		meterd = Meterd()
		old = meterd.port
		meterd.port = taken.getsockname()[1]
		messages(meterd)
		meterd.reload("")
		wait_until(lambda: "READY=1" in messages(meterd))
		meterd.port = old
		equal(meterd.meters(), [], "meters")
		meterd.stop()


@promise
def what_needs_a_new_start_is_told():
	meterd = Meterd()
	meterd.reload("[daemon]\nkeep_quarters = 40d\n")
	wait_until(lambda: "until meterd is started again" in meterd.log())
	meterd.stop()


@promise
def the_end_stores_all_that_is_known():
	gateway = talking_gateway()
	meterd = Meterd(house(gateway))
	before = wait_until(lambda: imported(meterd) >= 5 and imported(meterd))
	meterd.stop()
	again = Meterd("[source barn]\ntype = tcp\nhost = 127.0.0.1\nport = 1\n", directory=meterd.directory)
	after = imported(again)
	if after < before:
		raise AssertionError(f"{before} Wh before the end, {after} Wh after it")
	again.stop()


@promise
def sigint_is_an_end_as_well():
	meterd = Meterd()
	meterd.process.send_signal(signal.SIGINT)
	equal(meterd.wait(), 0, "exit code")
	meterd.check_sanitizers()


@promise
def nothing_begins_half():
	meterd = Meterd("[source house]\ntype = tcp\nhost = 127.0.0.1\nport = 0\n", start=False)
	os.rmdir(meterd.state)
	meterd.start(ready=False)
	equal(meterd.wait(), 1, "exit code")
	meterd.check_sanitizers()
	equal(os.path.exists(meterd.state), False, "the state directory")
	if not re.search(r"meterd\.conf:\d+: port = 0: expected a port from 1 to 65535", meterd.log()):
		raise AssertionError(meterd.log())


@promise
def a_taken_address_is_told_and_ends_it():
	with socket.socket() as taken:
		taken.bind(("127.0.0.1", 0))
		taken.listen()
		port = taken.getsockname()[1]
		meterd = Meterd(f"[http]\nlisten = 127.0.0.1:{port}\n", ready=False)
		equal(meterd.wait(), 1, "exit code")
		if str(port) not in meterd.log():
			raise AssertionError(meterd.log())
		meterd.check_sanitizers()


@promise
def a_state_directory_that_cannot_be_made_is_told():
	directory = Directory()
	open(directory / "file", "w").close()
	meterd = Meterd(f"[daemon]\nstate = {directory}/file/state\n", directory=directory, ready=False)
	equal(meterd.wait(), 1, "exit code")
	meterd.check_sanitizers()
	if "file/state cannot be made: Not a directory" not in meterd.log():
		raise AssertionError(meterd.log())


@promise
def directories_are_made_for_owner_and_group_only():
	directory = Directory()
	meterd = Meterd(f"[daemon]\nstate = {directory}/a/b/state\nruntime = {directory}/c/run\n", directory=directory)
	for path in ("a/b/state", "c/run"):
		equal(oct(os.stat(directory / path).st_mode & 0o777), "0o750", path)
	meterd.stop()


@promise
def check_config_begins_nothing():
	directory = Directory()
	with open(directory / "good.conf", "w") as f:
		f.write(f"[daemon]\nstate = {directory}/state\n[source a]\ntype = kernel\n[meter 1]\n[sink s]\ntype = csv\n"
			f"path = -\n")
	with open(directory / "bad.conf", "w") as f:
		f.write("[daemon]\ncycle = x\nlog = y\n")
	equal(run_meterd("--config", directory / "good.conf", "--check-config"),
	      (f"{directory}/good.conf is fine: 1 source, 1 meter, 1 sink\n", "", 0), "what it says")
	out, error, code = run_meterd("--check-config", "--config", directory / "bad.conf")
	equal((out, code, error.count("\n")), ("", 1, 2), "stdout, exit code and lines of mistakes")
	equal(sorted(os.listdir(str(directory))), ["bad.conf", "good.conf"], "files")


@promise
def usage_is_told():
	equal(run_meterd("--version")[0].split()[0], "meterd", "--version")
	equal(run_meterd("--help")[0].split()[0], "Usage:", "--help")
	equal(run_meterd("--nonsense")[2], 2, "exit code of an unknown option")
	out, error, code = run_meterd("house.conf")
	equal((out, code, "--config FILE" in error), ("", 2, True), "what a file without --config gives")


@promise
def lines_for_the_journal_carry_their_level():
	directory = Directory()
	with open(directory / "bad.conf", "w") as f:
		f.write("[daemon]\ncycle = x\n")
	with open(directory / "journal", "wb") as journal:
		stat = os.fstat(journal.fileno())
		for stream in (f"{stat.st_dev}:{stat.st_ino}", f"{stat.st_dev}:{stat.st_ino + 1}"):
			subprocess.run([METERD, "--check-config", "--config", directory / "bad.conf"], stderr=journal,
				       timeout=120, env={**os.environ, "JOURNAL_STREAM": stream})
	with open(directory / "journal") as journal:
		with_level, without = journal.read().splitlines()
	sentence = f"{directory}/bad.conf:2: cycle = x: expected seconds from 0 (each telegram) to 86400"
	equal(with_level, f"<3>{sentence}", "line of the journal")
	equal(without, f"meterd: error: {sentence}", "line of another stderr")


@promise
def root_becomes_the_user_of_the_configuration():
	if os.geteuid() != 0:
		raise Skip("not root")
	directory = Directory()
	os.chmod(str(directory), 0o755)
	gateway = talking_gateway()
	meterd = Meterd(house(gateway, f"[daemon]\nuser = nobody\nstate = {directory}/ledger\nruntime = {directory}/socket\n"
			      f"[sink s]\ntype = jsonl\npath = {directory}/ledger/states.jsonl\n"), directory=directory)
	with open(f"/proc/{meterd.pid}/status") as f:
		status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
	equal(status["Uid"].split(), [str(NOBODY)] * 4, "its user")
	equal(set(status["Gid"].split()), {status["Gid"].split()[0]}, "its groups")
	equal("0" in status["Gid"].split() + status["Groups"].split(), False, "root among its groups")
	equal(int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0, "its capabilities")
	for thread in os.listdir(f"/proc/{meterd.pid}/task"):
		equal(os.stat(f"/proc/{meterd.pid}/task/{thread}").st_uid, NOBODY, "user of a thread")
	wait_until(lambda: os.path.exists(directory / "ledger/states.jsonl"))
	for path in ("ledger", "ledger/ledger.db", "ledger/states.jsonl", "socket"):
		equal(os.stat(directory / path).st_uid, NOBODY, f"owner of {path}")
	wait_until(lambda: meterd.ledger("house", "day"))
	messages(meterd)
	os.chmod(meterd.config, 0o644)
	meterd.hup()
	wait_until(lambda: "READY=1" in messages(meterd))
	meterd.stop()
	again = Meterd(f"[daemon]\nuser = nobody\nstate = {directory}/ledger\nruntime = {directory}/socket\n",
		       directory=directory)
	if not again.ledger("house", "day"):
		raise AssertionError("the ledger is empty")
	again.stop()


@promise
def many_sources_get_the_files_they_need():
	sources = "".join(f"[source s{i}]\ntype = tcp\nhost = 127.0.0.1\nport = 1\nenabled = no\n" for i in range(500))
	meterd = Meterd(sources, wrapper=["prlimit", "--nofile=256:4096"])
	with open(f"/proc/{meterd.pid}/limits") as f:
		soft, hard = next(re.split(r" {2,}", line)[1:3] for line in f if line.startswith("Max open files"))
	equal((int(soft) >= 1000, hard), (True, "4096"), "limits")
	meterd.stop()


@promise
def files_that_are_not_to_be_had_are_told():
	if os.geteuid() == 0 and not shutil.which("setpriv"):
		raise Skip("root can have any number of files")
	sources = "".join(f"[source s{i}]\ntype = tcp\nhost = 127.0.0.1\nport = 1\nenabled = no\n" for i in range(500))
	limit = ["prlimit", "--nofile=256:300"]
	if os.geteuid() == 0:
		limit = [*limit, "setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"]
	meterd = Meterd(sources, wrapper=limit)
	if "raise LimitNOFILE=" not in meterd.log():
		raise AssertionError(meterd.log())
	meterd.stop()


run()
