/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_watch.c - what happens after attaching, in network namespaces of the
 * test's own: a second instance is refused, what is removed comes back,
 * interfaces come, go and move. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <bpf/bpf.h>
#include "check.h"
#include "attach_lib.h"
#include "base/clock.h"
#include "attach/ifaces_priv.h"

static void second_instance(enum hook_mode hook1, enum tc_mode tc1, enum hook_mode hook2, enum tc_mode tc2)
{
	struct lab_instance a, b;
	char in[256], pid[64];

	lab_veths(2);
	lab_instance(&a, "a0", hook1, tc1);
	CHECK_EQ(lab_open(&a), 0);
	snprintf(in, sizeof(in), "%s", lab_chain("a0", NT_DIR_IN));
	snprintf(pid, sizeof(pid), "ninetap with pid %d is already there", getpid());
	lab_instance(&b, "a*", hook2, tc2);
	lab_listen();
	CHECK_EQ(lab_open(&b), -EBUSY);
	CHECK(lab_said(pid));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), in);
	CHECK_STR(lab_chain("a1", NT_DIR_IN), "");
	lab_close(&b, false);
	ifaces_check(a.ifaces);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), in);
	lab_close(&a, false);
}

static void test_second_instance_is_refused(void)
{
	second_instance(HOOK_AUTO, TC_AUTO, HOOK_AUTO, TC_AUTO);
	second_instance(HOOK_AUTO, TC_CLSACT, HOOK_AUTO, TC_CLSACT);
	second_instance(HOOK_XDP, TC_AUTO, HOOK_AUTO, TC_AUTO);
	if (lab_has_tcx())
		second_instance(HOOK_AUTO, TC_CLSACT, HOOK_AUTO, TC_TCX);
}

static void test_removed_links_come_back(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_XDP, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	/* What `bpftool link detach` does, to every link in sight of this test: ours, by fd. */
	for (int fd = 3; fd < 64; fd++)
		(void)!bpf_link_detach(fd);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), lab_has_tcx() ? "" : "clsact:nt_tc_out");
	lab_listen();
	ifaces_check(a.ifaces);
	CHECK(lab_said(lab_text("restored a0 %s: it was removed by somebody", lab_has_tcx() ? "egress tcx" : "ingress xdp")));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:nt_xdp");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), lab_text("%s:nt_tc_out", lab_tc()));
	lab_close(&a, false);
}

static void test_removed_filters_come_back(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	CHECK_EQ(lab_open(&a), 0);
	lab_events(&a);
	lab_do("tc filter del dev a0 egress prio %d", ATTACH_TC_PRIO);
	lab_listen();
	lab_events(&a);
	CHECK(lab_said("restored a0 egress clsact: it was removed by somebody"));
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "clsact:nt_tc_out");
	lab_close(&a, false);
	CHECK(!lab_has_qdisc("a0"));
}

static void test_deleted_qdisc_comes_back(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_AUTO, TC_CLSACT);
	CHECK_EQ(lab_open(&a), 0);
	lab_do("tc qdisc del dev a0 clsact");
	lab_events(&a);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "clsact:nt_tc_out");
	lab_close(&a, false);
}

