/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet.h - a frame from one line of text, for tests: headers by name, outer
 * first, each with attributes: "eth tag,vid=5 ip4,ttl=3 udp vxlan,vni=7 eth
 * ip6 tcp pay,n=10".
 *
 * What names the next header (types, protocols, tunnels' ports, MPLS' bottom
 * bit) and all lengths are filled in unless an attribute says otherwise.
 * "times=N" on any header repeats it. "pad,n=N" is behind all lengths; "short,n=N" takes N bytes off the end;
 * "cut,n=N" does too, but the frame on the wire keeps them. "l3" in front:
 * no Ethernet header. Numbers as strtoul(3) reads them, base 0.
 */
#ifndef NINETAP_TESTS_PACKET_H
#define NINETAP_TESTS_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/types.h>
#include "ninetap/abi.h"

#define PACKET_BYTES 4096
#define PACKET_LEVELS 8

struct packet {
	uint32_t n;			/* bytes there are */
	uint32_t wire;			/* bytes on the wire */
	uint32_t ip_n;			/* IP headers */
	uint32_t ip_bytes[PACKET_LEVELS]; /* what the n-th IP header says */
	bool l3;
	uint8_t bytes[PACKET_BYTES];
};

/* 0, or -1 after a line on stderr: the test is wrong. */
int packet_build(const char *spec, struct packet *out);

/* The addresses that the level-th IP header has unless told otherwise. */
void packet_address(int version, uint32_t level, int last, uint8_t out[16]);

/* "# hex: ..." lines from which the frame can be rebuilt (xxd -r -p). */
void packet_print(const uint8_t *bytes, uint32_t n);

#endif
