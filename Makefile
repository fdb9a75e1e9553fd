# SPDX-License-Identifier: MIT
# Everything one types is listed by `make help`.

PREFIX ?= /usr/local
KDIR ?= /lib/modules/$(shell uname -r)/build
PROVE ?= prove
CC ?= gcc

.PHONY: all help modules modules_install modules_clean check demo install uninstall clean
all: userspace

help:
	@cat tests/vm/help.txt

# kbuild reads Kbuild, never this file.
modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install

modules_clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean

check:
	@tests/vm/check

demo:
	@tests/vm/demo $(if $(NATIVE),--native)

clean:
	rm -rf build
	find kernel . -maxdepth 2 \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name '*.o.d' \) ! -path './.git/*' -delete
	rm -f modules.order Module.symvers

-include userspace/userspace.mk
-include tests/tests.mk
-include tests/meterd/meterd.mk
-include tests/bench/bench.mk
-include dts/dts.mk
-include tests/vm/vm.mk
