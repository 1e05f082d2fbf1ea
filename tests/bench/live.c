// SPDX-License-Identifier: Apache-2.0
/*
 * live.c - sends live frames into a veth (sender.h), with no socket in the way:
 * live WAY TARGET PEER [NAME=N]..., in the network namespace of both, of which
 * PEER receives what goes out of TARGET. One CPU sends; veth hands the frames
 * to PEER's program on the same one.
 *
 * bare-drop, bare-pass: a program that counts is at PEER (live.bpf.c).
 * ninetap-drop, ninetap-pass: ninetap's, whose records a thread reads, looks
 * at the numbers of, and gives back. run-drop, run-pass: the program of a
 * ninetap that runs and has PEER by XDP. -drop is the program's twin (twin.h),
 * in its place for as long as this lasts.
 *
 * Prints "KEY VALUE" lines: sent, ns (of sending), got (by a bare program);
 * seen, recorded, flows (for want of room), lost, read, wrong (records that are
 * out of order or not of such a frame).
 */
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include "base/num.h"
#include "base/options.h"
#include "bench/sender.h"
#include "bench/twin.h"
#include "attach/loader.h"
#include "collect/ring.h"
#include "ninetap.skel.h"
#include "tests/bench/live.skel.h"

#define READ_TURN 65536
#define READ_WAIT_US 1000		/* as ninetap's worker under traffic */

static struct sender sender = { .known = -1, .packets = 1000000, .flows = 1000, .bytes = 64 };
static uint64_t reader_cpu = 1, ring_bytes = 32 << 20;

struct reader {
	pthread_t thread;
	struct ring ring;
	atomic_uint_least64_t seq;	/* of the last record read */
	uint64_t read, wrong;
	atomic_bool stop;
};

static int complain(const char *what, int err)
{
	fprintf(stderr, "live: %s: %s\n", what, strerror(err < 0 ? -err : err));
	return -1;
}

static int pin(uint64_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? complain("choose the CPU", errno) : 0;
}

static void print(const char *key, uint64_t value)
{
	printf("%s %llu\n", key, (unsigned long long)value);
}

/* --- sending ------------------------------------------------------------------ */

static int send_frames(void)
{
	uint64_t sent, ns;
	int err = sender_send(&sender, &sent, &ns);

	if (err)
		return complain("send live frames", err);
	print("sent", sent);
	print("ns", ns);
	return 0;
}

/* With prog at the peer, whose descriptor it borrows. */
static int send_to(int peer, int prog)
{
	LIBBPF_OPTS(bpf_link_create_opts, o, .flags = XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(prog, peer, BPF_XDP, &o), err;

	if (link < 0)
		return complain("attach to the peer", link);
	err = send_frames();
	close(link);
	return err;
}

static int bare(int peer, bool drop)
{
	struct live *live = sender.live;
	int err = send_to(peer, bpf_program__fd(drop ? live->progs.live_drop : live->progs.live_pass));

	print("got", live->bss->live_got);
	return err;
}

/* --- ninetap's programs, and a reader --------------------------------------- */

/* Numbers are left out where there was no room. */
static bool is_right(const struct nt_record *rec, uint32_t bytes, uint64_t last)
{
	return bytes == NT_RECORD_SIZE(0) && rec->seq > last && rec->bytes == sender.bytes && rec->cpu == sender.cpu &&
	       rec->layer[0].ip_bytes == sender.bytes - 14 && rec->layer[0].dst_port == SENDER_PORT;
}

static uint32_t read_turn(struct reader *r)
{
	uint64_t last = atomic_load(&r->seq);
	const struct nt_record *rec;
	uint32_t bytes, n;

	for (n = 0; n < READ_TURN && (rec = ring_next(&r->ring, &bytes)); n++) {
		if (is_right(rec, bytes, last))
			last = rec->seq;
		else
			r->wrong++;
	}
	ring_release(&r->ring, r->ring.read_pos);
	r->read += n;
	atomic_store(&r->seq, last);
	return n;
}

/* Once more when it is to stop: what was recorded before is there then. */
static void *reader_run(void *arg)
{
	struct reader *r = arg;
	bool stop;

	pin(reader_cpu);
	do {
		stop = atomic_load(&r->stop);
		while (read_turn(r) == READ_TURN)
			;
		usleep(READ_WAIT_US);
	} while (!stop);
	return NULL;
}

static uint64_t read_so_far(void *arg)
{
	return atomic_load(&((struct reader *)arg)->seq);
}

static int print_counts(const struct loader *l)
{
	struct nt_counts c = { 0 };
	int err = loader_counts(l, &c);

	if (err)
		return complain("read the counters", err);
	print("seen", c.seen.events);
	print("recorded", c.recorded.events);
	print("flows", c.overflow.events);
	print("lost", c.ring_full.events + c.no_ring.events);
	return 0;
}

static int send_and_read(int peer, int prog, struct loader *l)
{
	struct reader r = { .read = 0 };
	int err = ring_open(&r.ring, l->ring_fds[sender.cpu], ring_bytes);

	if (!err)
		err = -pthread_create(&r.thread, NULL, reader_run, &r);
	if (err) {
		ring_close(&r.ring);
		return complain("read the ring", err);
	}
	sender.settled = read_so_far;
	sender.arg = &r;
	err = send_to(peer, prog);
	atomic_store(&r.stop, true);
	pthread_join(r.thread, NULL);
	err |= print_counts(l);
	print("read", r.read);
	print("wrong", r.wrong);
	ring_close(&r.ring);
	return err;
}

static int send_to_loaded(int peer, struct loader *l, bool drop)
{
	int prog = bpf_program__fd(l->skel->progs.nt_xdp), err;
	struct twin *twin;

	if (!drop)
		return send_and_read(peer, prog, l);
	err = twin_open(&twin, prog);
	if (err)
		return complain("load the twin that drops", err);
	err = send_and_read(peer, twin_fd(twin), l);
	twin_close(twin);
	return err;
}

static int ninetap(int peer, bool drop)
{
	struct options o;
	struct loader l;
	int err = options_init(&o);

	if (err)
		return complain("options", err);
	o.ring_bytes = ring_bytes;
	err = loader_open(&l, &o, false, (int)sender.cpu);
	if (!err) {
		err = send_to_loaded(peer, &l, drop);
		loader_close(&l);
	}
	options_free(&o);
	return err;
}

/* --- a ninetap that runs ------------------------------------------------------ */

/* Written, or lost, as the run itself publishes it. */
static uint64_t settled_by_run(void *arg)
{
	const struct nt_outcomes *o = arg;
	uint64_t current = __atomic_load_n(&o->current, __ATOMIC_ACQUIRE);

	return o->copy[current & 1].next_seq;
}

static int send_past(int link, int prog)
{
	struct twin *twin;
	int err = twin_open(&twin, prog);

	if (err)
		return complain("load the twin that drops", err);
	if (bpf_link_update(link, twin_fd(twin), NULL))
		err = complain("put the twin in its place", errno);
	if (!err) {
		err = send_frames();
		if (bpf_link_update(link, prog, NULL))
			err = complain("put ninetap's program back", errno);
	}
	twin_close(twin);
	return err;
}

static int send_to_run(int link, int prog, bool drop)
{
	size_t bytes = (sender.cpu + 1) * sizeof(struct nt_outcomes);
	int map = map_of(prog, "nt_outcomes"), err;
	struct nt_outcomes *o = map < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ, MAP_SHARED, map, 0);

	if (map >= 0)
		close(map);
	if (o == MAP_FAILED)
		return complain("see what is settled", map < 0 ? map : errno);
	sender.settled = settled_by_run;
	sender.arg = &o[sender.cpu];
	err = drop ? send_past(link, prog) : send_frames();
	munmap(o, bytes);
	return err;
}

