# SPDX-License-Identifier: GPL-2.0-only
# Everything goes to build/. `make help` lists the targets.

VERSION := 0.1
B       := build
# where `make install` puts things; DESTDIR is put before all of them
prefix  ?= /usr/local
PREFIX  ?= $(prefix)
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
DOCDIR  ?= $(PREFIX)/share/doc/scx_ccx
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
CC      ?= gcc
# any clang from 16 on compiles the BPF side
CLANG   ?= $(firstword $(foreach v,22 21 20 19 18 17 16,$(shell command -v clang-$(v))) clang)

PACKAGES := libbpf libelf hwloc liburcu-qsbr jansson libconfig libmicrohttpd ncursesw libcap-ng libseccomp
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Werror -Wshadow
ARCH     := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
TRIPLET  := $(patsubst %-pc-linux-gnu,%-linux-gnu,$(shell $(CC) -dumpmachine 2>/dev/null))

# asked only when something is compiled, so that `make demo` can install them first
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   = -Wl,--as-needed $(shell pkg-config --libs $(PACKAGES))
ALL_CFLAGS = -std=gnu11 $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE -DCCX_VERSION='"$(VERSION)"' \
	     -Iinclude -Isrc -I. $(PKG_CFLAGS) -pthread -MMD -MP
BPF_CFLAGS = -std=gnu11 -O2 -g $(WARNINGS) -Wno-unused-parameter -target bpf -mcpu=v3 \
	     -D__TARGET_ARCH_$(ARCH) -Iinclude -isystem /usr/include/$(TRIPLET) -MMD -MP

