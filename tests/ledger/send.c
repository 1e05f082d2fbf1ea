// SPDX-License-Identifier: Apache-2.0
/*
 * send.c - sends frames out of an interface and counts exactly what the
 * kernel took: send IFACE [packets=N] [seconds=S] [flows=F] [rate=PPS]
 * [bytes=B] [vni=V] [tcp=1] [mix=1] [live=1] [cpu=C].
 *
 * Frames go through the interface's egress hooks, many a system call. A flow
 * is a source address and port, in turn; with mix each has an address of its
 * own and one of 50 servers, and they come in no order. UDP, or with tcp
 * acknowledgements of TCP; with vni in a VXLAN. With live they are live frames
 * (send.bpf.c) into the native XDP of a veth's other end, at a tenth of the
 * cost: what that one had no room for counts as sent. At the end, or on
 * SIGTERM, it prints "sent PACKETS BYTES" (bytes of frames, without FCS).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "ledger/send.h"
#include "tests/ledger/send.skel.h"

#define AT_ONCE 64U
#define LIVE_BATCH 64U			/* of them the receiver hears at once */
#define LIVE_LEAST 256U			/* frames of a run, */
#define LIVE_AT_ONCE 4096U		/* and at most */
#define LIVE_THREADS 32
#define LIVE_WAIT_US 300
#define FRAME_MAX 1514U
#define ETH 14U
#define IP 20U
#define UDP 8U
#define TCP 20U
#define VXLAN (ETH + IP + UDP + 8U)	/* all that is in front of the inner frame */
#define AHEAD_S 0.0002			/* what is sent at once is no more than this long ahead */

static volatile sig_atomic_t stopped;
static struct {
	unsigned long packets, seconds, flows, rate, bytes, vni, tcp, mix, live, cpu;
} want = { .flows = 1, .bytes = 60, .cpu = 999 };

static unsigned char frames[AT_ONCE][FRAME_MAX];
static struct iovec iov[AT_ONCE];
static struct mmsghdr msgs[AT_ONCE];

static void on_signal(int signum)
{
	(void)signum;
	stopped = 1;
}

