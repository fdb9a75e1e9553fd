# SPDX-License-Identifier: MIT
"""Frames of D2L modules from their description alone (see userspace/decode/d2l.h), without any code of the project:
AES from OpenSSL, all else here. And a server that answers as it is told to."""
import ctypes
import ctypes.util
import os
import socket
import struct
import threading
import time

UPDATE_REQUEST, PUSH_JSON, GET_HORLOGE, NO_INTERNET = 1, 3, 5, 7
EPOCH = 1451606400

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
_crypto.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
_crypto.EVP_aes_128_cbc.restype = ctypes.c_void_p
_crypto.EVP_CipherInit_ex.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
_crypto.EVP_CIPHER_CTX_set_padding.argtypes = [ctypes.c_void_p, ctypes.c_int]
_crypto.EVP_CipherUpdate.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.c_char_p, ctypes.c_int]
_crypto.EVP_CIPHER_CTX_free.argtypes = [ctypes.c_void_p]


def aes_cbc(key, iv, data, encipher):
	context = _crypto.EVP_CIPHER_CTX_new()
	out, length = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int()
	good = _crypto.EVP_CipherInit_ex(context, _crypto.EVP_aes_128_cbc(), None, key, iv, int(encipher)) == 1 \
		and _crypto.EVP_CIPHER_CTX_set_padding(context, 0) == 1 \
		and _crypto.EVP_CipherUpdate(context, out, ctypes.byref(length), data, len(data)) == 1
	_crypto.EVP_CIPHER_CTX_free(context)
	assert good and length.value == len(data)
	return out.raw[:len(data)]


def crc16_modbus(data):
	crc = 0xffff
	for byte in data:
		crc ^= byte
		for _ in range(8):
			crc = crc >> 1 ^ 0xa001 if crc & 1 else crc >> 1
	return crc


def seal(module, key, iv, kind, payload=b"", answer=False, error=False, next_query=0):
	"""A frame of or for a module; key and IV as bytes."""
	length = (38 + len(payload) + 15) // 16 * 16
	head = struct.pack("<BBHQB3x", 3, 0, length, module, 1) + os.urandom(16)
	tail = struct.pack("<HBB", len(payload), kind | (0x80 if answer else 0), next_query | (0x80 if error else 0)) + payload
	tail += bytes(length - 34 - len(tail))
	clear = head + struct.pack("<H", crc16_modbus(head + tail)) + tail
	return clear[:16] + aes_cbc(key, iv, clear[16:], True)


def header(frame):
	"""Id and length, of the first 16 bytes."""
	version, length, module, method = struct.unpack("<BxHQB3x", frame[:16])
	assert version == 3 and method & 7 == 1 and 48 <= length <= 4096 and length % 16 == 0, frame[:16]
	return module, length


def unseal(frame, key, iv):
	"""The type, whether it is an answer, whether it is an error, and the payload."""
	module, length = header(frame)
	assert length == len(frame), (length, len(frame))
	clear = frame[:16] + aes_cbc(key, iv, frame[16:], False)
	crc, payload_len, kind, query = struct.unpack("<HHBB", clear[32:38])
	assert crc == crc16_modbus(clear[:32] + clear[34:]), "the CRC is wrong"
	assert payload_len <= length - 38
	return kind & 0x7f, bool(kind & 0x80), bool(query & 0x80), clear[38:38 + payload_len]


def clock_answer(module, key, iv, kind, unix=None):
	return seal(module, key, iv, kind, struct.pack("<I", int(time.time() if unix is None else unix) - EPOCH), answer=True)


class Server:
	"""Takes frames of modules whose keys it has, {id: (key, iv)}, and sends what @answer(module, key, iv, kind)
	gives: bytes, or None to close. What came is in @frames: (source address, module, kind, payload)."""

	def __init__(self, keys, answer=clock_answer):
		self.keys, self.answer, self.frames = keys, answer, []
		self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
		self.port = self._socket.getsockname()[1]
		threading.Thread(target=self._accept, daemon=True).start()

	def _accept(self):
		while True:
			try:
				connection, address = self._socket.accept()
			except OSError:
				return
			threading.Thread(target=self._serve, args=(connection, address[0]), daemon=True).start()

	def _serve(self, connection, address):
		with connection:
			data = b""
			while len(data) < 16 or len(data) < header(data)[1]:
				chunk = connection.recv(4096)
				if not chunk:
					return
				data += chunk
			module, _ = header(data)
			key, iv = self.keys[module]
			kind, answer, error, payload = unseal(data, key, iv)
			assert not answer and not error
			self.frames.append((address, module, kind, payload))
			answer = self.answer(module, key, iv, kind)
			if answer is None:
				return
			try:
				connection.sendall(answer)
				connection.recv(1)
			except OSError:
				pass

	def end(self):
		self._socket.shutdown(socket.SHUT_RDWR)
		self._socket.close()
