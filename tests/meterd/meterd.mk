# SPDX-License-Identifier: MIT
#
# The tests of meterd, under AddressSanitizer and UndefinedBehaviorSanitizer. Included by the
# Makefile of the project.
#
#	make check-meterd	all of them
#
# Each tests/meterd/NAME.c is a program that links what it needs of the daemon; each
# tests/meterd/NAME.t runs whole programs, build/tests/meterd and build/tests/meterctl.

METERD_TEST_OBJECTS := $(filter-out %/meterd/main.o,$(call HOST_OBJECT,$(METERD_SOURCES)))
METERD_TESTS := $(patsubst tests/meterd/%.c,build/tests/meterd-%,$(wildcard tests/meterd/*.c))

.PHONY: check-meterd meterd-tests

check-meterd: meterd-tests
	$(PROVE) -j2 $(METERD_TESTS) $(sort $(wildcard tests/meterd/*.t))

meterd-tests: build/tests/meterd build/tests/meterctl build/meterctl build/meterd $(METERD_TESTS)

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

-include $(METERD_TEST_OBJECTS:.o=.d) $(patsubst tests/meterd/%.c,build/tests/objects/tests/meterd/%.d,\
	$(wildcard tests/meterd/*.c))
