#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents promise is a test."""
import glob

from harness import *


@promise
def every_test_that_the_ledgers_page_names_is_there():
	with open(os.path.join(TOP, "Documentation/ledger.md")) as page:
		named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+){3,})`", page.read()))
	sources = glob.glob(os.path.join(TOP, "tests/meterd/*.[ct]"))
	text = "".join(open(name).read() for name in sources)
	equal(sorted(n for n in named if f'"{n}"' not in text and f"def {n}(" not in text), [], "names without a test")
	if len(named) < 20:
		raise AssertionError(f"only {len(named)} names were found")


run()
