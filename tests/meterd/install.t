#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make install and make uninstall with DESTDIR, from a copy of the project; tests/vm/plug.t does it in a whole system."""
from harness import *

# What would do something to this system: not to be called with DESTDIR.
COMMANDS = ("dkms", "depmod", "modprobe", "systemctl", "systemd-sysusers", "udevadm", "userdel", "groupdel")
# Finds no header of a library.
CC = 'for word; do [ "$word" != -E ] || exit 1; done; exec gcc "$@"'


class Tree:
	"""A copy of the project with its programs built, and where it is installed."""

	def __init__(self, without=()):
		self.directory = Directory()
		self.path, self.to = self.directory / "tree", self.directory / "to"
		os.makedirs(self.path + "/build/dtbs")
		names = [n for n in os.listdir(TOP) if n not in (".git", "build") and not n.endswith(".ko")]
		subprocess.run(["cp", "-a", *names, self.path], cwd=TOP, check=True)
		built = [f"build/{n}" for n in ("meterctl", "meterd", "objects") if n not in without]
		subprocess.run(["cp", "-a", *built, self.path + "/build"], cwd=TOP, check=True)
		self.write("tree/build/dtbs/meterline-uart0.dtbo", "overlay\n")
		for command in COMMANDS:
			self.write(f"bin/{command}", f"#!/bin/sh\necho {command} >>{self.directory}/called\n")
		self.write("cc", f"#!/bin/sh\n{CC}\n")

	def write(self, name, text):
		os.makedirs(os.path.dirname(self.directory / name), exist_ok=True)
		with open(self.directory / name, "w") as f:
			f.write(text)
		os.chmod(self.directory / name, 0o755)

	def make(self, *words):
		"""What make says; of no kernel are there headers."""
		done = subprocess.run(["make", "-s", f"DESTDIR={self.to}", "KDIR=/none", *words], cwd=self.path, timeout=300,
				      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
				      env={**os.environ, "PATH": f"{self.directory}/bin:{os.environ['PATH']}", "MAKEFLAGS": ""})
		text = done.stdout.decode()
		equal(done.returncode, 0, f"exit code of make ({text})")
		equal(os.path.exists(self.directory / "called"), False, "that something was done to this system")
		return text

	def files(self, below=""):
		root = self.to + below
		return {os.path.relpath(os.path.join(at, name), root) for at, _, names in os.walk(root) for name in names}

	def read(self, name):
		with open(self.to + name) as f:
			return f.read()


def says(text, pattern):
	if not re.search(pattern, text):
		raise AssertionError(f"no {pattern!r} in {text!r}")


@promise
def without_the_libraries_of_meterd_the_rest_is_installed():
	tree = Tree(without=["meterd"])
	says(tree.make("install", f"CC={tree.directory}/cc", "MODULE=kernel"), "meterline: no meterd, since libraries .* are missing: type")
	names = {os.path.basename(name) for name in tree.files()}
	equal(names & {"meterctl", "meterd", "meterd.service", "60-meterline.rules"}, {"meterctl", "60-meterline.rules"}, "files")


@promise
def without_headers_the_rest_is_installed():
	tree = Tree()
	says(tree.make("install", "MODULE=kernel"), "headers of Linux .* are missing: type apt-get install linux-headers-")
	equal({name for name in tree.files() if name.endswith(("bin/meterctl", "bin/meterd", ".ko"))},
	      {"usr/local/bin/meterctl", "usr/local/sbin/meterd"}, "programs")


@promise
def everything_follows_the_prefix():
	tree = Tree()
	tree.make("install", "MODULE=none", "PREFIX=/opt/meter")
	units = "".join(tree.read(f"/usr/lib/systemd/system/{name}.service") for name in ("meterline-attach@", "meterd"))
	equal(re.findall(r"^ExecStart=(.*)", units, re.M), ["/opt/meter/bin/meterctl attach /dev/%I", "/opt/meter/sbin/meterd"], "ExecStart")
	equal(tree.read("/opt/meter/share/meterline/overlays/meterline-uart0.dtbo"), "overlay\n", "the overlay")
	equal({name for name in tree.files() if not name.startswith(("opt/meter/", "usr/lib/"))}, set(), "files elsewhere")


@promise
def dkms_gets_all_that_the_module_is_built_from():
	tree = Tree()
	tree.make("install")
	(name,) = os.listdir(tree.to + "/usr/src")
	equal(re.findall(r'^PACKAGE_\w+="(.*)"', tree.read(f"/usr/src/{name}/dkms.conf"), re.M), name.split("-"), "name and version")
	copied = tree.files(f"/usr/src/{name}")
	sources = {os.path.relpath(os.path.join(at, file), TOP) for at, _, files in os.walk(os.path.join(TOP, "kernel"))
		   for file in files if file.endswith((".c", ".h")) and not file.endswith(".mod.c")}
	equal(copied, sources | {"Kbuild", "dkms.conf"}, "files")


@promise
def uninstall_takes_all_away():
	tree = Tree()
	tree.make("install", "PREFIX=/opt/meter")
	tree.make("uninstall", "PREFIX=/opt/meter")
	equal(tree.files(), set(), "files that are left")
	equal([at for at, _, _ in os.walk(tree.to) if "meterline" in at], [], "directories that are left")


run()
