/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode_flow.c - flow records: a whole one as JSON, another byte by byte as
 * Avro, what is left out when, how they are numbered, and which are refused.
 * Random ones are read back in test_encode.py.
 */
#include <errno.h>
#include <stdlib.h>
#include "check.h"
#include "sample_flow.h"

static const char *const names[] = { "json", "avro", "smartx" };

/* A batch with one record in b. */
static int encode(struct batch *b, struct encoder **e, const char *name, enum framing framing, const struct tagged *t)
{
	int err = encoder_open(e, name, framing, STREAM_FLOWS, t->origin);

	if (!err)
		err = encoder_begin(*e, b, 2);
	if (!err)
		err = encoder_add(*e, b, t);
	if (!err)
		err = encoder_end(*e, b, 0);
	return err;
}

/* The JSON of f, by this encoder, in a stream; the caller frees it. */
static char *text_of(const char *name, const struct flow *f)
{
	struct nt_record r;
	struct tagged t = sample_tagged_flow(&r, f);
	struct encoder *e = NULL;
	struct batch b = { 0 };
	char *text = NULL;

	CHECK_EQ(encode(&b, &e, name, FRAMING_STREAM, &t), 0);
	text = strndup(b.bytes.len ? (char *)b.bytes.data : "", b.bytes.len);
	batch_free(&b);
	encoder_close(e);
	return text;
}

/* Nothing more, nothing less, in this order. */
static const char whole[] =
	"{\"type\":\"flow\",\"box\":\"box-a\",\"site\":\"site-1\",\"ren\":\"REN\",\"epoch\":9007199254740991,"
	"\"cpu\":2,\"plane\":\"data\",\"iface\":\"eth0\",\"dir\":\"in\",\"hook\":\"tc\",\"mode\":\"sampled\","
	"\"reason\":\"idle\",\"generation\":77,\"entry\":42,\"sample\":8,"
	"\"first\":\"2026-11-21T22:06:42.123456789Z\",\"last\":\"2026-11-21T22:06:44.123456789Z\","
	"\"events\":101,\"packets\":102,\"bytes\":103,\"payload_bytes\":104,\"bytes_min\":110,"
	"\"bytes_max\":111,\"bytes_sumsq\":105,\"src_ip\":\"10.0.0.1\",\"dst_ip\":\"10.0.0.255\",\"proto\":6,"
	"\"src_port\":443,\"dst_port\":65535,\"tcp_flags\":274,\"win_min\":114,\"win_max\":115,"
	"\"win_sum\":106,\"win_sumsq\":107,\"iat_us_min\":112,\"iat_us_max\":113,\"iat_us_sum\":108,"
	"\"iat_us_sumsq\":109,\"vlan\":[0,4095],\"tunnels\":[{\"type\":\"vxlan\",\"id\":5001,"
	"\"src_ip\":\"2001:db8::1\",\"dst_ip\":\"2001:db8::2\",\"proto\":17,\"src_port\":51234,"
	"\"dst_port\":4789}]}\n";

static void test_text(void)
{
	struct flow f = sample_flow();
	char *text = text_of("json", &f);

	CHECK_STR(text, whole);
	free(text);
}

/* Lines of the agent have no form for flows. */
static void test_smartx_is_json(void)
{
	struct flow f = sample_flow();
	char *text = text_of("smartx", &f);

	CHECK_STR(text, whole);
	free(text);
}

static void check_has(const struct flow *f, const char *members, int want)
{
	char *text = text_of("json", f), copy[160], *rest = copy, member[40];

	snprintf(copy, sizeof(copy), "%s", members);
	for (char *name; (name = strsep(&rest, " "));) {
		snprintf(member, sizeof(member), "\"%s\":", name);
		if (!!strstr(text, member) != want)
			check_report(__FILE__, __LINE__, name);
	}
	free(text);
}

