# SPDX-License-Identifier: MIT
"""DLMS push lines from their description alone (Green Book, EN 13757), without any code of the project: frames of HDLC
and wired M-Bus, block transfer, general-glo-ciphering, A-XDR, and what lists of objects mean by the rules of the data
contract. GCM is OpenSSL's, all else is here. A message whose parts do not follow each other without a byte between them
is none."""
import collections
import ctypes
import ctypes.util
import datetime
import decimal
import re
import struct

LLC = b"\xe6\xe7\x00"

_crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
_crypto.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
_crypto.EVP_aes_128_gcm.restype = ctypes.c_void_p
_crypto.EVP_DecryptInit_ex.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
_crypto.EVP_DecryptUpdate.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.c_char_p, ctypes.c_int]
_crypto.EVP_DecryptFinal_ex.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)]
_crypto.EVP_CIPHER_CTX_ctrl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_char_p]
_crypto.EVP_CIPHER_CTX_free.argtypes = [ctypes.c_void_p]
SET_TAG = 0x11


def aes_gcm(key, iv, data, aad=b"", tag=None):
	"""The clear text; with a tag only when it is right."""
	context = _crypto.EVP_CIPHER_CTX_new()
	out, length = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int()
	try:
		assert _crypto.EVP_DecryptInit_ex(context, _crypto.EVP_aes_128_gcm(), None, key, iv) == 1
		if tag:
			assert _crypto.EVP_DecryptUpdate(context, None, ctypes.byref(length), aad, len(aad)) == 1
		assert _crypto.EVP_DecryptUpdate(context, out, ctypes.byref(length), data, len(data)) == 1
		if tag:
			assert _crypto.EVP_CIPHER_CTX_ctrl(context, SET_TAG, len(tag), tag) == 1
			assert _crypto.EVP_DecryptFinal_ex(context, None, ctypes.byref(ctypes.c_int())) == 1, "the tag is wrong"
	finally:
		_crypto.EVP_CIPHER_CTX_free(context)
	return out.raw[:len(data)]


def _crc_step(crc):
	for _ in range(8):
		crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
	return crc


_CRC_STEPS = [_crc_step(byte) for byte in range(256)]


def crc16_x25(data):
	crc = 0xffff
	for byte in data:
		crc = crc >> 8 ^ _CRC_STEPS[(crc ^ byte) & 0xff]
	return struct.pack("<H", crc ^ 0xffff)


# Frames

Frame = collections.namedtuple("Frame", "begin end more address control info")


def hdlc_frame(data, at):
	"""The frame that begins at this flag, or None."""
	if data[at] != 0x7e or len(data) < at + 12 or data[at + 1] & 0xf0 != 0xa0:
		return None
	length = struct.unpack(">H", data[at + 1:at + 3])[0] & 0x7ff
	frame, end = data[at + 1:at + 1 + length], at + 1 + length
	if len(data) <= end or data[end] != 0x7e:
		return None
	head = 2
	for _ in range(2):		# destination, source
		while head < length and not frame[head] & 1:
			head += 1
		head += 1
	head += 1			# control
	if head + 4 > length or crc16_x25(frame[:head]) != frame[head:head + 2] or crc16_x25(frame[:-2]) != frame[-2:]:
		return None
	return Frame(at, end + 1, bool(frame[0] & 8), frame[2:head - 1], frame[head - 1], frame[head + 2:-2])


def mbus_frame(data, at):
	"""The frame that begins at this 68h, or None; its control is the CI."""
	if len(data) < at + 4 or data[at] != 0x68 or data[at + 3] != 0x68 or data[at + 1] != data[at + 2]:
		return None
	for length in (data[at + 1], data[at + 1] + 256):
		end = at + 4 + length
		if length >= 5 and len(data) >= end + 2 and data[end + 1] == 0x16 and sum(data[at + 4:end]) & 0xff == data[end]:
			body = data[at + 4:end]
			return Frame(at, end + 2, not body[2] & 0x10, body[:2] + body[3:5], body[2], body[5:])
	return None


def frames(data):
	"""All good frames, of either kind."""
	at, found = 0, []
	while at < len(data):
		frame = hdlc_frame(data, at) if data[at] == 0x7e else mbus_frame(data, at) if data[at] == 0x68 else None
		if frame:
			found.append(frame)
		at = frame.end if frame else at + 1
	return found


def is_mbus(frame):
	return frame.address == b"\x53\xff\x01\x67"


def take_part(frame, parts):
	"""What a frame has of a message, whether it begins one, and whether more comes; None: it has no part of it."""
	if is_mbus(frame):
		number = frame.control & 15
		return None if number != len(parts) and number else (frame.info, not number, frame.more)
	begins = frame.info[:3] == LLC
	info = frame.info[3:] if begins else frame.info
	if info[:1] != b"\xe0" or not (begins or len(info) == 7 + info[6]):
		return info, begins, frame.more
	number = struct.unpack(">H", info[2:4])[0]
	if number != 1 and number != len(parts) + 1:
		return None
	return info[7:], number == 1, not info[1] & 0x80


