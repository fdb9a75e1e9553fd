#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Overlays as the line `dtoverlay=NAME,PARAMETER=VALUE,...` of config.txt loads them: the parameters by the rules of
the Raspberry Pi's boot loader (Raspberry Pi documentation, "Device Trees, overlays, and parameters"), then fdtoverlay.

    dtoverlay.py BASE.dtb OUT.dtb NAME,PARAMETER=VALUE...      for each line
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import fdt  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = [TOP / "build/dtbs", TOP / "build/tests/dts"]
WORDS = {"y": 1, "yes": 1, "on": 1, "true": 1, "down": 1, "n": 0, "no": 0, "off": 0, "false": 0, "up": 2}


class Refused(Exception):
    """What the boot loader, or fdtoverlay, would not load."""


def number(value):
    if value in WORDS:
        return WORDS[value]
    try:
        return int(value, 0)
    except ValueError:
        raise Refused(f"{value} is not a number") from None


def targets(data):
    """The (phandle, text) of which a parameter consists."""
    while data:
        end = data.index(b"\0", 4)
        yield int.from_bytes(data[:4], "big"), data[4:end].decode()
        data = data[end + 1:]


def rename(top, path, new_path):
    """Renames a node, also where the overlay's own tables name it."""
    old_name, new_name = path.split("/")[-1], new_path.split("/")[-1]
    for root in (top, top.children.get("__local_fixups__")):
        parent = root and root.find(path.rpartition("/")[0])
        if parent and old_name in parent.children:
            parent.children = {new_name if name == old_name else name: child for name, child in parent.children.items()}
    fixups = top.children.get("__fixups__", fdt.Node())
    pattern = re.compile(rf"(?<!\w){re.escape(path)}(?=[/:])".encode())
    for symbol, value in fixups.props.items():
        fixups.props[symbol] = pattern.sub(new_path.encode(), value)


def enable_fragments(top, text, value):
    """+N enables a fragment, -N disables it, =N and !N do by the value or its opposite."""
    for kind, fragment in re.findall(r"([-+=!])(\d+)", text):
        active = {"+": True, "-": False, "=": bool(value), "!": not value}[kind]
        path = f"/fragment@{fragment}"
        before, after = ("__dormant__", "__overlay__") if active else ("__overlay__", "__dormant__")
        if top.find(path) is None:
            raise Refused(f"there is no fragment {fragment}")
        if before in top.find(path).children:
            rename(top, f"{path}/{before}", f"{path}/{after}")


def set_cell(top, path, node, name, offset, value):
    if name == "reg":  # stands for the address in the name, and is never made
        if offset == 0 and "@" in path:
            rename(top, path, f"{path.rpartition('@')[0]}@{value:x}")
        return
    old = node.props.get(name, b"").ljust(offset + 4, b"\0")
    node.props[name] = old[:offset] + fdt.cells(value) + old[offset + 4:]


def set_boolean(node, name, value):
    node.props.pop(name, None)
    if value:
        node.props[name] = b""


def set_target(top, phandle, text, value):
    if phandle == 0:
        enable_fragments(top, text, 1 if value not in WORDS else WORDS[value])
        return
    path, node = top.by_phandle(phandle)
    form = re.fullmatch(r"([^:?!=]+)(?:(:)(\d+)|([?!]))?(?:=(.*))?", text)
    if node is None or not form:
        raise Refused(f"a target of this form is not known: {text}")
    name, cell, offset, boolean, literal = form.groups()
    value = value if literal is None else literal
    if cell:
        set_cell(top, path, node, name, int(offset), number(value))
    elif boolean:
        set_boolean(node, name, bool(number(value)) != (boolean == "!"))
    else:
        node.props[name] = value.encode() + b"\0"


def read(name):
    file = next((folder / f"{name}.dtbo" for folder in FOLDERS if (folder / f"{name}.dtbo").is_file()), None)
    if not file:
        raise Refused(f"there is no overlay {name}: type make dtbs")
    return fdt.parse(file.read_bytes())


def overrides_of(top):
    return top.children.get("__overrides__", fdt.Node()).props


def parameters(name):
    """The names of an overlay's parameters."""
    return list(overrides_of(read(name)))


def load(line):
    """The overlay of a line of config.txt, with its parameters set."""
    name, *words = line.split(",")
    top = read(name)
    overrides = overrides_of(top)
    for parameter in words:
        key, _, value = parameter.partition("=")
        if key not in overrides:
            raise Refused(f"{name} has no parameter {key}")
        for phandle, text in targets(overrides[key]):
            set_target(top, phandle, text, value or "true")
    top.children.pop("__symbols__", None)  # private to the overlay
    return top


def apply(base, out, lines):
    """Writes the tree base with the overlays of all lines to out."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for line in lines:
            files.append(os.path.join(folder, f"{len(files)}.dtbo"))
            pathlib.Path(files[-1]).write_bytes(fdt.build(load(line)))
        done = subprocess.run(["fdtoverlay", "-i", base, "-o", out, *files], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Refused(done.stderr.strip())


if __name__ == "__main__":
    try:
        apply(sys.argv[1], sys.argv[2], sys.argv[3:])
    except Refused as problem:
        sys.exit(f"dtoverlay: {problem}")
