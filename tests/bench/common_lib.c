// SPDX-License-Identifier: Apache-2.0
/*
 * common_lib.c - see bench.h.
 */
#include "bench/bench.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void figure(const char *key, double value)
{
	printf("%s %.6g\n", key, value);
}

static unsigned char *put_bytes(unsigned char *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return to + n;
}

static unsigned char *ethernet(unsigned char *to)
{
	static const unsigned char h[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00 };

	return put_bytes(to, h, sizeof(h));
}

static unsigned char *ip4(unsigned char *to, unsigned char proto, uint16_t payload)
{
	unsigned char h[20] = { 0x45, [8] = 64, [9] = proto, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
	uint16_t total = htons(20 + payload);

	memcpy(h + 2, &total, 2);
	return put_bytes(to, h, sizeof(h));
}

static unsigned char *udp(unsigned char *to, uint16_t dport, uint16_t payload)
{
	uint16_t h[4] = { htons(40000), htons(dport), htons(8 + payload), 0 };

	return put_bytes(to, h, sizeof(h));
}

static unsigned char *tcp(unsigned char *to)
{
	unsigned char h[20] = { 0x9c, 0x40, 0x00, 0x50, [12] = 0x50, [13] = 0x10, [14] = 0x20, 0x00 };

	return put_bytes(to, h, sizeof(h));
}

static unsigned char *vxlan(unsigned char *to, uint16_t inside)
{
	static const unsigned char h[8] = { 0x08, [6] = 42 };

	to = ip4(to, 17, 8 + 8 + inside);
	to = udp(to, 4789, 8 + inside);
	return put_bytes(to, h, sizeof(h));
}

static unsigned char *gtp(unsigned char *to, uint16_t inside)
{
	const unsigned char h[8] = { 0x30, 0xff, inside >> 8, inside & 0xff, 0, 0, 0, 7 };

	to = ip4(to, 17, 8 + 8 + inside);
	to = udp(to, 2152, 8 + inside);
	return put_bytes(to, h, sizeof(h));
}

uint32_t frame_build(enum frame_kind kind, unsigned char *to)
{
	unsigned char *at = ethernet(to);

	if (kind == FRAME_VXLAN)
		at = ethernet(vxlan(at, 14 + 40));
	else if (kind == FRAME_VXLAN_GTP)
		at = gtp(ethernet(vxlan(at, 14 + 36 + 40)), 40);
	at = tcp(ip4(at, 6, 20));
	return at - to;
}
