# SPDX-License-Identifier: MIT
"""A broker and who listens to it, for the tests of MQTT: mosquitto, its clients, a certificate authority of our own,
and a broker that behaves as badly as it is told to.

	from broker import *

	broker = Broker()
	view = View(broker)
	meterd = Meterd(broker.section() + "[source house] ...")
	view.wait("meter/house", lambda state: state["quantities"])
"""
import itertools
import shutil

from harness import *
from harness import _own

MOSQUITTO = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/sbin")


class Authority:
	"""A certificate authority in a directory of its own; ca is the path of its certificate."""

	def __init__(self, name="Test CA"):
		self.directory = Directory()
		self.ca = self.directory / "ca.crt"
		self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
			      "-subj", f"/CN={name}", "-keyout", self.directory / "ca.key", "-out", self.ca)

	def _openssl(self, *arguments):
		subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

	def issue(self, name, alternatives):
		"""(certificate, key) for a name; alternatives: "DNS:localhost,IP:127.0.0.1" """
		base = self.directory / name.replace("/", "_")
		with open(base + ".ext", "w") as f:
			f.write(f"subjectAltName={alternatives}\n")
		self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
			      "-keyout", base + ".key", "-out", base + ".csr")
		self._openssl("x509", "-req", "-in", base + ".csr", "-CA", self.ca, "-CAkey", self.directory / "ca.key",
			      "-CAcreateserial", "-days", "2", "-extfile", base + ".ext", "-out", base + ".crt")
		os.chmod(base + ".key", 0o600)
		return base + ".crt", base + ".key"


class Broker:
	"""mosquitto on a port of 127.0.0.1.

	more: further lines of its configuration
	tls: (certificate, key) of its own; ca: clients must have a certificate of this authority
	users: {name: password}; else everybody may come
	"""

	def __init__(self, more="", tls=None, ca=None, users=None, port=None, start=True):
		if not MOSQUITTO:
			raise Skip("no mosquitto: apt install mosquitto mosquitto-clients")
		self.directory = Directory()
		self.port = port or free_port()
		self.tls = tls
		self.process = None
		self.config = self.directory / "mosquitto.conf"
		lines = [f"listener {self.port} 127.0.0.1", "persistence true", f"persistence_location {self.directory}/",
			 "log_dest stderr", "log_type all", "max_queued_messages 100000", "set_tcp_nodelay true", "user root"]
		if tls:
			lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
		if ca:
			lines += [f"cafile {ca}", "require_certificate true"]
		lines.append(f"allow_anonymous {'false' if users else 'true'}")
		if users:
			passwords = self.directory / "passwords"
			open(passwords, "w").close()
			os.chmod(passwords, 0o600)
			for name, password in users.items():
				subprocess.run(["mosquitto_passwd", "-b", passwords, name, password], check=True)
			lines.append(f"password_file {passwords}")
		with open(self.config, "w") as f:
			f.write("\n".join(lines + [more, ""]))
		_own(self)
		if start:
			self.start()

	def start(self):
		self.stderr = open(self.directory / "log", "ab")
		self.process = subprocess.Popen([MOSQUITTO, "-c", self.config], stdin=subprocess.DEVNULL, stdout=self.stderr,
						stderr=self.stderr)
		wait_until(self._listens, 60, "mosquitto listens")

	def _listens(self):
		if self.process.poll() is not None:
			raise RuntimeError(f"mosquitto ended:\n{self.log()}")
		with socket.create_connection(("127.0.0.1", self.port), 1):
			return True

	def log(self):
		with open(self.directory / "log", errors="replace") as f:
			return f.read()

	def stop(self):
		"""SIGTERM: what is retained is kept."""
		self.process.terminate()
		self.process.wait()
		self.stderr.close()

	def kill(self):
		self.process.kill()
		self.process.wait()
		self.stderr.close()

	def freeze(self):
		self.process.send_signal(signal.SIGSTOP)

	def thaw(self):
		self.process.send_signal(signal.SIGCONT)

	def end(self):
		if self.process and self.process.poll() is None:
			self.process.send_signal(signal.SIGCONT)
			self.kill()

	def section(self, more=""):
		"""The [mqtt] section for it."""
		return f"[mqtt]\nhost = 127.0.0.1\nport = {self.port}\n{more}"

	def client(self, *arguments):
		"""The arguments of mosquitto_pub or mosquitto_sub for it."""
		return ["-h", "127.0.0.1", "-p", str(self.port), *arguments]

	def publish(self, topic, payload, *arguments, retain=False, qos=0):
		subprocess.run(["mosquitto_pub", *self.client(*arguments), "-t", topic, "-q", str(qos), "-s" if payload else "-n",
				*(["-r"] if retain else [])], input=payload.encode() if isinstance(payload, str) else payload,
			       check=True, timeout=60)

	def retained(self, *arguments):
		"""What somebody finds who comes now: {topic: payload}"""
		view = View(self, *arguments)
		marker = f"marker/{random.random()}"
		# What is retained comes before the first message that is published behind the subscription.
		wait_until(lambda: self.publish(marker, "now", *arguments) or view.all(marker))
		found = {m.topic: m.payload for m in view.messages if m.retain}
		view.end()
		return found