static void test_absent(void)
{
	static const char window[] = "tcp_flags win_min win_max win_sum win_sumsq";
	static const char iat[] = "iat_us_min iat_us_max iat_us_sum iat_us_sumsq";
	struct flow f = sample_flow();

	f.key.layer[1].vlans_has = sample_vlans_has(0, NT_HAS_PORTS);
	check_has(&f, window, 0);
	check_has(&f, "vlan", 0);
	check_has(&f, iat, 1);
	check_has(&f, "src_port dst_port tunnels", 1);
	f.key.layer[1].vlans_has = sample_vlans_has(0, 0);
	f.key.layer[0] = f.key.layer[1];
	f.key.head.tunnels = 0;
	check_has(&f, "src_port dst_port tunnels", 0);
	f = sample_flow();
	f.counted.sum.packets = 1;
	check_has(&f, iat, 0);
	check_has(&f, window, 1);
	f.counted.sum.packets = 2;
	check_has(&f, iat, 1);
}

static void check_symbol(const struct flow *f, const char *member)
{
	char *text = text_of("json", f);

	if (!strstr(text, member))
		check_report(__FILE__, __LINE__, member);
	free(text);
}

static void test_symbols(void)
{
	static const char *const modes[NT_MODE_MAX] = {
		"\"mode\":\"packet\"", "\"mode\":\"flow\"", "\"mode\":\"sampled\"",
	};
	static const char *const reasons[FLOW_REASON_MAX] = {
		[FLOW_ACTIVE] = "\"reason\":\"active\"", [FLOW_IDLE] = "\"reason\":\"idle\"",
		[FLOW_END] = "\"reason\":\"end\"", [FLOW_OVERLOAD] = "\"reason\":\"overload\"",
		[FLOW_SHUTDOWN] = "\"reason\":\"shutdown\"",
	};
	struct flow f = sample_flow();

	for (int i = 0; i < NT_MODE_MAX; i++) {
		f.key.head.mode = i;
		check_symbol(&f, modes[i]);
	}
	for (int i = FLOW_ACTIVE; i < FLOW_REASON_MAX; i++) {
		f.reason = i;
		check_symbol(&f, reasons[i]);
	}
}

/* Two packets of TCP without anything else that may be left out. */
static struct flow plain_flow(void)
{
	struct flow f = { .reason = FLOW_END };

	f.key.head = (struct nt_flow_head){ .sample = 1, .dir = NT_DIR_OUT, .hook = NT_HOOK_XDP, .mode = NT_MODE_FLOW };
	f.key.layer[0] = (struct nt_flow_layer){
		.src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 2 }, .version = 4, .proto = 6,
		.vlans_has = sample_vlans_has(0, NT_HAS_TCP),
	};
	f.counted = (struct nt_flow){
		.generation = 3, .entry = 300, .sum = { 1, 2, 40 }, .payload_bytes = 4, .bytes_min = 5, .bytes_max = 6,
		.bytes_sumsq = 7, .tcp_flags = 8, .win_min = 9, .win_max = 10, .win_sum = 11, .win_sumsq = 12,
		.iat_us_min = 13, .iat_us_max = 14, .iat_us_sum = 15, .iat_us_sumsq = 16,
	};
	return f;
}

static const unsigned char datum[] = {
	2, 'b', 0, 0, 0, 14,		/* box; site, pop, ren: null; epoch 7 */
	4, 0, 0xd8, 4, 2, 0,		/* cpu 2, tags_rev null, seq 300, count 1, lost 0 */
	2,				/* a block of one record */
	0, 2, 'i', 2, 0, 2, 4,		/* plane null, iface, out, xdp, flow, end */
	6, 0xd8, 4, 2, 1, 20,		/* generation, entry, sample, first -1, last 10 */
	2, 4, 80, 8, 10, 12, 14,	/* events, packets, bytes, payload, min, max, sum of squares */
	8, 10, 0, 0, 1, 8, 10, 0, 0, 2,
	12, 0, 0,			/* TCP; ports: null */
	2, 16, 2, 18, 2, 20, 2, 22, 2, 24, /* flags, windows */
	2, 26, 2, 28, 2, 30, 2, 32,	/* inter-packet times */
	0, 0,				/* vlan, tunnels: empty */
	0, 0, 0, 0, 0, 0, 0,		/* no tags */
	0,				/* end of the records */
	2, 0, 0,			/* one text, which is empty */
};

