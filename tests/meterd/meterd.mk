# SPDX-License-Identifier: MIT
#
# The tests of meterd, under AddressSanitizer and UndefinedBehaviorSanitizer. Included by the
# Makefile of the project.
#
#	make check-meterd	all of them; BESIDE= is a test that keeps the processors busy while they wait
#	make soak		tests/meterd/soak.t for SOAK seconds, by default an hour
#
# Each tests/meterd/NAME.c is a program that links what it needs of the daemon; NAME_preload.c is a
# library for LD_PRELOAD; each tests/meterd/NAME.t runs whole programs, build/tests/meterd and
# build/meterctl, see harness.py. One of them is run by hand as tests/meterd/NAME.t [WORD of its tests].
# Most of them wait most of their time; those that do so longest begin first.

METERD_TEST_OBJECTS := $(filter-out %/meterd/main.o,$(call HOST_OBJECT,$(METERD_SOURCES) tests/host/host.c))
METERD_TEST_SOURCES := $(wildcard tests/meterd/*.c)
METERD_TESTS := $(patsubst tests/meterd/%.c,build/tests/meterd-%,$(filter-out %_preload.c,$(METERD_TEST_SOURCES)))
METERD_LONG := $(patsubst %,tests/meterd/%.t,soak mqtt prices serve)
METERD_PRELOADS := $(patsubst tests/meterd/%.c,build/tests/%.so,$(filter %_preload.c,$(METERD_TEST_SOURCES)))

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: check-meterd meterd-tests soak

check-meterd: meterd-tests
	$(PROVE) -j$(if $(BESIDE),4,3) $(BESIDE) $(METERD_LONG) $(METERD_TESTS) $(filter-out $(METERD_LONG),$(sort $(wildcard tests/meterd/*.t)))

soak: meterd-tests
	SOAK=$(or $(SOAK),3600) $(PROVE) -v tests/meterd/soak.t

meterd-tests: build/tests/meterd build/tests/meterctl build/meterctl build/meterd $(METERD_TESTS) $(METERD_PRELOADS)

.SECONDARY: $(METERD_TEST_SOURCES:%.c=build/tests/objects/%.o)

# An archive, so that a test pulls in what it calls and nothing else.
build/tests/libmeterd.a: $(METERD_TEST_OBJECTS)
	@echo "  AR      $@"
	@rm -f $@
	@$(AR) rcs $@ $^

build/tests/meterd: $(call HOST_OBJECT,userspace/meterd/main.c) build/tests/libmeterd.a
	@echo "  LD      $@"
	@$(CC) $(SANITIZERS) -o $@ $^ $(METERD_LIBRARIES)

build/tests/meterd-%: build/tests/objects/tests/meterd/%.o build/tests/libmeterd.a
	@echo "  LD      $@"
	@$(CC) $(SANITIZERS) -o $@ $^ $(METERD_LIBRARIES)

build/tests/%_preload.so: tests/meterd/%_preload.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -O2 -g -Wall -Wextra -D_GNU_SOURCE -shared -fPIC -o $@ $< -ldl

-include $(METERD_TEST_OBJECTS:.o=.d) build/tests/objects/userspace/meterd/main.d $(METERD_TEST_SOURCES:%.c=build/tests/objects/%.d)
