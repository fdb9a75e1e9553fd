# SPDX-License-Identifier: MIT
#
# Device tree overlays: build/dtbs/*.dtbo. Included by the Makefile of the project. They are written for the Raspberry
# Pi's boot loader, whose parameters (__overrides__) and pseudo properties (reg) dtc does not know.

DTC ?= dtc
DTC_FLAGS := -@ -W no-unit_address_vs_reg -W no-gpios_property

DTBOS := $(addsuffix .dtbo,$(addprefix build/dtbs/meterline-,$(foreach n,0 1 2 3 4 5,uart$(n)) \
	$(foreach n,0 1 2 3 4,uart$(n)-pi5) gpio p1-request))

.PHONY: dtbs test-dtbs check-dts

dtbs: $(DTBOS)

define build_overlay
	@mkdir -p $(@D)
	@echo "  DTC     $@"
	@$(CC) -E -nostdinc -undef -D__DTS__ -x assembler-with-cpp $(1) $< | $(DTC) $(DTC_FLAGS) -I dts -O dtb -o $@ -
endef

build/dtbs/meterline-uart%-pi5.dtbo: dts/meterline-uart.dts dts/dts.mk
	$(call build_overlay,-DUART=$* -DPI5)

build/dtbs/meterline-uart%.dtbo: dts/meterline-uart.dts dts/dts.mk
	$(call build_overlay,-DUART=$*)

build/dtbs/%.dtbo: dts/%.dts dts/dts.mk
	$(call build_overlay)

# Overlays and stub trees for the tests.
TEST_OVERLAYS := build/tests/dts/raspi3b-console.dtbo
STUB_TREES := $(patsubst tests/dts/%.dts,build/tests/dts/%.dtb,$(wildcard tests/dts/stub-*.dts))

test-dtbs: dtbs $(TEST_OVERLAYS) $(STUB_TREES)

build/tests/dts/%.dtbo: tests/dts/%.dts dts/dts.mk
	$(call build_overlay)

build/tests/dts/%.dtb: tests/dts/%.dts tests/dts/stub-bcm2835.dtsi dts/dts.mk
	$(call build_overlay,-I tests/dts)

check-dts: test-dtbs
	$(PROVE) tests/dts/overlays.t tests/dts/bindings.t

check-host: check-dts
