# SPDX-License-Identifier: GPL-2.0-or-later
# make help tells the targets.

VERSION := 0.1.0
PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
TOOLDIR ?= $(PREFIX)/lib/crashcfg
MANDIR ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
# dracut looks for modules nowhere else, whatever PREFIX is.
DRACUTDIR ?= /usr/lib/dracut/modules.d/99crashcfg
DESTDIR ?=

CC ?= cc
V ?= 0
SAN ?= 0
WERROR ?= 1
Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@printf '  %-7s %s\n' '$(1)' '$(2)')

# One build folder for each way of building, so that they do not mix.
B := build/$(if $(filter 1,$(SAN)),san,$(if $(COVER),cover,out))

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wcast-qual \
	-Wwrite-strings -Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference \
	$(if $(filter 1,$(WERROR)),-Werror)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
REPRO := -ffile-prefix-map=$(CURDIR)=. -Wdate-time
OPT := -O2 -g
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
COMMON := -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(WARN) $(REPRO) -ffunction-sections -fdata-sections -MMD -MP \
	-DCRASHCFG_VERSION='"$(VERSION)"' -DCRASHCFG_TOOLDIR='"$(TOOLDIR)"'
MYCFLAGS := $(COMMON) $(OPT) -fPIE $(if $(filter 1,$(SAN)),$(SANFLAGS) -O1,$(HARDEN)) $(if $(COVER),--coverage -O0)
MYLDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed $(if $(filter 1,$(SAN)),$(SANFLAGS)) $(if $(COVER),--coverage)

# The floors.  Each is compiled with -I of the floors it may see and no other,
# so an upward include ends in "No such file or directory".
FLOORS := base text model probe bootloader image plan apply vmcore dumps lab live crashcfg
DIR_base := src/base
DIR_text := src/text
DIR_model := src/model
DIR_probe := src/probe
DIR_bootloader := bootloader
DIR_image := initramfs/image
DIR_plan := src/plan
DIR_apply := src/apply
DIR_vmcore := src/vmcore
DIR_dumps := src/dumps
DIR_lab := src/lab
DIR_live := src/live
DIR_crashcfg := cmd/crashcfg
DIR_init := initramfs/init
SEES_base := base
SEES_text := base text
SEES_model := base text model
SEES_probe := base text model probe
SEES_bootloader := base text model probe bootloader
SEES_image := base text model probe image
SEES_plan := base text model probe bootloader image plan
SEES_apply := $(SEES_plan) apply
SEES_vmcore := base text model vmcore
SEES_dumps := base text model probe vmcore dumps
SEES_lab := base text model probe image vmcore lab
SEES_live := base text model probe image live
SEES_crashcfg := base text model probe bootloader image plan apply vmcore dumps lab live crashcfg
SEES_init := base text init