TOPOLOGY_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard topology/*.c))
PROGRAM_OBJS  := $(patsubst %.c,$(B)/%.o,$(filter-out src/main.c,$(wildcard src/*.c)))
UNIT_TESTS    := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
VM_LIBRARIES  := $(B)/tests/vm/malloc_count.so
VM_PROGRAMS   := $(filter-out $(VM_LIBRARIES:.so=),$(patsubst %.c,$(B)/%,$(wildcard tests/vm/*.c)))
BENCHES       := $(patsubst %.c,$(B)/%,$(filter-out bench/common.c,$(wildcard bench/*.c)))

.DELETE_ON_ERROR:
.PHONY: soak all texts FORCE demo check check-unit check-bench check-docs check-lint check-install check-monitor check-metrics check-package check-systemd check-kubernetes check-commands check-vm bench fuzz install uninstall clean help

all: $(B)/scx_ccx texts $(BENCHES) $(B)/tests/simulation/day $(VM_PROGRAMS) $(VM_LIBRARIES)

$(B)/src/bpf/main.bpf.o: src/bpf/main.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# the object is part of the program: embedded, not loaded from a file
$(B)/src/bpf_object.o: $(B)/src/bpf/main.bpf.o
$(B)/src/bpf_object.o: ALL_CFLAGS += -DCCX_BPF_OBJECT='"$(B)/src/bpf/main.bpf.o"'

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(B)/libccx-topology.a: $(TOPOLOGY_OBJS)
	rm -f $@; ar rcs $@ $^

$(B)/scx_ccx: $(B)/src/main.o $(PROGRAM_OBJS) $(B)/libccx-topology.a
	$(CC) $(CFLAGS) -pthread $^ $(PKG_LIBS) $(LDFLAGS) -o $@

$(B)/bench/%: $(B)/bench/%.o $(B)/bench/common.o
	$(CC) $(CFLAGS) -pthread $^ -ljansson -lm -o $@

# the program's own dispatchers on a machine that is not there
$(B)/bench/simulate: $(B)/bench/simulate.o $(B)/bench/model/machine.o $(B)/bench/common.o \
		    $(PROGRAM_OBJS) $(B)/libccx-topology.a
	$(CC) $(CFLAGS) -pthread $^ $(PKG_LIBS) -lm -o $@

$(B)/tests/unit/test_big_machines: $(B)/bench/model/machine.o $(B)/bench/common.o

$(B)/tests/vm/%.so: tests/vm/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -shared $< -o $@

$(B)/tests/vm/%: $(B)/tests/vm/%.o
	$(CC) $(CFLAGS) -pthread $^ $(PKG_LIBS) -o $@

# it installs the program's filter
$(B)/tests/vm/filter_cost: $(B)/src/filter.o

# it loads the programs itself
$(B)/tests/vm/verifier: $(PROGRAM_OBJS) $(B)/libccx-topology.a

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(PROGRAM_OBJS) $(B)/libccx-topology.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pthread $^ $(PKG_LIBS) -lcmocka -lm -o $@

$(B)/tests/monitor/serve $(B)/tests/metrics/serve: %: %.o $(PROGRAM_OBJS) $(B)/libccx-topology.a
	$(CC) $(CFLAGS) -pthread $^ $(PKG_LIBS) -o $@

$(B)/tests/simulation/%: $(B)/tests/simulation/%.o $(B)/src/consolidate.o $(B)/libccx-topology.a
	$(CC) $(CFLAGS) -pthread $^ $(PKG_LIBS) -lm -o $@

include tests/unit/module.mk

# ---- what is installed beside the program; the options in it come from the table in src/options.c ----

MAN_PAGES   := $(patsubst docs/man/%.in,$(B)/man/%,$(wildcard docs/man/*.in))
COMPLETIONS := $(patsubst contrib/%.in,$(B)/contrib/%,$(wildcard contrib/completions/*.in))
TEXTS       := $(MAN_PAGES) $(COMPLETIONS) $(B)/contrib/scx_ccx.conf
SERVICE     := $(B)/contrib/systemd/scx_ccx.service

texts: $(TEXTS) $(SERVICE)

$(B)/tools/options_text: $(B)/tools/options_text.o $(B)/src/options.o $(B)/src/metrics.o $(B)/src/histogram.o $(B)/libccx-topology.a
	$(CC) $(CFLAGS) $^ $(PKG_LIBS) $(LDFLAGS) -o $@

$(MAN_PAGES): $(B)/man/%: docs/man/%.in $(B)/tools/options_text
	@mkdir -p $(@D)
	$(B)/tools/options_text <$< >$@

$(COMPLETIONS) $(B)/contrib/scx_ccx.conf: $(B)/contrib/%: contrib/%.in $(B)/tools/options_text
	@mkdir -p $(@D)
	$(B)/tools/options_text <$< >$@

# made anew each time: it names the directory of the program, which is another one for each PREFIX
$(SERVICE): contrib/systemd/scx_ccx.service.in FORCE
	@mkdir -p $(@D)
	sed 's,@bindir@,$(BINDIR),' $< >$@


.SECONDARY:
-include $(wildcard $(B)/src/*.d $(B)/topology/*.d $(B)/bench/*.d $(B)/bench/model/*.d $(B)/src/bpf/*.d $(B)/tools/*.d $(B)/tests/*/*.d)

demo:
	tools/deps build vm
	$(MAKE) all
	tests/demo/run

# compiles several files at once
JOBS := -j$(shell nproc)

# one after another, beside what needs a virtual machine; each prints what it has to say when it has ended
CHECKS := check-unit check-bench check-sanitize check-tsan check-fuzz check-docs check-lint check-install check-monitor check-metrics check-package

check:
	tools/deps build test vm package
	$(MAKE) $(JOBS) all $(UNIT_TESTS)
	$(MAKE) -j2 --keep-going --output-sync=target check-vm $(CHECKS)

check-unit: $(UNIT_TESTS)
	tests/unit/run $^

check-bench:
	python3 bench/runner/test_runner.py

check-docs: all
	tests/docs/run

check-install: all
	tests/install/run

check-monitor: $(B)/scx_ccx $(B)/tests/monitor/serve
	tests/monitor/run