static void put16(unsigned char *p, unsigned int v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

static void put32(unsigned char *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static void put_ip(unsigned char *p, unsigned int bytes, unsigned char proto, uint32_t src, uint32_t dst)
{
	p[0] = 0x45;
	put16(p + 2, bytes);
	p[8] = 64;
	p[9] = proto;
	put32(p + 12, src);
	put32(p + 16, dst);
}

static void put_udp(unsigned char *p, unsigned int bytes, unsigned int sport, unsigned int dport)
{
	put16(p, sport);
	put16(p + 2, dport);
	put16(p + 4, bytes);
}

/* A bare acknowledgement. */
static void put_tcp(unsigned char *p, unsigned int dport)
{
	put16(p + 2, dport);
	p[12] = TCP / 4 << 4;
	p[13] = 0x10;
	put16(p + 14, 512);
}

static void put_eth(unsigned char *p)
{
	memcpy(p, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08", 13);
	p[13] = 0;
}

/* All of a frame but its flow; returns where its IP header is. */
static unsigned int build(unsigned char *p)
{
	unsigned int at = want.vni ? VXLAN : 0, bytes = (unsigned int)want.bytes, rest = bytes - at - ETH;

	if (want.vni) {
		put_eth(p);
		put_ip(p + ETH, bytes - ETH, IPPROTO_UDP, 0xc0000201, 0xc0000202);
		put_udp(p + ETH + IP, bytes - ETH - IP, 40000, 4789);
		p[ETH + IP + UDP] = 8;
		put32(p + ETH + IP + UDP + 4, (uint32_t)want.vni << 8);
	}
	put_eth(p + at);
	put_ip(p + at + ETH, rest, want.tcp ? IPPROTO_TCP : IPPROTO_UDP, 0, 0x0affff01);
	if (want.tcp)
		put_tcp(p + at + ETH + IP, 443);
	else
		put_udp(p + at + ETH + IP, rest - IP, 0, 53);
	return at + ETH;
}

/* Makes it the n-th packet's. */
static void aim(unsigned char *frame, unsigned int at, unsigned long n)
{
	unsigned char *ip = frame + at;
	struct send_flow f = send_flow(send_pick(n, (unsigned int)want.flows, want.mix), want.mix);

	put32(ip + 12, f.src);
	put32(ip + 16, f.dst);
	put16(ip + IP, f.sport);
	if (want.vni) {
		put32(frame + ETH + 12, f.host);
		put16(frame + ETH + IP, f.entropy);
	}
}

static int open_socket(const char *iface)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(iface) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || !a.sll_ifindex || bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		fprintf(stderr, "send: %s: %s\n", iface, strerror(errno));
		exit(1);
	}
	return fd;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Not more than rate allows by now. */
static void pace(double begin, unsigned long sent)
{
	double ahead = want.rate ? begin + (double)sent / (double)want.rate - now() : 0;

	if (ahead > AHEAD_S)
		usleep((useconds_t)(ahead * 1e6));
}

static bool more(double begin, unsigned long sent)
{
	return !stopped && (!want.packets || sent < want.packets) && (!want.seconds || now() < begin + (double)want.seconds);
}

/* Of so many at most, how many are wanted behind the n-th. */
static unsigned long some(unsigned long most, unsigned long n)
{
	return want.packets && want.packets - n < most ? want.packets - n : most;
}

/* Up to AT_ONCE packets from the n-th on; how many the kernel took, or -1: it takes no more. */
static long send_some(int fd, unsigned int ip, unsigned long n)
{
	unsigned long k = some(AT_ONCE, n);
	int ret;

	for (unsigned long i = 0; i < k; i++)
		aim(frames[i], ip, n + i);
	ret = sendmmsg(fd, msgs, (unsigned int)k, 0);
	if (ret < 0)
		return errno == ENOBUFS || errno == EINTR ? 0 : -1;
	return ret;
}

static unsigned long send_all(const char *iface)
{
	int fd = open_socket(iface);
	unsigned long sent = 0;
	unsigned int ip = 0;
	double begin;
	long n = 0;

	for (unsigned int i = 0; i < AT_ONCE; i++) {
		ip = build(frames[i]);
		iov[i] = (struct iovec){ frames[i], want.bytes };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	for (begin = now(); n >= 0 && more(begin, sent); pace(begin, sent)) {
		n = send_some(fd, ip, sent);
		sent += n > 0 ? (unsigned long)n : 0;
	}
	return sent;
}

/* --- live frames --------------------------------------------------------- */

static struct send *load_live(const char *iface, unsigned int ip)
{
	struct send *s = send__open();

	if (!s)
		return NULL;
	s->rodata->to = if_nametoindex(iface);
	s->rodata->flows = (unsigned int)want.flows;
	s->rodata->ip = ip;
	s->rodata->mix = want.mix;
	if (s->rodata->to && !send__load(s))
		return s;
	send__destroy(s);
	return NULL;
}

/*
 * A run ends with a grace period of RCU, some 20 ms: so many threads run in
 * turn, all on one CPU, where a run is not interrupted by another's.
 */
static struct {
	pthread_mutex_t lock;
	struct send *bpf;
	double begin;
	unsigned long sent;		/* by runs that have begun */
	int err;
} live = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Frames that are due by now; 0 until they are worth a run. */
static unsigned long due(void)
{
	double by_now = (now() - live.begin) * (double)want.rate;

	if (!want.rate || by_now >= (double)(live.sent + LIVE_AT_ONCE))
		return some(LIVE_AT_ONCE, live.sent);
	if (by_now < (double)(live.sent + some(LIVE_LEAST, live.sent)))
		return 0;
	return some((unsigned long)by_now - live.sent, live.sent);
}

/* How many the next run is to send; 0: none yet; -1: there is no next one. */
static long take(void)
{
	long n = -1;

	pthread_mutex_lock(&live.lock);
	if (!live.err && more(live.begin, live.sent)) {
		n = (long)due();
		live.sent += (unsigned long)n;
	}
	pthread_mutex_unlock(&live.lock);
	return n;
}

static void *run_live(void *arg)
{
	long n;

	(void)arg;
	while ((n = take()) >= 0) {
		LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frames[0], .data_size_in = (unsigned int)want.bytes,
			    .batch_size = LIVE_BATCH, .repeat = (int)n, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
		int err = n ? bpf_prog_test_run_opts(bpf_program__fd(live.bpf->progs.send_frame), &o) : 0;

		if (err && err != -EINTR)
			live.err = err;
		if (!n)
			usleep(LIVE_WAIT_US);
	}
	return NULL;
}

static unsigned long send_live(const char *iface)
{
	pthread_t threads[LIVE_THREADS];
	unsigned long sent = 0;
	int n = 0;

	live.bpf = load_live(iface, build(frames[0]));
	live.begin = now();
	while (live.bpf && n < LIVE_THREADS && !pthread_create(&threads[n], NULL, run_live, NULL))
		n++;
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	if (!n || live.err) {
		fprintf(stderr, "send: live frames to %s: %s\n", iface, live.err ? strerror(-live.err) : "no program, or no thread");
		exit(1);
	}
	sent = live.bpf->bss->sent;
	send__destroy(live.bpf);
	return sent;
}

static void read_args(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned long *value;
	} names[] = { { "packets=", &want.packets }, { "seconds=", &want.seconds }, { "flows=", &want.flows },
		      { "rate=", &want.rate }, { "bytes=", &want.bytes }, { "vni=", &want.vni }, { "tcp=", &want.tcp },
		      { "mix=", &want.mix }, { "live=", &want.live }, { "cpu=", &want.cpu } };
	unsigned int least;

	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (!strncmp(argv[i], names[k].name, strlen(names[k].name)))
				*names[k].value = strtoul(argv[i] + strlen(names[k].name), NULL, 10);
	least = (want.vni ? VXLAN : 0) + ETH + IP + (want.tcp ? TCP : UDP);
	if (want.bytes < least)
		want.bytes = least + (want.vni && !want.tcp ? 18 : 0);
}

static void stay_on(unsigned long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	unsigned long sent;

	if (argc < 2)
		return 64;
	read_args(argc, argv);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (want.cpu != 999 || want.live)
		stay_on(want.cpu == 999 ? 0 : want.cpu);
	sent = want.live ? send_live(argv[1]) : send_all(argv[1]);
	printf("sent %lu %lu\n", sent, sent * want.bytes);
	return 0;
}
