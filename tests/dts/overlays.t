#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each overlay and each parameter of it, applied to Debian's trees of the boards and to stubs with the labels of the
Raspberry Pi's own kernel: what changes is what is meant to change."""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import dtoverlay  # noqa: E402
import fdt  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]
STUBS = TOP / "build/tests/dts"
OUT = pathlib.Path(tempfile.mkdtemp(prefix="meterline-dts-"))
PHANDLES = {"phandle", "linux,phandle"}

PI3, PI4, PI5 = (STUBS / f"stub-pi{n}.dtb" for n in (3, 4, 5))

# The pin that receives: BCM2711 ARM Peripherals 5.3; RP1 Peripherals 3.1.1.
HEADER = {0: (15, "alt0", 4), 1: (15, "alt5", 2), 2: (1, "alt4", 3), 3: (5, "alt4", 3), 4: (9, "alt4", 3),
          5: (13, "alt4", 3)}
PI5_PINS = {0: "gpio15", 1: "gpio1", 2: "gpio5", 3: "gpio9", 4: "gpio13"}


def debian_trees():
    """Debian's trees of Pi 3 and Pi 4; none when the kernel is not in the cache and cannot be fetched."""
    got = subprocess.run([TOP / "tests/vm/get-kernel", "6.12-arm64"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
    folder = pathlib.Path(got.stdout.strip() or "/nonexistent") / "dtb"
    return [folder / name for name in ("bcm2837-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb")] if folder.is_dir() else []


DEBIAN = debian_trees()


def boards(name):
    """The trees of the boards that an overlay is for."""
    uart = re.fullmatch(r"meterline-uart(\d)(-pi5)?", name)
    if not uart:
        return [PI3, PI4, PI5, *DEBIAN]
    if uart[2]:
        return [PI5]
    return [PI3, PI4, *DEBIAN] if int(uart[1]) < 2 else [PI4, *DEBIAN[1:]]


def applied(base, *lines):
    out = OUT / "applied.dtb"
    dtoverlay.apply(base, out, lines)
    return fdt.parse(out.read_bytes())


def refused(base, *lines):
    try:
        applied(base, *lines)
    except dtoverlay.Refused:
        return True
    return False


def changes(before, after):
    """What is in after and was not so before; phandles aside, which are numbers of convenience."""
    old = before.flat()
    return {key: value for key, value in after.flat().items() if old.get(key) != value and key[1] not in PHANDLES}


def tree(base):
    return fdt.parse(base.read_bytes())


def path_of(top, label):
    return fdt.strings(top.find("/__symbols__").props[label])[0]


def pins_of(top, node):
    """The path and node of the only pins that a node uses."""
    pins = node.props["pinctrl-0"]
    return top.by_phandle(int.from_bytes(pins, "big")) if len(pins) == 4 else (None, None)


def overlay_names():
    return sorted(path.stem for path in (TOP / "build/dtbs").glob("*.dtbo"))


# Tests: each returns what is wrong, or nothing.

def overlay_applies_to_its_boards(name):
    return [base.name for base in boards(name) if refused(base, name)]


def overlay_does_not_apply_to_a_board_without_its_uart():
    wrong = [f"uart{n} on {base.name}" for n in (2, 3, 4, 5) for base in (PI3, *DEBIAN[:1])
             if not refused(base, f"meterline-uart{n}")]
    return wrong + [f"uart{n}-pi5 on {base.name}" for n in (2, 3, 4) for base in (PI3, *DEBIAN)
                    if not refused(base, f"meterline-uart{n}-pi5")]


def meter_is_the_only_device_of_its_uart(name):
    wrong = []
    for base in boards(name):
        top = applied(base, name)
        label = name.split("-")[1]
        uart = top.find(path_of(top, label))
        working = [child for child, node in uart.children.items() if node.props.get("status") != b"disabled\0"]
        meter = uart.children["meter"].props
        if working != ["meter"] or uart.props["status"] != b"okay\0":
            wrong.append(f"{base.name}: {working}")
        if meter["compatible"] != b"meterline,tic\0" or meter["label"] != f"{label}\0".encode() or len(meter) != 3:
            wrong.append(f"{base.name}: {meter}")
    return wrong


def uart_receives_on_its_pin(number):
    pin, _, function = HEADER[number]
    wrong = []
    for base in boards(f"meterline-uart{number}"):
        top = applied(base, f"meterline-uart{number}")
        path, pins = pins_of(top, top.find(path_of(top, f"uart{number}")))
        got = pins and [pins.props[f"brcm,{what}"] for what in ("pins", "function", "pull")]
        if got != [fdt.cells(value) for value in (pin, function, 2)] or not path.startswith(path_of(top, "gpio")):
            wrong.append(f"{base.name}: {path} {got}")
    return wrong


def uart_of_pi5_receives_on_its_pin(number):
    top = applied(PI5, f"meterline-uart{number}-pi5")
    pins = pins_of(top, top.find(path_of(top, f"uart{number}")))[1]
    return [] if pins.children["pin_rxd"].props["pins"] == f"{PI5_PINS[number]}\0".encode() else [str(pins.props)]


def pins_are_those_of_the_mainline_tree():
    """Which describes the same pins in other words: pairs for sending and receiving, with a function by name."""
    top = tree(DEBIAN[1])
    gpio = top.find(path_of(top, "gpio"))
    wrong = []
    for number, (pin, function, code) in HEADER.items():
        pairs = gpio.children[f"uart{number}-gpio{pin - 1}"]
        nodes = [pairs, *pairs.children.values()]
        names = [pin_name for node in nodes for pin_name in fdt.strings(node.props.get("pins", b""))]
        functions = {text for node in nodes for text in fdt.strings(node.props.get("function", b"")) if text}
        legacy = [pairs.props.get(f"brcm,{what}") for what in ("pins", "function")]
        by_name = names[-1:] == [f"gpio{pin}"] and functions == {function}
        if not by_name and legacy != [fdt.cells(pin - 1, pin), fdt.cells(code)]:
            wrong.append(f"uart{number}: {names} {functions} {legacy}")
    return wrong


def nothing_else_of_the_board_changes(name):
    """What an overlay touches: its UART, its own pins, Bluetooth, and the mini UART when it takes its pins."""
    wrong = []
    for base in boards(name):
        before = tree(base)
        label = name.split("-")[1]
        uart, gpio, mini = (path_of(before, text) for text in (label, "gpio", "uart1"))
        meant = {(uart, "pinctrl-0"), (uart, "pinctrl-names"), (uart, "status"), (f"{uart}/bluetooth", "status")}
        if name == "meterline-uart0":
            meant.add((mini, "status"))
        if name == "meterline-uart1":  # nothing, and disabled, where there is none
            meant.add((f"{uart}/bluetooth", ""))
        got = changes(before, applied(base, name))
        wrong += [f"{base.name}: {path} {prop}" for path, prop in got
                  if (path, prop) not in meant and not path.startswith((f"{uart}/meter", f"{gpio}/{label}_meterline"))
                  and path != "/__symbols__"]
        if name == "meterline-uart0" and got.get((mini, "status")) != b"disabled\0":
            wrong.append(f"{base.name}: the mini UART keeps the pins")
    return wrong


def gpio_of(top):
    return top.find(path_of(top, "gpio")).props["phandle"]


def uart_parameters(top, name):
    meter = f"{path_of(top, name.split('-')[1])}/meter"
    request = gpio_of(top) + fdt.cells(23, 0)
    return {
        "p1": {(meter, "compatible"): b"meterline,p1\0"},
        "speed=9600": {(meter, "current-speed"): fdt.cells(9600)},
        "request_gpio=23": {(meter, "request-gpios"): request},
        "request_gpio=23,request_active_low": {(meter, "request-gpios"): gpio_of(top) + fdt.cells(23, 1)},
        "request_gpio=23,request_active_low=off": {(meter, "request-gpios"): request},
        "request_active_low": {},
        "request_gpio=23,request_while_open": {(meter, "request-gpios"): request,
                                               (meter, "meterline,request-while-open"): b""},
        "request_while_open=off": {},
    }


def gpio_parameters(top, _):
    pins = f"{path_of(top, 'gpio')}/meterline_gpio_pins@"
    return {
        "gpio=22": {("/meterline-gpio@16", "rx-gpios"): gpio_of(top) + fdt.cells(22, 0),
                    (f"{pins}16", "brcm,pins"): fdt.cells(22)},
        "inverted": {("/meterline-gpio@11", "rx-gpios"): gpio_of(top) + fdt.cells(17, 1)},
        "pull=off": {(f"{pins}11", "brcm,pull"): fdt.cells(0)},
        "pull=down": {(f"{pins}11", "brcm,pull"): fdt.cells(1)},
        "speed=1200": {("/meterline-gpio@11", "current-speed"): fdt.cells(1200)},
    }


def request_parameters(top, _):
    hog = f"{path_of(top, 'gpio')}/meterline-p1-request@"
    return {
        "gpio=23": {(f"{hog}17", "gpios"): fdt.cells(23, 0)},
        "active_low": {(f"{hog}12", "gpios"): fdt.cells(18, 1)},
    }


PARAMETERS = {"uart": uart_parameters, "gpio": gpio_parameters, "p1": request_parameters}


def each_parameter_changes_what_it_says(name):
    """And nothing else; a node whose address a parameter changes is the same node otherwise."""
    wrong = []
    expected = PARAMETERS[re.match(r"meterline-(uart|gpio|p1)", name)[1]]
    untested = set(dtoverlay.parameters(name))
    for base in boards(name):
        plain = applied(base, name)
        for line, meant in expected(plain, name).items():
            untested -= {word.split("=")[0] for word in line.split(",")}
            got = {key: value for key, value in changes(plain, applied(base, f"{name},{line}")).items()
                   if key[1] and (moved(key) not in plain.flat() or plain.flat()[moved(key)] != value)}
            if got != meant:
                wrong.append(f"{base.name}: {line}: {got}, not {meant}")
    return wrong + [f"parameter {text} is not tested" for text in sorted(untested)]


def moved(key):
    """The same property of the node as it is called without parameters."""
    path, prop = key
    for moved_to, default in (("/meterline-gpio@16", "/meterline-gpio@11"), ("_gpio_pins@16", "_gpio_pins@11"),
                              ("-p1-request@17", "-p1-request@12")):
        path = path.replace(moved_to, default)
    return path, prop


def gpio_can_be_loaded_for_several_lines():
    wrong = []
    for base in boards("meterline-gpio"):
        top = applied(base, "meterline-gpio", "meterline-gpio,gpio=22,inverted", "meterline-gpio,gpio=27,speed=1200")
        for number in (17, 22, 27):
            line = top.find(f"/meterline-gpio@{number:x}")
            pins = line and pins_of(top, line)[1]
            got = pins and {line.props["rx-gpios"][4:8], pins.props["brcm,pins"]}
            if got != {fdt.cells(number)}:
                wrong.append(f"{base.name}: GPIO {number}")
    return wrong


def overlays_of_several_uarts_go_together():
    wrong = []
    for base in boards("meterline-uart2"):
        top = applied(base, *(f"meterline-uart{n},p1,request_gpio={20 + n}" for n in (0, 2, 3, 4, 5)), "meterline-gpio")
        for number in (0, 2, 3, 4, 5):
            meter = top.find(f"{path_of(top, f'uart{number}')}/meter")
            if meter.props["request-gpios"] != gpio_of(top) + fdt.cells(20 + number, 0):
                wrong.append(f"{base.name}: uart{number}")
    return wrong


def request_is_held_from_the_start():
    wrong = []
    for base in boards("meterline-p1-request"):
        top = applied(base, "meterline-p1-request")
        hog = top.find(f"{path_of(top, 'gpio')}/meterline-p1-request@12").props
        if not {"gpio-hog", "output-high"} <= hog.keys():
            wrong.append(f"{base.name}: {hog}")
    return wrong


def unknown_parameter_is_refused():
    return [] if refused(PI3, "meterline-uart0,baud=9600") else ["it is taken"]


def readme_tells_of_every_overlay_and_parameter():
    text = (TOP / "dts/README").read_text()
    sections = dict(re.findall(r"^Name: +(\S+)\n(.*?)(?=^Name:|\Z)", text, re.M | re.S))
    wrong = [f"{name} stands there, but is no overlay" for name in sections if name not in overlay_names()]
    for name in overlay_names():
        section = sections.get(name)
        if section is None:
            wrong.append(f"{name} does not stand there")
            continue
        like = re.search(r"See (meterline-\S+)", section)
        told = set(re.findall(r"^(?:Params:|       ) (\w+)  ", sections[like[1]] if like else section, re.M))
        if told != set(dtoverlay.parameters(name)):
            wrong.append(f"{name}: {sorted(told ^ set(dtoverlay.parameters(name)))}")
    return wrong


def all_tests():
    """Each test with what it is for; None where Debian's trees are missing."""
    for name in overlay_names():
        yield overlay_applies_to_its_boards, [name]
        if "uart" in name:
            yield meter_is_the_only_device_of_its_uart, [name]
            yield nothing_else_of_the_board_changes, [name]
        yield each_parameter_changes_what_it_says, [name]
    for number in HEADER:
        yield uart_receives_on_its_pin, [number]
    for number in PI5_PINS:
        yield uart_of_pi5_receives_on_its_pin, [number]
    yield pins_are_those_of_the_mainline_tree, [] if DEBIAN else None
    for test in (overlay_does_not_apply_to_a_board_without_its_uart, gpio_can_be_loaded_for_several_lines,
                 overlays_of_several_uarts_go_together, request_is_held_from_the_start, unknown_parameter_is_refused,
                 readme_tells_of_every_overlay_and_parameter):
        yield test, []


def main():
    print("TAP version 13")
    failed = count = 0
    for count, (test, arguments) in enumerate(all_tests(), 1):
        title = " ".join([test.__name__, *map(str, arguments or [])])
        if arguments is None:
            print(f"ok {count} - {title} # SKIP Debian's kernel for arm64 is not in the cache and cannot be fetched")
            continue
        wrong = test(*arguments)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {count} - {title}")
        for line in wrong:
            print(f"# {line}")
    if not DEBIAN:
        count += 1
        print(f"ok {count} - overlays apply to Debian's trees # SKIP Debian's kernel for arm64 cannot be fetched")
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
