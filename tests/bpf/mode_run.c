// SPDX-License-Identifier: Apache-2.0
/*
 * mode_run.c - the mode of a packet by test run: by its interface, or what
 * holds for all beyond the array; what each mode does to fate, rate and
 * number; and what is counted of packets that are put down nowhere. The
 * interfaces are taps in a network namespace of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <bpf/bpf.h>
#include "flow_ref.h"
#include "unit/check.h"

#define NEAR_A 11
#define NEAR_B 12
#define LAST 65535
#define FAR 65536

static struct rig rig;
static struct packet udp, tcp, arp;
static int taps[4];

static int open_tap(int ifindex)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "nt-%d", ifindex);
	if (fd < 0 || ioctl(fd, TUNSETIFINDEX, &ifindex) || ioctl(fd, TUNSETIFF, &ifr))
		return -errno;
	return fd;
}

static int open_taps(void)
{
	static const int indexes[] = { NEAR_A, NEAR_B, LAST, FAR };

	if (unshare(CLONE_NEWNET))
		return -errno;
	for (int i = 0; i < 4; i++) {
		taps[i] = open_tap(indexes[i]);
		if (taps[i] < 0)
			return taps[i];
	}
	return 0;
}

static bool open_rig(struct rig_settings s, uint32_t flow_entries)
{
	s.flow_entries = flow_entries;
	s.cfg.replay = 0;
	s.ring_bytes = 65536;
	CHECK_EQ(rig_open(&rig, &s), 0);
	return rig.skel != NULL;
}

/* The packet on that interface, by TC and by XDP: the fate that it has both times. */
static int fate_on(uint32_t ifindex, const struct packet *pk)
{
	struct xdp_md xdp = { .ingress_ifindex = ifindex, .data_end = pk->n };
	struct __sk_buff tc = { .ifindex = ifindex };
	struct outcome a, b;

	CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, pk, &tc, &a), 0);
	CHECK_EQ(rig_run_xdp(&rig, pk, &xdp, &b), 0);
	CHECK_EQ(a.fate, b.fate);
	return a.fate;
}

static void test_mode_of_the_interface(void)
{
	struct nt_control c = { .generation = 1, .mode = { NT_MODE_PACKET, 1 } };

	if (open_rig(rig_defaults(), 100)) {
		CHECK_EQ(fate_on(NEAR_A, &udp), NT_COUNT_RECORDED);
		CHECK_EQ(rig_mode(&rig, NEAR_A, NT_MODE_FLOW, 1), 0);
		CHECK_EQ(fate_on(NEAR_A, &udp), NT_COUNT_FLOW);
		CHECK_EQ(fate_on(NEAR_B, &udp), NT_COUNT_RECORDED);
		CHECK_EQ(fate_on(FAR, &udp), NT_COUNT_RECORDED);
		c.mode.mode = NT_MODE_FLOW;
		CHECK_EQ(rig_control(&rig, &c), 0);
		CHECK_EQ(fate_on(FAR, &udp), NT_COUNT_FLOW);
		CHECK_EQ(fate_on(LAST, &udp), NT_COUNT_RECORDED);
		CHECK_EQ(rig_mode(&rig, NEAR_A, NT_MODE_PACKET, 1), 0);
		CHECK_EQ(fate_on(NEAR_A, &udp), NT_COUNT_RECORDED);
		CHECK_EQ(rig_mode(&rig, LAST, NT_MODE_FLOW, 1), 0);
		CHECK_EQ(fate_on(LAST, &udp), NT_COUNT_FLOW);
	}
	rig_close(&rig);
}

/* The interface is in the key, whatever the hook. */
static void test_interfaces_tell_flows_apart(void)
{
	if (open_rig(rig_defaults(), 100)) {
		CHECK_EQ(rig_mode(&rig, NEAR_A, NT_MODE_FLOW, 1), 0);
		CHECK_EQ(rig_mode(&rig, NEAR_B, NT_MODE_FLOW, 1), 0);
		for (int i = 0; i < 3; i++) {
			fate_on(NEAR_A, &udp);
			fate_on(NEAR_B, &udp);
		}
		CHECK_EQ(ref_count(rig.tables[0][1]), 4);
	}
	rig_close(&rig);
}

/* Packets in the flow modes take no number; those of a ring do. */
static void test_numbers(void)
{
	if (open_rig(rig_defaults(), 100)) {
		CHECK_EQ(rig_mode(&rig, NEAR_A, NT_MODE_FLOW, 1), 0);
		CHECK_EQ(rig_mode(&rig, NEAR_B, NT_MODE_SAMPLED, 2), 0);
		for (uint64_t n = 1; n < 10; n++) {
			struct outcome o;

			fate_on(NEAR_A, &udp);
			CHECK_EQ(rig_run(&rig, RIG_XDP, udp.bytes, udp.n, udp.wire, &o), 0);
			CHECK_EQ(o.rec.seq, n);
			CHECK_EQ(rig.now.seq, n);
			CHECK_EQ(fate_on(LAST, &arp), NT_COUNT_NON_IP);
		}
	}
	rig_close(&rig);
}

static struct nt_flow_head only_head(int table)
{
	struct nt_flow_key4 k = { .head.sample = 0 };

	CHECK_EQ(ref_count(table), 1);
	CHECK_EQ(bpf_map_get_next_key(table, NULL, &k), 0);
	return k.head;
}

