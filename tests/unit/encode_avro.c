/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode_avro.c - Avro batches byte by byte where the specification gives the
 * bytes, the schemas against the tree's files, damaged records against all
 * encodings. That readers read it is shown in test_encode.py.
 */
#include <errno.h>
#include <stdlib.h>
#include "check.h"
#include "sample.h"
#include "encode/schema.h"

static const char *const schema_files[] = {
	[STREAM_PACKETS] = "include/ninetap/ninetap.avsc", [STREAM_FLOWS] = "include/ninetap/flows.avsc",
};

/* An IPv4 packet without anything that may be left out. */
static struct nt_record plain_record(void)
{
	struct nt_record r = {
		.seq = 300, .bytes = 60, .packets = 1, .sample = 1, .dir = NT_DIR_OUT, .hook = NT_HOOK_XDP,
	};

	r.layer[0] = (struct nt_layer){
		.src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 2 }, .ip_bytes = 46, .version = 4,
		.proto = 89, .ttl = 1, .frag = NT_FRAG_LATER,
	};
	return r;
}

/* A batch with one record in b. */
static int encode(struct batch *b, struct encoder **e, enum framing framing, const struct tagged *t)
{
	int err = encoder_open(e, "avro", framing, STREAM_PACKETS, t->origin);

	if (!err)
		err = encoder_begin(*e, b, 2);
	if (!err)
		err = encoder_add(*e, b, t);
	if (!err)
		err = encoder_end(*e, b, 65);
	return err;
}

static const unsigned char datum[] = {
	2, 'b', 0, 0, 0, 14,		/* box; site, pop, ren: null; epoch 7 */
	4, 0, 0xd8, 4, 2, 0x82, 1,	/* cpu 2, tags_rev null, seq 300, count 1, lost 65 */
	2,				/* a block of one record */
	0xd8, 4, 1, 120, 92, 0, 0, 0,	/* seq, ts -1, bytes, ip_bytes, payload_bytes; TCP: null */
	0, 8, 10, 0, 0, 1, 0,		/* source: no instance, address, port null */
	0, 8, 10, 0, 0, 2, 0,
	0, 0, 0, 0, 0,			/* no other tags */
	0, 2, 'i', 2, 0, 2, 2,		/* plane null, iface, out, xdp, sample, packets */
	0xb2, 1, 0, 0,			/* proto 89; ICMP: null */
	2, 0, 4, 0, 0,			/* ttl, tos, frag later, vlan, tunnels: empty */
	0,				/* end of the records */
	2, 0, 0,			/* one text, which is empty */
};

static void test_bytes(void)
{
	const struct tag_origin origin = { .box = "b", .epoch = 7 };
	struct nt_record r = plain_record();
	struct tagged t = { .rec = &r, .origin = &origin, .ts_utc_ns = -1, .iface = "i", .tags = &tags_none };
	struct encoder *e = NULL;
	struct batch b = { 0 };
	const unsigned char *p;

	CHECK_EQ(encode(&b, &e, FRAMING_MESSAGE, &t), 0);
	CHECK_EQ(encoder_head(e)->len, 0);
	CHECK_EQ(b.msgs_n, 1);
	CHECK_EQ(b.msgs[0].count, 1);
	CHECK_EQ(b.msgs[0].seq, 300);
	CHECK_EQ(b.msgs[0].end, b.bytes.len);
	CHECK_EQ(b.msgs[0].end - b.msgs[0].begin, 10 + sizeof(datum));
	p = b.bytes.data + b.msgs[0].begin;
	CHECK(!memcmp(p, "\xc3\x01", 2));
	CHECK(!memcmp(p + 10, datum, sizeof(datum)));
	batch_free(&b);
	encoder_close(e);
}

static void test_block(void)
{
	const struct tag_origin origin = { .box = "b", .epoch = 7 };
	struct nt_record r = plain_record();
	struct tagged t = { .rec = &r, .origin = &origin, .ts_utc_ns = -1, .iface = "i", .tags = &tags_none };
	struct encoder *e = NULL;
	struct batch b = { 0 };
	const struct buf *head;

	CHECK_EQ(encode(&b, &e, FRAMING_STREAM, &t), 0);
	head = encoder_head(e);
	CHECK(head->len > 16 && !memcmp(head->data, "Obj\x01", 4));
	CHECK_EQ(b.msgs_n, 1);
	CHECK_EQ(b.msgs[0].begin, 0);
	CHECK_EQ(b.msgs[0].end, b.bytes.len);
	CHECK_EQ(b.bytes.len, 2 + sizeof(datum) + 16);
	CHECK_EQ(b.bytes.data[0], 2);	/* a block of one batch */
	CHECK_EQ(b.bytes.data[1], 2 * sizeof(datum));
	CHECK(!memcmp(b.bytes.data + 2, datum, sizeof(datum)));
	CHECK(!memcmp(b.bytes.data + 2 + sizeof(datum), head->data + head->len - 16, 16));
	batch_free(&b);
	encoder_close(e);
}

