// SPDX-License-Identifier: Apache-2.0
/*
 * sender_lib.c - see sender.h; the program is live_send of live.bpf.c.
 */
#include "bench/sender.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include "base/clock.h"
#include "tests/bench/live.skel.h"

#define BATCH 64
#define AT_ONCE 32768U			/* frames of one system call, between which the sender may wait */
#define WAIT_US 100

static void put16(unsigned char *p, uint64_t v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

/* But for the source, which live_send writes. Checksums are 0: ninetap looks at none. */
static void build(unsigned char *p, uint64_t bytes)
{
	static const unsigned char headers[SENDER_HEADERS] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00,
							       0x45, [22] = 64, 17, [30] = 10, 255, 0, 1, [37] = SENDER_PORT };

	memcpy(p, headers, SENDER_HEADERS);
	put16(p + 16, bytes - 14);
	put16(p + 38, bytes - 34);
}

/*
 * A test run of a program that is attached nowhere waits twice for all that
 * run (RCU, some 10 ms) since the kernel makes and forgets a direct call to it.
 * At lo it receives nothing, and is known.
 */
static int make_known(struct sender *s)
{
	LIBBPF_OPTS(bpf_link_create_opts, o, .flags = XDP_FLAGS_SKB_MODE);

	s->known = bpf_link_create(bpf_program__fd(s->live->progs.live_send), (int)if_nametoindex("lo"), BPF_XDP, &o);
	return s->known < 0 ? s->known : 0;
}

int sender_open(struct sender *s, const char *target)
{
	int err;

	s->known = -1;
	s->live = live__open();
	if (!s->live)
		return -errno;
	s->live->rodata->live_to = if_nametoindex(target);
	if (!s->live->rodata->live_to)
		return -errno;
	s->live->rodata->live_flows = (uint32_t)s->flows;
	s->live->rodata->live_net = 0x0a000000 + ((uint32_t)s->cpu << 16);
	err = live__load(s->live);
	return err ? err : make_known(s);
}

void sender_close(struct sender *s)
{
	if (s->known >= 0)
		close(s->known);
	live__destroy(s->live);
	s->known = -1;
	s->live = NULL;
}

/* So that it goes as fast as the slowest of all behind it, and no faster: nothing overflows. */
static void wait_for_others(const struct sender *s, uint64_t first)
{
	while (s->ahead && s->settled &&
	       (int64_t)(s->live->bss->live_sent - (s->settled(s->arg) - first)) > (int64_t)s->ahead)
		usleep(WAIT_US);
}

int sender_send(struct sender *s, uint64_t *sent, uint64_t *ns)
{
	unsigned char frame[SENDER_FRAME_MAX] = { 0 };
	uint64_t left = s->packets, first = s->settled ? s->settled(s->arg) : 0;
	int64_t begin = clock_monotonic_ns();
	int err = 0;

	build(frame, s->bytes);
	while (left && !err) {
		LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = (uint32_t)s->bytes, .batch_size = BATCH,
			    .repeat = left < AT_ONCE ? (int)left : (int)AT_ONCE, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

		err = bpf_prog_test_run_opts(bpf_program__fd(s->live->progs.live_send), &o);
		left -= (uint64_t)o.repeat;
		if (!err)
			wait_for_others(s, first);
	}
	*ns = (uint64_t)(clock_monotonic_ns() - begin);
	*sent = s->live->bss->live_sent;
	return err;
}
