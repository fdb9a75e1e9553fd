# SPDX-License-Identifier: MIT
"""Line 1 of the GPIO controller of qemu's arm64 machine `virt`, driven from the host in real time: pulses without end, as
a meter at 1200 baud may send them when nobody is in a hurry."""

import json
import socket
import time

LINE = 1
LOW_SECONDS = 0.003  # start bit and data that are 0
HIGH_SECONDS = 0.012  # a stop bit at least, however late the host is


def connect(path):
    """To a socket that qemu has not made yet."""
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
            return connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(0.05)


def find_controller(qmp):
    """Its name in qemu's tree of objects."""
    stream = connect(qmp).makefile("rw")
    stream.readline()
    for command in ({"execute": "qmp_capabilities"},
                    {"execute": "qom-list", "arguments": {"path": "/machine/unattached"}}):
        stream.write(json.dumps(command) + "\n")
        stream.flush()
        answer = json.loads(stream.readline())
    return next(entry["name"] for entry in answer["return"] if entry["type"] == "child<pl061>")


def drive(qmp, qtest):
    """Until qemu is gone."""
    try:
        name = find_controller(qmp)
        stream = connect(qtest).makefile("rw")
        while True:
            for level, seconds in ((0, LOW_SECONDS), (1, HIGH_SECONDS)):
                stream.write(f"set_irq_in /machine/unattached/{name} unnamed-gpio-in {LINE} {level}\n")
                stream.flush()
                stream.readline()
                time.sleep(seconds)
    except (BrokenPipeError, ConnectionResetError):
        return
