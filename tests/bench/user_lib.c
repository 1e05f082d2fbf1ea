// SPDX-License-Identifier: Apache-2.0
/*
 * user_lib.c - CPU ns a record of the user side, saturated: tag and encode
 * records that lie in memory, into batches that nobody writes; beside reading
 * the same records.
 */
#include "bench/bench.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "encode/encode.h"

#define RECORDS 100000
#define FLOWS 1000
#define BATCH 1000

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void make_layer(struct nt_layer *l, uint32_t flow, uint8_t proto, uint16_t dport)
{
	const uint32_t src = htonl(0x0a000000 + flow), dst = htonl(0x0a800000 + flow % 50);

	*l = (struct nt_layer){ .version = 4, .proto = proto, .ttl = 64, .ip_bytes = 120,
				.src_port = 30000 + flow, .dst_port = dport, .has = NT_HAS_PORTS };
	memcpy(l->src, &src, 4);
	memcpy(l->dst, &dst, 4);
}

/* TCP in VXLAN, a thousand flows in turn. */
static void make_records(struct nt_record *r)
{
	for (uint32_t i = 0; i < RECORDS; i++) {
		r[i] = (struct nt_record){ .ts_ns = 1700000000000000000ULL + i * 700, .seq = i + 1, .ifindex = 2,
			.bytes = 154, .packets = 1, .payload_bytes = 20, .sample = 1, .dir = NT_DIR_IN,
			.hook = NT_HOOK_TC, .tunnels = 1, .tcp_flags = 0x10, .tcp_window = 512 };
		make_layer(&r[i].layer[0], i % FLOWS % 20, 17, 4789);
		r[i].layer[0].tunnel = NT_TUNNEL_VXLAN;
		r[i].layer[0].id = i % 6;
		r[i].layer[0].has |= NT_HAS_ID;
		make_layer(&r[i].layer[1], i % FLOWS, 6, 443);
		r[i].layer[1].has |= NT_HAS_TCP;
	}
}

static int encode_all(const struct nt_record *r, struct encoder *e, struct batch *b, const struct tag_origin *origin)
{
	for (uint32_t i = 0; i < RECORDS; i++) {
		struct tagged t = { &r[i], origin, (int64_t)r[i].ts_ns, "eth0", PLANE_DATA };

		if (i % BATCH == 0 && encoder_begin(e, b, 0))
			return -1;
		if (encoder_add(e, b, &t))
			return -1;
		if (i % BATCH == BATCH - 1 && encoder_end(e, b, 0))
			return -1;
	}
	return 0;
}

static int measure(const struct nt_record *r, const char *encoding, struct figure *f)
{
	const struct tag_origin origin = { .box = "box-1", .site = "site-1", .epoch = 42 };
	struct batch b = {0};
	struct encoder *e;
	int err = encoder_open(&e, encoding, FRAMING_MESSAGE, &origin);

	for (int i = 0; i < BENCH_ROUNDS && !err; i++) {
		double before = cpu_ns();

		err = encode_all(r, e, &b, &origin);
		f->ns[i] = (cpu_ns() - before) / RECORDS;
	}
	figure_done(f);
	batch_free(&b);
	encoder_close(e);
	return err;
}

static void measure_reading(const struct nt_record *r, struct figure *f)
{
	for (int i = 0; i < BENCH_ROUNDS; i++) {
		double before = cpu_ns();
		volatile uint64_t sum = 0;

		for (uint32_t k = 0; k < RECORDS; k++)
			for (uint32_t w = 0; w < NT_RECORD_SIZE(1) / 8; w++)
				sum += ((const uint64_t *)&r[k])[w];
		f->ns[i] = (cpu_ns() - before) / RECORDS;
	}
	figure_done(f);
}

int bench_user(void)
{
	struct nt_record *r = malloc(RECORDS * sizeof(*r));
	struct figure reading, json, avro;
	int err = -1;

	if (!r)
		return -1;
	make_records(r);
	measure_reading(r, &reading);
	if (!measure(r, "json", &json) && !measure(r, "avro", &avro)) {
		row("tag and encode a record, json", &json, "reading the record", &reading);
		row("tag and encode a record, avro", &avro, "reading the record", &reading);
		err = 0;
	}
	free(r);
	return err;
}
