# SPDX-License-Identifier: MIT
#
# make bench: what decoding costs, with streams of the simulator, and what meterd takes.
# make bench-iio: instructions that IIO takes for each telegram, in a virtual machine with Linux 6.12.
# make bench-modules: half an hour of 100,000 D2L modules that post to one meterd; MODULES=, SECONDS=.

# NAME:KIND:OPTIONS of the simulator, with commas for blanks.
BENCH_INPUTS := \
	tic.historique:linky-historique-hc: \
	tic.standard.mono:linky-standard: \
	tic.standard.tri:linky-standard-tri-producer: \
	tic.standard.all71:linky-standard-all71: \
	tic.damaged:linky-standard:--damage,3 \
	tic.7e1:linky-standard:--parity \
	p1.nl5:dsmr5: \
	p1.be:belgium: \
	p1.lt:lithuania: \
	p1.lu:luxembourg: \
	p1.lu.encrypted:luxembourg:--key-file,tests/bench/keys.json \
	p1.nocrc:dsmr3:

BENCH_SOURCES := tests/bench/bench.c $(wildcard kernel/telegram/*.c) $(CIPHER_SOURCES)
BENCH_FILES := $(foreach i,$(BENCH_INPUTS),build/bench/$(word 1,$(subst :, ,$i)).bin)
comma := ,

.PHONY: bench bench-iio bench-modules

# The name of an input is its file's, so that each is made by one pattern rule.
build/bench/%.bin: build/meterctl
	@mkdir -p $(@D)
	@$(foreach i,$(filter $*:%,$(BENCH_INPUTS)),build/meterctl simulate \
		$(word 2,$(subst :, ,$i)) $(subst $(comma), ,$(word 3,$(subst :, ,$i))) \
		--count 24 --speed max) > $@

build/bench/bench: $(BENCH_SOURCES) $(wildcard kernel/telegram/*.h)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -O2 -g -Wall -Wextra -D_GNU_SOURCE -Ikernel/telegram -o $@ $(BENCH_SOURCES) -lcrypto -ljansson

build/bench/decoder_rate: tests/bench/decoder_rate.c $(wildcard kernel/telegram/*.[ch])
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -O2 -g -Wall -Wextra -Ikernel/telegram -o $@ $(filter %.c,$^)

build/bench/softuart_rate: tests/bench/softuart_rate.c tests/host/edges.c tests/host/host.c \
		$(wildcard kernel/telegram/*.[ch]) tests/host/edges.h tests/host/host.h
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -O2 -g -Wall -Wextra -D_GNU_SOURCE -Ikernel/telegram -Itests/host -o $@ $(filter %.c,$^)

build/bench/d2l: tests/bench/d2l.c $(filter-out tests/%,$(D2L_SOURCES)) $(wildcard kernel/telegram/*.c) \
		$(wildcard userspace/decode/*.h kernel/telegram/*.h)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -O2 -g -Wall -Wextra -Wno-format-truncation -D_GNU_SOURCE -o $@ $(filter %.c,$^) $(D2L_LIBRARIES)

build/bench/dlms: tests/bench/dlms.c tests/host/dlms_frames.c $(sort $(DLMS_LINE_SOURCES) $(DLMS_BODY_SOURCES)) $(wildcard kernel/telegram/*.c) \
		$(wildcard userspace/decode/*.h kernel/telegram/*.h tests/host/*.h)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) -O2 -g -Wall -Wextra -Wno-format-truncation -D_GNU_SOURCE -Ikernel/telegram -o $@ $(filter %.c,$^) -lcrypto -ljansson

bench: build/bench/bench build/bench/d2l build/bench/decoder_rate build/bench/dlms build/bench/softuart_rate build/meterd $(BENCH_FILES)
	@uname -m; sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1
	@build/bench/bench $(foreach i,$(BENCH_FILES),$(notdir $(basename $i))=$i$(if $(findstring encrypted,$i),$(comma)tests/bench/keys.json))
	@build/bench/softuart_rate build/bench/tic.standard.mono.bin
	@build/bench/d2l
	@build/bench/dlms
	@tests/bench/meterd

bench-iio: build/selftests/iio_cost
	@tests/vm/run-guest --show 6.12+cost iio_cost

bench-modules: build/meterd build/meterctl
	@tests/bench/modules $(or $(MODULES),100000) $(or $(SECONDS),1800)
