/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_records.h - what the user side is measured with, by the clock
 * (tests/bench) and by instructions (tests/counts): TCP, plain or in VXLAN, of
 * so many flows in turn, and a tags file that knows both ends of each record
 * and its application. Nothing depends on time or chance.
 */
#ifndef NINETAP_TESTS_LOAD_RECORDS_H
#define NINETAP_TESTS_LOAD_RECORDS_H

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "ninetap/abi.h"

#define LOAD_TENANTS 6			/* VNIs, each the whole of 10.0.0.0/8 */
#define LOAD_SERVERS 50			/* of each tenant */
#define LOAD_IFINDEX 2

static inline void load_layer(struct nt_layer *l, uint32_t flow, uint8_t proto, uint16_t dport)
{
	const uint32_t src = htonl(0x0a000000 + flow), dst = htonl(0x0a800000 + flow % LOAD_SERVERS);

	*l = (struct nt_layer){ .version = 4, .proto = proto, .ttl = 64, .ip_bytes = 120,
				.src_port = 30000 + flow % 30000, .dst_port = dport, .has = NT_HAS_PORTS };
	memcpy(l->src, &src, 4);
	memcpy(l->dst, &dst, 4);
}

/* tunnels: 0 or 1. */
static inline void load_records(struct nt_record *r, uint32_t n, uint32_t flows, uint8_t tunnels)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t flow = i % flows;

		r[i] = (struct nt_record){ .ts_ns = 1700000000000000000ULL + i * 700, .seq = i + 1, .ifindex = LOAD_IFINDEX,
			.bytes = 154, .packets = 1, .payload_bytes = 20, .sample = 1, .dir = NT_DIR_IN,
			.hook = NT_HOOK_TC, .tunnels = tunnels, .tcp_flags = 0x10, .tcp_window = 512 };
		if (tunnels) {
			load_layer(&r[i].layer[0], flow % 20, 17, 4789);
			r[i].layer[0].tunnel = NT_TUNNEL_VXLAN;
			r[i].layer[0].id = flow % LOAD_TENANTS;
			r[i].layer[0].has |= NT_HAS_ID;
		}
		load_layer(&r[i].layer[tunnels], flow, 6, 443);
		r[i].layer[tunnels].has |= NT_HAS_TCP;
	}
}

static inline void load_instance(FILE *f, const char *kind, uint32_t n, uint32_t tenant, uint32_t addr)
{
	fprintf(f, "{\"kind\":\"instance\",\"id\":\"%s-%08x-4c1f-9d52-%012x\",\"name\":\"vm-%u\",\"tenant\":\"tenant-%u\","
		"\"host\":\"box-%u\",\"addresses\":[\"%u.%u.%u.%u\"],\"from\":\"2023-01-01T00:00:00Z\"}\n",
		kind, n, n, n, tenant, n % 10, addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
}

/* The statements about them. */
static inline void load_tags(FILE *f, uint32_t flows)
{
	for (uint32_t t = 0; t < LOAD_TENANTS; t++) {
		fprintf(f, "{\"kind\":\"tenant\",\"name\":\"tenant-%u\",\"vnis\":[%u],\"subnets\":[\"10.0.0.0/8\"]}\n", t, t);
		for (uint32_t s = 0; s < LOAD_SERVERS; s++)
			load_instance(f, "server", s + LOAD_SERVERS * t, t, 0x0a800000 + s);
	}
	for (uint32_t i = 0; i < flows; i++)
		load_instance(f, "client", i, i % LOAD_TENANTS, 0x0a000000 + i);
	fprintf(f, "{\"kind\":\"application\",\"name\":\"https\",\"class\":\"web\",\"proto\":\"tcp\",\"ports\":443}\n");
}

#endif