static void test_interfaces_come_and_go(void)
{
	struct iface_reader *reader;
	struct lab_instance a;
	const char *name;
	enum plane plane;
	int ifindex;

	lab_veths(1);
	lab_instance(&a, "x*", HOOK_AUTO, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	CHECK(!iface_reader_open(a.table, &reader));
	CHECK_EQ(ifaces_count(a.ifaces), 0);
	lab_do("ip link add x0 type bridge");
	lab_events(&a);
	CHECK_STR(lab_chain("x0", NT_DIR_IN), lab_text("%s:nt_tc_in", lab_tc()));
	ifindex = if_nametoindex("x0");
	CHECK(iface_table_find(reader, ifindex, &name, &plane));
	CHECK_STR(name, "x0");
	CHECK_EQ(plane, PLANE_DATA);
	lab_do("ip link set x0 name x1");
	lab_events(&a);
	iface_reader_quiescent(reader);
	CHECK(iface_table_find(reader, ifindex, &name, &plane));
	CHECK_STR(name, "x1");
	lab_listen();
	lab_do("ip link set x1 name y1");
	lab_events(&a);
	CHECK(lab_said("detached x1: it is called y1 now"));
	CHECK_STR(lab_chain("y1", NT_DIR_IN), "");
	CHECK_EQ(ifaces_count(a.ifaces), 0);
	lab_do("ip link set y1 name x2");
	lab_events(&a);
	CHECK_EQ(ifaces_count(a.ifaces), 1);
	lab_listen();
	lab_do("ip link del x2");
	lab_events(&a);
	CHECK(lab_said("detached x2: it is gone"));
	CHECK_EQ(ifaces_count(a.ifaces), 0);
	CHECK(iface_table_find(reader, ifindex, &name, &plane));
	CHECK_STR(name, "x2");
	iface_reader_close(reader);
	lab_close(&a, false);
}

static void test_refused_is_tried_under_its_new_name(void)
{
	struct lab_instance a;

	lab_veths(2);
	lab_do("tc qdisc add dev a0 ingress");
	lab_instance(&a, "a*", HOOK_AUTO, TC_CLSACT);
	lab_listen();
	CHECK_EQ(lab_open(&a), 0);
	CHECK(lab_said("somebody's ingress qdisc is in its place"));
	CHECK_EQ(ifaces_count(a.ifaces), 1);
	lab_do("tc qdisc del dev a0 ingress");
	lab_listen();
	lab_events(&a);
	ifaces_check(a.ifaces);
	CHECK(lab_silent());
	lab_do("ip link set a0 name a9");
	lab_listen();
	lab_events(&a);
	CHECK(lab_said("attached a9 ingress clsact egress clsact"));
	CHECK_STR(lab_chain("a9", NT_DIR_OUT), "clsact:nt_tc_out");
	CHECK_EQ(ifaces_count(a.ifaces), 2);
	lab_close(&a, false);
}

/* As if the time to wait were over. Says whether the next try follows later than that one did. */
static bool check_now(struct lab_instance *i)
{
	struct iface *f = &i->ifaces->list[0];
	uint64_t waited = f->wait_ns;

	f->retry_ns = 0;
	ifaces_check(i->ifaces);
	return f->wait_ns > waited;
}

/* An interface that comes to two: who is second says so once, and takes it when the first has gone. */
static void busy_is_tried_again(enum tc_mode tc)
{
	struct lab_instance a, b;

	lab_enter();
	lab_instance(&a, "x*", HOOK_AUTO, tc);
	lab_instance(&b, "x*", HOOK_AUTO, tc);
	CHECK(!lab_open(&a) && !lab_open(&b));
	lab_do("ip link add x0 type bridge");
	lab_events(&a);
	lab_listen();
	lab_events(&b);
	CHECK_EQ(lab_count("is already there"), 1);
	lab_listen();
	CHECK(check_now(&b) && check_now(&b));
	CHECK(lab_silent());
	CHECK_EQ(ifaces_count(b.ifaces), 0);
	lab_close(&a, false);
	lab_listen();
	check_now(&b);
	CHECK(lab_said("attached x0 ingress"));
	CHECK_EQ(ifaces_count(b.ifaces), 1);
	lab_close(&b, false);
	CHECK_STR(lab_chain("x0", NT_DIR_IN), "");
}

static void test_second_waits_for_the_first(void)
{
	busy_is_tried_again(TC_AUTO);
	busy_is_tried_again(TC_CLSACT);
}

/* Leaving a bridge is told in a message that looks like the end of the link. */
static void test_leaving_a_bridge_is_not_going(void)
{
	struct lab_instance a;

	lab_veths(1);
	lab_do("ip link add br0 type bridge && ip link set a0 master br0");
	lab_instance(&a, "a0", HOOK_AUTO, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	lab_listen();
	lab_do("ip link set a0 nomaster");
	lab_events(&a);
	CHECK(lab_silent());
	CHECK_EQ(ifaces_count(a.ifaces), 1);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), lab_text("%s:nt_tc_in", lab_tc()));
	lab_close(&a, false);
}

