# SPDX-License-Identifier: MIT
#
# The programs: build/meterctl and build/meterd. Included by the Makefile of the project, whose directory is the
# current one.

VERSION ?= 0.1

USERSPACE_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wno-format-truncation -Werror=implicit-function-declaration -Werror=format-security \
	-D_GNU_SOURCE -DMETERLINE_VERSION='"$(VERSION)"' -fstack-protector-strong -fPIE
USERSPACE_CPPFLAGS := -D_FORTIFY_SOURCE=2
USERSPACE_LDFLAGS := -pie -Wl,-z,relro,-z,now

# What the compiler finds as gpiod.h decides which of the two files for libgpiod 1.6 and 2.x is built.
GPIOD := $(if $(shell $(CC) $(CFLAGS) -include gpiod.h -E -x c /dev/null 2>/dev/null | grep gpiod_line_settings_new),v2,v1)
USERSPACE_LIB := $(filter-out userspace/lib/gpio_v%.c,$(wildcard userspace/lib/*.c)) userspace/lib/gpio_$(GPIOD).c

METERCTL_SOURCES := $(wildcard kernel/telegram/*.c userspace/decode/*.c userspace/meterctl/*.c) $(USERSPACE_LIB)
METERCTL_OBJECTS := $(METERCTL_SOURCES:%.c=build/objects/%.o)
METERCTL_LIBRARIES := -lncursesw -ltinfo -ljansson -lcrypto -lsqlite3 -ludev -lgpiod

METERD_SOURCES := $(wildcard kernel/telegram/*.c userspace/decode/*.c userspace/meterd/*.c) $(USERSPACE_LIB)
METERD_OBJECTS := $(METERD_SOURCES:%.c=build/objects/%.o)
METERD_LIBRARIES := -levent_core -levent_extra -lsqlite3 -linih -ludev -lmosquitto -lseccomp -ljansson -lcrypto -lgpiod -lpthread

PREFIX ?= /usr/local
SYSTEMD_UNITS ?= /usr/lib/systemd/system
SYSUSERS ?= /usr/lib/sysusers.d
UDEV_RULES ?= /usr/lib/udev/rules.d

# What goes where: file, destination, mode.
define INSTALL_LIST
build/meterctl:$(PREFIX)/bin/meterctl:0755
build/meterd:$(PREFIX)/sbin/meterd:0755
Documentation/meterctl.1:$(PREFIX)/share/man/man1/meterctl.1:0644
Documentation/meterd.8:$(PREFIX)/share/man/man8/meterd.8:0644
Documentation/meterd.conf.5:$(PREFIX)/share/man/man5/meterd.conf.5:0644
Documentation/meterd.conf:$(PREFIX)/share/doc/meterline/examples/meterd.conf:0644
$(foreach i,dlms home-assistant hot-plug iio ledger metrics migration raspberry-pi serve telegrams,Documentation/$(i).md:$(PREFIX)/share/doc/meterline/$(i).md:0644)
udev/49-meterline-ids.rules:$(UDEV_RULES)/49-meterline-ids.rules:0644
udev/60-meterline.rules:$(UDEV_RULES)/60-meterline.rules:0644
udev/99-zz-meterline.rules:$(UDEV_RULES)/99-zz-meterline.rules:0644
udev/meterline.sysusers:$(SYSUSERS)/meterline.conf:0644
udev/meterline-attach@.service:$(SYSTEMD_UNITS)/meterline-attach@.service:0644
udev/meterd.service:$(SYSTEMD_UNITS)/meterd.service:0644
udev/99-meterline-iiod.rules:$(UDEV_RULES)/99-meterline-iiod.rules:0644
udev/meterline-iiod.service:$(SYSTEMD_UNITS)/meterline-iiod.service:0644
udev/meterline-iiod:$(PREFIX)/lib/meterline/meterline-iiod:0755
endef

# Overlays go where the firmware of a Raspberry Pi looks for them.
OVERLAYS ?= $(firstword $(if $(DESTDIR),,$(wildcard /boot/firmware/overlays /boot/overlays)) $(PREFIX)/share/meterline/overlays)
INSTALL_OVERLAYS = $(foreach i,$(wildcard build/dtbs/*.dtbo),$(i):$(OVERLAYS)/$(notdir $(i)):0644)

# Without its libraries there is no meterd, and the rest is installed.
METERD_HEADERS := event2/event.h sqlite3.h ini.h libudev.h mosquitto.h seccomp.h
ifneq ($(filter install install-userspace,$(MAKECMDGOALS)),)
METERD_BUILDS := $(or $(wildcard build/meterd),$(shell \
	$(CC) -E $(METERD_HEADERS:%=-include %) -x c /dev/null >/dev/null 2>&1 && echo build/meterd))
endif
INSTALLED = $(if $(METERD_BUILDS),$(INSTALL_LIST),$(filter-out build/meterd:% udev/meterd.service:%,$(INSTALL_LIST))) \
	$(INSTALL_OVERLAYS)

.PHONY: userspace check-userspace check-host install-userspace install-module

userspace: build/meterctl build/meterd

build/meterctl: $(METERCTL_OBJECTS)
	@echo "  LD      $@"
	@$(CC) $(USERSPACE_LDFLAGS) $(LDFLAGS) -o $@ $^ $(METERCTL_LIBRARIES)

build/meterd: $(METERD_OBJECTS)
	@echo "  LD      $@"
	@$(CC) $(USERSPACE_LDFLAGS) $(LDFLAGS) -o $@ $^ $(METERD_LIBRARIES)

build/objects/%.o: %.c userspace/userspace.mk
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(USERSPACE_CPPFLAGS) $(USERSPACE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Tests of what userspace/lib decides, under the sanitizers.
USERSPACE_TESTS := gpio p1_inverted speed_search

build/userspace-tests/p1_inverted: userspace/lib/p1_inverted.c userspace/lib/p1_inverted.h
build/userspace-tests/speed_search: kernel/telegram/speed_search.c kernel/telegram/speed_search.h
build/userspace-tests/p1_inverted build/userspace-tests/speed_search: build/userspace-tests/%: tests/userspace/%.c
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(USERSPACE_CFLAGS) -fsanitize=address,undefined -o $@ $(filter %.c,$^)

build/userspace-tests/gpio build/userspace-tests/libgpiod-2/gpio: tests/userspace/gpio.c tests/meterd/gpio_preload.c kernel/telegram/softuart.c \
		$(wildcard userspace/lib/gpio*.[ch])
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(USERSPACE_CFLAGS) $(CFLAGS) -fsanitize=address,undefined -o $@ tests/userspace/gpio.c userspace/lib/gpio.c \
		userspace/lib/gpio_uart.c userspace/lib/gpio_$(GPIOD).c kernel/telegram/softuart.c $(LDFLAGS) -lgpiod -ldl

check-userspace: $(USERSPACE_TESTS:%=build/userspace-tests/%)
	$(PROVE) $^ tests/userspace/gpio_v2.t tests/userspace/iio_header.t

check-host: check-userspace

# Units name programs where they are installed; a file that a program runs from is replaced, not written.
define INSTALL_FILE
install -D -m $(word 3,$(1)) $(word 1,$(1)) $(DESTDIR)$(word 2,$(1))$(if $(filter %.service,$(word 1,$(1))), && \
	sed -i 's|^\(Exec[A-Za-z]*=\)\(meterctl\)|\1$(PREFIX)/bin/\2|; s|^\(Exec[A-Za-z]*=\)\(meterd\)|\1$(PREFIX)/sbin/\2|; \
	s|^\(Exec[A-Za-z]*=\)\(meterline-iiod\)|\1$(PREFIX)/lib/meterline/\2|' \
	$(DESTDIR)$(word 2,$(1)))

endef

install-userspace: build/meterctl $(METERD_BUILDS)
	$(foreach i,$(INSTALLED),$(call INSTALL_FILE,$(subst :, ,$(i))))
	$(if $(METERD_BUILDS),,@echo "meterline: no meterd, since libraries that it needs are missing: type \
	tests/vm/packages userspace and make install again")

install-module: install-userspace
	@DESTDIR='$(DESTDIR)' KDIR='$(KDIR)' userspace/install/module install $(VERSION)

install: install-userspace install-module
	@DESTDIR='$(DESTDIR)' userspace/install/system installed $(if $(INSTALL_OVERLAYS),$(OVERLAYS))

# Directories that are only ours, inner ones first, and those that are nobody's once they are empty.
INSTALL_DIRECTORIES := $(PREFIX)/share/doc/meterline/examples $(PREFIX)/share/doc/meterline $(PREFIX)/share/doc \
	$(PREFIX)/share/meterline/overlays $(PREFIX)/share/meterline $(PREFIX)/lib/meterline $(PREFIX)/share/man/man1 \
	$(PREFIX)/share/man/man5 $(PREFIX)/share/man/man8

uninstall:
	@DESTDIR='$(DESTDIR)' userspace/install/system leave
	@DESTDIR='$(DESTDIR)' userspace/install/module uninstall $(VERSION)
	rm -f $(foreach i,$(INSTALL_LIST),$(DESTDIR)$(word 2,$(subst :, ,$i))) $(DESTDIR)$(OVERLAYS)/meterline-*.dtbo
	@for directory in $(INSTALL_DIRECTORIES); do rmdir "$(DESTDIR)$$directory" 2>/dev/null || :; done
	@DESTDIR='$(DESTDIR)' userspace/install/system left

-include $(METERCTL_OBJECTS:.o=.d) $(METERD_OBJECTS:.o=.d)