class Message:
	"""One message: topic, payload (bytes), retain (it was kept), qos, at (when it came, of time.time())"""

	def __init__(self, line):
		self.at = time.time()
		retain, qos, payload, topic = line.split(" ", 3)
		self.retain, self.qos = retain == "1", int(qos)
		self.payload, self.topic = bytes.fromhex(payload), topic

	def __repr__(self):
		return f"{self.topic} {self.payload[:200]!r}{' retained' if self.retain else ''}"

	@property
	def json(self):
		return json.loads(self.payload.decode("utf-8"))


class View:
	"""mosquitto_sub on '#': messages is all that came, in order."""

	def __init__(self, broker, *arguments, topics=("#",)):
		command = ["mosquitto_sub", *broker.client(*arguments), "-F", "%r %q %x %t", "-q", "1",
			   *(x for t in topics for x in ("-t", t))]
		self.messages = []
		self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
		self.thread = threading.Thread(target=self._read, daemon=True)
		self.thread.start()
		_own(self)

	def _read(self):
		for line in self.process.stdout:
			line = line.decode("utf-8", "surrogateescape").rstrip("\n")
			if line:
				self.messages.append(Message(line))

	def all(self, topic):
		return [m for m in list(self.messages) if m.topic == topic]

	def last(self, topic):
		"""The newest payload of a topic as bytes, None where there is none."""
		found = self.all(topic)
		return found[-1].payload if found else None

	def json(self, topic):
		"""The newest payload of a topic, parsed; None where there is none or it is empty."""
		payload = self.last(topic)
		return json.loads(payload.decode("utf-8")) if payload else None

	def wait(self, topic, condition=lambda payload: True, seconds=120):
		"""Until the newest payload (parsed where it is JSON) makes the condition true; returns it."""
		def found():
			payload = self.last(topic)
			if payload is None:
				return None
			text = payload.decode("utf-8")
			parsed = json.loads(text) if text[:1] in ("{", "[") else text
			return [parsed] if condition(parsed) else None
		return wait_until(found, seconds, f"{topic}: last {self.last(topic)!r}")[0]

	def end(self):
		self.process.kill()
		self.process.wait()
		self.thread.join(10)
		self.process.stdout.close()


class Deaf:
	"""A broker that takes everything and confirms only the connection; unconfirmed is how many with QoS 1 it has."""

	def __init__(self):
		self.connections = 0
		self.unconfirmed = 0
		self.server = socket.create_server(("127.0.0.1", 0))
		self.port = self.server.getsockname()[1]
		self.thread = threading.Thread(target=self._serve, daemon=True)
		self.thread.start()
		_own(self)

	def _serve(self):
		while True:
			try:
				connection, _ = self.server.accept()
			except OSError:
				return
			self.connections += 1
			self.unconfirmed = 0
			with connection:
				try:
					self._take(connection.makefile("rb"), connection)
				except (OSError, EOFError):
					pass

	def _take(self, stream, connection):
		while True:
			head = stream.read(1)
			if not head:
				return
			length = shift = 0
			while True:
				byte = stream.read(1)[0]
				length |= (byte & 127) << shift
				shift += 7
				if byte < 128:
					break
			stream.read(length)
			if head[0] >> 4 == 1:
				connection.sendall(b"\x20\x02\x00\x00")
			elif head[0] >> 4 == 12:
				connection.sendall(b"\xd0\x00")
			elif head[0] >> 4 == 3 and head[0] & 6:
				self.unconfirmed += 1

	def end(self):
		self.server.close()


def telling(number="E0000000000000001", wh=1000, pause=0.1, more=(), **registers):
	"""A gateway whose meter goes on for ever, and the configuration of its source."""
	gateway = Gateway(lambda n: (x for i in itertools.count()
				     for x in (p1(None, number=number, r1_8_1=wh + i, power_w=i % 10000, more=more, **registers), pause)))
	return gateway, f"[source house]\ntype = tcp\nhost = 127.0.0.1\nport = {gateway.port}\ncycle = 0\n"
