// SPDX-License-Identifier: Apache-2.0
/*
 * sink_kafka_window.c - what the Kafka sink keeps of batches: buffers go in
 * and out by exchange, order, room, and that nothing that a producer may still
 * read is used again or freed.
 */
#include <errno.h>
#include "sink/kafka_producer.h"
#include "sink_util.h"

static struct entry *take(struct window *w, uint64_t seq, uint32_t n)
{
	struct batch b = { 0 };
	struct entry *e;

	fill(&b, 7, seq, n, 10);
	e = window_take(w, &b, seq);
	if (!e)
		abort();
	CHECK_EQ(b.bytes.len + b.msgs_n + b.count, 0);
	buf_free(&b.bytes);
	free(b.msgs);
	return e;
}

static void settle_all(struct window *w, struct entry *e)
{
	for (uint32_t i = 0; i < e->msgs_n; i++)
		if (e->slots[i].state != SLOT_SETTLED)
			window_settle(w, &w->flight, &e->slots[i], 1);
	window_drop(w, &w->flight, e);
}

static void test_order(void)
{
	struct window w = { .max_bytes = 1 << 20, .max_messages = 6 };
	struct entry *a = take(&w, 1, 3), *b = take(&w, 10, 2), *c = take(&w, 20, 2);
	struct slot *s;
	uint32_t msg;

	window_send(&w, a, 100);
	window_send(&w, b, 200);
	CHECK(queue_has_room(&w, &w.flight));
	CHECK_EQ(window_stalled_since(&w), 100);
	for (int i = 0; i < 4; i++) {
		s = window_next(&w, ~0U, &msg);
		CHECK(s == (i < 3 ? &a->slots[i] : &b->slots[0]));
		CHECK_EQ(msg, i % 3);
		window_sent(&w, s);
	}
	window_again(&w, &a->slots[1]);			/* goes before what was not sent yet */
	CHECK(window_next(&w, ~0U, &msg) == &a->slots[1]);
	window_sent(&w, &a->slots[1]);
	CHECK(window_next(&w, ~0U, &msg) == &b->slots[1]);
	window_all_again(&w);
	CHECK(window_next(&w, ~0U, &msg) == &a->slots[0]);
	window_send(&w, c, 300);
	CHECK(!queue_has_room(&w, &w.flight));
	window_settle(&w, &w.flight, &a->slots[0], 400);
	CHECK(!queue_has_room(&w, &w.flight));
	window_settle(&w, &w.flight, &a->slots[1], 500);
	CHECK(queue_has_room(&w, &w.flight));		/* messages that are settled take no room */
	CHECK_EQ(window_stalled_since(&w), 500);
	window_hold_back(&w);
	CHECK(!window_next(&w, ~0U, &msg));
	CHECK_EQ(window_stalled_since(&w), 0);
	CHECK_EQ(w.waiting.messages, 5);
	window_let_go(&w, 600);
	CHECK(window_next(&w, ~0U, &msg) == &a->slots[2]);
	CHECK_EQ(w.flight.messages, 5);
	CHECK_EQ(window_stalled_since(&w), 600);
	settle_all(&w, b);
	settle_all(&w, a);
	settle_all(&w, c);
	CHECK_EQ(w.flight.messages + w.flight.bytes, 0);
	CHECK(!w.flight.head && !w.flight.tail && !w.cursor);
	window_free(&w);
}

