// SPDX-License-Identifier: Apache-2.0
/*
 * ring_run.c - overload: a ring that is full, and none at all. A packet then
 * goes into the flow table, and is lost where that is full too. Every packet
 * keeps its one fate, and the numbers show what has no record.
 */
#include <unistd.h>
#include <sys/epoll.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "rig.h"
#include "collect/bell.h"
#include "ninetap.skel.h"
#include "unit/check.h"

#define PACKETS 100
#define RING_BYTES 4096

static struct rig rig;
static struct packet plain, tunnel;
static uint64_t last_seq;

/* Takes all out of the ring; their numbers follow each other. Returns how many. */
static unsigned int drain(void)
{
	struct nt_record rec;
	unsigned int n = 0;

	for (; rig_next(&rig, &rec); n++)
		CHECK_EQ(rec.seq, ++last_seq);
	return n;
}

static int open_rig(uint32_t ring_bytes, uint32_t flow_entries)
{
	struct rig_settings s = rig_defaults();

	s.flow_entries = flow_entries;
	s.cfg.replay = 0;
	s.leave = true;
	s.ring_bytes = ring_bytes;
	last_seq = 0;
	return rig_open(&rig, &s);
}

static void send(const struct packet *pk, enum rig_prog prog, int fate)
{
	struct outcome o;

	CHECK_EQ(rig_run(&rig, prog, pk->bytes, pk->n, pk->wire, &o), 0);
	CHECK_EQ(o.fate, fate);
}

static void test_full_ring(void)
{
	unsigned int fit = RING_BYTES / NT_RECORD_SIZE(0);
	unsigned int got;

	CHECK_EQ(open_rig(RING_BYTES, 0), 0);
	for (unsigned int i = 0; i < PACKETS && rig.skel; i++)
		send(&plain, i % 2 ? RIG_XDP : RIG_TC_OUT, i < fit ? NT_COUNT_RECORDED : NT_COUNT_RING_FULL);
	CHECK_EQ(rig.counts[NT_COUNT_SEEN], PACKETS);
	CHECK_EQ(rig.counts[NT_COUNT_RECORDED], fit);
	CHECK_EQ(rig.counts[NT_COUNT_RING_FULL], PACKETS - fit);
	got = drain();
	CHECK_EQ(got, fit);
	CHECK_EQ(last_seq, fit);

	/* The gap is as wide as the loss. */
	last_seq = PACKETS;
	send(&plain, RIG_XDP, NT_COUNT_RECORDED);
	CHECK_EQ(drain(), 1);
	CHECK_EQ(last_seq, PACKETS + 1);
	rig_close(&rig);
}

/* What has no room in the ring is counted in the table, each flow that has room there; the rest is lost to the byte. */
static void test_ring_then_table_full(void)
{
	static const char *const specs[] = { "eth ip4 tcp", "eth ip4 udp,sport=1", "eth ip4 udp,sport=2", "eth ip4 udp,sport=3" };
	unsigned int fit = RING_BYTES / NT_RECORD_SIZE(0);
	struct nt_tally lost = {0};
	struct packet pk;

	CHECK_EQ(open_rig(RING_BYTES, 3), 0);
	for (unsigned int i = 0; i < fit && rig.skel; i++)
		send(&plain, RIG_XDP, NT_COUNT_RECORDED);
	for (unsigned int i = 0; i < PACKETS && rig.skel; i++) {
		CHECK(packet_build(specs[i % 4], &pk) == 0);
		send(&pk, RIG_XDP, i % 4 == 3 ? NT_COUNT_RING_FULL : NT_COUNT_OVERFLOW);
		CHECK_EQ(rig.last.bytes, pk.n);
		if (i % 4 == 3)
			lost = (struct nt_tally){ lost.events + 1, lost.packets + 1, lost.bytes + pk.n };
	}
	CHECK(!memcmp(&lost, &rig.now.ring_full, sizeof(lost)));
	CHECK_EQ(rig.now.overflow.events, PACKETS - PACKETS / 4);
	CHECK_EQ(rig.now.seq, fit + PACKETS);

	/* With room again there are records again, and their numbers go on. */
	CHECK_EQ(drain(), fit);
	last_seq = fit + PACKETS;
	send(&plain, RIG_XDP, NT_COUNT_RECORDED);
	CHECK_EQ(drain(), 1);
	CHECK_EQ(rig.now.overflow.events, PACKETS - PACKETS / 4);
	rig_close(&rig);
}

/* Flow tables are no substitute for a ring that was never made: such a CPU came later and has neither. */
static void test_no_ring_but_tables(void)
{
	CHECK_EQ(open_rig(0, 10), 0);
	for (int i = 0; i < 4 && rig.skel; i++)
		send(&plain, RIG_XDP, NT_COUNT_NO_RING);
	CHECK_EQ(rig.now.seq, 4);
	rig_close(&rig);
}

/* A record's size decides: tunnels fill the ring earlier. */
static void test_sizes_in_the_ring(void)
{
	unsigned int fit = RING_BYTES / NT_RECORD_SIZE(2);

	CHECK_EQ(open_rig(RING_BYTES, 0), 0);
	for (unsigned int i = 0; i < PACKETS && rig.skel; i++)
		send(&tunnel, RIG_XDP, i < fit ? NT_COUNT_RECORDED : NT_COUNT_RING_FULL);
	CHECK_EQ(drain(), fit);
	rig_close(&rig);
}

