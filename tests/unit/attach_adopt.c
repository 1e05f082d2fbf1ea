// SPDX-License-Identifier: Apache-2.0
/*
 * attach_adopt.c - a run that is killed goes on in the next one: the same
 * maps, its places on the interfaces, and no packet unseen or seen twice in
 * between. In namespaces and on a bpffs of the test's own. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <sched.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "check.h"
#include "attach_lib.h"
#include "attach_run_lib.h"
#include "attach/pins.h"
#include "collect/ring.h"

static unsigned long ring_records(const struct loader *l)
{
	unsigned long n = 0;

	for (uint32_t cpu = 0; cpu < l->cpus; cpu++) {
		struct ring r;
		uint32_t bytes;

		if (l->ring_fds[cpu] < 0 || ring_open(&r, l->ring_fds[cpu], l->ring_bytes))
			continue;
		while (ring_next(&r, &bytes))
			n++;
		ring_close(&r);
	}
	return n;
}

static uint64_t epoch_left(void)
{
	struct nt_instance facts = { 0 };
	char path[512];
	const __u32 zero = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/nt_instance", lab_folder("default"));
	fd = bpf_obj_get(path);
	CHECK(fd >= 0 && !bpf_map_lookup_elem(fd, &zero, &facts));
	close(fd);
	return facts.epoch;
}

/* A frame every few microseconds, through a death and the next start. */
static void take_over(enum hook_mode hook, enum tc_mode tc, const char *in, const char *out)
{
	struct lab_run a, b;
	struct nt_counts sum;
	char ids[256];
	uint64_t epoch;
	pid_t pid;

	lab_quiet_veths(1);
	lab_bpffs();
	lab_run_init(&a, "a0", hook, tc, NULL);
	lab_run_init(&b, "a0", hook, tc, NULL);
	pid = lab_run_child(&a);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), in);
	snprintf(ids, sizeof(ids), "%s", lab_ids("a0"));
	epoch = epoch_left();
	lab_send("b0");
	lab_sent(200);
	lab_kill(pid);
	lab_sent(200);
	lab_listen();
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK(lab_said("taking over what a ninetap left"));
	lab_sent(200);
	lab_send_stop();
	CHECK(b.loader.adopted);
	CHECK_EQ(b.loader.epoch, epoch);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), in);
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), out);
	CHECK(strcmp(lab_ids("a0"), ids));
	CHECK_EQ(lab_seen(&b.loader, lab_iface_packets("a0")), lab_iface_packets("a0"));
	CHECK(lab_iface_packets("a0") >= 600);
	CHECK_EQ(loader_counts(&b.loader, &sum), 0);
	CHECK_EQ(sum.recorded.packets + sum.overflow.packets + sum.ring_full.packets, sum.seen.packets);
	CHECK_EQ(sum.seq, sum.seen.events);
	CHECK_EQ(ring_records(&b.loader), sum.recorded.events);
	lab_run_close(&b, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "");
	CHECK(!lab_has_qdisc("a0"));
	CHECK(!lab_folder("default"));
}

static void test_take_over_tcx(void)
{
	take_over(HOOK_AUTO, TC_TCX, "tcx:nt_tc_in", "tcx:nt_tc_out");
}

static void test_take_over_clsact(void)
{
	take_over(HOOK_AUTO, TC_CLSACT, "clsact:nt_tc_in", "clsact:nt_tc_out");
}

static void test_take_over_xdp(void)
{
	take_over(HOOK_XDP, TC_AUTO, "xdp:nt_xdp", lab_text("%s:nt_tc_out", lab_tc()));
}

/* Killed in between again, so that programs of two are there: the last one has all. */
static void test_twice(void)
{
	struct lab_run a, b, c;
	char ids[256];

	lab_quiet_veths(2);
	lab_bpffs();
	lab_run_init(&a, "a*", HOOK_AUTO, TC_AUTO, NULL);
	lab_run_init(&b, "a*", HOOK_AUTO, TC_CLSACT, NULL);
	lab_run_init(&c, "a0", HOOK_AUTO, TC_CLSACT, NULL);
	lab_kill(lab_run_child(&a));
	snprintf(ids, sizeof(ids), "%s", lab_ids("a0"));
	lab_listen();
	lab_kill(lab_run_child(&b));
	CHECK_EQ(lab_count("clsact instead of tcx"), lab_has_tcx() ? 4 : 0);
	CHECK_STR(lab_chain("a1", NT_DIR_IN), "clsact:nt_tc_in");
	lab_listen();
	CHECK_EQ(lab_run_open(&c), 0);
	CHECK_EQ(lab_count("it is not wanted any more"), 2);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK_STR(lab_chain("a1", NT_DIR_IN), "");
	CHECK(!lab_has_qdisc("a1"));
	CHECK(strcmp(lab_ids("a0"), ids));
	lab_run_close(&c, false);
	CHECK(!lab_has_qdisc("a0"));
}

