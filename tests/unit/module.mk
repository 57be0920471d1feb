# SPDX-License-Identifier: GPL-2.0-only
# The unit tests again under sanitizers, and the fuzz targets. Each is the Makefile's own rules with
# another build directory and other flags. The Makefile includes this; without that,
# `make -f Makefile -f tests/unit/module.mk check-sanitize` does the same.
ifndef UNIT_MODULE
UNIT_MODULE := 1
UNIT_MAKE    = $(MAKE) -f Makefile -f tests/unit/module.mk
comma       := ,

.PHONY: check-sanitize check-tsan check-fuzz fuzz fuzz-run tsan-programs fuzz-programs

# ---- AddressSanitizer (with leaks) and UndefinedBehaviorSanitizer: all unit tests ----

ASAN_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

check-sanitize:
	+ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
		$(UNIT_MAKE) $(JOBS) B=build/asan CFLAGS='$(ASAN_FLAGS)' check-unit

# ---- ThreadSanitizer: what threads share without locks ----
# The sanitizer is told what liburcu promises by tests/unit/tsan_urcu.c; nothing is suppressed.

TSAN_FLAGS := -O1 -g -fsanitize=thread
TSAN_WRAPS := rcu_set_pointer_sym rcu_dereference_sym urcu_qsbr_synchronize_rcu \
	      urcu_qsbr_quiescent_state urcu_qsbr_thread_offline urcu_qsbr_unregister_thread
TSAN_TESTS := test_load_table_stress test_load_table test_histogram
TSAN_OBJS  := $(patsubst %,$(B)/%.o,tests/unit/tsan_urcu src/load_table src/histogram)

# setarch: a sanitizer older than the kernel's address randomisation cannot place its memory
check-tsan:
	+$(UNIT_MAKE) $(JOBS) B=build/tsan CFLAGS='$(TSAN_FLAGS)' tsan-programs
	TSAN_OPTIONS=halt_on_error=1 \
		UNIT_LAUNCH="$$(setarch -R true 2>/dev/null && echo setarch -R)" \
		tests/unit/run $(addprefix build/tsan/threads/,$(TSAN_TESTS))

tsan-programs: $(addprefix $(B)/threads/,$(TSAN_TESTS))

$(B)/threads/%: $(B)/tests/unit/%.o $(TSAN_OBJS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pthread $^ $(addprefix -Wl$(comma)--wrap=,$(TSAN_WRAPS)) \
		$(shell pkg-config --libs liburcu-qsbr) -lcmocka -o $@

# ---- libFuzzer: tests/fuzz/fuzz_*.c ----
# check-fuzz is short; `make fuzz FUZZ_SECONDS=...` is the long one. Both go on from what was found
# before (build/fuzz/corpus). The input of a crash is left in build/fuzz/crashes.

FUZZ_CC      ?= $(CLANG)
FUZZ_SECONDS ?= 600
FUZZ_FLAGS   := $(ASAN_FLAGS) -fsanitize=fuzzer-no-link
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
# what a target needs of its own: options, and files to begin with
FUZZ_OPTIONS_fuzz_consume  := -max_len=4096 -len_control=0 -use_value_profile=1
FUZZ_OPTIONS_fuzz_topology := -max_len=32768 -rss_limit_mb=2048 -dict=tests/fuzz/topology.dict
FUZZ_OPTIONS_fuzz_rules    := -max_len=4096 -dict=tests/fuzz/rules.dict
FUZZ_OPTIONS_fuzz_settings := -max_len=4096 -dict=tests/fuzz/settings.dict
FUZZ_SEEDS_fuzz_settings   := $(wildcard tests/fuzz/corpus/*.conf)
FUZZ_SEEDS_fuzz_rules      := $(wildcard tests/fuzz/corpus/*.rules)
FUZZ_SEEDS_fuzz_topology   := $(wildcard tests/topology/*.xml tests/fuzz/corpus/*.xml)

check-fuzz:
	+$(UNIT_MAKE) FUZZ_SECONDS=8 fuzz-run

fuzz: fuzz-run

fuzz-run:
	+$(UNIT_MAKE) B=build/fuzz CC='$(FUZZ_CC)' CFLAGS='$(FUZZ_FLAGS)' \
		TRIPLET=$(TRIPLET:-pc-linux-gnu=-linux-gnu) fuzz-programs
	+$(UNIT_MAKE) FUZZ_SECONDS=$(FUZZ_SECONDS) $(addprefix build/fuzz/run/,$(FUZZ_TARGETS))

fuzz-programs: $(patsubst %,$(B)/tests/fuzz/%,$(FUZZ_TARGETS))

$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(PROGRAM_OBJS) $(B)/libccx-topology.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=fuzzer -pthread $^ $(PKG_LIBS) $(LDFLAGS) -o $@

# never a file: each run is a new one
build/fuzz/run/%:
	@mkdir -p build/fuzz/crashes build/fuzz/corpus/$* build/fuzz/seeds/$*
	@$(if $(FUZZ_SEEDS_$*),cp $(FUZZ_SEEDS_$*) build/fuzz/seeds/$*/)
	@echo "--- $* for $(FUZZ_SECONDS) s"
	@build/fuzz/tests/fuzz/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-print_final_stats=1 $(FUZZ_OPTIONS_$*) -artifact_prefix=build/fuzz/crashes/ \
		build/fuzz/corpus/$* build/fuzz/seeds/$* >build/fuzz/$*.log 2>&1 || \
		{ tail -n 60 build/fuzz/$*.log; exit 1; }
	@grep -E '^(Done|stat::)' build/fuzz/$*.log

endif
