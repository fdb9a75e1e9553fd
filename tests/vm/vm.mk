# SPDX-License-Identifier: MIT
# The tests in virtual machines; see tests/vm/README.md.

SELFTESTS := $(patsubst tests/selftests/%.c,%,$(wildcard tests/selftests/*.c))

.PHONY: build-tests selftests selftests-arm64 check-modules check-vm check-debug check-smp

# What the stages of make check would build one file after the other.
build-tests:
	$(MAKE) -j$$(nproc) userspace host-tests meterd-tests selftests test-dtbs

selftests: $(SELFTESTS:%=build/selftests/%)
selftests-arm64: $(SELFTESTS:%=build/selftests-arm64/%)

SELFTEST_NEEDS := $(wildcard tests/selftests/*.h) kernel/include/uapi/linux/meterline.h

define build_selftest
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(1) -O2 -Wall -static -Ikernel/include/uapi -o $@ $< -lpthread
endef

build/selftests/%: tests/selftests/%.c $(SELFTEST_NEEDS)
	$(call build_selftest,$(CC))

# A benchmark that runs in a guest.
build/selftests/%: tests/bench/%.c $(SELFTEST_NEEDS)
	$(call build_selftest,$(CC))

build/selftests-arm64/%: tests/selftests/%.c $(SELFTEST_NEEDS)
	$(call build_selftest,aarch64-linux-gnu-gcc)

check-modules:
	$(PROVE) tests/vm/modules.t

check-vm:
	$(PROVE) -j2 tests/vm/plug.t tests/vm/guest-6.1.t tests/vm/guest-6.12.t tests/vm/guest-raspi3b.t tests/vm/guest-gpio-arm64.t tests/vm/guest-noiio.t tests/vm/guest-gpio.t

ifeq ($(SMP),)
check-debug:
	$(PROVE) -j2 tests/vm/guest-uml.t tests/vm/guest-gpio-uml.t tests/vm/harness.t
else
check-debug:
	tests/vm/build-debug-kernel smp >/dev/null
	$(MAKE) check-smp
endif

check-smp:
	$(PROVE) tests/vm/guest-smp.t