/* auto keeps the place that there is, though it would take the other by itself. */
static void test_auto_stays(void)
{
	struct lab_run a, b;

	lab_quiet_veths(1);
	lab_bpffs();
	lab_run_init(&a, "a0", HOOK_AUTO, TC_CLSACT, NULL);
	lab_run_init(&b, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_kill(lab_run_child(&a));
	lab_listen();
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK_EQ(lab_count("instead of"), 0);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	lab_run_close(&b, false);
}

/* XDP is wanted and can't be had: TC is not left for the try; and is, once it can. */
static void test_xdp_is_tried_first(void)
{
	struct lab_run a, b, c;
	char path[600];
	int held;

	lab_quiet_veths(1);
	lab_bpffs();
	lab_do("ip link add d0 type bridge && ip link set d0 up");
	lab_run_init(&a, "[ad]0", HOOK_TC, TC_AUTO, NULL);
	lab_run_init(&b, "d0", HOOK_XDP, TC_AUTO, NULL);
	lab_run_init(&c, "[ad]0", HOOK_XDP, TC_AUTO, NULL);
	lab_kill(lab_run_child(&a));
	lab_listen();
	CHECK_EQ(lab_run_open(&c), 0);
	CHECK_EQ(lab_count("instead of"), 1);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:nt_xdp");
	CHECK_STR(lab_chain("d0", NT_DIR_IN), lab_text("%s:nt_tc_in", lab_tc()));
	lab_run_close(&c, true);
	snprintf(path, sizeof(path), "%s/link_%u_in_xdp", lab_folder("default"), if_nametoindex("a0"));
	held = bpf_obj_get(path);	/* as the kernel itself would for a while */
	CHECK(held >= 0);
	lab_listen();
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK_EQ(lab_count("it is not wanted any more"), 2);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	close(held);
	lab_run_close(&b, false);
}

static void test_kept(void)
{
	struct lab_run a, b;

	lab_quiet_veths(1);
	lab_bpffs();
	lab_run_init(&a, "a0", HOOK_XDP, TC_CLSACT, NULL);
	lab_run_init(&b, "a0", HOOK_XDP, TC_CLSACT, NULL);
	CHECK_EQ(lab_run_open(&a), 0);
	lab_run_close(&a, true);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:nt_xdp");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "clsact:nt_tc_out");
	lab_send("b0");
	lab_sent(50);
	lab_send_stop();
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK_EQ(lab_seen(&b.loader, 50), lab_iface_packets("a0"));
	lab_run_close(&b, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
}

/* What is counted and where it is attached survive a start that fails: at a name, or half way. */
static void test_failed_start_keeps(void)
{
	struct iface_rule both[] = { { .match = "a0" }, { .match = "a1" } };
	struct lab_run a, b, c, d;
	char ids[256];

	lab_quiet_veths(2);
	lab_bpffs();
	lab_do("tc qdisc add dev a1 ingress");
	lab_run_init(&a, "a0", HOOK_AUTO, TC_CLSACT, NULL);
	lab_run_init(&b, "nosuch0", HOOK_AUTO, TC_CLSACT, NULL);
	lab_run_init(&c, "", HOOK_AUTO, TC_CLSACT, NULL);
	lab_run_init(&d, "a0", HOOK_AUTO, TC_CLSACT, NULL);
	lab_kill(lab_run_child(&a));
	CHECK_EQ(lab_run_open(&b), -ENODEV);
	lab_run_close(&b, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	snprintf(ids, sizeof(ids), "%s", lab_ids("a0"));
	c.options.ifaces = both;
	c.options.ifaces_n = 2;
	CHECK_EQ(lab_run_open(&c), -EOPNOTSUPP);
	lab_run_close(&c, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK(strcmp(lab_ids("a0"), ids));
	CHECK_EQ(lab_run_open(&d), 0);
	CHECK(d.loader.adopted);
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "clsact:nt_tc_out");
	lab_run_close(&d, false);
	CHECK(!lab_has_qdisc("a0"));
}

/* Somebody removed the pins of rings and tables: they stand in the programs' arrays still, with all that is in them. */
static void test_unpinned_maps_are_found(void)
{
	const char *const pins[] = { "ring_0", "ring_1", "flows_short_0", "flows_long_1" };
	struct lab_run a, b;
	unsigned long sent;
	char path[512];

	lab_quiet_veths(1);
	lab_bpffs();
	lab_run_init(&a, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_run_init(&b, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_kill(lab_run_child(&a));
	lab_send("b0");
	lab_sent(200);
	lab_send_stop();
	sent = lab_iface_packets("a0");
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", lab_folder("default"), pins[i]);
		(void)!unlink(path);		/* there may be one CPU only */
	}
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK_EQ(ring_records(&b.loader), sent);
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", lab_folder("default"), pins[i]);
		CHECK(i == 1 || !access(path, F_OK));
	}
	CHECK(pins_stand(b.loader.pins));
	snprintf(path, sizeof(path), "%s/nt_instance", lab_folder("default"));
	unlink(path);
	CHECK(!pins_stand(b.loader.pins));
	lab_run_close(&b, false);
}

static void test_interface_deleted_meanwhile(void)
{
	struct lab_run a, b;

	lab_quiet_veths(2);
	lab_bpffs();
	lab_run_init(&a, "a*", HOOK_XDP, TC_AUTO, NULL);
	lab_run_init(&b, "a*", HOOK_XDP, TC_AUTO, NULL);
	lab_kill(lab_run_child(&a));
	lab_do("ip link del a1");
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK_EQ(ifaces_count(b.ifaces), 1);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:nt_xdp");
	lab_do("ls %s | grep -c ^link_ | grep -qx %d", lab_folder("default"), lab_has_tcx() ? 2 : 1);
	lab_run_close(&b, false);
}

/* Its number is another interface's now: the pin leads to one that is not here. */
static void test_interface_moved_meanwhile(void)
{
	struct lab_run a, b;
	int here, there, index;

	lab_quiet_veths(1);
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	lab_enter();
	there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(!setns(here, CLONE_NEWNET));
	lab_bpffs();
	lab_run_init(&a, "a0", HOOK_XDP, TC_AUTO, NULL);
	lab_run_init(&b, "a0", HOOK_XDP, TC_AUTO, NULL);
	lab_kill(lab_run_child(&a));
	index = if_nametoindex("a0");
	lab_do("ip link set a0 netns /proc/%d/fd/%d && ip link add a0 index %d type veth peer name c0", getpid(), there, index);
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:nt_xdp");
	CHECK(!setns(there, CLONE_NEWNET));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	CHECK(!setns(here, CLONE_NEWNET));
	lab_run_close(&b, false);
	close(here);
	close(there);
}

/* Other rings and tables are asked for: those with records in them stay. */
static void test_sizes_stay(void)
{
	struct lab_run a, b;

	lab_quiet_veths(1);
	lab_bpffs();
	lab_run_init(&a, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_run_init(&b, "a0", HOOK_AUTO, TC_AUTO, NULL);
	b.options.ring_bytes = 1 << 18;
	b.options.flow_entries = 128;
	lab_kill(lab_run_child(&a));
	lab_listen();
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK(lab_said("rings of 1048576 bytes and flow tables of 64 entries stay as they are"));
	CHECK_EQ(b.loader.ring_bytes, 1 << 20);
	CHECK_EQ(b.loader.flow_entries, 64);
	CHECK(b.loader.flow_short_fds[1] >= 0 && b.loader.flow_long_fds[1] >= 0 && b.loader.slots_n);
	lab_run_close(&b, false);
}

/* Shared memory is the same memory. */
static void test_shared_memory_stays(void)
{
	struct nt_flow_slot slot = { .words[63] = 9 }, read = { 0 };
	struct lab_run a, b;
	uint32_t last;

	lab_quiet_veths(1);
	lab_bpffs();
	lab_run_init(&a, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_run_init(&b, "a0", HOOK_AUTO, TC_AUTO, NULL);
	CHECK_EQ(lab_run_open(&a), 0);
	CHECK_EQ(a.loader.control->generation, 1);
	last = a.loader.slots_n - 1;
	a.loader.control->generation = 7;
	a.loader.outcomes[0].copy[1].ring_pos = 8;
	CHECK_EQ(bpf_map_update_elem(a.loader.slots_fd, &last, &slot, 0), 0);
	lab_run_close(&a, true);
	b.options.mode = MODE_FLOW;
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK_EQ(b.loader.control->generation, 7);
	CHECK_EQ(b.loader.control->mode.mode, NT_MODE_FLOW);	/* a setting, not a state */
	CHECK_EQ(b.loader.outcomes[0].copy[1].ring_pos, 8);
	CHECK_EQ(b.loader.slots_n, last + 1);
	CHECK_EQ(bpf_map_lookup_elem(b.loader.slots_fd, &last, &read), 0);
	CHECK_EQ(read.words[63], 9);
	lab_run_close(&b, false);
}

int main(void)
{
	if (lab_has_tcx())
		RUN(test_take_over_tcx);
	RUN(test_take_over_clsact);
	RUN(test_take_over_xdp);
	RUN(test_twice);
	RUN(test_auto_stays);
	RUN(test_xdp_is_tried_first);
	RUN(test_kept);
	RUN(test_failed_start_keeps);
	RUN(test_unpinned_maps_are_found);
	RUN(test_interface_deleted_meanwhile);
	RUN(test_interface_moved_meanwhile);
	RUN(test_sizes_stay);
	RUN(test_shared_memory_stays);
	return check_done();
}