static int run(int peer, bool drop)
{
	uint32_t id = 0;
	int err = bpf_xdp_query_id(peer, 0, &id), prog, link;

	prog = err ? err : bpf_prog_get_fd_by_id(id);
	link = prog < 0 ? prog : link_of(id, (uint32_t)peer);
	err = link < 0 ? complain("find ninetap's program", link) : send_to_run(link, prog, drop);
	if (link >= 0)
		close(link);
	if (prog >= 0)
		close(prog);
	return err;
}

/* --- arguments -------------------------------------------------------------- */

static int read_arg(const char *arg)
{
	const struct {
		const char *name;
		uint64_t *value, min, max;
	} names[] = { { "packets=", &sender.packets, 1, 1000000000 }, { "flows=", &sender.flows, 1, 1000000 },
		      { "bytes=", &sender.bytes, SENDER_HEADERS, SENDER_FRAME_MAX }, { "cpu=", &sender.cpu, 0, CPU_SETSIZE - 1 },
		      { "ahead=", &sender.ahead, 1, 1 << 30 }, { "reader=", &reader_cpu, 0, CPU_SETSIZE - 1 },
		      { "ring=", &ring_bytes, 65536, 1 << 30 } };

	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
		if (!strncmp(arg, names[k].name, strlen(names[k].name)))
			return num_u64(arg + strlen(names[k].name), names[k].min, names[k].max, names[k].value);
	return -EINVAL;
}

static int receive(const char *way, int peer)
{
	static const struct {
		const char *name;
		int (*receive)(int peer, bool drop);
		bool drop;
	} ways[] = { { "bare-drop", bare, true }, { "bare-pass", bare, false }, { "ninetap-drop", ninetap, true },
		     { "ninetap-pass", ninetap, false }, { "run-drop", run, true }, { "run-pass", run, false } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(way, ways[i].name))
			return ways[i].receive(peer, ways[i].drop);
	return complain(way, EINVAL);
}

int main(int argc, char **argv)
{
	int err = argc < 4, peer;

	for (int i = 4; i < argc && !err; i++)
		if ((err = read_arg(argv[i])))
			complain(argv[i], err);
	if (err || pin(sender.cpu))
		return 64;
	libbpf_set_print(NULL);		/* a reason is enough */
	peer = (int)if_nametoindex(argv[3]);
	if (!peer)
		err = complain(argv[3], errno);
	else if ((err = sender_open(&sender, argv[2])))
		complain(argv[2], err);
	else
		err = receive(argv[1], peer);
	sender_close(&sender);
	return err ? 1 : 0;
}
