// SPDX-License-Identifier: Apache-2.0
/*
 * attach_loader.c - maps as they are made: their bounds, copies of the
 * counters, modes of interfaces. In namespaces of the test's own. Needs root.
 */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "check.h"
#include "attach_lib.h"
#include "attach_run_lib.h"
#include "attach/loader_priv.h"

static void test_bounds(void)
{
	lab_listen();
	CHECK_EQ(loader_bounded_ring_bytes(8 << 20, 128), 8 << 20);
	CHECK_EQ(loader_bounded_flow_entries(16384, 31), 16384);
	CHECK(lab_silent());
	lab_listen();
	CHECK_EQ(loader_bounded_ring_bytes(8 << 20, 129), 4 << 20);
	CHECK(lab_said("rings of 129 CPUs: 4194304 bytes each instead of 8388608, to stay within 1073741824 in all"));
	lab_listen();
	CHECK_EQ(loader_bounded_flow_entries(16384, 32), 8192);
	CHECK(lab_said("flow tables of 32 CPUs: 8192 entries each instead of 16384, to stay within 1073741824 bytes in all"));
	CHECK_EQ(loader_bounded_flow_entries(4000000, 4096), 122);
}

/* Of one CPU, as if its program stood between the two ends. */
static void stand(struct loader *l, uint32_t cpu, uint64_t begun, uint64_t ended)
{
	struct nt_counts *all = calloc(l->cpus, sizeof(*all));
	const __u32 zero = 0;

	CHECK(!bpf_map_lookup_elem(l->counts_fd, &zero, all));
	all[cpu].begun = begun;
	all[cpu].ended = ended;
	all[cpu].seen.packets = begun;
	all[cpu].cut = 2 * begun;
	CHECK(!bpf_map_update_elem(l->counts_fd, &zero, all, BPF_ANY));
	free(all);
}

static void test_snapshot(void)
{
	struct lab_run r;
	struct nt_counts *all, sum;
	bool *exact;

	lab_run_init(&r, "a0", HOOK_AUTO, TC_AUTO, NULL);
	CHECK_EQ(loader_open(&r.loader, &r.options, true, 0), 0);
	all = calloc(r.loader.cpus, sizeof(*all));
	exact = calloc(r.loader.cpus, sizeof(*exact));
	stand(&r.loader, r.loader.cpus - 1, 5, 5);
	CHECK_EQ(loader_snapshot(&r.loader, all, exact), 0);
	CHECK(exact[0] && exact[r.loader.cpus - 1]);
	stand(&r.loader, 0, 8, 7);
	CHECK_EQ(loader_snapshot(&r.loader, all, exact), 0);
	CHECK(!exact[0]);
	CHECK(r.loader.cpus == 1 || exact[r.loader.cpus - 1]);
	CHECK_EQ(all[0].seen.packets, 8);
	CHECK_EQ(loader_counts(&r.loader, &sum), 0);
	CHECK_EQ(sum.seen.packets, r.loader.cpus == 1 ? 8 : 13);
	CHECK_EQ(sum.cut, r.loader.cpus == 1 ? 16 : 26);
	CHECK_EQ(loader_synchronize(&r.loader), 0);
	free(all);
	free(exact);
	lab_run_close(&r, false);
}

/* Alone it is nobody's: nothing is pinned, and the CPUs that are not asked for have nothing. */
static void test_one_cpu(void)
{
	struct lab_run r;

	lab_bpffs();
	lab_run_init(&r, "a0", HOOK_AUTO, TC_AUTO, NULL);
	CHECK_EQ(loader_open(&r.loader, &r.options, true, 0), 0);
	CHECK(!r.loader.pins && r.loader.hold < 0 && access(LAB_PINS, F_OK));
	CHECK(r.loader.ring_fds[0] >= 0 && r.loader.flow_long_fds[1] >= 0);
	CHECK(r.loader.cpus == 1 || r.loader.ring_fds[1] < 0);
	CHECK_EQ(r.loader.control->generation, 1);
	CHECK_EQ(r.loader.slots_n, (64 + 32) * 3 / 2);
	lab_run_close(&r, false);
}