inc = $(foreach f,$(SEES_$(1)),-I$(DIR_$(f)))
src = $(wildcard $(DIR_$(1))/*.c)
obj = $(patsubst %.c,$(B)/%.o,$(call src,$(1)))

LIBS := -lconfuse -lmount -lblkid -lkmod -lkdumpfile -laddrxlat -ljansson -lnettle -lzstd -llzma -lz

# Guest programs (src/lab/guest) and capture-init run where nothing else does: static, and of our floors base and text only.
STATIC_CFLAGS := $(COMMON) -Os -g -fPIE $(HARDEN)
STATIC_LDFLAGS := -static-pie -Wl,-z,relro,-z,now -Wl,--gc-sections
STATIC_LIBS := -lblkid -ljansson -lnettle

.PHONY: all help
all: $(B)/crashcfg $(B)/capture-init $(B)/lab-init docs compile_commands.json	## build everything

help:	## tell the targets
	@printf 'Targets:\n'
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/; s/^/  /' | expand -t 16
	@printf 'Variables:\n  V=1           show the commands\n  SAN=1         build with ASan and UBSan\n  DESTDIR, PREFIX   where install puts things\n  FUZZ_SECONDS  seconds of each fuzz target (%s)\n' $(FUZZ_SECONDS)

# --- compile: one rule for each floor ---------------------------------------------------------
define floor_rules
$(B)/$(DIR_$(1))/%.o: $(DIR_$(1))/%.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(MYCFLAGS) $$(CFLAGS) $$(call inc,$(1)) -c $$< -o $$@
$(B)/lib$(1).a: $$(call obj,$(1))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcsD $$@ $$^
endef
$(foreach f,$(FLOORS) init,$(eval $(call floor_rules,$(f))))

ARCHIVES := $(foreach f,$(FLOORS),$(B)/lib$(f).a)
# Upper floors first; the members of cmd/ by name, since its table row is what pulls a command in.
libs = $(foreach f,$(1),$(B)/lib$(f).a)
reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))

$(B)/crashcfg: $(call obj,crashcfg) $(call libs,$(filter-out crashcfg,$(call reverse,$(SEES_crashcfg))))
	$(call say,LD,$@)
	$(Q)$(CC) $(MYLDFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS)

# --- static programs: capture-init and the lab's guest ---------------------------------------
STATIC_SRC := $(call src,base) $(call src,text)
STATIC_OBJ := $(patsubst %.c,$(B)/static/%.o,$(STATIC_SRC))
$(B)/static/src/%.o: src/%.c
	$(call say,CC,$< (static))
	@mkdir -p $(@D)
	$(Q)$(CC) $(STATIC_CFLAGS) $(CFLAGS) $(call inc,init) -c $< -o $@
$(B)/static/initramfs/init/%.o: initramfs/init/%.c
	$(call say,CC,$< (static))
	@mkdir -p $(@D)
	$(Q)$(CC) $(STATIC_CFLAGS) $(CFLAGS) $(call inc,init) -c $< -o $@
$(B)/static/src/lab/guest/%.o: src/lab/guest/%.c
	$(call say,CC,$< (static))
	@mkdir -p $(@D)
	$(Q)$(CC) $(STATIC_CFLAGS) $(CFLAGS) $(call inc,init) -c $< -o $@
$(B)/capture-init: $(patsubst %.c,$(B)/static/%.o,$(wildcard initramfs/init/*.c)) $(STATIC_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(STATIC_LDFLAGS) $(LDFLAGS) -o $@ $^ $(STATIC_LIBS)
$(B)/lab-init: $(patsubst %.c,$(B)/static/%.o,$(wildcard src/lab/guest/*.c)) $(STATIC_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(STATIC_LDFLAGS) $(LDFLAGS) -o $@ $^ $(STATIC_LIBS)

# --- unit tests: tests/unit/FLOOR/NAME.c sees and links FLOOR and what lies below ---------------
define unit_rules
$(B)/tests/unit/$(1)/%: tests/unit/$(1)/%.c $$(call libs,$$(call reverse,$$(SEES_$(1))))
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(MYCFLAGS) -Itests/unit $$(CFLAGS) $$(call inc,$(1)) $$(MYLDFLAGS) -o $$@ $$(filter %.c %.a,$$^) $$(UNIT_WRAP_$$(*F)) $$(LIBS) -lcmocka
endef
$(foreach f,$(FLOORS) init,$(eval $(call unit_rules,$(f))))
# Calls that a test lets fail in their turn.
UNIT_WRAP_commit := $(foreach f,write fsync renameat linkat unlinkat symlinkat mkdirat fchmod fsetxattr \
	image_build capture_load capture_unload,-Wl,--wrap=$(f))
UNIT_WRAP_folder := -Wl,--wrap=place_mount_point
# What a script says does not hang on which programs this machine has.
UNIT_WRAP_layers := -Wl,--wrap=tool_find
UNIT_WRAP_server := -Wl,--wrap=tool_find
UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/*.c))

.PHONY: unit
unit: $(UNIT)	## build and run the unit tests
	@set -e; for t in $(UNIT); do $$t; done

# --- fuzz targets: tests/fuzz/FLOOR/NAME.c, libFuzzer, clang ------------------------------------
FUZZ_SECONDS ?= 20
define fuzz_rules
build/fuzz/$(1)/%: tests/fuzz/$(1)/%.c $$(foreach f,$$(SEES_$(1)),$$(call src,$$(f)))
	$$(call say,FUZZ,$$@)
	@mkdir -p $$(@D)
	$$(Q)clang $$(COMMON) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $$(call inc,$(1)) -MF $$@.d -o $$@ $$(filter %.c,$$^) $$(LIBS)
endef
$(foreach f,$(FLOORS),$(eval $(call fuzz_rules,$(f))))
FUZZ := $(patsubst tests/%.c,build/%,$(wildcard tests/fuzz/*/*.c))