/* n packets on one interface by TC: so many are put into the table, the first of them first. */
static void run_rate(uint32_t cfg_sample, enum nt_mode mode, uint32_t sample, uint32_t rate)
{
	struct __sk_buff ctx = { .ifindex = NEAR_A };
	struct rig_settings s = rig_defaults();
	struct nt_flow_head head;
	struct outcome o;

	s.cfg.sample = cfg_sample;
	if (open_rig(s, 100)) {
		CHECK_EQ(rig_mode(&rig, NEAR_A, mode, sample), 0);
		for (uint32_t i = 0; i < 100; i++) {
			CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, &udp, &ctx, &o), 0);
			CHECK_EQ(o.fate, i % rate ? NT_COUNT_SAMPLED_OUT : NT_COUNT_FLOW);
		}
		head = only_head(rig.tables[0][1]);
		CHECK_EQ(head.sample, rate);
		CHECK_EQ(head.mode, mode);
		CHECK_EQ(head.ifindex, NEAR_A);
		CHECK_EQ(rig.now.sampled_out.bytes, rig.now.sampled_out.events * udp.n);
	}
	rig_close(&rig);
}

static void test_rates(void)
{
	run_rate(1, NT_MODE_FLOW, 1, 1);
	run_rate(1, NT_MODE_FLOW, 9, 1);	/* of the mode sampled alone */
	run_rate(7, NT_MODE_FLOW, 1, 7);
	run_rate(1, NT_MODE_SAMPLED, 5, 5);
	run_rate(7, NT_MODE_SAMPLED, 5, 5);
	run_rate(1, NT_MODE_SAMPLED, 1, 1);
	run_rate(1, NT_MODE_SAMPLED, 0, 1);	/* not set: all */
}

/* Two rates in turn on one CPU: neither takes the other's turns. */
static void test_rates_side_by_side(void)
{
	struct __sk_buff a = { .ifindex = NEAR_A }, b = { .ifindex = NEAR_B };
	struct rig_settings s = rig_defaults();
	struct outcome o;

	s.cfg.sample = 2;
	if (open_rig(s, 100)) {
		CHECK_EQ(rig_mode(&rig, NEAR_B, NT_MODE_SAMPLED, 3), 0);
		for (int i = 0; i < 60; i++) {
			CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, &udp, &a, &o), 0);
			CHECK_EQ(o.fate, i % 2 ? NT_COUNT_SAMPLED_OUT : NT_COUNT_RECORDED);
			CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, &udp, &b, &o), 0);
			CHECK_EQ(o.fate, i % 3 ? NT_COUNT_SAMPLED_OUT : NT_COUNT_FLOW);
		}
	}
	rig_close(&rig);
}

/* The filter comes first in every mode; what it drops counts as large as it is. */
static void test_filter_in_flow_mode(void)
{
	struct __sk_buff ctx = { .ifindex = NEAR_A, .gso_segs = 4 };
	struct rig_settings s = rig_defaults();
	struct outcome o;

	s.cfg.filter_protos = 1;
	s.cfg.protos[0] = 1ULL << 17;
	if (open_rig(s, 100)) {
		CHECK_EQ(rig_mode(&rig, NEAR_A, NT_MODE_FLOW, 1), 0);
		CHECK_EQ(fate_on(NEAR_A, &udp), NT_COUNT_FLOW);
		CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, &tcp, &ctx, &o), 0);
		CHECK_EQ(o.fate, NT_COUNT_FILTERED);
		CHECK_EQ(rig.last.packets, 4);
		CHECK_EQ(rig.last.bytes, tcp.n + 3 * 54);
	}
	rig_close(&rig);
}

/* Nothing is known of its headers: so many segments as the kernel says, and the frame as it is. */
static void test_segments_that_are_no_ip(void)
{
	struct __sk_buff ctx = { .ifindex = NEAR_A, .gso_segs = 3, .gso_size = 10 };
	struct outcome o;

	if (open_rig(rig_defaults(), 0)) {
		CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, &arp, &ctx, &o), 0);
		CHECK_EQ(o.fate, NT_COUNT_NON_IP);
		CHECK_EQ(rig.last.packets, 3);
		CHECK_EQ(rig.last.bytes, arp.n);
		ctx.gso_segs = 0;
		CHECK_EQ(rig_run_skb(&rig, RIG_TC_IN, &arp, &ctx, &o), 0);
		CHECK_EQ(rig.last.packets, 1);
	}
	rig_close(&rig);
}

/* A CPU without tables: lost, without a number. */
static void test_no_tables(void)
{
	if (open_rig(rig_defaults(), 0)) {
		CHECK_EQ(rig_mode(&rig, NEAR_A, NT_MODE_FLOW, 1), 0);
		CHECK_EQ(fate_on(NEAR_A, &udp), NT_COUNT_NO_RING);
		CHECK_EQ(rig.now.seq, 0);
		CHECK_EQ(fate_on(NEAR_B, &udp), NT_COUNT_RECORDED);
	}
	rig_close(&rig);
}

int main(void)
{
	int err = open_taps();

	if (err || packet_build("eth ip4 udp", &udp) || packet_build("eth ip4 tcp pay,n=400", &tcp) || packet_build("eth arp", &arp)) {
		printf("not ok taps: %s\n", strerror(-err));
		return 1;
	}
	RUN(test_mode_of_the_interface);
	RUN(test_interfaces_tell_flows_apart);
	RUN(test_numbers);
	RUN(test_rates);
	RUN(test_rates_side_by_side);
	RUN(test_filter_in_flow_mode);
	RUN(test_segments_that_are_no_ip);
	RUN(test_no_tables);
	for (int i = 0; i < 4; i++)
		close(taps[i]);
	return check_done();
}
