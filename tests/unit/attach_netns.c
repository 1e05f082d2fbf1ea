/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_netns.c - attaching as a guest, in network namespaces of the test's
 * own: which hook is taken, and that programs of others stay. Needs root.
 */
#include <errno.h>
#include <net/if.h>
#include <sysexits.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include "check.h"
#include "attach_lib.h"

static void choice(const struct link *l, bool strips_vlan, enum hook_mode mode, bool xdp, size_t warnings)
{
	struct attach_choice c = attach_choose(l, strips_vlan, mode);

	CHECK_EQ(c.xdp, xdp);
	CHECK_EQ(c.n, warnings);
}

static void test_choice(void)
{
	struct link nic = { .type = 1, .parent = true }, veth = { .type = 1, .kind = "veth" };
	struct link tun = { .type = 0xfffe, .kind = "tun" }, tap = { .type = 1, .kind = "tun" };
	struct link virtio = { .type = 1, .parent = true, .bus = "virtio" };

	choice(&nic, false, HOOK_AUTO, true, 0);
	choice(&nic, true, HOOK_AUTO, false, 0);
	choice(&nic, false, HOOK_TC, false, 0);
	choice(&nic, false, HOOK_XDP, true, 0);
	choice(&nic, true, HOOK_XDP, true, 1);
	choice(&veth, false, HOOK_AUTO, false, 0);
	choice(&veth, false, HOOK_XDP, true, 1);
	choice(&veth, true, HOOK_XDP, true, 2);
	choice(&virtio, false, HOOK_AUTO, false, 0);
	choice(&virtio, false, HOOK_XDP, true, 1);
	choice(&tap, false, HOOK_AUTO, false, 0);
	choice(&tap, false, HOOK_XDP, true, 1);
	CHECK_STR(attach_choose(&tap, false, HOOK_XDP).why[0],
		  "packets that stand for many (a guest's TSO) are counted as one: packets and bytes are too low");
	choice(&tun, false, HOOK_AUTO, false, 0);
	choice(&tun, false, HOOK_XDP, false, 1);
}

static void test_veth_auto_is_tc(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_AUTO, TC_AUTO);
	lab_listen();
	CHECK_EQ(lab_open(&a), 0);
	CHECK(lab_said(lab_text("attached a0 ingress %s egress %s", lab_tc(), lab_tc())));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), lab_text("%s:nt_tc_in", lab_tc()));
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), lab_text("%s:nt_tc_out", lab_tc()));
	CHECK_EQ(lab_has_qdisc("a0"), !lab_has_tcx());
	CHECK_EQ(ifaces_count(a.ifaces), 1);
	lab_close(&a, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	CHECK(!lab_has_qdisc("a0"));
}

