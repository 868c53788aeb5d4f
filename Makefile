# SPDX-License-Identifier: GPL-2.0-only

KDIR	?= /lib/modules/$(shell uname -r)/build
B	?= build/native
PREFIX	?= /usr/local
UDEVDIR	?= $(PREFIX)/lib/udev
DOCDIR	?= $(PREFIX)/share/doc/kshare
INSTALL	?= install

define help
make                          the module for KDIR, and the library
make modules                  the module alone
make userlib                  the library alone
make check                    the library's tests that need no module
make install                  install the library, and the udev rule of /dev/kshare
                              (PREFIX=, DESTDIR=, UDEVDIR=, DOCDIR=)
make modules_install          install the module         (INSTALL_MOD_PATH=)
make clean                    remove what was built
make help                     this text

KDIR  build tree of the kernel that the module is for   $(KDIR)
B     where the module is built                         $(B)
WERROR=1, and Kbuild's W=1 and C=1, are understood by the module's targets.

For the kernels of the test matrix see scripts/setup, scripts/vm and
scripts/test; each says with -h what it does.
endef

# KCFLAGS is given again here, since what the caller gave would outweigh it.
kbuild = $(MAKE) --no-print-directory -C $(KDIR) M=$(abspath $(B)) \
	KCFLAGS="$(KCFLAGS)$(if $(filter-out 0,$(WERROR)), -Werror)"

.PHONY: all modules modules_install userlib check install clean help tree
all: modules userlib

# Kbuild leaves its objects beside the sources. Each kernel has a tree of links
# of its own, so that objects of several kernels can live side by side.
tree:
	@mkdir -p $(B)
	@find $(B) -xtype l -exec sh -c 'for f; do rm -f "$$f" "$${f%.c}.o"; done' sh {} +
	@find Kbuild module uapi -type d ! -name '.*' -exec mkdir -p $(addprefix $(B)/,{}) \;
	@find Kbuild module uapi -type f ! -name '.*' | while read -r file; do \
		[ -L "$(B)/$$file" ] || ln -s "$(CURDIR)/$$file" "$(B)/$$file"; \
	done

modules: tree
	@test -e $(KDIR)/Makefile || { echo "no kernel build tree in $(KDIR): give KDIR=" >&2; exit 1; }
	+$(kbuild) modules

modules_install: modules
	+$(kbuild) modules_install

userlib:
	$(MAKE) -C userlib all

check:
	$(MAKE) -C userlib $@

install:
	$(MAKE) -C userlib $@
	$(INSTALL) -d $(DESTDIR)$(UDEVDIR)/rules.d $(DESTDIR)$(DOCDIR)
	$(INSTALL) -m 644 packaging/70-kshare.rules $(DESTDIR)$(UDEVDIR)/rules.d
	$(INSTALL) -m 644 packaging/kshare.conf $(DESTDIR)$(DOCDIR)

clean:
	$(MAKE) -C userlib clean
	rm -rf build

help:
	$(info $(help))
	@:
