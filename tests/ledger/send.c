// SPDX-License-Identifier: Apache-2.0
/*
 * send.c - sends UDP frames out of an interface and counts exactly what the
 * kernel took: send IFACE [packets=N] [seconds=S] [flows=F] [rate=PPS]
 * [bytes=B] [vni=V] [cpu=C].
 *
 * Frames go through the interface's egress hooks, many a system call. A flow
 * is a source address and port. With vni they are in a VXLAN. At the end, or
 * on SIGTERM, it prints "sent PACKETS BYTES" (bytes of frames, without FCS).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 64U
#define FRAME_MAX 1514U
#define ETH 14U
#define IP 20U
#define UDP 8U
#define VXLAN (ETH + IP + UDP + 8U)	/* all that is in front of the inner frame */

static volatile sig_atomic_t stopped;
static struct {
	unsigned long packets, seconds, flows, rate, bytes, vni, cpu;
} want = { .flows = 1, .bytes = 60, .cpu = 999 };

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

static void put_ip_udp(unsigned char *p, unsigned int bytes, uint32_t src, uint32_t dst, unsigned int sport, unsigned int dport)
{
	p[0] = 0x45;
	put16(p + 2, bytes);
	p[8] = 64;
	p[9] = 17;
	put16(p + 12, src >> 16);
	put16(p + 14, src & 0xffff);
	put16(p + 16, dst >> 16);
	put16(p + 18, dst & 0xffff);
	put16(p + IP, sport);
	put16(p + IP + 2, dport);
	put16(p + IP + 4, bytes - IP);
}

static void put_eth(unsigned char *p)
{
	memcpy(p, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08", 13);
	p[13] = 0;
}

/* The n-th flow's frame, of want.bytes in all. */
static void build(unsigned char *p, unsigned long n)
{
	unsigned int at = 0, bytes = (unsigned int)want.bytes;

	memset(p, 0, FRAME_MAX);
	put_eth(p);
	if (want.vni) {
		put_ip_udp(p + ETH, bytes - ETH, 0xc0000201, 0xc0000202, 40000, 4789);
		p[ETH + IP + UDP] = 8;
		put16(p + ETH + IP + UDP + 4, (unsigned int)(want.vni >> 8));
		p[ETH + IP + UDP + 6] = (unsigned char)want.vni;
		at = VXLAN;
		put_eth(p + at);
	}
	put_ip_udp(p + at + ETH, bytes - at - ETH, 0x0a000000 + (uint32_t)(n >> 12), 0x0affff01,
		   1024 + (unsigned int)(n & 0xfff), 53);
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

	if (ahead > 0.0005)
		usleep((useconds_t)(ahead * 1e6));
}

static void read_args(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned long *value;
	} names[] = { { "packets=", &want.packets }, { "seconds=", &want.seconds }, { "flows=", &want.flows },
		      { "rate=", &want.rate }, { "bytes=", &want.bytes }, { "vni=", &want.vni }, { "cpu=", &want.cpu } };

	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (!strncmp(argv[i], names[k].name, strlen(names[k].name)))
				*names[k].value = strtoul(argv[i] + strlen(names[k].name), NULL, 10);
	if (want.vni && want.bytes < VXLAN + ETH + IP + UDP)
		want.bytes = VXLAN + ETH + IP + UDP + 18;
}

int main(int argc, char **argv)
{
	static unsigned char frames[AT_ONCE][FRAME_MAX];
	struct mmsghdr msgs[AT_ONCE] = { 0 };
	struct iovec iov[AT_ONCE];
	unsigned long sent = 0, flow = 0;
	double begin;
	int fd, n;

	if (argc < 2)
		return 64;
	read_args(argc, argv);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (want.cpu != 999) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(want.cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	fd = open_socket(argv[1]);
	begin = now();
	while (!stopped && (!want.packets || sent < want.packets) && (!want.seconds || now() < begin + (double)want.seconds)) {
		unsigned long k = want.packets && want.packets - sent < AT_ONCE ? want.packets - sent : AT_ONCE;

		for (unsigned long i = 0; i < k; i++) {
			if (want.flows > 1 || sent < AT_ONCE)
				build(frames[i], (flow + i) % want.flows);
			iov[i] = (struct iovec){ frames[i], want.bytes };
			msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		n = sendmmsg(fd, msgs, (unsigned int)k, 0);
		if (n < 0 && errno != ENOBUFS && errno != EINTR && errno != ENETDOWN && errno != ENXIO)
			break;
		if (n < 0 && (errno == ENETDOWN || errno == ENXIO))
			break;		/* the interface is gone */
		sent += n > 0 ? (unsigned long)n : 0;
		flow += n > 0 ? (unsigned long)n : 0;
		pace(begin, sent);
	}
	printf("sent %lu %lu\n", sent, sent * want.bytes);
	return 0;
}