static void test_veth_xdp_is_warned_of(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_XDP, TC_AUTO);
	lab_listen();
	CHECK_EQ(lab_open(&a), 0);
	CHECK(lab_said("attach a0 ingress xdp: XDP turns the segmentation offload"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:nt_xdp");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), lab_text("%s:nt_tc_out", lab_tc()));
	lab_close(&a, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
}

/* Generic XDP would miscount what GRO merged. */
static void test_tc_where_the_driver_has_no_xdp(void)
{
	struct lab_instance a;

	lab_enter();
	lab_do("ip link add d0 type bridge");
	lab_instance(&a, "d0", HOOK_XDP, TC_AUTO);
	lab_listen();
	CHECK_EQ(lab_open(&a), 0);
	CHECK(lab_said("attach d0 ingress xdp: the driver has none, and generic XDP counts"));
	CHECK_STR(lab_chain("d0", NT_DIR_IN), lab_text("%s:nt_tc_in", lab_tc()));
	lab_close(&a, false);
}

static void test_clsact_comes_and_goes(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	CHECK_EQ(lab_open(&a), 0);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "clsact:nt_tc_out");
	lab_close(&a, false);
	CHECK(!lab_has_qdisc("a0"));
}

static void test_foreign_qdisc_stays(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_do("tc qdisc add dev a0 clsact");
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	CHECK_EQ(lab_open(&a), 0);
	lab_close(&a, false);
	CHECK(lab_has_qdisc("a0"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
}

static void test_filter_in_our_qdisc_keeps_it(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	CHECK_EQ(lab_open(&a), 0);
	CHECK_EQ(lab_foreign_filter("a0", NT_DIR_OUT, 7, 1), 0);
	lab_close(&a, false);
	CHECK(lab_has_qdisc("a0"));
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "clsact:foreign");
}

static void test_taken_priorities(void)
{
	struct lab_instance a;

	lab_veths(1);
	CHECK_EQ(lab_foreign_filter("a0", NT_DIR_IN, 1, 1), 0);
	CHECK_EQ(lab_foreign_filter("a0", NT_DIR_IN, ATTACH_TC_PRIO, ATTACH_TC_HANDLE), 0);
	lab_do("tc filter add dev a0 ingress prio %d protocol ip u32 match u32 0 0", ATTACH_TC_PRIO + 1);
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	lab_listen();
	CHECK_EQ(lab_open(&a), 0);
	CHECK(lab_said("priority 3 is taken"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:foreign clsact:foreign clsact:u32 clsact:nt_tc_in");
	lab_close(&a, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:foreign clsact:foreign clsact:u32");
}

static void test_all_priorities_are_taken(void)
{
	struct lab_instance a;

	lab_veths(1);
	for (int i = 0; i < ATTACH_TC_PRIO_TRIES; i++)
		CHECK_EQ(lab_foreign_filter("a0", NT_DIR_IN, ATTACH_TC_PRIO + i, ATTACH_TC_HANDLE), 0);
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	lab_listen();
	CHECK_EQ(lab_open(&a), -EEXIST);
	CHECK(lab_said("error: attach a0 ingress clsact: File exists: Filter already exists"));
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "");
	lab_close(&a, false);
}

static void test_ingress_qdisc_is_no_clsact(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_do("tc qdisc add dev a0 ingress");
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	lab_listen();
	CHECK_EQ(lab_open(&a), -EOPNOTSUPP);
	CHECK(lab_said("somebody's ingress qdisc is in its place"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	CHECK(lab_has_qdisc("a0"));
	lab_close(&a, false);
}

static void test_foreign_xdp_stays(void)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	struct lab_instance a;
	int fd, link;

	lab_veths(1);
	fd = lab_prog(true, "foreign", 2);
	link = bpf_link_create(fd, if_nametoindex("a0"), BPF_XDP, &opts);
	CHECK(link >= 0);
	lab_instance(&a, "a0", HOOK_XDP, TC_AUTO);
	lab_listen();
	CHECK_EQ(lab_open(&a), 0);
	CHECK(lab_said("(foreign) is there: TC is used"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), lab_text("xdp:foreign %s:nt_tc_in", lab_tc()));
	lab_close(&a, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:foreign");
	close(link);
	close(fd);
}

static void test_foreign_tcx_stays(void)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = CHAIN_BPF_F_BEFORE);
	struct lab_instance a;
	int fd, link;

	lab_veths(1);
	fd = lab_prog(false, "foreign", 0);
	link = bpf_link_create(fd, if_nametoindex("a0"), CHAIN_BPF_TCX_INGRESS, &opts);
	CHECK(link >= 0);
	lab_instance(&a, "a0", HOOK_AUTO, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "tcx:nt_tc_in tcx:foreign");
	lab_close(&a, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "tcx:foreign");
	close(link);
	close(fd);
}

static void test_tun_is_read_from_ip_on(void)
{
	struct lab_instance a;

	lab_enter();
	lab_do("ip tuntap add t0 mode tun");
	lab_instance(&a, "t*", HOOK_XDP, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	CHECK_STR(lab_chain("t0", NT_DIR_IN), lab_text("%s:nt_tc_in_l3", lab_tc()));
	CHECK_STR(lab_chain("t0", NT_DIR_OUT), lab_text("%s:nt_tc_out_l3", lab_tc()));
	lab_close(&a, false);
}

static void test_missing_name(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "nosuch0", HOOK_AUTO, TC_AUTO);
	lab_listen();
	CHECK_EQ(lab_open(&a), -ENODEV);
	CHECK(lab_said("attach nosuch0: no such interface"));
	CHECK_EQ(ifaces_exit_code(-ENODEV), EX_NOINPUT);
	lab_close(&a, false);
}

static void no_descriptors(enum tc_mode tc, const char *chain, int at_least)
{
	struct lab_instance a;
	int failures = 0, err;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_AUTO, tc);
	do {
		lab_listen();
		lab_descriptors(failures);
		err = lab_open(&a);
		lab_descriptors(-1);
		CHECK_EQ(lab_count("error: "), err ? 1 : 0);
		CHECK_STR(lab_chain("a0", NT_DIR_IN), err ? "" : chain);
	} while (err && ++failures < 20);
	CHECK(failures >= at_least && !err);
	lab_close(&a, false);
}

/* Whatever can't be opened (two sockets, and two links if there are any): one sentence, and nothing is left. */
static void test_no_descriptors(void)
{
	no_descriptors(TC_CLSACT, "clsact:nt_tc_in", 2);
	if (lab_has_tcx())
		no_descriptors(TC_TCX, "tcx:nt_tc_in", 4);
}

int main(void)
{
	RUN(test_choice);
	RUN(test_veth_auto_is_tc);
	RUN(test_veth_xdp_is_warned_of);
	RUN(test_tc_where_the_driver_has_no_xdp);
	RUN(test_clsact_comes_and_goes);
	RUN(test_foreign_qdisc_stays);
	RUN(test_filter_in_our_qdisc_keeps_it);
	RUN(test_taken_priorities);
	RUN(test_all_priorities_are_taken);
	RUN(test_ingress_qdisc_is_no_clsact);
	RUN(test_foreign_xdp_stays);
	if (lab_has_tcx())
		RUN(test_foreign_tcx_stays);
	RUN(test_tun_is_read_from_ip_on);
	RUN(test_missing_name);
	RUN(test_no_descriptors);
	return check_done();
}