check-metrics: $(B)/tests/metrics/serve
	tests/metrics/run

check-package:
	tests/package/run

# the service under systemd in a virtual machine: minutes, and not part of check
check-systemd:
	tools/deps build vm package
	tests/systemd/run

# what contrib/kubernetes gives the program, in a virtual machine
check-kubernetes: all
	tests/kubernetes/run

# what the documents do in the virtual machine
check-commands: all
	tests/docs/commands --machine

# static analysis
check-lint: $(B)/src/bpf/main.bpf.o
	tools/lint

check-vm: all
	tests/vm/check

# faults for MINUTES on each of KERNELS
MINUTES ?= 30
KERNELS ?= 6.18 7.3
soak: all
	tests/vm/soak $(MINUTES) $(KERNELS)

bench:
	tools/deps build vm bench
	$(MAKE) all
	bench/run

# "FILE DIRECTORY NAME MODE" of all that is installed: install and uninstall cannot differ
INSTALLED := $(B)/scx_ccx,$(BINDIR),scx_ccx,755 \
	     $(foreach p,$(MAN_PAGES),$p,$(MANDIR)/man$(subst .,,$(suffix $p)),$(notdir $p),644) \
	     $(SERVICE),$(UNITDIR),scx_ccx.service,644 \
	     $(B)/contrib/completions/scx_ccx.bash,$(BASHDIR),scx_ccx,644 \
	     $(B)/contrib/completions/_scx_ccx,$(ZSHDIR),_scx_ccx,644 \
	     $(B)/contrib/completions/scx_ccx.fish,$(FISHDIR),scx_ccx.fish,644 \
	     $(B)/contrib/scx_ccx.conf,$(DOCDIR)/examples,scx_ccx.conf,644 \
	     contrib/grafana/scx_ccx.json,$(DOCDIR)/examples,grafana.json,644 \
	     contrib/prometheus/scx_ccx.rules.yml,$(DOCDIR)/examples,prometheus.rules.yml,644 \
	     $(foreach f,rules.conf scx_ccx.default scx_loader.toml,contrib/$f,$(DOCDIR)/examples,$f,644) \
	     $(foreach f,$(wildcard contrib/kubernetes/*),$f,$(DOCDIR)/examples/kubernetes,$(notdir $f),644) \
	     $(foreach f,$(wildcard docs/*.md docs/*.svg),$f,$(DOCDIR),$(notdir $f),644) \
	     $(foreach f,$(wildcard docs/benchmarks/*.md),$f,$(DOCDIR)/benchmarks,$(notdir $f),644)
part       = $(word $2,$(subst $(comma), ,$1))

install: $(B)/scx_ccx texts
	$(foreach f,$(INSTALLED),install -D -m $(call part,$f,4) $(call part,$f,1) \
		$(DESTDIR)$(call part,$f,2)/$(call part,$f,3) &&) true

# directories of its own go, too, if nobody else put something there
uninstall:
	rm -f $(foreach f,$(INSTALLED),$(DESTDIR)$(call part,$f,2)/$(call part,$f,3))
	-rmdir $(DESTDIR)$(DOCDIR)/examples/kubernetes $(DESTDIR)$(DOCDIR)/examples \
		$(DESTDIR)$(DOCDIR)/benchmarks $(DESTDIR)$(DOCDIR) 2>/dev/null || true

clean:
	rm -rf $(B)

help:
	@echo 'make            build the scheduler and the workloads into build/'
	@echo 'make demo       install what is missing, build, and show the scheduler at work'
	@echo 'make check      install what is missing, build, and run all tests'
	@echo 'make soak       inject faults, MINUTES=30 on each of KERNELS="6.18 7.3"'
	@echo 'make bench      compare schedulers; bench/run --help tells how'
	@echo 'make install    to $$(DESTDIR)$$(PREFIX), PREFIX=/usr/local: program, manual, completions, service'
	@echo 'make uninstall  removes what install installed'
	@echo 'make clean      removes build/'