/* Chunk after chunk, and around the end into the first one, whose slack the last record may have taken. */
static void test_chunks(void)
{
	const uint32_t bytes = 4 * NT_CHUNK_BYTES;
	unsigned int fit = bytes / NT_RECORD_SIZE(2), n = 0;

	CHECK_EQ(open_rig(bytes, 0), 0);
	for (int lap = 0; lap < 3; lap++) {
		for (unsigned int i = 0; i < fit && rig.skel; i++)
			send(&tunnel, RIG_XDP, NT_COUNT_RECORDED);
		send(&plain, RIG_XDP, bytes - fit * NT_RECORD_SIZE(2) < NT_RECORD_SIZE(0) ? NT_COUNT_RING_FULL : NT_COUNT_RECORDED);
		n = drain();
		CHECK(n == fit || n == fit + 1);
		last_seq = rig.now.seq;
	}
	rig_close(&rig);
}

static void test_no_ring(void)
{
	uint32_t cpu;

	CHECK_EQ(open_rig(RING_BYTES, 0), 0);
	cpu = rig.cpu;
	for (int i = 0; i < 3 && rig.skel; i++)
		send(&plain, RIG_XDP, NT_COUNT_RECORDED);
	CHECK_EQ(bpf_map_delete_elem(bpf_map__fd(rig.skel->maps.nt_rings), &cpu), 0);
	for (int i = 0; i < 4; i++)
		send(&plain, RIG_TC_IN, NT_COUNT_NO_RING);
	CHECK_EQ(bpf_map_update_elem(bpf_map__fd(rig.skel->maps.nt_rings), &cpu, &rig.ring_fd, BPF_ANY), 0);
	CHECK_EQ(drain(), 3);
	last_seq += 4;
	send(&plain, RIG_XDP, NT_COUNT_RECORDED);
	CHECK_EQ(drain(), 1);
	CHECK_EQ(last_seq, 8);
	rig_close(&rig);
}

static void test_never_a_ring(void)
{
	CHECK_EQ(open_rig(0, 0), 0);
	for (int i = 0; i < 10 && rig.skel; i++)
		send(&plain, RIG_XDP, NT_COUNT_NO_RING);
	CHECK_EQ(rig.counts[NT_COUNT_SEEN], 10);
	CHECK_EQ(rig.counts[NT_COUNT_NO_RING], 10);
	rig_close(&rig);
}

/* The reader is woken by level only, and only when it is crossed. */
static void run_wake(uint64_t wake_bytes, bool woken)
{
	struct rig_settings s = rig_defaults();
	struct bell bell;
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int fd, wait = epoll_create1(0);	/* knows of wake-ups alone, not of what is there */

	s.cfg.replay = 0;
	s.cfg.ring_wake_bytes = wake_bytes;
	s.leave = true;
	s.ring_bytes = 65536;
	last_seq = 0;
	CHECK_EQ(rig_open(&rig, &s), 0);
	fd = bpf_map__fd(rig.skel->maps.nt_bell);
	CHECK_EQ(bell_open(&bell, fd), 0);
	CHECK_EQ(epoll_ctl(wait, EPOLL_CTL_ADD, fd, &e), 0);
	for (int i = 0; i < 64 && rig.skel; i++)
		send(&plain, RIG_XDP, NT_COUNT_RECORDED);
	CHECK_EQ(epoll_wait(wait, &e, 1, woken ? 2000 : 0), woken);
	CHECK_EQ(*bell.producer, woken ? 16 : 0);	/* once, however much is in the ring */
	bell_hush(&bell);
	CHECK_EQ(epoll_wait(wait, &e, 1, 0), 0);
	bell_close(&bell);
	close(wait);
	rig_close(&rig);
}

/* Whoever waits for the bell is woken by it, each time: it is of all rings. */
static void test_bell_wakes_all(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	struct rig_settings s = rig_defaults();
	struct bell bell[2];
	int wait[2];

	s.cfg.replay = 0;
	s.cfg.ring_wake_bytes = 1;
	s.leave = true;
	CHECK_EQ(rig_open(&rig, &s), 0);
	for (int i = 0; i < 2; i++) {
		wait[i] = epoll_create1(0);
		CHECK_EQ(bell_open(&bell[i], bpf_map__fd(rig.skel->maps.nt_bell)), 0);
		CHECK_EQ(epoll_ctl(wait[i], EPOLL_CTL_ADD, bell[i].fd, &e), 0);
	}
	for (int n = 0; n < 5000 && rig.skel; n++) {	/* more than the bell has room for */
		send(&plain, RIG_XDP, NT_COUNT_RECORDED);
		rig.ring->consumer = rig.ring->producer;
		for (int i = 0; i < 2; i++) {
			CHECK_EQ(epoll_wait(wait[i], &e, 1, 2000), 1);
			bell_hush(&bell[i]);
			CHECK_EQ(epoll_wait(wait[i], &e, 1, 0), 0);
		}
	}
	for (int i = 0; i < 2; i++) {
		bell_close(&bell[i]);
		close(wait[i]);
	}
	rig_close(&rig);
}

static void test_wake_by_level(void)
{
	run_wake(1000, true);
	run_wake(60000, false);
}

int main(void)
{
	if (packet_build("eth ip4 tcp", &plain) || packet_build("eth ip4 ip4 ip4 tcp", &tunnel)) {
		printf("not ok packets\n");
		return 1;
	}
	RUN(test_full_ring);
	RUN(test_ring_then_table_full);
	RUN(test_no_ring_but_tables);
	RUN(test_sizes_in_the_ring);
	RUN(test_chunks);
	RUN(test_no_ring);
	RUN(test_never_a_ring);
	RUN(test_wake_by_level);
	RUN(test_bell_wakes_all);
	return check_done();
}
