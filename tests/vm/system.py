# SPDX-License-Identifier: MIT
"""A guest with a whole small Debian, whose serial adapters are plugged in and out, and whose commands are given, from here.

	system = System()
	print(system.run("uname -r"))
	adapter = Adapter(system, port=1, serial="A1", telegram=lambda number: b"...")
	adapter.plug()
"""
import json
import pathlib
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BOOT_SECONDS = 120
COMMAND_SECONDS = 60
SECONDS_BETWEEN_TELEGRAMS = 0.2
# FTDI's request SIO_SET_MODEM_CTRL_REQUEST, which opening a port begins with: DTR and RTS rise.
SET_MODEM_LINES = re.compile(r"got control 0x4001,")
# Of a whole Debian, what takes time and has nothing to do with devices.
MASKED = ("dev-hugepages.mount", "dev-mqueue.mount", "getty.target", "getty-static.service", "modprobe@configfs.service",
	  "modprobe@dm_mod.service", "modprobe@drm.service", "modprobe@efi_pstore.service", "modprobe@fuse.service",
	  "modprobe@loop.service", "sys-fs-fuse-connections.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
	  "systemd-ask-password-console.path", "systemd-ask-password-wall.path", "systemd-journal-flush.service",
	  "systemd-network-generator.service", "systemd-pstore.service", "systemd-random-seed.service",
	  "systemd-remount-fs.service", "systemd-repart.service", "systemd-tmpfiles-clean.timer",
	  "systemd-tmpfiles-setup-dev.service", "systemd-update-utmp.service", "systemd-user-sessions.service")


class Failed(AssertionError):
	"""A command of the guest that failed, with what it said."""


def connect(path, seconds=10):
	end = time.monotonic() + seconds
	while True:
		s = socket.socket(socket.AF_UNIX)
		try:
			s.connect(str(path))
			return s
		except OSError:
			s.close()
			if time.monotonic() > end:
				raise
			time.sleep(0.05)


class System:
	"""A boot. All of its files are in a directory that goes away with it."""

	def __init__(self):
		root = subprocess.run([TOP / "tests/vm/build-system", "6.12"], stdout=subprocess.PIPE, check=True)
		self.root = root.stdout.decode().strip()
		self.dir = pathlib.Path(tempfile.mkdtemp(prefix="meterline-"))
		self.lock = threading.Lock()
		self.start()
		try:
			monitor = connect(self.dir / "monitor")
			monitor.settimeout(BOOT_SECONDS)
			self.monitor = monitor.makefile("rw")
			self.monitor.readline()
			self.ask("qmp_capabilities")
			self.shell = connect(self.dir / "shell")
			self.answer = self.shell.makefile("rb")
			self.shell.settimeout(BOOT_SECONDS)
			self.finish("boot")
		except BaseException:
			self.end()
			raise

	def start(self):
		files = TOP / "build/vm/system"
		append = " ".join(("console=ttyS0,115200 panic=-1 oops=panic rdinit=/init quiet 8250.nr_uarts=2 mitigations=off",
				   "apparmor=0 audit=0 init_on_alloc=0 systemd.log_level=warning",
				   "systemd.unit=shell.target systemd.condition-needs-update=no systemd.getty_auto=no",
				   *(f"systemd.mask={unit}" for unit in MASKED)))
		command = ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-no-reboot", "-nodefaults",
			   "-no-user-config", "-display", "none", "-net", "none", "-kernel", files / "vmlinuz",
			   "-initrd", files / "initramfs", "-append", append,
			   "-serial", f"file:{self.dir}/log", "-serial", f"unix:{self.dir}/shell,server=on,wait=off",
			   "-qmp", f"unix:{self.dir}/monitor,server=on,wait=off", "-device", "qemu-xhci,id=xhci",
			   "-virtfs", f"local,path={self.root},mount_tag=system,security_model=none,readonly=on",
			   "-virtfs", f"local,path={files}/own,mount_tag=own,security_model=none,readonly=on",
			   "-trace", "usb_serial_handle_control", "-D", self.dir / "trace"]
		self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

	def ask(self, what, **arguments):
		"""A command of the machine's monitor."""
		with self.lock:
			json.dump({"execute": what, "arguments": arguments}, self.monitor)
			self.monitor.flush()
			for line in self.monitor:
				said = json.loads(line)
				if "return" in said:
					return said["return"]
				if "error" in said:
					raise AssertionError(f"{what}: {said['error']['desc']}")
		raise AssertionError("the machine is gone")

	def finish(self, command):
		lines = []
		for line in self.answer:
			end = re.match(rb"@end (\d+)", line)
			if end:
				text = b"".join(lines).decode(errors="replace").rstrip("\n")
				if int(end[1]):
					raise Failed(f"{command!r} ended with {int(end[1])}: {text}")
				return text
			lines.append(line)
		raise AssertionError(f"the guest died: {self.log()[-2000:]}")

	def run(self, command, seconds=COMMAND_SECONDS):
		"""What a command of the guest wrote; it must end with 0."""
		self.shell.settimeout(seconds)
		self.shell.sendall(command.replace("\n", " ").encode() + b"\n")
		return self.finish(command)

	def opened(self):
		"""How often the modem lines of any adapter have been set."""
		return len(SET_MODEM_LINES.findall((self.dir / "trace").read_text()))

	def log(self):
		return (self.dir / "log").read_text(errors="replace")

	def end(self):
		self.process.kill()
		self.process.wait()
		shutil.rmtree(self.dir)


class Adapter:
	"""A USB serial adapter (to Linux an FTDI with this serial number) in a port of the machine, with a meter behind it, which
	sends telegrams one after another. They can be exchanged meanwhile."""
	count = 0

	def __init__(self, system, port, serial, telegram):
		Adapter.count += 1
		self.name = f"adapter{Adapter.count}"
		self.system = system
		self.port = port
		self.serial = serial
		self.telegram = telegram
		self.plugged = False
		self.ended = threading.Event()
		path = str(system.dir / self.name)
		system.ask("chardev-add", id=self.name, backend={"type": "socket", "data": {
			"addr": {"type": "unix", "data": {"path": path}}, "server": True, "wait": False}})
		self.line = connect(path)
		self.sender = threading.Thread(target=self.send, daemon=True)
		self.sender.start()

	def send(self):
		"""What Linux sends (echoes, until the line is raw) is read too, or the machine would wait for it."""
		number = 0
		while not self.ended.wait(SECONDS_BETWEEN_TELEGRAMS):
			number += 1
			try:
				if self.plugged:
					self.line.sendall(self.telegram(number))
				while select.select([self.line], [], [], 0)[0] and self.line.recv(65536):
					pass
			except OSError:
				return

	def plug(self, port=None):
		self.port = port or self.port
		self.system.ask("device_add", driver="usb-serial", chardev=self.name, id=self.name, serial=self.serial,
				port=str(self.port), **{"always-plugged": True})
		self.plugged = True

	def unplug(self):
		"""It may be plugged into another port then."""
		self.system.ask("device_del", id=self.name)
		self.plugged = False

	def end(self):
		if self.plugged:
			self.unplug()
		self.ended.set()
		self.line.close()