static struct nt_iface_mode mode_of(const struct loader *l, const char *iface)
{
	struct nt_iface_mode mode = { 99, 99 };
	__u32 index = if_nametoindex(iface);

	CHECK(!bpf_map_lookup_elem(l->modes_fd, &index, &mode));
	return mode;
}

static void note(int ifindex, const char *name, const struct iface_rule *rule, void *arg)
{
	char *all = arg;

	sprintf(all + strlen(all), "%s%d:%s:%s", all[0] ? " " : "", ifindex - (int)if_nametoindex(name), name,
		mode_words[rule->mode]);
}

static void test_modes(void)
{
	struct iface_rule rules[] = {
		{ .match = "a0", .mode = MODE_FLOW }, { .match = "a1", .mode = MODE_AUTO },
		{ .match = "c*", .mode = MODE_FLOW }, { .match = "high", .mode = MODE_FLOW },
	};
	struct lab_run r;
	char all[256] = "";

	lab_quiet_veths(2);
	lab_bpffs();
	lab_do("ip link add high index 70000 type bridge");
	lab_run_init(&r, "", HOOK_AUTO, TC_CLSACT, NULL);
	r.options.ifaces = rules;
	r.options.ifaces_n = 2;
	CHECK_EQ(lab_run_open(&r), 0);
	CHECK_EQ(r.loader.control->mode.mode, NT_MODE_PACKET);
	CHECK(mode_of(&r.loader, "a0").mode == NT_MODE_FLOW && mode_of(&r.loader, "a0").sample == 1);
	CHECK(mode_of(&r.loader, "a1").mode == NT_MODE_PACKET && mode_of(&r.loader, "a1").sample == 1);
	ifaces_each(r.ifaces, note, all);
	CHECK(!strcmp(all, "0:a1:auto 0:a0:flow") || !strcmp(all, "0:a0:flow 0:a1:auto"));
	r.options.ifaces_n = 4;
	lab_do("ip link set a1 name c1");
	lab_listen();
	lab_do("ip link set high up");
	while (ifaces_count(r.ifaces) < 3)
		CHECK(!ifaces_event(r.ifaces));
	CHECK(lab_said("mode of high: its number 70000 is too high for a mode of its own: --mode holds"));
	CHECK_EQ(mode_of(&r.loader, "c1").mode, NT_MODE_FLOW);
	lab_run_close(&r, false);
}

/* Packets of both directions at once, and a copy is still of one moment. */
static void test_exact_under_load(void)
{
	struct lab_run r;
	struct nt_counts *all;
	bool *exact;

	lab_quiet_veths(1);
	lab_bpffs();
	lab_run_init(&r, "a0", HOOK_AUTO, TC_AUTO, NULL);
	CHECK_EQ(lab_run_open(&r), 0);
	all = calloc(r.loader.cpus, sizeof(*all));
	exact = calloc(r.loader.cpus, sizeof(*exact));
	lab_send("b0");
	lab_sent(100);
	for (int i = 0; i < 1000; i++) {
		CHECK_EQ(loader_snapshot(&r.loader, all, exact), 0);
		for (uint32_t cpu = 0; cpu < r.loader.cpus; cpu++)
			CHECK(!exact[cpu] || all[cpu].seen.packets == all[cpu].recorded.packets + all[cpu].overflow.packets +
									 all[cpu].ring_full.packets);
	}
	lab_send_stop();
	CHECK_EQ(loader_snapshot(&r.loader, all, exact), 0);
	for (uint32_t cpu = 0; cpu < r.loader.cpus; cpu++)
		CHECK(exact[cpu]);
	free(all);
	free(exact);
	lab_run_close(&r, false);
}

int main(void)
{
	RUN(test_bounds);
	RUN(test_snapshot);
	RUN(test_one_cpu);
	RUN(test_modes);
	RUN(test_exact_under_load);
	return check_done();
}
