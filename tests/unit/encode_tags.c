/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode_tags.c - tags in JSON and Avro: text by text in the one, numbers into
 * the batch's texts in the other, from batch to batch and for ids that are
 * used again. Random ones are read back in test_encode.py.
 */
#include <stdlib.h>
#include "check.h"
#include "encode/dict.h"
#include "sample_tags.h"

static const struct tag_origin origin = { .box = "b", .epoch = 7 };

static struct nt_record record(void)
{
	struct nt_record r = { .seq = 1, .packets = 1, .sample = 1, .dir = NT_DIR_IN, .hook = NT_HOOK_TC };

	r.layer[0].version = 4;
	return r;
}

/* A batch in b with a record for each of the n tags. */
static void encode(struct encoder *e, struct batch *b, const struct tags *tags, int n)
{
	struct nt_record r = record();
	struct tagged t = { .rec = &r, .origin = &origin, .iface = "i" };

	CHECK_EQ(encoder_begin(e, b, 0), 0);
	CHECK_EQ(b->tags_rev, 0);
	b->tags_rev = 9;
	for (int i = 0; i < n; i++) {
		t.tags = &tags[i];
		CHECK_EQ(encoder_add(e, b, &t), 0);
	}
	CHECK_EQ(encoder_end(e, b, 0), 0);
}

static void check_json(const struct tags *tags, uint64_t revision, const char *want_rev, const char *want)
{
	struct nt_record r = record();
	struct tagged t = { .rec = &r, .origin = &origin, .iface = "i", .tags = tags };
	struct encoder *e = NULL;
	struct batch b = { 0 };
	char *text;

	CHECK_EQ(encoder_open(&e, "json", FRAMING_STREAM, STREAM_PACKETS, &origin), 0);
	CHECK_EQ(encoder_begin(e, &b, 0), 0);
	b.tags_rev = revision;
	CHECK_EQ(encoder_add(e, &b, &t), 0);
	CHECK_EQ(encoder_end(e, &b, 0), 0);
	text = strndup((char *)b.bytes.data, b.bytes.len);
	CHECK(strstr(text, want_rev) != NULL);
	CHECK_STR(strstr(text, ",\"frag\":\"none\"") + strlen(",\"frag\":\"none\""), want);
	free(text);
	batch_free(&b);
	encoder_close(e);
}

static void test_json(void)
{
	union sample_text x[7];
	const struct tag_app app = { &x[5].text, &x[6].text }, no_class = { &x[5].text, NULL };
	struct tags all = { &x[0].text, &x[1].text, &x[2].text, &x[3].text, &x[4].text, &app };
	struct tags some = { .dst_instance = &x[4].text, .app = &no_class };

	for (int i = 0; i < 7; i++)
		sample_text_set(&x[i], i, (const char *const[]){ "t", "st", "dt", "s\"i", "d\xff", "a", "c" }[i]);
	check_json(&all, 12, "\"cpu\":0,\"tags_rev\":12,\"iface\"",
		   ",\"tenant\":\"t\",\"src_tenant\":\"st\",\"dst_tenant\":\"dt\",\"src_instance\":\"s\\\"i\","
		   "\"dst_instance\":\"d\xef\xbf\xbd\",\"app\":\"a\",\"app_class\":\"c\"}\n");
	check_json(&some, 1, "\"tags_rev\":1,", ",\"dst_instance\":\"d\xef\xbf\xbd\",\"app\":\"a\"}\n");
	check_json(&tags_none, 0, "\"cpu\":0,\"iface\"", "}\n");
}

/* The last bytes of the batch are its texts, those before them its last record. */
static void check_end(const struct batch *b, const void *want, size_t n)
{
	const struct batch_msg *m = &b->msgs[0];

	CHECK_EQ(b->msgs_n, 1);
	CHECK(m->end - m->begin >= n);
	CHECK(!memcmp(b->bytes.data + m->end - n, want, n));
}

/* The record from src_instance on; rest: tenant, src_tenant, dst_tenant, app, app_class. */
#define RECORD_END(src, dst, rest) \
	src "\10\0\0\0\0" "\0" dst "\10\0\0\0\0" "\0" rest "\0\2i\0\2\2\2" "\0\0\0\0\0\0\0\0"

static void test_avro(void)
{
	const struct tag_app app = { sample_text(11), NULL };
	const struct tags tags[2] = {
		{ sample_text(10), NULL, sample_text(10), sample_text(12), NULL, &app },
		{ sample_text(13), sample_text(10), NULL, NULL, sample_text(12), NULL },
	};
	static const unsigned char one[] = RECORD_END("\4", "\0", "\2\0\2\6\0")
		"\0" "\10\0\24i-0000000a\24i-0000000c\24i-0000000b";
	static const unsigned char none[] = RECORD_END("\0", "\0", "\0\0\0\0\0") "\0" "\2\0";
	static const unsigned char two[] = RECORD_END("\0", "\4", "\10\2\0\0\0")
		"\0" "\12\0\24i-0000000a\24i-0000000c\24i-0000000b\24i-0000000d";
	struct encoder *e = NULL;
	struct batch b = { 0 };

	CHECK_EQ(encoder_open(&e, "avro", FRAMING_MESSAGE, STREAM_PACKETS, &origin), 0);
	encode(e, &b, tags, 1);
	check_end(&b, one, sizeof(one));	/* with the NUL: the end of the array */
	CHECK_EQ(b.bytes.data[b.msgs[0].begin + 10 + 2 + 3 + 1 + 1], 2); /* mark, box, site to ren, epoch, cpu */
	CHECK_EQ(b.bytes.data[b.msgs[0].begin + 10 + 2 + 3 + 1 + 2], 2 * 9);
	encode(e, &b, tags, 2);
	check_end(&b, two, sizeof(two));
	encode(e, &b, &tags_none, 1);
	check_end(&b, none, sizeof(none));
	batch_free(&b);
	encoder_close(e);
}

