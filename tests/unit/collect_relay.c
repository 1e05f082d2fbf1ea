// SPDX-License-Identifier: Apache-2.0
/*
 * collect_relay.c - relay.c, by one thread step by step, and by two at once.
 */
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "collect/relay.h"
#include "unit/check.h"

#define ROUNDS 200000U

static int sink_fd, sender_fd;

static struct relay *open_relay(void)
{
	struct relay *r;

	sink_fd = eventfd(0, EFD_NONBLOCK);
	sender_fd = eventfd(0, EFD_NONBLOCK);
	CHECK_EQ(relay_open(&r, sink_fd, sender_fd), 0);
	return r;
}

static void close_relay(struct relay *r)
{
	relay_close(r);
	close(sink_fd);
	close(sender_fd);
}

/* How often it was woken since the last look. */
static uint64_t woken(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void send(struct relay *r, struct batch *b, uint64_t ticket)
{
	batch_empty(b, STREAM_PACKETS, 3);
	CHECK_EQ(buf_put(&b->bytes, &ticket, sizeof(ticket)), 0);
	b->count = 1;
	relay_send(r, b, ticket);
}

static void take(struct relay *r, uint64_t expected)
{
	uint64_t ticket = 0, said = 0;
	struct batch *b = relay_next(r, &ticket);

	CHECK(b);
	if (!b)
		return;
	memcpy(&said, b->bytes.data, sizeof(said));
	CHECK_EQ(ticket, expected);
	CHECK_EQ(said, expected);
	relay_taken(r);
}

static void test_batches_come_in_order_as_far_as_there_is_room(void)
{
	struct relay *r = open_relay();
	struct batch b = { 0 };
	uint64_t ticket;

	CHECK(!relay_next(r, &ticket));
	for (uint64_t round = 0; round < 5; round++) {
		for (uint64_t i = 0; i < RELAY_BATCHES; i++) {
			CHECK(relay_has_room(r));
			send(r, &b, 100 * round + i);
		}
		CHECK(!relay_has_room(r));
		for (uint64_t i = 0; i < RELAY_BATCHES; i++)
			take(r, 100 * round + i);
		CHECK(!relay_next(r, &ticket));
	}
	batch_free(&b);
	close_relay(r);
}

/* What is not taken stays first. */
static void test_a_batch_without_room_stays(void)
{
	struct relay *r = open_relay();
	struct batch b = { 0 };
	uint64_t ticket = 0;

	send(r, &b, 1);
	send(r, &b, 2);
	CHECK(relay_next(r, &ticket) && ticket == 1);
	take(r, 1);
	take(r, 2);
	batch_free(&b);
	close_relay(r);
}

/* No copy: the bytes that were sent lie where they lay, and memory goes round. */
static void test_memory_is_exchanged(void)
{
	struct relay *r = open_relay();
	const unsigned char *data[RELAY_BATCHES + 1];
	struct batch b = { 0 };
	uint64_t ticket;

	for (uint64_t i = 0; i <= RELAY_BATCHES; i++) {
		batch_empty(&b, STREAM_PACKETS, 0);
		CHECK_EQ(buf_put(&b.bytes, "x", 1), 0);
		data[i] = b.bytes.data;
		relay_send(r, &b, i);
		CHECK(relay_next(r, &ticket)->bytes.data == data[i]);
		relay_taken(r);
	}
	CHECK(b.bytes.data == data[0]);
	batch_free(&b);
	close_relay(r);
}

static void test_who_may_have_stopped_is_woken(void)
{
	struct relay *r = open_relay();
	struct batch b = { 0 };

	for (uint64_t i = 0; i < RELAY_BATCHES; i++) {
		send(r, &b, i);
		CHECK_EQ(woken(sink_fd), i + 1 == RELAY_BATCHES / 2);
	}
	for (uint64_t i = 0; i < RELAY_BATCHES; i++) {
		take(r, i);
		CHECK_EQ(woken(sender_fd), i == 0);
	}
	CHECK_EQ(woken(sink_fd), 0);
	batch_free(&b);
	close_relay(r);
}

/* So many may be without a report, and not one more; reports say what they said. */
static void test_reports_never_run_over(void)
{
	struct relay *r = open_relay();
	struct sink_report got;
	struct batch b = { 0 };

	for (uint64_t i = 0; i < RELAY_REPORTS; i++) {
		CHECK(relay_has_room(r));
		send(r, &b, i);
		take(r, i);
	}
	CHECK(!relay_has_room(r));
	CHECK(!relay_reported(r, &got));
	for (uint64_t i = 0; i < RELAY_REPORTS; i++)
		relay_report(r, &(struct sink_report){ .cpu = 3, .ticket = i, .lost = i % 7, .why = NT_LOSS_REFUSED });
	for (uint64_t i = 0; i < RELAY_REPORTS; i++) {
		CHECK(relay_reported(r, &got));
		CHECK(got.ticket == i && got.lost == i % 7 && got.why == NT_LOSS_REFUSED && got.cpu == 3);
	}
	CHECK(!relay_reported(r, &got));
	CHECK(relay_has_room(r));
	batch_free(&b);
	close_relay(r);
}

/* Takes each batch, and reports it at once or some later. */
static void *sink(void *arg)
{
	struct relay *r = arg;
	uint64_t reported = 0, taken = 0;

	while (reported < ROUNDS) {
		uint64_t ticket;
		struct batch *b = relay_next(r, &ticket);

		if (b) {
			CHECK_EQ(ticket, taken++);
			CHECK(b->bytes.len == sizeof(ticket) && !memcmp(b->bytes.data, &ticket, sizeof(ticket)));
			relay_taken(r);
		}
		while (reported < taken && (!b || taken - reported > 50))
			relay_report(r, &(struct sink_report){ .ticket = reported++ });
	}
	return NULL;
}

static void test_two_threads(void)
{
	struct relay *r = open_relay();
	struct sink_report got;
	struct batch b = { 0 };
	uint64_t sent = 0, back = 0;
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, sink, r), 0);
	while (back < ROUNDS) {
		if (sent < ROUNDS && relay_has_room(r))
			send(r, &b, sent++);
		while (relay_reported(r, &got))
			CHECK_EQ(got.ticket, back++);
	}
	pthread_join(thread, NULL);
	batch_free(&b);
	close_relay(r);
}

int main(void)
{
	RUN(test_batches_come_in_order_as_far_as_there_is_room);
	RUN(test_a_batch_without_room_stays);
	RUN(test_memory_is_exchanged);
	RUN(test_who_may_have_stopped_is_woken);
	RUN(test_reports_never_run_over);
	RUN(test_two_threads);
	return check_done();
}
