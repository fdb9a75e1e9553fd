# SPDX-License-Identifier: MIT
"""Servers that take lines, as badly as they are told to, and the line protocol, strictly.

The grammar is that of InfluxDB's documentation, "Line protocol": elements, data types and special characters.
"""
import http.server
import socket
import socketserver
import threading
from decimal import Decimal

from harness import _own

HANG = "hang"		# no answer
CLOSE = "close"		# the connection ends without one
MAX_LINE = 1400
INTEGER = range(-2**63, 2**63)


class BadLine(AssertionError):
	pass


class _Scanner:
	def __init__(self, text):
		self.text = text
		self.at = 0

	def peek(self):
		return self.text[self.at:self.at + 1]

	def take(self, expected):
		if self.peek() != expected:
			raise BadLine(f"expected {expected!r} at {self.at}: {self.text!r}")
		self.at += 1

	def word(self, ends, escaped):
		"""Up to one of ends; escaped ones belong to it."""
		word = ""
		while self.peek() and self.peek() not in ends:
			if self.peek() == "\\" and self.text[self.at + 1:self.at + 2] in escaped:
				self.at += 1
			if self.peek() in ('"', "\n", "\r", "\t"):
				raise BadLine(f"{self.peek()!r} at {self.at}: {self.text!r}")
			word += self.peek()
			self.at += 1
		if not word or word.endswith("\\"):
			raise BadLine(f"an empty word, or one that ends with a backslash, at {self.at}: {self.text!r}")
		return word

	def string(self):
		self.take('"')
		word = ""
		while self.peek() != '"':
			if self.peek() == "\\" and self.text[self.at + 1:self.at + 2] in ('"', "\\"):
				self.at += 1
			if not self.peek() or ord(self.peek()) < 0x20 or 0x7f <= ord(self.peek()) < 0xa0:
				raise BadLine(f"a string has no end, or a control character: {self.text!r}")
			word += self.peek()
			self.at += 1
		self.take('"')
		return word

	def value(self):
		if self.peek() == '"':
			return self.string()
		word = self.word(", ", "")
		if word in ("t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"):
			return word[0] in "tT"
		if word.endswith("i"):
			number = int(word[:-1])
			if number not in INTEGER or str(number) != word[:-1]:
				raise BadLine(f"{word} is no integer")
			return number
		number = Decimal(word)
		if not number.is_finite() or word.strip("-0123456789."):
			raise BadLine(f"{word} is no number")
		return number


class Point:
	"""measurement, tags, fields (Decimal: float, int: integer, str, bool) and time, in the unit it was sent in"""

	def __init__(self, line):
		s = _Scanner(line)
		self.line = line
		self.measurement = s.word(", ", ", ")
		self.tags, self.fields, self.time = {}, {}, None
		while s.peek() == ",":
			self._pair(s, self.tags, lambda: s.word(", ", ",= "))
		while s.peek() in ((" ",) if not self.fields else (",",)):
			self._pair(s, self.fields, s.value)
		if not self.fields:
			raise BadLine(f"no fields: {line!r}")
		if list(self.tags) != sorted(self.tags):
			raise BadLine(f"tags are not sorted: {line!r}")
		s.take(" ")
		time = line[s.at:]
		if str(int(time)) != time or int(time) not in INTEGER:
			raise BadLine(f"{time!r} is no time")
		self.time = int(time)

	@staticmethod
	def _pair(s, into, value):
		s.at += 1
		key = s.word("=, ", ",= ")
		s.take("=")
		if key in into or key.startswith("_") or key == "time":
			raise BadLine(f"key {key}: {s.text!r}")
		into[key] = value()


def parse(data):
	"""The points of some whole lines."""
	if not data.endswith(b"\n"):
		raise BadLine(f"the last line has no end: {data[-200:]!r}")
	for line in data[:-1].split(b"\n"):
		if len(line) >= MAX_LINE:
			raise BadLine(f"a line of {len(line)} bytes")
	return [Point(line) for line in data[:-1].decode("utf-8").split("\n")]


class Influx:
	"""A server of HTTP. answer: a code, (code, body), HANG or CLOSE, or a function from the number of the request to one.

	taken: the points of all requests that were answered with 2xx; requests: (path, headers, points) of all
	"""

	def __init__(self, answer=204, host="127.0.0.1", port=0):
		self.answer = answer
		self.requests = []
		self.taken = []
		self.broken = []
		self.connections = 0
		self.stopped = threading.Event()
		server = self

		class Handler(http.server.BaseHTTPRequestHandler):
			protocol_version = "HTTP/1.1"

			def setup(self):
				server.connections += 1
				server.sockets.append(self.request)
				super().setup()

			def do_POST(self):
				server.serve(self)

			def log_message(self, *arguments):
				pass

		class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
			daemon_threads = True
			allow_reuse_address = True

			def handle_error(self, *arguments):
				pass

		self.sockets = []
		self.server = Server((host, port), Handler)
		self.port = self.server.server_address[1]
		self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
		self.thread.start()
		_own(self)

	def serve(self, handler):
		body = handler.rfile.read(int(handler.headers["Content-Length"]))
		try:
			points = parse(body)
		except Exception as e:
			self.broken.append(e)
			points = []
		number = len(self.requests)
		self.requests.append((handler.path, dict(handler.headers), points))
		answer = self.answer(number) if callable(self.answer) else self.answer
		if answer == HANG:
			self.stopped.wait(60)
		if answer in (HANG, CLOSE):
			handler.close_connection = True
			return
		code, text = answer if isinstance(answer, tuple) else (answer, b"")
		if code // 100 == 2:
			self.taken += points
		handler.send_response(code)
		if code != 204:
			handler.send_header("Content-Length", str(len(text)))
		handler.end_headers()
		if code != 204:
			handler.wfile.write(text)

	def check(self):
		if self.broken:
			raise self.broken[0]

	def end(self):
		self.stopped.set()
		self.server.shutdown()
		self.server.server_close()
		for s in self.sockets:
			try:
				s.shutdown(socket.SHUT_RDWR)
			except OSError:
				pass
		self.thread.join(10)


class Receiver:
	"""A receiver of datagrams."""

	def __init__(self, host="127.0.0.1", port=0):
		self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
		self.socket.bind((host, port))
		self.socket.settimeout(0.1)
		self.port = self.socket.getsockname()[1]
		self.datagrams = []
		self.stopped = False
		self.thread = threading.Thread(target=self._receive, daemon=True)
		self.thread.start()
		_own(self)

	def _receive(self):
		while not self.stopped:
			try:
				self.datagrams.append(self.socket.recv(65536))
			except socket.timeout:
				continue
			except OSError:
				return

	@property
	def taken(self):
		return [point for datagram in list(self.datagrams) for point in parse(datagram)]

	def end(self):
		self.stopped = True
		self.thread.join(10)
		self.socket.close()