/* A link stays on an interface that moves, unless it is closed. */
static void test_moved_to_another_namespace(void)
{
	int there[2], fd;
	struct lab_instance a;
	char path[64], c;
	pid_t pid;

	lab_veths(1);
	CHECK(!pipe(there));
	pid = fork();	/* before there are links, which it would keep open */
	if (!pid) {
		lab_enter();
		_exit(write(there[1], "x", 1) != 1 || pause());
	}
	lab_instance(&a, "a0", HOOK_AUTO, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	CHECK_EQ(read(there[0], &c, 1), 1);
	lab_do("ip link set a0 netns %d", pid);
	lab_listen();
	lab_events(&a);
	CHECK(lab_said("detached a0: it is gone"));
	CHECK_EQ(ifaces_count(a.ifaces), 0);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(!setns(fd, CLONE_NEWNET));
	CHECK(if_nametoindex("a0"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	lab_close(&a, false);
	close(fd);
	close(there[0]);
	close(there[1]);
}

static void test_lost_messages_are_made_up_for(void)
{
	int small = 1;
	struct lab_instance a;

	lab_veths(2);
	lab_instance(&a, "[ax]*", HOOK_AUTO, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	CHECK(!setsockopt(ifaces_fd(a.ifaces), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	for (int i = 0; i < 8; i++)
		lab_do("ip link set a1 %s", i & 1 ? "down" : "up");
	lab_do("ip link set a1 name b9 && ip link del a0 && ip link add x0 type bridge");
	lab_listen();
	lab_events(&a);
	CHECK(lab_said("detached a0: it is gone"));
	CHECK_STR(lab_chain("x0", NT_DIR_IN), lab_text("%s:nt_tc_in", lab_tc()));
	CHECK_STR(lab_chain("b9", NT_DIR_IN), "");
	CHECK_EQ(ifaces_count(a.ifaces), 1);
	lab_close(&a, false);
}

static int with_egress(int n)
{
	int with = 0;

	for (int i = 0; i < n; i++)
		with += !strcmp(lab_chain(lab_text("a%d", i), NT_DIR_OUT), "clsact:nt_tc_out");
	return with;
}

/* Filters are gone, and nobody hears of it: a check looks after so many interfaces, the next after the others. */
static void test_all_get_their_turn(void)
{
	const int n = IFACES_CHECK_MAX + 10;
	struct lab_instance a;

	lab_veths(n);
	lab_instance(&a, "a*", HOOK_AUTO, TC_CLSACT);
	CHECK_EQ(lab_open(&a), 0);
	for (int i = 0; i < n; i++)
		lab_do("tc filter del dev a%d egress prio %d", i, ATTACH_TC_PRIO);
	CHECK_EQ(with_egress(n), 0);
	ifaces_check(a.ifaces);
	CHECK_EQ(with_egress(n), IFACES_CHECK_MAX);
	ifaces_check(a.ifaces);
	CHECK_EQ(with_egress(n), n);
	lab_close(&a, false);
}

static void test_many(void)
{
	struct lab_instance a;
	int64_t t0, t1, t2, t3;

	lab_veths(300);
	lab_instance(&a, "[ab]*", HOOK_AUTO, TC_AUTO);
	lab_listen();
	t0 = clock_monotonic_ns();
	CHECK_EQ(lab_open(&a), 0);
	t1 = clock_monotonic_ns();
	CHECK_EQ(ifaces_count(a.ifaces), 600);
	lab_events(&a);
	t2 = clock_monotonic_ns();
	ifaces_check(a.ifaces);
	t3 = clock_monotonic_ns();
	CHECK(lab_said("attached b299 ingress clsact egress clsact"));
	CHECK(t1 - t0 < 5000000000);
	lab_close(&a, false);
	printf("# 600 interfaces: attach %lld ms, events %lld ms, check %lld us, close %lld ms\n",
	       (long long)(t1 - t0) / 1000000, (long long)(t2 - t1) / 1000000, (long long)(t3 - t2) / 1000,
	       (long long)(clock_monotonic_ns() - t3) / 1000000);
}

int main(void)
{
	RUN(test_second_instance_is_refused);
	RUN(test_removed_links_come_back);
	RUN(test_removed_filters_come_back);
	RUN(test_deleted_qdisc_comes_back);
	RUN(test_interfaces_come_and_go);
	RUN(test_refused_is_tried_under_its_new_name);
	RUN(test_second_waits_for_the_first);
	RUN(test_leaving_a_bridge_is_not_going);
	RUN(test_moved_to_another_namespace);
	RUN(test_lost_messages_are_made_up_for);
	RUN(test_all_get_their_turn);
	RUN(test_many);
	return check_done();
}