static void test_bytes(void)
{
	const struct tag_origin origin = { .box = "b", .epoch = 7 };
	struct flow f = plain_flow();
	struct nt_record r;
	struct tagged t = sample_tagged_flow(&r, &f);
	struct encoder *e = NULL;
	struct batch b = { 0 };
	const unsigned char *p;

	t.origin = &origin;
	t.iface = "i";
	t.plane = PLANE_NONE;
	t.ts_utc_ns = -1;
	t.last_utc_ns = 10;
	CHECK_EQ(encode(&b, &e, "avro", FRAMING_MESSAGE, &t), 0);
	CHECK_EQ(b.msgs_n, 1);
	CHECK_EQ(b.msgs[0].end - b.msgs[0].begin, 10 + sizeof(datum));
	p = b.bytes.data + b.msgs[0].begin;
	CHECK(!memcmp(p, "\xc3\x01", 2));
	CHECK(!memcmp(p + 10, datum, sizeof(datum)));
	batch_free(&b);
	encoder_close(e);
}

/* Batches and messages go by the entry's number; the batch says its stream. */
static void test_numbers(void)
{
	struct flow f = sample_flow();
	struct nt_record r;
	struct tagged t = sample_tagged_flow(&r, &f);
	struct encoder *e = NULL;
	struct batch b = { .stream = STREAM_EVENTS };

	CHECK_EQ(encoder_open(&e, "json", FRAMING_MESSAGE, STREAM_FLOWS, &sample_origin), 0);
	CHECK_EQ(encoder_begin(e, &b, 0), 0);
	CHECK_EQ(b.stream, STREAM_FLOWS);
	for (int i = 0; i < 3; i++, f.counted.entry -= 2)
		CHECK_EQ(encoder_add(e, &b, &t), 0);
	CHECK_EQ(encoder_end(e, &b, 0), 0);
	CHECK_EQ(b.seq, 42);
	CHECK_EQ(b.count, 3);
	CHECK_EQ(b.msgs_n, 3);
	for (uint32_t i = 0; i < b.msgs_n; i++)
		CHECK_EQ(b.msgs[i].seq, 42 - 2 * i);
	batch_free(&b);
	encoder_close(e);
}

/* An encoder takes records of its own stream alone. */
static void test_streams(void)
{
	struct flow f = sample_flow();
	struct nt_record of_flow, r = sample_record();
	struct tagged flow = sample_tagged_flow(&of_flow, &f), packet = sample_tagged(&r);
	struct encoder *e = NULL;
	struct batch b = { 0 };

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(encoder_open(&e, names[i], FRAMING_STREAM, STREAM_FLOWS, &sample_origin), 0);
		CHECK_EQ(encoder_begin(e, &b, 0), 0);
		CHECK_EQ(encoder_add(e, &b, &packet), -EINVAL);
		CHECK_EQ(encoder_add(e, &b, &flow), 0);
		encoder_close(e);
		CHECK_EQ(encoder_open(&e, names[i], FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
		CHECK_EQ(encoder_begin(e, &b, 0), 0);
		CHECK_EQ(b.stream, STREAM_PACKETS);
		CHECK_EQ(encoder_add(e, &b, &flow), -EINVAL);
		CHECK_EQ(encoder_add(e, &b, &packet), 0);
		encoder_close(e);
		CHECK_EQ(encoder_open(&e, names[i], FRAMING_STREAM, STREAM_EVENTS, &sample_origin), -EINVAL);
		CHECK(!e);
	}
	CHECK_EQ(encoder_open(&e, "xml", FRAMING_STREAM, STREAM_FLOWS, &sample_origin), -EINVAL);
	batch_free(&b);
}

static void test_stream_names(void)
{
	CHECK_STR(stream_names[STREAM_PACKETS], "packets");
	CHECK_STR(stream_names[STREAM_FLOWS], "flows");
	CHECK_STR(stream_names[STREAM_EVENTS], "events");
}

/* Nothing may pass the room that was made. */
static void test_longest(void)
{
	struct flow f;
	struct nt_record r;
	struct tagged t;
	struct encoder *e = NULL;
	char iface[1000];

	sample_flow_longest(&f);
	t = sample_tagged_flow(&r, &f);
	iface[sizeof(iface) - 1] = '\0';
	t.iface = iface;
	t.ts_utc_ns = INT64_MIN;
	t.last_utc_ns = INT64_MIN;
	for (int i = 0; i < 2; i++) {
		memset(iface, i ? 0xff : 1, sizeof(iface) - 1);
		CHECK_EQ(encoder_open(&e, names[i], FRAMING_STREAM, STREAM_FLOWS, &sample_origin), 0);
		CHECK(sample_fits(e, &t));
		encoder_close(e);
	}
}

/* A way to damage a flow; each must be refused, and the batch left alone. */
static bool damage(struct flow *f, int how)
{
	switch (how) {
	case 0: f->key.head.mode = NT_MODE_MAX; return true;
	case 1: f->key.head.mode = 255; return true;
	case 2: f->reason = FLOW_INVALID; return true;
	case 3: f->reason = FLOW_REASON_MAX; return true;
	case 4: f->reason = -1; return true;
	case 5: f->key.head.dir = NT_DIR_INVALID; return true;
	case 6: f->key.head.dir = NT_DIR_MAX; return true;
	case 7: f->key.head.hook = NT_HOOK_INVALID; return true;
	case 8: f->key.head.hook = NT_HOOK_MAX; return true;
	case 9: f->key.head.tunnels = NT_TUNNELS_MAX + 1; return true;
	case 10: f->key.layer[0].tunnel = NT_TUNNEL_NONE; return true;
	case 11: f->key.layer[0].tunnel = NT_TUNNEL_MAX; return true;
	case 12: f->key.layer[0].version = 0; return true;
	case 13: f->key.layer[1].version = 5; return true;
	case 14: f->key.layer[1].vlans_has = sample_vlans_has(NT_VLANS_MAX + 1, 0); return true;
	}
	if (!sample_flow_sum(&f->counted, how - 15))
		return false;
	*sample_flow_sum(&f->counted, how - 15) = 1ULL << 63;
	return true;
}

static void check_damage(struct encoder *e)
{
	struct flow f = sample_flow();
	struct nt_record r;
	struct tagged t = sample_tagged_flow(&r, &f);
	struct batch b = { 0 };
	size_t len;
	int how;

	CHECK_EQ(encoder_begin(e, &b, 1), 0);
	CHECK_EQ(encoder_add(e, &b, &t), 0);
	len = b.bytes.len;
	for (how = 0; damage(&f, how); how++) {
		t = sample_tagged_flow(&r, &f);
		if (encoder_add(e, &b, &t) != -EINVAL || b.bytes.len != len || b.count != 1)
			check_eq(how, -1, "damage that was not refused", __FILE__, __LINE__);
		f = sample_flow();
	}
	CHECK_EQ(how, 26);
	t = sample_tagged_flow(&r, &f);
	t.plane = PLANE_MAX;
	CHECK_EQ(encoder_add(e, &b, &t), -EINVAL);
	batch_free(&b);
}

static void test_damaged(void)
{
	struct encoder *e = NULL;

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(encoder_open(&e, names[i], FRAMING_MESSAGE, STREAM_FLOWS, &sample_origin), 0);
		check_damage(e);
		encoder_close(e);
	}
}

/* Any bytes at all: refused or written, never more than that (seen by SAN=1). */
static void test_noise(void)
{
	struct encoder *e = NULL;
	struct batch b = { 0 };
	struct nt_record r;
	struct flow f;
	uint64_t state = 5;
	uint32_t taken = 0;

	for (int i = 0; i < 2; i++) {
		CHECK_EQ(encoder_open(&e, names[i], FRAMING_STREAM, STREAM_FLOWS, &sample_origin), 0);
		CHECK_EQ(encoder_begin(e, &b, 1), 0);
		for (int n = 0; n < 20000; n++) {
			struct tagged t;

			sample_flow_fill(&state, &f);
			((unsigned char *)&f)[sample_random(&state) % sizeof(f)] = sample_random(&state) >> 56;
			t = sample_tagged_flow(&r, &f);
			taken += !encoder_add(e, &b, &t);
		}
		CHECK_EQ(encoder_end(e, &b, 0), 0);
		encoder_close(e);
	}
	batch_free(&b);
	CHECK(taken > 20000 && taken < 40000);
}

int main(void)
{
	RUN(test_text);
	RUN(test_smartx_is_json);
	RUN(test_absent);
	RUN(test_symbols);
	RUN(test_bytes);
	RUN(test_numbers);
	RUN(test_streams);
	RUN(test_stream_names);
	RUN(test_longest);
	RUN(test_damaged);
	RUN(test_noise);
	return check_done();
}