def messages(data):
	"""APDUs, in clear or enciphered, each with the frames that carried it."""
	found, parts, carriers = [], [], []
	for frame in frames(data):
		part = take_part(frame, parts)
		if not part or (not part[1] and (not carriers or carriers[-1].end != frame.begin)):
			parts, carriers = [], []
			continue
		info, begins, more = part
		if begins:
			parts, carriers = [], []
		parts, carriers = parts + [info], carriers + [frame]
		if not more:
			found.append((b"".join(parts), carriers))
			parts, carriers = [], []
	return found


# Encipherment

Envelope = collections.namedtuple("Envelope", "title control counter tagged")


def ber_length(data, at):
	if data[at] < 0x80:
		return data[at], at + 1
	count = data[at] & 0x7f
	return int.from_bytes(data[at + 1:at + 1 + count], "big"), at + 1 + count


def decipher(message, key=None, auth_key=None):
	"""The APDU in clear and its Envelope, which is None when it was in clear."""
	if message[0] != 0xdb:
		return message, None
	assert message[1] == 8
	length, at = ber_length(message, 10)
	assert at + length == len(message), "a length that does not fit"
	title, control, counter, text = message[2:10], message[at], message[at + 1:at + 5], message[at + 5:]
	tag = None
	if control & 0x10:
		text, tag = text[:-12], text[-12:]
	clear = aes_gcm(key, title + counter, text, bytes([control]) + auth_key if tag else b"", tag)
	return clear, Envelope(title, control, int.from_bytes(counter, "big"), bool(tag))


# A-XDR

class Wide(int):
	"""A number of 64 bits."""


INTEGERS = {0x05: "i", 0x06: "I", 0x0f: "b", 0x10: "h", 0x11: "B", 0x12: "H", 0x14: "q", 0x15: "Q", 0x16: "B"}


def axdr(data, at):
	"""A value: int, bytes, or a list of values; and where it ends."""
	tag = data[at]
	at += 1
	if tag in (1, 2):
		count, at = ber_length(data, at)
		values = []
		for _ in range(count):
			value, at = axdr(data, at)
			values.append(value)
		return values, at
	if tag in (9, 10):
		length, at = ber_length(data, at)
		assert at + length <= len(data)
		return data[at:at + length], at + length
	form = ">" + INTEGERS[tag]
	size = struct.calcsize(form)
	number = struct.unpack(form, data[at:at + size])[0]
	return Wide(number) if size == 8 else number, at + size


# Readings

UNITS = {13: "m3", 27: "W", 29: "var", 30: "Wh", 32: "varh", 33: "A", 35: "V", 255: ""}
HAN_POWER = ["1-0:1.7.0"]
HAN_LIVE = "1-1:0.2.129 0-0:96.1.0 0-0:96.1.7 1-0:1.7.0 1-0:2.7.0 1-0:3.7.0 1-0:4.7.0 1-0:31.7.0 1-0:51.7.0 1-0:71.7.0 " \
	"1-0:32.7.0 1-0:52.7.0 1-0:72.7.0".split()
HAN_HOUR = HAN_LIVE + "0-0:1.0.0 1-0:1.8.0 1-0:2.8.0 1-0:3.8.0 1-0:4.8.0".split()
NUMBERS = ("0-0:96.1.0", "0-0:42.0.0", "1-1:0.0.5", "1-1:0.0.1")
ENERGIES = ("import", "export", "reactive_import", "reactive_export", "reactive_q1", "reactive_q2", "reactive_q3", "reactive_q4")

Item = collections.namedtuple("Item", "code value scaler unit attribute")


def label(code):
	return "%d-%d:%d.%d.%d" % tuple(code[:5])


def is_push_list(body):
	return isinstance(body, list) and body and isinstance(body[0], list) and body[0] and isinstance(body[0][0], list) \
		and len(body[0][0]) == 4 and isinstance(body[0][0][0], int)


def push_items(body):
	entries = [(c, label(code), attribute) for c, code, attribute, _ in body[0]]
	scalers = {code: value for (c, code, attribute), value in zip(entries, body) if c == 4 and attribute == 3}
	for (c, code, attribute), value in list(zip(entries, body))[1:]:
		if attribute != 1 and not isinstance(value, list):
			yield Item(code, value, *scalers.get(code, (None, None)), attribute)


def flat_items(values):
	"""Code, value, {scaler, unit}, each of which may be missing but the value."""
	at = 0
	while at < len(values):
		code, scaler = "", (None, None)
		if isinstance(values[at], bytes) and len(values[at]) == 6 and values[at][5] == 255:
			code, at = label(values[at]), at + 1
		value, at = values[at], at + 1
		if at < len(values) and isinstance(values[at], list):
			scaler, at = values[at], at + 1
		yield Item(code, value, *scaler, 2)


def items(body):
	if is_push_list(body):
		return list(push_items(body))
	if isinstance(body[0], list):
		return [item for element in body for item in flat_items(element)]
	found = list(flat_items(body))
	if any(item.code for item in found):
		return found
	codes = {1: HAN_POWER, 13: HAN_LIVE, 18: HAN_HOUR}[len(found)]
	return [item._replace(code=code) for item, code in zip(found, codes)]


