#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service: its unit, what the unit and meterd's own filter let through, and who it is."""
import functools
import platform
import pwd

from harness import *

UNITS = os.path.join(TOP, "udev")
UNIT = os.path.join(UNITS, "meterd.service")
PROGRAM = os.path.join(TOP, "build/meterd")	# sanitizers ask for more
VECTORS = os.path.join(TOP, "tests/vectors")
NUMBER = "041876097767"

SCORE_MAX = 2.0
# Of who starts as root: the control socket and the ledger are given to their group and user.
OF_ROOT = {"chown", "fchown", "setresuid", "setresgid", "setreuid", "setregid", "setgroups", "setuid"}
SECCOMP_NUMBER = {"x86_64": 317, "aarch64": 277, "armv7l": 383, "riscv64": 277}


def options(path=UNIT):
	"""(option, value) of a unit, in its order"""
	with open(path) as f:
		return [tuple(line.strip().split("=", 1)) for line in f if re.match(r"[A-Z]\w+=", line)]


def values(name, path=UNIT):
	return [value for option, value in options(path) if option == name]


def tool(name):
	path = shutil.which(name)
	if not path:
		raise Skip(f"no {name}: install the package {dict(strace='strace').get(name, 'systemd')}")
	return path


def analyze(*arguments):
	"""stdout, stderr and exit code of systemd-analyze"""
	done = subprocess.run([tool("systemd-analyze"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			      timeout=120, env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0", "COLUMNS": "300"})
	return done.stdout.decode(), done.stderr.decode(), done.returncode


def installed():
	"""Where files of the project go: {file: destination}"""
	with open(os.path.join(TOP, "userspace/userspace.mk")) as f:
		text = f.read()
	block = re.search(r"^define INSTALL_LIST\n(.*?)^endef", text, re.M | re.S)[1]
	return dict(line.split(":")[:2] for line in block.splitlines())


def sysusers():
	with open(os.path.join(UNITS, "meterline.sysusers")) as f:
		return [line.split() for line in f if line[0] not in "#\n"]


def status(pid, task=None):
	path = f"/proc/{pid}/task/{task}/status" if task else f"/proc/{pid}/status"
	with open(path) as f:
		return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def log_of_sandbox(meterd):
	return [line.split("sandbox: ")[1] for line in meterd.log().splitlines() if "daemon: sandbox: " in line]


# The unit

@promise
def the_units_are_as_safe_as_is_said():
	for name in ("meterd.service", "meterline-attach@.service"):
		unit = os.path.join(UNITS, name)
		out, error, code = analyze("security", "--offline=true", "--no-pager", f"--threshold={SCORE_MAX * 10:.0f}", unit)
		score = re.search(r"Overall exposure level for meter[\w@.-]+\.service: ([0-9.]+)", out)
		if not score:
			raise Skip(f"systemd-analyze is too old to look at a file: {error.splitlines()[0] if error else out}")
		note(f"{name}: {score[1]} of 10")
		if float(score[1]) > SCORE_MAX or code:
			raise AssertionError("\n".join(line for line in out.splitlines() if "✓" not in line))


@promise
def the_service_manager_finds_no_fault_with_the_units():
	tool("systemd-analyze")
	if not os.path.exists("/usr/lib/systemd/system/sysinit.target"):
		raise Skip("no units of a system: install the package systemd")
	directory = Directory()
	for name in ("meterd.service", "meterline-attach@.service"):
		with open(os.path.join(UNITS, name)) as f:
			unit = re.sub(r"^ExecStart=", f"ExecStart={TOP}/build/", f.read(), flags=re.M)
		with open(directory / name, "w") as f:
			f.write(unit)
	for name in ("meterd.service", "meterline-attach@ttyAMA0.service"):
		out, error, code = analyze("verify", "--man=no", directory / name)
		own = [line for line in (out + error).splitlines() if name.split("@")[0] in line]
		equal((own, code), ([], 0), f"what it says of {name}")


@promise
def what_the_unit_names_is_installed():
	places = installed()
	equal({f"udev/{name}" for name in os.listdir(UNITS)} - set(places), set(), "files of udev/ that are not installed")
	for command in values("ExecStart"):
		program = command.split()[0]
		equal(os.path.basename(places[f"build/{program}"]), program, "the program")
	for manual, section in re.findall(r"man:([\w.-]+)\((\d)\)", " ".join(values("Documentation"))):
		if f"Documentation/{manual}.{section}" not in places:
			raise AssertionError(f"{manual}({section}) is not installed")
	user, group = values("User")[0], values("Group")[0]
	lines = sysusers()
	equal([line[:2] for line in lines if line[0] == "u"], [["u", user]], "users of sysusers.d")
	equal(["g", group] in [line[:2] for line in lines], True, f"a group {group} in sysusers.d")
	equal({line[2] for line in lines if line[0] == "m" and line[1] == user} >= {"dialout", group}, True,
	      "the serial lines for its user")


@promise
def credentials_that_are_not_there_stop_nothing():
	credentials = values("LoadCredential")
	equal(set(credentials), {"mqtt.user", "mqtt.password"}, "credentials")	# an absolute path would have to exist


@promise
def the_service_gives_the_directories_that_are_looked_for():
	directory = Directory()
	environment = {"STATE_DIRECTORY": directory / "lib", "RUNTIME_DIRECTORY": directory / "run"}
	equal([values(f"{kind}Directory") for kind in ("State", "Runtime", "Configuration")], [["meterd"]] * 3)
	equal((values("StateDirectoryMode"), values("RuntimeDirectoryMode"), values("UMask")), (["0700"], ["0750"], ["0077"]))
	with open(directory / "own.conf", "w") as f:
		f.write("[http]\nlisten = off\n")
	meterd = Meterd(directory=directory, arguments=["--config", directory / "own.conf"], environment=environment)
	wait_until(lambda: os.path.exists(directory / "lib/ledger.db") and os.path.exists(directory / "run/control"))
	meterd.stop()


# A life, with all that meterd does

def talking_gateway(number):
	count = [0]

	def next_telegram():
		count[0] += 1
		return p1(int(time.time()), number=number, r1_8_1=1000000 + count[0])

	return Gateway(lambda n: [next_telegram, 0.1, AGAIN])


def state(meterd, source):
	said = json.loads(meterd.control("status", "--json")[0])
	return next(s for s in said["sources"] if s["name"] == source)["lines"][0]["state"]


def first_half(house, pty):
	return (f"[source house]\ntype = tcp\nhost = localhost\nport = {house.port}\ntrace = {{dir}}/trace\n"
		f"[source attic]\ntype = serial\ndevice = {pty}\n[meter {NUMBER}]\nname = attic\n"
		f"[source old]\ntype = replay\npath = {VECTORS}/p1-dsmr5.bin\n[source kernel]\ntype = kernel\n"
		"[sink states]\ntype = jsonl\npath = {dir}/states.jsonl\ncycle = 0\n")


def second_half(house, barn):
	return (f"[source house]\ntype = tcp\nhost = localhost\nport = {house.port}\n"
		f"[source barn]\ntype = tcp\nhost = localhost\nport = {barn.port}\n"
		"[source shed]\ntype = serial\ndevice = {dir}/shed\n"
		"[source none]\ntype = tcp\nhost = no-such-name.invalid\nport = 1\n"
		"[sink table]\ntype = csv\npath = {dir}/table.csv\ncycle = 0\n")


def live(sandbox, **how):
	"""Begins, reads, serves, reloads other files and sources, and is left running."""
	house, barn = talking_gateway("E0000000000000001"), talking_gateway("E0000000000000002")
	meter = Simulator("linky-standard", number=NUMBER)
	daemon = f"[daemon]\nsandbox = {sandbox}\n"
	meterd = Meterd(daemon + first_half(house, meter.path), program=PROGRAM, **how)
	wait_until(lambda: [state(meterd, s) for s in ("house", "attic", "old")] == ["connected", "connected", "off"])
	wait_until(lambda: meterd.ledger("house", "day") and meterd.quantities("attic"))
	equal(meterd.http("/metrics")[0], 200, "status of /metrics")
	equal(meterd.control("source", "attic", "off")[2], 0, "switching a source off")
	meterd.control("source", "attic", "on")
	meterd.port = free_port()
	meterd.reload(daemon + second_half(house, barn))
	os.symlink(wait_until(lambda: state(meterd, "shed") == "silent" and meter.path), meterd.path + "/shed")
	wait_until(lambda: state(meterd, "barn") == "connected" and state(meterd, "none") == "refused")
	wait_until(lambda: state(meterd, "shed") == "connected")
	for name in ("trace", "states.jsonl", "table.csv"):
		wait_until(lambda: os.path.getsize(os.path.join(meterd.path, name)))
	return meterd


def calls(record):
	"""Of a record of strace, each call and each return from one: (name, the rest of the line)"""
	for line in record.splitlines():
		call = re.match(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)", line)
		if call:
			yield call[1], call[2]


@functools.lru_cache
def traced_life():
	"""The names of all calls of a life in the filter, and those calls that were refused"""
	strace = tool("strace")
	if subprocess.run([strace, "-o", "/dev/null", "true"], stderr=subprocess.DEVNULL).returncode:
		raise Skip("strace may trace nothing here")
	directory = Directory()
	meterd = live("yes", wrapper=[strace, "-D", "-f", "-o", directory / "calls"])
	meterd.stop()

	def record():
		with open(directory / "calls", errors="replace") as f:
			text = f.read()
		return re.search(rf"^{meterd.pid} +\+\+\+ exited with", text, re.M) and text
	all_calls = list(calls(wait_until(record)))
	begun = max(i for i, (name, rest) in enumerate(all_calls) if name == "seccomp" and "TSYNC" in rest)
	return {name for name, _ in all_calls}, [call for call in all_calls[begun + 1:] if "EPERM" in call[1]]


@promise
def a_whole_life_fits_into_the_filter():
	meterd = live("yes")
	equal(status(meterd.pid)["NoNewPrivs"], "1", "no new privileges")
	threads = os.listdir(f"/proc/{meterd.pid}/task")
	equal(({status(meterd.pid, t)["Seccomp"] for t in threads}, len(threads) >= 3), ({"2"}, True),
	      "filters of the loop, the ledger and the resolver")
	equal(log_of_sandbox(meterd), ["what meterd does not need is refused from now on"], "what is told of it")
	meterd.stop()
	meterd.check_ledger()


@promise
def nothing_that_is_needed_is_refused():
	refused = traced_life()[1]
	if refused:
		raise AssertionError(f"refused: {refused}")


def call_set(name, known={}):
	"""The calls of a set of the service manager"""
	if name not in known:
		out, error, code = analyze("syscall-filter", "--no-pager", name)
		equal(code, 0, f"systemd-analyze syscall-filter {name} ({error})")
		words = [line.strip() for line in out.splitlines()[1:] if line.strip() and "#" not in line]
		known[name] = {word for word in words if word[0] != "@"}.union(*(call_set(w) for w in words if w[0] == "@"))
	return known[name]


@promise
def nothing_that_is_needed_is_refused_by_the_unit():
	allowed = set()
	for value in values("SystemCallFilter"):
		named = set().union(*(call_set(w) if w[0] == "@" else {w} for w in value.lstrip("~").split()))
		allowed = allowed - named if value[0] == "~" else allowed | named
	equal(("execve" in allowed, "mount" in allowed, "clock_settime" in allowed), (True, False, False),
	      "execve, mount and clock_settime of the unit")
	# There sandbox = auto puts up no filter.
	missing = traced_life()[0] - allowed - {"seccomp"} - (OF_ROOT if os.geteuid() == 0 else set())
	equal(missing, set(), "what meterd calls and the unit refuses")
	# Nothing else of the unit may refuse what the list allows.
	equal(values("ProtectClock"), [], "ProtectClock=, which keeps a clock from being asked")


# Without a service manager: user =

# Runs the rest with another file in place of /etc/group.
WITH_GROUPS = 'mount --bind "$1" /etc/group && shift && exec "$@"'


@promise
def root_becomes_the_user_with_groups_and_directories():
	if os.geteuid() != 0:
		raise Skip("not root")
	if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode:
		raise Skip("no namespace for an /etc/group of its own can be made here")
	directory = Directory()
	os.chmod(str(directory), 0o755)
	with open("/etc/group") as f:
		groups = [line for line in f if line.split(":")[0] not in ("meter", "lines")]
	with open(directory / "group", "w") as f:
		f.writelines([*groups, "meter:x:54320:nobody\n", "lines:x:54321:nobody\n"])
	meterd = Meterd(f"[daemon]\nuser = nobody\nstate = {directory}/lib/state\nruntime = {directory}/run/meterd\n",
			program=PROGRAM, directory=directory,
			wrapper=["unshare", "--mount", "sh", "-c", WITH_GROUPS, "sh", directory / "group"])
	now = status(meterd.pid)
	equal(sorted(now["Groups"].split()), sorted([str(pwd.getpwnam("nobody").pw_gid), "54320", "54321"]), "groups")
	equal([int(now[c], 16) for c in ("CapPrm", "CapEff", "CapInh", "CapAmb")], [0] * 4, "capabilities")
	equal((now["NoNewPrivs"], int(now["Umask"], 8) & 0o027), ("1", 0o027), "no new privileges, and umask")
	# For the group: to look into, and the socket to connect to.
	for path, mode in (("run/meterd", 0o40750), ("run/meterd/control", 0o140660)):
		about = os.stat(directory / path)
		equal((about.st_gid, oct(about.st_mode)), (54320, oct(mode)), f"group and mode of {path}")
	about = os.stat(directory / "lib/state")
	equal((about.st_uid, oct(about.st_mode)), (pwd.getpwnam("nobody").pw_uid, oct(0o40750)), "owner of lib/state")
	equal(os.stat(directory / "run/meterd").st_uid, pwd.getpwnam("nobody").pw_uid, "owner of run/meterd")
	meterd.stop()
	equal(os.listdir(directory / "run/meterd"), [], "what is left in run/meterd")


# sandbox =

# Puts up a filter of its own, which refuses the call with this number (-1: none), and becomes the program.
FILTERED = """
import ctypes, os, struct, sys
number = int(sys.argv[1])
code = [(0x20, 0, 0, 0), (0x15, 0, 1, number & 0xffffffff), (0x06, 0, 0, 0x00050016), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP" if ctypes.sizeof(ctypes.c_void_p) == 8 else "HxxP", 4,
						  ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
	sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
os.execv(sys.argv[2], sys.argv[2:])
"""


def filtered(number=-1):
	return [sys.executable, "-c", FILTERED, str(number)]


def filters(meterd):
	return int(status(meterd.pid)["Seccomp_filters"])


@promise
def auto_leaves_the_filter_of_another_alone():
	meterd = Meterd(program=PROGRAM)
	beside = Meterd(program=PROGRAM, wrapper=filtered())
	asked = Meterd("[daemon]\nsandbox = yes\n", program=PROGRAM, wrapper=filtered())
	equal(log_of_sandbox(meterd), ["what meterd does not need is refused from now on"], "alone")
	equal(log_of_sandbox(beside), ["that of the service manager, or of the container"], "beside another")
	equal(filters(asked), filters(beside) + 1, "filters where one is asked for")
	for one in (meterd, beside, asked):
		one.stop()


@promise
def no_is_no():
	meterd = Meterd("[daemon]\nsandbox = no\n", program=PROGRAM)
	equal(log_of_sandbox(meterd), ["none, as configured"], "what is told of it")
	equal(status(meterd.pid)["Seccomp"], status("self")["Seccomp"], "filter")
	meterd.reload("[daemon]\nsandbox = yes\n")
	wait_until(lambda: "sandbox and keep_quarters stay as they are" in meterd.log())
	meterd.stop()


@promise
def yes_is_insisted_on():
	number = SECCOMP_NUMBER.get(platform.machine())
	if not number:
		raise Skip(f"the number of seccomp() on {platform.machine()} is not known")
	meterd = Meterd("[daemon]\nsandbox = yes\n", program=PROGRAM, wrapper=filtered(number), ready=False)
	equal(meterd.wait(), 1, "exit code")
	if "sandbox = yes: this kernel takes no filter" not in meterd.log():
		raise AssertionError(meterd.log())


run()
