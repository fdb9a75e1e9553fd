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

HOST_TESTS := chunks ciphers d2l dlms dlms_ciphers dlms_costs dlms_damage dlms_lines flips limits records softuart speeds fuzz_axdr fuzz_ciphers \
	fuzz_d2l fuzz_d2l_json fuzz_decoders fuzz_dlms fuzz_dlms_line fuzz_dlms_whole fuzz_hdlc fuzz_mbus fuzz_records fuzz_softuart
HOST_PROGRAMS := $(HOST_TESTS:%=build/tests/%)
HOST_SHARED := host edges tic_reference p1_reference
HOST_OBJECT = $(patsubst %.c,build/tests/objects/%.o,$(1))
HOST_DECODERS := $(call HOST_OBJECT,$(wildcard kernel/telegram/*.c))
HOST_SUPPORT := $(HOST_SHARED:%=build/tests/objects/tests/host/%.o) $(HOST_DECODERS)
HOST_METERCTL := $(call HOST_OBJECT,$(METERCTL_SOURCES))
FUZZERS := $(filter fuzz_%,$(HOST_TESTS))
# What makes plain APDUs of the bytes of a line.
DLMS_LINE_SOURCES := $(patsubst %,userspace/decode/%.c,assembly crc16_x25 crypt dlms_line dlms_message dlms_tags glo hdlc mbus meter_keys) \
	$(patsubst %,userspace/lib/%.c,locked say wiped_json)
# What reads encrypted P1.
CIPHER_SOURCES := $(DLMS_LINE_SOURCES) userspace/decode/p1_cipher.c userspace/decode/stream.c

.PHONY: check-host host-tests vectors fuzz

check-host: host-tests
	$(PROVE) -j2 $(HOST_PROGRAMS) $(sort $(wildcard tests/host/*.t))

host-tests: build/meterctl build/tests/meterctl build/tests/libiio/libiio.so.0 $(HOST_PROGRAMS)

build/tests/objects/%.o: %.c tests/tests.mk
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(HOST_CFLAGS) $(SANITIZERS) -MMD -MP -c -o $@ $<

build/tests/meterctl: $(HOST_METERCTL)
	@echo "  LD      $@"
	@$(CC) $(SANITIZERS) -o $@ $^ $(METERCTL_LIBRARIES)

build/tests/libiio/libiio.so.0: tests/host/fake_libiio.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(HOST_CFLAGS) -shared -fPIC -o $@ $<

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

DLMS_LINE_TESTS := dlms_ciphers dlms_lines fuzz_dlms_line fuzz_hdlc fuzz_mbus
DLMS_LINE_HOST := tests/host/dlms_frames.c tests/host/dlms_host.c

$(DLMS_LINE_TESTS:%=build/tests/%): HOST_LIBRARIES := -lcrypto -ljansson
$(DLMS_LINE_TESTS:%=build/tests/%): $(call HOST_OBJECT,$(DLMS_LINE_SOURCES) $(DLMS_LINE_HOST))

# What reads one APDU of DLMS.
DLMS_BODY_TESTS := dlms fuzz_axdr fuzz_dlms
DLMS_BODY_SOURCES := $(patsubst %,userspace/decode/%.c,axdr dlms dlms_doubt dlms_field dlms_identity dlms_json \
	dlms_layout dlms_profile dlms_quantities dlms_settle dlms_submeter dlms_unit) \
	$(patsubst %,userspace/lib/%.c,json registers units utf8 zone) tests/host/dlms_apdus.c

$(DLMS_BODY_TESTS:%=build/tests/%): $(call HOST_OBJECT,$(DLMS_BODY_SOURCES))

# From the bytes of a line to readings.
DLMS_WHOLE_TESTS := dlms_costs dlms_damage fuzz_dlms_whole
DLMS_WHOLE_SOURCES := $(sort $(DLMS_LINE_SOURCES) $(DLMS_LINE_HOST) $(DLMS_BODY_SOURCES)) tests/host/dlms_whole.c

$(DLMS_WHOLE_TESTS:%=build/tests/%): HOST_LIBRARIES := -lcrypto -ljansson
$(DLMS_WHOLE_TESTS:%=build/tests/%): $(call HOST_OBJECT,$(DLMS_WHOLE_SOURCES))
build/tests/dlms_damage: | build/meterctl

$(FUZZERS:%=build/tests/%): build/tests/objects/tests/host/fuzz_main.o

vectors: build/meterctl
	tests/vectors/generate build/meterctl tests/vectors

fuzz: $(FUZZERS:%=build/fuzz/%)
	@echo "for example: build/fuzz/fuzz_decoders -max_len=8192 build/fuzz/found tests/vectors"

build/fuzz/fuzz_ciphers: $(CIPHER_SOURCES)
build/fuzz/fuzz_ciphers: HOST_LIBRARIES := -lcrypto -ljansson
build/fuzz/fuzz_d2l build/fuzz/fuzz_d2l_json: $(D2L_SOURCES)
build/fuzz/fuzz_d2l build/fuzz/fuzz_d2l_json: HOST_LIBRARIES := $(D2L_LIBRARIES)

build/fuzz/fuzz_dlms_line build/fuzz/fuzz_hdlc build/fuzz/fuzz_mbus: $(DLMS_LINE_SOURCES) $(DLMS_LINE_HOST)
build/fuzz/fuzz_dlms_line build/fuzz/fuzz_hdlc build/fuzz/fuzz_mbus: HOST_LIBRARIES := -lcrypto -ljansson
build/fuzz/fuzz_axdr build/fuzz/fuzz_dlms: $(DLMS_BODY_SOURCES)
build/fuzz/fuzz_dlms_whole: $(DLMS_WHOLE_SOURCES)
build/fuzz/fuzz_dlms_whole: HOST_LIBRARIES := -lcrypto -ljansson

build/fuzz/%: tests/host/%.c tests/host/fuzz_entry.c $(HOST_SHARED:%=tests/host/%.c) $(wildcard kernel/telegram/*.[ch])
	@mkdir -p build/fuzz/found
	clang $(filter-out -Wno-format-truncation,$(HOST_CFLAGS)) $(SANITIZERS) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(HOST_LIBRARIES)

-include $(HOST_METERCTL:.o=.d) $(HOST_SHARED:%=build/tests/objects/tests/host/%.d) \
	$(patsubst %,build/tests/objects/tests/host/%.d,$(HOST_TESTS) fuzz_main d2l_host dlms_apdus dlms_frames dlms_host dlms_whole)