def field(item):
	if isinstance(item.value, bytes):
		return [item.code, item.value.decode() if re.fullmatch(rb"[ -~]+", item.value) else item.value.hex().upper(), ""]
	if item.scaler is None:
		return [item.code, str(int(item.value)), ""]
	number = decimal.Decimal(int(item.value)).scaleb(item.scaler)
	return [item.code, f"{number:f}", UNITS[item.unit]]


def quantity_name(code):
	"""Its name and unit, or None."""
	a, b, c, d, e = map(int, re.split("[-:.]", code))
	if a != 1:
		return None
	if d == 8 and 1 <= c <= 8 and (e == 0 or c <= 2):
		return f"energy_{ENERGIES[c - 1]}" + (f"_t{e}" if e else ""), "Wh" if c <= 2 else "varh"
	if d != 7 or e:
		return None
	if c == 13:
		return "power_factor", ""
	phase, c = ((c - 1) // 20, (c - 1) % 20 + 1) if c > 20 else (0, c)
	names = {1: ("power_import", "W"), 2: ("power_export", "W"), 3: ("power_reactive_import", "var"),
		 4: ("power_reactive_export", "var")}
	if phase:
		names.update({11: ("current", "A"), 12: ("voltage", "V")})
	if c not in names:
		return None
	return names[c][0] + (f"_l{phase}" if phase else ""), names[c][1]


def scale_of(name, unit, item, found, maker):
	"""What one count is, when the telegram does not say: rule 18."""
	if maker == "kamstrup" and unit not in ("W", "var", "A", "V") or not maker:
		return None
	if unit == "A":
		return {"kaifa": "0.001"}.get(maker, "1" if isinstance(item.value, Wide) else "0.01")
	if unit == "V":
		tenths = maker == "push" and any(i.value >= 1000 for i in found if re.match(r"1-\d+:[357]2\.7\.0", i.code))
		return "0.1" if tenths or maker == "kaifa" else "1"
	return "0.001" if name == "power_factor" else "1"


def maker_of(body, found, title):
	if is_push_list(body) or (title and title[:3] in (b"LGZ", b"ISK")):
		return "push"
	first = next((item.value for item in found if isinstance(item.value, bytes)), b"")
	if first.startswith(b"Kamstrup") or (title and title[:3] == b"KAM"):
		return "kamstrup"
	return "kaifa" if first.startswith(b"KFM") or len(found) == 1 else None


def quantities(found, maker):
	got = {}
	for item in found:
		known = quantity_name(item.code) if item.code else None
		if not known or isinstance(item.value, bytes) or item.attribute != 2:
			continue
		scale = decimal.Decimal(1).scaleb(item.scaler) if item.scaler is not None else scale_of(*known, item, found, maker)
		if scale is not None and (item.scaler is None or UNITS[item.unit] == known[1]):
			got[known[0]] = int(item.value) * decimal.Decimal(scale)
	for name in ("energy_import", "energy_export"):
		tariffs = [value for tariff, value in got.items() if tariff.startswith(f"{name}_t")]
		if tariffs and name not in got:
			got[name] = sum(tariffs)
	if "power_import" in got:
		got["power_net"] = got["power_import"] - got.get("power_export", 0)
	return got


def clock(data):
	"""UTC as the contract writes it; None when it is not known."""
	year, month, day, _, hour, minute, second, _, deviation, status = struct.unpack(">HBBBBBBBhB", data)
	if deviation == -0x8000 or status & 1:
		return None
	utc = datetime.datetime(year, month, day, hour, minute, second) + datetime.timedelta(minutes=deviation)
	return utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def number_of(found, title):
	by_code = {item.code: field(item)[1] for item in found}
	for code in NUMBERS:
		if code in by_code:
			return by_code[code]
	if len(found) > 1 and not found[-1].code and isinstance(found[-1].value, bytes):
		return found[-1].value.decode()
	return title.hex().upper() if title else None


def notification(apdu):
	"""The time of the message as bytes, or None, and the body."""
	assert apdu[0] == 0x0f
	at, stamp = 5, None
	if apdu[at] == 0x09:
		at += 1
	if apdu[at] == 12:
		stamp = apdu[at + 1:at + 13]
	body, end = axdr(apdu, at + 1 + (12 if stamp else 0))
	assert end == len(apdu), "bytes behind the body"
	return stamp, body


def reading(apdu, title=None):
	"""One APDU in clear as the data contract has it."""
	stamp, body = notification(apdu)
	found = items(body)
	stamps = [item.value for item in found if item.code == "0-0:1.0.0"] + ([stamp] if stamp else [])
	got = {"protocol": "dlms", "damaged": 0, "fields": [field(item) for item in found],
	       "quantities": quantities(found, maker_of(body, found, title))}
	for name, value in (("meter", number_of(found, title)), ("time", next(filter(None, map(clock, stamps)), None))):
		if value:
			got[name] = value
	return got


def readings(data, key=None, auth_key=None):
	"""All telegrams of a line."""
	got = []
	for message, _ in messages(data):
		apdu, envelope = decipher(message, key, auth_key)
		got.append(reading(apdu, envelope and envelope.title))
	return got
