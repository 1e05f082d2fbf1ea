# SPDX-License-Identifier: Apache-2.0
# Every verb that a person types. `sudo make run` and `sudo make test` do all
# the set-up themselves; `make` alone builds what the installed packages allow.

CLANG ?= clang
CC ?= gcc
BPFTOOL ?= bpftool
PREFIX ?= /usr/local
DESTDIR ?=
UNIT_DIR = $(PREFIX)/lib/systemd/system
VERSION := 0.1.0
PKGS := libbpf libelf zlib rdkafka jansson libmicrohttpd

# SAN=1: everything under AddressSanitizer and UndefinedBehaviorSanitizer, beside the plain build.
ifeq ($(SAN),1)
B := build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
else
B := build
SANFLAGS :=
endif

CPPFLAGS += -Iinclude -Iuser -Ibuild -D_GNU_SOURCE -DNINETAP_VERSION='"$(VERSION)"'
CFLAGS += -std=gnu11 -O2 -g -Wall -Wextra -Werror -fno-omit-frame-pointer -pthread $(SANFLAGS)
LDLIBS += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -pthread
BPFFLAGS := -std=gnu11 -g -O2 -Wall -Wextra -Werror -target bpf -mcpu=v3 -Ivmlinux -Iinclude -Ibpf

