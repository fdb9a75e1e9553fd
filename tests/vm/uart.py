# SPDX-License-Identifier: MIT
"""The far end of a guest's UART: a pty that plays files at line rate when the guest asks for it."""

import fcntl
import os
import pathlib
import re
import struct
import subprocess
import termios
import threading
import time
import tty

SPEEDS = {getattr(termios, f"B{n}"): n for n in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)}
BITS = 10  # of a character on the line: start, eight, stop
SLICE_SECONDS = 0.02
NOBODY_SECONDS = 3


def through_wrong_speed(data, sent_at, read_at):
    """What a UART that samples at read_at baud makes of 8N1 characters sent at sent_at baud."""
    line = [level for byte in data for level in (0, *((byte >> bit) & 1 for bit in range(8)), 1)] + [1] * BITS
    step = sent_at / read_at  # bits of the line for each bit that is sampled
    out = bytearray()
    at = 0.0
    while int(at) < len(line) - BITS:
        if line[int(at)]:
            at += 1
            continue
        samples = [line[min(int(at + (bit + 1.5) * step), len(line) - 1)] for bit in range(8)]
        out.append(sum(level << bit for bit, level in enumerate(samples)))
        at += (BITS - 0.5) * step
    return bytes(out)


def telegrams(data):
    """Cuts behind each ETX of TIC, and behind the line of each `!` of P1."""
    start = end_line = 0
    for at, byte in enumerate(data):
        byte &= 0x7F
        end_line = end_line or byte == ord("!")
        if byte == 0x03 or (end_line and byte == ord("\n")):
            yield data[start: at + 1]
            start, end_line = at + 1, 0
    if start < len(data):
        yield data[start:]


class Uart:
    """The pty is the line; qemu sets on it whatever speed the guest sets on its port, or tells it in its trace."""

    def __init__(self, folders, meterctl, trace=None):
        self.trace = trace
        self.folders = [pathlib.Path(folder) for folder in folders]
        self.meterctl = meterctl
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.stopped = threading.Event()
        self.quiet = threading.Event()
        self.quiet.set()

    def serve(self, requests, answer):
        """Answers the requests of host-play: `play ID FILE BAUD GAP LOOP` and `stop`, one on a line."""
        for line in requests:
            words = line.split()
            if words == ["stop"]:
                self.stopped.set()
            elif len(words) == 6 and words[0] == "play":
                self.stopped.set()
                self.quiet.wait()
                self.stopped.clear()
                self.quiet.clear()
                threading.Thread(target=self.answer, args=(answer, words[1:]), daemon=True).start()

    def answer(self, answer, words):
        data = self.find(words[1])
        if data is not None:
            termios.tcflush(self.slave, termios.TCIFLUSH)
            baud, gap, loop = (int(word) for word in words[2:])
            for _ in range(loop):
                self.play(data, baud, gap / 1000)
        self.quiet.set()
        answer(f"{'absent' if data is None else 'done'} {words[0]}\n".encode())

    def find(self, name):
        """The bytes of a file, or 20 telegrams of the simulator, always the same; None when there is no such thing."""
        if name.startswith("simulate/"):
            command = [self.meterctl, "simulate", name[9:], "--count", "20", "--speed", "max",
                       "--start", "2025-01-15T11:59:50Z"]
            simulator = subprocess.run(command, stdout=subprocess.PIPE)
            return None if simulator.returncode else simulator.stdout
        paths = [folder / name for folder in self.folders]
        return next((path.read_bytes() for path in paths if path.is_file()), None)

    def play(self, data, baud, gap):
        """Returns when the guest's port has taken all; baud 0 is as fast as it takes it."""
        for telegram in telegrams(data) if gap else [data]:
            size = max(1, int(baud / BITS * SLICE_SECONDS)) if baud else 1024
            due = time.monotonic()
            for at in range(0, len(telegram), size):
                if self.stopped.is_set():
                    return
                self.send(telegram[at: at + size], baud)
                due += size * BITS / baud if baud else 0
                time.sleep(max(0, due - time.monotonic()))
            time.sleep(gap)
        self.drain(0)

    def send(self, data, baud):
        speed = self.speed()
        if baud and speed != baud:
            data = through_wrong_speed(data, baud, speed or 9600)
        self.drain(2048)
        os.write(self.master, data)

    def speed(self):
        """Of the guest's port, in bit/s; 0 when it is none of those that are known."""
        if self.trace is None:
            return SPEEDS.get(termios.tcgetattr(self.slave)[5], 0)
        set_to = re.findall(r"new baudrate (\d+)", self.trace.read_text() if self.trace.exists() else "")
        return next((speed for speed in SPEEDS.values() if set_to and abs(int(set_to[-1]) - speed) < speed / 50), 0)

    def drain(self, most):
        """Waits until no more than so many bytes are unread. What nobody takes is lost, as on a real line."""
        left, since = self.unread(), time.monotonic()
        while left > most and not self.stopped.is_set():
            time.sleep(0.002)
            if self.unread() != left:
                left, since = self.unread(), time.monotonic()
            elif time.monotonic() - since > NOBODY_SECONDS:
                termios.tcflush(self.slave, termios.TCIFLUSH)

    def unread(self):
        return struct.unpack("i", fcntl.ioctl(self.slave, termios.FIONREAD, b"\0\0\0\0"))[0]