/* Each file has a sync marker of its own. */
static void test_sync_random(void)
{
	struct encoder *a = NULL, *b = NULL;

	CHECK_EQ(encoder_open(&a, "avro", FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
	CHECK_EQ(encoder_open(&b, "avro", FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
	CHECK_EQ(encoder_head(a)->len, encoder_head(b)->len);
	CHECK(memcmp(encoder_head(a)->data + encoder_head(a)->len - 16,
		     encoder_head(b)->data + encoder_head(b)->len - 16, 16));
	encoder_close(a);
	encoder_close(b);
}

static void test_empty_batch(void)
{
	struct encoder *e = NULL;
	struct batch b = { 0 };

	for (int framing = FRAMING_STREAM; framing <= FRAMING_MESSAGE; framing++) {
		CHECK_EQ(encoder_open(&e, "avro", framing, STREAM_PACKETS, &sample_origin), 0);
		CHECK_EQ(encoder_begin(e, &b, 1), 0);
		CHECK_EQ(encoder_end(e, &b, 9), 0);
		CHECK_EQ(b.bytes.len + b.msgs_n + b.count, 0);
		CHECK_EQ(b.lost, 9);
		encoder_close(e);
	}
	batch_free(&b);
}

/* The greatest record: nothing may pass the room that was made. */
static void test_longest(void)
{
	struct nt_record r;
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;
	struct batch b = { 0 };
	char iface[1000];

	sample_longest(&r);
	memset(iface, 0xff, sizeof(iface) - 1);
	iface[sizeof(iface) - 1] = '\0';
	t.iface = iface;
	t.ts_utc_ns = INT64_MIN;
	CHECK_EQ(encode(&b, &e, FRAMING_STREAM, &t), 0);
	CHECK(b.bytes.len > 3 * (sizeof(iface) - 1));
	CHECK(sample_fits(e, &t));
	batch_free(&b);
	encoder_close(e);
}

/* Whether a batch of one record is another than that of an encoder that knows no name yet. */
static int name_differs(struct encoder *e, const char *name)
{
	struct nt_record r = plain_record();
	struct tagged t = { .rec = &r, .origin = &sample_origin, .iface = name, .tags = &tags_none };
	struct batch ours = { 0 }, fresh = { 0 };
	struct encoder *other;
	size_t size;
	int differs;

	CHECK_EQ(encode(&fresh, &other, FRAMING_MESSAGE, &t), 0);
	CHECK_EQ(encoder_begin(e, &ours, 2), 0);
	CHECK_EQ(encoder_add(e, &ours, &t), 0);
	CHECK_EQ(encoder_end(e, &ours, 65), 0);
	size = fresh.msgs[0].end - fresh.msgs[0].begin;
	differs = ours.msgs[0].end - ours.msgs[0].begin != size ||
		  memcmp(ours.bytes.data + ours.msgs[0].begin, fresh.bytes.data + fresh.msgs[0].begin, size);
	batch_free(&ours);
	batch_free(&fresh);
	encoder_close(other);
	return differs;
}

/* A name is kept for the next record: any may follow any other. */
static void test_names(void)
{
	static const char *const names[] = {
		"", "eth0", "eth1", "eth", "an interface with 31 characters", "this interface has 32 characters",
		"one that is much longer than any that the kernel knows", "bad\xff", "ten of \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff.",
	};
	const unsigned int n = sizeof(names) / sizeof(names[0]);
	struct encoder *e = NULL;

	CHECK_EQ(encoder_open(&e, "avro", FRAMING_MESSAGE, STREAM_PACKETS, &sample_origin), 0);
	for (unsigned int i = 0; i < n * n; i++) {
		CHECK(!name_differs(e, names[i / n]));
		CHECK(!name_differs(e, names[i % n]));
	}
	encoder_close(e);
}

/* A way to damage a record; each must be refused, and the batch left alone. */
static void damage(struct nt_record *r, struct tagged *t, int how)
{
	switch (how) {
	case 0: r->dir = NT_DIR_INVALID; break;
	case 1: r->dir = NT_DIR_MAX; break;
	case 2: r->hook = NT_HOOK_INVALID; break;
	case 3: r->hook = 255; break;
	case 4: sample_longest(r); r->tunnels++; break; /* its layer would be behind the record */
	case 5: r->layer[1].frag = NT_FRAG_MAX; break;
	case 6: r->layer[1].vlans = NT_VLANS_MAX + 1; break;
	case 7: r->layer[1].version = 5; break;
	case 8: r->layer[0].tunnel = NT_TUNNEL_MAX; break;
	case 9: r->layer[0].tunnel = NT_TUNNEL_NONE; break;
	case 10: r->layer[0].vlans = 255; break;
	case 11: r->layer[0].version = 0; break;
	case 12: t->plane = PLANE_MAX; break;
	case 13: t->plane = -1; break;
	case 14: r->seq = 1ULL << 63; break;
	}
}

static void check_damage(struct encoder *e)
{
	struct batch b = { 0 };
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	size_t len;

	CHECK_EQ(encoder_begin(e, &b, 1), 0);
	CHECK_EQ(encoder_add(e, &b, &t), 0);
	len = b.bytes.len;
	for (int how = 0; how < 15; how++) {
		r = sample_record();
		t = sample_tagged(&r);
		damage(&r, &t, how);
		CHECK_EQ(encoder_add(e, &b, &t), -EINVAL);
		CHECK_EQ(b.bytes.len, len);
		CHECK_EQ(b.count, 1);
	}
	batch_free(&b);
}

static void test_damaged(void)
{
	struct encoder *e = NULL;

	CHECK_EQ(encoder_open(&e, "avro", FRAMING_MESSAGE, STREAM_PACKETS, &sample_origin), 0);
	check_damage(e);
	encoder_close(e);
	CHECK_EQ(encoder_open(&e, "json", FRAMING_MESSAGE, STREAM_PACKETS, &sample_origin), 0);
	check_damage(e);
	encoder_close(e);
	CHECK_EQ(encoder_open(&e, "smartx", FRAMING_MESSAGE, STREAM_PACKETS, &sample_origin), 0);
	check_damage(e);
	encoder_close(e);
}

/* Any bytes at all: refused or written, never more than that (seen by SAN=1). */
static void test_noise(void)
{
	static const char *const names[] = { "avro", "json", "smartx" };
	struct encoder *e = NULL;
	struct batch b = { 0 };
	struct nt_record r;
	struct tagged t = sample_tagged(&r);
	uint64_t state = 5;
	uint32_t taken = 0;

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(encoder_open(&e, names[i], FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
		CHECK_EQ(encoder_begin(e, &b, 1), 0);
		for (int n = 0; n < 20000; n++) {
			sample_fill(&state, &r);
			((unsigned char *)&r)[sample_random(&state) % sizeof(r)] = sample_random(&state) >> 56;
			taken += !encoder_add(e, &b, &t);
		}
		CHECK_EQ(encoder_end(e, &b, 0), 0);
		encoder_close(e);
	}
	batch_free(&b);
	CHECK(taken > 30000 && taken < 60000);
}

/* What the program embeds is what the tree shows; `make schema` writes the files. */
static void check_schema_file(enum stream stream)
{
	struct buf text = { 0 };
	char file[32768];
	FILE *f = fopen(schema_files[stream], "r");
	size_t n = f ? fread(file, 1, sizeof(file), f) : 0;

	CHECK_EQ(schema_text(&text, stream, false), 0);
	CHECK_EQ(n, text.len);
	CHECK(n == text.len && !memcmp(file, text.data, n));
	buf_free(&text);
	if (f)
		fclose(f);
}

static void test_schema_files(void)
{
	check_schema_file(STREAM_PACKETS);
	check_schema_file(STREAM_FLOWS);
}

/* The specification's EMPTY, and the fingerprint that it derives for "int" by its own rules. */
static void test_crc(void)
{
	CHECK(schema_crc64("", 0) == 0xc15d213aa4d7a795);
	CHECK(schema_crc64("\"int\"", 5) == 0x7275d51a3f395c8f);
}

int main(void)
{
	RUN(test_bytes);
	RUN(test_block);
	RUN(test_sync_random);
	RUN(test_empty_batch);
	RUN(test_longest);
	RUN(test_names);
	RUN(test_damaged);
	RUN(test_noise);
	RUN(test_schema_files);
	RUN(test_crc);
	return check_done();
}
