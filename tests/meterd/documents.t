#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents promise is a test."""
import glob
import textwrap

from harness import *


def page(name):
	with open(os.path.join(TOP, "Documentation", name)) as file:
		return file.read()


def named_tests_are_there(text, least):
	named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`", text))
	sources = glob.glob(os.path.join(TOP, "tests/meterd/*.[ct]"))
	code = "".join(open(name).read() for name in sources)
	forms = ('"{}"', "def {}(", "PROMISE({})")
	equal(sorted(n for n in named if not any(f.format(n) in code for f in forms)), [], "names without a test")
	if len(named) < least:
		raise AssertionError(f"only {len(named)} names were found")


def code_blocks(text):
	"""What is indented by four blanks or more, without them."""
	blocks, lines = [], []
	for line in [*text.splitlines(), "."]:
		if line.startswith("    ") or lines and not line:
			lines.append(line)
		elif lines:
			blocks.append(textwrap.dedent("\n".join(lines)).strip() + "\n")
			lines = []
	return blocks


@promise
def every_test_that_the_ledgers_page_names_is_there():
	named_tests_are_there(page("ledger.md"), 20)


@promise
def every_test_that_the_page_of_migrations_names_is_there():
	named_tests_are_there(page("migration.md"), 15)


@promise
def every_configuration_of_the_page_of_migrations_is_accepted():
	blocks = [b for b in code_blocks(page("migration.md")) if "[source" in b]
	equal(len(blocks), 6)
	path = Directory() / "meterd.conf"
	for block in blocks:
		with open(path, "w") as file:
			file.write(block)
		done = subprocess.run([METERD, "--config", path, "--check-config"], stdout=subprocess.PIPE,
				      stderr=subprocess.STDOUT, universal_newlines=True)
		equal(done.returncode, 0, f"{done.stdout}of\n{block}")


@promise
def the_values_of_the_page_of_migrations_can_be_imported():
	csv = [b for b in code_blocks(page("migration.md")) if b.startswith("meter,number,")]
	equal(len(csv), 1)
	directory = Directory()
	with open(directory / "values.csv", "w") as file:
		file.write(csv[0])
	said = meterctl("ledger", "import", "--file", directory / "ledger.db", directory / "values.csv")
	equal(said[0].split(",")[0] + said[1].split(",")[0], "3 values imported", said)


@promise
def every_family_stands_in_its_document():
	with open(os.path.join(TOP, "userspace/meterd/metrics.c")) as code:
		made = set(re.findall(r'"((?:meter|meterd|process)_[a-z0-9_]+)"', code.read()))
	told = metrics_document()
	equal(sorted(made - set(told)), [], "families that Documentation/metrics.md lacks")
	equal(sorted(set(told) - made), [], "families that are in Documentation/metrics.md only")
	if len(made) < 40:
		raise AssertionError(f"only {len(made)} families were found")


run()
