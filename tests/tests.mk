# SPDX-License-Identifier: MIT
#
# The tests that need no kernel of their own. Included by the Makefile of the project.
#
#	make check-host		all of them, under AddressSanitizer and UndefinedBehaviorSanitizer
#	make vectors		makes tests/vectors again from its MANIFEST.tsv
#	make fuzz		builds build/fuzz/* with clang's libFuzzer

HOST_CFLAGS := -std=gnu11 -O2 -g -fno-omit-frame-pointer -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wno-format-truncation -D_GNU_SOURCE -DMETERLINE_VERSION='"$(VERSION)"' -Ikernel/telegram
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all

HOST_TESTS := chunks ciphers d2l flips limits records softuart speeds fuzz_ciphers fuzz_d2l fuzz_d2l_json fuzz_decoders fuzz_records fuzz_softuart
HOST_PROGRAMS := $(HOST_TESTS:%=build/tests/%)
HOST_SHARED := host edges tic_reference p1_reference
HOST_OBJECT = $(patsubst %.c,build/tests/objects/%.o,$(1))
HOST_DECODERS := $(call HOST_OBJECT,$(wildcard kernel/telegram/*.c))
HOST_SUPPORT := $(HOST_SHARED:%=build/tests/objects/tests/host/%.o) $(HOST_DECODERS)
HOST_METERCTL := $(call HOST_OBJECT,$(METERCTL_SOURCES))
FUZZERS := fuzz_ciphers fuzz_d2l fuzz_d2l_json fuzz_decoders fuzz_records fuzz_softuart
# What reads encrypted P1.
CIPHER_SOURCES := userspace/decode/crypt.c userspace/decode/p1_cipher.c userspace/decode/meter_keys.c userspace/decode/stream.c \
	userspace/lib/locked.c userspace/lib/say.c userspace/lib/wiped_json.c

.PHONY: check-host host-tests vectors fuzz

check-host: host-tests
	$(PROVE) -j2 $(HOST_PROGRAMS) $(sort $(wildcard tests/host/*.t))

host-tests: build/meterctl build/tests/meterctl $(HOST_PROGRAMS)

build/tests/objects/%.o: %.c tests/tests.mk
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(HOST_CFLAGS) $(SANITIZERS) -MMD -MP -c -o $@ $<

build/tests/meterctl: $(HOST_METERCTL)
	@echo "  LD      $@"
	@$(CC) $(SANITIZERS) -o $@ $^ $(METERCTL_LIBRARIES)

$(HOST_PROGRAMS): build/tests/%: build/tests/objects/tests/host/%.o $(HOST_SUPPORT)
	@echo "  LD      $@"
	@$(CC) $(SANITIZERS) -o $@ $^ $(HOST_LIBRARIES)

build/tests/ciphers build/tests/fuzz_ciphers: HOST_LIBRARIES := -lcrypto -ljansson
build/tests/ciphers build/tests/fuzz_ciphers: $(call HOST_OBJECT,$(CIPHER_SOURCES))

# What D2L modules need, and what simulates them.
D2L_TESTS := d2l fuzz_d2l fuzz_d2l_json
D2L_SOURCES := $(patsubst %,userspace/lib/%.c,locked wiped_json) userspace/decode/crypt.c $(wildcard userspace/decode/d2l*.c) \
	$(patsubst %,userspace/meterctl/%.c,d2l_module simulate_meter simulate_telegram) tests/host/d2l_host.c
D2L_LIBRARIES := -ljansson -lcrypto

$(D2L_TESTS:%=build/tests/%): HOST_LIBRARIES := $(D2L_LIBRARIES)
$(D2L_TESTS:%=build/tests/%): $(call HOST_OBJECT,$(D2L_SOURCES))

$(FUZZERS:%=build/tests/%): build/tests/objects/tests/host/fuzz_main.o

vectors: build/meterctl
	tests/vectors/generate build/meterctl tests/vectors

fuzz: $(FUZZERS:%=build/fuzz/%)
	@echo "for example: build/fuzz/fuzz_decoders -max_len=8192 build/fuzz/found tests/vectors"

build/fuzz/fuzz_ciphers: $(CIPHER_SOURCES)
build/fuzz/fuzz_ciphers: HOST_LIBRARIES := -lcrypto -ljansson
build/fuzz/fuzz_d2l build/fuzz/fuzz_d2l_json: $(D2L_SOURCES)
build/fuzz/fuzz_d2l build/fuzz/fuzz_d2l_json: HOST_LIBRARIES := $(D2L_LIBRARIES)

build/fuzz/%: tests/host/%.c tests/host/fuzz_entry.c $(HOST_SHARED:%=tests/host/%.c) $(wildcard kernel/telegram/*.[ch])
	@mkdir -p build/fuzz/found
	clang $(filter-out -Wno-format-truncation,$(HOST_CFLAGS)) $(SANITIZERS) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(HOST_LIBRARIES)

-include $(HOST_METERCTL:.o=.d) $(HOST_SHARED:%=build/tests/objects/tests/host/%.d) \
	$(patsubst %,build/tests/objects/tests/host/%.d,$(HOST_TESTS) fuzz_main d2l_host)
