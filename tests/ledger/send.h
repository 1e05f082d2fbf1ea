/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * send.h - which packet is of which flow, and what a flow writes into it: for
 * send.c, and for send.bpf.c, which does the same to live frames.
 */
#ifndef TESTS_SEND_H
#define TESTS_SEND_H

#define SEND_SERVERS 50U
#define SEND_HOSTS 20U

struct send_flow {
	unsigned int src, dst;		/* host order */
	unsigned short sport;
	unsigned int host;		/* source address and */
	unsigned short entropy;		/* port of its carrier */
};

/* The n-th packet's flow. mix: in no order, the same in each run (splitmix64). */
static inline unsigned int send_pick(unsigned long long n, unsigned int flows, _Bool mix)
{
	unsigned long long x = (n + 1) * 0x9e3779b97f4a7c15ULL;

	if (!mix)
		return (unsigned int)(n % flows);
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (unsigned int)((x ^ x >> 31) % flows);
}

/*
 * mix: each flow has an address of its own, one of the servers, and one of the hosts and a port (RFC 7348, section 5) in
 * front of it; else it has a port of its own, one server and one carrier.
 */
static inline struct send_flow send_flow(unsigned int n, _Bool mix)
{
	struct send_flow f = { 0x0a000000 + (n >> 12), 0x0affff01, (unsigned short)(1024 + (n & 0xfff)), 0xc0000201, 40000 };

	if (mix) {
		f.src = 0x0a000000 + n;
		f.dst = 0x0a800000 + n % SEND_SERVERS;
		f.sport = (unsigned short)(30000 + n % 30000);
		f.host = 0xc0000203 + n % SEND_HOSTS;
		f.entropy = (unsigned short)(49152 + (n * 2654435761U >> 18));
	}
	return f;
}

#endif
