# SPDX-License-Identifier: MIT
"""The text format of Prometheus, version 0.0.4, strictly."""
import re
from decimal import Decimal

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def parse(text):
	"""{name: (type, {labels: value})}, after looking at each rule of the format."""
	if not text.endswith("\n"):
		raise AssertionError("the last line has no end")
	families, current = {}, None
	for line in text[:-1].split("\n"):
		if line.startswith("# HELP "):
			name, _, words = line[7:].partition(" ")
			if name in families:
				raise AssertionError(f"{name} is told twice, or in two parts")
			if not re.fullmatch(NAME, name) or not words:
				raise AssertionError(line)
			families[name] = [None, {}]
			current = name
		elif line.startswith("# TYPE "):
			name, kind = line[7:].split(" ")
			if name != current or families[name][0] or families[name][1]:
				raise AssertionError(f"{line}: not between HELP and the samples of its name")
			if kind not in ("counter", "gauge"):
				raise AssertionError(line)
			families[name][0] = kind
		else:
			m = SAMPLE.fullmatch(line)
			if not m:
				raise AssertionError(f"no sample: {line!r}")
			if m[1] != current or not families[current][0]:
				raise AssertionError(f"{line}: not with the samples of its name")
			labels = m[2] or ""
			names = re.findall(r'(\w+)="', re.sub(r'"(?:[^"\\]|\\.)*"', '""', labels).replace('""', '"'))
			if len(names) != len(set(names)) or any(n.startswith("__") for n in names):
				raise AssertionError(f"{line}: labels")
			labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels))
			if labels in families[current][1]:
				raise AssertionError(f"{line}: twice")
			families[current][1][labels] = Decimal(m[3])
	return families


def samples(families, name, **labels):
	return {k: v for k, v in families.get(name, (None, {}))[1].items() if set(labels.items()) <= k}