USER_SRC := $(wildcard user/*/*.c)
USER_OBJ := $(USER_SRC:%.c=$(B)/obj/%.o)
UNIT_SRC := $(filter-out %_lib.c,$(wildcard tests/unit/*.c))
UNIT_BIN := $(UNIT_SRC:tests/%.c=$(B)/tests/%)
BPFTEST_SRC := $(filter-out %_lib.c,$(wildcard tests/bpf/*.c))
BPFTEST_BIN := $(BPFTEST_SRC:tests/%.c=$(B)/tests/%)
HELPER_SRC := $(filter-out %_lib.c,$(filter-out %.bpf.c,$(wildcard tests/netns/*.c tests/kafka/*.c tests/ledger/*.c tests/kernels/*.c tests/bench/*.c tests/counts/*.c)))
HELPER_BIN := $(HELPER_SRC:tests/%.c=$(B)/tests/%)
TESTLIB_OBJ = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(dir $(1))*_lib.c))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run test bench bench-short install uninstall clean vmlinux schema man tests fuzz check-layers test-tags test-ledger test-kernels soak test-mutants counts counts-record setup setup-test setup-bench help

all: $(B)/ninetap

help:
	@echo "make            build build/ninetap"
	@echo "make run        install what is missing, build, watch a lab (IFACE=NAME: a real interface)"
	@echo "make test       install what is missing, build, run all tests"
	@echo "make test-tags  the tests of the tags alone"
	@echo "make test-ledger  the tests that count every packet: overload, crash, outage"
	@echo "make test-kernels  under Debian's kernels 6.1, 6.12 and its newest, in software emulation"
	@echo "make soak       an hour under load: memory and open files stay flat"
	@echo "make test-mutants  show that broken rules are caught"
	@echo "make counts     instructions, against those recorded; make counts-record records them"
	@echo "make bench      measure for ten minutes: a table, each figure beside the machine's own limit"
	@echo "make bench-short  the same in two minutes, less exactly"
	@echo "make install | uninstall   PREFIX=$(PREFIX) DESTDIR=$(DESTDIR); the systemd unit, too, which is not enabled by it"
	@echo "make setup | setup-test | setup-bench   install what is missing to build, to test, to measure"
	@echo "make tests | fuzz          build the tests, the fuzzers; SAN=1: with sanitizers, into build/san"
	@echo "make check-layers          includes go downwards only"
	@echo "make vmlinux | schema | man   make the generated files of the tree again"
	@echo "make clean      remove build"

# --- kernel side -----------------------------------------------------------
build/ninetap.bpf.o: bpf/ninetap.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPFFLAGS) -MMD -MP -MF build/ninetap.bpf.d -c $< -o $@

build/ninetap.skel.h: build/ninetap.bpf.o
	$(BPFTOOL) gen skeleton $< name nt_bpf > $@

vmlinux:
	$(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux format c | python3 scripts/gen-vmlinux.py > vmlinux/vmlinux.h

# --- user side -------------------------------------------------------------
$(B)/obj/%.o: %.c | build/ninetap.skel.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Itests -Ibpf -MMD -MP -c $< -o $@

$(B)/ninetap: $(B)/obj/user/main.o $(USER_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

build/tests/%.bpf.o: tests/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPFFLAGS) -Wno-unused-parameter -MMD -MP -MF $(@:.o=.d) -c $< -o $@

build/tests/%.skel.h: build/tests/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $(notdir $*) > $@

$(B)/obj/tests/bench/kernel_lib.o: build/tests/bench/limits.skel.h
$(B)/obj/tests/bench/live.o $(B)/obj/tests/bench/sender_lib.o: build/tests/bench/live.skel.h
$(B)/obj/tests/bench/twin_lib.o: build/tests/bench/drop.skel.h
$(B)/obj/tests/ledger/send.o: build/tests/ledger/send.skel.h

# --- tests -----------------------------------------------------------------
.SECONDEXPANSION:
$(B)/tests/%: $(B)/obj/tests/%.o $$(call TESTLIB_OBJ,tests/$$*) $(USER_OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# With the builder of frames.
$(B)/tests/counts/bpf_cost: $(B)/obj/tests/bpf/packet_lib.o $(B)/obj/tests/bpf/headers_lib.o

# These fail the n-th allocation, for every n.
$(B)/tests/unit/encode_alloc $(B)/tests/unit/inventory_alloc $(B)/tests/unit/ledger_events $(B)/tests/unit/sink_kafka_alloc $(B)/tests/unit/spool_alloc: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=slab_take

# Without what needs librdkafka, and what needs that.
FUZZ_SRC := $(wildcard user/base/*.c user/tag/*.c user/encode/*.c) $(filter-out user/inventory/topic%.c user/inventory/keeper%.c,$(wildcard user/inventory/*.c))
build/fuzz/%: tests/fuzz/%.c $(FUZZ_SRC) $(wildcard bpf/*.h include/ninetap/*.h user/*/*.h user/collect/capture*.c user/sink/spool*.c user/audit/*.c tests/fuzz/*.h tests/*.h) | build/ninetap.skel.h
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -std=gnu11 -O1 -g -Wall -Itests -Ibpf -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $< $(FUZZ_SRC) -ljansson -lz -pthread -o $@

tests: $(UNIT_BIN) $(BPFTEST_BIN) $(HELPER_BIN)
fuzz: $(FUZZ_BIN)

setup:
	@scripts/setup.sh build
setup-test:
	@scripts/setup.sh build test
setup-bench:
	@scripts/setup.sh bench

run: setup
	@$(MAKE) --no-print-directory -s all
	@scripts/lab.sh run

test: setup-test
	@$(MAKE) --no-print-directory -s -j2 all tests fuzz
	@$(MAKE) --no-print-directory -s -j2 SAN=1 all tests
	@scripts/run-tests

test-tags: setup-test
	@$(MAKE) --no-print-directory -s -j2 all tests
	@scripts/run-tests tags

test-ledger: setup-test
	@$(MAKE) --no-print-directory -s -j2 all tests
	@scripts/run-tests ledger allocations kernels

# make test has the oldest of them alone.
test-kernels: setup-test
	@$(MAKE) --no-print-directory -s -j2 all tests
	@scripts/test-kernels

# An hour; as a part of test-ledger two minutes.
soak: setup-test
	@$(MAKE) --no-print-directory -s -j2 all tests
	@SOAK_SECONDS=3600 scripts/run-tests soak

# Instructions, of which CI may make something: they are the same in each run.
counts: setup-test
	@$(MAKE) --no-print-directory -s -j2 all tests
	@scripts/run-tests counts

counts-record: setup-test
	@$(MAKE) --no-print-directory -s -j2 all tests
	@build/venv/bin/python tests/counts/counts.py record
	@GUEST=load scripts/test-kernels 6.1 6.12 > build/verified.txt
	@build/venv/bin/python tests/counts/counts.py record-kernels build/verified.txt

test-mutants: setup-test
	@scripts/run-mutants

# BENCH="--only kernel": some figures alone; --list names them.
bench bench-short: setup-bench
	@$(MAKE) --no-print-directory -s -j2 all $(HELPER_BIN)
	@build/venv/bin/python tests/bench/bench.py $(if $(filter bench-short,$@),--short) $(BENCH)

# A stage includes what comes before it, never what comes after (docs/architecture.md).
check-layers:
	@scripts/check-layers

# --- generated files that are kept in the tree -------------------------------
schema man: $(B)/ninetap
	$(B)/ninetap generate avsc > include/ninetap/ninetap.avsc
	$(B)/ninetap generate avsc-flows > include/ninetap/flows.avsc
	$(B)/ninetap generate man > docs/ninetap.8

# What turns others' inventories into tags; export_tags.py is openstack-export's, and found beside it.
TAG_TOOLS := scripts/openstack-export scripts/kubernetes-export scripts/amqp-to-kafka

install: all
	install -D -m 0755 build/ninetap $(DESTDIR)$(PREFIX)/sbin/ninetap
	install -D -m 0644 docs/ninetap.8 $(DESTDIR)$(PREFIX)/share/man/man8/ninetap.8
	install -D -m 0644 include/ninetap/ninetap.avsc $(DESTDIR)$(PREFIX)/share/ninetap/ninetap.avsc
	install -m 0644 include/ninetap/flows.avsc $(DESTDIR)$(PREFIX)/share/ninetap/
	install -D -m 0644 docs/ninetap.json $(DESTDIR)$(PREFIX)/share/ninetap/ninetap.json
	install -m 0644 docs/tags.jsonl scripts/export_tags.py $(DESTDIR)$(PREFIX)/share/ninetap/
	install -m 0755 $(TAG_TOOLS) $(DESTDIR)$(PREFIX)/share/ninetap/
	install -d $(DESTDIR)$(UNIT_DIR)
	sed 's|/usr/local/|$(PREFIX)/|' scripts/ninetap.service > $(DESTDIR)$(UNIT_DIR)/ninetap.service
	chmod 0644 $(DESTDIR)$(UNIT_DIR)/ninetap.service

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/ninetap $(DESTDIR)$(PREFIX)/share/man/man8/ninetap.8 $(DESTDIR)$(UNIT_DIR)/ninetap.service
	rm -rf $(DESTDIR)$(PREFIX)/share/ninetap

clean:
	rm -rf build

-include build/ninetap.bpf.d $(wildcard build/tests/*/*.bpf.d)
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