.PHONY: fuzz
fuzz: $(FUZZ)	## run every fuzz target for FUZZ_SECONDS
	@for t in $(FUZZ); do sh tests/fuzz/run.sh $$t $(FUZZ_SECONDS) || exit 1; done

# --- the two commands of the README -------------------------------------------------------------
.PHONY: packages demo check
packages:
	@sh conf/packages.sh

demo: packages	## the main job: crash a real kernel in a VM and open its dump
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@bash tests/vm/demo.sh $(B)

.PHONY: vm-matrix
vm-matrix: all	## dumps to every file system, disk, stack and network that is known (hours without KVM)
	@sh tests/with-sshd.sh bash tests/vm/run.sh $(B) matrix hosts lab log-only shrink
	@bash tests/vm/stacks.sh $(B)
	@bash tests/vm/iscsi.sh $(B)
	@bash tests/vm/run.sh $(B) raw
	@bash tests/vm/collectors.sh $(B)
	@bash tests/vm/progress.sh $(B)
	@bash tests/vm/net.sh $(B)

# A capture-init with faults within.
$(B)/vm-faults/capture-init: $(patsubst %.c,$(B)/static/%.o,$(wildcard initramfs/init/*.c)) $(STATIC_OBJ) tests/vm/faults/within.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STATIC_CFLAGS) $(CFLAGS) $(STATIC_LDFLAGS) $(LDFLAGS) $(call inc,init) -Wl,--wrap=blkid_do_safeprobe,--wrap=place_sync,--wrap=dump_hash -o $@ $^ $(STATIC_LIBS)

.PHONY: vm-faults
vm-faults: all $(B)/vm-faults/capture-init	## captures that are hit by every fault we know to make
	@s=0; bash tests/vm/run.sh $(B) faults || s=1; bash tests/vm/net.sh $(B) faults || s=1; exit $$s

check: packages	## build, and pass every test
	@$(MAKE) --no-print-directory -s -j$$(nproc) all $(UNIT)
	@bash tests/run.sh $(B)

# --- what is shipped beside the programs, made from the tables ----------------------------------
DOCS := $(addprefix $(B)/docs/,crashcfg.8 crashcfg.5 crashcfg.bash crashcfg.sysconfig)
.PHONY: docs
docs: $(DOCS)
$(B)/docgen: conf/docgen.c $(filter-out %/main.o,$(call obj,crashcfg)) $(call libs,$(filter-out crashcfg,$(call reverse,$(SEES_crashcfg))))
	$(call say,LD,$@)
	$(Q)$(CC) $(MYCFLAGS) $(CFLAGS) $(call inc,crashcfg) $(MYLDFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LIBS)
$(DOCS): $(B)/docgen
	@mkdir -p $(@D)
	$(call say,DOC,$@)
	$(Q)$(B)/docgen $(@F) > $@.new && mv $@.new $@

INSTALL ?= install
.PHONY: install uninstall
install: all	## install below DESTDIR and PREFIX
	$(INSTALL) -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(TOOLDIR) $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(SYSCONFDIR)/sysconfig
	$(INSTALL) -m 755 $(B)/crashcfg $(DESTDIR)$(SBINDIR)/crashcfg
	$(INSTALL) -m 755 $(B)/capture-init $(B)/lab-init $(DESTDIR)$(TOOLDIR)/
	$(INSTALL) -m 644 $(B)/docs/crashcfg.8 $(DESTDIR)$(MANDIR)/man8/
	$(INSTALL) -m 644 $(B)/docs/crashcfg.5 $(DESTDIR)$(MANDIR)/man5/
	$(INSTALL) -m 644 $(B)/docs/crashcfg.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/crashcfg
	sed 's,/usr/sbin/,$(SBINDIR)/,' conf/crashcfg.service > $(B)/crashcfg.service
	sed 's,/usr/sbin/,$(SBINDIR)/,' conf/crashcfg-save.service > $(B)/crashcfg-save.service
	$(INSTALL) -m 644 -D $(B)/crashcfg.service $(DESTDIR)$(UNITDIR)/crashcfg.service
	$(INSTALL) -m 644 $(B)/crashcfg-save.service conf/crashcfg-save.timer $(DESTDIR)$(UNITDIR)/
	$(INSTALL) -m 644 -D conf/swap-after-save.conf $(DESTDIR)$(UNITDIR)/swap.d/10-crashcfg.conf
	$(INSTALL) -d $(DESTDIR)$(DRACUTDIR)
	$(INSTALL) -m 755 $(wildcard initramfs/dracut/*.sh) $(DESTDIR)$(DRACUTDIR)/
	test -e $(DESTDIR)$(SYSCONFDIR)/sysconfig/crashcfg || \
		$(INSTALL) -m 644 $(B)/docs/crashcfg.sysconfig $(DESTDIR)$(SYSCONFDIR)/sysconfig/crashcfg
uninstall:	## remove what install put there; settings and dumps stay
	rm -f $(DESTDIR)$(SBINDIR)/crashcfg $(DESTDIR)$(TOOLDIR)/capture-init $(DESTDIR)$(TOOLDIR)/lab-init \
		$(DESTDIR)$(MANDIR)/man8/crashcfg.8 $(DESTDIR)$(MANDIR)/man5/crashcfg.5 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/crashcfg $(DESTDIR)$(UNITDIR)/crashcfg.service \
		$(DESTDIR)$(UNITDIR)/crashcfg-save.service $(DESTDIR)$(UNITDIR)/crashcfg-save.timer \
		$(DESTDIR)$(UNITDIR)/swap.d/10-crashcfg.conf
	rm -f $(patsubst initramfs/dracut/%,$(DESTDIR)$(DRACUTDIR)/%,$(wildcard initramfs/dracut/*.sh))
	rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DRACUTDIR) 2>/dev/null || true
	rmdir --ignore-fail-on-non-empty $(DESTDIR)$(UNITDIR)/swap.d 2>/dev/null || true
	rmdir --ignore-fail-on-non-empty $(DESTDIR)$(TOOLDIR) 2>/dev/null || true

# --- what keeps the house in order ----------------------------------------------------------------
ALL_SRC := $(foreach f,$(FLOORS) init,$(call src,$(f))) $(wildcard src/lab/guest/*.c)
floor_of = $(strip $(foreach f,$(FLOORS) init,$(if $(filter $(DIR_$(f))/,$(dir $(1))),$(f)),))
compile_commands.json: Makefile $(ALL_SRC)
	@{ sep='['; $(foreach f,$(FLOORS) init,for s in $(call src,$(f)); do \
	  printf '%s\n{"directory": "%s", "file": "%s", "command": "cc %s %s -c %s"}' "$$sep" '$(CURDIR)' $$s \
	    "$$(printf '%s' '$(filter-out -MMD -MP -Werror,$(COMMON))' | sed 's/"/\\"/g')" '$(call inc,$(f))' $$s; sep=,; done;) \
	  printf '\n]\n'; } > $@

.PHONY: lint cover repro bench
lint:	## clang-tidy, cppcheck, gcc -fanalyzer, shellcheck
	@bash tests/lint.sh '$(subst ','\'',$(COMMON))' $(foreach f,$(FLOORS) init,'$(DIR_$(f)):$(call inc,$(f))') 'src/lab/guest:$(call inc,init)'

cover:	## line coverage of the unit tests
	@$(MAKE) --no-print-directory -s -j$$(nproc) COVER=1 WERROR=0 unit
	@gcovr --root . --exclude tests --object-directory build/cover build/cover 2>/dev/null || \
		echo "cover: needs gcovr (apt-get install gcovr)"

repro:	## build twice in different folders; every byte must be the same
	@sh tests/repro.sh

bench:	## measure the figures (minutes)
	@bash tests/bench/run.sh $(B)

.PHONY: clean
clean:	## remove the build folder
	rm -rf build compile_commands.json

-include $(shell find $(B) -name '*.d' 2>/dev/null)
