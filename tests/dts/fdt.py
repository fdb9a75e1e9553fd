# SPDX-License-Identifier: MIT
"""Flattened device trees (Devicetree Specification 0.4, chapter 5) as trees of nodes, and back."""

import struct

MAGIC = 0xD00DFEED
VERSION, COMPATIBLE_VERSION = 17, 16
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
HEADER = struct.Struct(">10I")


class Node:
    """A node: properties as bytes, children by name, both in their order."""

    def __init__(self):
        self.props = {}
        self.children = {}

    def find(self, path):
        """The node at an absolute path, or None."""
        node = self
        for name in path.strip("/").split("/"):
            node = node.children.get(name) if name else node
            if node is None:
                return None
        return node

    def walk(self, path=""):
        """Each node below with its path, this one first."""
        yield path or "/", self
        for name, child in self.children.items():
            yield from child.walk(f"{path}/{name}")

    def by_phandle(self, phandle):
        """The path and the node that has a phandle."""
        return next(((path, node) for path, node in self.walk()
                     if node.props.get("phandle") == cells(phandle)), (None, None))

    def flat(self):
        """All properties by (path, name); a node without any has the name ''."""
        return {(path, name): value for path, node in self.walk() for name, value in {"": b"", **node.props}.items()}


def cells(*values):
    return struct.pack(f">{len(values)}I", *values)


def strings(value):
    return [text.decode() for text in value.rstrip(b"\0").split(b"\0")]


def padded(data):
    return data + bytes(-len(data) % 4)


def parse(blob):
    magic, _, structure, names, *_ = HEADER.unpack_from(blob)
    if magic != MAGIC:
        raise ValueError("no flattened device tree")
    at, top, stack = structure, Node(), []
    while True:
        token, = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN_NODE:
            end = blob.index(b"\0", at)
            node = stack[-1].children.setdefault(blob[at:end].decode(), Node()) if stack else top
            stack.append(node)
            at += len(padded(blob[at: end + 1]))
        elif token == END_NODE:
            stack.pop()
        elif token == PROP:
            size, name = struct.unpack_from(">II", blob, at)
            name_end = blob.index(b"\0", names + name)
            stack[-1].props[blob[names + name: name_end].decode()] = blob[at + 8: at + 8 + size]
            at += 8 + len(padded(bytes(size)))
        elif token == END:
            return top
        elif token != NOP:
            raise ValueError(f"token {token} at {at}")


def build(top):
    names, structure = bytearray(), bytearray()

    def name_of(text):
        at = names.find(text.encode() + b"\0")
        if at < 0:
            at = len(names)
            names.extend(text.encode() + b"\0")
        return at

    def add(name, node):
        structure.extend(cells(BEGIN_NODE) + padded(name.encode() + b"\0"))
        for prop, value in node.props.items():
            structure.extend(cells(PROP, len(value), name_of(prop)) + padded(value))
        for child_name, child in node.children.items():
            add(child_name, child)
        structure.extend(cells(END_NODE))

    add("", top)
    structure.extend(cells(END))
    start = HEADER.size + 16  # one empty entry of the memory reservations
    size = start + len(structure) + len(names)
    header = HEADER.pack(MAGIC, size, start, start + len(structure), HEADER.size, VERSION, COMPATIBLE_VERSION, 0,
                         len(names), len(structure))
    return bytes(header + bytes(16) + structure + names)
