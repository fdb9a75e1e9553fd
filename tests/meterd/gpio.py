# SPDX-License-Identifier: MIT
"""GPIO chips that are not there, for programs that run with gpio_preload.so.

	chips = Chips()
	meterd = Meterd(config, environment=chips.environment())
	chips.send(telegrams, 1200)
	wait_until(lambda: "gpiochip0:17 input" in chips.log())
"""
import fcntl
import sys
import termios

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from harness import *

RISING, FALLING = 1, 2


class Chips(Directory):
	"""One chip of 28 lines, gpiochip0 with the label pinctrl-bcm2711, none of them in use."""

	def __init__(self, used=None):
		super().__init__()
		self.seqno = 0
		self.time_ns = None
		os.mkfifo(self / "edges")
		self.use(used or {})

	def use(self, used):
		"""Others use these lines: {offset: name}"""
		rows = [f"GPIO{i} {used.get(i, '')}".rstrip() for i in range(28)]
		with open(self / "new", "w") as file:
			file.write("\n".join(["pinctrl-bcm2711", *rows, ""]))
		os.rename(self / "new", self / "gpiochip0")

	def environment(self):
		return {"LD_PRELOAD": os.path.join(TOP, "build/tests/gpio_preload.so"), "FAKE_GPIO": self.path,
			"ASAN_OPTIONS": "detect_leaks=1:verify_asan_link_order=0"}

	def log(self):
		"""What was done to lines, in order."""
		try:
			with open(self / "log") as file:
				return file.read().splitlines()
		except FileNotFoundError:
			return []

	def version(self):
		"""Of the kernel's interface, by what listens."""
		return wait_until(lambda: [row for row in self.log() if " edges v" in row][-1].split(" edges v")[1][0])

	def edges(self, edges):
		"""The line changes: [(ns, level)], which come in one go."""
		form = "<QII" if self.version() == "1" else "<QIIII24x"
		data = b""
		for time_ns, level in edges:
			self.seqno += 1
			kind = RISING if level else FALLING
			data += struct.pack(form, time_ns, kind, 0) if form == "<QII" else \
				struct.pack(form, time_ns, kind, 18, self.seqno, self.seqno)
		with open(self / "edges", "r+b", buffering=0) as fifo:
			fifo.write(data)
			# They are kept until a reader comes, who is in time.
			waiting = bytearray(4)
			wait_until(lambda: not fcntl.ioctl(fifo, termios.FIONREAD, waiting, True) and not any(waiting))

	def send(self, data, baud):
		"""Characters, 8 bits each, that began long enough ago to be over now, each in one go."""
		bit_ns = 1e9 / baud
		length_ns = int(len(data) * 10 * bit_ns)
		start_ns = max(time.monotonic_ns() - length_ns - 100_000_000, self.time_ns or 0)
		for i, character in enumerate(data):
			bits = character << 1 | 0x200
			levels = [True, *(bool(bits >> n & 1) for n in range(10))]
			self.edges([(start_ns + int((i * 10 + n) * bit_ns), levels[n + 1]) for n in range(10) if levels[n] != levels[n + 1]])
		self.time_ns = start_ns + length_ns
