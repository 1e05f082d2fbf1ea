/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode_alloc.c - every allocation of the encoders fails once: each call
 * then says -ENOMEM, leaves the batch as it was, and the same call again
 * gives the same bytes as if nothing had happened. Linked with
 * --wrap=malloc,calloc,realloc,reallocarray.
 */
#include <errno.h>
#include <stdlib.h>
#include "check.h"
#include "failing_alloc.h"
#include "sample_flow.h"
#include "sample_tags.h"

#define RECORDS 300			/* enough for buffers and messages to grow */

/* Tries again what failed for want of memory, once. */
static int again(int err)
{
	CHECK(!err || (err == -ENOMEM && failed));
	return err != 0;
}

static void add(struct encoder *e, struct batch *b, const struct tagged *t)
{
	struct batch before = *b;

	if (!again(encoder_add(e, b, t)))
		return;
	CHECK_EQ(b->bytes.len, before.bytes.len);
	CHECK_EQ(b->msgs_n, before.msgs_n);
	CHECK_EQ(b->count, before.count);
	CHECK_EQ(b->seq, before.seq);
	CHECK_EQ(encoder_add(e, b, t), 0);
}

/* Records into b, through whatever fails. */
static void fill(struct batch *b, const char *name, enum framing framing, enum stream stream)
{
	struct nt_record r = sample_record(), of_flow;
	struct flow f = sample_flow();
	struct tagged t = stream == STREAM_FLOWS ? sample_tagged_flow(&of_flow, &f) : sample_tagged(&r);
	struct encoder *e = NULL;
	uint64_t state = 1;
	struct tag_app app;
	struct tags tags;

	t.tags = &tags;
	if (again(encoder_open(&e, name, framing, stream, &sample_origin))) {
		CHECK(!e);
		CHECK_EQ(encoder_open(&e, name, framing, stream, &sample_origin), 0);
	}
	if (again(encoder_begin(e, b, 1)))
		CHECK_EQ(encoder_begin(e, b, 1), 0);
	for (int i = 0; i < RECORDS; i++, r.seq++, f.counted.entry++) {
		sample_tags(&state, &tags, &app);
		add(e, b, &t);
	}
	if (again(encoder_end(e, b, 2)))
		CHECK_EQ(encoder_end(e, b, 2), 0);
	encoder_close(e);
}

/* The messages' bytes but the last drop: a container's blocks end in random bytes. */
static void check_same(const struct batch *a, const struct batch *b, size_t drop)
{
	CHECK_EQ(a->msgs_n, b->msgs_n);
	for (uint32_t i = 0; i < a->msgs_n && i < b->msgs_n; i++) {
		const struct batch_msg *m = &a->msgs[i], *n = &b->msgs[i];

		CHECK_EQ(m->end - m->begin, n->end - n->begin);
		CHECK(!memcmp(a->bytes.data + m->begin, b->bytes.data + n->begin, m->end - m->begin - drop));
	}
}

static void try_stream(const char *name, enum framing framing, enum stream stream, size_t drop)
{
	struct batch whole = { 0 };
	long n = 0;

	fail_at = 0;
	fill(&whole, name, framing, stream);
	CHECK_EQ(whole.count, RECORDS);
	do {
		struct batch b = { 0 };

		failed = 0;
		fail_at = ++n;
		fill(&b, name, framing, stream);
		fail_at = 0;
		check_same(&whole, &b, drop);
		batch_free(&b);
	} while (failed);
	CHECK(n > 5);
	batch_free(&whole);
}

static void try_all(const char *name, enum framing framing, size_t drop)
{
	try_stream(name, framing, STREAM_PACKETS, drop);
	try_stream(name, framing, STREAM_FLOWS, drop);
}

static void test_json_stream(void)
{
	try_all("json", FRAMING_STREAM, 0);
}

static void test_json_message(void)
{
	try_all("json", FRAMING_MESSAGE, 0);
}

static void test_avro_stream(void)
{
	try_all("avro", FRAMING_STREAM, 16);
}

static void test_avro_message(void)
{
	try_all("avro", FRAMING_MESSAGE, 0);
}

static void test_smartx_stream(void)
{
	try_all("smartx", FRAMING_STREAM, 0);
}

static void test_smartx_message(void)
{
	try_all("smartx", FRAMING_MESSAGE, 0);
}

/* Up to n records, each with a text of its own; after the 20th the batch can't grow any more, if so. How many it took. */
static uint64_t fill_with_texts(struct batch *b, unsigned int n, bool bounded)
{
	struct nt_record r = sample_record();
	struct tagged t = sample_tagged(&r);
	struct tags tags = { 0 };
	struct encoder *e;
	uint64_t added;

	t.tags = &tags;
	CHECK_EQ(encoder_open(&e, "avro", FRAMING_MESSAGE, STREAM_PACKETS, &sample_origin), 0);
	CHECK_EQ(encoder_begin(e, b, 1), 0);
	for (unsigned int i = 0; i < n; i++, r.seq++) {
		struct text *text = calloc(1, sizeof(*text) + 64);

		text->id = i + 1;
		text->len = 63;
		memset(text->s, 'a', text->len);
		tags.src_instance = text;
		fail_above = bounded && i >= 20 ? b->bytes.cap : 0;
		(void)!encoder_add(e, b, &t);
		fail_above = 0;
		free(text);
	}
	added = b->count;
	CHECK_EQ(encoder_end(e, b, 0), 0);
	CHECK_EQ(b->count, added);
	encoder_close(e);
	return added;
}

/* Memory is gone for good while a batch is written: what it took is whole, texts of what it could not take are left out. */
static void test_a_batch_that_cannot_grow(void)
{
	struct batch bounded = { 0 }, same = { 0 };
	uint64_t added = fill_with_texts(&bounded, 1000, true);

	CHECK(added > 20 && added < 900);
	CHECK(bounded.bytes.len <= bounded.bytes.cap);
	CHECK_EQ(fill_with_texts(&same, added, false), added);
	check_same(&same, &bounded, 0);
	batch_free(&bounded);
	batch_free(&same);
}

static void test_buf(void)
{
	struct buf b = { 0 };

	CHECK_EQ(buf_put(&b, "ab", 2), 0);
	CHECK_EQ(buf_put(&b, NULL, 0), 0);
	CHECK_EQ(buf_reserve(&b, SIZE_MAX), -ENOMEM);
	CHECK_EQ(buf_reserve(&b, SIZE_MAX / 2), -ENOMEM);
	fail_at = 1;
	CHECK_EQ(buf_reserve(&b, 100000), -ENOMEM);
	CHECK(b.len == 2 && !memcmp(b.data, "ab", 2));
	CHECK_EQ(buf_reserve(&b, 100000), 0);
	CHECK(b.cap >= 100002 && !memcmp(b.data, "ab", 2));
	buf_free(&b);
	CHECK(!b.data && !b.len && !b.cap);
}

int main(void)
{
	RUN(test_wrapped);
	RUN(test_json_stream);
	RUN(test_json_message);
	RUN(test_avro_stream);
	RUN(test_avro_message);
	RUN(test_smartx_stream);
	RUN(test_smartx_message);
	RUN(test_a_batch_that_cannot_grow);
	RUN(test_buf);
	return check_done();
}