/* An id stands for another text in the next batch. */
static void test_ids_are_used_again(void)
{
	union sample_text x;
	struct tags tags = { .tenant = &x.text };
	static const unsigned char old[] = RECORD_END("\0", "\0", "\2\0\0\0\0") "\0" "\4\0\6old";
	static const unsigned char new[] = RECORD_END("\0", "\0", "\2\0\0\0\0") "\0" "\4\0\6new";
	struct encoder *e = NULL;
	struct batch b = { 0 };

	CHECK_EQ(encoder_open(&e, "avro", FRAMING_MESSAGE, STREAM_PACKETS, &origin), 0);
	sample_text_set(&x, 100000, "old");
	encode(e, &b, &tags, 1);
	check_end(&b, old, sizeof(old));
	sample_text_set(&x, 100000, "new");
	encode(e, &b, &tags, 1);
	check_end(&b, new, sizeof(new));
	batch_free(&b);
	encoder_close(e);
}

static uint32_t put(struct dict *d, const struct text *t)
{
	uint32_t index = UINT32_MAX;

	CHECK_EQ(dict_put(d, t, &index), 0);
	return index;
}

/* Texts of any ids, more of them than the table begins with, again and again. */
static void test_dictionary(void)
{
	static union sample_text texts[5000];
	const uint32_t n = sizeof(texts) / sizeof(texts[0]);
	struct dict d = { 0 };
	int wrong = 0;

	for (uint32_t i = 0; i < n; i++)
		sample_text_set(&texts[i], i % 2 ? i : UINT32_MAX - i * 65536, "t");
	for (uint32_t batch = 0; batch < 3; batch++) {
		CHECK_EQ(dict_begin(&d), 0);
		CHECK_EQ(put(&d, NULL), 0);
		for (uint32_t i = 0; i < n; i++)
			wrong += put(&d, &texts[(i + batch) % n].text) != i + 1 || put(&d, &texts[batch].text) != 1;
		for (uint32_t i = 0; i < n; i++)
			wrong += put(&d, &texts[(i + batch) % n].text) != i + 1;
		CHECK_EQ(d.count, n);
		CHECK_EQ(d.bytes.len, 2 * n);
	}
	CHECK_EQ(wrong, 0);
	dict_free(&d);
}

/* What batch_size() says grows with the texts, and is not far from what the batch takes. */
static void test_size(void)
{
	struct nt_record r = record();
	struct tags tags = { .tenant = sample_text(20) };
	struct tagged t = { .rec = &r, .origin = &origin, .iface = "i", .tags = &tags };
	struct encoder *e = NULL;
	struct batch b = { 0 };
	size_t before, message;

	CHECK_EQ(encoder_open(&e, "avro", FRAMING_MESSAGE, STREAM_PACKETS, &origin), 0);
	CHECK_EQ(encoder_begin(e, &b, 0), 0);
	CHECK_EQ(encoder_add(e, &b, &t), 0);
	before = batch_size(&b);
	for (int i = 21; i < 121; i++) {
		tags.tenant = sample_text(i);
		CHECK_EQ(encoder_add(e, &b, &t), 0);
	}
	CHECK_EQ(b.tail, 101 * (1 + strlen("i-00000000")));
	CHECK(batch_size(&b) > before + 100 * strlen("i-00000000"));
	message = batch_size(&b);
	CHECK_EQ(encoder_end(e, &b, 0), 0);
	CHECK(b.msgs[0].end - b.msgs[0].begin <= message + 8);
	CHECK_EQ(encoder_begin(e, &b, 0), 0);
	CHECK_EQ(b.tail, 0);
	batch_free(&b);
	encoder_close(e);
}

/* The longest texts, none of them UTF-8: nothing may pass the room that was made. */
static void check_room(const char *encoding)
{
	static union {
		struct text text;
		char room[sizeof(struct text) + 256];
	} x[7];
	const struct tag_app app = { &x[5].text, &x[6].text };
	const struct tags tags = { &x[0].text, &x[1].text, &x[2].text, &x[3].text, &x[4].text, &app };
	struct nt_record r = record();
	struct tagged t = sample_tagged(&r);
	struct encoder *e = NULL;

	for (int i = 0; i < 7; i++) {
		x[i].text.id = i;
		x[i].text.len = 255;
		memset(x[i].room + offsetof(struct text, s), !strcmp(encoding, "avro") ? 0xff : 1, 255);
	}
	t.tags = &tags;
	CHECK_EQ(encoder_open(&e, encoding, FRAMING_STREAM, STREAM_PACKETS, &sample_origin), 0);
	CHECK(sample_fits(e, &t));
	encoder_close(e);
}

static void test_room(void)
{
	check_room("avro");
	check_room("json");
}

int main(void)
{
	RUN(test_json);
	RUN(test_avro);
	RUN(test_ids_are_used_again);
	RUN(test_dictionary);
	RUN(test_size);
	RUN(test_room);
	return check_done();
}