/* Of one stream the next is found behind those of another, and what is sent is counted by stream. */
static void test_streams(void)
{
	struct window w = { .max_bytes = 1 << 20, .max_messages = 100 };
	struct entry *a = take(&w, 1, 2), *f = take(&w, 10, 1), *b = take(&w, 20, 1);
	const unsigned int packets = 1U << STREAM_PACKETS, flows = 1U << STREAM_FLOWS;
	uint32_t msg;

	f->batch.stream = STREAM_FLOWS;
	window_send(&w, a, 100);
	window_send(&w, f, 100);
	window_send(&w, b, 100);
	CHECK(window_next(&w, packets | flows, &msg) == &a->slots[0]);
	CHECK(window_next(&w, flows, &msg) == &f->slots[0]);
	CHECK(!window_next(&w, 0, &msg) && !window_next(&w, 1U << STREAM_EVENTS, &msg));
	CHECK_EQ(w.streams[STREAM_PACKETS].bytes, a->weight + b->weight);
	window_sent(&w, &f->slots[0]);
	CHECK(!window_next(&w, flows, &msg));
	for (int i = 0; i < 3; i++)
		window_sent(&w, window_next(&w, packets, &msg));
	CHECK(w.streams[STREAM_PACKETS].sent == 3 && w.streams[STREAM_FLOWS].sent == 1);
	window_settle(&w, &w.flight, &a->slots[0], 200);
	window_again(&w, &b->slots[0]);
	CHECK_EQ(w.streams[STREAM_PACKETS].sent, 1);
	window_drop(&w, &w.flight, a);			/* with a message that was sent */
	CHECK_EQ(w.streams[STREAM_PACKETS].sent, 0);
	CHECK_EQ(w.streams[STREAM_PACKETS].bytes, b->weight);
	window_all_again(&w);
	CHECK_EQ(w.streams[STREAM_FLOWS].sent, 0);
	window_hold_back(&w);
	CHECK_EQ(w.streams[STREAM_PACKETS].bytes + w.streams[STREAM_FLOWS].bytes, 0);
	window_let_go(&w, 300);
	CHECK_EQ(w.streams[STREAM_FLOWS].bytes, f->weight);
	settle_all(&w, f);
	settle_all(&w, b);
	CHECK_EQ(w.streams[STREAM_PACKETS].bytes + w.streams[STREAM_FLOWS].bytes, 0);
	window_free(&w);
}

/* The second batch gets the first one's buffers back. */
static void test_exchange(void)
{
	struct window w = { .max_bytes = 1 << 20, .max_messages = 100 };
	struct entry *e = take(&w, 1, 10), *again;
	unsigned char *data = e->bytes.data;
	struct batch b = { 0 };

	window_send(&w, e, 1);
	settle_all(&w, e);
	fill(&b, 7, 1, 10, 10);
	again = window_take(&w, &b, 2);
	CHECK(again == e);
	CHECK(b.bytes.data == data && b.bytes.cap && b.msgs && b.msgs_cap);
	window_send(&w, again, 1);
	settle_all(&w, again);
	buf_free(&b.bytes);
	free(b.msgs);
	window_free(&w);
}

/* A producer that holds messages which nobody answers is thrown away. */
static void test_held_by_producer(void)
{
	struct window w = { .max_bytes = 1 << 20, .max_messages = 100 };
	const char *topics[STREAM_MAX] = { "t" };
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct entry *sent = take(&w, 1, 10), *not_sent = take(&w, 11, 1);
	struct producer *p;
	char why[512];
	uint32_t msg;

	rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why));
	CHECK_EQ(producer_open(&p, conf, topics, 100, why, sizeof(why)), 0);
	sent->box = sent->schema = not_sent->box = not_sent->schema = "x";
	window_send(&w, sent, 1);
	CHECK_EQ(producer_send(p, sent, 0), 0);
	window_sent(&w, window_next(&w, ~0U, &msg));
	window_send(&w, not_sent, 1);
	producer_retire(p, &w.flight);
	CHECK_EQ(atomic_load(&sent->refs), 2);
	CHECK_EQ(atomic_load(&not_sent->refs), 1);
	producer_spare(p);
	CHECK_EQ(atomic_load(&sent->refs), 1);
	producer_retire(p, &w.flight);
	settle_all(&w, sent);
	CHECK(!w.spare);				/* the producer's now */
	settle_all(&w, not_sent);
	CHECK(w.spare == not_sent);
	CHECK_EQ(producer_bury(p), 0);
	producer_wait_for_buried(20000);
	window_free(&w);
	rd_kafka_conf_destroy(conf);
}

int main(void)
{
	RUN(test_order);
	RUN(test_streams);
	RUN(test_exchange);
	RUN(test_held_by_producer);
	return check_done();
}
